//! `/api/designs/{id}/scene`, `…/thumbnail`: what a design looks like, evaluated on the server
//! for the first paint and for lists.

use crate::auth::{Action, Actor, Object, can};
use crate::jobs::frame::{Drawing, View};
use crate::{Error, State, rooms};
use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sqlx::Row as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Part of the cache key; raise it when evaluation, the scene's bytes, the picture or a file's form change.
const VERSION: u32 = 3;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(scene)).routes(routes!(thumbnail))
}

#[derive(Deserialize)]
struct At {
    sequence: Option<u64>,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    bodies: String,
}

/// Bodies that can be named in one request.
const BODIES_MAX: usize = 1_000;

/// Names of bodies with commas between them; none for all.
pub(super) fn bodies(text: &str) -> Result<Vec<String>, Error> {
    let bodies: Vec<String> = text.split(',').filter(|b| !b.is_empty()).map(String::from).collect();
    if bodies.len() > BODIES_MAX {
        return Err(Error::field("bodies", format!("Name at most {BODIES_MAX} bodies, or none for all.")));
    }
    Ok(bodies)
}

/// The scene of a design, now or at a position of its log, in `Scene`'s binary form.
#[utoipa::path(get, path = "/api/designs/{id}/scene", tag = "design", params(("sequence" = Option<u64>, Query)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn scene(
    state: State,
    actor: Actor,
    Path(design): Path<String>,
    Query(at): Query<At>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let action = if at.sequence.is_some() { Action::Recall } else { Action::See };
    can(&state, &actor, action, Object::Design(&design)).await?;
    answer(&state, &design, at.sequence, &headers).await
}

/// The design's picture as it is now, for lists: PNG, 640 × 400, transparent around the bodies: those named
/// in `bodies`, with commas between them, or all. What stands behind `at` in the address only tells browsers that it is another picture than before.
#[utoipa::path(get, path = "/api/designs/{id}/thumbnail", tag = "design",
    params(("at" = Option<u64>, Query), ("bodies" = Option<String>, Query)),
    responses((status = 200, body = Vec<u8>, content_type = "image/png")))]
async fn thumbnail(
    state: State,
    actor: Actor,
    Path(design): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    can(&state, &actor, Action::See, Object::Design(&design)).await?;
    let document = rooms::document(&state, &design, None).await?;
    let drawing = Drawing { design: document.design, view: View::Picture, bodies: bodies(&wanted.bodies)? };
    let key = key(&drawing);
    let bytes = drawn(&state, &design, drawing, &key).await?;
    // A day: the address changes with the design, and the way of drawing with the version of Brunel.
    let headers = [
        (header::CONTENT_TYPE, "image/png"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::CACHE_CONTROL, "private, max-age=86400"),
    ];
    Ok((headers, bytes).into_response())
}

async fn answer(state: &State, design: &str, sequence: Option<u64>, headers: &HeaderMap) -> Result<Response, Error> {
    let document = rooms::document(state, design, sequence).await?;
    let drawing = Drawing { design: document.design, view: View::Whole, bodies: Vec::new() };
    let key = key(&drawing);
    let tag = format!("\"{key}\"");
    let cached = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, cached).into_response());
    }
    let bytes = drawn(state, design, drawing, &key).await?;
    let kind =
        [("content-type", "application/octet-stream".to_owned()), ("x-brunel-sequence", document.sequence.to_string())];
    Ok((cached, kind, bytes).into_response())
}

/// Of all that a drawing is made from. Names count here, unlike in the fingerprint: a scene carries the labels of its bodies.
pub(super) fn key(drawing: &Drawing) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"scene");
    hasher.update(&VERSION.to_le_bytes());
    // Serialising plain maps and strings cannot fail.
    hasher.update(&serde_json::to_vec(drawing).unwrap_or_default());
    format!("scene/{}", hasher.finalize().to_hex())
}

/// A drawing from the store, or made now and kept there.
pub(super) async fn drawn(state: &State, design: &str, drawing: Drawing, key: &str) -> Result<Bytes, Error> {
    if let Some(bytes) = stored(state, key).await? {
        return Ok(bytes);
    }
    let bytes = state.jobs.desk().draw(state, design, drawing, key).await?;
    keep(state, key, &bytes).await;
    Ok(bytes)
}

/// Keeps a drawing; having it matters more than keeping it.
pub(super) async fn keep(state: &State, key: &str, bytes: &Bytes) {
    if let Err(error) = remember(state, key, bytes.clone()).await {
        tracing::warn!(%error, "cannot keep a drawing");
    }
}

/// The hash of a drawing that is in the store.
pub(super) async fn known(state: &State, key: &str) -> Result<Option<String>, Error> {
    let row = sqlx::query("SELECT hash FROM cache WHERE key = $1").bind(key).fetch_optional(state.db.reader()).await?;
    Ok(row.map(|row| row.get(0)))
}

pub(super) async fn stored(state: &State, key: &str) -> Result<Option<Bytes>, Error> {
    match known(state, key).await? {
        Some(hash) => state.blobs.get(&hash).await,
        None => Ok(None),
    }
}

async fn remember(state: &State, key: &str, bytes: Bytes) -> Result<(), Error> {
    let length = bytes.len() as i64;
    let hash = state.blobs.put(bytes).await?;
    let mut write = state.db.write().await?;
    sqlx::query("INSERT INTO cache (key, hash, bytes, created) VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO NOTHING")
        .bind(key)
        .bind(hash)
        .bind(length)
        .bind(state.now())
        .execute(&mut *write)
        .await?;
    write.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use solver::geometry::export::Form;

    /// Drawings that break are remembered by key: one that breaks must not stand for another that does not.
    #[test]
    fn every_drawing_has_a_key_of_its_own() {
        let drawing = |view, bodies: &[&str]| Drawing {
            design: solver::design::Design::new(),
            view,
            bodies: bodies.iter().map(|b| (*b).to_owned()).collect(),
        };
        let mut keys: Vec<String> = [View::Whole, View::Shared, View::Picture].map(|v| key(&drawing(v, &[]))).into();
        for (form, _) in Form::ALL {
            keys.extend([&[][..], &["a"], &["b"], &["a", "b"]].map(|bodies| key(&drawing(View::File(form), bodies))));
        }
        let n_keys = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), n_keys);
        assert_eq!(key(&drawing(View::Shared, &["a"])), key(&drawing(View::Shared, &["a"])));
    }
}
