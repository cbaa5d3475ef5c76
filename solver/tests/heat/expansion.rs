//! The static study with temperatures: bodies that expand.

use crate::part;
use crate::run::warm;
use solver::design::{Object, Severity, Value};
use solver::run::Ctx;
use solver::study::outcome::Outcome;
use solver::study::suite::Sample;
use solver::study::{Case, study};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const E: f64 = 210e9;
const EXPANSION: f64 = 12e-6;

pub fn set_up(objects: Vec<Object>, of_study: impl Fn(Object) -> Object) -> Sample {
    let (mut design, model) = part::set_up(part::block([0.06, 0.02, 0.02], |p| p), "s235jr", objects, 8e-3);
    let at = design.position(&"study".into()).unwrap();
    let study = design.objects[at].as_ref().clone().with("method", Value::Choice("verified".into()));
    design.objects[at] = Arc::new(of_study(study));
    Sample { design, model, study: "study" }
}

pub fn run(sample: &Sample) -> Outcome {
    let cancel = AtomicBool::new(false);
    let mut sink = |_| {};
    let out = sample.with(|case: &Case| study("static").unwrap().run(case, &mut Ctx::new(&mut sink, &cancel))).unwrap();
    for s in &out.scalars {
        println!("{} {:.6e} ± {:?}", s.id, s.value, s.error);
    }
    assert!(out.balances.iter().all(|b| b.imbalance < 1e-8), "{:?}", out.balances);
    out
}

pub fn value(out: &Outcome, id: &str) -> f64 {
    out.scalars.iter().find(|s| s.id == id).unwrap().value
}

pub fn slide(faces: &[&str]) -> Object {
    Object::new("slide", "sliding", "Slide").with("faces", part::faces(faces))
}

pub fn given(o: Object) -> Object {
    o.with("warmth", Value::Choice("given".into())).expr("temperature", "120 °C")
}

#[test]
fn a_free_body_grows_without_stress_and_a_held_one_is_stressed_without_growing_there() {
    let free = run(&set_up(vec![slide(&["x0", "y0", "z0"])], given));
    let diagonal = (0.06f64.powi(2) + 2.0 * 0.02f64.powi(2)).sqrt();
    assert!((value(&free, "displacement_max") / (EXPANSION * 100.0 * diagonal) - 1.0).abs() < 1e-6);
    assert!(value(&free, "von_mises_max") < 1e-6 * E * EXPANSION * 100.0);
    let held = run(&set_up(vec![slide(&["x0", "x1", "y0", "z0"])], given));
    assert!((value(&held, "von_mises_max") / (E * EXPANSION * 100.0) - 1.0).abs() < 1e-6);
    // Free across: ν of what is hindered along comes on top.
    let across = 1.3 * EXPANSION * 100.0 * 0.02 * 2f64.sqrt();
    assert!((value(&held, "displacement_max") / across - 1.0).abs() < 1e-6);
    let temperature = held.fields.iter().find(|f| f.id == "temperature").unwrap();
    assert!(temperature.values.iter().all(|t| (t - 393.15).abs() < 1e-3));
    // Free of stress at another temperature.
    let hot = run(&set_up(vec![slide(&["x0", "x1", "y0", "z0"])], |o| given(o).expr("stress_free", "120 °C")));
    assert!(value(&hot, "von_mises_max") < 1.0);
}

#[test]
fn the_instant_method_says_that_it_leaves_expansion_out() {
    let force = || {
        Object::new("pull", "force", "Pull")
            .with("faces", part::faces(&["x1"]))
            .with("force", part::vector([100.0, 0.0, 0.0], "N"))
    };
    let method = |o: Object, method: &str| o.with("method", Value::Choice(method.into()));
    let sample = |of: &dyn Fn(Object) -> Object| set_up(vec![slide(&["x0", "y0", "z0"]), force()], of);
    let said = |sample: &Sample| {
        let issues = sample.with(|case: &Case| study("static").unwrap().check(case));
        assert!(issues.iter().all(|i| i.severity != Severity::Error), "{issues:?}");
        issues.iter().filter(|i| i.message.contains("expansion") && i.key.as_deref() == Some("method")).count()
    };
    assert_eq!(said(&sample(&|o| method(given(o), "verified"))), 0);
    assert_eq!(said(&sample(&|o| method(o, "instant"))), 0, "nothing is left out");
    let warm = sample(&|o| method(given(o), "instant"));
    assert_eq!(said(&warm), 1);
    // It stands with the answer too, whose numbers are those of the cold body.
    let stop = AtomicBool::new(false);
    let answer = |sample: &Sample| {
        let mut sink = |_| {};
        sample.with(|case: &Case| study("static").unwrap().run(case, &mut Ctx::new(&mut sink, &stop))).unwrap()
    };
    let out = answer(&warm);
    assert!(out.warnings.iter().any(|w| w.contains("does not know expansion")), "{:?}", out.warnings);
    let cold = answer(&sample(&|o| method(o, "instant")));
    assert_eq!(value(&out, "displacement_max"), value(&cold, "displacement_max"));
    assert!(cold.warnings.iter().all(|w| !w.contains("expansion")), "{:?}", cold.warnings);
}

#[test]
fn temperatures_of_a_heat_study_are_found_on_the_same_mesh() {
    let heat =
        |o: Object| o.with("warmth", Value::Choice("heat".into())).with("heat", Value::Refs(vec!["heat".into()]));
    let objects = |second: &str| {
        vec![
            slide(&["x0", "x1", "y0", "z0"]),
            warm("a", "part.x0", "120 °C"),
            warm("b", "part.x1", second),
            Object::new("heat", "heat", "Heat"),
        ]
    };
    let even = run(&set_up(objects("120 °C"), heat));
    assert!((value(&even, "von_mises_max") / (E * EXPANSION * 100.0) - 1.0).abs() < 1e-6);
    // From 20 to 120 °C along the bar, held at both ends: about half the force.
    let sloped = run(&set_up(objects("20 °C"), heat));
    let volume: Vec<f32> = sloped
        .fields
        .iter()
        .filter(|f| f.id == "temperature" && f.mesh.starts_with("volume:"))
        .flat_map(|f| f.values.clone())
        .collect();
    let mean = volume.iter().map(|t| f64::from(*t)).sum::<f64>() / volume.len() as f64;
    assert!((293.15..393.15).contains(&mean));
    assert!(value(&sloped, "von_mises_max") > 0.4 * E * EXPANSION * 100.0);
    let sample = set_up(objects("20 °C"), |o| o.with("warmth", Value::Choice("heat".into())));
    let issues = sample.with(|case| study("static").unwrap().check(case));
    assert!(issues.iter().any(|i| i.severity == Severity::Error && i.message.contains("Choose a heat study")));
}
