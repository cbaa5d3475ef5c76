//! Cylinders and planes inside a smooth region: walls that run into fillets without a crease.
//!
//! Grown from seeds, in triangle order: a patch that fits a cylinder tightly takes in its neighbours as long as their
//! points lie on it. Cylinders come first, because a strip of a coarse one is plane, too.

use super::Sides;
use super::fit::{self, Cylinder};
use crate::surface::{Shape, SurfaceMesh};
use glam::DVec3;
use std::collections::{HashMap, HashSet};

/// Distance of points from a grown cylinder, as a fraction of its radius, and from a grown plane, of the part: tight,
/// because the points of an exported surface lie on it; the first row of a fillet lies off by more.
const CYLINDER_TOLERANCE: f64 = 2e-3;
const PLANE_TOLERANCE: f64 = 2e-5;
/// Sine between a facet's normal and the plane square to the axis: facets of a coarse wall lean a little.
const LEAN_MAX: f64 = 0.2;
/// Triangles in a seed's patch, and in a cylinder worth a face.
const PATCH: usize = 10;
const CYLINDER_TRIANGLES_MIN: usize = 12;
/// Least turn of a cylinder worth a face, rad.
const TURN_MIN: f64 = 0.7;
/// Least area worth a face of its own, as a fraction of the part's size squared: a patch of 4 mm on a part of 200 mm.
const AREA_MIN: f64 = 4e-4;
/// Largest spread of a plane's normals, root of the mean square over its area, rad: a real plane's are the same but for
/// the rounding of the file; those of a strip of a gently curved wall spread over all that the strip was allowed.
const PLANE_SPREAD: f64 = 2e-4;
/// The same for the distance of points from a cylinder, as a fraction of its radius.
const CYLINDER_SPREAD: f64 = 3e-4;
/// The spread of a cylinder under growth is looked at when it has so many triangles and each time it has so many times as
/// many: on a doubly curved face a band all round would fit the tolerance, from every seed anew.
const LOOK_FIRST: usize = 160;
const LOOK_AGAIN: usize = 4;
/// A triangle that was in so many bands given up for their spread seeds no more.
const GIVEN_UP_MAX: u8 = 3;
/// Two triangles that are plane, but not so many times as large as each triangle about them, are a facet of something curved:
/// beside an even mesh of quadrilaterals it is twice.
const FACET: f64 = 3.0;
/// Cosine within which a plane's triangles face its way: 0.6°.
const PLANE_COSINE: f64 = 0.999_945;

struct Region<'a> {
    surface: &'a SurfaceMesh,
    crosses: &'a [[f64; 3]],
    sides: &'a Sides,
    /// Free members of the region: taken ones are gone.
    free: HashSet<u32>,
    /// In how many bands given up for their spread a triangle was.
    given_up: HashMap<u32, u8>,
}

impl Region<'_> {
    fn corners(&self, t: u32) -> [DVec3; 3] {
        self.surface.triangles[t as usize].map(|p| DVec3::from(self.surface.points[p as usize]))
    }

    fn cross(&self, t: u32) -> DVec3 {
        DVec3::from(self.crosses[t as usize])
    }

    fn neighbours(&self, t: u32) -> impl Iterator<Item = u32> + '_ {
        let triangle = self.surface.triangles[t as usize];
        (0..3)
            .filter_map(move |k| self.sides.get(&(triangle[(k + 1) % 3], triangle[k])).copied())
            .filter(|t| self.free.contains(t))
    }

    /// Free triangles connected to `seed` that pass `test`, at most `n_max`.
    fn flood(&self, seed: u32, n_max: usize, test: impl Fn(u32) -> bool) -> Vec<u32> {
        let mut members = vec![seed];
        let mut seen = HashSet::from([seed]);
        let mut next = 0;
        while next < members.len() && members.len() < n_max {
            let t = members[next];
            next += 1;
            for other in self.neighbours(t) {
                if seen.insert(other) && test(other) {
                    members.push(other);
                }
            }
        }
        members
    }

    fn cylinder_of(&self, members: &[u32]) -> Option<Cylinder> {
        let mut points: Vec<DVec3> = members.iter().flat_map(|t| self.corners(*t)).collect();
        let centre = points.iter().sum::<DVec3>() / points.len() as f64;
        points.dedup();
        let area = members.iter().map(|t| self.cross(*t).length()).sum();
        fit::cylinder(&points, members.iter().map(|t| self.cross(*t)), area, centre, 2.0 * CYLINDER_TOLERANCE)
    }

    fn on_cylinder(&self, c: &Cylinder, outward: f64, t: u32) -> bool {
        let corners = self.corners(t);
        let Some(n) = self.cross(t).try_normalize() else { return true };
        let d = corners[0] - c.on_axis;
        let radial = d - c.axis * d.dot(c.axis);
        n.dot(c.axis).abs() <= LEAN_MAX
            && n.dot(radial) * outward > 0.0
            && corners.iter().all(|p| c.off(*p) <= CYLINDER_TOLERANCE * c.radius)
    }

    /// Distance of the members' points from a cylinder, root of the mean square, over its radius.
    fn spread(&self, c: &Cylinder, members: &[u32]) -> f64 {
        let off: f64 = members.iter().flat_map(|t| self.corners(*t)).map(|p| c.off(p).powi(2)).sum();
        (off / (3 * members.len()) as f64).sqrt() / c.radius
    }

    fn give_up(&mut self, members: &[u32]) {
        for t in members {
            let n = self.given_up.entry(*t).or_default();
            *n = n.saturating_add(1);
        }
    }

    fn grow_cylinder(&mut self, seed: u32, size: f64) -> Option<(Vec<u32>, Cylinder)> {
        let patch = self.flood(seed, PATCH, |_| true);
        if patch.len() < PATCH {
            return None;
        }
        let mut c = self.cylinder_of(&patch).filter(|c| c.radius < size)?;
        let d = self.corners(seed)[0] - c.on_axis;
        let outward = self.cross(seed).dot(d - c.axis * d.dot(c.axis)).signum();
        let mut n_max = LOOK_FIRST;
        let mut members;
        loop {
            members = self.flood(seed, n_max, |t| self.on_cylinder(&c, outward, t));
            c = self.cylinder_of(&members)?;
            if members.len() < n_max {
                break;
            }
            if self.spread(&c, &members) > CYLINDER_SPREAD {
                self.give_up(&members);
                return None;
            }
            n_max *= LOOK_AGAIN;
        }
        // Once more, from the better fit of all that was found.
        members = self.flood(seed, usize::MAX, |t| self.on_cylinder(&c, outward, t));
        c = self.cylinder_of(&members)?;
        if self.spread(&c, &members) > CYLINDER_SPREAD {
            // Small ones cost nothing to try again, and may be a good one begun at its rim.
            if members.len() >= LOOK_FIRST {
                self.give_up(&members);
            }
            return None;
        }
        let area = members.iter().map(|t| self.cross(*t).length()).sum::<f64>() / 2.0;
        if area < AREA_MIN * size * size || members.len() < CYLINDER_TRIANGLES_MIN || self.turn(&c, &members) < TURN_MIN
        {
            return None;
        }
        Some((members, c))
    }

    /// Angle that members cover about the axis: the full turn less the largest gap.
    fn turn(&self, c: &Cylinder, members: &[u32]) -> f64 {
        let u = c.axis.any_orthonormal_vector();
        let v = c.axis.cross(u);
        let mut angles: Vec<f64> = members
            .iter()
            .flat_map(|t| self.corners(*t))
            .map(|p| (p - c.on_axis).dot(v).atan2((p - c.on_axis).dot(u)))
            .collect();
        angles.sort_by(f64::total_cmp);
        let full = std::f64::consts::TAU;
        let wrap = angles.first().zip(angles.last()).map_or(full, |(a, b)| a + full - b);
        full - angles.windows(2).map(|w| w[1] - w[0]).fold(wrap, f64::max)
    }

    fn grow_plane(&self, seed: u32, size: f64) -> Option<(Vec<u32>, Shape)> {
        let normal = self.cross(seed).try_normalize()?;
        let at = self.corners(seed)[0];
        let members = self.flood(seed, usize::MAX, |t| {
            self.cross(t).dot(normal) >= PLANE_COSINE * self.cross(t).length()
                && self.corners(t).iter().all(|p| (*p - at).dot(normal).abs() <= PLANE_TOLERANCE * size)
        });
        let sum: DVec3 = members.iter().map(|t| self.cross(*t)).sum();
        if members.len() < 2 || sum.length() / 2.0 < AREA_MIN * size * size {
            return None;
        }
        let doubled = |t: u32| self.cross(t).length();
        let about = members.iter().flat_map(|t| self.neighbours(*t)).filter(|t| !members.contains(t));
        if members.len() == 2 && sum.length() < FACET * about.map(doubled).fold(0.0, f64::max) {
            return None;
        }
        let normal = sum.normalize();
        // Of unit normals n and m the squared distance is the squared angle, nearly; each weighs as much as its area.
        let weights: f64 = members.iter().map(|t| self.cross(*t).length()).sum();
        let off: f64 = members
            .iter()
            .map(|t| {
                let n = self.cross(*t);
                (n.normalize_or_zero() - normal).length_squared() * n.length()
            })
            .sum();
        if off > PLANE_SPREAD * PLANE_SPREAD * weights {
            return None;
        }
        Some((members, Shape::Plane { point: at.to_array(), normal: normal.to_array() }))
    }
}

/// Parts a region into cylinders, planes and connected rests (`None`), each with its triangles.
pub(super) fn part(
    surface: &SurfaceMesh,
    members: &[u32],
    crosses: &[[f64; 3]],
    sides: &Sides,
    size: f64,
) -> Vec<(Vec<u32>, Option<Shape>)> {
    let mut region =
        Region { surface, crosses, sides, free: members.iter().copied().collect(), given_up: HashMap::new() };
    let mut seeds: Vec<u32> = members.to_vec();
    seeds.sort_unstable();
    let mut out = Vec::new();
    let take = |region: &mut Region, members: &[u32]| {
        for t in members {
            region.free.remove(t);
        }
    };
    for &seed in &seeds {
        if region.free.contains(&seed)
            && region.given_up.get(&seed).is_none_or(|n| *n < GIVEN_UP_MAX)
            && let Some((members, c)) = region.grow_cylinder(seed, size)
        {
            take(&mut region, &members);
            out.push((members, Some(c.shape())));
        }
    }
    for &seed in &seeds {
        if region.free.contains(&seed)
            && let Some((members, plane)) = region.grow_plane(seed, size)
        {
            take(&mut region, &members);
            out.push((members, Some(plane)));
        }
    }
    for &seed in &seeds {
        if region.free.contains(&seed) {
            let members = region.flood(seed, usize::MAX, |_| true);
            take(&mut region, &members);
            out.push((members, None));
        }
    }
    out
}
