//! One leased run in a worker: feed the child, pass on what it says, obey cancel, budget and lease, publish.

use super::child::Child;
use super::door::{Door, DoorError};
use super::frame::{Frame, NoAnswer, Spent, Task};
use super::teller::{Tell, Teller};
use super::wire;
use super::wire::{Assignment, End, Ending, Heartbeat, Lease, Publish, Wish};
use bytes::Bytes;
use solver::run::{Asked, Report};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// A child asked to stop has this long; the server waits a little longer before it takes the job away.
const STOP_GRACE: Duration = Duration::from_millis(1_200);
/// A fresh child has its threads after milliseconds; a loaded machine gets this long.
const READY_WAIT: Duration = Duration::from_secs(60);
/// How long a finished answer is offered to a server that cannot be reached.
const PUBLISH_PATIENCE: Duration = Duration::from_secs(1_800);

/// What the child has handed over: the artefacts of its answer.
#[derive(Default)]
struct Made {
    surface: Option<Bytes>,
    tensor: Option<Bytes>,
    volume: Option<Bytes>,
    deck: Option<Bytes>,
    growth: Option<Bytes>,
}

/// How an attempt came out of the child.
enum Outcome {
    Answer {
        made: Made,
        spent: Spent,
    },
    Over(Ending),
    /// The lease is gone: say nothing.
    Abandoned,
}

/// Works on one assignment until it is published, ended or lost. `stop` turns true when the worker shuts down.
pub async fn run(
    door: &Door,
    assignment: Assignment,
    child: Child,
    memory_bytes: u64,
    mut stop: watch::Receiver<bool>,
) {
    let lease = Lease { run: assignment.run.clone(), epoch: assignment.epoch };
    let (wish_sender, mut wish) = watch::channel(Wish::Continue);
    let heart = Guard(tokio::spawn(beat(door.clone(), lease.clone(), assignment.lease_ms, wish_sender.clone())));
    let teller = Teller::start(door.clone(), lease.clone(), wish_sender);
    let outcome = converse(door, &lease, assignment, child, memory_bytes, &teller, &mut wish, &mut stop).await;
    // Everything said so far arrives before the end.
    teller.finish().await;
    match outcome {
        Outcome::Answer { made, spent } => publish(door, &lease, made, spent, &wish).await,
        Outcome::Over(how) => {
            tracing::info!(run = %lease.run, epoch = lease.epoch, ?how, "attempt over");
            let end = End { lease: lease.clone(), how };
            persist(&lease, &wish, "end", || door.end(&end)).await;
        }
        Outcome::Abandoned => {
            tracing::warn!(run = %lease.run, epoch = lease.epoch, "the lease was lost; the attempt is dropped")
        }
    }
    drop(heart);
}

/// Ends a task with its owner.
struct Guard(tokio::task::JoinHandle<()>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Keeps the lease alive and listens for a cancel: each heartbeat waits at the server for up to a third of the lease.
async fn beat(door: Door, lease: Lease, lease_ms: i64, wish: watch::Sender<Wish>) {
    let third = (lease_ms.max(30) / 3) as u64;
    let heartbeat = Heartbeat { lease: lease.clone(), wait_ms: third };
    loop {
        match door.heartbeat(&heartbeat).await {
            Ok(Wish::Continue) => {
                // A pause was taken back.
                wish.send_if_modified(|wish| {
                    matches!(wish, Wish::Pause) && {
                        *wish = Wish::Continue;
                        true
                    }
                });
            }
            Ok(said) => {
                wish.send_if_modified(|wish| std::mem::replace(wish, said) != said);
                if said == Wish::Drop {
                    return;
                }
                // The server answers a cancel at once; do not ask again in a tight loop.
                sleep(Duration::from_millis(third)).await;
            }
            Err(DoorError::Fenced) => {
                wish.send_replace(Wish::Drop);
                return;
            }
            Err(e) => {
                tracing::warn!(run = %lease.run, error = %e, "heartbeat");
                sleep(Duration::from_millis(third.min(1_000))).await;
            }
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "one caller; a struct would only rename them")]
async fn converse(
    door: &Door,
    lease: &Lease,
    assignment: Assignment,
    mut child: Child,
    memory_bytes: u64,
    teller: &Teller,
    wish: &mut watch::Receiver<Wish>,
    stop: &mut watch::Receiver<bool>,
) -> Outcome {
    let budget = Duration::from_millis(assignment.budget_ms);
    let over = Instant::now() + budget;
    match timeout(READY_WAIT, child.receive()).await {
        Ok(Some(Ok(Frame::Ready))) => {}
        Err(_) => {
            child.kill().await;
            return Outcome::Over(Ending::Crashed { message: "The solver did not start in time.".into() });
        }
        Ok(_) => return Outcome::Over(Ending::Crashed { message: child.last_words().await }),
    }
    for hash in &assignment.files {
        match door.file(lease, hash).await {
            Ok(bytes) => {
                if child.send(Frame::File { hash: hash.clone(), bytes: bytes.to_vec() }).await.is_err() {
                    return Outcome::Over(Ending::Crashed { message: child.last_words().await });
                }
            }
            Err(DoorError::Fenced) => return Outcome::Abandoned,
            Err(e @ DoorError::Refused(..)) => {
                let message = format!("An imported file of this design cannot be fetched: {e}. Import it again.");
                return Outcome::Over(Ending::Failed { message });
            }
            Err(e @ DoorError::Unreachable(_)) => return Outcome::Over(Ending::Crashed { message: e.to_string() }),
        }
    }
    if let Some(hash) = &assignment.checkpoint {
        match door.file(lease, hash).await {
            Ok(bytes) => {
                if child.send(Frame::Resume(bytes.to_vec())).await.is_err() {
                    return Outcome::Over(Ending::Crashed { message: child.last_words().await });
                }
            }
            Err(DoorError::Fenced) => return Outcome::Abandoned,
            Err(e @ DoorError::Refused(..)) => {
                let line = format!("the last checkpoint cannot be fetched ({e}): the run begins anew");
                teller.tell(Tell::Report(Report::Log { line }));
            }
            Err(e @ DoorError::Unreachable(_)) => return Outcome::Over(Ending::Crashed { message: e.to_string() }),
        }
    }
    if assignment.asked != Asked::Nothing && child.send(Frame::Ask(assignment.asked)).await.is_err() {
        return Outcome::Over(Ending::Crashed { message: child.last_words().await });
    }
    let task = Task {
        design: assignment.design,
        study: assignment.study,
        seed: assignment.seed,
        // The rest is for the process itself and for what studies forget to count.
        memory_bytes_max: memory_bytes / 10 * 9,
    };
    if child.send(Frame::Task(Box::new(task))).await.is_err() {
        return Outcome::Over(Ending::Crashed { message: child.last_words().await });
    }

    let mut made = Made::default();
    let mut kill_at: Option<Instant> = None;
    loop {
        let killing = kill_at.is_some();
        tokio::select! {
            frame = child.receive() => match frame {
                Some(Ok(Frame::Report(report))) => teller.tell(Tell::Report(report)),
                Some(Ok(Frame::Partial { level, bytes })) => teller.tell(Tell::Partial(level, bytes.into())),
                Some(Ok(Frame::Checkpoint(bytes))) => teller.tell(Tell::Checkpoint(bytes.into())),
                Some(Ok(Frame::Surface(bytes))) => made.surface = Some(Bytes::from(bytes)),
                Some(Ok(Frame::Tensor(bytes))) => made.tensor = Some(Bytes::from(bytes)),
                Some(Ok(Frame::Volume(bytes))) => made.volume = Some(Bytes::from(bytes)),
                Some(Ok(Frame::Deck(bytes))) => made.deck = Some(Bytes::from(bytes)),
                Some(Ok(Frame::Growth(bytes))) => made.growth = Some(Bytes::from(bytes)),
                // Too late: the person was told that it is cancelled.
                Some(Ok(Frame::Done(_))) if killing => return Outcome::Over(Ending::Stopped),
                Some(Ok(Frame::Done(spent))) => {
                    return if made.surface.is_some() {
                        Outcome::Answer { made, spent }
                    } else {
                        Outcome::Over(Ending::Crashed { message: "The solver ended without a result.".into() })
                    };
                }
                Some(Ok(Frame::NoAnswer(NoAnswer::Paused))) => return Outcome::Over(Ending::Paused),
                Some(Ok(Frame::NoAnswer(NoAnswer::Cancelled))) => return Outcome::Over(Ending::Stopped),
                Some(Ok(Frame::NoAnswer(NoAnswer::Failed { message }))) => return Outcome::Over(Ending::Failed { message }),
                // Answers to other questions, and what only goes the other way.
                Some(Ok(_)) => {}
                Some(Err(e)) => {
                    child.kill().await;
                    return Outcome::Over(Ending::Crashed { message: format!("The solver wrote what is no answer ({e}).") });
                }
                None if killing => return Outcome::Over(Ending::Stopped),
                None => return Outcome::Over(Ending::Crashed { message: child.last_words().await }),
            },
            changed = wish.changed(), if !killing => {
                let said = *wish.borrow_and_update();
                match (changed, said) {
                    (Err(_), _) | (_, Wish::Drop) => {
                        child.kill().await;
                        return Outcome::Abandoned;
                    }
                    (_, Wish::Cancel) => {
                        kill_at = Some(Instant::now() + STOP_GRACE);
                        // A child that no longer reads its pipe must not hold us up either.
                        let _ = timeout(STOP_GRACE, child.send(Frame::Cancel)).await;
                    }
                    // A child that is gone says so itself.
                    (_, Wish::Pause) => _ = child.send(Frame::Ask(Asked::Pause)).await,
                    (_, Wish::Finish) => _ = child.send(Frame::Ask(Asked::Finish)).await,
                    (_, Wish::Continue) => _ = child.send(Frame::Ask(Asked::Nothing)).await,
                }
            }
            () = sleep_until(kill_at.unwrap_or(over)) => {
                child.kill().await;
                if killing {
                    teller.tell(Tell::Report(Report::Log { line: "the solver did not stop when asked; its process was ended".into() }));
                    return Outcome::Over(Ending::Stopped);
                }
                let minutes = budget.as_secs_f64() / 60.0;
                let message = format!(
                    "Stopped after {minutes:.1} min, the limit of a run. Choose a coarser resolution, or ask the administrator to raise the limit."
                );
                return Outcome::Over(Ending::Failed { message });
            }
            _ = stop.wait_for(|stop| *stop) => {
                child.kill().await;
                return Outcome::Over(Ending::Released);
            }
        }
    }
}

async fn publish(door: &Door, lease: &Lease, made: Made, spent: Spent, wish: &watch::Receiver<Wish>) {
    let hash = |bytes: &Bytes| blake3::hash(bytes).to_hex().to_string();
    let Made { surface: Some(surface), tensor, volume, deck, growth } = made else { return };
    let message = Publish {
        lease: lease.clone(),
        surface: hash(&surface),
        tensor: tensor.as_ref().map(hash),
        volume: volume.as_ref().map(hash),
        deck: deck.as_ref().map(hash),
        growth: growth.as_ref().map(hash),
        core_seconds: spent.core_seconds,
        memory_bytes: spent.memory_bytes,
        instruction_set: solver::linear::operator::instruction_set().into(),
    };
    let large = |bytes: &Option<Bytes>| bytes.as_ref().is_some_and(|b| b.len() > wire::VOLUME_BYTES_MAX);
    if surface.len() > wire::SURFACE_BYTES_MAX || [&tensor, &volume, &deck, &growth].into_iter().any(large) {
        let message = "The result is too large to store. Choose a coarser resolution or fewer load cases.".to_string();
        let end = End { lease: lease.clone(), how: Ending::Failed { message } };
        persist(lease, wish, "end", || door.end(&end)).await;
        return;
    }
    for bytes in [Some(surface), tensor, volume, deck, growth].into_iter().flatten() {
        let hash = hash(&bytes);
        if persist(lease, wish, "upload", || door.upload(lease, &hash, bytes.clone())).await.is_none() {
            return;
        }
    }
    if persist(lease, wish, "publish", || door.publish(&message)).await.is_some() {
        tracing::info!(run = %lease.run, epoch = lease.epoch, core_seconds = spent.core_seconds, "published");
    }
}

/// Repeats `action` while the server cannot be reached, for as long as the lease may still be ours.
async fn persist<F, A>(lease: &Lease, wish: &watch::Receiver<Wish>, what: &str, action: F) -> Option<()>
where
    F: Fn() -> A,
    A: Future<Output = Result<(), DoorError>>,
{
    let give_up = Instant::now() + PUBLISH_PATIENCE;
    let mut pause = Duration::from_millis(250);
    loop {
        match action().await {
            Ok(()) => return Some(()),
            Err(e) if e.passing() && Instant::now() < give_up && *wish.borrow() != Wish::Drop => {
                tracing::warn!(run = %lease.run, what, error = %e, "trying again");
                sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
            Err(e) => {
                tracing::warn!(run = %lease.run, epoch = lease.epoch, what, error = %e, "refused");
                return None;
            }
        }
    }
}
