//! Quantities: numbers with a dimension, SI inside, the user's unit at the edge.
//!
//! [`evaluate`] reads what engineers type (`12 mm`, `0.5 in`, `35.6 kN`, `2*width + 3 mm`); [`format`] prints back in a
//! display unit. Angles are dimensionless radians inside; `deg` is a unit like any other.
//!
//! A number in °C or °F is a point on that scale and becomes kelvin as soon as it is read: `20 °C + 80 K` is 100 °C, and
//! `-20 °C` is 253.15 K. A difference of temperatures is therefore typed in K, and [`format_difference`] prints one. Per
//! degree is per kelvin: `10 W/(m^2*°C)` is `10 W/(m^2*K)`.

mod curve;
mod evaluate;
mod parse;
mod unit;

pub use curve::Curve;
pub use evaluate::FUNCTIONS;
pub use parse::{Expression, QuantityError, evaluate, names, parse, rename, rename_with};
pub use unit::{
    UNITS, Unit, UnitSystem, display_unit, format, format_difference, format_number, format_turning, si_unit, unit,
};

use serde::{Deserialize, Serialize};

/// Exponents of metre, kilogram, second, kelvin and ampere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dimension(pub [i8; 5]);

impl Dimension {
    pub const NONE: Self = Self([0; 5]);
    pub const LENGTH: Self = Self([1, 0, 0, 0, 0]);
    pub const AREA: Self = Self([2, 0, 0, 0, 0]);
    pub const VOLUME: Self = Self([3, 0, 0, 0, 0]);
    pub const MASS: Self = Self([0, 1, 0, 0, 0]);
    pub const TIME: Self = Self([0, 0, 1, 0, 0]);
    pub const TEMPERATURE: Self = Self([0, 0, 0, 1, 0]);
    pub const FORCE: Self = Self([1, 1, -2, 0, 0]);
    pub const MOMENT: Self = Self([2, 1, -2, 0, 0]);
    pub const PRESSURE: Self = Self([-1, 1, -2, 0, 0]);
    pub const DENSITY: Self = Self([-3, 1, 0, 0, 0]);
    pub const ACCELERATION: Self = Self([1, 0, -2, 0, 0]);
    pub const FREQUENCY: Self = Self([0, 0, -1, 0, 0]);
    /// N/m³: force per area and per way.
    pub const FOUNDATION: Self = Self([-2, 1, -2, 0, 0]);
    pub const POWER: Self = Self([2, 1, -3, 0, 0]);
    pub const CONDUCTIVITY: Self = Self([1, 1, -3, -1, 0]);
    pub const SPECIFIC_HEAT: Self = Self([2, 0, -2, -1, 0]);
    pub const EXPANSION: Self = Self([0, 0, 0, -1, 0]);
    /// W/m²
    pub const HEAT_FLUX: Self = Self([0, 1, -3, 0, 0]);
    /// W/m³
    pub const HEAT_DENSITY: Self = Self([-1, 1, -3, 0, 0]);
    /// W/(m² K)
    pub const FILM: Self = Self([0, 1, -3, -1, 0]);
    /// W K: heat times the rise of temperature where it enters.
    pub const THERMAL_COMPLIANCE: Self = Self([2, 1, -3, 1, 0]);

    /// What a person calls it, for messages: "a length", "a force".
    pub fn describe(self) -> String {
        let known = [
            (Self::NONE, "a plain number"),
            (Self::LENGTH, "a length"),
            (Self::AREA, "an area"),
            (Self::VOLUME, "a volume"),
            (Self::MASS, "a mass"),
            (Self::TIME, "a time"),
            (Self::TEMPERATURE, "a temperature"),
            (Self::FORCE, "a force"),
            (Self::MOMENT, "a moment"),
            (Self::PRESSURE, "a pressure"),
            (Self::DENSITY, "a density"),
            (Self::ACCELERATION, "an acceleration"),
            (Self::FREQUENCY, "a frequency"),
            (Self::FOUNDATION, "a stiffness per area"),
            (Self::POWER, "a power"),
            (Self::CONDUCTIVITY, "a thermal conductivity"),
            (Self::SPECIFIC_HEAT, "a specific heat"),
            (Self::EXPANSION, "a thermal expansion"),
            (Self::HEAT_FLUX, "a heat flux"),
            (Self::HEAT_DENSITY, "a heat per volume"),
            (Self::FILM, "a film coefficient"),
            (Self::THERMAL_COMPLIANCE, "a thermal compliance"),
        ];
        if let Some((_, name)) = known.iter().find(|(d, _)| *d == self) {
            return (*name).to_string();
        }
        let parts: Vec<String> = ["m", "kg", "s", "K", "A"]
            .iter()
            .zip(self.0)
            .filter(|(_, e)| *e != 0)
            .map(|(s, e)| if e == 1 { (*s).to_string() } else { format!("{s}^{e}") })
            .collect();
        format!("a quantity in {}", parts.join(" "))
    }

    /// `None` when an exponent leaves `i8`.
    pub fn times(self, other: Self) -> Option<Self> {
        self.combine(other, i8::checked_add)
    }

    pub fn over(self, other: Self) -> Option<Self> {
        self.combine(other, i8::checked_sub)
    }

    pub fn power(self, n: i8) -> Option<Self> {
        self.combine(self, |e, _| e.checked_mul(n))
    }

    /// Half of every exponent; `None` where one is odd.
    pub fn root(self) -> Option<Self> {
        self.combine(self, |e, _| (e % 2 == 0).then_some(e / 2))
    }

    fn combine(self, other: Self, op: impl Fn(i8, i8) -> Option<i8>) -> Option<Self> {
        let mut out = [0; 5];
        for (o, (a, b)) in out.iter_mut().zip(self.0.into_iter().zip(other.0)) {
            *o = op(a, b)?;
        }
        Some(Self(out))
    }
}

/// A value in SI with its dimension.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    pub value: f64,
    pub dimension: Dimension,
}

impl Quantity {
    pub const fn new(value: f64, dimension: Dimension) -> Self {
        Self { value, dimension }
    }
}
