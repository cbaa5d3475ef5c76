//! Forces at points of the surface, carried to the nodes of the cells there.
//!
//! Shape functions are linear-complete, also beyond a cell, so what the points carry (resultant force and moment) the
//! nodes carry to rounding.

use crate::element::brick::shape;
use crate::mechanics::patch::Patch;
use crate::mesh::Lattice;
use glam::DVec3;

/// Hands `factor` times the `forces` at the patch's points to nodes, as `add(place in the grid, number, force)`.
///
/// Returns the number of points that no solid cell is near to (their force is not carried).
pub fn carry(
    lattice: &Lattice,
    patch: &Patch,
    forces: &[DVec3],
    factor: f64,
    mut add: impl FnMut([usize; 3], u32, DVec3),
) -> usize {
    let mut lost = 0;
    for (p, f) in patch.points.iter().zip(forces) {
        let Some((at, local)) = lattice.nearest_cell(p.at.into()) else {
            lost += 1;
            continue;
        };
        let Some(nodes) = lattice.cell_nodes(at) else { continue };
        for (corner, (node, n)) in nodes.into_iter().zip(shape(local)).enumerate() {
            add(std::array::from_fn(|a| at[a] + (corner >> a & 1)), node, *f * (n * factor));
        }
    }
    lost
}
