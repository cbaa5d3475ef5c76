//! Wavefront OBJ: shared points, polygons, groups. Source: Wavefront, Advanced Visualizer manual, appendix B1.

use super::{FormatError, TRIANGLES_MAX, Triangles};
use crate::surface::SurfaceMesh;
use std::fmt::Write;

/// Reads every object and group as one surface; polygons become triangles; materials are ignored.
///
/// # Errors
/// [`FormatError`] for text that is no OBJ, or that refers to points it does not have.
pub fn read(bytes: &[u8]) -> Result<Triangles, FormatError> {
    let malformed = |reason: String| FormatError::Malformed { format: "OBJ", reason };
    // Counted before anything is kept, so that a hostile file costs no memory.
    if n_triangles(bytes) > TRIANGLES_MAX {
        return Err(FormatError::TooManyTriangles);
    }
    check_corners(bytes).map_err(malformed)?;
    let options =
        tobj::LoadOptions { triangulate: true, ignore_points: true, ignore_lines: true, ..Default::default() };
    let (models, _) = tobj::load_obj_buf(&mut &bytes[..], &options, |_| Err(tobj::LoadError::GenericFailure))
        .map_err(|e| malformed(e.to_string()))?;
    let mut out = Triangles::default();
    // Every model carries its own points; the same place in two groups is one point of the body.
    let mut index: std::collections::HashMap<[u32; 3], u32> = std::collections::HashMap::new();
    for model in models {
        let mesh = model.mesh;
        if mesh.positions.iter().any(|c| !c.is_finite()) {
            return Err(malformed("a coordinate is not a number".into()));
        }
        let mut corner = |i: u32| {
            let at = 3 * i as usize;
            let p = mesh.positions.get(at..at + 3).ok_or_else(|| malformed(format!("there is no point {i}")))?;
            let key = [p[0], p[1], p[2]].map(|c| (c + 0.0).to_bits());
            Ok(*index.entry(key).or_insert_with(|| {
                out.points.push([p[0], p[1], p[2]].map(f64::from));
                out.points.len() as u32 - 1
            }))
        };
        let mut triangles = Vec::with_capacity(mesh.indices.len() / 3);
        for t in mesh.indices.chunks_exact(3) {
            triangles.push([corner(t[0])?, corner(t[1])?, corner(t[2])?]);
        }
        out.triangles.append(&mut triangles);
    }
    Ok(out)
}

/// Refuses corners of faces and lines that the reader would compute with before it looks whether they exist: zero, before
/// the first point, or beyond any file.
fn check_corners(bytes: &[u8]) -> Result<(), String> {
    const INDEX_MAX: i64 = 1 << 40;
    // Points, texture points and normals so far: a negative index counts back from them.
    let mut seen = [0i64; 3];
    for (n, line) in bytes.split(|b| *b == b'\n').enumerate() {
        let mut words = line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
        match words.next() {
            Some(b"v") => seen[0] += 1,
            Some(b"vt") => seen[1] += 1,
            Some(b"vn") => seen[2] += 1,
            Some(b"f" | b"l") => {
                for word in words {
                    let shown = || String::from_utf8_lossy(&word[..word.len().min(40)]).into_owned();
                    let at = |what: &str| format!("line {}: the corner '{}' {what}", n + 1, shown());
                    if word.starts_with(b"/") {
                        return Err(at("names no point"));
                    }
                    for (part, seen) in word.split(|b| *b == b'/').zip(seen).filter(|p| !p.0.is_empty()) {
                        let index = std::str::from_utf8(part).ok().and_then(|t| t.parse::<i64>().ok());
                        let index = index.ok_or_else(|| at("is not a number"))?;
                        if index == 0 || index < -seen || index > INDEX_MAX {
                            return Err(at("refers to something the file does not have"));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// How many triangles the faces of an OBJ text come to.
fn n_triangles(bytes: &[u8]) -> usize {
    let faces = bytes.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_start).filter_map(|line| line.strip_prefix(b"f"));
    faces
        .filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))
        .map(|rest| {
            let corners = rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count();
            corners.saturating_sub(2)
        })
        .sum()
}

/// Writes one object per body and one group per face; `scale` turns metres into the file's unit (1000 for mm).
pub fn write(bodies: &[(&str, &SurfaceMesh)], scale: f64) -> Vec<u8> {
    // Names stand to the end of their line.
    let line = |name: &str| name.replace(|c: char| c.is_control(), " ");
    let mut text = String::from("# Brunel\n");
    let mut first = 1;
    for (name, surface) in bodies {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "o {}", line(name));
        for p in &surface.points {
            let [x, y, z] = p.map(|c| c * scale);
            let _ = writeln!(text, "v {x} {y} {z}");
        }
        let mut face = None;
        for (t, triangle) in surface.triangles.iter().enumerate() {
            let of = surface.face_of.get(t).copied();
            if of != face {
                face = of;
                if let Some(f) = of.and_then(|f| surface.faces.get(f as usize)) {
                    let _ = writeln!(text, "g {}", line(&f.name.0));
                }
            }
            let [a, b, c] = triangle.map(|i| i as usize + first);
            let _ = writeln!(text, "f {a} {b} {c}");
        }
        first += surface.points.len();
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_that_refer_to_nothing_are_refused_with_their_line() {
        let good = "v 0 0 0\nv 1 0 0\nv 0 1 0\nvn 0 0 1\n";
        for (face, why) in [
            ("f 0 1 2", "line 5: the corner '0' refers to something"),
            ("f 1 2 -4", "line 5: the corner '-4' refers to something"),
            ("f 1//0 2//1 3//1", "line 5: the corner '1//0' refers to something"),
            ("f 1//-9223372036854775808 2//1 3//1", "refers to something"),
            ("f 1 2 9223372036854775807", "refers to something"),
            ("f 1//x 2 3", "is not a number"),
            ("f /1/1 2 3", "names no point"),
            ("l 0 1", "line 5: the corner '0' refers to something"),
        ] {
            let error = read(format!("{good}{face}\n").as_bytes()).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains(why), "{face}: {error}");
        }
        assert!(read(format!("{good}f -3//1 -2//-1 -1//1\n").as_bytes()).is_ok());
        assert!(read(format!("{good}f 1 2 7\n").as_bytes()).is_err());
    }
}
