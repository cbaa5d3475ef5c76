//! `/api/designs/{id}/shares`, `/api/shares/{id}`: links for people without an account, as those see them who give them.

use super::input::{self, Input};
use crate::auth::{Action, Actor, Object, can, can_in, pass, password, reach};
use crate::clock::DAY;
use crate::retention::ENDED;
use crate::rooms::Revoked;
use crate::telemetry::audit;
use crate::{Error, State, id};
use app::api::Page;
use app::api::share::{CreateShare, Share, ShareView};
use axum::Json;
use axum::extract::{Path, Query};
use serde::Deserialize;
use sqlx::Row as _;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longest life of a link, days.
const DAYS_MAX: u32 = 365;
/// Bodies that a link can name.
const BODIES_MAX: usize = 1_000;
/// Lines of a link's record on one page.
const VIEWS_PAGE: usize = 200;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(create)).routes(routes!(revoke)).routes(routes!(views))
}

/// What a link is called in the audit log, which outlives it.
pub(super) fn title(label: &str, guest: Option<&str>) -> String {
    guest.map_or_else(|| format!("“{label}”"), |guest| format!("“{label}” for {guest}"))
}

/// The links to a design, latest first: those that stand or have ended lately, and all that were ever used.
#[utoipa::path(get, path = "/api/designs/{id}/shares", tag = "share", responses((status = 200, body = Vec<Share>)))]
async fn list(state: State, actor: Actor, Path(design): Path<String>) -> Result<Json<Vec<Share>>, Error> {
    can(&state, &actor, Action::Share, Object::Design(&design)).await?;
    let rows = sqlx::query(
        "SELECT id, label, created, expires, revoked, views, password IS NOT NULL, allow, bodies, guest, created_by FROM share \
         WHERE design = $1 AND (expires > $2 OR EXISTS (SELECT 1 FROM share_view WHERE share_view.share = share.id)) \
         ORDER BY created DESC",
    )
    .bind(&design)
    // One that was never opened says nothing once it has ended, though it may stay in the database for a comment's sake.
    .bind(state.now() - ENDED)
    .fetch_all(state.db.reader())
    .await?;
    // Of each maker once: most links to a design are one person's.
    let mut rests: HashMap<String, bool> = HashMap::new();
    let mut reader = state.db.reader().acquire().await?;
    for row in &rows {
        if let Entry::Vacant(entry) = rests.entry(row.get(10)) {
            let at = reach::at_design(&mut reader, &design, entry.key()).await?;
            entry.insert(!at.is_some_and(|at| at.may_share()));
        }
    }
    let shares = rows.into_iter().map(|row| Share {
        rests: rests.get(row.get::<&str, _>(10)).copied().unwrap_or_default(),
        id: row.get(0),
        label: row.get(1),
        created: row.get(2),
        expires: row.get(3),
        revoked: row.get::<i64, _>(4) == 1,
        views: row.get::<i64, _>(5) as u64,
        guest: row.get(9),
        locked: row.get::<i64, _>(6) == 1,
        allow: pass::allowed(row.get(7)),
        bodies: row.get::<Option<String>, _>(8).and_then(|text| serde_json::from_str(&text).ok()),
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
    let guest = request.guest.as_deref().map(|name| input::name("guest", name)).transpose()?;
    let secured = match request.password.as_deref() {
        None | Some("") if guest.is_some() => {
            let why = "A link for one person needs a password: whoever else gets hold of the link must not speak in their name.";
            return Err(Error::field("password", why));
        }
        None | Some("") => None,
        Some(password) => {
            password::check("password", password)?;
            Some(state.passwords.hash(password).await?)
        }
    };
    if request.bodies.as_ref().is_some_and(|b| b.is_empty() || b.len() > BODIES_MAX) {
        return Err(Error::field("bodies", format!("Choose 1 to {BODIES_MAX} bodies, or share all of them.")));
    }
    let bodies = request.bodies.as_ref().map(serde_json::to_string).transpose().map_err(Error::internal)?;
    let (id, secret, now) = (id::id(), id::secret(), state.now());
    let expires = now + i64::from(request.days) * DAY;
    let mut write = state.db.write().await?;
    // A password takes a while: the design may have gone into a compartment since it was asked, or the person out of one.
    can_in(&mut write, &state, &actor, Action::Share, Object::Design(&design)).await?;
    sqlx::query(
        "INSERT INTO share (id, design, token_hash, label, created, created_by, expires, password, allow, bodies, guest) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(&id)
    .bind(&design)
    .bind(id::secret_hash(&secret))
    .bind(&label)
    .bind(now)
    .bind(&actor.person()?.id)
    .bind(expires)
    .bind(&secured)
    .bind(pass::words(&request.allow))
    .bind(bodies)
    .bind(&guest)
    .execute(&mut *write)
    .await?;
    let what = request.bodies.as_ref().map_or("all bodies".to_owned(), |b| format!("{} bodies", b.len()));
    let detail = format!("share:{id}, {}, {what}, {}", title(&label, guest.as_deref()), pass::words(&request.allow));
    audit::record(&mut write, now, &actor.label(), "share.create", &format!("design:{design}"), &detail).await?;
    write.commit().await?;
    let link = Some(format!("{}/share/{secret}", state.config.public_url));
    Ok(Json(Share {
        id,
        label,
        created: now,
        expires,
        revoked: false,
        rests: false,
        views: 0,
        guest,
        locked: secured.is_some(),
        allow: request.allow,
        bodies: request.bodies,
        link,
    }))
}

/// Takes a link back: whoever looks through it is cut off at once.
#[utoipa::path(delete, path = "/api/shares/{id}", tag = "share", responses((status = 200)))]
async fn revoke(state: State, actor: Actor, Path(share): Path<String>) -> Result<Json<()>, Error> {
    let design = design_of(&state, &actor, &share).await?;
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Share, Object::Design(&design)).await?;
    // Its end is now: what is forgotten some time after a link's end goes by that.
    sqlx::query("UPDATE share SET revoked = 1, expires = MIN(expires, $2) WHERE id = $1")
        .bind(&share)
        .bind(state.now())
        .execute(&mut *write)
        .await?;
    let detail = format!("share:{share}");
    audit::record(&mut write, state.now(), &actor.label(), "share.revoke", &format!("design:{design}"), &detail)
        .await?;
    write.commit().await?;
    state.rooms.revoke(&state, Revoked::Share(share));
    Ok(Json(()))
}

/// The design of a link, for someone who may give and take links to it; the link is not there for anyone else.
async fn design_of(state: &State, actor: &Actor, share: &str) -> Result<String, Error> {
    can(state, actor, Action::See, Object::Self_).await?;
    let row = sqlx::query("SELECT design FROM share WHERE id = $1")
        .bind(share)
        .fetch_optional(state.db.reader())
        .await?
        .ok_or(Error::NotFound("link"))?;
    let design: String = row.get(0);
    match can(state, actor, Action::Share, Object::Design(&design)).await {
        Err(Error::NotFound(_)) => Err(Error::NotFound("link")),
        other => other.map(|_| design),
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ViewQuery {
    /// `next` of the page before.
    after: Option<String>,
}

/// Who used a link, for what and when: newest first.
#[utoipa::path(get, path = "/api/shares/{id}/views", tag = "share", params(("id" = String, Path), ViewQuery),
    responses((status = 200, body = Page<ShareView>)))]
async fn views(
    state: State,
    actor: Actor,
    Path(share): Path<String>,
    Query(query): Query<ViewQuery>,
) -> Result<Json<Page<ShareView>>, Error> {
    design_of(&state, &actor, &share).await?;
    let after = match query.after.as_deref() {
        None => None,
        Some(after) => {
            let place = after.split_once('.').and_then(|(time, id)| Some((time.parse::<i64>().ok()?, id)));
            Some(place.ok_or_else(|| Error::field("after", "give the `next` of the page before"))?)
        }
    };
    let mut rows = sqlx::query(
        "SELECT time, what, sequence, device, address, first, id FROM share_view WHERE share = $1 \
         AND ($2 IS NULL OR time < $2 OR (time = $2 AND id > $3)) ORDER BY time DESC, id LIMIT $4",
    )
    .bind(&share)
    .bind(after.map(|(time, _)| time))
    .bind(after.map(|(_, id)| id))
    .bind(VIEWS_PAGE as i64 + 1)
    .fetch_all(state.db.reader())
    .await?;
    let more = rows.len() > VIEWS_PAGE;
    rows.truncate(VIEWS_PAGE);
    let place = |row: &sqlx::sqlite::SqliteRow| format!("{}.{}", row.get::<i64, _>(0), row.get::<&str, _>(6));
    let next = rows.last().filter(|_| more).map(place);
    let views = rows.into_iter().map(|row| ShareView {
        time: row.get(0),
        what: row.get(1),
        first: row.get::<Option<i64>, _>(5).map(|n| n as u64),
        sequence: row.get::<i64, _>(2) as u64,
        device: row.get(3),
        address: row.get(4),
    });
    Ok(Json(Page { items: views.collect(), next }))
}
