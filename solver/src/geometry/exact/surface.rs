//! From a B-rep to the surface everyone downstream reads.

use super::refuse::Refusal;
use super::{MM, Solid, bounds, control, name};
use crate::geometry::Body;
use crate::geometry::distance::Distance;
use crate::surface::{Edge, Face, FaceName, MassProperties, Representation, Shape, SurfaceMesh};
use arris::geom::{Curve, Surface};
use arris::mesh::{MeshRequest, tessellate_with};
use arris::topo::{Model, Orientation};
use std::sync::{Arc, OnceLock};

/// Chord tolerance as a fraction of the body's diagonal: the coarsest that looks smooth at full-window size.
const CHORD: f64 = 1e-3;
/// The finest chord the smallest radius may ask for, so that one small fillet does not multiply a large body.
const CHORD_MIN: f64 = 1e-4;
/// Chord over radius of an arc whose steps turn by 8°: `1 − cos 4°`; a torus then loses 0.7 % of its volume to the chords.
const SAG_PER_RADIUS: f64 = 2.44e-3;

/// Chord over volume per area: the triangles of a curved body lie inside it by two thirds of the chord on average, so
/// this holds the volume of the surface within half a percent, also for shells and lenses.
const CHORD_PER_THICKNESS: f64 = 7.5e-3;
/// The finest chord that a thin body may ask for.
const CHORD_FLOOR: f64 = 1e-5;

/// An exact solid as the rest of Brunel sees it.
pub(in crate::geometry) struct ExactBody {
    surface: Arc<SurfaceMesh>,
    mass: MassProperties,
    distance: OnceLock<Distance>,
}

impl Body for ExactBody {
    fn representation(&self) -> Representation {
        Representation::Exact
    }

    fn surface(&self) -> &Arc<SurfaceMesh> {
        &self.surface
    }

    fn mass_properties(&self) -> MassProperties {
        self.mass
    }

    fn signed_distance(&self, points: &[[f64; 3]], out: &mut [f64]) {
        self.distance.get_or_init(|| Distance::new(self.surface.clone())).signed(points, out);
    }
}

/// Triangulates a solid and measures it.
///
/// # Errors
/// [`Refusal`] where the kernel cannot mesh a face or the mesh is not closed.
pub(in crate::geometry) fn tessellate(kernel: &Model, solid: &Solid) -> Result<ExactBody, Refusal> {
    let broken = |what: String| Refusal::broken(format!("the body could not be drawn: {what}"));
    let diagonal = bounds(kernel, solid).map_or(0.0, |b| b.diagonal());
    let chord = (SAG_PER_RADIUS * radius_min(kernel, solid)).clamp(CHORD_MIN * diagonal, CHORD * diagonal);
    let p = arris::ops::measure::mass_properties(kernel, solid.body, &control())
        .map_err(|e| Refusal::of(kernel, &[solid], e))?;
    let chord = chord.min(CHORD_PER_THICKNESS * p.volume / p.area).max(CHORD_FLOOR * diagonal);
    let request = MeshRequest::new(chord).with_corners();
    let mesh = tessellate_with(kernel, solid.body, &request, &control()).map_err(|e| broken(e.to_string()))?;
    let corners = mesh.corners().ok_or_else(|| broken("it has no normals".into()))?;
    if !mesh.is_closed() {
        return Err(broken("its faces do not close".into()));
    }

    let mut out = SurfaceMesh {
        points: mesh.positions().iter().map(|p| p.map(|c| c / MM)).collect(),
        triangles: mesh.triangles().to_vec(),
        normals: corners
            .triangles()
            .iter()
            .map(|t| t.map(|v| corners.normals()[v as usize].map(|c| c as f32)))
            .collect(),
        ..SurfaceMesh::default()
    };
    out.face_of = vec![0; out.triangles.len()];
    for (range, face) in mesh.faces().iter().zip(kernel.faces(solid.body).map_err(|e| broken(e.to_string()))?) {
        let index = out.faces.len() as u32;
        out.face_of[range.triangles.clone()].fill(index);
        let shape = kernel
            .face(range.face)
            .and_then(|f| kernel.surface(f.surface()))
            .map_or(Shape::Freeform, |s| shape(s, face.orientation));
        let area = range.triangles.clone().map(|t| length(out.triangle_cross(t)) / 2.0).sum();
        let name = solid.names.get(&range.face).cloned().unwrap_or_else(|| FaceName(String::new()));
        out.faces.push(Face { name, shape, area });
    }
    let names = name::edges(kernel, solid);
    for range in mesh.edges() {
        let Ok(at) = names.binary_search_by_key(&range.edge, |(id, _)| *id) else { continue };
        let points = mesh.edge_indices()[range.indices.clone()].to_vec();
        let geometry = kernel.edge(range.edge).ok().and_then(|e| e.curve());
        let curve = geometry.and_then(|(c, range)| kernel.curve(c).ok().map(|c| (c, range)));
        let (length, radius) = match curve {
            Some((Curve::Line { .. }, range)) => (range.length() / MM, None),
            Some((Curve::Circle { radius, .. }, range)) => (range.length() * radius / MM, Some(radius / MM)),
            _ => (polyline(&out.points, &points), None),
        };
        out.edges.push(Edge { name: names[at].1.clone(), points, length, radius });
    }

    let i = p.inertia / MM.powi(5);
    let mass = MassProperties {
        volume: p.volume / MM.powi(3),
        area: p.area / MM.powi(2),
        centroid: [p.centroid.x / MM, p.centroid.y / MM, p.centroid.z / MM],
        inertia: [i[(0, 0)], i[(1, 1)], i[(2, 2)], i[(0, 1)], i[(1, 2)], i[(2, 0)]],
    };
    Ok(ExactBody { surface: Arc::new(out), mass, distance: OnceLock::new() })
}

fn length(v: [f64; 3]) -> f64 {
    (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt()
}

fn polyline(points: &[[f64; 3]], along: &[u32]) -> f64 {
    along
        .windows(2)
        .map(|w| {
            let (a, b) = (points[w[0] as usize], points[w[1] as usize]);
            length([b[0] - a[0], b[1] - a[1], b[2] - a[2]])
        })
        .sum()
}

/// Smallest radius of curvature among the faces, mm.
fn radius_min(kernel: &Model, solid: &Solid) -> f64 {
    let faces = kernel.faces(solid.body).unwrap_or_default();
    let surfaces = faces.iter().filter_map(|f| kernel.face(f.id).and_then(|f| kernel.surface(f.surface())).ok());
    let radius = |s: &Surface| match s {
        Surface::Cylinder { radius, .. } | Surface::Sphere { radius, .. } => *radius,
        Surface::EllipticCylinder { minor_radius, .. } | Surface::Torus { minor_radius, .. } => *minor_radius,
        _ => f64::INFINITY,
    };
    surfaces.map(radius).fold(f64::INFINITY, f64::min)
}

/// The analytic surface in SI; a plane's normal points out of the body.
fn shape(surface: &Surface, orientation: Orientation) -> Shape {
    use arris::math::Frame;
    let at = |f: &Frame| [f.origin().x / MM, f.origin().y / MM, f.origin().z / MM];
    let z = |f: &Frame| [f.z().x, f.z().y, f.z().z];
    match surface {
        Surface::Plane { frame } => {
            let sign = if orientation == Orientation::Forward { 1.0 } else { -1.0 };
            Shape::Plane { point: at(frame), normal: z(frame).map(|c| c * sign) }
        }
        Surface::Cylinder { frame, radius } => {
            Shape::Cylinder { point: at(frame), axis: z(frame), radius: radius / MM }
        }
        Surface::Cone { frame, radius, half_angle } => {
            // The apex lies behind the base by radius / tan(half angle).
            let back = radius / arris::math::real::tan(*half_angle);
            let (o, d) = (frame.origin(), frame.z().into_inner());
            let apex = o - d * back;
            Shape::Cone { apex: [apex.x / MM, apex.y / MM, apex.z / MM], axis: z(frame), half_angle: *half_angle }
        }
        Surface::Sphere { frame, radius } => Shape::Sphere { centre: at(frame), radius: radius / MM },
        Surface::Torus { frame, major_radius, minor_radius } => {
            Shape::Torus { centre: at(frame), axis: z(frame), major: major_radius / MM, minor: minor_radius / MM }
        }
        Surface::EllipticCylinder { .. } | Surface::Nurbs(_) => Shape::Freeform,
    }
}
