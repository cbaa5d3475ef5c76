//! What is under the pointer, and what is inside a box: corners before edges before faces, only what can be seen.

use super::bvh::Wedge;
use super::camera::{Ray, View};
use super::model::{Body, Model};
use app::viewport::{Pick, PickFilter, SectionPlane};
use glam::{DVec2, DVec3};

/// Half spaces of the screen around the pointer within which a corner or an edge wins over a face, CSS pixels.
const CORNER_REACH: f64 = 7.0;
const EDGE_REACH: f64 = 5.0;
/// With only edges or corners to pick there is nothing else to hit: reach further.
const ONLY_REACH: f64 = 14.0;

/// What may be picked at all.
pub struct Sight<'a> {
    pub view: &'a View,
    pub model: &'a Model,
    /// Visible, by body.
    pub visible: &'a [bool],
    pub section: Option<SectionPlane>,
}

/// The first surface along a ray.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    pub body: usize,
    pub triangle: u32,
    pub at: DVec3,
    /// Along the ray from its origin, m.
    pub t: f64,
    /// Barycentric weights of the triangle's corners.
    pub weights: [f64; 3],
    /// We look at the inside through the section plane: `at` lies on the cap, not on the triangle.
    pub cap: bool,
}

/// What the pointer is over, and the world point.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// `None` on the cap of a section.
    pub pick: Option<Pick>,
    pub at: DVec3,
    /// The surface there, where there is one (an edge against the sky has none).
    pub hit: Option<Hit>,
}

impl Sight<'_> {
    /// Signed distance to the section plane, positive on the side cut away.
    fn cut(&self, p: DVec3) -> f64 {
        self.section.map_or(-1.0, |s| (p - DVec3::from_array(s.point)).dot(DVec3::from_array(s.normal)))
    }

    /// The part of the ray on the side that is kept, and whether it begins on the plane.
    fn kept(&self, ray: &Ray, to: f64) -> (f64, f64, bool) {
        let Some(section) = self.section else { return (0.0, to, false) };
        let normal = DVec3::from_array(section.normal);
        let (distance, slope) = (self.cut(ray.origin), ray.direction.dot(normal));
        if slope.abs() < 1e-12 {
            return (0.0, if distance > 0.0 { -1.0 } else { to }, false);
        }
        let crossing = -distance / slope;
        if slope < 0.0 { (crossing.max(0.0), to, crossing > 0.0) } else { (0.0, to.min(crossing), false) }
    }

    /// First surface along the ray, up to `to`.
    pub fn cast(&self, ray: &Ray, to: f64) -> Option<Hit> {
        let (from, to, enters) = self.kept(ray, to);
        let mut best: Option<Hit> = None;
        for (b, body) in self.model.bodies.iter().enumerate() {
            if !self.visible.get(b).copied().unwrap_or(true) {
                continue;
            }
            let limit = best.map_or(to, |h| h.t);
            let found = body.index().triangles.cast(ray, from, limit, |t, from, to| {
                meet(ray, body.triangle(t)).map(|m| m.0).filter(|&t| t >= from && t <= to)
            });
            let Some((triangle, t)) = found else { continue };
            let corners = body.triangle(triangle);
            let weights = meet(ray, corners).map_or([1.0, 0.0, 0.0], |m| m.1);
            let normal = (corners[1] - corners[0]).cross(corners[2] - corners[0]);
            let cap = enters && normal.dot(ray.direction) > 0.0;
            best = Some(Hit { body: b, triangle, at: ray.at(t), t, weights, cap });
        }
        if let Some(hit) = best.as_mut().filter(|h| h.cap) {
            hit.at = ray.at(from);
        }
        best
    }

    /// Whether the section has taken `p` away.
    pub fn is_cut_away(&self, p: DVec3) -> bool {
        self.cut(p) > self.view.pixel_at(p)
    }

    /// Whether nothing stands between the eye and `p`, a point on some surface.
    pub fn is_visible(&self, p: DVec3, pixel: DVec2) -> bool {
        let size = self.view.pixel_at(p);
        if self.is_cut_away(p) {
            return false;
        }
        let ray = self.view.ray(pixel);
        let t = (p - ray.origin).dot(ray.direction);
        // Three pixels of slack: the edge's own faces lie within it unless they are seen at a graze.
        let slack = 3.0 * size;
        match self.cast(&ray, t - slack) {
            None => true,
            Some(hit) => hit.cap && (hit.at - p).dot(ray.direction) > -slack,
        }
    }

    /// What a click at `pixel` would pick.
    pub fn find(&self, pixel: DVec2, filter: PickFilter) -> Option<Found> {
        let ray = self.view.ray(pixel);
        let hit = self.cast(&ray, 2.0 * (self.view.far - self.view.near));
        let (corner_reach, edge_reach) = match filter {
            PickFilter::All => (CORNER_REACH, EDGE_REACH),
            PickFilter::Vertices => (ONLY_REACH, 0.0),
            PickFilter::Edges => (0.0, ONLY_REACH),
            PickFilter::Faces | PickFilter::Nothing => (0.0, 0.0),
        };
        if corner_reach > 0.0
            && let Some(found) = self.nearest(self.corners(pixel, corner_reach))
        {
            return Some(Found { hit, ..found });
        }
        if edge_reach > 0.0
            && let Some(found) = self.nearest(self.edges(pixel, edge_reach))
        {
            return Some(Found { hit, ..found });
        }
        let hit = hit?;
        let faces = matches!(filter, PickFilter::All | PickFilter::Faces) && !hit.cap;
        let pick = faces.then(|| {
            let body = &self.model.bodies[hit.body];
            body.face_pick(body.surface.face_of[hit.triangle as usize])
        });
        Some(Found { pick, at: hit.at, hit: Some(hit) })
    }

    /// The closest candidate that can be seen. Ties on the screen go to the one in front.
    fn nearest(&self, mut candidates: Vec<Candidate<'_>>) -> Option<Found> {
        const TRIES: usize = 12;
        candidates.sort_by(|a, b| a.score.total_cmp(&b.score));
        candidates.into_iter().take(TRIES).find(|c| self.is_visible(c.at, c.pixel)).map(|c| Found {
            pick: Some(if c.is_corner { c.body.vertex_pick(c.index) } else { c.body.edge_pick(c.index) }),
            at: c.at,
            hit: None,
        })
    }

    fn shown(&self) -> impl Iterator<Item = &Body> {
        self.model
            .bodies
            .iter()
            .enumerate()
            .filter(|(b, _)| self.visible.get(*b).copied().unwrap_or(true))
            .map(|(_, body)| body)
    }

    fn corners(&self, pixel: DVec2, reach: f64) -> Vec<Candidate<'_>> {
        let mut out = Vec::new();
        for body in self.shown() {
            for &index in &body.corners {
                let at = body.point(index);
                let Some((seen, depth)) = self.view.project(at) else { continue };
                let distance = seen.distance(pixel);
                if distance <= reach {
                    out.push(Candidate {
                        score: self.score(distance, depth),
                        at,
                        pixel: seen,
                        body,
                        index,
                        is_corner: true,
                    });
                }
            }
        }
        out
    }

    fn edges(&self, pixel: DVec2, reach: f64) -> Vec<Candidate<'_>> {
        let wedge = Wedge::behind(self.view, pixel - reach, pixel + reach);
        let mut out = Vec::new();
        for body in self.shown() {
            let index = body.index();
            index.segments.query(&wedge, |s| {
                let segment = index.segment[s as usize];
                let [a, b] = body.segment_ends(segment);
                let Some((at, seen, depth)) = self.closest(a, b, pixel) else { return };
                let distance = seen.distance(pixel);
                if distance <= reach {
                    let score = self.score(distance, depth);
                    out.push(Candidate { score, at, pixel: seen, body, index: segment.0, is_corner: false });
                }
            });
        }
        out
    }

    fn score(&self, distance: f64, depth: f64) -> f64 {
        distance + (depth - self.view.near) / (self.view.far - self.view.near)
    }

    /// Point of a segment closest to `pixel` on the screen, on the side of the section that is kept.
    fn closest(&self, a: DVec3, b: DVec3, pixel: DVec2) -> Option<(DVec3, DVec2, f64)> {
        let (mut a, mut b) = (a, b);
        let (cut_a, cut_b) = (self.cut(a), self.cut(b));
        match (cut_a > 0.0, cut_b > 0.0) {
            (true, true) => return None,
            (true, false) => a = a.lerp(b, cut_a / (cut_a - cut_b)),
            (false, true) => b = b.lerp(a, cut_b / (cut_b - cut_a)),
            (false, false) => {}
        }
        let ((pa, da), (pb, db)) = (self.view.project(a)?, self.view.project(b)?);
        let along = pb - pa;
        let s = ((pixel - pa).dot(along) / along.length_squared().max(1e-12)).clamp(0.0, 1.0);
        // Screen to world parameter: perspective divides by depth.
        let t = if self.view.camera.perspective { s * da / (db + s * (da - db)) } else { s };
        let at = a.lerp(b, t);
        let (seen, depth) = self.view.project(at)?;
        Some((at, seen, depth))
    }

    /// Everything inside the rectangle between two pixels, seen or hidden, as far as the section leaves it. `whole`: only what lies inside
    /// entirely; otherwise whatever the rectangle touches.
    pub fn boxed(&self, a: DVec2, b: DVec2, whole: bool, filter: PickFilter) -> Vec<Pick> {
        let (lo, hi) = (a.min(b), a.max(b));
        let (faces, edges, corners) = match filter {
            PickFilter::All => (true, true, false),
            PickFilter::Faces => (true, false, false),
            PickFilter::Edges => (false, true, false),
            PickFilter::Vertices => (false, false, true),
            PickFilter::Nothing => return Vec::new(),
        };
        let wedge = Wedge::behind(self.view, lo, hi);
        let mut out = Vec::new();
        for body in self.shown() {
            let mesh = &body.surface;
            let inside: Vec<bool> = mesh
                .points
                .iter()
                .map(|&p| {
                    let p = DVec3::from_array(p);
                    self.cut(p) <= 0.0
                        && self.view.project(p).is_some_and(|(s, _)| s.cmpge(lo).all() && s.cmple(hi).all())
                })
                .collect();
            if faces {
                let mut state: Vec<Tally> = vec![Tally::default(); mesh.faces.len()];
                for (t, triangle) in mesh.triangles.iter().enumerate() {
                    for &i in triangle {
                        state[mesh.face_of[t] as usize].count(inside[i as usize]);
                    }
                }
                if !whole {
                    body.index().triangles.query(&wedge, |t| {
                        let tally = &mut state[mesh.face_of[t as usize] as usize];
                        if !tally.any && self.touches(&body.triangle(t), lo, hi) {
                            tally.any = true;
                        }
                    });
                }
                let chosen = state.iter().enumerate().filter(|(_, s)| s.is_chosen(whole));
                for pick in chosen.map(|(f, _)| body.face_pick(f as u32)) {
                    if !out.contains(&pick) {
                        out.push(pick);
                    }
                }
            }
            if edges {
                let mut state: Vec<Tally> = vec![Tally::default(); mesh.edges.len()];
                for (e, edge) in mesh.edges.iter().enumerate() {
                    edge.points.iter().for_each(|&i| state[e].count(inside[i as usize]));
                }
                if !whole {
                    let index = body.index();
                    index.segments.query(&wedge, |s| {
                        let segment = index.segment[s as usize];
                        let tally = &mut state[segment.0 as usize];
                        if !tally.any && self.touches(&body.segment_ends(segment), lo, hi) {
                            tally.any = true;
                        }
                    });
                }
                let chosen = state.iter().enumerate().filter(|(_, s)| s.is_chosen(whole));
                out.extend(chosen.map(|(e, _)| body.edge_pick(e as u32)));
            }
            if corners {
                out.extend(body.corners.iter().filter(|&&i| inside[i as usize]).map(|&i| body.vertex_pick(i)));
            }
        }
        out
    }

    /// Whether a segment or triangle, projected, overlaps the rectangle: no separating axis among the screen's two and the sides' normals.
    fn touches(&self, points: &[DVec3], lo: DVec2, hi: DVec2) -> bool {
        if points.iter().all(|&p| self.cut(p) > 0.0) {
            return false;
        }
        let seen: Option<Vec<DVec2>> = points.iter().map(|&p| self.view.project(p).map(|s| s.0)).collect();
        let Some(seen) = seen else { return false };
        let corners = [lo, DVec2::new(hi.x, lo.y), hi, DVec2::new(lo.x, hi.y)];
        let sides = (0..seen.len()).map(|i| (seen[(i + 1) % seen.len()] - seen[i]).perp());
        [DVec2::X, DVec2::Y].into_iter().chain(sides).all(|axis| {
            let range = |points: &[DVec2]| {
                points.iter().map(|p| p.dot(axis)).fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)))
            };
            let ((al, ah), (bl, bh)) = (range(&seen), range(&corners));
            al <= bh && bl <= ah
        })
    }
}

struct Candidate<'a> {
    score: f64,
    at: DVec3,
    pixel: DVec2,
    body: &'a Body,
    index: u32,
    is_corner: bool,
}

#[derive(Clone, Default)]
struct Tally {
    any: bool,
    outside: bool,
}

impl Tally {
    fn count(&mut self, inside: bool) {
        self.any |= inside;
        self.outside |= !inside;
    }

    fn is_chosen(&self, whole: bool) -> bool {
        self.any && !(whole && self.outside)
    }
}

/// Parameter and barycentric weights where a ray meets a triangle, from either side (Möller & Trumbore 1997).
fn meet(ray: &Ray, [a, b, c]: [DVec3; 3]) -> Option<(f64, [f64; 3])> {
    let (ab, ac) = (b - a, c - a);
    let p = ray.direction.cross(ac);
    let det = ab.dot(p);
    if det == 0.0 {
        return None;
    }
    let from = ray.origin - a;
    let u = from.dot(p) / det;
    let q = from.cross(ab);
    let v = ray.direction.dot(q) / det;
    // A hair of overlap, so that no ray slips between two triangles.
    const SLACK: f64 = -1e-9;
    (u >= SLACK && v >= SLACK && u + v <= 1.0 - SLACK).then(|| (ac.dot(q) / det, [1.0 - u - v, u, v]))
}

#[cfg(test)]
#[path = "pick_test.rs"]
mod tests;
