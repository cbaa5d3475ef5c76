//! The branches of the design's family: where this one came from, the others, and what they have that this one has not.

use super::merge::MergeView;
use super::past::Place;
use crate::api::design::DesignState;
use crate::api::history::Branch;
use crate::panels::use_desk;
use crate::ui::{Glyph, Icon, ago, now};
use leptos::prelude::*;
use leptos_router::components::A;

fn edits(n: u64) -> String {
    if n == 1 { "1 edit".into() } else { format!("{n} edits") }
}

/// How far two branches are apart, as seen from this design.
fn distance(ahead: u64, behind: u64) -> String {
    match (ahead, behind) {
        (0, 0) => "same edits as here".into(),
        (ahead, 0) => format!("{} not here", edits(ahead)),
        (0, behind) => format!("{} of here not there", edits(behind)),
        (ahead, behind) => format!("{} not here, {} of here not there", edits(ahead), edits(behind)),
    }
}

#[component]
pub fn BranchList() -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    view! {
        {move || match past.merging.get() {
            Some(branch) => view! { <MergeView branch=branch /> }.into_any(),
            None => view! { <All /> }.into_any(),
        }}
    }
    .into_any()
}

#[component]
fn All() -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    let origin = move || {
        let branches = past.branches.get()?;
        let when = branches.branched.map(|t| ago(t, now())).unwrap_or_default();
        let words = match branches.origin {
            Some(point) => {
                let href = format!("/design/{}", point.design);
                view! {
                    "Branched from " <A href=href attr:class="link">{point.name}</A> {format!(" v{} · {when}", point.sequence)}
                }
                    .into_any()
            }
            None if branches.branched.is_some() => {
                format!("Branched {when} from a design that you cannot see").into_any()
            }
            None => return None,
        };
        Some(
            view! { <p class="origin" data-testid="origin"><Icon glyph=Glyph::Branch size=14 /><span>{words}</span></p> },
        )
    };
    view! {
        {origin}
        <Show when=move || desk.may_change()>
            <div class="history-actions">
                <button
                    type="button" class="button small" data-testid="branch-now"
                    on:click=move |_| past.ask(past.branching, past.at.get())
                >
                    <Icon glyph=Glyph::Branch size=14 />
                    {move || past.at.get().map_or("New branch".into(), |at| format!("Branch from version {at}"))}
                </button>
            </div>
        </Show>
        {move || match past.branches.get().map(|b| b.others) {
            None if past.fault.with(Option::is_some) => ().into_any(),
            None => view! { <p class="section-note" role="status">"Reading the branches…"</p> }.into_any(),
            Some(others) if others.is_empty() => {
                view! {
                    <div class="empty small" data-testid="branches-empty">
                        <Icon glyph=Glyph::Branch size=24 />
                        <p>"No branches yet. On a branch you can try something while the others work on here, and merge it when it is good."</p>
                    </div>
                }
                    .into_any()
            }
            Some(others) => {
                view! {
                    <ol class="timeline" data-testid="branches">
                        {others.into_iter().map(|branch| view! { <Row branch=branch /> }).collect_view()}
                    </ol>
                }
                    .into_any()
            }
        }}
    }
    .into_any()
}

#[component]
fn Row(branch: Branch) -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    let href = format!("/design/{}", branch.design);
    let from = branch.origin.as_ref().map(|p| {
        let of = if p.design == desk.id.get_value() { "here".to_owned() } else { p.name.clone() };
        format!("from {of} v{}", p.sequence)
    });
    let state = match branch.state {
        DesignState::Active => None,
        DesignState::Archived => Some("archived"),
        DesignState::Bin => Some("in the bin"),
    };
    let (ahead, place) = (branch.ahead, Place { design: Some(branch.design.clone()), sequence: None });
    let merged = branch.clone();
    view! {
        <li class="stretch" data-testid="branch-row" data-design=branch.design.clone()>
            <div class="stretch-head">
                <Icon glyph=Glyph::Branch size=14 />
                <A href=href attr:class="link stretch-author" attr:data-testid="branch-open">{branch.name.clone()}</A>
                {state.map(|s| view! { <span class="tag">{s}</span> })}
                <span class="grow"></span>
                <span class="mono soft">{format!("v{}", branch.sequence)}</span>
            </div>
            <p class="soft version-by">
                {from.into_iter().chain([format!("{}, {}", branch.changed_by, ago(branch.changed, now()))]).collect::<Vec<_>>().join(" · ")}
            </p>
            <p class="distance" data-testid="distance">{distance(branch.ahead, branch.behind)}</p>
            <div class="button-row">
                <Show when=move || desk.may_change() && (ahead > 0)>
                    <button
                        type="button" class="button small" data-testid="branch-merge"
                        on:click={
                            let merged = merged.clone();
                            move |_| {
                                desk.look(None);
                                past.merging.set(Some(merged.clone()));
                            }
                        }
                    >
                        <Icon glyph=Glyph::Merge size=14 />"Merge into this"
                    </button>
                </Show>
                <button
                    type="button" class="button small" data-testid="branch-compare"
                    on:click=move |_| past.compare(Place::default(), place.clone())
                >
                    <Icon glyph=Glyph::Beside size=14 />"Compare"
                </button>
            </div>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    #[test]
    fn distances_in_words() {
        assert_eq!(super::distance(0, 0), "same edits as here");
        assert_eq!(super::distance(1, 0), "1 edit not here");
        assert_eq!(super::distance(2, 3), "2 edits not here, 3 edits of here not there");
    }
}
