//! Supports on faces and bodies that touch, as constraints on nodes.

use super::{Facet, Mesh, bounds};
use crate::element::tet::face;
use crate::geometry::distance::Distance;
use crate::linear::constraint::Constraints;
use crate::surface::SurfaceMesh;
use glam::DVec3;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Cosine of the angle between facets above which their normals at a common node count as one: a smooth face.
const SMOOTH: f64 = 0.97;
/// Bodies are bonded where their surfaces lie within this share of an element of each other.
const BOND_PER_SIZE: f64 = 0.05;
/// Cosine below which facets of two bodies face each other.
const FACING: f64 = -0.7;

/// Facets that are bonded across a gap, too, not only where they touch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gap {
    /// Indices into [`Mesh::facets`], of both sides.
    pub facets: BTreeSet<usize>,
    /// How far apart they may lie, m.
    pub width: f64,
}

/// Holds components of nodes along x, y and z at the displacements given, m.
pub fn axes(held: &mut Constraints<3>, nodes: impl Iterator<Item = u32>, given: [Option<f64>; 3]) {
    let nodes: BTreeSet<u32> = nodes.collect();
    for n in nodes {
        for (axis, value) in given.iter().enumerate() {
            if let Some(value) = value {
                held.hold(n, DVec3::AXES[axis].to_array(), *value);
            }
        }
    }
}

/// Nodes of `facets` with the outward area vector of the facet there, m².
pub fn corners<'a>(mesh: &'a Mesh, facets: impl Iterator<Item = &'a Facet>) -> impl Iterator<Item = (u32, DVec3)> {
    facets.flat_map(move |facet| {
        let x = mesh.facet(facet);
        std::array::from_fn::<_, 6, _>(|k| (facet.nodes[k], face::area(&x, &corner(k))))
    })
}

/// Holds nodes along the normal of their face at `way`, m, outwards; a node where faces meet at an edge is held along each.
/// `corners`: nodes with the area vectors of the facets about them.
pub fn along(held: &mut Constraints<3>, corners: impl Iterator<Item = (u32, DVec3)>, way: f64) {
    let mut normals: BTreeMap<u32, Vec<DVec3>> = BTreeMap::new();
    for (n, area) in corners {
        let known = normals.entry(n).or_default();
        let same = known.iter_mut().find(|m| m.normalize_or_zero().dot(area.normalize_or_zero()) > SMOOTH);
        match same {
            Some(sum) => *sum += area,
            None => known.push(area),
        }
    }
    for (n, all) in normals {
        for normal in all {
            let direction = normal.normalize_or_zero();
            if direction != DVec3::ZERO {
                held.hold(n, direction.to_array(), way);
            }
        }
    }
}

/// Barycentric coordinates of node `k` of a six-node facet.
pub fn corner(k: usize) -> [f64; 3] {
    match k {
        0 => [1.0, 0.0, 0.0],
        1 => [0.0, 1.0, 0.0],
        2 => [0.0, 0.0, 1.0],
        3 => [0.5, 0.5, 0.0],
        4 => [0.0, 0.5, 0.5],
        _ => [0.5, 0.0, 0.5],
    }
}

/// Bonds parts where they touch: the nodes of one follow the faces of the other. Returns how many nodes follow.
///
/// Nodes that `taken` holds keep to their support. Of two parts the later one follows, so bonds never run in a circle. Facets
/// of `gap` follow each other over its width as well.
pub fn bond<const N: usize>(mesh: &Mesh, held: &mut Constraints<N>, taken: &BTreeSet<u32>, gap: &Gap) -> usize {
    let boxes: Vec<(DVec3, DVec3, f64)> = mesh
        .parts
        .iter()
        .map(|part| {
            let (lo, hi) = bounds(&mesh.points[part.nodes.clone()]);
            let size = mesh.facets[part.facets.clone()].iter().map(|f| mesh.size(f.tet as usize)).fold(0.0, f64::max);
            (lo, hi, size)
        })
        .collect();
    let mut bonded: BTreeSet<u32> = BTreeSet::new();
    for master in 0..mesh.parts.len() {
        let near: Vec<usize> = (master + 1..mesh.parts.len())
            .filter(|s| {
                let wide = if gap.facets.is_empty() { 0.0 } else { gap.width };
                let reach = DVec3::splat((BOND_PER_SIZE * boxes[master].2.max(boxes[*s].2)).max(wide));
                (boxes[*s].0 - reach).cmple(boxes[master].1).all() && (boxes[master].0 - reach).cmple(boxes[*s].1).all()
            })
            .collect();
        if near.is_empty() {
            continue;
        }
        let own = mesh.parts[master].facets.clone();
        let all = Face::new(mesh, master, own.clone().collect());
        let across: Vec<usize> = gap.facets.range(own).copied().collect();
        let across = (!across.is_empty()).then(|| Face::new(mesh, master, across));
        for slave in near {
            let mut done: BTreeSet<u32> = BTreeSet::new();
            for index in mesh.parts[slave].facets.clone() {
                let facet = &mesh.facets[index];
                let across = across.as_ref().filter(|_| gap.facets.contains(&index));
                let x = mesh.facet(facet);
                let normal = face::area(&x, &[1.0 / 3.0; 3]).normalize_or_zero();
                for n in facet.nodes {
                    if taken.contains(&n) || bonded.contains(&n) || done.contains(&n) {
                        continue;
                    }
                    let p = mesh.points[n as usize];
                    let reach = BOND_PER_SIZE * mesh.size(facet.tet as usize);
                    let touched = all.near(mesh, p, normal, reach, 8.0 * reach);
                    let masters = touched.or_else(|| {
                        let wide = gap.width.max(reach);
                        across?.near(mesh, p, normal, wide, wide + 8.0 * reach)
                    });
                    let Some(masters) = masters else { continue };
                    done.insert(n);
                    held.bond(n, &masters);
                }
            }
            bonded.extend(done);
        }
    }
    bonded.len()
}

/// Facets of a part that nodes of another follow.
struct Face {
    /// Indices into [`Mesh::facets`].
    facets: Vec<usize>,
    distance: Distance,
}

impl Face {
    /// Each facet as four flat triangles.
    fn new(mesh: &Mesh, part: usize, facets: Vec<usize>) -> Self {
        let span = &mesh.parts[part];
        let first = span.nodes.start as u32;
        let mut surface = SurfaceMesh {
            points: mesh.points[span.nodes.clone()].iter().map(|p| p.to_array()).collect(),
            ..SurfaceMesh::default()
        };
        for k in &facets {
            surface.triangles.extend(quarters(mesh.facets[*k].nodes).map(|t| t.map(|n| n - first)));
        }
        Self { facets, distance: Distance::new(Arc::new(surface)) }
    }

    /// The nodes that a point within `reach` of these facets follows, with their weights; `normal` is that of its own facet,
    /// which must face them. Facets are looked for within `look`: the quadratic ones lie off their own corner triangles.
    fn near(&self, mesh: &Mesh, p: DVec3, normal: DVec3, reach: f64, look: f64) -> Option<Vec<(u32, f64)>> {
        let nearest = self.distance.nearest(p.to_array(), None)?;
        if nearest.distance.abs() > look {
            return None;
        }
        let facet = &mesh.facets[self.facets[nearest.triangle as usize / 4]];
        let y = mesh.facet(facet);
        let l = project(&y, p);
        let q = face::position(&y, &l);
        let other = face::area(&y, &l).normalize_or_zero();
        if q.distance(p) > reach || other.dot(normal) > FACING {
            return None;
        }
        Some(facet.nodes.iter().copied().zip(face::shape::<6>(&l)).filter(|m| m.1.abs() > 1e-12).collect())
    }
}

/// A six-node facet as four triangles.
pub fn quarters([a, b, c, ab, bc, ca]: [u32; 6]) -> [[u32; 3]; 4] {
    [[a, ab, ca], [ab, b, bc], [ca, bc, c], [ab, bc, ca]]
}

/// Barycentric coordinates of the point of a facet nearest to `p`, by Gauss–Newton; kept within the facet.
pub fn project(x: &[DVec3; 6], p: DVec3) -> [f64; 3] {
    let mut l = [1.0 / 3.0; 3];
    for _ in 0..12 {
        let q = face::position(x, &l);
        let [du, dv] = face::tangents(x, &l);
        let r = p - q;
        let (a, b, c) = (du.length_squared(), du.dot(dv), dv.length_squared());
        let det = a * c - b * b;
        if !(det > 0.0) {
            break;
        }
        let (f, g) = (du.dot(r), dv.dot(r));
        let (u, v) = ((c * f - b * g) / det, (a * g - b * f) / det);
        let mut next = [0.0, l[1] + u, l[2] + v];
        next[1] = next[1].max(0.0);
        next[2] = next[2].max(0.0);
        let sum = next[1] + next[2];
        if sum > 1.0 {
            next[1] /= sum;
            next[2] /= sum;
        }
        next[0] = 1.0 - next[1] - next[2];
        let step = (next[1] - l[1]).abs() + (next[2] - l[2]).abs();
        l = next;
        if step < 1e-12 {
            break;
        }
    }
    l
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_brought_onto_a_curved_facet() {
        let c = [DVec3::X, DVec3::Y, DVec3::Z];
        let x: [DVec3; 6] = std::array::from_fn(|n| if n < 3 { c[n] } else { (c[n - 3] + c[(n - 2) % 3]).normalize() });
        for l in [[0.2, 0.5, 0.3], [0.0, 0.5, 0.5], [1.0, 0.0, 0.0]] {
            let q = face::position(&x, &l);
            let found = project(&x, q + face::area(&x, &l).normalize() * 1e-4);
            for k in 0..3 {
                assert!((found[k] - l[k]).abs() < 1e-3, "{l:?} {found:?}");
            }
        }
    }
}
