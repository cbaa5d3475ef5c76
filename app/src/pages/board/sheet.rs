//! A design on one page, for someone who does not open the model.

use super::history::{Courses, Cursors};
use super::look::work;
use super::spark::Spark;
use super::table::{EvidenceBar, StageMark, course};
use super::{mass_text, percent, since};
use crate::api::board::{Blocked, Counts, Line, Moment, Sheet};
use crate::api::client::Client;
use crate::api::run::{Run, RunState};
use crate::pages::frame::{Fault, Frame};
use crate::panels::requirement::{face_of, waiver_text};
use crate::ui::{Avatar, Avatars, Glyph, Icon, ago, now, seconds};
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
    // Kept over each new answer, so that what is read off stays.
    let cursors = Cursors::default();
    view! {
        <Transition fallback=|| view! { <div class="table-wait" aria-busy="true"></div> }>
            {move || {
                sheet.get().map(|answer| match answer {
                    Err(problem) => view! { <Fault problem=problem /> }.into_any(),
                    Ok(sheet) => view! { <Filled sheet=sheet cursors=cursors /> }.into_any(),
                })
            }}
        </Transition>
    }
    .into_any()
}

/// Tone, sign and sentence of what stands at the top. That all is met it says of all only: optional ones may be open.
fn headline(blocked: Option<&Blocked>, counts: Counts) -> (&'static str, Glyph, String) {
    match (blocked, counts.open()) {
        (Some(b), _) => {
            let (word, ..) = face_of(b.verdict);
            ("warn", Glyph::Warning, format!("Open: {} ({}), {}", b.name, word.to_lowercase(), since(b.since)))
        }
        (None, _) if counts.total() == 0 => ("none", Glyph::Info, "Nothing is required of this design yet.".into()),
        (None, 0) => {
            let or_waived = if counts.waived > 0 { ", or waived" } else { "" };
            let all = match counts.total() {
                1 => "The one requirement is".into(),
                n => format!("All {n} requirements are"),
            };
            ("good", Glyph::Check, format!("{all} met by evidence on this version{or_waived}."))
        }
        (None, 1) => {
            ("good", Glyph::Check, "Everything mandatory is met or waived; 1 optional requirement is open.".into())
        }
        (None, k) => (
            "good",
            Glyph::Check,
            format!("Everything mandatory is met or waived; {k} optional requirements are open."),
        ),
    }
}

#[component]
fn Filled(sheet: Sheet, cursors: Cursors) -> impl IntoView {
    let row = sheet.row;
    let now_is = row.now.clone().unwrap_or_default();
    let here: Vec<(String, u16)> = row.here.iter().map(|h| (h.name.clone(), h.hue)).collect();
    let (reserves, masses) = (course(&row.course, |m| m.reserve), course(&row.course, |m| m.mass));
    let head = headline(row.blocked.as_ref(), now_is.counts);
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
                    <dt>"Last 14 days"</dt>
                    <dd data-testid="sheet-people">
                        {if row.people.is_empty() {
                            view! { <span class="soft">"nobody edited or ran it"</span> }.into_any()
                        } else {
                            row.people
                                .iter()
                                .map(|p| {
                                    view! {
                                        <span class="sheet-person">
                                            <Avatar name=p.name.clone() hue=p.hue small=true />
                                            {p.name.clone()}
                                            <span class="soft">{work(p)}</span>
                                        </span>
                                    }
                                })
                                .collect_view()
                                .into_any()
                        }}
                    </dd>
                </dl>
            </div>
        </div>
        <h2 class="sheet-title">"Requirements"</h2>
        <Lines lines=sheet.lines.clone() design=row.design.clone() moments=row.course.clone() />
        <Courses lines=sheet.lines moments=row.course until=sheet.time cursors=cursors />
        <h2 class="sheet-title">"Runs"</h2>
        <RunList runs=sheet.runs />
    }
    .into_any()
}

#[component]
fn Lines(lines: Vec<Line>, design: String, moments: Vec<Moment>) -> impl IntoView {
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
                            let reserves = course(&moments, |m| m.reserves.get(&line.requirement).copied());
                            let open = line.open_since.filter(|time| *time != line.since);
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
                                    <td class="mono">
                                        {line.reserve.map_or_else(|| "–".into(), percent)}
                                        <Spark points=reserves label="Course of its reserve" zero=true />
                                    </td>
                                    <td>
                                        {ago(line.since, now())}
                                        {open.map(|time| view! { <span class="soft board-line">{format!("open {}", since(time))}</span> })}
                                    </td>
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

#[cfg(test)]
mod tests {
    use super::*;
    use solver::requirement::Verdict;

    fn line(verdict: Verdict, mandatory: bool, waived: bool) -> Line {
        Line {
            waiver: None,
            waived_by: None,
            requirement: "r".into(),
            name: "Light enough".into(),
            verdict,
            since: 0,
            open_since: None,
            reason: String::new(),
            dimension: solver::quantity::Dimension::MASS,
            value: None,
            error: None,
            limit: None,
            reserve: None,
            mandatory,
            waived,
            owner: String::new(),
            run: None,
        }
    }

    #[test]
    fn the_sentence_at_the_top_says_all_of_all_only() {
        let says = |lines: &[Line]| {
            let blocked = lines.iter().find(|l| l.is_blocking()).map(|l| Blocked {
                requirement: l.requirement.clone(),
                name: l.name.clone(),
                verdict: l.verdict,
                since: 0,
            });
            headline(blocked.as_ref(), Counts::of(lines)).2
        };
        let met = line(Verdict::Met, true, false);
        let waived = line(Verdict::NotMet, true, true);
        assert_eq!(says(&[]), "Nothing is required of this design yet.");
        assert_eq!(says(std::slice::from_ref(&met)), "The one requirement is met by evidence on this version.");
        assert_eq!(says(&[met.clone(), met.clone()]), "All 2 requirements are met by evidence on this version.");
        assert_eq!(
            says(&[met.clone(), waived.clone()]),
            "All 2 requirements are met by evidence on this version, or waived."
        );
        for open in [Verdict::NotMet, Verdict::Stale, Verdict::Indicated, Verdict::NoEvidence] {
            let lines = [met.clone(), waived.clone(), line(open, false, false)];
            assert_eq!(says(&lines), "Everything mandatory is met or waived; 1 optional requirement is open.");
            assert!(!Counts::of(&lines).is_all_met());
        }
        assert!(says(&[met, line(Verdict::NotMet, true, false)]).starts_with("Open: Light enough (not met)"));
        assert!(Moment::default().counts.open() == 0 && !Counts::default().is_all_met());
    }
}
