//! What a run left behind, as far as a requirement may read it.

use crate::design::{Design, Id};
use crate::result::flaw::flaws;
use crate::study::outcome::{Outcome, Scalar};
use crate::study::question::question;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What the record of a run says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub run: String,
    /// Position in the design's log that it was started at.
    pub version: u64,
    /// When, epoch milliseconds.
    pub created: i64,
    /// The study object, and its kind.
    pub study: Id,
    pub study_kind: String,
    /// Fingerprint of what it asked: [`question`](crate::study::question::question).
    pub question: String,
    /// Whether it ended with an answer: a run that failed, was cancelled or still runs has partial ones at most.
    pub finished: bool,
    /// BLAKE3 of the bytes of its answer, 64 hexadecimal digits.
    pub artefact: String,
}

/// Why bytes are no evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Unfit {
    #[error("what is stored is not what the run published: its hash is another")]
    Edited,
    #[error("what is stored cannot be read: {reason}")]
    Unreadable { reason: String },
}

/// The numbers of a run, and where they have no finite value.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    pub record: Record,
    /// Every number of the answer with its band, grade and state; or why there are none.
    pub(super) scalars: Result<Vec<Scalar>, Unfit>,
    /// States by id and label, in the order of the answer.
    pub(super) states: Vec<(String, String)>,
    /// States with a place where stress has no finite value.
    pub(super) singular: BTreeSet<String>,
}

impl Evidence {
    /// A number of the whole answer, SI; `None` where it does not say one.
    pub fn number(&self, id: &str) -> Option<f64> {
        let scalars = self.scalars.as_ref().ok()?;
        scalars.iter().find(|s| s.id == id && s.case.is_none()).map(|s| s.value).filter(|v| v.is_finite())
    }

    /// Whether the run answers what its study asks in `design`.
    pub fn is_fresh(&self, design: &Design) -> bool {
        question(design, &self.record.study).is_some_and(|asked| asked == self.record.question)
    }

    /// Reads the bytes of a run's surface part, which hold every number that it published.
    ///
    /// Bytes that are not those of the record, or not an answer, are kept as evidence of nothing, so that the verdict can
    /// say so.
    pub fn read(record: Record, bytes: &[u8]) -> Self {
        let outcome = if blake3::hash(bytes).to_hex().as_str() == record.artefact {
            Outcome::from_bytes(bytes).map_err(|e| Unfit::Unreadable { reason: e.to_string() })
        } else {
            Err(Unfit::Edited)
        };
        match outcome {
            Err(unfit) => Self { record, scalars: Err(unfit), states: Vec::new(), singular: BTreeSet::new() },
            Ok(outcome) => {
                let states: Vec<(String, String)> =
                    outcome.states.iter().map(|s| (s.id.clone(), s.label.clone())).collect();
                // A state that the answer does not list reads as all of them: then any such place counts.
                let of = outcome.scalars.iter().filter_map(|s| s.case.clone());
                let singular = of.filter(|id| !flaws(&outcome, Some(id)).is_empty()).collect();
                Self { record, scalars: Ok(outcome.scalars), states, singular }
            }
        }
    }
}
