use super::*;
use solver::design::{Object, Value, resolve};
use solver::surface::{EdgeName, FaceName, MassProperties, Representation};
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, TAU};
use std::sync::Arc;

/// One face, `f`, as a rectangle in the plane through `corner` spanned by `u` and `v`.
fn plane(corner: [f64; 3], u: [f64; 3], v: [f64; 3]) -> SurfaceMesh {
    let points = vec![corner, add(corner, u), add(add(corner, u), v), add(corner, v)];
    let normal = cross(u, v);
    let edge = |points: Vec<u32>, length: f64| Edge {
        name: EdgeName::between(FaceName("f".into()), FaceName("g".into()), 0),
        points,
        length,
        radius: None,
    };
    SurfaceMesh {
        triangles: vec![[0, 1, 2], [0, 2, 3]],
        face_of: vec![0, 0],
        normals: vec![[[0.0; 3]; 3]; 2],
        faces: vec![Face {
            name: FaceName("f".into()),
            shape: Shape::Plane { point: corner, normal },
            area: length(normal),
        }],
        edges: vec![edge(vec![0, 1], length(u))],
        points,
    }
}

/// One face, `f`, as a cylinder wall along z, and its lower rim.
fn cylinder(point: [f64; 3], radius: f64, height: f64) -> SurfaceMesh {
    let n = 72u32;
    let mut mesh = SurfaceMesh::default();
    for level in [0.0, height] {
        for i in 0..n {
            let (s, c) = (TAU * f64::from(i) / f64::from(n)).sin_cos();
            mesh.points.push([point[0] + radius * c, point[1] + radius * s, point[2] + level]);
        }
    }
    for i in 0..n {
        let j = (i + 1) % n;
        mesh.triangles.extend([[i, j, n + j], [i, n + j, n + i]]);
        mesh.face_of.extend([0, 0]);
    }
    let shape = Shape::Cylinder { point, axis: [0.0, 0.0, 2.0], radius };
    mesh.faces.push(Face { name: FaceName("f".into()), shape, area: TAU * radius * height });
    mesh.edges.push(Edge {
        name: EdgeName::between(FaceName("f".into()), FaceName("g".into()), 0),
        points: (0..=n).map(|i| i % n).collect(),
        length: TAU * radius,
        radius: Some(radius),
    });
    mesh
}

fn scene(meshes: Vec<SurfaceMesh>) -> Scene {
    let bodies = meshes.into_iter().enumerate().map(|(i, surface)| SceneBody {
        name: i.to_string(),
        label: i.to_string(),
        material: "en_aw_6061_t6".into(),
        representation: Representation::Exact,
        mass: MassProperties { volume: 2e-3, area: 0.5, ..MassProperties::default() },
        surface: Arc::new(surface),
    });
    Scene { bodies: bodies.collect(), ..Scene::default() }
}

fn face(body: &str) -> Pick {
    Pick::Face { body: body.into(), face: FaceName("f".into()) }
}

fn edge(body: &str) -> Pick {
    Pick::Edge { body: body.into(), edge: EdgeName::between(FaceName("f".into()), FaceName("g".into()), 0) }
}

fn vertex(body: &str, point: u32) -> Pick {
    Pick::Vertex { body: body.into(), point }
}

fn value(readings: &[Reading], label: &str) -> f64 {
    readings.iter().find(|r| r.label == label).unwrap_or_else(|| panic!("no {label} in {readings:?}")).value
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9, "{a} is not {b}");
}

#[test]
fn parallel_planes_are_apart_by_their_normal_even_when_they_do_not_face_each_other() {
    let scene = scene(vec![
        plane([0.0; 3], [0.1, 0.0, 0.0], [0.0, 0.1, 0.0]),
        plane([0.3, 0.0, 0.04], [0.1, 0.0, 0.0], [0.0, 0.1, 0.0]),
    ]);
    let readings = measure(&scene, &[face("0"), face("1")]);
    close(value(&readings, "Between planes"), 0.04);
    close(value(&readings, "Distance"), 0.2f64.hypot(0.04));
    close(value(&readings, "Angle"), 0.0);
}

#[test]
fn tilted_planes_have_an_angle_and_no_distance_between_planes() {
    let scene = scene(vec![
        plane([0.0; 3], [0.1, 0.0, 0.0], [0.0, 0.1, 0.0]),
        plane([0.0, 0.0, 0.1], [0.1, 0.0, 0.0], [0.0, 0.1, 0.1]),
    ]);
    let readings = measure(&scene, &[face("0"), face("1")]);
    close(value(&readings, "Angle"), FRAC_PI_4);
    assert!(!readings.iter().any(|r| r.label == "Between planes"));
    let edge_to_face = measure(&scene, &[edge("0"), face("1")]);
    close(value(&edge_to_face, "Angle"), 0.0);
}

#[test]
fn cylinders_are_measured_axis_to_axis() {
    let scene = scene(vec![
        cylinder([0.0; 3], 0.01, 0.05),
        cylinder([0.03, 0.04, 0.2], 0.005, 0.05),
        plane([-0.1, -0.02, 0.0], [0.2, 0.0, 0.0], [0.0, 0.0, 0.1]),
    ]);
    let readings = measure(&scene, &[face("0"), face("1")]);
    close(value(&readings, "Between axes"), 0.05);
    close(value(&measure(&scene, &[face("0")]), "Diameter"), 0.02);
    close(value(&measure(&scene, &[face("0"), face("2")]), "Axis to plane"), 0.02);
    // a rim's centre lies on the axis
    close(value(&measure(&scene, &[edge("0"), edge("1")]), "Between axes"), 0.05);
    close(value(&measure(&scene, &[edge("0")]), "Radius"), 0.01);
    let corner = scene.bodies[2].surface.points[0];
    let readings = measure(&scene, &[face("0"), vertex("2", 0)]);
    close(value(&readings, "To the axis"), corner[0].hypot(corner[1]));
}

#[test]
fn points_have_a_distance_with_its_components_and_a_line_to_draw() {
    let scene = scene(vec![plane([0.0; 3], [0.3, 0.0, 0.0], [0.0, 0.4, 0.0])]);
    let readings = measure(&scene, &[vertex("0", 0), vertex("0", 2)]);
    close(value(&readings, "Distance"), 0.5);
    close(value(&readings, "ΔY"), 0.4);
    assert_eq!(readings[0].line, Some([[0.0; 3], [0.3, 0.4, 0.0]]));
    assert_eq!(value(&measure(&scene, &[vertex("0", 2)]), "X"), 0.3);
}

#[test]
fn crossing_faces_touch() {
    let scene = scene(vec![
        plane([-0.1, -0.1, 0.0], [0.2, 0.0, 0.0], [0.0, 0.2, 0.0]),
        plane([0.0, -0.01, -0.1], [0.0, 0.02, 0.0], [0.0, 0.0, 0.2]),
    ]);
    let readings = measure(&scene, &[face("0"), face("1")]);
    close(value(&readings, "Distance"), 0.0);
    close(value(&readings, "Angle"), FRAC_PI_2);
}

#[test]
fn a_pick_that_is_gone_measures_nothing_and_many_are_summed() {
    let scene = scene(vec![plane([0.0; 3], [0.3, 0.0, 0.0], [0.0, 0.4, 0.0]), cylinder([1.0, 0.0, 0.0], 0.01, 0.05)]);
    assert!(measure(&scene, &[face("0"), face("7")]).is_empty());
    assert!(measure(&scene, &[]).is_empty());
    let readings = measure(&scene, &[face("0"), face("1"), edge("0")]);
    close(value(&readings, "Total area"), 0.12 + TAU * 0.01 * 0.05);
    close(value(&readings, "Total length"), 0.3);
    let mut design = Design::new();
    let bodies = |design: &Design, picks: &[Pick]| bodies(&scene, design, &resolve(design).0, picks);
    close(value(&bodies(&design, &[]), "Mass"), 10.8);
    close(value(&bodies(&design, &[face("1")]), "Mass"), 5.4);
    assert!(bodies(&design, &[face("7")]).is_empty());
    // The design's own material counts, not the library's that the body would have.
    let own =
        Object::new("own", "isotropic", "Own").with("bodies", Value::Refs(vec![scene.bodies[1].name.as_str().into()]));
    design.objects.push(Arc::new(own.expr("density", "5400 kg/m^3")));
    close(value(&bodies(&design, &[]), "Mass"), 5.4 + 10.8);
}
