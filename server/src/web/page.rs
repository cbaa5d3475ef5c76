//! Pages, rendered by leptos with the visitor's own rights.

use super::asset::BASE;
use super::door::InMemory;
use super::header::page_policy;
use crate::{Error, State};
use any_spawner::Executor;
use app::api::client::Client;
use app::{Assets, Entry};
use axum::Router;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::ResponseOptions;
use std::sync::{Arc, Once};

/// First segments of the page's addresses (`app::pages`); anything else is answered 404, with the same page around it.
const PLACES: [&str; 14] = [
    "", "login", "signup", "invite", "reset", "board", "runs", "people", "project", "audit", "account", "notices",
    "share", "design",
];

/// Renders the page for `request`; `api` answers what it asks meanwhile.
pub async fn render(state: State, api: Router, request: Request) -> Response {
    if request.uri().path().starts_with("/api/") {
        return Error::NotFound("route").into_response();
    }
    let method = request.method().clone();
    if method != axum::http::Method::GET && method != axum::http::Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    static EXECUTOR: Once = Once::new();
    // Refused only when there is one already, which is just as well.
    EXECUTOR.call_once(|| drop(Executor::init_tokio()));
    let first = request.uri().path().trim_start_matches('/').split('/').next().unwrap_or_default();
    let is_known = PLACES.contains(&first);
    let entry = Entry::of(request.uri().path());
    let assets = Assets::new(state.assets.manifest(), BASE);
    let context = move || {
        provide_context(assets.clone());
        if let Some(parts) = use_context::<Parts>() {
            provide_context(Client::in_memory(Arc::new(InMemory::new(api.clone(), &parts))));
        }
        if let (Some(options), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce()) {
            if let Ok(policy) = HeaderValue::from_str(&page_policy(&nonce)) {
                options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
            }
            options.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            if !is_known {
                options.set_status(StatusCode::NOT_FOUND);
            }
        }
    };
    leptos_axum::render_app_async_with_context(context, move || app::shell(entry.clone()))(request).await
}
