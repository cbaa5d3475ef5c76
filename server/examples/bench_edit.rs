//! Prints, as one JSON line, how long an edit takes to be acknowledged: 8 people, 10 edits a second each.

#[path = "../tests/editing/live.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod live;

use live::{Latency, Live, boxes, edit_together};
use std::io::Write as _;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let seconds = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(10.0);
    let live = Live::start(&boxes(8), 8).await;
    let mut latency = edit_together(&live, 8, 10.0, seconds).await;
    let n = latency.ack.len();
    let line = serde_json::json!({
        "what": "edit to acknowledgement, 8 clients x 10 edits/s",
        "edits": n,
        "ack_p95_ms": Latency::p95(&mut latency.ack),
        "ack_p50_ms": latency.ack.get(n / 2),
        "echo_p95_ms": Latency::p95(&mut latency.echo),
        "target_ack_p95_ms": 150.0,
        "target_echo_p95_ms": 250.0,
    });
    writeln!(std::io::stdout(), "{line}")
}
