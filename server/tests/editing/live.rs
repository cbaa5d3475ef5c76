//! A real server on loopback and real sockets, within one process.

use app::api::auth::Role;
use app::sync::{PROTOCOL, Submission, ToClient, ToServer};
use futures::{SinkExt as _, StreamExt as _};
use server::auth::{Actor, Person};
use server::config::Config;
use server::rooms;
use server::{State, router};
use solver::design::{Command, Design, Object, Value};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub const DESIGN: &str = "design1";

/// A served state with an organisation, some people and one design.
pub struct Live {
    pub state: State,
    pub address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Live {
    /// Serves `design` to `people` (named p0, p1 …) until dropped.
    pub async fn start(design: &Design, people: usize) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = Config::local(folder.path());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        config.bind = address;
        config.public_url = format!("http://{address}");
        let state = State::open(config).await.expect("the state opens");
        found(&state, design, people).await;
        state.start().await.expect("it starts");
        // The actor is who the header says: this is about rooms, not about signing in.
        let app = router(state.clone()).layer(axum::middleware::from_fn(
            |mut request: axum::extract::Request, next: axum::middleware::Next| async move {
                if let Some(id) = request.headers().get("x-test-person").and_then(|v| v.to_str().ok()) {
                    let actor = Actor::Person(person(id));
                    request.extensions_mut().insert(actor);
                }
                next.run(request).await
            },
        ));
        tokio::spawn(async move {
            let service = app.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service).await
        });
        Self { state, address, _folder: folder }
    }

    /// Opens the design's socket as person `i`.
    pub async fn connect(&self, i: usize) -> Client {
        let mut request =
            format!("ws://{}/api/designs/{DESIGN}/socket", self.address).into_client_request().expect("a request");
        let headers = request.headers_mut();
        headers.insert("x-test-person", format!("p{i}").parse().expect("a header"));
        headers.insert("origin", format!("http://{}", self.address).parse().expect("a header"));
        let (socket, _) = tokio_tungstenite::connect_async(request).await.expect("the socket opens");
        let mut client = Client { socket, name: format!("live-client-{i:08}"), number: 0, sequence: 0 };
        client
            .send(&ToServer::Hello {
                protocol: PROTOCOL,
                client: client.name.clone(),
                have: 0,
                pending: Vec::new(),
            })
            .await;
        match client.next().await {
            Some(ToClient::Welcome { sequence, .. }) => client.sequence = sequence,
            other => panic!("no welcome but {other:?}"),
        }
        client
    }
}

pub fn person(id: &str) -> Person {
    Person {
        id: id.into(),
        email: format!("{id}@example.org"),
        name: id.to_uppercase(),
        hue: 10,
        administrator: false,
        organisation: "org".into(),
        organisation_name: "Org".into(),
        role: Role::Engineer,
        session: format!("session-{id}"),
    }
}

async fn found(state: &State, design: &Design, people: usize) {
    let mut write = state.db.write().await.expect("a write transaction");
    let now = state.now();
    for statement in [
        "INSERT INTO organisation (id, name, created) VALUES ('org', 'Org', 0)".to_owned(),
        "INSERT INTO project (id, organisation, name, everyone, created) VALUES ('pro', 'org', 'Pro', 1, 0)".to_owned(),
    ]
    .into_iter()
    .chain((0..people).map(|i| {
        format!(
            "INSERT INTO person (id, email, name, hue, password, created) \
             VALUES ('p{i}', 'p{i}@example.org', 'P{i}', 10, 'none', 0)"
        )
    }))
    .chain([format!(
        "INSERT INTO design (id, project, name, state, created, changed, changed_by) \
         VALUES ('{DESIGN}', 'pro', 'Design', 'active', {now}, {now}, 'p0')"
    )]) {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut *write).await.expect("a row");
    }
    rooms::found(&mut write, DESIGN, design, now).await.expect("the first snapshot");
    write.commit().await.expect("founded");
}

/// A box for each of `n` people to edit.
pub fn boxes(n: usize) -> Design {
    let mut design = Design::new();
    for i in 0..n {
        let object = Object::new(format!("b{i}").as_str(), "box", "Box");
        design = solver::design::apply(&design, &Command::Add { object, before: None }).expect("a box").0;
    }
    design
}

pub fn set(i: usize, value: u64) -> Command {
    Command::Set {
        id: format!("b{i}").as_str().into(),
        key: "dx".into(),
        value: Some(Value::Expr(format!("{} mm", value + 1))),
    }
}

/// One socket.
pub struct Client {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub name: String,
    pub number: u64,
    pub sequence: u64,
}

impl Client {
    pub async fn send(&mut self, message: &ToServer) {
        let text = serde_json::to_string(message).expect("plain values");
        self.socket.send(Message::text(text)).await.expect("it is sent");
    }

    pub fn submission(&mut self, command: Command) -> ToServer {
        self.number += 1;
        ToServer::Submit {
            submission: Submission {
                client: self.name.clone(),
                number: self.number,
                base: self.sequence,
                offline: false,
                command,
                undo_of: None,
            },
        }
    }

    /// The next message; `None` when the socket has ended or ten seconds have passed.
    pub async fn next(&mut self) -> Option<ToClient> {
        loop {
            let message = tokio::time::timeout(Duration::from_secs(10), self.socket.next()).await.ok()??;
            match message.ok()? {
                Message::Text(text) => return serde_json::from_str(&text).ok(),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// The next message that `want` wants.
    pub async fn until<T>(&mut self, mut want: impl FnMut(ToClient) -> Option<T>) -> Option<T> {
        loop {
            if let Some(found) = want(self.next().await?) {
                return Some(found);
            }
        }
    }
}

/// Latencies of a run of editors, ms.
#[derive(Default)]
pub struct Latency {
    pub ack: Vec<f64>,
    pub echo: Vec<f64>,
}

impl Latency {
    /// The value that 95 of 100 stay under.
    pub fn p95(values: &mut [f64]) -> f64 {
        values.sort_by(f64::total_cmp);
        values.get(values.len() * 95 / 100).or(values.last()).copied().unwrap_or(f64::NAN)
    }
}

/// `n` people edit `rate` times a second each, for `seconds`; every one counts when its own edit is acknowledged and
/// when it sees an edit of another, from the moment that one was sent.
pub async fn edit_together(live: &Live, n: usize, rate: f64, seconds: f64) -> Latency {
    use std::collections::HashMap;
    use std::sync::{Arc, Mutex};
    use std::time::Instant;
    let sent: Arc<Mutex<HashMap<(String, u64), Instant>>> = Arc::default();
    let edits = (rate * seconds) as u64;
    let mut tasks = Vec::new();
    for i in 0..n {
        let mut client = live.connect(i).await;
        let sent = sent.clone();
        tasks.push(tokio::spawn(async move {
            let mut latency = Latency::default();
            let mut due = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
            let mut acknowledged = 0;
            // After the last edit, only until the last acknowledgement; echoes of others come before or are not waited for.
            while acknowledged < edits {
                tokio::select! {
                    _ = due.tick(), if client.number < edits => {
                        let message = client.submission(set(i, client.number));
                        let key = (client.name.clone(), client.number);
                        sent.lock().expect("no panic").insert(key, Instant::now());
                        client.send(&message).await;
                    }
                    message = client.next() => {
                        let Some(message) = message else { panic!("client {i} was hung up on") };
                        if let ToClient::Applied { entry } = message {
                            client.sequence = entry.sequence;
                            let own = entry.client == client.name;
                            let at = sent.lock().expect("no panic").get(&(entry.client, entry.number)).copied();
                            let Some(at) = at else { continue };
                            let ms = at.elapsed().as_secs_f64() * 1e3;
                            if own {
                                acknowledged += 1;
                                latency.ack.push(ms);
                            } else {
                                latency.echo.push(ms);
                            }
                        }
                    }
                }
            }
            latency
        }));
    }
    let mut all = Latency::default();
    for task in tasks {
        let one = task.await.expect("an editor");
        all.ack.extend(one.ack);
        all.echo.extend(one.echo);
    }
    all
}

