//! The tree of a design, by section: select, reorder, group, rename, leave out, delete.

use super::desk::{Desk, use_desk};
use super::parameter::ParameterTable;
use crate::ui::{Avatar, Glyph, Icon, Menu};
use leptos::{ev, html, prelude::*};
use solver::design::schema::{KINDS, Section};
use solver::design::{Command, Design, Id, Object, Severity};
use std::collections::BTreeSet;

/// A line of the tree.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    id: Id,
    kind: String,
    depth: usize,
    folded: bool,
}

/// The lines of a section with its groups, in tree order. A group shows where its first member would.
fn lines(design: &Design, section: Section, folded: &BTreeSet<Id>) -> Vec<Line> {
    // A group belongs to a section by what stands in it; an empty one shows among the features.
    fn group_section(design: &Design, group: &Id) -> Section {
        design
            .objects
            .iter()
            .filter(|o| o.parent.as_ref() == Some(group))
            .find_map(|o| match o.section()? {
                Section::Group => Some(group_section_at(design, &o.id, 8)),
                s => Some(s),
            })
            .unwrap_or(Section::Feature)
    }
    fn group_section_at(design: &Design, group: &Id, depth: usize) -> Section {
        if depth == 0 { Section::Feature } else { group_section(design, group) }
    }
    let belongs = |o: &Object| match o.section() {
        Some(Section::Group) => group_section(design, &o.id) == section,
        s => s == Some(section),
    };
    fn add(
        design: &Design,
        parent: Option<&Id>,
        depth: usize,
        belongs: &dyn Fn(&Object) -> bool,
        folded: &BTreeSet<Id>,
        out: &mut Vec<Line>,
    ) {
        for o in design.objects.iter().filter(|o| belongs(o)) {
            // A parent that is gone leaves its members at the top.
            let at = o.parent.as_ref().filter(|p| design.get(p).is_some());
            if at != parent {
                continue;
            }
            let is_folded = folded.contains(&o.id);
            out.push(Line { id: o.id.clone(), kind: o.kind.clone(), depth, folded: is_folded });
            if o.kind == "group" && !is_folded && depth < 8 {
                add(design, Some(&o.id), depth + 1, belongs, folded, out);
            }
        }
    }
    let mut out = Vec::new();
    add(design, None, 0, &belongs, folded, &mut out);
    out
}

const SECTIONS: [(Section, &str, &str); 6] = [
    (Section::Feature, "Features", "features"),
    (Section::Selection, "Selections", "selections"),
    (Section::Support, "Supports", "supports"),
    (Section::Load, "Loads", "loads"),
    (Section::LoadCase, "Load cases", "cases"),
    (Section::Study, "Studies", "studies"),
];

#[component]
pub fn Tree() -> impl IntoView {
    let desk = use_desk();
    let root = NodeRef::<html::Div>::new();
    let on_key = move |e: ev::KeyboardEvent| tree_key(desk, &e);
    view! {
        <div class="tree" node_ref=root on:keydown=on_key data-testid="tree">
            <SectionBox title="Parameters" testid="parameters-section" section=Section::Parameter>
                <ParameterTable />
            </SectionBox>
            {SECTIONS
                .map(|(section, title, testid)| {
                    view! {
                        <SectionBox title=title testid=format!("{testid}-section") section=section>
                            <Lines section=section testid=testid />
                        </SectionBox>
                    }
                })
                .collect_view()}
        </div>
    }
    .into_any()
}

/// Moves the selection with the arrow keys over the rows as they stand.
fn tree_key(desk: Desk, e: &ev::KeyboardEvent) {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let by: i32 = match e.key().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            _ => return,
        };
        let Some(row) = e
            .target()
            .and_then(|t| t.dyn_into::<leptos::web_sys::Element>().ok())
            .filter(|t| t.class_list().contains("tree-row"))
        else {
            return;
        };
        let Ok(rows) = document().query_selector_all(".tree .tree-row") else { return };
        let all: Vec<leptos::web_sys::HtmlElement> =
            (0..rows.length()).filter_map(|i| rows.item(i)?.dyn_into().ok()).collect();
        let Some(at) = all.iter().position(|r| **r == row) else { return };
        if let Some(next) = at.checked_add_signed(by as isize).and_then(|i| all.get(i)) {
            e.prevent_default();
            // A row that is leaving cannot take focus; the next key finds another.
            let _ = next.focus();
            if let Some(id) = next.get_attribute("data-object") {
                desk.selected.set(Some(Id(id)));
            }
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (desk, e);
}

/// A foldable part of the tree with its add button.
#[component]
fn SectionBox(
    title: &'static str,
    #[prop(into)] testid: String,
    section: Section,
    children: ChildrenFn,
) -> impl IntoView {
    let desk = use_desk();
    let open = RwSignal::new(true);
    let children = StoredValue::new(children);
    let count = Memo::new(move |_| desk.design.with(|d| d.section(section).count()));
    let kinds: Vec<_> = KINDS.iter().filter(|k| k.section == section && k.id != "import").collect();
    let single = if kinds.len() == 1 { kinds.first().map(|k| k.id) } else { None };
    view! {
        <section class="tree-section" data-testid=testid>
            <header>
                <button
                    type="button" class="tree-title" aria-expanded=move || open.get().to_string()
                    on:click=move |_| open.update(|o| *o = !*o)
                >
                    {move || view! { <Icon glyph=if open.get() { Glyph::Down } else { Glyph::Right } size=12 /> }}
                    {title}
                    <span class="count">{move || (count.get() > 0).then(|| count.get())}</span>
                </button>
                <span class="grow"></span>
                <Show when=move || desk.may_edit.get()>
                    {match single {
                        Some(kind) => {
                            view! {
                                <button
                                    type="button" class="icon-button small" aria-label=format!("Add to {title}")
                                    title=format!("Add to {title}") data-testid=format!("add-{kind}")
                                    on:click=move |_| {
                                        open.set(true);
                                        desk.add(kind);
                                    }
                                >
                                    <Icon glyph=Glyph::Add size=14 />
                                </button>
                            }
                                .into_any()
                        }
                        None => view! { <AddMenu section=section title=title /> }.into_any(),
                    }}
                </Show>
            </header>
            <Show when=move || open.get()>{children.with_value(|c| c())}</Show>
        </section>
    }
    .into_any()
}

#[component]
fn AddMenu(section: Section, title: &'static str) -> impl IntoView {
    let desk = use_desk();
    view! {
        <Menu
            button=|| view! { <Icon glyph=Glyph::Add size=14 /> } label=format!("Add to {title}")
            testid=format!("add-{}", title.to_lowercase().replace(' ', "-")) class="icon-button small" right=true
        >
            {KINDS
                .iter()
                .filter(|k| k.section == section && k.id != "import")
                .map(|k| {
                    view! {
                        <button
                            type="button" class="menu-item" role="menuitem" title=k.help
                            data-testid=format!("add-{}", k.id)
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
            {(section == Section::Feature)
                .then(|| {
                    view! {
                        <button
                            type="button" class="menu-item" role="menuitem" data-testid="add-group"
                            on:click=move |_| {
                                desk.add("group");
                            }
                        >
                            <Icon glyph=Glyph::Group />
                            "Group"
                        </button>
                    }
                })}
        </Menu>
    }
    .into_any()
}

/// Where a dragged row would land.
#[derive(Clone, Debug, PartialEq)]
enum Drop {
    Before(Id),
    Into(Id),
    End,
}

#[component]
fn Lines(section: Section, testid: &'static str) -> impl IntoView {
    let desk = use_desk();
    let folded = RwSignal::new(BTreeSet::new());
    let list = Memo::new(move |_| desk.design.with(|d| folded.with(|f| lines(d, section, f))));
    let dragged = RwSignal::new(None::<Id>);
    let over = RwSignal::new(None::<Drop>);
    let drop_it = move || {
        let (Some(id), Some(to)) = (dragged.get_untracked(), over.get_untracked()) else { return };
        dragged.set(None);
        over.set(None);
        let parent_of = |id: &Id| desk.design.with_untracked(|d| d.get(id).and_then(|o| o.parent.clone()));
        let (before, parent) = match to {
            Drop::Before(before) if before == id => return,
            Drop::Before(before) => (Some(before.clone()), parent_of(&before)),
            Drop::Into(group) => (None, Some(group)),
            Drop::End => (None, None),
        };
        desk.commit(Command::Move { id, before, parent });
    };
    view! {
        <div
            class="tree-lines" role="tree" aria-label=testid data-testid=testid
            on:dragover=move |e| {
                if dragged.with_untracked(Option::is_some) {
                    e.prevent_default();
                }
            }
            on:drop=move |e| {
                e.prevent_default();
                drop_it();
            }
        >
            <For each=move || list.get() key=|l| (l.id.clone(), l.depth, l.folded) let:line>
                <Row line=line folded=folded dragged=dragged over=over />
            </For>
            {move || {
                dragged
                    .with(Option::is_some)
                    .then(|| {
                        view! {
                            <div
                                class="tree-end" class:over=move || over.get() == Some(Drop::End)
                                on:dragover=move |e| {
                                    e.prevent_default();
                                    over.set(Some(Drop::End));
                                }
                            ></div>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}

/// Names the row as what is being dragged: some browsers start no drag without data.
fn carry(e: &ev::DragEvent, id: &Id) {
    #[cfg(feature = "hydrate")]
    if let Some(transfer) = e.data_transfer() {
        // Refused only outside of a drag's start.
        let _ = transfer.set_data("text/plain", &id.0);
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (e, id);
}

#[component]
fn Row(
    line: Line,
    folded: RwSignal<BTreeSet<Id>>,
    dragged: RwSignal<Option<Id>>,
    over: RwSignal<Option<Drop>>,
) -> impl IntoView {
    let desk = use_desk();
    let id = StoredValue::new(line.id.clone());
    let is_group = line.kind == "group";
    let is_folded = line.folded;
    let name = Memo::new(move |_| {
        id.with_value(|id| desk.design.with(|d| d.get(id).map(|o| o.name.clone()).unwrap_or_default()))
    });
    let suppressed =
        Memo::new(move |_| id.with_value(|id| desk.design.with(|d| d.get(id).is_some_and(|o| o.suppressed))));
    let selected = Memo::new(move |_| id.with_value(|id| desk.selected.with(|s| s.as_ref() == Some(id))));
    let hidden = Memo::new(move |_| id.with_value(|id| desk.hidden.with(|h| h.contains(&id.0))));
    let issue = Memo::new(move |_| {
        let issues = id.with_value(|id| desk.issues_of(id));
        let worst = issues.iter().map(|i| i.severity).min()?;
        Some((worst, issues.iter().map(|i| i.message.clone()).collect::<Vec<_>>().join("\n")))
    });
    let is_field = Memo::new(move |_| {
        id.with_value(|id| {
            desk.scene.with(|s| {
                s.as_ref().is_some_and(|s| {
                    s.bodies
                        .iter()
                        .any(|b| b.name == id.0 && b.representation == solver::surface::Representation::Field)
                })
            })
        })
    });
    let watchers = Memo::new(move |_| {
        id.with_value(|id| {
            desk.peers.with(|p| {
                p.iter()
                    .filter(|p| p.presence.object.as_deref() == Some(id.0.as_str()))
                    .map(|p| (p.name.clone(), p.hue))
                    .collect::<Vec<_>>()
            })
        })
    });
    let renaming = RwSignal::new(false);
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if renaming.get()
            && let Some(input) = input.get()
        {
            // Focus fails only for an element that is not shown.
            let _ = input.focus();
            input.select();
        }
    });
    let finish = move |keep: bool| {
        if !renaming.get_untracked() {
            return;
        }
        if keep && let Some(input) = input.get_untracked() {
            let new = input.value().trim().to_string();
            if !new.is_empty() && new != name.get_untracked() {
                desk.commit(Command::Rename { id: id.get_value(), name: new });
            }
        }
        renaming.set(false);
    };
    let light = move |on: bool| {
        let picks = if on {
            id.with_value(|id| super::choose::faces_of_feature(id, desk.scene.get_untracked().as_deref()))
        } else {
            Vec::new()
        };
        if desk.highlight.with_untracked(|h| *h != picks) {
            desk.highlight.set(picks);
        }
    };
    let toggle_fold = move |e: ev::MouseEvent| {
        e.stop_propagation();
        folded.update(|f| {
            let id = id.get_value();
            if !f.remove(&id) {
                f.insert(id);
            }
        });
    };
    let glyph = Glyph::of_kind(&line.kind);
    let over_here = move || {
        over.with(|o| match o {
            Some(Drop::Before(at)) if id.with_value(|id| id == at) => "tree-row-slot before",
            Some(Drop::Into(at)) if id.with_value(|id| id == at) => "tree-row-slot into",
            _ => "tree-row-slot",
        })
    };
    view! {
        <div class=over_here>
            <div
                class="tree-row" role="treeitem" tabindex="0" class:selected=move || selected.get()
                class:suppressed=move || suppressed.get() aria-selected=move || selected.get().to_string()
                style=format!("--depth:{}", line.depth) data-testid="tree-row" data-object=line.id.0.clone()
                data-kind=line.kind.clone() draggable=move || (desk.may_edit.get() && !renaming.get()).to_string()
                on:click=move |_| desk.selected.set(Some(id.get_value()))
                on:dblclick=move |_| renaming.set(desk.may_edit.get_untracked())
                on:keydown=move |e: ev::KeyboardEvent| {
                    match e.key().as_str() {
                        "F2" => renaming.set(desk.may_edit.get_untracked()),
                        "Enter" | " " if !renaming.get_untracked() => {
                            e.prevent_default();
                            desk.selected.set(Some(id.get_value()));
                        }
                        _ => {}
                    }
                }
                on:mouseenter=move |_| light(true)
                on:mouseleave=move |_| light(false)
                on:dragstart=move |e| {
                    carry(&e, &id.get_value());
                    dragged.set(Some(id.get_value()));
                }
                on:dragend=move |_| {
                    dragged.set(None);
                    over.set(None);
                }
                on:dragover=move |e| {
                    if dragged.with_untracked(Option::is_none) {
                        return;
                    }
                    e.prevent_default();
                    e.stop_propagation();
                    let lower = e.offset_y() > 10;
                    let to = if is_group && lower { Drop::Into(id.get_value()) } else { Drop::Before(id.get_value()) };
                    if over.get_untracked().as_ref() != Some(&to) {
                        over.set(Some(to));
                    }
                }
            >
                {if is_group {
                    view! {
                        <button
                            type="button" class="fold" aria-label="Fold" aria-expanded=(!is_folded).to_string()
                            on:click=toggle_fold
                        >
                            <Icon glyph=if is_folded { Glyph::Right } else { Glyph::Down } size=12 />
                        </button>
                    }
                        .into_any()
                } else {
                    ().into_any()
                }}
                <Icon glyph=glyph />
                <Show
                    when=move || renaming.get()
                    fallback=move || view! { <span class="tree-name">{move || name.get()}</span> }
                >
                    <input
                        node_ref=input class="input" aria-label="Name" prop:value=name.get_untracked()
                        on:blur=move |_| finish(true) on:click=|e| e.stop_propagation()
                        on:keydown=move |e: ev::KeyboardEvent| {
                            e.stop_propagation();
                            match e.key().as_str() {
                                "Enter" => finish(true),
                                "Escape" => finish(false),
                                _ => {}
                            }
                        }
                    />
                </Show>
                <span class="grow"></span>
                {move || {
                    is_field.get().then(|| view! { <span class="tag" title="Solved as a field: sampled, not exact">"field"</span> })
                }}
                {move || {
                    watchers
                        .get()
                        .into_iter()
                        .map(|(name, hue)| view! { <Avatar name=name hue=hue small=true /> })
                        .collect_view()
                }}
                {move || {
                    issue
                        .get()
                        .map(|(severity, text)| {
                            let bad = severity == Severity::Error;
                            view! {
                                <span
                                    class="issue" class:bad=bad title=text.clone() data-testid="issue" role="img"
                                    aria-label=text
                                >
                                    <Icon glyph=if bad { Glyph::Error } else { Glyph::Warning } size=14 />
                                </span>
                            }
                        })
                }}
                <button
                    type="button" class="icon-button small" class:reveal=move || !suppressed.get() && !hidden.get()
                    tabindex="-1" disabled=move || !desk.may_edit.get()
                    aria-label=move || if suppressed.get() { "Use again" } else { "Leave out (suppress)" }
                    title=move || if suppressed.get() { "Use again" } else { "Leave out (suppress)" }
                    on:click=move |e| {
                        e.stop_propagation();
                        desk.commit(Command::Suppress { id: id.get_value(), suppressed: !suppressed.get_untracked() });
                    }
                >
                    {move || view! { <Icon glyph=if suppressed.get() { Glyph::EyeOff } else { Glyph::Eye } size=14 /> }}
                </button>
            </div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn design() -> Design {
        let mut d = Design::new();
        let mut inner = Object::new("hole_a", "hole", "Hole");
        inner.parent = Some("group_a".into());
        let mut orphan = Object::new("hole_b", "hole", "Orphan");
        orphan.parent = Some("group_gone".into());
        for o in [
            Object::new("box_a", "box", "Box"),
            inner,
            Object::new("group_a", "group", "G"),
            orphan,
            Object::new("force_a", "force", "F"),
        ] {
            d.objects.push(Arc::new(o));
        }
        d
    }

    #[test]
    fn groups_hold_their_members_and_orphans_stay_visible() {
        let flat = |folded: &BTreeSet<Id>| {
            lines(&design(), Section::Feature, folded).into_iter().map(|l| (l.id.0, l.depth)).collect::<Vec<_>>()
        };
        let s = |text: &str, depth| (text.to_string(), depth);
        assert_eq!(flat(&BTreeSet::new()), [s("box_a", 0), s("group_a", 0), s("hole_a", 1), s("hole_b", 0)]);
        let folded = BTreeSet::from(["group_a".into()]);
        assert_eq!(flat(&folded), [s("box_a", 0), s("group_a", 0), s("hole_b", 0)]);
        assert_eq!(lines(&design(), Section::Load, &folded).len(), 1);
    }
}
