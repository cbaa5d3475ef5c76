//! The past of a design: its edits, named versions, branches, comparison, merge and return. `/api/designs/{id}/history`,
//! `…/versions`, `…/branches`, `…/compare`, `…/merge`, `…/restore`

use super::auth::Role;
use super::design::DesignState;
use serde::{Deserialize, Serialize};
use solver::design::compare::Part;
use solver::design::merge::{Conflict, Note};
use solver::design::{Id, Issue, Side};
use solver::quantity::Dimension;

/// Who made something, as lists show them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Author {
    pub id: String,
    pub name: String,
    pub hue: u16,
}

/// A version of a design: a position of its log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Point {
    pub design: String,
    /// What the design is called now.
    pub name: String,
    pub sequence: u64,
}

/// What an edit was made from, where it is more than a change of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum Provenance {
    /// This version of another branch came in.
    Merge { from: Point },
    /// The design went back to this version of its own.
    Restore { from: Point },
}

/// One entry of the log in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Edit {
    pub sequence: u64,
    pub time: i64,
    /// `Set Length x of Plate to 80 mm`.
    pub text: String,
}

/// Edits of one person that follow each other without a long pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Stretch {
    pub author: Author,
    /// Positions of its first and last entry.
    pub first: u64,
    pub last: u64,
    /// Times of the two, epoch milliseconds.
    pub since: i64,
    pub until: i64,
    /// What came of all of them, in words: `Plate: Length x: 100 mm → 80 mm`. The first few; empty where they cancel out.
    pub changes: Vec<String>,
    /// Changes that are not among those.
    pub n_more: usize,
    /// Where the stretch is one merge or return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// Newest first.
    pub edits: Vec<Edit>,
}

/// `GET /api/designs/{id}/history?before=` → `Page<Stretch>`, newest first.
///
/// A named version. `GET /api/designs/{id}/versions` → `Vec<Version>`, newest position first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Version {
    pub id: String,
    pub sequence: u64,
    pub name: String,
    pub note: String,
    pub author: Author,
    pub time: i64,
}

/// `POST /api/designs/{id}/versions`: gives a version a name for good.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NameVersion {
    pub name: String,
    #[serde(default)]
    pub note: String,
    /// Position in the log; now, when left out.
    #[serde(default)]
    pub sequence: Option<u64>,
}

/// `POST /api/designs/{id}/branches`: a design of its own that begins as this one was. Answers with its `DesignCard`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CreateBranch {
    pub name: String,
    /// Position in the log; now, when left out.
    #[serde(default)]
    pub sequence: Option<u64>,
}

/// A design that has a version in common with another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Branch {
    pub design: String,
    pub name: String,
    pub state: DesignState,
    /// The asking person's.
    pub role: Role,
    pub sequence: u64,
    pub changed: i64,
    pub changed_by: String,
    /// Where it was branched from; `None` for the first of its family, and for one whose origin the person may not see.
    pub origin: Option<Point>,
    /// Its edits that the design asked about has not taken.
    pub ahead: u64,
    /// Edits of the design asked about that this one has not taken.
    pub behind: u64,
}

/// `GET /api/designs/{id}/branches`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Branches {
    /// Where this design was branched from, and when.
    pub origin: Option<Point>,
    pub branched: Option<i64>,
    /// The others of its family that the person may see, last changed first.
    pub others: Vec<Branch>,
}

/// A number of a study's answer in two versions, SI. `None`: no answer there, or not this number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Reading {
    pub label: String,
    #[cfg_attr(feature = "ssr", schema(value_type = super::schema::Dimension))]
    pub dimension: Dimension,
    pub before: Option<f64>,
    pub after: Option<f64>,
}

/// The answers to one study in two versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Results {
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub study: Id,
    pub name: String,
    /// The finished run that answers exactly what the study asks in that version; `None`: there is none.
    pub before: Option<String>,
    pub after: Option<String>,
    pub readings: Vec<Reading>,
}

/// `GET /api/designs/{id}/compare?before=&with=&after=`: what is other in version `after` of this design than in version
/// `before` of the design `with` (this one, when left out).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Comparison {
    pub before: Point,
    pub after: Point,
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<super::schema::Part>))]
    pub parts: Vec<Part>,
    /// Only studies of which something is other.
    pub results: Vec<Results>,
}

/// Whose edit counts at a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Choice {
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub object: Id,
    pub key: String,
    #[cfg_attr(feature = "ssr", schema(value_type = super::schema::Side))]
    pub side: Side,
}

/// `POST /api/designs/{id}/merge` and `…/merge/preview`: brings a version of another branch into this design.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Merge {
    /// The other branch.
    pub from: String,
    /// Its version; now, when left out.
    #[serde(default)]
    pub sequence: Option<u64>,
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// Client id of the page that asks, so that it can take the merge back as an edit of its own.
    #[serde(default)]
    pub tab: Option<String>,
}

/// Answer of `POST /api/designs/{id}/merge/preview`; nothing is changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Preview {
    /// The newest version that both have in common; the first of them, where there are several.
    pub base: Point,
    pub ours: Point,
    pub theirs: Point,
    /// Both values of every property that both sides changed; those with a choice too.
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<super::schema::Conflict>))]
    pub conflicts: Vec<Conflict>,
    /// What the merge does of itself.
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<super::schema::MergeNote>))]
    pub notes: Vec<Note>,
    /// What would be wrong afterwards, and is in neither branch by itself.
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<super::schema::Issue>))]
    pub issues: Vec<Issue>,
    /// What would change here.
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<super::schema::Part>))]
    pub parts: Vec<Part>,
}

/// `POST /api/designs/{id}/restore`: back to an older version, as a new edit.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Restore {
    pub sequence: u64,
    /// As in [`Merge`].
    #[serde(default)]
    pub tab: Option<String>,
}

/// Answer of merge and restore: the version that came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Landed {
    pub sequence: u64,
}
