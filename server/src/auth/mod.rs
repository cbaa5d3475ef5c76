//! Who is asking, and what they may do.

pub mod actor;
pub mod factor;
pub mod gate;
pub mod limit;
pub mod origin;
pub mod pass;
pub mod password;
pub mod policy;
pub mod reach;
pub mod session;
pub mod store;
pub mod token;
pub mod totp;

pub use actor::{Actor, Guest, Person};
pub use policy::{Action, Grant, Object, can, can_in, may};
