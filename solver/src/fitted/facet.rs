//! Faces of a fitted mesh: quadrature points, and nodal forces from forces at them.

use super::hold::{project, quarters};
use super::{Facet, Mesh, push};
use crate::element::tet::face::{self, SEVEN_POINTS};
use crate::geometry::distance::Distance;
use crate::mechanics::patch::{Patch, Point};
use crate::surface::SurfaceMesh;
use glam::DVec3;
use std::sync::Arc;

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
                let at = face::position(&x, &p.at);
                out.patch.points.push(Point { at, area: size, normal: area / size.max(f64::MIN_POSITIVE) });
                out.carriers.push((facet.nodes, shape));
            }
        }
        out.finish()
    }

    /// Given points, each on the facet nearest to it; areas and normals are taken as they are.
    ///
    /// Points off the facets are brought onto them, so that forces act on the mesh where they are carried.
    pub fn at(mesh: &Mesh, facets: &[&Facet], points: &[Point]) -> Self {
        let mut out = Self::default();
        let mut surface =
            SurfaceMesh { points: mesh.points.iter().map(|p| p.to_array()).collect(), ..Default::default() };
        surface.triangles = facets.iter().flat_map(|f| quarters(f.nodes)).collect();
        let distance = Distance::new(Arc::new(surface));
        for p in points {
            let Some(nearest) = distance.nearest(p.at.to_array(), None) else { continue };
            let facet = facets[nearest.triangle as usize / 4];
            let x = mesh.facet(facet);
            let l = project(&x, p.at);
            out.patch.points.push(Point { at: face::position(&x, &l), ..*p });
            out.carriers.push((facet.nodes, face::shape::<6>(&l)));
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
