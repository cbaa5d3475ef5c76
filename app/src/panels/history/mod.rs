//! The past of the design: who changed what when, any version in the view, named versions, releases, branches, comparison, merge.

mod banner;
mod branches;
mod compare;
mod conflict;
mod dialog;
mod merge;
mod overlay;
mod past;
mod release;
mod release_form;
mod timeline;
mod versions;

pub use banner::Banner;
pub use conflict::{ClashMark, ObjectClash, PropertyClash};
pub use dialog::{BranchDialog, NameDialog};
pub use past::{Past, Tab};

use super::desk::use_desk;
use crate::ui::{Glyph, Icon};
use leptos::prelude::*;

const TABS: &[(Tab, &str, &str)] = &[
    (Tab::Timeline, "Edits", "tab-timeline"),
    (Tab::Versions, "Versions", "tab-versions"),
    (Tab::Releases, "Releases", "tab-releases"),
    (Tab::Branches, "Branches", "tab-branches"),
    (Tab::Compare, "Compare", "tab-compare"),
];

/// The panel, in the place of the properties while it is open.
#[component]
pub fn HistoryPanel() -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    past.load(desk);
    let choose = move |tab: Tab| {
        past.merging.set(None);
        past.tab.set(tab);
    };
    // As tabs are walked with the keyboard.
    let step = move |e: leptos::ev::KeyboardEvent| {
        let now = TABS.iter().position(|(tab, ..)| *tab == past.tab.get_untracked()).unwrap_or(0);
        let next = match e.key().as_str() {
            "ArrowRight" => (now + 1) % TABS.len(),
            "ArrowLeft" => (now + TABS.len() - 1) % TABS.len(),
            _ => return,
        };
        e.prevent_default();
        let (tab, _, testid) = TABS[next];
        choose(tab);
        focus(testid);
    };
    view! {
        <section class="history" aria-label="History" data-testid="history">
            <header class="properties-head">
                <Icon glyph=Glyph::History />
                <h2 class="grow">"History"</h2>
                <button
                    type="button" class="icon-button" aria-label="Close the history" data-testid="history-close"
                    on:click=move |_| desk.toggle_history()
                >
                    <Icon glyph=Glyph::Close />
                </button>
            </header>
            <div class="history-tabs">
                <div class="segmented fill" role="tablist" aria-label="History" on:keydown=step>
                    {TABS
                        .iter()
                        .map(|(tab, label, testid)| {
                            let is = move || past.tab.get() == *tab;
                            view! {
                                <button
                                    type="button" role="tab" data-testid=*testid aria-selected=move || is().to_string()
                                    tabindex=move || if is() { "0" } else { "-1" } on:click=move |_| choose(*tab)
                                >
                                    {*label}
                                </button>
                            }
                        })
                        .collect_view()}
                </div>
            </div>
            {move || {
                past.fault
                    .get()
                    .map(|why| {
                        view! {
                            <div class="callout bad small" role="alert">
                                <Icon glyph=Glyph::Warning size=14 />
                                <div>
                                    {why}<br />
                                    <button type="button" class="button small" on:click=move |_| past.refresh(desk)>
                                        "Try again"
                                    </button>
                                </div>
                            </div>
                        }
                    })
            }}
            <div class="history-body">
                {move || match past.tab.get() {
                    Tab::Timeline => view! { <timeline::Timeline /> }.into_any(),
                    Tab::Versions => view! { <versions::Versions /> }.into_any(),
                    Tab::Releases => view! { <release::ReleaseList /> }.into_any(),
                    Tab::Branches => view! { <branches::BranchList /> }.into_any(),
                    Tab::Compare => view! { <compare::Compare /> }.into_any(),
                }}
            </div>
        </section>
    }
    .into_any()
}

/// Puts the keyboard on a part of the panel.
fn focus(testid: &str) {
    #[cfg(feature = "browser")]
    {
        use wasm_bindgen::JsCast;
        let found = document().query_selector(&format!("[data-testid='{testid}']")).ok().flatten();
        if let Some(element) = found.and_then(|e| e.dyn_into::<leptos::web_sys::HtmlElement>().ok()) {
            // Fails only when it has left the page meanwhile.
            let _ = element.focus();
        }
    }
    #[cfg(not(feature = "browser"))]
    let _ = testid;
}
