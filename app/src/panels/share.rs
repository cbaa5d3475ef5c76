//! Links for people without an account: make, copy, revoke.

use super::desk::use_desk;
use crate::api::Problem;
use crate::api::share::{CreateShare, Share};
use crate::ui::{Dialog, Field, Glyph, Icon, Select, Submit, copy, day, now};
use leptos::prelude::*;

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
                Ok(shares) => list.set(Some(shares)),
                Err(problem) => desk.notices.bad(problem.message),
            }
        });
    };
    Effect::new(move |_| load());
    let label = RwSignal::new("Partner".to_string());
    let days = RwSignal::new("14".to_string());
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let request = CreateShare { label: label.get_untracked(), days: days.get_untracked().parse().unwrap_or(14) };
        let (client, id) = (desk.client.get_value(), desk.id.get_value());
        leptos::task::spawn_local(async move {
            match client.create_share(&id, &request).await {
                Ok(share) => {
                    made.set(share.link);
                    load();
                }
                Err(p) => problem.set(Some(p)),
            }
            busy.set(false);
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
    let day_options: Vec<(String, String)> =
        [("1", "1 day"), ("14", "14 days"), ("90", "90 days")].map(|(k, l)| (k.into(), l.into())).to_vec();
    view! {
        <p class="soft">
            "A link lets anyone look, cut and measure, without an account and without changing anything."
        </p>
        <form class="row-form" on:submit=submit novalidate>
            <Field label="For" name="label" value=label problem=problem />
            <Select label="Valid for" name="days" value=days options=day_options />
            <div><Submit label="Make link" busy=busy problem=problem testid="share-create" /></div>
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
                list.into_iter()
                    .map(|s| {
                        let over = s.revoked || s.expires < now();
                        let state = if s.revoked {
                            "revoked".to_string()
                        } else if over {
                            format!("ended {}", day(s.expires))
                        } else {
                            format!("until {}", day(s.expires))
                        };
                        let id = s.id.clone();
                        view! {
                            <li class="list-row" class:faded=over data-testid="share-row">
                                <Icon glyph=Glyph::Link />
                                <div class="grow">
                                    <strong>{s.label.clone()}</strong>
                                    <p class="soft">{format!("{state} · opened {} times", s.views)}</p>
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
                    })
                    .collect_view()
                    .into_any()
            }}
        </ul>
    }
    .into_any()
}
