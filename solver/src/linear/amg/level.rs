//! One level in single precision: its matrix, and Chebyshev smoothing on block Jacobi.

use crate::linear::dense;
use crate::linear::sparse::{ROWS, Sparse};
use crate::linear::vector;
use rayon::prelude::*;

/// The smoother damps `[λmax / RANGE, λmax]`.
const RANGE: f64 = 20.0;
/// Safety on the Lanczos estimate of λmax, after a fixed number of steps.
const LAMBDA_SAFETY: f64 = 1.1;
const LANCZOS_STEPS: usize = 10;

/// What a cycle needs of a matrix, whatever its blocks.
pub(super) trait Map: Send + Sync + std::fmt::Debug {
    fn apply(&self, a: f32, x: &[Vec<f32>], b: f32, y: &mut [Vec<f32>]);
    fn bytes(&self) -> usize;
}

impl<const R: usize, const C: usize> Map for Sparse<f32, R, C> {
    fn apply(&self, a: f32, x: &[Vec<f32>], b: f32, y: &mut [Vec<f32>]) {
        let x: Vec<&[f32]> = x.iter().map(Vec::as_slice).collect();
        let mut y: Vec<&mut [f32]> = y.iter_mut().map(Vec::as_mut_slice).collect();
        self.apply_many(a, &x, b, &mut y);
    }

    fn bytes(&self) -> usize {
        Sparse::bytes(self)
    }
}

/// A matrix with the inverses of its diagonal blocks.
pub(super) trait Smooth: Map {
    /// `d = c1 d + c2 D⁻¹ r; x += d`.
    fn jacobi(&self, c1: f32, c2: f32, r: &[Vec<f32>], d: &mut [Vec<f32>], x: &mut [Vec<f32>]);
    fn lambda_max(&self) -> f64;
    /// Length of its vectors.
    fn n(&self) -> usize;
}

#[derive(Debug)]
pub(super) struct Level<const N: usize> {
    matrix: Sparse<f32, N, N>,
    inverse: Vec<[[f32; N]; N]>,
    lambda_max: f64,
}

impl<const N: usize> Level<N> {
    pub fn new(matrix: Sparse<f32, N, N>, inverse: &[[[f64; N]; N]]) -> Self {
        let inverse = inverse.iter().map(|b| b.map(|r| r.map(|x| x as f32))).collect();
        let mut level = Self { matrix, inverse, lambda_max: 0.0 };
        level.lambda_max = LAMBDA_SAFETY * level.lanczos();
        level
    }

    /// Largest eigenvalue of D⁻¹A, from below, by the Lanczos coefficients of conjugate gradients.
    fn lanczos(&self) -> f64 {
        let n = self.n();
        let mut r = [vec![0.0f32; n]];
        vector::random(1, &mut r[0]);
        let zero = || [vec![0.0f32; n]];
        let (mut z, mut unused, mut p, mut q) = (zero(), zero(), zero(), zero());
        let (mut diagonal, mut off) = (Vec::new(), Vec::new());
        let (mut rho, mut alpha_last) = (0.0, 1.0);
        for step in 0..LANCZOS_STEPS {
            self.jacobi(0.0, 1.0, &r, &mut z, &mut unused);
            let rho_new = vector::dot(&r[0], &z[0]);
            let beta = if step == 0 { 0.0 } else { rho_new / rho };
            vector::axpby(1.0, &z[0], beta, &mut p[0]);
            Map::apply(self, 1.0, &p, 0.0, &mut q);
            let energy = vector::dot(&p[0], &q[0]);
            if !(energy > 0.0) || !(rho_new > 0.0) {
                break;
            }
            let alpha = rho_new / energy;
            diagonal.push(1.0 / alpha + if step == 0 { 0.0 } else { beta / alpha_last });
            off.push(if step > 0 { beta.sqrt() / alpha_last } else { 0.0 });
            vector::axpy(-alpha, &q[0], &mut r[0]);
            (rho, alpha_last) = (rho_new, alpha);
        }
        let n = diagonal.len();
        let mut t = vec![0.0; n * n];
        for i in 0..n {
            t[i * n + i] = diagonal[i];
            if i > 0 {
                t[i * n + i - 1] = off[i];
                t[(i - 1) * n + i] = off[i];
            }
        }
        dense::eigen(n, &t).0.last().copied().unwrap_or(1.0)
    }
}

impl<const N: usize> Map for Level<N> {
    fn apply(&self, a: f32, x: &[Vec<f32>], b: f32, y: &mut [Vec<f32>]) {
        Map::apply(&self.matrix, a, x, b, y);
    }

    fn bytes(&self) -> usize {
        self.matrix.bytes() + self.inverse.len() * N * N * 4
    }
}

impl<const N: usize> Smooth for Level<N> {
    fn jacobi(&self, c1: f32, c2: f32, r: &[Vec<f32>], d: &mut [Vec<f32>], x: &mut [Vec<f32>]) {
        for ((r, d), x) in r.iter().zip(d).zip(x) {
            let tasks = d.par_chunks_mut(N * ROWS).zip(x.par_chunks_mut(N * ROWS)).zip(r.par_chunks(N * ROWS));
            tasks.zip(self.inverse.par_chunks(ROWS)).with_min_len(8).for_each(|(((d, x), r), inverse)| {
                let (d, x) = (d.as_chunks_mut::<N>().0, x.as_chunks_mut::<N>().0);
                for (((d, x), r), m) in d.iter_mut().zip(x).zip(r.as_chunks::<N>().0).zip(inverse) {
                    for i in 0..N {
                        let mut s = 0.0;
                        for j in 0..N {
                            s += m[i][j] * r[j];
                        }
                        // Where c1 is zero the old direction may be anything.
                        d[i] = if c1 == 0.0 { c2 * s } else { c1 * d[i] + c2 * s };
                        x[i] += d[i];
                    }
                }
            });
        }
    }

    fn lambda_max(&self) -> f64 {
        self.lambda_max
    }

    fn n(&self) -> usize {
        N * self.inverse.len()
    }
}

/// Chebyshev steps on `x` for the residual `r` (Adams, Brezina, Hu & Tuminaro, J. Comput. Phys. 188, 2003); leaves in `r`
/// the residual before the last step `d`.
pub(super) fn smooth(level: &dyn Smooth, degree: usize, r: &mut [Vec<f32>], d: &mut [Vec<f32>], x: &mut [Vec<f32>]) {
    let (high, low) = (level.lambda_max(), level.lambda_max() / RANGE);
    let (theta, delta) = (0.5 * (high + low), 0.5 * (high - low));
    let sigma = theta / delta;
    let mut rho = 1.0 / sigma;
    level.jacobi(0.0, (1.0 / theta) as f32, r, d, x);
    for _ in 1..degree {
        level.apply(-1.0, d, 1.0, r);
        let next = 1.0 / (2.0 * sigma - rho);
        level.jacobi((next * rho) as f32, (2.0 * next / delta) as f32, r, d, x);
        rho = next;
    }
}

/// Inverses of diagonal blocks; a direction without stiffness gets none.
pub(super) fn inverses<const N: usize>(blocks: &[[[f64; N]; N]]) -> Vec<[[f64; N]; N]> {
    blocks.iter().map(invert).collect()
}

fn invert<const N: usize>(block: &[[f64; N]; N]) -> [[f64; N]; N] {
    // Gauss–Jordan on a symmetric positive matrix scaled to a unit diagonal.
    let scale: [f64; N] = std::array::from_fn(|i| if block[i][i] > 0.0 { 1.0 / block[i][i].sqrt() } else { 0.0 });
    let mut a: [[f64; N]; N] = std::array::from_fn(|i| std::array::from_fn(|j| block[i][j] * scale[i] * scale[j]));
    let mut b: [[f64; N]; N] = crate::linear::constraint::identity();
    for p in 0..N {
        let pivot = a[p][p];
        // Flat to rounding: the direction is left alone.
        if !(pivot > 1e-9) {
            for k in 0..N {
                a[p][k] = 0.0;
                b[p][k] = 0.0;
                a[k][p] = 0.0;
            }
            continue;
        }
        for k in 0..N {
            a[p][k] /= pivot;
            b[p][k] /= pivot;
        }
        for i in 0..N {
            if i != p {
                let f = a[i][p];
                for k in 0..N {
                    a[i][k] -= f * a[p][k];
                    b[i][k] -= f * b[p][k];
                }
            }
        }
    }
    let out: [[f64; N]; N] = std::array::from_fn(|i| std::array::from_fn(|j| b[i][j] * scale[i] * scale[j]));
    // Symmetric also after rounding.
    std::array::from_fn(|i| std::array::from_fn(|j| 0.5 * (out[i][j] + out[j][i])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_direction_is_left_alone() {
        let a = [[4.0, 1.0, 0.0], [1.0, 3.0, 0.0], [0.0, 0.0, 0.0]];
        let b = invert(&a);
        assert!((b[0][0] - 3.0 / 11.0).abs() < 1e-14 && (b[0][1] + 1.0 / 11.0).abs() < 1e-14 && b[2] == [0.0; 3]);
        // Two directions that are one: what is left is the inverse of the first alone.
        let b = invert(&[[1.0, 1.0], [1.0, 1.0]]);
        assert_eq!(b, [[1.0, 0.0], [0.0, 0.0]]);
    }

    #[test]
    fn the_largest_eigenvalue_of_a_chain() {
        // 1 − cos(π n / (n + 1)) for the second difference over its diagonal; short enough for Lanczos to be exact.
        let n = 10usize;
        let a = Sparse::<f32, 1, 1>::by_rows(
            n,
            n,
            || (),
            |(), i, e| {
                for j in i.saturating_sub(1)..(i + 2).min(n) {
                    e.push((j as u32, [[if i == j { 2.0 } else { -1.0 }]]));
                }
            },
        );
        let level = Level::new(a, &vec![[[0.5]]; n]);
        let exact = 1.0 - (std::f64::consts::PI * 10.0 / 11.0).cos();
        assert!((level.lambda_max() / LAMBDA_SAFETY - exact).abs() < 1e-5);
    }
}
