//! Whether this machine can solve: starts a solver process and hears that it is ready.

use super::child::Launcher;
use super::frame::Frame;
use super::host;
use super::worker::job_arguments;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
/// Enough for the process itself.
const MEMORY_BYTES: u64 = 4 << 30;

/// What the machine offers runs, or what stands in the way and how to mend it.
///
/// # Errors
/// A sentence that says what to mend.
pub async fn examine() -> Result<String, String> {
    let program = std::env::current_exe()
        .map_err(|e| format!("this program cannot find itself ({e}); start it by its full path"))?;
    let launcher = Launcher { program, arguments: job_arguments(1, MEMORY_BYTES), memory_bytes: MEMORY_BYTES };
    let began = Instant::now();
    let mut child = launcher
        .start()
        .map_err(|e| format!("a solver process cannot be started ({e}); is the program executable?"))?;
    match tokio::time::timeout(PATIENCE, child.receive()).await {
        Ok(Some(Ok(Frame::Ready))) => {
            let ms = began.elapsed().as_millis();
            child.kill().await;
            let memory = host::memory_bytes().map_or_else(|| "memory unknown".into(), host::size);
            Ok(format!(
                "{} cores, {memory}, {}; a solver process starts in {ms} ms",
                host::cores(),
                solver::linear::operator::instruction_set()
            ))
        }
        Ok(_) => Err(child.last_words().await),
        Err(_) => {
            child.kill().await;
            Err(format!("a solver process did not start within {} s; the machine is overloaded", PATIENCE.as_secs()))
        }
    }
}
