//! Who did what: append-only, each row's hash covering the row and the hash before it, so that a changed row is found. Each row
//! is one organisation's or the installation's; the chain is one for all of them.

use crate::{Error, State, db, id};
use sqlx::Row as _;

/// Hash before the first row.
const GENESIS: &str = "brunel audit 1";
/// Where the last row is written down a second time, so that rows missing at the end are found too.
const HEAD: &str = "audit_head";
/// Rows whose organisation is hashed too.
const FORM: i64 = 2;
/// The organisation of the object `$1`, where that is gone or none's that of the actor `$2`.
const PLACE: &str = "SELECT COALESCE((SELECT project.organisation FROM design JOIN project ON project.id = design.project \
     WHERE $1 LIKE 'design:%' AND design.id = SUBSTR($1, 8)), \
     (SELECT organisation FROM project WHERE $1 LIKE 'project:%' AND id = SUBSTR($1, 9)), \
     (SELECT organisation FROM people_group WHERE $1 LIKE 'group:%' AND id = SUBSTR($1, 7)), \
     (SELECT project.organisation FROM compartment JOIN project ON project.id = compartment.project \
     WHERE $1 LIKE 'compartment:%' AND compartment.id = SUBSTR($1, 13)), \
     (SELECT organisation FROM invitation WHERE $1 LIKE 'invitation:%' AND id = SUBSTR($1, 12)), \
     (SELECT id FROM organisation WHERE $1 LIKE 'organisation:%' AND id = SUBSTR($1, 14)), \
     (SELECT organisation FROM member WHERE $1 LIKE 'person:%' AND person = SUBSTR($1, 8) ORDER BY joined LIMIT 1), \
     (SELECT organisation FROM member WHERE $2 LIKE 'person:%' AND person = SUBSTR($2, 8) ORDER BY joined LIMIT 1))";
const READ_HEAD: &str = "SELECT value FROM setting WHERE key = $1";

/// Sequence and hash of the last row, from the setting that says them.
fn written(value: &str) -> Option<(i64, String)> {
    let (sequence, hash) = value.split_once(' ')?;
    Some((sequence.parse().ok()?, hash.to_owned()))
}

/// Appends a row within `write`, to those of the organisation that `object` belongs to, else of the one that `actor` does.
/// `detail` must hold no secret.
///
/// # Errors
/// When the database refuses.
pub async fn record(
    write: &mut db::Connection,
    now: i64,
    actor: &str,
    action: &str,
    object: &str,
    detail: &str,
) -> Result<(), Error> {
    let organisation: Option<String> = match object {
        // Whoever decided it.
        "installation" => None,
        _ => sqlx::query_scalar(PLACE).bind(object).bind(actor).fetch_one(&mut *write).await?,
    };
    record_of(write, now, organisation.as_deref(), [actor, action, object, detail]).await
}

/// As [`record`], where the object is gone that would tell whose row it is. `texts`: actor, action, object and detail.
///
/// # Errors
/// When the database refuses.
pub async fn record_of(
    write: &mut db::Connection,
    now: i64,
    organisation: Option<&str>,
    texts: [&str; 4],
) -> Result<(), Error> {
    let last = sqlx::query("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
        .fetch_optional(&mut *write)
        .await?
        .map(|row| (row.get::<i64, _>(0), row.get::<String, _>(1)));
    let head = sqlx::query(READ_HEAD).bind(HEAD).fetch_optional(&mut *write).await?;
    let head = head.and_then(|row| written(&row.get::<String, _>(0)));
    // Where rows at the end are gone, it goes on behind the gap, which stays to be seen; where the last one was written anew,
    // it goes on from what it was, so that it stays to be seen too.
    let (last, previous) = match (last, head) {
        (Some(row), Some(head)) if row.0 > head.0 => row,
        (_, Some(head)) => head,
        (Some(row), None) => row,
        (None, None) => (0, GENESIS.to_owned()),
    };
    let sequence = last + 1;
    // Hashes are shown to whom details are not: without a salt that is kept from them too, they could try details until one
    // has the hash.
    let salt = id::id();
    let hash = link(&previous, sequence, now, texts, Some(&salt), Some(organisation.unwrap_or_default()));
    let [actor, action, object, detail] = texts;
    sqlx::query(
        "INSERT INTO audit (sequence, time, actor, action, object, detail, hash, salt, organisation, form) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(sequence)
    .bind(now)
    .bind(actor)
    .bind(action)
    .bind(object)
    .bind(detail)
    .bind(&hash)
    .bind(&salt)
    .bind(organisation)
    .bind(FORM)
    .execute(&mut *write)
    .await?;
    sqlx::query("INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2")
        .bind(HEAD)
        .bind(format!("{sequence} {hash}"))
        .execute(write)
        .await?;
    Ok(())
}

/// Appends a row in a transaction of its own.
///
/// # Errors
/// When the database refuses.
pub async fn note(state: &State, actor: &str, action: &str, object: &str, detail: &str) -> Result<(), Error> {
    let mut write = state.db.write().await?;
    record(&mut write, state.now(), actor, action, object, detail).await?;
    write.commit().await?;
    Ok(())
}

/// The hash of a row. Rows from before there were salts, or organisations, have none, and none is not the same as an empty one:
/// that is the installation's.
fn link(
    previous: &str,
    sequence: i64,
    time: i64,
    texts: [&str; 4],
    salt: Option<&str>,
    organisation: Option<&str>,
) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous.as_bytes());
    hasher.update(&sequence.to_le_bytes());
    hasher.update(&time.to_le_bytes());
    for text in texts.into_iter().chain(salt).chain(organisation) {
        // Lengths keep "ab","c" apart from "a","bc".
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// A chain that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    pub n_rows: u64,
    /// Hash of the last row.
    pub head: String,
}

/// Where a chain breaks: the first row that is not as it was written, or not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {sequence} {why}")]
pub struct Break {
    pub sequence: i64,
    pub why: &'static str,
    /// What was read before it.
    pub before: Whole,
}

/// Reads the whole chain.
///
/// # Errors
/// When the database cannot be read.
pub async fn verify(db: &db::Db) -> Result<Result<Whole, Break>, Error> {
    use futures::TryStreamExt as _;
    // Written after the row in the same transaction; read before them, it is never ahead of what follows.
    let head = sqlx::query(READ_HEAD).bind(HEAD).fetch_optional(db.reader()).await?;
    let written = head.and_then(|row| written(&row.get::<String, _>(0)));
    let mut rows = sqlx::query(
        "SELECT sequence, time, actor, action, object, detail, hash, salt, COALESCE(organisation, ''), form FROM audit \
         ORDER BY sequence",
    )
    .fetch(db.reader());
    let mut read = Whole { n_rows: 0, head: GENESIS.to_owned() };
    while let Some(row) = rows.try_next().await? {
        let (sequence, due) = (row.get::<i64, _>(0), read.n_rows as i64 + 1);
        if sequence != due {
            return Ok(Err(Break { sequence: due, why: "is missing", before: read }));
        }
        let texts: [String; 4] = [row.get(2), row.get(3), row.get(4), row.get(5)];
        let salt: Option<String> = row.get(7);
        let texts = [&*texts[0], &*texts[1], &*texts[2], &*texts[3]];
        let organisation: String = row.get(8);
        let organisation = (row.get::<i64, _>(9) >= FORM).then_some(&*organisation);
        let hash = link(&read.head, sequence, row.get(1), texts, salt.as_deref(), organisation);
        if hash != row.get::<String, _>(6) {
            return Ok(Err(Break { sequence, why: "is not as it was written", before: read }));
        }
        if written.as_ref().is_some_and(|(at, known)| *at == sequence && *known != hash) {
            return Ok(Err(Break { sequence, why: "was written anew, with all that follows", before: read }));
        }
        read = Whole { n_rows: sequence as u64, head: hash };
    }
    if written.is_some_and(|(at, _)| at > read.n_rows as i64) {
        return Ok(Err(Break {
            sequence: read.n_rows as i64 + 1,
            why: "is missing, with all that followed",
            before: read,
        }));
    }
    Ok(Ok(read))
}
