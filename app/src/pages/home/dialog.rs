//! The dialogs of the list: make a design, rename or move it, delete it for good.

use super::Shelf;
use crate::api::Problem;
use crate::api::auth::Role;
use crate::api::client::Client;
use crate::api::design::{ChangeDesign, CreateDesign, DesignCard};
use crate::api::organisation::{NameProject, Project};
use crate::ui::{Confirm, Dialog, Field, Select, Submit, use_notices};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use solver::design::{TEMPLATES, template};

/// Projects as options; `engineer` leaves out those the person may only look at.
fn project_options(projects: Option<Vec<Project>>) -> Vec<(String, String)> {
    projects.unwrap_or_default().into_iter().filter(|p| p.role <= Role::Engineer).map(|p| (p.id, p.name)).collect()
}

/// Value of a project choice that asks for a new one.
const NEW_PROJECT: &str = "+";

#[component]
pub(super) fn CreateDialog(shelf: Shelf) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(shelf.creating.get().is_some()));
    Effect::new(move |_| {
        if !open.get() && shelf.creating.with_untracked(Option::is_some) {
            shelf.creating.set(None);
        }
    });
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
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
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
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let (client, navigate) = deps.get_value();
        leptos::task::spawn_local(async move {
            let made = async {
                let project = if project.get_untracked() == NEW_PROJECT {
                    client.create_project(&NameProject { name: project_name.get_untracked() }).await?.id
                } else {
                    project.get_untracked()
                };
                let request =
                    CreateDesign { project, name: name.get_untracked(), template: template_id.get_untracked() };
                client.create_design(&request).await
            };
            match made.await {
                Ok(card) => navigate(&format!("/design/{}", card.id), Default::default()),
                Err(p) => problem.set(Some(p)),
            }
            busy.set(false);
        });
    };
    let templates: Vec<(String, String)> = TEMPLATES.iter().map(|t| (t.id.into(), t.label.into())).collect();
    view! {
        <form on:submit=submit novalidate>
            <Field label="Name" name="name" value=name autofocus=true problem=problem />
            <Select label="Template" name="template" value=template_id options=templates />
            <Select label="Project" name="project" value=project options=options />
            <Show when=move || project.get() == NEW_PROJECT>
                <Field label="Name of the project" name="project_name" value=project_name problem=problem />
            </Show>
            <Submit label="Create" busy=busy problem=problem testid="create-submit" />
        </form>
    }
    .into_any()
}

#[component]
pub(super) fn EditDialog(shelf: Shelf) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(shelf.editing.with(Option::is_some)));
    Effect::new(move |_| {
        if !open.get() && shelf.editing.with_untracked(Option::is_some) {
            shelf.editing.set(None);
        }
    });
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
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let options = Signal::derive(move || project_options(shelf.projects.get()));
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        busy.set(true);
        let changed = |now: String, before: &str| (now != before).then_some(now);
        let change = ChangeDesign {
            name: changed(name.get_untracked(), &card.name),
            project: changed(project.get_untracked(), &card.project),
            state: None,
        };
        let (client, id) = (client.get_value(), card.id.clone());
        leptos::task::spawn_local(async move {
            match client.change_design(&id, &change).await {
                Ok(_) => {
                    shelf.editing.set(None);
                    shelf.turn.update(|t| *t += 1);
                }
                Err(p) => problem.set(Some(p)),
            }
            busy.set(false);
        });
    };
    view! {
        <form on:submit=submit novalidate>
            <Field label="Name" name="name" value=name autofocus=true problem=problem />
            <Select label="Project" name="project" value=project options=options />
            <Submit label="Save" busy=busy problem=problem testid="edit-submit" />
        </form>
    }
    .into_any()
}

#[component]
pub(super) fn DeleteDialog(shelf: Shelf) -> impl IntoView {
    let open = RwSignal::new(false);
    let notices = use_notices();
    let client = StoredValue::new(Client::current());
    Effect::new(move |_| open.set(shelf.deleting.with(Option::is_some)));
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
    Effect::new(move |_| {
        if !open.get() && shelf.deleting.with_untracked(Option::is_some) {
            shelf.deleting.set(None);
        }
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
