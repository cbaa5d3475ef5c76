//! The end of a list that goes on.

use leptos::prelude::*;

/// A button that asks for more of a list. It is drawn anew with the longer list, and until then says that it works.
#[component]
pub fn More(#[prop(into)] testid: String, on_more: impl Fn() + 'static) -> impl IntoView {
    let loading = RwSignal::new(false);
    view! {
        <p class="more">
            <button
                type="button" class="button" data-testid=testid disabled=move || loading.get()
                on:click=move |_| {
                    loading.set(true);
                    on_more();
                }
            >
                {move || if loading.get() { "Loading…" } else { "Show more" }}
            </button>
        </p>
    }
    .into_any()
}
