//! Files in a design: a mesh to import, uploaded once and kept by its content.

use super::deck::DeckForm;
#[cfg(feature = "browser")]
use super::desk::Desk;
use super::desk::use_desk;
use crate::ui::{Glyph, Icon};
use leptos::{html, prelude::*};
use solver::design::schema::Field;
#[cfg(feature = "browser")]
use solver::design::{Command, Object};
use solver::design::{Id, Value};

/// Largest file taken, bytes; the server has the same limit.
#[cfg(feature = "browser")]
const FILE_BYTES_MAX: f64 = 64e6;

/// What names of files to import end with.
const ENDINGS: &str = ".stl,.obj,.3mf,.step,.stp,.inp";

/// Uploads the chosen file of an input and hands over its value.
#[cfg(feature = "browser")]
fn upload(
    desk: Desk,
    input: leptos::web_sys::HtmlInputElement,
    busy: RwSignal<bool>,
    done: impl Fn(Value, String) + 'static,
) {
    let Some(file) = input.files().and_then(|f| f.get(0)) else { return };
    let name = file.name();
    let lower = name.to_lowercase();
    if !ENDINGS.split(',').any(|e| lower.ends_with(e)) {
        let text = format!(
            "{name} is neither STL, OBJ, 3MF nor STEP of facets, nor INP. Export one of these from the other program."
        );
        return desk.notices.bad(text);
    }
    if file.size() > FILE_BYTES_MAX {
        return desk.notices.bad(format!("{name} is larger than 64 MB. Export it with a coarser tolerance."));
    }
    busy.set(true);
    let client = desk.client.get_value();
    let id = desk.id.get_value();
    leptos::task::spawn_local(async move {
        #[cfg(not(feature = "ssr"))]
        match client.upload(&id, &file).await {
            Ok(stored) => done(Value::Blob { hash: stored.hash, name: stored.name }, name),
            Err(problem) => desk.notices.bad(problem.message),
        }
        #[cfg(feature = "ssr")]
        let _ = (client, id, file, done, name);
        busy.set(false);
    });
}

/// The file of an import feature, with a button to put another in its place.
#[component]
pub fn FileField(
    id: Id,
    field: &'static Field,
    value: Memo<Option<Value>>,
    #[prop(into)] fault: Signal<Option<String>>,
) -> impl IntoView {
    let desk = use_desk();
    let input = NodeRef::<html::Input>::new();
    let busy = RwSignal::new(false);
    let name = move || match value.get() {
        Some(Value::Blob { name, hash }) if !hash.is_empty() => name,
        _ => "No file".into(),
    };
    // What a study grew is not replaced by hand: another run is taken over as another feature.
    let grown = desk.design.with_untracked(|d| d.get(&id).is_some_and(|o| o.kind == "generated"));
    let chosen = move |_| {
        #[cfg(feature = "browser")]
        if let Some(input) = input.get_untracked() {
            let id = id.clone();
            upload(desk, input, busy, move |value, _| {
                desk.set(&id, field.key, value);
            });
        }
        #[cfg(not(feature = "browser"))]
        let _ = &id;
    };
    view! {
        <div class="control stacked">
            <div class="label-row">
                <span class="label">{field.label}</span>
                <span class="grow"></span>
                <label class="button small" class:busy=move || busy.get() hidden=grown>
                    {move || if busy.get() { "Uploading…" } else { "Replace…" }}
                    <input
                        node_ref=input class="visually-hidden" type="file" accept=ENDINGS data-testid="file-input"
                        disabled=move || busy.get() || !desk.may_edit.get() on:change=chosen
                    />
                </label>
            </div>
            <p class="file-name"><Icon glyph=if grown { Glyph::Grown } else { Glyph::Import } size=14 />{name}</p>
            {move || fault.get().map(|f| view! { <p class="fault" role="alert">{f}</p> })}
        </div>
    }
    .into_any()
}

/// Whether a file of this name is an input deck: it brings a whole problem, not only a body.
fn is_deck(name: &str) -> bool {
    name.to_lowercase().ends_with(".inp")
}

/// Whether a file of this name says what its numbers mean.
fn states_unit(name: &str) -> bool {
    let name = name.to_lowercase();
    is_deck(&name) || [".3mf", ".step", ".stp"].iter().any(|e| name.ends_with(e))
}

/// Chooses a file and its unit, then adds the import feature; of an input deck, shows what it comes to first.
#[component]
pub fn ImportForm(open: RwSignal<bool>) -> impl IntoView {
    let desk = use_desk();
    let input = NodeRef::<html::Input>::new();
    let busy = RwSignal::new(false);
    let unit = RwSignal::new("mm".to_string());
    let name = RwSignal::new(String::new());
    let deck = RwSignal::new(None::<(String, String)>);
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        #[cfg(feature = "browser")]
        if let Some(input) = input.get_untracked() {
            upload(desk, input, busy, move |value, name| {
                if let Value::Blob { hash, name } = &value
                    && is_deck(name)
                {
                    return deck.set(Some((hash.clone(), name.clone())));
                }
                let id = Id::fresh("import", crate::ui::random());
                let label = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem).to_string();
                let object = Object::new(id.clone(), "import", &label)
                    .with("file", value)
                    .with("unit", Value::Choice(unit.get_untracked()));
                if desk.commit(Command::Add { object, before: None }) {
                    desk.selected.set(Some(id));
                    open.set(false);
                }
            });
        }
        #[cfg(not(feature = "browser"))]
        let _ = (desk, open);
    };
    let button = move || match (busy.get(), name.with(|n| is_deck(n))) {
        (true, _) => "Uploading…",
        (false, true) => "Read",
        (false, false) => "Import",
    };
    view! {
        {move || deck.get().map(|(hash, name)| view! { <DeckForm hash=hash name=name open=open /> })}
        <form on:submit=submit hidden=move || deck.with(Option::is_some)>
            <p class="soft">
                "An STL, OBJ, 3MF or faceted STEP file becomes a body. Its faces are found where neighbouring triangles meet at a crease. An input \
                 deck of CalculiX or Abaqus (INP) becomes bodies with materials, supports, loads and studies."
            </p>
            <label class="drop" data-testid="import-drop">
                <Icon glyph=Glyph::Import size=24 />
                <span>
                    {move || {
                        let name = name.get();
                        if name.is_empty() { "Choose a file…".to_string() } else { name }
                    }}
                </span>
                <input
                    node_ref=input class="visually-hidden" type="file" accept=ENDINGS data-testid="import-file"
                    on:change=move |_| {
                        if let Some(input) = input.get_untracked() {
                            let value = input.value();
                            name.set(value.rsplit(['\\', '/']).next().unwrap_or_default().to_string());
                        }
                    }
                />
            </label>
            <Show when=move || !name.with(|n| states_unit(n))>
                <crate::ui::Select
                    label="The file's unit" name="unit" value=unit
                    options=["mm", "cm", "m", "in"].map(|u| (u.to_string(), u.to_string())).to_vec()
                />
            </Show>
            <div class="dialog-foot">
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button
                    type="submit" class="button primary" data-testid="import-submit"
                    disabled=move || busy.get() || name.with(String::is_empty)
                >
                    {button}
                </button>
            </div>
        </form>
    }
    .into_any()
}
