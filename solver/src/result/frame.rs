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
}

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
        }
    }

    /// Letters of the three axes.
    pub fn letters(&self) -> [&'static str; 3] {
        match self {
            Self::Model => ["x", "y", "z"],
            Self::Plane { .. } => ["u", "v", "n"],
            Self::Cylinder { .. } => ["r", "θ", "z"],
        }
    }

    /// What the three directions are called.
    pub fn words(&self) -> [&'static str; 3] {
        match self {
            Self::Model => ["x", "y", "z"],
            Self::Plane { .. } => ["tangent u", "tangent v", "normal n"],
            Self::Cylinder { .. } => ["radial", "hoop", "axial"],
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
}
