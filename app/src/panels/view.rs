//! The canvas, and the wires between what is drawn and the desk.

use super::desk::{Desk, use_desk};
use super::{peers, section};
use crate::pages::navigation;
use crate::studies;
use crate::sync::Presence;
use crate::ui::{Glyph, Icon, use_theme};
use crate::viewport::{Glyph as Symbol, GlyphKind, Pick, Rest, ViewCommand, ViewEvent};
use leptos::{html, prelude::*};
use solver::design::schema::Section;
use solver::design::{Id, Object, Resolved, Value};
use solver::surface::{FaceName, Shape};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The view with what floats over it. `wire` is called once there is a viewport and keeps it told of the desk; `children`
/// stand over the picture.
#[component]
pub fn View(wire: fn(Desk), #[prop(optional)] children: Option<Children>) -> impl IntoView {
    let desk = use_desk();
    let theme = use_theme();
    let canvas = NodeRef::<html::Canvas>::new();
    Effect::new(move |attached: Option<bool>| {
        if attached == Some(true) {
            return true;
        }
        let (Some(canvas), Some(ports)) = (canvas.get(), crate::port::ports()) else { return false };
        let sink = move |event| heard(desk, event);
        match ports.viewport(canvas, std::rc::Rc::new(sink)) {
            Ok(viewport) => {
                desk.attach(viewport);
                wire(desk);
                Effect::new(move |_| desk.view(ViewCommand::Dark(theme.dark.get())));
                desk.view(ViewCommand::Navigation(navigation()));
            }
            Err(why) => desk.no_view.set(Some(why)),
        }
        true
    });
    let hint = move || {
        let target = desk.target.get()?;
        let name = desk.design.with(|d| d.get(&target.object).map(|o| o.name.clone()))?;
        let what = target.wants.noun();
        Some(format!("Pick {what} for {name}"))
    };
    view! {
        <div class="viewport" data-testid="viewport-frame">
            <canvas
                node_ref=canvas class="canvas" data-testid="viewport" tabindex="0" role="img"
                aria-label="The model. Right drag turns, middle drag shifts, the wheel zooms, a click selects."
                data-built=move || (!desk.kernel_busy.get()).to_string()
                data-bodies=move || desk.scene.with(|s| s.as_ref().map_or(0, |s| s.bodies.len()))
                on:contextmenu=|e| e.prevent_default()
            ></canvas>
            {move || {
                desk.no_view
                    .get()
                    .map(|why| {
                        view! {
                            <div class="empty over" role="alert" data-testid="no-view">
                                <Icon glyph=Glyph::Warning size=24 />
                                <h2>"No picture"</h2>
                                <p>{why}</p>
                            </div>
                        }
                    })
            }}
            {move || {
                hint()
                    .map(|text| {
                        view! {
                            <div class="pick-hint" role="status" data-testid="pick-hint">
                                <Icon glyph=Glyph::Selection size=14 />
                                {text}
                                <button type="button" class="button small" on:click=move |_| desk.target.set(None)>
                                    "Done"
                                </button>
                            </div>
                        }
                    })
            }}
            {move || {
                desk.kernel_fault
                    .get()
                    .map(|why| {
                        view! {
                            <div class="pick-hint bad" role="alert">
                                <Icon glyph=Glyph::Warning size=14 />
                                {why}
                            </div>
                        }
                    })
            }}
            {children.map(|c| c())}
        </div>
    }
    .into_any()
}

/// The extremes' values, where they are.
#[component]
pub fn Flags() -> impl IntoView {
    let desk = use_desk();
    view! {
        {move || {
            desk.bench
                .flags
                .get()
                .into_iter()
                .map(|f| {
                    let text = studies::value_text(desk, f.value);
                    let text = format!("{} {text}", if f.is_max { "max" } else { "min" });
                    let style = studies::flag_style(f.screen, &text);
                    view! {
                        <div
                            class="flag" class:max=f.is_max class:behind=!f.visible style=style
                            data-testid=if f.is_max { "flag-max" } else { "flag-min" }
                        >
                            {text}
                        </div>
                    }
                })
                .collect_view()
        }}
    }
    .into_any()
}

/// What the viewport says.
fn heard(desk: Desk, event: ViewEvent) {
    match event {
        ViewEvent::Hover(hover) => desk.hover.set(hover),
        ViewEvent::Clicked { pick, rest, add, .. } => clicked(desk, pick, rest, add),
        ViewEvent::Boxed { picks, add } => {
            if desk.target.with_untracked(Option::is_some) {
                desk.collect(&picks);
            } else if add {
                desk.picks.update(|p| {
                    for pick in picks {
                        if !p.contains(&pick) {
                            p.push(pick);
                        }
                    }
                });
            } else {
                desk.picks.set(picks);
            }
        }
        ViewEvent::DoubleClicked(Some(pick)) => select_feature(desk, &pick),
        ViewEvent::DoubleClicked(None) => desk.view(ViewCommand::Fit),
        ViewEvent::Camera(camera) => {
            desk.twin_view(ViewCommand::Mirror(camera));
            desk.camera.set(Some(camera));
        }
        ViewEvent::Probe(probe) => desk.bench.probe.set(probe.map(|p| (p.value, p.at))),
        ViewEvent::ResultShown { min, max, scale } => desk.bench.range.set(Some((min, max, scale))),
        ViewEvent::Flags(new) => desk.bench.flags.set(new),
        ViewEvent::Anchors(new) => desk.anchored.set(new),
        ViewEvent::Captured(png) => desk.bench.captured.set_value(png),
        ViewEvent::Steered => desk.steered(),
        ViewEvent::Stats { draw_calls, triangles, frame_ms } => {
            desk.bench.stats.set(Some((draw_calls, triangles, frame_ms)));
        }
        ViewEvent::Failed(why) => desk.notices.bad(why),
        ViewEvent::Available => desk.no_view.set(None),
        ViewEvent::Unavailable(why) => desk.no_view.set(Some(why)),
    }
}

fn clicked(desk: Desk, pick: Option<Pick>, rest: Option<Rest>, add: bool) {
    if desk.bench.aimed(desk, pick.as_ref(), rest) {
        return;
    }
    if desk.target.with_untracked(Option::is_some) {
        if let Some(pick) = pick {
            desk.collect(&[pick]);
        }
        return;
    }
    match pick {
        None if add => {}
        None => {
            desk.picks.set(Vec::new());
            if !desk.measuring.get_untracked() {
                desk.selected.set(None);
            }
        }
        Some(pick) => {
            let measuring = desk.measuring.get_untracked();
            desk.picks.update(|p| match p.iter().position(|x| *x == pick) {
                Some(at) if add => drop(p.remove(at)),
                _ if add => p.push(pick.clone()),
                // Measuring goes from thing to thing: the last two count.
                _ if measuring && p.len() == 1 && p[0] != pick => p.push(pick.clone()),
                _ => *p = vec![pick.clone()],
            });
            if !add && !measuring {
                select_feature(desk, &pick);
            }
        }
    }
}

/// Selects the feature that made what was clicked.
fn select_feature(desk: Desk, pick: &Pick) {
    let feature = match pick {
        Pick::Face { face, .. } => Id(face.feature().into()),
        Pick::Edge { edge, .. } => Id(edge.faces[0].feature().into()),
        Pick::Vertex { body, .. } => Id(body.split('#').next().unwrap_or(body).into()),
    };
    if desk.design.with_untracked(|d| d.get(&feature).is_some()) {
        desk.selected.set(Some(feature));
    }
}

/// Keeps the viewport told of what everyone decides who looks at a model.
pub fn look(desk: Desk) {
    section::follow(desk);
    Effect::new(move |_| desk.view(ViewCommand::Selected(desk.picks.get())));
    Effect::new(move |_| desk.view(ViewCommand::Perspective(desk.perspective.get())));
    Effect::new(move |_| desk.view(ViewCommand::Edges(desk.edges.get())));
    Effect::new(move |_| desk.view(ViewCommand::Hidden(hidden(desk))));
    Effect::new(move |_| desk.view(ViewCommand::Isolated(desk.isolated.get())));
}

/// Bodies that are not seen. What a generative study found is drawn in the place of its design space: while that answer is
/// shown, the space's name does not hide it, and the features that it was taken over as are not drawn into it.
fn hidden(desk: Desk) -> Vec<String> {
    let mut hidden = desk.hidden.get();
    let is_of = |name: &str, ids: &[Id]| ids.iter().any(|id| name.split('#').next() == Some(id.0.as_str()));
    let run = desk.bench.shown.with(|s| s.as_ref().map(|s| s.run.clone()));
    if !hidden.is_empty()
        && let Some(run) = run.and_then(|id| desk.bench.run(&id))
    {
        desk.design.with(|d| {
            let study = d.get(&Id(run.study)).filter(|o| o.kind == "generative");
            if let Some(Value::Refs(spaces)) = study.and_then(|o| o.get("bodies")) {
                hidden.retain(|name| !is_of(name, &spaces));
            }
        });
    }
    // What someone isolated they want to see.
    let taken = studies::taken_over(desk);
    if !taken.is_empty() && desk.isolated.with(Option::is_none) {
        desk.scene.with(|scene| {
            let names = scene.iter().flat_map(|s| &s.bodies).map(|b| &b.name);
            hidden.extend(names.filter(|name| is_of(name, &taken)).cloned());
        });
    }
    hidden
}

/// Keeps the viewport told of everything on the desk of someone who works on the design.
pub fn work(desk: Desk) {
    look(desk);
    // Picking is for the object in hand: with another one selected, a click would land in the wrong list.
    Effect::new(move |_| {
        let selected = desk.selected.get();
        if desk.target.with_untracked(|t| t.as_ref().is_some_and(|t| Some(&t.object) != selected.as_ref())) {
            desk.target.set(None);
        }
    });
    peers::follow(desk);
    peers::label(desk);
    Effect::new(move |_| desk.view(ViewCommand::Filter(desk.filter())));
    // What a chip points at, and what the property being picked for already holds.
    Effect::new(move |_| {
        let mut lit = desk.highlight.get();
        if let Some(target) = desk.target.get()
            && let Some(object) = desk.object(&target.object)
        {
            desk.scene.with(|s| {
                let scene = s.as_deref();
                for f in object.faces(&target.key) {
                    lit.extend(super::picks::picks_of_face(&f, scene));
                }
                for e in object.edges(&target.key) {
                    lit.extend(super::picks::picks_of_edge(&e, scene));
                }
                for id in object.refs(&target.key) {
                    lit.extend(super::choose::faces_of_feature(&id, scene));
                }
            });
        }
        desk.view(ViewCommand::Highlighted(lit));
    });
    Effect::new(move |_| {
        let remote = desk.peers.with(|p| {
            p.iter().flat_map(|p| p.presence.faces.iter().map(|f| (FaceName(f.clone()), p.hue))).collect::<Vec<_>>()
        });
        desk.view(ViewCommand::Remote(remote));
    });
    // Loads and supports are drawn while one of their kind is being worked on, and never over a result.
    Effect::new(move |_| {
        let showing_result = desk.bench.shown.with(Option::is_some);
        let selected = desk.selected.get();
        // Everything, or what the study reads.
        let seen = desk.design.with(|d| {
            let object = selected.and_then(|id| d.get(&id)).filter(|_| !showing_result)?;
            match object.section()? {
                Section::Support | Section::Load | Section::LoadCase | Section::Thermal => Some(None),
                Section::Study => Some(Some(studies::seen_by(d, object))),
                _ => None,
            }
        });
        let symbols = seen.map_or_else(Vec::new, |seen| symbols(desk, seen.as_ref()));
        desk.view(ViewCommand::Glyphs(symbols));
    });
    studies::follow(desk);
    // What this person looks at, for the others.
    Effect::new(move |_| {
        let faces = desk.picks.with(|p| {
            p.iter().filter_map(|p| if let Pick::Face { face, .. } = p { Some(face.0.clone()) } else { None }).collect()
        });
        let object = desk.selected.get().map(|id| id.0);
        // While following, the view is somebody else's: two who follow each other must not chase their own echo.
        let camera = desk.camera.get().filter(|_| desk.following.with(Option::is_none));
        desk.presence(Presence { object, faces, camera, preview: Vec::new() });
    });
}

/// A symbol at every face that a support, load or heat boundary holds; of those in `seen` alone, where it is given.
pub(crate) fn symbols(desk: Desk, seen: Option<&BTreeSet<Id>>) -> Vec<Symbol> {
    let resolved = desk.resolved.get();
    desk.design.with(|d| {
        let scene = desk.scene.get();
        let shape_of = |face: &FaceName| {
            let mut faces = scene.iter().flat_map(|s| &s.bodies).flat_map(|b| &b.surface.faces);
            faces.find(|f| f.name == *face).map(|f| f.shape)
        };
        let mut out = Vec::new();
        let is_seen = |o: &&Arc<Object>| !o.suppressed && seen.is_none_or(|seen| seen.contains(&o.id));
        for o in d.objects.iter().filter(is_seen) {
            let (way, along) = given(o, &resolved);
            let kind = match o.kind.as_str() {
                "displacement" => match (way, along) {
                    (_, 0.0) if o.choice("by") == "normal" => GlyphKind::Sliding,
                    ([0.0, 0.0, 0.0], 0.0) => GlyphKind::Fixed,
                    _ => GlyphKind::Way { inward: along < 0.0 },
                },
                "remote_displacement" if way != [0.0; 3] => GlyphKind::Way { inward: false },
                "fixed" | "remote_displacement" => GlyphKind::Fixed,
                "sliding" => GlyphKind::Sliding,
                "symmetry" => GlyphKind::Symmetry,
                "elastic" => GlyphKind::Elastic,
                "pressure" => GlyphKind::Pressure,
                "moment" | "remote_moment" | "bolt_preload" => GlyphKind::Moment,
                "force" | "bearing" | "remote_force" => GlyphKind::Force,
                "temperature" => GlyphKind::Temperature,
                "heat_flux" => GlyphKind::Heat { inward: warms(o, &resolved) },
                "convection" => GlyphKind::Convection,
                "radiation" => GlyphKind::Radiation,
                _ => continue,
            };
            let vector = |key| resolved.vector(o, key).unwrap_or([0.0; 3]);
            let mut faces = o.faces("faces");
            for selection in o.refs("selections") {
                faces.extend(d.get(&selection).into_iter().flat_map(|s| s.faces("faces")));
            }
            for face in faces {
                let Some(shape) = shape_of(&face) else { continue };
                let direction = match kind {
                    GlyphKind::Force => vector("force"),
                    // A bolt is turned about its axis.
                    GlyphKind::Moment if o.kind == "bolt_preload" => match shape {
                        Shape::Cylinder { axis, .. } => axis,
                        _ => continue,
                    },
                    GlyphKind::Moment => vector("moment"),
                    GlyphKind::Pressure => match shape {
                        Shape::Plane { normal, .. } => normal.map(|c| -c),
                        _ => [0.0; 3],
                    },
                    GlyphKind::Way { .. } => way,
                    GlyphKind::Fixed | GlyphKind::Sliding | GlyphKind::Symmetry | GlyphKind::Elastic => [0.0; 3],
                    GlyphKind::Temperature | GlyphKind::Heat { .. } | GlyphKind::Convection | GlyphKind::Radiation => {
                        [0.0; 3]
                    }
                };
                out.push(Symbol { face, kind, direction });
            }
        }
        out
    })
}

/// What a given displacement gives: along the axes, zero where nothing is, and along the normal, m.
fn given(o: &Object, resolved: &Resolved) -> ([f64; 3], f64) {
    let number = |key: &str| resolved.number(o, key).unwrap_or(0.0);
    if o.choice("by") == "normal" {
        return ([0.0; 3], number("normal"));
    }
    let along = |axis: &str| if o.choice(&format!("along_{axis}")) == "given" { number(axis) } else { 0.0 };
    (["x", "y", "z"].map(along), 0.0)
}

/// Whether a heat flow goes into the body; one that changes with time is drawn as if it did.
fn warms(o: &Object, resolved: &Resolved) -> bool {
    let key = if o.choice("by") == "total" { "power" } else { "flux" };
    resolved.number(o, key).map_or(true, |heat| heat >= 0.0)
}
