//! Figures of a report: pictures of what the run answered, kept by who may run, named with who, when and which version.

use super::requirement::{World, weighs};
use app::api::figure::{FIGURES_MAX, Figure};
use app::api::run::Run;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use server::testing::{Answer, Tester};
use solver::design::Value;
use solver::result::Reading;
use solver::study::outcome::Grade;

/// A picture of one grey.
pub fn png(grey: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, 24, 16);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&[grey; 24 * 16]).expect("pixels");
    writer.finish().expect("written");
    out
}

async fn send(who: &Tester, run: &Run, query: &str, body: Vec<u8>) -> Answer {
    who.send(Method::POST, &format!("/api/runs/{}/figures?{query}", run.id), body).await
}

async fn report(who: &Tester, run: &Run) -> String {
    let answer = who.get(&format!("/api/runs/{}/export/report", run.id)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.text()
}

#[tokio::test]
async fn a_report_carries_what_was_supplied_with_who_when_and_which_version() {
    let w = World::new().await;
    let run = w.run(&weighs(0.6, 0.01, Grade::Verified)).await;
    // Without a page, the report is what it was.
    assert!(!report(&w.ada, &run).await.contains("Supplied by"));

    let setup: Figure = send(&w.ada, &run, "sequence=0", png(10)).await.read().expect("the set-up");
    assert!(
        !setup.of_result && setup.sequence == 0 && setup.by_name == "Ada" && (setup.width, setup.height) == (24, 16)
    );
    let reading = serde_json::to_string(&Reading::stored("von_mises", None)).expect("plain");
    let reading = app::api::client::encode(&reading);
    let query = format!("sequence=0&reading={reading}&scale=12&low=0&high=2.5e8&bands=9&inverted=false");
    let result: Figure = send(&w.ada, &run, &query, png(20)).await.read().expect("the result");
    assert!(result.of_result);
    let again: Figure = send(&w.ada, &run, "sequence=0", png(10)).await.read().expect("again");
    assert_eq!(again.id, setup.id, "the same picture is the same figure");

    let path = format!("/api/runs/{}/figures", run.id);
    let list: Vec<Figure> = w.ada.get(&path).await.read().expect("a list");
    assert_eq!(list.len(), 2);
    let picture = w.ada.get(&format!("{path}/{}", result.id)).await;
    assert_eq!(picture.headers.get("content-type").and_then(|v| v.to_str().ok()), Some("image/png"));

    let html = report(&w.ada, &run).await;
    let embedded = format!("data:image/png;base64,{}", BASE64.encode(&picture.body));
    assert!(html.contains(&embedded), "the picture is in the page itself");
    assert!(html.contains("Set-up: bodies with supports and loads. Supplied by Ada on"), "{html}");
    assert!(html.contains("deformed 12 times") && html.contains(" as a view of version 0."), "{html}");
    assert!(!html.contains("<script") && !html.contains("http"), "nothing runs and nothing is fetched");
    // What the run took for granted, and in which units it is printed.
    assert!(html.contains("<h2>Assumptions</h2>") && html.contains("Wall: the faces do not move at all"));
    assert!(html.contains("<h2>Units</h2>") && html.contains("<td>Mass</td><td>kg</td>"), "{html}");

    let left = w.ada.send(Method::DELETE, &format!("{path}/{}", setup.id), Vec::new()).await;
    let left: Vec<Figure> = left.read().expect("what is left");
    assert_eq!(left.iter().map(|f| &f.id).collect::<Vec<_>>(), [&result.id]);
    let gone = w.ada.send(Method::DELETE, &format!("{path}/{}", setup.id), Vec::new()).await;
    assert_eq!(gone.status, StatusCode::OK, "taking it out twice is no fault");
    assert_eq!(w.ada.get(&format!("{path}/{}", setup.id)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_picture_of_what_the_run_did_not_answer_is_refused() {
    let w = World::new().await;
    let run = w.run(&weighs(0.6, 0.01, Grade::Verified)).await;
    let refused = async |query: &str, body: Vec<u8>, status: StatusCode, words: &str| {
        let answer = send(&w.ada, &run, query, body).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(words), "{}", answer.text());
    };
    let invalid = StatusCode::UNPROCESSABLE_ENTITY;
    refused("", png(1), invalid, "sequence").await;
    refused("sequence=7", png(1), invalid, "no such version").await;
    refused("sequence=0&reading=stress", png(1), invalid, "reading").await;
    refused("sequence=0", b"<svg onload='alert(1)'/>".to_vec(), invalid, "no picture").await;

    // A wider plate is another question; another colour of the same is not.
    let answer = w.edit("box", "dx", Value::Expr("90 mm".into())).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    refused("sequence=1", png(1), StatusCode::CONFLICT, "asks something else").await;
    assert_eq!(send(&w.ada, &run, "sequence=0", png(1)).await.status, StatusCode::OK);
    let answer = w.edit("box", "dx", Value::Expr("80 mm".into())).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(send(&w.ada, &run, "sequence=2", png(2)).await.status, StatusCode::OK);
    assert!(report(&w.ada, &run).await.contains("version 2, which asks the same as version 0."));

    for grey in 3..=FIGURES_MAX as u8 {
        assert_eq!(send(&w.ada, &run, "sequence=0", png(grey)).await.status, StatusCode::OK, "{grey}");
    }
    refused("sequence=0", png(200), StatusCode::CONFLICT, "at most").await;
}

#[tokio::test]
async fn one_picture_under_two_readings_or_versions_is_two_figures_and_one_that_cannot_be_read_is_left_out() {
    let w = World::new().await;
    let run = w.run(&weighs(0.6, 0.01, Grade::Verified)).await;
    let look = |case: &str| {
        let reading = serde_json::to_string(&Reading::stored("von_mises", Some(case))).expect("plain");
        format!("reading={}", app::api::client::encode(&reading))
    };
    let keep = async |query: String| -> String {
        let figure: Figure = send(&w.ada, &run, &query, png(10)).await.read().expect("a figure");
        figure.id
    };
    let one = keep(format!("sequence=0&{}", look("a"))).await;
    let other = keep(format!("sequence=0&{}", look("b"))).await;
    assert_ne!(one, other, "each has its own caption");
    assert_ne!(keep("sequence=0".into()).await, one, "nor is it the set-up");
    assert_eq!(keep(format!("sequence=0&{}", look("b"))).await, other);
    for dx in ["90 mm", "80 mm"] {
        let answer = w.edit("box", "dx", Value::Expr(dx.into())).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
    assert_ne!(keep(format!("sequence=2&{}", look("b"))).await, other);
    assert_eq!(report(&w.ada, &run).await.matches("Supplied by Ada").count(), 4);

    // As other versions of the server may leave them behind: neither holds up a report, nor a release.
    let leave = async |sql: &'static str, figure: &str| {
        let mut write = w.app.state.db.write().await.expect("a transaction");
        sqlx::query(sql).bind(figure).execute(&mut *write).await.expect("changed");
        write.commit().await.expect("committed");
    };
    let many =
        "UPDATE run_figure SET look = json_set(look, '$.bands', 4294967295, '$.range', json('[0,1]')) WHERE id = $1";
    leave(many, &one).await;
    leave("UPDATE run_figure SET look = '{\"reading\":7}' WHERE id = $1", &other).await;
    let html = report(&w.ada, &run).await;
    assert_eq!(html.matches("Supplied by Ada").count(), 3);
    assert_eq!(html.matches("rgb(").count(), 256, "one legend, with a band for every colour");
}
