//! Triangles of a contour that pass through one another, and the way out of that.
//!
//! Where two pieces of surface come nearer to each other than a cell, the point where the tangent planes of one meet can lie
//! beyond the other: such surfaces overlap, and no mesh keeps them. The means of the pieces' own crossings stay apart (the
//! argument of Ju & Udeshi, "Intersection-free contouring on an octree grid", Pacific Graphics 2006), so points of triangles
//! that cross move towards them until none does.

use super::{Vec3, dot, sub};
use crate::surface::SurfaceMesh;

/// Steps on the way back.
const STEPS: u8 = 2;
/// Rounds of steps; in those where no point of crossing triangles has a step left, their neighbours take one.
const ROUNDS: usize = 10;
/// Distances below this share of a cell are contact.
const CONTACT: f64 = 1e-7;

/// Moves points of triangles that pass through others towards `back` `[points]`; returns how many pairs still cross.
/// `cell`: about the length of the longest sides, m.
pub(super) fn untangle(surface: &mut SurfaceMesh, back: &[Vec3], cell: f64) -> usize {
    let mut pairs = crossings(surface, cell);
    if pairs.is_empty() {
        return 0;
    }
    let from = surface.points.clone();
    let mut taken = vec![0u8; from.len()];
    for _ in 0..ROUNDS {
        let mut near = vec![false; from.len()];
        for t in pairs.iter().flatten() {
            surface.triangles[*t as usize].iter().for_each(|p| near[*p as usize] = true);
        }
        let can_move = |near: &[bool], taken: &[u8]| {
            near.iter().zip(taken).zip(from.iter().zip(back)).any(|((near, n), (a, b))| *near && *n < STEPS && a != b)
        };
        let mut wider = 0;
        while !can_move(&near, &taken) && wider < 3 {
            let before = near.clone();
            for t in surface.triangles.iter().filter(|t| t.iter().any(|p| before[*p as usize])) {
                t.iter().for_each(|p| near[*p as usize] = true);
            }
            wider += 1;
        }
        for p in (0..from.len()).filter(|p| near[*p]) {
            taken[p] = (taken[p] + 1).min(STEPS);
            let share = f64::from(taken[p]) / f64::from(STEPS);
            surface.points[p] = if taken[p] == STEPS {
                back[p]
            } else {
                std::array::from_fn(|k| from[p][k] + share * (back[p][k] - from[p][k]))
            };
        }
        pairs = crossings(surface, cell);
        if pairs.is_empty() {
            break;
        }
    }
    pairs.len()
}

/// Pairs of triangles that pass through one another; those that only touch, or share a side, do not.
pub(super) fn crossings(surface: &SurfaceMesh, cell: f64) -> Vec<[u32; 2]> {
    let edge = 2.0 * cell;
    let bin = |p: Vec3| p.map(|c| (c / edge).floor() as i32);
    let corners = |t: u32| surface.triangles[t as usize].map(|p| surface.points[p as usize]);
    let n = surface.triangles.len() as u32;
    let boxes: Vec<[Vec3; 2]> = (0..n)
        .map(|t| {
            let [a, b, c] = corners(t);
            let of = |f: fn(f64, f64) -> f64| std::array::from_fn(|k| f(f(a[k], b[k]), c[k]));
            [of(f64::min), of(f64::max)]
        })
        .collect();
    // Sorted by place, so that what is near each other is side by side.
    let mut placed: Vec<([i32; 3], u32)> = Vec::with_capacity(4 * n as usize);
    for (t, [lo, hi]) in (0..n).zip(&boxes) {
        let (lo, hi) = (bin(*lo), bin(*hi));
        for x in lo[0]..=hi[0] {
            for y in lo[1]..=hi[1] {
                placed.extend((lo[2]..=hi[2]).map(|z| ([x, y, z], t)));
            }
        }
    }
    placed.sort_unstable();
    let normals: Vec<Vec3> = (0..n).map(|t| surface.triangle_cross(t as usize)).collect();
    let mut out = Vec::new();
    for here in placed.chunk_by(|a, b| a.0 == b.0) {
        for (i, (place, t)) in here.iter().enumerate() {
            for (_, u) in &here[i + 1..] {
                let ([lo, hi], [mo, mi]) = (&boxes[*t as usize], &boxes[*u as usize]);
                if (0..3).any(|k| lo[k] > mi[k] || mo[k] > hi[k]) {
                    continue;
                }
                // Each pair once: where the lowest corner of what their boxes share is.
                let shared: Vec3 = std::array::from_fn(|k| lo[k].max(mo[k]));
                if bin(shared) == *place && cross(surface, &normals, [*t, *u], CONTACT * cell) {
                    out.push([*t, *u]);
                }
            }
        }
    }
    out
}

fn cross(surface: &SurfaceMesh, normals: &[Vec3], [t, u]: [u32; 2], contact: f64) -> bool {
    let [v, w] = [t, u].map(|t| surface.triangles[t as usize]);
    if v.iter().filter(|p| w.contains(p)).count() > 1 {
        return false;
    }
    pierces(surface, w, v, normals[t as usize], contact) || pierces(surface, v, w, normals[u as usize], contact)
}

/// Whether a side of triangle `w` passes through triangle `v` of this normal.
fn pierces(surface: &SurfaceMesh, w: [u32; 3], v: [u32; 3], normal: Vec3, contact: f64) -> bool {
    let length = dot(normal, normal).sqrt();
    let point = |p: u32| surface.points[p as usize];
    let base = point(v[0]);
    // Twice the volume over the area: the height above the plane, of what is in it none.
    let heights = w.map(|p| if v.contains(&p) { 0.0 } else { dot(normal, sub(point(p), base)) / length });
    // Too narrow to have a plane.
    if !heights.iter().all(|h| h.is_finite()) {
        return false;
    }
    for k in 0..3 {
        let (h, g) = (heights[k], heights[(k + 1) % 3]);
        if !(h > contact && g < -contact || h < -contact && g > contact) {
            continue;
        }
        let (a, b) = (point(w[k]), point(w[(k + 1) % 3]));
        let share = h / (h - g);
        let q: Vec3 = std::array::from_fn(|k| a[k] + share * (b[k] - a[k]));
        // Left of all sides, by more than rounding.
        let inside = (0..3).all(|k| {
            let (a, b) = (point(v[k]), point(v[(k + 1) % 3]));
            let (e, f) = (sub(b, a), sub(q, a));
            let turn = [e[1] * f[2] - e[2] * f[1], e[2] * f[0] - e[0] * f[2], e[0] * f[1] - e[1] * f[0]];
            dot(turn, normal) > contact * length * dot(e, e).sqrt()
        });
        if inside {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::{Contour, Frame, Node, Sampled, contour_in, unit};
    use super::*;
    use crate::geometry::imported::MeshBody;
    use crate::geometry::measure;
    use crate::geometry::plan::Operation;
    use crate::mesh::skin::tests::block;
    use crate::mesh::tet::{self, Options};
    use crate::surface::{FaceName, Representation};
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    fn two(a: [Vec3; 3], b: [Vec3; 3]) -> SurfaceMesh {
        let mut surface = SurfaceMesh::default();
        for corners in [a, b] {
            let first = surface.points.len() as u32;
            surface.points.extend(corners);
            surface.triangles.push([first, first + 1, first + 2]);
            surface.face_of.push(0);
        }
        surface
    }

    const FLAT: [Vec3; 3] = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];

    #[test]
    fn what_passes_through_is_found_and_what_touches_is_not() {
        let found = |b| crossings(&two(FLAT, b), 1.0).len();
        assert_eq!(found([[0.2, 0.2, -0.5], [0.3, 0.3, 0.5], [2.0, 2.0, 0.5]]), 1, "a side through it");
        assert_eq!(found([[0.2, 0.2, 0.5], [0.3, 0.3, 0.1], [2.0, 2.0, 0.5]]), 0, "above");
        assert_eq!(found([[0.2, 0.2, 0.0], [0.3, 0.3, 0.5], [0.2, 0.4, 0.5]]), 0, "standing on it");
        assert_eq!(found([[0.1, 0.1, 0.0], [0.3, 0.1, 0.0], [0.1, 0.3, 0.0]]), 0, "in its plane");
        assert_eq!(found([[0.8, 0.8, -0.5], [0.9, 0.9, 0.5], [2.0, 2.0, 0.5]]), 0, "past it");
        // A corner in common, and the side opposite to it through the other.
        let mut shared = two(FLAT, [[0.0, 0.0, 0.0], [0.4, 0.2, 0.3], [0.2, 0.4, -0.3]]);
        shared.triangles[1][0] = 0;
        assert_eq!(crossings(&shared, 1.0).len(), 1);
        // A side in common.
        let mut folded = two(FLAT, [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.3, 0.3, 1e-3]]);
        (folded.triangles[1][0], folded.triangles[1][1]) = (1, 0);
        assert_eq!(crossings(&folded, 1.0).len(), 0);
    }

    /// A block with a notch, of which a slanting plane leaves what is on one side. Near the notch's inner edge cells see two
    /// pieces of surface, whose sides must neither cross nor lie on one another.
    #[test]
    fn a_surface_that_ends_near_an_inner_edge_stays_one() {
        let leaf = |lo, hi| {
            let body = MeshBody::new(Arc::new(block(lo, hi)), Representation::Field);
            Arc::new(Node::Leaf(Arc::new(body)))
        };
        let combine = |operation, a: &Arc<Node>, b: Arc<Node>| {
            let blend = FaceName("blend".into());
            Arc::new(Node::Combine { operation, a: a.clone(), b, smooth: 0.0, blend })
        };
        let space = leaf([0.0; 3], [30e-3, 20e-3, 20e-3]);
        let notched = combine(Operation::Cut, &space, leaf([-1e-3, -1e-3, 10e-3], [31e-3, 9e-3, 21e-3]));
        for normal in [[1.0, 0.3, 0.1], [1.0, 0.8, -0.9], [0.2, 1.0, -0.9], [0.3, -0.2, 1.0]] {
            let normal = unit(normal);
            for k in 0..12 {
                let offset = (0.4 + 0.02 * f64::from(k)) * dot(normal, [30e-3, 20e-3, 20e-3]);
                let (spacing, counts) = (1e-3, [37, 27, 27]);
                let value = |n: usize| {
                    let p = [n % counts[0], n / counts[0] % counts[1], n / (counts[0] * counts[1])];
                    let p = p.map(|i| spacing * (i as f64 - 3.0));
                    (0.5 + 100.0 * (offset - dot(normal, p))).clamp(0.0, 1.0) as f32
                };
                let values = (0..counts.iter().product()).map(value).collect();
                let samples = Arc::new(Sampled::new([-3.0 * spacing; 3], spacing, counts, values).unwrap());
                let above = Node::Above { samples, frame: Frame::HERE, level: 0.5, name: FaceName("grown".into()) };
                let body = combine(Operation::Common, &notched, Arc::new(above));
                let Contour { surface, cell, .. } = contour_in(&body, 29.0, &|_, _| {}).unwrap();
                assert_eq!(crossings(&surface, cell), Vec::<[u32; 2]>::new(), "{normal:?}, {k}");
                let volume = measure::mass_properties(&surface).volume;
                assert!(volume > 0.0);
                // Not even where it is made of elements as large as its cells.
                let body = MeshBody::new(surface.into(), Representation::Field);
                let options = Options { size_min: 0.5 * cell, ..Options::new(3.0 * cell) };
                let mesh = tet::mesh(&body, &options, &AtomicBool::new(false));
                let mesh = mesh.unwrap_or_else(|e| panic!("{normal:?}, {k}: {e}"));
                assert_eq!(mesh.n_lost, 0, "{normal:?}, {k}");
                assert!((mesh.volume() / volume - 1.0).abs() < 5e-3, "{normal:?}, {k}");
            }
        }
    }

    #[test]
    fn points_go_back_until_nothing_crosses() {
        let mut surface = two(FLAT, [[0.2, 0.2, -0.5], [0.3, 0.3, 1.0], [0.2, 0.4, 1.0]]);
        let mut back = surface.points.clone();
        back[3] = [0.2, 0.2, 0.7];
        assert_eq!(untangle(&mut surface, &back, 1.0), 0);
        assert!((surface.points[3][2] - 0.1).abs() < 1e-12, "half of the way is enough: {:?}", surface.points[3]);
        assert_eq!(surface.points[..3], FLAT);
    }
}
