//! The worker's side of the process that computes: start it, feed it, listen to it, end it, and tell how it ended.

use super::frame::{self, Frame};
use super::host;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, BufReader};
use tokio::process::{ChildStdin, Command};
use tokio::sync::mpsc;

/// How much of the child's standard error is kept as last words, bytes.
const WORDS_BYTES_MAX: usize = 8 * 1024;
/// Frames read ahead; then the child waits at its pipe.
const FRAMES_AHEAD: usize = 64;
/// How long a child that has closed its pipe may take to be gone.
const EXIT_WAIT: Duration = Duration::from_secs(5);

/// How to start a child.
#[derive(Clone, Debug)]
pub struct Launcher {
    pub program: PathBuf,
    /// The hidden role and its settings.
    pub arguments: Vec<OsString>,
    /// Its address space, for the message when that was too little.
    pub memory_bytes: u64,
}

impl Launcher {
    /// Starts a child; it answers [`Frame::Ready`] when it has its threads.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(&self) -> io::Result<Child> {
        let mut process = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(input), Some(output), Some(mut errors)) =
            (process.stdin.take(), process.stdout.take(), process.stderr.take())
        else {
            return Err(io::Error::other("a child without pipes"));
        };
        let (sender, frames) = mpsc::channel(FRAMES_AHEAD);
        tokio::spawn(async move {
            let mut output = BufReader::new(output);
            loop {
                let frame = frame::receive(&mut output).await;
                let last = !matches!(frame, Ok(Some(_)));
                if let Some(frame) = frame.transpose()
                    && sender.send(frame).await.is_err()
                {
                    return;
                }
                if last {
                    return;
                }
            }
        });
        let words = Arc::new(Mutex::new(VecDeque::new()));
        let kept = words.clone();
        let listener = tokio::spawn(async move {
            let mut piece = [0; 1024];
            while let Ok(n @ 1..) = errors.read(&mut piece).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(&piece[..n]);
                let over = kept.len().saturating_sub(WORDS_BYTES_MAX);
                kept.drain(..over);
            }
        });
        Ok(Child { process, input, frames, words, listener, memory_bytes: self.memory_bytes })
    }
}

/// A running child.
pub struct Child {
    process: tokio::process::Child,
    input: ChildStdin,
    frames: mpsc::Receiver<io::Result<Frame>>,
    words: Arc<Mutex<VecDeque<u8>>>,
    listener: tokio::task::JoinHandle<()>,
    memory_bytes: u64,
}

impl Child {
    /// The child itself, unless its process is gone.
    pub fn alive(mut self) -> Option<Self> {
        matches!(self.process.try_wait(), Ok(None)).then_some(self)
    }

    /// # Errors
    /// The child has closed its pipe.
    pub async fn send(&mut self, frame: Frame) -> io::Result<()> {
        frame::send(&mut self.input, frame).await
    }

    /// The next frame; `None` when the child has nothing more to say. Safe to drop half-way.
    pub async fn receive(&mut self) -> Option<io::Result<Frame>> {
        self.frames.recv().await
    }

    /// Ends the child at once, whatever it is doing.
    pub async fn kill(mut self) {
        if let Err(e) = self.process.kill().await {
            tracing::warn!(error = %e, "a child could not be ended");
        }
    }

    /// Waits for a child that has closed its pipe and tells the person how it ended.
    pub async fn last_words(mut self) -> String {
        let status = match tokio::time::timeout(EXIT_WAIT, self.process.wait()).await {
            Ok(Ok(status)) => Some(status),
            _ => {
                let _ = self.process.kill().await;
                None
            }
        };
        let _ = tokio::time::timeout(EXIT_WAIT, self.listener).await;
        let words: Vec<u8> = self.words.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
        describe(status, &String::from_utf8_lossy(&words), self.memory_bytes)
    }
}

/// What happened, and what the person can do.
fn describe(status: Option<ExitStatus>, words: &str, memory_bytes: u64) -> String {
    let limit = host::size(memory_bytes);
    if words.contains("memory allocation of")
        || words.contains("Cannot allocate memory")
        || words.contains("capacity overflow")
    {
        return format!(
            "The solver ran out of memory (its limit is {limit}). Choose a coarser resolution, or a worker with more memory."
        );
    }
    if words.contains("overflowed its stack") {
        return "The solver overflowed its stack. This is a fault of the program; the design may be unusually deep."
            .into();
    }
    if let Some(message) = panic_message(words) {
        return format!(
            "The solver broke down: {message}. This is a fault of the program; please report it with this run."
        );
    }
    match status.map(|s| (s.code(), signal(s))) {
        Some((_, Some(9))) => {
            "The solver was killed from outside, most likely because the machine ran out of memory.".into()
        }
        Some((_, Some(n))) => format!("The solver crashed (signal {n}). This is a fault of the program."),
        Some((Some(code), None)) => {
            let last = words.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("it said nothing");
            format!("The solver ended without an answer (code {code}): {last}")
        }
        _ => "The solver closed its pipe and did not end.".into(),
    }
}

/// The text of the last panic in a standard error.
fn panic_message(words: &str) -> Option<String> {
    let at = words.rfind("panicked at ")?;
    let lines = words[at..].lines().skip(1);
    let text: Vec<&str> =
        lines.take_while(|l| !l.starts_with("note:") && !l.starts_with("stack backtrace")).map(str::trim).collect();
    let text = text.join(" ");
    let text = text.trim().trim_end_matches('.');
    Some(if text.is_empty() { "it panicked".to_string() } else { text.chars().take(500).collect() })
}

fn signal(status: ExitStatus) -> Option<i32> {
    #[cfg(unix)]
    {
        std::os::unix::process::ExitStatusExt::signal(&status)
    }
    #[cfg(not(unix))]
    {
        let _ = status;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_for_people() {
        let panic = "\nthread 'main' (77) panicked at solver/src/x.rs:3:9:\nindex out of bounds: the len is 3\nnote: run with `RUST_BACKTRACE=1`\n";
        let cases = [
            (panic, "broke down: index out of bounds: the len is 3."),
            ("memory allocation of 68719476736 bytes failed\n", "its limit is 8 GiB"),
            ("\nthread 'main' has overflowed its stack\nfatal runtime error: stack overflow\n", "overflowed its stack"),
            ("", "did not end"),
        ];
        for (words, expected) in cases {
            let said = describe(None, words, 8 << 30);
            assert!(said.contains(expected), "{words:?}: {said}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_child_that_dies_is_told_apart() {
        for (script, expected) in [
            ("kill -9 $$", "killed from outside"),
            ("kill -11 $$", "signal 11"),
            ("echo no threads >&2; exit 4", "(code 4): no threads"),
        ] {
            let arguments = vec!["-c".into(), script.into()];
            let launcher = Launcher { program: "/bin/sh".into(), arguments, memory_bytes: 1 << 30 };
            let mut child = launcher.start().unwrap();
            assert!(child.receive().await.is_none());
            let said = child.last_words().await;
            assert!(said.contains(expected), "{script}: {said}");
        }
    }
}
