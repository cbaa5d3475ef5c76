//! The unit table, and printing in a person's units.
//!
//! Factors are exact by definition (inch 25.4 mm, pound 0.45359237 kg, g₀ 9.80665 m/s²; NIST SP 811).

use super::{Dimension, Quantity};
use serde::{Deserialize, Serialize};

/// A unit as typed: `value_si = value * factor + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    pub symbol: &'static str,
    pub dimension: Dimension,
    pub factor: f64,
    /// Only for temperatures on a scale with its own zero.
    pub offset: f64,
}

const fn u(symbol: &'static str, dimension: Dimension, factor: f64) -> Unit {
    Unit { symbol, dimension, factor, offset: 0.0 }
}

const LBF: f64 = 0.453_592_37 * 9.806_65;
const INCH: f64 = 0.0254;
const FOOT: f64 = 0.3048;

/// Every unit Brunel reads.
pub const UNITS: &[Unit] = &[
    u("m", Dimension::LENGTH, 1.0),
    u("km", Dimension::LENGTH, 1e3),
    u("dm", Dimension::LENGTH, 1e-1),
    u("cm", Dimension::LENGTH, 1e-2),
    u("mm", Dimension::LENGTH, 1e-3),
    u("um", Dimension::LENGTH, 1e-6),
    u("µm", Dimension::LENGTH, 1e-6),
    u("nm", Dimension::LENGTH, 1e-9),
    u("in", Dimension::LENGTH, INCH),
    u("mil", Dimension::LENGTH, INCH / 1000.0),
    u("ft", Dimension::LENGTH, FOOT),
    u("m2", Dimension::AREA, 1.0),
    u("cm2", Dimension::AREA, 1e-4),
    u("mm2", Dimension::AREA, 1e-6),
    u("in2", Dimension::AREA, INCH * INCH),
    u("m3", Dimension::VOLUME, 1.0),
    u("cm3", Dimension::VOLUME, 1e-6),
    u("mm3", Dimension::VOLUME, 1e-9),
    u("l", Dimension::VOLUME, 1e-3),
    u("in3", Dimension::VOLUME, INCH * INCH * INCH),
    u("deg", Dimension::NONE, std::f64::consts::PI / 180.0),
    u("°", Dimension::NONE, std::f64::consts::PI / 180.0),
    u("rad", Dimension::NONE, 1.0),
    u("rev", Dimension::NONE, 2.0 * std::f64::consts::PI),
    u("%", Dimension::NONE, 1e-2),
    u("kg", Dimension::MASS, 1.0),
    u("g", Dimension::MASS, 1e-3),
    u("mg", Dimension::MASS, 1e-6),
    u("t", Dimension::MASS, 1e3),
    u("lb", Dimension::MASS, 0.453_592_37),
    u("s", Dimension::TIME, 1.0),
    u("ms", Dimension::TIME, 1e-3),
    u("us", Dimension::TIME, 1e-6),
    u("min", Dimension::TIME, 60.0),
    u("h", Dimension::TIME, 3600.0),
    u("K", Dimension::TEMPERATURE, 1.0),
    Unit { symbol: "degC", dimension: Dimension::TEMPERATURE, factor: 1.0, offset: 273.15 },
    Unit { symbol: "°C", dimension: Dimension::TEMPERATURE, factor: 1.0, offset: 273.15 },
    Unit { symbol: "degF", dimension: Dimension::TEMPERATURE, factor: 5.0 / 9.0, offset: 459.67 * 5.0 / 9.0 },
    Unit { symbol: "°F", dimension: Dimension::TEMPERATURE, factor: 5.0 / 9.0, offset: 459.67 * 5.0 / 9.0 },
    u("N", Dimension::FORCE, 1.0),
    u("mN", Dimension::FORCE, 1e-3),
    u("kN", Dimension::FORCE, 1e3),
    u("MN", Dimension::FORCE, 1e6),
    u("lbf", Dimension::FORCE, LBF),
    u("kgf", Dimension::FORCE, 9.806_65),
    u("Nm", Dimension::MOMENT, 1.0),
    u("kNm", Dimension::MOMENT, 1e3),
    u("Nmm", Dimension::MOMENT, 1e-3),
    u("J", Dimension::MOMENT, 1.0),
    u("Pa", Dimension::PRESSURE, 1.0),
    u("kPa", Dimension::PRESSURE, 1e3),
    u("MPa", Dimension::PRESSURE, 1e6),
    u("GPa", Dimension::PRESSURE, 1e9),
    u("bar", Dimension::PRESSURE, 1e5),
    u("psi", Dimension::PRESSURE, LBF / (INCH * INCH)),
    u("ksi", Dimension::PRESSURE, 1e3 * LBF / (INCH * INCH)),
    u("gn", Dimension::ACCELERATION, 9.806_65),
    u("Hz", Dimension::FREQUENCY, 1.0),
    u("kHz", Dimension::FREQUENCY, 1e3),
    // Turns per minute: as `rev/min`, so that an angular speed in rpm, rev/s or rad/s comes out in rad/s.
    u("rpm", Dimension::FREQUENCY, 2.0 * std::f64::consts::PI / 60.0),
    u("W", Dimension::POWER, 1.0),
    u("mW", Dimension::POWER, 1e-3),
    u("kW", Dimension::POWER, 1e3),
    u("A", Dimension([0, 0, 0, 0, 1]), 1.0),
];

/// The unit with this symbol.
pub fn unit(symbol: &str) -> Option<&'static Unit> {
    UNITS.iter().find(|u| u.symbol == symbol)
}

/// A person's choice of units; one setting per design, used for every number shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitSystem {
    /// mm, N, MPa, kg
    #[default]
    Millimetre,
    /// m, N, Pa (with prefixes), kg
    Metre,
    /// in, lbf, psi, lb
    Inch,
}

/// Symbol, factor to SI and offset of the unit a dimension is shown in.
pub fn display_unit(dimension: Dimension, system: UnitSystem) -> (&'static str, f64, f64) {
    use UnitSystem::*;
    let d = dimension;
    let inch = system == Inch;
    if d == Dimension::LENGTH {
        match system {
            Millimetre => ("mm", 1e-3, 0.0),
            Metre => ("m", 1.0, 0.0),
            Inch => ("in", INCH, 0.0),
        }
    } else if d == Dimension::AREA {
        match system {
            Millimetre => ("mm²", 1e-6, 0.0),
            Metre => ("m²", 1.0, 0.0),
            Inch => ("in²", INCH * INCH, 0.0),
        }
    } else if d == Dimension::VOLUME {
        match system {
            Millimetre => ("mm³", 1e-9, 0.0),
            Metre => ("m³", 1.0, 0.0),
            Inch => ("in³", INCH * INCH * INCH, 0.0),
        }
    } else if d == Dimension::MASS {
        if inch { ("lb", 0.453_592_37, 0.0) } else { ("kg", 1.0, 0.0) }
    } else if d == Dimension::TIME {
        ("s", 1.0, 0.0)
    } else if d == Dimension::TEMPERATURE {
        if inch { ("°F", 5.0 / 9.0, 459.67 * 5.0 / 9.0) } else { ("°C", 1.0, 273.15) }
    } else if d == Dimension::FORCE {
        if inch { ("lbf", LBF, 0.0) } else { ("N", 1.0, 0.0) }
    } else if d == Dimension::MOMENT {
        if inch { ("lbf·in", LBF * INCH, 0.0) } else { ("N·m", 1.0, 0.0) }
    } else if d == Dimension::PRESSURE {
        if inch { ("psi", LBF / (INCH * INCH), 0.0) } else { ("MPa", 1e6, 0.0) }
    } else if d == Dimension::DENSITY {
        ("kg/m³", 1.0, 0.0)
    } else if d == Dimension::ACCELERATION {
        ("m/s²", 1.0, 0.0)
    } else if d == Dimension::FREQUENCY {
        ("Hz", 1.0, 0.0)
    } else if d == Dimension::FOUNDATION {
        match system {
            Millimetre => ("N/mm³", 1e9, 0.0),
            Metre => ("N/m³", 1.0, 0.0),
            Inch => ("lbf/in³", LBF / (INCH * INCH * INCH), 0.0),
        }
    } else if d == Dimension::POWER {
        ("W", 1.0, 0.0)
    } else if d == Dimension::CONDUCTIVITY {
        ("W/(m·K)", 1.0, 0.0)
    } else if d == Dimension::SPECIFIC_HEAT {
        ("J/(kg·K)", 1.0, 0.0)
    } else if d == Dimension::EXPANSION {
        ("1/K", 1.0, 0.0)
    } else if d == Dimension::HEAT_FLUX {
        ("W/m²", 1.0, 0.0)
    } else if d == Dimension::HEAT_DENSITY {
        ("W/m³", 1.0, 0.0)
    } else if d == Dimension::FILM {
        ("W/(m²·K)", 1.0, 0.0)
    } else if d == Dimension::THERMAL_COMPLIANCE {
        ("W·K", 1.0, 0.0)
    } else {
        ("", 1.0, 0.0)
    }
}

/// Symbol of the SI unit of a dimension, for files; empty for plain numbers and for what has no name of its own.
pub fn si_unit(dimension: Dimension) -> &'static str {
    let (symbol, factor, offset) = display_unit(dimension, UnitSystem::Metre);
    if dimension == Dimension::NONE || (factor == 1.0 && offset == 0.0) {
        return symbol;
    }
    UNITS.iter().find(|u| u.dimension == dimension && u.factor == 1.0 && u.offset == 0.0).map_or("", |u| u.symbol)
}

/// Prints a quantity with `digits` significant digits in the system's unit: `12.5 mm`, `450 MPa`.
///
/// ```
/// use solver::quantity::{format, Dimension, Quantity, UnitSystem};
/// let s = Quantity::new(4.5e8, Dimension::PRESSURE);
/// assert_eq!(format(s, UnitSystem::Millimetre, 4), "450 MPa");
/// ```
pub fn format(q: Quantity, system: UnitSystem, digits: usize) -> String {
    let (symbol, ..) = display_unit(q.dimension, system);
    let number = format_number(q, system, digits);
    if symbol.is_empty() { number } else { format!("{number} {symbol}") }
}

/// The number of [`format()`] alone, for tables whose heads name the unit.
pub fn format_number(q: Quantity, system: UnitSystem, digits: usize) -> String {
    let (_, factor, offset) = display_unit(q.dimension, system);
    significant((q.value - offset) / factor, digits)
}

/// Prints a speed of turning, rad/s, in rpm: `3000 rpm`.
pub fn format_turning(speed: f64, digits: usize) -> String {
    let rpm = 2.0 * std::f64::consts::PI / 60.0;
    format!("{} rpm", significant(speed / rpm, digits))
}

/// Prints how far two quantities lie apart: as [`format()`], but a temperature without its scale's zero, so that a band of
/// 2 K reads `2 K`, not −271 °C.
pub fn format_difference(q: Quantity, system: UnitSystem, digits: usize) -> String {
    if q.dimension == Dimension::TEMPERATURE && system != UnitSystem::Inch {
        return format!("{} K", significant(q.value, digits));
    }
    let (_, _, offset) = display_unit(q.dimension, system);
    format(Quantity::new(q.value + offset, q.dimension), system, digits)
}

/// `digits` significant digits, without trailing zeros; scientific outside 1e-4 … 1e7.
pub(super) fn significant(x: f64, digits: usize) -> String {
    if !x.is_finite() {
        return "—".into();
    }
    if x == 0.0 {
        return "0".into();
    }
    let digits = digits.clamp(1, 17);
    let scientific = format!("{x:.*e}", digits - 1);
    // The exponent after rounding, so that 9.9996 at four digits counts as 10.00.
    let exponent: i32 = scientific.rsplit('e').next().and_then(|e| e.parse().ok()).unwrap_or(0);
    if !(-4..7).contains(&exponent) {
        return scientific;
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    let fixed = format!("{x:.decimals$}");
    if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.').into() } else { fixed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_engineers_write() {
        let cases = [
            (4.5e8, Dimension::PRESSURE, "450 MPa"),
            (0.0125, Dimension::LENGTH, "12.5 mm"),
            (9.9996e-3, Dimension::LENGTH, "10 mm"),
            (0.0, Dimension::LENGTH, "0 mm"),
            (293.15, Dimension::TEMPERATURE, "20 °C"),
            (f64::NAN, Dimension::LENGTH, "— mm"),
            (1e-12, Dimension::LENGTH, "1.000e-9 mm"),
        ];
        for (value, dimension, expected) in cases {
            assert_eq!(format(Quantity::new(value, dimension), UnitSystem::Millimetre, 4), expected);
        }
    }

    #[test]
    fn a_difference_of_temperatures_has_no_zero_of_its_own() {
        let q = Quantity::new(2.0, Dimension::TEMPERATURE);
        assert_eq!(format_difference(q, UnitSystem::Millimetre, 3), "2 K");
        assert_eq!(format_difference(q, UnitSystem::Inch, 3), "3.6 °F");
        assert_eq!(format_difference(Quantity::new(2e-3, Dimension::LENGTH), UnitSystem::Millimetre, 3), "2 mm");
    }

    #[test]
    fn a_speed_of_turning_is_read_back_in_rpm() {
        use crate::quantity::evaluate;
        let speed = |text: &str| evaluate(text, &|_| None).unwrap();
        for text in ["3000 rpm", "50 rev/s", "18000 deg/s"] {
            assert_eq!(speed(text).dimension, Dimension::FREQUENCY);
            assert_eq!(format_turning(speed(text).value, 6), "3000 rpm", "{text}");
        }
        assert_eq!(format_turning(speed("100 rad/s").value, 5), "954.93 rpm");
    }

    #[test]
    fn pound_force_per_square_inch() {
        let psi = unit("psi").map(|u| u.factor);
        assert!(psi.is_some_and(|f| (f - 6_894.757_293_168).abs() < 1e-6));
    }
}
