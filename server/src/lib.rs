//! Brunel's server: one router that the binary serves and every test calls.

// The page's views are deeply nested types.
#![recursion_limit = "512"]

pub mod api;
pub mod auth;
pub mod backup;
pub mod blob;
pub mod clock;
pub mod config;
pub mod db;
pub mod demo;
pub mod doctor;
pub mod error;
pub mod id;
pub mod jobs;
pub mod picture;
pub mod release;
pub mod remote;
pub mod retention;
pub mod rooms;
mod setting;
pub mod standing;
pub mod state;
pub mod telemetry;
pub mod testing;
pub mod tls;
pub mod web;

pub use error::Error;
pub use state::State;

use axum::extract::DefaultBodyLimit;
use axum::response::IntoResponse as _;
use axum::routing::get;
use axum::{Router, middleware};
use std::sync::OnceLock;
use tracing::Instrument as _;
use utoipa_axum::router::OpenApiRouter;

/// Largest body of an ordinary request, bytes; uploads set their own.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Every API route with its documentation, before state and layers.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().merge(api::router()).merge(rooms::router()).merge(jobs::router())
}

/// The API's description, made once.
pub(crate) fn openapi_json() -> &'static str {
    static JSON: OnceLock<String> = OnceLock::new();
    JSON.get_or_init(|| {
        let mut openapi = routes().into_openapi();
        openapi.info.contact = None;
        openapi.info.title = "Brunel".to_owned();
        openapi.info.version = env!("CARGO_PKG_VERSION").to_owned();
        openapi.info.description =
            Some("All that the page does, for programs: the same rights, the same rules.".to_owned());
        openapi.to_json().unwrap_or_else(|error| {
            tracing::error!(%error, "the API's description cannot be written");
            "{}".to_owned()
        })
    })
}

/// The whole server as a service: what the binary binds to a port and tests call in memory.
pub fn router(state: State) -> Router {
    assemble(state, routes())
}

/// The server around `routes`. Tests hand in routes of their own to see that the gate holds.
pub fn assemble(state: State, routes: OpenApiRouter<State>) -> Router {
    let (routes, _openapi) = routes.split_for_parts();
    let gate = middleware::from_fn_with_state(state.clone(), gate);
    let api = routes
        .route("/metrics", get(api::health::metrics))
        .layer(gate)
        .layer(auth::session::layer(&state))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(to_the_end))
        .with_state(state.clone());
    let inner = api.clone();
    let pages = {
        let state = state.clone();
        move |request: axum::extract::Request| web::page::render(state.clone(), inner.clone(), request)
    };
    let outer = Router::new()
        .route("/healthz", get(api::health::healthz))
        .route("/assets/{*name}", get(web::asset::get))
        .with_state(state.clone())
        .merge(api)
        .fallback(pages);
    outer.layer(middleware::from_fn_with_state(state, headers)).layer(middleware::from_fn(telemetry::log::request))
}

/// What changes something is done to its end, also when whoever asked is gone: else a change could be committed, and the
/// sockets it closes, the rooms and the workers never told. Workers wait in their requests, and what they change has this
/// from the queue.
async fn to_the_end(request: axum::extract::Request, next: middleware::Next) -> axum::response::Response {
    if request.method().is_safe() || request.uri().path().starts_with("/api/worker/") {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request).in_current_span()).await {
        Ok(response) => response,
        Err(panic) => Error::internal(panic).into_response(),
    }
}

async fn gate(
    axum::extract::State(state): axum::extract::State<State>,
    request: axum::extract::Request,
    next: middleware::Next,
) -> axum::response::Response {
    auth::gate::pass(state, request, next).await
}

async fn headers(
    axum::extract::State(state): axum::extract::State<State>,
    request: axum::extract::Request,
    next: middleware::Next,
) -> axum::response::Response {
    web::header::add(state, request, next).await
}
