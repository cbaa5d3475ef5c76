//! What is known of runs under way and of the workers, in memory: progress, reports, the latest partial, who is there.
//!
//! Nothing here outlives the server, and nothing here can be mistaken for a result: results are rows of the database.

use super::wire::{Hello, Wish};
use app::api::run::{Run, Worker};
use bytes::Bytes;
use solver::run::{Phase, Report};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Reports kept of one run; beyond, every second residual is forgotten.
const REPORTS_MAX: usize = 4_000;
/// A worker not heard of for this long is not healthy, ms. A claim waits 20 s at most.
const SILENT_MS: i64 = 45_000;
/// A worker not heard of for this long is forgotten, ms.
const FORGOTTEN_MS: i64 = 10 * 60_000;

/// One leased run.
pub struct Live {
    pub design: String,
    pub epoch: u64,
    pub wish: watch::Sender<Wish>,
    pub phase: Option<Phase>,
    pub note: String,
    pub fraction: f64,
    pub reports: Vec<Report>,
    pub partial: Option<(u32, Bytes)>,
}

impl Live {
    fn new(design: &str, epoch: u64) -> Self {
        Self {
            design: design.into(),
            epoch,
            wish: watch::Sender::new(Wish::Continue),
            phase: None,
            note: String::new(),
            fraction: 0.0,
            reports: Vec::new(),
            partial: None,
        }
    }

    /// Takes note of a report. Progress never falls, whatever a worker says.
    pub fn hear(&mut self, report: &Report) {
        match report {
            Report::Progress { phase, fraction, note } => {
                self.phase = Some(*phase);
                if fraction.is_finite() {
                    self.fraction = fraction.clamp(self.fraction, 1.0);
                }
                self.note.clone_from(note);
                // One line of progress is enough for those who come later.
                if let Some(Report::Progress { phase: last, .. }) = self.reports.last()
                    && last == phase
                {
                    self.reports.pop();
                }
                self.reports.push(report.clone());
            }
            // These travel as bytes.
            Report::Partial(_) | Report::Checkpoint(_) => {}
            other => self.reports.push(other.clone()),
        }
        if self.reports.len() > REPORTS_MAX {
            let mut odd = false;
            self.reports.retain(|r| {
                odd = !odd;
                odd || !matches!(r, Report::Residual { .. })
            });
            // A run that logs without end keeps its latest half.
            if self.reports.len() > REPORTS_MAX {
                self.reports.drain(..REPORTS_MAX / 2);
            }
        }
    }
}

struct Seen {
    worker: Worker,
    protocol: u32,
}

/// The runs under way and the workers, behind one lock that is never held across an await.
#[derive(Default)]
pub struct Board {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    runs: HashMap<String, Live>,
    workers: HashMap<String, Seen>,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Plain data: whoever panicked while holding it left it whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A lease begins.
    pub fn open(&self, run: &str, design: &str, epoch: u64) {
        let mut inner = self.lock();
        if let Some(old) = inner.runs.insert(run.into(), Live::new(design, epoch)) {
            old.wish.send_replace(Wish::Drop);
        }
    }

    /// A lease is over; whoever waits for its wish learns it. Returns what was heard.
    pub fn close(&self, run: &str) -> Vec<Report> {
        let mut inner = self.lock();
        for seen in inner.workers.values_mut().filter(|s| s.worker.run.as_deref() == Some(run)) {
            seen.worker.run = None;
        }
        inner.runs.remove(run).map_or_else(Vec::new, |live| {
            live.wish.send_replace(Wish::Drop);
            live.reports
        })
    }

    /// Does something with the live run of this lease; `None` if that lease is not the present one.
    pub fn with<T>(&self, run: &str, epoch: u64, act: impl FnOnce(&mut Live) -> T) -> Option<T> {
        self.lock().runs.get_mut(run).filter(|live| live.epoch == epoch).map(act)
    }

    /// Looks at the live run, whatever its lease.
    pub fn look<T>(&self, run: &str, act: impl FnOnce(&Live) -> T) -> Option<T> {
        self.lock().runs.get(run).map(act)
    }

    /// Tells the worker what is wanted of it.
    pub fn wish(&self, run: &str, wish: Wish) {
        if let Some(live) = self.lock().runs.get(run) {
            live.wish.send_replace(wish);
        }
    }

    /// Adds what only memory knows.
    pub fn dress(&self, run: &mut Run) {
        if let Some(live) = self.lock().runs.get(&run.id) {
            run.fraction = live.fraction;
            run.phase = live.phase.map(|phase| phase_word(phase).to_string());
        }
    }

    pub fn greet(&self, hello: &Hello, now: i64) {
        let mut inner = self.lock();
        inner.workers.retain(|_, s| now - s.worker.seen < FORGOTTEN_MS);
        let seen = inner.workers.entry(hello.worker.clone()).or_insert_with(|| Seen {
            worker: Worker {
                id: hello.worker.clone(),
                host: hello.host.clone(),
                cores: hello.cores,
                instruction_set: hello.instruction_set.clone(),
                seen: now,
                healthy: true,
                run: None,
                runs_done: 0,
            },
            protocol: hello.protocol,
        });
        seen.worker.seen = now;
    }

    /// The worker has this run now, or none.
    pub fn busy(&self, worker: &str, run: Option<&str>, now: i64) {
        if let Some(seen) = self.lock().workers.get_mut(worker) {
            seen.worker.seen = now;
            seen.worker.run = run.map(Into::into);
        }
    }

    pub fn finished(&self, worker: &str) {
        if let Some(seen) = self.lock().workers.get_mut(worker) {
            seen.worker.runs_done += 1;
        }
    }

    pub fn host(&self, worker: &str) -> Option<String> {
        self.lock().workers.get(worker).map(|s| s.worker.host.clone())
    }

    /// Everyone heard of lately, those at work first.
    pub fn workers(&self, now: i64) -> Vec<Worker> {
        let inner = self.lock();
        let mut workers: Vec<Worker> = inner
            .workers
            .values()
            .filter(|s| now - s.worker.seen < FORGOTTEN_MS)
            .map(|s| Worker {
                healthy: now - s.worker.seen < SILENT_MS && s.protocol == super::wire::PROTOCOL,
                ..s.worker.clone()
            })
            .collect();
        workers.sort_by(|a, b| {
            (b.healthy, b.run.is_some(), &a.host, &a.id).cmp(&(a.healthy, a.run.is_some(), &b.host, &b.id))
        });
        workers
    }
}

/// As in JSON.
pub fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Geometry => "geometry",
        Phase::Mesh => "mesh",
        Phase::Assemble => "assemble",
        Phase::Solve => "solve",
        Phase::Recover => "recover",
        Phase::Done => "done",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_a_run_is_bounded_and_progress_never_falls() {
        let mut live = Live::new("d", 1);
        for i in 0..50_000 {
            live.hear(&Report::Residual { iteration: i, value: 1.0 });
            live.hear(&Report::Progress {
                phase: Phase::Solve,
                fraction: f64::from(i % 7) / 10.0,
                note: String::new(),
            });
            live.hear(&Report::Log { line: "x".into() });
            assert!(live.reports.len() <= REPORTS_MAX);
        }
        assert_eq!(live.fraction, 0.6);
        live.hear(&Report::Progress { phase: Phase::Solve, fraction: f64::NAN, note: String::new() });
        assert_eq!(live.fraction, 0.6);
    }

    #[test]
    fn an_old_lease_is_not_heard() {
        let board = Board::default();
        board.open("r", "d", 1);
        let mut wish = board.with("r", 1, |live| live.wish.subscribe()).unwrap();
        board.open("r", "d", 2);
        assert_eq!(*wish.borrow_and_update(), Wish::Drop);
        assert!(board.with("r", 1, |_| ()).is_none());
        assert!(board.with("r", 2, |_| ()).is_some());
    }
}
