//! A small line chart, for convergence curves.

use leptos::prelude::*;

const WIDTH: f64 = 280.0;
const HEIGHT: f64 = 96.0;
/// Room for the axis labels, left and below.
const LEFT: f64 = 34.0;
const BELOW: f64 = 14.0;

/// Scales `points` into the picture; with `log`, y is drawn as its decimal logarithm.
/// Returns the polyline, the y ticks (position, label) and the largest x.
fn layout(points: &[(f64, f64)], log: bool) -> (String, Vec<(f64, String)>, f64) {
    let y_of = |y: f64| if log { y.max(1e-300).log10() } else { y };
    let usable: Vec<(f64, f64)> =
        points.iter().map(|(x, y)| (*x, y_of(*y))).filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    let x_max = usable.iter().map(|p| p.0).fold(1.0, f64::max);
    let (mut lo, mut hi) =
        usable.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), p| (lo.min(p.1), hi.max(p.1)));
    if lo > hi {
        (lo, hi) = (0.0, 1.0);
    }
    if log {
        (lo, hi) = (lo.floor(), hi.ceil());
    }
    if hi - lo < 1e-12 {
        hi = lo + 1.0;
    }
    let sx = |x: f64| LEFT + (WIDTH - LEFT - 4.0) * x / x_max;
    let sy = |y: f64| 6.0 + (HEIGHT - BELOW - 6.0) * (hi - y) / (hi - lo);
    let line = usable.iter().map(|(x, y)| format!("{:.1},{:.1}", sx(*x), sy(*y))).collect::<Vec<_>>().join(" ");
    let ticks = [lo, (lo + hi) / 2.0, hi].map(|y| {
        let label = if log { format!("1e{y:.0}") } else { format!("{y:.3}") };
        (sy(y), label)
    });
    (line, ticks.to_vec(), x_max)
}

/// A curve over its axes; redraws as points arrive.
#[component]
pub fn Chart(
    #[prop(into)] points: Signal<Vec<(f64, f64)>>,
    #[prop(optional)] log: bool,
    #[prop(into)] label: String,
) -> impl IntoView {
    let drawn = Memo::new(move |_| layout(&points.get(), log));
    view! {
        <svg class="chart" viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img" aria-label=label>
            {move || {
                drawn.with(|(_, ticks, _)| {
                    ticks
                        .iter()
                        .map(|(y, text)| {
                            view! {
                                <line class="grid" x1=LEFT x2=WIDTH - 4.0 y1=*y y2=*y></line>
                                <text x=LEFT - 4.0 y=*y + 3.0 text-anchor="end">{text.clone()}</text>
                            }
                        })
                        .collect_view()
                })
            }}
            <polyline points=move || drawn.with(|d| d.0.clone())></polyline>
            <text x=WIDTH - 4.0 y=HEIGHT - 2.0 text-anchor="end">
                {move || drawn.with(|d| format!("{:.0}", d.2))}
            </text>
        </svg>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::layout;

    #[test]
    fn falls_from_top_left_to_bottom_right() {
        let (line, ticks, x_max) = layout(&[(0.0, 1.0), (10.0, 1e-8)], true);
        assert_eq!(line, "34.0,6.0 276.0,82.0");
        assert_eq!(ticks.iter().map(|t| t.1.as_str()).collect::<Vec<_>>(), ["1e-8", "1e-4", "1e0"]);
        assert_eq!(x_max, 10.0);
    }

    #[test]
    fn empty_and_bad_values_draw_nothing() {
        assert_eq!(layout(&[], true).0, "");
        assert_eq!(layout(&[(f64::NAN, 1.0), (1.0, f64::INFINITY)], false).0, "");
    }
}
