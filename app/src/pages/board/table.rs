//! The board's table; on a narrow screen its rows stand as cards.

use super::look::{Group, Sum, counts, work};
use super::spark::Spark;
use super::{mass_text, percent, since};
use crate::api::board::{Contributor, Counts, Moment, Row};
use crate::api::view::{Column, Look};
use crate::panels::requirement::face_of;
use crate::ui::{Avatars, Glyph, Icon, ago, now, seconds};
use leptos::prelude::*;
use leptos_router::components::A;
use std::collections::HashSet;

const HEADS: [(Column, &str, &str); 8] = [
    (Column::Name, "Design", "By name"),
    (Column::Stage, "Stage", "By how far it is from a release"),
    (Column::Evidence, "Requirements", "By the share that is met"),
    (Column::Reserve, "Least reserve", "By the smallest margin, less its error, as a share of the limit"),
    (Column::Mass, "Mass", "By mass"),
    (Column::Blocked, "Open longest", "By what has been open longest"),
    (Column::Cost, "Runs", "By processor time"),
    (Column::Changed, "Changed", "By the last change"),
];

#[component]
pub fn BoardTable(groups: Vec<Group>, look: RwSignal<Look>, folded: RwSignal<HashSet<String>>) -> impl IntoView {
    let sort = move |column: Column| {
        look.update(|l| {
            l.reversed = l.column == column && !l.reversed;
            l.column = column;
        });
    };
    view! {
        <div class="table-scroll">
            <table class="table board" data-testid="board">
                <thead>
                    <tr>
                        {HEADS
                            .map(|(column, head, title)| {
                                let sorted = move || {
                                    look.with(|l| match (l.column == column, l.reversed) {
                                        (false, _) => "none",
                                        (true, false) => "ascending",
                                        (true, true) => "descending",
                                    })
                                };
                                view! {
                                    <th aria-sort=sorted>
                                        <button
                                            type="button" class="sort" title=title data-testid=format!("sort-{}", column.key())
                                            on:click=move |_| sort(column)
                                        >
                                            {head}
                                            <span class="sort-sign">
                                                {move || match sorted() {
                                                    "ascending" => "↑",
                                                    "descending" => "↓",
                                                    _ => "",
                                                }}
                                            </span>
                                        </button>
                                    </th>
                                }
                            })
                            .into_iter()
                            .collect_view()}
                    </tr>
                </thead>
                {groups.into_iter().map(|group| view! { <GroupRows group=group folded=folded /> }).collect_view()}
            </table>
        </div>
    }
    .into_any()
}

/// The rows of a group, and over them its project with the sums, which folds them away.
#[component]
fn GroupRows(group: Group, folded: RwSignal<HashSet<String>>) -> impl IntoView {
    let id = group.project.as_ref().map(|(id, ..)| id.clone());
    let is_folded = Memo::new(move |_| id.as_ref().is_some_and(|id| folded.with(|f| f.contains(id))));
    let rows = StoredValue::new(group.rows);
    view! {
        <tbody>
            {group.project.map(|(id, name, sum)| view! { <GroupHead id=id name=name sum=sum folded=folded /> })}
            {move || {
                let rows = if is_folded.get() { Vec::new() } else { rows.get_value() };
                rows.into_iter().map(|row| view! { <BoardRow row=row /> }).collect_view()
            }}
        </tbody>
    }
    .into_any()
}

/// `1 design`, `2 designs`.
fn count(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

#[component]
fn GroupHead(id: String, name: String, sum: Sum, folded: RwSignal<HashSet<String>>) -> impl IntoView {
    let id = StoredValue::new(id);
    let is_open = move || id.with_value(|id| folded.with(|f| !f.contains(id)));
    let fold = move |_| {
        folded.update(|f| {
            if !f.remove(&id.get_value()) {
                f.insert(id.get_value());
            }
        });
    };
    let mut words = vec![format!("{} open", sum.counts.open()), format!("{} stale", sum.counts.stale)];
    if sum.blocked > 0 {
        words.push(format!("{} blocked", count(sum.blocked, "design")));
    }
    words.push(format!("{}, {}", count(sum.runs.n as usize, "run"), seconds(sum.runs.core_seconds)));
    let (active, failed) = (sum.runs.active, sum.runs.failed);
    view! {
        <tr class="board-group" data-testid="board-group" data-project=id.get_value()>
            <th colspan=HEADS.len().to_string() scope="rowgroup">
                <div class="board-group-line">
                    <button type="button" class="board-fold" aria-expanded=move || is_open().to_string() data-testid="board-fold" on:click=fold>
                        <span class="board-fold-sign"><Icon glyph=Glyph::Right size=14 /></span>
                        <strong>{name}</strong>
                        <span class="soft">{count(sum.n, "design")}</span>
                    </button>
                    <EvidenceBar counts=sum.counts />
                    <span class="soft">{words.join(" · ")}</span>
                    {(active > 0).then(|| view! { <span class="tag">{format!("{active} active")}</span> })}
                    {(failed > 0).then(|| view! { <span class="tag bad">{format!("{failed} failed")}</span> })}
                </div>
            </th>
        </tr>
    }
    .into_any()
}

/// Who worked on a design lately, as a row shows it.
#[component]
fn Workers(people: Vec<Contributor>) -> impl IntoView {
    if people.is_empty() {
        return ().into_any();
    }
    let words: Vec<String> = people.iter().map(|p| format!("{}: {}", p.name, work(p))).collect();
    let title = format!("Worked on it in the last 14 days. {}", words.join("; "));
    let faces = people.into_iter().map(|p| (p.name, p.hue)).collect::<Vec<_>>();
    view! { <span class="board-people" title=title data-testid="board-people"><Avatars people=faces /></span> }
        .into_any()
}

/// The course of a number of the moments.
pub fn course(moments: &[Moment], of: impl Fn(&Moment) -> Option<f64>) -> Vec<(i64, f64)> {
    moments.iter().filter_map(|m| Some((m.time, of(m)?))).collect()
}

/// How many requirements are of which verdict, as a bar with its numbers.
#[component]
pub fn EvidenceBar(counts: Counts) -> impl IntoView {
    let parts = [
        (counts.met, "met", "met"),
        (counts.indicated, "indicated", "indicated"),
        (counts.waived, "waived", "waived"),
        (counts.stale, "stale", "stale"),
        (counts.no_evidence, "none", "no evidence"),
        (counts.not_met, "not", "not met"),
    ];
    let total = counts.total();
    if total == 0 {
        return view! { <span class="soft">"none"</span> }.into_any();
    }
    let words: Vec<String> = parts.iter().filter(|p| p.0 > 0).map(|(n, _, word)| format!("{n} {word}")).collect();
    let words = words.join(", ");
    view! {
        <div class="evidence" title=words.clone() role="img" aria-label=words>
            <div class="evidence-bar">
                {parts
                    .into_iter()
                    .filter(|p| p.0 > 0)
                    .map(|(n, class, _)| view! { <i class=class style=format!("flex-grow:{n}")></i> })
                    .collect_view()}
            </div>
            <span class="mono">{format!("{} / {total}", counts.met)}</span>
        </div>
    }
    .into_any()
}

/// The released revision, and what is in the making.
#[component]
pub fn StageMark(row: Row) -> impl IntoView {
    let current = row.release.current.clone();
    let edited = current.as_ref().is_some_and(|c| c.sequence < row.sequence);
    let open = row.release.open.clone().map(|open| {
        let (class, word) = if row.release.in_review { ("tag warn", "in review") } else { ("tag", "draft") };
        view! { <span class=class>{format!("{} {word}", open.letters)}</span> }
    });
    let is_bare = current.is_none() && open.is_none();
    view! {
        <span class="stage" data-testid="stage">
            {current.map(|c| view! { <span class="tag good">{format!("{} released", c.letters)}</span> })}
            {open}
            {edited.then(|| view! { <span class="soft board-line">"edited since"</span> })}
            {is_bare.then(|| view! { <span class="soft">"in work"</span> })}
        </span>
    }
    .into_any()
}

#[component]
fn BoardRow(row: Row) -> impl IntoView {
    let moment = row.now.clone().unwrap_or_default();
    let here: Vec<(String, u16)> = row.here.iter().map(|h| (h.name.clone(), h.hue)).collect();
    let reserves = course(&row.course, |m| m.reserve);
    let masses = course(&row.course, |m| m.mass);
    let is_behind = row.behind;
    let failed = row.runs.failed;
    let (href, name, project) = (format!("/board/{}", row.design), row.name.clone(), row.project_name.clone());
    let (blocked, n_asked, n_open) = (row.blocked.clone(), counts(&row).total(), counts(&row).open());
    view! {
        <tr data-testid="board-row" data-design=row.design.clone()>
            <td class="board-name">
                <A href=href><strong>{name}</strong></A>
                <span class="soft">{project}</span>
                {(!here.is_empty()).then(|| view! { <Avatars people=here /> })}
            </td>
            <td data-head="Stage"><StageMark row=row.clone() /></td>
            <td data-head="Requirements">
                <EvidenceBar counts=counts(&row) />
                {is_behind
                    .then(|| view! { <span class="soft note" title="Edited or answered since: it is being looked at">"looking…"</span> })}
            </td>
            <td data-head="Least reserve">
                <span class="board-number" class:bad=moment.reserve.is_some_and(|r| r < 0.0)>
                    {moment.reserve.map_or_else(|| "–".into(), percent)}
                </span>
                <Spark points=reserves label="Course of the least reserve" zero=true />
            </td>
            <td data-head="Mass">
                <span class="board-number">{moment.mass.map_or_else(|| "–".into(), mass_text)}</span>
                <Spark points=masses label="Course of the mass" />
            </td>
            <td data-head="Open longest">
                {match blocked {
                    Some(b) => {
                        let (word, class, _) = face_of(b.verdict);
                        view! {
                            <span class=format!("tag verdict {class}")>{word}</span>
                            " "
                            <span>{b.name}</span>
                            <span class="soft board-line">{since(b.since)}</span>
                        }
                            .into_any()
                    }
                    None if n_asked > 0 => {
                        let what = if n_open > 0 { format!("nothing mandatory, {n_open} optional") } else { "nothing".into() };
                        view! { <span class="good-text"><Icon glyph=Glyph::Check size=14 />{what}</span> }.into_any()
                    }
                    None => view! { <span class="soft">"–"</span> }.into_any(),
                }}
            </td>
            <td data-head="Runs">
                {row.runs.n}
                {(row.runs.active > 0).then(|| view! { <span class="tag">{format!("{} active", row.runs.active)}</span> })}
                {(failed > 0).then(|| view! { <span class="tag bad">{format!("{failed} failed")}</span> })}
                <span class="soft board-line">{seconds(row.runs.core_seconds)}</span>
            </td>
            <td data-head="Changed">
                {ago(row.changed, now())}
                <span class="soft board-line">{row.changed_by.clone()}</span>
                <Workers people=row.people.clone() />
            </td>
        </tr>
    }
    .into_any()
}
