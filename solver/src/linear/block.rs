//! Block vectors: several right-hand sides with three components per node.

use crate::element::lane::{Real, dispatch};
use crate::mesh::lattice::W;
use rayon::prelude::*;

/// Entries per task of the vector operations; fixed, so that sums have a fixed order.
const TASK: usize = 16 * 1024;

/// `[case][component][node]`, each part padded so that a vector may be loaded from any node.
#[derive(Clone, Debug, PartialEq)]
pub struct Block<T> {
    pub n_nodes: usize,
    pub n_cases: usize,
    stride: usize,
    data: Vec<T>,
}

impl<T: Real> Block<T> {
    pub fn zero(n_nodes: usize, n_cases: usize) -> Self {
        let stride = n_nodes + W;
        Self { n_nodes, n_cases, stride, data: vec![T::default(); stride * 3 * n_cases] }
    }

    /// Component `c` of case `k`, padded by [`W`].
    pub fn padded(&self, k: usize, c: usize) -> &[T] {
        &self.data[(3 * k + c) * self.stride..][..self.stride]
    }

    pub fn part(&self, k: usize, c: usize) -> &[T] {
        &self.padded(k, c)[..self.n_nodes]
    }

    pub fn part_mut(&mut self, k: usize, c: usize) -> &mut [T] {
        &mut self.data[(3 * k + c) * self.stride..][..self.n_nodes]
    }

    /// The three components of case `k`.
    pub fn components_mut(&mut self, k: usize) -> [&mut [T]; 3] {
        let (n, stride) = (self.n_nodes, self.stride);
        let (x, rest) = self.case_mut(k).split_at_mut(stride);
        let (y, z) = rest.split_at_mut(stride);
        [&mut x[..n], &mut y[..n], &mut z[..n]]
    }

    /// All parts at once, `[3 n_cases]`, without padding.
    pub fn parts_mut(&mut self) -> Vec<&mut [T]> {
        let n = self.n_nodes;
        self.data.chunks_mut(self.stride).map(|p| &mut p[..n]).collect()
    }

    /// Values of `node` in case `k`.
    pub fn at(&self, k: usize, node: u32) -> [T; 3] {
        std::array::from_fn(|c| self.data[(3 * k + c) * self.stride + node as usize])
    }

    pub fn add(&mut self, k: usize, node: u32, value: [T; 3]) {
        for (c, v) in value.into_iter().enumerate() {
            self.data[(3 * k + c) * self.stride + node as usize] += v;
        }
    }

    pub fn clear(&mut self) {
        self.data.par_chunks_mut(TASK).for_each(|c| c.fill(T::default()));
    }

    /// Inner product per case, in fixed order.
    pub fn dot(&self, other: &Self) -> Vec<f64> {
        self.dot_double(other)
    }

    /// Inner product with a vector of another precision, per case, in fixed order.
    pub fn dot_double<S: Real>(&self, other: &Block<S>) -> Vec<f64> {
        (0..self.n_cases)
            .map(|k| {
                let tasks = self.case(k).par_chunks(TASK).zip(other.case(k).par_chunks(TASK));
                tasks.map(|(a, b)| dot(a, b)).collect::<Vec<f64>>().iter().sum()
            })
            .collect()
    }

    /// All entries of case `k`, padding (always zero) included.
    pub fn case(&self, k: usize) -> &[T] {
        &self.data[3 * k * self.stride..][..3 * self.stride]
    }

    pub fn case_mut(&mut self, k: usize) -> &mut [T] {
        &mut self.data[3 * k * self.stride..][..3 * self.stride]
    }

    /// `self += a[k] x` per case.
    pub fn axpy<S: Real>(&mut self, a: &[f64], x: &Block<S>) {
        self.xpby_scaled(x, a, &vec![1.0; a.len()]);
    }

    /// `self = x + b[k] self` per case.
    pub fn xpby<S: Real>(&mut self, x: &Block<S>, b: &[f64]) {
        self.xpby_scaled(x, &vec![1.0; b.len()], b);
    }

    /// `self = a[k] x + b[k] self` per case.
    pub fn xpby_scaled<S: Real>(&mut self, x: &Block<S>, a: &[f64], b: &[f64]) {
        for (k, (a, b)) in a.iter().zip(b).enumerate() {
            let (a, b) = (*a, *b);
            self.each(k, x, |y, x| a * x + b * y);
        }
    }

    /// `self = scale[k] x` per case, in this precision.
    pub fn assign<S: Real>(&mut self, x: &Block<S>, scale: &[f64]) {
        for (k, a) in scale.iter().enumerate() {
            let a = *a;
            self.each(k, x, |_, x| a * x);
        }
    }

    /// Every entry of case `k` from itself and that of `x`.
    fn each<S: Real>(&mut self, k: usize, x: &Block<S>, f: impl Fn(f64, f64) -> f64 + Sync) {
        self.case_mut(k).par_chunks_mut(TASK).zip(x.case(k).par_chunks(TASK)).for_each(|(y, x)| {
            dispatch(
                #[inline(always)]
                || {
                    for (y, x) in y.iter_mut().zip(x) {
                        *y = T::of(f(y.double(), x.double()));
                    }
                },
            );
        });
    }

    pub fn bytes(&self) -> usize {
        self.data.len() * size_of::<T>()
    }
}

/// Inner product in double precision.
fn dot<S: Real, T: Real>(a: &[S], b: &[T]) -> f64 {
    let mut sum = 0.0;
    dispatch(
        #[inline(always)]
        || {
            // Independent running sums, so that one need not wait for the other.
            let mut s = [0.0f64; 32];
            let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<32>(), b.as_chunks::<32>());
            for (x, y) in a.iter().zip(b) {
                for ((s, x), y) in s.iter_mut().zip(x).zip(y) {
                    *s += x.double() * y.double();
                }
            }
            let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x.double() * y.double()).sum();
            sum = s.iter().sum::<f64>() + rest;
        },
    );
    sum
}
