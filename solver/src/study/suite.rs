//! The conformance suite: what every physics must do, whatever it computes.
//!
//! Called from `tests/` once per study with a small case of its own. The caller brings the thread pools, because
//! nothing in this crate makes one.

use super::outcome::Outcome;
use super::{Case, Study, StudyError};
use crate::design::{Design, Object};
use crate::geometry::Model;
use crate::run::{Ctx, Report};
use std::sync::atomic::{AtomicBool, Ordering};

/// A set-up with everything a run needs.
pub struct Sample {
    pub design: Design,
    pub model: Model,
    /// Id of the study object.
    pub study: &'static str,
}

impl Sample {
    /// Runs `f` on the sample's case.
    ///
    /// # Panics
    /// When the sample has no study object of that id: a mistake in the test.
    pub fn with<R>(&self, f: impl FnOnce(&Case) -> R) -> R {
        let Some(study) = self.design.get(&self.study.into()) else {
            panic!("the sample has no object '{}'", self.study)
        };
        f(&Case { design: &self.design, study, model: &self.model, upstream: &[] })
    }

    fn study_object(&self) -> Option<&Object> {
        self.design.get(&self.study.into())
    }
}

/// One run and everything it reported.
pub struct Run {
    pub result: Result<Outcome, StudyError>,
    pub reports: Vec<Report>,
}

/// Runs `study` on `sample`; `stop_after` sets the cancel flag at that report.
pub fn run(study: &dyn Study, sample: &Sample, stop_after: Option<usize>) -> Run {
    let cancel = AtomicBool::new(stop_after == Some(0));
    let mut reports = Vec::new();
    let mut sink = |r: Report| {
        reports.push(r);
        if stop_after.is_some_and(|n| reports.len() >= n) {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let result = sample.with(|case| study.run(case, &mut Ctx::new(&mut sink, &cancel)));
    Run { result, reports }
}

/// What a study did wrong, in words; empty when it conforms.
///
/// `broken` are samples that must be refused with an issue or an error (NaN, empty, unsupported), `on_threads` runs its
/// closure in a pool of that many threads.
pub fn faults(
    study: &dyn Study,
    sample: &Sample,
    broken: &[(&str, Sample)],
    on_threads: &dyn Fn(usize, &mut (dyn FnMut() + Send)),
) -> Vec<String> {
    let mut faults = Vec::new();
    if sample.study_object().is_none_or(|o| o.kind != study.id()) {
        faults.push(format!("the sample is not a '{}' study", study.id()));
        return faults;
    }

    let whole = run(study, sample, None);
    match &whole.result {
        Ok(out) => answer_faults(out, &mut faults),
        Err(e) => faults.push(format!("the sample does not run: {e}")),
    }
    progress_faults(&whole.reports, &mut faults);

    for (name, bad) in broken {
        let refused = bad.with(|case| study.check(case)).iter().any(|i| i.severity == crate::design::Severity::Error);
        match run(study, bad, None).result {
            Ok(_) => faults.push(format!("{name} is answered, not refused")),
            Err(StudyError::Setup(_)) if !refused => {
                faults.push(format!("{name} is refused by the run, not the check"))
            }
            Err(_) => {}
        }
    }

    // Stopped before the start, in the middle and near the end: never an answer, hardly another report.
    let n = whole.reports.len();
    for stop in [0, n / 2, n.saturating_sub(3)] {
        let stopped = run(study, sample, Some(stop));
        if !matches!(stopped.result, Err(StudyError::Cancelled)) {
            faults.push(format!("cancel at report {stop} of {n} is not honoured"));
        }
        if stopped.reports.len() > stop + 4 {
            faults.push(format!("{} reports after a cancel at {stop}", stopped.reports.len() - stop));
        }
    }

    let mut bytes: Vec<Vec<u8>> = Vec::new();
    for threads in [1, 2] {
        let mut once = || {
            if let Ok(out) = run(study, sample, None).result {
                bytes.push(out.to_bytes());
            }
        };
        on_threads(threads, &mut once);
    }
    match &bytes[..] {
        [one, two] if one == two => {}
        [_, _] => faults.push("one and two threads give different bits".into()),
        _ => faults.push("it does not run in a pool".into()),
    }

    let cost = sample.with(|case| study.cost(case));
    if cost.memory_bytes == 0 || cost.dofs == 0 || !(cost.core_seconds > 0.0) {
        faults.push("cost says nothing".into());
    }
    let cancel = AtomicBool::new(false);
    let mut sink = |_: Report| {};
    let mut ctx = Ctx::new(&mut sink, &cancel);
    ctx.memory_bytes_max = cost.memory_bytes / 2;
    if sample.with(|case| study.run(case, &mut ctx)).is_ok() {
        faults.push("it runs beyond the memory it is allowed".into());
    }
    faults
}

fn answer_faults(out: &Outcome, faults: &mut Vec<String>) {
    if out.scalars.is_empty() || out.fields.is_empty() {
        faults.push("the answer is empty".into());
    }
    for s in &out.scalars {
        if !s.value.is_finite() || s.error.is_some_and(|e| !(e >= 0.0)) {
            faults.push(format!("{} is not a number", s.id));
        }
    }
    for f in &out.fields {
        let Some(mesh) = out.meshes.iter().find(|m| m.name() == f.mesh) else {
            faults.push(format!("{} lives on a mesh that is not there", f.id));
            continue;
        };
        if f.values.iter().any(|v| !v.is_finite()) {
            faults.push(format!("{} has values that are not numbers", f.id));
        }
        let n = mesh.n_values(f.location) * usize::from(f.components);
        if f.values.len() != n {
            faults.push(format!("{} has {} values where its mesh has {n}", f.id, f.values.len()));
        }
    }
    for case in out.fields.iter().map(|f| &f.case).chain(out.scalars.iter().map(|s| &s.case)).flatten() {
        if out.state(case).is_none() {
            faults.push(format!("'{case}' is a state that the answer does not list"));
        }
    }
    match Outcome::from_bytes(&out.to_bytes()) {
        Ok(back) if same_scalars(&back, out) => {}
        _ => faults.push("the answer does not survive its bytes".into()),
    }
}

fn progress_faults(reports: &[Report], faults: &mut Vec<String>) {
    let steps: Vec<_> = reports
        .iter()
        .filter_map(|r| if let Report::Progress { phase, fraction, .. } = r { Some((*phase, *fraction)) } else { None })
        .collect();
    if steps.windows(2).any(|w| w[1].1 < w[0].1 || w[1].0 < w[0].0) {
        faults.push("progress falls".into());
    }
    if steps.last().is_none_or(|s| s.1 < 1.0) {
        faults.push("progress does not reach its end".into());
    }
    let levels: Vec<u32> =
        reports.iter().filter_map(|r| if let Report::Partial(p) = r { Some(p.level) } else { None }).collect();
    if levels.first().is_some_and(|l| *l != 0) || levels.windows(2).any(|w| w[1] <= w[0]) {
        faults.push("partial answers do not rise from level 0".into());
    }
}

/// Scalars agree to the last digit but one: text may round the last.
fn same_scalars(a: &Outcome, b: &Outcome) -> bool {
    a.scalars.len() == b.scalars.len()
        && a.scalars
            .iter()
            .zip(&b.scalars)
            .all(|(p, q)| p.id == q.id && (p.value - q.value).abs() <= 1e-14 * q.value.abs())
}
