//! Everything that is being solved, waits or has ended; and the workers.

use super::frame::{Fault, Frame};
use crate::api::client::Client;
use crate::api::run::{Run, RunState, Worker};
use crate::api::{Page, Problem};
use crate::ui::{Glyph, Icon, More, ago, bytes, now, seconds, use_notices};
use leptos::prelude::*;
use leptos_router::components::A;

#[component]
pub fn RunsPage() -> impl IntoView {
    view! {
        <Frame title="Runs">
            <Runs />
        </Frame>
    }
    .into_any()
}

#[component]
fn Runs() -> impl IntoView {
    let turn = RwSignal::new(0);
    let pages = RwSignal::new(1);
    let client = Client::current();
    let runs = {
        let client = client.clone();
        Resource::new(
            move || (turn.get(), pages.get()),
            move |(_, n_pages)| {
                let client = client.clone();
                async move { first_pages(&client, n_pages).await }
            },
        )
    };
    let workers = Resource::new(
        move || turn.get(),
        move |_| {
            let client = client.clone();
            async move { client.workers().await }
        },
    );
    #[cfg(feature = "browser")]
    {
        let again = move || {
            if !document().hidden() {
                turn.update(|t| *t += 1);
            }
        };
        if let Ok(handle) = set_interval_with_handle(again, std::time::Duration::from_secs(2)) {
            on_cleanup(move || handle.clear());
        }
    }
    view! {
        <div class="page-head"><h1>"Runs"</h1></div>
        <Transition fallback=|| view! { <div class="table-wait" aria-busy="true"></div> }>
            {
                let shown = Memo::new(move |_| workers.get());
                move || {
                    shown.get().map(|w| match w {
                        Ok(workers) => view! { <Workers workers=workers /> }.into_any(),
                        Err(problem) => view! { <p class="soft">{problem.message}</p> }.into_any(),
                    })
                }
            }
            {
                let shown = Memo::new(move |_| runs.get());
                // Whether there is a table at all; its rows follow by themselves.
                let kind = Memo::new(move |_| {
                    shown.with(|s| match s {
                        None => None,
                        Some(Ok(page)) => Some(Ok(page.items.is_empty())),
                        Some(Err(problem)) => Some(Err(problem.clone())),
                    })
                });
                move || {
                    kind.get().map(|k| match k {
                        Ok(true) => {
                            view! {
                                <div class="empty">
                                    <Icon glyph=Glyph::Runs size=24 />
                                    <h2>"No runs yet"</h2>
                                    <p>"Open a design, add a study and press Run. It shows up here for everyone."</p>
                                </div>
                            }
                                .into_any()
                        }
                        Ok(false) => {
                            let rows = Signal::derive(move || {
                                shown.get().and_then(Result::ok).map(|p| p.items).unwrap_or_default()
                            });
                            let next = Memo::new(move |_| shown.with(|s| s.as_ref()?.as_ref().ok()?.next.clone()));
                            view! {
                                <Table runs=rows turn=turn />
                                {move || {
                                    next.get()
                                        .map(|_| view! { <More testid="more-runs" on_more=move || pages.update(|n| *n += 1) /> })
                                }}
                            }
                                .into_any()
                        }
                        Err(problem) => view! { <Fault problem=problem /> }.into_any(),
                    })
                }
            }
        </Transition>
    }
    .into_any()
}

/// The first `n_pages` pages of the runs, as one.
async fn first_pages(client: &Client, n_pages: usize) -> Result<Page<Run>, Problem> {
    let mut all = client.runs(None, None, None).await?;
    for _ in 1..n_pages {
        let Some(after) = all.next.take() else { break };
        let page = client.runs(None, None, Some(&after)).await?;
        all.items.extend(page.items);
        all.next = page.next;
    }
    Ok(all)
}

/// Health of the workers, one line each.
#[component]
fn Workers(workers: Vec<Worker>) -> impl IntoView {
    if workers.is_empty() {
        return view! {
            <div class="callout bad" data-testid="no-workers">
                <Icon glyph=Glyph::Warning />
                <p>
                    "No worker is connected, so runs will wait. Start one with "<code>"server worker --connect URL"</code>
                    ", or restart the server, which brings its own."
                </p>
            </div>
        }
        .into_any();
    }
    view! {
        <ul class="workers" data-testid="workers" aria-label="Workers">
            {workers
                .into_iter()
                .map(|w| {
                    let state = match (w.healthy, &w.run) {
                        (false, _) => format!("silent since {}", ago(w.seen, now())),
                        (true, Some(_)) => "solving".into(),
                        (true, None) => "idle".into(),
                    };
                    view! {
                        <li class="worker">
                            <span class="dot" class:good=w.healthy class:busy=w.healthy && w.run.is_some()></span>
                            <strong>{w.host}</strong>
                            <span class="soft">
                                {format!(
                                    "{} {} · {} · {} · {} done",
                                    w.cores,
                                    if w.cores == 1 { "core" } else { "cores" },
                                    w.instruction_set,
                                    state,
                                    w.runs_done,
                                )}
                            </span>
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
    .into_any()
}

/// A state in words, with where it stands in the queue.
fn state_text(run: &Run) -> String {
    match run.state {
        RunState::Queued => match run.queue_position {
            Some(0) => "Next".into(),
            Some(n) => format!("Queued, {n} before it"),
            None => "Queued".into(),
        },
        RunState::Running => match &run.phase {
            Some(phase) => format!("{}, {:.0} %", capital(phase), run.fraction * 100.0),
            None => "Running".into(),
        },
        RunState::Paused => "Paused".into(),
        RunState::Done if run.cached => "Done, from the store".into(),
        RunState::Done => "Done".into(),
        RunState::Failed => "Failed".into(),
        RunState::Cancelled => "Cancelled".into(),
        RunState::Dead => "Gave up after three attempts".into(),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

#[component]
fn Table(runs: Signal<Vec<Run>>, turn: RwSignal<u32>) -> impl IntoView {
    view! {
        <div class="table-scroll">
            <table class="table" data-testid="runs">
                <thead>
                    <tr>
                        <th>"Design"</th><th>"Study"</th><th>"State"</th><th>"By"</th><th>"When"</th>
                        <th class="number">"Took"</th><th class="number">"Cost"</th><th></th>
                    </tr>
                </thead>
                <tbody>
                    <For
                        each=move || runs.get()
                        key=|r| (r.id.clone(), r.state, r.queue_position, (r.fraction * 1000.0) as u32, r.stale)
                        let:run
                    >
                        <Row run=run turn=turn />
                    </For>
                </tbody>
            </table>
        </div>
    }
    .into_any()
}

#[component]
fn Row(run: Run, turn: RwSignal<u32>) -> impl IntoView {
    let client = StoredValue::new(Client::current());
    let notices = use_notices();
    let id = StoredValue::new(run.id.clone());
    let cancel = move |_| {
        let client = client.get_value();
        leptos::task::spawn_local(async move {
            if let Err(problem) = client.cancel_run(&id.get_value()).await {
                notices.bad(problem.message);
            }
            turn.update(|t| *t += 1);
        });
    };
    let took = match (run.started, run.ended) {
        (Some(from), Some(to)) => seconds((to - from) as f64 / 1000.0),
        (Some(from), None) => seconds((now() - from) as f64 / 1000.0),
        _ => "—".into(),
    };
    let cost = match (run.core_seconds, run.memory_bytes) {
        (Some(s), Some(b)) => format!("{} core · {}", seconds(s), bytes(b)),
        (Some(s), None) => format!("{} core", seconds(s)),
        _ => "—".into(),
    };
    let design_name = run.design_name.clone();
    let last_words = run.message.clone().filter(|_| run.state.ended());
    let (class, fraction) = match run.state {
        RunState::Done => ("state good", None),
        RunState::Failed | RunState::Dead => ("state bad", None),
        RunState::Running => ("state", Some(run.fraction)),
        _ => ("state soft", None),
    };
    view! {
        <tr data-testid="run-row" data-run=run.id.clone() data-state=format!("{:?}", run.state).to_lowercase()>
            <td>
                <A href=format!("/design/{}?run={}", run.design, run.id) attr:class="strong">{design_name}</A>
            </td>
            <td>{run.study_name.clone()}</td>
            <td>
                <span class=class title=run.message.clone()>{state_text(&run)}</span>
                {run.stale.then(|| view! { <span class="tag">"stale"</span> })}
                {fraction.map(|f| view! { <progress class="progress" max="1" value=f aria-label="Progress"></progress> })}
                {last_words.map(|m| view! { <p class="row-note">{m}</p> })}
            </td>
            <td>{run.by_name.clone()}</td>
            <td>{ago(run.created, now())}</td>
            <td class="number">{took}</td>
            <td class="number">{cost}</td>
            <td class="actions">
                {(!run.state.ended())
                    .then(|| {
                        view! {
                            <button type="button" class="button small" data-testid="cancel-run" on:click=cancel>
                                "Cancel"
                            </button>
                        }
                    })}
            </td>
        </tr>
    }
    .into_any()
}
