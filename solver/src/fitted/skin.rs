//! What the answers on tetrahedra are shown on: the surface of a part between its nodes.

use super::Mesh;
use super::hold::{corner, quarters};
use crate::element::tet::face;
use crate::surface::SurfaceMesh;
use glam::DVec3;
use std::collections::HashMap;

/// Triangles of the skin above which facets are drawn flat.
const SKIN_TRIANGLES_MAX: usize = 200_000;

/// The surface of a part: its nodes in the mesh, and triangles between them, four to a facet.
pub fn skin(mesh: &Mesh, part: usize, body: &SurfaceMesh) -> (Vec<u32>, SurfaceMesh) {
    let facets = &mesh.facets[mesh.parts[part].facets.clone()];
    let fine = 4 * facets.len() <= SKIN_TRIANGLES_MAX;
    let used = if fine { 6 } else { 3 };
    let mut nodes: Vec<u32> = facets.iter().flat_map(|f| f.nodes[..used].to_vec()).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let place: HashMap<u32, u32> = nodes.iter().enumerate().map(|(i, n)| (*n, i as u32)).collect();
    // One normal per node and face: smooth within a face, parted at its edges.
    let mut normals: HashMap<(u32, u32), DVec3> = HashMap::new();
    for f in facets {
        let x = mesh.facet(f);
        for (k, n) in f.nodes[..used].iter().enumerate() {
            *normals.entry((f.face, *n)).or_default() += face::area(&x, &corner(k));
        }
    }
    let mut out = SurfaceMesh {
        points: nodes.iter().map(|n| mesh.points[*n as usize].to_array()).collect(),
        faces: body.faces.clone(),
        ..SurfaceMesh::default()
    };
    for f in facets {
        let mut add = |t: [u32; 3]| {
            out.triangles.push(t.map(|n| place[&n]));
            out.face_of.push(f.face);
            out.normals.push(t.map(|n| normals[&(f.face, n)].normalize_or_zero().as_vec3().to_array()));
        };
        if fine {
            quarters(f.nodes).into_iter().for_each(&mut add);
        } else {
            add([f.nodes[0], f.nodes[1], f.nodes[2]]);
        }
    }
    (nodes, out)
}
