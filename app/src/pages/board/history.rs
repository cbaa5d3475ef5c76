//! How the margins of a design and its mass went over time, as charts that are read off.

use super::table::course;
use crate::api::board::{Line, Moment};
use crate::ui::{Plot, Series, day};
use leptos::prelude::*;

/// Largest reserve that is drawn, to either side, %: a part that holds a hundred times its load would press all other lines onto the limit.
const RESERVE_MAX: f64 = 200.0;
/// A course that began just now still has a width, ms.
const SPAN_MIN: i64 = 60_000;

/// Where the charts are read.
#[derive(Clone, Copy, Default)]
pub struct Cursors {
    reserve: RwSignal<Option<f64>>,
    mass: RwSignal<Option<f64>>,
}

/// What held from each of `points` until the next, and the last one until `until`: steps, and not slopes that were never there.
/// In a moment without a value the line ends.
fn steps(moments: &[Moment], until: i64, of: impl Fn(&Moment) -> Option<f64>) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = Vec::new();
    let mut held = None;
    for moment in moments {
        let (time, value) = (moment.time as f64, of(moment));
        if held == value {
            continue;
        }
        if let Some(before) = held {
            out.push((time, before));
        }
        out.push((time, value.unwrap_or(f64::NAN)));
        held = value;
    }
    if let Some(held) = held {
        out.push((until as f64, held));
    }
    out
}

/// The lines of the requirements that ever had a reserve, in %.
fn reserves(lines: &[Line], moments: &[Moment], until: i64) -> Vec<Series> {
    let series = lines.iter().map(|line| Series {
        label: line.name.clone(),
        points: steps(moments, until, |m| m.reserves.get(&line.requirement).map(|share| 100.0 * share)),
    });
    series.filter(|s| s.points.iter().any(|p| p.1.is_finite())).collect()
}

/// Both charts, as far as there is something to draw.
#[component]
pub fn Courses(lines: Vec<Line>, moments: Vec<Moment>, until: i64, cursors: Cursors) -> impl IntoView {
    if lines.is_empty() {
        return ().into_any();
    }
    let until = until.max(moments.last().map_or(0, |m| m.time) + SPAN_MIN);
    let margins = reserves(&lines, &moments, until);
    let masses = course(&moments, |m| m.mass);
    // In the unit that its numbers are short in.
    let largest = masses.iter().map(|p| p.1).fold(0.0, f64::max);
    let (scale, unit) = if largest < 1.0 { (1e3, "g") } else { (1.0, "kg") };
    let mass = Series { label: "Mass".into(), points: steps(&moments, until, |m| m.mass.map(|kg| scale * kg)) };
    let dates = |from: i64| {
        let (from, to) = (day(from), day(until));
        if from == to { format!("{to}, UTC") } else { format!("{from} to {to}") }
    };
    let begin = |series: &[Series]| {
        let first = series.iter().filter_map(|s| s.points.first()).map(|p| p.0).fold(f64::INFINITY, f64::min);
        if first.is_finite() { first as i64 } else { until }
    };
    let (margin_label, mass_label) = (dates(begin(&margins)), dates(begin(std::slice::from_ref(&mass))));
    let is_cut = margins.iter().flat_map(|s| &s.points).any(|p| p.1.abs() > RESERVE_MAX);
    let none = || view! { <p class="soft">"No answer has said anything of it yet. The line begins with the first run that does."</p> };
    view! {
        <div class="sheet-charts">
            <section class="sheet-chart" data-testid="chart-reserve">
                <h2>"Margin to each limit"</h2>
                {if margins.is_empty() {
                    none().into_any()
                } else {
                    view! {
                        <Plot
                            series=Signal::stored(margins) x_label=margin_label y_label="Reserve, % of the limit"
                            cursor=cursors.reserve time=true rule=(0.0, "limit") ceiling=RESERVE_MAX
                        />
                        {is_cut
                            .then(|| view! { <p class="soft">{format!("Beyond ±{RESERVE_MAX:.0} % the lines run along the border.")}</p> })}
                    }
                        .into_any()
                }}
            </section>
            <section class="sheet-chart" data-testid="chart-mass">
                <h2>"Mass"</h2>
                {if masses.is_empty() {
                    none().into_any()
                } else {
                    view! {
                        <Plot
                            series=Signal::stored(vec![mass]) x_label=mass_label y_label=format!("Mass, {unit}")
                            cursor=cursors.mass time=true
                        />
                    }
                        .into_any()
                }}
            </section>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(time: i64, reserve: Option<f64>) -> Moment {
        Moment { time, reserves: reserve.map(|r| ("r".into(), r)).into_iter().collect(), ..Moment::default() }
    }

    #[test]
    fn a_margin_holds_until_the_next_and_ends_where_nothing_is_known() {
        let of = |m: &Moment| m.reserves.get("r").copied();
        let moments =
            [moment(10, None), moment(20, Some(0.1)), moment(30, Some(-0.2)), moment(40, None), moment(50, Some(0.3))];
        let found = steps(&moments, 60, of);
        let known: Vec<_> = found.iter().filter(|p| p.1.is_finite()).copied().collect();
        assert_eq!(known, [(20.0, 0.1), (30.0, 0.1), (30.0, -0.2), (40.0, -0.2), (50.0, 0.3), (60.0, 0.3)]);
        let series = Series { label: String::new(), points: found };
        assert_eq!((series.at(25.0), series.at(35.0), series.at(45.0)), (Some(0.1), Some(-0.2), None));
        assert_eq!((series.at(55.0), series.at(15.0)), (Some(0.3), None));
        assert!(steps(&moments[..1], 60, of).is_empty());
        // What did not change needs no corner.
        assert_eq!(steps(&[moment(1, Some(0.5)), moment(2, Some(0.5))], 3, of), [(1.0, 0.5), (3.0, 0.5)]);
    }
}
