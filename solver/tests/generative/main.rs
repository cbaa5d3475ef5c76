//! Whole runs of generative design: the conformance suite, pausing and resuming, and what its bodies promise.

mod manufacture;
mod outcome;
#[path = "../support/part.rs"]
#[allow(dead_code, reason = "shared by the tests of all studies")]
mod part;
mod run;
mod sample;
