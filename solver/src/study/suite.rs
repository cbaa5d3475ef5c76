//! The conformance suite: what every physics must do, whatever it computes.
//!
//! Called from `tests/` once per study with a small case of its own. The caller brings the thread pools, because
//! nothing in this crate makes one.

use super::outcome::Outcome;
use super::{Case, Study, StudyError};
use crate::design::{Design, Object};
use crate::geometry::{Body, Model};
use crate::run::{Ctx, Report};
use crate::surface::{MassProperties, Representation, SurfaceMesh};
use glam::{DQuat, DVec3};
use std::f64::consts::FRAC_PI_2;
use std::sync::Arc;
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
/// `broken` are samples that must be refused with an issue or an error (NaN, empty, unsupported), besides the sample with a
/// point of its body that is no number; `on_threads` runs its closure in a pool of that many threads.
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

    let spoilt = spoilt(sample).map(|s| ("a point that is no number", s));
    for (name, bad) in
        broken.iter().map(|(name, bad)| (*name, bad)).chain(spoilt.iter().map(|(name, bad)| (*name, bad)))
    {
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

/// A body as the sample has it, but for a point of its surface that is no number, and what follows from it.
struct Spoilt {
    body: Arc<dyn Body>,
    surface: Arc<SurfaceMesh>,
}

impl Body for Spoilt {
    fn representation(&self) -> Representation {
        self.body.representation()
    }
    fn surface(&self) -> &Arc<SurfaceMesh> {
        &self.surface
    }
    fn mass_properties(&self) -> MassProperties {
        MassProperties { volume: f64::NAN, area: f64::NAN, centroid: [f64::NAN; 3], inertia: [f64::NAN; 6] }
    }
    fn signed_distance(&self, points: &[[f64; 3]], out: &mut [f64]) {
        self.body.signed_distance(points, out);
    }
}

/// `None` for a sample without a body.
fn spoilt(sample: &Sample) -> Option<Sample> {
    let mut model = sample.model.clone();
    let first = model.bodies.first_mut()?;
    let mut surface = first.body.surface().as_ref().clone();
    *surface.points.last_mut()? = [f64::NAN; 3];
    first.body = Arc::new(Spoilt { body: first.body.clone(), surface: Arc::new(surface) });
    Some(Sample { design: sample.design.clone(), model, study: sample.study })
}

/// What a scalar does as a problem is turned, and as it grows together with its loads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law {
    /// Its id; all states that have it count.
    pub scalar: &'static str,
    /// It grows as this power of the size.
    pub power: i32,
    /// Share by which another mesh may answer differently: one that was turned, or cut at other roundings.
    pub mesh: f64,
}

/// Twice as large is the same mesh to the bit: what is left is what solvers stop at, and digits of the set-up.
const DOUBLED: f64 = 1e-6;
/// Sizes besides the double.
const SIZES: [f64; 2] = [0.1, 3.0];

/// Where a study breaks the laws of turning and growing, in words; `sample(turn, size)` is one problem, turned about the
/// origin and so many times as large.
pub fn law_faults(study: &dyn Study, sample: &dyn Fn(DQuat, f64) -> Sample, laws: &[Law]) -> Vec<String> {
    let answer = |turn: DQuat, size: f64| run(study, &sample(turn, size), None).result;
    let plain = match answer(DQuat::IDENTITY, 1.0) {
        Ok(out) => out,
        Err(e) => return vec![format!("the sample does not run: {e}")],
    };
    let quarter = |axis: DVec3| DQuat::from_axis_angle(axis, FRAC_PI_2);
    let lean = DQuat::from_euler(glam::EulerRot::ZYX, 0.5, 0.3, -0.2);
    let mut others = vec![("turned about x", quarter(DVec3::X), 1.0), ("turned about y", quarter(DVec3::Y), 1.0)];
    others.extend([("turned about z", quarter(DVec3::Z), 1.0), ("turned aslant", lean, 1.0)]);
    others.push(("twice as large", DQuat::IDENTITY, 2.0));
    others.extend(SIZES.map(|size| ("of another size", DQuat::IDENTITY, size)));
    let mut faults = Vec::new();
    for (name, turn, size) in others {
        let out = match answer(turn, size) {
            Ok(out) => out,
            Err(e) => {
                faults.push(format!("{name}, it does not run: {e}"));
                continue;
            }
        };
        for law in laws {
            let of = |out: &Outcome| -> Vec<f64> {
                out.scalars.iter().filter(|s| s.id == law.scalar).map(|s| s.value).collect()
            };
            let (before, after) = (of(&plain), of(&out));
            if before.is_empty() || before.len() != after.len() {
                faults.push(format!("{name}, {} has {} values and had {}", law.scalar, after.len(), before.len()));
            }
            let within = if size == 2.0 { DOUBLED } else { law.mesh };
            for (a, b) in before.iter().zip(&after) {
                let expected = a * size.powi(law.power);
                if !((b - expected).abs() <= within * expected.abs()) {
                    faults.push(format!("{name}, {} is {b:e} instead of {expected:e}", law.scalar));
                }
            }
        }
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
