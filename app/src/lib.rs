//! The isomorphic half of Brunel: the API's types, the client's side of a co-edited design, and the page.
//!
//! `ssr` renders on the server, `hydrate` wakes the same page up in the browser; never both in one build.

pub mod api;
pub mod doc;
pub mod sync;
pub mod viewport;
