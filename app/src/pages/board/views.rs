//! Saved views of the board: choose one, save what is set under a name, delete one.

use crate::api::client::Client;
use crate::api::view::{Look, SaveView, View};
use crate::ui::{Attempt, Confirm, Dialog, Field, Glyph, Icon, Submit, use_notices};
use leptos::prelude::*;

/// What is known of one's views.
#[derive(Clone, Copy)]
struct Shelf {
    look: RwSignal<Look>,
    /// `None` until they are read: the browser asks, so that both sides first draw the same.
    views: RwSignal<Option<Vec<View>>>,
    /// The view that was chosen or saved last. What is set may be other by now.
    chosen: RwSignal<Option<View>>,
    saving: RwSignal<bool>,
}

impl Shelf {
    /// What is set is not what the chosen view has.
    fn is_changed(self) -> bool {
        self.look.with(|look| self.chosen.with(|chosen| chosen.as_ref().is_some_and(|v| v.look != *look)))
    }

    fn choose(self, id: &str) {
        let found = self.views.with_untracked(|views| views.iter().flatten().find(|v| v.id == id).cloned());
        self.look.set(found.as_ref().map(|v| v.look.clone()).unwrap_or_default());
        self.chosen.set(found);
    }
}

#[component]
pub fn Views(look: RwSignal<Look>) -> impl IntoView {
    let client = StoredValue::new(Client::current());
    let notices = use_notices();
    let shelf = Shelf { look, views: RwSignal::new(None), chosen: RwSignal::new(None), saving: RwSignal::new(false) };
    let turn = RwSignal::new(0);
    let fault = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        turn.track();
        let client = client.get_value();
        leptos::task::spawn_local(async move {
            // The board may have been left meanwhile.
            match client.views().await {
                Ok(found) => {
                    fault.try_set(None);
                    shelf.views.try_set(Some(found));
                }
                Err(problem) => drop(fault.try_set(Some(problem.message))),
            }
        });
    });
    // What stands as it was left, or was set by hand, is called by its name where it has one.
    Effect::new(move |_| {
        let found = shelf.views.with(|views| look.with(|l| views.iter().flatten().find(|v| v.look == *l).cloned()));
        let is_named =
            shelf.chosen.with_untracked(|c| c.as_ref().is_some_and(|v| look.with_untracked(|l| v.look == *l)));
        // Without a saved view all stands as it does at first, whatever that is called.
        if found.is_some() && !is_named && look.with(|l| *l != Look::default()) {
            shelf.chosen.set(found);
        }
    });
    let deleting = RwSignal::new(false);
    let delete = Callback::new(move |()| {
        let Some(view) = shelf.chosen.get_untracked() else { return };
        let client = client.get_value();
        leptos::task::spawn_local(async move {
            match client.delete_view(&view.id).await {
                Ok(_) => {
                    notices.good(format!("The view '{}' is deleted; what it showed still stands.", view.name));
                    shelf.views.try_update(|views| {
                        if let Some(views) = views {
                            views.retain(|v| v.id != view.id);
                        }
                    });
                    shelf.chosen.try_set(None);
                }
                Err(problem) => notices.bad(problem.message),
            }
            // Deleted elsewhere, or kept after all: as it is.
            turn.try_update(|t| *t += 1);
        });
    });
    let question = Signal::derive(move || {
        let name = shelf.chosen.with(|c| c.as_ref().map_or_else(String::new, |v| v.name.clone()));
        format!("The view '{name}' is yours alone. No design changes by it.")
    });
    let has_none = move || shelf.views.with(|views| views.as_ref().is_some_and(Vec::is_empty));
    view! {
        <div class="board-views" data-testid="board-views">
            {move || fault.get().map(|why| view! { <span class="fault" role="alert">{format!("Your saved views cannot be read: {why}")}</span> })}
            <Show when=has_none>
                <span class="soft" data-testid="views-empty">"No saved views yet: set filters, search and order, and save them."</span>
            </Show>
            <Show when=move || shelf.views.with(|views| views.as_ref().is_some_and(|v| !v.is_empty()))>
                <select
                    class="input" aria-label="Saved view" data-testid="view-choose"
                    prop:value=move || shelf.chosen.with(|c| c.as_ref().map_or_else(String::new, |v| v.id.clone()))
                    on:change=move |e| shelf.choose(&event_target_value(&e))
                >
                    <option value="" selected=move || shelf.chosen.with(Option::is_none)>"Without a saved view"</option>
                    {move || {
                        let chosen = shelf.chosen.with(|c| c.as_ref().map(|v| v.id.clone()));
                        shelf
                            .views
                            .get()
                            .unwrap_or_default()
                            .into_iter()
                            .map(|v| {
                                let selected = chosen.as_ref() == Some(&v.id);
                                view! { <option value=v.id selected=selected>{v.name}</option> }
                            })
                            .collect_view()
                    }}
                </select>
            </Show>
            <Show when=move || shelf.is_changed()>
                <span class="tag" data-testid="view-changed">"changed"</span>
            </Show>
            <button type="button" class="button" data-testid="view-save" on:click=move |_| shelf.saving.set(true)>"Save view…"</button>
            <Show when=move || shelf.chosen.with(Option::is_some)>
                <button
                    type="button" class="icon-button" aria-label="Delete this view" title="Delete this view" data-testid="view-delete"
                    on:click=move |_| deleting.set(true)
                >
                    <Icon glyph=Glyph::Remove />
                </button>
            </Show>
        </div>
        <Dialog open=shelf.saving title="Save this view" testid="view-dialog">
            <SaveForm shelf=shelf />
        </Dialog>
        <Confirm
            open=deleting title="Delete this view?" text=question action="Delete" testid="view-delete-dialog" on_yes=delete
        />
    }
    .into_any()
}

#[component]
fn SaveForm(shelf: Shelf) -> impl IntoView {
    let client = StoredValue::new(Client::current());
    let notices = use_notices();
    let name = RwSignal::new(shelf.chosen.with_untracked(|c| c.as_ref().map_or_else(String::new, |v| v.name.clone())));
    let attempt = Attempt::default();
    let is_known = move || {
        let name = name.get();
        shelf.views.with(|views| views.iter().flatten().any(|v| v.name == name.trim()))
    };
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        let request = SaveView { name: name.get_untracked(), look: shelf.look.get_untracked() };
        attempt.send(client.with_value(|c| c.save_view(&request)), move |made: View| {
            notices.good(format!(
                "The view '{}' is saved; you find it in every browser that you sign in with.",
                made.name
            ));
            shelf.views.update(|views| {
                let views = views.get_or_insert_default();
                views.retain(|v| v.id != made.id);
                views.push(made.clone());
                views.sort_by_key(|v| v.name.to_lowercase());
            });
            shelf.chosen.set(Some(made));
            shelf.saving.set(false);
        });
    };
    view! {
        <form on:submit=submit novalidate>
            <p class="soft">"Filters, search, person, order and grouping, as they are set now. Nobody else sees your views."</p>
            <Field label="Name" name="name" value=name autofocus=true problem=attempt.problem />
            <Show when=is_known>
                <p class="note" data-testid="view-replaces">"You have a view of this name: it is replaced."</p>
            </Show>
            <Submit label="Save" attempt=attempt testid="view-save-yes" />
        </form>
    }
    .into_any()
}
