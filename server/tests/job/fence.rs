//! P8: a worker that sleeps through its lease cannot publish over the one that took its place.

use crate::Effort;
use crate::role::REFUSED;
use crate::world::{SHORT, World, ensure, play};
use app::api::run::RunState;
use rustix::process::Signal;
use server::jobs::Settings;
use server::jobs::lease::Terms;
use std::io::BufRead as _;
use std::time::Duration;

const SETTINGS: Settings = Settings { terms: Terms { lease_ms: 600, ..SHORT.terms }, ..SHORT };

pub fn one_result(effort: Effort) -> Result<(), String> {
    let rounds = if effort.long { 20 } else { 5 };
    play(async move {
        let refusals = sleepers(SETTINGS, rounds).await?;
        eprintln!("    {rounds} rounds, {refusals} refusals");
        ensure(refusals == rounds, || format!("{rounds} rounds, but only {refusals} refusals"))?;
        honest(SETTINGS).await
    })
}

/// Without the epoch in the publishing transaction the late answer goes through, and the harness must say so.
pub fn canary(_effort: Effort) -> Result<(), String> {
    let broken = Settings { terms: Terms { fenced: false, ..SETTINGS.terms }, ..SETTINGS };
    match play(async move { sleepers(broken, 1).await.map(|_| ()) }) {
        Err(why) if why.contains("changed") => Ok(()),
        other => Err(format!("the harness did not notice a publication without its epoch: {other:?}")),
    }
}

/// A worker uploads its answer, is stopped before it publishes, and wakes after another has finished.
async fn sleepers(settings: Settings, rounds: u32) -> Result<u32, String> {
    let world = World::new(settings).await;
    let mut refusals = 0;
    for round in 0..rounds {
        let run = world.ask("sleep 50", &format!("round {round}")).await;
        let mut sleeper = world.start("stub-sleeper", 1);
        let output = sleeper.0.stdout.take().ok_or("no pipe")?;
        let ready = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            std::io::BufReader::new(output).read_line(&mut line).map(|_| line)
        });
        let line = tokio::time::timeout(Duration::from_secs(30), ready).await.map_err(|e| e.to_string())?;
        let line = line.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        sleeper.signal(Signal::STOP);
        ensure(line.starts_with("ready"), || format!("the sleeper did not get ready: {line:?}"))?;
        let worker = world.worker(1);
        let answered = world.until(&run.id, Duration::from_secs(30), |r| r.state == RunState::Done).await?;
        sleeper.signal(Signal::CONT);
        let code = sleeper.code(Duration::from_secs(30)).await;
        drop(worker);
        let later = world.run(&run.id).await;
        ensure(later.artefact == answered.artefact, || {
            format!("round {round}: the published answer changed from {:?} to {:?}", answered.artefact, later.artefact)
        })?;
        refusals += u32::from(code == Some(REFUSED));
        world.told_once(&run.id).await.map_err(|e| format!("round {round}: the answer changed: {e}"))?;
    }
    Ok(refusals)
}

/// The real worker, stopped in the middle of a job: whatever it says on waking changes nothing, and it goes on to serve.
async fn honest(settings: Settings) -> Result<(), String> {
    let world = World::new(settings).await;
    let run = world.ask("sleep 400", "honest").await;
    let mut first = world.worker(1);
    world.until(&run.id, Duration::from_secs(30), |r| r.state == RunState::Running).await?;
    first.signal(Signal::STOP);
    let second = world.worker(1);
    let answered = world.until(&run.id, Duration::from_secs(30), |r| r.state == RunState::Done).await?;
    ensure(answered.attempt == 2, || format!("answered at attempt {}", answered.attempt))?;
    drop(second);
    first.signal(Signal::CONT);
    let next = world.ask("sleep 10", "after waking").await;
    world.until(&next.id, Duration::from_secs(30), |r| r.state == RunState::Done).await?;
    ensure(first.alive(), || "the worker that was stopped did not go on".into())?;
    let later = world.run(&run.id).await;
    ensure(later.artefact == answered.artefact, || "the answer changed when the first worker woke".into())
}
