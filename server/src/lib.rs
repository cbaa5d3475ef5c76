//! Brunel's server: one router that the binary serves and every test calls.

pub mod api;
pub mod auth;
pub mod blob;
pub mod clock;
pub mod config;
pub mod db;
pub mod error;
pub mod id;
pub mod jobs;
pub mod rooms;
pub mod state;

pub use error::Error;
pub use state::State;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;

/// Every API route with its documentation, before state and layers.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().merge(api::router()).merge(rooms::router()).merge(jobs::router())
}

/// The whole server as a service: what the binary binds to a port and tests call in memory.
pub fn router(state: State) -> Router {
    let (router, _openapi) = routes().split_for_parts();
    router.with_state(state)
}
