//! Migrations, and what a Brunel that does not know one of them may do with a file that has it.
//!
//! A newer Brunel leaves word in the file itself: in the transaction of each migration it writes down whether older ones may go
//! on with the file. So an upgrade that only adds can be taken back, and one that adds a restriction cannot be walked around
//! by starting the binary from before it.

use super::{Connection, Db};
use anyhow::Context as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Row as _, SqlSafeStr as _};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

const FILES: &[(i64, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// What becomes of the file for a Brunel from before a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Older {
    /// It adds only what they neither read nor have to respect: they go on with the file.
    Fits,
    /// They must not open the file: what they would do to it, or let happen, otherwise.
    Refuse(&'static str),
}

use Older::{Fits, Refuse};

/// Every migration declares itself here. One fits only if an older Brunel can do all it does to rows it knows, and takes
/// away nothing that it does not know of: neither rights, nor files in the store, of which it removes those that no table it
/// knows names. What is no SQL and can still not be read, as a command that is new in logs, needs a migration too, be it
/// an empty one.
const OLDER: &[(i64, Older)] = &[
    (101, Refuse("people, projects and designs are kept in it")),
    (201, Refuse("designs are kept as logs of commands")),
    (301, Refuse("the files of runs would be removed, as no table from before names them")),
    (401, Refuse("designs no longer have the column that pictures were read from")),
    (501, Refuse("runs can be paused, a state that cannot be read")),
    (601, Fits),
    (701, Fits),
    (702, Refuse("who is signed out everywhere would stay in by their tokens")),
    (801, Fits),
    (901, Refuse("released designs could be removed, and the files that are kept with releases would be")),
    (1001, Refuse("share links would open without their passwords and show all bodies")),
    (1101, Refuse("nobody would be asked for the second factor at the sign-in")),
    (1201, Fits),
    (1301, Refuse("designs in compartments would be shown to people who need not know of them")),
    (1401, Refuse("entries of the audit log would be taken for changed, and written with details that can be guessed")),
    (1501, Refuse("entries of the audit log would be taken for changed, and shown to other organisations")),
    (1601, Fits),
    (1701, Refuse("the figures of reports would be removed, as no table from before names them")),
];

const UNDECLARED: &str = "it does not say what older versions may do";

/// One migration.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub version: i64,
    pub name: &'static str,
    pub sql: &'static str,
    pub older: Older,
}

impl Step {
    fn refuse(&self) -> Option<&'static str> {
        match self.older {
            Fits => None,
            Refuse(why) => Some(why),
        }
    }

    /// The SQL of the file with the declaration behind it, in one transaction; the checksum stays that of the file.
    fn migration(&self) -> Migration {
        let sql = AssertSqlSafe(self.sql).into_sql_str();
        let mut migration = Migration::new(self.version, Cow::Borrowed(self.name), MigrationType::Simple, sql, false);
        let refuse = self.refuse().map_or_else(|| "NULL".into(), |why| format!("'{}'", why.replace('\'', "''")));
        let declared = format!("INSERT INTO _migration_older (version, refuse) VALUES ({}, {refuse});", self.version);
        migration.sql = AssertSqlSafe(format!("{}\n{declared}", self.sql)).into_sql_str();
        migration
    }
}

/// The migrations that this binary knows, in order.
pub fn known() -> Vec<Step> {
    let older =
        |version: i64| OLDER.iter().find(|(v, _)| *v == version).map_or(Refuse(UNDECLARED), |(_, older)| *older);
    FILES.iter().map(|&(version, name, sql)| Step { version, name, sql, older: older(version) }).collect()
}

/// A migration of the file that is not among those known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strange {
    pub version: i64,
    pub name: String,
    /// Why the file must not be opened; `None` where it may be.
    pub refuse: Option<String>,
}

async fn exists(db: &mut Connection, table: &str) -> sqlx::Result<bool> {
    let row = sqlx::query("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1");
    Ok(row.bind(table).fetch_one(db).await?.get::<i64, _>(0) > 0)
}

/// What the file says of its migrations to who does not know them.
async fn declared(db: &mut Connection) -> sqlx::Result<HashMap<i64, Option<String>>> {
    if !exists(db, "_migration_older").await? {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query("SELECT version, refuse FROM _migration_older").fetch_all(db).await?;
    Ok(rows.into_iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn applied(db: &mut Connection) -> sqlx::Result<Vec<(i64, String)>> {
    if !exists(db, "_sqlx_migrations").await? {
        return Ok(Vec::new());
    }
    let rows = sqlx::query("SELECT version, description FROM _sqlx_migrations ORDER BY version").fetch_all(db).await?;
    Ok(rows.into_iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The migrations of the file that are not in `steps`, in order. Changes nothing.
///
/// # Errors
/// When the file cannot be read.
pub async fn strange(db: &mut Connection, steps: &[Step]) -> sqlx::Result<Vec<Strange>> {
    let mut says = declared(db).await?;
    let mut found = Vec::new();
    for (version, name) in applied(db).await? {
        if steps.iter().all(|step| step.version != version) {
            // Who says nothing is refused.
            let refuse = says.remove(&version).unwrap_or_else(|| Some(UNDECLARED.into()));
            found.push(Strange { version, name, refuse });
        }
    }
    Ok(found)
}

/// Says which of `strange` forbid to open the file, and why; `None` when none does.
pub fn refusal(strange: &[Strange]) -> Option<String> {
    let why: Vec<String> = strange
        .iter()
        .filter_map(|s| s.refuse.as_ref().map(|why| format!("{:04}_{} ({why})", s.version, s.name)))
        .collect();
    (!why.is_empty()).then(|| why.join(", "))
}

/// Applies those of `steps` that the file lacks.
///
/// # Errors
/// When a newer Brunel wrote something into the file that this one would not respect, which is named, or when a migration
/// fails; then the file is as it was before that migration.
pub async fn upgrade(db: &Db, steps: &[Step]) -> anyhow::Result<()> {
    let mut connection = db.writer.acquire().await?;
    let strange = strange(&mut connection, steps).await?;
    if let Some(why) = refusal(&strange) {
        anyhow::bail!(
            "a newer Brunel has upgraded this database, and this one must not open it: {why}. Start the newer one, or restore \
             a backup from before the upgrade"
        );
    }
    if !strange.is_empty() {
        let names: Vec<&str> = strange.iter().map(|s| s.name.as_str()).collect();
        tracing::warn!(names = names.join(", "), "a newer Brunel has upgraded this database; this one goes on without");
    }
    declare(&mut connection, steps).await.context("cannot write down what older versions may do")?;
    let mut migrator = Migrator::with_migrations(steps.iter().map(Step::migration).collect());
    // Those that are missing here were judged above.
    migrator.set_ignore_missing(true);
    Ok(migrator.run(&mut *connection).await?)
}

/// Declares the migrations of files from before there were declarations, and those found since to be no match for older ones:
/// a declaration is only ever made stricter.
async fn declare(db: &mut Connection, steps: &[Step]) -> sqlx::Result<()> {
    use sqlx::Connection as _;
    let create = "CREATE TABLE IF NOT EXISTS _migration_older (version BIGINT NOT NULL PRIMARY KEY, refuse TEXT)";
    sqlx::query(create).execute(&mut *db).await?;
    let says = declared(db).await?;
    let applied: HashSet<i64> = applied(db).await?.into_iter().map(|(version, _)| version).collect();
    let is_new = |step: &&Step| match says.get(&step.version) {
        None => applied.contains(&step.version),
        Some(refuse) => refuse.is_none() && step.refuse().is_some(),
    };
    let new: Vec<&Step> = steps.iter().filter(is_new).collect();
    if new.is_empty() {
        return Ok(());
    }
    let mut write = db.begin_with("BEGIN IMMEDIATE").await?;
    for step in new {
        sqlx::query(
            "INSERT INTO _migration_older (version, refuse) VALUES ($1, $2) ON CONFLICT (version) DO UPDATE SET refuse = $2",
        )
        .bind(step.version)
        .bind(step.refuse())
        .execute(&mut *write)
        .await?;
    }
    write.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_says_what_older_versions_may_do() {
        let versions: Vec<i64> = FILES.iter().map(|(version, ..)| *version).collect();
        let declared: Vec<i64> = OLDER.iter().map(|(version, _)| *version).collect();
        assert_eq!(versions, declared, "declare each migration in OLDER, in order");
        for (_, name, sql) in FILES {
            assert!(sql.trim_end().ends_with(';'), "{name}: end it with a semicolon, its declaration comes behind it");
        }
    }

    #[test]
    fn a_refusal_names_each_reason() {
        let strange = |version: i64, name: &str, refuse: Option<&str>| Strange {
            version,
            name: name.into(),
            refuse: refuse.map(Into::into),
        };
        let fits = strange(601, "version_create", None);
        assert_eq!(refusal(std::slice::from_ref(&fits)), None);
        let all = [fits, strange(1101, "factor_create", Some("no code")), strange(1201, "x", Some("y"))];
        assert_eq!(refusal(&all).as_deref(), Some("1101_factor_create (no code), 1201_x (y)"));
    }
}
