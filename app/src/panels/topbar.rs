//! The editor's top line: name, save state, undo, who is here, sharing.

use super::desk::use_desk;
use super::peers::Peers;
use crate::api::client::encode;
use crate::api::design::ChangeDesign;
use crate::doc::SaveState;
use crate::pages::{Mark, PersonMenu};
use crate::talk::{Bell, TalkButton};
use crate::ui::{Glyph, Icon, Menu, ThemeToggle};
use leptos::prelude::*;
use leptos_router::components::A;

#[component]
pub fn TopBar() -> impl IntoView {
    let desk = use_desk();
    let rename = move |e: leptos::ev::Event| {
        let new = event_target_value(&e).trim().to_string();
        if new.is_empty() || new == desk.name.get_untracked() {
            return;
        }
        let (client, id) = (desk.client.get_value(), desk.id.get_value());
        leptos::task::spawn_local(async move {
            let change = ChangeDesign { name: Some(new.clone()), ..Default::default() };
            match client.change_design(&id, &change).await {
                Ok(_) => desk.name.set(new),
                Err(problem) => {
                    desk.notices.bad(problem.message);
                    desk.name.notify();
                }
            }
        });
    };
    view! {
        <header class="bar editor-bar">
            <A href="/" attr:class="brand" attr:aria-label="To the designs" attr:data-testid="to-home"><Mark /></A>
            <input
                class="input design-name" aria-label="Name of the design" data-testid="design-name" spellcheck="false"
                disabled=move || !desk.may_edit.get() prop:value=move || desk.name.get() on:change=rename
            />
            <SaveBadge />
            <span class="divider"></span>
            <button
                type="button" class="icon-button" aria-label="Undo" data-testid="undo"
                title=move || desk.undo.get().map_or("Nothing to undo".to_string(), |u| format!("Undo: {u} (Ctrl+Z)"))
                disabled=move || desk.undo.with(Option::is_none) on:click=move |_| desk.undo()
            >
                <Icon glyph=Glyph::Undo />
            </button>
            <button
                type="button" class="icon-button" aria-label="Redo" data-testid="redo"
                title=move || desk.redo.get().map_or("Nothing to redo".to_string(), |u| format!("Redo: {u} (Ctrl+Shift+Z)"))
                disabled=move || desk.redo.with(Option::is_none) on:click=move |_| desk.redo()
            >
                <Icon glyph=Glyph::Redo />
            </button>
            <button
                type="button" class="icon-button" title="History: edits, versions, branches (V)" aria-label="History"
                data-testid="history-toggle" aria-pressed=move || desk.past.open.get().to_string()
                class:on=move || desk.past.open.get() on:click=move |_| desk.toggle_history()
            >
                <Icon glyph=Glyph::History />
            </button>
            <span class="grow"></span>
            <Peers />
            <TalkButton />
            <ExportMenu />
            <button
                type="button" class="button" data-testid="share" on:click=move |_| desk.sharing.set(true)
                disabled=move || !desk.may_edit.get()
            >
                <Icon glyph=Glyph::Share />"Share"
            </button>
            <button
                type="button" class="icon-button" title="Keys (?)" aria-label="Keys" data-testid="keys"
                on:click=move |_| desk.help.set(true)
            >
                <Icon glyph=Glyph::Keyboard />
            </button>
            <Bell nudge=Signal::derive(move || desk.talking.heard.get()) />
            <ThemeToggle />
            <PersonMenu />
        </header>
    }
    .into_any()
}

/// What bodies leave as, by the extension of their files.
const FORMS: [(&str, &str, &str); 4] = [
    ("step", "STEP", "Exact bodies as exact solids, fields and triangles as faceted ones"),
    ("3mf", "3MF", "Closed meshes with names and unit, for printing"),
    ("stl", "STL", "Triangles in mm"),
    ("obj", "OBJ", "Triangles in mm, an object per body"),
];

/// The bodies that are in view as files for other programs.
#[component]
fn ExportMenu() -> impl IntoView {
    let desk = use_desk();
    let href = move |form: &'static str| {
        let all = desk.scene.with(|s| s.as_ref().map(|s| s.bodies.iter().map(|b| b.name.clone()).collect::<Vec<_>>()));
        let all = all.unwrap_or_default();
        let isolated = desk.isolated.get();
        let seen = |name: &&String| {
            isolated.as_ref().map_or_else(|| desk.hidden.with(|h| !h.contains(name)), |only| only.contains(name))
        };
        let shown: Vec<String> = all.iter().filter(seen).cloned().collect();
        // All is said by naming none.
        let bodies = if shown.len() == all.len() { String::new() } else { shown.join(",") };
        let at = desk.past.at.get().map_or(String::new(), |at| format!("&sequence={at}"));
        let (id, bodies) = (encode(&desk.id.get_value()), encode(&bodies));
        format!("/api/designs/{id}/export/{form}?bodies={bodies}{at}")
    };
    let nothing = move || desk.scene.with(|s| s.as_ref().is_none_or(|s| s.bodies.is_empty()));
    view! {
        <Menu
            button=|| view! { <Icon glyph=Glyph::Download /> } label="Export the bodies in view" testid="export-menu"
            class="icon-button" right=true
        >
            <p class="menu-note soft">"Bodies in view, in mm"</p>
            {FORMS
                .map(|(form, label, title)| {
                    view! {
                        <a
                            class="menu-item" role="menuitem" download rel="external" title=title data-testid=format!("export-{form}")
                            aria-disabled=move || nothing().to_string() href=move || href(form)
                        >
                            {label}
                        </a>
                    }
                })
                .collect_view()}
        </Menu>
    }
    .into_any()
}

/// Whether the work is safe, in one or two words.
#[component]
fn SaveBadge() -> impl IntoView {
    let desk = use_desk();
    let state = move || {
        if !desk.loaded.get() {
            return ("save", Glyph::Cloud, "Opening…".to_string(), "opening");
        }
        match desk.save.get() {
            SaveState::Saved => ("save", Glyph::Check, "Saved".into(), "saved"),
            SaveState::Saving => ("save", Glyph::Cloud, "Saving…".into(), "saving"),
            SaveState::Queued(n) => ("save", Glyph::Cloud, format!("{n} waiting"), "queued"),
            SaveState::Offline(0) => ("save warn", Glyph::Offline, "Offline".into(), "offline"),
            SaveState::Offline(n) => ("save warn", Glyph::Offline, format!("Offline, {n} waiting"), "offline"),
            SaveState::Refused(why) => ("save bad", Glyph::Warning, format!("Refused: {why}"), "refused"),
            SaveState::ReadOnly => ("save", Glyph::Eye, "View only".into(), "read-only"),
        }
    };
    view! {
        <span
            class=move || state().0 role="status" aria-live="polite" data-testid="save-state" data-state=move || state().3
            title=move || state().2
        >
            {move || view! { <Icon glyph=state().1 size=14 /> }}
            <span class="save-text">{move || state().2}</span>
        </span>
    }
    .into_any()
}
