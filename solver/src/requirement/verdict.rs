//! From evidence to the verdict on a requirement.

use super::evidence::Evidence;
use super::{Measure, Read, Singular, cases, limit};
use crate::design::{Design, Id, Object, display_units, resolve};
use crate::quantity::{Dimension, Quantity, UnitSystem, format, format_difference};
use crate::study::outcome::{Grade, Scalar, mode_id};
use crate::study::question::question;
use serde::{Deserialize, Serialize};

/// Significant digits of values and limits, and of bands.
const DIGITS: usize = 4;
const BAND_DIGITS: usize = 2;

/// Whether a design does what a requirement asks, as far as evidence shows. In the order of how much it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    NoEvidence,
    Stale,
    NoFiniteValue,
    NotMet,
    Indicated,
    Met,
}

/// Who answers for doing without a requirement, and why. It changes no verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    pub by: String,
    pub reason: String,
}

/// The verdict with what it rests on. Values are SI.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    pub requirement: Id,
    pub verdict: Verdict,
    /// A sentence that says why, in the display units of the design.
    pub reason: String,
    /// The run that decided, and the position in the log it was started at.
    pub run: Option<String>,
    pub version: Option<u64>,
    /// Label of the load case, mode or moment that decided, where there are several.
    pub state: Option<String>,
    pub value: Option<f64>,
    /// Half width of the band.
    pub error: Option<f64>,
    pub limit: Option<f64>,
    /// From the value to the limit; negative beyond it. The band is not taken off.
    pub margin: Option<f64>,
    pub dimension: Dimension,
    pub mandatory: bool,
    pub waiver: Option<Waiver>,
}

/// Deliberate faults, for the test of the test.
#[derive(Clone, Copy, Debug, Default)]
pub struct Canary {
    /// Takes runs on any version of the design.
    pub any_version: bool,
}

/// Judges `requirement`, an object of `design`, by `evidence`: of all runs of its design, or of its study.
///
/// Of the runs on the question that the study asks now, the newest that can be read counts. Every load case that the
/// requirement is about must be in it, and the one that says least decides.
pub fn judge(design: &Design, requirement: &Object, evidence: &[Evidence]) -> Judgement {
    judge_as(design, requirement, evidence, Canary::default())
}

/// [`judge`], with a fault.
pub fn judge_as(design: &Design, requirement: &Object, evidence: &[Evidence], canary: Canary) -> Judgement {
    let [by, reason] = ["waived_by", "waiver_reason"].map(|key| requirement.text(key).trim().to_owned());
    let mut out = Judgement {
        requirement: requirement.id.clone(),
        verdict: Verdict::NoEvidence,
        reason: String::new(),
        run: None,
        version: None,
        state: None,
        value: None,
        error: None,
        limit: None,
        margin: None,
        dimension: Dimension::NONE,
        mandatory: requirement.flag("mandatory"),
        waiver: (!by.is_empty() && !reason.is_empty()).then_some(Waiver { by, reason }),
    };
    if let Err(reason) = decide(design, requirement, evidence, canary, &mut out) {
        out.verdict = Verdict::NoEvidence;
        out.reason = reason;
    }
    out
}

/// Fills `out` in.
///
/// # Errors
/// Why there is no evidence.
fn decide(
    design: &Design,
    requirement: &Object,
    evidence: &[Evidence],
    canary: Canary,
    out: &mut Judgement,
) -> Result<(), String> {
    let measure = Measure::of(requirement).ok_or("This build does not know its quantity")?;
    out.dimension = measure.dimension;
    let limit = limit(design, requirement, measure).map_err(|issue| issue.message)?;
    out.limit = Some(limit);
    let study = requirement.refs("study").first().and_then(|id| design.get(id)).filter(|o| !o.suppressed);
    let study = study.ok_or("It has no study: choose one that is in the design and not suppressed")?;
    if !measure.studies.contains(&study.kind.as_str()) {
        return Err(format!("{} does not answer {}: choose another study", study.name, measure.label().to_lowercase()));
    }
    let asked =
        question(design, &study.id).ok_or_else(|| format!("This build does not know what {} asks", study.name))?;
    let own = |e: &&Evidence| e.record.study == study.id && e.record.study_kind == study.kind && e.record.finished;
    let mut runs: Vec<&Evidence> = evidence.iter().filter(own).collect();
    runs.sort_by_key(|e| std::cmp::Reverse((e.record.created, &e.record.run)));
    let is_fresh = |e: &&&Evidence| canary.any_version || e.record.question == asked;
    let fresh: Vec<&Evidence> = runs.iter().filter(is_fresh).copied().collect();
    let judge = Judge { design, requirement, measure, study, limit, units: display_units(design) };
    let first = |list: &[&'_ Evidence]| list.first().map(|e| (e.record.run.clone(), e.record.version));
    let Some((run, version)) = first(&fresh).or_else(|| first(&runs)) else {
        return Err(format!("{} has no finished run: run it", study.name));
    };
    (out.run, out.version) = (Some(run.clone()), Some(version));
    if fresh.is_empty() {
        // What it said, for the record; it says nothing of the design as it is.
        if let Some(last) = runs.iter().find(|e| e.scalars.is_ok()) {
            let _ = judge.read(last, out);
        }
        out.verdict = Verdict::Stale;
        out.reason = format!("The design asks something else since version {version}: run {} again", study.name);
        return Ok(());
    }
    match fresh.iter().find(|e| e.scalars.is_ok()) {
        Some(evidence) => judge.read(evidence, out),
        None => {
            let why = fresh.iter().find_map(|e| e.scalars.as_ref().err()).map_or_else(String::new, ToString::to_string);
            Err(format!("Run {run}: {why}; run {} again", study.name))
        }
    }
}

/// One number of an answer that the requirement is about.
struct Item<'a> {
    scalar: &'a Scalar,
    /// Of its load case, mode or moment.
    label: Option<String>,
    singular: bool,
}

struct Judge<'a> {
    design: &'a Design,
    requirement: &'a Object,
    measure: &'static Measure,
    study: &'a Object,
    limit: f64,
    units: UnitSystem,
}

impl Judge<'_> {
    /// The verdict by one run.
    fn read(&self, evidence: &Evidence, out: &mut Judgement) -> Result<(), String> {
        let scalars = evidence.scalars.as_deref().map_err(ToString::to_string)?;
        (out.run, out.version) = (Some(evidence.record.run.clone()), Some(evidence.record.version));
        let mut missing = None;
        let mut worst: Option<(Verdict, f64, Item)> = None;
        for item in self.items(evidence, scalars)? {
            let item = match item.and_then(|item| self.sound(item)) {
                Ok(item) => item,
                Err(why) => {
                    missing.get_or_insert(why);
                    continue;
                }
            };
            let (verdict, sure) = (self.verdict(&item), self.margin(item.scalar) - item.scalar.error.unwrap_or(0.0));
            // That one place has no finite value says less than that another is beyond the limit.
            let rank = |v: Verdict| if v == Verdict::NotMet { 0 } else { v as u8 };
            if worst.as_ref().is_none_or(|(v, s, _)| (rank(verdict), sure) < (rank(*v), *s)) {
                worst = Some((verdict, sure, item));
            }
        }
        let Some((verdict, _, item)) = worst else {
            return Err(missing.unwrap_or_else(|| format!("Run {} does not say it", evidence.record.run)));
        };
        if let Some(why) = missing.filter(|_| verdict != Verdict::NotMet) {
            return Err(why);
        }
        out.verdict = verdict;
        out.reason = self.reason(&item, verdict);
        out.state = item.label;
        if verdict != Verdict::NoFiniteValue {
            (out.value, out.error) = (Some(item.scalar.value), item.scalar.error);
            out.margin = Some(self.margin(item.scalar));
        }
        Ok(())
    }

    /// Everything in the answer that the requirement is about; a sentence in the place of what is missing.
    fn items<'e>(
        &self,
        evidence: &'e Evidence,
        scalars: &'e [Scalar],
    ) -> Result<Vec<Result<Item<'e>, String>>, String> {
        let label = self.measure.label();
        let find = |id: &str, case: Option<&str>| {
            scalars.iter().filter(|s| s.id == id && s.case.as_deref() == case).collect::<Vec<_>>()
        };
        let named = |case: &str| {
            let state = evidence.states.iter().find(|(id, _)| id == case).map(|(_, label)| label.clone());
            state.filter(|l| !l.is_empty()).or_else(|| self.design.get(&Id(case.into())).map(|o| o.name.clone()))
        };
        let singular = |case: Option<&str>| {
            case.is_some_and(|c| evidence.singular.contains(c))
                || scalars.iter().any(|s| s.case.as_deref() == case && s.exponent.is_some())
        };
        let item = |scalar: &'e Scalar, label: Option<String>| {
            let singular = singular(scalar.case.as_deref());
            Ok(Item { scalar, label, singular })
        };
        let all = |found: Vec<&'e Scalar>, place: Option<String>| -> Vec<Result<Item<'e>, String>> {
            if found.is_empty() {
                let at = place.map_or_else(String::new, |p| format!(" for {p}"));
                return vec![Err(format!("Run {} has no {}{at}", evidence.record.run, label.to_lowercase()))];
            }
            found.into_iter().map(|s| item(s, place.clone())).collect()
        };
        let per_case = |of: &dyn Fn(&str) -> Vec<&'e Scalar>| -> Result<Vec<_>, String> {
            let cases = cases(self.design, self.requirement, self.study).map_err(|e| format!("Load cases: {e}"))?;
            let name = |case: &Id| named(&case.0).or_else(|| Some(case.to_string()));
            Ok(cases.iter().flat_map(|case| all(of(&case.0), name(case))).collect())
        };
        Ok(match self.measure.read {
            Read::Whole(id) => all(find(id, None), None),
            Read::Case(id) => per_case(&|case| {
                let away = find(&format!("{id}_finite"), Some(case));
                let left_out = self.measure.singular == Singular::LeftOut;
                if left_out && !away.is_empty() { away } else { find(id, Some(case)) }
            })?,
            Read::Cases(start) => per_case(&|case| {
                scalars.iter().filter(|s| s.id.starts_with(start) && s.case.as_deref() == Some(case)).collect()
            })?,
            Read::OneCase(id) => {
                let cases = cases(self.design, self.requirement, self.study).map_err(|e| format!("Load cases: {e}"))?;
                let chosen = self.study.refs("cases");
                if cases.len() != 1 || (!chosen.is_empty() && chosen != cases) {
                    let name = &self.study.name;
                    return Err(format!(
                        "{name} judges one load case: name that one, and a requirement for each other"
                    ));
                }
                all(find(id, None), named(&cases[0].0))
            }
            Read::Mode(id) => {
                let n = resolve(self.design).0.number(self.requirement, "mode").map_err(|issue| issue.message)?;
                // A whole number from 1 to 50.
                let case = mode_id((n as usize).saturating_sub(1));
                all(find(id, Some(&case)), named(&case).or(Some(format!("mode {n}"))))
            }
            Read::Moments(id) if evidence.states.is_empty() => all(find(id, None), None),
            Read::Moments(id) => {
                let moment = |i: usize| Some(format!("moment {} of {}", i + 1, evidence.states.len()));
                let states = evidence.states.iter().enumerate();
                states.flat_map(|(i, (case, _))| all(find(id, Some(case)), moment(i))).collect()
            }
        })
    }

    /// Refuses what is no number of this quantity.
    fn sound<'e>(&self, item: Item<'e>) -> Result<Item<'e>, String> {
        let s = item.scalar;
        if s.dimension != self.measure.dimension {
            let (is, should) = (s.dimension.describe(), self.measure.dimension.describe());
            return Err(format!("The run gives {is} where {should} belongs"));
        }
        let band = s.error.is_none_or(|e| e.is_finite() && e >= 0.0);
        if !s.value.is_finite() || !band {
            return Err(format!("The run gives no number for {}", self.measure.label().to_lowercase()));
        }
        Ok(item)
    }

    /// From the value to the limit; negative beyond it.
    fn margin(&self, scalar: &Scalar) -> f64 {
        if self.at_least() { scalar.value - self.limit } else { self.limit - scalar.value }
    }

    fn at_least(&self) -> bool {
        self.requirement.choice("comparison") == "at_least"
    }

    fn verdict(&self, item: &Item) -> Verdict {
        // Whatever is left out, the value itself must be finite.
        if item.scalar.exponent.is_some() || (item.singular && self.measure.singular == Singular::Decides) {
            return Verdict::NoFiniteValue;
        }
        let margin = self.margin(item.scalar);
        if margin < 0.0 {
            return Verdict::NotMet;
        }
        let sure = item.scalar.error.is_some_and(|e| margin - e >= 0.0);
        if sure && item.scalar.grade == Grade::Verified { Verdict::Met } else { Verdict::Indicated }
    }

    fn reason(&self, item: &Item, verdict: Verdict) -> String {
        let show = |value: f64| format(Quantity::new(value, self.measure.dimension), self.units, DIGITS);
        let apart =
            |value: f64| format_difference(Quantity::new(value, self.measure.dimension), self.units, BAND_DIGITS);
        let place = item.label.as_ref().map_or_else(String::new, |l| format!(" ({l})"));
        let what = format!("{}{place}", self.measure.label());
        if verdict == Verdict::NoFiniteValue {
            return format!(
                "{what} has no finite value: at a singular place, as at a sharp inner corner or the rim of a held face, what is \
                 shown only grows with the mesh. Round the place, or ask for the value away from such places"
            );
        }
        let s = item.scalar;
        let band = s.error.map_or_else(String::new, |e| format!(" ± {}", apart(e)));
        let word = if self.at_least() { "at least" } else { "at most" };
        let margin = self.margin(s);
        let so = match (verdict, s.grade, s.error) {
            (Verdict::Met, ..) => format!("{} to spare, by a verified run", apart(margin)),
            (Verdict::NotMet, ..) => format!("it is {} beyond", apart(-margin)),
            (_, Grade::Instant, _) => "inside, by an instant run: only a verified one proves it".into(),
            (_, _, None) => "inside, but the run states no error: refine it".into(),
            _ => "inside, but not by its error: refine the study, or gain margin".into(),
        };
        format!("{what} is {}{band}, and must be {word} {}: {so}", show(s.value), show(self.limit))
    }
}
