//! The best conductor: heat in at one side, out at the other.

use crate::sample::{self, Stored, cells, choice, faces, refs, run, run_on, sample, value};
use solver::density::measure;
use solver::design::{Design, Object, Severity, Value};
use solver::geometry::evaluate;
use solver::growth::Growth;
use solver::run::{Asked, Ctx, Report, Steer};
use solver::study::outcome::Outcome;
use solver::study::question::question;
use solver::study::suite::{self, Sample, faults};
use solver::study::{StudyError, study};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const HEAT: f64 = 10.0;
/// 20 °C
const COLD: f64 = 293.15;

fn sink() -> Object {
    Object::new("sink", "temperature", "Sink").with("faces", faces(&["space.left"])).expr("temperature", "20 °C")
}

fn flow() -> Object {
    Object::new("flow", "heat_flux", "Flow")
        .with("faces", faces(&["space.right"]))
        .with("by", choice("total"))
        .expr("power", "10 W")
}

fn source() -> Object {
    Object::new("source", "heat_source", "Source").expr("power", "10 W")
}

/// A conductor of the block of 48 × 12 × 24 mm in cells of 2 mm.
fn wish() -> Object {
    sample::wish().with("goal", choice("conduction")).expr("share", "30 %").expr("iterations", "90")
}

fn block(study: Object, heat: Vec<Object>) -> Sample {
    let mut objects = vec![sample::space()];
    objects.extend(heat);
    objects.push(study);
    sample(objects)
}

/// Rise from the cold side of the whole block to the warm one, K.
fn rise(sample: &Sample) -> f64 {
    let material = solver::design::material(&sample.model.bodies[0].material).unwrap();
    HEAT * 0.048 / (material.conductivity * 0.012 * 0.024)
}

fn n_pieces(out: &Outcome) -> usize {
    let (grid, _, solid) = cells(out);
    measure::pieces(grid.counts, &solid).sizes.len()
}

#[test]
fn conduct_all_of_the_space_is_a_bar() {
    let sample = block(wish().expr("share", "100 %"), vec![sink(), flow()]);
    assert_eq!(sample.model.issues, []);
    let (out, rise) = (run(&sample), rise(&sample));
    for id in ["thermal_compliance", "thermal_compliance_body", "objective"] {
        let found = value(&out, id);
        assert!((found / (HEAT * rise) - 1.0).abs() < 1e-3, "{id}: {found} for {}", HEAT * rise);
    }
    for id in ["temperature_max", "temperature_mean"] {
        let found = value(&out, id) - COLD;
        assert!((found / rise - 1.0).abs() < 1e-3, "{id}: {found} for {rise}");
    }
    assert!((value(&out, "share") - 1.0).abs() < 1e-9);
    // One steady state, which needs no name; temperatures on the skin and inside.
    assert!(out.states.is_empty());
    let fields: Vec<_> = out.fields.iter().map(|f| (f.id.as_str(), f.components, f.case.is_none())).collect();
    assert_eq!(fields, [("temperature", 1, true); 2]);
    for field in &out.fields {
        let (low, high) = field.values.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        assert!((f64::from(low) - COLD).abs() < 1e-3 && (f64::from(high) - COLD - rise).abs() < 2e-3 * rise);
    }
}

#[test]
fn conduct_with_a_share_is_one_body_and_lighter() {
    let whole = block(wish(), vec![sink(), flow()]);
    let out = run(&whole);
    let space = sample::volume(whole.model.bodies[0].body.surface());
    assert!((value(&out, "volume") / space - 0.3).abs() < 3e-3, "{}", value(&out, "volume") / space);
    assert_eq!(n_pieces(&out), 1);
    assert!(out.warnings.iter().all(|w| !w.contains("pieces")), "{:?}", out.warnings);
    // No bar of its material leads better than the straight one between layers, whose share is known.
    let (layer, share): (f64, f64) = (4.0 / 48.0, value(&out, "share"));
    let bar = rise(&whole) * (layer + (1.0 - layer).powi(2) / (share - layer));
    let found = value(&out, "temperature_mean") - COLD;
    println!("mean rise {found:.4} K, of straight members {bar:.4} K");
    assert!(found > 0.9 * bar && found < 1.35 * bar, "{found} K, straight {bar} K");
    let curve = out.curves.iter().find(|c| c.id == "objective").unwrap();
    assert!(curve.y.last().unwrap() < &(0.7 * curve.y[0]));
}

#[test]
fn conduct_conforms() {
    let quick = || wish().expr("iterations", "12");
    let whole = || vec![sink(), flow()];
    let second = Object::new("second", "temperature", "Second").with("faces", faces(&["space.top"]));
    let convection = Object::new("air", "convection", "Air").with("faces", faces(&["space.top"]));
    let on_sink = Object::new("flow", "heat_flux", "Flow").with("faces", faces(&["space.left"]));
    let chip = || Object::new("chip", "box", "Chip").expr("dx", "8 mm").expr("dy", "12 mm").expr("dz", "8 mm");
    let in_chip = source().with("bodies", refs(&["chip"]));
    let broken: Vec<(&str, Sample)> = vec![
        ("no space", block(quick().with("bodies", refs(&[])), whole())),
        ("no temperature", block(quick(), vec![flow()])),
        ("no heat", block(quick(), vec![sink()])),
        ("two temperatures", block(quick(), vec![sink(), flow(), second.expr("temperature", "90 °C")])),
        ("convection", block(quick(), vec![sink(), flow(), convection])),
        ("heat over time", block(quick(), vec![sink(), flow().expr("power", "1 W/s * time")])),
        ("heat where a temperature is given", block(quick(), vec![sink(), on_sink])),
        ("heat of nothing", block(quick(), vec![sink(), flow().expr("power", "0 W")])),
        ("a source in a body that is not kept", block(quick(), vec![chip(), sink(), in_chip])),
        ("less than is kept", block(quick().expr("share", "5 %"), whole())),
    ];
    let on_threads = |n: usize, f: &mut (dyn FnMut() + Send)| {
        rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(f);
    };
    let found = faults(study("generative").unwrap(), &block(quick(), whole()), &broken, &on_threads);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn conduct_is_asked_of_heat_alone() {
    // What holds and loads the design by forces changes nothing; what heats it does.
    let of = |more: Vec<Object>| block(wish(), [vec![sink(), flow()], more].concat());
    let ask = |s: &Sample| question(&s.design, &"study".into()).unwrap();
    let plain = of(vec![]);
    let with_forces = of(vec![sample::wall(), sample::push()]);
    assert_eq!(ask(&plain), ask(&with_forces));
    assert_ne!(ask(&plain), ask(&of(vec![source()])));
    assert_eq!(solver::design::check(&plain.design), []);
    let missing = block(wish(), vec![sample::wall(), sample::push()]);
    let issues: Vec<_> = missing
        .with(|case| study("generative").unwrap().check(case))
        .into_iter()
        .filter(|i| i.severity == Severity::Error)
        .map(|i| (i.key.unwrap_or_default(), i.message))
        .collect();
    assert!(
        issues.iter().any(|(key, why)| key == "thermal" && why.contains("give a face a temperature")),
        "{issues:?}"
    );
    assert!(issues.iter().any(|(key, why)| key == "thermal" && why.contains("heat flow")), "{issues:?}");
    assert!(issues.iter().all(|(key, _)| key != "supports" && key != "cases"), "{issues:?}");
}

#[test]
fn conduct_from_the_whole_space_and_from_a_kept_body() {
    let out = run(&block(wish(), vec![sink(), source()]));
    assert!(value(&out, "temperature_max_space") >= value(&out, "temperature_max"));
    let curve = out.curves.iter().find(|c| c.id == "objective").unwrap();
    assert!(curve.y.last().unwrap() < &(0.6 * curve.y[0]));
    // Of the whole block, heated alike: c = Q² L / (3 k A).
    let full = block(wish().expr("share", "100 %").expr("iterations", "2"), vec![sink(), source()]);
    let (found, exact) = (value(&run(&full), "thermal_compliance"), HEAT * rise(&full) / 3.0);
    assert!((found / exact - 1.0).abs() < 5e-3, "{found} for {exact}");
    // In a chip at the far end, which is kept: warmest there.
    let chip = Object::new("chip", "box", "Chip")
        .with("origin", sample::vector([40.0, 0.0, 16.0], "mm"))
        .expr("dx", "8 mm")
        .expr("dy", "12 mm")
        .expr("dz", "8 mm");
    let study = wish().with("keep_bodies", refs(&["chip"]));
    let out = run(&block(study, vec![chip, sink(), source().with("bodies", refs(&["chip"]))]));
    assert_eq!(n_pieces(&out), 1);
    let hottest = out.scalars.iter().find(|s| s.id == "temperature_max").unwrap().at.unwrap();
    assert!(hottest[0] > 0.039 && hottest[2] > 0.015, "{hottest:?}");
    assert!(!out.scalars.iter().any(|s| s.id == "temperature_max_space"));
}

#[test]
fn conduct_by_every_process() {
    for (key, more) in [("additive", ("build", "x")), ("casting", ("draw", "y")), ("extrusion", ("axis", "y"))] {
        let study =
            wish().with("process", choice(key)).with(more.0, choice(more.1)).with("symmetric_z", Value::Flag(true));
        let out = run(&block(study, vec![sink(), flow()]));
        assert!((value(&out, "share") - 0.3).abs() < 0.02, "{key}: {}", value(&out, "share"));
        let (grid, _, solid) = cells(&out);
        let [nx, ny, nz] = grid.counts;
        if key == "extrusion" {
            let same =
                |x: usize, z: usize| (0..ny).all(|y| solid[grid.index([x, y, z])] == solid[grid.index([x, 0, z])]);
            assert!((0..nz).all(|z| (0..nx).all(|x| same(x, z))));
        }
    }
    let sized = wish().expr("member", "6 mm");
    // The limit is on the dilated design: thin branches that only that has leave less for the one that is built.
    let share = value(&run(&block(sized, vec![sink(), flow()])), "share");
    assert!(share > 0.2 && share < 0.305, "{share}");
}

/// Runs from a checkpoint, if one is given; pauses once iteration `after` was reported.
fn told(
    sample: &Sample,
    checkpoint: Option<Vec<u8>>,
    after: Option<u32>,
) -> (Vec<Vec<u8>>, Result<Outcome, StudyError>) {
    let (cancel, steer) = (AtomicBool::new(false), Steer::new());
    let mut checkpoints = Vec::new();
    let mut sink = |r: Report| match r {
        Report::Checkpoint(bytes) => checkpoints.push(bytes),
        Report::Residual { iteration, .. } if Some(iteration) == after => steer.ask(Asked::Pause),
        _ => {}
    };
    let mut ctx = Ctx::new(&mut sink, &cancel);
    ctx.steer = Some(&steer);
    ctx.checkpoint = checkpoint;
    let result = sample.with(|case| study("generative").unwrap().run(case, &mut ctx));
    (checkpoints, result)
}

#[test]
fn conduct_goes_on_to_the_bit() {
    let sample = block(wish().expr("iterations", "14"), vec![sink(), source()]);
    let (kept, whole) = told(&sample, None, None);
    let bytes = whole.unwrap().to_bytes();
    let (_, again) = told(&sample, kept.last().cloned(), None);
    assert!(again.unwrap().to_bytes() == bytes, "killed");
    let (kept, paused) = told(&sample, None, Some(7));
    assert!(matches!(paused, Err(StudyError::Paused)));
    let (_, again) = told(&sample, kept.last().cloned(), None);
    assert!(again.unwrap().to_bytes() == bytes, "paused");
}

/// The outcome is a body like any other: the heat study solves it under the same boundaries.
#[test]
fn conduct_is_verified_by_a_heat_study() {
    let sample = block(wish().expr("cells", "32").expr("layer", "3 mm"), vec![sink(), flow()]);
    let out = run(&sample);
    let growth = out.growth.clone().expect("a body for the design");
    let mut feature = Object::new("outcome", "generated", "Outcome");
    feature.properties.extend(growth.head.values.clone());
    let file = Value::Blob { hash: "found".into(), name: format!("Study.{}", Growth::EXTENSION) };
    let files = Stored(vec![("found".into(), growth.to_bytes())]);
    let check = Object::new("check", "heat", "Check")
        .with("bodies", refs(&["outcome"]))
        .with("resolution", choice("coarse"))
        .expr("accuracy", "5 %");
    let mut design: Design = sample.design.clone();
    design.objects.extend([feature.with("file", file), check].map(Arc::new));
    let verified = run_on(&design, &evaluate(&design, &files), "check");
    let (found, cells) = (value(&verified, "temperature_max") - COLD, value(&out, "temperature_max") - COLD);
    println!("highest rise: verified {found:.4} K, in cells {cells:.4} K");
    assert!((cells / found - 1.0).abs() < 0.1, "{cells} K for {found} K");
    // And of the whole: what the card sets beside each other.
    let [wanted, found] = [&out, &verified].map(|o| value(o, "thermal_compliance"));
    println!("thermal compliance: verified {found:.4} W K, of the densities {wanted:.4} W K");
    assert!((wanted / found - 1.0).abs() < 0.05, "{wanted} W K for {found} W K");
    let heat = verified.scalars.iter().filter(|s| s.id.starts_with("heat:")).map(|s| s.value).fold(0.0, f64::max);
    assert!((heat / HEAT - 1.0).abs() < 1e-3, "{heat} W");
}

/// Densities know one conductivity and one stiffness: a space that has them by its directions is refused by name, not solved as
/// if it were alike in all of them. A ply that says nothing of heat changes nothing of it, and the answer is told so.
#[test]
fn conduct_refuses_directions_that_it_cannot_follow() {
    let ply = |k: [&str; 3]| {
        let along = ["k1", "k2", "k3"].into_iter().zip(k);
        let bare = Object::new("ply", "orthotropic", "Ply").with("bodies", refs(&["space"]));
        along.fold(bare, |o, (key, k)| o.expr(key, &format!("{k} W/(m*K)")))
    };
    let (along, silent) = (ply(["60", "25", "20"]), ply(["0", "0", "0"]));
    let heated = |ply: Object| block(wish().expr("iterations", "2"), vec![sink(), flow(), ply]);
    let said = |sample: &Sample, severity: Severity| -> Vec<(String, String)> {
        assert_eq!(sample.model.issues, []);
        let issues = sample.with(|case| study("generative").unwrap().check(case)).into_iter();
        issues.filter(|i| i.severity == severity).map(|i| (i.key.unwrap_or_default(), i.message)).collect()
    };
    let refused = said(&heated(along.clone()), Severity::Error);
    assert!(
        matches!(&refused[..], [(key, why)] if key == "bodies" && why.contains("Ply conducts by its directions")),
        "{refused:?}"
    );
    let ran = suite::run(study("generative").unwrap(), &heated(along.clone()), None).result;
    assert!(matches!(ran, Err(StudyError::Setup(_))), "a run is refused as its check is");

    let aside = heated(silent.clone());
    assert_eq!(said(&aside, Severity::Error), []);
    let told = said(&aside, Severity::Warning);
    assert!(told.iter().any(|(key, why)| key == "bodies" && why.contains("alike in all directions")), "{told:?}");
    // Of forces it is the stiffness that has directions, whatever is said of heat.
    for ply in [along, silent] {
        let refused = said(&sample::cantilever(sample::wish(), vec![ply]), Severity::Error);
        assert!(
            matches!(&refused[..], [(key, why)] if key == "bodies" && why.contains("one stiffness only")),
            "{refused:?}"
        );
    }
}
