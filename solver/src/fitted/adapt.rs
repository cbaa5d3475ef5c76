//! Where the next mesh must be finer.
//!
//! With elements of order two the error of an element goes with `h^(2 + 3/2)` in the norm of energy; the best mesh of a
//! given number of elements has equal errors in all of them (Zienkiewicz & Zhu, IJNME 24, 1987).

use super::Mesh;
use crate::element::tet::{self, FOUR_POINTS};
use crate::mesh::tet::Wish;

/// Exponent of an element's error in its size.
const ORDER: f64 = 3.5;
/// Most that a size may shrink or grow from one mesh to the next.
const SHRINK_MAX: f64 = 0.35;
const GROW_MAX: f64 = 1.5;

/// Elements of `size` wished for within `radius` of a place, m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    pub at: [f64; 3],
    pub radius: f64,
    pub size: f64,
}

/// Sizes for a next mesh of about `n_tets` elements, per part, from the sizes of the elements, m, and their squared errors
/// (any unit).
///
/// `spots` come on top.
pub fn wishes(mesh: &Mesh, sizes: &[f64], errors: &[f64], n_tets: f64, spots: &[Spot]) -> Vec<Vec<Wish>> {
    let factor = |error: f64, goal: f64| {
        let ratio = if error > 0.0 { (goal / error.sqrt()).powf(1.0 / ORDER) } else { GROW_MAX };
        ratio.clamp(SHRINK_MAX, GROW_MAX)
    };
    let count = |goal: f64| errors.iter().map(|e| factor(*e, goal).powi(-3)).sum::<f64>();
    let largest = errors.iter().fold(0.0f64, |m, e| m.max(*e)).sqrt();
    // The count falls as the goal rises: bisect in its logarithm.
    let (mut low, mut high) = (1e-12 * largest, 1e3 * largest);
    for _ in 0..80 {
        let middle = (low * high).sqrt();
        if count(middle) > n_tets { low = middle } else { high = middle }
    }
    let mut out: Vec<Vec<Wish>> = mesh.parts.iter().map(|_| Vec::new()).collect();
    for (t, (error, size)) in errors.iter().zip(sizes).enumerate() {
        let x = mesh.nodes(t);
        let mut wished = size * factor(*error, high);
        let centre = tet::position(&x, &[0.25; 4]);
        for spot in spots {
            if centre.distance(spot.at.into()) < spot.radius {
                wished = wished.min(spot.size);
            }
        }
        let part = &mut out[mesh.part_of(t)];
        part.extend(FOUR_POINTS.iter().map(|p| Wish { at: tet::position(&x, &p.at).to_array(), size: wished }));
    }
    out
}
