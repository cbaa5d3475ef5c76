//! Jobs, workers that die, sleep and repeat themselves, a network that loses and reorders: simulated, from a seed.

use super::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const JOBS: usize = 12;
const WORKERS: usize = 4;
const STEPS: i64 = 4_000;

/// What a worker believes it holds.
#[derive(Clone)]
struct Belief {
    job: usize,
    epoch: u64,
    until: i64,
}

/// Runs one world and returns what is wrong with it, if anything.
fn world(seed: u64, terms: &Terms) -> Result<(), String> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut jobs = vec![Job::queued(); JOBS];
    let mut stored = [0u32; JOBS];
    let mut ended: Vec<Option<State>> = vec![None; JOBS];
    let mut beliefs: Vec<Option<Belief>> = vec![None; WORKERS];
    let mut asleep = [0i64; WORKERS];
    // Messages under way, delivered in any order, sometimes twice, sometimes never.
    let mut wire: Vec<(usize, Event)> = Vec::new();

    for now in 0..STEPS {
        // The last stretch is calm, so that everything can end.
        let calm = now > STEPS / 2;
        let mut todo: Vec<(usize, Event, Option<usize>)> = Vec::new();
        for w in 0..WORKERS {
            if asleep[w] > now {
                continue;
            }
            match beliefs[w].clone() {
                None => {
                    if let Some(job) = jobs.iter().position(|j| j.state == State::Queued) {
                        todo.push((job, Event::Claim { worker: format!("w{w}") }, Some(w)));
                    }
                }
                Some(b) => {
                    let fate = if calm { rng.random_range(40..100) } else { rng.random_range(0..100) };
                    let epoch = b.epoch;
                    match fate {
                        // Killed: it forgets all.
                        0..4 => beliefs[w] = None,
                        // Stopped past its lease, then goes on as if nothing had happened.
                        4..7 => asleep[w] = now + rng.random_range(1..4 * terms.lease_ms),
                        7..9 => {
                            wire.push((b.job, Event::Crash { epoch, message: "crash".into() }));
                            beliefs[w] = None;
                        }
                        9..10 => {
                            wire.push((b.job, Event::Release { epoch }));
                            beliefs[w] = None;
                        }
                        10..11 => {
                            wire.push((b.job, Event::Fail { epoch, message: "no".into() }));
                            beliefs[w] = None;
                        }
                        _ if jobs[b.job].asked == Asked::Pause && rng.random_bool(0.2) => {
                            wire.push((b.job, Event::Paused { epoch }));
                            beliefs[w] = None;
                        }
                        _ if now >= b.until => {
                            wire.push((b.job, Event::Publish { epoch }));
                            beliefs[w] = None;
                        }
                        _ => wire.push((b.job, Event::Heartbeat { epoch })),
                    }
                }
            }
        }
        for _ in 0..rng.random_range(0..=wire.len()) {
            let at = rng.random_range(0..wire.len());
            let (job, event) =
                if !calm && rng.random_range(0..10) == 0 { wire[at].clone() } else { wire.swap_remove(at) };
            if calm || rng.random_range(0..12) != 0 {
                todo.push((job, event, None));
            }
        }
        if !calm && rng.random_range(0..60) == 0 {
            todo.push((rng.random_range(0..JOBS), Event::Cancel, None));
        }
        if !calm && rng.random_range(0..20) == 0 {
            let asked = [Event::Pause, Event::Resume, Event::Finish][rng.random_range(0..3)].clone();
            todo.push((rng.random_range(0..JOBS), asked, None));
        }
        if calm {
            // People come back to what they laid aside.
            let paused = (0..JOBS).filter(|j| jobs[*j].state == State::Paused);
            todo.extend(paused.map(|j| (j, Event::Resume, None)));
        }
        todo.extend((0..JOBS).map(|j| (j, Event::Tick, None)));

        for (j, event, claimer) in todo {
            let before = jobs[j].clone();
            let (after, effects) = step(&before, event.clone(), now, terms);
            for effect in &effects {
                match effect {
                    Effect::Granted { epoch, .. } => {
                        if let Some(w) = claimer {
                            let until = now + rng.random_range(1..2 * terms.lease_ms);
                            beliefs[w] = Some(Belief { job: j, epoch: *epoch, until });
                        }
                    }
                    Effect::Store => stored[j] += 1,
                    Effect::Ended(state) => {
                        if let Some(was) = ended[j].replace(*state) {
                            return Err(format!("job {j} ended twice: {was:?}, then {state:?}"));
                        }
                    }
                    _ => {}
                }
            }
            if stored[j] > 1 {
                return Err(format!("job {j}: {} results published", stored[j]));
            }
            if after.epoch < before.epoch || after.attempt > terms.attempts_max {
                return Err(format!("job {j}: {before:?} became {after:?}"));
            }
            if before.state.ended() && after != before {
                return Err(format!("job {j} had ended and changed: {before:?} {event:?} {after:?}"));
            }
            if (after.state == State::Done) != (stored[j] == 1) {
                return Err(format!("job {j} is {:?} with {} results", after.state, stored[j]));
            }
            jobs[j] = after;
        }
    }
    match jobs.iter().position(|j| !j.state.ended()) {
        Some(j) => Err(format!("job {j} never ended: {:?}", jobs[j])),
        None => Ok(()),
    }
}

const TERMS: Terms = Terms { lease_ms: 30, attempts_max: 3, cancel_grace_ms: 10, fenced: true };
const SEEDS: std::ops::Range<u64> = 0..300;

#[test]
fn every_job_ends_once_with_at_most_one_result() {
    for seed in SEEDS {
        if let Err(wrong) = world(seed, &TERMS) {
            panic!("seed {seed}: {wrong}");
        }
    }
}

#[test]
fn canary_without_the_epoch_the_simulation_finds_a_second_result() {
    let broken = Terms { fenced: false, ..TERMS };
    assert!(SEEDS.into_iter().any(|seed| world(seed, &broken).is_err()));
}
