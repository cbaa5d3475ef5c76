//! P5: one who never reads and one who floods do not hurt the others, nor does a machine that computes. Budgets are ten times
//! the promise; the figures themselves are the bench's. In a process of its own, one after the other: beside other tests,
//! those would be what is measured.

#[path = "editing/live.rs"]
#[allow(dead_code, reason = "each test file uses its share")]
mod live;

use app::sync::{Presence, ToServer};
use futures::SinkExt as _;
use live::{Latency, Live, boxes, edit_together, set};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio_tungstenite::tungstenite::Message;

static ALONE: Mutex<()> = Mutex::const_new(());

/// Resident memory of this process, bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_never_reads_and_one_who_floods_hurt_nobody() {
    let _alone = ALONE.lock().await;
    let live = Live::start(&boxes(10), 10).await;
    let before = resident();

    // Never reads: connects, asks for everything, takes nothing.
    let deaf = live.connect(8).await;

    // Floods: 10,000 messages a second, presence, edits and nonsense numbers.
    let mut flooder = live.connect(9).await;
    let flooded = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let count = flooded.clone();
    let flood = tokio::spawn(async move {
        let presence = Presence { object: Some("b0".into()), ..Presence::default() };
        let presence = serde_json::to_string(&ToServer::Presence { presence }).expect("plain values");
        let mut sent = 0_u64;
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(6) {
            for _ in 0..100 {
                let message = match sent % 3 {
                    0 => serde_json::to_string(&flooder.submission(set(9, sent))).expect("plain values"),
                    _ => presence.clone(),
                };
                sent += 1;
                // The server may stop reading, and may hang up: both are right.
                if flooder.socket.send(Message::text(message)).await.is_err() {
                    return;
                }
                count.store(sent, std::sync::atomic::Ordering::Relaxed);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });

    let mut latency = edit_together(&live, 8, 10.0, 5.0).await;
    let grown = resident().saturating_sub(before);
    let (ack, echo) = (Latency::p95(&mut latency.ack), Latency::p95(&mut latency.echo));
    flood.abort();
    let sent = flooded.load(std::sync::atomic::Ordering::Relaxed);
    eprintln!("flood of {sent} messages: ack p95 {ack:.1} ms, echo p95 {echo:.1} ms, {} MiB grown", grown >> 20);
    assert_eq!(latency.ack.len(), 400);
    assert!(ack <= 1_500.0, "acknowledgement p95 {ack} ms");
    assert!(echo <= 2_500.0, "echo p95 {echo} ms");
    assert!(grown <= 64 << 20, "{} MiB more memory", grown >> 20);
    drop(deaf);
}

/// Every core computes, as niced as workers are; editing hardly feels it. The figure itself, with a real solve, is the
/// bench's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn editing_stays_quick_while_the_machine_computes() {
    struct Burner(std::process::Child);
    impl Drop for Burner {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    let _alone = ALONE.lock().await;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let burners: Vec<Burner> = (0..cores)
        .map(|_| {
            let mut command = std::process::Command::new("nice");
            let child = command.args(["-n", "10", "sh", "-c", "while :; do :; done"]).spawn();
            Burner(child.expect("nice and sh are everywhere"))
        })
        .collect();
    let live = Live::start(&boxes(8), 8).await;
    let mut latency = edit_together(&live, 8, 10.0, 4.0).await;
    drop(burners);
    let ack = Latency::p95(&mut latency.ack);
    eprintln!("while {cores} cores compute: ack p95 {ack:.1} ms");
    assert_eq!(latency.ack.len(), 320);
    assert!(ack <= 3_000.0, "acknowledgement p95 {ack} ms");
}
