//! What is behind the triangles of a contour: shapes, and levels of fields, which are smooth where triangles have kinks.

use super::{Node, Placement, Vec3, dot, sub};
use crate::geometry::Body;
use crate::geometry::measure;
use crate::surface::{Face, MassProperties, Shape, SurfaceMesh};
use glam::DVec3;
use std::collections::HashMap;
use std::sync::Arc;

/// Share of a cell by which a contour's triangles may lie off what is behind them.
const OFF: f64 = 0.35;
/// Cells from which a point still finds what is behind a face.
const FAR: f64 = 1.0;
/// Steps of Newton's method down the slope of a field; two or three do.
const STEPS: usize = 8;
/// Share of a cell that counts as on the surface.
const ON: f64 = 1e-7;
/// Slope of a distance below which its field says nothing of where the surface is.
const STEEP_MIN: f64 = 1e-3;

#[derive(Clone)]
enum Behind {
    Facets,
    Shape(Shape),
    Level(Arc<Node>),
}

/// What is behind each face of a contour. Empty where no face is a level of samples: the triangles stand for themselves.
#[derive(Clone, Default)]
pub(in crate::geometry) struct Form {
    of: Vec<Behind>,
    /// Edge of the contour's cells, m.
    cell: f64,
}

impl Form {
    pub fn new(node: &Arc<Node>, faces: &[Face], cell: f64) -> Self {
        let of = faces.iter().map(|face| match node.behind(face) {
            Some(level) => Behind::Level(level),
            None if face.shape == Shape::Freeform => Behind::Facets,
            None => Behind::Shape(face.shape),
        });
        let of: Vec<Behind> = of.collect();
        if of.iter().any(|b| matches!(b, Behind::Level(_))) { Self { of, cell } } else { Self::default() }
    }

    /// The level that a face is of.
    pub fn level(&self, face: usize) -> Option<Arc<Node>> {
        match self.of.get(face)? {
            Behind::Level(node) => Some(node.clone()),
            _ => None,
        }
    }

    /// The point of `face` nearest to a point beside its triangles, `None` where nothing is known behind those.
    pub fn onto(&self, face: u32, p: Vec3) -> Option<Vec3> {
        self.within(face, p, FAR * self.cell)
    }

    fn within(&self, face: u32, p: Vec3, limit: f64) -> Option<Vec3> {
        let q = match self.of.get(face as usize)? {
            Behind::Facets => return None,
            Behind::Shape(shape) => shape.nearest(p.into())?.to_array(),
            Behind::Level(node) => {
                let mut q = p;
                for _ in 0..STEPS {
                    let s = node.sample(q);
                    if s.steep < STEEP_MIN {
                        return None;
                    }
                    let off = s.distance / s.steep;
                    if !(off.abs() < limit) {
                        return None;
                    }
                    q = std::array::from_fn(|k| q[k] - off * s.gradient[k]);
                    if off.abs() < ON * self.cell {
                        break;
                    }
                }
                q
            }
        };
        let way = sub(q, p);
        (dot(way, way) < limit * limit).then_some(q)
    }

    pub fn placed(&self, placement: &Placement, suffix: &str) -> Self {
        let of = self.of.iter().map(|behind| match behind {
            Behind::Facets => Behind::Facets,
            Behind::Shape(shape) => Behind::Shape(super::moved_shape(placement, *shape)),
            Behind::Level(node) => Behind::Level(node.placed(placement, suffix)),
        });
        Self { of: of.collect(), cell: self.cell }
    }

    /// Mass properties at unit density of what is behind `surface`, whose faces these are.
    ///
    /// Triangles leave the square of their size between them and a smooth surface, a quarter of it once each is parted in four;
    /// Richardson's extrapolation takes the rest away.
    pub fn mass_properties(&self, surface: &SurfaceMesh) -> MassProperties {
        let coarse = measure::Moments::new(surface);
        if self.of.is_empty() {
            return coarse.about_centroid();
        }
        let origin = surface.points.first().copied().unwrap_or_default();
        let fine = measure::Moments::about(&self.parted(surface), origin);
        fine.beyond(&coarse).about_centroid()
    }

    /// Each triangle parted in four, with the middles of its sides on what is behind it.
    fn parted(&self, surface: &SurfaceMesh) -> SurfaceMesh {
        let mut points = surface.points.clone();
        // The middle of each side, with the face it was first met on; the other side's face has its say when it comes.
        let mut middles: HashMap<(u32, u32), (u32, u32)> = HashMap::with_capacity(2 * surface.triangles.len());
        let mut triangles = Vec::with_capacity(4 * surface.triangles.len());
        for (t, v) in surface.triangles.iter().enumerate() {
            let face = surface.face_of[t];
            let m = [(v[0], v[1]), (v[1], v[2]), (v[2], v[0])].map(|(a, b)| {
                let (index, first) = *middles.entry((a.min(b), a.max(b))).or_insert_with(|| {
                    let [p, q] = [a, b].map(|i| DVec3::from(surface.points[i as usize]));
                    points.push((0.5 * (p + q)).to_array());
                    (points.len() as u32 - 1, u32::MAX)
                });
                let p = &mut points[index as usize];
                if first == u32::MAX {
                    middles.insert((a.min(b), a.max(b)), (index, face));
                    *p = self.within(face, *p, OFF * self.cell).unwrap_or(*p);
                } else if first != face {
                    // Where two faces meet, by projections in turn.
                    let from = *p;
                    for face in [face, first, face, first, face, first] {
                        *p = self.within(face, *p, OFF * self.cell).unwrap_or(*p);
                    }
                    if DVec3::from(*p).distance(from.into()) > OFF * self.cell {
                        *p = from;
                    }
                }
                index
            });
            triangles.extend([[v[0], m[0], m[2]], [v[1], m[1], m[0]], [v[2], m[2], m[1]], m]);
        }
        SurfaceMesh { points, triangles, ..SurfaceMesh::default() }
    }
}

impl Node {
    /// The part of the solid whose level a face is, if that is one of samples, a layer, or their transition.
    fn behind(self: &Arc<Self>, face: &Face) -> Option<Arc<Self>> {
        match &**self {
            Self::Above { name, .. } | Self::Shell { name, .. } => (*name == face.name).then(|| self.clone()),
            Self::Combine { a, b, smooth, blend, .. } => {
                let parts = || a.behind(face).or_else(|| b.behind(face));
                // Of exact bodies the transition is no smoother than their triangles.
                let is_blend = *smooth > 0.0 && *blend == face.name && a.is_level() && b.is_level();
                if is_blend { Some(self.clone()) } else { parts() }
            }
            Self::Near { base, changed, .. } => base.behind(face).or_else(|| changed.behind(face)),
            Self::Leaf(body) => {
                let at = body.surface().faces.iter().position(|f| f.name == face.name)?;
                body.form()?.level(at)
            }
            Self::Offset { .. } | Self::Soup { .. } => None,
        }
    }

    /// Whether this is made of levels of samples and of layers alone.
    fn is_level(&self) -> bool {
        match self {
            Self::Above { .. } | Self::Shell { .. } => true,
            Self::Combine { a, b, .. } => a.is_level() && b.is_level(),
            _ => false,
        }
    }
}
