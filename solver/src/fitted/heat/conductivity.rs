//! How well a material conducts: alike in all directions, or by three conductivities along its own.
//!
//! Fourier's law with a symmetric tensor, `q = −K ∇T`, `K = R diag(k₁, k₂, k₃) Rᵀ` with the material's directions as columns
//! of R. Source: Carslaw & Jaeger, Conduction of Heat in Solids, 2nd ed. (1959), § 1.17 to 1.20.

use crate::quantity::Curve;
use glam::{DMat3, DVec3};

/// W/(m K), over the temperature, K.
#[derive(Clone, Debug, PartialEq)]
pub enum Conductivity {
    Even(Curve),
    Along {
        /// k₁, k₂, k₃.
        k: Box<[Curve; 3]>,
        /// Columns: unit directions 1, 2 and 3 in the axes of the model, square to each other.
        frame: DMat3,
    },
}

impl From<f64> for Conductivity {
    fn from(k: f64) -> Self {
        Self::Even(k.into())
    }
}

impl From<Curve> for Conductivity {
    fn from(k: Curve) -> Self {
        Self::Even(k)
    }
}

impl Conductivity {
    fn curves(&self) -> &[Curve] {
        match self {
            Self::Even(k) => std::slice::from_ref(k),
            Self::Along { k, .. } => &k[..],
        }
    }

    /// Whether it is the same at all temperatures.
    pub fn is_constant(&self) -> bool {
        self.curves().iter().all(Curve::is_constant)
    }

    /// The least value over all temperatures and directions.
    pub fn least(&self) -> f64 {
        self.curves().iter().map(|k| k.range()[0]).fold(f64::INFINITY, f64::min)
    }

    /// k₁, k₂ and k₃ at a temperature, K.
    pub fn at(&self, temperature: f64) -> [f64; 3] {
        match self {
            Self::Even(k) => [k.at(temperature); 3],
            Self::Along { k, .. } => k.each_ref().map(|k| k.at(temperature)),
        }
    }

    /// K at a temperature, K, in the axes of the model: symmetric to the last bit.
    pub fn tensor(&self, temperature: f64) -> DMat3 {
        let local = DMat3::from_diagonal(self.at(temperature).into());
        match self {
            Self::Even(_) => local,
            Self::Along { frame, .. } => {
                let k = *frame * local * frame.transpose();
                0.5 * (k + k.transpose())
            }
        }
    }

    /// `weight · K ∇T` at a temperature, K, for a gradient in K/m.
    pub fn flow(&self, temperature: f64, gradient: DVec3, weight: f64) -> DVec3 {
        match self {
            Self::Even(k) => gradient * (k.at(temperature) * weight),
            Self::Along { .. } => self.tensor(temperature) * gradient * weight,
        }
    }

    /// `q · K⁻¹ q`, W K/m³, of a heat flux, W/m², at a temperature, K: its norm in estimates of error.
    pub fn dissipation(&self, temperature: f64) -> impl Fn(&[f64; 3]) -> f64 + use<> {
        let k = self.at(temperature);
        let to_local = match self {
            Self::Even(_) => None,
            Self::Along { frame, .. } => Some(frame.transpose()),
        };
        move |q: &[f64; 3]| match to_local {
            None => q.iter().map(|q| q * q).sum::<f64>() / k[0],
            Some(to_local) => {
                let q = to_local * DVec3::from(*q);
                (0..3).map(|i| q[i] * q[i] / k[i]).sum()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(from: f64, to: f64) -> Curve {
        Curve::through(vec![[300.0, from], [500.0, to]]).unwrap()
    }

    #[test]
    fn a_turned_tensor_is_that_of_its_directions() {
        let (s, c) = 30.0f64.to_radians().sin_cos();
        let frame = DMat3::from_cols(DVec3::new(c, s, 0.0), DVec3::new(-s, c, 0.0), DVec3::Z);
        let wood = Conductivity::Along { k: Box::new([8.0.into(), 2.0.into(), line(1.0, 3.0)]), frame };
        assert!(!wood.is_constant() && wood.least() == 1.0 && wood.at(400.0) == [8.0, 2.0, 2.0]);
        let k = wood.tensor(400.0);
        assert_eq!(k, k.transpose());
        for (found, truth) in [
            (k.x_axis.x, 8.0 * c * c + 2.0 * s * s),
            (k.y_axis.y, 8.0 * s * s + 2.0 * c * c),
            (k.x_axis.y, (8.0 - 2.0) * s * c),
            (k.z_axis.z, 2.0),
        ] {
            assert!((found - truth).abs() < 1e-14, "{found} {truth}");
        }
        let gradient = DVec3::new(3.0, -1.0, 2.0);
        let q = wood.flow(400.0, gradient, -1.0);
        assert!((q + k * gradient).length() < 1e-13);
        // q · K⁻¹ q = ∇T · K ∇T.
        let twice = wood.dissipation(400.0)(&q.to_array());
        assert!((twice - gradient.dot(k * gradient)).abs() < 1e-12);
    }

    #[test]
    fn three_equal_ones_are_one() {
        let frame = DMat3::from_axis_angle(DVec3::new(1.0, 2.0, 3.0).normalize(), 0.7);
        let three = Conductivity::Along { k: Box::new([5.0.into(), 5.0.into(), 5.0.into()]), frame };
        let one = Conductivity::from(5.0);
        let (q, gradient) = ([1.0, -2.0, 0.5], DVec3::new(0.3, 4.0, -1.0));
        assert!((three.flow(300.0, gradient, 2.0) - one.flow(300.0, gradient, 2.0)).length() < 1e-13);
        assert!((three.dissipation(300.0)(&q) - one.dissipation(300.0)(&q)).abs() < 1e-14);
        assert!(one.is_constant() && one.least() == 5.0);
    }
}
