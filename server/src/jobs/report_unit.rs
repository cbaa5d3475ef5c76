//! The units of a report: each quantity that it prints, in which unit, and what that is in SI.

use super::{Report, escape};
use solver::quantity::{Dimension, UnitSystem, display_unit, si_unit};
use std::fmt::Write as _;

impl Report<'_> {
    /// Remembers that a quantity of this dimension is printed.
    pub(super) fn note(&self, dimension: Dimension) {
        let mut printed = self.printed.borrow_mut();
        if !printed.contains(&dimension) {
            printed.push(dimension);
        }
    }

    /// The list of units of everything that was printed so far.
    pub(super) fn unit_list(&self, s: &mut String) {
        let system = match self.units() {
            UnitSystem::Millimetre => "mm, N, MPa",
            UnitSystem::Metre => "m, N, MPa",
            UnitSystem::Inch => "in, lbf, psi",
        };
        let _ = write!(
            s,
            "<h2>Units</h2><p>Numbers stand in the display units of the design ({system}); it was computed in SI. What \
             somebody typed keeps the units it was typed in, with the value in these behind it. Angles without a unit are \
             radians.</p><table><thead><tr><th>Quantity</th><th>Unit</th><th>In SI</th></tr></thead><tbody>"
        );
        let mut printed = self.printed.borrow().clone();
        // In one order, whatever was printed first.
        printed.sort_by_key(|d| d.describe().trim_start_matches("an ").trim_start_matches("a ").to_string());
        for dimension in printed {
            let (symbol, factor, offset) = display_unit(dimension, self.units());
            let name = dimension.describe();
            let name = name.trim_start_matches("an ").trim_start_matches("a ");
            let mut letters = name.chars();
            let name: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
            let si = si_unit(dimension);
            let meaning = match symbol {
                "" if dimension == Dimension::NONE => "1".to_string(),
                // What has no unit of its own is printed in base units, which its name gives.
                "" => "base units".into(),
                _ if offset != 0.0 => {
                    format!(
                        "value in K = {factor:.6} × value in {symbol} + {offset:.2}; differences in {}",
                        self.step()
                    )
                }
                _ if factor == 1.0 => format!("1 {symbol}"),
                _ => format!("{factor:e} {si}"),
            };
            let symbol = if symbol.is_empty() { "–" } else { symbol };
            let _ = write!(s, "<tr><td>{}</td><td>{symbol}</td><td>{}</td></tr>", escape(&name), escape(&meaning));
        }
        if self.turned.get() {
            s.push_str("<tr><td>Speed of turning</td><td>rpm</td><td>2π/60 rad/s</td></tr>");
        }
        s.push_str("</tbody></table>");
    }

    /// In what differences of temperature are printed.
    fn step(&self) -> &'static str {
        if self.units() == UnitSystem::Inch { "°F" } else { "K" }
    }
}
