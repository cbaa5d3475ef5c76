//! What machines ask: is it alive, how much does it do, what can it do.

use crate::auth::{Action, Actor, Object, can};
use crate::telemetry::metrics;
use crate::{Error, State};
use axum::Json;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longest part of a browser's report that is logged, bytes.
const REPORT_BYTES_MAX: usize = 4096;

/// Under `/api`.
pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(openapi)).routes(routes!(csp_report))
}

/// The description of this API.
#[utoipa::path(get, path = "/api/openapi.json", tag = "machine", responses((status = 200, content_type = "application/json")))]
async fn openapi(state: State, actor: Actor) -> Result<Response, Error> {
    can(&state, &actor, Action::See, Object::Public).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], crate::openapi_json()).into_response())
}

/// Where browsers report what the content security policy stopped.
#[utoipa::path(post, path = "/api/csp-report", tag = "machine", request_body(content = String, content_type = "application/csp-report"),
    responses((status = 200)))]
async fn csp_report(state: State, actor: Actor, body: Bytes) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::See, Object::Public).await?;
    let text = String::from_utf8_lossy(&body[..body.len().min(REPORT_BYTES_MAX)]);
    tracing::warn!(report = %redacted(&text), "content security policy");
    ::metrics::counter!("csp_reports_total").increment(1);
    Ok(Json(()))
}

/// A report quotes addresses; secrets in them stay out of the log.
fn redacted(report: &str) -> String {
    let mut text = report.replace(['\n', '\r'], " ").replace("\\/", "/");
    for place in ["/share/", "/invite/", "/reset/"] {
        let mut from = 0;
        while let Some(at) = text[from..].find(place) {
            let start = from + at + place.len();
            let length = text[start..]
                .find(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)))
                .unwrap_or(text.len() - start);
            text.replace_range(start..start + length, "…");
            from = start;
        }
    }
    text
}

/// `GET /healthz`: 200 when the database answers. Outside the API, so that a probe needs no right and no limit.
pub async fn healthz(state: State) -> Result<&'static str, Error> {
    sqlx::query("SELECT 1").fetch_one(state.db.reader()).await?;
    Ok("ok\n")
}

/// `GET /metrics`: for administrators, and for a scraper on this machine that no proxy stands in front of.
pub async fn metrics(state: State, actor: Actor, parts: Parts) -> Response {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let is_local = peer.is_some_and(|ip| ip.is_loopback())
        && state.config.trusted_proxies.is_empty()
        && !parts.headers.contains_key("x-forwarded-for")
        && !parts.headers.contains_key(header::ORIGIN);
    let is_allowed = can(&state, &actor, Action::See, Object::Installation).await.is_ok();
    if !is_local && !is_allowed {
        return StatusCode::NOT_FOUND.into_response();
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics::text()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_lose_their_secrets() {
        let report = r#"{"document-uri":"http:\/\/x\/share\/abc_DEF-1?x","referrer":"http://x/reset/zzz"}"#;
        let text = redacted(report);
        assert!(!text.contains("abc_DEF") && !text.contains("zzz"), "{text}");
        assert_eq!(redacted("/share/"), "/share/…");
    }
}
