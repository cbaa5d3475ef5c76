//! Orthotropic materials, read off a design.

use super::Case;
use super::isotropic::{Known, curve};
use super::part::own_materials;
use crate::design::{Issue, Object, Resolved};
use crate::element::tet::Orthotropic;
use crate::quantity::Curve;
use glam::{DMat3, DVec3};

/// Sine of the angle between two directions below which they are one.
const PARALLEL: f64 = 1e-6;

/// An orthotropic material as typed, and what it says of heat; that may depend on temperature, K.
#[derive(Clone, Debug, PartialEq)]
pub struct Ply {
    pub elastic: Orthotropic,
    /// Along its directions, W/(m K); none where heat takes that of the body's other material.
    pub conductivity: Option<[Curve; 3]>,
    /// J/(kg K); none as above.
    pub specific_heat: Option<Curve>,
    /// Values of heat that end somewhere.
    pub known: Vec<Known>,
}

/// The material objects of the bodies that a study is about.
///
/// One with an issue is left out.
pub fn read(case: &Case, resolved: &Resolved, issues: &mut Vec<Issue>) -> Vec<(Object, Ply)> {
    own_materials(case, "orthotropic", issues, |o| one(o, resolved))
}

fn one(object: &Object, resolved: &Resolved) -> Result<Ply, Issue> {
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
    let elastic = Orthotropic {
        name: object.name.clone(),
        source: object.text("source"),
        young: three(["e1", "e2", "e3"])?,
        poisson: three(["nu12", "nu13", "nu23"])?,
        shear: three(["g12", "g13", "g23"])?,
        density: resolved.number(object, "density")?,
        expansion: three(["a1", "a2", "a3"])?,
        frame: DMat3::from_cols(first, second, first.cross(second)),
    };
    if let Some((key, message)) = elastic.fault() {
        return Err(Issue::error(object, key, message));
    }
    let mut known = Vec::new();
    let conductivity = conductivity(object, resolved, &mut known)?;
    let specific_heat = curve(object, resolved, "specific_heat", &mut known)?;
    let specific_heat = (specific_heat.range()[1] > 0.0).then_some(specific_heat);
    Ok(Ply { elastic, conductivity, specific_heat, known })
}

/// All three or none: a body that conducts along one direction only is a slip of the pen, and no temperature follows from it.
fn conductivity(object: &Object, resolved: &Resolved, known: &mut Vec<Known>) -> Result<Option<[Curve; 3]>, Issue> {
    const KEYS: [&str; 3] = ["k1", "k2", "k3"];
    let mut of = |key: &str| curve(object, resolved, key, known);
    let three = [of(KEYS[0])?, of(KEYS[1])?, of(KEYS[2])?];
    if three.iter().all(|k| k.range()[1] == 0.0) {
        return Ok(None);
    }
    match three.iter().position(|k| k.range()[0] <= 0.0) {
        None => Ok(Some(three)),
        Some(i) => Err(Issue::error(
            object,
            KEYS[i],
            format!(
                "Conductivity along {} is zero and another is not: type all three, above zero at every temperature, or \
                 leave all at zero to take that of the body's other material",
                i + 1
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::{Design, resolve};

    fn read_one(o: Object) -> Result<Ply, Issue> {
        one(&o, &resolve(&Design::new()).0)
    }

    fn ply() -> Object {
        Object::new("m", "orthotropic", "Ply")
    }

    #[test]
    fn conductivity_is_given_along_all_directions_or_none() {
        assert_eq!(read_one(ply()).unwrap().conductivity, None);
        let full = ply()
            .expr("k1", "table(temperature, 20 °C, 6 W/(m*K), 120 °C, 4 W/(m*K))")
            .expr("k2", "0.6 W/(m*K)")
            .expr("k3", "0.5 W/(m*K)");
        let read = read_one(full.clone()).unwrap();
        let [k1, k2, k3] = read.conductivity.unwrap();
        assert!((k1.at(343.15) - 5.0).abs() < 1e-12 && k2.at(0.0) == 0.6 && k3.at(900.0) == 0.5);
        assert_eq!(read.known, [Known { key: "k1", label: "Conductivity along 1", range: [293.15, 393.15] }]);
        for (key, text) in [
            ("k2", "0 W/(m*K)"),
            ("k3", "table(temperature, 20 °C, 0 W/(m*K), 80 °C, 1 W/(m*K))"),
            ("k1", "-1 W/(m*K)"),
            ("k2", "3 W"),
            ("k2", "1 W/(m*K) / 0"),
        ] {
            let issue = read_one(full.clone().expr(key, text)).unwrap_err();
            assert_eq!(issue.key.as_deref(), Some(key), "{text}: {issue:?}");
            assert!(issue.message.contains(&format!("Conductivity along {}", &key[1..])), "{issue:?}");
        }
        assert_eq!(
            read_one(ply().expr("specific_heat", "-1 J/(kg*K)")).unwrap_err().key.as_deref(),
            Some("specific_heat")
        );
    }
}
