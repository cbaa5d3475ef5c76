//! `/api/organisation/*`: people and their rights.

use super::input::{self, Input};
use crate::auth::policy::{role, role_word};
use crate::auth::{Action, Actor, Object, can, session};
use crate::clock::DAY;
use crate::rooms::Revoked;
use crate::telemetry::audit;
use crate::{Error, State, id, setting};
use app::api::auth::Role;
use app::api::organisation::{ChangeMember, ChangeOrganisation, Invitation, Invite, Link, Member, Organisation};
use axum::Json;
use axum::extract::Path;
use sqlx::Row as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long a reset link works, ms.
const RESET: i64 = DAY;
/// Longest life of an invitation, days.
const INVITATION_DAYS_MAX: u32 = 90;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(read))
        .routes(routes!(change))
        .routes(routes!(members))
        .routes(routes!(change_member))
        .routes(routes!(reset_link))
        .routes(routes!(invitations))
        .routes(routes!(invite))
        .routes(routes!(withdraw))
}

/// One's organisation.
#[utoipa::path(get, path = "/api/organisation", tag = "organisation", responses((status = 200, body = Organisation)))]
async fn read(state: State, actor: Actor) -> Result<Json<Organisation>, Error> {
    can(&state, &actor, Action::See, Object::Organisation).await?;
    let person = actor.person()?;
    let (sign_up, factor) = (setting::sign_up(&state).await?, setting::factor_required(&state).await?);
    let (id, name) = (person.organisation.clone(), person.organisation_name.clone());
    Ok(Json(Organisation { id, name, sign_up, factor }))
}

/// Renames the organisation; an administrator also decides who may sign up, and whether everyone needs a second factor.
#[utoipa::path(patch, path = "/api/organisation", tag = "organisation", request_body = ChangeOrganisation, responses((status = 200)))]
async fn change(state: State, actor: Actor, input: Input<ChangeOrganisation>) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Organisation).await?;
    let person = actor.person()?;
    let request = input.read()?;
    if request.sign_up.is_some() || request.factor.is_some() {
        can(&state, &actor, Action::Manage, Object::Installation).await?;
    }
    let name = request.name.as_deref().map(|name| input::name("name", name)).transpose()?;
    let now = state.now();
    let mut write = state.db.write().await?;
    if let Some(name) = &name {
        sqlx::query("UPDATE organisation SET name = $2 WHERE id = $1")
            .bind(&person.organisation)
            .bind(name)
            .execute(&mut *write)
            .await?;
    }
    if let Some(policy) = request.sign_up {
        setting::set_sign_up(&mut write, policy).await?;
    }
    if let Some(required) = request.factor {
        setting::require_factor(&mut write, required).await?;
    }
    let object = format!("organisation:{}", person.organisation);
    let detail = format!("name {name:?}, sign-up {:?}, second factor {:?}", request.sign_up, request.factor);
    audit::record(&mut write, now, &actor.label(), "organisation.change", &object, &detail).await?;
    write.commit().await?;
    if request.factor == Some(true) {
        state.rooms.revoke(&state, Revoked::Unenrolled);
    }
    Ok(Json(()))
}

/// Everyone in the organisation.
#[utoipa::path(get, path = "/api/organisation/members", tag = "organisation", responses((status = 200, body = Vec<Member>)))]
async fn members(state: State, actor: Actor) -> Result<Json<Vec<Member>>, Error> {
    can(&state, &actor, Action::See, Object::Organisation).await?;
    let rows = sqlx::query(
        "SELECT person.id, person.name, person.email, person.hue, member.role, person.administrator, person.disabled, \
         member.joined, EXISTS (SELECT 1 FROM factor WHERE factor.person = person.id AND confirmed IS NOT NULL) \
         FROM member JOIN person ON person.id = member.person WHERE member.organisation = $1 \
         ORDER BY person.name, person.id",
    )
    .bind(&actor.person()?.organisation)
    .fetch_all(state.db.reader())
    .await?;
    let members = rows.into_iter().map(|row| {
        Ok(Member {
            user: row.get(0),
            name: row.get(1),
            email: row.get(2),
            hue: row.get::<i64, _>(3) as u16,
            role: role(&row.get::<String, _>(4))?,
            administrator: row.get::<i64, _>(5) == 1,
            disabled: row.get::<i64, _>(6) == 1,
            joined: row.get(7),
            factor: row.get::<i64, _>(8) == 1,
        })
    });
    members.collect::<Result<_, Error>>().map(Json)
}

/// What an owner may know of a member before deciding about them.
pub(super) struct Standing {
    role: Role,
    pub administrator: bool,
}

pub(super) async fn standing(state: &State, organisation: &str, person: &str) -> Result<Standing, Error> {
    let row = sqlx::query(
        "SELECT member.role, person.administrator FROM member JOIN person ON person.id = member.person \
         WHERE member.organisation = $1 AND member.person = $2",
    )
    .bind(organisation)
    .bind(person)
    .fetch_optional(state.db.reader())
    .await?
    .ok_or(Error::NotFound("person"))?;
    Ok(Standing { role: role(&row.get::<String, _>(0))?, administrator: row.get::<i64, _>(1) == 1 })
}

/// Changes a member's role, or disables the account: its sessions and sockets end at once.
#[utoipa::path(patch, path = "/api/organisation/members/{user}", tag = "organisation", request_body = ChangeMember, responses((status = 200)))]
async fn change_member(
    state: State,
    actor: Actor,
    Path(user): Path<String>,
    input: Input<ChangeMember>,
) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Organisation).await?;
    let person = actor.person()?;
    let standing = standing(&state, &person.organisation, &user).await?;
    let request = input.read()?;
    if user == person.id {
        return Err(Error::forbidden("Ask another owner: nobody changes their own rights."));
    }
    if standing.administrator && !person.administrator {
        return Err(Error::forbidden("Only an administrator may change an administrator's account."));
    }
    let now = state.now();
    let mut write = state.db.write().await?;
    if let Some(role) = request.role {
        sqlx::query("UPDATE member SET role = $3 WHERE organisation = $1 AND person = $2")
            .bind(&person.organisation)
            .bind(&user)
            .bind(role_word(role))
            .execute(&mut *write)
            .await?;
    }
    if let Some(disabled) = request.disabled {
        sqlx::query("UPDATE person SET disabled = $2 WHERE id = $1")
            .bind(&user)
            .bind(i64::from(disabled))
            .execute(&mut *write)
            .await?;
        if disabled {
            session::end_all(&mut write, &user).await?;
        }
    }
    let owners = sqlx::query(
        "SELECT COUNT(*) FROM member JOIN person ON person.id = member.person \
         WHERE member.organisation = $1 AND member.role = 'owner' AND person.disabled = 0",
    )
    .bind(&person.organisation)
    .fetch_one(&mut *write)
    .await?;
    if owners.get::<i64, _>(0) == 0 {
        return Err(Error::Conflict("An organisation needs an owner.".to_owned()));
    }
    let detail = format!("from {} to {:?}, disabled {:?}", role_word(standing.role), request.role, request.disabled);
    audit::record(&mut write, now, &actor.label(), "member.change", &format!("person:{user}"), &detail).await?;
    write.commit().await?;
    // Who has another role goes on with it; only who is disabled is signed out.
    let is_out = request.disabled == Some(true);
    state.rooms.revoke(&state, if is_out { Revoked::Person(user) } else { Revoked::Rights(vec![user]) });
    Ok(Json(()))
}

/// Makes a link with which a member sets a new password.
#[utoipa::path(post, path = "/api/organisation/members/{user}/reset", tag = "organisation", responses((status = 200, body = Link)))]
async fn reset_link(state: State, actor: Actor, Path(user): Path<String>) -> Result<Json<Link>, Error> {
    can(&state, &actor, Action::Manage, Object::Organisation).await?;
    let person = actor.person()?;
    let standing = standing(&state, &person.organisation, &user).await?;
    if standing.administrator && !person.administrator {
        return Err(Error::forbidden("Only an administrator may reset an administrator's password."));
    }
    let (secret, now) = (id::secret(), state.now());
    let expires = now + RESET;
    let mut write = state.db.write().await?;
    sqlx::query("INSERT INTO reset (token_hash, person, created_by, expires) VALUES ($1, $2, $3, $4)")
        .bind(id::secret_hash(&secret))
        .bind(&user)
        .bind(&person.id)
        .bind(expires)
        .execute(&mut *write)
        .await?;
    audit::record(&mut write, now, &actor.label(), "member.reset_link", &format!("person:{user}"), "").await?;
    write.commit().await?;
    Ok(Json(Link { link: format!("{}/reset/{secret}", state.config.public_url), expires }))
}

/// Invitations that still work, and the last used ones.
#[utoipa::path(get, path = "/api/organisation/invitations", tag = "organisation", responses((status = 200, body = Vec<Invitation>)))]
async fn invitations(state: State, actor: Actor) -> Result<Json<Vec<Invitation>>, Error> {
    can(&state, &actor, Action::Manage, Object::Organisation).await?;
    let rows = sqlx::query(
        "SELECT id, email, role, expires, used_by FROM invitation WHERE organisation = $1 AND expires > $2 \
         ORDER BY created DESC LIMIT 200",
    )
    .bind(&actor.person()?.organisation)
    .bind(state.now())
    .fetch_all(state.db.reader())
    .await?;
    let invitations = rows.into_iter().map(|row| {
        Ok(Invitation {
            id: row.get(0),
            email: row.get(1),
            role: role(&row.get::<String, _>(2))?,
            expires: row.get(3),
            used: row.get::<Option<String>, _>(4).is_some(),
            link: None,
        })
    });
    invitations.collect::<Result<_, Error>>().map(Json)
}

/// Makes an invitation; its link is shown this once.
#[utoipa::path(post, path = "/api/organisation/invitations", tag = "organisation", request_body = Invite, responses((status = 200, body = Invitation)))]
async fn invite(state: State, actor: Actor, input: Input<Invite>) -> Result<Json<Invitation>, Error> {
    can(&state, &actor, Action::Manage, Object::Organisation).await?;
    let person = actor.person()?;
    let request = input.read()?;
    let email = match request.email.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(email) => Some(input::email(email)?),
    };
    if !(1..=INVITATION_DAYS_MAX).contains(&request.days) {
        return Err(Error::field("days", format!("An invitation lives 1 to {INVITATION_DAYS_MAX} days.")));
    }
    let (id, secret, now) = (id::id(), id::secret(), state.now());
    let expires = now + i64::from(request.days) * DAY;
    let mut write = state.db.write().await?;
    sqlx::query(
        "INSERT INTO invitation (id, organisation, token_hash, email, role, created, created_by, expires) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&id)
    .bind(&person.organisation)
    .bind(id::secret_hash(&secret))
    .bind(&email)
    .bind(role_word(request.role))
    .bind(now)
    .bind(&person.id)
    .bind(expires)
    .execute(&mut *write)
    .await?;
    let object = format!("invitation:{id}");
    audit::record(&mut write, now, &actor.label(), "invitation.create", &object, role_word(request.role)).await?;
    write.commit().await?;
    let link = Some(format!("{}/invite/{secret}", state.config.public_url));
    Ok(Json(Invitation { id, email, role: request.role, expires, used: false, link }))
}

/// Withdraws an invitation.
#[utoipa::path(delete, path = "/api/organisation/invitations/{id}", tag = "organisation", responses((status = 200)))]
async fn withdraw(state: State, actor: Actor, Path(id): Path<String>) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Organisation).await?;
    let mut write = state.db.write().await?;
    let done = sqlx::query("DELETE FROM invitation WHERE id = $1 AND organisation = $2")
        .bind(&id)
        .bind(&actor.person()?.organisation)
        .execute(&mut *write)
        .await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound("invitation"));
    }
    let object = format!("invitation:{id}");
    audit::record(&mut write, state.now(), &actor.label(), "invitation.withdraw", &object, "").await?;
    write.commit().await?;
    Ok(Json(()))
}
