//! Meshes: voxels with cut cells by ray casting and the lattice that operators run on; body-fitted tetrahedra.

pub mod bulk;
pub mod cast;
pub mod grid;
pub mod lattice;
pub mod moment;
pub mod skin;
pub mod tet;

pub use cast::{Voxels, voxelize};
pub use grid::Grid;
pub use lattice::{Lattice, Solid};
