//! Materials with three stiffnesses along three directions square to each other.
//!
//! Compliance in the material's axes, shears as engineering shears: ε₁ = σ₁/E₁ − ν₁₂ σ₂/E₁ − ν₁₃ σ₃/E₁ and so on, with
//! νᵢⱼ the narrowing along j of a pull along i, so νⱼᵢ = νᵢⱼ Eⱼ/Eᵢ. Source: Jones, Mechanics of Composite Materials, 2nd ed.
//! (1999), § 2.2 to 2.4.

use super::{Elasticity, Strain};
use glam::DMat3;

/// Components of a stress in the order of [`Strain`].
const PAIRS: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (2, 0)];
/// How much of the volume's stiffness must be left: nearer to zero no solver can tell it from none.
const LEFT_MIN: f64 = 1e-6;

/// An orthotropic material in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Orthotropic {
    pub name: String,
    /// Where the values come from.
    pub source: String,
    /// E₁ E₂ E₃, Pa.
    pub young: [f64; 3],
    /// ν₁₂ ν₁₃ ν₂₃.
    pub poisson: [f64; 3],
    /// G₁₂ G₁₃ G₂₃, Pa.
    pub shear: [f64; 3],
    /// kg/m³
    pub density: f64,
    /// Along each direction, 1/K.
    pub expansion: [f64; 3],
    /// Columns: unit directions 1, 2 and 3 in the axes of the model.
    pub frame: DMat3,
}

impl Orthotropic {
    /// Which inequality of a positive energy fails, with the property to mend: Jones, § 2.4.
    pub fn fault(&self) -> Option<(&'static str, String)> {
        let [e1, e2, e3] = self.young;
        let [nu12, nu13, nu23] = self.poisson;
        for (nu, key, i, j, a, b) in
            [(nu12, "nu12", 1, 2, e1, e2), (nu13, "nu13", 1, 3, e1, e3), (nu23, "nu23", 2, 3, e2, e3)]
        {
            let limit = (a / b).sqrt();
            if nu.abs() >= limit {
                return Some((
                    key,
                    format!(
                        "ν{i}{j} is {nu}: its size must be below √(E{i}/E{j}) = {limit:.4}, or pulling would give energy"
                    ),
                ));
            }
        }
        let (nu21, nu31, nu32) = (nu12 * e2 / e1, nu13 * e3 / e1, nu23 * e3 / e2);
        let left = 1.0 - nu12 * nu21 - nu23 * nu32 - nu31 * nu13 - 2.0 * nu21 * nu32 * nu13;
        (left <= LEFT_MIN).then(|| {
            let message = format!(
                "1 − ν12 ν21 − ν23 ν32 − ν31 ν13 − 2 ν21 ν32 ν13 is {left:.4}: it must be above zero, or pressing evenly would \
                 give energy; make ν12, ν13 or ν23 smaller"
            );
            ("nu12", message)
        })
    }

    /// Stress from strain in the axes of the model.
    pub fn elasticity(&self) -> Elasticity {
        let [e1, e2, _] = self.young;
        let [nu12, nu13, nu23] = self.poisson;
        let mut s = [[0.0; 6]; 6];
        for (i, e) in self.young.iter().enumerate() {
            s[i][i] = 1.0 / e;
        }
        for (i, j, v) in [(0, 1, nu12 / e1), (0, 2, nu13 / e1), (1, 2, nu23 / e2)] {
            s[i][j] = -v;
            s[j][i] = -v;
        }
        // Shears xy, yz, zx are 12, 23 and 31.
        for (i, g) in [(3, self.shear[0]), (4, self.shear[2]), (5, self.shear[1])] {
            s[i][i] = 1.0 / g;
        }
        let local = Elasticity::General(Box::new(s)).compliance();
        // σ = T σ', and ε' = Tᵀ ε, so C = T C' Tᵀ.
        let r = |i: usize, a: usize| self.frame.col(a)[i];
        let t: [[f64; 6]; 6] = PAIRS.map(|(i, j)| {
            PAIRS.map(|(a, b)| if a == b { r(i, a) * r(j, a) } else { r(i, a) * r(j, b) + r(i, b) * r(j, a) })
        });
        let half: [[f64; 6]; 6] =
            std::array::from_fn(|i| std::array::from_fn(|b| (0..6).map(|a| t[i][a] * local[a][b]).sum()));
        let mut c: [[f64; 6]; 6] =
            std::array::from_fn(|i| std::array::from_fn(|j| (0..6).map(|b| half[i][b] * t[j][b]).sum()));
        // Symmetric to the last bit.
        for i in 0..6 {
            for j in 0..i {
                c[i][j] = c[j][i];
            }
        }
        Elasticity::General(Box::new(c))
    }

    /// Strain per kelvin in the axes of the model, 1/K.
    pub fn expansion(&self) -> Strain {
        let a = self.frame * DMat3::from_diagonal(self.expansion.into()) * self.frame.transpose();
        PAIRS.map(|(i, j)| if i == j { a.col(i)[i] } else { 2.0 * a.col(j)[i] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::DVec3;

    fn carbon(frame: DMat3) -> Orthotropic {
        Orthotropic {
            name: "UD".into(),
            source: String::new(),
            young: [140e9, 10e9, 9e9],
            poisson: [0.3, 0.28, 0.45],
            shear: [5e9, 4.5e9, 3.3e9],
            density: 1600.0,
            expansion: [-0.5e-6, 28e-6, 30e-6],
            frame,
        }
    }

    #[test]
    fn a_pull_off_the_axis_stretches_as_laminate_theory_says() {
        for degrees in [0.0f64, 20.0, 45.0, 90.0] {
            let (s, c) = degrees.to_radians().sin_cos();
            let frame = DMat3::from_cols(DVec3::new(c, s, 0.0), DVec3::new(-s, c, 0.0), DVec3::Z);
            let m = carbon(frame);
            let found = m.elasticity().compliance();
            let [e1, e2, e3] = m.young;
            // Jones, equation 2.97.
            let along = c.powi(4) / e1 + (1.0 / 5e9 - 2.0 * 0.3 / e1) * s * s * c * c + s.powi(4) / e2;
            assert!((found[0][0] / along - 1.0).abs() < 1e-9, "{degrees}: {} {along}", found[0][0]);
            assert!((found[2][2] * e3 - 1.0).abs() < 1e-9);
            // Free expansion turns as a tensor does.
            let a = m.expansion();
            assert!((a[0] - (-0.5e-6 * c * c + 28e-6 * s * s)).abs() < 1e-18 && (a[2] - 30e-6).abs() < 1e-18);
            assert!((a[3] - 2.0 * s * c * (-0.5e-6 - 28e-6)).abs() < 1e-18, "{degrees}");
        }
    }

    #[test]
    fn what_gives_energy_is_named() {
        let sound = carbon(DMat3::IDENTITY);
        assert_eq!(sound.fault(), None);
        let wide = Orthotropic { poisson: [0.3, 0.28, 1.1], ..sound.clone() };
        assert!(wide.fault().is_some_and(|f| f.0 == "nu23" && f.1.contains("√(E2/E3) = 1.0541")), "{:?}", wide.fault());
        // Each below its own limit, all together beyond: an isotropic one with ν = 0.6.
        let loose = Orthotropic { young: [1e9; 3], poisson: [0.6; 3], ..sound };
        assert!(loose.fault().is_some_and(|f| f.1.contains("must be above zero")), "{:?}", loose.fault());
    }
}
