//! The actor behind a request.

use super::factor;
use super::pass;
use super::policy;
use super::reach;
use super::session::{self, Signed};
use super::token::{self, Held};
use crate::{Error, State, id, setting};
use app::api::auth::Role;
use app::api::share::Allow;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use sqlx::Row as _;
use std::collections::BTreeSet;
use subtle::ConstantTimeEq as _;
use tower_sessions::Session;

/// Who is asking.
#[derive(Clone, Debug, PartialEq)]
pub enum Actor {
    Nobody,
    /// Signed in, or acting through a token.
    Person(Person),
    /// Holds a share link; only on `/api/share/{token}/…`, where it replaces whoever is signed in.
    Guest(Guest),
    /// Holds the workers' token.
    Worker,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub id: String,
    pub email: String,
    pub name: String,
    pub hue: u16,
    pub administrator: bool,
    pub organisation: String,
    pub organisation_name: String,
    /// In the organisation.
    pub role: Role,
    /// Public id of the session, or `token:` and the id of the token.
    pub session: String,
    /// A second factor is required and they have none: until they have, they do nothing but set it up.
    pub must_enrol: bool,
    /// The token that acts for them, where one does.
    pub token: Option<Held>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Guest {
    /// Id of the share.
    pub share: String,
    /// Who made the link: it stands only while they may share the design.
    pub maker: String,
    pub design: String,
    /// The one person the link is for.
    pub name: Option<String>,
    /// When the link ends, epoch milliseconds.
    pub expires: i64,
    /// Until when this browser may look: where a password was given, that is not for as long as the link lives.
    pub until: i64,
    /// It opens with a password that this browser has not given.
    pub locked: bool,
    /// What they may do besides looking.
    pub allow: BTreeSet<Allow>,
    /// Names of the bodies they get; `None`: all.
    pub bodies: Option<BTreeSet<String>>,
}

impl Actor {
    /// The person, where only a person will do.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]
    pub fn person(&self) -> Result<&Person, Error> {
        match self {
            Self::Person(person) => Ok(person),
            _ => Err(Error::Unauthenticated),
        }
    }

    /// Name for logs and the audit: never a secret.
    pub fn label(&self) -> String {
        match self {
            Self::Nobody => "nobody".to_owned(),
            Self::Person(person) => format!("person:{}", person.id),
            Self::Guest(guest) => format!("share:{}", guest.share),
            Self::Worker => "worker".to_owned(),
        }
    }
}

impl FromRequestParts<State> for Actor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        if let Some(actor) = parts.extensions.get::<Actor>() {
            return Ok(actor.clone());
        }
        let actor = identify(parts, state).await?;
        parts.extensions.insert(actor.clone());
        Ok(actor)
    }
}

/// Finds out who sent the request.
///
/// # Errors
/// [`Error::Unauthenticated`] for a wrong token; a missing or ended session is just [`Actor::Nobody`].
pub(super) async fn identify(parts: &mut Parts, state: &State) -> Result<Actor, Error> {
    if let Some(token) = share_token(parts.uri.path()) {
        return guest(state, token, &parts.headers).await;
    }
    if let Some(secret) = bearer(&parts.headers).filter(|secret| secret.starts_with(token::PREFIX)) {
        let Some((id, held)) = token::find(state, secret).await? else { return Err(Error::Unauthenticated) };
        return person(state, &id, format!("token:{}", held.id), Some(held)).await;
    }
    if let Some(token) = bearer(&parts.headers) {
        let hash = id::secret_hash(token);
        let same = bool::from(hash.as_bytes().ct_eq(state.worker_token_hash.as_bytes()));
        return if same { Ok(Actor::Worker) } else { Err(Error::Unauthenticated) };
    }
    let Some(session) = parts.extensions.get::<Session>() else { return Ok(Actor::Nobody) };
    match session.get::<Signed>(session::KEY).await.map_err(session::unavailable)? {
        Some(signed) => person(state, &signed.person, signed.session, None).await,
        None => Ok(Actor::Nobody),
    }
}

async fn person(state: &State, id: &str, session: String, token: Option<Held>) -> Result<Actor, Error> {
    let row = sqlx::query(
        "SELECT person.email, person.name, person.hue, person.administrator, organisation.id, organisation.name, \
         member.role, EXISTS (SELECT 1 FROM setting WHERE key = $2 AND value = '1') \
         AND NOT EXISTS (SELECT 1 FROM factor WHERE factor.person = person.id AND confirmed IS NOT NULL) \
         FROM person JOIN member ON member.person = person.id \
         JOIN organisation ON organisation.id = member.organisation \
         WHERE person.id = $1 AND person.disabled = 0 ORDER BY member.joined",
    )
    .bind(id)
    .bind(setting::FACTOR)
    .fetch_optional(state.db.reader())
    .await?;
    let Some(row) = row else { return Ok(Actor::Nobody) };
    Ok(Actor::Person(Person {
        id: id.to_owned(),
        email: row.get(0),
        name: row.get(1),
        hue: row.get::<i64, _>(2) as u16,
        administrator: row.get::<i64, _>(3) == 1,
        organisation: row.get(4),
        organisation_name: row.get(5),
        role: policy::role(&row.get::<String, _>(6))?,
        session,
        must_enrol: row.get::<i64, _>(7) == 1,
        token,
    }))
}

/// Whether the session or link behind `actor` still stands, with the second factor that is asked for by now: for streams,
/// sockets and long work, which outlive what was found when they were asked for.
///
/// # Errors
/// When the database refuses.
pub async fn stands(state: &State, actor: &Actor) -> Result<bool, Error> {
    let found = match actor {
        Actor::Person(person) if factor::missing(state, &person.id).await? => None,
        Actor::Person(Person { token: Some(held), .. }) => return token::stands(state, &held.id).await,
        Actor::Person(person) => {
            sqlx::query(
                "SELECT 1 FROM session JOIN person ON person.id = session.person \
                 WHERE session.id = $1 AND session.expires > $2 AND person.disabled = 0",
            )
            .bind(&person.session)
            .bind(state.now())
            .fetch_optional(state.db.reader())
            .await?
        }
        // What a password opened is not open for as long as the link lives.
        Actor::Guest(guest) if guest.until <= state.now() => None,
        Actor::Guest(guest) => {
            let mut reader = state.db.reader().acquire().await?;
            return Ok(reach::stands(&mut reader, &guest.share, state.now()).await?.is_some());
        }
        Actor::Worker => return Ok(true),
        Actor::Nobody => None,
    };
    Ok(found.is_some())
}

fn share_token(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/api/share/")?;
    rest.split('/').next().filter(|token| !token.is_empty())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

async fn guest(state: &State, token: &str, headers: &HeaderMap) -> Result<Actor, Error> {
    let mut reader = state.db.reader().acquire().await?;
    let row = sqlx::query(
        "SELECT id, design, expires, guest, password IS NOT NULL, allow, bodies, created_by FROM share WHERE token_hash = $1",
    )
    .bind(id::secret_hash(token))
    .fetch_optional(&mut *reader)
    .await?;
    let Some(row) = row else { return Ok(Actor::Nobody) };
    let (share, expires): (String, i64) = (row.get(0), row.get(2));
    if reach::stands(&mut reader, &share, state.now()).await?.is_none() {
        return Ok(Actor::Nobody);
    }
    drop(reader);
    let given = match row.get::<i64, _>(4) {
        0 => Some(expires),
        _ => pass::until(state, &share, headers).await?,
    };
    let bodies: Option<String> = row.get(6);
    Ok(Actor::Guest(Guest {
        design: row.get(1),
        maker: row.get(7),
        name: row.get(3),
        expires,
        until: given.unwrap_or(0).min(expires),
        locked: given.is_none(),
        allow: pass::allowed(row.get(5)),
        bodies: bodies.map(|text| serde_json::from_str(&text)).transpose().map_err(Error::internal)?,
        share,
    }))
}
