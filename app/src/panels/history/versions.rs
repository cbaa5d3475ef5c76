//! Named versions.

use super::past::Place;
use crate::panels::use_desk;
use crate::ui::{Avatar, Glyph, Icon, day};
use leptos::prelude::*;

#[component]
pub fn Versions() -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    view! {
        <Show when=move || desk.may_change()>
            <div class="history-actions">
                <button
                    type="button" class="button small" data-testid="name-now" on:click=move |_| past.ask(past.naming, past.at.get())
                >
                    <Icon glyph=Glyph::Flag size=14 />
                    {move || past.at.get().map_or("Name this version".into(), |at| format!("Name version {at}"))}
                </button>
            </div>
        </Show>
        {move || match past.versions.get() {
            None if past.fault.with(Option::is_some) => ().into_any(),
            None => view! { <p class="section-note" role="status">"Reading the versions…"</p> }.into_any(),
            Some(all) if all.is_empty() => {
                view! {
                    <div class="empty small" data-testid="versions-empty">
                        <Icon glyph=Glyph::Flag size=24 />
                        <p>
                            "No named versions yet. Name one before it goes to a supplier or into a review: the name stands \
                             for exactly that version for good."
                        </p>
                    </div>
                }
                    .into_any()
            }
            Some(all) => {
                view! {
                    <ol class="timeline" data-testid="versions">
                        {all
                            .into_iter()
                            .map(|v| {
                                let sequence = v.sequence;
                                view! {
                                    <li class="stretch" class:on=move || past.at.get() == Some(sequence) data-testid="version-row">
                                        <div class="stretch-head">
                                            <Icon glyph=Glyph::Flag size=14 />
                                            <strong class="stretch-author">{v.name.clone()}</strong>
                                            <span class="grow"></span>
                                            <button
                                                type="button" class="icon-button small reveal" aria-label="Compare with now"
                                                title="Compare with now" data-testid="version-compare"
                                                on:click=move |_| past.compare(Place::at(sequence), Place::default())
                                            >
                                                <Icon glyph=Glyph::Beside size=14 />
                                            </button>
                                            <button
                                                type="button" class="version-chip mono" title="Look at this version" data-testid="version-look"
                                                aria-pressed=move || (past.at.get() == Some(sequence)).to_string()
                                                on:click=move |_| desk.look(Some(sequence))
                                            >
                                                {format!("v{sequence}")}
                                            </button>
                                        </div>
                                        {(!v.note.is_empty()).then(|| view! { <p class="version-note">{v.note.clone()}</p> })}
                                        <p class="soft version-by">
                                            <Avatar name=v.author.name.clone() hue=v.author.hue small=true />
                                            {format!("{} · {}", v.author.name, day(v.time))}
                                        </p>
                                    </li>
                                }
                            })
                            .collect_view()}
                    </ol>
                }
                    .into_any()
            }
        }}
    }
    .into_any()
}
