//! What a guest with a link sees: look, cut, measure; change nothing.

use super::frame::Mark;
use crate::api::Problem;
use crate::api::client::{Client, encode};
use crate::panels::desk::Desk;
use crate::panels::keys::{KeySheet, listen};
use crate::panels::measure::MeasurePanel;
use crate::panels::section::SectionPanel;
use crate::panels::toolbar::LookTools;
use crate::panels::view::View;
use crate::ui::{Glyph, Icon, ThemeToggle, day};
use crate::viewport::ViewCommand;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use solver::scene::Scene;
use std::rc::Rc;
use std::sync::Arc;

#[component]
pub fn SharePage() -> impl IntoView {
    let params = use_params_map();
    let token = params.with_untracked(|p| p.get("token")).unwrap_or_default();
    let client = Client::current();
    let shared = {
        let (client, token) = (client.clone(), token.clone());
        Resource::new(
            || (),
            move |()| {
                let (client, token) = (client.clone(), token.clone());
                async move { client.shared_design(&token).await }
            },
        )
    };
    let token = StoredValue::new(token);
    view! {
        <Suspense fallback=|| view! { <div class="page-wait" aria-busy="true"></div> }>
            {move || {
                shared
                    .get()
                    .map(|s| match s {
                        Ok(shared) => {
                            view! {
                                <Title text=shared.name.clone() />
                                <Guest token=token.get_value() name=shared.name by=shared.by expires=shared.expires />
                            }
                                .into_any()
                        }
                        Err(problem) => view! { <Gone problem=problem /> }.into_any(),
                    })
            }}
        </Suspense>
    }
    .into_any()
}

/// The link does not work, or not any more.
#[component]
fn Gone(problem: Problem) -> impl IntoView {
    view! {
        <Title text="Link" />
        <main class="session" data-testid="share-gone">
            <div class="session-card">
                <div class="brand large"><Mark />"Brunel"</div>
                <h1>"This link shows nothing any more"</h1>
                <p class="soft">{problem.message}</p>
                <p class="soft">"Ask the person who sent it for a new one."</p>
            </div>
        </main>
    }
    .into_any()
}

#[component]
fn Guest(token: String, name: String, by: String, expires: i64) -> impl IntoView {
    let desk = Desk::new(String::new());
    provide_context(desk);
    desk.perspective.set(false);
    let closed = RwSignal::new(None::<String>);
    let fault = RwSignal::new(None::<String>);
    follow(desk, token, closed, fault);
    listen(desk, false);
    on_cleanup(move || desk.close());
    view! {
        <Show
            when=move || closed.with(Option::is_none)
            fallback=move || {
                let message = closed.get().unwrap_or_default();
                view! { <Gone problem=Problem { code: "gone".into(), message, field: None } /> }
            }
        >
            <div class="editor guest" data-testid="guest">
                <header class="bar">
                    <span class="brand"><Mark /></span>
                    <div class="guest-name">
                        <strong data-testid="guest-design">{name.clone()}</strong>
                        <span class="soft">{format!("shared by {by} · until {}", day(expires))}</span>
                    </div>
                    <span class="grow"></span>
                    <ThemeToggle />
                </header>
                <main class="stage" id="main">
                    <View />
                    <div class="stage-top">
                        <div class="toolbar" role="toolbar" aria-label="Tools"><LookTools /></div>
                    </div>
                    <div class="stage-float">
                        <SectionPanel />
                        <MeasurePanel />
                    </div>
                    {move || {
                        fault
                            .get()
                            .map(|why| {
                                view! {
                                    <div class="empty over" role="alert">
                                        <Icon glyph=Glyph::Warning size=24 />
                                        <p>{why}</p>
                                    </div>
                                }
                            })
                    }}
                </main>
            </div>
            <KeySheet />
        </Show>
    }
    .into_any()
}

/// Fetches the scene now and whenever the socket says that it changed; leaves when the link is revoked.
fn follow(desk: Desk, token: String, closed: RwSignal<Option<String>>, fault: RwSignal<Option<String>>) {
    let load = {
        let token = token.clone();
        move || {
            let (client, path) = (Client::current(), format!("/api/share/{}/scene", encode(&token)));
            leptos::task::spawn_local(async move {
                match client.bytes(&path).await {
                    Ok(bytes) => match Scene::from_bytes(&bytes) {
                        Ok(scene) => {
                            let bytes: Rc<[u8]> = bytes.into();
                            desk.view(ViewCommand::Scene(bytes));
                            desk.scene.set(Some(Arc::new(scene)));
                        }
                        Err(why) => fault.set(Some(why.to_string())),
                    },
                    Err(problem) => fault.set(Some(problem.message)),
                }
            });
        }
    };
    Effect::new(move |_| {
        load();
        #[cfg(all(feature = "hydrate", not(feature = "ssr")))]
        socket::listen(&token, load.clone(), closed);
        #[cfg(not(all(feature = "hydrate", not(feature = "ssr"))))]
        let _ = (&token, closed);
    });
}

#[cfg(all(feature = "hydrate", not(feature = "ssr")))]
mod socket {
    use super::*;
    use crate::doc::{DEAD_AFTER_MS, PING_AFTER_MS, backoff_ms};
    use crate::sync::{ToClient, ToServer};
    use crate::ui::sleep;
    use futures::future::{Either, select};
    use futures::{SinkExt, StreamExt};
    use gloo_net::websocket::Message;
    use gloo_net::websocket::futures::WebSocket;
    use std::pin::pin;

    /// How a connection ended.
    enum End {
        /// For good, with the reason.
        Closed(String),
        /// Lost after it had said something.
        Lost,
        Silent,
    }

    pub fn listen(token: &str, load: impl Fn() + 'static, closed: RwSignal<Option<String>>) {
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
    async fn hear(url: &str, load: &impl Fn(), first: bool) -> End {
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
                    let Ok(ping) = serde_json::to_string(&ToServer::Ping { nonce: 0 }) else { break };
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
                load();
            }
            (heard, pinged) = (true, false);
            match serde_json::from_str::<ToClient>(&text) {
                Ok(ToClient::Closing { reason, reconnect: false }) => return End::Closed(reason),
                Ok(ToClient::Closing { .. }) => break,
                Ok(ToClient::Scene { .. }) => load(),
                // Signs of life, and what later versions may say to someone else.
                _ => {}
            }
        }
        if heard { End::Lost } else { End::Silent }
    }
}
