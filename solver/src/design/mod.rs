//! A design: the plain value that a log of commands builds.
//!
//! A [`Design`] is an ordered list of [`Object`]s: parameters, features, selections, supports, loads, load cases,
//! studies. Each object has a kind, and the kind's [`schema`] says which properties it has, of what type and dimension.
//! One table therefore serves the form panels, the check of every command, undo, comparison and merge, and a new
//! feature or load costs one row. [`apply`] is pure and the same on both sides of the wire.

mod ancestor;
mod check;
mod command;
pub mod compare;
mod difference;
mod material;
pub mod merge;
mod naming;
mod object;
mod order;
pub mod profile;
mod resolve;
pub mod schema;
mod template;

pub use ancestor::common;
pub use check::{Issue, Severity, check};
pub use command::{Command, Refusal, apply, replay};
pub use compare::{compare, display_units};
pub use difference::difference;
pub use material::{MATERIALS, Material, material};
pub use merge::{Side, merge};
pub use naming::{describe_edge, describe_face};
pub use object::{Design, Id, Object, Value};
pub use profile::{Profile, Segment};
pub use resolve::{ROOM, Resolved, TEMPERATURE, TIME, resolve};
pub use template::{TEMPLATES, Template, template};
