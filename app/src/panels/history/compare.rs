//! Any two versions: what is other, by object in words, with the answers of studies.

use super::overlay::{self, OverlaySwitch};
use super::past::Place;
use crate::api::Problem;
use crate::api::history::{Comparison, Reading, Results};
use crate::panels::{Desk, use_desk};
use crate::ui::{Glyph, Icon};
use leptos::prelude::*;
use solver::design::compare::{Change, Line, Part};

/// What one may compare: now, named versions, the shown one, branches, and what is chosen already.
fn options(desk: Desk) -> Vec<(String, String)> {
    let past = desk.past;
    let mut all = vec![(Place::default().key(), "Now".to_owned())];
    let mut offer = |place: Place, label: String| {
        let key = place.key();
        if !all.iter().any(|(k, _)| *k == key) {
            all.push((key, label));
        }
    };
    past.versions.with(|versions| {
        for v in versions.iter().flatten() {
            offer(Place::at(v.sequence), format!("{} (v{})", v.name, v.sequence));
        }
    });
    if let Some(at) = past.at.get() {
        offer(Place::at(at), format!("v{at}, as shown"));
    }
    let branches = past.branches.get();
    for b in branches.iter().flat_map(|b| &b.others) {
        offer(Place { design: Some(b.design.clone()), sequence: None }, format!("Branch {}, now", b.name));
    }
    if let Some(point) = branches.and_then(|b| b.origin) {
        let label = format!("{} v{}, where this began", point.name, point.sequence);
        offer(Place { design: Some(point.design), sequence: Some(point.sequence) }, label);
    }
    for place in [past.before.get(), past.after.get()] {
        let label = match place.sequence {
            Some(sequence) => format!("v{sequence}"),
            None => "Another branch, now".to_owned(),
        };
        offer(place, label);
    }
    all
}

/// Reads the comparison whenever another one is asked for, or the design as it is now is a part of it and has changed.
fn follow(desk: Desk) {
    let past = desk.past;
    Effect::new(move |_| {
        let (before, after) = (past.before.get(), past.after.get());
        if before.sequence.is_none() || after.sequence.is_none() {
            desk.sequence.track();
        }
        let (client, own) = (desk.client.get_value(), desk.id.get_value());
        leptos::task::spawn_local(async move {
            let of = |place: &Place| place.design.clone().unwrap_or_else(|| own.clone());
            let with = of(&before);
            let answer = client.compare(&of(&after), after.sequence, Some(&with), before.sequence).await;
            // Another question may have been asked meanwhile.
            if past.before.try_get_untracked().as_ref() == Some(&before)
                && past.after.try_get_untracked().as_ref() == Some(&after)
            {
                past.comparison.set(Some(answer));
            }
        });
    });
}

#[component]
pub fn Compare() -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    follow(desk);
    overlay::follow(desk);
    let choices = Memo::new(move |_| options(desk));
    let select = move |label: &'static str, testid: &'static str, place: RwSignal<Place>| {
        view! {
            <label class="label" for=testid>{label}</label>
            <select
                class="input" id=testid data-testid=testid
                on:change=move |e| {
                    past.comparison.set(None);
                    place.set(Place::of_key(&event_target_value(&e)));
                }
            >
                {move || {
                    choices
                        .get()
                        .into_iter()
                        .map(|(key, label)| {
                            let selected = place.with(|p| p.key() == key);
                            view! { <option value=key selected=selected>{label}</option> }
                        })
                        .collect_view()
                }}
            </select>
        }
    };
    view! {
        <div class="compare-choice">
            {select("From", "compare-before", past.before)}
            {select("To", "compare-after", past.after)}
            <button
                type="button" class="icon-button" aria-label="The other way round" title="The other way round" data-testid="compare-swap"
                on:click=move |_| {
                    let (before, after) = (past.before.get_untracked(), past.after.get_untracked());
                    past.comparison.set(None);
                    past.before.set(after);
                    past.after.set(before);
                }
            >
                <Icon glyph=Glyph::Swap />
            </button>
        </div>
        {move || match past.comparison.get() {
            None => view! { <p class="section-note" role="status">"Comparing…"</p> }.into_any(),
            Some(Err(Problem { message, .. })) => {
                view! {
                    <div class="callout bad small" role="alert"><Icon glyph=Glyph::Warning size=14 /><div>{message}</div></div>
                }
                    .into_any()
            }
            Some(Ok(found)) => view! { <Found found=found /> }.into_any(),
        }}
    }
    .into_any()
}

#[component]
fn Found(found: Comparison) -> impl IntoView {
    let desk = use_desk();
    let Comparison { before, after, parts, results } = found;
    let alike = before.design == after.design && before.sequence == after.sequence;
    let n: usize = parts.iter().map(|p| p.lines.len()).sum();
    let words = match n {
        _ if alike => "This is one and the same version. Choose another one to compare with.".to_owned(),
        0 => "These two versions are alike: nothing that anyone set is other.".to_owned(),
        1 => "1 change".to_owned(),
        n => format!("{n} changes"),
    };
    view! {
        <p class="compare-count soft" data-testid="compare-count" data-changes=n>{words}</p>
        <Show when=move || !alike>
            <OverlaySwitch />
        </Show>
        <Parts parts=parts />
        {(!results.is_empty()).then(|| view! { <ResultParts desk=desk results=results /> })}
    }
    .into_any()
}

/// Changes by section and object.
#[component]
pub fn Parts(parts: Vec<Part>) -> impl IntoView {
    parts
        .into_iter()
        .map(|part| {
            let Part { label, lines } = part;
            let n = lines.len();
            view! {
                <section class="compare-part" data-testid="compare-part">
                    <h3>{label}<span class="count">{n}</span></h3>
                    <ul>{lines.into_iter().map(|line| view! { <LineRow line=line /> }).collect_view()}</ul>
                </section>
            }
        })
        .collect_view()
        .into_any()
}

#[component]
fn LineRow(line: Line) -> impl IntoView {
    let desk = use_desk();
    let Line { object, name, change, text, .. } = line;
    let (sign, class, meaning) = match change {
        Change::Added => ("+", "sign good", "added"),
        Change::Removed => ("−", "sign bad", "removed"),
        _ => ("~", "sign", "changed"),
    };
    let id = object.clone();
    let is_here = move || desk.design.with(|d| d.get(&object).is_some());
    view! {
        <li class="compare-line" data-testid="compare-line">
            <span class=class title=meaning aria-label=meaning role="img">{sign}</span>
            <div>
                <button
                    type="button" class="link compare-name" disabled=move || !is_here() title="Select it in the tree"
                    on:click=move |_| desk.selected.set(Some(id.clone()))
                >
                    {name}
                </button>
                <p class="compare-text">{text}</p>
            </div>
        </li>
    }
    .into_any()
}

#[component]
fn ResultParts(desk: Desk, results: Vec<Results>) -> impl IntoView {
    let shown = move |value: Option<f64>, reading: &Reading| {
        value.map_or_else(|| "—".to_owned(), |v| desk.show(v, reading.dimension, 4))
    };
    view! {
        <section class="compare-part" data-testid="compare-results">
            <h3>"Results"</h3>
            {results
                .into_iter()
                .map(|r| {
                    let missing = match (&r.before, &r.after) {
                        (None, Some(_)) => Some("The first version has no finished run of this study."),
                        (Some(_), None) => Some("The second version has no finished run of this study."),
                        _ => None,
                    };
                    let rows: Vec<_> = r
                        .readings
                        .iter()
                        .map(|reading| {
                            view! {
                                <tr>
                                    <td>{reading.label.clone()}</td>
                                    <td class="number">{shown(reading.before, reading)}</td>
                                    <td class="number">{shown(reading.after, reading)}</td>
                                </tr>
                            }
                        })
                        .collect();
                    view! {
                        <div class="compare-result">
                            <strong>{r.name}</strong>
                            {missing.map(|text| view! { <p class="soft">{text}</p> })}
                            <table class="table">
                                <thead><tr><th></th><th>"From"</th><th>"To"</th></tr></thead>
                                <tbody>{rows}</tbody>
                            </table>
                        </div>
                    }
                })
                .collect_view()}
        </section>
    }
    .into_any()
}
