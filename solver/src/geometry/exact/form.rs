//! Solids on their own: primitives, extrusions, revolutions, hole tools; and copies of them.

use super::refuse::Refusal;
use super::{MM, Solid, control, name};
use crate::geometry::plan::{Direction, Form, Loops, Outline, Placement, Stroke};
use crate::surface::FaceName;
use arris::geom::{Profile, ProfileLoop, ProfileSegment};
use arris::math::nalgebra::{Quaternion, UnitQuaternion};
use arris::math::{Aabb, Axis, Frame, Isometry, Point2, Point3, Reflection, Vec3, real};
use arris::ops::OpError;
use arris::topo::{Body, Model, Provenance};
use std::f64::consts::TAU;
use std::sync::Arc;

/// Where a through-all tool ends beyond the bodies it passes, as a fraction of their size.
const OVERSHOOT: f64 = 0.05;

fn point(p: [f64; 3]) -> Point3 {
    Point3::new(p[0] * MM, p[1] * MM, p[2] * MM)
}

fn unit(axis: usize) -> Vec3 {
    let mut v = Vec3::zeros();
    v[axis] = 1.0;
    v
}

/// Frame with `z` along a world axis; its `x` is the next axis in cyclic order.
fn along(origin: Point3, axis: usize) -> Result<Frame, Refusal> {
    Frame::new(origin, unit(axis), unit((axis + 1) % 3)).map_err(|e| Refusal::wrong(e.to_string()))
}

/// Half-plane through the axis for profiles of revolution: sketch x is the radius, y the axis.
fn meridian(frame: &Frame) -> Result<Frame, Refusal> {
    let (x, z) = (frame.x().into_inner(), frame.z().into_inner());
    Frame::new(frame.origin(), x.cross(&z), x).map_err(|e| Refusal::wrong(e.to_string()))
}

fn polygon(points: &[[f64; 2]]) -> ProfileLoop {
    let at = |p: &[f64; 2]| Point2::new(p[0], p[1]);
    ProfileLoop::Path {
        start: at(&points[0]),
        segments: points[1..].iter().chain(&points[..1]).map(|p| ProfileSegment::LineTo(at(p))).collect(),
    }
}

fn profile(plane: Frame, loops: &Loops) -> Result<Profile, Refusal> {
    let at = |p: [f64; 2]| Point2::new(p[0] * MM, p[1] * MM);
    let mut all = loops.loops.iter().map(|outline| match outline {
        Outline::Circle { centre, radius } => ProfileLoop::Circle { center: at(*centre), radius: radius * MM },
        Outline::Path { start, strokes } => ProfileLoop::Path {
            start: at(*start),
            segments: strokes
                .iter()
                .map(|s| match *s {
                    Stroke::Line { to } => ProfileSegment::LineTo(at(to)),
                    Stroke::Arc { via, to } => ProfileSegment::ArcTo { to: at(to), via: at(via) },
                })
                .collect(),
        },
    });
    let outer = all.next().ok_or_else(|| Refusal::wrong("the profile is empty: draw an outline"))?;
    Ok(Profile { plane, outer, holes: all.collect() })
}

/// Builds a form. `frame` is its sketch's plane with the offset applied, mm; `reach` bounds what a through-all hole
/// must pass, mm.
///
/// # Errors
/// [`Refusal`], with the kernel model unchanged.
pub(in crate::geometry) fn build(
    kernel: &mut Model,
    feature: &str,
    form: &Form,
    frame: Option<&Frame>,
    reach: Option<Aabb>,
) -> Result<Solid, Refusal> {
    let no_frame = || Refusal::wrong("it has no plane to stand on");
    let keep = |part: String| part;
    match form {
        Form::Box { min, max } => {
            finish(kernel, feature, &keep, |m| arris::ops::primitive_box(m, point(*min), point(*max), &control()))
        }
        Form::Cylinder { origin, axis, radius, height } => {
            let axis = Axis { origin: point(*origin), direction: along(point(*origin), *axis)?.z() };
            finish(kernel, feature, &keep, |m| {
                arris::ops::primitive_cylinder(m, axis, radius * MM, height * MM, &control())
            })
        }
        Form::Cone { origin, axis, radius, radius_top, height } => {
            let frame = along(point(*origin), *axis)?;
            if (radius - radius_top).abs() * MM < 1e-6 {
                let axis = Axis { origin: frame.origin(), direction: frame.z() };
                return finish(kernel, feature, &keep, |m| {
                    arris::ops::primitive_cylinder(m, axis, radius * MM, height * MM, &control())
                });
            }
            let (r, top, h) = (radius * MM, radius_top * MM, height * MM);
            let mut corners = vec![[0.0, 0.0], [r, 0.0], [top, h], [0.0, h]];
            if top == 0.0 {
                corners.remove(2);
            }
            let part = |side: String| match side.as_str() {
                "side1" => "bottom".into(),
                "side2" => "wall".into(),
                _ => "top".to_string(),
            };
            turn(kernel, feature, &part, &frame, polygon(&corners))
        }
        Form::Sphere { origin, radius } => {
            let (frame, r) = (along(point(*origin), 2)?, radius * MM);
            let half = ProfileLoop::Path {
                start: Point2::new(0.0, -r),
                segments: vec![
                    ProfileSegment::ArcTo { to: Point2::new(0.0, r), via: Point2::new(r, 0.0) },
                    ProfileSegment::LineTo(Point2::new(0.0, -r)),
                ],
            };
            turn(kernel, feature, &|_| "surface".into(), &frame, half)
        }
        Form::Torus { origin, axis, major, minor } => {
            let frame = along(point(*origin), *axis)?;
            let circle = ProfileLoop::Circle { center: Point2::new(major * MM, 0.0), radius: minor * MM };
            turn(kernel, feature, &|_| "surface".into(), &frame, circle)
        }
        Form::Extrude { profile: loops, depth, direction, .. } => {
            let frame = frame.ok_or_else(no_frame)?;
            let (normal, depth) = (frame.z().into_inner(), depth * MM);
            let (shift, sense) = match direction {
                Direction::Up => (0.0, 1.0),
                Direction::Down => (0.0, -1.0),
                Direction::Both => (-depth / 2.0, 1.0),
            };
            let plane = frame.transformed(&Isometry::from_translation(normal * shift));
            let profile = profile(plane, loops)?;
            // "End" is where the normal points to, whichever way the depth runs.
            let part = |part: String| match (part.as_str(), sense > 0.0) {
                ("start", false) => "end".into(),
                ("end", false) => "start".into(),
                _ => part,
            };
            finish(kernel, feature, &part, |m| arris::ops::extrude(m, &profile, normal * sense, depth, &control()))
        }
        Form::Revolve { profile: loops, about, offset, angle, .. } => {
            let frame = frame.ok_or_else(no_frame)?;
            let (x, y) = (frame.x().into_inner(), frame.y().into_inner());
            let (direction, aside) = if *about == 0 { (x, y) } else { (y, x) };
            let direction = if *angle < 0.0 { -direction } else { direction };
            let axis = Axis::new(frame.origin() + aside * (offset * MM), direction)
                .map_err(|e| Refusal::wrong(e.to_string()))?;
            let profile = profile(*frame, loops)?;
            // A full turn within the angle that expressions can state.
            let angle = if (angle.abs() - TAU).abs() < 1e-9 { TAU } else { angle.abs() };
            finish(kernel, feature, &keep, |m| arris::ops::revolve(m, &profile, axis, angle, &control()))
        }
        Form::Hole { centre, radius, depth, direction, .. } => {
            let frame = frame.ok_or_else(no_frame)?;
            let mouth = frame.to_world(Point3::new(centre[0] * MM, centre[1] * MM, 0.0));
            let inward = match direction {
                Direction::Up => frame.z().into_inner(),
                Direction::Down | Direction::Both => -frame.z().into_inner(),
            };
            let both = *direction == Direction::Both;
            let (start, length) = match depth {
                Some(depth) if both => (-depth * MM, 2.0 * depth * MM),
                Some(depth) => (0.0, depth * MM),
                None => {
                    let (lo, hi, margin) = through(mouth, inward, reach)?;
                    if hi <= 0.0 && !both {
                        let text = "there is no material in the direction it is drilled; turn it round";
                        return Err(Refusal::wrong(text));
                    }
                    let start = if both { lo - margin } else { 0.0 };
                    (start, hi + margin - start)
                }
            };
            let axis = Axis::new(mouth + inward * start, inward).map_err(|e| Refusal::wrong(e.to_string()))?;
            // The tool's base is the mouth; only its wall and, when blind, its far end survive in the body.
            let part = |part: String| match part.as_str() {
                "bottom" => "mouth".into(),
                "top" => "bottom".into(),
                _ => part,
            };
            finish(kernel, feature, &part, |m| arris::ops::primitive_cylinder(m, axis, radius * MM, length, &control()))
        }
    }
}

/// Range along `direction` from `from` that spans `reach`, and the margin by which a tool overshoots it.
fn through(from: Point3, direction: Vec3, reach: Option<Aabb>) -> Result<(f64, f64, f64), Refusal> {
    let reach = reach.ok_or_else(|| Refusal::wrong("there is no body to drill yet"))?;
    let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
    for corner in 0..8 {
        let p: [f64; 3] = std::array::from_fn(|a| if corner >> a & 1 == 0 { reach.min[a] } else { reach.max[a] });
        let t = (Point3::from(p) - from).dot(&direction);
        lo = lo.min(t);
        hi = hi.max(t);
    }
    Ok((lo, hi, OVERSHOOT * reach.diagonal()))
}

/// A full turn of one loop about a frame's `z`.
fn turn(
    kernel: &mut Model,
    feature: &str,
    part: &dyn Fn(String) -> String,
    frame: &Frame,
    outer: ProfileLoop,
) -> Result<Solid, Refusal> {
    let profile = Profile { plane: meridian(frame)?, outer, holes: Vec::new() };
    let axis = Axis { origin: frame.origin(), direction: frame.z() };
    finish(kernel, feature, part, |m| arris::ops::revolve(m, &profile, axis, TAU, &control()))
}

fn finish(
    kernel: &mut Model,
    feature: &str,
    part: &dyn Fn(String) -> String,
    make: impl FnOnce(&mut Model) -> Result<(Body, Provenance), OpError>,
) -> Result<Solid, Refusal> {
    let (body, record) = make(kernel).map_err(|e| Refusal::of(kernel, &[], e))?;
    Ok(Solid { body, names: Arc::new(name::fresh(feature, &record, part)) })
}

/// A copy of `solid` elsewhere; faces keep their names, with `suffix` appended.
///
/// # Errors
/// [`Refusal`] where the kernel cannot place it.
pub(in crate::geometry) fn place(
    kernel: &mut Model,
    solid: &Solid,
    placement: &Placement,
    suffix: &str,
) -> Result<Solid, Refusal> {
    let (body, record) = match placement {
        Placement::Motion { origin, axis, angle, shift } => {
            // Half-angle form with the kernel's own sine: the same bits on every platform.
            let (sin, cos) = real::sin_cos(angle / 2.0);
            let v = unit(*axis) * sin;
            let rotation = UnitQuaternion::new_normalize(Quaternion::new(cos, v.x, v.y, v.z));
            let origin = point(*origin);
            let shift = point(*shift).coords;
            let motion = Isometry::new(rotation, origin.coords - rotation * origin.coords + shift);
            arris::ops::transform(kernel, solid.body, &motion, &control())
        }
        Placement::Mirror { origin, axis } => {
            let plane = Reflection::new(point(*origin), unit(*axis)).map_err(|e| Refusal::wrong(e.to_string()))?;
            arris::ops::mirror(kernel, solid.body, &plane, &control())
        }
    }
    .map_err(|e| Refusal::of(kernel, &[solid], e))?;
    let mut names = name::carried(kernel, body, &record, &[solid])?;
    if !suffix.is_empty() {
        names.values_mut().for_each(|n| *n = FaceName(format!("{}{suffix}", n.0)));
    }
    Ok(Solid { body, names: Arc::new(names) })
}
