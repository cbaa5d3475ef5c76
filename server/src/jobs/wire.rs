//! What workers and the server say to each other. `/api/worker/*`, JSON with the worker's token as bearer; every word
//! about a run carries the lease's epoch.

use serde::{Deserialize, Serialize};
use solver::design::Design;
use solver::run::{Asked, Report};

/// Version of these messages; a worker of another one is told to update.
pub const PROTOCOL: u32 = 2;
/// Longest time a claim or heartbeat waits at the server, ms.
pub const WAIT_MS_MAX: u64 = 25_000;
/// Most reports in one message.
pub const REPORTS_MAX: usize = 2_000;
/// Largest surface or partial, bytes (§7 of the order: a surface is at most 1 MB; generous for many load cases).
pub const SURFACE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Largest volume artefact, bytes.
pub const VOLUME_BYTES_MAX: usize = super::frame::PAYLOAD_BYTES_MAX as usize;

/// Who is asking for work.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Hello {
    pub protocol: u32,
    /// Random, per worker process.
    pub worker: String,
    pub host: String,
    pub cores: u32,
    pub instruction_set: String,
    /// Version of the program.
    pub version: String,
    pub memory_bytes: u64,
    /// Study kinds it can solve, each with its version: a run of another version is left for another worker.
    pub studies: Vec<(String, u32)>,
}

/// `POST /api/worker/claim`: waits until there is work or `wait_ms` has passed. Answers with an [`Assignment`] or `null`.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Claim {
    #[serde(flatten)]
    pub hello: Hello,
    pub wait_ms: u64,
}

/// One run, leased.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Assignment {
    pub run: String,
    pub epoch: u64,
    pub attempt: u32,
    pub lease_ms: i64,
    #[schema(value_type = app::api::schema::Design)]
    pub design: Design,
    /// Id of the study object.
    pub study: String,
    pub seed: u64,
    /// Wall-clock limit, ms.
    pub budget_ms: u64,
    /// Imported files the design needs: `GET /api/worker/files/{hash}?run=&epoch=`.
    pub files: Vec<String>,
    /// Hash of the checkpoint to go on from; read like a file.
    #[serde(default)]
    pub checkpoint: Option<String>,
    /// What is asked of the run from its beginning.
    #[serde(default)]
    #[schema(value_type = app::api::schema::Asked)]
    pub asked: Asked,
}

/// Names the lease a message belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Lease {
    pub run: String,
    pub epoch: u64,
}

/// `POST /api/worker/heartbeat`: waits up to `wait_ms`, but answers a cancel at once.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Heartbeat {
    #[serde(flatten)]
    pub lease: Lease,
    pub wait_ms: u64,
}

/// `POST /api/worker/report`
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reports {
    #[serde(flatten)]
    pub lease: Lease,
    /// Progress, residuals, log lines, in order; partials travel as bytes, `PUT /api/worker/partials/{level}?run=&epoch=`.
    #[schema(value_type = Vec<app::api::schema::Report>)]
    pub reports: Vec<Report>,
}

/// What the server wants of the worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    #[default]
    Continue,
    /// Keep a checkpoint, stop and say so.
    Pause,
    /// Answer with what there is.
    Finish,
    /// Someone cancelled: stop and say so.
    Cancel,
    /// The lease is over: drop everything, another worker has it or it has ended.
    Drop,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Heard {
    pub wish: Wish,
}

/// `POST /api/worker/publish`: the artefacts are uploaded (`PUT /api/worker/artefacts/{hash}?run=&epoch=`); make them
/// the answer.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Publish {
    #[serde(flatten)]
    pub lease: Lease,
    pub surface: String,
    #[serde(default)]
    pub tensor: Option<String>,
    #[serde(default)]
    pub volume: Option<String>,
    #[serde(default)]
    pub deck: Option<String>,
    #[serde(default)]
    pub growth: Option<String>,
    pub core_seconds: f64,
    pub memory_bytes: u64,
    pub instruction_set: String,
}

/// `POST /api/worker/checkpoint`: the bytes are uploaded (`PUT /api/worker/artefacts/{hash}?run=&epoch=`); the next attempt
/// goes on from them.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Checkpoint {
    #[serde(flatten)]
    pub lease: Lease,
    pub hash: String,
}

/// `POST /api/worker/end`: no answer will come under this lease.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct End {
    #[serde(flatten)]
    pub lease: Lease,
    #[serde(flatten)]
    pub how: Ending,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Ending {
    /// The solver refuses; trying again would not help.
    Failed { message: String },
    /// The solver broke down.
    Crashed { message: String },
    /// Stopped as asked.
    Stopped,
    /// Paused as asked; the last checkpoint tells where.
    Paused,
    /// The worker is shutting down.
    Released,
}
