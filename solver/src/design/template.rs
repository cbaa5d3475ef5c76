//! Designs to start from.

use super::object::Design;

/// A design to start from.
#[derive(Clone, Copy)]
pub struct Template {
    pub id: &'static str,
    pub label: &'static str,
    pub help: &'static str,
    pub build: fn() -> Design,
}

/// Every template, in the order the home page shows them.
pub const TEMPLATES: &[Template] =
    &[Template { id: "empty", label: "Empty", help: "Nothing but the axes.", build: Design::new }];

/// The template called `id`.
pub fn template(id: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|t| t.id == id)
}
