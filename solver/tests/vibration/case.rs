//! Published cases whose geometry or material no design has, on mapped meshes.

use crate::truth;
use glam::DVec3;
use solver::element::tet::Elasticity;
use solver::fitted::Mesh;
use solver::fitted::modes::{Modes, Pencil};
use solver::linear::constraint::Constraints;
use solver::linear::eigen::Wanted;
use std::f64::consts::PI;
use std::sync::atomic::AtomicBool;

const YOUNG: f64 = 200e9;
const POISSON: f64 = 0.3;
const DENSITY: f64 = 8000.0;

/// The first `n` modes; `shift` 1/s².
fn modes(mesh: &Mesh, held: &Constraints<3>, shift: f64, n: usize) -> Modes {
    let materials = [Elasticity::isotropic(YOUNG, POISSON)];
    let densities = [DENSITY];
    let pencil = Pencil::vibration(mesh, &materials, &densities, held, shift).unwrap();
    let wanted = Wanted { n, tolerance: 1e-4, steps_max: 300, seed: 3 };
    let modes = pencil.solve(wanted, &AtomicBool::new(false), |_, _| true).unwrap();
    // Mass-normalised.
    for m in &modes.modes {
        let twice: f64 = pencil.right(&m.shape).iter().zip(&m.shape).map(|(a, b)| a * b).sum();
        assert!((twice - 1.0).abs() < 1e-8, "{twice}");
    }
    modes
}

fn hertz(modes: &Modes) -> Vec<f64> {
    modes.modes.iter().map(|m| m.value.max(0.0).sqrt() / (2.0 * PI)).collect()
}

fn compare(name: &str, found: &[f64], truth: &[f64], tolerance: f64) {
    for (f, t) in found.iter().zip(truth) {
        println!("{name}: {f:.4} Hz, {t} Hz: {:+.3} %", 100.0 * (f / t - 1.0));
        assert!((f / t - 1.0).abs() < tolerance, "{name}: {f} against {t}");
    }
    assert!(found.len() >= truth.len(), "{name}");
}

/// Case 25, NAFEMS FV32: a tapered membrane held at its wide end. Half the thickness over its middle plane, which stays
/// plane; the outer face is free, so that no stress acts across.
#[test]
fn a_tapered_membrane_rings_as_published() {
    let (length, thickness) = (10.0, 0.05);
    let mesh = truth::mesh(DVec3::new(length, 1.0, thickness / 2.0), [32, 12, 1], |p| {
        let height = 5.0 - 4.0 * p.x / length;
        DVec3::new(p.x, (p.y - 0.5) * height, p.z)
    });
    let mut held = Constraints::new(mesh.points.len());
    truth::select(&mesh, |p| p.z < 1e-9).into_iter().for_each(|n| held.hold(n, [0.0, 0.0, 1.0], 0.0));
    for n in truth::select(&mesh, |p| p.x < 1e-9) {
        held.hold(n, [1.0, 0.0, 0.0], 0.0);
        held.hold(n, [0.0, 1.0, 0.0], 0.0);
    }
    let found = hertz(&modes(&mesh, &held, 1.0, 6));
    compare("FV32", &found, &[44.617, 130.01, 162.69, 245.99, 379.72, 391.41], 3e-3);
}

/// Case 27, NAFEMS FV52: a thick plate on its lower edges. Bending modes depend on the mesh there (a line support has no
/// limit in three dimensions); the mode in its plane does not.
#[test]
fn a_thick_plate_rings_in_its_plane_as_published() {
    let mesh = truth::mesh(DVec3::new(10.0, 10.0, 1.0), [8, 8, 2], |p| p);
    let mut held = Constraints::new(mesh.points.len());
    let on_edge = |p: DVec3| p.z < 1e-9 && (p.x < 1e-9 || p.y < 1e-9 || p.x > 10.0 - 1e-9 || p.y > 10.0 - 1e-9);
    truth::select(&mesh, on_edge).into_iter().for_each(|n| held.hold(n, [0.0, 0.0, 1.0], 0.0));
    let shift = (2.0 * PI * 20.0_f64).powi(2);
    let modes = modes(&mesh, &held, shift, 10);
    let all = hertz(&modes);
    // Three motions in the plane are free.
    assert!(all[..3].iter().all(|f| *f < 0.1) && all[3] > 1.0, "{all:?}");
    compare("FV52", &all[3..], &[45.897, 109.44, 109.44, 167.89], 0.08);
    let in_plane = |k: &usize| {
        let shape = &modes.modes[*k].shape;
        let sum = |c: usize| shape.iter().skip(c).step_by(3).map(|u| u * u).sum::<f64>();
        sum(2) < 0.1 * (sum(0) + sum(1))
    };
    let k = (3..10).find(in_plane).expect("a mode in the plane");
    compare("FV52, in its plane", &all[k..=k], &[193.59], 2e-3);
}

/// Case 30, NAFEMS FV12: a thin square plate, free.
#[test]
fn a_free_plate_rings_as_published() {
    let mesh = truth::mesh(DVec3::new(10.0, 10.0, 0.05), [28, 28, 1], |p| p);
    let held = Constraints::new(mesh.points.len());
    let shift = (2.0 * PI * 0.3_f64).powi(2);
    let found = modes(&mesh, &held, shift, 12);
    let all = hertz(&found);
    assert!(all[..6].iter().all(|f| *f < 0.01), "{all:?}");
    compare("FV12", &all[6..], &[1.622, 2.360, 2.922, 4.233, 4.233, 7.416], 1e-2);
    // A free body's elastic modes move no momentum.
    let materials = [Elasticity::isotropic(YOUNG, POISSON)];
    let pencil = Pencil::vibration(&mesh, &materials, &[DENSITY], &held, shift).unwrap();
    let mass = DENSITY * 10.0 * 10.0 * 0.05;
    let rigid: DVec3 = found.modes[..6].iter().map(|m| pencil.effective_mass(m)).sum();
    let elastic: DVec3 = found.modes[6..].iter().map(|m| pencil.effective_mass(m)).sum();
    assert!((rigid / mass - DVec3::ONE).abs().max_element() < 1e-6, "{rigid}");
    assert!(elastic.max_element() < 1e-6 * mass, "{elastic}");
}
