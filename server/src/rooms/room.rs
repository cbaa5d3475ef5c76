//! A room: the people who have one design open, and the order of what they do to it. Pure.
//!
//! [`Room::step`] takes an event and the time and says what to do. Ids, rights and rows of the log come in with the
//! events; the hub owns sockets and SQL. A command is applied to `head` at once, so that the next one is checked against
//! it; it becomes part of `confirmed`, and is told to anyone, only when the log has it on disk.

pub use super::event::{Canary, Effect, Event, Person};
use super::touch::Touches;
use crate::release::waiver::needs_person;
use app::sync::{Entry, Head, Peer, Presence, Refused, Submission, ToClient};
use solver::design::{Command, Design, apply, replay};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Entries kept in memory for those who come back; further behind, the whole design is sent.
const RECENT_MAX: usize = 2_000;
/// Entries after which a new snapshot is due: what opening a design may have to replay.
pub const SNAPSHOT_EVERY: u64 = 1_000;
/// Entries in one commit: bounds how long the others wait for it.
const COMMIT_MAX: usize = 500;
/// Presence of one person goes out at most this often, and scene notices to share links, ms.
const PRESENCE_EVERY_MS: i64 = 50;
const SCENE_EVERY_MS: i64 = 500;
/// Serialised presence, bytes.
const PRESENCE_BYTES_MAX: usize = 16 * 1024;
/// Serialised design, bytes.
const DESIGN_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Scripts: edits in a second, sustained, and at once.
const REQUESTS_PER_SECOND: f64 = 50.0;
const REQUESTS_BURST: f64 = 200.0;

#[derive(Debug)]
struct Member {
    person: Person,
    /// As the hub found it when they joined; when it changes, the hub hangs up and they join anew.
    may_edit: bool,
    presence: Presence,
    presence_due: bool,
    presence_sent: i64,
    /// Next number expected from each outbox that this connection sends from.
    next: HashMap<String, u64>,
}

#[derive(Clone, Debug)]
struct Waiting {
    entry: Entry,
    /// The script that waits for it, if any.
    request: Option<u64>,
    /// The connection that sent it, if any.
    connection: Option<u64>,
}

/// The room. See the module.
#[derive(Debug)]
pub struct Room {
    confirmed: Design,
    sequence: u64,
    /// `confirmed` with `waiting` and `committing` applied.
    head: Design,
    head_sequence: u64,
    head_bytes: usize,
    waiting: VecDeque<Waiting>,
    committing: Vec<Waiting>,
    recent: VecDeque<Entry>,
    touches: Touches,
    indexed_from: u64,
    /// Sequence per author, client and number, for all entries since the room opened and those its members asked about.
    seen: HashMap<(String, String), BTreeMap<u64, u64>>,
    names: BTreeMap<String, String>,
    members: BTreeMap<u64, Member>,
    watchers: BTreeMap<u64, ()>,
    scene_due: bool,
    scene_sent: i64,
    snapshot: u64,
    snapshotting: bool,
    tokens: f64,
    tokens_at: i64,
    wake: Option<i64>,
    pub canary: Canary,
}

impl Room {
    /// Opens on `design` at `sequence`, last saved whole at `snapshot`; `recent`: the entries up to `sequence` that were
    /// read on the way, in order.
    pub fn open(design: Design, sequence: u64, snapshot: u64, recent: Vec<Entry>) -> Self {
        let mut touches = Touches::default();
        recent.iter().for_each(|entry| touches.note(entry));
        let indexed_from = recent.first().map_or(sequence, |e| e.sequence - 1);
        let head_bytes = serde_json::to_vec(&design).map_or(0, |v| v.len());
        Self {
            head: design.clone(),
            head_sequence: sequence,
            head_bytes,
            confirmed: design,
            sequence,
            waiting: VecDeque::new(),
            committing: Vec::new(),
            recent: recent.into(),
            touches,
            indexed_from,
            seen: HashMap::new(),
            names: BTreeMap::new(),
            members: BTreeMap::new(),
            watchers: BTreeMap::new(),
            scene_due: false,
            scene_sent: i64::MIN / 2,
            snapshot,
            snapshotting: false,
            tokens: REQUESTS_BURST,
            tokens_at: 0,
            wake: None,
            canary: Canary::default(),
        }
    }

    /// What the log holds on disk.
    pub fn confirmed(&self) -> (&Design, u64) {
        (&self.confirmed, self.sequence)
    }

    /// Entries after this position are in the index of conflicts.
    pub fn indexed_from(&self) -> u64 {
        self.indexed_from
    }

    /// Everyone here, in the order they came, a person once per connection.
    pub fn people(&self) -> impl Iterator<Item = (u64, &Person)> {
        self.members.iter().map(|(connection, m)| (*connection, &m.person))
    }

    /// Every connection, lookers-on too.
    pub fn connections(&self) -> impl Iterator<Item = u64> {
        self.members.keys().chain(self.watchers.keys()).copied()
    }

    /// Nobody here and nothing to write.
    pub fn idle(&self) -> bool {
        self.members.is_empty() && self.watchers.is_empty() && self.waiting.is_empty() && self.committing.is_empty()
    }

    /// Advances the room. `now`: epoch milliseconds.
    pub fn step(&mut self, event: Event, now: i64) -> Vec<Effect> {
        let mut out = Vec::new();
        match event {
            Event::Join { connection, person, client, have, heads, may_edit, logged, history } => {
                self.learn(&person.user, logged, history);
                self.join(connection, person, &client, have, heads, may_edit, &mut out);
            }
            Event::Watch { connection } => {
                self.watchers.insert(connection, ());
            }
            Event::Leave { connection } => self.leave(connection, &mut out),
            Event::Submit { connection, submission, allowed } => {
                self.submit(connection, submission, allowed, now, &mut out);
            }
            Event::Request { request, person, submission, allowed, logged } => {
                self.request(request, &person, submission, allowed, logged, now, &mut out);
            }
            Event::Presence { connection, presence } => self.presence(connection, presence),
            Event::Committed => self.committed(&mut out),
            Event::CommitFailed { reason } => self.commit_failed(&reason, &mut out),
            Event::SnapshotSaved { sequence } => {
                self.snapshotting = false;
                self.snapshot = self.snapshot.max(sequence);
            }
            Event::Run { event } => {
                let to = self.members.keys().copied().collect();
                out.push(Effect::Send { to, message: ToClient::Run { event } });
            }
            Event::Rename { name } => {
                let to = self.members.keys().copied().collect();
                out.push(Effect::Send { to, message: ToClient::Renamed { name } });
            }
            Event::Talk => {
                let to = self.members.keys().copied().collect();
                out.push(Effect::Send { to, message: ToClient::Talked });
            }
            Event::Close { connection, reason, reconnect } => {
                if self.watchers.contains_key(&connection) || self.members.contains_key(&connection) {
                    out.push(Effect::Hangup { connection, reason, reconnect });
                    self.leave(connection, &mut out);
                }
            }
            Event::Wake => self.wake = None,
        }
        self.flush(now, &mut out);
        self.commit(&mut out);
        out
    }

    fn learn(&mut self, user: &str, logged: Vec<(String, u64, u64)>, history: Vec<Entry>) {
        for (client, number, sequence) in logged {
            self.seen.entry((user.to_owned(), client)).or_default().insert(number, sequence);
        }
        if let Some(first) = history.first() {
            self.indexed_from = self.indexed_from.min(first.sequence - 1);
        }
        history.iter().for_each(|entry| self.touches.note(entry));
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one message")]
    fn join(
        &mut self,
        connection: u64,
        person: Person,
        client: &str,
        have: u64,
        heads: Vec<Head>,
        may_edit: bool,
        out: &mut Vec<Effect>,
    ) {
        self.names.insert(person.user.clone(), person.name.clone());
        let peers = self.members.iter().map(|(c, m)| peer(*c, m)).collect();
        let first_recent = self.recent.front().map_or(self.sequence + 1, |e| e.sequence);
        let near = have > 0 && have <= self.sequence && have + 1 >= first_recent;
        let (design, entries) = if near {
            (None, self.recent.iter().filter(|e| e.sequence > have).cloned().collect())
        } else {
            (Some(self.confirmed.clone()), Vec::new())
        };
        let own = (person.user.clone(), client.to_owned());
        let logged = self.seen.get(&own).and_then(|numbers| numbers.iter().rev().find(|(_, s)| **s <= self.sequence));
        let welcome = ToClient::Welcome {
            sequence: self.sequence,
            design,
            entries,
            acknowledged: logged.map_or(0, |(number, _)| *number),
            connection,
            user: person.user.clone(),
            may_edit,
            peers,
        };
        let member = Member {
            person,
            may_edit,
            presence: Presence::default(),
            presence_due: false,
            presence_sent: i64::MIN / 2,
            next: heads.into_iter().map(|h| (h.client, h.next)).collect(),
        };
        let arrival = ToClient::Peer { peer: peer(connection, &member) };
        out.push(Effect::Send { to: vec![connection], message: welcome });
        out.push(Effect::Send { to: self.members.keys().copied().collect(), message: arrival });
        self.members.insert(connection, member);
    }

    fn leave(&mut self, connection: u64, out: &mut Vec<Effect>) {
        self.watchers.remove(&connection);
        if self.members.remove(&connection).is_some() {
            let to = self.members.keys().copied().collect();
            out.push(Effect::Send { to, message: ToClient::Left { connection } });
        }
    }

    fn submit(&mut self, connection: u64, submission: Submission, allowed: bool, now: i64, out: &mut Vec<Effect>) {
        let Some(member) = self.members.get_mut(&connection) else { return };
        let (client, number) = (submission.client.clone(), submission.number);
        let next = member.next.entry(client.clone()).or_insert(number);
        if number > *next {
            // Taking it would let edits overtake each other.
            let reason = "an edit got lost on the way; connecting again".to_owned();
            out.push(Effect::Hangup { connection, reason, reconnect: true });
            self.leave(connection, out);
            return;
        }
        let repeated = number < *next;
        *next = (*next).max(number + 1);
        let person = member.person.clone();
        let to = vec![connection];
        if let Some(sequence) = self.sequence_of(&person.user, &client, number) {
            // Not yet on disk: the acknowledgement will go to everyone when it is.
            if sequence <= self.sequence {
                out.push(Effect::Send { to, message: ToClient::Known { client, number, sequence } });
            }
            return;
        }
        if repeated {
            return;
        }
        match self.accept(&person, submission, allowed, now) {
            Ok(entry) => self.waiting.push_back(Waiting { entry, request: None, connection: Some(connection) }),
            Err(refusal) => out.push(Effect::Send { to, message: ToClient::Refused { client, number, refusal } }),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one message")]
    fn request(
        &mut self,
        request: u64,
        person: &Person,
        submission: Submission,
        allowed: bool,
        logged: Option<Entry>,
        now: i64,
        out: &mut Vec<Effect>,
    ) {
        self.names.insert(person.user.clone(), person.name.clone());
        if let Some(entry) = logged {
            out.push(Effect::Answer { request, answer: Ok(entry) });
            return;
        }
        if self.sequence_of(&person.user, &submission.client, submission.number).is_some() {
            // Repeated while the first one is on its way to disk.
            let all = self.waiting.iter_mut().chain(&mut self.committing);
            let same =
                |w: &&mut Waiting| w.entry.author == person.user && submission.is(&w.entry.client, w.entry.number);
            let mut found = all.filter(same);
            match found.next() {
                Some(waiting) if waiting.request.is_none() => waiting.request = Some(request),
                Some(_) => out.push(Effect::Fail { request, reason: "the same edit is being saved".into() }),
                None => {
                    let entry = self.recent.iter().find(|e| submission.is(&e.client, e.number)).cloned();
                    let gone = Refused::Invalid { why: "this number was used before".into() };
                    out.push(Effect::Answer { request, answer: entry.ok_or(gone) });
                }
            }
            return;
        }
        let seconds = (now - self.tokens_at).max(0) as f64 / 1000.0;
        self.tokens_at = now;
        self.tokens = (self.tokens + seconds * REQUESTS_PER_SECOND).min(REQUESTS_BURST);
        if self.tokens < 1.0 {
            out.push(Effect::Answer { request, answer: Err(Refused::TooFast) });
            return;
        }
        self.tokens -= 1.0;
        match self.accept(person, submission, allowed, now) {
            Ok(entry) => self.waiting.push_back(Waiting { entry, request: Some(request), connection: None }),
            Err(refusal) => out.push(Effect::Answer { request, answer: Err(refusal) }),
        }
    }

    fn sequence_of(&self, user: &str, client: &str, number: u64) -> Option<u64> {
        self.seen.get(&(user.to_owned(), client.to_owned()))?.get(&number).copied()
    }

    /// Checks a new submission and gives it its place.
    fn accept(&mut self, person: &Person, submission: Submission, allowed: bool, now: i64) -> Result<Entry, Refused> {
        if !allowed {
            return Err(Refused::Forbidden);
        }
        if person.through_token
            && let Some(what) = needs_person(&self.head, &submission.command)
        {
            return Err(Refused::NeedsPerson { what: what.to_owned() });
        }
        let named = (16..=64).contains(&submission.client.len())
            && submission.client.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !named || submission.number == 0 {
            let why = "a client's name is 16 to 64 letters, digits, - or _, and numbers count from 1".into();
            return Err(Refused::Invalid { why });
        }
        if submission.offline || submission.undo_of.is_some() {
            let name = |user: &str| {
                if user == person.user {
                    return "you, in another window,".to_owned();
                }
                self.names.get(user).cloned().unwrap_or_else(|| "someone else".to_owned())
            };
            if let Some(conflict) = self.touches.conflict(&self.head, &submission, name) {
                return Err(conflict);
            }
        }
        let (head, _) = apply(&self.head, &submission.command).map_err(|refusal| Refused::DoesNotApply { refusal })?;
        self.check_bytes(&head, &submission.command)?;
        self.head = head;
        self.head_sequence += 1;
        let entry = Entry {
            sequence: self.head_sequence,
            author: person.user.clone(),
            client: submission.client,
            number: submission.number,
            time: now,
            command: submission.command,
        };
        self.touches.note(&entry);
        let numbers = self.seen.entry((entry.author.clone(), entry.client.clone())).or_default();
        numbers.insert(entry.number, entry.sequence);
        Ok(entry)
    }

    /// Bounds the whole design without serialising it at every edit: the sum of the commands bounds its growth.
    fn check_bytes(&mut self, head: &Design, command: &Command) -> Result<(), Refused> {
        self.head_bytes += serde_json::to_vec(command).map_or(0, |v| v.len());
        if self.head_bytes <= DESIGN_BYTES_MAX {
            return Ok(());
        }
        self.head_bytes = serde_json::to_vec(head).map_or(0, |v| v.len());
        if self.head_bytes <= DESIGN_BYTES_MAX || matches!(command, Command::Remove { .. }) {
            return Ok(());
        }
        let why = format!("the design would be larger than {} MB; remove something first", DESIGN_BYTES_MAX >> 20);
        Err(Refused::Invalid { why })
    }

    /// Starts the next commit when none is under way.
    fn commit(&mut self, out: &mut Vec<Effect>) {
        if !self.committing.is_empty() || self.waiting.is_empty() {
            return;
        }
        let n = self.waiting.len().min(COMMIT_MAX);
        self.committing = self.waiting.drain(..n).collect();
        let mut entries: Vec<Entry> = self.committing.iter().map(|w| w.entry.clone()).collect();
        if let Some(n) = self.canary.lose_every {
            entries.retain(|e| e.sequence % n != 0);
        }
        if self.canary.acknowledge_early {
            let to: Vec<u64> = self.members.keys().copied().collect();
            for entry in entries.clone() {
                out.push(Effect::Send { to: to.clone(), message: ToClient::Applied { entry } });
            }
        }
        out.push(Effect::Commit(entries));
    }

    fn committed(&mut self, out: &mut Vec<Effect>) {
        let to: Vec<u64> = self.members.keys().copied().collect();
        for Waiting { entry, request, .. } in std::mem::take(&mut self.committing) {
            // It applied to the head in this order, so it applies here; were it not so, every replica would skip it.
            let _ = replay(&mut self.confirmed, &entry.command);
            self.sequence = entry.sequence;
            self.recent.push_back(entry.clone());
            if let Some(request) = request {
                out.push(Effect::Answer { request, answer: Ok(entry.clone()) });
            }
            if !self.canary.acknowledge_early {
                out.push(Effect::Send { to: to.clone(), message: ToClient::Applied { entry } });
            }
        }
        while self.recent.len() > RECENT_MAX {
            self.recent.pop_front();
        }
        self.scene_due |= !self.watchers.is_empty();
        if !self.snapshotting && self.sequence >= self.snapshot + SNAPSHOT_EVERY {
            self.snapshotting = true;
            out.push(Effect::Snapshot { sequence: self.sequence, design: self.confirmed.clone() });
        }
    }

    /// Nothing of what was waiting exists. Its authors still hold it in their outboxes and send it again.
    fn commit_failed(&mut self, reason: &str, out: &mut Vec<Effect>) {
        let lost: Vec<Waiting> = self.committing.drain(..).chain(self.waiting.drain(..)).collect();
        self.head = self.confirmed.clone();
        self.head_sequence = self.sequence;
        // Rebuilt from what is certain; what is older than `recent` is in the log, and asked from there on joining.
        self.touches = Touches::default();
        self.recent.iter().for_each(|entry| self.touches.note(entry));
        self.indexed_from = self.recent.front().map_or(self.sequence, |e| e.sequence - 1);
        let mut hung_up = Vec::new();
        for Waiting { entry, request, connection } in lost {
            if let Some(numbers) = self.seen.get_mut(&(entry.author, entry.client)) {
                numbers.remove(&entry.number);
            }
            if let Some(request) = request {
                out.push(Effect::Fail { request, reason: reason.to_owned() });
            }
            if let Some(connection) = connection
                && !hung_up.contains(&connection)
                && self.members.contains_key(&connection)
            {
                hung_up.push(connection);
                out.push(Effect::Hangup { connection, reason: reason.to_owned(), reconnect: true });
                self.leave(connection, out);
            }
        }
    }

    fn presence(&mut self, connection: u64, mut presence: Presence) {
        let fits = serde_json::to_vec(&presence).is_ok_and(|v| v.len() <= PRESENCE_BYTES_MAX);
        let Some(member) = self.members.get_mut(&connection).filter(|_| fits) else { return };
        if !member.may_edit {
            // Every page draws a preview as if it were an edit.
            presence.preview.clear();
        }
        member.presence = presence;
        member.presence_due = true;
    }

    /// Sends presence and has guests' scenes looked at where that is due, the latest only, and asks to be woken for the rest.
    fn flush(&mut self, now: i64, out: &mut Vec<Effect>) {
        let everyone: Vec<u64> = self.members.keys().copied().collect();
        let mut next = i64::MAX;
        for (connection, member) in self.members.iter_mut().filter(|(_, m)| m.presence_due) {
            let due = member.presence_sent + PRESENCE_EVERY_MS;
            if now < due {
                next = next.min(due);
                continue;
            }
            member.presence_due = false;
            member.presence_sent = now;
            let to = everyone.iter().copied().filter(|c| c != connection).collect();
            out.push(Effect::Send { to, message: ToClient::Peer { peer: peer(*connection, member) } });
        }
        if self.scene_due {
            let due = self.scene_sent + SCENE_EVERY_MS;
            if now >= due {
                self.scene_due = false;
                self.scene_sent = now;
                out.push(Effect::Look { watchers: self.watchers.keys().copied().collect() });
            } else {
                next = next.min(due);
            }
        }
        if next < self.wake.unwrap_or(i64::MAX) {
            self.wake = Some(next);
            out.push(Effect::Wake { at: next });
        }
        out.retain(|effect| !matches!(effect, Effect::Send { to, .. } if to.is_empty()));
    }
}

fn peer(connection: u64, member: &Member) -> Peer {
    Peer {
        connection,
        user: member.person.user.clone(),
        name: member.person.name.clone(),
        hue: member.person.hue,
        presence: member.presence.clone(),
    }
}
