//! P10: a solver that panics, overflows its stack, takes 64 GiB or loops for ever hurts only its job.

use crate::Effort;
use crate::world::{Process, SHORT, World, ensure, play};
use app::api::run::{Run, RunState};
use server::jobs::Settings;
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(120);
/// Short, so that the loop ends; long enough to fill the memory limit on a loaded machine.
const SETTINGS: Settings = Settings { budget_ms: 15_000, ..SHORT };

pub fn only_its_job(_effort: Effort) -> Result<(), String> {
    play(async {
        let world = World::new(SETTINGS).await;
        let mut worker = world.worker(1);
        let cases = [
            ("panic", RunState::Dead, "the stub panics on purpose"),
            ("overflow", RunState::Dead, "overflowed its stack"),
            ("allocate", RunState::Dead, "ran out of memory (its limit is 2 GiB)"),
            ("loop", RunState::Failed, "the limit of a run"),
        ];
        let mut neighbours = Vec::new();
        let mut broken = Vec::new();
        for (what, _, _) in cases {
            neighbours.push(world.ask("sleep 30", &format!("before {what}")).await.id);
            broken.push(world.ask(what, what).await.id);
            neighbours.push(world.ask("sleep 30", &format!("after {what}")).await.id);
        }
        for ((what, state, words), id) in cases.into_iter().zip(broken) {
            let run = world.ended(&id, WAIT).await?;
            let said = run.message.clone().unwrap_or_default();
            ensure(run.state == state, || format!("{what} is {:?}: {said}", run.state))?;
            ensure(said.contains(words), || format!("{what} said {said:?}, not {words:?}"))?;
            eprintln!("    {what}: {said}");
        }
        for id in neighbours {
            let run = world.ended(&id, WAIT).await?;
            ensure(run.state == RunState::Done && run.attempt == 1, || hurt(&run))?;
        }
        unharmed(&mut worker)
    })
}

fn hurt(run: &Run) -> String {
    format!("a neighbour was hurt: {:?} at attempt {}: {:?}", run.state, run.attempt, run.message)
}

fn unharmed(worker: &mut Process) -> Result<(), String> {
    ensure(worker.alive(), || "the worker itself died".into())
}

/// A worker that solves inside itself dies with its solver, and the harness must say so.
pub fn canary(_effort: Effort) -> Result<(), String> {
    let outcome = play(async {
        let world = World::new(SETTINGS).await;
        let run = world.ask("overflow", "overflow").await;
        let mut worker = world.start("stub-reckless", 1);
        world.until(&run.id, WAIT, |r| r.attempt == 1 && r.state == RunState::Queued).await?;
        unharmed(&mut worker)
    });
    match outcome {
        Err(why) if why.contains("itself died") => Ok(()),
        other => Err(format!("the harness did not notice a worker that died: {other:?}")),
    }
}
