//! The legend of the shown field: colours, limits, unit.

use super::outcome::state_name;
use crate::panels::use_desk;
use crate::viewport::colour_limits;
use leptos::prelude::*;
use solver::quantity::{Dimension, Quantity, display_unit, format};

/// Intervals of the legend, and bands when banded.
const STEPS: usize = 9;

/// The legend beside the model.
#[component]
pub fn Legend() -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let limits = move || {
        let shown = bench.shown.get()?;
        let (min, max, _) = bench.range.get()?;
        let (lo, hi) = colour_limits(shown.range, shown.ceiling(), min, max);
        Some((lo, hi, hi < max))
    };
    let case = move || {
        let case = bench.shown.get()?.case?;
        bench.outcome.with(|o| o.as_ref().map(|o| state_name(desk, o, &case)))
    };
    view! {
        {move || {
            bench
                .shown
                .get()
                .map(|shown| {
                    let (symbol, _, _) = display_unit(shown.dimension, desk.units.get());
                    let ticks = limits()
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
                            if shown.scale == Some(0.0) {
                                "not deformed".to_string()
                            } else {
                                format!("deformed × {}", format(Quantity::new(s, Dimension::NONE), desk.units.get(), 3))
                            }
                        });
                    view! {
                        <div class="legend" data-testid="legend" role="img" aria-label=format!("Legend of {}", shown.field_label)>
                            <strong>{shown.field_label.clone()}</strong>
                            <span class="soft">{case()}</span>
                            <div class="legend-scale">
                                <div class="legend-bar" style:background=crate::colormap::css(shown.banded.then_some(crate::colormap::BANDS), shown.is_inverted())></div>
                                <ol class="mono">{ticks}</ol>
                            </div>
                            <span class="soft">{if symbol.is_empty() { "—" } else { symbol }}</span>
                            <span class="soft">{scale}</span>
                            {shown.partial.then(|| view! { <span class="tag">"refining"</span> })}
                        </div>
                    }
                })
        }}
    }
    .into_any()
}
