//! The door of a link that opens with a password.

use super::Mark;
use crate::api::Problem;
use crate::api::client::Client;
use crate::api::share::Unlock;
use crate::ui::{Field, Submit};
use leptos::prelude::*;

#[component]
pub fn Locked(token: String) -> impl IntoView {
    let password = RwSignal::new(String::new());
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let (client, token) = (Client::current(), token.clone());
        let request = Unlock { password: password.get_untracked() };
        leptos::task::spawn_local(async move {
            match client.unlock_share(&token, &request).await {
                // The page as it is for those who may look.
                Ok(_) => drop(window().location().reload()),
                Err(p) => problem.set(Some(p)),
            }
            busy.set(false);
        });
    };
    view! {
        <main class="session" data-testid="share-locked">
            <div class="session-card">
                <div class="brand large"><Mark />"Brunel"</div>
                <h1>"This link opens with a password"</h1>
                <p class="soft">"The person who sent the link has it. This browser is then let in for a day."</p>
                <form on:submit=submit novalidate>
                    <Field label="Password" name="password" kind="password" value=password autofocus=true problem=problem />
                    <Submit label="Open" busy=busy problem=problem testid="share-unlock" />
                </form>
            </div>
        </main>
    }
    .into_any()
}
