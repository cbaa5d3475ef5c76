//! Designs for generative studies, and what their answers are looked at with.

use solver::density::Domain;
use solver::design::{Design, Object, Value};
use solver::geometry::{Files, Model, evaluate};
use solver::mesh::Grid;
use solver::run::Ctx;
use solver::study::outcome::{Outcome, OutcomeMesh};
use solver::study::study;
use solver::study::suite;
pub use solver::study::suite::Sample;
use solver::surface::{FaceName, SurfaceMesh};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Files by hash.
pub struct Stored(pub Vec<(String, Vec<u8>)>);

impl Files for Stored {
    fn get(&self, hash: &str) -> Option<&[u8]> {
        self.0.iter().find(|(h, _)| h == hash).map(|(_, bytes)| &**bytes)
    }
}

pub fn choice(key: &str) -> Value {
    Value::Choice(key.into())
}

pub fn faces(names: &[&str]) -> Value {
    Value::Faces(names.iter().map(|n| FaceName((*n).into())).collect())
}

pub fn refs(ids: &[&str]) -> Value {
    Value::Refs(ids.iter().map(|i| (*i).into()).collect())
}

pub fn vector(v: [f64; 3], unit: &str) -> Value {
    Value::Vector(v.map(|c| format!("{c} {unit}")))
}

/// A block of 48 × 12 × 24 mm, held on its left face; cells of 2 mm.
pub fn space() -> Object {
    Object::new("space", "box", "Space").expr("dx", "48 mm").expr("dy", "12 mm").expr("dz", "24 mm")
}

pub fn wall() -> Object {
    Object::new("wall", "fixed", "Wall").with("faces", faces(&["space.left"]))
}

pub fn push() -> Object {
    Object::new("push", "force", "Push")
        .with("faces", faces(&["space.right"]))
        .with("force", vector([0.0, 0.0, -100.0], "N"))
}

/// A study of the space, stiffest with 40 % of it, in cells of 2 mm.
pub fn wish() -> Object {
    Object::new("study", "generative", "Study")
        .with("bodies", refs(&["space"]))
        .expr("share", "40 %")
        .expr("layer", "2 mm")
        .expr("cells", "24")
        .expr("iterations", "24")
}

pub fn sample(objects: Vec<Object>) -> Sample {
    let mut design = Design::new();
    design.objects = objects.into_iter().map(Arc::new).collect();
    let model = evaluate(&design, &Stored(vec![]));
    Sample { design, model, study: "study" }
}

/// The cantilever, with another study or more objects.
pub fn cantilever(study: Object, more: Vec<Object>) -> Sample {
    let mut objects = vec![space()];
    let (features, others): (Vec<_>, Vec<_>) =
        more.into_iter().partition(|o| o.section() == Some(solver::design::schema::Section::Feature));
    objects.extend(features);
    objects.extend([wall(), push()]);
    objects.extend(others);
    objects.push(study);
    sample(objects)
}

pub fn run(sample: &Sample) -> Outcome {
    let out = suite::run(study("generative").unwrap(), sample, None).result.unwrap();
    for s in &out.scalars {
        println!("{} {:?} {:.6e}", s.id, s.case, s.value);
    }
    out.facts.iter().for_each(|(k, v)| println!("{k}: {v}"));
    out.warnings.iter().for_each(|w| println!("{w}"));
    out
}

/// A run of another study of the sample's design on another model.
pub fn run_on(design: &Design, model: &Model, id: &str) -> Outcome {
    let cancel = AtomicBool::new(false);
    let mut sink = |_| {};
    let object = design.get(&id.into()).unwrap();
    let case = solver::study::Case { design, study: object, model, upstream: &[] };
    study(&object.kind).unwrap().run(&case, &mut Ctx::new(&mut sink, &cancel)).unwrap()
}

pub fn value(out: &Outcome, id: &str) -> f64 {
    out.scalars.iter().find(|s| s.id == id).unwrap_or_else(|| panic!("no {id}")).value
}

pub fn surface(out: &Outcome) -> &SurfaceMesh {
    let found = out.meshes.iter().find_map(|m| match m {
        OutcomeMesh::Surface { surface, .. } => Some(surface),
        _ => None,
    });
    found.expect("the body's surface")
}

/// The cells that are built, with their grid.
pub fn cells(out: &Outcome) -> (Grid, Domain, Vec<bool>) {
    let found = out.meshes.iter().find_map(|m| match m {
        OutcomeMesh::Grid { origin, cell, counts, runs, .. } => Some((origin, cell, counts, runs)),
        _ => None,
    });
    let (origin, cell, counts, runs) = found.expect("the body's cells");
    let grid = Grid { origin: *origin, cell: *cell, counts: counts.map(|n| n as usize) };
    let mut solid = vec![false; grid.n_cells()];
    for [first, n] in runs {
        solid[*first as usize..(first + n) as usize].fill(true);
    }
    (grid, Domain::full(grid.counts).unwrap(), solid)
}

pub fn volume(surface: &SurfaceMesh) -> f64 {
    let of = |t: usize| {
        let a = surface.points[surface.triangles[t][0] as usize];
        let cross = surface.triangle_cross(t);
        (0..3).map(|k| a[k] * cross[k]).sum::<f64>() / 6.0
    };
    (0..surface.triangles.len()).map(of).sum()
}
