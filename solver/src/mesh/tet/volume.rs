//! Tetrahedra under change: who is beside whom, and how good each one is.

use super::delaunay::{FACETS, NONE};
use super::surf::Place;
use glam::DVec3;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Set in a neighbour's place where the body ends; the rest is the patch of the surface.
pub(super) const OUTSIDE: u32 = 1 << 31;

/// The edges of a tetrahedron, each with the opposite one behind it.
pub(super) const EDGES: [[usize; 4]; 6] =
    [[0, 1, 2, 3], [0, 2, 3, 1], [0, 3, 1, 2], [1, 2, 0, 3], [1, 3, 2, 0], [2, 3, 0, 1]];

/// Six times the signed volume.
pub(super) fn volume6(p: [DVec3; 4]) -> f64 {
    (p[1] - p[0]).cross(p[2] - p[0]).dot(p[3] - p[0])
}

/// Smallest squared sine among the dihedral angles, negative for an inverted tetrahedron: small and large angles count
/// alike. Source: Klingner & Shewchuk, "Aggressive tetrahedral mesh improvement", IMR 2007, §2.
pub(super) fn quality(p: [DVec3; 4]) -> f64 {
    let n = FACETS.map(|[a, b, c]| (p[b] - p[a]).cross(p[c] - p[a]).length_squared());
    let v = volume6(p);
    let mut worst = f64::INFINITY;
    for [a, b, c, d] in EDGES {
        // The facets that share edge ab are opposite c and d.
        let product = n[c] * n[d];
        let sine = if product > 0.0 { v * v * (p[b] - p[a]).length_squared() / product } else { 0.0 };
        worst = worst.min(sine);
    }
    if v > 0.0 { worst } else { -worst - f64::MIN_POSITIVE }
}

/// A body of tetrahedra.
#[derive(Default)]
pub(super) struct Volume {
    pub points: Vec<DVec3>,
    pub place: Vec<Place>,
    /// Corners, of positive volume; [`NONE`] first for a place that is free.
    pub tets: Vec<[u32; 4]>,
    /// Over the facet opposite each corner; [`OUTSIDE`] and the patch at the surface.
    pub neighbours: Vec<[u32; 4]>,
    /// A tetrahedron at each vertex.
    pub of: Vec<u32>,
    /// How many tetrahedra each vertex has: more than its star where the body touches itself in a point.
    pub valence: Vec<u32>,
    /// Edges that lie on feature curves.
    pub curves: BTreeMap<(u32, u32), u32>,
    /// Vertices, in ascending order, that nothing may be drawn into.
    pub locked: Vec<u32>,
    /// Quality of each tetrahedron, kept up with every change; see [`Volume::measure`].
    known: Vec<f64>,
    /// Changes so far, and the last one that befell a tetrahedron at each vertex.
    pub clock: u32,
    pub touched: Vec<u32>,
    free: Vec<u32>,
    stamp: Vec<u32>,
    now: u32,
    facets: Vec<([u32; 3], u32, u32)>,
}

/// The tetrahedra around an edge.
pub(super) struct Ring {
    pub tets: Vec<u32>,
    /// Vertices around, turning to the right about the edge; one more than tetrahedra where the edge is at the surface.
    pub around: Vec<u32>,
    /// Codes of the two surface facets of an edge at the surface.
    pub border: Option<[u32; 2]>,
}

fn sorted(mut v: [u32; 3]) -> [u32; 3] {
    v.sort_unstable();
    v
}

impl Volume {
    pub fn alive(&self, t: u32) -> bool {
        self.tets[t as usize][0] != NONE
    }

    pub fn each(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.tets.len() as u32).filter(|t| self.alive(*t))
    }

    pub fn corners(&self, t: u32) -> [DVec3; 4] {
        self.tets[t as usize].map(|v| self.points[v as usize])
    }

    /// Quality of a tetrahedron.
    pub fn quality(&self, t: u32) -> f64 {
        self.known[t as usize]
    }

    /// Qualities of all tetrahedra, before the first change.
    pub fn measure(&mut self) {
        let points = &self.points;
        let one = |v: &[u32; 4]| if v[0] == NONE { 0.0 } else { quality(v.map(|v| points[v as usize])) };
        self.known = self.tets.par_iter().map(one).collect();
        self.touched = vec![0; self.points.len()];
    }

    /// Moves vertex `v` with the tetrahedra of `star` around it.
    pub fn move_to(&mut self, v: u32, point: DVec3, place: Place, star: &[u32]) {
        self.points[v as usize] = point;
        self.place[v as usize] = place;
        self.clock += 1;
        for t in star {
            self.known[*t as usize] = quality(self.corners(*t));
            self.tets[*t as usize].iter().for_each(|v| self.touched[*v as usize] = self.clock);
        }
    }

    /// A new vertex inside, without tetrahedra yet.
    pub fn add(&mut self, point: DVec3) -> u32 {
        self.points.push(point);
        self.place.push(Place::Inside);
        self.of.push(NONE);
        self.valence.push(0);
        self.touched.push(self.clock);
        self.points.len() as u32 - 1
    }

    /// Takes the last vertex back.
    pub fn take_back(&mut self) {
        self.points.pop();
        self.place.pop();
        self.of.pop();
        self.valence.pop();
        self.touched.pop();
    }

    pub fn quality_of(&self, v: [u32; 4]) -> f64 {
        quality(v.map(|v| self.points[v as usize]))
    }

    pub fn curve(&self, a: u32, b: u32) -> Option<u32> {
        self.curves.get(&(a.min(b), a.max(b))).copied()
    }

    /// Tetrahedra at `v` into `out`.
    pub fn star(&mut self, v: u32, out: &mut Vec<u32>) {
        self.stamp.resize(self.tets.len(), 0);
        self.now += 1;
        out.clear();
        out.push(self.of[v as usize]);
        self.stamp[self.of[v as usize] as usize] = self.now;
        let mut next = 0;
        while next < out.len() {
            let t = out[next] as usize;
            next += 1;
            for k in 0..4 {
                let n = self.neighbours[t][k];
                if self.tets[t][k] != v && n < OUTSIDE && self.stamp[n as usize] != self.now {
                    self.stamp[n as usize] = self.now;
                    out.push(n);
                }
            }
        }
    }

    /// Walks around edge `ab` of `t`; `None` for more than `n_max` tetrahedra.
    pub fn ring(&self, t: u32, a: u32, b: u32, n_max: usize) -> Option<Ring> {
        let mut rest = self.tets[t as usize].into_iter().filter(|v| *v != a && *v != b);
        let (c, d) = (rest.next()?, rest.next()?);
        // By the order of the corners, not by volume: an inverted tetrahedron has neighbours, too.
        let (c, d) = if even(self.tets[t as usize], [a, b, c, d]) { (c, d) } else { (d, c) };
        let mut ring = Ring { tets: vec![t], around: vec![c, d], border: None };
        let (mut at, mut back, mut front) = (t, c, d);
        loop {
            // Leave through the facet a, b, front: opposite `back`.
            let n = self.over(at, back);
            if n >= OUTSIDE {
                // Back to the start and the other way.
                let last = n;
                let (mut at, mut front, mut back) = (t, d, c);
                loop {
                    let n = self.over(at, front);
                    if n >= OUTSIDE {
                        ring.border = Some([n, last]);
                        return Some(ring);
                    }
                    let new = self.third(n, a, b, back);
                    ring.tets.insert(0, n);
                    ring.around.insert(0, new);
                    if ring.tets.len() > n_max {
                        return None;
                    }
                    (at, front, back) = (n, back, new);
                }
            }
            if n == t {
                ring.around.pop();
                return Some(ring);
            }
            let new = self.third(n, a, b, front);
            ring.tets.push(n);
            ring.around.push(new);
            if ring.tets.len() > n_max {
                return None;
            }
            (at, back, front) = (n, front, new);
        }
    }

    /// What lies over the facet of `t` opposite `v`.
    pub fn over(&self, t: u32, v: u32) -> u32 {
        let k = self.tets[t as usize].iter().position(|w| *w == v).unwrap_or(0);
        self.neighbours[t as usize][k]
    }

    fn third(&self, t: u32, a: u32, b: u32, c: u32) -> u32 {
        self.tets[t as usize].into_iter().find(|v| *v != a && *v != b && *v != c).unwrap_or(NONE)
    }

    /// Replaces `old` by `new`, which must fill the same space but for `surface`: facets that become the surface, with
    /// their codes. Returns false, and changes nothing, where the new ones do not fit together.
    pub fn replace(&mut self, old: &[u32], new: &[[u32; 4]], surface: &[([u32; 3], u32)]) -> bool {
        // Every facet of the new ones meets another new one, what lay around, or the surface.
        const INNER: u32 = u32::MAX;
        self.facets.clear();
        for (i, v) in new.iter().enumerate() {
            for (k, f) in FACETS.iter().enumerate() {
                self.facets.push((sorted(f.map(|j| v[j])), INNER, (4 * i + k) as u32));
            }
        }
        let n_new = self.facets.len();
        for t in old {
            for (k, f) in FACETS.iter().enumerate() {
                let n = self.neighbours[*t as usize][k];
                if n >= OUTSIDE || !old.contains(&n) {
                    self.facets.push((sorted(f.map(|j| self.tets[*t as usize][j])), n, *t));
                }
            }
        }
        for (f, code) in surface {
            self.facets.push((sorted(*f), *code, INNER));
        }
        let mut facets = std::mem::take(&mut self.facets);
        facets[..].sort_unstable();
        // Old outer facets sort before new ones of the same corners, because INNER is the largest code.
        let fits = facets.chunk_by(|x, y| x.0 == y.0).all(|same| match same {
            [_, y] => y.1 == INNER,
            // Only the surface may lose a facet.
            [x] => x.1 != INNER && x.1 >= OUTSIDE && x.2 != INNER,
            _ => false,
        });
        if !fits || n_new == 0 && surface.is_empty() {
            self.facets = facets;
            return false;
        }
        let places: Vec<u32> = (0..new.len())
            .map(|_| {
                self.free.pop().unwrap_or_else(|| {
                    self.tets.push([NONE; 4]);
                    self.neighbours.push([NONE; 4]);
                    self.known.push(0.0);
                    self.tets.len() as u32 - 1
                })
            })
            .collect();
        self.clock += 1;
        for (v, t) in new.iter().zip(&places) {
            self.tets[*t as usize] = *v;
            self.known[*t as usize] = self.quality_of(*v);
            for v in v {
                self.of[*v as usize] = *t;
                self.valence[*v as usize] += 1;
            }
        }
        for same in facets.chunk_by(|x, y| x.0 == y.0) {
            let [(_, code, from), (_, _, slot)] = same else { continue };
            let (t, k) = (places[*slot as usize / 4], *slot as usize % 4);
            if *code == INNER {
                let (u, j) = (places[*from as usize / 4], *from as usize % 4);
                self.neighbours[t as usize][k] = u;
                self.neighbours[u as usize][j] = t;
                continue;
            }
            self.neighbours[t as usize][k] = *code;
            if *code < OUTSIDE {
                let n = &mut self.neighbours[*code as usize];
                n.iter_mut().filter(|s| **s == *from).for_each(|s| *s = t);
            }
        }
        for t in old {
            self.discard(*t);
        }
        self.facets = facets;
        true
    }

    /// Takes away one tetrahedron that lies at the surface with the two facets of edge `ab`.
    pub fn peel(&mut self, t: u32, a: u32, b: u32, code: u32) -> bool {
        for k in 0..4 {
            let v = self.tets[t as usize][k];
            let n = self.neighbours[t as usize][k];
            // The facets opposite a and b stay behind and become the surface.
            if (v == a || v == b) && n >= OUTSIDE {
                return false;
            }
        }
        for k in 0..4 {
            let n = self.neighbours[t as usize][k];
            if n < OUTSIDE {
                self.neighbours[n as usize].iter_mut().filter(|s| **s == t).for_each(|s| *s = code);
                for v in self.tets[n as usize] {
                    self.of[v as usize] = n;
                }
            }
        }
        self.clock += 1;
        self.discard(t);
        true
    }

    fn discard(&mut self, t: u32) {
        for v in self.tets[t as usize] {
            self.valence[v as usize] -= 1;
            // All corners of what comes instead are among these.
            self.touched[v as usize] = self.clock;
        }
        self.tets[t as usize] = [NONE; 4];
        self.free.push(t);
    }
}

/// Whether `b` is an even reordering of `a`.
fn even(a: [u32; 4], b: [u32; 4]) -> bool {
    let p = b.map(|v| a.iter().position(|w| *w == v).unwrap_or(0));
    let mut even = true;
    for i in 0..4 {
        for j in i + 1..4 {
            even ^= p[i] > p[j];
        }
    }
    even
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_is_the_least_sine_of_a_dihedral_angle() {
        let corner = [DVec3::ZERO, DVec3::X, DVec3::Y, DVec3::Z];
        // Three right angles and three of atan √2 = 54.7°.
        assert!((quality(corner) - 2.0 / 3.0).abs() < 1e-12);
        let regular = [[1.0, 1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, -1.0, -1.0], [-1.0, -1.0, 1.0]].map(DVec3::from);
        let regular = if volume6(regular) > 0.0 { regular } else { [regular[0], regular[2], regular[1], regular[3]] };
        assert!((quality(regular) - 8.0 / 9.0).abs() < 1e-12);
        assert!(quality([corner[0], corner[2], corner[1], corner[3]]) < 0.0);
    }
}
