//! The tools over the view: add features, look from standard sides, cut, measure, hide.

use super::desk::{Cut, Desk, use_desk};
use super::file::ImportForm;
use crate::api::share::Allow;
use crate::ui::{Dialog, Glyph, Icon, Menu};
use crate::viewport::{StandardView, ViewCommand};
use leptos::prelude::*;
use solver::design::schema::{KINDS, Section};

/// Standard views with their keys, in the order of the keys.
pub const VIEWS: [(StandardView, &str, &str); 7] = [
    (StandardView::Front, "Front", "1"),
    (StandardView::Back, "Back", "2"),
    (StandardView::Left, "Left", "3"),
    (StandardView::Right, "Right", "4"),
    (StandardView::Top, "Top", "5"),
    (StandardView::Bottom, "Bottom", "6"),
    (StandardView::Isometric, "Isometric", "7"),
];

impl Desk {
    /// Bodies of what is picked, else of the selected feature.
    fn bodies_meant(&self) -> Vec<String> {
        let mut bodies: Vec<String> = self.picks.with_untracked(|p| p.iter().map(|p| p.body().to_string()).collect());
        if bodies.is_empty()
            && let Some(id) = self.selected.get_untracked()
        {
            bodies.extend(self.scene.with_untracked(|s| {
                s.iter()
                    .flat_map(|s| &s.bodies)
                    .filter(|b| b.name == id.0 || b.surface.faces.iter().any(|f| f.name.feature() == id.0))
                    .map(|b| b.name.clone())
                    .collect::<Vec<_>>()
            }));
        }
        bodies.sort();
        bodies.dedup();
        bodies
    }

    /// Hides what is meant; with nothing meant, shows everything again.
    pub fn toggle_hidden(&self) {
        let bodies = self.bodies_meant();
        if bodies.is_empty() || self.isolated.with_untracked(Option::is_some) {
            self.hidden.set(Vec::new());
            self.isolated.set(None);
        } else {
            self.hidden.update(|h| {
                for body in bodies {
                    match h.iter().position(|x| *x == body) {
                        Some(at) => drop(h.remove(at)),
                        None => h.push(body),
                    }
                }
            });
            self.picks.set(Vec::new());
        }
    }

    /// Shows only what is meant, or everything again.
    pub fn toggle_isolated(&self) {
        let bodies = self.bodies_meant();
        let all = bodies.is_empty() || self.isolated.with_untracked(Option::is_some);
        self.isolated.set((!all).then_some(bodies));
    }

    pub fn toggle_cut(&self) {
        if !self.may_use(Allow::Section) {
            return;
        }
        let cut = Cut { normal: [1.0, 0.0, 0.0], position: 0.0, flipped: false };
        self.cut.update(|c| *c = if c.is_some() { None } else { Some(cut) });
    }

    /// Whether a guest's link allows a tool; who has an account has all.
    pub fn may_use(&self, tool: Allow) -> bool {
        self.allow.with(|allow| allow.as_ref().is_none_or(|all| all.contains(&tool)))
    }

    pub fn toggle_measure(&self) {
        if !self.may_use(Allow::Measure) {
            return;
        }
        self.target.set(None);
        self.measuring.update(|m| *m = !*m);
    }
}

/// A button of the toolbar.
#[component]
fn Tool(
    glyph: Glyph,
    label: &'static str,
    testid: &'static str,
    #[prop(optional, into)] pressed: Option<Signal<bool>>,
    on_click: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            type="button" class="tool" class:on=move || pressed.is_some_and(|p| p.get()) title=label aria-label=label
            aria-pressed=move || pressed.map(|p| p.get().to_string()) data-testid=testid
            on:click=move |_| on_click.run(())
        >
            <Icon glyph=glyph />
        </button>
    }
    .into_any()
}

/// The tools of looking, shared with the guest's page.
#[component]
pub fn LookTools() -> impl IntoView {
    let desk = use_desk();
    let act = move |f: fn(&Desk)| Callback::new(move |()| f(&desk));
    view! {
        <Tool glyph=Glyph::Fit label="Fit (F)" testid="fit" on_click=act(|d| d.view(ViewCommand::Fit)) />
        <Menu
            button=|| view! { <Icon glyph=Glyph::Box /><Icon glyph=Glyph::Down size=10 /> } label="Standard views (1–7)"
            testid="views" class="tool"
        >
            {VIEWS
                .map(|(view, label, key)| {
                    view! {
                        <button
                            type="button" class="menu-item" role="menuitem"
                            data-testid=format!("view-{}", label.to_lowercase())
                            on:click=move |_| desk.view(ViewCommand::View(view))
                        >
                            {label}<span class="grow"></span><kbd>{key}</kbd>
                        </button>
                    }
                })
                .collect_view()}
        </Menu>
        <Tool
            glyph=Glyph::Perspective label="Perspective (P)" testid="perspective" pressed=desk.perspective
            on_click=act(|d| d.perspective.update(|p| *p = !*p))
        />
        <Tool
            glyph=Glyph::Edges label="Edges (E)" testid="edges-toggle" pressed=desk.edges
            on_click=act(|d| d.edges.update(|p| *p = !*p))
        />
        <span class="divider"></span>
        <Show when=move || desk.may_use(Allow::Section)>
            <Tool
                glyph=Glyph::Section label="Section (S)" testid="section" pressed=Signal::derive(move || desk.cut.get().is_some())
                on_click=act(Desk::toggle_cut)
            />
        </Show>
        <Show when=move || desk.may_use(Allow::Measure)>
            <Tool
                glyph=Glyph::Measure label="Measure (M)" testid="measure" pressed=desk.measuring
                on_click=act(Desk::toggle_measure)
            />
        </Show>
        <Tool
            glyph=Glyph::EyeOff label="Hide (H)" testid="hide"
            pressed=Signal::derive(move || desk.hidden.with(|h| !h.is_empty())) on_click=act(Desk::toggle_hidden)
        />
        <Tool
            glyph=Glyph::Isolate label="Isolate (I)" testid="isolate"
            pressed=Signal::derive(move || desk.isolated.with(Option::is_some)) on_click=act(Desk::toggle_isolated)
        />
    }
    .into_any()
}

/// Features, a few at hand and the rest in a menu; then the tools of looking.
#[component]
pub fn Toolbar() -> impl IntoView {
    let desk = use_desk();
    let importing = RwSignal::new(false);
    let at_hand = ["box", "cylinder", "extrude", "revolve", "hole", "fillet", "chamfer", "pattern_linear"];
    view! {
        <div class="toolbar" role="toolbar" aria-label="Tools" data-testid="toolbar">
            <Show when=move || desk.may_edit.get()>
                <Menu
                    button=|| {
                        view! {
                            <Icon glyph=Glyph::Add />
                            <span>"Feature"</span>
                            <Icon glyph=Glyph::Down size=10 />
                        }
                    }
                    label="Add a feature" testid="add-feature" class="tool wide"
                >
                    <div class="menu-columns">
                        {KINDS
                            .iter()
                            .filter(|k| k.section == Section::Feature && !k.needs_file())
                            .map(|k| {
                                view! {
                                    <button
                                        type="button" class="menu-item" role="menuitem" title=k.help
                                        data-testid=format!("feature-{}", k.id)
                                        on:click=move |_| {
                                            desk.add(k.id);
                                        }
                                    >
                                        <Icon glyph=Glyph::of_kind(k.id) />
                                        {k.label}
                                    </button>
                                }
                            })
                            .collect_view()}
                        <button
                            type="button" class="menu-item" role="menuitem" data-testid="feature-import"
                            on:click=move |_| importing.set(true)
                        >
                            <Icon glyph=Glyph::Import />
                            "Import STL, OBJ, INP…"
                        </button>
                    </div>
                </Menu>
                <span class="at-hand">
                    {KINDS
                        .iter()
                        .filter(|k| at_hand.contains(&k.id))
                        .map(|k| {
                            view! {
                                <Tool
                                    glyph=Glyph::of_kind(k.id) label=k.label testid=k.id
                                    on_click=Callback::new(move |()| {
                                        desk.add(k.id);
                                    })
                                />
                            }
                        })
                        .collect_view()}
                </span>
                <span class="divider"></span>
            </Show>
            <LookTools />
        </div>
        <Dialog open=importing title="Import" testid="import-dialog" wide=true>
            <ImportForm open=importing />
        </Dialog>
    }
    .into_any()
}
