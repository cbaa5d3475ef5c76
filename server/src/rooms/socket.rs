//! The sockets of a design: for people, and for those who look on through a share link.

use super::hub::Hello;
use super::outgoing::{self, Frame, Incoming, Outgoing};
use super::room::Event;
use crate::api::share_guest;
use crate::auth::{Action, Actor, Guest, Object, actor, can};
use crate::{Error, State};
use app::api::design::Document;
use app::sync::{FRAME_BYTES_MAX, PROTOCOL, ToClient, ToServer};
use axum::extract::Path;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Hello must come within.
const HELLO: Duration = Duration::from_secs(10);
/// A client that says nothing for so long is gone: it pings every ten seconds.
const IDLE: Duration = Duration::from_secs(45);
/// A write that takes longer goes to someone who does not read.
const WRITE: Duration = Duration::from_secs(15);
/// Messages of one connection: in a second, sustained, and at once. A client that floods waits in its own queue.
const MESSAGES_PER_SECOND: f64 = 250.0;
const MESSAGES_BURST: f64 = 1_000.0;
/// When the server was too busy to look at what a guest sees, it does so after this time.
const BUSY: Duration = Duration::from_secs(2);
/// Outboxes one connection may send from.
const HEADS_MAX: usize = 32;

/// The live design: see `app::sync` for the messages.
#[utoipa::path(get, path = "/api/designs/{id}/socket", tag = "designs", params(("id" = String, Path)),
    responses((status = 101, description = "Websocket; JSON text frames, `ToServer` up and `ToClient` down")))]
pub async fn design_socket(
    state: State,
    actor: Actor,
    Path(id): Path<String>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Error> {
    can(&state, &actor, Action::See, Object::Design(&id)).await?;
    Ok(match upgrade {
        Ok(upgrade) => limited(upgrade).on_upgrade(move |socket| person(state, actor, id, socket)),
        Err(rejection) => rejection.into_response(),
    })
}

/// What a share link may hear: that what it shows or its comments have changed, and that it has ended. Nothing is taken from
/// it.
#[utoipa::path(get, path = "/api/share/{token}/socket", tag = "share", params(("token" = String, Path)),
    responses((status = 101, description = "Websocket; `ToClient::Scene`, `Talked`, `Locked` and `Closing`")))]
pub async fn share_socket(
    state: State,
    actor: Actor,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Error> {
    let Actor::Guest(guest) = &actor else { return Err(Error::NotFound("share link")) };
    let guest = guest.clone();
    can(&state, &actor, Action::See, Object::Design(&guest.design)).await?;
    // From here on the guest hears of changes, although looking at them takes a while.
    let now = super::document(&state, &guest.design, None).await?;
    Ok(match upgrade {
        Ok(upgrade) => limited(upgrade).on_upgrade(move |socket| look_on(state, actor, guest, now, socket)),
        Err(rejection) => rejection.into_response(),
    })
}

fn limited(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX)
        .write_buffer_size(16 * 1024)
        .max_write_buffer_size(64 * 1024 * 1024)
}

/// The next text, `None` when the socket is done. Pings are answered below us.
async fn text(stream: &mut SplitStream<WebSocket>) -> Option<String> {
    loop {
        match stream.next().await?.ok()? {
            Message::Text(text) => return Some(text.to_string()),
            Message::Ping(_) | Message::Pong(_) => {}
            // We speak text; anything else is somebody else's protocol.
            Message::Binary(_) | Message::Close(_) => return None,
        }
    }
}

async fn write(mut sink: SplitSink<WebSocket, Message>, mut queue: Incoming) {
    while let Some(frame) = queue.next().await {
        let message = match frame {
            Frame::Text(text) => Message::Text(text),
            Frame::Close => Message::Close(Some(CloseFrame { code: 1000, reason: "".into() })),
        };
        let last = matches!(message, Message::Close(_));
        let sent = tokio::select! {
            () = queue.killed() => false,
            sent = tokio::time::timeout(WRITE, sink.send(message)) => matches!(sent, Ok(Ok(()))),
        };
        if !sent || last {
            return;
        }
    }
}

/// Lets the writer say what is queued, for a moment.
async fn finish(mut writer: JoinHandle<()>) {
    if !writer.is_finished() {
        let _ = tokio::time::timeout(Duration::from_secs(1), &mut writer).await;
        writer.abort();
    }
}

/// Hello, checked; or what to say to the one who cannot say it.
fn hello(text: &str) -> Result<Hello, &'static str> {
    match serde_json::from_str(text) {
        Ok(ToServer::Hello { protocol, .. }) if protocol != PROTOCOL => {
            Err("This page is from another version of Brunel; reload it.")
        }
        Ok(ToServer::Hello { pending, .. }) if pending.len() > HEADS_MAX => {
            Err("Too many outboxes at once; send the oldest first.")
        }
        Ok(ToServer::Hello { client, have, pending, .. }) => Ok(Hello { client, have, heads: pending }),
        _ => Err("The first message must be Hello."),
    }
}

/// Whether who was let in when the socket was asked for may still look: what ended before the hub knew of the socket
/// was not told to it.
async fn still_sees(state: &State, actor: &Actor, design: &str) -> Result<(), Error> {
    if !actor::stands(state, actor).await? {
        return Err(Error::Unauthenticated);
    }
    can(state, actor, Action::See, Object::Design(design)).await.map(|_| ())
}

/// Why a socket ends that had a right a moment ago.
fn farewell(error: &Error) -> ToClient {
    match error {
        Error::Unavailable(reason) => ToClient::Closing { reason: reason.clone(), reconnect: true },
        _ => ToClient::Closing { reason: "You no longer have access to this design.".into(), reconnect: false },
    }
}

async fn person(state: State, actor: Actor, design: String, socket: WebSocket) {
    let (sink, mut stream) = socket.split();
    let (out, queue) = outgoing::channel();
    let cut = queue.killed();
    let mut writer = tokio::spawn(write(sink, queue));
    let connection = state.rooms.register(&design, &actor, &out);
    let visit = async {
        if let Err(error) = still_sees(&state, &actor, &design).await {
            return out.close(outgoing::text(&farewell(&error)));
        }
        let Some(first) = tokio::time::timeout(HELLO, text(&mut stream)).await.ok().flatten() else { return };
        let hello = match hello(&first) {
            Ok(hello) => hello,
            Err(reason) => {
                let goodbye = ToClient::Closing { reason: reason.into(), reconnect: false };
                return out.close(outgoing::text(&goodbye));
            }
        };
        let may_edit = can(&state, &actor, Action::Edit, Object::Design(&design)).await.is_ok();
        let joined = state.rooms.join(&state, &design, &actor, connection, hello, may_edit, out.clone()).await;
        match joined {
            Ok(()) => talk(&state, &actor, &design, connection, &out, &mut stream).await,
            Err(error) => {
                let goodbye = ToClient::Closing { reason: error.problem().message, reconnect: true };
                out.close(outgoing::text(&goodbye));
            }
        }
    };
    tokio::select! {
        () = visit => {}
        () = cut => {}
        // The room or a revocation has said goodbye, or nobody reads.
        _ = &mut writer => {}
    }
    state.rooms.leave(&state, &design, connection).await;
    drop(out);
    finish(writer).await;
}

/// Takes messages until the socket ends.
async fn talk(
    state: &State,
    actor: &Actor,
    design: &str,
    connection: u64,
    out: &Outgoing,
    stream: &mut SplitStream<WebSocket>,
) {
    let (mut tokens, mut at) = (MESSAGES_BURST, Instant::now());
    loop {
        let Ok(Some(text)) = tokio::time::timeout(IDLE, text(stream)).await else { return };
        let now = Instant::now();
        tokens = (tokens + now.duration_since(at).as_secs_f64() * MESSAGES_PER_SECOND).min(MESSAGES_BURST);
        at = now;
        tokens -= 1.0;
        if tokens < 0.0 {
            // Not reading is the answer to a flood: it fills the sender's own buffers, in order, and nobody else's.
            tokio::time::sleep(Duration::from_secs_f64(-tokens / MESSAGES_PER_SECOND)).await;
        }
        let goodbye = |reason: String, reconnect| out.close(outgoing::text(&ToClient::Closing { reason, reconnect }));
        match serde_json::from_str(&text) {
            Ok(ToServer::Submit { submission }) => {
                let allowed = match can(state, actor, Action::Edit, Object::Design(design)).await {
                    Ok(_) => true,
                    Err(Error::Forbidden(_)) => false,
                    Err(Error::Unauthenticated | Error::NotFound(_)) => {
                        return goodbye("You no longer have access to this design.".into(), false);
                    }
                    Err(error) => return goodbye(error.problem().message, true),
                };
                state.rooms.tell(state, design, Event::Submit { connection, submission, allowed }).await;
            }
            Ok(ToServer::Presence { presence }) => {
                state.rooms.tell(state, design, Event::Presence { connection, presence }).await;
            }
            Ok(ToServer::Ping { nonce }) => {
                out.push(outgoing::text(&ToClient::Pong { nonce }), true);
            }
            Ok(ToServer::Hello { .. }) => return goodbye("Hello is said once.".into(), true),
            Err(error) => {
                tracing::info!(design, connection, %error, "a message that cannot be read");
                return goodbye("A message could not be read; reload the page.".into(), false);
            }
        }
    }
}

async fn look_on(state: State, actor: Actor, guest: Guest, shown: Document, socket: WebSocket) {
    let (sink, mut stream) = socket.split();
    let (out, queue) = outgoing::channel();
    let cut = queue.killed();
    let mut writer = tokio::spawn(write(sink, queue));
    let connection = state.rooms.register(&guest.design, &actor, &out);
    let left = Duration::from_millis((guest.until - state.now()).max(0).unsigned_abs());
    let listen = async {
        if let Err(error) = still_sees(&state, &actor, &guest.design).await {
            return out.close(outgoing::text(&farewell(&error)));
        }
        let changed = Arc::new(Notify::new());
        if state.rooms.watch(&state, &guest.design, connection, out.clone(), changed.clone()).await.is_err() {
            return;
        }
        let hear = async {
            // Whatever comes is only a sign of life; a share link has nothing to say.
            while let Ok(Some(_)) = tokio::time::timeout(IDLE, text(&mut stream)).await {
                out.push(outgoing::text(&ToClient::Pong { nonce: 0 }), true);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::select! {
            () = hear => {}
            () = look(&state, &guest, shown, &changed, &out) => {}
        }
    };
    tokio::select! {
        () = listen => {}
        () = cut => {}
        _ = &mut writer => {}
        () = tokio::time::sleep(left) => out.close(outgoing::text(&over(&guest))),
    }
    state.rooms.leave(&state, &guest.design, connection).await;
    drop(out);
    finish(writer).await;
}

/// What a guest hears when their time is up.
fn over(guest: &Guest) -> ToClient {
    match guest.until < guest.expires {
        true => ToClient::Locked,
        false => ToClient::Closing { reason: "This link has expired.".into(), reconnect: false },
    }
}

/// Tells a guest, for as long as they look, when what they see has changed: told of every edit, whoever sees one body of many
/// would know how much is worked on the others. `shown`: what they have.
async fn look(state: &State, guest: &Guest, shown: Document, changed: &Notify, out: &Outgoing) {
    let mut seen = sight(state, guest, shown).await;
    loop {
        if let Ok(now) = super::document(state, &guest.design, None).await {
            let now = sight(state, guest, now).await;
            if now != seen && !out.push(outgoing::text(&ToClient::Scene), false) {
                return;
            }
            seen = now;
        }
        changed.notified().await;
    }
}

/// A hash of what a guest sees of a document; where nothing of it can be shown, that is a sight too.
async fn sight(state: &State, guest: &Guest, document: Document) -> Option<String> {
    loop {
        match share_guest::sight(state, guest, &document).await {
            Ok(hash) => return Some(hash),
            Err(Error::Unavailable(_)) => tokio::time::sleep(BUSY).await,
            Err(_) => return None,
        }
    }
}
