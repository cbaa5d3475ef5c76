//! Linear algebra of the studies. On voxels: block vectors, the matrix-free operator, multigrid, conjugate gradients. On
//! tetrahedra: sparse matrices of blocks, constraints, algebraic multigrid, conjugate gradients, eigenvalues.
//!
//! Every sum is taken in an order fixed by the problem, never by the number of threads.

pub mod amg;
pub mod banded;
pub mod block;
mod bulk;
pub mod cg;
pub mod constraint;
pub mod dense;
pub mod eigen;
pub mod full;
pub mod galerkin;
pub mod inertia;
pub mod multigrid;
pub mod operator;
pub mod pcg;
pub mod sparse;
pub mod substitution;
mod sweep;
pub mod system;
pub mod transfer;
pub mod truth;
pub mod vector;

pub use amg::Amg;
pub use block::Block;
pub use multigrid::Multigrid;
pub use operator::Operator;
pub use sparse::{Connectivity, Sparse};
pub use system::System;
