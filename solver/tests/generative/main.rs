//! Whole runs of generative design: the conformance suite, pausing and resuming, and what its bodies promise.

mod conduct;
mod feature;
mod manufacture;
mod outcome;
mod run;
mod sample;
