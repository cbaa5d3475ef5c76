//! Orthotropic materials, read off a design.

use super::Case;
use super::part::own_materials;
use crate::design::{Issue, Object, Resolved};
use crate::element::tet::Orthotropic;
use glam::{DMat3, DVec3};

/// Sine of the angle between two directions below which they are one.
const PARALLEL: f64 = 1e-6;

/// The material objects of the bodies that a study is about.
///
/// One with an issue is left out.
pub fn read(case: &Case, resolved: &Resolved, issues: &mut Vec<Issue>) -> Vec<(Object, Orthotropic)> {
    own_materials(case, "orthotropic", issues, |o| one(o, resolved))
}

fn one(object: &Object, resolved: &Resolved) -> Result<Orthotropic, Issue> {
    let three = |keys: [&str; 3]| -> Result<[f64; 3], Issue> {
        let mut out = [0.0; 3];
        for (o, key) in out.iter_mut().zip(keys) {
            *o = resolved.number(object, key)?;
        }
        Ok(out)
    };
    let unit = |key: &str, label: &str| -> Result<DVec3, Issue> {
        let found = DVec3::from(resolved.vector(object, key)?);
        found.try_normalize().ok_or_else(|| Issue::error(object, key, format!("{label}: it has no length")))
    };
    let first = unit("direction_1", "Direction 1")?;
    let second = unit("direction_2", "Direction 2")?;
    let across = second - first * first.dot(second);
    if across.length() < PARALLEL {
        return Err(Issue::error(object, "direction_2", "Direction 2: it is parallel to direction 1; turn it"));
    }
    let second = across.normalize();
    let material = Orthotropic {
        name: object.name.clone(),
        source: object.text("source"),
        young: three(["e1", "e2", "e3"])?,
        poisson: three(["nu12", "nu13", "nu23"])?,
        shear: three(["g12", "g13", "g23"])?,
        density: resolved.number(object, "density")?,
        expansion: three(["a1", "a2", "a3"])?,
        frame: DMat3::from_cols(first, second, first.cross(second)),
    };
    match material.fault() {
        Some((key, message)) => Err(Issue::error(object, key, message)),
        None => Ok(material),
    }
}
