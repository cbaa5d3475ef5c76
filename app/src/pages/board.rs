//! The board: how all designs stand, by evidence. For those who answer for them and do not open models.

mod sheet;
mod spark;
mod table;

pub use sheet::SheetPage;

use super::frame::{Fault, Frame};
use crate::api::board::{Counts, Row};
use crate::api::client::Client;
use crate::csv::{record, text};
use crate::ui::{Glyph, Icon, day, now, store, stored};
use leptos::prelude::*;
use solver::quantity::{Dimension, Quantity, UnitSystem, format};
use table::BoardTable;

/// Key in the browser's storage of the filters and the order that were set last.
const VIEW_KEY: &str = "brunel-board";

/// Which designs are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Which {
    #[default]
    All,
    Met,
    Blocked,
    Stale,
    Review,
    Released,
    Unasked,
}

impl Which {
    const ALL: [(Self, &str, &str); 7] = [
        (Self::All, "all", "All designs"),
        (Self::Blocked, "blocked", "Something open"),
        (Self::Stale, "stale", "Stale evidence"),
        (Self::Met, "met", "All met"),
        (Self::Review, "review", "In review"),
        (Self::Released, "released", "Released"),
        (Self::Unasked, "unasked", "No requirements"),
    ];

    fn key(self) -> &'static str {
        Self::ALL.iter().find(|(w, ..)| *w == self).map_or("all", |(_, key, _)| key)
    }

    fn from_key(key: &str) -> Self {
        Self::ALL.iter().find(|(_, k, _)| *k == key).map_or(Self::All, |(w, ..)| *w)
    }

    fn takes(self, row: &Row) -> bool {
        let counts = counts(row);
        match self {
            Self::All => true,
            Self::Met => counts.total() > 0 && row.blocked.is_none(),
            Self::Blocked => row.blocked.is_some(),
            Self::Stale => counts.stale > 0,
            Self::Review => row.release.in_review,
            Self::Released => row.release.current.is_some(),
            Self::Unasked => counts.total() == 0,
        }
    }
}

/// What the table is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Column {
    Name,
    Stage,
    Evidence,
    Reserve,
    Mass,
    Runs,
    Cost,
    Blocked,
    #[default]
    Changed,
}

impl Column {
    const ALL: [(Self, &str); 9] = [
        (Self::Name, "name"),
        (Self::Stage, "stage"),
        (Self::Evidence, "evidence"),
        (Self::Reserve, "reserve"),
        (Self::Mass, "mass"),
        (Self::Runs, "runs"),
        (Self::Cost, "cost"),
        (Self::Blocked, "blocked"),
        (Self::Changed, "changed"),
    ];

    fn key(self) -> &'static str {
        Self::ALL.iter().find(|(c, _)| *c == self).map_or("changed", |(_, key)| key)
    }

    fn from_key(key: &str) -> Self {
        Self::ALL.iter().find(|(_, k)| *k == key).map_or(Self::Changed, |(c, _)| *c)
    }
}

fn counts(row: &Row) -> Counts {
    row.now.as_ref().map(|m| m.counts).unwrap_or_default()
}

/// The order of a design's stage, furthest from release first, and its words: what is in the making, else what counts.
fn stage(row: &Row) -> (f64, String) {
    let of = &row.release;
    match (&of.open, &of.current) {
        (Some(open), _) if of.in_review => (1.0, format!("{} in review", open.letters)),
        (Some(open), _) => (0.0, format!("{} in draft", open.letters)),
        (None, Some(current)) if current.sequence < row.sequence => {
            (2.0, format!("{} released (edited since)", current.letters))
        }
        (None, Some(current)) => (3.0, format!("{} released", current.letters)),
        (None, None) => (-1.0, "in work".into()),
    }
}

/// Filters and order of the board.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    which: Which,
    /// Id of a project; empty for all.
    project: String,
    search: String,
    column: Column,
    /// The other way round than the column's own.
    reversed: bool,
}

impl Look {
    fn to_text(&self) -> String {
        let reversed = if self.reversed { "1" } else { "0" };
        [self.which.key(), &self.project, self.column.key(), reversed].join(" ")
    }

    fn from_text(text: &str) -> Self {
        let parts: Vec<&str> = text.split(' ').collect();
        let part = |i: usize| parts.get(i).copied().unwrap_or_default();
        Self {
            which: Which::from_key(part(0)),
            project: part(1).into(),
            search: String::new(),
            column: Column::from_key(part(2)),
            reversed: part(3) == "1",
        }
    }
}

/// The rows that `look` shows, in its order.
fn arranged(rows: &[Row], look: &Look) -> Vec<Row> {
    let search = look.search.trim().to_lowercase();
    let fits = |row: &&Row| {
        look.which.takes(row)
            && (look.project.is_empty() || row.project == look.project)
            && (search.is_empty()
                || row.name.to_lowercase().contains(&search)
                || row.project_name.to_lowercase().contains(&search))
    };
    let mut out: Vec<Row> = rows.iter().filter(fits).cloned().collect();
    // What there is no number for stands last, whichever way.
    let number = |row: &Row| -> Option<f64> {
        match look.column {
            Column::Name => None,
            Column::Stage => Some(stage(row).0),
            Column::Evidence => {
                let c = counts(row);
                (c.total() > 0).then(|| f64::from(c.met) / f64::from(c.total()))
            }
            Column::Reserve => row.now.as_ref()?.reserve,
            Column::Mass => row.now.as_ref()?.mass,
            Column::Runs => Some(-f64::from(row.runs.n)),
            Column::Cost => Some(-row.runs.core_seconds),
            Column::Blocked => row.blocked.as_ref().map(|b| b.since as f64),
            Column::Changed => Some(-(row.changed as f64)),
        }
    };
    out.sort_by(|a, b| {
        let by_name = || a.name.to_lowercase().cmp(&b.name.to_lowercase()).then(a.design.cmp(&b.design));
        let order = match (number(a), number(b)) {
            (Some(x), Some(y)) if look.reversed => y.total_cmp(&x),
            (Some(x), Some(y)) => x.total_cmp(&y),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) if look.column == Column::Name && look.reversed => return by_name().reverse(),
            (None, None) => std::cmp::Ordering::Equal,
        };
        order.then_with(by_name)
    });
    out
}

/// The rows as CSV, for a spreadsheet: numbers in SI, times as dates.
fn csv(rows: &[Row]) -> String {
    let number = |x: Option<f64>| x.map_or_else(String::new, |x| format!("{x}"));
    let mut out =
        "design,project,revision,stage,met,indicated,not met,stale,no evidence,waived,least reserve,mass kg,runs,failed runs,\
                   core seconds,blocked by,blocked since,changed,changed by\r\n"
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
            look.set(Look::from_text(&text));
        }
    });
    Effect::new(move |before: Option<String>| {
        let text = look.with(Look::to_text);
        if before.is_some_and(|b| b != text) {
            store(VIEW_KEY, &text);
        }
        text
    });
    view! {
        <div class="page-head"><h1>"Board"</h1></div>
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
                    Ok(board) => view! { <Arranged rows=board.rows look=look /> }.into_any(),
                })
            }}
        </Transition>
    }
    .into_any()
}

#[component]
fn Arranged(rows: Vec<Row>, look: RwSignal<Look>) -> impl IntoView {
    let mut projects: Vec<(String, String)> =
        rows.iter().map(|r| (r.project.clone(), r.project_name.clone())).collect();
    projects.sort_by(|a, b| a.1.cmp(&b.1));
    projects.dedup();
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
            view! { <BoardTable rows=shown.get() look=look /> }.into_any()
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
    use super::*;
    use crate::api::board::{Blocked, Moment, Runs};
    use solver::requirement::Verdict;

    fn row(name: &str, met: u32, stale: u32, reserve: Option<f64>) -> Row {
        let counts = Counts { met, stale, ..Counts::default() };
        let blocked = (stale > 0).then(|| Blocked {
            requirement: "r".into(),
            name: "=1+1".into(),
            verdict: Verdict::Stale,
            since: 0,
        });
        Row {
            design: name.into(),
            name: name.into(),
            project: "p".into(),
            project_name: "Frame \"A\"".into(),
            sequence: 1,
            changed: 0,
            changed_by: "Ada".into(),
            here: Vec::new(),
            now: Some(Moment { counts, reserve, ..Moment::default() }),
            behind: false,
            blocked,
            runs: Runs::default(),
            course: Vec::new(),
            release: Default::default(),
        }
    }

    #[test]
    fn filters_take_what_they_say_and_unknown_numbers_stand_last() {
        let rows = [row("b", 1, 0, Some(0.2)), row("a", 0, 1, None), row("c", 0, 0, None), row("d", 2, 0, Some(-0.1))];
        let names = |look: Look| arranged(&rows, &look).iter().map(|r| r.name.clone()).collect::<String>();
        let by = |column, reversed| Look { column, reversed, ..Look::default() };
        assert_eq!((names(by(Column::Name, false)), names(by(Column::Name, true))), ("abcd".into(), "dcba".into()));
        assert_eq!(
            (names(by(Column::Reserve, false)), names(by(Column::Reserve, true))),
            ("dbac".into(), "bdac".into())
        );
        let which = |which| names(Look { which, column: Column::Name, ..Look::default() });
        assert_eq!(which(Which::Met), "bd");
        assert_eq!((which(Which::Review), which(Which::Released)), (String::new(), String::new()));
        assert_eq!(
            (which(Which::Blocked), which(Which::Stale), which(Which::Unasked)),
            ("a".into(), "a".into(), "c".into())
        );
        assert_eq!(names(Look { search: "frame".into(), column: Column::Name, ..Look::default() }), "abcd");
        assert_eq!(names(Look { project: "q".into(), ..Look::default() }), "");
    }

    #[test]
    fn the_stage_is_what_is_in_the_making_else_what_counts() {
        use crate::api::release::{Revision, Standing};
        let revision = |letters: &str, sequence| Some(Revision { letters: letters.into(), sequence });
        let staged =
            |current, open, in_review| Row { release: Standing { current, open, in_review }, ..row("a", 1, 0, None) };
        let rows = [
            (row("a", 1, 0, None), "in work", false, false),
            (staged(revision("A", 1), None, false), "A released", false, true),
            (staged(revision("A", 0), None, false), "A released (edited since)", false, true),
            (staged(revision("A", 0), revision("B", 1), false), "B in draft", false, true),
            (staged(None, revision("A", 1), true), "A in review", true, false),
        ];
        for (row, words, in_review, released) in rows {
            assert_eq!(stage(&row).1, words);
            assert_eq!((Which::Review.takes(&row), Which::Released.takes(&row)), (in_review, released), "{words}");
        }
    }

    #[test]
    fn a_look_is_kept_and_read_back() {
        let look =
            Look { which: Which::Stale, project: "p1".into(), column: Column::Cost, reversed: true, ..Look::default() };
        assert_eq!(Look::from_text(&look.to_text()), look);
        assert_eq!(Look::from_text("nonsense"), Look::default());
    }

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
