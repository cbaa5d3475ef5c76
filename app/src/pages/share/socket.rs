//! The guest's socket: it hears that the model or the comments have changed, and that the link has ended.

use crate::api::Problem;
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
    /// For good, and why.
    Closed(Problem),
    /// Lost after it had said something.
    Lost,
    Silent,
}

/// Listens for as long as the page lives, or until it is told the end. A door that says nothing may be one that is closed:
/// of a socket that was refused the browser tells neither status nor words. So what it would have told is asked for then.
pub fn listen(token: &str, load: impl Fn(Changed) + 'static, over: RwSignal<Option<Problem>>) {
    let Some(location) = web_sys::window().map(|w| w.location()) else { return };
    let (Ok(protocol), Ok(host)) = (location.protocol(), location.host()) else { return };
    let scheme = if protocol == "https:" { "wss" } else { "ws" };
    let url = format!("{scheme}://{host}/api/share/{}/socket", encode(token));
    leptos::task::spawn_local(async move {
        let mut attempts = 0;
        let mut first = true;
        // The signal lives as long as the page.
        while over.try_with_untracked(Option::is_none) == Some(true) {
            match hear(&url, &load, first).await {
                End::Closed(why) => drop(over.try_set(Some(why))),
                End::Lost => attempts = 0,
                End::Silent => {
                    attempts += 1;
                    load(Changed::Anything);
                }
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
            "closing" => return End::Closed(Problem { code: "gone".into(), message: said.reason, field: None }),
            "locked" => return End::Closed(Problem { code: "locked".into(), message: String::new(), field: None }),
            "scene" => load(Changed::Model),
            "talked" => load(Changed::Comments),
            // Signs of life, and what later versions may say to someone else.
            _ => {}
        }
    }
    if heard { End::Lost } else { End::Silent }
}
