//! Another answer of the same study beside the shown one: the other method, or the design before an edit.

use super::bench::Bench;
use crate::api::run::{Run, RunState};
use crate::panels::use_desk;
use crate::ui::{Glyph, Icon, ago, now};
use leptos::prelude::*;
use solver::quantity::Dimension;
use solver::study::outcome::{Grade, Outcome, Scalar};
use std::sync::Arc;

/// An answer to compare with.
#[derive(Clone, PartialEq)]
pub struct Beside {
    pub run: String,
    pub outcome: Arc<Outcome>,
}

/// Runs whose answers can stand beside that of `shown`, newest first: finished, of the same study, with another answer.
pub fn candidates(runs: &[Run], shown: &str) -> Vec<Run> {
    let Some(own) = runs.iter().find(|r| r.id == shown) else { return Vec::new() };
    let mut out: Vec<Run> = Vec::new();
    for run in runs.iter().filter(|r| r.study == own.study && r.state == RunState::Done && r.id != own.id) {
        let seen = out.iter().any(|r| r.artefact == run.artefact);
        if run.artefact.is_some() && run.artefact != own.artefact && !seen {
            out.push(run.clone());
        }
    }
    out
}

/// Chooses what stands beside the shown answer.
#[component]
pub fn BesidePicker() -> impl IntoView {
    let desk = use_desk();
    let bench: Bench = desk.bench;
    let choices = Memo::new(move |_| {
        let shown = bench.shown.with(|s| s.as_ref().map(|s| s.run.clone())).unwrap_or_default();
        bench.runs.with(|runs| candidates(runs, &shown))
    });
    let chosen = move || bench.beside.with(|b| b.as_ref().map(|b| b.run.clone()).unwrap_or_default());
    view! {
        <Show when=move || choices.with(|c| !c.is_empty())>
            <div class="control beside">
                <label class="label" for="result-beside">"Beside"</label>
                <select
                    class="input" id="result-beside" data-testid="result-beside" prop:value=chosen
                    on:change=move |e| {
                        let run = event_target_value(&e);
                        bench.compare(desk, (!run.is_empty()).then_some(run));
                    }
                >
                    <option value="">"No other answer"</option>
                    {move || {
                        choices
                            .get()
                            .into_iter()
                            .map(|r| {
                                let words = format!("v{} · {}", r.sequence, ago(r.ended.unwrap_or(r.created), now()));
                                let id = r.id.clone();
                                view! { <option value=r.id selected=move || chosen() == id>{words}</option> }
                            })
                            .collect_view()
                    }}
                </select>
                <button
                    type="button" class="button small" data-testid="twin-toggle" title="Both answers in the view, with one legend"
                    aria-pressed=move || bench.twin.get().to_string() disabled=move || bench.beside.with(Option::is_none)
                    on:click=move |_| bench.twin.update(|t| *t = !*t)
                >
                    <Icon glyph=Glyph::Beside size=14 />
                    "Side by side"
                </button>
            </div>
        </Show>
    }
    .into_any()
}

/// The same number in the answer beside, in words: value, band, difference, grade.
pub fn beside(
    other: &Outcome,
    own: &Scalar,
    show: impl Fn(f64) -> String,
    show_band: impl Fn(f64) -> String,
) -> Option<String> {
    let same = other.scalars.iter().find(|s| s.id == own.id && s.case == own.case)?;
    let grade = if same.grade == Grade::Verified { "verified" } else { "indicative" };
    if same.exponent.is_some() {
        return Some(format!("no finite value, {grade}"));
    }
    let mut words = show(same.value);
    if let Some(error) = same.error.filter(|e| *e > 1e-6 * same.value.abs()) {
        words.push_str(&format!(" ± {}", show_band(error)));
    }
    if own.dimension == Dimension::TEMPERATURE {
        // A share of an absolute temperature says nothing.
        let more = same.value - own.value;
        words.push_str(&format!(" ({}{})", if more < 0.0 { "-" } else { "+" }, show_band(more.abs())));
    } else if own.exponent.is_none() && own.value != 0.0 {
        words.push_str(&format!(" ({:+.1} %)", 100.0 * (same.value / own.value - 1.0)));
    }
    Some(format!("{words}, {grade}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(value: f64, exponent: Option<f64>) -> Scalar {
        Scalar {
            id: "peak".into(),
            label: "Peak".into(),
            value,
            error: Some(0.5),
            dimension: Dimension::NONE,
            grade: Grade::Verified,
            case: Some("a".into()),
            at: None,
            exponent,
        }
    }

    #[test]
    fn the_same_number_of_the_same_state_is_read() {
        let mut other = Outcome { scalars: vec![scalar(11.0, None)], ..Outcome::default() };
        let read = |other: &Outcome, own: &Scalar| beside(other, own, |v| format!("{v} m"), |e| format!("{e} m"));
        let own = scalar(10.0, None);
        assert_eq!(read(&other, &own).as_deref(), Some("11 m ± 0.5 m (+10.0 %), verified"));
        let hot = Scalar { dimension: Dimension::TEMPERATURE, ..scalar(12.0, None) };
        assert_eq!(read(&other, &hot).as_deref(), Some("11 m ± 0.5 m (-1 m), verified"));
        // What grows without limit is compared with nothing.
        assert_eq!(read(&other, &scalar(10.0, Some(0.4))).as_deref(), Some("11 m ± 0.5 m, verified"));
        other.scalars[0].exponent = Some(0.4);
        assert_eq!(read(&other, &own).as_deref(), Some("no finite value, verified"));
        other.scalars[0].case = Some("b".into());
        assert_eq!(read(&other, &own), None);
    }
}
