//! Bodies grown within a space: what samples fill, with what is kept, without what is avoided.
//!
//! The space's own distance bounds the body, so that its faces keep their names and their place to rounding.

use super::Body;
pub(crate) use super::field::Sampled;
use super::field::{Contour, Form, Frame, Node, contour_in};
use super::imported::MeshBody;
use super::plan::Operation;
use crate::surface::{FaceName, Representation, SurfaceMesh};
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
    kept_layer: Option<Arc<Node>>,
    avoided: Vec<Arc<Node>>,
    /// The space and the other bodies: what faces keep their names of.
    bodies: Vec<Arc<MeshBody>>,
    /// Those that nothing may be in.
    clear: Vec<Arc<MeshBody>>,
}

/// A grown body's surface.
pub(crate) struct Grown {
    #[cfg_attr(not(feature = "solve"), expect(dead_code, reason = "told by the study"))]
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
        let settle =
            |surface: &mut SurfaceMesh, cell: f64| self.settle(surface, &Form::new(&node, &surface.faces, cell), cell);
        let mut best: Option<Contour> = None;
        for tries in 0..TRIES {
            let made = contour_in(&node, n_cells * FINER.powi(tries), &settle)?;
            if best.as_ref().is_none_or(|b| made.n_tangled < b.n_tangled) {
                best = Some(made);
            }
            if best.as_ref().is_some_and(|b| b.n_tangled == 0) {
                break;
            }
        }
        let Contour { surface, cell, thin, .. } = best?;
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
        let put = |p: [f64; 3], face: u32| {
            // A face of free form is known by its triangles.
            let near = || {
                let found = of[face as usize]?.distance().nearest(p, None)?;
                (found.distance.abs() < 0.5 * cell).then_some(found.point)
            };
            form.onto(face, p).or_else(near).unwrap_or(p)
        };
        for (p, faces) in surface.points.iter_mut().zip(&on) {
            let [first, others @ ..] = &faces[..] else { continue };
            let from = *p;
            // Projections in turn end where all faces meet; where they touch at a flat angle, far away.
            for _ in 0..if others.is_empty() { 1 } else { MEETINGS } {
                *p = faces.iter().fold(*p, |p, face| put(p, *face));
            }
            if DVec3::from(*p).distance(from.into()) > MEETING_FAR * cell {
                let bound = faces.iter().find(|f| of[**f as usize].is_some());
                *p = put(from, *bound.unwrap_or(first));
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

/// Surfaces tried where triangles of one pass through one another, as at a fin thinner than its cells, and by how much finer
/// each is: no mesh follows such a surface.
const TRIES: i32 = 4;
const FINER: f64 = 1.2;
/// Reach of the transition from what grew to a layer, in samples.
const ROUND: f64 = 1.0;
/// Projections in turn onto faces that meet, and how far from a point they may meet, in cells.
const MEETINGS: usize = 8;
const MEETING_FAR: f64 = 0.5;

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
    use crate::geometry::plan::Placement;
    use crate::mesh::skin::tests::block;
    use crate::mesh::tet::{self, Options};
    use crate::surface::{Face, Shape};
    use std::collections::HashMap;
    use std::sync::atomic::AtomicBool;

    const SPACING: f64 = 1e-3;
    const N: usize = 26;

    /// Samples in a cube about the origin, 1 where `distance` is two samples below zero and 0 two above.
    fn samples(distance: &dyn Fn(DVec3) -> f64) -> Arc<Sampled> {
        let origin = -0.5 * SPACING * (N - 1) as f64;
        let at = |i: usize| origin + SPACING * i as f64;
        let value = |k: usize| {
            let p = DVec3::new(at(k % N), at(k / N % N), at(k / N / N));
            (0.5 - distance(p) / (4.0 * SPACING)).clamp(0.0, 1.0) as f32
        };
        Arc::new(Sampled::new([origin; 3], SPACING, [N; 3], (0..N * N * N).map(value).collect()).unwrap())
    }

    fn bounds(kept_layer: Option<Layer>) -> Bounds {
        let space = Arc::new(block([-12e-3; 3], [12e-3; 3]));
        Bounds { space, kept: vec![], kept_layer, avoided: vec![], avoided_layer: None }
    }

    /// Elements can be finer than the cells of a grown body: they find the field there, not facets, whose inner angles would be
    /// notches. Its volume is that of the field as well.
    #[test]
    fn elements_finer_than_cells_find_no_facets() {
        let radius = 9e-3;
        let samples = samples(&|p| p.length() - radius);
        let grown = Mould::new("g", bounds(None)).grow(&samples, 0.5, 40.0).unwrap();
        let options = Options::new(0.6e-3);
        let found = tet::mesh(&*grown.body, &options, &AtomicBool::new(false)).unwrap();
        assert!(found.boundary.len() > 4000, "{} facets are no finer than the cells", found.boundary.len());
        let off = |p: [f64; 3]| {
            let (value, rise) = samples.read(p);
            (value - 0.5) / DVec3::from(rise).length()
        };
        let nodes = || found.boundary.iter().flat_map(|f| f.nodes).map(|i| found.points[i as usize]);
        let most = nodes().map(|p| off(p).abs()).fold(0.0, f64::max);
        assert!(most < 1e-6 * SPACING, "{most} m off the field");
        let radii = nodes().map(|p| DVec3::from(p).length());
        assert!(radii.clone().all(|r| (r / radius - 1.0).abs() < 0.01), "{:?} m", radii.fold(0.0, f64::max));
        // What the triangles of the view lie off it shows that those are not what was meshed.
        let facets = (0..grown.surface.triangles.len()).map(|t| {
            let corners = grown.surface.triangles[t].map(|i| DVec3::from(grown.surface.points[i as usize]));
            off(((corners[0] + corners[1] + corners[2]) / 3.0).to_array()).abs()
        });
        assert!(facets.fold(0.0, f64::max) > 5e-3 * SPACING);
        assert!((found.volume() / grown.volume - 1.0).abs() < 5e-5, "{} for {} m³", found.volume(), grown.volume);
        let elsewhere = Placement::Motion { origin: [0.1, 0.0, 0.0], axis: 1, angle: 0.7, shift: [0.0, 0.2, 0.0] };
        let moved = grown.body.placed(&elsewhere, "#1");
        assert!((moved.mass_properties().volume / grown.volume - 1.0).abs() < 1e-9);
        let again = tet::mesh(&moved, &options, &AtomicBool::new(false)).unwrap();
        assert!((again.volume() / grown.volume - 1.0).abs() < 5e-5, "{} for {} m³", again.volume(), grown.volume);
    }

    /// A wall grown on a layer meets it in a round, not in a notch.
    #[test]
    fn what_grew_runs_into_a_layer_smoothly() {
        let floor = block([-12e-3; 3], [12e-3; 3]);
        let faces_down = |f: &Face| matches!(f.shape, Shape::Plane { normal, .. } if normal[2] < -0.5);
        let below = floor.faces.iter().position(faces_down).unwrap();
        let layer = Layer { faces: patch([(&floor, below)].into_iter()), thickness: 4e-3 };
        let wall = samples(&|p| p.x.abs() - 4e-3);
        let grown = Mould::new("g", bounds(Some(layer))).grow(&wall, 0.5, 240.0).unwrap();
        assert!(grown.surface.faces.iter().any(|f| f.name.0 == "g.blend"));
        let corners = |t: usize| grown.surface.triangles[t].map(|i| DVec3::from(grown.surface.points[i as usize]));
        let normal = |c: [DVec3; 3]| (c[1] - c[0]).cross(c[2] - c[0]).normalize_or_zero();
        let mut over: HashMap<(u32, u32), usize> = HashMap::new();
        let mut sharpest = 0.0f64;
        for (t, v) in grown.surface.triangles.iter().enumerate() {
            for k in 0..3 {
                let (a, b) = (v[k], v[(k + 1) % 3]);
                let Some(other) = over.remove(&(b, a)) else {
                    over.insert((a, b), t);
                    continue;
                };
                let (own, there) = (corners(t), corners(other));
                let inner = there.iter().any(|p| (*p - own[0]).dot(normal(own)) > 1e-3 * SPACING);
                if inner {
                    sharpest = sharpest.max(normal(own).angle_between(normal(there)));
                }
            }
        }
        assert!(sharpest < 0.5, "an inner edge of {sharpest} rad");
    }
}
