//! Eigenvalues of A x = λ B x nearest zero from above: modes (K, M) and buckling (K, −Kσ).
//!
//! A is positive definite and has a multigrid preconditioner; B is symmetric, and may be indefinite. So the pencil is
//! taken the other way round, B x = μ A x with μ = 1/λ, and the largest μ are found by LOBPCG (Knyazev, SIAM J. Sci.
//! Comput. 23, 2001) in the inner product of A, in which the preconditioned residuals are of like size. The basis of each
//! step is made orthonormal through the eigenvectors of its Gram matrix, which drops what depends (Stathopoulos & Wu,
//! SIAM J. Sci. Comput. 23, 2002). Pairs that have converged stay in the basis but get no new directions (soft locking;
//! Knyazev, Argentati, Lashuk & Ovtchinnikov, SIAM J. Sci. Comput. 29, 2007).
//!
//! A body that nothing holds has a singular K: use A = K + s M with a small s > 0 and subtract s from each λ.
//!
//! That no pair is missing is checked twice: a second random block, orthogonal to the first, must find none; and where a
//! factorisation is affordable ([`super::inertia`]), as many eigenvalues must lie below the last one as were found there.

use super::amg::Amg;
pub use super::cg::Cause;
use super::cg::LOCAL;
use super::dense;
use super::sparse::Sparse;
use super::vector::{self, axpy, dot, dot_serial, largest, norm};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rows per task of the products of tall matrices.
const TASK: usize = 1024;
/// Eigenvalues of the scaled Gram matrix below this depend on the others.
const DEPENDENT: f64 = 1e-11;
/// Vectors of the second random block that looks for pairs the first one missed, and its steps.
const SECOND_BLOCK: usize = 4;
const SECOND_STEPS: u32 = 8;
/// Rounds of looking again after a missed pair was found.
const ROUNDS: usize = 4;
/// Eigenvalues are counted this share below the last one found: nearer, its pivot would be rounding.
const COUNT_BELOW: f64 = 1e-4;

/// Pairs outside of what is wanted whose μ is this share of a wanted one crowd it.
const CROWDED: f64 = 0.97;

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub n: usize,
    /// On the residual λ B x − A x in the norm of the preconditioner, over |x| in that of A: the relative error of λ is
    /// about its square, and of x about itself.
    pub tolerance: f64,
    pub steps_max: u32,
    pub seed: u64,
}

/// Pairs found, λ rising.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// Positive; fewer than wanted where B has fewer positive directions.
    pub values: Vec<f64>,
    /// xᵀ A x = 1; multiply by √λ for xᵀ B x = 1.
    pub vectors: Vec<Vec<f64>>,
    pub residuals: Vec<f64>,
    pub steps: u32,
    /// Pairs that the first block did not find.
    pub missed_at_first: usize,
    /// Whether a factorisation counted as many as were found; where it would cost too much, a second random block found
    /// no other.
    pub counted: bool,
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EigenError {
    #[error("cancelled")]
    Cancelled,
    #[error(
        "{converged} of {wanted} eigenvalues converged in {steps} steps; the worst is at a residual of {residual:.1e}; \
         {cause}"
    )]
    Stagnated {
        converged: usize,
        wanted: usize,
        steps: u32,
        residual: f64,
        /// Reduced node with the largest residual of the worst: [`super::substitution::Transform::mesh_node`].
        node: usize,
        cause: Cause,
    },
    #[error("no direction has a positive eigenvalue: this load does not buckle the body")]
    NonePositive,
    #[error("{missing} eigenvalues below the last one found stay out of reach; ask for more of them")]
    Missing { missing: usize },
}

/// A B-operator on reduced vectors: `y = B x`.
pub type Apply<'a> = dyn Fn(&[f64], &mut [f64]) + Sync + 'a;

/// Columns of a tall matrix with their images under A and B.
#[derive(Clone, Default)]
struct Tall {
    x: Vec<Vec<f64>>,
    a: Vec<Vec<f64>>,
    b: Vec<Vec<f64>>,
}

impl Tall {
    fn len(&self) -> usize {
        self.x.len()
    }

    fn append(&mut self, other: Self) {
        self.x.extend(other.x);
        self.a.extend(other.a);
        self.b.extend(other.b);
    }

    fn truncate(&mut self, n: usize) {
        self.x.truncate(n);
        self.a.truncate(n);
        self.b.truncate(n);
    }

    /// `self · c`, where `c` has a column of coefficients per new vector.
    fn combine(&self, c: &[Vec<f64>]) -> Self {
        Self { x: combine(&self.x, c), a: combine(&self.a, c), b: combine(&self.b, c) }
    }
}

struct Solver<'a, const N: usize> {
    matrix: &'a Sparse<f64, N, N>,
    amg: &'a Amg,
    apply_b: &'a Apply<'a>,
    cancel: &'a AtomicBool,
}

/// The smallest positive λ with A x = λ B x.
///
/// `below(s)` counts the eigenvalues in (0, s), the negative ones of A − s B, where that is affordable.
/// `monitor(step, residual)` is called once per step with the largest residual of the wanted pairs.
///
/// # Errors
/// [`EigenError`].
pub fn solve<const N: usize>(
    matrix: &Sparse<f64, N, N>,
    amg: &Amg,
    apply_b: &Apply<'_>,
    below: &dyn Fn(f64) -> Option<usize>,
    wanted: Wanted,
    cancel: &AtomicBool,
    mut monitor: impl FnMut(u32, f64) -> bool,
) -> Result<Pairs, EigenError> {
    let solver = Solver { matrix, amg, apply_b, cancel };
    let n = N * matrix.n_rows();
    let n_wanted = wanted.n.min(n / 2);
    // Guards: the last wanted pair converges by its distance to the first pair outside the block.
    let width = (n_wanted + (n_wanted / 3).clamp(2, 8)).min(n / 2).max(1);
    let mut steps = 0;
    let mut missed_at_first = 0;
    let mut start = solver.random(n, width, wanted.seed);
    for round in 0..ROUNDS {
        let (block, mu, residuals) =
            solver.iterate(start, &[], n_wanted, wanted.tolerance, wanted.steps_max, &mut steps, &mut monitor)?;
        let n_positive = mu.iter().take(n_wanted).take_while(|m| **m > 0.0).count();
        if n_positive == 0 {
            return Err(EigenError::NonePositive);
        }
        let done = residuals[..n_positive].iter().filter(|r| **r <= wanted.tolerance).count();
        if done < n_positive {
            let worse = |a: usize, b: usize| if residuals[b] > residuals[a] || residuals[b].is_nan() { b } else { a };
            let worst = (0..n_positive).fold(0, worse);
            let (node, cause) = blame::<N>(&block, &mu, worst, n_positive);
            let residual = residuals[worst];
            return Err(EigenError::Stagnated { converged: done, wanted: n_wanted, steps, residual, node, cause });
        }
        // Is there a larger μ in what this block is blind to? A second random block, orthogonal to the first, shows.
        let second = solver.random(n, SECOND_BLOCK.min(n - block.len()), wanted.seed ^ (0x5eed + round as u64));
        let mut other_steps = 0;
        let (other, other_mu, _) =
            solver.iterate(second, &block.x, SECOND_BLOCK, 0.0, SECOND_STEPS, &mut other_steps, &mut |_, _| true)?;
        let least = mu[n_positive - 1];
        let seen = other_mu.iter().filter(|m| **m > least * (1.0 + 1e-6)).count();
        let last = (1.0 - COUNT_BELOW) / least;
        let found = mu[..n_positive].iter().filter(|m| 1.0 / **m < last).count();
        let count = if seen == 0 { below(last) } else { None };
        let missed = seen.max(count.map_or(0, |n| n.saturating_sub(found)));
        if missed > 0 && round + 1 == ROUNDS {
            return Err(EigenError::Missing { missing: missed });
        }
        if missed == 0 {
            let mut block = block;
            block.truncate(n_positive);
            return Ok(Pairs {
                values: mu[..n_positive].iter().map(|m| 1.0 / m).collect(),
                vectors: block.x,
                residuals: residuals[..n_positive].to_vec(),
                steps,
                missed_at_first,
                counted: count.is_some(),
            });
        }
        missed_at_first += missed;
        let mut both = block;
        both.append(other);
        start = both.x;
    }
    unreachable!("the last round returns")
}

impl<const N: usize> Solver<'_, N> {
    /// Smooth random vectors.
    fn random(&self, n: usize, width: usize, seed: u64) -> Vec<Vec<f64>> {
        let mut x = vec![vec![0.0; n]; width];
        for (k, x) in x.iter_mut().enumerate() {
            vector::random(seed.wrapping_add(1 + k as u64).wrapping_mul(0x2545_f491_4f6c_dd1d), x);
        }
        self.precondition(&x)
    }

    fn precondition(&self, r: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let mut work = self.amg.workspace(r.len());
        let size: Vec<f64> = r.iter().map(|r| norm(r)).collect();
        for (k, r) in r.iter().enumerate() {
            // Unit residuals keep single precision far from its ends.
            work.load(k, if size[k] > 0.0 { 1.0 / size[k] } else { 0.0 }, r);
        }
        self.amg.cycle(&mut work, self.cancel);
        (0..r.len()).map(|k| work.solution(k).iter().map(|z| size[k] * f64::from(*z)).collect()).collect()
    }

    fn images(&self, x: Vec<Vec<f64>>) -> Tall {
        let mut a: Vec<Vec<f64>> = x.iter().map(|x| vec![0.0; x.len()]).collect();
        let mut b = a.clone();
        {
            let inputs: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
            let mut outputs: Vec<&mut [f64]> = a.iter_mut().map(Vec::as_mut_slice).collect();
            self.matrix.apply_many(1.0, &inputs, 0.0, &mut outputs);
        }
        for (x, b) in x.iter().zip(&mut b) {
            (self.apply_b)(x, b);
        }
        Tall { x, a, b }
    }

    /// LOBPCG from `start`, A-orthogonal to the A-orthonormal `fixed`, until the first `n_wanted` pairs have converged or
    /// the steps are spent: A-orthonormal block, falling μ, residuals.
    fn iterate(
        &self,
        start: Vec<Vec<f64>>,
        fixed: &[Vec<f64>],
        n_wanted: usize,
        tolerance: f64,
        steps_max: u32,
        steps: &mut u32,
        monitor: &mut impl FnMut(u32, f64) -> bool,
    ) -> Result<(Tall, Vec<f64>, Vec<f64>), EigenError> {
        let width = start.len();
        let fixed = if fixed.is_empty() { Tall::default() } else { self.images(fixed.to_vec()) };
        let mut x = self.images(start);
        orthogonalise(&mut x, &fixed);
        let (mut mu, coefficients) = ritz(&x, width);
        x = x.combine(&coefficients);
        let mut p = Tall::default();
        // What is left of each pair when last looked at; a pair that has converged is not looked at again.
        let mut size = vec![f64::INFINITY; x.len()];
        loop {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(EigenError::Cancelled);
            }
            // Residuals B x − μ A x, and their preconditioned selves.
            let active: Vec<usize> = (0..x.len()).filter(|k| !(size[*k] <= tolerance)).collect();
            let residual: Vec<Vec<f64>> = active
                .iter()
                .map(|k| {
                    let mut r = x.b[*k].clone();
                    axpy(-mu[*k], &x.a[*k], &mut r);
                    r
                })
                .collect();
            let mut w = self.precondition(&residual);
            for ((k, r), w) in active.iter().zip(&residual).zip(&w) {
                size[*k] = dot(r, w).max(0.0).sqrt() / mu[*k].abs().max(f64::MIN_POSITIVE);
            }
            drop(residual);
            // A pair without a positive μ is none that is asked for.
            let asked = |k: &usize| mu[*k] > 0.0;
            let worst = (0..n_wanted.min(x.len())).filter(asked).map(|k| size[k]).fold(0.0, f64::max);
            if !monitor(*steps, worst) {
                return Err(EigenError::Cancelled);
            }
            // Negative directions may still turn positive in the first steps.
            let settled = worst <= tolerance && (mu.iter().take(n_wanted).all(|m| *m > 0.0) || *steps >= steps_max / 2);
            if settled || *steps >= steps_max {
                return Ok((x, mu, size));
            }
            *steps += 1;
            // Orthogonal to the block before their own images are taken: those then belong to the vectors themselves.
            project(&mut w, &fixed);
            project(&mut w, &x);
            let w = self.images(w);
            let n_new = w.len();
            let n_x = x.len();
            let mut s = x;
            s.append(w);
            s.append(p);
            let (values, coefficients) = ritz(&s, width);
            // The new directions are what the step adds to the old block.
            let step: Vec<Vec<f64>> = coefficients
                .iter()
                .map(|c| c.iter().enumerate().map(|(i, c)| if i < n_x { 0.0 } else { *c }).collect())
                .collect();
            p = s.combine(&step);
            if p.len() > n_new.max(n_wanted) {
                p.truncate(n_new.max(n_wanted));
            }
            // X = X c + P saves a pass over the whole basis.
            x = s.combine(&coefficients);
            // Pairs are in order of their values: one that comes to stand where a converged one stood has not converged.
            for ((size, old), new) in size.iter_mut().zip(&mu).zip(&values) {
                if (new - old).abs() > tolerance * new.abs() {
                    *size = f64::INFINITY;
                }
            }
            mu = values;
        }
    }
}

/// Node at which most is left of pair `k`, and why it may not converge; `n` are wanted.
fn blame<const N: usize>(block: &Tall, mu: &[f64], k: usize, n: usize) -> (usize, Cause) {
    let mut r = block.b[k].clone();
    axpy(-mu[k], &block.a[k], &mut r);
    let (node, size) = largest::<N>(&r);
    let whole = norm(&r);
    // Convergence is governed by the gap to the first pair outside of the block.
    let next = mu[n..].iter().rfind(|m| **m > 0.0);
    let cause = if !whole.is_finite() {
        Cause::NotFinite
    } else if size > LOCAL * whole {
        Cause::Local
    } else if next.is_some_and(|next| *next > CROWDED * mu[k]) {
        Cause::Crowded
    } else {
        Cause::Global
    };
    (node, cause)
}

/// `w −= q qᵀ A w` twice, for A-orthonormal `q` with their images.
fn project(w: &mut [Vec<f64>], q: &Tall) {
    if q.len() == 0 {
        return;
    }
    for _ in 0..2 {
        let along = gram(&q.a, w);
        let minus: Vec<Vec<f64>> = along.into_iter().map(|c| c.into_iter().map(|v| -v).collect()).collect();
        for (w, d) in w.iter_mut().zip(combine(&q.x, &minus)) {
            axpy(1.0, &d, w);
        }
    }
}

fn orthogonalise(w: &mut Tall, q: &Tall) {
    if q.len() == 0 {
        return;
    }
    let along = gram(&q.a, &w.x);
    let minus: Vec<Vec<f64>> = along.into_iter().map(|c| c.into_iter().map(|v| -v).collect()).collect();
    let d = q.combine(&minus);
    for (to, from) in [(&mut w.x, d.x), (&mut w.a, d.a), (&mut w.b, d.b)] {
        for (to, from) in to.iter_mut().zip(from) {
            axpy(1.0, &from, to);
        }
    }
}

/// Largest `n` Ritz values of B against A in the span of `s`, and coefficients of the A-orthonormal Ritz vectors.
fn ritz(s: &Tall, n: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
    let m = s.len();
    let (ga, gb) = (symmetric(&gram(&s.x, &s.a)), symmetric(&gram(&s.x, &s.b)));
    let scale: Vec<f64> = (0..m).map(|i| if ga[i * m + i] > 0.0 { 1.0 / ga[i * m + i].sqrt() } else { 0.0 }).collect();
    let scaled = |g: &[f64]| -> Vec<f64> { (0..m * m).map(|k| g[k] * scale[k / m] * scale[k % m]).collect() };
    let (values, vectors) = dense::eigen(m, &scaled(&ga));
    let gb = scaled(&gb);
    let largest = values.last().copied().unwrap_or(0.0);
    // An orthonormal basis of the independent part.
    let basis: Vec<Vec<f64>> = (0..m)
        .filter(|k| values[*k] > DEPENDENT * largest)
        .map(|k| vectors[k * m..(k + 1) * m].iter().map(|v| v / values[k].sqrt()).collect())
        .collect();
    let r = basis.len();
    let mut small = vec![0.0; r * r];
    for (i, u) in basis.iter().enumerate() {
        let gu: Vec<f64> = (0..m).map(|k| dot_serial(&gb[k * m..(k + 1) * m], u)).collect();
        for (j, v) in basis.iter().enumerate() {
            small[i * r + j] = dot_serial(&gu, v);
        }
    }
    let (values, vectors) = dense::eigen(r, &symmetric_flat(r, &small));
    let pick = n.min(r);
    let mut mu = Vec::with_capacity(pick);
    let mut out = Vec::with_capacity(pick);
    for k in (r - pick..r).rev() {
        mu.push(values[k]);
        let y = &vectors[k * r..(k + 1) * r];
        out.push((0..m).map(|i| scale[i] * (0..r).map(|j| basis[j][i] * y[j]).sum::<f64>()).collect());
    }
    (mu, out)
}

fn symmetric(columns: &[Vec<f64>]) -> Vec<f64> {
    let m = columns.len();
    symmetric_flat(m, &columns.concat())
}

fn symmetric_flat(m: usize, g: &[f64]) -> Vec<f64> {
    (0..m * m).map(|k| 0.5 * (g[k] + g[(k % m) * m + k / m])).collect()
}

/// `[column of b][row]`: aᵀ b, in fixed order.
fn gram(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = a.first().map_or(0, Vec::len);
    let parts: Vec<Vec<f64>> = (0..n.div_ceil(TASK))
        .into_par_iter()
        .map(|task| {
            let range = task * TASK..((task + 1) * TASK).min(n);
            pulp::Arch::new().dispatch(
                #[inline(always)]
                || b.iter().flat_map(|b| a.iter().map(|a| short_dot(&a[range.clone()], &b[range.clone()]))).collect(),
            )
        })
        .collect();
    let mut out = vec![vec![0.0; a.len()]; b.len()];
    for part in parts {
        for (k, v) in part.into_iter().enumerate() {
            out[k / a.len()][k % a.len()] += v;
        }
    }
    out
}

#[inline(always)]
fn short_dot(a: &[f64], b: &[f64]) -> f64 {
    let mut s = [0.0f64; 16];
    let (x, y) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (x, y) in x.0.iter().zip(y.0) {
        for i in 0..16 {
            s[i] += x[i] * y[i];
        }
    }
    s.iter().sum::<f64>() + x.1.iter().zip(y.1).map(|(x, y)| x * y).sum::<f64>()
}

/// `a · c`, a column of `c` per new vector.
fn combine(a: &[Vec<f64>], c: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = a.first().map_or(0, Vec::len);
    let mut out: Vec<Vec<f64>> = c.iter().map(|_| vec![0.0; n]).collect();
    let mut tasks: Vec<Vec<&mut [f64]>> = (0..n.div_ceil(TASK)).map(|_| Vec::with_capacity(c.len())).collect();
    for out in &mut out {
        for (task, part) in tasks.iter_mut().zip(out.chunks_mut(TASK)) {
            task.push(part);
        }
    }
    tasks.into_par_iter().enumerate().for_each(|(task, parts)| {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                for (out, c) in parts.into_iter().zip(c) {
                    for (a, c) in a.iter().zip(c) {
                        if *c != 0.0 {
                            for (out, a) in out.iter_mut().zip(&a[task * TASK..]) {
                                *out += c * a;
                            }
                        }
                    }
                }
            },
        );
    });
    out
}
