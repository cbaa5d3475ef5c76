//! The static study passes the conformance suite; turning and scaling a problem turns and scales its answer.
#![cfg(feature = "solve")]

mod support {
    #[allow(dead_code)] // Each test file uses its share.
    pub mod part;
}

use glam::{DQuat, DVec3};
use solver::design::schema::Section;
use solver::design::{Issue, Object, Value, template};
use solver::geometry::{Files, evaluate};
use solver::run::Ctx;
use solver::study::outcome::Outcome;
use solver::study::suite::{Sample, faults, run};
use solver::study::{Case, Cost, Study, StudyError, study};
use std::f64::consts::FRAC_PI_2;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use support::part;

fn bracket(
    place: impl Fn(DVec3) -> DVec3,
    turn: DQuat,
    size: f64,
    change: impl Fn(Vec<Object>) -> Vec<Object>,
) -> Sample {
    let mesh = part::block([0.053 * size, 0.021 * size, 0.011 * size], place);
    let force = turn * DVec3::new(10.0, -200.0, 300.0) * size * size;
    let objects = vec![
        Object::new("root", "fixed", "Root").with("faces", part::faces(&["x0"])),
        Object::new("tip", "force", "Tip")
            .with("faces", part::faces(&["x1"]))
            .with("force", part::vector(force.into(), "N")),
    ];
    let (design, model) = part::set_up(mesh, "s235jr", change(objects), 0.002 * size);
    Sample { design, model, study: "study" }
}

fn plain() -> Sample {
    bracket(|p| p, DQuat::IDENTITY, 1.0, |o| o)
}

fn on_threads(n: usize, f: &mut (dyn FnMut() + Send)) {
    rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(f);
}

#[test]
fn the_static_study_conforms() {
    let without = |id: &'static str| {
        bracket(|p| p, DQuat::IDENTITY, 1.0, move |o| o.into_iter().filter(|o| o.id.0 != id).collect())
    };
    let nan =
        bracket(|p| if p.x > 0.01 && p.y > 0.01 && p.z > 0.01 { DVec3::NAN } else { p }, DQuat::IDENTITY, 1.0, |o| o);
    let mut empty = plain();
    empty.model.bodies.clear();
    let loose = bracket(
        |p| p,
        DQuat::IDENTITY,
        1.0,
        |mut o| {
            o[0] = Object::new("root", "sliding", "Root").with("faces", part::faces(&["x0"]));
            o
        },
    );
    let lost = bracket(
        |p| p,
        DQuat::IDENTITY,
        1.0,
        |mut o| {
            o[1] = o[1].clone().with("faces", part::faces(&["gone"]));
            o
        },
    );
    let mut alien = plain();
    alien.model.bodies[0].material = "unobtainium".into();
    let zero = bracket(
        |p| p,
        DQuat::IDENTITY,
        1.0,
        |mut o| {
            o[1] = o[1].clone().with("force", Value::Vector(["1 kg".into(), "0 N".into(), "0 N".into()]));
            o
        },
    );
    let broken = [
        ("no support", without("root")),
        ("no load", without("tip")),
        ("a point that is no number", nan),
        ("no body", empty),
        ("a free motion", loose),
        ("a lost face", lost),
        ("an unknown material", alien),
        ("a force in kg", zero),
    ];
    let found = faults(study("static").unwrap(), &plain(), &broken, &on_threads);
    assert!(found.is_empty(), "{found:#?}");
}

/// What a worker does with the demo bracket, from the design to the bytes it publishes.
fn published(threads: usize, study: &dyn Study) -> [Vec<u8>; 2] {
    let mut design = (template("bracket").unwrap().build)();
    let at = design.position(&"study_static".into()).unwrap();
    // Coarse, because it runs four times.
    Arc::make_mut(&mut design.objects[at]).properties.insert("resolution".into(), Value::Choice("coarse".into()));
    let mut bytes = None;
    on_threads(threads, &mut || {
        let model = evaluate(&design, &NoFiles);
        let object = design.section(Section::Study).next().unwrap();
        let case = Case { design: &design, study: object, model: &model, upstream: &[] };
        let cancel = AtomicBool::new(false);
        let out = study.run(&case, &mut Ctx::new(&mut |_| {}, &cancel)).unwrap();
        bytes = Some([out.surface_part().to_bytes(), out.volume_part().to_bytes()]);
    });
    bytes.unwrap()
}

struct NoFiles;

impl Files for NoFiles {
    fn get(&self, _: &str) -> Option<&[u8]> {
        None
    }
}

/// A study as it must not be: its sums know how many threads there are.
struct Racy;

impl Study for Racy {
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
        out.scalars[0].value *= 1.0 + f64::EPSILON * rayon::current_num_threads() as f64;
        Ok(out)
    }
}

#[test]
fn one_and_two_threads_publish_the_same_bytes_of_the_demo_bracket() {
    let of = study("static").unwrap();
    assert!(published(1, of) == published(2, of), "the bits depend on the number of threads");
    assert!(published(1, &Racy) != published(2, &Racy), "the canary lives: one bit more per thread went unseen");
}

#[test]
fn the_suite_catches_a_study_that_depends_on_threads() {
    let found = faults(&Racy, &plain(), &[], &on_threads);
    assert!(found.iter().any(|f| f.contains("different bits")), "{found:#?}");
}

#[test]
fn a_free_motion_is_named() {
    let loose = bracket(
        |p| p,
        DQuat::IDENTITY,
        1.0,
        |mut o| {
            o[0] = Object::new("root", "sliding", "Root").with("faces", part::faces(&["x0", "y0"]));
            o
        },
    );
    let issues = loose.with(|case| study("static").unwrap().check(case));
    assert!(issues.iter().any(|i| i.message.contains("free to slide along z")), "{issues:?}");
}

fn largest(sample: &Sample, id: &str) -> f64 {
    let out = run(study("static").unwrap(), sample, None).result.unwrap();
    out.scalars.iter().find(|s| s.id == id).unwrap().value
}

#[test]
fn a_quarter_turn_turns_the_answer_and_nothing_else() {
    for axis in [DVec3::X, DVec3::Y, DVec3::Z] {
        let turn = DQuat::from_axis_angle(axis, FRAC_PI_2);
        // Rounded to the grid of a nanometre, so that a quarter turn is exact.
        let exact = |p: DVec3| ((turn * p) * 1e9).round() / 1e9;
        let turned = bracket(exact, turn, 1.0, |o| o);
        let (a, b) = (largest(&plain(), "displacement_max"), largest(&turned, "displacement_max"));
        assert!((a / b - 1.0).abs() < 1e-5, "{a} {b} about {axis}");
    }
}

#[test]
fn twice_the_size_under_four_times_the_force_moves_twice_as_far_at_the_same_stress() {
    let double = bracket(|p| p, DQuat::IDENTITY, 2.0, |o| o);
    let (a, b) = (largest(&plain(), "displacement_max"), largest(&double, "displacement_max"));
    assert!((b / a / 2.0 - 1.0).abs() < 1e-6, "{a} {b}");
    let (a, b) = (largest(&plain(), "von_mises_max"), largest(&double, "von_mises_max"));
    assert!((b / a - 1.0).abs() < 1e-5, "{a} {b}");
}
