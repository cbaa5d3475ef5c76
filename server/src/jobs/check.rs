//! Pre-flight: the checklist and the cost before a run, with geometry, away from the server's own process.
//!
//! Bodies are evaluated in a child like a run's, with its memory limit and little time: a design that breaks a kernel
//! must not break the server. Without a launcher (tests, `serve --workers 0` on a platform without it) a blocking
//! thread does.

use super::child::Launcher;
use super::frame::{Frame, Task};
use super::queue::files;
use super::runner::{self, Imported};
use crate::{Error, State};
use app::api::run::Preflight;
use solver::design::{Design, Issue, Severity};
use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Checks at a time; the rest wait.
const AT_ONCE: usize = 2;
/// Longest check.
const PATIENCE: Duration = Duration::from_secs(30);
/// Memory of a check, bytes: geometry and counting, no matrices.
pub const MEMORY_BYTES: u64 = 4 << 30;

/// The checking room.
pub struct Desk {
    launcher: OnceLock<Launcher>,
    permits: Semaphore,
}

impl Default for Desk {
    fn default() -> Self {
        Self { launcher: OnceLock::new(), permits: Semaphore::new(AT_ONCE) }
    }
}

impl Desk {
    /// From now on checks run in children.
    pub fn use_children(&self, launcher: Launcher) {
        let _ = self.launcher.set(launcher);
    }

    /// Checks study `study` of `design`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when an imported file is missing, or the check breaks down or takes too long.
    pub async fn check(&self, state: &State, design: Design, study: &str) -> Result<Preflight, Error> {
        let _permit = self.permits.acquire().await.map_err(Error::internal)?;
        let mut imported = HashMap::new();
        for hash in files(&design) {
            let bytes = state.blobs.get(&hash).await?.ok_or_else(|| {
                Error::field("study", "an imported file of this design is not in the store any more; import it again")
            })?;
            imported.insert(hash, bytes.to_vec());
        }
        let task = Task { design, study: study.into(), seed: 0, memory_bytes_max: MEMORY_BYTES };
        match self.launcher.get() {
            Some(launcher) => in_child(launcher, task, imported).await,
            None => {
                let work = move || runner::preflight(solver::study::study, &task, &Imported(imported));
                tokio::task::spawn_blocking(work).await.map_err(Error::internal)
            }
        }
    }
}

async fn in_child(launcher: &Launcher, task: Task, imported: HashMap<String, Vec<u8>>) -> Result<Preflight, Error> {
    let mut child = launcher.start().map_err(Error::internal)?;
    let talk = async {
        for (hash, bytes) in imported {
            child.send(Frame::File { hash, bytes }).await?;
        }
        child.send(Frame::Check(Box::new(task))).await?;
        loop {
            match child.receive().await {
                Some(Ok(Frame::Checked(found))) => return Ok(Some(*found)),
                Some(Ok(_)) => {}
                Some(Err(e)) => return Err(e),
                None => return Ok(None),
            }
        }
    };
    match tokio::time::timeout(PATIENCE, talk).await {
        Ok(Ok(Some(found))) => Ok(found),
        Ok(Ok(None) | Err(_)) => Err(Error::invalid(child.last_words().await)),
        Err(_) => {
            child.kill().await;
            let seconds = PATIENCE.as_secs();
            Err(Error::invalid(format!(
                "building the bodies took more than {seconds} s; simplify or suppress the last feature and try again"
            )))
        }
    }
}

/// What is wrong without geometry, and with it.
pub fn merge(design: &Design, study: &str, mut found: Preflight) -> Preflight {
    let mut issues: Vec<Issue> = solver::design::check(design);
    issues.extend(found.issues);
    // Errors first, then in tree order; each once.
    let place = |issue: &Issue| design.position(&issue.object).unwrap_or(usize::MAX);
    issues.sort_by_key(|issue| (issue.severity != Severity::Error, issue.object.0 != study, place(issue)));
    let mut seen = std::collections::HashSet::new();
    issues.retain(|issue| seen.insert(issue.clone()));
    found.issues = issues;
    found
}
