//! The legend of the shown field: colours, limits, unit.

use super::bench::Bench;
use super::outcome::over_name;
use super::twin;
use crate::colormap;
use crate::panels::use_desk;
use crate::viewport::colour_limits;
use leptos::prelude::*;
use solver::quantity::{Dimension, Quantity, display_unit, format};
use solver::result::Over;

/// Intervals of the legend, and bands when banded.
const STEPS: usize = 9;

/// Limits of the colours, SI, and whether values lie above them.
pub fn limits(bench: Bench) -> Option<(f64, f64, bool)> {
    let shown = bench.shown.get()?;
    let (min, max, _) = bench.range.get()?;
    let both = twin::limits(bench);
    let (lo, hi) = colour_limits(shown.range.or(both), shown.ceiling(), min, max);
    Some((lo, hi, hi < max))
}

/// The legend beside the model.
#[component]
pub fn Legend() -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let case = move || {
        let reading = bench.shown.get()?.reading;
        bench.outcome.with(|o| o.as_ref().map(|o| over_name(desk, o, &reading)))
    };
    // Numbers of load cases have names instead of a scale.
    let names = move || {
        let counts = bench.shown.with(|s| s.as_ref().is_some_and(|s| s.reading.over.counts()));
        let labels =
            bench.outcome.with(|o| o.as_ref().map(|o| o.states.iter().map(|s| s.label.clone()).collect::<Vec<_>>()));
        labels.filter(|_| counts)
    };
    view! {
        {move || {
            bench
                .shown
                .get()
                .map(|shown| {
                    let (symbol, _, _) = display_unit(shown.dimension, desk.units.get());
                    let ticks = limits(bench)
                        .map(|(lo, hi, open)| {
                            (0..=STEPS)
                                .rev()
                                .map(|i| {
                                    let v = lo + (hi - lo) * i as f64 / STEPS as f64;
                                    let text = format(Quantity::new(v, shown.dimension), desk.units.get(), 3);
                                    let number = text.split(' ').next().unwrap_or_default().to_string();
                                    // What lies above the limit is drawn as the limit.
                                    view! { <li>{(open && i == STEPS).then_some("≥ ")}{number}</li> }
                                })
                                .collect_view()
                        });
                    // Heat moves nothing.
                    let moves = bench
                        .outcome
                        .with(|o| o.as_ref().is_some_and(|o| o.fields.iter().any(|f| f.id == "displacement")));
                    let scale = bench
                        .range
                        .get()
                        .filter(|_| moves)
                        .map(|(_, _, s)| {
                            if shown.scale == Some(0.0) || shown.reading.over != Over::State {
                                "not deformed".to_string()
                            } else {
                                format!("deformed × {}", format(Quantity::new(s, Dimension::NONE), desk.units.get(), 3))
                            }
                        });
                    view! {
                        <div class="legend" data-testid="legend" role="img" aria-label=format!("Legend of {}", shown.label)>
                            <strong>{shown.label.clone()}</strong>
                            <span class="soft">{case()}</span>
                            {match names() {
                                Some(names) => view! { <CaseKey names=names inverted=shown.is_inverted() /> }.into_any(),
                                None => {
                                    let bands = shown.banded.then_some(colormap::BANDS);
                                    view! {
                                        <div class="legend-scale">
                                            <div class="legend-bar" style:background=colormap::css(bands, shown.is_inverted())></div>
                                            <ol class="mono">{ticks}</ol>
                                        </div>
                                        {(!symbol.is_empty()).then(|| view! { <span class="soft">{symbol}</span> })}
                                    }
                                        .into_any()
                                }
                            }}
                            {shown
                                .directions
                                .then(|| {
                                    view! {
                                        <span class="soft directions">
                                            <i class="pull"></i>"tension "<i class="press"></i>"compression"
                                        </span>
                                    }
                                })}
                            <span class="soft">{scale}</span>
                            {shown.partial.then(|| view! { <span class="tag">"refining"</span> })}
                        </div>
                    }
                })
        }}
    }
    .into_any()
}

/// The colour of each load case.
#[component]
fn CaseKey(names: Vec<String>, inverted: bool) -> impl IntoView {
    let n = names.len();
    let row = |(k, name): (usize, String)| {
        let share = (k as f64 + 0.5) / n as f64;
        let [r, g, b] = colormap::colour(if inverted { 1.0 - share } else { share }, Some(n as u32));
        view! { <li><i style:background=format!("rgb({r} {g} {b})")></i>{name}</li> }
    };
    view! { <ul class="case-key" data-testid="case-key">{names.into_iter().enumerate().map(row).collect_view()}</ul> }
        .into_any()
}
