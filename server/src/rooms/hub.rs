//! The open rooms and who is connected to them. Each has a [`task`], which owns the pure room, its connections and its commits.

mod task;

use super::Revoked;
use super::outgoing::{self, Outgoing};
use super::room::{Canary, Event, Person};
use crate::auth::{Action, Actor, Object, actor, can};
use crate::{Error, State};
use app::api::design::Here;
use app::api::run::RunEvent;
use app::sync::{Entry, Head, Refused, Submission, ToClient};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use task::Task;
use tokio::sync::{Notify, mpsc, oneshot};

/// Events waiting for one room: past this, whoever sends waits.
const INBOX: usize = 1_024;
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
        let task = Task::new(state.clone(), design.to_owned(), id, handle.here.clone());
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

/// The refusal of a script's edit as an answer.
fn refusal(refused: Refused) -> Error {
    match refused {
        Refused::Forbidden | Refused::NeedsPerson { .. } => Error::forbidden(refused.to_string()),
        Refused::TooFast => Error::TooFast { seconds: 1 },
        Refused::Conflict { .. } => Error::Conflict(refused.to_string()),
        Refused::DoesNotApply { .. } | Refused::Invalid { .. } => Error::field("command", refused.to_string()),
    }
}
