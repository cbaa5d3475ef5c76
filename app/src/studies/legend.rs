//! The legend of the shown field: colours, limits, unit.

use super::bench::Bench;
use super::outcome::{moves, over_name};
use super::twin;
use crate::colormap;
use crate::panels::use_desk;
use crate::viewport::colour_limits;
use leptos::prelude::*;
use solver::quantity::{Dimension, Quantity, display_unit, format};
use solver::result::Over;
use solver::study::outcome::StateKind;

/// Intervals of the legend, and bands when banded.
const STEPS: usize = 9;

/// What is smaller, as a share of the largest value, cannot be told from zero: a field comes in 16 bits for each component, and
/// half a step of each of three makes as much.
const NOTHING: f64 = 3e-5;
/// Significant digits of the legend's numbers: at least, and beyond the least at most.
const DIGITS: usize = 3;
const DIGITS_MORE_MAX: f64 = 4.0;

/// Of a field between `lo` and `hi`, SI, the value, or the zero of the unit shown where it is nothing else.
pub fn settled(value: f64, (lo, hi): (f64, f64), zero: f64) -> f64 {
    let largest = (lo - zero).abs().max((hi - zero).abs());
    if (value - zero).abs() < NOTHING * largest { zero } else { value }
}

/// Digits with which no two numbers of a legend from `lo` to `hi`, in the unit shown, read alike.
fn digits(lo: f64, hi: f64) -> usize {
    let more = (lo.abs().max(hi.abs()) / (hi - lo)).log10().floor();
    DIGITS + if more.is_finite() { more.clamp(0.0, DIGITS_MORE_MAX) as usize } else { 0 }
}

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
                    let (symbol, factor, zero) = display_unit(shown.dimension, desk.units.get());
                    let ticks = limits(bench)
                        .map(|(lo, hi, open)| {
                            let digits = digits((lo - zero) / factor, (hi - zero) / factor);
                            (0..=STEPS)
                                .rev()
                                .map(|i| {
                                    let v = settled(lo + (hi - lo) * i as f64 / STEPS as f64, (lo, hi), zero);
                                    let number = desk.show_number(v, shown.dimension, digits);
                                    // What lies above the limit is drawn as the limit.
                                    view! { <li>{(open && i == STEPS).then_some("≥ ")}{number}</li> }
                                })
                                .collect_view()
                        });
                    let is_moved = bench.outcome.with(|o| o.as_ref().is_some_and(|o| moves(o)));
                    // The size of a mode's shape means nothing.
                    let is_sized = shown.kind != Some(StateKind::Mode);
                    let scale = bench
                        .range
                        .get()
                        .filter(|_| is_moved && is_sized)
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

#[cfg(test)]
mod tests {
    use super::*;
    use solver::quantity::UnitSystem;

    #[test]
    fn no_two_numbers_of_a_legend_read_alike() {
        for (lo, hi) in [(42.32, 42.76), (0.0, 100.0), (-1.0, 1.0), (99.9, 100.0), (1e6, 1.0009e6), (-3e-5, -2.9e-5)] {
            let text = |i: usize| {
                let value = lo + (hi - lo) * i as f64 / STEPS as f64;
                format(Quantity::new(value, Dimension::NONE), UnitSystem::Metre, digits(lo, hi))
            };
            let all: std::collections::BTreeSet<String> = (0..=STEPS).map(text).collect();
            assert_eq!(all.len(), STEPS + 1, "{lo} to {hi}: {all:?}");
        }
        assert_eq!((digits(0.0, 250.0), digits(5.0, 5.0), digits(0.0, 0.0)), (3, 3, 3));
    }

    #[test]
    fn what_sixteen_bits_leave_of_zero_is_zero() {
        assert_eq!(settled(5e-7, (5e-7, 1.0), 0.0), 0.0);
        assert_eq!(settled(1e-3, (0.0, 1.0), 0.0), 1e-3);
        // Of temperatures the zero of the scale that is read, not the absolute one.
        let melting = 273.15 + 1e-12;
        assert_eq!(settled(melting, (253.15, 343.15), 273.15), 273.15);
        assert_eq!(settled(253.15, (253.15, 343.15), 273.15), 253.15);
    }
}
