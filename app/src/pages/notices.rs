//! Licences of what Brunel is built from.

use super::asset::Assets;
use crate::ui::{Glyph, Icon};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

#[component]
pub fn NoticesPage() -> impl IntoView {
    let path = Assets::current().path("notices.txt");
    // Half a megabyte of text: the browser fetches it, the server does not render it.
    let text = RwSignal::new(None::<Result<String, String>>);
    #[cfg(feature = "browser")]
    {
        let path = path.clone();
        Effect::new(move |_| {
            let path = path.clone();
            leptos::task::spawn_local(async move {
                let answer = async {
                    let response = gloo_net::http::Request::get(&path).send().await?;
                    if !response.ok() {
                        return Err(gloo_net::Error::GlooError(format!("status {}", response.status())));
                    }
                    response.text().await
                };
                text.set(Some(answer.await.map_err(|e| e.to_string())));
            });
        });
    }
    view! {
        <Title text="Third-party licences" />
        <main class="page narrow">
            <div class="page-head">
                <A href="/" attr:class="icon-button" attr:aria-label="Back to the designs"><Icon glyph=Glyph::Home /></A>
                <h1>"Third-party licences"</h1>
            </div>
            <p class="soft">
                "Brunel is licensed under MIT or Apache-2.0, at your choice. It stands on the work of these projects. "
                <a href=path>"As plain text"</a>
            </p>
            {move || match text.get() {
                None => view! { <div class="table-wait" aria-busy="true"></div> }.into_any(),
                Some(Ok(text)) => view! { <pre class="licences" data-testid="licences">{text}</pre> }.into_any(),
                Some(Err(why)) => {
                    view! {
                        <p class="form-fault" role="alert">{format!("The list could not be loaded ({why}). Reload the page.")}</p>
                    }
                        .into_any()
                }
            }}
        </main>
    }
    .into_any()
}
