//! The plane or cylinder that a region of triangles lies on, if it lies on one.

use crate::surface::{Shape, SurfaceMesh};
use glam::{DMat3, DVec3};

/// Largest distance from the fitted plane, as a fraction of the part.
const PLANE_TOLERANCE: f64 = 1e-4;
/// Largest distance from the fitted cylinder, as a fraction of its radius: the points of a tessellated cylinder lie on
/// it, so this is the error of a file written in single precision and of a slight taper.
const CYLINDER_TOLERANCE: f64 = 1e-2;
/// Root mean square of the sine between normals and the plane square to the axis. Facets of a coarse, irregular mesh
/// lean; whether the points lie on a cylinder is what decides.
const AXIS_TOLERANCE: f64 = 0.1;

/// Fits `members` (triangles) of `surface`. `crosses`: twice the area times the normal of every triangle; `size`: of the
/// part, m.
pub(super) fn fit(surface: &SurfaceMesh, members: &[u32], crosses: &[[f64; 3]], size: f64) -> Shape {
    let mut points: Vec<u32> = members.iter().flat_map(|t| surface.triangles[*t as usize]).collect();
    points.sort_unstable();
    points.dedup();
    let points: Vec<DVec3> = points.iter().map(|p| DVec3::from(surface.points[*p as usize])).collect();
    let cross = |t: &u32| DVec3::from(crosses[*t as usize]);
    let area: f64 = members.iter().map(|t| cross(t).length()).sum();
    if points.is_empty() || area <= 0.0 {
        return Shape::Freeform;
    }
    let centre = points.iter().sum::<DVec3>() / points.len() as f64;

    let sum: DVec3 = members.iter().map(cross).sum();
    if let Some(normal) = sum.try_normalize() {
        let off = points.iter().map(|p| (*p - centre).dot(normal).abs()).fold(0.0, f64::max);
        // Almost all area must face one way, too: a thin closed ring may lie near a plane without being one.
        if off <= PLANE_TOLERANCE * size && sum.length() >= 0.999 * area {
            return Shape::Plane { point: centre.to_array(), normal: normal.to_array() };
        }
    }
    cylinder(&points, members.iter().map(cross), area, centre, CYLINDER_TOLERANCE)
        .map_or(Shape::Freeform, |c| c.shape())
}

/// A cylinder without ends.
#[derive(Clone, Copy)]
pub(super) struct Cylinder {
    pub on_axis: DVec3,
    pub axis: DVec3,
    pub radius: f64,
}

impl Cylinder {
    pub fn shape(&self) -> Shape {
        Shape::Cylinder { point: self.on_axis.to_array(), axis: self.axis.to_array(), radius: self.radius }
    }

    /// Distance of `p` from the wall.
    pub fn off(&self, p: DVec3) -> f64 {
        let d = p - self.on_axis;
        ((d - self.axis * d.dot(self.axis)).length() - self.radius).abs()
    }
}

/// The axis is square to all normals: the least eigenvector of their covariance. Then a circle through the points seen
/// along it, by linear least squares (Kåsa, IEEE Trans. Instrum. Meas. 25, 1976), which is exact for exact points.
pub(super) fn cylinder(
    points: &[DVec3],
    crosses: impl Iterator<Item = DVec3>,
    area: f64,
    centre: DVec3,
    tolerance: f64,
) -> Option<Cylinder> {
    let mut covariance = DMat3::ZERO;
    for c in crosses {
        if let Some(n) = c.try_normalize() {
            let w = c.length() / area;
            covariance += DMat3::from_cols(n * n.x, n * n.y, n * n.z) * w;
        }
    }
    let (values, vectors) = eigen(covariance);
    let least = (0..3).min_by(|a, b| values[*a].total_cmp(&values[*b]))?;
    if values[least].max(0.0).sqrt() > AXIS_TOLERANCE {
        return None;
    }
    let mut axis = vectors[least];
    // One of the two directions, always the same: the first large component points up.
    let lead = axis.to_array().into_iter().find(|c| c.abs() > 0.5).unwrap_or(1.0);
    if lead < 0.0 {
        axis = -axis;
    }
    let u = axis.any_orthonormal_vector();
    let v = axis.cross(u);
    // Normal equations of x² + y² = 2ax + 2by + c.
    let (mut m, mut rhs) = (DMat3::ZERO, DVec3::ZERO);
    for p in points {
        let d = *p - centre;
        let row = DVec3::new(d.dot(u), d.dot(v), 1.0);
        m += DMat3::from_cols(row * row.x, row * row.y, row * row.z);
        rhs += row * (row.x * row.x + row.y * row.y);
    }
    if m.determinant().abs() <= f64::MIN_POSITIVE {
        return None;
    }
    let s = m.inverse() * rhs;
    let (a, b) = (s.x / 2.0, s.y / 2.0);
    let radius = (s.z + a * a + b * b).sqrt();
    if !radius.is_finite() || radius <= 0.0 {
        return None;
    }
    let cylinder = Cylinder { on_axis: centre + u * a + v * b, axis, radius };
    let off = points.iter().map(|p| cylinder.off(*p)).fold(0.0, f64::max);
    (off <= tolerance * radius).then_some(cylinder)
}

/// Eigenvalues and vectors of a symmetric matrix by cyclic Jacobi rotations. Source: Golub & Van Loan, §8.5.
pub(in crate::geometry) fn eigen(mut a: DMat3) -> ([f64; 3], [DVec3; 3]) {
    const SWEEPS: usize = 12;
    let mut v = DMat3::IDENTITY;
    for _ in 0..SWEEPS {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            let (app, aqq, apq) = (a.col(p)[p], a.col(q)[q], a.col(q)[p]);
            if apq.abs() <= f64::EPSILON * (app.abs() + aqq.abs()) {
                continue;
            }
            let theta = (aqq - app) / (2.0 * apq);
            let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
            let c = 1.0 / (t * t + 1.0).sqrt();
            let s = t * c;
            let mut r = DMat3::IDENTITY;
            r.col_mut(p)[p] = c;
            r.col_mut(q)[q] = c;
            r.col_mut(p)[q] = -s;
            r.col_mut(q)[p] = s;
            a = r.transpose() * a * r;
            v *= r;
        }
    }
    ([a.x_axis.x, a.y_axis.y, a.z_axis.z], [v.x_axis, v.y_axis, v.z_axis])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvectors_diagonalise() {
        let m = DMat3::from_cols(DVec3::new(4.0, 1.0, 0.5), DVec3::new(1.0, 3.0, -0.7), DVec3::new(0.5, -0.7, 1.0));
        let (values, vectors) = eigen(m);
        for (l, v) in values.iter().zip(vectors) {
            assert!((m * v - v * *l).length() < 1e-12);
        }
    }
}
