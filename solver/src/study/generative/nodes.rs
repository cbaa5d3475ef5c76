//! Supports and loads of the true surface, put on nodes of the cells that are kept; heat made in bodies, on those of theirs.

use super::brief::{Brief, Duty};
use super::conduction::{self, Conduction};
use super::region::{Region, filled};
use crate::density::elastic::{Load, Support};
use crate::density::{Role, thermal};
use crate::design::{Issue, Object};
use crate::mechanics::carry::carry;
use crate::mechanics::load;
use crate::mechanics::patch::{Patch, Point};
use crate::mechanics::setup::Setup;
use crate::mechanics::support::Hold;
use crate::mesh::Lattice;
use crate::study::Case;
use glam::DVec3;
use std::collections::{BTreeMap, BTreeSet};

/// Nodes that fewer of a support's points are nearest to than this share of the most are left free: slivers.
const SLIVER: f64 = 0.05;

/// What holds and what loads, by load case.
pub enum Put {
    Forces { supports: Vec<Support>, loads: Vec<Vec<Load>> },
    Heat { sinks: Vec<[usize; 3]>, loads: Vec<Vec<thermal::Load>> },
}

/// A place in the grid with z first, so that maps run through nodes in the order of memory.
type Place = [usize; 3];

pub struct Nodes {
    pub put: Put,
    /// Sum of the sizes of the forces at the points of the surface, N, or of the heat, W, by load case.
    pub sizes: Vec<f64>,
}

impl Nodes {
    /// # Errors
    /// An [`Issue`] at the support or load whose faces no kept cell is near to, or that its faces cannot carry.
    pub fn new(case: &Case, brief: &Brief, region: &Region) -> Result<Self, Issue> {
        let lattice = Lattice::bare(region.grid, region.kept().into_iter());
        match &brief.duty {
            Duty::Mechanical(setup) => {
                let supports = supports(case, setup, &lattice)?;
                let (loads, sizes) = loads(case, setup, &lattice)?;
                Ok(Self { put: Put::Forces { supports, loads }, sizes })
            }
            Duty::Thermal(conduction) => {
                let sinks = sinks(case, conduction, &lattice)?;
                let (loads, size) = heat(case, brief, conduction, region, &lattice)?;
                // Heat at a sink is gone at once.
                if !loads.iter().any(|l| l.heat != 0.0 && !sinks.contains(&l.at)) {
                    let message = "No heat has a way to go: what the heat flows and heat sources give is nothing, or enters where a \
                                   temperature is given";
                    return Err(Issue::error(case.study, "thermal", message));
                }
                Ok(Self { put: Put::Heat { sinks, loads: vec![loads] }, sizes: vec![size] })
            }
        }
    }
}

/// Where nothing is kept behind faces.
fn bare(object: &Object, cell: f64) -> Issue {
    let message = format!(
        "{}: part of its faces has no cell of the design space behind it that is kept: a region to avoid lies there, or \
         the space is thinner than cells of {:.3} mm resolve",
        object.name,
        cell * 1e3
    );
    Issue::error(object, "faces", message)
}

/// The nodes nearest to an object's faces, with what each point stops there.
fn nearest(
    case: &Case,
    object: &Object,
    faces: &[(usize, usize)],
    lattice: &Lattice,
    stops: impl Fn(&Point) -> [bool; 3],
) -> Result<Vec<(Place, [bool; 3])>, Issue> {
    let patch = Patch::new(case.model, faces, 0.5 * lattice.grid.cell);
    let mut weight: BTreeMap<Place, (f64, [bool; 3])> = BTreeMap::new();
    for p in &patch.points {
        let Some((at, local)) = lattice.nearest_cell(p.at.into()) else {
            return Err(bare(object, lattice.grid.cell));
        };
        let node: [usize; 3] = std::array::from_fn(|a| at[a] + usize::from(local[a] > 0.0));
        let one = weight.entry([node[2], node[1], node[0]]).or_default();
        one.0 += p.area;
        let stops = stops(p);
        (0..3).for_each(|c| one.1[c] |= stops[c]);
    }
    let most = weight.values().fold(0.0f64, |m, w| m.max(w.0));
    Ok(weight.into_iter().filter(|(_, (w, _))| *w >= SLIVER * most).map(|(node, (_, stops))| (node, stops)).collect())
}

fn supports(case: &Case, setup: &Setup, lattice: &Lattice) -> Result<Vec<Support>, Issue> {
    let mut held: BTreeMap<Place, [bool; 3]> = BTreeMap::new();
    for support in &setup.supports {
        let stops = |p: &Point| match support.hold {
            Hold::Axes(given) => given.map(|g| g.is_some()),
            // Square to an axis, or it was refused.
            _ => p.normal.to_array().map(|n| n.abs() > 0.5),
        };
        for (node, stops) in nearest(case, &support.object, &support.faces, lattice, stops)? {
            let one = held.entry(node).or_default();
            (0..3).for_each(|c| one[c] |= stops[c]);
        }
    }
    Ok(held.into_iter().map(|([z, y, x], components)| Support { at: [x, y, z], components }).collect())
}

/// By load case, the forces and the sum of their sizes.
fn loads(case: &Case, setup: &Setup, lattice: &Lattice) -> Result<(Vec<Vec<Load>>, Vec<f64>), Issue> {
    let n_cases = setup.cases.len();
    let mut nodes: Vec<BTreeMap<Place, DVec3>> = vec![BTreeMap::new(); n_cases];
    let mut sizes = vec![0.0; n_cases];
    for (index, one) in setup.loads.iter().enumerate() {
        let patch = if one.by_points {
            Patch::vertices(case.model, &one.faces)
        } else {
            Patch::new(case.model, &one.faces, 0.5 * lattice.grid.cell)
        };
        let forces = load::forces(&patch, one.traction)
            .map_err(|e| Issue::error(&one.object, "faces", format!("{}: {e}", one.object.name)))?;
        let size: f64 = forces.iter().map(|f| f.length()).sum();
        for (k, loaded) in setup.cases.iter().enumerate() {
            for (_, factor) in loaded.loads.iter().filter(|l| l.0 == index) {
                let lost = carry(lattice, &patch, &forces, *factor, |[x, y, z], _, f| {
                    *nodes[k].entry([z, y, x]).or_insert(DVec3::ZERO) += f;
                });
                if lost > 0 {
                    return Err(bare(&one.object, lattice.grid.cell));
                }
                sizes[k] += factor.abs() * size;
            }
        }
    }
    let loads = |of: BTreeMap<[usize; 3], DVec3>| {
        of.into_iter().map(|([z, y, x], f)| Load { at: [x, y, z], force: f.into() }).collect()
    };
    Ok((nodes.into_iter().map(loads).collect(), sizes))
}

fn sinks(case: &Case, conduction: &Conduction, lattice: &Lattice) -> Result<Vec<[usize; 3]>, Issue> {
    let mut out: BTreeSet<Place> = BTreeSet::new();
    for sink in &conduction.sinks {
        out.extend(nearest(case, &sink.object, &sink.faces, lattice, |_| [true; 3])?.into_iter().map(|(node, _)| node));
    }
    Ok(out.into_iter().map(|[z, y, x]| [x, y, z]).collect())
}

/// The heat at nodes, and the sum of its sizes, W.
fn heat(
    case: &Case,
    brief: &Brief,
    conduction: &Conduction,
    region: &Region,
    lattice: &Lattice,
) -> Result<(Vec<thermal::Load>, f64), Issue> {
    let mut nodes: BTreeMap<Place, f64> = BTreeMap::new();
    let mut size = 0.0;
    for one in &conduction.heats {
        match &one.place {
            conduction::Place::Faces(faces) => {
                let patch = Patch::new(case.model, faces, 0.5 * lattice.grid.cell);
                let flux = if one.total { one.value / patch.area } else { one.value };
                let entering: Vec<DVec3> = patch.points.iter().map(|p| DVec3::X * (flux * p.area)).collect();
                let lost = carry(lattice, &patch, &entering, 1.0, |[x, y, z], _, q| {
                    *nodes.entry([z, y, x]).or_insert(0.0) += q.x;
                });
                if lost > 0 {
                    return Err(bare(&one.object, lattice.grid.cell));
                }
                size += (flux * patch.area).abs();
            }
            conduction::Place::Bodies { space, kept } => {
                let cells = made_in(case, brief, region, *space, kept)?;
                let volume: f64 = cells.iter().map(|c| c.1).sum();
                if volume <= 0.0 {
                    let message =
                        format!("{}: no cell of the design space lies in its bodies; take more cells", one.object.name);
                    return Err(Issue::error(&one.object, "bodies", message));
                }
                let density = if one.total { one.value / volume } else { one.value };
                for (cell, volume) in cells {
                    let at = region.grid.position(cell as usize);
                    for corner in 0..8usize {
                        let [x, y, z] = std::array::from_fn(|a| at[a] + (corner >> a & 1));
                        *nodes.entry([z, y, x]).or_insert(0.0) += 0.125 * density * volume;
                    }
                }
                size += (density * volume).abs();
            }
        }
    }
    let load = |([z, y, x], heat): (Place, f64)| thermal::Load { at: [x, y, z], heat };
    Ok((nodes.into_iter().map(load).collect(), size))
}

/// Cells of the space that are not avoided, in which heat is made, with the volume of each that makes it, m³.
fn made_in(case: &Case, brief: &Brief, region: &Region, space: bool, kept: &[usize]) -> Result<Vec<(u32, f64)>, Issue> {
    let cube = region.grid.cell.powi(3);
    let mut shares = vec![0.0f64; region.grid.n_cells()];
    if space {
        // Cells at the border that are left out hand what they have to the others.
        let all = region.fill.iter().sum::<f64>() * cube;
        let scale = brief.parts.first().map_or(1.0, |p| p.volume / all);
        region.cells.iter().zip(&region.fill).for_each(|(c, fill)| shares[*c as usize] = fill * scale);
    }
    for body in kept {
        let model = &case.model.bodies[*body];
        let inside = filled(case.study, model.body.surface(), &model.label, &region.grid)?;
        shares.iter_mut().zip(inside).for_each(|(s, i)| *s = s.max(i));
    }
    let may = |c: &&u32| region.domain.roles()[**c as usize] != Role::Void && shares[**c as usize] > 0.0;
    Ok(region.cells.iter().filter(may).map(|c| (*c, shares[*c as usize] * cube)).collect())
}
