//! One's second factor: set up with an authenticator app, renewed, taken away.

use super::frame::{Fault, use_me, use_session};
use crate::api::auth::{Factor, FactorCode, FactorPassword, FactorSetup};
use crate::api::client::Client;
use crate::ui::{Attempt, Field, Glyph, Icon, Submit, copy, day, use_notices};
use leptos::prelude::*;

/// What the section asks for now.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Rest,
    /// The password, before a secret is made.
    Password,
    /// The app's first code.
    Setup(FactorSetup),
    /// Recovery codes, shown this once.
    Codes(Vec<String>),
    /// Password and code, to renew the recovery codes.
    Renew,
    /// Password and code, to take it away.
    Remove,
}

/// The state of the section. Copies are handles on the same state.
#[derive(Clone, Copy)]
struct Door {
    client: StoredValue<Client>,
    step: RwSignal<Step>,
    password: RwSignal<String>,
    code: RwSignal<String>,
    attempt: Attempt,
    /// Raised to read anew how things stand.
    turn: RwSignal<u32>,
}

impl Door {
    fn go(self, step: Step) {
        self.attempt.problem.set(None);
        self.code.set(String::new());
        self.step.set(step);
    }

    /// Done with the password, too.
    fn arrive(self, step: Step) {
        self.password.set(String::new());
        self.go(step);
        self.turn.update(|t| *t += 1);
    }

    fn begin(self) {
        let request = FactorPassword { password: self.password.get_untracked() };
        let asked = self.client.with_value(|c| c.begin_factor(&request));
        self.attempt.send(asked, move |setup| self.go(Step::Setup(setup)));
    }

    fn send(self) {
        let (client, step) = (self.client.get_value(), self.step.get_untracked());
        let request = FactorCode { password: self.password.get_untracked(), code: self.code.get_untracked() };
        let asked = async move {
            Ok(match step {
                Step::Renew => Step::Codes(client.renew_recovery(&request).await?.codes),
                Step::Remove => client.remove_factor(&request).await.map(|_| Step::Rest)?,
                _ => Step::Codes(client.confirm_factor(&request).await?.codes),
            })
        };
        self.attempt.send(asked, move |step| self.arrive(step));
    }
}

#[component]
pub fn SecondFactor() -> impl IntoView {
    let empty = || RwSignal::new(String::new());
    let door = Door {
        client: StoredValue::new(Client::current()),
        step: RwSignal::new(Step::Rest),
        password: empty(),
        code: empty(),
        attempt: Attempt::default(),
        turn: RwSignal::new(0),
    };
    let standing = Resource::new(
        move || door.turn.get(),
        move |_| {
            let client = door.client.get_value();
            async move { client.factor().await }
        },
    );
    let must = use_me().must_enrol;
    view! {
        <section class="panel-card" data-testid="factor">
            <h2>"Second factor"</h2>
            {must
                .then(|| {
                    view! {
                        <div class="callout bad" role="alert" data-testid="factor-needed">
                            <Icon glyph=Glyph::Warning />
                            <p>"This installation asks everyone for a second factor. Set yours up here; then everything else opens."</p>
                        </div>
                    }
                })}
            <Transition fallback=|| view! { <p class="soft">"Loading…"</p> }>
                {move || {
                    standing
                        .get()
                        .map(|found| match found {
                            Err(problem) => view! { <Fault problem=problem /> }.into_any(),
                            Ok(standing) => view! { <Body door=door standing=standing /> }.into_any(),
                        })
                }}
            </Transition>
        </section>
    }
    .into_any()
}

#[component]
fn Body(door: Door, standing: Factor) -> impl IntoView {
    move || match door.step.get() {
        Step::Rest => view! { <Rest door=door standing=standing.clone() /> }.into_any(),
        Step::Password => view! { <Ask door=door label="Go on" /> }.into_any(),
        Step::Setup(setup) => view! { <Setup door=door setup=setup /> }.into_any(),
        Step::Renew => view! { <Ask door=door label="Make new codes" /> }.into_any(),
        Step::Remove => view! { <Ask door=door label="Take it away" /> }.into_any(),
        Step::Codes(codes) => view! { <Codes door=door codes=codes /> }.into_any(),
    }
}

#[component]
fn Rest(door: Door, standing: Factor) -> impl IntoView {
    let Some(since) = standing.since else {
        return view! {
            <p class="soft">
                "An authenticator app on your phone makes a code that changes every half a minute. With it, a password alone does \
                 not sign in as you."
            </p>
            <button type="button" class="button" data-testid="factor-begin" on:click=move |_| door.go(Step::Password)>
                <Icon glyph=Glyph::Add />"Set it up"
            </button>
        }
        .into_any();
    };
    let few = standing.n_recovery < 3;
    view! {
        <p data-testid="factor-on">
            <span class="good-text"><Icon glyph=Glyph::Check size=14 />{format!("On since {}.", day(since))}</span>
        </p>
        <p class="soft" class:bad-text=few>
            {match standing.n_recovery {
                1 => "One recovery code is left for when the app is lost.".to_owned(),
                n => format!("{n} recovery codes are left for when the app is lost."),
            }}
        </p>
        <div class="button-row">
            <button type="button" class="button" data-testid="factor-renew" on:click=move |_| door.go(Step::Renew)>
                "New recovery codes"
            </button>
            <button type="button" class="button danger" data-testid="factor-remove" on:click=move |_| door.go(Step::Remove)>
                "Take it away"
            </button>
        </div>
    }
    .into_any()
}

/// The password, and a code where there is a factor already.
#[component]
fn Ask(door: Door, label: &'static str) -> impl IntoView {
    let first = door.step.with_untracked(|step| *step == Step::Password);
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        if first { door.begin() } else { door.send() }
    };
    view! {
        <form on:submit=submit method="post" novalidate>
            <Field
                label="Your password" name="password" kind="password" value=door.password autocomplete="current-password"
                autofocus=true problem=door.attempt.problem
            />
            {(!first)
                .then(|| {
                    view! {
                        <Field label="Code of the app, or a recovery code" name="code" value=door.code autocomplete="one-time-code" problem=door.attempt.problem />
                    }
                })}
            <div class="button-row">
                <Submit label=label attempt=door.attempt testid="factor-go" />
                <button type="button" class="button" on:click=move |_| door.arrive(Step::Rest)>"Cancel"</button>
            </div>
        </form>
    }
    .into_any()
}

#[component]
fn Setup(door: Door, setup: FactorSetup) -> impl IntoView {
    // The quiet zone around a QR code: four units. Source: ISO/IEC 18004, 6.3.8.
    let side = setup.size + 8;
    let frame = format!("-4 -4 {side} {side}");
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        door.send();
    };
    view! {
        <ol class="factor-steps">
            <li>
                <p>"Scan this with an authenticator app."</p>
                <svg class="factor-code" viewBox=frame role="img" aria-label="QR code of the secret" data-testid="factor-code">
                    <rect x="-4" y="-4" width=side height=side fill="#fff" />
                    <path d=setup.path fill="#000" shape-rendering="crispEdges" />
                </svg>
                <p class="soft">"Or type the secret: "<code class="mono" data-testid="factor-secret">{setup.secret}</code></p>
            </li>
            <li>
                <p>"Give the code that it shows."</p>
                <form on:submit=submit method="post" novalidate>
                    <Field label="Code" name="code" value=door.code autocomplete="one-time-code" autofocus=true problem=door.attempt.problem />
                    <div class="button-row">
                        <Submit label="Turn it on" attempt=door.attempt testid="factor-confirm" />
                        <button type="button" class="button" on:click=move |_| door.arrive(Step::Rest)>"Cancel"</button>
                    </div>
                </form>
            </li>
        </ol>
    }
    .into_any()
}

#[component]
fn Codes(door: Door, codes: Vec<String>) -> impl IntoView {
    let notices = use_notices();
    let session = use_session();
    let text = StoredValue::new(codes.join("\n"));
    let done = move |_| {
        let client = door.client.get_value();
        door.arrive(Step::Rest);
        // What was closed until now opens.
        leptos::task::spawn_local(async move { session.learn(&client).await });
    };
    view! {
        <p>"Keep these recovery codes where your phone is not. Each signs you in once. They are shown only now."</p>
        <ul class="factor-codes mono" data-testid="factor-codes">{codes.into_iter().map(|c| view! { <li>{c}</li> }).collect_view()}</ul>
        <div class="button-row">
            <button
                type="button" class="button"
                on:click=move |_| {
                    text.with_value(|t| copy(t));
                    notices.good("Copied.");
                }
            >
                <Icon glyph=Glyph::Copy />"Copy"
            </button>
            <button type="button" class="button primary" data-testid="factor-kept" on:click=done>"I have kept them"</button>
        </div>
    }
    .into_any()
}
