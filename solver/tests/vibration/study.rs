//! Whole runs of the modal and the buckling study.

use crate::part;
use solver::design::{Object, Value};
use solver::run::{Ctx, Report};
use solver::study::outcome::{Grade, Outcome, Scalar, StateKind};
use solver::study::suite::{Sample, faults};
use solver::study::{Case, StudyError, study};
use solver::surface::SurfaceMesh;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A design of `objects` around one body of S235, with a study of `kind`.
pub fn sample(kind: &str, surface: SurfaceMesh, objects: Vec<Object>, set: impl FnOnce(Object) -> Object) -> Sample {
    let (mut design, model) = part::set_up(surface, "s235jr", objects, 0.01);
    let at = design.position(&"study".into()).unwrap();
    let study = Object::new("study", kind, "Study").with("resolution", Value::Choice("coarse".into()));
    design.objects[at] = Arc::new(set(study));
    Sample { design, model, study: "study" }
}

pub fn run(sample: &Sample) -> Result<Outcome, StudyError> {
    let cancel = AtomicBool::new(false);
    let mut sink = |r: Report| {
        if let Report::Log { line } = r {
            println!("{line}");
        }
    };
    let object = sample.design.get(&"study".into()).unwrap();
    let case = Case { design: &sample.design, study: object, model: &sample.model, upstream: &[] };
    let out = study(&object.kind).unwrap().run(&case, &mut Ctx::new(&mut sink, &cancel))?;
    for s in &out.scalars {
        println!("{} {:?} {:.6e} ± {:?}", s.id, s.case, s.value, s.error);
    }
    out.warnings.iter().for_each(|w| println!("{w}"));
    out.facts.iter().for_each(|(k, v)| println!("{k}: {v}"));
    Ok(out)
}

fn values<'a>(out: &'a Outcome, id: &str) -> Vec<&'a Scalar> {
    out.scalars.iter().filter(|s| s.id == id).collect()
}

pub fn root() -> Object {
    Object::new("root", "fixed", "Root").with("faces", part::faces(&["x0"]))
}

pub fn press(newton: f64) -> Object {
    Object::new("tip", "force", "Tip")
        .with("faces", part::faces(&["x1"]))
        .with("force", part::vector([-newton, 0.0, 0.0], "N"))
}

pub fn modes(n: &str) -> Value {
    Value::Expr(n.into())
}

const SLENDER: [f64; 3] = [1.0, 0.02, 0.01];

/// Case 24. The second plane is twice as stiff.
#[test]
fn a_cantilever_rings_as_euler_says() {
    let sample = sample("modal", part::block(SLENDER, |p| p), vec![root()], |s| s.with("modes", modes("5")));
    let out = run(&sample).unwrap();
    let found = values(&out, "frequency");
    let exact = [8.3552, 2.0 * 8.3552, 52.361, 2.0 * 52.361, 146.61];
    assert_eq!(found.len(), exact.len());
    for ((s, exact), state) in found.iter().zip(exact).zip(&out.states) {
        assert!((s.value / exact - 1.0).abs() < 5e-3, "{} against {exact}", s.value);
        assert_eq!((s.grade, s.case.as_ref()), (Grade::Verified, Some(&state.id)));
        assert!(s.error.unwrap() < 0.01 * s.value, "{s:?}");
        assert_eq!((state.kind, state.value), (StateKind::Mode, Some(s.value)));
    }
    // A shape per state, its largest displacement 1.
    for state in &out.states {
        let shape = out.fields.iter().find(|f| f.case.as_ref() == Some(&state.id)).unwrap();
        let most = shape.values.chunks(3).map(|u| u.iter().map(|c| c * c).sum::<f32>().sqrt()).fold(0.0, f32::max);
        assert!((most - 1.0).abs() < 1e-5, "{most}");
    }
    // Bending in two planes: each first mode carries 61.3 % of the mass across, and none along.
    let table = out.tables.iter().find(|t| t.id == "participation").unwrap();
    assert_eq!(table.rows.len(), 7);
    let text = format!("{:?}", table.rows);
    assert!(text.contains("61.3") || text.contains("61.4"), "{text}");
    assert!(out.deck.contains("*FREQUENCY"));
}

/// Case 30's kin: a free bar, whose rigid motions are left out and said.
#[test]
fn a_free_bar_rings_without_its_rigid_motions() {
    let set = |s: Object| s.with("modes", modes("4")).with("free", Value::Flag(true));
    let sample = sample("modal", part::block([1.0, 0.02, 0.02], |p| p), vec![root()], set);
    let out = run(&sample).unwrap();
    let unit = (210e9_f64 / 7850.0).sqrt() * 0.02 / 12f64.sqrt() / (2.0 * std::f64::consts::PI);
    let found = values(&out, "frequency");
    assert_eq!(found.len(), 4);
    for (s, beta) in found.iter().zip([4.730_04, 4.730_04, 7.853_2, 7.853_2]) {
        assert!((s.value / (unit * beta * beta) - 1.0).abs() < 6e-3, "{}", s.value);
    }
    assert!(out.facts.iter().any(|(k, v)| k == "rigid motions left out" && v == "6"), "{:?}", out.facts);
}

/// Case 28, and four times that about the stiff axis.
#[test]
fn a_column_buckles_at_eulers_load() {
    let sample =
        sample("buckling", part::block(SLENDER, |p| p), vec![root(), press(1.0)], |s| s.with("modes", modes("2")));
    let out = run(&sample).unwrap();
    let found = values(&out, "load_factor");
    for (s, exact) in found.iter().zip([863.590, 4.0 * 863.590]) {
        assert!((s.value / exact - 1.0).abs() < 5e-3, "{} against {exact}", s.value);
        assert!(s.error.unwrap() < 0.01 * s.value, "{s:?}");
    }
    assert_eq!(found.len(), 2);
    assert!(out.deck.contains("*BUCKLE"));
}

#[test]
fn a_column_that_is_drawn_buckles_nowhere() {
    let sample =
        sample("buckling", part::block(SLENDER, |p| p), vec![root(), press(-1.0)], |s| s.with("modes", modes("1")));
    // Poisson's contraction at the held end presses the bar a little across: what buckles there needs a load beyond any
    // strength, or nothing buckles at all.
    match run(&sample) {
        Err(StudyError::Solver(message)) => assert!(message.contains("buckles nothing"), "{message}"),
        Err(other) => panic!("{other}"),
        Ok(out) => {
            let factor = values(&out, "load_factor_first")[0].value;
            assert!(factor > 1e4 && out.warnings.iter().any(|w| w.contains("long before")), "{factor}");
        }
    }
}

/// Two blocks that touch ring like one of both; free, they have six rigid motions and not twelve.
#[test]
fn touching_bodies_ring_as_one() {
    let set = |free: bool| {
        let study = Object::new("study", "modal", "Study").with("resolution", Value::Choice("cell".into()));
        Arc::new(study.expr("cell", "5 mm").with("modes", modes("3")).with("free", Value::Flag(free)))
    };
    let sample = |bodies, free| {
        let (mut design, model) = part::set_up_bodies(bodies, vec![root()], 0.005);
        let at = design.position(&"study".into()).unwrap();
        design.objects[at] = set(free);
        Sample { design, model, study: "study" }
    };
    let half = [0.06, 0.02, 0.016];
    let shift = |p: glam::DVec3| p + glam::DVec3::new(0.06, 0.0, 0.0);
    let two = || vec![("part", part::block(half, |p| p), "s235jr"), ("tip", part::block(half, shift), "s235jr")];
    let one = || vec![("part", part::block([0.12, 0.02, 0.016], |p| p), "s235jr")];
    for free in [false, true] {
        let (two, one) = (run(&sample(two(), free)).unwrap(), run(&sample(one(), free)).unwrap());
        let (of_two, of_one) = (values(&two, "frequency"), values(&one, "frequency"));
        assert_eq!((of_two.len(), of_one.len()), (3, 3));
        for (a, b) in of_two.iter().zip(of_one) {
            // The meshes do not meet node by node: the joint gives a little with four elements across it.
            assert!((a.value / b.value - 1.0).abs() < 0.02, "{} {}", a.value, b.value);
        }
        let rigid = two.facts.iter().find(|(k, _)| k == "rigid motions left out").map(|(_, v)| v.as_str());
        assert_eq!(rigid, free.then_some("6"));
        assert_eq!(two.meshes.len(), 4, "a skin and an inside for each body");
    }
}

#[test]
fn both_studies_conform_to_the_suite() {
    let on_threads = |n: usize, f: &mut (dyn FnMut() + Send)| {
        rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(f);
    };
    let cell = |s: Object| s.with("resolution", Value::Choice("cell".into())).expr("cell", "8 mm");
    let block = || part::block([0.06, 0.02, 0.02], |p| p);
    let modal = |modes: &str| {
        let modes = self::modes(modes);
        sample("modal", block(), vec![root()], |s| cell(s).with("modes", modes))
    };
    // What is typed wrong in a property, and in an object that the study uses.
    let cut = |kind: &str, size: &str| {
        sample(kind, block(), vec![root(), press(1e3)], |s| cell(s).with("modes", modes("2")).expr("cell", size))
    };
    let bed = |stiffness: &str| {
        let bed = Object::new("bed", "elastic", "Bed").with("faces", part::faces(&["z0"])).expr("stiffness", stiffness);
        sample("modal", block(), vec![root(), bed], |s| cell(s).with("modes", modes("2")))
    };
    let broken = [
        ("no modes", modal("0")),
        ("modes in mm", modal("3 mm")),
        ("modes that are no number", modal("1 / 0")),
        ("modes by a name that nobody has", modal("many")),
        ("a cell of nothing", cut("modal", "0 mm")),
        ("a cell that is no number", cut("modal", "0 mm / 0")),
        ("a cell in kg", cut("modal", "8 kg")),
        ("springs that are no number", bed("0 N/mm^3 / 0")),
        ("springs in N/mm", bed("20 N/mm")),
    ];
    let found = faults(study("modal").unwrap(), &modal("3"), &broken, &on_threads);
    assert!(found.is_empty(), "{found:?}");
    let buckling = |objects| sample("buckling", block(), objects, |s| cell(s).with("modes", modes("2")));
    let pressed = |x: &str| {
        let force = Value::Vector([x.into(), "0 N".into(), "0 N".into()]);
        buckling(vec![root(), press(1e3).with("force", force)])
    };
    let broken = [
        ("a force in kg", pressed("-3 kg")),
        ("a force that is no number", pressed("0 N / 0")),
        ("a force by a name that nobody has", pressed("-weight")),
        ("a cell of nothing", cut("buckling", "0 mm")),
        ("a cell that is no number", cut("buckling", "0 mm / 0")),
        ("a body that nothing holds", buckling(vec![press(1e3)])),
        ("a body that nothing loads", buckling(vec![root()])),
        (
            "two load cases",
            buckling(vec![
                root(),
                press(1e3),
                Object::new("a", "load_case", "A").with("loads", Value::Refs(vec!["tip".into()])),
                Object::new("b", "load_case", "B").with("loads", Value::Refs(vec!["tip".into()])),
            ]),
        ),
    ];
    let found = faults(study("buckling").unwrap(), &buckling(vec![root(), press(1e3)]), &broken, &on_threads);
    assert!(found.is_empty(), "{found:?}");
}
