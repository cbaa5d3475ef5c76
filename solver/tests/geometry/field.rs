//! The field kernel: booleans that cannot fail, faces named by the leaf that is nearest.

use crate::support::{block, build, check_all, choice, close, faces, point};
use solver::design::{Object, Value};
use solver::surface::{Representation, Shape};
use std::f64::consts::PI;

fn field(object: Object) -> Object {
    object.with("solve_as", choice("field"))
}

#[test]
fn a_drilled_block_has_its_volume_its_names_and_sharp_edges() {
    let hole = Object::new("h", "hole", "H")
        .with("plane", choice("face"))
        .with("face", faces(&["b.top"]))
        .expr("x", "15 mm")
        .expr("y", "10 mm")
        .expr("diameter", "8 mm");
    let model = build(vec![field(block("b", 30.0, 20.0, 10.0)), hole]);
    assert_eq!(model.issues, []);
    check_all(&model);
    let body = &model.bodies[0].body;
    assert_eq!(body.representation(), Representation::Field);
    close(body.mass_properties().volume * 1e9, 6000.0 - PI * 160.0, 0.002);
    let surface = body.surface();
    let mut names: Vec<&str> = surface.faces.iter().map(|f| f.name.0.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["b.back", "b.bottom", "b.front", "b.left", "b.right", "b.top", "h.wall"]);
    let wall = surface.faces.iter().find(|f| f.name.0 == "h.wall").expect("the wall");
    assert!(matches!(wall.shape, Shape::Cylinder { radius, .. } if (radius - 4e-3).abs() < 1e-9));
    // Sharp: the block's corners are points of the mesh to a hundredth of a cell.
    let cell = body.resolution().expect("a field").cell;
    for corner in [[0.0, 0.0, 0.0], [0.03, 0.02, 0.01], [0.03, 0.0, 0.01]] {
        let near = surface.points.iter().map(|p| (0..3).map(|k| (p[k] - corner[k]).powi(2)).sum::<f64>().sqrt());
        let near = near.fold(f64::INFINITY, f64::min);
        assert!(near < 0.01 * cell, "corner {corner:?} is {near} away, cells are {cell}");
    }
    assert!(surface.edges.iter().any(|e| e.name.faces.iter().any(|f| f.0 == "h.wall")), "the rim is an edge");
}

#[test]
fn a_smooth_join_has_a_blend_of_its_own() {
    let post = Object::new("p", "cylinder", "P")
        .with("operation", choice("join"))
        .with("origin", point(15.0, 10.0, 5.0))
        .expr("radius", "4 mm")
        .expr("height", "20 mm")
        .expr("smooth", "3 mm");
    let model = build(vec![block("b", 30.0, 20.0, 10.0), field(post)]);
    assert_eq!(model.issues, []);
    check_all(&model);
    let sharp = 6000.0 + PI * 16.0 * 15.0;
    let volume = model.bodies[0].body.mass_properties().volume * 1e9;
    assert!(volume > sharp * 1.001 && volume < sharp * 1.05, "{volume} for a little more than {sharp}");
    assert!(model.bodies[0].body.surface().faces.iter().any(|f| f.name.0 == "p.blend"));
}

#[test]
fn touching_and_tangent_solids_never_fail() {
    // Along an edge, at a face, tangent along a line: what a B-rep may not hold.
    let cases = [
        block("c", 10.0, 10.0, 10.0).with("origin", point(10.0, 10.0, 0.0)),
        block("c", 10.0, 10.0, 10.0).with("origin", point(10.0, 0.0, 0.0)),
        Object::new("c", "cylinder", "C")
            .with("origin", point(15.0, 5.0, 0.0))
            .expr("radius", "5 mm")
            .expr("height", "10 mm"),
    ];
    for tool in cases {
        for operation in ["join", "cut", "common"] {
            let tool = field(tool.clone()).with("operation", choice(operation));
            let model = build(vec![block("b", 10.0, 10.0, 10.0), tool]);
            check_all(&model);
            if operation != "common" {
                assert_eq!(model.bodies.len(), 1, "{operation}: {:?}", model.issues);
            }
        }
    }
}

#[test]
fn a_field_can_be_copied_mirrored_and_moved() {
    let features = vec![
        field(block("b", 10.0, 10.0, 10.0)),
        Object::new("m", "mirror", "M").with("features", Value::Refs(vec!["b".into()])).expr("offset", "-5 mm"),
        Object::new("mv", "move", "Mv").with("bodies", Value::Refs(vec!["b".into()])).expr("angle", "30 deg"),
    ];
    let model = build(features);
    assert_eq!(model.issues, []);
    assert_eq!(model.bodies.len(), 2);
    check_all(&model);
    for body in &model.bodies {
        close(body.body.mass_properties().volume * 1e9, 1000.0, 1e-3);
    }
    assert!(model.bodies[1].body.surface().faces.iter().all(|f| f.name.0.ends_with("#m.2")));
}
