//! Generative design: see `README.md` beside this file for equations, references and limits.

use super::form::thermal::{boundaries, over_time};
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
mod conduction;
#[cfg(feature = "solve")]
mod conductor;
#[cfg(feature = "solve")]
mod cost;
#[cfg(feature = "solve")]
mod field;
#[cfg(feature = "solve")]
mod limit;
#[cfg(feature = "solve")]
mod nodes;
#[cfg(feature = "solve")]
mod piece;
#[cfg(feature = "solve")]
mod region;
#[cfg(feature = "solve")]
mod solve;
#[cfg(feature = "solve")]
mod solver;
#[cfg(feature = "solve")]
mod store;
#[cfg(feature = "solve")]
mod structure;

/// What the page knows of this study.
pub const FORM: StudyForm = StudyForm {
    id: "generative",
    label: "Generative",
    version: 1,
    help: "The body within a space that carries the loads, or leads the heat, best.",
    check,
};

/// Whether a study asks for the best conductor: of heat, not of forces.
pub fn is_conduction(study: &Object) -> bool {
    study.kind == FORM.id && study.choice("goal") == "conduction"
}

/// Checks that need no geometry: something to hold, something to load, and a space.
fn check(design: &Design, study: &Object) -> Vec<Issue> {
    let mut issues: Vec<Issue> = if is_conduction(study) {
        check_heat(design, study)
    } else {
        needs_support(design, study).into_iter().chain(needs_load(design, study)).collect()
    };
    if study.refs("bodies").is_empty() && design.section(Section::Feature).any(|o| !o.suppressed) {
        issues.push(Issue::error(study, "bodies", "Design space: choose the body that may be filled"));
    }
    issues
}

/// Heat needs a way in and a way out, neither of which may change.
fn check_heat(design: &Design, study: &Object) -> Vec<Issue> {
    let mut issues = Vec::new();
    let has = |kinds: &[&str]| boundaries(design, study).any(|o| kinds.contains(&o.kind.as_str()));
    if !has(&["temperature"]) {
        let message =
            "Heat has nowhere to go: give a face a temperature, by a given temperature among the heat boundaries";
        issues.push(Issue::error(study, "thermal", message));
    }
    if !has(&["heat_flux", "heat_source"]) {
        let message = "Nothing heats the design: add a heat flow into faces, or a heat source in a body";
        issues.push(Issue::error(study, "thermal", message));
    }
    for object in boundaries(design, study).filter(|o| matches!(o.kind.as_str(), "convection" | "radiation")) {
        let message = format!(
            "{}: generative design knows given temperatures, heat flows and heat sources; choose the heat boundaries without \
             it, or suppress it",
            object.name
        );
        issues.push(Issue::error(study, "thermal", message));
    }
    for (object, field) in over_time(design, study) {
        let what = field.label.to_lowercase();
        let message = format!(
            "{}: {what} depends on time, and the best conductor is sought for a steady state; give one value",
            object.name
        );
        issues.push(Issue::error(study, "thermal", message));
    }
    issues
}

#[cfg(feature = "solve")]
pub use solve::Generative;
