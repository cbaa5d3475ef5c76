//! Files whose triangles do not close, turn the wrong way or cut each other: a body all the same, and what was wrong.

use crate::support::{Blobs, Random, block, build, check_all, choice, close, design, point};
use proptest::prelude::*;
use solver::design::{Object, Severity, Value};
use solver::format::stl;
use solver::geometry::{Model, evaluate};
use solver::surface::{Representation, SurfaceMesh};

fn import(mesh: &[&SurfaceMesh]) -> Model {
    let object =
        Object::new("imp", "import", "Part").with("file", Value::Blob { hash: "h".into(), name: "p.stl".into() });
    evaluate(&design(vec![object]), &Blobs([("h".to_string(), stl::write(mesh, 1e3))].into()))
}

/// A block of 30 by 20 by 10 mm with a bore of 6 mm, and its volume, mm³.
fn drilled() -> (SurfaceMesh, f64) {
    let hole = Object::new("h", "hole", "H").expr("x", "12 mm").expr("y", "9 mm").expr("diameter", "6 mm");
    let model = build(vec![block("b", 30.0, 20.0, 10.0), hole]);
    assert_eq!(model.issues, []);
    let mesh = (**model.bodies[0].body.surface()).clone();
    (mesh, 6000.0 - std::f64::consts::PI * 90.0)
}

/// Without the triangles of the faces named so.
fn without(mesh: &SurfaceMesh, faces: &[&str]) -> SurfaceMesh {
    let gone = |t: usize| faces.contains(&&*mesh.faces[mesh.face_of[t] as usize].name.0);
    let triangles = (0..mesh.triangles.len()).filter(|t| !gone(*t)).map(|t| mesh.triangles[t]).collect::<Vec<_>>();
    assert!(triangles.len() < mesh.triangles.len(), "{faces:?}");
    SurfaceMesh { triangles, ..mesh.clone() }
}

/// The one body, with a warning that has `words`; its volume, mm³.
fn mended(model: &Model, representation: Representation, words: &str) -> f64 {
    assert_eq!(model.issues.len(), 1, "{:?}", model.issues);
    assert_eq!(model.issues[0].severity, Severity::Warning, "{:?}", model.issues);
    assert!(model.issues[0].message.contains(words), "{:?}", model.issues);
    check_all(model);
    assert_eq!(model.bodies[0].body.representation(), representation);
    model.bodies[0].body.mass_properties().volume * 1e9
}

fn filled(model: &Model, words: &str) -> f64 {
    mended(model, Representation::Imported, words)
}

fn rebuilt(model: &Model, words: &str) -> f64 {
    mended(model, Representation::Field, words)
}

fn refused(model: &Model, words: &str) {
    assert_eq!(model.issues[0].severity, Severity::Error, "{:?}", model.issues);
    assert!(model.issues[0].message.contains(words), "{:?}", model.issues);
}

#[test]
fn small_holes_are_closed() {
    let (mut mesh, truth) = drilled();
    // Every ninth triangle of the bore's wall is missing.
    let bore: Vec<u32> =
        (0..mesh.faces.len() as u32).filter(|f| mesh.faces[*f as usize].name.0.starts_with("h.")).collect();
    let mut k = 0;
    let kept: Vec<bool> = (0..mesh.triangles.len())
        .map(|t| {
            k += usize::from(bore.contains(&mesh.face_of[t]));
            !(bore.contains(&mesh.face_of[t]) && k % 9 == 4)
        })
        .collect();
    let whole = import(&[&mesh]).bodies[0].body.mass_properties().volume * 1e9;
    close(whole, truth, 0.005);
    let mut keep = kept.iter();
    mesh.triangles.retain(|_| *keep.next().unwrap());
    let n = kept.iter().filter(|k| !**k).count();
    assert!(n >= 3);
    let model = import(&[&mesh]);
    // Where two beside each other are missing, the diagonal between them may be the other one.
    close(filled(&model, &format!("The holes were closed with {n} triangles")), whole, 1e-4);
}

#[test]
fn turned_triangles_are_turned_back_and_nothing_else_changes() {
    let (clean, _) = drilled();
    let whole = import(&[&clean]);
    let mut mesh = clean.clone();
    for t in [3, 17, 40] {
        mesh.triangles[t].swap(0, 1);
    }
    let model = import(&[&mesh]);
    assert_eq!(model.issues.len(), 1);
    assert!(model.issues[0].message.contains("3 triangles turned inside out"), "{:?}", model.issues);
    check_all(&model);
    let (a, b) = (model.bodies[0].body.surface(), whole.bodies[0].body.surface());
    assert_eq!(a.faces.len(), b.faces.len());
    assert_eq!(model.bodies[0].body.representation(), Representation::Imported);
    close(model.bodies[0].body.mass_properties().volume, whole.bodies[0].body.mass_properties().volume, 1e-12);
}

#[test]
fn shells_that_overlap_become_one() {
    let one = build(vec![block("a", 20.0, 20.0, 20.0)]);
    let two = build(vec![block("b", 20.0, 20.0, 20.0).with("origin", point(13.0, 7.0, 5.0))]);
    let meshes = [one.bodies[0].body.surface(), two.bodies[0].body.surface()];
    let both = [&**meshes[0], &**meshes[1]];
    let volume = rebuilt(&import(&both), "pairs of triangles that cut each other");
    close(volume, 2.0 * 8000.0 - 7.0 * 13.0 * 15.0, 0.005);
    // Shells apart, or one inside the other as a cavity, stay as they are.
    let apart = build(vec![block("b", 20.0, 20.0, 20.0).with("origin", point(43.0, 7.0, 5.0))]);
    let model = import(&[both[0], apart.bodies[0].body.surface()]);
    assert_eq!(model.issues, []);
    let mut cavity =
        (**build(vec![block("b", 4.0, 4.0, 4.0).with("origin", point(8.0, 8.0, 8.0))]).bodies[0].body.surface())
            .clone();
    cavity.triangles.iter_mut().for_each(|t| t.swap(0, 1));
    let model = import(&[both[0], &cavity]);
    assert_eq!(model.issues, []);
    close(model.bodies[0].body.mass_properties().volume * 1e9, 8000.0 - 64.0, 1e-6);
}

#[test]
fn flat_faces_that_are_missing_are_put_back() {
    let (drilled, _) = drilled();
    let whole = import(&[&drilled]);
    let of = |m: &Model| m.bodies[0].body.mass_properties().volume * 1e9;
    // The face has a hole in it: two rings, one face.
    let model = import(&[&without(&drilled, &["b.top"])]);
    close(filled(&model, "2 holes. The holes were closed with"), of(&whole), 1e-6);
    assert_eq!(model.bodies[0].body.surface().faces.len(), whole.bodies[0].body.surface().faces.len());
    // A bore whose wall is missing ends at both mouths.
    let wall: Vec<&str> = drilled.faces.iter().map(|f| &*f.name.0).filter(|n| n.starts_with("h.")).collect();
    close(filled(&import(&[&without(&drilled, &wall)]), "2 holes"), 6000.0, 1e-6);
}

#[test]
fn what_is_no_flat_face_is_closed_by_winding_number_or_refused() {
    let block = build(vec![block("b", 30.0, 20.0, 10.0)]);
    let block = &**block.bodies[0].body.surface();
    // Two sides about an edge: the middle way is a guess, and lies below the edge.
    let volume = rebuilt(&import(&[&without(block, &["b.right", "b.back"])]), "closes holes by guess");
    assert!((0.6..1.0).contains(&(volume / 6000.0)), "{volume}");
    refused(
        &import(&[&without(block, &["b.right", "b.back", "b.top"])]),
        "too much of the surface in the file is missing",
    );
    let mut rag = block.clone();
    rag.triangles.truncate(1);
    refused(&import(&[&rag]), "encloses nothing");
    rag.triangles = block.triangles[..2].to_vec();
    refused(&import(&[&rag]), "encloses nothing");
}

#[test]
fn triangles_given_twice_count_once() {
    let (drilled, _) = drilled();
    let whole = import(&[&drilled]).bodies[0].body.mass_properties().volume * 1e9;
    let n = drilled.triangles.len();
    close(filled(&import(&[&drilled, &drilled]), &format!("{n} triangles given twice")), whole, 1e-9);
}

#[test]
fn a_rebuilt_body_can_be_cut_as_a_field() {
    let one = build(vec![block("a", 20.0, 20.0, 20.0)]);
    let two = build(vec![block("b", 20.0, 20.0, 20.0).with("origin", point(13.0, 7.0, 5.0))]);
    let object =
        Object::new("imp", "import", "Part").with("file", Value::Blob { hash: "h".into(), name: "p.stl".into() });
    let cut = block("c", 10.0, 40.0, 40.0)
        .with("origin", point(-5.0, -5.0, -5.0))
        .with("operation", choice("cut"))
        .with("solve_as", choice("field"));
    let bytes = stl::write(&[one.bodies[0].body.surface(), two.bodies[0].body.surface()], 1e3);
    let model = evaluate(&design(vec![object, cut]), &Blobs([("h".to_string(), bytes)].into()));
    let truth = 2.0 * 8000.0 - 7.0 * 13.0 * 15.0 - 5.0 * 400.0;
    close(rebuilt(&model, "cut each other"), truth, 0.01);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]
    #[test]
    fn random_soups_never_panic(seed in any::<u64>(), n in 1usize..40) {
        let mut random = Random(seed | 1);
        let mut mesh = SurfaceMesh::default();
        for _ in 0..n + 2 {
            mesh.points.push([0.0; 3].map(|_: f64| random.between(-0.01, 0.01)));
        }
        for _ in 0..n {
            let t = [0; 3].map(|_: u32| random.below(mesh.points.len()) as u32);
            mesh.triangles.push(t);
        }
        let model = import(&[&mesh]);
        for body in &model.bodies {
            prop_assert!(body.body.mass_properties().volume > 0.0);
        }
        prop_assert!(model.bodies.len() + model.issues.len() > 0);
    }
}
