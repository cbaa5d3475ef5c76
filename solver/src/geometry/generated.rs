//! Bodies grown within a space: what samples fill, with what is kept, without what is avoided.
//!
//! The space's own distance bounds the body, so that its faces keep their names and their place to rounding.

use super::Body;
pub(crate) use super::field::Sampled;
use super::field::{Contour, Form, Frame, Node, contour_in};
use super::imported::MeshBody;
use super::plan::Operation;
use crate::surface::{FaceName, Representation, SurfaceMesh};
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
    kept_layer: Option<Arc<Node>>,
    avoided: Vec<Arc<Node>>,
    /// The space and the other bodies: what faces keep their names of.
    bodies: Vec<Arc<MeshBody>>,
    /// Those that nothing may be in.
    clear: Vec<Arc<MeshBody>>,
}

/// A grown body's surface.
pub(crate) struct Grown {
    pub surface: Arc<SurfaceMesh>,
    pub(super) body: Arc<MeshBody>,
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
        let kept = kept.into_iter().map(leaf);
        let kept_layer = bounds.kept_layer.map(|l| shell(l, "kept"));
        let avoided = avoided.into_iter().map(leaf).chain(bounds.avoided_layer.map(|l| shell(l, "clear")));
        let (kept, avoided) = (kept.collect(), avoided.collect());
        Self { feature: feature.into(), space, kept, kept_layer, avoided, bodies, clear }
    }

    /// The solid where `samples` exceed `level`.
    fn node(&self, samples: &Arc<Sampled>, level: f64) -> Arc<Node> {
        let name = |part: &str| FaceName(format!("{}.{part}", self.feature));
        let with = |operation, a: Arc<Node>, b: &Arc<Node>, smooth: f64| {
            Arc::new(Node::Combine { operation, a, b: b.clone(), smooth, blend: name("blend") })
        };
        let grown = Arc::new(Node::Above { samples: samples.clone(), frame: Frame::HERE, level, name: name("grown") });
        // No notch where what grew runs into a layer. Kept bodies have faces that are meant as they are.
        let round = ROUND * samples.lattice().1;
        let grown = self.kept_layer.iter().fold(grown, |a, b| with(Operation::Join, a, b, round));
        let filled = self.kept.iter().fold(grown, |a, b| with(Operation::Join, a, b, 0.0));
        let inside = with(Operation::Common, Arc::new(Node::Leaf(self.space.clone())), &filled, 0.0);
        self.avoided.iter().fold(inside, |a, b| with(Operation::Cut, a, b, 0.0))
    }

    /// The surface of the solid where `samples` exceed `level`, in `n_cells` cells along the space's diagonal; `None` where
    /// nothing is.
    pub fn grow(&self, samples: &Arc<Sampled>, level: f64, n_cells: f64) -> Option<Grown> {
        let node = self.node(samples, level);
        let settle = |surface: &mut SurfaceMesh, cell: f64| self.settle(surface, &Form::new(&node, &surface.faces, cell), cell);
        let Contour { surface, cell, thin } = contour_in(&node, n_cells, &settle)?;
        let form = Form::new(&node, &surface.faces, cell);
        let body = Arc::new(MeshBody::formed(Arc::new(surface), form));
        let volume = body.mass_properties().volume;
        Some(Grown { surface: body.surface().clone(), body, volume, cell, thin })
    }

    /// Puts points where their faces are: cells leave them off by the square of their size, and more where surfaces meet at a
    /// flat angle.
    fn settle(&self, surface: &mut SurfaceMesh, form: &Form, cell: f64) {
        let has = |body: &&Arc<MeshBody>, name: &FaceName| body.surface().faces.iter().any(|f| f.name == *name);
        let of: Vec<_> = surface.faces.iter().map(|f| self.bodies.iter().find(|body| has(body, &f.name))).collect();
        let mut on: Vec<Vec<u32>> = vec![Vec::new(); surface.points.len()];
        for (t, face) in surface.triangles.iter().zip(&surface.face_of) {
            for p in t {
                let faces = &mut on[*p as usize];
                if !faces.contains(face) {
                    faces.push(*face);
                }
            }
        }
        for (p, faces) in surface.points.iter_mut().zip(&on).filter(|(_, faces)| !faces.is_empty()) {
            // Projections in turn end where all faces meet.
            for _ in 0..if faces.len() > 1 { MEETINGS } else { 1 } {
                for face in faces {
                    // A face of free form is known by its triangles.
                    let near = || {
                        let found = of[*face as usize]?.distance().nearest(*p, None)?;
                        (found.distance.abs() < 0.5 * cell).then_some(found.point)
                    };
                    if let Some(q) = form.onto(*face, *p).or_else(near) {
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

/// Reach of the transition from what grew to a layer, in samples.
const ROUND: f64 = 2.0;
/// Projections in turn onto faces that meet.
const MEETINGS: usize = 8;

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
