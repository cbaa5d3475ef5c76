//! Tokens act for their person, within their scopes and their time, and for nobody once they are taken back.

use app::api::auth::{Role, Token};
use axum::http::StatusCode;
use serde_json::json;
use server::testing::{TestApp, Tester};

struct World {
    app: TestApp,
    ada: Tester,
    design: String,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await.expect("a server");
        let ada = app.administrator("Ada").await.expect("Ada");
        let project = app.project("Frame").await.expect("a project");
        let design = app.design(&project, &ada, &super::empty()).await.expect("a design");
        Self { app, ada, design }
    }

    async fn token(&self, scopes: &[&str]) -> (Token, Tester) {
        let made = self.ada.post("/api/auth/tokens", json!({"name": "CI", "scopes": scopes, "days": 7})).await;
        let made: Token = made.read().expect("a token");
        let program = Tester { bearer: made.secret.clone(), ..self.app.nobody() };
        (made, program)
    }

    /// What a program gets that looks, comments, starts a run, shares, and looks at its person's devices.
    async fn tries(&self, program: &Tester) -> [u16; 5] {
        let d = format!("/api/designs/{}", self.design);
        let answers = [
            program.get(&d).await,
            program.post(&format!("{d}/comments"), json!({"text": "hi"})).await,
            program.post(&format!("{d}/runs"), json!({"study": "nosuch"})).await,
            program.post(&format!("{d}/shares"), json!({"label": "x", "days": 1})).await,
            program.get("/api/auth/sessions").await,
        ];
        answers.map(|a| a.status.as_u16())
    }
}

#[tokio::test]
async fn scopes_bound_what_a_program_may_do() {
    let w = World::new().await;
    let (_, reads) = w.token(&[]).await;
    assert_eq!(w.tries(&reads).await, [200, 403, 403, 403, 403]);
    let (_, edits) = w.token(&["edit"]).await;
    assert_eq!(w.tries(&edits).await, [200, 200, 403, 403, 403]);
    // The study is not there: the right was asked before, and given.
    let (_, runs) = w.token(&["run"]).await;
    assert_eq!(w.tries(&runs).await, [200, 403, 422, 403, 403]);
    let (_, all) = w.token(&["edit", "run", "share"]).await;
    assert_eq!(w.tries(&all).await, [200, 200, 422, 200, 403]);
    // A token makes no tokens, changes no password, decides about nobody and deletes nothing for good.
    for (path, body) in [
        ("/api/auth/tokens".to_owned(), json!({"name": "x", "scopes": [], "days": 1})),
        ("/api/auth/password".to_owned(), json!({"current": "x", "new": "y"})),
        ("/api/auth/logout-all".to_owned(), json!({})),
        ("/api/organisation/invitations".to_owned(), json!({"role": "owner", "days": 1})),
    ] {
        assert_eq!(all.post(&path, body).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(all.delete(&format!("/api/designs/{}", w.design)).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_token_is_never_more_than_its_person_and_ends_with_its_right() {
    let w = World::new().await;
    let cy = w.app.person("Cy", Role::Viewer).await.expect("Cy");
    let made = cy.post("/api/auth/tokens", json!({"name": "x", "scopes": ["edit"], "days": 1})).await;
    let program = Tester { bearer: made.read::<Token>().expect("a token").secret, ..w.app.nobody() };
    // The project is not Cy's.
    let path = format!("/api/designs/{}", w.design);
    assert_eq!(program.get(&path).await.status, StatusCode::NOT_FOUND);

    let (made, program) = w.token(&["edit"]).await;
    assert_eq!(program.get(&path).await.status, StatusCode::OK);
    let listed: Vec<Token> = w.ada.get("/api/auth/tokens").await.read().expect("a list");
    assert!(listed[0].secret.is_none() && listed[0].used.is_some(), "{listed:?}");
    assert_eq!(cy.delete(&format!("/api/auth/tokens/{}", made.id)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(w.ada.delete(&format!("/api/auth/tokens/{}", made.id)).await.status, StatusCode::OK);
    assert_eq!(program.get(&path).await.status, StatusCode::UNAUTHORIZED, "taken back");

    let (_, program) = w.token(&["edit"]).await;
    w.app.clock.advance(7 * server::clock::DAY + 1);
    assert_eq!(program.get(&path).await.status, StatusCode::UNAUTHORIZED, "expired");
    let guessed =
        Tester { bearer: Some("brunel_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into()), ..w.app.nobody() };
    assert_eq!(guessed.get(&path).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_secret_stands_in_no_file() {
    let w = World::new().await;
    let (made, program) = w.token(&["edit"]).await;
    program.get("/api/designs").await;
    let secret = made.secret.expect("the secret");
    assert!(secret.len() >= 43 + "brunel_".len(), "256 bits: {}", secret.len());
    for name in ["brunel.sqlite", "brunel.sqlite-wal"] {
        let bytes = std::fs::read(w.app.folder().join(name)).expect("the database");
        let body = secret.trim_start_matches("brunel_");
        assert!(!bytes.windows(body.len()).any(|window| window == body.as_bytes()), "{name} holds the secret");
    }
    for (body, field) in [
        (json!({"name": " ", "scopes": [], "days": 1}), "name"),
        (json!({"name": "x", "scopes": [], "days": 366}), "days"),
    ] {
        let refused = w.ada.post("/api/auth/tokens", body).await;
        assert_eq!(refused.problem().expect("a problem").field.as_deref(), Some(field));
    }
}
