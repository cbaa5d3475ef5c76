//! A small problem of every physics, turned and sized at will, with what must follow from that.

use super::part;
use glam::{DMat3, DQuat, DVec3};
use solver::design::{Object, Value};
use solver::study::suite::{Law, Sample};
use std::sync::Arc;

/// One problem of a study.
pub struct Physics {
    pub name: &'static str,
    /// Kind of its study.
    pub study: &'static str,
    pub laws: &'static [Law],
    make: fn(&Place) -> Vec<Object>,
}

/// Where and how large.
struct Place {
    turn: DMat3,
    size: f64,
}

impl Place {
    /// A vector that turns with the problem.
    fn vector(&self, v: [f64; 3], unit: &str) -> Value {
        part::vector((self.turn * DVec3::from(v)).to_array(), unit)
    }

    /// A force, which grows as areas do.
    fn force(&self, v: [f64; 3]) -> Object {
        let v = v.map(|c| c * self.size.powi(2));
        on("tip", "force", &["x1"]).with("force", self.vector(v, "N"))
    }

    /// A ply of carbon whose directions lie aslant in the problem.
    fn ply(&self) -> Object {
        Object::new("ply", "orthotropic", "Ply")
            .with("bodies", Value::Refs(vec!["part".into()]))
            .with("direction_1", self.vector([1.0, 0.4, -0.2], ""))
            .with("direction_2", self.vector([-0.3, 1.0, 0.5], ""))
            .expr("k1", "60 W/(m*K)")
            .expr("k2", "25 W/(m*K)")
            .expr("k3", "20 W/(m*K)")
    }

    /// What a problem of heat takes from a surface; the larger, the less, so that temperatures stay.
    fn film(&self, id: &str, face: &str, film: f64) -> Object {
        let film = film / self.size;
        on(id, "convection", &[face]).expr("film", &format!("{film} W/(m^2*K)")).expr("ambient", "20 °C")
    }
}

const fn law(scalar: &'static str, power: i32, mesh: f64) -> Law {
    Law { scalar, power, mesh }
}

/// All of them. The root of a bar that is held has no finite stress: of that, only what growing does is known.
pub const ALL: &[Physics] = &[
    Physics {
        name: "static, instant",
        study: "static",
        laws: &[law("displacement_max", 1, 0.05), law("von_mises_max", 0, 0.5), law("mass", 3, 1e-9)],
        make: |p| vec![root(), p.force([10.0, -200.0, 300.0]), study("static")],
    },
    Physics {
        name: "static",
        study: "static",
        laws: &[
            law("displacement_max", 1, 0.02),
            law("von_mises_max", 0, 0.5),
            law("compliance", 3, 0.02),
            law("mass", 3, 1e-9),
        ],
        make: |p| vec![root(), p.force([10.0, -200.0, 300.0]), verified()],
    },
    Physics {
        name: "static, evenly warm",
        study: "static",
        laws: &[law("displacement_max", 1, 1e-6), law("von_mises_max", 0, 1e-6), law("mass", 3, 1e-9)],
        make: |_| {
            let warm = verified().with("warmth", choice("given")).expr("temperature", "120 °C");
            vec![on("slide", "sliding", &["x0", "x1", "y0", "z0"]), warm]
        },
    },
    Physics {
        name: "static, warm by heat",
        study: "static",
        laws: &[law("displacement_max", 1, 0.01), law("von_mises_max", 0, 0.02), law("mass", 3, 1e-9)],
        make: |p| {
            let heat = Value::Refs(vec!["heat".into()]);
            let warm = verified().with("warmth", choice("heat")).with("heat", heat);
            let slide = on("slide", "sliding", &["x0", "x1", "y0", "z0"]);
            let mut all = vec![slide, warm, Object::new("heat", "heat", "Heat")];
            all.extend(heated(p));
            all
        },
    },
    Physics {
        name: "modal",
        study: "modal",
        laws: &[law("frequency", -1, 0.01), law("frequency_first", -1, 0.01), law("mass", 3, 1e-9)],
        make: |_| vec![root(), study("modal").expr("modes", "3")],
    },
    Physics {
        name: "buckling",
        study: "buckling",
        laws: &[law("load_factor", 0, 0.01), law("load_factor_first", 0, 0.01)],
        make: |p| vec![root(), p.force([-1000.0, 0.0, 0.0]), study("buckling").expr("modes", "2")],
    },
    Physics {
        name: "heat, steady",
        study: "heat",
        laws: HEAT,
        make: |p| {
            let mut all = heated(p);
            all.push(study("heat"));
            all
        },
    },
    Physics {
        name: "heat, along directions",
        study: "heat",
        laws: DIRECTED,
        make: |p| {
            let mut all = heated(p);
            all.extend([p.ply(), study("heat")]);
            all
        },
    },
    Physics {
        name: "static, warm by heat along directions",
        study: "static",
        laws: &[law("displacement_max", 1, 0.02), law("mass", 3, 1e-9)],
        make: |p| {
            let heat = Value::Refs(vec!["heat".into()]);
            let warm = verified().with("warmth", choice("heat")).with("heat", heat);
            let mut all = vec![root(), warm, Object::new("heat", "heat", "Heat"), p.ply()];
            all.extend(heated(p));
            all
        },
    },
    Physics {
        name: "heat, transient",
        study: "heat",
        laws: HEAT,
        make: |p| {
            let duration = 60.0 * p.size.powi(2);
            let course = study("heat").with("course", choice("transient"));
            let mut all = heated(p);
            all.push(course.expr("duration", &format!("{duration} s")).expr("states", "2"));
            all
        },
    },
];

/// The same of a ply whose directions lie aslant and turn with it.
const DIRECTED: &[Law] = &[
    law("temperature_max", 0, 1e-3),
    law("temperature_min", 0, 3e-3),
    law("heat:hot", 1, 0.02),
    law("heat:air", 1, 0.02),
];

/// Temperatures are in K: their differences are a third of them at most.
const HEAT: &[Law] = &[
    law("temperature_max", 0, 1e-3),
    law("temperature_min", 0, 1e-3),
    law("heat:hot", 1, 0.02),
    law("heat:air", 1, 0.02),
];

fn on(id: &str, kind: &str, faces: &[&str]) -> Object {
    Object::new(id, kind, id).with("faces", part::faces(faces))
}

fn choice(text: &str) -> Value {
    Value::Choice(text.into())
}

fn root() -> Object {
    on("root", "fixed", &["x0"])
}

/// Warm at one end, cooled along a side.
fn heated(p: &Place) -> Vec<Object> {
    let hot = on("hot", "temperature", &["x0"]).expr("temperature", "120 °C");
    vec![hot, p.film("air", "y1", 400.0)]
}

fn study(kind: &str) -> Object {
    Object::new("study", kind, "Study").with("resolution", choice("cell"))
}

fn verified() -> Object {
    study("static").with("method", choice("verified"))
}

impl Physics {
    /// The problem, turned about the origin, `size` times as large, on elements of this share of its length.
    pub fn sample(&self, turn: DQuat, size: f64, element: f64) -> Sample {
        self.changed(turn, size, element, |o| o)
    }

    /// The same with objects changed.
    pub fn changed(&self, turn: DQuat, size: f64, element: f64, change: impl Fn(Object) -> Object) -> Sample {
        // A quarter turn is one to the bit.
        let settle = |x: f64| if x.abs() < 1e-15 || (x.abs() - 1.0).abs() < 1e-15 { x.round() } else { x };
        let turn = DMat3::from_quat(turn);
        let turn = DMat3::from_cols_array(&turn.to_cols_array().map(settle));
        let place = Place { turn, size };
        let length = 0.06 * size;
        let cell = format!("{} m", element * length);
        let sized = |o: Object| if o.id.0 == "study" { o.expr("cell", &cell) } else { o };
        let objects = (self.make)(&place).into_iter().map(|o| change(sized(o)));
        let surface = part::block([length, 0.02 * size, 0.016 * size], move |p| turn * p);
        let (mut design, model) = part::set_up(surface, "s235jr", vec![], 1.0);
        design.objects = objects.map(Arc::new).collect();
        Sample { design, model, study: "study" }
    }
}
