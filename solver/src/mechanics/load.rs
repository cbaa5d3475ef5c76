//! Loads as forces at points of the true surface.

use super::patch::Patch;
use glam::{DMat3, DVec3};

/// A load on faces, SI, world axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Traction {
    /// Total force, spread evenly.
    Force(DVec3),
    /// Pa, positive presses inward.
    Pressure(f64),
    /// Total moment about the area centroid.
    Moment(DVec3),
    /// Total force of a pin, spread as a cosine over the pressed half.
    Bearing(DVec3),
    /// Force at a point, carried with its moment; `None`: at the centroid.
    Remote(DVec3, Option<DVec3>),
}

/// Steady turning about an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spin {
    /// A point of the axis, m, and its unit direction.
    pub point: DVec3,
    pub axis: DVec3,
    /// Angular speed squared, times the load case's factor, 1/s².
    pub square: f64,
}

impl Spin {
    /// From the axis to `at`, square to it, m.
    fn arm(&self, at: DVec3) -> DVec3 {
        let r = at - self.point;
        r - self.axis * self.axis.dot(r)
    }

    /// Distance from the axis, m.
    pub fn distance(&self, at: DVec3) -> f64 {
        self.arm(at).length()
    }

    /// Force per mass away from the axis, m/s².
    pub fn acceleration(&self, at: DVec3) -> DVec3 {
        self.arm(at) * self.square
    }
}

impl std::ops::Mul<f64> for Spin {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self { square: self.square * factor, ..self }
    }
}

/// Applied loads of one case, N and N·m about the origin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Applied {
    /// Size of forces that balance among themselves, such as those of expansion: what rounding is measured by, N.
    pub inner: f64,
    pub force: DVec3,
    pub moment: DVec3,
}

/// What a support exerts on the bodies, N and N·m about the origin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reaction {
    pub force: DVec3,
    pub moment: DVec3,
}

impl Reaction {
    /// Adds a force at a place.
    pub fn add(&mut self, at: DVec3, force: DVec3) {
        self.force += force;
        self.moment += at.cross(force);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    #[error("its faces have no area")]
    Area,
    #[error("a moment needs faces of some extent: all chosen points lie on one line")]
    Arm,
    #[error(
        "a bearing load acts across a cylinder's wall: the force has a part that no wall faces, such as along the axis"
    )]
    Wall,
}

/// Forces `[point]`, N, of `traction` on `patch`; their sum and moment are those asked for.
///
/// # Errors
/// [`LoadError`] where the faces cannot carry it.
pub fn forces(patch: &Patch, traction: Traction) -> Result<Vec<DVec3>, LoadError> {
    if !(patch.area > 0.0) {
        return Err(LoadError::Area);
    }
    let even = |f: DVec3| patch.points.iter().map(|p| f * (p.area / patch.area)).collect::<Vec<_>>();
    match traction {
        Traction::Force(f) => Ok(even(f)),
        Traction::Pressure(p) => Ok(patch.points.iter().map(|q| q.normal * (-p * q.area)).collect()),
        Traction::Moment(m) => turning(patch, m),
        Traction::Remote(f, at) => {
            let arm = at.map_or(DVec3::ZERO, |p| p - patch.centroid);
            let moment = arm.cross(f);
            if moment.length() <= 1e-12 * f.length() * patch.area.sqrt() {
                return Ok(even(f));
            }
            let turn = turning(patch, moment)?;
            Ok(even(f).into_iter().zip(turn).map(|(a, b)| a + b).collect())
        }
        Traction::Bearing(f) => bearing(patch, f),
    }
}

/// Distributing coupling of a moment: `(J⁻¹ M) × r` per area.
fn turning(patch: &Patch, moment: DVec3) -> Result<Vec<DVec3>, LoadError> {
    let j = patch.inertia(patch.centroid);
    let size = (j.x_axis.x + j.y_axis.y + j.z_axis.z) / 3.0;
    if !(size > 0.0) || (j * (1.0 / size)).determinant() < 1e-12 {
        return Err(LoadError::Arm);
    }
    let turn = j.inverse() * moment;
    Ok(patch.points.iter().map(|p| turn.cross(p.at - patch.centroid) * p.area).collect())
}

/// Pressure `a · n` on the walls that `f` presses, with `a` chosen so that the resultant is `f`.
fn bearing(patch: &Patch, f: DVec3) -> Result<Vec<DVec3>, LoadError> {
    let size = f.length();
    if size == 0.0 {
        return Ok(vec![DVec3::ZERO; patch.points.len()]);
    }
    let pressed = |n: DVec3| n.dot(f) < 0.0;
    let mut m = DMat3::ZERO;
    for p in patch.points.iter().filter(|p| pressed(p.normal)) {
        let n = p.normal;
        m += DMat3::from_cols(n * n.x, n * n.y, n * n.z) * p.area;
    }
    // The axis carries nothing: hold it in the solve, then see whether the rest does the job.
    let trace = m.x_axis.x + m.y_axis.y + m.z_axis.z;
    if !(trace > 0.0) {
        return Err(LoadError::Wall);
    }
    let held = m + DMat3::IDENTITY * (1e-10 * trace);
    let a = held.inverse() * f;
    if (m * a - f).length() > 1e-3 * size {
        return Err(LoadError::Wall);
    }
    let mut out: Vec<DVec3> = patch
        .points
        .iter()
        .map(|p| if pressed(p.normal) { p.normal * (p.normal.dot(a) * p.area) } else { DVec3::ZERO })
        .collect();
    // What the regularisation left over, spread evenly: parts in 1e10.
    let rest = f - out.iter().copied().sum::<DVec3>();
    for (o, p) in out.iter_mut().zip(&patch.points) {
        *o += rest * (p.area / patch.area);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::patch::{Patch, Point};
    use super::*;

    /// A half-open set of points on a cylinder wall seen from inside, axis z.
    fn bore() -> Patch {
        let n = 400;
        let points: Vec<Point> = (0..n)
            .flat_map(|i| {
                let t = 2.0 * std::f64::consts::PI * (i as f64 + 0.5) / n as f64;
                let out = DVec3::new(t.cos(), t.sin(), 0.0);
                (0..3).map(move |z| Point {
                    at: out * 0.01 + DVec3::Z * 0.002 * f64::from(z),
                    area: 1e-6,
                    normal: -out,
                })
            })
            .collect();
        let area = points.iter().map(|p| p.area).sum();
        let centroid = points.iter().map(|p| p.at).sum::<DVec3>() / points.len() as f64;
        Patch { points, area, centroid }
    }

    #[test]
    fn every_traction_has_the_resultant_asked_for() {
        let patch = bore();
        let (f, m) = (DVec3::new(100.0, -40.0, 7.0), DVec3::new(1.0, 2.0, -3.0));
        let sum = |f: &[DVec3]| f.iter().copied().sum::<DVec3>();
        let turn = |f: &[DVec3], about: DVec3| {
            patch.points.iter().zip(f).map(|(p, f)| (p.at - about).cross(*f)).sum::<DVec3>()
        };
        let force = forces(&patch, Traction::Force(f)).unwrap();
        assert!((sum(&force) - f).length() < 1e-10);
        assert!(turn(&force, patch.centroid).length() < 1e-10);
        let moment = forces(&patch, Traction::Moment(m)).unwrap();
        assert!(sum(&moment).length() < 1e-10 && (turn(&moment, DVec3::ZERO) - m).length() < 1e-10);
        let at = DVec3::new(0.1, 0.2, 0.3);
        let remote = forces(&patch, Traction::Remote(f, Some(at))).unwrap();
        assert!((sum(&remote) - f).length() < 1e-10 && turn(&remote, at).length() < 1e-9);
        let across = DVec3::new(30.0, 40.0, 0.0);
        let bearing = forces(&patch, Traction::Bearing(across)).unwrap();
        assert!((sum(&bearing) - across).length() < 1e-9);
        assert!(bearing.iter().zip(&patch.points).all(|(f, p)| f.dot(p.normal) < 1e-9));
        assert_eq!(forces(&patch, Traction::Bearing(DVec3::Z)), Err(LoadError::Wall));
    }
}
