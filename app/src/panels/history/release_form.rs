//! What is typed for a release: which version, what is new, who approves; and words to a decision.

use crate::api::release::{ChangeRelease, DraftRelease, Release};
use crate::panels::use_desk;
use crate::ui::{Attempt, Submit};
use leptos::prelude::*;
use std::collections::BTreeSet;

/// Drafts the next revision, or changes one.
#[component]
pub fn Prepare(draft: Option<Release>, done: Callback<()>) -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    // What was offered stays chosen, also when others edit meanwhile.
    let now = desk.sequence.get_untracked();
    let first = draft.as_ref().map_or_else(|| past.at.get_untracked().unwrap_or(now), |d| d.sequence);
    let note = RwSignal::new(draft.as_ref().map(|d| d.note.clone()).unwrap_or_default());
    let sequence = RwSignal::new(first);
    let named = draft.iter().flat_map(|d| &d.approvals).map(|a| a.person.id.clone());
    let people = RwSignal::new(named.collect::<BTreeSet<String>>());
    let attempt = Attempt::default();
    let mut versions = vec![(now, format!("Now, version {now}"))];
    let mut offer = |at: u64, label: String| {
        if !versions.iter().any(|(known, _)| *known == at) {
            versions.push((at, label));
        }
    };
    if let Some(at) = past.at.get_untracked() {
        offer(at, format!("Version {at}, as shown"));
    }
    past.versions.with_untracked(|all| {
        for v in all.iter().flatten() {
            offer(v.sequence, format!("{} (version {})", v.name, v.sequence));
        }
    });
    offer(first, format!("Version {first}"));
    let candidates = past.releases.with_untracked(|r| r.as_ref().map(|r| r.approvers.clone()).unwrap_or_default());
    let id = StoredValue::new(draft.as_ref().map(|d| d.id.clone()));
    let label = if draft.is_some() { "Keep" } else { "Make the draft" };
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let (at, note) = (sequence.get_untracked(), note.get_untracked());
        let approvers: Vec<String> = people.get_untracked().into_iter().collect();
        let asked = desk.client.with_value(|client| match id.get_value() {
            None => {
                let request = DraftRelease { sequence: Some(at), note, approvers };
                desk.id.with_value(|design| client.draft_release(design, &request))
            }
            Some(id) => {
                let request = ChangeRelease { sequence: Some(at), note: Some(note), approvers: Some(approvers) };
                client.change_release(&id, &request)
            }
        });
        attempt.send(asked, move |_| {
            past.refresh(desk);
            // The panel may have been left, or drawn anew, meanwhile.
            let _ = done.try_run(());
        });
    };
    let fault = move |field: &'static str| {
        attempt.problem.get().filter(|p| p.field.as_deref() == Some(field)).map(|p| p.message)
    };
    view! {
        <form class="release-form" on:submit=submit novalidate data-testid="release-form">
            <label class="label" for="release-version">"Version"</label>
            <select
                id="release-version" class="input" data-testid="release-version"
                on:change=move |e| {
                    if let Ok(at) = event_target_value(&e).parse() {
                        sequence.set(at);
                    }
                }
            >
                {versions
                    .into_iter()
                    .map(|(at, label)| view! { <option value=at.to_string() selected={at == first}>{label}</option> })
                    .collect_view()}
            </select>
            <label class="label" for="release-note">"What is new"</label>
            <textarea
                id="release-note" class="input" rows="2" data-testid="release-note" prop:value=move || note.get()
                on:input=move |e| note.set(event_target_value(&e))
            ></textarea>
            <p class="note bad-text">{move || fault("note")}</p>
            <fieldset class="release-people">
                <legend class="label">"Approved by all of"</legend>
                {if candidates.is_empty() {
                    view! {
                        <p class="soft">"Nobody else may decide about this design. Ask an owner to add a reviewer to the project."</p>
                    }
                        .into_any()
                } else {
                    candidates
                        .into_iter()
                        .map(|p| {
                            let (own, chosen) = (p.id.clone(), p.id);
                            view! {
                                <label class="check">
                                    <input
                                        type="checkbox" data-testid="release-approver"
                                        prop:checked=move || people.with(|all| all.contains(&own))
                                        on:change=move |e| {
                                            let is_on = event_target_checked(&e);
                                            people.update(|all| {
                                                if is_on { all.insert(chosen.clone()) } else { all.remove(&chosen) };
                                            });
                                        }
                                    />
                                    <span>{p.name}</span>
                                </label>
                            }
                        })
                        .collect_view()
                        .into_any()
                }}
                <p class="note bad-text">{move || fault("approvers")}</p>
            </fieldset>
            <Submit label=label attempt=attempt testid="release-draft" />
            <button type="button" class="button small" on:click=move |_| done.run(())>"Cancel"</button>
        </form>
    }
    .into_any()
}

/// Words to a step, and the step.
#[component]
pub fn Say(
    label: &'static str,
    action: &'static str,
    needed: bool,
    busy: RwSignal<bool>,
    said: Callback<String>,
    cancel: Callback<()>,
) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        said.run(text.get_untracked().trim().to_owned());
    };
    let is_ready = move || !busy.get() && (!needed || text.with(|t| !t.trim().is_empty()));
    let node = NodeRef::<leptos::html::Textarea>::new();
    Effect::new(move |_| {
        if let Some(node) = node.get() {
            // Fails only when it has left the page meanwhile.
            let _ = node.focus();
        }
    });
    let on_key = move |e: leptos::ev::KeyboardEvent| match e.key().as_str() {
        "Escape" => {
            e.stop_propagation();
            cancel.run(());
        }
        "Enter" if e.ctrl_key() || e.meta_key() => {
            e.prevent_default();
            if is_ready() {
                said.run(text.get_untracked().trim().to_owned());
            }
        }
        _ => {}
    };
    view! {
        <form class="release-form" on:submit=submit novalidate>
            <label class="label" for="release-words">{if needed { label.to_owned() } else { format!("{label} (optional)") }}</label>
            <textarea
                id="release-words" class="input" rows="2" data-testid="release-words" node_ref=node prop:value=move || text.get()
                on:input=move |e| text.set(event_target_value(&e)) on:keydown=on_key
            ></textarea>
            <div class="button-row">
                <button type="submit" class="button small primary" data-testid="release-say" disabled=move || !is_ready()>
                    {action}
                </button>
                <button type="button" class="button small" on:click=move |_| cancel.run(())>"Cancel"</button>
            </div>
        </form>
    }
    .into_any()
}
