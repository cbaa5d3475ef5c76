//! A row of the tree.

use super::Line;
use crate::panels::choose::faces_of_feature;
use crate::panels::history::ClashMark;
use crate::panels::requirement::VerdictTag;
use crate::panels::use_desk;
use crate::ui::{Avatar, Glyph, Icon};
use leptos::{ev, html, prelude::*};
use solver::design::{Command, Id, Severity};
use std::collections::BTreeSet;

/// Where a dragged row would land.
#[derive(Clone, Debug, PartialEq)]
pub enum Drop {
    Before(Id),
    Into(Id),
    End,
}

/// Names the row as what is being dragged: some browsers start no drag without data.
fn carry(e: &ev::DragEvent, id: &Id) {
    #[cfg(feature = "browser")]
    if let Some(transfer) = e.data_transfer() {
        // Refused only outside of a drag's start.
        let _ = transfer.set_data("text/plain", &id.0);
    }
    #[cfg(not(feature = "browser"))]
    let _ = (e, id);
}

#[component]
pub fn Row(
    line: Line,
    folded: RwSignal<BTreeSet<Id>>,
    dragged: RwSignal<Option<Id>>,
    over: RwSignal<Option<Drop>>,
) -> impl IntoView {
    let desk = use_desk();
    let id = StoredValue::new(line.id.clone());
    let is_group = line.kind == "group";
    let is_requirement = line.kind == solver::requirement::KIND;
    let is_folded = line.folded;
    let name = Memo::new(move |_| {
        id.with_value(|id| desk.design.with(|d| d.get(id).map(|o| o.name.clone()).unwrap_or_default()))
    });
    let suppressed =
        Memo::new(move |_| id.with_value(|id| desk.design.with(|d| d.get(id).is_some_and(|o| o.suppressed))));
    let selected = Memo::new(move |_| id.with_value(|id| desk.selected.with(|s| s.as_ref() == Some(id))));
    let hidden = Memo::new(move |_| id.with_value(|id| desk.hidden.with(|h| h.contains(&id.0))));
    let beyond = Memo::new(move |_| id.with_value(|id| desk.is_beyond(id)));
    let issue = Memo::new(move |_| {
        let issues = id.with_value(|id| desk.issues_of(id));
        let worst = issues.iter().map(|i| i.severity).min()?;
        Some((worst, issues.iter().map(|i| i.message.clone()).collect::<Vec<_>>().join("\n")))
    });
    let is_field = Memo::new(move |_| {
        id.with_value(|id| {
            desk.scene.with(|s| {
                s.as_ref().is_some_and(|s| {
                    s.bodies
                        .iter()
                        .any(|b| b.name == id.0 && b.representation == solver::surface::Representation::Field)
                })
            })
        })
    });
    let watchers = Memo::new(move |_| {
        id.with_value(|id| {
            desk.peers.with(|p| {
                p.iter()
                    .filter(|p| p.presence.object.as_deref() == Some(id.0.as_str()))
                    .map(|p| (p.name.clone(), p.hue))
                    .collect::<Vec<_>>()
            })
        })
    });
    let renaming = RwSignal::new(false);
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if renaming.get()
            && let Some(input) = input.get()
        {
            // Focus fails only for an element that is not shown.
            let _ = input.focus();
            input.select();
        }
    });
    let finish = move |keep: bool| {
        if !renaming.get_untracked() {
            return;
        }
        if keep && let Some(input) = input.get_untracked() {
            let new = input.value().trim().to_string();
            if !new.is_empty() && new != name.get_untracked() {
                desk.commit(Command::Rename { id: id.get_value(), name: new });
            }
        }
        renaming.set(false);
    };
    let light = move |on: bool| {
        let picks = if on {
            id.with_value(|id| faces_of_feature(id, desk.scene.get_untracked().as_deref()))
        } else {
            Vec::new()
        };
        if desk.highlight.with_untracked(|h| *h != picks) {
            desk.highlight.set(picks);
        }
    };
    let toggle_fold = move |e: ev::MouseEvent| {
        e.stop_propagation();
        folded.update(|f| {
            let id = id.get_value();
            if !f.remove(&id) {
                f.insert(id);
            }
        });
    };
    let glyph = Glyph::of_kind(&line.kind);
    let over_here = move || {
        over.with(|o| match o {
            Some(Drop::Before(at)) if id.with_value(|id| id == at) => "tree-row-slot before",
            Some(Drop::Into(at)) if id.with_value(|id| id == at) => "tree-row-slot into",
            _ => "tree-row-slot",
        })
    };
    view! {
        <div class=over_here>
            <div
                class="tree-row" role="treeitem" tabindex="0" class:selected=move || selected.get()
                class:suppressed=move || suppressed.get() class:beyond=move || beyond.get() aria-selected=move || selected.get().to_string()
                style=format!("--depth:{}", line.depth) data-testid="tree-row" data-object=line.id.0.clone()
                data-kind=line.kind.clone() draggable=move || (desk.may_edit.get() && !renaming.get()).to_string()
                on:click=move |_| desk.selected.set(Some(id.get_value()))
                on:dblclick=move |_| renaming.set(desk.may_edit.get_untracked())
                on:keydown=move |e: ev::KeyboardEvent| {
                    match e.key().as_str() {
                        "F2" => renaming.set(desk.may_edit.get_untracked()),
                        "Enter" | " " if !renaming.get_untracked() => {
                            e.prevent_default();
                            desk.selected.set(Some(id.get_value()));
                        }
                        _ => {}
                    }
                }
                on:mouseenter=move |_| light(true)
                on:mouseleave=move |_| light(false)
                on:dragstart=move |e| {
                    carry(&e, &id.get_value());
                    dragged.set(Some(id.get_value()));
                }
                on:dragend=move |_| {
                    dragged.set(None);
                    over.set(None);
                }
                on:dragover=move |e| {
                    if dragged.with_untracked(Option::is_none) {
                        return;
                    }
                    e.prevent_default();
                    e.stop_propagation();
                    let lower = e.offset_y() > 10;
                    let to = if is_group && lower { Drop::Into(id.get_value()) } else { Drop::Before(id.get_value()) };
                    if over.get_untracked().as_ref() != Some(&to) {
                        over.set(Some(to));
                    }
                }
            >
                {if is_group {
                    view! {
                        <button
                            type="button" class="fold" aria-label="Fold" aria-expanded=(!is_folded).to_string()
                            on:click=toggle_fold
                        >
                            <Icon glyph=if is_folded { Glyph::Right } else { Glyph::Down } size=12 />
                        </button>
                    }
                        .into_any()
                } else {
                    ().into_any()
                }}
                <Icon glyph=glyph />
                <Show
                    when=move || renaming.get()
                    fallback=move || view! { <span class="tree-name">{move || name.get()}</span> }
                >
                    <input
                        node_ref=input class="input" aria-label="Name" prop:value=name.get_untracked()
                        on:blur=move |_| finish(true) on:click=|e| e.stop_propagation()
                        on:keydown=move |e: ev::KeyboardEvent| {
                            e.stop_propagation();
                            match e.key().as_str() {
                                "Enter" => finish(true),
                                "Escape" => finish(false),
                                _ => {}
                            }
                        }
                    />
                </Show>
                <span class="grow"></span>
                {is_requirement.then(|| view! { <VerdictTag id=id.get_value() /> })}
                {move || {
                    is_field.get().then(|| view! { <span class="tag" title="Solved as a field: sampled, not exact">"field"</span> })
                }}
                {move || {
                    watchers
                        .get()
                        .into_iter()
                        .map(|(name, hue)| view! { <Avatar name=name hue=hue small=true /> })
                        .collect_view()
                }}
                <ClashMark id=Signal::derive(move || id.get_value()) />
                {move || {
                    issue
                        .get()
                        .map(|(severity, text)| {
                            let bad = severity == Severity::Error;
                            view! {
                                <span
                                    class="issue" class:bad=bad title=text.clone() data-testid="issue" role="img"
                                    aria-label=text
                                >
                                    <Icon glyph=if bad { Glyph::Error } else { Glyph::Warning } size=14 />
                                </span>
                            }
                        })
                }}
                <button
                    type="button" class="icon-button small" class:reveal=move || !suppressed.get() && !hidden.get()
                    tabindex="-1" disabled=move || !desk.may_edit.get()
                    aria-label=move || if suppressed.get() { "Use again" } else { "Leave out (suppress)" }
                    title=move || if suppressed.get() { "Use again" } else { "Leave out (suppress)" }
                    on:click=move |e| {
                        e.stop_propagation();
                        desk.commit(Command::Suppress { id: id.get_value(), suppressed: !suppressed.get_untracked() });
                    }
                >
                    {move || view! { <Icon glyph=if suppressed.get() { Glyph::EyeOff } else { Glyph::Eye } size=14 /> }}
                </button>
            </div>
        </div>
    }
    .into_any()
}
