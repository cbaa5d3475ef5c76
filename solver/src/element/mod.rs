//! Elements shared by every finite-element study.

#[cfg(feature = "solve")]
pub mod brick;
#[cfg(feature = "solve")]
pub mod lane;
pub mod tet;
