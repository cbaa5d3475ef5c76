//! What nobody names any more is removed in the end, and nothing else.

use app::api::design::StoredFile;
use axum::http::{Method, StatusCode};
use server::clock::{DAY, HOUR};
use server::testing::{TestApp, Tester};
use server::{backup, blob, doctor, retention};

struct World {
    app: TestApp,
    ada: Tester,
    design: String,
    file: StoredFile,
}

async fn world() -> World {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let project = app.project("Frame").await.expect("a project");
    let design = app.design(&project, &ada, &super::empty()).await.expect("a design");
    let path = format!("/api/designs/{design}/files?name=a.stl");
    let file: StoredFile = ada.send(Method::POST, &path, b"solid".to_vec()).await.read().expect("stored");
    assert_eq!(ada.get(&format!("/api/designs/{design}/scene")).await.status, StatusCode::OK);
    World { app, ada, design, file }
}

impl World {
    fn blobs(&self) -> Vec<String> {
        self.app.state.blobs.store().list().expect("listed")
    }

    async fn collect(&self) -> usize {
        retention::sweep(&self.app.state).await.expect("swept");
        retention::collect(&self.app.state).await.expect("collected")
    }

    async fn bin_and_remove(&self) {
        let path = format!("/api/designs/{}", self.design);
        assert_eq!(self.ada.patch(&path, serde_json::json!({"state": "bin"})).await.status, StatusCode::OK);
        assert_eq!(self.ada.delete(&path).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn what_is_named_stays_and_drawings_are_made_again() {
    let w = world().await;
    assert_eq!(w.blobs().len(), 2, "the file and the scene");
    w.app.clock.advance(6 * DAY);
    assert_eq!(w.collect().await, 0);
    w.app.clock.advance(2 * DAY);
    assert_eq!(w.collect().await, 1, "the scene is a week old");
    assert_eq!(w.blobs(), std::slice::from_ref(&w.file.hash));
    // Signed in anew: a session sleeps no week.
    let ada = Tester { cookie: Some(w.app.session(&w.ada.id).await.expect("a session")), ..w.ada.clone() };
    assert_eq!(ada.get(&format!("/api/designs/{}/scene", w.design)).await.status, StatusCode::OK);
    assert_eq!(w.blobs().len(), 2);
}

#[tokio::test]
async fn what_belonged_to_a_removed_design_goes_after_a_day() {
    let w = world().await;
    w.bin_and_remove().await;
    w.app.clock.advance(23 * HOUR);
    assert_eq!(w.collect().await, 0, "a run may still publish");
    w.app.clock.advance(2 * HOUR);
    assert_eq!(w.collect().await, 1, "the file");
    assert_eq!(w.collect().await, 0);
}

#[tokio::test]
async fn what_another_design_has_too_stays() {
    let w = world().await;
    let path = format!("/api/designs/{}/duplicate", w.design);
    let copy = w.ada.post(&path, serde_json::json!({"name": "Copy"})).await;
    let copy: app::api::design::DesignCard = copy.read().expect("a copy");
    w.bin_and_remove().await;
    w.app.clock.advance(2 * DAY);
    assert_eq!(w.collect().await, 0);
    let ada = Tester { cookie: Some(w.app.session(&w.ada.id).await.expect("a session")), ..w.ada.clone() };
    let bytes = ada.get(&format!("/api/designs/{}/files/{}", copy.id, w.file.hash)).await;
    assert_eq!((bytes.status, bytes.body), (StatusCode::OK, b"solid".to_vec()));
}

/// Every column of the schema that can hold a blob's hash is known to [`blob::named`]: whoever adds one is told here.
#[tokio::test]
async fn canary_a_column_that_collection_does_not_know_is_found() {
    let w = world().await;
    let tables: Vec<(String, String)> = sqlx::query_as(
        "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE '\\_%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%' ORDER BY 1, 2",
    )
    .fetch_all(w.app.state.db.reader())
    .await
    .expect("the schema");
    let holds = |(table, column): &(String, String)| {
        let secret = column.ends_with("_hash") || table == "audit";
        !secret && (column.contains("hash") || column == "document" || column.contains("blob"))
    };
    let columns: Vec<String> = tables.iter().filter(|c| holds(c)).map(|(t, c)| format!("{t}.{c}")).collect();
    assert_eq!(
        columns,
        ["cache.hash", "file.hash", "release_artefact.hash", "run.document", "run_artefact.hash", "run_figure.hash"]
    );
    // Forgotten by a row, the blob of a design that is there is taken for garbage: what the tests above would see.
    let mut write = w.app.state.db.write().await.expect("a transaction");
    sqlx::query("DELETE FROM file").execute(&mut *write).await.expect("forgotten");
    write.commit().await.expect("committed");
    w.app.clock.advance(2 * DAY);
    assert_eq!(w.collect().await, 1);
    assert!(!w.blobs().contains(&w.file.hash));
}

/// A blob that is named and lost: the doctor says so, a backup saves the rest and lists it.
#[tokio::test]
async fn a_missing_blob_is_found() {
    let w = world().await;
    let sound = doctor::examine(&w.app.state.config).await;
    let files =
        |findings: &[doctor::Finding]| findings.iter().find(|f| f.subject == "files").cloned().expect("a finding");
    assert!(files(&sound).is_good, "{sound:?}");
    let hash = &w.file.hash;
    let lost = w.app.folder().join("blobs").join(&hash[..2]).join(&hash[2..]);
    std::fs::remove_file(lost).expect("lost");
    let found = files(&doctor::examine(&w.app.state.config).await);
    assert!(!found.is_good && found.text.contains(hash), "{found}");
    let to = w.app.folder().join("backup");
    let extent = backup::backup(&w.app.state.config, &to).await.expect("a backup of the rest");
    assert_eq!((extent.missing, extent.n_blobs), (vec![hash.clone()], 1));
    assert_eq!(blob::named(w.app.state.db.reader()).await.expect("read").len(), 2);
}
