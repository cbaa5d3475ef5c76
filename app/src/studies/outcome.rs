//! The one panel for every answer: which field, how drawn, what numbers, how far to trust them.

use super::bench::Shown;
use super::compare::{BesidePicker, beside};
use crate::panels::{Desk, use_desk};
use crate::ui::{Glyph, Icon, ago, now};
use crate::viewport::colour_limits;
use leptos::prelude::*;
use solver::design::{Design, Id};
use solver::quantity::Dimension;
use solver::study::outcome::{Cell, Grade, Location, Outcome, Scalar, StateKind};
use solver::study::question::question;

/// What a person calls a state of an answer: its label, with its frequency, load factor or time. Results of older
/// versions list no states: there it is the load case's name now.
pub fn state_name(desk: Desk, outcome: &Outcome, id: &str) -> String {
    let Some(state) = outcome.state(id) else {
        return desk.design.with_untracked(|d| case_name(d, id));
    };
    match state.value.map(|v| desk.show(v, state.dimension, 4)) {
        Some(value) if state.label.is_empty() => value,
        Some(value) => format!("{} · {value}", state.label),
        None => state.label.clone(),
    }
}

fn case_name(design: &Design, case: &str) -> String {
    design
        .get(&case.into())
        .map_or_else(|| if case.is_empty() { "All loads".into() } else { case.to_string() }, |o| o.name.clone())
}

/// What the picker of states is called.
fn picker_label(outcome: &Outcome) -> &'static str {
    match outcome.states.first().map(|s| s.kind) {
        Some(StateKind::Mode) => "Mode",
        Some(StateKind::Time) => "Time",
        Some(StateKind::LoadCase) | None => "Load case",
    }
}

#[component]
pub fn OutcomePanel() -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    view! {
        {move || {
            bench
                .outcome
                .get()
                .map(|outcome| {
                    view! {
                        <section class="outcome" data-testid="outcome">
                            <Head />
                            <Picture outcome=outcome.clone() />
                            <Balances outcome=outcome.clone() />
                            <Scalars outcome=outcome.clone() />
                            <Words outcome=outcome.clone() />
                        </section>
                    }
                })
        }}
    }
    .into_any()
}

#[component]
fn Head() -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let run = Memo::new(move |_| bench.shown.get().and_then(|s| bench.run(&s.run)));
    let stale = Memo::new(move |_| {
        run.with(|r| {
            r.as_ref().is_some_and(|r| {
                desk.design.with(|d| question(d, &Id(r.study.clone())).is_none_or(|q| q != r.fingerprint))
            })
        })
    });
    let grade = Memo::new(move |_| {
        bench.outcome.with(|o| {
            o.as_ref().is_some_and(|o| o.scalars.iter().all(|s| s.grade == Grade::Verified) && !o.scalars.is_empty())
        })
    });
    view! {
        <header class="properties-head">
            <Icon glyph=Glyph::Palette />
            <strong class="grow">{move || run.with(|r| r.as_ref().map_or("Result".into(), |r| r.study_name.clone()))}</strong>
            <button
                type="button" class="icon-button" title="Close the result" aria-label="Close the result"
                data-testid="close-result" on:click=move |_| bench.close()
            >
                <Icon glyph=Glyph::Close />
            </button>
        </header>
        <p class="kind-help">
            {move || {
                run.with(|r| {
                    r.as_ref()
                        .map(|r| format!("v{} · {} · {}", r.sequence, r.by_name, ago(r.ended.unwrap_or(r.created), now())))
                })
            }}
            " "
            <span class="tag" data-testid="grade">{move || if grade.get() { "verified" } else { "indicative" }}</span>
            {move || bench.shown.with(|s| s.as_ref().is_some_and(|s| s.partial)).then(|| view! { <span class="tag">"refining"</span> })}
        </p>
        <Show when=move || bench.shown.with(|s| s.as_ref().is_some_and(|s| !s.partial))>
            <Exports verified=grade />
        </Show>
        <Show when=move || stale.get()>
            <div class="callout small" data-testid="stale">
                <Icon glyph=Glyph::Warning />
                <p>"The design has moved on: this answers an earlier question. Run again."</p>
            </div>
        </Show>
    }
    .into_any()
}

/// The answer for other programs and for the file.
#[component]
fn Exports(verified: Memo<bool>) -> impl IntoView {
    let bench = use_desk().bench;
    let base = Memo::new(move |_| {
        let run = bench.shown.with(|s| s.as_ref().map(|s| s.run.clone())).unwrap_or_default();
        format!("/api/runs/{}", crate::api::client::encode(&run))
    });
    let link = move |form: &'static str, label: &'static str, title: &'static str| {
        view! {
            <a download data-testid=format!("export-{form}") title=title href=move || format!("{}/export/{form}", base.get())>
                {label}
            </a>
        }
    };
    // As it is seen: field, state and shape.
    let drawn = move || {
        bench.shown.with(|s| {
            s.as_ref().map_or(String::new(), |s| {
                let scale = s.scale.or_else(|| bench.range.get().map(|r| r.2)).unwrap_or(0.0);
                let case =
                    s.case.as_ref().map_or(String::new(), |c| format!("&case={}", crate::api::client::encode(c)));
                format!("{}/export/glb?field={}{case}&scale={scale}", base.get(), crate::api::client::encode(&s.field))
            })
        })
    };
    view! {
        <nav class="exports" aria-label="Report and export">
            <a
                target="_blank" data-testid="export-report" title="One page to print, mail or file"
                href=move || format!("{}/export/report", base.get())
            >
                "Report"
            </a>
            {link("vtu", "VTU", "What was solved on, with all fields, for ParaView")}
            <a download data-testid="export-glb" title="The coloured shape, for slides and other viewers" href=drawn>"GLB"</a>
            {link("values", "CSV", "Numbers and tables")}
            {link("points", "CSV of points", "Every point of the surface with all its fields")}
            <Show when=move || verified.get()>
                <a
                    download="study.inp" data-testid="deck" title="The very problem, to check it with CalculiX or Abaqus"
                    href=move || format!("{}/artefacts/deck", base.get())
                >
                    "Input deck"
                </a>
            </Show>
        </nav>
    }
    .into_any()
}

/// Field, case and style.
#[component]
fn Picture(outcome: std::sync::Arc<Outcome>) -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let mut fields: Vec<(String, String, Dimension)> = Vec::new();
    let mut cases: Vec<Option<String>> = Vec::new();
    for f in outcome.fields.iter().filter(|f| f.location == Location::Point) {
        if !fields.iter().any(|(id, _, _)| *id == f.id) {
            fields.push((f.id.clone(), f.label.clone(), f.dimension));
        }
        if !cases.contains(&f.case) {
            cases.push(f.case.clone());
        }
    }
    let update = move |f: &dyn Fn(&mut Shown)| bench.shown.update(|s| s.iter_mut().for_each(f));
    let is = move |f: fn(&Shown) -> bool| move || bench.shown.with(|s| s.as_ref().is_some_and(f)).to_string();
    let known = StoredValue::new(fields.clone());
    let many_cases = cases.len() > 1;
    let label = picker_label(&outcome);
    let kind = outcome.states.first().map(|s| s.kind);
    let plays = matches!(kind, Some(StateKind::Mode)) || (matches!(kind, Some(StateKind::Time)) && many_cases);
    if kind == Some(StateKind::Time) {
        pass_times(bench, cases.clone());
    }
    let playing = move || bench.shown.with(|s| s.as_ref().is_some_and(|s| s.playing));
    // Heat moves nothing.
    let moves = fields.iter().any(|f| f.0 == "displacement");
    view! {
        <div class="fields">
            <div class="control">
                <label class="label" for="result-field">"Show"</label>
                <select
                    class="input" id="result-field" data-testid="result-field"
                    on:change=move |e| {
                        let id = event_target_value(&e);
                        if let Some((id, label, dimension)) = known.get_value().into_iter().find(|(i, _, _)| *i == id) {
                            update(
                                &|s| {
                                    s.field.clone_from(&id);
                                    s.field_label.clone_from(&label);
                                    s.dimension = dimension;
                                    s.range = None;
                                },
                            );
                        }
                    }
                >
                    {fields
                        .into_iter()
                        .map(|(id, label, _)| {
                            let key = id.clone();
                            view! {
                                <option
                                    value=id
                                    selected=move || bench.shown.with(|s| s.as_ref().is_some_and(|s| s.field == key))
                                >
                                    {label}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
            </div>
            {many_cases
                .then(|| {
                    view! {
                        <div class="control">
                            <label class="label" for="result-case">{label}</label>
                            <select
                                class="input" id="result-case" data-testid="result-case"
                                on:change=move |e| {
                                    let case = Some(event_target_value(&e)).filter(|c| !c.is_empty());
                                    update(&|s| s.case.clone_from(&case));
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
                                                    bench.shown.with(|s| s.as_ref().is_some_and(|s| s.case == key))
                                                }
                                            >
                                                {name}
                                            </option>
                                        }
                                    })
                                    .collect_view()}
                            </select>
                        </div>
                    }
                })}
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
fn pass_times(bench: super::Bench, cases: Vec<Option<String>>) {
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
                    let at = cases.iter().position(|c| *c == s.case).map_or(0, |k| (k + 1) % cases.len());
                    s.case.clone_from(&cases[at]);
                }
            });
        };
        if let Ok(timer) = set_interval_with_handle(next, MOMENT) {
            on_cleanup(move || timer.clear());
        }
    });
}

/// Components of a force this small against its largest are rounding.
const NOISE: f64 = 1e-6;

/// Reaction against applied load, always in sight.
#[component]
fn Balances(outcome: std::sync::Arc<Outcome>) -> impl IntoView {
    let desk = use_desk();
    let vector = move |v: [f64; 3], d: Dimension, size: f64| {
        // What rounding leaves of a zero is not worth reading.
        let clean = v.map(|c| if c.abs() < NOISE * size { 0.0 } else { c });
        let parts: Vec<String> = clean.iter().map(|c| desk.show(*c, d, 4)).collect();
        let unit = parts[0].split_once(' ').map_or("", |(_, u)| u).to_string();
        let numbers: Vec<String> = parts.iter().map(|p| p.split(' ').next().unwrap_or_default().to_string()).collect();
        format!("{} {unit}", numbers.join(", "))
    };
    view! {
        {(!outcome.balances.is_empty()).then(|| view! { <h3>"Reaction against load"</h3> })}
        {move || {
            outcome
                .balances
                .iter()
                .map(|b| {
                    let name = state_name(desk, &outcome, &b.case);
                    let good = b.imbalance < 1e-3;
                    let size = b.applied_force.iter().chain(&b.reaction_force).fold(0.0, |m: f64, c| m.max(c.abs()));
                    view! {
                        <div class="balance" data-testid="balance">
                            <div class="label-row">
                                <span>{name}</span>
                                <span class="grow"></span>
                                <span class="tag" class:good=good class:bad=!good>
                                    {format!("off by {:.1e}", b.imbalance)}
                                </span>
                            </div>
                            <dl class="facts compact">
                                <dt>"Applied"</dt><dd class="mono" data-testid="applied">{vector(b.applied_force, Dimension::FORCE, size)}</dd>
                                <dt>"Reaction"</dt><dd class="mono" data-testid="reaction">{vector(b.reaction_force, Dimension::FORCE, size)}</dd>
                            </dl>
                        </div>
                    }
                })
                .collect_view()
        }}
    }
    .into_any()
}

/// Numbers with their band.
#[component]
fn Scalars(outcome: std::sync::Arc<Outcome>) -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let some_verified = outcome.scalars.iter().any(|s| s.grade == Grade::Verified);
    let row = move |s: &Scalar| {
        let value = desk.show(s.value, s.dimension, 4);
        let band = s
            .error
            .filter(|e| *e > 1e-6 * s.value.abs())
            .map(|e| format!("± {}", desk.show_difference(e, s.dimension, 2)));
        // What grows without bound with every finer mesh is no number to quote.
        let unbounded = s.exponent.map(|b| {
            let shown = value.clone();
            view! {
                <span class="tag bad" title=format!("{shown} on the finest mesh; it grows as the element size to the power −{b:.2}")>
                    "no finite value"
                </span>
            }
        });
        let value = unbounded.is_none().then_some(value);
        // Said once above when it holds for all.
        let indicative = s.grade == Grade::Instant && some_verified && s.id != "mass";
        let other = bench.beside.with(|b| {
            let show = |v| desk.show(v, s.dimension, 4);
            let show_band = |e| desk.show_difference(e, s.dimension, 2);
            b.as_ref().and_then(|b| beside(&b.outcome, s, show, show_band))
        });
        view! {
            <dt>{s.label.clone()}</dt>
            <dd class="mono" data-testid=format!("scalar-{}", s.id) data-value=s.value.to_string()>
                {value}
                {unbounded}
                {band.map(|b| view! { <span class="soft band">{b}</span> })}
                {indicative.then(|| view! { <span class="tag">"indicative"</span> })}
            </dd>
            {other
                .map(|words| {
                    view! {
                        <dd class="beside-value soft" data-testid=format!("beside-{}", s.id)>{words}</dd>
                    }
                })}
        }
    };
    view! {
        <h3>"Numbers"</h3>
        <BesidePicker />
        <dl class="facts compact" data-testid="scalars">
            {move || {
                let case = bench.shown.with(|s| s.as_ref().and_then(|s| s.case.clone()));
                outcome.scalars.iter().filter(|s| s.case.is_none() || s.case == case).map(row).collect_view()
            }}
        </dl>
    }
    .into_any()
}

/// Warnings, tables and the facts for the record.
#[component]
fn Words(outcome: std::sync::Arc<Outcome>) -> impl IntoView {
    let desk = use_desk();
    let facts = outcome.facts.clone();
    let warnings = outcome.warnings.clone();
    let tables = outcome.tables.clone();
    view! {
        {warnings
            .into_iter()
            .map(|w| {
                view! { <div class="callout small"><Icon glyph=Glyph::Info /><p>{w}</p></div> }
            })
            .collect_view()}
        {move || {
            tables
                .iter()
                .map(|t| {
                    let columns = t.columns.clone();
                    view! {
                        <details class="log">
                            <summary>{t.label.clone()}</summary>
                            <div class="table-scroll">
                                <table class="table dense">
                                    <thead><tr>{columns.iter().map(|(c, _)| view! { <th>{c.clone()}</th> }).collect_view()}</tr></thead>
                                    <tbody>
                                        {t
                                            .rows
                                            .iter()
                                            .map(|r| {
                                                let cells = r
                                                    .iter()
                                                    .zip(&columns)
                                                    .map(|(c, (_, d))| match c {
                                                        Cell::Number(n) => desk.show(*n, *d, 4),
                                                        Cell::Text(t) => t.clone(),
                                                    })
                                                    .map(|t| view! { <td>{t}</td> })
                                                    .collect_view();
                                                view! { <tr>{cells}</tr> }
                                            })
                                            .collect_view()}
                                    </tbody>
                                </table>
                            </div>
                        </details>
                    }
                })
                .collect_view()
        }}
        <details class="log">
            <summary>"For the record"</summary>
            <dl class="facts compact">
                {facts.into_iter().map(|(k, v)| view! { <dt>{k}</dt><dd class="mono">{v}</dd> }).collect_view()}
            </dl>
        </details>
    }
    .into_any()
}
