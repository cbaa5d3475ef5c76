//! The panel of the selected object, drawn from its kind's schema.

use super::choose::{Choices, Materials, References};
use super::curve::{CurveEditor, Over};
use super::desk::{Desk, use_desk};
use super::expression::{ExpressionField, Range};
use super::history::{ObjectClash, PropertyClash};
use super::picks::Picked;
use super::profile::ProfileEditor;
use super::requirement::RequirementCard;
use crate::ui::{Glyph, Icon};
use leptos::{html, prelude::*};
use solver::design::schema::{self, Field, FieldType, Kind};
use solver::design::{Command, Id, Severity, Value};
use solver::quantity::Dimension;

/// The selected object's name, state, faults and properties.
#[component]
pub fn PropertyPanel() -> impl IntoView {
    let desk = use_desk();
    // Keyed by what it is, so that another value of the same object keeps focus and cursor.
    let which = Memo::new(move |_| {
        let id = desk.selected.get()?;
        desk.design.with(|d| d.get(&id).map(|o| (id.clone(), o.kind.clone())))
    });
    view! {
        {move || match which.get() {
            Some((id, kind)) => match schema::kind(&kind) {
                Some(kind) => view! { <ObjectPanel id=id kind=kind /> }.into_any(),
                None => {
                    view! {
                        <div class="empty small">
                            <p>{format!("This build does not know '{kind}'. It is kept as it is.")}</p>
                        </div>
                    }
                        .into_any()
                }
            },
            None => view! { <NothingSelected /> }.into_any(),
        }}
    }
    .into_any()
}

#[component]
fn NothingSelected() -> impl IntoView {
    let desk = use_desk();
    let objects = move || desk.design.with(|d| d.objects.len());
    view! {
        <div class="empty small" data-testid="nothing-selected">
            {move || {
                if objects() == 0 && desk.loaded.get() {
                    view! {
                        <Icon glyph=Glyph::Box size=24 />
                        <h2>"An empty design"</h2>
                        <p>"Add a first feature, such as a box or an extrusion, from the toolbar."</p>
                    }
                        .into_any()
                } else {
                    view! {
                        <p>"Select something in the tree or in the view to see its properties."</p>
                    }
                        .into_any()
                }
            }}
        </div>
    }
    .into_any()
}

#[component]
fn ObjectPanel(id: Id, kind: &'static Kind) -> impl IntoView {
    let desk = use_desk();
    let object = {
        let id = id.clone();
        Memo::new(move |_| desk.object(&id))
    };
    let issues = {
        let id = id.clone();
        Memo::new(move |_| desk.issues_of(&id))
    };
    let refused = {
        let id = id.clone();
        Memo::new(move |_| desk.is_refused(&id))
    };
    let suppressed = move || object.with(|o| o.as_ref().is_some_and(|o| o.suppressed));
    let toggle = {
        let id = id.clone();
        move |_| {
            let suppressed = !object.with_untracked(|o| o.as_ref().is_some_and(|o| o.suppressed));
            desk.commit(Command::Suppress { id: id.clone(), suppressed });
        }
    };
    let remove = {
        let id = id.clone();
        move |_| desk.remove(&id)
    };
    let rolled = {
        let id = id.clone();
        Memo::new(move |_| desk.rolled.with(|r| r.as_ref() == Some(&id)))
    };
    let earlier = {
        let id = id.clone();
        Memo::new(move |_| desk.is_earlier(&id))
    };
    let roll = {
        let id = id.clone();
        move |_| desk.roll((!rolled.get_untracked()).then(|| id.clone()))
    };
    let as_field = {
        let id = id.clone();
        move |_| {
            if let Some(key) = field_choice(kind) {
                desk.set(&id, key.0, Value::Choice(key.1.into()));
            }
        }
    };
    let issue_rows = {
        move || {
            issues
                .get()
                .into_iter()
                // Faults of a single field are written at the field.
                .filter(|i| i.key.as_deref().is_none_or(|k| schema::field_of(kind, k).is_none()))
                .map(|i| {
                    let bad = i.severity == Severity::Error;
                    view! {
                        <div class="callout small" class:bad=bad>
                            <Icon glyph=if bad { Glyph::Error } else { Glyph::Warning } />
                            <p>{i.message}</p>
                        </div>
                    }
                })
                .collect_view()
        }
    };
    view! {
        <section class="properties" data-testid="properties" data-object=id.0.clone() data-kind=kind.id>
            <header class="properties-head">
                <Icon glyph=Glyph::of_kind(kind.id) />
                <Name id=id.clone() />
                <Show when=move || earlier.get()>
                    <button
                        type="button" class="icon-button" class:on=move || rolled.get() data-testid="roll-back"
                        on:click=roll.clone() aria-pressed=move || rolled.get().to_string()
                        title="Roll the model back to here" aria-label="Roll the model back to here"
                    >
                        <Icon glyph=Glyph::RollBack />
                    </button>
                </Show>
                <button
                    type="button" class="icon-button" data-testid="suppress" on:click=toggle
                    disabled=move || !desk.may_edit.get()
                    aria-pressed=move || suppressed().to_string() title="Leave it out (suppress)" aria-label="Suppress"
                >
                    {move || view! { <Icon glyph=if suppressed() { Glyph::EyeOff } else { Glyph::Eye } /> }}
                </button>
                <button
                    type="button" class="icon-button" data-testid="remove-object" on:click=remove
                    disabled=move || !desk.may_edit.get() title="Delete (Del)" aria-label="Delete"
                >
                    <Icon glyph=Glyph::Remove />
                </button>
            </header>
            <p class="kind-help"><strong>{kind.label}</strong>" · "{kind.help}</p>
            {(kind.id == solver::requirement::KIND).then(|| view! { <RequirementCard id=id.clone() /> })}
            {issue_rows}
            <ObjectClash id=id.clone() kind=kind />
            <Show when=move || refused.get() && field_choice(kind).is_some()>
                <div class="callout small" data-testid="refused">
                    <Icon glyph=Glyph::Info />
                    <div>
                        <p>
                            "The exact kernel refuses this feature. The field kernel builds most of what it refuses; edges are
                            sampled, and STEP export is faceted."
                        </p>
                        <button
                            type="button" class="button small" data-testid="solve-as-field" on:click=as_field.clone()
                        >
                            "Solve as field"
                        </button>
                    </div>
                </div>
            </Show>
            <div class="fields">
                {kind
                    .fields
                    .iter()
                    .map(|field| view! { <PropertyField id=id.clone() field=field /> })
                    .collect_view()}
            </div>
        </section>
    }
    .into_any()
}

/// The property that says which kernel builds a feature, and its value for the field kernel.
fn field_choice(kind: &'static Kind) -> Option<(&'static str, &'static str)> {
    kind.fields.iter().find_map(|f| match f.kind {
        FieldType::Choice { options, .. } if f.key == "solve_as" => {
            options.iter().find(|(key, _)| *key == "field").map(|(key, _)| (f.key, *key))
        }
        _ => None,
    })
}

/// The object's name, edited in place.
#[component]
fn Name(id: Id) -> impl IntoView {
    let desk = use_desk();
    let input = NodeRef::<html::Input>::new();
    let name = {
        let id = id.clone();
        Memo::new(move |_| desk.design.with(|d| d.get(&id).map(|o| o.name.clone()).unwrap_or_default()))
    };
    let commit = move |_| {
        let Some(input) = input.get_untracked() else { return };
        let new = input.value().trim().to_string();
        if new.is_empty() || new == name.get_untracked() || !desk.commit(Command::Rename { id: id.clone(), name: new })
        {
            input.set_value(&name.get_untracked());
        }
    };
    view! {
        <input
            node_ref=input class="input name" aria-label="Name" data-testid="object-name" spellcheck="false"
            disabled=move || !desk.may_edit.get() prop:value=move || name.get() on:change=commit
            on:keydown=move |e| {
                if e.key() == "Enter" && let Some(input) = input.get_untracked() {
                    // Leaving the field is what commits it.
                    let _ = input.blur();
                }
            }
        />
    }
    .into_any()
}

/// Range and dimension of a field, for its input.
fn range_of(kind: &FieldType) -> Range {
    match *kind {
        FieldType::Expr { dimension, default, min, max } => {
            Range { dimension: Some(dimension), min, max, whole: false, angle: default.contains("deg") }
        }
        FieldType::Count { min, max, .. } => Range {
            dimension: Some(Dimension::NONE),
            min: Some(f64::from(min)),
            max: Some(f64::from(max)),
            whole: true,
            angle: false,
        },
        FieldType::Vector { dimension, .. } => Range::of(dimension),
        _ => Range::ANY,
    }
}

/// Sets one component of a vector, or the whole of a scalar.
fn command(id: &Id, key: &str, value: Value) -> Command {
    Command::Set { id: id.clone(), key: key.into(), value: Some(value) }
}

/// One property, by its type, shown while its condition holds.
#[component]
fn PropertyField(id: Id, field: &'static Field) -> impl IntoView {
    let desk = use_desk();
    let visible = {
        let id = id.clone();
        Memo::new(move |_| {
            desk.design.with(|d| {
                let Some(o) = d.get(&id) else { return false };
                // A body of its own is combined with nothing.
                let idle = field.key == "targets" && o.get("operation").is_some() && o.choice("operation") == "new";
                // Nor does a hole that goes through have a depth.
                let idle = idle || field.key == "depth" && o.flag("through");
                !idle && o.shows(field)
            })
        })
    };
    let id = StoredValue::new(id);
    view! {
        <Show when=move || visible.get()>
            <Control id=id.get_value() field=field />
        </Show>
        <PropertyClash id=id.get_value() key=field.key />
    }
    .into_any()
}

#[component]
fn Control(id: Id, field: &'static Field) -> impl IntoView {
    let desk = use_desk();
    let value = {
        let id = id.clone();
        Memo::new(move |_| desk.design.with(|d| d.get(&id).and_then(|o| o.get(field.key))))
    };
    let fault = {
        let id = id.clone();
        Memo::new(move |_| {
            desk.issues_of(&id).into_iter().find(|i| i.key.as_deref() == Some(field.key)).map(|i| {
                // The label stands beside it already.
                let prefix = format!("{}: ", field.label);
                super::desk::capital(i.message.strip_prefix(&prefix).unwrap_or(&i.message))
            })
        })
    };
    let below = move || fault.get().map(|f| view! { <p class="fault" role="alert">{f}</p> });
    match field.kind {
        FieldType::Expr { .. } | FieldType::AnyExpr { .. } | FieldType::Count { .. } => {
            let text = Signal::derive(move || match value.get() {
                Some(Value::Expr(text)) => text,
                _ => String::new(),
            });
            let (on_commit, on_drag) = setters(desk, id, field.key, Value::Expr);
            let over = match (field.over_time, field.over_temperature) {
                (true, _) => Some(Over::Time),
                (_, true) => Some(Over::Temperature),
                _ => None,
            };
            let curve = over.map(|over| {
                view! { <CurveEditor label=field.label testid=field.key text=text over=over on_commit=on_commit /> }
            });
            view! {
                <div class="control" title=field.help>
                    <ExpressionField
                        label=field.label testid=field.key text=text range=range_of(&field.kind) fault=fault
                        over_time=field.over_time over_temperature=field.over_temperature on_commit=on_commit on_drag=on_drag
                    />
                    {curve}
                </div>
            }
            .into_any()
        }
        FieldType::Vector { .. } => {
            let components = Memo::new(move |_| match value.get() {
                Some(Value::Vector(v)) => v,
                _ => Default::default(),
            });
            view! {
                <div class="control stacked" title=field.help>
                    <span class="label">{field.label}</span>
                    <div class="vector">
                        {["x", "y", "z"]
                            .into_iter()
                            .enumerate()
                            .map(|(i, axis)| {
                                let text = Signal::derive(move || components.get()[i].clone());
                                let (on_commit, on_drag) = setters(
                                    desk,
                                    id.clone(),
                                    field.key,
                                    move |text| {
                                        let mut v = components.get_untracked();
                                        v[i] = text;
                                        Value::Vector(v)
                                    },
                                );
                                view! {
                                    <ExpressionField
                                        label=axis testid=format!("{}-{axis}", field.key) text=text bare=true
                                        range=range_of(&field.kind) on_commit=on_commit on_drag=on_drag
                                    />
                                }
                            })
                            .collect_view()}
                    </div>
                    {below}
                </div>
            }
            .into_any()
        }
        FieldType::Text => {
            let text = move || match value.get() {
                Some(Value::Text(text)) => text,
                _ => String::new(),
            };
            view! {
                <div class="control">
                    <label class="label" for=format!("p-{}", field.key)>{field.label}</label>
                    <input
                        class="input" id=format!("p-{}", field.key) data-testid=field.key
                        disabled=move || !desk.may_edit.get() prop:value=text
                        on:change=move |e| {
                            desk.set(&id, field.key, Value::Text(event_target_value(&e)));
                        }
                    />
                    {below}
                </div>
            }
            .into_any()
        }
        FieldType::Flag { .. } => view! {
            <div class="control" title=field.help>
                <label class="check">
                    <input
                        type="checkbox" data-testid=field.key disabled=move || !desk.may_edit.get()
                        prop:checked=move || matches!(value.get(), Some(Value::Flag(true)))
                        on:change=move |e| {
                            desk.set(&id, field.key, Value::Flag(event_target_checked(&e)));
                        }
                    />
                    {field.label}
                </label>
                {below}
            </div>
        }
        .into_any(),
        FieldType::Choice { options, .. } => {
            view! { <Choices id=id field=field options=options value=value /> }.into_any()
        }
        FieldType::Material => view! { <Materials id=id field=field value=value /> }.into_any(),
        FieldType::Refs { section, .. } => {
            view! { <References id=id field=field section=section value=value fault=fault /> }.into_any()
        }
        FieldType::Faces | FieldType::Edges => {
            view! { <Picked id=id field=field value=value fault=fault /> }.into_any()
        }
        FieldType::Profile => view! { <ProfileEditor id=id field=field value=value fault=fault /> }.into_any(),
        FieldType::Blob => view! { <super::file::FileField id=id field=field value=value fault=fault /> }.into_any(),
    }
}

/// Commit and drag callbacks of a text that becomes a property's value.
pub fn setters(
    desk: Desk,
    id: Id,
    key: &'static str,
    value: impl Fn(String) -> Value + Clone + Send + Sync + 'static,
) -> (Callback<String>, Callback<Option<String>>) {
    let (id2, value2) = (id.clone(), value.clone());
    let commit = Callback::new(move |text: String| {
        if !desk.set(&id, key, value(text)) {
            desk.drag(Vec::new());
        }
    });
    let drag = Callback::new(move |text: Option<String>| {
        desk.drag(text.map(|t| command(&id2, key, value2(t))).into_iter().collect());
    });
    (commit, drag)
}
