//! Shapes of the core's values in the API's description. The core knows no API, so what it serialises is told here once more,
//! for OpenAPI alone: nothing of this is ever made. A test of the server serialises every variant of the true types and holds
//! it against these, so that neither moves without the other.
//!
//! Some names differ from the core's: to the description `Object` and `Value` mean *anything*, and a name is there once.

use serde::Serialize;
use utoipa::ToSchema;

/// Exponents of metre, kilogram, second, kelvin and ampere: a force is `[1, 1, -2, 0, 0]`.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
pub struct Dimension(pub [i8; 5]);

/// The whole design at one moment, in the order of its tree.
#[derive(Serialize, ToSchema)]
pub struct Design {
    /// Version of the document's form.
    #[serde(default)]
    pub schema: u32,
    pub objects: Vec<DesignObject>,
}

/// One thing in a design: a parameter, a feature, a support, a load, a study, a requirement.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "box_1", "kind": "box", "name": "Plate", "properties": {"dx": {"type": "expr", "value": "80 mm"}}}))]
pub struct DesignObject {
    /// Chosen by whoever adds it and never reused: at most 40 of `a`–`z`, `0`–`9` and `_`.
    pub id: String,
    pub kind: String,
    /// What the person calls it. A parameter's name is what expressions use.
    pub name: String,
    /// The group it stands in, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    #[serde(default)]
    pub suppressed: bool,
    /// By key, and only what differs from the default of its kind.
    #[serde(default)]
    pub properties: std::collections::BTreeMap<String, PropertyValue>,
}

/// A property's value. Which type a property takes is a matter of the object's kind.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum PropertyValue {
    /// A quantity as typed: `12 mm`, `2*width`.
    Expr(String),
    /// Three quantities of one dimension: x, y, z in world axes.
    Vector([String; 3]),
    Text(String),
    Flag(bool),
    /// One of the choices of the kind, by key.
    Choice(String),
    /// Other objects, by id.
    Refs(Vec<String>),
    /// Faces, each named by the feature and the part of it that made it: `box_1.left`.
    Faces(Vec<String>),
    Edges(Vec<EdgeName>),
    /// A closed planar outline with holes.
    Profile(Profile),
    /// A file of the design: its hash, as the upload answered, and its name.
    Blob {
        hash: String,
        name: String,
    },
}

/// An edge, by the two faces it lies between.
#[derive(Serialize, ToSchema)]
pub struct EdgeName {
    /// In ascending order.
    pub faces: [String; 2],
    /// Which of them, where the two share several.
    #[serde(default)]
    pub piece: u32,
}

/// An outer outline with holes.
#[derive(Serialize, ToSchema)]
pub struct Profile {
    pub outer: Outline,
    #[serde(default)]
    pub holes: Vec<Outline>,
}

/// A closed loop; coordinates are expressions in the sketch plane.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outline {
    /// Segments that return to `start`.
    Path {
        start: [String; 2],
        segments: Vec<Segment>,
    },
    Circle {
        centre: [String; 2],
        radius: String,
    },
}

/// From the end of the segment before.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Segment {
    Line {
        to: [String; 2],
    },
    /// Circular, through `via`.
    Arc {
        via: [String; 2],
        to: [String; 2],
    },
}

/// One edit: the only way a design changes.
#[derive(Serialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
#[schema(example = json!({"do": "set", "id": "box_1", "key": "dx", "value": {"type": "expr", "value": "80 mm"}}))]
pub enum Command {
    /// Adds an object before another; at the end, where none is named.
    Add {
        object: DesignObject,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
    },
    /// Removes an object. What refers to it is left, and reported as an issue there.
    Remove { id: String },
    /// Moves an object in the tree: before another, into a group.
    Move {
        id: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<String>,
    },
    /// Sets one property; without a value it returns to its default.
    Set {
        id: String,
        key: String,
        #[serde(default)]
        value: Option<PropertyValue>,
    },
    /// Renames; a parameter's uses in expressions follow.
    Rename { id: String, name: String },
    /// Takes an object out of the design without losing it, or back in.
    Suppress { id: String, suppressed: bool },
    /// All or nothing, and one step of undo.
    Batch {
        #[schema(no_recursion)]
        commands: Vec<Command>,
    },
}

/// Why a command does not apply. The design is unchanged.
#[derive(Serialize, ToSchema)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Refusal {
    /// There is no such object any more.
    Missing {
        id: String,
    },
    Exists {
        id: String,
    },
    BadId {
        id: String,
    },
    UnknownKind {
        kind: String,
    },
    UnknownProperty {
        kind: String,
        key: String,
    },
    WrongType {
        name: String,
        label: String,
        expected: String,
    },
    BadName {
        name: String,
        reason: String,
    },
    NameTaken {
        name: String,
    },
    TooLarge {
        what: String,
        limit: u64,
    },
    /// A group cannot stand inside itself.
    Nested {
        id: String,
    },
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The object has no effect until it is mended.
    Error,
    /// It works, but probably not as meant.
    Warning,
}

/// One thing wrong, at one place. The text says what to do.
#[derive(Serialize, ToSchema)]
pub struct Issue {
    pub object: String,
    /// The property at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    pub severity: Severity,
    pub message: String,
}

/// One thing that is other at one object.
#[derive(Serialize, ToSchema)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    Added,
    Removed,
    Renamed {
        before: String,
        after: String,
    },
    /// It stands elsewhere among the others: after which object, null for the beginning.
    Moved {
        before: Option<String>,
        after: Option<String>,
    },
    /// It stands in another group.
    Grouped {
        before: Option<String>,
        after: Option<String>,
    },
    Suppressed {
        after: bool,
    },
    /// Null is the default of the kind.
    Property {
        key: String,
        before: Option<PropertyValue>,
        after: Option<PropertyValue>,
    },
}

/// A change with its place and its words.
#[derive(Serialize, ToSchema)]
pub struct ChangeLine {
    pub object: String,
    pub kind: String,
    /// What the object is called now, or was called before it was removed.
    pub name: String,
    #[serde(flatten)]
    pub change: Change,
    /// `Length x: 100 mm → 2*width = 80 mm`.
    pub text: String,
}

/// The changes of one section of the tree, in the order of its objects.
#[derive(Serialize, ToSchema)]
pub struct Part {
    pub label: String,
    pub lines: Vec<ChangeLine>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Ours,
    Theirs,
}

/// Two edits that cannot both stand.
#[derive(Serialize, ToSchema)]
pub struct Conflict {
    pub object: String,
    /// A property, or what else of the object both sides changed.
    pub key: String,
    /// What the object is called.
    pub name: String,
    /// What the property is called.
    pub label: String,
    /// What stands there, in words.
    pub base: String,
    pub ours: String,
    pub theirs: String,
    /// Whose edit was chosen.
    pub choice: Option<Side>,
}

/// Something that a merge does of itself.
#[derive(Serialize, ToSchema)]
pub struct MergeNote {
    pub object: String,
    pub text: String,
}

/// How far a number may be trusted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Indicative.
    Instant,
    /// From a mesh that follows the body, with an error estimate: may prove a requirement.
    Verified,
}

/// A number of an answer with its band.
#[derive(Serialize, ToSchema)]
pub struct Scalar {
    /// Stable key, `displacement_max`.
    pub id: String,
    pub label: String,
    /// SI.
    pub value: f64,
    /// Half width of the band, SI: the truth is expected in value ± error. Null: not estimated.
    pub error: Option<f64>,
    pub dimension: Dimension,
    pub grade: Grade,
    /// The load case, mode or moment it belongs to; null for the whole run.
    pub case: Option<String>,
    /// Where the value was found, world axes, m.
    pub at: Option<[f64; 3]>,
    /// Where the quantity has no finite value: it grows as this power of the inverse of the element size, and `value` is only
    /// what the finest mesh shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exponent: Option<f64>,
}

/// Whether a design does what a requirement asks, as far as evidence shows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    NoEvidence,
    Stale,
    NoFiniteValue,
    NotMet,
    Indicated,
    Met,
}

/// Who answers for doing without a requirement, and why. It changes no verdict.
#[derive(Serialize, ToSchema)]
pub struct Waiver {
    pub by: String,
    pub reason: String,
}

/// The verdict on a requirement with what it rests on. Values are SI.
#[derive(Serialize, ToSchema)]
pub struct Judgement {
    pub requirement: String,
    pub verdict: Verdict,
    /// A sentence that says why.
    pub reason: String,
    /// The run that decided, and the position in the log it was started at.
    pub run: Option<String>,
    pub version: Option<u64>,
    /// The load case, mode or moment that decided, where there are several.
    pub state: Option<String>,
    pub value: Option<f64>,
    /// Half width of the band.
    pub error: Option<f64>,
    pub limit: Option<f64>,
    /// From the value to the limit; negative beyond it. The band is not taken off.
    pub margin: Option<f64>,
    pub dimension: Dimension,
    pub mandatory: bool,
    pub waiver: Option<Waiver>,
}

/// Where a run is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Geometry,
    Mesh,
    Assemble,
    Solve,
    Recover,
    Done,
}

/// What a run says while it goes on. Intermediate answers and checkpoints travel as bytes and are none of these.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Report {
    /// `fraction` of the whole run, from 0 to 1, never falling.
    Progress { phase: Phase, fraction: f64, note: String },
    /// One point of a convergence curve: relative residual after `iteration`.
    Residual { iteration: u32, value: f64 },
    /// A line for the run's log.
    Log { line: String },
}

/// What someone asks of a run under way.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    Nothing,
    /// Keep a checkpoint and stop.
    Pause,
    /// Answer with what there is.
    Finish,
}

/// The consistent system of units of an input deck.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Units {
    /// mm, N, t, s: MPa, t/mm³.
    Millimetre,
    /// m, N, kg, s: Pa, kg/m³.
    Metre,
    /// mm, kN, kg, ms: GPa, kg/mm³.
    MillimetreKilogram,
    /// in, lbf, lbf s²/in, s: psi; temperatures in °F.
    Inch,
}

/// A body that a deck gives.
#[derive(Serialize, ToSchema)]
pub struct DeckBody {
    pub name: String,
    /// Name of its material in the deck, if it has one.
    pub material: String,
    pub n_elements: usize,
    pub n_faces: usize,
    /// m³
    pub volume: f64,
    /// kg/m³, where the deck says so.
    pub density: Option<f64>,
}

/// Something about a line of a deck.
#[derive(Serialize, ToSchema)]
pub struct DeckNote {
    /// From 1.
    pub line: usize,
    pub text: String,
}

/// What a deck comes to in a design.
#[derive(Serialize, ToSchema)]
pub struct DeckReading {
    pub heading: String,
    pub n_nodes: usize,
    pub n_elements: usize,
    /// Lengths of the whole along the axes, m.
    pub size: [f64; 3],
    pub bodies: Vec<DeckBody>,
    /// To be added in this order.
    pub objects: Vec<DesignObject>,
    /// What was left out or taken otherwise, by line.
    pub notes: Vec<DeckNote>,
}
