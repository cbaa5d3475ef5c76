//! Projects, and who is in them: people and groups, each with a role.

use super::compartment::Compartments;
use super::{ROLES, act, count, role_from, role_key, role_label};
use crate::api::auth::Role;
use crate::api::client::Client;
use crate::api::group::{Group, ProjectGroup};
use crate::api::organisation::{Member, NameProject, Project, ProjectMember};
use crate::ui::{Attempt, Avatar, Dialog, Field, Glyph, Icon, Submit, open_about, use_notices};
use leptos::prelude::*;

/// Projects and their members: who may do what where.
#[component]
pub(super) fn Projects() -> impl IntoView {
    let turn = RwSignal::new(0);
    let client = Client::current();
    let projects = Resource::new(
        move || turn.get(),
        move |_| {
            let client = client.clone();
            async move { client.projects().await.unwrap_or_default() }
        },
    );
    let opened = RwSignal::new(None::<Project>);
    let apart = RwSignal::new(None::<Project>);
    let client = StoredValue::new(Client::current());
    let name = RwSignal::new(String::new());
    let attempt = Attempt::default();
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let request = NameProject { name: name.get_untracked() };
        attempt.send(client.with_value(|c| c.create_project(&request)), move |_| {
            name.set(String::new());
            turn.update(|t| *t += 1);
        });
    };
    let (open, open_apart) = (open_about(opened), open_about(apart));
    // The dialogs may have changed who is in it.
    Effect::new(move |was: Option<bool>| {
        let is = open.get() || open_apart.get();
        if was == Some(true) && !is {
            turn.update(|t| *t += 1);
        }
        is
    });
    let named =
        |of: RwSignal<Option<Project>>| move || of.with(|p| p.as_ref().map(|p| p.name.clone()).unwrap_or_default());
    let title = Signal::derive(named(opened));
    let title_apart = Signal::derive(move || format!("Compartments of {}", named(apart)()));
    view! {
        <section class="panel-card">
            <h2>"Projects"</h2>
            <form class="row-form" on:submit=submit novalidate>
                <Field label="New project" name="name" value=name problem=attempt.problem />
                <div><Submit label="Add project" attempt=attempt testid="project-submit" /></div>
            </form>
            <Transition fallback=|| ()>
                <ul class="list">
                    {move || {
                        projects
                            .get()
                            .unwrap_or_default()
                            .into_iter()
                            .map(|p| {
                                let (project, same) = (p.clone(), p.clone());
                                view! {
                                    <li class="list-row" data-testid="project-row">
                                        <Icon glyph=Glyph::Group />
                                        <div class="grow">
                                            <strong>{p.name.clone()}</strong>
                                            <p class="soft">{format!("{} · {}", count(p.designs, "design"), count(p.members, "member"))}</p>
                                        </div>
                                        <button
                                            type="button" class="button small" data-testid="project-members"
                                            on:click=move |_| opened.set(Some(project.clone()))
                                        >
                                            "Members…"
                                        </button>
                                        <button
                                            type="button" class="button small" data-testid="project-compartments"
                                            on:click=move |_| apart.set(Some(same.clone()))
                                        >
                                            "Compartments…"
                                        </button>
                                    </li>
                                }
                            })
                            .collect_view()
                    }}
                </ul>
            </Transition>
        </section>
        <Dialog open=open title=title testid="project-dialog">
            {move || opened.get().map(|p| view! { <ProjectMembers project=p.id /> })}
        </Dialog>
        <Dialog open=open_apart title=title_apart testid="compartments-dialog">
            {move || apart.get().map(|p| view! { <Compartments project=p.id /> })}
        </Dialog>
    }
    .into_any()
}

/// Everyone and every group of the organisation, with their roles in a project.
#[derive(Clone, Default)]
struct Roles {
    people: Vec<(Member, Option<Role>)>,
    groups: Vec<(Group, Option<Role>)>,
}

impl Roles {
    async fn read(client: &Client, project: &str) -> Result<Self, crate::api::Problem> {
        let (everyone, inside, groups, lent) = futures::join!(
            client.members(),
            client.project_members(project),
            client.groups(),
            client.project_groups(project)
        );
        let (everyone, inside, groups, lent) = (everyone?, inside?, groups?, lent?);
        let of_person = |m: &Member| inside.iter().find(|p: &&ProjectMember| p.user == m.user).map(|p| p.role);
        let of_group = |g: &Group| lent.iter().find(|p: &&ProjectGroup| p.group == g.id).map(|p| p.role);
        let people = everyone.into_iter().filter(|m| !m.disabled).map(|m| (of_person(&m), m)).map(|(r, m)| (m, r));
        let groups = groups.into_iter().map(|g| (of_group(&g), g)).map(|(r, g)| (g, r));
        Ok(Self { people: people.collect(), groups: groups.collect() })
    }

    /// What someone has through groups: the greatest role, and through which.
    fn lent(&self, user: &str) -> Option<(Role, String)> {
        let through = self.groups.iter().filter(|(g, _)| g.people.iter().any(|p| p.id == user));
        through.filter_map(|(g, role)| Some(((*role)?, g.name.clone()))).min_by_key(|(role, _)| *role)
    }
}

#[component]
fn ProjectMembers(project: String) -> impl IntoView {
    let turn = RwSignal::new(0);
    let project = StoredValue::new(project);
    let client = StoredValue::new(Client::current());
    let roles = RwSignal::new(None::<Roles>);
    let notices = use_notices();
    Effect::new(move |_| {
        turn.track();
        let client = client.get_value();
        leptos::task::spawn_local(async move {
            match Roles::read(&client, &project.get_value()).await {
                // The dialog may have been closed meanwhile.
                Ok(read) => drop(roles.try_set(Some(read))),
                Err(problem) => notices.bad(problem.message),
            }
        });
    });
    let set_person = move |user: String, key: String| {
        let client = client.get_value();
        act(turn, async move {
            let project = project.get_value();
            if key.is_empty() {
                client.remove_project_member(&project, &user).await.map(drop)
            } else {
                client.set_project_member(&project, &user, role_from(&key)).await.map(drop)
            }
        });
    };
    let set_group = move |group: String, key: String| {
        let client = client.get_value();
        act(turn, async move {
            let project = project.get_value();
            if key.is_empty() {
                client.remove_project_group(&project, &group).await.map(drop)
            } else {
                client.set_project_group(&project, &group, role_from(&key)).await.map(drop)
            }
        });
    };
    view! {
        <h3>"Groups"</h3>
        {move || {
            roles
                .get()
                .is_some_and(|r| r.groups.is_empty())
                .then(|| view! { <p class="soft" data-testid="no-groups">"There are no groups yet; make them on this page, under Groups."</p> })
        }}
        <ul class="list">
            {move || {
                roles
                    .get()
                    .unwrap_or_default()
                    .groups
                    .into_iter()
                    .map(|(group, role)| {
                        let id = group.id.clone();
                        let n = group.people.len() as u32;
                        view! {
                            <li class="list-row" data-testid="project-group-row">
                                <Icon glyph=Glyph::People />
                                <div class="grow">
                                    <strong>{group.name.clone()}</strong>
                                    <p class="soft">{if n == 1 { count(n, "person") } else { format!("{n} people") }}</p>
                                </div>
                                <RoleSelect
                                    label=format!("Role of the group {} in the project", group.name) role=role
                                    on_choose=Callback::new(move |key| set_group(id.clone(), key))
                                />
                            </li>
                        }
                    })
                    .collect_view()
            }}
        </ul>
        <h3>"People"</h3>
        <ul class="list">
            {move || {
                let roles = roles.get().unwrap_or_default();
                roles
                    .people
                    .iter()
                    .map(|(member, role)| {
                        let user = member.user.clone();
                        let lent = roles
                            .lent(&member.user)
                            .map(|(role, group)| format!(" · {} through {group}", role_label(role)));
                        view! {
                            <li class="list-row">
                                <Avatar name=member.name.clone() hue=member.hue />
                                <div class="grow">
                                    <strong>{member.name.clone()}</strong>
                                    <p class="soft">{member.email.clone()}{lent}</p>
                                </div>
                                <RoleSelect
                                    label=format!("Role of {} in the project", member.name) role=*role
                                    on_choose=Callback::new(move |key| set_person(user.clone(), key))
                                />
                            </li>
                        }
                    })
                    .collect_view()
            }}
        </ul>
    }
    .into_any()
}

/// A role in a project, or none: the key of the role, empty for none.
#[component]
fn RoleSelect(label: String, role: Option<Role>, on_choose: Callback<String>) -> impl IntoView {
    view! {
        <select class="input auto" aria-label=label on:change=move |e| on_choose.run(event_target_value(&e))>
            <option value="" selected=role.is_none()>"Not a member"</option>
            {ROLES
                .map(|(r, label)| {
                    view! { <option value=role_key(r) selected=role == Some(r)>{label}</option> }
                })
                .collect_view()}
        </select>
    }
    .into_any()
}
