//! Two answers side by side, under one legend and one camera.

use super::bench::Bench;
use super::compare::Beside;
use crate::panels::{Desk, use_desk};
use crate::ui::{ago, now, use_theme};
use crate::viewport::{ResultView, ViewCommand, ViewEvent};
use leptos::{html, prelude::*};
use solver::result::Reading;
use solver::study::outcome::{Outcome, OutcomeMesh, StateKind};

/// Smallest and largest value of a reading on the skins of an answer, SI.
fn extremes(outcomes: &[&Outcome], reading: &Reading) -> Option<(f64, f64)> {
    let skins = outcomes[0].meshes.iter().filter_map(|m| match m {
        OutcomeMesh::Surface { name, surface, .. } => reading.on(outcomes, name, &surface.points),
        _ => None,
    });
    let finite = skins.flatten().filter(|v| v.is_finite()).map(f64::from);
    finite.map(|v| (v, v)).reduce(|(lo, hi), (a, b)| (lo.min(a), hi.max(b)))
}

/// Limits of the colours that suit both answers; `None` while only one is shown, or the other lacks the quantity.
pub fn limits(bench: Bench) -> Option<(f64, f64)> {
    if !bench.twin.get() {
        return None;
    }
    let shown = bench.shown.get()?;
    let own = bench.outcome.get()?;
    let other = bench.beside.get()?;
    if shown.reading.over.counts() {
        return None;
    }
    let of = |outcome: &Outcome, run: &str| {
        let tensor = bench.tensor(run);
        let all: Vec<&Outcome> = std::iter::once(outcome).chain(tensor.as_deref()).collect();
        extremes(&all, &shown.reading)
    };
    let (a, b) = (of(&own, &shown.run)?, of(&other.outcome, &other.run)?);
    let (lo, hi) = (a.0.min(b.0), a.1.max(b.1));
    Some((lo, shown.ceiling().filter(|c| *c > lo && *c < hi).unwrap_or(hi)))
}

/// How the other answer is drawn: as the shown one.
fn view_of(bench: Bench, other: &Beside) -> Option<ResultView> {
    let shown = bench.shown.get()?;
    let tensor = bench.tensor(&other.run);
    if shown.needs_tensor() && tensor.is_none() {
        return None;
    }
    // At the same scale, or the shapes could not be compared.
    let scale = shown.scale.or_else(|| bench.range.get().map(|r| r.2));
    Some(ResultView {
        outcome: other.outcome.clone(),
        tensor,
        inverted: shown.is_inverted(),
        ceiling: shown.ceiling(),
        directions: shown.directions,
        scale,
        ghost: shown.ghost,
        banded: shown.banded,
        range: shown.range.or_else(|| limits(bench)),
        flags: false,
        playing: shown.playing && shown.kind == Some(StateKind::Mode),
        reading: shown.reading,
    })
}

/// Keeps the second view told.
pub fn follow(desk: Desk) {
    let bench = desk.bench;
    Effect::new(move |_| {
        // Nothing to stand beside: the view is whole again.
        if bench.twin.get() && bench.beside.with(Option::is_none) {
            bench.twin.set(false);
        }
    });
    Effect::new(move |_| desk.view(ViewCommand::Mirrored(bench.twin.get())));
    Effect::new(move |_| {
        if !bench.twin.get() {
            return;
        }
        let Some(other) = bench.beside.get() else { return };
        if bench.shown.with(|s| s.as_ref().is_some_and(super::Shown::needs_tensor)) {
            if !other.outcome.tensors {
                return desk
                    .notices
                    .bad("The answer beside keeps no stress tensors: run it again to compare components.");
            }
            bench.want_tensor(desk, &other.run);
        }
        if let Some(view) = view_of(bench, &other) {
            desk.twin_view(ViewCommand::Result(Some(view)));
        }
    });
}

/// The second view, while two answers are shown.
#[component]
pub fn Twin() -> impl IntoView {
    let desk = use_desk();
    view! {
        <Show when=move || desk.bench.twin.get()>
            <TwinView />
        </Show>
    }
    .into_any()
}

#[component]
fn TwinView() -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let theme = use_theme();
    let canvas = NodeRef::<html::Canvas>::new();
    let attached = RwSignal::new(false);
    Effect::new(move |_| {
        let (Some(canvas), Some(ports), false) = (canvas.get(), crate::port::ports(), attached.get_untracked()) else {
            return;
        };
        let sink = move |event| match event {
            ViewEvent::Camera(camera) => desk.view(ViewCommand::Mirror(camera)),
            ViewEvent::Steered => desk.steered(),
            ViewEvent::Failed(why) | ViewEvent::Unavailable(why) => desk.notices.bad(why),
            _ => {}
        };
        match ports.viewport(canvas, std::rc::Rc::new(sink)) {
            Ok(viewport) => {
                desk.attach_twin(Some(viewport));
                attached.set(true);
            }
            Err(why) => desk.notices.bad(why),
        }
    });
    Effect::new(move |_| {
        if !attached.get() {
            return;
        }
        desk.twin_view(ViewCommand::Mirrored(true));
        // The first view says where it stands.
        desk.view(ViewCommand::Mirrored(true));
        if let Some(camera) = desk.camera.get_untracked() {
            desk.twin_view(ViewCommand::Mirror(camera));
        }
        if let Some(view) = bench.beside.get_untracked().and_then(|other| view_of(bench, &other)) {
            desk.twin_view(ViewCommand::Result(Some(view)));
        }
    });
    Effect::new(move |_| {
        let dark = theme.dark.get();
        if attached.get() {
            desk.twin_view(ViewCommand::Dark(dark));
        }
    });
    Effect::new(move |_| {
        let (perspective, edges) = (desk.perspective.get(), desk.edges.get());
        if attached.get() {
            desk.twin_view(ViewCommand::Perspective(perspective));
            desk.twin_view(ViewCommand::Edges(edges));
        }
    });
    on_cleanup(move || desk.attach_twin(None));
    let words = move || {
        let run = bench.beside.with(|b| b.as_ref().map(|b| b.run.clone()))?;
        let run = bench.run(&run)?;
        Some(format!("v{} · {}", run.sequence, ago(run.ended.unwrap_or(run.created), now())))
    };
    view! {
        <div class="viewport twin" data-testid="twin">
            <canvas node_ref=canvas class="canvas" tabindex="0" role="img" aria-label="The answer beside"></canvas>
            <span class="twin-name tag">{words}</span>
        </div>
    }
    .into_any()
}
