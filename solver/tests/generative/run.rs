//! How a run goes on: conformance, pausing, being killed, finishing early.

use crate::sample::{self, cantilever, sample, wish};
use solver::design::Object;
use solver::run::{Asked, Ctx, Report, Steer};
use solver::study::outcome::Outcome;
use solver::study::suite::{Sample, faults};
use solver::study::{StudyError, study};
use std::sync::atomic::AtomicBool;

fn on_threads(n: usize, f: &mut (dyn FnMut() + Send)) {
    rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(f);
}

#[test]
fn it_conforms() {
    let quick = || wish().expr("iterations", "12");
    let gravity = Object::new("gravity", "gravity", "Gravity");
    let sliding = Object::new("slide", "sliding", "Slide").with("faces", sample::faces(&["bore.wall"]));
    let bore = Object::new("bore", "hole", "Bore").expr("x", "24 mm").expr("y", "6 mm").expr("diameter", "6 mm");
    let broken: Vec<(&str, Sample)> = vec![
        ("no space", cantilever(quick().with("bodies", sample::refs(&[])), vec![])),
        ("no support", sample(vec![sample::space(), sample::push(), quick()])),
        ("no load", sample(vec![sample::space(), sample::wall(), quick()])),
        ("no share", cantilever(quick().expr("share", "0 %"), vec![])),
        (
            "a mass of more than there is",
            cantilever(quick().with("goal", sample::choice("mass")).expr("mass", "9 kg"), vec![]),
        ),
        ("less than is kept", cantilever(quick().expr("share", "5 %"), vec![])),
        ("members that no cell resolves", cantilever(quick().expr("member", "3 mm"), vec![])),
        (
            "a displacement that the whole space exceeds",
            cantilever(quick().with("goal", sample::choice("displacement")).expr("displacement", "0.003 mm"), vec![]),
        ),
        ("gravity", cantilever(quick(), vec![gravity])),
        ("a slide on a bore", cantilever(quick(), vec![bore, sliding])),
        (
            "all avoided",
            cantilever(
                quick().with("avoid_bodies", sample::refs(&["all"])),
                vec![Object::new("all", "box", "All").expr("dx", "48 mm").expr("dy", "12 mm").expr("dz", "24 mm")],
            ),
        ),
    ];
    let found = faults(study("generative").unwrap(), &cantilever(quick(), vec![]), &broken, &on_threads);
    assert_eq!(found, Vec::<String>::new());
}

/// What a run reported and how it ended.
struct Told {
    checkpoints: Vec<Vec<u8>>,
    result: Result<Outcome, StudyError>,
}

/// Runs from a checkpoint, if one is given; asks `what` once the residual of iteration `after` was reported.
fn told(sample: &Sample, checkpoint: Option<Vec<u8>>, ask: Option<(u32, Asked)>) -> Told {
    let (cancel, steer) = (AtomicBool::new(false), Steer::new());
    let mut checkpoints = Vec::new();
    let mut sink = |r: Report| match r {
        Report::Checkpoint(bytes) => checkpoints.push(bytes),
        Report::Residual { iteration, .. } => {
            if let Some((_, what)) = ask.filter(|a| a.0 == iteration) {
                steer.ask(what);
            }
        }
        _ => {}
    };
    let mut ctx = Ctx::new(&mut sink, &cancel);
    ctx.steer = Some(&steer);
    ctx.checkpoint = checkpoint;
    let result = sample.with(|case| study("generative").unwrap().run(case, &mut ctx));
    Told { checkpoints, result }
}

#[test]
fn a_run_that_was_paused_or_killed_gives_the_same_bits() {
    let sample = cantilever(wish().expr("iterations", "14"), vec![]);
    let whole = told(&sample, None, None);
    let bytes = whole.result.unwrap().to_bytes();
    assert_eq!(whole.checkpoints.len(), 2, "one every five iterations");
    // Killed after the tenth iteration: another worker goes on from there.
    let again = told(&sample, whole.checkpoints.last().cloned(), None);
    assert!(again.result.unwrap().to_bytes() == bytes, "killed");
    let paused = told(&sample, None, Some((7, Asked::Pause)));
    assert!(matches!(paused.result, Err(StudyError::Paused)), "{:?}", paused.result.is_ok());
    let again = told(&sample, paused.checkpoints.last().cloned(), None);
    assert!(again.result.unwrap().to_bytes() == bytes, "paused");
    // Bytes that are no checkpoint are not believed.
    let mut damaged = paused.checkpoints.last().cloned().unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    assert!(told(&sample, Some(damaged), None).result.unwrap().to_bytes() == bytes, "anew");
}

#[test]
fn a_limit_may_change_while_a_run_is_paused() {
    let with = |share: &str| cantilever(wish().expr("iterations", "40").expr("share", share), vec![]);
    let paused = told(&with("40 %"), None, Some((12, Asked::Pause)));
    let checkpoint = paused.checkpoints.last().cloned();
    assert!(checkpoint.is_some());
    let onward = told(&with("30 %"), checkpoint, None).result.unwrap();
    assert!((sample::value(&onward, "share") - 0.3).abs() < 5e-3, "{}", sample::value(&onward, "share"));
    let anew = told(&with("30 %"), None, None).result.unwrap();
    let ratio = sample::value(&onward, "compliance") / sample::value(&anew, "compliance");
    assert!(ratio < 1.05, "{ratio} times as soft as one begun anew");
}

#[test]
fn one_may_stop_and_keep_what_there_is() {
    let sample = cantilever(wish(), vec![]);
    let told = told(&sample, None, Some((9, Asked::Finish)));
    let out = told.result.unwrap();
    assert_eq!(sample::value(&out, "iterations"), 9.0);
    assert!(sample::volume(sample::surface(&out)) > 0.0);
}

/// A design that is over its limit says so, and by how much, and flags what is over it.
#[test]
fn what_was_stopped_above_its_limit_says_so() {
    let goal = || wish().with("goal", sample::choice("displacement")).expr("displacement", "0.006 mm");
    let out = told(&cantilever(goal(), vec![]), None, Some((2, Asked::Finish))).result.unwrap();
    let over = sample::value(&out, "compliance") / 100.0 / 6e-6 - 1.0;
    assert!(over > 0.05, "canary: {over}");
    let said = format!("ends {:.1} % above its limit", 100.0 * over);
    assert!(out.warnings.iter().any(|w| w.contains("Displacement at most") && w.contains(&said)), "{:?}", out.warnings);
    assert!(out.scalars.iter().any(|s| s.id == "compliance" && s.label.ends_with("above its limit")));
}

/// Lightest within a stress: the limit holds in cells and, re-solved on a mesh that follows the body, away from what is kept;
/// half the limit takes more material.
#[test]
fn the_lightest_within_a_stress_keeps_it() {
    use crate::sample::{cantilever, choice, run, value, wish};
    let within = |mpa: f64| {
        let goal = wish()
            .with("goal", choice("stress"))
            .expr("stress", &format!("{mpa} MPa"))
            .expr("layer", "4 mm")
            .expr("iterations", "80");
        run(&cantilever(goal, vec![]))
    };
    let (strong, weak) = (within(12.0), within(6.0));
    for (out, limit) in [(&strong, 12e6), (&weak, 6e6)] {
        let found = value(out, "stress_max");
        assert!(found < 1.02 * limit && found > 0.7 * limit, "{found} for {limit}");
    }
    assert!(value(&strong, "share") < 0.8 * value(&weak, "share"));
}

/// The inner corner of an angle draws stress: a step that cuts the member there is taken back, and the run goes on to a design
/// that keeps the limit. Without that, this one lost two thirds of its material and ended with an error.
#[test]
fn an_angle_within_a_stress_does_not_fall_apart() {
    use crate::sample::{choice, faces, push, run, sample, space, value, vector, wish};
    let corner = Object::new("corner", "box", "Corner")
        .with("origin", vector([20.0, -1.0, 20.0], "mm"))
        .expr("dx", "40 mm")
        .expr("dy", "14 mm")
        .expr("dz", "40 mm")
        .with("operation", choice("cut"));
    let wall = Object::new("wall", "fixed", "Wall").with("faces", faces(&["space.top"]));
    let goal = wish()
        .with("goal", choice("stress"))
        .expr("stress", "12 MPa")
        .expr("layer", "4 mm")
        .expr("cells", "32")
        .expr("iterations", "80");
    let out = run(&sample(vec![space().expr("dz", "48 mm"), corner, wall, push(), goal]));
    let found = value(&out, "stress_max");
    assert!(found < 1.05 * 12e6, "{found} Pa");
    assert!(value(&out, "share") < 0.45, "{}", value(&out, "share"));
}
