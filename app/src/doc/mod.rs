//! The client's side of a co-edited design.
//!
//! A page opens a design through [`connector`] and draws the [`Snapshot`]s it is told; it edits through
//! [`Connection::submit`].

mod connection;
mod document;
mod history;
mod notice;
mod session;

pub use connection::{
    Connection, Connector, SaveState, Sink, Snapshot, Update, connector, install, is_signed_out, sign_out,
};
pub use document::{Document, Effect as DocumentEffect, Kept};
pub use notice::{Choice, Conflict, Notice, describe, name, property, value_text};
pub use session::{DEAD_AFTER_MS, Effect, Event, PING_AFTER_MS, Session, backoff_ms};
