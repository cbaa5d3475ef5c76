//! P13: upgrades keep data, and an older binary goes on reading where it may: from every level that ever was to the newest,
//! with rows in every table, and back.

use super::table::{Rows, Schema, same};
use server::db::migration::{self, Older, Step, known, upgrade};
use server::db::{self, Db};
use server::{State, doctor};
use sqlx::{AssertSqlSafe, Row as _};
use std::path::{Path, PathBuf};

/// Rows made up for every table.
pub const ROWS: usize = 3;

/// Columns that a migration took away on purpose, as what they held was no data any more.
const TAKEN: &[(i64, &str, &str)] = &[
    // Pictures are drawn when they are asked for.
    (401, "design", "thumbnail"),
];

/// A migration of tomorrow.
fn tomorrow(sql: &'static str, older: Older) -> Step {
    Step { version: 9_901, name: "tomorrow_try", sql, older }
}

/// A database file of its own.
struct File {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl File {
    /// Made by a binary that knew `steps`, with rows in every table.
    async fn at(steps: &[Step]) -> (Self, Schema) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = Self { path: folder.path().join("brunel.sqlite"), _folder: folder };
        let db = file.open(true).await;
        upgrade(&db, steps).await.expect("a new database");
        let mut connection = db.writer().await.expect("a connection");
        let schema = Schema::read(&mut connection).await;
        schema.fill(&mut connection, 0..ROWS, |_, _, _| None).await;
        check_full(&mut connection).await.expect("rows in every table");
        drop(connection);
        db.close().await;
        (file, schema)
    }

    async fn open(&self, create: bool) -> Db {
        db::connect(&self.path, create).await.expect("the file opens")
    }

    /// What is in the columns of `schema`.
    async fn rows(&self, schema: &Schema) -> Result<Rows, String> {
        let db = self.open(false).await;
        let mut reader = db.reader().acquire().await.expect("a connection");
        let rows = schema.rows(&mut reader).await;
        drop(reader);
        db.close().await;
        rows
    }

    /// A binary that knows `steps` starts on it.
    async fn start(&self, steps: &[Step]) -> Result<(), String> {
        let db = self.open(false).await;
        let done = upgrade(&db, steps).await.map_err(|e| format!("{e:#}"));
        db.close().await;
        done
    }

    async fn execute(&self, sql: &str) {
        let db = self.open(false).await;
        let mut writer = db.writer().await.expect("a connection");
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut *writer).await.expect("done");
        drop(writer);
        db.close().await;
    }
}

/// No table is left out, as a new kind of them might be.
pub async fn check_full(db: &mut db::Connection) -> Result<(), String> {
    let sql = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%'";
    let names: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *db).await.expect("the tables");
    for name in names {
        let sql = format!("SELECT count(*) FROM {name}");
        let n: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *db).await.expect("a number");
        if n < ROWS as i64 && !["_sqlx_migrations", "_migration_older"].contains(&name.as_str()) {
            return Err(format!("{name} has {n} rows"));
        }
    }
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(db).await.expect("a check");
    broken.first().map_or(Ok(()), |row| Err(format!("a row of {} refers to none", row.get::<String, _>(0))))
}

/// Upgrades from the level of `old` to that of `new`, and compares every column that was there.
async fn survives(old: &[Step], new: &[Step]) -> Result<(), String> {
    let (file, mut schema) = File::at(old).await;
    for (version, table, column) in TAKEN {
        if old.iter().all(|s| s.version < *version) && new.iter().any(|s| s.version == *version) {
            let columns = schema.tables.get_mut(*table).map(|t| &mut t.columns);
            columns.expect("its table").retain(|c| c.name != *column);
        }
    }
    // What it says of its migrations grows, of course.
    schema.own.clear();
    let before = file.rows(&schema).await?;
    file.start(new).await?;
    same(&before, &file.rows(&schema).await?)?;
    let db = file.open(false).await;
    let mut writer = db.writer().await.expect("a connection");
    let checked = check_integrity(&mut writer).await;
    drop(writer);
    db.close().await;
    checked
}

async fn check_integrity(db: &mut db::Connection) -> Result<(), String> {
    let said: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut *db).await.expect("a check");
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(db).await.expect("a check");
    if said == "ok" && broken.is_empty() { Ok(()) } else { Err(format!("{said}, {} lost references", broken.len())) }
}

#[tokio::test]
async fn from_every_level_an_upgrade_keeps_every_row() {
    let steps = known();
    for n in 1..=steps.len() {
        survives(&steps[..n], &steps).await.unwrap_or_else(|e| panic!("from {}: {e}", steps[n - 1].name));
    }
}

#[tokio::test]
async fn canary_a_migration_that_takes_or_changes_anything_is_caught() {
    let steps = known();
    for sql in [
        "ALTER TABLE version DROP COLUMN note;",
        "UPDATE entry SET time = time + 1 WHERE sequence = (SELECT max(sequence) FROM entry);",
        "DELETE FROM share_view WHERE id = (SELECT min(id) FROM share_view);",
        "DROP TABLE factor_recovery;",
        "INSERT INTO setting (key, value) VALUES ('new', 'row');",
        // The classic: a table made anew, and what a float cannot hold on its way through one.
        "CREATE TABLE n AS SELECT key, hash, CAST(CAST(bytes AS REAL) AS BIGINT) AS bytes, created FROM cache;
         DROP TABLE cache; ALTER TABLE n RENAME TO cache;",
    ] {
        let mut worse = steps.clone();
        worse.push(tomorrow(sql, Older::Fits));
        let fault = survives(&steps, &worse).await.expect_err(sql);
        eprintln!("caught: {fault}");
    }
    // And a table that is left empty.
    let (file, _) = File::at(&steps).await;
    file.execute("CREATE TABLE overlooked (id TEXT NOT NULL PRIMARY KEY)").await;
    let db = file.open(false).await;
    let mut writer = db.writer().await.expect("a connection");
    assert!(check_full(&mut writer).await.expect_err("an empty table").contains("overlooked"));
}

/// What a step that older ones go on without must not do, as far as tables tell.
fn fits(before: &Schema, after: &Schema) -> Result<(), String> {
    for (name, table) in &after.tables {
        let old = before.tables.get(name);
        for column in &table.columns {
            let is_new = old.is_none_or(|old| old.columns.iter().all(|c| c.name != column.name));
            if is_new && old.is_some() && column.is_required && column.default.is_none() {
                return Err(format!("older ones cannot write {name} without {}", column.name));
            }
            if is_new && (column.name == "hash" || column.name.ends_with("_blob")) {
                return Err(format!("older ones remove the files that only {name}.{} names", column.name));
            }
        }
        for reference in &table.references {
            let is_new = old.is_none_or(|old| !old.references.contains(reference));
            // People and organisations are never removed.
            let is_kept = ["person", "organisation"].contains(&reference.table.as_str());
            let holds_on = !["CASCADE", "SET NULL"].contains(&reference.on_delete.as_str());
            if is_new && holds_on && !is_kept && before.tables.contains_key(&reference.table) {
                return Err(format!("older ones cannot remove a {} that {name} refers to", reference.table));
            }
        }
    }
    for (name, table) in &before.tables {
        let new = after.tables.get(name).ok_or_else(|| format!("older ones read {name}"))?;
        if let Some(gone) = table.columns.iter().find(|c| !new.columns.contains(c)) {
            return Err(format!("older ones read {name}.{}", gone.name));
        }
    }
    Ok(())
}

async fn schema_after(steps: &[Step]) -> Schema {
    let folder = tempfile::tempdir().expect("a folder");
    let db = db::connect(&folder.path().join("brunel.sqlite"), true).await.expect("the file opens");
    upgrade(&db, steps).await.expect("a new database");
    let schema = Schema::read(&mut db.writer().await.expect("a connection")).await;
    db.close().await;
    schema
}

#[tokio::test]
async fn what_fits_older_binaries_takes_nothing_they_use() {
    let steps = known();
    let fitting = (1..steps.len()).filter(|n| steps[*n].older == Older::Fits);
    let mut n_fitting = 0;
    for n in fitting {
        let (before, after) = (schema_after(&steps[..n]).await, schema_after(&steps[..=n]).await);
        fits(&before, &after).unwrap_or_else(|e| panic!("{} must refuse older binaries: {e}", steps[n].name));
        n_fitting += 1;
    }
    assert!(n_fitting > 0);
    // Canary: these must not pass for fitting.
    let before = schema_after(&steps).await;
    for sql in [
        "ALTER TABLE run DROP COLUMN asked;",
        "DROP TABLE cache;",
        "CREATE TABLE picture (id TEXT NOT NULL PRIMARY KEY, hash TEXT NOT NULL);",
        "CREATE TABLE bill (id TEXT NOT NULL PRIMARY KEY, design TEXT NOT NULL REFERENCES design (id));",
        "DROP TABLE setting; CREATE TABLE setting (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, who TEXT NOT NULL);",
    ] {
        let mut more = steps.clone();
        more.push(tomorrow(sql, Older::Fits));
        let fault = fits(&before, &schema_after(&more).await).expect_err(sql);
        eprintln!("caught: {fault}");
    }
}

/// An older binary reads all it knows, and writes and removes rows as it did.
async fn check_use(file: &File, old: &Schema) {
    let db = file.open(false).await;
    let mut write = db.write().await.expect("a transaction");
    old.fill(&mut write, 10..10 + ROWS, |_, _, _| None).await;
    let removed = sqlx::query("DELETE FROM design").execute(&mut *write).await.expect("designs are removed");
    assert_eq!(removed.rows_affected(), 2 * ROWS as u64);
    write.rollback().await.expect("taken back");
    db.close().await;
}

#[tokio::test]
async fn an_older_binary_goes_on_where_it_may_and_is_refused_by_name_elsewhere() {
    let steps = known();
    let (mut n_opened, mut n_refused) = (0, 0);
    for newer in 2..=steps.len() {
        let (file, schema) = File::at(&steps[..newer]).await;
        let before = file.rows(&schema).await.expect("rows");
        for older in 1..newer {
            let refusing: Vec<(&str, &str)> = steps[older..newer]
                .iter()
                .filter_map(|s| if let Older::Refuse(why) = s.older { Some((s.name, why)) } else { None })
                .collect();
            match file.start(&steps[..older]).await {
                Ok(()) => {
                    assert!(
                        refusing.is_empty(),
                        "{} opens what {} wrote",
                        steps[older - 1].name,
                        steps[newer - 1].name
                    );
                    check_use(&file, &schema_after(&steps[..older]).await).await;
                    n_opened += 1;
                }
                Err(said) => {
                    assert!(!refusing.is_empty(), "{said}");
                    for (name, why) in refusing {
                        assert!(said.contains(name) && said.contains(why), "{said}");
                    }
                    n_refused += 1;
                }
            }
            // Opened or not, all of it is as it was.
            same(&before, &file.rows(&schema).await.expect("rows")).unwrap_or_else(|e| panic!("{e}"));
        }
    }
    eprintln!("{n_opened} opened, {n_refused} refused");
    assert!(n_opened >= 3 && n_refused >= 3);
}

#[tokio::test]
async fn a_file_from_before_there_were_declarations_gets_them_and_fails_closed_until_then() {
    let steps = known();
    let (file, schema) = File::at(&steps).await;
    let before = file.rows(&schema).await.expect("rows");
    file.execute("DROP TABLE _migration_older").await;
    let n = steps.iter().rposition(|s| s.older == Older::Fits).expect("one that fits");
    let said = file.start(&steps[..n]).await.expect_err("nothing is declared");
    assert!(said.contains(steps[n].name), "{said}");
    file.start(&steps).await.expect("the newest opens it");
    same(&before, &file.rows(&schema).await.expect("rows")).expect("all of it, and the declarations");
    // What turns out too strict to ignore is made so in files that exist; nothing is ever loosened.
    let mut stricter = steps.clone();
    stricter[n].older = Older::Refuse("it was more than it seemed");
    file.start(&stricter).await.expect("it opens");
    file.start(&steps).await.expect("it opens");
    let said = file.start(&steps[..n]).await.expect_err("refused now");
    assert!(said.contains("it was more than it seemed"), "{said}");
}

#[tokio::test]
async fn a_migration_that_fails_leaves_no_trace() {
    let steps = known();
    let (file, schema) = File::at(&steps).await;
    let before = file.rows(&schema).await.expect("rows");
    let mut worse = steps.clone();
    let sql = "CREATE TABLE half (id TEXT); DELETE FROM cache; INSERT INTO nowhere VALUES (1);";
    worse.push(tomorrow(sql, Older::Refuse("half of it")));
    file.start(&worse).await.expect_err("it fails");
    same(&before, &file.rows(&schema).await.expect("rows")).expect("as before, declarations too");
    assert_eq!(schema_of(&file.path).await, schema);
    file.start(&steps).await.expect("the binary from before goes on");
}

async fn schema_of(path: &Path) -> Schema {
    let db = db::connect(path, false).await.expect("the file opens");
    let schema = Schema::read(&mut db.reader().acquire().await.expect("a connection")).await;
    db.close().await;
    schema
}

/// This very binary as the older one: a whole server on a file of tomorrow, and at the door of one it must not open.
#[tokio::test]
async fn this_binary_serves_what_a_newer_one_wrote_or_says_why_not() {
    let app = server::testing::TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let project = app.project("Frame").await.expect("a project");
    app.design(&project, &ada, &super::empty()).await.expect("a design");
    let config = app.state.config.clone();
    let mut newer = known();
    newer.push(tomorrow("ALTER TABLE design ADD COLUMN colour TEXT;", Older::Fits));
    upgrade(&app.state.db, &newer).await.expect("an upgrade");
    let state = State::open(config.clone()).await.expect("it opens");
    let older = server::testing::Tester { router: server::router(state.clone()), ..ada.clone() };
    app.design(&project, &ada, &super::empty()).await.expect("another design");
    let designs: app::api::Page<app::api::design::DesignCard> =
        older.get("/api/designs").await.read().expect("designs");
    assert_eq!(designs.items.len(), 2);
    let found = |findings: Vec<doctor::Finding>| findings.into_iter().find(|f| f.subject == "migrations");
    let finding = found(doctor::examine(&config).await).expect("a finding");
    assert!(finding.is_good && finding.text.contains("1 of a newer Brunel"), "{finding}");

    let seal = Step {
        version: 9_902,
        name: "seal_add",
        sql: "CREATE TABLE seal (id TEXT);",
        older: Older::Refuse("no seals"),
    };
    newer.push(seal);
    upgrade(&app.state.db, &newer).await.expect("an upgrade");
    let said = format!("{:#}", State::open(config.clone()).await.err().expect("it is refused"));
    assert!(said.contains("9902_seal_add (no seals)") && said.contains("newer"), "{said}");
    let finding = found(doctor::examine(&config).await).expect("a finding");
    assert!(!finding.is_good && finding.text.contains("no seals"), "{finding}");
    let strange = migration::strange(&mut app.state.db.writer().await.expect("a connection"), &known()).await;
    let versions: Vec<i64> = strange.expect("read").iter().map(|s| s.version).collect();
    assert_eq!(versions, [9_901, 9_902]);
}
