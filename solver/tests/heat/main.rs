//! Heat: closed forms, published cases, orders of convergence, whole runs.
#![cfg(feature = "solve")]
#![allow(clippy::print_stdout)] // What was found beside what was expected.

#[path = "../support/calculix.rs"]
#[allow(dead_code)] // Each test file uses its share.
mod calculix;
#[path = "../support/part.rs"]
#[allow(dead_code)]
pub mod part;
#[path = "../support/tet_box.rs"]
#[allow(dead_code)]
mod tet_box;
#[path = "../support/truth.rs"]
#[allow(dead_code)]
mod truth;

mod expansion;
mod material;
mod orthotropic;
mod peer;
mod run;
mod steady;
mod transient;
