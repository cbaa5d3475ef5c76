//! The axes that components are read along.

use crate::surface::Shape;
use glam::DVec3;
use serde::{Deserialize, Serialize};

/// Right-handed axes, the same everywhere or turning about an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Frame {
    /// x, y, z of the model.
    #[default]
    Model,
    /// Of a plane: two tangents, then its normal, a unit vector.
    Plane { normal: [f64; 3] },
    /// About an axis through `point`, `axis` a unit vector: radial, hoop, axial.
    Cylinder { point: [f64; 3], axis: [f64; 3] },
    /// The same everywhere: unit vectors at right angles, y is z × x.
    Axes { x: [f64; 3], z: [f64; 3] },
}

/// Why directions give no axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("z points nowhere; give it a direction, such as 0, 0, 1")]
    NoZ,
    #[error("x points nowhere; give it a direction, such as 1, 0, 0")]
    NoX,
    #[error("x runs along z; give x a direction across it")]
    Along,
}

/// Sine of the angle between x and z from which on x says where it points across z.
const ACROSS_MIN: f64 = 1e-6;

impl Frame {
    /// The frame that a face's shape gives; `None` where it gives none (spheres, free forms).
    pub fn of(shape: &Shape) -> Option<Self> {
        let unit = |v: [f64; 3]| DVec3::from(v).try_normalize().map(|v| v.to_array());
        match *shape {
            Shape::Plane { normal, .. } => Some(Self::Plane { normal: unit(normal)? }),
            Shape::Cylinder { point, axis, .. } => Some(Self::Cylinder { point, axis: unit(axis)? }),
            Shape::Cone { apex, axis, .. } => Some(Self::Cylinder { point: apex, axis: unit(axis)? }),
            Shape::Torus { centre, axis, .. } => Some(Self::Cylinder { point: centre, axis: unit(axis)? }),
            Shape::Sphere { .. } | Shape::Freeform => None,
        }
    }

    /// Straight axes along `z` and as near to `x` as is at right angles to it; neither need be of unit length.
    ///
    /// # Errors
    /// [`FrameError`].
    pub fn cartesian(z: [f64; 3], x: [f64; 3]) -> Result<Self, FrameError> {
        let z = DVec3::from(z).try_normalize().ok_or(FrameError::NoZ)?;
        let x = DVec3::from(x).try_normalize().ok_or(FrameError::NoX)?;
        let across = x - z * x.dot(z);
        if across.length() < ACROSS_MIN {
            return Err(FrameError::Along);
        }
        Ok(Self::Axes { x: across.normalize().to_array(), z: z.to_array() })
    }

    /// About the axis through `origin`, m, along `z`.
    ///
    /// # Errors
    /// [`FrameError::NoZ`].
    pub fn cylindrical(origin: [f64; 3], z: [f64; 3]) -> Result<Self, FrameError> {
        let axis = DVec3::from(z).try_normalize().ok_or(FrameError::NoZ)?;
        Ok(Self::Cylinder { point: origin, axis: axis.to_array() })
    }

    /// Unit vectors at a place, world, m.
    pub fn axes(&self, at: [f64; 3]) -> [DVec3; 3] {
        match *self {
            Self::Model => DVec3::AXES,
            Self::Plane { normal } => {
                let n = DVec3::from(normal);
                let u = tangent(n);
                [u, n.cross(u), n]
            }
            Self::Cylinder { point, axis } => {
                let axis = DVec3::from(axis);
                let off = DVec3::from(at) - DVec3::from(point);
                let out = off - axis * off.dot(axis);
                // On the axis itself no direction is radial: any one serves.
                let radial = out.try_normalize().unwrap_or_else(|| tangent(axis));
                [radial, axis.cross(radial), axis]
            }
            Self::Axes { x, z } => {
                let (x, z) = (DVec3::from(x), DVec3::from(z));
                [x, z.cross(x), z]
            }
        }
    }

    /// Letters of the three axes.
    pub fn letters(&self) -> [&'static str; 3] {
        match self {
            Self::Model => ["x", "y", "z"],
            Self::Plane { .. } => ["u", "v", "n"],
            Self::Cylinder { .. } => ["r", "θ", "z"],
            Self::Axes { .. } => ["x′", "y′", "z′"],
        }
    }

    /// What the three directions are called.
    pub fn words(&self) -> [&'static str; 3] {
        match self {
            Self::Model => ["x", "y", "z"],
            Self::Plane { .. } => ["tangent u", "tangent v", "normal n"],
            Self::Cylinder { .. } => ["radial", "hoop", "axial"],
            Self::Axes { .. } => ["x′", "y′", "z′"],
        }
    }
}

/// The tangent of a plane that lies along the first of the model's axes that is not nearly normal to it.
fn tangent(normal: DVec3) -> DVec3 {
    let along = if normal.x.abs() < 0.9 { DVec3::X } else { DVec3::Y };
    (along - normal * along.dot(normal)).normalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_at_right_angles_and_right_handed() {
        let tilted = DVec3::new(1.0, 2.0, -0.5).normalize().to_array();
        for frame in [
            Frame::Model,
            Frame::Plane { normal: tilted },
            Frame::Plane { normal: [1.0, 0.0, 0.0] },
            Frame::Cylinder { point: [0.1, 0.2, 0.0], axis: tilted },
            Frame::cartesian([1.0, 2.0, -0.5], [0.0, 3.0, 0.1]).unwrap(),
        ] {
            for at in [[0.3, -0.4, 1.0], [0.1, 0.2, 0.0]] {
                let [a, b, c] = frame.axes(at);
                assert!((a.cross(b) - c).length() < 1e-12, "{frame:?}");
                assert!(a.dot(b).abs() < 1e-12 && (a.length() - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn about_an_axis_hoop_goes_round() {
        let frame = Frame::of(&Shape::Cylinder { point: [0.0; 3], axis: [0.0, 0.0, 2.0], radius: 0.1 }).unwrap();
        let [radial, hoop, axial] = frame.axes([0.0, 3.0, 7.0]);
        assert_eq!((radial, hoop, axial), (DVec3::Y, -DVec3::X, DVec3::Z));
        assert!(Frame::of(&Shape::Freeform).is_none());
    }

    #[test]
    fn typed_axes_are_as_typed_where_that_can_be() {
        // A quarter turn about z, given by lengths that are none of unit vectors.
        let turned = Frame::cartesian([0.0, 0.0, 5.0], [0.0, 2.0, 1.0]).unwrap();
        assert_eq!(turned.axes([1.0, 2.0, 3.0]), [DVec3::Y, -DVec3::X, DVec3::Z], "x is brought across z");
        // A stress along y is one along x′; shear changes its sign.
        let stress = crate::result::Measure::Component(0);
        assert_eq!(stress.of([0.0, 7.0, 0.0, 3.0, 0.0, 0.0], &turned, [0.0; 3]), 7.0);
        let shear = crate::result::Measure::Component(3);
        assert_eq!(shear.of([0.0, 7.0, 0.0, 3.0, 0.0, 0.0], &turned, [0.0; 3]), -3.0);
        let round = Frame::cylindrical([1.0, 0.0, 0.0], [0.0, 0.0, 2.0]).unwrap();
        assert_eq!(round.axes([1.0, 4.0, -1.0]), [DVec3::Y, -DVec3::X, DVec3::Z], "about the origin that was typed");
        for (z, x, error) in [
            ([0.0; 3], [1.0, 0.0, 0.0], FrameError::NoZ),
            ([0.0, 0.0, 1.0], [0.0; 3], FrameError::NoX),
            ([0.0, 0.0, 1.0], [0.0, 0.0, -3.0], FrameError::Along),
            ([f64::NAN, 0.0, 1.0], [1.0, 0.0, 0.0], FrameError::NoZ),
        ] {
            assert_eq!(Frame::cartesian(z, x), Err(error));
        }
        assert_eq!(Frame::cylindrical([0.0; 3], [0.0; 3]), Err(FrameError::NoZ));
    }
}
