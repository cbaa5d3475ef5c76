//! Signing in and up, joining by invitation, setting a new password.

use super::frame::{Mark, use_session};
use crate::api::auth::{LogIn, PASSWORD_CHARS_MIN, Policy, Reset, SignUp, SignUpPolicy};
use crate::api::client::Client;
use crate::ui::{Attempt, Field, Glyph, Icon, Submit};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::hooks::{use_navigate, use_params_map, use_query_map};

/// A small card in the middle of an empty page.
#[component]
fn Card(#[prop(into)] title: String, #[prop(into)] text: String, children: Children) -> impl IntoView {
    view! {
        <Title text=title.clone() />
        <main class="session">
            <div class="session-card">
                <div class="brand large"><Mark />"Brunel"</div>
                <h1>{title}</h1>
                <p class="soft">{text}</p>
                {children()}
            </div>
        </main>
    }
    .into_any()
}

/// What the installation says about signing in, or nothing while it is unknown.
fn use_policy() -> Resource<Option<Policy>> {
    let client = Client::current();
    Resource::new(
        || (),
        move |()| {
            let client = client.clone();
            async move { client.policy().await.ok() }
        },
    )
}

/// Why signing in cannot work on this connection, when it cannot.
#[component]
fn Insecure(policy: Resource<Option<Policy>>) -> impl IntoView {
    view! {
        <Suspense fallback=|| ()>
            {move || {
                policy
                    .get()
                    .flatten()
                    .and_then(|p| p.insecure)
                    .map(|why| {
                        view! {
                            <div class="callout bad" role="alert" data-testid="insecure">
                                <Icon glyph=Glyph::Warning />
                                <p>{why}</p>
                            </div>
                        }
                    })
            }}
        </Suspense>
    }
    .into_any()
}

/// Where to go after signing in: only a path of this site, never an address from outside.
fn next_path(query: Option<String>) -> String {
    query.filter(|n| n.starts_with('/') && !n.starts_with("//") && !n.contains('\\')).unwrap_or_else(|| "/".into())
}

#[component]
pub fn LogInPage() -> impl IntoView {
    let policy = use_policy();
    let session = use_session();
    let query = use_query_map();
    let deps = StoredValue::new((Client::current(), use_navigate()));
    let [email, password, code] = [(); 3].map(|()| RwSignal::new(String::new()));
    // The password was right, and a code is asked for besides.
    let asked = RwSignal::new(false);
    let attempt = Attempt::default();
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let code = Some(code.get_untracked()).filter(|c| asked.get_untracked() && !c.trim().is_empty());
        let request = LogIn { email: email.get_untracked(), password: password.get_untracked(), code };
        let (client, navigate) = deps.get_value();
        let let_in = async move {
            match client.login(&request).await {
                Ok(_) => {
                    session.learn(&client).await;
                    Ok(true)
                }
                // Asked once; pressed again without a code, it says so.
                Err(problem) if problem.code == "factor" && !asked.get_untracked() => Ok(false),
                Err(problem) => Err(problem),
            }
        };
        attempt.send(let_in, move |is_in| {
            if is_in {
                navigate(&next_path(query.with_untracked(|q| q.get("next"))), Default::default());
            } else {
                asked.set(true);
            }
        });
    };
    view! {
        <Card title="Sign in" text="Design, simulate and share parts with your team.">
            <Insecure policy=policy />
            <form on:submit=submit method="post" novalidate data-testid="login-form">
                <Field label="E-mail" name="email" kind="email" value=email autocomplete="username" autofocus=true
                    problem=attempt.problem />
                <Field label="Password" name="password" kind="password" value=password
                    autocomplete="current-password" problem=attempt.problem />
                <Show when=move || asked.get()>
                    <Field label="Code" name="code" value=code autocomplete="one-time-code" autofocus=true
                        hint="Of your authenticator app, or a recovery code" problem=attempt.problem />
                </Show>
                <Submit label="Sign in" attempt=attempt testid="login-submit" />
            </form>
            <Suspense fallback=|| ()>
                {move || {
                    policy
                        .get()
                        .flatten()
                        .map(|p| match (p.first, p.sign_up) {
                            (true, _) => {
                                view! {
                                    <p class="soft center">
                                        "Nobody has an account here yet. "
                                        <A href="/signup">"Create the first one"</A>
                                    </p>
                                }
                                    .into_any()
                            }
                            (_, SignUpPolicy::Open) => {
                                view! {
                                    <p class="soft center">"New here? " <A href="/signup">"Create an account"</A></p>
                                }
                                    .into_any()
                            }
                            (_, SignUpPolicy::Invitation) => {
                                view! { <p class="soft center">"New here? Ask a colleague for an invitation link."</p> }
                                    .into_any()
                            }
                            (_, SignUpPolicy::Closed) => {
                                view! { <p class="soft center">"New accounts are made by the administrator."</p> }
                                    .into_any()
                            }
                        })
                }}
            </Suspense>
            <p class="soft center">"Forgot the password? An administrator can make you a reset link."</p>
        </Card>
    }
    .into_any()
}

/// Name, e-mail, password; for founders also the organisation's name.
#[component]
fn SignUpForm(#[prop(optional, into)] invitation: Option<String>, founding: bool) -> impl IntoView {
    let session = use_session();
    let deps = StoredValue::new((Client::current(), use_navigate()));
    let [name, email, password, organisation] = [(); 4].map(|()| RwSignal::new(String::new()));
    let attempt = Attempt::default();
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        if name.with_untracked(|n| n.trim().is_empty()) {
            return attempt.fail("name", "Your colleagues need a name to know you by.");
        }
        if password.with_untracked(|p| p.chars().count()) < PASSWORD_CHARS_MIN {
            return attempt.fail("password", format!("Use at least {PASSWORD_CHARS_MIN} characters."));
        }
        let request = SignUp {
            email: email.get_untracked(),
            name: name.get_untracked(),
            password: password.get_untracked(),
            invitation: invitation.clone(),
            organisation: Some(organisation.get_untracked()).filter(|o| !o.trim().is_empty()),
        };
        let (client, navigate) = deps.get_value();
        let joined = async move {
            client.signup(&request).await?;
            session.learn(&client).await;
            Ok(())
        };
        attempt.send(joined, move |()| navigate("/", Default::default()));
    };
    view! {
        <form on:submit=submit method="post" novalidate data-testid="signup-form">
            <Field label="Name" name="name" value=name autocomplete="name" autofocus=true problem=attempt.problem />
            <Field label="E-mail" name="email" kind="email" value=email autocomplete="username"
                problem=attempt.problem />
            <Field label="Password" name="password" kind="password" value=password autocomplete="new-password"
                hint=format!("At least {PASSWORD_CHARS_MIN} characters. A sentence is easier to keep than a riddle.")
                problem=attempt.problem />
            {founding
                .then(|| {
                    view! {
                        <Field label="Organisation" name="organisation" value=organisation required=false
                            autocomplete="organization" hint="Your company or team." problem=attempt.problem />
                    }
                })}
            <Submit label="Create account" attempt=attempt testid="signup-submit" />
        </form>
    }
    .into_any()
}

#[component]
pub fn SignUpPage() -> impl IntoView {
    let policy = use_policy();
    let query = use_query_map();
    view! {
        <Card title="Create an account" text="">
            <Insecure policy=policy />
            <Suspense fallback=|| view! { <div class="form-wait"></div> }>
                {move || {
                    policy
                        .get()
                        .map(|p| {
                            let first = p.as_ref().is_some_and(|p| p.first);
                            let open = p.as_ref().is_none_or(|p| p.sign_up == SignUpPolicy::Open);
                            let invitation = query.with(|q| q.get("invitation"));
                            if first || open || invitation.is_some() {
                                view! {
                                    {first
                                        .then(|| {
                                            view! {
                                                <div class="callout" data-testid="first-user">
                                                    <Icon glyph=Glyph::Info />
                                                    <p>
                                                        "You are the first here: this account becomes the administrator,
                                                        who invites the others."
                                                    </p>
                                                </div>
                                            }
                                        })}
                                    {match invitation {
                                        Some(token) => {
                                            view! { <SignUpForm invitation=token founding=false /> }.into_any()
                                        }
                                        None => view! { <SignUpForm founding=true /> }.into_any(),
                                    }}
                                }
                                    .into_any()
                            } else {
                                view! {
                                    <div class="callout" data-testid="signup-closed">
                                        <Icon glyph=Glyph::Info />
                                        <p>
                                            "New accounts need an invitation link here. Ask a colleague who is in already."
                                        </p>
                                    </div>
                                }
                                    .into_any()
                            }
                        })
                }}
            </Suspense>
            <p class="soft center">"Have an account? " <A href="/login">"Sign in"</A></p>
        </Card>
    }
    .into_any()
}

#[component]
pub fn InvitePage() -> impl IntoView {
    let policy = use_policy();
    let params = use_params_map();
    view! {
        <Card title="Join your team" text="You were invited. Make your account and you are in.">
            <Insecure policy=policy />
            {move || {
                let token = params.with(|p| p.get("token")).unwrap_or_default();
                view! { <SignUpForm invitation=token founding=false /> }
            }}
            <p class="soft center">"Have an account? " <A href="/login">"Sign in"</A></p>
        </Card>
    }
    .into_any()
}

#[component]
pub fn ResetPage() -> impl IntoView {
    let params = use_params_map();
    let deps = StoredValue::new((Client::current(), use_navigate()));
    let notices = crate::ui::use_notices();
    let [password, again] = [(); 2].map(|()| RwSignal::new(String::new()));
    let attempt = Attempt::default();
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        if password.with_untracked(|p| p.chars().count()) < PASSWORD_CHARS_MIN {
            return attempt.fail("password", format!("Use at least {PASSWORD_CHARS_MIN} characters."));
        }
        if password.get_untracked() != again.get_untracked() {
            return attempt.fail("again", "The two are not the same.");
        }
        let token = params.with_untracked(|p| p.get("token")).unwrap_or_default();
        let request = Reset { token, password: password.get_untracked() };
        let (client, navigate) = deps.get_value();
        attempt.send(client.reset(&request), move |_| {
            notices.good("The new password is set. Sign in with it.");
            navigate("/login", Default::default());
        });
    };
    view! {
        <Card title="Set a new password" text="All devices will be signed out.">
            <form on:submit=submit method="post" novalidate data-testid="reset-form">
                <Field label="New password" name="password" kind="password" value=password autofocus=true
                    autocomplete="new-password" problem=attempt.problem
                    hint=format!("At least {PASSWORD_CHARS_MIN} characters.") />
                <Field label="Once more" name="again" kind="password" value=again autocomplete="new-password"
                    problem=attempt.problem />
                <Submit label="Set password" attempt=attempt testid="reset-submit" />
            </form>
        </Card>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    #[test]
    fn never_leaves_the_site_after_login() {
        for (from, to) in [
            (Some("/design/a"), "/design/a"),
            (Some("//evil.example"), "/"),
            (Some("https://evil.example"), "/"),
            (Some("/\\evil.example"), "/"),
            (None, "/"),
        ] {
            assert_eq!(super::next_path(from.map(String::from)), to);
        }
    }
}
