//! Supports and loads of the true surface, put on nodes of the cells that are kept.

use super::brief::Brief;
use super::region::Region;
use crate::density::elastic::{Load, Support};
use crate::design::Issue;
use crate::mechanics::carry::carry;
use crate::mechanics::load;
use crate::mechanics::patch::Patch;
use crate::mechanics::support::Hold;
use crate::mesh::Lattice;
use crate::study::Case;
use glam::DVec3;
use std::collections::BTreeMap;

/// Nodes that fewer of a support's points are nearest to than this share of the most are left free: slivers.
const SLIVER: f64 = 0.05;

/// What holds and what loads.
pub struct Nodes {
    pub supports: Vec<Support>,
    /// By load case.
    pub loads: Vec<Vec<Load>>,
    /// Sum of the sizes of the forces at the points of the surface, N, by load case.
    pub sizes: Vec<f64>,
}

impl Nodes {
    /// # Errors
    /// An [`Issue`] at the support or load whose faces no kept cell is near to, or that its faces cannot carry.
    pub fn new(case: &Case, brief: &Brief, region: &Region) -> Result<Self, Issue> {
        let lattice = Lattice::bare(region.grid, region.kept().into_iter());
        Ok(Self { supports: supports(case, brief, &lattice)?, ..loads(case, brief, &lattice)? })
    }
}

/// Where nothing is kept behind faces.
fn bare(name: &str, object: &crate::design::Object, cell: f64) -> Issue {
    let message = format!(
        "{name}: part of its faces has no cell of the design space behind it that is kept: a region to avoid lies there, or \
         the space is thinner than cells of {:.3} mm resolve",
        cell * 1e3
    );
    Issue::error(object, "faces", message)
}

fn supports(case: &Case, brief: &Brief, lattice: &Lattice) -> Result<Vec<Support>, Issue> {
    let mut held: BTreeMap<[usize; 3], [bool; 3]> = BTreeMap::new();
    for support in &brief.setup.supports {
        let patch = Patch::new(case.model, &support.faces, 0.5 * lattice.grid.cell);
        let mut weight: BTreeMap<[usize; 3], (f64, [bool; 3])> = BTreeMap::new();
        for p in &patch.points {
            let Some((at, local)) = lattice.nearest_cell(p.at.into()) else {
                return Err(bare(&support.object.name, &support.object, lattice.grid.cell));
            };
            let node: [usize; 3] = std::array::from_fn(|a| at[a] + usize::from(local[a] > 0.0));
            let one = weight.entry([node[2], node[1], node[0]]).or_default();
            one.0 += p.area;
            let stops = match support.hold {
                Hold::Axes(given) => given.map(|g| g.is_some()),
                // Square to an axis, or it was refused.
                _ => p.normal.to_array().map(|n| n.abs() > 0.5),
            };
            (0..3).for_each(|c| one.1[c] |= stops[c]);
        }
        let most = weight.values().fold(0.0f64, |m, w| m.max(w.0));
        for (node, (w, stops)) in weight {
            if w >= SLIVER * most {
                let one = held.entry(node).or_default();
                (0..3).for_each(|c| one[c] |= stops[c]);
            }
        }
    }
    Ok(held.into_iter().map(|([z, y, x], components)| Support { at: [x, y, z], components }).collect())
}

fn loads(case: &Case, brief: &Brief, lattice: &Lattice) -> Result<Nodes, Issue> {
    let n_cases = brief.setup.cases.len();
    let mut nodes: Vec<BTreeMap<[usize; 3], DVec3>> = vec![BTreeMap::new(); n_cases];
    let mut sizes = vec![0.0; n_cases];
    for (index, one) in brief.setup.loads.iter().enumerate() {
        let patch = if one.by_points {
            Patch::vertices(case.model, &one.faces)
        } else {
            Patch::new(case.model, &one.faces, 0.5 * lattice.grid.cell)
        };
        let forces = load::forces(&patch, one.traction)
            .map_err(|e| Issue::error(&one.object, "faces", format!("{}: {e}", one.object.name)))?;
        let size: f64 = forces.iter().map(|f| f.length()).sum();
        for (k, loaded) in brief.setup.cases.iter().enumerate() {
            for (_, factor) in loaded.loads.iter().filter(|l| l.0 == index) {
                let lost = carry(lattice, &patch, &forces, *factor, |[x, y, z], _, f| {
                    *nodes[k].entry([z, y, x]).or_insert(DVec3::ZERO) += f;
                });
                if lost > 0 {
                    return Err(bare(&one.object.name, &one.object, lattice.grid.cell));
                }
                sizes[k] += factor.abs() * size;
            }
        }
    }
    let loads = |of: BTreeMap<[usize; 3], DVec3>| {
        of.into_iter().map(|([z, y, x], f)| Load { at: [x, y, z], force: f.into() }).collect()
    };
    Ok(Nodes { supports: Vec::new(), loads: nodes.into_iter().map(loads).collect(), sizes })
}
