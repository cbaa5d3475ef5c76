//! What a design must do, and whether runs show that it does. `GET /api/designs/{id}/requirements?sequence=`

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

impl Judged {
    pub fn count(&self, verdict: Verdict) -> usize {
        self.judgements.iter().filter(|j| j.verdict == verdict).count()
    }
}
