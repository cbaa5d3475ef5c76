//! Faces of a fitted mesh: quadrature points, and nodal forces from forces at them.

use super::{Facet, Mesh, push};
use crate::element::tet::face::{self, SEVEN_POINTS};
use crate::study::statics::patch::{Patch, Point};
use glam::DVec3;

/// Quadrature points of some facets, and how each point hangs on the nodes of its facet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FacetPatch {
    pub patch: Patch,
    /// `[point]`: nodes and the shape functions there.
    carriers: Vec<([u32; 6], [f64; 6])>,
}

impl FacetPatch {
    /// Seven points on each of `facets`.
    pub fn new<'a>(mesh: &Mesh, facets: impl Iterator<Item = &'a Facet>) -> Self {
        let mut out = Self::default();
        for facet in facets {
            let x = mesh.facet(facet);
            for p in &SEVEN_POINTS {
                let shape = face::shape::<6>(&p.at);
                let area = face::area(&x, &p.at) * p.share;
                let size = area.length();
                let at: DVec3 = shape.iter().zip(&x).map(|(n, x)| *x * *n).sum();
                out.patch.points.push(Point { at, area: size, normal: area / size.max(f64::MIN_POSITIVE) });
                out.carriers.push((facet.nodes, shape));
            }
        }
        out.finish()
    }

    /// The corner nodes of `facets`, all with an equal share of their area; normals are of no meaning.
    pub fn corners<'a>(mesh: &Mesh, facets: impl Iterator<Item = &'a Facet>) -> Self {
        let (mut nodes, mut area) = (Vec::new(), 0.0);
        for facet in facets {
            nodes.extend_from_slice(&facet.nodes[..3]);
            let x = mesh.facet(facet);
            area += SEVEN_POINTS.iter().map(|p| (face::area(&x, &p.at) * p.share).length()).sum::<f64>();
        }
        nodes.sort_unstable();
        nodes.dedup();
        let share = area / nodes.len().max(1) as f64;
        let mut out = Self::default();
        for n in nodes {
            out.patch.points.push(Point { at: mesh.points[n as usize], area: share, normal: DVec3::ZERO });
            out.carriers.push(([n; 6], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]));
        }
        out.finish()
    }

    fn finish(mut self) -> Self {
        self.patch.area = self.patch.points.iter().map(|p| p.area).sum();
        if self.patch.area > 0.0 {
            self.patch.centroid = self.patch.points.iter().map(|p| p.at * p.area).sum::<DVec3>() / self.patch.area;
        }
        self
    }

    /// Nodes of the facets, ascending, each once.
    pub fn nodes(&self) -> Vec<u32> {
        let mut nodes: Vec<u32> = self.carriers.iter().flat_map(|c| c.0).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// Adds `factor` times the forces at the points, N, to nodal loads: force and moment are kept to rounding, because
    /// position hangs on the nodes by the same functions.
    pub fn carry(&self, forces: &[DVec3], factor: f64, load: &mut [f64]) {
        for ((nodes, shape), f) in self.carriers.iter().zip(forces) {
            for (n, w) in nodes.iter().zip(shape) {
                push(load, *n, *f * (factor * w));
            }
        }
    }
}
