//! What a running computation may do to the outside world: report, be stopped, stay within a budget.
//!
//! The solver never spawns and never reads a clock; whoever calls it hands in a [`Ctx`].

use crate::study::outcome::Partial;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Phases a study goes through, in the order the page shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Geometry,
    Mesh,
    Assemble,
    Solve,
    Recover,
    Done,
}

/// A report from inside a run.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Report {
    /// `fraction` of the whole run, in `[0, 1]`, never falling.
    Progress { phase: Phase, fraction: f64, note: String },
    /// One point of a convergence curve: relative residual after `iteration`.
    Residual { iteration: u32, value: f64 },
    /// A line for the run's log.
    Log { line: String },
    /// An intermediate answer worth showing; replaces the previous one.
    Partial(Box<Partial>),
    /// Where the run stands, to go on from there; replaces the previous one. Travels as bytes, never as JSON.
    #[serde(skip)]
    Checkpoint(Vec<u8>),
}

/// What someone asks of a run under way, short of stopping it at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    #[default]
    Nothing,
    /// Keep a checkpoint and end with [`StudyError::Paused`](crate::study::StudyError).
    Pause,
    /// Answer with what there is.
    Finish,
}

/// A wish that changes while a run goes on; shared between the run and whoever steers it.
#[derive(Debug, Default)]
pub struct Steer(AtomicU8);

impl Steer {
    pub const fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    pub fn ask(&self, what: Asked) {
        self.0.store(what as u8, Ordering::Relaxed);
    }

    pub fn asked(&self) -> Asked {
        match self.0.load(Ordering::Relaxed) {
            1 => Asked::Pause,
            2 => Asked::Finish,
            _ => Asked::Nothing,
        }
    }
}

/// The run was cancelled from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// A computation's door to its caller: progress out, cancel in, limits, seed.
pub struct Ctx<'a> {
    sink: &'a mut dyn FnMut(Report),
    cancel: &'a AtomicBool,
    /// Seed of every random choice in the run.
    pub seed: u64,
    /// Upper bound on the memory a run may plan for, bytes.
    pub memory_bytes_max: u64,
    /// Wishes of those who steer the run, where someone does.
    pub steer: Option<&'a Steer>,
    /// The last checkpoint of an earlier attempt: a study that keeps checkpoints goes on from it.
    pub checkpoint: Option<Vec<u8>>,
    fraction: f64,
}

impl<'a> Ctx<'a> {
    pub fn new(sink: &'a mut dyn FnMut(Report), cancel: &'a AtomicBool) -> Self {
        Self { sink, cancel, seed: 0, memory_bytes_max: u64::MAX, steer: None, checkpoint: None, fraction: 0.0 }
    }

    /// Reports progress; `fraction` is clamped so that it never falls.
    pub fn progress(&mut self, phase: Phase, fraction: f64, note: impl Into<String>) {
        self.fraction = fraction.clamp(self.fraction, 1.0);
        (self.sink)(Report::Progress { phase, fraction: self.fraction, note: note.into() });
    }

    pub fn residual(&mut self, iteration: u32, value: f64) {
        (self.sink)(Report::Residual { iteration, value });
    }

    pub fn log(&mut self, line: impl Into<String>) {
        (self.sink)(Report::Log { line: line.into() });
    }

    pub fn emit(&mut self, partial: Partial) {
        (self.sink)(Report::Partial(Box::new(partial)));
    }

    /// Keeps where the run stands: after a pause or a breakdown it begins with these bytes in [`Ctx::checkpoint`].
    pub fn keep(&mut self, checkpoint: Vec<u8>) {
        (self.sink)(Report::Checkpoint(checkpoint));
    }

    /// What is asked of the run now; a study that keeps checkpoints looks between iterations.
    pub fn asked(&self) -> Asked {
        self.steer.map_or(Asked::Nothing, Steer::asked)
    }

    /// Call between iterations; at most 0.2 s of work may lie between two calls.
    ///
    /// # Errors
    /// [`Cancelled`] once the caller has asked to stop.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.cancel.load(Ordering::Relaxed) { Err(Cancelled) } else { Ok(()) }
    }

    /// The flag behind [`Ctx::check`], for kernels that poll it themselves.
    pub fn cancel_flag(&self) -> &'a AtomicBool {
        self.cancel
    }
}
