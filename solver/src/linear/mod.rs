//! Linear algebra of the studies: block vectors, the matrix-free operator, multigrid, conjugate gradients.
//!
//! Every sum is taken in an order fixed by the problem, never by the number of threads.

pub mod banded;
pub mod block;
pub mod cg;
pub mod multigrid;
pub mod operator;
pub mod transfer;

pub use block::Block;
pub use multigrid::Multigrid;
pub use operator::Operator;
