//! Compartments of a project: made, renamed, removed, and who is in them.

use super::{Tick, act, at};
use crate::api::Problem;
use crate::api::client::{Client, Insider};
use crate::api::group::{Compartment, Group, NameCompartment};
use crate::api::organisation::Member;
use crate::ui::{Attempt, Avatar, Field, Glyph, Icon, Submit, use_notices};
use leptos::prelude::*;

/// The compartments of a project, and who could be in them.
#[derive(Clone, Default)]
struct Read {
    compartments: Vec<Compartment>,
    people: Vec<Member>,
    groups: Vec<Group>,
}

impl Read {
    async fn all(client: &Client, project: &str) -> Result<Self, Problem> {
        let (compartments, people, groups) =
            futures::join!(client.compartments(project), client.members(), client.groups());
        Ok(Self { compartments: compartments?, people: people?, groups: groups? })
    }
}

/// The list, or the members of the one that is looked at.
#[component]
pub(super) fn Compartments(project: String) -> impl IntoView {
    let turn = RwSignal::new(0);
    let project = StoredValue::new(project);
    let client = StoredValue::new(Client::current());
    let read = RwSignal::new(None::<Read>);
    // Which one is looked at.
    let inside = RwSignal::new(None::<Compartment>);
    let notices = use_notices();
    Effect::new(move |_| {
        turn.track();
        let client = client.get_value();
        leptos::task::spawn_local(async move {
            match Read::all(&client, &project.get_value()).await {
                // The page may have been left meanwhile.
                Ok(found) => drop(read.try_set(Some(found))),
                Err(problem) => notices.bad(problem.message),
            }
        });
    });
    view! {
        {move || match inside.get() {
            // Read once: a tick does not make the list anew, and the keyboard stays where it is.
            Some(compartment) => {
                let read = read.get_untracked().unwrap_or_default();
                view! { <Inside project=project compartment=compartment read=read turn=turn inside=inside /> }.into_any()
            }
            None => view! { <List project=project read=read turn=turn inside=inside /> }.into_any(),
        }}
    }
    .into_any()
}

#[component]
fn List(
    project: StoredValue<String>,
    read: RwSignal<Option<Read>>,
    turn: RwSignal<u32>,
    inside: RwSignal<Option<Compartment>>,
) -> impl IntoView {
    let client = StoredValue::new(Client::current());
    let name = RwSignal::new(String::new());
    let attempt = Attempt::default();
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let request = NameCompartment { name: name.get_untracked() };
        let asked = client.with_value(|c| c.create_compartment(&project.get_value(), &request));
        attempt.send(async move { asked.await.map_err(at("compartment_name")) }, move |_| {
            name.set(String::new());
            turn.update(|t| *t += 1);
        });
    };
    let remove = move |id: String| {
        let client = client.get_value();
        act(turn, async move { client.delete_compartment(&project.get_value(), &id).await.map(drop) });
    };
    view! {
        <p class="soft">
            "Designs in a compartment are seen by its members only, whatever anyone else may do in the project. A member makes a \
             design in it, or moves one into it from the design's menu."
        </p>
        {move || {
            read.get()
                .is_some_and(|r| r.compartments.is_empty())
                .then(|| view! { <p data-testid="no-compartments">"This project has no compartments."</p> })
        }}
        <ul class="list">
            {move || {
                read.get()
                    .unwrap_or_default()
                    .compartments
                    .into_iter()
                    .map(|c| {
                        let (open, gone) = (c.clone(), c.id.clone());
                        view! {
                            <li class="list-row" data-testid="compartment-row">
                                <Icon glyph=Glyph::EyeOff />
                                <div class="grow">
                                    <strong>{c.name.clone()}</strong>
                                    {c.is_member.then(|| view! { <span class="tag">"you are in it"</span> })}
                                    <p class="soft">{told(&c)}</p>
                                </div>
                                <button
                                    type="button" class="button small" data-testid="compartment-members"
                                    aria-label=format!("Members of {}", c.name)
                                    on:click=move |_| inside.set(Some(open.clone()))
                                >
                                    "Members…"
                                </button>
                                <button
                                    type="button" class="icon-button" data-testid="compartment-remove"
                                    aria-label=format!("Remove {}", c.name) title="Remove; it must have no designs"
                                    on:click=move |_| remove(gone.clone())
                                >
                                    <Icon glyph=Glyph::Remove />
                                </button>
                            </li>
                        }
                    })
                    .collect_view()
            }}
        </ul>
        <form class="row-form" on:submit=submit novalidate>
            <Field label="New compartment" name="compartment_name" value=name problem=attempt.problem />
            <div><Submit label="Add" attempt=attempt testid="compartment-submit" /></div>
        </form>
    }
    .into_any()
}

/// "Ada, Ben, group Turbine": who is in it.
fn told(compartment: &Compartment) -> String {
    let people = compartment.people.iter().map(|p| p.name.clone());
    let groups = compartment.groups.iter().map(|g| format!("group {}", g.name));
    let all: Vec<String> = people.chain(groups).collect();
    if all.is_empty() { "No members: nobody sees what is in it.".into() } else { all.join(", ") }
}

#[component]
fn Inside(
    project: StoredValue<String>,
    compartment: Compartment,
    read: Read,
    turn: RwSignal<u32>,
    inside: RwSignal<Option<Compartment>>,
) -> impl IntoView {
    let client = StoredValue::new(Client::current());
    let id = StoredValue::new(compartment.id.clone());
    let ask = move |member: Insider| {
        move |is_in: bool| {
            client.with_value(|c| c.set_compartment_member(&project.get_value(), &id.get_value(), &member, is_in))
        }
    };
    let name = RwSignal::new(compartment.name.clone());
    let attempt = Attempt::default();
    let rename = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let request = NameCompartment { name: name.get_untracked() };
        let asked = client.with_value(|c| c.rename_compartment(&project.get_value(), &id.get_value(), &request));
        attempt.send(async move { asked.await.map_err(at("compartment_new_name")) }, move |_| turn.update(|t| *t += 1));
    };
    let is_in = |user: &str| compartment.people.iter().any(|p| p.id == user);
    let people = read.people.into_iter().filter(|m| !m.disabled || is_in(&m.user)).map(|m| {
        let (ticked, member) = (is_in(&m.user), Insider::Person(m.user.clone()));
        let text = format!("{} is in {}", m.name, compartment.name);
        view! {
            <li class="list-row">
                <Avatar name=m.name.clone() hue=m.hue />
                <div class="grow"><strong>{m.name.clone()}</strong><p class="soft">{m.email.clone()}</p></div>
                <Tick label=text ticked=ticked testid="compartment-member" ask=ask(member) />
            </li>
        }
    });
    let people = people.collect_view();
    let groups = read.groups.into_iter().map(|g| {
        let ticked = compartment.groups.iter().any(|known| known.id == g.id);
        let text = format!("The group {} is in {}", g.name, compartment.name);
        view! {
            <li class="list-row">
                <Icon glyph=Glyph::People />
                <div class="grow"><strong>{g.name.clone()}</strong></div>
                <Tick label=text ticked=ticked testid="compartment-member" ask=ask(Insider::Group(g.id)) />
            </li>
        }
    });
    let groups = groups.collect_view();
    let back = move |_| {
        turn.update(|t| *t += 1);
        inside.set(None);
    };
    view! {
        <button type="button" class="button small" data-testid="compartment-back" on:click=back>
            <Icon glyph=Glyph::Left />"All compartments"
        </button>
        <form class="row-form" on:submit=rename novalidate>
            <Field label="Name" name="compartment_new_name" value=name problem=attempt.problem />
            <div><Submit label="Rename" attempt=attempt testid="compartment-rename" /></div>
        </form>
        <h3>"Members"</h3>
        <p class="soft">"Who has no role in the project sees nothing here either."</p>
        <ul class="list">{groups}{people}</ul>
    }
    .into_any()
}
