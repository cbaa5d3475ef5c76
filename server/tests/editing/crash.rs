//! P1: an acknowledged edit survives a crash and a power failure. The real binary, killed; and killed on a disk that loses
//! everything that was not synced.

use crate::random::{Random, seed};
use app::api::auth::Role;
use app::sync::{PROTOCOL, Submission, ToClient, ToServer};
use futures::{SinkExt as _, StreamExt as _};
use server::testing::TestApp;
use server::{db, rooms::log};
use solver::design::{Command, Design, Object, Value, replay};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// Each client's pace.
const EVERY: Duration = Duration::from_millis(20);
const CLIENTS: usize = 4;

/// How the server fails, and what is wrong with it.
#[derive(Clone, Copy, Default)]
struct Fault {
    /// The fault put in on purpose: `BRUNEL_CANARY`.
    canary: Option<&'static str>,
    /// The power fails: with the process goes what it did not sync.
    power: bool,
}

/// What a disk keeps when the power fails; see `shim/disk.rs`.
struct Platter {
    folder: PathBuf,
    library: PathBuf,
}

impl Platter {
    /// Compiles the disk, and puts on it what is in `data`.
    fn new(folder: &Path) -> Self {
        let library = folder.join("libdisk.so");
        let source = "tests/editing/shim/disk.rs";
        let compiler = Path::new(env!("CARGO")).with_file_name("rustc");
        let compiler = if compiler.exists() { compiler } else { "rustc".into() };
        let mut command = std::process::Command::new(compiler);
        command.args(["--edition=2024", "--crate-type=cdylib", "-O", "-o"]).arg(&library).arg(source);
        let done = command.output().expect("the compiler that made this test");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let platter = folder.join("platter");
        std::fs::create_dir_all(&platter).expect("a folder");
        Self { folder: platter, library }
    }

    /// Files of the database in `folder`.
    fn files(folder: &Path) -> Vec<PathBuf> {
        let all = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        all.filter(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("brunel.sqlite"))).collect()
    }

    fn copy(from: &Path, to: &Path) {
        Self::files(to).iter().for_each(|old| std::fs::remove_file(old).expect("removed"));
        for file in Self::files(from) {
            std::fs::copy(&file, to.join(file.file_name().expect("a name"))).expect("copied");
        }
    }
}

/// A server process; killed when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    async fn start(data: &Path, fault: Fault, platter: Option<&Platter>) -> Self {
        let address = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
        let binary = env!("CARGO_BIN_EXE_server");
        let mut command = std::process::Command::new(binary);
        command.args(["serve", "--bind", &address.to_string(), "--data"]).arg(data);
        command.args(["--workers", "0"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(canary) = fault.canary {
            command.env("BRUNEL_CANARY", canary);
        }
        if let Some(platter) = platter {
            // What was closed in good order is on the disk.
            Platter::copy(data, &platter.folder);
            command.env("LD_PRELOAD", &platter.library).env("BRUNEL_DISK", data).env("BRUNEL_PLATTER", &platter.folder);
        }
        let child = command.spawn().expect("the server starts");
        let server = Self { child, address };
        for _ in 0..400 {
            if tokio::net::TcpStream::connect(server.address).await.is_ok() {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server does not answer");
    }

    /// SIGKILL: no goodbye, nothing flushed.
    fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A data folder with someone signed in and one design: their cookie, and its id.
async fn prepare(data: &Path) -> (String, String) {
    let app = TestApp::with(|config| config.data = data.to_owned()).await.expect("the data folder");
    let project = app.project("Crash").await.expect("a project");
    let person = app.person("Ada", Role::Engineer).await.expect("a person");
    app.join(&project, &person, Role::Engineer).await.expect("a member");
    let design = app.design(&project, &person, &Design::new()).await.expect("a design");
    app.state.db.close().await;
    (person.cookie.expect("a session"), design)
}

type Acknowledged = Arc<Mutex<BTreeSet<(String, u64)>>>;

/// Edits until the connection breaks.
async fn edit(server: SocketAddr, cookie: String, design: String, client: String, acknowledged: Acknowledged) {
    let mut request = format!("ws://{server}/api/designs/{design}/socket").into_client_request().expect("a request");
    request.headers_mut().insert("cookie", cookie.parse().expect("a header"));
    request.headers_mut().insert("origin", format!("http://{server}").parse().expect("a header"));
    let mut socket = match tokio_tungstenite::connect_async(request).await {
        Ok((socket, _)) => socket,
        Err(error) => return eprintln!("an editor could not connect: {error}"),
    };
    let hello = ToServer::Hello { protocol: PROTOCOL, client: client.clone(), have: 0, pending: Vec::new() };
    let text = |message: &ToServer| Message::text(serde_json::to_string(message).expect("plain values"));
    if socket.send(text(&hello)).await.is_err() {
        return;
    }
    let mut due = tokio::time::interval(EVERY);
    let mut number = 0;
    loop {
        tokio::select! {
            _ = due.tick() => {
                number += 1;
                let id = client.replace('-', "_");
                let command = match number {
                    1 => Command::Add { object: Object::new(id.as_str(), "box", "Box"), before: None },
                    n => Command::Set {
                        id: id.as_str().into(),
                        key: "dx".into(),
                        value: Some(Value::Expr(format!("{n} mm"))),
                    },
                };
                let submission =
                    Submission { client: client.clone(), number, base: 0, offline: false, command, undo_of: None };
                if socket.send(text(&ToServer::Submit { submission })).await.is_err() {
                    return;
                }
            }
            message = socket.next() => {
                let Some(Ok(Message::Text(message))) = message else { return };
                if let Ok(ToClient::Applied { entry }) = serde_json::from_str(&message)
                    && entry.client == client
                {
                    acknowledged.lock().expect("no panic").insert((entry.client, entry.number));
                }
            }
        }
    }
}

/// The log as the next start will read it.
async fn reload(data: &Path, design: &str) -> Result<BTreeSet<(String, u64)>, String> {
    let path: PathBuf = server::config::Config::local(data).database();
    let db = db::connect(&path, false).await.map_err(|e| e.to_string())?;
    let entries = log::entries(&db, design, 0, u64::MAX, u32::MAX).await.map_err(|e| e.to_string())?;
    let whole = log::document(&db, design, None).await.map_err(|e| e.to_string())?;
    db.close().await;
    let mut replayed = Design::new();
    for (i, entry) in entries.iter().enumerate() {
        if entry.sequence != i as u64 + 1 {
            return Err(format!("a gap in the log before entry {}", entry.sequence));
        }
        replay(&mut replayed, &entry.command).map_err(|e| format!("entry {}: {e}", entry.sequence))?;
    }
    if replayed != whole.design {
        return Err("the log and the snapshots differ".into());
    }
    Ok(entries.into_iter().map(|e| (e.client, e.number)).collect())
}

/// Kills the server `kills` times under load. The number of acknowledged edits, or what was lost.
async fn run(seed: u64, kills: usize, fault: Fault) -> Result<usize, String> {
    let mut random = Random::new(seed);
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Without symbolic links: the disk knows its files by their path.
    let data = folder.path().canonicalize().expect("a folder").join("data");
    let (cookie, design) = prepare(&data).await;
    let platter = fault.power.then(|| Platter::new(folder.path()));
    let mut server = Server::start(&data, fault, platter.as_ref()).await;
    let acknowledged = Acknowledged::default();
    for kill in 0..kills {
        let mut editors = Vec::new();
        for i in 0..CLIENTS {
            let client = format!("crash-{kill:04}-client-{i}");
            let (address, cookie, design) = (server.address, cookie.clone(), design.clone());
            editors.push(tokio::spawn(edit(address, cookie, design, client, acknowledged.clone())));
        }
        // Until all four are at work, then the random moment.
        tokio::time::sleep(Duration::from_millis(400 + 50 + random.next() % 100)).await;
        server.kill();
        for editor in editors {
            let _ = editor.await;
        }
        if let Some(platter) = &platter {
            Platter::copy(&platter.folder, &data);
        }
        let logged = reload(&data, &design).await?;
        let acknowledged = acknowledged.lock().expect("no panic").clone();
        if let Some(lost) = acknowledged.difference(&logged).next() {
            return Err(format!("kill {kill}: edit {lost:?} was acknowledged and is gone"));
        }
        server = Server::start(&data, fault, platter.as_ref()).await;
    }
    let n = acknowledged.lock().expect("no panic").len();
    Ok(n)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_edits_survive_a_kill() {
    let n = run(seed("crash"), 12, Fault::default()).await.unwrap_or_else(|fault| panic!("{fault}"));
    eprintln!("12 kills, {n} acknowledged edits, none lost");
    assert!(n > 100, "only {n} edits were acknowledged: the harness hardly tests anything");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: 50 kills"]
async fn long_acknowledged_edits_survive_a_kill() {
    let n = run(seed("crash, long"), 50, Fault::default()).await.unwrap_or_else(|fault| panic!("{fault}"));
    eprintln!("50 kills, {n} acknowledged edits, none lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_acknowledgement_is_caught() {
    let caught = run(seed("crash canary"), 6, Fault { canary: Some("acknowledge-early"), power: false }).await;
    assert!(caught.is_err(), "acknowledging before the commit went unseen: {caught:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_edits_survive_a_power_failure() {
    let n = run(seed("power"), 8, Fault { canary: None, power: true }).await.unwrap_or_else(|fault| panic!("{fault}"));
    eprintln!("8 power failures, {n} acknowledged edits, none lost");
    assert!(n > 50, "only {n} edits were acknowledged: the harness hardly tests anything");
}

/// A kill alone does not show it: the system still writes what the dead process left to it.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_not_synced_is_caught() {
    let caught = run(seed("power canary"), 2, Fault { canary: Some("unsynced"), power: true }).await;
    assert!(caught.as_ref().is_err_and(|why| why.contains("is gone")), "it went unseen: {caught:?}");
    let unseen = run(seed("power canary, kill"), 1, Fault { canary: Some("unsynced"), power: false }).await;
    assert!(unseen.is_ok(), "{unseen:?}");
}
