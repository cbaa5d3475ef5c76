//! Studies that do what a solver must never do, chosen by the study's name.

use rayon::prelude::*;
use server::jobs::runner::Registry;
use solver::design::Issue;
use solver::quantity::Dimension;
use solver::run::{Asked, Ctx, Phase};
use solver::study::outcome::{Grade, Outcome, Partial, Scalar};
use solver::study::{Case, Cost, Study, StudyError};
use std::time::{Duration, Instant};

/// The stub for all but the one study whose checkpoints are looked at as they are.
pub const REGISTRY: Registry = |kind| match kind {
    "generative" => solver::study::study(kind),
    _ => Some(&Stub),
};

/// Kinds and versions that workers here say they solve.
pub fn studies() -> Vec<(String, u32)> {
    let forms = [solver::study::statics::FORM, solver::study::generative::FORM];
    forms.map(|form| (form.id.into(), form.version)).to_vec()
}

struct Stub;

impl Study for Stub {
    fn id(&self) -> &'static str {
        "static"
    }
    fn check(&self, _case: &Case) -> Vec<Issue> {
        Vec::new()
    }
    fn cost(&self, _case: &Case) -> Cost {
        Cost::default()
    }
    fn run(&self, case: &Case, ctx: &mut Ctx) -> Result<Outcome, StudyError> {
        let mut words = case.study.name.split_whitespace();
        let what = words.next().unwrap_or_default();
        let amount: u64 = words.next().and_then(|w| w.parse().ok()).unwrap_or(0);
        ctx.progress(Phase::Solve, 0.1, what);
        match what {
            // Says in its answer which process gave it.
            "sleep" => {
                wait(ctx, amount, true)?;
                Ok(number("process", f64::from(std::process::id())))
            }
            // Does not listen to a cancel.
            "deaf" => {
                wait(ctx, amount, false)?;
                Ok(number("process", f64::from(std::process::id())))
            }
            // Keeps a checkpoint after every step, and says how many this process took and how many there are.
            "steps" => steps(ctx, amount, true),
            // Keeps them, and does not go on from them.
            "forget" => steps(ctx, amount, false),
            "fail" => Err(StudyError::Solver("the stub refuses".into())),
            "panic" => panic!("the stub panics on purpose"),
            "overflow" => Ok(number("depth", deeper(1) as f64)),
            "allocate" => {
                let mut much: Vec<Vec<u8>> = Vec::new();
                for _ in 0..256 {
                    much.push(vec![1; 1 << 28]);
                }
                Ok(number("bytes", much.iter().map(Vec::len).sum::<usize>() as f64))
            }
            "loop" => loop {
                std::hint::black_box(());
            },
            // In fixed blocks: the order of the sum does not follow the threads.
            "sum" => {
                let blocks: Vec<f64> = terms(ctx.seed).par_chunks(1_000).map(|c| c.iter().sum()).collect();
                Ok(number("sum", blocks.iter().sum()))
            }
            // One part per thread: it does.
            "sum_by_threads" => {
                let terms = terms(ctx.seed);
                let parts = rayon::current_num_threads().max(1);
                let sums: Vec<f64> = terms.par_chunks(terms.len().div_ceil(parts)).map(|c| c.iter().sum()).collect();
                Ok(number("sum", sums.iter().sum()))
            }
            other => Err(StudyError::Solver(format!("no stub called {other}"))),
        }
    }
}

fn wait(ctx: &mut Ctx, ms: u64, listen: bool) -> Result<(), StudyError> {
    let until = Instant::now() + Duration::from_millis(ms);
    let mut level = 0;
    while Instant::now() < until {
        if listen {
            ctx.check()?;
        }
        if level < 3 {
            ctx.emit(Partial { level, outcome: number("partial", f64::from(level)) });
            level += 1;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn steps(ctx: &mut Ctx, n_steps: u64, remember: bool) -> Result<Outcome, StudyError> {
    let kept = ctx.checkpoint.take().filter(|_| remember).and_then(|b| b.try_into().ok());
    let begun = kept.map_or(0, u64::from_le_bytes);
    let mut n = begun;
    while n < n_steps && ctx.asked() != Asked::Finish {
        ctx.check()?;
        n += 1;
        ctx.progress(Phase::Solve, n as f64 / n_steps as f64, "");
        ctx.keep(n.to_le_bytes().to_vec());
        if ctx.asked() == Asked::Pause {
            return Err(StudyError::Paused);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut outcome = number("steps", n as f64);
    outcome.scalars.extend(number("taken", (n - begun) as f64).scalars);
    Ok(outcome)
}

/// Recursion the optimiser cannot undo.
#[expect(unconditional_recursion, reason = "that is the point")]
fn deeper(n: u64) -> u64 {
    let room = std::hint::black_box([n; 512]);
    deeper(room[(n % 512) as usize] + 1) + std::hint::black_box(room[0])
}

/// Numbers of very different size, so that the order of adding shows.
fn terms(seed: u64) -> Vec<f64> {
    let mut x = seed | 1;
    (0..100_000)
        .map(|i| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x % 1_000_003) as f64 * 10f64.powi(i % 20 - 10)
        })
        .collect()
}

fn number(id: &str, value: f64) -> Outcome {
    let scalar = Scalar {
        id: id.into(),
        label: id.into(),
        value,
        error: None,
        dimension: Dimension::NONE,
        grade: Grade::Instant,
        case: None,
        at: None,
        exponent: None,
    };
    Outcome { scalars: vec![scalar], ..Outcome::default() }
}
