//! Materials alike in all directions: those of the library, and a design's own.

use super::Case;
use super::question::materials;
use crate::design::{Issue, Material, Object, Resolved};

/// A material of a part. SI.
#[derive(Clone, Debug, PartialEq)]
pub struct Isotropic {
    pub name: String,
    /// Pa
    pub youngs_modulus: f64,
    pub poisson_ratio: f64,
    /// kg/m³
    pub density: f64,
    /// Pa; `None` where there is none to judge by.
    pub yield_strength: Option<f64>,
    /// Where these values come from.
    pub source: String,
    /// W/(m K); 0 where it is not known.
    pub conductivity: f64,
    /// J/(kg K); 0 where it is not known.
    pub specific_heat: f64,
    /// 1/K
    pub expansion: f64,
    /// Where the values of heat come from.
    pub thermal_source: String,
}

impl From<&Material> for Isotropic {
    fn from(m: &Material) -> Self {
        Self {
            name: m.name.into(),
            youngs_modulus: m.youngs_modulus,
            poisson_ratio: m.poisson_ratio,
            density: m.density,
            yield_strength: m.yield_strength,
            source: m.source.into(),
            conductivity: m.conductivity,
            specific_heat: m.specific_heat,
            expansion: m.expansion,
            thermal_source: m.thermal_source.into(),
        }
    }
}

impl Isotropic {
    fn read(object: &Object, resolved: &Resolved) -> Result<Self, Issue> {
        let number = |key| resolved.number(object, key);
        let source = match object.text("source") {
            text if text.is_empty() => "as typed in the design".into(),
            text => text,
        };
        Ok(Self {
            name: object.name.clone(),
            youngs_modulus: number("youngs_modulus")?,
            poisson_ratio: number("poisson_ratio")?,
            density: number("density")?,
            yield_strength: Some(number("yield_strength")?).filter(|y| *y > 0.0),
            conductivity: number("conductivity")?,
            specific_heat: number("specific_heat")?,
            expansion: number("expansion")?,
            thermal_source: source.clone(),
            source,
        })
    }
}

/// The design's own materials of the bodies that a study is about, with the objects that say them. One with an issue is left
/// out; a body that two of them claim is an issue at the second.
pub fn read(case: &Case, resolved: &Resolved, issues: &mut Vec<Issue>) -> Vec<(Object, Isotropic)> {
    let design = case.design;
    let mut out: Vec<(Object, Isotropic)> = Vec::new();
    for object in materials(design, case.study).filter(|o| !o.suppressed && o.kind == "isotropic") {
        match Isotropic::read(object, resolved) {
            Ok(material) => {
                for id in object.refs("bodies") {
                    if let Some((other, _)) = out.iter().find(|(o, _)| o.refs("bodies").contains(&id)) {
                        let body = design.get(&id).map_or_else(|| id.to_string(), |o| o.name.clone());
                        let message = format!("{body} is of {} already: take it off one of the two", other.name);
                        issues.push(Issue::error(object, "bodies", message));
                    }
                }
                out.push((object.clone(), material));
            }
            Err(issue) => issues.push(issue),
        }
    }
    out
}
