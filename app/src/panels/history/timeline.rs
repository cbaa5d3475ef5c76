//! Edits by author and time, and the slider through them.

use super::past::Place;
use crate::api::history::{Provenance, Stretch};
use crate::panels::use_desk;
use crate::ui::{Avatar, Glyph, Icon, More, ago, now};
use leptos::prelude::*;

#[component]
pub fn Timeline() -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    let open = RwSignal::new(None::<u64>);
    view! {
        <Scrub />
        {move || match past.stretches.get() {
            None if past.fault.with(Option::is_some) => ().into_any(),
            None => view! { <p class="section-note" role="status">"Reading the history…"</p> }.into_any(),
            Some(all) if all.is_empty() => {
                view! {
                    <div class="empty small" data-testid="history-empty">
                        <Icon glyph=Glyph::History size=24 />
                        <p>"No edits yet. Everything that anyone changes here will be listed, and nothing is ever lost."</p>
                    </div>
                }
                    .into_any()
            }
            Some(all) => {
                view! {
                    <ol class="timeline" data-testid="timeline">
                        {all.into_iter().map(|stretch| view! { <Row stretch=stretch open=open /> }).collect_view()}
                    </ol>
                    {past
                        .next
                        .with(Option::is_some)
                        .then(|| view! { <More testid="history-more" on_more=move || past.more(desk) /> })}
                }
                    .into_any()
            }
        }}
    }
    .into_any()
}

/// The slider: drag it, or step by single edits; the model follows.
#[component]
fn Scrub() -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    let at = move || past.wanted.get().unwrap_or_else(|| desk.sequence.get());
    let go = move |sequence: u64| desk.look(Some(sequence));
    let words = move || {
        let at = at();
        let text = past.stretches.with(|all| {
            let stretch = all.iter().flatten().find(|s| (s.first..=s.last).contains(&at))?;
            let edit = stretch.edits.iter().find(|e| e.sequence == at)?;
            Some(format!("{} · {} · {}", stretch.author.name, ago(edit.time, now()), edit.text))
        });
        match text {
            Some(text) => text,
            None if at == 0 => "As it began".to_owned(),
            None => String::new(),
        }
    };
    view! {
        <div class="scrubber" data-testid="scrubber">
            <div class="iso-row">
                <button
                    type="button" class="icon-button small" aria-label="One edit back" title="One edit back"
                    data-testid="scrub-back" disabled=move || at() == 0
                    on:click=move |_| go(past.wanted.get_untracked().unwrap_or(desk.sequence.get_untracked()).saturating_sub(1))
                >
                    <Icon glyph=Glyph::Left size=14 />
                </button>
                <input
                    type="range" min="0" step="1" aria-label="Version" data-testid="scrub"
                    max=move || desk.sequence.get().to_string() prop:value=move || at().to_string()
                    aria-valuetext=move || format!("Version {}. {}", at(), words())
                    on:input=move |e| {
                        if let Ok(sequence) = event_target_value(&e).parse() {
                            go(sequence);
                        }
                    }
                />
                <button
                    type="button" class="icon-button small" aria-label="One edit forward" title="One edit forward"
                    data-testid="scrub-forward" disabled={move || at() >= desk.sequence.get()}
                    on:click=move |_| go(past.wanted.get_untracked().unwrap_or(desk.sequence.get_untracked()) + 1)
                >
                    <Icon glyph=Glyph::Right size=14 />
                </button>
                <span class="mono readout" data-testid="scrub-at">{move || format!("v{}", at())}</span>
            </div>
            <p class="soft scrub-words" title=words>{words}</p>
        </div>
    }
    .into_any()
}

#[component]
fn Row(stretch: Stretch, open: RwSignal<Option<u64>>) -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    let Stretch { author, first, last, until, changes, n_more, provenance, edits, .. } = stretch;
    let is_shown = move || past.at.get().is_some_and(|at| (first..=last).contains(&at));
    let is_open = move || open.get() == Some(first);
    let names = move || {
        past.versions.with(|v| {
            let own = v.iter().flatten().filter(|v| (first..=last).contains(&v.sequence));
            own.map(|v| v.name.clone()).collect::<Vec<_>>()
        })
    };
    let made = provenance.map(|p| match p {
        Provenance::Merge { from } => (Glyph::Merge, format!("Merged {} v{}", from.name, from.sequence)),
        Provenance::Restore { from } => (Glyph::Restore, format!("Restored version {}", from.sequence)),
    });
    let n_edits = edits.len();
    let nothing = changes.is_empty() && made.is_none();
    let edits = StoredValue::new(edits);
    view! {
        <li class="stretch" class:on=is_shown data-testid="stretch" data-last=last>
            <div class="stretch-head">
                <Avatar name=author.name.clone() hue=author.hue small=true />
                <strong class="stretch-author">{author.name.clone()}</strong>
                <span class="soft">{ago(until, now())}</span>
                <span class="grow"></span>
                <button
                    type="button" class="icon-button small reveal" aria-label="Compare with the version before" data-testid="stretch-compare"
                    title="What these edits changed"
                    on:click=move |_| past.compare(Place::at(first - 1), Place::at(last))
                >
                    <Icon glyph=Glyph::Beside size=14 />
                </button>
                <button
                    type="button" class="version-chip mono" data-testid="stretch-look" title="Look at this version"
                    aria-pressed=move || (past.at.get() == Some(last)).to_string() on:click=move |_| desk.look(Some(last))
                >
                    {format!("v{last}")}
                </button>
            </div>
            {move || {
                names()
                    .into_iter()
                    .map(|name| view! { <span class="tag good stretch-name"><Icon glyph=Glyph::Flag size=10 />{name}</span> })
                    .collect_view()
            }}
            {made
                .map(|(glyph, words)| {
                    view! { <p class="stretch-made" data-testid="stretch-made"><Icon glyph=glyph size=14 />{words}</p> }
                })}
            <ul class="stretch-changes">
                {changes.into_iter().map(|text| view! { <li title=text.clone()>{text.clone()}</li> }).collect_view()}
                {(n_more > 0).then(|| view! { <li class="soft">{format!("and {n_more} more")}</li> })}
                {nothing.then(|| view! { <li class="soft">"Changed and put back"</li> })}
            </ul>
            {(n_edits > 1)
                .then(|| {
                    view! {
                        <button
                            type="button" class="link small" data-testid="stretch-open" aria-expanded=move || is_open().to_string()
                            on:click=move |_| open.update(|o| *o = if *o == Some(first) { None } else { Some(first) })
                        >
                            {move || if is_open() { "Hide the edits".into() } else { format!("{n_edits} edits") }}
                        </button>
                    }
                })}
            <Show when=is_open>
                <ol class="edits">
                    {edits
                        .get_value()
                        .into_iter()
                        .map(|edit| {
                            let sequence = edit.sequence;
                            view! {
                                <li>
                                    <button
                                        type="button" class="history-row" class:on=move || past.at.get() == Some(sequence)
                                        title=edit.text.clone() data-testid="edit-look"
                                        on:click=move |_| desk.look(Some(sequence))
                                    >
                                        <span class="mono soft">{format!("v{sequence}")}</span>
                                        <span class="by">{edit.text.clone()}</span>
                                    </button>
                                </li>
                            }
                        })
                        .collect_view()}
                </ol>
            </Show>
        </li>
    }
    .into_any()
}
