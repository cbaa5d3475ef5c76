//! A room, its log and some tabs, with a network that can do anything but forge. No sockets, no clock, no threads.

use crate::random::{Random, edit};
use app::doc::{Effect as ToDo, Event as Happened, Session};
use app::sync::Entry;
use app::sync::{Submission, ToClient, ToServer};
use server::rooms::room::{Canary, Effect, Event, Person, Room};
use solver::design::{Command, Design, replay};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One tab.
pub struct Tab {
    pub session: Session,
    pub user: String,
    /// What storage holds: survives the tab.
    pub stored: BTreeMap<(String, u64), Submission>,
    link: u64,
    connection: Option<u64>,
    up: VecDeque<ToServer>,
    down: VecDeque<ToClient>,
    born: u64,
    /// Every edit made, and what became of it.
    pub made: BTreeSet<(String, u64)>,
    pub refused: BTreeSet<(String, u64)>,
    pub acknowledged: BTreeSet<(String, u64)>,
}

/// What a browser's storage does with the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outbox {
    #[default]
    Sound,
    /// Loses every seventh edit that it is given.
    Forgets,
    /// Gives back what was sent long ago, as if it came from yet another tab.
    Resends,
}

pub struct World {
    pub random: Random,
    pub now: i64,
    room: Room,
    pub log: Vec<Entry>,
    pub snapshots: BTreeMap<u64, Design>,
    committing: Option<Vec<Entry>>,
    pub tabs: Vec<Tab>,
    next_connection: u64,
    pub canary: Canary,
    pub outbox: Outbox,
    /// Snapshots are due this often here, so that compaction happens within a run.
    snapshot_every: u64,
    pub faults: bool,
    /// What the tabs told their people.
    pub said: Vec<String>,
}

impl World {
    pub fn new(seed: u64, tabs: usize, canary: Canary) -> Self {
        let mut world = Self {
            random: Random::new(seed),
            now: 1_000_000,
            room: Room::open(Design::new(), 0, 0, Vec::new()),
            log: Vec::new(),
            snapshots: BTreeMap::from([(0, Design::new())]),
            committing: None,
            tabs: Vec::new(),
            next_connection: 1,
            canary,
            outbox: Outbox::default(),
            snapshot_every: 20,
            faults: true,
            said: Vec::new(),
        };
        world.room.canary = canary;
        for i in 0..tabs {
            let session = Session::new(&client_name(i, 0));
            world.tabs.push(Tab {
                session,
                user: format!("user{i}"),
                stored: BTreeMap::new(),
                link: 0,
                connection: None,
                up: VecDeque::new(),
                down: VecDeque::new(),
                born: 0,
                made: BTreeSet::new(),
                refused: BTreeSet::new(),
                acknowledged: BTreeSet::new(),
            });
            world.happen(i, Happened::Start).expect("starting says nothing false");
        }
        world
    }

    pub fn room(&self) -> &Room {
        &self.room
    }

    /// Feeds a tab's machine and does what it says.
    pub fn happen(&mut self, i: usize, event: Happened) -> Result<(), String> {
        let ack = !matches!(&event, Happened::Received(_, ToClient::Refused { .. }));
        let jitter = self.random.unit();
        let effects = self.tabs[i].session.step(event, self.now, jitter);
        self.follow(i, effects, ack)
    }

    fn follow(&mut self, i: usize, effects: Vec<ToDo>, acknowledges: bool) -> Result<(), String> {
        for effect in effects {
            match effect {
                ToDo::Connect(link) => {
                    self.cut(i);
                    self.tabs[i].link = link;
                    let connection = self.next_connection;
                    self.next_connection += 1;
                    self.tabs[i].connection = Some(connection);
                    self.happen(i, Happened::Opened(link))?;
                }
                ToDo::Disconnect => self.cut(i),
                ToDo::Send(message) => {
                    if self.tabs[i].connection.is_some() {
                        self.tabs[i].up.push_back(message);
                    }
                }
                ToDo::Store(submission) => {
                    let key = (submission.client.clone(), submission.number);
                    self.tabs[i].made.insert(key.clone());
                    if self.outbox != Outbox::Forgets || !submission.number.is_multiple_of(7) {
                        self.tabs[i].stored.insert(key, submission);
                    }
                }
                ToDo::Forget { client, number } => {
                    let key = (client, number);
                    if self.outbox != Outbox::Resends {
                        self.tabs[i].stored.remove(&key);
                    }
                    if acknowledges {
                        // The promise: by now it is on disk.
                        if !self.log.iter().any(|e| e.number == key.1 && e.client == key.0) {
                            return Err(format!("edit {key:?} was acknowledged and is not in the log"));
                        }
                        self.tabs[i].acknowledged.insert(key);
                    } else {
                        self.tabs[i].refused.insert(key);
                    }
                }
                ToDo::Say(text) => self.said.push(text),
                ToDo::Run(_) | ToDo::Renamed(_) | ToDo::Talked | ToDo::Changed => {}
            }
        }
        Ok(())
    }

    /// An edit.
    pub fn submit(&mut self, i: usize, command: Command) -> Result<(), String> {
        let now = self.now;
        let effects = self.tabs[i].session.submit(command, now).map_err(|e| e.to_string())?;
        self.follow(i, effects, true)
    }

    /// The connection breaks; both sides learn of it, the tab's side from the caller.
    fn cut(&mut self, i: usize) {
        let tab = &mut self.tabs[i];
        tab.up.clear();
        tab.down.clear();
        if let Some(connection) = tab.connection.take() {
            self.room_step(Event::Leave { connection });
        }
    }

    fn lose(&mut self, i: usize) -> Result<(), String> {
        self.cut(i);
        let link = self.tabs[i].link;
        self.happen(i, Happened::Lost(link))
    }

    fn room_step(&mut self, event: Event) {
        let effects = self.room.step(event, self.now);
        for effect in effects {
            match effect {
                Effect::Send { to, message } => {
                    for tab in &mut self.tabs {
                        if tab.connection.is_some_and(|c| to.contains(&c)) {
                            tab.down.push_back(message.clone());
                        }
                    }
                }
                Effect::Hangup { connection, reason, reconnect } => {
                    if let Some(tab) = self.tabs.iter_mut().find(|t| t.connection == Some(connection)) {
                        tab.down.push_back(ToClient::Closing { reason, reconnect });
                    }
                }
                Effect::Commit(entries) => self.committing = Some(entries),
                Effect::Snapshot { .. }
                | Effect::Answer { .. }
                | Effect::Fail { .. }
                | Effect::Look { .. }
                | Effect::Wake { .. } => {}
            }
        }
    }

    /// The disk answers.
    fn finish_commit(&mut self, well: bool) {
        let Some(entries) = self.committing.take() else { return };
        if !well {
            self.room_step(Event::CommitFailed { reason: "the disk is full".into() });
            return;
        }
        self.log.extend(entries);
        self.room_step(Event::Committed);
        let (design, sequence) = self.room.confirmed();
        let newest = *self.snapshots.keys().next_back().unwrap_or(&0);
        if sequence >= newest + self.snapshot_every {
            self.snapshots.insert(sequence, design.clone());
        }
    }

    /// The server is killed and starts again from its log.
    fn restart(&mut self) -> Result<(), String> {
        // A commit under way may or may not have made it.
        if let Some(entries) = self.committing.take()
            && self.random.chance(50)
        {
            self.log.extend(entries);
        }
        let (snapshot, mut design) = self.snapshots.last_key_value().map(|(s, d)| (*s, d.clone())).unwrap_or_default();
        let sequence = self.log.last().map_or(0, |e| e.sequence);
        for entry in self.log.iter().filter(|e| e.sequence > snapshot) {
            replay(&mut design, &entry.command)
                .map_err(|e| format!("entry {} does not replay: {e}", entry.sequence))?;
        }
        let keep = if self.random.chance(50) { 15 } else { 2_000 };
        let recent = self.log.iter().filter(|e| e.sequence + keep > sequence).cloned().collect();
        self.room = Room::open(design, sequence, snapshot, recent);
        self.room.canary = self.canary;
        for i in 0..self.tabs.len() {
            self.tabs[i].connection = None;
            self.lose(i)?;
        }
        Ok(())
    }

    /// The tab is closed and the design opened in a new one, which finds the outbox.
    pub fn reopen(&mut self, i: usize) -> Result<(), String> {
        self.cut(i);
        let tab = &mut self.tabs[i];
        tab.born += 1;
        tab.session = Session::new(&client_name(i, tab.born));
        tab.link = 0;
        let mut stored: Vec<Submission> = tab.stored.values().cloned().collect();
        if self.outbox == Outbox::Resends {
            // Under its own name the room would know it.
            stored.iter_mut().for_each(|s| s.client = format!("{}-of-{}", s.client, tab.born));
        }
        // Storage answers before the first connection, or after.
        if self.random.chance(50) {
            self.happen(i, Happened::Recovered(stored))?;
            self.happen(i, Happened::Start)
        } else {
            self.happen(i, Happened::Start)?;
            self.happen(i, Happened::Recovered(stored))
        }
    }

    fn deliver_up(&mut self, i: usize) {
        let faults = self.faults;
        let dice = self.random.below(100);
        let tab = &mut self.tabs[i];
        if faults && dice < 3 && tab.up.len() > 1 {
            tab.up.swap(0, 1);
        }
        let Some(message) = tab.up.pop_front() else { return };
        if faults && (3..6).contains(&dice) {
            return;
        }
        let copies = if faults && (6..9).contains(&dice) { 2 } else { 1 };
        for _ in 0..copies {
            let Some(connection) = self.tabs[i].connection else { return };
            let user = self.tabs[i].user.clone();
            match message.clone() {
                ToServer::Hello { client, have, pending, .. } => {
                    let numbers = |e: &&Entry| {
                        e.author == user && pending.iter().any(|h| h.client == e.client && e.number >= h.next)
                    };
                    let logged =
                        self.log.iter().filter(numbers).map(|e| (e.client.clone(), e.number, e.sequence)).collect();
                    let oldest = pending.iter().map(|h| h.base).min().unwrap_or(u64::MAX);
                    let until = self.room.indexed_from();
                    let history = self.log.iter().filter(|e| e.sequence > oldest && e.sequence <= until);
                    let person = Person { user: user.clone(), name: user.clone(), hue: 0, through_token: false };
                    self.room_step(Event::Join {
                        connection,
                        person,
                        client,
                        have,
                        heads: pending,
                        may_edit: true,
                        logged,
                        history: history.cloned().collect(),
                    });
                }
                ToServer::Submit { submission } => {
                    self.room_step(Event::Submit { connection, submission, allowed: true });
                }
                ToServer::Presence { presence } => self.room_step(Event::Presence { connection, presence }),
                ToServer::Ping { nonce } => self.tabs[i].down.push_back(ToClient::Pong { nonce }),
            }
        }
    }

    fn deliver_down(&mut self, i: usize) -> Result<(), String> {
        let faults = self.faults;
        let dice = self.random.below(100);
        let tab = &mut self.tabs[i];
        if faults && dice < 3 && tab.down.len() > 1 {
            tab.down.swap(0, 1);
        }
        let Some(message) = tab.down.pop_front() else { return Ok(()) };
        if faults && (3..6).contains(&dice) {
            return Ok(());
        }
        let link = tab.link;
        let copies = if faults && (6..9).contains(&dice) { 2 } else { 1 };
        for _ in 0..copies {
            self.happen(i, Happened::Received(link, message.clone()))?;
        }
        Ok(())
    }

    /// One random thing happens.
    pub fn step(&mut self) -> Result<(), String> {
        let i = self.random.below(self.tabs.len());
        match self.random.below(100) {
            0..=21 => {
                let view = self.tabs[i].session.document.view().clone();
                let command = edit(&mut self.random, &view);
                if solver::design::apply(&view, &command).is_ok() {
                    self.submit(i, command)?;
                }
            }
            22..=25 => self.happen(i, Happened::Undo)?,
            26..=27 => self.happen(i, Happened::Redo)?,
            28..=55 => self.deliver_up(i),
            56..=83 => self.deliver_down(i)?,
            84..=91 => self.finish_commit(true),
            92 => self.finish_commit(false),
            93 => self.lose(i)?,
            94 if self.random.chance(30) => self.restart()?,
            95 if self.random.chance(40) => self.reopen(i)?,
            _ => {
                let wait = self.random_wait();
                self.pass(wait)?;
            }
        }
        Ok(())
    }

    fn random_wait(&mut self) -> i64 {
        *self.random.pick(&[10, 60, 400, 3_000])
    }

    /// Time passes.
    pub fn pass(&mut self, ms: i64) -> Result<(), String> {
        self.now += ms;
        self.room_step(Event::Wake);
        for i in 0..self.tabs.len() {
            if self.tabs[i].session.wake_at().is_some_and(|at| at <= self.now) {
                self.happen(i, Happened::Wake)?;
            }
        }
        Ok(())
    }

    /// The network heals: everything is delivered, everything committed, everyone connected anew.
    pub fn settle(&mut self) -> Result<(), String> {
        self.faults = false;
        for i in 0..self.tabs.len() {
            self.lose(i)?;
        }
        for _ in 0..200 {
            // Shorter than the silence after which a tab gives its connection up.
            self.pass(5_000)?;
            self.drain()?;
            let quiet = self.tabs.iter().all(|t| t.session.live() && t.session.document.pending_len() == 0);
            if quiet && self.committing.is_none() {
                return Ok(());
            }
        }
        let left: Vec<usize> = self.tabs.iter().map(|t| t.session.document.pending_len()).collect();
        Err(format!("it never came to rest: {left:?} edits pending"))
    }

    /// Delivers and commits until nothing is on its way.
    pub fn drain(&mut self) -> Result<(), String> {
        for _ in 0..20_000 {
            let mut moved = false;
            for i in 0..self.tabs.len() {
                moved |= !self.tabs[i].up.is_empty() || !self.tabs[i].down.is_empty();
                self.deliver_up(i);
                self.deliver_down(i)?;
            }
            moved |= self.committing.is_some();
            self.finish_commit(true);
            if !moved {
                return Ok(());
            }
        }
        Err("messages without end".into())
    }

    /// Equal by three routes, and nothing lost.
    pub fn check(&mut self) -> Result<(), String> {
        let (live, sequence) = self.room.confirmed();
        let live = live.clone();
        let mut from_log = Design::new();
        for (i, entry) in self.log.iter().enumerate() {
            if entry.sequence != i as u64 + 1 {
                return Err(format!("entry {} stands at place {}", entry.sequence, i + 1));
            }
            replay(&mut from_log, &entry.command).map_err(|e| format!("entry {} does not replay: {e}", i + 1))?;
        }
        if from_log != live || self.log.len() as u64 != sequence {
            return Err("the room differs from its log".into());
        }
        for (snapshot, design) in &self.snapshots {
            let mut design = design.clone();
            for entry in self.log.iter().filter(|e| e.sequence > *snapshot) {
                replay(&mut design, &entry.command).map_err(|e| e.to_string())?;
            }
            if design != live {
                return Err(format!("the snapshot at {snapshot} and its tail differ from the room"));
            }
        }
        let keys: Vec<(String, u64)> = self.log.iter().map(|e| (e.client.clone(), e.number)).collect();
        let unique: BTreeSet<&(String, u64)> = keys.iter().collect();
        if unique.len() != keys.len() {
            return Err("an edit is in the log twice".into());
        }
        for (i, tab) in self.tabs.iter_mut().enumerate() {
            if tab.session.document.confirmed() != (&live, sequence) {
                return Err(format!("tab {i} has another confirmed state than the room"));
            }
            if *tab.session.document.view() != live {
                return Err(format!("tab {i} shows another design than the room has"));
            }
            if let Some(key) = tab.made.iter().find(|k| !unique.contains(k) && !tab.refused.contains(k)) {
                return Err(format!("edit {key:?} of tab {i} vanished"));
            }
            if let Some(key) = tab.acknowledged.iter().find(|k| !unique.contains(k)) {
                return Err(format!("edit {key:?} of tab {i} was acknowledged and vanished"));
            }
        }
        Ok(())
    }
}

fn client_name(tab: usize, born: u64) -> String {
    format!("client-of-tab-{tab}-{born:04}")
}
