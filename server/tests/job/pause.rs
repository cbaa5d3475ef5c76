//! Runs that keep checkpoints: pause and resume, finish early, and go on after their worker was killed.

use crate::Effort;
use crate::world::{SHORT, World, ensure, play};
use app::api::run::{Run, RunState};
use rustix::process::Signal;
use solver::design::{Object, Value};
use solver::run::{Asked, Report};
use solver::study::outcome::Outcome;
use solver::surface::FaceName;
use std::time::{Duration, Instant};

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

/// A bracket's worth of generative design, in cells of 1.5 mm.
fn generative() -> [Object; 4] {
    let faces = |name: &str| Value::Faces(vec![FaceName(name.into())]);
    let force = ["0 N", "0 N", "-100 N"].map(String::from);
    [
        Object::new("space", "box", "Space").expr("dx", "48 mm").expr("dy", "12 mm").expr("dz", "24 mm"),
        Object::new("wall", "fixed", "Wall").with("faces", faces("space.left")),
        Object::new("push", "force", "Push").with("faces", faces("space.right")).with("force", Value::Vector(force)),
        Object::new("st", "generative", "Grow")
            .with("bodies", Value::Refs(vec!["space".into()]))
            .expr("share", "40 %")
            .expr("layer", "2 mm")
            .expr("cells", "32")
            .expr("iterations", &GROWING.to_string()),
    ]
}

/// Iterations of [`generative`], and the one after which its worker is killed: between two checkpoints.
const GROWING: u32 = 60;
const KILLED_AFTER: u32 = 23;

/// First and last iteration that the present attempt at a run has told of.
fn iterations(world: &World, run: &str, epoch: u64) -> Option<(u32, u32)> {
    let told = world.state.jobs.board().look(run, |live| {
        let all = live.reports.iter().filter(|_| live.epoch >= epoch);
        let of = |r: &Report| if let Report::Residual { iteration, .. } = r { Some(*iteration) } else { None };
        all.filter_map(of).collect::<Vec<u32>>()
    })?;
    Some((*told.first()?, *told.last()?))
}

async fn reaches(world: &World, run: &str, epoch: u64, iteration: u32) -> Result<(u32, u32), String> {
    let over = Instant::now() + GROWN;
    while Instant::now() < over {
        if let Some(told) = iterations(world, run, epoch).filter(|t| t.1 >= iteration) {
            return Ok(told);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Err(format!("no iteration {iteration} of {run} within {GROWN:?}"))
}

/// A whole run of [`generative`] on a loaded machine.
const GROWN: Duration = Duration::from_secs(180);

/// The real study: its worker and the solver's child are killed, and another worker ends where that would have ended.
pub fn grows_on(_effort: Effort) -> Result<(), String> {
    play(async {
        let world = World::new(SHORT).await;
        let worker = world.worker(1);
        let run = world.ask_of(&generative(), "growing", None).await;
        let (_, killed_at) = reaches(&world, &run.id, 0, KILLED_AFTER).await?;
        ensure(killed_at < GROWING, || "it was over before it could be killed".into())?;
        let epoch = world.state.jobs.board().look(&run.id, |live| live.epoch).ok_or("no lease")?;
        worker.signal(Signal::KILL);
        let _next = world.worker(1);
        let (begun, _) = reaches(&world, &run.id, epoch + 1, 1).await?;
        let killed = world.until(&run.id, GROWN, |r| r.state == RunState::Done).await?;
        ensure(killed.attempt > 1, || format!("it ended in attempt {}", killed.attempt))?;
        let whole = world.ask_of(&generative(), "grown at once", None).await;
        let whole = world.until(&whole.id, GROWN, |r| r.state == RunState::Done).await?;
        let (found, wanted) = (number(&world, &killed, "objective").await?, number(&world, &whole, "objective").await?);
        eprintln!(
            "    killed at iteration {killed_at}, went on with {begun}; objective {found:.6e}, at once {wanted:.6e}"
        );
        ensure((found / wanted - 1.0).abs() < 1e-3, || format!("objective {found} for {wanted}"))?;
        ensure(begun > 1, || "it began anew".into())?;
        let repeated = f64::from((killed_at + 1).saturating_sub(begun));
        ensure(repeated <= REPEATED_MAX, || format!("{repeated} iterations were done twice"))
    })
}

/// A study that does not go on from what it kept, and the harness must say so.
pub fn canary(_effort: Effort) -> Result<(), String> {
    match play(killed("forget")) {
        Err(why) if why.contains("began anew") => Ok(()),
        other => Err(format!("the harness did not notice a run that began anew: {other:?}")),
    }
}
