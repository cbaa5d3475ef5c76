//! Groups of people: made, renamed, removed, and who is in them.

use super::super::frame::Fault;
use super::{Tick, act, at, count};
use crate::api::client::Client;
use crate::api::group::{Group, NameGroup};
use crate::api::organisation::Member;
use crate::ui::{Attempt, Avatar, Confirm, Dialog, Field, Glyph, Icon, Menu, Submit, open_about, use_notices};
use leptos::prelude::*;

/// What the list of groups is doing.
#[derive(Clone, Copy)]
struct Desk {
    /// Raised to load again.
    turn: RwSignal<u32>,
    opened: RwSignal<Option<Group>>,
    renaming: RwSignal<Option<Group>>,
    deleting: RwSignal<Option<Group>>,
}

#[component]
pub(super) fn Groups() -> impl IntoView {
    let desk = Desk {
        turn: RwSignal::new(0),
        opened: RwSignal::new(None),
        renaming: RwSignal::new(None),
        deleting: RwSignal::new(None),
    };
    let client = Client::current();
    let groups = Resource::new(
        move || desk.turn.get(),
        move |_| {
            let client = client.clone();
            async move { client.groups().await }
        },
    );
    let client = StoredValue::new(Client::current());
    let name = RwSignal::new(String::new());
    let attempt = Attempt::default();
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let request = NameGroup { name: name.get_untracked() };
        let asked = client.with_value(|c| c.create_group(&request));
        attempt.send(async move { asked.await.map_err(at("group_name")) }, move |_| {
            name.set(String::new());
            desk.turn.update(|t| *t += 1);
        });
    };
    view! {
        <section class="panel-card" data-testid="groups">
            <h2>"Groups"</h2>
            <form class="row-form" on:submit=submit novalidate>
                <Field label="New group" name="group_name" value=name problem=attempt.problem
                    hint="A role of a group in a project is that of everyone in it." />
                <div><Submit label="Add group" attempt=attempt testid="group-submit" /></div>
            </form>
            <Transition fallback=|| ()>
                {move || {
                    groups
                        .get()
                        .map(|groups| match groups {
                            Ok(groups) => {
                                view! {
                                    <ul class="list">
                                        {groups.into_iter().map(|g| view! { <GroupRow group=g desk=desk /> }).collect_view()}
                                    </ul>
                                }
                                    .into_any()
                            }
                            Err(problem) => view! { <Fault problem=problem /> }.into_any(),
                        })
                }}
            </Transition>
        </section>
        <PeopleDialog desk=desk />
        <RenameDialog desk=desk />
        <DeleteDialog desk=desk />
    }
    .into_any()
}

#[component]
fn GroupRow(group: Group, desk: Desk) -> impl IntoView {
    let people = group.people.iter().map(|p| p.name.clone()).collect::<Vec<_>>().join(", ");
    let n = group.people.len() as u32;
    let told = if n == 1 { count(n, "person") } else { format!("{n} people") };
    let stored = StoredValue::new(group.clone());
    view! {
        <li class="list-row" data-testid="group-row">
            <Icon glyph=Glyph::People />
            <div class="grow">
                <strong>{group.name.clone()}</strong>
                <p class="soft" title=people>{told}</p>
            </div>
            <button
                type="button" class="button small" data-testid="group-people"
                aria-label=format!("People in {}", group.name)
                on:click=move |_| desk.opened.set(Some(stored.get_value()))
            >
                "People…"
            </button>
            <Menu
                button=|| view! { <Icon glyph=Glyph::More /> } label=format!("Actions for {}", group.name)
                testid="group-menu" class="icon-button" right=true
            >
                <button
                    type="button" class="menu-item" role="menuitem" data-testid="group-rename"
                    on:click=move |_| desk.renaming.set(Some(stored.get_value()))
                >
                    <Icon glyph=Glyph::Rename />"Rename…"
                </button>
                <button
                    type="button" class="menu-item danger" role="menuitem" data-testid="group-delete"
                    on:click=move |_| desk.deleting.set(Some(stored.get_value()))
                >
                    <Icon glyph=Glyph::Remove />"Remove…"
                </button>
            </Menu>
        </li>
    }
    .into_any()
}

#[component]
fn PeopleDialog(desk: Desk) -> impl IntoView {
    let open = open_about(desk.opened);
    // The dialog may have changed who is in it.
    Effect::new(move |was: Option<bool>| {
        let is = open.get();
        if was == Some(true) && !is {
            desk.turn.update(|t| *t += 1);
        }
        is
    });
    let title = Signal::derive(move || desk.opened.with(|g| g.as_ref().map(|g| g.name.clone()).unwrap_or_default()));
    view! {
        <Dialog open=open title=title testid="group-dialog">
            {move || desk.opened.get().map(|g| view! { <GroupPeople group=g /> })}
        </Dialog>
    }
    .into_any()
}

/// Everyone of the organisation, with a tick for those in the group.
#[component]
fn GroupPeople(group: Group) -> impl IntoView {
    let client = StoredValue::new(Client::current());
    let group = StoredValue::new(group);
    let everyone = RwSignal::new(Vec::<Member>::new());
    let notices = use_notices();
    Effect::new(move |_| {
        let client = client.get_value();
        leptos::task::spawn_local(async move {
            match client.members().await {
                // The dialog may have been closed meanwhile.
                Ok(all) => drop(everyone.try_set(all)),
                Err(problem) => notices.bad(problem.message),
            }
        });
    });
    let row = move |member: Member| {
        let is_in = group.with_value(|g| g.people.iter().any(|p| p.id == member.user));
        let label = group.with_value(|g| format!("{} is in {}", member.name, g.name));
        let user = member.user.clone();
        let ask =
            move |is_in| client.with_value(|c| c.set_group_person(&group.with_value(|g| g.id.clone()), &user, is_in));
        (is_in || !member.disabled).then(|| {
            view! {
                <li class="list-row">
                    <Avatar name=member.name.clone() hue=member.hue />
                    <div class="grow"><strong>{member.name.clone()}</strong><p class="soft">{member.email.clone()}</p></div>
                    <Tick label=label ticked=is_in testid="group-person" ask=ask />
                </li>
            }
        })
    };
    view! { <ul class="list">{move || everyone.get().into_iter().map(row).collect_view()}</ul> }.into_any()
}

#[component]
fn RenameDialog(desk: Desk) -> impl IntoView {
    let open = open_about(desk.renaming);
    view! {
        <Dialog open=open title="Rename the group" testid="group-rename-dialog">
            {move || desk.renaming.get().map(|g| view! { <RenameForm group=g desk=desk /> })}
        </Dialog>
    }
    .into_any()
}

#[component]
fn RenameForm(group: Group, desk: Desk) -> impl IntoView {
    let client = StoredValue::new(Client::current());
    let name = RwSignal::new(group.name.clone());
    let attempt = Attempt::default();
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let request = NameGroup { name: name.get_untracked() };
        let asked = client.with_value(|c| c.rename_group(&group.id, &request));
        attempt.send(async move { asked.await.map_err(at("group_new_name")) }, move |_| {
            desk.renaming.set(None);
            desk.turn.update(|t| *t += 1);
        });
    };
    view! {
        <form on:submit=submit novalidate>
            <Field label="Name" name="group_new_name" value=name autofocus=true problem=attempt.problem />
            <Submit label="Save" attempt=attempt testid="group-rename-submit" />
        </form>
    }
    .into_any()
}

#[component]
fn DeleteDialog(desk: Desk) -> impl IntoView {
    let open = open_about(desk.deleting);
    let client = StoredValue::new(Client::current());
    let yes = Callback::new(move |()| {
        let Some(group) = desk.deleting.get_untracked() else { return };
        let client = client.get_value();
        desk.deleting.set(None);
        act(desk.turn, async move { client.delete_group(&group.id).await.map(drop) });
    });
    let text = move || {
        let name = desk.deleting.with(|g| g.as_ref().map(|g| g.name.clone()).unwrap_or_default());
        format!("What people may do only through “{name}” ends at once, in projects and compartments alike.")
    };
    view! {
        <Confirm
            open=open title="Remove the group?" text=Signal::derive(text) action="Remove" testid="group-delete-dialog"
            on_yes=yes
        />
    }
    .into_any()
}
