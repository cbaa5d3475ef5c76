//! Any two versions: what is other, by object in words, with the answers of studies.

use super::overlay::{self, OverlaySwitch};
use super::past::Place;
use crate::api::Problem;
use crate::api::history::{Branches, Comparison, Reading, Results, Version};
use crate::panels::{Desk, use_desk};
use crate::ui::{Glyph, Icon};
use leptos::prelude::*;
use solver::design::compare::{Change, Line, Part};
use std::collections::BTreeMap;

/// What one may compare: now, named versions, the shown one, branches with their named versions, and what is chosen
/// already.
fn options(desk: Desk) -> Vec<(String, String)> {
    let past = desk.past;
    let none = |b: Option<Branches>| b.unwrap_or(Branches { origin: None, branched: None, others: Vec::new() });
    let branches = none(past.branches.get());
    let versions = past.versions.get().unwrap_or_default();
    let chosen = [past.before.get(), past.after.get()];
    past.elsewhere.with(|elsewhere| offered(&versions, past.at.get(), branches, elsewhere, chosen))
}

fn offered(
    versions: &[Version],
    at: Option<u64>,
    branches: Branches,
    elsewhere: &BTreeMap<String, Vec<Version>>,
    chosen: [Place; 2],
) -> Vec<(String, String)> {
    let mut all = vec![(Place::default().key(), "Now".to_owned())];
    let mut offer = |place: Place, label: String| {
        let key = place.key();
        if !all.iter().any(|(k, _)| *k == key) {
            all.push((key, label));
        }
    };
    for v in versions {
        offer(Place::at(v.sequence), format!("{} (v{})", v.name, v.sequence));
    }
    if let Some(at) = at {
        offer(Place::at(at), format!("v{at}, as shown"));
    }
    for b in &branches.others {
        offer(Place { design: Some(b.design.clone()), sequence: None }, format!("Branch {}, now", b.name));
        for v in elsewhere.get(&b.design).into_iter().flatten() {
            let place = Place { design: Some(b.design.clone()), sequence: Some(v.sequence) };
            offer(place, format!("Branch {}: {} (v{})", b.name, v.name, v.sequence));
        }
    }
    if let Some(point) = branches.origin {
        let label = format!("{} v{}, where this began", point.name, point.sequence);
        offer(Place { design: Some(point.design), sequence: Some(point.sequence) }, label);
    }
    for place in chosen {
        let label = match place.sequence {
            Some(sequence) => format!("v{sequence}"),
            None => "Another branch, now".to_owned(),
        };
        offer(place, label);
    }
    all
}

/// Reads the named versions of the other branches, once they are known and whenever they are other.
fn read_elsewhere(desk: Desk) {
    let past = desk.past;
    let designs = Memo::new(move |_| {
        past.branches
            .with(|b| b.iter().flat_map(|b| &b.others).map(|b| (b.design.clone(), b.changed)).collect::<Vec<_>>())
    });
    Effect::new(move |_| {
        let designs = designs.get();
        let client = desk.client.get_value();
        leptos::task::spawn_local(async move {
            for (design, _) in designs {
                // A branch that may no longer be seen offers none.
                let versions = client.versions(&design).await.unwrap_or_default();
                let kept = past.elsewhere.try_update(|all| all.insert(design, versions));
                if kept.is_none() {
                    return;
                }
            }
        });
    });
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
    read_elsewhere(desk);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::auth::Role;
    use crate::api::design::DesignState;
    use crate::api::history::{Author, Branch, Point};

    fn version(sequence: u64, name: &str) -> Version {
        let author = Author { id: "a".into(), name: "Ada".into(), hue: 0 };
        Version { id: name.into(), sequence, name: name.into(), note: String::new(), author, time: 0 }
    }

    #[test]
    fn any_named_version_of_any_branch_can_be_chosen() {
        let branch = Branch {
            design: "light".into(),
            name: "Lighter".into(),
            state: DesignState::Active,
            role: Role::Engineer,
            sequence: 9,
            changed: 0,
            changed_by: "Ada".into(),
            origin: None,
            ahead: 0,
            behind: 0,
        };
        let origin = Some(Point { design: "first".into(), name: "First".into(), sequence: 4 });
        let branches = Branches { origin, branched: None, others: vec![branch] };
        let elsewhere = BTreeMap::from([
            ("light".to_owned(), vec![version(7, "Trial")]),
            // Read before its branch was taken out of sight.
            ("gone".to_owned(), vec![version(1, "Old")]),
        ]);
        let chosen = [Place::default(), Place { design: Some("light".into()), sequence: Some(7) }];
        let all = offered(&[version(2, "Idea")], Some(3), branches, &elsewhere, chosen);
        let labels: Vec<&str> = all.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(
            labels,
            [
                "Now",
                "Idea (v2)",
                "v3, as shown",
                "Branch Lighter, now",
                "Branch Lighter: Trial (v7)",
                "First v4, where this began",
            ]
        );
        assert_eq!(Place::of_key(&all[4].0), Place { design: Some("light".into()), sequence: Some(7) });
    }
}
