//! P6: logs of every schema version load for ever, from the database that they were stored in, with and without the whole
//! designs saved among them. What each must make is with the solver's golden documents, written by the build of its time.

use server::db::migration::{known, upgrade};
use server::rooms::log;
use server::{db, db::Db};
use solver::design::{Command, Design, replay};
use sqlx::AssertSqlSafe;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The level of the database that the files are of: people and logs.
const LEVEL: i64 = 201;
const DESIGN: &str = "golden";

/// From the package's folder, in which Cargo runs tests: two checkouts may share what was built.
fn file(version: u32) -> PathBuf {
    format!("tests/editing/golden/v{version}.sql").into()
}

fn solvers<T: serde::de::DeserializeOwned>(version: u32, name: &str) -> T {
    let path = format!("../solver/tests/golden/v{version}/{name}.json");
    let text = std::fs::read_to_string(path).expect("a golden document");
    serde_json::from_str(&text).expect("it is read")
}

/// A database of that time with the log in it, opened by this build; `damage` is done to it before.
async fn opened(folder: &Path, version: u32, damage: &str) -> Db {
    let path = folder.join("brunel.sqlite");
    let old = db::connect(&path, true).await.expect("a file");
    let steps: Vec<_> = known().into_iter().filter(|step| step.version <= LEVEL).collect();
    upgrade(&old, &steps).await.expect("a database of that time");
    let sql = std::fs::read_to_string(file(version)).unwrap_or_else(|e| panic!("no golden log of {version}: {e}"));
    let mut writer = old.writer().await.expect("a connection");
    for sql in [sql, damage.to_owned()] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *writer).await.expect("its rows");
    }
    drop(writer);
    old.close().await;
    db::open(&path).await.expect("this build opens it")
}

/// Whether every version of the log, by its whole designs and without them, is what its commands make.
async fn check(version: u32, damage: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let db = opened(folder.path(), version, damage).await;
    let commands: Vec<Command> = solvers(version, "log");
    let golden: Design = solvers(version, "design");
    let n = commands.len() as u64;
    for way in ["with whole designs", "from the log alone"] {
        let mut expected = Design { schema: golden.schema, objects: Vec::new() };
        for sequence in 0..=n {
            if let Some(i) = sequence.checked_sub(1) {
                replay(&mut expected, &commands[i as usize]).map_err(|e| format!("command {sequence}: {e}"))?;
            }
            let found = log::document(&db, DESIGN, Some(sequence)).await.map_err(|e| format!("{sequence}: {e}"))?;
            if found.design != expected {
                return Err(format!("schema {version}, {way}: version {sequence} differs"));
            }
        }
        let room = log::open(&db, DESIGN).await.map_err(|e| e.to_string())?;
        if (&room.design, room.sequence, room.recent.len() as u64) != (&golden, n, n) {
            return Err(format!("schema {version}, {way}: the room opens with another design"));
        }
        let mut write = db.write().await.expect("a transaction");
        sqlx::query("DELETE FROM snapshot WHERE sequence > 0").execute(&mut *write).await.expect("removed");
        write.commit().await.expect("committed");
    }
    Ok(())
}

#[tokio::test]
async fn the_log_of_every_schema_version_loads_from_its_database() {
    for version in 1..=Design::SCHEMA {
        check(version, "").await.unwrap_or_else(|e| panic!("{e}"));
    }
}

#[tokio::test]
async fn canary_a_log_that_is_read_otherwise_is_caught() {
    for damage in [
        "UPDATE entry SET command = replace(command, '25.5 mm', '25.6 mm')",
        "UPDATE snapshot SET content = replace(content, '25.5 mm', '25.6 mm')",
        "UPDATE entry SET command = replace(command, '\"do\":\"rename\"', '\"do\":\"name\"')",
        "UPDATE snapshot SET sequence = sequence - 1 WHERE sequence > 0",
    ] {
        let fault = check(1, damage).await.expect_err(damage);
        eprintln!("caught: {fault}");
    }
}

/// Wrote the files, from the solver's; for the next version.
#[test]
#[ignore = "writes the golden log of a new schema version"]
fn write_golden_log() {
    let version = Design::SCHEMA;
    assert!(!file(version).exists(), "golden files are never changed");
    let commands: Vec<Command> = solvers(version, "log");
    let design: Design = solvers(version, "design");
    let n = commands.len();
    let quoted = |text: serde_json::Result<String>| format!("'{}'", text.expect("plain values").replace('\'', "''"));
    let whole = |design: &Design| quoted(serde_json::to_string(design));
    let founded = Design { schema: design.schema, objects: Vec::new() };
    let mut sql = format!(
        "-- A log of schema version {version}, as it was stored when the migrations went to 0201. Never changed.\n\
         INSERT INTO organisation (id, name, created) VALUES ('works', 'Works', 1);\n\
         INSERT INTO person (id, email, name, hue, password, created) VALUES ('ada', 'ada@example.com', 'Ada', 210, 'none', 1);\n\
         INSERT INTO project (id, organisation, name, created) VALUES ('frame', 'works', 'Frame', 1);\n\
         INSERT INTO design (id, project, name, state, sequence, created, changed, changed_by) VALUES ('{DESIGN}', 'frame', 'Golden', 'active', {n}, 1, 1, 'ada');\n"
    );
    for (sequence, content) in [(0, whole(&founded)), (n, whole(&design))] {
        let row = "INSERT INTO snapshot (design, sequence, time, content) VALUES";
        writeln!(sql, "{row} ('{DESIGN}', {sequence}, 1, {content});").expect("memory");
    }
    for (i, command) in commands.iter().enumerate() {
        let (i, command) = (i + 1, quoted(serde_json::to_string(command)));
        let row = "INSERT INTO entry (design, sequence, author, client, number, time, command) VALUES";
        writeln!(sql, "{row} ('{DESIGN}', {i}, 'ada', 'client-of-the-golden-log', {i}, 1, {command});")
            .expect("memory");
    }
    std::fs::write(file(version), sql).expect("written");
}
