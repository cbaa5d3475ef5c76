//! Conduction by three conductivities along directions of the material, against closed forms.

use crate::row::{Basis, Row};
use crate::truth;
use glam::{DMat3, DVec3};
use solver::fitted::Mesh;
use solver::fitted::heat::{Conduction, Conductivity, Exchange, Law, Matter, Moment};
use solver::fitted::march::march;
use solver::linear::constraint::Constraints;
use std::f64::consts::{FRAC_PI_2, PI};
use std::sync::atomic::AtomicBool;

fn described(mesh: &Mesh) -> String {
    format!("{} tetrahedra, {} nodes", mesh.tets.len(), mesh.points.len())
}

fn matter(k: [f64; 3], frame: DMat3, capacity: f64) -> [Matter; 1] {
    let conductivity = Conductivity::Along { k: Box::new(k.map(Into::into)), frame };
    [Matter { conductivity, capacity: capacity.into() }]
}

fn nearest(mesh: &Mesh, p: DVec3) -> usize {
    let away = |n: &usize| mesh.points[*n].distance_squared(p);
    (0..mesh.points.len()).min_by(|a, b| away(a).total_cmp(&away(b))).expect("nodes")
}

fn steady(problem: &Conduction, moment: &Moment) -> Vec<f64> {
    let (t, _) = problem.steady(moment, 1e-12, &AtomicBool::new(false), |_, _| true).expect("converges");
    assert!(problem.flows(&t, None, moment).imbalance() < 1e-8);
    t
}

/// Turned by so many degrees about z.
fn turn(degrees: f64) -> DMat3 {
    DMat3::from_rotation_z(degrees.to_radians())
}

/// An insulated bar whose directions lie at 30° to it, with an even flux through its ends: the flow runs along the bar, and
/// temperature falls aslant, ∇T = −K⁻¹ q. Carslaw & Jaeger, Conduction of Heat in Solids (1959), § 1.17 to 1.20: a rod's
/// resistivity is cos² 30° / k₁ + sin² 30° / k₂.
pub fn aslant() -> Vec<Row> {
    let (length, side, flux, k) = (0.1, 0.02, 1e4, [8.0, 2.0, 1.0]);
    let mesh = truth::mesh(DVec3::new(length, side, side), [10, 2, 2], |p| p);
    let on = |x: f64| {
        let all = |f: &usize| mesh.facets[*f].nodes.iter().all(|n| (mesh.points[*n as usize].x - x).abs() < 1e-12);
        (0..mesh.facets.len()).filter(all).collect::<Vec<usize>>()
    };
    let exchanges = [0.0, length].map(|x| Exchange { facets: on(x), law: Law::Flux }).to_vec();
    // One node fixes what a flux leaves open.
    let (origin, held) = (nearest(&mesh, DVec3::ZERO), 400.0);
    let free = Constraints::new(mesh.points.len());
    let kept = [vec![origin as u32]];
    let problem =
        Conduction::new(&mesh, &matter(k, turn(30.0), 1.0), &free, &kept, exchanges, false).expect("sound elements");
    let moment = Moment { kept: vec![held], exchanges: vec![flux, -flux], sources: vec![0.0] };
    let t = steady(&problem, &moment);
    let (s, c) = 30.0f64.to_radians().sin_cos();
    let along = c * c / k[0] + s * s / k[1];
    let across = s * c * (1.0 / k[0] - 1.0 / k[1]);
    let row = |quantity, reference, place| Row {
        case: 0,
        name: "Insulated bar whose directions lie at 30° to it",
        mesh: described(&mesh),
        quantity,
        unit: "K",
        reference,
        basis: Basis::Form,
        found: held - t[nearest(&mesh, place)],
        tolerance: 1e-6,
    };
    vec![
        row("fall along it", flux * along * length, DVec3::X * length),
        row("fall across it", flux * across * side, DVec3::Y * side),
    ]
}

/// A hollow cylinder between two similar ellipses that circles become by x = √k₁ X, y = √k₂ Y: isotherms of a material of these
/// conductivities, so that T falls by the logarithm, and 2π √(k₁ k₂) ΔT / ln(b/a) flows per length. A quarter, its directions and
/// itself turned by 20°.
pub fn ellipse() -> Vec<Row> {
    let (a, b, thick, n, k) = (0.03f64, 0.06, 0.01, 10, [9.0f64, 1.0, 3.0]);
    let frame = turn(20.0);
    let mesh = truth::mesh(DVec3::new((b / a).ln(), FRAC_PI_2, thick), [n, 2 * n, 1], |q| {
        let r = a * q.x.exp();
        frame * DVec3::new(k[0].sqrt() * r * q.y.cos(), k[1].sqrt() * r * q.y.sin(), q.z)
    });
    let round = |p: DVec3| {
        let local = frame.transpose() * p;
        (local.x / k[0].sqrt()).hypot(local.y / k[1].sqrt())
    };
    // Sides are straight between nodes, so middles of ones round the hole lie on it too.
    let kept = [a, b].map(|r| truth::select(&mesh, |p| (round(p) - r).abs() < 1e-9));
    let free = Constraints::new(mesh.points.len());
    let problem =
        Conduction::new(&mesh, &matter(k, frame, 1.0), &free, &kept, Vec::new(), false).expect("sound elements");
    let moment = Moment { kept: vec![400.0, 300.0], exchanges: Vec::new(), sources: vec![0.0] };
    let t = steady(&problem, &moment);
    let heat = problem.flows(&t, None, &moment).kept[0];
    let middle = (a * b).sqrt();
    let at =
        |angle: f64| frame * DVec3::new(k[0].sqrt() * middle * angle.cos(), k[1].sqrt() * middle * angle.sin(), 0.0);
    let row = |quantity, unit, reference, found| Row {
        case: 0,
        name: "Orthotropic hollow cylinder between isotherms, turned",
        mesh: described(&mesh),
        quantity,
        unit,
        reference,
        basis: Basis::Form,
        found,
        tolerance: 1e-3,
    };
    vec![
        row("heat through a quarter", "W", FRAC_PI_2 * (k[0] * k[1]).sqrt() * 100.0 / (b / a).ln() * thick, heat),
        row("T half way, between the directions", "K", 350.0, t[nearest(&mesh, at(0.25 * PI))]),
    ]
}

/// A block that is cold on all faces cools from its lowest mode: exp(−π² (k₁/a² + k₂/b² + k₃/c²) t / ρc), as the product of
/// three slabs (Carslaw & Jaeger, § 5.6). Turned aslant, with its directions.
pub fn block() -> Vec<Row> {
    let (size, k, capacity, end) = (DVec3::new(0.06, 0.04, 0.03), [12.0, 3.0, 1.0], 2e6, 30.0);
    let frame = DMat3::from_euler(glam::EulerRot::ZYX, 0.5, 0.3, -0.2);
    let mesh = truth::mesh(size, [8, 8, 8], |p| frame * p);
    let mode = |p: DVec3| (PI * p / size).to_array().map(f64::sin).iter().product::<f64>();
    let local = |p: &DVec3| frame.transpose() * *p;
    let cold = truth::select(&mesh, |p| {
        let p = frame.transpose() * p;
        (0..3).any(|i| p[i].abs() < 1e-9 || (p[i] - size[i]).abs() < 1e-9)
    });
    let free = Constraints::new(mesh.points.len());
    let problem =
        Conduction::new(&mesh, &matter(k, frame, capacity), &free, &[cold], Vec::new(), true).expect("sound elements");
    let start: Vec<f64> = mesh.points.iter().map(|p| 300.0 + 100.0 * mode(local(p))).collect();
    let given = |_: f64| Moment { kept: vec![300.0], exchanges: Vec::new(), sources: vec![0.0] };
    let (middle, mut found) = (nearest(&mesh, frame * (0.5 * size)), 0.0);
    march(&problem, &start, &[end], 1e-3, &given, &AtomicBool::new(false), |r| {
        found = r.temperature[middle] - 300.0;
        true
    })
    .expect("marches");
    let rate = PI * PI * (0..3).map(|i| k[i] / size[i].powi(2)).sum::<f64>() / capacity;
    vec![Row {
        case: 0,
        name: "Orthotropic block that cools, turned",
        mesh: described(&mesh),
        quantity: "rise in the middle after 30 s",
        unit: "K",
        reference: 100.0 * (-rate * end).exp(),
        basis: Basis::Form,
        found,
        tolerance: 1e-2,
    }]
}
