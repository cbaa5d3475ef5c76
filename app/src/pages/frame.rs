//! What surrounds the pages of a signed-in person: who they are, the navigation, the way to the login.

use crate::api::Problem;
use crate::api::auth::Me;
use crate::api::client::Client;
use crate::talk::Bell;
use crate::ui::{Avatar, Glyph, Icon, Menu, ThemeToggle};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::{A, Redirect};
use leptos_router::hooks::use_location;

/// Who is signed in, asked once per document.
#[derive(Clone, Copy)]
pub struct Session {
    pub me: Resource<Result<Me, Problem>>,
}

impl Session {
    /// Asks again and waits, so that the next page already knows.
    pub async fn learn(&self, client: &Client) {
        let me = client.me().await;
        self.me.set(Some(me));
    }

    /// Leaves by loading the login anew: nothing of the person may stay in the page's memory.
    pub fn leave() {
        crate::doc::sign_out();
        #[cfg(feature = "browser")]
        if let Some(Ok(Some(storage))) = web_sys::window().map(|w| w.session_storage()) {
            // Nothing there when it is refused.
            let _ = storage.clear();
        }
        if let Err(e) = window().location().assign("/login") {
            leptos::logging::warn!("the login page cannot be opened: {e:?}");
        }
    }
}

pub fn provide_session() {
    let client = Client::current();
    let me = Resource::new(
        || (),
        move |()| {
            let client = client.clone();
            async move { client.me().await }
        },
    );
    provide_context(Session { me });
}

pub fn use_session() -> Session {
    // `App` provides it around every page.
    expect_context()
}

/// The signed-in person; only inside [`Frame`] or [`Guard`].
pub fn use_me() -> Me {
    expect_context()
}

/// Shows its children to signed-in people and sends others to the login, back here afterwards.
#[component]
pub fn Guard(children: ChildrenFn) -> impl IntoView {
    let session = use_session();
    let location = use_location();
    let children = StoredValue::new(children);
    view! {
        <Suspense fallback=|| view! { <div class="page-wait" aria-busy="true"></div> }>
            {move || {
                let pathname = location.pathname;
                Suspend::new(async move {
                    match session.me.await {
                        // Until they have a second factor, nothing else opens.
                        Ok(me) if me.must_enrol && pathname.get_untracked() != "/account" => {
                            view! { <Redirect path="/account" /> }.into_any()
                        }
                        Ok(me) => {
                            provide_context(me);
                            children.with_value(|c| c()).into_any()
                        }
                        Err(problem) if problem.code == "unauthenticated" => {
                            let next = pathname.get_untracked();
                            let path = if next == "/" { "/login".to_string() } else { format!("/login?next={next}") };
                            view! { <Redirect path=path /> }.into_any()
                        }
                        Err(problem) => view! { <Fault problem=problem /> }.into_any(),
                    }
                })
            }}
        </Suspense>
    }
    .into_any()
}

/// A page of a signed-in person, with the navigation at its top.
#[component]
pub fn Frame(#[prop(into)] title: String, children: ChildrenFn) -> impl IntoView {
    let children = StoredValue::new(children);
    view! {
        <Title text=title />
        <Guard>
            <Bar />
            <main class="page" id="main">{children.with_value(|c| c())}</main>
        </Guard>
    }
    .into_any()
}

#[component]
fn Bar() -> impl IntoView {
    let me = use_me();
    view! {
        <header class="bar">
            <A href="/" attr:class="brand" attr:aria-label="Brunel, home"><Mark />"Brunel"</A>
            <nav class="tabs" aria-label="Pages">
                <A href="/" exact=true attr:data-testid="nav-home">"Designs"</A>
                <A href="/board" attr:data-testid="nav-board">"Board"</A>
                <A href="/runs" attr:data-testid="nav-runs">"Runs"</A>
                {super::audit::reads(&me).then(|| view! { <A href="/people" attr:data-testid="nav-people">"People"</A> })}
                {super::audit::reads(&me).then(|| view! { <A href="/audit" attr:data-testid="nav-audit">"Audit"</A> })}
            </nav>
            <span class="grow"></span>
            <span class="organisation">{me.organisation_name.clone()}</span>
            <Bell />
            <ThemeToggle />
            <PersonMenu />
        </header>
    }
    .into_any()
}

/// The avatar with what a person can do about themselves.
#[component]
pub fn PersonMenu() -> impl IntoView {
    let me = use_me();
    let client = StoredValue::new(Client::current());
    let (name, hue, email) = (me.name.clone(), me.hue, me.email.clone());
    let label = format!("Account of {}", me.name);
    let leave = move || {
        let client = client.get_value();
        leptos::task::spawn_local(async move {
            // Signed out on the server or not reachable: either way the login page says what holds.
            let _ = client.logout().await;
            Session::leave();
        });
    };
    view! {
        <Menu
            button=move || view! { <Avatar name=name.clone() hue=hue /> } label=label testid="person-menu"
            class="avatar-button" right=true
        >
            <p class="menu-note">{email.clone()}</p>
            <A href="/account" attr:class="menu-item" attr:role="menuitem" attr:data-testid="menu-account">
                <Icon glyph=Glyph::Person />"Account"
            </A>
            <A href="/notices" attr:class="menu-item" attr:role="menuitem">
                <Icon glyph=Glyph::Info />"Third-party licences"
            </A>
            <button type="button" class="menu-item" role="menuitem" data-testid="logout" on:click=move |_| leave()>
                <Icon glyph=Glyph::Leave />"Sign out"
            </button>
        </Menu>
    }
    .into_any()
}

/// The sign: a bridge's arch.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" width="20" height="20" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="7"></rect>
            <path d="M5 22.5h22M7 22.5c0-7 4-11.5 9-11.5s9 4.5 9 11.5M11.5 22.5v-9M16 22.5V11M20.5 22.5v-9"></path>
        </svg>
    }
    .into_any()
}

/// Something that could not be loaded, and what to do.
#[component]
pub fn Fault(problem: Problem) -> impl IntoView {
    view! {
        <div class="empty" role="alert">
            <Icon glyph=Glyph::Warning size=24 />
            <p>{problem.message}</p>
            <a class="button" href="">"Try again"</a>
        </div>
    }
    .into_any()
}

#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Title text="Not found" />
        <main class="page">
            <div class="empty" data-testid="not-found">
                <Icon glyph=Glyph::Search size=24 />
                <h1>"There is nothing at this address"</h1>
                <p>"The design may have been deleted, or the link may be mistyped."</p>
                <A href="/" attr:class="button">"To the designs"</A>
            </div>
        </main>
    }
    .into_any()
}
