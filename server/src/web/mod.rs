//! The page: rendered here, with its assets and the headers around everything.

pub mod asset;
pub mod door;
pub mod header;
pub mod page;
