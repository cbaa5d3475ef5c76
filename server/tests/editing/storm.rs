//! P14 for live edits: while the disk is full or somebody else holds the database, every edit is acknowledged or its
//! sender is told to come again, in time; afterwards everything goes on, and what was acknowledged is there, once.

use crate::live::{Client, Live, boxes, set};
use crate::random::{Random, seed};
use app::sync::{Head, PROTOCOL, ToClient, ToServer};
use server::db::Db;
use server::rooms::log;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Longest silence after an edit: ten times the two seconds of the promise.
const LIMIT: Duration = Duration::from_secs(20);
/// Edits of each person.
const EDITS: u64 = 60;

/// Someone whose edits all arrive: sends again what was not acknowledged, as the page does.
struct Editor {
    i: usize,
    socket: Client,
    /// By number; gone when acknowledged.
    pending: BTreeMap<u64, ToServer>,
    acknowledged: Vec<u64>,
    times_cut: u32,
    longest: Duration,
}

impl Editor {
    async fn new(live: &Live, i: usize) -> Self {
        let socket = live.connect(i).await;
        Self { i, socket, pending: BTreeMap::new(), acknowledged: Vec::new(), times_cut: 0, longest: Duration::ZERO }
    }

    async fn send(&mut self) {
        let message = self.socket.submission(set(self.i, self.socket.number));
        self.pending.insert(self.socket.number, message.clone());
        self.try_send(&message).await;
    }

    /// A socket that has just been cut takes nothing: the next read tells.
    async fn try_send(&mut self, message: &ToServer) {
        use futures::SinkExt as _;
        let text = serde_json::to_string(message).expect("plain values");
        let _ = self.socket.socket.send(tokio_tungstenite::tungstenite::Message::text(text)).await;
    }

    /// Waits until everything sent is acknowledged, coming again as often as asked to.
    async fn settle(&mut self, live: &Live) {
        let mut since = Instant::now();
        while !self.pending.is_empty() {
            let heard = tokio::time::timeout(LIMIT, self.socket.next()).await;
            let heard = heard.unwrap_or_else(|_| panic!("editor {}: silence for {LIMIT:?}", self.i));
            match heard {
                Some(ToClient::Applied { entry }) if entry.client == self.socket.name => {
                    self.note(entry.number, &mut since)
                }
                Some(ToClient::Known { number, client, .. }) if client == self.socket.name => {
                    self.note(number, &mut since)
                }
                Some(ToClient::Refused { refusal, .. }) => panic!("editor {}: refused: {refusal}", self.i),
                Some(ToClient::Closing { reconnect, reason }) => assert!(reconnect, "sent away: {reason}"),
                Some(_) => {}
                None => {
                    self.longest = self.longest.max(since.elapsed());
                    self.come_again(live).await;
                    since = Instant::now();
                }
            }
        }
    }

    fn note(&mut self, number: u64, since: &mut Instant) {
        if self.pending.remove(&number).is_some() {
            self.acknowledged.push(number);
        }
        self.longest = self.longest.max(since.elapsed());
        *since = Instant::now();
    }

    async fn come_again(&mut self, live: &Live) {
        self.times_cut += 1;
        let path = format!("/api/designs/{}/socket", live.design);
        let until = Instant::now() + LIMIT;
        let (name, number) = (self.socket.name.clone(), self.socket.number);
        loop {
            assert!(Instant::now() < until, "editor {}: no way back", self.i);
            // A server that cannot use its database answers 503.
            let Ok(mut socket) = live.open(&path, live.people[self.i].cookie.as_deref()).await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let next = self.pending.keys().next().copied().unwrap_or(number + 1);
            let head = Head { client: name.clone(), next, base: 0 };
            socket
                .send(&ToServer::Hello { protocol: PROTOCOL, client: name.clone(), have: 0, pending: vec![head] })
                .await;
            let Some(ToClient::Welcome { sequence, .. }) = socket.next().await else { continue };
            (socket.name, socket.number, socket.sequence) = (name, number, sequence);
            self.socket = socket;
            break;
        }
        for message in self.pending.values().cloned().collect::<Vec<_>>() {
            self.try_send(&message).await;
        }
    }
}

/// Everyone edits while `trouble` lasts; the log afterwards must hold what was acknowledged, once, and nothing unsent.
async fn edit_through(live: &Arc<Live>, n: usize) -> (u32, Duration) {
    let mut tasks = Vec::new();
    for i in 0..n {
        let live = live.clone();
        tasks.push(tokio::spawn(async move {
            let mut editor = Editor::new(&live, i).await;
            for _ in 0..EDITS {
                editor.send().await;
                if editor.pending.len() >= 5 {
                    editor.settle(&live).await;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            editor.settle(&live).await;
            editor
        }));
    }
    let (mut times_cut, mut longest) = (0, Duration::ZERO);
    let mut acknowledged = Vec::new();
    for task in tasks {
        let editor = task.await.expect("an editor");
        times_cut += editor.times_cut;
        longest = longest.max(editor.longest);
        acknowledged.extend(editor.acknowledged.iter().map(|number| (editor.socket.name.clone(), *number)));
    }
    acknowledged.sort();
    assert_eq!(acknowledged.len() as u64, n as u64 * EDITS);
    assert_eq!(logged(&live.state().db, &live.design).await, acknowledged, "each edit is there once");
    (times_cut, longest)
}

async fn logged(db: &Db, design: &str) -> Vec<(String, u64)> {
    let entries = log::entries(db, design, 0, u64::MAX, u32::MAX).await.expect("the log");
    assert!(entries.iter().enumerate().all(|(i, e)| e.sequence == i as u64 + 1), "no gaps");
    let mut found: Vec<_> = entries.into_iter().map(|e| (e.client, e.number)).collect();
    found.sort();
    found
}

/// Another process takes the database now and then, for longer than anyone waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn editing_goes_on_through_a_busy_storm() {
    let live = Arc::new(Live::start(&boxes(4), 4).await);
    let other = server::db::connect(&live.state().config.database(), false).await.expect("another process");
    let mut random = Random::new(seed("storm"));
    let over = Arc::new(AtomicBool::new(false));
    let storm = tokio::spawn({
        let over = over.clone();
        async move {
            let mut n_held = 0;
            while !over.load(Ordering::Relaxed) && n_held < 12 {
                if let Ok(held) = other.write().await {
                    n_held += 1;
                    tokio::time::sleep(Duration::from_millis(random.next() % 1_800)).await;
                    held.rollback().await.expect("released");
                }
                tokio::time::sleep(Duration::from_millis(50 + random.next() % 200)).await;
            }
            n_held
        }
    });
    let (times_cut, longest) = edit_through(&live, 4).await;
    over.store(true, Ordering::Relaxed);
    let n_held = storm.await.expect("the storm");
    eprintln!("held {n_held} times, {times_cut} times cut, longest silence {:.1} s", longest.as_secs_f64());
    assert!(n_held >= 2 && times_cut > 0, "the storm was none: held {n_held} times, {times_cut} cut");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn editing_goes_on_after_a_full_disk() {
    let live = Arc::new(Live::start(&boxes(4), 4).await);
    let set_pages = async |pragma: &'static str| {
        use sqlx::Executor as _;
        live.state().db.writer().await.expect("the writer").execute(pragma).await.expect("set");
    };
    // SQLite's own limit gives the error of a full disk; now and then there is room again.
    let editing = tokio::spawn({
        let live = live.clone();
        async move { edit_through(&live, 4).await }
    });
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        set_pages("PRAGMA max_page_count = 1").await;
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        set_pages("PRAGMA max_page_count = 1000000").await;
    }
    let (times_cut, longest) = editing.await.expect("the editors");
    eprintln!("{times_cut} times cut, longest silence {:.1} s", longest.as_secs_f64());
    assert!(times_cut > 0, "the disk was never full");
}

/// While the disk is full, a script is refused in words and time, and reading goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_is_told_that_the_disk_is_full() {
    use sqlx::Executor as _;
    let live = Live::start(&boxes(1), 1).await;
    let path = format!("/api/designs/{}/commands", live.design);
    let submission = |number: u64| app::sync::Submission {
        client: "script-client-0002".into(),
        number,
        base: 0,
        offline: false,
        command: set(0, number),
        undo_of: None,
    };
    let writer = async |pragma: &'static str| {
        live.state().db.writer().await.expect("the writer").execute(pragma).await.expect("set");
    };
    writer("PRAGMA max_page_count = 1").await;
    let (mut last, mut accepted) = (None, 0);
    for number in 1..500 {
        let began = Instant::now();
        let answer = live.people[0].post(&path, submission(number)).await;
        assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());
        if answer.status.as_u16() == 429 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            continue;
        }
        if !answer.status.is_success() {
            last = Some(answer);
            break;
        }
        accepted = number;
    }
    let refused = last.expect("the disk never filled up");
    assert_eq!(refused.status.as_u16(), 503, "{}", refused.text());
    let document = live.people[0].get(&format!("/api/designs/{}/document", live.design)).await;
    assert_eq!(document.status.as_u16(), 200, "reading goes on");
    writer("PRAGMA max_page_count = 1000000").await;
    let until = Instant::now() + LIMIT;
    // The same edit with the same number: made now, once.
    while !live.people[0].post(&path, submission(accepted + 1)).await.status.is_success() {
        assert!(Instant::now() < until, "no recovery");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(logged(&live.state().db, &live.design).await.len() as u64, accepted + 1);
}

/// An acknowledgement that is not in the log is what the comparison above must see.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canary_an_edit_lost_after_its_acknowledgement_is_caught() {
    let live = Arc::new(Live::start(&boxes(1), 1).await);
    let thief = tokio::spawn({
        let live = live.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(400)).await;
            loop {
                let mut write = live.state().db.write().await.expect("a transaction");
                let gone = sqlx::query("DELETE FROM entry WHERE sequence = 3").execute(&mut *write).await.expect("run");
                write.commit().await.expect("committed");
                if gone.rows_affected() > 0 {
                    return;
                }
            }
        }
    });
    let outcome = tokio::spawn({
        let live = live.clone();
        async move { edit_through(&live, 1).await }
    });
    assert!(outcome.await.is_err(), "a lost edit went unseen");
    thief.abort();
}
