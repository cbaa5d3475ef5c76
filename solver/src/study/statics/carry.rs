//! Forces at points of the surface, carried to the nodes of the cells there.
//!
//! Shape functions are linear-complete, also beyond a cell, so what the points carry (resultant force and moment) the
//! nodes carry to rounding.

use crate::linear::Block;
use crate::mechanics::patch::Patch;
use crate::mesh::Lattice;
use glam::DVec3;

/// Adds `forces` at the patch's points to the nodes of case `k`; `scale` converts to the operator's unit.
///
/// Returns the number of points that no solid cell is near to (their force is not carried).
pub fn carry(lattice: &Lattice, patch: &Patch, forces: &[DVec3], factor: f64, k: usize, b: &mut Block<f64>) -> usize {
    let mut lost = 0;
    for (p, f) in patch.points.iter().zip(forces) {
        let Some((at, local)) = lattice.nearest_cell(p.at.into()) else {
            lost += 1;
            continue;
        };
        let Some(nodes) = lattice.cell_nodes(at) else { continue };
        for (node, n) in nodes.into_iter().zip(crate::element::brick::shape(local)) {
            b.add(k, node, (*f * (n * factor)).into());
        }
    }
    lost
}
