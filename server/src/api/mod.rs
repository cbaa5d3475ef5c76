//! REST routes, a file per noun.

pub mod account;
pub mod branch;
pub mod design;
pub mod file;
pub mod health;
pub mod history;
pub mod input;
pub mod lineage;
pub mod organisation;
pub mod project;
pub mod scene;
pub mod share;

use crate::State;
use utoipa_axum::router::OpenApiRouter;

/// Every route of this folder.
pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .merge(account::router())
        .merge(organisation::router())
        .merge(project::router())
        .merge(design::router())
        .merge(history::router())
        .merge(branch::router())
        .merge(file::router())
        .merge(share::router())
        .merge(scene::router())
        .merge(health::router())
}
