//! What can be read off an answer, and how it follows from the components of a field.

use super::STRESS;
use super::frame::Frame;
use super::tensor::{Tensor, principal, tresca, turned, von_mises};
use crate::quantity::Dimension;
use crate::study::outcome::{Field, Location, Outcome};
use glam::DVec3;
use serde::{Deserialize, Serialize};

/// A number that an answer has at every point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// A field as it is stored; of a vector its length.
    Stored(String),
    /// A vector field along one of the axes of a frame.
    Along(String, u8),
    /// Of the stress tensor.
    Stress(Measure),
}

/// A number that a stress tensor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// In the order xx, yy, zz, xy, yz, zx of the axes of a frame.
    Component(u8),
    /// 0, 1, 2: the largest, the middle, the smallest; tension is positive.
    Principal(u8),
    VonMises,
    /// Largest difference of principal stresses.
    Tresca,
    /// Half of that.
    MaxShear,
}

impl Measure {
    /// The number, Pa, of `stress` at `at`, world, m.
    pub fn of(self, stress: Tensor, frame: &Frame, at: [f64; 3]) -> f64 {
        match self {
            Self::Component(c) if *frame == Frame::Model => stress[usize::from(c).min(5)],
            Self::Component(c) => turned(stress, frame.axes(at))[usize::from(c).min(5)],
            Self::Principal(k) => principal(stress)[usize::from(k).min(2)],
            Self::VonMises => von_mises(stress),
            Self::Tresca => tresca(stress),
            Self::MaxShear => 0.5 * tresca(stress),
        }
    }
}

/// The pairs of axes that the components of a tensor belong to.
const PAIRS: [[usize; 2]; 6] = [[0, 0], [1, 1], [2, 2], [0, 1], [1, 2], [2, 0]];

impl Quantity {
    pub fn stored(id: &str) -> Self {
        Self::Stored(id.into())
    }

    /// Id of the field it is read from.
    pub fn field(&self) -> &str {
        match self {
            Self::Stored(id) | Self::Along(id, _) => id,
            Self::Stress(_) => STRESS,
        }
    }

    /// Whether it depends on the axes it is read along.
    pub fn turns(&self) -> bool {
        matches!(self, Self::Along(..) | Self::Stress(Measure::Component(_)))
    }

    /// The direction that belongs to it, by the number of its principal stress.
    pub fn principal(&self) -> Option<u8> {
        match self {
            Self::Stress(Measure::Principal(k)) => Some(*k),
            Self::Stored(id) if id == "principal_max" => Some(0),
            _ => None,
        }
    }

    /// Read off the tensor where the field itself is not stored: the same number, by the same name.
    pub fn by_tensor(&self) -> Option<Self> {
        match self {
            Self::Stored(id) if id == "von_mises" => Some(Self::Stress(Measure::VonMises)),
            Self::Stored(id) if id == "principal_max" => Some(Self::Stress(Measure::Principal(0))),
            _ => None,
        }
    }

    /// The number from the `components` of its field at `at`, world, m. The one place where it is computed.
    pub fn read(&self, frame: &Frame, components: &[f64], at: [f64; 3]) -> f64 {
        match self {
            Self::Stored(_) if components.len() == 1 => components[0],
            Self::Stored(_) => components.iter().map(|c| c * c).sum::<f64>().sqrt(),
            Self::Along(_, k) if components.len() == 3 => {
                DVec3::from_slice(components).dot(frame.axes(at)[usize::from(*k).min(2)])
            }
            Self::Stress(measure) if components.len() == 6 => {
                measure.of(std::array::from_fn(|c| components[c]), frame, at)
            }
            Self::Along(..) | Self::Stress(_) => f64::NAN,
        }
    }

    /// What a person calls it; `stored` is the label of the field it is read from.
    pub fn label(&self, frame: &Frame, stored: &str) -> String {
        let (letter, word) = (frame.letters(), frame.words());
        match self {
            Self::Stored(_) => stored.into(),
            Self::Along(_, k) => format!("{stored}, {}", word[usize::from(*k).min(2)]),
            Self::Stress(Measure::Component(c)) => {
                let [i, j] = PAIRS[usize::from(*c).min(5)];
                if i == j {
                    let straight = matches!(frame, Frame::Model | Frame::Axes { .. });
                    format!("Stress σ{}, {}", letter[i], if straight { "normal" } else { word[i] })
                } else {
                    format!("Shear stress τ{}{}", letter[i], letter[j])
                }
            }
            Self::Stress(Measure::Principal(k)) => {
                format!("Principal stress σ{}", ["₁, largest", "₂, middle", "₃, smallest"][usize::from(*k).min(2)])
            }
            Self::Stress(Measure::VonMises) => "Von Mises stress".into(),
            Self::Stress(Measure::Tresca) => "Tresca stress, σ₁ − σ₃".into(),
            Self::Stress(Measure::MaxShear) => "Largest shear stress, (σ₁ − σ₃) / 2".into(),
        }
    }

    /// A word that names it in addresses and lists; [`Self::from_key`] reads it back.
    pub fn key(&self) -> String {
        match self {
            Self::Stored(id) => id.clone(),
            Self::Along(id, k) => format!("{id}.{k}"),
            Self::Stress(Measure::Component(c)) => format!("stress.{c}"),
            Self::Stress(Measure::Principal(k)) => format!("stress.p{k}"),
            Self::Stress(Measure::VonMises) => "stress.mises".into(),
            Self::Stress(Measure::Tresca) => "stress.tresca".into(),
            Self::Stress(Measure::MaxShear) => "stress.shear".into(),
        }
    }

    pub fn from_key(key: &str) -> Self {
        let digit = |text: &str, below: u8| text.parse::<u8>().ok().filter(|k| *k < below);
        match key.split_once('.') {
            Some((STRESS, "mises")) => Self::Stress(Measure::VonMises),
            Some((STRESS, "tresca")) => Self::Stress(Measure::Tresca),
            Some((STRESS, "shear")) => Self::Stress(Measure::MaxShear),
            Some((STRESS, tail)) => match (digit(tail, 6), tail.strip_prefix('p').and_then(|t| digit(t, 3))) {
                (Some(c), _) => Self::Stress(Measure::Component(c)),
                (_, Some(k)) => Self::Stress(Measure::Principal(k)),
                _ => Self::Stored(key.into()),
            },
            Some((id, tail)) => digit(tail, 3).map_or_else(|| Self::Stored(key.into()), |k| Self::Along(id.into(), k)),
            None => Self::Stored(key.into()),
        }
    }

    /// What `outcome` can show, in the order to offer it: the stored fields, displacement by its components, and with
    /// `stress` what follows from the tensor.
    pub fn offered(outcome: &Outcome, stress: bool) -> Vec<Choice> {
        let mut out: Vec<Choice> = Vec::new();
        let mut push = |quantity: Quantity, field: &Field| {
            if !out.iter().any(|c| c.quantity == quantity) {
                out.push(Choice { quantity, stored: field.label.clone(), dimension: field.dimension });
            }
        };
        for field in outcome.fields.iter().filter(|f| f.location == Location::Point && f.components < 6) {
            push(Self::Stored(field.id.clone()), field);
        }
        for field in outcome.fields.iter().filter(|f| f.location == Location::Point && f.components == 3) {
            (0..3).for_each(|k| push(Self::Along(field.id.clone(), k), field));
        }
        if stress {
            let all = (0..6)
                .map(Measure::Component)
                .chain((0..3).map(Measure::Principal))
                .chain([Measure::Tresca, Measure::MaxShear]);
            for measure in all {
                out.push(Choice {
                    quantity: Self::Stress(measure),
                    stored: "Stress".into(),
                    dimension: Dimension::PRESSURE,
                });
            }
            // The same number would stand there twice.
            out.retain(|c| c.quantity != Self::stored("principal_max"));
        }
        out
    }
}

/// One of the quantities to choose from.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub quantity: Quantity,
    /// Label of the field it is read from.
    pub stored: String,
    pub dimension: Dimension,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_back() {
        let all = (0..6).map(Measure::Component).chain((0..3).map(Measure::Principal)).chain([
            Measure::VonMises,
            Measure::Tresca,
            Measure::MaxShear,
        ]);
        let stored = [Quantity::stored("von_mises"), Quantity::Along("displacement".into(), 2)];
        for quantity in all.map(Quantity::Stress).chain(stored) {
            assert_eq!(Quantity::from_key(&quantity.key()), quantity);
        }
        // What nobody offered is a field that no answer has.
        assert_eq!(Quantity::from_key("stress.9"), Quantity::stored("stress.9"));
        assert_eq!(Quantity::from_key("displacement.7"), Quantity::stored("displacement.7"));
    }

    #[test]
    fn a_pressurised_tube_pulls_round_itself() {
        // At (0, r, 0) about z, hoop is along −x: σxx there is the hoop stress.
        let frame = Frame::Cylinder { point: [0.0; 3], axis: [0.0, 0.0, 1.0] };
        let stress = [90.0, -10.0, 40.0, 0.0, 0.0, 0.0];
        let read = |measure| Quantity::Stress(measure).read(&frame, &stress, [0.0, 0.05, 0.0]);
        assert!((read(Measure::Component(0)) + 10.0).abs() < 1e-12, "radial");
        assert!((read(Measure::Component(1)) - 90.0).abs() < 1e-12, "hoop");
        assert!((read(Measure::Component(2)) - 40.0).abs() < 1e-12, "axial");
        assert!((read(Measure::Tresca) - 100.0).abs() < 1e-9 && (read(Measure::MaxShear) - 50.0).abs() < 1e-9);
        let moved = Quantity::Along("displacement".into(), 0).read(&frame, &[3.0, 4.0, 0.0], [0.0, 0.05, 0.0]);
        assert_eq!(moved, 4.0);
        assert_eq!(Quantity::stored("displacement").read(&frame, &[3.0, 4.0, 0.0], [0.0; 3]), 5.0);
        assert_eq!(Quantity::Stress(Measure::Component(1)).label(&frame, ""), "Stress σθ, hoop");
    }
}
