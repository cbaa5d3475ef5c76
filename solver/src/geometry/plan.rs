//! What a feature asks for, as plain numbers: every expression evaluated, every property checked.
//!
//! A plan is all that the kernels see of a feature. Its serialised form is the feature's part of the cache key, so
//! that a change of a parameter rebuilds only from the first feature whose numbers it changes.

use crate::design::profile::Outline as TypedOutline;
use crate::design::{Id, Issue, Object, Profile, Resolved, Segment, Value};
use crate::quantity::Dimension;
use crate::surface::{EdgeName, FaceName};
use glam::{DMat3, DVec3};
use serde::Serialize;

/// How a solid meets the bodies that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Operation {
    New,
    Join,
    Cut,
    Common,
}

/// Where a profile is drawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Plane {
    Xy,
    Xz,
    Yz,
    Face(FaceName),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sketch {
    pub plane: Plane,
    /// Along the plane's normal, m.
    pub offset: f64,
}

/// One segment of a loop, m, in sketch axes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Stroke {
    Line { to: [f64; 2] },
    Arc { via: [f64; 2], to: [f64; 2] },
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Outline {
    Path { start: [f64; 2], strokes: Vec<Stroke> },
    Circle { centre: [f64; 2], radius: f64 },
}

/// Outer loop first, then the holes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Loops {
    pub loops: Vec<Outline>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Direction {
    Up,
    Down,
    Both,
}

/// A solid on its own, before it meets any body. SI.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Form {
    Box {
        min: [f64; 3],
        max: [f64; 3],
    },
    Cylinder {
        origin: [f64; 3],
        axis: usize,
        radius: f64,
        height: f64,
    },
    Cone {
        origin: [f64; 3],
        axis: usize,
        radius: f64,
        radius_top: f64,
        height: f64,
    },
    Sphere {
        origin: [f64; 3],
        radius: f64,
    },
    Torus {
        origin: [f64; 3],
        axis: usize,
        major: f64,
        minor: f64,
    },
    Extrude {
        sketch: Sketch,
        profile: Loops,
        depth: f64,
        direction: Direction,
    },
    /// `about`: 0 the sketch's x axis, 1 its y axis, shifted sideways by `offset`.
    Revolve {
        sketch: Sketch,
        profile: Loops,
        about: usize,
        offset: f64,
        angle: f64,
    },
    /// `depth`: `None` is through all.
    Hole {
        sketch: Sketch,
        centre: [f64; 2],
        radius: f64,
        depth: Option<f64>,
        direction: Direction,
    },
}

/// A rigid placement of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Placement {
    /// Turned by `angle` about the line through `origin` along axis `axis`, then shifted.
    Motion { origin: [f64; 3], axis: usize, angle: f64, shift: [f64; 3] },
    /// Reflected in the plane through `origin` square to axis `axis`.
    Mirror { origin: [f64; 3], axis: usize },
}

impl Placement {
    /// What it does to directions.
    pub fn turn(&self) -> DMat3 {
        match *self {
            Self::Motion { axis, angle, .. } => DMat3::from_axis_angle(DVec3::AXES[axis], angle),
            Self::Mirror { axis, .. } => DMat3::from_diagonal(DVec3::ONE - 2.0 * DVec3::AXES[axis]),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Blend {
    Fillet,
    Chamfer,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Action {
    Solid {
        form: Form,
        operation: Operation,
        targets: Vec<Id>,
        material: String,
    },
    Boolean {
        operation: Operation,
        targets: Vec<Id>,
        tools: Vec<Id>,
        keep: bool,
    },
    Blend {
        blend: Blend,
        edges: Vec<EdgeName>,
        size: f64,
    },
    /// Copies number 2, 3, … of the features.
    Repeat {
        features: Vec<Id>,
        placements: Vec<Placement>,
    },
    Move {
        bodies: Vec<Id>,
        placement: Placement,
    },
    Import {
        hash: String,
        file: String,
        scale: f64,
        crease: f64,
        material: String,
        /// Of an input deck: which of its bodies.
        part: String,
    },
    Grow {
        hash: String,
        file: String,
        space: Vec<Id>,
        keep: Around,
        avoid: Around,
        material: String,
    },
}

/// Bodies, and what is no farther from faces than a distance, m.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Around {
    pub bodies: Vec<Id>,
    pub faces: Vec<FaceName>,
    pub distance: f64,
}

/// A feature, ready to build.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    pub id: Id,
    /// The person asked for the field kernel.
    pub as_field: bool,
    /// Radius of the smooth transition where the solid meets its targets; field kernel only, m.
    pub smooth: f64,
    pub action: Action,
}

impl Plan {
    /// Hash of the file that it needs.
    pub fn file(&self) -> Option<&str> {
        match &self.action {
            Action::Import { hash, .. } | Action::Grow { hash, .. } => Some(hash),
            _ => None,
        }
    }
}

/// Reads feature `object`; issues name the property.
///
/// # Errors
/// Every property that has no value: the feature has no effect until they are mended.
pub fn read(object: &Object, resolved: &Resolved) -> Result<Plan, Vec<Issue>> {
    let mut r = Reader { object, resolved, issues: Vec::new() };
    let action = r.action();
    let as_field = object.choice("solve_as") == "field";
    let smooth = if as_field && crate::design::schema::field(&object.kind, "smooth").is_some() {
        r.number("smooth")
    } else {
        0.0
    };
    match action {
        Some(action) if r.issues.is_empty() => Ok(Plan { id: object.id.clone(), as_field, smooth, action }),
        _ => Err(r.issues),
    }
}

struct Reader<'a> {
    object: &'a Object,
    resolved: &'a Resolved,
    issues: Vec<Issue>,
}

impl Reader<'_> {
    fn fail(&mut self, key: &str, message: impl Into<String>) {
        self.issues.push(Issue::error(self.object, key, message));
    }

    /// The value, or NaN with an issue; a plan with issues is never built.
    fn number(&mut self, key: &str) -> f64 {
        self.resolved.number(self.object, key).unwrap_or_else(|issue| {
            self.issues.push(issue);
            f64::NAN
        })
    }

    fn vector(&mut self, key: &str) -> [f64; 3] {
        self.resolved.vector(self.object, key).unwrap_or_else(|issue| {
            self.issues.push(issue);
            [f64::NAN; 3]
        })
    }

    fn axis(&self) -> usize {
        match self.object.choice("axis").as_str() {
            "x" => 0,
            "y" => 1,
            _ => 2,
        }
    }

    fn required_refs(&mut self, key: &str, what: &str) -> Vec<Id> {
        let refs = self.object.refs(key);
        if refs.is_empty() {
            self.fail(key, format!("{what}: choose at least one"));
        }
        refs
    }

    /// Hash and name of the file, which `missing` asks for.
    fn file(&mut self, missing: &str) -> (String, String) {
        match self.object.get("file") {
            Some(Value::Blob { hash, name }) if !hash.is_empty() => (hash, name),
            _ => {
                self.fail("file", missing);
                Default::default()
            }
        }
    }

    fn action(&mut self) -> Option<Action> {
        let object = self.object;
        Some(match object.kind.as_str() {
            "box" | "cylinder" | "cone" | "sphere" | "torus" | "extrude" | "revolve" | "hole" => {
                let operation = if object.kind == "hole" { Operation::Cut } else { self.operation() };
                Action::Solid {
                    form: self.form(),
                    operation,
                    targets: object.refs("targets"),
                    material: object.choice("material"),
                }
            }
            "boolean" => Action::Boolean {
                operation: self.operation(),
                targets: self.required_refs("targets", "Target bodies"),
                tools: self.required_refs("tools", "Tool bodies"),
                keep: object.flag("keep"),
            },
            "fillet" | "chamfer" => {
                let (blend, key) =
                    if object.kind == "fillet" { (Blend::Fillet, "radius") } else { (Blend::Chamfer, "distance") };
                let edges = object.edges("edges");
                if edges.is_empty() {
                    self.fail("edges", "Edges: pick at least one");
                }
                Action::Blend { blend, edges, size: self.number(key) }
            }
            "pattern_linear" => {
                let features = self.required_refs("features", "Features");
                let (direction, spacing, count) =
                    (self.vector("direction"), self.number("spacing"), self.number("count"));
                let length = direction.iter().map(|c| c * c).sum::<f64>().sqrt();
                if length <= 0.0 {
                    self.fail("direction", "Direction has no length; give one such as 1, 0, 0");
                }
                let step = direction.map(|c| c / length * spacing);
                let placements = (1..count as u32).map(|k| Placement::Motion {
                    origin: [0.0; 3],
                    axis: 2,
                    angle: 0.0,
                    shift: step.map(|c| c * f64::from(k)),
                });
                Action::Repeat { features, placements: placements.collect() }
            }
            "pattern_circular" => {
                let features = self.required_refs("features", "Features");
                let (origin, axis) = (self.vector("origin"), self.axis());
                let (count, total) = (self.number("count"), self.number("angle"));
                // A full turn ends where it began; anything less has a copy at both ends.
                let full = (total.abs() - 2.0 * std::f64::consts::PI).abs() < 1e-9;
                let gaps = if full { count } else { (count - 1.0).max(1.0) };
                let placements = (1..count as u32).map(|k| Placement::Motion {
                    origin,
                    axis,
                    angle: total * f64::from(k) / gaps,
                    shift: [0.0; 3],
                });
                Action::Repeat { features, placements: placements.collect() }
            }
            "mirror" => {
                let features = self.required_refs("features", "Features");
                let (axis, offset) = (self.normal_axis(), self.number("offset"));
                let mut origin = [0.0; 3];
                // XZ has normal -y: its offset runs against the axis, as it does for a sketch.
                origin[axis] = if axis == 1 { -offset } else { offset };
                Action::Repeat { features, placements: vec![Placement::Mirror { origin, axis }] }
            }
            "move" => Action::Move {
                bodies: self.required_refs("bodies", "Bodies"),
                placement: Placement::Motion {
                    origin: self.vector("origin"),
                    axis: self.axis(),
                    angle: self.number("angle"),
                    shift: self.vector("translation"),
                },
            },
            "import" => {
                let (hash, file) = self.file("File: choose an STL, OBJ, 3MF, STEP or INP file");
                let scale = match object.choice("unit").as_str() {
                    "cm" => 1e-2,
                    "m" => 1.0,
                    "in" => 25.4e-3,
                    _ => 1e-3,
                };
                Action::Import {
                    hash,
                    file,
                    scale,
                    crease: self.number("crease"),
                    material: object.choice("material"),
                    part: object.text("part"),
                }
            }
            "generated" => {
                let (hash, file) = self.file("Growth: run a generative study and take its outcome over from there");
                let around = |bodies: &str, faces: &str, distance: f64| Around {
                    bodies: object.refs(bodies),
                    faces: object.faces(faces),
                    distance,
                };
                Action::Grow {
                    hash,
                    file,
                    space: self.required_refs("bodies", "Design space"),
                    keep: around("keep_bodies", "keep_faces", self.number("layer")),
                    avoid: around("avoid_bodies", "avoid_faces", self.number("distance")),
                    material: object.choice("material"),
                }
            }
            other => {
                self.fail("kind", format!("this build cannot make '{other}'"));
                return None;
            }
        })
    }

    fn operation(&self) -> Operation {
        match self.object.choice("operation").as_str() {
            "join" => Operation::Join,
            "cut" => Operation::Cut,
            "common" => Operation::Common,
            _ => Operation::New,
        }
    }

    fn normal_axis(&self) -> usize {
        match self.object.choice("plane").as_str() {
            "yz" => 0,
            "xz" => 1,
            _ => 2,
        }
    }

    fn form(&mut self) -> Form {
        match self.object.kind.as_str() {
            "box" => {
                let (origin, d) = (self.vector("origin"), [self.number("dx"), self.number("dy"), self.number("dz")]);
                let mut min = origin;
                if self.object.flag("centred") {
                    min[0] -= d[0] / 2.0;
                    min[1] -= d[1] / 2.0;
                }
                Form::Box { min, max: [min[0] + d[0], min[1] + d[1], min[2] + d[2]] }
            }
            "cylinder" => Form::Cylinder {
                origin: self.vector("origin"),
                axis: self.axis(),
                radius: self.number("radius"),
                height: self.number("height"),
            },
            "cone" => {
                let radius_top = self.number("radius_top");
                if radius_top < 0.0 {
                    self.fail("radius_top", "Top radius must be 0 (a tip) or more");
                }
                Form::Cone {
                    origin: self.vector("origin"),
                    axis: self.axis(),
                    radius: self.number("radius"),
                    radius_top,
                    height: self.number("height"),
                }
            }
            "sphere" => Form::Sphere { origin: self.vector("origin"), radius: self.number("radius") },
            "torus" => {
                let (major, minor) = (self.number("major"), self.number("minor"));
                if minor >= major {
                    self.fail(
                        "minor",
                        "Tube radius must be smaller than the ring radius, or the ring closes on itself",
                    );
                }
                Form::Torus { origin: self.vector("origin"), axis: self.axis(), major, minor }
            }
            "extrude" => Form::Extrude {
                sketch: self.sketch(),
                profile: self.profile(),
                depth: self.number("depth"),
                direction: self.direction(),
            },
            "revolve" => {
                let angle = self.number("angle");
                if angle == 0.0 {
                    self.fail("angle", "Angle must not be 0");
                }
                Form::Revolve {
                    sketch: self.sketch(),
                    profile: self.profile(),
                    about: usize::from(self.object.choice("about") != "x"),
                    offset: self.number("about_offset"),
                    angle,
                }
            }
            _ => Form::Hole {
                sketch: self.sketch(),
                centre: [self.number("x"), self.number("y")],
                radius: self.number("diameter") / 2.0,
                depth: (!self.object.flag("through")).then(|| self.number("depth")),
                direction: self.hole_direction(),
            },
        }
    }

    /// Through all from a base plane means all, on both sides of it, unless a side was chosen.
    fn hole_direction(&self) -> Direction {
        let chosen = self.object.properties.contains_key("direction");
        if !chosen && self.object.flag("through") && self.object.choice("plane") != "face" {
            return Direction::Both;
        }
        self.direction()
    }

    fn direction(&self) -> Direction {
        match self.object.choice("direction").as_str() {
            "down" => Direction::Down,
            "both" => Direction::Both,
            _ => Direction::Up,
        }
    }

    fn sketch(&mut self) -> Sketch {
        let offset = self.number("offset");
        let plane = match self.object.choice("plane").as_str() {
            "xz" => Plane::Xz,
            "yz" => Plane::Yz,
            "face" => match self.object.faces("face").as_slice() {
                [face] => Plane::Face(face.clone()),
                [] => {
                    self.fail("face", "Face: pick the planar face to draw on");
                    Plane::Xy
                }
                _ => {
                    self.fail("face", "Face: pick one face only");
                    Plane::Xy
                }
            },
            _ => Plane::Xy,
        };
        Sketch { plane, offset }
    }

    fn profile(&mut self) -> Loops {
        let Some(Value::Profile(profile)) = self.object.get("profile") else {
            self.fail("profile", "Profile: draw one");
            return Loops { loops: Vec::new() };
        };
        let Profile { outer, holes } = &profile;
        let mut loops = Vec::with_capacity(1 + holes.len());
        for (i, outline) in std::iter::once(outer).chain(holes).enumerate() {
            let label = if i == 0 { "outline".to_string() } else { format!("hole {i}") };
            loops.push(self.outline(outline, &label));
        }
        Loops { loops }
    }

    fn coordinate(&mut self, text: &str, label: &str) -> f64 {
        match self.resolved.evaluate_as(text, Dimension::LENGTH) {
            Ok(x) => x,
            Err(e) => {
                self.fail("profile", format!("Profile, {label}: {e}"));
                f64::NAN
            }
        }
    }

    fn outline(&mut self, outline: &TypedOutline, label: &str) -> Outline {
        let point = |r: &mut Self, [x, y]: &[String; 2], what: &str| {
            [r.coordinate(x, &format!("{label}, {what} x")), r.coordinate(y, &format!("{label}, {what} y"))]
        };
        match outline {
            TypedOutline::Circle { centre, radius } => {
                let centre = point(self, centre, "centre");
                let radius = self.coordinate(radius, &format!("{label}, radius"));
                if radius <= 0.0 {
                    self.fail("profile", format!("Profile, {label}: the radius must be more than 0"));
                }
                Outline::Circle { centre, radius }
            }
            TypedOutline::Path { start, segments } => {
                let start = point(self, start, "start");
                let strokes = segments.iter().enumerate().map(|(i, s)| {
                    let n = format!("segment {}", i + 1);
                    match s {
                        Segment::Line { to } => Stroke::Line { to: point(self, to, &n) },
                        Segment::Arc { via, to } => {
                            Stroke::Arc { via: point(self, via, &format!("{n} via")), to: point(self, to, &n) }
                        }
                    }
                });
                let strokes = strokes.collect();
                Outline::Path { start, strokes }
            }
        }
    }
}
