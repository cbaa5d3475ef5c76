//! Over the view: that it shows the past, and the ways on from there.

use crate::panels::use_desk;
use crate::ui::{Glyph, Icon, ago, now};
use leptos::prelude::*;

#[component]
pub fn Banner() -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    let words = move |at: u64| {
        let name = past.versions.with(|v| v.iter().flatten().find(|v| v.sequence == at).map(|v| v.name.clone()));
        let edit = past.stretches.with(|all| {
            let stretch = all.iter().flatten().find(|s| (s.first..=s.last).contains(&at))?;
            let edit = stretch.edits.iter().find(|e| e.sequence == at)?;
            Some(format!(" · {}, {}", stretch.author.name, ago(edit.time, now())))
        });
        format!("version {at}{}{}", name.map(|n| format!(" “{n}”")).unwrap_or_default(), edit.unwrap_or_default())
    };
    view! {
        {move || {
            past.at
                .get()
                .map(|at| {
                    view! {
                        <div class="float-panel past-banner" role="status" data-testid="past-banner" data-at=at>
                            <Icon glyph=Glyph::History />
                            <span class="past-words">
                                "You are looking at " <strong data-testid="past-version">{move || words(at)}</strong>
                            </span>
                            <span class="button-row">
                                <button
                                    type="button" class="button small primary" data-testid="return-to-now"
                                    on:click=move |_| desk.look(None)
                                >
                                    "Return to now"
                                </button>
                                <Show when=move || desk.may_change()>
                                    <button
                                        type="button" class="button small" data-testid="restore"
                                        title="Make the design as it was then, as a new edit"
                                        on:click=move |_| desk.restore(at)
                                    >
                                        "Restore"
                                    </button>
                                    <button
                                        type="button" class="button small" data-testid="name-it"
                                        on:click=move |_| past.ask(past.naming, Some(at))
                                    >
                                        "Name it"
                                    </button>
                                    <button
                                        type="button" class="button small" data-testid="branch-here"
                                        on:click=move |_| past.ask(past.branching, Some(at))
                                    >
                                        "Branch from here"
                                    </button>
                                </Show>
                            </span>
                        </div>
                    }
                })
        }}
    }
    .into_any()
}
