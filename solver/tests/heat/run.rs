//! Whole runs of the heat study, from a design to an outcome.

use crate::part::{self, Triangles};
use glam::DVec3;
use solver::design::{Design, Object, Severity, Value, template};
use solver::geometry::{Files, Model, ModelBody, evaluate};
use solver::run::{Ctx, Report};
use solver::study::outcome::{Cell, Outcome, Scalar, StateKind};
use solver::study::suite::{Sample, faults};
use solver::study::{Case, study};
use solver::surface::{FaceName, SurfaceMesh};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A heat study with cells of 8 mm on bodies of `(name, material, surface)`.
pub fn set_up(
    bodies: Vec<(&str, &str, SurfaceMesh)>,
    objects: Vec<Object>,
    of_study: impl Fn(Object) -> Object,
) -> Sample {
    let mut design = Design::new();
    design.objects = objects.into_iter().map(Arc::new).collect();
    let object = Object::new("study", "heat", "Study").with("resolution", Value::Choice("cell".into()));
    design.objects.push(Arc::new(of_study(object.expr("cell", "8 mm"))));
    let body = |(name, material, mut surface): (&str, &str, SurfaceMesh)| {
        for face in &mut surface.faces {
            face.name = FaceName(face.name.0.replace("part", name));
        }
        ModelBody {
            name: name.into(),
            label: name.into(),
            material: material.into(),
            turn: glam::DMat3::IDENTITY,
            body: Arc::new(Triangles(Arc::new(surface))),
        }
    };
    Sample {
        design,
        model: Model { bodies: bodies.into_iter().map(body).collect(), ..Model::default() },
        study: "study",
    }
}

pub fn bar() -> SurfaceMesh {
    part::block([0.06, 0.02, 0.02], |p| p)
}

pub fn faces(names: &[&str]) -> Value {
    Value::Faces(names.iter().map(|n| FaceName((*n).into())).collect())
}

pub fn warm(id: &str, face: &str, temperature: &str) -> Object {
    Object::new(id, "temperature", id).with("faces", faces(&[face])).expr("temperature", temperature)
}

pub fn film(id: &str, face: &str, film: &str) -> Object {
    Object::new(id, "convection", id).with("faces", faces(&[face])).expr("film", film).expr("ambient", "20 °C")
}

pub fn run(sample: &Sample) -> Outcome {
    let cancel = AtomicBool::new(false);
    let mut sink = |r: Report| {
        if let Report::Log { line } = r {
            println!("{line}");
        }
    };
    let study_object = sample.design.get(&sample.study.into()).unwrap();
    let case = Case { design: &sample.design, study: study_object, model: &sample.model, upstream: &[] };
    let out = study("heat").unwrap().run(&case, &mut Ctx::new(&mut sink, &cancel)).unwrap();
    for s in &out.scalars {
        println!("{:?} {} {:.6e} ± {:?} {:?}", s.case, s.id, s.value, s.error, s.exponent);
    }
    out.warnings.iter().for_each(|w| println!("{w}"));
    out
}

fn scalar<'a>(out: &'a Outcome, id: &str) -> &'a Scalar {
    out.scalars.iter().find(|s| s.id == id).unwrap()
}

fn near(s: &Scalar, expected: f64, within: f64) {
    assert!((s.value - expected).abs() <= within, "{} {} {expected}", s.id, s.value);
    assert!((s.value - expected).abs() <= s.error.unwrap(), "{} {} {expected}: band {:?}", s.id, s.value, s.error);
}

#[test]
fn a_bar_between_a_warm_face_and_a_film_is_exact() {
    let out = run(&set_up(
        vec![("part", "s235jr", bar())],
        vec![warm("hot", "part.x0", "100 °C"), film("air", "part.x1", "200 W/(m^2*K)")],
        |o| o,
    ));
    // Resistances in series: L / k and 1 / h.
    let flow = 80.0 / (0.06 / 53.3 + 1.0 / 200.0);
    near(scalar(&out, "temperature_max"), 373.15, 1e-9);
    near(scalar(&out, "temperature_min"), 293.15 + flow / 200.0, 1e-6);
    near(scalar(&out, "heat:hot"), flow * 4e-4, 1e-9);
    near(scalar(&out, "heat:air"), -flow * 4e-4, 1e-9);
    near(scalar(&out, "heat_flux_max"), flow, 1e-3 * flow);
    assert!(scalar(&out, "heat_imbalance").value < 1e-8);
    let table = out.tables.iter().find(|t| t.id == "heat").unwrap();
    assert!(matches!(&table.rows[2][..], [Cell::Text(t), Cell::Number(n), _] if t == "sum" && n.abs() < 1e-9));
    assert!(out.states.is_empty() && out.fields.iter().all(|f| f.case.is_none()));
}

#[test]
fn two_bonded_bodies_conduct_in_series() {
    let second = part::block([0.04, 0.02, 0.02], |p| p + DVec3::X * 0.06);
    let bodies = vec![("part", "s235jr", bar()), ("other", "aisi_304", second)];
    let objects = vec![warm("hot", "part.x0", "100 °C"), warm("cold", "other.x1", "0 °C")];
    let out = run(&set_up(bodies, objects, |o| o));
    let flow = 100.0 / (0.06 / 53.3 + 0.04 / 15.0) * 4e-4;
    // The meshes do not match: nodes of one follow faces of the other.
    near(scalar(&out, "heat:hot"), flow, 0.01 * flow);
    near(scalar(&out, "heat:cold"), -flow, 0.01 * flow);
    assert!(scalar(&out, "heat_imbalance").value < 1e-8);
}

#[test]
fn heat_made_inside_is_radiated_and_balances() {
    let objects = vec![
        Object::new("coil", "heat_source", "coil").expr("power", "40 W"),
        Object::new("glow", "radiation", "glow")
            .with("faces", faces(&["part.x1"]))
            .expr("emissivity", "0.9")
            .expr("ambient", "20 °C"),
    ];
    let out = run(&set_up(vec![("part", "s235jr", bar())], objects, |o| o));
    // ε σ (T⁴ − T∞⁴) A = 40 W at the face; inside a parabola, q L² / 2k above it at the other end.
    let face = (40.0 / (0.9 * 5.670_374_419e-8 * 4e-4) + 293.15f64.powi(4)).powf(0.25);
    let inside = 40.0 / (0.06 * 4e-4) * 0.06 * 0.06 / (2.0 * 53.3);
    near(scalar(&out, "temperature_min"), face, 1e-3);
    near(scalar(&out, "temperature_max"), face + inside, 1e-2);
    near(scalar(&out, "heat:glow"), -40.0, 1e-6);
    assert!(scalar(&out, "heat_imbalance").value < 1e-8);
}

pub fn over_time(o: Object) -> Object {
    o.with("course", Value::Choice("transient".into()))
        .expr("duration", "2 min")
        .expr("states", "3")
        .expr("cell", "12 mm")
}

#[test]
fn a_bar_that_is_heated_evenly_warms_in_proportion_to_time() {
    let objects = vec![Object::new("coil", "heat_source", "coil").expr("power", "10 W + 10 W * time / (120 s)")];
    let out = run(&set_up(vec![("part", "s235jr", bar())], objects, over_time));
    assert_eq!(out.states.len(), 3);
    assert!(out.states.iter().all(|s| s.kind == StateKind::Time));
    let capacity = 7850.0 * 440.0 * 0.06 * 4e-4;
    for state in &out.states {
        let t = state.value.unwrap();
        let exact = 293.15 + (10.0 * t + 10.0 * t * t / 240.0) / capacity;
        for id in ["temperature_max", "temperature_min"] {
            let s = out.scalars.iter().find(|s| s.id == id && s.case.as_ref() == Some(&state.id)).unwrap();
            near(s, exact, 1e-3 * (exact - 293.15) + 1e-6);
        }
    }
    let curve = out.curves.iter().find(|c| c.id == "highest_over_time").unwrap();
    assert!(curve.x.len() > 5 && curve.x[0] == 0.0 && (curve.x[curve.x.len() - 1] - 120.0).abs() < 1e-9);
    let iterations: u32 = out.facts.iter().find(|f| f.0 == "iterations").unwrap().1.parse().unwrap();
    assert!(iterations > 50, "every step is solved for");
    // The first law, over the whole run.
    let fact = |key: &str| {
        let text = &out.facts.iter().find(|f| f.0 == key).unwrap().1;
        text.trim_end_matches(" J").parse::<f64>().unwrap()
    };
    let (came, stored) = (fact("heat that came in, all steps"), fact("heat stored since the start"));
    assert!((came / 1800.0 - 1.0).abs() < 1e-3 && (stored / 1800.0 - 1.0).abs() < 1e-3, "{came} {stored}");
}

#[test]
fn a_suddenly_warmed_half_space_follows_the_error_function() {
    // While the far end has not noticed: T = T₀ + ΔT erfc(x / √(4 α t)), and heat k ΔT / √(π α t) per area.
    let out = run(&set_up(vec![("part", "s235jr", bar())], vec![warm("hot", "part.x0", "120 °C")], |o| {
        over_time(o).expr("duration", "10 s").expr("states", "2").expr("cell", "6 mm")
    }));
    let diffusivity = 53.3 / (7850.0 * 440.0);
    let flow = 53.3 * 100.0 / (std::f64::consts::PI * diffusivity * 10.0).sqrt() * 4e-4;
    let s = out.scalars.iter().find(|s| s.id == "heat:hot" && s.case.as_deref() == Some("time_2")).unwrap();
    near(s, flow, 0.01 * flow);
}

struct NoFiles;

impl Files for NoFiles {
    fn get(&self, _: &str) -> Option<&[u8]> {
        None
    }
}

#[test]
fn the_demo_heat_sink_sheds_the_heat_of_its_chip() {
    let design = (template("heat_sink").unwrap().build)();
    let model = evaluate(&design, &NoFiles);
    let out = run(&Sample { design, model, study: "study_heat" });
    near(scalar(&out, "heat:convection_fan"), -20.0, 1e-6);
    assert!(scalar(&out, "heat_imbalance").value < 1e-8);
    // Eight slots of 80 mm, two walls of 24 mm and a floor of 4 mm each, less two screw holes: fins of aluminium are
    // nearly of one temperature.
    let wet = 8.0 * 0.08 * (2.0 * 0.024 + 0.004);
    let mean = 293.15 + 20.0 / (25.0 * wet);
    let (low, high) = (scalar(&out, "temperature_min").value, scalar(&out, "temperature_max").value);
    assert!(low < mean && mean < high && high - low < 0.25 * (mean - 293.15), "{low} {mean} {high}");
}

#[test]
fn it_says_what_is_missing() {
    let said = |objects: Vec<Object>, of_study: fn(Object) -> Object, words: &str| {
        let sample = set_up(vec![("part", "s235jr", bar())], objects, of_study);
        let issues = sample.with(|case| study("heat").unwrap().check(case));
        let found = issues.iter().any(|i| i.severity == Severity::Error && i.message.contains(words));
        assert!(found, "{words}: {issues:?}");
    };
    said(vec![], |o| o, "Nothing heats or cools");
    let coil = Object::new("coil", "heat_source", "coil");
    said(vec![coil], |o| o, "nothing fixes its temperature");
    said(vec![warm("hot", "part.x0", "20 °C + 1 K * time / (1 s)")], |o| o, "depends on time");
    said(vec![warm("a", "part.x0", "20 °C"), warm("b", "part.x0", "30 °C")], |o| o, "already");
    said(vec![warm("a", "part.x0", "20 °C - 3 K * time / (1 s)")], over_time, "must be at least");
    said(vec![warm("a", "part.x0", "20 W")], |o| o, "this must be a temperature");
    let elsewhere = Object::new("coil", "heat_source", "coil").with("bodies", Value::Refs(vec!["gone".into()]));
    said(vec![elsewhere, warm("a", "part.x0", "20 °C")], |o| o, "None of its bodies");
}

#[test]
fn steady_and_transient_conform_to_the_suite() {
    let on_threads = |n: usize, f: &mut (dyn FnMut() + Send)| {
        rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(f);
    };
    let objects = || vec![warm("hot", "part.x0", "100 °C"), film("air", "part.x1", "200 W/(m^2*K)")];
    let sample = |objects: Vec<Object>, transient: bool| {
        set_up(vec![("part", "s235jr", bar())], objects, |o| {
            if transient { over_time(o).expr("states", "2") } else { o.expr("cell", "12 mm") }
        })
    };
    let mut bodiless = sample(objects(), false);
    bodiless.model.bodies.clear();
    let lost = vec![warm("hot", "part.gone", "100 °C")];
    let broken = [
        ("no boundary", sample(vec![], false)),
        ("no body", bodiless),
        ("a lost face", sample(lost, false)),
        ("a temperature below zero", sample(vec![warm("hot", "part.x0", "-300 °C")], false)),
        ("no duration", set_up(vec![("part", "s235jr", bar())], objects(), |o| over_time(o).expr("duration", "0 s"))),
    ];
    let found = faults(study("heat").unwrap(), &sample(objects(), false), &broken, &on_threads);
    assert!(found.is_empty(), "{found:#?}");
    let found = faults(study("heat").unwrap(), &sample(objects(), true), &[], &on_threads);
    assert!(found.is_empty(), "{found:#?}");
}
