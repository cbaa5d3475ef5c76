//! Quadrature over faces of the true tessellated surface.

use crate::geometry::Model;
use glam::{DMat3, DVec3};

/// One quadrature point of a face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// World, m.
    pub at: DVec3,
    /// Its share of the area, m².
    pub area: f64,
    /// Outward unit normal of the triangle.
    pub normal: DVec3,
}

/// Faces taken together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    pub points: Vec<Point>,
    /// m²
    pub area: f64,
    /// Area centroid, m.
    pub centroid: DVec3,
}

/// Most quadrature points per patch; finer cells than that share points.
const POINTS_MAX: usize = 2_000_000;

impl Patch {
    /// Points on `faces` (`(body, face)` indices), at most `spacing` apart within a triangle.
    ///
    /// Every triangle is cut into similar ones no longer than `spacing`, each with three interior points: exact for
    /// polynomials of degree two on every triangle, so forces and moments of tractions linear in position are exact.
    pub fn new(model: &Model, faces: &[(usize, usize)], spacing: f64) -> Self {
        let mut patch = Self::default();
        let mut triangles: Vec<[DVec3; 3]> = Vec::new();
        for (b, body) in model.bodies.iter().enumerate() {
            let surface = body.body.surface();
            let wanted: Vec<bool> = (0..surface.faces.len()).map(|f| faces.contains(&(b, f))).collect();
            for (t, face) in surface.face_of.iter().enumerate() {
                if wanted.get(*face as usize).copied().unwrap_or(false) {
                    triangles.push(surface.triangles[t].map(|i| surface.points[i as usize].into()));
                }
            }
        }
        let area: f64 = triangles.iter().map(|[a, b, c]| 0.5 * (b - a).cross(c - a).length()).sum();
        // Keep the count within bounds whatever the spacing asked for.
        let spacing = spacing.max((6.0 * area / POINTS_MAX as f64).sqrt());
        for [a, b, c] in triangles {
            let cross = (b - a).cross(c - a);
            let length = cross.length();
            if length == 0.0 {
                continue;
            }
            let normal = cross / length;
            let longest = (b - a).length().max((c - b).length()).max((a - c).length());
            let n = (longest / spacing).ceil().clamp(1.0, 1000.0) as usize;
            let (u, v) = ((b - a) / n as f64, (c - a) / n as f64);
            let share = 0.5 * length / (n * n) as f64 / 3.0;
            for i in 0..n {
                for j in 0..n - i {
                    let p = a + u * i as f64 + v * j as f64;
                    let mut add = |p: DVec3, u: DVec3, v: DVec3| {
                        for (s, t) in [(1.0 / 6.0, 1.0 / 6.0), (2.0 / 3.0, 1.0 / 6.0), (1.0 / 6.0, 2.0 / 3.0)] {
                            patch.points.push(Point { at: p + u * s + v * t, area: share, normal });
                        }
                    };
                    add(p, u, v);
                    if i + j + 1 < n {
                        add(p + u + v, -u, -v);
                    }
                }
            }
        }
        patch.area = patch.points.iter().map(|p| p.area).sum();
        if patch.area > 0.0 {
            patch.centroid = patch.points.iter().map(|p| p.at * p.area).sum::<DVec3>() / patch.area;
        }
        patch
    }

    /// The mesh points of `faces`, all with an equal share of their area; normals are of no meaning.
    pub fn vertices(model: &Model, faces: &[(usize, usize)]) -> Self {
        let mut patch = Self::default();
        let mut area = 0.0;
        for (b, body) in model.bodies.iter().enumerate() {
            let surface = body.body.surface();
            let mut used = vec![false; surface.points.len()];
            for (t, face) in surface.face_of.iter().enumerate() {
                if faces.contains(&(b, *face as usize)) {
                    surface.triangles[t].iter().for_each(|i| used[*i as usize] = true);
                    area += 0.5 * DVec3::from(surface.triangle_cross(t)).length();
                }
            }
            let points = surface.points.iter().zip(used).filter(|(_, used)| *used);
            patch.points.extend(points.map(|(p, _)| Point { at: (*p).into(), area: 0.0, normal: DVec3::ZERO }));
        }
        let n = patch.points.len() as f64;
        patch.points.iter_mut().for_each(|p| p.area = area / n);
        patch.area = area;
        patch.centroid = patch.points.iter().map(|p| p.at).sum::<DVec3>() / n.max(1.0);
        patch
    }

    /// `∫ (r² I − r rᵀ) dA` about `centre`, m⁴.
    pub fn inertia(&self, centre: DVec3) -> DMat3 {
        let mut j = DMat3::ZERO;
        for p in &self.points {
            let r = p.at - centre;
            let outer = DMat3::from_cols(r * r.x, r * r.y, r * r.z);
            j += (DMat3::IDENTITY * r.length_squared() - outer) * p.area;
        }
        j
    }
}
