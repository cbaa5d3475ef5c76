//! Who did what: append-only, each row's hash covering the row and the hash before it, so that a changed row is found.

use crate::{Error, State, db};
use sqlx::Row as _;

/// Hash before the first row.
const GENESIS: &str = "brunel audit 1";

/// Appends a row within `write`. `detail` must hold no secret.
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
    let last = sqlx::query("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
        .fetch_optional(&mut *write)
        .await?;
    let (sequence, previous) = match last {
        Some(row) => (row.get::<i64, _>(0) + 1, row.get::<String, _>(1)),
        None => (1, GENESIS.to_owned()),
    };
    let hash = link(&previous, sequence, now, [actor, action, object, detail]);
    sqlx::query(
        "INSERT INTO audit (sequence, time, actor, action, object, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(sequence)
    .bind(now)
    .bind(actor)
    .bind(action)
    .bind(object)
    .bind(detail)
    .bind(hash)
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

fn link(previous: &str, sequence: i64, time: i64, texts: [&str; 4]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous.as_bytes());
    hasher.update(&sequence.to_le_bytes());
    hasher.update(&time.to_le_bytes());
    for text in texts {
        // Lengths keep "ab","c" apart from "a","bc".
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Reads the whole chain. Returns the number of rows when it is whole, the first sequence that is not when it is broken.
///
/// # Errors
/// When the database cannot be read.
pub async fn verify(db: &db::Db) -> Result<Result<u64, i64>, Error> {
    use futures::TryStreamExt as _;
    let mut rows =
        sqlx::query("SELECT sequence, time, actor, action, object, detail, hash FROM audit ORDER BY sequence")
            .fetch(db.reader());
    let (mut previous, mut count) = (GENESIS.to_owned(), 0_u64);
    while let Some(row) = rows.try_next().await? {
        let sequence: i64 = row.get(0);
        let texts: [String; 4] = [row.get(2), row.get(3), row.get(4), row.get(5)];
        let hash = link(&previous, sequence, row.get(1), [&texts[0], &texts[1], &texts[2], &texts[3]]);
        count += 1;
        if sequence != count as i64 || hash != row.get::<String, _>(6) {
            return Ok(Err(sequence));
        }
        previous = hash;
    }
    Ok(Ok(count))
}
