//! What is other in two versions, laid over the picture of the second.

use crate::api::history::{Comparison, Point};
use crate::panels::{Desk, use_desk};
use crate::ui::{Glyph, Icon};
use crate::viewport::{Overlay, ViewCommand};
use leptos::prelude::*;
use solver::scene::{Patch, Scene, SceneDifference};
use std::rc::Rc;
use std::sync::Arc;

/// sRGB; as the key beside the list shows them.
const ADDED: [u8; 3] = [38, 160, 88];
const CHANGED: [u8; 3] = [238, 168, 38];
const REMOVED: [u8; 3] = [214, 60, 60];

/// Numbers of faces in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Laid {
    added: usize,
    changed: usize,
    removed: usize,
}

fn path(point: &Point) -> String {
    format!("/api/designs/{}/scene?sequence={}", point.design, point.sequence)
}

/// Shows the second version with what is other.
fn lay(desk: Desk, comparison: &Comparison) {
    let past = desk.past;
    let (before, after) = (path(&comparison.before), path(&comparison.after));
    let asked = (comparison.before.clone(), comparison.after.clone());
    let client = desk.client.get_value();
    leptos::task::spawn_local(async move {
        let read = futures::try_join!(client.bytes(&before), client.bytes(&after));
        let is_asked = past
            .comparison
            .try_with_untracked(|c| matches!(c, Some(Ok(c)) if (&c.before, &c.after) == (&asked.0, &asked.1)));
        if is_asked != Some(true) || past.overlaying.try_get_untracked() != Some(true) {
            return;
        }
        let shown = read.map_err(|problem| problem.message).and_then(|(before, after)| {
            let scene = |bytes: &[u8]| Scene::from_bytes(bytes).map_err(|why| why.to_string());
            Ok((SceneDifference::new(&scene(&before)?, &scene(&after)?), after))
        });
        match shown {
            Ok((found, after)) => {
                let SceneDifference { added, changed, removed } = found;
                let laid = Laid { added: added.n_faces, changed: changed.n_faces, removed: removed.n_faces };
                let overlay = |patch: Patch, colour| Overlay { surface: Arc::new(patch.surface), colour };
                let all = [overlay(removed, REMOVED), overlay(changed, CHANGED), overlay(added, ADDED)];
                past.laid.set(Some(laid));
                desk.view(ViewCommand::Scene(Rc::from(after)));
                desk.view(ViewCommand::Overlays(all.into()));
            }
            Err(why) => {
                past.overlaying.set(false);
                desk.notices.bad(format!("These versions cannot be drawn: {why}"));
            }
        }
    });
}

/// Shows the design itself again.
fn lift(desk: Desk) {
    if desk.past.laid.try_get_untracked().flatten().is_some() {
        desk.past.laid.set(None);
        desk.view(ViewCommand::Overlays(Vec::new()));
        // The worker makes its scene anew.
        desk.shown.notify();
    }
}

/// Draws the comparison for as long as it is wanted, and the panel stands.
pub fn follow(desk: Desk) {
    let past = desk.past;
    Effect::new(move |_| {
        if !past.overlaying.get() {
            return lift(desk);
        }
        past.comparison.with(|c| {
            if let Some(Ok(found)) = c {
                lay(desk, found);
            }
        });
    });
    on_cleanup(move || {
        let _ = past.overlaying.try_set(false);
        lift(desk);
    });
}

/// The switch, and the key of its colours.
#[component]
pub fn OverlaySwitch() -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    let key = move |laid: Laid| {
        [("added", ADDED, laid.added), ("changed", CHANGED, laid.changed), ("removed", REMOVED, laid.removed)]
            .map(|(word, [r, g, b], n)| {
                let style = format!("background:rgb({r} {g} {b})");
                let faces = if n == 1 { "face" } else { "faces" };
                view! { <li data-testid=format!("laid-{word}") data-faces=n><i style=style></i>{format!("{n} {faces} {word}")}</li> }
            })
            .collect_view()
    };
    view! {
        <div class="history-actions">
            <button
                type="button" class="button small" data-testid="overlay" aria-pressed=move || past.overlaying.get().to_string()
                title="The second version, with the faces that are other in colour"
                on:click=move |_| past.overlaying.update(|on| *on = !*on)
            >
                <Icon glyph=Glyph::Ghost size=14 />"Show in the view"
            </button>
            {move || past.laid.get().map(|laid| view! { <ul class="case-key laid" data-testid="laid">{key(laid)}</ul> })}
        </div>
    }
    .into_any()
}
