//! The built files: from a folder, or from inside the binary (feature `embed`), precompressed.

use crate::State;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::path::{Path as File, PathBuf};

/// Where the page finds its files.
pub const BASE: &str = "/assets";

#[cfg(feature = "embed")]
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/assets.rs"));
}

/// The files beside the page.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    root: PathBuf,
    /// Plain name to hashed name.
    manifest: BTreeMap<String, String>,
}

impl Assets {
    /// Reads `manifest.json` from `root`, or from inside the binary. Without one, pages come without scripts, and the log says so.
    pub fn open(root: &File) -> Self {
        let text = read(root, "manifest.json");
        let manifest = text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_else(|| {
            tracing::warn!(
                "no web assets in {}: pages will not wake up; build them with `cargo xtask web`",
                root.display()
            );
            BTreeMap::new()
        });
        Self { root: root.to_owned(), manifest }
    }

    pub fn manifest(&self) -> &BTreeMap<String, String> {
        &self.manifest
    }

    fn get(&self, name: &str) -> Option<Bytes> {
        let is_plain = name.split('/').all(|part| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        });
        if is_plain { read(&self.root, name) } else { None }
    }
}

fn read(root: &File, name: &str) -> Option<Bytes> {
    #[cfg(feature = "embed")]
    if let Ok(at) = embedded::FILES.binary_search_by_key(&name, |(name, _)| name) {
        return Some(Bytes::from_static(embedded::FILES[at].1));
    }
    std::fs::read(root.join(name)).ok().map(Bytes::from)
}

/// `GET /assets/{name}`
pub async fn get(state: State, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let found = compressed(&state.assets, &name, accepted).or_else(|| Some((state.assets.get(&name)?, None)));
    let Some((bytes, encoding)) = found else { return StatusCode::NOT_FOUND.into_response() };
    let mut answer = HeaderMap::new();
    // `application/wasm` lets browsers compile while downloading.
    let kind = match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("wasm") => "application/wasm",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        _ => mime_guess::from_path(&name).first_raw().unwrap_or("application/octet-stream"),
    };
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let is_hashed = state.assets.manifest.values().any(|hashed| *hashed == name);
    let keep = if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Some(encoding) = encoding {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    (answer, bytes).into_response()
}

fn compressed(assets: &Assets, name: &str, accepted: &str) -> Option<(Bytes, Option<&'static str>)> {
    let accepts = |wanted: &str| {
        accepted.split(',').any(|part| {
            let (coding, rest) = part.split_once(';').unwrap_or((part, ""));
            coding.trim() == wanted && !matches!(rest.trim(), "q=0" | "q=0.0")
        })
    };
    [("br", "br"), ("gzip", "gz")]
        .iter()
        .filter(|(coding, _)| accepts(coding))
        .find_map(|(coding, suffix)| Some((assets.get(&format!("{name}.{suffix}"))?, Some(*coding))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_the_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("web")).expect("made");
        std::fs::write(folder.path().join("secret"), b"x").expect("written");
        std::fs::write(folder.path().join("web/a.js"), b"y").expect("written");
        let assets = Assets::open(&folder.path().join("web"));
        assert!(assets.get("a.js").is_some());
        for name in ["../secret", "..", "/etc/passwd", "", "a.js/../../secret", ".hidden", "a\0.js"] {
            assert!(assets.get(name).is_none(), "{name}");
        }
    }

    #[test]
    fn the_best_accepted_encoding_is_served() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["a.js", "a.js.br", "a.js.gz"] {
            std::fs::write(folder.path().join(name), name).expect("written");
        }
        let assets = Assets::open(folder.path());
        let check = |accepted: &str, wanted: Option<&str>| {
            assert_eq!(compressed(&assets, "a.js", accepted).and_then(|found| found.1), wanted, "{accepted}");
        };
        check("gzip, deflate, br, zstd", Some("br"));
        check("gzip", Some("gzip"));
        check("br;q=0, gzip", Some("gzip"));
        check("identity", None);
    }
}
