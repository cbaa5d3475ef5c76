//! The partner's room: links for people without an account, what each gives, who has used them, and taking them back.

use super::desk::use_desk;
use crate::api::Problem;
use crate::api::share::{Allow, CreateShare, RECENT_DAYS, Share, ShareView};
use crate::ui::{Attempt, Dialog, Field, Glyph, Icon, Select, Submit, ago, copy, day, now};
use leptos::prelude::*;
use std::collections::BTreeSet;

#[component]
pub fn ShareDialog() -> impl IntoView {
    let desk = use_desk();
    view! {
        <Dialog open=desk.sharing title="Share" testid="share-dialog">
            <ShareForm />
        </Dialog>
    }
    .into_any()
}

#[component]
fn ShareForm() -> impl IntoView {
    let desk = use_desk();
    let list = RwSignal::new(None::<Vec<Share>>);
    // Links can be read only when they are made.
    let made = RwSignal::new(None::<String>);
    let load = move || {
        let (client, id) = (desk.client.get_value(), desk.id.get_value());
        leptos::task::spawn_local(async move {
            match client.shares(&id).await {
                // The dialog may have been closed meanwhile.
                Ok(shares) => drop(list.try_set(Some(shares))),
                Err(problem) => desk.notices.bad(problem.message),
            }
        });
    };
    Effect::new(move |_| load());
    let label = RwSignal::new("Partner".to_string());
    let guest = RwSignal::new(String::new());
    let days = RwSignal::new("14".to_string());
    let password = RwSignal::new(String::new());
    let allowed = Allow::ALL.map(|a| (a, RwSignal::new(matches!(a, Allow::Measure | Allow::Section))));
    // Bodies as they are when the dialog is opened; all of them chosen means: also those that come later.
    let bodies = desk.scene.with_untracked(|scene| {
        let all = scene.iter().flat_map(|s| &s.bodies).map(|b| (b.name.clone(), b.label.clone(), RwSignal::new(true)));
        all.collect::<Vec<_>>()
    });
    let bodies = StoredValue::new(bodies);
    let attempt = Attempt::default();
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let chosen = bodies.with_value(|all| {
            let on = all.iter().filter(|(.., on)| on.get_untracked()).map(|(name, ..)| name.clone());
            let on: BTreeSet<String> = on.collect();
            (on.len() < all.len()).then_some(on)
        });
        let request = CreateShare {
            label: label.get_untracked(),
            days: days.get_untracked().parse().unwrap_or(14),
            guest: Some(guest.get_untracked()).filter(|g| !g.trim().is_empty()),
            password: Some(password.get_untracked()).filter(|p| !p.is_empty()),
            allow: allowed.iter().filter(|(_, on)| on.get_untracked()).map(|(a, _)| *a).collect(),
            bodies: chosen,
        };
        let asked = desk.client.with_value(|c| desk.id.with_value(|id| c.create_share(id, &request)));
        attempt.send(asked, move |share| {
            password.set(String::new());
            made.set(share.link);
            load();
        });
    };
    let revoke = move |id: String| {
        let client = desk.client.get_value();
        leptos::task::spawn_local(async move {
            match client.revoke_share(&id).await {
                Ok(_) => desk.notices.good("The link is revoked; open views close."),
                Err(problem) => desk.notices.bad(problem.message),
            }
            load();
        });
    };
    let row = move |s: Share| {
        let (over, rests) = (is_over(&s, now()), rests(&s, now()));
        let state = state(&s, now());
        let id = s.id.clone();
        view! {
            <li class="list-row" class:faded=over || rests data-testid="share-row">
                <Icon glyph=Glyph::Link />
                <div class="grow">
                    <strong>{s.label.clone()}</strong>
                    {s.guest.clone().map(|g| view! { <span class="soft">" for "{g}</span> })}
                    <p class="soft">{format!("{state} · {}", opened(s.views))}</p>
                    <p class="soft">{terms(&s)}</p>
                    {rests.then(|| view! { <p class="note" data-testid="share-rests">{RESTS}</p> })}
                    <Views share=s.id.clone() />
                </div>
                {(!over)
                    .then(|| {
                        view! {
                            <button
                                type="button" class="button small" data-testid="revoke"
                                on:click=move |_| revoke(id.clone())
                            >
                                "Revoke"
                            </button>
                        }
                    })}
            </li>
        }
    };
    let day_options: Vec<(String, String)> =
        [("1", "1 day"), ("14", "14 days"), ("90", "90 days")].map(|(k, l)| (k.into(), l.into())).to_vec();
    view! {
        <p class="soft">
            "A link lets anyone look at what you choose, without an account and without changing anything. What you leave out \
             never leaves the server."
        </p>
        <form class="share-form" on:submit=submit novalidate>
            <Field label="For" name="label" value=label hint="As you will find it in this list" problem=attempt.problem />
            <Select label="Valid for" name="days" value=days options=day_options />
            <Field
                label="Only this person (optional)" name="guest" value=guest required=false
                hint="By this name they comment and are on record" problem=attempt.problem
            />
            <Field
                label="Password (optional)" name="password" kind="password" value=password required=false autocomplete="new-password"
                hint="Needed for one person" problem=attempt.problem
            />
            <div class="share-allow" role="group" aria-label="They may">
                <span class="label">"They may"</span>
                {choice(&allowed, false)}
            </div>
            <div class="share-allow" role="group" aria-label="They may download">
                <span class="label">"Download as"</span>
                {choice(&allowed, true)}
            </div>
            {bodies
                .with_value(|all| {
                    (all.len() > 1)
                        .then(|| {
                            view! {
                                <details class="share-bodies">
                                    <summary data-testid="share-bodies">
                                        {
                                            let all = all.clone();
                                            move || {
                                                let n = all.iter().filter(|(.., on)| on.get()).count();
                                                if n == all.len() { "All bodies, also later ones".to_owned() } else { format!("{n} of {} bodies", all.len()) }
                                            }
                                        }
                                    </summary>
                                    <div class="choices">
                                        {all
                                            .iter()
                                            .map(|(name, label, on)| {
                                                let on = *on;
                                                view! {
                                                    <label class="check">
                                                        <input
                                                            type="checkbox" prop:checked=move || on.get() data-testid="share-body" data-name=name.clone()
                                                            on:change=move |e| on.set(event_target_checked(&e))
                                                        />
                                                        <span>{label.clone()}</span>
                                                    </label>
                                                }
                                            })
                                            .collect_view()}
                                    </div>
                                    <p class="note bad-text">{move || attempt.problem.get().filter(|p| p.field.as_deref() == Some("bodies")).map(|p| p.message)}</p>
                                </details>
                            }
                        })
                })}
            <div class="share-make"><Submit label="Make link" attempt=attempt testid="share-create" /></div>
        </form>
        {move || {
            made.get()
                .map(|url| {
                    let copied = url.clone();
                    view! {
                        <div class="copy-row">
                            <input class="input" readonly=true aria-label="Link" data-testid="share-link" prop:value=url />
                            <button
                                type="button" class="button primary" data-testid="share-copy"
                                on:click=move |_| {
                                    copy(&copied);
                                    desk.notices.good("Copied.");
                                }
                            >
                                <Icon glyph=Glyph::Copy />"Copy"
                            </button>
                        </div>
                        <p class="note">"Shown only now. Anyone who has it can look until it ends or you revoke it."</p>
                    }
                })
        }}
        <ul class="list" data-testid="shares">
            {move || {
                let list = list.get().unwrap_or_default();
                if list.is_empty() {
                    return view! { <li class="soft">"No links yet."</li> }.into_any();
                }
                let (earlier, listed): (Vec<Share>, Vec<Share>) = list.into_iter().partition(|s| is_earlier(s, now()));
                let rows = move |list: Vec<Share>| list.into_iter().map(row).collect_view();
                view! {
                    {rows(listed)}
                    {(!earlier.is_empty())
                        .then(|| {
                            view! {
                                <li>
                                    <details data-testid="share-earlier">
                                        <summary class="soft">{format!("Ended earlier ({})", earlier.len())}</summary>
                                        <ul class="list">{rows(earlier)}</ul>
                                    </details>
                                </li>
                            }
                        })}
                }
                    .into_any()
            }}
        </ul>
    }
    .into_any()
}

/// Boxes to tick: the formats of files, or the rest.
fn choice(allowed: &[(Allow, RwSignal<bool>)], forms: bool) -> impl IntoView + use<> {
    let shown = allowed.iter().copied().filter(|(a, _)| a.is_form() == forms);
    shown
        .map(|(allow, on)| {
            view! {
                <label class="check">
                    <input
                        type="checkbox" prop:checked=move || on.get() data-testid=format!("share-allow-{}", allow.word())
                        on:change=move |e| on.set(event_target_checked(&e))
                    />
                    <span>{allow.label()}</span>
                </label>
            }
        })
        .collect_view()
}

const RESTS: &str = "Whoever made it may not share this design now, so it opens for nobody. It works again when they may; others \
                     make a link of their own.";

fn is_over(share: &Share, now: i64) -> bool {
    share.revoked || share.expires < now
}

/// Whether a link ended so long ago that only its record is of interest.
fn is_earlier(share: &Share, now: i64) -> bool {
    share.expires < now - RECENT_DAYS * 86_400_000
}

/// Whether it is to be said that a link rests: one that is over does not come back with its maker's right.
fn rests(share: &Share, now: i64) -> bool {
    share.rests && !is_over(share, now)
}

/// How a link stands, in words.
fn state(share: &Share, now: i64) -> String {
    if share.revoked {
        "revoked".to_owned()
    } else if is_over(share, now) {
        format!("ended {}", day(share.expires))
    } else if share.rests {
        format!("resting · until {}", day(share.expires))
    } else {
        format!("until {}", day(share.expires))
    }
}

/// How often a link was opened, in words.
fn opened(n: u64) -> String {
    match n {
        0 => "not opened yet".to_owned(),
        1 => "opened once".to_owned(),
        n => format!("opened {n} times"),
    }
}

/// What a link gives, in words.
fn terms(share: &Share) -> String {
    let mut parts = Vec::new();
    parts.push(match &share.bodies {
        None => "all bodies".to_owned(),
        Some(bodies) if bodies.len() == 1 => "one body".to_owned(),
        Some(bodies) => format!("{} bodies", bodies.len()),
    });
    if share.locked {
        parts.push("password".to_owned());
    }
    let labels = |forms: bool| {
        let labels: Vec<&str> = share.allow.iter().filter(|a| a.is_form() == forms).map(|a| a.label()).collect();
        (!labels.is_empty()).then(|| labels.join(", "))
    };
    parts.push(labels(false).map_or("looking only".to_owned(), |tools| tools.to_lowercase()));
    parts.extend(labels(true).map(|forms| format!("download as {forms}")));
    parts.join(" · ")
}

/// A line of a link's record, in words.
fn line(view: &ShareView, now: i64) -> String {
    let what = match view.what.as_str() {
        "opened" => format!("opened version {}", view.sequence),
        "saw" => match view.first {
            Some(first) => format!("saw versions {first} to {}", view.sequence),
            None => format!("saw version {}", view.sequence),
        },
        "commented" => "commented".to_owned(),
        "refused" => "gave a wrong password".to_owned(),
        form => format!("downloaded version {} as {}", view.sequence, form.to_uppercase()),
    };
    let parts = [ago(view.time, now), what, view.device.clone(), view.address.clone()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// Who used a link, asked for when it is opened, a page at a time.
#[component]
fn Views(share: String) -> impl IntoView {
    let desk = use_desk();
    let views = RwSignal::new(None::<Vec<ShareView>>);
    let next = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<Problem>);
    let share = StoredValue::new(share);
    // An answer that comes after the list was closed, or asked for again, is of another turn.
    let turn = StoredValue::new(0_u32);
    let is_busy = StoredValue::new(false);
    let load = move || {
        if is_busy.get_value() {
            return;
        }
        is_busy.set_value(true);
        let own = turn.get_value();
        let asked = desk
            .client
            .with_value(|c| share.with_value(|id| next.with_untracked(|after| c.share_views(id, after.as_deref()))));
        leptos::task::spawn_local(async move {
            // Where the dialog was closed meanwhile, nothing is there to be set.
            let answer = asked.await;
            if turn.try_get_value() != Some(own) {
                return;
            }
            is_busy.set_value(false);
            match answer {
                Ok(page) => {
                    let _ = problem.try_set(None);
                    let _ = next.try_set(page.next);
                    let _ = views.try_update(|views| views.get_or_insert_default().extend(page.items));
                }
                Err(why) => drop(problem.try_set(Some(why))),
            }
        });
    };
    let is_open = RwSignal::new(false);
    let toggle = move |_| {
        is_open.update(|open| *open = !*open);
        turn.update_value(|n| *n += 1);
        is_busy.set_value(false);
        views.set(None);
        next.set(None);
        problem.set(None);
        if is_open.get_untracked() {
            load();
        }
    };
    view! {
        <button type="button" class="link small" data-testid="share-views" aria-expanded=move || is_open.get().to_string() on:click=toggle>
            {move || if is_open.get() { "Hide who looked" } else { "Who looked" }}
        </button>
        {move || match views.get().filter(|_| is_open.get()) {
            None => ().into_any(),
            Some(all) if all.is_empty() => view! { <p class="soft">"Nobody yet."</p> }.into_any(),
            Some(all) => {
                let lines = all.iter().map(|v| view! { <li>{line(v, now())}</li> }).collect_view();
                view! { <ol class="release-lines" data-testid="share-view-list">{lines}</ol> }.into_any()
            }
        }}
        {move || {
            next.with(Option::is_some)
                .then(|| {
                    view! {
                        <button type="button" class="link small" data-testid="share-views-more" on:click=move |_| load()>"Earlier"</button>
                    }
                })
        }}
        {move || problem.get().map(|problem| view! { <p class="soft">{problem.message}</p> })}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openings_are_counted_in_words() {
        assert_eq!([0, 1, 2].map(opened), ["not opened yet", "opened once", "opened 2 times"]);
    }

    fn share() -> Share {
        Share {
            id: "s".into(),
            label: "P".into(),
            created: 0,
            expires: 1_000,
            revoked: false,
            rests: false,
            views: 0,
            guest: None,
            locked: false,
            allow: BTreeSet::new(),
            bodies: None,
            link: None,
        }
    }

    #[test]
    fn a_link_that_rests_says_so_unless_it_is_over() {
        let resting = Share { rests: true, ..share() };
        assert!(rests(&resting, 0) && state(&resting, 0).starts_with("resting"));
        assert!(!rests(&share(), 0) && state(&share(), 0).starts_with("until"));
        assert!(!rests(&resting, 1_001) && state(&resting, 1_001).starts_with("ended"));
        let revoked = Share { revoked: true, ..resting };
        assert!(!rests(&revoked, 0) && state(&revoked, 0) == "revoked");
    }

    #[test]
    fn a_line_of_the_record_leaves_out_what_is_forgotten() {
        let view = ShareView {
            time: 0,
            what: "saw".into(),
            first: Some(3),
            sequence: 9,
            device: "Firefox on Linux".into(),
            address: "192.0.2.7".into(),
        };
        assert_eq!(line(&view, 90_000), "1 min ago · saw versions 3 to 9 · Firefox on Linux · 192.0.2.7");
        let forgotten = ShareView { device: String::new(), address: String::new(), what: "stl".into(), ..view };
        assert_eq!(line(&forgotten, 90_000), "1 min ago · downloaded version 9 as STL");
    }

    #[test]
    fn only_a_link_that_ended_long_ago_is_put_away() {
        let days = |n: i64| 1_000 + n * 86_400_000;
        assert!(!is_earlier(&share(), days(30)) && is_earlier(&share(), days(31)));
    }

    #[test]
    fn terms_say_what_a_link_gives() {
        let mut share = share();
        assert_eq!(terms(&share), "all bodies · looking only");
        share.locked = true;
        share.allow = BTreeSet::from([Allow::Stl, Allow::Measure, Allow::Step, Allow::Comment]);
        share.bodies = Some(BTreeSet::from(["a".into(), "b".into()]));
        assert_eq!(terms(&share), "2 bodies · password · measure, comment · download as STEP, STL");
    }
}
