//! Two merits of all bodies against each other, and which of them no other beats.

use super::{Merit, Numbers, Rival};
use crate::panels::use_desk;
use leptos::{ev, prelude::*};
use solver::design::Id;
use solver::quantity::display_unit;

/// Which points no other beats in one merit without losing in the other; of equal ones, all.
fn front(points: &[(f64, f64)], x: Merit, y: Merit) -> Vec<bool> {
    let beats = |a: &(f64, f64), b: &(f64, f64)| {
        let no_worse = !x.is_better(b.0, a.0) && !y.is_better(b.1, a.1);
        no_worse && (x.is_better(a.0, b.0) || y.is_better(a.1, b.1))
    };
    points.iter().map(|p| !points.iter().any(|q| beats(q, p))).collect()
}

/// Limits of an axis with air about the values.
fn limits(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (lo, hi) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
    if lo > hi {
        return (0.0, 1.0);
    }
    let air = if hi > lo { 0.12 * (hi - lo) } else { 0.1 * lo.abs().max(1e-12) };
    (lo - air, hi + air)
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 34.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 14.0;

/// Axes of the plot, SI.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Axes {
    x: (f64, f64),
    y: (f64, f64),
}

impl Axes {
    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let share = |v: f64, (lo, hi): (f64, f64)| (v - lo) / (hi - lo);
        (LEFT + share(x, self.x) * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - share(y, self.y) * (HEIGHT - BOTTOM - TOP))
    }
}

#[component]
fn AxisPicker(label: &'static str, testid: &'static str, merit: RwSignal<Merit>) -> impl IntoView {
    let choose = move |e: ev::Event| {
        let chosen = event_target_value(&e);
        if let Some(m) = Merit::ALL.into_iter().find(|m| m.key() == chosen) {
            merit.set(m);
        }
    };
    view! {
        <label class="label-row">
            <span class="label">{label}</span>
            <select class="input" data-testid=testid on:change=choose prop:value=move || merit.get().key()>
                {Merit::ALL
                    .map(|m| view! { <option value=m.key() selected=move || merit.get() == m>{m.label()}</option> })
                    .collect_view()}
            </select>
        </label>
    }
    .into_any()
}

/// Two merits against each other; a frame drawn with the pointer keeps the bodies in it.
#[component]
pub(super) fn Plot(
    all: Memo<Vec<Rival>>,
    numbers: RwSignal<Numbers>,
    x: RwSignal<Merit>,
    y: RwSignal<Merit>,
    kept: RwSignal<Option<Vec<Id>>>,
) -> impl IntoView {
    let desk = use_desk();
    let node = NodeRef::<leptos::svg::Svg>::new();
    let brush = RwSignal::new(None::<[(f64, f64); 2]>);
    // With both values, by feature.
    let points = Memo::new(move |_| {
        let (x, y) = (x.get(), y.get());
        let value = |r: &Rival, m: Merit| numbers.with(|n| r.value(m, n)).map(|v| v.0);
        let point = |r: &Rival| Some((r.feature.clone(), r.label.clone(), (value(r, x)?, value(r, y)?)));
        all.with(|a| a.iter().filter_map(point).collect::<Vec<_>>())
    });
    let axes = Memo::new(move |_| {
        points.with(|p| Axes { x: limits(p.iter().map(|p| p.2.0)), y: limits(p.iter().map(|p| p.2.1)) })
    });
    let at = move |e: &ev::PointerEvent| -> Option<(f64, f64)> {
        #[cfg(feature = "browser")]
        {
            let rect = node.get_untracked()?.get_bounding_client_rect();
            let share = |v: f64, from: f64, size: f64| ((v - from) / size).clamp(0.0, 1.0);
            let (x, y) = (f64::from(e.client_x()), f64::from(e.client_y()));
            Some((share(x, rect.left(), rect.width()) * WIDTH, share(y, rect.top(), rect.height()) * HEIGHT))
        }
        #[cfg(not(feature = "browser"))]
        {
            let _ = (e, node);
            None
        }
    };
    let begin = move |e: ev::PointerEvent| {
        e.prevent_default();
        brush.set(at(&e).map(|p| [p, p]));
    };
    let follow = move |e: ev::PointerEvent| {
        if let Some(p) = at(&e) {
            brush.update(|b| b.iter_mut().for_each(|b| b[1] = p));
        }
    };
    let end = move |_: ev::PointerEvent| {
        let Some([(a, b), (c, d)]) = brush.get_untracked() else { return };
        brush.set(None);
        if (a - c).abs() < 4.0 && (b - d).abs() < 4.0 {
            return kept.set(None);
        }
        let within = |(px, py): (f64, f64)| a.min(c) <= px && px <= a.max(c) && b.min(d) <= py && py <= b.max(d);
        let axes = axes.get_untracked();
        let chosen = points
            .with_untracked(|p| p.iter().filter(|p| within(axes.place(p.2))).map(|p| p.0.clone()).collect::<Vec<_>>());
        kept.set((!chosen.is_empty()).then_some(chosen));
    };
    let unit = move |m: Merit| match display_unit(m.dimension(), desk.units.get()).0 {
        "" => m.label().to_string(),
        unit => format!("{}, {unit}", m.label()),
    };
    let dots = move || {
        let (axes, merits) = (axes.get(), (x.get(), y.get()));
        let found = points.get();
        let best = front(&found.iter().map(|p| p.2).collect::<Vec<_>>(), merits.0, merits.1);
        found
            .into_iter()
            .zip(best)
            .map(|((feature, label, point), best)| {
                let (cx, cy) = axes.place(point);
                let id = feature.clone();
                let away = move || kept.with(|k| k.as_ref().is_some_and(|k| !k.contains(&id)));
                // Names at the right edge stand to the left of their dots.
                let (dx, anchor) = if cx > 0.7 * WIDTH { (-9.0, "end") } else { (9.0, "start") };
                view! {
                    <g class="rival" class:best=best class:away=away data-testid="rival-dot">
                        <circle cx=cx cy=cy r="5"></circle>
                        <text x=cx + dx y=cy + 4.0 text-anchor=anchor>{label}</text>
                    </g>
                }
            })
            .collect_view()
    };
    let line = move || {
        let (axes, merits) = (axes.get(), (x.get(), y.get()));
        let mut on: Vec<(f64, f64)> = points.with(|p| {
            let all: Vec<_> = p.iter().map(|p| p.2).collect();
            let best = front(&all, merits.0, merits.1);
            all.into_iter().zip(best).filter(|(_, best)| *best).map(|(p, _)| axes.place(p)).collect()
        });
        on.sort_by(|a, b| a.0.total_cmp(&b.0));
        on.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
    };
    let ends = move || {
        let (a, mx, my) = (axes.get(), x.get(), y.get());
        let number = |v: f64, m: Merit| desk.show_number(v, m.dimension(), 3);
        points.with(|p| !p.is_empty()).then(|| {
            view! {
                <text class="tick" x=LEFT y=HEIGHT - BOTTOM + 14.0 text-anchor="start">{number(a.x.0, mx)}</text>
                <text class="tick" x=WIDTH - RIGHT y=HEIGHT - BOTTOM + 14.0 text-anchor="end">{number(a.x.1, mx)}</text>
                <text class="tick" x=LEFT - 6.0 y=HEIGHT - BOTTOM text-anchor="end">{number(a.y.0, my)}</text>
                <text class="tick" x=LEFT - 6.0 y=TOP + 8.0 text-anchor="end">{number(a.y.1, my)}</text>
            }
        })
    };
    view! {
        <div class="pareto-head">
            <AxisPicker label="Across" testid="pareto-x" merit=x />
            <AxisPicker label="Up" testid="pareto-y" merit=y />
            <span class="grow"></span>
            <Show when=move || kept.with(Option::is_some)>
                <button type="button" class="button small" data-testid="pareto-all" on:click=move |_| kept.set(None)>"Show all"</button>
            </Show>
        </div>
        <svg
            node_ref=node class="pareto" viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img"
            aria-label="Bodies by two figures; those that no other beats are joined by a line" on:pointerdown=begin
            on:pointermove=follow on:pointerup=end on:pointerleave=end
        >
            <rect class="ground" x=LEFT y=TOP width=WIDTH - LEFT - RIGHT height=HEIGHT - BOTTOM - TOP></rect>
            {ends}
            <text class="axis" x=0.5 * (LEFT + WIDTH - RIGHT) y=HEIGHT - 6.0 text-anchor="middle">{move || unit(x.get())}</text>
            <text class="axis" transform=format!("translate(14 {}) rotate(-90)", 0.5 * (TOP + HEIGHT - BOTTOM)) text-anchor="middle">
                {move || unit(y.get())}
            </text>
            <polyline class="front" points=line></polyline>
            {dots}
            {move || {
                brush
                    .get()
                    .map(|[(a, b), (c, d)]| {
                        view! { <rect class="brush" x=a.min(c) y=b.min(d) width=(a - c).abs() height=(b - d).abs()></rect> }
                    })
            }}
        </svg>
        <Show when=move || points.with(|p| p.is_empty())>
            <p class="soft">"Nothing to plot: run the verified studies of the bodies below."</p>
        </Show>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_is_what_no_other_beats() {
        let points = [(1.0, 5.0), (2.0, 3.0), (2.0, 4.0), (3.0, 3.0), (4.0, 1.0)];
        assert_eq!(front(&points, Merit::Mass, Merit::Stress), [true, true, false, false, true]);
        // More safety is better.
        assert_eq!(front(&points, Merit::Mass, Merit::Safety), [true, false, false, false, false]);
        assert_eq!(front(&[(1.0, 1.0), (1.0, 1.0)], Merit::Mass, Merit::Stress), [true, true]);
        assert_eq!(front(&[], Merit::Mass, Merit::Stress), [false; 0]);
    }

    #[test]
    fn axes_have_air_and_values_their_place() {
        assert_eq!(limits([].into_iter()), (0.0, 1.0));
        let (lo, hi) = limits([2.0].into_iter());
        assert!(lo < 2.0 && hi > 2.0);
        let axes = Axes { x: (0.0, 2.0), y: (0.0, 1.0) };
        assert_eq!(axes.place((0.0, 0.0)), (LEFT, HEIGHT - BOTTOM));
        assert_eq!(axes.place((2.0, 1.0)), (WIDTH - RIGHT, TOP));
    }
}
