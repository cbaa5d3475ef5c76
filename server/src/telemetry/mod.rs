//! What the server tells about itself: log, metrics, audit.

pub mod audit;
pub mod log;
pub mod metrics;
