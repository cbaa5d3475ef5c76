//! Saved views of the board follow the person who saved them, and show themselves to nobody else.

use app::api::auth::{Role, Token};
use app::api::view::{Column, Look, View, Which};
use axum::http::StatusCode;
use serde_json::json;
use server::testing::{TestApp, Tester};

const VIEWS: &str = "/api/board/views";

async fn views(who: &Tester) -> Vec<View> {
    who.get(VIEWS).await.read().expect("views")
}

fn stale() -> Look {
    Look {
        which: Which::Stale,
        project: "p1".into(),
        person: "ada".into(),
        search: "Größe 12 \"A\"".into(),
        column: Column::Cost,
        reversed: true,
        grouped: true,
    }
}

#[tokio::test]
async fn a_view_follows_its_person_and_nobody_else() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let vera = app.person("Vera", Role::Viewer).await.expect("Vera");
    let sue = app.stranger("Sue").await.expect("Sue");
    assert_eq!(views(&vera).await, []);
    let made: View = vera.post(VIEWS, json!({"name": "  Mine ", "look": stale()})).await.read().expect("a view");
    assert_eq!((made.name.as_str(), &made.look), ("Mine", &stale()));
    // In another browser, with all that was set.
    let elsewhere = Tester { cookie: Some(app.session(&vera.id).await.expect("a session")), ..vera.clone() };
    assert_eq!(views(&elsewhere).await, std::slice::from_ref(&made));
    for other in [&ada, &sue] {
        assert_eq!(views(other).await, [], "not even an administrator's");
        let answer = other.delete(&format!("{VIEWS}/{}", made.id)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(views(&vera).await.len(), 1);
    // The same name is the same view; another's of that name is theirs.
    let look = Look { search: "flange".into(), ..Look::default() };
    let again: View = vera.post(VIEWS, json!({"name": "Mine", "look": look})).await.read().expect("a view");
    assert_eq!((&again.id, &again.look), (&made.id, &look));
    ada.post(VIEWS, json!({"name": "Mine", "look": {"which": "met"}})).await.read::<View>().expect("a view");
    assert_eq!(views(&vera).await, [again]);
    assert_eq!(vera.delete(&format!("{VIEWS}/{}", made.id)).await.status, StatusCode::OK);
    assert_eq!((views(&vera).await.len(), views(&ada).await.len()), (0, 1));
}

#[tokio::test]
async fn what_is_no_view_is_refused_by_its_field() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    for (body, field) in [
        (json!({"name": " ", "look": {}}), Some("name")),
        (json!({"name": "x", "look": {"search": "x".repeat(201)}}), Some("search")),
        (json!({"name": "x", "look": {"project": "x".repeat(101)}}), Some("project")),
        (json!({"name": "x", "look": {"which": "everything"}}), None),
        (json!({"name": "x"}), None),
    ] {
        let answer = ada.post(VIEWS, &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", answer.text());
        assert_eq!(answer.problem().expect("a problem").field.as_deref(), field, "{body}");
    }
    for n in 0..50 {
        let answer = ada.post(VIEWS, json!({"name": format!("View {n}"), "look": {}})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
    let more = ada.post(VIEWS, json!({"name": "One more", "look": {}})).await;
    assert!(more.text().contains("delete one first"), "{}", more.text());
    let replaced = ada.post(VIEWS, json!({"name": "View 3", "look": {"grouped": true}})).await;
    assert_eq!(replaced.status, StatusCode::OK);
    assert_eq!(views(&ada).await.len(), 50);
}

#[tokio::test]
async fn a_program_that_only_reads_changes_no_views() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let kept: View = ada.post(VIEWS, json!({"name": "Kept", "look": {}})).await.read().expect("a view");
    for (scopes, allowed) in [(&[][..], false), (&["edit"][..], true)] {
        let made = ada.post("/api/auth/tokens", json!({"name": "CI", "scopes": scopes, "days": 7})).await;
        let made: Token = made.read().expect("a token");
        let program = Tester { bearer: made.secret, ..app.nobody() };
        assert!(views(&program).await.contains(&kept));
        let saved = program.post(VIEWS, json!({"name": "Its own", "look": {}})).await;
        assert_eq!(saved.status == StatusCode::OK, allowed, "{scopes:?}: {}", saved.text());
        let gone = program.delete(&format!("{VIEWS}/{}", kept.id)).await;
        assert_eq!(gone.status == StatusCode::OK, allowed, "{scopes:?}: {}", gone.text());
    }
}
