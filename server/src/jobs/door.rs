//! The worker's door to its server: HTTP with a token, and what to think of each answer.

use super::wire::{Assignment, Checkpoint, Claim, End, Heard, Heartbeat, Lease, Publish, Reports, Wish};
use anyhow::Context as _;
use bytes::Bytes;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Time for a message that does not wait, on top of its transfer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Time for an artefact to go over a slow line.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(600);

#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The lease is over: nothing this worker says about the run counts any more.
    #[error("the lease is over")]
    Fenced,
    /// Not worth repeating: wrong token, wrong version, refused bytes.
    #[error("the server refuses ({0}): {1}")]
    Refused(StatusCode, String),
    /// Worth repeating.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
}

impl DoorError {
    pub fn passing(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}

/// What sends requests to the server at `base`. `authority`: a certificate (PEM) to trust instead of the system's.
///
/// # Errors
/// When `base` is no address, or the certificate cannot be read.
pub fn client(base: &str, authority: Option<&[u8]>) -> anyhow::Result<reqwest::Client> {
    reqwest::Url::parse(base).with_context(|| format!("'{base}' is not an address; write https://host:port"))?;
    // Refused when the process has a provider already, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut http = reqwest::Client::builder().connect_timeout(Duration::from_secs(5)).no_proxy();
    if let Some(pem) = authority {
        http = http.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem)?);
    } else if base.starts_with("http:") {
        // No certificate will be looked at: do not ask the system for its own.
        http = http.tls_certs_only([]);
    }
    Ok(http.build()?)
}

#[derive(Clone)]
pub struct Door {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Door {
    /// A door to the server at `base` (`https://brunel.example`).
    ///
    /// `authority`: a certificate (PEM) to trust instead of the system's, for a server with a certificate of its own making.
    ///
    /// # Errors
    /// When `base` is no address, or the certificate cannot be read.
    pub fn new(base: &str, token: &str, authority: Option<&[u8]>) -> anyhow::Result<Self> {
        let base = base.trim_end_matches('/').to_string();
        let http = client(&base, authority)?;
        Ok(Self { http, base, token: token.to_string() })
    }

    fn request(&self, method: Method, path: &str, patience: Duration) -> RequestBuilder {
        self.http.request(method, format!("{}/api/worker/{path}", self.base)).bearer_auth(&self.token).timeout(patience)
    }

    async fn post<Q: Serialize + Sync, A: DeserializeOwned>(
        &self,
        path: &str,
        body: &Q,
        wait_ms: u64,
    ) -> Result<A, DoorError> {
        let patience = PATIENCE + Duration::from_millis(wait_ms);
        let response = answered(self.request(Method::POST, path, patience).json(body)).await?;
        response.json().await.map_err(|e| DoorError::Unreachable(e.to_string()))
    }

    /// Waits for work; `None` when there was none.
    ///
    /// # Errors
    /// [`DoorError`]
    pub async fn claim(&self, claim: &Claim) -> Result<Option<Assignment>, DoorError> {
        self.post("claim", claim, claim.wait_ms).await
    }

    /// # Errors
    /// [`DoorError`]
    pub async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<Wish, DoorError> {
        self.post::<_, Heard>("heartbeat", heartbeat, heartbeat.wait_ms).await.map(|heard| heard.wish)
    }

    /// # Errors
    /// [`DoorError`]
    pub async fn report(&self, reports: &Reports) -> Result<Wish, DoorError> {
        self.post::<_, Heard>("report", reports, 0).await.map(|heard| heard.wish)
    }

    /// # Errors
    /// [`DoorError`]
    pub async fn publish(&self, publish: &Publish) -> Result<(), DoorError> {
        self.post::<_, Heard>("publish", publish, 0).await.map(|_| ())
    }

    /// # Errors
    /// [`DoorError`]
    pub async fn end(&self, end: &End) -> Result<(), DoorError> {
        self.post::<_, Heard>("end", end, 0).await.map(|_| ())
    }

    /// Uploads bytes under their hash; the server checks it.
    ///
    /// # Errors
    /// [`DoorError`]
    pub async fn upload(&self, lease: &Lease, hash: &str, bytes: Bytes) -> Result<(), DoorError> {
        self.put(lease, &format!("artefacts/{hash}"), bytes).await
    }

    /// Makes uploaded bytes the run's checkpoint.
    ///
    /// # Errors
    /// [`DoorError`]
    pub async fn checkpoint(&self, checkpoint: &Checkpoint) -> Result<Wish, DoorError> {
        self.post::<_, Heard>("checkpoint", checkpoint, 0).await.map(|heard| heard.wish)
    }

    /// Shows an intermediate answer.
    ///
    /// # Errors
    /// [`DoorError`]
    pub async fn partial(&self, lease: &Lease, level: u32, bytes: Bytes) -> Result<(), DoorError> {
        self.put(lease, &format!("partials/{level}"), bytes).await
    }

    async fn put(&self, lease: &Lease, path: &str, bytes: Bytes) -> Result<(), DoorError> {
        answered(self.request(Method::PUT, path, UPLOAD_PATIENCE).query(lease).body(bytes)).await.map(|_| ())
    }

    /// Bytes of an imported file, or of the run's checkpoint.
    ///
    /// # Errors
    /// [`DoorError`]
    pub async fn file(&self, lease: &Lease, hash: &str) -> Result<Bytes, DoorError> {
        let response =
            answered(self.request(Method::GET, &format!("files/{hash}"), UPLOAD_PATIENCE).query(lease)).await?;
        response.bytes().await.map_err(|e| DoorError::Unreachable(e.to_string()))
    }
}

/// Sends and sorts the answer.
async fn answered(request: RequestBuilder) -> Result<reqwest::Response, DoorError> {
    let response = request.send().await.map_err(|e| DoorError::Unreachable(chain(&e)))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text = response.text().await.unwrap_or_default();
    let message = serde_json::from_str::<app::api::Problem>(&text).map_or(text, |problem| problem.message);
    Err(match status {
        StatusCode::CONFLICT => DoorError::Fenced,
        s if s.is_server_error() || s == StatusCode::TOO_MANY_REQUESTS => {
            DoorError::Unreachable(format!("{s}: {message}"))
        }
        s => DoorError::Refused(s, message),
    })
}

/// reqwest's own text leaves out the cause, which is what one wants to know.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        text = format!("{text}: {e}");
        cause = e.source();
    }
    text
}
