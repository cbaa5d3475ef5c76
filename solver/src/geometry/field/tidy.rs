//! Sides of a contour that are far shorter than its cells, and ears: triangles laid back over their neighbours. Both are drawn
//! together.
//!
//! Where a sharp edge only just enters a cell, that cell's point stands beside its neighbour's. What lies between the two holds
//! no volume, but it turns anywhere, or lies flat on the surface beside it, and who looks for edges finds some there.

use super::{Vec3, dot, sub};
use crate::surface::SurfaceMesh;

/// Cosine between the normals of neighbours of which one lies over the other: 155°.
const LAID_BACK: f64 = -0.906;
/// Sides of ears longer than this many cells are left, and those of other triangles longer than the other.
const EAR: f64 = 0.75;
const SHORT: f64 = 0.12;
const ROUNDS: usize = 4;

/// Draws short sides together, and drops what that leaves without area. `means` `[points]` goes along with the points.
pub(super) fn tidy(surface: &mut SurfaceMesh, means: &mut Vec<Vec3>, cell: f64) {
    let length = |surface: &SurfaceMesh, a: u32, b: u32| {
        let d = sub(surface.points[a as usize], surface.points[b as usize]);
        dot(d, d).sqrt()
    };
    let mut work = Work::new(surface);
    let mut changed = false;
    for _ in 0..ROUNDS {
        let mut sides: Vec<(f64, u32, u32)> = Vec::new();
        for t in (0..surface.triangles.len() as u32).filter(|t| work.alive[*t as usize]) {
            let v = surface.triangles[t as usize];
            let ear = work.is_ear(surface, t);
            let longest = if ear { EAR } else { SHORT } * cell;
            let all = (0..3).map(|k| (v[k], v[(k + 1) % 3])).filter(|(a, b)| ear || a < b);
            sides.extend(all.map(|(a, b)| (length(surface, a, b), a, b)).filter(|s| s.0 < longest));
        }
        sides.sort_by(|x, y| x.0.total_cmp(&y.0).then((x.1, x.2).cmp(&(y.1, y.2))));
        let mut n = 0;
        for (_, a, b) in sides {
            let short = length(surface, a, b) < SHORT * cell;
            n += usize::from(work.draw(surface, a, b, short) || work.draw(surface, b, a, short));
        }
        if n == 0 {
            break;
        }
        changed = true;
    }
    if changed {
        work.compact(surface, means);
    }
}

struct Work {
    alive: Vec<bool>,
    /// Triangles at each point.
    around: Vec<Vec<u32>>,
}

impl Work {
    fn new(surface: &SurfaceMesh) -> Self {
        let mut around = vec![Vec::new(); surface.points.len()];
        for (t, v) in surface.triangles.iter().enumerate() {
            v.iter().for_each(|p| around[*p as usize].push(t as u32));
        }
        Self { alive: vec![true; surface.triangles.len()], around }
    }

    /// The triangle over the side from `a` to `b` of another.
    fn beyond(&self, surface: &SurfaceMesh, a: u32, b: u32) -> Option<u32> {
        let has = |t: &&u32| {
            let v = surface.triangles[**t as usize];
            (0..3).any(|k| v[k] == b && v[(k + 1) % 3] == a)
        };
        self.around[a as usize].iter().find(has).copied()
    }

    /// Whether `t` lies over a neighbour that is no smaller.
    fn is_ear(&self, surface: &SurfaceMesh, t: u32) -> bool {
        let (v, n) = (surface.triangles[t as usize], surface.triangle_cross(t as usize));
        (0..3).any(|k| {
            let Some(u) = self.beyond(surface, v[k], v[(k + 1) % 3]) else { return false };
            let m = surface.triangle_cross(u as usize);
            let (nn, mm) = (dot(n, n), dot(m, m));
            nn <= mm && dot(n, m) < LAID_BACK * (nn * mm).sqrt()
        })
    }

    fn faces(&self, surface: &SurfaceMesh, p: u32) -> Vec<u32> {
        let mut out: Vec<u32> = self.around[p as usize].iter().map(|t| surface.face_of[*t as usize]).collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    fn neighbours(&self, surface: &SurfaceMesh, p: u32) -> Vec<u32> {
        let all = self.around[p as usize].iter().flat_map(|t| surface.triangles[*t as usize]);
        let mut out: Vec<u32> = all.filter(|q| *q != p).collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Draws `a` into `b` if `b` is on all the faces that `a` is on, the surface stays one sheet, and ears become fewer;
    /// where the side is `short`, also if nothing turns.
    fn draw(&mut self, surface: &mut SurfaceMesh, a: u32, b: u32, short: bool) -> bool {
        let (of_a, of_b) = (self.faces(surface, a), self.faces(surface, b));
        if !of_a.iter().all(|f| of_b.contains(f)) {
            return false;
        }
        let (beside_a, beside_b) = (self.neighbours(surface, a), self.neighbours(surface, b));
        let shared: Vec<u32> = beside_a.iter().filter(|p| beside_b.contains(p)).copied().collect();
        let with_both = |t: &&u32| surface.triangles[**t as usize].contains(&b);
        // A side that is gone has none.
        let gone: Vec<u32> = self.around[a as usize].iter().filter(with_both).copied().collect();
        if shared.len() != 2 || gone.len() != 2 || shared.iter().any(|p| self.around[*p as usize].len() <= 3) {
            return false;
        }
        let stay: Vec<u32> = self.around[a as usize].iter().filter(|t| !gone.contains(t)).copied().collect();
        let ears =
            |work: &Self, surface: &SurfaceMesh, of: &[u32]| of.iter().filter(|t| work.is_ear(surface, **t)).count();
        let mut near: Vec<u32> = self.around[a as usize].iter().chain(&self.around[b as usize]).copied().collect();
        near.sort_unstable();
        near.dedup();
        let before = ears(self, surface, &near);
        let old: Vec<Vec3> = stay.iter().map(|t| surface.triangle_cross(*t as usize)).collect();

        let replace = |surface: &mut SurfaceMesh, from: u32, to: u32| {
            for t in &stay {
                surface.triangles[*t as usize].iter_mut().filter(|p| **p == from).for_each(|p| *p = to);
            }
        };
        replace(surface, a, b);
        let lists = [a, b].map(|p| self.around[p as usize].clone());
        let kept: Vec<Vec<u32>> = shared.iter().map(|p| self.around[*p as usize].clone()).collect();
        self.around[b as usize].retain(|t| !gone.contains(t));
        self.around[b as usize].extend(&stay);
        self.around[a as usize].clear();
        for p in &shared {
            self.around[*p as usize].retain(|t| !gone.contains(t));
        }
        near.retain(|t| !gone.contains(t));
        // One that lay over its neighbours may turn, and no other.
        let turned = stay.iter().zip(&old).filter(|(t, old)| {
            let new = surface.triangle_cross(**t as usize);
            dot(new, **old) <= 0.2 * (dot(new, new) * dot(**old, **old)).sqrt()
        });
        let (after, n_turned) = (ears(self, surface, &near), turned.count());
        if after + n_turned < before || short && n_turned == 0 && after <= before {
            gone.iter().for_each(|t| self.alive[*t as usize] = false);
            return true;
        }
        replace(surface, b, a);
        let [of_a, of_b] = lists;
        (self.around[a as usize], self.around[b as usize]) = (of_a, of_b);
        for (p, list) in shared.iter().zip(kept) {
            self.around[*p as usize] = list;
        }
        false
    }

    fn compact(&self, surface: &mut SurfaceMesh, means: &mut Vec<Vec3>) {
        let mut to = vec![u32::MAX; surface.points.len()];
        let (mut points, mut kept) = (Vec::new(), Vec::new());
        for p in (0..to.len()).filter(|p| !self.around[*p].is_empty()) {
            to[p] = points.len() as u32;
            points.push(surface.points[p]);
            kept.push(means[p]);
        }
        let alive = || (0..self.alive.len()).filter(|t| self.alive[*t]);
        surface.triangles = alive().map(|t| surface.triangles[t].map(|p| to[p as usize])).collect();
        surface.face_of = alive().map(|t| surface.face_of[t]).collect();
        (surface.points, *means) = (points, kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::skin::{refine, tests::block};

    fn ears(surface: &SurfaceMesh) -> usize {
        let work = Work::new(surface);
        (0..surface.triangles.len() as u32).filter(|t| work.is_ear(surface, *t)).count()
    }

    fn tidied(mut surface: SurfaceMesh) -> SurfaceMesh {
        let mut means = surface.points.clone();
        tidy(&mut surface, &mut means, 1.0);
        assert_eq!(means.len(), surface.points.len());
        for t in &surface.triangles {
            assert!(t[0] != t[1] && t[1] != t[2] && t[2] != t[0]);
        }
        surface
    }

    #[test]
    fn an_ear_on_an_edge_is_drawn_together_and_the_faces_stay() {
        let mut surface = refine(&block([0.0; 3], [3.0; 3]), 1.0, 10_000);
        let before = surface.clone();
        assert_eq!(tidied(surface.clone()).points, before.points, "nothing to do");
        // A point of an edge goes past its neighbour along it.
        let on_edge = |p: &Vec3| p[1] == 0.0 && p[2] == 0.0 && p[0] > 0.0 && p[0] < 3.0;
        let mut along: Vec<usize> = (0..surface.points.len()).filter(|p| on_edge(&surface.points[*p])).collect();
        along.sort_by(|a, b| surface.points[*a][0].total_cmp(&surface.points[*b][0]));
        let [first, next, ..] = along[..] else { panic!("{along:?}") };
        surface.points[first][0] = surface.points[next][0] + 0.05;
        assert!(ears(&surface) > 0);
        let out = tidied(surface);
        assert_eq!(ears(&out), 0);
        let n = out.points.len();
        assert!((before.points.len() - 4..before.points.len()).contains(&n), "{n} of {}", before.points.len());
        assert_eq!(out.triangles.len(), 2 * n - 4, "closed, without a hole");
        for face in 0..6 {
            let area = |s: &SurfaceMesh| -> f64 {
                let of = (0..s.triangles.len()).filter(|t| s.face_of[*t] == face).map(|t| s.triangle_cross(t));
                of.map(|n| 0.5 * dot(n, n).sqrt()).sum()
            };
            assert!((area(&out) - area(&before)).abs() < 1e-9, "face {face}");
        }
    }

    #[test]
    fn short_sides_go_and_corners_stay() {
        let mut surface = refine(&block([0.0; 3], [3.0; 3]), 1.0, 10_000);
        let corners = surface.points[..8].to_vec();
        let inside = surface.points.iter().position(|p| p[2] == 0.0 && p[0] * p[1] > 0.0 && p[0] < 3.0 && p[1] < 3.0);
        let inside = inside.unwrap();
        let beside = Work::new(&surface).neighbours(&surface, inside as u32)[0] as usize;
        let (a, b) = (surface.points[inside], surface.points[beside]);
        surface.points[inside] = std::array::from_fn(|k| b[k] + 0.02 * (a[k] - b[k]));
        let n = surface.points.len();
        let out = tidied(surface);
        assert_eq!(out.points.len(), n - 1);
        assert!(corners.iter().all(|c| out.points.contains(c)));
    }
}
