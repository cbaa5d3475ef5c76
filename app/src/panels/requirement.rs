//! Requirements in the editor: the verdict on each, what it rests on, and how many are met.

use super::desk::{Desk, use_desk};
use crate::api::requirement::Waived;
use crate::api::run::RunState;
use crate::doc::SaveState;
use crate::ui::{Glyph, Icon, ago};
use leptos::prelude::*;
use solver::design::Id;
use solver::design::schema::Section;
use solver::requirement::{Judgement, Verdict, Waiver};

/// A waiver in words: what was typed, and who made it.
pub fn waiver_text(waiver: &Waiver, made: Option<&Waived>, now: i64) -> String {
    let made = match made {
        Some(made) => format!("entered by {}, {}", made.by.name, ago(made.time, now)),
        None => "who entered it is not on record here".to_owned(),
    };
    format!("Waived by {}: {} ({made})", waiver.by, waiver.reason)
}

/// Word, colour class and icon of a verdict.
pub fn face_of(verdict: Verdict) -> (&'static str, &'static str, Glyph) {
    match verdict {
        Verdict::Met => ("Met", "good", Glyph::Check),
        Verdict::Indicated => ("Indicated", "soft-good", Glyph::Info),
        Verdict::NotMet => ("Not met", "bad", Glyph::Error),
        Verdict::NoFiniteValue => ("No finite value", "warn", Glyph::Warning),
        Verdict::Stale => ("Stale", "warn", Glyph::Warning),
        Verdict::NoEvidence => ("No evidence", "none", Glyph::Info),
    }
}

/// Asks for the verdicts whenever an edit is saved or a run has ended, as long as the design has requirements.
pub fn follow(desk: Desk) {
    // One question at a time; what changes meanwhile is asked for after it.
    let (busy, again) = (StoredValue::new(false), StoredValue::new(false));
    let watched = Memo::new(move |_| {
        let has_any = desk.design.with(|d| d.section(Section::Requirement).next().is_some());
        let saved = matches!(desk.save.get(), SaveState::Saved | SaveState::ReadOnly);
        let n_answered = desk.bench.runs.with(|r| r.iter().filter(|r| r.state == RunState::Done).count());
        (has_any && saved && desk.loaded.get()).then(|| (desk.sequence.get(), n_answered))
    });
    Effect::new(move |_| {
        if watched.get().is_some() {
            ask(desk, busy, again);
        }
    });
}

fn ask(desk: Desk, busy: StoredValue<bool>, again: StoredValue<bool>) {
    if busy.get_value() {
        again.set_value(true);
        return;
    }
    busy.set_value(true);
    let (client, design) = (desk.client.get_value(), desk.id.get_value());
    leptos::task::spawn_local(async move {
        loop {
            // A page that has lost the server keeps the last verdicts, and the line below says so.
            if let Ok(judged) = client.requirements(&design).await
                && !desk.is_over()
            {
                let _ = desk.judged.try_set(judged);
            }
            match again.try_get_value() {
                Some(true) => again.set_value(false),
                Some(false) => break,
                // The page was left.
                None => return,
            }
        }
        busy.set_value(false);
    });
}

fn judgement(desk: Desk, id: &Id) -> Option<Judgement> {
    desk.judged.with(|j| j.judgements.iter().find(|j| j.requirement == *id).cloned())
}

/// The verdict beside a requirement's name.
#[component]
pub fn VerdictTag(id: Id) -> impl IntoView {
    let desk = use_desk();
    let found = Memo::new(move |_| judgement(desk, &id).map(|j| (j.verdict, j.waiver.is_some(), j.reason)));
    view! {
        {move || {
            found
                .get()
                .map(|(verdict, is_waived, reason)| {
                    let (word, class, _) = face_of(verdict);
                    let word = if is_waived && verdict != Verdict::Met { format!("{word}, waived") } else { word.into() };
                    view! { <span class=format!("tag verdict {class}") title=reason data-testid="verdict">{word}</span> }
                })
        }}
    }
    .into_any()
}

/// How many requirements are met, in the bottom line; a click goes to the first that is not.
#[component]
pub fn Tally() -> impl IntoView {
    let desk = use_desk();
    let counts = Memo::new(move |_| {
        desk.judged.with(|j| {
            let n = j.judgements.len();
            let has_any = desk.design.with(|d| d.section(Section::Requirement).any(|r| !r.suppressed));
            (n > 0 && has_any).then(|| (j.count(Verdict::Met), n, j.count(Verdict::NotMet)))
        })
    });
    let go = move |_| {
        let first = desk.judged.with_untracked(|j| {
            let open = j.judgements.iter().find(|j| j.verdict != Verdict::Met);
            open.or_else(|| j.judgements.first()).map(|j| j.requirement.clone())
        });
        desk.selected.set(first);
    };
    view! {
        {move || {
            counts
                .get()
                .map(|(n_met, n, n_not)| {
                    let text = format!("{n_met} of {n} requirement{} met", if n == 1 { "" } else { "s" });
                    view! {
                        <button
                            type="button" class="link tally" class:good=n_met == n class:bad={n_not > 0} on:click=go
                            data-testid="tally" title="Go to the first requirement that is not met"
                        >
                            {text}
                        </button>
                    }
                })
        }}
    }
    .into_any()
}

/// The verdict on the selected requirement: value, band and limit, why, and the run that shows it.
#[component]
pub fn RequirementCard(id: Id) -> impl IntoView {
    let desk = use_desk();
    let found = {
        let id = id.clone();
        Memo::new(move |_| judgement(desk, &id))
    };
    let behind = Memo::new(move |_| desk.judged.with(|j| j.sequence < desk.sequence.get()));
    let study = Memo::new(move |_| {
        desk.design.with(|d| {
            let study = d.get(&id)?.refs("study").into_iter().next()?;
            d.get(&study).map(|o| (study, o.name.clone()))
        })
    });
    view! {
        <div class="verdict-card" class:behind=move || behind.get() data-testid="verdict-card" aria-live="polite">
            {move || match found.get() {
                None => view! { <p class="soft">"Looking for evidence…"</p> }.into_any(),
                Some(found) => {
                    let (word, class, glyph) = face_of(found.verdict);
                    let run = found.run.clone();
                    let (version, waiver) = (found.version, found.waiver.clone());
                    view! {
                        <p class=format!("verdict-head {class}")>
                            <Icon glyph=glyph />
                            <strong data-testid="verdict-word">{word}</strong>
                            {found.mandatory.then(|| view! { <span class="tag">"mandatory"</span> })}
                        </p>
                        <Scale found=found.clone() />
                        <p class="verdict-reason">{found.reason.clone()}</p>
                        {waiver
                            .map(|w| {
                                view! { <p class="verdict-reason">"Waived by "<strong>{w.by}</strong>": "{w.reason}</p> }
                            })}
                        <p class="verdict-foot">
                            {run
                                .map(|run| {
                                    let label = version.map_or_else(|| "Show the run".into(), |v| format!("Show the run on v{v}"));
                                    view! {
                                        <button
                                            type="button" class="link" data-testid="show-evidence"
                                            on:click=move |_| desk.bench.choose(desk, run.clone())
                                        >
                                            {label}
                                        </button>
                                    }
                                })}
                            {move || {
                                study
                                    .get()
                                    .map(|(id, name)| {
                                        view! {
                                            <button
                                                type="button" class="link"
                                                on:click=move |_| desk.selected.set(Some(id.clone()))
                                            >
                                                {format!("Go to {name}")}
                                            </button>
                                        }
                                    })
                            }}
                        </p>
                    }
                        .into_any()
                }
            }}
        </div>
    }
    .into_any()
}

/// Where value, band and limit stand on the scale of a verdict, as shares of its width.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Marks {
    value: f64,
    band: (f64, f64),
    limit: f64,
}

/// Share of the scale left free at each end.
const EDGE: f64 = 0.12;

fn marks(value: f64, error: f64, limit: f64) -> Option<Marks> {
    let (low, high) = ((value - error).min(limit), (value + error).max(limit));
    let width = high - low;
    if !width.is_finite() || width <= 0.0 {
        return None;
    }
    let at = |x: f64| EDGE + (1.0 - 2.0 * EDGE) * (x - low) / width;
    Some(Marks { value: at(value), band: (at(value - error), at(value + error)), limit: at(limit) })
}

/// Value, band and limit drawn to scale.
#[component]
fn Scale(found: Judgement) -> impl IntoView {
    let desk = use_desk();
    let (Some(value), Some(limit)) = (found.value, found.limit) else { return ().into_any() };
    let error = found.error.unwrap_or(0.0);
    let Some(m) = marks(value, error, limit) else { return ().into_any() };
    let class = face_of(found.verdict).1;
    // The side that is allowed: where the margin grows.
    let at_most = found.margin.is_none_or(|margin| (limit - value - margin).abs() <= (value - limit - margin).abs());
    let percent = |x: f64| format!("{:.2}%", 100.0 * x);
    let (from, to) = if at_most { (0.0, m.limit) } else { (m.limit, 1.0) };
    let dimension = found.dimension;
    let name = move |x: f64| desk.show(x, dimension, 4);
    let spoken = format!("Value {}, limit {}", name(value), name(limit));
    view! {
        <div class=format!("scale {class}") role="img" aria-label=spoken>
            <div class="scale-line">
                <i class="allowed" style=format!("left:{};width:{}", percent(from), percent(to - from))></i>
                <i class="band" style=format!("left:{};width:{}", percent(m.band.0), percent(m.band.1 - m.band.0))></i>
                <i class="limit" style=format!("left:{}", percent(m.limit))></i>
                <i class="value" style=format!("left:{}", percent(m.value))></i>
            </div>
            <div class="scale-names">
                <span class:after={m.value > m.limit} style=format!("--at:{}", percent(m.value))>{move || name(value)}</span>
                <span class="soft" class:after={m.limit >= m.value} style=format!("--at:{}", percent(m.limit))>
                    {move || format!("{} {}", if at_most { "≤" } else { "≥" }, name(limit))}
                </span>
            </div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_keeps_value_band_and_limit_inside() {
        for (value, error, limit) in [(0.6, 0.01, 0.65), (300.0, 0.0, 250.0), (-5.0, 1.0, 0.0), (1.0, 2.0, 1.0)] {
            let m = marks(value, error, limit).expect("a scale");
            for at in [m.value, m.band.0, m.band.1, m.limit] {
                assert!((EDGE - 1e-12..=1.0 - EDGE + 1e-12).contains(&at), "{value} ± {error}, {limit}: {m:?}");
            }
            assert_eq!(m.value < m.limit, value < limit);
        }
        assert_eq!(marks(1.0, 0.0, 1.0), None, "nothing to draw where all is one");
        assert_eq!(marks(f64::NAN, 0.0, 1.0), None);
    }

    #[test]
    fn a_waiver_names_who_typed_it_beside_whom_it_names() {
        let waiver = Waiver { by: "Dr. Eva Lang".into(), reason: "prototype".into() };
        let by = crate::api::history::Author { id: "a".into(), name: "Ada".into(), hue: 0 };
        let made = Waived { by, time: 0, sequence: 4 };
        let text = waiver_text(&waiver, Some(&made), 90_000);
        assert_eq!(text, "Waived by Dr. Eva Lang: prototype (entered by Ada, 1 min ago)");
        assert!(waiver_text(&waiver, None, 0).ends_with("(who entered it is not on record here)"));
    }

    #[test]
    fn every_verdict_has_a_word_of_its_own() {
        let all = [
            Verdict::Met,
            Verdict::Indicated,
            Verdict::NotMet,
            Verdict::NoFiniteValue,
            Verdict::Stale,
            Verdict::NoEvidence,
        ];
        let words: std::collections::BTreeSet<_> = all.into_iter().map(|v| face_of(v).0).collect();
        assert_eq!(words.len(), all.len());
    }
}
