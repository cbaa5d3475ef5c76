//! Bad tetrahedra made good: edges and facets exchanged, vertices moved, edges drawn together; the worst first.
//!
//! Source: Klingner & Shewchuk, "Aggressive tetrahedral mesh improvement", IMR 2007. A step is taken only when the worst
//! tetrahedron it touches gets better, so the mesh never gets worse and never loses a positive volume.

use super::delaunay::{FACETS, NONE};
use super::domain::Domain;
use super::surf::Place;
use super::volume::{EDGES, OUTSIDE, Volume, quality};
use glam::DVec3;

/// Tetrahedra whose least squared sine is below are worked on: angles under 18° or over 162°.
const WISHED: f64 = 0.0955;
/// Longest ring of an edge to remove: the choices grow with the Catalan numbers.
const RING_MAX: usize = 9;
const PASSES: usize = 14;
/// From this pass on edges may be drawn together, which costs resolution.
const PASS_COLLAPSE: usize = 3;
/// A step must gain this share.
const GAIN: f64 = 1.02;
/// Cosine between the surface before and after a step.
const TURN: f64 = 0.8;

/// Improves `volume` until all is as wished or nothing helps any more.
pub(super) fn improve(volume: &mut Volume, domain: &Domain) {
    volume.measure();
    let mut work = Work { volume, domain, star: Vec::new(), candidates: Vec::new(), given_up: Vec::new() };
    let mut bad_before = usize::MAX;
    for pass in 0..PASSES {
        let mut bad: Vec<(f64, u32)> =
            work.volume.each().map(|t| (work.volume.quality(t), t)).filter(|(q, _)| *q < WISHED).collect();
        bad.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
        let mut changed = 0;
        work.given_up.resize(work.volume.tets.len(), [0; 2]);
        for (_, t) in &bad {
            if work.volume.alive(*t) && work.volume.quality(*t) < WISHED && work.mend(*t, pass) {
                changed += 1;
            }
        }
        if bad.is_empty() || changed == 0 && pass > PASS_COLLAPSE || pass > PASS_COLLAPSE + 4 && bad.len() == bad_before
        {
            return;
        }
        bad_before = bad.len();
    }
}

struct Work<'a, 'b> {
    volume: &'a mut Volume,
    domain: &'a Domain<'b>,
    star: Vec<u32>,
    candidates: Vec<[u32; 4]>,
    /// For each tetrahedron the volume's clock, plus one, when nothing was found to help: of what keeps all vertices, and
    /// of what does not. What did not help does not help again before something around has changed.
    given_up: Vec<[u32; 2]>,
}

impl Work<'_, '_> {
    /// Whether nothing around `t` has changed since `given_up` was set to `when`.
    fn still(&mut self, t: u32, when: u32) -> bool {
        if when == 0 {
            return false;
        }
        let mut star = std::mem::take(&mut self.star);
        let volume = &mut *self.volume;
        let still = volume.tets[t as usize].into_iter().all(|v| {
            if volume.touched[v as usize] >= when {
                return false;
            }
            volume.star(v, &mut star);
            star.iter().all(|t| volume.tets[*t as usize].iter().all(|v| volume.touched[*v as usize] < when))
        });
        self.star = star;
        still
    }

    /// Tries everything on tetrahedron `t` that may have become possible; returns whether something helped.
    fn mend(&mut self, t: u32, pass: usize) -> bool {
        let late = pass >= PASS_COLLAPSE;
        let [early, all] = self.given_up[t as usize];
        if late && self.still(t, all) {
            return false;
        }
        let mut moved = false;
        if !self.still(t, early) {
            if self.exchange(t) {
                return true;
            }
            for v in self.volume.tets[t as usize] {
                moved |= self.smooth(v);
            }
            if moved && self.volume.quality(t) >= WISHED {
                return true;
            }
        }
        if late && (self.draw_together(t) || self.split(t)) {
            return true;
        }
        if !moved {
            let now = self.volume.clock + 1;
            self.given_up[t as usize] = [now, if late { now } else { 0 }];
        }
        moved
    }

    fn exchange(&mut self, t: u32) -> bool {
        let v = self.volume.tets[t as usize];
        EDGES.iter().any(|[i, j, _, _]| self.remove_edge(t, v[*i], v[*j])) || (0..4).any(|k| self.remove_facet(t, k))
    }

    fn draw_together(&mut self, t: u32) -> bool {
        let v = self.volume.tets[t as usize];
        EDGES.iter().any(|[i, j, _, _]| self.collapse(t, v[*i], v[*j]) || self.collapse(t, v[*j], v[*i]))
    }

    /// Replaces the tetrahedra around edge `ab` of `t` by the best that do without it.
    fn remove_edge(&mut self, t: u32, a: u32, b: u32) -> bool {
        let volume = &mut *self.volume;
        let Some(ring) = volume.ring(t, a, b, RING_MAX) else { return false };
        let n = ring.around.len();
        let before = ring.tets.iter().map(|t| volume.quality(*t)).fold(f64::INFINITY, f64::min);
        let mut surface: Vec<([u32; 3], u32)> = Vec::new();
        if let Some([first, last]) = ring.border {
            let (v, w) = (ring.around[0], ring.around[n - 1]);
            if first != last || volume.curve(a, b).is_some() || !self.can_turn(a, b, v, w, &ring.tets) {
                return false;
            }
            let volume = &mut *self.volume;
            if n == 2 {
                // A flat tetrahedron on the surface: nothing takes its place.
                return before < 0.5 * WISHED && volume.peel(t, a, b, first);
            }
            surface = vec![([a, v, w], first), ([b, v, w], first)];
        }
        let volume = &mut *self.volume;
        if n < 3 {
            return false;
        }
        // Best triangulation of the ring (Klincsek, Ann. Discrete Math. 9, 1980): of the part from i to j; none where no
        // part is as good as the whole must be.
        let goal = (before * GAIN).max(before + 1e-9).max(0.0);
        let mut best = [[f64::INFINITY; RING_MAX + 1]; RING_MAX + 1];
        let mut via = [[0_usize; RING_MAX + 1]; RING_MAX + 1];
        for span in 2..n {
            for i in 0..n - span {
                let j = i + span;
                let mut top = (goal, 0);
                for k in i + 1..j {
                    let parts = best[i][k].min(best[k][j]);
                    if parts <= top.0 {
                        continue;
                    }
                    let [x, y, z] = [i, k, j].map(|m| ring.around[m]);
                    let q = parts.min(volume.quality_of([x, y, z, b]));
                    if q > top.0 {
                        let q = q.min(volume.quality_of([x, z, y, a]));
                        if q > top.0 {
                            top = (q, k);
                        }
                    }
                }
                (best[i][j], via[i][j]) = top;
            }
        }
        if best[0][n - 1] <= goal {
            return false;
        }
        self.candidates.clear();
        let mut stack = vec![(0, n - 1)];
        while let Some((i, j)) = stack.pop() {
            if j < i + 2 {
                continue;
            }
            let k = via[i][j];
            let [x, y, z] = [i, k, j].map(|m| ring.around[m]);
            self.candidates.push([x, y, z, b]);
            self.candidates.push([x, z, y, a]);
            stack.extend([(i, k), (k, j)]);
        }
        volume.replace(&ring.tets, &self.candidates, &surface)
    }

    /// Whether surface edge `ab` between facets `abv` and `abw` may turn to `vw`.
    fn can_turn(&mut self, a: u32, b: u32, v: u32, w: u32, ring: &[u32]) -> bool {
        let mut star = std::mem::take(&mut self.star);
        self.volume.star(v, &mut star);
        let elsewhere = star.iter().any(|t| self.volume.tets[*t as usize].contains(&w) && !ring.contains(t));
        self.star = star;
        if elsewhere || self.volume.curve(v, w).is_some() {
            return false;
        }
        let [a, b, v, w] = [a, b, v, w].map(|x| self.volume.points[x as usize]);
        let old = [(b - a).cross(v - a), (w - a).cross(b - a)];
        let new = [(w - a).cross(v - a), (v - b).cross(w - b)];
        let sum = old[0] + old[1];
        // Both pairs agree with their common direction, whichever way they turn.
        let agree = |n: DVec3| n.dot(sum) >= TURN * n.length() * sum.length() && n != DVec3::ZERO;
        new.into_iter().all(agree)
    }

    /// Replaces `t` and its neighbour over facet `k` by three tetrahedra around a new edge.
    fn remove_facet(&mut self, t: u32, k: usize) -> bool {
        let volume = &mut *self.volume;
        let u = volume.neighbours[t as usize][k];
        if u >= OUTSIDE {
            return false;
        }
        let tet = volume.tets[t as usize];
        let f = FACETS[k].map(|j| tet[j]);
        let d = tet[k];
        let Some(e) = volume.tets[u as usize].into_iter().find(|v| !tet.contains(v)) else { return false };
        let before = volume.quality(t).min(volume.quality(u));
        let new = [[f[0], f[1], e, d], [f[1], f[2], e, d], [f[2], f[0], e, d]];
        let goal = (before * GAIN).max(before + 1e-9).max(0.0);
        if new.iter().any(|v| volume.quality_of(*v) <= goal) {
            return false;
        }
        volume.replace(&[t, u], &new, &[])
    }

    /// Moves `v` so that the worst tetrahedron around gets better, as far as its place allows.
    fn smooth(&mut self, v: u32) -> bool {
        let place = self.volume.place[v as usize];
        if place == Place::Corner {
            return false;
        }
        let mut star = std::mem::take(&mut self.star);
        self.volume.star(v, &mut star);
        let whole = star.len() == self.volume.valence[v as usize] as usize;
        let moved = whole && self.climb(v, place, &star);
        self.star = star;
        moved
    }

    /// Steps along the gradient of the worst quality, halved until it helps.
    fn climb(&mut self, v: u32, place: Place, star: &[u32]) -> bool {
        let shells: Vec<([DVec3; 4], usize)> = star
            .iter()
            .map(|t| {
                let k = self.volume.tets[*t as usize].iter().position(|w| *w == v).unwrap_or(0);
                (self.volume.corners(*t), k)
            })
            .collect();
        let at = |shell: &([DVec3; 4], usize), p: DVec3| {
            let mut c = shell.0;
            c[shell.1] = p;
            quality(c)
        };
        let worst = |p: DVec3, floor: f64| {
            let mut worst = (f64::INFINITY, 0);
            for (i, s) in shells.iter().enumerate() {
                let q = at(s, p);
                if q < worst.0 {
                    worst = (q, i);
                    if q <= floor {
                        break;
                    }
                }
            }
            worst
        };
        let mut p = self.volume.points[v as usize];
        let mut place = place;
        let mut hint = NONE;
        let reach = shells
            .iter()
            .flat_map(|(c, k)| (0..4).filter(move |j| j != k).map(move |j| (c[j] - p).length()))
            .fold(f64::INFINITY, f64::min);
        let mut now = worst(p, f64::NEG_INFINITY);
        let start = now.0;
        let h = 1e-5 * reach;
        let mut step = 0.3 * reach;
        for _ in 0..8 {
            // Of all that are nearly the worst, so that two do not push a vertex to and fro.
            let near = now.0.max(0.0) * 1.3 + 1e-6;
            let mut direction = DVec3::ZERO;
            for s in &shells {
                let q = at(s, p);
                if q <= near {
                    let g = DVec3::new(
                        at(s, p + DVec3::X * h) - q,
                        at(s, p + DVec3::Y * h) - q,
                        at(s, p + DVec3::Z * h) - q,
                    );
                    direction += g.normalize_or_zero();
                }
            }
            let Some(mut direction) = direction.try_normalize() else { break };
            if let Place::Curve { chain, at } = place {
                let tangent = self.domain.chains[chain as usize].tangent(at);
                direction = tangent * direction.dot(tangent).signum();
            }
            let mut better = false;
            for _ in 0..5 {
                let (to, q) = self.moved(place, p + direction * step, direction, step, &mut hint);
                let found = if self.keeps_surface(v, star, q) { worst(q, now.0) } else { (f64::NEG_INFINITY, 0) };
                if found.0 > now.0 * GAIN && found.0 > now.0 + 1e-9 {
                    (p, place, now) = (q, to, found);
                    better = true;
                    step *= 1.5;
                    break;
                }
                step *= 0.4;
            }
            if !better || now.0 > 2.0 * WISHED {
                break;
            }
        }
        if now.0 <= start {
            return false;
        }
        self.volume.move_to(v, p, place, star);
        true
    }

    /// Where a vertex of `place` lands that wants to go to `goal`; `near` as in [`Domain::project`].
    fn moved(&self, place: Place, goal: DVec3, direction: DVec3, step: f64, near: &mut u32) -> (Place, DVec3) {
        match place {
            Place::Inside | Place::Corner => (place, goal),
            Place::Patch(patch) => (place, self.domain.project(patch, goal, near)),
            Place::Curve { chain, at } => {
                let curve = &self.domain.chains[chain as usize];
                let sign = direction.dot(curve.tangent(at)).signum();
                let length = curve.length();
                let at = (at + sign * step).clamp(1e-3 * length, (1.0 - 1e-3) * length);
                (Place::Curve { chain, at }, curve.point(at))
            }
        }
    }

    /// Whether the surface around `v` keeps its direction when `v` moves to `p`.
    fn keeps_surface(&self, v: u32, star: &[u32], p: DVec3) -> bool {
        if self.volume.place[v as usize] == Place::Inside {
            return true;
        }
        star.iter().all(|t| {
            let tet = self.volume.tets[*t as usize];
            (0..4).all(|k| {
                if self.volume.neighbours[*t as usize][k] < OUTSIDE || tet[k] == v {
                    return true;
                }
                let old = FACETS[k].map(|j| self.volume.points[tet[j] as usize]);
                let new = FACETS[k].map(|j| if tet[j] == v { p } else { self.volume.points[tet[j] as usize] });
                let n = (old[1] - old[0]).cross(old[2] - old[0]);
                let m = (new[1] - new[0]).cross(new[2] - new[0]);
                n.dot(m) > TURN * n.length() * m.length()
            })
        })
    }

    /// Draws vertex `a` into `b` along an edge of `t`.
    fn collapse(&mut self, t: u32, a: u32, b: u32) -> bool {
        if self.volume.locked.binary_search(&b).is_ok() {
            return false;
        }
        let curve = self.volume.curve(a, b);
        match (self.volume.place[a as usize], self.volume.place[b as usize]) {
            (Place::Inside, _) => {}
            (Place::Patch(p), Place::Patch(q)) if p == q => {}
            (Place::Patch(_), Place::Curve { .. } | Place::Corner) => {}
            (Place::Curve { chain, .. }, Place::Curve { .. } | Place::Corner) if curve == Some(chain) => {}
            _ => return false,
        }
        // A surface vertex moves along the surface only.
        if self.volume.place[a as usize] != Place::Inside {
            match self.volume.ring(t, a, b, 4 * RING_MAX) {
                // Any other surface vertex beside both would pinch the surface.
                Some(ring) if ring.border.is_some() => {
                    let beside = self.at_surface(b);
                    let ends = [ring.around[0], ring.around[ring.around.len() - 1]];
                    if self.at_surface(a).iter().any(|v| !ends.contains(v) && beside.binary_search(v).is_ok()) {
                        return false;
                    }
                }
                _ => return false,
            }
        }
        let mut star = std::mem::take(&mut self.star);
        self.volume.star(a, &mut star);
        // A vertex that an exchange left with two fans would take one of them along only.
        let whole = star.len() == self.volume.valence[a as usize] as usize;
        let done = whole && self.try_collapse(a, b, &star);
        self.star = star;
        done
    }

    /// Vertices joined to `v` by an edge of the surface, ascending.
    fn at_surface(&mut self, v: u32) -> Vec<u32> {
        let mut star = std::mem::take(&mut self.star);
        self.volume.star(v, &mut star);
        let mut out = Vec::new();
        for t in &star {
            let tet = self.volume.tets[*t as usize];
            for k in (0..4).filter(|k| tet[*k] != v && self.volume.neighbours[*t as usize][*k] >= OUTSIDE) {
                out.extend(FACETS[k].map(|j| tet[j]).into_iter().filter(|w| *w != v));
            }
        }
        self.star = star;
        out.sort_unstable();
        out.dedup();
        out
    }

    fn try_collapse(&mut self, a: u32, b: u32, star: &[u32]) -> bool {
        let volume = &*self.volume;
        let before = star.iter().map(|t| volume.quality(*t)).fold(f64::INFINITY, f64::min);
        let mut new: Vec<[u32; 4]> = Vec::new();
        let mut surface: Vec<([u32; 3], u32)> = Vec::new();
        let target = volume.points[b as usize];
        let mut curves: Vec<(u32, u32)> = Vec::new();
        for t in star {
            let tet = volume.tets[*t as usize];
            let has_b = tet.contains(&b);
            let moved = tet.map(|v| if v == a { b } else { v });
            if !has_b {
                if volume.quality_of(moved) <= (before * GAIN).max(before + 1e-9).max(0.0) {
                    return false;
                }
                new.push(moved);
            }
            for k in 0..4 {
                let code = volume.neighbours[*t as usize][k];
                if code < OUTSIDE || tet[k] == a {
                    continue;
                }
                let f = FACETS[k].map(|j| tet[j]);
                for v in f {
                    if v != a && volume.curve(a, v).is_some() {
                        curves.push((v, volume.curve(a, v).unwrap_or(0)));
                    }
                }
                if f.contains(&b) {
                    continue;
                }
                // The facet goes along.
                let old = f.map(|v| volume.points[v as usize]);
                let now = f.map(|v| if v == a { target } else { volume.points[v as usize] });
                let n = (old[1] - old[0]).cross(old[2] - old[0]);
                let m = (now[1] - now[0]).cross(now[2] - now[0]);
                if n.dot(m) <= TURN * n.length() * m.length() {
                    return false;
                }
                surface.push((f.map(|v| if v == a { b } else { v }), code));
            }
        }
        // Vertices around that would lose their last tetrahedron, and facets that would fall together, show up in the
        // replacement, which then refuses. What it cannot see is a facet of the surface beyond the star.
        if !self.separate(a, b, star) {
            return false;
        }
        let apexes: Vec<u32> = star.iter().flat_map(|t| self.volume.tets[*t as usize]).filter(|v| *v != a).collect();
        if apexes.iter().any(|v| !new.iter().any(|n| n.contains(v))) {
            return false;
        }
        if !self.merge(star, b, &new, &surface) {
            return false;
        }
        curves.sort_unstable();
        curves.dedup();
        for (v, chain) in curves {
            self.volume.curves.remove(&(a.min(v), a.max(v)));
            if v != b {
                self.volume.curves.insert((b.min(v), b.max(v)), chain);
            }
        }
        self.volume.of[a as usize] = NONE;
        true
    }

    /// Whether `a` and `b` share no neighbours but those around their edge (the link condition: Dey et al., Publ. Inst.
    /// Math. Beograd 66, 1999).
    fn separate(&mut self, a: u32, b: u32, star: &[u32]) -> bool {
        let mut around_b = Vec::new();
        self.volume.star(b, &mut around_b);
        let shared: Vec<u32> = star.iter().copied().filter(|t| self.volume.tets[*t as usize].contains(&b)).collect();
        let mut near_b: Vec<u32> = around_b.iter().flat_map(|t| self.volume.tets[*t as usize]).collect();
        near_b.sort_unstable();
        near_b.dedup();
        let mut ring: Vec<u32> = shared.iter().flat_map(|t| self.volume.tets[*t as usize]).collect();
        ring.sort_unstable();
        let vertices = star.iter().flat_map(|t| self.volume.tets[*t as usize]).filter(|v| *v != a && *v != b);
        if vertices.into_iter().any(|v| near_b.binary_search(&v).is_ok() && ring.binary_search(&v).is_err()) {
            return false;
        }
        // Edges of both links lie in a common tetrahedron.
        let link = |of: u32, tets: &[u32], volume: &Volume| {
            let mut edges: Vec<(u32, u32)> = Vec::new();
            for t in tets {
                let v = volume.tets[*t as usize];
                for i in 0..4 {
                    for j in 0..4 {
                        if v[i] < v[j] && ![v[i], v[j]].contains(&of) {
                            edges.push((v[i], v[j]));
                        }
                    }
                }
            }
            edges.sort_unstable();
            edges.dedup();
            edges
        };
        let (of_a, of_b) = (link(a, star, self.volume), link(b, &around_b, self.volume));
        let common =
            of_a.into_iter().filter(|e| of_b.binary_search(e).is_ok() && e.0 != b && e.1 != b && e.0 != a && e.1 != a);
        for (u, v) in common {
            if !shared.iter().any(|t| {
                let tet = self.volume.tets[*t as usize];
                tet.contains(&u) && tet.contains(&v)
            }) {
                return false;
            }
        }
        true
    }

    /// Puts `new` for the star of `a`; facets that were two beside edge `ab` become one.
    fn merge(&mut self, star: &[u32], b: u32, new: &[[u32; 4]], surface: &[([u32; 3], u32)]) -> bool {
        // Where a tetrahedron with both a and b goes, its facets opposite a and b fall together: what lay over the one
        // opposite a stays around, and is met by the moved neighbour.
        for t in star {
            let tet = self.volume.tets[*t as usize];
            let Some(j) = tet.iter().position(|v| *v == b) else { continue };
            // A facet of the surface through a would pass to what lies over the one opposite a, which one replacement
            // cannot say.
            if self.volume.neighbours[*t as usize][j] >= OUTSIDE {
                return false;
            }
        }
        self.volume.replace(star, new, surface)
    }

    /// Puts a vertex into the worst tetrahedron's longest inner edge and lets it find its place.
    fn split(&mut self, t: u32) -> bool {
        let tet = self.volume.tets[t as usize];
        let c = self.volume.corners(t);
        let mut edges = EDGES.map(|[i, j, _, _]| ((c[i] - c[j]).length_squared(), i, j));
        edges.sort_by(|x, y| y.0.total_cmp(&x.0));
        for (_, i, j) in edges {
            let (a, b) = (tet[i], tet[j]);
            let Some(ring) = self.volume.ring(t, a, b, 2 * RING_MAX) else { continue };
            if ring.border.is_some() {
                continue;
            }
            let before = ring.tets.iter().map(|t| self.volume.quality(*t)).fold(f64::INFINITY, f64::min);
            let x = self.volume.points.len() as u32;
            let n = ring.around.len();
            let shells: Vec<[u32; 4]> = (0..n)
                .flat_map(|m| {
                    let (v, w) = (ring.around[m], ring.around[(m + 1) % n]);
                    [[a, x, v, w], [x, b, v, w]]
                })
                .collect();
            let worst = |p: DVec3, volume: &Volume| {
                let at = |v: u32| if v == x { p } else { volume.points[v as usize] };
                shells.iter().map(|v| quality(v.map(at))).fold(f64::INFINITY, f64::min)
            };
            // Middle of the edge, of the ring, and in between.
            let middle = 0.5 * (c[i] + c[j]);
            let centre = ring.around.iter().map(|v| self.volume.points[*v as usize]).sum::<DVec3>() / n as f64;
            let mut best = (f64::NEG_INFINITY, middle);
            for u in [0.0, 0.25, 0.5, 0.75, 1.0] {
                let p = middle.lerp(centre, u);
                let q = worst(p, self.volume);
                if q > best.0 {
                    best = (q, p);
                }
            }
            if best.0 > (before * GAIN).max(before + 1e-9).max(0.0) {
                self.volume.add(best.1);
                if self.volume.replace(&ring.tets, &shells, &[]) {
                    return true;
                }
                self.volume.take_back();
            }
        }
        false
    }
}
