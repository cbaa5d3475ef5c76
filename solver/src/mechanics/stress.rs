//! Invariants of a stress tensor: xx, yy, zz, xy, yz, zx, Pa.

pub fn von_mises(s: [f64; 6]) -> f64 {
    let [x, y, z, xy, yz, zx] = s;
    (0.5 * ((x - y).powi(2) + (y - z).powi(2) + (z - x).powi(2)) + 3.0 * (xy * xy + yz * yz + zx * zx)).sqrt()
}

/// Largest eigenvalue of a stress tensor, by the trigonometric solution of its cubic (Smith, Commun. ACM 4, 1961).
pub fn principal(s: [f64; 6]) -> f64 {
    let [x, y, z, xy, yz, zx] = s;
    let mean = (x + y + z) / 3.0;
    let (a, b, c) = (x - mean, y - mean, z - mean);
    let p2 = (a * a + b * b + c * c + 2.0 * (xy * xy + yz * yz + zx * zx)) / 6.0;
    if p2 == 0.0 {
        return mean;
    }
    let p = p2.sqrt();
    let det = a * (b * c - yz * yz) - xy * (xy * c - yz * zx) + zx * (xy * yz - b * zx);
    let angle = (det / (2.0 * p * p2)).clamp(-1.0, 1.0).acos() / 3.0;
    mean + 2.0 * p * angle.cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principal_stress_and_von_mises_of_known_states() {
        assert!((principal([3.0, -1.0, 2.0, 0.0, 0.0, 0.0]) - 3.0).abs() < 1e-12);
        // Pure shear: ± τ, von Mises √3 τ.
        let shear = [0.0, 0.0, 0.0, 0.0, 5.0, 0.0];
        assert!((principal(shear) - 5.0).abs() < 1e-12);
        assert!((von_mises(shear) - 75f64.sqrt()).abs() < 1e-12);
        assert!((principal([-4.0, -4.0, -4.0, 0.0, 0.0, 0.0]) + 4.0).abs() < 1e-12);
    }
}
