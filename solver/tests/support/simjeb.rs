//! The reference brackets of `../shared/simjeb`: geometry, held and loaded faces, published and converged answers.

use super::part::Triangles;
use glam::DVec3;
use solver::design::{Design, Object, Value};
use solver::geometry::{Model, ModelBody};
use solver::surface::{Face, FaceName, Shape, SurfaceMesh};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// Load cases in the order of the reference's columns.
pub const CASES: [&str; 4] = ["ver", "hor", "dia", "tor"];
/// Force of each case, N; the moment of the last, N m.
pub const LOADS: [[f64; 3]; 4] =
    [[0.0, 0.0, 35_585.8], [-37_809.9, 0.0, 0.0], [-28_276.2, 0.0, 31_403.9], [0.0, 0.0, 564.924]];

/// Triangles this near to the measured radius belong to the wall, mm, if the sine of what they lean against its axis is no
/// more than this: so the mean of the bores' points is the given reference point, to its last digit, on all eight parts.
const WALL_TOLERANCE: f64 = 0.2;
const LEAN: f64 = 0.1;

/// One bracket, ready to solve.
pub struct Bracket {
    pub design: Design,
    pub model: Model,
    /// Largest displacement per case, m: converged, published.
    pub converged: [f64; 4],
    pub published: [f64; 4],
    /// Largest von Mises stress per case as published, Pa.
    pub published_stress: [f64; 4],
}

/// The folder of the reference brackets, when this checkout has it.
pub fn folder() -> Option<PathBuf> {
    // Of the checkout that runs: two may share what was built.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let path = PathBuf::from(package).join("../../shared/simjeb");
    path.join("converged.csv").exists().then_some(path)
}

/// Ids of the brackets, in the order of the table.
#[allow(dead_code, reason = "only the report walks through all of them")]
pub fn ids() -> Vec<String> {
    table("converged.csv").map(|t| t.into_iter().map(|row| row[0].clone()).collect()).unwrap_or_default()
}

fn table(name: &str) -> Option<Vec<Vec<String>>> {
    let text = std::fs::read_to_string(folder()?.join(name)).ok()?;
    Some(text.lines().skip(1).map(|l| l.split(',').map(|c| c.trim().to_string()).collect()).collect())
}

fn numbers(cells: &[String]) -> Vec<f64> {
    cells.iter().filter_map(|c| c.parse().ok()).collect()
}

/// Reads bracket `id` and sets up its four load cases; `resolution` sets the study's cells.
pub fn bracket(id: &str, set_up: impl Fn(Object) -> Object) -> Option<Bracket> {
    let text = std::fs::read_to_string(folder()?.join(format!("{id}.obj"))).ok()?;
    let mut mesh = SurfaceMesh::default();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("v") => {
                let p: Vec<f64> = words.filter_map(|w| w.parse().ok()).collect();
                mesh.points.push([p[0] * 1e-3, p[1] * 1e-3, p[2] * 1e-3]);
            }
            Some("f") => {
                let t: Vec<u32> =
                    words.filter_map(|w| w.split('/').next()?.parse::<u32>().ok()).map(|i| i - 1).collect();
                mesh.triangles.push([t[0], t[1], t[2]]);
            }
            _ => {}
        }
    }
    weld(&mut mesh);
    let rows = table("interfaces.csv")?;
    let mut reference = [0.0; 3];
    let mut walls = Vec::new();
    for row in rows.iter().filter(|r| r[0] == id) {
        match row[1].as_str() {
            "reference point" => {
                let p = numbers(&row[2..]);
                reference = [p[0], p[1], p[2]];
            }
            kind => walls.push((kind == "bolt", numbers(&row[3..]))),
        }
    }
    mesh.faces = ["part.rest", "part.bolts", "part.bores"]
        .map(|n| Face { name: FaceName(n.into()), shape: Shape::Freeform, area: 0.0 })
        .to_vec();
    let mut face_of = Vec::with_capacity(mesh.triangles.len());
    for t in 0..mesh.triangles.len() {
        let corners = mesh.triangles[t].map(|i| mesh.points[i as usize].map(|c| c * 1e3));
        let cross = mesh.triangle_cross(t);
        let on = |bolt: bool, w: &[f64]| {
            let (e, f, axis) = if bolt { (0, 1, 2) } else { (0, 2, 1) };
            corners.iter().all(|p| {
                let r = ((p[e] - w[0]).powi(2) + (p[f] - w[1]).powi(2)).sqrt();
                (r - w[2]).abs() < WALL_TOLERANCE && p[axis] > w[3] - 0.05 && p[axis] < w[4] + 0.05
            }) && cross[axis].abs() <= LEAN * DVec3::from(cross).length()
        };
        let face = walls.iter().find(|(bolt, w)| on(*bolt, w)).map_or(0, |(bolt, _)| if *bolt { 1 } else { 2 });
        face_of.push(face);
        mesh.faces[face as usize].area += 0.5 * DVec3::from(mesh.triangle_cross(t)).length();
    }
    mesh.face_of = face_of;
    let on: BTreeSet<u32> = mesh.triangles.iter().zip(&mesh.face_of).filter(|t| *t.1 == 2).flat_map(|t| *t.0).collect();
    let mean = on.iter().map(|i| DVec3::from(mesh.points[*i as usize])).sum::<DVec3>() * 1e3 / on.len() as f64;
    assert!(
        (mean - DVec3::from(reference)).abs().max_element() < 6e-4,
        "{id}: the bores' points are not the reference's"
    );

    let row = |name: &str| table(name)?.into_iter().find(|r| r[0] == id);
    let converged = numbers(&row("converged.csv")?[2..]);
    let published = numbers(&row("reference.csv")?[4..]);
    // The reference gives every mesh point of the bores an equal share; like for like, so does this comparison.
    let weights = Value::Choice("points".into());
    let mm = |c: f64| format!("{c} mm");
    let faces = |n: &str| Value::Faces(vec![FaceName(n.into())]);
    let vector = |v: [f64; 3], unit: &str| Value::Vector(v.map(|c| format!("{c} {unit}")));
    let mut objects = vec![Object::new("bolts", "fixed", "Bolts").with("faces", faces("part.bolts"))];
    for (case, force) in CASES.iter().zip(LOADS) {
        let load = if *case == "tor" {
            Object::new("tor", "remote_moment", "Torsion")
                .with("faces", faces("part.bores"))
                .with("moment", vector(force, "N*m"))
                .with("weights", weights.clone())
        } else {
            Object::new(*case, "remote_force", case)
                .with("faces", faces("part.bores"))
                .with("force", vector(force, "N"))
                .with("weights", weights.clone())
                .with("point", Value::Vector(reference.map(mm)))
        };
        objects.push(load);
        objects.push(
            Object::new(format!("case_{case}").as_str(), "load_case", case)
                .with("loads", Value::Refs(vec![(*case).into()])),
        );
    }
    objects.push(set_up(Object::new("study", "static", "Study")));
    let mut design = Design::new();
    design.objects = objects.into_iter().map(Arc::new).collect();
    let body = ModelBody {
        name: "part".into(),
        label: format!("Bracket {id}"),
        material: "ti_6al_4v".into(),
        turn: glam::DMat3::IDENTITY,
        body: Arc::new(Triangles(Arc::new(mesh))),
    };
    let at = |v: &[f64], n: usize, scale: f64| std::array::from_fn(|i| v[n * i] * scale);
    Some(Bracket {
        design,
        model: Model { bodies: vec![body], ..Model::default() },
        converged: at(&converged, 1, 1e-3),
        published: at(&published, 2, 1e-3),
        published_stress: at(&published[1..], 2, 1e6),
    })
}

/// Joins points that coincide: the files repeat them along seams.
fn weld(mesh: &mut SurfaceMesh) {
    let mut known: BTreeMap<[i64; 3], u32> = BTreeMap::new();
    let mut points = Vec::new();
    let to: Vec<u32> = mesh
        .points
        .iter()
        .map(|p| {
            *known.entry(p.map(|c| (c * 1e9).round() as i64)).or_insert_with(|| {
                points.push(*p);
                points.len() as u32 - 1
            })
        })
        .collect();
    mesh.points = points;
    for t in &mut mesh.triangles {
        *t = t.map(|i| to[i as usize]);
    }
    mesh.triangles.retain(|t| t[0] != t[1] && t[1] != t[2] && t[2] != t[0]);
}
