//! Runs and workers. `/api/designs/{id}/runs`, `/api/runs/*`, `/api/workers`

use serde::{Deserialize, Serialize};
use solver::run::{Asked, Report};

/// `POST /api/designs/{id}/runs`. Answers with a [`Run`], at once `done` when the same question was answered before.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct StartRun {
    /// Id of the study object.
    pub study: String,
    /// A paused run of this study whose last checkpoint is where this one begins: with other limits, from the design found so
    /// far. It takes that run's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum RunState {
    Queued,
    Running,
    /// Laid aside by a person, to go on from its last checkpoint.
    Paused,
    Done,
    Failed,
    Cancelled,
    /// Gave up after three attempts.
    Dead,
}

impl RunState {
    pub fn ended(self) -> bool {
        !matches!(self, Self::Queued | Self::Running | Self::Paused)
    }
}

/// `GET /api/runs?design=&state=&after=`, `GET /api/runs/{id}`; `POST /api/runs/{id}/{cancel,pause,resume,finish}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Run {
    pub id: String,
    pub design: String,
    pub design_name: String,
    /// Log position the run was started at.
    pub sequence: u64,
    /// Fingerprint of the design: equal fingerprints, same question.
    pub fingerprint: String,
    pub study: String,
    pub study_name: String,
    pub study_kind: String,
    pub study_version: u32,
    pub state: RunState,
    /// 0 for the next to be taken; only while queued.
    #[serde(default)]
    pub queue_position: Option<u32>,
    pub attempt: u32,
    pub by: String,
    pub by_name: String,
    pub created: i64,
    pub started: Option<i64>,
    pub ended: Option<i64>,
    pub phase: Option<String>,
    pub fraction: f64,
    /// Last words of a failed run.
    pub message: Option<String>,
    pub worker: Option<String>,
    pub core_seconds: Option<f64>,
    pub memory_bytes: Option<u64>,
    /// Answered from the store, without solving again.
    pub cached: bool,
    /// Hash of the outcome's surface artefact, `GET /api/runs/{id}/artefacts/surface`.
    pub artefact: Option<String>,
    /// The design has moved on in a way that could change the answer.
    pub stale: bool,
    /// It keeps checkpoints: it can be paused, resumed, and finished early.
    #[serde(default)]
    pub resumable: bool,
    /// What it was asked to do and has not done yet.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(value_type = super::schema::Asked))]
    pub asked: Asked,
    pub seed: u64,
    pub instruction_set: Option<String>,
}

/// What streams to the room while a run goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum RunEvent {
    /// State changed; carries the whole run.
    State {
        run: Box<Run>,
    },
    /// Progress, residual, log. A partial's surface is fetched: `GET /api/runs/{id}/artefacts/partial?level=`.
    Report {
        run: String,
        #[cfg_attr(feature = "ssr", schema(value_type = super::schema::Report))]
        report: Report,
    },
    Partial {
        run: String,
        level: u32,
    },
}

impl PartialEq for RunEvent {
    fn eq(&self, other: &Self) -> bool {
        // Only tests compare messages; their JSON is what matters.
        serde_json::to_string(self).ok() == serde_json::to_string(other).ok()
    }
}

/// `POST /api/designs/{id}/preflight` with [`StartRun`]: the checklist before a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Preflight {
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<super::schema::Issue>))]
    pub issues: Vec<solver::design::Issue>,
    pub memory_bytes: u64,
    pub core_seconds: f64,
    pub dofs: u64,
}

/// `GET /api/workers`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Worker {
    pub id: String,
    pub host: String,
    pub cores: u32,
    pub instruction_set: String,
    pub seen: i64,
    pub healthy: bool,
    pub run: Option<String>,
    pub runs_done: u64,
}
