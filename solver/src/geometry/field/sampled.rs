//! Values on a box of samples, as a solid where they exceed a level.

use super::{Placement, Vec3, dot, moved, sub};

/// Values at the points of a regular box, as the coefficients of a uniform cubic B-spline: twice differentiable, so that a
/// level of it has no kinks, and within the values around; beyond the box those of its border.
///
/// Source: de Boor, A Practical Guide to Splines, ch. X.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sampled {
    /// Of the first sample, m.
    origin: Vec3,
    /// From sample to sample along every axis, m.
    spacing: f64,
    /// Samples along x, y, z, at least two each.
    counts: [usize; 3],
    /// x fastest.
    values: Vec<f32>,
    /// m per unit of value: no way of this length changes the value by more than one.
    reach: f64,
}

impl Sampled {
    /// `None` unless there are two samples along every axis and a finite value for each.
    pub fn new(origin: Vec3, spacing: f64, counts: [usize; 3], values: Vec<f32>) -> Option<Self> {
        let sane = spacing > 0.0 && spacing.is_finite() && origin.iter().all(|c| c.is_finite());
        let n = counts.iter().try_fold(1usize, |n, c| n.checked_mul(*c))?;
        if !sane || counts.iter().any(|n| *n < 2) || values.len() != n || values.iter().any(|v| !v.is_finite()) {
            return None;
        }
        // Everywhere a component of the slope is a mean of differences of neighbours.
        let steps = [1, counts[0], counts[0] * counts[1]];
        let mut steepest = [0.0f64; 3];
        for (at, value) in values.iter().enumerate() {
            let place = [at % counts[0], at / counts[0] % counts[1], at / steps[2]];
            for a in 0..3 {
                if place[a] + 1 < counts[a] {
                    steepest[a] = steepest[a].max(f64::from((values[at + steps[a]] - value).abs()));
                }
            }
        }
        let reach = spacing / dot(steepest, steepest).sqrt().max(1e-6);
        Some(Self { origin, spacing, counts, values, reach })
    }

    /// Place of the first sample, m, way to the next along every axis, m, and numbers along the axes.
    pub fn lattice(&self) -> (Vec3, f64, [usize; 3]) {
        (self.origin, self.spacing, self.counts)
    }

    /// x fastest.
    #[cfg(feature = "solve")]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    pub fn reach(&self) -> f64 {
        self.reach
    }

    pub fn bounds(&self) -> (Vec3, Vec3) {
        (self.origin, std::array::from_fn(|a| self.origin[a] + self.spacing * (self.counts[a] - 1) as f64))
    }

    /// Value and slope, 1/m, at a point.
    pub fn read(&self, p: Vec3) -> (f64, Vec3) {
        let mut at = [[0usize; 4]; 3];
        let mut weights = [[0.0; 4]; 3];
        let mut slopes = [[0.0; 4]; 3];
        let steps = [1, self.counts[0], self.counts[0] * self.counts[1]];
        for a in 0..3 {
            let last = (self.counts[a] - 1) as f64;
            let x = (p[a] - self.origin[a]) / self.spacing;
            let outside = !(0.0..=last).contains(&x);
            let x = x.clamp(0.0, last);
            let low = (x.floor() as usize).min(self.counts[a] - 2);
            let t = x - low as f64;
            weights[a] = [
                (1.0 - t).powi(3) / 6.0,
                2.0 / 3.0 - t * t * (1.0 - 0.5 * t),
                1.0 / 6.0 + 0.5 * t * (1.0 + t * (1.0 - t)),
                t.powi(3) / 6.0,
            ];
            if !outside {
                slopes[a] = [-0.5 * (1.0 - t).powi(2), t * (1.5 * t - 2.0), 0.5 + t * (1.0 - 1.5 * t), 0.5 * t * t];
            }
            // Beyond the box samples would run on as they do at its border.
            for w in [&mut weights[a], &mut slopes[a]] {
                if low == 0 {
                    (w[1], w[2], w[0]) = (w[1] + 2.0 * w[0], w[2] - w[0], 0.0);
                }
                if low + 2 == self.counts[a] {
                    (w[2], w[1], w[3]) = (w[2] + 2.0 * w[3], w[1] - w[3], 0.0);
                }
            }
            at[a] = std::array::from_fn(|k| (low + k).saturating_sub(1).min(self.counts[a] - 1) * steps[a]);
        }
        let (mut value, mut rise) = (0.0, [0.0; 3]);
        for k in 0..4 {
            let (mut plane, mut along) = (0.0, [0.0; 2]);
            for j in 0..4 {
                let row = at[2][k] + at[1][j];
                let (mut line, mut slope) = (0.0, 0.0);
                for i in 0..4 {
                    let v = f64::from(self.values[row + at[0][i]]);
                    line += weights[0][i] * v;
                    slope += slopes[0][i] * v;
                }
                plane += weights[1][j] * line;
                along[0] += weights[1][j] * slope;
                along[1] += slopes[1][j] * line;
            }
            value += weights[2][k] * plane;
            rise[0] += weights[2][k] * along[0];
            rise[1] += weights[2][k] * along[1];
            rise[2] += slopes[2][k] * plane;
        }
        (value, rise.map(|r| r / self.spacing))
    }
}

/// Where samples were moved to: turned, perhaps reflected, then shifted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Frame {
    axes: [Vec3; 3],
    origin: Vec3,
}

impl Frame {
    pub const HERE: Self = Self { axes: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], origin: [0.0; 3] };

    /// A place of the world, as the samples know it.
    pub fn inward(&self, p: Vec3) -> Vec3 {
        let d = sub(p, self.origin);
        self.axes.map(|axis| dot(axis, d))
    }

    /// A direction of the samples, in the world.
    pub fn turn(&self, v: Vec3) -> Vec3 {
        std::array::from_fn(|k| (0..3).map(|a| self.axes[a][k] * v[a]).sum())
    }

    pub fn placed(&self, placement: &Placement) -> Self {
        Self { axes: self.axes.map(|a| moved(placement, a, false)), origin: moved(placement, self.origin, true) }
    }

    /// The box in the world around a box of the samples.
    pub fn bounds(&self, (lo, hi): (Vec3, Vec3)) -> (Vec3, Vec3) {
        let mut out = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        for corner in 0..8usize {
            let p = self.turn(std::array::from_fn(|a| if corner >> a & 1 == 1 { hi[a] } else { lo[a] }));
            for a in 0..3 {
                out.0[a] = out.0[a].min(p[a] + self.origin[a]);
                out.1[a] = out.1[a].max(p[a] + self.origin[a]);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Sampled {
        let value = |i: usize| (i % 3) as f32 + 10.0 * (i / 3 % 4) as f32 - 2.0 * (i / 12) as f32;
        Sampled::new([1.0, 2.0, 3.0], 0.5, [3, 4, 2], (0..24).map(value).collect()).unwrap()
    }

    #[test]
    fn what_is_linear_is_read_exactly_and_its_slope_bounds_the_way() {
        let ramp = ramp();
        let (value, rise) = ramp.read([1.7, 3.1, 3.2]);
        assert!((value - (1.4 + 22.0 - 0.8)).abs() < 1e-5, "{value}");
        assert!(rise.iter().zip([2.0, 20.0, -4.0]).all(|(r, e)| (r - e).abs() < 1e-4), "{rise:?}");
        assert!((ramp.reach() - 0.5 / 105f64.sqrt()).abs() < 1e-9);
        // Beyond the box, the border's value.
        let (value, rise) = ramp.read([0.0, 3.1, 3.2]);
        assert!((value - (22.0 - 0.8)).abs() < 1e-5 && rise[0] == 0.0);
        assert!(Sampled::new([0.0; 3], 1.0, [2, 2, 1], vec![0.0; 4]).is_none());
        assert!(Sampled::new([0.0; 3], 1.0, [2, 2, 2], vec![f32::NAN; 8]).is_none());
    }

    #[test]
    fn levels_have_no_kinks_and_values_stay_within_those_around() {
        // Pseudo-random, of the fractional parts of multiples of the golden ratio.
        let values = (0..216).map(|i| (f64::from(i) * 0.618_033_988_75).fract() as f32).collect();
        let rough = Sampled::new([0.0; 3], 1.0, [6; 3], values).unwrap();
        let near = 1e-6;
        for p in [[2.0, 2.3, 2.6], [2.7, 3.0, 2.2], [2.5, 2.4, 2.0], [3.0, 3.0, 3.0]] {
            for a in 0..3 {
                let beside = |by: f64| rough.read(std::array::from_fn(|k| p[k] + if k == a { by } else { 0.0 }));
                let ((low, down), (high, up)) = (beside(-near), beside(near));
                let (value, rise) = rough.read(p);
                assert!((0.0..=1.0).contains(&value));
                assert!(((high - low) / (2.0 * near) - rise[a]).abs() < 1e-4, "{rise:?} is no slope");
                // The slope changes with the way, also where one cell ends and the next begins.
                assert!((0..3).all(|k| (up[k] - down[k]).abs() < 20.0 * near), "{down:?} {up:?}");
                assert!(dot(rise, rise).sqrt() * rough.reach() <= 1.0);
            }
        }
    }

    #[test]
    fn a_moved_frame_reads_what_was_there_before() {
        let turn = Placement::Motion { origin: [0.3, 0.0, 1.0], axis: 2, angle: 0.7, shift: [5.0, -1.0, 2.0] };
        let mirror = Placement::Mirror { origin: [0.0, 4.0, 0.0], axis: 1 };
        let p = [1.3, 2.9, 3.3];
        for placement in [turn, mirror] {
            let frame = Frame::HERE.placed(&placement);
            let back = frame.inward(moved(&placement, p, true));
            assert!(back.iter().zip(p).all(|(a, b)| (a - b).abs() < 1e-12), "{back:?}");
            let (lo, hi) = frame.bounds(ramp().bounds());
            let q = moved(&placement, [1.2, 2.5, 3.1], true);
            assert!((0..3).all(|a| lo[a] - 1e-12 <= q[a] && q[a] <= hi[a] + 1e-12));
        }
    }
}
