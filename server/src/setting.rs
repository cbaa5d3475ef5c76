//! What administrators decide for the whole installation.

use crate::{Error, State, db};
use app::api::auth::SignUpPolicy;
use sqlx::Row as _;

const SIGN_UP: &str = "sign_up";
/// `1`: everyone needs a second factor.
pub const FACTOR: &str = "factor_required";
const READ: &str = "SELECT value FROM setting WHERE key = $1";

fn read(row: Option<sqlx::sqlite::SqliteRow>, default: SignUpPolicy) -> SignUpPolicy {
    match row.map(|row| row.get::<String, _>(0)).as_deref() {
        Some("open") => SignUpPolicy::Open,
        Some("invitation") => SignUpPolicy::Invitation,
        Some("closed") => SignUpPolicy::Closed,
        _ => default,
    }
}

/// Who may sign up.
///
/// # Errors
/// When the database refuses.
pub async fn sign_up(state: &State) -> Result<SignUpPolicy, Error> {
    let row = sqlx::query(READ).bind(SIGN_UP).fetch_optional(state.db.reader()).await?;
    Ok(read(row, state.config.sign_up))
}

/// As [`sign_up`], within a transaction; `default` where nobody has decided.
///
/// # Errors
/// When the database refuses.
pub async fn sign_up_in(write: &mut db::Connection, default: SignUpPolicy) -> Result<SignUpPolicy, Error> {
    Ok(read(sqlx::query(READ).bind(SIGN_UP).fetch_optional(write).await?, default))
}

/// Whether everyone needs a second factor.
///
/// # Errors
/// When the database refuses.
pub async fn factor_required(state: &State) -> Result<bool, Error> {
    let row = sqlx::query(READ).bind(FACTOR).fetch_optional(state.db.reader()).await?;
    Ok(row.is_some_and(|row| row.get::<String, _>(0) == "1"))
}

/// # Errors
/// When the database refuses.
pub async fn require_factor(write: &mut db::Connection, required: bool) -> Result<(), Error> {
    sqlx::query("INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2")
        .bind(FACTOR)
        .bind(if required { "1" } else { "0" })
        .execute(write)
        .await?;
    Ok(())
}

/// # Errors
/// When the database refuses.
pub async fn set_sign_up(write: &mut db::Connection, policy: SignUpPolicy) -> Result<(), Error> {
    let word = match policy {
        SignUpPolicy::Open => "open",
        SignUpPolicy::Invitation => "invitation",
        SignUpPolicy::Closed => "closed",
    };
    sqlx::query("INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2")
        .bind(SIGN_UP)
        .bind(word)
        .execute(write)
        .await?;
    Ok(())
}
