//! What the history panel knows, and the desk as it looks at an older version.

use super::overlay::Laid;
use crate::api::Problem;
use crate::api::design::Document;
use crate::api::history::{Branch, Branches, Comparison, Landed, Restore, Stretch, Version};
use crate::api::release::Releases;
use crate::doc::Snapshot;
use crate::panels::Desk;
use leptos::prelude::*;
use solver::design::merge::{Choices, Conflict};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Edits that come one after another are read together after this, ms.
#[cfg(feature = "browser")]
const SETTLE_MS: i32 = 600;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Timeline,
    Versions,
    Releases,
    Branches,
    Compare,
}

/// A version to compare: of which design (`None`: this one), and where (`None`: now).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    pub design: Option<String>,
    pub sequence: Option<u64>,
}

impl Place {
    pub fn at(sequence: u64) -> Self {
        Self { design: None, sequence: Some(sequence) }
    }

    /// As a key of a choice.
    pub fn key(&self) -> String {
        let sequence = self.sequence.map(|s| s.to_string()).unwrap_or_default();
        format!("{}@{sequence}", self.design.as_deref().unwrap_or_default())
    }

    pub fn of_key(key: &str) -> Self {
        let (design, sequence) = key.split_once('@').unwrap_or((key, ""));
        Self { design: (!design.is_empty()).then(|| design.to_owned()), sequence: sequence.parse().ok() }
    }
}

/// What two branches that are to be merged both changed, and what they are called.
#[derive(Clone, Debug, PartialEq)]
pub struct Clash {
    pub conflict: Conflict,
    pub ours: String,
    pub theirs: String,
}

/// The history panel's state.
#[derive(Clone, Copy)]
pub struct Past {
    pub open: RwSignal<bool>,
    pub tab: RwSignal<Tab>,
    /// The version that is shown; `None`: the design as it is.
    pub at: RwSignal<Option<u64>>,
    /// The version that is to be shown next, while one is on its way.
    pub wanted: RwSignal<Option<u64>>,
    busy: StoredValue<bool>,
    /// The last that the connection said, for the way back to now.
    live: StoredValue<Option<Snapshot>>,
    pub stretches: RwSignal<Option<Vec<Stretch>>>,
    /// Where older ones begin.
    pub next: RwSignal<Option<String>>,
    pub versions: RwSignal<Option<Vec<Version>>>,
    pub releases: RwSignal<Option<Releases>>,
    pub branches: RwSignal<Option<Branches>>,
    pub fault: RwSignal<Option<String>>,
    /// The version that a dialog is about; `None`: now.
    pub target: RwSignal<Option<u64>>,
    pub naming: RwSignal<bool>,
    pub branching: RwSignal<bool>,
    pub before: RwSignal<Place>,
    pub after: RwSignal<Place>,
    pub comparison: RwSignal<Option<Result<Comparison, Problem>>>,
    /// Whether the comparison is to be seen in the view, and what of it is.
    pub overlaying: RwSignal<bool>,
    pub laid: RwSignal<Option<Laid>>,
    /// The branch whose edits are about to come in.
    pub merging: RwSignal<Option<Branch>>,
    /// What both branches changed, and which side was chosen.
    pub conflicted: RwSignal<Vec<Clash>>,
    pub choices: RwSignal<Choices>,
    /// Named versions of the other branches, by design.
    pub elsewhere: RwSignal<BTreeMap<String, Vec<Version>>>,
    loading: StoredValue<bool>,
    stale: StoredValue<bool>,
}

impl Past {
    pub fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            tab: RwSignal::new(Tab::Timeline),
            at: RwSignal::new(None),
            wanted: RwSignal::new(None),
            busy: StoredValue::new(false),
            live: StoredValue::new(None),
            stretches: RwSignal::new(None),
            next: RwSignal::new(None),
            versions: RwSignal::new(None),
            releases: RwSignal::new(None),
            branches: RwSignal::new(None),
            fault: RwSignal::new(None),
            target: RwSignal::new(None),
            naming: RwSignal::new(false),
            branching: RwSignal::new(false),
            before: RwSignal::new(Place::default()),
            after: RwSignal::new(Place::default()),
            comparison: RwSignal::new(None),
            overlaying: RwSignal::new(false),
            laid: RwSignal::new(None),
            merging: RwSignal::new(None),
            conflicted: RwSignal::new(Vec::new()),
            choices: RwSignal::new(Choices::new()),
            elsewhere: RwSignal::new(BTreeMap::new()),
            loading: StoredValue::new(false),
            stale: StoredValue::new(false),
        }
    }

    /// Keeps what the connection says. True while an older version is shown, which it must not replace.
    pub fn keep(&self, snapshot: &Snapshot) -> bool {
        self.live.set_value(Some(snapshot.clone()));
        self.at.with_untracked(Option::is_some)
    }

    /// Reads all lists, now and whenever the design has changed, while the panel is open.
    pub fn load(self, desk: Desk) {
        Effect::new(move |_| {
            desk.sequence.track();
            // The room tells of releases as it does of comments.
            desk.talking.heard.track();
            if desk.loaded.get() {
                self.refresh(desk);
            }
        });
    }

    /// Reads all lists; changes that come meanwhile make it read once more.
    pub fn refresh(self, desk: Desk) {
        if self.loading.get_value() {
            return self.stale.set_value(true);
        }
        self.loading.set_value(true);
        let (client, id) = (desk.client.get_value(), desk.id.get_value());
        leptos::task::spawn_local(async move {
            loop {
                self.stale.try_set_value(false);
                let read = futures::try_join!(
                    client.history(&id, None),
                    client.versions(&id),
                    client.branches(&id),
                    client.releases(&id)
                );
                // The page may have been left meanwhile.
                if self.open.try_get_untracked() != Some(true) {
                    break;
                }
                match read {
                    Ok((page, versions, branches, releases)) => {
                        self.fault.set(None);
                        self.take(page.items, page.next);
                        self.versions.set(Some(versions));
                        self.branches.set(Some(branches));
                        // What is being typed about a release stays where nothing is other.
                        if self.releases.with_untracked(|r| r.as_ref() != Some(&releases)) {
                            self.releases.set(Some(releases));
                        }
                    }
                    Err(problem) => self.fault.set(Some(problem.message)),
                }
                if self.stale.try_get_value() != Some(true) {
                    break;
                }
                #[cfg(feature = "browser")]
                crate::ui::sleep(SETTLE_MS).await;
            }
            self.loading.try_set_value(false);
        });
    }

    /// Forgets what was read; what is still on its way is dropped.
    pub fn clear(self) {
        self.open.set(false);
        self.wanted.set(None);
        self.live.set_value(None);
        self.stretches.set(None);
        self.versions.set(None);
        self.branches.set(None);
        self.releases.set(None);
        self.comparison.set(None);
        self.elsewhere.set(BTreeMap::new());
        self.merging.set(None);
    }

    /// The newest page, before older ones that are here already.
    fn take(&self, mut items: Vec<Stretch>, next: Option<String>) {
        let oldest = items.last().map_or(0, |s| s.first);
        let known = self.stretches.get_untracked().unwrap_or_default();
        let older: Vec<Stretch> = known.into_iter().filter(|s| s.last < oldest).collect();
        // Where something is missing in between, they are read again when they are asked for.
        if older.first().is_some_and(|s| s.last + 1 == oldest) {
            items.extend(older);
        } else {
            self.next.set(next);
        }
        self.stretches.set(Some(items));
    }

    /// Reads the next older page.
    pub fn more(self, desk: Desk) {
        let (client, id) = (desk.client.get_value(), desk.id.get_value());
        let Some(next) = self.next.get_untracked() else { return };
        leptos::task::spawn_local(async move {
            match client.history(&id, Some(&next)).await {
                Ok(_) if desk.is_over() => {}
                Ok(page) => {
                    self.next.set(page.next);
                    self.stretches.update(|all| all.get_or_insert_default().extend(page.items));
                }
                Err(problem) => {
                    desk.notices.bad(problem.message);
                    // Its button stands ready again.
                    self.stretches.notify();
                }
            }
        });
    }

    /// Opens the history at its releases.
    pub fn open_releases(&self) {
        self.tab.set(Tab::Releases);
        self.open.set(true);
    }

    /// Opens a dialog about a version; `None`: now.
    pub fn ask(&self, dialog: RwSignal<bool>, sequence: Option<u64>) {
        self.target.set(sequence);
        dialog.set(true);
    }

    /// Shows what is other between two versions.
    pub fn compare(&self, before: Place, after: Place) {
        self.before.set(before);
        self.after.set(after);
        self.merging.set(None);
        self.tab.set(Tab::Compare);
        self.open.set(true);
    }
}

impl Default for Past {
    fn default() -> Self {
        Self::new()
    }
}

impl Desk {
    /// Opens the history, or closes it and returns to now.
    pub fn toggle_history(&self) {
        if self.past.open.get_untracked() {
            self.past.open.set(false);
            self.past.merging.set(None);
            self.past.conflicted.set(Vec::new());
            self.look(None);
        } else {
            // One of the two at a time in the place of the properties.
            self.talking.open.set(false);
            self.past.open.set(true);
        }
    }

    /// Shows a version of the past, read-only; `None`, and the last one: the design as it is.
    pub fn look(&self, sequence: Option<u64>) {
        let past = self.past;
        let sequence = sequence.filter(|s| *s < self.sequence.get_untracked());
        past.wanted.set(sequence);
        if sequence.is_none() {
            return self.return_to_now();
        }
        if past.busy.get_value() {
            return;
        }
        past.busy.set_value(true);
        let desk = *self;
        let (client, id) = (self.client.get_value(), self.id.get_value());
        leptos::task::spawn_local(async move {
            // While one is on its way, only the last that is wanted matters.
            while let Some(Some(wanted)) = past.wanted.try_get_untracked() {
                if past.at.get_untracked() == Some(wanted) {
                    break;
                }
                match client.document(&id, Some(wanted)).await {
                    Ok(document) => {
                        if matches!(past.wanted.try_get_untracked(), Some(Some(_))) {
                            desk.recall(document);
                        }
                    }
                    Err(problem) => {
                        desk.notices.bad(problem.message);
                        past.wanted.set(past.at.get_untracked());
                        break;
                    }
                }
            }
            past.busy.try_set_value(false);
        });
    }

    /// Lays an older version on the desk.
    fn recall(&self, document: Document) {
        // An answer is one about the design as it is, and so is what is being picked for.
        self.bench.close();
        self.target.set(None);
        self.past.at.set(Some(document.sequence));
        self.may_edit.set(false);
        self.undo.set(None);
        self.redo.set(None);
        let revision = self.shown.with_untracked(|(revision, _)| *revision);
        let design = Arc::new(document.design);
        self.lay(design.clone());
        self.shown.set((revision, design));
    }

    fn return_to_now(&self) {
        if self.past.at.with_untracked(Option::is_none) {
            return;
        }
        self.past.at.set(None);
        if let Some(now) = self.past.live.get_value() {
            self.lay(Arc::new(now.design.clone()));
            self.shown.set((now.revision, Arc::new(now.shown.clone())));
            self.take(now);
        }
    }

    /// Whether the desk holds the past, which nothing changes.
    pub(in crate::panels) fn is_past(&self) -> bool {
        self.past.at.with_untracked(Option::is_some)
    }

    /// Whether this person may change the design, whatever version is shown.
    pub fn may_change(&self) -> bool {
        self.past.at.track();
        self.past.live.with_value(|live| live.as_ref().is_some_and(|live| live.may_edit)) || self.may_edit.get()
    }

    /// Goes back to an older version, as a new edit.
    pub fn restore(&self, sequence: u64) {
        let desk = *self;
        let (client, id) = (self.client.get_value(), self.id.get_value());
        let request = Restore { sequence, tab: Some(self.tab.get_value()) };
        leptos::task::spawn_local(async move {
            match client.restore(&id, &request).await {
                Ok(Landed { .. }) => {
                    desk.look(None);
                    desk.notices.good(format!("Version {sequence} is restored as a new edit. Undo takes it back."));
                }
                Err(problem) => desk.notices.bad(problem.message),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_as_keys() {
        for place in [
            Place::default(),
            Place::at(0),
            Place::at(12),
            Place { design: Some("d1".into()), sequence: None },
            Place { design: Some("d1".into()), sequence: Some(3) },
        ] {
            assert_eq!(Place::of_key(&place.key()), place);
        }
    }
}
