//! The editor's shared state: the design as it is told by the connection, what is selected, what is shown.

use super::history::Past;
use super::target::Target;
use crate::api::client::Client;
use crate::api::requirement::Judged;
use crate::api::share::Allow;
use crate::doc::{Choice, Connection, Notice as EditNotice, SaveState, Snapshot, Update};
use crate::port::Kernel;
use crate::studies::Bench;
use crate::sync::{Peer, Presence};
use crate::talk::Talking;
use crate::ui::{Notices, Tone, use_notices};
use crate::viewport::{Anchored, Pick, ViewCommand, Viewport};
use leptos::prelude::*;
use solver::design::{Command, Design, Id, Issue, Object, Resolved, Value, check, resolve};
use solver::quantity::{Dimension, Quantity, UnitSystem, format, format_difference, format_number};
use solver::scene::Scene;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A section plane as the person sets it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// World normal.
    pub normal: [f64; 3],
    /// From -1 to 1 across the model's bounds along the normal.
    pub position: f64,
    pub flipped: bool,
}

/// Everything the panels share. Copies are handles on the same state.
#[derive(Clone, Copy)]
pub struct Desk {
    pub id: StoredValue<String>,
    pub name: RwSignal<String>,
    pub loaded: RwSignal<bool>,
    pub design: RwSignal<Arc<Design>>,
    /// With drags in progress: what geometry draws.
    pub shown: RwSignal<(u64, Arc<Design>)>,
    pub resolved: RwSignal<Arc<Resolved>>,
    /// Of the design alone; see [`Desk::issues_of`] for those of geometry too.
    pub issues: RwSignal<Vec<Issue>>,
    /// Verdicts on the requirements, as the server gave them last.
    pub judged: RwSignal<Judged>,
    pub sequence: RwSignal<u64>,
    pub save: RwSignal<SaveState>,
    pub online: RwSignal<bool>,
    pub may_edit: RwSignal<bool>,
    pub peers: RwSignal<Vec<Peer>>,
    pub edit_notices: RwSignal<Vec<EditNotice>>,
    pub undo: RwSignal<Option<String>>,
    pub redo: RwSignal<Option<String>>,
    pub ended: RwSignal<Option<String>>,
    pub selected: RwSignal<Option<Id>>,
    pub picks: RwSignal<Vec<Pick>>,
    /// Lit up because a chip or a row is hovered.
    pub highlight: RwSignal<Vec<Pick>>,
    pub hover: RwSignal<Option<(Pick, [f64; 3])>>,
    pub target: RwSignal<Option<Target>>,
    /// The feature up to which the model is shown, if not to the last.
    pub rolled: RwSignal<Option<Id>>,
    pub scene: RwSignal<Option<Arc<Scene>>>,
    pub kernel_busy: RwSignal<bool>,
    pub kernel_fault: RwSignal<Option<String>>,
    /// Why there is no picture.
    pub no_view: RwSignal<Option<String>>,
    pub hidden: RwSignal<Vec<String>>,
    pub isolated: RwSignal<Option<Vec<String>>>,
    pub cut: RwSignal<Option<Cut>>,
    pub measuring: RwSignal<bool>,
    pub edges: RwSignal<bool>,
    pub perspective: RwSignal<bool>,
    pub help: RwSignal<bool>,
    pub sharing: RwSignal<bool>,
    /// What a guest's link allows; `None` for people with an account.
    pub allow: RwSignal<Option<BTreeSet<Allow>>>,
    pub camera: RwSignal<Option<[[f64; 3]; 3]>>,
    /// Where the labels over the picture go.
    pub anchored: RwSignal<Vec<Anchored>>,
    /// User whose view this one follows.
    pub following: RwSignal<Option<String>>,
    pub units: Signal<UnitSystem>,
    pub bench: Bench,
    pub talking: Talking,
    pub past: Past,
    /// Client id of this tab, for what the server does in its name.
    pub tab: StoredValue<String>,
    pub notices: Notices,
    pub client: StoredValue<Client>,
    /// Key of this desk's [`Wires`].
    wires: u64,
}

/// What a desk is plugged into: browser things that cannot leave their thread, so they stand beside the desk, which must
/// also exist while rendering on the server, where nothing is ever plugged in.
#[derive(Default)]
struct Wires {
    viewport: Option<Rc<dyn Viewport>>,
    /// A second view, beside the first.
    twin: Option<Rc<dyn Viewport>>,
    connection: Option<Rc<dyn Connection>>,
    kernel: Option<Rc<dyn Kernel>>,
}

thread_local! {
    static WIRES: RefCell<HashMap<u64, Wires>> = RefCell::default();
}

/// Next key of [`WIRES`].
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The units set in a design.
pub fn units_of(design: &Design) -> UnitSystem {
    match design.of_kind("units").next().map(|o| o.choice("system")).as_deref() {
        Some("metre") => UnitSystem::Metre,
        Some("inch") => UnitSystem::Inch,
        _ => UnitSystem::Millimetre,
    }
}

impl Desk {
    pub fn new(id: String) -> Self {
        let design = RwSignal::new(Arc::new(Design::new()));
        Self {
            id: StoredValue::new(id),
            name: RwSignal::new(String::new()),
            loaded: RwSignal::new(false),
            design,
            shown: RwSignal::new((0, Arc::new(Design::new()))),
            resolved: RwSignal::new(Arc::default()),
            issues: RwSignal::new(Vec::new()),
            judged: RwSignal::new(Judged::default()),
            sequence: RwSignal::new(0),
            save: RwSignal::new(SaveState::Saved),
            online: RwSignal::new(false),
            may_edit: RwSignal::new(false),
            peers: RwSignal::new(Vec::new()),
            edit_notices: RwSignal::new(Vec::new()),
            undo: RwSignal::new(None),
            redo: RwSignal::new(None),
            ended: RwSignal::new(None),
            selected: RwSignal::new(None),
            picks: RwSignal::new(Vec::new()),
            highlight: RwSignal::new(Vec::new()),
            hover: RwSignal::new(None),
            target: RwSignal::new(None),
            rolled: RwSignal::new(None),
            scene: RwSignal::new(None),
            kernel_busy: RwSignal::new(false),
            kernel_fault: RwSignal::new(None),
            no_view: RwSignal::new(None),
            hidden: RwSignal::new(Vec::new()),
            isolated: RwSignal::new(None),
            cut: RwSignal::new(None),
            measuring: RwSignal::new(false),
            edges: RwSignal::new(true),
            perspective: RwSignal::new(false),
            help: RwSignal::new(false),
            sharing: RwSignal::new(false),
            allow: RwSignal::new(None),
            camera: RwSignal::new(None),
            anchored: RwSignal::new(Vec::new()),
            following: RwSignal::new(None),
            units: Memo::new(move |_| design.with(|d| units_of(d))).into(),
            bench: Bench::new(),
            talking: Talking::new(),
            past: Past::new(),
            tab: StoredValue::new(String::new()),
            notices: use_notices(),
            client: StoredValue::new(Client::current()),
            wires: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Takes what the connection says; after the end nothing.
    pub fn told(&self, update: Update) {
        if self.is_over() {
            return;
        }
        match update {
            Update::Changed(snapshot) => self.take(*snapshot),
            Update::Run(event) => self.bench.told(self, event),
            Update::Renamed(name) => self.name.set(name),
            Update::Talked => {
                self.talking.heard.set(self.talking.heard.get_untracked() + 1);
                self.talking.load(*self);
            }
            Update::Say(text) => self.notices.say(Tone::Info, text),
        }
    }

    pub(super) fn take(&self, s: Snapshot) {
        /// Wakes readers only on a change.
        fn put<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
            if signal.with_untracked(|old| *old != value) {
                signal.set(value);
            }
        }
        if self.tab.with_value(|tab| *tab != s.client) {
            self.tab.set_value(s.client.clone());
        }
        let recalled = self.past.keep(&s);
        if recalled {
            // The desk holds a version of the past until the person returns.
        } else if !self.loaded.get_untracked() || self.shown.with_untracked(|(revision, _)| *revision != s.revision) {
            let same = self.loaded.get_untracked() && self.design.with_untracked(|d| shares(d, &s.design));
            if !same {
                self.lay(Arc::new(s.design));
            }
            self.shown.set((s.revision, Arc::new(s.shown)));
        }
        put(self.loaded, s.loaded);
        put(self.sequence, s.sequence);
        put(self.save, s.save);
        put(self.online, s.online);
        if !recalled {
            put(self.may_edit, s.may_edit);
            put(self.undo, s.undo);
            put(self.redo, s.redo);
        }
        put(self.peers, s.peers);
        put(self.edit_notices, s.notices);
        put(self.ended, s.ended);
    }

    /// Lays a design on the desk, for every panel to read.
    pub(super) fn lay(&self, design: Arc<Design>) {
        self.resolved.set(Arc::new(resolve(&design).0));
        let issues = check(&design);
        if self.issues.with_untracked(|old| *old != issues) {
            self.issues.set(issues);
        }
        if self.selected.with_untracked(|id| id.as_ref().is_some_and(|id| design.get(id).is_none())) {
            self.selected.set(None);
            self.target.set(None);
        }
        self.design.set(design);
    }

    fn plug(&self, f: impl FnOnce(&mut Wires)) {
        WIRES.with(|w| f(w.borrow_mut().entry(self.wires).or_default()));
    }

    pub fn connect(&self, connection: Rc<dyn Connection>) {
        self.plug(|w| w.connection = Some(connection));
    }

    pub fn attach(&self, viewport: Rc<dyn Viewport>) {
        self.plug(|w| w.viewport = Some(viewport));
    }

    pub fn compute(&self, kernel: Rc<dyn Kernel>) {
        self.plug(|w| w.kernel = Some(kernel));
    }

    /// Closes connection, worker and viewport: the page is left.
    pub fn close(&self) {
        // Dropping the handles, outside of the borrow, stops the loops behind them.
        let wires = WIRES.with(|w| w.borrow_mut().remove(&self.wires));
        if let Some(connection) = wires.and_then(|w| w.connection) {
            connection.close();
        }
    }

    /// Whether the design was closed for good, or the page left: what comes late is dropped.
    pub fn is_over(&self) -> bool {
        self.ended.try_with_untracked(Option::is_some) != Some(false)
    }

    /// Takes everything off the desk after the end; why it ended stays.
    pub fn clear(&self) {
        self.close();
        let empty = Arc::new(Design::new());
        self.name.set(String::new());
        self.selected.set(None);
        self.target.set(None);
        self.picks.set(Vec::new());
        self.hover.set(None);
        self.peers.set(Vec::new());
        self.edit_notices.set(Vec::new());
        self.undo.set(None);
        self.redo.set(None);
        self.scene.set(None);
        self.talking.clear();
        self.past.clear();
        self.bench.runs.set(Vec::new());
        self.bench.outcome.set(None);
        self.judged.set(Judged::default());
        self.shown.set((0, empty.clone()));
        self.lay(empty);
    }

    pub fn view(&self, command: ViewCommand) {
        if matches!(command, ViewCommand::View(_) | ViewCommand::Fit) {
            self.steered();
        }
        // Cloned out: the viewport may answer before it returns.
        let viewport = WIRES.with(|w| w.borrow().get(&self.wires).and_then(|w| w.viewport.clone()));
        if let Some(viewport) = viewport {
            viewport.send(command);
        }
    }

    pub fn attach_twin(&self, viewport: Option<Rc<dyn Viewport>>) {
        let mut before = None;
        self.plug(|w| before = std::mem::replace(&mut w.twin, viewport));
        // Dropped outside of the borrow: it lets go of its canvas.
        drop(before);
    }

    /// Tells the view beside the first, where there is one.
    pub fn twin_view(&self, command: ViewCommand) {
        let twin = WIRES.with(|w| w.borrow().get(&self.wires).and_then(|w| w.twin.clone()));
        if let Some(twin) = twin {
            twin.send(command);
        }
    }

    /// The person looks elsewhere by themselves: nobody is followed any more.
    pub fn steered(&self) {
        if self.following.with_untracked(Option::is_some) {
            self.following.set(None);
        }
    }

    /// Asks the geometry worker; false when there is none.
    pub fn evaluate(&self, revision: u64, design: &Design) -> bool {
        let kernel = WIRES.with(|w| w.borrow().get(&self.wires).and_then(|w| w.kernel.clone()));
        if let Some(kernel) = &kernel {
            kernel.evaluate(revision, design);
        }
        kernel.is_some()
    }

    fn with_connection(&self, f: impl FnOnce(&dyn Connection)) {
        let connection = WIRES.with(|w| w.borrow().get(&self.wires).and_then(|w| w.connection.clone()));
        if let Some(connection) = connection {
            f(&*connection);
        }
    }

    /// Makes an edit; what does not apply is said.
    pub fn commit(&self, command: Command) -> bool {
        if !self.may_edit.get_untracked() {
            self.notices.bad(match self.past.at.get_untracked() {
                Some(at) => format!("Version {at} is the past. Return to now to edit, or restore it first."),
                None => "You may look at this design but not change it.".to_owned(),
            });
            return false;
        }
        let mut done = false;
        self.with_connection(|c| match c.submit(command) {
            Ok(()) => done = true,
            Err(refusal) => self.notices.bad(capital(&refusal.to_string())),
        });
        done
    }

    pub fn set(&self, id: &Id, key: &str, value: Value) -> bool {
        self.commit(Command::Set { id: id.clone(), key: key.into(), value: Some(value) })
    }

    /// Shows edits that are not made yet; an empty list ends it.
    pub fn drag(&self, preview: Vec<Command>) {
        if self.may_edit.get_untracked() {
            self.with_connection(|c| c.drag(preview));
        }
    }

    pub fn undo(&self) {
        if self.is_past() {
            return;
        }
        self.with_connection(|c| c.undo());
    }

    pub fn redo(&self) {
        if self.is_past() {
            return;
        }
        self.with_connection(|c| c.redo());
    }

    pub fn presence(&self, presence: Presence) {
        self.with_connection(|c| c.presence(presence));
    }

    pub fn answer(&self, notice: u64, choice: Choice) {
        self.with_connection(|c| c.resolve(notice, choice));
    }

    pub fn retry(&self) {
        self.with_connection(|c| c.retry());
    }

    /// The object with this id now.
    pub fn object(&self, id: &Id) -> Option<Object> {
        self.design.with(|d| d.get(id).cloned())
    }

    /// Everything wrong at an object, from the design and from geometry.
    pub fn issues_of(&self, id: &Id) -> Vec<Issue> {
        let mut found: Vec<Issue> =
            self.issues.with(|i| i.iter().filter(|i| i.object == *id).cloned().collect::<Vec<_>>());
        self.scene.with(|s| {
            for issue in s.iter().flat_map(|s| &s.issues).filter(|i| i.object == *id) {
                if !found.iter().any(|f| f.message == issue.message) {
                    found.push(issue.clone());
                }
            }
        });
        found
    }

    /// Whether the exact kernel refused this feature and a field could do it.
    pub fn is_refused(&self, id: &Id) -> bool {
        self.scene.with(|s| s.as_ref().is_some_and(|s| s.refused.contains(id)))
    }

    /// A quantity in the design's display units.
    pub fn show(&self, value: f64, dimension: Dimension, digits: usize) -> String {
        format(Quantity::new(value, dimension), self.units.get(), digits)
    }

    /// The number of [`Desk::show`] without its unit, for tables whose heads name it.
    pub fn show_number(&self, value: f64, dimension: Dimension, digits: usize) -> String {
        format_number(Quantity::new(value, dimension), self.units.get(), digits)
    }

    /// How far two quantities lie apart, in the design's display units.
    pub fn show_difference(&self, value: f64, dimension: Dimension, digits: usize) -> String {
        format_difference(Quantity::new(value, dimension), self.units.get(), digits)
    }
}

/// The same objects, by identity: a cheap and safe "nothing changed".
fn shares(a: &Design, b: &Design) -> bool {
    a.objects.len() == b.objects.len() && a.objects.iter().zip(&b.objects).all(|(a, b)| Arc::ptr_eq(a, b))
}

pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// The editor's state, anywhere inside it.
pub fn use_desk() -> Desk {
    expect_context()
}
