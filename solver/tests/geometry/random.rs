//! Random feature lists: never a panic, and whatever is built is closed and of the stated volume.

use crate::support::{build, check_all, choice, mm, point, refs};
use proptest::prelude::*;
use solver::design::{Object, Value};
use solver::surface::{EdgeName, FaceName};

/// Lengths on a coarse lattice, so that flush, tangent and coincident cases come up often.
fn length() -> impl Strategy<Value = f64> {
    prop_oneof![(1_u32..8).prop_map(|n| f64::from(n) * 5.0), 1.0..40.0]
}

fn place() -> impl Strategy<Value = [f64; 3]> {
    let coordinate = || prop_oneof![(-4_i32..8).prop_map(|n| f64::from(n) * 5.0), -20.0..40.0];
    [coordinate(), coordinate(), coordinate()]
}

fn axis() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("x"), Just("y"), Just("z")]
}

fn operation() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("join"), Just("cut"), Just("common"), Just("new"), Just("cut"), Just("join")]
}

fn solid() -> impl Strategy<Value = Object> {
    let at = |o: Object, p: [f64; 3]| o.with("origin", point(p[0], p[1], p[2]));
    prop_oneof![
        3 => (place(), [length(), length(), length()]).prop_map(move |(p, d)| {
            at(Object::new("s", "box", "Box"), p).expr("dx", &mm(d[0])).expr("dy", &mm(d[1])).expr("dz", &mm(d[2]))
        }),
        3 => (place(), axis(), length(), length()).prop_map(move |(p, a, r, h)| {
            at(Object::new("s", "cylinder", "Cylinder"), p)
                .with("axis", choice(a)).expr("radius", &mm(r / 2.0)).expr("height", &mm(h))
        }),
        1 => (place(), axis(), length(), length()).prop_map(move |(p, a, r, h)| {
            at(Object::new("s", "cone", "Cone"), p).with("axis", choice(a))
                .expr("radius", &mm(r / 2.0)).expr("radius_top", "2 mm").expr("height", &mm(h))
        }),
        1 => (place(), length()).prop_map(move |(p, r)| at(Object::new("s", "sphere", "Sphere"), p).expr("radius", &mm(r / 2.0))),
        1 => (place(), length()).prop_map(|(p, d)| {
            Object::new("s", "hole", "Hole").expr("x", &mm(p[0])).expr("y", &mm(p[1])).expr("diameter", &mm(d / 3.0))
        }),
    ]
}

fn feature() -> impl Strategy<Value = Object> {
    prop_oneof![
        6 => (solid(), operation()).prop_map(|(o, op)| if o.kind == "hole" { o } else { o.with("operation", choice(op)) }),
        1 => (prop_oneof![Just("top"), Just("left"), Just("wall")], 0.5..6.0).prop_map(|(face, r)| {
            let edge = EdgeName::between(FaceName(format!("f0.{face}")), FaceName("f0.front".into()), 0);
            Object::new("s", "fillet", "Fillet").with("edges", Value::Edges(vec![edge])).expr("radius", &mm(r))
        }),
        1 => (1_u32..4, length()).prop_map(|(n, s)| {
            Object::new("s", "pattern_linear", "Row").with("features", refs(&["f1"]))
                .expr("count", &n.to_string()).expr("spacing", &mm(s))
        }),
        1 => axis().prop_map(|_| Object::new("s", "mirror", "Mirror").with("features", refs(&["f1"]))),
        1 => (place(), axis()).prop_map(|(p, a)| {
            Object::new("s", "move", "Move").with("bodies", refs(&["f0"])).with("axis", choice(a))
                .expr("angle", "30 deg").with("translation", point(p[0], p[1], p[2]))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn feature_lists_never_panic_and_surfaces_close(features in prop::collection::vec(feature(), 1..6)) {
        let base = Object::new("f0", "box", "Base").expr("dx", "40 mm").expr("dy", "30 mm").expr("dz", "15 mm");
        let mut objects = vec![base];
        for (i, mut object) in features.into_iter().enumerate() {
            object.id = format!("f{}", i + 1).as_str().into();
            objects.push(object);
        }
        check_all(&build(objects));
    }
}
