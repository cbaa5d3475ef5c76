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
    use crate::sync::ToClient;
    use futures::StreamExt;
    use gloo_net::websocket::Message;
    use gloo_net::websocket::futures::WebSocket;

    /// Seconds between attempts to listen again.
    const RETRY_SECS: u64 = 5;

    pub fn listen(token: &str, load: impl Fn() + Clone + 'static, closed: RwSignal<Option<String>>) {
        let Some(location) = web_sys::window().map(|w| w.location()) else { return };
        let (Ok(protocol), Ok(host)) = (location.protocol(), location.host()) else { return };
        let scheme = if protocol == "https:" { "wss" } else { "ws" };
        let url = format!("{scheme}://{host}/api/share/{}/socket", encode(token));
        attempt(url, load, closed);
    }

    fn attempt(url: String, load: impl Fn() + Clone + 'static, closed: RwSignal<Option<String>>) {
        leptos::task::spawn_local(async move {
            if let Ok(mut socket) = WebSocket::open(&url) {
                while let Some(Ok(message)) = socket.next().await {
                    let Message::Text(text) = message else { continue };
                    match serde_json::from_str::<ToClient>(&text) {
                        Ok(ToClient::Closing { reason, reconnect: false }) => {
                            // The page may be gone already.
                            let _ = closed.try_set(Some(reason));
                            return;
                        }
                        Ok(ToClient::Closing { .. }) => break,
                        // Anything else means that the design moved on.
                        _ => load(),
                    }
                }
            }
            let again = move || {
                if closed.try_with_untracked(Option::is_none) == Some(true) {
                    attempt(url, load, closed);
                }
            };
            set_timeout(again, std::time::Duration::from_secs(RETRY_SECS));
        });
    }
}
