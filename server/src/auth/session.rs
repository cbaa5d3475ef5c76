//! Signing in and out, and the list of one's devices.

use super::store::Store;
use crate::clock::{DAY, HOUR};
use crate::rooms::Revoked;
use crate::{Error, State, db, id};
use axum::http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, Session, SessionManagerLayer};

/// Key of [`Signed`] in a session's data.
pub const KEY: &str = "signed";
/// A session unused for so long has ended, ms.
pub const IDLE: i64 = 12 * HOUR;
/// A session this old has ended, ms.
pub const ABSOLUTE: i64 = 30 * DAY;
/// The prefix makes browsers insist on Secure, no Domain and Path=/.
pub const COOKIE: &str = "__Host-brunel";

/// What a session knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signed {
    pub person: String,
    /// Public id of the session.
    pub session: String,
    pub device: String,
}

/// Puts the session of the request's cookie into its extensions.
pub fn layer(state: &State) -> SessionManagerLayer<Store> {
    SessionManagerLayer::new(Store::new(state.db.clone(), state.clock.clone()))
        .with_name(COOKIE)
        .with_secure(true)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(time::Duration::milliseconds(ABSOLUTE)))
}

/// Signs `person` in on this device, under a fresh session id.
///
/// # Errors
/// [`Error::Unavailable`] when the session cannot be stored.
pub async fn sign_in(session: &Session, person: &str, headers: &HeaderMap) -> Result<(), Error> {
    // A value planted before the login must not become the signed-in one.
    session.flush().await.map_err(unavailable)?;
    session.cycle_id().await.map_err(unavailable)?;
    let signed = Signed { person: person.to_owned(), session: id::id(), device: device(headers) };
    session.insert(KEY, signed).await.map_err(unavailable)?;
    session.save().await.map_err(unavailable)
}

/// Ends the session of this request.
///
/// # Errors
/// [`Error::Unavailable`] when the database refuses.
pub async fn sign_out(session: &Session) -> Result<(), Error> {
    session.flush().await.map_err(unavailable)
}

pub(super) fn unavailable(error: tower_sessions::session::Error) -> Error {
    tracing::error!(%error, "session store");
    Error::unavailable("The server cannot use its sessions right now; try again in a moment.")
}

/// Ends every session of `person`, within `write`; call [`crate::rooms::Hub::revoke`] after the commit.
///
/// # Errors
/// When the database refuses.
pub async fn end_all(write: &mut db::Connection, person: &str) -> Result<(), Error> {
    sqlx::query("DELETE FROM session WHERE person = $1").bind(person).execute(write).await?;
    Ok(())
}

/// Ends one session of `person`.
///
/// # Errors
/// [`Error::NotFound`] when it is not theirs.
pub async fn end(state: &State, person: &str, session: &str) -> Result<(), Error> {
    let mut write = state.db.write().await?;
    let done = sqlx::query("DELETE FROM session WHERE person = $1 AND id = $2")
        .bind(person)
        .bind(session)
        .execute(&mut *write)
        .await?;
    write.commit().await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound("session"));
    }
    state.rooms.revoke(state, Revoked::Session(session.to_owned()));
    Ok(())
}

/// Where `person` is signed in, latest first.
///
/// # Errors
/// When the database refuses.
pub async fn list(state: &State, person: &str, current: &str) -> Result<Vec<app::api::auth::Session>, Error> {
    let now = state.now();
    let rows = sqlx::query(
        "SELECT id, device, created, seen FROM session WHERE person = $1 AND expires > $2 AND seen > $3 \
         ORDER BY seen DESC, created DESC",
    )
    .bind(person)
    .bind(now)
    .bind(now - IDLE)
    .fetch_all(state.db.reader())
    .await?;
    let sessions = rows.into_iter().map(|row| {
        let id: String = row.get(0);
        let current = id == current;
        app::api::auth::Session { id, device: row.get(1), created: row.get(2), seen: row.get(3), current }
    });
    Ok(sessions.collect())
}

/// "Firefox on Linux", from a user agent: enough to recognise one's own device, and nothing more is kept.
pub fn device(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first =
        |names: &[(&str, &'static str)]| names.iter().find(|(key, _)| agent.contains(key)).map(|(_, name)| *name);
    // Order matters: Edge and Opera say Chrome too, Chrome says Safari too, Android says Linux too.
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "Unknown device".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_as_their_owner_knows_them() {
        let check = |agent: &'static str, wanted: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, agent.parse().expect("a header"));
            assert_eq!(device(&headers), wanted);
        };
        check("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox on Linux");
        check(
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0",
            "Edge on Windows",
        );
        check(
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36",
            "Chrome on Android",
        );
        check("curl/8", "Unknown device");
    }
}
