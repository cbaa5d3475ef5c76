//! Loads, supports and materials beyond the list of cases, against closed forms.

use crate::closed_form::{E, NU, hold};
use crate::row::{Basis, Row};
use crate::truth::{self, solve};
use glam::{DMat3, DVec3};
use solver::element::tet::{Elasticity, Orthotropic, matrix};
use solver::fitted::{Mesh, Problem, Spring, motion, push};
use solver::linear::constraint::Constraints;
use solver::mechanics::load::Spin;
use std::f64::consts::FRAC_PI_2;
use std::sync::atomic::AtomicBool;

fn near(x: f64, y: f64) -> bool {
    (x - y).abs() < 1e-9 * (1.0 + y.abs())
}

fn described(mesh: &Mesh) -> String {
    format!("{} tetrahedra, {} nodes", mesh.tets.len(), mesh.points.len())
}

/// A thin disc with a hole that turns steadily, a quarter of it: Timoshenko & Goodier, Theory of Elasticity, § 32.
pub fn turning_disc() -> Vec<Row> {
    let (a, b, speed, density) = (0.1, 0.3, 500.0f64, 7850.0);
    let n = 12;
    let mesh = truth::mesh(DVec3::new(b - a, FRAC_PI_2, 1e-3), [n, n, 1], |q| {
        let s = q.x / (b - a);
        let r = a + (b - a) * s * (0.5 + 0.5 * s);
        DVec3::new(r * q.y.cos(), r * q.y.sin(), q.z)
    });
    let mut held = Constraints::new(mesh.points.len());
    (0..3).for_each(|axis| hold(&mesh, &mut held, axis, |p| near(p[axis], 0.0)));
    let spin = Spin { point: DVec3::new(0.0, 0.0, 7.0), axis: DVec3::Z, square: speed * speed };
    let s = solve(mesh, Elasticity::isotropic(E, NU), &held, |m, f| {
        for t in 0..m.tets.len() {
            let load = matrix::body_force(&m.nodes(t), |p| density * spin.acceleration(p)).expect("sound elements");
            m.tets[t].iter().zip(load).for_each(|(n, load)| push(f, *n, load));
        }
    });
    let k = (3.0 + NU) / 4.0 * density * speed * speed;
    let hoop = k * (b * b + (1.0 - NU) / (3.0 + NU) * a * a);
    let rim = k * (a * a + (1.0 - NU) / (3.0 + NU) * b * b);
    let row = |quantity, unit, reference, found, tolerance| Row {
        case: 0,
        name: "Turning disc with a hole",
        mesh: described(&s.mesh),
        quantity,
        unit,
        reference,
        basis: Basis::Form,
        found,
        tolerance,
    };
    vec![
        row("σθ at the hole", "MPa", hoop / 1e6, s.stress_at(DVec3::new(a, 0.0, 0.0))[1] / 1e6, 5e-3),
        row("u at the hole", "m", a / E * hoop, s.at(DVec3::new(a, 0.0, 0.0)).x, 1e-3),
        row("u at the rim", "m", b / E * rim, s.at(DVec3::new(b, 0.0, 0.0)).x, 1e-3),
    ]
}

/// Half of a long beam on springs, pressed in its middle: Hetényi, Beams on Elastic Foundation (1946), § 2.
pub fn beam_on_springs() -> Vec<Row> {
    let (l, h, b, lambda, force) = (1.0, 0.01f64, 0.01, 6.0f64, 1000.0);
    let bed = 4.0 * lambda.powi(4) * E * h.powi(3) / 12.0;
    let mesh = truth::mesh(DVec3::new(l, b, h), [80, 1, 1], |p| p);
    let on = |axis: usize| move |p: DVec3| near(p[axis], 0.0);
    let mut held = Constraints::new(mesh.points.len());
    (0..2).for_each(|axis| hold(&mesh, &mut held, axis, on(axis)));
    let below = |f: &&solver::fitted::Facet| f.nodes.iter().all(|n| on(2)(mesh.points[*n as usize]));
    let springs: Vec<Spring> =
        mesh.facets.iter().filter(below).map(|f| Spring { nodes: f.nodes, normal: bed, tangential: 0.0 }).collect();
    let materials = [Elasticity::isotropic(E, NU)];
    let problem = Problem::sprung(&mesh, &materials, &springs, &held).expect("held");
    let mut f = problem.zero();
    truth::traction(&mesh, &mut f, on(0), |_, _| DVec3::NEG_Z * (0.5 * force / (b * h)));
    let u = problem.solve(&[f], 1e-11, &AtomicBool::new(false), |_, _| true).expect("converges").u.remove(0);
    // Down the middle line of the beam's height.
    let down = |x: f64| {
        let p = DVec3::new(x, 0.0, 0.5 * h);
        let away = |n: &u32| mesh.points[*n as usize].distance_squared(p);
        let n = (0..mesh.points.len() as u32).min_by(|i, j| away(i).total_cmp(&away(j))).expect("nodes");
        -motion(&u, n).z
    };
    let exact = |x: f64| {
        let y: f64 = lambda * x;
        force * lambda / (2.0 * bed * b) * (-y).exp() * (y.cos() + y.sin())
    };
    let row = |quantity, x| Row {
        case: 0,
        name: "Long beam on an elastic foundation",
        mesh: described(&mesh),
        quantity,
        unit: "m",
        reference: exact(x),
        basis: Basis::Form,
        found: down(x),
        tolerance: 0.01,
    };
    vec![row("w under the force", 0.0), row("w at a quarter of the half", 0.25)]
}

/// A hole in a wide thin ply pulled along its stiff direction: Lekhnitskii, Anisotropic Plates (1968), § 43.
pub fn hole_in_a_ply() -> Vec<Row> {
    let (a, w, t, pull) = (1.0, 30.0, 0.05, 1e6);
    let [e1, e2, g12, nu12] = [40e9, 10e9, 4e9, 0.25f64];
    let ply = Orthotropic {
        name: "Ply".into(),
        source: String::new(),
        young: [e1, e2, 10e9],
        poisson: [nu12, 0.25, 0.3],
        shear: [g12, g12, 3.5e9],
        density: 1600.0,
        expansion: [0.0; 3],
        frame: DMat3::IDENTITY,
    };
    let mesh = truth::mesh(DVec3::new(1.0, 1.0, t), [36, 40, 1], |q| {
        // Along rays from the hole, smaller at it; and finer where the stress is highest, at y.
        let angle = FRAC_PI_2 * (1.0 - (1.0 - q.y).powf(1.25));
        let (c, s) = (angle.cos(), angle.sin());
        let out = w / c.max(s);
        let r = a * (out / a).powf(0.08 * q.x + 0.92 * q.x * q.x);
        DVec3::new(r * c, r * s, q.z)
    });
    let mut held = Constraints::new(mesh.points.len());
    (0..3).for_each(|axis| hold(&mesh, &mut held, axis, |p| near(p[axis], 0.0)));
    let s = solve(mesh, ply.elasticity(), &held, |m, f| {
        truth::traction(m, f, |p| near(p.x, w), |_, n| pull * n);
    });
    let kt = 1.0 + (2.0 * ((e1 / e2).sqrt() - nu12) + e1 / g12).sqrt();
    vec![Row {
        case: 0,
        name: "Hole in a wide orthotropic ply",
        mesh: described(&s.mesh),
        quantity: "stress concentration",
        unit: "",
        reference: kt,
        basis: Basis::Form,
        found: s.stress_at(DVec3::Y)[0] / pull,
        tolerance: 0.02,
    }]
}
