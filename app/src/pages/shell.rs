//! The HTML document around the page.

use super::App;
use super::asset::{Assets, MANIFEST_ID};
use super::share::SharePage;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

/// Sets the theme before anything is painted.
const THEME_SCRIPT: &str = "try{document.documentElement.setAttribute('data-theme',\
                            localStorage.getItem('brunel-theme')||'system')}catch(e){}";

/// The two modules a document can come to life with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// [`App`].
    Page,
    /// What a guest with this share link's token gets, in a module of its own: someone who only looks need not download
    /// the editor.
    Viewer { token: String },
}

impl Entry {
    /// Which one serves the address `path`.
    pub fn of(path: &str) -> Self {
        match path.strip_prefix("/share/") {
            Some(token) => Self::Viewer { token: token.trim_end_matches('/').into() },
            None => Self::Page,
        }
    }

    fn module(&self) -> &'static str {
        match self {
            Self::Page => "frontend",
            Self::Viewer { .. } => "viewer",
        }
    }
}

/// The document. The server must have provided [`Assets`]; scripts carry the response's nonce.
pub fn shell(entry: Entry) -> impl IntoView {
    let assets = Assets::current();
    let nonce = use_nonce();
    let module = entry.module();
    let (js, wasm) = (assets.path(&format!("{module}.js")), assets.path(&format!("{module}_bg.wasm")));
    // Paths come from the build; quoting them as JSON keeps the script whole whatever they hold.
    let quoted = |s: &str| serde_json::to_string(s).unwrap_or_default();
    let start =
        format!("import({}).then(m=>m.default({{module_or_path:{}}}).then(()=>m.start()))", quoted(&js), quoted(&wasm));
    let manifest = serde_json::to_string(&*assets.0).unwrap_or_default().replace('<', "\\u003c");
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                <meta name="description" content="Design, simulate and share engineering parts together." />
                <script nonce=nonce.clone() inner_html=THEME_SCRIPT></script>
                <link rel="icon" type="image/svg+xml" href=assets.path("icon.svg") />
                <link rel="stylesheet" href=assets.path("brunel.css") />
                <link rel="modulepreload" href=js nonce=nonce.clone() />
                <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
                <script type="application/json" id=MANIFEST_ID nonce=nonce.clone() inner_html=manifest></script>
                <script type="module" nonce=nonce inner_html=start></script>
                <MetaTags />
            </head>
            <body>
                {match entry {
                    Entry::Page => view! { <App /> }.into_any(),
                    Entry::Viewer { token } => view! { <SharePage token=token /> }.into_any(),
                }}
            </body>
        </html>
    }
}
