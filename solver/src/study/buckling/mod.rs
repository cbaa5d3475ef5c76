//! Linear buckling study: see `README.md` beside this file for equations, references and limits.

use super::form::StudyForm;
use crate::design::schema::Section;
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
    let mut issues = Vec::new();
    let any = |section| design.section(section).any(|o| !o.suppressed);
    if study.refs("supports").is_empty() && !any(Section::Support) {
        issues.push(Issue::error(study, "supports", "Nothing holds the design: add a fixed or sliding support"));
    }
    if study.refs("cases").is_empty() && !any(Section::Load) {
        issues.push(Issue::error(study, "cases", "Nothing loads the design: add a force, pressure, moment or gravity"));
    }
    issues
}

#[cfg(feature = "solve")]
pub use solve::Buckling;
