//! P15 where an answer has no end: streams and sockets by how they begin, and every message that a socket takes, as every actor.

use super::access::{ACTORS, GUEST, MEMBER, Row, SEE, World, is_right, row, table, world};
use app::sync::{PROTOCOL, Presence, Submission, ToClient, ToServer};
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use futures::{SinkExt as _, StreamExt as _};
use server::auth::{Action, Actor, Object, can};
use server::testing::{ORIGIN, Tester};
use server::{Error, State};
use solver::design::{Command, Value};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tower::ServiceExt as _;
use utoipa_axum::routes;

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Rows as those of the matrix, about the answer's head.
const STREAMS: &[Row] = &[
    row("GET /api/designs/{id}/socket", SEE),
    row("GET /api/share/{token}/socket", GUEST),
    row("GET /api/runs/events", MEMBER),
];

/// How long something that must come may take, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(20);

/// Whether the answer of `route` has no end.
pub(super) fn is_stream(route: &str) -> bool {
    STREAMS.iter().any(|row| row.route == route)
}

/// The world on a port of its own, and whoever asks there.
async fn serve(world: &World, router: axum::Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    // Moved into the task, so that the server's state lives as long as its sockets do.
    let state = world.app.state.clone();
    tokio::spawn(async move {
        let served = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await;
        drop(state);
        served
    });
    address
}

/// A handshake as the page of `tester` makes it. `Err`: the status of the refusal.
pub(super) async fn handshake(address: SocketAddr, path: &str, tester: &Tester) -> Result<Socket, StatusCode> {
    let mut request = format!("ws://{address}{path}").into_client_request().expect("a request");
    let headers = request.headers_mut();
    headers.insert("origin", ORIGIN.parse().expect("a header"));
    if let Some(cookie) = &tester.cookie {
        headers.insert("cookie", cookie.parse().expect("a header"));
    }
    if let Some(bearer) = &tester.bearer {
        headers.insert("authorization", format!("Bearer {bearer}").parse().expect("a header"));
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(response)) => Err(response.status()),
        Err(error) => panic!("{path}: {error}"),
    }
}

/// What `row` says and the stream does not do.
async fn check(world: &World, address: SocketAddr, row: &Row) -> Vec<String> {
    let template = row.route.strip_prefix("GET ").expect("streams are got");
    let mut wrong = Vec::new();
    for ((tester, name), expected) in world.people.iter().zip(row.expected.chars()) {
        let path = world.path(template, name);
        let status = match template.ends_with("socket") {
            true => match handshake(address, &path, tester).await {
                Ok(_) => StatusCode::SWITCHING_PROTOCOLS,
                Err(status) => status,
            },
            // The head comes before the first event; the rest is not waited for.
            false => {
                let request = tester.request(Method::GET, &path).body(axum::body::Body::empty()).expect("a request");
                let Ok(response) = tester.router.clone().oneshot(request).await;
                response.status()
            }
        };
        if !is_right(expected, status) {
            wrong.push(format!("{} as {name}: wanted {expected}, got {status}", row.route));
        }
    }
    wrong
}

/// A socket whose handler asks about the wrong thing.
#[utoipa::path(get, path = "/api/designs/{id}/careless-socket", responses((status = 101)))]
async fn careless(state: State, actor: Actor, upgrade: WebSocketUpgrade) -> Result<Response, Error> {
    can(&state, &actor, Action::See, Object::Public).await?;
    Ok(upgrade.on_upgrade(|_| async {}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_stream_begins_for_exactly_whom_it_should() {
    let routes = || server::routes().routes(routes!(careless));
    let world = world("").await.expect("a world");
    let address = serve(&world, server::assemble(world.app.state.clone(), routes())).await;
    let table = table(routes());
    for row in STREAMS {
        assert!(table.iter().any(|route| route == row.route), "{} is no route", row.route);
        assert_eq!(row.expected.len(), ACTORS.len(), "{}", row.route);
        assert_eq!(check(&world, address, row).await, Vec::<String>::new());
    }
    // Canary: one that forgets is caught.
    let wrong = check(&world, address, &row("GET /api/designs/{id}/careless-socket", SEE)).await;
    assert!(wrong.len() >= 6, "{wrong:?}");
}

/// All messages, one after the other: the next kind after `message`. One that is new does not compile without its place here and
/// its row in [`expected`].
fn after(message: Option<&ToServer>) -> Option<ToServer> {
    let set = |text: &str| Command::Set { id: "box".into(), key: "dx".into(), value: Some(Value::Expr(text.into())) };
    Some(match message {
        None => ToServer::Hello { protocol: PROTOCOL, client: String::new(), have: 0, pending: Vec::new() },
        Some(ToServer::Hello { .. }) => ToServer::Submit {
            submission: Submission {
                client: String::new(),
                number: 1,
                base: 0,
                offline: false,
                command: set("81 mm"),
                undo_of: None,
            },
        },
        Some(ToServer::Submit { .. }) => {
            ToServer::Presence { presence: Presence { preview: vec![set("82 mm")], ..Presence::default() } }
        }
        Some(ToServer::Presence { .. }) => ToServer::Ping { nonce: 7 },
        Some(ToServer::Ping { .. }) => return None,
    })
}

/// What a message does for each of [`ACTORS`]: `x` there is no socket to say it on, `-` nothing, to nobody, `o` the least that it
/// can, `+` all that it is for.
fn expected(message: &ToServer) -> &'static str {
    match message {
        // Welcome: to look, to edit.
        ToServer::Hello { .. } => "xxx-xxxxxoo+++",
        // Refused, or in the log.
        ToServer::Submit { .. } => "xxx-xxxxxoo+++",
        // The others see who is here, and what they drag.
        ToServer::Presence { .. } => "xxx-xxxxxoo+++",
        ToServer::Ping { .. } => "xxx-xxxxx+++++",
    }
}

/// Someone's end of a socket.
pub(super) struct Ear(pub(super) Socket);

impl Ear {
    pub(super) async fn say(&mut self, message: &ToServer) {
        let text = serde_json::to_string(message).expect("plain values");
        self.0.send(Message::text(text)).await.expect("said");
    }

    /// The first thing heard that `want` wants.
    pub(super) async fn hear<T>(&mut self, mut want: impl FnMut(ToClient) -> Option<T>) -> T {
        let heard = async {
            loop {
                let message = self.0.next().await.expect("the socket ended").expect("the socket broke");
                let Ok(text) = message.to_text() else { continue };
                if let Ok(said) = serde_json::from_str(text)
                    && let Some(found) = want(said)
                {
                    return found;
                }
            }
        };
        tokio::time::timeout(LIMIT, heard).await.expect("nothing of the kind is heard")
    }
}

/// The table of messages in one world.
struct Talk {
    world: World,
    address: SocketAddr,
    /// Of the administrator, who watches what the others do.
    watching: Ear,
    n_clients: u32,
}

impl Talk {
    async fn new() -> Self {
        let world = world("").await.expect("a world");
        let address = serve(&world, world.app.router.clone()).await;
        let (administrator, _) = world.people.last().expect("the administrator");
        let path = world.path("/api/designs/{id}/socket", "administrator");
        let mut watching = Ear(handshake(address, &path, administrator).await.expect("a socket"));
        watching.say(&named(after(None).expect("Hello"), "watching-client-01")).await;
        watching.hear(|m| matches!(m, ToClient::Welcome { .. }).then_some(())).await;
        Self { world, address, watching, n_clients: 0 }
    }

    /// What `message` does when the actor at `index` says it.
    async fn outcome(&mut self, message: &ToServer, index: usize) -> char {
        let (tester, name) = &self.world.people[index];
        self.n_clients += 1;
        let client = format!("matrix-client-{:06}", self.n_clients);
        if *name == "guest" {
            let path = self.world.path("/api/share/{token}/socket", name);
            let Ok(socket) = handshake(self.address, &path, tester).await else { return 'x' };
            return self.as_guest(Ear(socket), &named(message.clone(), &client)).await;
        }
        let path = self.world.path("/api/designs/{id}/socket", name);
        let Ok(socket) = handshake(self.address, &path, tester).await else { return 'x' };
        let mut ear = Ear(socket);
        let hello = named(after(None).expect("Hello"), &client);
        ear.say(&hello).await;
        let (may_edit, connection) = ear
            .hear(|m| match m {
                ToClient::Welcome { may_edit, connection, .. } => Some((may_edit, connection)),
                _ => None,
            })
            .await;
        let full = |is_full: bool| if is_full { '+' } else { 'o' };
        match message {
            ToServer::Hello { .. } => full(may_edit),
            ToServer::Submit { .. } => {
                ear.say(&named(message.clone(), &client)).await;
                let is_applied = ear
                    .hear(|m| match m {
                        ToClient::Applied { entry } if entry.client == client => Some(true),
                        ToClient::Refused { client: mine, .. } if mine == client => Some(false),
                        _ => None,
                    })
                    .await;
                full(is_applied)
            }
            ToServer::Presence { presence } => {
                // Told apart from the arrival, which is without one.
                let presence = Presence { object: Some(client.clone()), ..presence.clone() };
                ear.say(&ToServer::Presence { presence }).await;
                let told = self.watching.hear(|m| match m {
                    ToClient::Peer { peer } if peer.connection == connection => {
                        peer.presence.object.is_some().then_some(peer.presence)
                    }
                    _ => None,
                });
                full(!told.await.preview.is_empty())
            }
            ToServer::Ping { nonce } => {
                ear.say(message).await;
                full(ear.hear(|m| if let ToClient::Pong { nonce } = m { Some(nonce) } else { None }).await == *nonce)
            }
        }
    }

    /// A guest's socket answers whatever is said with a sign of life, and does nothing.
    async fn as_guest(&mut self, mut ear: Ear, message: &ToServer) -> char {
        let before = self.sequence().await;
        ear.say(message).await;
        let is_silent = ear.hear(|m| Some(matches!(m, ToClient::Pong { nonce: 0 }))).await;
        if is_silent && self.sequence().await == before { '-' } else { '+' }
    }

    async fn sequence(&self) -> u64 {
        let log = server::rooms::log::entries(&self.world.app.state.db, &self.world.design, 0, u64::MAX, 1_000);
        log.await.expect("the log").len() as u64
    }

    /// What the table does not say.
    async fn wrong(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut message = after(None);
        while let Some(now) = message {
            let expected = expected(&now);
            assert_eq!(expected.len(), ACTORS.len(), "{now:?}");
            for (index, wanted) in expected.chars().enumerate() {
                let got = self.outcome(&now, index).await;
                if got != wanted {
                    wrong.push(format!("{now:?} as {}: wanted {wanted}, got {got}", ACTORS[index]));
                }
            }
            message = after(Some(&now));
        }
        wrong
    }
}

/// `message` from an outbox of its own.
fn named(message: ToServer, name: &str) -> ToServer {
    match message {
        ToServer::Hello { protocol, have, pending, .. } => {
            ToServer::Hello { protocol, client: name.into(), have, pending }
        }
        ToServer::Submit { submission } => {
            ToServer::Submit { submission: Submission { client: name.into(), ..submission } }
        }
        other => other,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_does_for_each_exactly_what_it_should() {
    let mut talk = Talk::new().await;
    assert_eq!(talk.wrong().await, Vec::<String>::new());
    // Canary: a viewer who may edit after all is seen in every row that rights are about.
    let (viewer, _) = talk.world.people.iter().find(|(_, name)| *name == "viewer").expect("the viewer");
    let mut write = talk.world.app.state.db.write().await.expect("a transaction");
    for sql in [
        "UPDATE member SET role = 'engineer' WHERE person = $1",
        "UPDATE project_member SET role = 'engineer' WHERE person = $1",
    ] {
        sqlx::query(sql).bind(&viewer.id).execute(&mut *write).await.expect("promoted");
    }
    write.commit().await.expect("committed");
    let wrong = talk.wrong().await;
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    assert!(wrong.iter().all(|line| line.contains("as viewer: wanted o, got +")), "{wrong:?}");
}
