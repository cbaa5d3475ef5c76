//! The cap of a section: where the plane cuts a body, filled.
//!
//! The cut is found through the body's search tree, so that dragging the plane touches only the triangles it crosses.
//! It is filled by a sweep into trapezoids (even-odd), which needs no loops to be chained and cannot fail: a mesh that
//! is not closed leaves a gap, never a wrong face.

use super::model::Body;
use app::viewport::SectionPlane;
use glam::{DVec2, DVec3};

/// A cut through one body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cap {
    /// Three world points a triangle, m.
    pub triangles: Vec<[DVec3; 3]>,
    /// Its border.
    pub border: Vec<[DVec3; 2]>,
}

/// Plane coordinates: two unit vectors across the normal.
pub(super) struct Frame {
    point: DVec3,
    x: DVec3,
    y: DVec3,
    normal: DVec3,
}

impl Frame {
    pub fn new(plane: &SectionPlane) -> Self {
        let normal = DVec3::from_array(plane.normal).normalize_or(DVec3::Z);
        let x = normal.any_orthonormal_vector();
        Self { point: DVec3::from_array(plane.point), x, y: normal.cross(x), normal }
    }

    fn height(&self, p: DVec3) -> f64 {
        (p - self.point).dot(self.normal)
    }

    pub fn flat(&self, p: DVec3) -> DVec2 {
        DVec2::new((p - self.point).dot(self.x), (p - self.point).dot(self.y))
    }

    pub fn world(&self, p: DVec2) -> DVec3 {
        self.point + self.x * p.x + self.y * p.y
    }
}

/// Cuts a body.
pub fn cut(body: &Body, plane: &SectionPlane) -> Cap {
    let frame = Frame::new(plane);
    let mut border = Vec::new();
    let crosses = |bounds: &super::bvh::Aabb| {
        let (lo, hi) = (bounds.lo.as_dvec3(), bounds.hi.as_dvec3());
        let reach = 0.5 * (hi - lo).dot(frame.normal.abs());
        frame.height(0.5 * (lo + hi)).abs() <= reach * 1.000_001 + 1e-12
    };
    body.index().triangles.query_boxes(crosses, |t| {
        let corners = body.surface.triangles[t as usize];
        // A point on the plane counts as above: then every closed mesh gives closed loops, whatever lies on the plane.
        let above = corners.map(|i| frame.height(body.point(i)) >= 0.0);
        let mut ends = [DVec3::ZERO; 2];
        let mut n = 0;
        for k in 0..3 {
            let (i, j) = (k, (k + 1) % 3);
            if above[i] != above[j] && n < 2 {
                // in the order of the point numbers, so that both triangles of an edge find the same point, bit for bit
                let (a, b) = (corners[i].min(corners[j]), corners[i].max(corners[j]));
                let (a, b) = (body.point(a), body.point(b));
                let (ha, hb) = (frame.height(a), frame.height(b));
                ends[n] = a.lerp(b, ha / (ha - hb));
                n += 1;
            }
        }
        if n == 2 && ends[0] != ends[1] {
            border.push(ends);
        }
    });
    let flat: Vec<[DVec2; 2]> = border.iter().map(|s| s.map(|p| frame.flat(p))).collect();
    let triangles = fill(&flat).into_iter().map(|t| t.map(|p| frame.world(p))).collect();
    Cap { triangles, border }
}

/// A trapezoid that is still growing: its two sides, and where it began.
struct Open {
    left: usize,
    right: usize,
    from: f64,
}

/// Fills the inside of closed loops given as segments in any order (even-odd), by a sweep along y.
fn fill(segments: &[[DVec2; 2]]) -> Vec<[DVec2; 3]> {
    let mut sides: Vec<[DVec2; 2]> =
        segments.iter().map(|&[a, b]| if a.y <= b.y { [a, b] } else { [b, a] }).filter(|[a, b]| a.y < b.y).collect();
    sides.sort_by(|a, b| a[0].y.total_cmp(&b[0].y));
    let mut levels: Vec<f64> = sides.iter().flat_map(|s| [s[0].y, s[1].y]).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let x_at = |side: usize, y: f64| {
        let [a, b] = sides[side];
        a.x + (b.x - a.x) * ((y - a.y) / (b.y - a.y))
    };
    let mut out = Vec::new();
    let mut close = |open: &Open, to: f64| {
        let [a, b] = [x_at(open.left, open.from), x_at(open.right, open.from)];
        let [c, d] = [x_at(open.left, to), x_at(open.right, to)];
        let corners = [DVec2::new(a, open.from), DVec2::new(b, open.from), DVec2::new(d, to), DVec2::new(c, to)];
        if b > a {
            out.push([corners[0], corners[1], corners[2]]);
        }
        if d > c {
            out.push([corners[0], corners[2], corners[3]]);
        }
    };
    let (mut active, mut next): (Vec<usize>, usize) = (Vec::new(), 0);
    let mut open: Vec<Open> = Vec::new();
    for pair in levels.windows(2) {
        let (low, high) = (pair[0], pair[1]);
        let middle = 0.5 * (low + high);
        active.retain(|&s| sides[s][1].y > low);
        while next < sides.len() && sides[next][0].y <= low {
            active.push(next);
            next += 1;
        }
        active.sort_by(|&a, &b| x_at(a, middle).total_cmp(&x_at(b, middle)));
        let mut now: Vec<Open> = Vec::with_capacity(active.len() / 2);
        for sides in active.chunks_exact(2) {
            let (left, right) = (sides[0], sides[1]);
            let known = open.iter().position(|o| o.left == left && o.right == right);
            // one that goes on keeps its beginning
            now.push(known.map_or(Open { left, right, from: low }, |k| open.swap_remove(k)));
        }
        open.iter().for_each(|o| close(o, low));
        open = now;
    }
    if let Some(&top) = levels.last() {
        open.iter().for_each(|o| close(o, top));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::model::Model;
    use super::super::sample;
    use super::*;
    use solver::surface::SurfaceMesh;
    use std::f64::consts::PI;

    fn cap(mesh: SurfaceMesh, point: [f64; 3], normal: [f64; 3]) -> Cap {
        let model = Model::new([sample::part("a", mesh)]);
        cut(&model.bodies[0], &SectionPlane { point, normal })
    }

    fn area(cap: &Cap) -> f64 {
        cap.triangles.iter().map(|[a, b, c]| 0.5 * (b - a).cross(c - a).length()).sum()
    }

    #[test]
    fn a_box_is_cut_to_a_rectangle_wherever_the_plane_lies() {
        let mesh = || sample::cuboid([0.0; 3], [0.2, 0.1, 0.05]);
        assert!((area(&cap(mesh(), [0.07, 0.0, 0.0], [1.0, 0.0, 0.0])) - 0.005).abs() < 1e-12);
        // through corners and along edges
        let slant = cap(mesh(), [0.0; 3], [0.1, -0.2, 0.0]);
        assert!((area(&slant) - 0.05f64.hypot(0.0) * 0.2f64.hypot(0.1)).abs() < 1e-12, "{}", area(&slant));
        assert_eq!(cap(mesh(), [0.3, 0.0, 0.0], [1.0, 0.0, 0.0]), Cap::default());
        // on a face: empty or the whole face, never a fragment
        let on = area(&cap(mesh(), [0.0, 0.0, 0.05], [0.0, 0.0, 1.0]));
        assert!(on == 0.0 || (on - 0.02).abs() < 1e-12, "{on}");
    }

    #[test]
    fn a_hole_stays_open() {
        let n = 96;
        let ring = sample::torus([0.0; 3], 0.06, 0.02, n, 48);
        let polygon = |r: f64| 0.5 * f64::from(n) * r * r * (2.0 * PI / f64::from(n)).sin();
        let flat = area(&cap(ring.clone(), [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]));
        assert!((flat / (polygon(0.08) - polygon(0.04)) - 1.0).abs() < 1e-9, "{flat}");
        // across: two discs
        let across = area(&cap(ring, [0.0, 1e-4, 0.0], [0.0, 1.0, 0.0]));
        assert!((across / (2.0 * PI * 0.02 * 0.02) - 1.0).abs() < 0.01, "{across}");
    }

    #[test]
    fn every_triangle_lies_in_the_plane_and_none_overlap() {
        let normal = DVec3::new(0.3, -0.5, 0.8).normalize();
        let c = cap(sample::cylinder([0.0; 3], 0.03, 0.1, 64), [0.0, 0.0, 0.05], normal.to_array());
        let centre = DVec3::new(0.0, 0.0, 0.05);
        assert!(c.triangles.iter().flatten().all(|p| (*p - centre).dot(normal).abs() < 1e-12));
        let ellipse = 0.5 * 64.0 * 0.03f64.powi(2) * (2.0 * PI / 64.0).sin() / normal.z;
        assert!((area(&c) / ellipse - 1.0).abs() < 1e-9, "{} {ellipse}", area(&c));
        assert!(c.triangles.len() <= 2 * c.border.len());
    }

    #[test]
    fn an_open_mesh_gives_what_it_can() {
        let mut mesh = sample::cuboid([0.0; 3], [0.2, 0.1, 0.05]);
        mesh.triangles.pop();
        mesh.face_of.pop();
        mesh.normals.pop();
        let c = cap(mesh, [0.07, 0.0, 0.0], [1.0, 0.0, 0.0]);
        assert!(!c.border.is_empty());
    }
}
