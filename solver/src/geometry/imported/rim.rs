//! The open sides of a soup: between its triangles the winding number changes by them alone.
//!
//! There it is the solid angle of the rim over 4π, whose slope is the law of Biot and Savart over the rim,
//! ∇w = ∮ dl × r / (4π r³), so that no slope exceeds ∮ dl / (4π r²).

use glam::DVec3;

/// Sides in a leaf.
const LEAF: usize = 4;
/// A cluster counts as a whole from this many of its radii on.
const FAR: f64 = 2.0;

struct Cluster {
    centre: DVec3,
    radius: f64,
    /// m
    length: f64,
    /// Leaf: first side. Inner: index of the right child; the left one follows.
    at: u32,
    /// Sides of a leaf; 0 for an inner node.
    n: u32,
}

/// Open sides prepared for bounds of the winding number's slope.
pub(super) struct Rim {
    /// Ends, and by how many triangles the side is out of balance.
    sides: Vec<([DVec3; 2], f64)>,
    clusters: Vec<Cluster>,
}

impl Rim {
    pub fn new(points: &[[f64; 3]], open: &[((u32, u32), u32)]) -> Self {
        let at = |p: u32| DVec3::from(points[p as usize]);
        let sides = open.iter().map(|((a, b), n)| ([at(*a), at(*b)], f64::from(*n))).collect();
        let mut out = Self { sides, clusters: Vec::new() };
        if !out.sides.is_empty() {
            out.split(0, out.sides.len());
        }
        out
    }

    pub fn is_empty(&self) -> bool {
        self.sides.is_empty()
    }

    fn split(&mut self, from: usize, to: usize) {
        let sides = &mut self.sides[from..to];
        let ends = || sides.iter().flat_map(|s| s.0);
        let (lo, hi) = ends().fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(l, h), p| (l.min(p), h.max(p)));
        let centre = 0.5 * (lo + hi);
        let radius = ends().map(|p| p.distance(centre)).fold(0.0, f64::max);
        let length = sides.iter().map(|([a, b], n)| n * a.distance(*b)).sum();
        let index = self.clusters.len();
        let n = to - from;
        self.clusters.push(Cluster { centre, radius, length, at: from as u32, n: n as u32 });
        if n > LEAF {
            let axis = (0..3).max_by(|a, b| (hi - lo)[*a].total_cmp(&(hi - lo)[*b])).unwrap_or(0);
            sides.select_nth_unstable_by(n / 2, |([a, b], _), ([c, d], _)| {
                (a[axis] + b[axis]).total_cmp(&(c[axis] + d[axis]))
            });
            self.split(from, from + n / 2);
            let right = self.clusters.len() as u32;
            self.split(from + n / 2, to);
            (self.clusters[index].at, self.clusters[index].n) = (right, 0);
        }
    }

    /// The winding number grows no faster than this, 1/m, within `radius` of `p`; infinite where a side is as near. Holds
    /// where no triangle is as near either.
    pub fn slope_max(&self, p: DVec3, radius: f64) -> f64 {
        let mut sum = 0.0;
        // Halving splits keep the depth far below the stack's.
        let mut stack = [0_u32; 64];
        let mut depth = usize::from(!self.clusters.is_empty());
        while depth > 0 {
            depth -= 1;
            let index = stack[depth];
            let c = &self.clusters[index as usize];
            let away = c.centre.distance(p) - c.radius - radius;
            if away > FAR * c.radius {
                sum += c.length / (away * away);
            } else if c.n > 0 {
                for ([a, b], n) in &self.sides[c.at as usize..(c.at + c.n) as usize] {
                    let along = *b - *a;
                    let t = ((p - *a).dot(along) / along.length_squared().max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
                    let away = (*a + along * t).distance(p) - radius;
                    if away <= 0.0 {
                        return f64::INFINITY;
                    }
                    sum += n * along.length() / (away * away);
                }
            } else {
                stack[depth] = c.at;
                stack[depth + 1] = index + 1;
                depth += 2;
            }
        }
        sum / (2.0 * std::f64::consts::TAU)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::imported::winding::Winding;

    #[test]
    fn no_winding_number_changes_faster_than_the_bound() {
        // A fan of a bowl: a strip of triangles about the z axis, open above and below.
        let n = 40;
        let at = |k: u32, z: f64, r: f64| {
            let f = std::f64::consts::TAU * f64::from(k) / f64::from(n);
            [r * f.cos(), r * f.sin(), z]
        };
        let points: Vec<[f64; 3]> = (0..n).map(|k| at(k, 0.0, 1.0)).chain((0..n).map(|k| at(k, 0.7, 1.3))).collect();
        let triangles: Vec<[u32; 3]> = (0..n)
            .flat_map(|k| {
                let l = (k + 1) % n;
                [[k, l, n + l], [k, n + l, n + k]]
            })
            .collect();
        let open: Vec<((u32, u32), u32)> =
            (0..n).flat_map(|k| [k, n + k].map(|a| ((a, if k + 1 < n { a + 1 } else { a + 1 - n }), 1))).collect();
        let (winding, rim) = (Winding::new(&points, &triangles), Rim::new(&points, &open));
        let mut tightest = 0.0f64;
        for k in 0..400 {
            let wave = |s: f64| (s * f64::from(k)).sin();
            let (p, way) =
                (DVec3::new(wave(1.1), wave(1.7), wave(2.3)) * 0.6, DVec3::new(wave(3.1), wave(0.7), wave(5.3)));
            let radius = 0.05;
            let near = triangles.iter().flatten().map(|i| p.distance(points[*i as usize].into())).fold(1.0, f64::min);
            if near < 0.2 {
                continue;
            }
            let q = p + way.normalize_or(DVec3::X) * radius;
            let (change, bound) = ((winding.number(q) - winding.number(p)).abs(), radius * rim.slope_max(p, radius));
            assert!(change <= bound + 0.01, "{p}: {change} beyond {bound}");
            tightest = tightest.max(change / bound);
        }
        assert!(tightest > 0.05, "a bound that never comes near its value tells nothing: {tightest}");
        assert_eq!(rim.slope_max(DVec3::X, 0.01), f64::INFINITY);
        assert!(Rim::new(&[], &[]).is_empty());
    }
}
