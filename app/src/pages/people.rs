//! Administration: members and their roles, groups of them, invitations, reset links, the sign-up policy; and who is in a
//! project, for those who manage it.

use super::frame::{Fault, Frame, use_me};
use crate::api::Problem;
use crate::api::auth::{Role, SignUpPolicy};
use crate::api::client::{Answering, Client};
use crate::api::organisation::{ChangeMember, ChangeOrganisation, Invitation, Invite, Member};
use crate::ui::{
    Attempt, Avatar, Dialog, Field, Glyph, Icon, Menu, Select, Submit, copy, day, open_about, use_notices,
};
use leptos::prelude::*;

mod compartment;
mod group;
mod project;

use group::Groups;
use project::Projects;
pub use project::{ProjectLink, ProjectPage};

pub(super) fn role_key(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Engineer => "engineer",
        Role::Reviewer => "reviewer",
        Role::Viewer => "viewer",
    }
}

fn role_from(key: &str) -> Role {
    match key {
        "owner" => Role::Owner,
        "reviewer" => Role::Reviewer,
        "viewer" => Role::Viewer,
        _ => Role::Engineer,
    }
}

const ROLES: [(Role, &str); 4] =
    [(Role::Owner, "Owner"), (Role::Engineer, "Engineer"), (Role::Reviewer, "Reviewer"), (Role::Viewer, "Viewer")];

/// What a role is called.
fn role_label(role: Role) -> &'static str {
    ROLES.iter().find(|(r, _)| *r == role).map_or("", |(_, label)| label)
}

fn role_options() -> Vec<(String, String)> {
    ROLES.map(|(r, l)| (role_key(r).into(), l.into())).to_vec()
}

#[component]
pub fn PeoplePage() -> impl IntoView {
    view! {
        <Frame title="People">
            <Administration />
        </Frame>
    }
    .into_any()
}

#[component]
fn Administration() -> impl IntoView {
    let me = use_me();
    if !me.administrator && me.role != Role::Owner {
        return view! {
            <div class="empty">
                <Icon glyph=Glyph::People size=24 />
                <h2>"Only owners of the organisation and administrators manage people"</h2>
                <p>"Ask one of them to invite someone or to change a role."</p>
            </div>
        }
        .into_any();
    }
    let turn = RwSignal::new(0);
    // A link is shown once: in a dialog, to be copied.
    let link = RwSignal::new(None::<(String, String)>);
    view! {
        <div class="page-head"><h1>"People"</h1></div>
        <Members turn=turn link=link />
        <Invitations turn=turn link=link />
        <Groups />
        <Projects />
        <Policy />
        <LinkDialog link=link />
    }
    .into_any()
}

/// "1 design", "3 designs".
fn count(n: u32, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// Where a form's field has another name than the API's: fields of one page need different ones.
fn at(field: &'static str) -> impl Fn(Problem) -> Problem {
    move |problem| Problem { field: problem.field.map(|_| field.to_owned()), ..problem }
}

/// Runs a request, says when it failed, and loads the lists again.
fn act<F>(turn: RwSignal<u32>, work: F)
where
    F: Future<Output = Result<(), Problem>> + 'static,
{
    let notices = use_notices();
    leptos::task::spawn_local(async move {
        if let Err(problem) = work.await {
            notices.bad(problem.message);
        }
        turn.update(|t| *t += 1);
    });
}

/// A box that is ticked for who is in something, and asks for the change itself: the list around it is not made anew, so that
/// the keyboard stays where it is.
#[component]
fn Tick(
    label: String,
    ticked: bool,
    testid: &'static str,
    ask: impl Fn(bool) -> Answering<serde_json::Value> + 'static,
) -> impl IntoView {
    let notices = use_notices();
    let on = RwSignal::new(ticked);
    let change = move |e: leptos::ev::Event| {
        let wanted = event_target_checked(&e);
        on.set(wanted);
        let asked = ask(wanted);
        leptos::task::spawn_local(async move {
            if let Err(problem) = asked.await {
                notices.bad(problem.message);
                // The dialog may have been closed meanwhile.
                on.try_set(!wanted);
            }
        });
    };
    view! {
        <input type="checkbox" prop:checked=move || on.get() aria-label=label data-testid=testid on:change=change />
    }
    .into_any()
}

#[component]
fn Members(turn: RwSignal<u32>, link: RwSignal<Option<(String, String)>>) -> impl IntoView {
    let client = Client::current();
    let members = Resource::new(
        move || turn.get(),
        move |_| {
            let client = client.clone();
            async move { client.members().await }
        },
    );
    view! {
        <section class="panel-card">
            <h2>"Members"</h2>
            <Transition fallback=|| view! { <div class="table-wait" aria-busy="true"></div> }>
                {move || {
                    members
                        .get()
                        .map(|m| match m {
                            Ok(members) => {
                                view! {
                                    <ul class="list" data-testid="members">
                                        {members
                                            .into_iter()
                                            .map(|m| view! { <MemberRow member=m turn=turn link=link /> })
                                            .collect_view()}
                                    </ul>
                                }
                                    .into_any()
                            }
                            Err(problem) => view! { <Fault problem=problem /> }.into_any(),
                        })
                }}
            </Transition>
        </section>
    }
    .into_any()
}

#[component]
fn MemberRow(member: Member, turn: RwSignal<u32>, link: RwSignal<Option<(String, String)>>) -> impl IntoView {
    let me = use_me();
    let client = StoredValue::new(Client::current());
    let notices = use_notices();
    let own = me.id == member.user;
    let user = StoredValue::new(member.user.clone());
    let name = StoredValue::new(member.name.clone());
    let change = move |change: ChangeMember| {
        let client = client.get_value();
        act(turn, async move { client.change_member(&user.get_value(), &change).await.map(drop) });
    };
    let reset = move |_| {
        let client = client.get_value();
        leptos::task::spawn_local(async move {
            match client.reset_link(&user.get_value()).await {
                Ok(made) => link.set(Some((format!("Password reset for {}", name.get_value()), made.link))),
                Err(problem) => notices.bad(problem.message),
            }
        });
    };
    let lost = move |_| {
        let client = client.get_value();
        act(turn, async move { client.reset_factor(&user.get_value()).await.map(drop) });
    };
    let (disabled, factor) = (member.disabled, member.factor);
    view! {
        <li class="list-row" class:faded=disabled data-testid="member-row" data-email=member.email.clone()>
            <Avatar name=member.name.clone() hue=member.hue />
            <div class="grow">
                <strong>{member.name.clone()}</strong>
                {own.then(|| view! { <span class="tag">"you"</span> })}
                {member.administrator.then(|| view! { <span class="tag">"administrator"</span> })}
                {disabled.then(|| view! { <span class="tag bad">"disabled"</span> })}
                {factor.then(|| view! { <span class="tag" data-testid="member-factor">"second factor"</span> })}
                <p class="soft">{member.email.clone()}" · since "{day(member.joined)}</p>
            </div>
            <select
                class="input auto" aria-label=format!("Role of {}", member.name) disabled=own data-testid="member-role"
                on:change=move |e| {
                    change(ChangeMember { role: Some(role_from(&event_target_value(&e))), disabled: None });
                }
            >
                {ROLES
                    .map(|(role, label)| {
                        view! { <option value=role_key(role) selected=role == member.role>{label}</option> }
                    })
                    .collect_view()}
            </select>
            <Menu
                button=|| view! { <Icon glyph=Glyph::More /> } label=format!("Actions for {}", member.name)
                testid="member-menu" class="icon-button" right=true
            >
                <button type="button" class="menu-item" role="menuitem" data-testid="reset-link" on:click=reset>
                    <Icon glyph=Glyph::Link />"Make a password reset link"
                </button>
                {(factor && !own)
                    .then(|| {
                        view! {
                            <button type="button" class="menu-item danger" role="menuitem" data-testid="reset-factor" on:click=lost>
                                <Icon glyph=Glyph::Remove />"Take away a lost second factor"
                            </button>
                        }
                    })}
                {(!own)
                    .then(|| {
                        view! {
                            <button
                                type="button" class="menu-item" class:danger=!disabled role="menuitem"
                                data-testid="toggle-disabled"
                                on:click=move |_| change(ChangeMember { role: None, disabled: Some(!disabled) })
                            >
                                <Icon glyph=if disabled { Glyph::Restore } else { Glyph::Close } />
                                {if disabled { "Enable again" } else { "Disable" }}
                            </button>
                        }
                    })}
            </Menu>
        </li>
    }
    .into_any()
}

#[component]
fn Invitations(turn: RwSignal<u32>, link: RwSignal<Option<(String, String)>>) -> impl IntoView {
    let client = Client::current();
    let invitations = Resource::new(
        move || turn.get(),
        move |_| {
            let client = client.clone();
            async move { client.invitations().await.unwrap_or_default() }
        },
    );
    let client = StoredValue::new(Client::current());
    let (email, role, days) =
        (RwSignal::new(String::new()), RwSignal::new("engineer".to_string()), RwSignal::new("7".to_string()));
    let attempt = Attempt::default();
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let invite = Invite {
            email: Some(email.get_untracked().trim().to_string()).filter(|e| !e.is_empty()),
            role: role_from(&role.get_untracked()),
            days: days.get_untracked().parse().unwrap_or(7),
        };
        attempt.send(client.with_value(|c| c.invite(&invite)), move |made| {
            email.set(String::new());
            if let Some(url) = made.link {
                link.set(Some(("Invitation".into(), url)));
            }
            turn.update(|t| *t += 1);
        });
    };
    let withdraw = move |id: String| {
        let client = client.get_value();
        act(turn, async move { client.delete_invitation(&id).await.map(drop) });
    };
    let day_options: Vec<(String, String)> =
        [("1", "1 day"), ("7", "7 days"), ("30", "30 days")].map(|(k, l)| (k.into(), l.into())).to_vec();
    view! {
        <section class="panel-card">
            <h2>"Invitations"</h2>
            <form class="row-form" on:submit=submit novalidate data-testid="invite-form">
                <Field label="E-mail" name="email" kind="email" value=email required=false problem=attempt.problem
                    hint="Leave empty for a link that anyone can use once." />
                <Select label="Role" name="role" value=role options=role_options() />
                <Select label="Valid for" name="days" value=days options=day_options />
                <div><Submit label="Make link" attempt=attempt testid="invite-submit" /></div>
            </form>
            <Transition fallback=|| ()>
                <ul class="list">
                    {move || {
                        invitations
                            .get()
                            .unwrap_or_default()
                            .into_iter()
                            .map(|i: Invitation| {
                                let id = i.id.clone();
                                view! {
                                    <li class="list-row" data-testid="invitation-row">
                                        <Icon glyph=Glyph::Link />
                                        <div class="grow">
                                            <strong>{i.email.clone().unwrap_or_else(|| "Anyone with the link".into())}</strong>
                                            <p class="soft">
                                                {format!("{} · until {}", role_key(i.role), day(i.expires))}
                                                {i.used.then_some(" · used")}
                                            </p>
                                        </div>
                                        {(!i.used)
                                            .then(|| {
                                                view! {
                                                    <button
                                                        type="button" class="button small"
                                                        on:click=move |_| withdraw(id.clone())
                                                    >
                                                        "Withdraw"
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

/// Who may make an account.
#[component]
fn Policy() -> impl IntoView {
    let turn = RwSignal::new(0);
    let client = Client::current();
    let organisation = Resource::new(
        move || turn.get(),
        move |_| {
            let client = client.clone();
            async move { client.organisation().await.ok() }
        },
    );
    let client = StoredValue::new(Client::current());
    let choices = [
        (SignUpPolicy::Open, "open", "Open", "Anyone who reaches this page."),
        (SignUpPolicy::Invitation, "invitation", "By invitation", "Only with a link from someone inside."),
        (SignUpPolicy::Closed, "closed", "Closed", "Nobody, also not with an old link."),
    ];
    view! {
        <section class="panel-card">
            <h2>"Who may sign up"</h2>
            <Transition fallback=|| ()>
                <div class="choices" role="radiogroup" aria-label="Who may sign up">
                    {move || {
                        organisation
                            .get()
                            .flatten()
                            .map(|o| {
                                choices
                                    .map(|(policy, key, label, help)| {
                                        view! {
                                            <label class="check">
                                                <input
                                                    type="radio" name="sign_up" checked=o.sign_up == policy
                                                    data-testid=format!("policy-{key}")
                                                    on:change=move |_| {
                                                        let client = client.get_value();
                                                        act(turn, async move {
                                                            let change = ChangeOrganisation { sign_up: Some(policy), ..Default::default() };
                                                            client.change_organisation(&change).await.map(drop)
                                                        });
                                                    }
                                                />
                                                <span><strong>{label}</strong>" "<span class="soft">{help}</span></span>
                                            </label>
                                        }
                                    })
                                    .collect_view()
                            })
                    }}
                </div>
                <h3>"Second factor"</h3>
                {move || {
                    organisation
                        .get()
                        .flatten()
                        .map(|o| {
                            view! {
                                <label class="check">
                                    <input
                                        type="checkbox" checked=o.factor data-testid="require-factor"
                                        on:change=move |e| {
                                            let client = client.get_value();
                                            let factor = Some(event_target_checked(&e));
                                            act(turn, async move {
                                                let change = ChangeOrganisation { factor, ..Default::default() };
                                                client.change_organisation(&change).await.map(drop)
                                            });
                                        }
                                    />
                                    <span>
                                        <strong>"Everyone needs one"</strong>" "
                                        <span class="soft">"Who has none can do nothing but set it up. Set up your own first."</span>
                                    </span>
                                </label>
                            }
                        })
                }}
            </Transition>
        </section>
    }
    .into_any()
}

/// A link that is shown once.
#[component]
fn LinkDialog(link: RwSignal<Option<(String, String)>>) -> impl IntoView {
    let open = open_about(link);
    let notices = use_notices();
    let url = Signal::derive(move || link.with(|l| l.as_ref().map(|l| l.1.clone()).unwrap_or_default()));
    let title = Signal::derive(move || link.with(|l| l.as_ref().map(|l| l.0.clone()).unwrap_or_default()));
    view! {
        <Dialog open=open title=title testid="link-dialog">
            <p>"Send this link yourself; it is shown only now and works once."</p>
            <div class="copy-row">
                <input class="input" readonly=true aria-label="Link" data-testid="link" prop:value=move || url.get() />
                <button
                    type="button" class="button primary" data-testid="copy-link"
                    on:click=move |_| {
                        copy(&url.get_untracked());
                        notices.good("Copied.");
                    }
                >
                    <Icon glyph=Glyph::Copy />"Copy"
                </button>
            </div>
        </Dialog>
    }
    .into_any()
}
