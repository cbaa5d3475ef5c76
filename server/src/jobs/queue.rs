//! The queue: every change of a run is one write transaction around [`lease::step`], and what follows is told after the
//! commit. What people ask of it stands in [`question`], what workers ask in [`claim`].

mod claim;
mod question;

pub use question::Question;

use super::desk::Desk;
use super::lease::{self, Effect, Event, Job, State as LeaseState, Terms};
use super::live::Board;
use super::store::{self, Stored};
use super::wire::{Hello, Wish};
use crate::{Error, State};
use app::api::run::{Run, RunEvent};
use bytes::Bytes;
use solver::design::{Design, Value};
use solver::run::{Asked, Report};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::sync::{Notify, broadcast};

/// Events a slow listener may fall behind; then it is told that it lagged and reads the list again.
const EVENTS_AHEAD: usize = 8_192;
/// How often leases are looked at.
const TICK: Duration = Duration::from_millis(200);
/// Wall-clock limit of one attempt, ms.
pub const BUDGET_MS: u64 = 4 * 3_600_000;

/// What tests make shorter.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub terms: Terms,
    /// Wall-clock limit of one attempt, ms.
    pub budget_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { terms: Terms::default(), budget_ms: BUDGET_MS }
    }
}

/// The queue of runs; cloning shares it.
#[derive(Clone)]
pub struct Queue(Arc<Shared>);

struct Shared {
    settings: RwLock<Settings>,
    board: Board,
    desk: Desk,
    events: broadcast::Sender<(String, RunEvent)>,
    /// Something to claim.
    work: Notify,
}

impl Default for Queue {
    fn default() -> Self {
        Self(Arc::new(Shared {
            settings: RwLock::default(),
            board: Board::default(),
            desk: Desk::default(),
            events: broadcast::Sender::new(EVENTS_AHEAD),
            work: Notify::new(),
        }))
    }
}

impl Queue {
    pub fn settings(&self) -> Settings {
        *self.0.settings.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Changes the rules; runs under way keep their deadlines.
    pub fn configure(&self, settings: Settings) {
        *self.0.settings.write().unwrap_or_else(std::sync::PoisonError::into_inner) = settings;
    }

    pub fn board(&self) -> &Board {
        &self.0.board
    }

    /// Where scenes, pictures and pre-flights are made.
    pub fn desk(&self) -> &Desk {
        &self.0.desk
    }

    /// A run as stored.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub async fn find(&self, state: &State, run: &str) -> Result<Stored, Error> {
        let mut reader = state.db.reader().acquire().await?;
        store::get(&mut reader, run).await
    }

    /// Whether an intermediate answer of `run` can be read now.
    pub fn has_partial(&self, run: &str) -> bool {
        self.0.board.look(run, |live| live.partial.is_some()).unwrap_or(false)
    }

    /// What happens to runs: the design's id and the event.
    pub fn events(&self) -> broadcast::Receiver<(String, RunEvent)> {
        self.0.events.subscribe()
    }

    /// Recovers leases and starts the watch over them; called once by `State::start`.
    ///
    /// # Errors
    /// When the queue cannot be read.
    pub async fn start(&self, state: &State) -> Result<(), Error> {
        // While the server was away no worker could be heard: every lease begins anew, so that a long computation that
        // survived the restart may still be published.
        let deadline = state.now() + self.settings().terms.lease_ms;
        let mut write = state.db.write().await?;
        sqlx::query("UPDATE run SET deadline = $1 WHERE state = 'leased'").bind(deadline).execute(&mut *write).await?;
        let filter = store::Filter { states: vec![LeaseState::Leased], limit: 10_000, ..Default::default() };
        for run in store::list(&mut write, &filter).await? {
            self.0.board.open(&run.id, &run.design, run.job.epoch);
            self.0.board.wish(&run.id, wish(&run.job));
        }
        write.commit().await?;
        let (mut events, rooms) = (self.events(), state.clone());
        tokio::spawn(async move {
            loop {
                match events.recv().await {
                    Ok((design, event)) => rooms.rooms.broadcast_run(&design, event),
                    // Reports may be lost on a slow machine; the next one, and the end, are told again.
                    Err(broadcast::error::RecvError::Lagged(n)) => tracing::warn!(n, "run events were not told"),
                    Err(broadcast::error::RecvError::Closed) => return,
                }
            }
        });
        let (queue, state) = (self.clone(), state.clone());
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(TICK).await;
                if let Err(error) = queue.tick(&state).await {
                    tracing::error!(%error, "the watch over leases");
                }
            }
        });
        Ok(())
    }

    async fn tick(&self, state: &State) -> Result<(), Error> {
        let terms = self.settings().terms;
        let mut reader = state.db.reader().acquire().await?;
        let overdue = store::overdue(&mut reader, state.now(), terms.cancel_grace_ms).await?;
        let (waiting, leased) = store::counts(&mut reader).await?;
        drop(reader);
        metrics::gauge!("brunel_queue_length").set(waiting as f64);
        metrics::gauge!("brunel_runs_active").set(leased as f64);
        let healthy = self.0.board.workers(state.now()).iter().filter(|w| w.healthy).count();
        metrics::gauge!("brunel_workers").set(healthy as f64);
        for run in overdue {
            self.apply(state, &run, Event::Tick, None).await?;
        }
        Ok(())
    }

    /// One transaction: read, step, write back if it is still so, commit; then tell.
    async fn apply(
        &self,
        state: &State,
        run: &str,
        event: Event,
        claimer: Option<&Hello>,
    ) -> Result<(Stored, Vec<Effect>), Error> {
        let (queue, state, run) = (self.clone(), state.clone(), run.to_owned());
        let host = claimer.map(|hello| hello.host.clone());
        to_the_end(async move { queue.apply_now(&state, &run, event, host.as_deref()).await }).await
    }

    async fn apply_now(
        &self,
        state: &State,
        run: &str,
        event: Event,
        host: Option<&str>,
    ) -> Result<(Stored, Vec<Effect>), Error> {
        let mut write = state.db.write().await?;
        let before = store::get(&mut write, run).await?;
        let (after, effects) = lease::step(&before.job, event, state.now(), &self.settings().terms);
        if after == before.job {
            return Ok((before, effects));
        }
        store::update(&mut write, run, &before.job, &after, host, state.now()).await?;
        let stored = store::get(&mut write, run).await?;
        write.commit().await?;
        self.follow(&before, &stored, &effects, state.now());
        Ok((stored, effects))
    }

    /// What follows from a committed change.
    fn follow(&self, before: &Stored, after: &Stored, effects: &[Effect], now: i64) {
        let run = &after.id;
        for effect in effects {
            match effect {
                Effect::Granted { epoch, .. } => {
                    self.0.board.open(run, &after.design, *epoch);
                    if let Some(worker) = &after.job.worker {
                        self.0.board.busy(worker, Some(run), now);
                    }
                    self.0.board.wish(run, wish(&after.job));
                }
                Effect::Interrupt => self.0.board.wish(run, wish(&after.job)),
                Effect::Requeued => {
                    let said = after.job.last_words.as_deref().unwrap_or("");
                    tracing::warn!(run = %run, epoch = after.job.epoch, attempt = after.job.attempt, said, "back in the queue");
                    self.0.board.close(run);
                    self.0.work.notify_waiters();
                }
                Effect::Rested => {
                    tracing::info!(run = %run, epoch = after.job.epoch, "paused");
                    self.0.board.close(run);
                }
                Effect::Ended(state) => {
                    self.0.board.close(run);
                    if let (LeaseState::Done, Some(worker)) = (state, &after.job.worker) {
                        self.0.board.finished(worker);
                    }
                    let seconds = after.started.map_or(0.0, |started| (now - started) as f64 / 1000.0);
                    metrics::counter!("brunel_runs_ended_total", "state" => state.as_str()).increment(1);
                    metrics::histogram!("brunel_run_seconds", "state" => state.as_str()).record(seconds);
                    tracing::info!(run = %run, design = %after.design, state = state.as_str(), seconds,
                        attempt = after.job.attempt, "run ended");
                }
                Effect::Renewed { .. } | Effect::Store | Effect::Refused(_) | Effect::Known => {}
            }
        }
        let said = |job: &Job| (job.state, job.cancel_asked, job.asked);
        if said(&before.job) != said(&after.job) {
            self.tell(after);
        }
    }

    fn dressed(&self, stored: &Stored) -> Run {
        let mut run = stored.to_run();
        self.0.board.dress(&mut run);
        run
    }

    fn tell(&self, stored: &Stored) -> Run {
        let run = self.dressed(stored);
        let _ = self.0.events.send((stored.design.clone(), RunEvent::State { run: Box::new(run.clone()) }));
        run
    }
}

/// What a worker is to do with a job it holds.
fn wish(job: &Job) -> Wish {
    match (job.cancel_asked, job.asked) {
        (Some(_), _) => Wish::Cancel,
        (None, Asked::Pause) => Wish::Pause,
        (None, Asked::Finish) => Wish::Finish,
        (None, Asked::Nothing) => Wish::Continue,
    }
}

/// Runs `work` to its end, also when whoever waits for it goes away: a worker that is killed while its answer is being
/// committed must not leave a run that is done and nobody was told of.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(work).await.map_err(Error::internal)?
}

/// The design a run was started with.
///
/// # Errors
/// [`Error::Internal`] when the store has lost it.
pub async fn document(state: &State, run: &Stored) -> Result<Design, Error> {
    let lost = || anyhow::anyhow!("document {} of run {} is not in the store", run.document, run.id);
    let bytes = state.blobs.get(&run.document).await?.ok_or_else(|| Error::internal(lost()))?;
    serde_json::from_slice(&bytes).map_err(Error::internal)
}

/// Hashes of the imported files a design needs.
pub fn files(design: &Design) -> Vec<String> {
    let mut hashes: Vec<String> = design
        .objects
        .iter()
        .filter(|o| !o.suppressed)
        .flat_map(|o| o.properties.values())
        .filter_map(|value| if let Value::Blob { hash, .. } = value { Some(hash.clone()) } else { None })
        .filter(|hash| !hash.is_empty())
        .collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// Reports as JSON lines.
pub(super) fn lines(reports: &[Report]) -> Bytes {
    let mut out = Vec::new();
    for report in reports {
        // Plain enums of numbers and text always serialise.
        if serde_json::to_writer(&mut out, report).is_ok() {
            out.push(b'\n');
        }
    }
    Bytes::from(out)
}
