//! File formats: bytes in, values out, limits beside them.
//!
//! Nothing here opens a file. STL, OBJ and input decks carry bare numbers, and whoever reads them says what they mean; 3MF
//! and STEP state their unit, and are read in mm.

mod archive;
pub mod csv;
pub mod glb;
pub mod inp;
pub mod obj;
pub mod part21;
pub mod step;
pub mod stl;
pub mod three_mf;
pub mod vtu;

/// Largest file read, bytes: a scan of ten million triangles.
pub const BYTES_MAX: usize = 512 << 20;
/// Most triangles taken from a file.
pub const TRIANGLES_MAX: usize = 5_000_000;

/// Triangles as a file has them: unit unknown, perhaps open, perhaps turned inside out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Triangles {
    pub points: Vec<[f64; 3]>,
    pub triangles: Vec<[u32; 3]>,
    /// By triangle where the file parts its surface, else empty: triangles of different marks belong to different faces.
    pub marks: Vec<u32>,
}

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error("'{0}' is neither .stl nor .obj nor .3mf nor .step nor .inp: export the part as one of these")]
    Unknown(String),
    #[error("line {line} of the input deck: {reason}")]
    Deck { line: usize, reason: String },
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
        Some("3mf") => three_mf::read(bytes)?,
        Some("step" | "stp") => part21::read(bytes)?,
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

/// Whether files of this name state their unit: [`read`] then gives mm.
pub fn states_unit(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    [".3mf", ".step", ".stp"].iter().any(|end| lower.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Dimension;
    use crate::result::Reading;
    use crate::study::outcome::{Field, Grade, Location, Outcome, OutcomeMesh, State, StateKind};
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
        for (name, bytes) in [
            ("a.STL", stl::write(&[&surface], 1e3)),
            ("b.obj", obj::write(&[("part 1", &surface)], 1e3)),
            ("c.step", step::write(&[("part 1", &surface)]).into_bytes()),
            #[cfg(feature = "solve")]
            ("d.3mf", three_mf::write(&[("part <1>", &surface)]).expect("packed")),
        ] {
            assert_eq!(states_unit(name), name > "c", "{name}");
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

    /// A body as a surface and as one cell, in two states.
    fn outcome() -> Outcome {
        let field = |mesh: &str, id: &str, components: u8, case: &str, n: usize| Field {
            id: id.into(),
            label: if components == 1 { "Stress, \"von Mises\"" } else { "Displacement" }.into(),
            mesh: mesh.into(),
            location: Location::Point,
            components,
            dimension: if components == 1 { Dimension::PRESSURE } else { Dimension::LENGTH },
            case: Some(case.into()),
            grade: Grade::Verified,
            values: (0..n * usize::from(components)).map(|i| i as f32).collect(),
        };
        let state = |id: &str, label: &str| State {
            id: id.into(),
            label: label.into(),
            kind: StateKind::LoadCase,
            value: None,
            dimension: Dimension::NONE,
        };
        let mut surface = tetrahedron();
        surface.normals =
            vec![[[0.0, 0.0, 1.0]; 3], [[0.0, -1.0, 0.0]; 3], [[-1.0, 0.0, 0.0]; 3], [[1.0, 0.0, 0.0]; 3]];
        let mut out = Outcome { states: vec![state("a", "Pull & push"), state("b", "Weight")], ..Outcome::default() };
        out.meshes.push(OutcomeMesh::Surface { name: "skin".into(), body: "part".into(), surface });
        out.meshes.push(OutcomeMesh::Grid {
            name: "grid".into(),
            body: "part".into(),
            origin: [0.0; 3],
            cell: 0.5,
            counts: [2, 1, 1],
            runs: vec![[0, 2]],
        });
        for case in ["a", "b"] {
            for (mesh, n) in [("skin", 4), ("grid", 12)] {
                out.fields.push(field(mesh, "von_mises", 1, case, n));
                out.fields.push(field(mesh, "displacement", 3, case, n));
            }
        }
        out
    }

    #[test]
    fn vtu_has_every_array_where_it_says() {
        let bytes = vtu::write(&outcome());
        let at = bytes.windows(3).position(|w| w == b"\n_\0" || w[..2] == *b"\n_").expect("the raw part") + 2;
        let head = std::str::from_utf8(&bytes[..at]).expect("text");
        assert_eq!(head.matches("<Piece").count(), 2);
        assert!(head.contains("NumberOfPoints=\"4\" NumberOfCells=\"4\""), "{head}");
        assert!(head.contains("NumberOfPoints=\"12\" NumberOfCells=\"2\""), "{head}");
        assert!(head.contains("Name=\"Stress, &quot;von Mises&quot; [Pa], Pull &amp; push\""), "{head}");
        // Each piece: four fields, points, connectivity, offsets, types.
        let sizes: Vec<u64> = head
            .split("offset=\"")
            .skip(1)
            .map(|rest| {
                let offset: usize = rest.split('"').next().and_then(|n| n.parse().ok()).expect("a number");
                u64::from_le_bytes(bytes[at + offset..][..8].try_into().expect("eight bytes"))
            })
            .collect();
        let piece = |points: u64, cells: u64, corners: u64| {
            [4 * points, 12 * points, 4 * points, 12 * points, 24 * points, 8 * cells * corners, 8 * cells, cells]
        };
        assert_eq!(sizes, [piece(4, 4, 3), piece(12, 2, 8)].concat());
    }

    #[test]
    fn csv_quotes_what_needs_it_and_keeps_every_point() {
        let text = csv::points(&outcome());
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert!(lines[0].starts_with("body,x m,y m,z m,\"Stress, \"\"von Mises\"\", Pull & push Pa\""), "{}", lines[0]);
        // Four points, the heading, and what follows the last line.
        assert_eq!(lines.len(), 6);
        assert!(lines[2].starts_with("part,5.0000000e-1,0,0,1.0000000e0,3.0000000e0,"), "{}", lines[2]);
        // A name must not become a formula in a colleague's spreadsheet.
        let mut hostile = outcome();
        if let OutcomeMesh::Surface { body, .. } = &mut hostile.meshes[0] {
            *body = "=1+1".into();
        }
        assert!(csv::points(&hostile).contains("\r\n'=1+1,"));
    }

    #[test]
    fn glb_is_a_container_of_a_scene() {
        let (stress, none) = (Reading::stored("von_mises", Some("b")), Reading::stored("none", None));
        let look = glb::Look { reading: &stress, scale: 0.0, range: None, colour: &|s| [(255.0 * s) as u8, 0, 0] };
        let bytes = glb::write(&outcome(), &look).expect("a scene");
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
        assert_eq!((&bytes[..4], word(4), word(8)), (&b"glTF"[..], 2, bytes.len()));
        let root: serde_json::Value = serde_json::from_slice(&bytes[20..20 + word(12)]).expect("JSON");
        // Twelve corners, none shared: the normals of the four sides differ.
        assert_eq!(root["accessors"][0]["count"], 12);
        assert_eq!(root["accessors"][0]["max"], serde_json::json!([0.5, 0.25, 0.125]));
        assert_eq!(root["accessors"][3]["count"], 12);
        let binary = 20 + word(12);
        assert_eq!(word(binary), root["buffers"][0]["byteLength"].as_u64().expect("a length") as usize);
        assert_eq!(bytes.len(), binary + 8 + word(binary));
        assert!(glb::write(&outcome(), &glb::Look { reading: &none, ..look }).is_none());
        // Narrower limits change colours and nothing else.
        let narrow = glb::write(&outcome(), &glb::Look { range: Some((0.0, 1e-9)), ..look }).expect("a scene");
        assert!(narrow.len() == bytes.len() && narrow != bytes);
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
        assert_eq!(read("a.iges", b""), Err(FormatError::Unknown("a.iges".into())));
        assert!(read("a.step", b"").is_err() && read("a.3mf", b"PK").is_err());
        assert!(read("a.stl", b"").is_err());
        assert!(read("a.obj", b"v 0 0 0\n").is_err());
        assert!(read("a.obj", b"v 0 0 0\nf 1 2 9\n").is_err());
        assert!(read("a.obj", b"v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n").is_err());
    }

    proptest! {
        #[test]
        fn damaged_files_never_panic(at in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
            for (name, bytes) in [
                ("a.stl", stl::write(&[&tetrahedron()], 1.0)),
                ("a.obj", obj::write(&[("p", &tetrahedron())], 1.0)),
                ("a.step", step::write(&[("p", &tetrahedron())]).into_bytes()),
                #[cfg(feature = "solve")]
                ("a.3mf", three_mf::write(&[("p", &tetrahedron())]).expect("packed")),
            ] {
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
