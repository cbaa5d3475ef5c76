//! P2: replicas converge, and nothing acknowledged vanishes.

use crate::random::seed;
use crate::world::World;
use server::rooms::room::Canary;

const STEPS: usize = 400;

fn run(seed: u64, steps: usize, canary: Canary) -> Result<u64, String> {
    let mut world = World::new(seed, 5, canary);
    for _ in 0..steps {
        world.step()?;
    }
    world.settle()?;
    world.check()?;
    Ok(world.log.len() as u64)
}

fn run_all(first: u64, count: u64) {
    let mut entries = 0;
    for seed in first..first + count {
        match run(seed, STEPS, Canary::default()) {
            Ok(n) => entries += n,
            Err(fault) => panic!("seed {seed}: {fault} (replay with BRUNEL_SEED={seed})"),
        }
    }
    assert!(entries > count * 20, "the runs hardly edited anything: {entries} entries in {count}");
}

#[test]
fn replicas_converge_whatever_the_network_does() {
    run_all(seed("convergence"), 500);
}

#[test]
#[ignore = "long: ten minutes of seeds"]
fn long_replicas_converge_whatever_the_network_does() {
    run_all(seed("convergence, long"), 20_000);
}

#[test]
fn a_room_that_loses_commands_is_caught() {
    let first = seed("convergence canary");
    // A run of 400 steps holds fewer than 97 commands.
    let canary = Canary { lose_every: Some(97), ..Canary::default() };
    assert!(
        (first..first + 20).any(|seed| run(seed, 4 * STEPS, canary).is_err()),
        "every 97th command was lost unseen"
    );
}

#[test]
fn a_room_that_acknowledges_early_is_caught() {
    let first = seed("early acknowledgement canary");
    let canary = Canary { acknowledge_early: true, ..Canary::default() };
    assert!((first..first + 20).any(|seed| run(seed, STEPS, canary).is_err()), "an early acknowledgement went unseen");
}
