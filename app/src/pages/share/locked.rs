//! The door of a link that opens with a password.

use super::Mark;
use crate::api::client::Client;
use crate::api::share::Unlock;
use crate::ui::{Attempt, Field, Submit};
use leptos::prelude::*;

#[component]
pub fn Locked(token: String) -> impl IntoView {
    let password = RwSignal::new(String::new());
    let attempt = Attempt::default();
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let asked = Client::current().unlock_share(&token, &Unlock { password: password.get_untracked() });
        // The page as it is for those who may look.
        attempt.send(asked, |_| drop(window().location().reload()));
    };
    view! {
        <main class="session" data-testid="share-locked">
            <div class="session-card">
                <div class="brand large"><Mark />"Brunel"</div>
                <h1>"This link opens with a password"</h1>
                <p class="soft">"The person who sent the link has it. This browser is then let in for a day."</p>
                <form on:submit=submit novalidate>
                    <Field label="Password" name="password" kind="password" value=password autofocus=true problem=attempt.problem />
                    <Submit label="Open" attempt=attempt testid="share-unlock" />
                </form>
            </div>
        </main>
    }
    .into_any()
}
