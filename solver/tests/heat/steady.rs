//! Steady temperatures.

use crate::truth;
use glam::{DMat3, DVec3};
use solver::fitted::heat::{Conduction, Conductivity, Matter, Moment, flux};
use solver::fitted::recover::{Patches, estimate_flow};
use solver::fitted::{FittedError, Mesh};
use solver::linear::constraint::Constraints;
use std::sync::atomic::AtomicBool;

/// Facets all of whose nodes satisfy `on`.
pub fn facets(mesh: &Mesh, on: impl Fn(DVec3) -> bool) -> Vec<usize> {
    let all = |f: &usize| mesh.facets[*f].nodes.iter().all(|n| on(mesh.points[*n as usize]));
    (0..mesh.facets.len()).filter(all).collect()
}

pub fn free(mesh: &Mesh) -> Constraints<1> {
    Constraints::new(mesh.points.len())
}

/// A field without sources in a bent block, given on its surface: largest error of the temperature, K; true and estimated
/// error of the flux in the norm of energy. `k`: along the columns of `frame`; a harmonic field in coordinates along those,
/// each over the root of its share of the conductivity, has no sources.
fn manufactured(n: usize, k: [f64; 3], frame: DMat3) -> (f64, f64, f64) {
    let mean = 15.0;
    let scale = DMat3::from_diagonal(DVec3::from(k.map(|k| (mean / k).sqrt()))) * frame.transpose();
    let exact = |p: DVec3| {
        let p = scale * p;
        300.0 + 0.5 * (3.0 * p.x).sin() * (4.0 * p.y).cos() * (5.0 * p.z).exp()
    };
    let slope = |p: DVec3| {
        let p = scale * p;
        let ((s, c), (sy, cy)) = ((3.0 * p.x).sin_cos(), (4.0 * p.y).sin_cos());
        scale.transpose() * (0.5 * (5.0 * p.z).exp() * DVec3::new(3.0 * c * cy, -4.0 * s * sy, 5.0 * s * cy))
    };
    let tensor = frame * DMat3::from_diagonal(k.into()) * frame.transpose();
    let mesh = truth::mesh(DVec3::ONE, [n; 3], |p| DVec3::new(p.x, p.y + 0.15 * p.x * p.x, p.z));
    let conductivity = Conductivity::Along { k: Box::new(k.map(Into::into)), frame };
    let matter = [Matter { conductivity, capacity: 1.0.into() }];
    // Every node of the surface is a group of its own, so that the given temperature varies.
    let mut surface: Vec<u32> = mesh.facets.iter().flat_map(|f| f.nodes).collect();
    surface.sort_unstable();
    surface.dedup();
    let groups: Vec<Vec<u32>> = surface.iter().map(|n| vec![*n]).collect();
    let problem = Conduction::new(&mesh, &matter, &free(&mesh), &groups, Vec::new(), false).unwrap();
    let moment = Moment {
        kept: surface.iter().map(|n| exact(mesh.points[*n as usize])).collect(),
        exchanges: Vec::new(),
        sources: vec![0.0],
    };
    let (t, _) = problem.steady(&moment, 1e-11, &AtomicBool::new(false), |_, _| true).unwrap();
    let worst = t.iter().zip(&mesh.points).fold(0.0f64, |m, (t, p)| m.max((t - exact(*p)).abs()));
    let raw = flux(&mesh, &matter, &t).unwrap();
    let recovered = Patches::new(&mesh).recover(&mesh, std::slice::from_ref(&raw)).remove(0);
    let estimate = estimate_flow(&mesh, &matter, &t, &raw, &recovered).unwrap();
    let estimated = estimate.elements.iter().sum::<f64>().sqrt();
    let mut error = 0.0;
    for e in 0..mesh.tets.len() {
        let x = mesh.nodes(e);
        for p in &solver::element::tet::FIFTEEN_POINTS {
            let w = solver::element::tet::gradients(&x, &p.at).unwrap().1 * p.share;
            let truth = -(tensor * slope(solver::element::tet::position(&x, &p.at)));
            let found = DVec3::from(solver::fitted::recover::read(&raw[e], &p.at));
            error += w * (found - truth).dot(tensor.inverse() * (found - truth));
        }
    }
    (worst, error.sqrt(), estimated)
}

#[test]
fn a_smooth_field_converges_at_the_orders_of_theory_and_the_estimate_follows() {
    let lean = DMat3::from_euler(glam::EulerRot::ZYX, 0.5, 0.3, -0.2);
    for (k, frame) in [([15.0; 3], DMat3::IDENTITY), ([20.0, 15.0, 11.0], lean)] {
        let all = [4, 8].map(|n| manufactured(n, k, frame));
        for (t, energy, estimate) in all {
            println!("temperature {t:.3e} K, energy {energy:.3e}, effectivity {:.3}", estimate / energy);
            assert!((0.7..1.4).contains(&(estimate / energy)));
        }
        let order = |a: f64, b: f64| (a / b).log2();
        println!("orders {:.2} {:.2}", order(all[0].0, all[1].0), order(all[0].1, all[1].1));
        assert!(order(all[0].0, all[1].0) > 2.5, "temperature");
        assert!(order(all[0].1, all[1].1) > 1.8, "energy");
    }
}

#[test]
fn without_anything_that_fixes_the_temperature_it_says_so() {
    let mesh = truth::mesh(DVec3::ONE, [4; 3], |p| p);
    let matter = [Matter { conductivity: 1.0.into(), capacity: 1.0.into() }];
    let problem = Conduction::new(&mesh, &matter, &free(&mesh), &[], Vec::new(), false).unwrap();
    let moment = Moment { sources: vec![1.0], ..Moment::default() };
    let found = problem.steady(&moment, 1e-10, &AtomicBool::new(false), |_, _| true);
    println!("{found:?}");
    assert!(matches!(found, Err(FittedError::Loose)));
}
