//! What every API request passes: its origin, who asks, how often; and on the way out, that the policy was asked.

use super::actor::{self, Actor};
use super::{limit, origin};
use crate::{Error, State};
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::cell::Cell;
use std::future::Future;

tokio::task_local! {
    static ASKED: Cell<bool>;
}

/// Notes that the policy decided about this request; called by `can` alone.
pub(super) fn note_asked() {
    // Outside a request (a socket's messages, background work) there is nothing to note.
    let _ = ASKED.try_with(|asked| asked.set(true));
}

/// Runs `work` and says whether the policy was asked meanwhile.
async fn watched<T>(work: impl Future<Output = T>) -> (T, bool) {
    ASKED.scope(Cell::new(false), async { (work.await, ASKED.with(Cell::get)) }).await
}

/// The middleware.
pub async fn pass(state: State, request: Request, next: Next) -> Response {
    match enter(&state, request).await {
        Ok(request) => {
            let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
            let (response, asked) = watched(next.run(request)).await;
            let gave_something = response.status().is_success() || response.status().as_u16() == 101;
            if gave_something && !asked {
                // Fail closed: a handler that forgets to ask gives nothing away.
                let route = route.unwrap_or_default();
                return Error::internal(anyhow::anyhow!("{route} answered without asking the policy")).into_response();
            }
            response
        }
        Err(error) => error.into_response(),
    }
}

async fn enter(state: &State, request: Request) -> Result<Request, Error> {
    let (mut parts, body) = request.into_parts();
    let is_internal = parts.extensions.get::<origin::Internal>().is_some();
    if !is_internal
        && origin::is_unsafe(&parts.method, &parts.headers)
        && !origin::is_ours(&state.config, &parts.headers)
    {
        return Err(Error::forbidden("This request did not come from Brunel's own page, so it was not carried out."));
    }
    let actor = actor::identify(&mut parts, state).await?;
    let now = state.now();
    match &actor {
        Actor::Person(person) => state.limits.take(&format!("person:{}", person.id), limit::PERSON, now)?,
        // A worker's pace is the lease's; the token is its account.
        Actor::Worker => {}
        Actor::Nobody | Actor::Guest(_) if is_internal => {}
        Actor::Nobody | Actor::Guest(_) => {
            let address = origin::address(&state.config, &parts);
            state.limits.take(&format!("address:{address}"), limit::ADDRESS, now)?;
        }
    }
    parts.extensions.insert(actor);
    Ok(Request::from_parts(parts, body))
}
