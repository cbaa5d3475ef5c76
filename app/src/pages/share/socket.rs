//! The guest's socket: it hears that the model or the comments have changed, and that the link has ended.

use crate::api::client::encode;
use crate::doc::{DEAD_AFTER_MS, PING_AFTER_MS, backoff_ms};
use crate::sync::{GUEST_PING, ToGuest};
use crate::ui::sleep;
use futures::future::{Either, select};
use futures::{SinkExt, StreamExt};
use gloo_net::websocket::Message;
use gloo_net::websocket::futures::WebSocket;
use leptos::prelude::*;
use std::pin::pin;

/// What is fetched anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    Model,
    Comments,
    /// Nobody knows what: the line was down.
    Anything,
}

/// How a connection ended.
enum End {
    /// For good, with the reason.
    Closed(String),
    /// Lost after it had said something.
    Lost,
    Silent,
}

pub fn listen(token: &str, load: impl Fn(Changed) + 'static, closed: RwSignal<Option<String>>) {
    let Some(location) = web_sys::window().map(|w| w.location()) else { return };
    let (Ok(protocol), Ok(host)) = (location.protocol(), location.host()) else { return };
    let scheme = if protocol == "https:" { "wss" } else { "ws" };
    let url = format!("{scheme}://{host}/api/share/{}/socket", encode(token));
    leptos::task::spawn_local(async move {
        let mut attempts = 0;
        let mut first = true;
        // The signal lives as long as the page.
        while closed.try_with_untracked(Option::is_none) == Some(true) {
            match hear(&url, &load, first).await {
                End::Closed(reason) => drop(closed.try_set(Some(reason))),
                End::Lost => attempts = 0,
                End::Silent => attempts += 1,
            }
            first = false;
            sleep(backoff_ms(attempts, js_sys::Math::random()) as i32).await;
        }
    });
}

/// One connection, until it ends. What came while there was none is not known, so a later one loads at its first
/// word.
async fn hear(url: &str, load: &impl Fn(Changed), first: bool) -> End {
    let Ok(socket) = WebSocket::open(url) else { return End::Silent };
    let (mut send, mut receive) = socket.split();
    let (mut heard, mut pinged) = (false, false);
    loop {
        // Asked at once: the answer shows that the line stands.
        let wait = match (pinged, heard) {
            (true, _) => DEAD_AFTER_MS - PING_AFTER_MS,
            (false, true) => PING_AFTER_MS,
            (false, false) => 0,
        };
        let next = match select(receive.next(), pin!(sleep(wait as i32))).await {
            Either::Left((next, _)) => next,
            // Asked, and no answer: the line is dead, though the browser has not noticed.
            Either::Right(_) if pinged => break,
            Either::Right(_) => {
                pinged = true;
                let ping = GUEST_PING.to_owned();
                // Waits until the socket is open, but not for ever.
                let patience = pin!(sleep(PING_AFTER_MS as i32));
                if let Either::Left((Ok(()), _)) = select(send.send(Message::Text(ping)), patience).await {
                    continue;
                }
                break;
            }
        };
        let Some(Ok(message)) = next else { break };
        let Message::Text(text) = message else { continue };
        if !first && !heard {
            load(Changed::Anything);
        }
        (heard, pinged) = (true, false);
        let Ok(said) = serde_json::from_str::<ToGuest>(&text) else { continue };
        match said.kind.as_str() {
            "closing" if said.reconnect => break,
            "closing" => return End::Closed(said.reason),
            "scene" => load(Changed::Model),
            "talked" => load(Changed::Comments),
            // Signs of life, and what later versions may say to someone else.
            _ => {}
        }
    }
    if heard { End::Lost } else { End::Silent }
}
