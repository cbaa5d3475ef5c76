//! Surfaces of a result as binary glTF 2.0, coloured by a field: for slides, documents and other viewers.
//!
//! Source: Khronos, *glTF 2.0 Specification*.

use crate::result::{Over, Reading};
use crate::study::outcome::{Location, Outcome, OutcomeMesh};
use serde_json::{Value, json};
use std::collections::HashMap;

/// glTF's numbers.
const FLOAT: u32 = 5126;
const UNSIGNED_INT: u32 = 5125;
const ARRAY_BUFFER: u32 = 34962;
const ELEMENT_ARRAY_BUFFER: u32 = 34963;
const MAGIC: u32 = 0x4654_6C67;
const CHUNK_JSON: u32 = 0x4E4F_534A;
const CHUNK_BINARY: u32 = 0x004E_4942;

/// How a result is drawn.
pub struct Look<'a> {
    pub reading: &'a Reading,
    /// Times the displacement.
    pub scale: f64,
    /// Limits of the colours, SI; those of the field where unset. What lies beyond has the colour of its limit.
    pub range: Option<(f64, f64)>,
    /// sRGB, 0 … 255, of a share 0 … 1 of the range.
    pub colour: &'a dyn Fn(f64) -> [u8; 3],
}

/// The surfaces of `outcome`; `None` where no surface has the quantity.
pub fn write(outcome: &Outcome, look: &Look) -> Option<Vec<u8>> {
    let case = look.reading.case.as_deref();
    // States side by side have no shape in common.
    let moved_on = |mesh: &str| {
        let all = outcome.fields.iter().filter(|_| look.reading.over == Over::State);
        all.filter(|f| f.mesh == mesh && f.id == "displacement" && f.location == Location::Point)
            .find(|f| case.is_none() || f.case.as_deref() == case)
    };
    let shown: Vec<_> = outcome
        .meshes
        .iter()
        .filter_map(|mesh| match mesh {
            OutcomeMesh::Surface { name, body, surface } => {
                let values = look.reading.on(&[outcome], name, &surface.points)?;
                Some((name, body, surface, values.into_iter().map(f64::from).collect::<Vec<f64>>()))
            }
            _ => None,
        })
        .collect();
    let all = shown.iter().flat_map(|s| &s.3).filter(|v| v.is_finite());
    let own = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(*v), hi.max(*v)));
    let (lo, hi) = look.range.unwrap_or(own);
    if shown.is_empty() {
        return None;
    }
    let mut binary: Vec<u8> = Vec::new();
    let (mut views, mut accessors, mut meshes, mut nodes) = (vec![], vec![], vec![], vec![]);
    for (name, body, surface, values) in shown {
        let moved = moved_on(name).filter(|f| f.values.len() == 3 * surface.points.len());
        // A vertex is a node as one of its faces sees it: normals break at edges.
        let mut place: HashMap<(u32, [u32; 3]), u32> = HashMap::new();
        let (mut points, mut normals, mut colours, mut corners) = (vec![], vec![], vec![], vec![]);
        for (t, triangle) in surface.triangles.iter().enumerate() {
            for (k, n) in triangle.iter().enumerate() {
                let normal = surface.normals.get(t).map_or([0.0, 0.0, 1.0f32], |n| n[k]);
                let at = *place.entry((*n, normal.map(f32::to_bits))).or_insert_with(|| {
                    let i = *n as usize;
                    let shift = moved.map_or([0.0; 3], |f| [0, 1, 2].map(|c| f64::from(f.values[3 * i + c])));
                    points.push([0, 1, 2].map(|c| (surface.points[i][c] + look.scale * shift[c]) as f32));
                    normals.push(normal);
                    let share = if hi > lo { ((values[i] - lo) / (hi - lo)).clamp(0.0, 1.0) } else { 0.0 };
                    colours.push((look.colour)(share).map(linear));
                    points.len() as u32 - 1
                });
                corners.push(at);
            }
        }
        let bounds = |f: fn(f32, f32) -> f32| {
            points.iter().copied().reduce(|a, b| [0, 1, 2].map(|c| f(a[c], b[c]))).unwrap_or_default()
        };
        let (least, most) = (bounds(f32::min), bounds(f32::max));
        let mut put = |bytes: Vec<u8>, target: u32, kind: &str, component: u32, count: usize| -> usize {
            let view = json!({"buffer": 0, "byteOffset": binary.len(), "byteLength": bytes.len(), "target": target});
            views.push(view);
            binary.extend(bytes);
            accessors
                .push(json!({"bufferView": views.len() - 1, "componentType": component, "count": count, "type": kind}));
            accessors.len() - 1
        };
        let floats = |v: &[[f32; 3]]| v.as_flattened().iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let position = put(floats(&points), ARRAY_BUFFER, "VEC3", FLOAT, points.len());
        let normal = put(floats(&normals), ARRAY_BUFFER, "VEC3", FLOAT, normals.len());
        let colour = put(floats(&colours), ARRAY_BUFFER, "VEC3", FLOAT, colours.len());
        let indices = corners.iter().flat_map(|i: &u32| i.to_le_bytes()).collect();
        let index = put(indices, ELEMENT_ARRAY_BUFFER, "SCALAR", UNSIGNED_INT, corners.len());
        accessors[position]["min"] = json!(least);
        accessors[position]["max"] = json!(most);
        meshes.push(json!({"name": body, "primitives": [{
            "attributes": {"POSITION": position, "NORMAL": normal, "COLOR_0": colour}, "indices": index, "material": 0,
        }]}));
        nodes.push(json!({"name": body, "mesh": meshes.len() - 1}));
    }
    // glTF's up is y, ours is z: a quarter turn about x.
    let bodies: Vec<usize> = (0..nodes.len()).collect();
    let half = std::f64::consts::FRAC_1_SQRT_2;
    nodes.push(json!({"name": "design", "rotation": [-half, 0.0, 0.0, half], "children": bodies}));
    let root: Value = json!({
        "asset": {"version": "2.0", "generator": "Brunel"},
        "scene": 0,
        "scenes": [{"nodes": [nodes.len() - 1]}],
        "nodes": nodes,
        "meshes": meshes,
        "materials": [{"pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 0.7}, "doubleSided": true}],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": binary.len()}],
    });
    let mut text = root.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    binary.resize(binary.len().next_multiple_of(4), 0);
    let total = 12 + 8 + text.len() + 8 + binary.len();
    let mut out = Vec::with_capacity(total);
    for word in [MAGIC, 2, total as u32, text.len() as u32, CHUNK_JSON] {
        out.extend(word.to_le_bytes());
    }
    out.extend(text);
    out.extend((binary.len() as u32).to_le_bytes());
    out.extend(CHUNK_BINARY.to_le_bytes());
    out.extend(binary);
    Some(out)
}

/// Linear share of an sRGB component: vertex colours of glTF are linear. Source: IEC 61966-2-1.
fn linear(c: u8) -> f32 {
    let c = f32::from(c) / 255.0;
    if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}
