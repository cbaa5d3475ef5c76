//! The stress of one load case, and the factors at which it buckles the bodies.

use crate::design::{Issue, Severity, resolve};
use crate::element::tet::Elasticity;
use crate::fitted::deck::{Deck, Steps};
use crate::fitted::modes::{ModesError, Pencil};
use crate::fitted::recover::{self, Patches};
use crate::fitted::{Mesh, Problem};
use crate::linear::eigen::{EigenError, Wanted};
use crate::mechanics::fit;
use crate::mechanics::setup::Setup;
use crate::mechanics::symmetry;
use crate::quantity::Dimension;
use crate::run::{Ctx, Phase};
use crate::study::climb::Step;
use crate::study::modes::{self, Known, Physics, STEPS_MAX, Stage, TOLERANCE};
use crate::study::outcome::{Grade, Outcome, Scalar};
use crate::study::resolution::afford;
use crate::study::{Case, Cost, Study, StudyError};

/// The linear buckling study.
pub struct Buckling;

/// A load factor above this says that the load hardly presses: another failure comes long before.
const FACTOR_LARGE: f64 = 1e4;

impl Study for Buckling {
    fn id(&self) -> &'static str {
        super::FORM.id
    }

    fn check(&self, case: &Case) -> Vec<Issue> {
        read(case).1
    }

    fn cost(&self, case: &Case) -> Cost {
        let ((setup, n), _) = read(case);
        modes::cost(&setup, n as f64)
    }

    fn run(&self, case: &Case, ctx: &mut Ctx) -> Result<Outcome, StudyError> {
        ctx.progress(Phase::Geometry, 0.0, "Reading the set-up");
        let ((setup, n_wanted), issues) = read(case);
        if issues.iter().any(|i| i.severity == Severity::Error) {
            return Err(StudyError::Setup(issues.into_iter().filter(|i| i.severity == Severity::Error).collect()));
        }
        ctx.check()?;
        afford(&modes::cost(&setup, n_wanted as f64), ctx, "a coarser resolution or fewer modes")?;
        let press = Press { case, setup: &setup, materials: setup.elasticities(), n_wanted };
        let mut out = modes::solve(case, &setup, ctx, &press)?;
        out.warnings.extend(issues.into_iter().map(|i| i.message));
        Ok(out)
    }
}

/// The set-up, of one load case, and the number of modes wanted.
fn read<'a>(case: &Case<'a>) -> ((Setup<'a>, usize), Vec<Issue>) {
    let (setup, mut issues) = Setup::read(case);
    if setup.cases.len() > 1 {
        issues.push(Issue::error(
            case.study,
            "cases",
            "Factors of several load cases are not one answer: choose the load case that presses",
        ));
    }
    if setup.share.is_some() {
        issues.push(Issue::warning(case.study, "supports", symmetry::MODES));
    }
    let n = resolve(case.design).0.number(case.study, "modes").unwrap_or_else(|issue| {
        issues.push(issue);
        1.0
    });
    ((setup, n as usize), issues)
}

struct Press<'a> {
    case: &'a Case<'a>,
    setup: &'a Setup<'a>,
    materials: Vec<Elasticity>,
    n_wanted: usize,
}

/// Nodal forces of the load case on the last mesh, N.
struct Own {
    forces: Vec<Vec<f64>>,
}

impl Physics for Press<'_> {
    type Own = Own;
    const VALUE: (&'static str, &'static str, Dimension) = ("load_factor", "Load factor", Dimension::NONE);
    const POWER: f64 = 1.0;

    fn value(eigenvalue: f64) -> f64 {
        eigenvalue
    }

    fn on_mesh(&self, mesh: Mesh, ctx: &mut Ctx, step: &Step) -> Result<Stage<Own>, StudyError> {
        step.report(ctx, 0.0, "Assembling");
        let held = fit::hold(self.setup, &mesh)?;
        ctx.check()?;
        let problem = Problem::sprung(&mesh, &self.materials, &held.springs, &held.constraints)
            .map_err(|e| fit::failed(&mesh, e))?;
        let unknowns = 3 * problem.system.transform.n_reduced();
        ctx.check()?;
        let n_nodes = problem.system.transform.n_nodes();
        let (forces, _) = fit::forces(self.case.model, self.setup, &mesh, n_nodes)?;
        step.report(ctx, 0.1, "Solving for the stress under the load");
        let solution = problem
            .solve(&forces, self.setup.tolerance(), ctx.cancel_flag(), |_, _| ctx.check().is_ok())
            .map_err(|e| fit::failed(&mesh, e))?;
        let inverted = |e: crate::element::tet::Inverted| StudyError::Solver(e.to_string());
        let Some(u) = solution.u.first() else {
            return Err(StudyError::Solver("no load case is left to solve".into()));
        };
        let raw = recover::raw(&mesh, &self.materials, u).map_err(inverted)?;
        ctx.check()?;
        let smooth = Patches::new(&mesh).recover(&mesh, std::slice::from_ref(&raw));
        let base = recover::estimate(&mesh, &self.materials, &raw, &smooth[0]).map_err(inverted)?;
        drop(smooth);
        step.report(ctx, 0.25, "Assembling what the stress does to the stiffness");
        let pencil = Pencil::buckling(problem, &raw).map_err(|e| fit::failed(&mesh, e))?;
        ctx.check()?;
        let wanted = Wanted { n: self.n_wanted, tolerance: TOLERANCE, steps_max: STEPS_MAX, seed: ctx.seed };
        let found = pencil
            .solve(wanted, ctx.cancel_flag(), |n, residual| modes::search(step, ctx, n, residual))
            .map_err(|e| self.failed(&mesh, e))?;
        ctx.check()?;
        step.report(ctx, 0.85, "Estimating the error");
        let estimates = modes::estimates(&pencil, &self.materials, &found.modes, ctx)?;
        drop(pencil);
        Ok(Stage {
            mesh,
            modes: found.modes,
            estimates,
            base: Some(base),
            held,
            unknowns,
            steps: found.steps,
            counted: found.counted,
            own: Own { forces },
        })
    }

    fn finish(&self, stage: &Stage<Own>, known: &[Known], out: &mut Outcome) {
        let label = self.setup.cases.first().map_or("", |c| c.label.as_str());
        if let Some(first) = known.first() {
            out.scalars.push(Scalar {
                id: "load_factor_first".into(),
                label: "Smallest load factor".into(),
                value: first.value,
                error: first.error,
                dimension: Dimension::NONE,
                grade: Grade::Verified,
                case: None,
                at: None,
                exponent: None,
            });
            if first.value > FACTOR_LARGE {
                out.warnings.push(format!(
                    "{label}: buckling needs {:.0} thousand times this load; the design yields or breaks long before",
                    first.value / 1e3
                ));
            } else if first.value < 1.0 {
                out.warnings.push(format!("{label}: the design buckles at {:.2} of this load", first.value));
            }
        }
        if known.len() < self.n_wanted {
            out.warnings.push(format!(
                "Only {} of the {} modes wanted have a factor above zero",
                known.len(),
                self.n_wanted
            ));
        }
        out.facts.push(("load".into(), label.into()));
        let densities = self.setup.densities();
        out.deck = Deck {
            title: &self.case.study.name,
            mesh: &stage.mesh,
            parts: &self.setup.names(),
            materials: &self.materials,
            orthotropic: &self.setup.orthotropic(),
            densities: &densities,
            held: &stage.held.constraints,
            springs: &stage.held.springs,
            bolts: &[],
            curves: &[],
            warmth: None,
            steps: Steps::Buckle { n: known.len(), forces: stage.own.forces.first().map_or(&[], Vec::as_slice) },
        }
        .write();
    }
}

impl Press<'_> {
    fn failed(&self, mesh: &Mesh, error: ModesError) -> StudyError {
        let label = self.setup.cases.first().map_or("This load", |c| c.label.as_str());
        match error {
            ModesError::Fitted(e) => fit::failed(mesh, e),
            ModesError::Eigen(EigenError::NonePositive) => StudyError::Solver(format!(
                "{label} buckles nothing: it presses no part of the design, however large it grows. Turn the load round \
                 if it should press"
            )),
            e => StudyError::Solver(format!("the search for buckling modes ended: {e}")),
        }
    }
}
