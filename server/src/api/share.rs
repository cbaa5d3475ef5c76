//! `/api/designs/{id}/shares`, `/api/shares/{id}`, `/api/share/{token}`: view-only links.

use super::input::{self, Input};
use crate::auth::{Action, Actor, Object, can};
use crate::clock::DAY;
use crate::rooms::Revoked;
use crate::telemetry::audit;
use crate::{Error, State, id};
use app::api::share::{CreateShare, Share, SharedDesign};
use axum::Json;
use axum::extract::Path;
use sqlx::Row as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longest life of a link, days.
const DAYS_MAX: u32 = 365;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(create)).routes(routes!(revoke)).routes(routes!(shared))
}

/// The links to a design.
#[utoipa::path(get, path = "/api/designs/{id}/shares", tag = "share", responses((status = 200, body = Vec<Share>)))]
async fn list(state: State, actor: Actor, Path(design): Path<String>) -> Result<Json<Vec<Share>>, Error> {
    can(&state, &actor, Action::Share, Object::Design(&design)).await?;
    let rows = sqlx::query(
        "SELECT id, label, created, expires, revoked, views FROM share WHERE design = $1 ORDER BY created DESC LIMIT 200",
    )
    .bind(&design)
    .fetch_all(state.db.reader())
    .await?;
    let shares = rows.into_iter().map(|row| Share {
        id: row.get(0),
        label: row.get(1),
        created: row.get(2),
        expires: row.get(3),
        revoked: row.get::<i64, _>(4) == 1,
        views: row.get::<i64, _>(5) as u64,
        link: None,
    });
    Ok(Json(shares.collect()))
}

/// Makes a link; its address is shown this once.
#[utoipa::path(post, path = "/api/designs/{id}/shares", tag = "share", request_body = CreateShare, responses((status = 200, body = Share)))]
async fn create(
    state: State,
    actor: Actor,
    Path(design): Path<String>,
    input: Input<CreateShare>,
) -> Result<Json<Share>, Error> {
    can(&state, &actor, Action::Share, Object::Design(&design)).await?;
    let request = input.read()?;
    let label = input::name("label", &request.label)?;
    if !(1..=DAYS_MAX).contains(&request.days) {
        return Err(Error::field("days", format!("A link lives 1 to {DAYS_MAX} days.")));
    }
    let (id, secret, now) = (id::id(), id::secret(), state.now());
    let expires = now + i64::from(request.days) * DAY;
    let mut write = state.db.write().await?;
    sqlx::query(
        "INSERT INTO share (id, design, token_hash, label, created, created_by, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&id)
    .bind(&design)
    .bind(id::secret_hash(&secret))
    .bind(&label)
    .bind(now)
    .bind(&actor.person()?.id)
    .bind(expires)
    .execute(&mut *write)
    .await?;
    let detail = format!("share:{id}");
    audit::record(&mut write, now, &actor.label(), "share.create", &format!("design:{design}"), &detail).await?;
    write.commit().await?;
    let link = Some(format!("{}/share/{secret}", state.config.public_url));
    Ok(Json(Share { id, label, created: now, expires, revoked: false, views: 0, link }))
}

/// Takes a link back: whoever looks through it is cut off at once.
#[utoipa::path(delete, path = "/api/shares/{id}", tag = "share", responses((status = 200)))]
async fn revoke(state: State, actor: Actor, Path(share): Path<String>) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::See, Object::Self_).await?;
    let row = sqlx::query("SELECT design FROM share WHERE id = $1")
        .bind(&share)
        .fetch_optional(state.db.reader())
        .await?
        .ok_or(Error::NotFound("link"))?;
    let design: String = row.get(0);
    can(&state, &actor, Action::Share, Object::Design(&design)).await.map_err(|error| match error {
        Error::NotFound(_) => Error::NotFound("link"),
        other => other,
    })?;
    let mut write = state.db.write().await?;
    sqlx::query("UPDATE share SET revoked = 1 WHERE id = $1").bind(&share).execute(&mut *write).await?;
    let detail = format!("share:{share}");
    audit::record(&mut write, state.now(), &actor.label(), "share.revoke", &format!("design:{design}"), &detail)
        .await?;
    write.commit().await?;
    state.rooms.revoke(&state, Revoked::Share(share));
    Ok(Json(()))
}

/// What a guest is shown.
#[utoipa::path(get, path = "/api/share/{token}", tag = "share", responses((status = 200, body = SharedDesign)))]
async fn shared(state: State, actor: Actor) -> Result<Json<SharedDesign>, Error> {
    let Actor::Guest(guest) = &actor else { return Err(Error::NotFound("link")) };
    can(&state, &actor, Action::See, Object::Design(&guest.design)).await?;
    let row = sqlx::query(
        "SELECT design.name, person.name, design.sequence FROM share JOIN design ON design.id = share.design \
         JOIN person ON person.id = share.created_by WHERE share.id = $1",
    )
    .bind(&guest.share)
    .fetch_optional(state.db.reader())
    .await?
    .ok_or(Error::NotFound("link"))?;
    if let Err(error) = count_view(&state, &guest.share).await {
        // Looking must go on while the disk is full.
        tracing::warn!(%error, "cannot count a view");
    }
    let sequence = row.get::<i64, _>(2) as u64;
    Ok(Json(SharedDesign { name: row.get(0), by: row.get(1), sequence, expires: guest.expires }))
}

async fn count_view(state: &State, share: &str) -> Result<(), Error> {
    let mut write = state.db.write().await?;
    sqlx::query("UPDATE share SET views = views + 1 WHERE id = $1").bind(share).execute(&mut *write).await?;
    Ok(write.commit().await?)
}
