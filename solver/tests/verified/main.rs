//! The verified static study: its error estimate, its peaks, and whole runs.
#![cfg(feature = "solve")]
#![allow(clippy::print_stdout)] // Skipping must be said.

#[path = "../support/calculix.rs"]
mod calculix;
#[path = "../support/closed_form.rs"]
#[allow(dead_code)]
mod closed_form;
#[path = "../support/part.rs"]
#[allow(dead_code)] // Each test file uses its share.
mod part;
#[path = "../support/simjeb.rs"]
#[allow(dead_code)]
mod simjeb;
#[path = "../geometry/support.rs"]
#[allow(dead_code)]
mod support;
#[path = "../support/tet_box.rs"]
#[allow(dead_code)]
mod tet_box;
#[path = "../support/truth.rs"]
#[allow(dead_code)]
mod truth;

mod away;
mod bolt;
mod boundary;
mod coupling;
mod designs;
mod effectivity;
mod import;
mod orthotropic;
mod peer;
mod published;
mod run;
