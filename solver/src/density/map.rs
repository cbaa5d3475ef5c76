//! Differentiable maps from densities to densities, and chains of them.

/// A map from one number per cell to one number per cell.
pub trait Map: Send + Sync {
    fn apply(&self, x: &[f64]) -> Vec<f64>;

    /// The derivative by `x` of a function whose derivative by `y = apply(x)` is `dy`: the transposed Jacobian times `dy`.
    fn pull_back(&self, x: &[f64], y: &[f64], dy: Vec<f64>) -> Vec<f64>;

    /// Whether `apply` is linear, up to what the cells' roles fix: the volume of its image is then linear in `x`.
    fn is_linear(&self) -> bool {
        false
    }
}

/// Maps applied one after another.
#[derive(Default)]
pub struct Chain<'a> {
    maps: Vec<Box<dyn Map + 'a>>,
}

/// What a chain made of a design, every stage of it: needed again to pull derivatives back.
pub struct Stages {
    fields: Vec<Vec<f64>>,
}

impl Stages {
    /// The last stage.
    pub fn last(&self) -> &[f64] {
        self.fields.last().map_or(&[], Vec::as_slice)
    }

    pub fn into_last(mut self) -> Vec<f64> {
        self.fields.pop().unwrap_or_default()
    }
}

impl<'a> Chain<'a> {
    #[must_use]
    pub fn then(mut self, map: impl Map + 'a) -> Self {
        self.maps.push(Box::new(map));
        self
    }

    pub fn is_linear(&self) -> bool {
        self.maps.iter().all(|m| m.is_linear())
    }

    /// All stages from `x` on.
    pub fn stages(&self, x: &[f64]) -> Stages {
        let mut fields = vec![x.to_vec()];
        for map in &self.maps {
            let next = map.apply(&fields[fields.len() - 1]);
            fields.push(next);
        }
        Stages { fields }
    }

    /// The last stage alone.
    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        let mut maps = self.maps.iter();
        let first = maps.next().map_or_else(|| x.to_vec(), |m| m.apply(x));
        maps.fold(first, |x, m| m.apply(&x))
    }

    /// The derivative by the first stage of a function whose derivative by the last is `dy`.
    pub fn pull_back(&self, stages: &Stages, dy: Vec<f64>) -> Vec<f64> {
        self.maps
            .iter()
            .enumerate()
            .rev()
            .fold(dy, |dy, (k, map)| map.pull_back(&stages.fields[k], &stages.fields[k + 1], dy))
    }
}

impl<T: Map + ?Sized> Map for &T {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        (**self).apply(x)
    }

    fn pull_back(&self, x: &[f64], y: &[f64], dy: Vec<f64>) -> Vec<f64> {
        (**self).pull_back(x, y, dy)
    }

    fn is_linear(&self) -> bool {
        (**self).is_linear()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Densities without pattern, in 0.05..0.95.
    pub fn scattered(n: usize, seed: u64) -> Vec<f64> {
        let mut x: Vec<f64> = vec![0.0; n];
        crate::linear::vector::random(seed, &mut x);
        x.iter().map(|x: &f64| 0.5 + 0.45 * x).collect()
    }

    /// Compares `pull_back` with central differences of a weighted sum of the image, along `n` cells.
    pub fn agrees_with_differences(map: &dyn Map, x: &[f64], tolerance: f64) {
        let weights: Vec<f64> = scattered(x.len(), 77).iter().map(|w| w - 0.3).collect();
        let value = |x: &[f64]| -> f64 { map.apply(x).iter().zip(&weights).map(|(y, w)| y * w).sum() };
        let y = map.apply(x);
        let exact = map.pull_back(x, &y, weights.clone());
        let scale = exact.iter().fold(0.0f64, |m, d| m.max(d.abs()));
        assert!(scale > 0.0, "canary: something depends on something");
        let mut moved = x.to_vec();
        let step = 1e-6;
        for cell in (0..x.len()).step_by(1 + x.len() / 60) {
            moved[cell] = x[cell] + step;
            let above = value(&moved);
            moved[cell] = x[cell] - step;
            let below = value(&moved);
            moved[cell] = x[cell];
            let difference = (above - below) / (2.0 * step);
            assert!(
                (difference - exact[cell]).abs() <= tolerance * scale,
                "cell {cell}: difference {difference}, pulled back {}",
                exact[cell]
            );
        }
    }
}
