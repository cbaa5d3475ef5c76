//! Projection towards 0 and 1 (Guest 2004, Wang, Lazarov & Sigmund 2011).

use super::Map;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A smooth step at `eta`, the steeper the larger `beta`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    pub beta: f64,
    pub eta: f64,
}

impl Projection {
    pub fn value(&self, x: f64) -> f64 {
        let Self { beta, eta } = *self;
        let low = (beta * eta).tanh();
        (low + (beta * (x - eta)).tanh()) / (low + (beta * (1.0 - eta)).tanh())
    }

    pub fn slope(&self, x: f64) -> f64 {
        let Self { beta, eta } = *self;
        let t = (beta * (x - eta)).tanh();
        beta * (1.0 - t * t) / ((beta * eta).tanh() + (beta * (1.0 - eta)).tanh())
    }
}

impl Map for Projection {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        x.par_iter().map(|x| self.value(*x)).collect()
    }

    fn pull_back(&self, x: &[f64], _: &[f64], mut dy: Vec<f64>) -> Vec<f64> {
        dy.par_iter_mut().zip(x).for_each(|(d, x)| *d *= self.slope(*x));
        dy
    }
}

#[cfg(test)]
mod tests {
    use super::super::map::tests::{agrees_with_differences, scattered};
    use super::*;

    #[test]
    fn keeps_its_ends_and_its_derivative_is_exact() {
        for (beta, eta) in [(1.0, 0.5), (8.0, 0.25), (64.0, 0.75)] {
            let p = Projection { beta, eta };
            assert!(p.value(0.0).abs() < 1e-15 && (p.value(1.0) - 1.0).abs() < 1e-15);
            agrees_with_differences(&p, &scattered(50, 9), 1e-6);
        }
        assert!(Projection { beta: 64.0, eta: 0.5 }.value(0.55) > 0.99);
    }
}
