//! The editor of planar outlines: a table of points and a drawing whose points can be dragged.

use super::desk::{Desk, use_desk};
use super::expression::{ExpressionField, Range, print};
use crate::ui::{Glyph, Icon};
use leptos::{ev, prelude::*};
use solver::design::profile::Outline;
use solver::design::schema::Field;
use solver::design::{Command, Id, Profile, Resolved, Segment, Value};
use solver::quantity::{Dimension, Quantity, names};

/// Side of the drawing, in its own units.
const SIDE: f64 = 240.0;

/// A point of a profile, by its two expressions' places in [`Profile::expressions_mut`].
#[derive(Clone, Debug, PartialEq)]
struct Handle {
    /// Index of the x expression; y is the next.
    at: usize,
    point: [f64; 2],
    /// Both expressions are plain values and may be dragged.
    free: bool,
    /// The point an arc goes through.
    via: bool,
}

fn points(profile: &Profile, resolved: &Resolved) -> Vec<Handle> {
    let expressions = profile.expressions();
    let value = |i: usize| resolved.evaluate_as(&expressions[i].1, Dimension::LENGTH).ok();
    let mut out = Vec::new();
    let mut i = 0;
    while i + 1 < expressions.len() {
        let label = &expressions[i].0;
        // A circle's radius stands alone, not in a pair.
        if label.ends_with("radius") {
            i += 1;
            continue;
        }
        if let (Some(x), Some(y)) = (value(i), value(i + 1)) {
            let free = names(&expressions[i].1).is_empty() && names(&expressions[i + 1].1).is_empty();
            out.push(Handle { at: i, point: [x, y], free, via: label.ends_with("via x") });
        }
        i += 2;
    }
    out
}

/// Centre, radius of the circle through three points, and whether it turns left; `None` when they are in line.
fn circle(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> Option<(f64, bool)> {
    let cross = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    let side = |p: [f64; 2], q: [f64; 2]| ((p[0] - q[0]).powi(2) + (p[1] - q[1]).powi(2)).sqrt();
    let product = side(a, b) * side(b, c) * side(c, a);
    (cross.abs() > 1e-9 * product.powf(2.0 / 3.0)).then(|| (product / (2.0 * cross.abs()), cross > 0.0))
}

/// SVG path data of an outline in a frame given by `map`; `scale` turns metres into drawing units.
fn path(outline: &Outline, resolved: &Resolved, map: &dyn Fn([f64; 2]) -> [f64; 2], scale: f64) -> Option<String> {
    let number = |e: &String| resolved.evaluate_as(e, Dimension::LENGTH).ok();
    let point = |p: &[String; 2]| Some([number(&p[0])?, number(&p[1])?]);
    match outline {
        Outline::Circle { centre, radius } => {
            let ([x, y], r) = (map(point(centre)?), number(radius)? * scale);
            Some(format!(
                "M{:.2} {y:.2}a{r:.2} {r:.2} 0 1 0 {:.2} 0a{r:.2} {r:.2} 0 1 0 {:.2} 0Z",
                x - r,
                2.0 * r,
                -2.0 * r
            ))
        }
        Outline::Path { start, segments } => {
            let mut from = point(start)?;
            let [x, y] = map(from);
            let mut d = format!("M{x:.2} {y:.2}");
            for segment in segments {
                match segment {
                    Segment::Line { to } => {
                        from = point(to)?;
                        let [x, y] = map(from);
                        d.push_str(&format!("L{x:.2} {y:.2}"));
                    }
                    Segment::Arc { via, to } => {
                        let (v, t) = (point(via)?, point(to)?);
                        let [x, y] = map(t);
                        match circle(from, v, t) {
                            Some((r, left)) => {
                                // The long way round when the middle point lies beyond the chord's half circle.
                                let dot = (from[0] - v[0]) * (t[0] - v[0]) + (from[1] - v[1]) * (t[1] - v[1]);
                                let (large, r) = (u8::from(dot > 0.0), r * scale);
                                // The drawing's y points down: a left turn sweeps the other way.
                                let sweep = u8::from(!left);
                                d.push_str(&format!("A{r:.2} {r:.2} 0 {large} {sweep} {x:.2} {y:.2}"));
                            }
                            None => d.push_str(&format!("L{x:.2} {y:.2}")),
                        }
                        from = t;
                    }
                }
            }
            Some(d)
        }
    }
}

/// Where model points go in the drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Frame {
    centre: [f64; 2],
    scale: f64,
}

impl Frame {
    fn around(handles: &[Handle], radii: &[f64]) -> Self {
        let reach = radii.iter().copied().fold(0.0, f64::max);
        let (mut lo, mut hi) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for p in handles.iter().map(|h| h.point) {
            for i in 0..2 {
                lo[i] = lo[i].min(p[i] - reach);
                hi[i] = hi[i].max(p[i] + reach);
            }
        }
        if lo[0] > hi[0] {
            (lo, hi) = ([-0.05; 2], [0.05; 2]);
        }
        let size = (hi[0] - lo[0]).max(hi[1] - lo[1]).max(1e-6);
        Self { centre: [(lo[0] + hi[0]) / 2.0, (lo[1] + hi[1]) / 2.0], scale: (SIDE - 40.0) / size }
    }

    fn to(&self, p: [f64; 2]) -> [f64; 2] {
        [SIDE / 2.0 + (p[0] - self.centre[0]) * self.scale, SIDE / 2.0 - (p[1] - self.centre[1]) * self.scale]
    }

    fn from(&self, p: [f64; 2]) -> [f64; 2] {
        [self.centre[0] + (p[0] - SIDE / 2.0) / self.scale, self.centre[1] - (p[1] - SIDE / 2.0) / self.scale]
    }
}

/// A round step of which some fifty make the picture, so that dragged points land on readable values.
fn snap(value: f64, frame: Frame, inch: bool) -> f64 {
    let unit = if inch { 0.0254 } else { 1e-3 };
    let span = SIDE / frame.scale / unit;
    let decade = 10f64.powf((span / 100.0).log10().floor());
    (value / unit / decade).round() * decade * unit
}

fn set_expression(profile: &mut Profile, at: usize, text: String) {
    if let Some((_, e)) = profile.expressions_mut().into_iter().nth(at) {
        *e = text;
    }
}

fn radii(profile: &Profile, resolved: &Resolved) -> Vec<f64> {
    profile
        .expressions()
        .iter()
        .filter(|(label, _)| label.ends_with("radius"))
        .filter_map(|(_, e)| resolved.evaluate_as(e, Dimension::LENGTH).ok())
        .collect()
}

#[component]
pub fn ProfileEditor(
    id: Id,
    field: &'static Field,
    value: Memo<Option<Value>>,
    #[prop(into)] fault: Signal<Option<String>>,
) -> impl IntoView {
    let desk = use_desk();
    let id = StoredValue::new(id);
    let stored = Memo::new(move |_| match value.get() {
        Some(Value::Profile(p)) => p,
        _ => Profile::polygon(&[]),
    });
    // While a point is dragged, the outline as it would become.
    let moving = RwSignal::new(None::<Profile>);
    let profile = Memo::new(move |_| moving.get().unwrap_or_else(|| stored.get()));
    let commit = move |p: Profile| {
        moving.set(None);
        if !desk.set(&id.get_value(), field.key, Value::Profile(p)) {
            desk.drag(Vec::new());
        }
    };
    view! {
        <div class="control stacked profile" data-testid=field.key>
            <span class="label">{field.label}</span>
            <Drawing id=id field=field profile=profile stored=stored moving=moving commit=Callback::new(commit) />
            <OutlineTable desk=desk label="Outline" which=0 profile=stored commit=Callback::new(commit) />
            {move || {
                (0..stored.with(|p| p.holes.len()))
                    .map(|i| {
                        view! {
                            <OutlineTable
                                desk=desk label="Hole" which=i + 1 profile=stored commit=Callback::new(commit)
                            />
                        }
                    })
                    .collect_view()
            }}
            <div class="label-row">
                <button
                    type="button" class="button small" data-testid="add-profile-hole"
                    disabled=move || !desk.may_edit.get()
                    on:click=move |_| {
                        let mut p = stored.get_untracked();
                        p.holes
                            .push(Outline::Circle {
                                centre: ["0 mm".into(), "0 mm".into()],
                                radius: "3 mm".into(),
                            });
                        commit(p);
                    }
                >
                    <Icon glyph=Glyph::Add size=12 />"Hole"
                </button>
            </div>
            {move || fault.get().map(|f| view! { <p class="fault" role="alert">{f}</p> })}
        </div>
    }
}

#[component]
fn Drawing(
    id: StoredValue<Id>,
    field: &'static Field,
    profile: Memo<Profile>,
    stored: Memo<Profile>,
    moving: RwSignal<Option<Profile>>,
    commit: Callback<Profile>,
) -> impl IntoView {
    let desk = use_desk();
    let svg = NodeRef::<leptos::svg::Svg>::new();
    let grabbed = RwSignal::new(None::<usize>);
    // The frame follows the stored outline, so that the picture stands still under a drag.
    let frame = Memo::new(move |_| desk.resolved.with(|r| stored.with(|p| Frame::around(&points(p, r), &radii(p, r)))));
    let handles = Memo::new(move |_| desk.resolved.with(|r| profile.with(|p| points(p, r))));
    let outline = move || {
        let f = frame.get();
        desk.resolved.with(|r| {
            profile.with(|p| {
                std::iter::once(&p.outer)
                    .chain(&p.holes)
                    .filter_map(|o| path(o, r, &|q| f.to(q), f.scale))
                    .collect::<Vec<_>>()
                    .join("")
            })
        })
    };
    let place = move |e: &ev::PointerEvent| -> Option<[f64; 2]> {
        #[cfg(feature = "hydrate")]
        {
            let rect = svg.get_untracked()?.get_bounding_client_rect();
            let k = SIDE / rect.width().max(1.0);
            Some([(f64::from(e.client_x()) - rect.left()) * k, (f64::from(e.client_y()) - rect.top()) * k])
        }
        #[cfg(not(feature = "hydrate"))]
        {
            let _ = (e, svg);
            None
        }
    };
    let moved = move |e: ev::PointerEvent| {
        let (Some(at), Some(here)) = (grabbed.get_untracked(), place(&e)) else { return };
        let f = frame.get_untracked();
        let units = desk.units.get_untracked();
        let inch = units == solver::quantity::UnitSystem::Inch;
        let mut p = stored.get_untracked();
        let range = Range::of(Dimension::LENGTH);
        for (i, v) in f.from(here).into_iter().enumerate() {
            let v = if e.shift_key() { v } else { snap(v, f, inch) };
            set_expression(&mut p, at + i, print(Quantity::new(v, Dimension::LENGTH), range, units, 5));
        }
        keep_closed(&mut p);
        if moving.get_untracked().as_ref() != Some(&p) {
            let command =
                Command::Set { id: id.get_value(), key: field.key.into(), value: Some(Value::Profile(p.clone())) };
            moving.set(Some(p));
            desk.drag(vec![command]);
        }
    };
    let up = move |_: ev::PointerEvent| {
        grabbed.set(None);
        if let Some(p) = moving.get_untracked() {
            commit.run(p);
        }
    };
    view! {
        <svg
            node_ref=svg class="profile-drawing" viewBox=format!("0 0 {SIDE} {SIDE}") role="img" aria-label="The profile"
            data-testid="profile-drawing" on:pointermove=moved on:pointerup=up
            on:pointercancel=move |_| {
                grabbed.set(None);
                moving.set(None);
                desk.drag(Vec::new());
            }
        >
            <line class="axis" x1="0" x2=SIDE y1=move || frame.get().to([0.0, 0.0])[1] y2=move || frame.get().to([0.0, 0.0])[1]></line>
            <line class="axis" y1="0" y2=SIDE x1=move || frame.get().to([0.0, 0.0])[0] x2=move || frame.get().to([0.0, 0.0])[0]></line>
            <path class="outline" fill-rule="evenodd" d=outline></path>
            {move || {
                let f = frame.get();
                handles
                    .get()
                    .into_iter()
                    .map(|h| {
                        let [x, y] = f.to(h.point);
                        let draggable = h.free && desk.may_edit.get();
                        let at = h.at;
                        view! {
                            <circle
                                class="handle" class:free=draggable class:via=h.via cx=x cy=y r="5"
                                on:pointerdown=move |e| {
                                    if draggable {
                                        e.prevent_default();
                                        #[cfg(feature = "hydrate")]
                                        if let Some(svg) = svg.get_untracked() {
                                            // Fails only when the pointer is gone already.
                                            let _ = svg.set_pointer_capture(e.pointer_id());
                                        }
                                        grabbed.set(Some(at));
                                    }
                                }
                            ></circle>
                        }
                    })
                    .collect_view()
            }}
        </svg>
    }
}

/// The last segment of a path returns to its start.
fn keep_closed(profile: &mut Profile) {
    for outline in std::iter::once(&mut profile.outer).chain(&mut profile.holes) {
        if let Outline::Path { start, segments } = outline {
            let start = start.clone();
            match segments.last_mut() {
                Some(Segment::Line { to } | Segment::Arc { to, .. }) => *to = start,
                None => {}
            }
        }
    }
}

/// One loop of the profile as a table of its points.
#[component]
fn OutlineTable(
    desk: Desk,
    label: &'static str,
    which: usize,
    profile: Memo<Profile>,
    commit: Callback<Profile>,
) -> impl IntoView {
    // Where this loop's expressions begin in the profile's list.
    let offset = move || {
        profile.with(|p| {
            let count = |o: &Outline| Profile { outer: o.clone(), holes: Vec::new() }.expressions().len();
            std::iter::once(&p.outer).chain(&p.holes).take(which).map(count).sum::<usize>()
        })
    };
    let outline = Memo::new(move |_| {
        profile.with(|p| if which == 0 { Some(p.outer.clone()) } else { p.holes.get(which - 1).cloned() })
    });
    // The shape of the table, without its values: rows are rebuilt only when this changes.
    let shape = Memo::new(move |_| {
        outline.with(|o| match o {
            Some(Outline::Circle { .. }) => vec!['c'],
            Some(Outline::Path { segments, .. }) => std::iter::once('p')
                .chain(segments.iter().map(|s| if matches!(s, Segment::Line { .. }) { 'l' } else { 'a' }))
                .collect(),
            None => Vec::new(),
        })
    });
    let change = move |f: &dyn Fn(&mut Outline)| {
        let mut p = profile.get_untracked();
        let target = if which == 0 { Some(&mut p.outer) } else { p.holes.get_mut(which - 1) };
        if let Some(target) = target {
            f(target);
            keep_closed(&mut p);
            commit.run(p);
        }
    };
    let cell = move |index: usize, axis: &'static str| {
        let at = move || offset() + index;
        let text = Signal::derive(move || {
            profile.with(|p| p.expressions().get(at()).map(|(_, e)| e.clone()).unwrap_or_default())
        });
        let on_commit = Callback::new(move |text: String| {
            let mut p = profile.get_untracked();
            set_expression(&mut p, at(), text);
            keep_closed(&mut p);
            commit.run(p);
        });
        view! {
            <ExpressionField
                label=axis testid=format!("profile-{which}-{index}") text=text bare=true
                range=Range::of(Dimension::LENGTH) on_commit=on_commit on_drag=Callback::new(|_| ())
            />
        }
    };
    let remove_hole = move |_| {
        let mut p = profile.get_untracked();
        if which > 0 && which <= p.holes.len() {
            p.holes.remove(which - 1);
            commit.run(p);
        }
    };
    let to_path = move |_| {
        change(&|o| {
            if let Outline::Circle { radius, .. } = o {
                let r = radius.clone();
                *o = Profile::polygon(&[
                    [&format!("-({r})"), &format!("-({r})")],
                    [&r, &format!("-({r})")],
                    [&r, &r],
                    [&format!("-({r})"), &r],
                ])
                .outer;
            }
        });
    };
    let to_circle = move |_| {
        change(&|o| {
            *o = Outline::Circle { centre: ["0 mm".into(), "0 mm".into()], radius: "10 mm".into() };
        });
    };
    view! {
        <div class="outline-table">
            <div class="label-row">
                <span class="soft">{if which == 0 { label.to_string() } else { format!("{label} {which}") }}</span>
                <span class="grow"></span>
                {move || {
                    if shape.with(|s| s.first() == Some(&'c')) {
                        view! { <button type="button" class="link" on:click=to_path>"To lines"</button> }.into_any()
                    } else {
                        view! { <button type="button" class="link" on:click=to_circle>"To circle"</button> }.into_any()
                    }
                }}
                {(which > 0)
                    .then(|| {
                        view! {
                            <button
                                type="button" class="icon-button small" aria-label="Remove the hole" on:click=remove_hole
                            >
                                <Icon glyph=Glyph::Close size=12 />
                            </button>
                        }
                    })}
            </div>
            {move || {
                let shape = shape.get();
                if shape.first() == Some(&'c') {
                    return view! {
                        <div class="outline-row"><span class="soft">"Centre"</span>{cell(0, "x")}{cell(1, "y")}<span></span></div>
                        <div class="outline-row"><span class="soft">"Radius"</span>{cell(2, "r")}<span></span><span></span></div>
                    }
                        .into_any();
                }
                let mut rows = vec![
                    view! {
                        <div class="outline-row"><span class="soft">"Start"</span>{cell(0, "x")}{cell(1, "y")}<span></span></div>
                    }
                        .into_any(),
                ];
                let mut index = 2;
                let n = shape.len().saturating_sub(1);
                for (i, kind) in shape.iter().skip(1).enumerate() {
                    let arc = *kind == 'a';
                    let last = i + 1 == n;
                    if arc {
                        rows.push(
                            view! {
                                <div class="outline-row">
                                    <span class="soft">"via"</span>{cell(index, "x")}{cell(index + 1, "y")}<span></span>
                                </div>
                            }
                                .into_any(),
                        );
                        index += 2;
                    }
                    let toggle = move |_| {
                        change(&|o| {
                            if let Outline::Path { start, segments } = o {
                                let from = match i.checked_sub(1).and_then(|j| segments.get(j)) {
                                    Some(Segment::Line { to } | Segment::Arc { to, .. }) => to.clone(),
                                    None => start.clone(),
                                };
                                if let Some(s) = segments.get_mut(i) {
                                    *s = toggled(s, &from, desk);
                                }
                            }
                        });
                    };
                    let insert = move |_| {
                        change(&|o| {
                            if let Outline::Path { start, segments } = o {
                                let from = match i.checked_sub(1).and_then(|j| segments.get(j)) {
                                    Some(Segment::Line { to } | Segment::Arc { to, .. }) => to.clone(),
                                    None => start.clone(),
                                };
                                if let Some(Segment::Line { to } | Segment::Arc { to, .. }) = segments.get(i).cloned() {
                                    segments.insert(i, Segment::Line { to: middle(&from, &to, desk, 0.0) });
                                }
                            }
                        });
                    };
                    let delete = move |_| {
                        change(&|o| {
                            if let Outline::Path { segments, .. } = o && segments.len() > 2 {
                                segments.remove(i);
                            }
                        });
                    };
                    let cells = if last {
                        view! { <span class="soft">"start"</span><span></span> }.into_any()
                    } else {
                        view! { {cell(index, "x")}{cell(index + 1, "y")} }.into_any()
                    };
                    index += 2;
                    rows.push(
                        view! {
                            <div class="outline-row">
                                <button
                                    type="button" class="link" title="Line or arc" on:click=toggle
                                    disabled=move || !desk.may_edit.get()
                                >
                                    {if arc { "Arc to" } else { "Line to" }}
                                </button>
                                {cells}
                                <span class="outline-actions">
                                    <button
                                        type="button" class="icon-button small" title="Insert a point before"
                                        aria-label="Insert a point before" on:click=insert
                                        disabled=move || !desk.may_edit.get()
                                    >
                                        <Icon glyph=Glyph::Add size=12 />
                                    </button>
                                    <button
                                        type="button" class="icon-button small" aria-label="Remove the point"
                                        disabled=move || { n <= 2 || !desk.may_edit.get() } on:click=delete
                                    >
                                        <Icon glyph=Glyph::Close size=12 />
                                    </button>
                                </span>
                            </div>
                        }
                            .into_any(),
                    );
                }
                rows.collect_view().into_any()
            }}
        </div>
    }
}

/// The middle of two points, moved aside by a share of their distance; as plain values in display units.
fn middle(a: &[String; 2], b: &[String; 2], desk: Desk, aside: f64) -> [String; 2] {
    let number = |e: &String| desk.resolved.with_untracked(|r| r.evaluate_as(e, Dimension::LENGTH).unwrap_or(0.0));
    let (a, b) = ([number(&a[0]), number(&a[1])], [number(&b[0]), number(&b[1])]);
    let d = [b[0] - a[0], b[1] - a[1]];
    let p = [(a[0] + b[0]) / 2.0 + d[1] * aside, (a[1] + b[1]) / 2.0 - d[0] * aside];
    p.map(|v| print(Quantity::new(v, Dimension::LENGTH), Range::ANY, desk.units.get_untracked(), 5))
}

/// A line made an arc bulging outward, or an arc made a line.
fn toggled(segment: &Segment, from: &[String; 2], desk: Desk) -> Segment {
    match segment {
        Segment::Line { to } => Segment::Arc { via: middle(from, to, desk, 0.25), to: to.clone() },
        Segment::Arc { to, .. } => Segment::Line { to: to.clone() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_with_a_round_hole_is_drawn() {
        let mut p = Profile::polygon(&[["0 mm", "0 mm"], ["20 mm", "0 mm"], ["20 mm", "20 mm"], ["0 mm", "20 mm"]]);
        p.holes.push(Outline::Circle { centre: ["10 mm".into(), "10 mm".into()], radius: "2 mm".into() });
        let r = Resolved::default();
        let handles = points(&p, &r);
        // Start, four ends, one centre.
        assert_eq!(handles.len(), 6);
        let frame = Frame::around(&handles, &[]);
        assert_eq!(frame.to([0.01, 0.01]), [120.0, 120.0]);
        let back = frame.from(frame.to([0.003, 0.017]));
        assert!((back[0] - 0.003).abs() < 1e-12 && (back[1] - 0.017).abs() < 1e-12);
        let d = path(&p.outer, &r, &|q| frame.to(q), frame.scale).expect("all values are known");
        assert!(d.starts_with("M20.00 220.00L220.00 220.00L220.00 20.00"), "{d}");
    }

    #[test]
    fn arcs_go_through_their_middle_point() {
        let (r, left) = circle([1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]).expect("not in line");
        assert!((r - 1.0).abs() < 1e-12 && left);
        assert!(circle([0.0, 0.0], [1.0, 1.0], [2.0, 2.0]).is_none());
    }

    #[test]
    fn the_last_segment_follows_the_start() {
        let mut p = Profile::polygon(&[["0 mm", "0 mm"], ["20 mm", "0 mm"], ["20 mm", "20 mm"]]);
        set_expression(&mut p, 0, "5 mm".into());
        keep_closed(&mut p);
        let Outline::Path { segments, .. } = &p.outer else { unreachable!("a polygon is a path") };
        assert_eq!(segments.last(), Some(&Segment::Line { to: ["5 mm".into(), "0 mm".into()] }));
    }

    #[test]
    fn dragged_points_land_on_readable_values() {
        let frame = Frame { centre: [0.0, 0.0], scale: 2000.0 };
        assert!((snap(0.012_345, frame, false) - 0.012).abs() < 1e-12);
    }
}
