//! Runs that keep checkpoints: pause and resume, finish early, and go on after their worker was killed.

use crate::Effort;
use crate::world::{SHORT, World, ensure, play};
use app::api::run::{Run, RunState};
use rustix::process::Signal;
use solver::run::Asked;
use solver::study::outcome::Outcome;
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(30);
const STEPS: u64 = 150;
/// Steps that may be taken twice: those between a checkpoint's making and its arrival.
const REPEATED_MAX: f64 = 10.0;

async fn under_way(world: &World, what: &str) -> Result<Run, String> {
    let run = world.ask(&format!("{what} {STEPS}"), what).await;
    world.until(&run.id, WAIT, |r| r.state == RunState::Running && r.resumable).await
}

async fn number(world: &World, run: &Run, id: &str) -> Result<f64, String> {
    let hash = run.artefact.as_ref().ok_or("no answer")?;
    let bytes = world.state.blobs.get(hash).await.map_err(|e| e.to_string())?.ok_or("no bytes")?;
    let outcome = Outcome::from_bytes(&bytes).map_err(|e| e.to_string())?;
    outcome.scalars.iter().find(|s| s.id == id).map(|s| s.value).ok_or_else(|| format!("no number called {id}"))
}

/// What the last attempt took shows where it began.
async fn resumed(world: &World, run: &Run) -> Result<(), String> {
    let (steps, taken) = (number(world, run, "steps").await?, number(world, run, "taken").await?);
    ensure(steps == STEPS as f64, || format!("{steps} steps"))?;
    ensure(taken < steps, || format!("it began anew: {taken} of {steps} steps"))
}

pub fn goes_on(_effort: Effort) -> Result<(), String> {
    play(async {
        let world = World::new(SHORT).await;
        let _worker = world.worker(1);
        let jobs = &world.state.jobs;
        let run = under_way(&world, "steps").await?;
        jobs.pause(&world.state, &run.id).await.map_err(|e| e.to_string())?;
        let run = world.until(&run.id, WAIT, |r| r.state == RunState::Paused).await?;
        ensure(run.resumable && run.asked == Asked::Nothing && run.ended.is_none(), || format!("{run:?}"))?;
        // Its worker is free.
        let other = world.ask("sleep 10", "other").await;
        world.until(&other.id, WAIT, |r| r.state == RunState::Done).await?;
        ensure(world.run(&run.id).await.state == RunState::Paused, || "it went on by itself".into())?;
        // The same question asked again is the same run, and wakes it.
        let again = world.ask(&format!("steps {STEPS}"), "steps").await;
        ensure(again.id == run.id && again.state != RunState::Paused, || format!("{again:?}"))?;
        let run = world.until(&run.id, WAIT, |r| r.state == RunState::Done).await?;
        ensure(run.attempt == 1, || format!("a pause cost an attempt: {}", run.attempt))?;
        resumed(&world, &run).await?;

        let refused = jobs.resume(&world.state, &run.id).await;
        ensure(refused.is_err(), || "a run that has ended was resumed".into())?;
        let plain = world.ask("sleep 60000", "plain").await;
        world.until(&plain.id, WAIT, |r| r.state == RunState::Running).await?;
        let refused = jobs.pause(&world.state, &plain.id).await.err().map(|e| e.to_string()).unwrap_or_default();
        ensure(refused.contains("cancel it"), || format!("pausing what keeps no checkpoint: {refused:?}"))?;
        jobs.cancel(&world.state, &plain.id).await.map_err(|e| e.to_string())?;
        Ok(())
    })
}

/// What was changed while a run was paused is asked from where that stands, and takes its place.
pub fn goes_on_changed(_effort: Effort) -> Result<(), String> {
    play(async {
        let world = World::new(SHORT).await;
        let _worker = world.worker(1);
        let jobs = &world.state.jobs;
        let run = under_way(&world, "steps").await?;
        jobs.pause(&world.state, &run.id).await.map_err(|e| e.to_string())?;
        let old = world.until(&run.id, WAIT, |r| r.state == RunState::Paused).await?;
        let stands = jobs.find(&world.state, &old.id).await.map_err(|e| e.to_string())?;
        let run = world.ask_from(&format!("steps {STEPS}"), "changed", Some(&stands)).await;
        ensure(run.id != old.id, || "the old run was woken".into())?;
        let run = world.until(&run.id, WAIT, |r| r.state == RunState::Done).await?;
        resumed(&world, &run).await?;
        let old = world.run(&old.id).await;
        ensure(old.state == RunState::Cancelled, || format!("the old run is {:?}", old.state))
    })
}

pub fn finishes(_effort: Effort) -> Result<(), String> {
    play(async {
        let world = World::new(SHORT).await;
        let _worker = world.worker(1);
        let jobs = &world.state.jobs;
        let early = |n: f64| ensure(n > 0.0 && n < STEPS as f64, || format!("it finished with {n} steps"));
        let run = under_way(&world, "steps").await?;
        jobs.finish(&world.state, &run.id).await.map_err(|e| e.to_string())?;
        let run = world.until(&run.id, WAIT, |r| r.state == RunState::Done).await?;
        early(number(&world, &run, "steps").await?)?;
        // And one that is laid aside first.
        let run = world.ask(&format!("steps {STEPS}"), "another").await;
        world.until(&run.id, WAIT, |r| r.resumable).await?;
        jobs.pause(&world.state, &run.id).await.map_err(|e| e.to_string())?;
        world.until(&run.id, WAIT, |r| r.state == RunState::Paused).await?;
        jobs.finish(&world.state, &run.id).await.map_err(|e| e.to_string())?;
        let run = world.until(&run.id, WAIT, |r| r.state == RunState::Done).await?;
        early(number(&world, &run, "steps").await?)?;
        ensure(number(&world, &run, "taken").await? == 0.0, || "it took steps after all".into())
    })
}

async fn killed(what: &str) -> Result<(), String> {
    let world = World::new(SHORT).await;
    let worker = world.worker(1);
    let run = under_way(&world, what).await?;
    // Somewhere in the middle.
    tokio::time::sleep(Duration::from_millis(600)).await;
    worker.signal(Signal::KILL);
    let killed_at = world.state.jobs.board().look(&run.id, |live| live.fraction).unwrap_or(0.0) * STEPS as f64;
    let _next = world.worker(1);
    let run = world.until(&run.id, WAIT, |r| r.state == RunState::Done).await?;
    resumed(&world, &run).await?;
    let taken = number(&world, &run, "taken").await?;
    let repeated = killed_at + taken - STEPS as f64;
    eprintln!("    killed at step {killed_at:.0}, {taken} steps afterwards");
    ensure(repeated <= REPEATED_MAX, || format!("{repeated} steps were taken twice"))
}

pub fn survives(_effort: Effort) -> Result<(), String> {
    play(killed("steps"))
}

/// A study that does not go on from what it kept, and the harness must say so.
pub fn canary(_effort: Effort) -> Result<(), String> {
    match play(killed("forget")) {
        Err(why) if why.contains("began anew") => Ok(()),
        other => Err(format!("the harness did not notice a run that began anew: {other:?}")),
    }
}
