//! Properties of generative design: what may be filled, what must stay, what is sought, how it will be made.

use super::{Field, FieldType, Section, prop};
use crate::quantity::Dimension;

/// Longest length accepted, m: beyond, a unit was mistaken.
const LENGTH_MAX: f64 = 1e4;

const fn length(key: &'static str, label: &'static str, default: &'static str) -> Field {
    let (min, max) = (Some(0.0), Some(LENGTH_MAX));
    prop(key, label, FieldType::Expr { dimension: Dimension::LENGTH, default, min, max })
}

const fn bodies(key: &'static str, label: &'static str, max: u32) -> Field {
    prop(key, label, FieldType::Refs { section: Section::Feature, max })
}

const fn flag(key: &'static str, label: &'static str) -> Field {
    prop(key, label, FieldType::Flag { default: false })
}

const DIRECTIONS: &[(&str, &str)] = &[
    ("x", "Along x"),
    ("x_back", "Against x"),
    ("y", "Along y"),
    ("y_back", "Against y"),
    ("z", "Along z"),
    ("z_back", "Against z"),
];

const fn direction(key: &'static str, label: &'static str) -> Field {
    prop(key, label, FieldType::Choice { options: DIRECTIONS, default: "z" })
}

pub(super) const SPACE: Field =
    bodies("bodies", "Design space", 1).required().help("The body that may be filled. The outcome is a part of it.");
/// The same for the body that was found.
pub(super) const GROUND: Field = bodies("bodies", "Design space", 1)
    .required()
    .help("The body it grows in: faces of it that it reaches keep their names and places. Where the space changes, it follows.");
/// The goals that are about forces; the other is about heat.
const MECHANICAL: &[&str] = &["share", "mass", "displacement", "compliance", "stress"];

pub(super) const SUPPORTS: Field = super::kinds::SUPPORTS.when("goal", MECHANICAL);
pub(super) const CASES: Field = prop("cases", "Load cases", FieldType::Refs { section: Section::LoadCase, max: 32 })
    .when("goal", MECHANICAL)
    .help("Empty: all, each with its weight; a design without load cases has one, of all its loads.");
pub(super) const THERMAL: Field = prop(
    "thermal",
    "Heat boundaries",
    FieldType::Refs { section: Section::Thermal, max: 100 },
)
.when("goal", &["conduction"])
.help("Empty: all. Given temperatures are where heat goes to; heat flows and heat sources are what is to get there.");

pub(super) const GOAL: Field = prop(
    "goal",
    "Goal",
    FieldType::Choice {
        options: &[
            ("share", "Stiffest, with a share of the space"),
            ("mass", "Stiffest, with a mass"),
            ("displacement", "Lightest, within a displacement"),
            ("compliance", "Lightest, within a compliance"),
            ("stress", "Lightest, within a stress"),
            ("conduction", "Best conductor, with a share of the space"),
        ],
        default: "share",
    },
);
pub(super) const SHARE: Field = prop(
    "share",
    "Share of the space",
    FieldType::Expr { dimension: Dimension::NONE, default: "30 %", min: Some(0.01), max: Some(1.0) },
)
.when("goal", &["share", "conduction"]);
pub(super) const MASS: Field = prop(
    "mass",
    "Mass at most",
    FieldType::Expr { dimension: Dimension::MASS, default: "1 kg", min: Some(1e-9), max: Some(1e9) },
)
.when("goal", &["mass"]);
pub(super) const DISPLACEMENT: Field = length("displacement", "Displacement at most", "0.1 mm")
    .when("goal", &["displacement"])
    .help("Mean way of the loaded places along their loads, each counted by its force, in every load case.");
pub(super) const COMPLIANCE: Field = prop(
    "compliance",
    "Compliance at most",
    FieldType::Expr { dimension: Dimension::MOMENT, default: "1 J", min: Some(1e-12), max: Some(1e12) },
)
.when("goal", &["compliance"])
.help("Work of the loads, force times way, in every load case.");

pub(super) const STRESS: Field = prop(
    "stress",
    "Stress at most",
    FieldType::Expr { dimension: Dimension::PRESSURE, default: "100 MPa", min: Some(1.0), max: Some(1e12) },
)
.when("goal", &["stress"])
.help("Von Mises, in every load case, away from what is kept: at held and loaded faces it has no finite value. It takes twice the time.");

pub(super) const LAYER: Field = length("layer", "Layer kept", "3 mm")
    .help("Held, loaded, heated and cooled faces, and the faces to keep, stay as they are with a layer of this thickness behind them.");
pub(super) const KEEP_FACES: Field = prop("keep_faces", "Faces to keep", FieldType::Faces)
    .help("More faces that stay, of the design space or of other bodies.");
pub(super) const KEEP_BODIES: Field =
    bodies("keep_bodies", "Bodies to keep", 100).help("Where they lie in the design space, it is filled.");
pub(super) const AVOID_BODIES: Field = bodies("avoid_bodies", "Bodies to avoid", 100)
    .help("Room for tools, bolts and neighbours: nothing is built there.");
pub(super) const AVOID_FACES: Field = prop("avoid_faces", "Faces to keep away from", FieldType::Faces);
pub(super) const DISTANCE: Field =
    length("distance", "Distance to them", "5 mm").help("Nothing is built nearer to these faces than this.");

pub(super) const SYMMETRIES: [Field; 3] = [
    flag("symmetric_x", "Symmetric across x").help("About the middle of the design space."),
    flag("symmetric_y", "Symmetric across y"),
    flag("symmetric_z", "Symmetric across z"),
];
pub(super) const MEMBER: Field = length("member", "Smallest member", "0 mm")
    .help("Width that members and gaps have at least; it takes more iterations. Zero: no more than the cells ask for.");
pub(super) const MEMBER_MAX: Field = length("member_max", "Largest member", "0 mm")
    .help("Width that members have at most, away from what is kept; it takes more iterations. Zero: no limit.");
pub(super) const FILTER: Field = prop(
    "filter",
    "Filter",
    FieldType::Choice {
        options: &[("cone", "Cone: over a ball"), ("helmholtz", "Helmholtz: by an equation")],
        default: "cone",
    },
)
.help("What keeps cells from alternating. The equation does not see across slots of the space, and costs less where the radius is large.");
pub(super) const FILTER_RADIUS: Field = length("filter_radius", "Filter radius", "0 mm").help(
    "Detail below it is smoothed away, however many cells. Zero: two cells. A smallest member has a radius of its own.",
);
pub(super) const PROCESS: Field = prop(
    "process",
    "Process",
    FieldType::Choice {
        options: &[
            ("any", "Any"),
            ("additive", "Additive, without supports"),
            ("casting", "Casting"),
            ("extrusion", "Extrusion"),
        ],
        default: "any",
    },
);
pub(super) const BUILD: Field = direction("build", "Build direction")
    .when("process", &["additive"])
    .help("Up, from the plate. No overhang is flatter than the angle below.");
pub(super) const OVERHANG: Field = prop(
    "overhang",
    "Flattest overhang",
    FieldType::Expr { dimension: Dimension::NONE, default: "45 deg", min: Some(0.436), max: Some(1.31) },
)
.when("process", &["additive"])
.help("Angle above the plate that prints without supports, 25° to 75°. Cells make it at most that flat, to 2 %.");
pub(super) const DRAW: Field = direction("draw", "Draw direction").when("process", &["casting"]);
pub(super) const MOULD: Field = prop(
    "mould",
    "Mould",
    FieldType::Choice { options: &[("one", "One half"), ("two", "Two halves, parted in the middle")], default: "one" },
)
.when("process", &["casting"]);
pub(super) const EXTRUSION: Field =
    prop("axis", "Extruded along", FieldType::Choice { options: &[("x", "X"), ("y", "Y"), ("z", "Z")], default: "z" })
        .when("process", &["extrusion"]);

pub(super) const CELLS: Field =
    prop("cells", "Cells along the longest side", FieldType::Count { default: "60", min: 8, max: 400 })
        .help("Twice as many take eight times the memory and ten times the time.");
pub(super) const ITERATIONS: Field =
    prop("iterations", "Iterations at most", FieldType::Count { default: "120", min: 1, max: 2000 });
