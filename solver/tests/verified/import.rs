//! Our own decks, read back: the design that comes of them moves as the one they were written for.

use crate::support::{Blobs, design};
use crate::{part, run};
use solver::deck::Units;
use solver::design::{Object, Value, check};
use solver::geometry::deck::{Source, read};
use solver::geometry::evaluate;
use solver::run::Ctx;
use solver::study::outcome::Outcome;
use solver::study::{Case, study};
use solver::surface::SurfaceMesh;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Largest displacements by case, with their bands.
fn moved(out: &Outcome) -> Vec<(f64, f64)> {
    let of = out.scalars.iter().filter(|s| s.id == "displacement_max");
    of.map(|s| (s.value, s.error.unwrap_or(0.0))).collect()
}

/// Solves a design, reads its deck back, solves that: displacements agree within both bands. Returns what was said.
fn there_and_back(name: &str, objects: Vec<Object>, surface: SurfaceMesh) -> Vec<String> {
    let (mut first, model) = part::set_up(surface, "s235jr", objects, 8e-3);
    let at = first.position(&"study".into()).unwrap();
    let study_object = first.objects[at].as_ref().clone().with("method", Value::Choice("verified".into()));
    first.objects[at] = Arc::new(study_object);
    let out = run::run(&first, &model);
    let bytes = out.deck.clone().into_bytes();
    let source = Source { hash: "h", file: "deck.inp", units: Units::Metre, seed: 5 };
    let reading = read(&bytes, &source).unwrap();
    let mut objects = reading.objects.clone();
    let k = objects.iter().position(|o| o.kind == "static").expect("a study");
    objects[k] = objects[k].clone().with("resolution", Value::Choice("coarse".into()));
    let id = objects[k].id.clone();
    let second = design(objects);
    assert_eq!(check(&second), [], "{name}");
    let model = evaluate(&second, &Blobs([("h".to_string(), bytes)].into()));
    assert_eq!(model.issues, [], "{name}");
    let cancel = AtomicBool::new(false);
    let mut sink = |_| {};
    let case = Case { design: &second, study: second.get(&id).unwrap(), model: &model, upstream: &[] };
    let again = study("static").unwrap().run(&case, &mut Ctx::new(&mut sink, &cancel)).unwrap();
    let (a, b) = (moved(&out), moved(&again));
    println!("{name}: {a:?} {b:?}");
    assert_eq!(a.len(), b.len(), "{name}");
    for ((u, du), (v, dv)) in a.iter().zip(&b) {
        // Half a per cent for what a chord of the deck's mesh cuts off.
        assert!((u - v).abs() <= du + dv + 5e-3 * u, "{name}: {u} ± {du} came back as {v} ± {dv}");
    }
    reading.notes.into_iter().map(|n| format!("line {}: {}", n.line, n.text)).collect()
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
