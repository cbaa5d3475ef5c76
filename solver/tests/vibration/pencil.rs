//! Modes of one mesh: how they are scaled, what mass they carry, and that they are counted.

use crate::truth;
use glam::DVec3;
use solver::element::tet::Elasticity;
use solver::fitted::modes::{ModesError, Pencil};
use solver::linear::constraint::Constraints;
use solver::linear::eigen::Wanted;
use std::f64::consts::PI;
use std::sync::atomic::AtomicBool;

#[test]
fn elastic_modes_of_a_free_body_move_no_momentum_and_none_is_missing() {
    let size = DVec3::new(0.1, 0.02, 0.02);
    let mesh = truth::mesh(size, [6, 1, 1], |p| p);
    let held = Constraints::new(mesh.points.len());
    let materials = [Elasticity::isotropic(200e9, 0.3)];
    let densities = [8000.0];
    let shift = (2.0 * PI * 1e3f64).powi(2);
    let pencil = Pencil::vibration(&mesh, &materials, &densities, &[], &held, shift).unwrap();
    let wanted = Wanted { n: 12, tolerance: 1e-6, steps_max: 300, seed: 3 };
    let found = pencil.solve(wanted, &AtomicBool::new(false), |_, _| true).unwrap();
    assert!(found.counted, "this mesh is small");
    assert_eq!(found.modes.len(), 12);
    for m in &found.modes {
        let twice: f64 = pencil.right(&m.shape).iter().zip(&m.shape).map(|(a, b)| a * b).sum();
        assert!((twice - 1.0).abs() < 1e-8, "{twice}");
    }
    let (rigid, elastic) = found.modes.split_at(6);
    assert!(rigid.iter().all(|m| m.value.abs() < 1e-6 * shift) && elastic[0].value > shift);
    let mass = 8000.0 * size.element_product();
    let sum = |modes: &[solver::fitted::modes::Mode]| modes.iter().map(|m| pencil.effective_mass(m)).sum::<DVec3>();
    assert!((sum(rigid) / mass - DVec3::ONE).abs().max_element() < 1e-6, "{}", sum(rigid));
    assert!(sum(elastic).max_element() < 1e-6 * mass, "{}", sum(elastic));
}

#[test]
fn a_search_that_stagnates_says_where_and_why() {
    let size = DVec3::new(0.1, 0.02, 0.02);
    let mesh = truth::mesh(size, [6, 1, 1], |p| p);
    let mut held = Constraints::new(mesh.points.len());
    truth::select(&mesh, |p| p.x < 1e-9).into_iter().for_each(|n| held.fix(n, [0.0; 3]));
    let (materials, densities) = ([Elasticity::isotropic(200e9, 0.3)], [8000.0]);
    let pencil = Pencil::vibration(&mesh, &materials, &densities, &[], &held, 0.0).unwrap();
    let wanted = Wanted { n: 6, tolerance: 1e-9, steps_max: 2, seed: 3 };
    let error = pencil.solve(wanted, &AtomicBool::new(false), |_, _| true).unwrap_err();
    let ModesError::Stagnated { place, .. } = &error else { panic!("{error}") };
    let numbers: Vec<f64> = place.split(|c: char| !"-.0123456789".contains(c)).filter_map(|n| n.parse().ok()).collect();
    assert_eq!(numbers.len(), 3, "{place}");
    let at = DVec3::from_slice(&numbers) * 1e-3;
    assert!(at.cmpge(DVec3::splat(-1e-6)).all() && at.cmple(size + 1e-6).all(), "outside of the body: {place}");
    // Two steps from a random start leave something everywhere, or at a corner: either is said.
    let words = error.to_string();
    assert!(
        words.contains("of 6 eigenvalues converged in 2 steps") && words.contains("; the worst place is at"),
        "{words}"
    );
    assert!(words.contains("what is left is") || words.contains("ask for a few more"), "{words}");
}
