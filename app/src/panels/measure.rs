//! Measuring what is picked: length, radius, area, distance, angle, volume, mass.

use super::desk::use_desk;
use crate::ui::{Glyph, Icon};
use crate::viewport::{Pick, ViewCommand};
use leptos::prelude::*;
use solver::design::material;
use solver::quantity::Dimension;
use solver::scene::{Scene, SceneBody};
use solver::surface::{Edge, Face, Shape};

/// One measured value, SI; angles in radians with their own flag.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    pub label: &'static str,
    pub value: f64,
    pub dimension: Dimension,
    pub angle: bool,
}

fn reading(label: &'static str, value: f64, dimension: Dimension) -> Reading {
    Reading { label, value, dimension, angle: false }
}

fn sub(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn norm(a: [f64; 3]) -> f64 {
    dot(a, a).sqrt()
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// What a pick stands for in the scene.
enum Thing<'a> {
    Face(&'a SceneBody, Vec<&'a Face>),
    Edge(&'a SceneBody, Vec<&'a Edge>),
    Vertex([f64; 3]),
}

fn thing<'a>(scene: &'a Scene, pick: &Pick) -> Option<Thing<'a>> {
    let body = scene.bodies.iter().find(|b| b.name == super::desk::body_of(pick))?;
    match pick {
        Pick::Face { face, .. } => {
            let faces: Vec<&Face> = body.surface.faces.iter().filter(|f| f.name == *face).collect();
            (!faces.is_empty()).then_some(Thing::Face(body, faces))
        }
        Pick::Edge { edge, .. } => {
            let edges: Vec<&Edge> = body.surface.edges.iter().filter(|e| e.name == *edge).collect();
            (!edges.is_empty()).then_some(Thing::Edge(body, edges))
        }
        Pick::Vertex { point, .. } => body.surface.points.get(*point as usize).map(|p| Thing::Vertex(*p)),
    }
}

/// Direction of a thing that has one: a plane's normal, an axis, a straight edge.
fn direction(thing: &Thing) -> Option<([f64; 3], bool)> {
    match thing {
        Thing::Face(_, faces) => match faces[0].shape {
            Shape::Plane { normal, .. } => Some((normal, true)),
            Shape::Cylinder { axis, .. } | Shape::Cone { axis, .. } | Shape::Torus { axis, .. } => Some((axis, false)),
            _ => None,
        },
        Thing::Edge(body, edges) => straight(body, edges[0]).map(|d| (d, false)),
        Thing::Vertex(_) => None,
    }
}

/// Unit direction of an edge that is straight.
fn straight(body: &SceneBody, edge: &Edge) -> Option<[f64; 3]> {
    let point = |i: &u32| body.surface.points.get(*i as usize).copied();
    let (a, b) = (point(edge.points.first()?)?, point(edge.points.last()?)?);
    let d = sub(b, a);
    let length = norm(d);
    // The chord is as long as the edge only where it is straight.
    (length > 0.0 && (edge.length - length).abs() <= 1e-6 * length).then(|| d.map(|c| c / length))
}

/// Sample points of a thing, for the smallest distance.
fn samples(thing: &Thing) -> Vec<[f64; 3]> {
    match thing {
        Thing::Vertex(p) => vec![*p],
        Thing::Edge(body, edges) => edges
            .iter()
            .flat_map(|e| e.points.iter().filter_map(|i| body.surface.points.get(*i as usize).copied()))
            .collect(),
        Thing::Face(body, faces) => {
            let s = &body.surface;
            let mut used: Vec<u32> = s
                .triangles
                .iter()
                .zip(&s.face_of)
                .filter(|(_, f)| s.faces.get(**f as usize).is_some_and(|f| f.name == faces[0].name))
                .flat_map(|(t, _)| *t)
                .collect();
            used.sort_unstable();
            used.dedup();
            used.into_iter().filter_map(|i| s.points.get(i as usize).copied()).collect()
        }
    }
}

/// Distance of two things, with the two points it lies between. Exact between planes, axes and points; between other
/// shapes the smallest distance of their mesh points.
fn distance(a: &Thing, b: &Thing) -> Option<(&'static str, f64, [[f64; 3]; 2])> {
    let plane = |t: &Thing| match t {
        Thing::Face(_, f) => match f[0].shape {
            Shape::Plane { point, normal } => Some((point, normal)),
            _ => None,
        },
        _ => None,
    };
    let axis = |t: &Thing| match t {
        Thing::Face(_, f) => match f[0].shape {
            Shape::Cylinder { point, axis, .. } => Some((point, axis)),
            Shape::Torus { centre, axis, .. } => Some((centre, axis)),
            Shape::Cone { apex, axis, .. } => Some((apex, axis)),
            _ => None,
        },
        _ => None,
    };
    if let (Some((p, n)), Some((q, m))) = (plane(a), plane(b)) {
        if norm(cross(n, m)) > 1e-6 {
            return None;
        }
        let d = dot(sub(q, p), n);
        return Some(("Distance", d.abs(), [p, [p[0] + n[0] * d, p[1] + n[1] * d, p[2] + n[2] * d]]));
    }
    if let (Some((p, u)), Some((q, v))) = (axis(a), axis(b)) {
        let w = sub(q, p);
        let c = cross(u, v);
        if norm(c) < 1e-6 {
            let along = dot(w, u);
            let off = [w[0] - u[0] * along, w[1] - u[1] * along, w[2] - u[2] * along];
            let foot = [p[0] + off[0], p[1] + off[1], p[2] + off[2]];
            return Some(("Distance of axes", norm(off), [p, foot]));
        }
        return Some(("Distance of axes", (dot(w, c) / norm(c)).abs(), [p, q]));
    }
    let (pa, pb) = (samples(a), samples(b));
    // Large faces are thinned: the readout is called least distance of points, and a few thousand pairs are enough.
    let thin = |p: Vec<[f64; 3]>| {
        let every = p.len().div_ceil(2000).max(1);
        p.into_iter().step_by(every).collect::<Vec<_>>()
    };
    let (pa, pb) = (thin(pa), thin(pb));
    let mut best: Option<(f64, [[f64; 3]; 2])> = None;
    for p in &pa {
        for q in &pb {
            let d = norm(sub(*p, *q));
            if best.is_none_or(|(b, _)| d < b) {
                best = Some((d, [*p, *q]));
            }
        }
    }
    let exact = matches!((a, b), (Thing::Vertex(_), Thing::Vertex(_)));
    best.map(|(d, line)| (if exact { "Distance" } else { "Least distance" }, d, line))
}

/// Everything worth saying about the picks, and lines to draw.
pub fn measure(scene: &Scene, picks: &[Pick]) -> (Vec<Reading>, Vec<[[f64; 3]; 2]>) {
    let things: Vec<Thing> = picks.iter().filter_map(|p| thing(scene, p)).collect();
    let (mut out, mut lines) = (Vec::new(), Vec::new());
    let area: f64 =
        things.iter().map(|t| if let Thing::Face(_, f) = t { f.iter().map(|f| f.area).sum() } else { 0.0 }).sum();
    let length: f64 =
        things.iter().map(|t| if let Thing::Edge(_, e) = t { e.iter().map(|e| e.length).sum() } else { 0.0 }).sum();
    if let [a, b] = things.as_slice() {
        if let Some((label, d, line)) = distance(a, b) {
            out.push(reading(label, d, Dimension::LENGTH));
            let delta = sub(line[1], line[0]);
            for (label, c) in ["Δx", "Δy", "Δz"].into_iter().zip(delta) {
                if c.abs() > 1e-9 {
                    out.push(reading(label, c.abs(), Dimension::LENGTH));
                }
            }
            lines.push(line);
        }
        if let (Some((u, plane_a)), Some((v, plane_b))) = (direction(a), direction(b)) {
            let cosine = (dot(u, v) / (norm(u) * norm(v))).abs().clamp(0.0, 1.0);
            // A plane's direction is its normal, so against an edge or axis the angle is the complement.
            let angle = if plane_a == plane_b { cosine.acos() } else { cosine.asin() };
            if angle > 1e-6 {
                out.push(Reading { label: "Angle", value: angle, dimension: Dimension::NONE, angle: true });
            }
        }
    }
    if let [thing] = things.as_slice() {
        match thing {
            Thing::Face(_, faces) => match faces[0].shape {
                Shape::Cylinder { radius, .. } | Shape::Sphere { radius, .. } => {
                    out.push(reading("Radius", radius, Dimension::LENGTH));
                    out.push(reading("Diameter", 2.0 * radius, Dimension::LENGTH));
                }
                Shape::Torus { major, minor, .. } => {
                    out.push(reading("Ring radius", major, Dimension::LENGTH));
                    out.push(reading("Tube radius", minor, Dimension::LENGTH));
                }
                Shape::Cone { half_angle, .. } => {
                    out.push(Reading {
                        label: "Half angle",
                        value: half_angle,
                        dimension: Dimension::NONE,
                        angle: true,
                    });
                }
                _ => {}
            },
            Thing::Edge(_, edges) => {
                if let Some(radius) = edges[0].radius {
                    out.push(reading("Radius", radius, Dimension::LENGTH));
                }
            }
            Thing::Vertex(p) => {
                for (label, c) in ["x", "y", "z"].into_iter().zip(*p) {
                    out.push(reading(label, c, Dimension::LENGTH));
                }
            }
        }
    }
    if area > 0.0 {
        out.push(reading(if things.len() > 1 { "Areas together" } else { "Area" }, area, Dimension::AREA));
    }
    if length > 0.0 {
        out.push(reading(if things.len() > 1 { "Lengths together" } else { "Length" }, length, Dimension::LENGTH));
    }
    (out, lines)
}

/// Volume, area and mass of the bodies that are picked from, or of all.
pub fn bodies(scene: &Scene, picks: &[Pick]) -> Vec<Reading> {
    let chosen: Vec<&SceneBody> = scene
        .bodies
        .iter()
        .filter(|b| picks.is_empty() || picks.iter().any(|p| super::desk::body_of(p) == b.name))
        .collect();
    let sum = |f: &dyn Fn(&SceneBody) -> f64| chosen.iter().map(|b| f(b)).sum::<f64>();
    if chosen.is_empty() {
        return Vec::new();
    }
    let mass = sum(&|b| b.mass.volume * material(&b.material).map_or(0.0, |m| m.density));
    vec![
        reading("Volume", sum(&|b| b.mass.volume), Dimension::VOLUME),
        reading("Surface", sum(&|b| b.mass.area), Dimension::AREA),
        reading("Mass", mass, Dimension::MASS),
    ]
}

/// A table of readings.
#[component]
fn Readings(readings: Vec<Reading>) -> impl IntoView {
    let desk = use_desk();
    view! {
        <dl class="facts compact">
            {readings
                .into_iter()
                .map(|r| {
                    let text = if r.angle {
                        format!("{:.3}°", r.value.to_degrees())
                    } else {
                        desk.show(r.value, r.dimension, 6)
                    };
                    view! {
                        <dt>{r.label}</dt>
                        <dd class="mono" data-testid=format!("measure-{}", r.label.to_lowercase().replace(' ', "-"))>{text}</dd>
                    }
                })
                .collect_view()}
        </dl>
    }
    .into_any()
}

#[component]
pub fn MeasurePanel() -> impl IntoView {
    let desk = use_desk();
    let measured = Memo::new(move |_| {
        let picks = desk.picks.get();
        desk.scene.with(|s| s.as_ref().map(|s| (measure(s, &picks), bodies(s, &picks))))
    });
    Effect::new(move |_| {
        let on = desk.measuring.get();
        let lines = measured.with(|m| m.as_ref().map(|((_, lines), _)| lines.clone()).unwrap_or_default());
        desk.view(ViewCommand::Lines(if on { lines } else { Vec::new() }));
    });
    view! {
        <Show when=move || desk.measuring.get()>
            <div class="float-panel column" data-testid="measure-panel" role="group" aria-label="Measure">
                <header>
                    <Icon glyph=Glyph::Measure />
                    <strong>"Measure"</strong>
                    <span class="grow"></span>
                    <button
                        type="button" class="icon-button small" aria-label="Close measuring"
                        on:click=move |_| desk.measuring.set(false)
                    >
                        <Icon glyph=Glyph::Close size=12 />
                    </button>
                </header>
                {move || match measured.get() {
                    Some(((readings, _), bodies)) => {
                        let nothing = readings.is_empty();
                        view! {
                            {nothing
                                .then(|| {
                                    view! {
                                        <p class="soft">"Click faces, edges or corners; Ctrl or Shift adds a second."</p>
                                    }
                                })}
                            <Readings readings=readings />
                            <hr />
                            <Readings readings=bodies />
                        }
                            .into_any()
                    }
                    None => view! { <p class="soft">"Nothing to measure yet."</p> }.into_any(),
                }}
            </div>
        </Show>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use solver::surface::{EdgeName, FaceName, MassProperties, Representation, SurfaceMesh};
    use std::sync::Arc;

    /// Two parallel planes 20 mm apart, one at a right angle, two parallel holes 30 mm apart.
    fn scene() -> Scene {
        let face = |name: &str, shape, area| Face { name: FaceName(name.into()), shape, area };
        let z = [0.0, 0.0, 1.0];
        let surface = SurfaceMesh {
            points: vec![[0.0; 3], [0.1, 0.0, 0.0], [0.0, 0.05, 0.0]],
            faces: vec![
                face("a.bottom", Shape::Plane { point: [0.0; 3], normal: [0.0, 0.0, -1.0] }, 1e-3),
                face("a.top", Shape::Plane { point: [0.01, 0.01, 0.02], normal: z }, 1e-3),
                face("a.side", Shape::Plane { point: [0.0; 3], normal: [1.0, 0.0, 0.0] }, 2e-3),
                face("h.wall", Shape::Cylinder { point: [0.0; 3], axis: z, radius: 0.004 }, 5e-4),
                face("g.wall", Shape::Cylinder { point: [0.03, 0.0, 0.5], axis: z, radius: 0.006 }, 5e-4),
            ],
            edges: vec![Edge {
                name: EdgeName::between(FaceName("a.bottom".into()), FaceName("a.side".into()), 0),
                points: vec![0, 1],
                length: 0.1,
                radius: None,
            }],
            ..SurfaceMesh::default()
        };
        Scene {
            bodies: vec![SceneBody {
                name: "a".into(),
                label: "A".into(),
                material: "en_aw_6061_t6".into(),
                representation: Representation::Exact,
                mass: MassProperties { volume: 1e-4, area: 0.03, ..MassProperties::default() },
                surface: Arc::new(surface),
            }],
            ..Scene::default()
        }
    }

    fn face(name: &str) -> Pick {
        Pick::Face { body: "a".into(), face: FaceName(name.into()) }
    }

    fn value(picks: &[Pick], label: &str) -> Option<f64> {
        measure(&scene(), picks).0.into_iter().find(|r| r.label == label).map(|r| r.value)
    }

    #[test]
    fn measures_what_engineers_ask_for() {
        let close = |got: Option<f64>, expected: f64| {
            assert!(got.is_some_and(|g| (g - expected).abs() < 1e-12), "{got:?} is not {expected}");
        };
        close(value(&[face("a.bottom"), face("a.top")], "Distance"), 0.02);
        close(value(&[face("h.wall"), face("g.wall")], "Distance of axes"), 0.03);
        close(value(&[face("h.wall")], "Radius"), 0.004);
        close(value(&[face("a.side"), face("a.top")], "Angle"), std::f64::consts::FRAC_PI_2);
        close(value(&[face("h.wall"), face("a.side")], "Areas together"), 2.5e-3);
        let corner = |point| Pick::Vertex { body: "a".into(), point };
        close(value(&[corner(1), corner(2)], "Distance"), 0.0125f64.sqrt());
        assert_eq!(value(&[face("a.bottom"), face("a.top")], "Angle"), None);
        assert_eq!(value(&[face("gone")], "Area"), None);
        let mass = bodies(&scene(), &[]);
        assert!((mass[2].value - 0.27).abs() < 1e-12);
    }

    #[test]
    fn an_edge_in_a_plane_stands_at_no_angle_to_it() {
        let edge = Pick::Edge {
            body: "a".into(),
            edge: EdgeName::between(FaceName("a.side".into()), FaceName("a.bottom".into()), 0),
        };
        assert_eq!(value(&[edge.clone(), face("a.top")], "Angle"), None);
        assert!(
            value(&[edge, face("a.side")], "Angle").is_some_and(|a| (a - std::f64::consts::FRAC_PI_2).abs() < 1e-12)
        );
    }
}
