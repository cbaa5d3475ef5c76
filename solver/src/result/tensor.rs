//! Symmetric tensors of stress: xx, yy, zz, xy, yz, zx, Pa.

use glam::{DMat3, DVec3};

/// Components in the order of this module.
pub type Tensor = [f64; 6];

/// Turns of the Jacobi method: three off-diagonals vanish quadratically, so that five sweeps reach rounding.
const SWEEPS_MAX: usize = 12;

fn matrix([x, y, z, xy, yz, zx]: Tensor) -> [[f64; 3]; 3] {
    [[x, xy, zx], [xy, y, yz], [zx, yz, z]]
}

pub fn von_mises(s: Tensor) -> f64 {
    let [x, y, z, xy, yz, zx] = s;
    (0.5 * ((x - y).powi(2) + (y - z).powi(2) + (z - x).powi(2)) + 3.0 * (xy * xy + yz * yz + zx * zx)).sqrt()
}

/// Eigenvalues, the largest first, by the trigonometric solution of the cubic (Smith, Commun. ACM 4, 1961).
pub fn principal(s: Tensor) -> [f64; 3] {
    let [x, y, z, xy, yz, zx] = s;
    let mean = (x + y + z) / 3.0;
    let (a, b, c) = (x - mean, y - mean, z - mean);
    let p2 = (a * a + b * b + c * c + 2.0 * (xy * xy + yz * yz + zx * zx)) / 6.0;
    if !(p2 > 0.0) {
        return [mean; 3];
    }
    let p = p2.sqrt();
    let det = a * (b * c - yz * yz) - xy * (xy * c - yz * zx) + zx * (xy * yz - b * zx);
    let angle = (det / (2.0 * p * p2)).clamp(-1.0, 1.0).acos() / 3.0;
    let first = mean + 2.0 * p * angle.cos();
    let third = mean + 2.0 * p * (angle + 2.0 * std::f64::consts::FRAC_PI_3).cos();
    [first, 3.0 * mean - first - third, third]
}

/// Largest difference of principal stresses, the stress intensity: twice the largest shear stress.
pub fn tresca(s: Tensor) -> f64 {
    let [first, _, third] = principal(s);
    first - third
}

/// Eigenvalues, the largest first, with their directions: unit vectors at right angles. Cyclic Jacobi rotations (Golub & Van
/// Loan, Matrix Computations, 8.5).
pub fn axes(s: Tensor) -> [(f64, DVec3); 3] {
    let mut m = matrix(s);
    let mut v = DMat3::IDENTITY.to_cols_array_2d();
    let size: f64 = m.iter().flatten().map(|x| x * x).sum();
    for _ in 0..SWEEPS_MAX {
        let off = m[0][1].powi(2) + m[0][2].powi(2) + m[1][2].powi(2);
        if !(off > 1e-30 * size) {
            break;
        }
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            if m[p][q] == 0.0 {
                continue;
            }
            let theta = (m[q][q] - m[p][p]) / (2.0 * m[p][q]);
            let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
            let c = 1.0 / (t * t + 1.0).sqrt();
            let s = t * c;
            for k in 0..3 {
                let (a, b) = (m[k][p], m[k][q]);
                (m[k][p], m[k][q]) = (c * a - s * b, s * a + c * b);
            }
            for k in 0..3 {
                let (a, b) = (m[p][k], m[q][k]);
                (m[p][k], m[q][k]) = (c * a - s * b, s * a + c * b);
            }
            for k in 0..3 {
                let (a, b) = (v[p][k], v[q][k]);
                (v[p][k], v[q][k]) = (c * a - s * b, s * a + c * b);
            }
        }
    }
    let mut out = [0, 1, 2].map(|k| (m[k][k], DVec3::from(v[k])));
    out.sort_by(|a, b| b.0.total_cmp(&a.0));
    out
}

/// The tensor's components along `axes`, unit vectors at right angles.
pub fn turned(s: Tensor, axes: [DVec3; 3]) -> Tensor {
    let m = matrix(s);
    let times = |d: DVec3| DVec3::from(m.map(|row| DVec3::from(row).dot(d)));
    let along = axes.map(times);
    [
        axes[0].dot(along[0]),
        axes[1].dot(along[1]),
        axes[2].dot(along[2]),
        axes[0].dot(along[1]),
        axes[1].dot(along[2]),
        axes[2].dot(along[0]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invariants_of_known_states() {
        assert!((principal([3.0, -1.0, 2.0, 0.0, 0.0, 0.0])[0] - 3.0).abs() < 1e-12);
        // Pure shear: ± τ, von Mises √3 τ, Tresca 2 τ.
        let shear = [0.0, 0.0, 0.0, 0.0, 5.0, 0.0];
        for (found, truth) in principal(shear).into_iter().zip([5.0, 0.0, -5.0]) {
            assert!((found - truth).abs() < 1e-12);
        }
        assert!((von_mises(shear) - 75f64.sqrt()).abs() < 1e-12);
        assert!((tresca(shear) - 10.0).abs() < 1e-12);
        assert!(principal([-4.0, -4.0, -4.0, 0.0, 0.0, 0.0]).iter().all(|p| (p + 4.0).abs() < 1e-12));
    }

    #[test]
    fn directions_give_the_tensor_back() {
        let s = [120.0, -40.0, 15.0, 33.0, -21.0, 8.0];
        let found = axes(s);
        for ((value, _), p) in found.iter().zip(principal(s)) {
            assert!((value - p).abs() < 1e-9, "{value} {p}");
        }
        // Σ σ n nᵀ is the tensor.
        let sum = |i: usize, j: usize| found.iter().map(|(value, n)| value * n[i] * n[j]).sum::<f64>();
        let back = [sum(0, 0), sum(1, 1), sum(2, 2), sum(0, 1), sum(1, 2), sum(2, 0)];
        for (a, b) in back.iter().zip(s) {
            assert!((a - b).abs() < 1e-9, "{back:?}");
        }
        // In its own axes nothing shears; and an equal pull in all directions has axes too.
        let own = turned(s, found.map(|f| f.1));
        assert!(own[3..].iter().all(|t| t.abs() < 1e-9) && (own[0] - found[0].0).abs() < 1e-9);
        assert!(axes([7.0, 7.0, 7.0, 0.0, 0.0, 0.0]).iter().all(|(v, n)| *v == 7.0 && n.length() == 1.0));
    }
}
