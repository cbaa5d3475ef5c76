//! Comments on a design: threads, where they are pinned, who is told.

mod bell;
mod composer;
mod panel;
mod pin;

pub use bell::Bell;
pub use panel::TalkPanel;
pub use pin::{TalkPins, anchors};

use crate::api::Problem;
use crate::api::comment::{Anchor, Comment, Say, Talk};
use crate::api::share::GuestSay;
use crate::panels::Desk;
use crate::studies::Aim;
use crate::ui::{Glyph, Icon};
use crate::viewport::{Pick, ViewCommand};
use leptos::prelude::*;
use solver::surface::FaceName;

/// The state of the comments in an editor. Copies are handles on the same state.
#[derive(Clone, Copy)]
pub struct Talking {
    /// The panel is open.
    pub open: RwSignal<bool>,
    /// As the server gave them last; `None` until it has.
    pub talk: RwSignal<Option<Talk>>,
    /// Why the server did not give them the last time.
    pub fault: RwSignal<Option<Problem>>,
    /// Where the thread being begun is pinned; `None` while none is.
    pub draft: RwSignal<Option<Anchor>>,
    /// The thread that is read.
    pub thread: RwSignal<Option<String>>,
    /// Settled threads are listed too.
    pub settled: RwSignal<bool>,
    /// Counts what the room has told of comments.
    pub heard: RwSignal<u32>,
    /// The link of someone without an account; `None` for the team.
    pub link: StoredValue<Option<String>>,
    /// What a guest calls themselves, where their link does not say it.
    pub name: RwSignal<Option<String>>,
    /// Their link is for anyone, so that they say it themselves.
    pub asks_name: StoredValue<bool>,
    /// Counts the questions to the server, so that an older answer is dropped.
    asked: StoredValue<u32>,
}

/// A thread: its first comment and the answers, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Thread {
    pub first: Comment,
    pub answers: Vec<Comment>,
}

/// The threads of a design, the newest first.
pub fn threads(talk: &Talk) -> Vec<Thread> {
    let mut out: Vec<Thread> = Vec::new();
    for comment in &talk.comments {
        match &comment.thread {
            None => out.push(Thread { first: comment.clone(), answers: Vec::new() }),
            Some(thread) => {
                if let Some(of) = out.iter_mut().find(|t| t.first.id == *thread) {
                    of.answers.push(comment.clone());
                }
            }
        }
    }
    out.reverse();
    out
}

impl Default for Talking {
    fn default() -> Self {
        Self::new()
    }
}

impl Talking {
    pub fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            talk: RwSignal::new(None),
            fault: RwSignal::new(None),
            draft: RwSignal::new(None),
            thread: RwSignal::new(None),
            settled: RwSignal::new(false),
            heard: RwSignal::new(0),
            link: StoredValue::new(None),
            name: RwSignal::new(None),
            asks_name: StoredValue::new(false),
            asked: StoredValue::new(0),
        }
    }

    /// Number of threads that are not settled.
    pub fn n_open(&self) -> usize {
        self.talk
            .with(|t| t.iter().flat_map(|t| &t.comments).filter(|c| c.thread.is_none() && c.resolved.is_none()).count())
    }

    pub fn may_comment(&self) -> bool {
        self.talk.with(|t| t.as_ref().is_some_and(|t| t.may_comment))
    }

    /// Whether this is a guest, who may only begin threads and answer.
    pub fn is_guest(&self) -> bool {
        self.link.with_value(Option::is_some)
    }

    /// Sends a comment, by the door that its author has.
    pub async fn say(self, desk: Desk, say: Say) -> Result<Comment, Problem> {
        let client = desk.client.get_value();
        match self.link.get_value() {
            None => client.comment(&desk.id.get_value(), &say).await,
            Some(token) => {
                let Say { text, thread, anchor, .. } = say;
                // Objects are the team's; a guest knows faces.
                let anchor = anchor.map(|a| Anchor { object: None, ..a });
                let name = self.name.get_untracked();
                client.say_as_guest(&token, &GuestSay { name, text, thread, anchor }).await
            }
        }
    }

    /// Fetches the comments anew.
    pub fn load(self, desk: Desk) {
        let turn = self.asked.try_update_value(|n| {
            *n += 1;
            *n
        });
        let (client, design, link) = (desk.client.get_value(), desk.id.get_value(), self.link.get_value());
        leptos::task::spawn_local(async move {
            let found = match link {
                None => client.comments(&design).await,
                Some(token) => client.shared_comments(&token).await,
            };
            if self.asked.try_get_value() != turn || desk.is_over() {
                return;
            }
            // Without an answer the last comments stay, and the panel says why.
            match found {
                Ok(talk) => {
                    self.fault.set(None);
                    self.talk.set(Some(talk));
                }
                Err(problem) => self.fault.set(Some(problem)),
            }
        });
    }

    /// Forgets what was said.
    pub fn clear(self) {
        self.talk.set(None);
        self.fault.set(None);
        self.draft.set(None);
        self.thread.set(None);
    }

    /// Opens the panel at a thread.
    pub fn read(self, desk: Desk, thread: &str) {
        self.open.set(true);
        self.draft.set(None);
        self.thread.set(Some(thread.to_owned()));
        let first = self.talk.with_untracked(|t| {
            t.as_ref().and_then(|t| t.comments.iter().find(|c| c.id == thread).and_then(|c| c.anchor.clone()))
        });
        if let Some(anchor) = first {
            look(desk, &anchor);
        }
    }

    /// Begins a thread, pinned to the picked face, else to the selected object, else to the design.
    pub fn begin(self, desk: Desk) {
        let face = desk.picks.with_untracked(|picks| {
            picks.iter().rev().find_map(|p| match p {
                Pick::Face { face, .. } => Some(face.0.clone()),
                _ => None,
            })
        });
        let object = if face.is_none() { desk.selected.get_untracked().map(|id| id.0) } else { None };
        let place = face.as_ref().map(|_| [0.5; 3]);
        self.open.set(true);
        self.thread.set(None);
        self.draft.set(Some(Anchor { object, face, place, camera: desk.camera.get_untracked() }));
    }

    /// Pins the thread being begun to a place on a face.
    pub fn pin(self, desk: Desk, face: &FaceName, at: [f64; 3]) {
        let place = desk.scene.with_untracked(|s| pin::place(s.as_deref(), face, at));
        let camera = desk.camera.get_untracked();
        self.draft.set(Some(Anchor { object: None, face: Some(face.0.clone()), place, camera }));
        desk.bench.aim.set(None);
    }
}

impl Desk {
    /// Opens or closes the comments, in the place of the history.
    pub fn toggle_talk(&self) {
        self.talking.toggle();
        if self.talking.open.get_untracked() && self.past.open.get_untracked() {
            self.toggle_history();
        }
    }
}

/// Looks at where a thread is pinned, from where its author looked.
fn look(desk: Desk, anchor: &Anchor) {
    if let Some(camera) = anchor.camera {
        desk.steered();
        desk.view(ViewCommand::Camera(camera));
    }
    if let Some(object) = &anchor.object
        && desk.design.with_untracked(|d| d.get(&object.as_str().into()).is_some())
    {
        desk.selected.set(Some(object.as_str().into()));
    }
}

/// Fetches the comments when the editor opens; a thread named in the address is read.
pub fn open(desk: Desk, wanted: Option<String>) {
    let talking = desk.talking;
    // Not while the server draws the frame.
    Effect::new(move |_| talking.load(desk));
    if let Some(thread) = wanted {
        talking.open.set(true);
        talking.thread.set(Some(thread.clone()));
        // The camera goes there once both the comment and the picture are here.
        let ready = Memo::new(move |_| talking.talk.with(Option::is_some) && desk.scene.with(Option::is_some));
        Effect::new(move |done: Option<bool>| {
            if done == Some(true) || !ready.get() {
                return done.unwrap_or(false);
            }
            talking.read(desk, &thread);
            true
        });
    }
}

/// Opens and closes the panel; says how many threads are open.
#[component]
pub fn TalkButton() -> impl IntoView {
    let desk = crate::panels::use_desk();
    let talking = desk.talking;
    let count = Memo::new(move |_| talking.n_open());
    view! {
        <button
            type="button" class="icon-button talk-button" class:on=move || talking.open.get() data-testid="talk"
            title="Comments (C)" aria-label=move || format!("Comments, {} open", count.get())
            aria-pressed=move || talking.open.get().to_string() on:click=move |_| desk.toggle_talk()
        >
            <Icon glyph=Glyph::Talk />
            {move || (count.get() > 0).then(|| view! { <span class="badge" data-testid="talk-count">{count.get()}</span> })}
        </button>
    }
    .into_any()
}

impl Talking {
    pub fn toggle(self) {
        self.open.update(|o| *o = !*o);
        if !self.open.get_untracked() {
            self.draft.set(None);
        }
    }

    /// Whether a click in the view is to place a pin.
    pub fn is_aiming(self, desk: Desk) -> bool {
        desk.bench.aim.get() == Some(Aim::Comment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comment(id: &str, thread: Option<&str>, resolved: bool) -> Comment {
        Comment {
            id: id.into(),
            thread: thread.map(Into::into),
            author: "a".into(),
            author_name: "Ada".into(),
            guest: None,
            by_guest: false,
            hue: 0,
            created: 0,
            changed: None,
            text: id.into(),
            removed: false,
            anchor: None,
            sequence: None,
            resolved: resolved.then(|| crate::api::comment::Resolved { by_name: "Bo".into(), time: 1 }),
        }
    }

    #[test]
    fn answers_stand_in_their_thread_and_the_newest_thread_first() {
        let comments = vec![
            comment("a", None, true),
            comment("b", None, false),
            comment("a1", Some("a"), false),
            comment("b1", Some("b"), false),
            comment("a2", Some("a"), false),
            comment("lost", Some("gone"), false),
        ];
        let found = threads(&Talk { comments, may_comment: true });
        let ids = |t: &Thread| t.answers.iter().map(|c| c.id.clone()).collect::<Vec<_>>();
        assert_eq!(found.iter().map(|t| t.first.id.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!((ids(&found[0]), ids(&found[1])), (vec!["b1".to_string()], vec!["a1".into(), "a2".into()]));
    }
}
