//! Optimality criteria (Bendsøe 1995; Sigmund 2001): the update for stiffness under one volume limit.

use super::Domain;

/// How far and how exactly to step.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Criteria {
    /// Largest change of a density.
    pub move_limit: f64,
    /// Width of the bracket of the multiplier, relative to its ends' sum, at which the bisection ends.
    pub tolerance: f64,
    /// Upper end of the first bracket, in units of the objective per cell; found from the derivatives where `None`.
    pub multiplier_max: Option<f64>,
}

impl Default for Criteria {
    fn default() -> Self {
        Self { move_limit: 0.2, tolerance: 1e-6, multiplier_max: None }
    }
}

/// The next design: xᵢ √(−∂c/∂xᵢ / (λ ∂V/∂xᵢ)) within the move limit and 0..=1, where λ is bisected until the volume is met.
///
/// `dc`, `dv`: derivatives of objective and volume by the design; where `dc` is positive, material does harm and is taken
/// away as fast as the move limit allows. `too_large(x)` says whether a design exceeds the volume limit.
pub fn update(
    domain: &Domain,
    criteria: &Criteria,
    x: &[f64],
    dc: &[f64],
    dv: &[f64],
    too_large: impl Fn(&[f64]) -> bool,
) -> Vec<f64> {
    let ratio: Vec<f64> = dc
        .iter()
        .zip(dv)
        .enumerate()
        .map(|(i, (c, v))| if domain.is_free(i) && *v > 0.0 { (-c).max(0.0) / v } else { 0.0 })
        .collect();
    let step = |multiplier: f64| -> Vec<f64> {
        let mut out = x.to_vec();
        for i in (0..x.len()).filter(|i| domain.is_free(*i)) {
            let (low, high) = (x[i] - criteria.move_limit, x[i] + criteria.move_limit);
            out[i] = (x[i] * (ratio[i] / multiplier).sqrt()).min(high).min(1.0).max(low).max(0.0);
        }
        out
    };
    let largest = ratio.iter().fold(0.0f64, |m, r| m.max(*r));
    if largest == 0.0 {
        return step(1.0);
    }
    let (mut low, mut high) = (0.0, criteria.multiplier_max.unwrap_or(1e4 * largest));
    loop {
        let middle = 0.5 * (low + high);
        let next = step(middle);
        if too_large(&next) {
            low = middle;
        } else {
            high = middle;
        }
        if !((high - low) / (low + high) > criteria.tolerance) || high < 1e-12 * largest {
            return next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn springs_in_series_share_material_as_known() {
        // Σ aᵢ/xᵢ is least under Σ xᵢ = V at xᵢ ∝ √aᵢ.
        let a: Vec<f64> = (0..20).map(|i| 1.0 + 0.2 * i as f64).collect();
        let domain = Domain::full([20, 1, 1]).unwrap();
        let limit = 8.0;
        let total: f64 = a.iter().map(|a| a.sqrt()).sum();
        let mut x = vec![0.4; 20];
        for _ in 0..60 {
            let dc: Vec<f64> = a.iter().zip(&x).map(|(a, x)| -a / (x * x)).collect();
            x = update(&domain, &Criteria::default(), &x, &dc, &[1.0; 20], |x| x.iter().sum::<f64>() > limit);
        }
        for (a, x) in a.iter().zip(&x) {
            assert!((x - limit * a.sqrt() / total).abs() < 1e-4, "{x}");
        }
    }

    #[test]
    fn a_limit_that_never_binds_fills_the_box() {
        let domain = Domain::full([4, 1, 1]).unwrap();
        let x = update(&domain, &Criteria::default(), &[0.9; 4], &[-1.0, -2.0, -3.0, 0.5], &[1.0; 4], |_| false);
        assert_eq!(x[..3], [1.0; 3]);
        assert!((x[3] - 0.7).abs() < 1e-15);
    }
}
