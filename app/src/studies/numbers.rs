//! The numbers of an answer: balance, values with their bands, tables, facts.

use super::compare::{BesidePicker, beside};
use super::outcome::state_name;
use crate::panels::use_desk;
use crate::ui::{Glyph, Icon};
use leptos::prelude::*;
use solver::quantity::{Dimension, display_unit};
use solver::study::outcome::{Cell, Grade, Outcome, Scalar, Table};

/// Components of a force this small against its largest are rounding.
const NOISE: f64 = 1e-6;

/// Reaction against applied load, always in sight.
#[component]
pub fn Balances(outcome: std::sync::Arc<Outcome>) -> impl IntoView {
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
pub fn Scalars(outcome: std::sync::Arc<Outcome>) -> impl IntoView {
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
                let case = bench.shown.with(|s| s.as_ref().and_then(|s| s.reading.case.clone()));
                outcome.scalars.iter().filter(|s| s.case.is_none() || s.case == case).map(row).collect_view()
            }}
        </dl>
    }
    .into_any()
}

/// Warnings, tables and the facts for the record.
#[component]
pub fn Words(outcome: std::sync::Arc<Outcome>) -> impl IntoView {
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
        {tables.into_iter().map(|t| view! { <Rows table=t /> }).collect_view()}
        <details class="log">
            <summary>"For the record"</summary>
            <dl class="facts compact">
                {facts.into_iter().map(|(k, v)| view! { <dt>{k}</dt><dd class="mono">{v}</dd> }).collect_view()}
            </dl>
        </details>
    }
    .into_any()
}

/// A table, folded.
#[component]
pub fn Rows(table: Table, #[prop(optional)] open: bool) -> impl IntoView {
    view! {
        <details class="log" open=open>
            <summary>{table.label.clone()}</summary>
            <Cells table=table />
        </details>
    }
    .into_any()
}

/// The rows of a table in display units, which stand in its head.
#[component]
pub fn Cells(table: Table) -> impl IntoView {
    let desk = use_desk();
    let columns = table.columns.clone();
    let head = move || {
        let cell = |(name, d): &(String, Dimension)| match display_unit(*d, desk.units.get()).0 {
            "" => view! { <th>{name.clone()}</th> }.into_any(),
            unit => view! { <th>{name.clone()} <span class="soft unit">{unit}</span></th> }.into_any(),
        };
        columns.iter().map(cell).collect_view()
    };
    let rows = move || {
        let cell = |c: &Cell, d: Dimension| match c {
            Cell::Number(n) => desk.show_number(*n, d, 4),
            Cell::Text(t) => t.clone(),
        };
        let row = |r: &Vec<Cell>| {
            let cells = r.iter().zip(&table.columns).map(|(c, (_, d))| view! { <td>{cell(c, *d)}</td> }).collect_view();
            view! { <tr>{cells}</tr> }
        };
        table.rows.iter().map(row).collect_view()
    };
    view! {
        <div class="table-scroll">
            <table class="table dense">
                <thead><tr>{head}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
