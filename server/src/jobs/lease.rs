//! The life of one job, as a pure state machine.
//!
//! ```text
//!            claim (epoch + 1)              publish
//!   queued ───────────────────▶ leased ───────────────▶ done
//!     ▲  │ cancel                 │ │ ├── fail ────────▶ failed
//!     │  └──────▶ cancelled ◀─────┘ │ └── third crash ─▶ dead
//!     └──────── crash, lease over ──┘
//! ```
//!
//! A run that keeps checkpoints can also be **paused**: its worker keeps one more and lets go, and nobody claims the job
//! until it is resumed, or asked to finish with what it has. Both wishes outlive the worker and the server.
//!
//! Every claim raises the **epoch**, and whatever a worker says is heard only with the job's present epoch: a worker
//! that slept through its lease cannot publish over the one that took its place. Times are epoch milliseconds and come
//! from outside; [`step`] has no other input, so it is simulated in the tests below.

use serde::{Deserialize, Serialize};
use solver::run::Asked;

/// Rules of the house for leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long a lease lasts without a heartbeat, ms.
    pub lease_ms: i64,
    /// Attempts before a job is given up.
    pub attempts_max: u32,
    /// How long a worker may take to confirm a cancel before the job is taken from it, ms.
    pub cancel_grace_ms: i64,
    /// Always `true`. The canary of promise P8 sets it to `false` to show that its harness would notice.
    pub fenced: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self { lease_ms: 15_000, attempts_max: 3, cancel_grace_ms: 1_700, fenced: true }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Queued,
    Leased,
    /// Waits for a person: nobody claims it.
    Paused,
    Done,
    /// The solver answered that this cannot be solved.
    Failed,
    Cancelled,
    /// Crashed or lost its worker on every attempt.
    Dead,
}

impl State {
    pub const ALL: [Self; 7] =
        [Self::Queued, Self::Leased, Self::Paused, Self::Done, Self::Failed, Self::Cancelled, Self::Dead];

    pub fn ended(self) -> bool {
        !matches!(self, Self::Queued | Self::Leased | Self::Paused)
    }

    /// As stored in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Leased => "leased",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Dead => "dead",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// What the machine knows of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub state: State,
    /// Number of leases given so far; the present one's name.
    pub epoch: u64,
    /// Attempts that count against the limit; a lease handed back does not.
    pub attempt: u32,
    pub worker: Option<String>,
    /// End of the present lease.
    pub deadline: Option<i64>,
    /// When someone asked to cancel it.
    pub cancel_asked: Option<i64>,
    /// What else is asked of it: to pause, to finish.
    pub asked: Asked,
    /// What the last attempt said before it ended.
    pub last_words: Option<String>,
}

impl Job {
    pub fn queued() -> Self {
        Self {
            state: State::Queued,
            epoch: 0,
            attempt: 0,
            worker: None,
            deadline: None,
            cancel_asked: None,
            asked: Asked::Nothing,
            last_words: None,
        }
    }
}

/// What happens to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Claim {
        worker: String,
    },
    Heartbeat {
        epoch: u64,
    },
    /// The result is uploaded: make it the answer.
    Publish {
        epoch: u64,
    },
    /// The solver refuses: the same again would give the same, so no further attempt.
    Fail {
        epoch: u64,
        message: String,
    },
    /// The solver broke down, or its worker did.
    Crash {
        epoch: u64,
        message: String,
    },
    /// The worker has stopped because it was asked to.
    Stopped {
        epoch: u64,
    },
    /// The worker is shutting down and hands the job back unharmed.
    Release {
        epoch: u64,
    },
    /// The worker has kept a checkpoint and stopped because it was asked to pause.
    Paused {
        epoch: u64,
    },
    /// A person cancels.
    Cancel,
    /// A person pauses.
    Pause,
    /// A person lets it go on.
    Resume,
    /// A person wants the answer that can be given now.
    Finish,
    /// Time passes.
    Tick,
}

/// What to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The claimer has the job under `epoch` until `deadline`.
    Granted { epoch: u64, deadline: i64 },
    /// The lease goes on; `cancel`: stop working.
    Renewed { deadline: i64, cancel: bool, asked: Asked },
    /// Store the artefacts as the answer, in the same transaction.
    Store,
    /// Tell the worker what is asked of it, now.
    Interrupt,
    /// Back in the queue: wake a worker.
    Requeued,
    /// Its lease is over, and it waits for a person.
    Rested,
    /// The job is over; tell everyone.
    Ended(State),
    /// Nothing changes; answer the caller with this.
    Refused(Refusal),
    /// This very publication is in the store already: a repeated message.
    Known,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("this lease is over: the job was given to another worker or has ended")]
    Fenced,
    #[error("the job is not waiting in the queue")]
    NotQueued,
    #[error("the run has ended already")]
    Ended,
    #[error("the run was cancelled")]
    Cancelled,
    #[error("the run is not paused")]
    NotPaused,
    #[error("the run has nothing to finish with yet; cancel it, or wait until it has begun")]
    Nothing,
}

/// The job after `event` at `now`, and what follows from it. A refusal leaves the job as it was.
pub fn step(job: &Job, event: Event, now: i64, terms: &Terms) -> (Job, Vec<Effect>) {
    let holds = |epoch: u64| !terms.fenced || (job.state == State::Leased && job.epoch == epoch);
    let refuse = |why| (job.clone(), vec![Effect::Refused(why)]);
    match event {
        Event::Claim { worker } => {
            if job.state != State::Queued {
                return refuse(Refusal::NotQueued);
            }
            let deadline = now + terms.lease_ms;
            let epoch = job.epoch + 1;
            let next = Job {
                state: State::Leased,
                epoch,
                attempt: job.attempt + 1,
                worker: Some(worker),
                deadline: Some(deadline),
                ..job.clone()
            };
            (next, vec![Effect::Granted { epoch, deadline }])
        }
        Event::Heartbeat { epoch } if holds(epoch) => {
            let deadline = now + terms.lease_ms;
            let cancel = job.cancel_asked.is_some();
            let renewed = Effect::Renewed { deadline, cancel, asked: job.asked };
            (Job { deadline: Some(deadline), ..job.clone() }, vec![renewed])
        }
        // The answer to the first publication was lost on the way: say so, and change nothing.
        Event::Publish { epoch } if terms.fenced && job.state == State::Done && job.epoch == epoch => {
            (job.clone(), vec![Effect::Known])
        }
        Event::Publish { epoch } if holds(epoch) => {
            if job.cancel_asked.is_some() {
                let (next, mut effects) = end(job, State::Cancelled, None);
                effects.push(Effect::Refused(Refusal::Cancelled));
                return (next, effects);
            }
            let (next, mut effects) = end(job, State::Done, None);
            effects.insert(0, Effect::Store);
            (next, effects)
        }
        Event::Fail { epoch, message } if holds(epoch) => end(job, State::Failed, Some(message)),
        Event::Crash { epoch, message } if holds(epoch) => lost(job, message, terms),
        Event::Stopped { epoch } if holds(epoch) => match job.cancel_asked {
            Some(_) => end(job, State::Cancelled, None),
            // Nobody asked: a worker that gives up is a worker lost.
            None => lost(job, "the worker stopped without being asked".into(), terms),
        },
        Event::Release { epoch } if holds(epoch) => match job.cancel_asked {
            Some(_) => end(job, State::Cancelled, None),
            None => released(job),
        },
        Event::Paused { epoch } if holds(epoch) => match job.cancel_asked {
            Some(_) => end(job, State::Cancelled, None),
            // Where the pause was taken back meanwhile it goes on with the checkpoint it has just kept.
            None => released(job),
        },
        Event::Heartbeat { .. }
        | Event::Publish { .. }
        | Event::Fail { .. }
        | Event::Crash { .. }
        | Event::Stopped { .. }
        | Event::Release { .. }
        | Event::Paused { .. } => refuse(Refusal::Fenced),
        Event::Cancel => match job.state {
            State::Queued | State::Paused => end(job, State::Cancelled, None),
            State::Leased if job.cancel_asked.is_some() => (job.clone(), Vec::new()),
            State::Leased => (Job { cancel_asked: Some(now), ..job.clone() }, vec![Effect::Interrupt]),
            _ => refuse(Refusal::Ended),
        },
        Event::Pause | Event::Finish | Event::Resume if job.cancel_asked.is_some() => refuse(Refusal::Cancelled),
        Event::Pause => match job.state {
            State::Queued => rested(job, job.attempt, job.last_words.clone()),
            State::Leased => steered(job, Asked::Pause),
            State::Paused => (job.clone(), Vec::new()),
            _ => refuse(Refusal::Ended),
        },
        Event::Resume => match job.state {
            State::Paused => resumed(job, Asked::Nothing),
            // Taken back before the worker has let go.
            State::Leased if job.asked == Asked::Pause => steered(job, Asked::Nothing),
            State::Queued | State::Leased => refuse(Refusal::NotPaused),
            _ => refuse(Refusal::Ended),
        },
        Event::Finish => match job.state {
            State::Queued if job.epoch == 0 => refuse(Refusal::Nothing),
            State::Queued => (Job { asked: Asked::Finish, ..job.clone() }, Vec::new()),
            State::Leased => steered(job, Asked::Finish),
            State::Paused => resumed(job, Asked::Finish),
            _ => refuse(Refusal::Ended),
        },
        Event::Tick => {
            if job.state != State::Leased {
                return (job.clone(), Vec::new());
            }
            if job.cancel_asked.is_some_and(|asked| now - asked >= terms.cancel_grace_ms) {
                // The worker does not answer: take the job from it. It learns so with its next word.
                return end(job, State::Cancelled, None);
            }
            if job.deadline.is_some_and(|deadline| now >= deadline) {
                let worker = job.worker.as_deref().unwrap_or("?");
                return lost(job, format!("worker {worker} was not heard of any more"), terms);
            }
            (job.clone(), Vec::new())
        }
    }
}

fn end(job: &Job, state: State, message: Option<String>) -> (Job, Vec<Effect>) {
    let next = Job { state, deadline: None, last_words: message.or_else(|| job.last_words.clone()), ..job.clone() };
    (next, vec![Effect::Ended(state)])
}

/// The worker learns a wish; the lease goes on.
fn steered(job: &Job, asked: Asked) -> (Job, Vec<Effect>) {
    if job.asked == asked {
        return (job.clone(), Vec::new());
    }
    (Job { asked, ..job.clone() }, vec![Effect::Interrupt])
}

/// Back in the queue by a person's wish, with all attempts before it again.
fn resumed(job: &Job, asked: Asked) -> (Job, Vec<Effect>) {
    let next = requeued(job, 0, None);
    (Job { asked, ..next }, vec![Effect::Requeued])
}

/// Laid aside until a person lets it go on.
fn rested(job: &Job, attempt: u32, last_words: Option<String>) -> (Job, Vec<Effect>) {
    let next = requeued(job, attempt, last_words);
    (Job { state: State::Paused, asked: Asked::Nothing, ..next }, vec![Effect::Rested])
}

/// The worker lets go, and the attempt does not count.
fn released(job: &Job) -> (Job, Vec<Effect>) {
    let attempt = job.attempt.saturating_sub(1);
    if job.asked == Asked::Pause {
        return rested(job, attempt, job.last_words.clone());
    }
    (requeued(job, attempt, job.last_words.clone()), vec![Effect::Requeued])
}

/// The attempt came to nothing through no fault of the question.
fn lost(job: &Job, message: String, terms: &Terms) -> (Job, Vec<Effect>) {
    if job.cancel_asked.is_some() {
        end(job, State::Cancelled, Some(message))
    } else if job.attempt >= terms.attempts_max {
        end(job, State::Dead, Some(message))
    } else if job.asked == Asked::Pause {
        // What was lost is as good as laid aside: it goes on from the last checkpoint.
        rested(job, job.attempt, Some(message))
    } else {
        (requeued(job, job.attempt, Some(message)), vec![Effect::Requeued])
    }
}

fn requeued(job: &Job, attempt: u32, last_words: Option<String>) -> Job {
    Job { state: State::Queued, attempt, worker: None, deadline: None, last_words, ..job.clone() }
}

#[cfg(test)]
#[path = "lease_simulation.rs"]
mod simulation;

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms { lease_ms: 100, attempts_max: 3, cancel_grace_ms: 20, fenced: true };

    fn run(events: &[(i64, Event)]) -> (Job, Vec<Effect>) {
        events.iter().fold((Job::queued(), Vec::new()), |(job, _), (now, e)| step(&job, e.clone(), *now, &TERMS))
    }

    fn claim(worker: &str) -> Event {
        Event::Claim { worker: worker.into() }
    }

    #[test]
    fn each_way_through() {
        let publish = |epoch| Event::Publish { epoch };
        let crash = |epoch| Event::Crash { epoch, message: format!("crash {epoch}") };
        let fenced = Effect::Refused(Refusal::Fenced);
        type Way = (&'static str, Vec<(i64, Event)>, State, Option<Effect>);
        let ways: Vec<Way> = vec![
            ("plain", vec![(0, claim("a")), (5, publish(1))], State::Done, Some(Effect::Ended(State::Done))),
            ("repeated", vec![(0, claim("a")), (5, publish(1)), (6, publish(1))], State::Done, Some(Effect::Known)),
            (
                "refused by the solver",
                vec![(0, claim("a")), (5, Event::Fail { epoch: 1, message: "no".into() })],
                State::Failed,
                None,
            ),
            ("a crash is tried again", vec![(0, claim("a")), (5, crash(1))], State::Queued, Some(Effect::Requeued)),
            (
                "three crashes",
                vec![(0, claim("a")), (1, crash(1)), (2, claim("a")), (3, crash(2)), (4, claim("b")), (5, crash(3))],
                State::Dead,
                Some(Effect::Ended(State::Dead)),
            ),
            ("lease over", vec![(0, claim("a")), (100, Event::Tick)], State::Queued, Some(Effect::Requeued)),
            (
                "lease renewed",
                vec![(0, claim("a")), (90, Event::Heartbeat { epoch: 1 }), (100, Event::Tick)],
                State::Leased,
                None,
            ),
            (
                "late worker",
                vec![(0, claim("a")), (100, Event::Tick), (101, claim("b")), (102, publish(1))],
                State::Leased,
                Some(fenced.clone()),
            ),
            (
                "late worker after the other's answer",
                vec![(0, claim("a")), (100, Event::Tick), (101, claim("b")), (102, publish(2)), (103, publish(1))],
                State::Done,
                Some(fenced.clone()),
            ),
            (
                "claimed twice",
                vec![(0, claim("a")), (1, claim("b"))],
                State::Leased,
                Some(Effect::Refused(Refusal::NotQueued)),
            ),
            (
                "cancelled while waiting",
                vec![(0, Event::Cancel)],
                State::Cancelled,
                Some(Effect::Ended(State::Cancelled)),
            ),
            ("cancel is passed on", vec![(0, claim("a")), (1, Event::Cancel)], State::Leased, Some(Effect::Interrupt)),
            (
                "cancel confirmed",
                vec![(0, claim("a")), (1, Event::Cancel), (2, Event::Stopped { epoch: 1 })],
                State::Cancelled,
                None,
            ),
            (
                "cancel not answered",
                vec![(0, claim("a")), (1, Event::Cancel), (21, Event::Tick)],
                State::Cancelled,
                None,
            ),
            (
                "no answer after a cancel",
                vec![(0, claim("a")), (1, Event::Cancel), (2, publish(1))],
                State::Cancelled,
                Some(Effect::Refused(Refusal::Cancelled)),
            ),
            (
                "paused",
                vec![(0, claim("a")), (1, Event::Pause), (2, Event::Paused { epoch: 1 })],
                State::Paused,
                Some(Effect::Rested),
            ),
            (
                "paused, resumed, done",
                vec![
                    (0, claim("a")),
                    (1, Event::Pause),
                    (2, Event::Paused { epoch: 1 }),
                    (3, Event::Resume),
                    (4, claim("b")),
                    (5, publish(2)),
                ],
                State::Done,
                None,
            ),
            (
                "a pause taken back too late costs nothing",
                vec![(0, claim("a")), (1, Event::Pause), (2, Event::Resume), (3, Event::Paused { epoch: 1 })],
                State::Queued,
                Some(Effect::Requeued),
            ),
            (
                "lost while it was to pause",
                vec![(0, claim("a")), (1, Event::Pause), (100, Event::Tick)],
                State::Paused,
                Some(Effect::Rested),
            ),
            (
                "paused runs wait for ever",
                vec![(0, Event::Pause), (10_000, Event::Tick), (10_001, claim("a"))],
                State::Paused,
                Some(Effect::Refused(Refusal::NotQueued)),
            ),
            (
                "cancelled while paused",
                vec![(0, Event::Pause), (1, Event::Cancel)],
                State::Cancelled,
                Some(Effect::Ended(State::Cancelled)),
            ),
            (
                "no pause after a cancel",
                vec![(0, claim("a")), (1, Event::Cancel), (2, Event::Pause)],
                State::Leased,
                Some(Effect::Refused(Refusal::Cancelled)),
            ),
            (
                "finish before anything is there",
                vec![(0, Event::Finish)],
                State::Queued,
                Some(Effect::Refused(Refusal::Nothing)),
            ),
            (
                "finish what is paused",
                vec![
                    (0, claim("a")),
                    (1, Event::Pause),
                    (2, Event::Paused { epoch: 1 }),
                    (3, Event::Finish),
                    (4, claim("a")),
                    (5, Event::Heartbeat { epoch: 2 }),
                ],
                State::Leased,
                Some(Effect::Renewed { deadline: 105, cancel: false, asked: Asked::Finish }),
            ),
            (
                "cancel after the end",
                vec![(0, claim("a")), (1, publish(1)), (2, Event::Cancel)],
                State::Done,
                Some(Effect::Refused(Refusal::Ended)),
            ),
        ];
        for (what, events, state, last) in ways {
            let (job, effects) = run(&events);
            assert_eq!(job.state, state, "{what}");
            if let Some(last) = last {
                assert_eq!(effects.last(), Some(&last), "{what}");
            }
        }
    }

    #[test]
    fn a_lease_handed_back_costs_no_attempt_but_a_new_epoch() {
        let (job, effects) = run(&[(0, claim("a")), (1, Event::Release { epoch: 1 }), (2, claim("b"))]);
        assert_eq!((job.attempt, job.epoch), (1, 2));
        assert_eq!(effects, [Effect::Granted { epoch: 2, deadline: 102 }]);
    }

    #[test]
    fn the_dead_keep_their_last_words() {
        let crash = |epoch| Event::Crash { epoch, message: format!("crash {epoch}") };
        let (job, _) =
            run(&[(0, claim("a")), (1, crash(1)), (2, claim("a")), (3, crash(2)), (4, claim("a")), (500, Event::Tick)]);
        assert_eq!(job.state, State::Dead);
        assert_eq!(job.last_words.as_deref(), Some("worker a was not heard of any more"));
    }

    #[test]
    fn states_are_stored_under_their_name() {
        for s in State::ALL {
            assert_eq!(State::parse(s.as_str()), Some(s));
        }
        assert_eq!(State::parse("gone"), None);
    }
}
