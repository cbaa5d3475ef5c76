//! One's tokens: secrets for programs that act for oneself.

use crate::api::auth::{CreateToken, Scope, Token};
use crate::api::client::Client;
use crate::ui::{Attempt, Field, Glyph, Icon, Select, Submit, ago, copy, day, now, use_notices};
use leptos::prelude::*;

/// Word and explanation of a scope.
fn words(scope: Scope) -> (&'static str, &'static str) {
    match scope {
        Scope::Edit => ("edit", "make, change, comment on and arrange designs"),
        Scope::Run => ("run", "start, steer and cancel runs"),
        Scope::Share => ("share", "make and take back share links"),
    }
}

fn scope_list(scopes: &[Scope]) -> String {
    let mut all = vec!["read"];
    all.extend(scopes.iter().map(|s| words(*s).0));
    all.join(", ")
}

#[component]
pub fn Tokens() -> impl IntoView {
    let client = StoredValue::new(Client::current());
    let notices = use_notices();
    let turn = RwSignal::new(0);
    let asked = Client::current();
    let tokens = Resource::new(
        move || turn.get(),
        move |_| {
            let client = asked.clone();
            async move { client.tokens().await }
        },
    );
    let name = RwSignal::new(String::new());
    let days = RwSignal::new("90".to_string());
    let chosen = Scope::ALL.map(|s| (s, RwSignal::new(s != Scope::Share)));
    let made = RwSignal::new(None::<String>);
    let attempt = Attempt::default();
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let request = CreateToken {
            name: name.get_untracked(),
            scopes: chosen.iter().filter(|(_, on)| on.get_untracked()).map(|(s, _)| *s).collect(),
            days: days.get_untracked().parse().unwrap_or(90),
        };
        attempt.send(client.with_value(|c| c.create_token(&request)), move |token| {
            name.set(String::new());
            made.set(token.secret);
            turn.update(|t| *t += 1);
        });
    };
    let remove = move |id: String| {
        let client = client.get_value();
        leptos::task::spawn_local(async move {
            match client.delete_token(&id).await {
                Ok(_) => notices.good("The token is taken back."),
                Err(problem) => notices.bad(problem.message),
            }
            turn.update(|t| *t += 1);
        });
    };
    let day_options: Vec<(String, String)> =
        [("7", "7 days"), ("90", "90 days"), ("365", "a year")].map(|(k, l)| (k.into(), l.into())).to_vec();
    view! {
        <section class="panel-card" data-testid="tokens">
            <h2>"Tokens"</h2>
            <p class="soft token-note">
                "For scripts and the command line: a program with a token acts for you, within its scopes. It never decides about
                people, rights or lasting deletion. Everything the page does is in the "
                <a href="/api/docs" rel="external">"API's description"</a>"."
            </p>
            <form class="row-form" on:submit=submit novalidate>
                <Field label="For" name="name" value=name problem=attempt.problem />
                <Select label="Valid for" name="days" value=days options=day_options />
                <div><Submit label="Make token" attempt=attempt testid="token-create" /></div>
            </form>
            <div class="choices">
                {chosen
                    .map(|(scope, on)| {
                        let (word, what) = words(scope);
                        view! {
                            <label class="check">
                                <input
                                    type="checkbox" prop:checked=move || on.get() data-testid=format!("scope-{word}")
                                    on:change=move |e| on.set(event_target_checked(&e))
                                />
                                <span><strong>{word}</strong>" · "{what}</span>
                            </label>
                        }
                    })
                    .collect_view()}
            </div>
            {move || {
                made.get()
                    .map(|secret| {
                        let copied = secret.clone();
                        view! {
                            <div class="copy-row">
                                <input class="input" readonly=true aria-label="Token" data-testid="token-secret" prop:value=secret />
                                <button
                                    type="button" class="button primary"
                                    on:click=move |_| {
                                        copy(&copied);
                                        notices.good("Copied.");
                                    }
                                >
                                    <Icon glyph=Glyph::Copy />"Copy"
                                </button>
                            </div>
                            <p class="note">"Shown only now. Whoever has it can do what it may until it ends or you take it back."</p>
                        }
                    })
            }}
            <Transition fallback=|| view! { <div class="table-wait" aria-busy="true"></div> }>
                <ul class="list">
                    {move || match tokens.get() {
                        None => ().into_any(),
                        Some(Err(problem)) => view! { <li class="fault" role="alert">{problem.message}</li> }.into_any(),
                        Some(Ok(list)) if list.is_empty() => view! { <li class="soft">"No tokens yet."</li> }.into_any(),
                        Some(Ok(list)) => {
                            list.into_iter()
                                .map(|t| view! { <TokenRow token=t on_remove=Callback::new(remove) /> })
                                .collect_view()
                                .into_any()
                        }
                    }}
                </ul>
            </Transition>
        </section>
    }
    .into_any()
}

#[component]
fn TokenRow(token: Token, on_remove: Callback<String>) -> impl IntoView {
    let over = token.expires < now();
    let until = if over { format!("ended {}", day(token.expires)) } else { format!("until {}", day(token.expires)) };
    let used = token.used.map_or_else(|| "never used".into(), |t| format!("used {}", ago(t, now())));
    let id = token.id.clone();
    view! {
        <li class="list-row" class:faded=over data-testid="token-row">
            <Icon glyph=Glyph::Link />
            <div class="grow">
                <strong>{token.name.clone()}</strong>
                <p class="soft">{format!("{} · {until} · {used}", scope_list(&token.scopes))}</p>
            </div>
            <button type="button" class="button small" data-testid="token-remove" on:click=move |_| on_remove.run(id.clone())>
                {if over { "Remove" } else { "Take back" }}
            </button>
        </li>
    }
    .into_any()
}
