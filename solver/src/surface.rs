//! The surface of a body as everyone downstream sees it: triangles that know their face, edges that know their name.
//!
//! Plain values without a kernel behind them, so that the page, the viewport, the mesher and the artefact store share
//! one vocabulary. All lengths in metres, all points in world space.

use glam::DVec3;
use serde::{Deserialize, Serialize};

/// Name of a face: the feature that made it and the part of that feature, `pocket_2.side`. Opaque outside `geometry`.
///
/// A name survives every edit that keeps the feature. When a face is split, the name selects all its pieces. A copy
/// carries the pattern or mirror that made it and its number: `hole_1.wall#pattern_2.3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaceName(pub String);

impl FaceName {
    /// The id of the feature that made the face.
    pub fn feature(&self) -> &str {
        let end = self.0.find(['.', '#']).unwrap_or(self.0.len());
        &self.0[..end]
    }

    /// Which part of the feature it is: `top`, `wall`, `side2`; a blend names the edge it rounds in brackets.
    pub fn part(&self) -> &str {
        let rest = &self.0[self.feature().len()..];
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        &rest[..outside_brackets(rest, '#').next().unwrap_or(rest.len())]
    }

    /// The patterns and mirrors that copied it, in order, each with the number of the copy; the original is 1.
    pub fn instances(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut at: Vec<usize> = outside_brackets(&self.0, '#').collect();
        at.push(self.0.len());
        at.windows(2)
            .map(|w| &self.0[w[0] + 1..w[1]])
            .map(|text| text.rsplit_once('.').unwrap_or((text, "")))
            .collect::<Vec<_>>()
            .into_iter()
    }
}

/// Positions of `mark` that stand outside any round bracket.
fn outside_brackets(text: &str, mark: char) -> impl Iterator<Item = usize> + '_ {
    let mut depth = 0;
    text.char_indices().filter_map(move |(at, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        (c == mark && depth == 0).then_some(at)
    })
}

/// Name of an edge: the two faces it lies between, and a piece number where two faces share several edges.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EdgeName {
    /// The two faces, in ascending order.
    pub faces: [FaceName; 2],
    /// Which of the edges shared by this pair, where there are several, by position along the pair's first shared axis.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub piece: u32,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl EdgeName {
    /// The edge between `a` and `b`, in either order.
    pub fn between(a: FaceName, b: FaceName, piece: u32) -> Self {
        let faces = if a <= b { [a, b] } else { [b, a] };
        Self { faces, piece }
    }
}

impl std::fmt::Display for FaceName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for EdgeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} | {}", self.faces[0], self.faces[1])?;
        if self.piece > 0 {
            write!(f, " ({})", self.piece + 1)?;
        }
        Ok(())
    }
}

/// The analytic surface a face lies on, for measuring and for loads that need an axis. World space, m.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Shape {
    Plane { point: [f64; 3], normal: [f64; 3] },
    Cylinder { point: [f64; 3], axis: [f64; 3], radius: f64 },
    Cone { apex: [f64; 3], axis: [f64; 3], half_angle: f64 },
    Sphere { centre: [f64; 3], radius: f64 },
    Torus { centre: [f64; 3], axis: [f64; 3], major: f64, minor: f64 },
    Freeform,
}

impl Shape {
    /// The point of the surface nearest to `p`; `None` where that is not one point, and of a free form.
    pub fn nearest(&self, p: DVec3) -> Option<DVec3> {
        let on_axis = |point: &[f64; 3], axis: &[f64; 3]| {
            let (o, d) = (DVec3::from(*point), DVec3::from(*axis));
            let foot = o + d * (p - o).dot(d);
            Some((foot, (p - foot).try_normalize()?))
        };
        match self {
            Self::Plane { point, normal } => {
                let n = DVec3::from(*normal);
                Some(p - n * (p - DVec3::from(*point)).dot(n))
            }
            Self::Cylinder { point, axis, radius } => {
                let (foot, out) = on_axis(point, axis)?;
                Some(foot + out * *radius)
            }
            Self::Cone { apex, axis, half_angle } => {
                let (_, out) = on_axis(apex, axis)?;
                let apex = DVec3::from(*apex);
                // Along the line of the cone that lies in the plane of the axis and the point, on the point's side.
                let axis = DVec3::from(*axis);
                let axis = if (p - apex).dot(axis) < 0.0 { -axis } else { axis };
                let along = axis * half_angle.cos() + out * half_angle.sin().abs();
                Some(apex + along * (p - apex).dot(along))
            }
            Self::Sphere { centre, radius } => {
                let centre = DVec3::from(*centre);
                Some(centre + (p - centre).try_normalize()? * *radius)
            }
            Self::Torus { centre, axis, major, minor } => {
                let (_, out) = on_axis(centre, axis)?;
                let ring = DVec3::from(*centre) + out * *major;
                Some(ring + (p - ring).try_normalize()? * *minor)
            }
            Self::Freeform => None,
        }
    }
}

/// One named face of a surface mesh.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Face {
    pub name: FaceName,
    pub shape: Shape,
    /// True area where the kernel knows it, else the triangles' sum, m².
    pub area: f64,
}

/// One named edge, as a polyline through mesh points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    pub name: EdgeName,
    /// Indices into [`SurfaceMesh::points`], in order along the edge; closed edges repeat the first at the end.
    pub points: Vec<u32>,
    /// Arc length, m.
    pub length: f64,
    /// Radius for a circular edge, m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub radius: Option<f64>,
}

/// A closed, consistently outward-oriented triangle surface with named faces and edges.
///
/// Shapes: `points` `[n]`, `triangles` `[t]`, `face_of` `[t]` into `faces`, `normals` `[t][3]` one per corner, outward.
/// `points` are welded across faces (a closed body has every mesh edge in exactly two triangles), so that the mesher
/// can trust it; a renderer splits corners by normal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SurfaceMesh {
    pub points: Vec<[f64; 3]>,
    pub triangles: Vec<[u32; 3]>,
    pub face_of: Vec<u32>,
    pub normals: Vec<[[f32; 3]; 3]>,
    pub faces: Vec<Face>,
    pub edges: Vec<Edge>,
}

impl SurfaceMesh {
    /// Axis-aligned bounds `(min, max)`, m; `None` for an empty mesh.
    pub fn bounds(&self) -> Option<([f64; 3], [f64; 3])> {
        let mut points = self.points.iter();
        let first = *points.next()?;
        Some(points.fold((first, first), |(mut lo, mut hi), p| {
            for axis in 0..3 {
                lo[axis] = lo[axis].min(p[axis]);
                hi[axis] = hi[axis].max(p[axis]);
            }
            (lo, hi)
        }))
    }

    /// Indices of the faces that carry `name`: a split face has several.
    pub fn faces_named<'a>(&'a self, name: &'a FaceName) -> impl Iterator<Item = u32> + 'a {
        self.faces.iter().enumerate().filter(move |(_, f)| f.name == *name).map(|(i, _)| i as u32)
    }

    /// Area-weighted normal of triangle `t` times two, m² (the cross product of its sides).
    pub fn triangle_cross(&self, t: usize) -> [f64; 3] {
        let [a, b, c] = self.triangles[t].map(|i| self.points[i as usize]);
        let u = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
        let v = [c[0] - a[0], c[1] - a[1], c[2] - a[2]];
        [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]]
    }
}

/// How a body is represented, shown as a badge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Representation {
    /// B-rep: analytic faces, exact edges.
    Exact,
    /// Implicit solid, sampled on demand.
    Field,
    /// Triangles from a file.
    Imported,
}

/// Volume, area, centroid and inertia of a body of unit density.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MassProperties {
    /// m³
    pub volume: f64,
    /// m²
    pub area: f64,
    /// World, m.
    pub centroid: [f64; 3],
    /// About the centroid, per unit density, m⁵: xx, yy, zz, xy, yz, zx.
    pub inertia: [f64; 6],
}
