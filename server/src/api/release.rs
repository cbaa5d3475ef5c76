//! `/api/designs/{id}/releases`, `/api/releases/{id}`: revisions that named people approve by evidence.

use super::history::position;
use super::input::Input;
use crate::auth::reach;
use crate::auth::{Action, Actor, Object, can, can_in, may};
use crate::release::step::{self, Step};
use crate::release::{Ask, By, act, proof, store};
use crate::telemetry::audit;
use crate::web::header::REPORT_POLICY;
use crate::{Error, State, db, id, rooms};
use app::api::auth::Role;
use app::api::history::Author;
use app::api::release::{
    ChangeRelease, Decide, Decision, DraftRelease, Happened, May, Reason, Release, Releases, Stage,
};
use axum::Json;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sqlx::Row as _;
use std::collections::BTreeSet;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Characters of a note, remark or reason.
const TEXT_MAX: usize = 2_000;
/// People who approve one release.
const APPROVERS_MAX: usize = 20;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list, draft))
        .routes(routes!(get, change))
        .routes(routes!(submit))
        .routes(routes!(decide))
        .routes(routes!(take_back))
        .routes(routes!(withdraw))
        .routes(routes!(artefact))
}

/// What the asking person may do to the releases of a design.
struct Rights<'a> {
    person: &'a str,
    edits: bool,
    decides: bool,
    alone: bool,
}

impl<'a> Rights<'a> {
    async fn of(state: &State, actor: &'a Actor, design: &str) -> Result<Self, Error> {
        let of = Object::Design(design);
        let alone = {
            let mut reader = state.db.reader().acquire().await?;
            store::is_alone(&mut reader, design).await?
        };
        Ok(Self {
            person: &actor.person()?.id,
            edits: may(state, actor, Action::Edit, of).await?,
            decides: may(state, actor, Action::Decide, of).await?,
            alone,
        })
    }

    fn may(&self, release: &Release) -> May {
        let (draft, review) = (release.stage == Stage::Draft, release.stage == Stage::Review);
        let names = |person: &str| release.approvals.iter().any(|a| a.person.id == person);
        let asked = release.course.iter().rev().find(|h| h.what == Happened::Submitted);
        let is_own = release.author.id == self.person || asked.is_some_and(|h| h.by.id == self.person);
        let is_due = release.approvals.iter().any(|a| a.person.id == self.person && a.decision.is_none());
        May {
            change: self.edits && draft,
            submit: self.edits && draft && (self.alone || !names(self.person)),
            decide: self.decides && review && is_due && (self.alone || !is_own),
            take_back: self.edits && review,
            withdraw: self.edits && (draft || review),
        }
    }
}

/// Adds what depends on now and on who asks.
async fn dress(state: &State, rights: &Rights<'_>, releases: &mut [Release]) -> Result<(), Error> {
    for release in releases {
        release.may = rights.may(release);
        if release.stage == Stage::Draft {
            let content = rooms::document(state, &release.design, Some(release.sequence)).await?.design;
            let found = proof::look(state, &release.design, release.sequence, &content).await?;
            (release.proofs, release.dropped, release.since) = (found.proofs, found.dropped, found.since);
        }
    }
    Ok(())
}

/// The design of a release, for someone who may see its past; the release is not there for anyone else.
async fn design_of(state: &State, actor: &Actor, release: &str) -> Result<String, Error> {
    actor.person()?;
    let row = sqlx::query("SELECT design FROM release WHERE id = $1")
        .bind(release)
        .fetch_optional(state.db.reader())
        .await?
        .ok_or(Error::NotFound("release"))?;
    let design: String = row.get(0);
    match can(state, actor, Action::Recall, Object::Design(&design)).await {
        Err(Error::NotFound(_)) => Err(Error::NotFound("release")),
        other => other.map(|_| design),
    }
}

async fn read(state: &State, actor: &Actor, design: &str, release: &str) -> Result<Release, Error> {
    let mut found = store::list(state, design, release).await?;
    dress(state, &Rights::of(state, actor, design).await?, &mut found).await?;
    found.pop().ok_or(Error::NotFound("release"))
}

/// Who may decide about releases of a design, by name.
async fn deciders(state: &State, design: &str) -> Result<Vec<Author>, Error> {
    let people = reach::onlookers(state, design).await?.into_iter().filter(|p| p.role <= Role::Reviewer);
    Ok(people.map(|p| Author { id: p.id, name: p.name, hue: p.hue }).collect())
}

fn text(field: &str, given: &str) -> Result<String, Error> {
    let text = given.trim();
    if text.chars().count() > TEXT_MAX {
        return Err(Error::field(field, format!("Use at most {TEXT_MAX} characters.")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Error::field(field, "Use letters, digits, signs and line breaks."));
    }
    Ok(text.to_owned())
}

/// The people of `ids`, each once.
///
/// # Errors
/// [`Error::Invalid`] at `approvers` for someone who may not decide, whether there is such a person or not.
async fn approvers(state: &State, design: &str, ids: &[String]) -> Result<Vec<String>, Error> {
    if ids.len() > APPROVERS_MAX {
        return Err(Error::field("approvers", format!("Name at most {APPROVERS_MAX} approvers.")));
    }
    let all: BTreeSet<String> = deciders(state, design).await?.into_iter().map(|p| p.id).collect();
    let wanted: BTreeSet<String> = ids.iter().cloned().collect();
    if !wanted.is_subset(&all) {
        return Err(Error::field("approvers", "Choose people who may comment on this design, or more."));
    }
    Ok(wanted.into_iter().collect())
}

/// The releases of a design, newest first, and who could approve the next.
#[utoipa::path(get, path = "/api/designs/{id}/releases", tag = "releases", params(("id" = String, Path)),
    responses((status = 200, body = Releases)))]
async fn list(state: State, actor: Actor, Path(design): Path<String>) -> Result<Json<Releases>, Error> {
    can(&state, &actor, Action::Recall, Object::Design(&design)).await?;
    let rights = Rights::of(&state, &actor, &design).await?;
    let mut items = store::list(&state, &design, "").await?;
    dress(&state, &rights, &mut items).await?;
    let number = {
        let mut reader = state.db.reader().acquire().await?;
        store::next(&mut reader, &design).await?
    };
    let mut approvers = deciders(&state, &design).await?;
    approvers.retain(|p| rights.alone || p.id != rights.person);
    Ok(Json(Releases {
        items,
        next: number.map(step::letters).unwrap_or_default(),
        may_draft: rights.edits && number.is_some(),
        approvers,
    }))
}

/// Drafts the next revision. One at a time is in the making.
#[utoipa::path(post, path = "/api/designs/{id}/releases", tag = "releases", params(("id" = String, Path)),
    request_body = DraftRelease, responses((status = 200, body = Release),
        (status = 409, description = "One is in the making already", body = app::api::Problem)))]
async fn draft(
    state: State,
    actor: Actor,
    Path(design): Path<String>,
    input: Input<DraftRelease>,
) -> Result<Json<Release>, Error> {
    can(&state, &actor, Action::Edit, Object::Design(&design)).await?;
    let person = actor.person()?;
    let request = input.read()?;
    let note = text("note", &request.note)?;
    let people = approvers(&state, &design, &request.approvers).await?;
    let (id, now) = (id::id(), state.now());
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Edit, Object::Design(&design)).await?;
    let sequence = placed(&mut write, &design, position(request.sequence)?).await?;
    let Some(number) = store::next(&mut write, &design).await? else {
        let why = "A revision of this design is in the making already. Release or withdraw it first.";
        return Err(Error::Conflict(why.into()));
    };
    let revision = step::letters(number);
    sqlx::query(
        "INSERT INTO release (id, design, sequence, revision, state, note, author, created, changed) \
         VALUES ($1, $2, $3, $4, 'draft', $5, $6, $7, $7)",
    )
    .bind(&id)
    .bind(&design)
    .bind(sequence as i64)
    .bind(&revision)
    .bind(&note)
    .bind(&person.id)
    .bind(now)
    .execute(&mut *write)
    .await?;
    store::appoint(&mut write, &id, &people).await?;
    store::happen(&mut write, &id, now, &person.id, Happened::Drafted, "").await?;
    let detail = format!("revision {revision} version {sequence}");
    audit::record(&mut write, now, &actor.label(), "release.drafted", &format!("design:{design}"), &detail).await?;
    write.commit().await?;
    state.rooms.talked(&design);
    read(&state, &actor, &design, &id).await.map(Json)
}

/// The log position that is asked for, or the last one.
async fn placed(write: &mut db::Connection, design: &str, asked: Option<u64>) -> Result<u64, Error> {
    let row = sqlx::query("SELECT sequence FROM design WHERE id = $1")
        .bind(design)
        .fetch_optional(write)
        .await?
        .ok_or(Error::NotFound("design"))?;
    let last = row.get::<i64, _>(0) as u64;
    match asked.unwrap_or(last) {
        at if at > last => Err(Error::NotFound("version of this design")),
        at => Ok(at),
    }
}

/// One release.
#[utoipa::path(get, path = "/api/releases/{id}", tag = "releases", params(("id" = String, Path)),
    responses((status = 200, body = Release)))]
async fn get(state: State, actor: Actor, Path(id): Path<String>) -> Result<Json<Release>, Error> {
    let design = design_of(&state, &actor, &id).await?;
    read(&state, &actor, &design, &id).await.map(Json)
}

/// Changes a draft: its version, note or approvers.
#[utoipa::path(patch, path = "/api/releases/{id}", tag = "releases", params(("id" = String, Path)),
    request_body = ChangeRelease, responses((status = 200, body = Release),
        (status = 409, description = "It is no draft", body = app::api::Problem)))]
async fn change(
    state: State,
    actor: Actor,
    Path(id): Path<String>,
    input: Input<ChangeRelease>,
) -> Result<Json<Release>, Error> {
    let design = design_of(&state, &actor, &id).await?;
    can(&state, &actor, Action::Edit, Object::Design(&design)).await?;
    let person = actor.person()?;
    let request = input.read()?;
    let note = request.note.as_deref().map(|note| text("note", note)).transpose()?;
    let people = match &request.approvers {
        Some(ids) => Some(approvers(&state, &design, ids).await?),
        None => None,
    };
    let now = state.now();
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Edit, Object::Design(&design)).await?;
    let (mut paper, _) = store::paper(&mut write, &id).await?;
    let alone = store::is_alone(&mut write, &design).await?;
    step::take(&mut paper, &person.id, alone, &Step::Change)?;
    let sequence = match position(request.sequence)? {
        Some(at) => placed(&mut write, &design, Some(at)).await?,
        None => paper.sequence,
    };
    sqlx::query("UPDATE release SET sequence = $2, note = COALESCE($3, note), changed = $4 WHERE id = $1")
        .bind(&id)
        .bind(sequence as i64)
        .bind(note)
        .bind(now)
        .execute(&mut *write)
        .await?;
    if let Some(people) = people {
        store::appoint(&mut write, &id, &people).await?;
    }
    let detail = format!("revision {} version {sequence}", paper.revision);
    store::happen(&mut write, &id, now, &person.id, Happened::Changed, &format!("Version {sequence}")).await?;
    audit::record(&mut write, now, &actor.label(), "release.changed", &format!("design:{design}"), &detail).await?;
    write.commit().await?;
    state.rooms.talked(&design);
    read(&state, &actor, &design, &id).await.map(Json)
}

async fn carry_out(
    state: &State,
    actor: &Actor,
    design: &str,
    id: &str,
    ask: Ask,
    remark: &str,
) -> Result<Json<Release>, Error> {
    let by = By { person: &actor.person()?.id, label: actor.label(), remark };
    act(state, actor, id, ask, &by).await?;
    read(state, actor, design, id).await.map(Json)
}

/// Asks its approvers. Refused while a mandatory requirement of exactly this version is not met by fresh evidence and not
/// waived; from here on version, results and reports are frozen.
#[utoipa::path(post, path = "/api/releases/{id}/submit", tag = "releases", params(("id" = String, Path)),
    responses((status = 200, body = Release),
        (status = 409, description = "Evidence is missing, named by requirement; or it is no draft", body = app::api::Problem)))]
async fn submit(state: State, actor: Actor, Path(id): Path<String>) -> Result<Json<Release>, Error> {
    let design = design_of(&state, &actor, &id).await?;
    can(&state, &actor, Action::Edit, Object::Design(&design)).await?;
    carry_out(&state, &actor, &design, &id, Ask::Submit, "").await
}

/// Approves or rejects. The last approval releases the revision and supersedes the one before; a rejection makes it a draft.
#[utoipa::path(post, path = "/api/releases/{id}/decide", tag = "releases", params(("id" = String, Path)),
    request_body = Decide, responses((status = 200, body = Release),
        (status = 403, description = "Not an approver, or one's own", body = app::api::Problem),
        (status = 409, description = "It is not in review, or its evidence does not stand any more", body = app::api::Problem)))]
async fn decide(
    state: State,
    actor: Actor,
    Path(id): Path<String>,
    input: Input<Decide>,
) -> Result<Json<Release>, Error> {
    let design = design_of(&state, &actor, &id).await?;
    can(&state, &actor, Action::Decide, Object::Design(&design)).await?;
    let request = input.read()?;
    let remark = text("remark", &request.remark)?;
    if request.decision == Decision::Reject && remark.is_empty() {
        return Err(Error::field("remark", "Say why, so that it can be put right."));
    }
    carry_out(&state, &actor, &design, &id, Ask::Decide(request.decision), &remark).await
}

fn reason(input: Input<Reason>) -> Result<String, Error> {
    let reason = text("reason", &input.read()?.reason)?;
    if reason.is_empty() { Err(Error::field("reason", "Say why.")) } else { Ok(reason) }
}

/// Takes a review back to the draft, with a reason.
#[utoipa::path(post, path = "/api/releases/{id}/return", tag = "releases", params(("id" = String, Path)),
    request_body = Reason, responses((status = 200, body = Release),
        (status = 409, description = "It is not in review", body = app::api::Problem)))]
async fn take_back(
    state: State,
    actor: Actor,
    Path(id): Path<String>,
    input: Input<Reason>,
) -> Result<Json<Release>, Error> {
    let design = design_of(&state, &actor, &id).await?;
    can(&state, &actor, Action::Edit, Object::Design(&design)).await?;
    let reason = reason(input)?;
    carry_out(&state, &actor, &design, &id, Ask::Return, &reason).await
}

/// Gives up what is not released yet, with a reason. Its letters are free again.
#[utoipa::path(post, path = "/api/releases/{id}/withdraw", tag = "releases", params(("id" = String, Path)),
    request_body = Reason, responses((status = 200, body = Release),
        (status = 409, description = "It is released: it stands for good", body = app::api::Problem)))]
async fn withdraw(
    state: State,
    actor: Actor,
    Path(id): Path<String>,
    input: Input<Reason>,
) -> Result<Json<Release>, Error> {
    let design = design_of(&state, &actor, &id).await?;
    can(&state, &actor, Action::Edit, Object::Design(&design)).await?;
    let reason = reason(input)?;
    carry_out(&state, &actor, &design, &id, Ask::Withdraw, &reason).await
}

/// Bytes that the release keeps, by their hash: the design, and of the runs that are its evidence what they left and their
/// reports.
#[utoipa::path(get, path = "/api/releases/{id}/artefacts/{hash}", tag = "releases",
    params(("id" = String, Path), ("hash" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream")))]
async fn artefact(state: State, actor: Actor, Path((id, hash)): Path<(String, String)>) -> Result<Response, Error> {
    design_of(&state, &actor, &id).await?;
    let row = sqlx::query("SELECT kind FROM release_artefact WHERE release = $1 AND hash = $2")
        .bind(&id)
        .bind(&hash)
        .fetch_optional(state.db.reader())
        .await?
        .ok_or(Error::NotFound("artefact"))?;
    let content = match row.get::<&str, _>(0) {
        "report" => "text/html; charset=utf-8",
        "design" => "application/json",
        "deck" => "text/plain; charset=utf-8",
        "log" => "application/x-ndjson",
        _ => "application/octet-stream",
    };
    let bytes = state.blobs.get(&hash).await?;
    let bytes = bytes.ok_or_else(|| Error::internal(anyhow::anyhow!("artefact {hash} is not in the store")))?;
    let headers = [
        (header::CONTENT_TYPE, content),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::CONTENT_SECURITY_POLICY, REPORT_POLICY),
    ];
    Ok((headers, bytes).into_response())
}
