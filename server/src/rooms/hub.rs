//! The open rooms: one task each, which owns the pure [`Room`], its connections and its commits.

use super::outgoing::{self, Outgoing};
use super::room::{Canary, Effect, Event, Person, Room};
use super::{Revoked, log};
use crate::auth::{Action, Actor, Object, actor, can};
use crate::{Error, State};
use app::api::design::Here;
use app::api::run::RunEvent;
use app::sync::{Entry, Head, Refused, Submission, ToClient};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

/// Events waiting for one room: past this, whoever sends waits.
const INBOX: usize = 1_024;
/// An empty room is kept for those who come back at once.
const LINGER: Duration = Duration::from_secs(20);
/// To someone who sees the design still, and may do more or less with it than when they came.
const RIGHTS_CHANGED: &str = "Your rights have changed.";

/// The open rooms of this server.
pub struct Hub {
    rooms: Mutex<HashMap<String, Handle>>,
    connections: Mutex<HashMap<u64, Connected>>,
    next: AtomicU64,
    canary: Canary,
}

/// The way to a room's task.
#[derive(Clone)]
struct Handle {
    id: u64,
    inbox: mpsc::Sender<Message>,
    here: Arc<Mutex<Vec<Here>>>,
}

/// A connection, for those who revoke: they close it themselves, however busy its room is.
struct Connected {
    design: String,
    actor: Actor,
    may_edit: bool,
    out: Outgoing,
}

/// A script waits for this.
type Answer = Result<Entry, Error>;

/// What a person's socket says first.
pub(super) struct Hello {
    pub client: String,
    pub have: u64,
    pub heads: Vec<Head>,
}

enum Message {
    Join { connection: u64, person: Person, client: String, have: u64, heads: Vec<Head>, may_edit: bool, out: Outgoing },
    Watch { connection: u64, out: Outgoing, changed: Arc<Notify> },
    Request { person: Person, submission: Submission, allowed: bool, answer: oneshot::Sender<Answer> },
    Event(Event),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these guard is whole after every statement, also where one panicked.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Hub {
    fn default() -> Self {
        // Debug builds can be told to fail on purpose, to see that the crash test finds it.
        let early = cfg!(debug_assertions) && std::env::var("BRUNEL_CANARY").is_ok_and(|c| c == "acknowledge-early");
        Self {
            rooms: Mutex::default(),
            connections: Mutex::default(),
            next: AtomicU64::new(1),
            canary: Canary { acknowledge_early: early, lose_every: None },
        }
    }
}

impl Hub {
    /// Rooms open when someone comes: there is nothing to recover.
    ///
    /// # Errors
    /// None today.
    pub async fn start(&self, _state: &State) -> Result<(), Error> {
        Ok(())
    }

    /// Who has `design` open now, each person once.
    pub fn here(&self, design: &str) -> Vec<Here> {
        let here = lock(&self.rooms).get(design).map(|handle| handle.here.clone());
        here.map(|here| lock(&here).clone()).unwrap_or_default()
    }

    /// Tells everyone in a design what a run does. Nobody there: nobody told.
    pub fn broadcast_run(&self, design: &str, event: RunEvent) {
        let Some(handle) = lock(&self.rooms).get(design).cloned() else { return };
        // A full inbox drops a report; a change of state waits its turn.
        let state = matches!(event, RunEvent::State { .. });
        if let Err(mpsc::error::TrySendError::Full(message)) =
            handle.inbox.try_send(Message::Event(Event::Run { event }))
            && state
        {
            tokio::spawn(async move { handle.inbox.send(message).await });
        }
    }

    /// Number of open rooms and of connections.
    pub fn size(&self) -> (usize, usize) {
        (lock(&self.rooms).len(), lock(&self.connections).len())
    }

    fn handle(&self, state: &State, design: &str) -> Handle {
        let mut rooms = lock(&self.rooms);
        if let Some(handle) = rooms.get(design).filter(|h| !h.inbox.is_closed()) {
            return handle.clone();
        }
        let (inbox, receiver) = mpsc::channel(INBOX);
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let handle = Handle { id, inbox, here: Arc::default() };
        rooms.insert(design.to_owned(), handle.clone());
        metrics::gauge!("brunel_rooms").set(rooms.len() as f64);
        let task = Task {
            state: state.clone(),
            design: design.to_owned(),
            id,
            here: handle.here.clone(),
            out: HashMap::new(),
            watching: HashMap::new(),
            answers: HashMap::new(),
            commit: None,
            wake: None,
        };
        tokio::spawn(task.run(receiver, self.canary));
        handle
    }

    async fn send(&self, state: &State, design: &str, mut message: Message) -> Result<(), Error> {
        // A room may close between finding and telling it: then the next one is told.
        for _ in 0..3 {
            let handle = self.handle(state, design);
            match handle.inbox.send(message).await {
                Ok(()) => return Ok(()),
                Err(mpsc::error::SendError(back)) => message = back,
            }
        }
        Err(Error::unavailable("This design cannot be opened right now; try again in a moment."))
    }

    /// Enters a socket that has just opened, so that whoever revokes finds it. What was revoked before this call is the
    /// caller's to ask.
    pub(super) fn register(&self, design: &str, actor: &Actor, out: &Outgoing) -> u64 {
        let connection = self.next.fetch_add(1, Ordering::Relaxed);
        let connected =
            Connected { design: design.to_owned(), actor: actor.clone(), may_edit: false, out: out.clone() };
        let mut connections = lock(&self.connections);
        connections.insert(connection, connected);
        metrics::gauge!("brunel_connections").set(connections.len() as f64);
        connection
    }

    /// A socket joins its room, after Hello.
    ///
    /// # Errors
    /// When the room cannot be told, or `may_edit` is no longer true; the client comes back.
    pub(super) async fn join(
        &self,
        state: &State,
        design: &str,
        actor: &Actor,
        connection: u64,
        hello: Hello,
        may_edit: bool,
        out: Outgoing,
    ) -> Result<(), Error> {
        let person = person(actor)?;
        if let Some(connected) = lock(&self.connections).get_mut(&connection) {
            connected.may_edit = may_edit;
        }
        let Hello { client, have, heads } = hello;
        let join = Message::Join { connection, person, client, have, heads, may_edit, out };
        self.send(state, design, join).await?;
        // A right that changed between the answer `may_edit` and its note above was told to nobody who would compare.
        match can(state, actor, Action::Edit, Object::Design(design)).await.is_ok() == may_edit {
            true => Ok(()),
            false => Err(Error::Conflict(RIGHTS_CHANGED.into())),
        }
    }

    /// The socket of a share link looks on; `changed` is told when the design has changed.
    pub(super) async fn watch(
        &self,
        state: &State,
        design: &str,
        connection: u64,
        out: Outgoing,
        changed: Arc<Notify>,
    ) -> Result<(), Error> {
        self.send(state, design, Message::Watch { connection, out, changed }).await
    }

    /// Something a socket has to tell its room.
    pub(super) async fn tell(&self, state: &State, design: &str, event: Event) {
        // Without the room there is nobody to tell; its connections have been closed.
        let _ = self.send(state, design, Message::Event(event)).await;
    }

    /// A socket is gone.
    pub(super) async fn leave(&self, state: &State, design: &str, connection: u64) {
        {
            let mut connections = lock(&self.connections);
            connections.remove(&connection);
            metrics::gauge!("brunel_connections").set(connections.len() as f64);
        }
        if lock(&self.rooms).contains_key(design) {
            self.tell(state, design, Event::Leave { connection }).await;
        }
    }

    /// An edit from a script: committed when this returns.
    ///
    /// # Errors
    /// The refusal in words, or why it could not be saved.
    pub async fn apply_command(
        &self,
        state: &State,
        actor: &Actor,
        design: &str,
        submission: Submission,
    ) -> Result<Entry, Error> {
        can(state, actor, Action::Edit, Object::Design(design)).await?;
        let person = person(actor)?;
        let (answer, answered) = oneshot::channel();
        self.send(state, design, Message::Request { person, submission, allowed: true, answer }).await?;
        let gone = || Error::unavailable("The edit could not be saved right now; send it again with the same number.");
        answered.await.map_err(|_| gone())?
    }

    /// Closes, or asks again, the sockets that lose their right. Their rooms hear of it when the sockets have ended.
    pub fn revoke(&self, state: &State, revoked: Revoked) {
        let goodbye = |reason: &str, reconnect| outgoing::text(&ToClient::Closing { reason: reason.into(), reconnect });
        let mut asked = Vec::new();
        for (connection, c) in lock(&self.connections).iter() {
            let person = c.actor.person().ok();
            // A link stands with its maker's rights.
            let maker = if let Actor::Guest(guest) = &c.actor { Some(&guest.maker) } else { None };
            let reason = match &revoked {
                Revoked::Person(id) if person.is_some_and(|p| p.id == *id) => "You have been signed out.",
                Revoked::Session(id) if person.is_some_and(|p| p.session == *id) => "You have been signed out.",
                Revoked::Share(id) if matches!(&c.actor, Actor::Guest(guest) if guest.share == *id) => {
                    "This link has been withdrawn."
                }
                Revoked::Design(id) if c.design == *id => {
                    asked.push(*connection);
                    continue;
                }
                Revoked::Person(id) if maker == Some(id) => {
                    asked.push(*connection);
                    continue;
                }
                Revoked::Rights(people) if person.map(|p| &p.id).or(maker).is_some_and(|id| people.contains(id)) => {
                    asked.push(*connection);
                    continue;
                }
                Revoked::Unenrolled if person.is_some() => {
                    asked.push(*connection);
                    continue;
                }
                _ => continue,
            };
            c.out.close(goodbye(reason, false));
        }
        if asked.is_empty() {
            return;
        }
        let state = state.clone();
        tokio::spawn(async move {
            for connection in asked {
                let found = lock(&state.rooms.connections)
                    .get(&connection)
                    .map(|c| (c.design.clone(), c.actor.clone(), c.may_edit, c.out.clone()));
                let Some((design, actor, may_edit, out)) = found else { continue };
                // What the actor was when the socket opened may have changed too.
                match actor::stands(&state, &actor).await {
                    Ok(true) => {}
                    Ok(false) if revoked == Revoked::Unenrolled => {
                        out.close(goodbye(&Error::Enrol.problem().message, false));
                        continue;
                    }
                    Ok(false) if matches!(actor, Actor::Guest(_)) => {
                        out.close(goodbye("This link does not work now. Ask the person who sent it.", false));
                        continue;
                    }
                    Ok(false) => {
                        out.close(goodbye("You have been signed out.", false));
                        continue;
                    }
                    Err(error) => {
                        out.close(goodbye(&error.problem().message, true));
                        continue;
                    }
                }
                let sees = can(&state, &actor, Action::See, Object::Design(&design)).await;
                let edits = can(&state, &actor, Action::Edit, Object::Design(&design)).await.is_ok();
                match sees {
                    Ok(_) if edits == may_edit => {}
                    Ok(_) => out.close(goodbye(RIGHTS_CHANGED, true)),
                    Err(Error::Unavailable(reason)) => out.close(goodbye(&reason, true)),
                    Err(_) => out.close(goodbye("You no longer have access to this design.", false)),
                }
            }
        });
    }

    /// Tells everyone in a design that its comments have changed. Nobody there: nobody told.
    pub fn talked(&self, design: &str) {
        let Some(handle) = lock(&self.rooms).get(design).cloned() else { return };
        tokio::spawn(async move { handle.inbox.send(Message::Event(Event::Talk)).await });
    }

    /// Tells the guests of a link, and nobody else, that there is something new for them to read.
    pub fn talked_through(&self, share: &str) {
        for c in lock(&self.connections).values() {
            if matches!(&c.actor, Actor::Guest(guest) if guest.share == share) {
                // Missed by who does not read: they fetch all of it the next time.
                c.out.push(outgoing::text(&ToClient::Talked), true);
            }
        }
    }

    /// Tells everyone in a design what it is called now. Nobody there: nobody told.
    pub fn rename(&self, design: &str, name: &str) {
        let Some(handle) = lock(&self.rooms).get(design).cloned() else { return };
        let message = Message::Event(Event::Rename { name: name.to_owned() });
        tokio::spawn(async move { handle.inbox.send(message).await });
    }
}

fn person(actor: &Actor) -> Result<Person, Error> {
    let person = actor.person()?;
    Ok(Person {
        user: person.id.clone(),
        name: person.name.clone(),
        hue: person.hue,
        through_token: person.token.is_some(),
    })
}

/// A commit under way.
struct Commit {
    work: JoinHandle<Result<(), Error>>,
    since: Instant,
}

/// One room's task.
struct Task {
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
    async fn run(mut self, mut inbox: mpsc::Receiver<Message>, canary: Canary) {
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

/// The refusal of a script's edit as an answer.
fn refusal(refused: Refused) -> Error {
    match refused {
        Refused::Forbidden | Refused::NeedsPerson { .. } => Error::forbidden(refused.to_string()),
        Refused::TooFast => Error::TooFast { seconds: 1 },
        Refused::Conflict { .. } => Error::Conflict(refused.to_string()),
        Refused::DoesNotApply { .. } | Refused::Invalid { .. } => Error::field("command", refused.to_string()),
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
