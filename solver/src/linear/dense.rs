//! Small dense symmetric matrices, row by row: coarsest levels and the projected problems of the eigenvalue solver.

use super::banded::Singular;
use super::vector::dot_serial;

/// Lower Cholesky factor.
#[derive(Clone, Debug)]
pub struct Cholesky {
    n: usize,
    factor: Vec<f64>,
}

impl Cholesky {
    /// Factorises the `n × n` matrix `a`, of which only the lower triangle is read.
    ///
    /// # Errors
    /// [`Singular`] at a pivot below 1e-12 of its diagonal entry.
    pub fn new(n: usize, mut a: Vec<f64>) -> Result<Self, Singular> {
        for i in 0..n {
            let (done, rest) = a.split_at_mut(i * n);
            let row = &mut rest[..n];
            let diagonal = row[i];
            for j in 0..i {
                let other = &done[j * n..j * n + n];
                row[j] = (row[j] - dot_serial(&row[..j], &other[..j])) / other[j];
            }
            let pivot = row[i] - dot_serial(&row[..i], &row[..i]);
            if !(pivot > 1e-12 * diagonal) {
                return Err(Singular);
            }
            row[i] = pivot.sqrt();
            row[i + 1..].fill(0.0);
        }
        Ok(Self { n, factor: a })
    }

    /// `x = A⁻¹ x`.
    pub fn solve(&self, x: &mut [f64]) {
        self.forward(x);
        self.backward(x);
    }

    /// `x = L⁻¹ x`.
    pub fn forward(&self, x: &mut [f64]) {
        for i in 0..self.n {
            let row = &self.factor[i * self.n..];
            x[i] = (x[i] - dot_serial(&row[..i], &x[..i])) / row[i];
        }
    }

    /// `x = L⁻ᵀ x`.
    pub fn backward(&self, x: &mut [f64]) {
        for i in (0..self.n).rev() {
            let row = &self.factor[i * self.n..][..=i];
            x[i] /= row[i];
            let value = x[i];
            for (x, l) in x[..i].iter_mut().zip(row) {
                *x -= value * l;
            }
        }
    }

    pub fn bytes(&self) -> usize {
        self.factor.len() * 8
    }
}

/// Eigenvalues, rising, and eigenvectors, one after another, of a symmetric `n × n` matrix.
///
/// Cyclic Jacobi rotations (Golub & Van Loan, Matrix Computations, §8.5): accurate, and quick enough below a hundred rows.
pub fn eigen(n: usize, a: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut a = a.to_vec();
    let mut v = vec![0.0; n * n];
    for i in 0..n {
        v[i * n + i] = 1.0;
    }
    let size: f64 = a.iter().map(|x| x * x).sum::<f64>();
    for _ in 0..60 {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i * n + j].powi(2)).sum();
        if off <= 1e-32 * size {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                let apq = a[p * n + q];
                if apq.abs() <= f64::MIN_POSITIVE {
                    continue;
                }
                let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for k in 0..n {
                    let (x, y) = (a[k * n + p], a[k * n + q]);
                    a[k * n + p] = c * x - s * y;
                    a[k * n + q] = s * x + c * y;
                }
                let (top, bottom) = a.split_at_mut(q * n);
                rotate(&mut top[p * n..p * n + n], &mut bottom[..n], c, s);
                let (top, bottom) = v.split_at_mut(q * n);
                rotate(&mut top[p * n..p * n + n], &mut bottom[..n], c, s);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|i, j| a[i * n + i].total_cmp(&a[j * n + j]));
    let values = order.iter().map(|i| a[i * n + i]).collect();
    let vectors = order.iter().flat_map(|i| v[i * n..i * n + n].to_vec()).collect();
    (values, vectors)
}

fn rotate(p: &mut [f64], q: &mut [f64], c: f64, s: f64) {
    for (x, y) in p.iter_mut().zip(q) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(n: usize, shift: f64) -> Vec<f64> {
        let mut x = vec![0.0; n * n];
        crate::linear::vector::random(5, &mut x);
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..n {
                a[i * n + j] = dot_serial(&x[i * n..][..n], &x[j * n..][..n]) + if i == j { shift } else { 0.0 };
            }
        }
        a
    }

    #[test]
    fn cholesky_solves_and_refuses() {
        let n = 40;
        let a = matrix(n, 0.1);
        let x: Vec<f64> = (0..n).map(|i| (i as f64).sin()).collect();
        let mut b: Vec<f64> = (0..n).map(|i| dot_serial(&a[i * n..][..n], &x)).collect();
        Cholesky::new(n, a.clone()).unwrap().solve(&mut b);
        assert!(b.iter().zip(&x).all(|(p, q)| (p - q).abs() < 1e-9));
        let mut flat = a;
        for i in 0..n {
            // The last row repeats the first.
            flat[(n - 1) * n + i] = flat[i];
        }
        flat[n * n - 1] = flat[0];
        assert!(Cholesky::new(n, flat).is_err());
    }

    #[test]
    fn eigenpairs_are_exact() {
        let n = 30;
        let a = matrix(n, 0.0);
        let (values, vectors) = eigen(n, &a);
        for (k, v) in vectors.chunks(n).enumerate() {
            for i in 0..n {
                assert!((dot_serial(&a[i * n..][..n], v) - values[k] * v[i]).abs() < 1e-11);
            }
            assert!(k == 0 || values[k] >= values[k - 1]);
            assert!((dot_serial(v, v) - 1.0).abs() < 1e-13);
        }
    }
}
