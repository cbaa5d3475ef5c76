//! Naming a version, and branching from one.

use crate::api::history::{CreateBranch, NameVersion};
use crate::panels::use_desk;
use crate::ui::{Attempt, Dialog, Field, Submit};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

/// Which version a dialog is about, in words.
fn which(sequence: Option<u64>, now: u64) -> String {
    match sequence {
        Some(sequence) if sequence != now => format!("version {sequence}"),
        _ => format!("the design as it is now, version {now}"),
    }
}

#[component]
pub fn NameDialog() -> impl IntoView {
    let desk = use_desk();
    view! {
        <Dialog open=desk.past.naming title="Name a version" testid="name-dialog">
            <NameForm />
        </Dialog>
    }
    .into_any()
}

#[component]
fn NameForm() -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    let (name, note) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let attempt = Attempt::default();
    // What was asked for is named, also when others edit meanwhile.
    let sequence = past.target.get_untracked().unwrap_or_else(|| desk.sequence.get_untracked());
    let words = which(Some(sequence), desk.sequence.get_untracked());
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let request = NameVersion { name: name.get_untracked(), note: note.get_untracked(), sequence: Some(sequence) };
        let asked = desk.client.with_value(|c| desk.id.with_value(|id| c.name_version(id, &request)));
        attempt.send(asked, move |version| {
            past.naming.set(false);
            desk.notices.good(format!("Version {} is called {} for good.", version.sequence, version.name));
            past.refresh(desk);
        });
    };
    view! {
        <p class="soft">
            {format!("For {words}. A name stands for this version for good: nobody can change or remove it.")}
        </p>
        <form on:submit=submit novalidate>
            <Field label="Name" name="name" value=name autofocus=true problem=attempt.problem />
            <Field label="Note" name="note" value=note required=false problem=attempt.problem />
            <Submit label="Name it" attempt=attempt testid="name-submit" />
        </form>
    }
    .into_any()
}

#[component]
pub fn BranchDialog() -> impl IntoView {
    let desk = use_desk();
    view! {
        <Dialog open=desk.past.branching title="New branch" testid="branch-dialog">
            <BranchForm />
        </Dialog>
    }
    .into_any()
}

#[component]
fn BranchForm() -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    let name = RwSignal::new(String::new());
    let attempt = Attempt::default();
    let sequence = past.target.get_untracked();
    let words = which(sequence, desk.sequence.get_untracked());
    let navigate = StoredValue::new(use_navigate());
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let request = CreateBranch { name: name.get_untracked(), sequence };
        let asked = desk.client.with_value(|c| desk.id.with_value(|id| c.create_branch(id, &request)));
        attempt.send(asked, move |card| {
            past.branching.set(false);
            desk.notices.good(format!("This is the branch {} now.", card.name));
            navigate.with_value(|go| go(&format!("/design/{}", card.id), Default::default()));
        });
    };
    view! {
        <p class="soft">
            {format!("A design of its own that begins as {words}. What is changed there stays there until it is merged.")}
        </p>
        <form on:submit=submit novalidate>
            <Field label="Name" name="branch-name" value=name autofocus=true problem=attempt.problem />
            <Submit label="Make the branch" attempt=attempt testid="branch-submit" />
        </form>
    }
    .into_any()
}
