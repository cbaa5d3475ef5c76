//! A button that opens a list of actions below it.

use leptos::{ev, html, prelude::*};

/// A drop-down menu. The children are buttons and links with `role="menuitem"`; any click inside closes it, as do Esc and a click
/// elsewhere. Arrow keys move between the items.
#[component]
pub fn Menu(
    /// What the button shows.
    #[prop(into)]
    button: ViewFn,
    #[prop(into)] label: String,
    #[prop(into)] testid: String,
    #[prop(optional, into)] class: String,
    #[prop(optional)] right: bool,
    children: ChildrenFn,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let root = NodeRef::<html::Div>::new();
    let list = NodeRef::<html::Div>::new();
    #[cfg(feature = "browser")]
    {
        use wasm_bindgen::JsCast;
        let outside = window_event_listener(ev::pointerdown, move |e| {
            let inside = root.get_untracked().is_some_and(|r| {
                e.target()
                    .and_then(|t| t.dyn_into::<leptos::web_sys::Node>().ok())
                    .is_some_and(|t| r.contains(Some(&t)))
            });
            if !inside {
                open.set(false);
            }
        });
        on_cleanup(move || outside.remove());
    }
    let step = move |by: i32| {
        #[cfg(feature = "browser")]
        {
            use wasm_bindgen::JsCast;
            let Some(list) = list.get_untracked() else { return };
            let Ok(items) = list.query_selector_all("[role=menuitem]:not([disabled])") else { return };
            let n = items.length() as i32;
            let focused = document().active_element();
            let at = (0..n)
                .find(|i| items.item(*i as u32).and_then(|n| n.dyn_into::<leptos::web_sys::Element>().ok()) == focused);
            let next = at.map_or(if by > 0 { 0 } else { n - 1 }, |at| (at + by).rem_euclid(n.max(1)));
            if let Some(item) = items.item(next as u32).and_then(|n| n.dyn_into::<leptos::web_sys::HtmlElement>().ok())
            {
                // An item that left the page meanwhile cannot take focus; nothing is lost.
                let _ = item.focus();
            }
        }
        #[cfg(not(feature = "browser"))]
        let _ = (by, list);
    };
    let on_key = move |e: ev::KeyboardEvent| match e.key().as_str() {
        "Escape" if open.get_untracked() => {
            e.stop_propagation();
            open.set(false);
        }
        "ArrowDown" => {
            e.prevent_default();
            open.set(true);
            request_animation_frame(move || step(1));
        }
        "ArrowUp" if open.get_untracked() => {
            e.prevent_default();
            step(-1);
        }
        _ => {}
    };
    let children = StoredValue::new(children);
    view! {
        <div class="menu" node_ref=root on:keydown=on_key>
            <button
                type="button" class=class aria-haspopup="menu" aria-expanded=move || open.get().to_string()
                aria-label=label.clone() title=label data-testid=testid
                on:click=move |e| {
                    e.stop_propagation();
                    e.prevent_default();
                    open.update(|o| *o = !*o);
                }
            >
                {button.run()}
            </button>
            <Show when=move || open.get()>
                <div
                    class="menu-list" class:right=right role="menu" node_ref=list
                    on:click=move |_| open.set(false)
                >
                    {children.with_value(|c| c())}
                </div>
            </Show>
        </div>
    }
    .into_any()
}
