//! The queue itself: the same question is answered once, positions, cancelling what waits, fenced uploads.

use crate::Effort;
use crate::world::{SHORT, World, ensure, play};
use app::api::run::RunState;
use server::jobs::wire::{Ending, Hello, Lease, PROTOCOL, Publish, Wish};
use std::time::Duration;

fn hello(worker: &str) -> Hello {
    Hello {
        protocol: PROTOCOL,
        worker: worker.into(),
        host: "here".into(),
        cores: 1,
        instruction_set: "none".into(),
        version: "0".into(),
        memory_bytes: 0,
        studies: vec![("static".into(), solver::study::statics::FORM.version)],
    }
}

async fn claim(world: &World, worker: &str) -> Result<Lease, String> {
    let claimed = world.state.jobs.claim(&world.state, &hello(worker), Duration::from_secs(1)).await;
    let assignment = claimed.map_err(|e| e.to_string())?.ok_or("nothing to claim")?;
    Ok(Lease { run: assignment.run, epoch: assignment.epoch })
}

async fn publish(world: &World, lease: &Lease, answer: &str) -> Result<(), String> {
    let surface = world.state.blobs.put(answer.to_string().into()).await.map_err(|e| e.to_string())?;
    let publish = Publish {
        lease: lease.clone(),
        surface,
        tensor: None,
        volume: None,
        deck: None,
        growth: None,
        core_seconds: 2.0,
        memory_bytes: 3,
        instruction_set: "none".into(),
    };
    world.state.jobs.publish(&world.state, &publish).await.map_err(|e| e.to_string())
}

pub fn from_the_store(_effort: Effort) -> Result<(), String> {
    play(async {
        let world = World::new(SHORT).await;
        let first = world.ask("sleep 1", "q").await;
        let joined = world.ask("sleep 1", "q").await;
        ensure(joined.id == first.id, || "the same question waiting was queued twice".into())?;
        let lease = claim(&world, "w").await?;
        let joined = world.ask("sleep 1", "q").await;
        ensure(joined.id == first.id && joined.state == RunState::Running, || "a run under way was not joined".into())?;
        publish(&world, &lease, "the answer").await?;
        // The answer to the publication may have been lost: saying it again is harmless.
        publish(&world, &lease, "the answer").await?;
        let again = world.ask("sleep 1", "q").await;
        ensure(again.id == first.id && again.cached && again.state == RunState::Done, || format!("{again:?}"))?;
        let other = world.ask("sleep 1", "another").await;
        ensure(other.state == RunState::Queued && !other.cached, || "another question got that answer".into())?;
        let back = world.ask("sleep 1", "q").await;
        ensure(back.id != first.id && back.cached && back.state == RunState::Done, || format!("{back:?}"))?;
        let stored = world.run(&first.id).await;
        ensure(back.artefact.is_some() && back.artefact == stored.artefact, || "the stored answer is another".into())?;
        // What failed is not an answer to keep.
        let lease = claim(&world, "w").await?;
        let end = world.state.jobs.end(&world.state, &lease, Ending::Failed { message: "no".into() }).await;
        end.map_err(|e| e.to_string())?;
        let retried = world.ask("sleep 1", "another").await;
        ensure(retried.id != other.id && retried.state == RunState::Queued, || "a failure was kept as an answer".into())
    })
}

pub fn waiting(_effort: Effort) -> Result<(), String> {
    play(async {
        let world = World::new(SHORT).await;
        let mut ids = Vec::new();
        for n in 0..3 {
            ids.push(world.ask("sleep 1", &n.to_string()).await.id);
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        for (n, id) in ids.iter().enumerate() {
            let run = world.run(id).await;
            ensure(run.queue_position == Some(n as u32), || format!("run {n} stands at {:?}", run.queue_position))?;
        }
        let cancelled = world.state.jobs.cancel(&world.state, &ids[0]).await.map_err(|e| e.to_string())?;
        ensure(cancelled.state == RunState::Cancelled, || format!("{:?}", cancelled.state))?;
        let twice = world.state.jobs.cancel(&world.state, &ids[0]).await;
        ensure(twice.is_err(), || "an ended run was cancelled again".into())?;
        let next = world.run(&ids[1]).await;
        ensure(next.queue_position == Some(0), || format!("the next stands at {:?}", next.queue_position))?;
        let lease = claim(&world, "w").await?;
        ensure(lease.run == ids[1], || "the queue is not first in, first out".into())?;
        // A cancel reaches a heartbeat that waits, at once.
        let jobs = world.state.jobs.clone();
        let (state, beating) = (world.state.clone(), lease.clone());
        let beat = tokio::spawn(async move { jobs.heartbeat(&state, &beating, Duration::from_secs(20)).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.state.jobs.cancel(&world.state, &lease.run).await.map_err(|e| e.to_string())?;
        let wish = tokio::time::timeout(Duration::from_secs(5), beat).await.map_err(|_| "the cancel did not arrive")?;
        let wish = wish.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        ensure(wish == Wish::Cancel, || format!("{wish:?}"))
    })
}

pub fn guarded(_effort: Effort) -> Result<(), String> {
    play(async {
        let world = World::new(SHORT).await;
        let http = reqwest::Client::builder().no_proxy().build().map_err(|e| e.to_string())?;
        let token = world.state.config.worker_token().map_err(|e| e.to_string())?;
        world.ask("sleep 1", "q").await;
        let lease = claim(&world, "w").await?;
        let hash = blake3::hash(b"right").to_hex().to_string();
        let put = |bytes: &'static str, epoch: u64, token: String| {
            let url = format!("{}/api/worker/artefacts/{hash}?run={}&epoch={epoch}", world.url, lease.run);
            let request = http.put(url).bearer_auth(token).body(bytes);
            async move { request.send().await.map(|r| r.status().as_u16()).map_err(|e| e.to_string()) }
        };
        let cases = [
            ("right", lease.epoch, token.clone(), 200),
            ("wrong", lease.epoch, token.clone(), 422),
            ("right", lease.epoch + 1, token.clone(), 409),
            ("right", lease.epoch, "guess".to_string(), 401),
        ];
        for (bytes, epoch, token, expected) in cases {
            let status = put(bytes, epoch, token).await?;
            ensure(status == expected, || format!("{bytes} at epoch {epoch}: {status}, not {expected}"))?;
        }
        let file = format!("{}/api/worker/files/{hash}?run={}&epoch={}", world.url, lease.run, lease.epoch);
        let status = http.get(file).bearer_auth(&token).send().await.map_err(|e| e.to_string())?.status().as_u16();
        ensure(status == 404, || format!("a lease opened a file that is not its design's: {status}"))
    })
}

/// A publication whose worker is gone half-way is made and told, or not made; never made in silence.
pub fn interrupted(_effort: Effort) -> Result<(), String> {
    play(async {
        let world = World::new(SHORT).await;
        let mut done = 0;
        for round in 0..40u64 {
            let run = world.ask("sleep 1", &format!("round {round}")).await;
            let lease = claim(&world, "w").await?;
            let state = world.state.clone();
            let publishing =
                tokio::time::timeout(Duration::from_micros(150 * round), publish(&world, &lease, "answer"));
            let _ = publishing.await;
            // Long enough for a commit that goes on.
            tokio::time::sleep(Duration::from_millis(50)).await;
            if world.run(&run.id).await.state == RunState::Done {
                done += 1;
                world.told_once(&run.id).await?;
            } else {
                let failed = Ending::Failed { message: "gone".into() };
                let _ = state.jobs.end(&state, &lease, failed).await;
            }
        }
        eprintln!("    40 publications cut off, {done} of them made");
        ensure(done > 0, || "none was made: nothing was tested".into())
    })
}
