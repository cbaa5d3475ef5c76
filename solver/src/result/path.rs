//! Straight lines through bodies: where they go, and what an answer says along them.

use super::inside::Inside;
use super::reading::Reading;
use crate::surface::SurfaceMesh;
use glam::DVec3;
use serde::{Deserialize, Serialize};

/// A line from one point to another, world, m.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Path {
    pub from: [f64; 3],
    pub to: [f64; 3],
}

impl Path {
    pub fn length(&self) -> f64 {
        DVec3::from(self.from).distance(self.to.into())
    }

    /// The point at the share `s` of its length.
    pub fn at(&self, s: f64) -> [f64; 3] {
        DVec3::from(self.from).lerp(self.to.into(), s).to_array()
    }

    /// Points at equal distances, both ends among them.
    pub fn points(&self, n: usize) -> Vec<[f64; 3]> {
        (0..n).map(|i| self.at(i as f64 / (n - 1).max(1) as f64)).collect()
    }

    /// From `point` of `surface` along the inward `normal` to where it comes out; `None` where it never does.
    pub fn through(surface: &SurfaceMesh, point: [f64; 3], normal: [f64; 3]) -> Option<Self> {
        let start = DVec3::from(point);
        let direction = -DVec3::from(normal).try_normalize()?;
        let (lo, hi) = surface.bounds()?;
        // A point picked on the surface lies on it to rounding, and to how flat its triangles are.
        let least = 1e-4 * DVec3::from(hi).distance(lo.into());
        let mut best: Option<f64> = None;
        for corners in &surface.triangles {
            let [a, b, c] = corners.map(|i| DVec3::from(surface.points[i as usize]));
            if let Some(t) = crossing(start, direction, a, b, c)
                && t > least
                && best.is_none_or(|b| t < b)
            {
                best = Some(t);
            }
        }
        best.map(|t| Self { from: point, to: (start + direction * t).to_array() })
    }

    /// Values of `reading` at `points` of the line, SI; NaN where it is outside of every body. All NaN where nothing of the
    /// kind is known inside.
    pub fn profile(&self, inside: &Inside, reading: &Reading, n: usize) -> Vec<f64> {
        let points = self.points(n);
        let mut out = vec![f64::NAN; n];
        for (body, _) in inside.bodies() {
            let Some(values) = inside.read(body, reading, &points) else { continue };
            for (out, v) in out.iter_mut().zip(values) {
                if !out.is_finite() {
                    *out = f64::from(v);
                }
            }
        }
        out
    }
}

/// Where a ray meets a triangle (Möller & Trumbore, J. Graphics Tools 2, 1997).
fn crossing(start: DVec3, direction: DVec3, a: DVec3, b: DVec3, c: DVec3) -> Option<f64> {
    let (u, v) = (b - a, c - a);
    let p = direction.cross(v);
    let det = u.dot(p);
    if det.abs() < 1e-30 {
        return None;
    }
    let off = start - a;
    let s = off.dot(p) / det;
    let q = off.cross(u);
    let t = direction.dot(q) / det;
    // A hair wider than the triangle, so that no ray slips between two.
    (s >= -1e-9 && t >= -1e-9 && s + t <= 1.0 + 1e-9).then(|| v.dot(q) / det)
}

/// The point of `surface` nearest to `at`: its triangle and the weights of the corners. Only triangles that `takes` accepts.
pub fn nearest(
    surface: &SurfaceMesh,
    at: [f64; 3],
    takes: impl Fn(usize) -> bool,
) -> Option<(usize, [f64; 3], [f64; 3])> {
    let p = DVec3::from(at);
    let mut best: Option<(f64, usize, [f64; 3], DVec3)> = None;
    for (t, corners) in surface.triangles.iter().enumerate().filter(|(t, _)| takes(*t)) {
        let x = corners.map(|i| DVec3::from(surface.points[i as usize]));
        let weights = closest(p, x);
        let q = x[0] * weights[0] + x[1] * weights[1] + x[2] * weights[2];
        let away = q.distance_squared(p);
        if best.is_none_or(|b| away < b.0) {
            best = Some((away, t, weights, q));
        }
    }
    best.map(|(_, t, weights, q)| (t, weights, q.to_array()))
}

/// Weights of the point of a triangle nearest to `p` (Ericson, Real-Time Collision Detection, 5.1.5).
fn closest(p: DVec3, [a, b, c]: [DVec3; 3]) -> [f64; 3] {
    let (ab, ac, ap) = (b - a, c - a, p - a);
    let (d1, d2) = (ab.dot(ap), ac.dot(ap));
    if d1 <= 0.0 && d2 <= 0.0 {
        return [1.0, 0.0, 0.0];
    }
    let bp = p - b;
    let (d3, d4) = (ab.dot(bp), ac.dot(bp));
    if d3 >= 0.0 && d4 <= d3 {
        return [0.0, 1.0, 0.0];
    }
    let vc = d1 * d4 - d3 * d2;
    if vc <= 0.0 && d1 >= 0.0 && d3 <= 0.0 {
        let v = d1 / (d1 - d3);
        return [1.0 - v, v, 0.0];
    }
    let cp = p - c;
    let (d5, d6) = (ab.dot(cp), ac.dot(cp));
    if d6 >= 0.0 && d5 <= d6 {
        return [0.0, 0.0, 1.0];
    }
    let vb = d5 * d2 - d1 * d6;
    if vb <= 0.0 && d2 >= 0.0 && d6 <= 0.0 {
        let w = d2 / (d2 - d6);
        return [1.0 - w, 0.0, w];
    }
    let va = d3 * d6 - d5 * d4;
    if va <= 0.0 && d4 - d3 >= 0.0 && d5 - d6 >= 0.0 {
        let w = (d4 - d3) / ((d4 - d3) + (d5 - d6));
        return [0.0, 1.0 - w, w];
    }
    let sum = va + vb + vc;
    [va / sum, vb / sum, vc / sum]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A unit square at z = 0 and one at z = `h`, two triangles each.
    pub(in crate::result) fn plates(h: f64) -> SurfaceMesh {
        let mut mesh = SurfaceMesh::default();
        for z in [0.0, h] {
            let first = mesh.points.len() as u32;
            mesh.points.extend([[0.0, 0.0, z], [1.0, 0.0, z], [1.0, 1.0, z], [0.0, 1.0, z]]);
            mesh.triangles.extend([[first, first + 1, first + 2], [first, first + 2, first + 3]]);
        }
        mesh
    }

    #[test]
    fn a_line_through_the_wall_ends_on_the_other_side() {
        let path = Path::through(&plates(0.2), [0.3, 0.3, 0.2], [0.0, 0.0, 5.0]).unwrap();
        assert!((path.length() - 0.2).abs() < 1e-12 && path.to[2].abs() < 1e-12);
        assert!(Path::through(&plates(0.2), [0.3, 0.3, 0.0], [0.0, 0.0, 1.0]).is_none(), "outwards there is nothing");
        assert_eq!(path.points(3)[1], [0.3, 0.3, 0.1]);
    }

    #[test]
    fn the_nearest_point_lies_inside_on_an_edge_or_at_a_corner() {
        let mesh = plates(0.2);
        let near = |at| nearest(&mesh, at, |_| true).unwrap().2;
        assert_eq!(near([0.25, 0.5, 0.05]), [0.25, 0.5, 0.0]);
        assert_eq!(near([0.5, -3.0, 0.0]), [0.5, 0.0, 0.0]);
        assert_eq!(near([9.0, 9.0, 9.0]), [1.0, 1.0, 0.2]);
        assert_eq!(nearest(&mesh, [0.25, 0.5, 0.05], |t| t > 1).unwrap().2, [0.25, 0.5, 0.2]);
        assert!(nearest(&mesh, [0.0; 3], |_| false).is_none());
    }
}
