//! The error estimate against the true error, and orders of convergence.

use crate::truth::{self, Solved};
use glam::DVec3;
use solver::element::tet::Elasticity;
use solver::element::tet::matrix::Stress;
use solver::linear::constraint::Constraints;
use std::f64::consts::FRAC_PI_2;

const E: f64 = 210e9;
const NU: f64 = 0.3;

/// A quarter of a thick ring under inner pressure in plane strain: Lamé.
fn lame(n: usize) -> (Solved, impl Fn(DVec3) -> Stress) {
    let (a, b, p) = (0.1, 0.2, 100e6);
    let mesh = truth::mesh(DVec3::new(b - a, FRAC_PI_2, 0.1 / n as f64), [n, n, 1], |q| {
        let r = a + q.x;
        DVec3::new(r * q.y.cos(), r * q.y.sin(), q.z)
    });
    let mut held = Constraints::new(mesh.points.len());
    for axis in 0..3 {
        let normal = DVec3::AXES[axis].to_array();
        truth::select(&mesh, |p| p[axis].abs() < 1e-9).into_iter().for_each(|n| held.hold(n, normal, 0.0));
    }
    let top = 0.1 / n as f64;
    truth::select(&mesh, |p| (p.z - top).abs() < 1e-9).into_iter().for_each(|n| held.hold(n, [0.0, 0.0, 1.0], 0.0));
    let inner = move |q: DVec3| (q.x.hypot(q.y) - a).abs() < 1e-9;
    let solved = truth::solve(mesh, Elasticity::isotropic(E, NU), &held, |m, f| {
        truth::traction(m, f, inner, |_, n| -p * n);
    });
    let exact = move |q: DVec3| {
        let r2 = q.x * q.x + q.y * q.y;
        let k = p * a * a / (b * b - a * a);
        let (radial, hoop) = (k * (1.0 - b * b / r2), k * (1.0 + b * b / r2));
        let (c, s) = (q.x * q.x / r2, q.y * q.y / r2);
        let cross = q.x * q.y / r2;
        [radial * c + hoop * s, radial * s + hoop * c, NU * (radial + hoop), (radial - hoop) * cross, 0.0, 0.0]
    };
    (solved, exact)
}

/// A quarter of a square plate with a hole in plane strain, drawn along x, with the exact tractions on its outer edges.
fn kirsch(n: usize) -> (Solved, impl Fn(DVec3) -> Stress + Copy) {
    let (a, w, t, s) = (1.0, 4.0, 1.0 / n as f64, 1e6);
    // From the hole to the square's edge along rays; smaller elements at the hole.
    let mesh = truth::mesh(DVec3::new(1.0, 1.0, t), [n, 2 * n, 1], |q| {
        let angle = FRAC_PI_2 * q.y;
        let (c, s) = (angle.cos(), angle.sin());
        let out = w / c.max(s);
        let r = a + (out - a) * (0.4 * q.x + 0.6 * q.x * q.x);
        DVec3::new(r * c, r * s, q.z)
    });
    let mut held = Constraints::new(mesh.points.len());
    for axis in 0..3 {
        let normal = DVec3::AXES[axis].to_array();
        truth::select(&mesh, |p| p[axis].abs() < 1e-9).into_iter().for_each(|n| held.hold(n, normal, 0.0));
    }
    truth::select(&mesh, |p| (p.z - t).abs() < 1e-9).into_iter().for_each(|n| held.hold(n, [0.0, 0.0, 1.0], 0.0));
    let exact = move |p: DVec3| {
        let (r, angle) = (p.x.hypot(p.y), p.y.atan2(p.x));
        let k = (a / r).powi(2);
        let (c2, c4, s2, s4) = ((2.0 * angle).cos(), (4.0 * angle).cos(), (2.0 * angle).sin(), (4.0 * angle).sin());
        let xx = s * (1.0 - k * (1.5 * c2 + c4) + 1.5 * k * k * c4);
        let yy = s * (-k * (0.5 * c2 - c4) - 1.5 * k * k * c4);
        let xy = s * (-k * (0.5 * s2 + s4) + 1.5 * k * k * s4);
        [xx, yy, NU * (xx + yy), xy, 0.0, 0.0]
    };
    let outer = move |p: DVec3| (p.x - w).abs() < 1e-9 || (p.y - w).abs() < 1e-9;
    let solved = truth::solve(mesh, Elasticity::isotropic(E, NU), &held, |m, f| {
        truth::traction(m, f, outer, |p, n| {
            let q = exact(p);
            DVec3::new(q[0] * n.x + q[3] * n.y, q[3] * n.x + q[1] * n.y, 0.0)
        });
    });
    (solved, exact)
}

/// A cantilever in plane strain with the exact tractions of Timoshenko's solution on both ends.
fn beam(n: usize) -> (Solved, impl Fn(DVec3) -> Stress + Copy) {
    let (l, d, p) = (48.0, 12.0, 1000.0);
    let t = d / n as f64;
    let mesh = truth::mesh(DVec3::new(l, d, t), [4 * n, n, 1], |q| q - DVec3::Y * (0.5 * d));
    let inertia = d.powi(3) / 12.0;
    // x from the loaded end; per unit thickness.
    let exact = move |q: DVec3| {
        let xx = -p * (l - q.x) * q.y / inertia;
        let xy = p / (2.0 * inertia) * (0.25 * d * d - q.y * q.y);
        [xx, 0.0, NU * xx, xy, 0.0, 0.0]
    };
    let mut held = Constraints::new(mesh.points.len());
    for side in [0.0, t] {
        truth::select(&mesh, |p| (p.z - side).abs() < 1e-9)
            .into_iter()
            .for_each(|n| held.hold(n, [0.0, 0.0, 1.0], 0.0));
    }
    // The tractions balance: three points stop the motion in the plane.
    for q in truth::select(&mesh, |p| p.x.abs() < 1e-9 && (p.y.abs() < 1e-9 || (p.y.abs() - 0.5 * d).abs() < 1e-9)) {
        held.hold(q, [1.0, 0.0, 0.0], 0.0);
        if mesh.points[q as usize].y.abs() < 1e-9 {
            held.hold(q, [0.0, 1.0, 0.0], 0.0);
        }
    }
    let ends = move |q: DVec3| q.x.abs() < 1e-9 || (q.x - l).abs() < 1e-9;
    let solved = truth::solve(mesh, Elasticity::isotropic(E, NU), &held, |m, f| {
        truth::traction(m, f, ends, |q, n| {
            let s = exact(q);
            DVec3::new(s[0] * n.x, s[3] * n.x, 0.0)
        });
    });
    (solved, exact)
}

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
        let (solved, exact) = beam(n);
        solved.errors(exact)
    });
    check("beam", &all, 1.8);
}
