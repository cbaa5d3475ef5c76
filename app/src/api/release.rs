//! Releases: versions that named people approved by evidence. `/api/designs/{id}/releases`, `/api/releases/{id}`

use super::history::Author;
use super::requirement::Waived;
use serde::{Deserialize, Serialize};
use solver::requirement::{Judgement, Verdict};

/// Where a release stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum Stage {
    /// Being prepared; its version may still be another.
    Draft,
    /// Its approvers have been asked; version, results and reports are frozen.
    Review,
    /// The revision that counts.
    Released,
    /// A later revision took its place.
    Superseded,
    /// Given up before it was released; its letter is free again.
    Withdrawn,
}

impl Stage {
    pub fn label(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Review => "in review",
            Self::Released => "released",
            Self::Superseded => "superseded",
            Self::Withdrawn => "withdrawn",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum Decision {
    Approve,
    Reject,
}

/// Someone whose approval it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Approval {
    pub person: Author,
    /// In the review under way; `None` until decided.
    pub decision: Option<Decision>,
    pub remark: String,
    pub time: Option<i64>,
}

/// One requirement with its verdict on exactly the version of the release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Proof {
    pub name: String,
    #[cfg_attr(feature = "ssr", schema(value_type = super::schema::Judgement))]
    pub judgement: Judgement,
    /// Of a waiver: who made it. Absent where that was before the design was copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived: Option<Waived>,
}

impl Proof {
    /// It stands in the way of the release.
    pub fn is_blocking(&self) -> bool {
        let found = &self.judgement;
        found.mandatory && found.waiver.is_none() && found.verdict != Verdict::Met
    }
}

/// How a requirement that the revision before was held to does not hold this one, or not as it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum How {
    Suppressed,
    Removed,
    /// Mandatory no more.
    Optional,
    /// Something else is asked.
    Changed,
}

impl How {
    pub fn label(self) -> &'static str {
        match self {
            Self::Suppressed => "suppressed",
            Self::Removed => "removed",
            Self::Optional => "made optional",
            Self::Changed => "changed",
        }
    }
}

/// A requirement that is asked for no more, not with force, or otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Dropped {
    pub name: String,
    pub how: How,
    /// A line for each thing that is asked otherwise, as it is and as it was; empty for other ways.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
}

/// Bytes that the release keeps. `GET /api/releases/{id}/artefacts/{hash}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Kept {
    /// The run whose they are; empty for the design itself.
    pub run: String,
    /// What the run's study, or the design, was called.
    pub name: String,
    /// `design`, `report`, or what the run left: `surface`, `tensor`, `volume`, `deck`, `log`.
    pub kind: String,
    /// BLAKE3, 64 hexadecimal digits.
    pub hash: String,
    pub bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum Happened {
    Drafted,
    Changed,
    Submitted,
    Approved,
    Rejected,
    /// Back to the draft, by an approver's rejection or because someone took it back.
    Returned,
    Released,
    Superseded,
    Withdrawn,
}

/// One thing that happened to a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Happening {
    pub time: i64,
    pub by: Author,
    pub what: Happened,
    pub remark: String,
}

/// What the asking person may do to a release now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct May {
    pub change: bool,
    pub submit: bool,
    pub decide: bool,
    pub take_back: bool,
    pub withdraw: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Release {
    pub id: String,
    pub design: String,
    pub revision: String,
    /// Log position that is released.
    pub sequence: u64,
    pub stage: Stage,
    pub note: String,
    pub author: Author,
    pub created: i64,
    pub changed: i64,
    pub released: Option<i64>,
    pub approvals: Vec<Approval>,
    /// As they are now in a draft; as they were frozen from the review on.
    pub proofs: Vec<Proof>,
    /// What is asked for no more, or otherwise, since the revision `since`; without one, what is suppressed. As it is now in a draft, as it was
    /// frozen from the review on.
    #[serde(default)]
    pub dropped: Vec<Dropped>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Empty in a draft.
    pub kept: Vec<Kept>,
    /// Oldest first.
    pub course: Vec<Happening>,
    pub may: May,
}

/// `GET /api/designs/{id}/releases`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Releases {
    /// Newest first.
    pub items: Vec<Release>,
    /// The letters that the next one gets.
    pub next: String,
    /// The asking person may draft one now: they have the right, and none is in the making.
    pub may_draft: bool,
    /// Who can be named as an approver of what the asking person submits.
    pub approvers: Vec<Author>,
}

/// `POST /api/designs/{id}/releases`: drafts the next revision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct DraftRelease {
    /// Position in the log; now, when left out.
    #[serde(default)]
    pub sequence: Option<u64>,
    /// What is new in it.
    #[serde(default)]
    pub note: String,
    /// Ids of the people whose approval it takes.
    #[serde(default)]
    pub approvers: Vec<String>,
}

/// `PATCH /api/releases/{id}`: changes a draft. What is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ChangeRelease {
    #[serde(default)]
    pub sequence: Option<u64>,
    #[serde(default)]
    pub note: Option<String>,
    #[serde(default)]
    pub approvers: Option<Vec<String>>,
}

/// `POST /api/releases/{id}/decide`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Decide {
    pub decision: Decision,
    /// Needed for a rejection.
    #[serde(default)]
    pub remark: String,
}

/// `POST /api/releases/{id}/return` and `…/withdraw`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Reason {
    pub reason: String,
}

/// The releases of a design as lists show them: what counts, and what is in the making.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Standing {
    /// The released revision, and its log position.
    pub current: Option<Revision>,
    /// The one in the making, and whether it is in review.
    pub open: Option<Revision>,
    pub in_review: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Revision {
    pub letters: String,
    pub sequence: u64,
}
