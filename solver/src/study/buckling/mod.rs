//! Linear buckling study: see `README.md` beside this file for equations, references and limits.

use super::form::{StudyForm, needs_load, needs_support};
use crate::design::{Design, Issue, Object};

#[cfg(feature = "solve")]
mod solve;

/// What the page knows of this study.
pub const FORM: StudyForm = StudyForm {
    id: "buckling",
    label: "Buckling",
    version: 1,
    help: "How many times its load a slender design bears before it gives way sideways.",
    check,
};

/// Checks that need no geometry: something to hold and something to load.
fn check(design: &Design, study: &Object) -> Vec<Issue> {
    needs_support(design, study).into_iter().chain(needs_load(design, study)).collect()
}

#[cfg(feature = "solve")]
pub use solve::Buckling;
