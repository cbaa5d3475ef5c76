//! Designs to start from.

use super::object::{Design, Object, Value};
use super::profile::Profile;
use crate::surface::{EdgeName, FaceName};
use std::sync::Arc;

mod generative;

/// A design to start from.
#[derive(Clone, Copy)]
pub struct Template {
    pub id: &'static str,
    pub label: &'static str,
    pub help: &'static str,
    pub build: fn() -> Design,
}

/// Every template, in the order the home page shows them.
pub const TEMPLATES: &[Template] = &[
    Template { id: "empty", label: "Empty", help: "Nothing but the axes.", build: Design::new },
    Template {
        id: "bracket",
        label: "Bracket",
        help: "A wall bracket with a bored boss, a rib and four bolt holes; loaded and ready to run.",
        build: bracket,
    },
    Template {
        id: "flange",
        label: "Flange",
        help: "A pipe flange with a hub and a circle of bolt holes; under inner pressure.",
        build: flange,
    },
    Template {
        id: "heat_sink",
        label: "Heat sink",
        help: "A block with milled fins and two mounting holes; clamped and pressed on its base, cooled by a fan.",
        build: heat_sink,
    },
    Template {
        id: "lug",
        label: "Lug",
        help: "A space between four bolts and a pin, two load cases, room for the tools: for generative design.",
        build: generative::lug,
    },
    Template {
        id: "engine_bracket",
        label: "Engine bracket",
        help: "The lifting bracket of a jet engine as GE asked for it: the space, bolts, lugs and four load cases.",
        build: generative::engine_bracket,
    },
];

/// The template called `id`.
pub fn template(id: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|t| t.id == id)
}

/// Objects in tree order.
struct Tree(Design);

impl Tree {
    fn new() -> Self {
        Self(Design::new())
    }

    fn add(&mut self, object: Object) -> &mut Self {
        self.0.objects.push(Arc::new(object));
        self
    }

    fn parameter(&mut self, name: &str, value: &str, comment: &str) -> &mut Self {
        self.add(
            Object::new(format!("parameter_{name}").as_str(), "parameter", name)
                .expr("value", value)
                .with("comment", Value::Text(comment.into())),
        )
    }
}

fn choice(key: &str) -> Value {
    Value::Choice(key.into())
}

fn refs(ids: &[&str]) -> Value {
    Value::Refs(ids.iter().map(|id| (*id).into()).collect())
}

fn faces(names: &[&str]) -> Value {
    Value::Faces(names.iter().map(|n| FaceName((*n).into())).collect())
}

fn edges(pairs: &[[&str; 2]]) -> Value {
    Value::Edges(
        pairs.iter().map(|[a, b]| EdgeName::between(FaceName((*a).into()), FaceName((*b).into()), 0)).collect(),
    )
}

fn vector(x: &str, y: &str, z: &str) -> Value {
    Value::Vector([x, y, z].map(String::from))
}

/// An angle bracket on a base plate: the demo part, and the walk-through of every basic feature.
fn bracket() -> Design {
    let mut t = Tree::new();
    t.parameter("width", "100 mm", "Along the wall")
        .parameter("depth", "80 mm", "Out from the wall, plate included")
        .parameter("height", "90 mm", "Of the upright")
        .parameter("thickness", "10 mm", "Of plate and upright")
        .parameter("hole_diameter", "9 mm", "Clearance for M8")
        .parameter("hole_inset", "14 mm", "Bolt axis to the plate's edges")
        .parameter("row_spacing", "34 mm", "Between the two rows of bolts")
        .parameter("bore_diameter", "25 mm", "Seat of the shaft")
        .parameter("bore_height", "58 mm", "Shaft axis above the base")
        .parameter("boss_diameter", "bore_diameter + 2 * 9 mm", "Leaves a wall of 9 mm")
        .parameter("boss_length", "12 mm", "In front of the upright")
        .parameter("bend_radius", "6 mm", "Inside the angle")
        .parameter("rib_thickness", "8 mm", "");

    t.add(
        Object::new("extrude_angle", "extrude", "Angle")
            .with("plane", choice("yz"))
            .with(
                "profile",
                Value::Profile(Profile::polygon(&[
                    ["0 mm", "0 mm"],
                    ["depth", "0 mm"],
                    ["depth", "height"],
                    ["depth - thickness", "height"],
                    ["depth - thickness", "thickness"],
                    ["0 mm", "thickness"],
                ])),
            )
            .expr("depth", "width")
            .with("direction", choice("both"))
            .with("material", choice("en_aw_6061_t6")),
    );
    t.add(
        Object::new("fillet_bend", "fillet", "Bend")
            .with("edges", edges(&[["extrude_angle.side4", "extrude_angle.side5"]]))
            .expr("radius", "bend_radius"),
    );
    t.add(
        Object::new("fillet_corner", "fillet", "Plate corners")
            .with(
                "edges",
                edges(&[["extrude_angle.side6", "extrude_angle.start"], ["extrude_angle.side6", "extrude_angle.end"]]),
            )
            .expr("radius", "thickness"),
    );
    t.add(
        Object::new("cylinder_boss", "cylinder", "Boss")
            .with("operation", choice("join"))
            .with("origin", vector("0 mm", "depth - thickness - boss_length", "bore_height"))
            .with("axis", choice("y"))
            .expr("radius", "boss_diameter / 2")
            .expr("height", "boss_length + thickness / 2"),
    );
    t.add(
        Object::new("extrude_rib", "extrude", "Rib")
            .with("operation", choice("join"))
            .with("plane", choice("yz"))
            .with(
                "profile",
                Value::Profile(Profile::polygon(&[
                    ["depth / 4", "thickness / 2"],
                    ["depth - thickness / 2", "thickness / 2"],
                    ["depth - thickness / 2", "bore_height - boss_diameter / 2 - 3 mm"],
                ])),
            )
            .expr("depth", "rib_thickness")
            .with("direction", choice("both")),
    );
    t.add(
        Object::new("hole_bore", "hole", "Bore")
            .with("plane", choice("face"))
            .with("face", faces(&["cylinder_boss.bottom"]))
            .expr("y", "bore_height")
            .expr("diameter", "bore_diameter"),
    );
    t.add(
        Object::new("hole_bolt", "hole", "Bolt hole")
            .with("plane", choice("face"))
            .with("face", faces(&["extrude_angle.side5"]))
            .expr("x", "hole_inset - width / 2")
            .expr("y", "hole_inset")
            .expr("diameter", "hole_diameter"),
    );
    t.add(
        Object::new("pattern_column", "pattern_linear", "Bolt columns")
            .with("features", refs(&["hole_bolt"]))
            .with("direction", vector("1", "0", "0"))
            .expr("spacing", "width - 2 * hole_inset")
            .expr("count", "2"),
    );
    t.add(
        Object::new("pattern_row", "pattern_linear", "Bolt rows")
            .with("features", refs(&["hole_bolt", "pattern_column"]))
            .with("direction", vector("0", "1", "0"))
            .expr("spacing", "row_spacing")
            .expr("count", "2"),
    );

    t.add(
        Object::new("selection_bolts", "selection", "Bolt holes")
            .with("rule", choice("feature"))
            .with("features", refs(&["hole_bolt", "pattern_column", "pattern_row"])),
    );
    t.add(Object::new("fixed_bolts", "fixed", "Bolted down").with("selections", refs(&["selection_bolts"])));
    t.add(
        Object::new("bearing_shaft", "bearing", "Shaft load")
            .with("faces", faces(&["hole_bore.wall"]))
            .with("force", vector("0 N", "0 N", "-6 kN")),
    );
    t.add(
        Object::new("force_side", "force", "Side pull")
            .with("faces", faces(&["hole_bore.wall"]))
            .with("force", vector("1.5 kN", "0 N", "0 N")),
    );
    t.add(Object::new("case_service", "load_case", "Service").with("loads", refs(&["bearing_shaft"])));
    t.add(
        Object::new("case_side", "load_case", "Service with side pull")
            .with("loads", refs(&["bearing_shaft", "force_side"])),
    );
    t.add(Object::new("study_static", "static", "Strength"));
    t.0
}

/// A hubbed pipe flange about the z axis.
fn flange() -> Design {
    let mut t = Tree::new();
    t.parameter("outer_diameter", "160 mm", "Of the disc")
        .parameter("thickness", "18 mm", "Of the disc")
        .parameter("hub_diameter", "90 mm", "At the disc")
        .parameter("hub_length", "40 mm", "Above the disc")
        .parameter("bore_diameter", "60 mm", "Of the pipe")
        .parameter("bolt_circle", "128 mm", "Diameter through the bolt axes")
        .parameter("bolt_diameter", "14 mm", "Clearance for M12")
        .parameter("bolt_count", "6", "")
        .parameter("hub_radius", "6 mm", "Fillet at the hub's foot")
        .parameter("rim_chamfer", "2 mm", "");
    t.add(
        Object::new("cylinder_disc", "cylinder", "Disc")
            .expr("radius", "outer_diameter / 2")
            .expr("height", "thickness")
            .with("material", choice("en_aw_6061_t6")),
    );
    t.add(
        Object::new("cylinder_hub", "cylinder", "Hub")
            .with("operation", choice("join"))
            .expr("radius", "hub_diameter / 2")
            .with("origin", vector("0 mm", "0 mm", "thickness / 2"))
            .expr("height", "thickness / 2 + hub_length"),
    );
    t.add(
        Object::new("fillet_hub", "fillet", "Hub foot")
            .with("edges", edges(&[["cylinder_disc.top", "cylinder_hub.wall"]]))
            .expr("radius", "hub_radius"),
    );
    t.add(
        Object::new("chamfer_rim", "chamfer", "Rim")
            .with("edges", edges(&[["cylinder_disc.bottom", "cylinder_disc.wall"]]))
            .expr("distance", "rim_chamfer"),
    );
    t.add(
        Object::new("hole_bore", "hole", "Bore")
            .with("plane", choice("face"))
            .with("face", faces(&["cylinder_hub.top"]))
            .expr("diameter", "bore_diameter"),
    );
    t.add(
        Object::new("hole_bolt", "hole", "Bolt hole")
            .with("plane", choice("face"))
            .with("face", faces(&["cylinder_disc.top"]))
            .expr("x", "bolt_circle / 2")
            .expr("diameter", "bolt_diameter"),
    );
    t.add(
        Object::new("pattern_bolt", "pattern_circular", "Bolt circle")
            .with("features", refs(&["hole_bolt"]))
            .expr("count", "bolt_count"),
    );
    t.add(
        Object::new("selection_bolts", "selection", "Bolt holes")
            .with("rule", choice("feature"))
            .with("features", refs(&["hole_bolt", "pattern_bolt"])),
    );
    t.add(Object::new("fixed_bolts", "fixed", "Bolted").with("selections", refs(&["selection_bolts"])));
    t.add(
        Object::new("pressure_bore", "pressure", "Pipe pressure")
            .with("faces", faces(&["hole_bore.wall"]))
            .expr("pressure", "4 MPa"),
    );
    t.add(
        Object::new("force_pipe", "force", "Pipe pull")
            .with("faces", faces(&["cylinder_hub.top"]))
            .with("force", vector("0 N", "0 N", "8 kN")),
    );
    t.add(Object::new("case_service", "load_case", "Service").with("loads", refs(&["pressure_bore", "force_pipe"])));
    t.add(Object::new("study_static", "static", "Strength"));
    t.0
}

/// A milled heat sink: slots cut from a block.
fn heat_sink() -> Design {
    let mut t = Tree::new();
    t.parameter("length", "80 mm", "Along the fins")
        .parameter("fin_count", "9", "")
        .parameter("fin_thickness", "2 mm", "")
        .parameter("gap", "4 mm", "Between fins")
        .parameter("base", "6 mm", "Thickness under the fins")
        .parameter("fin_height", "24 mm", "")
        .parameter("screw_diameter", "3.4 mm", "Clearance for M3")
        .parameter("width", "fin_count * fin_thickness + (fin_count - 1) * gap", "Follows from the fins");
    t.add(
        Object::new("box_block", "box", "Block")
            .expr("dx", "width")
            .expr("dy", "length")
            .expr("dz", "base + fin_height")
            .with("material", choice("en_aw_6061_t6")),
    );
    // Longer than the block on three sides: a slot's open ends are not flush with the block's faces.
    t.add(
        Object::new("box_slot", "box", "Slot")
            .with("operation", choice("cut"))
            .with("origin", vector("fin_thickness", "-5 mm", "base"))
            .expr("dx", "gap")
            .expr("dy", "length + 10 mm")
            .expr("dz", "fin_height + 5 mm"),
    );
    t.add(
        Object::new("pattern_slot", "pattern_linear", "Slots")
            .with("features", refs(&["box_slot"]))
            .with("direction", vector("1", "0", "0"))
            .expr("spacing", "fin_thickness + gap")
            .expr("count", "fin_count - 1"),
    );
    t.add(
        Object::new("hole_screw", "hole", "Screw hole")
            .with("plane", choice("face"))
            .with("face", faces(&["box_slot.bottom"]))
            .expr("x", "fin_thickness + gap / 2")
            .expr("y", "10 mm")
            .expr("diameter", "screw_diameter"),
    );
    t.add(
        Object::new("pattern_screw", "pattern_linear", "Screws")
            .with("features", refs(&["hole_screw"]))
            .with("direction", vector("0", "1", "0"))
            .expr("spacing", "length - 20 mm")
            .expr("count", "2"),
    );
    t.add(
        Object::new("selection_screws", "selection", "Screw holes")
            .with("rule", choice("cylinders"))
            .expr("radius", "screw_diameter / 2"),
    );
    t.add(Object::new("fixed_screws", "fixed", "Screwed down").with("selections", refs(&["selection_screws"])));
    t.add(
        Object::new("pressure_base", "pressure", "Spring clip")
            .with("faces", faces(&["box_block.bottom"]))
            .expr("pressure", "0.2 MPa"),
    );
    t.add(Object::new("case_clamped", "load_case", "Clamped").with("loads", refs(&["pressure_base"])));
    t.add(
        Object::new("selection_slots", "selection", "Between the fins")
            .with("rule", choice("feature"))
            .with("features", refs(&["box_slot"])),
    );
    t.add(
        Object::new("heat_flux_chip", "heat_flux", "Chip")
            .with("faces", faces(&["box_block.bottom"]))
            .with("by", choice("total"))
            .expr("power", "20 W"),
    );
    t.add(
        Object::new("convection_fan", "convection", "Fan")
            .with("selections", refs(&["selection_slots"]))
            .expr("film", "25 W/(m^2*K)"),
    );
    t.add(Object::new("study_static", "static", "Stiffness"));
    t.add(Object::new("study_heat", "heat", "Cooling"));
    t.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::check;

    #[test]
    fn every_template_is_free_of_issues() {
        for template in TEMPLATES {
            assert_eq!(check(&(template.build)()), [], "{}", template.id);
        }
    }
}
