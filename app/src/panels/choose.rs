//! Fields that choose: among words, materials, or other objects.

use super::desk::use_desk;
use super::target::{Target, Wants, means_bodies, wants};
use crate::ui::{Glyph, Icon, Menu};
use crate::viewport::Pick;
use leptos::prelude::*;
use solver::design::schema::{Field, FieldType, Section};
use solver::design::{Id, MATERIALS, Object, Value, material};
use solver::quantity::Dimension;
use solver::study::question::warms;
use solver::surface::FaceName;

/// Few options side by side, many in a list.
#[component]
pub fn Choices(
    id: Id,
    field: &'static Field,
    options: &'static [(&'static str, &'static str)],
    value: Memo<Option<Value>>,
) -> impl IntoView {
    let desk = use_desk();
    let chosen = Memo::new(move |_| match value.get() {
        Some(Value::Choice(key)) => key,
        _ => String::new(),
    });
    let letters: usize = options.iter().map(|(_, label)| label.len()).sum();
    let id = StoredValue::new(id);
    let pick = move |key: String| {
        desk.set(&id.get_value(), field.key, Value::Choice(key));
    };
    if options.len() <= 5 && letters <= 34 {
        view! {
            <div class="control stacked" title=field.help>
                <span class="label">{field.label}</span>
                <div class="segmented fill" role="radiogroup" aria-label=field.label data-testid=field.key>
                    {options
                        .iter()
                        .map(|(key, label)| {
                            view! {
                                <button
                                    type="button" role="radio" data-testid=format!("{}-{key}", field.key)
                                    disabled=move || !desk.may_edit.get()
                                    aria-checked=move || (chosen.get() == *key).to_string()
                                    on:click=move |_| pick((*key).into())
                                >
                                    {*label}
                                </button>
                            }
                        })
                        .collect_view()}
                </div>
            </div>
        }
        .into_any()
    } else {
        view! {
            <div class="control" title=field.help>
                <label class="label" for=format!("p-{}", field.key)>{field.label}</label>
                <select
                    class="input" id=format!("p-{}", field.key) data-testid=field.key
                    disabled=move || !desk.may_edit.get() on:change=move |e| pick(event_target_value(&e))
                    prop:value=move || chosen.get()
                >
                    {options
                        .iter()
                        .map(|(key, label)| {
                            view! { <option value=*key selected=move || chosen.get() == *key>{*label}</option> }
                        })
                        .collect_view()}
                </select>
            </div>
        }
        .into_any()
    }
}

/// A material of the library, with the values that matter and where they come from.
#[component]
pub fn Materials(id: Id, field: &'static Field, value: Memo<Option<Value>>) -> impl IntoView {
    let desk = use_desk();
    let chosen = Memo::new(move |_| match value.get() {
        Some(Value::Choice(key)) => key,
        _ => String::new(),
    });
    let mut families: Vec<&'static str> = Vec::new();
    for m in MATERIALS {
        if !families.contains(&m.family) {
            families.push(m.family);
        }
    }
    let of = id.clone();
    let replaced = Memo::new(move |_| {
        desk.design.with(|d| {
            let own = d.section(Section::Material).filter(|o| !o.suppressed && o.refs("bodies").contains(&of));
            let said = |o: &Object| {
                // What an orthotropic one lacks, heat still takes of this one.
                let lacks = o.kind == "orthotropic";
                let where_to = match desk.resolved.with(|r| warms(o, r)) {
                    [true, false] if lacks => " in mechanics and in steady heat",
                    [false, true] if lacks => " but for its conductivity",
                    [false, false] if lacks => " in mechanics",
                    _ => "",
                };
                (o.name.clone(), where_to)
            };
            own.map(said).collect::<Vec<_>>()
        })
    });
    view! {
        <div class="control stacked">
            <label class="label" for="p-material">{field.label}</label>
            <select
                class="input" id="p-material" data-testid=field.key disabled=move || !desk.may_edit.get()
                prop:value=move || chosen.get()
                on:change=move |e| {
                    desk.set(&id, field.key, Value::Choice(event_target_value(&e)));
                }
            >
                {families
                    .into_iter()
                    .map(|family| {
                        view! {
                            <optgroup label=family>
                                {MATERIALS
                                    .iter()
                                    .filter(|m| m.family == family)
                                    .map(|m| {
                                        let label = match m.also.first() {
                                            Some(also) => format!("{} ({also})", m.name),
                                            None => m.name.into(),
                                        };
                                        view! {
                                            <option value=m.key selected=move || chosen.get() == m.key>{label}</option>
                                        }
                                    })
                                    .collect_view()}
                            </optgroup>
                        }
                    })
                    .collect_view()}
            </select>
            {move || {
                let said = |(name, where_to): (String, &str)| {
                    view! { <p class="note" data-testid="replaced">{format!("{name} takes its place{where_to}.")}</p> }
                };
                replaced.get().into_iter().map(said).collect_view()
            }}
            {move || {
                material(&chosen.get())
                    .map(|m| {
                        let strength = m
                            .yield_strength
                            .map(|y| format!(" · yield {}", desk.show(y, Dimension::PRESSURE, 4)))
                            .unwrap_or_default();
                        let stiffness = if m.youngs_modulus >= 1e9 {
                            format!("{:.1} GPa", m.youngs_modulus / 1e9)
                        } else {
                            desk.show(m.youngs_modulus, Dimension::PRESSURE, 4)
                        };
                        view! {
                            <p class="note" title=m.source>
                                {format!(
                                    "E {stiffness} · ν {} · {}{strength}. {}",
                                    m.poisson_ratio,
                                    desk.show(m.density, Dimension::DENSITY, 4),
                                    m.source,
                                )}
                            </p>
                            <p class="note" title=m.thermal_source>
                                {format!(
                                    "λ {} · c {} · α {:.1}e-6/K. {}",
                                    desk.show(m.conductivity, Dimension::CONDUCTIVITY, 4),
                                    desk.show(m.specific_heat, Dimension::SPECIFIC_HEAT, 4),
                                    m.expansion * 1e6,
                                    m.thermal_source,
                                )}
                            </p>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}

/// Other objects, as chips; added from a list, or for features by a click in the view.
#[component]
pub fn References(
    id: Id,
    field: &'static Field,
    section: Section,
    value: Memo<Option<Value>>,
    #[prop(into)] fault: Signal<Option<String>>,
) -> impl IntoView {
    let desk = use_desk();
    let refs = Memo::new(move |_| match value.get() {
        Some(Value::Refs(refs)) => refs,
        _ => Vec::new(),
    });
    let own = StoredValue::new(id);
    let set = move |refs: Vec<Id>| {
        desk.set(&own.get_value(), field.key, Value::Refs(refs));
    };
    // Features refer only to what stands before them; bodies are the features that start one.
    let candidates = move || {
        let own = own.get_value();
        let have = refs.get();
        desk.design.with(|d| {
            let limit = if section == Section::Feature { d.position(&own) } else { None };
            let own_is_feature = d.get(&own).and_then(Object::section) == Some(Section::Feature);
            d.objects
                .iter()
                .enumerate()
                .filter(|(at, o)| {
                    o.section() == Some(section)
                        && o.id != own
                        && !have.contains(&o.id)
                        && (!own_is_feature || limit.is_none_or(|l| *at < l))
                        && (!means_bodies(field.key) || starts_body(o))
                })
                .map(|(_, o)| (o.id.clone(), o.name.clone(), o.kind.clone()))
                .collect::<Vec<_>>()
        })
    };
    let candidates = Memo::new(move |_| candidates());
    let picking =
        move || desk.target.with(|t| t.as_ref().is_some_and(|t| t.object == own.get_value() && t.key == field.key));
    let toggle_pick = move |_| {
        let on = picking();
        desk.target.set(wants(field).filter(|_| !on).map(|wants| Target {
            object: own.get_value(),
            key: field.key.into(),
            wants,
        }));
    };
    let pickable = matches!(field.kind, FieldType::Refs { section: Section::Feature, .. });
    view! {
        <div class="control stacked" title=field.help>
            <div class="label-row">
                <span class="label">{field.label}{field.required.then_some(" *")}</span>
                <span class="grow"></span>
                {pickable
                    .then(|| {
                        view! {
                            <button
                                type="button" class="icon-button small" class:on=picking on:click=toggle_pick
                                disabled=move || !desk.may_edit.get() data-testid=format!("pick-{}", field.key)
                                aria-pressed=move || picking().to_string() title="Pick in the view"
                                aria-label=format!("Pick {} in the view", field.label)
                            >
                                <Icon glyph=Glyph::Selection size=14 />
                            </button>
                        }
                    })}
                <Menu
                    button=|| view! { <Icon glyph=Glyph::Add size=14 /> } label=format!("Add to {}", field.label)
                    testid=format!("add-{}", field.key) class="icon-button small" right=true
                >
                    {move || {
                        let list = candidates.get();
                        if list.is_empty() {
                            view! { <p class="menu-note">"Nothing to choose from."</p> }.into_any()
                        } else {
                            list.into_iter()
                                .map(|(id, name, kind)| {
                                    view! {
                                        <button
                                            type="button" class="menu-item" role="menuitem"
                                            on:click=move |_| {
                                                let mut refs = refs.get_untracked();
                                                refs.push(id.clone());
                                                set(refs);
                                            }
                                        >
                                            <Icon glyph=Glyph::of_kind(&kind) />
                                            {name}
                                        </button>
                                    }
                                })
                                .collect_view()
                                .into_any()
                        }
                    }}
                </Menu>
            </div>
            <div class="chips" class:picking=picking data-testid=field.key>
                {move || {
                    let list = refs.get();
                    if list.is_empty() {
                        let hint = if picking() {
                            format!("Click {} in the view", wants(field).map_or("things", Wants::noun))
                        } else if field.required {
                            "None chosen".to_string()
                        } else {
                            empty_word(field)
                        };
                        return view! { <span class="soft">{hint}</span> }.into_any();
                    }
                    list.into_iter()
                        .map(|id| {
                            let (id2, id3) = (id.clone(), id.clone());
                            let object = desk.design.with_untracked(|d| d.get(&id).cloned());
                            let missing = object.is_none();
                            let (name, kind) =
                                object.map_or_else(|| (id.to_string(), String::new()), |o| (o.name, o.kind));
                            let glyph = Glyph::of_kind(&kind);
                            view! {
                                <span
                                    class="chip" class:bad=missing
                                    on:mouseenter=move |_| desk.highlight.set(faces_of_feature(&id2, desk.scene.get_untracked().as_deref()))
                                    on:mouseleave=move |_| desk.highlight.set(Vec::new())
                                >
                                    <Icon glyph=glyph size=12 />
                                    {name}
                                    <button
                                        type="button" aria-label="Remove" disabled=move || !desk.may_edit.get()
                                        on:click=move |_| {
                                            let mut refs = refs.get_untracked();
                                            refs.retain(|r| *r != id3);
                                            desk.highlight.set(Vec::new());
                                            set(refs);
                                        }
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
                let beginning = picking() && refs.with(Vec::is_empty);
                fault.get().filter(|_| !beginning).map(|f| view! { <p class="fault" role="alert">{f}</p> })
            }}
        </div>
    }
    .into_any()
}

/// What an empty list of references means, from the schema's help ("Empty: every body…").
fn empty_word(field: &Field) -> String {
    field
        .help
        .split("Empty: ")
        .nth(1)
        .and_then(|rest| rest.split(['.', ';']).next())
        .map_or_else(|| "None".into(), super::desk::capital)
}

/// Whether a feature starts a body of its own.
fn starts_body(object: &Object) -> bool {
    matches!(object.kind.as_str(), "import" | "generated")
        || (object.get("operation").is_some() && object.kind != "boolean" && object.choice("operation") == "new")
}

/// All faces in the scene that this feature made.
pub fn faces_of_feature(id: &Id, scene: Option<&solver::scene::Scene>) -> Vec<Pick> {
    scene
        .iter()
        .flat_map(|s| &s.bodies)
        .flat_map(|b| {
            let body = b.name.clone();
            b.surface
                .faces
                .iter()
                .filter(|f| f.name.feature() == id.0)
                .map(move |f| Pick::Face { body: body.clone(), face: FaceName(f.name.0.clone()) })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use solver::design::schema;

    #[test]
    fn empty_lists_say_what_they_mean() {
        let field = |kind, key| schema::field(kind, key).expect("in the schema");
        assert_eq!(empty_word(field("static", "bodies")), "Every body");
        assert_eq!(empty_word(field("static", "supports")), "All");
        assert_eq!(empty_word(field("fixed", "selections")), "None");
    }

    #[test]
    fn bodies_are_what_new_features_start() {
        assert!(starts_body(&Object::new("a", "box", "A")));
        assert!(starts_body(&Object::new("a", "import", "A")));
        assert!(starts_body(&Object::new("a", "generated", "A")));
        assert!(!starts_body(&Object::new("a", "box", "A").with("operation", Value::Choice("cut".into()))));
        assert!(!starts_body(&Object::new("a", "fillet", "A")));
        assert!(!starts_body(&Object::new("a", "boolean", "A")));
    }
}
