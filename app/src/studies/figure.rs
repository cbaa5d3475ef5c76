//! Figures for the report of the shown answer: what the view shows, kept with the run.

use super::head::look;
use crate::api::figure::{FIGURES_MAX, Figure};
use crate::doc::SaveState;
use crate::panels::view::symbols;
use crate::panels::{Desk, use_desk};
use crate::ui::{Glyph, Icon, day};
use crate::viewport::ViewCommand;
use leptos::ev::MouseEvent;
use leptos::prelude::*;
use solver::design::schema::Section;
use solver::design::{Design, Id, Object};
use solver::study::question::{question, reach};
use std::collections::BTreeSet;
use std::future::Future;

/// The figures of the shown run, fetched whenever another one is shown; `None` until they are known.
pub fn kept(desk: Desk) -> RwSignal<Option<Vec<Figure>>> {
    let figures = RwSignal::new(None);
    let run = Memo::new(move |_| desk.bench.shown.with(|s| s.as_ref().filter(|s| !s.partial).map(|s| s.run.clone())));
    Effect::new(move |_| {
        figures.set(None);
        let Some(run) = run.get() else { return };
        let client = desk.client.get_value();
        leptos::task::spawn_local(async move {
            if let Ok(found) = client.figures(&run).await
                && run_untracked(desk).as_ref() == Some(&run)
            {
                figures.set(Some(found));
            }
        });
    });
    figures
}

fn run_untracked(desk: Desk) -> Option<String> {
    desk.bench.shown.with_untracked(|s| s.as_ref().map(|s| s.run.clone()))
}

/// The run, its study, and the version on the screen, where a picture of the view may go into the run's report: the answer is
/// whole, this person may run the study, and the design on the screen is saved and asks what was answered.
fn place(desk: Desk) -> Option<(String, Id, u64)> {
    let bench = desk.bench;
    let shown = bench.shown.get().filter(|s| !s.partial)?;
    let run = bench.run(&shown.run)?;
    let study = Id(run.study.clone());
    let drawn = desk.no_view.with(Option::is_none) && desk.rolled.with(Option::is_none);
    let saved = matches!(desk.save.get(), SaveState::Saved);
    let same = desk.design.with(|d| question(d, &study).as_ref() == Some(&run.fingerprint));
    (desk.may_edit.get() && drawn && saved && same).then(|| (run.id, study, desk.sequence.get()))
}

/// What the view shows, as PNG: at once, before anything on the screen changes.
fn capture(desk: Desk, setup: Option<Vec<crate::viewport::Glyph>>) -> Option<Vec<u8>> {
    desk.bench.captured.set_value(None);
    desk.view(ViewCommand::Capture { setup });
    desk.bench.captured.try_update_value(Option::take).flatten()
}

/// The objects that `study` reads.
pub(crate) fn seen_by(design: &Design, study: &Object) -> BTreeSet<Id> {
    let mut seen = reach(design, study);
    if study.flag("free") {
        seen.retain(|id| design.get(id).is_none_or(|o| o.section() != Some(Section::Support)));
    }
    seen
}

/// The bodies with the supports and loads that the study sees, as PNG; `None` where it has none to show.
fn capture_setup(desk: Desk, study: &Id) -> Option<Vec<u8>> {
    let seen = desk.design.with(|d| d.get(study).map(|study| seen_by(d, study)))?;
    let symbols = symbols(desk, Some(&seen));
    if symbols.is_empty() { None } else { capture(desk, Some(symbols)) }
}

/// Captures the view, and the set-up where no figure shows it yet; keeping them is what is left to wait for. `None` where there
/// is nothing to keep.
fn keep(desk: Desk, figures: RwSignal<Option<Vec<Figure>>>) -> Option<impl Future<Output = ()>> {
    let (run, look, pictures, sequence) = untrack(|| {
        let (run, study, sequence) = place(desk)?;
        let look = look(desk.bench)?;
        let has_setup = figures.with(|f| f.iter().flatten().any(|f| !f.of_result));
        let setup = if has_setup { None } else { capture_setup(desk, &study) };
        let pictures: Vec<(bool, Vec<u8>)> =
            [(false, setup), (true, capture(desk, None))].into_iter().filter_map(|(r, p)| Some((r, p?))).collect();
        (!pictures.is_empty()).then_some((run, look, pictures, sequence))
    })?;
    let client = desk.client.get_value();
    Some(async move {
        for (of_result, png) in pictures {
            let look = if of_result { format!("&{look}") } else { String::new() };
            match client.keep_figure(&run, sequence, &look, png).await {
                Ok(figure) => {
                    if run_untracked(desk).as_ref() == Some(&run) {
                        figures.update(|list| {
                            let list = list.get_or_insert_default();
                            if list.iter().all(|f| f.id != figure.id) {
                                list.push(figure);
                            }
                        });
                    }
                }
                Err(problem) => desk.notices.bad(problem.message),
            }
        }
    })
}

/// Opens the report. One that has no figure yet takes the present view along, where this person may keep it.
#[component]
pub fn ReportLink(figures: RwSignal<Option<Vec<Figure>>>, href: Signal<String>) -> impl IntoView {
    let desk = use_desk();
    let open = move |e: MouseEvent| {
        let plain = !(e.ctrl_key() || e.meta_key() || e.shift_key());
        let is_bare = figures.with_untracked(|f| f.as_ref().is_some_and(Vec::is_empty));
        let Some(kept) = Some(()).filter(|()| plain && is_bare).and_then(|()| keep(desk, figures)) else { return };
        // Opened in the click itself: later, browsers take it for an advertisement.
        let Ok(Some(tab)) = window().open_with_url_and_target("about:blank", "_blank") else { return };
        e.prevent_default();
        let href = href.get_untracked();
        leptos::task::spawn_local(async move {
            kept.await;
            if tab.location().set_href(&href).is_err() {
                desk.notices.bad("The browser did not open the report; click on Report again.");
            }
        });
    };
    view! {
        <a
            target="_blank" data-testid="export-report" title="One page to print, mail or file, with the figures kept for it"
            href=href on:click=open
        >
            "Report"
        </a>
    }
    .into_any()
}

/// The figures of the report, and the button that adds the present view.
#[component]
pub fn Figures(figures: RwSignal<Option<Vec<Figure>>>) -> impl IntoView {
    let desk = use_desk();
    let busy = RwSignal::new(false);
    let n = move || figures.with(|f| f.as_ref().map_or(0, Vec::len));
    let add = move |_| {
        let Some(kept) = keep(desk, figures) else { return };
        busy.set(true);
        leptos::task::spawn_local(async move {
            kept.await;
            busy.set(false);
        });
    };
    let remove = move |id: String| {
        let (Some(run), client) = (run_untracked(desk), desk.client.get_value()) else { return };
        leptos::task::spawn_local(async move {
            match client.remove_figure(&run, &id).await {
                Ok(left) if run_untracked(desk).as_ref() == Some(&run) => figures.set(Some(left)),
                Ok(_) => {}
                Err(problem) => desk.notices.bad(problem.message),
            }
        });
    };
    let row = move |figure: Figure| {
        let run = run_untracked(desk).unwrap_or_default();
        let encode = crate::api::client::encode;
        let source = format!("/api/runs/{}/figures/{}", encode(&run), encode(&figure.id));
        let what = if figure.of_result { "Result" } else { "Set-up" };
        let title =
            format!("{what}, version {}, captured by {} on {}", figure.sequence, figure.by_name, day(figure.created));
        let id = figure.id;
        view! {
            <li title=title.clone()>
                <img src=source alt=title.clone() loading="lazy" />
                <Show when=move || desk.may_edit.get()>
                    {
                        let id = id.clone();
                        view! {
                            <button
                                type="button" class="icon-button" title="Take it out of the report"
                                aria-label="Take it out of the report"
                                on:click=move |_| remove(id.clone())
                            >
                                <Icon glyph=Glyph::Close size=12 />
                            </button>
                        }
                    }
                </Show>
            </li>
        }
    };
    view! {
        <Show when=move || desk.may_edit.get() || n() != 0>
            <div class="figures" data-testid="figures">
                <Show when=move || desk.may_edit.get()>
                    <button
                        type="button" class="button small" data-testid="keep-figure"
                        title="Puts what the view shows now into the report of this run"
                        disabled=move || busy.get() || FIGURES_MAX <= n() || place(desk).is_none()
                        on:click=add
                    >
                        "Keep the view for the report"
                    </button>
                </Show>
                <ul>{move || figures.get().into_iter().flatten().map(row).collect_view()}</ul>
            </div>
        </Show>
    }
    .into_any()
}
