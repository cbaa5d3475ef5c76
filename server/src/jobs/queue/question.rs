//! The people's side of the queue: ask and cancel.

use super::super::lease::{Effect, Event, Job, State as LeaseState};
use super::super::store::{self, Stored};
use super::Queue;
use crate::{Error, State, id};
use app::api::run::Run;
use bytes::Bytes;
use solver::design::{Design, Object};

/// Runs one person may have waiting.
const WAITING_MAX: u64 = 100;
/// Seeds stay exact in every JSON reader (2^53).
const SEED_BITS: u32 = 53;

/// A question to be answered.
pub struct Question<'a> {
    pub design: &'a str,
    pub sequence: u64,
    pub content: &'a Design,
    pub study: &'a Object,
    /// `solver::study::question` of the two.
    pub fingerprint: String,
    pub person: &'a str,
    /// A paused run of the study, whose checkpoint the run begins with and whose place it takes.
    pub from: Option<&'a Stored>,
}

impl Queue {
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
        let (design, fingerprint, states) = same(&[LeaseState::Queued, LeaseState::Leased, LeaseState::Paused][..]);
        if let Some(running) = store::asking(&mut write, design, fingerprint, states).await? {
            drop(write);
            if running.job.state == LeaseState::Paused {
                // The very question that was laid aside: go on with it.
                return self.resume(state, &running.id).await;
            }
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
            checkpoint: None,
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
        } else if let Some(from) = question.from {
            store::hand_on(&mut write, &from.id, &run.id).await?;
        }
        let stored = store::get(&mut write, &run.id).await?;
        write.commit().await?;
        tracing::info!(run = %run.id, design = %run.design, study = %run.study_kind, cached = run.source.is_some(), "run asked for");
        metrics::counter!("brunel_runs_submitted_total", "cached" => if run.source.is_some() { "1" } else { "0" })
            .increment(1);
        if run.source.is_none() {
            self.0.work.notify_waiters();
        }
        let told = self.tell(&stored);
        if let Some(from) = question.from {
            // Its place is taken. Someone may have resumed it meanwhile: then it is cancelled all the same.
            self.cancel(state, &from.id).await?;
        }
        Ok(told)
    }

    /// Cancels: at once when waiting, else by asking the worker.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the run has ended.
    pub async fn cancel(&self, state: &State, run: &str) -> Result<Run, Error> {
        self.asked(state, run, Event::Cancel).await
    }

    /// Lays a run aside: at once when waiting, else by asking the worker, which keeps a checkpoint first.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the run keeps no checkpoints or has ended.
    pub async fn pause(&self, state: &State, run: &str) -> Result<Run, Error> {
        self.keeps(state, run).await?;
        self.asked(state, run, Event::Pause).await
    }

    /// Lets a paused run go on.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it is not paused.
    pub async fn resume(&self, state: &State, run: &str) -> Result<Run, Error> {
        self.asked(state, run, Event::Resume).await
    }

    /// Asks for the answer that can be given with what there is.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the run keeps no checkpoints, has not begun, or has ended.
    pub async fn finish(&self, state: &State, run: &str) -> Result<Run, Error> {
        self.keeps(state, run).await?;
        self.asked(state, run, Event::Finish).await
    }

    /// A run under way that keeps no checkpoints would have to begin anew.
    async fn keeps(&self, state: &State, run: &str) -> Result<(), Error> {
        let run = self.find(state, run).await?;
        if run.job.state == LeaseState::Leased && run.checkpoint.is_none() {
            return Err(Error::Conflict(
                "this run keeps nothing that it could go on from; wait for it, or cancel it".into(),
            ));
        }
        Ok(())
    }

    async fn asked(&self, state: &State, run: &str, event: Event) -> Result<Run, Error> {
        let (stored, effects) = self.apply(state, run, event, None).await?;
        match effects.first() {
            Some(Effect::Refused(refusal)) => Err(Error::Conflict(refusal.to_string())),
            _ => Ok(self.dressed(&stored)),
        }
    }
}

/// A run's seed, from what it asks: the same question is answered with the same random choices.
fn seed(fingerprint: &str) -> u64 {
    u64::from_str_radix(fingerprint.get(..16).unwrap_or("0"), 16).unwrap_or(0) >> (64 - SEED_BITS)
}
