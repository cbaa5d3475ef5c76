//! The board: how all designs stand, by evidence. For those who answer for them and do not open models.

mod history;
mod look;
mod sheet;
mod spark;
mod table;
mod views;

pub use sheet::SheetPage;

use super::frame::{Fault, Frame};
use crate::api::board::Row;
use crate::api::client::Client;
use crate::api::view::{Look, Which};
use crate::csv::{record, text};
use crate::ui::{Glyph, Icon, day, now, store, stored};
use leptos::prelude::*;
use look::{arranged, counts, groups, stage, work, workers};
use solver::quantity::{Dimension, Quantity, UnitSystem, format};
use std::collections::HashSet;
use table::BoardTable;
use views::Views;

/// Key in the browser's storage of the filters and the order that were set last.
const VIEW_KEY: &str = "brunel-board";

/// The rows as CSV, for a spreadsheet: numbers in SI, times as dates.
fn csv(rows: &[Row]) -> String {
    let number = |x: Option<f64>| x.map_or_else(String::new, |x| format!("{x}"));
    let mut out =
        "design,project,revision,stage,met,indicated,not met,stale,no evidence,waived,least reserve,mass kg,runs,failed runs,\
                   core seconds,blocked by,blocked since,changed,changed by,worked on lately\r\n"
            .to_owned();
    for row in rows {
        let c = counts(row);
        let now = row.now.as_ref();
        let fields = [
            text(&row.name),
            text(&row.project_name),
            row.release.current.as_ref().map_or_else(String::new, |r| r.letters.clone()),
            text(&stage(row).1),
            c.met.to_string(),
            c.indicated.to_string(),
            c.not_met.to_string(),
            c.stale.to_string(),
            c.no_evidence.to_string(),
            c.waived.to_string(),
            number(now.and_then(|n| n.reserve)),
            number(now.and_then(|n| n.mass)),
            row.runs.n.to_string(),
            row.runs.failed.to_string(),
            format!("{:.0}", row.runs.core_seconds),
            row.blocked.as_ref().map_or_else(String::new, |b| text(&b.name)),
            row.blocked.as_ref().map_or_else(String::new, |b| day(b.since)),
            day(row.changed),
            text(&row.changed_by),
            text(&row.people.iter().map(|p| format!("{}: {}", p.name, work(p))).collect::<Vec<_>>().join("; ")),
        ];
        out.push_str(&record(&fields));
    }
    out
}

/// A mass as the board writes it.
fn mass_text(kg: f64) -> String {
    format(Quantity::new(kg, Dimension::MASS), UnitSystem::Millimetre, 4)
}

/// A share, `12 %`.
fn percent(share: f64) -> String {
    let digits = if share.abs() < 0.0995 { 1 } else { 0 };
    format!("{:.digits$} %", 100.0 * share)
}

#[component]
pub fn BoardPage() -> impl IntoView {
    view! {
        <Frame title="Board">
            <BoardView />
        </Frame>
    }
    .into_any()
}

#[component]
fn BoardView() -> impl IntoView {
    let turn = RwSignal::new(0);
    let client = Client::current();
    let board = Resource::new(
        move || turn.get(),
        move |_| {
            let client = client.clone();
            async move { client.board().await }
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
    let look = RwSignal::new(Look::default());
    // Known only in the browser: read after waking up, so that both sides first draw the same.
    Effect::new(move |_| {
        if let Some(text) = stored(VIEW_KEY) {
            // What an older version left is not read.
            look.set(serde_json::from_str(&text).unwrap_or_default());
        }
    });
    Effect::new(move |before: Option<String>| {
        let text = look.with(|look| serde_json::to_string(look).unwrap_or_default());
        if before.is_some_and(|b| b != text) {
            store(VIEW_KEY, &text);
        }
        text
    });
    // Projects whose designs are folded away. Kept over each new answer.
    let folded = RwSignal::new(HashSet::new());
    view! {
        <div class="page-head board-head">
            <h1>"Board"</h1>
            <span class="grow"></span>
            <Views look=look />
        </div>
        <Transition fallback=|| view! { <div class="table-wait" aria-busy="true"></div> }>
            {move || {
                board.get().map(|answer| match answer {
                    Err(problem) => view! { <Fault problem=problem /> }.into_any(),
                    Ok(board) if board.rows.is_empty() => {
                        view! {
                            <div class="empty">
                                <Icon glyph=Glyph::Layers size=24 />
                                <h2>"Nothing to look at yet"</h2>
                                <p>"Make a design and say what it must do: its requirements stand here, with what shows that they are met."</p>
                            </div>
                        }
                            .into_any()
                    }
                    Ok(board) => view! { <Arranged rows=board.rows look=look folded=folded /> }.into_any(),
                })
            }}
        </Transition>
    }
    .into_any()
}

#[component]
fn Arranged(rows: Vec<Row>, look: RwSignal<Look>, folded: RwSignal<HashSet<String>>) -> impl IntoView {
    let mut projects: Vec<(String, String)> =
        rows.iter().map(|r| (r.project.clone(), r.project_name.clone())).collect();
    projects.sort_by(|a, b| a.1.cmp(&b.1));
    projects.dedup();
    let people = workers(&rows);
    let rows = StoredValue::new(rows);
    let shown = Memo::new(move |_| rows.with_value(|rows| look.with(|look| arranged(rows, look))));
    let address = move || format!("data:text/csv;charset=utf-8,{}", crate::api::client::encode(&csv(&shown.get())));
    view! {
        <Tiles rows=rows.get_value() look=look />
        <div class="board-bar">
            <div class="search">
                <Icon glyph=Glyph::Search />
                <input
                    type="search" placeholder="Search designs and projects" aria-label="Search" data-testid="board-search"
                    prop:value=move || look.with(|l| l.search.clone())
                    on:input=move |e| look.update(|l| l.search = event_target_value(&e))
                />
            </div>
            <select
                class="input" aria-label="Project" data-testid="board-project"
                on:change=move |e| look.update(|l| l.project = event_target_value(&e))
            >
                <option value="" selected=move || look.with(|l| l.project.is_empty())>"All projects"</option>
                {projects
                    .into_iter()
                    .map(|(id, name)| {
                        let own = id.clone();
                        view! { <option value=id selected=move || look.with(|l| l.project == own)>{name}</option> }
                    })
                    .collect_view()}
            </select>
            <select
                class="input" aria-label="Who worked on it in the last 14 days" title="Who worked on it in the last 14 days"
                data-testid="board-person" on:change=move |e| look.update(|l| l.person = event_target_value(&e))
            >
                <option value="" selected=move || look.with(|l| l.person.is_empty())>"Anyone"</option>
                {people
                    .into_iter()
                    .map(|(id, name)| {
                        let own = id.clone();
                        view! { <option value=id selected=move || look.with(|l| l.person == own)>{name}</option> }
                    })
                    .collect_view()}
            </select>
            <button
                type="button" class="button" class:on=move || look.with(|l| l.grouped) data-testid="board-group-by"
                aria-pressed=move || look.with(|l| l.grouped).to_string() on:click=move |_| look.update(|l| l.grouped = !l.grouped)
            >
                <Icon glyph=Glyph::Group />
                "By project"
            </button>
            <span class="grow"></span>
            <a class="button" download="board.csv" href=address data-testid="board-csv"><Icon glyph=Glyph::Download />"CSV"</a>
        </div>
        {move || {
            if shown.with(Vec::is_empty) {
                return view! {
                    <div class="empty small">
                        <p>"No design fits these filters."</p>
                        <button type="button" class="button" on:click=move |_| look.set(Look::default())>"Show all"</button>
                    </div>
                }
                    .into_any();
            }
            let groups = look.with(|look| groups(shown.get(), look));
            view! { <BoardTable groups=groups look=look folded=folded /> }.into_any()
        }}
    }
    .into_any()
}

/// The whole in numbers; each is a filter.
#[component]
fn Tiles(rows: Vec<Row>, look: RwSignal<Look>) -> impl IntoView {
    let n = |which: Which| rows.iter().filter(|r| which.takes(r)).count();
    let hours: f64 = rows.iter().map(|r| r.runs.core_seconds).sum::<f64>() / 3600.0;
    let active: u32 = rows.iter().map(|r| r.runs.active).sum();
    let tiles = Which::ALL.map(|(which, key, label)| (which, key, label, n(which)));
    view! {
        <div class="tiles" role="group" aria-label="Filters">
            {tiles
                .map(|(which, key, label, n)| {
                    view! {
                        <button
                            type="button" class=format!("tile {key}") data-testid=format!("tile-{key}")
                            aria-pressed=move || look.with(|l| l.which == which).to_string()
                            on:click=move |_| look.update(|l| l.which = which)
                        >
                            <strong>{n}</strong>
                            <span>{label}</span>
                        </button>
                    }
                })
                .into_iter()
                .collect_view()}
            <div class="tile still" title="Processor time of all runs">
                <strong>{format!("{hours:.1} h")}</strong>
                <span>
                    {if active == 0 { "of solving".into() } else { format!("of solving, {active} under way") }}
                </span>
            </div>
        </div>
    }
    .into_any()
}

/// How long ago, in days at least: what a manager asks.
fn since(time: i64) -> String {
    let days = (now() - time) / 86_400_000;
    match days {
        ..1 => "since today".into(),
        1 => "for a day".into(),
        n => format!("for {n} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::look::tests::row;
    use super::*;

    #[test]
    fn a_spreadsheet_gets_no_formulas() {
        let text = csv(&[row("b", 1, 1, Some(0.25))]);
        assert!(
            text.contains("\"'=1+1\"") && text.contains("\"Frame \"\"A\"\"\"") && text.contains(",0.25,"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 2);
        let fields = |line: &str| line.matches(',').count();
        assert_eq!(fields(text.lines().next().unwrap()), fields(text.lines().nth(1).unwrap()));
    }

    #[test]
    fn shares_are_short() {
        assert_eq!(
            (percent(0.0814), percent(0.4512), percent(-0.02)),
            ("8.1 %".into(), "45 %".into(), "-2.0 %".into())
        );
    }
}
