//! How often a soup of triangles winds about a point: one inside, nought outside, and something between where it has holes.
//!
//! Sources: Jacobson, Kavan & Sorkine-Hornung, "Robust inside-outside segmentation using generalized winding numbers", ACM
//! TOG 32(4), 2013; Barill, Dickson, Schmidt, Levin & Jacobson, "Fast winding numbers for soups and clouds", ACM TOG 37(4),
//! 2018: far clusters count as one dipole (their equation 13, first term). Solid angle of a triangle: van Oosterom &
//! Strackee, IEEE Trans. Biomed. Eng. 30(2), 1983.

use glam::DVec3;

/// Triangles in a leaf.
const LEAF: usize = 8;
/// A cluster counts as a dipole from this many of its radii on. Barill et al. use 2; 3 costs little and is nearer.
const FAR: f64 = 3.0;
/// How far numbers so lie from the sum over all triangles at most: most in the middle of a ball, where all clusters err alike.
pub(super) const ERROR: f64 = 0.02;

struct Cluster {
    centre: DVec3,
    radius: f64,
    /// Sum of area times normal, m².
    dipole: DVec3,
    /// Leaf: first triangle in `order`. Inner: index of the right child; the left one follows.
    at: u32,
    /// Triangles of a leaf; 0 for an inner node.
    n: u32,
}

/// A soup prepared for winding numbers. `O(log n)` per query.
pub(super) struct Winding {
    triangles: Vec<[DVec3; 3]>,
    clusters: Vec<Cluster>,
    order: Vec<u32>,
}

/// Solid angle of a triangle seen from `p` over 4π; positive where its back is seen, as from inside.
fn angle(p: DVec3, corners: &[DVec3; 3]) -> f64 {
    let [a, b, c] = corners.map(|q| q - p);
    let (la, lb, lc) = (a.length(), b.length(), c.length());
    let above = a.dot(b.cross(c));
    let below = la * lb * lc + a.dot(b) * lc + b.dot(c) * la + c.dot(a) * lb;
    above.atan2(below) / std::f64::consts::TAU
}

impl Winding {
    pub fn new(points: &[[f64; 3]], triangles: &[[u32; 3]]) -> Self {
        let triangles: Vec<[DVec3; 3]> = triangles.iter().map(|t| t.map(|i| DVec3::from(points[i as usize]))).collect();
        let mut out = Self { order: (0..triangles.len() as u32).collect(), clusters: Vec::new(), triangles };
        let mut order = std::mem::take(&mut out.order);
        if !order.is_empty() {
            out.split(&mut order, 0);
        }
        out.order = order;
        out
    }

    /// Builds the subtree over `order[..]`, whose first element stands at `first` of the whole order.
    fn split(&mut self, order: &mut [u32], first: u32) -> u32 {
        let middle_of = |t: &[DVec3; 3]| (t[0] + t[1] + t[2]) / 3.0;
        let (mut lo, mut hi) = (DVec3::INFINITY, DVec3::NEG_INFINITY);
        let (mut centre, mut area, mut dipole) = (DVec3::ZERO, 0.0, DVec3::ZERO);
        for t in order.iter() {
            let corners = &self.triangles[*t as usize];
            let normal = 0.5 * (corners[1] - corners[0]).cross(corners[2] - corners[0]);
            let middle = middle_of(corners);
            (lo, hi) = (lo.min(middle), hi.max(middle));
            centre += middle * normal.length();
            area += normal.length();
            dipole += normal;
        }
        let centre = if area > 0.0 { centre / area } else { 0.5 * (lo + hi) };
        let corners = order.iter().flat_map(|t| self.triangles[*t as usize]);
        let radius = corners.map(|p| p.distance(centre)).fold(0.0, f64::max);
        let index = self.clusters.len() as u32;
        self.clusters.push(Cluster { centre, radius, dipole, at: first, n: order.len() as u32 });
        if order.len() > LEAF {
            let size = hi - lo;
            let axis = (0..3).max_by(|a, b| size[*a].total_cmp(&size[*b])).unwrap_or(0);
            let half = order.len() / 2;
            let key = |t: u32| middle_of(&self.triangles[t as usize])[axis];
            order.select_nth_unstable_by(half, |a, b| key(*a).total_cmp(&key(*b)).then(a.cmp(b)));
            let (left, right) = order.split_at_mut(half);
            self.split(left, first);
            let at = self.split(right, first + half as u32);
            (self.clusters[index as usize].at, self.clusters[index as usize].n) = (at, 0);
        }
        index
    }

    /// The winding number at `p`.
    pub fn number(&self, p: DVec3) -> f64 {
        let mut sum = 0.0;
        // Halving splits keep the depth far below the stack's.
        let mut stack = [0_u32; 64];
        let mut depth = usize::from(!self.clusters.is_empty());
        while depth > 0 {
            depth -= 1;
            let index = stack[depth];
            let c = &self.clusters[index as usize];
            let d = c.centre - p;
            let distance = d.length();
            if distance > FAR * c.radius && distance > 0.0 {
                sum += c.dipole.dot(d) / (2.0 * std::f64::consts::TAU * distance.powi(3));
            } else if c.n > 0 {
                let members = &self.order[c.at as usize..(c.at + c.n) as usize];
                sum += members.iter().map(|t| angle(p, &self.triangles[*t as usize])).sum::<f64>();
            } else {
                stack[depth] = c.at;
                stack[depth + 1] = index + 1;
                depth += 2;
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ball of `n` rings, radius 1, counter-clockwise seen from outside.
    fn ball(n: usize) -> (Vec<[f64; 3]>, Vec<[u32; 3]>) {
        let (mut points, mut triangles) = (Vec::new(), Vec::new());
        for i in 0..=n {
            for j in 0..2 * n {
                let (t, f) = (std::f64::consts::PI * i as f64 / n as f64, std::f64::consts::PI * j as f64 / n as f64);
                points.push([t.sin() * f.cos(), t.sin() * f.sin(), t.cos()]);
            }
        }
        for i in 0..n {
            for j in 0..2 * n {
                let at = |i: usize, j: usize| (2 * n * i + j % (2 * n)) as u32;
                triangles.push([at(i, j), at(i + 1, j), at(i + 1, j + 1)]);
                triangles.push([at(i, j), at(i + 1, j + 1), at(i, j + 1)]);
            }
        }
        (points, triangles)
    }

    #[test]
    fn a_closed_ball_is_one_inside_and_nought_outside() {
        let (points, triangles) = ball(40);
        let winding = Winding::new(&points, &triangles);
        for (p, expected) in [([0.0; 3], 1.0), ([0.5, 0.2, -0.7], 1.0), ([1.2, 0.0, 0.0], 0.0), ([30.0, 2.0, 1.0], 0.0)]
        {
            let w = winding.number(p.into());
            assert!((w - expected).abs() < ERROR, "{p:?}: {w}");
        }
    }

    #[test]
    fn the_tree_agrees_with_the_sum_over_all_triangles() {
        let (points, mut triangles) = ball(24);
        triangles.retain(|t| t[0] % 7 != 0);
        let winding = Winding::new(&points, &triangles);
        for k in 0..200 {
            let p = DVec3::new((k as f64).sin(), (1.7 * k as f64).cos(), (0.3 * k as f64).sin()) * (k as f64 / 100.0);
            let all: f64 = winding.triangles.iter().map(|t| angle(p, t)).sum();
            assert!((winding.number(p) - all).abs() < ERROR, "{p}: {} for {all}", winding.number(p));
        }
        assert_eq!(Winding::new(&[], &[]).number(DVec3::ZERO), 0.0);
    }
}
