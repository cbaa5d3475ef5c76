//! Bodies from files: parted into faces, fitted, named so that the next version of the file keeps the names.

use crate::support::{Blobs, Random, block, build, check_all, choice, close, design, faces};
use solver::design::{Object, Value};
use solver::format::{obj, stl};
use solver::geometry::{Model, evaluate};
use solver::surface::{Representation, Shape, SurfaceMesh};
use std::f64::consts::PI;

fn import(file: &str) -> Object {
    Object::new("imp", "import", "Part").with("file", Value::Blob { hash: "h".into(), name: file.into() })
}

fn with_file(file: &str, bytes: Vec<u8>, more: Vec<Object>) -> Model {
    let blobs = Blobs([("h".to_string(), bytes)].into());
    let mut objects = vec![import(file)];
    objects.extend(more);
    evaluate(&design(objects), &blobs)
}

fn drilled() -> SurfaceMesh {
    let hole = Object::new("h", "hole", "H").expr("x", "12 mm").expr("y", "9 mm").expr("diameter", "6 mm");
    let model = build(vec![block("b", 30.0, 20.0, 10.0), hole]);
    assert_eq!(model.issues, []);
    (**model.bodies[0].body.surface()).clone()
}

#[test]
fn a_drilled_block_comes_back_with_planes_and_its_cylinder() {
    let source = drilled();
    for (file, bytes) in [("p.stl", stl::write(&[&source], 1e3)), ("p.obj", obj::write(&[("p", &source)], 1e3))] {
        let model = with_file(file, bytes, vec![]);
        assert_eq!(model.issues, [], "{file}");
        check_all(&model);
        let body = &model.bodies[0].body;
        assert_eq!(body.representation(), Representation::Imported);
        close(body.mass_properties().volume * 1e9, 6000.0 - PI * 90.0, 0.002);
        let shapes: Vec<Shape> = body.surface().faces.iter().map(|f| f.shape).collect();
        assert_eq!(shapes.iter().filter(|s| matches!(s, Shape::Plane { .. })).count(), 6, "{shapes:?}");
        let cylinder = shapes.iter().find_map(|s| match s {
            Shape::Cylinder { radius, axis, point } => Some((*radius, *axis, *point)),
            _ => None,
        });
        let (radius, axis, point) = cylinder.expect("the wall");
        close(radius, 3e-3, 1e-5);
        close(axis[2], 1.0, 1e-6);
        close(point[0], 12e-3, 1e-5);
        assert_eq!(body.surface().edges.len(), 14, "12 of the block, 2 rims");
    }
}

#[test]
fn names_survive_a_new_version_of_the_file() {
    let source = drilled();
    let names = |mesh: &SurfaceMesh| {
        let model = with_file("p.stl", stl::write(&[mesh], 1e3), vec![]);
        let mut names: Vec<String> = model.bodies[0].body.surface().faces.iter().map(|f| f.name.0.clone()).collect();
        names.sort();
        names
    };
    let first = names(&source);
    let mut random = Random(7);
    for _ in 0..20 {
        let mut next = source.clone();
        // Another exporter: other rounding, another order.
        for c in next.points.iter_mut().flatten() {
            *c += random.between(-1e-8, 1e-8);
        }
        let shift = random.below(next.triangles.len());
        next.triangles.rotate_left(shift);
        next.face_of.rotate_left(shift);
        assert_eq!(names(&next), first);
    }
}

#[test]
fn an_imported_body_is_drilled_as_a_field_and_refused_exactly() {
    let bytes = stl::write(&[&drilled()], 1e3);
    let model = with_file("p.stl", bytes.clone(), vec![]);
    let top = model.bodies[0]
        .body
        .surface()
        .faces
        .iter()
        .find(|f| matches!(f.shape, Shape::Plane { normal, .. } if normal[2] > 0.99));
    let top = top.expect("the top").name.0.clone();
    let hole = Object::new("h2", "hole", "Second")
        .with("plane", choice("face"))
        .with("face", faces(&[&top]))
        .expr("x", "22 mm")
        .expr("y", "9 mm")
        .expr("diameter", "5 mm");
    let refused = with_file("p.stl", bytes.clone(), vec![hole.clone()]);
    assert_eq!(refused.refused, ["h2".into()]);
    assert_eq!(refused.bodies.len(), 1);
    let model = with_file("p.stl", bytes, vec![hole.with("solve_as", choice("field"))]);
    assert_eq!(model.issues, []);
    check_all(&model);
    let volume = model.bodies[0].body.mass_properties().volume * 1e9;
    close(volume, 6000.0 - std::f64::consts::PI * (90.0 + 62.5), 0.004);
}

#[test]
fn a_missing_file_is_explained_and_inside_out_is_turned() {
    let model = evaluate(&design(vec![import("p.stl")]), &Blobs::default());
    assert!(model.issues[0].message.contains("has not arrived"), "{:?}", model.issues);
    let mut inverted = drilled();
    inverted.triangles.iter_mut().for_each(|t| t.swap(0, 1));
    let model = with_file("p.stl", stl::write(&[&inverted], 1e3), vec![]);
    assert_eq!(model.issues, []);
    check_all(&model);
}

/// The reference brackets: every held bolt wall and every lug bore must come out as a cylinder to pick.
#[allow(clippy::print_stdout)]
#[test]
fn real_brackets_show_their_interfaces() {
    // From the package's folder, in which Cargo runs tests.
    let folder = std::path::Path::new("../../shared/simjeb");
    let Ok(table) = std::fs::read_to_string(folder.join("interfaces.csv")) else {
        println!("skipped: the reference brackets are not here");
        return;
    };
    let (mut n_found, mut n) = (0, 0);
    for id in ["311", "187"] {
        let bytes = std::fs::read(folder.join(format!("{id}.obj"))).expect("listed in the table");
        let model = with_file("p.obj", bytes, vec![]);
        assert_eq!(model.issues, [], "{id}");
        check_all(&model);
        let surface = model.bodies[0].body.surface();
        println!("{id}: {} faces", surface.faces.len());
        for line in table.lines().filter(|l| l.starts_with(&format!("{id},")) && !l.contains("reference")) {
            let cells: Vec<&str> = line.split(',').collect();
            let number = |i: usize| cells[i].parse::<f64>().unwrap_or(f64::NAN);
            // axis z: centre x, y; axis y: centre x, z.
            let (axis, other) = if cells[2] == "z" { (2, 1) } else { (1, 2) };
            let hit = surface.faces.iter().any(|f| match f.shape {
                Shape::Cylinder { point, axis: a, radius } => {
                    a[axis].abs() > 0.99
                        && (point[0] * 1e3 - number(3)).abs() < 0.3
                        && (point[other] * 1e3 - number(4)).abs() < 0.3
                        && (radius * 1e3 - number(5)).abs() < 0.02 * number(5)
                }
                _ => false,
            });
            n += 1;
            n_found += usize::from(hit);
            if !hit {
                println!("not found: {line}");
            }
        }
    }
    println!("{n_found} of {n} interfaces found as cylinders");
    assert!(n_found * 10 >= n * 9, "{n_found} of {n}");
}

/// A sphere of `rows` rings of triangles, 20 mm.
fn ball(rows: usize) -> Vec<u8> {
    let columns = 2 * rows;
    let at = |i: usize, j: usize| {
        let (t, p) = (PI * i as f64 / rows as f64, 2.0 * PI * (j % columns) as f64 / columns as f64);
        // The poles are one point each.
        let r = if i == 0 || i == rows { 0.0 } else { t.sin() };
        [r * p.cos(), r * p.sin(), t.cos()].map(|c| (20.0 * c) as f32)
    };
    let mut out = vec![0; 84];
    let mut count = 0u32;
    for i in 0..rows {
        for j in 0..columns {
            let [a, b, c, d] = [at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)];
            let lower = (i + 1 < rows).then_some([a, b, c]);
            let upper = (i > 0).then_some([a, c, d]);
            for triangle in lower.into_iter().chain(upper) {
                out.extend([0; 12]);
                triangle.into_iter().flatten().for_each(|x| out.extend(x.to_le_bytes()));
                out.extend([0; 2]);
                count += 1;
            }
        }
    }
    out[80..84].copy_from_slice(&count.to_le_bytes());
    out
}

#[test]
fn a_sphere_is_one_face_however_fine() {
    // Of fine facets every small patch fits a cylinder, and a band all round fits its tolerance. What took minutes when
    // each triangle tried that anew.
    for rows in [30, 160] {
        let model = with_file("ball.stl", ball(rows), vec![]);
        assert_eq!(model.issues, []);
        assert_eq!(model.bodies[0].body.surface().faces.len(), 1, "{rows}");
    }
}
