//! The designs a person may see: find, make, tidy up.

use super::frame::{Fault, Frame};
use crate::api::Problem;
use crate::api::auth::Role;
use crate::api::client::Client;
use crate::api::design::{ChangeDesign, CreateDesign, DesignCard, DesignQuery, DesignState};
use crate::api::organisation::{NameProject, Project};
use crate::ui::{Avatars, Confirm, Dialog, Field, Glyph, Icon, Menu, Select, Submit, ago, now, use_notices};
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;
use solver::design::{TEMPLATES, template};

/// What the list shows, and what is done with its entries.
#[derive(Clone, Copy)]
struct Shelf {
    state: RwSignal<DesignState>,
    project: RwSignal<String>,
    search: RwSignal<String>,
    /// Raised to load again.
    turn: RwSignal<u32>,
    projects: Resource<Vec<Project>>,
    creating: RwSignal<Option<&'static str>>,
    editing: RwSignal<Option<DesignCard>>,
    deleting: RwSignal<Option<DesignCard>>,
}

impl Shelf {
    fn change(self, id: String, change: ChangeDesign, done: &'static str) {
        let client = Client::current();
        let notices = use_notices();
        leptos::task::spawn_local(async move {
            match client.change_design(&id, &change).await {
                Ok(_) => notices.good(done),
                Err(problem) => notices.bad(problem.message),
            }
            self.turn.update(|t| *t += 1);
        });
    }
}

#[component]
pub fn Home() -> impl IntoView {
    view! {
        <Frame title="Designs">
            <Designs />
        </Frame>
    }
    .into_any()
}

#[component]
fn Designs() -> impl IntoView {
    let client = Client::current();
    let turn = RwSignal::new(0);
    let projects = {
        let client = client.clone();
        Resource::new(
            move || turn.get(),
            move |_| {
                let client = client.clone();
                async move { client.projects().await.unwrap_or_default() }
            },
        )
    };
    let shelf = Shelf {
        state: RwSignal::new(DesignState::Active),
        project: RwSignal::new(String::new()),
        search: RwSignal::new(String::new()),
        turn,
        projects,
        creating: RwSignal::new(None),
        editing: RwSignal::new(None),
        deleting: RwSignal::new(None),
    };
    let query = move || {
        let given = |text: String| Some(text.trim().to_string()).filter(|t| !t.is_empty());
        let query = DesignQuery {
            state: shelf.state.get(),
            project: given(shelf.project.get()),
            search: given(shelf.search.get()),
            after: None,
        };
        (query.state, query.project, query.search, turn.get())
    };
    let cards = {
        let client = client.clone();
        Resource::new(query, move |(state, project, search, _)| {
            let client = client.clone();
            async move { client.designs(&DesignQuery { state, project, search, after: None }).await.map(|p| p.items) }
        })
    };
    // Who is where changes without us: look again while the page is open.
    #[cfg(feature = "hydrate")]
    {
        let again = move || {
            if !document().hidden() {
                turn.update(|t| *t += 1);
            }
        };
        if let Ok(handle) = set_interval_with_handle(again, std::time::Duration::from_secs(15)) {
            on_cleanup(move || handle.clear());
        }
    }
    view! {
        <div class="page-head">
            <h1>"Designs"</h1>
            <span class="grow"></span>
            <label class="search">
                <Icon glyph=Glyph::Search />
                <input
                    type="search" placeholder="Search designs" aria-label="Search designs" data-testid="design-search"
                    prop:value=move || shelf.search.get()
                    on:input=move |e| shelf.search.set(event_target_value(&e))
                />
            </label>
            <ProjectFilter shelf=shelf />
            <button
                type="button" class="button primary" data-testid="new-design"
                on:click=move |_| shelf.creating.set(Some("empty"))
            >
                <Icon glyph=Glyph::Add />"New design"
            </button>
        </div>
        <div class="segmented" role="tablist" aria-label="Which designs">
            {[
                (DesignState::Active, "Active", "state-active"),
                (DesignState::Archived, "Archive", "state-archived"),
                (DesignState::Bin, "Bin", "state-bin"),
            ]
                .map(|(state, label, testid)| {
                    view! {
                        <button
                            type="button" role="tab" data-testid=testid
                            aria-selected=move || (shelf.state.get() == state).to_string()
                            on:click=move |_| shelf.state.set(state)
                        >
                            {label}
                        </button>
                    }
                })
                .collect_view()}
        </div>
        <Show when=move || shelf.state.get() == DesignState::Active && shelf.search.with(|s| s.trim().is_empty())>
            <Templates shelf=shelf />
        </Show>
        <Transition fallback=|| view! { <div class="cards" aria-busy="true"><CardGhosts /></div> }>
            {
                // Looked at again and again; drawn only when something differs.
                let shown = Memo::new(move |_| cards.get());
                move || {
                    shown.get().map(|result| match result {
                        Ok(items) if items.is_empty() => view! { <Nothing shelf=shelf /> }.into_any(),
                        Ok(items) => {
                            view! {
                                <ul class="cards" data-testid="designs">
                                    {items
                                        .into_iter()
                                        .map(|card| view! { <Card card=card shelf=shelf /> })
                                        .collect_view()}
                                </ul>
                            }
                                .into_any()
                        }
                        Err(problem) => view! { <Fault problem=problem /> }.into_any(),
                    })
                }
            }
        </Transition>
        <CreateDialog shelf=shelf />
        <EditDialog shelf=shelf />
        <DeleteDialog shelf=shelf />
    }
    .into_any()
}

#[component]
fn CardGhosts() -> impl IntoView {
    (0..4).map(|_| view! { <div class="card ghost"></div> }).collect_view()
}

#[component]
fn ProjectFilter(shelf: Shelf) -> impl IntoView {
    view! {
        <select
            class="input auto" aria-label="Project" data-testid="project-filter"
            on:change=move |e| shelf.project.set(event_target_value(&e))
        >
            <option value="">"All projects"</option>
            <Suspense fallback=|| ()>
                {move || {
                    shelf
                        .projects
                        .get()
                        .unwrap_or_default()
                        .into_iter()
                        .map(|p| view! { <option value=p.id>{format!("{} ({})", p.name, p.designs)}</option> })
                        .collect_view()
                }}
            </Suspense>
        </select>
    }
    .into_any()
}

/// A row of starting points.
#[component]
fn Templates(shelf: Shelf) -> impl IntoView {
    view! {
        <section class="templates" aria-label="Start from a template">
            {TEMPLATES
                .iter()
                .map(|t| {
                    view! {
                        <button
                            type="button" class="template" data-testid=format!("template-{}", t.id)
                            on:click=move |_| shelf.creating.set(Some(t.id))
                        >
                            <TemplatePicture id=t.id />
                            <span>
                                <strong>{t.label}</strong>
                                <span class="soft">{t.help}</span>
                            </span>
                        </button>
                    }
                })
                .collect_view()}
        </section>
    }
    .into_any()
}

/// A line drawing of a template.
#[component]
fn TemplatePicture(id: &'static str) -> impl IntoView {
    let path = match id {
        "bracket" => "M8 34V12l6-4v16l20 8v8l-6 3zM14 24l-6 4M28 43v-8l6-3M28 35L8 27M11 14.5v3M21 32.5l4 1.6",
        "flange" => {
            "M24 15c9 0 16 4 16 9s-7 9-16 9-16-4-16-9 7-9 16-9zM24 20.5c3.5 0 6.5 1.5 6.5 3.5S27.5 27.5 24 27.5s-6.5-1.5-6.5-3.5 3-3.5 6.5-3.5zM8 24v6c0 5 7 9 16 9s16-4 16-9v-6M13 24h.1M35 24h.1M24 17.8h.1M24 30.4h.1"
        }
        "heat_sink" => {
            "M7 38V34l12-6h22v4l-12 6zM11 32V14l3-1.5v18M18 30V12l3-1.5v17M25 28V11l3-1.5V28M32 28V11l3-1.5V28M29 38v-4l12-6M7 34h22"
        }
        _ => "M24 8v32M8 31l16-7 16 7M24 24L10 17M24 24l14-7",
    };
    view! {
        <svg
            width="48" height="48" viewBox="0 0 48 48" fill="none" stroke="currentColor" stroke-width="1.2"
            stroke-linejoin="round" stroke-linecap="round" aria-hidden="true"
        >
            <path d=path></path>
        </svg>
    }
    .into_any()
}

#[component]
fn Nothing(shelf: Shelf) -> impl IntoView {
    view! {
        <div class="empty" data-testid="no-designs">
            {move || match (shelf.state.get(), shelf.search.get().trim().is_empty()) {
                (_, false) => {
                    view! {
                        <Icon glyph=Glyph::Search size=24 />
                        <h2>"No design matches"</h2>
                        <p>"Search looks at names. Try fewer letters, or all projects."</p>
                    }
                        .into_any()
                }
                (DesignState::Active, _) => {
                    view! {
                        <Icon glyph=Glyph::Box size=24 />
                        <h2>"No designs yet"</h2>
                        <p>"Start from a template above, or from nothing."</p>
                    }
                        .into_any()
                }
                (DesignState::Archived, _) => {
                    view! {
                        <Icon glyph=Glyph::Archive size=24 />
                        <h2>"The archive is empty"</h2>
                        <p>"Archive designs that are finished: they stay readable and out of the way."</p>
                    }
                        .into_any()
                }
                (DesignState::Bin, _) => {
                    view! {
                        <Icon glyph=Glyph::Remove size=24 />
                        <h2>"The bin is empty"</h2>
                        <p>"Deleted designs wait here until they are restored or removed for good."</p>
                    }
                        .into_any()
                }
            }}
        </div>
    }
    .into_any()
}

#[component]
fn Card(card: DesignCard, shelf: Shelf) -> impl IntoView {
    let here = card.here.iter().map(|h| (h.name.clone(), h.hue)).collect::<Vec<_>>();
    let changed = format!("{} · {}", ago(card.changed, now()), card.changed_by);
    let href = format!("/design/{}", card.id);
    let may_edit = card.role <= Role::Engineer;
    let label = format!("Actions for {}", card.name);
    let stored = StoredValue::new(card.clone());
    let name = card.name.clone();
    view! {
        <li class="card" data-testid="design-card" data-design=card.id.clone()>
            <A href=href attr:class="card-link" attr:aria-label=format!("Open {}", card.name)>
                <span class="thumbnail">
                    {match card.thumbnail.clone() {
                        Some(src) => view! { <img src=src alt="" loading="lazy" width="320" height="200" /> }.into_any(),
                        None => view! { <span class="no-picture"><Icon glyph=Glyph::Box size=24 /></span> }.into_any(),
                    }}
                </span>
            </A>
            {(!here.is_empty())
                .then(|| view! { <span class="card-here" data-testid="here"><Avatars people=here /></span> })}
            <div class="card-foot">
                <div class="card-text">
                    <strong title=name.clone()>{name.clone()}</strong>
                    <span class="soft">{card.project_name.clone()}" · "{changed}</span>
                </div>
                <Menu
                    button=|| view! { <Icon glyph=Glyph::More /> } label=label testid="card-menu" class="icon-button"
                    right=true
                >
                    <CardActions card=stored.get_value() shelf=shelf may_edit=may_edit />
                </Menu>
            </div>
        </li>
    }
    .into_any()
}

#[component]
fn CardActions(card: DesignCard, shelf: Shelf, may_edit: bool) -> impl IntoView {
    let notices = use_notices();
    let client = StoredValue::new(Client::current());
    let id = StoredValue::new(card.id.clone());
    let state = card.state;
    let stored = StoredValue::new(card.clone());
    let duplicate = move |_| {
        let (client, card) = (client.get_value(), stored.get_value());
        leptos::task::spawn_local(async move {
            match client.duplicate_design(&card.id, &format!("{} copy", card.name)).await {
                Ok(_) => notices.good("The copy is in the list."),
                Err(problem) => notices.bad(problem.message),
            }
            shelf.turn.update(|t| *t += 1);
        });
    };
    let to = move |state: DesignState, done: &'static str| {
        shelf.change(id.get_value(), ChangeDesign { state: Some(state), ..Default::default() }, done);
    };
    let item = "menu-item";
    view! {
        {(may_edit && state == DesignState::Active)
            .then(|| {
                view! {
                    <button
                        type="button" class=item role="menuitem" data-testid="action-edit"
                        on:click=move |_| shelf.editing.set(Some(stored.get_value()))
                    >
                        <Icon glyph=Glyph::Rename />"Rename or move…"
                    </button>
                }
            })}
        {(state != DesignState::Bin)
            .then(|| {
                view! {
                    <button type="button" class=item role="menuitem" data-testid="action-duplicate" on:click=duplicate>
                        <Icon glyph=Glyph::Copy />"Duplicate"
                    </button>
                }
            })}
        {(may_edit && state == DesignState::Active)
            .then(|| {
                view! {
                    <button
                        type="button" class=item role="menuitem" data-testid="action-archive"
                        on:click=move |_| to(DesignState::Archived, "Archived.")
                    >
                        <Icon glyph=Glyph::Archive />"Archive"
                    </button>
                }
            })}
        {(may_edit && state != DesignState::Active)
            .then(|| {
                view! {
                    <button
                        type="button" class=item role="menuitem" data-testid="action-restore"
                        on:click=move |_| to(DesignState::Active, "Restored.")
                    >
                        <Icon glyph=Glyph::Restore />"Restore"
                    </button>
                }
            })}
        {(may_edit && state != DesignState::Bin)
            .then(|| {
                view! {
                    <button
                        type="button" class="menu-item danger" role="menuitem" data-testid="action-bin"
                        on:click=move |_| to(DesignState::Bin, "Moved to the bin.")
                    >
                        <Icon glyph=Glyph::Remove />"Move to the bin"
                    </button>
                }
            })}
        {(may_edit && state == DesignState::Bin)
            .then(|| {
                view! {
                    <button
                        type="button" class="menu-item danger" role="menuitem" data-testid="action-delete"
                        on:click=move |_| shelf.deleting.set(Some(stored.get_value()))
                    >
                        <Icon glyph=Glyph::Remove />"Delete for good…"
                    </button>
                }
            })}
    }
    .into_any()
}

/// Projects as options; `engineer` leaves out those the person may only look at.
fn project_options(projects: Option<Vec<Project>>) -> Vec<(String, String)> {
    projects.unwrap_or_default().into_iter().filter(|p| p.role <= Role::Engineer).map(|p| (p.id, p.name)).collect()
}

/// Value of a project choice that asks for a new one.
const NEW_PROJECT: &str = "+";

#[component]
fn CreateDialog(shelf: Shelf) -> impl IntoView {
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
fn EditDialog(shelf: Shelf) -> impl IntoView {
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
fn DeleteDialog(shelf: Shelf) -> impl IntoView {
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
