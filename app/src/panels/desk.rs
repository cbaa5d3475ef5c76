//! The editor's shared state: the design as it is told by the connection, what is selected, what is shown.

use crate::api::client::Client;
use crate::doc::{Choice, Connection, Notice as EditNotice, SaveState, Snapshot, Update};
use crate::port::Kernel;
use crate::studies::Bench;
use crate::sync::{Peer, Presence};
use crate::ui::{Notices, Tone, random, use_notices};
use crate::viewport::{Pick, PickFilter, ViewCommand, Viewport};
use leptos::prelude::*;
use solver::design::profile::{Outline, Profile};
use solver::design::schema::{self, FieldType, Section};
use solver::design::{Command, Design, Id, Issue, Object, Resolved, Value, check, resolve};
use solver::quantity::{Dimension, Quantity, UnitSystem, format};
use solver::scene::Scene;
use solver::surface::{EdgeName, FaceName};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The property that picks in the viewport go to.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub object: Id,
    pub key: String,
    pub wants: Wants,
}

/// What a property collects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    Faces,
    Edges,
    /// Features, by the face that was clicked.
    Features,
}

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
    pub camera: RwSignal<Option<[[f64; 3]; 3]>>,
    /// User whose view this one follows.
    pub following: RwSignal<Option<String>>,
    pub units: Signal<UnitSystem>,
    pub bench: Bench,
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
            camera: RwSignal::new(None),
            following: RwSignal::new(None),
            units: Memo::new(move |_| design.with(|d| units_of(d))).into(),
            bench: Bench::new(),
            notices: use_notices(),
            client: StoredValue::new(Client::current()),
            wires: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Takes what the connection says.
    pub fn told(&self, update: Update) {
        match update {
            Update::Changed(snapshot) => self.take(*snapshot),
            Update::Run(event) => self.bench.told(self, event),
            Update::Renamed(name) => self.name.set(name),
            Update::Say(text) => self.notices.say(Tone::Info, text),
        }
    }

    fn take(&self, s: Snapshot) {
        /// Wakes readers only on a change.
        fn put<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
            if signal.with_untracked(|old| *old != value) {
                signal.set(value);
            }
        }
        if !self.loaded.get_untracked() || self.shown.with_untracked(|(revision, _)| *revision != s.revision) {
            let same = self.loaded.get_untracked() && self.design.with_untracked(|d| shares(d, &s.design));
            if !same {
                let design = Arc::new(s.design);
                self.resolved.set(Arc::new(resolve(&design).0));
                put(self.issues, check(&design));
                if self.selected.with_untracked(|id| id.as_ref().is_some_and(|id| design.get(id).is_none())) {
                    self.selected.set(None);
                    self.target.set(None);
                }
                self.design.set(design);
            }
            self.shown.set((s.revision, Arc::new(s.shown)));
        }
        put(self.loaded, s.loaded);
        put(self.sequence, s.sequence);
        put(self.save, s.save);
        put(self.online, s.online);
        put(self.may_edit, s.may_edit);
        put(self.peers, s.peers);
        put(self.edit_notices, s.notices);
        put(self.undo, s.undo);
        put(self.redo, s.redo);
        put(self.ended, s.ended);
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
            self.notices.bad("You may look at this design but not change it.");
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
        self.with_connection(|c| c.undo());
    }

    pub fn redo(&self) {
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

    /// Adds an object of `kind` with what is picked, and selects it.
    pub fn add(&self, kind: &'static str) -> Option<Id> {
        let kind = schema::kind(kind)?;
        let id = Id::fresh(kind.id, random());
        let mut object = Object::new(id.clone(), kind.id, "");
        object.name = self.design.with_untracked(|d| free_name(d, kind));
        prefill(&mut object, kind, &self.picks.get_untracked(), self.selected.get_untracked(), self);
        if !self.commit(Command::Add { object: object.clone(), before: None }) {
            return None;
        }
        self.selected.set(Some(id.clone()));
        self.picks.set(Vec::new());
        // What still has to be picked is asked for at once.
        let open = kind.fields.iter().find(|f| {
            f.required
                && match f.kind {
                    FieldType::Faces => object.faces(f.key).is_empty(),
                    FieldType::Edges => object.edges(f.key).is_empty(),
                    FieldType::Refs { section, .. } => section == Section::Feature && object.refs(f.key).is_empty(),
                    _ => false,
                }
        });
        self.target.set(
            open.and_then(|f| wants(&f.kind).map(|wants| Target { object: id.clone(), key: f.key.into(), wants })),
        );
        Some(id)
    }

    /// Removes an object; of a group only the group, as in other trees: its contents stay where they stand.
    pub fn remove(&self, id: &Id) {
        let (next, command) = self.design.with_untracked(|d| (neighbour(d, id), removal(d, id)));
        if self.commit(command) {
            self.target.set(None);
            self.selected.set(next);
        }
    }

    /// The pick filter that fits what is being picked.
    pub fn filter(&self) -> PickFilter {
        match self.target.get().map(|t| t.wants) {
            Some(Wants::Faces | Wants::Features) => PickFilter::Faces,
            Some(Wants::Edges) => PickFilter::Edges,
            None => PickFilter::All,
        }
    }

    /// Puts picks into the property that is collecting: what is there already leaves, the rest joins.
    pub fn collect(&self, picks: &[Pick]) {
        let Some(target) = self.target.get_untracked() else { return };
        let Some(object) = self.design.with_untracked(|d| d.get(&target.object).cloned()) else { return };
        fn toggle<T: PartialEq>(list: &mut Vec<T>, item: T) {
            match list.iter().position(|x| *x == item) {
                Some(at) => drop(list.remove(at)),
                None => list.push(item),
            }
        }
        let value = match target.wants {
            Wants::Faces => {
                let mut faces = object.faces(&target.key);
                picks.iter().filter_map(face_of).for_each(|f| toggle(&mut faces, f));
                Value::Faces(faces)
            }
            Wants::Edges => {
                let mut edges = object.edges(&target.key);
                picks.iter().filter_map(edge_of).for_each(|e| toggle(&mut edges, e));
                Value::Edges(edges)
            }
            Wants::Features => {
                let mut refs = object.refs(&target.key);
                for feature in picks.iter().filter_map(face_of).map(|f| Id(f.feature().into())) {
                    if feature != object.id {
                        toggle(&mut refs, feature);
                    }
                }
                Value::Refs(refs)
            }
        };
        if object.get(&target.key).as_ref() != Some(&value) {
            self.set(&target.object, &target.key, value);
        }
    }
}

pub fn face_of(pick: &Pick) -> Option<FaceName> {
    match pick {
        Pick::Face { face, .. } => Some(face.clone()),
        _ => None,
    }
}

pub fn edge_of(pick: &Pick) -> Option<EdgeName> {
    match pick {
        Pick::Edge { edge, .. } => Some(edge.clone()),
        _ => None,
    }
}

/// What a field of this type collects from the viewport.
pub fn wants(kind: &FieldType) -> Option<Wants> {
    match kind {
        FieldType::Faces => Some(Wants::Faces),
        FieldType::Edges => Some(Wants::Edges),
        FieldType::Refs { section: Section::Feature, .. } => Some(Wants::Features),
        _ => None,
    }
}

/// The same objects, by identity: a cheap and safe "nothing changed".
fn shares(a: &Design, b: &Design) -> bool {
    a.objects.len() == b.objects.len() && a.objects.iter().zip(&b.objects).all(|(a, b)| Arc::ptr_eq(a, b))
}

/// Removes `id` in one step that undo takes back whole; what stood in it moves up to where it stood itself.
fn removal(design: &Design, id: &Id) -> Command {
    let above = design.get(id).and_then(|o| o.parent.clone());
    let contents = design.objects.iter().enumerate().filter(|(_, o)| o.parent.as_ref() == Some(id));
    let mut commands: Vec<Command> = contents
        .map(|(at, child)| {
            let before = design.objects.get(at + 1).map(|o| o.id.clone());
            Command::Move { id: child.id.clone(), before, parent: above.clone() }
        })
        .collect();
    let remove = Command::Remove { id: id.clone() };
    if commands.is_empty() {
        return remove;
    }
    commands.push(remove);
    Command::Batch { commands }
}

/// The object to select after `id` is gone: the next of its section, else the one before.
fn neighbour(design: &Design, id: &Id) -> Option<Id> {
    let section = design.get(id)?.section()?;
    let list: Vec<&Object> = design.section(section).collect();
    let at = list.iter().position(|o| o.id == *id)?;
    list.get(at + 1).or_else(|| at.checked_sub(1).and_then(|i| list.get(i))).map(|o| o.id.clone())
}

/// "Hole 3"; for a parameter `length_2`.
fn free_name(design: &Design, kind: &schema::Kind) -> String {
    let taken = |name: &str| design.objects.iter().any(|o| o.name == name);
    let parameter = kind.section == Section::Parameter;
    let name = |n: usize| if parameter { format!("length_{n}") } else { format!("{} {n}", kind.label) };
    (1..).map(name).find(|n| !taken(n)).unwrap_or_default()
}

/// Puts what is picked and selected into the properties that want it.
fn prefill(object: &mut Object, kind: &schema::Kind, picks: &[Pick], selected: Option<Id>, desk: &Desk) {
    let faces: Vec<FaceName> = picks.iter().filter_map(face_of).collect();
    let edges: Vec<EdgeName> = picks.iter().filter_map(edge_of).collect();
    let feature = selected
        .filter(|id| desk.design.with_untracked(|d| d.get(id).and_then(Object::section)) == Some(Section::Feature));
    for field in kind.fields {
        match field.kind {
            FieldType::Faces if !faces.is_empty() && field.when.is_none() => {
                object.properties.insert(field.key.into(), Value::Faces(faces.clone()));
            }
            FieldType::Faces if field.when == Some(("plane", "face")) && faces.len() == 1 => {
                object.properties.insert(field.key.into(), Value::Faces(faces.clone()));
                object.properties.insert("plane".into(), Value::Choice("face".into()));
            }
            FieldType::Faces if field.when == Some(("rule", "faces")) && !faces.is_empty() => {
                object.properties.insert(field.key.into(), Value::Faces(faces.clone()));
            }
            FieldType::Edges if !edges.is_empty() => {
                object.properties.insert(field.key.into(), Value::Edges(edges.clone()));
            }
            FieldType::Refs { section: Section::Feature, .. } if field.key == "features" && field.when.is_none() => {
                if let Some(feature) = feature.clone() {
                    object.properties.insert(field.key.into(), Value::Refs(vec![feature]));
                }
            }
            _ => {}
        }
    }
    // Turned about an axis in its plane: a profile around the origin would lie on both sides of it.
    if object.kind == "revolve" {
        let outer = Outline::Circle { centre: ["25 mm".into(), "0 mm".into()], radius: "10 mm".into() };
        object.properties.insert("profile".into(), Value::Profile(Profile { outer, holes: Vec::new() }));
    }
    let has_body = desk.design.with_untracked(|d| d.section(Section::Feature).next().is_some());
    // On a face of a body, more material is usually meant to be one with it.
    if object.kind == "extrude" && has_body && object.properties.contains_key("face") {
        object.properties.insert("operation".into(), Value::Choice("join".into()));
    }
}

pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// The editor's state, anywhere inside it.
pub fn use_desk() -> Desk {
    expect_context()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_objects_get_a_free_name() {
        let mut design = Design::new();
        let kind = schema::kind("hole").expect("a kind");
        assert_eq!(free_name(&design, kind), "Hole 1");
        design.objects.push(Arc::new(Object::new("a", "hole", "Hole 1")));
        design.objects.push(Arc::new(Object::new("b", "hole", "Hole 3")));
        assert_eq!(free_name(&design, kind), "Hole 2");
        assert_eq!(neighbour(&design, &"a".into()), Some("b".into()));
        assert_eq!(neighbour(&design, &"b".into()), Some("a".into()));
    }

    #[test]
    fn removing_a_group_leaves_its_contents_in_place_and_undo_brings_all_back() {
        let mut design = Design::new();
        let object = |id: &str, kind: &str, parent: Option<&str>| {
            let mut o = Object::new(id, kind, id);
            o.parent = parent.map(Into::into);
            Arc::new(o)
        };
        design.objects = vec![
            object("outer", "group", None),
            object("inner", "group", Some("outer")),
            object("box_a", "box", Some("inner")),
            object("hole_a", "hole", None),
            object("hole_b", "hole", Some("inner")),
        ];
        let (after, inverse) = solver::design::apply(&design, &removal(&design, &"inner".into())).expect("applies");
        let of = |d: &Design| d.objects.iter().map(|o| (o.id.clone(), o.parent.clone())).collect::<Vec<_>>();
        let line = |id: &str, parent: Option<&str>| (Id::from(id), parent.map(Id::from));
        let expected =
            [line("outer", None), line("box_a", Some("outer")), line("hole_a", None), line("hole_b", Some("outer"))];
        assert_eq!(of(&after), expected);
        let (back, _) = solver::design::apply(&after, &inverse).expect("applies");
        assert_eq!(of(&back), of(&design));
        assert_eq!(removal(&design, &"box_a".into()), Command::Remove { id: "box_a".into() });
    }
}
