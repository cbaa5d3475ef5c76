//! Heat cases and thermal stress, on meshes of ten-node tetrahedra.

use crate::closed_form::{E, NU, hold};
use crate::row::{Basis, Row};
use crate::truth::{self, Solved};
use glam::DVec3;
use solver::element::tet::matrix::Stress;
use solver::element::tet::{self, Elasticity};
use solver::fitted::Mesh;
use solver::fitted::expansion::{self, Free, even};
use solver::fitted::heat::{Conduction, Exchange, Law, Matter, Moment};
use solver::fitted::march::march;
use solver::fitted::recover::{self, Patches, Raw};
use solver::linear::constraint::Constraints;
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};
use std::sync::atomic::AtomicBool;

const ICE: f64 = 273.15;

fn described(mesh: &Mesh) -> String {
    format!("{} tetrahedra, {} nodes", mesh.tets.len(), mesh.points.len())
}

/// Facets all of whose nodes satisfy `on`.
fn facets(mesh: &Mesh, on: impl Fn(DVec3) -> bool) -> Vec<usize> {
    let all = |f: &usize| mesh.facets[*f].nodes.iter().all(|n| on(mesh.points[*n as usize]));
    (0..mesh.facets.len()).filter(all).collect()
}

fn nearest(mesh: &Mesh, p: DVec3) -> usize {
    let away = |n: &usize| mesh.points[*n].distance_squared(p);
    (0..mesh.points.len()).min_by(|a, b| away(a).total_cmp(&away(b))).expect("nodes")
}

/// A problem without bonds.
fn conduction<'a>(
    mesh: &'a Mesh,
    matter: &[Matter],
    kept: &[Vec<u32>],
    exchanges: Vec<Exchange>,
    stores: bool,
) -> Conduction<'a> {
    let free = Constraints::new(mesh.points.len());
    Conduction::new(mesh, matter, &free, kept, exchanges, stores).expect("sound elements")
}

fn steady(problem: &Conduction, moment: &Moment) -> Vec<f64> {
    let (t, _) = problem.steady(moment, 1e-11, &AtomicBool::new(false), |_, _| true).expect("converges");
    assert!(problem.flows(&t, None, moment).imbalance() < 1e-8);
    t
}

/// A solved body with expansion in it: stresses at integration points and at nodes.
fn expanded(solved: &Solved, free: &Free) -> (Raw, Vec<Stress>) {
    let mut raw = solved.raw.clone();
    expansion::relieve(&solved.mesh, std::slice::from_ref(&solved.material), free, &mut raw);
    let stress = Patches::new(&solved.mesh).recover(&solved.mesh, std::slice::from_ref(&raw)).remove(0);
    (raw, stress)
}

fn expand(mesh: Mesh, material: Elasticity, held: &Constraints<3>, free: &Free) -> Solved {
    truth::solve(mesh, material.clone(), held, |m, f| {
        expansion::load(m, std::slice::from_ref(&material), free, f).expect("sound elements");
    })
}

/// Stress of a hollow cylinder, hot inside.
pub fn case_22() -> Vec<Row> {
    let (a, b, expansion, n) = (0.05, 0.1, 12e-6, 12);
    let thick = 0.05 / n as f64;
    let mesh = truth::mesh(DVec3::new(b - a, FRAC_PI_2, thick), [n, 2 * n, 1], |q| {
        let r = a + q.x;
        DVec3::new(r * q.y.cos(), r * q.y.sin(), q.z)
    });
    let at = |mesh: &Mesh, r: f64| truth::select(mesh, |p| (p.x.hypot(p.y) - r).abs() < 1e-9);
    let kept = [at(&mesh, a), at(&mesh, b)];
    let matter = [Matter { conductivity: 50.0.into(), capacity: 1.0.into() }];
    let moment = Moment { kept: vec![100.0, 0.0], exchanges: Vec::new(), sources: vec![0.0] };
    let t = steady(&conduction(&mesh, &matter, &kept, Vec::new(), false), &moment);
    let free = expansion::free(&mesh, &expansion::at_points(&mesh, &t), |_, t| even(expansion * t));
    let mut held = Constraints::new(mesh.points.len());
    (0..3).for_each(|axis| hold(&mesh, &mut held, axis, |p| p[axis].abs() < 1e-9));
    hold(&mesh, &mut held, 2, |p| (p.z - thick).abs() < 1e-9);
    let solved = expand(mesh, Elasticity::isotropic(E, NU), &held, &free);
    let (_, stress) = expanded(&solved, &free);
    [("hoop stress, inside", a, -220.315e6), ("hoop stress, outside", b, 139.685e6)]
        .map(|(quantity, r, reference)| Row {
            case: 22,
            name: "hollow cylinder, hot inside",
            mesh: described(&solved.mesh),
            quantity,
            unit: "Pa",
            reference,
            basis: Basis::Form,
            found: stress[solved.node(DVec3::new(r, 0.0, 0.0)) as usize][1],
            tolerance: 0.01,
        })
        .to_vec()
}

/// A thin square plate, 20 mm wide, with a hot spot of 1 mm radius: a quarter, from a square core through the circle to the
/// edges. Lengths in mm over 1000.
fn spotted(n: usize) -> (Mesh, Vec<[f64; 4]>) {
    let (core, circle) = (0.2, 0.5);
    let mesh = truth::mesh(DVec3::new(1.0, 1.0, 0.05), [n, n, 1], |p| {
        let m = p.x.max(p.y);
        if m == 0.0 {
            return DVec3::Z * p.z * 1e-3;
        }
        let (u, v) = (p.x / m, p.y / m);
        let angle = if v <= u { FRAC_PI_4 * v / u } else { FRAC_PI_2 - FRAC_PI_4 * u / v };
        let (inner, round, outer) = (
            DVec3::new(0.5 * u, 0.5 * v, 0.0),
            DVec3::new(angle.cos(), angle.sin(), 0.0),
            DVec3::new(10.0 * u, 10.0 * v, 0.0),
        );
        let place = if m <= core {
            inner * (m / core)
        } else if m <= circle {
            inner.lerp(round, (m - core) / (circle - core))
        } else {
            round.lerp(outer, ((m - circle) / (1.0 - circle)).powi(2))
        };
        (place + DVec3::Z * p.z) * 1e-3
    });
    let hot = |t: usize| tet::position(&mesh.nodes(t), &[0.25; 4]).truncate().length() < 1e-3;
    let rise = (0..mesh.tets.len()).map(|t| if hot(t) { [100.0; 4] } else { [0.0; 4] }).collect();
    (mesh, rise)
}

/// NAFEMS T1: membrane with a hot spot.
pub fn case_31() -> Vec<Row> {
    let (mesh, rise) = spotted(60);
    let mut held = Constraints::new(mesh.points.len());
    (0..3).for_each(|axis| hold(&mesh, &mut held, axis, |p| p[axis].abs() < 1e-12));
    hold(&mesh, &mut held, 2, |p| (p.z - 5e-5).abs() < 1e-12);
    // Beside the spot's edge a slab is not in plane stress however thin it is: the membrane is the plane strain of other
    // constants (Timoshenko & Goodier, Theory of Elasticity).
    let (young, poisson, expansion) = (100e9, 0.3, 1e-5);
    let (twice, once) = (1.0 + 2.0 * poisson, 1.0 + poisson);
    let material = Elasticity::isotropic(young * twice / (once * once), poisson / once);
    let expansion = expansion * once / twice;
    let free = expansion::free(&mesh, &rise, |_, t| even(expansion * t));
    let solved = expand(mesh, material, &held, &free);
    let (raw, _) = expanded(&solved, &free);
    // The stress jumps at the spot's edge: read in the cold elements there.
    let d = solved.node(DVec3::new(1e-3, 0.0, 0.0));
    let cold: Vec<f64> = (0..raw.len())
        .filter(|t| rise[*t][0] == 0.0)
        .filter_map(|t| {
            let k = solved.mesh.tets[t][..4].iter().position(|n| *n == d)?;
            let mut l = [0.0; 4];
            l[k] = 1.0;
            Some(recover::read(&raw[t], &l)[1])
        })
        .collect();
    vec![Row {
        case: 31,
        name: "NAFEMS T1, membrane with a hot spot",
        mesh: described(&solved.mesh),
        quantity: "stress yy beside the spot",
        unit: "Pa",
        reference: 50.0e6,
        basis: Basis::Published,
        found: cold.iter().sum::<f64>() / cold.len() as f64,
        tolerance: 0.02,
    }]
}

/// NAFEMS T2: a rod at 1000 K on one end that radiates from the other.
pub fn case_32() -> Vec<Row> {
    let mesh = truth::mesh(DVec3::new(0.1, 0.01, 0.01), [8, 1, 1], |p| p);
    let matter = [Matter { conductivity: 55.563.into(), capacity: 1.0.into() }];
    let hot = truth::select(&mesh, |p| p.x == 0.0);
    let end = Exchange { facets: facets(&mesh, |p| p.x == 0.1), law: Law::Radiation(0.98) };
    let problem = conduction(&mesh, &matter, &[hot], vec![end], false);
    let moment = Moment { kept: vec![1000.0], exchanges: vec![300.0], sources: vec![0.0] };
    let t = steady(&problem, &moment);
    vec![Row {
        case: 32,
        name: "NAFEMS T2, a rod that radiates",
        mesh: described(&mesh),
        quantity: "temperature of the end",
        unit: "K",
        reference: 926.971,
        basis: Basis::Computed,
        found: t[nearest(&mesh, DVec3::new(0.1, 0.0, 0.0))],
        tolerance: 1e-3,
    }]
}

/// NAFEMS T3: a rod with one end at 0 °C and the other at 100 °C · sin(πt/40 s).
pub fn case_33() -> Vec<Row> {
    let mesh = truth::mesh(DVec3::new(0.1, 0.01, 0.01), [20, 1, 1], |p| p);
    let matter = [Matter { conductivity: 35.0.into(), capacity: (7200.0 * 440.5).into() }];
    let ends = [0.0, 0.1].map(|x| truth::select(&mesh, |p| p.x == x));
    let problem = conduction(&mesh, &matter, &ends, Vec::new(), true);
    let at = |t: f64| Moment {
        kept: vec![ICE, ICE + 100.0 * (PI * t / 40.0).sin()],
        exchanges: Vec::new(),
        sources: vec![0.0],
    };
    let place = nearest(&mesh, DVec3::new(0.08, 0.0, 0.0));
    let (start, mut found) = (vec![ICE; mesh.points.len()], 0.0);
    march(&problem, &start, &[16.0, 32.0], 1e-3, &at, &AtomicBool::new(false), |r| {
        found = r.temperature[place] - ICE;
        true
    })
    .expect("marches");
    vec![Row {
        case: 33,
        name: "NAFEMS T3, a rod with one end that swings",
        mesh: described(&mesh),
        quantity: "temperature 80 mm from the cold end after 32 s",
        unit: "°C",
        reference: 36.6031,
        basis: Basis::Computed,
        found,
        tolerance: 3e-3,
    }]
}

/// NAFEMS T4: a plate with convection on two edges; the corner where it meets the warm edge has no finite flux.
pub fn case_34() -> Vec<Row> {
    // Smaller elements towards the point and that corner, both on the right edge.
    let mesh = truth::mesh(DVec3::new(0.6, 1.0, 0.05), [12, 20, 1], |p| {
        DVec3::new(0.6 * (1.0 - (1.0 - p.x / 0.6).powf(1.5)), p.y.powf(1.5), p.z)
    });
    let matter = [Matter { conductivity: 52.0.into(), capacity: 1.0.into() }];
    let warm = truth::select(&mesh, |p| p.y == 0.0);
    let right = |p: DVec3| (p.x - 0.6).abs() < 1e-12;
    let cold = [facets(&mesh, right), facets(&mesh, |p| (p.y - 1.0).abs() < 1e-12)].concat();
    let problem = conduction(&mesh, &matter, &[warm], vec![Exchange { facets: cold, law: Law::Film(750.0) }], false);
    let moment = Moment { kept: vec![100.0 + ICE], exchanges: vec![ICE], sources: vec![0.0] };
    let t = steady(&problem, &moment);
    // A parabola through the three nodes of the edge nearest to the point.
    let mut edge: Vec<(f64, f64)> = truth::select(&mesh, |p| right(p) && p.z == 0.0)
        .into_iter()
        .map(|n| (mesh.points[n as usize].y - 0.2, t[n as usize] - ICE))
        .collect();
    edge.sort_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
    let product = |i: usize| (0..3).filter(|j| *j != i).map(|j| edge[j].0 / (edge[j].0 - edge[i].0)).product::<f64>();
    vec![Row {
        case: 34,
        name: "NAFEMS T4, a plate with convection",
        mesh: described(&mesh),
        quantity: "temperature at (0.6, 0.2) m",
        unit: "°C",
        reference: 18.2538,
        basis: Basis::Computed,
        found: (0..3).map(|i| edge[i].1 * product(i)).sum(),
        tolerance: 5e-3,
    }]
}
