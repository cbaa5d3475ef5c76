//! What happens to a room, and what it wants done.

use app::api::run::RunEvent;
use app::sync::{Entry, Head, Presence, Refused, Submission, ToClient};
use solver::design::Design;

/// Someone, as the others see them.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub user: String,
    pub name: String,
    pub hue: u16,
    /// A program acts for them.
    pub through_token: bool,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A person's Hello. `logged`: which numbers from its heads on are in the log, with their sequence. `history`: the
    /// entries between the oldest base among the heads and the position its index begins at, when it is older.
    Join {
        connection: u64,
        person: Person,
        client: String,
        have: u64,
        heads: Vec<Head>,
        may_edit: bool,
        logged: Vec<(String, u64, u64)>,
        history: Vec<Entry>,
    },
    /// A share link looks on.
    Watch {
        connection: u64,
    },
    Leave {
        connection: u64,
    },
    /// `allowed`: the policy's word on this very command.
    Submit {
        connection: u64,
        submission: Submission,
        allowed: bool,
    },
    /// From a script; `request` comes back in [`Effect::Answer`]. `logged`: the entry, if the log has it already.
    Request {
        request: u64,
        person: Person,
        submission: Submission,
        allowed: bool,
        logged: Option<Entry>,
    },
    Presence {
        connection: u64,
        presence: Presence,
    },
    /// The commit asked for last is on disk.
    Committed,
    /// It is not, and never will be.
    CommitFailed {
        reason: String,
    },
    SnapshotSaved {
        sequence: u64,
    },
    Run {
        event: RunEvent,
    },
    /// Someone commented, or changed what was said.
    Talk,
    /// The design has a new name.
    Rename {
        name: String,
    },
    /// This connection cannot stay.
    Close {
        connection: u64,
        reason: String,
        reconnect: bool,
    },
    /// The time asked for by [`Effect::Wake`].
    Wake,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Send {
        to: Vec<u64>,
        message: ToClient,
    },
    /// The design has changed; whether what these guests see has, is asked outside.
    Look {
        watchers: Vec<u64>,
    },
    /// Say so and hang up.
    Hangup {
        connection: u64,
        reason: String,
        reconnect: bool,
    },
    /// Write these entries in one transaction, then report [`Event::Committed`]. One at a time.
    Commit(Vec<Entry>),
    Snapshot {
        sequence: u64,
        design: Design,
    },
    Answer {
        request: u64,
        answer: Result<Entry, Refused>,
    },
    /// The storage failed a script's edit; it may try again.
    Fail {
        request: u64,
        reason: String,
    },
    /// Send [`Event::Wake`] at this time.
    Wake {
        at: i64,
    },
}

/// Faults put in on purpose, to see that the tests find them. All off in use.
#[derive(Clone, Copy, Debug, Default)]
pub struct Canary {
    /// Acknowledge before the log has the entry.
    pub acknowledge_early: bool,
    /// Acknowledge every n-th command and never write it.
    pub lose_every: Option<u64>,
}
