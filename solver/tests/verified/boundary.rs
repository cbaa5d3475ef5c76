//! Supports and loads beyond the first ones, by both methods: given displacements, symmetry, turning, elastic foundations.

use crate::part;
use crate::run::run;
use glam::{DQuat, DVec3};
use solver::design::{Design, Object, Severity, Value};
use solver::geometry::Model;
use solver::run::{Ctx, Report};
use solver::study::outcome::{Cell, Outcome};
use solver::study::suite::{Sample, faults};
use solver::study::{Case, study};
use solver::surface::SurfaceMesh;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const E: f64 = 210e9;
const NU: f64 = 0.3;
const METHODS: [&str; 2] = ["instant", "verified"];

pub fn set_up(surface: SurfaceMesh, objects: Vec<Object>, cell: f64, method: &str) -> (Design, Model) {
    let (mut design, model) = part::set_up(surface, "s235jr", objects, cell);
    let at = design.position(&"study".into()).unwrap();
    let study = design.objects[at].as_ref().clone().with("method", Value::Choice(method.into()));
    design.objects[at] = Arc::new(study.expr("accuracy", "1 %"));
    (design, model)
}

fn solve(surface: SurfaceMesh, objects: Vec<Object>, cell: f64, method: &str) -> Outcome {
    let (design, model) = set_up(surface, objects, cell, method);
    let out = run(&design, &model);
    for b in &out.balances {
        assert!(b.imbalance < 1e-7, "{method}: {b:?}");
    }
    out
}

/// A modal or buckling study of one mode on elements of one size.
pub fn of_modes(surface: SurfaceMesh, objects: Vec<Object>, cell: &str, kind: &str) -> (Design, Model) {
    let (mut design, model) = part::set_up(surface, "s235jr", objects, 1.0);
    let at = design.position(&"study".into()).unwrap();
    let study = Object::new("study", kind, "Study").with("resolution", Value::Choice("cell".into()));
    design.objects[at] = Arc::new(study.expr("cell", cell).expr("modes", "1"));
    (design, model)
}

/// The answer of the design's study, of any kind.
pub fn run_of(design: &Design, model: &Model, kind: &str) -> Outcome {
    let object = design.get(&"study".into()).unwrap();
    let case = Case { design, study: object, model, upstream: &[] };
    let cancel = AtomicBool::new(false);
    study(kind).unwrap().run(&case, &mut Ctx::new(&mut |_: Report| {}, &cancel)).unwrap()
}

/// What the check says of a set-up, errors and warnings apart.
pub fn issues_of(surface: SurfaceMesh, objects: Vec<Object>, method: &str) -> (Vec<String>, Vec<String>) {
    let (design, model) = set_up(surface, objects, 8e-3, method);
    let object = design.get(&"study".into()).unwrap();
    let case = Case { design: &design, study: object, model: &model, upstream: &[] };
    let found = study("static").unwrap().check(&case);
    let of = |s: Severity| found.iter().filter(|i| i.severity == s).map(|i| i.message.clone()).collect();
    (of(Severity::Error), of(Severity::Warning))
}

fn issues(surface: SurfaceMesh, objects: Vec<Object>) -> (Vec<String>, Vec<String>) {
    issues_of(surface, objects, "verified")
}

pub fn on(id: &str, kind: &str, faces: &[&str]) -> Object {
    Object::new(id, kind, id).with("faces", part::faces(faces))
}

fn given(o: Object, axes: [Option<&str>; 3]) -> Object {
    let mut o = o;
    for (axis, value) in ["x", "y", "z"].iter().zip(axes) {
        let choice = if value.is_some() { "given" } else { "free" };
        o = o.with(&format!("along_{axis}"), Value::Choice(choice.into()));
        if let Some(value) = value {
            o = o.expr(axis, value);
        }
    }
    o
}

fn along_normal(o: Object, way: &str) -> Object {
    o.with("by", Value::Choice("normal".into())).expr("normal", way)
}

pub fn value(out: &Outcome, id: &str) -> f64 {
    out.scalars.iter().find(|s| s.id == id).unwrap().value
}

/// Force of a support, N.
fn reaction(out: &Outcome, support: &str) -> DVec3 {
    let table = out.tables.iter().find(|t| t.id == "reactions").unwrap();
    let row = table.rows.iter().find(|r| matches!(&r[1], Cell::Text(name) if name == support)).unwrap();
    let number = |c: &Cell| if let Cell::Number(x) = c { *x } else { panic!("a number") };
    DVec3::new(number(&row[2]), number(&row[3]), number(&row[4]))
}

fn bar(turn: DQuat) -> SurfaceMesh {
    part::block([0.06, 0.02, 0.02], move |p| turn * p)
}

#[test]
fn a_bar_stretched_by_a_given_way_is_stressed_evenly() {
    let slide = on("slide", "sliding", &["x0", "y0", "z0"]);
    let stress = E * 0.06e-3 / 0.06;
    let turned = DQuat::from_euler(glam::EulerRot::ZYX, 0.5, 0.3, -0.2);
    for (pull, turn) in [
        (given(on("pull", "displacement", &["x1"]), [Some("0.06 mm"), None, None]), DQuat::IDENTITY),
        (along_normal(on("pull", "displacement", &["x1"]), "0.06 mm"), turned),
    ] {
        for method in METHODS {
            let out = solve(bar(turn), vec![slide.clone(), pull.clone()], 4e-3, method);
            // Supports of the instant method give by a 30th of what a cell does.
            let allowed = if method == "instant" { 0.01 } else { 1e-6 };
            let force = reaction(&out, "pull");
            let truth = turn * DVec3::X * (stress * 4e-4);
            assert!((force - truth).length() < allowed * truth.length(), "{method}: {force} {truth}");
            assert!((reaction(&out, "slide") + force).length() < 1e-6 * force.length());
            let peak = value(&out, "von_mises_max");
            assert!((peak / stress - 1.0).abs() < 1.5 * allowed, "{method}: {peak:e} {stress:e}");
        }
    }
}

#[test]
fn a_given_way_and_the_force_it_takes_are_two_sides_of_one_coin() {
    // A cantilever's end lifted without turning freely: x and y stay free.
    let lift = given(on("lift", "displacement", &["x1"]), [None, None, Some("0.1 mm")]);
    let (l, b): (f64, f64) = (0.06, 0.02);
    let bending = l.powi(3) / (3.0 * E * b.powi(4) / 12.0) + l / (5.0 / 6.0 * E / 2.6 * b * b);
    for method in METHODS {
        let out = solve(bar(DQuat::IDENTITY), vec![on("root", "fixed", &["x0"]), lift.clone()], 2.5e-3, method);
        let force = reaction(&out, "lift").z;
        assert!((force * bending / 1e-4 - 1.0).abs() < 0.03, "{method}: {force} {}", 1e-4 / bending);
        assert!((value(&out, "displacement_max") / 1e-4 - 1.0).abs() < 0.05, "{method}");
    }
}

#[test]
fn a_body_moved_as_a_whole_is_not_stressed() {
    let carry = given(on("carry", "displacement", &["x0"]), [Some("1 mm"), Some("-2 mm"), Some("2 mm")]);
    for method in METHODS {
        let out = solve(bar(DQuat::IDENTITY), vec![carry.clone()], 5e-3, method);
        assert!((value(&out, "displacement_max") / 3e-3 - 1.0).abs() < 1e-6, "{method}");
        assert!(value(&out, "von_mises_max") < 1e-4 * E * 1e-3, "{method}");
    }
}

#[test]
fn a_column_pressed_by_a_given_way_buckles_at_eulers_load() {
    // Held at the root, guided without turning at the top: π² E I / L². What presses is a way, so the factor is of it.
    let (l, b, h) = (0.2, 0.02, 0.01f64);
    let objects =
        vec![on("root", "fixed", &["x0"]), given(on("press", "displacement", &["x1"]), [Some("-0.1 mm"), None, None])];
    let (design, model) = of_modes(part::block([l, b, h], |p| p), objects, "5e-3 m", "buckling");
    // A given way is load enough, before geometry and after.
    let issues = solver::design::check(&design);
    assert!(issues.iter().all(|i| !i.message.contains("loads the design")), "{issues:?}");
    let out = run_of(&design, &model, "buckling");
    let truth = std::f64::consts::PI.powi(2) * h * h / 12.0 / (l * l) * l / 1e-4;
    let found = value(&out, "load_factor_first");
    // Shear softens it by about 1 %, the clamped root's hindered narrowing stiffens the way a little.
    assert!((found / truth - 1.0).abs() < 0.02, "{found} {truth}");
}

#[test]
fn a_column_on_springs_buckles_in_the_wave_they_choose() {
    // Ends guided, free to move aside: P = m² π² E I / L² + k b L² / (m² π²), with the shear's softening. Source: Timoshenko
    // & Gere, Theory of Elastic Stability, § 2.10, the same waves a quarter further on. Stiff springs make it two waves.
    let (l, b, k) = (0.2f64, 0.01f64, 8.5e9);
    let objects = vec![
        on("bed", "elastic", &["z0"]).expr("stiffness", &format!("{k} N/m^3")),
        on("slide", "sliding", &["x0", "y0"]),
        given(on("press", "displacement", &["x1"]), [Some("-0.1 mm"), None, None]),
    ];
    let (design, model) = of_modes(part::block([l, b, b], |p| p), objects, "4e-3 m", "buckling");
    let found = value(&run_of(&design, &model, "buckling"), "load_factor_first");
    let wave = |m: f64| {
        let q = (m * std::f64::consts::PI / l).powi(2);
        let bend = q * E * b.powi(4) / 12.0;
        bend / (1.0 + bend / (5.0 / 6.0 * E / (2.0 * (1.0 + NU)) * b * b)) + k * b / q
    };
    assert!(wave(2.0) < wave(1.0) && wave(2.0) < wave(3.0));
    let truth = wave(2.0) / (E * b * b * 1e-4 / l);
    assert!((found / truth - 1.0).abs() < 0.02, "{found} {truth}");
}

#[test]
fn of_several_supports_the_two_that_clash_are_named() {
    // All three meet at a corner of x1; the first two agree there.
    let objects = vec![
        on("root", "fixed", &["x0"]),
        on("slide", "sliding", &["y0"]),
        given(on("calm", "displacement", &["x1"]), [None, Some("0 mm"), None]),
        given(on("lift", "displacement", &["z1"]), [None, Some("0.1 mm"), None]),
    ];
    let (errors, _) = issues(bar(DQuat::IDENTITY), objects);
    let named = |e: &String| e.contains("lift give two") && !e.starts_with("calm and slide");
    assert!(errors.iter().any(named), "{errors:?}");
}

#[test]
fn what_a_mirror_would_turn_over_is_said() {
    let mirror = || on("mirror", "symmetry", &["y0"]);
    let hold = || on("root", "fixed", &["x0"]);
    let gravity = |g: [f64; 3]| Object::new("g", "gravity", "g").with("acceleration", part::vector(g, "m/s^2"));
    let warned = |load: Object, what: &str| {
        let (errors, warnings) = issues(bar(DQuat::IDENTITY), vec![hold(), mirror(), load]);
        assert!(errors.is_empty(), "{errors:?}");
        warnings.iter().any(|w| w.contains(what))
    };
    assert!(warned(gravity([0.0, -9.81, 0.0]), "gravity acts across"));
    assert!(!warned(gravity([0.0, 0.0, -9.81]), "gravity acts across"));
    let about = |axis: [f64; 3], point: &str| {
        let point = Value::Vector(["0 mm".into(), point.into(), "0 mm".into()]);
        spin("50 rpm").with("direction", part::vector(axis, "")).with("point", point)
    };
    // In the plane, square to it anywhere; beside it or aslant.
    assert!(!warned(about([0.0, 0.0, 1.0], "0 mm"), "turns about"));
    assert!(!warned(about([0.0, 1.0, 0.0], "7 mm"), "turns about"));
    assert!(warned(about([0.0, 0.0, 1.0], "7 mm"), "turns about"));
    assert!(warned(about([0.0, 1.0, 1.0], "0 mm"), "turns about"));
}

#[test]
fn what_cannot_be_given_is_refused_by_name() {
    let lift = given(on("lift", "displacement", &["z1"]), [None, None, Some("0.1 mm")]);
    let (errors, _) = issues(bar(DQuat::IDENTITY), vec![on("root", "fixed", &["x0"]), lift]);
    assert!(errors.iter().any(|e| e.contains("root and lift give two different displacements")), "{errors:?}");
    let nothing = given(on("nothing", "displacement", &["x1"]), [None; 3]);
    let (errors, _) = issues(bar(DQuat::IDENTITY), vec![on("root", "fixed", &["x0"]), nothing]);
    assert!(errors.iter().any(|e| e.contains("at least one component")), "{errors:?}");
    // Held where it is asked to stay at rest, and nothing loads it.
    let rest = given(on("rest", "displacement", &["x0"]), [Some("0 mm"); 3]);
    let (errors, _) = issues(bar(DQuat::IDENTITY), vec![rest]);
    assert!(errors.iter().any(|e| e.contains("nothing loads it")), "{errors:?}");
    let far = given(on("far", "displacement", &["x1"]), [Some("20 mm"), None, None]);
    let (errors, warnings) = issues(bar(DQuat::IDENTITY), vec![on("root", "fixed", &["x0"]), far]);
    assert!(errors.is_empty() && warnings.iter().any(|w| w.contains("taken as small")), "{errors:?} {warnings:?}");
}

fn tension(force: f64) -> Object {
    on("tip", "force", &["x1"]).with("force", part::vector([force, 0.0, 0.0], "N"))
}

#[test]
fn a_quarter_between_planes_of_symmetry_is_the_whole() {
    let mirror = on("mirror", "symmetry", &["y0", "z0"]);
    let root = on("root", "sliding", &["x0"]);
    for method in METHODS {
        let whole = part::block([0.06, 0.04, 0.04], |p| p - DVec3::new(0.0, 0.02, 0.02));
        let fixed = solve(whole, vec![on("root", "fixed", &["x0"]), tension(400.0)], 5e-3, method);
        let quarter = part::block([0.06, 0.02, 0.02], |p| p);
        let objects = vec![on("root", "fixed", &["x0"]), mirror.clone(), tension(100.0)];
        let cut = solve(quarter, objects, 5e-3, method);
        let (a, b) = (value(&fixed, "displacement_max"), value(&cut, "displacement_max"));
        assert!((a / b - 1.0).abs() < 0.01, "{method}: {a} {b}");
        let share = &cut.facts.iter().find(|f| f.0 == "symmetry").unwrap().1;
        assert!(share.starts_with("one quarter of the whole") || share.starts_with("one quarter,"), "{share}");
        assert!(fixed.facts.iter().all(|f| f.0 != "symmetry"));
    }
    // Planes at both ends: a row without end. And what is no plane, or has the body on both sides.
    let ends = on("ends", "symmetry", &["x0", "x1", "y0"]);
    let press = on("press", "pressure", &["z1"]).with("pressure", Value::Expr("1 MPa".into()));
    let row = solve(bar(DQuat::IDENTITY), vec![ends, on("floor", "sliding", &["z0"]), press], 8e-3, "verified");
    let share = &row.facts.iter().find(|f| f.0 == "symmetry").unwrap().1;
    assert!(share.contains("row that repeats"), "{share}");
    let round = part::quarter_ring(0.1, 0.2, 0.05, 24);
    let (errors, _) = issues(round, vec![on("bad", "symmetry", &["inner"]), root]);
    assert!(errors.iter().any(|e| e.contains("part.inner is not planar")), "{errors:?}");
}

fn spin(speed: &str) -> Object {
    Object::new("spin", "rotation", "spin").expr("speed", speed)
}

/// Displacement outwards and hoop stress at the bore of a thin disc with a hole, turning at `w` rad/s: Timoshenko &
/// Goodier, Theory of Elasticity, § 32.
fn disc(a: f64, b: f64, w: f64) -> (f64, f64) {
    let hoop = (3.0 + NU) / 4.0 * 7850.0 * w * w * (b * b + (1.0 - NU) / (3.0 + NU) * a * a);
    (a / E * hoop, hoop)
}

#[test]
fn a_turning_disc_widens_as_theory_says() {
    let (a, b) = (0.1, 0.2);
    let objects = || vec![on("cut", "symmetry", &["x0", "y0", "bottom"]), spin("6000 rpm")];
    let (moved, hoop) = disc(a, b, 200.0 * std::f64::consts::PI);
    for method in METHODS {
        let out = solve(part::quarter_ring(a, b, 5e-3, 40), objects(), 5e-3, method);
        let found = value(&out, "displacement_max");
        let outer = b / E * (3.0 + NU) / 4.0
            * 7850.0
            * (200.0 * std::f64::consts::PI).powi(2)
            * (a * a + (1.0 - NU) / (3.0 + NU) * b * b);
        let most = moved.max(outer);
        assert!((found / most - 1.0).abs() < 0.01, "{method}: {found:e} {most:e}");
        let peak = value(&out, "von_mises_max");
        assert!((peak / hoop - 1.0).abs() < 0.06, "{method}: {peak:e} {hoop:e}");
    }
    // Units that say the same.
    for speed in ["100 rev/s", "628.318530717958648 rad/s", "36000 deg/s"] {
        let (design, model) = set_up(
            part::quarter_ring(a, b, 5e-3, 12),
            vec![on("cut", "symmetry", &["x0", "y0", "bottom"]), spin(speed)],
            2e-2,
            "instant",
        );
        let other = set_up(part::quarter_ring(a, b, 5e-3, 12), objects(), 2e-2, "instant");
        let (p, q) = (run(&design, &model), run(&other.0, &other.1));
        assert!((value(&p, "displacement_max") / value(&q, "displacement_max") - 1.0).abs() < 1e-9, "{speed}");
    }
    let held = || on("root", "fixed", &["x0"]);
    let (errors, _) = issues(bar(DQuat::IDENTITY), vec![held(), spin("50 Hz")]);
    assert!(errors.iter().any(|e| e.contains("rev/s or rpm")), "{errors:?}");
    let frequency = Object::new("f", "parameter", "frequency").expr("value", "50 Hz");
    let twice = Object::new("t", "parameter", "twice").expr("value", "2 * frequency");
    let (errors, _) = issues(bar(DQuat::IDENTITY), vec![frequency, twice, held(), spin("twice / 2")]);
    assert!(errors.iter().any(|e| e.contains("'50 Hz' is in hertz")), "{errors:?}");
    // The load case's factor counts: 1e4 rpm are slow at this size, a hundred times as fast are not.
    let hundredfold = Object::new("c", "load_case", "Fast").with("loads", Value::Refs(vec!["spin".into()]));
    let (_, warnings) = issues(bar(DQuat::IDENTITY), vec![held(), spin("1e4 rpm"), hundredfold.expr("factor", "1e4")]);
    assert!(warnings.iter().any(|w| w.contains("check the unit")), "{warnings:?}");
    let no_axis = spin("50 rpm").with("direction", part::vector([0.0; 3], ""));
    let (errors, _) = issues(bar(DQuat::IDENTITY), vec![held(), no_axis]);
    assert!(errors.iter().any(|e| e.contains("Axis direction: it has no length")), "{errors:?}");
    let (errors, warnings) = issues(bar(DQuat::IDENTITY), vec![held(), spin("1e6 rpm")]);
    assert!(errors.is_empty() && warnings.iter().any(|w| w.contains("check the unit")), "{errors:?} {warnings:?}");
}

#[test]
fn a_block_on_springs_sinks_by_pressure_over_stiffness() {
    let turned = DQuat::from_euler(glam::EulerRot::ZYX, 0.5, 0.3, -0.2);
    let bed = on("bed", "elastic", &["z0"]).expr("stiffness", "2 N/mm^3");
    let press = on("press", "pressure", &["z1"]).with("pressure", Value::Expr("1 MPa".into()));
    let sides = on("sides", "sliding", &["x0", "y0"]);
    // 0.5 mm in the springs, and what steel gives.
    let (p, l) = (1e6, 0.02);
    let truth = DVec3::new(NU * p / E * 0.06, NU * p / E * 0.02, p / 2e9 + p / E * l).length();
    for method in METHODS {
        let out = solve(bar(turned), vec![bed.clone(), sides.clone(), press.clone()], 5e-3, method);
        let found = value(&out, "displacement_max");
        let allowed = if method == "instant" { 1e-3 } else { 1e-6 };
        assert!((found / truth - 1.0).abs() < allowed, "{method}: {found:e} {truth:e}");
        let force = turned.inverse() * reaction(&out, "bed");
        assert!((force - DVec3::Z * (p * 0.06 * 0.02)).length() < 1e-5 * p * 0.06 * 0.02, "{method}: {force}");
    }
    // In plane too: pushed sideways, held by nothing else.
    let both = bed.expr("tangential", "1 N/mm^3");
    let push = on("push", "force", &["z0"]).with("force", part::vector([1200.0, 0.0, 0.0], "N"));
    for method in METHODS {
        let out = solve(bar(DQuat::IDENTITY), vec![both.clone(), push.clone()], 5e-3, method);
        let truth = 1200.0 / (1e9 * 0.06 * 0.02);
        assert!((value(&out, "displacement_max") / truth - 1.0).abs() < 2e-3, "{method}");
    }
    let (errors, _) = issues(bar(DQuat::IDENTITY), vec![on("bed", "elastic", &["z0"]), push]);
    assert!(errors.iter().any(|e| e.contains("slide along x")), "{errors:?}");
}

#[test]
fn a_long_beam_on_springs_bends_as_hetenyi_says() {
    // Half of a beam without end: its middle at x = 0. λ from k b = 4 λ⁴ E I.
    let (l, h, b, lambda) = (1.0, 0.02f64, 0.02, 5.0f64);
    let k = 4.0 * lambda.powi(4) * E * b * h.powi(3) / 12.0 / b;
    let objects = vec![
        on("bed", "elastic", &["z0"]).expr("stiffness", &format!("{k} N/m^3")),
        on("middle", "symmetry", &["x0"]),
        on("side", "sliding", &["y0"]),
        on("push", "force", &["x0"]).with("force", part::vector([0.0, 0.0, -500.0], "N")),
    ];
    let truth = 1000.0 * lambda / (2.0 * k * b);
    for method in METHODS {
        let out = solve(part::block([l, b, h], |p| p), objects.clone(), 5e-3, method);
        let found = value(&out, "displacement_max");
        assert!((found / truth - 1.0).abs() < 0.015, "{method}: {found:e} {truth:e}");
        assert!((reaction(&out, "bed").z - 500.0).abs() < 1e-4, "{method}");
    }
}

#[test]
fn all_of_them_together_conform_to_the_suite() {
    let objects = || {
        vec![
            on("bed", "elastic", &["z0"]),
            on("mirror", "symmetry", &["x0", "y0"]),
            along_normal(on("push", "displacement", &["x1"]), "-0.01 mm"),
            spin("5000 rpm"),
        ]
    };
    let sample = |objects, method: &str| {
        let (design, model) = set_up(bar(DQuat::IDENTITY), objects, 8e-3, method);
        Sample { design, model, study: "study" }
    };
    let on_threads = |n: usize, f: &mut (dyn FnMut() + Send)| {
        rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(f);
    };
    for method in METHODS {
        let mut nan = objects();
        nan[2] = along_normal(on("push", "displacement", &["x1"]), "0 mm / 0");
        let mut wild = objects();
        wild[3] = spin("1e200 rpm * 1e200");
        let mut soft = objects();
        soft[0] = on("bed", "elastic", &["z0"]).expr("stiffness", "-1 N/mm^3");
        let broken = [
            ("a way that is no number", sample(nan, method)),
            ("a speed without end", sample(wild, method)),
            ("springs that push away", sample(soft, method)),
        ];
        let found = faults(study("static").unwrap(), &sample(objects(), method), &broken, &on_threads);
        assert!(found.is_empty(), "{method}: {found:?}");
    }
}

#[test]
fn a_block_sways_on_springs_however_soft() {
    // A stiff block on springs: ω² = k A / m, with m ω² spread over the whole block; the softer at 2 Hz, where a free body
    // has its rigid motions.
    for (stiffness, k) in [("0.01 N/mm^3", 1e7), ("0.0001 N/mm^3", 1e5)] {
        let objects = vec![
            on("bed", "elastic", &["z0"]).expr("stiffness", stiffness),
            along_normal(on("sides", "displacement", &["x0", "y0"]), "0 mm"),
        ];
        let (design, model) = of_modes(part::block([0.06; 3], |p| p), objects, "2e-2 m", "modal");
        let out = run_of(&design, &model, "modal");
        let truth = (k / (7850.0 * 0.06f64)).sqrt() / (2.0 * std::f64::consts::PI);
        let found = value(&out, "frequency_first");
        assert!((found / truth - 1.0).abs() < 1e-3, "{found} {truth}");
        assert!(!out.warnings.iter().any(|w| w.contains("rigid")), "{:?}", out.warnings);
    }
}
