//! P20: share links are secrets. (P16, that a revoked link's socket closes, is tested with the rooms.)

use app::api::share::{Share, SharedDesign};
use axum::http::StatusCode;
use serde_json::json;
use server::testing::{TestApp, Tester};
use std::sync::{Arc, Mutex};

struct Shared {
    app: TestApp,
    ada: Tester,
    design: String,
    share: Share,
    token: String,
}

async fn shared() -> Shared {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let project = app.project("Frame").await.expect("a project");
    let design = app.design(&project, &ada, &super::empty()).await.expect("a design");
    let made = ada.post(&format!("/api/designs/{design}/shares"), json!({"label": "Partner", "days": 7})).await;
    let share: Share = made.read().expect("a link");
    let token = share.link.as_deref().and_then(|link| link.rsplit('/').next()).expect("a token").to_owned();
    Shared { app, ada, design, share, token }
}

#[tokio::test]
async fn a_link_shows_one_design_until_it_is_revoked_or_expires() {
    let s = shared().await;
    let path = format!("/api/share/{}", s.token);
    let seen: SharedDesign = s.app.nobody().get(&path).await.read().expect("a view");
    assert_eq!((seen.name.as_str(), seen.by.as_str()), ("Bracket", "Ada"));
    let listed: Vec<Share> = s.ada.get(&format!("/api/designs/{}/shares", s.design)).await.read().expect("a list");
    assert_eq!((listed[0].views, &listed[0].link), (1, &None));
    // The token opens nothing else, neither as a link nor as a bearer of rights.
    for path in [format!("/api/designs/{}", s.design), "/api/designs".to_owned(), "/api/auth/me".to_owned()] {
        let as_bearer = Tester { bearer: Some(s.token.clone()), ..s.app.nobody() };
        assert_eq!(as_bearer.get(&path).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(s.ada.delete(&format!("/api/shares/{}", s.share.id)).await.status, StatusCode::OK);
    assert_eq!(s.app.nobody().get(&path).await.status, StatusCode::NOT_FOUND, "revoked");

    let s = shared().await;
    let path = format!("/api/share/{}", s.token);
    s.app.clock.advance(7 * server::clock::DAY + 1);
    assert_eq!(s.app.nobody().get(&path).await.status, StatusCode::NOT_FOUND, "expired");
}

#[tokio::test]
async fn the_secret_is_long_and_stands_in_no_file() {
    let s = shared().await;
    assert!(s.token.len() >= 43, "256 bits: {}", s.token.len());
    s.app.nobody().get(&format!("/api/share/{}", s.token)).await;
    for name in ["brunel.sqlite", "brunel.sqlite-wal"] {
        let bytes = std::fs::read(s.app.folder().join(name)).expect("the database");
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds(&s.token), "{name} holds the token");
        // Canary: the search does find what is there.
        assert!(name.ends_with("sqlite") || holds("Partner"), "the search finds a label");
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_reaches_the_log_or_a_referrer() {
    let lines = Lines::default();
    let writer = lines.clone();
    // For the whole process: what the other tests log meanwhile does no harm here.
    let filter = tracing_subscriber::EnvFilter::new("info,server=trace,tower_sessions=trace,tower_sessions_core=trace");
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(move || writer.clone()).with_ansi(false).finish();
    tracing::subscriber::set_global_default(subscriber).expect("the only log of this process");
    let s = shared().await;
    let answer = s.app.nobody().get(&format!("/api/share/{}", s.token)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let page = s.app.nobody().get(&format!("/share/{}", s.token)).await;
    assert_eq!(page.headers.get("referrer-policy").and_then(|v| v.to_str().ok()), Some("no-referrer"));
    let login = json!({"email": s.ada.email, "password": server::testing::PASSWORD});
    s.app.nobody().post("/api/auth/login", &login).await;
    let log = String::from_utf8_lossy(&lines.0.lock().expect("not poisoned")).into_owned();
    assert!(log.contains("/api/share/{token}"), "requests are logged by their route:\n{log}");
    let session = s.ada.cookie.as_deref().and_then(|cookie| cookie.split('=').nth(1)).expect("a session");
    for secret in [s.token.as_str(), session, server::testing::PASSWORD] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "the log holds a secret");
    }
}
