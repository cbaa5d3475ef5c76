//! The designs a person may see: find, make, tidy up.

use super::frame::{Fault, Frame};
use super::people::ProjectLink;
use crate::api::auth::Role;
use crate::api::client::Client;
use crate::api::design::{ChangeDesign, DesignCard, DesignQuery, DesignState};
use crate::api::organisation::Project;
use crate::api::{Page, Problem};
use crate::ui::{Avatars, Glyph, Icon, Menu, More, ago, now, use_notices};
use leptos::prelude::*;
use leptos_router::components::A;
use solver::design::TEMPLATES;

mod dialog;

use dialog::{CompartmentDialog, CreateDialog, DeleteDialog, EditDialog};

/// What the list shows, and what is done with its entries.
#[derive(Clone, Copy)]
struct Shelf {
    state: RwSignal<DesignState>,
    project: RwSignal<String>,
    search: RwSignal<String>,
    /// Pages of the list that are shown, for the question they were asked for.
    pages: RwSignal<(Asked, usize)>,
    /// Raised to load again.
    turn: RwSignal<u32>,
    projects: Resource<Vec<Project>>,
    creating: RwSignal<Option<&'static str>>,
    editing: RwSignal<Option<DesignCard>>,
    /// Into or out of a compartment.
    moving: RwSignal<Option<DesignCard>>,
    deleting: RwSignal<Option<DesignCard>>,
}

/// Which designs: state, project, words.
type Asked = (DesignState, Option<String>, Option<String>);

impl Shelf {
    fn asked(self) -> Asked {
        let given = |text: String| Some(text.trim().to_string()).filter(|t| !t.is_empty());
        (self.state.get(), given(self.project.get()), given(self.search.get()))
    }

    /// Pages to show; another question begins with one.
    fn n_pages(self) -> usize {
        let asked = self.asked();
        self.pages.with(|(of, n)| if *of == asked { *n } else { 1 })
    }

    fn show_more(self) {
        let n = untrack(|| self.n_pages());
        self.pages.set((untrack(|| self.asked()), n + 1));
    }

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
        pages: RwSignal::new(((DesignState::Active, None, None), 1)),
        turn,
        projects,
        creating: RwSignal::new(None),
        editing: RwSignal::new(None),
        moving: RwSignal::new(None),
        deleting: RwSignal::new(None),
    };
    let cards = {
        let client = client.clone();
        Resource::new(
            move || (shelf.asked(), shelf.n_pages(), turn.get()),
            move |(asked, n_pages, _)| {
                let client = client.clone();
                async move { first_pages(&client, asked, n_pages).await }
            },
        )
    };
    // Who is where changes without us: look again while the page is open.
    #[cfg(feature = "browser")]
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
            <Transition fallback=|| ()>
                {
                    // Projects are asked for again and again; the link stays while it is the same.
                    let managed = Memo::new(move |_| {
                        let chosen = shelf.project.get();
                        let projects = shelf.projects.get().unwrap_or_default();
                        let found = projects.into_iter().find(|p| p.id == chosen && p.role == Role::Owner);
                        found.map(|p| (p.id, p.name))
                    });
                    move || managed.get().map(|(id, name)| view! { <ProjectLink id=id name=name class="button" /> })
                }
            </Transition>
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
                        Ok(page) if page.items.is_empty() => view! { <Nothing shelf=shelf /> }.into_any(),
                        Ok(page) => {
                            view! {
                                <ul class="cards" data-testid="designs">
                                    {page
                                        .items
                                        .into_iter()
                                        .map(|card| view! { <Card card=card shelf=shelf /> })
                                        .collect_view()}
                                </ul>
                                {page.next.is_some().then(|| view! { <More testid="more-designs" on_more=move || shelf.show_more() /> })}
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
        <CompartmentDialog shelf=shelf />
        <DeleteDialog shelf=shelf />
    }
    .into_any()
}

/// The first `n_pages` pages of the designs asked for, as one.
async fn first_pages(client: &Client, asked: Asked, n_pages: usize) -> Result<Page<DesignCard>, Problem> {
    let (state, project, search) = asked;
    let mut query = DesignQuery { state, project, search, after: None };
    let mut all = client.designs(&query).await?;
    for _ in 1..n_pages {
        let Some(after) = all.next.take() else { break };
        query.after = Some(after);
        let page = client.designs(&query).await?;
        all.items.extend(page.items);
        all.next = page.next;
    }
    Ok(all)
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
        "lug" => {
            "M24 9a6 6 0 110 12 6 6 0 010-12zM24 12.5a2.5 2.5 0 110 5 2.5 2.5 0 010-5zM19 18.5C17 26 12 30 7 33M29 18.5C31 26 36 30 41 33M21.5 20.5C20 27 17 32 13 36M26.5 20.5C28 27 31 32 35 36M7 33v3h9l8-7 8 7h9v-3"
        }
        "engine_bracket" => {
            "M7 36v-5h7v5M34 36v-5h7v5M14 33c6 0 7-6 8-12M34 33c-6 0-7-6-8-12M16 18a5 5 0 1110 0 5 5 0 01-10 0zM19.5 18a1.5 1.5 0 103 0 1.5 1.5 0 00-3 0zM26 13c4-3 8 0 8 4s-3 5-6 4.5M14 36h20M10.5 31v-2M37.5 31v-2"
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
    let place = match &card.compartment {
        Some(compartment) => format!("{} › {}", card.project_name, compartment.name),
        None => card.project_name.clone(),
    };
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
                    <span class="soft">{place}" · "{changed}</span>
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
        {(may_edit && state != DesignState::Bin)
            .then(|| {
                view! {
                    <button
                        type="button" class=item role="menuitem" data-testid="action-compartment"
                        on:click=move |_| shelf.moving.set(Some(stored.get_value()))
                    >
                        <Icon glyph=Glyph::EyeOff />"Move to compartment…"
                    </button>
                }
            })}
        {(card.role == Role::Owner)
            .then(|| view! { <ProjectLink id=card.project name=card.project_name class=item item=true /> })}
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
