//! The document, its log and its commands over REST: the same room, the same checks, for scripts and agents.

use super::log as entries;
use crate::auth::{Action, Actor, Object, can};
use crate::{Error, State};
use app::api::Page;
use app::api::design::Document;
use app::sync::{Entry, Submission};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query};
use serde::Deserialize;

/// Entries in one page of the log.
const PAGE_MAX: u32 = 1_000;

#[derive(Deserialize, utoipa::IntoParams)]
pub struct At {
    /// Position in the log; now, when left out.
    sequence: Option<u64>,
}

/// The design at a moment.
#[utoipa::path(get, path = "/api/designs/{id}/document", tag = "designs", params(("id" = String, Path), At),
    responses((status = 200, body = Document),
        (status = 404, description = "No such design, or the log does not reach that far", body = app::api::Problem)))]
pub async fn document(
    state: State,
    actor: Actor,
    Path(id): Path<String>,
    Query(at): Query<At>,
) -> Result<Json<Document>, Error> {
    let action = if at.sequence.is_some() { Action::Recall } else { Action::See };
    can(&state, &actor, action, Object::Design(&id)).await?;
    Ok(Json(super::document(&state, &id, at.sequence).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
pub struct After {
    /// Position after which to begin, as `next` of the page before gives it.
    #[serde(default)]
    after: u64,
    /// At most 1000, which is also the default.
    limit: Option<u32>,
}

/// The log: who changed what, when.
#[utoipa::path(get, path = "/api/designs/{id}/log", tag = "designs", params(("id" = String, Path), After),
    responses((status = 200, body = Page<Entry>)))]
pub async fn log(
    state: State,
    actor: Actor,
    Path(id): Path<String>,
    Query(range): Query<After>,
) -> Result<Json<Page<Entry>>, Error> {
    can(&state, &actor, Action::Recall, Object::Design(&id)).await?;
    let limit = range.limit.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
    let items = entries::entries(&state.db, &id, range.after, u64::MAX, limit).await?;
    let full = items.len() as u32 == limit;
    let next = items.last().filter(|_| full).map(|entry| entry.sequence.to_string());
    Ok(Json(Page { items, next }))
}

/// Makes an edit. Sent again with the same client and number, it is made once and answered alike.
#[utoipa::path(post, path = "/api/designs/{id}/commands", tag = "designs", params(("id" = String, Path)),
    request_body = Submission,
    responses((status = 200, description = "The entry, committed", body = Entry),
        (status = 409, description = "Someone else changed the same property after `base`", body = app::api::Problem),
        (status = 422, description = "The command does not apply", body = app::api::Problem),
        (status = 429, description = "Too many edits at once", body = app::api::Problem)))]
pub async fn command(
    state: State,
    actor: Actor,
    Path(id): Path<String>,
    submission: Result<Json<Submission>, JsonRejection>,
) -> Result<Json<Entry>, Error> {
    // Before the body is judged: someone who may not edit learns nothing from it.
    can(&state, &actor, Action::Edit, Object::Design(&id)).await?;
    let Json(submission) = submission.map_err(|rejection| Error::invalid(rejection.body_text()))?;
    Ok(Json(state.rooms.apply_command(&state, &actor, &id, submission).await?))
}
