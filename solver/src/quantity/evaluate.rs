//! What expressions are worth: operators and functions over quantities, dimensions checked.

use super::parse::{Node, QuantityError};
use super::{Dimension, Quantity};

/// Every function an expression may call.
pub const FUNCTIONS: &[&str] = &[
    "sin", "cos", "tan", "asin", "acos", "atan", "exp", "ln", "round", "floor", "ceil", "min", "max", "abs", "sqrt",
    "table",
];

impl Node {
    /// The value, in SI; `lookup` gives that of a parameter.
    pub(super) fn evaluate(&self, lookup: &dyn Fn(&str) -> Option<Quantity>) -> Result<Quantity, QuantityError> {
        match self {
            Self::Constant(q) => Ok(*q),
            Self::Name(name) if name == "pi" => Ok(Quantity::new(std::f64::consts::PI, Dimension::NONE)),
            Self::Name(name) => lookup(name).ok_or_else(|| QuantityError::UnknownName(name.clone())),
            Self::Negate(inner) => {
                let q = inner.evaluate(lookup)?;
                Ok(Quantity::new(-q.value, q.dimension))
            }
            Self::Call(name, arguments) => {
                let values = arguments.iter().map(|a| a.evaluate(lookup)).collect::<Result<Vec<_>, _>>()?;
                call(name, &values)
            }
            Self::Binary(op, a, b) => {
                let (a, b) = (a.evaluate(lookup)?, b.evaluate(lookup)?);
                binary(*op, a, b)
            }
        }
    }
}

fn mismatch(a: Quantity, b: Quantity) -> QuantityError {
    QuantityError::Mismatch { left: b.dimension.describe(), right: a.dimension.describe() }
}

fn binary(op: char, a: Quantity, b: Quantity) -> Result<Quantity, QuantityError> {
    let product = |d: Option<Dimension>, value| d.map(|d| Quantity::new(value, d)).ok_or(QuantityError::NotFinite);
    match op {
        '+' | '-' if a.dimension != b.dimension => Err(mismatch(a, b)),
        '+' => Ok(Quantity::new(a.value + b.value, a.dimension)),
        '-' => Ok(Quantity::new(a.value - b.value, a.dimension)),
        '*' => product(a.dimension.times(b.dimension), a.value * b.value),
        '/' => product(a.dimension.over(b.dimension), a.value / b.value),
        _ => {
            if b.dimension != Dimension::NONE {
                return Err(QuantityError::Argument { function: "^".into(), takes: "a plain number as exponent" });
            }
            if a.dimension == Dimension::NONE {
                return Ok(Quantity::new(a.value.powf(b.value), Dimension::NONE));
            }
            let n = b.value;
            if n.fract() != 0.0 || n.abs() > 9.0 {
                return Err(QuantityError::Argument {
                    function: "^".into(),
                    takes: "a whole exponent from -9 to 9 when its base has a unit",
                });
            }
            product(a.dimension.power(n as i8), a.value.powi(n as i32))
        }
    }
}

fn call(name: &str, v: &[Quantity]) -> Result<Quantity, QuantityError> {
    let bad = |takes| QuantityError::Argument { function: name.into(), takes };
    let number = |f: fn(f64) -> f64| match v {
        [q] if q.dimension == Dimension::NONE => Ok(Quantity::new(f(q.value), Dimension::NONE)),
        _ => Err(bad("one plain number or angle")),
    };
    let same = |f: fn(f64, f64) -> f64| {
        let Some((first, rest)) = v.split_first() else { return Err(bad("at least one value")) };
        rest.iter().try_fold(*first, |a, b| {
            if a.dimension == b.dimension {
                Ok(Quantity::new(f(a.value, b.value), a.dimension))
            } else {
                Err(mismatch(a, *b))
            }
        })
    };
    match name {
        "sin" => number(f64::sin),
        "cos" => number(f64::cos),
        "tan" => number(f64::tan),
        "asin" => number(f64::asin),
        "acos" => number(f64::acos),
        "atan" => number(f64::atan),
        "exp" => number(f64::exp),
        "ln" => number(f64::ln),
        "round" => number(f64::round),
        "floor" => number(f64::floor),
        "ceil" => number(f64::ceil),
        "min" => same(f64::min),
        "max" => same(f64::max),
        "abs" => match v {
            [q] => Ok(Quantity::new(q.value.abs(), q.dimension)),
            _ => Err(bad("one value")),
        },
        "sqrt" => match v {
            [q] => match q.dimension.root() {
                Some(d) => Ok(Quantity::new(q.value.sqrt(), d)),
                None => Err(bad("a value whose unit is a square")),
            },
            _ => Err(bad("one value")),
        },
        "table" => table(v),
        _ => Err(QuantityError::UnknownName(name.into())),
    }
}

/// `table(x, x1, y1, x2, y2, …)`: straight lines between the points, the ends held beyond them.
fn table(v: &[Quantity]) -> Result<Quantity, QuantityError> {
    let bad = || QuantityError::Argument {
        function: "table".into(),
        takes: "a value and pairs of points, such as table(time, 0 s, 20 °C, 60 s, 80 °C), the first of each rising",
    };
    let Some((x, points)) = v.split_first() else { return Err(bad()) };
    let (points, rest) = points.as_chunks::<2>();
    let (Some(first), Some(last), true) = (points.first(), points.last(), rest.is_empty()) else { return Err(bad()) };
    for [a, b] in points {
        for (found, wanted) in [(a, x), (b, &first[1])] {
            if found.dimension != wanted.dimension {
                return Err(mismatch(*wanted, *found));
            }
        }
    }
    if points.windows(2).any(|w| !(w[1][0].value > w[0][0].value)) {
        return Err(bad());
    }
    let between = points.windows(2).find(|w| x.value < w[1][0].value);
    let value = match between {
        Some([[a, p], [b, q]]) if x.value >= a.value => {
            p.value + (q.value - p.value) * (x.value - a.value) / (b.value - a.value)
        }
        Some(_) => first[1].value,
        None => last[1].value,
    };
    Ok(Quantity::new(value, first[1].dimension))
}
