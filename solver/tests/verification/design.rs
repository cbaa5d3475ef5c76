//! Cases the whole way: from a design, or a body, through our mesher to the answer that a person reads. The value lies within
//! the case's tolerance, and its band covers the reference.

use crate::closed_form::NU;
use crate::part::{self, Triangles};
use crate::row::{Basis, Row};
use glam::DVec3;
use solver::design::{Design, Object, Value};
use solver::element::tet::shape;
use solver::geometry::{Body, Files, Model, evaluate};
use solver::run::Ctx;
use solver::study::outcome::{Outcome, OutcomeMesh, Scalar};
use solver::study::{Case, study};
use solver::surface::{FaceName, MassProperties, Representation, SurfaceMesh};
use std::f64::consts::FRAC_PI_2;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Rounding of places, m.
const NEAR: f64 = 1e-6;
const ICE: f64 = 273.15;

struct NoFiles;

impl Files for NoFiles {
    fn get(&self, _: &str) -> Option<&[u8]> {
        None
    }
}

fn choice(text: &str) -> Value {
    Value::Choice(text.into())
}

fn length(key: &str, o: Object, metres: f64) -> Object {
    o.expr(key, &format!("{metres} m"))
}

fn near(x: f64, y: f64) -> bool {
    (x - y).abs() < NEAR
}

/// The bodies of a design that is features alone.
fn bodies(features: &[Object]) -> Model {
    let mut design = Design::new();
    design.objects = features.iter().cloned().map(Arc::new).collect();
    let model = evaluate(&design, &NoFiles);
    assert_eq!(model.issues, []);
    assert_eq!(model.bodies.len(), 1);
    model
}

/// An object of `kind` on the faces all of whose corners pass.
fn on(model: &Model, kind: &str, id: &str, passes: impl Fn(DVec3) -> bool) -> Object {
    let mut names: Vec<FaceName> = Vec::new();
    for body in &model.bodies {
        let surface = body.body.surface();
        for (k, face) in surface.faces.iter().enumerate() {
            let own = surface.triangles.iter().zip(&surface.face_of).filter(|t| *t.1 as usize == k);
            let mut corners = own.flat_map(|t| t.0).map(|i| DVec3::from(surface.points[*i as usize])).peekable();
            if corners.peek().is_some() && corners.all(&passes) {
                names.push(face.name.clone());
            }
        }
    }
    assert!(!names.is_empty(), "{id} finds no face");
    Object::new(id, kind, id).with("faces", Value::Faces(names))
}

/// Held along the axes that `held` says, at rest.
fn rest(o: Object, held: [bool; 3]) -> Object {
    let keys = [("along_x", "x"), ("along_y", "y"), ("along_z", "z")];
    keys.into_iter().zip(held).fold(o, |o, ((along, way), held)| {
        if held { o.with(along, choice("given")).expr(way, "0 mm") } else { o.with(along, choice("free")) }
    })
}

/// The answer, and the size of its mesh in words.
fn run(mut features: Vec<Object>, model: &Model, kind: &str, set: impl Fn(Object) -> Object) -> (Outcome, String) {
    features.push(set(Object::new("study", kind, "Study").with("resolution", choice("coarse"))));
    let mut design = Design::new();
    design.objects = features.into_iter().map(Arc::new).collect();
    let object = design.get(&"study".into()).expect("it was put there");
    let case = Case { design: &design, study: object, model, upstream: &[] };
    let cancel = AtomicBool::new(false);
    let out = study(kind).expect("it exists").run(&case, &mut Ctx::new(&mut |_| {}, &cancel)).expect("it runs");
    let sizes = out.meshes.iter().filter_map(|m| match m {
        OutcomeMesh::Solid { points, tets, .. } => Some(format!("{} tetrahedra, {} nodes", tets.len(), points.len())),
        _ => None,
    });
    let mesh = format!("a design, {} of our mesher", sizes.collect::<Vec<_>>().join(" and "));
    (out, mesh)
}

fn verified(o: Object) -> Object {
    o.with("method", choice("verified")).expr("accuracy", "1 %")
}

fn scalars<'a>(out: &'a Outcome, id: &str) -> Vec<&'a Scalar> {
    out.scalars.iter().filter(|s| s.id == id).collect()
}

/// The band covers the reference.
fn covered(what: &str, value: f64, band: Option<f64>, reference: f64) {
    let band = band.unwrap_or_else(|| panic!("{what} has no band"));
    assert!((value - reference).abs() <= band, "{what}: {value:e} ± {band:e} does not cover {reference:e}");
}

/// A field inside the body at a place, by the shape functions of the element there.
fn read(out: &Outcome, id: &str, at: DVec3) -> Vec<f64> {
    let solids = out.meshes.iter().filter_map(|m| match m {
        OutcomeMesh::Solid { name, points, tets, .. } => Some((name, points, tets)),
        _ => None,
    });
    // The element whose least barycentric coordinate is the largest: the one about the place, or nearest to it.
    let mut best = (f64::NEG_INFINITY, Vec::new());
    for (name, points, tets) in solids {
        let field = out.fields.iter().find(|f| f.id == id && f.mesh == *name).expect("the field");
        let n = usize::from(field.components);
        for nodes in tets {
            let x: [DVec3; 4] = std::array::from_fn(|k| points[nodes[k] as usize].into());
            let volume = |a: DVec3, b: DVec3, c: DVec3, d: DVec3| (b - a).cross(c - a).dot(d - a);
            let whole = volume(x[0], x[1], x[2], x[3]);
            let l: [f64; 4] = std::array::from_fn(|k| {
                let mut y = x;
                y[k] = at;
                volume(y[0], y[1], y[2], y[3]) / whole
            });
            let least = l.iter().copied().fold(f64::INFINITY, f64::min);
            if least > best.0 {
                let shape: [f64; 10] = shape(&l);
                let of = |c: usize| {
                    let nodal = nodes.iter().map(|i| f64::from(field.values[*i as usize * n + c]));
                    nodal.zip(shape).map(|(v, s)| v * s).sum()
                };
                best = (least, (0..n).map(of).collect());
            }
        }
    }
    assert!(best.0 > -0.05, "{at} lies outside the mesh");
    best.1
}

/// Lamé's ring, a quarter of two cylinders.
pub fn case_13() -> Vec<Row> {
    let (a, b, h) = (0.1, 0.2, 0.05);
    let cylinder = |id: &str, r: f64| length("height", length("radius", Object::new(id, "cylinder", id), r), h);
    let quarter = Object::new("quarter", "box", "quarter")
        .with("origin", part::vector([0.0, 0.0, -0.01], "m"))
        .with("operation", choice("common"))
        .with("targets", Value::Refs(vec!["ring".into()]));
    let quarter = length("dz", length("dy", length("dx", quarter, 0.3), 0.3), h + 0.02);
    let bore = cylinder("bore", a).with("operation", choice("cut")).with("targets", Value::Refs(vec!["ring".into()]));
    let mut objects = vec![cylinder("ring", b).with("material", choice("s235jr")), bore, quarter];
    let model = bodies(&objects);
    let flat = |p: DVec3| [p.x, p.y, p.z, p.z - h];
    for (k, id) in ["x0", "y0", "bottom", "top"].into_iter().enumerate() {
        objects.push(on(&model, "sliding", id, |p| near(flat(p)[k], 0.0)));
    }
    objects.push(on(&model, "pressure", "p", |p| near(p.x.hypot(p.y), a)).expr("pressure", "100 MPa"));
    let (out, mesh) = run(objects, &model, "static", verified);
    let moved = scalars(&out, "displacement_max")[0];
    covered("u inside", moved.value, moved.error, 9.07937e-5);
    // σr = −p, σz = ν (σr + σθ).
    let (r, t) = (-100e6, 500e6 / 3.0);
    let z = NU * (r + t);
    let equivalent = (0.5 * ((r - t).powi(2) + (t - z).powi(2) + (z - r).powi(2))).sqrt();
    let peak = scalars(&out, "von_mises_max")[0];
    covered("von Mises inside", peak.value, peak.error, equivalent);
    let row = |quantity, unit, reference, found| Row {
        case: 13,
        name: "Lamé's thick ring, plane strain",
        mesh: mesh.clone(),
        quantity,
        unit,
        reference,
        basis: Basis::Form,
        found,
        tolerance: 2e-3,
    };
    let hoop = |r: f64| read(&out, "stress", DVec3::new(r, 0.0, 0.5 * h))[1] / 1e6;
    vec![
        row("σθ inside", "MPa", 500.0 / 3.0, hoop(a)),
        row("σθ outside", "MPa", 200.0 / 3.0, hoop(b)),
        row("u inside", "m", 9.07937e-5, moved.value),
    ]
}

/// Kirsch's hole in a plate thirty times as wide, under an even pull: the hole sees a three-hundredth of the plate's width.
pub fn case_15() -> Vec<Row> {
    let (a, w, h) = (0.01, 0.3, 0.01);
    let plate = Object::new("plate", "box", "plate").with("material", choice("s235jr"));
    let plate = length("dz", length("dy", length("dx", plate, w), w), h);
    let hole = Object::new("hole", "cylinder", "hole")
        .with("origin", part::vector([0.0, 0.0, -h], "m"))
        .with("operation", choice("cut"))
        .with("targets", Value::Refs(vec!["plate".into()]));
    let hole = length("height", length("radius", hole, a), 3.0 * h);
    let mut objects = vec![plate, hole];
    let model = bodies(&objects);
    for (axis, at, id) in [(0, 0.0, "x0"), (1, 0.0, "y0"), (2, 0.0, "bottom"), (2, h, "top")] {
        objects.push(on(&model, "sliding", id, |p| near(p[axis], at)));
    }
    let pull = 100e6 * w * h;
    objects.push(on(&model, "force", "pull", |p| near(p.x, w)).with("force", part::vector([pull, 0.0, 0.0], "N")));
    let (out, mesh) = run(objects, &model, "static", verified);
    let at = DVec3::new(0.0, a, 0.5 * h);
    let found = read(&out, "stress", at)[0];
    // What a plate of this width has: Heywood, Designing by Photoelasticity (1952), a thousandth more than an endless one.
    let wide = 1.0 - a / w;
    let stress = 100e6 * (2.0 + wide.powi(3)) / wide;
    covered("stress at the hole", found, Some(read(&out, "stress_error", at)[0]), stress);
    // Along the hole's axis acts ν σθ.
    let peak = scalars(&out, "von_mises_max")[0];
    covered("von Mises at the hole", peak.value, peak.error, stress * (1.0 - NU + NU * NU).sqrt());
    vec![Row {
        case: 15,
        name: "Kirsch's hole in a wide plate",
        mesh,
        quantity: "stress concentration",
        unit: "",
        reference: 3.0,
        basis: Basis::Form,
        found: found / 100e6,
        tolerance: 0.01,
    }]
}

/// The plate of LE10: triangles between ellipses, whose true course is known.
struct Plate(Triangles);

const ELLIPSES: [[f64; 2]; 2] = [[2.0, 1.0], [3.25, 2.75]];
const PLATE_FACES: [&str; 8] = ["inner", "outer_low", "outer_mid", "outer_high", "x0", "y0", "bottom", "top"];

impl Body for Plate {
    fn representation(&self) -> Representation {
        self.0.representation()
    }
    fn surface(&self) -> &Arc<SurfaceMesh> {
        self.0.surface()
    }
    fn mass_properties(&self) -> MassProperties {
        self.0.mass_properties()
    }
    fn signed_distance(&self, points: &[[f64; 3]], out: &mut [f64]) {
        self.0.signed_distance(points, out);
    }
    fn onto(&self, face: u32, p: [f64; 3]) -> Option<[f64; 3]> {
        let [a, b] = match face {
            0 => ELLIPSES[0],
            1..=3 => ELLIPSES[1],
            _ => return None,
        };
        let angle = (p[1] / b).atan2(p[0] / a);
        Some([a * angle.cos(), b * angle.sin(), p[2]])
    }
}

/// NAFEMS LE10. What is a line there, the middle of the outer face, is a strip of a twentieth of the thickness, with elements
/// small enough to lie in it.
pub fn case_9() -> Vec<Row> {
    let (t, strip, n) = (0.6, 0.015, 64);
    let levels = [0.0, 0.5 * t - strip, 0.5 * t + strip, t];
    // By station along the angle: inner bottom and top, then the outer levels.
    let mut points = Vec::new();
    for i in 0..=n {
        let angle = FRAC_PI_2 * i as f64 / n as f64;
        let at = |[a, b]: [f64; 2], z: f64| [a * angle.cos(), b * angle.sin(), z];
        points.extend([0.0, t].map(|z| at(ELLIPSES[0], z)));
        points.extend(levels.map(|z| at(ELLIPSES[1], z)));
    }
    let mut quads = Vec::new();
    for i in 0..n {
        let (p, q) = (6 * i, 6 * (i + 1));
        quads.push(([p, p + 1, q + 1, q], 0));
        (0..3).for_each(|k| quads.push(([p + 2 + k, q + 2 + k, q + 3 + k, p + 3 + k], 1 + k)));
        quads.push(([p, q, q + 2, p + 2], 6));
        quads.push(([p + 1, p + 5, q + 5, q + 1], 7));
    }
    // Both ends: six corners each.
    quads.extend([([0, 2, 3, 4], 5), ([0, 4, 5, 1], 5)]);
    let e = 6 * n;
    quads.extend([([e, e + 4, e + 3, e + 2], 4), ([e, e + 1, e + 5, e + 4], 4)]);
    let surface = part::quads(&points, &quads, &PLATE_FACES, |p| p);
    let (_, mut model) = part::set_up(surface.clone(), "s235jr", vec![], 1.0);
    model.bodies[0].body = Arc::new(Plate(Triangles(Arc::new(surface))));
    let faces = |kind: &str, id: &str, names: &[&str]| Object::new(id, kind, id).with("faces", part::faces(names));
    let objects = vec![
        faces("sliding", "mirrors", &["x0", "y0"]),
        rest(faces("displacement", "rim", &["outer_low", "outer_high"]), [true, true, false]),
        faces("fixed", "strip", &["outer_mid"]),
        faces("pressure", "p", &["top"]).expr("pressure", "1 MPa"),
    ];
    let fine = |o: Object| verified(o).with("refine", part::faces(&["outer_mid"])).expr("refine_size", "25 mm");
    let (out, mesh) = run(objects, &model, "static", fine);
    let d = DVec3::new(2.0, 0.0, t);
    let found = read(&out, "stress", d)[1];
    covered("σyy at D", found, Some(read(&out, "stress_error", d)[0]), -5.38e6);
    vec![Row {
        case: 9,
        name: "NAFEMS LE10, thick plate",
        mesh: mesh.replace("design", "body"),
        quantity: "σyy at D",
        unit: "MPa",
        reference: -5.38,
        basis: Basis::Published,
        found: found / 1e6,
        tolerance: 0.01,
    }]
}

/// FV32, half of a membrane a fiftieth as thick as it is long: its middle plane stays plane, its outer face is free.
pub fn case_25() -> Vec<Row> {
    let (length, half) = (10.0, 0.1);
    let place = |p: DVec3| DVec3::new(p.x, (p.y - 0.5) * (5.0 - 4.0 * p.x / length), p.z);
    let (_, model) = part::set_up(part::block([length, 1.0, half], place), "s235jr", vec![], 1.0);
    let steel = Object::new("steel", "isotropic", "Steel")
        .with("bodies", Value::Refs(vec!["part".into()]))
        .expr("youngs_modulus", "200 GPa")
        .expr("poisson_ratio", "0.3")
        .expr("density", "8000 kg/m^3");
    let root = Object::new("root", "displacement", "root").with("faces", part::faces(&["x0"]));
    let middle = Object::new("middle", "sliding", "middle").with("faces", part::faces(&["z0"]));
    let objects = vec![steel, rest(root, [true, true, false]), middle];
    let (out, mesh) = run(objects, &model, "modal", |o| o.expr("modes", "6"));
    let found = scalars(&out, "frequency");
    assert_eq!(found.len(), 6);
    let quantities = ["first", "second", "third", "fourth", "fifth", "sixth"];
    let references = [44.617, 130.01, 162.69, 245.99, 379.72, 391.41];
    let rows = found.into_iter().zip(references).zip(quantities);
    rows.map(|((found, reference), quantity)| {
        covered(quantity, found.value, found.error, reference);
        Row {
            case: 25,
            name: "NAFEMS FV32 tapered membrane",
            mesh: mesh.replace("design", "body"),
            quantity,
            unit: "Hz",
            reference,
            basis: Basis::Computed,
            found: found.value,
            tolerance: 3e-3,
        }
    })
    .collect()
}

/// NAFEMS T4.
pub fn case_34() -> Vec<Row> {
    let (w, h, t) = (0.6, 1.0, 0.05);
    let plate = Object::new("plate", "box", "plate").with("material", choice("s235jr"));
    let mut objects = vec![length("dz", length("dy", length("dx", plate, w), h), t)];
    let model = bodies(&objects);
    objects.push(
        Object::new("matter", "isotropic", "Matter")
            .with("bodies", Value::Refs(vec!["plate".into()]))
            .expr("conductivity", "52 W/(m*K)"),
    );
    objects.push(on(&model, "temperature", "hot", |p| near(p.y, 0.0)).expr("temperature", "100 °C"));
    for (axis, at, id) in [(0, w, "side"), (1, h, "top")] {
        let film = on(&model, "convection", id, |p| near(p[axis], at));
        objects.push(film.expr("film", "750 W/(m^2*K)").expr("ambient", "0 °C"));
    }
    let (out, mesh) = run(objects, &model, "heat", |o| o.expr("accuracy", "0.1 %"));
    let found = read(&out, "temperature", DVec3::new(w, 0.2, 0.5 * t))[0] - ICE;
    // Temperatures have one band each way: that of the lowest, which follows from all of the films.
    let band = scalars(&out, "temperature_min")[0].error;
    covered("temperature", found, band, 18.2538);
    vec![Row {
        case: 34,
        name: "NAFEMS T4, a plate with convection",
        mesh,
        quantity: "temperature at (0.6, 0.2) m",
        unit: "°C",
        reference: 18.2538,
        basis: Basis::Computed,
        found,
        tolerance: 5e-3,
    }]
}
