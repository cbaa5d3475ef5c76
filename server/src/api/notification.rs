//! `/api/notifications`: what one is told: mentions, answers in one's threads, and what becomes of releases.

use super::input::Input;
use crate::auth::{Action, Actor, Object, can, may, reach};
use crate::{Error, State, db, id, release};
use app::api::auth::Role;
use app::api::comment::{Notification, NotificationKind, Seen};
use axum::Json;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Newest notifications that are given.
const SHOWN: i64 = 50;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(seen))
}

/// Tells `person` of a comment, once.
///
/// # Errors
/// The database's.
pub async fn add(
    write: &mut db::Connection,
    now: i64,
    person: &str,
    kind: NotificationKind,
    comment: &str,
) -> Result<(), Error> {
    let word = match kind {
        NotificationKind::Mention => "mention",
        NotificationKind::Guest => "guest",
        _ => "answer",
    };
    sqlx::query(
        "INSERT INTO notification (id, person, time, kind, comment) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (person, comment) DO NOTHING",
    )
    .bind(id::id())
    .bind(person)
    .bind(now)
    .bind(word)
    .bind(comment)
    .execute(write)
    .await?;
    Ok(())
}

/// One's newest notifications. Those on designs that one may not see any more are left out.
#[utoipa::path(get, path = "/api/notifications", tag = "comments", responses((status = 200, body = Vec<Notification>)))]
async fn list(state: State, actor: Actor) -> Result<Json<Vec<Notification>>, Error> {
    can(&state, &actor, Action::See, Object::Self_).await?;
    // Whoever has yet to set up a second factor has notifications, and reads none.
    if !may(&state, &actor, Action::See, Object::Organisation).await? {
        return Ok(Json(Vec::new()));
    }
    let person = actor.person()?;
    // What they no longer see takes no place of the newest.
    let sql = format!(
        "SELECT notification.id, notification.kind, notification.time, notification.seen, person.name, person.hue, design.id, design.name, \
         comment.id, COALESCE(comment.thread, comment.id), comment.text FROM notification \
         JOIN comment ON comment.id = notification.comment JOIN design ON design.id = comment.design \
         JOIN person ON person.id = comment.author \
         WHERE notification.person = $2 AND {} ORDER BY notification.time DESC, notification.id LIMIT $4",
        reach::design()
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&person.organisation)
        .bind(&person.id)
        .bind(i64::from(person.role == Role::Owner))
        .bind(SHOWN)
        .fetch_all(state.db.reader())
        .await?;
    let mut all: Vec<Notification> = rows.iter().map(of_comment).collect();
    all.extend(release::notice::list(&state, person, SHOWN).await?);
    all.sort_by(|a, b| b.time.cmp(&a.time).then_with(|| a.id.cmp(&b.id)));
    all.truncate(SHOWN as usize);
    Ok(Json(all))
}

fn of_comment(row: &SqliteRow) -> Notification {
    let kind = match row.get::<&str, _>(1) {
        "mention" => NotificationKind::Mention,
        "guest" => NotificationKind::Guest,
        _ => NotificationKind::Answer,
    };
    Notification {
        id: row.get(0),
        kind,
        time: row.get(2),
        seen: row.get::<i64, _>(3) == 1,
        by_name: row.get(4),
        hue: row.get::<i64, _>(5) as u16,
        design: row.get(6),
        design_name: row.get(7),
        comment: row.get(8),
        thread: row.get(9),
        release: None,
        text: row.get(10),
    }
}

/// Marks one's notifications as seen.
#[utoipa::path(post, path = "/api/notifications/seen", tag = "comments", request_body = Seen, responses((status = 200)))]
async fn seen(state: State, actor: Actor, input: Input<Seen>) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::See, Object::Self_).await?;
    let until = input.read()?.until;
    let mut write = state.db.write().await?;
    sqlx::query("UPDATE notification SET seen = 1 WHERE person = $1 AND time <= $2 AND seen = 0")
        .bind(&actor.person()?.id)
        .bind(until)
        .execute(&mut *write)
        .await?;
    release::notice::seen(&mut write, &actor.person()?.id, until).await?;
    write.commit().await?;
    Ok(Json(()))
}
