//! Where a sketch stands: its plane, origin and axes.
//!
//! | plane | x | y | normal |
//! |---|---|---|---|
//! | XY | +x | +y | +z |
//! | XZ | +x | +z | −y |
//! | YZ | +y | +z | +x |
//! | a face | horizontal | upwards | out of the body |
//!
//! On a face the origin is the foot of the world's origin on the face's plane, so that it stays where it is when the
//! face grows, shrinks or is cut. Its x axis is horizontal (`z × normal`) and its y axis points up as far as the face
//! allows; on a level face x is the world's x. So a face of a box carries the same axes as the world plane parallel to it.

use super::exact::{MM, Refusal};
use super::plan::{Plane, Sketch};
use super::state::State;
use crate::design::{Design, Id, describe_face};
use crate::surface::FaceName;
use arris::math::{Frame, Isometry, Point3, Vec3};

/// Below this sine of the angle to the vertical, a face is level.
const LEVEL: f64 = 1e-9;

/// The sketch's frame with its offset applied, mm.
///
/// # Errors
/// [`Refusal`] when the face is lost or not plane.
pub(super) fn of(state: &State, design: &Design, sketch: &Sketch) -> Result<Frame, Refusal> {
    let (z, x) = match &sketch.plane {
        Plane::Xy => (Vec3::z(), Vec3::x()),
        Plane::Xz => (-Vec3::y(), Vec3::x()),
        Plane::Yz => (Vec3::x(), Vec3::y()),
        Plane::Face(name) => return on_face(state, design, name, sketch.offset),
    };
    let frame = Frame::new(Point3::origin(), z, x).map_err(|e| Refusal::wrong(e.to_string()))?;
    Ok(shifted(&frame, sketch.offset))
}

fn shifted(frame: &Frame, offset: f64) -> Frame {
    frame.transformed(&Isometry::from_translation(frame.z().into_inner() * (offset * MM)))
}

fn on_face(state: &State, design: &Design, name: &FaceName, offset: f64) -> Result<Frame, Refusal> {
    let lost = || {
        let why = match design.get(&Id(name.feature().into())) {
            None => "its feature was removed",
            Some(f) if f.suppressed => "its feature is suppressed",
            Some(_) => "no body has it at this place in the tree",
        };
        Refusal::wrong(format!("the face {} is lost: {why}. Pick another", describe_face(design, name)))
    };
    for part in &state.parts {
        let Some((point, normal)) = part.solid.plane(&state.kernel, name).map_err(|_| {
            let label = describe_face(design, name);
            Refusal::wrong(format!("the face {label} is not plane; pick a plane one"))
        })?
        else {
            continue;
        };
        let foot = Point3::from(normal * point.dot(&normal));
        let level = Vec3::z().cross(&normal);
        let x = if level.norm() > LEVEL { level } else { Vec3::x() };
        let frame = Frame::new(foot, normal, x).map_err(|e| Refusal::wrong(e.to_string()))?;
        return Ok(shifted(&frame, offset));
    }
    Err(lost())
}
