//! Each feature against the volume that a formula gives.

use crate::support::{block, build, check_all, choice, close, design, faces, mm, point, refs, volume};
use solver::design::profile::{Outline, Profile, Segment};
use solver::design::{Object, Value};
use solver::geometry::evaluate;
use solver::surface::{EdgeName, FaceName};
use std::f64::consts::PI;

fn hole(id: &str, face: &str, x: f64, y: f64, d: f64) -> Object {
    Object::new(id, "hole", id)
        .with("plane", choice("face"))
        .with("face", faces(&[face]))
        .expr("x", &mm(x))
        .expr("y", &mm(y))
        .expr("diameter", &mm(d))
}

fn edges(pairs: &[(&str, &str)]) -> Value {
    Value::Edges(
        pairs.iter().map(|(a, b)| EdgeName::between(FaceName((*a).into()), FaceName((*b).into()), 0)).collect(),
    )
}

#[test]
fn primitives() {
    close(volume(&build(vec![block("b", 10.0, 20.0, 30.0)])), 6000.0, 1e-12);
    let centred = build(vec![block("b", 10.0, 20.0, 30.0).with("centred", Value::Flag(true))]);
    assert_eq!(centred.bodies[0].body.mass_properties().centroid.map(|c| (c * 1e6).round()), [0.0, 0.0, 15000.0]);
    for axis in ["x", "y", "z"] {
        let solid =
            |kind: &str| Object::new("s", kind, "S").with("axis", choice(axis)).with("origin", point(3.0, 4.0, 5.0));
        let cylinder = solid("cylinder").expr("radius", "5 mm").expr("height", "12 mm");
        close(volume(&build(vec![cylinder])), PI * 25.0 * 12.0, 1e-9);
        let cone = solid("cone").expr("radius", "6 mm").expr("radius_top", "2 mm").expr("height", "9 mm");
        close(volume(&build(vec![cone])), PI * 9.0 * (36.0 + 12.0 + 4.0) / 3.0, 1e-9);
        let tip = solid("cone").expr("radius", "6 mm").expr("radius_top", "0 mm").expr("height", "9 mm");
        close(volume(&build(vec![tip])), PI * 9.0 * 12.0, 1e-9);
        let same = solid("cone").expr("radius", "6 mm").expr("radius_top", "6 mm").expr("height", "9 mm");
        close(volume(&build(vec![same])), PI * 9.0 * 36.0, 1e-9);
        let torus = solid("torus").expr("major", "20 mm").expr("minor", "4 mm");
        close(volume(&build(vec![torus])), 2.0 * PI * PI * 20.0 * 16.0, 1e-9);
    }
    let ball = Object::new("s", "sphere", "S").expr("radius", "7 mm");
    close(volume(&build(vec![ball])), 4.0 / 3.0 * PI * 343.0, 1e-9);
}

#[test]
fn a_profile_of_lines_and_arcs_is_extruded_and_revolved() {
    // A slot: two lines, two half circles, and a round hole.
    let p = |x: &str, y: &str| [x.to_string(), y.to_string()];
    let profile = Profile {
        outer: Outline::Path {
            start: p("0 mm", "-5 mm"),
            segments: vec![
                Segment::Line { to: p("20 mm", "-5 mm") },
                Segment::Arc { via: p("25 mm", "0 mm"), to: p("20 mm", "5 mm") },
                Segment::Line { to: p("0 mm", "5 mm") },
                Segment::Arc { via: p("-5 mm", "0 mm"), to: p("0 mm", "-5 mm") },
            ],
        },
        holes: vec![Outline::Circle { centre: p("10 mm", "0 mm"), radius: "2 mm".into() }],
    };
    let area = 200.0 + PI * 25.0 - PI * 4.0;
    for (plane, direction) in [("xy", "up"), ("xz", "down"), ("yz", "both")] {
        let extrude = Object::new("e", "extrude", "E")
            .with("profile", Value::Profile(profile.clone()))
            .with("plane", choice(plane))
            .with("direction", choice(direction))
            .expr("offset", "3 mm")
            .expr("depth", "8 mm");
        let model = build(vec![extrude]);
        close(volume(&model), area * 8.0, 1e-9);
        let c = model.bodies[0].body.mass_properties().centroid.map(|c| c * 1e3);
        // XZ has normal -y: "down" from its offset of 3 mm runs towards +y.
        let along = match plane {
            "xy" => c[2] - 7.0,
            "xz" => c[1] - 1.0,
            _ => c[0] - 3.0,
        };
        assert!(along.abs() < 1e-9, "{plane}: {c:?}");
    }
    // Pappus: the centroid, 10 mm from the sketch's y axis shifted by 30 mm, runs a circle.
    for (angle, share) in [("360 deg", 1.0), ("90 deg", 0.25), ("-90 deg", 0.25)] {
        let revolve = Object::new("r", "revolve", "R")
            .with("profile", Value::Profile(profile.clone()))
            .with("plane", choice("xz"))
            .expr("about_offset", "-30 mm")
            .expr("angle", angle);
        close(volume(&build(vec![revolve])), area * 2.0 * PI * 40.0 * share, 1e-9);
    }
}

#[test]
fn holes_go_through_or_to_a_depth() {
    let plate = || block("plate", 60.0, 40.0, 10.0);
    let through = build(vec![plate(), hole("h", "plate.top", 20.0, 20.0, 8.0)]);
    close(volume(&through), 24000.0 - PI * 160.0, 1e-9);
    let blind = hole("h", "plate.top", 20.0, 20.0, 8.0).with("through", Value::Flag(false)).expr("depth", "4 mm");
    let model = build(vec![plate(), blind]);
    close(volume(&model), 24000.0 - PI * 64.0, 1e-9);
    let names: Vec<&str> = model.bodies[0].body.surface().faces.iter().map(|f| f.name.part()).collect();
    assert!(names.contains(&"wall") && names.iter().filter(|n| **n == "bottom").count() == 2, "{names:?}");
    // From the base plane, with the material above it.
    let plane = Object::new("h", "hole", "H").expr("x", "20 mm").expr("y", "20 mm").expr("diameter", "8 mm");
    close(volume(&build(vec![plate(), plane])), 24000.0 - PI * 160.0, 1e-9);
    // On a side face, sketched with x to the right and y up.
    let side = hole("h", "plate.front", 20.0, 5.0, 4.0);
    close(volume(&build(vec![plate(), side])), 24000.0 - PI * 4.0 * 40.0, 1e-9);
}

#[test]
fn bodies_are_kept_joined_cut_and_shared() {
    let other = |operation: &str| {
        block("b", 10.0, 10.0, 10.0).with("origin", point(5.0, 0.0, 0.0)).with("operation", choice(operation))
    };
    let first = || block("a", 10.0, 10.0, 10.0);
    assert_eq!(build(vec![first(), other("new")]).bodies.len(), 2);
    close(volume(&build(vec![first(), other("join")])), 1500.0, 1e-12);
    close(volume(&build(vec![first(), other("cut")])), 500.0, 1e-12);
    close(volume(&build(vec![first(), other("common")])), 500.0, 1e-12);
    // The same by a feature of its own, with and without keeping the tool.
    let boolean = |keep: bool| {
        Object::new("c", "boolean", "C")
            .with("operation", choice("cut"))
            .with("targets", refs(&["a"]))
            .with("tools", refs(&["b"]))
            .with("keep", Value::Flag(keep))
    };
    close(volume(&build(vec![first(), other("new"), boolean(false)])), 500.0, 1e-12);
    assert_eq!(build(vec![first(), other("new"), boolean(true)]).bodies.len(), 2);
    // Targets choose: only `a` is cut.
    let far = block("far", 10.0, 10.0, 10.0).with("origin", point(5.0, 5.0, 0.0));
    let cut = block("t", 2.0, 2.0, 20.0)
        .with("origin", point(6.0, 6.0, -1.0))
        .with("operation", choice("cut"))
        .with("targets", refs(&["a"]));
    let model = build(vec![first(), far, cut]);
    let volumes: Vec<f64> = model.bodies.iter().map(|b| (b.body.mass_properties().volume * 1e9).round()).collect();
    assert_eq!(volumes, [960.0, 1000.0]);
}

#[test]
fn edges_are_rounded_and_bevelled_by_name() {
    let cube = || block("b", 20.0, 20.0, 20.0);
    let fillet =
        |pairs: &[(&str, &str)]| Object::new("f", "fillet", "F").with("edges", edges(pairs)).expr("radius", "3 mm");
    let model = build(vec![cube(), fillet(&[("b.top", "b.right")])]);
    close(volume(&model), 8000.0 - (9.0 - PI * 9.0 / 4.0) * 20.0, 1e-9);
    assert!(model.bodies[0].body.surface().faces.iter().any(|f| f.name.0 == "f.round(b.right|b.top)"));
    // Three edges of a corner: the ball's face is named by all three faces.
    let corner = build(vec![cube(), fillet(&[("b.top", "b.right"), ("b.top", "b.back"), ("b.right", "b.back")])]);
    assert!(
        corner.bodies[0].body.surface().faces.iter().any(|f| f.name.0 == "f.corner(b.back|b.right|b.top)"),
        "{:?}",
        corner.issues
    );
    check_all(&corner);
    let chamfer =
        Object::new("c", "chamfer", "C").with("edges", edges(&[("b.top", "b.right")])).expr("distance", "3 mm");
    close(volume(&build(vec![cube(), chamfer])), 8000.0 - 4.5 * 20.0, 1e-9);
}

#[test]
fn patterns_mirrors_and_moves_repeat_and_place() {
    let plate = || block("plate", 100.0, 60.0, 5.0);
    let seed = || hole("h", "plate.top", 10.0, 10.0, 6.0);
    let one = PI * 9.0 * 5.0;
    let row = Object::new("row", "pattern_linear", "Row")
        .with("features", refs(&["h"]))
        .expr("count", "5")
        .expr("spacing", "20 mm");
    let model = build(vec![plate(), seed(), row.clone()]);
    close(volume(&model), 30000.0 - 5.0 * one, 1e-9);
    for n in 2..=5 {
        let name = FaceName(format!("h.wall#row.{n}"));
        let x = model.bodies[0].body.surface().faces_named(&name).count();
        assert_eq!(x, 1, "{name}");
    }
    // A pattern of a pattern.
    let column = Object::new("col", "pattern_linear", "Col")
        .with("features", refs(&["h", "row"]))
        .with("direction", Value::Vector(["0".into(), "2".into(), "0".into()]))
        .expr("count", "2")
        .expr("spacing", "30 mm");
    close(volume(&build(vec![plate(), seed(), row, column])), 30000.0 - 10.0 * one, 1e-9);
    // A circle about a point, all round and over a part of the turn.
    for (angle, count) in [("360 deg", "6"), ("180 deg", "3")] {
        let circle = Object::new("circle", "pattern_circular", "Circle")
            .with("features", refs(&["h"]))
            .with("origin", point(25.0, 25.0, 0.0))
            .expr("angle", angle)
            .expr("count", count);
        let n = count.parse::<f64>().expect("a number");
        close(volume(&build(vec![plate(), seed(), circle])), 30000.0 - n * one, 1e-9);
    }
    // Mirrored tools, and a mirrored body.
    let mirror = |of: &str| {
        Object::new("m", "mirror", "M")
            .with("features", refs(&[of]))
            .with("plane", choice("yz"))
            .expr("offset", "50 mm")
    };
    close(volume(&build(vec![plate(), seed(), mirror("h")])), 30000.0 - 2.0 * one, 1e-9);
    let pair = build(vec![plate(), seed(), mirror("plate")]);
    assert_eq!(pair.issues, []);
    assert_eq!(pair.bodies.len(), 2);
    assert_eq!(pair.bodies[1].name, "plate#m.2");
    let c = pair.bodies.iter().map(|b| b.body.mass_properties().centroid[0]).collect::<Vec<_>>();
    assert!((c[0] + c[1] - 0.1).abs() < 1e-9, "{c:?}");
    check_all(&pair);
    // Turned by a right angle and shifted.
    let moved = Object::new("mv", "move", "Move")
        .with("bodies", refs(&["plate"]))
        .expr("angle", "90 deg")
        .with("translation", point(0.0, 0.0, 7.0));
    let model = build(vec![plate(), moved]);
    close(volume(&model), 30000.0, 1e-9);
    let c = model.bodies[0].body.mass_properties().centroid.map(|c| (c * 1e6).round() / 1e3);
    assert_eq!(c, [-30.0, 50.0, 9.5]);
}

#[test]
fn a_suppressed_feature_has_no_effect() {
    let mut h = hole("h", "plate.top", 20.0, 20.0, 8.0);
    h.suppressed = true;
    close(volume(&build(vec![block("plate", 60.0, 40.0, 10.0), h])), 24000.0, 1e-12);
}

#[test]
fn distance_is_signed_and_its_surface_is_the_body() {
    let model = evaluate(&design(vec![block("b", 10.0, 20.0, 30.0)]), &crate::support::Blobs::default());
    let body = &model.bodies[0].body;
    let mut out = [0.0; 3];
    body.signed_distance(&[[5e-3, 10e-3, 15e-3], [13e-3, 24e-3, 15e-3], [10e-3, 5e-3, 5e-3]], &mut out);
    close(out[0], -5e-3, 1e-9);
    close(out[1], 5e-3, 1e-9);
    assert!(out[2].abs() < 1e-12);
}
