//! STL: triangles without connection. Source: 3D Systems, StereoLithography Interface Specification, 1989.

use super::{FormatError, TRIANGLES_MAX, Triangles};
use crate::surface::SurfaceMesh;
use std::collections::HashMap;
use std::io::Cursor;

/// Bytes before the triangles of a binary file, and of each.
const HEADER: usize = 84;
const RECORD: usize = 50;

/// Reads binary or ASCII; corners at the very same place become one point.
///
/// # Errors
/// [`FormatError`] for bytes that are no STL.
pub fn read(bytes: &[u8]) -> Result<Triangles, FormatError> {
    let malformed = |reason: String| FormatError::Malformed { format: "STL", reason };
    // A binary file says how long it is; some of them begin with "solid" all the same.
    if let Some(count) = bytes.get(80..HEADER) {
        let n = u32::from_le_bytes([count[0], count[1], count[2], count[3]]) as usize;
        if n.checked_mul(RECORD).and_then(|b| b.checked_add(HEADER)) == Some(bytes.len()) {
            if n > TRIANGLES_MAX {
                return Err(FormatError::TooManyTriangles);
            }
            let corners = bytes[HEADER..].chunks_exact(RECORD).flat_map(|record| {
                (0..3).map(move |k| {
                    std::array::from_fn(|axis| {
                        let at = 12 + 12 * k + 4 * axis;
                        f32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
                    })
                })
            });
            return weld(corners).ok_or_else(|| malformed("a coordinate is not a number".into()));
        }
    }
    if !bytes.trim_ascii_start().starts_with(b"solid") {
        return Err(malformed("its length does not fit its number of triangles".into()));
    }
    let mut cursor = Cursor::new(bytes);
    let reader = stl_io::create_stl_reader(&mut cursor).map_err(|e| malformed(e.to_string()))?;
    let mut corners: Vec<[f32; 3]> = Vec::new();
    for triangle in reader {
        let triangle = triangle.map_err(|e| malformed(e.to_string()))?;
        if corners.len() >= 3 * TRIANGLES_MAX {
            return Err(FormatError::TooManyTriangles);
        }
        corners.extend(triangle.vertices.iter().map(|v| [v[0], v[1], v[2]]));
    }
    weld(corners.into_iter()).ok_or_else(|| malformed("a coordinate is not a number".into()))
}

/// Points from corners, each place once; `None` when a coordinate is not finite.
fn weld(corners: impl Iterator<Item = [f32; 3]>) -> Option<Triangles> {
    let mut out = Triangles::default();
    let mut index: HashMap<[u32; 3], u32> = HashMap::new();
    let mut triangle = [0; 3];
    for (i, corner) in corners.enumerate() {
        if corner.iter().any(|c| !c.is_finite()) {
            return None;
        }
        // Adding zero makes the two zeros one.
        let key = corner.map(|c| (c + 0.0).to_bits());
        triangle[i % 3] = *index.entry(key).or_insert_with(|| {
            out.points.push(corner.map(f64::from));
            out.points.len() as u32 - 1
        });
        if i % 3 == 2 {
            out.triangles.push(triangle);
        }
    }
    Some(out)
}

/// Writes binary STL; `scale` turns metres into the file's unit (1000 for mm).
pub fn write(surfaces: &[&SurfaceMesh], scale: f64) -> Vec<u8> {
    let n: usize = surfaces.iter().map(|s| s.triangles.len()).sum();
    let mut out = vec![0; 80];
    out[..14].copy_from_slice(b"Brunel surface");
    out.extend_from_slice(&(n as u32).to_le_bytes());
    for surface in surfaces {
        for (t, triangle) in surface.triangles.iter().enumerate() {
            let cross = surface.triangle_cross(t);
            let length = cross.iter().map(|c| c * c).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
            let normal = cross.map(|c| c / length);
            let corners = triangle.iter().flat_map(|i| surface.points[*i as usize].map(|c| c * scale));
            for c in normal.into_iter().chain(corners) {
                out.extend_from_slice(&(c as f32).to_le_bytes());
            }
            out.extend_from_slice(&[0, 0]);
        }
    }
    out
}
