//! What people say about a design: who may, who is told, and that a thread survives its words being taken back.

use app::api::auth::Role;
use app::api::comment::{Anchor, Comment, Notification, NotificationKind, Person, Talk};
use axum::http::StatusCode;
use serde_json::json;
use server::testing::{TestApp, Tester};

struct World {
    app: TestApp,
    ada: Tester,
    bo: Tester,
    cy: Tester,
    design: String,
}

impl World {
    /// Ada owns, Bo reviews, Cy views.
    async fn new() -> Self {
        let app = TestApp::new().await.expect("a server");
        let ada = app.administrator("Ada").await.expect("Ada");
        let bo = app.person("Bo", Role::Reviewer).await.expect("Bo");
        let cy = app.person("Cy", Role::Viewer).await.expect("Cy");
        let project = app.project("Frame").await.expect("a project");
        app.join(&project, &bo, Role::Reviewer).await.expect("Bo joins");
        app.join(&project, &cy, Role::Viewer).await.expect("Cy joins");
        let design = app.design(&project, &ada, &super::empty()).await.expect("a design");
        Self { app, ada, bo, cy, design }
    }

    fn path(&self) -> String {
        format!("/api/designs/{}/comments", self.design)
    }

    async fn say(&self, who: &Tester, body: serde_json::Value) -> Comment {
        let answer = who.post(&self.path(), body).await;
        answer.read().unwrap_or_else(|e| panic!("{e}: {}", answer.text()))
    }

    async fn talk(&self, who: &Tester) -> Talk {
        who.get(&self.path()).await.read().expect("the comments")
    }
}

async fn notifications(who: &Tester) -> Vec<Notification> {
    who.get("/api/notifications").await.read().expect("notifications")
}

#[tokio::test]
async fn a_thread_keeps_its_place_its_words_and_who_said_them() {
    let w = World::new().await;
    let anchor = json!({"face": "box.top", "place": [0.25, 0.5, 0.5], "camera": [[0, 0, 1], [0, 0, 0], [0, 1, 0]]});
    let first = w.say(&w.bo, json!({"text": "  Is this edge broken?\nIt will cut. ", "anchor": anchor})).await;
    assert_eq!((first.text.as_str(), first.author_name.as_str()), ("Is this edge broken?\nIt will cut.", "Bo"));
    let wanted = Anchor {
        face: Some("box.top".into()),
        place: Some([0.25, 0.5, 0.5]),
        camera: Some([[0.0, 0.0, 1.0], [0.0; 3], [0.0, 1.0, 0.0]]),
        object: None,
    };
    assert_eq!((first.anchor.as_ref(), first.sequence), (Some(&wanted), Some(0)));
    let answer = w.say(&w.ada, json!({"text": "It gets a chamfer.", "thread": first.id})).await;
    // An answer to an answer stays in the thread, and is pinned to nothing of its own.
    let third = w.say(&w.bo, json!({"text": "Thanks", "thread": answer.id, "anchor": {"face": "x"}})).await;
    assert_eq!((third.thread.as_deref(), &third.anchor), (Some(first.id.as_str()), &None));
    let talk = w.talk(&w.cy).await;
    assert_eq!(talk.comments.iter().map(|c| &c.id).collect::<Vec<_>>(), [&first.id, &answer.id, &third.id]);
    assert!(!talk.may_comment && w.talk(&w.bo).await.may_comment);

    // Settled and reopened by anyone who may comment; at the first comment only.
    let patch = |id: &str, body: serde_json::Value| (format!("/api/comments/{id}"), body);
    let (path, body) = patch(&first.id, json!({"resolved": true}));
    let settled: Comment = w.ada.patch(&path, body).await.read().expect("settled");
    assert_eq!(settled.resolved.map(|r| r.by_name).as_deref(), Some("Ada"));
    let (path, body) = patch(&answer.id, json!({"resolved": true}));
    assert_eq!(w.ada.patch(&path, body).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let (path, body) = patch(&first.id, json!({"resolved": false}));
    assert_eq!(w.bo.patch(&path, body).await.read::<Comment>().expect("reopened").resolved, None);

    // Words are their author's: changed and taken back by nobody else.
    let (path, body) = patch(&first.id, json!({"text": "Never mind"}));
    assert_eq!(w.ada.patch(&path, body.clone()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(w.ada.delete(&path).await.status, StatusCode::FORBIDDEN);
    let changed: Comment = w.bo.patch(&path, body).await.read().expect("changed");
    assert!(changed.changed.is_some() && changed.text == "Never mind");
    assert_eq!(w.bo.delete(&path).await.status, StatusCode::OK);
    let talk = w.talk(&w.cy).await;
    assert!(talk.comments[0].removed && talk.comments[0].text.is_empty() && talk.comments.len() == 3, "{talk:?}");
    assert_eq!(w.bo.delete(&format!("/api/comments/{}", third.id)).await.status, StatusCode::OK);
    assert_eq!(w.ada.delete(&format!("/api/comments/{}", answer.id)).await.status, StatusCode::OK);
    assert_eq!(w.talk(&w.cy).await.comments, [], "a thread without words is gone");
}

#[tokio::test]
async fn who_is_mentioned_or_answered_is_told_once() {
    let w = World::new().await;
    let people: Vec<Person> = w.bo.get(&format!("/api/designs/{}/people", w.design)).await.read().expect("people");
    assert_eq!(people.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Ada", "Bo", "Cy"]);
    let first = w.say(&w.bo, json!({"text": "@Cy look", "mentions": [w.cy.id, w.bo.id]})).await;
    assert_eq!(notifications(&w.bo).await, [], "one does not tell oneself");
    let told = notifications(&w.cy).await;
    assert_eq!((told.len(), told[0].kind, told[0].by_name.as_str()), (1, NotificationKind::Mention, "Bo"));
    assert_eq!((told[0].seen, &told[0].thread, told[0].text.as_str()), (false, &first.id, "@Cy look"));
    w.say(&w.ada, json!({"text": "@Bo yes", "thread": first.id, "mentions": [w.bo.id]})).await;
    let told = notifications(&w.bo).await;
    assert_eq!(
        told.iter().map(|n| n.kind).collect::<Vec<_>>(),
        [NotificationKind::Mention],
        "once, though also answered"
    );
    w.say(&w.bo, json!({"text": "Good", "thread": first.id})).await;
    assert_eq!(notifications(&w.ada).await[0].kind, NotificationKind::Answer);
    w.bo.post("/api/notifications/seen", json!({"until": w.app.state.now()})).await;
    assert!(notifications(&w.bo).await.iter().all(|n| n.seen) && !notifications(&w.ada).await[0].seen);

    // Nobody learns by a mention who else is here.
    let stranger = w.app.stranger("Sue").await.expect("Sue");
    for id in [stranger.id.as_str(), "nosuch"] {
        let answer = w.bo.post(&w.path(), json!({"text": "hi", "mentions": [id]})).await;
        assert_eq!(answer.problem().expect("a problem").field.as_deref(), Some("mentions"));
    }
    // Who may not see the design any more is not told what is said there.
    let row = sqlx::query("DELETE FROM project_member WHERE person = $1").bind(&w.cy.id);
    let mut write = w.app.state.db.write().await.expect("a writer");
    row.execute(&mut *write).await.expect("removed");
    write.commit().await.expect("committed");
    assert_eq!(notifications(&w.cy).await, []);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_name() {
    let w = World::new().await;
    let other = {
        let project = w.app.project("Other").await.expect("a project");
        w.app.design(&project, &w.ada, &super::empty()).await.expect("a design")
    };
    let elsewhere: Comment =
        w.ada.post(&format!("/api/designs/{other}/comments"), json!({"text": "there"})).await.read().expect("said");
    let long = "x".repeat(8_001);
    for (body, field) in [
        (json!({"text": " \n "}), "text"),
        (json!({"text": long}), "text"),
        (json!({"text": "a\u{7}b"}), "text"),
        (json!({"text": "a", "thread": "nosuch"}), "thread"),
        (json!({"text": "a", "thread": elsewhere.id}), "thread"),
        (json!({"text": "a", "anchor": {"face": ""}}), "anchor"),
    ] {
        let answer = w.bo.post(&w.path(), body.clone()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(answer.problem().expect("a problem").field.as_deref(), Some(field), "{body}");
    }
    // A reviewer comments and does not edit; a viewer does neither; who is outside finds nothing.
    assert_eq!(w.cy.post(&w.path(), json!({"text": "a"})).await.status, StatusCode::FORBIDDEN);
    let edit = format!("/api/designs/{}/commands", w.design);
    assert_eq!(w.bo.post(&edit, json!({})).await.status, StatusCode::FORBIDDEN);
    let path = format!("/api/comments/{}", elsewhere.id);
    assert_eq!(w.bo.patch(&path, json!({"resolved": true})).await.status, StatusCode::NOT_FOUND);
    assert_eq!(w.bo.delete(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(w.app.nobody().delete(&path).await.status, StatusCode::UNAUTHORIZED);
}
