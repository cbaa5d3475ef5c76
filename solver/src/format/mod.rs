//! File formats: bytes in, values out, limits beside them.
//!
//! Nothing here opens a file. A format knows no unit: STL and OBJ carry bare numbers, and whoever reads them says what
//! they mean.

pub mod obj;
pub mod stl;

/// Largest file read, bytes: a scan of ten million triangles.
pub const BYTES_MAX: usize = 512 << 20;
/// Most triangles taken from a file.
pub const TRIANGLES_MAX: usize = 5_000_000;

/// Triangles as a file has them: unit unknown, perhaps open, perhaps turned inside out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Triangles {
    pub points: Vec<[f64; 3]>,
    pub triangles: Vec<[u32; 3]>,
}

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error("'{0}' is neither .stl nor .obj: export the part as one of these")]
    Unknown(String),
    #[error("the file is larger than {} MB: reduce it first", BYTES_MAX >> 20)]
    TooLarge,
    #[error("the file holds more than {TRIANGLES_MAX} triangles: reduce it first")]
    TooManyTriangles,
    #[error("this is no {format} file that can be read: {reason}. Export the part again")]
    Malformed { format: &'static str, reason: String },
    #[error("the file holds no triangles: export the part as a surface mesh")]
    Empty,
}

/// Reads a surface by the extension of its file's name.
///
/// # Errors
/// [`FormatError`], for the person who chose the file.
pub fn read(name: &str, bytes: &[u8]) -> Result<Triangles, FormatError> {
    if bytes.len() > BYTES_MAX {
        return Err(FormatError::TooLarge);
    }
    let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    let out = match extension.as_deref() {
        Some("stl") => stl::read(bytes)?,
        Some("obj") => obj::read(bytes)?,
        _ => return Err(FormatError::Unknown(name.into())),
    };
    if out.triangles.is_empty() {
        return Err(FormatError::Empty);
    }
    if out.triangles.len() > TRIANGLES_MAX {
        return Err(FormatError::TooManyTriangles);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::{Face, FaceName, Shape, SurfaceMesh};
    use proptest::prelude::*;

    fn tetrahedron() -> SurfaceMesh {
        let shape = Shape::Freeform;
        SurfaceMesh {
            points: vec![[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.25, 0.0], [0.0, 0.0, 0.125]],
            triangles: vec![[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]],
            face_of: vec![0, 1, 0, 0],
            faces: vec![
                Face { name: FaceName("a.side".into()), shape, area: 1.0 },
                Face { name: FaceName("a.front".into()), shape, area: 1.0 },
            ],
            ..SurfaceMesh::default()
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let surface = tetrahedron();
        for (name, bytes) in
            [("a.STL", stl::write(&[&surface], 1e3)), ("b.obj", obj::write(&[("part 1", &surface)], 1e3))]
        {
            let back = read(name, &bytes).expect(name);
            assert_eq!(back.triangles.len(), 4, "{name}");
            assert_eq!(back.points.len(), 4, "{name}: corners are shared");
            let corner = |t: usize, k: usize| back.points[back.triangles[t][k] as usize];
            for (t, triangle) in surface.triangles.iter().enumerate() {
                for (k, i) in triangle.iter().enumerate() {
                    let want = surface.points[*i as usize].map(|c| c * 1e3);
                    assert_eq!(corner(t, k), want, "{name}");
                }
            }
        }
    }

    #[test]
    fn ascii_stl_and_polygons_are_read() {
        let text = "solid x\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1e0 0\nendloop\nendfacet\nendsolid x\n";
        assert_eq!(read("x.stl", text.as_bytes()).expect("ascii").triangles.len(), 1);
        let quad = b"o q\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1 2 3 4\n";
        assert_eq!(read("q.obj", quad).expect("a quad").triangles.len(), 2);
    }

    #[test]
    fn what_is_no_surface_is_refused() {
        assert_eq!(read("a.step", b""), Err(FormatError::Unknown("a.step".into())));
        assert!(read("a.stl", b"").is_err());
        assert!(read("a.obj", b"v 0 0 0\n").is_err());
        assert!(read("a.obj", b"v 0 0 0\nf 1 2 9\n").is_err());
        assert!(read("a.obj", b"v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n").is_err());
    }

    proptest! {
        #[test]
        fn damaged_files_never_panic(at in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
            for (name, bytes) in [("a.stl", stl::write(&[&tetrahedron()], 1.0)), ("a.obj", obj::write(&[("p", &tetrahedron())], 1.0))] {
                let mut bytes = bytes;
                for (i, to) in &at {
                    let i = i.index(bytes.len());
                    bytes[i] = *to;
                }
                let _ = read(name, &bytes);
                let _ = read(name, &bytes[..cut.index(bytes.len())]);
            }
        }
    }
}
