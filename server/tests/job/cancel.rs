//! P9: cancel takes effect in two seconds, whether the solver listens or not, and nothing half-done reads as final.

use crate::Effort;
use crate::world::{SHORT, World, ensure, play};
use app::api::run::{Run, RunState};
use rustix::process::Signal;
use server::jobs::Settings;
use server::jobs::lease::Terms;
use std::time::{Duration, Instant};

/// The promise is two seconds and one iteration; this one also allows for a loaded machine.
const LIMIT: Duration = Duration::from_secs(4);
const START: Duration = Duration::from_secs(30);

async fn cancelled(
    world: &World,
    what: &str,
    stop_worker: Option<&crate::world::Process>,
) -> Result<(Run, Duration), String> {
    let run = world.ask(what, what).await;
    // Under way, with a partial shown.
    let partial = |id: String| {
        let board = world.state.jobs.clone();
        move |r: &Run| r.state == RunState::Running && board.has_partial(&id)
    };
    world.until(&run.id, START, partial(run.id.clone())).await?;
    if let Some(worker) = stop_worker {
        worker.signal(Signal::STOP);
    }
    let asked = Instant::now();
    world.state.jobs.cancel(&world.state, &run.id).await.map_err(|e| e.to_string())?;
    let run = world.ended(&run.id, LIMIT).await?;
    Ok((run, asked.elapsed()))
}

pub fn takes_effect(_effort: Effort) -> Result<(), String> {
    play(async {
        // Long leases: nothing here may be the work of an expiry.
        let world = World::new(Settings { terms: Terms { lease_ms: 60_000, ..SHORT.terms }, ..SHORT }).await;
        let worker = world.worker(1);
        for what in ["sleep 60000", "deaf 60000", "loop"] {
            let what = if what == "loop" { "deaf 60001" } else { what };
            let (run, took) = cancelled(&world, what, None).await?;
            ensure(run.state == RunState::Cancelled, || format!("{what} is {:?}", run.state))?;
            ensure(run.artefact.is_none(), || format!("{what}: a cancelled run has a result"))?;
            let stored = world.state.jobs.find(&world.state, &run.id).await.map_err(|e| e.to_string())?;
            let partial = server::jobs::bytes_of(&world.state, &stored, "partial", &Default::default()).await;
            ensure(partial.is_err(), || format!("{what}: its partial can still be read"))?;
            eprintln!("    {what}: cancelled after {:.2} s", took.as_secs_f64());
        }
        // The child that did not listen is gone: worker and spare child remain.
        let gone = Instant::now() + Duration::from_secs(5);
        while world.processes().len() > 2 {
            ensure(Instant::now() < gone, || format!("processes: {:?}", world.processes()))?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // A worker that cannot answer at all.
        let (run, took) = cancelled(&world, "sleep 60002", Some(&worker)).await?;
        ensure(run.state == RunState::Cancelled, || format!("with a stopped worker: {:?}", run.state))?;
        eprintln!("    with its worker stopped: cancelled after {:.2} s", took.as_secs_f64());
        worker.signal(Signal::CONT);
        let next = world.ask("sleep 10", "after").await;
        world.until(&next.id, START, |r| r.state == RunState::Done).await?;
        Ok(())
    })
}

/// When the server never takes a job from a worker that does not answer, the harness must say so.
pub fn canary(_effort: Effort) -> Result<(), String> {
    let outcome = play(async {
        let terms = Terms { lease_ms: 3_600_000, cancel_grace_ms: 3_600_000, ..SHORT.terms };
        let world = World::new(Settings { terms, ..SHORT }).await;
        let worker = world.worker(1);
        cancelled(&world, "sleep 60000", Some(&worker)).await.map(|_| ())
    });
    match outcome {
        Err(why) if why.contains("Running") => Ok(()),
        other => Err(format!("the harness did not notice a cancel without effect: {other:?}")),
    }
}
