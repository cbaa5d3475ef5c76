//! Who is asking, and what they may do.

pub mod actor;
pub mod policy;

pub use actor::{Actor, Guest, Person};
pub use policy::{Action, Grant, Object, can};
