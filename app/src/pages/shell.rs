//! The HTML document around the page.

use super::{App, Viewer};
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the built files are: their plain name (`frontend.js`, `kernel_bg.wasm`, `brunel.css`) to the path they are
/// served at. The server provides it as context; the document carries it to the browser.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assets(pub Arc<BTreeMap<String, String>>);

/// Id of the element that carries the manifest to the browser.
const MANIFEST_ID: &str = "assets";

impl Assets {
    /// `manifest`: plain name to hashed file name; `base`: the folder they are served under, without a slash at its end.
    pub fn new(manifest: &BTreeMap<String, String>, base: &str) -> Self {
        Self(Arc::new(manifest.iter().map(|(name, file)| (name.clone(), format!("{base}/{file}"))).collect()))
    }

    /// The path of `name`; the name itself under `/assets` when the manifest lacks it, so that the fault shows as a
    /// missing file and not as a missing page.
    pub fn path(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_else(|| format!("/assets/{name}"))
    }

    /// The manifest, from the server's context or the document.
    pub fn current() -> Self {
        if let Some(assets) = use_context::<Self>() {
            return assets;
        }
        #[cfg(feature = "hydrate")]
        {
            let text = document().get_element_by_id(MANIFEST_ID).and_then(|e| e.text_content()).unwrap_or_default();
            serde_json::from_str(&text).map(|m| Self(Arc::new(m))).unwrap_or_default()
        }
        #[cfg(not(feature = "hydrate"))]
        Self::default()
    }
}

/// Sets the theme before anything is painted.
const THEME_SCRIPT: &str = "try{document.documentElement.setAttribute('data-theme',\
                            localStorage.getItem('brunel-theme')||'system')}catch(e){}";

/// The two modules a document can wake up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// [`App`].
    Page,
    /// [`Viewer`].
    Viewer,
}

impl Entry {
    /// Which one serves the address `path`.
    pub fn of(path: &str) -> Self {
        if path.starts_with("/share/") { Self::Viewer } else { Self::Page }
    }

    fn module(self) -> &'static str {
        match self {
            Self::Page => "frontend",
            Self::Viewer => "viewer",
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
    let start = format!(
        "import({}).then(m=>m.default({{module_or_path:{}}}).then(()=>m.hydrate()))",
        quoted(&js),
        quoted(&wasm)
    );
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
                    Entry::Viewer => view! { <Viewer /> }.into_any(),
                }}
            </body>
        </html>
    }
}
