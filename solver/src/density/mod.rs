//! Topology optimisation by densities: which cells of a box of cubes hold material.

pub mod elastic;
