//! Runs: the queue with its leases, the workers, and what runs leave behind.
//!
//! ```text
//! person ── route ──▶ queue ◀── worker_route ── door ── worker ── attempt ── child ═pipe═ runner ── solver
//!                       │ lease (pure)                                └ teller
//!                       │ store (SQL)
//!                       └ live (memory) ── events ──▶ rooms, runs page
//! ```
//!
//! Only the server opens the database. Workers, on this host or another, speak HTTP with a token and the epoch of their
//! lease. Each run is solved in a process of its own, so that whatever a solver does to itself ends with that run.

mod answer;
mod artefact;
mod attempt;
mod check;
pub mod child;
mod desk;
pub mod doctor;
pub mod door;
mod event;
mod export;
mod figure;
pub mod frame;
mod host;
pub mod lease;
mod live;
mod pool;
mod queue;
mod report;
mod report_probe;
mod route;
pub mod runner;
pub mod store;
mod teller;
pub mod wire;
pub mod worker;
mod worker_route;

pub use answer::{answer_to, numbers_of};
pub use artefact::{Kind, artefacts};
pub use export::report_of;
pub use pool::spawn_local;
pub use queue::{BUDGET_MS, Question, Queue, Settings};
pub use route::{bytes_of, mark_stale};
pub use store::Stored;

use crate::State;
use utoipa_axum::router::OpenApiRouter;

/// Routes of runs, workers and the worker API.
pub fn router() -> OpenApiRouter<State> {
    route::router().merge(figure::router()).merge(worker_route::router())
}
