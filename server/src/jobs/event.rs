//! Run events for the runs page, as server-sent events: each person gets those of the designs they can see.

use crate::auth::{Action, Actor, Object, actor, can, may};
use crate::{Error, State};
use app::api::run::{Run, RunEvent};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use solver::run::Report;
use std::collections::HashMap;
use std::convert::Infallible;
use std::time::{Duration, Instant};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

/// A right is asked again after this time: revocation is felt within a second (P16).
const RIGHT_HOLDS: Duration = Duration::from_millis(800);
/// Progress of one run is sent at most this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

/// Events `state` (a run changed), `progress` (run, phase, fraction) and `lagged` (read the list again).
#[utoipa::path(get, path = "/api/runs/events", responses((status = 200, content_type = "text/event-stream")), tag = "runs")]
pub(super) async fn stream(
    state: State,
    actor: Actor,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Error> {
    can(&state, &actor, Action::See, Object::Organisation).await?;
    let (sender, receiver) = mpsc::channel(256);
    tokio::spawn(follow(state, actor, sender));
    let stream = futures::stream::unfold(receiver, |mut receiver| async {
        let event = receiver.recv().await?;
        Some((Ok(event), receiver))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

async fn follow(state: State, actor: Actor, sender: mpsc::Sender<Event>) {
    let mut events = state.jobs.events();
    let mut rights: HashMap<String, (bool, Instant)> = HashMap::new();
    let mut progress: HashMap<String, Instant> = HashMap::new();
    let mut watch = tokio::time::interval(RIGHT_HOLDS);
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = sender.closed() => return,
            _ = watch.tick() => match actor::stands(&state, &actor).await {
                Ok(true) => continue,
                _ => return,
            },
        };
        let (design, event) = match event {
            Ok(event) => event,
            Err(RecvError::Lagged(_)) => {
                if sender.send(Event::default().event("lagged").data("{}")).await.is_err() {
                    return;
                }
                continue;
            }
            Err(RecvError::Closed) => return,
        };
        let Some(event) = told(event, &mut progress) else { continue };
        let fresh = rights.get(&design).filter(|(_, asked)| asked.elapsed() < RIGHT_HOLDS).map(|(may, _)| *may);
        let may = match fresh {
            Some(may) => may,
            None => {
                let may = may(&state, &actor, Action::See, Object::Design(&design)).await.unwrap_or(false);
                rights.insert(design, (may, Instant::now()));
                may
            }
        };
        if may && sender.send(event).await.is_err() {
            return;
        }
    }
}

/// The event as it is sent; `None` for those that only the design's own room is told.
fn told(event: RunEvent, progress: &mut HashMap<String, Instant>) -> Option<Event> {
    match event {
        RunEvent::State { run } => {
            let Run { id, state, .. } = &*run;
            if state.ended() {
                progress.remove(id);
            }
            Event::default().event("state").json_data(&*run).ok()
        }
        RunEvent::Report { run, report: Report::Progress { phase, fraction, .. } } => {
            if progress.get(&run).is_some_and(|told| told.elapsed() < PROGRESS_EVERY) {
                return None;
            }
            progress.insert(run.clone(), Instant::now());
            let data = serde_json::json!({ "run": run, "phase": phase, "fraction": fraction });
            Event::default().event("progress").json_data(data).ok()
        }
        RunEvent::Report { .. } | RunEvent::Partial { .. } => None,
    }
}
