//! Modes and buckling.

use crate::statics::{connectivity, element};
use crate::tet_box::{Mesh, quadratic};
use glam::{DMat3, DVec3};
use solver::element::tet::{Elasticity, Inverted, matrix};
use solver::linear::constraint::Constraints;
use solver::linear::eigen::{self, EigenError, Pairs, Wanted};
use solver::linear::{Amg, Sparse, System, inertia};
use std::f64::consts::PI;
use std::sync::atomic::AtomicBool;

const YOUNG: f64 = 210e9;
const DENSITY: f64 = 7850.0;

/// Scalar matrix over the nodes of the mesh, alike for the three components.
fn scalar(mesh: &Mesh, f: impl Fn(usize, &mut [f64]) -> Result<(), Inverted> + Sync) -> Sparse<f64, 1, 1> {
    let c = connectivity(mesh);
    let mut m = Sparse::pattern(mesh.points.len(), &c);
    m.assemble(&c, f).unwrap();
    m
}

/// Smallest λ of (K + shift M) x = λ B x, B = Tᵀ (b ⊗ 1) T.
fn solve(
    mesh: &Mesh,
    c: &Constraints<3>,
    material: &Elasticity,
    shift: f64,
    density: f64,
    b: &Sparse<f64, 1, 1>,
    n: usize,
) -> (Result<Pairs, EigenError>, System<3>) {
    let with_mass = |e: usize, out: &mut [f64]| -> Result<(), Inverted> {
        element(mesh, material, e, out)?;
        if shift > 0.0 {
            let mut m = [0.0; 100];
            matrix::mass(&mesh.nodes(e), shift * density, &mut m)?;
            for (k, v) in m.iter().enumerate() {
                for i in 0..3 {
                    out[(3 * (k / 10) + i) * 30 + 3 * (k % 10) + i] += v;
                }
            }
        }
        Ok(())
    };
    let system = System::new(c.build(&mesh.points).unwrap(), connectivity(mesh), with_mass).unwrap();
    let t = &system.transform;
    let amg = Amg::mechanics(&system.matrix, t, &mesh.points, &mesh.middles()).unwrap();
    let apply = |x: &[f64], y: &mut [f64]| {
        let (mut u, mut v) = (vec![0.0; 3 * t.n_nodes()], vec![0.0; 3 * t.n_nodes()]);
        t.expand_linear(x, &mut u);
        b.apply_each::<3>(&u, &mut v);
        t.reduce(&v, y);
    };
    let wanted = Wanted { n, tolerance: 1e-6, steps_max: 200, seed: 7 };
    let pairs = eigen::solve(&system.matrix, &amg, &apply, &|_| None, wanted, &AtomicBool::new(false), |_, _| true);
    (pairs, system)
}

fn hertz(lambda: f64) -> f64 {
    lambda.max(0.0).sqrt() / (2.0 * PI)
}

fn slender() -> (Mesh, Constraints<3>, Elasticity) {
    let mesh = quadratic(DVec3::new(1.0, 0.02, 0.01), [40, 2, 1], |p| p);
    // The root may contract in its plane, as in beam theory.
    let mut c = Constraints::new(mesh.points.len());
    for n in mesh.select(|p| p.x == 0.0) {
        c.hold(n, [1.0, 0.0, 0.0], 0.0);
    }
    for n in mesh.select(|p| p.x == 0.0 && p.y == 0.01) {
        c.hold(n, [0.0, 1.0, 0.0], 0.0);
    }
    for n in mesh.select(|p| p.x == 0.0 && p.z == 0.005) {
        c.hold(n, [0.0, 0.0, 1.0], 0.0);
    }
    (mesh, c, Elasticity::isotropic(YOUNG, 0.3))
}

#[test]
fn a_slender_cantilever_rings_as_euler_says() {
    let (mesh, c, material) = slender();
    let m = scalar(&mesh, |e, out| matrix::mass(&mesh.nodes(e), DENSITY, out));
    let (pairs, system) = solve(&mesh, &c, &material, 0.0, DENSITY, &m, 5);
    let pairs = pairs.unwrap();
    let f: Vec<f64> = pairs.values.iter().map(|l| hertz(*l)).collect();
    println!("{f:?} in {} steps, {} missed at first", pairs.steps, pairs.missed_at_first);
    // Validation case 24; the second plane is twice as stiff.
    for (found, exact) in [(f[0], 8.3552), (f[1], 2.0 * 8.3552), (f[2], 52.361), (f[3], 2.0 * 52.361), (f[4], 146.61)] {
        assert!((found / exact - 1.0).abs() < 5e-3, "{found} {exact}");
    }
    // None is missing: negative pivots of K − s M just above the last.
    let s = pairs.values[4] * 1.01;
    let shifted = System::new(c.build(&mesh.points).unwrap(), connectivity(&mesh), |e, out| {
        element(&mesh, &material, e, out)?;
        let mut m = [0.0; 100];
        matrix::mass(&mesh.nodes(e), -s * DENSITY, &mut m)?;
        for (k, v) in m.iter().enumerate() {
            for i in 0..3 {
                out[(3 * (k / 10) + i) * 30 + 3 * (k % 10) + i] += v;
            }
        }
        Ok::<(), Inverted>(())
    })
    .unwrap();
    assert_eq!(inertia::negative(&shifted.matrix), Some(5));
    assert_eq!(inertia::negative(&system.matrix), Some(0));
    // A-orthonormal.
    let mut ax = vec![0.0; pairs.vectors[0].len()];
    system.matrix.apply(1.0, &pairs.vectors[1], 0.0, &mut ax);
    let dot = |k: usize| pairs.vectors[k].iter().zip(&ax).map(|(a, b)| a * b).sum::<f64>();
    assert!((dot(1) - 1.0).abs() < 1e-8 && dot(0).abs() < 1e-8);
}

#[test]
fn a_column_buckles_at_eulers_load() {
    let (mesh, c, material) = slender();
    // Unit load: uniform stress −1/A, which the slender column has away from its root.
    let stress = DMat3::from_diagonal(DVec3::new(-1.0 / 2e-4, 0.0, 0.0));
    let minus = scalar(&mesh, |e, out| matrix::gradient_matrix(&mesh.nodes(e), &[-stress], out));
    let (pairs, _) = solve(&mesh, &c, &material, 0.0, DENSITY, &minus, 2);
    let pairs = pairs.unwrap();
    println!("{:?} in {} steps", pairs.values, pairs.steps);
    // Validation case 28, and four times that about the stiff axis.
    assert!((pairs.values[0] / 863.590 - 1.0).abs() < 5e-3, "{}", pairs.values[0]);
    assert!((pairs.values[1] / (4.0 * 863.590) - 1.0).abs() < 1e-2, "{}", pairs.values[1]);
    // Drawn instead of pressed it does not buckle.
    let plus = scalar(&mesh, |e, out| matrix::gradient_matrix(&mesh.nodes(e), &[stress], out));
    let (pairs, _) = solve(&mesh, &c, &material, 0.0, DENSITY, &plus, 1);
    assert!(matches!(pairs, Err(EigenError::NonePositive)), "{pairs:?}");
}

#[test]
fn a_free_bar_has_six_rigid_modes_and_double_ones() {
    // Square section: bending comes in pairs, which a single vector could miss.
    let h = 0.02;
    let mesh = quadratic(DVec3::new(1.0, h, h), [40, 1, 1], |p| p);
    let c = Constraints::new(mesh.points.len());
    let material = Elasticity::isotropic(YOUNG, 0.3);
    let m = scalar(&mesh, |e, out| matrix::mass(&mesh.nodes(e), DENSITY, out));
    let shift = (2.0 * PI * 30.0).powi(2);
    let (pairs, _) = solve(&mesh, &c, &material, shift, DENSITY, &m, 10);
    let pairs = pairs.unwrap();
    let f: Vec<f64> = pairs.values.iter().map(|l| hertz(l - shift)).collect();
    println!("{f:?} in {} steps, {} missed at first", pairs.steps, pairs.missed_at_first);
    assert!(f[..6].iter().all(|f| *f < 0.1));
    // Euler and Bernoulli: (β L)² / 2π √(E I / ρ A) / L².
    let unit = (YOUNG / DENSITY).sqrt() * h / 12f64.sqrt() / (2.0 * PI);
    for (found, beta) in f[6..].iter().zip([4.730_04, 4.730_04, 7.853_2, 7.853_2]) {
        assert!((found / (unit * beta * beta) - 1.0).abs() < 0.01, "{found}");
    }
}
