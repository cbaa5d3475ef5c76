//! The page in the browser: hydration, the viewport, the socket and the outbox.

pub mod viewport;
