//! The port between the page and a live design: what the page may ask for, and what it is told.
//!
//! `frontend` implements it over a websocket and IndexedDB; a test may implement it over nothing. Plain values only.

use super::notice::{Choice, Notice};
use crate::api::run::RunEvent;
use crate::sync::{Peer, Presence};
use solver::design::{Command, Design, Refusal};
use std::cell::RefCell;
use std::rc::Rc;

/// Whether the person's work is safe, always visible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SaveState {
    /// Everything is committed.
    #[default]
    Saved,
    /// Sent, and not yet acknowledged.
    Saving,
    /// So many edits wait for their turn, with a connection.
    Queued(usize),
    /// No connection; so many edits wait (0: nothing to save).
    Offline(usize),
    /// The server did not take an edit; a notice says which and why.
    Refused(String),
    /// This person may look and not change.
    ReadOnly,
}

/// Everything the page draws, at one moment. Cloning shares the objects.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// This tab's client id, for what the server is asked to do in its name.
    pub client: String,
    /// False until the server (or the page's own cache) has given a design.
    pub loaded: bool,
    /// Rises whenever `design` or `shown` differ from before: memos may hang on it instead of comparing designs.
    pub revision: u64,
    /// Log position of the confirmed state.
    pub sequence: u64,
    /// Confirmed state with one's own pending edits on top: what panels edit.
    pub design: Design,
    /// `design` with the drags in progress, others' and one's own: what geometry draws.
    pub shown: Design,
    pub save: SaveState,
    pub online: bool,
    pub may_edit: bool,
    /// Everyone else here.
    pub peers: Vec<Peer>,
    pub notices: Vec<Notice>,
    /// What undo would take back, in words; `None` when there is nothing.
    pub undo: Option<String>,
    pub redo: Option<String>,
    /// Why the design was closed for good (access revoked, design deleted), if it was.
    pub ended: Option<String>,
}

/// What the page is told.
#[derive(Clone, Debug)]
pub enum Update {
    Changed(Box<Snapshot>),
    /// A run of this design reports.
    Run(RunEvent),
    /// Its comments have changed.
    Talked,
    /// The design has a new name.
    Renamed(String),
    /// A sentence worth a toast: why an undo was skipped, that edits came back from a closed tab.
    Say(String),
}

/// Called with every update, on the page's thread.
pub type Sink = Rc<dyn Fn(Update)>;

/// An open design. Dropping the last handle closes it; unsent edits stay in the outbox.
pub trait Connection {
    /// Makes an edit: visible at once, sent when possible.
    ///
    /// # Errors
    /// [`Refusal`] when the command does not apply to what the page shows; nothing has happened then.
    fn submit(&self, command: Command) -> Result<(), Refusal>;
    /// Shows a drag in progress, here and to the others, without an edit. Empty ends it. [`Connection::submit`] ends it too.
    fn drag(&self, preview: Vec<Command>);
    /// Takes back one's own last edit.
    fn undo(&self);
    fn redo(&self);
    /// Selection, faces and camera for the others. Its `preview` is ignored: see [`Connection::drag`].
    fn presence(&self, presence: Presence);
    /// Answers a notice.
    fn resolve(&self, notice: u64, choice: Choice);
    /// Reconnects now instead of at the end of the wait.
    fn retry(&self);
    fn close(&self);
}

/// Opens designs.
pub trait Connector {
    fn start(&self, design: &str, sink: Sink) -> Rc<dyn Connection>;
}

thread_local! {
    static CONNECTOR: RefCell<Option<Rc<dyn Connector>>> = const { RefCell::new(None) };
}

thread_local! {
    static SIGNED_OUT: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The person signs out and the page is about to go: nothing of theirs may be kept in the tab from here on.
pub fn sign_out() {
    SIGNED_OUT.set(true);
}

/// Whether [`sign_out`] was called.
pub fn is_signed_out() -> bool {
    SIGNED_OUT.get()
}

/// Called once by `frontend` when the page wakes up.
pub fn install(connector: Rc<dyn Connector>) {
    CONNECTOR.with(|c| *c.borrow_mut() = Some(connector));
}

/// The browser's connector; `None` while rendering on the server, where only the editor's shell is drawn.
pub fn connector() -> Option<Rc<dyn Connector>> {
    CONNECTOR.with(|c| c.borrow().clone())
}
