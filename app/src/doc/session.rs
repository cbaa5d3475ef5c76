//! The connection of one tab to one design, as a state machine: connect, greet, send, notice silence, wait, again.
//!
//! [`Session::step`] is pure. Time (milliseconds of any steady clock) and jitter come in with each event; what to do
//! comes out. The adapter owns the socket, the storage and one timer, set to [`Session::wake_at`] after every step.

use super::connection::Snapshot;
use super::document::{self, Document, Kept};
use super::notice::Choice;
use crate::api::run::RunEvent;
use crate::sync::{PROTOCOL, Presence, Submission, ToClient, ToServer};
use solver::design::{Command, Refusal};

/// Unacknowledged submissions on their way at once. Bounds what a reconnect must sort out and what the server queues.
const WINDOW: usize = 256;
/// Silence after which the client asks whether the server is there, and after which it stops believing so, ms.
pub const PING_AFTER_MS: i64 = 10_000;
pub const DEAD_AFTER_MS: i64 = 20_000;
/// A connection that is not up and greeted by then is given up, ms.
const GREET_WITHIN_MS: i64 = 10_000;
/// First and longest wait before a new attempt, before jitter, ms.
const BACKOFF_MIN_MS: i64 = 250;
const BACKOFF_MAX_MS: i64 = 15_000;
/// Presence goes out at most this often, ms.
const PRESENCE_EVERY_MS: i64 = 50;

/// How long to wait before attempt number `attempts` after the first, ms: doubling up to a ceiling, and spread by
/// `jitter` in `[0, 1)` so that a server that comes back is not met by everyone at once.
pub fn backoff_ms(attempts: u32, jitter: f64) -> i64 {
    let wait = (BACKOFF_MIN_MS << attempts.min(10)).min(BACKOFF_MAX_MS) as f64;
    (wait * (0.5 + jitter)) as i64
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    Start,
    /// What this tab kept over its reload.
    Revived(Box<Kept>),
    /// Edits of closed tabs, from storage.
    Recovered(Vec<Submission>),
    /// The socket with this link number is open, has a message, is gone.
    Opened(u64),
    Received(u64, ToClient),
    Lost(u64),
    /// The browser's word on the network.
    Online,
    Offline,
    /// The timer.
    Wake,
    /// The person asks to reconnect now.
    Retry,
    Undo,
    Redo,
    Drag(Vec<Command>),
    Presence(Presence),
    Resolve(u64, Choice),
    Close,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Open a socket and tag its events with this link number. The previous one, if any, is closed.
    Connect(u64),
    Disconnect,
    Send(ToServer),
    Store(Submission),
    Forget {
        client: String,
        number: u64,
    },
    Say(String),
    Run(RunEvent),
    Renamed(String),
    Talked,
    /// Something in the snapshot is new.
    Changed,
}

#[derive(Clone, Debug, PartialEq)]
enum Link {
    Idle,
    Connecting { since: i64 },
    Greeting { since: i64 },
    Live { heard: i64, pinged: bool },
    Waiting { until: i64 },
    Ended,
}

/// The machine. See the module.
#[derive(Debug)]
pub struct Session {
    pub document: Document,
    link: Link,
    number: u64,
    attempts: u32,
    /// The browser says there is no network: no attempt until it says otherwise, or the person insists.
    cut: bool,
    presence: Presence,
    presence_due: bool,
    presence_sent: i64,
}

impl Session {
    pub fn new(client: &str) -> Self {
        Self {
            document: Document::new(client),
            link: Link::Idle,
            number: 0,
            attempts: 0,
            cut: false,
            presence: Presence::default(),
            presence_due: false,
            presence_sent: i64::MIN / 2,
        }
    }

    pub fn snapshot(&mut self) -> Snapshot {
        self.document.snapshot()
    }

    pub fn live(&self) -> bool {
        matches!(self.link, Link::Live { .. })
    }

    /// Makes an edit.
    ///
    /// # Errors
    /// [`Refusal`] when it does not apply to the view.
    pub fn submit(&mut self, command: Command, now: i64) -> Result<Vec<Effect>, Refusal> {
        let dragged = !self.document.dragged().is_empty();
        let mut out = Vec::new();
        let effects = self.document.submit(command)?;
        self.follow(effects, now, &mut out);
        self.pump(&mut out);
        // The preview that the edit replaces must go with it.
        self.presence_due |= dragged;
        self.presence(now, &mut out);
        out.push(Effect::Changed);
        Ok(out)
    }

    /// When to call [`Session::step`] with [`Event::Wake`] at the latest.
    pub fn wake_at(&self) -> Option<i64> {
        match self.link {
            Link::Idle | Link::Ended => None,
            Link::Waiting { .. } if self.cut => None,
            Link::Waiting { until } => Some(until),
            Link::Connecting { since } | Link::Greeting { since } => Some(since + GREET_WITHIN_MS),
            Link::Live { heard, pinged } => {
                let quiet = heard + if pinged { DEAD_AFTER_MS } else { PING_AFTER_MS };
                Some(if self.presence_due { quiet.min(self.presence_sent + PRESENCE_EVERY_MS) } else { quiet })
            }
        }
    }

    /// Advances the machine. `jitter` in `[0, 1)` spreads the reconnects of many clients.
    pub fn step(&mut self, event: Event, now: i64, jitter: f64) -> Vec<Effect> {
        let mut out = Vec::new();
        match event {
            Event::Start => {
                if self.link == Link::Idle {
                    self.connect(now, &mut out);
                }
            }
            Event::Revived(kept) => {
                if self.link == Link::Idle {
                    self.document.revive(*kept);
                }
            }
            Event::Recovered(submissions) => {
                let n = submissions.len();
                let effects = self.document.recover(submissions);
                let n = n - effects.len();
                self.follow(effects, now, &mut out);
                if n > 0 {
                    let edits = if n == 1 { "1 edit".into() } else { format!("{n} edits") };
                    out.push(Effect::Say(format!("{edits} from a closed window came back")));
                    // What goes out next does not begin where Hello said: greet again.
                    if matches!(self.link, Link::Greeting { .. } | Link::Live { .. }) {
                        self.connect(now, &mut out);
                    }
                }
            }
            Event::Opened(link) => {
                if link == self.number && matches!(self.link, Link::Connecting { .. }) {
                    self.link = Link::Greeting { since: now };
                    out.push(Effect::Send(ToServer::Hello {
                        protocol: PROTOCOL,
                        client: self.document.client().into(),
                        have: self.document.have(),
                        pending: self.document.heads(),
                    }));
                }
            }
            Event::Received(link, message) => {
                if link == self.number {
                    self.received(message, now, jitter, &mut out);
                }
            }
            Event::Lost(link) => {
                if link == self.number && !matches!(self.link, Link::Ended | Link::Idle) {
                    self.wait(now, jitter, &mut out);
                }
            }
            Event::Online => {
                self.cut = false;
                if matches!(self.link, Link::Waiting { .. }) {
                    self.connect(now, &mut out);
                }
            }
            Event::Offline => {
                self.cut = true;
                if !matches!(self.link, Link::Ended | Link::Idle | Link::Waiting { .. }) {
                    out.push(Effect::Disconnect);
                    self.wait(now, jitter, &mut out);
                }
            }
            Event::Retry => {
                if matches!(self.link, Link::Waiting { .. } | Link::Idle) {
                    self.connect(now, &mut out);
                }
            }
            Event::Wake => self.wake(now, jitter, &mut out),
            Event::Undo => {
                let effects = self.document.undo();
                self.follow(effects, now, &mut out);
            }
            Event::Redo => {
                let effects = self.document.redo();
                self.follow(effects, now, &mut out);
            }
            Event::Resolve(notice, choice) => {
                let effects = self.document.resolve(notice, choice);
                self.follow(effects, now, &mut out);
            }
            Event::Drag(preview) => {
                self.document.drag(preview);
                self.presence_due = true;
                self.presence(now, &mut out);
            }
            Event::Presence(presence) => {
                self.presence = presence;
                self.presence_due = true;
                self.presence(now, &mut out);
                // Only the others see it.
                return out;
            }
            Event::Close => {
                self.link = Link::Ended;
                self.document.set_online(false);
                out.push(Effect::Disconnect);
            }
        }
        self.pump(&mut out);
        out.push(Effect::Changed);
        out
    }

    fn received(&mut self, message: ToClient, now: i64, jitter: f64, out: &mut Vec<Effect>) {
        if let ToClient::Closing { reason, reconnect } = message {
            out.push(Effect::Disconnect);
            if reconnect {
                self.wait(now, jitter, out);
            } else {
                self.document.set_online(false);
                self.document.end(reason);
                self.link = Link::Ended;
            }
            return;
        }
        match (&mut self.link, &message) {
            (Link::Greeting { .. }, ToClient::Welcome { .. }) => {
                self.link = Link::Live { heard: now, pinged: false };
                self.attempts = 0;
                self.presence_due = true;
            }
            (Link::Live { heard, pinged }, _) => {
                *heard = now;
                *pinged = false;
            }
            // Before the welcome nothing else has a meaning.
            _ => return,
        }
        let effects = self.document.receive(message);
        self.follow(effects, now, out);
        if self.live() {
            self.presence(now, out);
        }
    }

    fn wake(&mut self, now: i64, jitter: f64, out: &mut Vec<Effect>) {
        match &mut self.link {
            Link::Waiting { until } if now >= *until && !self.cut => self.connect(now, out),
            Link::Connecting { since } | Link::Greeting { since } if now >= *since + GREET_WITHIN_MS => {
                out.push(Effect::Disconnect);
                self.wait(now, jitter, out);
            }
            Link::Live { heard, .. } if now >= *heard + DEAD_AFTER_MS => {
                out.push(Effect::Disconnect);
                self.wait(now, jitter, out);
            }
            Link::Live { heard, pinged } => {
                if now >= *heard + PING_AFTER_MS && !*pinged {
                    *pinged = true;
                    out.push(Effect::Send(ToServer::Ping { nonce: now.unsigned_abs() }));
                }
                self.presence(now, out);
            }
            _ => {}
        }
    }

    fn connect(&mut self, now: i64, out: &mut Vec<Effect>) {
        self.document.set_online(false);
        self.number += 1;
        self.link = Link::Connecting { since: now };
        out.push(Effect::Connect(self.number));
    }

    fn wait(&mut self, now: i64, jitter: f64, out: &mut Vec<Effect>) {
        self.document.set_online(false);
        let until = now + backoff_ms(self.attempts, jitter);
        self.attempts += 1;
        self.link = Link::Waiting { until };
        out.push(Effect::Changed);
    }

    /// Sends what may be sent.
    fn pump(&mut self, out: &mut Vec<Effect>) {
        if self.live() {
            let submissions = self.document.take_unsent(WINDOW);
            out.extend(submissions.into_iter().map(|submission| Effect::Send(ToServer::Submit { submission })));
        }
    }

    fn presence(&mut self, now: i64, out: &mut Vec<Effect>) {
        if self.presence_due && self.live() && now >= self.presence_sent + PRESENCE_EVERY_MS {
            self.presence_due = false;
            self.presence_sent = now;
            out.push(Effect::Send(ToServer::Presence { presence: self.document.presence(&self.presence) }));
        }
    }

    fn follow(&mut self, effects: Vec<document::Effect>, now: i64, out: &mut Vec<Effect>) {
        for effect in effects {
            match effect {
                document::Effect::Store(submission) => out.push(Effect::Store(submission)),
                document::Effect::Forget { client, number } => out.push(Effect::Forget { client, number }),
                document::Effect::Say(text) => out.push(Effect::Say(text)),
                document::Effect::Run(event) => out.push(Effect::Run(event)),
                document::Effect::Renamed(name) => out.push(Effect::Renamed(name)),
                document::Effect::Talked => out.push(Effect::Talked),
                document::Effect::Resync => {
                    // The previous link is dropped with everything still on it.
                    self.connect(now, out);
                    return;
                }
            }
        }
    }
}
