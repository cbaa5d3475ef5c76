//! P14: a full disk, a busy or a read-only database give an answer within two seconds, then everything goes on; and nothing
//! is acknowledged that is not there.

use axum::http::StatusCode;
use serde_json::json;
use server::testing::{Answer, TestApp, Tester};
use sqlx::Executor as _;
use std::time::{Duration, Instant};

/// What one write may take: ten times the promise, for a machine that does other things too. Waiting for ever is what it catches.
const LIMIT: Duration = Duration::from_secs(20);

async fn create(ada: &Tester, name: &str) -> (Answer, Duration) {
    let started = Instant::now();
    let answer = ada.post("/api/projects", json!({"name": name})).await;
    (answer, started.elapsed())
}

async fn names(ada: &Tester) -> Vec<String> {
    let projects: Vec<app::api::organisation::Project> = ada.get("/api/projects").await.read().expect("a list");
    projects.into_iter().map(|project| project.name).collect()
}

/// While trouble lasts: a quick 503, reading goes on. Afterwards: writing goes on, and only the acknowledged is there.
async fn weathers(app: &TestApp, ada: &Tester, trouble: impl AsyncFnOnce(), cure: impl AsyncFnOnce()) {
    let (before, _) = create(ada, "before").await;
    assert_eq!(before.status, StatusCode::OK);
    trouble().await;
    for _ in 0..3 {
        let (answer, took) = create(ada, "lost").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text());
        assert!(answer.headers.contains_key("retry-after"));
        assert!(took < LIMIT, "{took:?}");
    }
    assert_eq!(names(ada).await, ["before"], "reading goes on, and nothing refused is there");
    assert_eq!(app.nobody().get("/healthz").await.status, StatusCode::OK);
    cure().await;
    let (after, _) = create(ada, "after").await;
    assert_eq!(after.status, StatusCode::OK, "{}", after.text());
    assert_eq!(names(ada).await, ["after", "before"]);
}

#[tokio::test]
async fn a_full_disk() {
    super::log();
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let set = async |pragma: &'static str| {
        let mut writer = app.state.db.writer().await.expect("the writer");
        writer.execute(pragma).await.expect("set");
    };
    // SQLite's own limit gives the very error a full disk gives (SQLITE_FULL). Freed pages would be used first, so none may be.
    let fill = async || {
        set("PRAGMA max_page_count = 1").await;
        for n in 0..200 {
            let (answer, _) = create(&ada, &format!("fill {n}")).await;
            if answer.status != StatusCode::OK {
                return;
            }
        }
        panic!("the database never filled up");
    };
    set("PRAGMA max_page_count = 1").await;
    fill().await;
    for _ in 0..3 {
        let (answer, took) = create(&ada, &"x".repeat(200)).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text());
        assert!(took < LIMIT, "{took:?}");
    }
    let count = names(&ada).await.len();
    set("PRAGMA max_page_count = 1000000").await;
    assert_eq!(create(&ada, "after").await.0.status, StatusCode::OK);
    assert_eq!(names(&ada).await.len(), count + 1, "only what was acknowledged is there");
}

#[tokio::test]
async fn a_busy_database() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let other = server::db::connect(&app.state.config.database(), false).await.expect("another process");
    let held = std::cell::RefCell::new(None);
    let trouble = async || {
        *held.borrow_mut() = Some(other.write().await.expect("the lock"));
    };
    let cure = async || {
        let write = held.borrow_mut().take();
        write.expect("held").rollback().await.expect("released");
    };
    weathers(&app, &ada, trouble, cure).await;
}

#[tokio::test]
async fn a_read_only_database() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let set = async |pragma: &'static str| {
        let mut writer = app.state.db.writer().await.expect("the writer");
        writer.execute(pragma).await.expect("set");
    };
    weathers(&app, &ada, async || set("PRAGMA query_only = ON").await, async || set("PRAGMA query_only = OFF").await)
        .await;
}

#[tokio::test]
async fn a_file_store_that_refuses() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let project = app.project("Frame").await.expect("a project");
    let design = app.design(&project, &ada, &super::empty()).await.expect("a design");
    let path = format!("/api/designs/{design}/files?name=a.stl");
    let (incoming, aside) = (app.folder().join("blobs/incoming"), app.folder().join("blobs/away"));
    std::fs::rename(&incoming, &aside).expect("taken away");
    let answer = ada.post(&path, "solid").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text());
    std::fs::rename(&aside, &incoming).expect("put back");
    assert_eq!(ada.post(&path, "solid").await.status, StatusCode::OK);
}

#[tokio::test]
async fn canary_an_acknowledgement_before_the_commit_is_seen() {
    // A write that answers and then is lost: the check that P14 rests on, "only what was acknowledged is there", must fail.
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let mut write = app.state.db.write().await.expect("a transaction");
    let person = &ada.id;
    server::api::project::insert(&mut write, &app.organisation, "acknowledged", true, 0).await.expect("inserted");
    drop(write);
    assert!(!names(&ada).await.contains(&"acknowledged".to_owned()), "the loss shows, for {person}");
}
