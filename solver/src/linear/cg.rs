//! Conjugate gradients in double precision, preconditioned by a multigrid cycle in single precision.
//!
//! Several right-hand sides run side by side through the same sweeps; each has its own coefficients and stops by
//! itself. The preconditioner is rounded, so β is the flexible one (Polak–Ribière; Notay, SIAM J. Sci. Comput. 22, 2000).

use super::block::Block;
use super::multigrid::{Multigrid, Workspace};
use std::sync::atomic::AtomicBool;

/// How a solve went.
#[derive(Clone, Debug, PartialEq)]
pub struct Convergence {
    pub iterations: u32,
    /// Largest relative residual of all cases.
    pub residual: f64,
}

/// Why a solve stopped short.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CgError {
    #[error("cancelled")]
    Cancelled,
    /// No progress for many iterations.
    #[error("the solver stopped converging at a residual of {residual:.1e} after {iterations} iterations; {cause}")]
    Stagnated {
        iterations: u32,
        /// Relative.
        residual: f64,
        /// Node with the largest residual: [`crate::mesh::lattice::Lattice::place`].
        node: u32,
        cause: Cause,
    },
}

/// What a stagnated residual looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// More than a quarter of the squared residual sits on one node.
    #[error("what is left is at one place: a distorted element there, or a part that hangs on by almost nothing")]
    Local,
    /// The same, of cells that the surface cuts.
    #[error(
        "what is left is at one place: a wall there may be thinner than a cell, or a part of the body hang on by almost \
         nothing; choose a finer resolution"
    )]
    Thin,
    #[error(
        "what is left is spread over the body: the supports may hardly hold it, a material may be nearly incompressible, \
         or stiffnesses may differ too much"
    )]
    Global,
    /// An eigenvalue that was not asked for is as near as the steps could tell them apart.
    #[error(
        "the next eigenvalue lies close to the last one asked for, and they are told apart slowly; ask for a few more"
    )]
    Crowded,
    #[error("a number is not finite: an element or a material is invalid")]
    NotFinite,
    #[error("the matrix is not positive: a load or a spring takes away more stiffness than the body has")]
    Indefinite,
}

/// Share of a residual's norm on one node from which on it is a local one.
pub(super) const LOCAL: f64 = 0.5;

/// Node with the largest residual of case `k`, and what that says of the cause.
fn blame(r: &Block<f64>, k: usize, norm: f64) -> (u32, Cause) {
    let size = |n: u32| r.at(k, n).iter().map(|c| c * c).sum::<f64>();
    let (node, most) = (0..r.n_nodes as u32).map(|n| (n, size(n))).fold((0, 0.0), |a, b| if b.1 > a.1 { b } else { a });
    let cause = if !norm.is_finite() {
        Cause::NotFinite
    } else if most.sqrt() > LOCAL * norm {
        Cause::Thin
    } else {
        Cause::Global
    };
    (node, cause)
}

/// Iterations without a new best residual before giving up.
const PATIENCE: u32 = 60;

/// Solves `A x = b` at level `l`, from the `x` given, until every case has `|b − A x| ≤ tolerance |b|`.
///
/// `monitor(iteration, residual)` is called once per iteration and stops the solve by returning `false`.
///
/// # Errors
/// [`CgError`].
#[allow(clippy::too_many_arguments)] // One solve is one sentence: what, where, how well, how long, who may stop it.
pub fn solve(
    mg: &Multigrid,
    l: usize,
    work: &mut Workspace,
    b: &Block<f64>,
    x: &mut Block<f64>,
    tolerance: f64,
    iterations_max: u32,
    cancel: &AtomicBool,
    mut monitor: impl FnMut(u32, f64) -> bool,
) -> Result<Convergence, CgError> {
    let operator = &mg.levels[l].operator;
    let n = b.n_cases;
    let b_norm: Vec<f64> = b.dot(b).into_iter().map(f64::sqrt).collect();
    let mut q = Block::zero(b.n_nodes, n);
    operator.apply(x, &mut q);
    let mut r = b.clone();
    r.axpy(&vec![-1.0; n], &q);
    let mut p = Block::<f64>::zero(b.n_nodes, n);
    let mut r_norm: Vec<f64> = r.dot(&r).into_iter().map(f64::sqrt).collect();
    let share = |r_norm: &[f64], k: usize| if b_norm[k] > 0.0 { r_norm[k] / b_norm[k] } else { 0.0 };
    let relative = |r_norm: &[f64]| (0..n).map(|k| share(r_norm, k)).fold(0.0, f64::max);
    let stagnated = |iterations: u32, r: &Block<f64>, r_norm: &[f64]| {
        let worse = |a: usize, b: usize| if share(r_norm, b) > share(r_norm, a) || r_norm[b].is_nan() { b } else { a };
        let worst = (0..n).fold(0, worse);
        let (node, cause) = blame(r, worst, r_norm.get(worst).copied().unwrap_or(0.0));
        CgError::Stagnated { iterations, residual: relative(r_norm), node, cause }
    };
    let mut rho = vec![0.0; n];
    // z·r_old of the flexible β, kept by the recurrence r_new = r_old − α q.
    let mut alpha = vec![0.0; n];
    let (mut best, mut best_at) = (f64::INFINITY, 0);
    for iteration in 0..=iterations_max {
        let residual = relative(&r_norm);
        if !monitor(iteration, residual) {
            return Err(CgError::Cancelled);
        }
        if residual <= tolerance {
            return Ok(Convergence { iterations: iteration, residual });
        }
        if residual < 0.9 * best {
            (best, best_at) = (residual, iteration);
        }
        if iteration == iterations_max || iteration - best_at > PATIENCE || !residual.is_finite() {
            return Err(stagnated(iteration, &r, &r_norm));
        }
        // Unit residuals keep single precision far from its ends.
        let scale: Vec<f64> = r_norm.iter().map(|r| if *r > 0.0 { 1.0 / r } else { 0.0 }).collect();
        work.load(l, &r, &scale);
        mg.cycle(l, work, cancel);
        let z = work.solution(l);
        // z here is the preconditioned residual over |r|.
        let zr = z.dot_double(&r);
        let rho_new: Vec<f64> = zr.iter().zip(&r_norm).map(|(d, s)| d * s).collect();
        let beta: Vec<f64> = if iteration == 0 {
            vec![0.0; n]
        } else {
            // z·(r_new − r_old) = −α z·q.
            let zq = z.dot_double(&q);
            (0..n).map(|k| if rho[k] > 0.0 { -alpha[k] * zq[k] * r_norm[k] / rho[k] } else { 0.0 }).collect()
        };
        p.xpby_scaled(z, &r_norm, &beta);
        operator.apply(&p, &mut q);
        let pq = p.dot(&q);
        let pr = p.dot(&r);
        for k in 0..n {
            let done = b_norm[k] == 0.0 || r_norm[k] <= 0.1 * tolerance * b_norm[k];
            alpha[k] = if done || !(pq[k] > 0.0) { 0.0 } else { pr[k] / pq[k] };
        }
        x.axpy(&alpha, &p);
        let minus: Vec<f64> = alpha.iter().map(|a| -a).collect();
        r.axpy(&minus, &q);
        rho = rho_new;
        r_norm = r.dot(&r).into_iter().map(f64::sqrt).collect();
    }
    Err(stagnated(iterations_max, &r, &r_norm))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_at_one_node_is_told_from_what_is_left_everywhere() {
        let mut r = Block::zero(9, 2);
        (0..9).for_each(|n| r.add(1, n, [1.0, 0.0, 0.0]));
        let norm = |r: &Block<f64>| r.dot(r)[1].sqrt();
        assert_eq!(blame(&r, 1, norm(&r)).1, Cause::Global);
        r.add(1, 6, [0.0, 4.0, 0.0]);
        assert_eq!(blame(&r, 1, norm(&r)), (6, Cause::Thin));
        assert_eq!(blame(&r, 1, f64::NAN).1, Cause::NotFinite);
        let error = CgError::Stagnated { iterations: 61, residual: 3e-4, node: 6, cause: Cause::Thin };
        assert!(error.to_string().contains("thinner than a cell"), "{error}");
    }
}
