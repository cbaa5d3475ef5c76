//! Ten-node tetrahedra, found by place.

use super::Stencil;
use crate::element::tet::{EDGES, derivatives, position, shape};
use glam::{DMat3, DVec3};

/// Elements per bin aimed at, and most bins.
const PER_BIN: f64 = 2.0;
const BINS_MAX: f64 = 4e6;
/// Barycentric coordinates a little below zero are rounding; further below, down to the next limit, the point lies just
/// outside a curved wall and is taken to lie on it.
const ROUNDING: f64 = -1e-9;
const NEAR: f64 = -0.2;
/// Newton steps onto a curved element: the start is right for straight ones.
const STEPS: usize = 6;

/// Elements sorted into bins by the boxes around them.
#[derive(Clone, Debug)]
pub struct Solid {
    points: Vec<[f64; 3]>,
    tets: Vec<[u32; 10]>,
    origin: DVec3,
    bin: f64,
    counts: [usize; 3],
    first: Vec<u32>,
    list: Vec<u32>,
    /// Mean length of the elements' edges, m.
    pub size: f64,
}

impl Solid {
    /// `None` for a mesh that is empty or contradicts itself.
    pub fn new(points: &[[f64; 3]], tets: &[[u32; 10]]) -> Option<Self> {
        if tets.is_empty()
            || points.iter().flatten().any(|x| !x.is_finite())
            || tets.iter().flatten().any(|n| *n as usize >= points.len())
        {
            return None;
        }
        let at = |n: u32| DVec3::from(points[n as usize]);
        let (lo, hi) = points
            .iter()
            .fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(lo, hi), p| (lo.min((*p).into()), hi.max((*p).into())));
        let extent = (hi - lo).max(DVec3::splat(1e-9 * (hi - lo).max_element()));
        let n_bins = (tets.len() as f64 / PER_BIN).clamp(1.0, BINS_MAX);
        let bin = (extent.element_product() / n_bins).cbrt();
        if !(bin > 0.0) {
            return None;
        }
        let counts = (extent / bin).to_array().map(|c| (c.floor() as usize + 1).min(4096));
        let size =
            tets.iter().map(|t| EDGES.iter().map(|[i, j]| at(t[*i]).distance(at(t[*j]))).sum::<f64>()).sum::<f64>()
                / (6.0 * tets.len() as f64);
        let mut out = Self {
            points: points.to_vec(),
            tets: tets.to_vec(),
            origin: lo,
            bin,
            counts,
            first: vec![0; counts.iter().product::<usize>() + 1],
            list: Vec::new(),
            size,
        };
        // Count, then place.
        for t in 0..tets.len() {
            let [from, to] = out.reach(t);
            for b in out.between(from, to) {
                out.first[b + 1] += 1;
            }
        }
        for b in 1..out.first.len() {
            out.first[b] += out.first[b - 1];
        }
        out.list = vec![0; out.first[out.first.len() - 1] as usize];
        let mut next = out.first.clone();
        for t in 0..tets.len() {
            let [from, to] = out.reach(t);
            for b in out.between(from, to) {
                out.list[next[b] as usize] = t as u32;
                next[b] += 1;
            }
        }
        Some(out)
    }

    /// Bins of the corners of the box around element `t`.
    fn reach(&self, t: usize) -> [[usize; 3]; 2] {
        let (lo, hi) = self.tets[t].iter().fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(lo, hi), n| {
            let p = DVec3::from(self.points[*n as usize]);
            (lo.min(p), hi.max(p))
        });
        // Curved sides bulge a little beyond their nodes, and points just outside are wanted too.
        let more = 0.05 * (hi - lo).max_element();
        [self.place(lo - more), self.place(hi + more)]
    }

    fn place(&self, p: DVec3) -> [usize; 3] {
        let at = ((p - self.origin) / self.bin).to_array();
        std::array::from_fn(|a| (at[a].max(0.0) as usize).min(self.counts[a] - 1))
    }

    fn between(&self, from: [usize; 3], to: [usize; 3]) -> impl Iterator<Item = usize> + use<> {
        let [nx, ny, _] = self.counts;
        (from[2]..=to[2]).flat_map(move |z| {
            (from[1]..=to[1]).flat_map(move |y| (from[0]..=to[0]).map(move |x| x + nx * (y + ny * z)))
        })
    }

    pub fn points(&self) -> &[[f64; 3]] {
        &self.points
    }

    pub fn tets(&self) -> &[[u32; 10]] {
        &self.tets
    }

    /// The element at `point` (world, m), or the one whose wall it lies just outside of.
    pub fn locate(&self, point: [f64; 3]) -> Option<Stencil> {
        let p = DVec3::from(point);
        if !p.is_finite() {
            return None;
        }
        let [x, y, z] = self.place(p);
        let b = x + self.counts[0] * (y + self.counts[1] * z);
        let mut best: Option<(f64, u32, [f64; 4])> = None;
        for t in &self.list[self.first[b] as usize..self.first[b + 1] as usize] {
            let Some(l) = self.coordinates(*t as usize, p) else { continue };
            let least = l.iter().copied().fold(f64::INFINITY, f64::min);
            if best.is_none_or(|b| least > b.0) {
                best = Some((least, *t, l));
            }
            if least >= ROUNDING {
                break;
            }
        }
        let (least, t, mut l) = best?;
        if least < NEAR {
            return None;
        }
        l = l.map(|l| l.max(0.0));
        let sum: f64 = l.iter().sum();
        let weights = shape::<10>(&l.map(|l| l / sum));
        Some(Stencil { nodes: self.tets[t as usize], weights })
    }

    /// Barycentric coordinates of `p` in element `t`; `None` when it is clearly elsewhere.
    fn coordinates(&self, t: usize, p: DVec3) -> Option<[f64; 4]> {
        let x = self.tets[t].map(|n| DVec3::from(self.points[n as usize]));
        let frame = DMat3::from_cols(x[1] - x[0], x[2] - x[0], x[3] - x[0]);
        if frame.determinant() == 0.0 {
            return None;
        }
        let first = frame.inverse() * (p - x[0]);
        let start = [1.0 - first.x - first.y - first.z, first.x, first.y, first.z];
        if start.iter().any(|l| *l < 2.0 * NEAR) {
            return None;
        }
        let mut l = start;
        for _ in 0..STEPS {
            let off = p - position(&x, &l);
            if off.length_squared() < 1e-24 * frame.x_axis.length_squared() {
                break;
            }
            let mut by = [DVec3::ZERO; 3];
            for (x, d) in x.iter().zip(derivatives::<10>(&l)) {
                (0..3).for_each(|a| by[a] += *x * d[a]);
            }
            let slope = DMat3::from_cols(by[0], by[1], by[2]);
            if !(slope.determinant().abs() > 1e-6 * frame.determinant().abs()) {
                break;
            }
            let step = slope.inverse() * off;
            l = [l[0] - step.x - step.y - step.z, l[1] + step.x, l[2] + step.y, l[3] + step.z];
            if l.iter().any(|l| !(l.abs() < 4.0)) {
                return Some(start);
            }
        }
        Some(l)
    }
}
