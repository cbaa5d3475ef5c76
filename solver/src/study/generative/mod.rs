//! Generative design: see `README.md` beside this file for equations, references and limits.

use super::form::{StudyForm, needs_load, needs_support};
use crate::design::schema::Section;
use crate::design::{Design, Issue, Object};

#[cfg(feature = "solve")]
mod answer;
#[cfg(feature = "solve")]
mod body;
#[cfg(feature = "solve")]
mod brief;
#[cfg(feature = "solve")]
mod nodes;
#[cfg(feature = "solve")]
mod region;
#[cfg(feature = "solve")]
mod solve;
#[cfg(feature = "solve")]
mod store;
#[cfg(feature = "solve")]
mod structure;

/// What the page knows of this study.
pub const FORM: StudyForm = StudyForm {
    id: "generative",
    label: "Generative",
    version: 1,
    help: "The body within a space that carries the loads best.",
    check,
};

/// Checks that need no geometry: something to hold, something to load, and a space.
fn check(design: &Design, study: &Object) -> Vec<Issue> {
    let mut issues: Vec<Issue> = needs_support(design, study).into_iter().chain(needs_load(design, study)).collect();
    if study.refs("bodies").is_empty() && design.section(Section::Feature).any(|o| !o.suppressed) {
        issues.push(Issue::error(study, "bodies", "Design space: choose the body that may be filled"));
    }
    issues
}

#[cfg(feature = "solve")]
pub use solve::Generative;
