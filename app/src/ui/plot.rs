//! Curves over axes with units, or over time, read off under the pointer or by the arrow keys.

use super::time::day;
use leptos::prelude::*;

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 190.0;
/// Room for ticks and names: left, below, above, right.
const LEFT: f64 = 46.0;
const BELOW: f64 = 32.0;
const ABOVE: f64 = 8.0;
const RIGHT: f64 = 8.0;
/// Steps of the arrow keys over the whole width.
const KEY_STEPS: f64 = 100.0;
/// Looks that the style sheet has for curves; the next ones begin anew.
const LOOKS: usize = 8;
const MINUTE: f64 = 60_000.0;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;
/// Steps of an axis of time, ms: those that clocks and calendars have.
const TIME_STEPS: [f64; 21] = [
    MINUTE,
    2.0 * MINUTE,
    5.0 * MINUTE,
    10.0 * MINUTE,
    15.0 * MINUTE,
    30.0 * MINUTE,
    HOUR,
    2.0 * HOUR,
    3.0 * HOUR,
    6.0 * HOUR,
    12.0 * HOUR,
    DAY,
    2.0 * DAY,
    4.0 * DAY,
    7.0 * DAY,
    14.0 * DAY,
    28.0 * DAY,
    56.0 * DAY,
    91.0 * DAY,
    182.0 * DAY,
    365.0 * DAY,
];
/// Dates that stand beside each other on the axis.
const DATES: f64 = 5.0;
/// Points of a curve that are marked one by one: a handful of meshes, not a line read at two hundred places.
const MARKED_MAX: usize = 16;

/// A curve, in the units of the axes; a point that is no number parts it.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub label: String,
    pub points: Vec<(f64, f64)>,
}

impl Series {
    /// Its value at `x`, between its points; `None` outside of them and in a gap.
    pub fn at(&self, x: f64) -> Option<f64> {
        let after = self.points.partition_point(|p| p.0 < x);
        let (b, a) = (self.points.get(after)?, self.points.get(after.saturating_sub(1))?);
        let share = if b.0 > a.0 { (x - a.0) / (b.0 - a.0) } else { 0.0 };
        let y = a.1 + share * (b.1 - a.1);
        (y.is_finite() && x >= a.0).then_some(y)
    }
}

/// The picture's window on the curves.
#[derive(Clone, Debug, PartialEq)]
struct Scale {
    x: (f64, f64),
    y: (f64, f64),
    /// The values are decimal logarithms.
    log: bool,
}

/// The decimal logarithms of a curve's values; what has none parts it.
fn logarithms(own: &Series) -> Series {
    let log = |y: f64| if y > 0.0 { y.log10() } else { f64::NAN };
    Series { label: own.label.clone(), points: own.points.iter().map(|(x, y)| (*x, log(*y))).collect() }
}

/// Steps of an axis; those of logarithms are whole decades.
fn step_of(range: f64, log: bool) -> f64 {
    if log { step(range).max(1.0) } else { step(range) }
}

/// Round steps of which some five fill `range` (Heckbert, Graphics Gems, 1990).
fn step(range: f64) -> f64 {
    if !(range > 0.0) {
        return 1.0;
    }
    let size = 10f64.powf((range / 5.0).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|s| s * size).find(|s| range / s <= 6.0).unwrap_or(10.0 * size)
}

fn ticks((lo, hi): (f64, f64), step: f64) -> Vec<f64> {
    let first = (lo / step - 1e-9).ceil() as i64;
    let last = (hi / step + 1e-9).floor() as i64;
    (first..=last.min(first + 12)).map(|k| k as f64 * step).collect()
}

/// A tick's number with as many digits as its step needs.
fn number(x: f64, step: f64) -> String {
    if x != 0.0 && !(1e-3..1e5).contains(&x.abs()) {
        return format!("{x:.1e}");
    }
    let digits = (-step.log10().floor()).max(0.0) as usize;
    format!("{x:.digits$}")
}

/// The step of an axis of so many ms.
fn time_step(range: f64) -> f64 {
    let years = TIME_STEPS[TIME_STEPS.len() - 1];
    TIME_STEPS.into_iter().find(|s| range / s <= DATES).unwrap_or_else(|| years * (range / years / DATES).ceil())
}

/// A time of day, UTC.
fn clock(ms: f64) -> String {
    let minutes = (ms.rem_euclid(DAY) / MINUTE) as u32;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A tick of an axis of time: month and day, over years the month, within days the time of day.
fn date(ms: f64, step: f64) -> String {
    let day = day(ms as i64);
    if step < DAY && ms.rem_euclid(DAY) > 0.0 {
        return clock(ms);
    }
    let part = if step > 200.0 * DAY { day.get(..7) } else { day.get(5..) };
    part.unwrap_or(&day).to_owned()
}

/// A value as it is read off: four digits or so.
fn short(y: f64) -> String {
    let digits = if y.abs() >= 100.0 { 1 } else { 3 - usize::from(y.abs() >= 10.0) };
    format!("{y:.digits$}")
}

/// A value as it is read off.
fn read_off(y: f64) -> String {
    if y != 0.0 && !(1e-3..1e6).contains(&y.abs()) { format!("{y:.3e}") } else { format!("{y:.4}") }
}

impl Scale {
    /// `rule` is in sight always; what is beyond `ceiling`, to either side of zero, is not. `log`: `series` are logarithms.
    fn of(series: &[Series], rule: Option<f64>, ceiling: Option<f64>, log: bool) -> Self {
        let points = || series.iter().flat_map(|s| &s.points).filter(|p| p.0.is_finite() && p.1.is_finite());
        let range = |f: fn(&(f64, f64)) -> f64| {
            let (lo, hi) =
                points().map(f).fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
            if lo < hi {
                (lo, hi)
            } else if lo.is_finite() {
                (lo - lo.abs().max(1.0) * 0.5, lo + lo.abs().max(1.0) * 0.5)
            } else {
                (0.0, 1.0)
            }
        };
        let (x, (mut lo, mut hi)) = (range(|p| p.0), range(|p| p.1));
        if let Some(rule) = rule {
            (lo, hi) = (lo.min(rule), hi.max(rule));
        }
        if let Some(ceiling) = ceiling {
            (lo, hi) = (lo.max(-ceiling), hi.min(ceiling));
        }
        // Whole steps, so that the first and the last tick stand at the border.
        let step = step_of(hi - lo, log);
        Self { x, y: ((lo / step).floor() * step, (hi / step).ceil() * step), log }
    }

    fn px(&self, x: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (x - self.x.0) / (self.x.1 - self.x.0)
    }

    fn py(&self, y: f64) -> f64 {
        let y = y.clamp(self.y.0, self.y.1);
        ABOVE + (HEIGHT - ABOVE - BELOW) * (self.y.1 - y) / (self.y.1 - self.y.0)
    }

    #[cfg(any(feature = "browser", test))]
    /// The curve at a pixel across the picture's own width, clamped to the axis.
    fn x_at(&self, px: f64) -> f64 {
        let share = ((px - LEFT) / (WIDTH - LEFT - RIGHT)).clamp(0.0, 1.0);
        self.x.0 + share * (self.x.1 - self.x.0)
    }

    fn path(&self, series: &Series) -> String {
        let mut out = String::new();
        let mut open = false;
        for (x, y) in &series.points {
            if !(x.is_finite() && y.is_finite()) {
                open = false;
                continue;
            }
            out.push_str(&format!("{}{:.1} {:.1}", if open { "L" } else { "M" }, self.px(*x), self.py(*y)));
            open = true;
        }
        out
    }
}

/// Dots on the points of a curve of few.
fn marks(scale: &Scale, own: &Series, k: usize) -> impl IntoView + use<> {
    let whole = |p: &&(f64, f64)| p.0.is_finite() && p.1.is_finite();
    let few = own.points.len() <= MARKED_MAX;
    let places: Vec<(f64, f64)> =
        own.points.iter().filter(whole).filter(|_| few).map(|(x, y)| (scale.px(*x), scale.py(*y))).collect();
    let dot = |(x, y): (f64, f64)| view! { <circle class=format!("dot c{}", k % LOOKS) cx=x cy=y r="2.2"></circle> };
    places.into_iter().map(dot).collect_view()
}

/// Curves in one picture. `cursor` is the place on the x axis under the pointer.
#[component]
pub fn Plot(
    #[prop(into)] series: Signal<Vec<Series>>,
    /// With units.
    #[prop(into)]
    x_label: Signal<String>,
    #[prop(into)] y_label: Signal<String>,
    cursor: RwSignal<Option<f64>>,
    /// The x axis has epoch milliseconds, and shows dates.
    #[prop(optional)]
    time: bool,
    /// A line across at this value, which is always in sight, and its name.
    #[prop(optional)]
    rule: Option<(f64, &'static str)>,
    /// What is larger runs along the border.
    #[prop(optional)]
    ceiling: Option<f64>,
    /// The y axis has decades.
    #[prop(optional)]
    log: bool,
) -> impl IntoView {
    let svg = NodeRef::<leptos::svg::Svg>::new();
    let series = Memo::new(move |_| series.with(|s| if log { s.iter().map(logarithms).collect() } else { s.clone() }));
    let scale = Memo::new(move |_| series.with(|s| Scale::of(s, rule.map(|r| r.0), ceiling, log)));
    let moved = move |e: leptos::ev::PointerEvent| {
        #[cfg(feature = "browser")]
        if let Some(svg) = svg.get_untracked() {
            let rect = svg.get_bounding_client_rect();
            let px = (f64::from(e.client_x()) - rect.left()) / rect.width().max(1.0) * WIDTH;
            cursor.set(Some(scale.with_untracked(|s| s.x_at(px))));
        }
        #[cfg(not(feature = "browser"))]
        let _ = e;
    };
    let key = move |e: leptos::ev::KeyboardEvent| {
        let by = match e.key().as_str() {
            "ArrowLeft" => -1.0,
            "ArrowRight" => 1.0,
            _ => return,
        };
        e.prevent_default();
        e.stop_propagation();
        scale.with_untracked(|s| {
            let (lo, hi) = s.x;
            cursor.update(|c| *c = Some((c.unwrap_or(lo) + by * (hi - lo) / KEY_STEPS).clamp(lo, hi)));
        });
    };
    let axes = move || {
        scale.with(|s| {
            let (dx, dy) = (step(s.x.1 - s.x.0), step_of(s.y.1 - s.y.0, s.log));
            let across = ticks(s.y, dy).into_iter().map(|y| {
                let py = s.py(y);
                let words = if s.log { format!("1e{y:.0}") } else { number(y, dy) };
                view! {
                    <line class="grid" x1=LEFT x2=WIDTH - RIGHT y1=py y2=py></line>
                    <text x=LEFT - 4.0 y=py + 3.0 text-anchor="end">{words}</text>
                }
            });
            let dx = if time { time_step(s.x.1 - s.x.0) } else { dx };
            let along = ticks(s.x, dx).into_iter().map(|x| {
                let px = s.px(x);
                let words = if time { date(x, dx) } else { number(x, dx) };
                view! {
                    <line class="grid" x1=px x2=px y1=ABOVE y2=HEIGHT - BELOW></line>
                    <text x=px y=HEIGHT - BELOW + 11.0 text-anchor="middle">{words}</text>
                }
            });
            let rule = rule.map(|(at, name)| {
                let py = s.py(at);
                view! {
                    <line class="rule" x1=LEFT x2=WIDTH - RIGHT y1=py y2=py></line>
                    <text class="rule-name" x=LEFT + 3.0 y=py - 3.0>{name}</text>
                }
            });
            (across.collect_view(), along.collect_view(), rule)
        })
    };
    let mark = move || {
        let x = cursor.get()?;
        let (px, dots) = scale.with(|s| {
            let at = |own: &Series| Some((s.px(x), s.py(own.at(x)?)));
            (s.px(x), series.with(|all| all.iter().map(at).collect::<Vec<_>>()))
        });
        Some(view! {
            <line class="cursor" x1=px x2=px y1=ABOVE y2=HEIGHT - BELOW></line>
            {dots
                .into_iter()
                .enumerate()
                .filter_map(|(k, at)| Some((k, at?)))
                .map(|(k, (x, y))| view! { <circle class=format!("dot c{}", k % LOOKS) cx=x cy=y r="3"></circle> })
                .collect_view()}
        })
    };
    view! {
        <svg
            class="plot" viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img" tabindex="0" node_ref=svg data-testid="plot"
            aria-label=move || format!("{} over {}. Arrow keys read it.", y_label.get(), x_label.get())
            on:pointermove=moved on:pointerdown=moved on:pointerleave=move |_| cursor.set(None) on:keydown=key
        >
            {axes}
            {move || {
                series
                    .with(|all| {
                        scale
                            .with(|s| {
                                all.iter()
                                    .enumerate()
                                    .map(|(k, own)| {
                                        view! {
                                            <path class=format!("curve c{}", k % LOOKS) d=s.path(own)></path>
                                            {marks(s, own, k)}
                                        }
                                    })
                                    .collect_view()
                            })
                    })
            }}
            {mark}
            <text class="name" x=(LEFT + WIDTH - RIGHT) / 2.0 y=HEIGHT - 5.0 text-anchor="middle">{move || x_label.get()}</text>
            <text class="name" transform=format!("translate(9 {}) rotate(-90)", (ABOVE + HEIGHT - BELOW) / 2.0) text-anchor="middle">
                {move || y_label.get()}
            </text>
        </svg>
        <ul class="plot-key">
            {move || {
                series
                    .with(|all| {
                        let several = all.len() > 1;
                        let read = cursor.get();
                        let when = read.filter(|_| time).map(|x| {
                            view! { <li class="when mono">{format!("{} {} UTC", day(x as i64), clock(x))}</li> }
                        });
                        let values = all
                            .iter()
                            .enumerate()
                            .filter(|_| several || time || read.is_some())
                            .map(|(k, own)| {
                                // Over time, what holds now stands there until something is read off.
                                let last = || own.points.last().map(|p| p.1).filter(|y| time && y.is_finite());
                                let value = read.map_or_else(last, |x| own.at(x));
                                let value = value.map(|y| if time { short(y) } else { read_off(if log { 10f64.powf(y) } else { y }) });
                                view! {
                                    <li class=format!("c{}", k % LOOKS)>
                                        <span>{own.label.clone()}</span>
                                        <span class="mono">{value}</span>
                                    </li>
                                }
                            })
                            .collect_view();
                        (when, values)
                    })
            }}
        </ul>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let of = |range: (f64, f64)| ticks(range, step(range.1 - range.0));
        assert_eq!(of((0.0, 10.0)), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(of((-0.31, 0.12)), [-0.30000000000000004, -0.2, -0.1, 0.0, 0.1]);
        assert_eq!((number(0.25, 0.05).as_str(), number(120.0, 20.0).as_str()), ("0.25", "120"));
        assert_eq!(number(2.5e6, 5e5), "2.5e6");
    }

    #[test]
    fn a_gap_parts_the_curve_and_reads_nothing() {
        let own = Series { label: String::new(), points: vec![(0.0, 1.0), (1.0, 3.0), (2.0, f64::NAN), (3.0, 5.0)] };
        let scale = Scale::of(std::slice::from_ref(&own), None, None, false);
        assert_eq!((scale.x, scale.y), ((0.0, 3.0), (1.0, 5.0)));
        assert_eq!(scale.path(&own).matches('M').count(), 2);
        assert_eq!((own.at(0.5), own.at(1.5), own.at(4.0), own.at(0.0)), (Some(2.0), None, None, Some(1.0)));
        assert!((scale.x_at(scale.px(1.2)) - 1.2).abs() < 1e-12);
        // Nothing, and one value only, still have axes.
        assert_eq!(Scale::of(&[], None, None, false).y, (0.0, 1.0));
        let flat = Series { label: String::new(), points: vec![(0.0, 4.0), (1.0, 4.0)] };
        assert!(Scale::of(&[flat], None, None, false).y.0 < 4.0);
    }

    #[test]
    fn an_axis_of_time_has_dates_and_times_of_day() {
        // 2026-11-21, 00:00 UTC.
        let start = 1_795_219_200_000.0;
        let of = |range: f64| {
            let step = time_step(range);
            ticks((start, start + range), step).into_iter().map(|x| date(x, step)).collect::<Vec<_>>()
        };
        assert_eq!(of(3.0 * MINUTE), ["11-21", "00:01", "00:02", "00:03"]);
        assert_eq!(of(DAY), ["11-21", "06:00", "12:00", "18:00", "11-22"]);
        assert_eq!(of(4.0 * DAY), ["11-21", "11-22", "11-23", "11-24", "11-25"]);
        for days in [0.001, 0.3, 1.0, 9.0, 40.0, 180.0, 700.0, 4_000.0, 40_000.0] {
            assert!((1..=7).contains(&of(days * DAY).len()), "{days} days: {:?}", of(days * DAY));
        }
        assert!(of(4_000.0 * DAY).iter().all(|text| text.len() == 7), "years need their number");
        assert_eq!(
            (short(123.456), short(12.3456), short(-3.24159)),
            ("123.5".into(), "12.35".into(), "-3.242".into())
        );
    }

    #[test]
    fn the_limit_is_in_sight_and_what_is_far_beyond_runs_along_the_border() {
        let own = Series { label: String::new(), points: vec![(0.0, 12.0), (1.0, 900.0)] };
        let scale = Scale::of(&[own], Some(0.0), Some(200.0), false);
        assert_eq!(scale.y, (0.0, 200.0));
        assert_eq!(scale.py(900.0), ABOVE);
        let below = Series { label: String::new(), points: vec![(0.0, -12.0), (1.0, -3.0)] };
        assert!(Scale::of(&[below], Some(0.0), Some(200.0), false).y.1 >= 0.0);
    }

    #[test]
    fn a_logarithmic_axis_has_whole_decades_and_leaves_out_what_has_no_logarithm() {
        let own = Series { label: String::new(), points: vec![(0.0, 0.3), (1.0, 2e-3), (2.0, 0.0), (3.0, 4e-5)] };
        let drawn = logarithms(&own);
        let scale = Scale::of(std::slice::from_ref(&drawn), None, None, true);
        assert_eq!(scale.y, (-5.0, 0.0));
        assert_eq!(ticks(scale.y, step_of(5.0, true)), [-5.0, -4.0, -3.0, -2.0, -1.0, 0.0]);
        // 0.3 lies half a decade below the top; the zero parts the curve.
        assert!((scale.py(drawn.points[0].1) - ABOVE - (HEIGHT - ABOVE - BELOW) * 0.5229 / 5.0).abs() < 0.1);
        assert_eq!((scale.path(&drawn).matches('M').count(), drawn.at(1.5)), (2, None));
        assert_eq!((read_off(2e-4).as_str(), read_off(0.3).as_str()), ("2.000e-4", "0.3000"));
        // Within one decade there is one, not fractions of it.
        let flat = logarithms(&Series { label: String::new(), points: vec![(0.0, 2.0), (1.0, 4.0)] });
        assert_eq!(Scale::of(&[flat], None, None, true).y, (0.0, 1.0));
    }
}
