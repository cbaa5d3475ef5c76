//! Running a study: checklist, estimate, progress, earlier runs.

use super::announce::allow_notifications;
use crate::api::run::{Preflight, Run, RunState};
use crate::doc::SaveState;
use crate::panels::use_desk;
use crate::ui::{Chart, Glyph, Icon, ago, bytes, now, seconds};
use leptos::prelude::*;
use solver::design::{Id, Severity};
use solver::run::Asked;
use solver::study::question::question;

/// Whether the design asks something else now than when this run was started.
fn is_stale(run: &Run, design: &solver::design::Design) -> bool {
    question(design, &Id(run.study.clone())).is_none_or(|q| q != run.fingerprint)
}

/// Everything about running the selected study.
#[component]
pub fn RunPanel(study: Id) -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let study = StoredValue::new(study);
    let preflight = RwSignal::new(None::<Result<Preflight, String>>);
    let checking = RwSignal::new(false);
    // Counts the questions, so that an answer to an older one is dropped.
    let asked = StoredValue::new(0u32);
    // What a run would see: ask again only when that changes, and only about what the server has.
    let watched = Memo::new(move |_| {
        let saved = matches!(desk.save.get(), SaveState::Saved | SaveState::ReadOnly);
        let q = desk.design.with(|d| study.with_value(|s| question(d, s)));
        saved.then_some((q, desk.loaded.get()))
    });
    Effect::new(move |_| {
        let Some((_, true)) = watched.get() else { return };
        let turn = asked
            .try_update_value(|n| {
                *n += 1;
                *n
            })
            .unwrap_or(0);
        checking.set(true);
        let (client, design) = (desk.client.get_value(), desk.id.get_value());
        leptos::task::spawn_local(async move {
            let answer = client.preflight(&design, &study.get_value().0).await.map_err(|p| p.message);
            if asked.try_get_value() == Some(turn) {
                checking.set(false);
                preflight.set(Some(answer));
            }
        });
    });
    let starting = RwSignal::new(false);
    let current = Memo::new(move |_| {
        let moving = |r: &&Run| matches!(r.state, RunState::Queued | RunState::Running);
        bench.runs.with(|r| r.iter().filter(moving).find(|r| study.with_value(|s| r.study == s.0)).cloned())
    });
    // Laid aside: they hinder nobody from asking something else.
    let paused = Memo::new(move |_| {
        let mine = |r: &&Run| r.state == RunState::Paused && study.with_value(|s| r.study == s.0);
        bench.runs.with(|r| r.iter().filter(mine).cloned().collect::<Vec<_>>())
    });
    let blocked =
        move || preflight.with(|p| matches!(p, Some(Ok(p)) if p.issues.iter().any(|i| i.severity == Severity::Error)));
    let ready = move || {
        desk.may_edit.get()
            && !starting.get()
            && desk.online.get()
            && matches!(desk.save.get(), SaveState::Saved)
            && !blocked()
    };
    let start = move |_| {
        allow_notifications();
        bench.follow();
        starting.set(true);
        let (client, design) = (desk.client.get_value(), desk.id.get_value());
        leptos::task::spawn_local(async move {
            match client.start_run(&design, &study.get_value().0, None).await {
                Ok(run) => {
                    let done = run.state == RunState::Done;
                    let id = run.id.clone();
                    bench.take(run);
                    if done {
                        bench.choose(desk, id);
                    }
                }
                Err(problem) => desk.notices.bad(problem.message),
            }
            starting.set(false);
        });
    };
    view! {
        <section class="run-panel" data-testid="run-panel">
            <h3>"Before the run"</h3>
            <Checklist preflight=preflight checking=checking />
            {move || paused.get().into_iter().map(|run| view! { <Progress run=run /> }).collect_view()}
            {move || match current.get() {
                Some(run) => view! { <Progress run=run /> }.into_any(),
                None => {
                    view! {
                        <button
                            type="button" class="button primary wide" data-testid="run" on:click=start
                            disabled=move || !ready()
                        >
                            <Icon glyph=Glyph::Run />
                            {move || if starting.get() { "Starting…" } else { "Run" }}
                        </button>
                    }
                        .into_any()
                }
            }}
            <History study=study />
        </section>
    }
    .into_any()
}

#[component]
fn Checklist(preflight: RwSignal<Option<Result<Preflight, String>>>, checking: RwSignal<bool>) -> impl IntoView {
    let desk = use_desk();
    view! {
        <div class="checklist" class:busy=move || checking.get() data-testid="preflight" aria-busy=move || checking.get().to_string()>
            {move || match preflight.get() {
                None => view! { <p class="soft">"Checking…"</p> }.into_any(),
                Some(Err(why)) => view! { <p class="fault" role="alert">{why}</p> }.into_any(),
                Some(Ok(p)) => {
                    let clean = p.issues.is_empty();
                    view! {
                        {clean
                            .then(|| {
                                view! {
                                    <p class="check-line good">
                                        <Icon glyph=Glyph::Check size=14 />
                                        "Ready: the set-up is complete."
                                    </p>
                                }
                            })}
                        {p
                            .issues
                            .into_iter()
                            .map(|i| {
                                let bad = i.severity == Severity::Error;
                                let id = i.object.clone();
                                let name = desk.design.with_untracked(|d| d.get(&id).map(|o| format!("{}: ", o.name)));
                                // Some say whose they are themselves.
                                let text = name.as_ref().and_then(|n| i.message.strip_prefix(n.as_str()));
                                let text = crate::panels::desk::capital(text.unwrap_or(&i.message));
                                view! {
                                    <button
                                        type="button" class="check-line" class:bad=bad class:warn=!bad
                                        on:click=move |_| desk.selected.set(Some(id.clone()))
                                    >
                                        <Icon glyph=if bad { Glyph::Error } else { Glyph::Warning } size=14 />
                                        <span>{name.map(|n| view! { <strong>{n}</strong> })}{text}</span>
                                    </button>
                                }
                            })
                            .collect_view()}
                        {(p.dofs > 0)
                            .then(|| {
                                view! {
                                    <p class="soft" data-testid="estimate">
                                        {format!(
                                            "About {} core time and {} for {} unknowns",
                                            seconds(p.core_seconds),
                                            bytes(p.memory_bytes),
                                            thousands(p.dofs),
                                        )}
                                    </p>
                                }
                            })}
                    }
                        .into_any()
                }
            }}
        </div>
    }
    .into_any()
}

/// 1234567 as "1.23 million", 45000 as "45 thousand".
fn thousands(n: u64) -> String {
    match n {
        0..1_000 => n.to_string(),
        1_000..1_000_000 => format!("{} thousand", n / 1_000),
        _ => format!("{:.2} million", n as f64 / 1e6),
    }
}

/// What a person wants of a run under way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Steering {
    Cancel,
    Pause,
    Resume,
    Finish,
}

#[component]
fn Progress(run: Run) -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let id = StoredValue::new(run.id.clone());
    let live = Memo::new(move |_| bench.live.get().filter(|l| l.run == id.get_value()));
    let fraction = move || live.with(|l| l.as_ref().map_or(run.fraction, |l| l.fraction));
    let words = {
        let run = run.clone();
        move || match (run.state, live.get()) {
            (RunState::Queued, _) => match run.queue_position {
                Some(0) | None => "Waiting for a worker".to_string(),
                Some(n) => format!("Waiting: {n} before it"),
            },
            (RunState::Paused, _) => "Paused".into(),
            (_, Some(l)) if l.note.is_empty() => l.phase,
            (_, Some(l)) => format!("{} · {}", l.phase, l.note),
            _ => run.phase.clone().unwrap_or_else(|| "Running".into()),
        }
    };
    let residuals = Signal::derive(move || live.with(|l| l.as_ref().map(|l| l.residuals.clone()).unwrap_or_default()));
    let cancelling = RwSignal::new(false);
    let steering = RwSignal::new(false);
    let steer = move |order: Steering| {
        let busy = if order == Steering::Cancel { cancelling } else { steering };
        busy.set(true);
        let client = desk.client.get_value();
        leptos::task::spawn_local(async move {
            let id = id.get_value();
            let done = match order {
                Steering::Cancel => client.cancel_run(&id).await,
                Steering::Pause => client.pause_run(&id).await,
                Steering::Resume => client.resume_run(&id).await,
                Steering::Finish => client.finish_run(&id).await,
            };
            // A cancel lasts until the run says that it has ended.
            let failed = done.is_err();
            if let Err(problem) = done {
                desk.notices.bad(problem.message);
            }
            if failed || order != Steering::Cancel {
                busy.set(false);
            }
        });
    };
    let paused = run.state == RunState::Paused;
    // Limits were changed meanwhile: what was found so far is where a run with the new ones can begin.
    let asks_else = {
        let run = run.clone();
        Memo::new(move |_| desk.design.with(|d| is_stale(&run, d)))
    };
    let study = StoredValue::new(run.study.clone());
    let go_on = move |_| {
        allow_notifications();
        bench.follow();
        steering.set(true);
        let (client, design) = (desk.client.get_value(), desk.id.get_value());
        leptos::task::spawn_local(async move {
            match client.start_run(&design, &study.get_value(), Some(&id.get_value())).await {
                Ok(run) => bench.take(run),
                Err(problem) => desk.notices.bad(problem.message),
            }
            steering.set(false);
        });
    };
    let onward = move || {
        view! {
            <Show when=move || asks_else.get()>
                <div class="callout small">
                    <span>"The study was changed since. It can go on from here as it is now."</span>
                    <button
                        type="button" class="button" data-testid="go-on" on:click=go_on
                        disabled=move || {
                            steering.get() || !desk.may_edit.get() || !matches!(desk.save.get(), SaveState::Saved)
                        }
                    >
                        "Go on with the changes"
                    </button>
                </div>
            </Show>
        }
    };
    let onward = (paused && run.resumable).then(onward);
    let button = move |order: Steering, words: &'static str, title: &'static str, name: &'static str| {
        view! {
            <button
                type="button" class="button" data-testid=name title=title on:click=move |_| steer(order)
                disabled=move || steering.get() || cancelling.get() || !desk.may_edit.get()
            >
                {words}
            </button>
        }
    };
    let steered = (run.resumable || paused).then(|| {
        let (asked_pause, asked_finish) = (run.asked == Asked::Pause, run.asked == Asked::Finish);
        view! {
            <div class="button-row">
                {match (paused, asked_pause, asked_finish) {
                    (_, _, true) => None,
                    (true, ..) => Some(button(Steering::Resume, "Resume", "Go on from where it was paused", "resume")),
                    (_, true, _) => Some(button(Steering::Resume, "Pausing… keep going", "Take the pause back", "resume")),
                    _ => Some(button(Steering::Pause, "Pause", "Lay it aside; the worker is free meanwhile", "pause")),
                }}
                {if asked_finish {
                    view! { <span class="soft">"Finishing…"</span> }.into_any()
                } else if run.resumable {
                    button(Steering::Finish, "Stop and keep", "End now, and keep what has been reached", "finish").into_any()
                } else {
                    ().into_any()
                }}
            </div>
        }
    });
    view! {
        <div class="progress-card" data-testid="progress" data-run=run.id.clone()>
            <div class="label-row">
                <span class="progress-words" aria-live="polite" data-testid="phase">{words}</span>
                <span class="grow"></span>
                <span class="mono">{move || format!("{:.0} %", fraction() * 100.0)}</span>
            </div>
            <progress class="progress" max="1" prop:value=fraction aria-label="Progress of the run"></progress>
            <Chart points=residuals log=true label="Residual by iteration" />
            <details class="log">
                <summary>"Log"</summary>
                <pre data-testid="run-log">{move || live.with(|l| l.as_ref().map(|l| l.log.join("\n")).unwrap_or_default())}</pre>
            </details>
            {onward}
            {steered}
            <button
                type="button" class="button wide" data-testid="cancel" on:click=move |_| steer(Steering::Cancel)
                disabled=move || cancelling.get() || !desk.may_edit.get()
            >
                <Icon glyph=Glyph::Stop size=12 />
                {move || if cancelling.get() { "Cancelling…" } else { "Cancel" }}
            </button>
        </div>
    }
    .into_any()
}

/// The run under way, over the view: its own panel may be scrolled away, or another object selected.
#[component]
pub fn RunStrip() -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let moving = |r: &&Run| matches!(r.state, RunState::Queued | RunState::Running);
    let running = Memo::new(move |_| bench.runs.with(|r| r.iter().find(moving).cloned()));
    let fraction = Memo::new(move |_| {
        running.with(|r| {
            let run = r.as_ref()?;
            Some(bench.live.with(|l| l.as_ref().filter(|l| l.run == run.id).map_or(run.fraction, |l| l.fraction)))
        })
    });
    let cancelling = RwSignal::new(None::<String>);
    view! {
        {move || {
            running
                .get()
                .map(|run| {
                    let id = run.id.clone();
                    let stopping = {
                        let id = id.clone();
                        move || cancelling.with(|c| c.as_ref() == Some(&id))
                    };
                    let cancel = move |_| {
                        cancelling.set(Some(id.clone()));
                        let (client, id) = (desk.client.get_value(), id.clone());
                        leptos::task::spawn_local(async move {
                            if let Err(problem) = client.cancel_run(&id).await {
                                desk.notices.bad(problem.message);
                                cancelling.set(None);
                            }
                        });
                    };
                    view! {
                        <div class="float-panel" role="status" data-testid="run-strip">
                            <Icon glyph=Glyph::Study />
                            <strong>{run.study_name}</strong>
                            <progress
                                class="progress" max="1" prop:value=move || fraction.get().unwrap_or_default()
                                aria-label="Progress of the run"
                            ></progress>
                            <span class="mono percent">
                                {move || format!("{:.0} %", fraction.get().unwrap_or_default() * 100.0)}
                            </span>
                            <button
                                type="button" class="icon-button small" title="Cancel the run" aria-label="Cancel the run"
                                data-testid="strip-cancel" on:click=cancel
                                disabled=move || stopping() || !desk.may_edit.get()
                            >
                                <Icon glyph=Glyph::Stop size=12 />
                            </button>
                        </div>
                    }
                })
        }}
    }
    .into_any()
}

/// Ended runs of the study, newest first.
#[component]
fn History(study: StoredValue<Id>) -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let ended = Memo::new(move |_| {
        bench.runs.with(|r| {
            r.iter()
                .filter(|r| study.with_value(|s| r.study == s.0) && r.state.ended())
                .take(12)
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    view! {
        <Show when=move || ended.with(|e| !e.is_empty())>
            <h3>"Earlier runs"</h3>
            <ul class="list dense" data-testid="history">
                {move || {
                    ended
                        .get()
                        .into_iter()
                        .map(|r| {
                            let id = r.id.clone();
                            let id2 = id.clone();
                            let done = r.state == RunState::Done;
                            let stale = desk.design.with(|d| is_stale(&r, d));
                            let state = match r.state {
                                RunState::Done if r.cached => "from the store".to_string(),
                                RunState::Done => match (r.started, r.ended) {
                                    (Some(a), Some(b)) => seconds((b - a) as f64 / 1000.0),
                                    _ => "done".into(),
                                },
                                RunState::Cancelled => "cancelled".into(),
                                _ => "failed".into(),
                            };
                            view! {
                                <li>
                                    <button
                                        type="button" class="history-row" disabled=!done data-testid="history-row"
                                        data-run=id.clone() title=r.message.clone()
                                        class:on=move || bench.shown.with(|s| s.as_ref().is_some_and(|s| s.run == id2))
                                        on:click=move |_| bench.choose(desk, id.clone())
                                    >
                                        <Icon glyph=if done { Glyph::Study } else { Glyph::Close } size=14 />
                                        <span>{format!("v{} · {}", r.sequence, ago(r.created, now()))}</span>
                                        <span class="soft by">{r.by_name.clone()}</span>
                                        <span class="grow"></span>
                                        {(stale && done).then(|| view! { <span class="tag">"stale"</span> })}
                                        <span class="soft">{state}</span>
                                    </button>
                                </li>
                            }
                        })
                        .collect_view()
                }}
            </ul>
        </Show>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    #[test]
    fn counts_in_words() {
        assert_eq!(super::thousands(640), "640");
        assert_eq!(super::thousands(45_300), "45 thousand");
        assert_eq!(super::thousands(1_234_567), "1.23 million");
    }
}
