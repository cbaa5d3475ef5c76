//! Holes closed by triangles between the sides around them: no point moves, and nothing else of the surface changes.
//!
//! Of all triangulations of a ring the one of least area is taken, by dynamic programming. Source: Barequet & Sharir,
//! "Filling gaps in the boundary of a polyhedron", CAGD 12(2), 1995. Only where that is what anyone would do: the ring is
//! flat, or what is missing is little.

use crate::surface::SurfaceMesh;
use glam::DVec3;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Sides of a ring, and holes: beyond, the triangulation takes seconds.
const SIDES_MAX: usize = 200;
const HOLES_MAX: usize = 1000;
/// How far the points of a flat ring lie from its plane, in its own sizes.
const FLAT: f64 = 1e-3;
/// Share of the closed surface that may be filled: where all rings are flat, and where one is not.
const SHARE_FLAT_MAX: f64 = 0.35;
const SHARE_MAX: f64 = 0.1;
/// Volume of a piece over its area to the power 3/2, below which it encloses nothing.
const NOTHING: f64 = 1e-7;

/// What was added to a surface.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Filled {
    pub n_triangles: usize,
    /// m²
    pub area: f64,
    /// Of the whole surface as it is now.
    pub share: f64,
    /// Middle of the largest hole, m.
    pub at: [f64; 3],
    /// Triangles of pieces that enclose nothing, left out.
    pub n_loose: usize,
}

struct Ring {
    points: Vec<u32>,
    middle: DVec3,
    /// Twice the area times normal, m²; the way the filling will face.
    cross: DVec3,
    is_flat: bool,
    bounds: (DVec3, DVec3),
}

impl Ring {
    fn new(points: Vec<u32>, surface: &SurfaceMesh) -> Self {
        let at = |p: &u32| DVec3::from(surface.points[*p as usize]);
        let middle = points.iter().map(at).sum::<DVec3>() / points.len() as f64;
        let next = points.iter().cycle().skip(1);
        let cross = points.iter().zip(next).map(|(a, b)| (at(a) - middle).cross(at(b) - middle)).sum::<DVec3>();
        let (lo, hi) =
            points.iter().map(at).fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(l, h), p| (l.min(p), h.max(p)));
        let normal = cross.normalize_or_zero();
        let off = points.iter().map(|p| (at(p) - middle).dot(normal).abs()).fold(0.0, f64::max);
        let is_flat = normal != DVec3::ZERO && off <= FLAT * lo.distance(hi);
        Self { points, middle, cross, is_flat, bounds: (lo, hi) }
    }

    /// Whether `other` lies in the plane of this ring and inside it.
    fn holds(&self, other: &Self, surface: &SurfaceMesh) -> bool {
        let room = DVec3::splat(FLAT * self.bounds.0.distance(self.bounds.1));
        let boxed =
            self.bounds.0.cmple(other.bounds.0 + room).all() && other.bounds.1.cmple(self.bounds.1 + room).all();
        if !(boxed && self.is_flat && other.is_flat) {
            return false;
        }
        let normal = self.cross.normalize_or_zero();
        let u = normal.any_orthonormal_vector();
        let v = normal.cross(u);
        let at = |p: &u32| DVec3::from(surface.points[*p as usize]) - self.middle;
        let in_plane = other.points.iter().all(|p| at(p).dot(normal).abs() <= room.x);
        let Some(p) = other.points.iter().find(|p| !self.points.contains(p)).map(at) else { return false };
        let p = (p.dot(u), p.dot(v));
        let mut inside = false;
        for (k, a) in self.points.iter().enumerate() {
            let (a, b) = (at(a), at(&self.points[(k + 1) % self.points.len()]));
            let (a, b) = ((a.dot(u), a.dot(v)), (b.dot(u), b.dot(v)));
            if (a.1 > p.1) != (b.1 > p.1) && p.0 < a.0 + (b.0 - a.0) * (p.1 - a.1) / (b.1 - a.1) {
                inside = !inside;
            }
        }
        in_plane && inside
    }
}

/// A closed surface from one whose sides have two neighbours at most, and what was added. `None` where a hole is too large
/// or too winding to be closed without guessing, or nothing would be enclosed.
pub fn fill(surface: &SurfaceMesh) -> Option<(SurfaceMesh, Filled)> {
    let rings: Vec<Ring> = rings(surface)?.into_iter().map(|r| Ring::new(r, surface)).collect();
    if rings.is_empty() || rings.len() > HOLES_MAX {
        return None;
    }
    let at = |p: u32| DVec3::from(surface.points[p as usize]);
    // A ring inside another one is the inner border of the same missing face: a bridge makes one ring of both.
    let mut order: Vec<usize> = (0..rings.len()).collect();
    order.sort_by(|a, b| rings[*b].cross.length().total_cmp(&rings[*a].cross.length()).then(a.cmp(b)));
    let mut joined: Vec<(usize, Vec<u32>)> = Vec::new();
    for k in order {
        let outer = joined.iter_mut().rfind(|(o, _)| rings[*o].holds(&rings[k], surface));
        let Some((_, outer)) = outer else {
            joined.push((k, rings[k].points.clone()));
            continue;
        };
        let inner = &rings[k].points;
        let pairs = (0..outer.len()).flat_map(|i| (0..inner.len()).map(move |j| (i, j)));
        let apart = |(i, j): &(usize, usize)| at(outer[*i]).distance_squared(at(inner[*j]));
        let (i, j) = pairs.min_by(|a, b| apart(a).total_cmp(&apart(b)))?;
        let bridge = inner[j..].iter().chain(&inner[..=j]).chain([&outer[i]]).copied().collect::<Vec<u32>>();
        outer.splice(i + 1..i + 1, bridge);
    }
    let mut filled = Filled::default();
    let mut out =
        SurfaceMesh { points: surface.points.clone(), triangles: surface.triangles.clone(), ..Default::default() };
    let mut largest = 0.0;
    let mut is_flat = true;
    for (k, ring) in &joined {
        if ring.len() > SIDES_MAX {
            return None;
        }
        let corners: Vec<DVec3> = ring.iter().map(|p| at(*p)).collect();
        let triangles = triangulate(&corners);
        let area: f64 = triangles.iter().map(|t| cross(t.map(|i| corners[i])).length() / 2.0).sum();
        if area > largest {
            (largest, filled.at) = (area, rings[*k].middle.to_array());
        }
        is_flat &= rings[*k].is_flat;
        filled.area += area;
        filled.n_triangles += triangles.len();
        out.triangles.extend(triangles.iter().map(|t| t.map(|i| ring[i])));
    }
    let n_known = surface.triangles.len();
    let whole: f64 = (0..n_known).map(|t| DVec3::from(surface.triangle_cross(t)).length() / 2.0).sum();
    filled.share = filled.area / (whole + filled.area).max(f64::MIN_POSITIVE);
    if filled.share > if is_flat { SHARE_FLAT_MAX } else { SHARE_MAX } {
        return None;
    }
    filled.n_loose = leave_loose(&mut out, n_known);
    (!out.triangles.is_empty()).then_some((out, filled))
}

/// Takes away pieces with a filling that enclose nothing, such as a single sheet; returns how many of the first `n_known`
/// triangles went.
fn leave_loose(surface: &mut SurfaceMesh, n_known: usize) -> usize {
    let shell = super::repair::shells(surface);
    let n = shell.iter().max().map_or(0, |s| *s as usize + 1);
    let (mut volume, mut area, mut is_filled) = (vec![0.0; n], vec![0.0; n], vec![false; n]);
    let mut origin = vec![DVec3::NAN; n];
    for (t, corners) in surface.triangles.iter().enumerate() {
        let s = shell[t] as usize;
        let corners = corners.map(|p| DVec3::from(surface.points[p as usize]));
        if origin[s].is_nan() {
            origin[s] = corners[0];
        }
        let cross = cross(corners);
        volume[s] += (corners[0] - origin[s]).dot(cross) / 6.0;
        area[s] += cross.length() / 2.0;
        is_filled[s] |= t >= n_known;
    }
    let is_loose = |t: usize| {
        let s = shell[t] as usize;
        is_filled[s] && !(volume[s].abs() > NOTHING * area[s].powf(1.5))
    };
    let n_loose = (0..n_known).filter(|t| is_loose(*t)).count();
    let mut t = 0;
    surface.triangles.retain(|_| {
        t += 1;
        !is_loose(t - 1)
    });
    n_loose
}

fn cross([a, b, c]: [DVec3; 3]) -> DVec3 {
    (b - a).cross(c - a)
}

/// The rings of open sides, each the way round that its filling will have; no ring passes a point twice. `None` when the
/// sides do not form rings.
fn rings(surface: &SurfaceMesh) -> Option<Vec<Vec<u32>>> {
    let sides = |t: &[u32; 3]| [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])];
    let all: HashSet<(u32, u32)> = surface.triangles.iter().flat_map(sides).collect();
    if all.len() != 3 * surface.triangles.len() {
        return None;
    }
    let mut next: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (a, b) in surface.triangles.iter().flat_map(sides) {
        if !all.contains(&(b, a)) {
            next.entry(b).or_default().push(a);
        }
    }
    let mut out = Vec::new();
    for start in next.keys().copied().collect::<Vec<u32>>() {
        let mut path = vec![start];
        let mut place: HashMap<u32, usize> = HashMap::from([(start, 0)]);
        while let Some(here) = path.last() {
            let Some(to) = next.get_mut(here).and_then(Vec::pop) else { break };
            // Where the path meets itself a ring ends; holes that touch in a point come apart so.
            match place.get(&to) {
                Some(k) => {
                    out.push(path[*k..].to_vec());
                    for p in path.drain(k + 1..) {
                        place.remove(&p);
                    }
                }
                None => {
                    place.insert(to, path.len());
                    path.push(to);
                }
            }
        }
        if path.len() > 1 {
            return None;
        }
    }
    Some(out)
}

/// Triangles between the corners of a ring, least in area; of equal ones, those that are not slivers.
fn triangulate(p: &[DVec3]) -> Vec<[usize; 3]> {
    let n = p.len();
    let cost = |i: usize, j: usize, k: usize| {
        let area = cross([p[i], p[j], p[k]]).length();
        let longest = p[i].distance_squared(p[j]).max(p[j].distance_squared(p[k])).max(p[k].distance_squared(p[i]));
        area + if area < 1e-6 * longest { longest } else { 1e-4 * longest }
    };
    let (mut best, mut middle) = (vec![0.0; n * n], vec![0; n * n]);
    for gap in 2..n {
        for i in 0..n - gap {
            let k = i + gap;
            let least = (i + 1..k)
                .map(|j| (best[i * n + j] + best[j * n + k] + cost(i, j, k), j))
                .min_by(|a, b| a.0.total_cmp(&b.0));
            (best[i * n + k], middle[i * n + k]) = least.unwrap_or_default();
        }
    }
    let mut out = Vec::with_capacity(n.saturating_sub(2));
    let mut waiting = vec![(0, n - 1)];
    while let Some((i, k)) = waiting.pop() {
        if k > i + 1 {
            let j = middle[i * n + k];
            out.push([i, j, k]);
            waiting.extend([(i, j), (j, k)]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notched_ring_is_covered_once() {
        // An L, with a point in the middle of a straight side.
        let corners = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0], [1.0, 2.0], [0.0, 2.0]];
        let p: Vec<DVec3> = corners.iter().map(|c| DVec3::new(c[0], c[1], 0.3)).collect();
        let triangles = triangulate(&p);
        assert_eq!(triangles.len(), 5);
        let areas: Vec<f64> = triangles.iter().map(|t| cross(t.map(|i| p[i])).z / 2.0).collect();
        assert!(areas.iter().all(|a| *a > 0.1), "{areas:?}");
        assert!((areas.iter().sum::<f64>() - 3.0).abs() < 1e-12);
    }
}
