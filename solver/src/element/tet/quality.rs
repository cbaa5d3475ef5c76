//! The shape of a tetrahedron, in numbers.

use super::{EDGES, FOUR_POINTS, derivatives};
use glam::{DMat3, DVec3};

/// The corners of the side opposite to each corner, seen from outside to the right.
const SIDES: [[usize; 3]; 4] = [[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]];

/// Smallest and largest dihedral angle between the straight sides, rad.
pub fn dihedral(p: [DVec3; 4]) -> [f64; 2] {
    let n = SIDES.map(|[a, b, c]| (p[b] - p[a]).cross(p[c] - p[a]).normalize_or_zero());
    EDGES.iter().fold([f64::INFINITY, 0.0], |[lo, hi], [i, j]| {
        // The two sides that share an edge are those opposite to the other two corners.
        let mut others = (0..4).filter(|k| k != i && k != j);
        let (a, b) = (others.next().unwrap_or(0), others.next().unwrap_or(0));
        let angle = std::f64::consts::PI - n[a].dot(n[b]).clamp(-1.0, 1.0).acos();
        [lo.min(angle), hi.max(angle)]
    })
}

/// Least over largest Jacobian determinant of a ten-node tetrahedron, over corners, middles and integration points: 1 where
/// edges are straight and halved, not positive where the element folds.
pub fn jacobian_ratio(x: &[DVec3; 10]) -> f64 {
    let corners = (0..4).map(|k| std::array::from_fn(|i| if i == k { 1.0 } else { 0.0 }));
    let middles = EDGES.iter().map(|e| std::array::from_fn(|i| if e.contains(&i) { 0.5 } else { 0.0 }));
    let dets = corners.chain(middles).chain(FOUR_POINTS.iter().map(|p| p.at)).map(|l: [f64; 4]| {
        let mut by = [DVec3::ZERO; 3];
        for (x, d) in x.iter().zip(derivatives::<10>(&l)) {
            (0..3).for_each(|a| by[a] += *x * d[a]);
        }
        DMat3::from_cols(by[0], by[1], by[2]).determinant()
    });
    let (lo, hi) = dets.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), d| (lo.min(d), hi.max(d)));
    lo / hi
}
