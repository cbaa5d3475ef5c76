//! What is behind the body's triangles, made one surface without steps: faces pass into one another, and it fades out where
//! the triangles themselves are followed.

use super::{Domain, Patch, weights};
use crate::geometry::distance::Distance;
use crate::mesh::tet::delaunay::NONE;
use crate::surface::SurfaceMesh;
use glam::{DVec3, IVec3};
use rayon::prelude::*;
use std::collections::HashMap;

/// How far from the triangles what is behind them is looked for, and where it is believed no more, over their mean side.
const NEAR: f64 = 0.35;
const FAR: f64 = 0.5;

impl Domain<'_> {
    /// The point behind `on`, the point of triangle `t` of `patch` nearest to `p`; `None` where nothing is known of it. Looked
    /// for from `p` itself where that is as near as what is behind: the nearest point of triangles jumps over the edges
    /// between them, and what is behind does not.
    ///
    /// Borders of faces within a patch run along the body's triangles and so beside where what is behind the faces meets:
    /// past that, two tangent shapes part as the square of the way, and a step would be left that no element is fine enough
    /// for. So faces pass into one another over the triangles beside their border.
    pub(super) fn beyond(&self, patch: &Patch, t: usize, on: DVec3, p: DVec3) -> Option<DVec3> {
        if !self.is_formed() {
            return None;
        }
        let origin = patch.origin[t] as usize;
        let face = self.surface.face_of[origin];
        let share = self.share(origin, on);
        let p = on + (p - on).clamp_length_max(NEAR * self.side);
        if share <= 0.0 {
            return None;
        }
        let corners = patch.surface.triangles[t];
        let meeting = corners.map(|v| patch.meeting.get(&v));
        let q = if meeting == [None; 3] {
            self.body.onto(face, p.into())?.into()
        } else {
            let at = weights(corners.map(|v| patch.surface.points[v as usize].into()), on)?;
            let mut q = on;
            for (k, faces) in meeting.iter().enumerate() {
                let faces = faces.map_or(std::slice::from_ref(&face), Vec::as_slice);
                for face in faces {
                    let way = self.body.onto(*face, p.into()).map_or(DVec3::ZERO, |q| DVec3::from(q) - on);
                    q += at[k] / faces.len() as f64 * way;
                }
            }
            q
        };
        // Nor may it tear where it goes too far to be believed.
        let far = 2.0 - 2.0 * q.distance(on) / (FAR * self.side);
        let share = share.min(far.max(0.0));
        Some(if share < 1.0 { on.lerp(q, share) } else { q })
    }

    /// How much of what is behind triangle `t` counts at its point `p`.
    fn share(&self, t: usize, p: DVec3) -> f64 {
        let corners = self.surface.triangles[t];
        let share = corners.map(|v| f64::from(self.behind[v as usize]));
        if share[0] == share[1] && share[1] == share[2] {
            return share[0];
        }
        let at = weights(corners.map(|v| self.surface.points[v as usize].into()), p);
        at.map_or(0.0, |at| (0..3).map(|k| at[k] * share[k]).sum::<f64>().clamp(0.0, 1.0))
    }

    /// The same with the triangles themselves as the surface about `places`, each with a reach, m: whole within it, what is
    /// behind them again from twice as far. Where what is behind two of them crosses, nothing else parts them.
    pub fn bare(&self, places: &[(DVec3, f64)], distance: &Distance) -> Self {
        let mut out = self.clone();
        let cell = places.iter().fold(0.0, |most: f64, (_, reach)| most.max(2.0 * reach));
        if !(cell > 0.0) {
            return out;
        }
        let key = |p: DVec3| ((p - self.lo) / cell).floor().as_ivec3();
        let mut near: HashMap<IVec3, Vec<(DVec3, f64)>> = HashMap::new();
        for place in places {
            near.entry(key(place.0)).or_default().push(*place);
        }
        let least = |share: f32, p: DVec3| {
            (0..27).fold(share, |share, n| {
                let beside = key(p) + IVec3::new(n % 3, n / 3 % 3, n / 9) - IVec3::ONE;
                let here = near.get(&beside).into_iter().flatten();
                here.fold(share, |s, (place, reach)| s.min((p.distance(*place) / reach - 1.0).clamp(0.0, 1.0) as f32))
            })
        };
        out.behind
            .par_iter_mut()
            .zip(&self.surface.points)
            .for_each(|(share, p)| *share = least(*share, DVec3::from(*p)));
        // A triangle may be larger than the reach.
        for (place, _) in places {
            if let Some(n) = distance.nearest((*place).into(), None) {
                self.surface.triangles[n.triangle as usize].iter().for_each(|v| out.behind[*v as usize] = 0.0);
            }
        }
        out
    }
}

/// The faces about each point of a `part` where they are several, in the order of their numbers.
pub(super) fn meeting(part: &SurfaceMesh, origin: &[u32], surface: &SurfaceMesh) -> HashMap<u32, Vec<u32>> {
    let mut first = vec![NONE; part.points.len()];
    let mut out: HashMap<u32, Vec<u32>> = HashMap::new();
    for (corners, t) in part.triangles.iter().zip(origin) {
        let face = surface.face_of[*t as usize];
        for v in corners {
            let known = &mut first[*v as usize];
            if *known == NONE {
                *known = face;
            } else if *known != face {
                let faces = out.entry(*v).or_insert_with(|| vec![*known]);
                if let Err(at) = faces.binary_search(&face) {
                    faces.insert(at, face);
                }
            }
        }
    }
    out
}
