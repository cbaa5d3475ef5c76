//! The workers' side of the queue: claim, heartbeat, report, publish, end.

use super::super::artefact::Kind;
use super::super::lease::{self, Effect, Event, Refusal, State as LeaseState};
use super::super::store::{self, Stored};
use super::super::wire::{Assignment, Checkpoint, Ending, Hello, Lease, Publish, Wish};
use super::{Queue, document, files, lines, to_the_end, wish};
use crate::{Error, State};
use app::api::run::RunEvent;
use bytes::Bytes;
use solver::run::Report;
use std::time::Duration;

impl Queue {
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
            checkpoint: run.checkpoint.clone(),
            asked: run.job.asked,
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
        if !matches!(effects.first(), Some(Effect::Renewed { .. })) {
            return Ok(Wish::Drop);
        }
        if let Some(worker) = &stored.job.worker {
            self.0.board.busy(worker, Some(&lease.run), state.now());
        }
        let said = wish(&stored.job);
        if said != Wish::Continue {
            return Ok(said);
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
        for report in reports.into_iter().filter(|r| !matches!(r, Report::Partial(_) | Report::Checkpoint(_))) {
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

    /// Makes uploaded bytes the state that the run's next attempt goes on from. The lease's epoch is checked in the same
    /// transaction.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the lease is over; [`Error::Invalid`] when the bytes are not there.
    pub async fn checkpoint(&self, state: &State, checkpoint: &Checkpoint) -> Result<Wish, Error> {
        let Checkpoint { lease, hash } = checkpoint;
        let bytes = state.blobs.get(hash).await?.ok_or_else(|| Error::field("hash", "upload the checkpoint first"))?;
        let mut write = state.db.write().await?;
        let run = store::get(&mut write, &lease.run).await?;
        if self.settings().terms.fenced && (run.job.state != LeaseState::Leased || run.job.epoch != lease.epoch) {
            return Err(Error::Conflict(Refusal::Fenced.to_string()));
        }
        store::keep(&mut write, &lease.run, Kind::Checkpoint, hash, bytes.len() as u64).await?;
        let first = run.checkpoint.is_none();
        let run = store::get(&mut write, &lease.run).await?;
        write.commit().await?;
        if first {
            // From now on it can be paused.
            self.tell(&run);
        }
        Ok(wish(&run.job))
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
        artefacts.extend(publish.tensor.clone().map(|hash| (Kind::Tensor, hash)));
        artefacts.extend(publish.volume.clone().map(|hash| (Kind::Volume, hash)));
        artefacts.extend(publish.deck.clone().map(|hash| (Kind::Deck, hash)));
        artefacts.extend(publish.growth.clone().map(|hash| (Kind::Growth, hash)));
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
            Ending::Paused => Event::Paused { epoch },
        };
        let (_, effects) = self.apply(state, &lease.run, event, None).await?;
        match effects.first() {
            Some(Effect::Refused(why)) => Err(Error::Conflict(why.to_string())),
            _ => Ok(()),
        }
    }
}
