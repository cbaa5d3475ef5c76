//! `/api/share/{token}/comments`: what guests say through a link. They read what was said through the same link and the
//! answers to it; what else is said about the design is its team's.

use super::comment::{self, Heard};
use super::input::{self, Input};
use super::share_guest::{self, Canary, guest};
use crate::auth::{Action, Actor, Guest, Object, can, limit, reach};
use crate::{Error, State, db, id};
use app::api::comment::{Anchor, Comment, Talk};
use app::api::design::DesignState;
use app::api::share::GuestSay;
use axum::Json;
use axum::http::request::Parts;
use sqlx::Row as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Names that comments of one link can carry.
const NAMES_MAX: i64 = 100;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list, say))
}

/// What a guest may know of a comment: whether a guest said it, and neither whose account it came from, nor what the link is
/// called among the team.
fn told(mut comment: Comment) -> Comment {
    comment.author.clear();
    comment.guest = None;
    comment.sequence = None;
    comment
}

/// The comments that a guest reads, oldest first.
///
/// # Errors
/// The database's.
pub async fn shared(state: &State, guest: &Guest, canary: Canary) -> Result<Vec<Comment>, Error> {
    let which = if canary.every_comment { "$2 = $2" } else { "first.share = $2" };
    let sql = format!(
        "{} JOIN comment AS first ON first.id = COALESCE(comment.thread, comment.id) \
         WHERE comment.design = $1 AND {which} ORDER BY comment.created, comment.id",
        comment::SELECT
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&guest.design)
        .bind(&guest.share)
        .fetch_all(state.db.reader())
        .await?;
    rows.iter().map(|row| comment::read(row).map(told)).collect()
}

/// What was said through this link, and the answers to it, oldest first.
#[utoipa::path(get, path = "/api/share/{token}/comments", tag = "share", params(("token" = String, Path)),
    responses((status = 200, body = Talk)))]
async fn list(state: State, actor: Actor) -> Result<Json<Talk>, Error> {
    let guest = guest(&actor)?;
    can(&state, &actor, Action::Comment, Object::Design(&guest.design)).await?;
    Ok(Json(Talk { comments: shared(&state, guest, Canary::default()).await?, may_comment: true }))
}

/// Begins a thread about the shared bodies, or answers in one of this link's.
#[utoipa::path(post, path = "/api/share/{token}/comments", tag = "share", params(("token" = String, Path)),
    request_body = GuestSay, responses((status = 200, body = Comment)))]
async fn say(state: State, actor: Actor, parts: Parts, input: Input<GuestSay>) -> Result<Json<Comment>, Error> {
    let guest = guest(&actor)?;
    can(&state, &actor, Action::Comment, Object::Design(&guest.design)).await?;
    let request = input.read()?;
    let (text, now) = (comment::text(&request.text)?, state.now());
    let name = match &guest.name {
        Some(name) => name.clone(),
        None => match request.name.as_deref().map(str::trim).filter(|n| !n.is_empty()) {
            Some(name) => input::name("name", name)?,
            None => return Err(Error::field("name", "Say who you are: give your name above the comments.")),
        },
    };
    state.limits.take(&format!("say:{}", guest.share), limit::SAY_GUEST, now)?;
    let thread = match &request.thread {
        None => None,
        Some(thread) => Some(own_thread(&state, guest, thread).await?),
    };
    let anchor = match request.anchor.filter(|_| thread.is_none()) {
        None => Anchor::default(),
        Some(anchor) => checked(&state, guest, anchor).await?,
    };
    let (id, mut write) = (id::id(), state.db.write().await?);
    // Asked where nobody else writes: finding the face may have taken seconds, and the link may be taken back by now.
    let standing = reach::stands(&mut write, &guest.share, state.now()).await?;
    standing.filter(|at| at.state == DesignState::Active).ok_or(Error::NotFound("link"))?;
    let row =
        sqlx::query("SELECT sequence FROM design WHERE id = $1").bind(&guest.design).fetch_one(&mut *write).await?;
    let sequence = row.get::<i64, _>(0) as u64;
    let author = speaker(&mut write, guest, &name, now).await?;
    let said = comment::Said { author: &author, share: Some(&guest.share), thread: thread.as_deref(), anchor: &anchor };
    comment::insert(&mut write, &id, &guest.design, &said, &text, now).await?;
    let heard = Heard { guests_of: Some(guest.maker.clone()), ..Heard::default() };
    comment::tell(&mut write, now, &id, thread.as_deref(), &author, heard).await?;
    share_guest::note_said(&mut write, &state, guest, sequence, &parts).await?;
    write.commit().await?;
    let (comment, _) = comment::get(&state, &id).await?;
    comment::spread(&state, &guest.design, Some(&guest.share));
    Ok(Json(told(comment)))
}

/// The thread of this link that `comment` stands in; there are no others for a guest.
async fn own_thread(state: &State, guest: &Guest, comment: &str) -> Result<String, Error> {
    let row = sqlx::query(
        "SELECT first.id FROM comment JOIN comment AS first ON first.id = COALESCE(comment.thread, comment.id) \
         WHERE comment.id = $1 AND first.design = $2 AND first.share = $3",
    )
    .bind(comment)
    .bind(&guest.design)
    .bind(&guest.share)
    .fetch_optional(state.db.reader())
    .await?;
    row.map(|row| row.get(0)).ok_or_else(comment::unknown_thread)
}

/// Where a guest pins a thread: to faces that they see.
async fn checked(state: &State, guest: &Guest, anchor: Anchor) -> Result<Anchor, Error> {
    comment::check(&anchor)?;
    let unknown = || Error::field("anchor", "It names no face of the bodies that this link shares.");
    if anchor.object.is_some() {
        return Err(unknown());
    }
    match &anchor.face {
        Some(face) if !share_guest::has_face(state, guest, face).await? => Err(unknown()),
        _ => Ok(anchor),
    }
}

/// The person that a guest of this name is to the comments: of no organisation, and without a password.
async fn speaker(write: &mut db::Connection, guest: &Guest, name: &str, now: i64) -> Result<String, Error> {
    let known = sqlx::query("SELECT person FROM share_guest WHERE share = $1 AND name = $2")
        .bind(&guest.share)
        .bind(name)
        .fetch_optional(&mut *write)
        .await?;
    if let Some(row) = known {
        return Ok(row.get(0));
    }
    let row = sqlx::query("SELECT COUNT(*) FROM share_guest WHERE share = $1")
        .bind(&guest.share)
        .fetch_one(&mut *write)
        .await?;
    if row.get::<i64, _>(0) >= NAMES_MAX {
        return Err(Error::field("name", "Too many names have been used with this link; use the one you used before."));
    }
    let person = id::id();
    // No address of the post has a colon and no @: nobody can sign in as them, and nobody else's address is taken.
    sqlx::query(
        "INSERT INTO person (id, email, name, hue, password, disabled, created) VALUES ($1, $2, $3, $4, '', 1, $5)",
    )
    .bind(&person)
    .bind(format!("guest:{person}"))
    .bind(name)
    .bind(i64::from(blake3::hash(person.as_bytes()).as_bytes()[0]) * 360 / 256)
    .bind(now)
    .execute(&mut *write)
    .await?;
    sqlx::query("INSERT INTO share_guest (share, name, person) VALUES ($1, $2, $3)")
        .bind(&guest.share)
        .bind(name)
        .bind(&person)
        .execute(write)
        .await?;
    Ok(person)
}
