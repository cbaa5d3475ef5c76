//! The audit log, for administrators and owners of the organisation: who did what, whether the chain is whole, and a copy to take away.

use super::frame::{Fault, Frame, use_me};
use crate::api::audit::{AuditCheck, AuditEntry, AuditQuery};
use crate::api::auth::{Me, Role};
use crate::api::client::{Client, audit_query};
use crate::api::{Page, Problem};
use crate::ui::{Glyph, Icon, More};
use leptos::prelude::*;

#[component]
pub fn AuditPage() -> impl IntoView {
    view! {
        <Frame title="Audit log">
            <Audit />
        </Frame>
    }
    .into_any()
}

/// Whether someone reads the audit log: their organisation's, an administrator the installation's too.
pub fn reads(me: &Me) -> bool {
    me.administrator || me.role == Role::Owner
}

#[component]
fn Audit() -> impl IntoView {
    if !reads(&use_me()) {
        return view! {
            <div class="empty">
                <Icon glyph=Glyph::History size=24 />
                <h2>"Only owners of the organisation and administrators read the audit log"</h2>
            </div>
        }
        .into_any();
    }
    view! {
        <div class="page-head"><h1>"Audit log"</h1></div>
        <Chain />
        <Entries />
    }
    .into_any()
}

/// Whether every entry is as it was written; read anew when asked for.
#[component]
fn Chain() -> impl IntoView {
    let turn = RwSignal::new(0);
    let client = Client::current();
    let check = Resource::new(
        move || turn.get(),
        move |_| {
            let client = client.clone();
            async move { client.check_audit().await }
        },
    );
    view! {
        <Transition fallback=|| view! { <p class="soft" role="status">"Reading the whole log…"</p> }>
            {move || {
                check
                    .get()
                    .map(|found| match found {
                        Err(problem) => view! { <Fault problem=problem /> }.into_any(),
                        Ok(AuditCheck { n_entries, head, broken: None }) => {
                            view! {
                                <div class="audit-chain" data-testid="audit-whole">
                                    <span class="good-text"><Icon glyph=Glyph::Check size=14 />{format!("All {n_entries} entries are as they were written.")}</span>
                                    <span class="soft" title="Write it down elsewhere: it shows later that nothing before was changed">
                                        "Last hash "<code class="mono">{head}</code>
                                    </span>
                                    <button type="button" class="button small" on:click=move |_| turn.update(|t| *t += 1)>"Check again"</button>
                                </div>
                            }
                                .into_any()
                        }
                        Ok(AuditCheck { n_entries, broken: Some(broken), .. }) => {
                            view! {
                                <div class="callout bad" role="alert" data-testid="audit-broken">
                                    <Icon glyph=Glyph::Warning />
                                    <p>
                                        {format!(
                                            "The chain breaks: {}. The {n_entries} entries before it are whole. Find out who had the database \
                                             file, and compare with a backup.",
                                            broken.why,
                                        )}
                                    </p>
                                </div>
                            }
                                .into_any()
                        }
                    })
            }}
        </Transition>
    }
    .into_any()
}

/// A day as a date field gives it, `2026-11-22`, as epoch milliseconds in UTC.
fn day_start(text: &str) -> Option<i64> {
    let mut parts = text.split('-').map(|p| p.parse::<i64>().ok());
    let (y, m, d) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1..=12).contains(&m) || !(1..=31).contains(&d) {
        return None;
    }
    // Days from civil, after Howard Hinnant: years from March, eras of 400 years.
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let year = y.rem_euclid(400);
    let of_year = (153 * ((m + 9) % 12) + 2) / 5 + d - 1;
    let of_era = year * 365 + year / 4 - year / 100 + of_year;
    Some((era * 146_097 + of_era - 719_468) * 86_400_000)
}

const DAY_MS: i64 = 86_400_000;

/// A moment in UTC, `2026-11-22 17:05:09`.
fn moment(time: i64) -> String {
    let days = time.div_euclid(DAY_MS);
    let seconds = time.rem_euclid(DAY_MS) / 1000;
    // Civil from days, the other way round.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let mp = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// What is typed into the filters.
#[derive(Clone, Copy)]
struct Filters {
    who: RwSignal<String>,
    action: RwSignal<String>,
    object: RwSignal<String>,
    since: RwSignal<String>,
    until: RwSignal<String>,
}

impl Filters {
    fn query(&self) -> AuditQuery {
        let text = |s: RwSignal<String>| Some(s.get().trim().to_owned()).filter(|t| !t.is_empty());
        AuditQuery {
            who: text(self.who),
            action: text(self.action),
            object: text(self.object),
            since: day_start(&self.since.get()),
            // The whole of the last day.
            until: day_start(&self.until.get()).map(|day| day + DAY_MS),
            before: None,
        }
    }

    fn clear(&self) {
        for filter in [self.who, self.action, self.object, self.since, self.until] {
            filter.set(String::new());
        }
    }
}

/// The first `n_pages` pages, as one.
async fn first_pages(client: &Client, mut query: AuditQuery, n_pages: usize) -> Result<Page<AuditEntry>, Problem> {
    let mut all = client.audit(&query).await?;
    for _ in 1..n_pages {
        let Some(before) = all.next.take().and_then(|next| next.parse().ok()) else { break };
        query.before = Some(before);
        let page = client.audit(&query).await?;
        all.items.extend(page.items);
        all.next = page.next;
    }
    Ok(all)
}

#[component]
fn Entries() -> impl IntoView {
    let empty = || RwSignal::new(String::new());
    let filters = Filters { who: empty(), action: empty(), object: empty(), since: empty(), until: empty() };
    let pages = RwSignal::new(1_usize);
    let query = Memo::new(move |_| filters.query());
    // Another question begins at its first page.
    Effect::new(move |before: Option<AuditQuery>| {
        let query = query.get();
        if before.is_some_and(|b| b != query) {
            pages.set(1);
        }
        query
    });
    let client = Client::current();
    let found = Resource::new(
        move || (query.get(), pages.get()),
        move |(query, n_pages)| {
            let client = client.clone();
            async move { first_pages(&client, query, n_pages).await }
        },
    );
    let address = move |form: &'static str| format!("/api/audit/export/{form}{}", audit_query(&query.get()));
    let field = move |label: &'static str, testid: &'static str, kind: &'static str, value: RwSignal<String>| {
        view! {
            <label class="audit-filter">
                <span class="label">{label}</span>
                <input
                    class="input" type=kind data-testid=testid prop:value=move || value.get()
                    on:change=move |e| value.set(event_target_value(&e))
                />
            </label>
        }
    };
    view! {
        <div class="board-bar audit-bar" role="search">
            {field("Person", "audit-who", "search", filters.who)}
            {field("Action", "audit-action", "search", filters.action)}
            {field("Object", "audit-object", "search", filters.object)}
            {field("From (UTC)", "audit-since", "date", filters.since)}
            {field("To", "audit-until", "date", filters.until)}
            <span class="grow"></span>
            <a class="button" download="audit.csv" rel="external" href=move || address("csv") data-testid="audit-csv"><Icon glyph=Glyph::Download />"CSV"</a>
            <a class="button" download="audit.json" rel="external" href=move || address("json") data-testid="audit-json"><Icon glyph=Glyph::Download />"JSON"</a>
        </div>
        <Transition fallback=|| view! { <div class="table-wait" aria-busy="true"></div> }>
            {move || {
                found
                    .get()
                    .map(|answer| match answer {
                        Err(problem) => view! { <Fault problem=problem /> }.into_any(),
                        Ok(page) if page.items.is_empty() => {
                            view! {
                                <div class="empty small" data-testid="audit-empty">
                                    <p>"No entry fits these filters."</p>
                                    <button type="button" class="button" on:click=move |_| filters.clear()>"Show all"</button>
                                </div>
                            }
                                .into_any()
                        }
                        Ok(page) => {
                            let more = page.next.is_some();
                            view! {
                                <Table entries=page.items />
                                {more.then(|| view! { <More testid="audit-more" on_more=move || pages.update(|n| *n += 1) /> })}
                            }
                                .into_any()
                        }
                    })
            }}
        </Transition>
    }
    .into_any()
}

#[component]
fn Table(entries: Vec<AuditEntry>) -> impl IntoView {
    view! {
        <div class="table-scroll">
            <table class="table audit" data-testid="audit">
                <thead><tr><th>"No."</th><th>"When (UTC)"</th><th>"Who"</th><th>"Action"</th><th>"Object"</th><th>"Detail"</th></tr></thead>
                <tbody>
                    {entries
                        .into_iter()
                        .map(|e| {
                            let (actor, object) = (e.actor.clone(), e.object.clone());
                            view! {
                                <tr data-testid="audit-row" title=format!("Hash {}", e.hash)>
                                    <td class="mono">{e.sequence}</td>
                                    <td class="mono nowrap">{moment(e.time)}</td>
                                    <td title=actor>{e.actor_name.unwrap_or(e.actor)}</td>
                                    <td class="mono">{e.action}</td>
                                    <td title=object>{e.object_name.unwrap_or(e.object)}</td>
                                    <td class="audit-detail">{e.detail}</td>
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

    #[test]
    fn days_and_moments_are_those_of_the_calendar() {
        assert_eq!(day_start("1970-01-01"), Some(0));
        assert_eq!(day_start("2000-02-29"), Some(951_782_400_000));
        assert_eq!(day_start("2026-11-22"), Some(1_795_305_600_000));
        assert_eq!((day_start(""), day_start("2026-13-01"), day_start("x")), (None, None, None));
        for day in ["1969-12-31", "1970-01-01", "2000-02-29", "2026-11-22", "2100-03-01"] {
            let start = day_start(day).expect("a day");
            assert_eq!(moment(start + 61_000), format!("{day} 00:01:01"));
        }
    }
}
