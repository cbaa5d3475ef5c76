//! VTK's XML file of unstructured grids, for ParaView and its kin.
//!
//! One piece per mesh, arrays appended raw. Source: *VTK File Formats*, Kitware. Written by hand because the crate that
//! knows the format has had pre-releases only for years.

use crate::quantity::si_unit;
use crate::study::outcome::{Field, Location, Outcome, OutcomeMesh};
use crate::volume::Volume;
use std::fmt::Write as _;

/// VTK's numbers of cell types.
const TRIANGLE: u8 = 5;
const VOXEL: u8 = 11;
const QUADRATIC_TETRA: u8 = 24;

/// An array of a piece, already as bytes.
struct Array {
    name: String,
    kind: &'static str,
    components: usize,
    bytes: Vec<u8>,
}

/// Points, cells and point fields of a mesh.
struct Piece {
    n_points: usize,
    points: Array,
    connectivity: Vec<u32>,
    n_per_cell: usize,
    cell: u8,
    fields: Vec<Array>,
}

/// The meshes of `outcome` with their point fields, SI; where fields of several states stand side by side, their names
/// carry the state's label. A field that some mesh lacks is NaN there, so that readers keep it.
pub fn write(outcome: &Outcome) -> Vec<u8> {
    let names = names(outcome);
    let pieces: Vec<Piece> = outcome.meshes.iter().filter_map(|mesh| piece(outcome, mesh, &names)).collect();
    let mut head = String::from(
        "<?xml version=\"1.0\"?>\n<VTKFile type=\"UnstructuredGrid\" version=\"1.0\" byte_order=\"LittleEndian\" \
         header_type=\"UInt64\">\n<UnstructuredGrid>\n",
    );
    let mut body = Vec::new();
    let mut append = |bytes: &[u8]| {
        let at = body.len();
        body.extend((bytes.len() as u64).to_le_bytes());
        body.extend(bytes);
        at
    };
    let line = |head: &mut String, a: &Array, at: usize| {
        let _ = writeln!(
            head,
            "<DataArray type=\"{}\" Name=\"{}\" NumberOfComponents=\"{}\" format=\"appended\" offset=\"{at}\"/>",
            a.kind,
            escape(&a.name),
            a.components
        );
    };
    for p in &pieces {
        let n_cells = p.connectivity.len() / p.n_per_cell;
        let _ = writeln!(head, "<Piece NumberOfPoints=\"{}\" NumberOfCells=\"{n_cells}\">", p.n_points);
        head.push_str("<PointData>\n");
        for field in &p.fields {
            line(&mut head, field, append(&field.bytes));
        }
        head.push_str("</PointData>\n<Points>\n");
        line(&mut head, &p.points, append(&p.points.bytes));
        head.push_str("</Points>\n<Cells>\n");
        let array = |name: &str, kind, bytes| Array { name: name.into(), kind, components: 1, bytes };
        let ends = (1..=n_cells).flat_map(|i| ((i * p.n_per_cell) as i64).to_le_bytes()).collect();
        for a in [
            array("connectivity", "Int64", p.connectivity.iter().flat_map(|n| i64::from(*n).to_le_bytes()).collect()),
            array("offsets", "Int64", ends),
            array("types", "UInt8", vec![p.cell; n_cells]),
        ] {
            line(&mut head, &a, append(&a.bytes));
        }
        head.push_str("</Cells>\n</Piece>\n");
    }
    head.push_str("</UnstructuredGrid>\n<AppendedData encoding=\"raw\">\n_");
    let mut out = head.into_bytes();
    out.extend(body);
    out.extend(b"\n</AppendedData>\n</VTKFile>\n");
    out
}

/// `(id, state, components, name)` of every point field, in the order of first mention.
fn names(outcome: &Outcome) -> Vec<(String, Option<String>, usize, String)> {
    let mut out: Vec<(String, Option<String>, usize, String)> = Vec::new();
    for f in outcome.fields.iter().filter(|f| f.location == Location::Point) {
        if !out.iter().any(|(id, case, ..)| *id == f.id && *case == f.case) {
            let unit = match si_unit(f.dimension) {
                "" => String::new(),
                unit => format!(" [{unit}]"),
            };
            let state = match outcome.label(f.case.as_deref()) {
                Some(label) if outcome.states.len() > 1 => format!(", {label}"),
                _ => String::new(),
            };
            out.push((f.id.clone(), f.case.clone(), usize::from(f.components), format!("{}{unit}{state}", f.label)));
        }
    }
    out
}

fn piece(outcome: &Outcome, mesh: &OutcomeMesh, names: &[(String, Option<String>, usize, String)]) -> Option<Piece> {
    let (points, connectivity, n_per_cell, cell): (Vec<[f64; 3]>, Vec<u32>, usize, u8) = match mesh {
        OutcomeMesh::Surface { surface, .. } => {
            (surface.points.clone(), surface.triangles.as_flattened().to_vec(), 3, TRIANGLE)
        }
        OutcomeMesh::Solid { points, tets, .. } => (points.clone(), tets.as_flattened().to_vec(), 10, QUADRATIC_TETRA),
        OutcomeMesh::Grid { .. } => {
            let volume = Volume::new(mesh)?;
            (volume.points().collect(), volume.voxels(), 8, VOXEL)
        }
    };
    let n_points = points.len();
    let fields = names
        .iter()
        .map(|(id, case, components, name)| {
            let of =
                |f: &&Field| f.mesh == mesh.name() && f.location == Location::Point && f.id == *id && f.case == *case;
            let bytes = match outcome.fields.iter().find(of) {
                Some(f) if f.values.len() == components * n_points => {
                    f.values.iter().flat_map(|v| v.to_le_bytes()).collect()
                }
                _ => (0..components * n_points).flat_map(|_| f32::NAN.to_le_bytes()).collect(),
            };
            Array { name: name.clone(), kind: "Float32", components: *components, bytes }
        })
        .collect();
    let points = Array {
        name: "Points".into(),
        kind: "Float64",
        components: 3,
        bytes: points.iter().flatten().flat_map(|x| x.to_le_bytes()).collect(),
    };
    Some(Piece { n_points, points, connectivity, n_per_cell, cell, fields })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
