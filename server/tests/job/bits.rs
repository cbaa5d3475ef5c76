//! P11: the same bits on one and two threads, on one instruction set, which the run records.

use crate::Effort;
use crate::world::{SHORT, World, ensure, play};
use app::api::run::{Run, RunState};
use std::time::Duration;

pub fn same(_effort: Effort) -> Result<(), String> {
    compare("sum")
}

pub fn canary(_effort: Effort) -> Result<(), String> {
    match compare("sum_by_threads") {
        Err(why) if why.contains("differ") => Ok(()),
        other => Err(format!("the harness did not notice a sum that follows the threads: {other:?}")),
    }
}

fn compare(what: &'static str) -> Result<(), String> {
    play(async move {
        let (one, two) = (answer(what, 1).await?, answer(what, 2).await?);
        ensure(one.seed == two.seed && one.seed != 0, || format!("seeds {} and {}", one.seed, two.seed))?;
        let set = one.instruction_set.clone().unwrap_or_default();
        ensure(set.starts_with(std::env::consts::ARCH), || format!("instruction set {set:?}"))?;
        ensure(one.instruction_set == two.instruction_set, || "one machine, two instruction sets".into())?;
        ensure(one.artefact.is_some() && one.artefact == two.artefact, || {
            format!("on 1 and 2 threads the bits differ: {:?} and {:?}", one.artefact, two.artefact)
        })
    })
}

/// A world of its own for each, so that nothing is answered from the store.
async fn answer(what: &str, threads: usize) -> Result<Run, String> {
    let world = World::new(SHORT).await;
    let _worker = world.worker(threads);
    let run = world.ask(what, "the same question").await;
    world.until(&run.id, Duration::from_secs(30), |r| r.state == RunState::Done).await
}
