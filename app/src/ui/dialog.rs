//! Modal dialogs on the platform's own `<dialog>`: focus stays inside, Esc closes, the rest of the page is inert.

use super::icon::{Glyph, Icon};
use leptos::{html, prelude::*};

/// Whether a dialog about something is open: while there is something; and closing the dialog lets go of it.
pub fn open_about<T: Send + Sync + 'static>(about: RwSignal<Option<T>>) -> RwSignal<bool> {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(about.with(Option::is_some)));
    Effect::new(move |_| {
        if !open.get() && about.with_untracked(Option::is_some) {
            about.set(None);
        }
    });
    open
}

/// A modal dialog, open while `open` is true. Its content is made anew at each opening.
#[component]
pub fn Dialog(
    open: RwSignal<bool>,
    #[prop(into)] title: Signal<String>,
    #[prop(into)] testid: String,
    #[prop(optional)] wide: bool,
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let (Some(dialog), open) = (node.get(), open.get()) else { return };
        if open && !dialog.open() {
            // Refused only when the element has left the page meanwhile.
            let _ = dialog.show_modal();
            // The content is made after this; the field that wants the cursor gets it then.
            request_animation_frame(move || {
                if let Ok(Some(field)) = dialog.query_selector("[autofocus]") {
                    focus(&field);
                }
            });
        } else if !open && dialog.open() {
            dialog.close();
        }
    });
    let children = StoredValue::new(children);
    let heading = format!("{testid}-title");
    let labelled = heading.clone();
    view! {
        <dialog
            node_ref=node class="dialog" class:wide=wide data-testid=testid aria-labelledby=labelled
            on:close=move |_| open.set(false)
            on:click=move |e| {
                // The backdrop belongs to the dialog element itself; its content sits in the panel.
                if node.get_untracked().is_some_and(|d| e.target().is_some_and(|t| t == *d.unchecked_ref_target())) {
                    open.set(false);
                }
            }
        >
            <div class="dialog-panel">
                <header class="dialog-head">
                    <h2 id=heading>{move || title.get()}</h2>
                    <button type="button" class="icon-button" aria-label="Close" on:click=move |_| open.set(false)>
                        <Icon glyph=Glyph::Close />
                    </button>
                </header>
                <Show when=move || open.get()>
                    <div class="dialog-body">{children.with_value(|c| c())}</div>
                </Show>
            </div>
        </dialog>
    }
    .into_any()
}

fn focus(element: &leptos::web_sys::Element) {
    #[cfg(feature = "browser")]
    {
        use wasm_bindgen::JsCast;
        if let Some(element) = element.dyn_ref::<leptos::web_sys::HtmlElement>() {
            // Fails only when it is not shown.
            let _ = element.focus();
        }
    }
    #[cfg(not(feature = "browser"))]
    let _ = element;
}

/// The element as the plain event target, to compare with an event's.
trait AsTarget {
    fn unchecked_ref_target(&self) -> &leptos::web_sys::EventTarget;
}

impl AsTarget for leptos::web_sys::HtmlDialogElement {
    fn unchecked_ref_target(&self) -> &leptos::web_sys::EventTarget {
        self
    }
}

/// A question before something that cannot be undone.
#[component]
pub fn Confirm(
    open: RwSignal<bool>,
    #[prop(into)] title: Signal<String>,
    #[prop(into)] text: Signal<String>,
    #[prop(into)] action: String,
    #[prop(into)] testid: String,
    on_yes: Callback<()>,
) -> impl IntoView {
    view! {
        <Dialog open=open title=title testid=testid.clone()>
            <p>{move || text.get()}</p>
            <div class="dialog-foot">
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button
                    type="button" class="button danger" data-testid=format!("{testid}-yes")
                    on:click=move |_| {
                        open.set(false);
                        on_yes.run(());
                    }
                >
                    {action.clone()}
                </button>
            </div>
        </Dialog>
    }
    .into_any()
}
