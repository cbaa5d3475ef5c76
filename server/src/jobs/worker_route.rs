//! The worker API: claim, heartbeat, report, upload, publish, end. Workers only, by their token; every word about a run
//! is fenced by the lease's epoch.

use super::queue::{document, files};
use super::wire::{
    Assignment, Checkpoint, Claim, End, Heard, Heartbeat, Lease, PROTOCOL, Publish, REPORTS_MAX, Reports,
    SURFACE_BYTES_MAX, VOLUME_BYTES_MAX, WAIT_MS_MAX, Wish,
};
use crate::auth::{Action, Actor, Object, can};
use crate::{Error, State};
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest message, bytes: a batch of reports.
const JSON_BYTES_MAX: usize = 8 * 1024 * 1024;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(claim))
        .routes(routes!(heartbeat))
        .routes(routes!(report))
        .routes(routes!(partial))
        .routes(routes!(artefact))
        .routes(routes!(file))
        .routes(routes!(checkpoint))
        .routes(routes!(publish))
        .routes(routes!(end))
}

/// Reads a body of at most `max` bytes. Bodies and addresses are read after the policy has been asked: a stranger can
/// neither fill the memory nor learn from a refusal.
async fn bytes(body: Body, max: usize) -> Result<Bytes, Error> {
    to_bytes(body, max)
        .await
        .map_err(|_| Error::TooLarge(format!("at most {} are taken here", super::host::size(max as u64))))
}

async fn json<T: DeserializeOwned>(body: Body) -> Result<T, Error> {
    let bytes = bytes(body, JSON_BYTES_MAX).await?;
    serde_json::from_slice(&bytes).map_err(|e| Error::invalid(format!("this message cannot be read: {e}")))
}

fn lease(query: Result<Query<Lease>, QueryRejection>) -> Result<Lease, Error> {
    query.map(|Query(lease)| lease).map_err(|e| Error::field("run", format!("name the lease: {e}")))
}

fn wait(ms: u64) -> Duration {
    Duration::from_millis(ms.min(WAIT_MS_MAX))
}

fn heard(wish: Wish) -> Json<Heard> {
    Json(Heard { wish })
}

/// Waits for a run to solve.
#[utoipa::path(post, path = "/api/worker/claim", request_body = Claim,
    responses((status = 200, description = "A run with its design, or null", body = Option<Assignment>)), tag = "worker")]
async fn claim(state: State, actor: Actor, body: Body) -> Result<Json<Option<Assignment>>, Error> {
    can(&state, &actor, Action::Work, Object::Queue).await?;
    let claim: Claim = json(body).await?;
    if claim.hello.protocol != PROTOCOL {
        state.jobs.board().greet(&claim.hello, state.now());
        return Err(Error::invalid(format!(
            "this worker (version {}) speaks protocol {}, the server {PROTOCOL}; install the server's version",
            claim.hello.version, claim.hello.protocol
        )));
    }
    state.jobs.claim(&state, &claim.hello, wait(claim.wait_ms)).await.map(Json)
}

/// Keeps a lease alive; answers at once when the run was cancelled.
#[utoipa::path(post, path = "/api/worker/heartbeat", request_body = Heartbeat, responses((status = 200, body = Heard)), tag = "worker")]
async fn heartbeat(state: State, actor: Actor, body: Body) -> Result<Json<Heard>, Error> {
    can(&state, &actor, Action::Work, Object::Queue).await?;
    let beat: Heartbeat = json(body).await?;
    state.jobs.heartbeat(&state, &beat.lease, wait(beat.wait_ms)).await.map(heard)
}

/// Progress, residuals and log lines.
#[utoipa::path(post, path = "/api/worker/report",
    request_body = Reports, responses((status = 200, body = Heard)), tag = "worker")]
async fn report(state: State, actor: Actor, body: Body) -> Result<Json<Heard>, Error> {
    can(&state, &actor, Action::Work, Object::Queue).await?;
    let mut reports: Reports = json(body).await?;
    reports.reports.truncate(REPORTS_MAX);
    Ok(heard(state.jobs.report(&reports.lease, reports.reports)))
}

/// An intermediate answer; it replaces the one before and is never a result.
#[utoipa::path(put, path = "/api/worker/partials/{level}", params(("level" = u32, Path), Lease),
    request_body(content_type = "application/octet-stream"), responses((status = 200, body = Heard)), tag = "worker")]
async fn partial(
    state: State,
    actor: Actor,
    Path(level): Path<String>,
    query: Result<Query<Lease>, QueryRejection>,
    body: Body,
) -> Result<Json<Heard>, Error> {
    can(&state, &actor, Action::Work, Object::Queue).await?;
    let lease = lease(query)?;
    let level = level.parse().map_err(|_| Error::field("level", "the level is a whole number"))?;
    let bytes = bytes(body, SURFACE_BYTES_MAX).await?;
    Ok(heard(state.jobs.partial(&lease, level, bytes)))
}

/// Stores bytes under the hash they must have.
#[utoipa::path(put, path = "/api/worker/artefacts/{hash}", params(("hash" = String, Path), Lease),
    request_body(content_type = "application/octet-stream"), responses((status = 200, body = Heard)), tag = "worker")]
async fn artefact(
    state: State,
    actor: Actor,
    Path(hash): Path<String>,
    query: Result<Query<Lease>, QueryRejection>,
    body: Body,
) -> Result<Json<Heard>, Error> {
    can(&state, &actor, Action::Work, Object::Queue).await?;
    state.jobs.holds(&state, &lease(query)?).await?;
    let bytes = bytes(body, VOLUME_BYTES_MAX).await?;
    let found = {
        let bytes = bytes.clone();
        tokio::task::spawn_blocking(move || blake3::hash(&bytes).to_hex().to_string()).await.map_err(Error::internal)?
    };
    if found != hash {
        return Err(Error::field("hash", "these bytes have another hash; they were damaged on the way"));
    }
    state.blobs.put(bytes).await?;
    Ok(heard(Wish::Continue))
}

/// An imported file of the run's design, or the run's checkpoint.
#[utoipa::path(get, path = "/api/worker/files/{hash}", params(("hash" = String, Path), Lease),
    responses((status = 200, content_type = "application/octet-stream")), tag = "worker")]
async fn file(
    state: State,
    actor: Actor,
    Path(hash): Path<String>,
    query: Result<Query<Lease>, QueryRejection>,
) -> Result<Bytes, Error> {
    can(&state, &actor, Action::Work, Object::Queue).await?;
    let run = state.jobs.holds(&state, &lease(query)?).await?;
    // A worker's lease opens this run's checkpoint and this design's files, and no others.
    if run.checkpoint.as_ref() != Some(&hash) && !files(&document(&state, &run).await?).contains(&hash) {
        return Err(Error::NotFound("file"));
    }
    state.blobs.get(&hash).await?.ok_or(Error::NotFound("file"))
}

/// Makes uploaded bytes the state that the next attempt goes on from; 409 when the lease is over.
#[utoipa::path(post, path = "/api/worker/checkpoint", request_body = Checkpoint,
    responses((status = 200, body = Heard), (status = 409, description = "The lease is over")), tag = "worker")]
async fn checkpoint(state: State, actor: Actor, body: Body) -> Result<Json<Heard>, Error> {
    can(&state, &actor, Action::Work, Object::Queue).await?;
    let checkpoint: Checkpoint = json(body).await?;
    state.jobs.checkpoint(&state, &checkpoint).await.map(heard)
}

/// Makes the uploaded artefacts the answer; 409 when the lease is over.
#[utoipa::path(post, path = "/api/worker/publish", request_body = Publish,
    responses((status = 200, body = Heard), (status = 409, description = "The lease is over")), tag = "worker")]
async fn publish(state: State, actor: Actor, body: Body) -> Result<Json<Heard>, Error> {
    can(&state, &actor, Action::Work, Object::Queue).await?;
    let publish: Publish = json(body).await?;
    state.jobs.publish(&state, &publish).await?;
    Ok(heard(Wish::Continue))
}

/// No answer will come under this lease.
#[utoipa::path(post, path = "/api/worker/end", request_body = End,
    responses((status = 200, body = Heard), (status = 409, description = "The lease is over")), tag = "worker")]
async fn end(state: State, actor: Actor, body: Body) -> Result<Json<Heard>, Error> {
    can(&state, &actor, Action::Work, Object::Queue).await?;
    let end: End = json(body).await?;
    state.jobs.end(&state, &end.lease, end.how).await?;
    Ok(heard(Wish::Continue))
}
