//! A design on one page, for someone who does not open the model.

use super::spark::Spark;
use super::table::{EvidenceBar, StageMark, course};
use super::{mass_text, percent, since};
use crate::api::board::{Line, Sheet};
use crate::api::client::Client;
use crate::api::run::{Run, RunState};
use crate::pages::frame::{Fault, Frame};
use crate::panels::requirement::{face_of, waiver_text};
use crate::ui::{Avatars, Glyph, Icon, ago, now, seconds};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::hooks::use_params_map;
use solver::quantity::{Quantity, UnitSystem, format, format_difference};

#[component]
pub fn SheetPage() -> impl IntoView {
    view! {
        <Frame title="Board">
            <SheetView />
        </Frame>
    }
    .into_any()
}

#[component]
fn SheetView() -> impl IntoView {
    let params = use_params_map();
    let turn = RwSignal::new(0);
    let client = Client::current();
    let sheet = Resource::new(
        move || (params.with(|p| p.get("id").unwrap_or_default()), turn.get()),
        move |(id, _)| {
            let client = client.clone();
            async move { client.sheet(&id).await }
        },
    );
    #[cfg(feature = "browser")]
    {
        let again = move || {
            if !document().hidden() {
                turn.update(|t| *t += 1);
            }
        };
        if let Ok(handle) = set_interval_with_handle(again, std::time::Duration::from_secs(5)) {
            on_cleanup(move || handle.clear());
        }
    }
    view! {
        <Transition fallback=|| view! { <div class="table-wait" aria-busy="true"></div> }>
            {move || {
                sheet.get().map(|answer| match answer {
                    Err(problem) => view! { <Fault problem=problem /> }.into_any(),
                    Ok(sheet) => view! { <Filled sheet=sheet /> }.into_any(),
                })
            }}
        </Transition>
    }
    .into_any()
}

#[component]
fn Filled(sheet: Sheet) -> impl IntoView {
    let row = sheet.row;
    let now_is = row.now.clone().unwrap_or_default();
    let here: Vec<(String, u16)> = row.here.iter().map(|h| (h.name.clone(), h.hue)).collect();
    let (reserves, masses) = (course(&row.course, |m| m.reserve), course(&row.course, |m| m.mass));
    let head = match (&row.blocked, now_is.counts.total()) {
        (Some(b), _) => {
            let (word, ..) = face_of(b.verdict);
            ("warn", Glyph::Warning, format!("Open: {} ({}), {}", b.name, word.to_lowercase(), since(b.since)))
        }
        (None, 0) => ("none", Glyph::Info, "Nothing is required of this design yet.".into()),
        (None, n) => {
            ("good", Glyph::Check, format!("All {n} requirements are met by evidence on this version, or waived."))
        }
    };
    let picture = format!("/api/designs/{}/thumbnail?at={}", row.design, row.sequence);
    view! {
        <Title text=row.name.clone() />
        <div class="page-head sheet-head">
            <A href="/board" attr:class="link">"Board"</A>
            <span class="soft">"/"</span>
            <h1 data-testid="sheet-name">{row.name.clone()}</h1>
            <span class="soft">{format!("{} · v{}", row.project_name, row.sequence)}</span>
            {(!here.is_empty()).then(|| view! { <Avatars people=here /> })}
            <span class="grow"></span>
            <A href=format!("/design/{}", row.design) attr:class="button"><Icon glyph=Glyph::Box />"Open the model"</A>
        </div>
        <div class="sheet-top">
            <span class="thumbnail sheet-picture"><img src=picture alt="" width="320" height="200" /></span>
            <div class="sheet-facts">
                <p class=format!("verdict-head {}", head.0) data-testid="sheet-state"><Icon glyph=head.1 /><strong>{head.2}</strong></p>
                <EvidenceBar counts=now_is.counts />
                <dl class="facts">
                    <dt>"Stage"</dt>
                    <dd><StageMark row=row.clone() /></dd>
                    <dt>"Least reserve"</dt>
                    <dd>
                        {now_is.reserve.map_or_else(|| "–".into(), percent)}
                        <Spark points=reserves label="Course of the least reserve" zero=true />
                    </dd>
                    <dt>"Mass"</dt>
                    <dd>{now_is.mass.map_or_else(|| "–".into(), mass_text)}<Spark points=masses label="Course of the mass" /></dd>
                    <dt>"Solving so far"</dt>
                    <dd>{format!("{} in {} runs", seconds(row.runs.core_seconds), row.runs.n)}</dd>
                    <dt>"Last change"</dt>
                    <dd>{format!("{}, {}", ago(row.changed, now()), row.changed_by)}</dd>
                </dl>
            </div>
        </div>
        <h2 class="sheet-title">"Requirements"</h2>
        <Lines lines=sheet.lines design=row.design.clone() />
        <h2 class="sheet-title">"Runs"</h2>
        <RunList runs=sheet.runs />
    }
    .into_any()
}

#[component]
fn Lines(lines: Vec<Line>, design: String) -> impl IntoView {
    if lines.is_empty() {
        return view! { <p class="soft">"None yet. They are made in the model, under Requirements."</p> }.into_any();
    }
    let show = |line: &Line, value: f64| format(Quantity::new(value, line.dimension), UnitSystem::Millimetre, 4);
    view! {
        <div class="table-scroll">
            <table class="table sheet-table" data-testid="sheet-lines">
                <thead>
                    <tr><th>"Requirement"</th><th>"Verdict"</th><th>"Value"</th><th>"Limit"</th><th>"Reserve"</th><th>"Since"</th></tr>
                </thead>
                <tbody>
                    {lines
                        .into_iter()
                        .map(|line| {
                            let (word, class, _) = face_of(line.verdict);
                            let value = line.value.map_or_else(|| "–".into(), |v| show(&line, v));
                            let band = line.error.filter(|_| line.value.is_some()).map(|e| {
                                format!(" ± {}", format_difference(Quantity::new(e, line.dimension), UnitSystem::Millimetre, 2))
                            });
                            let limit = line.limit.map_or_else(|| "–".into(), |v| show(&line, v));
                            let run = line.run.clone().map(|run| format!("/design/{design}?run={run}"));
                            let owner = line.owner.clone();
                            let waiver = line.waiver.as_ref().map(|w| waiver_text(w, line.waived_by.as_ref(), now()));
                            view! {
                                <tr data-testid="sheet-line">
                                    <td>
                                        <strong>{line.name}</strong>
                                        {(!line.mandatory).then(|| view! { <span class="tag">"optional"</span> })}
                                        {(!owner.is_empty()).then(|| view! { <span class="soft board-line">{owner}</span> })}
                                        <span class="soft board-line reason">{line.reason}</span>
                                        {waiver.map(|text| view! { <span class="soft board-line" data-testid="sheet-waiver">{text}</span> })}
                                    </td>
                                    <td>
                                        <span class=format!("tag verdict {class}")>{word}</span>
                                        {line.waived.then(|| view! { <span class="tag">"waived"</span> })}
                                    </td>
                                    <td class="mono">
                                        {value}{band}
                                        {run.map(|href| view! { <a class="board-line" href=href>"the run"</a> })}
                                    </td>
                                    <td class="mono">{limit}</td>
                                    <td class="mono">{line.reserve.map_or_else(|| "–".into(), percent)}</td>
                                    <td>{ago(line.since, now())}</td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
    }
    .into_any()
}

#[component]
fn RunList(runs: Vec<Run>) -> impl IntoView {
    if runs.is_empty() {
        return view! { <p class="soft">"None yet."</p> }.into_any();
    }
    view! {
        <div class="table-scroll">
            <table class="table sheet-table">
                <thead><tr><th>"Study"</th><th>"State"</th><th>"By"</th><th>"Started"</th><th>"Cost"</th></tr></thead>
                <tbody>
                    {runs
                        .into_iter()
                        .map(|run| {
                            let state = match (run.state, run.stale) {
                                (RunState::Done, true) => "done, stale".to_owned(),
                                (state, _) => format!("{state:?}").to_lowercase(),
                            };
                            let cost = if run.cached { "from the store".into() } else { run.core_seconds.map_or_else(|| "–".into(), seconds) };
                            let href = format!("/design/{}?run={}", run.design, run.id);
                            view! {
                                <tr>
                                    <td><a href=href>{run.study_name}</a>" "<span class="soft">{format!("v{}", run.sequence)}</span></td>
                                    <td>{state}</td>
                                    <td>{run.by_name}</td>
                                    <td>{ago(run.created, now())}</td>
                                    <td>{cost}</td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
    }
    .into_any()
}
