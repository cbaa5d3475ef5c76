//! What cannot be built is an issue that names the place; the rest stands.

use crate::support::{block, build, check_all, choice, faces, mm, point, refs};
use solver::design::{Object, Severity, Value};
use solver::surface::{EdgeName, FaceName, Representation};

fn fillet(radius: f64, a: &str, b: &str) -> Object {
    let edge = EdgeName::between(FaceName(a.into()), FaceName(b.into()), 0);
    Object::new("f", "fillet", "Edge round").with("edges", Value::Edges(vec![edge])).expr("radius", &mm(radius))
}

#[test]
fn a_fillet_that_does_not_fit_says_which_edge_and_what_would() {
    let model = build(vec![block("b", 20.0, 20.0, 5.0), fillet(9.0, "b.top", "b.right"), block("c", 1.0, 1.0, 1.0)]);
    assert_eq!(model.bodies.len(), 2, "the rest stands");
    check_all(&model);
    let [issue] = model.issues.as_slice() else { panic!("{:?}", model.issues) };
    assert_eq!((issue.object.0.as_str(), issue.key.as_deref()), ("f", Some("radius")));
    assert!(issue.message.contains("b · right | b · top"), "{}", issue.message);
    assert!(issue.message.contains("up to about 4.9 mm fits"), "{}", issue.message);
    assert_eq!(model.refused, ["f".into()]);
    // What it says fits, fits.
    assert_eq!(build(vec![block("b", 20.0, 20.0, 5.0), fillet(4.9, "b.top", "b.right")]).issues, []);
}

#[test]
fn a_lost_edge_and_a_lost_face_are_said_and_not_replaced() {
    let model = build(vec![block("b", 20.0, 20.0, 5.0), fillet(1.0, "b.top", "gone.side")]);
    let [issue] = model.issues.as_slice() else { panic!("{:?}", model.issues) };
    assert!(issue.severity == Severity::Error && issue.message.contains("gone · side"), "{}", issue.message);
    assert!(model.refused.is_empty(), "a field cannot mend a lost edge");
    let hole = Object::new("h", "hole", "H").with("plane", choice("face")).with("face", faces(&["gone.top"]));
    let model = build(vec![block("b", 20.0, 20.0, 5.0), hole]);
    assert!(model.issues[0].message.contains("gone · top is lost: its feature was removed"), "{:?}", model.issues);
}

#[test]
fn order_and_absence_are_explained() {
    let row = Object::new("row", "pattern_linear", "Row").with("features", refs(&["h"]));
    let hole = Object::new("h", "hole", "H").expr("x", "5 mm").expr("y", "5 mm").expr("diameter", "2 mm");
    let model = build(vec![block("b", 80.0, 20.0, 5.0), row, hole]);
    assert!(model.issues[0].message.contains("further down the tree"), "{:?}", model.issues);
    let alone = Object::new("h", "hole", "H");
    assert!(build(vec![alone]).issues[0].message.contains("no body to drill yet"));
    let join = block("b", 1.0, 1.0, 1.0).with("operation", choice("join"));
    assert!(build(vec![join]).issues[0].message.contains("choose New body"));
    let miss = block("c", 1.0, 1.0, 1.0).with("origin", point(50.0, 0.0, 0.0)).with("operation", choice("cut"));
    let model = build(vec![block("b", 5.0, 5.0, 5.0), miss]);
    assert_eq!((model.bodies.len(), model.issues[0].severity), (1, Severity::Warning));
    let all = block("c", 9.0, 9.0, 9.0).with("origin", point(-1.0, -1.0, -1.0)).with("operation", choice("cut"));
    let model = build(vec![block("b", 5.0, 5.0, 5.0), all]);
    assert!(model.bodies.is_empty() && model.issues[0].message.contains("nothing is left"), "{:?}", model.issues);
}

#[test]
fn a_bad_expression_stops_only_its_feature() {
    let model = build(vec![block("a", 5.0, 5.0, 5.0), block("b", 1.0, 1.0, 1.0).expr("dx", "2 kg")]);
    assert_eq!((model.bodies.len(), model.issues.len()), (1, 1));
    assert_eq!(model.issues[0].key.as_deref(), Some("dx"));
}

#[test]
fn what_the_exact_kernel_refuses_the_field_kernel_builds() {
    let b = || block("b", 20.0, 20.0, 5.0);
    // Two faces wanted, one edge of the plate rounded with more than its thickness would take exactly.
    let refused = build(vec![b(), fillet(6.0, "b.top", "b.right")]);
    assert_eq!(refused.refused, ["f".into()]);
    let model = build(vec![b(), fillet(2.0, "b.top", "b.right").with("solve_as", choice("field"))]);
    assert_eq!(model.issues, []);
    check_all(&model);
    assert_eq!(model.bodies[0].body.representation(), Representation::Field);
    let v = model.bodies[0].body.mass_properties().volume * 1e9;
    let expected = 2000.0 - (4.0 - std::f64::consts::PI) * 20.0;
    // In its two corners the ball also takes a little off the neighbouring edges.
    assert!(v < expected && v > expected - 15.0, "{v} for {expected}");
    assert!(model.bodies[0].body.surface().faces.iter().any(|f| f.name.0 == "f.round"));
}

#[test]
fn a_field_fillet_in_a_groove_does_not_ask_for_thick_walls() {
    let wall = block("c", 5.0, 60.0, 60.0).with("operation", choice("join"));
    let angle =
        vec![block("b", 60.0, 60.0, 5.0), wall, fillet(15.0, "b.top", "c.right").with("solve_as", choice("field"))];
    let model = build(angle);
    assert_eq!(model.issues, []);
    check_all(&model);
    let v = model.bodies[0].body.mass_properties().volume * 1e9;
    let sharp = 60.0 * 60.0 * 5.0 + 5.0 * 60.0 * 55.0;
    let full = (1.0 - std::f64::consts::PI / 4.0) * 225.0 * 60.0;
    // At both ends the ball comes in from the side and leaves a little out.
    assert!(v < sharp + 1.01 * full && v > sharp + 0.7 * full, "{v}: {sharp} and up to {full}");
}

#[test]
fn a_smooth_edge_of_a_field_is_refused_by_name() {
    // Two blocks across each other: their tops are one plane.
    let model = build(vec![
        block("b", 20.0, 60.0, 20.0),
        block("c", 60.0, 20.0, 20.0).with("operation", choice("join")),
        fillet(3.0, "b.top", "c.top").with("solve_as", choice("field")),
    ]);
    let said: Vec<&str> = model.issues.iter().map(|i| i.message.as_str()).collect();
    assert!(matches!(said[..], [m] if m.contains("is smooth")), "{said:?}");
}
