//! Cantilevers with contrast, for tests and benchmarks of the elastic solver.

use rayon::prelude::*;
use solver::density::elastic::{Accuracy, Displacement, Elastic, Load, Space, Support};
use solver::mesh::Grid;
use std::sync::atomic::AtomicBool;

/// A box of unit cells of unit material, held at x = 0.
pub fn cantilever(counts: [usize; 3]) -> Space {
    let grid = Grid { origin: [0.0; 3], cell: 1.0, counts };
    let [_, ny, nz] = counts;
    let mut supports = Vec::new();
    for z in 0..=nz {
        for y in 0..=ny {
            supports.push(Support { at: [0, y, z], components: [true; 3] });
        }
    }
    Space { grid, cells: (0..grid.n_cells() as u32).collect(), young: 1.0, poisson: 0.3, supports, skip_below: None }
}

/// Unit forces downwards on the lower edge of the free end.
pub fn edge([nx, _, nz]: [usize; 3]) -> Vec<Load> {
    (0..=nz).map(|z| Load { at: [nx, 0, z], force: [0.0, -1.0, 0.0] }).collect()
}

/// Numbers in [0, 1), the same in every run.
pub fn random(seed: u64, n: usize) -> Vec<f64> {
    let mut out = vec![0.0f64; n];
    solver::linear::vector::random(seed, &mut out);
    out.into_iter().map(|x| 0.5 * (x + 1.0)).collect()
}

/// Independent densities of mean 0.3, `r^(7/3)` of uniform `r`: by the third power one in ten is below 1e-7, one in ten above
/// a half.
pub fn random_densities(seed: u64, n: usize) -> Vec<f64> {
    random(seed, n).into_iter().map(|r| r.powf(7.0 / 3.0)).collect()
}

/// Modified SIMP: `least + ρ³ (1 − least)`.
pub fn stiffness(density: &[f64], least: f64) -> Vec<f64> {
    density.iter().map(|d| least + d.powi(3) * (1.0 - least)).collect()
}

/// Sums over the ball of radius `r` cells around each cell, weighted by radius less distance.
fn cone([nx, ny, nz]: [usize; 3], r: f64, x: &[f64]) -> Vec<f64> {
    let reach = r.ceil() as i64 - 1;
    let mut offsets = Vec::new();
    for dz in -reach..=reach {
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let w = r - ((dx * dx + dy * dy + dz * dz) as f64).sqrt();
                if w > 0.0 {
                    offsets.push(([dx, dy, dz], w));
                }
            }
        }
    }
    let inside = |c: usize, d: i64, n: usize| c.checked_add_signed(d as isize).filter(|c| *c < n);
    let mut out = vec![0.0; x.len()];
    out.par_chunks_mut(nx).enumerate().for_each(|(row, out)| {
        for ([dx, dy, dz], w) in &offsets {
            let (Some(y), Some(z)) = (inside(row % ny, *dy, ny), inside(row / ny, *dz, nz)) else { continue };
            let from = &x[nx * (y + ny * z)..][..nx];
            for (c, out) in out.iter_mut().enumerate() {
                *out += inside(c, *dx, nx).map_or(0.0, |c| w * from[c]);
            }
        }
    });
    out
}

/// Physical densities after `n` steps of optimality criteria from a uniform design, contrast 1e9: what a solver meets in a
/// run. `each(iteration, iterations of the solver, compliance)`.
pub fn iterate(
    space: &Space,
    loads: &[Vec<Load>],
    volume: f64,
    n: usize,
    accuracy: Accuracy,
    mut each: impl FnMut(usize, u32, f64),
) -> Vec<f64> {
    const LEAST: f64 = 1e-9;
    const RADIUS: f64 = 1.5;
    const MOVE: f64 = 0.2;
    let counts = space.grid.counts;
    let mut x = vec![volume; space.cells.len()];
    let sums = cone(counts, RADIUS, &vec![1.0; x.len()]);
    let ratio = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a / b).collect::<Vec<f64>>();
    let weights = cone(counts, RADIUS, &ratio(&vec![1.0; x.len()], &sums));
    let mut density = x.clone();
    let mut elastic = Elastic::new(space.clone(), &stiffness(&density, LEAST)).expect("a cantilever is held");
    let mut last: Option<Displacement> = None;
    for step in 0..n {
        elastic.update(&stiffness(&density, LEAST)).expect("densities are positive");
        let (u, done) = elastic
            .solve(loads, last.take(), accuracy, &AtomicBool::new(false), |_, _| true)
            .expect("a cantilever can be solved");
        each(step, done.iterations, elastic.compliances(loads, &u).expect("loads are on cells").iter().sum());
        let mut falls = vec![0.0; x.len()];
        for energies in elastic.energies(&u) {
            for ((fall, e), d) in falls.iter_mut().zip(energies).zip(&density) {
                *fall += 3.0 * d * d * (1.0 - LEAST) * e;
            }
        }
        last = Some(u);
        let falls = cone(counts, RADIUS, &ratio(&falls, &sums));
        let speed: Vec<f64> = ratio(&falls, &weights).into_iter().map(f64::sqrt).collect();
        let (mut low, mut high) = (0.0, 1e9f64);
        let mut next = x.clone();
        while (high - low) / (high + low) > 1e-4 {
            let middle = 0.5 * (low + high);
            let by = middle.sqrt().recip();
            next.par_iter_mut().enumerate().for_each(|(i, next)| {
                *next = (x[i] * speed[i] * by).clamp((x[i] - MOVE).max(0.0), (x[i] + MOVE).min(1.0));
            });
            let held: f64 = next.iter().zip(&weights).map(|(x, w)| x * w).sum();
            if held > volume * x.len() as f64 { low = middle } else { high = middle }
        }
        x = next;
        density = ratio(&cone(counts, RADIUS, &x), &sums);
    }
    density
}
