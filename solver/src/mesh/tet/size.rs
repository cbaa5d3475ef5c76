//! How fine the mesh must be where: curvature, thin walls, features close together, and what the person wishes.

use super::Options;
use super::delaunay::NONE;
use super::domain::Domain;
use super::octree::{Octree, Sample};
use crate::geometry::distance::Distance;
use crate::surface::Shape;
use glam::DVec3;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Thickness a wall needs per element size: elements at most twice as long as the wall is thick keep good angles.
const LENGTH_PER_THICKNESS: f64 = 2.0;
/// Cosine between outward normals of two sides of a wall: opposed within 25°.
const OPPOSED: f64 = -0.906;
/// Element size over the distance of two features that run side by side.
const SIZE_PER_GAP: f64 = 1.4;

/// Sides of a triangle that speaks for one place, over the size wished there: the size grows by a third of the way to
/// the next place that asks.
const SIDE_PER_SIZE: f64 = 2.0;

/// Share of the least size that bores and pins may still ask for.
const BORE_MIN: f64 = 0.1;
/// Share of the least size that narrow walls may ask for where they are of little extent: as many triangles in all.
const LOCAL_MIN: f64 = 0.015;
const LOCAL_TRIANGLES: f64 = 10_000.0;
/// Triangles about a stretch of a groove as long as they are, with those that lead from their size to the one beyond.
const BESIDE_GROOVE: f64 = 12.0;
/// Facets that turn inwards by more than this part a groove, as a sine: 20°.
const GROOVE: f64 = 0.342;

/// Area of an equilateral triangle over the square of its side.
const EQUILATERAL: f64 = 0.433;

/// Elements along a curve of radius `r` that turn by `angle` each have this size.
fn of_radius(r: f64, angle: f64) -> f64 {
    2.0 * r * (0.5 * angle).sin()
}

/// The size field of a body.
pub(super) fn field(domain: &Domain, options: &Options, distance: &Distance) -> Octree {
    let local = LOCAL_MIN * options.size_min;
    let (mut samples, mut n_narrow) = on_faces(domain, options, distance, options.size_min);
    let grooves = in_grooves(domain, options, distance, local);
    n_narrow += grooves.iter().map(|(length, s)| BESIDE_GROOVE * length / s.size).sum::<f64>();
    if n_narrow > 0.0 && n_narrow <= LOCAL_TRIANGLES {
        // A wall this narrow has elements of its own width or bad ones; where that takes many, bad ones it is.
        let (finer, n) = on_faces(domain, options, distance, local);
        if n <= LOCAL_TRIANGLES {
            samples = finer;
        }
        samples.extend(grooves.into_iter().map(|(_, s)| s));
    }
    samples.extend(on_chains(domain, options));
    // What a person or an error estimate wishes may be finer than what the geometry alone is given.
    let wished = options.wishes.iter().filter(|w| w.size < options.size);
    samples.extend(wished.map(|w| Sample { point: w.at.into(), size: w.size }));
    let least = samples.iter().map(|s| s.size).fold(options.size_min, f64::min);
    Octree::new(domain.lo, domain.hi, options.size, least, &samples)
}

/// Sizes on faces, where walls ask for no less than `floor`, m; and the triangles that narrower walls than
/// [`Options::size_min`] goes for would take.
fn on_faces(domain: &Domain, options: &Options, distance: &Distance, floor: f64) -> (Vec<Sample>, f64) {
    let surface = domain.surface;
    let wished: Vec<f64> = surface
        .faces
        .iter()
        .map(|f| options.face_sizes.iter().filter(|(n, _)| *n == f.name).map(|(_, s)| *s).fold(options.size, f64::min))
        .collect();
    let start = &domain.start;
    let local = LOCAL_MIN * options.size_min;
    let found: Vec<(Vec<Sample>, f64)> = (0..surface.triangles.len() as u32)
        .into_par_iter()
        .map(|t| {
            let face = surface.face_of[t as usize] as usize;
            let wished = wished.get(face).copied().unwrap_or(options.size);
            let shape = surface.faces.get(face).map_or(Shape::Freeform, |f| f.shape);
            let corners = start.corners(t);
            let normal = start.cross(t).normalize_or_zero();
            let (mut out, mut n_narrow) = (Vec::new(), 0.0);
            let mut stack = vec![corners];
            let split = |c: [DVec3; 3], k: usize, stack: &mut Vec<[DVec3; 3]>| {
                let (middle, apex) = (0.5 * (c[k] + c[(k + 1) % 3]), c[(k + 2) % 3]);
                stack.extend([[c[k], middle, apex], [middle, c[(k + 1) % 3], apex]]);
            };
            while let Some(c) = stack.pop() {
                let sides: [f64; 3] = std::array::from_fn(|k| (c[(k + 1) % 3] - c[k]).length());
                let k = (0..3).max_by(|a, b| sides[*a].total_cmp(&sides[*b])).unwrap_or(0);
                if sides[k] > options.size {
                    split(c, k, &mut stack);
                    continue;
                }
                let point = (c[0] + c[1] + c[2]) / 3.0;
                let curved = match (domain.exact, shape) {
                    (true, Shape::Plane { .. }) => f64::INFINITY,
                    (true, Shape::Cylinder { radius, .. } | Shape::Sphere { radius, .. }) => {
                        of_radius(radius, options.turn)
                    }
                    (true, Shape::Torus { major, minor, .. }) => {
                        of_radius(minor.min((major - minor).abs().max(0.5 * minor)), options.turn)
                    }
                    _ => bend(domain, t, options.turn),
                };
                let least = match shape {
                    Shape::Cylinder { radius, .. } if domain.exact && radius < options.size_min => {
                        bore(domain, distance, point, t, normal, radius).max(BORE_MIN * options.size_min)
                    }
                    _ => f64::INFINITY,
                };
                let thin = LENGTH_PER_THICKNESS * thickness(domain, distance, point, t, normal, options.size)
                    / options.across.max(1.0);
                let least = options.size_min.min(least).min(thin.max(floor));
                // A person may wish for less than the geometry alone is given.
                let size = wished.min(curved.min(thin).max(least));
                if sides[k] > SIDE_PER_SIZE * size {
                    split(c, k, &mut stack);
                    continue;
                }
                if thin < options.size_min {
                    let area = 0.5 * (c[1] - c[0]).cross(c[2] - c[0]).length();
                    n_narrow += area / (EQUILATERAL * thin.max(local).powi(2));
                }
                out.push(Sample { point, size });
                if size < wished {
                    out.extend(c.map(|point| Sample { point, size }));
                }
            }
            (out, n_narrow)
        })
        .collect();
    let n_narrow = found.iter().map(|f| f.1).sum();
    (found.into_iter().flat_map(|f| f.0).collect(), n_narrow)
}

/// Sizes along grooves that have a wall behind them narrower than [`Options::size_min`] goes for, down to `floor`, with the
/// length each speaks for, m: the wall is narrowest at the groove itself, where no middle of a triangle is.
fn in_grooves(domain: &Domain, options: &Options, distance: &Distance, floor: f64) -> Vec<(f64, Sample)> {
    let s = &domain.start;
    (0..domain.surface.triangles.len() as u32)
        .into_par_iter()
        .flat_map_iter(|t| {
            let mut out = Vec::new();
            for k in 0..3 {
                let u = s.across[t as usize][k];
                if s.chain[t as usize][k] == NONE || u <= t {
                    continue;
                }
                let [n, m] = [s.cross(t).normalize_or_zero(), s.cross(u).normalize_or_zero()];
                let [a, b] = s.ends(t, k).map(|v| s.points[v as usize]);
                // Outwards of the body on both sides of an inner edge, the normals turn against each other's faces.
                let turns_in = n.cross(m).dot(b - a) < -GROOVE * (b - a).length();
                let Some(normal) = (n + m).try_normalize().filter(|_| turns_in) else { continue };
                let mut stack = vec![[a, b]];
                while let Some([a, b]) = stack.pop() {
                    let (length, middle) = (a.distance(b), 0.5 * (a + b));
                    let mut size = options.size_min;
                    if length <= SIDE_PER_SIZE * size {
                        let thin = LENGTH_PER_THICKNESS * thickness(domain, distance, middle, t, normal, options.size)
                            / options.across.max(1.0);
                        if thin >= options.size_min {
                            continue;
                        }
                        size = thin.max(floor);
                    }
                    if length > SIDE_PER_SIZE * size {
                        stack.extend([[a, middle], [middle, b]]);
                    } else {
                        out.extend([a, middle, b].map(|point| (length / 3.0, Sample { point, size })));
                    }
                }
            }
            out
        })
        .collect()
}

/// The radius where the face of triangle `t` comes round to the other side of its axis: a bore or a pin, whose two sides
/// elements much larger would run into each other. A fillet does not, and stays as coarse as wished.
fn bore(domain: &Domain, distance: &Distance, p: DVec3, t: u32, normal: DVec3, radius: f64) -> f64 {
    let face = |t: u32| domain.surface.face_of[t as usize];
    let round = [2.0 * radius, -2.0 * radius].into_iter().any(|d| {
        let beyond = distance.nearest((p + normal * d).into(), None);
        beyond.is_some_and(|n| n.distance.abs() < 0.2 * radius && face(n.triangle) == face(t))
    });
    if round { radius } else { f64::INFINITY }
}

/// Size from the turn between triangle `t` and its neighbours.
fn bend(domain: &Domain, t: u32, turn: f64) -> f64 {
    let s = &domain.start;
    let n = s.cross(t);
    let mut size = f64::INFINITY;
    for k in 0..3 {
        if s.chain[t as usize][k] != NONE {
            continue;
        }
        let u = s.across[t as usize][k];
        let m = s.cross(u);
        let [a, b] = s.ends(t, k).map(|v| s.points[v as usize]);
        let side = (b - a).length();
        // Mean height of the two triangles over their common side. Slivers tell nothing about the surface.
        let height = 0.5 * (n.length() + m.length()) / side;
        if n.length().min(m.length()) < 0.05 * side * side.min(height) {
            continue;
        }
        let angle = n.angle_between(m);
        if angle > 1e-3 {
            size = size.min(turn * height / angle);
        }
    }
    size
}

/// Thickness of the wall inward of `p`, up to `limit`: diameter of the largest ball inside that touches there, when what
/// it touches beyond faces the other way. Source: Ma, Bae & Choi, Vis. Comput. 28, 2012 (the shrinking ball).
fn thickness(domain: &Domain, distance: &Distance, p: DVec3, triangle: u32, normal: DVec3, limit: f64) -> f64 {
    // Triangle `triangle` holds `p`, which bounds every search.
    let mut r = 0.5 * limit;
    if normal == DVec3::ZERO {
        return f64::INFINITY;
    }
    for round in 0..12 {
        let Some(nearest) = distance.nearest((p - normal * r).into(), Some(triangle)) else { return f64::INFINITY };
        let q = DVec3::from(nearest.point);
        // Its middle must be inside: beyond a wall of less than a hundredth of the ball it would be as far from it.
        if nearest.distance <= -0.99 * r {
            return if round == 0 { f64::INFINITY } else { opposed(domain, nearest.triangle, normal, r) };
        }
        let d = p - q;
        let along = d.dot(normal);
        if along <= 0.0 {
            return f64::INFINITY;
        }
        let next = d.length_squared() / (2.0 * along);
        if next >= 0.999 * r {
            return opposed(domain, nearest.triangle, normal, r);
        }
        r = next;
        // Once the ball touches a wall that faces this one, that wall is the answer.
        let facing = opposed(domain, nearest.triangle, normal, r);
        if facing.is_finite() {
            return facing;
        }
    }
    f64::INFINITY
}

fn opposed(domain: &Domain, triangle: u32, normal: DVec3, r: f64) -> f64 {
    let other = domain.start.cross(triangle).normalize_or_zero();
    if other.dot(normal) < OPPOSED { 2.0 * r } else { f64::INFINITY }
}

/// Sizes along feature curves: their bends, their length, and other curves of the same patch beside them.
fn on_chains(domain: &Domain, options: &Options) -> Vec<Sample> {
    struct At {
        point: DVec3,
        tangent: DVec3,
        chain: usize,
        along: f64,
        /// Half the distance to the next sample.
        half: f64,
    }
    let step = 0.3 * options.size;
    let mut all: Vec<At> = Vec::new();
    let mut out = Vec::new();
    for (id, chain) in domain.chains.iter().enumerate() {
        let length = chain.length();
        // Half the length at the ends: a short curve asks its surroundings to be as fine as it is.
        let of_length = length.max(options.size_min);
        for i in 0..chain.points.len() {
            let mut size = options.size.min(of_length);
            if i > 0 && i + 1 < chain.points.len() {
                let (u, v) = (chain.points[i] - chain.points[i - 1], chain.points[i + 1] - chain.points[i]);
                let angle = u.angle_between(v);
                if angle > 1e-3 {
                    size = size.min(options.turn * 0.5 * (u.length() + v.length()) / angle);
                }
            }
            if size < options.size {
                out.push(Sample { point: chain.points[i], size: size.max(options.size_min) });
            }
        }
        let n = (length / step).ceil().max(1.0) as usize;
        for i in 0..=n {
            let along = length * i as f64 / n as f64;
            all.push(At {
                point: chain.point(along),
                tangent: chain.tangent(along),
                chain: id,
                along,
                half: 0.5 * length / n as f64,
            });
        }
    }
    let cell = options.size;
    let key = |p: DVec3| ((p - domain.lo) / cell).floor().as_i64vec3().to_array();
    let mut grid: BTreeMap<[i64; 3], Vec<u32>> = BTreeMap::new();
    for (i, a) in all.iter().enumerate() {
        grid.entry(key(a.point)).or_default().push(i as u32);
    }
    let gaps: Vec<Option<Sample>> = all
        .par_iter()
        .map(|a| {
            let [x, y, z] = key(a.point);
            let mut gap = f64::INFINITY;
            for i in 0..27 {
                let Some(near) = grid.get(&[x + i % 3 - 1, y + i / 3 % 3 - 1, z + i / 9 - 1]) else { continue };
                for b in near.iter().map(|b| &all[*b as usize]) {
                    // A sample stands for the stretch of curve around it.
                    let d = b.point - a.point;
                    let d = d - b.tangent * d.dot(b.tangent).clamp(-b.half, b.half);
                    let length = d.length();
                    if length >= gap || length <= 0.0 {
                        continue;
                    }
                    let (p, q) = (domain.chains[a.chain].patches, domain.chains[b.chain].patches);
                    let shared = p.iter().any(|x| q.contains(x));
                    let apart = a.chain != b.chain || (a.along - b.along).abs() > 3.0 * length;
                    // Side by side: running the same way, with the offset square to both.
                    let beside = a.tangent.dot(b.tangent).abs() > 0.9
                        && d.dot(a.tangent).abs() < 0.5 * length
                        && d.dot(b.tangent).abs() < 0.5 * length;
                    if shared && apart && beside {
                        gap = length;
                    }
                }
            }
            let size = (SIZE_PER_GAP * gap).max(options.size_min);
            (size < options.size).then_some(Sample { point: a.point, size })
        })
        .collect();
    out.extend(gaps.into_iter().flatten());
    out
}
