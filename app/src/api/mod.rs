//! Request and response types of the REST API, a file per noun. The server's routes and the page's client share them.
//!
//! Every error answer is a [`Problem`] with a fitting status. Times are epoch milliseconds, ids are opaque text.

pub mod audit;
pub mod auth;
pub mod board;
pub mod client;
pub mod comment;
pub mod design;
pub mod figure;
pub mod group;
pub mod history;
pub mod organisation;
pub mod release;
pub mod requirement;
pub mod run;
#[cfg(feature = "ssr")]
pub mod schema;
pub mod share;
pub mod view;

use serde::{Deserialize, Serialize};

/// What went wrong, for the person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Stable key, `not_found`, `invalid`, `forbidden`, `too_fast`, `conflict`, `unauthenticated`, `unavailable`.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
    /// The field of the request at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// A page of a list; `next` is passed back as `after`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Page<T> {
    pub items: Vec<T>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
