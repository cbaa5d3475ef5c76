//! `/api/designs/{id}/scene`, `/api/share/{token}/scene`: what a design looks like, evaluated here for the first paint.

use crate::auth::{Action, Actor, Object, can};
use crate::blob::{BlobStore, is_hash};
use crate::{Error, State, rooms};
use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use solver::design::Design;
use solver::geometry::{self, Files};
use solver::scene::Scene;
use sqlx::Row as _;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Part of the cache key; raise it when evaluation or the scene's bytes change.
const VERSION: u32 = 1;
/// Scenes evaluated at once; the rest of the machine solves.
const PERMITS: usize = 1;
/// Longest wait for that.
const WAIT: Duration = Duration::from_secs(20);

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(scene)).routes(routes!(shared_scene))
}

/// The right to evaluate.
pub struct Evaluations(Arc<Semaphore>);

impl Default for Evaluations {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PERMITS)))
    }
}

#[derive(Deserialize)]
struct At {
    sequence: Option<u64>,
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
    can(&state, &actor, Action::See, Object::Design(&design)).await?;
    answer(&state, &design, at.sequence, View::Whole, &headers).await
}

/// The scene behind a share link: the bodies' geometry and names, and nothing else of the design.
#[utoipa::path(get, path = "/api/share/{token}/scene", tag = "share",
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn shared_scene(state: State, actor: Actor, headers: HeaderMap) -> Result<Response, Error> {
    let Actor::Guest(guest) = &actor else { return Err(Error::NotFound("link")) };
    can(&state, &actor, Action::See, Object::Design(&guest.design)).await?;
    answer(&state, &guest.design, None, View::Shared, &headers).await
}

/// How much of a scene the asker may see.
#[derive(Clone, Copy, PartialEq)]
enum View {
    Whole,
    Shared,
}

async fn answer(
    state: &State,
    design: &str,
    sequence: Option<u64>,
    view: View,
    headers: &HeaderMap,
) -> Result<Response, Error> {
    let document = rooms::document(state, design, sequence).await?;
    let key = key(&document.design, view);
    let tag = format!("\"{key}\"");
    let cached = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, cached).into_response());
    }
    let bytes = match stored(state, &key).await? {
        Some(bytes) => bytes,
        None => evaluate(state, design, document.design, view, &key).await?,
    };
    let kind =
        [("content-type", "application/octet-stream".to_owned()), ("x-brunel-sequence", document.sequence.to_string())];
    Ok((cached, kind, bytes).into_response())
}

/// Names count here, unlike in the fingerprint: a scene carries the labels of its bodies.
fn key(design: &Design, view: View) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"scene");
    hasher.update(&VERSION.to_le_bytes());
    hasher.update(&[u8::from(view == View::Shared)]);
    // Serialising plain maps and strings cannot fail.
    hasher.update(&serde_json::to_vec(design).unwrap_or_default());
    format!("scene/{}", hasher.finalize().to_hex())
}

async fn stored(state: &State, key: &str) -> Result<Option<Bytes>, Error> {
    let row = sqlx::query("SELECT hash FROM cache WHERE key = $1").bind(key).fetch_optional(state.db.reader()).await?;
    match row {
        Some(row) => state.blobs.get(&row.get::<String, _>(0)).await,
        None => Ok(None),
    }
}

async fn evaluate(state: &State, design: &str, content: Design, view: View, key: &str) -> Result<Bytes, Error> {
    let rows = sqlx::query("SELECT hash FROM file WHERE design = $1").bind(design).fetch_all(state.db.reader()).await?;
    let hashes = rows.iter().map(|row| row.get::<String, _>(0)).filter(|hash| is_hash(hash));
    let files = Lazily::new(state.blobs.store().clone(), hashes);
    let busy = || Error::unavailable("The server is evaluating other designs; try again in a moment.");
    let permit = tokio::time::timeout(WAIT, state.evaluations.0.clone().acquire_owned())
        .await
        .map_err(|_| busy())?
        .map_err(Error::internal)?;
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let scene = geometry::evaluate(&content, &files).scene();
        if view == View::Shared { shareable(scene) } else { scene }.to_bytes()
    });
    let bytes = Bytes::from(done.await.map_err(Error::internal)?);
    // The picture matters more than remembering it.
    if let Err(error) = remember(state, key, bytes.clone()).await {
        tracing::warn!(%error, "cannot keep a scene");
    }
    Ok(bytes)
}

/// Issues quote expressions and names of features, and materials and refusals tell how it is made: none of that was shared.
fn shareable(mut scene: Scene) -> Scene {
    scene.issues.clear();
    scene.refused.clear();
    for body in &mut scene.bodies {
        body.material.clear();
    }
    scene
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

/// A design's files, read when geometry asks for them. For a blocking thread.
pub struct Lazily {
    store: Arc<dyn BlobStore>,
    files: HashMap<String, OnceLock<Option<Vec<u8>>>>,
}

impl Lazily {
    pub fn new(store: Arc<dyn BlobStore>, hashes: impl Iterator<Item = String>) -> Self {
        Self { store, files: hashes.map(|hash| (hash, OnceLock::new())).collect() }
    }
}

impl Files for Lazily {
    fn get(&self, hash: &str) -> Option<&[u8]> {
        let file = self.files.get(hash)?.get_or_init(|| {
            self.store.get(hash).unwrap_or_else(|error| {
                tracing::error!(%error, hash, "cannot read a design's file");
                None
            })
        });
        file.as_deref()
    }
}
