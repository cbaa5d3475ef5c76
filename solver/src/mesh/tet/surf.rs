//! A triangle surface that can be cut, joined and turned: every side has exactly one triangle beyond it.

use super::delaunay::NONE;
use crate::surface::SurfaceMesh;
use glam::DVec3;
use std::sync::Arc;

/// What a vertex lies on, and so how it may move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    /// Inside the body.
    Inside,
    /// On a patch of the surface.
    Patch(u32),
    /// On a feature curve, at a length along it.
    Curve { chain: u32, at: f64 },
    /// Fixed.
    Corner,
}

/// No vertex has more triangles than this.
const FAN_MAX: usize = 4096;

/// A closed surface under change.
#[derive(Clone, Default)]
pub(super) struct Surf {
    pub points: Vec<DVec3>,
    pub place: Vec<Place>,
    /// Corners, turning outwards; [`NONE`] first for a triangle that is gone.
    pub triangles: Vec<[u32; 3]>,
    /// The smooth patch of each triangle.
    pub patch: Vec<u32>,
    /// The triangle over side `k`, from corner `k` to the next.
    pub across: Vec<[u32; 3]>,
    /// The feature curve that side `k` lies on, or [`NONE`].
    pub chain: Vec<[u32; 3]>,
    /// A triangle at each vertex.
    pub of: Vec<u32>,
    /// Triangles whose sides may have become worth turning since they were last looked at.
    pub stale: Vec<bool>,
    /// For each vertex that was projected, the triangle of its patch that it last came to lie on: a hint.
    pub near: Vec<u32>,
}

/// Shape of a triangle in `[0, 1]`: 1 for equal sides, 0 without area.
pub(super) fn shape(a: DVec3, b: DVec3, c: DVec3) -> f64 {
    let (u, v, w) = (b - a, c - b, a - c);
    let sum = u.length_squared() + v.length_squared() + w.length_squared();
    if sum > 0.0 { 2.0 * 3_f64.sqrt() * u.cross(v).length() / sum } else { 0.0 }
}

impl Surf {
    pub fn alive(&self, t: u32) -> bool {
        self.triangles[t as usize][0] != NONE
    }

    /// Triangles that are not gone.
    pub fn each(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.triangles.len() as u32).filter(|t| self.alive(*t))
    }

    pub fn corners(&self, t: u32) -> [DVec3; 3] {
        self.triangles[t as usize].map(|v| self.points[v as usize])
    }

    pub fn centre(&self, t: u32) -> DVec3 {
        let [a, b, c] = self.corners(t);
        (a + b + c) / 3.0
    }

    /// Its points and triangles; none of these may be gone.
    pub fn mesh(&self) -> Arc<SurfaceMesh> {
        let points = self.points.iter().map(|p| p.to_array()).collect();
        Arc::new(SurfaceMesh { points, triangles: self.triangles.clone(), ..SurfaceMesh::default() })
    }

    /// Twice the area times the normal.
    pub fn cross(&self, t: u32) -> DVec3 {
        let [a, b, c] = self.corners(t);
        (b - a).cross(c - a)
    }

    /// Where in triangle `t` its corner `v` stands.
    pub fn position(&self, t: u32, v: u32) -> usize {
        self.triangles[t as usize].iter().position(|w| *w == v).unwrap_or(0)
    }

    /// The side of `t` that triangle `u` lies over.
    fn side_to(&self, t: u32, u: u32, a: u32) -> usize {
        // Two triangles can share two sides; corner `a` starts the one meant.
        let k = self.position(t, a);
        debug_assert_eq!(self.across[t as usize][k], u);
        k
    }

    /// Triangles around `v` into `out`, in order.
    pub fn star(&self, v: u32, out: &mut Vec<u32>) {
        out.clear();
        let first = self.of[v as usize];
        let mut t = first;
        loop {
            out.push(t);
            t = self.across[t as usize][self.position(t, v)];
            if t == first || out.len() > FAN_MAX {
                return;
            }
        }
    }

    /// Side `k` of `t` as its two ends.
    pub fn ends(&self, t: u32, k: usize) -> [u32; 2] {
        let v = self.triangles[t as usize];
        [v[k], v[(k + 1) % 3]]
    }

    /// Whether `a` and `b` share a side.
    pub fn joined(&self, a: u32, b: u32) -> bool {
        let first = self.of[a as usize];
        let mut t = first;
        let mut n = 0;
        loop {
            if self.triangles[t as usize].contains(&b) {
                return true;
            }
            t = self.across[t as usize][self.position(t, a)];
            n += 1;
            if t == first || n > FAN_MAX {
                return false;
            }
        }
    }

    /// Marks what turning sides depends on around `t`.
    fn mark(&mut self, t: u32) {
        self.stale[t as usize] = true;
        for u in self.across[t as usize] {
            self.stale[u as usize] = true;
        }
    }

    /// Marks what turning sides depends on where an edge between `a` and `b` was taken away: quadrilaterals that it
    /// closed on the far side too.
    fn mark_ends(&mut self, ends: [u32; 2]) {
        for v in ends {
            let first = self.of[v as usize];
            let (mut t, mut n) = (first, 0);
            loop {
                self.stale[t as usize] = true;
                t = self.across[t as usize][self.position(t, v)];
                n += 1;
                if t == first || n > FAN_MAX {
                    break;
                }
            }
        }
    }

    fn set(&mut self, t: u32, corners: [u32; 3], across: [u32; 3], chain: [u32; 3]) {
        let i = t as usize;
        self.triangles[i] = corners;
        self.across[i] = across;
        self.chain[i] = chain;
        for v in corners {
            self.of[v as usize] = t;
        }
    }

    /// Tells triangle `n`, whose side from `a` lay over `old`, that it now lies over `new`.
    fn repoint(&mut self, n: u32, a: u32, new: u32) {
        let k = self.position(n, a);
        self.across[n as usize][k] = new;
    }

    /// Cuts side `k` of `t`, and the triangle beyond, at `point`; returns the new vertex.
    pub fn split(&mut self, t: u32, k: usize, point: DVec3, place: Place) -> u32 {
        let (v, n, f) = (self.triangles[t as usize], self.across[t as usize], self.chain[t as usize]);
        let (a, b, c) = (v[k], v[(k + 1) % 3], v[(k + 2) % 3]);
        let (u, bc, ca) = (n[k], n[(k + 1) % 3], n[(k + 2) % 3]);
        let (f_ab, f_bc, f_ca) = (f[k], f[(k + 1) % 3], f[(k + 2) % 3]);
        let j = self.side_to(u, t, b);
        let (w, m, g) = (self.triangles[u as usize], self.across[u as usize], self.chain[u as usize]);
        let d = w[(j + 2) % 3];
        let (ad, db) = (m[(j + 1) % 3], m[(j + 2) % 3]);
        let (f_ad, f_db) = (g[(j + 1) % 3], g[(j + 2) % 3]);

        let x = self.points.len() as u32;
        self.points.push(point);
        self.place.push(place);
        self.of.push(t);
        self.near.push(NONE);
        let (t2, u2) = (self.triangles.len() as u32, self.triangles.len() as u32 + 1);
        for patch in [self.patch[t as usize], self.patch[u as usize]] {
            self.triangles.push([NONE; 3]);
            self.across.push([NONE; 3]);
            self.chain.push([NONE; 3]);
            self.patch.push(patch);
            self.stale.push(true);
        }
        // A neighbour may be one of the two itself; it is told by the corner its side starts at.
        self.set(t, [a, x, c], [u, t2, ca], [f_ab, NONE, f_ca]);
        self.set(t2, [x, b, c], [u2, bc, t], [f_ab, f_bc, NONE]);
        self.set(u, [x, a, d], [t, ad, u2], [f_ab, f_ad, NONE]);
        self.set(u2, [b, x, d], [t2, u, db], [f_ab, NONE, f_db]);
        self.repoint(bc, c, t2);
        self.repoint(db, b, u2);
        [t, t2, u, u2].into_iter().for_each(|t| self.mark(t));
        self.mark_ends([a, b]);
        x
    }

    /// Whether side `k` of `t` can be turned at all.
    pub fn can_flip(&self, t: u32, k: usize) -> bool {
        let u = self.across[t as usize][k];
        let c = self.triangles[t as usize][(k + 2) % 3];
        let d = self.apex(t, k);
        self.chain[t as usize][k] == NONE
            && self.patch[t as usize] == self.patch[u as usize]
            && c != d
            && !self.joined(c, d)
    }

    /// The corner of the triangle over side `k` of `t` that is not on the side.
    pub fn apex(&self, t: u32, k: usize) -> u32 {
        let u = self.across[t as usize][k];
        let b = self.triangles[t as usize][(k + 1) % 3];
        self.triangles[u as usize][(self.position(u, b) + 2) % 3]
    }

    /// Turns side `k` of `t`: the two triangles share the other diagonal afterwards.
    pub fn flip(&mut self, t: u32, k: usize) {
        let (v, n, f) = (self.triangles[t as usize], self.across[t as usize], self.chain[t as usize]);
        let (a, b, c) = (v[k], v[(k + 1) % 3], v[(k + 2) % 3]);
        let (u, bc, ca) = (n[k], n[(k + 1) % 3], n[(k + 2) % 3]);
        let j = self.side_to(u, t, b);
        let (w, m, g) = (self.triangles[u as usize], self.across[u as usize], self.chain[u as usize]);
        let d = w[(j + 2) % 3];
        let (ad, db) = (m[(j + 1) % 3], m[(j + 2) % 3]);
        self.set(t, [a, d, c], [ad, u, ca], [g[(j + 1) % 3], NONE, f[(k + 2) % 3]]);
        self.set(u, [d, b, c], [db, bc, t], [g[(j + 2) % 3], f[(k + 1) % 3], NONE]);
        self.repoint(ad, d, t);
        self.repoint(bc, c, u);
        self.of[a as usize] = t;
        self.of[b as usize] = u;
        self.mark(t);
        self.mark(u);
        self.mark_ends([a, b]);
    }

    /// Whether side `k` of `t` can be drawn together into its second end without tearing or folding the surface, as far
    /// as the connections go. `star`: the triangles around its first end.
    pub fn can_collapse(&self, t: u32, k: usize, star: &[u32]) -> bool {
        let [a, b] = self.ends(t, k);
        let u = self.across[t as usize][k];
        let c = self.triangles[t as usize][(k + 2) % 3];
        let d = self.apex(t, k);
        if star.len() < 3 || c == d {
            return false;
        }
        // The two vertices share exactly the two neighbours beside the side.
        for s in star {
            let v = self.triangles[*s as usize][(self.position(*s, a) + 1) % 3];
            if v != b && v != c && v != d && self.joined(v, b) {
                return false;
            }
        }
        // A neighbour left with two triangles would fold.
        let degree = |v: u32| {
            let mut around = Vec::new();
            self.star(v, &mut around);
            around.len()
        };
        if degree(c) <= 3 || degree(d) <= 3 {
            return false;
        }
        // Two curves may not fall into one.
        let curves = |t: u32, k: usize| {
            let f = self.chain[t as usize];
            f[(k + 1) % 3] != NONE && f[(k + 2) % 3] != NONE
        };
        !curves(t, k) && !curves(u, self.position(u, b))
    }

    /// Draws side `k` of `t` into its second end. `star`: the triangles around its first end.
    pub fn collapse(&mut self, t: u32, k: usize, star: &[u32]) {
        let [a, b] = self.ends(t, k);
        let u = self.across[t as usize][k];
        let j = self.position(u, b);
        for s in star {
            let at = self.position(*s, a);
            self.triangles[*s as usize][at] = b;
        }
        for (t, k) in [(t, k), (u, j)] {
            let i = t as usize;
            let (one, two) = ((k + 1) % 3, (k + 2) % 3);
            let (p, q) = (self.across[i][one], self.across[i][two]);
            let curve = if self.chain[i][one] == NONE { self.chain[i][two] } else { self.chain[i][one] };
            // Corner between the two sides: the apex.
            let apex = self.triangles[i][two];
            let base = b;
            // Side `one` runs base→apex or apex→base by which triangle it is seen from; each neighbour starts at its
            // own end.
            for (n, other) in [(p, q), (q, p)] {
                let v = self.triangles[n as usize];
                for s in 0..3 {
                    let ends = [v[s], v[(s + 1) % 3]];
                    if self.across[n as usize][s] == t && (ends == [base, apex] || ends == [apex, base]) {
                        self.across[n as usize][s] = other;
                        self.chain[n as usize][s] = curve;
                    }
                }
            }
            self.of[apex as usize] = p;
            self.of[b as usize] = p;
        }
        for t in [t, u] {
            self.triangles[t as usize] = [NONE; 3];
        }
        self.of[a as usize] = NONE;
        star.iter().for_each(|t| self.mark(*t));
    }

    /// Drops triangles that are gone. Vertices keep their numbers: chains know their ends by them.
    pub fn compact(&mut self) {
        let alive: Vec<u32> = self.each().collect();
        let mut to = vec![NONE; self.triangles.len()];
        for (new, old) in alive.iter().enumerate() {
            to[*old as usize] = new as u32;
        }
        let keep = |x: &Vec<[u32; 3]>| alive.iter().map(|t| x[*t as usize]).collect::<Vec<_>>();
        self.across = keep(&self.across).into_iter().map(|n| n.map(|t| to[t as usize])).collect();
        self.chain = keep(&self.chain);
        self.stale = alive.iter().map(|t| self.stale[*t as usize]).collect();
        self.patch = alive.iter().map(|t| self.patch[*t as usize]).collect();
        self.triangles = keep(&self.triangles);
        for (t, v) in self.triangles.iter().enumerate() {
            for v in v {
                self.of[*v as usize] = t as u32;
            }
        }
    }
}
