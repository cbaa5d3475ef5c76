//! A co-edited design as one client sees it: the confirmed state, and the own pending edits replayed on top.
//!
//! Pure: time, sockets and storage are the caller's. Every method that can have consequences returns them as
//! [`Effect`]s.

use super::connection::{SaveState, Snapshot};
use super::history::{self, History, Kind, Step};
use super::notice::{Choice, Notice, describe, property};
use crate::api::run::RunEvent;
use crate::sync::{Entry, Head, Peer, Presence, Refused, Submission, ToClient};
use serde::{Deserialize, Serialize};
use solver::design::{Command, Design, Id, Refusal, apply, replay};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Commands of one person's drag that others show.
const PREVIEW_COMMANDS_MAX: usize = 50;

/// What follows from a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Keep this submission until it is forgotten, also over a closed tab.
    Store(Submission),
    Forget {
        client: String,
        number: u64,
    },
    /// A sentence for the person.
    Say(String),
    Run(RunEvent),
    /// The design has a new name.
    Renamed(String),
    Talked,
    /// Messages are missing: say Hello again.
    Resync,
}

/// What a tab keeps of a design over its own reload, so that undo goes on where it was: the last confirmed state, from
/// which the server tells what came since, and the steps against it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Whose it is; nobody else may take it up.
    pub user: String,
    clients: BTreeSet<String>,
    confirmed: Design,
    sequence: u64,
    history: history::Kept,
}

/// An own edit that is not in the confirmed state yet.
#[derive(Clone, Debug)]
struct Pending {
    submission: Submission,
    /// What takes it back, against the current view; `None` while it does not apply there.
    inverse: Option<Command>,
    sent: bool,
}

/// The document. See the module.
#[derive(Debug)]
pub struct Document {
    client: String,
    /// Own client id and those of recovered outboxes.
    clients: BTreeSet<String>,
    user: String,
    next: u64,
    confirmed: Design,
    sequence: u64,
    loaded: bool,
    pending: VecDeque<Pending>,
    view: Design,
    /// `view` must be replayed before it is read.
    dirty: bool,
    revision: u64,
    history: History,
    notices: Vec<Notice>,
    next_notice: u64,
    online: bool,
    may_edit: bool,
    connection: u64,
    peers: BTreeMap<u64, Peer>,
    /// Everyone met, for naming the author of an edit who has left.
    names: BTreeMap<String, String>,
    /// What removed objects were called, for naming them in notices.
    removed: BTreeMap<Id, String>,
    drag: Vec<Command>,
    ended: Option<String>,
}

/// The inverse of a removal holds what was removed.
fn remember_removed(inverse: &Command, names: &mut BTreeMap<Id, String>) {
    match inverse {
        Command::Add { object, .. } => {
            names.insert(object.id.clone(), object.name.clone());
        }
        Command::Batch { commands } => commands.iter().for_each(|c| remember_removed(c, names)),
        _ => {}
    }
}

impl Document {
    /// An empty document for the tab `client`, before the first answer of the server.
    pub fn new(client: &str) -> Self {
        Self {
            client: client.into(),
            clients: BTreeSet::from([client.to_string()]),
            user: String::new(),
            next: 1,
            confirmed: Design::new(),
            sequence: 0,
            loaded: false,
            pending: VecDeque::new(),
            view: Design::new(),
            dirty: false,
            revision: 0,
            history: History::default(),
            notices: Vec::new(),
            next_notice: 1,
            online: false,
            // Until the server says otherwise: edits made before the first answer wait in the outbox.
            may_edit: true,
            connection: 0,
            peers: BTreeMap::new(),
            names: BTreeMap::new(),
            removed: BTreeMap::new(),
            drag: Vec::new(),
            ended: None,
        }
    }

    /// The state as the server has it.
    pub fn confirmed(&self) -> (&Design, u64) {
        (&self.confirmed, self.sequence)
    }

    pub fn client(&self) -> &str {
        &self.client
    }

    pub fn loaded(&self) -> bool {
        self.loaded
    }

    pub fn may_edit(&self) -> bool {
        self.may_edit
    }

    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// Own edits that are not acknowledged yet, in order.
    pub fn pending(&self) -> impl Iterator<Item = &Submission> {
        self.pending.iter().map(|p| &p.submission)
    }

    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The confirmed state with own pending edits on top; others' previews are not in it.
    pub fn view(&mut self) -> &Design {
        self.settle();
        &self.view
    }

    fn settle(&mut self) {
        if !self.dirty {
            return;
        }
        self.dirty = false;
        self.revision += 1;
        self.view = self.confirmed.clone();
        for pending in &mut self.pending {
            // One that does not apply any more stays in the queue: the server has the last word.
            pending.inverse = replay(&mut self.view, &pending.submission.command).ok();
        }
    }

    // ------------------------------------------------------------------------------------------ own edits

    /// Makes an edit: visible in [`Document::view`] at once.
    ///
    /// # Errors
    /// [`Refusal`] when it does not apply to the view; nothing has happened then.
    pub fn submit(&mut self, command: Command) -> Result<Vec<Effect>, Refusal> {
        let label = describe(self.view(), &command);
        self.enqueue(command, Kind::Edit, label, None)
    }

    fn enqueue(
        &mut self,
        command: Command,
        kind: Kind,
        label: String,
        undo_of: Option<u64>,
    ) -> Result<Vec<Effect>, Refusal> {
        self.settle();
        let (view, inverse) = apply(&self.view, &command)?;
        self.view = view;
        self.revision += 1;
        self.drag.clear();
        let number = self.next;
        self.next += 1;
        let submission = Submission {
            client: self.client.clone(),
            number,
            base: self.sequence,
            offline: !self.online,
            command,
            undo_of,
        };
        let step = Step { client: self.client.clone(), number, label, inverse: None, sequence: None };
        self.history.push(kind, step);
        self.pending.push_back(Pending { submission: submission.clone(), inverse: Some(inverse), sent: false });
        Ok(vec![Effect::Store(submission)])
    }

    /// Takes back the own last edit, or says why it cannot.
    pub fn undo(&mut self) -> Vec<Effect> {
        self.take_back(Kind::Undo)
    }

    pub fn redo(&mut self) -> Vec<Effect> {
        self.take_back(Kind::Redo)
    }

    fn take_back(&mut self, kind: Kind) -> Vec<Effect> {
        self.settle();
        let Some(step) = self.history.pop(kind) else { return Vec::new() };
        let not = if kind == Kind::Undo { "Not undone" } else { "Not redone" };
        let pending = self.pending.iter().find(|p| p.submission.is(&step.client, step.number));
        let (inverse, since) = match (pending, step.sequence) {
            // Still pending: its inverse is fresh, against everything that others have done so far.
            (Some(pending), _) => (pending.inverse.clone(), self.sequence),
            (None, Some(sequence)) => (step.inverse, sequence),
            (None, None) => (None, self.sequence),
        };
        let Some(inverse) = inverse else {
            return vec![Effect::Say(format!("{not}: “{}” has no effect any more", step.label))];
        };
        if let Some((id, key, author)) = self.history.in_the_way(&inverse, since) {
            let by = self.name_of(&author);
            let what = property(&self.view, &id, &key);
            return vec![Effect::Say(format!("{not}: “{}”, for {what} was changed since by {by}", step.label))];
        }
        match self.enqueue(inverse, kind, step.label.clone(), Some(step.number)) {
            Ok(effects) => effects,
            Err(refusal) => vec![Effect::Say(format!("{not}: “{}”: {refusal}", step.label))],
        }
    }

    /// Puts back the edits of closed tabs, before one's own. Commands that the server has already are recognised there.
    /// Those that this tab saw committed before its reload are only forgotten: a reload may cut off their removal from
    /// the outbox, and put back they would hide what undo must take back.
    pub fn recover(&mut self, mut submissions: Vec<Submission>) -> Vec<Effect> {
        submissions.retain(|s| !self.pending.iter().any(|p| p.submission.client == s.client));
        let done = submissions.extract_if(.., |s| self.history.is_committed(&s.client, s.number));
        let effects = done.map(|s| Effect::Forget { client: s.client, number: s.number }).collect();
        submissions.sort_by(|a, b| (a.base, &a.client, a.number).cmp(&(b.base, &b.client, b.number)));
        // Sorting by base keeps the order of closed tabs; within a client, base never falls while the number rises.
        for mut submission in submissions.into_iter().rev() {
            submission.offline = true;
            self.clients.insert(submission.client.clone());
            self.pending.push_front(Pending { submission, inverse: None, sent: false });
        }
        self.dirty = true;
        effects
    }

    /// What to keep over a reload; `None` when there is nothing to take back, or no way back in.
    pub fn keep(&self) -> Option<Kept> {
        if !self.loaded || self.ended.is_some() || self.user.is_empty() {
            return None;
        }
        Some(Kept {
            user: self.user.clone(),
            clients: self.clients.clone(),
            confirmed: self.confirmed.clone(),
            sequence: self.sequence,
            history: self.history.keep()?,
        })
    }

    /// Goes on from what the tab kept. Only before the first connection.
    pub fn revive(&mut self, kept: Kept) {
        self.user = kept.user;
        self.clients.extend(kept.clients);
        self.confirmed = kept.confirmed;
        self.sequence = kept.sequence;
        self.history = History::revive(kept.history);
        self.loaded = true;
        self.dirty = true;
    }

    /// Answers a notice.
    pub fn resolve(&mut self, notice: u64, choice: Choice) -> Vec<Effect> {
        let Some(at) = self.notices.iter().position(|n| n.id == notice) else { return Vec::new() };
        let notice = self.notices.remove(at);
        if choice != Choice::KeepMine {
            return Vec::new();
        }
        match self.submit(notice.command) {
            Ok(effects) => effects,
            Err(refusal) => vec![Effect::Say(format!("{}: {refusal}", notice.title))],
        }
    }

    /// Shows an own drag, until it is submitted or cleared.
    pub fn drag(&mut self, mut preview: Vec<Command>) {
        preview.truncate(PREVIEW_COMMANDS_MAX);
        self.drag = preview;
        self.revision += 1;
    }

    pub fn dragged(&self) -> &[Command] {
        &self.drag
    }

    // ------------------------------------------------------------------------------------------ the wire

    /// Where each outbox begins, for Hello.
    pub fn heads(&self) -> Vec<Head> {
        let mut heads: Vec<Head> = Vec::new();
        for pending in &self.pending {
            let Submission { client, number, base, .. } = &pending.submission;
            if !heads.iter().any(|h| h.client == *client) {
                heads.push(Head { client: client.clone(), next: *number, base: *base });
            }
        }
        if !heads.iter().any(|h| h.client == self.client) {
            heads.push(Head { client: self.client.clone(), next: self.next, base: self.sequence });
        }
        heads
    }

    /// Log position to ask from; 0 asks for the whole design.
    pub fn have(&self) -> u64 {
        if self.loaded { self.sequence } else { 0 }
    }

    /// The connection came or went. After a loss everything unacknowledged is sent again, as offline edits: whether it
    /// had arrived is not known, and others may have been faster.
    pub fn set_online(&mut self, online: bool) {
        self.online = online;
        if !online {
            for pending in &mut self.pending {
                pending.sent = false;
                pending.submission.offline = true;
            }
            self.peers.clear();
            self.revision += 1;
        }
    }

    /// Closed for good.
    pub fn end(&mut self, reason: String) {
        self.ended = Some(reason);
        self.may_edit = false;
    }

    /// The next submissions to send, so that at most `window` are on their way.
    pub fn take_unsent(&mut self, window: usize) -> Vec<Submission> {
        if !self.online || !self.may_edit {
            return Vec::new();
        }
        let on_their_way = self.pending.iter().filter(|p| p.sent).count();
        let mut out = Vec::new();
        for pending in self.pending.iter_mut().filter(|p| !p.sent).take(window.saturating_sub(on_their_way)) {
            pending.sent = true;
            out.push(pending.submission.clone());
        }
        out
    }

    /// A message of the server.
    pub fn receive(&mut self, message: ToClient) -> Vec<Effect> {
        match message {
            ToClient::Welcome { sequence, design, entries, acknowledged, connection, user, may_edit, peers } => {
                self.user = user;
                self.connection = connection;
                self.may_edit = may_edit;
                self.online = true;
                self.next = self.next.max(acknowledged + 1);
                self.peers.clear();
                for peer in peers {
                    self.meet(peer);
                }
                let mut effects = Vec::new();
                if let Some(design) = design {
                    self.history.forget_committed();
                    self.confirmed = design;
                    self.sequence = sequence - (entries.len() as u64).min(sequence);
                    self.loaded = true;
                    self.dirty = true;
                } else if sequence < self.sequence || !self.loaded {
                    // The server knows less than we do (it was restored from a backup): take its state whole.
                    self.loaded = false;
                    return vec![Effect::Resync];
                }
                for entry in entries {
                    effects.extend(self.advance(entry));
                }
                let pending = &self.pending;
                self.history.forget_lost(|s| pending.iter().any(|p| p.submission.is(&s.client, s.number)));
                effects
            }
            ToClient::Applied { entry } => self.advance(entry),
            ToClient::Known { client, number, sequence } => {
                // When it lies ahead, `Applied` is still to come and will acknowledge it.
                if sequence > self.sequence {
                    return Vec::new();
                }
                self.history.forget(&client, number);
                self.drop_pending(&client, number).into_iter().collect()
            }
            ToClient::Refused { client, number, refusal } => {
                self.history.forget(&client, number);
                let at = self.pending.iter().position(|p| p.submission.is(&client, number));
                if let Some(at) = at {
                    let command = self.pending[at].submission.command.clone();
                    self.notice(command, &refusal);
                }
                self.drop_pending(&client, number).into_iter().collect()
            }
            ToClient::Peer { peer } => {
                self.meet(peer);
                self.revision += 1;
                Vec::new()
            }
            ToClient::Left { connection } => {
                self.peers.remove(&connection);
                self.revision += 1;
                Vec::new()
            }
            ToClient::Run { event } => vec![Effect::Run(event)],
            ToClient::Renamed { name } => vec![Effect::Renamed(name)],
            ToClient::Talked => vec![Effect::Talked],
            ToClient::Closing { .. } | ToClient::Pong { .. } | ToClient::Scene | ToClient::Locked => Vec::new(),
        }
    }

    fn meet(&mut self, peer: Peer) {
        self.names.insert(peer.user.clone(), peer.name.clone());
        if peer.connection != self.connection {
            self.peers.insert(peer.connection, peer);
        }
    }

    fn name_of(&self, author: &str) -> String {
        if author == self.user {
            return "you, in another window".into();
        }
        self.names.get(author).cloned().unwrap_or_else(|| "someone else".into())
    }

    /// The next entry of the log.
    fn advance(&mut self, entry: Entry) -> Vec<Effect> {
        if entry.sequence <= self.sequence {
            return Vec::new();
        }
        if entry.sequence != self.sequence + 1 || !self.loaded {
            return vec![Effect::Resync];
        }
        self.sequence = entry.sequence;
        let own = entry.author == self.user && self.clients.contains(&entry.client);
        let ordered = entry.author == self.user && self.ordered(&entry.client);
        let label = ordered.then(|| describe(&self.confirmed, &entry.command));
        let front = self.pending.front();
        let first = front.is_some_and(|p| p.inverse.is_some() && p.submission.is(&entry.client, entry.number));
        // What the log holds was checked when it was accepted; should it not apply here, every replica skips it alike.
        let inverse = replay(&mut self.confirmed, &entry.command).ok();
        if let Some(inverse) = &inverse {
            remember_removed(inverse, &mut self.removed);
        }
        if let (Some(label), Some(inverse)) = (label, &inverse) {
            let Entry { client, number, sequence, .. } = entry;
            let step = Step { client, number, label, inverse: Some(inverse.clone()), sequence: Some(sequence) };
            self.history.push(Kind::Edit, step);
            self.dirty = true;
            return Vec::new();
        }
        if !own {
            self.history.note(&entry);
            self.dirty = true;
            return Vec::new();
        }
        match inverse {
            Some(inverse) => self.history.commit(&entry.client, entry.number, entry.sequence, inverse),
            None => self.history.forget(&entry.client, entry.number),
        }
        if first && !self.dirty {
            // The view is the same before and after: the edit only moves from pending to confirmed.
            self.pending.pop_front();
            return vec![Effect::Forget { client: entry.client, number: entry.number }];
        }
        self.dirty = true;
        self.drop_pending(&entry.client, entry.number).into_iter().collect()
    }

    /// Whether the server made an edit of this client for this tab, as a merge is: it is undone like one's own.
    fn ordered(&self, client: &str) -> bool {
        client.strip_prefix(&self.client).is_some_and(|rest| rest.starts_with('-'))
    }

    fn drop_pending(&mut self, client: &str, number: u64) -> Option<Effect> {
        let at = self.pending.iter().position(|p| p.submission.is(client, number))?;
        self.pending.remove(at);
        self.dirty = true;
        Some(Effect::Forget { client: client.into(), number })
    }

    fn notice(&mut self, command: Command, refusal: &Refused) {
        self.settle();
        let notice = Notice::new(self.next_notice, &self.view, &self.removed, command, refusal);
        self.next_notice += 1;
        // Ten offline edits of one dimension are one question, about the last of them.
        let place = |n: &Notice| n.conflict.as_ref().map(|c| (c.object.clone(), c.key.clone()));
        if let Some(at) = place(&notice)
            && matches!(notice.command, Command::Set { .. } | Command::Rename { .. } | Command::Suppress { .. })
        {
            self.notices.retain(|n| place(n).as_ref() != Some(&at) || matches!(n.command, Command::Batch { .. }));
        }
        self.notices.push(notice);
    }

    // ------------------------------------------------------------------------------------------ what is shown

    pub fn save_state(&self) -> SaveState {
        if self.loaded && !self.may_edit {
            return SaveState::ReadOnly;
        }
        if !self.online {
            return SaveState::Offline(self.pending.len());
        }
        if let Some(notice) = self.notices.last() {
            return SaveState::Refused(format!("{}: {}", notice.title, notice.message));
        }
        if self.pending.iter().any(|p| !p.sent) {
            return SaveState::Queued(self.pending.len());
        }
        if self.pending.is_empty() { SaveState::Saved } else { SaveState::Saving }
    }

    /// The view with every drag in progress on top.
    pub fn shown(&mut self) -> Design {
        self.settle();
        let mut shown = self.view.clone();
        let remote = self.peers.values().flat_map(|p| p.presence.preview.iter().take(PREVIEW_COMMANDS_MAX));
        for command in remote.chain(&self.drag) {
            // A preview from someone who may lie: checked like an edit, and dropped without a word when it does not fit.
            if let Ok((next, _)) = apply(&shown, command) {
                shown = next;
            }
        }
        shown
    }

    /// What the page draws.
    pub fn snapshot(&mut self) -> Snapshot {
        let shown = self.shown();
        Snapshot {
            client: self.client.clone(),
            loaded: self.loaded,
            revision: self.revision,
            sequence: self.sequence,
            design: self.view.clone(),
            shown,
            save: self.save_state(),
            online: self.online,
            may_edit: self.may_edit,
            peers: self.peers.values().cloned().collect(),
            notices: self.notices.clone(),
            undo: self.history.undo_label(),
            redo: self.history.redo_label(),
            ended: self.ended.clone(),
        }
    }

    /// Own presence as it goes out: the page's, with the drag in it.
    pub fn presence(&self, presence: &Presence) -> Presence {
        Presence { preview: self.drag.clone(), ..presence.clone() }
    }
}

#[cfg(test)]
#[path = "document_test.rs"]
mod tests;
