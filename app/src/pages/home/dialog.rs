//! The dialogs of the list: make a design, rename or move it, delete it for good.

use super::Shelf;
use crate::api::Problem;
use crate::api::auth::Role;
use crate::api::client::Client;
use crate::api::design::{ChangeDesign, CreateDesign, DesignCard};
use crate::api::group::Compartment;
use crate::api::organisation::{NameProject, Project};
use crate::ui::{Attempt, Confirm, Dialog, Field, Select, Submit, open_about, use_notices};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use solver::design::{TEMPLATES, template};

/// Projects as options; `engineer` leaves out those the person may only look at.
fn project_options(projects: Option<Vec<Project>>) -> Vec<(String, String)> {
    projects.unwrap_or_default().into_iter().filter(|p| p.role <= Role::Engineer).map(|p| (p.id, p.name)).collect()
}

/// Value of a project choice that asks for a new one.
const NEW_PROJECT: &str = "+";
/// Value of a compartment choice that is none.
const OUTSIDE: &str = "";

/// Whether there is something to choose for who puts a design into a project: a compartment that they are a member of.
fn has_choice(compartments: &[Compartment]) -> bool {
    compartments.iter().any(|c| c.is_member)
}

/// Why a design is not made that was asked for before the compartments could be chosen from.
fn unasked() -> Problem {
    let message = "Choose whether it goes into a compartment, then create it.".to_owned();
    Problem { code: "invalid".to_owned(), message, field: Some("compartment".to_owned()) }
}

/// Compartments as options, none among them; without those that the person only decides about: what goes into one, its members
/// put there.
fn compartment_options(compartments: &[Compartment]) -> Vec<(String, String)> {
    let own = compartments.iter().filter(|c| c.is_member).map(|c| (c.id.clone(), c.name.clone()));
    std::iter::once((OUTSIDE.to_owned(), "None: everyone in the project sees it".to_owned())).chain(own).collect()
}

#[component]
pub(super) fn CreateDialog(shelf: Shelf) -> impl IntoView {
    let open = open_about(shelf.creating);
    view! {
        <Dialog open=open title="New design" testid="create-dialog">
            <CreateForm shelf=shelf />
        </Dialog>
    }
    .into_any()
}

#[component]
fn CreateForm(shelf: Shelf) -> impl IntoView {
    let deps = StoredValue::new((Client::current(), use_navigate()));
    let chosen = shelf.creating.get_untracked().unwrap_or("empty");
    let template_id = RwSignal::new(chosen.to_string());
    let name = RwSignal::new(template(chosen).map_or("", |t| t.label).replace("Empty", "Untitled"));
    let project = RwSignal::new(String::new());
    let project_name = RwSignal::new(String::new());
    let compartment = RwSignal::new(OUTSIDE.to_owned());
    // Once they are read.
    let compartments = RwSignal::new(None::<Vec<Compartment>>);
    let attempt = Attempt::default();
    let options = Signal::derive(move || {
        let mut options = project_options(shelf.projects.get());
        options.push((NEW_PROJECT.into(), "New project…".into()));
        options
    });
    Effect::new(move |_| {
        let filter = shelf.project.get_untracked();
        let options = options.get();
        let known = |key: &str| options.iter().any(|(k, _)| k == key);
        if project.with_untracked(|p| !known(p)) {
            let first = options.first().map(|(k, _)| k.clone()).unwrap_or_default();
            project.set(if known(&filter) { filter } else { first });
        }
    });
    Effect::new(move |_| {
        // A compartment is of one project.
        let of = project.get();
        compartment.set(OUTSIDE.to_owned());
        compartments.set(None);
        if of.is_empty() || of == NEW_PROJECT {
            return;
        }
        let asked = deps.with_value(|(client, _)| client.compartments(&of));
        leptos::task::spawn_local(async move {
            let answer = asked.await;
            // Another project may have been chosen meanwhile, or the dialog closed.
            if project.try_get_untracked() != Some(of) {
                return;
            }
            match answer {
                Ok(all) => compartments.set(Some(all)),
                Err(problem) => attempt.problem.set(Some(problem)),
            }
        });
    });
    let places =
        Signal::derive(move || compartments.with(|all| compartment_options(all.as_deref().unwrap_or_default())));
    let has_places = Memo::new(move |_| compartments.with(|all| all.as_deref().is_some_and(has_choice)));
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let (client, navigate) = deps.get_value();
        let (name, template) = (name.get_untracked(), template_id.get_untracked());
        let (chosen, called) = (project.get_untracked(), project_name.get_untracked());
        let compartment = Some(compartment.get_untracked()).filter(|c| c != OUTSIDE);
        let is_read = compartments.with_untracked(Option::is_some);
        let asked = async move {
            if chosen != NEW_PROJECT && !is_read {
                // Asked for before the list came: in the open it would be seen by those whom a compartment is to keep it from.
                let all = client.compartments(&chosen).await?;
                let is_choice = has_choice(&all);
                if project.try_get_untracked().as_ref() == Some(&chosen) {
                    compartments.try_set(Some(all));
                }
                if is_choice {
                    return Err(unasked());
                }
            }
            let project = if chosen == NEW_PROJECT {
                // Its name stands in a field of its own here.
                let at_field = |p: Problem| Problem { field: p.field.map(|_| "project_name".into()), ..p };
                let made = client.create_project(&NameProject { name: called }).await.map_err(at_field)?;
                let id = made.id.clone();
                // Should the design be refused, the next attempt finds the project there.
                shelf.projects.try_update(|all| all.get_or_insert_default().push(made));
                project.try_set(id.clone());
                id
            } else {
                chosen
            };
            client.create_design(&CreateDesign { project, name, template, compartment }).await
        };
        attempt.send(asked, move |card| navigate(&format!("/design/{}", card.id), Default::default()));
    };
    let templates: Vec<(String, String)> = TEMPLATES.iter().map(|t| (t.id.into(), t.label.into())).collect();
    view! {
        <form on:submit=submit novalidate>
            <Field label="Name" name="name" value=name autofocus=true problem=attempt.problem />
            <Select label="Template" name="template" value=template_id options=templates />
            <Select label="Project" name="project" value=project options=options problem=attempt.problem />
            <Show when=move || project.get() == NEW_PROJECT>
                <Field label="Name of the project" name="project_name" value=project_name problem=attempt.problem />
            </Show>
            <Show when=move || has_places.get()>
                <Select label="Compartment" name="compartment" value=compartment options=places problem=attempt.problem />
                <p class="soft" role="status">
                    {move || if compartment.get() == OUTSIDE { "" } else { "Only members of the compartment will see it." }}
                </p>
            </Show>
            <Submit label="Create" attempt=attempt testid="create-submit" />
        </form>
    }
    .into_any()
}

#[component]
pub(super) fn EditDialog(shelf: Shelf) -> impl IntoView {
    let open = open_about(shelf.editing);
    view! {
        <Dialog open=open title="Rename or move" testid="edit-dialog">
            {move || shelf.editing.get().map(|card| view! { <EditForm shelf=shelf card=card /> })}
        </Dialog>
    }
    .into_any()
}

#[component]
fn EditForm(shelf: Shelf, card: DesignCard) -> impl IntoView {
    let client = StoredValue::new(Client::current());
    let name = RwSignal::new(card.name.clone());
    let project = RwSignal::new(card.project.clone());
    let attempt = Attempt::default();
    let options = Signal::derive(move || project_options(shelf.projects.get()));
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let changed = |now: String, before: &str| (now != before).then_some(now);
        let change = ChangeDesign {
            name: changed(name.get_untracked(), &card.name),
            project: changed(project.get_untracked(), &card.project),
            state: None,
        };
        attempt.send(client.with_value(|c| c.change_design(&card.id, &change)), move |_| {
            shelf.editing.set(None);
            shelf.turn.update(|t| *t += 1);
        });
    };
    view! {
        <form on:submit=submit novalidate>
            <Field label="Name" name="name" value=name autofocus=true problem=attempt.problem />
            <Select label="Project" name="project" value=project options=options problem=attempt.problem />
            <Submit label="Save" attempt=attempt testid="edit-submit" />
        </form>
    }
    .into_any()
}

#[component]
pub(super) fn CompartmentDialog(shelf: Shelf) -> impl IntoView {
    let open = open_about(shelf.moving);
    view! {
        <Dialog open=open title="Move to compartment" testid="compartment-dialog">
            {move || shelf.moving.get().map(|card| view! { <CompartmentForm shelf=shelf card=card /> })}
        </Dialog>
    }
    .into_any()
}

#[component]
fn CompartmentForm(shelf: Shelf, card: DesignCard) -> impl IntoView {
    let client = StoredValue::new(Client::current());
    let before = card.compartment.as_ref().map_or(OUTSIDE.to_owned(), |c| c.id.clone());
    let chosen = RwSignal::new(before.clone());
    let attempt = Attempt::default();
    // Once they are read.
    let compartments = RwSignal::new(None::<Vec<Compartment>>);
    let project = card.project.clone();
    Effect::new(move |_| {
        let asked = client.with_value(|c| c.compartments(&project));
        leptos::task::spawn_local(async move {
            match asked.await {
                // The dialog may have been closed meanwhile.
                Ok(all) => drop(compartments.try_set(Some(all))),
                Err(problem) => drop(attempt.problem.try_set(Some(problem))),
            }
        });
    });
    let options =
        Signal::derive(move || compartments.with(|all| compartment_options(all.as_deref().unwrap_or_default())));
    let is_none = move || compartments.with(|all| all.as_deref().is_some_and(|all| !has_choice(all)));
    let is_inside = card.compartment.is_some();
    let told = move || match (chosen.get() == before, chosen.get().is_empty()) {
        (false, true) => "Everyone in the project will see it.",
        (false, false) => "Only members of the compartment will see it, and its share links end.",
        (true, _) => "",
    };
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let compartment = Some(chosen.get_untracked()).filter(|c| c != OUTSIDE);
        attempt.send(client.with_value(|c| c.move_to_compartment(&card.id, compartment)), move |_| {
            shelf.moving.set(None);
            shelf.turn.update(|t| *t += 1);
        });
    };
    view! {
        <Show
            when=move || is_inside || !is_none()
            fallback=|| {
                view! {
                    <p data-testid="no-compartments">
                        "You are in no compartment of this project. Whoever manages the project's members makes compartments and \
                         decides who is in them."
                    </p>
                }
            }
        >
            <form on:submit=submit.clone() novalidate>
                <Select label="Compartment" name="compartment" value=chosen options=options problem=attempt.problem />
                <p class="soft" role="status">{told.clone()}</p>
                <Submit label="Move" attempt=attempt testid="compartment-move" />
            </form>
        </Show>
    }
    .into_any()
}

#[component]
pub(super) fn DeleteDialog(shelf: Shelf) -> impl IntoView {
    let open = open_about(shelf.deleting);
    let notices = use_notices();
    let client = StoredValue::new(Client::current());
    let yes = Callback::new(move |()| {
        let Some(card) = shelf.deleting.get_untracked() else { return };
        let client = client.get_value();
        leptos::task::spawn_local(async move {
            match client.delete_design(&card.id).await {
                Ok(_) => notices.good("Deleted for good."),
                Err(problem) => notices.bad(problem.message),
            }
            shelf.deleting.set(None);
            shelf.turn.update(|t| *t += 1);
        });
    });
    let text = move || {
        let name = shelf.deleting.with(|c| c.as_ref().map(|c| c.name.clone()).unwrap_or_default());
        format!("“{name}”, its history and its results will be gone. This cannot be taken back.")
    };
    view! {
        <Confirm
            open=open title="Delete for good?" text=Signal::derive(text) action="Delete for good" testid="delete-dialog"
            on_yes=yes
        />
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_members_compartments_are_a_choice() {
        let compartment = |name: &str, is_member| Compartment {
            id: name.into(),
            name: name.into(),
            is_member,
            people: Vec::new(),
            groups: Vec::new(),
        };
        let (managed, own) = (compartment("Hub", false), compartment("Blade", true));
        assert!(!has_choice(&[]) && !has_choice(std::slice::from_ref(&managed)));
        let both = [managed, own];
        assert!(has_choice(&both));
        let options: Vec<String> = compartment_options(&both).into_iter().map(|(key, _)| key).collect();
        assert_eq!(options, [OUTSIDE, "Blade"]);
    }
}
