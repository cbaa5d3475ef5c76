//! The command line, as a script uses it: the real program against a server, with a token.

use app::api::auth::Token;
use serde_json::{Value, json};
use server::testing::TestApp;
use std::net::SocketAddr;
use std::process::{Output, Stdio};

struct World {
    app: TestApp,
    address: SocketAddr,
    token: String,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await.expect("a server");
        let ada = app.administrator("Ada").await.expect("Ada");
        app.project("Frame").await.expect("a project");
        let made = ada.post("/api/auth/tokens", json!({"name": "CI", "scopes": ["edit", "run"], "days": 1})).await;
        let token = made.read::<Token>().expect("a token").secret.expect("its secret");
        let address = app.serve().await.expect("a port");
        Self { app, address, token }
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
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_makes_fills_changes_and_checks_a_design() {
    let w = World::new().await;
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
    let document = w.app.state.db.reader();
    let row: (String,) = sqlx::query_as("SELECT command FROM entry WHERE design = $1 ORDER BY sequence DESC LIMIT 1")
        .bind(id.trim())
        .fetch_one(document)
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
    let mut w = World::new().await;
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
