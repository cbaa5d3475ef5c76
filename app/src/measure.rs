//! Measuring between picked things: plain geometry on the scene's surfaces, without a canvas.
//!
//! Where the kernel knows the true surface (plane, cylinder, cone, sphere, torus) the answer comes from it; otherwise
//! from the triangles and polylines that are drawn.

use crate::viewport::Pick;
use solver::design::schema::Section;
use solver::design::{Design, Resolved, material};
use solver::quantity::Dimension;
use solver::scene::{Scene, SceneBody};
use solver::surface::{Edge, Face, Shape, SurfaceMesh};

mod distance;
mod vector;

use distance::{Set, nearest};
use vector::{add, angle_between, cross, dot, length, scale, sub, unit};

/// Directions closer than this count as parallel, rad.
const PARALLEL: f64 = 1e-6;

/// One measured number.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    pub label: &'static str,
    /// SI; angles in rad.
    pub value: f64,
    pub dimension: Dimension,
    /// Angles carry no dimension of their own: print this one in degrees.
    pub is_angle: bool,
    /// Where it was measured, to draw; world, m.
    pub line: Option<[[f64; 3]; 2]>,
}

impl Reading {
    fn new(label: &'static str, value: f64, dimension: Dimension) -> Self {
        Self { label, value, dimension, is_angle: false, line: None }
    }

    fn angle(label: &'static str, value: f64) -> Self {
        Self { is_angle: true, ..Self::new(label, value, Dimension::NONE) }
    }

    fn along(label: &'static str, line: [[f64; 3]; 2]) -> Self {
        Self { line: Some(line), ..Self::new(label, length(sub(line[1], line[0])), Dimension::LENGTH) }
    }
}

/// Everything worth saying about the picked things: of one, its own size; of two, what lies between; of more, the sums.
///
/// Empty when nothing is picked or a pick no longer exists.
pub fn measure(scene: &Scene, picks: &[Pick]) -> Vec<Reading> {
    let found: Vec<Thing> = picks.iter().filter_map(|p| Thing::find(scene, p)).collect();
    match &found[..] {
        _ if found.len() != picks.len() => Vec::new(),
        [] => Vec::new(),
        [one] => one.own(),
        [a, b] => between(a, b),
        many => sums(many),
    }
}

/// Density of a body, kg/m³: of the design's own material if it has one, else of the library's; nothing where neither is
/// known.
fn density(body: &SceneBody, design: &Design, resolved: &Resolved) -> f64 {
    let feature = body.name.split('#').next().unwrap_or(&body.name);
    let own = design.section(Section::Material).filter(|o| !o.suppressed);
    let own = own.filter(|o| o.refs("bodies").iter().any(|id| id.0 == feature));
    // Of two, the one that mechanics takes.
    match own.max_by_key(|o| o.kind == "orthotropic") {
        Some(object) => resolved.number(object, "density").unwrap_or(0.0),
        None => material(&body.material).map_or(0.0, |m| m.density),
    }
}

/// Volume, surface and mass, together, of the bodies that are picked from, or of all. A body whose material is not known
/// weighs nothing.
pub fn bodies(scene: &Scene, design: &Design, resolved: &Resolved, picks: &[Pick]) -> Vec<Reading> {
    let meant = |b: &&SceneBody| picks.is_empty() || picks.iter().any(|p| p.body() == b.name);
    let chosen: Vec<&SceneBody> = scene.bodies.iter().filter(meant).collect();
    if chosen.is_empty() {
        return Vec::new();
    }
    let sum = |f: &dyn Fn(&SceneBody) -> f64| chosen.iter().map(|b| f(b)).sum::<f64>();
    vec![
        Reading::new("Volume", sum(&|b| b.mass.volume), Dimension::VOLUME),
        Reading::new("Surface", sum(&|b| b.mass.area), Dimension::AREA),
        Reading::new("Mass", sum(&|b| b.mass.volume * density(b, design, resolved)), Dimension::MASS),
    ]
}

/// A picked thing, found in the scene.
enum Thing<'a> {
    Face { mesh: &'a SurfaceMesh, ids: Vec<u32>, face: &'a Face },
    Edge { mesh: &'a SurfaceMesh, edge: &'a Edge },
    Point([f64; 3]),
}

impl<'a> Thing<'a> {
    fn find(scene: &'a Scene, pick: &'a Pick) -> Option<Self> {
        let mesh = |name: &str| scene.bodies.iter().find(|b| b.name == name).map(|b| &*b.surface);
        match pick {
            Pick::Face { body, face } => {
                let mesh = mesh(body)?;
                let ids: Vec<u32> = mesh.faces_named(face).collect();
                Some(Self::Face { mesh, face: mesh.faces.get(*ids.first()? as usize)?, ids })
            }
            Pick::Edge { body, edge } => {
                let mesh = mesh(body)?;
                Some(Self::Edge { mesh, edge: mesh.edges.iter().find(|e| e.name == *edge)? })
            }
            Pick::Vertex { body, point } => Some(Self::Point(*mesh(body)?.points.get(*point as usize)?)),
        }
    }

    fn own(&self) -> Vec<Reading> {
        match self {
            Self::Face { mesh, ids, face } => {
                let area = ids.iter().map(|&i| mesh.faces[i as usize].area).sum();
                let mut out = vec![Reading::new("Area", area, Dimension::AREA)];
                let radius = |label, r| Reading::new(label, r, Dimension::LENGTH);
                match face.shape {
                    Shape::Cylinder { radius: r, .. } | Shape::Sphere { radius: r, .. } => {
                        out.extend([radius("Radius", r), radius("Diameter", 2.0 * r)]);
                    }
                    Shape::Cone { half_angle, .. } => out.push(Reading::angle("Half angle", half_angle)),
                    Shape::Torus { major, minor, .. } => {
                        out.extend([radius("Major radius", major), radius("Minor radius", minor)]);
                    }
                    Shape::Plane { .. } | Shape::Freeform => {}
                }
                out
            }
            Self::Edge { edge, .. } => {
                let mut out = vec![Reading::new("Length", edge.length, Dimension::LENGTH)];
                if let Some(r) = edge.radius {
                    out.push(Reading::new("Radius", r, Dimension::LENGTH));
                    out.push(Reading::new("Diameter", 2.0 * r, Dimension::LENGTH));
                }
                out
            }
            Self::Point(p) => ["X", "Y", "Z"]
                .into_iter()
                .zip(p)
                .map(|(label, v)| Reading::new(label, *v, Dimension::LENGTH))
                .collect(),
        }
    }

    /// Direction that an angle can be taken from: a plane's normal, an axis, a straight edge. The flag tells a normal.
    fn direction(&self) -> Option<([f64; 3], bool)> {
        match self {
            Self::Face { face, .. } => match face.shape {
                Shape::Plane { normal, .. } => Some((unit(normal)?, true)),
                Shape::Cylinder { axis, .. } | Shape::Cone { axis, .. } | Shape::Torus { axis, .. } => {
                    Some((unit(axis)?, false))
                }
                Shape::Sphere { .. } | Shape::Freeform => None,
            },
            Self::Edge { mesh, edge } => {
                let [a, b] = [edge.points.first()?, edge.points.last()?].map(|&i| mesh.points[i as usize]);
                let chord = sub(b, a);
                // An arc is longer than its chord.
                ((length(chord) / edge.length - 1.0).abs() < 1e-6).then(|| unit(chord)).flatten().map(|d| (d, false))
            }
            Self::Point(_) => None,
        }
    }

    /// Axis through a point, or a centre without a direction.
    fn centre(&self) -> Option<([f64; 3], Option<[f64; 3]>)> {
        match self {
            Self::Face { face, .. } => match face.shape {
                Shape::Cylinder { point, axis, .. } => Some((point, unit(axis))),
                Shape::Cone { apex, axis, .. } => Some((apex, unit(axis))),
                Shape::Torus { centre, axis, .. } => Some((centre, unit(axis))),
                Shape::Sphere { centre, .. } => Some((centre, None)),
                Shape::Plane { .. } | Shape::Freeform => None,
            },
            Self::Edge { mesh, edge } => {
                let radius = edge.radius?;
                let point = |i: usize| mesh.points[edge.points[i] as usize];
                let n = edge.points.len();
                circle(point(0), point(n / 3), point(2 * n / 3), radius)
            }
            Self::Point(_) => None,
        }
    }

    fn set(&self) -> Set {
        match self {
            Self::Face { mesh, ids, .. } => Set::triangles(
                (0..mesh.triangles.len())
                    .filter(|&t| ids.contains(&mesh.face_of[t]))
                    .map(|t| mesh.triangles[t].map(|i| mesh.points[i as usize])),
            ),
            Self::Edge { mesh, edge } => {
                Set::segments(edge.points.windows(2).map(|w| [w[0], w[1]].map(|i| mesh.points[i as usize])))
            }
            Self::Point(p) => Set::point(*p),
        }
    }
}

/// Centre and axis of the circle through three of its points; the radius decides nothing but that it is one.
fn circle(a: [f64; 3], b: [f64; 3], c: [f64; 3], radius: f64) -> Option<([f64; 3], Option<[f64; 3]>)> {
    let (u, v) = (sub(b, a), sub(c, a));
    let w = cross(u, v);
    let ww = dot(w, w);
    if ww <= (1e-9 * radius * radius).powi(2) {
        return None;
    }
    let to = add(scale(cross(w, u), dot(v, v)), scale(cross(v, w), dot(u, u)));
    Some((add(a, scale(to, 0.5 / ww)), unit(w)))
}

fn between(a: &Thing, b: &Thing) -> Vec<Reading> {
    let mut out = Vec::new();
    if let Some(line) = nearest(&a.set(), &b.set()) {
        out.push(Reading::along("Distance", line));
        if matches!((a, b), (Thing::Point(_), Thing::Point(_))) {
            let across = sub(line[1], line[0]);
            for (label, v) in ["ΔX", "ΔY", "ΔZ"].into_iter().zip(across) {
                out.push(Reading::new(label, v.abs(), Dimension::LENGTH));
            }
        }
    }
    let directions = (a.direction(), b.direction());
    let mut parallel = false;
    if let (Some((d, a_normal)), Some((e, b_normal))) = directions {
        // Lines have no sense, so the angle is the smaller one; a normal against a line is measured from the plane.
        let mut angle = angle_between(d, e);
        angle = angle.min(std::f64::consts::PI - angle);
        if a_normal != b_normal {
            angle = std::f64::consts::FRAC_PI_2 - angle;
        }
        parallel = angle < PARALLEL;
        out.push(Reading::angle("Angle", angle));
    }
    if let (Thing::Face { face: f, .. }, Thing::Face { face: g, .. }) = (a, b)
        && let (Shape::Plane { point: p, normal }, Shape::Plane { point: q, .. }) = (f.shape, g.shape)
        && parallel
        && let Some(n) = unit(normal)
    {
        let apart = dot(sub(q, p), n);
        let line = [p, add(p, scale(n, apart))];
        out.push(Reading { line: Some(line), ..Reading::new("Between planes", apart.abs(), Dimension::LENGTH) });
    }
    match (a.centre(), b.centre()) {
        (Some((p, d)), Some((q, e))) => {
            let both = d.zip(e).filter(|(d, e)| length(cross(*d, *e)) < PARALLEL);
            match both {
                Some((d, _)) => {
                    let foot = add(p, scale(d, dot(sub(q, p), d)));
                    out.push(Reading::along("Between axes", [foot, q]));
                }
                None => out.push(Reading::along("Between centres", [p, q])),
            }
        }
        (Some((p, d)), None) => to_axis(p, d, b, &mut out),
        (None, Some((q, e))) => to_axis(q, e, a, &mut out),
        (None, None) => {}
    }
    out
}

/// From a centre or an axis to a point or to a plane that it is parallel to.
fn to_axis(centre: [f64; 3], axis: Option<[f64; 3]>, other: &Thing, out: &mut Vec<Reading>) {
    match other {
        Thing::Point(p) => {
            let foot = axis.map_or(centre, |d| add(centre, scale(d, dot(sub(*p, centre), d))));
            out.push(Reading::along(if axis.is_some() { "To the axis" } else { "To the centre" }, [foot, *p]));
        }
        Thing::Face { face: Face { shape: Shape::Plane { point, normal }, .. }, .. } => {
            let Some(n) = unit(*normal) else { return };
            if axis.is_none_or(|d| dot(d, n).abs() < PARALLEL) {
                let foot = sub(centre, scale(n, dot(sub(centre, *point), n)));
                let label = if axis.is_some() { "Axis to plane" } else { "Centre to plane" };
                out.push(Reading::along(label, [centre, foot]));
            }
        }
        _ => {}
    }
}

fn sums(things: &[Thing]) -> Vec<Reading> {
    let mut area = None;
    let mut edges = None;
    for thing in things {
        match thing {
            Thing::Face { mesh, ids, .. } => {
                let own: f64 = ids.iter().map(|&i| mesh.faces[i as usize].area).sum();
                *area.get_or_insert(0.0) += own;
            }
            Thing::Edge { edge, .. } => *edges.get_or_insert(0.0) += edge.length,
            Thing::Point(_) => {}
        }
    }
    let area = area.map(|v| Reading::new("Total area", v, Dimension::AREA));
    let edges = edges.map(|v| Reading::new("Total length", v, Dimension::LENGTH));
    area.into_iter().chain(edges).collect()
}

#[cfg(test)]
mod tests;
