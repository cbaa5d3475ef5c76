//! Parts that print without supports: Langelaar's (2016, 2017) layer filter, for overhangs of any slope.
//!
//! Layer by layer from the base plate, a cell prints as dense as the blueprint says, but no denser than the densest of the
//! cells that carry it. For 45° those are the one below and its four neighbours (in a plane, two). For another [`Slope`], of
//! `up` layers over `out` cells sideways, a cell wants one within ⌈out / up⌉ cells sideways in the layer below, and one within
//! `out` cells as many as `up` layers below: stairs may be uneven, but rise as steeply over their length. Maximum and
//! minimum are smooth: smax(s) = (Σ sᴾ)^(1/Q) and smin(a, b) = ½ (a + b − √((a − b)² + ε) + √ε), with P = 40 and ε = 1e-4.
//!
//! Langelaar chooses Q so that carriers that all equal ½ carry ½. Here they carry the little less that smin adds, ½ − √ε/2 for
//! each: wherever a cell prints with more than ½, one of its carriers does, so that a threshold at ½ leaves no cell unsupported.

use super::{Direction, Domain, Invalid, Lines, Map, Role};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

const P: i32 = 40;
const EPSILON: f64 = 1e-4;
/// Most layers over which a slope is measured.
const UP_MAX: u32 = 5;
/// What an overhang may be flatter than asked for, as a share of its cotangent: what cells can do is coarse.
const FLATTER: f64 = 0.02;

/// How steep overhangs are at least: `up` layers over `out` cells sideways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slope {
    pub up: u32,
    pub out: u32,
}

impl Slope {
    /// 45°.
    pub const DIAGONAL: Self = Self { up: 1, out: 1 };

    /// The flattest slope in few cells that is not flatter than `angle` above the plate, rad.
    pub fn of(angle: f64) -> Self {
        let wanted = (1.0 + FLATTER) / angle.tan();
        let mut best = Self { up: UP_MAX, out: 1 };
        for up in 1..=UP_MAX {
            let out = (wanted * f64::from(up)).floor().clamp(1.0, 1e3) as u32;
            if out * best.up > best.out * up && f64::from(out) <= wanted * f64::from(up) {
                best = Self { up, out };
            }
        }
        best
    }

    /// Above the plate, rad.
    pub fn angle(self) -> f64 {
        f64::from(self.up).atan2(f64::from(self.out))
    }

    /// What carries a cell: of each, layers below and cells sideways.
    fn rules(self) -> Vec<[usize; 2]> {
        let [up, out] = [self.up.max(1), self.out.max(1)].map(|n| n as usize);
        if up == 1 { vec![[1, out]] } else { vec![[1, out.div_ceil(up)], [up, out]] }
    }
}

/// Sums over discs of a layer.
#[derive(Clone, Debug)]
struct Disc {
    /// Layers below.
    below: usize,
    /// Rows along the first side: offset across, and half the length.
    rows: Vec<(isize, usize)>,
    /// Exponent of the smooth maximum over it.
    q: f64,
}

impl Disc {
    fn new(lines: &Lines, [below, radius]: [usize; 2], n_rules: usize) -> Self {
        let [n, m] = lines.sides();
        let reach = |n: usize| if n > 1 { radius } else { 0 };
        let across = reach(m) as isize;
        let half = |v: isize| (((radius * radius) as f64 - (v * v) as f64).sqrt() as usize).min(reach(n));
        let rows: Vec<(isize, usize)> = (-across..=across).map(|v| (v, half(v))).collect();
        let n_carriers = rows.iter().map(|(_, half)| 2 * half + 1).sum::<usize>();
        let lowered = 0.5 - 0.5 * n_rules as f64 * EPSILON.sqrt();
        let q = ((n_carriers as f64).ln() + f64::from(P) * 0.5f64.ln()) / lowered.ln();
        Self { below, rows, q }
    }

    /// Of a layer's values in `n` columns, the sum about each.
    fn sums(&self, layer: &[f64], n: usize) -> Vec<f64> {
        let m = layer.len() / n;
        let mut out = vec![0.0; layer.len()];
        out.par_chunks_mut(n).enumerate().for_each(|(v, out)| {
            for (dv, half) in &self.rows {
                let Some(row) = v.checked_add_signed(*dv).filter(|r| *r < m) else { continue };
                let from = &layer[row * n..][..n];
                for d in 0..=(*half).min(n - 1) {
                    out[..n - d].iter_mut().zip(&from[d..]).for_each(|(o, s)| *o += s);
                    if d > 0 {
                        out[d..].iter_mut().zip(from).for_each(|(o, s)| *o += s);
                    }
                }
            }
        });
        out
    }
}

/// The map from blueprints to what prints.
#[derive(Clone, Debug)]
pub struct Overhang {
    lines: Lines,
    /// First layer that has a cell of the design space: it lies on the base plate.
    base: usize,
    /// Cells to keep: they are there whether carried or not.
    kept: Vec<bool>,
    discs: Vec<Disc>,
}

impl Overhang {
    /// `build` points from the base plate upwards.
    ///
    /// # Errors
    /// [`Invalid::Range`] for an axis that is none; [`Invalid::Axis`] for one along which the box has a single layer.
    pub fn new(domain: &Domain, build: Direction, slope: Slope) -> Result<Self, Invalid> {
        super::pattern::check_axis("the build direction", build.axis)?;
        let lines = Lines::new(domain.counts(), build);
        if lines.len() == 1 {
            return Err(Invalid::Axis { name: "the build direction" });
        }
        let rules = slope.rules();
        let base = base_layer(&lines, |cell| domain.roles()[cell] != Role::Outside);
        let kept = domain.roles().iter().map(|r| *r == Role::Solid).collect();
        let discs = rules.iter().map(|rule| Disc::new(&lines, *rule, rules.len())).collect();
        Ok(Self { lines, base, kept, discs })
    }

    /// The discs that count in layer `k`: what would lie below the plate carries everything.
    fn discs(&self, k: usize) -> impl Iterator<Item = &Disc> {
        self.discs.iter().filter(move |d| k >= self.base + d.below)
    }

    fn powers(&self, printed: &[f64], k: usize) -> Vec<f64> {
        (0..self.lines.count()).into_par_iter().map(|line| printed[self.lines.cell(line, k)].powi(P)).collect()
    }

    /// Sums of powers over each disc, `[disc][line]`, of layer `k` with those of all layers below.
    fn sums(&self, powers: &[Vec<f64>], k: usize) -> Vec<Vec<f64>> {
        let n = self.lines.sides()[0];
        self.discs(k).map(|disc| disc.sums(&powers[k - disc.below], n)).collect()
    }
}

fn smin(a: f64, b: f64) -> f64 {
    0.5 * (a + b - ((a - b).powi(2) + EPSILON).sqrt() + EPSILON.sqrt())
}

/// Derivative of [`smin`] by `a`; the one by `b` is what is left to 1.
fn share(a: f64, b: f64) -> f64 {
    0.5 * (1.0 - (a - b) / ((a - b).powi(2) + EPSILON).sqrt())
}

/// The first layer with a cell that `counts`.
fn base_layer(lines: &Lines, counts: impl Fn(usize) -> bool) -> usize {
    (0..lines.len()).find(|k| (0..lines.count()).any(|l| counts(lines.cell(l, *k)))).unwrap_or(0)
}

/// Cells of `solid` above the base plate that `slope` leaves without one that carries them, in layers.
pub(super) fn uncarried(domain: &Domain, solid: &[bool], build: Direction, slope: Slope) -> Vec<usize> {
    let lines = Lines::new(domain.counts(), build);
    let base = base_layer(&lines, |cell| domain.roles()[cell] != Role::Outside);
    let rules = slope.rules();
    let discs: Vec<Disc> = rules.iter().map(|rule| Disc::new(&lines, *rule, rules.len())).collect();
    let layer = |k: usize| -> Vec<f64> {
        (0..lines.count()).map(|line| f64::from(u8::from(solid[lines.cell(line, k)]))).collect()
    };
    let mut out = Vec::new();
    for k in base + 1..lines.len() {
        let counted = discs.iter().filter(|d| k >= base + d.below);
        let sums: Vec<Vec<f64>> = counted.map(|d| d.sums(&layer(k - d.below), lines.sides()[0])).collect();
        let hangs = |line: &usize| solid[lines.cell(*line, k)] && sums.iter().any(|s| s[*line] == 0.0);
        out.extend((0..lines.count()).filter(hangs).map(|line| lines.cell(line, k)));
    }
    out
}

impl Map for Overhang {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let mut out = x.to_vec();
        let mut powers: Vec<Vec<f64>> = (0..=self.base).map(|k| self.powers(&out, k)).collect();
        for k in self.base + 1..self.lines.len() {
            let sums = self.sums(&powers, k);
            let layer: Vec<f64> = (0..self.lines.count())
                .into_par_iter()
                .map(|line| {
                    let cell = self.lines.cell(line, k);
                    if self.kept[cell] {
                        return x[cell];
                    }
                    let carried = self.discs(k).zip(&sums).map(|(disc, sum)| sum[line].powf(1.0 / disc.q));
                    smin(x[cell], carried.reduce(smin).unwrap_or(1.0))
                })
                .collect();
            layer.iter().enumerate().for_each(|(line, y)| out[self.lines.cell(line, k)] = *y);
            powers.push(self.powers(&out, k));
        }
        out
    }

    fn pull_back(&self, x: &[f64], y: &[f64], mut dy: Vec<f64>) -> Vec<f64> {
        let mut dx = vec![0.0; x.len()];
        let n = self.lines.sides()[0];
        let powers: Vec<Vec<f64>> = (0..self.lines.len()).map(|k| self.powers(y, k)).collect();
        for k in (0..self.lines.len()).rev() {
            if k <= self.base {
                (0..self.lines.count()).map(|l| self.lines.cell(l, k)).for_each(|cell| dx[cell] = dy[cell]);
                continue;
            }
            let sums = self.sums(&powers, k);
            // What each disc of each line pulls at, over sᴾ⁻¹ of its cells.
            let mut slopes = vec![vec![0.0; self.lines.count()]; sums.len()];
            for line in 0..self.lines.count() {
                let cell = self.lines.cell(line, k);
                if self.kept[cell] {
                    dx[cell] = dy[cell];
                    continue;
                }
                let carried: Vec<(f64, f64)> =
                    self.discs(k).zip(&sums).map(|(d, sum)| (sum[line].powf(1.0 / d.q), d.q)).collect();
                let b = carried.iter().map(|c| c.0).reduce(smin).unwrap_or(1.0);
                let own = share(x[cell], b);
                dx[cell] = own * dy[cell];
                for (i, (one, q)) in carried.iter().enumerate() {
                    let other = carried.iter().enumerate().find(|(j, _)| *j != i).map(|(_, c)| c.0);
                    let part = other.map_or(1.0, |other| share(*one, other));
                    // ∂b/∂s = P/Q (Σ sᴾ)^(1/Q − 1) s^(P−1)
                    if sums[i][line] > 0.0 {
                        slopes[i][line] = (1.0 - own) * dy[cell] * part * f64::from(P) / q * one / sums[i][line];
                    }
                }
            }
            for (disc, slope) in self.discs(k).zip(&slopes) {
                // Discs are symmetric: who carries a cell is carried alike.
                for (line, pull) in disc.sums(slope, n).into_iter().enumerate() {
                    let carrier = self.lines.cell(line, k - disc.below);
                    dy[carrier] += pull * y[carrier].powi(P - 1);
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

    const SLOPES: [Slope; 4] =
        [Slope::DIAGONAL, Slope { up: 2, out: 1 }, Slope { up: 1, out: 2 }, Slope { up: 3, out: 4 }];

    #[test]
    fn a_slope_in_cells_is_as_steep_as_asked_for() {
        for (degrees, up, out) in [(45.0, 1, 1), (60.0, 2, 1), (35.0, 5, 7), (30.0, 4, 7), (50.0, 5, 4), (70.0, 3, 1)] {
            assert_eq!(Slope::of(f64::to_radians(degrees)), Slope { up, out }, "{degrees}");
        }
        for tenths in 250..=780 {
            let asked = f64::to_radians(0.1 * f64::from(tenths));
            let slope = Slope::of(asked);
            assert!(1.0 / slope.angle().tan() <= 1.0201 / asked.tan(), "{tenths}: {slope:?}");
        }
    }

    #[test]
    fn a_ramp_prints_as_steep_as_its_slope_and_no_flatter() {
        // Walls that lean: each layer is the one below, one cell further, every `up` layers.
        let counts = [40, 3, 12];
        let domain = Domain::full(counts).unwrap();
        let build = Direction { axis: 2, forward: true };
        let leaning = |shift: &dyn Fn(usize) -> usize| -> Vec<bool> {
            let is_in = |x: usize, z: usize| (2 + shift(z)..6 + shift(z)).contains(&x);
            (0..40 * 3 * 12).map(|i| is_in(i % 40, i / 120)).collect()
        };
        let hanging = |solid: &[bool], up, out| measure::unsupported(&domain, solid, build, Slope { up, out }).len();
        let (steep, even, flat) = (leaning(&|z| z / 2), leaning(&|z| z), leaning(&|z| 2 * z));
        assert_eq!([hanging(&steep, 2, 1), hanging(&even, 1, 1), hanging(&flat, 1, 2)], [0; 3]);
        assert!(hanging(&even, 2, 1) > 0 && hanging(&flat, 1, 1) > 0 && hanging(&flat, 3, 4) > 0);
        assert_eq!(hanging(&even, 3, 4), 0);
    }

    #[test]
    fn what_prints_is_carried_at_any_blueprint() {
        for counts in [[9, 8, 7], [12, 11, 1]] {
            let domain = Domain::full(counts).unwrap();
            let directions = Direction::ALL.into_iter().filter(|d| counts[d.axis] > 1);
            for (direction, slope) in directions.flat_map(|d| SLOPES.map(|s| (d, s))) {
                let overhang = Overhang::new(&domain, direction, slope).unwrap();
                for seed in 0..20 {
                    // Blueprints near the threshold and far from it.
                    let spread = if seed % 2 == 0 { 1.0 } else { 0.1 };
                    let x: Vec<f64> =
                        scattered(domain.n_cells(), seed).iter().map(|x| 0.5 + spread * (x - 0.45)).collect();
                    let y = overhang.apply(&x);
                    let solid: Vec<bool> = y.iter().map(|y| *y > 0.5).collect();
                    assert!(solid.contains(&true), "canary");
                    let hanging = measure::unsupported(&domain, &solid, direction, slope);
                    assert_eq!(hanging, [0; 0], "{direction:?} {slope:?} {seed}");
                }
            }
        }
    }

    #[test]
    fn a_carried_block_prints_and_a_floating_one_does_not() {
        let domain = Domain::full([6, 6, 6]).unwrap();
        let overhang = Overhang::new(&domain, Direction { axis: 2, forward: true }, Slope::DIAGONAL).unwrap();
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
            let directions = Direction::ALL.into_iter().filter(|d| counts[d.axis] > 1);
            for (direction, slope) in directions.flat_map(|d| SLOPES.map(|s| (d, s))) {
                let overhang = Overhang::new(&domain, direction, slope).unwrap();
                agrees_with_differences(&overhang, &scattered(domain.n_cells(), 12), 1e-5);
            }
        }
    }
}
