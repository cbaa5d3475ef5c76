//! Bolts with preload: what they pull with, what other loads change, and what is refused.

use crate::peer::solved;
use crate::run::run;
use crate::support::{build, choice, faces, mm, point, refs};
use glam::DVec3;
use solver::design::{Design, Object, Severity, Value};
use solver::geometry::Model;
use solver::study::outcome::{Cell, Outcome};
use solver::study::suite::{Sample, faults};
use solver::study::{Case, study};
use std::f64::consts::PI;
use std::sync::Arc;

const E: f64 = 210e9;
const F: f64 = 10e3;

fn cylinder(id: &str, x: f64, z: f64, radius: f64, height: f64) -> Object {
    Object::new(id, "cylinder", id)
        .with("origin", point(x, 0.0, z))
        .expr("radius", &mm(radius))
        .expr("height", &mm(height))
        .with("material", choice("s235jr"))
}

fn joined(o: Object, op: &str, to: &str) -> Object {
    o.with("operation", choice(op)).with("targets", refs(&[to]))
}

pub fn on(id: &str, kind: &str, names: &[&str]) -> Object {
    Object::new(id, kind, id).with("faces", faces(names))
}

pub fn force(id: &str, face: &str, newtons: [f64; 3]) -> Object {
    on(id, "force", &[face]).with("force", Value::Vector(newtons.map(|c| format!("{c} N"))))
}

/// A tube 40 mm long and, through it, a bolt with a head and a nut of one piece, 10 mm thick in the shank.
pub fn joint() -> Vec<Object> {
    vec![
        cylinder("tube", 0.0, 0.0, 12.0, 40.0),
        joined(cylinder("bore", 0.0, 0.0, 6.0, 40.0), "cut", "tube"),
        cylinder("bolt", 0.0, -8.0, 5.0, 56.0),
        joined(cylinder("head", 0.0, -8.0, 9.0, 8.0), "join", "bolt"),
        joined(cylinder("nut", 0.0, 40.0, 9.0, 8.0), "join", "bolt"),
    ]
}

pub fn preload() -> Object {
    on("tight", "bolt_preload", &["bolt.wall"])
}

pub fn designed(objects: Vec<Object>, cell: &str) -> (Design, Model) {
    let mut design = Design::new();
    let model = build(
        objects.iter().filter(|o| o.section() == Some(solver::design::schema::Section::Feature)).cloned().collect(),
    );
    design.objects = objects.into_iter().map(Arc::new).collect();
    design.objects.push(Arc::new(
        Object::new("study", "static", "Study")
            .with("method", choice("verified"))
            .with("resolution", choice("cell"))
            .expr("cell", cell)
            .expr("accuracy", "50 %"),
    ));
    (design, model)
}

fn solve(objects: Vec<Object>, cell: &str) -> Outcome {
    let (design, model) = designed(objects, cell);
    let out = run(&design, &model);
    for b in &out.balances {
        assert!(b.imbalance < 1e-8, "{b:?}");
    }
    out
}

/// What the check says, errors and warnings apart.
fn issues(objects: Vec<Object>, change: impl Fn(Object) -> Object) -> (Vec<String>, Vec<String>) {
    let (design, model) = designed(objects, "4 mm");
    let object = change(design.get(&"study".into()).unwrap().clone());
    let case = Case { design: &design, study: &object, model: &model, upstream: &[] };
    let found = study(&object.kind).unwrap().check(&case);
    let of = |s: Severity| found.iter().filter(|i| i.severity == s).map(|i| i.message.clone()).collect();
    (of(Severity::Error), of(Severity::Warning))
}

/// Rows of a table whose text in `column` is `name`: its numbers.
fn row(out: &Outcome, table: &str, column: usize, name: &str) -> Vec<f64> {
    let table = out.tables.iter().find(|t| t.id == table).unwrap();
    let row = table.rows.iter().find(|r| matches!(&r[column], Cell::Text(t) if t == name)).unwrap();
    row.iter().filter_map(|c| if let Cell::Number(x) = c { Some(*x) } else { None }).collect()
}

#[test]
fn a_bolt_between_walls_pulls_at_them_with_its_preload() {
    let held = || vec![on("low", "fixed", &["bolt.bottom"]), on("high", "fixed", &["bolt.top"])];
    let rod = || cylinder("bolt", 0.0, 0.0, 5.0, 60.0);
    let mut objects = vec![rod(), preload()];
    objects.extend(held());
    let out = solve(objects, "3 mm");
    for (wall, sign) in [("low", -1.0), ("high", 1.0)] {
        let z = row(&out, "reactions", 1, wall)[2];
        assert!((z / (sign * F) - 1.0).abs() < 1e-7, "{wall}: {z}");
    }
    let [preload_force, way, pull, change] = row(&out, "bolts", 1, "tight")[..] else { panic!("four numbers") };
    assert!((preload_force / F - 1.0).abs() < 1e-9 && (pull / F - 1.0).abs() < 1e-9 && change.abs() < 1e-4);
    // Held across at its ends, the rod is a little stiffer than E A / l.
    let soft = F * 0.06 / (E * PI * 25e-6);
    assert!((0.97..1.003).contains(&(way / soft)), "{way:e} {soft:e}");
    // The same shortening calls forth the same pull.
    let tight = preload().with("by", choice("length")).expr("length", &format!("{way:e} m"));
    let mut objects = vec![rod(), tight];
    objects.extend(held());
    let again = solve(objects, "3 mm");
    assert!((row(&again, "bolts", 1, "tight")[2] / F - 1.0).abs() < 1e-6);
}

#[test]
fn a_load_on_the_joint_is_shared_and_calculix_agrees() {
    let mut objects = joint();
    objects.extend([
        preload(),
        on("floor", "fixed", &["tube.bottom"]),
        force("pull", "nut.top", [0.0, 0.0, 4e3]),
        force("side", "tube.wall", [600.0, 0.0, 0.0]),
        Object::new("assembled", "load_case", "Assembled").with("loads", refs(&["tight"])),
        Object::new("service", "load_case", "Service").with("loads", refs(&["pull"])),
        Object::new("bent", "load_case", "Bent").with("loads", refs(&["pull", "side"])).expr("factor", "-1"),
    ]);
    let (design, model) = designed(objects, "4 mm");
    let out = run(&design, &model);
    assert!(out.balances.iter().all(|b| b.imbalance < 1e-8), "{:?}", out.balances);
    let of = |case: &str| row(&out, "bolts", 0, case);
    let [_, way, assembled, _] = of("Assembled")[..] else { panic!("four numbers") };
    assert!((assembled / F - 1.0).abs() < 1e-9, "{assembled}");
    // Shank and tube as springs, the head and the nut as rigid, and as giving way like so much more shank.
    let (area, ring, length) = (PI * 25e-6, PI * (144e-6 - 36e-6), 0.04);
    let springs = |l: f64| F * (l / (E * area) + length / (E * ring));
    assert!((springs(length)..springs(length + 0.025)).contains(&way), "{way:e} {:e}", springs(length));
    // The nut's pull goes through the joint by stiffness: most of it unloads the tube.
    let share = |l: f64| (area / l) / (area / l + ring / length);
    let change = of("Service")[3] / 4e3;
    assert!((share(length + 0.03)..share(length - 0.01)).contains(&change), "{change} {}", share(length));
    assert!(
        (of("Bent")[3] + of("Service")[3]).abs() < 0.05 * of("Service")[3],
        "bending pulls at no bolt in the middle"
    );

    // The other program pulls at the cut with our forces, and must find our shortening.
    let node: usize = out.deck.split("NSET=BOLTS\n").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
    let given = format!("*BOUNDARY\n{node},1,1,{way:.12e}\n");
    assert_eq!(out.deck.matches(&given).count(), 3, "every step is given the shortening");
    let mut pulled = out.deck.replace(&given, "").replace("*NODE FILE", "*NODE PRINT,NSET=BOLTS\nU\n*NODE FILE");
    for case in ["Assembled", "Service", "Bent"] {
        let own = format!("@*CLOAD,OP=NEW\n{node},1,{:.12e}\n", of(case)[2]);
        pulled = pulled.replacen("\n*CLOAD,OP=NEW\n", &format!("\n{own}"), 1);
    }
    let pulled = pulled.replace('@', "");
    let (Some((steps, _)), Some((_, printed))) = (solved("bolt", &out.deck), solved("bolt_pulled", &pulled)) else {
        return;
    };
    // Nodes of the tube, which no cut goes through: the first part.
    for (step, case) in steps.iter().zip(["assembled", "service", "bent"]) {
        let own = out
            .fields
            .iter()
            .find(|f| f.id == "displacement" && f.mesh == "volume:tube" && f.case.as_deref() == Some(case));
        let own: Vec<DVec3> = own
            .unwrap()
            .values
            .chunks(3)
            .map(|c| DVec3::new(f64::from(c[0]), f64::from(c[1]), f64::from(c[2])))
            .collect();
        let most = own.iter().map(|u| u.length()).fold(0.0, f64::max);
        let off = own.iter().zip(step).map(|(a, b)| a.distance(*b)).fold(0.0, f64::max);
        println!("{case}: off by {:.1e} of {most:.3e} m", off / most);
        assert!(off < 1e-4 * most, "{case}: {off:e} of {most:e}");
    }
    let found = ways(&printed);
    println!("shortening {way:.6e} m, by the other program {found:?}");
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|f| (f / way - 1.0).abs() < 1e-4), "{way:e} {found:?}");
}

/// Ways of the bolt's own node, m, in the order of the steps.
fn ways(printed: &str) -> Vec<f64> {
    let mut lines = printed.lines().filter(|l| !l.trim().is_empty());
    let mut out = Vec::new();
    while lines.any(|l| l.contains("displacements")) {
        let line = lines.next().unwrap();
        out.push(line.split_whitespace().nth(1).unwrap().parse().unwrap());
    }
    out
}

#[test]
fn every_bolt_of_a_pattern_gets_its_force() {
    // Two rods through a slab, one at each end, tightened as one object against a wall on either side of clearance holes.
    let rods = [cylinder("left", 0.0, 0.0, 4.0, 30.0), cylinder("right", 40.0, 0.0, 4.0, 30.0)];
    let slab = |id: &str, z: f64| {
        Object::new(id, "box", id)
            .with("origin", point(-10.0, -10.0, z))
            .expr("dx", "60 mm")
            .expr("dy", "20 mm")
            .expr("dz", "10 mm")
            .with("material", choice("s235jr"))
    };
    // The slabs first: the rods, finer, follow them.
    let mut objects = vec![slab("low", -10.0), slab("high", 30.0)];
    objects.extend(rods);
    objects.extend([
        on("tight", "bolt_preload", &["left.wall", "right.wall"]).expr("force", "5 kN"),
        on("floor", "fixed", &["low.bottom"]),
        on("ceiling", "fixed", &["high.top"]),
    ]);
    let out = solve(objects, "4 mm");
    for name in ["tight 1", "tight 2"] {
        let [preload_force, way, pull, _] = row(&out, "bolts", 1, name)[..] else { panic!("four numbers") };
        assert!((preload_force / 5e3 - 1.0).abs() < 1e-9 && (pull / 5e3 - 1.0).abs() < 1e-9);
        assert!(way > 5e3 * 0.03 / (E * PI * 16e-6));
    }
    let ceiling = row(&out, "reactions", 1, "ceiling")[2];
    assert!((ceiling / 10e3 - 1.0).abs() < 1e-6, "{ceiling}");
}

#[test]
fn what_cannot_be_tightened_is_refused_by_name() {
    let floor = || on("floor", "fixed", &["tube.bottom"]);
    let with = |tight: Object| {
        let mut objects = joint();
        objects.extend([tight, floor()]);
        objects
    };
    let same = |o: Object| o;
    let (errors, warnings) = issues(with(preload()), same);
    assert!(errors.is_empty() && warnings.is_empty(), "{errors:?} {warnings:?}");
    let (errors, _) = issues(with(on("tight", "bolt_preload", &["bore.wall"])), same);
    assert!(errors.iter().any(|e| e.contains("the wall of a hole")), "{errors:?}");
    let (errors, _) = issues(with(on("tight", "bolt_preload", &["nut.top"])), same);
    assert!(errors.iter().any(|e| e.contains("is not a cylinder")), "{errors:?}");
    let (errors, _) = issues(with(preload()), |o| o.with("method", choice("instant")));
    assert!(errors.iter().any(|e| e.contains("choose the method Verified")), "{errors:?}");
    let mut held = with(preload());
    held.push(on("grip", "fixed", &["bolt.wall"]));
    let (errors, _) = issues(held, same);
    assert!(errors.iter().any(|e| e.contains("grip holds its shank")), "{errors:?}");
    let mut twice = with(preload());
    twice.push(on("again", "bolt_preload", &["bolt.wall"]));
    let (errors, _) = issues(twice, same);
    assert!(errors.iter().any(|e| e.contains("tight preloads one of its faces already")), "{errors:?}");
    let (_, warnings) = issues(with(preload().with("by", choice("length")).expr("length", "5 mm")), same);
    assert!(warnings.iter().any(|w| w.contains("which no bolt bears")), "{warnings:?}");
    let (_, warnings) = issues(with(preload()), |o| Object::new(o.id.clone(), "buckling", "Buckling"));
    assert!(warnings.iter().any(|w| w.contains("tight is left out")), "{warnings:?}");
}

#[test]
fn a_rounded_edge_is_no_shank() {
    let edge = solver::surface::EdgeName::between(
        solver::surface::FaceName("plate.top".into()),
        solver::surface::FaceName("plate.right".into()),
        0,
    );
    let plate = Object::new("plate", "box", "plate").with("material", choice("s235jr"));
    let round = Object::new("round", "fillet", "round").with("edges", Value::Edges(vec![edge])).expr("radius", "5 mm");
    let (_, model) = designed(vec![plate.clone(), round.clone()], "4 mm");
    let names: Vec<_> = model.bodies[0].body.surface().faces.iter().map(|f| f.name.0.clone()).collect();
    let rounded = names.iter().find(|n| n.starts_with("round")).unwrap_or_else(|| panic!("{names:?}"));
    let floor = on("floor", "fixed", &["plate.bottom"]);
    let (errors, _) = issues(vec![plate, round, on("tight", "bolt_preload", &[rounded]), floor], |o| o);
    assert!(errors.iter().any(|e| e.contains("as a rounded edge does")), "{errors:?}");
}

#[test]
fn a_shank_that_is_stuck_or_that_nothing_resists_is_refused() {
    let fails = |objects: Vec<Object>| {
        let (design, model) = designed(objects, "4 mm");
        let cancel = std::sync::atomic::AtomicBool::new(false);
        let mut sink = |_| {};
        let object = design.get(&"study".into()).unwrap();
        let case = Case { design: &design, study: object, model: &model, upstream: &[] };
        let done = study("static").unwrap().run(&case, &mut solver::run::Ctx::new(&mut sink, &cancel));
        done.unwrap_err().to_string()
    };
    // A bore without clearance: bonded all along.
    let tube = cylinder("tube", 0.0, 0.0, 12.0, 40.0);
    let bore = joined(cylinder("bore", 0.0, 0.0, 5.0, 40.0), "cut", "tube");
    let floor = || on("floor", "fixed", &["tube.bottom"]);
    let stuck = vec![tube.clone(), bore, cylinder("bolt", 0.0, 0.0, 5.0, 40.0), preload(), floor()];
    let message = fails(stuck);
    assert!(message.contains("no stretch of its shank is free"), "{message}");
    // A rod that stands on the floor and ends in the air.
    let loose = vec![cylinder("bolt", 0.0, 0.0, 5.0, 40.0), preload(), on("floor", "fixed", &["bolt.bottom"])];
    let message = fails(loose);
    assert!(message.contains("nothing resists it"), "{message}");
}

#[test]
fn bolted_joints_conform_to_the_suite() {
    let sample = |tight: Object| {
        let objects = vec![
            cylinder("bolt", 0.0, 0.0, 5.0, 40.0),
            tight,
            on("low", "fixed", &["bolt.bottom"]),
            on("high", "fixed", &["bolt.top"]),
        ];
        let (design, model) = designed(objects, "3 mm");
        Sample { design, model, study: "study" }
    };
    let broken = [
        ("a force that is no number", sample(preload().expr("force", "0 N / 0"))),
        ("a force that pushes", sample(preload().expr("force", "-3 kN"))),
        ("no face", sample(preload().with("faces", Value::Faces(Vec::new())))),
    ];
    let on_threads = |n: usize, f: &mut (dyn FnMut() + Send)| {
        rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(f);
    };
    let found = faults(study("static").unwrap(), &sample(preload()), &broken, &on_threads);
    assert!(found.is_empty(), "{found:?}");
}
