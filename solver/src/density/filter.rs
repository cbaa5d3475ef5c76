//! The cone filter: weighted means over a ball, and the classical filter of sensitivities.

use super::{Domain, Map, Role};
use rayon::prelude::*;

/// Mean of the cells within a radius, weighted by radius less distance (Bruns & Tortorelli 2001, Bourdin 2001).
///
/// Cells outside the design space take no part: the weights of the others are scaled to sum to one, as at the box's border.
#[derive(Clone, Debug)]
pub struct Cone {
    counts: [usize; 3],
    /// Rows of weights along x, by their offset across; each from `-reach` to `reach`.
    rows: Vec<Row>,
    inside: Option<Vec<bool>>,
    /// Sum of the weights of each cell's neighbours; 1 outside the design space.
    sums: Vec<f64>,
}

#[derive(Clone, Debug)]
struct Row {
    dy: isize,
    dz: isize,
    weights: Vec<f64>,
}

impl Cone {
    /// `radius` in cells; at most 1 leaves every cell alone.
    pub fn new(domain: &Domain, radius: f64) -> Self {
        let counts = domain.counts();
        let reach = (radius.ceil() as isize - 1).max(0);
        let across = |n: usize| reach.min(n as isize - 1);
        let mut rows = Vec::new();
        for dz in -across(counts[2])..=across(counts[2]) {
            for dy in -across(counts[1])..=across(counts[1]) {
                let off = (dy * dy + dz * dz) as f64;
                let weight = |dx: isize| radius.max(1.0) - ((dx * dx) as f64 + off).sqrt();
                let Some(ends) = (0..=across(counts[0])).rev().find(|dx| weight(*dx) > 0.0) else { continue };
                rows.push(Row { dy, dz, weights: (-ends..=ends).map(weight).collect() });
            }
        }
        let inside = domain
            .roles()
            .contains(&Role::Outside)
            .then(|| domain.roles().iter().map(|r| *r != Role::Outside).collect::<Vec<bool>>());
        let mut cone = Self { counts, rows, inside, sums: Vec::new() };
        let ones = vec![1.0; domain.n_cells()];
        cone.sums = cone.convolve(&ones);
        if let Some(inside) = &cone.inside {
            cone.sums.iter_mut().zip(inside).for_each(|(s, i)| *s = if *i { *s } else { 1.0 });
        }
        cone
    }

    /// The same where what lies outside the design space is void that takes part, so that members at its border are no thinner
    /// than others (Clausen & Andreassen 2017); beyond the `open` sides of the box, lower and upper along each axis, lies the
    /// mirror image, which takes no part.
    pub fn framed(domain: &Domain, radius: f64, open: [[bool; 2]; 3]) -> Self {
        let mut cone = Self::new(domain, radius);
        let counts = cone.counts.map(|n| n as isize);
        // Beyond a box of one cell there is nothing: the problem is plane.
        let open: [[bool; 2]; 3] = std::array::from_fn(|a| if counts[a] == 1 { [true; 2] } else { open[a] });
        let counted = |a: usize, at: isize| match (at < 0, at >= counts[a]) {
            (true, _) => !open[a][0],
            (_, true) => !open[a][1],
            _ => true,
        };
        let (rows, inside) = (&cone.rows, &cone.inside);
        let sum = |cell: usize| -> f64 {
            let at = cell as isize;
            let (x, y, z) = (at % counts[0], at / counts[0] % counts[1], at / (counts[0] * counts[1]));
            let lines = rows.iter().filter(|r| counted(1, y + r.dy) && counted(2, z + r.dz));
            lines
                .map(|r| {
                    let reach = (r.weights.len() / 2) as isize;
                    let along = r.weights.iter().enumerate().filter(|(k, _)| counted(0, x + *k as isize - reach));
                    along.map(|(_, w)| w).sum::<f64>()
                })
                .sum()
        };
        let of = |cell: usize| if inside.as_ref().is_none_or(|i| i[cell]) { sum(cell) } else { 1.0 };
        cone.sums = (0..domain.n_cells()).into_par_iter().map(of).collect();
        cone
    }

    /// Weighted sums over the neighbours inside the design space; nothing outside of it. Symmetric.
    fn convolve(&self, x: &[f64]) -> Vec<f64> {
        let [nx, ny, nz] = self.counts;
        let masked: Option<Vec<f64>> =
            self.inside.as_ref().map(|m| x.iter().zip(m).map(|(x, m)| if *m { *x } else { 0.0 }).collect());
        let x = masked.as_deref().unwrap_or(x);
        let mut out = vec![0.0; x.len()];
        out.par_chunks_mut(nx).enumerate().for_each(|(line, out)| {
            let (y, z) = (line % ny, line / ny);
            for row in &self.rows {
                let (Some(y), Some(z)) = (y.checked_add_signed(row.dy), z.checked_add_signed(row.dz)) else { continue };
                if y >= ny || z >= nz {
                    continue;
                }
                let source = &x[nx * (y + ny * z)..][..nx];
                let reach = row.weights.len() / 2;
                for (k, weight) in row.weights.iter().enumerate() {
                    // out[i] += w source[i + k − reach]
                    if k >= reach {
                        let d = k - reach;
                        out[..nx - d].iter_mut().zip(&source[d..]).for_each(|(o, s)| *o += weight * s);
                    } else {
                        let d = reach - k;
                        out[d..].iter_mut().zip(source).for_each(|(o, s)| *o += weight * s);
                    }
                }
            }
        });
        if let Some(inside) = &self.inside {
            out.par_iter_mut().zip(inside).for_each(|(o, i)| {
                if !i {
                    *o = 0.0;
                }
            });
        }
        out
    }

    /// Sigmund's (1997) filter of sensitivities: means of x ∂c/∂x over the ball, divided by x, at least 1e-3.
    pub fn sensitivities(&self, x: &[f64], dc: &[f64]) -> Vec<f64> {
        let product: Vec<f64> = x.iter().zip(dc).map(|(x, d)| x * d).collect();
        let mut out = self.convolve(&product);
        out.iter_mut().zip(&self.sums).zip(x).for_each(|((o, s), x)| *o = *o / s / x.max(1e-3));
        out
    }
}

impl Map for Cone {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let mut out = self.convolve(x);
        out.par_iter_mut().zip(&self.sums).for_each(|(o, s)| *o /= s);
        out
    }

    fn pull_back(&self, _: &[f64], _: &[f64], mut dy: Vec<f64>) -> Vec<f64> {
        dy.par_iter_mut().zip(&self.sums).for_each(|(d, s)| *d /= s);
        self.convolve(&dy)
    }

    fn is_linear(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::map::tests::{agrees_with_differences, scattered};
    use super::*;

    fn with_hole(counts: [usize; 3]) -> Domain {
        let mut roles = vec![Role::Free; counts.iter().product()];
        let n = roles.len();
        roles[n / 2..n / 2 + 3].fill(Role::Outside);
        roles[n / 3] = Role::Solid;
        Domain::new(counts, roles).unwrap()
    }

    #[test]
    fn means_are_those_of_the_definition() {
        let domain = with_hole([7, 6, 5]);
        let [nx, ny, nz] = domain.counts();
        let x = scattered(domain.n_cells(), 3);
        let radius = 2.4;
        let found = Cone::new(&domain, radius).apply(&x);
        let at = |i: usize| [i % nx, i / nx % ny, i / nx / ny].map(|v| v as f64);
        for i in 0..nx * ny * nz {
            let (mut sum, mut weights) = (0.0, 0.0);
            for j in 0..nx * ny * nz {
                let distance = at(i).iter().zip(at(j)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                if distance < radius && domain.roles()[j] != Role::Outside {
                    sum += (radius - distance) * x[j];
                    weights += radius - distance;
                }
            }
            let exact = if domain.roles()[i] == Role::Outside { 0.0 } else { sum / weights };
            assert!((found[i] - exact).abs() < 1e-14, "{i}");
        }
    }

    #[test]
    fn its_transpose_is_its_transpose() {
        for counts in [[9, 8, 1], [5, 6, 7], [1, 1, 12]] {
            let domain = with_hole(counts);
            agrees_with_differences(&Cone::new(&domain, 2.7), &scattered(domain.n_cells(), 1), 1e-6);
        }
    }

    #[test]
    fn a_small_radius_changes_nothing() {
        let domain = Domain::full([4, 3, 2]).unwrap();
        let x = scattered(24, 2);
        for radius in [0.0, 0.5, 1.0] {
            assert_eq!(Cone::new(&domain, radius).apply(&x), x);
        }
    }
}
