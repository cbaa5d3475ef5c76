//! A place on a face that is found again on another version of it: by the face's name and a share of the face's extent.

use super::frame::Frame;
use super::path::nearest;
use super::reading::Reading;
use crate::study::outcome::{Outcome, OutcomeMesh};
use crate::surface::{FaceName, Shape, SurfaceMesh};
use glam::DVec3;

/// A point of a surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    pub triangle: usize,
    /// Of the triangle's corners.
    pub weights: [f64; 3],
    /// World, m.
    pub at: [f64; 3],
}

/// Shares of the face called `face` at which `at` (world, m) lies: along its tangents on a plane; round its axis, along it
/// and away from it on what is round; along the axes of the model elsewhere. `None` where there is no such face.
pub fn place(surface: &SurfaceMesh, face: &FaceName, at: [f64; 3]) -> Option<[f64; 3]> {
    let (chart, lo, hi) = chart(surface, face)?;
    let own = chart.coordinates(at);
    let share = |k: usize| if hi[k] - lo[k] > 0.0 { (own[k] - lo[k]) / (hi[k] - lo[k]) } else { 0.5 };
    Some([share(0), share(1), share(2)])
}

/// Where that is on the face as it is here; `None` where there is no such face.
pub fn find(surface: &SurfaceMesh, face: &FaceName, place: [f64; 3]) -> Option<Spot> {
    let (chart, lo, hi) = chart(surface, face)?;
    let wished = chart.point(std::array::from_fn(|k| lo[k] + place[k] * (hi[k] - lo[k])));
    let own = |t: usize| surface.faces.get(surface.face_of[t] as usize).is_some_and(|f| f.name == *face);
    let (triangle, weights, at) = nearest(surface, wished, own)?;
    Some(Spot { triangle, weights, at })
}

/// Coordinates in which a face is measured.
enum Chart {
    Straight([DVec3; 3]),
    /// Turn about the axis, 0 to 1; along the axis; away from it.
    Round {
        point: DVec3,
        axes: [DVec3; 3],
    },
}

impl Chart {
    fn of(shape: &Shape) -> Self {
        match Frame::of(shape) {
            Some(frame @ Frame::Plane { .. }) => Self::Straight(frame.axes([0.0; 3])),
            // On the axis the frame gives the same directions for every place.
            Some(frame @ Frame::Cylinder { point, .. }) => Self::Round { point: point.into(), axes: frame.axes(point) },
            Some(Frame::Model | Frame::Axes { .. }) | None => Self::Straight(DVec3::AXES),
        }
    }

    fn coordinates(&self, at: [f64; 3]) -> [f64; 3] {
        let p = DVec3::from(at);
        match self {
            Self::Straight(axes) => axes.map(|a| a.dot(p)),
            Self::Round { point, axes } => {
                let off = axes.map(|a| a.dot(p - *point));
                let turn = off[1].atan2(off[0]) / std::f64::consts::TAU;
                [turn.rem_euclid(1.0), off[2], off[0].hypot(off[1])]
            }
        }
    }

    fn point(&self, c: [f64; 3]) -> [f64; 3] {
        match self {
            Self::Straight(axes) => (axes[0] * c[0] + axes[1] * c[1] + axes[2] * c[2]).to_array(),
            Self::Round { point, axes } => {
                let (s, k) = (c[0] * std::f64::consts::TAU).sin_cos();
                (*point + (axes[0] * k + axes[1] * s) * c[2] + axes[2] * c[1]).to_array()
            }
        }
    }
}

/// The chart of a face and its extent there.
fn chart(surface: &SurfaceMesh, face: &FaceName) -> Option<(Chart, [f64; 3], [f64; 3])> {
    let first = surface.faces_named(face).next()?;
    let chart = Chart::of(&surface.faces[first as usize].shape);
    let (mut lo, mut hi) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for (t, corners) in surface.triangles.iter().enumerate() {
        if surface.faces.get(surface.face_of[t] as usize).is_none_or(|f| f.name != *face) {
            continue;
        }
        for i in corners {
            let c = chart.coordinates(surface.points[*i as usize]);
            (0..3).for_each(|k| (lo[k], hi[k]) = (lo[k].min(c[k]), hi[k].max(c[k])));
        }
    }
    if matches!(chart, Chart::Round { .. }) {
        // A turn is a share of the whole circle, however much of it the face covers: a face may lie across its start.
        (lo[0], hi[0]) = (0.0, 1.0);
    }
    (lo[1] <= hi[1]).then_some((chart, lo, hi))
}

/// The skin that carries a face, among the meshes of an answer.
pub fn skin_of<'a>(outcome: &'a Outcome, face: &FaceName) -> Option<(&'a str, &'a SurfaceMesh)> {
    outcome.meshes.iter().find_map(|m| match m {
        OutcomeMesh::Surface { name, surface, .. } if surface.faces_named(face).next().is_some() => {
            Some((name.as_str(), surface))
        }
        _ => None,
    })
}

impl Reading {
    /// The value at a spot of the skin called `mesh`, SI; `None` where the answer says nothing there.
    pub fn at_spot(&self, outcomes: &[&Outcome], mesh: &str, surface: &SurfaceMesh, spot: &Spot) -> Option<f64> {
        let sources = self.sources(outcomes, mesh)?;
        let corners = surface.triangles.get(spot.triangle)?;
        let whole = |f: &&crate::study::outcome::Field| {
            f.values.len() == usize::from(f.components).max(1) * surface.points.len()
        };
        if !sources.fields.iter().all(whole) {
            return None;
        }
        let value = sources.read(spot.at, |f, out| {
            let n = usize::from(f.components).max(1);
            for (c, out) in out.iter_mut().enumerate() {
                let at = |k: usize| f64::from(f.values[corners[k] as usize * n + c]);
                *out = (0..3).map(|k| spot.weights[k] * at(k)).sum();
            }
        });
        value.is_finite().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::Face;

    /// A tube's wall about z, `n` quads round, with one face; and a plate with another.
    fn surface(radius: f64, height: f64, side: f64) -> SurfaceMesh {
        let n = 64u32;
        let mut mesh = SurfaceMesh::default();
        for z in [0.0, height] {
            for i in 0..n {
                let (s, c) = (std::f64::consts::TAU * f64::from(i) / f64::from(n)).sin_cos();
                mesh.points.push([radius * c, radius * s, z]);
            }
        }
        for i in 0..n {
            let j = (i + 1) % n;
            mesh.triangles.extend([[i, j, n + j], [i, n + j, n + i]]);
            mesh.face_of.extend([0, 0]);
        }
        let first = mesh.points.len() as u32;
        mesh.points.extend([[0.0, 0.0, -1.0], [side, 0.0, -1.0], [side, side, -1.0], [0.0, side, -1.0]]);
        mesh.triangles.extend([[first, first + 1, first + 2], [first, first + 2, first + 3]]);
        mesh.face_of.extend([1, 1]);
        let face = |name: &str, shape| Face { name: FaceName(name.into()), shape, area: 0.0 };
        mesh.faces = vec![
            face("tube.wall", Shape::Cylinder { point: [0.0; 3], axis: [0.0, 0.0, 1.0], radius }),
            face("plate.top", Shape::Plane { point: [0.0, 0.0, -1.0], normal: [0.0, 0.0, 1.0] }),
        ];
        mesh
    }

    #[test]
    fn a_pin_keeps_its_share_of_a_face_that_changes() {
        let (old, new) = (surface(0.1, 0.4, 1.0), surface(0.25, 1.0, 3.0));
        let follow = |face: &str, at| {
            let face = FaceName(face.into());
            let place = place(&old, &face, at).unwrap();
            // Back to where it was, and to the same share of the new face.
            let here = find(&old, &face, place).unwrap();
            assert!(DVec3::from(here.at).distance(at.into()) < 2e-4, "{here:?}");
            let there = find(&new, &face, place).unwrap();
            let corners = new.triangles[there.triangle].map(|i| DVec3::from(new.points[i as usize]));
            let sum: DVec3 = (0..3).map(|k| corners[k] * there.weights[k]).sum();
            assert!(sum.distance(there.at.into()) < 1e-12);
            there.at
        };
        let on_plate = follow("plate.top", [0.25, 0.5, -1.0]);
        assert!(DVec3::from(on_plate).distance(DVec3::new(0.75, 1.5, -1.0)) < 1e-9, "{on_plate:?}");
        let on_wall = follow("tube.wall", [0.0, -0.1, 0.1]);
        assert!(DVec3::from(on_wall).distance(DVec3::new(0.0, -0.25, 0.25)) < 1e-3, "{on_wall:?}");
        assert!(find(&new, &FaceName("gone.wall".into()), [0.5; 3]).is_none());
        assert!(place(&old, &FaceName("gone.wall".into()), [0.0; 3]).is_none());
    }
}
