//! The modes of bodies, held or free, on one mesh and over finer and finer ones.

use super::answer;
use crate::design::{Issue, Severity, resolve};
use crate::element::tet::Elasticity;
use crate::fitted::Mesh;
use crate::fitted::modes::{Mode, Modes, ModesError, Pencil};
use crate::linear::eigen::Wanted;
use crate::mechanics::fit;
use crate::mechanics::setup::{Part, Setup};
use crate::mechanics::symmetry;
use crate::quantity::Dimension;
use crate::run::{Ctx, Phase};
use crate::study::climb::Step;
use crate::study::modes::{self, Known, Physics, STEPS_MAX, Stage, TOLERANCE};
use crate::study::outcome::Outcome;
use crate::study::resolution::afford;
use crate::study::{Case, Cost, Study, StudyError};
use glam::DVec3;
use std::f64::consts::PI;

/// The modal study.
pub struct Modal;

/// ω² below this share of the shift is a rigid motion: a hundredth of a frequency that is itself below the first elastic
/// one.
const RIGID: f64 = 1e-4;
/// The shift as a share of the square of the frequency that the bodies' size and thickness let expect.
const SHIFT: f64 = 0.1;
/// Modes that are looked for beyond those wanted and the rigid motions expected, at most: bodies that touch less than
/// their bounds do have more rigid motions.
const MORE_MAX: usize = 60;

impl Study for Modal {
    fn id(&self) -> &'static str {
        super::FORM.id
    }

    fn check(&self, case: &Case) -> Vec<Issue> {
        read(case).1
    }

    fn cost(&self, case: &Case) -> Cost {
        let ((setup, n), _) = read(case);
        modes::cost(&setup, (n + setup.n_free(case)) as f64)
    }

    fn run(&self, case: &Case, ctx: &mut Ctx) -> Result<Outcome, StudyError> {
        ctx.progress(Phase::Geometry, 0.0, "Reading the set-up");
        let ((setup, n_wanted), issues) = read(case);
        if issues.iter().any(|i| i.severity == Severity::Error) {
            return Err(StudyError::Setup(issues.into_iter().filter(|i| i.severity == Severity::Error).collect()));
        }
        ctx.check()?;
        let n_free = setup.n_free(case);
        afford(&modes::cost(&setup, (n_wanted + n_free) as f64), ctx, "a coarser resolution or fewer modes")?;
        let vibration = Vibration {
            case,
            setup: &setup,
            materials: setup.elasticities(),
            densities: setup.densities(),
            n_wanted,
            n_free,
            shift: shift(&setup),
        };
        let mut out = modes::solve(case, &setup, ctx, &vibration)?;
        out.warnings.extend(issues.into_iter().map(|i| i.message));
        Ok(out)
    }
}

/// The set-up and the number of modes wanted.
fn read<'a>(case: &Case<'a>) -> ((Setup<'a>, usize), Vec<Issue>) {
    let (setup, mut issues) = Setup::read_unloaded(case);
    if setup.share.is_some() {
        issues.push(Issue::warning(case.study, "supports", symmetry::MODES));
    }
    let n = resolve(case.design).0.number(case.study, "modes").unwrap_or_else(|issue| {
        issues.push(issue);
        1.0
    });
    ((setup, n as usize), issues)
}

/// A shift below ω² of the first elastic mode, 1/s²: waves of bending over the diagonal, in the slowest material.
fn shift(setup: &Setup) -> f64 {
    let volume: f64 = setup.parts.iter().map(|p| p.volume).sum();
    let area: f64 = setup.parts.iter().map(|p| p.area).sum();
    let speed = |p: &Part| (p.young()[0] / p.density).sqrt();
    let slowest = setup.parts.iter().map(speed).fold(f64::INFINITY, f64::min);
    let thickness = 2.0 * volume / area;
    let elastic = SHIFT * (slowest * thickness / setup.size().powi(2)).powi(2);
    // On soft springs a body sways as a whole, far below its own frequencies.
    let mass: f64 = setup.parts.iter().map(|p| p.density * p.volume).sum();
    let swaying = setup.supports.iter().filter_map(|s| Some(s.hold.softest()? * setup.area(&s.faces) / mass));
    swaying.filter(|w| *w > 0.0).map(|w| SHIFT * w).fold(elastic, f64::min)
}

/// What the modes of one mesh say besides.
pub(super) struct Own {
    /// By mode: effective mass along x, y and z, kg.
    pub effective: Vec<DVec3>,
    pub n_rigid: usize,
}

pub(super) struct Vibration<'a> {
    pub case: &'a Case<'a>,
    pub setup: &'a Setup<'a>,
    pub materials: Vec<Elasticity>,
    pub densities: Vec<f64>,
    pub n_wanted: usize,
    n_free: usize,
    shift: f64,
}

impl Physics for Vibration<'_> {
    type Own = Own;
    const VALUE: (&'static str, &'static str, Dimension) = ("frequency", "Natural frequency", Dimension::FREQUENCY);
    const POWER: f64 = 0.5;

    fn value(eigenvalue: f64) -> f64 {
        eigenvalue.max(0.0).sqrt() / (2.0 * PI)
    }

    fn on_mesh(&self, mesh: Mesh, ctx: &mut Ctx, step: &Step) -> Result<Stage<Own>, StudyError> {
        step.report(ctx, 0.0, "Assembling");
        let held = fit::hold(self.setup, &mesh)?;
        ctx.check()?;
        let pencil =
            Pencil::vibration(&mesh, &self.materials, &self.densities, &held.springs, &held.constraints, self.shift)
                .map_err(|e| fit::failed(&mesh, e))?;
        ctx.check()?;
        let unknowns = 3 * pencil.problem.system.transform.n_reduced();
        let (found, n_rigid) = self.find(&pencil, ctx, step)?;
        step.report(ctx, 0.85, "Estimating the error");
        let estimates = modes::estimates(&pencil, &self.materials, &found.modes, ctx)?;
        let effective = found.modes.iter().map(|m| pencil.effective_mass(m)).collect();
        drop(pencil);
        Ok(Stage {
            mesh,
            modes: found.modes,
            estimates,
            base: None,
            held,
            unknowns,
            steps: found.steps,
            counted: found.counted,
            own: Own { effective, n_rigid },
        })
    }

    fn finish(&self, stage: &Stage<Own>, known: &[Known], out: &mut Outcome) {
        answer::finish(self, stage, known, out);
    }
}

impl Vibration<'_> {
    /// The elastic modes wanted, and how many rigid motions came before them.
    fn find(&self, pencil: &Pencil, ctx: &mut Ctx, step: &Step) -> Result<(Modes, usize), StudyError> {
        let mut more = self.n_free;
        loop {
            let wanted = Wanted { n: self.n_wanted + more, tolerance: TOLERANCE, steps_max: STEPS_MAX, seed: ctx.seed };
            let mut found = pencil
                .solve(wanted, ctx.cancel_flag(), |n, residual| modes::search(step, ctx, n, residual))
                .map_err(|e| match e {
                    ModesError::Fitted(e) => fit::failed(pencil.problem.mesh, e),
                    e => StudyError::Solver(format!("the search for modes ended: {e}")),
                })?;
            ctx.check()?;
            let is_rigid = |m: &Mode| m.value < RIGID * self.shift;
            let mut n_rigid = found.modes.iter().take_while(|m| is_rigid(m)).count();
            // What springs hold sways, however slowly.
            if self.setup.supports.iter().any(|s| s.hold.is_elastic()) {
                n_rigid = n_rigid.min(self.n_free);
            }
            let n_elastic = found.modes.len() - n_rigid;
            // A small mesh may not have as many as asked for.
            let all = found.modes.len() < wanted.n;
            if n_elastic >= self.n_wanted || all || more >= self.n_free + MORE_MAX {
                found.modes.drain(..n_rigid);
                found.modes.truncate(self.n_wanted);
                return Ok((found, n_rigid));
            }
            more += self.n_wanted - n_elastic;
        }
    }
}
