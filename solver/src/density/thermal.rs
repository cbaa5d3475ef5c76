//! Steady conduction of heat on the cells of a design space, for topology optimisation: many solves of nearly the same
//! problem, each cell with a conductivity of its own.
//!
//! Scalar trilinear bricks: `K θ = q` with `K = Σ rₑ k h K̂`, where `θ` is the rise of temperature above the sinks, `rₑ` the
//! relative conductivity of a cell, `k` that of the material and `h` the edge of a cell. Thermal compliance is `qᵀ θ`, W K;
//! its derivative by `rₑ` is `−θₑᵀ k h K̂ θₑ` (Bendsøe & Sigmund 2003, sect. 5.1.6; for finite volumes Gersborg-Hansen,
//! Bendsøe & Sigmund 2006). Conjugate gradients, preconditioned by smoothed aggregation, which follows the contrast.

use super::elastic::Accuracy;
use crate::linear::cg::Convergence;
use crate::linear::constraint::{ConstraintError, Constraints};
use crate::linear::pcg::{self, PcgError};
use crate::linear::substitution::Transform;
use crate::linear::vector::dot;
use crate::linear::{Amg, Connectivity, Sparse, system};
use crate::mesh::{Grid, Lattice};
use glam::DVec3;
use rayon::prelude::*;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Entries of the conduction matrix of a cube of edge 1 and conductivity 1 between corners that differ in none, one, two and
/// three directions: `∫ ∇N·∇N dV` of trilinear functions.
const BRICK: [f64; 4] = [1.0 / 3.0, 0.0, -1.0 / 12.0, -1.0 / 12.0];

/// Bytes of a node: two connectivities of a cell, the matrix of 27 numbers a row in double and single precision, and what
/// aggregates and their interpolation add to it; then by load case the vectors of the iteration and of the cycle.
const BYTES_PER_NODE: f64 = 2000.0;
const BYTES_PER_NODE_AND_CASE: f64 = 100.0;

fn brick(a: usize, b: usize) -> f64 {
    BRICK[(a ^ b).count_ones() as usize]
}

/// Heat put in at a node, W.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    pub at: [usize; 3],
    pub heat: f64,
}

/// A design space: what could be filled, with what, and where heat leaves it.
#[derive(Clone, Debug)]
pub struct Space {
    pub grid: Grid,
    /// Linear indices of the cells that belong to it, ascending.
    pub cells: Vec<u32>,
    /// Of relative conductivity 1, W/(m K).
    pub conductivity: f64,
    /// Nodes kept at the temperature that rises count from.
    pub sinks: Vec<[usize; 3]>,
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ThermalError {
    #[error("the design space has no cells")]
    Empty,
    #[error("cells of the design space must ascend and lie in the grid; {0} does not")]
    Cells(u32),
    #[error("there are {cells} cells and {given} conductivities")]
    Count { cells: usize, given: usize },
    #[error("the relative conductivity of cell {cell} is {value}: it must be positive and finite")]
    Relative { cell: u32, value: f64 },
    #[error("the conductivity is {0} W/(m K): it must be positive and finite")]
    Conductivity(f64),
    #[error("no node of the design space, or of a part of it, is kept at a temperature: heat cannot leave")]
    Insulated,
    #[error("the heat at node {at:?} enters no cell: keep the cells beside heated faces in the design")]
    Load { at: [usize; 3] },
    #[error(transparent)]
    Constraint(#[from] ConstraintError),
    #[error(transparent)]
    Solve(#[from] PcgError),
}

/// Rises of temperature above the sinks of all cases, K.
#[derive(Clone, Debug)]
pub struct Rise {
    lattice: Arc<Lattice>,
    /// `[case][node]`
    values: Vec<Vec<f64>>,
}

impl Rise {
    /// At the node of case `case` that stands at `at` in the grid; none where no cell is.
    pub fn at(&self, case: usize, [x, y, z]: [usize; 3]) -> Option<f64> {
        self.lattice.node(x, y, z).map(|n| self.values[case][n as usize])
    }

    pub fn n_cases(&self) -> usize {
        self.values.len()
    }

    /// Case by case in the order of nodes, K: what [`Conduction::restored`] takes.
    pub fn values(&self) -> Vec<f64> {
        self.values.concat()
    }
}

/// The solver of one design space; its conductivity changes from design to design.
#[derive(Debug)]
pub struct Conduction {
    space: Space,
    lattice: Arc<Lattice>,
    transform: Transform<1>,
    /// Nodes of the space's cells, and those of them that are unknowns.
    nodes: Connectivity,
    unknowns: Connectivity,
    /// Over [`Self::unit`].
    matrix: Sparse<f64, 1, 1>,
    preconditioner: Amg,
}

impl Conduction {
    /// `relative`: conductivity of each cell of the space over that of the material.
    ///
    /// # Errors
    /// [`ThermalError`], but for loads and solving.
    pub fn new(space: Space, relative: &[f64]) -> Result<Self, ThermalError> {
        if !(space.conductivity > 0.0 && space.conductivity.is_finite()) {
            return Err(ThermalError::Conductivity(space.conductivity));
        }
        let (n_cells, mut next) = (space.grid.n_cells(), 0);
        for cell in &space.cells {
            if (*cell as usize) < next || *cell as usize >= n_cells {
                return Err(ThermalError::Cells(*cell));
            }
            next = *cell as usize + 1;
        }
        if space.cells.is_empty() {
            return Err(ThermalError::Empty);
        }
        let lattice = Arc::new(Lattice::bare(space.grid, space.cells.iter().copied()));
        let mut held = Constraints::<1>::new(lattice.n_nodes);
        let mut n_held = 0;
        for [x, y, z] in &space.sinks {
            let inside = [x, y, z].into_iter().zip(space.grid.counts).all(|(a, n)| *a <= n);
            // Nothing is there to be cooled where no cell is.
            if let Some(node) = if inside { lattice.node(*x, *y, *z) } else { None } {
                held.fix(node, [0.0]);
                n_held += 1;
            }
        }
        if n_held == 0 {
            return Err(ThermalError::Insulated);
        }
        // Places matter to couplings alone, and there are none.
        let transform = held.build(&vec![DVec3::ZERO; lattice.n_nodes])?;
        let mut nodes = Connectivity::default();
        for cell in &space.cells {
            let of = lattice.cell_nodes(space.grid.position(*cell as usize));
            nodes.push(&of.ok_or(ThermalError::Cells(*cell))?);
        }
        let unknowns = transform.reduced_connectivity(&nodes);
        let mut matrix = Sparse::pattern(transform.n_reduced(), &unknowns);
        assemble(&space, relative, &transform, [&nodes, &unknowns], &mut matrix)?;
        let preconditioner = precondition(&matrix, &transform)?;
        Ok(Self { space, lattice, transform, nodes, unknowns, matrix, preconditioner })
    }

    /// New conductivities.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn update(&mut self, relative: &[f64]) -> Result<(), ThermalError> {
        assemble(&self.space, relative, &self.transform, [&self.nodes, &self.unknowns], &mut self.matrix)?;
        // Made anew for every design, so that a run that was resumed takes the same way.
        self.preconditioner = precondition(&self.matrix, &self.transform)?;
        Ok(())
    }

    pub fn n_nodes(&self) -> usize {
        self.lattice.n_nodes
    }

    /// W/K that the matrix's numbers are multiples of.
    fn unit(&self) -> f64 {
        self.space.conductivity * self.space.grid.cell
    }

    /// Rises from the values of some that were of a space like this one; `None` where their number does not fit.
    pub fn restored(&self, values: &[f64]) -> Option<Rise> {
        let n = self.lattice.n_nodes;
        (!values.is_empty() && values.len().is_multiple_of(n))
            .then(|| Rise { lattice: self.lattice.clone(), values: values.chunks(n).map(<[f64]>::to_vec).collect() })
    }

    /// Rises under each case of loads, from those of a design before if there are.
    ///
    /// `monitor(iteration, relative residual)` is called once per iteration and stops the solve by returning `false`.
    ///
    /// # Errors
    /// [`ThermalError::Load`], [`ThermalError::Solve`].
    pub fn solve(
        &mut self,
        cases: &[Vec<Load>],
        start: Option<Rise>,
        accuracy: Accuracy,
        cancel: &AtomicBool,
        monitor: impl FnMut(u32, f64) -> bool,
    ) -> Result<(Rise, Convergence), ThermalError> {
        let heat = self.heat(cases)?;
        let reduced = |all: &Vec<f64>| {
            let mut out = vec![0.0; self.transform.n_reduced()];
            self.transform.reduce(all, &mut out);
            out
        };
        let b: Vec<Vec<f64>> = heat.iter().map(reduced).collect();
        let start = start.filter(|s| s.n_cases() == cases.len() && s.lattice.grid == self.lattice.grid);
        let mut x: Vec<Vec<f64>> = match &start {
            Some(start) if start.lattice.n_nodes == self.lattice.n_nodes => start.values.iter().map(reduced).collect(),
            _ => vec![vec![0.0; self.transform.n_reduced()]; cases.len()],
        };
        let Accuracy { tolerance, iterations_max } = accuracy;
        let found =
            pcg::solve(&self.matrix, &self.preconditioner, &b, &mut x, tolerance, iterations_max, cancel, monitor)?;
        let values = x.iter().map(|x| self.transform.expand(x)).collect();
        Ok((Rise { lattice: self.lattice.clone(), values }, found))
    }

    /// Heat at all nodes over [`Self::unit`], K.
    fn heat(&self, cases: &[Vec<Load>]) -> Result<Vec<Vec<f64>>, ThermalError> {
        let one = |loads: &Vec<Load>| {
            let mut out = vec![0.0; self.lattice.n_nodes];
            for Load { at, heat } in loads {
                let inside = at.iter().zip(self.space.grid.counts).all(|(a, n)| *a <= n);
                let node = if inside { self.lattice.node(at[0], at[1], at[2]) } else { None };
                out[node.ok_or(ThermalError::Load { at: *at })? as usize] += heat / self.unit();
            }
            Ok(out)
        };
        cases.iter().map(one).collect()
    }

    /// Thermal compliance of each case, `qᵀ θ`, W K. Heat at sinks, whose rise is 0, adds nothing.
    ///
    /// # Errors
    /// [`ThermalError::Load`].
    pub fn compliances(&self, cases: &[Vec<Load>], rise: &Rise) -> Result<Vec<f64>, ThermalError> {
        let heat = self.heat(cases)?;
        Ok(heat.iter().zip(&rise.values).map(|(q, t)| dot(q, t) * self.unit()).collect())
    }

    /// `θᵀ K₁ θ` of every cell of the space in each case, W K, with `K₁` the conduction matrix of a full cell.
    ///
    /// Compliance is their sum weighted by relative conductivity, and falls by each for a rise of its cell's.
    pub fn energies(&self, rise: &Rise) -> Vec<Vec<f64>> {
        let one = |values: &Vec<f64>| {
            let of = |cell: usize| {
                let nodes = self.nodes.nodes(cell);
                let mean = nodes.iter().map(|n| values[*n as usize]).sum::<f64>() / 8.0;
                // Differences, which keep their digits however warm the cell is: a constant costs nothing.
                let at: [f64; 8] = std::array::from_fn(|a| values[nodes[a] as usize] - mean);
                let row = |a: usize| (0..8).map(|b| brick(a, b) * at[b]).sum::<f64>();
                (0..8).map(|a| at[a] * row(a)).sum::<f64>() * self.unit()
            };
            (0..self.nodes.len()).into_par_iter().map(of).collect()
        };
        rise.values.iter().map(one).collect()
    }

    /// Most bytes that a solve of `n_cases` cases on `n_cells` cells will take.
    pub fn bytes_expected(n_cells: usize, n_cases: usize) -> usize {
        // A little more nodes than cells.
        (1.15 * n_cells as f64 * (BYTES_PER_NODE + BYTES_PER_NODE_AND_CASE * n_cases as f64)) as usize
    }
}

/// Fills the matrix over the unknowns, over `k h`.
fn assemble(
    space: &Space,
    relative: &[f64],
    transform: &Transform<1>,
    [nodes, unknowns]: [&Connectivity; 2],
    matrix: &mut Sparse<f64, 1, 1>,
) -> Result<(), ThermalError> {
    if relative.len() != space.cells.len() {
        return Err(ThermalError::Count { cells: space.cells.len(), given: relative.len() });
    }
    if let Some(n) = relative.iter().position(|r| !(*r > 0.0 && *r <= f64::from(f32::MAX))) {
        return Err(ThermalError::Relative { cell: space.cells[n], value: relative[n] });
    }
    matrix.value.fill([[0.0]]);
    let of = |cell: usize, out: &mut [f64]| {
        for (at, out) in out[..64].iter_mut().enumerate() {
            *out = relative[cell] * brick(at / 8, at % 8);
        }
        Ok(())
    };
    system::assemble(transform, nodes, unknowns, of, matrix)
}

fn precondition(matrix: &Sparse<f64, 1, 1>, transform: &Transform<1>) -> Result<Amg, ThermalError> {
    Amg::heat(matrix, transform, &[]).map_err(|_| ThermalError::Insulated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::density::Domain;
    use crate::density::oc::Criteria;
    use crate::density::optimization::Optimization;
    use crate::density::physics::{Physics, Response};
    use crate::density::pipeline::Filter;
    use crate::density::setup::{Goal, Optimiser, Setup};

    const EXACT: Accuracy = Accuracy { tolerance: 1e-12, iterations_max: 500 };

    /// All cells of a box filled.
    fn space(counts: [usize; 3], cell: f64, conductivity: f64, sinks: Vec<[usize; 3]>) -> Space {
        let grid = Grid { origin: [0.0; 3], cell, counts };
        Space { grid, cells: (0..grid.n_cells() as u32).collect(), conductivity, sinks }
    }

    fn solved(conduction: &mut Conduction, loads: &[Vec<Load>]) -> (f64, Rise) {
        let (rise, _) = conduction.solve(loads, None, EXACT, &AtomicBool::new(false), |_, _| true).unwrap();
        (conduction.compliances(loads, &rise).unwrap()[0], rise)
    }

    /// Heat in at the nodes of the last plane across x of a bar, as its shape functions carry an even flux.
    fn pushed(counts: [usize; 3], heat: f64) -> Vec<Load> {
        let [nx, ny, nz] = counts;
        let share = |i: usize, n: usize| if i == 0 || i == n { 0.5 } else { 1.0 } / n as f64;
        let nodes = (0..=nz).flat_map(|z| (0..=ny).map(move |y| (y, z)));
        nodes.map(|(y, z)| Load { at: [nx, y, z], heat: heat * share(y, ny) * share(z, nz) }).collect()
    }

    fn end(counts: [usize; 3]) -> Vec<[usize; 3]> {
        (0..=counts[2]).flat_map(|z| (0..=counts[1]).map(move |y| [0, y, z])).collect()
    }

    #[test]
    fn a_bar_has_its_exact_compliance() {
        let (counts, h, k, heat) = ([12, 3, 2], 2e-3, 167.0, 5.0);
        let loads = [pushed(counts, heat)];
        let n = counts.iter().product();
        let mut bar = Conduction::new(space(counts, h, k, end(counts)), &vec![1.0; n]).unwrap();
        let (found, rise) = solved(&mut bar, &loads);
        // c = Q² L / (k A), and T linear along it.
        let [length, area] = [12.0 * h, 6.0 * h * h];
        let exact = heat * heat * length / (k * area);
        assert!((found / exact - 1.0).abs() < 1e-10, "{found} for {exact}");
        for x in 0..=12 {
            let linear = heat * x as f64 * h / (k * area);
            let at = rise.at(0, [x, 1, 1]).unwrap();
            assert!((at - linear).abs() < 1e-9 * exact / heat, "{at} for {linear}");
        }
        // Energies weighted by conductivity make up the compliance, each the same here.
        let energies = bar.energies(&rise).remove(0);
        assert!((energies.iter().sum::<f64>() / found - 1.0).abs() < 1e-10);
        assert!(energies.iter().all(|e| (e * n as f64 / found - 1.0).abs() < 1e-8));
        // A stretch in series with half the conductivity: resistances add up.
        let relative: Vec<f64> = (0..n).map(|c| if c % 12 < 4 { 0.5 } else { 1.0 }).collect();
        bar.update(&relative).unwrap();
        let (found, _) = solved(&mut bar, &loads);
        assert!((found / (exact * 16.0 / 12.0) - 1.0).abs() < 1e-10, "{found}");
    }

    /// Heat made alike in all cells of a square, with a sink in the middle of its left side: one cell thick.
    fn volume_to_point(n: usize) -> (Space, Vec<Load>) {
        let middle = n / 2;
        let sinks = (middle - n / 20 - 1..=middle + n / 20 + 1).flat_map(|y| [[0, y, 0], [0, y, 1]]).collect();
        let mut heat = vec![0.0; (n + 1) * (n + 1)];
        for cell in 0..n * n {
            for corner in 0..4 {
                heat[cell % n + (corner & 1) + (n + 1) * (cell / n + (corner >> 1))] += 0.125 / (n * n) as f64;
            }
        }
        let at = |i: usize, z: usize| Load { at: [i % (n + 1), i / (n + 1), z], heat: heat[i] };
        let loads = (0..2).flat_map(|z| (0..heat.len()).map(move |i| (i, z))).map(|(i, z)| at(i, z)).collect();
        (space([n, n, 1], 1.0 / n as f64, 1.0, sinks), loads)
    }

    /// The square as the optimiser sees it.
    struct Square {
        conduction: Conduction,
        loads: Vec<Vec<Load>>,
        last: Option<Rise>,
    }

    impl Square {
        fn new(n: usize) -> Self {
            let (space, loads) = volume_to_point(n);
            Self { conduction: Conduction::new(space, &vec![1.0; n * n]).unwrap(), loads: vec![loads], last: None }
        }
    }

    impl Physics for Square {
        type Error = ThermalError;

        fn n_cases(&self) -> usize {
            1
        }

        fn solve(&mut self, stiffness: &[f64]) -> Result<Response, ThermalError> {
            self.conduction.update(stiffness)?;
            let accuracy = Accuracy { tolerance: 1e-9, iterations_max: 500 };
            let go_on = |_, _| true;
            let cancel = AtomicBool::new(false);
            let (rise, _) = self.conduction.solve(&self.loads, self.last.take(), accuracy, &cancel, go_on)?;
            let compliance = self.conduction.compliances(&self.loads, &rise)?;
            let energies = self.conduction.energies(&rise);
            self.last = Some(rise);
            Ok(Response { compliance, energies })
        }
    }

    #[test]
    fn the_derivative_of_compliance_agrees_with_differences() {
        let n = 12;
        let (space, loads) = volume_to_point(n);
        let loads = [loads];
        // Grey, with the contrast of solid and void.
        let relative: Vec<f64> = (0..n * n).map(|c| 1e-3 + ((c * 7919) % 101) as f64 / 101.0).collect();
        let mut conduction = Conduction::new(space, &relative).unwrap();
        let (_, rise) = solved(&mut conduction, &loads);
        let energies = conduction.energies(&rise).remove(0);
        for cell in [0, 5, 66, 77, 100, n * n - 1] {
            let step = 1e-5 * relative[cell].max(1e-2);
            let mut at = |sign: f64| {
                let mut moved = relative.clone();
                moved[cell] += sign * step;
                conduction.update(&moved).unwrap();
                solved(&mut conduction, &loads).0
            };
            let slope = (at(1.0) - at(-1.0)) / (2.0 * step);
            assert!(
                (slope + energies[cell]).abs() < 1e-5 * energies[cell].abs() + 1e-9,
                "{cell}: {slope} {}",
                energies[cell]
            );
        }
    }

    #[test]
    fn volume_to_point_falls_to_a_tree() {
        let n = 40;
        let domain = Domain::full([n, n, 1]).unwrap();
        let setup = Setup {
            void_stiffness: 1e-3,
            optimiser: Optimiser::Criteria(Criteria::default()),
            iterations_max: 40,
            ..Setup::new(Goal::Stiffness { volume_max: 0.4 }, 1, 1.0)
        };
        let setup = Setup { filter: Filter::Density { radius: 1.5 }, ..setup };
        let mut run = Optimization::new(&domain, setup).unwrap();
        let mut square = Square::new(n);
        while run.stopped().is_none() {
            run.step(&mut square).unwrap();
        }
        let history = &run.state().history;
        let (first, last) = (&history[0], &history[history.len() - 1]);
        println!("thermal compliance {} to {} in {}", first.objective, last.objective, last.iteration);
        assert!(last.objective < 0.3 * first.objective, "{} of {}", last.objective, first.objective);
        assert!((last.volume - 0.4).abs() < 1e-3, "{}", last.volume);
        // Criteria may overshoot by little, not climb.
        assert!(history.windows(2).skip(1).all(|w| w[1].objective < 1.02 * w[0].objective));
        // The set-up is symmetric about the middle, so is the answer; at the sink there is material.
        let density = run.density();
        let mirrored = |c: usize| density[c % n + n * (n - 1 - c / n)];
        let off = (0..n * n).map(|c| (density[c] - mirrored(c)).abs()).fold(0.0, f64::max);
        assert!(off < 1e-3, "{off}");
        assert!(density[n * (n / 2)] > 0.9);
    }

    #[test]
    fn a_field_comes_back_to_the_bit_and_bad_set_ups_are_refused() {
        let mut square = Square::new(8);
        square.solve(&[0.5; 64]).unwrap();
        let rise = square.last.take().unwrap();
        let back = square.conduction.restored(&rise.values()).unwrap();
        assert_eq!(back.values(), rise.values());
        assert!(square.conduction.restored(&rise.values()[1..]).is_none());
        assert!(square.conduction.restored(&[]).is_none());
        let of = |sinks: Vec<[usize; 3]>, k: f64, relative: &[f64]| {
            Conduction::new(space([2, 1, 1], 1.0, k, sinks), relative).err()
        };
        let held = || vec![[0, 0, 0]];
        assert_eq!(of(held(), 1.0, &[1.0, 1.0]), None);
        assert_eq!(of(vec![], 1.0, &[1.0, 1.0]), Some(ThermalError::Insulated));
        assert_eq!(of(vec![[9, 0, 0]], 1.0, &[1.0, 1.0]), Some(ThermalError::Insulated));
        assert_eq!(of(held(), 0.0, &[1.0, 1.0]), Some(ThermalError::Conductivity(0.0)));
        assert_eq!(of(held(), 1.0, &[1.0]), Some(ThermalError::Count { cells: 2, given: 1 }));
        assert_eq!(of(held(), 1.0, &[1.0, 0.0]), Some(ThermalError::Relative { cell: 1, value: 0.0 }));
        let lost = [vec![Load { at: [5, 0, 0], heat: 1.0 }]];
        let mut bar = Conduction::new(space([2, 1, 1], 1.0, 1.0, held()), &[1.0, 1.0]).unwrap();
        let refused = bar.solve(&lost, None, EXACT, &AtomicBool::new(false), |_, _| true);
        assert_eq!(refused.err(), Some(ThermalError::Load { at: [5, 0, 0] }));
    }
}
