//! The pages, and which address shows which.

mod account;
mod asset;
mod audit;
mod board;
mod editor;
mod factor;
mod frame;
mod home;
mod notices;
mod people;
mod runs;
mod session;
#[cfg(any(feature = "ssr", feature = "csr"))]
mod share;
#[cfg(feature = "ssr")]
mod shell;
mod token;

pub use account::navigation;
pub use asset::Assets;
pub use frame::{Fault, Frame, Guard, Mark, PersonMenu, use_me};
#[cfg(feature = "csr")]
pub use share::start_viewer;
#[cfg(feature = "ssr")]
pub use shell::{Entry, shell};

use crate::ui::{Toasts, provide_notices, provide_theme};
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

/// The document's title from a page's own. On the server leptos_meta writes it into the document as it is, and it may carry a
/// design's name, so it is escaped here; the browser sets it as text.
fn title(text: String) -> String {
    let text = if text.is_empty() { "Brunel".into() } else { format!("{text} · Brunel") };
    if cfg!(feature = "ssr") { text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;") } else { text }
}

/// The whole page but for the guest's, on the server and in the browser.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_theme();
    provide_notices();
    frame::provide_session();
    view! {
        <Title formatter=title />
        <Router>
            <Routes fallback=frame::NotFound>
                <Route path=path!("/") view=home::Home ssr=SsrMode::Async />
                <Route path=path!("/login") view=session::LogInPage ssr=SsrMode::Async />
                <Route path=path!("/signup") view=session::SignUpPage ssr=SsrMode::Async />
                <Route path=path!("/invite/:token") view=session::InvitePage ssr=SsrMode::Async />
                <Route path=path!("/reset/:token") view=session::ResetPage ssr=SsrMode::Async />
                <Route path=path!("/board") view=board::BoardPage ssr=SsrMode::Async />
                <Route path=path!("/board/:id") view=board::SheetPage ssr=SsrMode::Async />
                <Route path=path!("/runs") view=runs::RunsPage ssr=SsrMode::Async />
                <Route path=path!("/people") view=people::PeoplePage ssr=SsrMode::Async />
                <Route path=path!("/project/:id") view=people::ProjectPage ssr=SsrMode::Async />
                <Route path=path!("/audit") view=audit::AuditPage ssr=SsrMode::Async />
                <Route path=path!("/account") view=account::AccountPage ssr=SsrMode::Async />
                <Route path=path!("/notices") view=notices::NoticesPage ssr=SsrMode::Async />
                <Route path=path!("/design/:id") view=editor::EditorPage ssr=SsrMode::Async />
            </Routes>
        </Router>
        <Toasts />
    }
    .into_any()
}
