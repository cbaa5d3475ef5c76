//! Our own decks, read back: the design that comes of them moves as the one they were written for.

use crate::bolt::{designed, force, joint, on, preload};
use crate::part;
use crate::support::{Blobs, design};
use glam::DVec3;
use solver::deck::Units;
use solver::design::{Design, Id, Object, Value, check, resolve};
use solver::geometry::deck::{Source, read};
use solver::geometry::{Model, evaluate};
use solver::run::Ctx;
use solver::study::outcome::Outcome;
use solver::study::{Case, study};
use solver::surface::{FaceName, SurfaceMesh};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Values of one quantity, of all states, with their bands.
fn values(out: &Outcome, id: &str) -> Vec<(f64, f64)> {
    out.scalars.iter().filter(|s| s.id == id).map(|s| (s.value, s.error.unwrap_or(0.0))).collect()
}

/// A run, the design that comes of its deck, and a run of that.
struct Return {
    out: Outcome,
    /// What was read.
    design: Design,
    again: Outcome,
    notes: Vec<String>,
}

/// Solves a design's study of `kind`, reads its deck back, and solves the study of that kind there.
fn back(name: &str, kind: &str, objects: Vec<Object>, surface: SurfaceMesh, set: impl Fn(Object) -> Object) -> Return {
    let (mut first, model) = part::set_up(surface, "s235jr", objects, 8e-3);
    let at = first.position(&"study".into()).unwrap();
    let plain = Object::new("study", kind, "Study").with("resolution", Value::Choice("cell".into()));
    first.objects[at] = Arc::new(set(plain.expr("cell", "8 mm")));
    there(name, kind, &first, &model)
}

/// The same of a whole design.
fn there(name: &str, kind: &str, first: &Design, model: &Model) -> Return {
    let out = solve(kind, first, model, &"study".into());
    let bytes = out.deck.clone().into_bytes();
    let source = Source { hash: "h", file: "deck.inp", units: Units::Metre, seed: 5 };
    let reading = read(&bytes, &source).unwrap();
    let mut objects = reading.objects.clone();
    let k = objects.iter().position(|o| o.kind == kind).expect("a study");
    objects[k] = objects[k].clone().with("resolution", Value::Choice("coarse".into()));
    let id = objects[k].id.clone();
    let design = design(objects);
    assert_eq!(check(&design), [], "{name}");
    let model = evaluate(&design, &Blobs([("h".to_string(), bytes)].into()));
    assert_eq!(model.issues, [], "{name}");
    let again = solve(kind, &design, &model, &id);
    let notes = reading.notes.into_iter().map(|n| format!("line {}: {}", n.line, n.text)).collect();
    Return { out, design, again, notes }
}

fn solve(kind: &str, design: &Design, model: &Model, id: &Id) -> Outcome {
    let cancel = AtomicBool::new(false);
    let mut sink = |_| {};
    let case = Case { design, study: design.get(id).unwrap(), model, upstream: &[] };
    study(kind).unwrap().run(&case, &mut Ctx::new(&mut sink, &cancel)).unwrap()
}

impl Return {
    /// Values of a quantity agree within both bands and the share `more`.
    fn agrees(&self, name: &str, id: &str, more: f64) {
        let (a, b) = (values(&self.out, id), values(&self.again, id));
        println!("{name}, {id}: {a:?} {b:?}");
        assert!(!a.is_empty() && a.len() == b.len(), "{name}: {id}");
        for ((u, du), (v, dv)) in a.iter().zip(&b) {
            assert!((u - v).abs() <= du + dv + more * u.abs(), "{name}: {u} ± {du} came back as {v} ± {dv}");
        }
    }
}

/// What a chord of the deck's mesh cuts off, and meshes of elements of one size without a band.
const CHORD: f64 = 5e-3;

/// Solves a design, reads its deck back, solves that: displacements agree within both bands. Returns what was said.
fn there_and_back(name: &str, objects: Vec<Object>, surface: SurfaceMesh) -> Vec<String> {
    let found = back(name, "static", objects, surface, verified);
    found.agrees(name, "displacement_max", CHORD);
    found.notes
}

fn verified(o: Object) -> Object {
    o.with("method", Value::Choice("verified".into()))
}

fn held(kind: &str, faces: &[&str]) -> Object {
    Object::new(&*format!("{kind}_{}", faces[0]), kind, kind).with("faces", part::faces(faces))
}

fn case(id: &str, loads: &[&str]) -> Object {
    Object::new(id, "load_case", id).with("loads", Value::Refs(loads.iter().map(|l| (*l).into()).collect()))
}

#[test]
fn our_own_decks_come_back() {
    let block = |turn: glam::DQuat| part::block([0.06, 0.02, 0.02], move |p| turn * p);
    let force = |id: &str, face: &str, f: [f64; 3]| {
        Object::new(id, "force", id).with("faces", part::faces(&[face])).with("force", part::vector(f, "N"))
    };
    let turned = glam::DQuat::from_euler(glam::EulerRot::ZYX, 0.5, 0.3, -0.2);
    let objects = vec![
        held("fixed", &["x0"]),
        force("f", "x1", [0.0, 300.0, -500.0]),
        force("g", "z1", [900.0, 0.0, -200.0]),
        Object::new("w", "gravity", "w"),
        case("one", &["f"]),
        case("two", &["f", "g", "w"]),
    ];
    // Two forces on neighbouring faces and the weight are told apart again.
    assert_eq!(there_and_back("cases", objects, block(glam::DQuat::IDENTITY)), Vec::<String>::new());
    let pressure = Object::new("p", "pressure", "p").with("faces", part::faces(&["z1"])).expr("pressure", "2 MPa");
    let notes = there_and_back("leaning", vec![held("sliding", &["x0", "y0", "z0"]), pressure], block(turned));
    assert!(notes.is_empty(), "{notes:?}");
    // A solid piece, loaded by a force and a moment; another, moved and turned about a point with one turn free.
    let solid = |kind: &str, key: &str, v: [f64; 3], unit: &str| {
        Object::new(kind, kind, kind)
            .with("faces", part::faces(&["x1"]))
            .with(key, part::vector(v, unit))
            .with("coupling", Value::Choice("rigid".into()))
    };
    let force = solid("remote_force", "force", [0.0, 300.0, -500.0], "N");
    let moment = solid("remote_moment", "moment", [20.0, 0.0, 5.0], "N*m");
    let notes = there_and_back("solid", vec![held("fixed", &["x0"]), force.clone(), moment], block(turned));
    assert!(notes.is_empty(), "{notes:?}");
    let hinge = held("remote_displacement", &["x1"])
        .with("point", part::vector([0.07, 0.0, 0.01], "m"))
        .with("about_y", Value::Choice("free".into()))
        .expr("x", "0.02 mm")
        .expr("rz", "0.1 deg");
    let notes = there_and_back("hinge", vec![held("fixed", &["x0"]), hinge, force], block(glam::DQuat::IDENTITY));
    assert!(notes.is_empty(), "{notes:?}");
    let inside = Object::new("p", "pressure", "p").with("faces", part::faces(&["inner"])).expr("pressure", "100 MPa");
    let ring = part::quarter_ring(0.1, 0.2, 0.05, 24);
    there_and_back("ring", vec![held("sliding", &["x0", "y0", "bottom", "top"]), inside], ring);
}

fn bar() -> SurfaceMesh {
    part::block([0.06, 0.02, 0.016], |p| p)
}

fn turned() -> SurfaceMesh {
    let turn = glam::DQuat::from_euler(glam::EulerRot::ZYX, 0.5, 0.3, -0.2);
    part::block([0.06, 0.02, 0.016], move |p| turn * p)
}

#[test]
fn decks_of_modes_come_back() {
    let modes = |o: Object| o.expr("modes", "3");
    for (name, objects, surface) in [
        ("held", vec![held("fixed", &["x0"])], bar()),
        ("leaning", vec![held("sliding", &["x0", "y0", "z0"])], turned()),
    ] {
        let found = back(name, "modal", objects, surface, modes);
        found.agrees(name, "frequency", CHORD);
        found.agrees(name, "mass", CHORD);
        assert!(found.notes.is_empty(), "{:?}", found.notes);
    }
    let free = back("free", "modal", vec![held("fixed", &["x0"])], bar(), |o| modes(o).with("free", Value::Flag(true)));
    free.agrees("free", "frequency", CHORD);
    let press = Object::new("f", "force", "f").with("faces", part::faces(&["x1"]));
    let press = press.with("force", part::vector([-1000.0, 50.0, 0.0], "N"));
    let found = back("pressed", "buckling", vec![held("fixed", &["x0"]), press], bar(), |o| o.expr("modes", "2"));
    found.agrees("pressed", "load_factor", CHORD);
    assert!(found.notes.is_empty(), "{:?}", found.notes);
    let push = held("displacement", &["x1"])
        .with("along_x", Value::Choice("given".into()))
        .with("along_y", Value::Choice("free".into()))
        .with("along_z", Value::Choice("free".into()))
        .expr("x", "-0.05 mm");
    let found = back("pushed", "buckling", vec![held("fixed", &["x0"]), push], bar(), |o| o.expr("modes", "2"));
    found.agrees("pushed", "load_factor", CHORD);
}

#[test]
fn decks_of_heat_come_back() {
    let objects = |hot: &str| {
        let on = |id: &str, kind: &str, face: &str| Object::new(id, kind, id).with("faces", part::faces(&[face]));
        vec![
            on("hot", "temperature", "x0").expr("temperature", hot),
            on("air", "convection", "y1").expr("film", "300 W/(m^2*K)").expr("ambient", "20 °C"),
            on("glow", "radiation", "x1").expr("emissivity", "0.8").expr("ambient", "15 °C"),
            on("sun", "heat_flux", "z1").expr("flux", "5e3 W/m^2"),
            Object::new("coil", "heat_source", "coil").expr("power", "8 W"),
        ]
    };
    // What flows through each, sorted: the objects have other names.
    let flows = |out: &Outcome, last: bool| {
        let state = out.states.last().map(|s| s.id.clone()).filter(|_| last);
        let of = out.scalars.iter().filter(|s| s.id.starts_with("heat:") && s.case == state);
        let mut flows: Vec<(f64, f64)> = of.map(|s| (s.value, s.error.unwrap_or(0.0))).collect();
        flows.sort_by(|a, b| a.0.total_cmp(&b.0));
        flows
    };
    let steady = back("steady", "heat", objects("120 °C"), bar(), |o| o);
    // A deck of heat knows no stiffness; that is all there is to say.
    let silent = |notes: &[String]| notes.iter().all(|n| n.contains("no *ELASTIC"));
    assert!(silent(&steady.notes), "{:?}", steady.notes);
    // Temperatures are absolute: a thousandth is a third of a kelvin.
    for id in ["temperature_max", "temperature_min"] {
        steady.agrees("steady", id, 1e-3);
    }
    // Directions, conductivities along them and the heat stored come back.
    let ply = || {
        crate::orthotropic::ply(DVec3::new(1.0, 0.6, -0.3), DVec3::new(0.2, 1.0, 0.5))
            .expr("k1", "table(temperature, 20 °C, 6 W/(m*K), 220 °C, 4 W/(m*K))")
            .expr("k2", "2 W/(m*K)")
            .expr("k3", "1.5 W/(m*K)")
            .expr("specific_heat", "900 J/(kg*K)")
    };
    let mut directed = objects("120 °C");
    directed.push(ply());
    let directed = back("directed", "heat", directed, bar(), |o| o);
    assert!(silent(&directed.notes), "{:?}", directed.notes);
    assert_eq!(directed.design.of_kind("orthotropic").count(), 1);
    for id in ["temperature_max", "temperature_min"] {
        directed.agrees("directed", id, 3e-3);
    }
    let hot = "20 °C + 100 K * time / (60 s)";
    let over_time = |o: Object| o.with("course", Value::Choice("transient".into())).expr("duration", "60 s");
    let transient = back("transient", "heat", objects(hot), bar(), |o| over_time(o).expr("initial", "20 °C"));
    assert!(silent(&transient.notes), "{:?}", transient.notes);
    for id in ["temperature_max", "temperature_min"] {
        transient.agrees("transient", id, 1e-3);
    }
    for (name, found, last) in [("steady", &steady, false), ("transient", &transient, true)] {
        let (a, b) = (flows(&found.out, last), flows(&found.again, last));
        println!("{name}: {a:?} {b:?}");
        assert_eq!((a.len(), b.len()), (5, 5), "{name}");
        let most = a.iter().fold(0.0f64, |m, f| m.max(f.0.abs()));
        for ((u, du), (v, dv)) in a.iter().zip(&b) {
            assert!((u - v).abs() <= du + dv + CHORD * most, "{name}: {u} came back as {v}");
        }
    }
}

#[test]
fn a_deck_of_a_warm_body_comes_back() {
    let warm = |o: Object| {
        verified(o)
            .with("warmth", Value::Choice("given".into()))
            .expr("temperature", "150 °C")
            .expr("stress_free", "30 °C")
    };
    let steel = Object::new("hot_steel", "isotropic", "Hot steel")
        .with("bodies", Value::Refs(vec!["part".into()]))
        .expr("youngs_modulus", "table(temperature, 20 °C, 210 GPa, 420 °C, 150 GPa)")
        .expr("expansion", "table(temperature, 20 °C, 12e-6 1/K, 420 °C, 15e-6 1/K)");
    let push = Object::new("f", "force", "f").with("faces", part::faces(&["x1"]));
    let push = push.with("force", part::vector([0.0, 200.0, -500.0], "N"));
    let found = back("warm", "static", vec![steel, held("fixed", &["x0"]), push], bar(), warm);
    found.agrees("warm", "displacement_max", CHORD);
    assert!(found.notes.is_empty(), "{:?}", found.notes);
    // As warm as it was, in degrees.
    let object = found.design.of_kind("static").next().unwrap();
    let number = |key: &str| resolve(&found.design).0.number(object, key).unwrap();
    assert!((number("temperature") - 423.15).abs() < 1e-6 && (number("stress_free") - 303.15).abs() < 1e-6);
}

#[test]
fn a_deck_of_springs_over_faces_comes_back() {
    let push = || {
        let push = Object::new("f", "force", "f").with("faces", part::faces(&["x1"]));
        push.with("force", part::vector([200.0, 0.0, -500.0], "N"))
    };
    let bed = |face: &str, tangential: &str| {
        held("elastic", &[face]).expr("stiffness", "20 N/mm^3").expr("tangential", tangential)
    };
    let ring = || part::quarter_ring(0.1, 0.2, 0.05, 24);
    let inner = Object::new("f", "force", "f").with("faces", part::faces(&["inner"]));
    let inner = inner.with("force", part::vector([3000.0, 2000.0, 0.0], "N"));
    for (name, tangential, surface, objects) in [
        ("bed", "5 N/mm^3", turned(), vec![bed("z0", "5 N/mm^3"), push()]),
        ("slippery", "0 N/mm^3", bar(), vec![bed("z0", "0 N/mm^3"), held("sliding", &["x0", "y0"]), push()]),
        ("round", "0 N/mm^3", ring(), vec![bed("outer", "0 N/mm^3"), held("sliding", &["x0", "y0", "bottom"]), inner]),
    ] {
        let found = back(name, "static", objects, surface, verified);
        found.agrees(name, "displacement_max", CHORD);
        assert!(found.notes.is_empty(), "{name}: {:?}", found.notes);
        let beds: Vec<&Object> = found.design.of_kind("elastic").collect();
        assert_eq!(beds.len(), 1, "{name}");
        let number = |key: &str| resolve(&found.design).0.number(beds[0], key).unwrap();
        assert!((number("stiffness") / 20e9 - 1.0).abs() < 1e-9, "{name}");
        let wanted = if tangential.starts_with('5') { 5e9 } else { 0.0 };
        assert!((number("tangential") - wanted).abs() < 1e-9 * 20e9, "{name}");
    }
    // Springs that a deck has elsewhere are said, each line once.
    let (design, model) = part::set_up(bar(), "s235jr", vec![held("fixed", &["x0"]), push()], 8e-3);
    let study = Object::clone(design.get(&"study".into()).unwrap());
    let mut design = design;
    let at = design.position(&"study".into()).unwrap();
    design.objects[at] = Arc::new(verified(study));
    let deck = solve("static", &design, &model, &"study".into()).deck;
    let lone = "*ELEMENT,TYPE=SPRING1,ELSET=LONE\n999999,1\n*SPRING,ELSET=LONE\n2\n1000.0\n*STEP";
    let source = Source { hash: "h", file: "deck.inp", units: Units::Metre, seed: 5 };
    let reading = read(deck.replacen("*STEP", lone, 1).as_bytes(), &source).unwrap();
    let notes: Vec<&str> = reading.notes.iter().map(|n| n.text.as_str()).collect();
    assert!(matches!(notes[..], [one] if one.contains("springs at 1 nodes follow no face")), "{notes:?}");
    assert!(reading.objects.iter().all(|o| o.kind != "elastic"));
}

/// A bolt's deck has its shank cut in two; it comes back whole, and as tight.
#[test]
fn a_deck_of_a_tightened_joint_comes_back() {
    let mut objects = joint();
    objects.extend([
        preload(),
        on("floor", "fixed", &["tube.bottom"]),
        force("pull", "nut.top", [0.0, 0.0, 4e3]),
        case("assembled", &["tight"]),
        case("service", &["pull"]),
    ]);
    let (design, model) = designed(objects, "3 mm");
    let found = there("joint", "static", &design, &model);
    // Both bodies are polygons about their axis now, with a little less in their sections.
    for id in ["bolt_force_1", "displacement_max"] {
        found.agrees("joint", id, 0.03);
    }
    let count = |kind: &str| found.design.of_kind(kind).count();
    assert_eq!((count("import"), count("bolt_preload"), count("load_case")), (2, 1, 2));
    assert!(found.notes.iter().all(|n| n.contains("bodies that touch are taken as bonded")), "{:?}", found.notes);
}

/// Two blocks in a row with a gap between them, the first held and the second pulled.
fn row(gap: f64, bonded: bool) -> (Design, Model) {
    let block = |from: f64| part::block([0.03, 0.01, 0.01], move |p| p + glam::DVec3::X * from);
    let bodies = vec![("near", block(0.0), "s235jr"), ("far", block(0.03 + gap), "s235jr")];
    let objects = vec![on("wall", "fixed", &["near.x0"]), force("pull", "far.x1", [1e3, 0.0, 0.0])];
    let (mut design, model) = part::set_up_bodies(bodies, objects, 5e-3);
    let at = design.position(&"study".into()).unwrap();
    let mut study = verified(Object::clone(&design.objects[at]));
    if bonded {
        let faces = ["near.x1", "far.x0"].map(|f| FaceName(f.into())).to_vec();
        study = study.with("bonded", Value::Faces(faces)).expr("bond_gap", "0.6 mm");
    }
    design.objects[at] = Arc::new(study);
    (design, model)
}

/// Faces that a study bonds across a gap carry as if they touched, and stay bonded through the deck.
#[test]
fn bodies_bonded_across_a_gap_come_back() {
    let stretch = |out: &Outcome| values(out, "displacement_max")[0].0;
    let (design, model) = row(0.0, false);
    let touching = solve("static", &design, &model, &"study".into());
    let (design, model) = row(0.5e-3, true);
    let found = there("gap", "static", &design, &model);
    let off = stretch(&found.out) / stretch(&touching) - 1.0;
    // With two elements across the joint, meshes that meet node by node or not differ by as much.
    assert!(off.abs() < 0.03, "across a gap it stretches {off:.4} more");
    found.agrees("gap", "displacement_max", CHORD);
    let came = found.design.of_kind("static").next().unwrap();
    assert!(came.faces("bonded").len() >= 2, "{came:?}");
    assert_eq!(found.notes, Vec::<String>::new());
    // Without it, nothing holds the far block: the gap is wider than what counts as touching, a twentieth of an element. Nor
    // does a gap that is wider than allowed.
    for (gap, bonded) in [(0.5e-3, false), (1.0e-3, true)] {
        let (design, model) = row(gap, bonded);
        let (cancel, mut sink) = (AtomicBool::new(false), |_| {});
        let case = Case { design: &design, study: design.get(&"study".into()).unwrap(), model: &model, upstream: &[] };
        let refused = study("static").unwrap().run(&case, &mut Ctx::new(&mut sink, &cancel));
        let refused = refused.unwrap_err().to_string();
        // One that is chosen and too far off is told by its distance, and by its face.
        let told = refused.contains("1 mm from the nearest") && refused.contains("the widest gap is");
        assert_eq!(told, bonded, "gap {gap}: {refused}");
    }
}
