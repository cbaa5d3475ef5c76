//! What a running computation may do to the outside world: report, be stopped, stay within a budget.
//!
//! The solver never spawns and never reads a clock; whoever calls it hands in a [`Ctx`].

use crate::study::outcome::Partial;
use std::sync::atomic::{AtomicBool, Ordering};

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
    fraction: f64,
}

impl<'a> Ctx<'a> {
    pub fn new(sink: &'a mut dyn FnMut(Report), cancel: &'a AtomicBool) -> Self {
        Self { sink, cancel, seed: 0, memory_bytes_max: u64::MAX, fraction: 0.0 }
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
