//! The error estimate against the true error, and orders of convergence.

use crate::closed_form::{E, beam, kirsch, lame};
use glam::DVec3;

fn check(name: &str, pairs: &[(f64, f64)], order_min: f64) {
    for (truth, estimate) in pairs {
        println!("{name}: error {truth:.3e}, effectivity {:.3}", estimate / truth);
        assert!((0.7..1.4).contains(&(estimate / truth)), "{name}: effectivity {}", estimate / truth);
    }
    for pair in pairs.windows(2) {
        let order = (pair[0].0 / pair[1].0).log2();
        println!("{name}: order {order:.2}");
        assert!(order > order_min, "{name}: order {order}");
    }
}

#[test]
fn the_estimate_follows_the_true_error_of_a_thick_ring() {
    let run = |n| {
        let (solved, exact) = lame(n);
        let diagonal = DVec3::new(1.0, 1.0, 0.0) * (0.1 * std::f64::consts::FRAC_1_SQRT_2);
        // Turned by 45°, the hoop stress is half the sum of the normal ones less the shear.
        let s = solved.stress_at(diagonal);
        let hoop = 0.5 * (s[0] + s[1]) - s[3];
        let moved = solved.at(DVec3::new(0.1, 0.0, 0.0)).x;
        println!("n {n}: hoop {hoop:.5e}, u {moved:.6e}");
        (solved.errors(exact), hoop, moved)
    };
    let all = [6, 12].map(run);
    check("Lamé", &all.map(|a| a.0), 1.8);
    assert!((all[1].1 / 166.667e6 - 1.0).abs() < 5e-3, "{}", all[1].1);
    assert!((all[1].2 / 9.07937e-5 - 1.0).abs() < 2e-3, "{}", all[1].2);
}

#[test]
fn the_estimate_follows_the_true_error_around_a_hole() {
    let run = |n| {
        let (solved, exact) = kirsch(n);
        (solved.errors(exact), solved.stress_at(DVec3::new(0.0, 1.0, 0.0))[0] / 1e6)
    };
    let all = [4, 8].map(run);
    check("Kirsch", &all.map(|a| a.0), 1.8);
    println!("Kt {} {}", all[0].1, all[1].1);
    assert!((all[1].1 / 3.0 - 1.0).abs() < 0.01, "{}", all[1].1);
}

#[test]
fn the_estimate_follows_the_true_error_of_a_beam() {
    let all = [2, 4].map(|n| {
        let (solved, exact) = beam(n, E, true);
        solved.errors(exact)
    });
    check("beam", &all, 1.8);
}
