//! Faces and edges picked in the view, as chips that light up what they mean.

use super::desk::use_desk;
use super::target::{Target, wants};
use crate::ui::{Glyph, Icon};
use crate::viewport::Pick;
use leptos::prelude::*;
use solver::design::schema::{Field, Section};
use solver::design::{Id, Value, describe_edge, describe_face};
use solver::scene::Scene;
use solver::surface::{EdgeName, FaceName};

/// Everything in the scene that carries this face name.
pub fn picks_of_face(face: &FaceName, scene: Option<&Scene>) -> Vec<Pick> {
    scene
        .iter()
        .flat_map(|s| &s.bodies)
        .filter(|b| b.surface.faces_named(face).next().is_some())
        .map(|b| Pick::Face { body: b.name.clone(), face: face.clone() })
        .collect()
}

pub fn picks_of_edge(edge: &EdgeName, scene: Option<&Scene>) -> Vec<Pick> {
    scene
        .iter()
        .flat_map(|s| &s.bodies)
        .filter(|b| b.surface.edges.iter().any(|e| e.name == *edge))
        .map(|b| Pick::Edge { body: b.name.clone(), edge: edge.clone() })
        .collect()
}

/// One picked thing.
#[derive(Clone, PartialEq)]
enum Item {
    Face(FaceName),
    Edge(EdgeName),
}

/// The field for faces or edges.
#[component]
pub fn Picked(
    id: Id,
    field: &'static Field,
    value: Memo<Option<Value>>,
    #[prop(into)] fault: Signal<Option<String>>,
) -> impl IntoView {
    let desk = use_desk();
    let own = StoredValue::new(id);
    let items = Memo::new(move |_| match value.get() {
        Some(Value::Faces(faces)) => faces.into_iter().map(Item::Face).collect(),
        Some(Value::Edges(edges)) => edges.into_iter().map(Item::Edge).collect(),
        _ => Vec::new(),
    });
    let picking =
        move || desk.target.with(|t| t.as_ref().is_some_and(|t| t.object == own.get_value() && t.key == field.key));
    let toggle = move |_| {
        let on = picking();
        desk.target.set(wants(field).filter(|_| !on).map(|wants| Target {
            object: own.get_value(),
            key: field.key.into(),
            wants,
        }));
    };
    let remove = move |item: Item| {
        let rest: Vec<Item> = items.get_untracked().into_iter().filter(|i| *i != item).collect();
        let value = match item {
            Item::Face(_) => Value::Faces(
                rest.into_iter().filter_map(|i| if let Item::Face(f) = i { Some(f) } else { None }).collect(),
            ),
            Item::Edge(_) => Value::Edges(
                rest.into_iter().filter_map(|i| if let Item::Edge(e) = i { Some(e) } else { None }).collect(),
            ),
        };
        desk.highlight.set(Vec::new());
        desk.set(&own.get_value(), field.key, value);
    };
    let is_feature =
        move || desk.design.with(|d| d.get(&own.get_value()).and_then(|o| o.section())) == Some(Section::Feature);
    let edges = matches!(field.kind, solver::design::schema::FieldType::Edges);
    let noun = if edges { "edges" } else { "faces" };
    view! {
        <div class="control stacked" title=field.help>
            <div class="label-row">
                <span class="label">{field.label}{field.required.then_some(" *")}</span>
                <span class="grow"></span>
                <button
                    type="button" class="button small" class:on=picking on:click=toggle
                    disabled=move || !desk.may_edit.get() data-testid=format!("pick-{}", field.key)
                    aria-pressed=move || picking().to_string()
                >
                    <Icon glyph=Glyph::Selection size=14 />
                    {move || if picking() { "Done" } else { "Pick" }}
                </button>
            </div>
            <div class="chips" class:picking=picking data-testid=field.key>
                {move || {
                    let list = items.get();
                    if list.is_empty() {
                        let hint = if picking() { format!("Click {noun} in the view") } else { "None picked".into() };
                        return view! { <span class="soft">{hint}</span> }.into_any();
                    }
                    let scene = desk.scene.get();
                    list.into_iter()
                        .map(|item| {
                            let (name, lit) = desk
                                .design
                                .with(|d| match &item {
                                    Item::Face(f) => (describe_face(d, f), picks_of_face(f, scene.as_deref())),
                                    Item::Edge(e) => (describe_edge(d, e), picks_of_edge(e, scene.as_deref())),
                                });
                            // Lost means lost: shown until the person decides, never guessed. What a feature takes its
                            // turn on, though, is used up by it: a fillet's edges are not in the finished model.
                            let absent = scene.is_some() && lit.is_empty();
                            let lost = absent && (!is_feature() || !desk.issues_of(&own.get_value()).is_empty());
                            let title = if lost { format!("{name}: not in the model any more") } else { name.clone() };
                            view! {
                                <span
                                    class="chip" class:bad=lost
                                    title=title
                                    on:mouseenter=move |_| desk.highlight.set(lit.clone())
                                    on:mouseleave=move |_| desk.highlight.set(Vec::new())
                                >
                                    {lost.then(|| view! { <Icon glyph=Glyph::Warning size=12 /> })}
                                    <span class="chip-text">{name}</span>
                                    <button
                                        type="button" aria-label="Remove" disabled=move || !desk.may_edit.get()
                                        on:click=move |_| remove(item.clone())
                                    >
                                        <Icon glyph=Glyph::Close size=10 />
                                    </button>
                                </span>
                            }
                        })
                        .collect_view()
                        .into_any()
                }}
            </div>
            // That something is still to be picked is being said already.
            {move || {
                let beginning = picking() && items.with(Vec::is_empty);
                fault.get().filter(|_| !beginning).map(|f| view! { <p class="fault" role="alert">{f}</p> })
            }}
        </div>
    }
    .into_any()
}
