//! Workers on other hosts: the real program against the real program, over TLS with the certificate it made for itself.

use app::api::auth::Role;
use app::api::run::{Run, RunState};
use server::testing::TestApp;
use solver::design::Design;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A process that ends with its owner.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn server(arguments: &[&str], data: &Path) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.args(arguments).current_dir(data).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    Process(command.spawn().expect("the program starts"))
}

async fn run(http: &reqwest::Client, url: &str, cookie: &str) -> Run {
    let answer = http.get(url).header("cookie", cookie).send().await.expect("an answer");
    answer.json().await.expect("a run")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_solves_over_tls_with_the_servers_own_certificate() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let bracket: Design = (solver::design::template("bracket").expect("a template").build)();
    let study = bracket.objects.iter().find(|o| o.kind == "static").expect("a study").id.0.clone();
    let (cookie, design) = {
        let app = TestApp::with(|config| config.data = data.clone()).await.expect("the data folder");
        let project = app.project("Remote").await.expect("a project");
        let ada = app.person("Ada", Role::Engineer).await.expect("a person");
        app.join(&project, &ada, Role::Engineer).await.expect("a member");
        let design = app.design(&project, &ada, &bracket).await.expect("a design");
        app.state.db.close().await;
        (ada.cookie.expect("a session"), design)
    };
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
    let (bind, url) = (format!("127.0.0.1:{port}"), format!("https://localhost:{port}"));
    let data_text = data.to_str().expect("text");
    let _server =
        server(&["serve", "--bind", &bind, "--public-url", &url, "--data", data_text, "--workers", "0"], folder.path());
    let pem = data.join("tls/certificate.pem");
    let until = Instant::now() + Duration::from_secs(60);
    // It listens first and makes its certificate then; with the key read, it answers.
    let certificate = loop {
        assert!(Instant::now() < until, "the server makes no certificate");
        let made = std::fs::read(&pem).ok().and_then(|pem| reqwest::Certificate::from_pem(&pem).ok());
        match made.filter(|_| data.join("tls/host").exists()) {
            Some(certificate) => break certificate,
            None => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([certificate]).build().expect("a client");
    let asked = http
        .post(format!("{url}/api/designs/{design}/runs"))
        .header("cookie", &cookie)
        .header("origin", &url)
        .json(&serde_json::json!({"study": study}))
        .send()
        .await
        .expect("an answer");
    assert!(asked.status().is_success(), "{}", asked.text().await.unwrap_or_default());
    let asked: Run = asked.json().await.expect("a run");
    let address = format!("{url}/api/runs/{}", asked.id);

    // Without the certificate the worker trusts nobody, says so, and takes nothing.
    let token = data.join("worker.token");
    let token = token.to_str().expect("text");
    let connect = ["worker", "--connect", url.as_str(), "--token-file", token, "--threads", "1"];
    let mut distrustful = server(&connect, folder.path());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(run(&http, &address, &cookie).await.state, RunState::Queued);
    let _ = distrustful.0.kill();
    let mut said = String::new();
    distrustful.0.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert!(said.to_lowercase().contains("certificate"), "{said}");

    let pem = pem.to_str().expect("text");
    let _worker = server(&[&connect[..], &["--ca-file", pem]].concat(), folder.path());
    let until = Instant::now() + Duration::from_secs(180);
    loop {
        let run = run(&http, &address, &cookie).await;
        if run.state == RunState::Done {
            assert!(run.artefact.is_some() && run.worker.is_some(), "{run:?}");
            break;
        }
        assert!(!run.state.ended(), "{run:?}");
        assert!(Instant::now() < until, "not solved: {run:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
