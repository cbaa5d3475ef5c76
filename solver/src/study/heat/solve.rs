//! The run: mesh, solve or march, estimate, refine, until the temperatures stand.

use super::answer;
use super::history::History;
use crate::design::{Issue, Severity};
use crate::fitted::Mesh;
use crate::fitted::deck::heat::{self, HeatDeck};
use crate::fitted::heat::{Exchange, Flows, Matter, flux};
use crate::fitted::ladder::{self, Blank, Ladder};
use crate::fitted::recover::{self, Estimate, Patches, Points};
use crate::linear::constraint::Constraints;
use crate::run::{Ctx, Phase};
use crate::study::outcome::{Outcome, Partial};
use crate::study::thermal::{Course, Fitted, Setup, Sizes, TOLERANCE, failed};
use crate::study::{Case, Cost, Study, StudyError, resolution};

/// The heat study.
pub struct Heat;

/// Nodes per element of ten-node meshes.
const NODES_PER_TET: f64 = 1.45;
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
        if cost.memory_bytes > ctx.memory_bytes_max {
            return Err(StudyError::Solver(format!(
                "it would take about {:.1} GB of memory and {:.1} GB are allowed; choose a coarser resolution",
                cost.memory_bytes as f64 / 1e9,
                ctx.memory_bytes_max as f64 / 1e9
            )));
        }
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
    let n_tets = ladder::n_tets_max(setup.resolution.fineness(), setup.parts.iter().map(|p| (p.volume, p.area)));
    let nodes = NODES_PER_TET * n_tets;
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
    let refusal = |e| resolution::refusal(case.study, setup.resolution, e);
    let blanks: Vec<Blank> = setup
        .parts
        .iter()
        .map(|p| Blank { label: &p.label, volume: p.volume, area: p.area, body: &*case.model.bodies[p.index].body })
        .collect();
    let mut ladder = Ladder::new(&blanks, setup.resolution.fineness(), ctx.cancel_flag()).map_err(refusal)?;
    let mut history = History::default();
    let mut done = 0.0;
    loop {
        let level = ladder.n_meshes();
        // Phases never go back: what follows the first mesh is all part of solving.
        let phase = if level == 0 { Phase::Mesh } else { Phase::Solve };
        ctx.progress(phase, 0.05 + 0.9 * done, format!("Mesh {}: fitting tetrahedra to the bodies", level + 1));
        let mesh = ladder.mesh(ctx.cancel_flag(), &mut |line| ctx.log(line)).map_err(refusal)?;
        ctx.check()?;
        let share = ladder.share();
        let stage = one(setup, mesh, &matter, history.iterations, ctx, done, share)?;
        done = (done + 0.7 * share).min(0.97);
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
        let reached = ladder.may_settle() && history.within(setup.accuracy, stage.step_error);
        if ladder.ends(reached) {
            ctx.progress(Phase::Recover, 0.97, "Reading heat flows");
            let mut out = answer::outcome(setup, &stage, &history, Some(reached));
            ctx.check()?;
            out.deck = deck(case, setup, &stage, &matter)?;
            ctx.progress(Phase::Done, 1.0, "Done");
            return Ok(out);
        }
        ctx.emit(Partial { level: level as u32, outcome: answer::outcome(setup, &stage, &history, None) });
        ctx.check()?;
        ladder.refine(&stage.mesh, &stage.sizes, &indicator(&stage), &[]);
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
    done: f64,
    share: f64,
) -> Result<Stage, StudyError> {
    let at = |within: f64| 0.05 + 0.9 * (done + 0.7 * share * within).min(0.97);
    let phase = if done == 0.0 { Phase::Assemble } else { Phase::Solve };
    ctx.progress(phase, at(0.3), "Assembling");
    let fitted = Fitted::new(setup, &mesh)?;
    ctx.check()?;
    let unknowns = fitted.problem.n_unknowns();
    let mut run = Run { setup, fitted: &fitted, ctx, found: Found::default() };
    match &setup.course {
        Course::Steady => run.steady(iterations, unknowns, &at)?,
        Course::Transient { initial, stops } => run.transient(*initial, stops, &at)?,
    }
    let found = run.found;
    let Fitted { problem, groups, bonds, n_bonded, size } = fitted;
    let exchanges = problem.exchanges.clone();
    drop(problem);
    ctx.check()?;
    ctx.progress(Phase::Solve, at(0.9), "Estimating the error");
    let conductivities: Vec<f64> = matter.iter().map(|m| m.conductivity).collect();
    let patches = Patches::new(&mesh);
    let mut states = Vec::new();
    for (time, temperature, flows) in found.states {
        let inverted = |e: crate::element::tet::Inverted| StudyError::Solver(e.to_string());
        let raw = flux(&mesh, matter, &temperature).map_err(inverted)?;
        let flux = patches.recover(&mesh, std::slice::from_ref(&raw)).remove(0);
        let estimate = recover::estimate_flow(&mesh, &conductivities, &raw, &flux).map_err(inverted)?;
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
    let parts: Vec<(String, String)> = setup
        .parts
        .iter()
        .map(|p| (p.label.clone(), format!("{}: {}", p.material.name, p.material.thermal_source)))
        .collect();
    let densities: Vec<f64> = setup.parts.iter().map(|p| p.material.density).collect();
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
    fn steady(&mut self, iterations: u32, unknowns: usize, at: &dyn Fn(f64) -> f64) -> Result<(), StudyError> {
        let moment = self.setup.moment(&self.fitted.size, 0.0).map_err(|i| StudyError::Setup(vec![i]))?;
        let words = format!("Solving for {unknowns} unknowns");
        self.ctx.progress(Phase::Solve, at(0.5), &*words);
        let flag = self.ctx.cancel_flag();
        let ctx = &mut *self.ctx;
        let monitor = |i: u32, residual: f64| {
            ctx.residual(iterations + i, residual);
            let part = if residual > 0.0 { (residual.log10() / TOLERANCE.log10()).clamp(0.0, 1.0) } else { 1.0 };
            ctx.progress(Phase::Solve, at(0.5 + 0.35 * part), &*words);
            ctx.check().is_ok()
        };
        let (t, iterations) =
            self.fitted.problem.steady(&moment, TOLERANCE, flag, monitor).map_err(|e| failed(e, self.setup))?;
        let flows = self.fitted.problem.flows(&t, None, &moment);
        self.found.states.push((None, t, flows));
        self.found.iterations = iterations;
        Ok(())
    }

    fn transient(&mut self, initial: f64, stops: &[f64], at: &dyn Fn(f64) -> f64) -> Result<(), StudyError> {
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
                let gained: Vec<f64> = r.temperature.iter().zip(&outset).map(|(a, b)| a - b).collect();
                found.energy.1 = problem.flows(r.temperature, Some(&gained), r.moment).stored;
                found.states.push((Some(stops[k]), r.temperature.to_vec(), flows));
            }
            ctx.progress(
                Phase::Solve,
                at(0.4 + 0.45 * r.time / end),
                format!("Step {}: {:.4} s of {end:.4} s", r.n_steps, r.time),
            );
            ctx.check().is_ok()
        })
    }
}
