//! What a guest with a link sees: the shared bodies to look at, and what the link allows besides; nothing to change.
//!
//! The server writes the page as it will look, with its own answer about the link in it; the browser makes it anew in that
//! place. Waking the server's HTML up, as the other pages do, would make the guest's module a third larger.

mod locked;
#[cfg(feature = "csr")]
mod socket;

use super::frame::Mark;
use crate::api::Problem;
use crate::api::client::{Client, encode};
use crate::api::share::{Allow, SharedDesign};
use crate::panels::desk::Desk;
use crate::panels::keys::{KeySheet, listen};
use crate::panels::measure::MeasurePanel;
use crate::panels::section::SectionPanel;
use crate::panels::toolbar::LookTools;
use crate::panels::view::{View, look};
use crate::studies::AimHint;
use crate::talk::{TalkButton, TalkPanel, TalkPins};
use crate::ui::{Glyph, Icon, Menu, ThemeToggle, Toasts, day, provide_notices, provide_theme};
use crate::viewport::ViewCommand;
use leptos::prelude::*;
use locked::Locked;
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
            <Guest token=token shared=shared />
            <Toasts />
        }
        .into_any(),
        Err(problem) => view! { <Ended token=token problem=problem /> }.into_any(),
    }
}

/// Whether there is nothing more to see through the link as it was opened.
fn is_end(problem: &Problem) -> bool {
    matches!(problem.code.as_str(), "locked" | "gone" | "not_found")
}

/// The page without a picture: the door of a link with a password, a link that works no more, or a server that is away.
#[component]
fn Ended(token: String, problem: Problem) -> impl IntoView {
    if problem.code == "locked" {
        return view! { <Locked token=token /> }.into_any();
    }
    let (heading, advice) = match is_end(&problem) {
        true => ("This link is closed", "Whoever sent it can send a new one."),
        false => ("This cannot be shown now", "The link itself may well be good."),
    };
    let reload = (!is_end(&problem)).then(|| {
        let reload = |_| drop(window().location().reload());
        view! { <button type="button" class="button primary" data-testid="share-reload" on:click=reload>"Reload"</button> }
    });
    view! {
        <main class="session" data-testid="share-gone">
            <div class="session-card">
                <div class="brand large"><Mark />"Brunel"</div>
                <h1>{heading}</h1>
                <p class="soft">{problem.message}</p>
                <p class="soft">{advice}</p>
                {reload}
            </div>
        </main>
    }
    .into_any()
}

/// Keeps the viewport told of what a guest sees.
fn guest_view(desk: Desk) {
    look(desk);
    Effect::new(move |_| desk.view(ViewCommand::Anchors(crate::talk::anchors(desk))));
}

#[component]
fn Guest(token: String, shared: SharedDesign) -> impl IntoView {
    let desk = Desk::new(String::new());
    let SharedDesign { name, by, expires, allow, guest, .. } = shared;
    let forms: Vec<Allow> = Allow::FORMS.into_iter().filter(|f| allow.contains(f)).collect();
    let comments = allow.contains(&Allow::Comment);
    desk.allow.set(Some(allow));
    desk.talking.link.set_value(Some(token.clone()));
    desk.talking.asks_name.set_value(guest.is_none());
    provide_context(desk);
    desk.perspective.set(false);
    let state = Showing { over: RwSignal::new(None), fault: RwSignal::new(None), away: RwSignal::new(None) };
    let Showing { over, fault, away } = state;
    #[cfg(feature = "csr")]
    Effect::new(move |_| {
        if over.with(Option::is_some) {
            document().set_title(&super::title("Link".into()));
        }
    });
    // The comments come through the same door.
    Effect::new(move |_| {
        if let Some(problem) = desk.talking.fault.get().filter(is_end) {
            state.end(problem);
        }
    });
    let address = StoredValue::new(format!("/api/share/{}/export", encode(&token)));
    let ended = token.clone();
    follow(desk, token, comments, state);
    listen(desk, false);
    on_cleanup(move || desk.close());
    let whom = guest.map_or_else(String::new, |guest| format!(" with {guest}"));
    let terms = format!("shared by {by}{whom} · until {}", day(expires));
    view! {
        <Show
            when=move || over.with(Option::is_none)
            fallback=move || over.get().map(|problem| view! { <Ended token=ended.clone() problem=problem /> })
        >
            <div class="editor guest" data-testid="guest">
                <header class="bar">
                    <span class="brand"><Mark /></span>
                    <div class="guest-name">
                        <strong data-testid="guest-design">{name.clone()}</strong>
                        <span class="soft">{terms.clone()}</span>
                    </div>
                    {move || {
                        away.get()
                            .map(|why| {
                                let words = "What you see may be out of date";
                                view! { <span class="chip-text" role="status" data-testid="guest-away" title=why>{words}</span> }
                            })
                    }}
                    <span class="grow"></span>
                    <Downloads forms=forms.clone() address=address />
                    {comments.then(|| view! { <TalkButton /> })}
                    <ThemeToggle />
                </header>
                <div class="guest-body" class:talks=move || desk.talking.open.get()>
                    <main class="stage" id="main">
                        <View wire=guest_view>
                            <TalkPins />
                            <AimHint />
                        </View>
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
                                        <div class="empty over" role="alert" data-testid="guest-fault">
                                            <Icon glyph=Glyph::Warning size=24 />
                                            <p>{why}</p>
                                        </div>
                                    }
                                })
                        }}
                    </main>
                    <Show when=move || desk.talking.open.get()>
                        <aside class="side right talking" aria-label="Comments"><TalkPanel /></aside>
                    </Show>
                </div>
            </div>
            <KeySheet />
        </Show>
    }
    .into_any()
}

/// The shared bodies as files, in the formats that the link allows.
#[component]
fn Downloads(forms: Vec<Allow>, address: StoredValue<String>) -> impl IntoView {
    if forms.is_empty() {
        return ().into_any();
    }
    view! {
        <Menu
            button=|| view! { <Icon glyph=Glyph::Download /> } label="Download" testid="guest-downloads" class="icon-button" right=true
        >
            <p class="menu-note soft">"In mm"</p>
            {forms
                .iter()
                .map(|form| {
                    let href = format!("{}/{}", address.get_value(), form.word());
                    view! {
                        <a class="menu-item" role="menuitem" download rel="external" href=href data-testid=format!("download-{}", form.word())>
                            {form.label()}
                        </a>
                    }
                })
                .collect_view()}
        </Menu>
    }
    .into_any()
}

/// How the page stands beside its picture.
#[derive(Clone, Copy)]
struct Showing {
    /// Nothing more is shown, and why.
    over: RwSignal<Option<Problem>>,
    /// There is no picture, and why.
    fault: RwSignal<Option<String>>,
    /// The picture could not be fetched anew, and why; the one before stays.
    away: RwSignal<Option<String>>,
}

impl Showing {
    /// The first reason stands: after *withdrawn* the server knows of no such link.
    fn end(self, problem: Problem) {
        if self.over.with_untracked(Option::is_none) {
            self.over.set(Some(problem));
        }
    }

    fn refused(self, desk: Desk, problem: Problem) {
        match is_end(&problem) {
            true => self.end(problem),
            false if desk.scene.with_untracked(Option::is_some) => self.away.set(Some(problem.message)),
            false => self.fault.set(Some(problem.message)),
        }
    }

    fn show(self, desk: Desk, bytes: Vec<u8>) {
        match Scene::from_bytes(&bytes) {
            Ok(scene) => {
                let nothing = "None of the bodies that this link shares is in the design now.";
                self.fault.set(scene.bodies.is_empty().then(|| nothing.to_owned()));
                self.away.set(None);
                if desk.scene.with_untracked(|shown| shown.as_deref() == Some(&scene)) {
                    return;
                }
                let bytes: Rc<[u8]> = bytes.into();
                desk.view(ViewCommand::Scene(bytes));
                desk.scene.set(Some(Arc::new(scene)));
            }
            Err(why) => self.fault.set(Some(why.to_string())),
        }
    }
}

/// Fetches the scene now, and it or the comments whenever the socket says that they changed or says nothing; leaves when the
/// link is revoked.
fn follow(desk: Desk, token: String, comments: bool, state: Showing) {
    let load = {
        let token = token.clone();
        move || {
            let (client, path) = (Client::current(), format!("/api/share/{}/scene", encode(&token)));
            leptos::task::spawn_local(async move {
                match client.bytes(&path).await {
                    Ok(bytes) => state.show(desk, bytes),
                    Err(problem) => state.refused(desk, problem),
                }
            });
        }
    };
    Effect::new(move |_| {
        load();
        if comments {
            desk.talking.load(desk);
        }
        #[cfg(feature = "csr")]
        {
            let load = load.clone();
            let changed = move |what| {
                if what != socket::Changed::Comments {
                    load();
                }
                if comments && what != socket::Changed::Model {
                    desk.talking.load(desk);
                }
            };
            socket::listen(&token, changed, state.over);
        }
        #[cfg(not(feature = "csr"))]
        let _ = &token;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What ends a guest's page, and what only holds it up.
    #[test]
    fn a_closed_door_is_told_from_a_server_that_is_away() {
        let problem = |code: &str| Problem { code: code.into(), message: String::new(), field: None };
        for (code, end) in
            [("locked", true), ("not_found", true), ("gone", true), ("unavailable", false), ("too_fast", false)]
        {
            assert_eq!(is_end(&problem(code)), end, "{code}");
        }
    }
}
