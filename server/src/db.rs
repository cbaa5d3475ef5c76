//! The database: one writer, many readers, durable before it says so.
//!
//! SQL is portable (`$1…`; TEXT, BIGINT, DOUBLE PRECISION, BLOB) so that PostgreSQL can take over later.

pub mod migration;

use crate::error::Error;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row as _, SqlitePool};
use std::path::Path;
use std::time::Duration;

/// One connection, inside or outside a transaction: what functions that run SQL take.
pub type Connection = sqlx::SqliteConnection;
/// A write transaction. Dropped without `commit`, it rolls back.
pub type Write = sqlx::Transaction<'static, sqlx::Sqlite>;

/// Before 3.51.3 two connections that write and checkpoint at once can corrupt a WAL database.
const VERSION_MIN: (u32, u32, u32) = (3, 51, 3);
/// Waiting for the writer and waiting for the file lock together stay under the two seconds of P14.
const WAIT: Duration = Duration::from_millis(900);
const READERS: u32 = 4;
/// Attempts to open the database before one more decides.
const STARTS: u32 = 15;

/// The database's two doors.
#[derive(Clone)]
pub struct Db {
    reader: SqlitePool,
    writer: SqlitePool,
}

impl Db {
    /// For statements that only read.
    pub fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    /// Begins a write transaction (`BEGIN IMMEDIATE`); there is one at a time.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database is busy for longer than a second.
    pub async fn write(&self) -> Result<Write, Error> {
        match self.writer.begin_with("BEGIN IMMEDIATE").await {
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.recover().await?;
                Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            begun => Ok(begun?),
        }
    }

    /// When the disk fills up, SQLite ends the transaction by itself; sqlx's own rollback then fails and it believes for
    /// ever that the transaction is open. A transaction for it to roll back puts its count right.
    async fn recover(&self) -> Result<(), Error> {
        use sqlx::Executor as _;
        use sqlx_core::transaction::TransactionManager as _;
        tracing::warn!("the database ended a transaction by itself; the writer recovers");
        let mut connection = self.writer.acquire().await?;
        // Refused when a transaction is open after all, which is then the one to roll back.
        let _ = connection.execute("BEGIN").await;
        <sqlx::Sqlite as sqlx::Database>::TransactionManager::rollback(&mut connection).await?;
        Ok(())
    }

    /// The single write connection outside a transaction: for checkpoints and `VACUUM INTO`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database is busy for longer than a second.
    pub async fn writer(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Sqlite>, Error> {
        Ok(self.writer.acquire().await?)
    }

    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// Opens (and creates) the database at `path`, with every migration applied.
///
/// # Errors
/// When the file cannot be opened, SQLite is too old, or a newer Brunel forbids it; see [`migration::upgrade`].
pub async fn open(path: &Path) -> anyhow::Result<Db> {
    let db = connect(path, true).await?;
    migration::upgrade(&db, &migration::known()).await?;
    Ok(db)
}

/// As [`open`], without migrating.
///
/// # Errors
/// When the file cannot be opened or SQLite is too old.
pub async fn connect(path: &Path, create: bool) -> anyhow::Result<Db> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous())
        .busy_timeout(WAIT)
        .foreign_keys(true);
    let pool = |connections: u32, wait: Duration| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(wait)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    let writer = patiently(pool(1, WAIT), options.clone())
        .await
        .map_err(|error| anyhow::anyhow!("cannot open the database {}: {error}", path.display()))?;
    let version: String = sqlx::query("SELECT sqlite_version()").fetch_one(&writer).await?.get(0);
    check_version(&version)?;
    // Readers wait for no lock, so all of their time may go into waiting for a connection.
    let reader = patiently(pool(READERS, 2 * WAIT), options.pragma("query_only", "ON")).await?;
    Ok(Db { reader, writer })
}

/// A database file at rest, opened for reading and left as it is.
///
/// # Errors
/// When the file cannot be opened.
pub async fn look_into(path: &Path) -> anyhow::Result<SqlitePool> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
    Ok(SqlitePoolOptions::new().max_connections(1).connect_with(options).await?)
}

/// How far a commit goes before it is one. Debug builds can be told to cut it short, to see that the tests find it.
fn synchronous() -> SqliteSynchronous {
    let cut = cfg!(debug_assertions) && std::env::var("BRUNEL_CANARY").is_ok_and(|canary| canary == "unsynced");
    if cut { SqliteSynchronous::Off } else { SqliteSynchronous::Full }
}

/// Connects; a start on a busy machine may take longer than a request may.
async fn patiently(pool: SqlitePoolOptions, options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    for _ in 0..STARTS {
        match pool.clone().connect_with(options.clone()).await {
            Err(sqlx::Error::PoolTimedOut) => tracing::warn!("the database is slow to open"),
            done => return done,
        }
    }
    pool.connect_with(options).await
}

/// Refuses a SQLite with the WAL-reset bug.
///
/// # Errors
/// Names both versions.
pub fn check_version(version: &str) -> anyhow::Result<()> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    let (major, minor, patch) = VERSION_MIN;
    anyhow::ensure!(
        found >= VERSION_MIN,
        "SQLite {version} can corrupt this database; Brunel needs {major}.{minor}.{patch} or newer"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::AssertSqlSafe;

    #[test]
    fn an_old_sqlite_is_refused() {
        assert!(check_version("3.46.0").is_err());
        assert!(check_version("3.51.2").is_err());
        assert!(check_version("3.51.3").is_ok());
        assert!(check_version("4.0").is_ok());
        assert!(check_version("nonsense").is_err());
    }

    #[tokio::test]
    async fn it_opens_durable_and_migrates_twice() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("brunel.sqlite");
        open(&path).await.expect("first").close().await;
        let db = open(&path).await.expect("second");
        for (pragma, wanted) in
            [("PRAGMA journal_mode", "wal"), ("PRAGMA synchronous", "2"), ("PRAGMA foreign_keys", "1")]
        {
            let mut write = db.writer().await.expect("writer");
            let row = sqlx::query(AssertSqlSafe(pragma)).fetch_one(&mut *write).await.expect("pragma");
            let value = row.try_get::<String, _>(0).unwrap_or_else(|_| row.get::<i64, _>(0).to_string());
            assert_eq!(value, wanted, "{pragma}");
        }
    }
}
