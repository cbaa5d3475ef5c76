//! Heat study, steady and over time: see `README.md` beside this file for equations, references and limits.

use super::form::StudyForm;
use super::form::thermal::{boundaries, is_steady, over_time};
use crate::design::{Design, Issue, Object};

#[cfg(feature = "solve")]
mod answer;
#[cfg(feature = "solve")]
mod history;
#[cfg(feature = "solve")]
mod solve;

/// What the page knows of this study.
pub const FORM: StudyForm =
    StudyForm { id: "heat", label: "Heat", version: 1, help: "Temperature and heat flow, steady or over time.", check };

/// Checks that need no geometry: something that heats or cools, and nothing that changes in a steady state.
fn check(design: &Design, study: &Object) -> Vec<Issue> {
    let mut issues = Vec::new();
    if boundaries(design, study).next().is_none() {
        issues.push(Issue::error(
            study,
            "thermal",
            "Nothing heats or cools the design: add a given temperature, heat flow, convection, radiation or heat source",
        ));
    }
    if is_steady(study) {
        for (object, field) in over_time(design, study) {
            let what = field.label.to_lowercase();
            let message = format!(
                "{}: {what} depends on time, and a steady state has none; choose a course over time",
                object.name
            );
            issues.push(Issue::error(study, "course", message));
        }
    }
    issues
}

#[cfg(feature = "solve")]
pub use solve::Heat;
