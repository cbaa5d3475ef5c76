//! The isomorphic half of Brunel: the API's types, the client's side of a co-edited design, and the page.
//!
//! `ssr` renders on the server, `hydrate` wakes the same page up in the browser, `csr` makes the guest's page anew there;
//! one of them in a build.

// Views are deeply nested types; the default limit is too low for a whole page of them.
#![recursion_limit = "512"]

pub mod api;
pub mod colormap;
pub mod csv;
pub mod doc;
pub mod measure;
pub mod pages;
pub mod panels;
pub mod port;
pub mod studies;
pub mod sync;
pub mod talk;
pub mod ui;
pub mod viewport;

#[cfg(feature = "csr")]
pub use pages::start_viewer;
pub use pages::{App, Assets};
#[cfg(feature = "ssr")]
pub use pages::{Entry, shell};
