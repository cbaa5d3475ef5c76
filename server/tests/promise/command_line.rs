//! The command line, as a script uses it: the real program against a server, with a token.

use super::requirement::{self, weighs};
use app::api::auth::Token;
use app::api::design::{DesignCard, Document};
use app::api::run::{Preflight, Run};
use app::sync::Entry;
use axum::http::StatusCode;
use serde_json::{Value, json};
use server::testing::{TestApp, Tester};
use solver::format;
use solver::study::outcome::Grade;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// The program, with a token for a server.
struct Shell {
    address: SocketAddr,
    token: String,
}

impl Shell {
    /// For `person`, who makes the token.
    async fn new(app: &TestApp, person: &Tester) -> Self {
        let made = person.post("/api/auth/tokens", json!({"name": "CI", "scopes": ["edit", "run"], "days": 1})).await;
        let token = made.read::<Token>().expect("a token").secret.expect("its secret");
        Self { address: app.serve().await.expect("a port"), token }
    }

    async fn says(&self, arguments: &[&str]) -> Output {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_server"));
        command.arg("remote").args(arguments).env("BRUNEL_URL", format!("http://{}", self.address));
        command.env("BRUNEL_TOKEN", &self.token).stdin(Stdio::null()).output().await.expect("the program runs")
    }

    /// What it prints when it succeeds.
    async fn ok(&self, arguments: &[&str]) -> String {
        let output = self.says(arguments).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// What it complains of when it fails.
    async fn fault(&self, arguments: &[&str]) -> String {
        let output = self.says(arguments).await;
        assert!(!output.status.success(), "{arguments:?} succeeds");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// What it answers, and its exit status, where that is part of the answer.
    async fn ends(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let output = self.says(arguments).await;
        (String::from_utf8(output.stdout).expect("text"), output.status.code())
    }

    async fn json(&self, arguments: &[&str]) -> Value {
        let text = self.ok(&[arguments, &["--json"]].concat()).await;
        serde_json::from_str(&text).expect("JSON")
    }

    /// Has a file made, and gives its bytes.
    async fn file(&self, arguments: &[&str], path: &Path) -> Vec<u8> {
        let said = self.ok(&[arguments, &["-o", path.to_str().expect("text")]].concat()).await;
        let bytes = std::fs::read(path).expect("the file");
        assert_eq!(said, format!("{}: {} bytes\n", path.display(), bytes.len()));
        bytes
    }
}

/// A server with one project, and the program for its owner.
async fn works() -> (TestApp, Shell) {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    app.project("Frame").await.expect("a project");
    let shell = Shell::new(&app, &ada).await;
    (app, shell)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_makes_fills_changes_and_checks_a_design() {
    let (app, w) = works().await;
    assert!(w.ok(&["projects"]).await.contains("Frame"));
    let id = w.ok(&["create", "Wall bracket", "--project", "frame", "--template", "bracket"]).await;
    assert!(w.ok(&["designs", "wall"]).await.contains(id.trim()));
    let listed: Value = serde_json::from_str(&w.ok(&["designs", "--json"]).await).expect("JSON");
    assert_eq!(listed[0]["name"], "Wall bracket");
    let studies = w.ok(&["studies", "wall bracket"]).await;
    assert!(studies.contains("static"), "{studies}");
    let before = w.ok(&["set", "wall bracket", "width", "42 mm"]).await;
    let after = w.ok(&["set", "wall bracket", "width", "43 mm"]).await;
    assert_ne!(before, after);

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("wedge.stl");
    std::fs::write(&file, tetrahedron()).expect("a file");
    let part = w.ok(&["upload", "wall bracket", file.to_str().expect("text"), "--unit", "cm"]).await;
    let row: (String,) = sqlx::query_as("SELECT command FROM entry WHERE design = $1 ORDER BY sequence DESC LIMIT 1")
        .bind(id.trim())
        .fetch_one(app.state.db.reader())
        .await
        .expect("the last edit");
    assert!(row.0.contains(part.trim()) && row.0.contains("\"cm\""), "{}", row.0);

    // Nobody solves here: the run waits, and has no answer to print.
    let run = w.ok(&["run", "wall bracket", studies.split_whitespace().next().expect("an id")]).await;
    assert!(w.fault(&["result", run.trim()]).await.contains("no answer"));
    // A design without requirements has none open.
    assert_eq!(w.ok(&["check", "wall bracket"]).await, "0 of 0 met\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_wrong_is_said_in_words() {
    let (_app, mut w) = works().await;
    assert!(w.fault(&["studies", "nosuch"]).await.contains("there is no design 'nosuch'"));
    assert!(w.fault(&["create", "x", "--project", "nosuch"]).await.contains("known: 'Frame'"));
    assert!(w.fault(&["create", "x", "--project", "Frame", "--template", "nosuch"]).await.contains("template"));
    assert!(w.fault(&["result", "nosuch"]).await.to_lowercase().contains("run"));
    let id = w.ok(&["create", "x", "--project", "Frame"]).await;
    assert!(w.fault(&["upload", id.trim(), "part.iges"]).await.contains("neither STL, OBJ, 3MF nor STEP"));
    w.token = "brunel_wrong".into();
    assert!(w.fault(&["designs"]).await.contains("does not take this token"));
    w.address.set_port(1);
    assert!(w.fault(&["designs"]).await.contains("does not answer"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_runs_waits_reads_saves_and_judges() {
    let world = requirement::World::new().await;
    let w = Shell::new(&world.app, &world.ada).await;
    let folder = tempfile::tempdir().expect("a folder");

    // Nothing was run: the one requirement is open, and a pipeline stops here.
    let (said, code) = w.ends(&["check", "Bracket"]).await;
    assert!(said.starts_with("no evidence: Light enough: ") && said.ends_with("0 of 1 met\n"), "{said}");
    assert_eq!(code, Some(1));

    // `run --wait` waits for the worker, and prints what came.
    let instant = weighs(0.6, 0.01, Grade::Instant);
    let (said, first) = tokio::join!(w.ok(&["run", "bracket", "strength", "--wait"]), world.publish(&instant, None));
    assert_eq!(said, format!("Strength v0 run {first}\nMass: 0.6 kg ± 0.01 kg, indicative\n"));
    let (said, code) = w.ends(&["check", "Bracket"]).await;
    assert!(said.starts_with("indicated: ") && said.ends_with("0 of 1 met\n"), "{said}");
    assert_eq!(code, Some(1), "an instant run proves nothing");
    // The same question again is answered at once, from the store.
    let again = w.ok(&["run", "bracket", "strength", "--wait"]).await;
    assert!(again.ends_with("\nMass: 0.6 kg ± 0.01 kg, indicative\n"), "{again}");

    // Another version, and `wait` for a run that was started before.
    world.set("box", "dx", "81 mm").await;
    let second = w.ok(&["run", "bracket", "strength"]).await;
    let second = second.trim();
    let verified = weighs(0.62, 0.01, Grade::Verified);
    let wait = ["wait", second];
    let (said, answered) = tokio::join!(w.ok(&wait), world.publish(&verified, Some(DECK)));
    assert_eq!(answered, second);
    let numbers = format!("Strength v1 run {second}\nMass: 0.62 kg ± 0.01 kg, verified\n");
    assert_eq!(said, numbers);
    assert_eq!(w.ok(&["wait", second]).await, numbers, "what has ended is not waited for");

    assert_eq!(w.ok(&["result", second]).await, numbers);
    let stale = w.ok(&["result", &first]).await;
    assert!(stale.starts_with(&format!("Strength v0 run {first}, stale: ")), "{stale}");
    let read = w.json(&["result", second]).await;
    assert_eq!(read, serde_json::to_value(&verified.scalars).expect("JSON"));

    let (said, code) = w.ends(&["check", "Bracket"]).await;
    assert!(said.starts_with("met: Light enough: ") && said.ends_with("1 of 1 met\n"), "{said}");
    assert_eq!(code, Some(0));
    let judged = w.json(&["check", "Bracket"]).await;
    assert_eq!((&judged["judgements"][0]["verdict"], &judged["judgements"][0]["run"]), (&json!("met"), &json!(second)));

    let values = w.file(&["export", second, "values"], &folder.path().join("values.csv")).await;
    let same = world.ada.get(&format!("/api/runs/{second}/export/values")).await;
    assert_eq!(values, same.body.to_vec());
    assert!(
        String::from_utf8(values)
            .expect("text")
            .lines()
            .any(|line| line.starts_with("Mass,") && line.contains(",6.2000000e-1,"))
    );
    let deck = w.file(&["export", second, "deck"], &folder.path().join("plate.inp")).await;
    assert_eq!(deck, DECK.as_bytes());
    let stl = w.file(&["download", "bracket", "stl"], &folder.path().join("plate.stl")).await;
    assert_eq!(format::read("plate.stl", &stl).expect("triangles").triangles.len(), 12, "a plain box");
    // A file that cannot be had is not made, nor is one in its place lost.
    let kept = folder.path().join("plate.stl");
    let kept = kept.to_str().expect("text");
    assert!(w.fault(&["download", "bracket", "dwg", "-o", kept]).await.contains("form: Choose one of stl"));
    assert!(w.fault(&["download", "bracket", "stl", "--bodies", "lid", "-o", kept]).await.contains("no body 'lid'"));
    assert!(w.fault(&["export", &first, "deck", "-o", kept]).await.contains("artefact"));
    assert!(w.fault(&["export", second, "pdf", "-o", kept]).await.contains("there are vtu, glb, values"));
    assert_eq!(std::fs::read(kept).expect("the file"), stl);

    // What ends without an answer fails the script, in words and as data.
    world.set("box", "dx", "82 mm").await;
    let third = w.ok(&["run", "bracket", "strength"]).await;
    let third = third.trim();
    let cancelled = world.ada.post(&format!("/api/runs/{third}/cancel"), ()).await;
    assert_eq!(cancelled.status, StatusCode::OK, "{}", cancelled.text());
    let (said, code) = w.ends(&["wait", third]).await;
    assert!(said.starts_with(&format!("run {third} was cancelled")), "{said}");
    assert_eq!(code, Some(1));
    let (said, code) = w.ends(&["wait", third, "--json"]).await;
    let run: Run = serde_json::from_str(&said).expect("a run");
    assert_eq!((run.id.as_str(), code), (third, Some(1)));
    assert_eq!(w.ends(&["check", "Bracket"]).await.1, Some(1), "the proof is of another version");
}

/// A problem for another program.
const DECK: &str = "*HEADING\nA plate\n";

/// The bodies that the page for scripts shows, in their order.
fn bodies() -> Vec<String> {
    let page = include_str!("../../../docs/scripts.md");
    page.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_edit_over_rest_that_the_page_for_scripts_shows_is_taken() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let project = app.project("Frame").await.expect("a project");
    app.state.jobs.start(&app.state).await.expect("a queue");
    let made = ada.post("/api/auth/tokens", json!({"name": "CI", "scopes": ["edit", "run"], "days": 1})).await;
    let bearer = made.read::<Token>().expect("a token").secret;
    let program = Tester { bearer, ..app.nobody() };
    let bodies: Vec<Value> =
        bodies().iter().map(|b| serde_json::from_str(&b.replace("PROJECT", &project)).expect(b)).collect();
    let [create, edit, run] = bodies.try_into().expect("three bodies");

    let card = program.post("/api/designs", create).await.read::<DesignCard>().expect("a design");
    let path = |rest: &str| format!("/api/designs/{}/{rest}", card.id);
    let before = program.get(&path("document")).await.read::<Document>().expect("the design");
    assert_eq!(before.sequence, edit["base"], "a new design is where the page says");
    for _ in 0..2 {
        let entry = program.post(&path("commands"), &edit).await.read::<Entry>().expect("an entry");
        assert_eq!(entry.sequence, before.sequence + 1, "sent again, it is made once");
    }
    let after = program.get(&path("document")).await.read::<Document>().expect("the design");
    let width = after.design.objects.iter().find(|o| o.name == "width").expect("a parameter");
    assert_eq!(width.get("value"), Some(solver::design::Value::Expr("42 mm".into())));
    let preflight = program.post(&path("preflight"), &run).await.read::<Preflight>().expect("a checklist");
    assert!(preflight.core_seconds > 0.0, "{preflight:?}");
    let run = program.post(&path("runs"), &run).await.read::<Run>().expect("a run");
    let found = program.get(&format!("/api/runs/{}", run.id)).await.read::<Run>().expect("the run");
    assert_eq!((found.sequence, found.study_name.as_str()), (after.sequence, "Strength"));
    let numbers = program.get(&format!("/api/runs/{}/numbers", run.id)).await;
    assert_eq!(numbers.read::<Value>().expect("a list"), json!([]), "none before it is done");
}

/// A process that ends with its owner.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_worker_solved_is_saved_in_every_form() {
    let (app, w) = works().await;
    app.state.jobs.start(&app.state).await.expect("a queue");
    w.ok(&["create", "Wall bracket", "--project", "Frame", "--template", "bracket"]).await;
    let mut worker = Command::new(env!("CARGO_BIN_EXE_server"));
    worker.args(["worker", "--connect", &format!("http://{}", w.address), "--threads", "1"]);
    worker.env("BRUNEL_WORKER_TOKEN", app.state.config.worker_token().expect("a token"));
    worker.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _worker = Process(worker.spawn().expect("the program starts"));

    let studies = w.json(&["studies", "Wall bracket"]).await;
    let study = studies.as_array().expect("a list").iter().find(|s| s[1] == "static").expect("a static study");
    let said = w.ok(&["run", "Wall bracket", study[0].as_str().expect("an id"), "--wait"]).await;
    let title = said.lines().next().expect("a title");
    let run = title.rsplit(' ').next().expect("an id");
    assert!(said.lines().any(|line| line.starts_with("Mass: ")), "{said}");

    let folder = tempfile::tempdir().expect("a folder");
    let begins: [(&str, &[u8]); 5] = [
        ("vtu", b"<?xml"),
        ("glb", b"glTF"),
        ("values", b"quantity,"),
        ("points", b"body,x m"),
        ("report", b"<!doctype html>"),
    ];
    for (form, beginning) in begins {
        let bytes = w.file(&["export", run, form], &folder.path().join(form)).await;
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        assert!(bytes.starts_with(beginning), "{form}: {head}");
    }
}

/// An STL file of one tetrahedron.
fn tetrahedron() -> String {
    let p = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]];
    let mut text = "solid wedge\n".to_owned();
    for face in [[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]] {
        text += "facet normal 0 0 0\nouter loop\n";
        for k in face {
            let [x, y, z] = p[k];
            text += &format!("vertex {x} {y} {z}\n");
        }
        text += "endloop\nendfacet\n";
    }
    text + "endsolid wedge\n"
}
