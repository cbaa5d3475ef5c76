//! `/api/auth/*`: joining, signing in, one's own account.

use super::input::{self, Input};
use crate::auth::factor::{self, Proof};
use crate::auth::policy::{role, role_word};
use crate::auth::{Action, Actor, Object, can, limit, origin, password, session, token};
use crate::rooms::Revoked;
use crate::telemetry::audit;
use crate::{Error, State, db, demo, id, setting};
use app::api::auth::{ChangePassword, LogIn, Me, Policy, Reset, Role, Session as Device, SignUp, SignUpPolicy};
use axum::Json;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use sqlx::Row as _;
use tower_sessions::Session;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(policy))
        .routes(routes!(sign_up))
        .routes(routes!(log_in))
        .routes(routes!(log_out))
        .routes(routes!(log_out_all))
        .routes(routes!(reset))
        .routes(routes!(change_password))
        .routes(routes!(me))
        .routes(routes!(sessions))
        .routes(routes!(end_session))
}

/// What the login and sign-up pages must know.
#[utoipa::path(get, path = "/api/auth/policy", tag = "account", responses((status = 200, body = Policy)))]
async fn policy(state: State, actor: Actor, headers: HeaderMap) -> Result<Json<Policy>, Error> {
    can(&state, &actor, Action::See, Object::Public).await?;
    let first = sqlx::query("SELECT 1 FROM person LIMIT 1").fetch_optional(state.db.reader()).await?.is_none();
    let sign_up = setting::sign_up(&state).await?;
    Ok(Json(Policy { sign_up, first, insecure: origin::insecure(&state.config, &headers) }))
}

/// Joins, by invitation or by founding an organisation, and signs in. The first person becomes administrator.
#[utoipa::path(post, path = "/api/auth/signup", tag = "account", request_body = SignUp, responses((status = 200, body = Me)))]
async fn sign_up(
    state: State,
    actor: Actor,
    session: Session,
    parts: Parts,
    input: Input<SignUp>,
) -> Result<Json<Me>, Error> {
    can(&state, &actor, Action::See, Object::Public).await?;
    let request = input.read()?;
    let address = origin::address(&state.config, &parts);
    state.limits.take(&format!("join:{address}"), limit::JOIN_ADDRESS, state.now())?;
    let email = input::email(&request.email)?;
    let name = input::name("name", &request.name)?;
    password::check("password", &request.password)?;
    let hash = state.passwords.hash(&request.password).await?;
    let now = state.now();
    let mut write = state.db.write().await?;
    let first = sqlx::query("SELECT 1 FROM person LIMIT 1").fetch_optional(&mut *write).await?.is_none();
    let invited = match &request.invitation {
        Some(token) => Some(invitation(&mut write, token, &email, now).await?),
        None => None,
    };
    if invited.is_none() && !first {
        match setting::sign_up_in(&mut write, state.config.sign_up).await? {
            SignUpPolicy::Open => {}
            SignUpPolicy::Invitation => {
                return Err(Error::forbidden("You need an invitation; ask someone who is here already for a link."));
            }
            SignUpPolicy::Closed => return Err(Error::forbidden("Nobody can join at the moment.")),
        }
    }
    let person = id::id();
    let hue = hue(&person);
    let done = sqlx::query(
        "INSERT INTO person (id, email, name, hue, password, administrator, created) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (email) DO NOTHING",
    )
    .bind(&person)
    .bind(&email)
    .bind(&name)
    .bind(i64::from(hue))
    .bind(hash)
    .bind(i64::from(first))
    .bind(now)
    .execute(&mut *write)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::Conflict("There is an account with this address; sign in instead.".to_owned()));
    }
    let (organisation, role) = match invited {
        Some(invited) => {
            sqlx::query("UPDATE invitation SET used_by = $2 WHERE id = $1")
                .bind(&invited.id)
                .bind(&person)
                .execute(&mut *write)
                .await?;
            (invited.organisation, invited.role)
        }
        None => {
            let given = request.organisation.as_deref().map(str::trim).filter(|name| !name.is_empty());
            let name = match given {
                Some(given) => input::name("organisation", given)?,
                None => format!("{name}'s organisation"),
            };
            (found(&mut write, &name, now).await?, Role::Owner)
        }
    };
    sqlx::query("INSERT INTO member (organisation, person, role, joined) VALUES ($1, $2, $3, $4)")
        .bind(&organisation)
        .bind(&person)
        .bind(role_word(role))
        .bind(now)
        .execute(&mut *write)
        .await?;
    let actor = format!("person:{person}");
    audit::record(&mut write, now, &actor, "person.join", &format!("organisation:{organisation}"), role_word(role))
        .await?;
    if first && state.config.seed_demo {
        demo::seed(&mut write, &organisation, &person, now).await?;
    }
    write.commit().await?;
    session::sign_in(&session, &person, &parts.headers).await?;
    read_me(&state, &person).await.map(Json)
}

async fn found(write: &mut db::Connection, name: &str, now: i64) -> Result<String, Error> {
    let organisation = id::id();
    sqlx::query("INSERT INTO organisation (id, name, created) VALUES ($1, $2, $3)")
        .bind(&organisation)
        .bind(name)
        .bind(now)
        .execute(write)
        .await?;
    Ok(organisation)
}

struct Invited {
    id: String,
    organisation: String,
    role: Role,
}

async fn invitation(write: &mut db::Connection, token: &str, email: &str, now: i64) -> Result<Invited, Error> {
    let gone = || Error::field("invitation", "This invitation is used up, expired or withdrawn; ask for a new link.");
    let row = sqlx::query(
        "SELECT id, organisation, role, email FROM invitation WHERE token_hash = $1 AND expires > $2 AND used_by IS NULL",
    )
    .bind(id::secret_hash(token))
    .bind(now)
    .fetch_optional(write)
    .await?
    .ok_or_else(gone)?;
    if row.get::<Option<String>, _>(3).is_some_and(|only| only != email) {
        return Err(Error::field("email", "This invitation is for another address."));
    }
    Ok(Invited { id: row.get(0), organisation: row.get(1), role: role(&row.get::<String, _>(2))? })
}

/// Hue in degrees from the id: the same everywhere, spread by the golden angle.
fn hue(person: &str) -> u16 {
    let step = u64::from(blake3::hash(person.as_bytes()).as_bytes()[0]);
    // The golden angle, 137.508°, keeps neighbours apart.
    ((step * 137_508 / 1000) % 360) as u16
}

/// Signs in.
#[utoipa::path(post, path = "/api/auth/login", tag = "account", request_body = LogIn, responses((status = 200, body = Me)))]
async fn log_in(
    state: State,
    actor: Actor,
    session: Session,
    parts: Parts,
    input: Input<LogIn>,
) -> Result<Json<Me>, Error> {
    can(&state, &actor, Action::See, Object::Public).await?;
    let request = input.read()?;
    let now = state.now();
    let address = origin::address(&state.config, &parts);
    state.limits.take(&format!("login:{address}"), limit::LOGIN_ADDRESS, now)?;
    let email = request.email.trim().to_lowercase();
    state.limits.take(&format!("login:{}", id::secret_hash(&email)), limit::LOGIN_ACCOUNT, now)?;
    let row = sqlx::query("SELECT id, password, disabled FROM person WHERE email = $1")
        .bind(&email)
        .fetch_optional(state.db.reader())
        .await?;
    let stored: Option<String> = row.as_ref().map(|row| row.get(1));
    let matches = state.passwords.verify(&request.password, stored.as_deref()).await?;
    // One answer for an unknown address, a wrong password and a disabled account.
    let refused = || Error::invalid("This address and password do not belong together.");
    let row = row.filter(|row| matches && row.get::<i64, _>(2) == 0).ok_or_else(refused)?;
    let person: String = row.get(0);
    let proof = second(&state, &person, request.code.as_deref()).await?;
    session::sign_in(&session, &person, &parts.headers).await?;
    let detail = match proof {
        None => "",
        Some(Proof::App) => "with a second factor",
        Some(Proof::Recovery) => "with a recovery code",
    };
    audit::note(&state, &format!("person:{person}"), "person.login", &format!("person:{person}"), detail).await?;
    read_me(&state, &person).await.map(Json)
}

/// Asks who gave the right password for their second factor, where they have one.
async fn second(state: &State, person: &str, code: Option<&str>) -> Result<Option<Proof>, Error> {
    if !factor::active(state, person).await? {
        return Ok(None);
    }
    let Some(code) = code.filter(|code| !code.trim().is_empty()) else { return Err(Error::Factor) };
    factor::guess(state, person)?;
    let mut write = state.db.write().await?;
    match factor::prove(state, &mut write, person, code).await {
        Ok(proof) => {
            write.commit().await?;
            Ok(Some(proof))
        }
        // Not heard, so neither right nor wrong.
        Err(error @ Error::TooFast { .. }) => Err(error),
        Err(error) => {
            drop(write);
            // Whoever gets so far knows the password.
            let who = format!("person:{person}");
            audit::note(state, "nobody", "factor.refused", &who, "").await?;
            Err(error)
        }
    }
}

/// Signs out on this device.
#[utoipa::path(post, path = "/api/auth/logout", tag = "account", responses((status = 200)))]
async fn log_out(state: State, actor: Actor, session: Session) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Self_).await?;
    let person = actor.person()?;
    session::sign_out(&session).await?;
    state.rooms.revoke(&state, Revoked::Session(person.session.clone()));
    Ok(Json(()))
}

/// Signs out everywhere.
#[utoipa::path(post, path = "/api/auth/logout-all", tag = "account", responses((status = 200)))]
async fn log_out_all(state: State, actor: Actor) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Self_).await?;
    let person = actor.person()?;
    let mut write = state.db.write().await?;
    session::end_all(&mut write, &person.id).await?;
    audit::record(&mut write, state.now(), &actor.label(), "person.logout_all", &actor.label(), "").await?;
    write.commit().await?;
    state.rooms.revoke(&state, Revoked::Person(person.id.clone()));
    Ok(Json(()))
}

/// Sets a new password with an administrator's link; signs out everywhere and takes every token back.
#[utoipa::path(post, path = "/api/auth/reset", tag = "account", request_body = Reset, responses((status = 200)))]
async fn reset(state: State, actor: Actor, parts: Parts, input: Input<Reset>) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::See, Object::Public).await?;
    let request = input.read()?;
    let now = state.now();
    let address = origin::address(&state.config, &parts);
    state.limits.take(&format!("join:{address}"), limit::JOIN_ADDRESS, now)?;
    password::check("password", &request.password)?;
    let hash = state.passwords.hash(&request.password).await?;
    let mut write = state.db.write().await?;
    let row =
        sqlx::query("UPDATE reset SET used = 1 WHERE token_hash = $1 AND used = 0 AND expires > $2 RETURNING person")
            .bind(id::secret_hash(&request.token))
            .bind(now)
            .fetch_optional(&mut *write)
            .await?
            .ok_or_else(|| {
                Error::field("token", "This link is used up or expired; ask an administrator for a new one.")
            })?;
    let person: String = row.get(0);
    password::store(&mut write, &person, &hash).await?;
    session::end_all(&mut write, &person).await?;
    token::remove_all(&mut write, &person).await?;
    audit::record(&mut write, now, "nobody", "person.reset", &format!("person:{person}"), "").await?;
    write.commit().await?;
    state.rooms.revoke(&state, Revoked::Person(person));
    Ok(Json(()))
}

/// Changes one's own password; the other devices are signed out.
#[utoipa::path(post, path = "/api/auth/password", tag = "account", request_body = ChangePassword, responses((status = 200)))]
async fn change_password(
    state: State,
    actor: Actor,
    session: Session,
    headers: HeaderMap,
    input: Input<ChangePassword>,
) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Self_).await?;
    let person = actor.person()?;
    let request = input.read()?;
    state.limits.take(&format!("login:{}", id::secret_hash(&person.email)), limit::LOGIN_ACCOUNT, state.now())?;
    state.confirm_password(&person.id, &request.current, "current").await?;
    password::check("new", &request.new)?;
    let hash = state.passwords.hash(&request.new).await?;
    let mut write = state.db.write().await?;
    password::store(&mut write, &person.id, &hash).await?;
    session::end_all(&mut write, &person.id).await?;
    audit::record(&mut write, state.now(), &actor.label(), "person.password", &actor.label(), "").await?;
    write.commit().await?;
    state.rooms.revoke(&state, Revoked::Person(person.id.clone()));
    session::sign_in(&session, &person.id, &headers).await?;
    Ok(Json(()))
}

/// Who one is.
#[utoipa::path(get, path = "/api/auth/me", tag = "account", responses((status = 200, body = Me)))]
async fn me(state: State, actor: Actor) -> Result<Json<Me>, Error> {
    can(&state, &actor, Action::See, Object::Self_).await?;
    read_me(&state, &actor.person()?.id).await.map(Json)
}

async fn read_me(state: &State, person: &str) -> Result<Me, Error> {
    let row = sqlx::query(
        "SELECT person.id, person.email, person.name, person.hue, person.administrator, organisation.id, \
         organisation.name, member.role, EXISTS (SELECT 1 FROM setting WHERE key = $2 AND value = '1') \
         AND NOT EXISTS (SELECT 1 FROM factor WHERE factor.person = person.id AND confirmed IS NOT NULL) \
         FROM person JOIN member ON member.person = person.id \
         JOIN organisation ON organisation.id = member.organisation WHERE person.id = $1 ORDER BY member.joined",
    )
    .bind(person)
    .bind(setting::FACTOR)
    .fetch_optional(state.db.reader())
    .await?
    .ok_or(Error::Unauthenticated)?;
    Ok(Me {
        id: row.get(0),
        email: row.get(1),
        name: row.get(2),
        hue: row.get::<i64, _>(3) as u16,
        administrator: row.get::<i64, _>(4) == 1,
        organisation: row.get(5),
        organisation_name: row.get(6),
        role: role(&row.get::<String, _>(7))?,
        must_enrol: row.get::<i64, _>(8) == 1,
    })
}

/// The devices one is signed in on.
#[utoipa::path(get, path = "/api/auth/sessions", tag = "account", responses((status = 200, body = Vec<Device>)))]
async fn sessions(state: State, actor: Actor) -> Result<Json<Vec<Device>>, Error> {
    can(&state, &actor, Action::Manage, Object::Self_).await?;
    let person = actor.person()?;
    session::list(&state, &person.id, &person.session).await.map(Json)
}

/// Signs one device out.
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", tag = "account", responses((status = 200)))]
async fn end_session(state: State, actor: Actor, Path(id): Path<String>) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Self_).await?;
    session::end(&state, &actor.person()?.id, &id).await?;
    Ok(Json(()))
}
