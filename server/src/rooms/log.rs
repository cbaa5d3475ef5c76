//! The log on disk: append, reconstruct. The only SQL of live editing.

use crate::Error;
use crate::db::{self, Db};
use anyhow::anyhow;
use app::api::design::Document;
use app::sync::Entry;
use solver::design::{Design, replay};
use sqlx::{QueryBuilder, Row as _, Sqlite};

/// Entries read for those who come back, besides what the newest snapshot needs.
const RECENT: u64 = 500;
/// Rows in one statement: SQLite and PostgreSQL bind at most 32,766 and 65,535 values.
const ROWS_MAX: usize = 500;

/// A design as a room opens it.
pub struct Opened {
    pub design: Design,
    pub sequence: u64,
    /// Position of the newest snapshot.
    pub snapshot: u64,
    /// The last entries, up to `sequence`.
    pub recent: Vec<Entry>,
}

/// Writes the first snapshot of a design whose row was just inserted in `write` (sequence 0).
///
/// # Errors
/// When the database refuses.
pub async fn found(write: &mut db::Connection, design: &str, content: &Design, now: i64) -> Result<(), Error> {
    put_snapshot(write, design, 0, content, now).await
}

async fn put_snapshot(
    write: &mut db::Connection,
    design: &str,
    sequence: u64,
    content: &Design,
    now: i64,
) -> Result<(), Error> {
    let content = serde_json::to_string(content).map_err(Error::internal)?;
    sqlx::query(
        "INSERT INTO snapshot (design, sequence, time, content) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (design, sequence) DO NOTHING",
    )
    .bind(design)
    .bind(sequence as i64)
    .bind(now)
    .bind(content)
    .execute(write)
    .await?;
    Ok(())
}

/// Saves the whole design at `sequence`.
///
/// # Errors
/// When the database refuses.
pub async fn save_snapshot(db: &Db, design: &str, sequence: u64, content: &Design, now: i64) -> Result<(), Error> {
    let mut write = db.write().await?;
    put_snapshot(&mut write, design, sequence, content, now).await?;
    write.commit().await?;
    Ok(())
}

/// Appends `entries`, which follow each other, in one durable transaction.
///
/// # Errors
/// When the database refuses, the design is gone, or the log does not end where `entries` begin.
pub async fn append(db: &Db, design: &str, entries: &[Entry]) -> Result<(), Error> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(()) };
    let mut write = db.write().await?;
    let moved =
        sqlx::query("UPDATE design SET sequence = $1, changed = $2, changed_by = $3 WHERE id = $4 AND sequence = $5")
            .bind(last.sequence as i64)
            .bind(last.time)
            .bind(&last.author)
            .bind(design)
            .bind(first.sequence as i64 - 1)
            .execute(&mut *write)
            .await?;
    if moved.rows_affected() != 1 {
        return Err(Error::internal(anyhow!("the log of {design} does not end before entry {}", first.sequence)));
    }
    for chunk in entries.chunks(ROWS_MAX) {
        let mut rows = Vec::with_capacity(chunk.len());
        for entry in chunk {
            rows.push((entry, serde_json::to_string(&entry.command).map_err(Error::internal)?));
        }
        let mut insert =
            QueryBuilder::<Sqlite>::new("INSERT INTO entry (design, sequence, author, client, number, time, command) ");
        insert.push_values(rows, |mut row, (entry, command)| {
            row.push_bind(design)
                .push_bind(entry.sequence as i64)
                .push_bind(&entry.author)
                .push_bind(&entry.client)
                .push_bind(entry.number as i64)
                .push_bind(entry.time)
                .push_bind(command);
        });
        insert.build().execute(&mut *write).await?;
    }
    write.commit().await?;
    Ok(())
}

/// Position of the last entry.
///
/// # Errors
/// [`Error::NotFound`] without such a design.
async fn sequence(db: &Db, design: &str) -> Result<u64, Error> {
    let row = sqlx::query("SELECT sequence FROM design WHERE id = $1")
        .bind(design)
        .fetch_optional(db.reader())
        .await?
        .ok_or(Error::NotFound("design"))?;
    Ok(row.get::<i64, _>(0) as u64)
}

/// The newest snapshot at or before `sequence`.
async fn snapshot(db: &Db, design: &str, sequence: u64) -> Result<(u64, Design), Error> {
    let row = sqlx::query(
        "SELECT sequence, content FROM snapshot WHERE design = $1 AND sequence <= $2 ORDER BY sequence DESC LIMIT 1",
    )
    .bind(design)
    .bind(sequence as i64)
    .fetch_optional(db.reader())
    .await?
    .ok_or_else(|| Error::internal(anyhow!("design {design} has no snapshot at or before {sequence}")))?;
    let content = serde_json::from_str(row.get::<&str, _>(1))
        .map_err(|e| Error::internal(anyhow!("the snapshot of design {design} cannot be read: {e}")))?;
    Ok((row.get::<i64, _>(0) as u64, content))
}

/// Replays `entries` that come after `from`.
fn advance(design: &str, content: &mut Design, from: u64, entries: &[Entry]) {
    for entry in entries.iter().filter(|e| e.sequence > from) {
        // It was accepted once. Should a later build find it without meaning, every replica skips it alike.
        if let Err(refusal) = replay(content, &entry.command) {
            tracing::warn!(design, sequence = entry.sequence, %refusal, "an entry of the log does not apply");
        }
    }
}

/// Reads what a room needs.
///
/// # Errors
/// [`Error::NotFound`] without such a design; otherwise when it cannot be read.
pub async fn open(db: &Db, design: &str) -> Result<Opened, Error> {
    let sequence = sequence(db, design).await?;
    let (snapshot, mut content) = snapshot(db, design, sequence).await?;
    let after = snapshot.min(sequence.saturating_sub(RECENT));
    let recent = entries(db, design, after, sequence, u32::MAX).await?;
    advance(design, &mut content, snapshot, &recent);
    Ok(Opened { design: content, sequence, snapshot, recent })
}

/// The design at `at`, or as it is now.
///
/// # Errors
/// [`Error::NotFound`] when the log does not reach that far.
pub async fn document(db: &Db, design: &str, at: Option<u64>) -> Result<Document, Error> {
    let last = sequence(db, design).await?;
    let at = at.unwrap_or(last);
    if at > last {
        return Err(Error::NotFound("version of this design"));
    }
    let (snapshot, mut content) = snapshot(db, design, at).await?;
    let tail = entries(db, design, snapshot, at, u32::MAX).await?;
    advance(design, &mut content, snapshot, &tail);
    Ok(Document { sequence: at, design: content })
}

/// Entries in `(after, until]`, at most `limit`, in order.
///
/// # Errors
/// When they cannot be read.
pub async fn entries(db: &Db, design: &str, after: u64, until: u64, limit: u32) -> Result<Vec<Entry>, Error> {
    let rows = sqlx::query(
        "SELECT sequence, author, client, number, time, command FROM entry \
         WHERE design = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence LIMIT $4",
    )
    .bind(design)
    .bind(i64::try_from(after).unwrap_or(i64::MAX))
    .bind(i64::try_from(until).unwrap_or(i64::MAX))
    .bind(i64::from(limit))
    .fetch_all(db.reader())
    .await?;
    rows.iter().map(|row| entry(design, row)).collect()
}

fn entry(design: &str, row: &sqlx::sqlite::SqliteRow) -> Result<Entry, Error> {
    let sequence = row.get::<i64, _>(0) as u64;
    let command = serde_json::from_str(row.get::<&str, _>(5))
        .map_err(|e| Error::internal(anyhow!("entry {sequence} of design {design} cannot be read: {e}")))?;
    Ok(Entry {
        sequence,
        author: row.get(1),
        client: row.get(2),
        number: row.get::<i64, _>(3) as u64,
        time: row.get(4),
        command,
    })
}

/// Which numbers of a client, from `from` on, are in the log: number and sequence.
///
/// # Errors
/// When they cannot be read.
pub async fn logged(db: &Db, design: &str, author: &str, client: &str, from: u64) -> Result<Vec<(u64, u64)>, Error> {
    let rows = sqlx::query(
        "SELECT number, sequence FROM entry WHERE design = $1 AND author = $2 AND client = $3 AND number >= $4",
    )
    .bind(design)
    .bind(author)
    .bind(client)
    .bind(i64::try_from(from).unwrap_or(i64::MAX))
    .fetch_all(db.reader())
    .await?;
    Ok(rows.iter().map(|row| (row.get::<i64, _>(0) as u64, row.get::<i64, _>(1) as u64)).collect())
}

/// The entry of a client's number, if the log has it.
///
/// # Errors
/// When it cannot be read.
pub async fn find(db: &Db, design: &str, author: &str, client: &str, number: u64) -> Result<Option<Entry>, Error> {
    let row = sqlx::query(
        "SELECT sequence, author, client, number, time, command FROM entry \
         WHERE design = $1 AND author = $2 AND client = $3 AND number = $4",
    )
    .bind(design)
    .bind(author)
    .bind(client)
    .bind(i64::try_from(number).unwrap_or(i64::MAX))
    .fetch_optional(db.reader())
    .await?;
    row.map(|row| entry(design, &row)).transpose()
}
