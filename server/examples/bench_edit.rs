//! Prints the figures of editing and of a run, a JSON line each (`cargo xtask bench edit`): how long an edit takes to be
//! acknowledged and seen by the others, alone and while workers solve, how long a run takes to show its first field, and how
//! long any past version of a design takes to open.
//!
//! Server, people and sockets live in this process; workers and solvers are processes of this same program, as they are
//! of the shipped one.

#[path = "../tests/editing/live.rs"]
mod live;

use app::api::design::Document;
use app::api::run::{Run, RunEvent, RunState};
use app::sync::{Submission, ToClient};
use clap::Parser;
use live::{Latency, Live, boxes, edit_together, write_history};
use server::jobs::{self, worker};
use server::testing::ORIGIN;
use solver::design::{Command, Value};
use solver::study::outcome::Outcome;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Runs measured for the first field; the middle one counts.
const RUNS: u64 = 7;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    role: Option<Role>,
    /// How long people edit, s.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
}

#[derive(clap::Subcommand)]
enum Role {
    /// As the shipped program: what this process starts for its own server.
    Worker(worker::Args),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    if let Some(Role::Worker(args)) = cli.role {
        return worker::run(args).await;
    }
    // On its own machine, so to speak: nothing else runs yet.
    let live = Live::start(&boxes(8), 8).await;
    let alone = edit_together(&live, 8, 10.0, cli.seconds).await;
    tell(alone, "", 150.0, 250.0)?;

    past_version().await?;

    let bracket = Bracket::start().await?;
    let mut first_field = Vec::new();
    for n in 0..RUNS {
        let seconds = bracket.first_field(n).await?;
        // The first run finds the worker still starting.
        if n > 0 {
            first_field.push(seconds);
        }
    }
    first_field.sort_by(f64::total_cmp);
    figure("run pressed to first field, demo bracket, over the socket", first_field[first_field.len() / 2], "s", 1.5)?;

    let over = Arc::new(AtomicBool::new(false));
    let solved = Arc::new(AtomicU64::new(0));
    let solving = tokio::spawn({
        let (over, solved) = (over.clone(), solved.clone());
        async move {
            let mut n = RUNS;
            while !over.load(Ordering::Relaxed) {
                bracket.solve(n).await?;
                solved.fetch_add(1, Ordering::Relaxed);
                n += 1;
            }
            anyhow::Ok(())
        }
    });
    let live = Live::start(&boxes(8), 8).await;
    let busy = edit_together(&live, 8, 10.0, cli.seconds).await;
    over.store(true, Ordering::Relaxed);
    solving.await??;
    let n = solved.load(Ordering::Relaxed);
    anyhow::ensure!(n > 0, "nothing was solved meanwhile: the figure would say nothing");
    tell(busy, " while a solve runs", 300.0, 500.0)
}

/// P6: a design of 300 objects and 50,000 edits, asked for as the page asks, at versions all over its history and all over
/// the way from one saved design to the next.
async fn past_version() -> anyhow::Result<()> {
    const N: u64 = 50_000;
    let live = Live::start(&boxes(300), 1).await;
    // A prime, so that no two are at the same distance from a saved one.
    let versions: BTreeSet<u64> = (0..64).map(|i| (i * 7_919) % N + 1).chain([N]).collect();
    let expected = write_history(&live, 300, N, &versions, false).await;
    let mut worst: f64 = 0.0;
    for (sequence, design) in expected {
        let path = format!("/api/designs/{}/document?sequence={sequence}", live.design);
        let asked = Instant::now();
        let answer = live.people[0].get(&path).await;
        worst = worst.max(asked.elapsed().as_secs_f64());
        let found: Document = answer.read()?;
        anyhow::ensure!(found.sequence == sequence && found.design == design, "version {sequence} is another design");
    }
    figure("any past version of 50,000 edits to open, worst of 65", worst, "s", 2.0)
}

fn tell(mut latency: Latency, when: &str, ack_ms: f64, echo_ms: f64) -> anyhow::Result<()> {
    let name = |what: &str| format!("{what}, 8 clients x 10 edits/s{when}, p95");
    figure(&name("edit to acknowledgement"), Latency::p95(&mut latency.ack), "ms", ack_ms)?;
    figure(&name("edit to echo"), Latency::p95(&mut latency.echo), "ms", echo_ms)
}

fn figure(name: &str, value: f64, unit: &str, target: f64) -> anyhow::Result<()> {
    let line = serde_json::json!({"name": name, "value": value, "unit": unit, "target": target, "better": "lower"});
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// The demo bracket on a server with one local worker.
struct Bracket {
    live: Live,
    http: reqwest::Client,
    study: String,
}

impl Bracket {
    async fn start() -> anyhow::Result<Self> {
        let content = solver::design::template("bracket").map(|t| (t.build)()).unwrap_or_default();
        let study = content.objects.iter().find(|o| o.kind == "static").map(|o| o.id.0.clone());
        let live = Live::start(&content, 1).await;
        jobs::spawn_local(live.state(), 1, &format!("http://{}", live.address))?;
        // Refused when the process has one already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
        Ok(Self { live, http, study: study.ok_or_else(|| anyhow::anyhow!("the bracket has a study"))? })
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let cookie = self.live.people[0].cookie.clone().unwrap_or_default();
        let url = format!("http://{}{path}", self.live.address);
        self.http.request(method, url).header("cookie", cookie).header("origin", ORIGIN)
    }

    /// Changes the side pull, so that run `n` asks what no run asked before.
    async fn change(&self, n: u64) -> anyhow::Result<()> {
        let pull = [format!("{} N", 1_500 + n), "0 N".into(), "0 N".into()];
        let submission = Submission {
            client: "bench-client-00001".into(),
            number: n + 1,
            base: 0,
            offline: false,
            command: Command::Set { id: "force_side".into(), key: "force".into(), value: Some(Value::Vector(pull)) },
            undo_of: None,
        };
        let path = format!("/api/designs/{}/commands", self.live.design);
        let answer = self.request(reqwest::Method::POST, &path).json(&submission).send().await?;
        anyhow::ensure!(answer.status().is_success(), "{}", answer.text().await?);
        Ok(())
    }

    async fn press_run(&self) -> anyhow::Result<Run> {
        let path = format!("/api/designs/{}/runs", self.live.design);
        let body = serde_json::json!({"study": self.study});
        let answer = self.request(reqwest::Method::POST, &path).json(&body).send().await?;
        anyhow::ensure!(answer.status().is_success(), "{}", answer.text().await?);
        Ok(answer.json().await?)
    }

    /// Seconds from pressing Run to having the first field, as the page gets it: told over the socket, fetched, decoded.
    async fn first_field(&self, n: u64) -> anyhow::Result<f64> {
        self.change(n).await?;
        let mut socket = self.live.connect(0).await;
        let pressed = Instant::now();
        let run = self.press_run().await?;
        anyhow::ensure!(!run.cached, "the question was asked before");
        let kind = socket.until(|message| match message {
            ToClient::Run { event: RunEvent::Partial { run: id, .. } } if id == run.id => Some("partial"),
            ToClient::Run { event: RunEvent::State { run: now } } if now.id == run.id && now.state.ended() => {
                Some("surface")
            }
            _ => None,
        });
        let kind = kind.await.ok_or_else(|| anyhow::anyhow!("nothing came"))?;
        let path = |kind: &str| format!("/api/runs/{}/artefacts/{kind}", run.id);
        let mut answer = self.request(reqwest::Method::GET, &path(kind)).send().await?;
        if !answer.status().is_success() {
            // Over meanwhile: then the whole answer is there.
            answer = self.request(reqwest::Method::GET, &path("surface")).send().await?;
        }
        let outcome = Outcome::from_bytes(&answer.bytes().await?)?;
        anyhow::ensure!(!outcome.fields.is_empty(), "an answer without a field");
        let seconds = pressed.elapsed().as_secs_f64();
        self.end(&run.id).await?;
        Ok(seconds)
    }

    async fn solve(&self, n: u64) -> anyhow::Result<()> {
        self.change(n).await?;
        let run = self.press_run().await?;
        self.end(&run.id).await
    }

    async fn end(&self, id: &str) -> anyhow::Result<()> {
        loop {
            let run: Run = self.request(reqwest::Method::GET, &format!("/api/runs/{id}")).send().await?.json().await?;
            match run.state {
                RunState::Done => return Ok(()),
                state if state.ended() => anyhow::bail!("the run is {state:?}: {:?}", run.message),
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}
