//! Geometric multigrid in single precision: the preconditioner of [`super::cg`].
//!
//! Coarse levels are the same discretisation on doubled cells with the exact moments of the solid in them, which for
//! trilinear displacements is the Galerkin operator; foundations and releases are carried by `Pᵀ S P`. The smoother is
//! Chebyshev on 3×3 block Jacobi (Adams, Brezina, Hu & Tuminaro, J. Comput. Phys. 188, 2003), the same before and
//! after the coarse correction, so that the cycle is symmetric. The coarsest level is solved directly.
//!
//! Coarse cells join walls that a gap parts and blur holes, so what bends or shears there is corrected too little, a
//! little less on every level. Where levels are small, several cycles accelerated by conjugate gradients therefore make
//! one correction (the K-cycle: Notay & Vassilevski, Numer. Linear Algebra Appl. 15, 2008). The preconditioner then
//! depends on its right-hand side, which the flexible outer iteration allows.

use super::banded::{Banded, Singular};
use super::block::Block;
use super::galerkin::{self, Coarsening};
use super::operator::{Foundation, Operator, Release};
use super::transfer;
use crate::element::lane::{Lane, Real};
use crate::mesh::Grid;
use crate::mesh::lattice::{Lattice, Solid, coarsen};
use crate::random::Random;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Share of a whole cell's stiffness added to every cut cell: holds nodes that only a sliver touches.
pub const ERSATZ: f64 = 1e-5;
/// Chebyshev degree before and after the coarse correction.
const DEGREE: usize = 3;
/// The smoother damps `[λmax / RANGE, λmax]`.
const RANGE: f64 = 20.0;
/// Safety on the Lanczos estimate of λmax, after a fixed number of steps.
const LAMBDA_SAFETY: f64 = 1.1;
const LANCZOS_STEPS: usize = 10;
/// A level of at most this many nodes is solved directly.
const DIRECT_NODES_MAX: usize = 1000;
/// Cycles per correction from the third level down, and from the fourth.
const CYCLES_THIRD: usize = 2;
const CYCLES_BELOW: usize = 4;
/// Nodes per task of the pointwise kernels.
const TASK: usize = 8 * 1024;

/// One level: its operator and its smoother.
#[derive(Clone, Debug)]
pub struct Level {
    pub operator: Operator,
    /// Inverse diagonal blocks, `[entry][node]`: xx, yy, zz, xy, yz, zx.
    inverse: [Vec<f32>; 6],
    /// Of the smoothed operator over its diagonal blocks.
    lambda_max: f64,
    /// What [`galerkin::largest`] says of one fine cell of a graded hierarchy.
    of_cell: Option<f64>,
}

/// Vectors a cycle works on, per level.
#[derive(Clone, Debug)]
pub struct Workspace {
    levels: Vec<Vectors>,
}

#[derive(Clone, Debug)]
struct Vectors {
    x: Block<f32>,
    r: Block<f32>,
    d: Block<f32>,
    /// For the levels that take several cycles.
    krylov: Option<Krylov>,
}

/// Vectors of conjugate gradients on one level.
#[derive(Clone, Debug)]
struct Krylov {
    x: Block<f32>,
    r: Block<f32>,
    p: Block<f32>,
    q: Block<f32>,
}

/// The hierarchy, finest first.
#[derive(Clone, Debug)]
pub struct Multigrid {
    pub levels: Vec<Level>,
    direct: Banded,
    /// Between each level and the next, where coarse operators are Galerkin's.
    coarsenings: Vec<Coarsening>,
}

impl Multigrid {
    /// Builds every level from the finest cells.
    ///
    /// `foundations` and `releases` belong to the lattice made of `solids`; [`Lattice::new`] with [`ERSATZ`].
    ///
    /// # Errors
    /// [`Singular`] when a part of the body is not held.
    pub fn new(
        lattice: Arc<Lattice>,
        solids: Vec<Solid>,
        foundations: Vec<Foundation>,
        releases: Vec<Release>,
    ) -> Result<Self, Singular> {
        let mut levels = Vec::new();
        let mut grid: Grid = lattice.grid;
        let mut operator = Operator::new(lattice, foundations, releases);
        let mut solids = solids;
        loop {
            let n_nodes = operator.lattice.n_nodes;
            let coarsest = n_nodes <= DIRECT_NODES_MAX || grid.counts.iter().any(|n| n % 2 == 1);
            let next = (!coarsest).then(|| {
                let (coarse_grid, coarse_solids) = coarsen(&grid, &solids);
                let coarse = Arc::new(Lattice::new(coarse_grid, &coarse_solids, ERSATZ, 0.0));
                let foundations = transfer::coarsen_foundations(operator.foundations(), &coarse, 0.5);
                let releases = transfer::coarsen_releases(&operator.releases, &operator.lattice, &coarse, 0.5);
                (coarse_grid, coarse_solids, Operator::new(coarse, foundations, releases))
            });
            if let Some((coarse_grid, coarse_solids, coarse)) = next {
                levels.push(Level::new(operator, None));
                (grid, solids, operator) = (coarse_grid, coarse_solids, coarse);
            } else {
                let direct = Banded::new(&operator)?;
                levels.push(Level { operator, inverse: Default::default(), lambda_max: 0.0, of_cell: None });
                return Ok(Self { levels, direct, coarsenings: Vec::new() });
            }
        }
    }

    /// Builds every level of a graded operator, with Galerkin's on coarse cells.
    pub fn galerkin(operator: Operator) -> Self {
        let (mut levels, mut coarsenings) = (Vec::new(), Vec::new());
        let mut operator = operator;
        let of_cell = operator.lattice.strips.first().map(|s| galerkin::largest(s.lame));
        while operator.lattice.n_nodes > DIRECT_NODES_MAX && operator.lattice.grid.counts.iter().any(|n| *n > 1) {
            let (coarsening, coarse) = Coarsening::new(&operator);
            coarsenings.push(coarsening);
            levels.push(Level::new(operator, of_cell));
            operator = coarse;
        }
        let direct = Banded::semidefinite(&operator);
        levels.push(Level { operator, inverse: Default::default(), lambda_max: 0.0, of_cell });
        Self { levels, direct, coarsenings }
    }

    /// New stiffnesses of the cells of a hierarchy made by [`Self::galerkin`].
    pub fn regrade(&mut self, relative: &[f64]) {
        self.levels[0].operator.regrade(relative);
        for (l, coarsening) in self.coarsenings.iter().enumerate() {
            let (upper, lower) = self.levels.split_at_mut(l + 1);
            coarsening.fill(&upper[l].operator, &mut lower[0].operator);
            upper[l].refresh();
        }
        self.direct = Banded::semidefinite(&self.levels[self.coarsenings.len()].operator);
    }

    pub fn workspace(&self, from: usize, n_cases: usize) -> Workspace {
        let vectors = |l: usize| {
            // Levels above the one in use need no memory.
            let n = if l >= from { self.levels[l].operator.lattice.n_nodes } else { 0 };
            let z = || Block::zero(n, n_cases);
            let several = l > from && self.n_cycles(l) > 1;
            let krylov = several.then(|| Krylov { x: z(), r: z(), p: z(), q: z() });
            Vectors { x: z(), r: z(), d: z(), krylov }
        };
        Workspace { levels: (0..self.levels.len()).map(vectors).collect() }
    }

    /// Cycles per correction from level `l`.
    fn n_cycles(&self, l: usize) -> usize {
        match l {
            _ if l + 1 == self.levels.len() => 1,
            0 | 1 => 1,
            2 => CYCLES_THIRD,
            _ => CYCLES_BELOW,
        }
    }

    /// Like [`Self::cycle`], but as many cycles as the level takes per correction, each a step of conjugate gradients.
    fn correct(&self, l: usize, work: &mut Workspace, cancel: &AtomicBool) {
        let Some(mut krylov) = work.levels[l].krylov.take() else { return self.cycle(l, work, cancel) };
        let Krylov { x, r, p, q } = &mut krylov;
        let n_cases = r.n_cases;
        // Of a case without a load, or solved already, nothing moves.
        let over = |a: f64, b: f64| if b > 0.0 { a / b } else { 0.0 };
        std::mem::swap(r, &mut work.levels[l].r);
        x.clear();
        p.clear();
        let mut pq = vec![0.0; n_cases];
        for step in 0..self.n_cycles(l) {
            work.levels[l].r.assign(r, &vec![1.0; n_cases]);
            self.cycle(l, work, cancel);
            if cancel.load(Ordering::Relaxed) {
                break;
            }
            let z = &work.levels[l].x;
            // Conjugate to the last step, which is all that has been taken where the cycle is linear.
            let beta: Vec<f64> = if step == 0 {
                vec![0.0; n_cases]
            } else {
                z.dot(q).into_iter().zip(&pq).map(|(zq, pq)| -over(zq, *pq)).collect()
            };
            p.xpby(z, &beta);
            self.levels[l].operator.apply(p, q);
            pq = p.dot(q);
            let alpha: Vec<f64> = p.dot(r).into_iter().zip(&pq).map(|(pr, pq)| over(pr, *pq)).collect();
            x.axpy(&alpha, p);
            r.axpy(&alpha.iter().map(|a| -a).collect::<Vec<_>>(), q);
        }
        std::mem::swap(x, &mut work.levels[l].x);
        work.levels[l].krylov = Some(krylov);
    }

    /// One cycle at level `l`: an approximate solution for the right-hand side last given to [`Workspace::load`].
    ///
    /// Returns early, with no meaningful solution, once `cancel` is set.
    pub fn cycle(&self, l: usize, work: &mut Workspace, cancel: &AtomicBool) {
        if cancel.load(Ordering::Relaxed) {
            return;
        }
        if l + 1 == self.levels.len() {
            let v = &mut work.levels[l];
            for k in 0..v.r.n_cases {
                let (r, x) = (&v.r, &mut v.x);
                let mut out = vec![0.0; 3 * r.n_nodes];
                self.direct.solve(|i| f64::from(r.part(k, i % 3)[i / 3]), |i, value| out[i] = value);
                for c in 0..3 {
                    for (n, x) in x.part_mut(k, c).iter_mut().enumerate() {
                        *x = out[3 * n + c] as f32;
                    }
                }
            }
            return;
        }
        let level = &self.levels[l];
        let v = &mut work.levels[l];
        level.smooth(v, true);
        level.operator.subtract(&v.d, &mut v.r);
        let (upper, lower) = work.levels.split_at_mut(l + 1);
        let (v, below) = (&mut upper[l], &mut lower[0]);
        let (fine, coarse) = (&level.operator.lattice, &self.levels[l + 1].operator.lattice);
        // The reference stiffness E h / 2 doubles with the cell.
        transfer::restrict(fine, coarse, &v.r, &mut below.r, 0.5);
        self.correct(l + 1, work, cancel);
        if cancel.load(Ordering::Relaxed) {
            return;
        }
        let (upper, lower) = work.levels.split_at_mut(l + 1);
        let (v, below) = (&mut upper[l], &mut lower[0]);
        transfer::prolong(fine, coarse, &below.x, &mut v.d);
        level.operator.hold(&mut v.d);
        v.x.axpy(&vec![1.0; v.d.n_cases], &v.d);
        level.operator.subtract(&v.d, &mut v.r);
        level.smooth(v, false);
    }

    pub fn bytes(&self) -> usize {
        self.levels
            .iter()
            .map(|l| l.operator.bytes() + l.inverse.iter().map(|i| i.len() * 4).sum::<usize>())
            .sum::<usize>()
            + self.direct.bytes()
    }
}

impl Workspace {
    /// Sets the right-hand side of level `l` to `scale[k] b`.
    pub fn load(&mut self, l: usize, b: &Block<f64>, scale: &[f64]) {
        self.levels[l].r.assign(b, scale);
    }

    pub fn solution(&self, l: usize) -> &Block<f32> {
        &self.levels[l].x
    }

    pub fn bytes(&self) -> usize {
        let krylov = |k: &Krylov| k.x.bytes() + k.r.bytes() + k.p.bytes() + k.q.bytes();
        let each = |v: &Vectors| v.x.bytes() + v.r.bytes() + v.d.bytes() + v.krylov.as_ref().map_or(0, krylov);
        self.levels.iter().map(each).sum()
    }
}

impl Level {
    fn new(operator: Operator, of_cell: Option<f64>) -> Self {
        let mut level = Self { operator, inverse: Default::default(), lambda_max: 0.0, of_cell };
        level.refresh();
        level
    }

    /// Makes the smoother for the operator as it is now.
    fn refresh(&mut self) {
        let blocks = self.operator.diagonal();
        let mut inverse: [Vec<f32>; 6] = std::array::from_fn(|_| Vec::with_capacity(blocks.len()));
        for [xx, yy, zz, xy, yz, zx] in blocks {
            let (a, b, c) = (yy * zz - yz * yz, zz * xx - zx * zx, xx * yy - xy * xy);
            let (d, e, f) = (yz * zx - xy * zz, xy * zx - yz * xx, xy * yz - zx * yy);
            let det = xx * a + xy * d + zx * f;
            // A block may be nearly flat where only a sliver holds a node; its diagonal then does.
            if det > 1e-9 * xx * yy * zz {
                for (i, m) in inverse.iter_mut().zip([a, b, c, d, e, f]) {
                    i.push((m / det) as f32);
                }
            } else {
                let safe = |x: f64| if x > 0.0 { (1.0 / x) as f32 } else { 0.0 };
                for (i, m) in inverse.iter_mut().zip([safe(xx), safe(yy), safe(zz), 0.0, 0.0, 0.0]) {
                    i.push(m);
                }
            }
        }
        self.inverse = inverse;
        self.lambda_max = match self.of_cell {
            None => LAMBDA_SAFETY * self.lanczos(),
            // Where stiffness jumps, the largest values belong to a few nodes that no random vector meets, and a smoother
            // that amplifies them ruins the preconditioner. What bounds every cell bounds their sum, whatever their stiffness.
            Some(bound) if self.operator.relatives().is_some() => bound,
            Some(bound) => bound.max(LAMBDA_SAFETY * self.lanczos()),
        };
    }

    /// Largest eigenvalue of D⁻¹A, from below, by the Lanczos coefficients of conjugate gradients.
    fn lanczos(&self) -> f64 {
        let n = self.operator.lattice.n_nodes;
        let mut r = Block::<f32>::zero(n, 1);
        let mut random = Random::new(1);
        r.parts_mut().into_iter().flatten().for_each(|x| *x = random.signed() as f32);
        self.operator.hold(&mut r);
        let mut z = Block::zero(n, 1);
        let mut p = Block::<f32>::zero(n, 1);
        let mut q = Block::zero(n, 1);
        let (mut diagonal, mut off) = (Vec::new(), Vec::new());
        let (mut rho, mut alpha_last) = (0.0, 1.0);
        for step in 0..LANCZOS_STEPS {
            self.jacobi(&r, &mut z, None, 0.0, 1.0, Was::Nothing);
            let rho_new = r.dot(&z)[0];
            let beta = if step == 0 { 0.0 } else { rho_new / rho };
            p.xpby(&z, &[beta]);
            self.operator.apply(&p, &mut q);
            let energy = p.dot(&q)[0];
            if !(energy > 0.0) || !(rho_new > 0.0) {
                break;
            }
            let alpha = rho_new / energy;
            diagonal.push(1.0 / alpha + if step == 0 { 0.0 } else { beta / alpha_last });
            if step > 0 {
                off.push(beta.sqrt() / alpha_last);
            }
            r.axpy(&[-alpha], &q);
            (rho, alpha_last) = (rho_new, alpha);
        }
        largest_eigenvalue(&diagonal, &off)
    }

    /// `d = c1 d + c2 D⁻¹ r`, and `x += d`, where there was something; else `d` and `x` are made.
    fn jacobi(&self, r: &Block<f32>, d: &mut Block<f32>, mut x: Option<&mut Block<f32>>, c1: f32, c2: f32, was: Was) {
        for k in 0..r.n_cases {
            let d = tasks(d.components_mut(k));
            let x = match &mut x {
                Some(x) => tasks(x.components_mut(k)),
                None => d.iter().map(|_| Default::default()).collect(),
            };
            d.into_par_iter().zip(x).enumerate().for_each(|(t, (d, x))| {
                let range = t * TASK..t * TASK + d[0].len();
                let r = [0, 1, 2].map(|c| &r.part(k, c)[range.clone()]);
                let inverse = [0, 1, 2, 3, 4, 5].map(|m| &self.inverse[m][range.clone()]);
                pulp::Arch::new().dispatch(Jacobi { inverse, r, d, x, c1, c2, was });
            });
        }
    }

    /// Chebyshev steps on `x` for the residual `r`; leaves in `r` the residual before the last step `d`.
    fn smooth(&self, v: &mut Vectors, from_zero: bool) {
        let (high, low) = (self.lambda_max, self.lambda_max / RANGE);
        let (theta, delta) = (0.5 * (high + low), 0.5 * (high - low));
        let sigma = theta / delta;
        let mut rho = 1.0 / sigma;
        let was = if from_zero { Was::Nothing } else { Was::Solution };
        self.jacobi(&v.r, &mut v.d, Some(&mut v.x), 0.0, (1.0 / theta) as f32, was);
        for _ in 1..DEGREE {
            self.operator.subtract(&v.d, &mut v.r);
            let next = 1.0 / (2.0 * sigma - rho);
            let (c1, c2) = ((next * rho) as f32, (2.0 * next / delta) as f32);
            self.jacobi(&v.r, &mut v.d, Some(&mut v.x), c1, c2, Was::Both);
            rho = next;
        }
    }
}

/// What a step of the smoother builds on.
#[derive(Clone, Copy, PartialEq)]
enum Was {
    Nothing,
    Solution,
    /// A solution and a step before.
    Both,
}

/// A part of a step of the smoother: see [`Level::jacobi`]. No `x` is asked for where its slices are empty.
struct Jacobi<'a> {
    inverse: [&'a [f32]; 6],
    r: [&'a [f32]; 3],
    d: [&'a mut [f32]; 3],
    x: [&'a mut [f32]; 3],
    c1: f32,
    c2: f32,
    was: Was,
}

impl WithSimd for Jacobi<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (len, width) = (self.d[0].len(), f32::width::<S>());
        let whole = len - len % width;
        for n in (0..whole).step_by(width) {
            self.step(simd, n);
        }
        for n in whole..len {
            self.step(pulp::Scalar::new(), n);
        }
    }
}

impl Jacobi<'_> {
    #[inline(always)]
    fn step<S: Simd>(&mut self, simd: S, n: usize) {
        let load = |x: &[f32]| Lane::<S, f32>::load(simd, &x[n..]);
        let [a, b, c, e, f, g] = &self.inverse;
        let (p, q, s) = (load(self.r[0]), load(self.r[1]), load(self.r[2]));
        let mut step = [
            load(a).mul_add(p, load(e).mul_add(q, load(g) * s)),
            load(e).mul_add(p, load(b).mul_add(q, load(f) * s)),
            load(g).mul_add(p, load(f).mul_add(q, load(c) * s)),
        ];
        let (c1, c2) = (Lane::splat(simd, self.c1), Lane::splat(simd, self.c2));
        for i in 0..3 {
            step[i] = c2 * step[i];
            if self.was == Was::Both {
                step[i] = c1.mul_add(load(self.d[i]), step[i]);
            }
            step[i].store(&mut self.d[i][n..]);
            if !self.x[i].is_empty() {
                let x = if self.was == Was::Nothing { step[i] } else { step[i] + load(self.x[i]) };
                x.store(&mut self.x[i][n..]);
            }
        }
    }
}

/// The three components cut into tasks.
fn tasks(parts: [&mut [f32]; 3]) -> Vec<[&mut [f32]; 3]> {
    let [x, y, z] = parts.map(|p| p.chunks_mut(TASK));
    x.zip(y).zip(z).map(|((x, y), z)| [x, y, z]).collect()
}

/// Largest eigenvalue of a symmetric tridiagonal matrix, by bisection on Sturm counts.
fn largest_eigenvalue(diagonal: &[f64], off: &[f64]) -> f64 {
    let n = diagonal.len();
    let radius = |i: usize| (if i > 0 { off[i - 1].abs() } else { 0.0 }) + if i + 1 < n { off[i].abs() } else { 0.0 };
    let mut high = (0..n).map(|i| diagonal[i] + radius(i)).fold(1e-30, f64::max);
    let mut low = 0.0;
    for _ in 0..60 {
        let mid = 0.5 * (low + high);
        // Positive pivots of T − mid: eigenvalues above mid.
        let mut pivot = 1.0;
        let mut above = false;
        for i in 0..n {
            let o = if i > 0 { off[i - 1] } else { 0.0 };
            pivot = diagonal[i] - mid - if i > 0 { o * o / pivot } else { 0.0 };
            if pivot == 0.0 {
                pivot = -1e-300;
            }
            above |= pivot > 0.0;
        }
        if above { low = mid } else { high = mid }
    }
    high
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_largest_eigenvalue_of_a_chain() {
        // 2 − 2 cos(π k / (n + 1)) for the second difference.
        let n = 12;
        let truth = 2.0 - 2.0 * (std::f64::consts::PI * 12.0 / 13.0).cos();
        let found = super::largest_eigenvalue(&vec![2.0; n], &vec![-1.0; n - 1]);
        assert!((found - truth).abs() < 1e-12, "{found} {truth}");
    }
}
