//! The queue: every change of a run is one write transaction around [`lease::step`], and what follows is told after the
//! commit.

use super::artefact::Kind;
use super::desk::Desk;
use super::lease::{self, Effect, Event, Job, Refusal, State as LeaseState, Terms};
use super::live::Board;
use super::store::{self, Stored};
use super::wire::{Assignment, Ending, Hello, Lease, Publish, Wish};
use crate::{Error, State, id};
use app::api::run::{Run, RunEvent};
use bytes::Bytes;
use solver::design::{Design, Object, Value};
use solver::run::Report;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::sync::{Notify, broadcast};

/// Runs one person may have waiting.
const WAITING_MAX: u64 = 100;
/// Events a slow listener may fall behind; then it is told that it lagged and reads the list again.
const EVENTS_AHEAD: usize = 8_192;
/// How often leases are looked at.
const TICK: Duration = Duration::from_millis(200);
/// Wall-clock limit of one attempt, ms.
pub const BUDGET_MS: u64 = 4 * 3_600_000;
/// Seeds stay exact in every JSON reader (2^53).
const SEED_BITS: u32 = 53;

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

/// A question to be answered.
pub struct Question<'a> {
    pub design: &'a str,
    pub sequence: u64,
    pub content: &'a Design,
    pub study: &'a Object,
    /// `solver::study::question` of the two.
    pub fingerprint: String,
    pub person: &'a str,
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
            if run.job.cancel_asked.is_some() {
                self.0.board.interrupt(&run.id);
            }
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

    /// Asks a question: answered from the store, joined to a run that asks the same, or queued.
    ///
    /// # Errors
    /// [`Error::TooFast`] when the person has too many waiting; the database's.
    pub async fn submit(&self, state: &State, question: Question<'_>) -> Result<Run, Error> {
        let json = serde_json::to_vec(question.content).map_err(Error::internal)?;
        let document = state.blobs.put(Bytes::from(json)).await?;
        let now = state.now();
        let mut write = state.db.write().await?;
        let same = |states| (question.design, question.fingerprint.as_str(), states);
        let (design, fingerprint, states) = same(&[LeaseState::Queued, LeaseState::Leased][..]);
        if let Some(running) = store::asking(&mut write, design, fingerprint, states).await? {
            drop(write);
            return Ok(self.dressed(&running));
        }
        let answered = store::asking(&mut write, design, fingerprint, &[LeaseState::Done]).await?;
        if let Some(answered) = &answered
            && let Some(latest) = store::latest(&mut write, design, &question.study.id.0).await?
            && latest.id == answered.id
        {
            // Asked twice in a row: the answer is on the screen already.
            drop(write);
            return Ok(Run { cached: true, ..self.dressed(answered) });
        }
        if answered.is_none() && store::waiting_of(&mut write, question.person).await? >= WAITING_MAX {
            return Err(Error::TooFast { seconds: 60 });
        }
        let fresh = Stored {
            id: id::id(),
            design: design.into(),
            design_name: String::new(),
            sequence: question.sequence,
            question: question.fingerprint.clone(),
            study: question.study.id.0.clone(),
            study_name: question.study.name.clone(),
            study_kind: question.study.kind.clone(),
            study_version: solver::study::form(&question.study.kind).map_or(0, |form| form.version),
            document,
            person: question.person.into(),
            person_name: String::new(),
            seed: seed(&question.fingerprint),
            created: now,
            job: Job::queued(),
            worker_host: None,
            started: None,
            ended: None,
            core_seconds: None,
            memory_bytes: None,
            instruction_set: None,
            source: None,
            surface: None,
            queue_position: None,
        };
        let run = match answered {
            Some(source) => Stored {
                job: Job { state: LeaseState::Done, ..Job::queued() },
                seed: source.seed,
                started: Some(now),
                ended: Some(now),
                core_seconds: source.core_seconds,
                memory_bytes: source.memory_bytes,
                instruction_set: source.instruction_set.clone(),
                // Always the run that computed it, also through a row that was itself answered from the store.
                source: Some(source.source.unwrap_or(source.id)),
                ..fresh
            },
            None => fresh,
        };
        store::insert(&mut write, &run).await?;
        if let Some(source) = &run.source {
            store::share(&mut write, &run.id, source).await?;
        }
        let stored = store::get(&mut write, &run.id).await?;
        write.commit().await?;
        tracing::info!(run = %run.id, design = %run.design, study = %run.study_kind, cached = run.source.is_some(), "run asked for");
        metrics::counter!("brunel_runs_submitted_total", "cached" => if run.source.is_some() { "1" } else { "0" })
            .increment(1);
        if run.source.is_none() {
            self.0.work.notify_waiters();
        }
        Ok(self.tell(&stored))
    }

    /// Cancels: at once when waiting, else by asking the worker.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the run has ended.
    pub async fn cancel(&self, state: &State, run: &str) -> Result<Run, Error> {
        let (stored, effects) = self.apply(state, run, Event::Cancel, None).await?;
        match effects.first() {
            Some(Effect::Refused(refusal)) => Err(Error::Conflict(refusal.to_string())),
            _ => Ok(self.dressed(&stored)),
        }
    }

    /// The next run for a worker, waiting up to `wait` for one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store cannot be read.
    pub async fn claim(&self, state: &State, hello: &Hello, wait: Duration) -> Result<Option<Assignment>, Error> {
        let until = tokio::time::Instant::now() + wait;
        loop {
            self.0.board.greet(hello, state.now());
            let work = self.0.work.notified();
            tokio::pin!(work);
            // Listening begins before looking, so that no word is missed in between.
            work.as_mut().enable();
            if let Some(assignment) = self.try_claim(state, hello).await? {
                return Ok(Some(assignment));
            }
            if tokio::time::timeout_at(until, work).await.is_err() {
                return Ok(None);
            }
        }
    }

    async fn try_claim(&self, state: &State, hello: &Hello) -> Result<Option<Assignment>, Error> {
        let can = |kind: &str, version: u32| hello.studies.iter().any(|(k, v)| k == kind && *v == version);
        let mut reader = state.db.reader().acquire().await?;
        let waiting = store::waiting(&mut reader, 200).await?;
        drop(reader);
        for (run, _, _) in waiting.into_iter().filter(|(_, kind, version)| can(kind, *version)) {
            let claim = Event::Claim { worker: hello.worker.clone() };
            let (stored, effects) = match self.apply(state, &run, claim, Some(hello)).await {
                Ok(done) => done,
                // Deleted with its design meanwhile.
                Err(Error::NotFound(_)) => continue,
                Err(e) => return Err(e),
            };
            let Some(Effect::Granted { epoch, .. }) = effects.first() else { continue };
            return match self.assignment(state, &stored, *epoch).await {
                Ok(assignment) => Ok(Some(assignment)),
                Err(error) => {
                    let message = "The design this run was started with cannot be read from the store any more.".into();
                    self.apply(state, &run, Event::Fail { epoch: *epoch, message }, None).await?;
                    Err(error)
                }
            };
        }
        Ok(None)
    }

    async fn assignment(&self, state: &State, run: &Stored, epoch: u64) -> Result<Assignment, Error> {
        let settings = self.settings();
        let design = document(state, run).await?;
        Ok(Assignment {
            run: run.id.clone(),
            epoch,
            attempt: run.job.attempt,
            lease_ms: settings.terms.lease_ms,
            files: files(&design),
            design,
            study: run.study.clone(),
            seed: run.seed,
            budget_ms: settings.budget_ms,
        })
    }

    /// Renews a lease and waits up to `wait` for a wish of the server.
    ///
    /// # Errors
    /// The database's.
    pub async fn heartbeat(&self, state: &State, lease: &Lease, wait: Duration) -> Result<Wish, Error> {
        let event = Event::Heartbeat { epoch: lease.epoch };
        let (stored, effects) = match self.apply(state, &lease.run, event, None).await {
            Err(Error::NotFound(_)) => return Ok(Wish::Drop),
            other => other?,
        };
        match effects.first() {
            Some(Effect::Renewed { cancel: true, .. }) => return Ok(Wish::Cancel),
            Some(Effect::Renewed { .. }) => {}
            _ => return Ok(Wish::Drop),
        }
        if let Some(worker) = &stored.job.worker {
            self.0.board.busy(worker, Some(&lease.run), state.now());
        }
        let Some(mut wish) = self.0.board.with(&lease.run, lease.epoch, |live| live.wish.subscribe()) else {
            return Ok(Wish::Drop);
        };
        let changed = tokio::time::timeout(wait, wish.wait_for(|wish| *wish != Wish::Continue)).await;
        Ok(match changed {
            Ok(Ok(wish)) => *wish,
            Ok(Err(_)) => Wish::Drop,
            Err(_) => Wish::Continue,
        })
    }

    /// Takes a worker's reports and passes them to the room.
    pub fn report(&self, lease: &Lease, reports: Vec<Report>) -> Wish {
        let heard = self.0.board.with(&lease.run, lease.epoch, |live| {
            for report in &reports {
                live.hear(report);
            }
            (live.design.clone(), *live.wish.borrow())
        });
        let Some((design, wish)) = heard else { return Wish::Drop };
        for report in reports.into_iter().filter(|r| !matches!(r, Report::Partial(_))) {
            let _ = self.0.events.send((design.clone(), RunEvent::Report { run: lease.run.clone(), report }));
        }
        wish
    }

    /// Takes an intermediate answer; it replaces the one before.
    pub fn partial(&self, lease: &Lease, level: u32, bytes: Bytes) -> Wish {
        let heard = self.0.board.with(&lease.run, lease.epoch, |live| {
            live.partial = Some((level, bytes));
            (live.design.clone(), *live.wish.borrow())
        });
        let Some((design, wish)) = heard else { return Wish::Drop };
        let _ = self.0.events.send((design, RunEvent::Partial { run: lease.run.clone(), level }));
        wish
    }

    /// Whether this lease is the run's present one, by the database.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it is not.
    pub async fn holds(&self, state: &State, lease: &Lease) -> Result<Stored, Error> {
        let mut reader = state.db.reader().acquire().await?;
        let run = store::get(&mut reader, &lease.run).await?;
        if self.settings().terms.fenced && (run.job.state != LeaseState::Leased || run.job.epoch != lease.epoch) {
            return Err(Error::Conflict(Refusal::Fenced.to_string()));
        }
        Ok(run)
    }

    /// Makes uploaded artefacts the answer. The lease's epoch is checked in the same transaction.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the lease is over; [`Error::Invalid`] when an artefact is missing.
    pub async fn publish(&self, state: &State, publish: &Publish) -> Result<(), Error> {
        let (queue, state, publish) = (self.clone(), state.clone(), publish.clone());
        to_the_end(async move { queue.publish_now(&state, &publish).await }).await
    }

    async fn publish_now(&self, state: &State, publish: &Publish) -> Result<(), Error> {
        let lease = &publish.lease;
        let mut artefacts = vec![(Kind::Surface, publish.surface.clone())];
        artefacts.extend(publish.volume.clone().map(|hash| (Kind::Volume, hash)));
        let log = self.0.board.with(&lease.run, lease.epoch, |live| live.reports.clone()).unwrap_or_default();
        artefacts.push((Kind::Log, state.blobs.put(lines(&log)).await?));
        let mut sized = Vec::with_capacity(artefacts.len());
        for (kind, hash) in artefacts {
            let bytes = state.blobs.get(&hash).await?.ok_or_else(|| {
                Error::field(kind.as_str(), format!("the {} artefact was not uploaded", kind.as_str()))
            })?;
            sized.push((kind, hash, bytes.len() as u64));
        }
        let mut write = state.db.write().await?;
        let before = store::get(&mut write, &lease.run).await?;
        let event = Event::Publish { epoch: lease.epoch };
        let (after, effects) = lease::step(&before.job, event, state.now(), &self.settings().terms);
        if effects.contains(&Effect::Known) {
            return Ok(());
        }
        if after != before.job {
            store::update(&mut write, &lease.run, &before.job, &after, None, state.now()).await?;
        }
        if effects.contains(&Effect::Store) {
            for (kind, hash, bytes) in &sized {
                store::keep(&mut write, &lease.run, *kind, hash, *bytes).await?;
            }
            store::spent(&mut write, &lease.run, publish.core_seconds, publish.memory_bytes, &publish.instruction_set)
                .await?;
        }
        let stored = store::get(&mut write, &lease.run).await?;
        write.commit().await?;
        self.follow(&before, &stored, &effects, state.now());
        match effects.iter().find_map(|e| if let Effect::Refused(why) = e { Some(*why) } else { None }) {
            Some(why) => {
                tracing::warn!(run = %lease.run, epoch = lease.epoch, present = before.job.epoch, "publication refused: {why}");
                metrics::counter!("brunel_publications_refused_total").increment(1);
                Err(Error::Conflict(why.to_string()))
            }
            None => Ok(()),
        }
    }

    /// The worker says that no answer will come under this lease.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the lease is over.
    pub async fn end(&self, state: &State, lease: &Lease, how: Ending) -> Result<(), Error> {
        let epoch = lease.epoch;
        let short = |message: String| message.chars().take(4_000).collect::<String>();
        let event = match how {
            Ending::Failed { message } => Event::Fail { epoch, message: short(message) },
            Ending::Crashed { message } => Event::Crash { epoch, message: short(message) },
            Ending::Stopped => Event::Stopped { epoch },
            Ending::Released => Event::Release { epoch },
        };
        let (_, effects) = self.apply(state, &lease.run, event, None).await?;
        match effects.first() {
            Some(Effect::Refused(why)) => Err(Error::Conflict(why.to_string())),
            _ => Ok(()),
        }
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
                }
                Effect::Interrupt => self.0.board.interrupt(run),
                Effect::Requeued => {
                    let said = after.job.last_words.as_deref().unwrap_or("");
                    tracing::warn!(run = %run, epoch = after.job.epoch, attempt = after.job.attempt, said, "back in the queue");
                    self.0.board.close(run);
                    self.0.work.notify_waiters();
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
        if before.job.state != after.job.state || before.job.cancel_asked != after.job.cancel_asked {
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

/// A run's seed, from what it asks: the same question is answered with the same random choices.
fn seed(fingerprint: &str) -> u64 {
    u64::from_str_radix(fingerprint.get(..16).unwrap_or("0"), 16).unwrap_or(0) >> (64 - SEED_BITS)
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
