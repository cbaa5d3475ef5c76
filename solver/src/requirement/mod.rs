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
use crate::design::{Design, Id, Issue, Object, display_units, resolve};
use crate::quantity::{self, Dimension, Quantity};
use crate::study::question;
use std::collections::BTreeSet;

/// Kind of object of a requirement.
pub const KIND: &str = "requirement";

/// Significant digits by which one limit differs from another.
const LIMIT_DIGITS: usize = 6;

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

/// What `now` asks otherwise than it did `before`: a line for each difference, in the display units of the design as it is now.
/// Empty where the same is asked, however it is written.
pub fn changes(before: (&Design, &Object), now: (&Design, &Object)) -> Vec<String> {
    let units = display_units(now.0);
    let asked = |(design, object): (&Design, &Object)| {
        let names = |key: &str| {
            let found = object.refs(key).into_iter();
            let found = found.map(|id| design.get(&id).map_or_else(|| id.to_string(), |o| o.name.clone()));
            found.collect::<Vec<_>>().join(", ")
        };
        let measure = Measure::of(object);
        let limit = measure.and_then(|m| limit(design, object, m).ok().map(|l| Quantity::new(l, m.dimension)));
        let limit = limit.map_or_else(|| object.text("limit"), |l| quantity::format(l, units, LIMIT_DIGITS));
        let mode = measure.is_some_and(|m| matches!(m.read, Read::Mode(_))).then(|| object.text("mode"));
        let bound = if object.choice("comparison") == "at_least" { "at least" } else { "at most" };
        let cases = names("cases");
        let cases = if cases.is_empty() { "all".to_owned() } else { cases };
        let quantity = measure.map_or_else(|| object.choice("quantity"), |m| m.label().to_owned());
        // By what each is known, and what a person reads of it: names change without a change of what is asked.
        let ids = |key: &str| object.refs(key).iter().map(Id::to_string).collect::<Vec<_>>().join(" ");
        [
            ("quantity", object.choice("quantity"), quantity),
            ("mode", mode.clone().unwrap_or_default(), mode.unwrap_or_default()),
            ("limit", format!("{bound} {limit}"), format!("{bound} {limit}")),
            ("study", ids("study"), names("study")),
            ("load cases", ids("cases"), cases),
        ]
    };
    let (old, new) = (asked(before), asked(now));
    let pairs = old.into_iter().zip(new).filter(|((_, was, _), (_, is, _))| was != is);
    let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    let said = pairs.map(|((what, _, was), (_, _, is))| format!("{what}: {}, was {}", or_none(is), or_none(was)));
    said.chain(conditions(before, now)).collect()
}

/// A line of the loads, supports, materials and set-up by which its study answers otherwise than before; none where it is
/// another study, or these are the same.
fn conditions(before: (&Design, &Object), now: (&Design, &Object)) -> Option<String> {
    let study = |(_, object): (&Design, &Object)| object.refs("study").first().cloned();
    let id = study(before).filter(|id| study(now).as_ref() == Some(id))?;
    let asked = |design: &Design| design.get(&id).map(|s| question::conditions(design, s)).unwrap_or_default();
    let (old, new) = (asked(before.0), asked(now.0));
    let name = |design: &Design, id: &Id| design.get(id).map_or_else(|| id.to_string(), |o| o.name.clone());
    let changed = new.iter().filter_map(|(id, is)| match old.get(id) {
        None => Some(format!("{} is new", name(now.0, id))),
        Some(was) if was != is => Some(format!("{} is changed", name(now.0, id))),
        Some(_) => None,
    });
    let gone = old.keys().filter(|id| !new.contains_key(*id)).map(|id| format!("{} is gone", name(before.0, id)));
    let all: Vec<String> = changed.chain(gone).collect();
    if all.is_empty() { None } else { Some(format!("conditions: {}", all.join(", "))) }
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
    use crate::design::Value;
    use std::sync::Arc;

    #[test]
    fn every_quantity_has_its_measure() {
        let keys: Vec<&str> = QUANTITIES.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, MEASURES.iter().map(|m| m.key).collect::<Vec<_>>());
        for measure in MEASURES {
            assert!(measure.studies.iter().all(|s| crate::study::form(s).is_some()), "{}", measure.key);
        }
    }

    #[test]
    fn what_is_asked_otherwise_is_told_and_what_is_only_written_otherwise_is_not() {
        let study = |id: &str| Object::new(id, "static", "Pull");
        let asked = || {
            let object = Object::new("r", KIND, "Light").with("study", Value::Refs(vec!["s".into()]));
            object.expr("limit", "0.65 kg")
        };
        let parameter = |value: &str| Object::new("p", "parameter", "most").expr("value", value);
        let told = |was: Object, now: Object, most: [&str; 2]| {
            let design = |object: &Object, most: &str| {
                let mut design = Design::new();
                let objects = [study("s"), study("t"), parameter(most), object.clone()];
                design.objects.extend(objects.map(Arc::new));
                design
            };
            let (before, after) = (design(&was, most[0]), design(&now, most[1]));
            changes((&before, &was), (&after, &now))
        };
        let same = ["1 kg", "1 kg"];
        let none: Vec<String> = Vec::new();
        assert_eq!(told(asked(), asked().expr("limit", "650 g"), same), none);
        assert_eq!(told(asked(), asked().with("owner", Value::Text("Eva".into())), same), none);
        assert_eq!(
            told(asked(), asked().expr("limit", "0.8 kg"), same),
            ["limit: at most 0.8 kg, was at most 0.65 kg"]
        );
        // By a parameter, too: nobody touched the requirement itself.
        let driven = || asked().expr("limit", "most");
        assert_eq!(told(driven(), driven(), same), none);
        assert_eq!(told(driven(), driven(), ["1 kg", "1.2 kg"]), ["limit: at most 1.2 kg, was at most 1 kg"]);
        let other = asked().with("study", Value::Refs(vec!["t".into()]));
        assert_eq!(told(asked(), other, same).len(), 1, "another study of the same name");
        let turned = asked().with("comparison", Value::Choice("at_least".into()));
        assert_eq!(told(asked(), turned, same), ["limit: at least 0.65 kg, was at most 0.65 kg"]);
        let of_case = asked().with("cases", Value::Refs(vec!["c".into()]));
        assert_eq!(told(asked(), of_case, same), ["load cases: c, was all"]);
    }

    #[test]
    fn a_lighter_load_is_told_and_another_shape_is_not() {
        let design = |width: &str, objects: &[Object]| {
            let mut design = Design::new();
            let block = Object::new("b", "box", "Block").expr("dx", width);
            design
                .objects
                .extend([block, Object::new("s", "static", "Pull")].into_iter().chain(objects.to_vec()).map(Arc::new));
            design
        };
        let required = Object::new("r", KIND, "Safe").with("study", Value::Refs(vec!["s".into()]));
        let load = |force: &str| {
            Object::new("l", "force", "Weight").with("force", Value::Vector(["0", "0", force].map(Into::into)))
        };
        let wall = Object::new("w", "fixed", "Wall");
        let before = design("40 mm", &[load("-100 N"), wall.clone()]);
        let told = |now: &Design| changes((&before, &required), (now, &required));
        assert_eq!(told(&design("60 mm", &[load("-0.1 kN"), wall.clone()])), Vec::<String>::new());
        assert_eq!(told(&design("40 mm", &[load("-50 N"), wall])), ["conditions: Weight is changed"]);
        let other = design("40 mm", &[load("-100 N"), Object::new("v", "sliding", "Rail")]);
        assert_eq!(told(&other), ["conditions: Rail is new, Wall is gone"]);
    }
}
