//! Linear static study: see `README.md` beside this file for equations, references and limits.

use super::form::{StudyForm, needs_load, needs_support};
use crate::design::{Design, Issue, Object};

#[cfg(feature = "solve")]
mod answer;
#[cfg(feature = "solve")]
mod recover;
#[cfg(feature = "solve")]
mod solve;
#[cfg(feature = "solve")]
mod support;
#[cfg(feature = "solve")]
mod verified;
#[cfg(feature = "solve")]
mod voxel;

/// What the page knows of this study.
pub const FORM: StudyForm = StudyForm {
    id: "static",
    label: "Static",
    version: 4,
    help: "Displacement, stress and safety under steady loads.",
    check,
};

/// Checks that need no geometry: something to hold and something to load.
fn check(design: &Design, study: &Object) -> Vec<Issue> {
    let expands = study.choice("method") == "verified" && study.choice("warmth") != "none";
    let load = needs_load(design, study).filter(|_| !expands);
    needs_support(design, study).into_iter().chain(load).collect()
}

#[cfg(feature = "solve")]
pub use solve::Static;
