//! Members no thicker than asked for: no ball of that width may be full of material (Guest, Struct. Multidisc. Optim. 37, 2009).
//!
//! Of a ball about every free cell a little must be void: a cell of it or [`VOID`], whichever is more. Grey hardly counts as
//! void, or a thick member of grey would do. The many limits are one, the p-norm of the balls' fill scaled to the fullest: it is
//! steep, because balls that are not nearly full must not count.

use super::stress::Norm;
use super::{Domain, Role};
use rayon::prelude::*;

/// Share of a ball that must be void: beside a plate of 0.9 of the ball's width through its middle as much is.
const VOID: f64 = 0.015;
/// The same of small balls, in cells.
const VOID_CELLS: f64 = 0.8;
/// What of a cell's void counts in proportion; the rest goes with its cube. Without the first, full members would not feel
/// the limit.
const EVEN: f64 = 0.25;
/// P of the norm.
const EXPONENT: i32 = 40;

/// Balls about cells.
#[derive(Clone, Debug)]
pub struct Thick {
    counts: [usize; 3],
    /// Rows along x: offsets across, and half the length.
    rows: Vec<([isize; 2], usize)>,
    /// Cells of a whole ball, and the share of them that may be full.
    size: f64,
    full: f64,
    /// Free cells whose ball what is kept does not fill.
    judged: Vec<bool>,
}

impl Thick {
    /// Balls of `width` cells; what lies outside of the box or of the design space is void.
    pub fn new(domain: &Domain, width: f64) -> Self {
        let counts = domain.counts();
        let radius = 0.5 * width;
        let reach = |a: usize| if counts[a] > 1 { radius as isize } else { 0 };
        let mut rows = Vec::new();
        for dz in -reach(2)..=reach(2) {
            for dy in -reach(1)..=reach(1) {
                let left = radius * radius - (dy * dy + dz * dz) as f64;
                if left >= 0.0 {
                    rows.push(([dy, dz], (left.sqrt() as usize).min(reach(0) as usize)));
                }
            }
        }
        let size = rows.iter().map(|(_, half)| 2 * half + 1).sum::<usize>() as f64;
        let full = 1.0 - VOID.max(VOID_CELLS / size);
        let mut out = Self { counts, rows, size, full, judged: Vec::new() };
        let kept: Vec<f64> = domain.roles().iter().map(|r| f64::from(u8::from(*r == Role::Solid))).collect();
        out.judged = out.fill(&kept).iter().enumerate().map(|(c, f)| domain.is_free(c) && *f < full).collect();
        out
    }

    /// Share of the ball about each cell that is filled.
    fn fill(&self, density: &[f64]) -> Vec<f64> {
        let matter: Vec<f64> =
            density.par_iter().map(|x| 1.0 - EVEN * (1.0 - x) - (1.0 - EVEN) * (1.0 - x).powi(3)).collect();
        let mut out = self.sums(&matter);
        out.par_iter_mut().for_each(|o| *o /= self.size);
        out
    }

    /// Sums over the balls: symmetric.
    fn sums(&self, x: &[f64]) -> Vec<f64> {
        let [nx, ny, nz] = self.counts;
        // Sums of each row up to a place: a window is a difference of two.
        let mut upto = vec![0.0; x.len() / nx * (nx + 1)];
        upto.par_chunks_mut(nx + 1).zip(x.par_chunks(nx)).for_each(|(to, from)| {
            for (i, v) in from.iter().enumerate() {
                to[i + 1] = to[i] + v;
            }
        });
        let mut out = vec![0.0; x.len()];
        out.par_chunks_mut(nx).enumerate().for_each(|(line, out)| {
            let (y, z) = (line % ny, line / ny);
            for ([dy, dz], half) in &self.rows {
                let (Some(y), Some(z)) = (y.checked_add_signed(*dy), z.checked_add_signed(*dz)) else { continue };
                if y >= ny || z >= nz {
                    continue;
                }
                let row = &upto[(nx + 1) * (y + ny * z)..][..=nx];
                for (i, o) in out.iter_mut().enumerate() {
                    *o += row[(i + half + 1).min(nx)] - row[i.saturating_sub(*half)];
                }
            }
        });
        out
    }

    /// How far the fullest ball is over what it may be, as a share of that, with its derivative by the densities.
    pub fn excess(&self, density: &[f64]) -> Norm {
        let fill = self.fill(density);
        let judged = || fill.iter().zip(&self.judged).filter(|(_, is)| **is).map(|(f, _)| *f);
        let most = judged().fold(0.0f64, f64::max);
        if most <= 0.0 {
            return Norm { value: -1.0, slope: vec![0.0; density.len()] };
        }
        // f = most (Σ (fᵢ / most)ᴾ / Σ₀)^(1/P), with Σ₀ the sum as it is now: a scale that follows from this design.
        let sum: f64 = judged().map(|f| (f / most).powi(EXPONENT)).sum();
        let by_fill: Vec<f64> = fill
            .par_iter()
            .zip(&self.judged)
            .map(|(f, is)| if *is { (f / most).powi(EXPONENT - 1) / (sum * self.full * self.size) } else { 0.0 })
            .collect();
        let mut slope = self.sums(&by_fill);
        slope.par_iter_mut().zip(density).for_each(|(s, x)| *s *= EVEN + 3.0 * (1.0 - EVEN) * (1.0 - x).powi(2));
        Norm { value: most / self.full - 1.0, slope }
    }
}

#[cfg(test)]
mod tests {
    use super::super::map::tests::scattered;
    use super::*;

    #[test]
    fn full_balls_are_found_where_they_are() {
        let domain = Domain::full([20, 15, 1]).unwrap();
        let plate = |thick: usize| -> Vec<f64> {
            (0..300).map(|i| f64::from(u8::from((4..4 + thick).contains(&(i / 20))))).collect()
        };
        let thick = Thick::new(&domain, 6.0);
        assert!(thick.excess(&plate(5)).value < 0.0 && thick.excess(&plate(7)).value > 0.01);
        let grey: Vec<f64> = plate(9).iter().map(|x| 0.97 * x).collect();
        assert!(thick.excess(&grey).value > 0.0, "grey is no void");
        // A hole in every ball is enough.
        let mut pierced = plate(7);
        (0..20).step_by(3).for_each(|x| (5..11).step_by(2).for_each(|y| pierced[x + 20 * y] = 0.0));
        assert!(thick.excess(&pierced).value < 0.0);
    }

    #[test]
    fn its_slope_is_that_of_the_norm() {
        let mut roles = vec![Role::Free; 9 * 8 * 7];
        roles[40..60].fill(Role::Solid);
        let domain = Domain::new([9, 8, 7], roles).unwrap();
        let thick = Thick::new(&domain, 4.2);
        let x = scattered(domain.n_cells(), 5);
        let found = thick.excess(&x);
        // The norm with its scale kept as it is at `x`.
        let fill = |x: &[f64]| -> Vec<f64> { thick.fill(x) };
        let sum = |fill: &[f64], most: f64| -> f64 {
            fill.iter().zip(&thick.judged).filter(|(_, j)| **j).map(|(f, _)| (f / most).powi(EXPONENT)).sum()
        };
        let most = thick.full * (found.value + 1.0);
        let before = sum(&fill(&x), most);
        let norm = |x: &[f64]| most * (sum(&fill(x), most) / before).powf(1.0 / f64::from(EXPONENT)) / thick.full;
        for cell in [0, 41, 100, 250, 503] {
            let step = 1e-6;
            let moved =
                |d: f64| x.iter().enumerate().map(|(i, v)| v + if i == cell { d } else { 0.0 }).collect::<Vec<_>>();
            let slope = (norm(&moved(step)) - norm(&moved(-step))) / (2.0 * step);
            assert!(
                (slope - found.slope[cell]).abs() < 1e-7 + 1e-5 * slope.abs(),
                "{cell}: {slope} {}",
                found.slope[cell]
            );
        }
    }
}
