//! Dark and light: the system's choice unless the person made one, kept in the browser.

use super::icon::{Glyph, Icon};
use leptos::prelude::*;

/// What the person chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub fn key(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub fn from_key(key: &str) -> Self {
        match key {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// The chosen theme, and whether the page is dark now.
#[derive(Clone, Copy)]
pub struct ThemeState {
    pub chosen: RwSignal<Theme>,
    pub dark: Signal<bool>,
}

/// Key in the browser's storage; the shell's first script reads it too, before anything is painted.
pub const STORAGE_KEY: &str = "brunel-theme";

/// Makes the theme available to the page; in the browser it follows the system and the storage.
pub fn provide_theme() {
    let chosen = RwSignal::new(Theme::System);
    let system_dark = RwSignal::new(false);
    #[cfg(feature = "browser")]
    {
        use wasm_bindgen::{JsCast, closure::Closure};
        Effect::new(move |_| {
            chosen.set(super::stored(STORAGE_KEY).map_or(Theme::System, |k| Theme::from_key(&k)));
            let Some(Ok(Some(query))) =
                leptos::web_sys::window().map(|w| w.match_media("(prefers-color-scheme: dark)"))
            else {
                return;
            };
            system_dark.set(query.matches());
            let watched = query.clone();
            let changed = Closure::<dyn FnMut()>::new(move || system_dark.set(watched.matches()));
            query.set_onchange(Some(changed.as_ref().unchecked_ref()));
            // Lives as long as the page does.
            changed.forget();
        });
        Effect::new(move |before: Option<Theme>| {
            let theme = chosen.get();
            if before.is_some_and(|b| b != theme) {
                super::store(STORAGE_KEY, theme.key());
                if let Some(root) = document().document_element() {
                    // Setting an attribute fails only for a malformed name.
                    let _ = root.set_attribute("data-theme", theme.key());
                }
            }
            theme
        });
    }
    let dark = Signal::derive(move || match chosen.get() {
        Theme::System => system_dark.get(),
        Theme::Light => false,
        Theme::Dark => true,
    });
    provide_context(ThemeState { chosen, dark });
}

pub fn use_theme() -> ThemeState {
    use_context().unwrap_or_else(|| ThemeState { chosen: RwSignal::new(Theme::System), dark: Signal::derive(|| false) })
}

/// Switches between dark and light.
#[component]
pub fn ThemeToggle() -> impl IntoView {
    let theme = use_theme();
    view! {
        <button
            type="button" class="icon-button" data-testid="theme-toggle" aria-label="Switch between dark and light"
            title="Switch between dark and light"
            on:click=move |_| theme.chosen.set(if theme.dark.get_untracked() { Theme::Light } else { Theme::Dark })
        >
            <span class="only-light"><Icon glyph=Glyph::Moon /></span>
            <span class="only-dark"><Icon glyph=Glyph::Sun /></span>
        </button>
    }
    .into_any()
}
