//! The editor of planar outlines: a table of points and a drawing whose points can be dragged.

use super::desk::{Desk, use_desk};
use super::expression::{ExpressionField, Range, print};
use super::outline::{Frame, SIDE, keep_closed, path, points, radii, set_expression, snap};
use crate::ui::{Glyph, Icon};
use leptos::{ev, prelude::*};
use solver::design::profile::Outline;
use solver::design::schema::Field;
use solver::design::{Command, Id, Profile, Segment, Value};
use solver::quantity::{Dimension, Quantity};

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
    .into_any()
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
        #[cfg(feature = "browser")]
        {
            let rect = svg.get_untracked()?.get_bounding_client_rect();
            let k = SIDE / rect.width().max(1.0);
            Some([(f64::from(e.client_x()) - rect.left()) * k, (f64::from(e.client_y()) - rect.top()) * k])
        }
        #[cfg(not(feature = "browser"))]
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
                                        #[cfg(feature = "browser")]
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
    .into_any()
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
    .into_any()
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
