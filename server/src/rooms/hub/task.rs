//! The life of one room: messages come in, effects go out, edits are committed, and an empty room closes.

use super::super::log;
use super::super::outgoing::{self, Outgoing};
use super::super::room::{Canary, Effect, Event, Room};
use super::{Answer, Message, lock, refusal};
use crate::{Error, State};
use app::api::design::Here;
use app::sync::{Submission, ToClient};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

/// An empty room is kept for those who come back at once.
const LINGER: Duration = Duration::from_secs(20);

/// A commit under way.
struct Commit {
    work: JoinHandle<Result<(), Error>>,
    since: Instant,
}

/// One room's task.
pub(super) struct Task {
    state: State,
    design: String,
    id: u64,
    here: Arc<Mutex<Vec<Here>>>,
    out: HashMap<u64, Outgoing>,
    watching: HashMap<u64, Arc<Notify>>,
    answers: HashMap<u64, oneshot::Sender<Answer>>,
    commit: Option<Commit>,
    wake: Option<i64>,
}

impl Task {
    /// That of the room whose handle has this `id`; `here` is what it tells of who is in it.
    pub(super) fn new(state: State, design: String, id: u64, here: Arc<Mutex<Vec<Here>>>) -> Self {
        let (out, watching, answers) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { state, design, id, here, out, watching, answers, commit: None, wake: None }
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Message>, canary: Canary) {
        match log::open(&self.state.db, &self.design).await {
            Ok(opened) => {
                let mut room = Room::open(opened.design, opened.sequence, opened.snapshot, opened.recent);
                room.canary = canary;
                tracing::debug!(design = self.design, sequence = opened.sequence, "room opened");
                self.serve(&mut room, &mut inbox).await;
            }
            // Dropping the inbox hangs up on whoever waits; they try again.
            Err(error) => tracing::error!(design = self.design, ?error, "a room cannot be opened"),
        }
        let mut rooms = lock(&self.state.rooms.rooms);
        if rooms.get(&self.design).is_some_and(|handle| handle.id == self.id) {
            rooms.remove(&self.design);
        }
        metrics::gauge!("brunel_rooms").set(rooms.len() as f64);
    }

    async fn serve(&mut self, room: &mut Room, inbox: &mut mpsc::Receiver<Message>) {
        loop {
            let now = self.state.now();
            let wake = self.wake.map(|at| Duration::from_millis((at - now).max(0).unsigned_abs()));
            let event = tokio::select! {
                biased;
                done = finished(&mut self.commit) => match done {
                    Ok(()) => Event::Committed,
                    Err(error) => {
                        tracing::error!(design = self.design, ?error, "edits could not be saved");
                        self.fail(room);
                        return;
                    }
                },
                () = after(wake) => {
                    self.wake = None;
                    Event::Wake
                }
                message = inbox.recv() => match message {
                    Some(message) => match self.event(room, message).await {
                        Some(event) => event,
                        None => continue,
                    },
                    None => return,
                },
                () = after(room.idle().then_some(LINGER)) => {
                    // Nobody can send between these two lines: sending needs the handle, taken under the same lock.
                    let mut rooms = lock(&self.state.rooms.rooms);
                    if !inbox.is_empty() {
                        continue;
                    }
                    rooms.remove(&self.design);
                    inbox.close();
                    drop(rooms);
                    if inbox.is_empty() {
                        return;
                    }
                    // A handle taken before was used after all: serve it, as the last of this room.
                    continue;
                }
            };
            let effects = room.step(event, self.state.now());
            self.follow(room, effects);
        }
    }

    /// What a message means to the room; the log is asked for what the room cannot know.
    async fn event(&mut self, room: &Room, message: Message) -> Option<Event> {
        let db = &self.state.db;
        match message {
            Message::Event(event) => Some(event),
            Message::Watch { connection, out, changed } => {
                self.out.insert(connection, out);
                self.watching.insert(connection, changed);
                Some(Event::Watch { connection })
            }
            Message::Join { connection, person, client, have, heads, may_edit, out } => {
                let read = async {
                    let mut logged = Vec::new();
                    for head in &heads {
                        let numbers = log::logged(db, &self.design, &person.user, &head.client, head.next).await?;
                        logged.extend(numbers.into_iter().map(|(n, sequence)| (head.client.clone(), n, sequence)));
                    }
                    let oldest = heads.iter().map(|h| h.base).min().unwrap_or(u64::MAX);
                    let until = room.indexed_from();
                    let history = match oldest < until {
                        true => log::entries(db, &self.design, oldest, until, u32::MAX).await?,
                        false => Vec::new(),
                    };
                    Ok::<_, Error>((logged, history))
                };
                match read.await {
                    Ok((logged, history)) => {
                        self.out.insert(connection, out);
                        let join = Event::Join { connection, person, client, have, heads, may_edit, logged, history };
                        Some(join)
                    }
                    Err(error) => {
                        let reason = error.problem().message;
                        out.close(outgoing::text(&ToClient::Closing { reason, reconnect: true }));
                        None
                    }
                }
            }
            Message::Request { person, submission, allowed, answer } => {
                let Submission { client, number, .. } = &submission;
                match log::find(db, &self.design, &person.user, client, *number).await {
                    Ok(logged) => {
                        let request = self.state.rooms.next.fetch_add(1, Ordering::Relaxed);
                        self.answers.insert(request, answer);
                        Some(Event::Request { request, person, submission, allowed, logged })
                    }
                    Err(error) => {
                        let _ = answer.send(Err(error));
                        None
                    }
                }
            }
        }
    }

    fn follow(&mut self, room: &mut Room, effects: Vec<Effect>) {
        let mut slow = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send { to, message } => {
                    let missable = outgoing::may_be_missed(&message);
                    let text = outgoing::text(&message);
                    for connection in to {
                        let out = self.out.get(&connection);
                        if out.is_some_and(|out| !out.push(text.clone(), missable)) && !slow.contains(&connection) {
                            slow.push(connection);
                        }
                    }
                    if matches!(message, ToClient::Welcome { .. } | ToClient::Left { .. }) {
                        self.publish(room);
                    }
                }
                Effect::Look { watchers } => {
                    // One that is busy looking looks once more.
                    watchers.iter().filter_map(|c| self.watching.get(c)).for_each(|changed| changed.notify_one());
                }
                Effect::Hangup { connection, reason, reconnect } => {
                    if let Some(out) = self.out.remove(&connection) {
                        out.close(outgoing::text(&ToClient::Closing { reason, reconnect }));
                    }
                }
                Effect::Commit(entries) => {
                    let (db, design) = (self.state.db.clone(), self.design.clone());
                    let early = room.canary.acknowledge_early;
                    let work = tokio::spawn(async move {
                        if early {
                            // The canary's gap, wide enough to be hit.
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                        log::append(&db, &design, &entries).await
                    });
                    self.commit = Some(Commit { work, since: Instant::now() });
                }
                Effect::Snapshot { sequence, design } => {
                    let (state, id) = (self.state.clone(), self.design.clone());
                    tokio::spawn(async move {
                        let saved = log::save_snapshot(&state.db, &id, sequence, &design, state.now()).await;
                        // A snapshot only saves time: without it the next one is due all the sooner.
                        let sequence = saved.map_or(0, |()| sequence);
                        state.rooms.tell(&state, &id, Event::SnapshotSaved { sequence }).await;
                    });
                }
                Effect::Answer { request, answer } => self.answer(request, answer.map_err(refusal)),
                Effect::Fail { request, reason } => self.answer(request, Err(Error::unavailable(reason))),
                Effect::Wake { at } => self.wake = Some(self.wake.map_or(at, |wake| wake.min(at))),
            }
        }
        let alive: Vec<u64> = room.connections().collect();
        self.out.retain(|connection, _| alive.contains(connection));
        self.watching.retain(|connection, _| alive.contains(connection));
        for connection in slow {
            if let Some(out) = self.out.remove(&connection) {
                tracing::info!(design = self.design, connection, "a reader is too slow; hung up");
                metrics::counter!("brunel_slow_readers").increment(1);
                out.kill();
            }
            let effects = room.step(Event::Leave { connection }, self.state.now());
            self.follow(room, effects);
        }
        if room.people().count() != lock(&self.here).len() {
            self.publish(room);
        }
    }

    fn answer(&mut self, request: u64, answer: Answer) {
        if let Some(waiting) = self.answers.remove(&request) {
            // Whoever asked may have gone.
            let _ = waiting.send(answer);
        }
    }

    /// Who is here, for the home page.
    fn publish(&self, room: &Room) {
        let mut seen = Vec::new();
        let mut here = Vec::new();
        for (_, person) in room.people() {
            if !seen.contains(&&person.user) {
                seen.push(&person.user);
                here.push(Here { name: person.name.clone(), hue: person.hue });
            }
        }
        *lock(&self.here) = here;
    }

    /// The disk refused, and what it holds now must be read again: everyone connects anew and sends what they hold.
    fn fail(&mut self, room: &mut Room) {
        let reason = "The server cannot save right now; your edits are kept and sent again.";
        let mut effects = room.step(Event::CommitFailed { reason: reason.into() }, self.state.now());
        for connection in room.connections().collect::<Vec<_>>() {
            let close = Event::Close { connection, reason: reason.into(), reconnect: true };
            effects.extend(room.step(close, self.state.now()));
        }
        self.follow(room, effects);
        lock(&self.here).clear();
    }
}

/// The result of the commit under way; never, without one. Cancel-safe.
async fn finished(commit: &mut Option<Commit>) -> Result<(), Error> {
    let Some(under_way) = commit else { return std::future::pending().await };
    let result = (&mut under_way.work).await;
    metrics::histogram!("brunel_commit_seconds").record(under_way.since.elapsed().as_secs_f64());
    *commit = None;
    result.unwrap_or_else(|panic| Err(Error::internal(panic)))
}

async fn after(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
