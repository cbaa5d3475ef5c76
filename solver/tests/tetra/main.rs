//! Tetrahedra, constraints, algebraic multigrid and eigenvalues against known answers.
#![cfg(feature = "solve")]

#[path = "../support/tet_box.rs"]
mod tet_box;

mod heat;
mod modes;
mod statics;
