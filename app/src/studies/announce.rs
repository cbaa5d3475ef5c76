//! News of runs for a person who looks at another tab.

/// Begins the title of a tab that has news.
#[cfg(feature = "browser")]
const MARK: &str = "● ";

/// Tells a person who looks at another tab: in the title until they return, and as a notification if they allowed it.
pub(super) fn announce(design: &str, words: &str) {
    #[cfg(feature = "browser")]
    {
        use leptos::prelude::document;
        use wasm_bindgen::{JsCast, closure::Closure};
        let tab = document();
        if !tab.hidden() {
            return;
        }
        let before = tab.title();
        tab.set_title(&format!("{MARK}{words}"));
        // A second run that ends meanwhile only changes the words: the first remembers the title.
        let back = Closure::once_into_js(move || {
            if !before.starts_with(MARK) {
                document().set_title(&before);
            }
        });
        let options = leptos::web_sys::AddEventListenerOptions::new();
        options.set_once(true);
        let _ = tab.add_event_listener_with_callback_and_add_event_listener_options(
            "visibilitychange",
            back.unchecked_ref(),
            &options,
        );
        if web_sys::Notification::permission() == web_sys::NotificationPermission::Granted {
            let options = web_sys::NotificationOptions::new();
            options.set_body(words);
            // Refused by the system: the title says it too.
            let _ = web_sys::Notification::new_with_options(design, &options);
        }
    }
    #[cfg(not(feature = "browser"))]
    let _ = (design, words);
}

/// Asks once whether notices may be shown; called from a click, as browsers demand.
pub fn allow_notifications() {
    #[cfg(feature = "browser")]
    if web_sys::Notification::permission() == web_sys::NotificationPermission::Default {
        let _ = web_sys::Notification::request_permission();
    }
}
