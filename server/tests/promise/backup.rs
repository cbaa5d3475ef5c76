//! P12: a restored backup is the system, and damage is found.

use app::api::design::StoredFile;
use axum::http::{Method, StatusCode};
use server::backup;
use server::config::Config;
use server::testing::TestApp;

#[tokio::test]
async fn a_backup_taken_while_running_restores_to_the_same_data() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let project = app.project("Frame").await.expect("a project");
    let design = app.design(&project, &ada, &super::empty()).await.expect("a design");
    let path = format!("/api/designs/{design}/files?name=a.stl");
    let file: StoredFile = ada.send(Method::POST, &path, b"solid".to_vec()).await.read().expect("stored");

    let to = app.folder().join("backup");
    let extent = backup::backup(&app.state.config, &to).await.expect("a backup");
    assert_eq!(extent.n_blobs, 1);
    assert!(backup::backup(&app.state.config, &to).await.is_err(), "a backup is never written over");
    // What comes after the backup is not in it.
    app.design(&project, &ada, &super::empty()).await.expect("a later design");

    let config = Config { data: app.folder().join("restored"), ..app.state.config.clone() };
    assert_eq!(backup::restore(&to, &config).await.expect("restored"), extent);
    assert!(backup::restore(&to, &config).await.is_err(), "data is never restored over");
    let state = server::State::open(config).await.expect("the restored data");
    let restored = server::testing::Tester { router: server::router(state.clone()), ..ada.clone() };
    let designs: app::api::Page<app::api::design::DesignCard> =
        restored.get("/api/designs").await.read().expect("the session is there too");
    assert_eq!(designs.items.len(), 1);
    let bytes = restored.get(&format!("/api/designs/{design}/files/{}", file.hash)).await;
    assert_eq!((bytes.status, bytes.body), (StatusCode::OK, b"solid".to_vec()));
}

#[tokio::test]
async fn canary_a_damaged_backup_is_refused() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let project = app.project("Frame").await.expect("a project");
    let design = app.design(&project, &ada, &super::empty()).await.expect("a design");
    let path = format!("/api/designs/{design}/files?name=a.stl");
    let file: StoredFile = ada.send(Method::POST, &path, b"solid".to_vec()).await.read().expect("stored");
    let blob = format!("blobs/{}/{}", &file.hash[..2], &file.hash[2..]);
    for (n, damaged) in ["brunel.sqlite", blob.as_str(), "backup.json"].iter().enumerate() {
        let to = app.folder().join(format!("backup{n}"));
        backup::backup(&app.state.config, &to).await.expect("a backup");
        let mut bytes = std::fs::read(to.join(damaged)).expect("read");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(to.join(damaged), bytes).expect("damaged");
        let config = Config { data: app.folder().join(format!("restored{n}")), ..app.state.config.clone() };
        assert!(backup::restore(&to, &config).await.is_err(), "{damaged}");
        assert!(!config.database().exists(), "{damaged}: nothing that looks like data is left");
    }
}
