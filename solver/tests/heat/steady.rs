//! Steady temperatures.

use crate::truth;
use glam::DVec3;
use solver::fitted::heat::{Conduction, Exchange, Law, Matter, Moment, flux};
use solver::fitted::recover::{Patches, estimate_flow};
use solver::fitted::{FittedError, Mesh};
use solver::linear::constraint::Constraints;
use std::sync::atomic::AtomicBool;

/// Facets all of whose nodes satisfy `on`.
pub fn facets(mesh: &Mesh, on: impl Fn(DVec3) -> bool) -> Vec<usize> {
    let all = |f: &usize| mesh.facets[*f].nodes.iter().all(|n| on(mesh.points[*n as usize]));
    (0..mesh.facets.len()).filter(all).collect()
}

pub fn node(mesh: &Mesh, p: DVec3) -> usize {
    let away = |n: &usize| mesh.points[*n].distance_squared(p);
    (0..mesh.points.len()).min_by(|a, b| away(a).total_cmp(&away(b))).unwrap()
}

pub fn free(mesh: &Mesh) -> Constraints<1> {
    Constraints::new(mesh.points.len())
}

fn solve(problem: &Conduction, moment: &Moment) -> Vec<f64> {
    let (t, iterations) = problem.steady(moment, 1e-11, &AtomicBool::new(false), |_, _| true).unwrap();
    let flows = problem.flows(&t, None, moment);
    println!("{iterations} iterations, {flows:?}");
    assert!(flows.imbalance() < 1e-8, "{flows:?}");
    t
}

/// NAFEMS T2: a rod at 1000 K on one end that radiates from the other.
#[test]
fn case_32_a_rod_that_radiates() {
    let mesh = truth::mesh(DVec3::new(0.1, 0.01, 0.01), [8, 1, 1], |p| p);
    let matter = [Matter { conductivity: 55.563, capacity: 1.0 }];
    let hot = truth::select(&mesh, |p| p.x == 0.0);
    let end = Exchange { facets: facets(&mesh, |p| p.x == 0.1), law: Law::Radiation(0.98) };
    let problem = Conduction::new(&mesh, &matter, &free(&mesh), &[hot], vec![end], false).unwrap();
    let moment = Moment { kept: vec![1000.0], exchanges: vec![300.0], sources: vec![0.0] };
    let t = solve(&problem, &moment);
    let end = t[node(&mesh, DVec3::new(0.1, 0.0, 0.0))];
    println!("case 32: {end:.4} K, expected 926.971 K");
    assert!((end / 926.971 - 1.0).abs() < 1e-3);
    // What is conducted is radiated.
    let flow = 55.563 * (1000.0 - end) / 0.1 * 1e-4;
    assert!((problem.flows(&t, None, &moment).kept[0] / flow - 1.0).abs() < 1e-8);
}

/// NAFEMS T4: a plate with convection on two edges; the cold corner of the warm edge has no finite flux.
#[test]
fn case_34_a_plate_with_convection() {
    // Smaller elements towards the point and the corner, both on the right edge.
    let mesh = truth::mesh(DVec3::new(0.6, 1.0, 0.05), [12, 20, 1], |p| {
        let (u, v) = (p.x / 0.6, p.y);
        DVec3::new(0.6 * (1.0 - (1.0 - u).powf(1.5)), v.powf(1.5) * 1.0, p.z)
    });
    let matter = [Matter { conductivity: 52.0, capacity: 1.0 }];
    let warm = truth::select(&mesh, |p| p.y == 0.0);
    let cold = [facets(&mesh, |p| (p.x - 0.6).abs() < 1e-12), facets(&mesh, |p| (p.y - 1.0).abs() < 1e-12)].concat();
    let film = Exchange { facets: cold, law: Law::Film(750.0) };
    let problem = Conduction::new(&mesh, &matter, &free(&mesh), &[warm], vec![film], false).unwrap();
    let moment = Moment { kept: vec![373.15], exchanges: vec![273.15], sources: vec![0.0] };
    let t = solve(&problem, &moment);
    // Between the nodes of the edge beside it.
    let mut edge: Vec<(f64, f64)> = (0..t.len())
        .filter(|n| (mesh.points[*n].x - 0.6).abs() < 1e-12 && mesh.points[*n].z == 0.0)
        .map(|n| (mesh.points[n].y, t[n] - 273.15))
        .collect();
    edge.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = edge.iter().position(|e| e.0 > 0.2).unwrap();
    let at = at.clamp(1, edge.len() - 2);
    let found: f64 = (at - 1..=at + 1)
        .map(|i| {
            let others = (at - 1..=at + 1).filter(|j| *j != i);
            edge[i].1 * others.map(|j| (0.2 - edge[j].0) / (edge[i].0 - edge[j].0)).product::<f64>()
        })
        .sum();
    println!("case 34: {found:.4} °C, expected 18.2538 °C");
    assert!((found / 18.2538 - 1.0).abs() < 5e-3);
}

/// A harmonic field in a bent block, given on its surface: largest error of the temperature, K; true and estimated error
/// of the flux in the norm of energy.
fn manufactured(n: usize) -> (f64, f64, f64) {
    let exact = |p: DVec3| 300.0 + 0.5 * (3.0 * p.x).sin() * (4.0 * p.y).cos() * (5.0 * p.z).exp();
    let slope = |p: DVec3| {
        let ((s, c), (sy, cy)) = ((3.0 * p.x).sin_cos(), (4.0 * p.y).sin_cos());
        0.5 * (5.0 * p.z).exp() * DVec3::new(3.0 * c * cy, -4.0 * s * sy, 5.0 * s * cy)
    };
    let k = 15.0;
    let mesh = truth::mesh(DVec3::ONE, [n; 3], |p| DVec3::new(p.x, p.y + 0.15 * p.x * p.x, p.z));
    let matter = [Matter { conductivity: k, capacity: 1.0 }];
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
    let estimate = estimate_flow(&mesh, &[k], &raw, &recovered).unwrap();
    let estimated = estimate.elements.iter().sum::<f64>().sqrt();
    let mut error = 0.0;
    for e in 0..mesh.tets.len() {
        let x = mesh.nodes(e);
        for p in &solver::element::tet::FIFTEEN_POINTS {
            let w = solver::element::tet::gradients(&x, &p.at).unwrap().1 * p.share;
            let truth = slope(solver::element::tet::position(&x, &p.at)) * -k;
            let found = DVec3::from(solver::fitted::recover::read(&raw[e], &p.at));
            error += w * (found - truth).length_squared() / k;
        }
    }
    (worst, error.sqrt(), estimated)
}

#[test]
fn a_smooth_field_converges_at_the_orders_of_theory_and_the_estimate_follows() {
    let all = [4, 8].map(manufactured);
    for (t, energy, estimate) in all {
        println!("temperature {t:.3e} K, energy {energy:.3e}, effectivity {:.3}", estimate / energy);
        assert!((0.7..1.4).contains(&(estimate / energy)));
    }
    let order = |a: f64, b: f64| (a / b).log2();
    println!("orders {:.2} {:.2}", order(all[0].0, all[1].0), order(all[0].1, all[1].1));
    assert!(order(all[0].0, all[1].0) > 2.5, "temperature");
    assert!(order(all[0].1, all[1].1) > 1.8, "energy");
}

#[test]
fn without_anything_that_fixes_the_temperature_it_says_so() {
    let mesh = truth::mesh(DVec3::ONE, [4; 3], |p| p);
    let matter = [Matter { conductivity: 1.0, capacity: 1.0 }];
    let problem = Conduction::new(&mesh, &matter, &free(&mesh), &[], Vec::new(), false).unwrap();
    let moment = Moment { sources: vec![1.0], ..Moment::default() };
    let found = problem.steady(&moment, 1e-10, &AtomicBool::new(false), |_, _| true);
    println!("{found:?}");
    assert!(matches!(found, Err(FittedError::Loose)));
}
