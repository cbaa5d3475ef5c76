//! Elements shared by every finite-element study.

pub mod brick;
pub mod lane;
pub mod tet;
