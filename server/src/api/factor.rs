//! `/api/auth/factor`: one's own second factor; `/api/organisation/members/{user}/factor`: that of someone who lost it.

use super::input::Input;
use super::organisation;
use crate::auth::{Action, Actor, Object, can, factor, limit, session, totp};
use crate::rooms::Revoked;
use crate::telemetry::audit;
use crate::{Error, State, db, id, setting};
use app::api::auth::{Factor, FactorCode, FactorPassword, FactorSetup, Recovery};
use app::api::client::encode;
use axum::Json;
use axum::extract::Path;
use qrcodegen::{QrCode, QrCodeEcc};
use sqlx::Row as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What authenticator apps list it under.
const ISSUER: &str = "Brunel";

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(read, begin))
        .routes(routes!(confirm))
        .routes(routes!(renew))
        .routes(routes!(remove))
        .routes(routes!(reset))
}

/// Whether a second factor is asked of one, and how many recovery codes are left.
#[utoipa::path(get, path = "/api/auth/factor", tag = "account", responses((status = 200, body = Factor)))]
async fn read(state: State, actor: Actor) -> Result<Json<Factor>, Error> {
    can(&state, &actor, Action::Manage, Object::Self_).await?;
    let person = &actor.person()?.id;
    let row = sqlx::query(
        "SELECT (SELECT confirmed FROM factor WHERE person = $1), (SELECT COUNT(*) FROM factor_recovery WHERE person = $1)",
    )
    .bind(person)
    .fetch_one(state.db.reader())
    .await?;
    let required = setting::factor_required(&state).await?;
    Ok(Json(Factor { since: row.get(0), n_recovery: row.get::<i64, _>(1) as u32, required }))
}

/// A password again, counted as a guess at the login is.
async fn confirm_password(state: &State, actor: &Actor, given: &str) -> Result<(), Error> {
    let person = actor.person()?;
    state.limits.take(&format!("login:{}", id::secret_hash(&person.email)), limit::LOGIN_ACCOUNT, state.now())?;
    state.confirm_password(&person.id, given, "password").await
}

/// Begins to set one up: what the authenticator app must know. Nothing is asked until its first code is given.
#[utoipa::path(post, path = "/api/auth/factor", tag = "account", request_body = FactorPassword,
    responses((status = 200, body = FactorSetup)))]
async fn begin(state: State, actor: Actor, input: Input<FactorPassword>) -> Result<Json<FactorSetup>, Error> {
    can(&state, &actor, Action::Manage, Object::Self_).await?;
    let person = actor.person()?;
    confirm_password(&state, &actor, &input.read()?.password).await?;
    let secret = totp::base32(&factor::begin(&state, &person.id).await?);
    let account = encode(&person.email);
    let address =
        format!("otpauth://totp/{ISSUER}:{account}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits=6&period=30");
    let code = QrCode::encode_text(&address, QrCodeEcc::Medium)
        .map_err(|_| Error::field("email", "Your address is too long for a QR code; type the secret instead."))?;
    Ok(Json(FactorSetup { secret, address, size: code.size() as u32, path: path(&code) }))
}

/// The dark squares of a QR code as an SVG path, a unit each.
fn path(code: &QrCode) -> String {
    let n = code.size();
    let dark = (0..n).flat_map(|y| (0..n).map(move |x| (x, y))).filter(|(x, y)| code.get_module(*x, *y));
    dark.map(|(x, y)| format!("M{x} {y}h1v1h-1z")).collect()
}

/// Ends the setting up with the app's first code. From now on one is asked at every sign-in; the recovery codes are shown
/// this once.
#[utoipa::path(post, path = "/api/auth/factor/confirm", tag = "account", request_body = FactorCode,
    responses((status = 200, body = Recovery)))]
async fn confirm(state: State, actor: Actor, input: Input<FactorCode>) -> Result<Json<Recovery>, Error> {
    can(&state, &actor, Action::Manage, Object::Self_).await?;
    let person = actor.person()?;
    let request = input.read()?;
    factor::guess(&state, &person.id)?;
    let mut write = state.db.write().await?;
    let codes = factor::confirm(&mut write, &person.id, &request.code, state.now()).await?;
    keep(&state, &actor, write, "factor.set_up").await?;
    Ok(Json(Recovery { codes }))
}

/// Proves password and code together, for what would otherwise undo the factor. The code is used up in the transaction
/// that this begins.
async fn proven(state: &State, actor: &Actor, request: &FactorCode) -> Result<db::Write, Error> {
    confirm_password(state, actor, &request.password).await?;
    let person = &actor.person()?.id;
    factor::guess(state, person)?;
    let mut write = state.db.write().await?;
    factor::prove(state, &mut write, person, &request.code).await?;
    Ok(write)
}

/// Puts on record what someone did with their own factor, and commits.
async fn keep(state: &State, actor: &Actor, mut write: db::Write, action: &str) -> Result<(), Error> {
    audit::record(&mut write, state.now(), &actor.label(), action, &actor.label(), "").await?;
    write.commit().await?;
    Ok(())
}

/// New recovery codes in the place of the old ones.
#[utoipa::path(post, path = "/api/auth/factor/recovery", tag = "account", request_body = FactorCode,
    responses((status = 200, body = Recovery)))]
async fn renew(state: State, actor: Actor, input: Input<FactorCode>) -> Result<Json<Recovery>, Error> {
    can(&state, &actor, Action::Manage, Object::Self_).await?;
    let mut write = proven(&state, &actor, &input.read()?).await?;
    let codes = factor::recovery(&mut write, &actor.person()?.id).await?;
    keep(&state, &actor, write, "factor.recovery").await?;
    Ok(Json(Recovery { codes }))
}

/// Takes one's own second factor away.
#[utoipa::path(post, path = "/api/auth/factor/remove", tag = "account", request_body = FactorCode,
    responses((status = 200)))]
async fn remove(state: State, actor: Actor, input: Input<FactorCode>) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Self_).await?;
    let mut write = proven(&state, &actor, &input.read()?).await?;
    factor::remove(&mut write, &actor.person()?.id).await?;
    keep(&state, &actor, write, "factor.remove").await?;
    state.rooms.revoke(&state, Revoked::Unenrolled);
    Ok(Json(()))
}

/// Takes away the second factor of someone who lost it, and signs them out everywhere.
#[utoipa::path(delete, path = "/api/organisation/members/{user}/factor", tag = "organisation",
    params(("user" = String, Path)), responses((status = 200)))]
async fn reset(state: State, actor: Actor, Path(user): Path<String>) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Organisation).await?;
    let person = actor.person()?;
    let standing = organisation::standing(&state, &person.organisation, &user).await?;
    if standing.administrator && !person.administrator {
        return Err(Error::forbidden("Only an administrator may reset an administrator's second factor."));
    }
    if user == person.id {
        return Err(Error::forbidden("Take your own second factor away under Account, with a code."));
    }
    let mut write = state.db.write().await?;
    let was = factor::remove(&mut write, &user).await?;
    session::end_all(&mut write, &user).await?;
    let detail = if was { "" } else { "there was none" };
    audit::record(&mut write, state.now(), &actor.label(), "factor.reset", &format!("person:{user}"), detail).await?;
    write.commit().await?;
    state.rooms.revoke(&state, Revoked::Person(user));
    Ok(Json(()))
}
