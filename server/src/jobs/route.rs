//! People's routes: start, look at, cancel runs; the workers; what a run left behind.

use super::answer::numbers_of;
use super::artefact::Kind;
use super::export::{Look, export};
use super::lease::State as LeaseState;
use super::queue::Question;
use super::store::{self, Stored};
use super::{check, event};
use crate::api::input::Input;
use crate::auth::{Action, Actor, Object, can};
use crate::{Error, State, rooms};
use app::api::Page;
use app::api::run::{Preflight, Run, StartRun, Worker};
use axum::Json;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use solver::design::{Id, Severity};
use solver::study::outcome::Scalar;
use solver::study::question::question;
use std::collections::HashMap;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const PAGE: u32 = 50;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(start))
        .routes(routes!(preflight))
        .routes(routes!(list))
        .routes(routes!(event::stream))
        .routes(routes!(get))
        .routes(routes!(cancel))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(finish))
        .routes(routes!(artefact))
        .routes(routes!(numbers))
        .routes(routes!(exported))
        .routes(routes!(workers))
}

/// Starts a run of a study on the design as it is now. Answered at once, `done` and `cached`, when this question was
/// answered before; joined to a run that asks the same.
#[utoipa::path(post, path = "/api/designs/{id}/runs", params(("id" = String, Path)), request_body = StartRun,
    responses((status = 200, body = Run)), tag = "runs")]
async fn start(state: State, actor: Actor, Path(id): Path<String>, input: Input<StartRun>) -> Result<Json<Run>, Error> {
    can(&state, &actor, Action::Run, Object::Design(&id)).await?;
    let start = input.read()?;
    let person = actor.person()?;
    let document = rooms::document(&state, &id, None).await?;
    let design = &document.design;
    let study_id = Id(start.study);
    let (object, fingerprint) = match (design.get(&study_id), question(design, &study_id)) {
        (Some(object), Some(fingerprint)) => (object, fingerprint),
        (Some(object), None) if object.suppressed => {
            return Err(Error::field("study", format!("{} is suppressed; activate it first", object.name)));
        }
        (Some(object), None) => return Err(Error::field("study", format!("{} is not a study", object.name))),
        (None, _) => return Err(Error::field("study", "this study is not in the design any more")),
    };
    // What geometry has to say comes with the pre-flight and from the worker; a set-up that cannot even be read stops here.
    let wrong =
        solver::design::check(design).into_iter().find(|i| i.object == study_id && i.severity == Severity::Error);
    if let Some(issue) = wrong {
        return Err(Error::field("study", format!("{}: {}", object.name, issue.message)));
    }
    let from = match &start.from {
        Some(run) => Some(paused(&state, &id, &study_id, run).await?),
        None => None,
    };
    let question = Question {
        design: &id,
        sequence: document.sequence,
        content: design,
        study: object,
        fingerprint,
        person: &person.id,
        from: from.as_ref(),
    };
    state.jobs.submit(&state, question).await.map(Json)
}

/// The paused run that another begins with.
async fn paused(state: &State, design: &str, study: &Id, run: &str) -> Result<Stored, Error> {
    let found = state.jobs.find(state, run).await;
    let found = found.ok().filter(|run| run.design == design && run.study == study.0);
    let found = found.ok_or_else(|| Error::field("from", "this study has no such run"))?;
    if found.job.state != LeaseState::Paused || found.checkpoint.is_none() {
        return Err(Error::field("from", "only a paused run that has begun can be gone on from; pause it first"));
    }
    Ok(found)
}

/// The checklist before a run: what is wrong, what it will take.
#[utoipa::path(post, path = "/api/designs/{id}/preflight", params(("id" = String, Path)), request_body = StartRun,
    responses((status = 200, description = "Issues, memory in bytes, core-seconds, unknowns", body = Preflight)), tag = "runs")]
async fn preflight(
    state: State,
    actor: Actor,
    Path(id): Path<String>,
    input: Input<StartRun>,
) -> Result<Json<Preflight>, Error> {
    // Looking, not running: a viewer sees why a study cannot run yet, as they see its set-up.
    can(&state, &actor, Action::See, Object::Design(&id)).await?;
    let start = input.read()?;
    let document = rooms::document(&state, &id, None).await?;
    if question(&document.design, &Id(start.study.clone())).is_none() {
        return Err(Error::field("study", "this study is not in the design, or it is suppressed"));
    }
    let found = state.jobs.desk().check(&state, &id, document.design.clone(), &start.study).await?;
    Ok(Json(check::merge(&document.design, &start.study, found)))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only runs of this design.
    design: Option<String>,
    /// Only runs in this state: queued, running, paused, done, failed, cancelled, dead; `active` for queued or running.
    state: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Runs of every design the person can see, newest first.
#[utoipa::path(get, path = "/api/runs", params(ListQuery), responses((status = 200, body = Page<Run>)), tag = "runs")]
async fn list(state: State, actor: Actor, Query(query): Query<ListQuery>) -> Result<Json<Page<Run>>, Error> {
    if let Some(design) = &query.design {
        can(&state, &actor, Action::See, Object::Design(design)).await?;
    } else {
        can(&state, &actor, Action::See, Object::Organisation).await?;
    }
    let states = match query.state.as_deref() {
        None | Some("") => Vec::new(),
        Some("active") => vec![LeaseState::Queued, LeaseState::Leased],
        Some("running") => vec![LeaseState::Leased],
        Some(word) => vec![
            LeaseState::parse(word)
                .ok_or_else(|| Error::field("state", format!("'{word}' is not a state of a run")))?,
        ],
    };
    let filter = store::Filter {
        seen_by: Some(actor.person()?.clone()),
        design: query.design,
        states,
        after: query.after.as_deref().map(cursor).transpose()?,
        limit: PAGE + 1,
    };
    let mut rows = {
        let mut reader = state.db.reader().acquire().await?;
        store::list(&mut reader, &filter).await?
    };
    let more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    let next = rows.last().filter(|_| more).map(|last| format!("{}.{}", last.created, last.id));
    let mut items: Vec<Run> = rows.iter().map(Stored::to_run).collect();
    for run in &mut items {
        state.jobs.board().dress(run);
    }
    mark_stale(&state, &mut items).await?;
    Ok(Json(Page { items, next }))
}

fn cursor(text: &str) -> Result<(i64, String), Error> {
    let parts = text.split_once('.').and_then(|(created, id)| Some((created.parse().ok()?, id.to_string())));
    parts.ok_or_else(|| Error::field("after", "give the `next` of the page before"))
}

/// Marks the runs whose question is no longer the one their design asks.
///
/// # Errors
/// The database's.
pub async fn mark_stale(state: &State, runs: &mut [Run]) -> Result<(), Error> {
    let mut documents = HashMap::new();
    for run in runs {
        if !documents.contains_key(&run.design) {
            let document = match rooms::document(state, &run.design, None).await {
                Ok(document) => Some(document),
                Err(Error::NotFound(_)) => None,
                Err(e) => return Err(e),
            };
            documents.insert(run.design.clone(), document);
        }
        let Some(Some(now)) = documents.get(&run.design) else { continue };
        run.stale = now.sequence != run.sequence
            && question(&now.design, &Id(run.study.clone())).as_ref() != Some(&run.fingerprint);
    }
    Ok(())
}

/// A run that the actor may do `action` to; one they may not see is not there.
///
/// # Errors
/// As [`can`].
pub(super) async fn stored(state: &State, actor: &Actor, id: &str, action: Action) -> Result<store::Stored, Error> {
    let run = {
        let mut reader = state.db.reader().acquire().await?;
        store::get(&mut reader, id).await
    };
    let run = match run {
        Ok(run) => run,
        // Who is not signed in learns nothing about which runs there are.
        Err(e @ Error::NotFound(_)) => return actor.person().map_or_else(Err, |_| Err(e)),
        Err(e) => return Err(e),
    };
    match can(state, actor, action, Object::Design(&run.design)).await {
        Ok(_) => Ok(run),
        Err(Error::NotFound(_)) => Err(Error::NotFound("run")),
        Err(e) => Err(e),
    }
}

/// One run.
#[utoipa::path(get, path = "/api/runs/{id}", params(("id" = String, Path)), responses((status = 200, body = Run)), tag = "runs")]
async fn get(state: State, actor: Actor, Path(id): Path<String>) -> Result<Json<Run>, Error> {
    let mut run = stored(&state, &actor, &id, Action::See).await?.to_run();
    state.jobs.board().dress(&mut run);
    mark_stale(&state, std::slice::from_mut(&mut run)).await?;
    Ok(Json(run))
}

/// Cancels a run: one that waits at once, one under way within two seconds.
#[utoipa::path(post, path = "/api/runs/{id}/cancel", params(("id" = String, Path)), responses((status = 200, body = Run)), tag = "runs")]
async fn cancel(state: State, actor: Actor, Path(id): Path<String>) -> Result<Json<Run>, Error> {
    stored(&state, &actor, &id, Action::Run).await?;
    state.jobs.cancel(&state, &id).await.map(Json)
}

/// Lays a run aside: its worker keeps a checkpoint and lets go. Only runs that keep checkpoints can be paused, and those that wait.
#[utoipa::path(post, path = "/api/runs/{id}/pause", params(("id" = String, Path)),
    responses((status = 200, body = Run), (status = 409, description = "It keeps no checkpoints, or has ended")), tag = "runs")]
async fn pause(state: State, actor: Actor, Path(id): Path<String>) -> Result<Json<Run>, Error> {
    stored(&state, &actor, &id, Action::Run).await?;
    state.jobs.pause(&state, &id).await.map(Json)
}

/// Lets a paused run go on from its last checkpoint.
#[utoipa::path(post, path = "/api/runs/{id}/resume", params(("id" = String, Path)),
    responses((status = 200, body = Run), (status = 409, description = "It is not paused")), tag = "runs")]
async fn resume(state: State, actor: Actor, Path(id): Path<String>) -> Result<Json<Run>, Error> {
    stored(&state, &actor, &id, Action::Run).await?;
    state.jobs.resume(&state, &id).await.map(Json)
}

/// Asks a run that keeps checkpoints, under way or paused, for the answer it can give with what it has.
#[utoipa::path(post, path = "/api/runs/{id}/finish", params(("id" = String, Path)),
    responses((status = 200, body = Run), (status = 409, description = "It keeps no checkpoints, or has ended")), tag = "runs")]
async fn finish(state: State, actor: Actor, Path(id): Path<String>) -> Result<Json<Run>, Error> {
    stored(&state, &actor, &id, Action::Run).await?;
    state.jobs.finish(&state, &id).await.map(Json)
}

/// Bytes a run left behind: `surface`, `tensor` (stresses on the skin), `volume`, `deck` (its problem for CalculiX or Abaqus) and
/// `growth` (a body that was found, as a file for the design) of a finished run, `partial` of one under way, `log` (reports as JSON lines) of both.
#[utoipa::path(get, path = "/api/runs/{id}/artefacts/{kind}", params(("id" = String, Path), ("kind" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 204, description = "no partial now"),
        (status = 304)), tag = "runs")]
async fn artefact(
    state: State,
    actor: Actor,
    Path((id, kind)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let run = stored(&state, &actor, &id, Action::See).await?;
    match bytes_of(&state, &run, &kind, &headers).await {
        // That a partial was overtaken while it was asked for is no fault of who asks.
        Err(Error::NotFound(_)) if kind == "partial" => Ok(StatusCode::NO_CONTENT.into_response()),
        other => other,
    }
}

/// The numbers of a finished run, SI, each with its band, grade and load case.
#[utoipa::path(get, path = "/api/runs/{id}/numbers", params(("id" = String, Path)),
    responses((status = 200, body = Vec<app::api::schema::Scalar>)), tag = "runs")]
async fn numbers(state: State, actor: Actor, Path(id): Path<String>) -> Result<Json<Vec<Scalar>>, Error> {
    let run = stored(&state, &actor, &id, Action::See).await?;
    numbers_of(&state, &run.id).await.map(Json)
}

/// The answer of a finished run for other programs: `vtu` (what was solved on, for ParaView), `glb` (the coloured surface),
/// `values` and `points` (CSV), and as a self-contained `report` (HTML).
#[utoipa::path(get, path = "/api/runs/{id}/export/{form}", params(("id" = String, Path), ("form" = String, Path), Look),
    responses((status = 200, content_type = "application/octet-stream")), tag = "runs")]
async fn exported(
    state: State,
    actor: Actor,
    Path((id, form)): Path<(String, String)>,
    Query(look): Query<Look>,
) -> Result<Response, Error> {
    let run = stored(&state, &actor, &id, Action::See).await?;
    export(&state, run, &form, look).await
}

/// The bytes of an artefact as an answer, for this route and for share links. The caller has checked the right.
///
/// # Errors
/// [`Error::NotFound`] when there is none of this kind (yet).
pub async fn bytes_of(state: &State, run: &store::Stored, kind: &str, headers: &HeaderMap) -> Result<Response, Error> {
    let board = state.jobs.board();
    if kind == "partial" {
        // Of a run that reads as ended nothing half-done is given, even in the moment before memory has followed the commit.
        if run.job.state != LeaseState::Leased {
            return Err(Error::NotFound("partial result"));
        }
        let partial =
            board.look(&run.id, |live| live.partial.clone()).flatten().ok_or(Error::NotFound("partial result"))?;
        return Ok(plain(partial.1, "application/octet-stream", "no-store", None));
    }
    let kind = Kind::OPEN.into_iter().find(|k| k.as_str() == kind).ok_or(Error::NotFound("artefact"))?;
    if kind == Kind::Log
        && let Some(lines) = board.look(&run.id, |live| super::queue::lines(&live.reports))
    {
        return Ok(plain(lines, "application/x-ndjson", "no-store", None));
    }
    let hash = {
        let mut reader = state.db.reader().acquire().await?;
        store::artefact(&mut reader, &run.id, kind).await?
    };
    let hash = hash.ok_or(Error::NotFound("artefact"))?;
    let tag = format!("\"{hash}\"");
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let bytes = state
        .blobs
        .get(&hash)
        .await?
        .ok_or_else(|| Error::internal(anyhow::anyhow!("artefact {hash} is not in the store")))?;
    let content = match kind {
        Kind::Log => "application/x-ndjson",
        Kind::Deck => "text/plain; charset=utf-8",
        Kind::Surface | Kind::Tensor | Kind::Volume | Kind::Growth | Kind::Checkpoint => "application/octet-stream",
    };
    let mut response = plain(bytes, content, "private, no-cache", HeaderValue::from_str(&tag).ok());
    if kind == Kind::Deck {
        let name = HeaderValue::from_static("attachment; filename=\"study.inp\"");
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

fn plain(bytes: bytes::Bytes, content: &'static str, cache: &'static str, tag: Option<HeaderValue>) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Some(tag) = tag {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// The workers heard of lately.
#[utoipa::path(get, path = "/api/workers", responses((status = 200, body = Vec<Worker>)), tag = "runs")]
async fn workers(state: State, actor: Actor) -> Result<Json<Vec<Worker>>, Error> {
    can(&state, &actor, Action::See, Object::Organisation).await?;
    let mut workers = state.jobs.board().workers(state.now());
    // Which run a worker has is told only to those who may see it.
    for worker in &mut workers {
        if let Some(run) = &worker.run
            && stored(&state, &actor, run, Action::See).await.is_err()
        {
            worker.run = Some(String::new());
        }
    }
    Ok(Json(workers))
}
