//! What an input deck of another program comes to in a design: plain values that the page, the server and the reader share.

use crate::design::Object;
use serde::{Deserialize, Serialize};

/// Something about a line that the person should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// From 1.
    pub line: usize,
    pub text: String,
}

/// A body that a deck gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BodyRead {
    pub name: String,
    /// Name of its material in the deck, if it has one.
    pub material: String,
    pub n_elements: usize,
    pub n_faces: usize,
    /// m³
    pub volume: f64,
    /// kg/m³, where the deck says so.
    pub density: Option<f64>,
}

/// What a deck comes to in a design.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    pub heading: String,
    pub n_nodes: usize,
    pub n_elements: usize,
    /// Lengths of the whole along the axes, m.
    pub size: [f64; 3],
    pub bodies: Vec<BodyRead>,
    /// To be added in this order.
    pub objects: Vec<Object>,
    /// What was left out or taken otherwise, by line.
    pub notes: Vec<Note>,
}

/// A consistent system of units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Units {
    /// mm, N, t, s: MPa, t/mm³.
    #[default]
    Millimetre,
    /// m, N, kg, s: Pa, kg/m³.
    Metre,
    /// mm, kN, kg, ms: GPa, kg/mm³.
    MillimetreKilogram,
    /// in, lbf, lbf s²/in, s: psi; temperatures in °F.
    Inch,
}

impl Units {
    pub const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Millimetre, "millimetre", "mm, N, t, s (MPa)"),
        (Self::Metre, "metre", "m, N, kg, s (Pa)"),
        (Self::MillimetreKilogram, "millimetre_kilogram", "mm, kN, kg, ms (GPa)"),
        (Self::Inch, "inch", "in, lbf, s (psi)"),
    ];

    /// Length, mass, time and temperature difference in m, kg, s and K.
    fn base(self) -> [f64; 4] {
        match self {
            Self::Millimetre => [1e-3, 1e3, 1.0, 1.0],
            Self::Metre => [1.0; 4],
            Self::MillimetreKilogram => [1e-3, 1.0, 1e-3, 1.0],
            // lbf s²/in, from the pound and standard gravity: NIST SP 811.
            Self::Inch => [0.0254, 0.453_592_37 * 9.806_65 / 0.0254, 1.0, 5.0 / 9.0],
        }
    }

    /// `value` in SI, when its unit is the product of length, mass, time and temperature to these powers.
    pub fn si(self, value: f64, powers: [i32; 4]) -> f64 {
        self.base().iter().zip(powers).fold(value, |v, (b, p)| v * b.powi(p))
    }

    /// Metres per unit of length, and how the import feature calls it.
    pub fn length(self) -> (f64, &'static str) {
        (
            self.base()[0],
            match self {
                Self::Millimetre | Self::MillimetreKilogram => "mm",
                Self::Metre => "m",
                Self::Inch => "in",
            },
        )
    }

    /// A temperature on the deck's scale in K. Without a zero of its own, the scale is Celsius, or Fahrenheit with inches.
    pub fn kelvin(self, value: f64, absolute_zero: Option<f64>) -> f64 {
        let zero = absolute_zero.unwrap_or(if self == Self::Inch { -459.67 } else { -273.15 });
        self.si(value - zero, [0, 0, 0, 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_steel_in_every_system() {
        // Young's modulus, density, conductivity, specific heat.
        for (units, e, rho, k, c) in [
            (Units::Millimetre, 210e3, 7.85e-9, 50.0, 460e6),
            (Units::Metre, 210e9, 7850.0, 50.0, 460.0),
            (Units::MillimetreKilogram, 210.0, 7.85e-6, 5e-5, 460.0),
            (Units::Inch, 30.457_925e6, 7.345_4e-4, 6.246_18, 396_000.0),
        ] {
            let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 2e-3, "{units:?}: {a} for {b}");
            close(units.si(e, [-1, 1, -2, 0]), 210e9);
            close(units.si(rho, [-3, 1, 0, 0]), 7850.0);
            close(units.si(k, [1, 1, -3, -1]), 50.0);
            close(units.si(c, [2, 0, -2, -1]), 460.0);
        }
        assert!((Units::Inch.kelvin(68.0, None) - 293.15).abs() < 1e-9);
        assert!((Units::Metre.kelvin(293.15, Some(0.0)) - 293.15).abs() < 1e-12);
        assert!((Units::Millimetre.kelvin(20.0, None) - 293.15).abs() < 1e-12);
    }
}
