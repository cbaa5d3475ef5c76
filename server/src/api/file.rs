//! `/api/designs/{id}/files`: bytes that people brought into a design.

use super::input::{self, Input};
use crate::auth::{Action, Actor, Object, can, can_in};
use crate::jobs::frame::DeckTask;
use crate::telemetry::audit;
use crate::{Error, State};
use app::api::design::{ReadDeck, StoredFile};
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use solver::deck::Reading;
use solver::geometry::deck;
use sqlx::Row as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest file (P21), bytes.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Files in one design.
const FILES_MAX: i64 = 200;

pub fn router() -> OpenApiRouter<State> {
    let upload = OpenApiRouter::new().routes(routes!(upload)).layer(DefaultBodyLimit::max(FILE_BYTES_MAX));
    OpenApiRouter::new().merge(upload).routes(routes!(download)).routes(routes!(read_deck))
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
}

/// Stores a file with a design; the body is its bytes. The same bytes again are the same file.
#[utoipa::path(post, path = "/api/designs/{id}/files", tag = "design", params(("name" = String, Query)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 200, body = StoredFile)))]
async fn upload(
    state: State,
    actor: Actor,
    Path(design): Path<String>,
    Query(named): Query<Named>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<StoredFile>, Error> {
    can(&state, &actor, Action::Edit, Object::Design(&design)).await?;
    let name = input::name("name", &named.name)?;
    if name.contains(['/', '\\']) {
        return Err(Error::field("name", "Use a file's name without folders."));
    }
    let body = body.map_err(|_| {
        let limit = FILE_BYTES_MAX / (1024 * 1024);
        Error::TooLarge(format!("This file is too large; the limit is {limit} MiB. Reduce the mesh and try again."))
    })?;
    if body.is_empty() {
        return Err(Error::invalid("This file is empty."));
    }
    let bytes = body.len() as u64;
    let hash = state.blobs.put(body).await?;
    let now = state.now();
    let mut write = state.db.write().await?;
    // Taking a large file in takes a while.
    can_in(&mut write, &state, &actor, Action::Edit, Object::Design(&design)).await?;
    let count = sqlx::query("SELECT COUNT(*) FROM file WHERE design = $1 AND hash <> $2")
        .bind(&design)
        .bind(&hash)
        .fetch_one(&mut *write)
        .await?;
    if count.get::<i64, _>(0) >= FILES_MAX {
        return Err(Error::Conflict(format!("A design holds at most {FILES_MAX} files.")));
    }
    sqlx::query(
        "INSERT INTO file (design, hash, name, bytes, created, created_by) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (design, hash) DO UPDATE SET name = $3",
    )
    .bind(&design)
    .bind(&hash)
    .bind(&name)
    .bind(bytes as i64)
    .bind(now)
    .bind(&actor.person()?.id)
    .execute(&mut *write)
    .await?;
    let detail = format!("{name} {hash}");
    audit::record(&mut write, now, &actor.label(), "file.upload", &format!("design:{design}"), &detail).await?;
    write.commit().await?;
    Ok(Json(StoredFile { hash, name, bytes }))
}

/// The bytes of a design's file. Sent as a download that no browser will run.
#[utoipa::path(get, path = "/api/designs/{id}/files/{hash}", tag = "design",
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn download(state: State, actor: Actor, Path((design, hash)): Path<(String, String)>) -> Result<Response, Error> {
    can(&state, &actor, Action::See, Object::Design(&design)).await?;
    let row = sqlx::query("SELECT 1 FROM file WHERE design = $1 AND hash = $2")
        .bind(&design)
        .bind(&hash)
        .fetch_optional(state.db.reader())
        .await?;
    if row.is_none() {
        return Err(Error::NotFound("file"));
    }
    let bytes = state.blobs.get(&hash).await?.ok_or(Error::NotFound("file"))?;
    Ok(inert(bytes).into_response())
}

/// What an input deck among the design's files comes to: objects to be added, and notes on what was left out. Nothing is
/// changed.
#[utoipa::path(post, path = "/api/designs/{id}/files/{hash}/deck", tag = "design",
    params(("id" = String, Path), ("hash" = String, Path)), request_body = ReadDeck,
    responses((status = 200, body = app::api::schema::DeckReading)))]
async fn read_deck(
    state: State,
    actor: Actor,
    Path((design, hash)): Path<(String, String)>,
    input: Input<ReadDeck>,
) -> Result<Json<Reading>, Error> {
    can(&state, &actor, Action::Edit, Object::Design(&design)).await?;
    let row = sqlx::query("SELECT name FROM file WHERE design = $1 AND hash = $2")
        .bind(&design)
        .bind(&hash)
        .fetch_optional(state.db.reader())
        .await?;
    let file: String = row.ok_or(Error::NotFound("file"))?.get(0);
    let units = input.read()?.units;
    if !deck::is_deck(&file) {
        return Err(Error::invalid(format!("{file} is no input deck; its name must end with .inp.")));
    }
    let bytes = state.blobs.get(&hash).await?.ok_or(Error::NotFound("file"))?;
    let seed = rand::random();
    Ok(Json(state.jobs.desk().read_deck(DeckTask { hash, file, units, seed }, bytes).await?))
}

/// Headers under which bytes from people are data and nothing else.
fn inert(bytes: Bytes) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
        (header::CONTENT_DISPOSITION, "attachment"),
    ];
    (headers, bytes)
}
