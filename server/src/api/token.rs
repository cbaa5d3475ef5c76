//! `/api/auth/tokens`: secrets for programs that act for oneself.

use super::input::{self, Input};
use crate::auth::{Action, Actor, Object, can, token};
use crate::clock::DAY;
use crate::rooms::Revoked;
use crate::telemetry::audit;
use crate::{Error, State};
use app::api::auth::{CreateToken, Token};
use axum::Json;
use axum::extract::Path;
use std::collections::BTreeSet;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longest life of a token, days.
const DAYS_MAX: u32 = 365;
/// Most tokens a person has.
const TOKENS_MAX: usize = 100;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(remove))
}

/// One's tokens, latest first.
#[utoipa::path(get, path = "/api/auth/tokens", tag = "account", responses((status = 200, body = Vec<Token>)))]
async fn list(state: State, actor: Actor) -> Result<Json<Vec<Token>>, Error> {
    can(&state, &actor, Action::Manage, Object::Self_).await?;
    token::list(&state, &actor.person()?.id).await.map(Json)
}

/// Makes a token; its secret is shown this once.
#[utoipa::path(post, path = "/api/auth/tokens", tag = "account", request_body = CreateToken, responses((status = 200, body = Token)))]
async fn create(state: State, actor: Actor, input: Input<CreateToken>) -> Result<Json<Token>, Error> {
    can(&state, &actor, Action::Manage, Object::Self_).await?;
    let person = actor.person()?;
    let request = input.read()?;
    let name = input::name("name", &request.name)?;
    if !(1..=DAYS_MAX).contains(&request.days) {
        return Err(Error::field("days", format!("A token lives 1 to {DAYS_MAX} days.")));
    }
    if token::list(&state, &person.id).await?.len() >= TOKENS_MAX {
        return Err(Error::invalid(format!("You have {TOKENS_MAX} tokens; take some back first.")));
    }
    let scopes: BTreeSet<_> = request.scopes.iter().copied().collect();
    let now = state.now();
    let expires = now + i64::from(request.days) * DAY;
    let mut write = state.db.write().await?;
    let made = token::insert(&mut write, &person.id, &name, &scopes, now, expires).await?;
    let detail = format!("token:{} {scopes:?}", made.id);
    audit::record(&mut write, now, &actor.label(), "token.create", &actor.label(), &detail).await?;
    write.commit().await?;
    Ok(Json(made))
}

/// Takes a token back; what is connected through it is cut off at once.
#[utoipa::path(delete, path = "/api/auth/tokens/{id}", tag = "account", params(("id" = String, Path)), responses((status = 200)))]
async fn remove(state: State, actor: Actor, Path(id): Path<String>) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Self_).await?;
    let mut write = state.db.write().await?;
    token::remove(&mut write, &actor.person()?.id, &id).await?;
    let detail = format!("token:{id}");
    audit::record(&mut write, state.now(), &actor.label(), "token.remove", &actor.label(), &detail).await?;
    write.commit().await?;
    state.rooms.revoke(&state, Revoked::Session(format!("token:{id}")));
    Ok(Json(()))
}
