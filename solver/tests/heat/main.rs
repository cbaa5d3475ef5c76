//! Heat: closed forms, published cases, orders of convergence, whole runs.
#![cfg(feature = "solve")]
#![allow(clippy::print_stdout)] // What was found beside what was expected.

#[path = "../support/tet_box.rs"]
#[allow(dead_code)] // Each test file uses its share.
mod tet_box;
#[path = "../support/truth.rs"]
#[allow(dead_code)]
mod truth;

mod steady;
mod transient;
