//! The small set of parts that every page is made of. Looks live in `app/style`, behaviour here.

mod attempt;
mod avatar;
mod chart;
mod dialog;
mod field;
mod icon;
mod menu;
mod more;
mod plot;
mod theme;
mod time;
mod toast;

pub use attempt::Attempt;
pub use avatar::{Avatar, Avatars};
pub use chart::Chart;
pub use dialog::{Confirm, Dialog, open_about};
pub use field::{Field, Select, Submit};
pub use icon::{Glyph, Icon};
pub use menu::Menu;
pub use more::More;
pub use plot::{Plot, Series};
pub use theme::{STORAGE_KEY, Theme, ThemeToggle, provide_theme, use_theme};
pub use time::{ago, bytes, day, seconds};
pub use toast::{Notice, Notices, Toasts, Tone, provide_notices, use_notices};

/// Puts `text` on the clipboard and says so. Does nothing on the server.
pub fn copy(text: &str) {
    #[cfg(feature = "browser")]
    if let Some(window) = leptos::web_sys::window() {
        // The promise's failure (no permission) leaves the text selected in its field, which the person can copy.
        let _ = window.navigator().clipboard().write_text(text);
    }
    #[cfg(not(feature = "browser"))]
    let _ = text;
}

/// Epoch milliseconds now.
pub fn now() -> i64 {
    #[cfg(feature = "browser")]
    return js_sys::Date::now() as i64;
    #[cfg(not(feature = "browser"))]
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}

/// Waits so many milliseconds of the browser's clock.
#[cfg(feature = "browser")]
pub async fn sleep(ms: i32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        if let Some(window) = leptos::web_sys::window() {
            // Without a timer there is no page to wait for.
            let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms);
        }
    });
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}

/// 64 random bits for ids. The browser's generator; on the server nothing makes ids in a view.
pub fn random() -> u64 {
    #[cfg(feature = "browser")]
    {
        let half = || (js_sys::Math::random() * f64::from(u32::MAX)) as u64;
        half() << 32 | half()
    }
    #[cfg(not(feature = "browser"))]
    0
}

/// A value from the browser's local storage; `None` on the server or when storage is refused.
pub fn stored(key: &str) -> Option<String> {
    #[cfg(feature = "browser")]
    return leptos::web_sys::window()?.local_storage().ok()??.get_item(key).ok()?;
    #[cfg(not(feature = "browser"))]
    {
        let _ = key;
        None
    }
}

/// Keeps a value in the browser's local storage.
pub fn store(key: &str, value: &str) {
    #[cfg(feature = "browser")]
    if let Some(Ok(Some(storage))) = leptos::web_sys::window().map(|w| w.local_storage()) {
        // A full or forbidden storage only loses a preference.
        let _ = storage.set_item(key, value);
    }
    #[cfg(not(feature = "browser"))]
    let _ = (key, value);
}
