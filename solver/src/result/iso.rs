//! Surfaces inside a body on which a quantity has one value: marching tetrahedra (Doi & Koide, IEICE Trans. E74, 1991).
//!
//! Cells and ten-node tetrahedra are split into linear tetrahedra between their nodes, so that neighbours meet without gaps.

use crate::surface::{Face, FaceName, Shape, SurfaceMesh};
use crate::volume::Volume;
use glam::DVec3;
use std::collections::HashMap;

/// Triangles above which a surface is not drawn: more than a screen tells apart, and memory has an end.
pub const TRIANGLES_MAX: usize = 2_000_000;

/// The surface on which `values`, one per node of `volume`, are `level`. `points` are the nodes as they are drawn, world, m.
/// Triangles face towards smaller values; nodes without a value have no surface about them. `None` past [`TRIANGLES_MAX`].
pub fn surface(volume: &Volume, points: &[[f64; 3]], values: &[f32], level: f64) -> Option<SurfaceMesh> {
    let mut out = SurfaceMesh::default();
    if points.len() != volume.n_nodes() || values.len() != points.len() {
        return Some(out);
    }
    let mut made: HashMap<(u32, u32), u32> = HashMap::new();
    for tet in volume.linear_tets() {
        let v = tet.map(|n| f64::from(values[n as usize]) - level);
        if v.iter().any(|v| !v.is_finite()) {
            continue;
        }
        // A node that has the level itself counts as above: then every surface closes or ends at the wall.
        let (above, below): (Vec<usize>, Vec<usize>) = (0..4).partition(|k| v[*k] >= 0.0);
        let mut cut = |i: usize, j: usize| {
            let (i, j) = if tet[i] < tet[j] { (i, j) } else { (j, i) };
            *made.entry((tet[i], tet[j])).or_insert_with(|| {
                let [a, b] = [i, j].map(|k| DVec3::from(points[tet[k] as usize]));
                out.points.push(a.lerp(b, v[i] / (v[i] - v[j])).to_array());
                out.points.len() as u32 - 1
            })
        };
        let mut triangles: Vec<[u32; 3]> = Vec::with_capacity(2);
        match (&above[..], &below[..]) {
            (&[a], &[b, c, d]) | (&[b, c, d], &[a]) => triangles.push([cut(a, b), cut(a, c), cut(a, d)]),
            (&[a, b], &[c, d]) => {
                let [p, q, r, s] = [cut(a, c), cut(a, d), cut(b, d), cut(b, c)];
                triangles.extend([[p, q, r], [p, r, s]]);
            }
            _ => {}
        }
        let Some((&high, &low)) = above.first().zip(below.first()) else { continue };
        let [high, low] = [high, low].map(|k| DVec3::from(points[tet[k] as usize]));
        for t in triangles {
            let [a, b, c] = t.map(|i| DVec3::from(out.points[i as usize]));
            let normal = (b - a).cross(c - a);
            if normal.length_squared() > 0.0 {
                // Seen from the smaller values.
                let outward = normal.dot(low - a) - normal.dot(high - a) >= 0.0;
                out.triangles.push(if outward { t } else { [t[0], t[2], t[1]] });
            }
        }
        if out.triangles.len() > TRIANGLES_MAX {
            return None;
        }
    }
    finish(&mut out);
    Some(out)
}

/// Whole tetrahedra as a surface, to be shown among others: `tets` are numbers of elements with ten nodes.
pub fn elements(volume: &Volume, points: &[[f64; 3]], tets: &[u32]) -> SurfaceMesh {
    let mut out = SurfaceMesh::default();
    let all = volume.tets();
    for tet in tets.iter().filter_map(|t| all.get(*t as usize)) {
        let first = out.points.len() as u32;
        out.points.extend(tet[..4].iter().map(|n| points[*n as usize]));
        // Outwards: the fourth node lies where the right-hand normal of the first three points.
        out.triangles.extend([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]].map(|t| t.map(|k| first + k)));
    }
    flat(&mut out);
    out
}

/// Smooth normals from the triangles about each point.
fn finish(mesh: &mut SurfaceMesh) {
    let mut normals = vec![DVec3::ZERO; mesh.points.len()];
    for t in 0..mesh.triangles.len() {
        let cross = DVec3::from(mesh.triangle_cross(t));
        mesh.triangles[t].iter().for_each(|i| normals[*i as usize] += cross);
    }
    let unit = |i: u32| normals[i as usize].normalize_or_zero().as_vec3().to_array();
    mesh.normals = mesh.triangles.iter().map(|t| t.map(unit)).collect();
    one_face(mesh);
}

fn flat(mesh: &mut SurfaceMesh) {
    let normal = |t: usize| DVec3::from(mesh.triangle_cross(t)).normalize_or_zero().as_vec3().to_array();
    mesh.normals = (0..mesh.triangles.len()).map(|t| [normal(t); 3]).collect();
    one_face(mesh);
}

fn one_face(mesh: &mut SurfaceMesh) {
    mesh.face_of = vec![0; mesh.triangles.len()];
    let area = (0..mesh.triangles.len()).map(|t| 0.5 * DVec3::from(mesh.triangle_cross(t)).length()).sum();
    mesh.faces = vec![Face { name: FaceName("shown".into()), shape: Shape::Freeform, area }];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::outcome::OutcomeMesh;

    fn grid() -> Volume {
        let runs = (0..100).map(|row| [row * 10, 10]).collect();
        let mesh = OutcomeMesh::Grid {
            name: "v".into(),
            body: "b".into(),
            origin: [-0.5; 3],
            cell: 0.1,
            counts: [10; 3],
            runs,
        };
        Volume::new(&mesh).unwrap()
    }

    #[test]
    fn a_sphere_in_a_cube_is_closed_and_faces_outwards() {
        let volume = grid();
        let points: Vec<[f64; 3]> = volume.points().collect();
        // Largest at the middle.
        let values: Vec<f32> = points.iter().map(|p| -DVec3::from(*p).length() as f32).collect();
        let mesh = surface(&volume, &points, &values, -0.35).unwrap();
        let (mut area, mut volume_inside) = (0.0, 0.0);
        let mut sides: HashMap<[u32; 2], i32> = HashMap::new();
        for (t, corners) in mesh.triangles.iter().enumerate() {
            let cross = DVec3::from(mesh.triangle_cross(t));
            area += 0.5 * cross.length();
            volume_inside += DVec3::from(mesh.points[corners[0] as usize]).dot(cross) / 6.0;
            for k in 0..3 {
                let (a, b) = (corners[k], corners[(k + 1) % 3]);
                *sides.entry([a.min(b), a.max(b)]).or_default() += if a < b { 1 } else { -1 };
            }
        }
        assert!(sides.values().all(|n| *n == 0), "every side is met from both sides");
        let pi = std::f64::consts::PI;
        assert!((area / (4.0 * pi * 0.35f64.powi(2)) - 1.0).abs() < 0.03, "{area}");
        assert!((volume_inside / (4.0 / 3.0 * pi * 0.35f64.powi(3)) - 1.0).abs() < 0.05, "{volume_inside}");
        assert!(surface(&volume, &points, &values, 1.0).unwrap().triangles.is_empty(), "nothing is so large");
        let blind = vec![f32::NAN; values.len()];
        assert!(surface(&volume, &points, &blind, 0.0).unwrap().triangles.is_empty());
    }
}
