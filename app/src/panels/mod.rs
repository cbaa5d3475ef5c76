//! The parts of the editor, around one [`Desk`]: the state that they share.

mod change;
pub mod choose;
mod curve;
mod deck;
pub mod desk;
pub mod expression;
pub mod file;
pub mod history;
pub mod keys;
pub mod measure;
pub mod notice;
pub mod outline;
pub mod parameter;
pub mod peers;
pub mod picks;
pub mod profile;
pub mod property;
pub mod requirement;
pub mod rollback;
pub mod section;
pub mod share;
pub mod status;
pub mod target;
pub mod toolbar;
pub mod topbar;
pub mod tree;
pub mod view;

pub use desk::{Desk, use_desk};
