//! A real server on loopback and real sockets, within one process.

use app::api::auth::Role;
use app::sync::{Entry, PROTOCOL, Submission, ToClient, ToServer};
use futures::{SinkExt as _, StreamExt as _};
use server::State;
use server::rooms::log;
use server::rooms::room::SNAPSHOT_EVERY;
use server::testing::{ORIGIN, TestApp, Tester};
use solver::design::{Command, Design, Object, Value, replay};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A served test server with some engineers and one design.
pub struct Live {
    pub app: TestApp,
    pub address: SocketAddr,
    pub design: String,
    pub people: Vec<Tester>,
}

impl Live {
    /// Serves `content` to `n` engineers until dropped.
    pub async fn start(content: &Design, n: usize) -> Self {
        let app = TestApp::new().await.expect("the test server");
        let project = app.project("Live").await.expect("a project");
        let mut people = Vec::new();
        for i in 0..n {
            let person = app.person(&format!("Person {i}"), Role::Engineer).await.expect("a person");
            app.join(&project, &person, Role::Engineer).await.expect("a member");
            people.push(person);
        }
        let design = app.design(&project, &people[0], content).await.expect("a design");
        let address = app.serve().await.expect("a free port");
        Self { app, address, design, people }
    }

    pub fn state(&self) -> &State {
        &self.app.state
    }

    /// Opens the design's socket as person `i`.
    pub async fn connect(&self, i: usize) -> Client {
        self.connect_to(&self.design, i).await
    }

    /// Opens any design's socket as person `i`.
    pub async fn connect_to(&self, design: &str, i: usize) -> Client {
        let path = format!("/api/designs/{design}/socket");
        let mut client = self.open(&path, self.people[i].cookie.as_deref()).await.expect("the socket opens");
        client.name = format!("live-client-{i:08}");
        client
            .send(&ToServer::Hello { protocol: PROTOCOL, client: client.name.clone(), have: 0, pending: Vec::new() })
            .await;
        match client.next().await {
            Some(ToClient::Welcome { sequence, .. }) => client.sequence = sequence,
            other => panic!("no welcome but {other:?}"),
        }
        client
    }

    /// Opens any socket, with the page's origin. `Err`: the status of the refusal.
    pub async fn open(&self, path: &str, cookie: Option<&str>) -> Result<Client, u16> {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().expect("a request");
        request.headers_mut().insert("origin", ORIGIN.parse().expect("a header"));
        if let Some(cookie) = cookie {
            request.headers_mut().insert("cookie", cookie.parse().expect("a header"));
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(Client { socket, name: String::new(), number: 0, sequence: 0 }),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }
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

/// Writes `n` edits of `live`'s design, which began as [`boxes`] of `n_boxes`, and whole designs among them as its room does.
/// With `is_late`, on purpose: whole designs that lack the edit they stand at. Returns what all edits up to each of `marks` make.
pub async fn write_history(
    live: &Live,
    n_boxes: usize,
    n: u64,
    marks: &BTreeSet<u64>,
    is_late: bool,
) -> Vec<(u64, Design)> {
    let db = &live.state().db;
    let mut design = boxes(n_boxes);
    let (mut found, mut entries) = (Vec::new(), Vec::new());
    for sequence in 1..=n {
        let before = is_late.then(|| design.clone());
        let command = set(sequence as usize % n_boxes, sequence);
        replay(&mut design, &command).expect("it applies");
        let client = "writer-of-the-history".into();
        entries.push(Entry { sequence, author: live.people[0].id.clone(), client, number: sequence, time: 0, command });
        if entries.len() == 500 || sequence == n {
            log::append(db, &live.design, &entries).await.expect("appended");
            entries.clear();
        }
        if sequence.is_multiple_of(SNAPSHOT_EVERY) {
            let whole = before.as_ref().unwrap_or(&design);
            log::save_snapshot(db, &live.design, sequence, whole, 0).await.expect("saved");
        }
        if marks.contains(&sequence) {
            found.push((sequence, design.clone()));
        }
    }
    found
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
