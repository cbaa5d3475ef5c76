//! Signed distance to a closed triangle surface: a bounding-volume tree, and signs from pseudonormals.
//!
//! Source for the sign: Bærentzen & Aanæs, "Signed distance computation using the angle weighted pseudonormal", IEEE
//! TVCG 11(3), 2005: the normal of the nearest feature (triangle, edge or vertex, the latter two weighted by angle)
//! decides the side without error on a closed, oriented surface.

use crate::surface::SurfaceMesh;
use std::sync::Arc;

type Vec3 = [f64; 3];

/// Triangles in a leaf.
const LEAF: usize = 4;

#[derive(Clone, Copy)]
struct Node {
    lo: Vec3,
    hi: Vec3,
    /// Leaf: first triangle in `order`. Inner: index of the right child; the left one follows the node.
    at: u32,
    /// Triangles of a leaf; 0 for an inner node.
    n: u32,
}

/// The nearest place on a surface.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nearest {
    /// Negative inside, m.
    pub distance: f64,
    pub triangle: u32,
    /// The nearest point of that triangle, m.
    pub point: Vec3,
}

/// A surface prepared for distance queries. `O(log n)` per query.
pub(crate) struct Distance {
    surface: Arc<SurfaceMesh>,
    nodes: Vec<Node>,
    order: Vec<u32>,
    /// Corners of the triangles in the order of the leaves, which read them in rows.
    corners: Vec<[Vec3; 3]>,
    /// Per triangle: of its sides ab, bc, ca.
    edge_normals: Vec<[Vec3; 3]>,
    vertex_normals: Vec<Vec3>,
}

fn sub(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn add(a: Vec3, b: Vec3, s: f64) -> Vec3 {
    [a[0] + s * b[0], a[1] + s * b[1], a[2] + s * b[2]]
}

fn unit(v: Vec3) -> Vec3 {
    let length = dot(v, v).sqrt();
    if length > 0.0 { v.map(|c| c / length) } else { v }
}

/// Which feature of a triangle is nearest.
enum Feature {
    Inside,
    Edge(usize),
    Vertex(usize),
}

/// Nearest point of triangle `abc` to `p`. Source: Ericson, Real-Time Collision Detection, §5.1.5.
fn nearest_on_triangle(p: Vec3, [a, b, c]: [Vec3; 3]) -> (Vec3, Feature) {
    let (ab, ac, ap) = (sub(b, a), sub(c, a), sub(p, a));
    let (d1, d2) = (dot(ab, ap), dot(ac, ap));
    if d1 <= 0.0 && d2 <= 0.0 {
        return (a, Feature::Vertex(0));
    }
    let bp = sub(p, b);
    let (d3, d4) = (dot(ab, bp), dot(ac, bp));
    if d3 >= 0.0 && d4 <= d3 {
        return (b, Feature::Vertex(1));
    }
    let vc = d1 * d4 - d3 * d2;
    if vc <= 0.0 && d1 >= 0.0 && d3 <= 0.0 {
        return (add(a, ab, d1 / (d1 - d3)), Feature::Edge(0));
    }
    let cp = sub(p, c);
    let (d5, d6) = (dot(ab, cp), dot(ac, cp));
    if d6 >= 0.0 && d5 <= d6 {
        return (c, Feature::Vertex(2));
    }
    let vb = d5 * d2 - d1 * d6;
    if vb <= 0.0 && d2 >= 0.0 && d6 <= 0.0 {
        return (add(a, ac, d2 / (d2 - d6)), Feature::Edge(2));
    }
    let va = d3 * d6 - d5 * d4;
    if va <= 0.0 && d4 - d3 >= 0.0 && d5 - d6 >= 0.0 {
        return (add(b, sub(c, b), (d4 - d3) / ((d4 - d3) + (d5 - d6))), Feature::Edge(1));
    }
    let sum = va + vb + vc;
    if sum <= 0.0 {
        // A triangle without area: its edges have been tried; any corner will do.
        return (a, Feature::Vertex(0));
    }
    (add(add(a, ab, vb / sum), ac, vc / sum), Feature::Inside)
}

impl Distance {
    pub fn new(surface: Arc<SurfaceMesh>) -> Self {
        let n = surface.triangles.len();
        let corners = |t: usize| surface.triangles[t].map(|i| surface.points[i as usize]);
        let normals: Vec<Vec3> = (0..n).map(|t| unit(surface.triangle_cross(t))).collect();

        let mut vertex_normals = vec![[0.0; 3]; surface.points.len()];
        // Edges by their smaller end: the larger one, the sum of normals, and the next of the list.
        let mut first = vec![u32::MAX; surface.points.len()];
        let mut edges: Vec<(u32, Vec3, u32)> = Vec::with_capacity(3 * n / 2);
        let mut edges_of = vec![[0_u32; 3]; n];
        for (t, normal) in normals.iter().enumerate() {
            let (p, i) = (corners(t), surface.triangles[t]);
            for k in 0..3 {
                let (u, v) = (unit(sub(p[(k + 1) % 3], p[k])), unit(sub(p[(k + 2) % 3], p[k])));
                let angle = dot(u, v).clamp(-1.0, 1.0).acos();
                let vertex = &mut vertex_normals[i[k] as usize];
                *vertex = add(*vertex, *normal, angle);
                let (a, b) = (i[k], i[(k + 1) % 3]);
                let mut at = first[a.min(b) as usize];
                while at != u32::MAX && edges[at as usize].0 != a.max(b) {
                    at = edges[at as usize].2;
                }
                if at == u32::MAX {
                    at = edges.len() as u32;
                    edges.push((a.max(b), [0.0; 3], first[a.min(b) as usize]));
                    first[a.min(b) as usize] = at;
                }
                let sum = &mut edges[at as usize].1;
                *sum = add(*sum, *normal, 1.0);
                edges_of[t][k] = at;
            }
        }
        let edge_normals = edges_of.iter().map(|of| of.map(|e| edges[e as usize].1)).collect();

        let boxes: Vec<(Vec3, Vec3)> = (0..n)
            .map(|t| {
                let [a, b, c] = corners(t);
                (std::array::from_fn(|k| a[k].min(b[k]).min(c[k])), std::array::from_fn(|k| a[k].max(b[k]).max(c[k])))
            })
            .collect();
        let mut order: Vec<u32> = (0..n as u32).collect();
        let mut nodes = Vec::with_capacity(2 * n / LEAF + 1);
        if n > 0 {
            split(&mut nodes, &boxes, &mut order, 0);
        }
        let in_leaves = order.iter().map(|t| corners(*t as usize)).collect();
        Self { nodes, order, corners: in_leaves, edge_normals, vertex_normals, surface }
    }

    /// Signed distances of `points` `[n]` into `out` `[n]`, m; negative inside. `+∞` for an empty surface.
    pub fn signed(&self, points: &[Vec3], out: &mut [f64]) {
        let mut hint = None;
        for (p, o) in points.iter().zip(out) {
            match self.nearest(*p, hint) {
                Some(nearest) => {
                    *o = nearest.distance;
                    // Queries come in rows: the last answer is a good first bound for the next.
                    hint = Some(nearest.triangle);
                }
                None => *o = f64::INFINITY,
            }
        }
    }

    /// The nearest triangle and the signed distance to it.
    pub fn nearest(&self, p: Vec3, hint: Option<u32>) -> Option<Nearest> {
        if self.nodes.is_empty() {
            return None;
        }
        let mut best = (f64::INFINITY, 0_u32, [0.0; 3], Feature::Inside);
        let try_triangle = |t: u32, corners: [Vec3; 3], best: &mut (f64, u32, Vec3, Feature)| {
            let (q, feature) = nearest_on_triangle(p, corners);
            let d = sub(p, q);
            let d2 = dot(d, d);
            // The lower number wins a tie, so that the answer does not depend on the hint.
            if d2 < best.0 || (d2 == best.0 && t < best.1) {
                *best = (d2, t, q, feature);
            }
        };
        if let Some(t) = hint {
            let corners = self.surface.triangles[t as usize].map(|i| self.surface.points[i as usize]);
            try_triangle(t, corners, &mut best);
        }
        // Nodes to look into, with how far their boxes are.
        let mut stack = [(0_u32, 0.0_f64); 64];
        let mut depth = 1;
        while depth > 0 {
            depth -= 1;
            let (mut index, away) = stack[depth];
            if away > best.0 {
                continue;
            }
            // Down to a leaf, the nearer child first; halving splits keep the depth far below the stack's.
            loop {
                let node = &self.nodes[index as usize];
                if node.n > 0 {
                    let leaf = node.at as usize..(node.at + node.n) as usize;
                    for (t, corners) in self.order[leaf.clone()].iter().zip(&self.corners[leaf]) {
                        try_triangle(*t, *corners, &mut best);
                    }
                    break;
                }
                let (left, right) = (index + 1, node.at);
                let dl = box_distance_squared(&self.nodes[left as usize], p);
                let dr = box_distance_squared(&self.nodes[right as usize], p);
                let (near, dn, far, df) = if dl <= dr { (left, dl, right, dr) } else { (right, dr, left, dl) };
                if df <= best.0 {
                    stack[depth] = (far, df);
                    depth += 1;
                }
                if dn > best.0 {
                    break;
                }
                index = near;
            }
        }
        let (d2, t, q, feature) = best;
        let normal = match feature {
            Feature::Inside => self.surface.triangle_cross(t as usize),
            Feature::Edge(k) => self.edge_normals[t as usize][k],
            Feature::Vertex(k) => self.vertex_normals[self.surface.triangles[t as usize][k] as usize],
        };
        let sign = if dot(sub(p, q), normal) < 0.0 { -1.0 } else { 1.0 };
        Some(Nearest { distance: sign * d2.sqrt(), triangle: t, point: q })
    }
}

fn box_distance_squared(node: &Node, p: Vec3) -> f64 {
    let outside = |k: usize| (node.lo[k] - p[k]).max(p[k] - node.hi[k]).max(0.0);
    let d = [outside(0), outside(1), outside(2)];
    dot(d, d)
}

/// Builds the subtree over `order[..]`, whose first element stands at `first` of the whole order; returns its node.
fn split(nodes: &mut Vec<Node>, boxes: &[(Vec3, Vec3)], order: &mut [u32], first: u32) -> u32 {
    let (mut lo, mut hi) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    let (mut clo, mut chi) = (lo, hi);
    for &t in order.iter() {
        let (a, b) = boxes[t as usize];
        for k in 0..3 {
            lo[k] = lo[k].min(a[k]);
            hi[k] = hi[k].max(b[k]);
            clo[k] = clo[k].min(a[k] + b[k]);
            chi[k] = chi[k].max(a[k] + b[k]);
        }
    }
    let index = nodes.len() as u32;
    nodes.push(Node { lo, hi, at: first, n: order.len() as u32 });
    if order.len() > LEAF {
        let axis = (0..3).max_by(|a, b| (chi[*a] - clo[*a]).total_cmp(&(chi[*b] - clo[*b]))).unwrap_or(0);
        let centre = |t: u32| boxes[t as usize].0[axis] + boxes[t as usize].1[axis];
        let middle = order.len() / 2;
        order.select_nth_unstable_by(middle, |a, b| centre(*a).total_cmp(&centre(*b)).then(a.cmp(b)));
        let (left, right) = order.split_at_mut(middle);
        split(nodes, boxes, left, first);
        let at = split(nodes, boxes, right, first + middle as u32);
        nodes[index as usize] = Node { at, n: 0, ..nodes[index as usize] };
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The unit cube, two triangles a side.
    pub fn cube() -> Arc<SurfaceMesh> {
        let points = (0..8).map(|i| [f64::from(i & 1), f64::from(i >> 1 & 1), f64::from(i >> 2 & 1)]).collect();
        let quads = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
        let triangles = quads.iter().flat_map(|q| [[q[0], q[1], q[2]], [q[0], q[2], q[3]]]).collect::<Vec<[u32; 3]>>();
        Arc::new(SurfaceMesh { points, face_of: vec![0; 12], triangles, ..SurfaceMesh::default() })
    }

    fn cube_distance(p: Vec3) -> f64 {
        let q: Vec3 = std::array::from_fn(|k| (p[k] - 0.5).abs() - 0.5);
        let outside = q.map(|c| c.max(0.0));
        dot(outside, outside).sqrt() + q[0].max(q[1]).max(q[2]).min(0.0)
    }

    #[test]
    fn a_cube_answers_exactly_also_at_its_edges_and_corners() {
        let distance = Distance::new(cube());
        let mut points = Vec::new();
        for i in 0..21 {
            for j in 0..21 {
                for k in 0..21 {
                    points.push([f64::from(i) * 0.1 - 0.5, f64::from(j) * 0.1 - 0.5, f64::from(k) * 0.1 - 0.5]);
                }
            }
        }
        let mut out = vec![0.0; points.len()];
        distance.signed(&points, &mut out);
        for (p, d) in points.iter().zip(&out) {
            assert!((d - cube_distance(*p)).abs() < 1e-12, "{p:?}: {d} for {}", cube_distance(*p));
        }
    }

    #[test]
    fn an_empty_surface_is_far_from_everything() {
        let mut out = [0.0];
        Distance::new(Arc::default()).signed(&[[0.0; 3]], &mut out);
        assert_eq!(out, [f64::INFINITY]);
    }
}
