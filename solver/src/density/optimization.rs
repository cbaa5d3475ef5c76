//! A topology optimisation as a state that is stepped: evaluate, improve, note, until nothing changes any more.
//!
//! [`Optimization::step`] is one iteration. Between two steps the state may be stored and resumed to the bit
//! ([`super::snapshot`]), limits may change, the design may be looked at.

use super::mma::{self, Functions, Memory};
use super::oc;
use super::physics::{Physics, Pulled};
use super::pipeline::Pipeline;
use super::project::Projection;
use super::setup::{Goal, Optimiser, Setup, check, start_volume};
use super::stress::{self, Norm};
use super::thick::Thick;
use super::{Chain, Domain, Invalid, Role, measure};
use crate::random::Random;
use serde::{Deserialize, Serialize};

/// One iteration of the history: the design that was evaluated, and how far the step from it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub iteration: u32,
    /// Weighted compliance, J, or the volume's share of the design space, as the goal has it.
    pub objective: f64,
    pub compliance: Vec<f64>,
    /// Share of the design space that is filled: Σ ρ / n.
    pub volume: f64,
    pub discreteness: f64,
    /// Largest constraint, as a share of its limit: above 0 it is exceeded.
    pub excess: f64,
    /// Largest change of a density.
    pub change: f64,
    pub penalty: f64,
    pub beta: f64,
}

/// Why no further step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The design has settled.
    Settled,
    /// The iterations are used up.
    Iterations,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub iteration: u32,
    /// The design, one number per cell.
    pub x: Vec<f64>,
    pub memory: Memory,
    pub penalty: f64,
    pub beta: f64,
    /// Iterations since penalty or projection last grew.
    pub stage_iteration: u32,
    /// Volume limit of the dilated design of the robust formulation, as a share of the design space.
    pub dilated_max: f64,
    /// Largest stress over the norm that stands for it, by load case; empty before the first step and without a limit on stress.
    pub stress_scale: Vec<f64>,
    pub history: Vec<Entry>,
    pub stopped: Option<Stop>,
    /// Iteration after which the run was first told to [go on](Optimization::go_on).
    pub first_stop: Option<u32>,
}

/// A run: its set-up, its maps and where it stands.
pub struct Optimization {
    setup: Setup,
    pipeline: Pipeline,
    thick: Option<Thick>,
    n_inside: f64,
    state: State,
}

/// What a step found.
struct Next {
    x: Vec<f64>,
    dilated_max: f64,
    stress_scale: Vec<f64>,
    entry: Entry,
}

/// What went wrong in a step; the state is as before it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StepError<E> {
    #[error(transparent)]
    Setup(#[from] Invalid),
    #[error("{0}")]
    Physics(E),
    #[error("the answer of load case {case} is not a number: the structure is not held, or the loads are too large")]
    NotFinite { case: usize },
}

/// The volume's limit on the dilated design is brought in line with the limit on the middle one this often.
const RESCALE_EVERY: u32 = 10;
/// The objective is brought to this size, at every step, for the method of moving asymptotes.
const OBJECTIVE: f64 = 10.0;
/// A step within limits after which the worst of them is so many times what it was, and broken, has cut a member: half of it is
/// taken back, so often at most.
const BROKEN: f64 = 2.0;
const BACK: f64 = 0.5;
const BACKS_MAX: u32 = 5;

impl Optimization {
    /// # Errors
    /// [`Invalid`], which says what to change.
    pub fn new(domain: &Domain, setup: Setup) -> Result<Self, Invalid> {
        check(&setup)?;
        let pipeline = Pipeline::new(domain, setup.filter, &setup.symmetry, setup.process)?;
        let n_inside = domain.n_inside() as f64;
        let domain = pipeline.domain();
        let volume = start_volume(domain, &setup.goal)?;
        let mut x: Vec<f64> = (0..domain.n_cells())
            .map(|c| (volume * (1.0 + setup.scatter * Random::new(0).after(c as u64).signed())).min(1.0))
            .collect();
        domain.impose(&mut x);
        let state = State {
            iteration: 0,
            memory: Memory::default(),
            penalty: setup.penalty.start,
            beta: setup.sharpening.map_or(0.0, |s| s.beta_start),
            stage_iteration: 0,
            dilated_max: match setup.goal {
                Goal::Stiffness { volume_max } => volume_max,
                Goal::Volume { .. } | Goal::Strength { .. } => 1.0,
            },
            stress_scale: Vec::new(),
            history: Vec::new(),
            stopped: None,
            first_stop: None,
            x,
        };
        let thick = setup.size_max.map(|width| Thick::new(domain, width));
        Ok(Self { setup, pipeline, thick, n_inside, state })
    }

    /// Goes on from `state`, of the same domain and set-up but perhaps other limits.
    ///
    /// # Errors
    /// As [`Optimization::new`]; [`Invalid::Length`] for a state of another domain.
    pub fn resume(domain: &Domain, setup: Setup, state: State) -> Result<Self, Invalid> {
        let mut run = Self::new(domain, setup)?;
        if state.x.len() != domain.n_cells() {
            return Err(Invalid::Length { found: state.x.len(), wanted: domain.n_cells() });
        }
        run.state = state;
        Ok(run)
    }

    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    /// The cells' roles, after the process has had its say: cells that cannot be cast are void.
    pub fn domain(&self) -> &Domain {
        self.pipeline.domain()
    }

    pub fn stopped(&self) -> Option<Stop> {
        self.state.stopped
    }

    /// Physical densities of the present design: what is drawn, weighed and built.
    pub fn density(&self) -> Vec<f64> {
        self.chain(0.0).apply(&self.state.x)
    }

    /// Cells that are built: densities above ½.
    pub fn solid(&self) -> Vec<bool> {
        self.density().into_iter().map(|x| x > 0.5).collect()
    }

    /// Young's modulus of every cell as a share of the material's, as [`Physics::solve`] wants it.
    pub fn stiffness(&self, density: &[f64]) -> Vec<f64> {
        let void = self.setup.void_stiffness;
        let of = |(x, role): (&f64, &Role)| match role {
            Role::Outside => 0.0,
            _ => void + x.powf(self.state.penalty) * (1.0 - void),
        };
        density.iter().zip(self.domain().roles()).map(of).collect()
    }

    /// Changes the limit; the run goes on from its present design.
    ///
    /// # Errors
    /// [`Invalid`], and then nothing has changed.
    pub fn set_goal(&mut self, goal: Goal) -> Result<(), Invalid> {
        let setup = Setup { goal, ..self.setup.clone() };
        check(&setup)?;
        start_volume(self.domain(), &setup.goal)?;
        if let (Goal::Stiffness { volume_max: new }, Goal::Stiffness { volume_max: old }) =
            (&setup.goal, &self.setup.goal)
        {
            self.state.dilated_max = (self.state.dilated_max * new / old).min(1.0);
        }
        self.setup = setup;
        (self.state.stopped, self.state.first_stop) = (None, None);
        self.state.stage_iteration = 0;
        Ok(())
    }

    /// Takes back that the run has ended: another step is taken, whatever its iterations, and then it is judged anew.
    pub fn go_on(&mut self) {
        self.state.first_stop = self.state.first_stop.or(Some(self.state.iteration));
        self.state.stopped = None;
    }

    /// Allows more iterations, or fewer.
    pub fn set_iterations_max(&mut self, iterations_max: u32) {
        self.setup.iterations_max = iterations_max;
        if self.state.stopped == Some(Stop::Iterations) && self.state.iteration < iterations_max {
            self.state.stopped = None;
        }
    }

    /// The chain whose projection is moved by `offset` from the middle threshold: up for eroded, down for dilated.
    fn chain(&self, offset: f64) -> Chain<'_> {
        let projection = self.setup.sharpening.map(|_| Projection { beta: self.state.beta, eta: 0.5 + offset });
        self.pipeline.chain(projection)
    }

    fn fill(&self, density: &[f64]) -> f64 {
        density.iter().sum::<f64>() / self.n_inside
    }

    /// One iteration: evaluates the present design and goes to the next. Does nothing once stopped.
    ///
    /// # Errors
    /// [`StepError`]; the state is then as before.
    pub fn step<P: Physics>(&mut self, physics: &mut P) -> Result<(), StepError<P::Error>> {
        if self.state.stopped.is_some() {
            return Ok(());
        }
        // Not copied: as large as four designs. What fails has not touched it.
        let mut memory = std::mem::take(&mut self.state.memory);
        let mut whole = None;
        let mut backs = 0;
        let next = loop {
            match self.next(physics, &mut memory, backs < BACKS_MAX) {
                Ok(None) => {
                    whole.get_or_insert_with(|| (self.state.x.clone(), memory.clone()));
                    self.go_back(&mut memory);
                    backs += 1;
                }
                Ok(Some(next)) => break Ok(next),
                Err(error) => {
                    if let Some(before) = whole {
                        (self.state.x, memory) = before;
                    }
                    break Err(error);
                }
            }
        };
        self.state.memory = memory;
        self.advance(next?);
        Ok(())
    }

    /// Takes half of the last step back, and keeps the next one nearer: an approximation that led there is not to be trusted
    /// as far.
    fn go_back(&mut self, memory: &mut Memory) {
        let Memory { before: [one, _], asymptotes } = memory;
        self.state.x.iter_mut().zip(one.iter()).for_each(|(x, before)| *x += BACK * (before - *x));
        for ends in asymptotes {
            ends.iter_mut().zip(one.iter()).for_each(|(end, before)| *end += BACK * (before - *end));
        }
    }

    /// Whether the last step made an `excess` over a limit that it had not promised: never where something else has changed.
    fn is_broken(&self, excess: f64, memory: &Memory) -> bool {
        let state = &self.state;
        let before = state.history.last().map_or(f64::INFINITY, |e| e.excess.max(0.0));
        let stepped = state.stage_iteration > 0 && !memory.before[0].is_empty();
        stepped && 1.0 + excess > BROKEN * (1.0 + before)
    }

    /// Evaluates the present design and finds the next; `None` where it `may_go_back` and should. `memory` changes with success
    /// alone.
    fn next<P: Physics>(
        &self,
        physics: &mut P,
        memory: &mut Memory,
        may_go_back: bool,
    ) -> Result<Option<Next>, StepError<P::Error>> {
        let n_cases = physics.n_cases();
        let n_limits = match &self.setup.goal {
            Goal::Stiffness { .. } | Goal::Strength { .. } => n_cases,
            Goal::Volume { compliance_max } => compliance_max.len(),
        };
        for found in [self.setup.weights.len(), n_limits] {
            if found != n_cases {
                return Err(Invalid::Weights { found, wanted: n_cases }.into());
            }
        }
        // Eroded and dilated designs differ from the middle one only in the robust formulation.
        let robust = self.setup.sharpening.and_then(|s| s.robust);
        let offset = robust.unwrap_or(0.0);
        let (stiff, light) = (self.chain(offset), self.chain(-offset));
        let stages = stiff.stages(&self.state.x);
        let response = physics.solve(&self.stiffness(stages.last())).map_err(StepError::Physics)?;
        if let Some(case) = response.compliance.iter().position(|c| !c.is_finite()) {
            return Err(StepError::NotFinite { case });
        }
        let light_stages = robust.map(|_| light.stages(&self.state.x));
        let light_stages = light_stages.as_ref().unwrap_or(&stages);
        let middle = robust.map(|_| self.density());
        let middle = middle.as_deref().unwrap_or(stages.last());

        let mut ones = vec![1.0; self.state.x.len()];
        ones.iter_mut().zip(self.domain().roles()).filter(|(_, r)| **r == Role::Outside).for_each(|(o, _)| *o = 0.0);
        let dv = light.pull_back(light_stages, ones);
        // ∂c/∂ρ = −p ρ^(p−1) (1 − Emin) uᵀ K₀ u
        let slope: Vec<f64> = stages
            .last()
            .iter()
            .map(|x| -self.state.penalty * x.powf(self.state.penalty - 1.0) * (1.0 - self.setup.void_stiffness))
            .collect();
        let derivative = |weights: &[f64]| -> Vec<f64> {
            let mut sum = vec![0.0; slope.len()];
            for (energy, w) in response.energies.iter().zip(weights) {
                sum.iter_mut().zip(energy).zip(&slope).for_each(|((s, e), d)| *s += w * d * e);
            }
            self.pipeline.seen(&self.state.x, stiff.pull_back(&stages, sum))
        };

        let compliance: f64 = response.compliance.iter().zip(&self.setup.weights).map(|(c, w)| c * w).sum();
        let fill = self.fill(middle);
        let light_fill = self.fill(light_stages.last());
        let mut dilated_max = self.state.dilated_max;
        if let (Some(_), Goal::Stiffness { volume_max }) = (robust, &self.setup.goal)
            && self.state.stage_iteration.is_multiple_of(RESCALE_EVERY)
            && fill > 0.0
        {
            dilated_max = volume_max * light_fill / fill;
        }
        let bulk = self.bulk();
        let mut stress_scale = self.state.stress_scale.clone();
        let (objective, excess, x) = match &self.setup.goal {
            Goal::Stiffness { volume_max } => {
                let limit = if robust.is_some() { dilated_max } else { *volume_max };
                let dc = derivative(&self.setup.weights);
                let x = match &self.setup.optimiser {
                    Optimiser::Criteria(criteria) => {
                        let x0 = &self.state.x;
                        // The volume of a linear chain is known without applying it.
                        let linear = light.is_linear();
                        let volume = |x: &[f64]| -> f64 {
                            if linear {
                                let moved: f64 = x.iter().zip(x0).zip(&dv).map(|((x, x0), d)| d * (x - x0)).sum();
                                light_fill + moved / self.n_inside
                            } else {
                                self.fill(&light.apply(x))
                            }
                        };
                        oc::update(self.domain(), criteria, x0, &dc, &dv, |x| volume(x) > limit)
                    }
                    Optimiser::Asymptotes(settings) => {
                        let f0: Vec<f64> =
                            dc.iter().map(|d| OBJECTIVE * d / compliance.abs().max(f64::MIN_POSITIVE)).collect();
                        let df: Vec<f64> = dv.iter().map(|d| d / (self.n_inside * limit)).collect();
                        self.moved(settings, memory, &f0, vec![light_fill / limit - 1.0], vec![df], &bulk)
                    }
                };
                (compliance, fill / volume_max - 1.0, x)
            }
            Goal::Volume { compliance_max } => {
                let f0: Vec<f64> = dv.iter().map(|d| OBJECTIVE * d / self.n_inside).collect();
                let ratios = response.compliance.iter().zip(compliance_max);
                let values: Vec<f64> = ratios.map(|(c, limit)| c / limit - 1.0).collect();
                let gradients: Vec<Vec<f64>> = (0..n_cases)
                    .map(|k| {
                        let mut weights = vec![0.0; n_cases];
                        weights[k] = 1.0 / compliance_max[k];
                        derivative(&weights)
                    })
                    .collect();
                let Optimiser::Asymptotes(settings) = &self.setup.optimiser else {
                    return Err(Invalid::Criteria { with: "limits on compliance" }.into());
                };
                let excess = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                if may_go_back && self.is_broken(excess, memory) {
                    return Ok(None);
                }
                (fill, excess, self.moved(settings, memory, &f0, values, gradients, &bulk))
            }
            Goal::Strength { stress_max } => {
                let f0: Vec<f64> = dv.iter().map(|d| OBJECTIVE * d / self.n_inside).collect();
                let density = stages.last();
                let (norms, peaks) = stress::gathered(self.domain(), density, &physics.stresses(), &mut stress_scale);
                let excess = peaks.into_iter().fold(f64::NEG_INFINITY, f64::max) / stress_max - 1.0;
                if may_go_back && self.is_broken(excess, memory) {
                    return Ok(None);
                }
                let (norms, slopes): (Vec<f64>, Vec<Vec<f64>>) = norms.into_iter().map(|n| (n.value, n.slope)).unzip();
                let pulled = physics.pulls(density, &slopes).map_err(StepError::Physics)?;
                let gradient = |p: &Pulled| -> Vec<f64> {
                    // ∂E/∂ρ is −`slope`.
                    let parts = p.explicit.iter().zip(&p.mutual).zip(&slope);
                    let by_density = parts.map(|((e, m), s)| (e + s * m) / stress_max).collect();
                    self.pipeline.seen(&self.state.x, stiff.pull_back(&stages, by_density))
                };
                let gradients: Vec<Vec<f64>> = pulled.iter().map(gradient).collect();
                let values: Vec<f64> = norms.iter().map(|n| n / stress_max - 1.0).collect();
                let Optimiser::Asymptotes(settings) = &self.setup.optimiser else {
                    return Err(Invalid::Criteria { with: "limits on stress" }.into());
                };
                let x = self.moved(settings, memory, &f0, values, gradients, &bulk);
                (fill, excess, x)
            }
        };
        let change = x.iter().zip(&self.state.x).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
        let entry = Entry {
            iteration: self.state.iteration + 1,
            objective,
            compliance: response.compliance.clone(),
            volume: fill,
            discreteness: measure::discreteness(self.domain(), middle),
            excess: bulk.as_ref().map_or(excess, |b| excess.max(b.value)),
            change,
            penalty: self.state.penalty,
            beta: self.state.beta,
        };
        Ok(Some(Next { x, dilated_max, stress_scale, entry }))
    }

    /// How far members are over their largest width, with the derivative by the design.
    fn bulk(&self) -> Option<Norm> {
        let thick = self.thick.as_ref()?;
        let chain = self.chain(0.0);
        let stages = chain.stages(&self.state.x);
        let Norm { value, slope } = thick.excess(stages.last());
        Some(Norm { value, slope: self.pipeline.seen(&self.state.x, chain.pull_back(&stages, slope)) })
    }

    fn moved(
        &self,
        settings: &mma::Settings,
        memory: &mut Memory,
        objective: &[f64],
        mut constraints: Vec<f64>,
        mut gradients: Vec<Vec<f64>>,
        bulk: &Option<Norm>,
    ) -> Vec<f64> {
        if let Some(Norm { value, slope }) = bulk {
            constraints.push(*value);
            gradients.push(slope.clone());
        }
        let x = &self.state.x;
        let bound = |free: f64| -> Vec<f64> {
            (0..x.len()).map(|i| if self.domain().is_free(i) { free } else { x[i] }).collect()
        };
        let functions = Functions { objective, constraints: &constraints, gradients: &gradients };
        mma::update(settings, memory, x, &bound(0.0), &bound(1.0), functions)
    }

    /// Takes the step, and decides what comes next: the next stage of the continuation, or the end.
    fn advance(&mut self, Next { x, dilated_max, stress_scale, entry }: Next) {
        let state = &mut self.state;
        let settled = entry.change <= self.setup.change_min;
        state.iteration = entry.iteration;
        state.history.push(entry);
        state.x = x;
        state.dilated_max = dilated_max;
        state.stress_scale = stress_scale;
        state.stage_iteration += 1;
        let penalty = self.setup.penalty;
        let beta_end = self.setup.sharpening.map_or(0.0, |s| s.beta_end);
        let last = state.penalty >= penalty.end && state.beta >= beta_end;
        if !last && (settled || state.stage_iteration >= self.setup.stage_iterations) {
            // First the penalty, then the projection: a projection freezes what it finds.
            if state.penalty < penalty.end {
                state.penalty = (state.penalty + penalty.step).min(penalty.end);
            } else {
                state.beta = (2.0 * state.beta).min(beta_end);
            }
            state.stage_iteration = 0;
        } else if last && settled {
            state.stopped = Some(Stop::Settled);
        }
        if state.stopped.is_none() && state.iteration >= self.setup.iterations_max {
            state.stopped = Some(Stop::Iterations);
        }
    }
}

#[cfg(test)]
#[path = "optimization_test.rs"]
mod tests;
