//! The server's own workers: processes of this same program, restarted when they die.

use super::child::Launcher;
use super::desk;
use super::host;
use super::worker::job_arguments;
use crate::State;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::Command;

const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// A worker that lived this long was well; the next start is not put off.
const WELL: Duration = Duration::from_secs(60);

/// Starts `count` local worker processes that connect to `url`, and keeps that many alive for as long as the server
/// lives. They share the machine's cores and four fifths of its memory, run behind everything else (nice 10), and end
/// with the server, however it ends.
///
/// # Errors
/// When this program cannot find itself.
pub fn spawn_local(state: &State, count: usize, url: &str) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("this program cannot find itself to start workers")?;
    let threads = (host::cores() / count.max(1)).max(1);
    let memory = host::memory_bytes().unwrap_or(8 << 30) / 10 * 8 / count.max(1) as u64;
    let limit = desk::MEMORY_BYTES.min(memory);
    state.jobs.desk().use_children(Launcher {
        program: program.clone(),
        arguments: job_arguments(1, limit),
        memory_bytes: limit,
    });
    for number in 0..count {
        let worker = Local {
            program: program.clone(),
            url: url.into(),
            token_file: state.config.worker_token_file(),
            threads,
            memory,
            number,
        };
        tokio::spawn(worker.keep_alive());
    }
    Ok(())
}

struct Local {
    program: PathBuf,
    url: String,
    token_file: PathBuf,
    threads: usize,
    memory: u64,
    number: usize,
}

impl Local {
    fn start(&self) -> std::io::Result<tokio::process::Child> {
        let token_file: &Path = &self.token_file;
        Command::new(&self.program)
            .args(["worker", "--local", "--connect", &self.url, "--token-file"])
            .arg(token_file)
            .args(["--threads", &self.threads.to_string(), "--memory", &self.memory.to_string()])
            // Never written to: its end tells the worker that the server is gone.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
    }

    async fn keep_alive(self) {
        let mut pause = PAUSE_MIN;
        loop {
            let started = Instant::now();
            match self.start() {
                Ok(mut child) => {
                    let pipe = child.stdin.take();
                    let status = child.wait().await;
                    drop(pipe);
                    metrics::counter!("brunel_worker_restarts_total").increment(1);
                    tracing::warn!(worker = self.number, ?status, "a local worker ended; it is started again");
                }
                Err(error) => tracing::error!(worker = self.number, %error, "a local worker cannot be started"),
            }
            if started.elapsed() > WELL {
                pause = PAUSE_MIN;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}
