//! The shown quantity along a line through the bodies, and its stress taken apart into membrane, bending and peak.

use super::aim::Aim;
use super::numbers::Cells;
use super::pins::is_flawed;
use crate::csv::{record, text};
use crate::panels::{Desk, use_desk};
use crate::ui::{Glyph, Icon, Plot, Series};
use leptos::prelude::*;
use solver::quantity::{Dimension, display_unit, si_unit};
use solver::result::linear::{Linearised, Rule};
use solver::result::path::Path;
use solver::result::tensor::Tensor;
use solver::result::{Inside, Over, Quantity, Reading};
use solver::study::outcome::{Cell, Table};

/// Places along the line.
const POINTS: usize = 201;
/// Pieces that the line is drawn in, so that it follows the shape as drawn.
const DRAWN: usize = 24;

/// The line as the shown answer has it.
#[derive(Clone, Debug, PartialEq)]
struct Along {
    label: String,
    dimension: Dimension,
    /// From the start, m.
    s: Vec<f64>,
    /// SI; NaN where the line is outside of every body.
    values: Vec<f64>,
    /// Half width of the estimated band, SI; NaN where there is none.
    errors: Vec<f64>,
    linear: Option<Linearised>,
    /// Stress says nothing somewhere on the line.
    flawed: bool,
}

/// Along a line in the shown answer; `None` while its inside is not here, or there is no line.
fn along(desk: Desk, rule: Rule) -> Option<Along> {
    let bench = desk.bench;
    let line = bench.line.get()?;
    let shown = bench.shown.get()?;
    let inside = bench.inside_now()?;
    let length = line.length();
    let s: Vec<f64> = (0..POINTS).map(|i| length * i as f64 / (POINTS - 1) as f64).collect();
    let values = line.profile(&inside, &shown.reading, POINTS);
    let error = Reading { over: shown.reading.over, ..Reading::stored("stress_error", shown.case()) };
    let is_stress = shown.dimension == Dimension::PRESSURE && !shown.reading.over.counts();
    let errors = if is_stress { line.profile(&inside, &error, POINTS) } else { vec![f64::NAN; POINTS] };
    let linear = (shown.reading.over == Over::State)
        .then(|| Linearised::new(&line, rule, |x| inside.stress(shown.case(), line.at(x))))
        .flatten();
    let flawed = line.points(POINTS).into_iter().any(|p| is_flawed(desk, p));
    Some(Along { label: shown.label, dimension: shown.dimension, s, values, errors, linear, flawed })
}

/// Points of the line on the shape as drawn.
fn drawn(inside: &Inside, path: &Path, case: Option<&str>, scale: f64) -> Vec<[f64; 3]> {
    let mut points = path.points(DRAWN + 1);
    if scale == 0.0 {
        return points;
    }
    for k in 0..3u8 {
        let moved = Reading { quantity: Quantity::Along("displacement".into(), k), ..Reading::stored("", case) };
        let moved = path.profile(inside, &moved, DRAWN + 1);
        for (p, m) in points.iter_mut().zip(moved).filter(|(_, m)| m.is_finite()) {
            p[usize::from(k)] += scale * m;
        }
    }
    points
}

/// Keeps the view told of the line, with a mark where it is read.
pub fn follow(desk: Desk) {
    let bench = desk.bench;
    Effect::new(move |_| {
        let lines = (|| {
            let line = bench.line.get()?;
            let shown = bench.shown.get()?;
            let inside = bench.inside_now()?;
            let scale = shown.scale.or_else(|| bench.range.get().map(|r| r.2)).unwrap_or(0.0);
            let scale = if shown.reading.over == Over::State { scale } else { 0.0 };
            let points = drawn(&inside, &line, shown.case(), scale);
            let mut out: Vec<[[f64; 3]; 2]> = points.windows(2).map(|w| [w[0], w[1]]).collect();
            if let Some(at) = bench.line_at.get() {
                let share = (at / line.length()).clamp(0.0, 1.0);
                let at = points[(share * DRAWN as f64).round() as usize];
                let arm = 0.03 * line.length();
                for k in 0..3 {
                    let (mut a, mut b) = (at, at);
                    (a[k], b[k]) = (at[k] - arm, at[k] + arm);
                    out.push([a, b]);
                }
            }
            Some(out)
        })()
        .unwrap_or_default();
        if bench.lines.with_untracked(|l| *l != lines) {
            bench.lines.set(lines);
        }
    });
    // A new answer is read along the same line.
    Effect::new(move |_| {
        let whole = bench.shown.with(|s| s.as_ref().is_some_and(|s| !s.partial));
        if whole && bench.line.with(Option::is_some) {
            bench.want_inside(desk);
        }
    });
}

/// The curves in the units shown.
fn curves(desk: Desk, path: &Path, along: &Along) -> Vec<Series> {
    let (_, across, _) = display_unit(Dimension::LENGTH, desk.units.get());
    let (_, factor, zero) = display_unit(along.dimension, desk.units.get());
    let x = || along.s.iter().map(move |s| s / across);
    let points = x().zip(along.values.iter().map(|v| (v - zero) / factor)).collect();
    let mut out = vec![Series { label: along.label.clone(), points }];
    let shown = desk.bench.shown.get();
    if let (Some(l), Some(reading)) = (&along.linear, shown.map(|s| s.reading)) {
        let n = (along.s.len() - 1) as f64;
        let read = |part: &dyn Fn(f64) -> Tensor, i: usize| {
            let share = i as f64 / n;
            let stress = l.in_model(part(share));
            let quantity = reading.quantity.by_tensor().unwrap_or_else(|| reading.quantity.clone());
            let Quantity::Stress(measure) = quantity else { return None };
            Some(measure.of(stress, &reading.frame, path.at(share)) / factor)
        };
        let mut push = |label: &str, part: &dyn Fn(f64) -> Tensor| {
            let y: Option<Vec<f64>> = (0..along.s.len()).map(|i| read(part, i)).collect();
            if let Some(y) = y {
                out.push(Series { label: label.into(), points: x().zip(y).collect() });
            }
        };
        push("Membrane", &|_| l.membrane);
        push("Membrane + bending", &|share| l.linear(share));
    }
    out
}

/// The curve and the parts as comma-separated values, SI.
fn csv(path: &Path, along: &Along, table: Option<&Table>) -> String {
    let number = |x: f64| if x.is_finite() { format!("{x:.7e}") } else { String::new() };
    let labelled = |label: &str, d: Dimension| text(format!("{label} {}", si_unit(d)).trim());
    let value = labelled(&along.label, along.dimension);
    let error = labelled("error", along.dimension);
    let mut out = record(&["s m".into(), "x m".into(), "y m".into(), "z m".into(), value, error]);
    for (i, at) in path.points(along.s.len()).into_iter().enumerate() {
        out += &record(&[along.s[i], at[0], at[1], at[2], along.values[i], along.errors[i]].map(number));
    }
    if let Some(table) = table {
        let head: Vec<String> = table.columns.iter().map(|(label, d)| labelled(label, *d)).collect();
        out += "\r\n";
        out += &record(&head);
        for row in &table.rows {
            let cells = row.iter().map(|c| match c {
                Cell::Number(x) => number(*x),
                Cell::Text(words) => text(words),
            });
            out += &record(&cells.collect::<Vec<_>>());
        }
    }
    out
}

/// The line's part of the answer's panel.
#[component]
pub fn LinePanel() -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let rule = RwSignal::new(Rule::Asme);
    let cursor = RwSignal::new(None::<f64>);
    let read = Memo::new(move |_| along(desk, rule.get()));
    let has_inside = Memo::new(move |_| bench.shown.with(|s| s.as_ref().is_some_and(|s| !s.partial)));
    // The plot's cursor, in the units shown, is a place on the line.
    Effect::new(move |_| {
        let (_, across, _) = display_unit(Dimension::LENGTH, desk.units.get());
        let at = cursor.get().map(|x| x * across);
        if bench.line_at.get_untracked() != at {
            bench.line_at.set(at);
        }
    });
    let aim = move |next: Aim| {
        move |_| {
            // Fetched while the person aims.
            bench.want_inside(desk);
            bench.aim.update(|a| *a = if *a == Some(next) { None } else { Some(next) });
        }
    };
    let aims = move |at: Aim| {
        let on = match bench.aim.get() {
            Some(Aim::LineEnd { .. }) => at == Aim::LineStart,
            other => other == Some(at),
        };
        on.to_string()
    };
    view! {
        <h3>"Along a line"</h3>
        <div class="result-tool" data-testid="line">
            <div class="button-row">
                <button
                    type="button" class="button small" data-testid="line-points" disabled=move || !has_inside.get()
                    aria-pressed=move || aims(Aim::LineStart) on:click=aim(Aim::LineStart)
                >
                    <Icon glyph=Glyph::Curve size=14 />
                    "Two points"
                </button>
                <button
                    type="button" class="button small" data-testid="line-through" disabled=move || !has_inside.get()
                    aria-pressed=move || aims(Aim::Through) on:click=aim(Aim::Through)
                >
                    <Icon glyph=Glyph::Section size=14 />
                    "Through a wall"
                </button>
                <Show when=move || bench.line.with(Option::is_some)>
                    <button
                        type="button" class="icon-button small" title="Remove the line" aria-label="Remove the line"
                        on:click=move |_| bench.line.set(None)
                    >
                        <Icon glyph=Glyph::Close size=12 />
                    </button>
                </Show>
            </div>
            {move || match bench.line.get() {
                None => {
                    let has_stress = bench.outcome.with(|o| o.as_ref().is_some_and(|o| o.tensors));
                    let apart = if has_stress { ", and takes its stress apart" } else { "" };
                    view! {
                        <p class="soft">{format!("Plots the shown quantity along a line inside the bodies{apart}.")}</p>
                    }
                        .into_any()
                }
                Some(path) => {
                    match read.get() {
                        None => view! { <p class="soft">"Fetching the inside of the result…"</p> }.into_any(),
                        Some(found) => view! { <Found path=path found=found rule=rule cursor=cursor /> }.into_any(),
                    }
                }
            }}
        </div>
    }
    .into_any()
}

#[component]
fn Found(path: Path, found: Along, rule: RwSignal<Rule>, cursor: RwSignal<Option<f64>>) -> impl IntoView {
    let desk = use_desk();
    let empty = found.values.iter().all(|v| !v.is_finite());
    if empty {
        return view! { <p class="soft" data-testid="line-empty">"This answer has no such quantity inside, or the line misses the bodies."</p> }
            .into_any();
    }
    let gaps = found.values.iter().any(|v| !v.is_finite());
    let unit = move |d: Dimension| match display_unit(d, desk.units.get()).0 {
        "" => String::new(),
        symbol => format!(", {symbol}"),
    };
    let (label, dimension) = (found.label.clone(), found.dimension);
    let along = StoredValue::new(found.clone());
    let series = Signal::derive(move || along.with_value(|a| curves(desk, &path, a)));
    let largest = found.errors.iter().copied().filter(|e| e.is_finite()).fold(0.0, f64::max);
    let table = found.linear.as_ref().map(Linearised::table);
    let text = csv(&path, &found, table.as_ref());
    let href = format!("data:text/csv;charset=utf-8,{}", crate::api::client::encode(&text));
    let is = move |r: Rule| move || (rule.get() == r).to_string();
    view! {
        <Plot
            series=series x_label=Signal::derive(move || format!("Along the line{}", unit(Dimension::LENGTH)))
            y_label=Signal::derive(move || format!("{label}{}", unit(dimension))) cursor=cursor
        />
        <p class="soft small">
            {format!("{} long", desk.show(path.length(), Dimension::LENGTH, 4))}
            {(largest > 0.0).then(|| format!(", stress known to ± {} or better", desk.show_difference(largest, Dimension::PRESSURE, 2)))}
            " · "
            <a download="line.csv" href=href data-testid="line-csv">"CSV"</a>
        </p>
        {found
            .flawed
            .then(|| {
                view! {
                    <div class="callout small" data-testid="line-flawed">
                        <Icon glyph=Glyph::Warning />
                        <p>"The line comes near a place where stress has no finite value: what it shows there depends on the mesh."</p>
                    </div>
                }
            })}
        {gaps.then(|| view! { <p class="soft">"The line leaves the bodies on its way: no stress can be taken apart across a gap."</p> })}
        {table
            .map(|table| {
                view! {
                    <details class="log" open data-testid="linearised">
                        <summary>"Membrane, bending and peak"</summary>
                        <div class="segmented fill" role="radiogroup" aria-label="Components that bend">
                            <button
                                type="button" role="radio" data-testid="rule-asme" aria-checked=is(Rule::Asme)
                                title="The stress along the line and its shear bend nothing" on:click=move |_| rule.set(Rule::Asme)
                            >
                                "ASME VIII-2"
                            </button>
                            <button
                                type="button" role="radio" data-testid="rule-all" aria-checked=is(Rule::All)
                                title="EN 13445-3, Annex C: every component bends" on:click=move |_| rule.set(Rule::All)
                            >
                                "All components"
                            </button>
                        </div>
                        <p class="soft small">"n along the line, t and b across it; start and end as they were clicked."</p>
                        <Cells table=table />
                    </details>
                }
            })}
    }
    .into_any()
}
