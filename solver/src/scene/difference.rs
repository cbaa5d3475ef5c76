//! What is other in one scene than in another, face by face, as surfaces to lay over the picture.

use super::Scene;
use crate::surface::{Face, FaceName, Shape, SurfaceMesh};
use std::collections::{BTreeMap, BTreeSet};

/// Points that lie closer than this share of the scene's size are one: far below what anyone sees or makes, far above
/// the rounding of a rebuild.
const SAME: f64 = 1e-7;

/// Faces of one kind as one surface.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    pub surface: SurfaceMesh,
    pub n_faces: usize,
}

/// The faces that are other in a scene than in the one before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SceneDifference {
    /// Of the scene after: under a name that was not there.
    pub added: Patch,
    /// Of the scene after: under a name that was there, moved, reshaped or trimmed otherwise.
    pub changed: Patch,
    /// Of the scene before: where nothing lies any more on the same plane or cylinder under this name.
    pub removed: Patch,
}

/// A face of one of the scenes.
struct Piece<'a> {
    mesh: &'a SurfaceMesh,
    index: u32,
    face: &'a Face,
    triangles: Vec<Triangle>,
}

/// Corners on the grid of [`SAME`], turned so that the smallest comes first.
type Triangle = [[i64; 3]; 3];
type Key<'a> = (&'a str, &'a FaceName);

impl SceneDifference {
    /// Compares face by face. Faces are held together by body and name; one that lies just where another lay is the same,
    /// whatever it is called.
    pub fn new(before: &Scene, after: &Scene) -> Self {
        let bounds = before.bounds().into_iter().chain(after.bounds());
        let reach = bounds.flat_map(|(lo, hi)| lo.into_iter().chain(hi)).fold(0.0_f64, |r, v| r.max(v.abs()));
        let grid = (reach * SAME).max(f64::MIN_POSITIVE);
        let (old, new) = (pieces(before, grid), pieces(after, grid));
        let (lay, lies) = (places(&old), places(&new));
        let mut out = Self::default();
        for (key, faces) in &new {
            for piece in faces.iter().filter(|p| !lay.contains(&p.triangles)) {
                let patch = if old.contains_key(key) { &mut out.changed } else { &mut out.added };
                patch.take(piece);
            }
        }
        for (key, faces) in &old {
            let now = new.get(key).map_or(&[][..], Vec::as_slice);
            for piece in faces.iter().filter(|p| !lies.contains(&p.triangles)) {
                // What was trimmed otherwise is shown once, as it is now.
                if !now.iter().any(|n| is_one_carrier(&n.face.shape, &piece.face.shape, grid)) {
                    out.removed.take(piece);
                }
            }
        }
        out
    }

    pub fn is_empty(&self) -> bool {
        self.added.n_faces + self.changed.n_faces + self.removed.n_faces == 0
    }
}

impl Patch {
    fn take(&mut self, piece: &Piece) {
        let to = &mut self.surface;
        let face = to.faces.len() as u32;
        to.faces.push(piece.face.clone());
        self.n_faces += 1;
        let mut moved: BTreeMap<u32, u32> = BTreeMap::new();
        for (t, triangle) in piece.mesh.triangles.iter().enumerate() {
            if piece.mesh.face_of[t] != piece.index {
                continue;
            }
            let corners = triangle.map(|i| {
                *moved.entry(i).or_insert_with(|| {
                    to.points.push(piece.mesh.points[i as usize]);
                    to.points.len() as u32 - 1
                })
            });
            to.triangles.push(corners);
            to.face_of.push(face);
            to.normals.push(piece.mesh.normals[t]);
        }
    }
}

fn pieces(scene: &Scene, grid: f64) -> BTreeMap<Key<'_>, Vec<Piece<'_>>> {
    let mut out: BTreeMap<Key<'_>, Vec<Piece<'_>>> = BTreeMap::new();
    for body in &scene.bodies {
        let mesh = &*body.surface;
        let mut triangles: Vec<Vec<Triangle>> = vec![Vec::new(); mesh.faces.len()];
        for (t, corners) in mesh.triangles.iter().enumerate() {
            let on_grid = |i: u32| mesh.points[i as usize].map(|v| (v / grid).round() as i64);
            let mut triangle = corners.map(on_grid);
            let first = (0..3).min_by_key(|i| triangle[*i]).unwrap_or(0);
            triangle.rotate_left(first);
            triangles[mesh.face_of[t] as usize].push(triangle);
        }
        for ((index, face), mut triangles) in (0..).zip(&mesh.faces).zip(triangles) {
            triangles.sort_unstable();
            let key = (body.name.as_str(), &face.name);
            out.entry(key).or_default().push(Piece { mesh, index, face, triangles });
        }
    }
    out
}

fn places<'a>(pieces: &'a BTreeMap<Key<'_>, Vec<Piece<'_>>>) -> BTreeSet<&'a Vec<Triangle>> {
    pieces.values().flatten().map(|p| &p.triangles).collect()
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Whether two faces lie on the same surface, however they are trimmed. `near`: m.
fn is_one_carrier(a: &Shape, b: &Shape, near: f64) -> bool {
    /// Directions with a larger cosine between them are one.
    const PARALLEL: f64 = 1.0 - 1e-12;
    let between = |p: [f64; 3], q: [f64; 3]| [p[0] - q[0], p[1] - q[1], p[2] - q[2]];
    match (a, b) {
        (Shape::Plane { point: p, normal: m }, Shape::Plane { point: q, normal: n }) => {
            dot(*m, *n) > PARALLEL && dot(between(*p, *q), *n).abs() < near
        }
        (Shape::Cylinder { point: p, axis: a, radius: r }, Shape::Cylinder { point: q, axis: b, radius: s }) => {
            let way = between(*p, *q);
            let along = dot(way, *b);
            dot(*a, *b).abs() > PARALLEL
                && (dot(way, way) - along * along).max(0.0).sqrt() < near
                && (r - s).abs() < near
        }
        (Shape::Freeform, _) => false,
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::SceneBody;
    use std::sync::Arc;

    /// Squares in planes across z: name, height, side; m.
    fn scene(squares: &[(&str, f64, f64)]) -> Scene {
        let mut surface = SurfaceMesh::default();
        for (i, (name, z, side)) in (0_u32..).zip(squares) {
            let shape = Shape::Plane { point: [0.0, 0.0, *z], normal: [0.0, 0.0, 1.0] };
            surface.faces.push(Face { name: FaceName((*name).into()), shape, area: side * side });
            surface.points.extend([[0.0, 0.0, *z], [*side, 0.0, *z], [*side, *side, *z], [0.0, *side, *z]]);
            for corners in [[0, 1, 2], [0, 2, 3]] {
                surface.triangles.push(corners.map(|c| c + 4 * i));
                surface.face_of.push(i);
                surface.normals.push([[0.0, 0.0, 1.0]; 3]);
            }
        }
        let body = SceneBody {
            name: "b".into(),
            label: "B".into(),
            material: String::new(),
            representation: crate::surface::Representation::Exact,
            mass: crate::surface::MassProperties::default(),
            surface: Arc::new(surface),
        };
        Scene { bodies: vec![body], ..Scene::default() }
    }

    fn names(patch: &Patch) -> Vec<&str> {
        assert_eq!(patch.n_faces, patch.surface.faces.len());
        assert_eq!(patch.surface.triangles.len(), 2 * patch.n_faces, "each square whole");
        patch.surface.faces.iter().map(|f| f.name.0.as_str()).collect()
    }

    #[test]
    fn faces_are_told_apart_by_what_became_of_them() {
        let before = scene(&[("p.top", 0.1, 1.0), ("p.side", 0.2, 1.0), ("p.gone", 0.3, 1.0), ("p.bottom", 0.0, 1.0)]);
        // The top is trimmed, the side has moved, the bottom is as it was to within rounding.
        let after = scene(&[("p.top", 0.1, 0.5), ("p.side", 0.25, 1.0), ("q.new", 0.4, 1.0), ("p.bottom", 1e-12, 1.0)]);
        let found = SceneDifference::new(&before, &after);
        assert_eq!(names(&found.added), ["q.new"]);
        assert_eq!(names(&found.changed), ["p.side", "p.top"]);
        assert_eq!(names(&found.removed), ["p.gone", "p.side"], "the side where it was; the top lies there still");
        assert!(SceneDifference::new(&before, &before).is_empty());
    }

    #[test]
    fn another_name_at_the_same_place_is_no_change() {
        let found = SceneDifference::new(&scene(&[("p.top", 0.1, 1.0)]), &scene(&[("q.cap", 0.1, 1.0)]));
        assert!(found.is_empty());
        let all = SceneDifference::new(&Scene::default(), &scene(&[("p.top", 0.1, 1.0)]));
        assert_eq!((names(&all.added), all.removed.n_faces), (vec!["p.top"], 0));
    }
}
