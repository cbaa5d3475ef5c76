//! What is shown inside the bodies: surfaces of one value, and the worst elements of the mesh.

use super::bench::Bench;
use super::outcome::value_text;
use crate::colormap;
use crate::panels::{Desk, use_desk};
use crate::viewport::{Inner, ViewCommand, colour_limits};
use leptos::prelude::*;
use solver::result::{Inside, Over, Quantity, Reading, iso, quality};
use solver::surface::SurfaceMesh;
use std::sync::Arc;

/// What is seen inside the bodies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen {
    /// A surface where the shown quantity has one value, at this share of the colours.
    Level(f64),
    /// The elements with the smallest dihedral angles.
    Angles,
    /// Those with the smallest scaled Jacobians.
    Jacobians,
}

/// Worst elements shown at a time.
const WORST: usize = 100;
/// Colour of elements, sRGB.
const BAD: [u8; 3] = [214, 64, 40];
/// Dihedral angles below it are called bad, rad: the limit of the mesher.
const ANGLE_BAD: f32 = 0.139_626;

/// Nodes of each body as they are drawn, world, m.
fn drawn(inside: &Inside, body: &str, case: Option<&str>, scale: f64) -> Vec<[f64; 3]> {
    let Some(volume) = inside.volume(body) else { return Vec::new() };
    let mut points: Vec<[f64; 3]> = volume.points().collect();
    if scale != 0.0
        && let Some(moved) = inside.field(volume, "displacement", case)
        && moved.values.len() == 3 * points.len()
    {
        for (p, m) in points.iter_mut().zip(moved.values.as_chunks::<3>().0) {
            (0..3).for_each(|k| p[k] += scale * f64::from(m[k]));
        }
    }
    points
}

/// Adds `more` to `mesh`.
fn append(mesh: &mut SurfaceMesh, more: SurfaceMesh) {
    let first = mesh.points.len() as u32;
    mesh.points.extend(more.points);
    mesh.triangles.extend(more.triangles.into_iter().map(|t| t.map(|i| first + i)));
    mesh.normals.extend(more.normals);
    mesh.face_of.extend(more.face_of);
    if mesh.faces.is_empty() {
        mesh.faces = more.faces;
    }
}

/// Times the displacement in the picture of the shown answer.
fn scale(bench: Bench) -> f64 {
    bench.shown.with(|s| {
        s.as_ref()
            .filter(|s| s.reading.over == Over::State)
            .map_or(0.0, |s| s.scale.or_else(|| bench.range.get().map(|r| r.2)).unwrap_or(0.0))
    })
}

/// The value at a share of the colours, SI.
fn level(bench: Bench, share: f64) -> Option<f64> {
    let (min, max, _) = bench.range.get()?;
    bench.shown.with(|s| {
        let s = s.as_ref()?;
        let (lo, hi) = colour_limits(s.range, s.ceiling(), min, max);
        Some(lo + share * (hi - lo))
    })
}

/// The surface to show, as it is drawn, and its colour.
fn picture(desk: Desk, seen: Seen, nodal: &[(String, Vec<f32>)]) -> Option<Inner> {
    let bench = desk.bench;
    let inside = bench.inside_now()?;
    let (case, inverted) =
        bench.shown.with(|s| s.as_ref().map(|s| (s.reading.case.clone(), s.is_inverted())).unwrap_or_default());
    let scale = scale(bench);
    let mut surface = SurfaceMesh::default();
    for (body, volume) in inside.bodies() {
        let points = || drawn(&inside, body, case.as_deref(), scale);
        match seen {
            Seen::Level(share) => {
                let values = &nodal.iter().find(|(of, _)| of == body)?.1;
                match iso::surface(volume, &points(), values, level(bench, share)?) {
                    Some(more) => append(&mut surface, more),
                    None => desk.notices.bad("This surface has too many triangles to draw; choose another level."),
                }
            }
            Seen::Angles | Seen::Jacobians => {
                let mesh = inside.outcome().meshes.iter().find(|m| m.name() == volume.name())?;
                let Some(found) = quality::elements(mesh) else { continue };
                let by = if seen == Seen::Angles { &found.dihedral } else { &found.jacobian };
                append(&mut surface, iso::elements(volume, &points(), &quality::worst(by, WORST)));
            }
        }
    }
    let colour = match seen {
        Seen::Level(share) => colormap::colour(if inverted { 1.0 - share } else { share }, None),
        Seen::Angles | Seen::Jacobians => BAD,
    };
    Some(Inner { surface: Arc::new(surface), colour })
}

/// Keeps the view told of what is seen inside.
pub fn follow(desk: Desk) {
    let bench = desk.bench;
    let on = Memo::new(move |_| bench.seen.with(Option::is_some));
    let is_level = Memo::new(move |_| bench.seen.with(|s| matches!(s, Some(Seen::Level(_)))));
    Effect::new(move |_| {
        if on.get() && bench.shown.with(|s| s.as_ref().is_some_and(|s| !s.partial)) {
            bench.want_inside(desk);
        }
    });
    // At every node, made anew only for another reading: the slider asks for the same again and again.
    let reading = Memo::new(move |_| bench.shown.with(|s| s.as_ref().map(|s| s.reading.clone())));
    let nodal = Memo::new(move |_| {
        let none = || Arc::new(Vec::new());
        if !is_level.get() {
            return none();
        }
        let (Some(reading), Some(inside)) = (reading.get(), bench.inside_now()) else { return none() };
        let of = |body: &String| Some((body.clone(), inside.nodal(body, &reading)?));
        Arc::new(inside.bodies().iter().filter_map(|(body, _)| of(body)).collect::<Vec<_>>())
    });
    Effect::new(move |_| {
        let inner = bench.seen.get().and_then(|seen| picture(desk, seen, &nodal.get()));
        desk.view(ViewCommand::Inner(inner));
    });
}

/// Iso-surface and mesh, folded until they are asked for.
#[component]
pub fn InsidePanel() -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let share = Memo::new(move |_| bench.seen.with(|s| if let Some(Seen::Level(x)) = s { Some(*x) } else { None }));
    let whole = Memo::new(move |_| bench.shown.with(|s| s.as_ref().is_some_and(|s| !s.partial)));
    let counts = Memo::new(move |_| bench.shown.with(|s| s.as_ref().is_some_and(|s| s.reading.over.counts())));
    let silent = Memo::new(move |_| {
        let reading = bench.shown.with(|s| s.as_ref().map(|s| s.reading.clone()));
        reading.zip(bench.inside_now()).is_some_and(|(reading, inside)| !has(&inside, &reading))
    });
    view! {
        <h3>"Inside"</h3>
        <div class="result-tool" data-testid="inside">
            <label class="check">
                <input
                    type="checkbox" data-testid="iso" disabled=move || !whole.get() || counts.get()
                    prop:checked=move || share.get().is_some()
                    on:change=move |e| bench.seen.set(event_target_checked(&e).then_some(Seen::Level(0.5)))
                />
                "Surface of one value"
            </label>
            <Show when=move || share.get().is_some()>
                <div class="iso-row">
                    <input
                        type="range" min="0" max="1" step="0.005" aria-label="Value of the surface" data-testid="iso-level"
                        prop:value=move || share.get().unwrap_or(0.5).to_string()
                        on:input=move |e| bench.seen.set(event_target_value(&e).parse().ok().map(Seen::Level))
                    />
                    <span class="mono readout" data-testid="iso-value">
                        {move || share.get().and_then(|s| level(bench, s)).map(|v| value_text(desk, v))}
                    </span>
                </div>
                <Show when=move || silent.get()>
                    <p class="soft">"This answer does not know the shown quantity inside the bodies."</p>
                </Show>
            </Show>
            <MeshQuality />
        </div>
    }
    .into_any()
}

fn has(inside: &Inside, reading: &Reading) -> bool {
    let stored = |q: &Quantity| inside.outcome().fields.iter().any(|f| f.id == q.field());
    stored(&reading.quantity) || reading.quantity.by_tensor().is_some_and(|q| stored(&q))
}

/// What the histograms show.
#[derive(Clone, Debug, PartialEq)]
struct Mesh {
    n: usize,
    n_bad: usize,
    angles: Vec<u32>,
    angle_min: f32,
    jacobians: Vec<u32>,
    jacobian_min: f32,
}

/// Of the mesh of the shown run; `None` where its inside is no mesh of tetrahedra.
fn mesh(inside: &Inside) -> Option<Mesh> {
    let all: Vec<_> = inside.outcome().meshes.iter().filter_map(quality::elements).collect();
    let join = |f: fn(&quality::Elements) -> &Vec<f32>| all.iter().flat_map(f).copied().collect::<Vec<f32>>();
    let (angles, jacobians) = (join(|e| &e.dihedral), join(|e| &e.jacobian));
    let least = |v: &[f32]| v.iter().copied().fold(f32::INFINITY, f32::min);
    (!angles.is_empty()).then(|| Mesh {
        n: angles.len(),
        n_bad: angles.iter().filter(|a| **a < ANGLE_BAD).count(),
        angle_min: least(&angles),
        jacobian_min: least(&jacobians),
        angles: quality::histogram(&angles, 75f32.to_radians(), 15),
        jacobians: quality::histogram(&jacobians, 1.0, 10),
    })
}

/// How good the elements are, and where the worst stand.
#[component]
fn MeshQuality() -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let verified = Memo::new(move |_| {
        bench.outcome.with(|o| o.as_ref().is_some_and(|o| o.facts.iter().any(|(k, _)| k == "smallest dihedral angle")))
            && bench.shown.with(|s| s.as_ref().is_some_and(|s| !s.partial))
    });
    let open = RwSignal::new(false);
    let found = Memo::new(move |_| open.get().then(|| bench.inside_now().and_then(|i| mesh(&i))).flatten());
    Effect::new(move |_| {
        if open.get() && verified.get() {
            bench.want_inside(desk);
        }
    });
    let toggle =
        move |seen: Seen| move |_| bench.seen.update(|s| *s = if *s == Some(seen) { None } else { Some(seen) });
    let is = move |seen: Seen| move || (bench.seen.get() == Some(seen)).to_string();
    view! {
        <Show when=move || verified.get()>
            <details class="log" data-testid="mesh-quality" on:toggle=move |_| open.update(|o| *o = !*o)>
                <summary>"Mesh quality"</summary>
                {move || match found.get() {
                    None => view! { <p class="soft">"Fetching the mesh of this run…"</p> }.into_any(),
                    Some(m) => {
                        view! {
                            <p class="soft small" data-testid="mesh-words">
                                {format!(
                                    "{} elements; {} below 8°, smallest angle {:.1}°, smallest scaled Jacobian {:.2}",
                                    m.n,
                                    m.n_bad,
                                    m.angle_min.to_degrees(),
                                    m.jacobian_min,
                                )}
                            </p>
                            <Histogram counts=m.angles label="Elements by smallest dihedral angle" from="0°" to="75°" />
                            <button type="button" class="button small" data-testid="worst-angles" aria-pressed=is(Seen::Angles) on:click=toggle(Seen::Angles)>
                                "Show the 100 flattest"
                            </button>
                            <Histogram counts=m.jacobians label="Elements by scaled Jacobian" from="0" to="1" />
                            <button type="button" class="button small" data-testid="worst-jacobians" aria-pressed=is(Seen::Jacobians) on:click=toggle(Seen::Jacobians)>
                                "Show the 100 most bent"
                            </button>
                        }
                            .into_any()
                    }
                }}
            </details>
        </Show>
    }
    .into_any()
}

/// Bars whose height is the logarithm of their number, so that a few bad elements among many good ones stand out.
#[component]
fn Histogram(counts: Vec<u32>, label: &'static str, from: &'static str, to: &'static str) -> impl IntoView {
    const WIDTH: f64 = 280.0;
    const HEIGHT: f64 = 64.0;
    let top = counts.iter().map(|c| f64::from(c + 1).ln()).fold(1e-9, f64::max);
    let step = WIDTH / counts.len().max(1) as f64;
    let bars = counts.iter().enumerate().map(|(i, c)| {
        let height = HEIGHT * f64::from(c + 1).ln() / top;
        view! {
            <rect x=i as f64 * step + 1.0 y=HEIGHT - height width=step - 2.0 height=height>
                <title>{format!("{c} elements")}</title>
            </rect>
        }
    });
    view! {
        <figure class="histogram">
            <figcaption class="soft small">{label}", logarithmic"</figcaption>
            <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img" aria-label=label>{bars.collect_view()}</svg>
            <div class="ends soft small"><span>{from}</span><span>{to}</span></div>
        </figure>
    }
    .into_any()
}
