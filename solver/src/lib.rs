//! Brunel's pure core.
//!
//! No IO, no clock, no async, no SQL, no browser: functions from values to values, which is why the same code answers
//! in the page, in the geometry worker and on the server. Features widen it:
//!
//! | feature | adds | used by |
//! |---|---|---|
//! | (none) | [`design`], [`quantity`], [`surface`], [`scene`], [`volume`], [`study`] forms and outcomes, [`result`]: reading them, [`requirement`]: judging by them | the page |
//! | `kernel` | [`geometry`], [`format`] | the browser's geometry worker |
//! | `solve` | meshes, linear algebra, the studies themselves | the server's workers |
//!
//! Invariants of absence: nothing here opens a file, reads a clock, spawns a thread or builds a thread pool.

pub mod deck;
pub mod design;
pub mod element;
pub mod growth;
pub mod quantity;
pub mod requirement;
pub mod result;
pub mod run;
pub mod scene;
pub mod study;
pub mod surface;
pub mod volume;

#[cfg(feature = "kernel")]
pub mod format;
#[cfg(feature = "kernel")]
pub mod geometry;

#[cfg(feature = "solve")]
pub mod density;
#[cfg(feature = "solve")]
pub mod fitted;
#[cfg(feature = "solve")]
pub mod linear;
#[cfg(feature = "solve")]
pub mod mechanics;
#[cfg(feature = "solve")]
pub mod mesh;
#[cfg(feature = "solve")]
pub mod random;
