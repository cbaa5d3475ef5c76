//! Notices in the corner: what just happened, and what to do about it.

use super::icon::{Glyph, Icon};
use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Info,
    Good,
    Bad,
}

/// One notice, with actions that close it.
#[derive(Clone)]
pub struct Notice {
    pub id: u64,
    pub tone: Tone,
    pub text: String,
    pub actions: Vec<(String, Callback<()>)>,
}

/// The page's notices.
#[derive(Clone, Copy)]
pub struct Notices {
    list: RwSignal<Vec<Notice>>,
    next: StoredValue<u64>,
}

/// Notices without a question leave by themselves after this long.
const SHOWN_SECS: u64 = 6;

impl Notices {
    pub fn say(&self, tone: Tone, text: impl Into<String>) {
        let id = self.push(tone, text.into(), Vec::new());
        let list = self.list;
        if cfg!(feature = "browser") {
            set_timeout(
                move || {
                    // The page may be gone by then.
                    let _ = list.try_update(|l| l.retain(|n| n.id != id));
                },
                std::time::Duration::from_secs(SHOWN_SECS),
            );
        }
    }

    pub fn good(&self, text: impl Into<String>) {
        self.say(Tone::Good, text);
    }

    pub fn bad(&self, text: impl Into<String>) {
        self.say(Tone::Bad, text);
    }

    /// Stays until one of `actions` is chosen.
    pub fn ask(&self, text: impl Into<String>, actions: Vec<(String, Callback<()>)>) {
        self.push(Tone::Bad, text.into(), actions);
    }

    fn push(&self, tone: Tone, text: String, actions: Vec<(String, Callback<()>)>) -> u64 {
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        self.list.update(|l| {
            // The same words twice in a row help nobody.
            l.retain(|n| n.text != text || !n.actions.is_empty());
            l.push(Notice { id, tone, text, actions });
        });
        id
    }
}

pub fn provide_notices() {
    provide_context(Notices { list: RwSignal::new(Vec::new()), next: StoredValue::new(1) });
}

pub fn use_notices() -> Notices {
    use_context().unwrap_or_else(|| Notices { list: RwSignal::new(Vec::new()), next: StoredValue::new(1) })
}

/// Draws the notices. Once per page.
#[component]
pub fn Toasts() -> impl IntoView {
    let list = use_notices().list;
    view! {
        <div class="toasts" role="status" aria-live="polite" data-testid="toasts">
            <For each=move || list.get() key=|n| n.id let:notice>
                {
                    let id = notice.id;
                    let close = move || list.update(|l| l.retain(|n| n.id != id));
                    let (class, glyph) = match notice.tone {
                        Tone::Info => ("toast", Glyph::Info),
                        Tone::Good => ("toast good", Glyph::Check),
                        Tone::Bad => ("toast bad", Glyph::Warning),
                    };
                    view! {
                        <div class=class>
                            <Icon glyph=glyph />
                            <p>{notice.text.clone()}</p>
                            {notice
                                .actions
                                .iter()
                                .cloned()
                                .map(|(label, action)| {
                                    view! {
                                        <button
                                            type="button" class="button small"
                                            on:click=move |_| {
                                                close();
                                                action.run(());
                                            }
                                        >
                                            {label}
                                        </button>
                                    }
                                })
                                .collect_view()}
                            <button type="button" class="icon-button small" aria-label="Dismiss" on:click=move |_| close()>
                                <Icon glyph=Glyph::Close size=12 />
                            </button>
                        </div>
                    }
                }
            </For>
        </div>
    }
    .into_any()
}
