//! The binary form of surfaces and scenes: what the worker posts, the store keeps and the viewport decodes.
//!
//! Little-endian, versioned. Positions are `f32` (metres: 1e-7 of the part's distance from the origin), corner normals
//! are octahedral pairs of `i16`, face numbers are runs. Names, shapes and mass ride along as JSON. Decoding trusts
//! nothing: every length and index is checked before it is used.
//!
//! ```text
//! surface  "BRSM" version:u32 n_points:u32 n_triangles:u32 n_runs:u32 n_edge_points:u32 json_bytes:u32
//!          points [n_points]×3 f32 · triangles [n_triangles]×3 u32 · normals [n_triangles]×3×2 i16
//!          runs [n_runs] (face:u32, triangles:u32) · edge points [n_edge_points] u32 · json
//! scene    "BRSC" version:u32 json_bytes:u32 json, then per body surface_bytes:u32 surface
//! ```

use super::Scene;
use crate::surface::{Edge, EdgeName, Face, SurfaceMesh};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const SURFACE_MAGIC: &[u8; 4] = b"BRSM";
const SCENE_MAGIC: &[u8; 4] = b"BRSC";
const VERSION: u32 = 1;

/// Why bytes are not a scene or a surface.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("these bytes are not a Brunel {0}")]
    Magic(&'static str),
    #[error("this {what} was written in version {found}, and this build reads version {VERSION}: reload the page")]
    Version { what: &'static str, found: u32 },
    #[error("the data ends in the middle of {0}")]
    Short(&'static str),
    #[error("the data is damaged: {0} points outside its list")]
    Index(&'static str),
    #[error("the data is damaged: its description cannot be read")]
    Json,
}

#[derive(Serialize, Deserialize)]
struct Header {
    faces: Vec<Face>,
    edges: Vec<EdgeHeader>,
}

#[derive(Serialize, Deserialize)]
struct EdgeHeader {
    name: EdgeName,
    length: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    radius: Option<f64>,
    n_points: u32,
}

/// Reads forward through bytes, never past their end.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or(DecodeError::Short(what))?;
        self.rest = rest;
        Ok(head)
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        let bytes = self.take(4, what)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// `n` words of four bytes, checked for length before anything is allocated.
    fn words(&mut self, n: usize, what: &'static str) -> Result<impl Iterator<Item = [u8; 4]> + 'a, DecodeError> {
        let bytes = self.take(n.checked_mul(4).ok_or(DecodeError::Short(what))?, what)?;
        Ok(bytes.chunks_exact(4).map(|c| [c[0], c[1], c[2], c[3]]))
    }

    fn start(&mut self, magic: &[u8; 4], what: &'static str) -> Result<(), DecodeError> {
        if self.take(4, what).map_err(|_| DecodeError::Magic(what))? != magic {
            return Err(DecodeError::Magic(what));
        }
        match self.u32(what)? {
            VERSION => Ok(()),
            found => Err(DecodeError::Version { what, found }),
        }
    }
}

fn put(out: &mut Vec<u8>, n: usize) {
    // Lists are bounded by memory on wasm32; a longer one cannot have been built.
    out.extend_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes());
}

/// Unit vector to a point of the octahedron, unfolded to `[-1, 1]²` and quantised.
///
/// Source: Cigolle et al., "A Survey of Efficient Representations for Independent Unit Vectors", JCGT 3(2), 2014.
fn octahedral(n: [f32; 3]) -> [i16; 2] {
    let sum = n[0].abs() + n[1].abs() + n[2].abs();
    if !sum.is_finite() || sum <= 0.0 {
        return [0, 0];
    }
    let (x, y) = (n[0] / sum, n[1] / sum);
    let sign = |v: f32| if v < 0.0 { -1.0 } else { 1.0 };
    let (u, v) = if n[2] < 0.0 { ((1.0 - y.abs()) * sign(x), (1.0 - x.abs()) * sign(y)) } else { (x, y) };
    let quantise = |v: f32| (v.clamp(-1.0, 1.0) * 32767.0).round() as i16;
    [quantise(u), quantise(v)]
}

fn from_octahedral(q: [i16; 2]) -> [f32; 3] {
    let [u, v] = q.map(|c| (f32::from(c) / 32767.0).max(-1.0));
    let z = 1.0 - u.abs() - v.abs();
    let fold = (-z).max(0.0);
    let x = u - fold.copysign(u);
    let y = v - fold.copysign(v);
    let length = (x * x + y * y + z * z).sqrt();
    [x / length, y / length, z / length]
}

impl SurfaceMesh {
    /// The surface as bytes; see the module for the layout. Positions lose precision to `f32`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for &face in &self.face_of {
            match runs.last_mut() {
                Some((last, n)) if *last == face => *n += 1,
                _ => runs.push((face, 1)),
            }
        }
        let header = Header {
            faces: self.faces.clone(),
            edges: self
                .edges
                .iter()
                .map(|e| EdgeHeader {
                    name: e.name.clone(),
                    length: e.length,
                    radius: e.radius,
                    n_points: e.points.len() as u32,
                })
                .collect(),
        };
        // Plain structs of strings and numbers always serialise.
        let json = serde_json::to_vec(&header).unwrap_or_default();
        let n_edge_points: usize = self.edges.iter().map(|e| e.points.len()).sum();
        let size = 28 + 12 * self.points.len() + 24 * self.triangles.len() + 8 * runs.len() + 4 * n_edge_points;
        let mut out = Vec::with_capacity(size + json.len());
        out.extend_from_slice(SURFACE_MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        for n in [self.points.len(), self.triangles.len(), runs.len(), n_edge_points, json.len()] {
            put(&mut out, n);
        }
        for c in self.points.iter().flatten() {
            out.extend_from_slice(&(*c as f32).to_le_bytes());
        }
        for i in self.triangles.iter().flatten() {
            out.extend_from_slice(&i.to_le_bytes());
        }
        for t in 0..self.triangles.len() {
            for n in self.normals.get(t).copied().unwrap_or_default() {
                for q in octahedral(n) {
                    out.extend_from_slice(&q.to_le_bytes());
                }
            }
        }
        for (face, n) in runs {
            out.extend_from_slice(&face.to_le_bytes());
            out.extend_from_slice(&n.to_le_bytes());
        }
        for i in self.edges.iter().flat_map(|e| &e.points) {
            out.extend_from_slice(&i.to_le_bytes());
        }
        out.extend_from_slice(&json);
        out
    }

    /// Reads [`SurfaceMesh::to_bytes`] back.
    ///
    /// # Errors
    /// [`DecodeError`] for bytes that are short, foreign, of another version, or whose indices do not fit.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader { rest: bytes };
        r.start(SURFACE_MAGIC, "surface")?;
        let n_points = r.u32("its counts")?;
        let n_triangles = r.u32("its counts")? as usize;
        let n_runs = r.u32("its counts")? as usize;
        let n_edge_points = r.u32("its counts")? as usize;
        let n_json = r.u32("its counts")? as usize;
        let triple = |n: usize, what| n.checked_mul(3).ok_or(DecodeError::Short(what));

        let coordinates: Vec<f64> = r
            .words(triple(n_points as usize, "the points")?, "the points")?
            .map(|w| f64::from(f32::from_le_bytes(w)))
            .collect();
        if coordinates.iter().any(|c| !c.is_finite()) {
            return Err(DecodeError::Index("a point"));
        }
        let points = coordinates.chunks_exact(3).map(|c| [c[0], c[1], c[2]]).collect();
        let corners: Vec<u32> =
            r.words(triple(n_triangles, "the triangles")?, "the triangles")?.map(u32::from_le_bytes).collect();
        if corners.iter().any(|i| *i >= n_points) {
            return Err(DecodeError::Index("a triangle"));
        }
        let triangles = corners.chunks_exact(3).map(|c| [c[0], c[1], c[2]]).collect();
        let corner_normals: Vec<[f32; 3]> = r
            .words(triple(n_triangles, "the normals")?, "the normals")?
            .map(|w| from_octahedral([i16::from_le_bytes([w[0], w[1]]), i16::from_le_bytes([w[2], w[3]])]))
            .collect();
        let normals = corner_normals.chunks_exact(3).map(|c| [c[0], c[1], c[2]]).collect();
        let runs: Vec<u32> = r
            .words(n_runs.checked_mul(2).ok_or(DecodeError::Short("the faces"))?, "the faces")?
            .map(u32::from_le_bytes)
            .collect();
        let edge_points: Vec<u32> = r.words(n_edge_points, "the edges")?.map(u32::from_le_bytes).collect();
        if edge_points.iter().any(|i| *i >= n_points) {
            return Err(DecodeError::Index("an edge"));
        }
        let header: Header = serde_json::from_slice(r.take(n_json, "the names")?).map_err(|_| DecodeError::Json)?;

        let mut face_of = Vec::with_capacity(n_triangles);
        for run in runs.chunks_exact(2) {
            // Checked before extending, so that a forged run cannot ask for memory.
            if run[0] as usize >= header.faces.len() || run[1] as usize > n_triangles - face_of.len() {
                return Err(DecodeError::Index("a face"));
            }
            face_of.resize(face_of.len() + run[1] as usize, run[0]);
        }
        if face_of.len() != n_triangles {
            return Err(DecodeError::Index("a face"));
        }
        let mut rest = edge_points.as_slice();
        let mut edges = Vec::with_capacity(header.edges.len());
        for e in header.edges {
            let (own, tail) = rest.split_at_checked(e.n_points as usize).ok_or(DecodeError::Index("an edge"))?;
            rest = tail;
            edges.push(Edge { name: e.name, points: own.to_vec(), length: e.length, radius: e.radius });
        }
        Ok(Self { points, triangles, face_of, normals, faces: header.faces, edges })
    }
}

impl Scene {
    /// The scene as bytes; equal scenes give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let json = serde_json::to_vec(self).unwrap_or_default();
        let mut out = Vec::with_capacity(12 + json.len());
        out.extend_from_slice(SCENE_MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        put(&mut out, json.len());
        out.extend_from_slice(&json);
        for body in &self.bodies {
            let surface = body.surface.to_bytes();
            put(&mut out, surface.len());
            out.extend_from_slice(&surface);
        }
        out
    }

    /// Reads [`Scene::to_bytes`] back.
    ///
    /// # Errors
    /// [`DecodeError`]; never panics, whatever the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader { rest: bytes };
        r.start(SCENE_MAGIC, "scene")?;
        let n = r.u32("its description")? as usize;
        let mut scene: Self = serde_json::from_slice(r.take(n, "its description")?).map_err(|_| DecodeError::Json)?;
        for body in &mut scene.bodies {
            let n = r.u32("a body")? as usize;
            body.surface = Arc::new(SurfaceMesh::from_bytes(r.take(n, "a body")?)?);
        }
        Ok(scene)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::SceneBody;
    use crate::surface::{FaceName, MassProperties, Representation, Shape};
    use proptest::prelude::*;

    fn tetrahedron() -> SurfaceMesh {
        let name = FaceName("a.side".into());
        let shape = Shape::Plane { point: [0.0; 3], normal: [0.0, 0.0, 1.0] };
        let up = [[0.0, 0.6, 0.8]; 3];
        SurfaceMesh {
            points: vec![[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.25, 0.0], [0.0, 0.0, 0.125]],
            triangles: vec![[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]],
            face_of: vec![0, 0, 1, 0],
            normals: vec![up, up, up, [[0.0, 0.0, -1.0]; 3]],
            faces: vec![
                Face { name: name.clone(), shape, area: 1.0 },
                Face { name: FaceName("a.top".into()), shape, area: 2.0 },
            ],
            edges: vec![Edge {
                name: EdgeName::between(name, FaceName("a.top".into()), 1),
                points: vec![0, 1],
                length: 0.5,
                radius: Some(0.2),
            }],
        }
    }

    fn scene() -> Scene {
        let body = |surface| SceneBody {
            name: "a".into(),
            label: "A".into(),
            material: "steel".into(),
            representation: Representation::Exact,
            mass: MassProperties::default(),
            surface: Arc::new(surface),
        };
        Scene { bodies: vec![body(tetrahedron()), body(SurfaceMesh::default())], ..Scene::default() }
    }

    #[test]
    fn a_scene_comes_back() {
        let back = Scene::from_bytes(&scene().to_bytes()).expect("own bytes");
        assert_eq!(back.bodies.len(), 2);
        let (a, b) = (&*back.bodies[0].surface, tetrahedron());
        assert_eq!(
            (&a.points, &a.triangles, &a.face_of, &a.faces, &a.edges),
            (&b.points, &b.triangles, &b.face_of, &b.faces, &b.edges)
        );
        for (n, m) in a.normals.iter().flatten().zip(b.normals.iter().flatten()) {
            assert!((0..3).all(|i| (n[i] - m[i]).abs() < 1e-4), "{n:?} {m:?}");
        }
    }

    #[test]
    fn octahedral_normals_keep_their_direction() {
        for i in 0..2000 {
            let (t, z) = (f32::sqrt(2.0) * i as f32, i as f32 / 1000.0 - 1.0);
            let r = (1.0 - z * z).max(0.0).sqrt();
            let n = [r * t.cos(), r * t.sin(), z];
            let m = from_octahedral(octahedral(n));
            let cosine: f32 = (0..3).map(|k| n[k] * m[k]).sum();
            assert!(cosine > 1.0 - 1e-6, "{n:?} became {m:?}");
        }
    }

    #[test]
    fn every_truncation_is_refused() {
        let bytes = scene().to_bytes();
        for n in 0..bytes.len() {
            assert!(Scene::from_bytes(&bytes[..n]).is_err(), "{n} of {} bytes passed", bytes.len());
        }
    }

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
            let mut bytes = scene().to_bytes();
            for (at, to) in changes {
                let at = at.index(bytes.len());
                bytes[at] = to;
            }
            if let Ok(scene) = Scene::from_bytes(&bytes) {
                for body in scene.bodies {
                    let n = body.surface.points.len();
                    prop_assert!(body.surface.triangles.iter().flatten().all(|i| (*i as usize) < n));
                }
            }
        }
    }
}
