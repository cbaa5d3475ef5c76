//! Modal study: see `README.md` beside this file for equations, references and limits.

use super::form::StudyForm;
use crate::design::{Design, Issue, Object};

#[cfg(feature = "solve")]
mod answer;
#[cfg(feature = "solve")]
mod solve;

/// What the page knows of this study.
pub const FORM: StudyForm = StudyForm {
    id: "modal",
    label: "Modal",
    version: 1,
    help: "Natural frequencies and the shapes that go with them.",
    check,
};

/// A body may be free: nothing but geometry can be missing.
fn check(_design: &Design, _study: &Object) -> Vec<Issue> {
    Vec::new()
}

#[cfg(feature = "solve")]
pub use solve::Modal;
