//! P6: any past version opens quickly at 50,000 operations, and is what its edits make. How quickly is a figure of
//! `cargo xtask bench edit`; here ten times that is asserted, to catch hangs.

use crate::live::{Live, boxes, set, write_history};
use crate::random::{Random, seed};
use server::rooms::document;
use server::rooms::room::SNAPSHOT_EVERY;
use solver::design::Design;
use std::collections::BTreeSet;
use std::time::Instant;

const BOXES: usize = 300;
/// Ten times the promise, s.
const HANG: f64 = 20.0;

/// Versions of a history of `n` edits: any, and those around where whole designs are saved.
fn sample(random: &mut Random, n: u64) -> BTreeSet<u64> {
    let mut marks: BTreeSet<u64> = [1, n].into();
    marks.extend((0..32).map(|_| 1 + random.next() % n));
    for _ in 0..8 {
        let saved = SNAPSHOT_EVERY * (1 + random.next() % (n / SNAPSHOT_EVERY));
        marks.extend([saved - 1, saved, (saved + 1).min(n)]);
    }
    marks
}

/// Opens each of `versions`; the longest time, s.
async fn open_all(live: &Live, versions: &[(u64, Design)]) -> Result<f64, String> {
    let mut worst: f64 = 0.0;
    for (sequence, expected) in versions {
        let begin = Instant::now();
        let found =
            document(live.state(), &live.design, Some(*sequence)).await.map_err(|e| format!("{sequence}: {e}"))?;
        worst = worst.max(begin.elapsed().as_secs_f64());
        if (found.sequence, &found.design) != (*sequence, expected) {
            return Err(format!("version {sequence} is not what its edits make"));
        }
    }
    Ok(worst)
}

#[tokio::test]
async fn any_of_fifty_thousand_versions_opens_quickly_and_is_what_its_edits_make() {
    const N: u64 = 50_000;
    let mut random = Random::new(seed("past versions"));
    let live = Live::start(&boxes(BOXES), 1).await;
    let versions = write_history(&live, BOXES, N, &sample(&mut random, N), false).await;
    let worst = open_all(&live, &versions).await.unwrap_or_else(|e| panic!("{e}"));
    let begin = Instant::now();
    let mut client = live.connect(0).await;
    let opened = begin.elapsed().as_secs_f64();
    assert_eq!(client.sequence, N);
    let edit = client.submission(set(0, 0));
    client.send(&edit).await;
    eprintln!(
        "50,000 edits: worst of {} versions {worst:.3} s, room opened and welcomed {opened:.3} s",
        versions.len()
    );
    assert!(worst <= HANG && opened <= HANG);
    assert!(document(live.state(), &live.design, Some(N + 100)).await.is_err(), "a version that never was");
}

#[tokio::test]
async fn canary_whole_designs_that_lack_one_edit_are_caught() {
    const N: u64 = 3 * SNAPSHOT_EVERY;
    let mut random = Random::new(seed("past versions canary"));
    let live = Live::start(&boxes(BOXES), 1).await;
    let versions = write_history(&live, BOXES, N, &sample(&mut random, N), true).await;
    let fault = open_all(&live, &versions).await.expect_err("a design without its last edit went unseen");
    assert!(fault.contains("is not what its edits make"), "{fault}");
}
