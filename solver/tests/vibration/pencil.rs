//! Modes of one mesh: how they are scaled, what mass they carry, and that they are counted.

use crate::truth;
use glam::DVec3;
use solver::element::tet::Elasticity;
use solver::fitted::modes::Pencil;
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
