//! Secrets for programs that act for a person: shown once, kept as a hash, within scopes, for a time.

use super::policy::Action;
use crate::clock::MINUTE;
use crate::{Error, State, db, id};
use app::api::auth::{Scope, Token};
use sqlx::Row as _;
use std::collections::BTreeSet;

/// What every secret begins with, so that it is known for what it is where it does not belong.
pub const PREFIX: &str = "brunel_";
/// How exactly the last use is known, ms: not every request should write.
const USED_EVERY: i64 = 10 * MINUTE;

/// The token behind a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    pub id: String,
    pub scopes: BTreeSet<Scope>,
}

impl Held {
    /// Whether these scopes reach `action`. What decides about people, rights, releases and lasting deletion, no token may.
    ///
    /// # Errors
    /// [`Error::Forbidden`]
    pub fn check(&self, action: Action) -> Result<(), Error> {
        let needed = match action {
            Action::See | Action::Recall | Action::Download(_) => return Ok(()),
            Action::Comment | Action::Edit | Action::Arrange | Action::Create => Scope::Edit,
            Action::Run => Scope::Run,
            Action::Share => Scope::Share,
            Action::Manage | Action::Decide | Action::Work => {
                return Err(Error::forbidden("No token may do that: sign in, and do it yourself."));
            }
        };
        if self.scopes.contains(&needed) {
            return Ok(());
        }
        Err(Error::forbidden(format!("This token may not do that; it lacks the scope '{}'.", word(needed))))
    }
}

fn word(scope: Scope) -> &'static str {
    match scope {
        Scope::Edit => "edit",
        Scope::Run => "run",
        Scope::Share => "share",
    }
}

fn words(scopes: &BTreeSet<Scope>) -> String {
    scopes.iter().map(|s| word(*s)).collect::<Vec<_>>().join(" ")
}

fn scopes(words: &str) -> BTreeSet<Scope> {
    Scope::ALL.into_iter().filter(|s| words.split(' ').any(|w| w == word(*s))).collect()
}

/// The person and token behind a secret, if it stands. Notes that it was used.
///
/// # Errors
/// The database's.
pub async fn find(state: &State, secret: &str) -> Result<Option<(String, Held)>, Error> {
    let now = state.now();
    let row = sqlx::query("SELECT id, person, scopes, used FROM token WHERE secret_hash = $1 AND expires > $2")
        .bind(id::secret_hash(secret))
        .bind(now)
        .fetch_optional(state.db.reader())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let held = Held { id: row.get(0), scopes: scopes(&row.get::<String, _>(2)) };
    if row.get::<Option<i64>, _>(3).is_none_or(|used| now - used > USED_EVERY)
        && let Err(error) = note_used(state, &held.id, now).await
    {
        // Reading must go on while the disk is full.
        tracing::warn!(%error, "cannot note a token's use");
    }
    Ok(Some((row.get(1), held)))
}

async fn note_used(state: &State, token: &str, now: i64) -> Result<(), Error> {
    let mut write = state.db.write().await?;
    sqlx::query("UPDATE token SET used = $2 WHERE id = $1").bind(token).bind(now).execute(&mut *write).await?;
    Ok(write.commit().await?)
}

/// Whether the token still stands.
///
/// # Errors
/// The database's.
pub async fn stands(state: &State, token: &str) -> Result<bool, Error> {
    let row = sqlx::query(
        "SELECT 1 FROM token JOIN person ON person.id = token.person \
         WHERE token.id = $1 AND token.expires > $2 AND person.disabled = 0",
    )
    .bind(token)
    .bind(state.now())
    .fetch_optional(state.db.reader())
    .await?;
    Ok(row.is_some())
}

/// Makes a token for `person`; its secret stands in the answer and nowhere else.
///
/// # Errors
/// The database's.
pub async fn insert(
    write: &mut db::Connection,
    person: &str,
    name: &str,
    scopes: &BTreeSet<Scope>,
    now: i64,
    expires: i64,
) -> Result<Token, Error> {
    let (id, secret) = (id::id(), format!("{PREFIX}{}", id::secret()));
    sqlx::query("INSERT INTO token (id, person, name, secret_hash, scopes, created, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(&id)
        .bind(person)
        .bind(name)
        .bind(id::secret_hash(&secret))
        .bind(words(scopes))
        .bind(now)
        .bind(expires)
        .execute(write)
        .await?;
    let scopes = scopes.iter().copied().collect();
    Ok(Token { id, name: name.to_owned(), scopes, created: now, expires, used: None, secret: Some(secret) })
}

/// The tokens of `person`, latest first; expired ones too, until they are taken back.
///
/// # Errors
/// The database's.
pub async fn list(state: &State, person: &str) -> Result<Vec<Token>, Error> {
    let rows = sqlx::query(
        "SELECT id, name, scopes, created, expires, used FROM token WHERE person = $1 ORDER BY created DESC, id LIMIT 200",
    )
    .bind(person)
    .fetch_all(state.db.reader())
    .await?;
    let token = |row: sqlx::sqlite::SqliteRow| Token {
        id: row.get(0),
        name: row.get(1),
        scopes: scopes(&row.get::<String, _>(2)).into_iter().collect(),
        created: row.get(3),
        expires: row.get(4),
        used: row.get(5),
        secret: None,
    };
    Ok(rows.into_iter().map(token).collect())
}

/// Takes a token of `person` back.
///
/// # Errors
/// [`Error::NotFound`] when it is not theirs.
pub async fn remove(write: &mut db::Connection, person: &str, token: &str) -> Result<(), Error> {
    let done =
        sqlx::query("DELETE FROM token WHERE person = $1 AND id = $2").bind(person).bind(token).execute(write).await?;
    if done.rows_affected() == 0 { Err(Error::NotFound("token")) } else { Ok(()) }
}

/// Takes every token of `person` back.
///
/// # Errors
/// The database's.
pub async fn remove_all(write: &mut db::Connection, person: &str) -> Result<(), Error> {
    sqlx::query("DELETE FROM token WHERE person = $1").bind(person).execute(write).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_written_and_read_back() {
        let all: BTreeSet<Scope> = Scope::ALL.into();
        assert_eq!(scopes(&words(&all)), all);
        assert_eq!((words(&BTreeSet::new()), scopes("")), (String::new(), BTreeSet::new()));
        assert_eq!(scopes("edited runner"), BTreeSet::new(), "whole words");
    }

    #[test]
    fn a_token_reaches_what_its_scopes_say_and_never_people() {
        let held = |scopes: &[Scope]| Held { id: "t".into(), scopes: scopes.iter().copied().collect() };
        let may = |scopes: &[Scope]| {
            let all = [Action::See, Action::Comment, Action::Edit, Action::Run, Action::Share, Action::Manage];
            all.map(|action| held(scopes).check(action).is_ok())
        };
        assert_eq!(may(&[]), [true, false, false, false, false, false]);
        assert_eq!(may(&[Scope::Edit]), [true, true, true, false, false, false]);
        assert_eq!(may(&Scope::ALL), [true, true, true, true, true, false]);
    }
}
