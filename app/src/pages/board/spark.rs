//! A course over time, as small as a word.

use leptos::prelude::*;

const WIDTH: f64 = 72.0;
const HEIGHT: f64 = 20.0;

/// Scales times and values into the picture; `None` where there is nothing to draw. `zero` keeps zero in sight.
fn layout(points: &[(i64, f64)], zero: bool) -> Option<(String, Option<f64>)> {
    let (first, last) = (points.first()?, points.last()?);
    if points.len() < 2 {
        return None;
    }
    let (mut lo, mut hi) = points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), p| (a.min(p.1), b.max(p.1)));
    if zero {
        (lo, hi) = (lo.min(0.0), hi.max(0.0));
    }
    let width = if hi > lo { hi - lo } else { 1.0 };
    let span = ((last.0 - first.0) as f64).max(1.0);
    let y = |v: f64| 2.0 + (HEIGHT - 4.0) * (1.0 - (v - lo) / width);
    // A value holds until the next: steps, and not slopes that were never there.
    let mut line = String::new();
    let mut before = None;
    for (t, v) in points {
        let x = 2.0 + (WIDTH - 4.0) * (t - first.0) as f64 / span;
        if let Some(held) = before {
            line.push_str(&format!("{x:.1},{held:.1} "));
        }
        line.push_str(&format!("{x:.1},{:.1} ", y(*v)));
        before = Some(y(*v));
    }
    Some((line.trim_end().to_owned(), zero.then(|| y(0.0))))
}

/// The course of a number. `zero`: with a line at zero.
#[component]
pub fn Spark(points: Vec<(i64, f64)>, #[prop(into)] label: String, #[prop(optional)] zero: bool) -> impl IntoView {
    let Some((line, at)) = layout(&points, zero) else { return ().into_any() };
    view! {
        <svg class="spark" width=WIDTH height=HEIGHT viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img" aria-label=label>
            {at.map(|y| view! { <line class="zero" x1="0" x2=WIDTH y1=y y2=y></line> })}
            <polyline points=line></polyline>
        </svg>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::layout;

    #[test]
    fn a_value_holds_until_the_next() {
        let (line, zero) = layout(&[(0, 1.0), (10, 0.0), (20, 0.5)], false).expect("a line");
        assert_eq!(line, "2.0,2.0 36.0,2.0 36.0,18.0 70.0,18.0 70.0,10.0");
        assert_eq!(zero, None);
        assert_eq!(layout(&[(0, 1.0), (10, 2.0)], true).expect("a line").1, Some(18.0));
        assert_eq!((layout(&[], false), layout(&[(0, 1.0)], false)), (None, None));
    }
}
