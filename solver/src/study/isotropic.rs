//! Materials alike in all directions, of the library or typed in a design: their values may depend on temperature.
//!
//! Expansion is a secant coefficient α, the strain since the reference temperature Tᵣ over the rise since then. From free
//! of stress at T₀ to T a body grows by `α(T) (T − Tᵣ) − α(T₀) (T₀ − Tᵣ)`: the convention of Abaqus, CalculiX and most
//! tables.

use super::Case;
use super::part::own_materials;
use crate::design::schema;
use crate::design::{Issue, Material, Object, ROOM, Resolved, TEMPERATURE};
use crate::element::tet::Elasticity;
use crate::quantity::{self, Curve, Dimension, Quantity, UnitSystem};

/// A formula is read at steps so long, K, and between so low and so high temperatures, K.
const STEP: f64 = 10.0;
const LOW: f64 = 10.0;
const HIGH: f64 = 3000.0;

/// Where a value is known: its property and label, and between which temperatures, K.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub key: &'static str,
    pub label: &'static str,
    pub range: [f64; 2],
}

/// A material, SI; curves over the absolute temperature, K.
#[derive(Clone, Debug, PartialEq)]
pub struct Isotropic {
    pub name: String,
    /// Where the values come from, and the thermal ones.
    pub source: String,
    pub thermal_source: String,
    pub young: Curve,
    pub poisson: Curve,
    /// kg/m³
    pub density: f64,
    pub yield_strength: Option<Curve>,
    /// Secant, 1/K, from a reference temperature, K.
    pub expansion: Curve,
    pub reference: f64,
    pub conductivity: Curve,
    pub specific_heat: Curve,
    /// Values that end somewhere: of mechanics, and of heat.
    pub mechanical: Vec<Known>,
    pub thermal: Vec<Known>,
}

impl From<&Material> for Isotropic {
    fn from(m: &Material) -> Self {
        Self {
            name: m.name.into(),
            source: m.source.into(),
            thermal_source: m.thermal_source.into(),
            young: m.youngs_modulus.into(),
            poisson: m.poisson_ratio.into(),
            density: m.density,
            yield_strength: m.yield_strength.map(Curve::from),
            expansion: m.expansion.into(),
            reference: ROOM,
            conductivity: m.conductivity.into(),
            specific_heat: m.specific_heat.into(),
            mechanical: Vec::new(),
            thermal: Vec::new(),
        }
    }
}

impl Isotropic {
    /// Stress from strain at a temperature, K.
    pub fn elasticity(&self, temperature: f64) -> Elasticity {
        Elasticity::isotropic(self.young.at(temperature), self.poisson.at(temperature))
    }

    /// Whether its stiffness is the same at all temperatures.
    pub fn is_steady(&self) -> bool {
        self.young.is_constant() && self.poisson.is_constant()
    }

    /// Strain of free expansion from `rest` to `temperature`, K.
    pub fn growth(&self, rest: f64, temperature: f64) -> f64 {
        let since = |t: f64| self.expansion.at(t) * (t - self.reference);
        if self.expansion.is_constant() {
            return self.expansion.at(temperature) * (temperature - rest);
        }
        since(temperature) - since(rest)
    }

    fn read(object: &Object, resolved: &Resolved) -> Result<Self, Issue> {
        let (mut mechanical, mut thermal) = (Vec::new(), Vec::new());
        let source = object.text("source");
        let source = if source.is_empty() { "as typed in the design".to_string() } else { source };
        let mut of = |key: &str| curve(object, resolved, key, &mut mechanical);
        let (young, poisson, strength, expansion) =
            (of("youngs_modulus")?, of("poisson_ratio")?, of("yield_strength")?, of("expansion")?);
        let mut of = |key: &str| curve(object, resolved, key, &mut thermal);
        let (conductivity, specific_heat) = (of("conductivity")?, of("specific_heat")?);
        Ok(Self {
            name: object.name.clone(),
            thermal_source: source.clone(),
            source,
            young,
            poisson,
            density: resolved.number(object, "density")?,
            yield_strength: (strength.range()[1] > 0.0).then_some(strength),
            expansion,
            reference: resolved.number(object, "reference")?,
            conductivity,
            specific_heat,
            mechanical,
            thermal,
        })
    }
}

/// The material objects of the bodies that a study is about. One with an issue is left out.
pub fn read(case: &Case, resolved: &Resolved, issues: &mut Vec<Issue>) -> Vec<(Object, Isotropic)> {
    own_materials(case, "isotropic", issues, |o| Isotropic::read(o, resolved))
}

/// The values of a property over temperature. Tables are taken point by point, formulas in steps as far as they give sound
/// values.
///
/// # Errors
/// An [`Issue`] at the property.
pub fn curve(object: &Object, resolved: &Resolved, key: &str, known: &mut Vec<Known>) -> Result<Curve, Issue> {
    let text = object.text(key);
    let at_room = resolved.number(object, key)?;
    if !quantity::names(&text).iter().any(|n| n == TEMPERATURE) {
        return Ok(at_room.into());
    }
    let at = |t: f64| resolved.at_temperature(t).number(object, key);
    let (tables, alone) = resolved.tables(&text, TEMPERATURE);
    let ends = tables.iter().fold([LOW, HIGH], |[l, h], t| [l.max(t[0]), h.min(t[t.len() - 1])]);
    let mut points: Vec<[f64; 2]> = Vec::new();
    if alone {
        for t in tables.iter().flatten() {
            points.push([*t, at(*t)?]);
        }
    } else {
        let n = ((HIGH - LOW) / STEP) as usize;
        let mut places: Vec<f64> = (0..=n).map(|k| LOW + STEP * k as f64).chain([ROOM]).collect();
        places.extend(tables.iter().flatten());
        places.sort_by(f64::total_cmp);
        places.dedup();
        places.retain(|t| (ends[0]..=ends[1]).contains(t));
        let middle = places.partition_point(|t| *t < ROOM);
        let sound = |t: &f64| at(*t).ok().map(|v| [*t, v]);
        points = places[..middle].iter().rev().map_while(sound).collect();
        points.reverse();
        points.extend(places[middle..].iter().map_while(sound));
    }
    let (key, label) = schema::field(&object.kind, key).map_or(("", ""), |f| (f.key, f.label));
    let (Some(first), Some(last)) = (points.first().copied(), points.last().copied()) else {
        return Ok(at_room.into());
    };
    known.push(Known { key, label, range: [first[0], last[0]] });
    Curve::through(points)
        .ok_or_else(|| Issue::error(object, key, format!("{label}: the temperatures of its table must rise")))
}

/// What a person reads where temperatures leave what is known of a material.
pub fn beyond(who: &str, known: &[Known], low: f64, high: f64) -> Option<String> {
    let show = |t: f64| quantity::format(Quantity::new(t, Dimension::TEMPERATURE), UnitSystem::Millimetre, 5);
    let of = |k: &Known| -> Option<String> {
        let [from, to] = k.range;
        let label = k.label;
        if high > to {
            return Some(format!("{label} is known up to {}, and it gets {} hot", show(to), show(high)));
        }
        (low < from).then(|| format!("{label} is known from {}, and it gets {} cold", show(from), show(low)))
    };
    let found: Vec<String> = known.iter().filter_map(of).collect();
    (!found.is_empty()).then(|| format!("{who}: {}; the last value known is kept", found.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::{Design, resolve};

    fn read_one(o: Object) -> Result<Isotropic, Issue> {
        Isotropic::read(&o, &resolve(&Design::new()).0)
    }

    fn steel() -> Object {
        Object::new("m", "isotropic", "Hot steel")
    }

    #[test]
    fn tables_are_taken_point_by_point_and_formulas_in_steps() {
        let m =
            read_one(steel().expr("youngs_modulus", "table(temperature, 20 °C, 210 GPa, 420 °C, 170 GPa)")).unwrap();
        assert_eq!(m.young.points().len(), 2);
        assert!((m.young.at(493.15) - 190e9).abs() < 1.0 && m.young.at(900.0) == 170e9);
        assert_eq!(m.mechanical, [Known { key: "youngs_modulus", label: "Young's modulus", range: [293.15, 693.15] }]);
        assert!(m.poisson.is_constant() && !m.is_steady());
        let said = beyond("Bar", &m.mechanical, 280.0, 800.0).unwrap();
        assert!(said.contains("Young's modulus is known up to 420 °C") && said.contains("526.85 °C"), "{said}");
        // Sound until it would be negative.
        let line = "210 GPa * (1 - (temperature - 20 °C) / (1000 K))";
        let m = read_one(steel().expr("youngs_modulus", line)).unwrap();
        assert!((m.young.at(793.15) / 105e9 - 1.0).abs() < 1e-9);
        let [_, end] = m.mechanical[0].range;
        assert!((1270.0..1294.0).contains(&end), "{end}");
    }

    #[test]
    fn expansion_counts_from_its_reference() {
        let m = read_one(steel().expr("expansion", "table(temperature, 20 °C, 12e-6 1/K, 220 °C, 14e-6 1/K)")).unwrap();
        let (a, b) = (293.15, 493.15);
        assert!((m.growth(a, b) - 14e-6 * 200.0).abs() < 1e-15);
        // From 120 °C on: what was grown until then is taken off.
        assert!((m.growth(393.15, b) - (14e-6 * 200.0 - 13e-6 * 100.0)).abs() < 1e-15);
        let even = read_one(steel().expr("expansion", "12e-6 1/K")).unwrap();
        assert_eq!(even.growth(300.0, 310.0), 12e-6 * 10.0);
    }

    #[test]
    fn what_is_not_sound_is_named() {
        let issue =
            read_one(steel().expr("youngs_modulus", "table(temperature, 20 °C, 210 GPa, 10 °C, 170 GPa)")).unwrap_err();
        assert_eq!(issue.key.as_deref(), Some("youngs_modulus"));
        let issue =
            read_one(steel().expr("conductivity", "table(temperature, 20 °C, 50 GPa, 90 °C, 40 GPa)")).unwrap_err();
        assert!(issue.message.contains("Conductivity"), "{issue:?}");
        let issue =
            read_one(steel().expr("youngs_modulus", "table(temperature, 20 °C, 210 GPa, 400 °C, 0 GPa)")).unwrap_err();
        assert!(issue.message.contains("Young's modulus"), "{issue:?}");
        assert!(read_one(steel().expr("yield_strength", "0 MPa")).unwrap().yield_strength.is_none());
    }
}
