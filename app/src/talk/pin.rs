//! Where threads are pinned in the view.

use super::threads;
use crate::api::comment::Anchor;
use crate::panels::peers::point_on;
use crate::panels::{Desk, use_desk};
use leptos::prelude::*;
use solver::result::pin;
use solver::scene::Scene;
use solver::surface::FaceName;

/// What begins the ids of the labels of threads.
const LABEL: &str = "talk:";

/// Shares of `face` at which `at` lies, world, m.
pub fn place(scene: Option<&Scene>, face: &FaceName, at: [f64; 3]) -> Option<[f64; 3]> {
    scene?.bodies.iter().find_map(|b| pin::place(&b.surface, face, at))
}

/// Where an anchor's face is now, world, m; `None` without a face, or when it is gone.
fn point(scene: &Scene, anchor: &Anchor) -> Option<[f64; 3]> {
    let face = FaceName(anchor.face.clone()?);
    match anchor.place {
        Some(place) => scene.bodies.iter().find_map(|b| pin::find(&b.surface, &face, place)).map(|spot| spot.at),
        None => point_on(&face, scene),
    }
}

/// A face by the name of the body it is on.
fn on_body(scene: Option<&Scene>, face: &FaceName) -> String {
    let bodies = scene.map(|s| s.bodies.as_slice()).unwrap_or_default();
    let body = bodies.iter().find(|b| b.surface.faces.iter().any(|f| f.name == *face));
    body.map_or_else(|| "A face".into(), |b| format!("A face of {}", b.label))
}

/// What a thread is pinned to, in words, and whether that is gone.
pub fn described(desk: Desk, anchor: &Anchor) -> (String, bool) {
    if let Some(face) = &anchor.face {
        let face = FaceName(face.clone());
        let name = match desk.talking.is_guest() {
            // They have the bodies and not the features; so does the server name them.
            true => desk.scene.with(|s| on_body(s.as_deref(), &face)),
            false => desk.design.with(|d| solver::design::describe_face(d, &face)),
        };
        // Until the picture is here, nothing is known to be gone.
        let is_gone = desk.scene.with(|s| s.as_ref().is_some_and(|s| point(s, anchor).is_none()));
        return (name, is_gone);
    }
    match &anchor.object {
        Some(object) => {
            let name = desk.design.with(|d| d.get(&object.as_str().into()).map(|o| o.name.clone()));
            let is_gone = name.is_none() && desk.loaded.get();
            (name.unwrap_or_else(|| "Something deleted since".into()), is_gone)
        }
        None => ("The whole design".into(), false),
    }
}

/// The places of open threads, for the view; only while the panel is open.
pub fn anchors(desk: Desk) -> Vec<(String, [f64; 3])> {
    let talking = desk.talking;
    if !talking.open.get() {
        return Vec::new();
    }
    let Some(scene) = desk.scene.get() else { return Vec::new() };
    let mut out: Vec<(String, [f64; 3])> = talking.talk.with(|t| {
        let open = t.iter().flat_map(|t| &t.comments).filter(|c| c.resolved.is_none());
        open.filter_map(|c| Some((format!("{LABEL}{}", c.id), point(&scene, c.anchor.as_ref()?)?))).collect()
    });
    let draft = talking.draft.with(|d| d.as_ref().and_then(|a| point(&scene, a)));
    out.extend(draft.map(|at| (format!("{LABEL}draft"), at)));
    out
}

/// The pins over the picture: number and author's colour; a click reads the thread.
#[component]
pub fn TalkPins() -> impl IntoView {
    let desk = use_desk();
    let talking = desk.talking;
    // Number of each thread, oldest first, as the panel counts them.
    let known = Memo::new(move |_| {
        talking.talk.with(|t| {
            let all = t.as_ref().map(threads).unwrap_or_default();
            let n = all.len();
            all.into_iter().enumerate().map(|(i, t)| (t.first.id, n - i, t.first.hue, t.first.text)).collect::<Vec<_>>()
        })
    });
    view! {
        {move || {
            desk.anchored
                .get()
                .into_iter()
                .filter_map(|a| {
                    let id = a.id.strip_prefix(LABEL)?.to_owned();
                    let (number, hue, text) = if id == "draft" {
                        ("+".to_string(), 215, "The new thread".to_string())
                    } else {
                        let (_, n, hue, text) = known.with(|k| k.iter().find(|k| k.0 == id).cloned())?;
                        (n.to_string(), hue, text)
                    };
                    let style = format!("--hue:{hue};transform:translate({:.0}px,{:.0}px)", a.screen[0], a.screen[1]);
                    let is_read = talking.thread.with(|t| t.as_deref() == Some(id.as_str()));
                    let label = format!("Comment {number}: {text}");
                    Some(view! {
                        <button
                            type="button" class="talk-pin" class:behind=!a.visible class:on=is_read style=style title=text
                            aria-label=label data-testid="talk-pin"
                            on:click=move |_| {
                                if id != "draft" {
                                    talking.thread.set(Some(id.clone()));
                                }
                            }
                        >
                            {number}
                        </button>
                    })
                })
                .collect_view()
        }}
    }
    .into_any()
}
