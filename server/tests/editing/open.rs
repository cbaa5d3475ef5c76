//! P6: any past version opens in two seconds at 50,000 operations.

use crate::live::{Live, boxes, set};
use app::sync::Entry;
use server::rooms::room::SNAPSHOT_EVERY;
use server::rooms::{document, log};
use solver::design::replay;
use std::time::Instant;

#[tokio::test]
async fn any_of_fifty_thousand_versions_opens_quickly() {
    const N: u64 = 50_000;
    let live = Live::start(&boxes(300), 1).await;
    let mut design = boxes(300);
    let mut marks = Vec::new();
    let mut entries = Vec::new();
    for sequence in 1..=N {
        let command = set(sequence as usize % 300, sequence);
        replay(&mut design, &command).expect("it applies");
        let client = "writer-of-the-history".into();
        entries.push(Entry { sequence, author: live.people[0].id.clone(), client, number: sequence, time: 0, command });
        if entries.len() == 500 {
            log::append(&live.state().db, &live.design, &entries).await.expect("appended");
            entries.clear();
        }
        // As the room does.
        if sequence % SNAPSHOT_EVERY == 0 {
            log::save_snapshot(&live.state().db, &live.design, sequence, &design, 0).await.expect("saved");
        }
        if [1, 777, 25_999, N - 1, N].contains(&sequence) {
            marks.push((sequence, design.clone()));
        }
    }
    let mut worst: f64 = 0.0;
    for (sequence, expected) in &marks {
        let begin = Instant::now();
        let found = document(live.state(), &live.design, Some(*sequence)).await.expect("it opens");
        worst = worst.max(begin.elapsed().as_secs_f64());
        assert_eq!((found.sequence, &found.design), (*sequence, expected));
    }
    let begin = Instant::now();
    let mut client = live.connect(0).await;
    let opened = begin.elapsed().as_secs_f64();
    assert_eq!(client.sequence, N);
    let edit = client.submission(set(0, 0));
    client.send(&edit).await;
    eprintln!("50,000 edits: worst past version {worst:.3} s, room opened and welcomed {opened:.3} s");
    assert!(worst <= 20.0 && opened <= 20.0);
    assert!(document(live.state(), &live.design, Some(N + 100)).await.is_err(), "a version that never was");
}
