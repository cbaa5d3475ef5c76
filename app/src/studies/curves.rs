//! The curves of an answer: how it converged over the meshes, how it went over time.

use crate::panels::{Desk, use_desk};
use crate::ui::{Plot, Series};
use leptos::prelude::*;
use solver::quantity::{Dimension, display_unit};
use solver::study::outcome::{Curve, Outcome};
use std::sync::Arc;

/// Curves told apart in one picture; as many as it has colours.
const TOGETHER_MAX: usize = 4;

/// Curves over the same axes, which share a picture.
#[derive(Clone, Debug, PartialEq)]
struct Group {
    label: String,
    curves: Vec<Curve>,
}

/// The state that a curve belongs to, by its id: `meshes_stress:case_1`.
fn state_of(curve: &Curve) -> Option<&str> {
    curve.id.split_once(':').map(|(_, state)| state)
}

/// Curves that can be drawn, by their axes, in their order.
fn groups(curves: &[Curve]) -> Vec<Group> {
    let mut out: Vec<Group> = Vec::new();
    let axes = |c: &Curve| (c.x_label.clone(), c.x_dimension, c.y_label.clone(), c.y_dimension, c.log_y);
    for curve in curves.iter().filter(|c| c.x.len() > 1 && c.x.len() == c.y.len()) {
        match out.iter_mut().find(|g| axes(&g.curves[0]) == axes(curve)) {
            Some(group) => group.curves.push(curve.clone()),
            None => {
                let label = format!("{} over {}", curve.y_label, curve.x_label.to_lowercase());
                out.push(Group { label, curves: vec![curve.clone()] });
            }
        }
    }
    out
}

/// What of a group stands in one picture: all of few, the shown state's of many.
fn together<'a>(group: &'a Group, state: Option<&str>) -> Vec<&'a Curve> {
    if group.curves.len() <= TOGETHER_MAX {
        return group.curves.iter().collect();
    }
    let own: Vec<&Curve> = group.curves.iter().filter(|c| state.is_some() && state_of(c) == state).collect();
    if own.is_empty() { group.curves.iter().take(TOGETHER_MAX).collect() } else { own }
}

/// In the units shown.
fn series(desk: Desk, curve: &Curve) -> Series {
    let units = desk.units.get();
    let ((_, across, x_zero), (_, up, y_zero)) =
        (display_unit(curve.x_dimension, units), display_unit(curve.y_dimension, units));
    let points = curve.x.iter().zip(&curve.y).map(|(x, y)| ((x - x_zero) / across, (y - y_zero) / up)).collect();
    Series { label: curve.label.clone(), points }
}

/// Draws them, one picture at a time.
#[component]
pub fn Curves(outcome: Arc<Outcome>) -> impl IntoView {
    let desk = use_desk();
    let all = StoredValue::new(groups(&outcome.curves));
    let n = all.with_value(Vec::len);
    let chosen = RwSignal::new(0usize);
    let cursor = RwSignal::new(None::<f64>);
    let state = Memo::new(move |_| desk.bench.shown.with(|s| s.as_ref().and_then(|s| s.reading.case.clone())));
    let unit = move |label: &str, d: Dimension| match display_unit(d, desk.units.get()).0 {
        "" => label.to_string(),
        symbol => format!("{label}, {symbol}"),
    };
    let picture = move |k: usize| {
        let log = all.with_value(|g| g.get(k).is_some_and(|g| g.curves[0].log_y));
        let drawn = Signal::derive(move || {
            let state = state.get();
            let of = |g: &Group| together(g, state.as_deref()).into_iter().map(|c| series(desk, c)).collect::<Vec<_>>();
            all.with_value(|g| g.get(k).map(of)).unwrap_or_default()
        });
        let axis = move |f: fn(&Curve) -> (&str, Dimension)| {
            Signal::derive(move || {
                let of = |g: &Group| {
                    let (label, dimension) = f(&g.curves[0]);
                    unit(label, dimension)
                };
                all.with_value(|g| g.get(k).map(of)).unwrap_or_default()
            })
        };
        view! {
            <Plot
                series=drawn log=log x_label=axis(|c| (&c.x_label, c.x_dimension))
                y_label=axis(|c| (&c.y_label, c.y_dimension)) cursor=cursor
            />
        }
    };
    (n > 0)
        .then(|| {
            view! {
                <h3>"Curves"</h3>
                <div class="result-tool" data-testid="curves">
                    {(n > 1)
                        .then(|| {
                            view! {
                                <select
                                    class="input" data-testid="curve-picker" aria-label="Which curve"
                                    on:change=move |e| {
                                        cursor.set(None);
                                        chosen.set(event_target_value(&e).parse().unwrap_or(0));
                                    }
                                >
                                    {all
                                        .with_value(|g| g.iter().map(|g| g.label.clone()).collect::<Vec<_>>())
                                        .into_iter()
                                        .enumerate()
                                        .map(|(k, label)| {
                                            view! { <option value=k.to_string() selected=move || chosen.get() == k>{label}</option> }
                                        })
                                        .collect_view()}
                                </select>
                            }
                        })}
                    {move || picture(chosen.get())}
                </div>
            }
        })
        .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(id: &str, y_label: &str, n: usize) -> Curve {
        Curve {
            id: id.into(),
            label: id.into(),
            x_label: "Unknowns".into(),
            x_dimension: Dimension::NONE,
            y_label: y_label.into(),
            y_dimension: Dimension::NONE,
            log_y: false,
            x: (0..n).map(|i| i as f64).collect(),
            y: vec![1.0; n],
        }
    }

    #[test]
    fn curves_over_the_same_axes_share_a_picture() {
        let all = [curve("m_error:a", "Error", 3), curve("m_peak:a", "Peak", 3), curve("m_error:b", "Error", 3)];
        let found = groups(&all);
        assert_eq!(
            found.iter().map(|g| g.label.as_str()).collect::<Vec<_>>(),
            ["Error over unknowns", "Peak over unknowns"]
        );
        assert_eq!(together(&found[0], Some("b")).len(), 2, "few stand together");
        // One mesh is no curve.
        assert!(groups(&[curve("m_error:a", "Error", 1)]).is_empty());
    }

    #[test]
    fn of_many_the_shown_state_is_drawn() {
        let all: Vec<Curve> = (0..6).map(|k| curve(&format!("m_value:mode_{k}"), "Frequency", 2)).collect();
        let found = groups(&all);
        let ids = |state| together(&found[0], state).iter().map(|c| c.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(Some("mode_5")), ["m_value:mode_5"]);
        assert_eq!(ids(None).len(), TOGETHER_MAX);
    }
}
