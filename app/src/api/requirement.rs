//! What a design must do, and whether runs show that it does. `GET /api/designs/{id}/requirements?sequence=`

use super::history::Author;
use serde::{Deserialize, Serialize};
use solver::requirement::{Judgement, Verdict};

/// Every requirement of a design with its verdict, in tree order; suppressed ones are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Judged {
    /// Position in the design's log that was judged.
    pub sequence: u64,
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<super::schema::Judgement>))]
    pub judgements: Vec<Judgement>,
}

/// Who made a waiver: the author of the edit that last said by whom it is, or why. The name in the waiver is what they typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Waived {
    pub by: Author,
    pub time: i64,
    /// Position in the log; of the design that this one was branched off from, where it was waived before.
    pub sequence: u64,
}

impl Judged {
    pub fn count(&self, verdict: Verdict) -> usize {
        self.judgements.iter().filter(|j| j.verdict == verdict).count()
    }
}
