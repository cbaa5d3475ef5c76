//! The filter by a differential equation (Lazarov & Sigmund 2011): −r² Δy + y = x without flow over the border.
//!
//! Finite volumes on the cells: symmetric, so that it is its own transpose; its columns sum to one, so that it keeps the
//! volume; and its inverse has no negative entry, so that it keeps 0..=1. The cost does not grow with the radius cubed, as
//! the cone's does: conjugate gradients need some three times the radius in steps. Nor does it see across slots: what is near
//! counts by the way through the space.

use super::{Domain, Map, Role, beside};
use crate::linear::vector::{axpby, axpy, dot};
use rayon::prelude::*;

/// Residual of the equation, relative to the right-hand side.
const TOLERANCE: f64 = 1e-10;

#[derive(Clone, Debug)]
pub struct Helmholtz {
    counts: [usize; 3],
    /// Square of the length in the equation.
    square: f64,
    inside: Vec<bool>,
    diagonal: Vec<f64>,
}

impl Helmholtz {
    /// With the length that makes it comparable to a cone of `radius` cells: radius / (2 √3).
    pub fn new(domain: &Domain, radius: f64) -> Self {
        let inside: Vec<bool> = domain.roles().iter().map(|r| *r != Role::Outside).collect();
        let mut filter = Self { counts: domain.counts(), square: radius * radius / 12.0, inside, diagonal: Vec::new() };
        filter.diagonal = (0..domain.n_cells())
            .into_par_iter()
            .map(|i| {
                let n = beside(filter.counts, i).filter(|j| filter.inside[i] && filter.inside[*j]).count();
                1.0 + filter.square * n as f64
            })
            .collect();
        filter
    }

    /// `x` must be nothing outside the design space, and so is `out`.
    fn operator(&self, x: &[f64], out: &mut [f64]) {
        let [nx, ny, nz] = self.counts;
        out.par_chunks_mut(nx).enumerate().for_each(|(line, out)| {
            let (y, z) = (line % ny, line / ny);
            let at = line * nx;
            let own = &x[at..][..nx];
            let add = |out: &mut [f64], other: &[f64]| out.iter_mut().zip(other).for_each(|(o, x)| *o += x);
            out.fill(0.0);
            add(&mut out[1..], own);
            add(out, &own[1..]);
            let across = [(y > 0, -(nx as isize)), (y + 1 < ny, nx as isize)]
                .into_iter()
                .chain([(z > 0, -((nx * ny) as isize)), (z + 1 < nz, (nx * ny) as isize)]);
            for (_, step) in across.filter(|a| a.0) {
                add(out, &x[at.wrapping_add_signed(step)..][..nx]);
            }
            let rest = own.iter().zip(&self.diagonal[at..]).zip(&self.inside[at..]);
            for (o, ((x, d), inside)) in out.iter_mut().zip(rest) {
                *o = if *inside { d * x - self.square * *o } else { 0.0 };
            }
        });
    }

    fn solve(&self, b: &[f64]) -> Vec<f64> {
        let divided =
            |r: &[f64]| -> Vec<f64> { r.par_iter().zip(&self.diagonal).map(|(r, d)| r / d).collect::<Vec<f64>>() };
        let mut x = b.to_vec();
        let mut ap = vec![0.0; b.len()];
        self.operator(&x, &mut ap);
        let mut r = b.to_vec();
        axpy(-1.0, &ap, &mut r);
        let goal = TOLERANCE * TOLERANCE * dot(b, b);
        let mut z = divided(&r);
        let mut p = z.clone();
        let mut rz = dot(&r, &z);
        // The condition number is at most 1 + 12 r²: far fewer steps are needed than this bound allows.
        let steps_max = 100 + (40.0 * self.square.sqrt()) as usize;
        for _ in 0..steps_max {
            if dot(&r, &r) <= goal {
                break;
            }
            self.operator(&p, &mut ap);
            let alpha = rz / dot(&p, &ap);
            axpy(alpha, &p, &mut x);
            axpy(-alpha, &ap, &mut r);
            z = divided(&r);
            let next = dot(&r, &z);
            axpby(1.0, &z, next / rz, &mut p);
            rz = next;
        }
        x
    }
}

impl Map for Helmholtz {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let b: Vec<f64> = x.iter().zip(&self.inside).map(|(x, i)| if *i { *x } else { 0.0 }).collect();
        self.solve(&b)
    }

    fn pull_back(&self, x: &[f64], _: &[f64], dy: Vec<f64>) -> Vec<f64> {
        debug_assert_eq!(x.len(), dy.len());
        self.apply(&dy)
    }

    fn is_linear(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::map::tests::{agrees_with_differences, scattered};
    use super::*;

    #[test]
    fn keeps_volume_and_bounds_and_is_its_own_transpose() {
        let mut roles = vec![Role::Free; 12 * 9 * 5];
        roles[200..230].fill(Role::Outside);
        let domain = Domain::new([12, 9, 5], roles).unwrap();
        let filter = Helmholtz::new(&domain, 4.0);
        let mut x = scattered(domain.n_cells(), 5);
        domain.impose(&mut x);
        let y = filter.apply(&x);
        let (before, after) = (x.iter().sum::<f64>(), y.iter().sum::<f64>());
        assert!((before - after).abs() < 1e-9 * before);
        assert!(y.iter().all(|y| (0.0..=1.0).contains(y)));
        assert!(y[200..230].iter().all(|y| *y == 0.0));
        agrees_with_differences(&filter, &x, 1e-6);
    }

    #[test]
    fn waves_are_damped_as_the_equation_says() {
        // cos(π k (i + ½) / n) is an eigenvector of the differences with eigenvalue 2 − 2 cos(π k / n).
        let n = 40;
        let domain = Domain::full([n, 1, 1]).unwrap();
        let radius = 6.0;
        let filter = Helmholtz::new(&domain, radius);
        for k in [1, 3, 11] {
            let angle = std::f64::consts::PI * k as f64 / n as f64;
            let x: Vec<f64> = (0..n).map(|i| (angle * (i as f64 + 0.5)).cos()).collect();
            let damped = 1.0 / (1.0 + radius * radius / 12.0 * (2.0 - 2.0 * angle.cos()));
            let y = filter.apply(&x);
            assert!(y.iter().zip(&x).all(|(y, x)| (y - damped * x).abs() < 1e-10), "{k}");
        }
    }

    #[test]
    fn does_not_see_through_what_lies_outside() {
        // Two arms with a slot of a cell between them, joined far away.
        let counts = [60, 5, 1];
        let mut roles = vec![Role::Free; 300];
        roles[120..170].fill(Role::Outside);
        let domain = Domain::new(counts, roles).unwrap();
        let mut x = vec![0.0; 300];
        x[..120].fill(1.0);
        let y = Helmholtz::new(&domain, 6.0).apply(&x);
        let cone = crate::density::filter::Cone::new(&domain, 6.0).apply(&x);
        let beyond = 5 + 60 * 3;
        assert!(y[beyond] < 1e-6 && cone[beyond] > 0.1, "{} and {}", y[beyond], cone[beyond]);
    }
}
