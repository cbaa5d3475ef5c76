//! The skin results are shown on: the body's surface, its long edges split so that fields are resolved.

use crate::surface::SurfaceMesh;
use std::collections::HashMap;

/// Splits edges longer than `edge_max` until none is left or `n_triangles_max` is reached; faces and normals are kept.
///
/// The result is conforming (an edge is split for both its triangles), so it stays closed. Named edges are dropped: the
/// body's own surface has them.
pub fn refine(surface: &SurfaceMesh, edge_max: f64, n_triangles_max: usize) -> SurfaceMesh {
    let mut mesh = SurfaceMesh {
        points: surface.points.clone(),
        triangles: surface.triangles.clone(),
        face_of: surface.face_of.clone(),
        normals: surface.normals.clone(),
        faces: surface.faces.clone(),
        edges: Vec::new(),
    };
    let with_normals = mesh.normals.len() == mesh.triangles.len();
    if !with_normals {
        mesh.normals.clear();
    }
    // Longest edges first by octaves, so that the cap cuts off detail evenly.
    let (lo, hi) = mesh.bounds().unwrap_or(([0.0; 3], [0.0; 3]));
    let mut limit = (0..3).map(|a| (hi[a] - lo[a]).powi(2)).sum::<f64>().sqrt();
    loop {
        limit = (0.5 * limit).max(edge_max);
        loop {
            let (next, split) = split_once(&mesh, limit, with_normals);
            if split == 0 {
                break;
            }
            if next.triangles.len() > n_triangles_max {
                return mesh;
            }
            mesh = next;
        }
        if limit <= edge_max {
            return mesh;
        }
    }
}

fn split_once(mesh: &SurfaceMesh, limit: f64, with_normals: bool) -> (SurfaceMesh, usize) {
    let mut middle: HashMap<(u32, u32), u32> = HashMap::new();
    let mut points = mesh.points.clone();
    let length2 = |a: u32, b: u32| {
        let (p, q) = (mesh.points[a as usize], mesh.points[b as usize]);
        (0..3).map(|i| (p[i] - q[i]).powi(2)).sum::<f64>()
    };
    // Only a triangle's longest edges ask for a cut, which keeps shapes from degenerating.
    for t in &mesh.triangles {
        let edges = [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])];
        let longest = edges.iter().map(|e| length2(e.0, e.1)).fold(0.0, f64::max);
        if longest <= limit * limit {
            continue;
        }
        for (a, b) in edges {
            if length2(a, b) > 0.5 * longest && length2(a, b) > limit * limit {
                let key = (a.min(b), a.max(b));
                middle.entry(key).or_insert_with(|| {
                    let (p, q) = (mesh.points[key.0 as usize], mesh.points[key.1 as usize]);
                    points.push(std::array::from_fn(|i| 0.5 * (p[i] + q[i])));
                    (points.len() - 1) as u32
                });
            }
        }
    }
    let n_split = middle.len();
    let mut out = SurfaceMesh { points, faces: mesh.faces.clone(), ..SurfaceMesh::default() };
    for (t, triangle) in mesh.triangles.iter().enumerate() {
        let normals = if with_normals { mesh.normals[t] } else { [[0.0; 3]; 3] };
        let mid = |i: usize| {
            let (a, b) = (triangle[i], triangle[(i + 1) % 3]);
            middle.get(&(a.min(b), a.max(b))).map(|m| (*m, blend(normals[i], normals[(i + 1) % 3])))
        };
        let corner = |i: usize| (triangle[i], normals[i]);
        let mut add = |c: [(u32, [f32; 3]); 3]| {
            out.triangles.push(c.map(|p| p.0));
            out.face_of.push(mesh.face_of[t]);
            if with_normals {
                out.normals.push(c.map(|p| p.1));
            }
        };
        let mids = [mid(0), mid(1), mid(2)];
        match mids.iter().flatten().count() {
            0 => add([corner(0), corner(1), corner(2)]),
            1 => {
                let i = mids.iter().position(Option::is_some).unwrap_or(0);
                if let Some(m) = mids[i] {
                    add([corner(i), m, corner((i + 2) % 3)]);
                    add([m, corner((i + 1) % 3), corner((i + 2) % 3)]);
                }
            }
            2 => {
                // Turn so that the edge that stays whole is the last one, from corner 2 to corner 0.
                let whole = mids.iter().position(Option::is_none).unwrap_or(2);
                let (p, q, r) = ((whole + 1) % 3, (whole + 2) % 3, whole);
                if let (Some(m), Some(n)) = (mids[p], mids[q]) {
                    add([m, corner(q), n]);
                    add([corner(p), m, n]);
                    add([corner(p), n, corner(r)]);
                }
            }
            _ => {
                if let [Some(m), Some(n), Some(o)] = mids {
                    add([corner(0), m, o]);
                    add([m, corner(1), n]);
                    add([o, n, corner(2)]);
                    add([m, n, o]);
                }
            }
        }
    }
    (out, n_split)
}

fn blend(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    let s: [f32; 3] = std::array::from_fn(|i| a[i] + b[i]);
    let length = s.iter().map(|c| c * c).sum::<f32>().sqrt();
    if length > 0.0 { s.map(|c| c / length) } else { a }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::surface::{Face, FaceName, Shape};

    /// A block with six named faces, `x0 x1 y0 y1 z0 z1`.
    pub fn block(lo: [f64; 3], hi: [f64; 3]) -> SurfaceMesh {
        let mut mesh = SurfaceMesh::default();
        for n in 0..8 {
            mesh.points.push(std::array::from_fn(|a| if n >> a & 1 == 1 { hi[a] } else { lo[a] }));
        }
        for (name, corners) in [
            ("x0", [0, 4, 6, 2]),
            ("x1", [1, 3, 7, 5]),
            ("y0", [0, 1, 5, 4]),
            ("y1", [2, 6, 7, 3]),
            ("z0", [0, 2, 3, 1]),
            ("z1", [4, 5, 7, 6]),
        ] {
            let face = mesh.faces.len() as u32;
            let p = mesh.points[corners[0] as usize];
            let axis = ["x", "y", "z"].iter().position(|a| name.starts_with(a)).unwrap();
            let mut normal = [0.0; 3];
            normal[axis] = if name.ends_with('1') { 1.0 } else { -1.0 };
            let area = (0..3).filter(|a| *a != axis).map(|a| hi[a] - lo[a]).product();
            mesh.faces.push(Face { name: FaceName(name.into()), shape: Shape::Plane { point: p, normal }, area });
            let [a, b, c, d] = corners;
            for t in [[a, b, c], [a, c, d]] {
                mesh.triangles.push(t);
                mesh.face_of.push(face);
                mesh.normals.push([normal.map(|n| n as f32); 3]);
            }
        }
        mesh
    }

    /// A sphere from a subdivided octahedron.
    pub fn sphere(centre: [f64; 3], radius: f64, levels: usize) -> SurfaceMesh {
        let mut mesh = SurfaceMesh::default();
        for axis in 0..3 {
            for s in [1.0, -1.0] {
                let mut p = [0.0; 3];
                p[axis] = s;
                mesh.points.push(p);
            }
        }
        for x in 0..2u32 {
            for y in 2..4u32 {
                for z in 4..6u32 {
                    let even = (x + y + z) % 2 == 0;
                    mesh.triangles.push(if even { [x, y, z] } else { [x, z, y] });
                    mesh.face_of.push(0);
                }
            }
        }
        mesh.faces.push(Face {
            name: FaceName("ball".into()),
            shape: Shape::Sphere { centre, radius },
            area: 4.0 * std::f64::consts::PI * radius * radius,
        });
        for _ in 0..levels {
            mesh = split_once(&mesh, 0.0, false).0;
            for p in &mut mesh.points {
                let r = p.iter().map(|c| c * c).sum::<f64>().sqrt();
                *p = p.map(|c| c / r);
            }
        }
        for p in &mut mesh.points {
            *p = std::array::from_fn(|a| centre[a] + radius * p[a]);
        }
        mesh
    }

    #[test]
    fn refinement_keeps_area_faces_and_closedness() {
        let coarse = block([0.0; 3], [0.1, 0.02, 0.01]);
        let fine = refine(&coarse, 0.003, 100_000);
        let area = |m: &SurfaceMesh| -> f64 {
            (0..m.triangles.len()).map(|t| 0.5 * glam::DVec3::from(m.triangle_cross(t)).length()).sum()
        };
        assert!((area(&fine) / area(&coarse) - 1.0).abs() < 1e-12);
        let mut edges: HashMap<(u32, u32), i32> = HashMap::new();
        for t in &fine.triangles {
            for (a, b) in [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])] {
                *edges.entry((a.min(b), a.max(b))).or_default() += if a < b { 1 } else { -1 };
                let (p, q) = (fine.points[a as usize], fine.points[b as usize]);
                assert!((0..3).map(|i| (p[i] - q[i]).powi(2)).sum::<f64>().sqrt() <= 0.003 + 1e-12);
            }
        }
        assert!(edges.values().all(|n| *n == 0));
        assert!(refine(&coarse, 1e-5, 5000).triangles.len() <= 5000);
    }
}
