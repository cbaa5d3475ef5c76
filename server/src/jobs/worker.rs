//! The worker role: claims runs from a server over HTTP and has them solved by a child process each.
//!
//! The worker itself never touches a solver, so it outlives whatever a solver does. One child waits ready at all times:
//! a claimed run starts in milliseconds.

use super::attempt;
use super::child::{Child, Launcher};
use super::door::{Door, DoorError};
use super::wire::{Claim, Hello, PROTOCOL};
use super::{host, runner};
use anyhow::Context as _;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// `server worker`
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Address of the server, `https://brunel.example`.
    #[arg(long, required_unless_present = "job")]
    pub connect: Option<String>,
    /// File that holds the server's worker token (the server keeps it as `worker.token` in its data folder).
    #[arg(long, env = "BRUNEL_WORKER_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,
    /// The token itself, from the environment.
    #[arg(long, env = "BRUNEL_WORKER_TOKEN", hide_env_values = true, hide = true)]
    pub token: Option<String>,
    /// Certificate (PEM) of a server that made its own.
    #[arg(long)]
    pub ca_file: Option<PathBuf>,
    /// Threads of the solver; all cores unless said.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Memory a run may take, `8GiB`; 80 % of the machine unless said.
    #[arg(long, value_parser = host::parse_size)]
    pub memory: Option<u64>,
    /// Started by a server on the same machine: ends when that server does.
    #[arg(long, hide = true)]
    pub local: bool,
    /// Started by a worker: solves the one run that comes on the standard input, and ends.
    #[arg(long, hide = true)]
    pub job: bool,
}

/// The arguments with which this program becomes a worker's child.
pub(super) fn job_arguments(threads: usize, memory_bytes: u64) -> Vec<OsString> {
    let (threads, memory) = (threads.to_string(), memory_bytes.to_string());
    ["worker", "--job", "--threads", &threads, "--memory", &memory].map(Into::into).to_vec()
}

/// What a worker is made of; the tests' binary brings its own program and studies.
#[derive(Clone, Debug)]
pub struct Options {
    pub connect: String,
    pub token: String,
    /// PEM of a certificate to trust.
    pub authority: Option<Vec<u8>>,
    pub launcher: Launcher,
    pub threads: usize,
    pub memory_bytes: u64,
    pub studies: Vec<(String, u32)>,
}

/// Longest wait between two tries to reach the server.
const PAUSE_MAX: Duration = Duration::from_secs(5);
const CLAIM_WAIT_MS: u64 = 20_000;

/// Works until stopped (SIGTERM, Ctrl-C, or the end of the server that started it).
///
/// # Errors
/// When the server refuses the token or this version.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let threads = args.threads.unwrap_or_else(host::cores).max(1);
    if args.job {
        // A process of one purpose: what it has to say went over the pipe, or stands on the standard error.
        std::process::exit(runner::main(solver::study::study, threads, args.memory));
    }
    let connect = args.connect.context("name the server: --connect https://…")?;
    let token = match (&args.token_file, &args.token) {
        (Some(file), _) => std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the worker token from {}", file.display()))?
            .trim()
            .to_string(),
        (None, Some(token)) => token.trim().to_string(),
        (None, None) => {
            anyhow::bail!("give the server's worker token: --token-file, or BRUNEL_WORKER_TOKEN in the environment")
        }
    };
    let memory_bytes = args.memory.unwrap_or_else(|| host::memory_bytes().unwrap_or(8 << 30) / 10 * 8);
    let program = std::env::current_exe().context("this program cannot find itself")?;
    let launcher = Launcher { program, arguments: job_arguments(threads, memory_bytes), memory_bytes };
    let studies = solver::study::FORMS.iter().map(|f| (f.id.to_string(), f.version)).collect();
    host::be_nice();
    let (stop_sender, stop) = watch::channel(false);
    tokio::spawn(async move {
        asked_to_stop(args.local).await;
        stop_sender.send_replace(true);
    });
    let authority = match &args.ca_file {
        Some(file) => {
            Some(std::fs::read(file).with_context(|| format!("cannot read the certificate {}", file.display()))?)
        }
        None => None,
    };
    work(Options { connect, token, authority, launcher, threads, memory_bytes, studies }, stop).await
}

/// Claims and works until `stop` turns true.
///
/// # Errors
/// When the server refuses for good (token, version), or no child can be started.
pub async fn work(options: Options, mut stop: watch::Receiver<bool>) -> anyhow::Result<()> {
    let door = Door::new(&options.connect, &options.token, options.authority.as_deref())?;
    let claim = Claim {
        hello: Hello {
            protocol: PROTOCOL,
            worker: crate::id::id(),
            host: host::name(),
            cores: options.threads as u32,
            instruction_set: solver::linear::operator::instruction_set().into(),
            version: env!("CARGO_PKG_VERSION").into(),
            memory_bytes: options.memory_bytes,
            studies: options.studies.clone(),
        },
        wait_ms: CLAIM_WAIT_MS,
    };
    tracing::info!(worker = %claim.hello.worker, server = %options.connect, threads = options.threads,
        memory = %host::size(options.memory_bytes), "worker ready");
    let mut pause = Duration::from_millis(100);
    let mut spare: Option<Child> = None;
    loop {
        let child = match spare.take() {
            Some(child) => child,
            None => options.launcher.start().context("the solver process cannot be started")?,
        };
        let answer = tokio::select! {
            answer = door.claim(&claim) => answer,
            _ = stop.wait_for(|stop| *stop) => {
                child.kill().await;
                return Ok(());
            }
        };
        match answer {
            Ok(Some(assignment)) => {
                // A spare that died of old age must not cost the run an attempt.
                let child = match child.alive() {
                    Some(child) => child,
                    None => options.launcher.start().context("the solver process cannot be started")?,
                };
                pause = Duration::from_millis(100);
                tracing::info!(run = %assignment.run, epoch = assignment.epoch, attempt = assignment.attempt, "claimed");
                attempt::run(&door, assignment, child, options.memory_bytes, stop.clone()).await;
            }
            Ok(None) => spare = Some(child),
            Err(DoorError::Unreachable(why)) => {
                tracing::warn!(error = %why, "waiting for the server");
                spare = Some(child);
                tokio::select! {
                    () = sleep(pause) => {}
                    _ = stop.wait_for(|stop| *stop) => {}
                }
                pause = (pause * 2).min(PAUSE_MAX);
            }
            Err(e) => {
                child.kill().await;
                return Err(e).context("this worker cannot work for that server");
            }
        }
        if *stop.borrow() {
            return Ok(());
        }
    }
}

/// Returns when the process should end.
async fn asked_to_stop(local: bool) {
    let (sender, closed) = tokio::sync::oneshot::channel();
    if local {
        // The server holds the other end and never writes; its end, however it comes, ends this. A plain thread,
        // because a runtime would wait for the read when it shuts down.
        std::thread::spawn(move || {
            let mut nothing = [0; 64];
            while let Ok(1..) = std::io::Read::read(&mut std::io::stdin(), &mut nothing) {}
            let _ = sender.send(());
        });
    }
    let pipe = async {
        if !local || closed.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = pipe => {}
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
