//! The tree of a design, by section: select, reorder, group, rename, leave out, delete.

use super::desk::{Desk, use_desk};
use super::parameter::ParameterTable;
use crate::ui::{Glyph, Icon, Menu};
use leptos::{ev, html, prelude::*};
use solver::design::schema::{KINDS, Section};
use solver::design::{Command, Design, Id, Object};
use std::collections::BTreeSet;

mod row;

use row::{Drop, Row};

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

const SECTIONS: [(Section, &str, &str); 10] = [
    (Section::Feature, "Features", "features"),
    (Section::Selection, "Selections", "selections"),
    (Section::Material, "Materials", "materials"),
    (Section::Support, "Supports", "supports"),
    (Section::Load, "Loads", "loads"),
    (Section::LoadCase, "Load cases", "cases"),
    (Section::Thermal, "Heat boundaries", "thermal"),
    (Section::Study, "Studies", "studies"),
    (Section::Probe, "Probes", "probes"),
    (Section::Requirement, "Requirements", "requirements"),
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
    #[cfg(feature = "browser")]
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
    #[cfg(not(feature = "browser"))]
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
    let kinds: Vec<_> = KINDS.iter().filter(|k| k.section == section && !k.needs_file()).collect();
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
                .filter(|k| k.section == section && !k.needs_file())
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
