//! Runs: queue, leases, workers, artefacts.

pub mod worker;

use crate::{Error, State};
use utoipa_axum::router::OpenApiRouter;

/// The queue of runs.
#[derive(Default)]
pub struct Queue {}

impl Queue {
    /// Recovers leases and starts background work; called once by `State::start`.
    ///
    /// # Errors
    /// When the queue cannot be read.

    pub async fn start(&self, _state: &State) -> Result<(), Error> {
        Ok(())
    }
}

/// Routes of runs, workers and the worker API.
pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
}

/// Starts `count` local worker processes that connect to `url`, and keeps that many alive.
///
/// # Errors
/// When this binary cannot be started again.
pub fn spawn_local(_state: &State, _count: usize, _url: &str) -> anyhow::Result<()> {
    Ok(())
}
