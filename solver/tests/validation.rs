//! The static study against closed forms and real parts.
#![cfg(feature = "solve")]
#![allow(clippy::print_stdout)] // Skipping must be said.

mod support {
    #[allow(dead_code)] // Each test file uses its share.
    pub mod part;
    #[allow(dead_code)]
    pub mod simjeb;
}

use glam::{DQuat, DVec3};
use solver::design::{Design, Object, Value};
use solver::element::brick;
use solver::geometry::Model;
use solver::linear::{Block, Multigrid, Operator, cg};
use solver::mesh::{Grid, Lattice, Solid};
use solver::result::{Inside, Measure, Quantity, Reading};
use solver::run::Ctx;
use solver::study::outcome::{Outcome, OutcomeMesh};
use solver::study::{Case, study};
use std::f64::consts::FRAC_PI_6;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use support::part;

fn run(design: &Design, model: &Model) -> Outcome {
    let cancel = AtomicBool::new(false);
    let mut sink = |_| {};
    let object = design.get(&"study".into()).unwrap();
    let case = Case { design, study: object, model, upstream: &[] };
    study("static").unwrap().run(&case, &mut Ctx::new(&mut sink, &cancel)).unwrap()
}

fn scalar(out: &Outcome, id: &str) -> f64 {
    out.scalars.iter().find(|s| s.id == id).unwrap().value
}

/// Points of the skin and a field on them.
fn skin<'a>(out: &'a Outcome, id: &str) -> (&'a [[f64; 3]], &'a [f32]) {
    let OutcomeMesh::Surface { name, surface, .. } = &out.meshes[0] else { panic!("no skin") };
    let field = out.fields.iter().find(|f| f.id == id && f.mesh == *name).unwrap();
    (&surface.points, &field.values)
}

/// A linear field on an aligned block: no force on any inner node, and the solver finds it from its boundary forces.
#[test]
fn patch_test_on_an_aligned_block() {
    let counts = [12, 8, 4];
    let grid = Grid { origin: [0.1, -0.2, 0.3], cell: 0.01, counts };
    let solids: Vec<Solid> =
        (0..grid.n_cells()).map(|c| Solid { cell: c as u32, moments: None, poisson: 0.3 }).collect();
    let lattice = Arc::new(Lattice::new(grid, &solids, 0.0, 0.0));
    let gradient = [[1e-3, 4e-4, -2e-4], [3e-4, -5e-4, 1e-4], [-7e-4, 2e-4, 6e-4]];
    let mut exact = Block::<f64>::zero(lattice.n_nodes, 1);
    let mut inner = Vec::new();
    for z in 0..=counts[2] {
        for y in 0..=counts[1] {
            for x in 0..=counts[0] {
                let node = lattice.node(x, y, z).unwrap();
                let p = [x as f64, y as f64, z as f64];
                exact.add(0, node, gradient.map(|row| row.iter().zip(p).map(|(g, p)| g * p * grid.cell).sum()));
                if (0..3).all(|a| p[a] > 0.0 && p[a] < counts[a] as f64) {
                    inner.push(node);
                }
            }
        }
    }
    let free = Operator::new(lattice.clone(), Vec::new(), Vec::new());
    let mut force = Block::zero(lattice.n_nodes, 1);
    free.apply(&exact, &mut force);
    let most = force.case(0).iter().fold(0.0f64, |m, f| m.max(f.abs()));
    for node in inner {
        for f in force.at(0, node) {
            assert!(f.abs() < 1e-10 * most, "{f} against {most}");
        }
    }

    // Held by springs at all nodes of one cell face, loaded by what the exact field needs.
    let nodes = lattice.cell_nodes([0, 3, 1]).unwrap();
    let mut matrix = vec![0.0; 576];
    for i in 0..24 {
        matrix[25 * i] = 1.0;
    }
    let held = vec![solver::linear::operator::Foundation { at: [0, 3, 1], nodes, matrix }];
    let mg = Multigrid::new(lattice.clone(), solids, held, Vec::new()).unwrap();
    mg.levels[0].operator.apply(&exact, &mut force);
    let mut u = Block::zero(lattice.n_nodes, 1);
    let mut work = mg.workspace(0, 1);
    let cancel = AtomicBool::new(false);
    cg::solve(&mg, 0, &mut work, &force, &mut u, 1e-13, 200, &cancel, |_, _| true).unwrap();
    let most = exact.case(0).iter().fold(0.0f64, |m, f| m.max(f.abs()));
    for (a, b) in u.case(0).iter().zip(exact.case(0)) {
        assert!((a - b).abs() < 1e-10 * most, "{a} {b}");
    }
    assert_eq!(brick::shape([0.0; 3]), [0.125; 8]);
}

/// A cantilever turned 30° about two axes; Timoshenko, shear coefficient 10 (1 + ν) / (12 + 11 ν) (Cowper 1966).
fn beam_error(cells: f64) -> f64 {
    let (length, t) = (0.2, 0.02);
    let turn = DQuat::from_rotation_z(FRAC_PI_6) * DQuat::from_rotation_x(FRAC_PI_6);
    let mesh = part::block([length, t, t], |p| turn * p);
    let force = turn * DVec3::new(0.0, 0.0, -500.0);
    let objects = vec![
        Object::new("root", "fixed", "Root").with("faces", part::faces(&["x0"])),
        Object::new("tip", "force", "Tip")
            .with("faces", part::faces(&["x1"]))
            .with("force", part::vector(force.into(), "N")),
    ];
    let (design, model) = part::set_up(mesh, "s235jr", objects, t / cells);
    let out = run(&design, &model);
    let (points, moved) = skin(&out, "displacement");
    let end = turn * DVec3::X * length;
    let down = turn * DVec3::NEG_Z;
    let (mut sum, mut n) = (0.0, 0);
    for (p, d) in points.iter().zip(moved.as_chunks::<3>().0) {
        if (DVec3::from(*p) - end).dot(turn * DVec3::X).abs() < 1e-9 {
            sum += DVec3::from(d.map(f64::from)).dot(down);
            n += 1;
        }
    }
    let (e, nu, area, inertia) = (210e9, 0.3, t * t, t.powi(4) / 12.0);
    let shear = e / (2.0 * (1.0 + nu)) * area * 10.0 * (1.0 + nu) / (12.0 + 11.0 * nu);
    let truth = 500.0 * (length.powi(3) / (3.0 * e * inertia) + length / shear);
    assert!(out.balances[0].imbalance < 1e-6, "{}", out.balances[0].imbalance);
    sum / f64::from(n) / truth - 1.0
}

#[test]
fn a_beam_turned_about_two_axes_bends_as_timoshenko_says() {
    let errors: Vec<f64> = [3.0, 5.0, 10.0].into_iter().map(beam_error).collect();
    assert!(errors[2].abs() < 0.03, "{errors:?}");
    assert!(errors.windows(2).all(|e| e[1].abs() < e[0].abs()), "not falling: {errors:?}");
}

/// Lamé, plane strain, internal pressure: case 13 of the reference tables, a 0.1, b 0.2 m, p 100 MPa, E 210 GPa, ν 0.3.
#[test]
fn a_thick_cylinder_follows_lame() {
    let (a, b, p) = (0.1, 0.2, 100e6);
    let cell = (b - a) / 20.0;
    let mesh = part::quarter_ring(a, b, 4.0 * cell, 90);
    let objects = vec![
        Object::new("ends", "sliding", "Ends").with("faces", part::faces(&["x0", "y0", "bottom", "top"])),
        Object::new("inside", "pressure", "Inside")
            .with("faces", part::faces(&["inner"]))
            .with("pressure", Value::Expr("100 MPa".into())),
    ];
    let (design, model) = part::set_up(mesh, "s235jr", objects, cell);
    let out = run(&design, &model);
    let (points, moved) = skin(&out, "displacement");
    let (_, hoop) = skin(&out, "principal_max");
    let (mut u, mut s, mut s_max, mut n) = (0.0, 0.0, 0.0f64, 0);
    let moved = moved.as_chunks::<3>().0;
    for ((point, d), h) in points.iter().zip(moved).zip(hoop) {
        let r = point[0].hypot(point[1]);
        // Away from the held ends, where the foundation gives a little.
        let angle = point[1].atan2(point[0]);
        if (r - a).abs() < 2e-4 && (0.2..1.37).contains(&angle) && (cell..3.0 * cell).contains(&point[2]) {
            u += (f64::from(d[0]) * point[0] + f64::from(d[1]) * point[1]) / r;
            s += f64::from(*h);
            s_max = s_max.max((f64::from(*h) / 166.667e6 - 1.0).abs());
            n += 1;
        }
    }
    assert!(n > 20);
    let (u, s) = (u / f64::from(n), s / f64::from(n));
    assert!((u / 9.07937e-5 - 1.0).abs() < 0.02, "u(a) {u}");
    assert!((s / 166.667e6 - 1.0).abs() < 0.05 && s_max < 0.10, "σθ(a) {s}, worst {s_max}");
    let _ = p;
}

/// Weight: half a column's own weight hangs at mid-height, so its foot moves by ρ g L² / 2E; the balance is exact.
#[test]
fn a_hanging_column_stretches_under_its_weight() {
    let (l, t) = (1.0, 0.1);
    let mesh = part::block([t, t, l], |p| p);
    let objects = vec![
        Object::new("roof", "sliding", "Roof").with("faces", part::faces(&["z1", "x0", "y0"])),
        Object::new("g", "gravity", "Weight"),
    ];
    let (design, model) = part::set_up(mesh, "s235jr", objects, 0.025);
    let out = run(&design, &model);
    let truth = 7850.0 * 9.80665 * l * l / (2.0 * 210e9);
    let found = scalar(&out, "displacement_max");
    assert!((found / truth - 1.0).abs() < 5e-3, "{found} {truth}");
    let balance = &out.balances[0];
    assert!((balance.applied_force[2] / (-7850.0 * 9.80665 * l * t * t) - 1.0).abs() < 1e-9);
    assert!(balance.imbalance < 1e-6, "{}", balance.imbalance);
    assert!((scalar(&out, "mass") - 78.5).abs() < 1e-9);
}

/// What a section shows: the same column read inside, from the bytes the page gets; σ = ρ g z, and the skin's colours
/// where the section meets it.
#[test]
fn a_section_through_a_hanging_column_shows_its_weight() {
    let (l, t) = (1.0, 0.1);
    let objects = vec![
        Object::new("roof", "sliding", "Roof").with("faces", part::faces(&["z1", "x0", "y0"])),
        Object::new("g", "gravity", "Weight"),
    ];
    let (design, model) = part::set_up(part::block([t, t, l], |p| p), "s235jr", objects, 0.0213);
    let whole = run(&design, &model);
    let bytes = whole.volume_part().to_bytes();
    let inside = Inside::new(Outcome::from_bytes(&bytes).unwrap());
    let n_nodes = inside.volume("part").unwrap().n_nodes();
    // Ten components at 16 bits, and what describes them.
    assert!(bytes.len() < 20 * n_nodes + 8000, "{} bytes for {n_nodes} nodes", bytes.len());
    let read = |quantity: Quantity, points: &[[f64; 3]]| {
        inside.read("part", &Reading { quantity, ..Reading::stored("", None) }, points).unwrap()
    };

    let points: Vec<[f64; 3]> = (1..60).map(|n| [0.31 * t, 0.67 * t, l * f64::from(n) / 60.0]).collect();
    let (weight, modulus) = (7850.0 * 9.80665, 210e9);
    let stress = read(Quantity::stored("von_mises"), &points);
    let along = read(Quantity::Stress(Measure::Component(2)), &points);
    let moved = read(Quantity::Along("displacement".into(), 2), &points);
    let safety = read(Quantity::stored("safety_factor"), &points);
    for (n, p) in points.iter().enumerate() {
        let truth = weight * p[2];
        for found in [stress[n], along[n]] {
            assert!((f64::from(found) - truth).abs() < 0.02 * weight * l, "{found} against {truth} at {p:?}");
        }
        let down = -weight * (l * l - p[2] * p[2]) / (2.0 * modulus);
        assert!((f64::from(moved[n]) - down).abs() < 5e-3 * weight * l * l / (2.0 * modulus));
        assert!(safety[n] == 100.0, "far from yielding: the factor is shown up to 100");
    }
    let (on_skin, skin_stress) = skin(&whole, "von_mises");
    let within = read(Quantity::stored("von_mises"), on_skin);
    for ((p, a), b) in on_skin.iter().zip(skin_stress).zip(&within) {
        assert!((f64::from(a - b)).abs() < 0.02 * weight * l, "{a} on the skin, {b} inside at {p:?}");
    }
    assert!(read(Quantity::stored("von_mises"), &[[2.0 * t, 0.0, 0.5 * l]])[0].is_nan());
}

/// Slender blades on a common foot: what lies between them is void on the fine grid and joined on the coarsest ones.
#[test]
fn slender_blades_cost_few_iterations() {
    struct NoFiles;
    impl solver::geometry::Files for NoFiles {
        fn get(&self, _: &str) -> Option<&[u8]> {
            None
        }
    }
    let block = |id: &str, at: f64, size: [f64; 3]| {
        let mut object = Object::new(id, "box", id)
            .with("origin", part::vector([at, 0.0, if id == "foot" { 0.0 } else { 5.0 }], "mm"));
        for (key, length) in ["dx", "dy", "dz"].into_iter().zip(size) {
            object = object.expr(key, &format!("{length} mm"));
        }
        if id == "foot" { object } else { object.with("operation", Value::Choice("join".into())) }
    };
    let faces = |name: &str| Value::Faces(vec![solver::surface::FaceName(name.into())]);
    let mut design = Design::new();
    design.objects = [
        block("foot", 0.0, [60.0, 12.0, 6.0]),
        block("left", 0.0, [3.0, 12.0, 60.0]),
        block("middle", 28.5, [3.0, 12.0, 60.0]),
        block("right", 57.0, [3.0, 12.0, 60.0]),
        Object::new("held", "fixed", "Held").with("faces", faces("foot.bottom")),
        Object::new("push", "force", "Push")
            .with("faces", faces("middle.top"))
            .with("force", part::vector([5.0, 0.0, 0.0], "N")),
        Object::new("study", "static", "Study").with("resolution", Value::Choice("coarse".into())),
    ]
    .map(Arc::new)
    .to_vec();
    let model = solver::geometry::evaluate(&design, &NoFiles);
    assert!(model.issues.is_empty() && model.bodies.len() == 1, "{:?}", model.issues);
    let out = run(&design, &model);
    let iterations: u32 = out.facts.iter().find(|f| f.0 == "iterations").unwrap().1.parse().unwrap();
    // A cantilever of 59 mm on a foot that gives a little.
    let beam = 5.0 * 59e-3f64.powi(3) / (3.0 * 68.9e9 * 12e-3 * 3e-3f64.powi(3) / 12.0);
    println!("{iterations} iterations, {} of the beam", scalar(&out, "displacement_max") / beam);
    assert!((scalar(&out, "displacement_max") / beam - 1.0).abs() < 0.1);
    assert!(iterations <= 60, "{iterations}");
}

/// One bracket on a coarse grid; the whole table is `cargo run --release --example simjeb`.
#[test]
fn real_brackets_move_as_the_converged_answer_says() {
    if support::simjeb::folder().is_none() {
        println!("skipped: the reference brackets are not beside this checkout");
        return;
    }
    let mut errors = Vec::new();
    let mut covered = 0;
    for id in ["21", "537"] {
        let set_up = |s: Object| s.with("resolution", Value::Choice("cell".into())).expr("cell", "1.8 mm");
        let bracket = support::simjeb::bracket(id, set_up).unwrap();
        let out = run(&bracket.design, &bracket.model);
        for (case, truth) in support::simjeb::CASES.iter().zip(bracket.converged) {
            let of = Some(format!("case_{case}"));
            let s = out.scalars.iter().find(|s| s.id == "displacement_max" && s.case == of).unwrap();
            errors.push((s.value / truth - 1.0).abs());
            covered += usize::from((s.value - truth).abs() <= s.error.unwrap());
            assert!(bracket.published.iter().chain(&bracket.published_stress).all(|x| *x > 0.0));
        }
    }
    errors.sort_by(f64::total_cmp);
    assert!(errors[errors.len() / 2] < 0.05 && errors[errors.len() - 1] < 0.15, "{errors:?}");
    assert!(covered + 1 >= errors.len(), "{covered} of {}", errors.len());
}
