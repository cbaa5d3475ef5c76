//! P12: a restored backup is the system: taken while people edit, restored into an empty folder, compared table by table.

use crate::live::{Live, boxes, set};
use crate::table::{Rows, Schema, same};
use app::api::design::StoredFile;
use app::sync::ToClient;
use axum::http::{Method, StatusCode};
use server::blob::{self, BlobStore as _, Folder};
use server::config::Config;
use server::db::Db;
use server::rooms::log;
use server::telemetry::audit;
use server::testing::Tester;
use server::{State, backup, db};
use solver::design::{Design, replay};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Every row of every table.
async fn rows(db: &Db) -> Rows {
    let mut reader = db.reader().acquire().await.expect("a connection");
    let schema = Schema::read(&mut reader).await;
    schema.rows(&mut reader).await.expect("its own columns")
}

/// What the log says, from the beginning.
async fn replayed(db: &Db, design: &str) -> (Design, u64) {
    let entries = log::entries(db, design, 0, u64::MAX, u32::MAX).await.expect("the log");
    let mut content = log::document(db, design, Some(0)).await.expect("its foundation").design;
    for (i, entry) in entries.iter().enumerate() {
        assert_eq!(entry.sequence, i as u64 + 1, "a gap in the log");
        replay(&mut content, &entry.command).expect("an entry that applies");
    }
    (content, entries.len() as u64)
}

/// Edits until told to stop.
async fn edit(live: &Live, i: usize, stop: &AtomicBool) {
    let mut client = live.connect(i).await;
    let mut value = 0;
    while !stop.load(Ordering::Relaxed) {
        value += 1;
        let message = client.submission(set(i, value));
        client.send(&message).await;
        let (name, number) = (client.name.clone(), client.number);
        let applied = client.until(|m| match m {
            ToClient::Applied { entry } => (entry.client == name && entry.number == number).then_some(entry.sequence),
            _ => None,
        });
        client.sequence = applied.await.expect("an acknowledgement");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn restored(live: &Live, name: &str) -> Config {
    Config { data: live.app.folder().join(name), ..live.state().config.clone() }
}

/// Restores `from`, and compares it with what the running system knows: nothing torn, nothing that never was.
async fn check(live: &Live, from: &Path, name: &str) -> u64 {
    let config = restored(live, name);
    let extent = backup::restore(from, &config).await.expect("restored");
    assert_eq!(extent.missing, Vec::<String>::new());
    let db = db::open(&config.database()).await.expect("the restored database");
    assert!(audit::verify(&db).await.expect("read").is_ok(), "the audit's chain is whole");
    let (content, n) = replayed(&db, &live.design).await;
    let whole = log::document(&db, &live.design, None).await.expect("the document");
    assert_eq!((&whole.design, whole.sequence), (&content, n), "log and snapshots agree");
    let then = log::document(&live.state().db, &live.design, Some(n)).await.expect("that moment of the living one");
    assert!(then.design == content, "the design as it was at entry {n}");
    let store = Folder::open(&config.blobs()).expect("the restored blobs");
    for hash in blob::named(db.reader()).await.expect("names") {
        assert!(store.get(&hash).expect("sound").is_some(), "blob {hash}");
    }
    let (before, after) = (rows(&db).await, rows(&live.state().db).await);
    for table in ["entry", "audit", "person", "organisation", "member", "project", "project_member", "file"] {
        assert!(before[table].is_subset(&after[table]), "{table} holds what never was");
    }
    db.close().await;
    n
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_while_people_edit_is_the_system() {
    let live = Arc::new(Live::start(&boxes(3), 4).await);
    let path = format!("/api/designs/{}/files", live.design);
    let upload = async |n: u32| -> StoredFile {
        let bytes = format!("solid {n}").into_bytes();
        live.people[3].send(Method::POST, &format!("{path}?name=part{n}.stl"), bytes).await.read().expect("stored")
    };
    let first = upload(0).await;
    let stop = Arc::new(AtomicBool::new(false));
    let editors: Vec<_> = (0..3)
        .map(|i| {
            let (live, stop) = (live.clone(), stop.clone());
            tokio::spawn(async move { edit(&live, i, &stop).await })
        })
        .collect();
    let mut positions = Vec::new();
    for n in 1..=3 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        upload(n).await;
        let to = live.app.folder().join(format!("backup{n}"));
        backup::backup(&live.state().config, &to).await.expect("a backup");
        positions.push(check(&live, &to, &format!("restored{n}")).await);
    }
    stop.store(true, Ordering::Relaxed);
    for editor in editors {
        editor.await.expect("an editor");
    }
    eprintln!("backups at entries {positions:?}");
    assert!(positions[0] > 0 && positions.windows(2).all(|p| p[0] < p[1]), "people went on editing: {positions:?}");

    // At rest, the copy is the same in every row and every byte.
    let to = live.app.folder().join("backup");
    backup::backup(&live.state().config, &to).await.expect("a backup");
    let config = restored(&live, "restored");
    backup::restore(&to, &config).await.expect("restored");
    let db = db::open(&config.database()).await.expect("the restored database");
    let (theirs, ours) = (rows(&db).await, rows(&live.state().db).await);
    db.close().await;
    same(&ours, &theirs).unwrap_or_else(|e| panic!("{e}"));
    // And it runs: people are signed in, see their files, and edit on.
    let state = State::open(config).await.expect("a server on the restored data");
    state.start().await.expect("started");
    let ada = Tester { router: server::router(state.clone()), ..live.people[3].clone() };
    let file = ada.get(&format!("{path}/{}", first.hash)).await;
    assert_eq!((file.status, file.body), (StatusCode::OK, b"solid 0".to_vec()));
    let sequence = log::document(&state.db, &live.design, None).await.expect("the document").sequence;
    let submission = app::sync::Submission {
        client: "restored-client-01".into(),
        number: 1,
        base: sequence,
        offline: false,
        command: set(0, 999),
        undo_of: None,
    };
    let entry = ada.post(&format!("/api/designs/{}/commands", live.design), &submission).await;
    assert_eq!(entry.read::<app::sync::Entry>().expect("an entry").sequence, sequence + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canary_a_backup_without_one_of_its_blobs_is_not_restored() {
    let live = Live::start(&boxes(1), 1).await;
    let path = format!("/api/designs/{}/files?name=a.stl", live.design);
    let file: StoredFile = live.people[0].send(Method::POST, &path, b"solid".to_vec()).await.read().expect("stored");
    let to = live.app.folder().join("backup");
    backup::backup(&live.state().config, &to).await.expect("a backup");
    std::fs::remove_file(to.join("blobs").join(&file.hash[..2]).join(&file.hash[2..])).expect("lost");
    let config = restored(&live, "restored");
    let refused = backup::restore(&to, &config).await.expect_err("a blob is missing");
    assert!(format!("{refused:#}").contains(&file.hash), "{refused:#}");
    assert!(!config.database().exists());
    // And the comparison above does see one row more or less.
    let before = rows(&live.state().db).await;
    let mut write = live.state().db.write().await.expect("a transaction");
    sqlx::query("DELETE FROM file").execute(&mut *write).await.expect("deleted");
    write.commit().await.expect("committed");
    assert_ne!(rows(&live.state().db).await["file"], before["file"]);
}
