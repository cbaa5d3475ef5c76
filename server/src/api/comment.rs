//! `/api/designs/{id}/comments`, `…/people`, `/api/comments/{id}`: what people say about a design.

use super::input::Input;
use super::notification;
use crate::auth::reach;
use crate::auth::{Action, Actor, Object, can, can_in, may};
use crate::{Error, State, db, id};
use app::api::comment::{Anchor, ChangeComment, Comment, NotificationKind, Person, Resolved, Say, Talk};
use axum::Json;
use axum::extract::Path;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeSet;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longest comment, characters.
const TEXT_MAX: usize = 8_000;
/// Most comments in a design; what is beyond belongs in a tracker.
const COMMENTS_MAX: i64 = 10_000;
const MENTIONS_MAX: usize = 50;
/// Longest object id or face name in an anchor, characters.
const NAME_MAX: usize = 400;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(say))
        .routes(routes!(people))
        .routes(routes!(change, remove))
}

/// Columns that [`read`] takes, and where they stand.
pub(super) const SELECT: &str = "SELECT comment.id, comment.thread, comment.author, person.name, person.hue, comment.created, \
     comment.changed, comment.text, comment.removed, comment.anchor, comment.sequence, comment.resolved, settler.name, \
     comment.design, share.label, comment.share IS NOT NULL FROM comment JOIN person ON person.id = comment.author \
     LEFT JOIN person AS settler ON settler.id = comment.resolved_by LEFT JOIN share ON share.id = comment.share";

pub(super) fn read(row: &SqliteRow) -> Result<Comment, Error> {
    let anchor = row.get::<Option<String>, _>(9);
    let anchor = anchor.map(|text| serde_json::from_str(&text)).transpose().map_err(Error::internal)?;
    let resolved = row.get::<Option<i64>, _>(11).zip(row.get::<Option<String>, _>(12));
    Ok(Comment {
        id: row.get(0),
        thread: row.get(1),
        author: row.get(2),
        author_name: row.get(3),
        guest: row.get(14),
        by_guest: row.get::<i64, _>(15) == 1,
        hue: row.get::<i64, _>(4) as u16,
        created: row.get(5),
        changed: row.get(6),
        text: row.get(7),
        removed: row.get::<i64, _>(8) == 1,
        anchor,
        sequence: row.get::<Option<i64>, _>(10).map(|n| n as u64),
        resolved: resolved.map(|(time, by_name)| Resolved { by_name, time }),
    })
}

/// A comment, and the design it is about.
pub(super) async fn get(state: &State, comment: &str) -> Result<(Comment, String), Error> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!("{SELECT} WHERE comment.id = $1")))
        .bind(comment)
        .fetch_optional(state.db.reader())
        .await?
        .ok_or(Error::NotFound("comment"))?;
    Ok((read(&row)?, row.get(13)))
}

/// Every comment on a design, oldest first.
#[utoipa::path(get, path = "/api/designs/{id}/comments", tag = "comments", params(("id" = String, Path)),
    responses((status = 200, body = Talk)))]
async fn list(state: State, actor: Actor, Path(design): Path<String>) -> Result<Json<Talk>, Error> {
    can(&state, &actor, Action::See, Object::Design(&design)).await?;
    // A guest sees the shape and not who says what about it.
    actor.person()?;
    let sql = format!("{SELECT} WHERE comment.design = $1 ORDER BY comment.created, comment.id LIMIT {COMMENTS_MAX}");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(&design).fetch_all(state.db.reader()).await?;
    let comments = rows.iter().map(read).collect::<Result<_, _>>()?;
    let may_comment = may(&state, &actor, Action::Comment, Object::Design(&design)).await?;
    Ok(Json(Talk { comments, may_comment }))
}

pub(super) fn text(given: &str) -> Result<String, Error> {
    let text = given.trim();
    if text.is_empty() {
        return Err(Error::field("text", "Write something first."));
    }
    if text.chars().count() > TEXT_MAX {
        return Err(Error::field("text", format!("Use at most {TEXT_MAX} characters; longer texts belong in a file.")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Error::field("text", "Use letters, digits, signs and line breaks."));
    }
    Ok(text.to_owned())
}

pub(super) fn check(anchor: &Anchor) -> Result<(), Error> {
    let names = [&anchor.object, &anchor.face];
    if names.into_iter().flatten().any(|n| n.is_empty() || n.chars().count() > NAME_MAX) {
        return Err(Error::field("anchor", "It names neither an object nor a face of the design."));
    }
    let numbers = anchor.place.iter().chain(anchor.camera.iter().flatten()).flatten();
    if numbers.into_iter().any(|x| !x.is_finite()) {
        return Err(Error::field("anchor", "Its place and camera must be finite numbers."));
    }
    Ok(())
}

/// Begins a thread, or answers in one.
#[utoipa::path(post, path = "/api/designs/{id}/comments", tag = "comments", params(("id" = String, Path)),
    request_body = Say, responses((status = 200, body = Comment)))]
async fn say(
    state: State,
    actor: Actor,
    Path(design): Path<String>,
    input: Input<Say>,
) -> Result<Json<Comment>, Error> {
    can(&state, &actor, Action::Comment, Object::Design(&design)).await?;
    let person = actor.person()?;
    let request = input.read()?;
    let text = text(&request.text)?;
    let thread = match &request.thread {
        None => None,
        Some(thread) => {
            let (first, of) = get(&state, thread).await.map_err(|_| unknown_thread())?;
            if of != design {
                return Err(unknown_thread());
            }
            // An answer to an answer is an answer in the same thread.
            Some(first.thread.unwrap_or(first.id))
        }
    };
    let anchor = if thread.is_none() { request.anchor.unwrap_or_default() } else { Anchor::default() };
    check(&anchor)?;
    let told = mentioned(&state, &design, &request.mentions).await?;
    let (id, now) = (id::id(), state.now());
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Comment, Object::Design(&design)).await?;
    let said = Said { author: &person.id, share: None, thread: thread.as_deref(), anchor: &anchor };
    insert(&mut write, &id, &design, &said, &text, now).await?;
    let heard = Heard { mentioned: told, ..Heard::default() };
    tell(&mut write, now, &id, thread.as_deref(), &person.id, heard).await?;
    write.commit().await?;
    let through = share_of(&state, thread.as_deref().unwrap_or(&id)).await?;
    spread(&state, &design, through.as_deref());
    Ok(Json(get(&state, &id).await?.0))
}

/// Who says something, through which link if not as one of the team, and where.
pub(super) struct Said<'a> {
    pub author: &'a str,
    pub share: Option<&'a str>,
    pub thread: Option<&'a str>,
    /// Of a first comment.
    pub anchor: &'a Anchor,
}

/// Writes a comment down.
///
/// # Errors
/// [`Error::Invalid`] where the design has too many; the database's.
pub(super) async fn insert(
    write: &mut db::Connection,
    id: &str,
    design: &str,
    said: &Said<'_>,
    text: &str,
    now: i64,
) -> Result<(), Error> {
    let row = sqlx::query("SELECT COUNT(*) FROM comment WHERE design = $1").bind(design).fetch_one(&mut *write).await?;
    if row.get::<i64, _>(0) >= COMMENTS_MAX {
        return Err(Error::invalid(format!("This design has {COMMENTS_MAX} comments; settle and remove some first.")));
    }
    let anchor = match said.thread {
        None => Some(serde_json::to_string(said.anchor).map_err(Error::internal)?),
        Some(_) => None,
    };
    sqlx::query(
        "INSERT INTO comment (id, design, thread, author, created, text, anchor, share, sequence) \
         SELECT $1, design.id, $3, $4, $5, $6, $7, $8, design.sequence FROM design WHERE design.id = $2",
    )
    .bind(id)
    .bind(design)
    .bind(said.thread)
    .bind(said.author)
    .bind(now)
    .bind(text)
    .bind(anchor)
    .bind(said.share)
    .execute(write)
    .await?;
    Ok(())
}

/// The link that the thread with this first comment came through; `None` for the team's own.
async fn share_of(state: &State, first: &str) -> Result<Option<String>, Error> {
    let row =
        sqlx::query("SELECT share FROM comment WHERE id = $1").bind(first).fetch_optional(state.db.reader()).await?;
    Ok(row.and_then(|row| row.get(0)))
}

/// Tells the design's room that there is something new to read, and the guests whose thread it is.
pub(super) fn spread(state: &State, design: &str, share: Option<&str>) {
    state.rooms.talked(design);
    if let Some(share) = share {
        state.rooms.talked_through(share);
    }
}

pub(super) fn unknown_thread() -> Error {
    Error::field("thread", "This thread is not here any more; begin a new one.")
}

/// Who is told of a comment besides those who took part in its thread.
#[derive(Default)]
pub(super) struct Heard {
    pub mentioned: BTreeSet<String>,
    /// Who made the link that a guest speaks through.
    pub guests_of: Option<String>,
}

/// Tells whom a comment concerns: whom it mentions, whose guest says it, and who took part in its thread.
pub(super) async fn tell(
    write: &mut db::Connection,
    now: i64,
    comment: &str,
    thread: Option<&str>,
    author: &str,
    heard: Heard,
) -> Result<(), Error> {
    for person in heard.mentioned.iter().filter(|p| *p != author) {
        notification::add(write, now, person, NotificationKind::Mention, comment).await?;
    }
    if let Some(thread) = thread {
        // A guest has no account to be told in; their page shows it.
        let rows = sqlx::query("SELECT DISTINCT author FROM comment WHERE (id = $1 OR thread = $1) AND share IS NULL")
            .bind(thread)
            .fetch_all(&mut *write)
            .await?;
        for person in rows.into_iter().map(|row| row.get::<String, _>(0)) {
            if person != author && !heard.mentioned.contains(&person) {
                notification::add(write, now, &person, NotificationKind::Answer, comment).await?;
            }
        }
    }
    if let Some(host) = heard.guests_of {
        // Once for each comment: whoever answered in the thread has been told already.
        notification::add(write, now, &host, NotificationKind::Guest, comment).await?;
    }
    Ok(())
}

/// The people among `ids` who may see the design.
///
/// # Errors
/// [`Error::Invalid`] at `mentions` for anyone else, whether there is such a person or not.
async fn mentioned(state: &State, design: &str, ids: &[String]) -> Result<BTreeSet<String>, Error> {
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    if ids.len() > MENTIONS_MAX {
        return Err(Error::field("mentions", format!("Mention at most {MENTIONS_MAX} people.")));
    }
    let all: BTreeSet<String> = reach::onlookers(state, design).await?.into_iter().map(|p| p.id).collect();
    let wanted: BTreeSet<String> = ids.iter().cloned().collect();
    if !wanted.is_subset(&all) {
        return Err(Error::field("mentions", "Mention people who may see this design."));
    }
    Ok(wanted)
}

/// Who can be mentioned: everyone who may see the design.
#[utoipa::path(get, path = "/api/designs/{id}/people", tag = "comments", params(("id" = String, Path)),
    responses((status = 200, body = Vec<Person>)))]
async fn people(state: State, actor: Actor, Path(design): Path<String>) -> Result<Json<Vec<Person>>, Error> {
    can(&state, &actor, Action::Comment, Object::Design(&design)).await?;
    let people = reach::onlookers(&state, &design).await?;
    Ok(Json(people.into_iter().map(|p| Person { id: p.id, name: p.name, hue: p.hue }).collect()))
}

/// The comment, for someone who may see its design; it is not there for anyone else.
async fn seen(state: &State, actor: &Actor, comment: &str) -> Result<(Comment, String), Error> {
    let found = match get(state, comment).await {
        Ok(found) => found,
        Err(e @ Error::NotFound(_)) => return actor.person().map_or_else(Err, |_| Err(e)),
        Err(e) => return Err(e),
    };
    match can(state, actor, Action::Comment, Object::Design(&found.1)).await {
        Ok(_) => Ok(found),
        Err(Error::NotFound(_)) => Err(Error::NotFound("comment")),
        Err(e) => Err(e),
    }
}

/// Changes the text, or settles or reopens the thread.
#[utoipa::path(patch, path = "/api/comments/{id}", tag = "comments", params(("id" = String, Path)),
    request_body = ChangeComment, responses((status = 200, body = Comment)))]
async fn change(
    state: State,
    actor: Actor,
    Path(comment): Path<String>,
    input: Input<ChangeComment>,
) -> Result<Json<Comment>, Error> {
    let (found, design) = seen(&state, &actor, &comment).await?;
    let person = actor.person()?;
    let request = input.read()?;
    let now = state.now();
    let new = request.text.as_deref().map(text).transpose()?;
    if new.is_some() && (found.author != person.id || found.removed) {
        return Err(Error::forbidden("Only its author changes a comment; answer it instead."));
    }
    if request.resolved.is_some() && found.thread.is_some() {
        return Err(Error::field("resolved", "A thread is settled at its first comment."));
    }
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Comment, Object::Design(&design)).await?;
    if let Some(text) = new {
        sqlx::query("UPDATE comment SET text = $2, changed = $3 WHERE id = $1")
            .bind(&comment)
            .bind(text)
            .bind(now)
            .execute(&mut *write)
            .await?;
    }
    if let Some(resolved) = request.resolved {
        sqlx::query("UPDATE comment SET resolved = $2, resolved_by = $3 WHERE id = $1")
            .bind(&comment)
            .bind(resolved.then_some(now))
            .bind(resolved.then_some(&person.id))
            .execute(&mut *write)
            .await?;
    }
    write.commit().await?;
    let through = share_of(&state, found.thread.as_deref().unwrap_or(&found.id)).await?;
    spread(&state, &design, through.as_deref());
    Ok(Json(get(&state, &comment).await?.0))
}

/// Takes one's own comment back, or a guest's, who cannot: then whoever may make links does. A thread without any words
/// left goes altogether.
#[utoipa::path(delete, path = "/api/comments/{id}", tag = "comments", params(("id" = String, Path)),
    responses((status = 200)))]
async fn remove(state: State, actor: Actor, Path(comment): Path<String>) -> Result<Json<()>, Error> {
    let (found, design) = seen(&state, &actor, &comment).await?;
    match found.guest {
        Some(_) => drop(can(&state, &actor, Action::Share, Object::Design(&design)).await?),
        None if found.author == actor.person()?.id => {}
        None => return Err(Error::forbidden("Only its author removes a comment; settle the thread instead.")),
    }
    let through = share_of(&state, found.thread.as_deref().unwrap_or(&found.id)).await?;
    let mut write = state.db.write().await?;
    let action = if found.guest.is_some() { Action::Share } else { Action::Comment };
    can_in(&mut write, &state, &actor, action, Object::Design(&design)).await?;
    sqlx::query("UPDATE comment SET text = '', removed = 1 WHERE id = $1").bind(&comment).execute(&mut *write).await?;
    sqlx::query("DELETE FROM notification WHERE comment = $1").bind(&comment).execute(&mut *write).await?;
    let thread = found.thread.as_deref().unwrap_or(&found.id);
    let left = sqlx::query("SELECT COUNT(*) FROM comment WHERE (id = $1 OR thread = $1) AND removed = 0")
        .bind(thread)
        .fetch_one(&mut *write)
        .await?;
    if left.get::<i64, _>(0) == 0 {
        sqlx::query("DELETE FROM comment WHERE thread = $1").bind(thread).execute(&mut *write).await?;
        sqlx::query("DELETE FROM comment WHERE id = $1").bind(thread).execute(&mut *write).await?;
    }
    write.commit().await?;
    spread(&state, &design, through.as_deref());
    Ok(Json(()))
}
