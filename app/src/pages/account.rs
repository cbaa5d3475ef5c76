//! A person's own settings: password, devices, looks, navigation.

use super::factor::SecondFactor;
use super::frame::{Frame, Session, use_me};
use super::token::Tokens;
use crate::api::auth::{ChangePassword, PASSWORD_CHARS_MIN};
use crate::api::client::Client;
use crate::ui::{Attempt, Field, Glyph, Icon, Submit, Theme, ago, now, store, stored, use_notices, use_theme};
use crate::viewport::Navigation;
use leptos::prelude::*;

/// Key in the browser's storage of the mouse's preset.
const NAVIGATION_KEY: &str = "brunel-navigation";

/// The person's mouse preset; a matter of the device, so it stays in the browser.
pub fn navigation() -> Navigation {
    match stored(NAVIGATION_KEY).as_deref() {
        Some("blender") => Navigation::Blender,
        _ => Navigation::Brunel,
    }
}

#[component]
pub fn AccountPage() -> impl IntoView {
    view! {
        <Frame title="Account">
            <div class="narrow">
                <div class="page-head"><h1>"Account"</h1></div>
                <Who />
                <Looks />
                <Password />
                <SecondFactor />
                <Devices />
                <Tokens />
            </div>
        </Frame>
    }
    .into_any()
}

#[component]
fn Who() -> impl IntoView {
    let me = use_me();
    let role = format!("{:?}", me.role).to_lowercase();
    view! {
        <section class="panel-card">
            <h2>"You"</h2>
            <dl class="facts">
                <dt>"Name"</dt><dd>{me.name}</dd>
                <dt>"E-mail"</dt><dd>{me.email}</dd>
                <dt>"Organisation"</dt><dd>{me.organisation_name}</dd>
                <dt>"Role"</dt>
                <dd>{if me.administrator { format!("{role}, administrator") } else { role }}</dd>
            </dl>
        </section>
    }
    .into_any()
}

#[component]
fn Looks() -> impl IntoView {
    let theme = use_theme();
    let mouse = RwSignal::new(Navigation::Brunel);
    // Known only in the browser: read after waking up, so that both sides first draw the same.
    Effect::new(move |_| mouse.set(navigation()));
    let themes = [(Theme::System, "As the system"), (Theme::Light, "Light"), (Theme::Dark, "Dark")];
    let presets = [
        (Navigation::Brunel, "brunel", "Right drag orbits, middle drag pans"),
        (Navigation::Blender, "blender", "Middle drag orbits, Shift and middle drag pans"),
    ];
    view! {
        <section class="panel-card">
            <h2>"Looks and mouse"</h2>
            <div class="segmented" role="radiogroup" aria-label="Theme">
                {themes
                    .map(|(value, label)| {
                        view! {
                            <button
                                type="button" role="radio" data-testid=format!("theme-{}", value.key())
                                aria-checked=move || (theme.chosen.get() == value).to_string()
                                on:click=move |_| theme.chosen.set(value)
                            >
                                {label}
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
            <div class="choices" role="radiogroup" aria-label="Mouse in the viewport">
                {presets
                    .map(|(value, key, label)| {
                        view! {
                            <label class="check">
                                <input
                                    type="radio" name="navigation" data-testid=format!("navigation-{key}")
                                    prop:checked=move || mouse.get() == value
                                    on:change=move |_| {
                                        mouse.set(value);
                                        store(NAVIGATION_KEY, key);
                                    }
                                />
                                {label}
                            </label>
                        }
                    })
                    .collect_view()}
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Password() -> impl IntoView {
    let client = StoredValue::new(Client::current());
    let notices = use_notices();
    let [current, new] = [(); 2].map(|()| RwSignal::new(String::new()));
    let attempt = Attempt::default();
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        if new.with_untracked(|p| p.chars().count()) < PASSWORD_CHARS_MIN {
            return attempt.fail("new", format!("Use at least {PASSWORD_CHARS_MIN} characters."));
        }
        let request = ChangePassword { current: current.get_untracked(), new: new.get_untracked() };
        attempt.send(client.with_value(|c| c.change_password(&request)), move |_| {
            notices.good("The password is changed.");
            current.set(String::new());
            new.set(String::new());
        });
    };
    view! {
        <section class="panel-card">
            <h2>"Password"</h2>
            <form on:submit=submit method="post" novalidate>
                <Field label="Current password" name="current" kind="password" value=current
                    autocomplete="current-password" problem=attempt.problem />
                <Field label="New password" name="new" kind="password" value=new autocomplete="new-password"
                    problem=attempt.problem hint=format!("At least {PASSWORD_CHARS_MIN} characters.") />
                <Submit label="Change password" attempt=attempt testid="password-submit" />
            </form>
        </section>
    }
    .into_any()
}

#[component]
fn Devices() -> impl IntoView {
    let stored_client = StoredValue::new(Client::current());
    let notices = use_notices();
    let turn = RwSignal::new(0);
    let client = Client::current();
    let sessions = Resource::new(
        move || turn.get(),
        move |_| {
            let client = client.clone();
            async move { client.sessions().await }
        },
    );
    let end = move |id: String| {
        let client = stored_client.get_value();
        leptos::task::spawn_local(async move {
            if let Err(problem) = client.end_session(&id).await {
                notices.bad(problem.message);
            }
            turn.update(|t| *t += 1);
        });
    };
    let all = move |_| {
        let client = stored_client.get_value();
        leptos::task::spawn_local(async move {
            match client.logout_all().await {
                Ok(_) => Session::leave(),
                Err(problem) => notices.bad(problem.message),
            }
        });
    };
    view! {
        <section class="panel-card">
            <div class="section-head">
                <h2>"Devices"</h2>
                <span class="grow"></span>
                <button type="button" class="button small" data-testid="logout-all" on:click=all>
                    "Sign out everywhere"
                </button>
            </div>
            <Transition fallback=|| view! { <div class="table-wait" aria-busy="true"></div> }>
                <ul class="list" data-testid="devices">
                    {move || {
                        sessions
                            .get()
                            .and_then(Result::ok)
                            .unwrap_or_default()
                            .into_iter()
                            .map(|s| {
                                let id = s.id.clone();
                                view! {
                                    <li class="list-row">
                                        <Icon glyph=Glyph::Device />
                                        <div class="grow">
                                            <strong>{s.device.clone()}</strong>
                                            <p class="soft">
                                                {if s.current {
                                                    "this device".to_string()
                                                } else {
                                                    format!("last seen {}", ago(s.seen, now()))
                                                }}
                                            </p>
                                        </div>
                                        {(!s.current)
                                            .then(|| {
                                                view! {
                                                    <button
                                                        type="button" class="button small"
                                                        on:click=move |_| end(id.clone())
                                                    >
                                                        "Sign out"
                                                    </button>
                                                }
                                            })}
                                    </li>
                                }
                            })
                            .collect_view()
                    }}
                </ul>
            </Transition>
        </section>
    }
    .into_any()
}
