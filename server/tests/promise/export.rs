//! Bodies leave as files: those asked for, of the version asked for, to who may see the design.

use axum::http::StatusCode;
use server::testing::TestApp;
use solver::design::{Command, Object, Value, template};
use solver::format;

#[tokio::test]
async fn bodies_leave_as_files_of_the_version_that_was_asked_for() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let project = app.project("Frame").await.expect("a project");
    let content = (template("bracket").expect("it").build)();
    let design = app.design(&project, &ada, &content).await.expect("a design");
    let path = |form: &str| format!("/api/designs/{design}/export/{form}");

    let stl = ada.get(&path("stl")).await;
    assert_eq!(stl.status, StatusCode::OK);
    let header = |name: &str| stl.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    assert!(
        header("content-disposition").starts_with("attachment; filename=\"")
            && header("content-disposition").ends_with(".stl\"")
    );
    assert!(header("content-security-policy").contains("sandbox"));
    let bracket = format::read("a.stl", &stl.body).expect("triangles");
    assert!(bracket.triangles.len() > 100);
    let step = ada.get(&path("step")).await;
    assert!(step.text().starts_with("ISO-10303-21;") && step.text().contains("CYLINDRICAL_SURFACE("));
    assert!(ada.get(&path("3mf")).await.body.starts_with(b"PK"));
    assert!(ada.get(&path("obj")).await.text().contains("\nf "));

    // A second body: alone, with the first, and not there before.
    let boss = Object::new("boss", "box", "Boss").with("operation", Value::Choice("new".into()));
    let submission = serde_json::json!({
        "client": "0123456789abcdef", "number": 1, "base": 0,
        "command": Command::Add { object: boss, before: None },
    });
    let entry = ada.post(&format!("/api/designs/{design}/commands"), submission).await;
    assert_eq!(entry.status, StatusCode::OK, "{}", entry.text());
    let triangles = async |query: &str| {
        let answer = ada.get(&format!("{}?{query}", path("stl"))).await;
        format::read("a.stl", &answer.body).expect("triangles").triangles.len()
    };
    let n = bracket.triangles.len();
    assert_eq!(triangles("bodies=boss").await, 12);
    assert_eq!(triangles("").await, n + 12);
    assert_eq!(triangles("sequence=0").await, n);

    // What cannot be is said.
    let refused = async |form: &str, query: &str, words: &str| {
        let answer = ada.get(&format!("{}?{query}", path(form))).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains(words), "{}", answer.text());
    };
    refused("dwg", "", "stl, obj, 3mf, step").await;
    refused("stl", "bodies=boss,nobody", "no body 'nobody'").await;
    let empty = app.design(&project, &ada, &super::empty()).await.expect("a design");
    let answer = ada.get(&format!("/api/designs/{empty}/export/step")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    // A picture of some bodies is another than of all.
    let picture = async |query: &str| ada.get(&format!("/api/designs/{design}/thumbnail?{query}")).await.body;
    let (all, one) = (picture("").await, picture("bodies=boss").await);
    assert!(all.starts_with(b"\x89PNG") && one.starts_with(b"\x89PNG") && all != one);
}
