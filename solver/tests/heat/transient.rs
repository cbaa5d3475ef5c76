//! Temperatures over time.

use crate::steady::{facets, free};
use crate::truth;
use glam::DVec3;
use solver::fitted::heat::{Conduction, Exchange, Law, Matter, Moment};
use solver::fitted::march::march;
use std::sync::atomic::AtomicBool;

/// A block without conduction resistance to speak of cools by a film: an exponential in time.
fn cooling(tolerance: f64) -> (f64, f64, usize) {
    let mesh = truth::mesh(DVec3::splat(0.01), [2; 3], |p| p);
    let matter = [Matter { conductivity: 1e5.into(), capacity: 3.6e6.into() }];
    let film = Exchange { facets: facets(&mesh, |p| p.x == 0.0 || p.x == 0.01), law: Law::Film(500.0) };
    let problem = Conduction::new(&mesh, &matter, &free(&mesh), &[], vec![film], true).unwrap();
    let at = |_: f64| Moment { kept: Vec::new(), exchanges: vec![300.0], sources: vec![0.0] };
    let rate: f64 = 2.0 * 500.0 / (0.01 * 3.6e6);
    let end = 2.0 / rate;
    let (mut off, mut stated, mut n) = (0.0f64, 0.0, 0);
    let start = vec![400.0; mesh.points.len()];
    march(&problem, &start, &[0.5 * end, end], tolerance, &at, &AtomicBool::new(false), |r| {
        let exact = 300.0 + 100.0 * (-rate * r.time).exp();
        off = off.max(r.temperature.iter().fold(0.0, |m, t| m.max((t - exact).abs())));
        let flows = problem.flows(r.temperature, Some(r.rate), r.moment);
        assert!(flows.imbalance() < 1e-5, "{flows:?}");
        (stated, n) = (r.error, r.n_steps);
        true
    })
    .unwrap();
    (off, stated, n)
}

#[test]
fn the_error_of_the_steps_is_of_second_order_and_within_what_is_stated() {
    let all = [1e-2, 1e-4].map(cooling);
    for (off, stated, n) in all {
        println!("off by {off:.3e} K, stated {stated:.3e} K, {n} steps");
        assert!(off <= 1.2 * stated);
    }
    let order = (all[0].0 / all[1].0).ln() / (all[1].2 as f64 / all[0].2 as f64).ln();
    println!("order {order:.2}");
    assert!(order > 1.6, "{order}");
}

#[test]
fn a_radiating_block_cools_as_its_closed_form_says() {
    // V ρ c Ṫ = −ε σ A T⁴ in empty space: T⁻³ grows linearly.
    let mesh = truth::mesh(DVec3::splat(0.01), [1; 3], |p| p);
    let capacity = 3.6e6;
    let matter = [Matter { conductivity: 1e5.into(), capacity: capacity.into() }];
    let all = Exchange { facets: facets(&mesh, |p| p.x == 0.0), law: Law::Radiation(0.9) };
    let problem = Conduction::new(&mesh, &matter, &free(&mesh), &[], vec![all], true).unwrap();
    let at = |_: f64| Moment { kept: Vec::new(), exchanges: vec![0.0], sources: vec![0.0] };
    let start = vec![1200.0; mesh.points.len()];
    let mut found = (0.0, 0);
    march(&problem, &start, &[400.0], 1e-3, &at, &AtomicBool::new(false), |r| {
        found = (r.temperature[0], r.n_steps);
        true
    })
    .unwrap();
    let rate = 3.0 * 0.9 * solver::fitted::heat::STEFAN_BOLTZMANN / (0.01 * capacity);
    let exact = (1200f64.powi(-3) + rate * 400.0).powf(-1.0 / 3.0);
    println!("{:.4} K after {} steps, expected {exact:.4} K", found.0, found.1);
    assert!((found.0 - exact).abs() < 1.0);
}
