//! Speed of heat over time, as JSON lines `{name, value, unit, target, better}`.
//!
//! `cargo run --release -p solver --features solve --example bench_heat [-- small]`: a block of 200 thousand nodes (6 thousand with
//! `small`), heated on one end and cooled on the other through a hundred moments.

#![allow(clippy::print_stdout)]

#[path = "../benches/figure.rs"]
mod figure;
#[path = "../tests/support/tet_box.rs"]
#[allow(dead_code)] // Tests use the rest of it.
mod tet_box;
#[path = "../tests/support/truth.rs"]
#[allow(dead_code)]
mod truth;

use figure::{Target, line};
use glam::DVec3;
use solver::fitted::Mesh;
use solver::fitted::heat::{Conduction, Exchange, Law, Matter, Moment};
use solver::fitted::march::march;
use solver::linear::constraint::Constraints;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Moments to land on; what lies between them is the accuracy's business.
const MOMENTS: usize = 100;

fn facets(mesh: &Mesh, on: impl Fn(DVec3) -> bool) -> Vec<usize> {
    let all = |f: &usize| mesh.facets[*f].nodes.iter().all(|n| on(mesh.points[*n as usize]));
    (0..mesh.facets.len()).filter(all).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let small = std::env::args().any(|a| a == "small");
    // Nodes of quadratic tetrahedra lie on a lattice of half cells.
    let counts = if small { [12, 7, 7] } else { [45, 23, 23] };
    let mesh = truth::mesh(DVec3::from_array(counts.map(|c| 0.002 * c as f64)), counts, |p| p);
    let length = 0.002 * counts[0] as f64;
    let start = Instant::now();
    // Steel.
    let matter = [Matter { conductivity: 50.0.into(), capacity: (7850.0 * 460.0).into() }];
    let exchanges = vec![
        Exchange { facets: facets(&mesh, |p| p.x == 0.0), law: Law::Flux },
        Exchange { facets: facets(&mesh, |p| (p.x - length).abs() < 1e-12), law: Law::Film(500.0) },
    ];
    let problem = Conduction::new(&mesh, &matter, &Constraints::new(mesh.points.len()), &[], exchanges, true)?;
    let at = |_: f64| Moment { kept: Vec::new(), exchanges: vec![2e5, 293.15], sources: vec![0.0] };
    let stops: Vec<f64> = (1..=MOMENTS).map(|k| 2.0 * k as f64).collect();
    let (mut n_steps, mut iterations, mut highest) = (0, 0, 0.0);
    let initial = vec![293.15; mesh.points.len()];
    march(&problem, &initial, &stops, 2e-2, &at, &AtomicBool::new(false), |r| {
        (n_steps, iterations) = (r.n_steps, r.iterations);
        highest = r.temperature.iter().fold(0.0f64, |m, t| m.max(*t));
        true
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let name = format!("transient heat, {} nodes", mesh.points.len());
    println!("{name}: {n_steps} steps, {iterations} iterations, {highest:.2} K at the end");
    line(&format!("{name}, {n_steps} steps"), seconds, "s", None);
    let target = if small { None } else { Some(Target::AtMost(20.0)) };
    line(&format!("{name}, per 100 steps"), seconds * 100.0 / n_steps.max(1) as f64, "s", target);
    Ok(())
}
