//! Derivatives of gathered stresses by densities, with the part that goes through the displacements.

use crate::simp::{cantilever, edge, random, stiffness};
use solver::density::Domain;
use solver::density::elastic::{Accuracy, Displacement, Elastic, Load};
use solver::density::stress::{Brick, Clusters, Corners, pull, relaxed};
use std::sync::atomic::AtomicBool;

const COUNTS: [usize; 3] = [6, 3, 2];
const BRICK: Brick = Brick { young: 1.0, poisson: 0.3, cell: 1.0 };
const LEAST: f64 = 1e-3;
const EXACT: Accuracy = Accuracy { tolerance: 1e-12, iterations_max: 500 };

fn corners(u: &Displacement, cell: usize) -> Corners {
    let [nx, ny, _] = COUNTS;
    let at = [cell % nx, cell / nx % ny, cell / (nx * ny)];
    std::array::from_fn(|n| u.at(0, std::array::from_fn(|a| at[a] + (n >> a & 1))).expect("a node"))
}

fn solved(elastic: &mut Elastic, density: &[f64], loads: &[Vec<Load>]) -> Displacement {
    elastic.update(&stiffness(density, LEAST)).expect("stiff");
    elastic.solve(loads, None, EXACT, &AtomicBool::new(false), |_, _| true).expect("solved").0
}

#[test]
fn the_whole_derivative_is_that_of_differences() {
    let n: usize = COUNTS.iter().product();
    let density: Vec<f64> = random(5, n).iter().map(|r| 0.3 + 0.7 * r).collect();
    let mut elastic = Elastic::new(cantilever(COUNTS), &stiffness(&density, LEAST)).expect("a structure");
    let loads = vec![edge(COUNTS)];
    let stresses = |u: &Displacement, density: &[f64]| -> Vec<f64> {
        (0..n).map(|c| relaxed(density[c], BRICK.von_mises(&corners(u, c)))).collect()
    };
    let u = solved(&mut elastic, &density, &loads);
    let all = stresses(&u, &density);
    let clusters = Clusters::new(8.0, 1, &all, |c| c % 5 != 0);
    let domain = Domain::full(COUNTS).expect("a box");
    let pulled = pull(&domain, &BRICK, &density, |c| corners(&u, c), &clusters.slope(&all, 0));
    let [nx, ny, _] = COUNTS.map(|n| n + 1);
    let at = |n: usize| [n % nx, n / nx % ny, n / (nx * ny)];
    let forces = pulled.nodes.iter().enumerate().map(|(n, force)| Load { at: at(n), force: *force }).collect();
    let adjoint = solved(&mut elastic, &density, &[forces]);
    let mutual = &elastic.mutual(&adjoint, &u)[0];
    // Of one field with itself it is the energy.
    for (m, e) in elastic.mutual(&u, &u)[0].iter().zip(&elastic.energies(&u)[0]) {
        assert!((m / e - 1.0).abs() < 1e-10, "{m} {e}");
    }
    let exact: Vec<f64> =
        (0..n).map(|c| pulled.density[c] - 3.0 * density[c].powi(2) * (1.0 - LEAST) * mutual[c]).collect();
    let scale = exact.iter().fold(0.0f64, |m, d| m.max(d.abs()));
    for cell in (0..n).step_by(3) {
        let mut value = |by: f64| {
            let mut moved = density.clone();
            moved[cell] += by;
            let u = solved(&mut elastic, &moved, &loads);
            clusters.values(&stresses(&u, &moved))[0]
        };
        let difference = (value(1e-5) - value(-1e-5)) / 2e-5;
        assert!((difference - exact[cell]).abs() < 1e-5 * scale, "cell {cell}: {difference} for {}", exact[cell]);
    }
}
