//! Live editing: rooms, the log of commands, sockets.

use crate::{Error, State, db};
use app::api::design::{Document, Here};
use solver::design::Design;
use utoipa_axum::router::OpenApiRouter;

/// The open rooms of this server.
#[derive(Default)]
pub struct Hub {}

/// Whose right to be connected has just ended; the hub closes their sockets within a second (P16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// Disabled, or logged out everywhere.
    Person(String),
    Session(String),
    Share(String),
    /// Deleted, or moved to a project with other members: everyone's right is asked again.
    Design(String),
    /// This person's rights in this project changed: they are asked again.
    Member {
        person: String,
        project: String,
    },
}

impl Hub {
    /// Recovers and starts background work; called once by `State::start`.
    ///
    /// # Errors
    /// When the log cannot be read.

    pub async fn start(&self, _state: &State) -> Result<(), Error> {
        Ok(())
    }

    /// Who has `design` open now, each person once.
    pub fn here(&self, _design: &str) -> Vec<Here> {
        Vec::new()
    }

    /// Closes, or asks again, the sockets that lose their right.
    pub fn revoke(&self, _state: &State, _revoked: Revoked) {}
}

/// Routes of the document, its log and its socket.
pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
}

/// Writes the first snapshot of a design whose row was just inserted in `write` (sequence 0).
///
/// # Errors
/// When the database refuses.

pub async fn found(_write: &mut db::Connection, _design: &str, _content: &Design, _now: i64) -> Result<(), Error> {
    Ok(())
}

/// The design at `sequence`, or as it is now.
///
/// # Errors
/// [`Error::NotFound`] when the log does not reach that far.

pub async fn document(_state: &State, _design: &str, _sequence: Option<u64>) -> Result<Document, Error> {
    Err(Error::NotFound("design"))
}
