//! What heat reads of a body's materials: of an orthotropic one what it gives, of the other one the rest.

use super::isotropic::{Isotropic, Known};
use super::orthotropic::Ply;
use crate::fitted::heat::{Conductivity, Matter};
use crate::quantity::Curve;
use glam::DMat3;

/// What a body conducts and stores.
#[derive(Clone, Debug, PartialEq)]
pub struct Thermal {
    pub conductivity: Conductivity,
    /// Name and source of what gives it.
    pub conducts: [String; 2],
    /// J/(kg K), over the temperature, K.
    pub specific_heat: Curve,
    /// kg/m³, of the material that gives the specific heat: ρ c of one table is not mixed with ρ of another.
    pub density: f64,
    /// Name and source of what gives them.
    pub stores: [String; 2],
    /// Which values end somewhere.
    pub known: Vec<Known>,
}

impl Thermal {
    /// `frame`: directions of `ply` in the body's place.
    pub fn of(other: &Isotropic, ply: Option<(&Ply, DMat3)>) -> Self {
        let source = |s: &str| if s.is_empty() { "as typed in the design".to_string() } else { s.to_string() };
        let own = [other.name.clone(), other.thermal_source.clone()];
        let mut thermal = Self {
            conductivity: other.conductivity.clone().into(),
            conducts: own.clone(),
            specific_heat: other.specific_heat.clone(),
            density: other.density,
            stores: own,
            known: other.thermal.clone(),
        };
        let Some((ply, frame)) = ply else { return thermal };
        let said = [ply.elastic.name.clone(), source(&ply.elastic.source)];
        let mut replace = |keys: &[&str]| {
            thermal.known.retain(|k| !keys.contains(&k.key));
            thermal.known.extend(ply.known.iter().filter(|k| keys.contains(&k.key)).cloned());
        };
        if let Some(k) = &ply.conductivity {
            thermal.conductivity = Conductivity::Along { k: Box::new(k.clone()), frame };
            thermal.conducts = said.clone();
            replace(&["conductivity", "k1", "k2", "k3"]);
        }
        if let Some(c) = &ply.specific_heat {
            thermal.specific_heat = c.clone();
            thermal.density = ply.elastic.density;
            thermal.stores = said;
            replace(&["specific_heat"]);
        }
        thermal
    }

    /// For a mesh.
    pub fn matter(&self) -> Matter {
        Matter { conductivity: self.conductivity.clone(), capacity: self.specific_heat.scaled(self.density) }
    }
}
