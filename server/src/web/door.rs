//! The API as the page calls it while it is rendered here: the same router, in memory, as the same visitor.

use crate::auth::origin::Internal;
use app::api::client::{Answer, Door};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Request, header};
use std::net::SocketAddr;
use std::pin::Pin;
use tower::ServiceExt as _;

/// Largest answer taken into a page, bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What tells who asks, from where and with what.
const CARRIED: [HeaderName; 4] =
    [header::COOKIE, header::HOST, header::USER_AGENT, HeaderName::from_static("x-forwarded-for")];

/// One visitor's door.
pub struct InMemory {
    router: Router,
    headers: Vec<(HeaderName, HeaderValue)>,
    peer: Option<ConnectInfo<SocketAddr>>,
}

impl InMemory {
    /// `router`: the API; `parts`: the request whose page is rendered.
    pub fn new(router: Router, parts: &Parts) -> Self {
        Self {
            router,
            headers: parts
                .headers
                .iter()
                .filter(|(name, _)| CARRIED.contains(name))
                .map(|(n, v)| (n.clone(), v.clone()))
                .collect(),
            peer: parts.extensions.get::<ConnectInfo<SocketAddr>>().copied(),
        }
    }
}

impl Door for InMemory {
    fn call(
        &self,
        method: &'static str,
        path: String,
        body: Option<Vec<u8>>,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        let router = self.router.clone();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(peer) = self.peer {
            request = request.extension(peer);
        }
        // Rendering a page changes nothing; only then may it go without an origin.
        if method == "GET" {
            request = request.extension(Internal);
        }
        let request = request.body(body.map_or_else(Body::empty, Body::from));
        Box::pin(async move {
            let Ok(request) = request else { return (404, Vec::new()) };
            let Ok(response) = router.oneshot(request).await;
            let status = response.status().as_u16();
            let body = axum::body::to_bytes(response.into_body(), ANSWER_BYTES_MAX).await.unwrap_or_default();
            (status, body.to_vec())
        })
    }
}
