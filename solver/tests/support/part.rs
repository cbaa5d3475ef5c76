//! Bodies and designs built by hand for tests of the studies.

use glam::DVec3;
use solver::design::{Design, Object, Value};
use solver::geometry::{Body, Model, ModelBody};
use solver::surface::{Face, FaceName, MassProperties, Representation, Shape, SurfaceMesh};
use std::sync::Arc;

/// A body that is nothing but its triangles.
pub struct Triangles(pub Arc<SurfaceMesh>);

impl Body for Triangles {
    fn representation(&self) -> Representation {
        Representation::Imported
    }
    fn surface(&self) -> &Arc<SurfaceMesh> {
        &self.0
    }
    fn mass_properties(&self) -> MassProperties {
        let (mut volume, mut area, mut moment) = (0.0, 0.0, DVec3::ZERO);
        for (t, corners) in self.0.triangles.iter().enumerate() {
            let cross = DVec3::from(self.0.triangle_cross(t));
            let [a, b, c] = corners.map(|i| DVec3::from(self.0.points[i as usize]));
            let v = a.dot(b.cross(c)) / 6.0;
            volume += v;
            moment += (a + b + c) * (0.25 * v);
            area += 0.5 * cross.length();
        }
        MassProperties { volume, area, centroid: (moment / volume).into(), inertia: [0.0; 6] }
    }
    fn signed_distance(&self, _points: &[[f64; 3]], out: &mut [f64]) {
        // The static study reads triangles only.
        out.fill(f64::NAN);
    }
}

/// A closed surface from quadrilaterals with a face number each; `place` maps its points into the world.
pub fn quads(
    points: &[[f64; 3]],
    quads: &[([usize; 4], usize)],
    names: &[&str],
    place: impl Fn(DVec3) -> DVec3,
) -> SurfaceMesh {
    let mut mesh =
        SurfaceMesh { points: points.iter().map(|p| place((*p).into()).into()).collect(), ..Default::default() };
    mesh.faces =
        names.iter().map(|n| Face { name: FaceName(format!("part.{n}")), shape: Shape::Freeform, area: 0.0 }).collect();
    for ([a, b, c, d], face) in quads {
        for t in [[*a, *b, *c], [*a, *c, *d]] {
            mesh.triangles.push(t.map(|i| i as u32));
            mesh.face_of.push(*face as u32);
            let cross = DVec3::from(mesh.triangle_cross(mesh.triangles.len() - 1));
            mesh.normals.push([cross.normalize().as_vec3().into(); 3]);
            mesh.faces[*face].area += 0.5 * cross.length();
        }
    }
    mesh
}

/// A block `0..size` with faces `x0 x1 y0 y1 z0 z1`, put in place by `place`.
pub fn block(size: [f64; 3], place: impl Fn(DVec3) -> DVec3) -> SurfaceMesh {
    let points: Vec<[f64; 3]> =
        (0..8).map(|n| std::array::from_fn(|a| if n >> a & 1 == 1 { size[a] } else { 0.0 })).collect();
    let faces = [
        ([0, 4, 6, 2], 0),
        ([1, 3, 7, 5], 1),
        ([0, 1, 5, 4], 2),
        ([2, 6, 7, 3], 3),
        ([0, 2, 3, 1], 4),
        ([4, 5, 7, 6], 5),
    ];
    quads(&points, &faces, &["x0", "x1", "y0", "y1", "z0", "z1"], place)
}

/// A quarter of a ring, radii `a` and `b`, height `h`, with faces `inner outer x0 y0 bottom top`; `n` steps of angle.
pub fn quarter_ring(a: f64, b: f64, h: f64, n: usize) -> SurfaceMesh {
    let mut points = Vec::new();
    for i in 0..=n {
        let t = std::f64::consts::FRAC_PI_2 * i as f64 / n as f64;
        // The chords bow inwards: radii that keep the enclosed area of the true circle.
        let step = std::f64::consts::FRAC_PI_2 / n as f64;
        let stretch = (step / step.sin()).sqrt();
        for r in [a, b] {
            for z in [0.0, h] {
                points.push([r * stretch * t.cos(), r * stretch * t.sin(), z]);
            }
        }
    }
    let mut faces = Vec::new();
    // Per station: 0 inner bottom, 1 inner top, 2 outer bottom, 3 outer top.
    for i in 0..n {
        let (p, q) = (4 * i, 4 * (i + 1));
        faces.push(([p, p + 1, q + 1, q], 0));
        faces.push(([p + 2, q + 2, q + 3, p + 3], 1));
        faces.push(([p, q, q + 2, p + 2], 4));
        faces.push(([p + 1, p + 3, q + 3, q + 1], 5));
    }
    faces.push(([0, 2, 3, 1], 3));
    let e = 4 * n;
    faces.push(([e, e + 1, e + 3, e + 2], 2));
    quads(&points, &faces, &["inner", "outer", "x0", "y0", "bottom", "top"], |p| p)
}

/// Faces of the part, by the last part of their names.
pub fn faces(names: &[&str]) -> Value {
    Value::Faces(names.iter().map(|n| FaceName(format!("part.{n}"))).collect())
}

/// Three quantities of one unit.
pub fn vector(v: [f64; 3], unit: &str) -> Value {
    Value::Vector(v.map(|c| format!("{c} {unit}")))
}

/// A design of these objects and a study with cells of `cell`, m; a model of one body called `part`.
pub fn set_up(surface: SurfaceMesh, material: &str, objects: Vec<Object>, cell: f64) -> (Design, Model) {
    set_up_bodies(vec![("part", surface, material)], objects, cell)
}

/// The same with several bodies, `(name, surface, material)`; their faces are called after them.
pub fn set_up_bodies(bodies: Vec<(&str, SurfaceMesh, &str)>, objects: Vec<Object>, cell: f64) -> (Design, Model) {
    let mut design = Design::new();
    design.objects = objects.into_iter().map(Arc::new).collect();
    design.objects.push(Arc::new(
        Object::new("study", "static", "Study")
            .with("resolution", Value::Choice("cell".into()))
            .expr("cell", &format!("{cell} m")),
    ));
    let bodies = bodies.into_iter().map(|(name, mut surface, material)| {
        for face in &mut surface.faces {
            face.name = FaceName(face.name.0.replacen("part", name, 1));
        }
        ModelBody {
            name: name.into(),
            label: name.into(),
            material: material.into(),
            turn: glam::DMat3::IDENTITY,
            body: Arc::new(Triangles(Arc::new(surface))),
        }
    });
    (design, Model { bodies: bodies.collect(), ..Model::default() })
}
