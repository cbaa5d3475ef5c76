//! Every kind of object with its properties.

use super::{Field, FieldType, Kind, Section, generative, prop};
use crate::quantity::Dimension;

/// Largest model dimension accepted, m; smallest, m. Outside them a unit was almost certainly mistaken.
const LENGTH_MAX: f64 = 1e4;
const LENGTH_MIN: f64 = 1e-7;

const fn length(key: &'static str, label: &'static str, default: &'static str) -> Field {
    let (min, max) = (Some(LENGTH_MIN), Some(LENGTH_MAX));
    prop(key, label, FieldType::Expr { dimension: Dimension::LENGTH, default, min, max })
}

const fn offset(key: &'static str, label: &'static str, default: &'static str) -> Field {
    let (min, max) = (Some(-LENGTH_MAX), Some(LENGTH_MAX));
    prop(key, label, FieldType::Expr { dimension: Dimension::LENGTH, default, min, max })
}

const fn angle(key: &'static str, label: &'static str, default: &'static str) -> Field {
    let full = 2.0 * std::f64::consts::PI + 1e-9;
    prop(key, label, FieldType::Expr { dimension: Dimension::NONE, default, min: Some(-full), max: Some(full) })
}

const fn point(key: &'static str, label: &'static str) -> Field {
    prop(key, label, FieldType::Vector { dimension: Dimension::LENGTH, default: ["0 mm", "0 mm", "0 mm"] })
}

const fn direction(key: &'static str, label: &'static str, default: [&'static str; 3]) -> Field {
    prop(key, label, FieldType::Vector { dimension: Dimension::NONE, default })
}

/// How a solid feature meets the bodies that are there.
const OPERATION: Field = prop(
    "operation",
    "Operation",
    FieldType::Choice {
        options: &[("new", "New body"), ("join", "Join"), ("cut", "Cut"), ("common", "Common")],
        default: "new",
    },
)
.help("Join, cut and common act on the target bodies; with none chosen, on every body so far.");

const TARGETS: Field = prop("targets", "Target bodies", FieldType::Refs { section: Section::Feature, max: 100 })
    .help("Bodies are known by the feature that started them. Empty: every body so far.");

const MATERIAL: Field = prop("material", "Material", FieldType::Material).when("operation", &["new"]);

/// Which kernel builds the feature. The exact one refuses what it cannot do; the field one cannot fail, but samples.
const SOLVE_AS: Field = prop(
    "solve_as",
    "Solve as",
    FieldType::Choice { options: &[("exact", "Exact"), ("field", "Field")], default: "exact" },
)
.help("Field: an implicit solid on a fine grid. Its booleans and blends always work; its bodies carry a badge.");

const SMOOTH: Field = prop(
    "smooth",
    "Smooth by",
    FieldType::Expr { dimension: Dimension::LENGTH, default: "0 mm", min: Some(0.0), max: Some(LENGTH_MAX) },
)
.when("solve_as", &["field"])
.help("Radius of a soft transition where the solid meets its targets.");

const AXIS: Field =
    prop("axis", "Axis", FieldType::Choice { options: &[("x", "X"), ("y", "Y"), ("z", "Z")], default: "z" });

const PLANE: Field = prop(
    "plane",
    "Plane",
    FieldType::Choice {
        options: &[("xy", "XY"), ("xz", "XZ"), ("yz", "YZ"), ("face", "A planar face")],
        default: "xy",
    },
)
.help("Sketch axes: XY has x right and y up; XZ has x right and z up, normal -y; YZ has y right and z up.");

const PLANE_FACE: Field = prop("face", "Face", FieldType::Faces).when("plane", &["face"]);

const fn modulus(key: &'static str, label: &'static str, default: &'static str) -> Field {
    // Softer than foam, stiffer than diamond: a unit was mistaken.
    prop(key, label, FieldType::Expr { dimension: Dimension::PRESSURE, default, min: Some(1e3), max: Some(2e12) })
}

const fn poisson(key: &'static str, label: &'static str, default: &'static str) -> Field {
    prop(key, label, FieldType::Expr { dimension: Dimension::NONE, default, min: Some(-10.0), max: Some(10.0) })
}

const fn density(default: &'static str) -> Field {
    let (min, max) = (Some(1.0), Some(1e5));
    prop("density", "Density", FieldType::Expr { dimension: Dimension::DENSITY, default, min, max })
}

const fn expansion(key: &'static str, label: &'static str, default: &'static str) -> Field {
    prop(key, label, FieldType::Expr { dimension: Dimension::EXPANSION, default, min: Some(-1e-3), max: Some(1e-3) })
}

/// Zero: not given.
const fn conductivity(key: &'static str, label: &'static str) -> Field {
    let (default, min, max) = ("0 W/(m*K)", Some(0.0), Some(1e5));
    prop(key, label, FieldType::Expr { dimension: Dimension::CONDUCTIVITY, default, min, max }).over_temperature()
}

/// Zero: not given.
const fn specific_heat() -> Field {
    let (default, min, max) = ("0 J/(kg*K)", Some(0.0), Some(1e5));
    prop("specific_heat", "Specific heat", FieldType::Expr { dimension: Dimension::SPECIFIC_HEAT, default, min, max })
        .over_temperature()
}

/// Whether a component of a given displacement is given; `$along` is the axis.
const fn component(key: &'static str, label: &'static str, default: &'static str) -> Field {
    prop(key, label, FieldType::Choice { options: &[("free", "Free"), ("given", "Given")], default })
        .when("by", &["axes"])
}

/// Whether one motion of faces that move as one solid piece is given.
const fn motion(key: &'static str, label: &'static str) -> Field {
    prop(key, label, FieldType::Choice { options: &[("free", "Free"), ("given", "Given")], default: "given" })
}

/// Stiffness per area, N/m³; none is softer than air or stiffer than a micrometre of steel.
const fn bedding(key: &'static str, label: &'static str, default: &'static str) -> Field {
    let (min, max) = (Some(0.0), Some(1e18));
    prop(key, label, FieldType::Expr { dimension: Dimension::FOUNDATION, default, min, max })
}

const FACES: Field = prop("faces", "Faces", FieldType::Faces).required();

const SELECTIONS: Field =
    prop("selections", "Named selections", FieldType::Refs { section: Section::Selection, max: 50 });

const FORCE_MAX: f64 = 1e9;

const FORCE_VECTOR: Field =
    prop("force", "Force", FieldType::Vector { dimension: Dimension::FORCE, default: ["0 N", "0 N", "-1000 N"] });

const MOMENT_VECTOR: Field =
    prop("moment", "Moment", FieldType::Vector { dimension: Dimension::MOMENT, default: ["0 N*m", "0 N*m", "10 N*m"] });

const COUPLING: Field = prop(
    "coupling",
    "Coupling",
    FieldType::Choice { options: &[("distributing", "Distributing"), ("rigid", "Rigid")], default: "distributing" },
)
.help("Distributing carries the resultant and stiffens nothing; rigid moves the faces as one solid piece.");

const WEIGHTS: Field = prop(
    "weights",
    "Shares",
    FieldType::Choice { options: &[("area", "By area"), ("points", "Equal per mesh point")], default: "area" },
)
.help("By area does not depend on the mesh. Equal shares per point of the surface mesh are what many other codes use.");

const BODIES: Field = prop("bodies", "Bodies", FieldType::Refs { section: Section::Feature, max: 100 })
    .help("Empty: every body. Bodies that touch are taken as bonded.");

pub(super) const SUPPORTS: Field =
    prop("supports", "Supports", FieldType::Refs { section: Section::Support, max: 100 }).help("Empty: all.");

const MODES: Field = prop("modes", "Modes", FieldType::Count { default: "6", min: 1, max: 50 });

const ACCURACY_OF_MODES: Field = prop(
    "accuracy",
    "Accuracy",
    FieldType::Expr { dimension: Dimension::NONE, default: "1 %", min: Some(0.001), max: Some(0.5) },
);

const RESOLUTION: Field = prop(
    "resolution",
    "Resolution",
    FieldType::Choice {
        options: &[("coarse", "Coarse"), ("normal", "Normal"), ("fine", "Fine"), ("cell", "By cell size")],
        default: "normal",
    },
);

const REFINE: Field = prop("refine", "Faces to refine", FieldType::Faces)
    .help("Elements on these faces are no larger than the size below; from there they grow slowly.");
const REFINE_SIZE: Field = length("refine_size", "Elements on them", "1 mm");

/// What joins bodies that do not touch; bodies that do are bonded without it.
const BONDED: Field = prop("bonded", "Faces bonded across gaps", FieldType::Faces)
    .help("Faces of two or more bodies. Each is bonded to those of another body that lie within the gap below, as if it touched them.");
const BOND_GAP: Field = prop(
    "bond_gap",
    "Widest gap between them",
    FieldType::Expr { dimension: Dimension::LENGTH, default: "0.1 mm", min: Some(0.0), max: Some(LENGTH_MAX) },
)
.help(
    "Of the faces above alone. What lies in the gap is taken as stiff; the moment of a shear over its width is left out.",
);

const CELL: Field = length("cell", "Cell size", "1 mm").when("resolution", &["cell"]);

/// Hottest temperature accepted, K: beyond it no solid is left.
const TEMPERATURE_MAX: f64 = 5000.0;

const fn temperature(key: &'static str, label: &'static str, default: &'static str) -> Field {
    let (min, max) = (Some(0.0), Some(TEMPERATURE_MAX));
    prop(key, label, FieldType::Expr { dimension: Dimension::TEMPERATURE, default, min, max })
}

const fn heat(key: &'static str, label: &'static str, dimension: Dimension, default: &'static str) -> Field {
    prop(key, label, FieldType::Expr { dimension, default, min: Some(-1e15), max: Some(1e15) })
}

const AMBIENT: Field = temperature("ambient", "Surroundings", "20 °C")
    .over_time()
    .help("In a transient study it may depend on time: 20 °C + 5 K * sin(2*pi*time/(24 h)), or table(time, 0 s, 20 °C, 60 s, 80 °C).");

macro_rules! kinds {
    ($($id:literal $label:literal $section:ident $help:literal [$($field:expr),* $(,)?])*) => {
        &[$(Kind { id: $id, label: $label, section: Section::$section, help: $help, fields: &[$($field),*] }),*]
    };
}

/// Every kind of object, in the order menus show them.
pub const KINDS: &[Kind] = kinds! {
    "group" "Group" Group "Keeps objects together in the tree." []
    "parameter" "Parameter" Parameter "A named value that expressions can use." [
        prop("value", "Value", FieldType::AnyExpr { default: "10 mm" }).required(),
        prop("comment", "Comment", FieldType::Text),
    ]

    "box" "Box" Feature "A block from its lowest corner, or centred." [
        OPERATION, TARGETS,
        point("origin", "Corner"),
        prop("centred", "Centred on the origin in x and y", FieldType::Flag { default: false }),
        length("dx", "Length x", "100 mm"), length("dy", "Width y", "60 mm"), length("dz", "Height z", "20 mm"),
        MATERIAL, SOLVE_AS, SMOOTH,
    ]
    "cylinder" "Cylinder" Feature "A cylinder from the centre of its base." [
        OPERATION, TARGETS, point("origin", "Base centre"), AXIS,
        length("radius", "Radius", "10 mm"), length("height", "Height", "40 mm"), MATERIAL, SOLVE_AS, SMOOTH,
    ]
    "cone" "Cone" Feature "A cone or a frustum from the centre of its base." [
        OPERATION, TARGETS, point("origin", "Base centre"), AXIS,
        length("radius", "Base radius", "20 mm"), offset("radius_top", "Top radius", "5 mm"),
        length("height", "Height", "40 mm"), MATERIAL, SOLVE_AS, SMOOTH,
    ]
    "sphere" "Sphere" Feature "A ball." [
        OPERATION, TARGETS, point("origin", "Centre"), length("radius", "Radius", "20 mm"), MATERIAL, SOLVE_AS, SMOOTH,
    ]
    "torus" "Torus" Feature "A ring." [
        OPERATION, TARGETS, point("origin", "Centre"), AXIS,
        length("major", "Ring radius", "30 mm"), length("minor", "Tube radius", "8 mm"), MATERIAL, SOLVE_AS, SMOOTH,
    ]
    "extrude" "Extrude" Feature "A profile on a plane, given depth." [
        OPERATION, TARGETS, PLANE, PLANE_FACE, offset("offset", "Plane offset", "0 mm"),
        prop("profile", "Profile", FieldType::Profile).required(),
        length("depth", "Depth", "20 mm"),
        prop("direction", "Direction", FieldType::Choice {
            options: &[("up", "Along the normal"), ("down", "Against the normal"), ("both", "Symmetric")], default: "up",
        }),
        MATERIAL, SOLVE_AS, SMOOTH,
    ]
    "revolve" "Revolve" Feature "A profile on a plane, turned about an axis in it." [
        OPERATION, TARGETS, PLANE, PLANE_FACE, offset("offset", "Plane offset", "0 mm"),
        prop("profile", "Profile", FieldType::Profile).required(),
        prop("about", "About", FieldType::Choice {
            options: &[("x", "Sketch x axis"), ("y", "Sketch y axis")], default: "y",
        }),
        offset("about_offset", "Axis offset", "0 mm"),
        angle("angle", "Angle", "360 deg"),
        MATERIAL, SOLVE_AS, SMOOTH,
    ]
    "hole" "Hole" Feature "A round hole from a face or plane, through or to a depth." [
        TARGETS, PLANE, PLANE_FACE, offset("offset", "Plane offset", "0 mm"),
        offset("x", "Position x", "0 mm"), offset("y", "Position y", "0 mm"),
        length("diameter", "Diameter", "8 mm"),
        prop("through", "Through all", FieldType::Flag { default: true }),
        length("depth", "Depth", "20 mm"),
        prop("direction", "Direction", FieldType::Choice {
            options: &[("down", "Into the face"), ("up", "Along the normal"), ("both", "Both ways")], default: "down",
        }).help("Through all from a base plane goes both ways unless told otherwise."),
        SOLVE_AS, SMOOTH,
    ]
    "boolean" "Boolean" Feature "Bodies with bodies: fuse, cut or keep what is common." [
        prop("operation", "Operation", FieldType::Choice {
            options: &[("join", "Fuse"), ("cut", "Cut"), ("common", "Common")], default: "join",
        }),
        prop("targets", "Target bodies", FieldType::Refs { section: Section::Feature, max: 100 }).required(),
        prop("tools", "Tool bodies", FieldType::Refs { section: Section::Feature, max: 100 }).required(),
        prop("keep", "Keep the tools", FieldType::Flag { default: false }),
        SOLVE_AS, SMOOTH,
    ]
    "fillet" "Fillet" Feature "Rounds edges with a constant radius." [
        prop("edges", "Edges", FieldType::Edges).required(), length("radius", "Radius", "3 mm"), SOLVE_AS,
    ]
    "chamfer" "Chamfer" Feature "Bevels edges." [
        prop("edges", "Edges", FieldType::Edges).required(), length("distance", "Distance", "2 mm"), SOLVE_AS,
    ]
    "pattern_linear" "Linear pattern" Feature "Repeats features along a direction. A feature that started a body stands for the body as it is then." [
        prop("features", "Features", FieldType::Refs { section: Section::Feature, max: 50 }).required(),
        direction("direction", "Direction", ["1", "0", "0"]),
        length("spacing", "Spacing", "20 mm"),
        prop("count", "Count", FieldType::Count { default: "3", min: 1, max: 500 }),
    ]
    "pattern_circular" "Circular pattern" Feature "Repeats features about an axis." [
        prop("features", "Features", FieldType::Refs { section: Section::Feature, max: 50 }).required(),
        point("origin", "Axis point"), AXIS,
        prop("count", "Count", FieldType::Count { default: "4", min: 1, max: 500 }),
        angle("angle", "Total angle", "360 deg"),
    ]
    "mirror" "Mirror" Feature "Mirrors features in a plane. A feature that started a body stands for the body as it is then." [
        prop("features", "Features", FieldType::Refs { section: Section::Feature, max: 50 }).required(),
        prop("plane", "Plane", FieldType::Choice { options: &[("xy", "XY"), ("xz", "XZ"), ("yz", "YZ")], default: "yz" }),
        offset("offset", "Plane offset", "0 mm"),
    ]
    "move" "Move" Feature "Turns bodies about an axis, then shifts them." [
        prop("bodies", "Bodies", FieldType::Refs { section: Section::Feature, max: 50 }).required(),
        point("translation", "Shift"), AXIS, point("origin", "Axis point"), angle("angle", "Angle", "0 deg"),
    ]
    "import" "Import" Feature "A body from an STL, OBJ, 3MF or faceted STEP file, or from an input deck." [
        prop("file", "File", FieldType::Blob).required(),
        prop("unit", "File unit", FieldType::Choice {
            options: &[("mm", "mm"), ("cm", "cm"), ("m", "m"), ("in", "in")], default: "mm",
        }).help("Of STL, OBJ and input decks. 3MF and STEP state their own."),
        prop("crease", "Crease angle", FieldType::Expr {
            dimension: Dimension::NONE, default: "30 deg", min: Some(0.017), max: Some(1.6),
        }).help("Faces are parted where neighbouring triangles meet at a sharper angle."),
        prop("part", "Part of the deck", FieldType::Text)
            .help("Of an input deck: the element set whose elements are the body. Empty: the first."),
        prop("material", "Material", FieldType::Material),
    ]
    "generated" "Generated" Feature "A body that a generative study grew within a design space." [
        prop("file", "Growth", FieldType::Blob).required(),
        generative::GROUND, generative::KEEP_FACES, generative::LAYER, generative::KEEP_BODIES,
        generative::AVOID_BODIES, generative::AVOID_FACES, generative::DISTANCE,
        prop("material", "Material", FieldType::Material),
        prop("process", "Process", FieldType::Text).help("How the study was to have it made. It changes no shape."),
    ]

    "selection" "Selection" Selection "Faces under one name, by picking or by rule." [
        prop("rule", "Rule", FieldType::Choice {
            options: &[
                ("faces", "Picked faces"), ("feature", "All faces of features"),
                ("cylinders", "Cylinders of a radius"), ("normal", "Planes facing a direction"),
            ], default: "faces",
        }),
        prop("faces", "Faces", FieldType::Faces).when("rule", &["faces"]),
        prop("features", "Features", FieldType::Refs { section: Section::Feature, max: 50 }).when("rule", &["feature"]),
        length("radius", "Radius", "5 mm").when("rule", &["cylinders"]),
        direction("normal", "Direction", ["0", "0", "1"]).when("rule", &["normal"]),
    ]

    "isotropic" "Isotropic material" Material "Values of your own, which may depend on temperature. Its bodies take them in place of those of the library." [
        prop("bodies", "Bodies", FieldType::Refs { section: Section::Feature, max: 100 }).required(),
        modulus("youngs_modulus", "Young's modulus", "210 GPa").over_temperature()
            .help("It may depend on temperature, as others below: table(temperature, 20 °C, 210 GPa, 400 °C, 180 GPa)."),
        prop("poisson_ratio", "Poisson's ratio", FieldType::Expr {
            dimension: Dimension::NONE, default: "0.3", min: Some(0.0), max: Some(0.49),
        }).over_temperature(),
        density("7850 kg/m^3"),
        prop("yield_strength", "Yield strength", FieldType::Expr {
            dimension: Dimension::PRESSURE, default: "0 MPa", min: Some(0.0), max: Some(1e11),
        }).over_temperature().help("The safety factor is that of the temperature of each place. Zero: none, and no safety factor."),
        expansion("expansion", "Expansion", "0 1/K").over_temperature()
            .help("Mean (secant) coefficient: the strain since the reference temperature over the rise since then."),
        temperature("reference", "Reference temperature of expansion", "20 °C"),
        conductivity("conductivity", "Conductivity").help("Heat studies need it."),
        specific_heat().help("Heat studies over time need it."),
        prop("source", "Source of the values", FieldType::Text),
    ]
    "orthotropic" "Orthotropic material" Material "Values along three directions, as of wood, a laminate or a printed part. Its bodies take it in place of their own material: in mechanics, and in heat what it gives of that." [
        prop("bodies", "Bodies", FieldType::Refs { section: Section::Feature, max: 100 }).required(),
        direction("direction_1", "Direction 1", ["1", "0", "0"])
            .help("In the axes of the model, for the body as it stands. Copies by patterns and mirrors take their directions along."),
        direction("direction_2", "Direction 2", ["0", "1", "0"])
            .help("Only its part square to direction 1 counts; direction 3 is square to both."),
        modulus("e1", "E1", "140 GPa").unread_by("heat"), modulus("e2", "E2", "10 GPa").unread_by("heat"),
        modulus("e3", "E3", "10 GPa").unread_by("heat"),
        poisson("nu12", "ν12", "0.3").unread_by("heat")
            .help("How much a pull along 1 narrows along 2; ν21 follows as ν12 E2/E1."),
        poisson("nu13", "ν13", "0.3").unread_by("heat"), poisson("nu23", "ν23", "0.45").unread_by("heat"),
        modulus("g12", "G12", "5 GPa").unread_by("heat"), modulus("g13", "G13", "5 GPa").unread_by("heat"),
        modulus("g23", "G23", "3.4 GPa").unread_by("heat"),
        density("1600 kg/m^3"),
        expansion("a1", "Expansion along 1", "-0.5e-6 1/K").unread_by("heat"),
        expansion("a2", "Expansion along 2", "28e-6 1/K").unread_by("heat"),
        expansion("a3", "Expansion along 3", "28e-6 1/K").unread_by("heat"),
        conductivity("k1", "Conductivity along 1")
            .help("All three, or none: then heat studies take that of the body's other material, alike in all directions. Each may depend on temperature."),
        conductivity("k2", "Conductivity along 2"), conductivity("k3", "Conductivity along 3"),
        specific_heat().help("Heat studies over time take it with the density above. Zero: that of the body's other material, with its density."),
        prop("source", "Source of the values", FieldType::Text),
    ]

    "fixed" "Fixed support" Support "Holds faces in place." [FACES, SELECTIONS]
    "sliding" "Sliding support" Support "Holds faces along their normal; they slide freely in plane." [FACES, SELECTIONS]
    "symmetry" "Symmetry" Support "Planar faces in which the design is cut: the rest is its mirror image." [FACES, SELECTIONS]
    "displacement" "Given displacement" Support "Moves faces by a given way, in every load case; what is not given stays free. Vibration and buckling shapes are held there." [
        FACES, SELECTIONS,
        prop("by", "Given", FieldType::Choice {
            options: &[("axes", "Along x, y and z"), ("normal", "Along the normal")], default: "axes",
        }),
        component("along_x", "Along x", "free"), offset("x", "Way along x", "0 mm").when("along_x", &["given"]),
        component("along_y", "Along y", "free"), offset("y", "Way along y", "0 mm").when("along_y", &["given"]),
        component("along_z", "Along z", "given"), offset("z", "Way along z", "0 mm").when("along_z", &["given"]),
        offset("normal", "Way along the normal", "0 mm").when("by", &["normal"]).help("Outwards is positive."),
    ]
    "remote_displacement" "Remote displacement" Support "Moves faces as one solid piece about a point, in every load case: each of its ways and turns is given or free. A hinge leaves one turn free, a ball joint three." [
        FACES, SELECTIONS, point("point", "Point"),
        motion("along_x", "Along x"), offset("x", "Way along x", "0 mm").when("along_x", &["given"]),
        motion("along_y", "Along y"), offset("y", "Way along y", "0 mm").when("along_y", &["given"]),
        motion("along_z", "Along z"), offset("z", "Way along z", "0 mm").when("along_z", &["given"]),
        motion("about_x", "About x"), angle("rx", "Turn about x", "0 deg").when("about_x", &["given"])
            .help("Axes of turns run through the point; turns are taken as small."),
        motion("about_y", "About y"), angle("ry", "Turn about y", "0 deg").when("about_y", &["given"]),
        motion("about_z", "About z"), angle("rz", "Turn about z", "0 deg").when("about_z", &["given"]),
    ]
    "elastic" "Elastic foundation" Support "Faces bedded on springs that push and pull in proportion to how far they move." [
        FACES, SELECTIONS,
        bedding("stiffness", "Stiffness per area", "0.1 N/mm^3")
            .help("Along the normal. Soil 0.01 to 0.1 N/mm³, rubber pads 0.1 to 10 N/mm³ (modulus over thickness)."),
        bedding("tangential", "Stiffness in plane", "0 N/mm^3").help("Zero lets the faces slide freely in plane."),
    ]

    "force" "Force" Load "A total force spread evenly over faces." [FACES, SELECTIONS, FORCE_VECTOR]
    "pressure" "Pressure" Load "Normal pressure on faces; positive presses inward." [
        FACES, SELECTIONS,
        prop("pressure", "Pressure", FieldType::Expr {
            dimension: Dimension::PRESSURE, default: "1 MPa", min: Some(-1e11), max: Some(1e11),
        }),
    ]
    "moment" "Moment" Load "A total moment about the faces' centroid." [FACES, SELECTIONS, MOMENT_VECTOR]
    "bearing" "Bearing load" Load "A force on cylinder walls, spread as a cosine over the pressed half." [
        FACES, SELECTIONS, FORCE_VECTOR,
    ]
    "remote_force" "Remote force" Load "A force at a point, carried to faces." [
        FACES, SELECTIONS, point("point", "Point"),
        prop("at_centroid", "At the faces' centroid", FieldType::Flag { default: false }),
        FORCE_VECTOR, COUPLING, WEIGHTS,
    ]
    "remote_moment" "Remote moment" Load "A moment carried to faces." [FACES, SELECTIONS, MOMENT_VECTOR, COUPLING, WEIGHTS]
    "gravity" "Gravity" Load "Acceleration of the whole design." [
        prop("acceleration", "Acceleration", FieldType::Vector {
            dimension: Dimension::ACCELERATION, default: ["0 m/s^2", "0 m/s^2", "-9.80665 m/s^2"],
        }),
    ]
    "rotation" "Centrifugal load" Load "What pulls the whole design outwards while it turns steadily about an axis." [
        point("point", "Axis point"), direction("direction", "Axis direction", ["0", "0", "1"]),
        prop("speed", "Speed", FieldType::Expr {
            dimension: Dimension::FREQUENCY, default: "3000 rpm", min: None, max: None,
        })
        .help("In rpm, rev/s, deg/s or rad/s. A load case's factor multiplies the force, not the speed."),
    ]
    "bolt_preload" "Bolt preload" Load "Tightens bolts: shortens their shanks by a given length, or until they pull with a given force, and locks them there. It acts in every load case, whatever its factor; other loads then change the bolts' forces." [
        FACES.help("Cylindrical faces of shanks, all of a bolt's; each axis makes one bolt."), SELECTIONS,
        prop("by", "Given", FieldType::Choice {
            options: &[("force", "Preload force"), ("length", "Shortening")], default: "force",
        }),
        prop("force", "Preload force", FieldType::Expr {
            dimension: Dimension::FORCE, default: "10 kN", min: Some(0.0), max: Some(FORCE_MAX),
        })
        .when("by", &["force"])
        .help("Of each bolt, after all are tightened. Of a bolt cut by a plane of symmetry, that of the part in the design."),
        prop("length", "Shortening", FieldType::Expr {
            dimension: Dimension::LENGTH, default: "0.05 mm", min: Some(0.0), max: Some(LENGTH_MAX),
        })
        .when("by", &["length"])
        .help("How much shorter each free shank gets: what the nut travels on a rigid joint."),
    ]
    "load_case" "Load case" LoadCase "Loads that act together." [
        prop("loads", "Loads", FieldType::Refs { section: Section::Load, max: 100 }).required(),
        prop("factor", "Factor", FieldType::Expr {
            dimension: Dimension::NONE, default: "1", min: Some(-FORCE_MAX), max: Some(FORCE_MAX),
        }),
        prop("weight", "Weight", FieldType::Expr {
            dimension: Dimension::NONE, default: "1", min: Some(0.0), max: Some(1e6),
        })
        .read_by("generative")
        .help("How much it counts in generative design for stiffness. It changes no load."),
    ]

    "temperature" "Given temperature" Thermal "Keeps faces at a temperature." [
        FACES, SELECTIONS,
        temperature("temperature", "Temperature", "100 °C").over_time()
            .help("In a transient study it may depend on time: 100 K * sin(pi*time/(40 s)) + 0 °C, or table(time, 0 s, 20 °C, 60 s, 80 °C)."),
    ]
    "heat_flux" "Heat flow" Thermal "Heat into faces; negative takes heat away." [
        FACES, SELECTIONS,
        prop("by", "Given", FieldType::Choice {
            options: &[("area", "Per area"), ("total", "In total")], default: "area",
        }),
        heat("flux", "Heat per area", Dimension::HEAT_FLUX, "1000 W/m^2").over_time().when("by", &["area"]),
        heat("power", "Heat", Dimension::POWER, "10 W").over_time().when("by", &["total"]),
    ]
    "convection" "Convection" Thermal "Heat from faces to a fluid, in proportion to how much hotter they are." [
        FACES, SELECTIONS,
        prop("film", "Film coefficient", FieldType::Expr {
            dimension: Dimension::FILM, default: "10 W/(m^2*K)", min: Some(0.0), max: Some(1e9),
        }).help("Still air about 5 to 10, a fan 20 to 100, water 500 and more, W/(m²·K)."),
        AMBIENT,
    ]
    "radiation" "Radiation" Thermal "Heat from faces to wide surroundings, by the fourth powers of temperature." [
        FACES, SELECTIONS,
        prop("emissivity", "Emissivity", FieldType::Expr {
            dimension: Dimension::NONE, default: "0.8", min: Some(0.0), max: Some(1.0),
        }).help("Bright metal 0.05 to 0.1, oxidised metal 0.3 to 0.8, paint of any colour 0.9."),
        AMBIENT,
    ]
    "heat_source" "Heat source" Thermal "Heat made inside bodies; negative takes heat away." [
        prop("bodies", "Bodies", FieldType::Refs { section: Section::Feature, max: 100 }).help("Empty: every body."),
        prop("by", "Given", FieldType::Choice {
            options: &[("total", "In total"), ("volume", "Per volume")], default: "total",
        }),
        heat("power", "Heat", Dimension::POWER, "10 W").over_time().when("by", &["total"]),
        heat("density", "Heat per volume", Dimension::HEAT_DENSITY, "1e6 W/m^3").over_time().when("by", &["volume"]),
    ]

    "static" "Static" Study "Linear static: displacement, stress and safety under steady loads." [
        BODIES, SUPPORTS,
        prop("cases", "Load cases", FieldType::Refs { section: Section::LoadCase, max: 32 })
            .help("Empty: all; a design without load cases has one, of all its loads."),
        prop("method", "Method", FieldType::Choice {
            options: &[("instant", "Instant"), ("verified", "Verified")],
            default: "instant",
        })
        .help(
            "Instant is for thinking: cells that the surface cuts. Verified is for signing: tetrahedra that follow the \
             surface, refined until the answer stands.",
        ),
        prop("accuracy", "Accuracy", FieldType::Expr {
            dimension: Dimension::NONE,
            default: "5 %",
            min: Some(0.001),
            max: Some(0.5),
        })
        .when("method", &["verified"])
        .help("Refine until displacement and stress are known to within this share."),
        prop("warmth", "Expansion by", FieldType::Choice {
            options: &[("none", "No change of temperature"), ("given", "One temperature"), ("heat", "A heat study")],
            default: "none",
        })
        .when("method", &["verified"])
        .help("Bodies expand with temperature, in every load case. A heat study is solved on the same mesh; of one over time, its end counts."),
        temperature("temperature", "Temperature", "100 °C").when("warmth", &["given"]),
        prop("heat", "Heat study", FieldType::Refs { section: Section::Study, max: 1 }).when("warmth", &["heat"]),
        temperature("stress_free", "Free of stress at", "20 °C").when("method", &["verified"]),
        BONDED.when("method", &["verified"]), BOND_GAP.when("method", &["verified"]),
        RESOLUTION, CELL, REFINE.when("method", &["verified"]), REFINE_SIZE.when("method", &["verified"]),
    ]
    "modal" "Modal" Study "Natural frequencies and the shapes that go with them." [
        BODIES,
        prop("free", "Free bodies", FieldType::Flag { default: false }).help("Leaves every support out."),
        SUPPORTS.help("Empty: all. None are needed: a free body's six rigid motions are left out of the list."),
        MODES,
        ACCURACY_OF_MODES.help("Refine until every frequency is known to within this share."),
        BONDED, BOND_GAP, RESOLUTION, CELL, REFINE, REFINE_SIZE,
    ]
    "buckling" "Buckling" Study "How many times its load a slender design bears before it gives way sideways." [
        BODIES, SUPPORTS,
        prop("cases", "Load case", FieldType::Refs { section: Section::LoadCase, max: 1 })
            .help("The loads that press. A design without load cases has one, of all its loads."),
        MODES,
        ACCURACY_OF_MODES.help("Refine until every load factor is known to within this share."),
        BONDED, BOND_GAP, RESOLUTION, CELL, REFINE, REFINE_SIZE,
    ]
    "heat" "Heat" Study "Temperature and heat flow, steady or over time." [
        BODIES,
        prop("thermal", "Heat boundaries", FieldType::Refs { section: Section::Thermal, max: 100 }).help("Empty: all."),
        prop("course", "Course", FieldType::Choice {
            options: &[("steady", "Steady"), ("transient", "Over time")], default: "steady",
        })
        .help("Steady is the state that holds for ever; over time begins at one temperature everywhere."),
        temperature("initial", "Temperature at the start", "20 °C").when("course", &["transient"]),
        prop("duration", "Duration", FieldType::Expr {
            dimension: Dimension::TIME, default: "60 s", min: Some(1e-9), max: Some(1e12),
        }).when("course", &["transient"]),
        prop("states", "Moments to keep", FieldType::Count { default: "10", min: 1, max: 100 })
            .when("course", &["transient"])
            .help("Evenly spread to the end; between them steps are as short as the accuracy needs."),
        prop("accuracy", "Accuracy", FieldType::Expr {
            dimension: Dimension::NONE, default: "2 %", min: Some(0.001), max: Some(0.5),
        })
        .help("Refine until the extreme temperatures are known to within this share of the range of temperatures."),
        BONDED, BOND_GAP, RESOLUTION, CELL, REFINE, REFINE_SIZE,
    ]

    "generative" "Generative" Study "Finds the body within a space that carries the loads, or leads the heat, best." [
        generative::SPACE, generative::SUPPORTS, generative::CASES, generative::THERMAL,
        generative::GOAL, generative::SHARE, generative::MASS, generative::DISPLACEMENT, generative::COMPLIANCE,
        generative::STRESS,
        generative::LAYER, generative::KEEP_FACES, generative::KEEP_BODIES,
        generative::AVOID_BODIES, generative::AVOID_FACES, generative::DISTANCE,
        generative::SYMMETRIES[0], generative::SYMMETRIES[1], generative::SYMMETRIES[2], generative::MEMBER,
        generative::MEMBER_MAX, generative::FILTER, generative::FILTER_RADIUS,
        generative::PROCESS, generative::BUILD, generative::OVERHANG, generative::DRAW, generative::MOULD, generative::EXTRUSION,
        generative::CELLS, generative::ITERATIONS,
    ]

    "probe" "Probe" Probe "A place on a face where every answer is read: it stays through new runs and edits." [
        prop("faces", "Face", FieldType::Faces).required(),
        prop("place", "Place", FieldType::Vector { dimension: Dimension::NONE, default: ["0.5", "0.5", "0.5"] })
            .help(
                "Shares of the face, 0 to 1. Plane: along its two tangents. Round about an axis: of a turn, along the axis, \
                 away from it. Else: along x, y and z.",
            ),
    ]

    "requirement" "Requirement" Requirement "What the design must do. Only answers of runs say whether it does." [
        prop("text", "Statement", FieldType::Text).help("In words, as it was agreed."),
        prop("quantity", "Quantity", FieldType::Choice { options: crate::requirement::QUANTITIES, default: "mass" }),
        prop("mode", "Mode", FieldType::Count { default: "1", min: 1, max: 50 }).when("quantity", &["frequency"])
            .help("Counted from the lowest; rigid motions of a body that nothing holds do not count."),
        prop("comparison", "Must be", FieldType::Choice {
            options: &[("at_most", "At most"), ("at_least", "At least")], default: "at_most",
        }),
        prop("limit", "Limit", FieldType::AnyExpr { default: "1 kg" }).required()
            .help("In the quantity's own units; it may use parameters. Frequencies in Hz."),
        prop("study", "Study", FieldType::Refs { section: Section::Study, max: 1 }).required()
            .help("The one whose runs give evidence."),
        prop("cases", "Load cases", FieldType::Refs { section: Section::LoadCase, max: 32 })
            .help("Empty: every load case of the design."),
        prop("mandatory", "Mandatory", FieldType::Flag { default: true }),
        prop("owner", "Owner", FieldType::Text),
        prop("waived_by", "Waived by", FieldType::Text)
            .help("Whoever answers for doing without. The verdict stays what it is."),
        prop("waiver_reason", "Reason of the waiver", FieldType::Text),
    ]

    "units" "Display units" Setting "The units everyone sees in this design." [
        prop("system", "System", FieldType::Choice {
            options: &[("millimetre", "mm, N, MPa"), ("metre", "m, N, MPa"), ("inch", "in, lbf, psi")],
            default: "millimetre",
        }),
    ]
};
