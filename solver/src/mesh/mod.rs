//! Voxel meshes: grids, cut cells by ray casting, and the lattice of nodes and cells that operators run on.

pub mod cast;
pub mod grid;
pub mod lattice;
pub mod moment;
pub mod skin;

pub use cast::{Voxels, voxelize};
pub use grid::Grid;
pub use lattice::{Lattice, Solid};
