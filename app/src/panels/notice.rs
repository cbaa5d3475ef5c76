//! Edits that did not go through: both values, and what to do.

use super::desk::use_desk;
use crate::doc::{Choice, Notice};
use crate::ui::{Glyph, Icon};
use leptos::prelude::*;

#[component]
pub fn EditNotices() -> impl IntoView {
    let desk = use_desk();
    view! {
        <div class="edit-notices" role="region" aria-label="Edits that need an answer" data-testid="edit-notices">
            <For each=move || desk.edit_notices.get() key=|n| n.id let:notice>
                <Card notice=notice />
            </For>
        </div>
    }
    .into_any()
}

#[component]
fn Card(notice: Notice) -> impl IntoView {
    let desk = use_desk();
    let id = notice.id;
    let answer = move |choice| move |_| desk.answer(id, choice);
    match notice.conflict {
        Some(c) => view! {
            <div class="edit-notice" role="alert" data-testid="conflict">
                <header><Icon glyph=Glyph::Warning /><strong>{notice.title}</strong></header>
                <p>{notice.message}</p>
                <dl class="facts compact">
                    <dt>{format!("{}'s value", c.by)}</dt><dd class="mono">{c.theirs}</dd>
                    <dt>"Your value"</dt><dd class="mono">{c.yours}</dd>
                </dl>
                <div class="dialog-foot">
                    <button
                        type="button" class="button small" data-testid="take-theirs"
                        on:click=answer(Choice::TakeTheirs)
                    >
                        "Take theirs"
                    </button>
                    <button
                        type="button" class="button small primary" data-testid="keep-mine"
                        on:click=answer(Choice::KeepMine)
                    >
                        "Keep mine"
                    </button>
                </div>
            </div>
        }
        .into_any(),
        None => view! {
            <div class="edit-notice" role="alert" data-testid="refused-edit">
                <header><Icon glyph=Glyph::Warning /><strong>{notice.title}</strong></header>
                <p>{notice.message}</p>
                <div class="dialog-foot">
                    <button type="button" class="button small" on:click=answer(Choice::Dismiss)>"Dismiss"</button>
                </div>
            </div>
        }
        .into_any(),
    }
}
