//! How all designs stand, by evidence. `GET /api/board`, `GET /api/board/{design}`

use super::design::Here;
use super::release::Standing as Revisions;
use super::requirement::Waived;
use super::run::Run;
use serde::{Deserialize, Serialize};
use solver::quantity::Dimension;
use solver::requirement::{Verdict, Waiver};
use std::collections::BTreeMap;

/// How many requirements there are of each verdict; waived ones that are not met stand apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Counts {
    pub met: u32,
    pub indicated: u32,
    /// Not met, or without a finite value.
    pub not_met: u32,
    pub stale: u32,
    pub no_evidence: u32,
    pub waived: u32,
}

impl Counts {
    pub fn of(lines: &[Line]) -> Self {
        let mut out = Self::default();
        for line in lines {
            let n = match line.verdict {
                Verdict::Met => &mut out.met,
                _ if line.waived => &mut out.waived,
                Verdict::Indicated => &mut out.indicated,
                Verdict::NotMet | Verdict::NoFiniteValue => &mut out.not_met,
                Verdict::Stale => &mut out.stale,
                Verdict::NoEvidence => &mut out.no_evidence,
            };
            *n += 1;
        }
        out
    }

    pub fn total(&self) -> u32 {
        self.met + self.indicated + self.not_met + self.stale + self.no_evidence + self.waived
    }

    /// Neither met nor waived, the optional ones too.
    pub fn open(&self) -> u32 {
        self.total() - self.met - self.waived
    }

    /// Something is required, and all of it is met or waived.
    pub fn is_all_met(&self) -> bool {
        self.total() > 0 && self.open() == 0
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.met += other.met;
        self.indicated += other.indicated;
        self.not_met += other.not_met;
        self.stale += other.stale;
        self.no_evidence += other.no_evidence;
        self.waived += other.waived;
    }
}

/// One requirement of a design. Values are SI.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Line {
    pub requirement: String,
    pub name: String,
    #[cfg_attr(feature = "ssr", schema(value_type = super::schema::Verdict))]
    pub verdict: Verdict,
    /// When the verdict became this one, epoch milliseconds.
    pub since: i64,
    /// Since when it stands in the way of a release, whatever its verdicts meanwhile, epoch milliseconds; absent while it does not.
    #[serde(default)]
    pub open_since: Option<i64>,
    pub reason: String,
    #[cfg_attr(feature = "ssr", schema(value_type = super::schema::Dimension))]
    pub dimension: Dimension,
    pub value: Option<f64>,
    pub error: Option<f64>,
    pub limit: Option<f64>,
    /// The margin less the band, as a share of the limit; negative beyond it.
    pub reserve: Option<f64>,
    pub mandatory: bool,
    pub waived: bool,
    /// By whom and why, as it was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ssr", schema(value_type = Option<super::schema::Waiver>))]
    pub waiver: Option<Waiver>,
    /// On the page of one design: who made the waiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived_by: Option<Waived>,
    pub owner: String,
    pub run: Option<String>,
}

impl Line {
    /// It stands in the way of a release.
    pub fn is_blocking(&self) -> bool {
        self.mandatory && !self.waived && self.verdict != Verdict::Met
    }
}

/// How a design stood at a time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Moment {
    pub time: i64,
    pub sequence: u64,
    pub counts: Counts,
    /// Smallest of all requirements that have a value.
    pub reserve: Option<f64>,
    /// That of each requirement that has a value, by its id. Not in lists of many designs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reserves: BTreeMap<String, f64>,
    /// Of the newest answer to what the design asks now, kg.
    pub mass: Option<f64>,
}

/// What stands in the way longest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Blocked {
    pub requirement: String,
    pub name: String,
    #[cfg_attr(feature = "ssr", schema(value_type = super::schema::Verdict))]
    pub verdict: Verdict,
    /// Since when it stands in the way, whatever its verdicts meanwhile.
    pub since: i64,
}

/// Runs of a design, in sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Runs {
    pub n: u32,
    /// Queued or under way.
    pub active: u32,
    /// Failed or dead.
    pub failed: u32,
    pub core_seconds: f64,
    /// When the last one ended.
    pub last: Option<i64>,
}

/// Someone who edited or ran a design in the last 14 days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Contributor {
    pub person: String,
    pub name: String,
    pub hue: u16,
    pub n_edits: u32,
    pub n_runs: u32,
    /// The last of them, epoch milliseconds.
    pub last: i64,
}

/// One design on the board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Row {
    pub design: String,
    pub name: String,
    pub project: String,
    pub project_name: String,
    pub sequence: u64,
    pub changed: i64,
    pub changed_by: String,
    pub here: Vec<Here>,
    /// Who worked on it lately, the last one first.
    #[serde(default)]
    pub people: Vec<Contributor>,
    /// As it stands; absent until it was first looked at.
    pub now: Option<Moment>,
    /// What was looked at is not the newest any more; it is being looked at.
    pub behind: bool,
    pub blocked: Option<Blocked>,
    pub runs: Runs,
    /// Oldest first; the last ones.
    pub course: Vec<Moment>,
    /// The released revision, and the one in the making.
    #[serde(default)]
    pub release: Revisions,
}

/// Every design that the asking person may see and that is in work, last changed first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Board {
    pub rows: Vec<Row>,
}

/// One design for someone who does not open the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Sheet {
    /// When this was read, epoch milliseconds: what stood then last holds until then.
    pub time: i64,
    pub row: Row,
    pub lines: Vec<Line>,
    /// Newest first.
    pub runs: Vec<Run>,
}
