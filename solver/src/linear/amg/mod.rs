//! Algebraic multigrid: the preconditioner for meshes of tetrahedra.
//!
//! Ten-node elements first shed the middles of their sides, which follow the two ends; then smoothed aggregation with the
//! rigid motions (mechanics) or the constant (heat). Coarse matrices are the Galerkin products PᵀAP, made in double and
//! kept in single precision; the smoother is Chebyshev on block Jacobi, the same before and after the coarse correction,
//! so that the cycle is symmetric. The coarsest level is solved directly.

mod aggregate;
mod level;

use super::banded::Singular;
use super::constraint::identity;
use super::dense::Cholesky;
use super::sparse::Sparse;
use super::substitution::Transform;
use super::vector;
use crate::element::lane::Real;
use glam::DVec3;
use level::{Level, Map, Smooth, inverses, smooth};
use std::sync::atomic::{AtomicBool, Ordering};

/// Chebyshev degree before and after the coarse correction.
const DEGREE: usize = 2;
/// A level of at most this many unknowns is solved directly.
const DIRECT_MAX: usize = 500;
const LEVELS_MAX: usize = 12;
/// Damping of the interpolation's smoothing step, over λmax.
const OMEGA: f64 = 4.0 / 3.0;
/// Visits of the next level per visit of a level: a W-cycle below the finest aggregates, where levels are small.
const VISITS: usize = 2;

#[derive(Debug)]
struct Stage {
    level: Box<dyn Smooth>,
    /// To this level from the next, and back.
    prolong: Box<dyn Map>,
    restrict: Box<dyn Map>,
    visits: usize,
}

/// The hierarchy, finest first.
#[derive(Debug)]
pub struct Amg {
    stages: Vec<Stage>,
    direct: Cholesky,
    n_direct: usize,
    /// Blocks of all levels over those of the finest.
    pub complexity: f64,
}

/// Vectors a cycle works on, per level and right-hand side.
#[derive(Debug)]
pub struct Workspace {
    levels: Vec<[Vec<Vec<f32>>; 3]>,
}

impl Amg {
    /// For mechanics: `matrix` over the reduced nodes of `transform`, whose mesh has nodes at `points` and `middles` (middle
    /// node and the two ends of its side; empty for linear elements).
    ///
    /// # Errors
    /// [`Singular`] when a part of the body is not held.
    pub fn mechanics(
        matrix: &Sparse<f64, 3, 3>,
        transform: &Transform<3>,
        points: &[DVec3],
        middles: &[(u32, [u32; 2])],
    ) -> Result<Self, Singular> {
        Self::new(matrix, &transform.rigid_motions(points), transform.vertices(middles))
    }

    /// For heat, and whatever else has one unknown per node whose constant costs nothing.
    ///
    /// # Errors
    /// [`Singular`] when the temperature of a part of the body is given nowhere.
    pub fn heat(
        matrix: &Sparse<f64, 1, 1>,
        transform: &Transform<1>,
        middles: &[(u32, [u32; 2])],
    ) -> Result<Self, Singular> {
        Self::new(matrix, &vec![[[1.0]]; matrix.n_rows()], transform.vertices(middles))
    }

    fn new<const N: usize, const M: usize>(
        matrix: &Sparse<f64, N, N>,
        near: &[[[f64; M]; N]],
        vertices: Option<(Vec<u32>, Sparse<f64, N, N>)>,
    ) -> Result<Self, Singular> {
        let mut building = Building { stages: Vec::new(), work: 0.0 };
        let finest = (matrix.column.len() * N * N) as f64;
        let (vertex, vertex_near);
        let (mut top, mut top_near) = (matrix, near);
        if let Some((kept, interpolation)) = vertices
            && N * matrix.n_rows() > DIRECT_MAX
        {
            let inverse = inverses(&matrix.diagonal());
            vertex = building.descend(matrix, &inverse, None, &interpolation, 1);
            vertex_near = kept.iter().map(|r| near[*r as usize]).collect::<Vec<_>>();
            (top, top_near) = (&vertex, &vertex_near);
        }
        let (mut a, mut b) = match building.aggregate(top, top_near) {
            None => return building.finish(top, finest),
            Some(next) => next,
        };
        while let Some(next) = building.aggregate(&a, &b) {
            (a, b) = next;
        }
        building.finish(&a, finest)
    }

    pub fn workspace(&self, n_cases: usize) -> Workspace {
        let vectors = |n: usize| std::array::from_fn(|_| vec![vec![0.0; n]; n_cases]);
        let mut levels: Vec<_> = self.stages.iter().map(|s| vectors(s.level.n())).collect();
        levels.push(vectors(self.n_direct));
        Workspace { levels }
    }

    /// One cycle: [`Workspace::solution`] becomes an approximation of `A⁻¹` times what was last loaded.
    ///
    /// Returns early, with no meaningful solution, once `cancel` is set.
    pub fn cycle(&self, work: &mut Workspace, cancel: &AtomicBool) {
        for x in &mut work.levels[0][0] {
            x.fill(0.0);
        }
        self.visit(0, &mut work.levels, cancel);
    }

    /// Improves `x` for the residual `r`, which is spent.
    fn visit(&self, l: usize, work: &mut [[Vec<Vec<f32>>; 3]], cancel: &AtomicBool) {
        if cancel.load(Ordering::Relaxed) {
            return;
        }
        let (above, below) = work.split_at_mut(1);
        let [x, r, d] = &mut above[0];
        let Some(stage) = self.stages.get(l) else {
            for (x, r) in x.iter_mut().zip(r) {
                let mut t: Vec<f64> = r.iter().map(|r| f64::from(*r)).collect();
                self.direct.solve(&mut t);
                vector::axpy(1.0, &t, x);
            }
            return;
        };
        let level = &*stage.level;
        smooth(level, DEGREE, r, d, x);
        level.apply(-1.0, d, 1.0, r);
        let last = l + 1 == self.stages.len();
        for visit in 0..if last { 1 } else { stage.visits } {
            if visit > 0 {
                level.apply(-1.0, d, 1.0, r);
            }
            stage.restrict.apply(1.0, r, 0.0, &mut below[0][1]);
            for x in &mut below[0][0] {
                x.fill(0.0);
            }
            self.visit(l + 1, below, cancel);
            stage.prolong.apply(1.0, &below[0][0], 0.0, d);
            for (x, d) in x.iter_mut().zip(d.iter()) {
                vector::axpy(1.0, d, x);
            }
        }
        level.apply(-1.0, d, 1.0, r);
        smooth(level, DEGREE, r, d, x);
    }

    /// Unknowns of each level, the finest first.
    pub fn sizes(&self) -> Vec<usize> {
        self.stages.iter().map(|s| s.level.n()).chain([self.n_direct]).collect()
    }

    pub fn bytes(&self) -> usize {
        let stages: usize = self.stages.iter().map(|s| s.level.bytes() + s.prolong.bytes() + s.restrict.bytes()).sum();
        stages + self.direct.bytes()
    }
}

impl Workspace {
    /// Sets the right-hand side of case `k` to `scale b`.
    pub fn load<T: Real>(&mut self, k: usize, scale: f64, b: &[T]) {
        vector::assign(scale, b, &mut self.levels[0][1][k]);
    }

    pub fn solution(&self, k: usize) -> &[f32] {
        &self.levels[0][0][k]
    }

    pub fn bytes(&self) -> usize {
        self.levels.iter().flatten().flatten().map(|v| v.len() * 4).sum()
    }
}

struct Building {
    stages: Vec<Stage>,
    /// Numbers in all matrices.
    work: f64,
}

impl Building {
    /// Adds a level and the way to the next; returns the next matrix.
    fn descend<const N: usize, const M: usize>(
        &mut self,
        a: &Sparse<f64, N, N>,
        inverse: &[[[f64; N]; N]],
        level: Option<Level<N>>,
        prolong: &Sparse<f64, N, M>,
        visits: usize,
    ) -> Sparse<f64, M, M> {
        let level = level.unwrap_or_else(|| Level::new(a.cast(), inverse));
        self.work += (a.column.len() * N * N) as f64;
        let restrict = prolong.transposed();
        let ap = a.product(prolong);
        let mut next = restrict.product(&ap);
        drop(ap);
        revive(&mut next);
        self.stages.push(Stage {
            level: Box::new(level),
            prolong: Box::new(prolong.cast::<f32>()),
            restrict: Box::new(restrict.cast::<f32>()),
            visits,
        });
        next
    }

    /// The next level by smoothed aggregation; `None` when this one is small enough, or cannot get smaller.
    fn aggregate<const N: usize, const M: usize>(
        &mut self,
        a: &Sparse<f64, N, N>,
        near: &[[[f64; M]; N]],
    ) -> Option<(Sparse<f64, M, M>, Vec<[[f64; M]; M]>)> {
        let n = a.n_rows();
        if N * n <= DIRECT_MAX || self.stages.len() + 1 == LEVELS_MAX {
            return None;
        }
        let (group, n_groups) = aggregate::aggregate(a);
        if M * n_groups * 10 > N * n * 9 {
            return None;
        }
        let inverse = inverses(&a.diagonal());
        let level = Level::new(a.cast(), &inverse);
        let (tentative, coarse) = aggregate::tentative(&group, n_groups, near);
        let prolong = aggregate::smoothed(a, &inverse, OMEGA / level.lambda_max(), &tentative);
        let visits = if self.stages.is_empty() { 1 } else { VISITS };
        Some((self.descend(a, &inverse, Some(level), &prolong, visits), coarse))
    }

    fn finish<const N: usize>(self, a: &Sparse<f64, N, N>, finest: f64) -> Result<Amg, Singular> {
        let n = N * a.n_rows();
        let mut dense = vec![0.0; n * n];
        for i in 0..a.n_rows() {
            for k in a.row(i) {
                for r in 0..N {
                    for c in 0..N {
                        dense[(N * i + r) * n + N * a.column[k] as usize + c] = a.value[k][r][c];
                    }
                }
            }
        }
        Ok(Amg {
            stages: self.stages,
            direct: Cholesky::new(n, dense)?,
            n_direct: n,
            complexity: (self.work + (a.column.len() * N * N) as f64) / finest,
        })
    }
}

/// Puts the size of the block on diagonal entries that are zero: motions that a group of nodes does not have.
fn revive<const N: usize>(a: &mut Sparse<f64, N, N>) {
    for i in 0..a.n_rows() {
        let Some(block) = a.get_mut(i, i as u32) else { continue };
        let size = (0..N).map(|c| block[c][c]).fold(0.0, f64::max);
        let size = if size > 0.0 { size } else { 1.0 };
        let unit = identity::<N>();
        for c in 0..N {
            if block[c][c] <= 1e-14 * size {
                for k in 0..N {
                    block[c][k] = 0.0;
                    block[k][c] = 0.0;
                }
                block[c] = unit[c].map(|x| x * size);
            }
        }
    }
}
