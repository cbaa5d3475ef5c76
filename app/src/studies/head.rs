//! Whose answer it is, how far it goes, and the ways out of the page.

use super::bench::Bench;
use super::figure::{Figures, ReportLink, kept};
use super::legend::limits;
use super::outcome::moves;
use crate::colormap;
use crate::panels::use_desk;
use crate::ui::{Glyph, Icon, ago, now};
use leptos::prelude::*;
use solver::design::Id;
use solver::study::outcome::Grade;
use solver::study::question::question;

#[component]
pub fn Head() -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let run = Memo::new(move |_| bench.shown.get().and_then(|s| bench.run(&s.run)));
    let stale = Memo::new(move |_| {
        run.with(|r| {
            r.as_ref().is_some_and(|r| {
                desk.design.with(|d| question(d, &Id(r.study.clone())).is_none_or(|q| q != r.fingerprint))
            })
        })
    });
    let grade = Memo::new(move |_| {
        bench.outcome.with(|o| {
            o.as_ref().is_some_and(|o| o.scalars.iter().all(|s| s.grade == Grade::Verified) && !o.scalars.is_empty())
        })
    });
    view! {
        <header class="properties-head">
            <Icon glyph=Glyph::Palette />
            <strong class="grow">{move || run.with(|r| r.as_ref().map_or("Result".into(), |r| r.study_name.clone()))}</strong>
            <button
                type="button" class="icon-button" title="Close the result" aria-label="Close the result"
                data-testid="close-result" on:click=move |_| bench.close()
            >
                <Icon glyph=Glyph::Close />
            </button>
        </header>
        <p class="kind-help">
            {move || {
                run.with(|r| {
                    r.as_ref()
                        .map(|r| format!("v{} · {} · {}", r.sequence, r.by_name, ago(r.ended.unwrap_or(r.created), now())))
                })
            }}
            " "
            <span class="tag" data-testid="grade">{move || if grade.get() { "verified" } else { "indicative" }}</span>
            {move || bench.shown.with(|s| s.as_ref().is_some_and(|s| s.partial)).then(|| view! { <span class="tag">"refining"</span> })}
        </p>
        <Show when=move || bench.shown.with(|s| s.as_ref().is_some_and(|s| !s.partial))>
            <Exports verified=grade />
        </Show>
        <Show when=move || stale.get()>
            <div class="callout small" data-testid="stale">
                <Icon glyph=Glyph::Warning />
                <p>"The design has moved on: this answers an earlier question. Run again."</p>
            </div>
        </Show>
    }
    .into_any()
}

/// The result as it is seen (field, state, shape and colours) for the query of a picture of it.
pub(super) fn look(bench: Bench) -> Option<String> {
    let s = bench.shown.get()?;
    let is_moved = bench.outcome.with(|o| o.as_ref().is_some_and(|o| moves(o)));
    let scale = s.scale.or_else(|| bench.range.get().map(|r| r.2)).filter(|_| is_moved).unwrap_or(0.0);
    // Plain values always serialise.
    let reading = serde_json::to_string(&s.reading).unwrap_or_default();
    let reading = crate::api::client::encode(&reading);
    let states = bench.outcome.with(|o| o.as_ref().map(|o| o.states.len())).filter(|_| s.reading.over.counts());
    let (range, bands) = match states {
        // Each number in the middle of its band.
        Some(n) => (Some((-0.5, n as f64 - 0.5)), (n as u32).min(colormap::BANDS_MAX)),
        None => (limits(bench).map(|(lo, hi, _)| (lo, hi)), if s.banded { colormap::BANDS } else { 0 }),
    };
    let range = range.map_or(String::new(), |(lo, hi)| format!("&low={lo}&high={hi}"));
    let inverted = s.is_inverted();
    Some(format!("reading={reading}&scale={scale}{range}&bands={bands}&inverted={inverted}"))
}

/// The answer for other programs and for the file.
#[component]
fn Exports(verified: Memo<bool>) -> impl IntoView {
    let bench = use_desk().bench;
    let figures = kept(use_desk());
    let base = Memo::new(move |_| {
        let run = bench.shown.with(|s| s.as_ref().map(|s| s.run.clone())).unwrap_or_default();
        format!("/api/runs/{}", crate::api::client::encode(&run))
    });
    let link = move |form: &'static str, label: &'static str, title: &'static str| {
        view! {
            <a download data-testid=format!("export-{form}") title=title href=move || format!("{}/export/{form}", base.get())>
                {label}
            </a>
        }
    };
    let drawn = move || look(bench).map_or(String::new(), |look| format!("{}/export/glb?{look}", base.get()));
    view! {
        <nav class="exports" aria-label="Report and export">
            <ReportLink figures=figures href=Signal::derive(move || format!("{}/export/report", base.get())) />
            {link("vtu", "VTU", "What was solved on, with all fields, for ParaView")}
            <a download data-testid="export-glb" title="The coloured shape, for slides and other viewers" href=drawn>"GLB"</a>
            {link("values", "CSV", "Numbers and tables")}
            {link("points", "CSV of points", "Every point of the surface with all its fields")}
            <Show when=move || verified.get()>
                <a
                    download="study.inp" data-testid="deck" title="The very problem, to check it with CalculiX or Abaqus"
                    href=move || format!("{}/artefacts/deck", base.get())
                >
                    "Input deck"
                </a>
            </Show>
        </nav>
        <Figures figures=figures />
    }
    .into_any()
}
