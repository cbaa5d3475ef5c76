//! Solved problems whose exact stress is known in closed form.

use crate::truth::{self, Solved};
use glam::DVec3;
use solver::element::tet::Elasticity;
use solver::element::tet::matrix::Stress;
use solver::fitted::Mesh;
use solver::linear::constraint::Constraints;
use std::f64::consts::FRAC_PI_2;

pub const E: f64 = 210e9;
pub const NU: f64 = 0.3;

/// Holds the nodes where `on` along axis `axis`.
pub fn hold(mesh: &Mesh, held: &mut Constraints<3>, axis: usize, on: impl Fn(DVec3) -> bool) {
    let normal = DVec3::AXES[axis].to_array();
    truth::select(mesh, on).into_iter().for_each(|n| held.hold(n, normal, 0.0));
}

/// A quarter of a thick ring under inner pressure in plane strain: Lamé.
pub fn lame(n: usize) -> (Solved, impl Fn(DVec3) -> Stress) {
    let (a, b, p) = (0.1, 0.2, 100e6);
    let mesh = truth::mesh(DVec3::new(b - a, FRAC_PI_2, 0.1 / n as f64), [n, n, 1], |q| {
        let r = a + q.x;
        DVec3::new(r * q.y.cos(), r * q.y.sin(), q.z)
    });
    let mut held = Constraints::new(mesh.points.len());
    (0..3).for_each(|axis| hold(&mesh, &mut held, axis, |p| p[axis].abs() < 1e-9));
    let top = 0.1 / n as f64;
    hold(&mesh, &mut held, 2, |p| (p.z - top).abs() < 1e-9);
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
pub fn kirsch(n: usize) -> (Solved, impl Fn(DVec3) -> Stress + Copy) {
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
    (0..3).for_each(|axis| hold(&mesh, &mut held, axis, |p| p[axis].abs() < 1e-9));
    hold(&mesh, &mut held, 2, |p| (p.z - t).abs() < 1e-9);
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

/// A cantilever, 48 by 12, with the exact tractions of Timoshenko's solution, P = 1000 per unit of thickness, on both ends:
/// between walls (plane strain), or as a slab that is thin against its depth (plane stress). Root at x = 0.
pub fn beam(n: usize, young: f64, strain: bool) -> (Solved, impl Fn(DVec3) -> Stress + Copy) {
    let (l, d, p) = (48.0, 12.0, 1000.0);
    let t = if strain { d / n as f64 } else { 0.2 };
    let mesh = truth::mesh(DVec3::new(l, d, t), [4 * n, n, 1], |q| q - DVec3::Y * (0.5 * d));
    let inertia = d.powi(3) / 12.0;
    let exact = move |q: DVec3| {
        let xx = -p * (l - q.x) * q.y / inertia;
        let xy = p / (2.0 * inertia) * (0.25 * d * d - q.y * q.y);
        [xx, 0.0, if strain { NU * xx } else { 0.0 }, xy, 0.0, 0.0]
    };
    let mut held = Constraints::new(mesh.points.len());
    hold(&mesh, &mut held, 2, |p| p.z.abs() < 1e-9 || (strain && (p.z - t).abs() < 1e-9));
    // The tractions balance: three lines across stop the motion in the plane, where Timoshenko's solution has none.
    let root = |p: DVec3| p.x.abs() < 1e-9;
    hold(&mesh, &mut held, 0, |p| root(p) && (p.y.abs() < 1e-9 || (p.y.abs() - 0.5 * d).abs() < 1e-9));
    hold(&mesh, &mut held, 1, |p| root(p) && p.y.abs() < 1e-9);
    let ends = move |q: DVec3| q.x.abs() < 1e-9 || (q.x - l).abs() < 1e-9;
    let solved = truth::solve(mesh, Elasticity::isotropic(young, NU), &held, |m, f| {
        truth::traction(m, f, ends, |q, n| {
            let s = exact(q);
            DVec3::new(s[0] * n.x, s[3] * n.x, 0.0)
        });
    });
    (solved, exact)
}
