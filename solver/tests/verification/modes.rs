//! Modal and buckling cases, on mapped meshes of ten-node tetrahedra.

use crate::row::{Basis, Row};
use crate::truth;
use glam::DVec3;
use solver::element::tet::Elasticity;
use solver::fitted::modes::{Modes, Pencil};
use solver::fitted::{Mesh, Problem, recover};
use solver::linear::constraint::Constraints;
use solver::linear::eigen::Wanted;
use std::f64::consts::PI;
use std::sync::atomic::AtomicBool;

const WANTED: Wanted = Wanted { n: 6, tolerance: 1e-4, steps_max: 300, seed: 3 };

fn described(mesh: &Mesh) -> String {
    format!("{} tetrahedra, {} nodes", mesh.tets.len(), mesh.points.len())
}

/// The first `n` modes; `shift` 1/s², `young` Pa, `density` kg/m³.
fn modes(mesh: &Mesh, held: &Constraints<3>, young: f64, density: f64, shift: f64, n: usize) -> Modes {
    let materials = [Elasticity::isotropic(young, 0.3)];
    let densities = [density];
    let pencil = Pencil::vibration(mesh, &materials, &densities, &[], held, shift).expect("held or shifted");
    pencil.solve(Wanted { n, ..WANTED }, &AtomicBool::new(false), |_, _| true).expect("it rings")
}

/// Frequencies, Hz.
fn hertz(modes: &Modes) -> Vec<f64> {
    modes.modes.iter().map(|m| m.value.max(0.0).sqrt() / (2.0 * PI)).collect()
}

const NAMES: [&str; 6] = [
    "first frequency",
    "second frequency",
    "third frequency",
    "fourth frequency",
    "fifth frequency",
    "sixth frequency",
];

/// A slender bar whose root may contract in its plane, as in beam theory.
fn slender() -> (Mesh, Constraints<3>) {
    let mesh = truth::mesh(DVec3::new(1.0, 0.02, 0.01), [40, 2, 1], |p| p);
    let mut held = Constraints::new(mesh.points.len());
    truth::select(&mesh, |p| p.x < 1e-9).into_iter().for_each(|n| held.hold(n, [1.0, 0.0, 0.0], 0.0));
    let middle = |x: f64, at: f64| (x - at).abs() < 1e-9;
    for n in truth::select(&mesh, |p| p.x < 1e-9 && middle(p.y, 0.01)) {
        held.hold(n, [0.0, 1.0, 0.0], 0.0);
    }
    for n in truth::select(&mesh, |p| p.x < 1e-9 && middle(p.z, 0.005)) {
        held.hold(n, [0.0, 0.0, 1.0], 0.0);
    }
    (mesh, held)
}

/// Cantilever: bending about the weak axis.
pub fn case_24() -> Vec<Row> {
    let (mesh, held) = slender();
    let found = hertz(&modes(&mesh, &held, 210e9, 7850.0, 1.0, 5));
    // The second and the fourth bend about the stiff axis.
    [(0, 8.3552), (2, 52.361), (4, 146.61)]
        .into_iter()
        .zip(NAMES)
        .map(|((k, reference), quantity)| Row {
            case: 24,
            name: "Slender cantilever, bending",
            mesh: described(&mesh),
            quantity,
            unit: "Hz",
            reference,
            basis: Basis::Form,
            found: found[k],
            tolerance: 5e-3,
        })
        .collect()
}

/// FV32. Half the thickness over its middle plane, which stays plane; the outer face is free, so that no stress acts
/// across.
pub fn case_25() -> Vec<Row> {
    let length = 10.0;
    let mesh = truth::mesh(DVec3::new(length, 1.0, 0.025), [32, 12, 1], |p| {
        let height = 5.0 - 4.0 * p.x / length;
        DVec3::new(p.x, (p.y - 0.5) * height, p.z)
    });
    let mut held = Constraints::new(mesh.points.len());
    truth::select(&mesh, |p| p.z < 1e-9).into_iter().for_each(|n| held.hold(n, [0.0, 0.0, 1.0], 0.0));
    for n in truth::select(&mesh, |p| p.x < 1e-9) {
        held.hold(n, [1.0, 0.0, 0.0], 0.0);
        held.hold(n, [0.0, 1.0, 0.0], 0.0);
    }
    let found = hertz(&modes(&mesh, &held, 200e9, 8000.0, 1.0, 6));
    assert_eq!(found.len(), 6);
    let rows = found.into_iter().zip([44.617, 130.01, 162.69, 245.99, 379.72, 391.41]).zip(NAMES);
    rows.map(|((found, reference), quantity)| Row {
        case: 25,
        name: "NAFEMS FV32 tapered membrane",
        mesh: described(&mesh),
        quantity,
        unit: "Hz",
        reference,
        basis: Basis::Computed,
        found,
        tolerance: 3e-3,
    })
    .collect()
}

/// FV52. Modes of bending depend on the mesh: a line support has no limit in three dimensions. The mode in the plane does
/// not.
pub fn case_27() -> Vec<Row> {
    let mesh = truth::mesh(DVec3::new(10.0, 10.0, 1.0), [8, 8, 2], |p| p);
    let mut held = Constraints::new(mesh.points.len());
    let on_edge = |p: DVec3| p.z < 1e-9 && (p.x < 1e-9 || p.y < 1e-9 || p.x > 10.0 - 1e-9 || p.y > 10.0 - 1e-9);
    truth::select(&mesh, on_edge).into_iter().for_each(|n| held.hold(n, [0.0, 0.0, 1.0], 0.0));
    let modes = modes(&mesh, &held, 200e9, 8000.0, (2.0 * PI * 20.0f64).powi(2), 10);
    let all = hertz(&modes);
    let in_plane = |k: &usize| {
        let shape = &modes.modes[*k].shape;
        let sum = |c: usize| shape.iter().skip(c).step_by(3).map(|u| u * u).sum::<f64>();
        sum(2) < 0.1 * (sum(0) + sum(1))
    };
    // Three motions in the plane are free.
    let (plane, bent): (Vec<usize>, Vec<usize>) = (3..all.len()).partition(in_plane);
    // The second and the last of the bending modes are double on a square.
    let [first, second, _, third, fourth, ..] = bent[..] else { panic!("five bending modes: {all:?}") };
    let own = plane.first().map_or(0.0, |k| all[*k]);
    let row = |quantity, found, reference, tolerance| Row {
        case: 27,
        name: "NAFEMS FV52 thick plate on its lower edges",
        mesh: described(&mesh),
        quantity,
        unit: "Hz",
        reference,
        basis: Basis::Published,
        found,
        tolerance,
    };
    vec![
        row("mode in the plane", own, 193.59, 2e-3),
        row("first bending, not graded", all[first], 45.897, 0.08),
        row("second bending, not graded", all[second], 109.44, 0.08),
        row("third bending, not graded", all[third], 167.89, 0.08),
        row("fourth bending, not graded", all[fourth], 206.19, 0.08),
    ]
}

/// Euler's column, its prestress solved for.
pub fn case_28() -> Vec<Row> {
    let (mesh, held) = slender();
    let materials = [Elasticity::isotropic(210e9, 0.3)];
    let problem = Problem::new(&mesh, &materials, &held).expect("held");
    let mut f = problem.zero();
    truth::traction(&mesh, &mut f, |p| p.x > 1.0 - 1e-9, |_, n| n / -2e-4);
    let stop = AtomicBool::new(false);
    let solution = problem.solve(&[f], 1e-10, &stop, |_, _| true).expect("converges");
    let raw = recover::raw(&mesh, &materials, &solution.u[0]).expect("sound elements");
    let pencil = Pencil::buckling(problem, &raw).expect("sound elements");
    let found = pencil.solve(Wanted { n: 2, ..WANTED }, &stop, |_, _| true).expect("it buckles");
    assert_eq!(found.modes.len(), 2);
    [(863.590, "about the weak axis", 5e-3), (4.0 * 863.590, "about the stiff axis", 1e-2)]
        .into_iter()
        .zip(&found.modes)
        .map(|((reference, quantity, tolerance), mode)| Row {
            case: 28,
            name: "Euler's column, fixed and free",
            mesh: described(&mesh),
            quantity,
            unit: "N",
            reference,
            basis: Basis::Form,
            found: mode.value,
            tolerance,
        })
        .collect()
}

/// FV12. The published value of the double mode is an upper bound, about one per cent high: finer meshes go on falling.
pub fn case_30() -> Vec<Row> {
    let mesh = truth::mesh(DVec3::new(10.0, 10.0, 0.05), [28, 28, 1], |p| p);
    let held = Constraints::new(mesh.points.len());
    let all = hertz(&modes(&mesh, &held, 200e9, 8000.0, (2.0 * PI * 0.3f64).powi(2), 12));
    // Six motions are free.
    assert_eq!(all.len(), 12);
    let rows = all[6..].iter().zip([1.622, 2.360, 2.922, 4.233, 4.233, 7.416]).zip(NAMES);
    rows.map(|((found, reference), quantity)| Row {
        case: 30,
        name: "NAFEMS FV12 free thin plate",
        mesh: described(&mesh),
        quantity,
        unit: "Hz",
        reference,
        basis: Basis::Published,
        found: *found,
        tolerance: 1e-2,
    })
    .collect()
}
