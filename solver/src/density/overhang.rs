//! Parts that print without supports: Langelaar's (2016, 2017) layer filter for overhangs of 45°.
//!
//! Layer by layer from the base plate, a cell prints as dense as the blueprint says, but no denser than the densest of the
//! cells that carry it: the one below and its four neighbours (in a plane, two). Maximum and minimum are smooth:
//! smax(s) = (Σ sᴾ)^(1/Q) and smin(a, b) = ½ (a + b − √((a − b)² + ε) + √ε), with P = 40 and ε = 1e-4.
//!
//! Langelaar chooses Q so that carriers that all equal ½ carry ½. Here they carry the little less that smin adds, ½ − √ε/2:
//! wherever a cell prints with more than ½, one of its carriers does, so that a threshold at ½ leaves no cell unsupported.

use super::{Direction, Domain, Invalid, Lines, Map, Role};
use rayon::prelude::*;

const P: i32 = 40;
const EPSILON: f64 = 1e-4;

/// The map from blueprints to what prints.
#[derive(Clone, Debug)]
pub struct Overhang {
    lines: Lines,
    /// First layer that has a cell of the design space: it lies on the base plate.
    base: usize,
    /// Cells to keep: they are there whether carried or not.
    kept: Vec<bool>,
    q: f64,
}

impl Overhang {
    /// `build` points from the base plate upwards.
    ///
    /// # Errors
    /// [`Invalid::Range`] for an axis that is none; [`Invalid::Axis`] for one along which the box has a single layer.
    pub fn new(domain: &Domain, build: Direction) -> Result<Self, Invalid> {
        super::pattern::check_axis("the build direction", build.axis)?;
        let lines = Lines::new(domain.counts(), build);
        if lines.len() == 1 {
            return Err(Invalid::Axis { name: "the build direction" });
        }
        let n_carriers = 1 + lines.sides().iter().map(|n| 2 * usize::from(*n > 1)).sum::<usize>();
        let q = ((n_carriers as f64).ln() + f64::from(P) * 0.5f64.ln()) / (0.5 - 0.5 * EPSILON.sqrt()).ln();
        let base = base_layer(&lines, |cell| domain.roles()[cell] != Role::Outside);
        let kept = domain.roles().iter().map(|r| *r == Role::Solid).collect();
        Ok(Self { lines, base, kept, q })
    }

    /// Greatest density with which the cell `line` of layer `k` may print on `printed`, and the sum of powers behind it.
    fn carried(&self, printed: &[f64], line: usize, k: usize) -> (f64, f64) {
        let mut sum = 0.0;
        each_carrier(&self.lines, line, |l| sum += printed[self.lines.cell(l, k - 1)].powi(P));
        (sum.powf(1.0 / self.q), sum)
    }
}

/// The first layer with a cell that `counts`.
pub(crate) fn base_layer(lines: &Lines, counts: impl Fn(usize) -> bool) -> usize {
    (0..lines.len()).find(|k| (0..lines.count()).any(|l| counts(lines.cell(l, *k)))).unwrap_or(0)
}

/// Lines whose cells carry the cell one layer up in `line`.
pub(crate) fn each_carrier(lines: &Lines, line: usize, mut f: impl FnMut(usize)) {
    let [n, m] = lines.sides();
    let (u, v) = (line % n, line / n);
    f(line);
    if u > 0 {
        f(line - 1);
    }
    if u + 1 < n {
        f(line + 1);
    }
    if v > 0 {
        f(line - n);
    }
    if v + 1 < m {
        f(line + n);
    }
}

impl Map for Overhang {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let mut out = x.to_vec();
        for k in self.base + 1..self.lines.len() {
            let layer: Vec<f64> = (0..self.lines.count())
                .into_par_iter()
                .map(|line| {
                    let cell = self.lines.cell(line, k);
                    if self.kept[cell] {
                        return x[cell];
                    }
                    let (a, b) = (x[cell], self.carried(&out, line, k).0);
                    0.5 * (a + b - ((a - b).powi(2) + EPSILON).sqrt() + EPSILON.sqrt())
                })
                .collect();
            layer.into_iter().enumerate().for_each(|(line, y)| out[self.lines.cell(line, k)] = y);
        }
        out
    }

    fn pull_back(&self, x: &[f64], y: &[f64], mut dy: Vec<f64>) -> Vec<f64> {
        let mut dx = vec![0.0; x.len()];
        for k in (0..self.lines.len()).rev() {
            for line in 0..self.lines.count() {
                let cell = self.lines.cell(line, k);
                if k <= self.base || self.kept[cell] {
                    dx[cell] = dy[cell];
                    continue;
                }
                let (b, sum) = self.carried(y, line, k);
                let difference = x[cell] - b;
                let share = 0.5 * (1.0 - difference / (difference * difference + EPSILON).sqrt());
                dx[cell] = share * dy[cell];
                if sum > 0.0 {
                    // ∂b/∂s = P/Q (Σ sᴾ)^(1/Q − 1) s^(P−1)
                    let slope = (1.0 - share) * dy[cell] * f64::from(P) / self.q * b / sum;
                    each_carrier(&self.lines, line, |l| {
                        let carrier = self.lines.cell(l, k - 1);
                        dy[carrier] += slope * y[carrier].powi(P - 1);
                    });
                }
            }
        }
        dx
    }
}

#[cfg(test)]
mod tests {
    use super::super::map::tests::{agrees_with_differences, scattered};
    use super::super::measure;
    use super::*;

    #[test]
    fn what_prints_is_carried_at_any_blueprint() {
        for counts in [[9, 8, 7], [12, 11, 1]] {
            let domain = Domain::full(counts).unwrap();
            for direction in Direction::ALL.into_iter().filter(|d| counts[d.axis] > 1) {
                let overhang = Overhang::new(&domain, direction).unwrap();
                for seed in 0..20 {
                    // Blueprints near the threshold and far from it.
                    let spread = if seed % 2 == 0 { 1.0 } else { 0.1 };
                    let x: Vec<f64> =
                        scattered(domain.n_cells(), seed).iter().map(|x| 0.5 + spread * (x - 0.45)).collect();
                    let y = overhang.apply(&x);
                    let solid: Vec<bool> = y.iter().map(|y| *y > 0.5).collect();
                    assert!(solid.contains(&true), "canary");
                    assert_eq!(measure::unsupported(&domain, &solid, direction), [0; 0], "{direction:?} {seed}");
                }
            }
        }
    }

    #[test]
    fn a_carried_block_prints_and_a_floating_one_does_not() {
        let domain = Domain::full([6, 6, 6]).unwrap();
        let overhang = Overhang::new(&domain, Direction { axis: 2, forward: true }).unwrap();
        let column: Vec<f64> = (0..216).map(|i| f64::from(u8::from(i % 6 < 3))).collect();
        assert!(overhang.apply(&column).iter().zip(&column).all(|(y, x)| (y - x).abs() < 0.01));
        let floating: Vec<f64> = (0..216).map(|i| f64::from(u8::from(i / 36 >= 3))).collect();
        assert!(overhang.apply(&floating).iter().all(|y| *y < 0.03));
    }

    #[test]
    fn one_backward_sweep_gives_exact_sensitivities() {
        for counts in [[5, 6, 4], [7, 8, 1]] {
            let mut roles = vec![Role::Free; counts.iter().product()];
            let n = roles.len();
            roles[n - 9] = Role::Solid;
            let domain = Domain::new(counts, roles).unwrap();
            for direction in Direction::ALL.into_iter().filter(|d| counts[d.axis] > 1) {
                let overhang = Overhang::new(&domain, direction).unwrap();
                agrees_with_differences(&overhang, &scattered(domain.n_cells(), 12), 1e-5);
            }
        }
    }
}
