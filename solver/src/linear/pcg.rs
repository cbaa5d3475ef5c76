//! Conjugate gradients in double precision, preconditioned by algebraic multigrid in single precision.
//!
//! Several right-hand sides run side by side, so that the matrices are read once for all; each has its own coefficients
//! and stops by itself. The preconditioner is rounded, so β is the flexible one (Notay, SIAM J. Sci. Comput. 22, 2000).

use super::amg::Amg;
pub use super::cg::Cause;
use super::cg::{Convergence, LOCAL};
use super::sparse::Sparse;
use super::vector::{axpby, axpy, dot, largest, norm};
use std::sync::atomic::{AtomicBool, Ordering};

/// Why a solve stopped short.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PcgError {
    #[error("cancelled")]
    Cancelled,
    #[error("the solver stopped converging at a residual of {residual:.1e} after {iterations} iterations; {cause}")]
    Stagnated {
        iterations: u32,
        /// Relative.
        residual: f64,
        /// Reduced node with the largest residual: [`super::substitution::Transform::mesh_node`].
        node: usize,
        cause: Cause,
    },
}

/// Iterations without a new best residual, nor a share of [`MOVING`] in the energy gained so far, before giving up.
const PATIENCE: u32 = 100;
/// Slender bodies gain energy long before their residual falls: what moves more than this is on its way.
const MOVING: f64 = 1e-3;

/// Solves `A x = b` for each case, from the `x` given, until each has `|b − A x| ≤ tolerance |b|`.
///
/// `monitor(iteration, residual)` is called once per iteration and stops the solve by returning `false`.
///
/// # Errors
/// [`PcgError`].
pub fn solve<const N: usize>(
    matrix: &Sparse<f64, N, N>,
    amg: &Amg,
    b: &[Vec<f64>],
    x: &mut [Vec<f64>],
    tolerance: f64,
    iterations_max: u32,
    cancel: &AtomicBool,
    mut monitor: impl FnMut(u32, f64) -> bool,
) -> Result<Convergence, PcgError> {
    let n = b.len();
    let mut work = amg.workspace(n);
    let b_norm: Vec<f64> = b.iter().map(|b| norm(b)).collect();
    let mut r = b.to_vec();
    let apply = |a: f64, x: &[Vec<f64>], b: f64, y: &mut [Vec<f64>]| {
        let x: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
        let mut y: Vec<&mut [f64]> = y.iter_mut().map(Vec::as_mut_slice).collect();
        matrix.apply_many(a, &x, b, &mut y);
    };
    apply(-1.0, x, 1.0, &mut r);
    let zero = || b.iter().map(|b| vec![0.0; b.len()]).collect::<Vec<_>>();
    let (mut p, mut q) = (zero(), zero());
    let mut r_norm: Vec<f64> = r.iter().map(|r| norm(r)).collect();
    let (mut rho, mut alpha) = (vec![0.0; n], vec![0.0; n]);
    let (mut best, mut best_at) = (f64::INFINITY, 0);
    // Energy gained since the start, and at the best residual, J (or W K).
    let (mut gained, mut gained_at) = (vec![0.0; n], vec![0.0; n]);
    let mut indefinite = false;
    for iteration in 0..=iterations_max {
        let relative = |k: usize| if b_norm[k] > 0.0 { r_norm[k] / b_norm[k] } else { 0.0 };
        let worst = (0..n).fold(0, |w, k| if relative(k) > relative(w) || relative(k).is_nan() { k } else { w });
        let residual = if n > 0 { relative(worst) } else { 0.0 };
        if !monitor(iteration, residual) {
            return Err(PcgError::Cancelled);
        }
        if residual <= tolerance {
            return Ok(Convergence { iterations: iteration, residual });
        }
        if residual < 0.9 * best {
            (best, best_at) = (residual, iteration);
            gained_at.copy_from_slice(&gained);
        }
        let waited = iteration - best_at > PATIENCE;
        let resting = || (0..n).all(|k| gained[k] - gained_at[k] <= MOVING * gained[k]);
        if iteration == iterations_max || (waited && resting()) || !residual.is_finite() || indefinite {
            let (node, size) = largest::<N>(&r[worst]);
            let cause = match size / r_norm[worst] {
                _ if !residual.is_finite() => Cause::NotFinite,
                _ if indefinite => Cause::Indefinite,
                share if share > LOCAL => Cause::Local,
                _ => Cause::Global,
            };
            return Err(PcgError::Stagnated { iterations: iteration, residual, node, cause });
        }
        if waited {
            best_at = iteration;
            gained_at.copy_from_slice(&gained);
        }
        for k in 0..n {
            // Unit residuals keep single precision far from its ends.
            work.load(k, if r_norm[k] > 0.0 { 1.0 / r_norm[k] } else { 0.0 }, &r[k]);
        }
        amg.cycle(&mut work, cancel);
        // A cycle that was stopped leaves nothing to go on with.
        if cancel.load(Ordering::Relaxed) {
            return Err(PcgError::Cancelled);
        }
        for k in 0..n {
            // The preconditioned residual over |r|.
            let z = work.solution(k);
            let rho_new = dot(z, &r[k]) * r_norm[k];
            // z·(r_new − r_old) = −α z·q.
            let beta = if rho[k] > 0.0 { -alpha[k] * dot(z, &q[k]) * r_norm[k] / rho[k] } else { 0.0 };
            axpby(r_norm[k], z, beta, &mut p[k]);
            rho[k] = rho_new;
        }
        apply(1.0, &p, 0.0, &mut q);
        for k in 0..n {
            let done = b_norm[k] == 0.0 || r_norm[k] <= 0.1 * tolerance * b_norm[k];
            let energy = dot(&p[k], &q[k]);
            indefinite |= !done && !(energy > 0.0);
            alpha[k] = if done || !(energy > 0.0) { 0.0 } else { dot(&p[k], &r[k]) / energy };
            gained[k] += 0.5 * alpha[k] * alpha[k] * energy;
            axpy(alpha[k], &p[k], &mut x[k]);
            axpy(-alpha[k], &q[k], &mut r[k]);
            r_norm[k] = norm(&r[k]);
        }
    }
    unreachable!("the last iteration returns")
}
