//! Faces that follow a point: input decks against CalculiX's own couplings, and remote displacements.

use crate::peer::{agree, solved};
use crate::support::{Blobs, design};
use crate::{part, run};
use glam::DVec3;
use solver::deck::Units;
use solver::design::{Object, Severity, Value, check};
use solver::geometry::deck::{Source, read};
use solver::geometry::evaluate;
use solver::run::Ctx;
use solver::study::outcome::{Cell, Outcome, OutcomeMesh};
use solver::study::{Case, study};
use std::fmt::Write as _;
use std::sync::atomic::AtomicBool;

/// Elements along each axis.
const N: [usize; 3] = [15, 5, 5];

/// The number of the node at a place, in halves of elements.
fn number(at: [usize; 3]) -> usize {
    1 + at[0] + (2 * N[0] + 1) * (at[1] + (2 * N[1] + 1) * at[2])
}

/// A bar of 60 × 20 × 20 mm of 20-node bricks with reduced integration, held at its left, with a surface END at its right and nodes 9001 and 9002
/// 15 mm before that and off its middle. `coupling` and `loads` are lines.
fn bar(coupling: &str, loads: &str) -> String {
    let n = N;
    let mut s = String::from("*NODE, NSET=ALL\n");
    let mut left = Vec::new();
    for k in 0..=2 * n[2] {
        for j in 0..=2 * n[1] {
            for i in 0..=2 * n[0] {
                if i % 2 + j % 2 + k % 2 < 2 {
                    let x = [(i, 60.0, n[0]), (j, 20.0, n[1]), (k, 20.0, n[2])]
                        .map(|(i, l, n)| l * i as f64 / (2 * n) as f64);
                    let _ = writeln!(s, "{}, {:.9}, {:.9}, {:.9}", number([i, j, k]), x[0], x[1], x[2]);
                    left.extend((i == 0).then(|| number([i, j, k])));
                }
            }
        }
    }
    s.push_str("*NODE\n9001, 75., 14., 7.\n9002, 75., 14., 7.\n*ELEMENT, TYPE=C3D20R, ELSET=BODY\n");
    // Corners, then the middles of the lower, the upper and the upright edges, in halves of an element.
    let corners = [[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0], [0, 0, 2], [2, 0, 2], [2, 2, 2], [0, 2, 2]];
    let edges = [(0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7)];
    let (mut e, mut end) = (0, Vec::new());
    for k in 0..n[2] {
        for j in 0..n[1] {
            for i in 0..n[0] {
                e += 1;
                let at = |c: [usize; 3]| number([2 * i + c[0], 2 * j + c[1], 2 * k + c[2]]);
                let middles = edges.map(|(a, b)| std::array::from_fn(|c| (corners[a][c] + corners[b][c]) / 2));
                let nodes: Vec<String> = corners.into_iter().chain(middles).map(|c| at(c).to_string()).collect();
                let _ = writeln!(s, "{e}, {},\n{}", nodes[..10].join(", "), nodes[10..].join(", "));
                end.extend((i + 1 == n[0]).then_some(e));
            }
        }
    }
    s.push_str("*NSET, NSET=LEFT\n");
    for n in left {
        let _ = writeln!(s, "{n},");
    }
    s.push_str("*SURFACE, NAME=END, TYPE=ELEMENT\n");
    for e in end {
        let _ = writeln!(s, "{e}, S4");
    }
    s.push_str("*NSET, NSET=RIGHT\n");
    for k in 0..=2 * n[2] {
        for j in (0..=2 * n[1]).filter(|j| j % 2 + k % 2 < 2) {
            let _ = writeln!(s, "{},", number([2 * n[0], j, k]));
        }
    }
    s.push_str("*MATERIAL, NAME=STEEL\n*ELASTIC\n210000., 0.3\n*DENSITY\n7.85E-9\n*SOLID SECTION, ELSET=BODY, MATERIAL=STEEL\n");
    format!("{s}{coupling}*STEP\n*STATIC\n*BOUNDARY\nLEFT, 1, 3\n{loads}*NODE FILE\nU\n*END STEP\n")
}

/// The displacements of the deck's design at points of its surface, m, and what was said.
fn ours(text: &str, at: &[DVec3]) -> (Vec<DVec3>, Vec<String>) {
    let bytes = text.as_bytes().to_vec();
    let source = Source { hash: "h", file: "bar.inp", units: Units::Millimetre, seed: 3 };
    let reading = read(&bytes, &source).unwrap();
    let objects = reading.objects.clone();
    let id = objects.iter().find(|o| o.kind == "static").unwrap().id.clone();
    let second = design(objects);
    assert_eq!(check(&second), []);
    let model = evaluate(&second, &Blobs([("h".to_string(), bytes)].into()));
    assert_eq!(model.issues, []);
    let out = solve(&second, &model, &id);
    let mut skins = out.meshes.iter().filter_map(|m| match m {
        OutcomeMesh::Surface { name, surface, .. } => Some((name, surface)),
        _ => None,
    });
    let (skin, surface) = skins.next_back().unwrap();
    let field = out.fields.iter().find(|f| f.id == "displacement" && f.mesh == *skin).unwrap();
    let vector = |n: usize| DVec3::from([0, 1, 2].map(|c| f64::from(field.values[3 * n + c])));
    // Along an edge of the bar: between its nodes on either side.
    let along = |p: &DVec3| {
        let on = |q: &DVec3| (q.y - p.y).abs() < 1e-7 && (q.z - p.z).abs() < 1e-7;
        let points = surface.points.iter().map(|q| DVec3::from(*q)).enumerate();
        let edge: Vec<(usize, DVec3)> = points.filter(|(_, q)| on(q)).collect();
        let below = edge.iter().filter(|e| e.1.x <= p.x).max_by(|a, b| a.1.x.total_cmp(&b.1.x)).unwrap();
        let above = edge.iter().filter(|e| e.1.x >= p.x).min_by(|a, b| a.1.x.total_cmp(&b.1.x)).unwrap();
        let share = if above.0 == below.0 { 0.0 } else { (p.x - below.1.x) / (above.1.x - below.1.x) };
        vector(below.0).lerp(vector(above.0), share)
    };
    (at.iter().map(along).collect(), reading.notes.into_iter().map(|n| n.text).collect())
}

fn solve(design: &solver::design::Design, model: &solver::geometry::Model, id: &solver::design::Id) -> Outcome {
    let cancel = AtomicBool::new(false);
    let mut sink = |_| {};
    let case = Case { design, study: design.get(id).unwrap(), model, upstream: &[] };
    study("static").unwrap().run(&case, &mut Ctx::new(&mut sink, &cancel)).unwrap()
}

/// The other program moves its bar as our design of its deck moves, at its edges half way and near its end: at the very
/// end it shares a moment among nodes, and we among areas.
fn same_as_calculix(name: &str, coupling: &str, loads: &str) {
    let text = bar(coupling, loads);
    let places = [(15, 30.0), (25, 50.0)].into_iter().flat_map(|(i, x)| {
        [[0, 0], [10, 0], [0, 10], [10, 10]]
            .map(|[j, k]| (number([i, j, k]), 1e-3 * DVec3::new(x, 2.0 * j as f64, 2.0 * k as f64)))
    });
    let (nodes, at): (Vec<usize>, Vec<DVec3>) = places.unzip();
    let (own, notes) = ours(&text, &at);
    assert!(notes.is_empty(), "{name}: {notes:?}");
    let Some((steps, _)) = solved(name, &text) else { return };
    let peer: Vec<DVec3> = nodes.iter().map(|n| 1e-3 * steps[0][n - 1]).collect();
    let size = peer.iter().map(|u| u.length()).fold(0.0, f64::max);
    let off = own.iter().zip(&peer).map(|(a, b)| a.distance(*b)).fold(0.0, f64::max);
    println!("{name}: {off:.3e} of {size:.6e}");

    assert!(off <= 5e-3 * size, "{name}: {off} of {size}");
}

const LOADS: &str = "*CLOAD\n9001, 1, 800.\n9001, 2, 300.\n9001, 3, -500.\n";

#[test]
fn decks_of_couplings_move_as_calculix_moves_them() {
    let spread = "*COUPLING, REF NODE=9001, SURFACE=END, CONSTRAINT NAME=C1\n*DISTRIBUTING\n1, 6\n";
    same_as_calculix("distributing", spread, &format!("{LOADS}9001, 4, 9000.\n9001, 5, -4000.\n9001, 6, 6000.\n"));
    let rigid = "*RIGID BODY, NSET=RIGHT, REF NODE=9001, ROT NODE=9002\n";
    same_as_calculix("rigid_body", rigid, &format!("{LOADS}9002, 1, 9000.\n9002, 2, -4000.\n9002, 3, 6000.\n"));
    // A hinge about y, turned by a moment and moved along x.
    let hinge = "9001, 1, 1, 0.02\n9001, 2, 3\n9002, 1, 1\n9002, 3, 3\n*CLOAD\n9002, 2, 40000.\n";
    same_as_calculix("hinge", rigid, hinge);
}

fn remote(id: &str, face: &str) -> Object {
    Object::new(id, "remote_displacement", id)
        .with("faces", part::faces(&[face]))
        .with("point", part::vector([0.07, 0.015, 0.004], "m"))
}

fn free(o: Object, motions: &[&str]) -> Object {
    motions.iter().fold(o, |o, m| o.with(m, Value::Choice("free".into())))
}

fn fixed() -> Object {
    Object::new("root", "fixed", "root").with("faces", part::faces(&["x0"]))
}

fn rigid(kind: &str, key: &str, v: [f64; 3], unit: &str) -> Object {
    Object::new(kind, kind, kind)
        .with("faces", part::faces(&["x1"]))
        .with(key, part::vector(v, unit))
        .with("coupling", Value::Choice("rigid".into()))
}

#[test]
fn calculix_agrees_on_solid_pieces() {
    let block = |turn: glam::DQuat| part::block([0.06, 0.02, 0.02], move |p| turn * p);
    let turned = glam::DQuat::from_euler(glam::EulerRot::ZYX, 0.5, 0.3, -0.2);
    // A force and a moment on one solid piece: one coupling.
    let force = rigid("remote_force", "force", [300.0, 0.0, -500.0], "N").with("at_centroid", Value::Flag(true));
    let moment = rigid("remote_moment", "moment", [30.0, 10.0, -20.0], "N*m");
    agree("solid_pair", vec![fixed(), force, moment.clone()], block(turned), 8e-3);
    // Moved and turned, with two motions free, one of them loaded.
    let moved = free(remote("moved", "x1"), &["along_y", "about_z"]).expr("x", "0.05 mm").expr("ry", "0.2 deg");
    let push = rigid("remote_force", "force", [0.0, 900.0, 0.0], "N").with("at_centroid", Value::Flag(true));
    agree("solid_moved", vec![fixed(), moved, push], block(turned), 8e-3);
    // Held by nothing else: a hinge and a rod that stops its turn.
    let hinge = free(remote("hinge", "x1"), &["about_y"]);
    let stop = Object::new("stop", "displacement", "stop").with("faces", part::faces(&["x0"]));
    let weight = Object::new("w", "gravity", "w");
    agree("solid_hinge", vec![hinge, stop, weight], block(glam::DQuat::IDENTITY), 8e-3);
}

#[test]
fn a_remote_displacement_balances_and_says_what_it_leaves_free() {
    let set = |objects: Vec<Object>| {
        let (mut design, model) = part::set_up(part::block([0.06, 0.02, 0.02], |p| p), "s235jr", objects, 8e-3);
        let at = design.position(&"study".into()).unwrap();
        let object = design.objects[at].as_ref().clone().with("method", Value::Choice("verified".into()));
        design.objects[at] = std::sync::Arc::new(object);
        (design, model)
    };
    let push = Object::new("f", "force", "f")
        .with("faces", part::faces(&["z1"]))
        .with("force", part::vector([0.0, 40.0, -500.0], "N"));
    let errors = |objects: Vec<Object>, instant: bool| {
        let (mut design, model) = set(objects);
        if instant {
            let at = design.position(&"study".into()).unwrap();
            let object = design.objects[at].as_ref().clone().with("method", Value::Choice("instant".into()));
            design.objects[at] = std::sync::Arc::new(object);
        }
        let id = "study".into();
        let case = Case { design: &design, study: design.get(&id).unwrap(), model: &model, upstream: &[] };
        let issues = study("static").unwrap().check(&case);
        issues.into_iter().filter(|i| i.severity == Severity::Error).map(|i| i.message).collect::<Vec<_>>()
    };
    // Six motions held at a point: the reaction is the load, with its moment about the origin.
    let all = || remote("held", "x1");
    let (design, model) = set(vec![all(), push.clone()]);
    let out = run::run(&design, &model);
    assert!(out.balances[0].imbalance < 1e-6, "{}", out.balances[0].imbalance);
    let table = out.tables.iter().find(|t| t.id == "reactions").unwrap();
    let number = |k: usize| if let Cell::Number(v) = table.rows[0][k] { v } else { f64::NAN };
    // The load acts at the middle of z1: moments about the origin, N m.
    let moment = DVec3::new(0.03, 0.01, 0.02).cross(DVec3::new(0.0, 40.0, -500.0));
    for (k, expected) in [0.0, -40.0, 500.0, -moment.x, -moment.y, -moment.z].into_iter().enumerate() {
        assert!((number(k + 2) - expected).abs() < 1e-3, "{k}: {} for {expected}", number(k + 2));
    }
    // One free turn is named with its axis; a face that a second one moves, too; the instant method has no solid pieces.
    let hinge = || free(all(), &["about_y"]);
    let found = errors(vec![hinge(), push.clone()], false);
    assert!(found[0].contains("turn about an axis along y through (70,"), "{found:?}");
    let again = Object { id: "again".into(), ..all() };
    assert!(errors(vec![all(), again, push.clone()], false)[0].contains("one solid piece once"));
    assert!(errors(vec![all(), push.clone()], true)[0].contains("choose the method Verified"));
    let none = free(all(), &["along_x", "along_y", "along_z", "about_x", "about_y", "about_z"]);
    assert!(errors(vec![none, fixed(), push], false)[0].contains("Nothing is given"));
}
