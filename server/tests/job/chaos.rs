//! P7: workers are killed all the time, and every accepted job still ends.

use crate::Effort;
use crate::world::{Process, SHORT, World, ensure, play};
use app::api::run::RunState;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustix::process::Signal;
use server::jobs::Settings;
use server::jobs::lease::Terms;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const WORKERS: usize = 4;
const KILL_EVERY: Duration = Duration::from_millis(300);

struct Storm {
    jobs: usize,
    lasts: Duration,
    /// Time for everything to end once the killing is over.
    calm: Duration,
}

pub fn every_job_ends(effort: Effort) -> Result<(), String> {
    let lasts = Duration::from_secs(if effort.long { 45 } else { 20 });
    let storm = Storm { jobs: 200, lasts, calm: Duration::from_secs(120) };
    play(weather(effort.seed, SHORT, storm))
}

/// Leases that last an hour: the jobs of killed workers are never taken up again, and the harness must say so.
pub fn canary(effort: Effort) -> Result<(), String> {
    let broken = Settings { terms: Terms { lease_ms: 3_600_000, ..SHORT.terms }, ..SHORT };
    let storm = Storm { jobs: 40, lasts: Duration::from_secs(4), calm: Duration::from_secs(4) };
    match play(weather(effort.seed, broken, storm)) {
        Err(why) if why.contains("never ended") => Ok(()),
        other => Err(format!("the harness did not notice leases that never end: {other:?}")),
    }
}

async fn weather(seed: u64, settings: Settings, storm: Storm) -> Result<(), String> {
    let mut rng = StdRng::seed_from_u64(seed);
    let world = World::new(settings).await;
    let mut workers: Vec<Process> = (0..WORKERS).map(|_| world.worker(1)).collect();
    // Enough work for the whole storm, in expectation, were nobody killed.
    let mean_ms = storm.lasts.as_millis() as u64 * WORKERS as u64 / storm.jobs as u64;
    let mut ids = Vec::new();
    for number in 0..storm.jobs {
        let what = match rng.random_range(0..100) {
            0..4 => "panic".to_string(),
            4..8 => "fail".to_string(),
            _ => format!("sleep {}", rng.random_range(mean_ms / 4..mean_ms + 1)),
        };
        ids.push(world.ask(&what, &format!("{seed} {number}")).await.id);
    }
    let over = Instant::now() + storm.lasts;
    let mut kills = 0;
    let mut cancelled = 0;
    while Instant::now() < over {
        tokio::time::sleep(KILL_EVERY).await;
        let at = rng.random_range(0..WORKERS);
        workers[at].signal(Signal::KILL);
        workers[at] = world.worker(1);
        kills += 1;
        if kills % 10 == 0 {
            let id = &ids[rng.random_range(0..ids.len())];
            cancelled += u32::from(world.state.jobs.cancel(&world.state, id).await.is_ok());
        }
    }
    let calm = Instant::now() + storm.calm;
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    for id in &ids {
        let left = calm.saturating_duration_since(Instant::now());
        let run = world.ended(id, left).await.map_err(|e| format!("seed {seed}: a job never ended: {e}"))?;
        *states.entry(format!("{:?}", run.state)).or_default() += 1;
        let words = run.message.clone().unwrap_or_default();
        match run.state {
            RunState::Done => {
                ensure(run.artefact.is_some(), || format!("{id} is done without an artefact"))?;
                world.told_once(id).await?;
            }
            RunState::Dead => {
                ensure(run.attempt == 3, || format!("{id} is dead after {} attempts", run.attempt))?;
                ensure(!words.is_empty(), || format!("{id} is dead without last words"))?;
                ensure(run.artefact.is_none(), || format!("{id} is dead with an artefact"))?;
            }
            RunState::Failed => ensure(words.contains("the stub refuses"), || format!("{id} failed: {words}"))?,
            RunState::Cancelled => {}
            RunState::Queued | RunState::Running | RunState::Paused => return Err(format!("{id} has not ended")),
        }
    }
    drop(workers);
    // A child follows its worker: none is left behind to eat the machine.
    let gone = Instant::now() + Duration::from_secs(10);
    while !world.processes().is_empty() {
        ensure(Instant::now() < gone, || format!("children were left behind: {:?}", world.processes()))?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    eprintln!("    {} jobs, {WORKERS} workers, {kills} kills, {cancelled} cancels: {states:?}", storm.jobs);
    Ok(())
}
