//! Plain vectors, parallel, with sums in an order fixed by their length.

use crate::element::lane::Real;
use crate::random::Random;
use rayon::prelude::*;

/// Entries per task; fixed, so that sums have a fixed order.
const TASK: usize = 16 * 1024;

/// Inner product in double precision.
pub fn dot<S: Real, T: Real>(a: &[S], b: &[T]) -> f64 {
    debug_assert_eq!(a.len(), b.len());
    let parts: Vec<f64> = a.par_chunks(TASK).zip(b.par_chunks(TASK)).map(|(a, b)| dot_serial(a, b)).collect();
    parts.iter().sum()
}

/// Inner product of short vectors, by one thread.
#[inline]
pub fn dot_serial<S: Real, T: Real>(a: &[S], b: &[T]) -> f64 {
    // Eight running sums: vectorisable, and the same on every machine.
    let mut s = [0.0f64; 8];
    let (x, y) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f64 = x.remainder().iter().zip(y.remainder()).map(|(x, y)| x.double() * y.double()).sum();
    for (x, y) in x.zip(y) {
        for i in 0..8 {
            s[i] += x[i].double() * y[i].double();
        }
    }
    s.iter().sum::<f64>() + tail
}

/// Euclidean norm.
pub fn norm<T: Real>(a: &[T]) -> f64 {
    dot(a, a).sqrt()
}

/// Calls `f` with corresponding entries.
pub fn each<S: Real, T: Real>(y: &mut [T], x: &[S], f: impl Fn(&mut T, S) + Sync) {
    debug_assert_eq!(x.len(), y.len());
    y.par_chunks_mut(TASK).zip(x.par_chunks(TASK)).for_each(|(y, x)| {
        for (y, x) in y.iter_mut().zip(x) {
            f(y, *x);
        }
    });
}

/// `y += a x`.
pub fn axpy<S: Real, T: Real>(a: f64, x: &[S], y: &mut [T]) {
    each(y, x, |y, x| *y += T::of(a * x.double()));
}

/// `y = a x + b y`.
pub fn axpby<S: Real, T: Real>(a: f64, x: &[S], b: f64, y: &mut [T]) {
    each(y, x, |y, x| *y = T::of(a * x.double() + b * y.double()));
}

/// `y = a x`, also from one precision to the other.
pub fn assign<S: Real, T: Real>(a: f64, x: &[S], y: &mut [T]) {
    each(y, x, |y, x| *y = T::of(a * x.double()));
}

/// A sequence of numbers from −1 to 1 that is the same in every run.
pub fn random<T: Real>(seed: u64, x: &mut [T]) {
    let mut random = Random::new(seed);
    x.iter_mut().for_each(|x| *x = T::of(random.signed()));
}

/// Index and size of the largest entry of a reduced vector by node: where a solve goes wrong.
pub fn largest<const N: usize>(reduced: &[f64]) -> (usize, f64) {
    reduced
        .as_chunks::<N>()
        .0
        .iter()
        .map(|x| dot_serial(x, x).sqrt())
        .enumerate()
        .fold((0, 0.0), |best, (i, size)| if size > best.1 { (i, size) } else { best })
}
