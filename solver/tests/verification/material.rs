//! Materials that depend on temperature, against closed forms.

use crate::closed_form::hold;
use crate::row::{Basis, Row};
use crate::truth;
use glam::DVec3;
use solver::element::tet::Elasticity;
use solver::fitted::expansion::{self, even};
use solver::fitted::heat::{Conduction, Matter, Moment};
use solver::fitted::material::Materials;
use solver::fitted::{Mesh, Problem, motion, recover};
use solver::linear::constraint::Constraints;
use solver::quantity::Curve;
use std::sync::atomic::AtomicBool;

const COLD: f64 = 300.0;
const HOT: f64 = 900.0;

fn described(mesh: &Mesh) -> String {
    format!("{} tetrahedra, {} nodes", mesh.tets.len(), mesh.points.len())
}

fn row(name: &'static str, mesh: &Mesh, quantity: &'static str, unit: &'static str, reference: f64, found: f64) -> Row {
    Row { case: 0, name, mesh: described(mesh), quantity, unit, reference, basis: Basis::Form, found, tolerance: 1e-4 }
}

fn line(from: f64, to: f64) -> Curve {
    Curve::through(vec![[COLD, from], [HOT, to]]).expect("rises")
}

fn nearest(mesh: &Mesh, x: f64) -> usize {
    let p = DVec3::new(x, 0.0, 0.0);
    let away = |n: &usize| mesh.points[*n].distance_squared(p);
    (0..mesh.points.len()).min_by(|a, b| away(a).total_cmp(&away(b))).expect("nodes")
}

/// A wall whose conductivity falls linearly with temperature, by Kirchhoff's transformation θ = ∫ k dT, which is linear across:
/// Carslaw & Jaeger, Conduction of Heat in Solids (1959), § 1.6.
pub fn wall() -> Vec<Row> {
    let (length, k_cold, k_hot) = (0.1, 50.0, 20.0);
    let mesh = truth::mesh(DVec3::new(length, 0.01, 0.01), [16, 1, 1], |p| p);
    let kept = [0.0, length].map(|x| truth::select(&mesh, |p| (p.x - x).abs() < 1e-9));
    let matter = [Matter { conductivity: line(k_cold, k_hot).into(), capacity: 1.0.into() }];
    let free = Constraints::new(mesh.points.len());
    let problem = Conduction::new(&mesh, &matter, &free, &kept, Vec::new(), false).expect("sound elements");
    let moment = Moment { kept: vec![HOT, COLD], exchanges: Vec::new(), sources: vec![0.0] };
    let (t, _) = problem.steady(&moment, 1e-11, &AtomicBool::new(false), |_, _| true).expect("converges");
    let flows = problem.flows(&t, None, &moment);
    assert!(flows.imbalance() < 1e-8);
    let slope = (k_hot - k_cold) / (HOT - COLD);
    let theta = |t: f64| k_cold * (t - COLD) + 0.5 * slope * (t - COLD).powi(2);
    // The temperature of a place from its θ.
    let middle = |share: f64| {
        let wanted = share * theta(HOT);
        COLD + (-k_cold + (k_cold * k_cold + 2.0 * slope * wanted).sqrt()) / slope
    };
    let row = |quantity, unit, reference, found| {
        row("Wall whose conductivity depends on temperature", &mesh, quantity, unit, reference, found)
    };
    vec![
        row("T in the middle", "K", middle(0.5), t[nearest(&mesh, 0.5 * length)]),
        row("T at a quarter from the hot side", "K", middle(0.75), t[nearest(&mesh, 0.25 * length)]),
        row("heat through it", "W", theta(HOT) / length * 1e-4, flows.kept[0]),
    ]
}

/// A bar whose stiffness falls and whose expansion rises with temperature, warm along its length and pulled: strains add up.
pub fn bar() -> Vec<Row> {
    let (length, side, stress) = (0.2, 0.01, 60e6);
    let (young, expansion, rest) = (line(200e9, 110e9), line(12e-6, 15e-6), 300.0);
    let mesh = truth::mesh(DVec3::new(length, side, side), [24, 1, 1], |p| p);
    let warm = |x: f64| COLD + (HOT - COLD) * x / length;
    let nodal: Vec<f64> = mesh.points.iter().map(|p| warm(p.x)).collect();
    let points = expansion::at_points(&mesh, &nodal);
    let materials: Vec<[Elasticity; 4]> =
        points.iter().map(|at| at.map(|t| Elasticity::isotropic(young.at(t), 0.0))).collect();
    let of = Materials::Points(&materials);
    // Plane sections stay plane without narrowing, so growth across is left out.
    let grown = |t: f64| expansion.at(t) * (t - rest);
    let free = expansion::free(&mesh, &points, |_, t| {
        let mut e = even(0.0);
        e[0] = grown(t);
        e
    });
    let mut held = Constraints::new(mesh.points.len());
    (0..3).for_each(|axis| hold(&mesh, &mut held, axis, |p| p[axis].abs() < 1e-9));
    let problem = Problem::new(&mesh, of, &held).expect("held");
    let mut f = problem.zero();
    truth::traction(&mesh, &mut f, |p| (p.x - length).abs() < 1e-9, |_, n| n * stress);
    expansion::load(&mesh, of, &free, &mut f).expect("sound elements");
    let solved = problem.solve(&[f], 1e-11, &AtomicBool::new(false), |_, _| true).expect("converges");
    let end = motion(&solved.u[0], nearest(&mesh, length) as u32).x;
    let mut raw = recover::raw(&mesh, of, &solved.u[0]).expect("sound elements");
    expansion::relieve(&mesh, of, &free, &mut raw);
    let mean = raw.iter().flatten().map(|s| s[0]).sum::<f64>() / (4 * raw.len()) as f64;
    // ∫ σ/E dx of a linear E, and ∫ α(T) (T − T₀) dx of a linear α.
    let (e, f) = (young.at(COLD), young.at(HOT));
    let stretched = stress * length * (f / e).ln() / (f - e);
    let (a, slope, rise) = (expansion.at(COLD), (expansion.at(HOT) - expansion.at(COLD)) / (HOT - COLD), HOT - COLD);
    let grew = length / rise * (0.5 * a * rise * rise + slope * rise.powi(3) / 3.0);
    let row = |quantity, unit, reference, found| {
        row("Warm bar whose stiffness and expansion depend on temperature", &mesh, quantity, unit, reference, found)
    };
    vec![row("u at the end", "m", stretched + grew, end), row("σ", "Pa", stress, mean)]
}
