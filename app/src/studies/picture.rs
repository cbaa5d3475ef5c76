//! What is shown of an answer, and how: quantity, axes, state or envelope, shape, colours.

use super::axes::FramePicker;
use super::bench::{Bench, Shown};
use super::outcome::{moves, state_name};
use crate::panels::use_desk;
use crate::ui::{Glyph, Icon};
use crate::viewport::colour_limits;
use leptos::prelude::*;
use solver::result::{Measure, Over, Quantity};
use solver::study::outcome::{Location, Outcome, StateKind};
use std::sync::Arc;

/// What the picker of states is called.
fn picker_label(outcome: &Outcome) -> &'static str {
    match outcome.states.first().map(|s| s.kind) {
        Some(StateKind::Mode) => "Mode",
        Some(StateKind::Time) => "Time",
        Some(StateKind::LoadCase) | None => "Load case",
    }
}

/// Envelopes as they stand in the picker of states; no id of a state begins with `~`.
const ENVELOPES: [(&str, Over, &str); 4] = [
    ("~largest", Over::Largest, "Largest of all"),
    ("~smallest", Over::Smallest, "Smallest of all"),
    ("~governing", Over::GoverningLargest, "Which has the largest"),
    ("~governing-low", Over::GoverningSmallest, "Which has the smallest"),
];

/// The group that a quantity stands under.
fn group(quantity: &Quantity) -> &'static str {
    match quantity {
        Quantity::Stored(_) => "Results",
        Quantity::Along(..) => "Components",
        Quantity::Stress(Measure::Component(_)) => "Stress components",
        Quantity::Stress(_) => "Principal and shear stress",
    }
}

const GROUPS: [&str; 4] = ["Results", "Components", "Stress components", "Principal and shear stress"];

/// The picker of quantities, named in the axes that are chosen.
#[component]
fn QuantityPicker(outcome: Arc<Outcome>) -> impl IntoView {
    let bench = use_desk().bench;
    let frame = Memo::new(move |_| bench.shown.with(|s| s.as_ref().map(|s| s.reading.frame)).unwrap_or_default());
    let whole = Memo::new(move |_| bench.shown.with(|s| s.as_ref().is_some_and(|s| !s.partial)));
    let chosen = Memo::new(move |_| bench.shown.with(|s| s.as_ref().map(|s| s.reading.quantity.clone())));
    view! {
        <div class="control">
            <label class="label" for="result-field">"Show"</label>
            <select
                class="input" id="result-field" data-testid="result-field"
                on:change=move |e| {
                    let quantity = Quantity::from_key(&event_target_value(&e));
                    bench.read(|r| r.quantity = quantity);
                }
            >
                {move || {
                    let frame = frame.get();
                    let choices = Quantity::offered(&outcome, outcome.tensors && whole.get());
                    GROUPS
                        .into_iter()
                        .filter_map(|name| {
                            let options = choices
                                .iter()
                                .filter(|c| group(&c.quantity) == name)
                                .map(|c| {
                                    let own = c.quantity.clone();
                                    let label = own.label(&frame, &c.stored);
                                    view! {
                                        <option
                                            value=own.key()
                                            selected=move || chosen.with(|q| q.as_ref() == Some(&own))
                                        >
                                            {label}
                                        </option>
                                    }
                                })
                                .collect::<Vec<_>>();
                            (!options.is_empty()).then(|| view! { <optgroup label=name>{options}</optgroup> })
                        })
                        .collect_view()
                }}
            </select>
        </div>
    }
    .into_any()
}

/// The picker of states, and of envelopes over load cases.
#[component]
fn StatePicker(outcome: Arc<Outcome>, cases: Vec<Option<String>>) -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let kind = outcome.states.first().map(|s| s.kind);
    let has_envelope = matches!(kind, Some(StateKind::LoadCase));
    let is = move |over: Over| bench.shown.with(|s| s.as_ref().is_some_and(|s| s.reading.over == over));
    let envelopes = has_envelope.then(|| {
        let options = ENVELOPES.map(|(key, over, label)| {
            view! { <option value=key selected=move || is(over)>{label}</option> }
        });
        view! { <optgroup label="All load cases">{options}</optgroup> }
    });
    let label = picker_label(&outcome);
    view! {
        <div class="control">
            <label class="label" for="result-case">{label}</label>
            <select
                class="input" id="result-case" data-testid="result-case"
                on:change=move |e| {
                    let value = event_target_value(&e);
                    match ENVELOPES.iter().find(|(key, ..)| *key == value) {
                        Some((_, over, _)) => bench.read(|r| r.over = *over),
                        None => {
                            bench
                                .read(|r| {
                                    r.over = Over::State;
                                    r.case = Some(value).filter(|c| !c.is_empty());
                                });
                        }
                    }
                }
            >
                {cases
                    .into_iter()
                    .map(|case| {
                        let key = case.clone();
                        let name = state_name(desk, &outcome, case.as_deref().unwrap_or_default());
                        view! {
                            <option
                                value=case.unwrap_or_default()
                                selected=move || {
                                    is(Over::State) && bench.shown.with(|s| s.as_ref().is_some_and(|s| s.reading.case == key))
                                }
                            >
                                {name}
                            </option>
                        }
                    })
                    .collect_view()}
                {envelopes}
            </select>
        </div>
    }
    .into_any()
}

/// A slider over the moments of a course over time, with the one that is shown. The arrow keys step through them, as
/// through every slider.
#[component]
fn TimeSlider(outcome: Arc<Outcome>, cases: Vec<Option<String>>) -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let last = cases.len() - 1;
    let cases = StoredValue::new(cases);
    let at = Memo::new(move |_| {
        bench.shown.with(|s| s.as_ref().and_then(|s| cases.with_value(|c| moment_of(c, s.reading.case.as_deref()))))
    });
    let words = Signal::derive(move || {
        let case = cases.with_value(|c| c.get(at.get().unwrap_or(0)).cloned().flatten());
        state_name(desk, &outcome, case.as_deref().unwrap_or_default())
    });
    let show = move |e: leptos::ev::Event| {
        let Ok(k) = event_target_value(&e).parse::<usize>() else { return };
        let Some(case) = cases.with_value(|c| c.get(k).cloned()) else { return };
        // Who holds the slider looks at that moment.
        bench.shown.update(|s| s.iter_mut().for_each(|s| s.playing = false));
        bench.read(|r| {
            r.over = Over::State;
            r.case = case;
        });
    };
    view! {
        <div class="iso-row">
            <input
                type="range" min="0" max=last.to_string() step="1" aria-label="Time" data-testid="time-slider"
                aria-valuetext=words prop:value=move || at.get().unwrap_or(0).to_string() on:input=show
            />
            <span class="mono readout" data-testid="time-now">{words}</span>
        </div>
    }
    .into_any()
}

/// Where the shown moment stands among all.
fn moment_of(cases: &[Option<String>], shown: Option<&str>) -> Option<usize> {
    cases.iter().position(|c| c.as_deref() == shown)
}

/// Quantity, axes, state and style.
#[component]
pub fn Picture(outcome: Arc<Outcome>) -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let mut cases: Vec<Option<String>> = Vec::new();
    for f in outcome.fields.iter().filter(|f| f.location == Location::Point) {
        if !cases.contains(&f.case) {
            cases.push(f.case.clone());
        }
    }
    let update = move |f: &dyn Fn(&mut Shown)| bench.shown.update(|s| s.iter_mut().for_each(f));
    let is = move |f: fn(&Shown) -> bool| move || bench.shown.with(|s| s.as_ref().is_some_and(f)).to_string();
    let many_cases = cases.len() > 1;
    let kind = outcome.states.first().map(|s| s.kind);
    let plays = matches!(kind, Some(StateKind::Mode)) || (matches!(kind, Some(StateKind::Time)) && many_cases);
    let moments = (kind == Some(StateKind::Time) && many_cases).then(|| cases.clone());
    if let Some(moments) = &moments {
        pass_times(bench, moments.clone());
    }
    let playing = move || bench.shown.with(|s| s.as_ref().is_some_and(|s| s.playing));
    let moves = moves(&outcome);
    let partial = bench.shown.with_untracked(|s| s.as_ref().is_some_and(|s| s.partial));
    let has_tensors = outcome.tensors && !partial;
    let many_at_once = move || bench.shown.with(|s| s.as_ref().is_some_and(|s| s.reading.over != Over::State));
    view! {
        <div class="fields">
            <QuantityPicker outcome=outcome.clone() />
            <FramePicker />
            {many_cases.then(|| view! { <StatePicker outcome=outcome.clone() cases=cases /> })}
            {moments.map(|moments| view! { <TimeSlider outcome=outcome.clone() cases=moments /> })}
            {plays
                .then(|| {
                    view! {
                        <div class="control">
                            <span class="label">{if kind == Some(StateKind::Mode) { "Swing" } else { "Over time" }}</span>
                            <button
                                type="button" class="button" data-testid="play" aria-pressed=move || playing().to_string()
                                on:click=move |_| update(&|s| s.playing = !s.playing)
                            >
                                {move || {
                                    let glyph = if playing() { Glyph::Pause } else { Glyph::Play };
                                    view! { <Icon glyph=glyph /> }
                                }}
                                {move || if playing() { "Pause" } else { "Play" }}
                            </button>
                        </div>
                    }
                })}
            {moves
                .then(|| {
                    view! {
                    <div class="control stacked">
                        <span class="label">"Deformed"</span>
                        <div class="segmented fill" role="radiogroup" aria-label="Deformed shape">
                            <button
                                type="button" role="radio" data-testid="scale-off" aria-checked=is(|s| s.scale == Some(0.0))
                                on:click=move |_| update(&|s| s.scale = Some(0.0))
                            >
                                "Off"
                            </button>
                            // The size of a mode's shape means nothing.
                            {(kind != Some(StateKind::Mode))
                                .then(|| {
                                    view! {
                                        <button
                                            type="button" role="radio" data-testid="scale-true"
                                            aria-checked=is(|s| s.scale == Some(1.0))
                                            on:click=move |_| update(&|s| s.scale = Some(1.0))
                                        >
                                            "1:1"
                                        </button>
                                    }
                                })}
                            <button
                                type="button" role="radio" data-testid="scale-auto" aria-checked=is(|s| s.scale.is_none())
                                on:click=move |_| update(&|s| s.scale = None)
                            >
                                "Auto"
                            </button>
                        </div>
                    </div>
                    }
                })}
            <div class="control stacked">
                <span class="label">"Colours"</span>
                <div class="segmented fill" role="radiogroup" aria-label="Colours">
                    <button
                        type="button" role="radio" data-testid="smooth" aria-checked=is(|s| !s.banded)
                        on:click=move |_| update(&|s| s.banded = false)
                    >
                        "Smooth"
                    </button>
                    <button
                        type="button" role="radio" data-testid="banded" aria-checked=is(|s| s.banded)
                        on:click=move |_| update(&|s| s.banded = true)
                    >
                        "Banded"
                    </button>
                </div>
            </div>
            <div class="control checks">
                {moves
                    .then(|| {
                        view! {
                        <label class="check">
                            <input
                                type="checkbox" data-testid="ghost"
                                prop:checked=move || bench.shown.with(|s| s.as_ref().is_some_and(|s| s.ghost))
                                on:change=move |e| {
                                    let on = event_target_checked(&e);
                                    update(&|s| s.ghost = on);
                                }
                            />
                            "Undeformed ghost"
                        </label>
                        }
                    })}
                {has_tensors
                    .then(|| {
                        view! {
                            <label class="check" title="Short lines along the principal stresses: red pulls, blue presses">
                                <input
                                    type="checkbox" data-testid="directions" disabled=many_at_once
                                    prop:checked=move || bench.shown.with(|s| s.as_ref().is_some_and(|s| s.directions))
                                    on:change=move |e| {
                                        let on = event_target_checked(&e);
                                        update(&|s| s.directions = on);
                                    }
                                />
                                "Principal directions"
                            </label>
                        }
                    })}
                <label class="check">
                    <input
                        type="checkbox" data-testid="flags"
                        prop:checked=move || bench.shown.with(|s| s.as_ref().is_some_and(|s| s.flags))
                        on:change=move |e| {
                            let on = event_target_checked(&e);
                            update(&|s| s.flags = on);
                        }
                    />
                    "Min and max flags"
                </label>
                <label class="check">
                    <input
                        type="checkbox" data-testid="fix-legend"
                        prop:checked=move || bench.shown.with(|s| s.as_ref().is_some_and(|s| s.range.is_some()))
                        on:change=move |e| {
                            let ceiling = bench.shown.with_untracked(|s| s.as_ref().and_then(Shown::ceiling));
                            let range = bench.range.get_untracked();
                            let range = range.map(|(lo, hi, _)| colour_limits(None, ceiling, lo, hi));
                            let range = range.filter(|_| event_target_checked(&e));
                            update(&|s| s.range = range);
                        }
                    />
                    "Hold the legend's limits"
                </label>
            </div>
        </div>
    }
    .into_any()
}

/// Time for which each state of a course over time is shown while it plays.
const MOMENT: std::time::Duration = std::time::Duration::from_millis(400);

/// While a course over time plays, shows one state after the other, from the first again after the last.
fn pass_times(bench: Bench, cases: Vec<Option<String>>) {
    let playing = Memo::new(move |_| bench.shown.with(|s| s.as_ref().is_some_and(|s| s.playing)));
    Effect::new(move |_| {
        if !playing.get() {
            return;
        }
        let cases = cases.clone();
        let next = move || {
            // Gone with its panel.
            let _ = bench.shown.try_update(|s| {
                if let Some(s) = s {
                    let at = moment_of(&cases, s.reading.case.as_deref()).map_or(0, |k| (k + 1) % cases.len());
                    s.reading.case.clone_from(&cases[at]);
                }
            });
        };
        if let Ok(timer) = set_interval_with_handle(next, MOMENT) {
            on_cleanup(move || timer.clear());
        }
    });
}
