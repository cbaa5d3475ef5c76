//! 3MF: closed meshes with names and a unit, zipped. Source: 3MF Consortium, Core Specification 1.3.

use crate::surface::SurfaceMesh;
use std::io::Cursor;
use threemf::model::{Build, Item, Mesh, Metadata, Model, Object, Resources, Triangle, Triangles, Vertex, Vertices};

/// Writes bodies, each an object under its name, in mm; equal bodies give equal bytes.
///
/// # Errors
/// Why the archive could not be made, in words.
pub fn write(bodies: &[(&str, &SurfaceMesh)]) -> Result<Vec<u8>, String> {
    let object = |(k, (name, surface)): (usize, &(&str, &SurfaceMesh))| {
        let vertex = |p: &[f64; 3]| {
            let [x, y, z] = p.map(|c| c * 1e3);
            Vertex { x, y, z }
        };
        let triangle = |t: &[u32; 3]| {
            let [v1, v2, v3] = t.map(|i| i as usize);
            Triangle { v1, v2, v3 }
        };
        let mesh = Mesh {
            vertices: Vertices { vertex: surface.points.iter().map(vertex).collect() },
            triangles: Triangles { triangle: surface.triangles.iter().map(triangle).collect() },
        };
        Object { id: k + 1, name: Some((*name).into()), mesh: Some(mesh), ..Object::default() }
    };
    let item = |k: usize| Item { objectid: k + 1, transform: None, partnumber: None };
    let model = Model {
        metadata: vec![Metadata { name: "Application".into(), value: Some("Brunel".into()) }],
        resources: Resources { object: bodies.iter().enumerate().map(object).collect(), basematerials: None },
        build: Build { item: (0..bodies.len()).map(item).collect() },
        ..Model::default()
    };
    let mut out = Cursor::new(Vec::new());
    threemf::write(&mut out, model).map_err(|e| e.to_string())?;
    Ok(out.into_inner())
}
