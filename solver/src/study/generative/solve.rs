//! The run: cells, nodes, the optimiser's steps with what is shown and kept on the way, the answer.

use super::answer::{self, Solved};
use super::body::{self, Built};
use super::brief::{Brief, Duty, Goal, RADIUS, errors};
use super::cost::cost;
use super::limit::{self, OVER_MAX};
use super::nodes::Nodes;
use super::piece;
use super::region::{self, Region, RegionError};
use super::solver::{Nodal, Solver, SolverError};
use super::store;
use crate::density::elastic::ElasticError;
use crate::density::measure::{self, Beyond, Thin};
use crate::density::mma;
use crate::density::oc::Criteria;
use crate::density::optimization::{Optimization, StepError, Stop};
use crate::density::physics::{Physics, Response};
use crate::density::pipeline::{Filter, Process, Sharpening};
use crate::density::setup::{self, Optimiser, Setup};
use crate::density::thermal::ThermalError;
use crate::design::Issue;
use crate::geometry::generated::Mould;
use crate::growth;
use crate::mesh::Grid;
use crate::run::{Asked, Ctx, Phase};
use crate::study::outcome::{Outcome, Partial};
use crate::study::resolution::afford;
use crate::study::{Case, Cost, Study, StudyError};
use std::sync::atomic::{AtomicBool, Ordering};

/// The generative study.
pub struct Generative;

/// Cells up to which a check makes them all, in a second and 1 GB; what it would find in more, the run says before its first
/// iteration.
const CHECKED_CELLS_MAX: usize = 2_000_000;
/// Cells times load cases up to which a check solves the whole space too where a limit is to be kept: in a second or two.
const SOLVED_CELLS_MAX: usize = 100_000;
/// Iterations of that solve; what takes more is left to the run.
const SOLVED_ITERATIONS_MAX: u32 = 60;
/// Iterations between two pictures.
const SHOWN_EVERY: u32 = 5;
/// Iterations between two checkpoints: who is killed while one is on its way goes on from the one before, and no more than ten
/// are done twice.
const KEPT_EVERY: u32 = 5;
/// Iterations, at most, past those asked for that bring a design back within its limit, as the last stage of a projection
/// takes some of its stiffness, or rid it of what is thinner than asked for.
const BACK_MAX: u32 = 30;
/// Steepness that projections end at.
const BETA_END: f64 = 16.0;
/// Steps under a limit on stress: a member that one large step takes away does not come back, for nothing pulls at a void.
const CAREFUL: mma::Settings = mma::Settings { move_limit: 0.05, start: 0.2, widen: 1.2, narrow: 0.7 };
/// Of a length in cells.
const ROUNDING: f64 = 1e-6;
/// Least relative stiffness, of cells without material.
const VOID: f64 = 1e-9;
/// Least relative conductivity, as in the literature (Gersborg-Hansen, Bendsøe & Sigmund 2006): heat that is made between
/// members must get to them, so what lies there is no perfect insulator.
const VOID_HEAT: f64 = 1e-3;
/// Scatter of the densities that a conductor begins with.
const SCATTER_HEAT: f64 = 0.1;

impl Study for Generative {
    fn id(&self) -> &'static str {
        super::FORM.id
    }

    fn check(&self, case: &Case) -> Vec<Issue> {
        let (brief, mut issues) = Brief::read(case);
        if errors(&issues).is_empty() && brief.grid().is_some_and(|g| g.n_cells() <= CHECKED_CELLS_MAX) {
            match Plan::new(case, &brief, &|| false) {
                Ok(plan) => issues.extend(plan.beyond_reach()),
                Err(RegionError::Issue(issue)) => issues.push(issue),
                Err(RegionError::Cancelled) => {}
            }
        }
        issues
    }

    fn cost(&self, case: &Case) -> Cost {
        cost(&Brief::read(case).0)
    }

    fn run(&self, case: &Case, ctx: &mut Ctx) -> Result<Outcome, StudyError> {
        ctx.progress(Phase::Geometry, 0.0, "Reading the set-up");
        let (brief, issues) = Brief::read(case);
        let wrong = errors(&issues);
        if !wrong.is_empty() {
            return Err(StudyError::Setup(wrong));
        }
        ctx.check()?;
        afford(&cost(&brief), ctx, "fewer cells")?;
        ctx.progress(Phase::Mesh, 0.01, "Cutting the design space into cells");
        let flag = ctx.cancel_flag();
        let plan = Plan::new(case, &brief, &|| flag.load(Ordering::Relaxed)).map_err(|e| match e {
            RegionError::Cancelled => StudyError::Cancelled,
            RegionError::Issue(issue) => StudyError::Setup(vec![issue]),
        })?;
        ctx.check()?;
        let mut out = plan.run(ctx)?;
        out.warnings.extend(issues.into_iter().map(|i| i.message));
        Ok(out)
    }
}

/// A set-up, ready to run.
pub struct Plan<'a> {
    pub case: &'a Case<'a>,
    pub brief: &'a Brief<'a>,
    pub region: Region,
    pub nodes: Nodes,
    pub wishes: Setup,
    mould: Mould,
}

impl<'a> Plan<'a> {
    /// # Errors
    /// [`RegionError`]: everything that a run of the set-up would be refused for.
    fn new(case: &'a Case<'a>, brief: &'a Brief<'a>, cancelled: &dyn Fn() -> bool) -> Result<Self, RegionError> {
        let region = Region::new(case, brief, cancelled)?;
        let nodes = Nodes::new(case, brief, &region)?;
        let wishes = wishes(brief, &region.grid, &nodes.sizes);
        Optimization::new(&region.domain, wishes.clone()).map_err(|e| region::at(case.study, &e))?;
        let bounds = region::bounds(case, brief)
            .ok_or_else(|| Issue::error(case.study, "bodies", "Design space: choose the body that may be filled"))?;
        let mould = Mould::new(&case.study.id.0, bounds);
        Ok(Self { case, brief, region, nodes, wishes, mould })
    }

    /// The limit that no design keeps, where a check has the time to find out.
    fn beyond_reach(&self) -> Option<Issue> {
        let has_limit = !matches!(self.wishes.goal, setup::Goal::Stiffness { .. });
        let n_solved = self.region.cells.len().saturating_mul(self.nodes.sizes.len().max(1));
        if !has_limit || n_solved > SOLVED_CELLS_MAX {
            return None;
        }
        let cancel = AtomicBool::new(false);
        let run = Optimization::new(&self.region.domain, self.wishes.clone()).ok()?;
        let start = limit::whole(&run);
        // What stops this solve stops the run, which says so.
        let mut solver = Solver::new(self.brief, &self.region, &self.nodes, &start, &cancel).ok()?;
        let accuracy = match &mut solver {
            Solver::Structure(s) => &mut s.accuracy,
            Solver::Conductor(c) => &mut c.accuracy,
        };
        accuracy.iterations_max = SOLVED_ITERATIONS_MAX;
        self.unreachable(&run, &mut solver).ok()?
    }

    fn run(&self, ctx: &mut Ctx) -> Result<Outcome, StudyError> {
        let mut run = self.begin(ctx)?;
        ctx.progress(Phase::Assemble, 0.02, "Making the operators of the first design");
        let start = run.stiffness(&run.density());
        let cancel = ctx.cancel_flag();
        let mut solver =
            Solver::new(self.brief, &self.region, &self.nodes, &start, cancel).map_err(|e| self.physics(e))?;
        if let Some(stored) = ctx.checkpoint.take().as_deref().and_then(store::read) {
            solver.restore(&stored.nodal);
        }
        ctx.check()?;
        if let Some(issue) = self.unreachable(&run, &mut solver).map_err(|e| self.physics(e))? {
            return Err(StudyError::Setup(vec![issue]));
        }
        ctx.check()?;
        let mut shown = 0;
        loop {
            while run.stopped().is_none() && !self.is_over(&run) {
                if ctx.asked() == Asked::Finish && run.state().iteration > 0 {
                    ctx.log("Asked to finish: the design as it is now is the answer");
                    return self.finish(&run, solver, None, ctx);
                }
                if ctx.asked() == Asked::Pause {
                    self.keep(&run, &solver, ctx);
                    return Err(StudyError::Paused);
                }
                self.step(&mut run, &mut solver, ctx)?;
                let n = run.state().iteration;
                if n == 1 || n.is_multiple_of(SHOWN_EVERY) {
                    if let Some(outcome) = self.look(&run, &solver) {
                        ctx.check()?;
                        ctx.emit(Partial { level: shown, outcome });
                        shown += 1;
                    }
                    ctx.check()?;
                }
                if n.is_multiple_of(KEPT_EVERY) {
                    self.keep(&run, &solver, ctx);
                }
            }
            // The step that ended the run is evaluated here for the first time.
            let over = self.over_now(&run, &mut solver).map_err(|e| self.physics(e))?;
            ctx.check()?;
            if self.is_over(&run) {
                return self.finish(&run, solver, None, ctx);
            }
            if over > OVER_MAX {
                ctx.log(format!("{:.1} % above the limit: another iteration", 100.0 * over));
            } else {
                let thin = self.thin(&run.solid());
                ctx.check()?;
                let n_thin = thin.as_ref().map_or(0, |t| t.members.len() + t.gaps.len());
                if n_thin == 0 {
                    return self.finish(&run, solver, thin, ctx);
                }
                ctx.log(format!("{n_thin} cells are of members or gaps that are too thin: more iterations"));
            }
            run.go_on();
        }
    }

    /// Whether a run that has ended once may not go on. Told by its state, so that a resumed run ends alike.
    fn is_over(&self, run: &Optimization) -> bool {
        let state = run.state();
        state.first_stop.is_some_and(|first| state.iteration >= first.max(self.wishes.iterations_max) + BACK_MAX)
    }

    /// A new run, or one that goes on from its checkpoint.
    fn begin(&self, ctx: &mut Ctx) -> Result<Optimization, StudyError> {
        let refused = |e| StudyError::Setup(vec![region::at(self.case.study, &e)]);
        let (domain, wishes) = (&self.region.domain, || self.wishes.clone());
        if let Some(bytes) = &ctx.checkpoint {
            let resumed = store::read(bytes).and_then(|s| Optimization::resume(domain, wishes(), s.state).ok());
            if let Some(run) = resumed {
                ctx.log(format!("Going on after iteration {}", run.state().iteration));
                return Ok(run);
            }
            ctx.checkpoint = None;
            ctx.log("The checkpoint is not of this set-up, or damaged: beginning anew");
        }
        Optimization::new(domain, wishes()).map_err(refused)
    }

    fn keep(&self, run: &Optimization, solver: &Solver, ctx: &mut Ctx) {
        ctx.keep(store::write(run.state(), &solver.values()));
    }

    fn step(&self, run: &mut Optimization, solver: &mut Solver, ctx: &mut Ctx) -> Result<(), StudyError> {
        run.step(solver).map_err(|e| match e {
            StepError::Physics(e) => self.physics(e),
            StepError::Setup(e) => StudyError::Setup(vec![region::at(self.case.study, &e)]),
            StepError::NotFinite { .. } => StudyError::Solver(e.to_string()),
        })?;
        ctx.check()?;
        let Some(last) = run.state().history.last() else { return Ok(()) };
        let done = f64::from(last.iteration) / f64::from(self.wishes.iterations_max);
        let note = format!(
            "Iteration {}: {} {:.4e}, volume {:.2} %, grey {:.1} %",
            last.iteration,
            answer::objective_name(&self.brief.goal).to_lowercase(),
            last.objective,
            100.0 * last.volume,
            100.0 * last.discreteness
        );
        ctx.residual(last.iteration, last.change);
        ctx.progress(Phase::Solve, 0.03 + 0.87 * done, note);
        Ok(())
    }

    /// Cells of members and of gaps that are thinner than asked for; nothing where no least width is.
    fn thin(&self, solid: &[bool]) -> Option<Thin> {
        let size = (self.brief.member / self.region.grid.cell + ROUNDING).floor() as usize;
        (self.brief.member > 0.0).then(|| measure::thin(&self.region.domain, solid, size, Beyond::Void))
    }

    /// The design on its way.
    fn look(&self, run: &Optimization, solver: &Solver) -> Option<Outcome> {
        let density = run.density();
        let (samples, _) = body::samples(&self.region, &density)?;
        let level = body::level_by_cells(&self.region, &density);
        let grown = self.mould.grow(&samples, level, body::surface_cells(&self.region.grid, 1.0))?;
        let solved = solver.last().map(|view| Solved { view, compliance: None, built: None, stress: None, over: &[] });
        Some(answer::outcome(self, run, &density, &grown, solved.as_ref()))
    }

    /// `thin`: of the design, where it was looked for already.
    fn finish(
        &self,
        run: &Optimization,
        mut solver: Solver,
        thin: Option<Thin>,
        ctx: &mut Ctx,
    ) -> Result<Outcome, StudyError> {
        ctx.progress(Phase::Recover, 0.91, "Solving the design found, to the last digits that count");
        let density = run.density();
        solver.refine();
        let Response { compliance, .. } = solver.solve(&run.stiffness(&density)).map_err(|e| self.physics(e))?;
        let stress = solver.largest_stress(&density);
        let over = self.over(&compliance, &stress);
        ctx.check()?;
        ctx.progress(Phase::Recover, 0.93, "Making a body of the densities");
        let flag = ctx.cancel_flag();
        let share = density.iter().sum::<f64>() / self.region.cells.len() as f64;
        let built = body::build(&self.region, &self.mould, &density, share, &|| flag.load(Ordering::Relaxed));
        ctx.check()?;
        let Some(built) = built else {
            return Err(StudyError::Solver(
                "nothing is left of the design: allow more volume, or keep more of the space".into(),
            ));
        };
        let Built { grown, level, wanted, pieces, n_crumbs, .. } = &built;
        if *n_crumbs > 0 {
            ctx.log(format!("Left out {n_crumbs} loose crumbs, which nothing held or loaded belongs to"));
        }
        ctx.progress(Phase::Recover, 0.97, "Solving the body in cells");
        let nodal = solver.take();
        let view = nodal.as_ref().map(Nodal::view);
        let void = self.wishes.void_stiffness;
        let filled = region::fractions(&grown.surface, &self.region);
        let stiffness: Vec<f64> = filled.iter().map(|f| void + f * (1.0 - void)).collect();
        let again = solver.solve(&stiffness).map_err(|e| self.physics(e))?.compliance;
        ctx.check()?;
        let solved = view.map(|view| Solved {
            view,
            compliance: Some(&compliance),
            built: Some(&again),
            stress: Some(&stress),
            over: &over,
        });
        let mut out = answer::outcome(self, run, &density, grown, solved.as_ref());
        let thin = thin.or_else(|| self.thin(&run.solid()));
        ctx.check()?;
        answer::finish(self, run, &density, grown, view, thin.as_ref(), &mut out);
        out.facts.push(("level of the surface".into(), format!("{level:.4}")));
        out.warnings.extend(self.missed(&density, &over));
        if (grown.volume / wanted - 1.0).abs() > 5e-3 {
            out.warnings.push(format!(
                "The body's volume is {:.1} % off the optimiser's: walls are thinner than cells resolve; take more cells",
                100.0 * (grown.volume / wanted - 1.0)
            ));
        }
        if pieces.len() > 1 {
            let idle = match self.brief.duty {
                Duty::Mechanical(_) => "some held or loaded face carries nothing",
                Duty::Thermal(_) => "some heated or cooled face leads no heat",
            };
            out.warnings.push(format!(
                "The body is in {} pieces: {idle}; allow more volume or check the loads. Beside the largest: near {}",
                pieces.len(),
                piece::places(pieces)
            ));
        }
        if let Some(thin) = thin.filter(|t| !t.members.is_empty() || !t.gaps.is_empty()) {
            out.warnings.push(format!(
                "Smallest member: {} cells of members and {} of gaps are thinner than {:.3} mm; allow more iterations or more cells",
                thin.members.len(),
                thin.gaps.len(),
                1e3 * self.brief.member
            ));
        }
        if run.stopped() == Some(Stop::Iterations) {
            out.warnings.push("The iterations were used up before the design settled; more may improve it".into());
        }
        let growth = built.growth(self.brief.proposal(self.case));
        out.facts.push((growth::FACT.into(), blake3::hash(&growth.to_bytes()).to_hex().to_string()));
        out.growth = Some(growth);
        ctx.progress(Phase::Done, 1.0, "Done");
        Ok(out)
    }

    fn physics(&self, error: SolverError) -> StudyError {
        let at = |key, why| StudyError::Setup(vec![Issue::error(self.case.study, key, why)]);
        match error {
            e if e.is_cancelled() => StudyError::Cancelled,
            SolverError::Elastic(ElasticError::Loose) => {
                at("supports", "The supports do not hold the design space in cells: hold more faces")
            }
            SolverError::Thermal(ThermalError::Insulated) => {
                at("thermal", "The given temperatures reach no cell of the design space: give more faces a temperature")
            }
            other => StudyError::Solver(other.to_string()),
        }
    }
}

/// What the optimiser is asked; `sizes` of [`Nodes`].
pub fn wishes(brief: &Brief, grid: &Grid, sizes: &[f64]) -> Setup {
    let goal = match brief.goal {
        Goal::Share(share) | Goal::Conduction(share) => setup::Goal::Stiffness { volume_max: share },
        Goal::Displacement(d) => setup::Goal::Volume { compliance_max: sizes.iter().map(|size| size * d).collect() },
        Goal::Compliance(c) => setup::Goal::Volume { compliance_max: vec![c; sizes.len()] },
        Goal::Stress(s) => setup::Goal::Strength { stress_max: s },
    };
    let process = brief.process(grid);
    // Optimality criteria need one limit and volumes that grow with every density: processes couple cells.
    let plain = matches!(process, Process::Any | Process::Extruded { .. });
    let stiffest = matches!(goal, setup::Goal::Stiffness { .. });
    let is_stress = matches!(goal, setup::Goal::Strength { .. });
    let base = Setup::new(goal, sizes.len(), RADIUS);
    let base = if brief.member > 0.0 {
        base.with_size_min(brief.member / grid.cell, [[false; 2]; 3])
    } else {
        let radius = if brief.filter_radius > 0.0 { brief.filter_radius / grid.cell } else { RADIUS };
        let filter = if brief.by_equation { Filter::Helmholtz { radius } } else { Filter::Density { radius } };
        let sharpening = Some(Sharpening { beta_start: 1.0, beta_end: BETA_END, robust: None });
        Setup { filter, sharpening, ..base }
    };
    let n_stages = base.sharpening.map_or(1.0, |s| (s.beta_end / s.beta_start).log2() + 1.0);
    Setup {
        weights: brief.weights.clone(),
        symmetry: brief.planes(grid),
        process,
        // Between two whole faces heat flows alike everywhere, and every even design is a saddle.
        scatter: if matches!(brief.duty, Duty::Thermal(_)) { SCATTER_HEAT } else { 0.0 },
        size_max: (brief.member_max > 0.0).then(|| brief.member_max / grid.cell),
        void_stiffness: if matches!(brief.duty, Duty::Thermal(_)) { VOID_HEAT } else { VOID },
        optimiser: match base.optimiser {
            _ if stiffest && plain && brief.member_max == 0.0 => Optimiser::Criteria(Criteria::default()),
            _ if is_stress => Optimiser::Asymptotes(CAREFUL),
            other => other,
        },
        // The last stage takes twice as long as the others.
        stage_iterations: (f64::from(brief.iterations_max) / (n_stages + 1.0)).clamp(4.0, 50.0) as u32,
        iterations_max: brief.iterations_max,
        ..base
    }
}
