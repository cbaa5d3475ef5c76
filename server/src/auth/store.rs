//! Sessions in the database, behind `tower-sessions`.

use super::session::{ABSOLUTE, IDLE, KEY, Signed};
use crate::clock::{Clock, MINUTE};
use crate::db::Db;
use crate::id;
use async_trait::async_trait;
use sqlx::Row as _;
use std::collections::HashMap;
use std::sync::Arc;
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

/// How stale `seen` may get before it is written again: one write per session and five minutes, not per request.
const SEEN_STEP: i64 = 5 * MINUTE;

/// Only the hash of a cookie's value is stored, so that a stolen database signs nobody in.
#[derive(Clone)]
pub struct Store {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl Store {
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    async fn insert(&self, record: &Record) -> Result<bool> {
        let now = self.clock.now();
        let signed = signed(record);
        let mut write = self.db.write().await.map_err(backend)?;
        let done = sqlx::query(
            "INSERT INTO session (secret_hash, id, person, data, device, created, seen, expires) \
             VALUES ($1, $2, $3, $4, $5, $6, $6, $7) ON CONFLICT DO NOTHING",
        )
        .bind(hash(&record.id))
        .bind(signed.as_ref().map_or_else(id::id, |s| s.session.clone()))
        .bind(signed.as_ref().map(|s| s.person.clone()))
        .bind(serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))?)
        .bind(signed.map(|s| s.device).unwrap_or_default())
        .bind(now)
        .bind(now + ABSOLUTE)
        .execute(&mut *write)
        .await
        .map_err(backend)?;
        write.commit().await.map_err(backend)?;
        Ok(done.rows_affected() == 1)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

fn hash(id: &Id) -> String {
    id::secret_hash(&id.to_string())
}

fn signed(record: &Record) -> Option<Signed> {
    record.data.get(KEY).and_then(|value| serde_json::from_value(value.clone()).ok())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn backend(error: impl ToString) -> Error {
    Error::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for Store {
    async fn create(&self, record: &mut Record) -> Result<()> {
        while !self.insert(record).await? {
            record.id = Id::default();
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let data = serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))?;
        let mut write = self.db.write().await.map_err(backend)?;
        let done = sqlx::query("UPDATE session SET data = $2 WHERE secret_hash = $1")
            .bind(hash(&record.id))
            .bind(data)
            .execute(&mut *write)
            .await
            .map_err(backend)?;
        write.commit().await.map_err(backend)?;
        // An ended session is not written back to life by a request that was still on its way.
        if done.rows_affected() == 0 { Err(Error::Backend("the session has ended".to_owned())) } else { Ok(()) }
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let now = self.clock.now();
        let row = sqlx::query(
            "SELECT session.data, session.seen FROM session LEFT JOIN person ON person.id = session.person \
             WHERE secret_hash = $1 AND expires > $2 AND seen > $3 AND COALESCE(person.disabled, 0) = 0",
        )
        .bind(hash(id))
        .bind(now)
        .bind(now - IDLE)
        .fetch_optional(self.db.reader())
        .await
        .map_err(backend)?;
        let Some(row) = row else { return Ok(None) };
        let data: HashMap<String, serde_json::Value> =
            serde_json::from_str(&row.get::<String, _>(0)).map_err(|error| Error::Decode(error.to_string()))?;
        if now - row.get::<i64, _>(1) > SEEN_STEP {
            self.touch(id, now).await;
        }
        // The store decides about expiry, by its own clock; tower-sessions only needs a date ahead.
        Ok(Some(Record { id: *id, data, expiry_date: OffsetDateTime::now_utc() + time::Duration::days(30) }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let mut write = self.db.write().await.map_err(backend)?;
        sqlx::query("DELETE FROM session WHERE secret_hash = $1")
            .bind(hash(id))
            .execute(&mut *write)
            .await
            .map_err(backend)?;
        write.commit().await.map_err(backend)
    }
}

impl Store {
    /// Best effort: a full disk must not lock readers out.
    async fn touch(&self, id: &Id, now: i64) {
        let touched = async {
            let mut write = self.db.write().await?;
            sqlx::query("UPDATE session SET seen = $2 WHERE secret_hash = $1")
                .bind(hash(id))
                .bind(now)
                .execute(&mut *write)
                .await?;
            write.commit().await?;
            Ok::<(), crate::Error>(())
        };
        if let Err(error) = touched.await {
            tracing::warn!(%error, "cannot note when a session was last seen");
        }
    }
}
