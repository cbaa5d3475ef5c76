//! Parameter values: every expression evaluated once, in dependency order.

use super::check::{Issue, Severity};
use super::object::{Design, Object, Value};
use super::schema::{FieldType, Section, field};
use crate::quantity::{self, Dimension, Quantity, QuantityError};
use std::collections::{BTreeMap, BTreeSet};

/// What expressions that may change in a run call the seconds since its start; no parameter may be called so.
pub const TIME: &str = "time";

/// What values of a material that may depend on it call the temperature; no parameter may be called so.
pub const TEMPERATURE: &str = "temperature";
/// Temperature of values that depend on it where none is known, K: 20 °C.
pub const ROOM: f64 = 293.15;

/// Values of all parameters that have one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resolved {
    values: BTreeMap<String, Quantity>,
}

impl Resolved {
    pub fn parameter(&self, name: &str) -> Option<Quantity> {
        self.values.get(name).copied()
    }

    pub fn evaluate(&self, text: &str) -> Result<Quantity, QuantityError> {
        quantity::evaluate(text, &|name| self.parameter(name))
    }

    /// SI value of `text`, which must have `dimension`.
    ///
    /// # Errors
    /// [`QuantityError`]; a plain `0` passes for any dimension.
    pub fn evaluate_as(&self, text: &str, dimension: Dimension) -> Result<f64, QuantityError> {
        let q = self.evaluate(text)?;
        let zero = q.value == 0.0 && q.dimension == Dimension::NONE;
        if q.dimension == dimension || zero {
            Ok(q.value)
        } else {
            Err(QuantityError::Dimension { expected: dimension.describe(), found: q.dimension.describe() })
        }
    }

    /// The same with `time`, s: what properties that may change in a run are read with.
    #[must_use]
    pub fn at_time(&self, seconds: f64) -> Self {
        let mut values = self.values.clone();
        values.insert(TIME.into(), Quantity::new(seconds, Dimension::TIME));
        Self { values }
    }

    /// The same with `temperature`, K: what values of a material are read with.
    #[must_use]
    pub fn at_temperature(&self, kelvin: f64) -> Self {
        let mut values = self.values.clone();
        values.insert(TEMPERATURE.into(), Quantity::new(kelvin, Dimension::TEMPERATURE));
        Self { values }
    }

    /// Places of the points of each `table(name, …)` in an expression, SI, and whether it is one such table and no more.
    pub fn tables(&self, text: &str, name: &str) -> (Vec<Vec<f64>>, bool) {
        quantity::parse(text).map_or((Vec::new(), false), |e| e.tables(name, &|n| self.parameter(n)))
    }

    fn issue(object: &Object, key: &str, message: String) -> Issue {
        Issue { object: object.id.clone(), key: Some(key.into()), severity: Severity::Error, message }
    }

    /// SI value of a quantity property, checked against its dimension and range.
    ///
    /// # Errors
    /// An [`Issue`] at the property, ready to show.
    pub fn number(&self, object: &Object, key: &str) -> Result<f64, Issue> {
        let at = |message| Self::issue(object, key, message);
        let Some(field) = field(&object.kind, key) else {
            return Err(at(format!("{} has no property '{key}'", object.kind)));
        };
        let text = object.text(key);
        let label = field.label;
        let timed;
        let this = if field.over_time && !self.values.contains_key(TIME) {
            // Without a moment of its own: that of the start.
            timed = self.at_time(0.0);
            &timed
        } else if field.over_temperature && !self.values.contains_key(TEMPERATURE) {
            timed = self.at_temperature(ROOM);
            &timed
        } else {
            self
        };
        match field.kind {
            FieldType::Expr { dimension, min, max, .. } => {
                let value = this.evaluate_as(&text, dimension).map_err(|e| at(format!("{label}: {e}")))?;
                let show = |x| quantity::format(Quantity::new(x, dimension), quantity::UnitSystem::Millimetre, 6);
                if let Some(min) = min.filter(|min| value < *min) {
                    return Err(at(format!("{label} is {}; it must be at least {}", show(value), show(min))));
                }
                if let Some(max) = max.filter(|max| value > *max) {
                    return Err(at(format!("{label} is {}; it must be at most {}", show(value), show(max))));
                }
                Ok(value)
            }
            FieldType::Count { min, max, .. } => {
                let value = self.evaluate_as(&text, Dimension::NONE).map_err(|e| at(format!("{label}: {e}")))?;
                if value.fract() != 0.0 || value < f64::from(min) || value > f64::from(max) {
                    return Err(at(format!("{label} is {value}; it must be {}", field.expects())));
                }
                Ok(value)
            }
            FieldType::AnyExpr { .. } => self.evaluate(&text).map(|q| q.value).map_err(|e| at(format!("{label}: {e}"))),
            _ => Err(at(format!("{label} is not a number"))),
        }
    }

    /// SI components of a vector property.
    ///
    /// # Errors
    /// An [`Issue`] at the property.
    pub fn vector(&self, object: &Object, key: &str) -> Result<[f64; 3], Issue> {
        let at = |message| Self::issue(object, key, message);
        let (Some(field), Some(Value::Vector(texts))) = (field(&object.kind, key), object.get(key)) else {
            return Err(at(format!("{} has no vector '{key}'", object.kind)));
        };
        let FieldType::Vector { dimension, .. } = field.kind else {
            return Err(at(format!("{} is not a vector", field.label)));
        };
        let mut out = [0.0; 3];
        for ((o, text), axis) in out.iter_mut().zip(&texts).zip(["x", "y", "z"]) {
            *o = self.evaluate_as(text, dimension).map_err(|e| at(format!("{} {axis}: {e}", field.label)))?;
        }
        Ok(out)
    }
}

/// Evaluates all parameters; those in a cycle or with a bad expression have no value and an issue instead.
pub fn resolve(design: &Design) -> (Resolved, Vec<Issue>) {
    let parameters: Vec<&Object> = design.section(Section::Parameter).filter(|p| !p.suppressed).collect();
    let by_name: BTreeMap<&str, &Object> = parameters.iter().map(|p| (p.name.as_str(), *p)).collect();
    let mut resolved = Resolved::default();
    let mut issues = Vec::new();

    // Kahn's order; what is left over stands in a cycle or hangs on one.
    let uses: BTreeMap<&str, Vec<String>> =
        parameters.iter().map(|p| (p.name.as_str(), quantity::names(&p.text("value")))).collect();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut waiting: Vec<&Object> = parameters.clone();
    loop {
        let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|p| {
            uses[p.name.as_str()].iter().all(|n| done.contains(n.as_str()) || !by_name.contains_key(n.as_str()))
        });
        waiting = rest;
        if ready.is_empty() {
            break;
        }
        for parameter in ready {
            done.insert(&parameter.name);
            match resolved.evaluate(&parameter.text("value")) {
                Ok(q) => {
                    resolved.values.insert(parameter.name.clone(), q);
                }
                Err(e) => {
                    // A parameter that only inherits another's fault says so instead of naming an unknown.
                    let message = match &e {
                        QuantityError::UnknownName(n) if by_name.contains_key(n.as_str()) => {
                            format!("Value: it uses '{n}', which has no value")
                        }
                        e => format!("Value: {e}"),
                    };
                    issues.push(Resolved::issue(parameter, "value", message));
                }
            }
        }
    }
    for parameter in &waiting {
        let message = match cycle_from(&parameter.name, &uses) {
            Some(path) => format!("Value: it depends on itself: {}", path.join(" → ")),
            None => "Value: it uses a parameter that depends on itself".into(),
        };
        issues.push(Resolved::issue(parameter, "value", message));
    }
    (resolved, issues)
}

/// A path from `start` back to itself, if there is one.
fn cycle_from(start: &str, uses: &BTreeMap<&str, Vec<String>>) -> Option<Vec<String>> {
    let mut stack = vec![vec![start.to_string()]];
    let mut seen = BTreeSet::new();
    while let Some(path) = stack.pop() {
        for next in uses.get(path.last()?.as_str()).into_iter().flatten() {
            let mut longer = path.clone();
            longer.push(next.clone());
            if next == start {
                return Some(longer);
            }
            if seen.insert(next.clone()) {
                stack.push(longer);
            }
        }
    }
    None
}
