//! Bodies with known shape, for tests and for the renderer's own trial page.

use super::model::Part;
use solver::surface::{Edge, EdgeName, Face, FaceName, Shape, SurfaceMesh};
use std::f64::consts::TAU;
use std::sync::Arc;

pub fn part(name: &str, surface: SurfaceMesh) -> Part {
    Part { name: name.into(), colour: [168, 182, 200], surface: Arc::new(surface) }
}

fn face(name: &str, shape: Shape, area: f64) -> Face {
    Face { name: FaceName(name.into()), shape, area }
}

/// Box with faces `x0 x1 y0 y1 z0 z1`.
pub fn cuboid(lo: [f64; 3], hi: [f64; 3]) -> SurfaceMesh {
    let mut mesh = SurfaceMesh::default();
    for i in 0..8usize {
        mesh.points.push([[lo, hi][i & 1][0], [lo, hi][i >> 1 & 1][1], [lo, hi][i >> 2][2]]);
    }
    let quads: [(&str, [u32; 4]); 6] = [
        ("x0", [0, 4, 6, 2]),
        ("x1", [1, 3, 7, 5]),
        ("y0", [0, 1, 5, 4]),
        ("y1", [2, 6, 7, 3]),
        ("z0", [0, 2, 3, 1]),
        ("z1", [4, 5, 7, 6]),
    ];
    for (f, (name, q)) in quads.into_iter().enumerate() {
        let (axis, up) = (f / 2, f % 2 == 1);
        let mut normal = [0.0; 3];
        normal[axis] = if up { 1.0 } else { -1.0 };
        let size: Vec<f64> = (0..3).filter(|&a| a != axis).map(|a| hi[a] - lo[a]).collect();
        mesh.faces.push(face(name, Shape::Plane { point: [lo, hi][f % 2], normal }, size[0] * size[1]));
        for triangle in [[q[0], q[1], q[2]], [q[0], q[2], q[3]]] {
            mesh.triangles.push(triangle);
            mesh.face_of.push(f as u32);
            mesh.normals.push([normal.map(|v| v as f32); 3]);
        }
    }
    for a in 0..8u32 {
        for axis in 0..3 {
            let b = a | 1 << axis;
            if a == b {
                continue;
            }
            let sides: Vec<usize> =
                (0..3).filter(|&other| other != axis).map(|other| 2 * other + (a >> other & 1) as usize).collect();
            let [left, right] = [sides[0], sides[1]].map(|f| mesh.faces[f].name.clone());
            mesh.edges.push(Edge {
                name: EdgeName::between(left, right, 0),
                points: vec![a, b],
                length: hi[axis] - lo[axis],
                radius: None,
            });
        }
    }
    mesh
}

/// Cylinder along Z from `base`, with faces `wall`, `bottom`, `top`.
pub fn cylinder(base: [f64; 3], radius: f64, height: f64, n: u32) -> SurfaceMesh {
    let mut mesh = SurfaceMesh::default();
    for level in 0..2 {
        for i in 0..n {
            let (s, c) = (TAU * f64::from(i) / f64::from(n)).sin_cos();
            mesh.points.push([base[0] + radius * c, base[1] + radius * s, base[2] + height * f64::from(level)]);
        }
    }
    let top = [base[0], base[1], base[2] + height];
    mesh.points.extend([base, top]);
    let disc = radius * radius * TAU / 2.0;
    let axis = [0.0, 0.0, 1.0];
    mesh.faces.push(face("wall", Shape::Cylinder { point: base, axis, radius }, TAU * radius * height));
    mesh.faces.push(face("bottom", Shape::Plane { point: base, normal: [0.0, 0.0, -1.0] }, disc));
    mesh.faces.push(face("top", Shape::Plane { point: top, normal: axis }, disc));
    let mut add = |t: [u32; 3], face: u32, normals: [[f32; 3]; 3]| {
        mesh.triangles.push(t);
        mesh.face_of.push(face);
        mesh.normals.push(normals);
    };
    for i in 0..n {
        let j = (i + 1) % n;
        let out = |i: u32| {
            let (s, c) = (TAU * f64::from(i) / f64::from(n)).sin_cos();
            [c as f32, s as f32, 0.0]
        };
        add([i, j, n + j], 0, [out(i), out(j), out(j)]);
        add([i, n + j, n + i], 0, [out(i), out(j), out(i)]);
        add([2 * n, j, i], 1, [[0.0, 0.0, -1.0]; 3]);
        add([2 * n + 1, n + i, n + j], 2, [[0.0, 0.0, 1.0]; 3]);
    }
    for (level, other) in [(0, "bottom"), (1, "top")] {
        let mut points: Vec<u32> = (0..n).map(|i| i + level * n).collect();
        points.push(level * n);
        mesh.edges.push(Edge {
            name: EdgeName::between(FaceName("wall".into()), FaceName(other.into()), 0),
            points,
            length: TAU * radius,
            radius: Some(radius),
        });
    }
    mesh
}

/// Torus around Z with one face, `ring`: dense meshes of any size, `2 × n × m` triangles.
pub fn torus(centre: [f64; 3], major: f64, minor: f64, n: u32, m: u32) -> SurfaceMesh {
    let mut mesh = SurfaceMesh::default();
    let at = |i: u32, j: u32| {
        let (su, cu) = (TAU * f64::from(i) / f64::from(n)).sin_cos();
        let (sv, cv) = (TAU * f64::from(j) / f64::from(m)).sin_cos();
        let r = major + minor * cv;
        let normal = [(cv * cu) as f32, (cv * su) as f32, sv as f32];
        ([centre[0] + r * cu, centre[1] + r * su, centre[2] + minor * sv], normal)
    };
    let mut normals = Vec::new();
    for i in 0..n {
        for j in 0..m {
            let (p, normal) = at(i, j);
            mesh.points.push(p);
            normals.push(normal);
        }
    }
    let area = TAU * major * TAU * minor;
    mesh.faces.push(face("ring", Shape::Torus { centre, axis: [0.0, 0.0, 1.0], major, minor }, area));
    for i in 0..n {
        for j in 0..m {
            let k = |i: u32, j: u32| (i % n) * m + j % m;
            let [a, b, c, d] = [k(i, j), k(i + 1, j), k(i + 1, j + 1), k(i, j + 1)];
            for t in [[a, b, c], [a, c, d]] {
                mesh.triangles.push(t);
                mesh.face_of.push(0);
                mesh.normals.push(t.map(|v| normals[v as usize]));
            }
        }
    }
    mesh
}

/// The volume part of a result of a block of 20 × 10 × 5 cells of 10 mm at the origin: `heat` is 100 x, `displacement`
/// rises by 50 mm of z per m of x.
#[cfg(test)]
pub fn block_inside() -> Vec<u8> {
    use solver::quantity::Dimension;
    use solver::study::outcome::{Field, Grade, Location, Outcome, OutcomeMesh};
    let counts = [20u32, 10, 5];
    let mesh = OutcomeMesh::Grid {
        name: "inside".into(),
        body: "block".into(),
        origin: [0.0; 3],
        cell: 0.01,
        counts,
        runs: (0..counts[1] * counts[2]).map(|row| [row * counts[0], counts[0]]).collect(),
    };
    let volume = solver::volume::Volume::new(&mesh).expect("a grid");
    let x = || volume.positions().map(|p| p[0] as f32 * 0.01);
    let field = |id: &str, components: u8, values: Vec<f32>| Field {
        id: id.into(),
        label: id.into(),
        mesh: "inside".into(),
        location: Location::Point,
        components,
        dimension: Dimension::NONE,
        case: None,
        grade: Grade::Instant,
        values,
    };
    let fields = vec![
        field("heat", 1, x().map(|x| 100.0 * x).collect()),
        field("displacement", 3, x().flat_map(|x| [0.0, 0.0, 0.05 * x]).collect()),
    ];
    Outcome { fields, meshes: vec![mesh], ..Outcome::default() }.to_bytes()
}
