//! The one panel for every answer: which field, how drawn, what numbers, how far to trust them.

use super::curves::Curves;
use super::growth::GrowthPanel;
use super::head::Head;
use super::inner::InsidePanel;
use super::legend::settled;
use super::line::LinePanel;
use super::numbers::{Balances, Scalars, Words};
use super::picture::Picture;
use super::pins::PinPanel;
use super::{inner, line, pins, twin};
use crate::panels::{Desk, use_desk};
use crate::viewport::{ResultView, ViewCommand};
use leptos::prelude::*;
use solver::design::Design;
use solver::quantity::display_unit;
use solver::result::{Over, Reading};
use solver::study::outcome::{Outcome, StateKind};
use std::sync::Arc;

/// What a person calls a state of an answer: its label, with its frequency, load factor or time. Results of older
/// versions list no states: there it is the load case's name now.
pub fn state_name(desk: Desk, outcome: &Outcome, id: &str) -> String {
    let Some(state) = outcome.state(id) else {
        return desk.design.with_untracked(|d| case_name(d, id));
    };
    match state.value.map(|v| desk.show(v, state.dimension, 4)) {
        Some(value) if state.label.is_empty() => value,
        Some(value) => format!("{} · {value}", state.label),
        None => state.label.clone(),
    }
}

fn case_name(design: &Design, case: &str) -> String {
    design
        .get(&case.into())
        .map_or_else(|| if case.is_empty() { "All loads".into() } else { case.to_string() }, |o| o.name.clone())
}

/// Whether the answer has a deformed shape: heat moves nothing.
pub fn moves(outcome: &Outcome) -> bool {
    outcome.fields.iter().any(|f| f.id == "displacement")
}

/// What of an answer's states a reading takes, in words.
pub fn over_name(desk: Desk, outcome: &Outcome, reading: &Reading) -> String {
    match reading.over {
        Over::State => reading.case.as_deref().map(|case| state_name(desk, outcome, case)).unwrap_or_default(),
        Over::Largest => "largest of all load cases".into(),
        Over::Smallest => "smallest of all load cases".into(),
        Over::GoverningLargest => "load case with the largest".into(),
        Over::GoverningSmallest => "load case with the smallest".into(),
    }
}

/// A value of the shown reading in words: a number with its unit, or the name of a load case.
pub fn value_text(desk: Desk, value: f64) -> String {
    let bench = desk.bench;
    bench
        .shown
        .with(|s| match s {
            Some(s) if s.reading.over.counts() => {
                bench.outcome.with(|o| o.as_ref().and_then(|o| Some(o.states.get(value as usize)?.label.clone())))
            }
            Some(s) => {
                let (_, _, zero) = display_unit(s.dimension, desk.units.get());
                let value = bench.range.get().map_or(value, |(lo, hi, _)| settled(value, (lo, hi), zero));
                Some(desk.show(value, s.dimension, 4))
            }
            None => None,
        })
        .unwrap_or_default()
}

#[component]
pub fn OutcomePanel() -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let panel = NodeRef::new();
    let answer = Memo::new(move |_| bench.shown.with(|s| s.as_ref().filter(|s| !s.partial).map(|s| s.run.clone())));
    Effect::new(move |_| {
        if answer.with(Option::is_some) {
            request_animation_frame(move || reveal(panel));
        }
    });
    view! {
        {move || {
            bench
                .outcome
                .get()
                .map(|outcome| {
                    view! {
                        <section class="outcome" data-testid="outcome" node_ref=panel>
                            <Head />
                            <GrowthPanel outcome=outcome.clone() />
                            <Picture outcome=outcome.clone() />
                            <PinPanel />
                            <LinePanel />
                            <InsidePanel />
                            <Balances outcome=outcome.clone() />
                            <Scalars outcome=outcome.clone() />
                            <Curves outcome=outcome.clone() />
                            <Words outcome=outcome.clone() />
                        </section>
                    }
                })
        }}
    }
    .into_any()
}

/// Scrolls to the head of an answer that has just come: the panel may stand at the run that asked for it. Not under the hands
/// of somebody who types beside it.
fn reveal(panel: NodeRef<leptos::html::Section>) {
    #[cfg(feature = "browser")]
    {
        use leptos::web_sys::Element;
        let Some(panel) = panel.try_get_untracked().flatten() else { return };
        let is_field = |e: &Element| e.matches("input, select, textarea, [contenteditable]").unwrap_or(false);
        let beside = |e: &Element| panel.parent_element().is_some_and(|p| p.contains(Some(e.as_ref())));
        if document().active_element().is_some_and(|e| is_field(&e) && beside(&e)) {
            return;
        }
        panel.scroll_into_view_with_bool(true);
    }
    #[cfg(not(feature = "browser"))]
    let _ = panel;
}

/// Keeps the view told of the shown answer, and of what the panels draw over it.
pub fn follow(desk: Desk) {
    let bench = desk.bench;
    Effect::new(move |_| {
        let Some(shown) = bench.shown.get() else { return desk.view(ViewCommand::Result(None)) };
        let Some(outcome) = bench.outcome.get_untracked() else { return };
        let tensor = bench.tensor(&shown.run);
        if shown.needs_tensor() && tensor.is_none() {
            // What is there stays until they are here.
            return bench.want_tensor(desk, &shown.run);
        }
        let range = shown.range.or_else(|| twin::limits(bench));
        desk.view(ViewCommand::Result(Some(ResultView {
            outcome,
            tensor,
            inverted: shown.is_inverted(),
            ceiling: shown.ceiling(),
            directions: shown.directions,
            scale: shown.scale,
            ghost: shown.ghost,
            banded: shown.banded,
            range,
            flags: shown.flags,
            playing: shown.playing && shown.kind == Some(StateKind::Mode),
            reading: shown.reading,
        })));
    });
    // A section through an answer shows what it says inside.
    Effect::new(move |_| {
        let whole = bench.shown.with(|s| s.as_ref().is_some_and(|s| !s.partial));
        if whole && desk.cut.with(Option::is_some) {
            bench.want_inside(desk);
        }
    });
    let inside = Memo::new(move |_| bench.inside_now().map(Held));
    Effect::new(move |_| desk.view(ViewCommand::Inside(inside.get().map(|held| held.0))));
    inner::follow(desk);
    line::follow(desk);
    pins::follow(desk);
    twin::follow(desk);
}

/// The same allocation is the same answer.
#[derive(Clone)]
struct Held(Arc<solver::result::Inside>);

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
