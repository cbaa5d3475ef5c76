//! Linear static study: see `README.md` beside this file for equations, references and limits.

use super::form::StudyForm;
use crate::design::schema::Section;
use crate::design::{Design, Issue, Object};

#[cfg(feature = "solve")]
mod answer;
#[cfg(feature = "solve")]
mod carry;
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
    version: 2,
    help: "Displacement, stress and safety under steady loads.",
    check,
};

/// Checks that need no geometry: something to hold and something to load.
fn check(design: &Design, study: &Object) -> Vec<Issue> {
    let mut issues = Vec::new();
    let any = |section| design.section(section).any(|o| !o.suppressed);
    if study.refs("supports").is_empty() && !any(Section::Support) {
        issues.push(Issue::error(study, "supports", "Nothing holds the design: add a fixed or sliding support"));
    }
    let expands = study.choice("method") == "verified" && study.choice("warmth") != "none";
    if study.refs("cases").is_empty() && !any(Section::Load) && !expands {
        issues.push(Issue::error(study, "cases", "Nothing loads the design: add a force, pressure, moment or gravity"));
    }
    issues
}

#[cfg(feature = "solve")]
pub use solve::Static;
