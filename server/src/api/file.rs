//! `/api/designs/{id}/files`, `…/thumbnail`: bytes that belong to a design.

use super::input;
use crate::auth::{Action, Actor, Object, can};
use crate::telemetry::audit;
use crate::{Error, State, blob};
use app::api::design::StoredFile;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sqlx::Row as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest file (P21), bytes.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Largest thumbnail, bytes: 640 × 400 as WebP or PNG fits well.
pub const THUMBNAIL_BYTES_MAX: usize = 256 * 1024;
/// Files in one design.
const FILES_MAX: i64 = 200;

pub fn router() -> OpenApiRouter<State> {
    let files = OpenApiRouter::new().routes(routes!(upload)).layer(DefaultBodyLimit::max(FILE_BYTES_MAX));
    let pictures =
        OpenApiRouter::new().routes(routes!(set_thumbnail)).layer(DefaultBodyLimit::max(THUMBNAIL_BYTES_MAX));
    OpenApiRouter::new().merge(files).merge(pictures).routes(routes!(download)).routes(routes!(thumbnail))
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
}

fn too_large(_: BytesRejection, max: usize) -> Error {
    Error::TooLarge(format!("This file is too large; the limit is {} KiB.", max / 1024))
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
    let body = body.map_err(|rejection| too_large(rejection, FILE_BYTES_MAX))?;
    if body.is_empty() {
        return Err(Error::invalid("This file is empty."));
    }
    let bytes = body.len() as u64;
    let hash = state.blobs.put(body).await?;
    let now = state.now();
    let mut write = state.db.write().await?;
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
    Ok(inert(bytes, "application/octet-stream", true).into_response())
}

/// Headers under which bytes from people are data and nothing else.
fn inert(bytes: Bytes, kind: &'static str, attachment: bool) -> impl IntoResponse {
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    put(header::CONTENT_TYPE, kind);
    put(header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    put(header::CACHE_CONTROL, "private, max-age=31536000, immutable");
    if attachment {
        put(header::CONTENT_DISPOSITION, "attachment");
    }
    (headers, bytes)
}

/// The media type of a picture by its first bytes; PNG and WebP only.
fn picture(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some("image/png");
    }
    (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")).then_some("image/webp")
}

/// Sets the design's picture for the home page: a small PNG or WebP.
#[utoipa::path(put, path = "/api/designs/{id}/thumbnail", tag = "design",
    request_body(content = Vec<u8>, content_type = "image/webp"), responses((status = 200)))]
async fn set_thumbnail(
    state: State,
    actor: Actor,
    Path(design): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Edit, Object::Design(&design)).await?;
    let body = body.map_err(|rejection| too_large(rejection, THUMBNAIL_BYTES_MAX))?;
    if picture(&body).is_none() {
        return Err(Error::invalid("A thumbnail is a PNG or WebP picture."));
    }
    let hash = state.blobs.put(body).await?;
    let mut write = state.db.write().await?;
    // Not a change of the design, so `changed` stays.
    sqlx::query("UPDATE design SET thumbnail = $2 WHERE id = $1")
        .bind(&design)
        .bind(&hash)
        .execute(&mut *write)
        .await?;
    write.commit().await?;
    Ok(Json(()))
}

/// The design's picture.
#[utoipa::path(get, path = "/api/designs/{id}/thumbnail", tag = "design",
    responses((status = 200, body = Vec<u8>, content_type = "image/webp")))]
async fn thumbnail(state: State, actor: Actor, Path(design): Path<String>) -> Result<Response, Error> {
    can(&state, &actor, Action::See, Object::Design(&design)).await?;
    let row = sqlx::query("SELECT thumbnail FROM design WHERE id = $1")
        .bind(&design)
        .fetch_optional(state.db.reader())
        .await?
        .ok_or(Error::NotFound("design"))?;
    let Some(hash) = row.get::<Option<String>, _>(0).filter(|hash| blob::is_hash(hash)) else {
        // Seen, but without a picture: an empty answer, not a missing object.
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let bytes = state.blobs.get(&hash).await?.ok_or(Error::NotFound("picture"))?;
    let kind = picture(&bytes).ok_or(Error::NotFound("picture"))?;
    Ok(inert(bytes, kind, false).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_pass_for_pictures() {
        assert_eq!(picture(b"\x89PNG\r\n\x1a\n..."), Some("image/png"));
        assert_eq!(picture(b"RIFF\x10\0\0\0WEBPVP8 "), Some("image/webp"));
        for bad in [&b"<svg onload=alert(1)>"[..], b"RIFF", b"RIFF\0\0\0\0WAVE", b""] {
            assert_eq!(picture(bad), None);
        }
    }
}
