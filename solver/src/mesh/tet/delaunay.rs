//! Delaunay tetrahedra of a set of points, by insertion one at a time.
//!
//! Sources: Bowyer, Comput. J. 24(2), 1981 and Watson, ibid. (the cavity); Amenta, Choi & Rote, SoCG 2003 (rounds of
//! random points, each sorted along a curve); Shewchuk, DCG 18, 1997 (exact predicates). With exact signs and a strict
//! test, a point never lies in the plane of a facet of its cavity, so no tetrahedron without volume is ever made.

use glam::DVec3;
use robust::{Coord3D, insphere, orient3d};

/// No tetrahedron, no vertex.
pub(super) const NONE: u32 = u32::MAX;
/// Corners of the facet opposite each corner, turning outwards seen from outside.
pub(super) const FACETS: [[usize; 3]; 4] = [[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]];
/// The first vertices are four far points around everything.
pub(super) const N_FAR: u32 = 4;
/// How far, as a multiple of the points' box: enough that facets of the body never see them.
const FAR: f64 = 30.0;

fn coordinates(p: DVec3) -> Coord3D<f64> {
    Coord3D { x: p.x, y: p.y, z: p.z }
}

/// Six times the signed volume, with an exact sign: positive when `d` lies where the normal of `abc` points.
pub(super) fn side(a: DVec3, b: DVec3, c: DVec3, d: DVec3) -> f64 {
    -orient3d(coordinates(a), coordinates(b), coordinates(c), coordinates(d))
}

/// Error of [`side`]'s determinant in plain arithmetic over the product of the largest differences along each axis: 7 ε
/// times the permanent (Shewchuk 1997, fig. 21), which has six such products; and a little for the product itself.
const ERROR_SIDE: f64 = 4.8e-15;
/// The same of the in-sphere test, over that product and the square of the largest of the three: 16 ε (fig. 24) times 72.
const ERROR_SPHERE: f64 = 1.3e-13;

/// Whether `d` lies where the normal of `abc` points: the sign of [`side`], in plain arithmetic where that is certain.
fn above(a: DVec3, b: DVec3, c: DVec3, d: DVec3) -> bool {
    let (u, v, w) = (a - d, b - d, c - d);
    let most = u.abs().max(v.abs()).max(w.abs());
    let value = -(u.x * (v.y * w.z - v.z * w.y) + v.x * (w.y * u.z - w.z * u.y) + w.x * (u.y * v.z - u.z * v.y));
    if value.abs() > ERROR_SIDE * (most.x * most.y * most.z) { value > 0.0 } else { side(a, b, c, d) > 0.0 }
}

/// Whether `e` lies inside the sphere about `abcd`, of positive volume.
fn in_sphere(a: DVec3, b: DVec3, c: DVec3, d: DVec3, e: DVec3) -> bool {
    // The predicate expects the opposite turn.
    let (p, q, r, s) = (b - e, a - e, c - e, d - e);
    let minor = |u: DVec3, v: DVec3| u.x * v.y - v.x * u.y;
    let (pq, qr, rs, sp, pr, qs) = (minor(p, q), minor(q, r), minor(r, s), minor(s, p), minor(p, r), minor(q, s));
    let pqr = p.z * qr - q.z * pr + r.z * pq;
    let qrs = q.z * rs - r.z * qs + s.z * qr;
    let rsp = r.z * sp + s.z * pr + p.z * rs;
    let spq = s.z * pq + p.z * qs + q.z * sp;
    let value =
        (s.length_squared() * pqr - r.length_squared() * spq) + (q.length_squared() * rsp - p.length_squared() * qrs);
    let most = p.abs().max(q.abs()).max(r.abs()).max(s.abs());
    let largest = most.max_element();
    if value.abs() > ERROR_SPHERE * (most.x * most.y * most.z) * (largest * largest) {
        return value > 0.0;
    }
    insphere(coordinates(b), coordinates(a), coordinates(c), coordinates(d), coordinates(e)) > 0.0
}

/// Tetrahedra of positive volume filling the hull of the far points.
pub(super) struct Delaunay {
    pub points: Vec<DVec3>,
    /// Corners; [`NONE`] first for a place that is free.
    pub tets: Vec<[u32; 4]>,
    /// Over the facet opposite each corner.
    pub neighbours: Vec<[u32; 4]>,
    free: Vec<u32>,
    /// A tetrahedron of the last insertion: where the next search starts.
    last: u32,
    stamp: Vec<u32>,
    now: u32,
    random: u64,
    // Work space of an insertion.
    cavity: Vec<u32>,
    border: Vec<(u32, usize, u32)>,
}

impl Delaunay {
    /// An empty tetrahedralisation for points between `lo` and `hi`.
    pub fn new(lo: DVec3, hi: DVec3) -> Self {
        let centre = 0.5 * (lo + hi);
        let r = FAR * (hi - lo).length().max(f64::MIN_POSITIVE);
        let corner = |x: f64, y: f64, z: f64| centre + r * DVec3::new(x, y, z);
        let points =
            vec![corner(1.0, 1.0, 1.0), corner(-1.0, 1.0, -1.0), corner(1.0, -1.0, -1.0), corner(-1.0, -1.0, 1.0)];
        let order = if side(points[0], points[1], points[2], points[3]) > 0.0 { [0, 1, 2, 3] } else { [0, 2, 1, 3] };
        Self {
            points,
            tets: vec![order],
            neighbours: vec![[NONE; 4]],
            free: Vec::new(),
            last: 0,
            stamp: vec![0],
            now: 0,
            random: 0x9e37_79b9_7f4a_7c15,
            cavity: Vec::new(),
            border: Vec::new(),
        }
    }

    /// Inserts all of `points`; returns the vertex of each. Points at one place share a vertex.
    pub fn insert_all(&mut self, points: &[DVec3]) -> Vec<u32> {
        let mut of = vec![NONE; points.len()];
        for i in rounds(points) {
            of[i as usize] = self.insert(points[i as usize]);
        }
        of
    }

    /// Inserts `p`; returns its vertex.
    pub fn insert(&mut self, p: DVec3) -> u32 {
        let start = self.locate(p);
        if let Some(v) = self.tets[start as usize].iter().find(|v| self.points[**v as usize] == p) {
            return *v;
        }
        let vertex = self.points.len() as u32;
        self.points.push(p);
        self.now += 1;
        let now = self.now;
        self.cavity.clear();
        self.border.clear();
        self.cavity.push(start);
        self.stamp[start as usize] = now;
        let mut next = 0;
        while next < self.cavity.len() {
            let t = self.cavity[next];
            next += 1;
            for k in 0..4 {
                let n = self.neighbours[t as usize][k];
                if n == NONE {
                    self.border.push((t, k, NONE));
                } else if self.stamp[n as usize] != now {
                    if self.conflicts(n, p) {
                        self.stamp[n as usize] = now;
                        self.cavity.push(n);
                    } else {
                        self.border.push((t, k, n));
                    }
                }
            }
        }
        self.fill(vertex);
        vertex
    }

    fn conflicts(&self, t: u32, p: DVec3) -> bool {
        let [a, b, c, d] = self.tets[t as usize].map(|v| self.points[v as usize]);
        in_sphere(a, b, c, d, p)
    }

    /// Joins the facets around the cavity with `vertex`.
    fn fill(&mut self, vertex: u32) {
        let (cavity, border) = (std::mem::take(&mut self.cavity), std::mem::take(&mut self.border));
        let mut made = 0;
        for &(t, k, outside) in &border {
            let mut corners = self.tets[t as usize];
            corners[k] = vertex;
            let new = if let Some(place) = self.free.pop() {
                place
            } else {
                self.tets.push([NONE; 4]);
                self.neighbours.push([NONE; 4]);
                self.stamp.push(0);
                self.tets.len() as u32 - 1
            };
            let mut around = [NONE; 4];
            around[k] = outside;
            self.tets[new as usize] = corners;
            self.neighbours[new as usize] = around;
            self.stamp[new as usize] = 0;
            if outside != NONE {
                self.neighbours[outside as usize].iter_mut().filter(|slot| **slot == t).for_each(|slot| *slot = new);
            }
            // What lies over this facet as seen from the cavity, which goes, is what now stands on it.
            self.neighbours[t as usize][k] = new;
            made = new;
        }
        for &(t, k, _) in &border {
            let new = self.neighbours[t as usize][k];
            for j in (0..4).filter(|j| *j != k) {
                if self.neighbours[new as usize][j] == NONE {
                    let (u, i) = self.beside(t, k, j);
                    self.neighbours[new as usize][j] = u;
                    self.neighbours[u as usize][i] = new;
                }
            }
        }
        for &t in &cavity {
            self.tets[t as usize] = [NONE; 4];
            self.free.push(t);
        }
        self.last = made;
        (self.cavity, self.border) = (cavity, border);
    }

    /// The new tetrahedron beside the one on facet `k` of `t` over the edge of that facet that corner `j` is not on, and
    /// which of its corners lies opposite: found by turning through the cavity about that edge.
    fn beside(&self, mut t: u32, k: usize, j: usize) -> (u32, usize) {
        // Of the four corners two are on the edge; `over` is opposite the facet to leave through, `kept` on it.
        let (mut over, mut kept) = (j, self.tets[t as usize][k]);
        loop {
            let n = self.neighbours[t as usize][over];
            let corners = self.tets[n as usize];
            let at = corners.iter().position(|v| *v == kept).unwrap_or(0);
            if self.stamp[n as usize] != self.now {
                return (n, at);
            }
            // The corner of the next one that this one lacks.
            let last = self.tets[t as usize];
            kept = corners.into_iter().find(|v| !last.contains(v)).unwrap_or(NONE);
            (t, over) = (n, at);
        }
    }

    /// The tetrahedron that holds `p`, by a visibility walk. Source: Devillers, Pion & Teillaud, IJFCS 13(2), 2002.
    fn locate(&mut self, p: DVec3) -> u32 {
        let mut t = self.last;
        let mut from = NONE;
        'walk: loop {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            let first = (self.random >> 32) as usize;
            for i in 0..4 {
                let k = (first + i) & 3;
                let next = self.neighbours[t as usize][k];
                if next == from || next == NONE {
                    continue;
                }
                let [a, b, c] = FACETS[k].map(|i| self.points[self.tets[t as usize][i] as usize]);
                if above(a, b, c, p) {
                    from = t;
                    t = next;
                    continue 'walk;
                }
            }
            return t;
        }
    }
}

/// Order of insertion: rounds that double in size, each along a Morton curve.
fn rounds(points: &[DVec3]) -> Vec<u32> {
    let (mut lo, mut hi) = (DVec3::INFINITY, DVec3::NEG_INFINITY);
    for p in points {
        lo = lo.min(*p);
        hi = hi.max(*p);
    }
    let scale = f64::from((1_u32 << 20) - 1) / (hi - lo).max_element().max(f64::MIN_POSITIVE);
    let spread = |x: u32| {
        let mut x = u64::from(x) & 0x1f_ffff;
        x = (x | x << 32) & 0x1f_0000_0000_ffff;
        x = (x | x << 16) & 0x1f_0000_ff00_00ff;
        x = (x | x << 8) & 0x100f_00f0_0f00_f00f;
        x = (x | x << 4) & 0x10c3_0c30_c30c_30c3;
        (x | x << 2) & 0x1249_2492_4924_9249
    };
    let mut order: Vec<(u32, u64, u32)> = points
        .iter()
        .enumerate()
        .map(|(i, p)| {
            let at = (*p - lo) * scale;
            let code = spread(at.x as u32) | spread(at.y as u32) << 1 | spread(at.z as u32) << 2;
            // Each point stays for the last round with probability one half, else for the one before with one half, …
            let mut bits = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            bits = (bits ^ bits >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let round = (bits ^ bits >> 32).trailing_zeros().min(12);
            (12 - round, code, i as u32)
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|o| o.2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(points: &[DVec3]) -> Delaunay {
        let mut d = Delaunay::new(DVec3::ZERO, DVec3::ONE);
        let of = d.insert_all(points);
        assert!(of.iter().zip(points).all(|(v, p)| d.points[*v as usize] == *p));
        let alive: Vec<usize> = (0..d.tets.len()).filter(|t| d.tets[*t][0] != NONE).collect();
        for &t in &alive {
            let [a, b, c, e] = d.tets[t].map(|v| d.points[v as usize]);
            assert!(side(a, b, c, e) > 0.0);
            for k in 0..4 {
                let n = d.neighbours[t][k];
                if n == NONE {
                    continue;
                }
                assert!(d.neighbours[n as usize].contains(&(t as u32)));
                let apex = d.tets[n as usize].iter().find(|v| !d.tets[t].contains(v)).unwrap();
                assert!(!d.conflicts(t as u32, d.points[*apex as usize]), "not Delaunay");
            }
        }
        d
    }

    #[test]
    fn a_lattice_full_of_equal_spheres_and_planes_is_delaunay() {
        let mut points = Vec::new();
        for i in 0..216 {
            points.push(DVec3::new(f64::from(i % 6), f64::from(i / 6 % 6), f64::from(i / 36)) / 5.0);
        }
        // One point twice.
        points.push(points[17]);
        let d = check(&points);
        assert_eq!(d.points.len(), 4 + 216);
    }

    #[test]
    fn irregular_points_are_delaunay() {
        let mut x = 1_u64;
        let mut number = || {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (x >> 11) as f64 / (1_u64 << 53) as f64
        };
        let points: Vec<DVec3> = (0..2000).map(|_| DVec3::new(number(), number(), number())).collect();
        check(&points);
    }
}
