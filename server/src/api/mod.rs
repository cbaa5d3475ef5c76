//! REST routes, a file per noun.

pub mod account;
pub mod audit;
pub mod board;
pub mod branch;
pub mod comment;
pub mod compartment;
pub mod design;
pub mod docs;
pub mod export;
pub mod factor;
pub mod file;
pub mod group;
pub mod health;
pub mod history;
pub mod input;
pub mod lineage;
pub mod notification;
pub mod organisation;
pub mod project;
pub mod release;
pub mod requirement;
pub mod scene;
pub mod share;
pub mod share_guest;
pub mod share_talk;
pub mod token;
pub mod view;

use crate::State;
use utoipa_axum::router::OpenApiRouter;

/// Every route of this folder.
pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .merge(account::router())
        .merge(factor::router())
        .merge(token::router())
        .merge(organisation::router())
        .merge(group::router())
        .merge(project::router())
        .merge(compartment::router())
        .merge(design::router())
        .merge(history::router())
        .merge(branch::router())
        .merge(file::router())
        .merge(requirement::router())
        .merge(release::router())
        .merge(comment::router())
        .merge(notification::router())
        .merge(share::router())
        .merge(share_guest::router())
        .merge(share_talk::router())
        .merge(scene::router())
        .merge(export::router())
        .merge(health::router())
        .merge(docs::router())
        .merge(board::router())
        .merge(view::router())
        .merge(audit::router())
}
