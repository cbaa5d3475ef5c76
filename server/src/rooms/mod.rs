//! Live editing: rooms, the log of commands, sockets.
//!
//! [`room`] is a pure state machine that orders and checks what people do to one design; [`log`] writes it down;
//! [`hub`] runs one task per open design and ties the two to sockets. A command is acknowledged when it is on disk.

mod api;
mod event;
mod hub;
pub mod log;
mod outgoing;
pub mod room;
mod socket;
mod touch;

pub use hub::Hub;
pub use log::found;

use crate::{Error, State};
use app::api::design::Document;
use app::sync::{ToClient, ToServer};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Whose right to be connected has just ended; the hub closes their sockets within a second (P16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// Disabled, or logged out everywhere. Guests of their links are asked again.
    Person(String),
    Session(String),
    Share(String),
    /// Everyone who has no second factor, where one is asked for: everyone is asked again.
    Unenrolled,
    /// Deleted, or moved to a project or compartment with other members: everyone's right is asked again.
    Design(String),
    /// These people's rights somewhere changed: they are asked again, and so are the guests of links that they made.
    Rights(Vec<String>),
}

/// What goes over sockets: in the description too, although no operation there can say so.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(ToServer, ToClient)))]
struct Messages;

/// Routes of the document, its log and its socket.
pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::with_openapi(Messages::openapi())
        .routes(routes!(api::document))
        .routes(routes!(api::log))
        .routes(routes!(api::command))
        .routes(routes!(socket::design_socket))
        .routes(routes!(socket::share_socket))
}

/// The design at `sequence`, or as it is now.
///
/// # Errors
/// [`Error::NotFound`] when the log does not reach that far.
pub async fn document(state: &State, design: &str, sequence: Option<u64>) -> Result<Document, Error> {
    log::document(&state.db, design, sequence).await
}
