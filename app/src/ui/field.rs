//! Labelled form fields with the fault written under the field it belongs to.

use super::attempt::Attempt;
use crate::api::Problem;
use leptos::{html, prelude::*};

/// A text field. `name` is also the key under which a [`Problem`] reports a fault in it.
#[component]
pub fn Field(
    #[prop(into)] label: String,
    #[prop(into)] name: String,
    value: RwSignal<String>,
    #[prop(optional, into)] kind: Option<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] autocomplete: Option<String>,
    #[prop(optional)] autofocus: bool,
    #[prop(default = true)] required: bool,
    #[prop(optional, into)] problem: Signal<Option<Problem>>,
) -> impl IntoView {
    let id = format!("field-{name}");
    if let Some(typed) = typed_before(&id) {
        value.set(typed);
    }
    let node = NodeRef::<html::Input>::new();
    // In a page that it loads the browser sees to it; a field that is made later is its own affair.
    if autofocus && !is_waking() {
        Effect::new(move |_| {
            if let Some(input) = node.get() {
                // Fails only when it has left the page meanwhile.
                let _ = input.focus();
            }
        });
    }
    let note = format!("{id}-note");
    let fault = fault_at(problem, &name);
    view! {
        <div class="field" class:bad=move || fault.get().is_some()>
            <label for=id.clone()>{label}</label>
            <input
                node_ref=node id=id.clone() class="input" name=name.clone() type=kind.unwrap_or_else(|| "text".into())
                autocomplete=autocomplete.unwrap_or_else(|| "off".into()) autofocus=autofocus required=required
                data-testid=name aria-describedby=note.clone()
                aria-invalid=move || fault.get().is_some().to_string()
                prop:value=move || value.get()
                on:input=move |e| value.set(event_target_value(&e))
            />
            <p class="note" id=note>{move || fault.get().or_else(|| hint.clone())}</p>
        </div>
    }
    .into_any()
}

/// The fault that is reported for the field `name`.
fn fault_at(problem: Signal<Option<Problem>>, name: &str) -> Memo<Option<String>> {
    let name = name.to_owned();
    Memo::new(move |_| problem.get().filter(|p| p.field.as_deref() == Some(name.as_str())).map(|p| p.message))
}

/// Whether the page is waking up: what is made now stands in it already.
fn is_waking() -> bool {
    #[cfg(feature = "browser")]
    return Owner::current_shared_context().is_some_and(|c| c.get_is_hydrating());
    #[cfg(not(feature = "browser"))]
    false
}

/// What a person, or their password manager, typed into the server's field before the page woke up: waking must not take
/// it away. `None` on the server, and for a field made later.
fn typed_before(id: &str) -> Option<String> {
    #[cfg(feature = "browser")]
    {
        use wasm_bindgen::JsCast;
        let input = is_waking().then(|| document().get_element_by_id(id)).flatten()?;
        let typed = input.dyn_into::<leptos::web_sys::HtmlInputElement>().ok()?.value();
        (!typed.is_empty()).then_some(typed)
    }
    #[cfg(not(feature = "browser"))]
    {
        let _ = id;
        None
    }
}

/// Whether the page has woken up. Until then a form would be posted by the browser, which no server here answers.
fn use_awake() -> RwSignal<bool> {
    let awake = RwSignal::new(false);
    // Effects run in the browser only, once the page's parts are in place.
    Effect::new(move |_| awake.set(true));
    awake
}

/// A choice among a few. `name` is also the key under which a [`Problem`] reports a fault in it.
#[component]
pub fn Select(
    #[prop(into)] label: String,
    #[prop(into)] name: String,
    value: RwSignal<String>,
    #[prop(into)] options: Signal<Vec<(String, String)>>,
    #[prop(optional, into)] problem: Signal<Option<Problem>>,
) -> impl IntoView {
    let id = format!("field-{name}");
    let note = format!("{id}-note");
    let fault = fault_at(problem, &name);
    view! {
        <div class="field" class:bad=move || fault.get().is_some()>
            <label for=id.clone()>{label}</label>
            <select
                id=id class="input" name=name.clone() data-testid=name prop:value=move || value.get()
                aria-describedby=note.clone() aria-invalid=move || fault.get().is_some().to_string()
                on:change=move |e| value.set(event_target_value(&e))
            >
                {move || {
                    options
                        .get()
                        .into_iter()
                        .map(|(key, label)| {
                            let selected = key == value.get();
                            view! { <option value=key selected=selected>{label}</option> }
                        })
                        .collect_view()
                }}
            </select>
            {move || fault.get().map(|why| view! { <p class="note" id=note.clone()>{why}</p> })}
        </div>
    }
    .into_any()
}

/// The form's button, and above it the fault that belongs to no single field.
#[component]
pub fn Submit(
    #[prop(into)] label: String,
    attempt: Attempt,
    #[prop(optional, into)] testid: Option<String>,
) -> impl IntoView {
    let awake = use_awake();
    let general = move || attempt.problem.get().filter(|p| p.field.is_none()).map(|p| p.message);
    view! {
        <p class="form-fault" role="alert">{general}</p>
        <button
            type="submit" class="button primary wide" disabled=move || attempt.busy.get() || !awake.get()
            class:asleep=move || !awake.get()
            data-testid=testid.unwrap_or_else(|| "submit".into())
        >
            {label}
        </button>
    }
    .into_any()
}
