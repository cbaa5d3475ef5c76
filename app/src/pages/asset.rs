//! Which built file is which.

use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the built files are: their plain name (`frontend.js`, `kernel_bg.wasm`, `brunel.css`) to the path they are
/// served at. The server provides it as context; the document carries it to the browser.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assets(pub Arc<BTreeMap<String, String>>);

/// Id of the element that carries the manifest to the browser.
pub(super) const MANIFEST_ID: &str = "assets";

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
        #[cfg(feature = "browser")]
        {
            let text = document().get_element_by_id(MANIFEST_ID).and_then(|e| e.text_content()).unwrap_or_default();
            serde_json::from_str(&text).map(|m| Self(Arc::new(m))).unwrap_or_default()
        }
        #[cfg(not(feature = "browser"))]
        Self::default()
    }
}
