//! Requests to the server, with the token, and its refusals in its own words.

use crate::jobs::door::client;
use anyhow::{Result, anyhow, bail};
use app::api::Problem;
use std::time::Duration;

/// Longest wait for an answer: an export of a large run takes its time.
const PATIENCE: Duration = Duration::from_secs(300);

pub struct Door {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Door {
    /// `authority`: PEM of a certificate to trust instead of the system's.
    ///
    /// # Errors
    /// When `url` is no address, or the certificate cannot be read.
    pub fn new(url: &str, token: &str, authority: Option<&[u8]>) -> Result<Self> {
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { http: client(&url, authority)?, url, token: token.trim().to_owned() })
    }

    /// # Errors
    /// As [`Remote`](super) says.
    pub async fn get(&self, path: &str) -> Result<Vec<u8>> {
        self.send(self.http.get(format!("{}{path}", self.url))).await
    }

    /// # Errors
    /// As [`Remote`](super) says.
    pub async fn post(&self, path: &str, form: &str, body: Vec<u8>) -> Result<Vec<u8>> {
        self.send(self.http.post(format!("{}{path}", self.url)).header("content-type", form).body(body)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>> {
        let answer = request.bearer_auth(&self.token).timeout(PATIENCE).send().await;
        let answer = answer.map_err(|e| anyhow!(e.without_url()).context(format!("{} does not answer", self.url)))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|e| anyhow!(e.without_url()))?;
        if status.is_success() {
            return Ok(body.to_vec());
        }
        if status.as_u16() == 401 {
            bail!("the server does not take this token: it is wrong, expired or taken back");
        }
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Err(match problem.field {
                Some(field) => anyhow!("{field}: {}", problem.message),
                None => anyhow!(problem.message),
            }),
            Err(_) => Err(anyhow!("the server answered {status}")),
        }
    }
}
