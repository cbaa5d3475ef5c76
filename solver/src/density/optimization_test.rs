use super::*;
use crate::density::oc::Criteria;
use crate::density::physics::Response;
use crate::density::pipeline::Sharpening;
use crate::density::setup::Penalty;
use crate::density::snapshot;

/// Bundles of springs in series: of stiffness ΣE/a for the first load case, ΣE/b for the second.
struct Springs {
    bundles: Vec<[f64; 2]>,
    /// Cells of a bundle.
    size: usize,
}

impl Physics for Springs {
    type Error = std::convert::Infallible;

    fn n_cases(&self) -> usize {
        2
    }

    fn solve(&mut self, stiffness: &[f64]) -> Result<Response, Self::Error> {
        let sums: Vec<f64> = stiffness.chunks(self.size).map(|e| e.iter().sum()).collect();
        let one = |k: usize| -> Vec<f64> {
            (0..stiffness.len()).map(|i| self.bundles[i / self.size][k] / sums[i / self.size].powi(2)).collect()
        };
        let energies = vec![one(0), one(1)];
        let compliance = energies.iter().map(|e| e.iter().zip(stiffness).map(|(u, e)| u * e).sum()).collect();
        Ok(Response { compliance, energies })
    }
}

fn springs(n: usize) -> Springs {
    Springs { bundles: (0..n).map(|i| [1.0 + 0.1 * i as f64, 2.0 + (i as f64).sin()]).collect(), size: 1 }
}

/// For the box of [`rich`]: a bundle per layer.
fn layers() -> Springs {
    Springs { size: 30, ..springs(4) }
}

fn linear(goal: Goal) -> Setup {
    Setup {
        penalty: Penalty { start: 1.0, step: 1.0, end: 1.0 },
        change_min: 1e-6,
        iterations_max: 200,
        ..Setup::new(goal, 2, 1.0)
    }
}

fn ended(run: &mut Optimization, physics: &mut Springs) {
    while run.stopped().is_none() {
        run.step(physics).unwrap();
    }
}

#[test]
fn both_optimisers_find_the_known_best() {
    // Σ w·a / x is least under a limit on Σ x at xᵢ ∝ √(w·aᵢ).
    let (n, limit) = (24, 0.3);
    let domain = Domain::full([4, 3, 2]).unwrap();
    let known: Vec<f64> = springs(n).bundles.iter().map(|[a, b]| (a + 3.0 * b).sqrt()).collect();
    let total: f64 = known.iter().sum();
    for optimiser in [Optimiser::Criteria(Criteria::default()), Optimiser::Asymptotes(mma::Settings::default())] {
        let goal = Goal::Stiffness { volume_max: limit };
        let setup = Setup { weights: vec![1.0, 3.0], optimiser, ..linear(goal) };
        let mut run = Optimization::new(&domain, setup).unwrap();
        ended(&mut run, &mut springs(n));
        assert_eq!(run.stopped(), Some(Stop::Settled), "{optimiser:?}");
        for (x, k) in run.density().iter().zip(&known) {
            assert!((x - limit * n as f64 * k / total).abs() < 1e-3, "{optimiser:?}");
        }
    }
}

#[test]
fn the_lightest_within_limits_keeps_them() {
    let n = 24;
    let domain = Domain::full([4, 3, 2]).unwrap();
    // Even springs of density 0.4 would meet both limits.
    let limits: Vec<f64> = (0..2).map(|k| springs(n).bundles.iter().map(|a| a[k] / 0.4).sum()).collect();
    let mut run = Optimization::new(&domain, linear(Goal::Volume { compliance_max: limits.clone() })).unwrap();
    ended(&mut run, &mut springs(n));
    let last = run.state().history.last().unwrap();
    assert!(last.excess.abs() < 1e-3, "{last:?}");
    assert!(last.objective < 0.4 && last.objective > 0.3, "{last:?}");
    let e: Vec<f64> = run.density();
    for k in 0..2 {
        let c: f64 = springs(n).bundles.iter().zip(&e).map(|(a, e)| a[k] / e).sum();
        assert!(c < limits[k] * 1.001);
    }
}

fn rich() -> (Domain, Setup) {
    let mut roles = vec![Role::Free; 120];
    roles[5] = Role::Solid;
    roles[50..53].fill(Role::Outside);
    let domain = Domain::new([6, 5, 4], roles).unwrap();
    let setup = Setup {
        penalty: Penalty { start: 1.0, step: 1.0, end: 3.0 },
        sharpening: Some(Sharpening { beta_start: 1.0, beta_end: 8.0, robust: Some(0.2) }),
        stage_iterations: 6,
        ..Setup::new(Goal::Stiffness { volume_max: 0.4 }, 2, 1.9)
    };
    (domain, setup)
}

#[test]
fn a_run_that_was_killed_goes_on_to_the_bit() {
    let (domain, setup) = rich();
    let mut physics = layers();
    let mut whole = Optimization::new(&domain, setup.clone()).unwrap();
    let mut bytes = Vec::new();
    for k in 0..30 {
        if k == 13 {
            bytes = snapshot::write(whole.state());
        }
        whole.step(&mut physics).unwrap();
    }
    let mut again = Optimization::resume(&domain, setup.clone(), snapshot::read(&bytes).unwrap()).unwrap();
    assert_eq!(again.state().iteration, 13);
    for _ in 13..30 {
        again.step(&mut physics).unwrap();
    }
    assert_eq!(again.state(), whole.state());
    let other = Domain::full([2, 2, 2]).unwrap();
    assert!(Optimization::resume(&other, setup, whole.state().clone()).is_err());
}

#[test]
fn a_step_that_fails_changes_nothing() {
    let (domain, setup) = rich();
    let mut run = Optimization::new(&domain, setup).unwrap();
    (0..3).for_each(|_| run.step(&mut layers()).unwrap());
    let before = run.state().clone();
    assert!(!before.memory.before[1].is_empty(), "canary: there is a memory to lose");
    let mut broken = layers();
    broken.bundles[2][1] = f64::NAN;
    assert_eq!(run.step(&mut broken), Err(StepError::NotFinite { case: 1 }));
    assert_eq!(run.state(), &before);
}

#[test]
fn continuation_ends_and_a_new_limit_is_followed() {
    let (domain, setup) = rich();
    let mut physics = layers();
    let mut run = Optimization::new(&domain, setup).unwrap();
    ended(&mut run, &mut physics);
    let last = run.state().history.last().unwrap().clone();
    assert_eq!((last.penalty, last.beta), (3.0, 8.0));
    assert!(last.excess < 0.02 && last.volume > 0.35, "{last:?}");
    let iterations = run.state().iteration;
    run.set_goal(Goal::Stiffness { volume_max: 0.6 }).unwrap();
    assert_eq!(run.stopped(), None);
    ended(&mut run, &mut physics);
    let last = run.state().history.last().unwrap();
    assert!(run.state().iteration > iterations && (last.volume - 0.6).abs() < 0.02, "{last:?}");
    assert!(run.set_goal(Goal::Stiffness { volume_max: 0.001 }).is_err());
    assert_eq!(run.setup().goal, Goal::Stiffness { volume_max: 0.6 }, "nothing has changed");
    assert_eq!((run.density()[5], run.density()[51]), (1.0, 0.0));
}

#[test]
fn iterations_end_a_run_and_more_let_it_go_on() {
    let (domain, setup) = rich();
    let mut run = Optimization::new(&domain, Setup { iterations_max: 4, ..setup }).unwrap();
    ended(&mut run, &mut layers());
    assert_eq!((run.stopped(), run.state().iteration), (Some(Stop::Iterations), 4));
    run.set_iterations_max(6);
    ended(&mut run, &mut layers());
    assert_eq!(run.state().iteration, 6);
    run.go_on();
    ended(&mut run, &mut layers());
    assert_eq!((run.stopped(), run.state().iteration), (Some(Stop::Iterations), 7), "one more");
    assert_eq!(run.state().first_stop, Some(6));
}

#[test]
fn bad_setups_are_refused_by_name() {
    let domain = Domain::full([3, 3, 3]).unwrap();
    let stiff = || Setup::new(Goal::Stiffness { volume_max: 0.5 }, 2, 1.5);
    let refused = |setup: Setup| Optimization::new(&domain, setup).err().map(|e| e.to_string()).unwrap_or_default();
    assert_eq!(refused(stiff()), "");
    assert!(refused(Setup { goal: Goal::Stiffness { volume_max: f64::NAN }, ..stiff() }).contains("volume limit"));
    let optimiser = Optimiser::Criteria(Criteria::default());
    let goal = Goal::Volume { compliance_max: vec![1.0, 2.0] };
    assert!(refused(Setup { goal, optimiser, ..stiff() }).contains("moving asymptotes"));
    assert!(refused(Setup { void_stiffness: 0.0, ..stiff() }).contains("void"));
    let mut run = Optimization::new(&domain, Setup { weights: vec![1.0], ..stiff() }).unwrap();
    assert_eq!(run.step(&mut springs(27)), Err(StepError::Setup(Invalid::Weights { found: 1, wanted: 2 })));
    assert_eq!(run.state().iteration, 0);
}
