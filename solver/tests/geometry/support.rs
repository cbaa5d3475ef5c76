//! What the tests share: designs in a line, and the checks every surface must pass.

use solver::design::{Design, Object, Value};
use solver::geometry::{Files, Model, evaluate};
use solver::surface::{FaceName, SurfaceMesh};
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Default)]
pub struct Blobs(pub HashMap<String, Vec<u8>>);

impl Files for Blobs {
    fn get(&self, hash: &str) -> Option<&[u8]> {
        self.0.get(hash).map(Vec::as_slice)
    }
}

pub fn design(objects: Vec<Object>) -> Design {
    let mut design = Design::new();
    design.objects = objects.into_iter().map(Arc::new).collect();
    design
}

pub fn build(objects: Vec<Object>) -> Model {
    evaluate(&design(objects), &Blobs::default())
}

/// A block `[0, dx] × [0, dy] × [0, dz]`, mm.
pub fn block(id: &str, dx: f64, dy: f64, dz: f64) -> Object {
    Object::new(id, "box", id).expr("dx", &mm(dx)).expr("dy", &mm(dy)).expr("dz", &mm(dz))
}

pub fn mm(x: f64) -> String {
    format!("{x} mm")
}

pub fn point(x: f64, y: f64, z: f64) -> Value {
    Value::Vector([x, y, z].map(mm))
}

pub fn choice(key: &str) -> Value {
    Value::Choice(key.into())
}

pub fn refs(ids: &[&str]) -> Value {
    Value::Refs(ids.iter().map(|i| (*i).into()).collect())
}

pub fn faces(names: &[&str]) -> Value {
    Value::Faces(names.iter().map(|n| FaceName((*n).into())).collect())
}

/// No issues, one body; returns its volume in mm³.
pub fn volume(model: &Model) -> f64 {
    assert_eq!(model.issues, [], "issues");
    assert_eq!(model.bodies.len(), 1, "bodies");
    check_all(model);
    model.bodies[0].body.mass_properties().volume * 1e9
}

/// Closed, oriented, consistent, and of the volume the kernel states.
pub fn check_all(model: &Model) {
    for body in &model.bodies {
        let mesh = body.body.surface();
        check_surface(mesh, &body.name);
        let (mass, measured) = (body.body.mass_properties(), polyhedron_volume(mesh));
        // Chords cut at most their tolerance (a thousandth of the diagonal) off every curved face.
        let (lo, hi) = mesh.bounds().expect("a body has points");
        let diagonal = (0..3).map(|k| (hi[k] - lo[k]).powi(2)).sum::<f64>().sqrt();
        let allowed = (0.01 * mass.volume.abs()).max(1e-3 * diagonal * mass.area);
        assert!(
            (mass.volume - measured).abs() <= allowed,
            "{}: volume {} by the kernel, {measured} by its surface",
            body.name,
            mass.volume
        );
        assert!(mass.volume > 0.0 && mass.area > 0.0, "{}: {mass:?}", body.name);
    }
}

pub fn check_surface(mesh: &SurfaceMesh, label: &str) {
    let mut sides: HashMap<(u32, u32), u32> = HashMap::new();
    for t in &mesh.triangles {
        for k in 0..3 {
            *sides.entry((t[k], t[(k + 1) % 3])).or_default() += 1;
        }
    }
    for ((a, b), n) in &sides {
        assert_eq!(*n, 1, "{label}: side {a}-{b} is used {n} times one way");
        assert!(sides.contains_key(&(*b, *a)), "{label}: side {a}-{b} is open");
    }
    assert_eq!(mesh.face_of.len(), mesh.triangles.len(), "{label}");
    assert_eq!(mesh.normals.len(), mesh.triangles.len(), "{label}");
    assert!(mesh.face_of.iter().all(|f| (*f as usize) < mesh.faces.len()), "{label}");
    assert!(mesh.faces.iter().all(|f| !f.name.0.is_empty() && f.area >= 0.0), "{label}: a face without a name");
    for edge in &mesh.edges {
        assert!(edge.points.len() >= 2, "{label}: edge {}", edge.name);
        assert!(edge.name.faces.iter().all(|n| mesh.faces.iter().any(|f| f.name == *n)), "{label}: edge {}", edge.name);
    }
}

pub fn polyhedron_volume(mesh: &SurfaceMesh) -> f64 {
    (0..mesh.triangles.len())
        .map(|t| {
            let p = mesh.points[mesh.triangles[t][0] as usize];
            let c = mesh.triangle_cross(t);
            (p[0] * c[0] + p[1] * c[1] + p[2] * c[2]) / 6.0
        })
        .sum()
}

pub fn close(a: f64, b: f64, relative: f64) {
    assert!((a - b).abs() <= relative * b.abs().max(1e-9), "{a} for {b}");
}

/// A small generator whose every value follows from the seed: SplitMix64 (Steele, Lea & Flood, OOPSLA 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn between(&mut self, lo: f64, hi: f64) -> f64 {
        lo + (hi - lo) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The seed of this run, printed so that a failure can be replayed.
#[allow(clippy::print_stdout)]
pub fn seed(default: u64) -> u64 {
    let seed = std::env::var("BRUNEL_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(default);
    println!("BRUNEL_SEED={seed}");
    seed
}
