//! The materials of a deck as objects of a design.

use super::super::unit::typed;
use super::{PRESSURE, Writer, thinned};
use crate::design::{Id, Object, Value};
use crate::format::inp::{Elastic, Material, Property};

const DENSITY: [i32; 4] = [-3, 1, 0, 0];
const EXPANSION: [i32; 4] = [0, 0, 0, -1];
const CONDUCTIVITY: [i32; 4] = [1, 1, -3, -1];
const SPECIFIC_HEAT: [i32; 4] = [2, 0, -2, -1];

/// Directions 1 and 2 of a section, none for those of the model.
type Directions = Option<[[f64; 3]; 2]>;

impl Writer<'_> {
    pub(super) fn materials(&mut self) {
        let mut used: Vec<(String, usize, Directions, Vec<Id>)> = Vec::new();
        for (k, part) in self.opened.skin.parts.iter().enumerate() {
            let Some(section) = part.section.map(|s| &self.opened.deck.sections[s]) else { continue };
            let frame = section.orientation.as_ref().and_then(|o| self.opened.deck.orientations.get(o)).copied();
            if section.orientation.is_some() && frame.is_none() {
                self.note(section.line, "the orientation is not read; the axes of the model are taken");
            }
            let same = |u: &&mut (String, usize, Directions, Vec<Id>)| u.0 == section.material && u.2 == frame;
            let id = self.features[k].clone();
            match used.iter_mut().find(same) {
                Some(u) => u.3.push(id),
                None => used.push((section.material.clone(), section.line, frame, vec![id])),
            }
        }
        for (name, line, frame, bodies) in used {
            match self.opened.deck.materials.iter().rfind(|m| m.name == name) {
                Some(material) => self.material(material, frame, bodies),
                None => self.note(line, format!("*SOLID SECTION names the material {name}, which is not there")),
            }
        }
    }

    fn material(&mut self, m: &Material, frame: Directions, bodies: Vec<Id>) {
        let kind = if knows_directions(m) { "orthotropic" } else { "isotropic" };
        let id = self.id(kind);
        let source = format!("input deck {}, line {}", self.source.file, m.line);
        let mut object =
            Object::new(id, kind, &m.name).with("bodies", Value::Refs(bodies)).with("source", Value::Text(source));
        match m.density {
            Some(density) => object = object.expr("density", &self.typed(density, DENSITY, 1.0, "kg/m^3")),
            None => self.note(m.line, format!("{} has no *DENSITY; type one before gravity, turning or modes", m.name)),
        }
        if m.elastic.is_none() {
            self.note(m.line, format!("{} has no *ELASTIC that is read; in mechanics it is as stiff as steel", m.name));
        }
        if let Some(c) = m.specific_heat {
            let text = self.property(m, Property::SpecificHeat, c, SPECIFIC_HEAT, (1.0, "J/(kg*K)"));
            object = object.expr("specific_heat", &text);
        }
        object = if kind == "orthotropic" { self.along(m, frame, object) } else { self.even(m, object) };
        self.add(object);
    }

    /// Values along three directions.
    fn along(&mut self, m: &Material, frame: Directions, mut object: Object) -> Object {
        if let Some([x, y]) = frame {
            let plain = |v: [f64; 3]| Value::Vector(v.map(|c| typed(c, 1.0, "")));
            object = object.with("direction_1", plain(x)).with("direction_2", plain(y));
        }
        let pressure = |v: f64| self.typed(v, PRESSURE, 1e6, "MPa");
        let plain = |v: f64| typed(v, 1.0, "");
        let [young, poisson, shear] = match m.elastic {
            Some(Elastic::Engineering([e1, e2, e3, nu12, nu13, nu23, g12, g13, g23])) => {
                [[e1, e2, e3].map(pressure), [nu12, nu13, nu23].map(plain), [g12, g13, g23].map(pressure)]
            }
            // Alike in all directions is a case of it.
            Some(Elastic::Isotropic { young, poisson }) => {
                [[young; 3].map(pressure), [poisson; 3].map(plain), [0.5 * young / (1.0 + poisson); 3].map(pressure)]
            }
            None => ["210 GPa", "0.3", "210 GPa / 2.6"].map(|text| [(); 3].map(|()| text.to_string())),
        };
        for (keys, values) in [
            (["e1", "e2", "e3"], young),
            (["nu12", "nu13", "nu23"], poisson),
            (["g12", "g13", "g23"], shear),
            (["a1", "a2", "a3"], m.expansion.unwrap_or_default().map(|a| self.typed(a, EXPANSION, 1.0, "1/K"))),
        ] {
            for (key, value) in keys.into_iter().zip(values) {
                object = object.expr(key, &value);
            }
        }
        for (k, value) in m.conductivity.into_iter().flatten().enumerate() {
            let text = self.property(m, conductivity_of(m, k as u8), value, CONDUCTIVITY, (1.0, "W/(m*K)"));
            object = object.expr(["k1", "k2", "k3"][k], &text);
        }
        let left_out = |keyword: &str| format!("{}: {keyword} of an orthotropic material is left out", m.name);
        if m.yield_strength.is_some() {
            self.note(m.line, left_out("the yield strength"));
        }
        for (properties, keyword) in
            [(&[Property::Young, Property::Poisson][..], "*ELASTIC"), (&[Property::Expansion], "*EXPANSION")]
        {
            if properties.iter().any(|p| m.tables.contains_key(p)) {
                let text = format!(
                    "{}: {keyword} of an orthotropic material does not depend on temperature; its first values are taken",
                    m.name
                );
                self.note(m.line, text);
            }
        }
        object
    }

    /// Values alike in all directions.
    fn even(&mut self, m: &Material, mut object: Object) -> Object {
        if let Some(Elastic::Isotropic { young, poisson }) = m.elastic {
            let young = self.property(m, Property::Young, young, PRESSURE, (1e6, "MPa"));
            let poisson = self.property(m, Property::Poisson, poisson, [0; 4], (1.0, ""));
            object = object.expr("youngs_modulus", &young).expr("poisson_ratio", &poisson);
        }
        if m.tables.contains_key(&Property::Expansion) {
            object = object.expr("reference", &self.kelvin(m.zero));
        }
        let first = |three: Option<[f64; 3]>| three.map(|[v, ..]| v);
        for (key, property, value, powers, unit) in [
            ("yield_strength", Property::Yield, m.yield_strength, PRESSURE, (1e6, "MPa")),
            ("expansion", Property::Expansion, first(m.expansion), EXPANSION, (1.0, "1/K")),
            ("conductivity", conductivity_of(m, 0), first(m.conductivity), CONDUCTIVITY, (1.0, "W/(m*K)")),
        ] {
            if let Some(value) = value {
                let text = self.property(m, property, value, powers, unit);
                object = object.expr(key, &text);
            }
        }
        object
    }

    /// A value of a material, or its table over temperature, in a unit of a factor and a symbol.
    fn property(&mut self, m: &Material, of: Property, value: f64, powers: [i32; 4], unit: (f64, &str)) -> String {
        let units = self.units;
        let value_of = |v: f64| typed(units.si(v, powers), unit.0, unit.1);
        let Some(table) = m.tables.get(&of).filter(|t| t.iter().any(|p| p[1] != t[0][1])) else {
            return value_of(value);
        };
        let (points, off) = thinned(table);
        if points.len() < table.len() && off > 0.0 {
            let text = format!(
                "{}: a table of {} temperatures is kept at {}, off by at most {:.1} % of its range",
                m.name,
                table.len(),
                points.len(),
                100.0 * off
            );
            self.note(m.line, text);
        }
        let pairs = points.iter().map(|[t, v]| format!("{}, {}", self.kelvin(*t), value_of(*v)));
        format!("table(temperature, {})", pairs.collect::<Vec<_>>().join(", "))
    }
}

/// Whether any of its values differs between directions.
fn knows_directions(m: &Material) -> bool {
    let uneven = |v: Option<[f64; 3]>| v.is_some_and(|[a, b, c]| b != a || c != a);
    let [a, b, c] = [0, 1, 2].map(|k| m.tables.get(&conductivity_of(m, k)));
    matches!(m.elastic, Some(Elastic::Engineering(_)))
        || uneven(m.expansion)
        || uneven(m.conductivity)
        || a != b
        || a != c
}

/// Which property has the conductivity along direction `k`, from 0.
fn conductivity_of(m: &Material, k: u8) -> Property {
    let along = Property::ConductivityAlong(k);
    if m.tables.contains_key(&along) { along } else { Property::Conductivity }
}
