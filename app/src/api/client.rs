//! The one client of the REST API: in the browser over `fetch`, while rendering on the server through the same router in
//! memory, so that both meet the same policy.

mod route;

pub use route::{Insider, audit_query};

use super::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;
#[cfg(feature = "ssr")]
use std::sync::Arc;

/// Status and body of an answer.
pub type Answer = (u16, Vec<u8>);

/// The router in memory, with the cookies of the request being rendered.
#[cfg(feature = "ssr")]
pub trait Door: Send + Sync {
    /// `path` begins with `/api/`; `body` is JSON.
    fn call(
        &self,
        method: &'static str,
        path: String,
        body: Option<Vec<u8>>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send>>;
}

/// A handle on the API. On the server it is provided as context; in the browser [`Client::current`] makes one.
#[derive(Clone, Default)]
pub struct Client {
    #[cfg(feature = "ssr")]
    door: Option<Arc<dyn Door>>,
}

fn unavailable() -> Problem {
    Problem {
        code: "unavailable".into(),
        message: "The server does not answer. Check the connection and try again.".into(),
        field: None,
    }
}

/// Reads a status and body as the answer's value or its problem.
///
/// # Errors
/// The server's [`Problem`], or one that says that it could not be understood.
fn read<T: DeserializeOwned>((status, body): Answer) -> Result<T, Problem> {
    if (200..300).contains(&status) {
        let body: &[u8] = if body.is_empty() { b"null" } else { &body };
        return serde_json::from_slice(body).map_err(|_| Problem {
            code: "unavailable".into(),
            message: "The server answered in a form this page does not know. Reload the page.".into(),
            field: None,
        });
    }
    Err(serde_json::from_slice(&body).unwrap_or_else(|_| match status {
        401 => Problem { code: "unauthenticated".into(), message: "Sign in first.".into(), field: None },
        403 => Problem { code: "forbidden".into(), message: "You may not do this.".into(), field: None },
        404 => Problem { code: "not_found".into(), message: "This is not here any more.".into(), field: None },
        413 => Problem { code: "invalid".into(), message: "The file is too large.".into(), field: None },
        429 => Problem { code: "too_fast".into(), message: "Too many at once; wait a moment.".into(), field: None },
        _ => unavailable(),
    }))
}

/// Percent-encodes a path segment or query value.
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => (b as char).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

/// `?a=1&b=2` of the pairs that have a value.
fn query(pairs: &[(&str, Option<String>)]) -> String {
    let parts: Vec<String> =
        pairs.iter().filter_map(|(k, v)| v.as_ref().map(|v| format!("{k}={}", encode(v)))).collect();
    if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
}

fn word<T: Serialize>(value: T) -> Option<String> {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(String::from))
}

impl Client {
    #[cfg(feature = "ssr")]
    pub fn in_memory(door: Arc<dyn Door>) -> Self {
        Self { door: Some(door) }
    }

    /// The server's client of this request, or the browser's.
    pub fn current() -> Self {
        leptos::prelude::use_context::<Self>().unwrap_or_default()
    }

    #[cfg(feature = "ssr")]
    fn send(
        &self,
        method: &'static str,
        path: String,
        body: Option<Vec<u8>>,
    ) -> impl Future<Output = Answer> + Send + use<> {
        let door = self.door.clone();
        async move {
            match door {
                Some(door) => door.call(method, path, body).await,
                None => (503, Vec::new()),
            }
        }
    }

    #[cfg(all(feature = "browser", not(feature = "ssr")))]
    fn send(
        &self,
        method: &'static str,
        path: String,
        body: Option<Vec<u8>>,
    ) -> impl Future<Output = Answer> + Send + use<> {
        send_wrapper::SendWrapper::new(async move {
            use gloo_net::http::{Method, RequestBuilder};
            let method = method.parse::<Method>().unwrap_or(Method::GET);
            let request = RequestBuilder::new(&path).method(method).header("accept", "application/json");
            let sent = match body {
                Some(body) => {
                    let text = String::from_utf8(body).unwrap_or_default();
                    request.header("content-type", "application/json").body(text)
                }
                None => request.build(),
            };
            let Ok(request) = sent else { return (503, Vec::new()) };
            match request.send().await {
                Ok(response) => (response.status(), response.binary().await.unwrap_or_default()),
                Err(_) => (503, Vec::new()),
            }
        })
    }

    #[cfg(not(any(feature = "ssr", feature = "browser")))]
    fn send(&self, _: &'static str, _: String, _: Option<Vec<u8>>) -> impl Future<Output = Answer> + Send + use<> {
        std::future::ready((503, Vec::new()))
    }

    fn ask<T: DeserializeOwned + 'static>(
        &self,
        method: &'static str,
        path: String,
        body: Option<Vec<u8>>,
    ) -> Answering<T> {
        let answer = self.send(method, path, body);
        Box::pin(async move { read(answer.await) })
    }

    fn get<T: DeserializeOwned + 'static>(&self, path: impl Into<String>) -> Answering<T> {
        self.ask("GET", path.into(), None)
    }

    fn with<T: DeserializeOwned + 'static>(
        &self,
        method: &'static str,
        path: impl Into<String>,
        body: impl Serialize,
    ) -> Answering<T> {
        // Plain request types always serialise.
        self.ask(method, path.into(), Some(serde_json::to_vec(&body).unwrap_or_default()))
    }

    /// Bytes at `path`, for scenes and artefacts.
    pub fn bytes(&self, path: &str) -> Answering<Vec<u8>> {
        let answer = self.send("GET", path.into(), None);
        Box::pin(async move {
            let (status, body) = answer.await;
            if (200..300).contains(&status) {
                Ok(body)
            } else {
                read::<serde_json::Value>((status, body)).map(|_| Vec::new())
            }
        })
    }
}

/// Sends bytes that are no JSON.
#[cfg(all(feature = "browser", not(feature = "ssr")))]
fn post_raw<T: DeserializeOwned + 'static>(path: String, body: wasm_bindgen::JsValue) -> Answering<T> {
    Box::pin(send_wrapper::SendWrapper::new(async move {
        let request =
            gloo_net::http::Request::post(&path).header("content-type", "application/octet-stream").body(body);
        let Ok(request) = request else { return Err(unavailable()) };
        let response = request.send().await.map_err(|_| unavailable())?;
        read((response.status(), response.binary().await.unwrap_or_default()))
    }))
}

/// An answer on its way.
pub type Answering<T> = std::pin::Pin<Box<dyn Future<Output = Result<T, Problem>> + Send>>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::design::DesignState;

    #[test]
    fn queries_carry_only_what_is_given_and_are_encoded() {
        let pairs = [("state", None), ("search", Some("a b&c".to_string()))];
        assert_eq!(query(&pairs), "?search=a%20b%26c");
        assert_eq!(query(&[("state", None)]), "");
        assert_eq!(word(DesignState::Bin).as_deref(), Some("bin"));
    }

    #[test]
    fn answers_become_values_or_problems() {
        assert_eq!(read::<Vec<u32>>((200, b"[1,2]".to_vec())), Ok(vec![1, 2]));
        assert_eq!(read::<serde_json::Value>((204, Vec::new())), Ok(serde_json::Value::Null));
        let problem = br#"{"code":"invalid","message":"too short","field":"name"}"#.to_vec();
        assert_eq!(read::<u32>((422, problem)).unwrap_err().field.as_deref(), Some("name"));
        assert_eq!(read::<u32>((401, Vec::new())).unwrap_err().code, "unauthenticated");
        assert_eq!(read::<u32>((200, b"{".to_vec())).unwrap_err().code, "unavailable");
    }
}
