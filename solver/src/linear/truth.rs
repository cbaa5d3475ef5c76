//! What tests of the operator's fast ways compare with: the sum of all entries.

use super::block::Block;
use super::operator::Operator;
use crate::element::lane::Real;

/// The product with `x`, entry by entry.
pub fn product(op: &Operator, x: &Block<f64>) -> Block<f64> {
    let mut out = Block::zero(x.n_nodes, x.n_cases);
    op.for_each_entry(|p, a, q, b, value| {
        for k in 0..x.n_cases {
            let mut f = [0.0; 3];
            f[a] = value * x.at(k, q)[b];
            out.add(k, p, f);
        }
    });
    out
}

/// Largest difference of any component.
pub fn off<T: Real>(a: &Block<T>, b: &Block<f64>) -> f64 {
    let pairs = (0..b.n_cases).flat_map(|k| a.case(k).iter().zip(b.case(k)));
    pairs.map(|(a, b)| (a.double() - b).abs()).fold(0.0, f64::max)
}
