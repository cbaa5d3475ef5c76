//! Undo and redo of one's own edits only.
//!
//! Each step holds the inverse of one own edit, as it was against the state the edit was committed to. A step is taken
//! back only while nobody else has written what it would write: their work is never undone, the step is skipped and the
//! person is told.

use crate::sync::Entry;
use serde::{Deserialize, Serialize};
use solver::design::{Command, Id};
use std::collections::HashMap;

/// Steps kept; older ones are forgotten.
const STEPS_MAX: usize = 2_000;
/// Newest steps of each kind that outlive a reload.
const STEPS_KEPT_MAX: usize = 200;

/// What a submission is to the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Edit,
    Undo,
    Redo,
}

/// One own edit that can be taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub client: String,
    pub number: u64,
    /// In words, of the original edit.
    pub label: String,
    /// Set at commit; while the edit is pending, the document's queue holds a fresher one.
    pub inverse: Option<Command>,
    /// Log position of the commit.
    pub sequence: Option<u64>,
}

/// Someone else's latest write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Write {
    sequence: u64,
    author: String,
}

/// A history as it is kept over a reload of its tab.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    undo: Vec<Step>,
    redo: Vec<Step>,
    properties: Vec<(Id, String, Write)>,
    objects: Vec<(Id, Write)>,
}

#[derive(Debug, Default)]
pub struct History {
    undo: Vec<Step>,
    redo: Vec<Step>,
    /// Others' latest write per property.
    properties: HashMap<(Id, String), Write>,
    /// Others' latest write per object, whatever the property.
    objects: HashMap<Id, Write>,
}

impl History {
    pub fn push(&mut self, kind: Kind, step: Step) {
        let stack = match kind {
            Kind::Undo => &mut self.redo,
            Kind::Edit => {
                self.redo.clear();
                &mut self.undo
            }
            Kind::Redo => &mut self.undo,
        };
        stack.push(step);
        if stack.len() > STEPS_MAX {
            stack.remove(0);
        }
    }

    /// What outlives a reload; `None` when there is nothing to take back.
    pub fn keep(&self) -> Option<Kept> {
        let newest = |steps: &[Step]| steps[steps.len().saturating_sub(STEPS_KEPT_MAX)..].to_vec();
        let (undo, redo) = (newest(&self.undo), newest(&self.redo));
        // Only what came after a step can stand in its way.
        let since = undo.iter().chain(&redo).map(|s| s.sequence.unwrap_or(u64::MAX)).min()?;
        let late = |w: &Write| w.sequence > since;
        let properties = self.properties.iter().filter(|(_, w)| late(w));
        let objects = self.objects.iter().filter(|(_, w)| late(w));
        Some(Kept {
            properties: properties.map(|((id, key), w)| (id.clone(), key.clone(), w.clone())).collect(),
            objects: objects.map(|(id, w)| (id.clone(), w.clone())).collect(),
            undo,
            redo,
        })
    }

    /// The history that was kept.
    pub fn revive(kept: Kept) -> Self {
        Self {
            undo: kept.undo,
            redo: kept.redo,
            properties: kept.properties.into_iter().map(|(id, key, w)| ((id, key), w)).collect(),
            objects: kept.objects.into_iter().collect(),
        }
    }

    /// Drops steps that are neither committed nor on their way any more.
    pub fn forget_lost(&mut self, pending: impl Fn(&Step) -> bool) {
        let keep = |s: &Step| s.sequence.is_some() || pending(s);
        self.undo.retain(keep);
        self.redo.retain(keep);
    }

    /// The newest step that undo (or redo) would take, removed.
    pub fn pop(&mut self, kind: Kind) -> Option<Step> {
        match kind {
            Kind::Redo => self.redo.pop(),
            _ => self.undo.pop(),
        }
    }

    pub fn undo_label(&self) -> Option<String> {
        self.undo.last().map(|s| s.label.clone())
    }

    pub fn redo_label(&self) -> Option<String> {
        self.redo.last().map(|s| s.label.clone())
    }

    /// An own edit was committed, with this inverse.
    pub fn commit(&mut self, client: &str, number: u64, sequence: u64, inverse: Command) {
        // Commits come in order, so the step is almost always near the end.
        let mut steps = self.undo.iter_mut().rev().chain(self.redo.iter_mut().rev());
        if let Some(step) = steps.find(|s| s.number == number && s.client == client) {
            step.inverse = Some(inverse);
            step.sequence = Some(sequence);
        }
    }

    /// Whether this own edit is known to be in the log.
    pub fn is_committed(&self, client: &str, number: u64) -> bool {
        let mut steps = self.undo.iter().chain(&self.redo);
        steps.any(|s| s.number == number && s.client == client && s.sequence.is_some())
    }

    /// An own edit was refused, or committed unseen: it cannot be taken back.
    pub fn forget(&mut self, client: &str, number: u64) {
        let keep = |s: &Step| s.number != number || s.client != client;
        self.undo.retain(keep);
        self.redo.retain(keep);
    }

    /// The state was replaced without the entries in between: nobody can say what others wrote there.
    pub fn forget_committed(&mut self) {
        self.undo.retain(|s| s.sequence.is_none());
        self.redo.retain(|s| s.sequence.is_none());
    }

    /// Someone else's edit.
    pub fn note(&mut self, entry: &Entry) {
        let write = Write { sequence: entry.sequence, author: entry.author.clone() };
        for (id, key) in entry.command.touches() {
            self.objects.insert(id.clone(), write.clone());
            self.properties.insert((id, key), write.clone());
        }
    }

    /// Who else has written, after log position `since`, what `inverse` would write: object, property, author.
    pub fn in_the_way(&self, inverse: &Command, since: u64) -> Option<(Id, String, String)> {
        inverse.touches().into_iter().find_map(|(id, key)| {
            let write = match key.as_str() {
                // Removing an object would take along whatever others did to it.
                "-" => self.objects.get(&id),
                "+" => None,
                _ => {
                    let own = self.properties.get(&(id.clone(), key.clone()));
                    own.filter(|w| w.sequence > since).or_else(|| self.properties.get(&(id.clone(), "-".into())))
                }
            };
            let write = write.filter(|w| w.sequence > since)?;
            Some((id, key, write.author.clone()))
        })
    }
}
