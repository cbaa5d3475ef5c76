//! Numbers as a person would type them.

/// A number with at most ten digits, short: 210000, 0.3, 7.85e-9.
pub fn number(value: f64) -> String {
    // Rounding to ten digits takes the noise of conversions off; the text is read back to that number.
    let rounded: f64 = format!("{value:.9e}").parse().unwrap_or(value);
    if rounded == 0.0 {
        return "0".into();
    }
    if (1e-4..1e9).contains(&rounded.abs()) { format!("{rounded}") } else { format!("{rounded:e}") }
}

/// `value` (SI) in a unit of `factor`.
pub fn typed(value: f64, factor: f64, symbol: &str) -> String {
    let text = number(value / factor);
    if symbol.is_empty() { text } else { format!("{text} {symbol}") }
}

/// A temperature, K, as °C.
pub fn celsius(kelvin: f64) -> String {
    typed(kelvin - 273.15, 1.0, "°C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_come_back() {
        for (value, text) in [
            (210_000.000_000_000_03, "210000"),
            (0.1 + 0.2, "0.3"),
            (-1234.5, "-1234.5"),
            (7.85e-9, "7.85e-9"),
            (0.0, "0"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
