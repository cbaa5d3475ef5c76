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
            let found = client.figures(&run).await;
            if run_untracked(desk).as_ref() != Some(&run) {
                return;
            }
            match found {
                Ok(found) => figures.set(Some(found)),
                Err(problem) => {
                    desk.notices.bad(format!("The figures of the report are not known: {}", problem.message))
                }
            }
        });
    });
    figures
}

fn run_untracked(desk: Desk) -> Option<String> {
    desk.bench.shown.with_untracked(|s| s.as_ref().map(|s| s.run.clone()))
}

/// The run, its study, and the version on the screen, where a picture of the view may go into the run's report: the answer is
/// whole and drawn as it is read, this person may run the study, and the design on the screen is saved, built and asks what was
/// answered. Else why not, for the person.
fn place(desk: Desk) -> Result<(String, Id, u64), &'static str> {
    let bench = desk.bench;
    let shown = bench.shown.get().filter(|s| !s.partial).ok_or("The answer is not whole yet")?;
    let run = bench.run(&shown.run).ok_or("The run of this answer is not known here")?;
    let study = Id(run.study.clone());
    let sound = |holds: bool, why| if holds { Ok(()) } else { Err(why) };
    sound(desk.may_edit.get(), "Only who may change the design puts figures into its reports")?;
    sound(desk.no_view.with(Option::is_none), "There is no picture to keep")?;
    sound(desk.rolled.with(Option::is_none), "The design is rolled back: show all its features first")?;
    sound(matches!(desk.save.get(), SaveState::Saved), "The design is not saved yet")?;
    let same = desk.design.with(|d| question(d, &study).as_ref() == Some(&run.fingerprint));
    sound(same, "The design asks something else than this run answered: run the study again")?;
    // Until then the bodies on the screen are those of an earlier version.
    sound(!desk.kernel_busy.get(), "The bodies are still being built")?;
    // Until then the view shows what was read before.
    let here = !shown.needs_tensor() || bench.tensor(&run.id).is_some();
    sound(here, "The stresses of this reading are still on their way")?;
    Ok((run.id, study, desk.sequence.get()))
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

/// Captures the view, and the set-up where no figure shows it yet; keeping them is what is left to wait for. `None` where the
/// view has no picture of the result to give.
fn keep(desk: Desk, figures: RwSignal<Option<Vec<Figure>>>) -> Option<impl Future<Output = ()>> {
    let (run, look, pictures, sequence) = untrack(|| {
        let (run, study, sequence) = place(desk).ok()?;
        let look = look(desk.bench)?;
        let result = capture(desk, None)?;
        let has_setup = figures.with(|f| f.iter().flatten().any(|f| !f.of_result));
        let setup = if has_setup { None } else { capture_setup(desk, &study) };
        // The order in which a report shows them is that in which they are kept.
        let pictures: Vec<_> = setup.map(|png| (false, png)).into_iter().chain([(true, result)]).collect();
        Some((run, look, pictures, sequence))
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
    let why_not = Memo::new(move |_| {
        let full = || format!("A report has at most {FIGURES_MAX} figures: take one out first");
        place(desk).err().map(String::from).or_else(|| (FIGURES_MAX <= n()).then(full))
    });
    let add = move |_| {
        let Some(kept) = keep(desk, figures) else {
            return desk.notices.bad("The view gave no picture, so none was kept. Try again once the result is drawn.");
        };
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
            format!("{what}, version {}, kept by {} on {}", figure.sequence, figure.by_name, day(figure.created));
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
                        title=move || {
                            why_not.get().unwrap_or_else(|| "Puts what the view shows now into the report of this run".into())
                        }
                        disabled=move || busy.get() || why_not.with(Option::is_some)
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
