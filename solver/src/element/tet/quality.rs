//! The shape of a tetrahedron, in numbers.

use super::{EDGES, FOUR_POINTS, derivatives};
use glam::{DMat3, DVec3};
use std::sync::OnceLock;

/// The corners of the side opposite to each corner, seen from outside to the right.
const SIDES: [[usize; 3]; 4] = [[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]];

/// Smallest and largest dihedral angle between the straight sides, rad.
pub fn dihedral(p: [DVec3; 4]) -> [f64; 2] {
    let n = SIDES.map(|[a, b, c]| (p[b] - p[a]).cross(p[c] - p[a]).normalize_or_zero());
    let [lo, hi] = EDGES.iter().fold([1.0, -1.0], |[lo, hi]: [f64; 2], [i, j]| {
        // The two sides that share an edge are those opposite to the other two corners.
        let mut others = (0..4).filter(|k| k != i && k != j);
        let (a, b) = (others.next().unwrap_or(0), others.next().unwrap_or(0));
        let cosine = n[a].dot(n[b]).clamp(-1.0, 1.0);
        [lo.min(cosine), hi.max(cosine)]
    });
    // The normals turn by what the angle lacks to a half turn.
    [lo, hi].map(|cosine| std::f64::consts::PI - cosine.acos())
}

/// Derivatives of the ten shape functions where a Jacobian is looked at: corners, middles and integration points.
fn places() -> &'static [[[f64; 3]; 10]; 14] {
    static ALL: OnceLock<[[[f64; 3]; 10]; 14]> = OnceLock::new();
    ALL.get_or_init(|| {
        std::array::from_fn(|i| {
            derivatives::<10>(&match i {
                0..4 => std::array::from_fn(|k| if i == k { 1.0 } else { 0.0 }),
                4..10 => std::array::from_fn(|k| if EDGES[i - 4].contains(&k) { 0.5 } else { 0.0 }),
                _ => FOUR_POINTS[i - 10].at,
            })
        })
    })
}

/// Least over largest Jacobian determinant of a ten-node tetrahedron, over corners, middles and integration points: 1 where
/// edges are straight and halved, not positive where the element folds.
pub fn jacobian_ratio(x: &[DVec3; 10]) -> f64 {
    // Most elements are straight.
    if EDGES.iter().enumerate().all(|(m, [i, j])| x[4 + m] == 0.5 * (x[*i] + x[*j])) {
        let volume = (x[1] - x[0]).cross(x[2] - x[0]).dot(x[3] - x[0]);
        return if volume > 0.0 {
            1.0
        } else if volume < 0.0 {
            -1.0
        } else {
            0.0
        };
    }
    let dets = places().iter().map(|derivatives| {
        let mut by = [DVec3::ZERO; 3];
        for (x, d) in x.iter().zip(derivatives) {
            (0..3).for_each(|a| by[a] += *x * d[a]);
        }
        DMat3::from_cols(by[0], by[1], by[2]).determinant()
    });
    let (lo, hi) = dets.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), d| (lo.min(d), hi.max(d)));
    lo / hi
}
