//! Prints how fast the manager's board answers, as JSON lines (`cargo xtask bench board`): over 200 designs with 20,000 runs and
//! all the moments that are kept of each, made as `cargo xtask seed --large` makes them, asked for as the page asks.

use app::api::auth::Role;
use app::api::board::Board;
use server::demo::portfolio::{self, Extent};
use server::standing;
use server::testing::TestApp;
use std::io::Write as _;
use std::time::Instant;

const EXTENT: Extent = Extent { designs: 200, runs: 20_000, moments: standing::COURSE_MAX as usize };
/// Answers measured; the middle one counts.
const ANSWERS: usize = 31;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let app = TestApp::new().await?;
    let manager = app.person("Manager", Role::Owner).await?;
    let mut people = vec![manager.id.clone()];
    for name in ["Ada", "Isambard", "Mary", "Robert"] {
        people.push(app.person(name, Role::Engineer).await?.id);
    }
    let made = portfolio::fill(&app.state, &app.clock, &app.organisation, &people, EXTENT, &|_| {})
        .await
        .map_err(|e| anyhow::anyhow!("{}", e.problem().message))?;
    anyhow::ensure!(made.designs == EXTENT.designs && made.runs == EXTENT.runs, "{made:?}");
    let n_moments: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM standing_course").fetch_one(app.state.db.reader()).await?;
    anyhow::ensure!(n_moments as usize >= EXTENT.designs * EXTENT.moments * 9 / 10, "the past is short: {n_moments}");
    let mut times = Vec::with_capacity(ANSWERS);
    let mut bytes = 0;
    for _ in 0..ANSWERS {
        let asked = Instant::now();
        let answer = manager.get("/api/board").await;
        times.push(1e3 * asked.elapsed().as_secs_f64());
        bytes = answer.body.len();
        let board: Board = answer.read()?;
        let n_runs: u32 = board.rows.iter().map(|row| row.runs.n).sum();
        anyhow::ensure!((board.rows.len(), n_runs as usize) == (EXTENT.designs, EXTENT.runs), "not the whole board");
        anyhow::ensure!(
            board.rows.iter().all(|row| row.now.is_some() && row.course.len() > 20),
            "a row without a past"
        );
    }
    figure("board, first answer", times[0], None)?;
    times.sort_by(f64::total_cmp);
    figure("board over 200 designs with 20,000 runs, middle of 31", times[ANSWERS / 2], Some(200.0))?;
    figure("board over 200 designs with 20,000 runs, worst of 31", times[ANSWERS - 1], None)?;
    let size = serde_json::json!({"name": "board, size of the answer", "value": bytes as f64 / 1e3, "unit": "kB"});
    Ok(writeln!(std::io::stdout(), "{size}")?)
}

fn figure(name: &str, ms: f64, target: Option<f64>) -> anyhow::Result<()> {
    let line = serde_json::json!({"name": name, "value": ms, "unit": "ms", "target": target, "better": "lower"});
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
