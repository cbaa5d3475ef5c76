//! P12: a restored backup is the system, every table, file and key of it, and damage is found. What goes on while people edit
//! is with the promises of editing.

use super::requirement::{World, weighs};
use super::table::{Rows, Schema, same};
use super::upgrade::{ROWS, check_full};
use app::api::auth::{FactorSetup, Role};
use app::api::design::{DesignCard, StoredFile};
use app::api::release::Release;
use app::api::run::Run;
use app::api::share::Share;
use axum::http::{Method, StatusCode};
use serde_json::json;
use server::auth::totp;
use server::blob::{BlobStore as _, Folder};
use server::config::Config;
use server::jobs::wire::{Claim, Hello, PROTOCOL};
use server::testing::{PASSWORD, TestApp, Tester};
use server::{State, backup, db, tls};
use solver::study::outcome::Grade;
use sqlx::AssertSqlSafe;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

/// The program, in a role that works on `data`.
fn program(role: &str, data: &Path, folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.arg(role).arg("--data").arg(data).arg(folder).output().expect("the program runs")
}

/// What it says when it succeeds.
fn done(role: &str, data: &Path, folder: &Path) -> String {
    let output = program(role, data, folder);
    assert!(output.status.success(), "{role}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn refused(role: &str, data: &Path, folder: &Path) -> String {
    let output = program(role, data, folder);
    assert!(!output.status.success(), "{role} succeeds");
    String::from_utf8(output.stderr).expect("text")
}

async fn rows(config: &Config) -> (Schema, Rows) {
    let db = db::connect(&config.database(), false).await.expect("the file opens");
    let mut reader = db.reader().acquire().await.expect("a connection");
    let schema = Schema::read(&mut reader).await;
    let rows = schema.rows(&mut reader).await.expect("its own columns");
    drop(reader);
    db.close().await;
    (schema, rows)
}

/// Bytes that a row names.
fn content(table: &str, i: usize) -> Vec<u8> {
    format!("bytes of {table} {i}").into_bytes()
}

fn names_blob(table: &str, column: &str) -> bool {
    let tables = ["file", "run_artefact", "run_figure", "cache", "release_artefact"];
    (column == "hash" && tables.contains(&table)) || (table, column) == ("run", "document")
}

/// A data folder with rows in every table, the files they name, and keys.
async fn furnished(config: &Config) {
    std::fs::create_dir_all(&config.data).expect("a folder");
    let db = db::open(&config.database()).await.expect("a database");
    let mut writer = db.writer().await.expect("a connection");
    let schema = Schema::read(&mut writer).await;
    let store = Folder::open(&config.blobs()).expect("a store");
    for table in schema.tables.keys() {
        for i in (0..ROWS).filter(|_| schema.tables[table].columns.iter().any(|c| names_blob(table, &c.name))) {
            store.put(&content(table, i)).expect("stored");
        }
    }
    let known = |table: &str, column: &str, i: usize| {
        names_blob(table, column).then(|| blake3::hash(&content(table, i)).to_hex().to_string())
    };
    schema.fill(&mut writer, 0..ROWS, known).await;
    check_full(&mut writer).await.expect("rows in every table");
    drop(writer);
    db.close().await;
    config.worker_token().expect("a token");
    tls::self_signed(&config.data, "cad.example").expect("a certificate");
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[tokio::test]
async fn every_row_file_and_key_comes_back_by_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config::local(&folder.path().join("data"));
    let again = Config::local(&folder.path().join("again"));
    let to = folder.path().join("backup");
    furnished(&config).await;
    let n_blobs = Folder::open_for_reading(&config.blobs()).list().expect("a list").len();
    let said = done("backup", &config.data, &to);
    assert!(said.contains(&format!("{n_blobs} files")) && n_blobs == 6 * ROWS, "{said}");
    assert!(refused("backup", &config.data, &to).contains("cannot create"), "never written over");
    done("restore", &again.data, &to);
    assert!(refused("restore", &again.data, &to).contains("holds a database already"));

    let (schema, ours) = rows(&config).await;
    let (theirs_schema, theirs) = rows(&again).await;
    assert_eq!(theirs_schema, schema);
    assert!(ours.values().all(|rows| !rows.is_empty()), "an empty table compares nothing");
    same(&ours, &theirs).expect("the same rows");
    let (here, there) = (Folder::open_for_reading(&config.blobs()), Folder::open_for_reading(&again.blobs()));
    for hash in here.list().expect("a list") {
        assert_eq!(there.get(&hash).expect("sound"), here.get(&hash).expect("sound"), "{hash}");
    }
    for name in ["worker.token", "tls/certificate.pem", "tls/key.pem", "tls/host"] {
        let read = |root: &Path| std::fs::read(root.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(read(&again.data), read(&config.data), "{name}");
        assert_eq!((mode(&to.join(name)), mode(&again.data.join(name))), (0o600, 0o600), "{name}");
    }
    assert_eq!(mode(&to), 0o700, "the folder is for its owner");

    // Canary: a row fewer in any one table is seen.
    let db = db::connect(&again.database(), false).await.expect("the file opens");
    let mut writer = db.writer().await.expect("a connection");
    let execute = async |writer: &mut db::Connection, sql: String| {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(writer).await.expect("done");
    };
    execute(&mut *writer, "PRAGMA foreign_keys = OFF".into()).await;
    for table in ours.keys() {
        let less = format!("BEGIN; DELETE FROM {table} WHERE rowid = (SELECT min(rowid) FROM {table})");
        execute(&mut *writer, less).await;
        let theirs = schema.rows(&mut writer).await.expect("rows");
        assert!(same(&ours, &theirs).expect_err("a row is gone").starts_with(table.as_str()));
        execute(&mut *writer, "ROLLBACK".into()).await;
    }
}

/// A server where everything that a table is for has happened once, by the doors that people and workers use.
struct Lived {
    world: World,
    run: Run,
    release: Release,
    /// Address of the link's API.
    link: String,
    share: Share,
    codes: (String, String),
}

impl Lived {
    async fn new() -> Self {
        let world = World::new().await;
        let (app, ada, design) = (&world.app, &world.ada, &world.design);
        let card: DesignCard = ada.get(&format!("/api/designs/{design}")).await.read().expect("the design");
        let bo = app.person("Bo", Role::Reviewer).await.expect("Bo");
        app.join(&card.project, &bo, Role::Reviewer).await.expect("joined");
        world.set("box", "dx", "81 mm").await;
        let run = world.run(&weighs(0.6, 0.01, Grade::Verified)).await;
        let run: Run = ada.get(&format!("/api/runs/{}", run.id)).await.read().expect("the run");

        let draft = json!({"note": "First", "approvers": [bo.id]});
        let drafted = ada.post(&format!("/api/designs/{design}/releases"), draft).await;
        let release: Release = drafted.read().unwrap_or_else(|e| panic!("{e}"));
        let submitted = ada.post(&format!("/api/releases/{}/submit", release.id), json!({})).await;
        assert_eq!(submitted.status, StatusCode::OK, "{}", submitted.text());
        let decision = json!({"decision": "approve", "remark": "Good"});
        let decided = bo.post(&format!("/api/releases/{}/decide", release.id), decision).await;
        let release: Release = decided.read().unwrap_or_else(|e| panic!("{e}"));

        let terms =
            json!({"label": "Partner", "days": 7, "password": "granite under the bridge", "allow": ["comment"]});
        let made = ada.post(&format!("/api/designs/{design}/shares"), terms).await;
        let share: Share = made.read().unwrap_or_else(|e| panic!("{e}"));
        let token = share.link.as_deref().and_then(|link| link.rsplit('/').next()).expect("a token").to_owned();
        let said = ada
            .post(&format!("/api/designs/{design}/comments"), json!({"text": "Thick enough?", "thread": null}))
            .await;
        assert_eq!(said.status, StatusCode::OK, "{}", said.text());

        let began = bo.post("/api/auth/factor", json!({"password": PASSWORD})).await;
        let setup: FactorSetup = began.read().unwrap_or_else(|e| panic!("{e}"));
        let secret = totp::of_base32(&setup.secret).expect("base 32");
        let code = json!({"code": totp::code(&secret, app.state.now())});
        let confirmed = bo.post("/api/auth/factor/confirm", code).await;
        let codes: app::api::auth::Recovery = confirmed.read().unwrap_or_else(|e| panic!("{e}"));
        let codes = (bo.email, codes.codes[0].clone());
        Self { world, run, release, link: format!("/api/share/{token}"), share, codes }
    }

    /// What the server says to everyone who may ask, of all that happened.
    async fn answers(&self, router: &axum::Router) -> Vec<(String, StatusCode, Vec<u8>)> {
        let design = &self.world.design;
        let mut paths: Vec<String> = ["", "/document", "/log", "/comments", "/shares", "/releases", "/requirements"]
            .map(|part| format!("/api/designs/{design}{part}"))
            .into();
        paths.extend(["/api/designs", "/api/notifications", "/api/auth/factor"].map(String::from));
        paths.push(format!("/api/runs?design={design}"));
        paths.push(format!("/api/runs/{}", self.run.id));
        paths.push(format!("/api/runs/{}/artefacts/surface", self.run.id));
        paths.push(format!("/api/releases/{}", self.release.id));
        paths.push(format!("/api/shares/{}/views", self.share.id));
        let artefacts = self.release.kept.iter().map(|kept| kept.hash.clone());
        paths.extend(artefacts.map(|hash| format!("/api/releases/{}/artefacts/{hash}", self.release.id)));
        let ada = Tester { router: router.clone(), ..self.world.ada.clone() };
        let mut answers = Vec::new();
        for path in paths {
            let answer = ada.get(&path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
            answers.push((path, answer.status, answer.body));
        }
        // The link stays behind its password, and Bo behind the second factor.
        let nobody = Tester { cookie: None, ..ada };
        let link = nobody.get(&self.link).await;
        assert!(!link.text().contains("\"sequence\""), "{}", link.text());
        answers.push((self.link.clone(), link.status, link.body));
        let (email, _) = &self.codes;
        let login = nobody.post("/api/auth/login", json!({"email": email, "password": PASSWORD})).await;
        assert_eq!(login.problem().map(|p| p.code).unwrap_or_default(), "factor");
        answers
    }
}

#[tokio::test]
async fn a_restored_server_answers_everyone_as_before() {
    let lived = Lived::new().await;
    let before = lived.answers(&lived.world.app.router).await;
    let data = &lived.world.app.state.config.data;
    let (to, again) = (data.join("backup"), data.join("restored"));
    done("backup", data, &to);
    // What comes after the backup is not in it.
    lived.world.set("box", "dx", "99 mm").await;
    done("restore", &again, &to);
    let config = Config { data: again, ..lived.world.app.state.config.clone() };
    let state = State::open(config).await.expect("a server on the restored data");
    state.start().await.expect("started");
    let router = server::router(state.clone());
    for (was, is) in before.iter().zip(lived.answers(&router).await) {
        assert_eq!((&was.0, was.1), (&is.0, is.1));
        let text = String::from_utf8_lossy(&is.2);
        assert!(was.2 == is.2, "{}: {text} was {}", is.0, String::from_utf8_lossy(&was.2));
    }
    // A recovery code that was not used is good for once, and the workers' token opens the workers' door.
    let nobody = Tester { router: router.clone(), ..lived.world.app.nobody() };
    let (email, code) = &lived.codes;
    let login = json!({"email": email, "password": PASSWORD, "code": code});
    assert_eq!(nobody.post("/api/auth/login", &login).await.status, StatusCode::OK);
    assert_ne!(nobody.post("/api/auth/login", &login).await.status, StatusCode::OK);
    let worker = Tester { router, ..lived.world.app.worker().expect("the token") };
    let hello = Hello {
        protocol: PROTOCOL,
        worker: "w".into(),
        host: "elsewhere".into(),
        cores: 1,
        instruction_set: "none".into(),
        version: "0".into(),
        memory_bytes: 1 << 40,
        studies: Vec::new(),
    };
    let claim = Claim { hello, wait_ms: 0 };
    assert_eq!(worker.post("/api/worker/claim", &claim).await.status, StatusCode::OK);
    let stranger = Tester { bearer: Some("x".repeat(43)), ..worker };
    assert_ne!(stranger.post("/api/worker/claim", &claim).await.status, StatusCode::OK);
}

#[tokio::test]
async fn canary_a_damaged_backup_is_refused() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let project = app.project("Frame").await.expect("a project");
    let design = app.design(&project, &ada, &super::empty()).await.expect("a design");
    let path = format!("/api/designs/{design}/files?name=a.stl");
    let file: StoredFile = ada.send(Method::POST, &path, b"solid".to_vec()).await.read().expect("stored");
    tls::self_signed(&app.state.config.data, "cad.example").expect("a certificate");
    let blob = format!("blobs/{}/{}", &file.hash[..2], &file.hash[2..]);
    let parts = ["brunel.sqlite", blob.as_str(), "worker.token", "tls/key.pem", "backup.json"];
    for (n, part) in parts.iter().enumerate() {
        for is_lost in [false, true] {
            let to = app.folder().join(format!("backup{n}{is_lost}"));
            backup::backup(&app.state.config, &to).await.expect("a backup");
            let damaged = to.join(part);
            if is_lost {
                std::fs::remove_file(damaged).expect("lost");
            } else {
                let mut bytes = std::fs::read(&damaged).expect("read");
                // In the list, a byte of a hash.
                let middle = if *part == "backup.json" { bytes.len() / 4 } else { bytes.len() / 2 };
                bytes[middle] ^= 1;
                std::fs::write(damaged, bytes).expect("damaged");
            }
            let config = Config { data: app.folder().join(format!("again{n}{is_lost}")), ..app.state.config.clone() };
            assert!(backup::restore(&to, &config).await.is_err(), "{part}");
            assert!(!config.database().exists(), "{part}: nothing that looks like data is left");
        }
    }
}

#[tokio::test]
async fn backups_from_before_keys_were_kept_are_restored_and_no_list_writes_where_it_likes() {
    let app = TestApp::new().await.expect("a server");
    let to = app.folder().join("backup");
    backup::backup(&app.state.config, &to).await.expect("a backup");
    let list = to.join("backup.json");
    let read = || serde_json::from_slice::<serde_json::Value>(&std::fs::read(&list).expect("read")).expect("a list");
    let restore = async |name: &str, list_now: &serde_json::Value| {
        std::fs::write(&list, list_now.to_string()).expect("written");
        let config = Config { data: app.folder().join(name), ..app.state.config.clone() };
        backup::restore(&to, &config).await.map(|_| config)
    };
    let mut changed = read();
    std::fs::write(app.folder().join("outside"), b"x").expect("written");
    changed["keys"]["../outside"] = blake3::hash(b"x").to_hex().to_string().into();
    let said = format!("{:#}", restore("first", &changed).await.expect_err("refused"));
    assert!(said.contains("../outside"), "{said}");
    changed.as_object_mut().expect("a list").remove("keys");
    let config = restore("second", &changed).await.expect("restored");
    assert!(!config.worker_token_file().exists());
    State::open(config.clone()).await.expect("it starts, with a token of its own");
    assert!(config.worker_token_file().exists());
}
