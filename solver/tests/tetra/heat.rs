//! Heat conduction: scalar systems.

use crate::statics::connectivity;
use crate::tet_box::quadratic;
use glam::{DMat3, DVec3};
use solver::element::tet::{Inverted, face, matrix};
use solver::linear::constraint::Constraints;
use solver::linear::{Amg, System, pcg};
use std::sync::atomic::AtomicBool;

#[test]
fn a_slab_with_a_source_and_convection_is_exact() {
    // −k T″ = q on (0, L), T(0) given, k T′ + h (T − T∞) = 0 at L: a parabola, which the elements hold exactly.
    let (k, q, h, ambient, t0, l) = (12.0, 3e4, 150.0, 20.0, 80.0, 0.1);
    let mesh = quadratic(DVec3::new(l, 0.04, 0.06), [14, 8, 10], |p| p);
    let faces = mesh.faces(|p| p.x == l);
    let n_solid = mesh.cells.len();
    let mut elements = connectivity(&mesh);
    for f in &faces {
        elements.push(f);
    }
    let mut c = Constraints::<1>::new(mesh.points.len());
    for n in mesh.select(|p| p.x == 0.0) {
        c.fix(n, [t0]);
    }
    let film = |e: usize| face::matrix(&faces[e - n_solid].map(|n| mesh.points[n as usize]), h);
    let element = |e: usize, out: &mut [f64]| -> Result<(), Inverted> {
        if e < n_solid {
            return matrix::gradient_matrix(&mesh.nodes(e), &[DMat3::from_diagonal(DVec3::splat(k))], out);
        }
        out[..36].copy_from_slice(film(e).as_flattened());
        Ok(())
    };
    let mut f = vec![0.0; mesh.points.len()];
    for e in 0..n_solid {
        // The source as a body force along one axis.
        let share = matrix::body_force(&mesh.nodes(e), |_| DVec3::X * q).unwrap();
        for (n, s) in mesh.cells[e].iter().zip(share) {
            f[*n as usize] += s.x;
        }
    }
    for (i, nodes) in faces.iter().enumerate() {
        for (n, row) in nodes.iter().zip(film(n_solid + i)) {
            f[*n as usize] += ambient * row.iter().sum::<f64>();
        }
    }
    let system = System::new(c.build(&mesh.points).unwrap(), elements, element).unwrap();
    let amg = Amg::heat(&system.matrix, &system.transform, &mesh.middles()).unwrap();
    let b = vec![system.load(&f, element).unwrap()];
    let mut x = vec![vec![0.0; b[0].len()]];
    let done = pcg::solve(&system.matrix, &amg, &b, &mut x, 1e-12, 200, &AtomicBool::new(false), |_, _| true).unwrap();
    println!("{} iterations, levels {:?}", done.iterations, amg.sizes());
    assert!(done.iterations <= 30);
    let t = system.transform.expand(&x[0]);
    // T = T0 + a x − q x² / 2k with k (a − q L / k) + h (T(L) − T∞) = 0.
    let a = (q * l - h * (t0 - ambient - q * l * l / (2.0 * k))) / (k + h * l);
    for (n, p) in mesh.points.iter().enumerate() {
        assert!((t[n] - (t0 + a * p.x - q * p.x * p.x / (2.0 * k))).abs() < 1e-8);
    }
    // Heat in through the held face leaves by the film.
    let r: f64 = system.reactions(&t, &f, element).unwrap().iter().sum();
    let area = 0.04 * 0.06;
    assert!((r + k * a * area).abs() < 1e-8 * (k * a * area).abs());
}
