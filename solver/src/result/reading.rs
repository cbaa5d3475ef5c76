//! A quantity of one state, or its envelope over all of them, at the points of a mesh.

use super::STRESS;
use super::frame::Frame;
use super::quantity::{Measure, Quantity};
use crate::study::outcome::{Field, Location, Outcome};
use serde::{Deserialize, Serialize};

/// What is made of the states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// One of them, the reading's `case`.
    #[default]
    State,
    /// Point by point the largest of all.
    Largest,
    Smallest,
    /// Point by point the number, from 0, of the state with the largest value.
    GoverningLargest,
    /// Of the state with the smallest.
    GoverningSmallest,
}

impl Over {
    /// Whether values are numbers of states, which have no between.
    pub fn counts(self) -> bool {
        matches!(self, Self::GoverningLargest | Self::GoverningSmallest)
    }

    /// Reduces the values of all states, in their order; NaN of those that say nothing.
    pub fn reduce(self, values: impl Iterator<Item = f64>) -> f64 {
        let mut best: Option<(usize, f64)> = None;
        for (k, v) in values.enumerate().filter(|(_, v)| v.is_finite()) {
            let better = match self {
                Self::State => false,
                Self::Largest | Self::GoverningLargest => best.is_some_and(|b| v > b.1),
                Self::Smallest | Self::GoverningSmallest => best.is_some_and(|b| v < b.1),
            };
            if best.is_none() || better {
                best = Some((k, v));
            }
        }
        best.map_or(f64::NAN, |(k, v)| if self.counts() { k as f64 } else { v })
    }
}

/// What is shown of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    pub quantity: Quantity,
    pub frame: Frame,
    /// Id of the state; `None` takes the first.
    pub case: Option<String>,
    pub over: Over,
}

/// The fields of one mesh that a reading takes.
pub struct Sources<'a> {
    /// One, or one for each state.
    pub fields: Vec<&'a Field>,
    quantity: Quantity,
    frame: Frame,
    over: Over,
}

/// The point fields `id` of `mesh`, one for each state in the order of the answer.
pub fn fields<'a>(outcomes: &[&'a Outcome], mesh: &str, id: &str) -> Vec<&'a Field> {
    let own = |f: &&Field| f.mesh == mesh && f.id == id && f.location == Location::Point;
    outcomes.iter().flat_map(|o| &o.fields).filter(own).collect()
}

impl Reading {
    /// A stored field of a state, along the axes of the model.
    pub fn stored(id: &str, case: Option<&str>) -> Self {
        Self { quantity: Quantity::stored(id), frame: Frame::Model, case: case.map(Into::into), over: Over::State }
    }

    /// Where it is read from on `mesh`, among the fields of `outcomes`; `None` where they have no such field.
    pub fn sources<'a>(&self, outcomes: &[&'a Outcome], mesh: &str) -> Option<Sources<'a>> {
        let mut quantity = self.quantity.clone();
        let mut all = fields(outcomes, mesh, quantity.field());
        if all.is_empty() {
            quantity = quantity.by_tensor()?;
            all = fields(outcomes, mesh, quantity.field());
        }
        if self.over == Over::State {
            let case = self.case.as_deref();
            // A field that belongs to no state serves every state, and no state takes the first.
            all.retain(|f| case.is_none_or(|case| f.case.as_deref().is_none_or(|c| c == case)));
            all.truncate(1);
        }
        (!all.is_empty()).then_some(Sources { fields: all, quantity, frame: self.frame, over: self.over })
    }

    /// Values at all `points` (world, m) of `mesh`, SI; NaN where nothing is known.
    pub fn on(&self, outcomes: &[&Outcome], mesh: &str, points: &[[f64; 3]]) -> Option<Vec<f32>> {
        let sources = self.sources(outcomes, mesh)?;
        let n = |f: &Field| usize::from(f.components).max(1);
        if sources.fields.iter().any(|f| f.values.len() != n(f) * points.len()) {
            return None;
        }
        let at = |i: usize| {
            sources.read(points[i], |f, out| {
                let values = &f.values[n(f) * i..];
                out.iter_mut().zip(values).for_each(|(o, v)| *o = f64::from(*v));
            }) as f32
        };
        Some((0..points.len()).map(at).collect())
    }
}

/// Adds von Mises and principal stresses wherever `outcome` has only the tensor, for programs that do not derive them.
pub fn derive(outcome: &mut Outcome) {
    let named = [
        ("von_mises", Measure::VonMises),
        ("principal_1", Measure::Principal(0)),
        ("principal_2", Measure::Principal(1)),
        ("principal_3", Measure::Principal(2)),
    ];
    let mut more = Vec::new();
    for field in outcome.fields.iter().filter(|f| f.id == STRESS && f.components == 6) {
        for (id, measure) in named {
            let quantity = Quantity::Stress(measure);
            let value = |c: &[f32]| {
                let c: [f64; 6] = std::array::from_fn(|k| f64::from(c[k]));
                quantity.read(&Frame::Model, &c, [0.0; 3]) as f32
            };
            more.push(Field {
                id: id.into(),
                label: quantity.label(&Frame::Model, ""),
                components: 1,
                values: field.values.chunks_exact(6).map(value).collect(),
                ..field.clone()
            });
        }
    }
    outcome.fields.extend(more);
}

impl Sources<'_> {
    /// The value at a place, world, m; `components` fills in those of a field there.
    pub fn read(&self, at: [f64; 3], components: impl Fn(&Field, &mut [f64])) -> f64 {
        let of = |f: &&Field| {
            let mut c = [0.0; 6];
            let n = usize::from(f.components).clamp(1, 6);
            components(f, &mut c[..n]);
            self.quantity.read(&self.frame, &c[..n], at)
        };
        match self.over {
            Over::State => self.fields.first().map_or(f64::NAN, of),
            over => over.reduce(self.fields.iter().map(of)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Dimension;
    use crate::study::outcome::Grade;

    fn field(id: &str, components: u8, case: &str, values: &[f32]) -> Field {
        Field {
            id: id.into(),
            label: id.into(),
            mesh: "skin".into(),
            location: Location::Point,
            components,
            dimension: Dimension::PRESSURE,
            case: Some(case.into()),
            grade: Grade::Verified,
            values: values.to_vec(),
        }
    }

    #[test]
    fn an_envelope_takes_the_worst_of_the_cases_and_knows_which() {
        let out = Outcome {
            fields: vec![
                field("von_mises", 1, "a", &[1.0, 5.0, f32::NAN]),
                field("von_mises", 1, "b", &[2.0, 3.0, 4.0]),
            ],
            ..Outcome::default()
        };
        let points = [[0.0; 3]; 3];
        let over = |over| {
            let reading = Reading { over, ..Reading::stored("von_mises", Some("b")) };
            reading.on(&[&out], "skin", &points).unwrap()
        };
        assert_eq!(over(Over::State), [2.0, 3.0, 4.0]);
        assert_eq!(over(Over::Largest), [2.0, 5.0, 4.0]);
        assert_eq!(over(Over::Smallest), [1.0, 3.0, 4.0]);
        assert_eq!(over(Over::GoverningLargest), [1.0, 0.0, 1.0]);
        assert_eq!(over(Over::GoverningSmallest), [0.0, 1.0, 1.0]);
        assert!(Reading::stored("von_mises", None).on(&[&out], "skin", &points[..2]).is_none(), "too few values");
        assert!(Reading::stored("heat", None).on(&[&out], "skin", &points).is_none());
    }

    #[test]
    fn what_is_not_stored_is_read_off_the_tensor() {
        let out =
            Outcome { fields: vec![field("stress", 6, "a", &[0.0, 0.0, 0.0, 0.0, 5.0, 0.0])], ..Outcome::default() };
        let at = [[0.0; 3]];
        let mises = Reading::stored("von_mises", Some("a")).on(&[&out], "skin", &at).unwrap()[0];
        assert!((mises - 75f32.sqrt()).abs() < 1e-5);
        let third = Reading { quantity: Quantity::Stress(Measure::Principal(2)), ..Reading::stored("", Some("a")) };
        assert!((third.on(&[&out], "skin", &at).unwrap()[0] + 5.0).abs() < 1e-5);
        assert!(Reading::stored("von_mises", Some("b")).on(&[&out], "skin", &at).is_none(), "of another case");
    }
}
