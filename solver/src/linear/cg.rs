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
    #[error(
        "the solver stopped converging at a residual of {residual:.1e} after {iterations} iterations; \
         a part of the body may hang on by almost nothing"
    )]
    Stagnated { iterations: u32, residual: f64 },
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
    let relative = |r_norm: &[f64]| {
        r_norm.iter().zip(&b_norm).map(|(r, b)| if *b > 0.0 { r / b } else { 0.0 }).fold(0.0, f64::max)
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
            return Err(CgError::Stagnated { iterations: iteration, residual });
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
    Err(CgError::Stagnated { iterations: iterations_max, residual: relative(&r_norm) })
}
