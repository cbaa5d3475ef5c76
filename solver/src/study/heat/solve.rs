//! The run: mesh, solve or march, estimate, refine, until the temperatures stand.

use super::answer;
use super::history::History;
use crate::design::{Issue, Severity};
use crate::fitted::Mesh;
use crate::fitted::deck::heat::{self, HeatDeck};
use crate::fitted::heat::{Exchange, Flows, Matter, flux};
use crate::fitted::ladder;
use crate::fitted::recover::{self, Estimate, Patches, Points};
use crate::linear::constraint::Constraints;
use crate::run::{Ctx, Phase};
use crate::study::climb::{Climb, Step};
use crate::study::outcome::{Outcome, Partial};
use crate::study::resolution::afford;
use crate::study::thermal::{Course, Fitted, Setup, Sizes, TOLERANCE, beyond, failed};
use crate::study::{Case, Cost, Study, StudyError};

/// The heat study.
pub struct Heat;

/// Measured on blocks, rounded up: per node, and per node and moment kept.
const BYTES_PER_NODE: f64 = 5500.0;
const BYTES_PER_NODE_AND_STATE: f64 = 400.0;
const SECONDS_PER_NODE: f64 = 6e-5;
const SECONDS_PER_NODE_AND_STEP: f64 = 1.5e-6;
/// Steps of a march, about.
const STEPS: f64 = 150.0;

impl Study for Heat {
    fn id(&self) -> &'static str {
        super::FORM.id
    }

    fn check(&self, case: &Case) -> Vec<Issue> {
        read(case).1
    }

    fn cost(&self, case: &Case) -> Cost {
        cost(&Setup::read(case).0)
    }

    fn run(&self, case: &Case, ctx: &mut Ctx) -> Result<Outcome, StudyError> {
        ctx.progress(Phase::Geometry, 0.0, "Reading the set-up");
        let (setup, issues) = read(case);
        if issues.iter().any(|i| i.severity == Severity::Error) {
            return Err(StudyError::Setup(issues.into_iter().filter(|i| i.severity == Severity::Error).collect()));
        }
        ctx.check()?;
        let cost = cost(&setup);
        afford(&cost, ctx, "a coarser resolution")?;
        let mut out = solve(case, &setup, ctx)?;
        out.warnings.extend(issues.into_iter().map(|i| i.message));
        Ok(out)
    }
}

/// The set-up, and what is missing or odd in it.
fn read<'a>(case: &Case<'a>) -> (Setup<'a>, Vec<Issue>) {
    let (setup, mut issues) = Setup::read(case);
    issues.extend(super::check(case.design, case.study));
    (setup, issues)
}

fn cost(setup: &Setup) -> Cost {
    let nodes = setup.resolution.n_nodes(&setup.parts);
    let states = setup.n_states() as f64;
    let steps = if setup.is_steady() { 0.0 } else { STEPS };
    let bytes = (BYTES_PER_NODE + BYTES_PER_NODE_AND_STATE * states) * ladder::EXCESS_MAX * nodes;
    Cost {
        memory_bytes: (64e6 + bytes) as u64,
        core_seconds: 0.5 + (SECONDS_PER_NODE + SECONDS_PER_NODE_AND_STEP * steps) * nodes,
        dofs: nodes as u64,
    }
}

/// One state on one mesh.
pub struct State {
    /// s; `None` for the steady state.
    pub time: Option<f64>,
    /// At all nodes, K.
    pub temperature: Vec<f64>,
    /// At integration points and, recovered, at nodes, W/m².
    pub raw: Points<3>,
    pub flux: Vec<[f64; 3]>,
    pub estimate: Estimate,
    pub flows: Flows,
}

/// What one mesh gave.
pub struct Stage {
    pub mesh: Mesh,
    pub states: Vec<State>,
    /// Time, lowest and highest temperature at every step, s, K.
    pub course: Vec<[f64; 3]>,
    /// Error of the steps in time, K.
    pub step_error: f64,
    pub n_steps: usize,
    /// Heat that came in and heat stored since the start, J.
    pub energy: (f64, f64),
    /// Mean edge of each element, m.
    pub sizes: Vec<f64>,
    pub patches: Patches,
    pub bonds: Constraints<1>,
    pub groups: Vec<Vec<u32>>,
    pub exchanges: Vec<Exchange>,
    pub size: Sizes,
    pub n_bonded: usize,
    pub unknowns: usize,
    pub iterations: u32,
}

/// Runs a set-up without errors.
///
/// # Errors
/// [`StudyError`].
fn solve(case: &Case, setup: &Setup, ctx: &mut Ctx) -> Result<Outcome, StudyError> {
    ctx.progress(Phase::Mesh, 0.01, "Reading the bodies");
    let matter = setup.matter();
    let mut climb = Climb::new(case, setup.resolution, &setup.refined, &setup.parts, ctx)?;
    let mut history = History::default();
    loop {
        let level = climb.ladder.n_meshes();
        let (mesh, step) = climb.mesh(ctx)?;
        let stage = one(setup, mesh, &matter, history.iterations, ctx, step)?;
        history.note(setup, &stage);
        let worst = history.said[level].iter().map(|s| s.error).fold(0.0, f64::max);
        let steps = if setup.is_steady() { String::new() } else { format!(", {} steps", stage.n_steps) };
        ctx.log(format!(
            "Mesh {}: {} elements, {} unknowns, {} iterations{steps}, error {:.2} % in energy norm",
            level + 1,
            stage.mesh.tets.len(),
            stage.unknowns,
            stage.iterations,
            100.0 * worst
        ));
        let reached = climb.ladder.may_settle() && history.within(setup.accuracy, stage.step_error);
        if climb.ladder.ends(reached) {
            ctx.progress(Phase::Recover, 0.97, "Reading heat flows");
            let mut out = answer::outcome(setup, &stage, &history, Some(reached));
            ctx.check()?;
            let states = stage.states.iter().map(|s| s.temperature.as_slice());
            out.warnings.extend(beyond(setup, &stage.mesh, states));
            out.deck = deck(case, setup, &stage, &matter)?;
            ctx.progress(Phase::Done, 1.0, "Done");
            return Ok(out);
        }
        ctx.emit(Partial { level: level as u32, outcome: answer::outcome(setup, &stage, &history, None) });
        ctx.check()?;
        climb.ladder.refine(&stage.mesh, &stage.sizes, &indicator(&stage), &[]);
    }
}

/// Squared errors of the elements, the states on one scale.
fn indicator(stage: &Stage) -> Vec<f64> {
    let most = stage.states.iter().map(|s| s.estimate.energy + s.estimate.elements.iter().sum::<f64>());
    let most = most.fold(0.0, f64::max);
    let mut out = vec![0.0; stage.mesh.tets.len()];
    for state in stage.states.iter().filter(|_| most > 0.0) {
        for (o, e) in out.iter_mut().zip(&state.estimate.elements) {
            *o += e / most;
        }
    }
    out
}

/// Solves one mesh, `iterations` after those of the meshes before.
fn one(
    setup: &Setup,
    mesh: Mesh,
    matter: &[Matter],
    iterations: u32,
    ctx: &mut Ctx,
    step: Step,
) -> Result<Stage, StudyError> {
    step.report(ctx, 0.3, "Assembling");
    let fitted = Fitted::new(setup, &mesh)?;
    ctx.check()?;
    let unknowns = fitted.problem.n_unknowns();
    let mut run = Run { setup, fitted: &fitted, ctx, found: Found::default() };
    match &setup.course {
        Course::Steady => run.steady(iterations, unknowns, step)?,
        Course::Transient { initial, stops } => run.transient(*initial, stops, step)?,
    }
    let found = run.found;
    let Fitted { problem, groups, bonds, n_bonded, size } = fitted;
    let exchanges = problem.exchanges.clone();
    drop(problem);
    ctx.check()?;
    step.report(ctx, 0.9, "Estimating the error");
    let patches = Patches::new(&mesh);
    let mut states = Vec::new();
    for (time, temperature, flows) in found.states {
        let inverted = |e: crate::element::tet::Inverted| StudyError::Solver(e.to_string());
        let raw = flux(&mesh, matter, &temperature).map_err(inverted)?;
        let flux = patches.recover(&mesh, std::slice::from_ref(&raw)).remove(0);
        let estimate = recover::estimate_flow(&mesh, matter, &temperature, &raw, &flux).map_err(inverted)?;
        states.push(State { time, temperature, raw, flux, estimate, flows });
        ctx.check()?;
    }
    let sizes = (0..mesh.tets.len()).map(|t| mesh.size(t)).collect();
    Ok(Stage {
        mesh,
        states,
        course: found.course,
        step_error: found.step_error,
        n_steps: found.n_steps,
        energy: found.energy,
        sizes,
        patches,
        bonds,
        groups,
        exchanges,
        size,
        n_bonded,
        unknowns,
        iterations: found.iterations,
    })
}

/// The finest problem for other programs.
fn deck(case: &Case, setup: &Setup, stage: &Stage, matter: &[Matter]) -> Result<String, StudyError> {
    let parts: Vec<(String, String)> =
        setup.parts.iter().map(|p| (p.label.clone(), p.thermal.conducts.join(": "))).collect();
    let densities: Vec<f64> = setup.parts.iter().map(|p| p.thermal.density).collect();
    let march = match &setup.course {
        Course::Steady => None,
        Course::Transient { initial, stops } => stops.last().map(|end| (*initial, *end)),
    };
    let times = heat::times(march.map(|m| m.1));
    let moments = times.iter().map(|t| setup.moment(&stage.size, *t)).collect::<Result<Vec<_>, _>>();
    let deck = HeatDeck {
        title: &case.study.name,
        mesh: &stage.mesh,
        parts: &parts,
        matter,
        densities: &densities,
        bonds: &stage.bonds,
        kept: &stage.groups,
        exchanges: &stage.exchanges,
        march,
        moments: &moments.map_err(|i| StudyError::Setup(vec![i]))?,
    };
    Ok(deck.write())
}

/// What a solve or a march left behind.
#[derive(Default)]
struct Found {
    states: Vec<(Option<f64>, Vec<f64>, Flows)>,
    course: Vec<[f64; 3]>,
    step_error: f64,
    n_steps: usize,
    energy: (f64, f64),
    iterations: u32,
}

/// One mesh's solve.
struct Run<'r, 'c, 'a> {
    setup: &'r Setup<'a>,
    fitted: &'r Fitted<'r>,
    ctx: &'r mut Ctx<'c>,
    found: Found,
}

impl Run<'_, '_, '_> {
    fn steady(&mut self, iterations: u32, unknowns: usize, step: Step) -> Result<(), StudyError> {
        let moment = self.setup.moment(&self.fitted.size, 0.0).map_err(|i| StudyError::Setup(vec![i]))?;
        let words = format!("Solving for {unknowns} unknowns");
        step.report(self.ctx, 0.5, &*words);
        let flag = self.ctx.cancel_flag();
        let ctx = &mut *self.ctx;
        let monitor = |i: u32, residual: f64| {
            ctx.residual(iterations + i, residual);
            step.falling(ctx, [0.5, 0.85], residual, TOLERANCE, &*words)
        };
        let (t, iterations) =
            self.fitted.problem.steady(&moment, TOLERANCE, flag, monitor).map_err(|e| failed(e, self.setup))?;
        let flows = self.fitted.problem.flows(&t, None, &moment);
        self.found.states.push((None, t, flows));
        self.found.iterations = iterations;
        Ok(())
    }

    fn transient(&mut self, initial: f64, stops: &[f64], step: Step) -> Result<(), StudyError> {
        let (setup, fitted) = (self.setup, self.fitted);
        let problem = &fitted.problem;
        let end = stops.last().copied().unwrap_or(1.0);
        let start = vec![initial; problem.mesh.points.len()];
        let flag = self.ctx.cancel_flag();
        let (ctx, found) = (&mut *self.ctx, &mut self.found);
        let first = setup.moment(&fitted.size, 0.0).map_err(|i| StudyError::Setup(vec![i]))?;
        let outset = problem.expand(&problem.unknowns(&start), &first);
        let mut before: Option<(f64, f64)> = None;
        setup.march(fitted, &start, stops, flag, &mut |r| {
            let low = r.temperature.iter().copied().fold(f64::INFINITY, f64::min);
            let high = r.temperature.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if found.course.is_empty() {
                let low = initial.min(r.moment.kept.iter().copied().fold(f64::INFINITY, f64::min));
                let high = initial.max(r.moment.kept.iter().copied().fold(f64::NEG_INFINITY, f64::max));
                found.course.push([0.0, low, high]);
            }
            found.course.push([r.time, low, high]);
            let flows = problem.flows(r.temperature, Some(r.rate), r.moment);
            let incoming = flows.all().sum::<f64>();
            // Trapezia; the first step is backward Euler's rectangle.
            let (time, was) = before.unwrap_or((0.0, incoming));
            found.energy.0 += 0.5 * (r.time - time) * (incoming + was);
            before = Some((r.time, incoming));
            (found.step_error, found.n_steps, found.iterations) = (r.error, r.n_steps, r.iterations);
            if let Some(k) = r.stop {
                found.energy.1 = problem.gained(&outset, r.temperature);
                found.states.push((Some(stops[k]), r.temperature.to_vec(), flows));
            }
            let note = format!("Step {}: {:.4} s of {end:.4} s", r.n_steps, r.time);
            step.report(ctx, 0.4 + 0.45 * r.time / end, note);
            ctx.check().is_ok()
        })
    }
}
