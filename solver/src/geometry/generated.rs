//! Bodies grown within a space: what samples fill, with what is kept, without what is avoided.
//!
//! The space's own distance bounds the body, so that its faces keep their names and their place to rounding.

use super::Body;
pub(crate) use super::field::Sampled;
use super::field::{Contour, Frame, Node, contour_in};
use super::imported::MeshBody;
use super::measure;
use super::plan::Operation;
use crate::surface::{FaceName, Representation, Shape, SurfaceMesh};
use glam::DVec3;
use std::sync::Arc;

/// Triangles of some faces, and how far from them something holds, m.
pub(crate) struct Layer {
    pub faces: SurfaceMesh,
    pub thickness: f64,
}

/// What bounds a grown body.
pub(crate) struct Bounds {
    pub space: Arc<SurfaceMesh>,
    pub kept: Vec<Arc<SurfaceMesh>>,
    pub kept_layer: Option<Layer>,
    pub avoided: Vec<Arc<SurfaceMesh>>,
    pub avoided_layer: Option<Layer>,
}

/// Bounds ready to grow bodies in.
pub(crate) struct Mould {
    /// Whose name the faces that are not of the bounds carry.
    feature: String,
    space: Arc<MeshBody>,
    kept: Vec<Arc<Node>>,
    avoided: Vec<Arc<Node>>,
    /// The space and the other bodies: what faces keep their names of.
    bodies: Vec<Arc<MeshBody>>,
    /// Those that nothing may be in.
    clear: Vec<Arc<MeshBody>>,
}

/// A grown body's surface.
pub(crate) struct Grown {
    pub surface: SurfaceMesh,
    /// m³
    pub volume: f64,
    /// Edge of the cells it was found in, m, and the share of walls thinner than two of them.
    #[cfg_attr(not(feature = "solve"), expect(dead_code, reason = "told by the study"))]
    pub cell: f64,
    #[cfg_attr(not(feature = "solve"), expect(dead_code, reason = "told by the study"))]
    pub thin: f64,
}

impl Mould {
    pub fn new(feature: &str, bounds: Bounds) -> Self {
        let name = |part: &str| FaceName(format!("{feature}.{part}"));
        let space = mesh(bounds.space);
        let [kept, avoided] = [bounds.kept, bounds.avoided].map(|all| all.into_iter().map(mesh).collect::<Vec<_>>());
        let bodies = std::iter::once(&space).chain(&kept).chain(&avoided).cloned().collect();
        let clear = avoided.clone();
        let leaf = |body| Arc::new(Node::Leaf(body));
        let shell = |layer: Layer, part: &str| {
            Arc::new(Node::Shell { of: mesh(Arc::new(layer.faces)), by: layer.thickness, name: name(part) })
        };
        let kept = kept.into_iter().map(leaf).chain(bounds.kept_layer.map(|l| shell(l, "kept")));
        let avoided = avoided.into_iter().map(leaf).chain(bounds.avoided_layer.map(|l| shell(l, "clear")));
        let (kept, avoided) = (kept.collect(), avoided.collect());
        Self { feature: feature.into(), space, kept, avoided, bodies, clear }
    }

    /// The solid where `samples` exceed `level`.
    fn node(&self, samples: &Arc<Sampled>, level: f64) -> Arc<Node> {
        let name = |part: &str| FaceName(format!("{}.{part}", self.feature));
        let with = |operation, a: Arc<Node>, b: &Arc<Node>| {
            Arc::new(Node::Combine { operation, a, b: b.clone(), smooth: 0.0, blend: name("blend") })
        };
        let grown = Node::Above { samples: samples.clone(), frame: Frame::HERE, level, name: name("grown") };
        let filled = self.kept.iter().fold(Arc::new(grown), |a, b| with(Operation::Join, a, b));
        let inside = with(Operation::Common, Arc::new(Node::Leaf(self.space.clone())), &filled);
        self.avoided.iter().fold(inside, |a, b| with(Operation::Cut, a, b))
    }

    /// The surface of the solid where `samples` exceed `level`, in `n_cells` cells along the space's diagonal; `None` where
    /// nothing is.
    pub fn grow(&self, samples: &Arc<Sampled>, level: f64, n_cells: f64) -> Option<Grown> {
        let settle = |surface: &mut SurfaceMesh, cell: f64| self.settle(surface, cell);
        let Contour { surface, cell, thin } = contour_in(&self.node(samples, level), n_cells, &settle)?;
        let volume = measure::mass_properties(&surface).volume;
        Some(Grown { surface, volume, cell, thin })
    }

    /// Puts the points of faces of the space and of other bodies where those are: cells leave them off by the square of their
    /// size, and more where surfaces meet at a flat angle.
    fn settle(&self, surface: &mut SurfaceMesh, cell: f64) {
        let own = |name: &FaceName| {
            self.bodies.iter().find_map(|body| {
                let shape = body.surface().faces.iter().find(|f| f.name == *name)?.shape;
                Some((body, shape))
            })
        };
        let of: Vec<_> = surface.faces.iter().map(|f| own(&f.name)).collect();
        let mut on: Vec<Vec<u32>> = vec![Vec::new(); surface.points.len()];
        for (t, face) in surface.triangles.iter().zip(&surface.face_of) {
            if of[*face as usize].is_some() {
                for p in t {
                    let faces = &mut on[*p as usize];
                    if !faces.contains(face) {
                        faces.push(*face);
                    }
                }
            }
        }
        for (p, faces) in surface.points.iter_mut().zip(&on).filter(|(_, faces)| !faces.is_empty()) {
            // Projections in turn end where all faces meet.
            for _ in 0..if faces.len() > 1 { MEETINGS } else { 1 } {
                for (body, shape) in faces.iter().filter_map(|f| of[*f as usize]) {
                    let near = || {
                        let found = body.distance().nearest(*p, None)?;
                        (found.distance.abs() < 0.5 * cell).then_some(found.point)
                    };
                    // Of an exact body the shape, of another what it was fitted to: its triangles.
                    let exact = onto(shape, *p).filter(|q| apart(*q, *p) < 0.2 * cell);
                    if let Some(q) = exact.or_else(near) {
                        *p = q;
                    }
                }
            }
        }
        // A corner that meets no edge of a cell is not seen there: the cell's point can lie behind it.
        for body in &self.clear {
            let Some((lo, hi)) = body.surface().bounds() else { continue };
            let within = |p: &[f64; 3]| (0..3).all(|k| lo[k] < p[k] && p[k] < hi[k]);
            for p in surface.points.iter_mut().filter(|p| within(p)) {
                if let Some(found) =
                    body.distance().nearest(*p, None).filter(|n| n.distance < 0.0 && n.distance > -cell)
                {
                    *p = found.point;
                }
            }
        }
    }
}

/// Projections in turn onto faces that meet.
const MEETINGS: usize = 8;

fn apart(a: [f64; 3], b: [f64; 3]) -> f64 {
    DVec3::from(a).distance(b.into())
}

/// The nearest point of an analytic shape; `None` for one without.
fn onto(shape: Shape, p: [f64; 3]) -> Option<[f64; 3]> {
    let p = DVec3::from(p);
    let around = |centre: DVec3, radius: f64| Some(centre + (p - centre).try_normalize()? * radius);
    let q = match shape {
        Shape::Plane { point, normal } => {
            let n = DVec3::from(normal).try_normalize()?;
            p - n * n.dot(p - DVec3::from(point))
        }
        Shape::Cylinder { point, axis, radius } => {
            let (point, axis) = (DVec3::from(point), DVec3::from(axis).try_normalize()?);
            around(point + axis * axis.dot(p - point), radius)?
        }
        Shape::Sphere { centre, radius } => around(centre.into(), radius)?,
        Shape::Cone { .. } | Shape::Torus { .. } | Shape::Freeform => return None,
    };
    Some(q.into())
}

fn mesh(surface: Arc<SurfaceMesh>) -> Arc<MeshBody> {
    Arc::new(MeshBody::new(surface, Representation::Field))
}

/// The triangles of some faces of some surfaces.
pub(crate) fn patch<'a>(of: impl Iterator<Item = (&'a SurfaceMesh, usize)>) -> SurfaceMesh {
    let mut out = SurfaceMesh::default();
    for (surface, face) in of {
        let index = out.faces.len() as u32;
        out.faces.push(surface.faces[face].clone());
        for (t, corners) in surface.triangles.iter().enumerate().filter(|(t, _)| surface.face_of[*t] as usize == face) {
            let first = out.points.len() as u32;
            out.points.extend(corners.map(|p| surface.points[p as usize]));
            out.triangles.push([first, first + 1, first + 2]);
            out.face_of.push(index);
            out.normals.extend(surface.normals.get(t));
        }
    }
    out
}

#[cfg(all(test, feature = "solve"))]
mod tests {
    use super::*;
    use crate::mesh::skin::tests::block;
    use crate::mesh::tet::{self, Options, TetMesh};
    use std::collections::HashMap;
    use std::sync::atomic::AtomicBool;

    /// Largest and mean angle between neighbours on the surface, rad.
    fn kinks(mesh: &TetMesh) -> (f64, f64) {
        let normal = |nodes: &[u32; 6]| {
            let x = [0, 1, 2].map(|k| DVec3::from(mesh.points[nodes[k] as usize]));
            (x[1] - x[0]).cross(x[2] - x[0]).normalize()
        };
        let mut over: HashMap<(u32, u32), DVec3> = HashMap::new();
        let mut angles = Vec::new();
        for facet in &mesh.boundary {
            let own = normal(&facet.nodes);
            for k in 0..3 {
                let (a, b) = (facet.nodes[k], facet.nodes[(k + 1) % 3]);
                match over.remove(&(b, a)) {
                    Some(other) => angles.push(own.angle_between(other)),
                    None => drop(over.insert((a, b), own)),
                }
            }
        }
        (angles.iter().copied().fold(0.0, f64::max), angles.iter().sum::<f64>() / angles.len() as f64)
    }

    /// Elements can be finer than the cells of a grown body: they find a curved surface there, not facets, whose inner angles
    /// would be notches. It encloses what the facets do.
    #[test]
    fn elements_finer_than_cells_find_no_facets() {
        let (n, spacing, radius) = (26usize, 1e-3, 9e-3);
        let origin = [-12.5e-3; 3];
        let at = |i: usize| origin[0] + spacing * i as f64;
        let value = |k: usize| {
            let p = DVec3::new(at(k % n), at(k / n % n), at(k / n / n));
            (0.5 + (radius - p.length()) / (4.0 * spacing)).clamp(0.0, 1.0) as f32
        };
        let samples = Arc::new(Sampled::new(origin, spacing, [n; 3], (0..n * n * n).map(value).collect()).unwrap());
        let space = Arc::new(block([-12e-3; 3], [12e-3; 3]));
        let bounds = Bounds { space, kept: vec![], kept_layer: None, avoided: vec![], avoided_layer: None };
        let grown = Mould::new("g", bounds).grow(&samples, 0.5, 40.0).unwrap();
        let surface = Arc::new(grown.surface);
        let options = Options { size_min: 0.3e-3, turn: 0.03, ..Options::new(2e-3) };
        let [facets, found] = [Representation::Imported, Representation::Field].map(|kind| {
            let body = MeshBody::new(surface.clone(), kind);
            tet::mesh(&body, &options, &AtomicBool::new(false)).unwrap()
        });
        let ((most, mean), (before, mean_before)) = (kinks(&found), kinks(&facets));
        assert!(
            most < 0.6 * before && mean < mean_before,
            "{most} and {mean} rad, of facets {before} and {mean_before}"
        );
        assert!((found.volume() / grown.volume - 1.0).abs() < 5e-4, "{} for {}", found.volume(), grown.volume);
        let (mut least, mut largest) = (f64::INFINITY, 0.0f64);
        for p in found.boundary.iter().flat_map(|f| f.nodes).map(|i| DVec3::from(found.points[i as usize]).length()) {
            (least, largest) = (least.min(p), largest.max(p));
        }
        assert!(least > 0.995 * radius && largest < 1.005 * radius, "radii of {least} to {largest} m");
    }
}
