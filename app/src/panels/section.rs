//! The section plane: its side, its place, which half is shown.

use super::desk::{Cut, Desk, use_desk};
use crate::ui::{Glyph, Icon};
use crate::viewport::{Pick, SectionPlane, ViewCommand};
use leptos::prelude::*;
use solver::quantity::Dimension;
use solver::scene::Scene;
use solver::surface::Shape;

/// Where a cut lies for these bounds: `position` ±1 are the outermost points along the normal.
fn plane(cut: &Cut, (lo, hi): ([f64; 3], [f64; 3])) -> SectionPlane {
    let n = cut.normal;
    let centre = [0, 1, 2].map(|i| (lo[i] + hi[i]) / 2.0);
    let half: f64 = (0..3).map(|i| n[i].abs() * (hi[i] - lo[i]) / 2.0).sum();
    let point = [0, 1, 2].map(|i| centre[i] + n[i] * half * cut.position);
    let normal = if cut.flipped { n.map(|c| -c) } else { n };
    SectionPlane { point, normal }
}

/// The normal and position of a planar face, to cut along it.
fn cut_at_face(pick: &Pick, scene: &Scene) -> Option<Cut> {
    let Pick::Face { body, face } = pick else { return None };
    let body = scene.bodies.iter().find(|b| b.name == *body)?;
    let Shape::Plane { point, normal } = body.surface.faces.iter().find(|f| f.name == *face)?.shape else {
        return None;
    };
    let (lo, hi) = scene.bounds()?;
    let half: f64 = (0..3).map(|i| normal[i].abs() * (hi[i] - lo[i]) / 2.0).sum();
    let along: f64 = (0..3).map(|i| normal[i] * (point[i] - (lo[i] + hi[i]) / 2.0)).sum();
    // A hair inside, so that the face's own side is not left standing.
    let position = (along / half.max(1e-12) - 1e-3).clamp(-1.0, 1.0);
    Some(Cut { normal, position, flipped: false })
}

/// Sends the plane whenever it, or what it cuts, changes.
pub fn follow(desk: Desk) {
    Effect::new(move |_| {
        let bounds = desk.scene.with(|s| s.as_ref().and_then(|s| s.bounds()));
        let plane = desk.cut.get().zip(bounds).map(|(cut, bounds)| plane(&cut, bounds));
        desk.view(ViewCommand::Section(plane));
    });
}

#[component]
pub fn SectionPanel() -> impl IntoView {
    let desk = use_desk();
    let sides = [("X", [1.0, 0.0, 0.0]), ("Y", [0.0, 1.0, 0.0]), ("Z", [0.0, 0.0, 1.0])];
    let change = move |f: &dyn Fn(&mut Cut)| desk.cut.update(|c| c.iter_mut().for_each(f));
    let face_cut = move || {
        let pick = desk.picks.get().into_iter().next()?;
        desk.scene.with(|s| cut_at_face(&pick, s.as_ref()?))
    };
    let place = move || {
        let bounds = desk.scene.with(|s| s.as_ref().and_then(|s| s.bounds()))?;
        let cut = desk.cut.get()?;
        let p = plane(&cut, bounds);
        let along: f64 = (0..3).map(|i| cut.normal[i] * p.point[i]).sum();
        Some(desk.show(along, Dimension::LENGTH, 4))
    };
    view! {
        <Show when=move || desk.cut.with(Option::is_some)>
            <div class="float-panel" data-testid="section-panel" role="group" aria-label="Section">
                <div class="segmented" role="radiogroup" aria-label="Side">
                    {sides
                        .map(|(label, normal)| {
                            view! {
                                <button
                                    type="button" role="radio" data-testid=format!("section-{}", label.to_lowercase())
                                    aria-checked=move || {
                                        desk.cut.with(|c| c.as_ref().is_some_and(|c| c.normal == normal)).to_string()
                                    }
                                    on:click=move |_| change(&|c| *c = Cut { normal, position: 0.0, ..*c })
                                >
                                    {label}
                                </button>
                            }
                        })
                        .collect_view()}
                    <button
                        type="button" disabled=move || face_cut().is_none() title="Along the picked planar face"
                        on:click=move |_| desk.cut.set(face_cut())
                    >
                        "Face"
                    </button>
                </div>
                <input
                    type="range" min="-1" max="1" step="0.002" aria-label="Position of the section"
                    data-testid="section-position"
                    prop:value=move || desk.cut.with(|c| c.as_ref().map_or(0.0, |c| c.position)).to_string()
                    on:input=move |e| {
                        let position = event_target_value(&e).parse().unwrap_or(0.0);
                        change(&|c| c.position = position);
                    }
                />
                <span class="mono readout">{place}</span>
                <button
                    type="button" class="icon-button" title="Show the other half" aria-label="Show the other half"
                    data-testid="section-flip" on:click=move |_| change(&|c| c.flipped = !c.flipped)
                >
                    <Icon glyph=Glyph::Mirror />
                </button>
                <button
                    type="button" class="icon-button" title="Close (S)" aria-label="Close the section"
                    on:click=move |_| desk.cut.set(None)
                >
                    <Icon glyph=Glyph::Close />
                </button>
            </div>
        </Show>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_slider_are_the_ends_of_the_model() {
        let bounds = ([0.0, -1.0, 0.0], [4.0, 1.0, 2.0]);
        let cut = |position| Cut { normal: [1.0, 0.0, 0.0], position, flipped: false };
        assert_eq!(plane(&cut(-1.0), bounds).point[0], 0.0);
        assert_eq!(plane(&cut(1.0), bounds).point[0], 4.0);
        let flipped = plane(&Cut { flipped: true, ..cut(0.0) }, bounds);
        assert_eq!((flipped.point[0], flipped.normal[0]), (2.0, -1.0));
    }
}
