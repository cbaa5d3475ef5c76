use leptos::prelude::*;
#[component]
pub fn EditorPage() -> impl IntoView {}
