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

/// The one body, rebuilt, with a warning that has `words`; its volume, mm³.
fn rebuilt(model: &Model, words: &str) -> f64 {
    assert_eq!(model.issues.len(), 1, "{:?}", model.issues);
    assert_eq!(model.issues[0].severity, Severity::Warning);
    assert!(model.issues[0].message.contains(words), "{:?}", model.issues);
    check_all(model);
    assert_eq!(model.bodies[0].body.representation(), Representation::Field);
    model.bodies[0].body.mass_properties().volume * 1e9
}

#[test]
#[ignore = "not yet seen to pass in an optimised build"]
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
    let mut keep = kept.iter();
    mesh.triangles.retain(|_| *keep.next().unwrap());
    let n = kept.iter().filter(|k| !**k).count();
    assert!(n >= 3);
    close(rebuilt(&import(&[&mesh]), "holes"), truth, 0.005);
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
fn a_whole_side_that_is_missing_is_closed_over() {
    let (mesh, _) = drilled();
    let body = build(vec![block("b", 30.0, 20.0, 10.0)]);
    let mut open = (**body.bodies[0].body.surface()).clone();
    let top = open.faces.iter().position(|f| f.name.0 == "b.top").unwrap() as u32;
    let face_of = open.face_of.clone();
    let mut at = face_of.iter();
    open.triangles.retain(|_| *at.next().unwrap() != top);
    let volume = rebuilt(&import(&[&open]), "1 hole");
    // Where no triangle is, the middle way is a guess; for a flat box it lies below the rim.
    assert!((0.6..1.01).contains(&(volume / 6000.0)), "{volume}");
    // A single triangle encloses nothing.
    let mut rag = mesh;
    rag.triangles.truncate(1);
    let model = import(&[&rag]);
    assert_eq!(model.issues[0].severity, Severity::Error);
    assert!(model.issues[0].message.contains("encloses nothing"), "{:?}", model.issues);
}

#[test]
#[ignore = "not yet seen to pass in an optimised build"]
fn a_rebuilt_body_can_be_cut_as_a_field() {
    let (mut mesh, truth) = drilled();
    mesh.triangles.remove(20);
    let object =
        Object::new("imp", "import", "Part").with("file", Value::Blob { hash: "h".into(), name: "p.stl".into() });
    let cut = block("c", 10.0, 30.0, 30.0)
        .with("origin", point(20.0, -5.0, -5.0))
        .with("operation", choice("cut"))
        .with("solve_as", choice("field"));
    let files = Blobs([("h".to_string(), stl::write(&[&mesh], 1e3))].into());
    let model = evaluate(&design(vec![object, cut]), &files);
    assert_eq!(model.issues.len(), 1, "{:?}", model.issues);
    check_all(&model);
    close(model.bodies[0].body.mass_properties().volume * 1e9, truth - 2000.0, 0.01);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]
    #[test]
    #[ignore = "not yet seen to pass in an optimised build"]
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
