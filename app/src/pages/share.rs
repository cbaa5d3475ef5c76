//! What a guest with a link sees: look, cut, measure; change nothing.
//!
//! The server writes the page as it will look, with its own answer about the link in it; the browser makes it anew in that
//! place. Waking the server's HTML up, as the other pages do, would make the guest's module a third larger.

use super::frame::Mark;
use crate::api::Problem;
use crate::api::client::{Client, encode};
use crate::api::share::SharedDesign;
use crate::panels::desk::Desk;
use crate::panels::keys::{KeySheet, listen};
use crate::panels::measure::MeasurePanel;
use crate::panels::section::SectionPanel;
use crate::panels::toolbar::LookTools;
use crate::panels::view::{View, look};
use crate::ui::{Glyph, Icon, ThemeToggle, Toasts, day, provide_notices, provide_theme};
use crate::viewport::ViewCommand;
use leptos::prelude::*;
use solver::scene::Scene;
use std::rc::Rc;
use std::sync::Arc;

/// What the server knows of a link.
type Answer = Result<SharedDesign, Problem>;

/// Id of the element that carries the [`Answer`] to the browser.
const ANSWER_ID: &str = "shared";

/// The page as the server writes it.
#[cfg(feature = "ssr")]
#[component]
pub fn SharePage(token: String) -> impl IntoView {
    leptos_meta::provide_meta_context();
    let client = Client::current();
    let answer = {
        let token = token.clone();
        Resource::new(
            || (),
            move |()| {
                let (client, token) = (client.clone(), token.clone());
                async move { client.shared_design(&token).await }
            },
        )
    };
    view! {
        <Suspense fallback=|| view! { <div class="page-wait" aria-busy="true"></div> }>
            {move || {
                let token = token.clone();
                answer
                    .get()
                    .map(|answer| {
                        let json = serde_json::to_string(&answer).unwrap_or_default().replace('<', "\\u003c");
                        let title = answer.as_ref().map_or_else(|_| "Link".into(), |shared| shared.name.clone());
                        view! {
                            <leptos_meta::Title text=super::title(title) />
                            <script type="application/json" id=ANSWER_ID nonce=leptos::nonce::use_nonce() inner_html=json></script>
                            <Viewer token=token answer=answer />
                        }
                    })
            }}
        </Suspense>
    }
    .into_any()
}

/// Puts the page in the place of the server's. Called once, when the module is loaded.
#[cfg(feature = "csr")]
pub fn start_viewer() {
    let document = document();
    let text = document.get_element_by_id(ANSWER_ID).and_then(|e| e.text_content()).unwrap_or_default();
    let answer: Answer = serde_json::from_str(&text).unwrap_or_else(|_| {
        let message = "The server answered in a form this page does not know. Reload the page.".into();
        Err(Problem { code: "unavailable".into(), message, field: None })
    });
    let path = window().location().pathname().unwrap_or_default();
    let token = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default().to_owned();
    if let Some(body) = document.body() {
        // Nothing is painted until both are done.
        body.set_inner_html("");
    }
    leptos::mount::mount_to_body(move || view! { <Viewer token=token answer=answer /> });
}

/// The page of the link `token`.
#[component]
fn Viewer(token: String, answer: Answer) -> impl IntoView {
    provide_theme();
    provide_notices();
    match answer {
        Ok(shared) => view! {
            <Guest token=token name=shared.name by=shared.by expires=shared.expires />
            <Toasts />
        }
        .into_any(),
        Err(problem) => view! { <Gone problem=problem /> }.into_any(),
    }
}

/// The link does not work, or not any more.
#[component]
fn Gone(problem: Problem) -> impl IntoView {
    view! {
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
    #[cfg(feature = "csr")]
    Effect::new(move |_| {
        if closed.with(Option::is_some) {
            document().set_title(&super::title("Link".into()));
        }
    });
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
                    <View wire=look />
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
        #[cfg(feature = "csr")]
        socket::listen(&token, load.clone(), closed);
        #[cfg(not(feature = "csr"))]
        let _ = (&token, closed);
    });
}

#[cfg(feature = "csr")]
mod socket {
    use super::*;
    use crate::doc::{DEAD_AFTER_MS, PING_AFTER_MS, backoff_ms};
    use crate::sync::{GUEST_PING, ToGuest};
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
                load();
            }
            (heard, pinged) = (true, false);
            let Ok(said) = serde_json::from_str::<ToGuest>(&text) else { continue };
            match said.kind.as_str() {
                "closing" if said.reconnect => break,
                "closing" => return End::Closed(said.reason),
                "scene" => load(),
                // Signs of life, and what later versions may say to someone else.
                _ => {}
            }
        }
        if heard { End::Lost } else { End::Silent }
    }
}
