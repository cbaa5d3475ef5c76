//! Links that open with a password: which browsers have given it, and what a link allows.

use crate::{Error, State, db, id};
use app::api::share::Allow;
use axum::http::{HeaderMap, HeaderValue, header};
use sqlx::Row as _;
use std::collections::BTreeSet;

/// A browser is remembered for so long at most, ms; never longer than the link lives.
const LIFE: i64 = crate::clock::DAY;

/// The name of a link's own cookie: several links can be open in one browser.
fn cookie(share: &str) -> String {
    format!("__Host-brunel-share-{share}")
}

/// The words of a column as what they allow; unknown ones allow nothing.
pub fn allowed(words: &str) -> BTreeSet<Allow> {
    Allow::ALL.into_iter().filter(|a| words.split(' ').any(|w| w == a.word())).collect()
}

/// The words a column holds.
pub fn words(allow: &BTreeSet<Allow>) -> String {
    allow.iter().map(|a| a.word()).collect::<Vec<_>>().join(" ")
}

/// Until when the browser may look, epoch ms, because it has given the password of `share`.
///
/// # Errors
/// The database's.
pub async fn until(state: &State, share: &str, headers: &HeaderMap) -> Result<Option<i64>, Error> {
    let name = cookie(share);
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut pairs = all.flat_map(|v| v.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let Some((_, secret)) = pairs.find(|(key, _)| *key == name) else { return Ok(None) };
    let row = sqlx::query("SELECT expires FROM share_pass WHERE secret_hash = $1 AND share = $2 AND expires > $3")
        .bind(id::secret_hash(secret))
        .bind(share)
        .bind(state.now())
        .fetch_optional(state.db.reader())
        .await?;
    Ok(row.map(|row| row.get(0)))
}

/// Remembers a browser that has given the password; returns the cookie that it is to keep.
///
/// # Errors
/// The database's.
pub async fn grant(write: &mut db::Connection, now: i64, share: &str, expires: i64) -> Result<HeaderValue, Error> {
    let secret = id::secret();
    let until = expires.min(now + LIFE);
    sqlx::query("DELETE FROM share_pass WHERE expires <= $1").bind(now).execute(&mut *write).await?;
    sqlx::query("INSERT INTO share_pass (secret_hash, share, expires) VALUES ($1, $2, $3)")
        .bind(id::secret_hash(&secret))
        .bind(share)
        .bind(until)
        .execute(write)
        .await?;
    let seconds = (until - now) / 1000;
    let text = format!("{}={secret}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}", cookie(share));
    HeaderValue::from_str(&text).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use solver::geometry::export::Form;

    #[test]
    fn words_of_a_column_are_what_is_allowed_and_unknown_ones_allow_nothing() {
        assert_eq!(allowed("measure 3mf everything STEP"), BTreeSet::from([Allow::Measure, Allow::ThreeMf]));
        assert_eq!(allowed(""), BTreeSet::new());
        let all = BTreeSet::from(Allow::ALL);
        assert_eq!(allowed(&words(&all)), all);
    }

    /// A format that bodies can leave in, and that no link can allow or deny, would be forgotten here.
    #[test]
    fn every_format_of_bodies_can_be_allowed_or_not() {
        let forms: BTreeSet<&str> = Form::ALL.iter().map(|(_, extension)| *extension).collect();
        assert_eq!(Allow::FORMS.iter().map(|f| f.word()).collect::<BTreeSet<_>>(), forms);
        for allow in Allow::ALL {
            assert_eq!(serde_json::to_value(allow).expect("a word"), allow.word(), "the API says what the column says");
        }
    }
}
