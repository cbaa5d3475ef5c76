//! Every physics keeps the laws of turning and growing; what no other suite runs conforms here.
#![cfg(feature = "solve")]

#[path = "../support/part.rs"]
#[allow(dead_code)] // Each test file uses its share.
mod part;
#[path = "../support/physics.rs"]
mod physics;

use glam::DQuat;
use physics::{ALL, Physics};
use solver::design::{Issue, Object, Value};
use solver::run::Ctx;
use solver::study::outcome::Outcome;
use solver::study::suite::{Sample, faults, law_faults};
use solver::study::{Case, Cost, Study, StudyError, study};

/// Length of an element over that of the problem.
const ELEMENT: f64 = 0.13;

fn named(name: &str) -> &'static Physics {
    ALL.iter().find(|p| p.name == name).unwrap()
}

fn keeps_its_laws(name: &str) {
    keeps_its_laws_on(name, ELEMENT);
}

fn keeps_its_laws_on(name: &str, element: f64) {
    let physics = named(name);
    let sample = |turn: DQuat, size: f64| physics.sample(turn, size, element);
    let found = law_faults(study(physics.study).unwrap(), &sample, physics.laws);
    assert!(found.is_empty(), "{name}: {found:#?}");
}

#[test]
fn the_instant_static_study_turns_and_grows() {
    // Cells that lie aslant cut the walls of a bar: it takes several across.
    keeps_its_laws_on("static, instant", 0.035);
}

#[test]
fn the_verified_static_study_turns_and_grows() {
    keeps_its_laws("static");
}

#[test]
fn the_thermo_elastic_study_turns_and_grows() {
    keeps_its_laws("static, evenly warm");
    keeps_its_laws("static, warm by heat");
}

#[test]
fn the_modal_study_turns_and_grows() {
    keeps_its_laws("modal");
}

#[test]
fn the_buckling_study_turns_and_grows() {
    keeps_its_laws("buckling");
}

#[test]
fn the_heat_study_turns_and_grows() {
    keeps_its_laws("heat, steady");
    keeps_its_laws("heat, transient");
}

#[test]
fn what_knows_directions_turns_and_grows() {
    keeps_its_laws("heat, along directions");
    keeps_its_laws("static, warm by heat along directions");
}

/// Every study that answers with numbers of a body is among them.
#[test]
fn no_physics_is_left_out() {
    let of = |kind: &str| ALL.iter().filter(|p| p.study == kind).count();
    assert_eq!(["static", "modal", "buckling", "heat"].map(of), [5, 1, 1, 3]);
}

/// A study as it must not be: it knows where up is.
struct Upright;

impl Study for Upright {
    fn id(&self) -> &'static str {
        "static"
    }
    fn check(&self, case: &Case) -> Vec<Issue> {
        study("static").unwrap().check(case)
    }
    fn cost(&self, case: &Case) -> Cost {
        study("static").unwrap().cost(case)
    }
    fn run(&self, case: &Case, ctx: &mut Ctx) -> Result<Outcome, StudyError> {
        let mut out = study("static").unwrap().run(case, ctx)?;
        let heights = case.model.bodies[0].body.surface().points.iter().map(|p| p[2]);
        let height = heights.fold(f64::NEG_INFINITY, f64::max);
        out.scalars.iter_mut().for_each(|s| s.value += height * s.value);
        Ok(out)
    }
}

#[test]
fn the_laws_catch_a_study_that_knows_where_up_is() {
    let physics = named("static, evenly warm");
    let sample = |turn: DQuat, size: f64| physics.sample(turn, size, ELEMENT);
    let found = law_faults(&Upright, &sample, physics.laws);
    assert!(found.iter().any(|f| f.starts_with("turned about y")), "{found:#?}");
    assert!(found.iter().any(|f| f.starts_with("twice as large")), "{found:#?}");
}

fn on_threads(n: usize, f: &mut (dyn FnMut() + Send)) {
    rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(f);
}

#[test]
fn the_thermo_elastic_study_conforms() {
    for name in ["static, evenly warm", "static, warm by heat"] {
        let of = |id: &'static str, change: &dyn Fn(Object) -> Object| -> Sample {
            let change = |o: Object| if o.id.0 == id { change(o) } else { o };
            named(name).changed(DQuat::IDENTITY, 1.0, ELEMENT, change)
        };
        let plain = of("study", &|o| o);
        let mut broken = vec![
            ("a temperature free of stress that is no number", of("study", &|o| o.expr("stress_free", "0 K / 0"))),
            ("a temperature free of stress in kg", of("study", &|o| o.expr("stress_free", "3 kg"))),
            ("a cell of nothing", of("study", &|o| o.expr("cell", "0 mm"))),
            ("a lost face", of("slide", &|o| o.with("faces", part::faces(&["gone"])))),
        ];
        if name == "static, evenly warm" {
            broken.push(("a temperature that is no number", of("study", &|o| o.expr("temperature", "0 K / 0"))));
            broken.push(("a temperature below zero", of("study", &|o| o.expr("temperature", "-300 °C"))));
        } else {
            broken.push(("no heat study", of("study", &|o| o.with("heat", Value::Refs(vec![])))));
            broken.push(("a lost heat study", of("study", &|o| o.with("heat", Value::Refs(vec!["gone".into()])))));
            broken.push(("a film that is no number", of("air", &|o| o.expr("film", "0 W/(m^2*K) / 0"))));
        }
        let found = faults(study("static").unwrap(), &plain, &broken, &on_threads);
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}
