//! The curved surface that triangles are samples of: analytic shapes, and what normals at corners tell of the rest.

use super::delaunay::NONE;
use super::surf::{Place, Surf};
use crate::surface::{Shape, SurfaceMesh};
use glam::DVec3;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Of a triangle's longest side, how far a corner that was put on an analytic shape may lie off it.
const ON: f64 = 1e-3;

/// Normals at the corners of all triangles, `[triangles]`, of the surface they are samples of: means by angle between
/// creases. Analytic faces keep their own, and where a blend or a grown face meets one of them it runs into that.
pub(super) fn smooth_normals(start: &Surf, surface: &SurfaceMesh) -> Vec<[[f32; 3]; 3]> {
    let shaped = |t: u32| shape_of(surface, t).map(|_| surface.face_of[t as usize]);
    let mean = |t: u32, k: usize| {
        let v = start.triangles[t as usize][k];
        let (mut all, mut by_face) = (DVec3::ZERO, BTreeMap::<u32, DVec3>::new());
        let mut add = |t: u32, k: usize| {
            let c = start.corners(t);
            let angle = (c[(k + 1) % 3] - c[k]).angle_between(c[(k + 2) % 3] - c[k]);
            let normal = start.cross(t).normalize_or_zero() * if angle.is_finite() { angle } else { 0.0 };
            all += normal;
            if let Some(face) = shaped(t) {
                *by_face.entry(face).or_default() += normal;
            }
        };
        add(t, k);
        // One way round as far as a crease, and the other way unless that came back.
        for back in [false, true] {
            let (mut u, mut j) = (t, k);
            loop {
                let side = if back { (j + 2) % 3 } else { j };
                if start.chain[u as usize][side] != NONE {
                    break;
                }
                u = start.across[u as usize][side];
                j = start.position(u, v);
                if u == t {
                    break;
                }
                add(u, j);
            }
            if u == t && start.chain[t as usize][if back { (k + 2) % 3 } else { k }] == NONE {
                break;
            }
        }
        let own = shaped(t).and_then(|face| by_face.get(&face));
        let only = by_face.values().next().filter(|_| by_face.len() == 1);
        let normal = *own.or(only).unwrap_or(&all);
        normal.normalize_or(start.cross(t).normalize_or_zero()).as_vec3().to_array()
    };
    (0..start.triangles.len() as u32).into_par_iter().map(|t| std::array::from_fn(|k| mean(t, k))).collect()
}

/// Puts points of smooth places so far towards their facets that the surface lifted from them encloses what the facets do: a
/// contour's facets are a mean of the surface. Those that lie on their face's analytic shape stay.
pub(super) fn settle(start: &mut Surf, surface: &SurfaceMesh, normals: &[[[f32; 3]; 3]]) {
    // By vertex: the way out, area about it, and the volume that lifting adds.
    let mut about = vec![(DVec3::ZERO, 0.0, 0.0); start.points.len()];
    let mut fixed = vec![false; start.points.len()];
    for t in 0..start.triangles.len() as u32 {
        let corners = start.corners(t);
        let cross = start.cross(t);
        let normal = cross.normalize_or_zero();
        let middles = (0..3).map(|k| 0.5 * (corners[k] + corners[(k + 1) % 3]));
        let lifted = |p| lift(corners, &normals[t as usize], p).unwrap_or(p);
        // Quadratic, and nothing at the corners.
        let mean = middles.map(|p| (lifted(p) - p).dot(normal)).sum::<f64>() / 3.0;
        let area = 0.5 * cross.length();
        for (v, n) in start.triangles[t as usize].into_iter().zip(normals[t as usize]) {
            let of = &mut about[v as usize];
            of.0 += area * DVec3::from(n.map(f64::from));
            of.1 += area;
            of.2 += area * mean;
        }
        let longest = (0..3).map(|k| corners[k].distance(corners[(k + 1) % 3])).fold(0.0, f64::max);
        if let Some(shape) = shape_of(surface, t) {
            for v in start.triangles[t as usize] {
                let p = start.points[v as usize];
                fixed[v as usize] |= on_shape(&shape, p).is_some_and(|q| q.distance(p) <= ON * longest);
            }
        }
    }
    for (v, (way, area, volume)) in about.into_iter().enumerate() {
        if !fixed[v] && area > 0.0 && matches!(start.place[v], Place::Patch(_)) {
            start.points[v] -= way.normalize_or_zero() * (volume / area);
        }
    }
}

/// The analytic shape that triangle `t` of `surface` was sampled on.
fn shape_of(surface: &SurfaceMesh, t: u32) -> Option<Shape> {
    let face = surface.faces.get(surface.face_of[t as usize] as usize)?;
    (face.shape != Shape::Freeform).then_some(face.shape)
}

/// Lifts a point of a triangle onto the curved surface that its corner normals tell of.
pub(super) fn smooth(surface: &SurfaceMesh, t: usize, p: DVec3) -> DVec3 {
    let corners = surface.triangles[t].map(|v| DVec3::from(surface.points[v as usize]));
    surface.normals.get(t).and_then(|normals| lift(corners, normals, p)).unwrap_or(p)
}

/// The same of a triangle by itself; `None` where it has no area.
///
/// Source: Boubekeur & Alexa, "Phong tessellation", SIGGRAPH Asia 2008; the factor one half makes an arc exact to third
/// order.
fn lift(corners: [DVec3; 3], normals: &[[f32; 3]; 3], p: DVec3) -> Option<DVec3> {
    let [a, b, c] = corners;
    let n = (b - a).cross(c - a);
    let area = n.length_squared();
    if area <= 0.0 {
        return None;
    }
    let weights = [(b - p).cross(c - p).dot(n) / area, (c - p).cross(a - p).dot(n) / area, 0.0];
    let weights = [weights[0], weights[1], 1.0 - weights[0] - weights[1]];
    let mut lift = DVec3::ZERO;
    for ((corner, normal), w) in corners.into_iter().zip(normals).zip(weights) {
        let normal = DVec3::new(normal[0].into(), normal[1].into(), normal[2].into());
        lift -= w * (p - corner).dot(normal) * normal;
    }
    Some(p + 0.5 * lift)
}

/// The point of an analytic surface nearest to `p`; `None` where that is not one point.
pub(super) fn on_shape(shape: &Shape, p: DVec3) -> Option<DVec3> {
    let on_axis = |point: &[f64; 3], axis: &[f64; 3]| {
        let (o, d) = (DVec3::from(*point), DVec3::from(*axis));
        let foot = o + d * (p - o).dot(d);
        Some((foot, (p - foot).try_normalize()?))
    };
    match shape {
        Shape::Plane { point, normal } => {
            let n = DVec3::from(*normal);
            Some(p - n * (p - DVec3::from(*point)).dot(n))
        }
        Shape::Cylinder { point, axis, radius } => {
            let (foot, out) = on_axis(point, axis)?;
            Some(foot + out * *radius)
        }
        Shape::Cone { apex, axis, half_angle } => {
            let (_, out) = on_axis(apex, axis)?;
            let apex = DVec3::from(*apex);
            // Along the line of the cone that lies in the plane of the axis and the point, on the point's side.
            let axis = DVec3::from(*axis);
            let axis = if (p - apex).dot(axis) < 0.0 { -axis } else { axis };
            let along = axis * half_angle.cos() + out * half_angle.sin().abs();
            Some(apex + along * (p - apex).dot(along))
        }
        Shape::Sphere { centre, radius } => {
            let centre = DVec3::from(*centre);
            Some(centre + (p - centre).try_normalize()? * *radius)
        }
        Shape::Torus { centre, axis, major, minor } => {
            let (_, out) = on_axis(centre, axis)?;
            let ring = DVec3::from(*centre) + out * *major;
            Some(ring + (p - ring).try_normalize()? * *minor)
        }
        Shape::Freeform => None,
    }
}
