//! The second factor of a person: set up, asked for at the sign-in, lost and given anew.

use super::{limit, totp};
use crate::{Error, State, db, id, setting};
use rand::RngCore as _;
use sqlx::Row as _;

/// Recovery codes made at a time.
pub const N_RECOVERY: usize = 10;
/// Random bytes of a recovery code: 80 bits, beyond guessing even with the hashes at hand.
const RECOVERY_BYTES: usize = 10;

/// Whether `person` is asked for a second factor.
///
/// # Errors
/// The database's.
pub async fn active(state: &State, person: &str) -> Result<bool, Error> {
    let row = sqlx::query("SELECT 1 FROM factor WHERE person = $1 AND confirmed IS NOT NULL")
        .bind(person)
        .fetch_optional(state.db.reader())
        .await?;
    Ok(row.is_some())
}

/// Whether one is asked of everyone and `person` has none: they set it up, and do nothing else.
///
/// # Errors
/// The database's.
pub async fn missing(state: &State, person: &str) -> Result<bool, Error> {
    Ok(setting::factor_required(state).await? && !active(state, person).await?)
}

/// Begins to set it up: a fresh secret, which asks for nothing until [`confirm`].
///
/// # Errors
/// [`Error::Conflict`] where there is one already; the database's.
pub async fn begin(state: &State, person: &str) -> Result<Vec<u8>, Error> {
    let mut secret = vec![0_u8; totp::SECRET_BYTES];
    rand::rng().fill_bytes(&mut secret);
    let mut write = state.db.write().await?;
    let done = sqlx::query(
        "INSERT INTO factor (person, secret, created) VALUES ($1, $2, $3) \
         ON CONFLICT (person) DO UPDATE SET secret = $2, created = $3, step = 0 WHERE confirmed IS NULL",
    )
    .bind(person)
    .bind(totp::base32(&secret))
    .bind(state.now())
    .execute(&mut *write)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::Conflict("You have a second factor; take it away first, then set up another.".into()));
    }
    write.commit().await?;
    Ok(secret)
}

fn wrong() -> Error {
    Error::field(
        "code",
        "This code does not fit, or was used before. Wait for the next one, and check the device's clock.",
    )
}

/// Takes a code of the app, once: within `write`, so that of two requests with the same code one is refused.
async fn take(write: &mut db::Connection, person: &str, given: &str, now: i64, confirmed: bool) -> Result<bool, Error> {
    let row = sqlx::query("SELECT secret, step FROM factor WHERE person = $1 AND (confirmed IS NOT NULL) = $2")
        .bind(person)
        .bind(confirmed)
        .fetch_optional(&mut *write)
        .await?;
    let Some(row) = row else { return Ok(false) };
    let secret = totp::of_base32(&row.get::<String, _>(0))
        .ok_or_else(|| Error::internal(anyhow::anyhow!("a second factor's secret is not base 32")))?;
    let Some(step) = totp::find(&secret, given, now, row.get(1)) else { return Ok(false) };
    let done = sqlx::query("UPDATE factor SET step = $2 WHERE person = $1 AND step < $2")
        .bind(person)
        .bind(step)
        .execute(write)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// A code as people type it: without spaces and hyphens, in small letters.
fn plain(given: &str) -> String {
    given.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

/// What a code proved to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    App,
    /// One of the recovery codes, which is gone now.
    Recovery,
}

/// Takes the code that `person` gives: of their app, or a recovery code.
///
/// # Errors
/// [`Error::Invalid`] at `code`, [`Error::TooFast`] after some wrong ones of the app; the database's.
pub async fn prove(state: &State, write: &mut db::Connection, person: &str, given: &str) -> Result<Proof, Error> {
    let (given, now) = (plain(given), state.now());
    // Whoever has used up these guesses, or whose password someone guesses with, gets in by a recovery code.
    if !given.bytes().all(|c| c.is_ascii_digit()) {
        return recover(write, person, &given).await;
    }
    // Taken before and given back, so that many at once are no more than one after the other.
    let bucket = format!("factor-wrong:{person}");
    state.limits.take(&bucket, limit::FACTOR_WRONG, now)?;
    if !take(write, person, &given, now, true).await? {
        return Err(wrong());
    }
    state.limits.give_back(&bucket);
    Ok(Proof::App)
}

/// Takes a recovery code.
async fn recover(write: &mut db::Connection, person: &str, given: &str) -> Result<Proof, Error> {
    let done = sqlx::query("DELETE FROM factor_recovery WHERE person = $1 AND code_hash = $2")
        .bind(person)
        .bind(id::secret_hash(given))
        .execute(write)
        .await?;
    if done.rows_affected() == 1 { Ok(Proof::Recovery) } else { Err(wrong()) }
}

/// Counts a guess at a code of `person`.
///
/// # Errors
/// [`Error::TooFast`]
pub fn guess(state: &State, person: &str) -> Result<(), Error> {
    state.limits.take(&format!("factor:{person}"), limit::FACTOR, state.now())
}

/// Ends the setting up with the app's first code; from now on it is asked for. Returns recovery codes, shown this once.
///
/// # Errors
/// [`Error::Invalid`] at `code`; the database's.
pub async fn confirm(write: &mut db::Connection, person: &str, given: &str, now: i64) -> Result<Vec<String>, Error> {
    if !take(write, person, &plain(given), now, false).await? {
        return Err(wrong());
    }
    sqlx::query("UPDATE factor SET confirmed = $2 WHERE person = $1")
        .bind(person)
        .bind(now)
        .execute(&mut *write)
        .await?;
    recovery(write, person).await
}

/// Fresh recovery codes in the place of the old ones.
///
/// # Errors
/// The database's.
pub async fn recovery(write: &mut db::Connection, person: &str) -> Result<Vec<String>, Error> {
    sqlx::query("DELETE FROM factor_recovery WHERE person = $1").bind(person).execute(&mut *write).await?;
    let mut codes = Vec::new();
    for _ in 0..N_RECOVERY {
        let mut random = [0_u8; RECOVERY_BYTES];
        rand::rng().fill_bytes(&mut random);
        let code = totp::base32(&random).to_lowercase();
        sqlx::query("INSERT INTO factor_recovery (code_hash, person) VALUES ($1, $2)")
            .bind(id::secret_hash(&code))
            .bind(person)
            .execute(&mut *write)
            .await?;
        let parts: Vec<&str> = (0..code.len()).step_by(4).map(|at| &code[at..(at + 4).min(code.len())]).collect();
        codes.push(parts.join("-"));
    }
    Ok(codes)
}

/// Takes it away; whether there was one that was asked for.
///
/// # Errors
/// The database's.
pub async fn remove(write: &mut db::Connection, person: &str) -> Result<bool, Error> {
    sqlx::query("DELETE FROM factor_recovery WHERE person = $1").bind(person).execute(&mut *write).await?;
    let row = sqlx::query("DELETE FROM factor WHERE person = $1 RETURNING confirmed")
        .bind(person)
        .fetch_optional(write)
        .await?;
    Ok(row.is_some_and(|row| row.get::<Option<i64>, _>(0).is_some()))
}
