//! The modal and the buckling study: whole runs, the conformance suite, and CalculiX on the same mesh.
#![cfg(feature = "solve")]
#![allow(clippy::print_stdout)] // Skipping must be said.

#[path = "../support/calculix.rs"]
#[allow(dead_code)] // Each test file uses its share.
mod calculix;
#[path = "../support/part.rs"]
#[allow(dead_code)]
mod part;
#[path = "../support/tet_box.rs"]
#[allow(dead_code)]
mod tet_box;
#[path = "../support/truth.rs"]
#[allow(dead_code)]
mod truth;

mod peer;
mod pencil;
mod study;
