//! How good a mesh is, in numbers.

use super::TetMesh;
use super::delaunay::FACETS;
use super::volume::{EDGES, volume6};
pub use crate::element::tet::quality::dihedral;
use crate::element::tet::quality::jacobian_ratio;
use glam::DVec3;
use rayon::prelude::*;

/// Tetrahedra with a dihedral angle below, or above its supplement, are listed as bad, rad: 8°.
pub const DIHEDRAL_BAD: f64 = 0.139_626;

/// Quality of a mesh; angles in rad.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Quality {
    pub dihedral_min: f64,
    pub dihedral_max: f64,
    /// Three times the inradius over the circumradius, 1 for a regular tetrahedron; the least.
    pub radius_ratio_min: f64,
    /// Longest edge over shortest height, over that of a regular tetrahedron; the largest.
    pub aspect_max: f64,
    /// Least over largest Jacobian determinant within an element, over corners and integration points; the least.
    pub jacobian_min: f64,
    /// Elements by their smallest dihedral angle, in steps of 5° from 0.
    pub dihedral_histogram: [u32; 15],
    /// Elements by their scaled Jacobian, in tenths from 0.
    pub jacobian_histogram: [u32; 10],
    /// Elements with a dihedral angle below [`DIHEDRAL_BAD`] or above its supplement, the worst first.
    pub bad: Vec<u32>,
}

struct One {
    dihedral: [f64; 2],
    radius_ratio: f64,
    aspect: f64,
    jacobian: f64,
}

fn one(x: [DVec3; 10]) -> One {
    let p = [x[0], x[1], x[2], x[3]];
    let v = volume6(p);
    let areas: f64 = FACETS.map(|[a, b, c]| (p[b] - p[a]).cross(p[c] - p[a]).length()).iter().sum();
    let largest = FACETS.map(|[a, b, c]| (p[b] - p[a]).cross(p[c] - p[a]).length()).into_iter().fold(0.0, f64::max);
    let length = |i: usize, j: usize| (p[i] - p[j]).length();
    let products = [length(0, 1) * length(2, 3), length(0, 2) * length(1, 3), length(0, 3) * length(1, 2)];
    let [a, b, c] = products;
    // Circumradius by the products of opposite edges (Crelle): 24 R V = √((a+b+c)(a+b−c)(a−b+c)(−a+b+c)).
    let circle = ((a + b + c) * (a + b - c) * (a - b + c) * (b + c - a)).max(0.0).sqrt() / (4.0 * v);
    let longest = EDGES.iter().map(|e| length(e[0], e[1])).fold(0.0, f64::max);
    One {
        dihedral: dihedral(p),
        radius_ratio: 3.0 * (v / areas) / circle,
        // The height over a facet is 6V over twice its area; √(3/2) for a regular tetrahedron.
        aspect: longest * largest / v / 1.5_f64.sqrt(),
        jacobian: jacobian_ratio(&x),
    }
}

/// Measures `mesh`.
pub(super) fn measure(mesh: &TetMesh) -> Quality {
    let each: Vec<One> = mesh.tets.par_iter().map(|t| one(t.map(|i| DVec3::from(mesh.points[i as usize])))).collect();
    let mut out = Quality {
        dihedral_min: f64::INFINITY,
        radius_ratio_min: f64::INFINITY,
        jacobian_min: f64::INFINITY,
        ..Quality::default()
    };
    let mut bad = Vec::new();
    for (i, q) in each.iter().enumerate() {
        let [lo, hi] = q.dihedral;
        out.dihedral_min = out.dihedral_min.min(lo);
        out.dihedral_max = out.dihedral_max.max(hi);
        out.radius_ratio_min = out.radius_ratio_min.min(q.radius_ratio);
        out.aspect_max = out.aspect_max.max(q.aspect);
        out.jacobian_min = out.jacobian_min.min(q.jacobian);
        out.dihedral_histogram[((lo.to_degrees() / 5.0) as usize).min(14)] += 1;
        out.jacobian_histogram[((10.0 * q.jacobian) as usize).min(9)] += 1;
        let worst = lo.min(std::f64::consts::PI - hi);
        if worst < DIHEDRAL_BAD {
            bad.push((worst, i as u32));
        }
    }
    bad.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    out.bad = bad.into_iter().map(|b| b.1).collect();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regular_tetrahedron_scores_one() {
        let p = [[1.0, 1.0, 1.0], [-1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, -1.0, -1.0]].map(DVec3::from);
        let p = if volume6(p) > 0.0 { p } else { [p[0], p[2], p[1], p[3]] };
        let mut x = [DVec3::ZERO; 10];
        x[..4].copy_from_slice(&p);
        for (m, [i, j]) in crate::mesh::tet::MIDDLES.iter().enumerate() {
            x[4 + m] = 0.5 * (p[*i] + p[*j]);
        }
        let q = one(x);
        let angle = (1.0_f64 / 3.0).acos();
        assert!((q.dihedral[0] - angle).abs() < 1e-12 && (q.dihedral[1] - angle).abs() < 1e-12);
        assert!(
            (q.radius_ratio - 1.0).abs() < 1e-12 && (q.aspect - 1.0).abs() < 1e-12,
            "{} {}",
            q.radius_ratio,
            q.aspect
        );
        assert!((q.jacobian - 1.0).abs() < 1e-12);
    }
}
