//! Bodies as files: what is read back is what was there.

use crate::support::{Blobs, block, choice, close, design, faces};
use arris::io::step;
use arris::math::{Control, Precision};
use arris::ops::measure::mass_properties;
use solver::design::{Object, template};
use solver::format;
use solver::geometry::evaluate;
use solver::geometry::export::{ExportError, Form, export};
use std::io::Cursor;

fn hole() -> Object {
    Object::new("h", "hole", "H")
        .with("plane", choice("face"))
        .with("face", faces(&["b.top"]))
        .expr("x", "15 mm")
        .expr("y", "10 mm")
        .expr("diameter", "8 mm")
}

#[test]
fn triangles_are_those_of_the_bodies() {
    let design = (template("bracket").expect("it").build)();
    let model = evaluate(&design, &Blobs::default());
    let surface = model.bodies[0].body.surface();
    for form in [Form::Stl, Form::Obj] {
        let bytes = export(&design, &Blobs::default(), form, &[]).expect("written");
        let read = format::read(&format!("a.{}", form.extension()), &bytes).expect("read");
        assert_eq!(read.triangles.len(), surface.triangles.len());
        let (lo, hi) = surface.bounds().expect("bounds");
        for a in 0..3 {
            let of = |p: &[f64; 3]| p[a];
            let low = read.points.iter().map(of).fold(f64::INFINITY, f64::min);
            let high = read.points.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
            assert!((low - 1e3 * lo[a]).abs() < 1e-4 && (high - 1e3 * hi[a]).abs() < 1e-4, "mm");
        }
    }
    let bytes = export(&design, &Blobs::default(), Form::ThreeMf, &[]).expect("written");
    assert_eq!(bytes, export(&design, &Blobs::default(), Form::ThreeMf, &[]).expect("again"), "the same bytes");
    let read = threemf::read(Cursor::new(&bytes)).expect("read");
    let objects: Vec<_> = read.iter().flat_map(|m| &m.resources.object).collect();
    assert_eq!(objects.len(), 1);
    assert_eq!(objects[0].name.as_deref(), Some(model.bodies[0].label.as_str()));
    let mesh = objects[0].mesh.as_ref().expect("a mesh");
    assert_eq!(
        (mesh.vertices.vertex.len(), mesh.triangles.triangle.len()),
        (surface.points.len(), surface.triangles.len())
    );
    let last = &mesh.vertices.vertex[surface.points.len() - 1];
    let want = surface.points[surface.points.len() - 1].map(|c| c * 1e3);
    assert!([last.x, last.y, last.z].iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-9));
}

#[test]
fn exact_bodies_are_exact_solids() {
    let design = design(vec![block("b", 30.0, 20.0, 10.0), hole()]);
    let text = String::from_utf8(export(&design, &Blobs::default(), Form::Step, &[]).expect("written")).expect("text");
    assert!(text.contains("CYLINDRICAL_SURFACE(") && text.contains("PRODUCT('b'"), "{text}");
    let mut kernel = arris::topo::Model::new(Precision::DEFAULT).expect("a model");
    let read = step::read(&mut kernel, &text, &step::ReadOptions::default(), &Control::NONE).expect("read");
    let [solid] = &read.solids[..] else { panic!("{} solids", read.solids.len()) };
    let body = solid.result.as_ref().expect("a body").body;
    let volume = mass_properties(&kernel, body, &Control::NONE).expect("measured").volume;
    close(volume, 6000.0 - std::f64::consts::PI * 160.0, 1e-9);
}

#[test]
fn fields_are_faceted_and_stand_behind_exact_solids() {
    let field = block("f", 10.0, 10.0, 10.0).with("solve_as", choice("field"));
    let design = design(vec![block("b", 30.0, 20.0, 10.0), field]);
    let of = |bodies: &[&str]| {
        let bodies: Vec<String> = bodies.iter().map(|b| (*b).into()).collect();
        export(&design, &Blobs::default(), Form::Step, &bodies).map(|b| String::from_utf8(b).expect("text"))
    };
    let both = of(&[]).expect("both");
    let counts = |text: &str| ["MANIFOLD_SOLID_BREP(", "FACETED_BREP(", "PRODUCT('"].map(|e| text.matches(e).count());
    assert_eq!(counts(&both), [1, 1, 2]);
    assert_eq!(counts(&of(&["b"]).expect("one")), [1, 0, 1]);
    let alone = of(&["f"]).expect("the other");
    assert_eq!(counts(&alone), [0, 1, 1]);
    let model = evaluate(&design, &Blobs::default());
    let n = model.bodies.iter().find(|b| b.name == "f").expect("it").body.surface().triangles.len();
    assert_eq!(alone.matches("FACE_SURFACE(").count(), n);
    // The reader knows one solid, and that the other is faceted.
    let mut kernel = arris::topo::Model::new(Precision::DEFAULT).expect("a model");
    let read = step::read(&mut kernel, &both, &step::ReadOptions::default(), &Control::NONE).expect("read");
    assert_eq!(read.solids.iter().filter(|s| s.result.is_ok()).count(), 1);
    assert_eq!(read.solids.len(), 2);
    assert_eq!(of(&["c"]), Err(ExportError::Unknown("c".into())));
    let empty = solver::design::Design::new();
    assert_eq!(export(&empty, &Blobs::default(), Form::Stl, &[]), Err(ExportError::Nothing));
}
