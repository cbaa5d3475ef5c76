//! Spaces to be filled: what generative studies start from.

use super::{Tree, choice, faces, refs, vector};
use crate::design::object::{Design, Object, Value};
use crate::surface::{EdgeName, FaceName};

/// A lug between four bolts and a pin.
pub(super) fn lug() -> Design {
    let mut t = Tree::new();
    t.parameter("length", "96 mm", "Of the space")
        .parameter("width", "60 mm", "")
        .parameter("height", "60 mm", "")
        .parameter("bolt_diameter", "8.4 mm", "Clearance for M8")
        .parameter("inset", "11 mm", "Bolt axis to the space's sides")
        .parameter("foot", "7 mm", "Under the bolt heads")
        .parameter("head_diameter", "18 mm", "Room for bolt heads and their tool")
        .parameter("pin_diameter", "16 mm", "")
        .parameter("pin_height", "46 mm", "Pin axis above the base");
    t.add(
        Object::new("box_space", "box", "Design space")
            .with("centred", Value::Flag(true))
            .expr("dx", "length")
            .expr("dy", "width")
            .expr("dz", "height")
            .with("material", choice("alsi10mg_pbf")),
    );
    t.add(
        Object::new("hole_pin", "hole", "Pin bore")
            .with("targets", refs(&["box_space"]))
            .with("plane", choice("xz"))
            .expr("y", "pin_height")
            .expr("diameter", "pin_diameter")
            .with("direction", choice("both")),
    );
    let corner = |axis: &str| format!("inset - {axis} / 2");
    t.add(
        Object::new("hole_bolt", "hole", "Bolt hole")
            .with("targets", refs(&["box_space"]))
            .expr("x", &corner("length"))
            .expr("y", &corner("width"))
            .expr("diameter", "bolt_diameter")
            .with("through", Value::Flag(false))
            .expr("depth", "foot")
            .with("direction", choice("up")),
    );
    t.add(
        Object::new("cylinder_tool", "cylinder", "Room for the tool")
            .with("origin", vector(&corner("length"), &corner("width"), "foot"))
            .expr("radius", "head_diameter / 2")
            .expr("height", "height - foot + 8 mm"),
    );
    for (what, name) in [("hole_bolt", "Bolt holes"), ("cylinder_tool", "Tools")] {
        let [rows, sides] = ["rows", "sides"].map(|way| format!("pattern_{way}_{what}"));
        t.add(
            Object::new(rows.as_str(), "pattern_linear", &format!("{name} across"))
                .with("features", refs(&[what]))
                .with("direction", vector("0", "1", "0"))
                .expr("spacing", "width - 2 * inset")
                .expr("count", "2"),
        );
        t.add(
            Object::new(sides.as_str(), "pattern_linear", &format!("{name} along"))
                .with("features", refs(&[what, &rows]))
                .with("direction", vector("1", "0", "0"))
                .expr("spacing", "length - 2 * inset")
                .expr("count", "2"),
        );
    }
    t.add(
        Object::new("selection_bolts", "selection", "Bolt holes")
            .with("rule", choice("cylinders"))
            .expr("radius", "bolt_diameter / 2"),
    );
    t.add(Object::new("fixed_bolts", "fixed", "Bolted").with("selections", refs(&["selection_bolts"])));
    for (id, name, force) in
        [("force_up", "Pull up", ["0 N", "0 N", "6 kN"]), ("force_side", "Pull aside", ["5 kN", "0 N", "0 N"])]
    {
        let [x, y, z] = force;
        t.add(Object::new(id, "force", name).with("faces", faces(&["hole_pin.wall"])).with("force", vector(x, y, z)));
    }
    t.add(Object::new("case_up", "load_case", "Up").with("loads", refs(&["force_up"])));
    t.add(Object::new("case_side", "load_case", "Aside").with("loads", refs(&["force_side"])));
    t.add(
        Object::new("study_generative", "generative", "Stiffest lug")
            .with("bodies", refs(&["box_space"]))
            .expr("share", "20 %")
            .expr("layer", "4 mm")
            .with("avoid_bodies", refs(&["cylinder_tool"]))
            .with("symmetric_x", Value::Flag(true))
            .with("symmetric_y", Value::Flag(true))
            .expr("cells", "48")
            .expr("iterations", "60"),
    );
    t.0
}

/// A box from one corner to the other, mm, that is cut from the space.
fn cut(id: &str, name: &str, from: [f64; 3], to: [f64; 3]) -> Object {
    let mm = |x: f64| format!("{x} mm");
    let [x, y, z] = from.map(mm);
    let [dx, dy, dz] = [0, 1, 2].map(|a| mm(to[a] - from[a]));
    Object::new(id, "box", name)
        .with("operation", choice("cut"))
        .with("targets", refs(&["box_space"]))
        .with("origin", vector(&x, &y, &z))
        .expr("dx", &dx)
        .expr("dy", &dy)
        .expr("dz", &dz)
}

/// The edge between two faces of what was cut from the space.
fn inner(of: &str, [one, other]: [&str; 2]) -> EdgeName {
    EdgeName::between(FaceName(format!("{of}.{one}")), FaceName(format!("{of}.{other}")), 0)
}

fn rounds(id: &str, name: &str, radius: &str, edges: Vec<EdgeName>) -> Object {
    Object::new(id, "fillet", name).with("edges", Value::Edges(edges)).expr("radius", radius)
}

/// Bolt axes of the engine bracket, x and y, mm.
const BOLTS: [[f64; 2]; 4] = [[0.0, 0.0], [52.05, 1.58], [38.08, -146.96], [0.0, -148.12]];

/// The bracket of GE's challenge of 2013: space, bolts, lugs, loads and material as published with SimJEB (Whalen, Beyene &
/// Mueller 2021). Room for pins, their fork and the bolts' tools is cut from the space.
pub(super) fn engine_bracket() -> Design {
    let mut t = Tree::new();
    t.parameter("pin_x", "-20.7 mm", "Pin axis")
        .parameter("pin_z", "44.9 mm", "")
        .parameter("pin_diameter", "19.1 mm", "")
        .parameter("bolt_diameter", "10.32 mm", "")
        .parameter("seat", "8 mm", "Under the bolt heads")
        .parameter("seat_round", "2.5 mm", "Beside the bolt heads")
        .parameter("room_round", "3 mm", "Between lugs and rooms");
    t.add(
        Object::new("box_space", "box", "Design space")
            .with("origin", vector("-44 mm", "-164 mm", "0 mm"))
            .expr("dx", "111 mm")
            .expr("dy", "181 mm")
            .expr("dz", "63 mm")
            .with("material", choice("ti_6al_4v")),
    );
    // Between the lugs and outside of them, so far around that lugs of 9 mm about the pin are kept apart from it.
    t.add(cut("box_fork", "Room for the fork", [-45.0, -85.4, 24.0], [4.0, -63.4, 64.0]));
    t.add(cut("box_pin_front", "Room for the pin, front", [-36.0, -165.0, 30.0], [-5.0, -92.4, 64.0]));
    t.add(cut("box_pin_back", "Room for the pin, back", [-36.0, -56.4, 30.0], [-5.0, 18.0, 64.0]));
    t.add(
        Object::new("cylinder_pin", "cylinder", "Pin bore")
            .with("operation", choice("cut"))
            .with("targets", refs(&["box_space"]))
            .with("axis", choice("y"))
            .with("origin", vector("pin_x", "-165 mm", "pin_z"))
            .expr("radius", "pin_diameter / 2")
            .expr("height", "190 mm"),
    );
    for (k, [x, y]) in BOLTS.into_iter().enumerate() {
        let (n, mm) = (k + 1, |x: f64| format!("{x} mm"));
        t.add(
            Object::new(format!("hole_bolt_{n}").as_str(), "hole", &format!("Bolt hole {n}"))
                .with("targets", refs(&["box_space"]))
                .expr("x", &mm(x))
                .expr("y", &mm(y))
                .expr("diameter", "bolt_diameter")
                .with("through", Value::Flag(false))
                .expr("depth", "seat")
                .with("direction", choice("up")),
        );
        t.add(
            Object::new(format!("cylinder_tool_{n}").as_str(), "cylinder", &format!("Room for tool {n}"))
                .with("operation", choice("cut"))
                .with("targets", refs(&["box_space"]))
                .with("origin", vector(&mm(x), &mm(y), "seat"))
                .expr("radius", "11 mm")
                .expr("height", "60 mm"),
        );
    }
    // What grows beside a sharp inner edge of its space has that edge, and no finite stress there.
    let seats = (1..=BOLTS.len()).map(|n| inner(&format!("cylinder_tool_{n}"), ["bottom", "wall"]));
    t.add(rounds("fillet_seats", "Round seats", "seat_round", seats.collect()));
    let rooms = [("box_fork", "front"), ("box_fork", "back"), ("box_pin_front", "back"), ("box_pin_back", "front")];
    let rooms = rooms.map(|(room, wall)| [inner(room, ["bottom", wall]), inner(room, ["right", wall])]);
    t.add(rounds("fillet_rooms", "Round rooms", "room_round", rooms.concat()));
    t.add(
        Object::new("selection_bolts", "selection", "Bolt holes")
            .with("rule", choice("cylinders"))
            .expr("radius", "bolt_diameter / 2"),
    );
    t.add(Object::new("fixed_bolts", "fixed", "Bolted").with("selections", refs(&["selection_bolts"])));
    let loads = [
        ("ver", "Vertical", ["0 N", "0 N", "35585.8 N"]),
        ("hor", "Horizontal", ["-37809.9 N", "0 N", "0 N"]),
        ("dia", "Diagonal", ["-28276.2 N", "0 N", "31403.9 N"]),
    ];
    let bores = || faces(&["cylinder_pin.wall"]);
    for (id, name, [x, y, z]) in loads {
        t.add(Object::new(id, "force", name).with("faces", bores()).with("force", vector(x, y, z)));
    }
    t.add(
        Object::new("tor", "remote_moment", "Torsion")
            .with("faces", bores())
            .with("moment", vector("0 N*m", "0 N*m", "564.924 N*m")),
    );
    for (id, name) in [("ver", "Vertical"), ("hor", "Horizontal"), ("dia", "Diagonal"), ("tor", "Torsion")] {
        t.add(Object::new(format!("case_{id}").as_str(), "load_case", name).with("loads", refs(&[id])));
    }
    t.add(
        Object::new("study_generative", "generative", "Stiffest bracket")
            .with("bodies", refs(&["box_space"]))
            .with("goal", choice("mass"))
            .expr("mass", "0.55 kg")
            .expr("layer", "5 mm")
            .expr("cells", "72")
            .expr("iterations", "90"),
    );
    t.0
}
