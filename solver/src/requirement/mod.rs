//! Requirements: what a design must do, and whether stored answers show that it does.
//!
//! The checker is code of its own and reads nothing but what runs left behind: [`Evidence`] is made of the bytes in the
//! store, whose hash must be the one in the record of the run, and a run counts only on the very question that its study
//! asks now. Nobody sets a [`Verdict`]: it is a function of the design and the evidence, and of nothing that a person
//! types but the requirement itself.
//!
//! | verdict | when |
//! |---|---|
//! | met | value ± error is inside the limit in every load case, by a verified run on this version |
//! | indicated | the value is inside, but by an instant run, or its band is not |
//! | not met | the value is outside |
//! | no finite value | the place of the value is singular: what is shown grows with the mesh |
//! | stale | there is an answer, to an earlier question |
//! | no evidence | no finished run, or what it left does not carry the claim |

mod evidence;
mod verdict;

pub use evidence::{Evidence, Record, Unfit};
pub use verdict::{Canary, Judgement, Verdict, Waiver, judge, judge_as};

use crate::design::schema::Section;
use crate::design::{Design, Id, Issue, Object, resolve};
use crate::quantity::{self, Dimension};
use std::collections::BTreeSet;

/// Kind of object of a requirement.
pub const KIND: &str = "requirement";

/// Quantities that a requirement may be about, by key, with labels; one for each of [`MEASURES`].
pub const QUANTITIES: &[(&str, &str)] = &[
    ("mass", "Mass"),
    ("displacement_max", "Largest displacement"),
    ("von_mises_max", "Largest von Mises stress"),
    ("von_mises_away", "Largest von Mises stress away from singular places"),
    ("safety_factor_min", "Safety factor on yield"),
    ("safety_factor_away", "Safety factor on yield away from singular places"),
    ("bolt_force", "Bolt force"),
    ("frequency", "Natural frequency"),
    ("load_factor", "Load factor of buckling"),
    ("temperature_max", "Highest temperature"),
    ("temperature_min", "Lowest temperature"),
    ("heat_flux_max", "Largest heat flux"),
];

/// Which scalars of an answer a quantity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    /// Of the whole run.
    Whole(&'static str),
    /// One in each load case.
    Case(&'static str),
    /// The same, by all scalars of this beginning: one of each bolt.
    Cases(&'static str),
    /// Of the one load case that the study is about.
    OneCase(&'static str),
    /// Of the mode that the requirement names.
    Mode(&'static str),
    /// One in each moment, or one that holds for ever.
    Moments(&'static str),
}

/// Whether places without a finite value decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Singular {
    /// There are none.
    Never,
    /// Where there is one, the quantity has no finite value.
    Decides,
    /// They are left out, as the requirement says.
    LeftOut,
}

/// How a quantity is found in answers.
#[derive(Clone, Copy, Debug)]
struct Measure {
    key: &'static str,
    dimension: Dimension,
    /// Kinds of study that answer it.
    studies: &'static [&'static str],
    read: Read,
    singular: Singular,
}

const fn measure(
    key: &'static str,
    dimension: Dimension,
    studies: &'static [&'static str],
    read: Read,
    singular: Singular,
) -> Measure {
    Measure { key, dimension, studies, read, singular }
}

const MEASURES: &[Measure] = &[
    measure("mass", Dimension::MASS, &["static", "modal"], Read::Whole("mass"), Singular::Never),
    measure("displacement_max", Dimension::LENGTH, &["static"], Read::Case("displacement_max"), Singular::Never),
    measure("von_mises_max", Dimension::PRESSURE, &["static"], Read::Case("von_mises_max"), Singular::Decides),
    measure("von_mises_away", Dimension::PRESSURE, &["static"], Read::Case("von_mises_max"), Singular::LeftOut),
    measure("safety_factor_min", Dimension::NONE, &["static"], Read::Case("safety_factor_min"), Singular::Decides),
    measure("safety_factor_away", Dimension::NONE, &["static"], Read::Case("safety_factor_min"), Singular::LeftOut),
    measure("bolt_force", Dimension::FORCE, &["static"], Read::Cases("bolt_force_"), Singular::Never),
    measure("frequency", Dimension::FREQUENCY, &["modal"], Read::Mode("frequency"), Singular::Never),
    measure("load_factor", Dimension::NONE, &["buckling"], Read::OneCase("load_factor_first"), Singular::Never),
    measure("temperature_max", Dimension::TEMPERATURE, &["heat"], Read::Moments("temperature_max"), Singular::Never),
    measure("temperature_min", Dimension::TEMPERATURE, &["heat"], Read::Moments("temperature_min"), Singular::Never),
    measure("heat_flux_max", Dimension::HEAT_FLUX, &["heat"], Read::Moments("heat_flux_max"), Singular::Decides),
];

impl Measure {
    fn of(requirement: &Object) -> Option<&'static Self> {
        let key = requirement.choice("quantity");
        MEASURES.iter().find(|m| m.key == key)
    }

    fn label(&self) -> &'static str {
        QUANTITIES.iter().find(|(key, _)| *key == self.key).map_or(self.key, |(_, label)| label)
    }
}

/// What is wrong with a requirement itself, without any answer: its limit, its study, its waiver.
pub fn check(design: &Design, requirement: &Object) -> Vec<Issue> {
    let Some(measure) = Measure::of(requirement) else { return Vec::new() };
    let mut issues: Vec<Issue> = limit(design, requirement, measure).err().into_iter().collect();
    if let Some(study) = requirement.refs("study").first().and_then(|id| design.get(id))
        && !measure.studies.contains(&study.kind.as_str())
    {
        let kinds = measure.studies.iter().filter_map(|k| crate::study::form(k)).map(|f| f.label.to_lowercase());
        let kinds = kinds.collect::<Vec<_>>().join(" or ");
        let message = format!("Study: {} does not answer this; choose a {kinds} study", study.name);
        issues.push(Issue::error(requirement, "study", message));
    }
    let cased = matches!(measure.read, Read::Case(_) | Read::Cases(_) | Read::OneCase(_));
    if !cased && !requirement.refs("cases").is_empty() {
        let message = format!("Load cases: {} does not depend on them", measure.label().to_lowercase());
        issues.push(Issue::warning(requirement, "cases", message));
    }
    let [by, reason] = ["waived_by", "waiver_reason"].map(|key| !requirement.text(key).trim().is_empty());
    if by != reason {
        let key = if by { "waiver_reason" } else { "waived_by" };
        issues.push(Issue::error(requirement, key, "A waiver needs a name and a reason; until then it is none"));
    }
    issues
}

/// The limit, SI.
fn limit(design: &Design, requirement: &Object, measure: &Measure) -> Result<f64, Issue> {
    let at = |message: String| Issue::error(requirement, "limit", message);
    let text = requirement.text("limit");
    let (resolved, _) = resolve(design);
    // A plain zero would pass for anything, and means nothing as a limit.
    let value = resolved.evaluate(&text).map_err(|e| at(format!("Limit: {e}")))?;
    if value.dimension != measure.dimension {
        let (expected, found) = (measure.dimension.describe(), value.dimension.describe());
        return Err(at(format!("Limit: {} is {expected}; this is {found}", measure.label())));
    }
    if measure.dimension == Dimension::FREQUENCY && turns(design, &text, &mut BTreeSet::new()) {
        return Err(at("Limit: give a frequency in Hz; speeds of turning count in radians".into()));
    }
    Ok(value.value)
}

/// Whether an expression, or a parameter that it uses, is written by angles: a speed of turning in rad/s is of the dimension
/// of a frequency, and 2π times its number.
fn turns(design: &Design, text: &str, seen: &mut BTreeSet<String>) -> bool {
    let words = text.split(|c: char| !c.is_alphabetic());
    if words.into_iter().any(|w| ["rpm", "rev", "rad", "deg"].contains(&w)) {
        return true;
    }
    let used = quantity::names(text);
    used.into_iter().filter(|name| seen.insert(name.clone())).collect::<Vec<_>>().into_iter().any(|name| {
        let parameter = design.section(Section::Parameter).find(|p| p.name == name);
        parameter.is_some_and(|p| turns(design, &p.text("value"), seen))
    })
}

/// Load cases that the requirement is about: those it names, else all of the design, else the study's one of all loads.
///
/// # Errors
/// A sentence, where one that it names is gone or suppressed.
fn cases(design: &Design, requirement: &Object, study: &Object) -> Result<Vec<Id>, String> {
    let chosen = requirement.refs("cases");
    let acts = |id: &Id| design.get(id).is_some_and(|o| !o.suppressed && o.section() == Some(Section::LoadCase));
    if let Some(gone) = chosen.iter().find(|id| !acts(id)) {
        let name = design.get(gone).map_or_else(|| gone.to_string(), |o| o.name.clone());
        return Err(format!("its load case {name} is not in the design, or suppressed"));
    }
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    let all: Vec<Id> = design.section(Section::LoadCase).filter(|o| !o.suppressed).map(|o| o.id.clone()).collect();
    Ok(if all.is_empty() { vec![study.id.clone()] } else { all })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quantity_has_its_measure() {
        let keys: Vec<&str> = QUANTITIES.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, MEASURES.iter().map(|m| m.key).collect::<Vec<_>>());
        for measure in MEASURES {
            assert!(measure.studies.iter().all(|s| crate::study::form(s).is_some()), "{}", measure.key);
        }
    }
}
