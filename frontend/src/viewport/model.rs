//! The bodies on screen: what the renderer uploads and what the pointer searches, made from one set of surfaces.

use super::bvh::{Aabb, Bvh};
use super::camera::Ball;
use app::viewport::Pick;
use glam::{DVec3, Vec2, Vec3};
use solver::surface::SurfaceMesh;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// One body, with its place in the model's numbering of faces and edges.
#[derive(Debug)]
pub struct Body {
    pub name: String,
    /// sRGB.
    pub colour: [u8; 3],
    pub surface: Arc<SurfaceMesh>,
    pub first_face: u32,
    pub first_edge: u32,
    pub first_point: u32,
    /// Points where edges end.
    pub corners: Vec<u32>,
    index: OnceCell<Index>,
}

/// Search trees of a body, made when first asked for.
#[derive(Debug)]
pub struct Index {
    pub triangles: Bvh,
    pub segments: Bvh,
    /// Edge and position in its polyline, by segment.
    pub segment: Vec<(u32, u32)>,
}

impl Body {
    pub fn point(&self, i: u32) -> DVec3 {
        DVec3::from_array(self.surface.points[i as usize])
    }

    pub fn triangle(&self, t: u32) -> [DVec3; 3] {
        self.surface.triangles[t as usize].map(|i| self.point(i))
    }

    pub fn is_indexed(&self) -> bool {
        self.index.get().is_some()
    }

    pub fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let boxes: Vec<Aabb> =
                (0..self.surface.triangles.len()).map(|t| Aabb::of(self.triangle(t as u32))).collect();
            let mut segment = Vec::new();
            for (e, edge) in self.surface.edges.iter().enumerate() {
                segment.extend((1..edge.points.len()).map(|i| (e as u32, i as u32 - 1)));
            }
            let spans: Vec<Aabb> = segment.iter().map(|&s| Aabb::of(self.segment_ends(s))).collect();
            Index { triangles: Bvh::new(&boxes), segments: Bvh::new(&spans), segment }
        })
    }

    pub fn segment_ends(&self, (edge, i): (u32, u32)) -> [DVec3; 2] {
        let points = &self.surface.edges[edge as usize].points;
        [self.point(points[i as usize]), self.point(points[i as usize + 1])]
    }

    /// The face, edge or corner with this number, as the page names it.
    pub fn face_pick(&self, face: u32) -> Pick {
        Pick::Face { body: self.name.clone(), face: self.surface.faces[face as usize].name.clone() }
    }

    pub fn edge_pick(&self, edge: u32) -> Pick {
        Pick::Edge { body: self.name.clone(), edge: self.surface.edges[edge as usize].name.clone() }
    }

    pub fn vertex_pick(&self, point: u32) -> Pick {
        Pick::Vertex { body: self.name.clone(), point }
    }
}

#[derive(Debug, Default)]
pub struct Model {
    pub bodies: Vec<Body>,
    pub n_faces: u32,
    pub n_edges: u32,
    pub n_points: u32,
    /// Middle of the bounds: f32 positions are relative to it, so that precision does not depend on where the part lies.
    pub base: DVec3,
    pub bounds: Option<(DVec3, DVec3)>,
}

/// A body's surface before it has a place in a model.
pub struct Part {
    pub name: String,
    pub colour: [u8; 3],
    pub surface: Arc<SurfaceMesh>,
}

impl Model {
    pub fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        let mut model = Self::default();
        for Part { name, colour, surface } in parts {
            if !is_sound(&surface) {
                continue;
            }
            let mut corners: Vec<u32> = surface
                .edges
                .iter()
                .filter(|e| e.points.first() != e.points.last())
                .flat_map(|e| [e.points[0], e.points[e.points.len() - 1]])
                .collect();
            corners.sort_unstable();
            corners.dedup();
            let (n_faces, n_edges, n_points) = (surface.faces.len(), surface.edges.len(), surface.points.len());
            if let Some((lo, hi)) = surface.bounds() {
                let (lo, hi) = (DVec3::from_array(lo), DVec3::from_array(hi));
                model.bounds = Some(model.bounds.map_or((lo, hi), |(l, h)| (l.min(lo), h.max(hi))));
            }
            model.bodies.push(Body {
                name,
                colour,
                surface,
                first_face: model.n_faces,
                first_edge: model.n_edges,
                first_point: model.n_points,
                corners,
                index: OnceCell::new(),
            });
            model.n_faces += n_faces as u32;
            model.n_edges += n_edges as u32;
            model.n_points += n_points as u32;
        }
        model.base = model.bounds.map_or(DVec3::ZERO, |(lo, hi)| 0.5 * (lo + hi));
        model
    }

    pub fn ball(&self) -> Ball {
        let radius = self.bounds.map_or(0.1, |(lo, hi)| 0.5 * hi.distance(lo));
        Ball { centre: self.base, radius: radius.max(1e-6) }
    }

    pub fn body(&self, name: &str) -> Option<&Body> {
        self.bodies.iter().find(|b| b.name == name)
    }

    pub fn n_triangles(&self) -> usize {
        self.bodies.iter().map(|b| b.surface.triangles.len()).sum()
    }

    /// f32 position relative to the base.
    pub fn local(&self, p: DVec3) -> [f32; 3] {
        (p - self.base).as_vec3().to_array()
    }
}

/// Whether every index is in range and every number finite: a damaged mesh is left out rather than drawn over others.
fn is_sound(s: &SurfaceMesh) -> bool {
    let n = s.points.len() as u32;
    s.triangles.len() == s.face_of.len()
        && s.triangles.len() == s.normals.len()
        && s.triangles.iter().flatten().all(|&i| i < n)
        && s.face_of.iter().all(|&f| (f as usize) < s.faces.len())
        && s.edges.iter().all(|e| e.points.len() > 1 && e.points.iter().all(|&i| i < n))
        && s.points.iter().flatten().all(|v| v.is_finite())
}

/// Vertex arrays of all triangles; `source` is the model-wide point each vertex came from.
#[derive(Debug, Default)]
pub struct FaceArrays {
    pub positions: Vec<[f32; 3]>,
    pub normals: Vec<[i16; 2]>,
    pub faces: Vec<u32>,
    pub source: Vec<u32>,
    pub indices: Vec<u32>,
}

impl FaceArrays {
    /// Splits the welded points by face and by normal; corners that agree share a vertex.
    pub fn new(model: &Model) -> Self {
        const NONE: u32 = u32::MAX;
        let mut out = Self::default();
        let mut next: Vec<u32> = Vec::new();
        out.indices.reserve(3 * model.n_triangles());
        for body in &model.bodies {
            let mesh = &body.surface;
            let mut first = vec![NONE; mesh.points.len()];
            for (t, triangle) in mesh.triangles.iter().enumerate() {
                let face = body.first_face + mesh.face_of[t];
                for (corner, &point) in triangle.iter().enumerate() {
                    let normal = encode_normal(Vec3::from_array(mesh.normals[t][corner]));
                    let mut vertex = first[point as usize];
                    while vertex != NONE
                        && (out.faces[vertex as usize] != face || !is_near(out.normals[vertex as usize], normal))
                    {
                        vertex = next[vertex as usize];
                    }
                    if vertex == NONE {
                        vertex = out.positions.len() as u32;
                        out.positions.push(model.local(body.point(point)));
                        out.normals.push(normal);
                        out.faces.push(face);
                        out.source.push(body.first_point + point);
                        next.push(first[point as usize]);
                        first[point as usize] = vertex;
                    }
                    out.indices.push(vertex);
                }
            }
        }
        out
    }
}

fn is_near(a: [i16; 2], b: [i16; 2]) -> bool {
    (i32::from(a[0]) - i32::from(b[0])).abs() + (i32::from(a[1]) - i32::from(b[1])).abs() < 64
}

/// Triangles that meet at a smaller angle than this go on smoothly: cosine of 20°.
const SMOOTH: f32 = 0.94;

/// Sides, smaller point first, where what a generative study grew runs smoothly into the layer that it kept: there is no edge,
/// and a line would follow the triangles to and fro.
fn smooth_joints(surface: &SurfaceMesh) -> HashSet<[u32; 2]> {
    let is_one = |f: &solver::surface::Face| f.name.0.ends_with(".grown") || f.name.0.ends_with(".kept");
    let ours: Vec<bool> = surface.faces.iter().map(is_one).collect();
    let mut out = HashSet::new();
    if ours.iter().filter(|o| **o).count() < 2 {
        return out;
    }
    let mut open: HashMap<[u32; 2], usize> = HashMap::new();
    for (t, corners) in surface.triangles.iter().enumerate() {
        let face = surface.face_of[t];
        if !ours[face as usize] {
            continue;
        }
        for k in 0..3 {
            let (a, b) = (corners[k], corners[(k + 1) % 3]);
            let side = [a.min(b), a.max(b)];
            let Some(other) = open.remove(&side) else {
                open.insert(side, t);
                continue;
            };
            // Of whole corners: single triangles are slivers at times.
            let about = |t: usize| -> Vec3 {
                let on = (0..3).filter(|c| side.contains(&surface.triangles[t][*c]));
                on.map(|c| Vec3::from_array(surface.normals[t][c])).sum::<Vec3>().normalize_or_zero()
            };
            if surface.face_of[other] != face && about(t).dot(about(other)) > SMOOTH {
                out.insert(side);
            }
        }
    }
    out
}

/// Segments of all edges, drawn as quads of constant width.
#[derive(Debug, Default)]
pub struct LineArrays {
    pub a: Vec<[f32; 3]>,
    pub b: Vec<[f32; 3]>,
    pub edges: Vec<u32>,
    pub source: Vec<[u32; 2]>,
}

impl LineArrays {
    pub fn new(model: &Model) -> Self {
        let mut out = Self::default();
        for body in &model.bodies {
            let smooth = smooth_joints(&body.surface);
            for (e, edge) in body.surface.edges.iter().enumerate() {
                for pair in edge.points.windows(2) {
                    if smooth.contains(&[pair[0].min(pair[1]), pair[0].max(pair[1])]) {
                        continue;
                    }
                    out.a.push(model.local(body.point(pair[0])));
                    out.b.push(model.local(body.point(pair[1])));
                    out.edges.push(body.first_edge + e as u32);
                    out.source.push([body.first_point + pair[0], body.first_point + pair[1]]);
                }
            }
        }
        out
    }
}

/// Mesh edges inside curved faces, with the normals of their two triangles: drawn where one looks at us and the other away.
#[derive(Debug, Default)]
pub struct OutlineArrays {
    pub a: Vec<[f32; 3]>,
    pub b: Vec<[f32; 3]>,
    pub left: Vec<[i16; 2]>,
    pub right: Vec<[i16; 2]>,
    pub faces: Vec<u32>,
    pub source: Vec<[u32; 2]>,
}

impl OutlineArrays {
    /// Above this the outlines cost more than they show: dense meshes have smooth shading and are rarely prisms.
    pub const TRIANGLES_MAX: usize = 150_000;

    pub fn new(model: &Model) -> Self {
        let mut out = Self::default();
        if model.n_triangles() > Self::TRIANGLES_MAX {
            return out;
        }
        for body in &model.bodies {
            let mesh = &body.surface;
            let mut open: HashMap<(u32, u32), u32> = HashMap::with_capacity(mesh.triangles.len());
            for (t, triangle) in mesh.triangles.iter().enumerate() {
                for i in 0..3 {
                    let (a, b) = (triangle[i], triangle[(i + 1) % 3]);
                    let Some(other) = open.remove(&(b, a)) else {
                        open.insert((a, b), t as u32);
                        continue;
                    };
                    let other = other as usize;
                    if mesh.face_of[t] != mesh.face_of[other] {
                        continue;
                    }
                    let [n, m] = [t, other].map(|t| DVec3::from_array(mesh.triangle_cross(t)).normalize_or_zero());
                    if n.dot(m) > 1.0 - 1e-7 {
                        continue;
                    }
                    out.a.push(model.local(body.point(a)));
                    out.b.push(model.local(body.point(b)));
                    out.left.push(encode_normal(n.as_vec3()));
                    out.right.push(encode_normal(m.as_vec3()));
                    out.faces.push(body.first_face + mesh.face_of[t]);
                    out.source.push([body.first_point + a, body.first_point + b]);
                }
            }
        }
        out
    }
}

/// Unit vector as a point of the octahedron's unfolding, 16 bits an axis (Cigolle et al. 2014). Error below 1e-4 rad.
pub fn encode_normal(n: Vec3) -> [i16; 2] {
    let sum = n.abs().element_sum();
    if sum.is_nan() || sum <= 0.0 {
        return [0, 0];
    }
    let n = n / sum;
    let sign = |v: f32| if v < 0.0 { -1.0 } else { 1.0 };
    let p =
        if n.z >= 0.0 { n.truncate() } else { Vec2::new((1.0 - n.y.abs()) * sign(n.x), (1.0 - n.x.abs()) * sign(n.y)) };
    [(p.x * 32767.0).round() as i16, (p.y * 32767.0).round() as i16]
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn decode([x, y]: [i16; 2]) -> Vec3 {
        let p = Vec2::new(f32::from(x), f32::from(y)) / 32767.0;
        let z = 1.0 - p.x.abs() - p.y.abs();
        let fold = (-z).max(0.0);
        let shift = |v: f32| if v >= 0.0 { v - fold } else { v + fold };
        Vec3::new(shift(p.x), shift(p.y), z).normalize()
    }

    #[test]
    fn normals_survive_the_octahedron() {
        for i in 0..500 {
            let (s, c) = (i as f32 * 2.4).sin_cos();
            let z = 1.0 - 2.0 * (i as f32 + 0.5) / 500.0;
            let r = (1.0 - z * z).sqrt();
            let n = Vec3::new(r * c, r * s, z);
            assert!(decode(encode_normal(n)).distance(n) < 1e-4, "{n}");
        }
        assert_eq!(encode_normal(Vec3::ZERO), [0, 0]);
    }

    #[test]
    fn a_box_splits_into_four_vertices_a_face() {
        let model = Model::new([sample::part("block", sample::cuboid([0.0; 3], [0.1, 0.2, 0.3]))]);
        let arrays = FaceArrays::new(&model);
        assert_eq!((arrays.positions.len(), arrays.indices.len()), (24, 36));
        assert_eq!(LineArrays::new(&model).a.len(), 12);
        assert_eq!(model.bodies[0].corners.len(), 8);
        assert!(OutlineArrays::new(&model).a.is_empty());
        assert_eq!(model.base, DVec3::new(0.05, 0.1, 0.15));
    }

    #[test]
    fn no_line_is_drawn_where_what_grew_runs_on_smoothly() {
        // A face in two: first of two features, then of what grew and what was kept.
        let parted = |names: [&str; 2]| {
            let mut surface = sample::cuboid([0.0; 3], [1.0; 3]);
            let first = surface.face_of[0];
            let other = (1..surface.face_of.len()).find(|t| surface.face_of[*t] == first).unwrap();
            let mut face = surface.faces[first as usize].clone();
            surface.faces[first as usize].name.0 = names[0].into();
            face.name.0 = names[1].into();
            surface.faces.push(face);
            surface.face_of[other] = surface.faces.len() as u32 - 1;
            surface.edges = super::super::border::borders(&surface);
            LineArrays::new(&Model::new([sample::part("block", surface)])).a.len()
        };
        assert_eq!(parted(["study.grown", "box.top"]), 13);
        assert_eq!(parted(["study.grown", "study.kept"]), 12);
    }

    #[test]
    fn a_cylinder_has_outlines_along_its_wall_only() {
        let model = Model::new([sample::part("pin", sample::cylinder([0.0; 3], 0.01, 0.05, 32))]);
        let outlines = OutlineArrays::new(&model);
        assert_eq!(outlines.a.len(), 32);
        assert!(outlines.a.iter().zip(&outlines.b).all(|(a, b)| (a[2] - b[2]).abs() > 0.04));
    }

    #[test]
    fn a_damaged_mesh_is_left_out() {
        let mut bad = sample::cuboid([0.0; 3], [1.0; 3]);
        bad.triangles[3][1] = 999;
        let good = sample::part("good", sample::cuboid([0.0; 3], [1.0; 3]));
        let model = Model::new([sample::part("bad", bad), good]);
        assert_eq!(model.bodies.len(), 1);
        assert_eq!(model.bodies[0].first_face, 0);
    }
}
