//! Bringing a branch into the design: what both changed with both values and a choice each, and what will come of it.

use super::compare::Parts;
use super::conflict::Sides;
use super::past::Clash;
use crate::api::Problem;
use crate::api::history::{Branch, Choice, Merge, Preview};
use crate::panels::choose::faces_of_feature;
use crate::panels::{Desk, use_desk};
use crate::ui::{Glyph, Icon};
use leptos::prelude::*;
use solver::design::Id;
use solver::design::merge::{Choices, Conflict};

fn request(branch: &Branch, sequence: Option<u64>, choices: &Choices, tab: Option<String>) -> Merge {
    let choices =
        choices.iter().map(|((object, key), side)| Choice { object: object.clone(), key: key.clone(), side: *side });
    Merge { from: branch.design.clone(), sequence, choices: choices.collect(), tab }
}

/// The conflicts of a merge with the names of both sides.
fn clashes(found: &Preview) -> Vec<Clash> {
    let clash = |c: &Conflict| Clash {
        conflict: Conflict { choice: None, ..c.clone() },
        ours: found.ours.name.clone(),
        theirs: found.theirs.name.clone(),
    };
    found.conflicts.iter().map(clash).collect()
}

#[component]
pub fn MergeView(branch: Branch) -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    let choices = past.choices;
    choices.set(Choices::new());
    let preview = RwSignal::new(None::<Result<Preview, Problem>>);
    let busy = RwSignal::new(false);
    let branch = StoredValue::new(branch);
    // What is looked at stays what is merged, also when the branch moves on.
    let sequence = branch.with_value(|b| b.sequence);
    Effect::new(move |_| {
        desk.sequence.track();
        let chosen = choices.get();
        let (client, id) = (desk.client.get_value(), desk.id.get_value());
        let request = branch.with_value(|b| request(b, Some(sequence), &chosen, None));
        leptos::task::spawn_local(async move {
            let answer = client.preview_merge(&id, &request).await;
            // The merge may have been left meanwhile, or another choice been made.
            if preview.is_disposed() || choices.try_get_untracked().as_ref() != Some(&chosen) {
                return;
            }
            if let Ok(found) = &answer {
                past.conflicted.set(clashes(found));
            }
            preview.set(Some(answer));
        });
    });
    on_cleanup(move || {
        // Gone with the page, these are gone as well.
        let _ = past.conflicted.try_set(Vec::new());
        let _ = choices.try_set(Choices::new());
    });
    let merge = move |_| {
        busy.set(true);
        let (client, id) = (desk.client.get_value(), desk.id.get_value());
        let tab = Some(desk.tab.get_value());
        let request = branch.with_value(|b| request(b, Some(sequence), &choices.get_untracked(), tab));
        let name = branch.with_value(|b| b.name.clone());
        leptos::task::spawn_local(async move {
            match client.merge(&id, &request).await {
                Ok(_) => {
                    past.merging.set(None);
                    desk.notices.good(format!("{name} is merged. Undo takes it back."));
                }
                Err(problem) => desk.notices.bad(problem.message),
            }
            let _ = busy.try_set(false);
        });
    };
    let n_open = move || {
        let open = |p: &Preview| {
            p.conflicts
                .iter()
                .filter(|c| choices.with(|all| !all.contains_key(&(c.object.clone(), c.key.clone()))))
                .count()
        };
        preview.with(|p| p.as_ref().and_then(|p| p.as_ref().ok()).map(open))
    };
    let name = branch.with_value(|b| b.name.clone());
    view! {
        <div class="merge" data-testid="merge">
            <header class="merge-head">
                <button
                    type="button" class="icon-button small" aria-label="Back to the branches" data-testid="merge-back"
                    on:click=move |_| past.merging.set(None)
                >
                    <Icon glyph=Glyph::Left size=14 />
                </button>
                <p>"Merge " <strong>{name.clone()}</strong> {format!(" v{sequence} into this design")}</p>
            </header>
            {move || match preview.get() {
                None => view! { <p class="section-note" role="status">"Comparing the branches…"</p> }.into_any(),
                Some(Err(problem)) => {
                    view! {
                        <div class="callout bad small" role="alert" data-testid="merge-fault">
                            <Icon glyph=Glyph::Warning size=14 /><div>{problem.message}</div>
                        </div>
                    }
                        .into_any()
                }
                Some(Ok(found)) => view! { <Found desk=desk found=found /> }.into_any(),
            }}
            <footer class="merge-foot">
                <span class="soft" role="status">
                    {move || match n_open() {
                        Some(0) | None => String::new(),
                        Some(1) => "1 choice to make".into(),
                        Some(n) => format!("{n} choices to make"),
                    }}
                </span>
                <button
                    type="button" class="button primary" data-testid="merge-now"
                    disabled=move || busy.get() || n_open() != Some(0) on:click=merge
                >
                    <Icon glyph=Glyph::Merge size=14 />
                    {move || if busy.get() { "Merging…" } else { "Merge" }}
                </button>
            </footer>
        </div>
    }
    .into_any()
}

#[component]
fn Found(desk: Desk, found: Preview) -> impl IntoView {
    let clashes = clashes(&found);
    let Preview { notes, issues, parts, .. } = found;
    let n: usize = parts.iter().map(|p| p.lines.len()).sum();
    let called =
        move |id: &Id| desk.design.with_untracked(|d| d.get(id).map_or_else(|| id.to_string(), |o| o.name.clone()));
    let noted: Vec<_> = notes.iter().map(|n| (called(&n.object), n.text.clone())).collect();
    let wrong: Vec<_> = issues.iter().map(|i| (called(&i.object), i.message.clone())).collect();
    let list = |title: &'static str, testid: &'static str, all: Vec<(String, String)>| {
        (!all.is_empty()).then(|| {
            let rows = all.into_iter().map(|(name, text)| view! { <li><strong>{name}</strong>" "{text}</li> }).collect_view();
            view! { <section class="compare-part" data-testid=testid><h3>{title}</h3><ul class="plain">{rows}</ul></section> }
        })
    };
    let n_conflicts = clashes.len();
    let rows: Vec<_> = clashes.into_iter().map(|clash| view! { <ConflictRow desk=desk clash=clash /> }).collect();
    view! {
        {(n_conflicts > 0)
            .then(|| {
                view! {
                    <section class="compare-part">
                        <h3>"Changed on both"<span class="count">{n_conflicts}</span></h3>
                        <ul class="conflicts" data-testid="conflicts">{rows}</ul>
                    </section>
                }
            })}
        {list("Afterwards something is wrong", "merge-issues", wrong)}
        {list("Settled by itself", "merge-notes", noted)}
        <p class="compare-count soft" data-testid="merge-count" data-changes=n>
            {match n {
                0 => "Nothing here would change.".to_owned(),
                1 => "1 change would come in:".to_owned(),
                n => format!("{n} changes would come in:"),
            }}
        </p>
        <Parts parts=parts />
    }
    .into_any()
}

#[component]
fn ConflictRow(desk: Desk, clash: Clash) -> impl IntoView {
    let Conflict { object, key, name, label, base, .. } = clash.conflict.clone();
    let choices = desk.past.choices;
    let at = StoredValue::new((object.clone(), key));
    let settled = move || at.with_value(|at| choices.with(|all| all.contains_key(at)));
    let show = {
        let object = object.clone();
        move |_| {
            if desk.design.with_untracked(|d| d.get(&object).is_some()) {
                desk.selected.set(Some(object.clone()));
            }
        }
    };
    let lit = move |on: bool| {
        let faces =
            if on { desk.scene.with_untracked(|s| faces_of_feature(&object, s.as_deref())) } else { Vec::new() };
        desk.highlight.set(faces);
    };
    let unlit = lit.clone();
    view! {
        <li
            class="conflict" class:settled=settled data-testid="conflict" on:mouseenter=move |_| lit(true)
            on:mouseleave=move |_| unlit(false)
        >
            <p class="conflict-head">
                <button type="button" class="link compare-name" title="Select it in the tree" on:click=show>{name}</button>
                <span>{format!(" · {label}")}</span>
                <span class="grow"></span>
                <span class="soft" title="Before either changed it">{format!("was {base}")}</span>
            </p>
            <Sides clash=clash />
        </li>
    }
    .into_any()
}
