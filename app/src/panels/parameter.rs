//! The table of parameters: name, expression, value, comment.

use super::desk::use_desk;
use super::expression::{ExpressionField, Range, print};
use super::property::setters;
use crate::ui::{Glyph, Icon};
use leptos::{html, prelude::*};
use solver::design::schema::Section;
use solver::design::{Command, Id, Value};
use solver::quantity::Dimension;

#[component]
pub fn ParameterTable() -> impl IntoView {
    let desk = use_desk();
    let ids = Memo::new(move |_| {
        desk.design.with(|d| d.section(Section::Parameter).map(|o| o.id.clone()).collect::<Vec<_>>())
    });
    view! {
        <div class="parameters" role="table" aria-label="Parameters" data-testid="parameters">
            <For each=move || ids.get() key=|id| id.clone() let:id>
                <Row id=id />
            </For>
            {move || {
                ids.with(Vec::is_empty)
                    .then(|| view! { <p class="section-note">"Named values that expressions can use."</p> })
            }}
        </div>
    }
    .into_any()
}

#[component]
fn Row(id: Id) -> impl IntoView {
    let desk = use_desk();
    let input = NodeRef::<html::Input>::new();
    let object = {
        let id = id.clone();
        Memo::new(move |_| desk.object(&id))
    };
    let name = Memo::new(move |_| object.with(|o| o.as_ref().map(|o| o.name.clone()).unwrap_or_default()));
    let text = Memo::new(move |_| object.with(|o| o.as_ref().map(|o| o.text("value")).unwrap_or_default()));
    let comment = Memo::new(move |_| object.with(|o| o.as_ref().map(|o| o.text("comment")).unwrap_or_default()));
    let fault = {
        let id = id.clone();
        Memo::new(move |_| {
            desk.issues_of(&id)
                .into_iter()
                .next()
                .map(|i| super::desk::capital(i.message.strip_prefix("Value: ").unwrap_or(&i.message)))
        })
    };
    let value = Memo::new(move |_| {
        let q = desk.resolved.with(|r| r.parameter(&name.get()))?;
        // An angle is typed in degrees; as a plain number it would read as radians.
        let angle = q.dimension == Dimension::NONE && (text.with(|t| t.contains("deg") || t.contains('°')));
        // So is a speed of turning, where hertz are not what was typed.
        let turns = q.dimension == Dimension::FREQUENCY && text.with(|t| !t.contains("Hz"));
        let dimension = turns.then_some(Dimension::FREQUENCY);
        Some(print(q, Range { angle, dimension, ..Range::ANY }, desk.units.get(), 6))
    });
    // A formula gets a line of its own below name and value; a plain value is its own value.
    let computed = move || {
        let plain = |t: &str| t.trim_start_matches('=').replace(' ', "");
        fault.with(Option::is_some) || value.with(|v| v.as_deref().is_none_or(|v| plain(v) != plain(&text.get())))
    };
    let (on_commit, on_drag) = setters(desk, id.clone(), "value", Value::Expr);
    let rename = {
        let id = id.clone();
        move |_| {
            let Some(input) = input.get_untracked() else { return };
            let new = input.value().trim().to_string();
            if new.is_empty()
                || new == name.get_untracked()
                || !desk.commit(Command::Rename { id: id.clone(), name: new })
            {
                input.set_value(&name.get_untracked());
            }
        }
    };
    let (id2, id3, id4) = (id.clone(), id.clone(), id.clone());
    let is_selected = move || desk.selected.with(|s| s.as_ref() == Some(&id2));
    view! {
        <div class="parameter" role="row" class:selected=is_selected class:computed=computed data-testid="parameter-row" data-name=move || name.get()>
            <input
                node_ref=input class="input mono" aria-label="Name" data-testid="parameter-name" spellcheck="false"
                disabled=move || !desk.may_edit.get() prop:value=move || name.get() on:change=rename
                on:focus=move |_| desk.selected.set(Some(id3.clone())) title=move || {
                    let comment = comment.get();
                    if comment.is_empty() { name.get() } else { format!("{}: {comment}", name.get()) }
                }
            />
            <ExpressionField
                label="=" testid="parameter-value" text=text range=Range::ANY fault=fault on_commit=on_commit
                on_drag=on_drag bare=true
            />
            <span class="value mono" title="Value now" data-testid="parameter-now">{move || value.get()}</span>
            <button
                type="button" class="icon-button small reveal" aria-label=move || format!("Delete {}", name.get())
                disabled=move || !desk.may_edit.get() on:click=move |_| desk.remove(&id4)
            >
                <Icon glyph=Glyph::Close size=12 />
            </button>
        </div>
    }
    .into_any()
}
