//! Projects, each with a page that says who is in it: people and groups with their roles, and compartments.

use super::compartment::Compartments;
use super::{ROLES, act, count, role_from, role_key, role_label};
use crate::api::auth::Role;
use crate::api::client::Client;
use crate::api::group::{Group, ProjectGroup};
use crate::api::organisation::{Member, NameProject, ProjectMember};
use crate::pages::frame::{Fault, Frame};
use crate::ui::{Attempt, Avatar, Field, Glyph, Icon, Submit, use_notices};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::hooks::use_params_map;

/// The projects of the organisation, and the way to the page of each.
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
                                view! {
                                    <li class="list-row" data-testid="project-row">
                                        <Icon glyph=Glyph::Group />
                                        <div class="grow">
                                            <strong>{p.name.clone()}</strong>
                                            <p class="soft">{format!("{} · {}", count(p.designs, "design"), count(p.members, "member"))}</p>
                                        </div>
                                        {(p.role == Role::Owner).then(|| view! { <ProjectLink id=p.id name=p.name class="button small" /> })}
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

/// The way to a project's page, for someone who manages the project; `item` is that of a menu.
#[component]
pub fn ProjectLink(id: String, name: String, class: &'static str, #[prop(optional)] item: bool) -> impl IntoView {
    view! {
        <A
            href=format!("/project/{id}") attr:class=class attr:role=item.then_some("menuitem")
            attr:aria-label=format!("People and compartments of {name}") attr:data-testid="project-people"
        >
            <Icon glyph=Glyph::People />"People and compartments"
        </A>
    }
    .into_any()
}

#[component]
pub fn ProjectPage() -> impl IntoView {
    view! {
        <Frame title="Project">
            <ProjectView />
        </Frame>
    }
    .into_any()
}

/// What the person may do with the people of the project with the page's address.
#[derive(Clone, PartialEq)]
enum Found {
    Managed {
        id: String,
        name: String,
    },
    Seen {
        name: String,
    },
    /// Not there, or not for them.
    Missing,
}

#[component]
fn ProjectView() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|p| p.get("id").unwrap_or_default()));
    let turn = RwSignal::new(0);
    let client = Client::current();
    let projects = Resource::new(
        move || turn.get(),
        move |_| {
            let client = client.clone();
            async move { client.projects().await }
        },
    );
    view! {
        <Transition fallback=|| view! { <div class="table-wait" aria-busy="true"></div> }>
            {
                // Roles are read again after each change, one's own may be among them; drawn anew only where it is, so that
                // the keyboard stays where it is.
                let found = Memo::new(move |_| {
                    let projects = projects.get()?;
                    Some(projects.map(|all| match all.into_iter().find(|p| p.id == id.get()) {
                        Some(p) if p.role == Role::Owner => Found::Managed { id: p.id, name: p.name },
                        Some(p) => Found::Seen { name: p.name },
                        None => Found::Missing,
                    }))
                });
                move || {
                    found.get().map(|found| match found {
                        Err(problem) => view! { <Fault problem=problem /> }.into_any(),
                        Ok(Found::Managed { id, name }) => view! { <Managed id=id name=name turn=turn /> }.into_any(),
                        Ok(Found::Seen { name }) => {
                            view! {
                                <div class="empty" data-testid="not-managed">
                                    <Icon glyph=Glyph::People size=24 />
                                    <h2>{format!("Only owners of {name} manage its people")}</h2>
                                    <p>"Ask one of them to change a role or a compartment."</p>
                                    <A href="/" attr:class="button">"To the designs"</A>
                                </div>
                            }
                                .into_any()
                        }
                        Ok(Found::Missing) => {
                            view! {
                                <div class="empty" data-testid="no-project">
                                    <Icon glyph=Glyph::Search size=24 />
                                    <h2>"You are in no such project"</h2>
                                    <p>"Ask one of its owners to take you in, or look at the address again."</p>
                                    <A href="/" attr:class="button">"To the designs"</A>
                                </div>
                            }
                                .into_any()
                        }
                    })
                }
            }
        </Transition>
    }
    .into_any()
}

/// The page for someone who manages the project.
#[component]
fn Managed(id: String, name: String, turn: RwSignal<u32>) -> impl IntoView {
    view! {
        <Title text=name.clone() />
        <div class="page-head">
            <A href="/" attr:class="link">"Designs"</A>
            <span class="soft">"/"</span>
            <h1 data-testid="project-name">{name}</h1>
        </div>
        <ProjectMembers project=id.clone() turn=turn />
        <section class="panel-card" data-testid="project-compartments">
            <h2>"Compartments"</h2>
            <Compartments project=id />
        </section>
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

    /// What a member has through groups: the greatest role, no more than their own in the organisation allows, and through which.
    fn lent(&self, member: &Member) -> Option<(Role, String)> {
        let through = self.groups.iter().filter(|(g, _)| g.people.iter().any(|p| p.id == member.user));
        let greatest = through.filter_map(|(g, role)| Some(((*role)?, &g.name))).min_by_key(|(role, _)| *role);
        greatest.map(|(role, name)| (role.within(member.role), name.clone()))
    }
}

/// Who has which role in a project. `turn` is raised with every change.
#[component]
fn ProjectMembers(project: String, turn: RwSignal<u32>) -> impl IntoView {
    let project = StoredValue::new(project);
    let client = StoredValue::new(Client::current());
    let roles = RwSignal::new(None::<Roles>);
    let notices = use_notices();
    Effect::new(move |_| {
        turn.track();
        let client = client.get_value();
        leptos::task::spawn_local(async move {
            match Roles::read(&client, &project.get_value()).await {
                // The page may have been left meanwhile.
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
        <section class="panel-card" data-testid="project-groups">
            <h2>"Groups"</h2>
            {move || {
                roles
                    .get()
                    .is_some_and(|r| r.groups.is_empty())
                    .then(|| view! { <p class="soft" data-testid="no-groups">"There are no groups yet; owners of the organisation make them, under People."</p> })
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
        </section>
        <section class="panel-card" data-testid="project-members">
            <h2>"People"</h2>
            <ul class="list">
                {move || {
                    let roles = roles.get().unwrap_or_default();
                    roles
                        .people
                        .iter()
                        .map(|(member, role)| {
                            let user = member.user.clone();
                            let lent = roles
                                .lent(member)
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
        </section>
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::comment::Person;

    fn group(name: &str, people: &[&str]) -> Group {
        let people = people.iter().map(|id| Person { id: (*id).into(), name: (*id).into(), hue: 0 });
        Group { id: name.into(), name: name.into(), people: people.collect() }
    }

    fn member(role: Role) -> Member {
        let (user, name, email) = ("ben".to_owned(), "Ben".to_owned(), "ben@works.example".to_owned());
        Member { user, name, email, hue: 0, role, administrator: false, disabled: false, joined: 0, factor: false }
    }

    #[test]
    fn a_group_lends_no_more_than_the_organisation_allows() {
        let groups = [("Blade", Some(Role::Reviewer)), ("Turbine", Some(Role::Engineer)), ("Idle", None)];
        let groups = groups.map(|(name, role)| (group(name, &["ben"]), role)).to_vec();
        let roles = Roles { people: Vec::new(), groups };
        for (own, wanted) in [
            (Role::Owner, Role::Engineer),
            (Role::Engineer, Role::Engineer),
            (Role::Reviewer, Role::Reviewer),
            (Role::Viewer, Role::Viewer),
        ] {
            assert_eq!(roles.lent(&member(own)), Some((wanted, "Turbine".to_owned())), "{own:?}");
        }
        let others = Roles { groups: vec![(group("Turbine", &["ann"]), Some(Role::Owner))], ..Roles::default() };
        assert_eq!(others.lent(&member(Role::Engineer)), None);
    }
}
