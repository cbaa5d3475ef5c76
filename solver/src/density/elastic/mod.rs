//! Linear elasticity on cubic cells that differ in stiffness, as designs by density do: SIMP (Bendsøe & Sigmund, Arch. Appl.
//! Mech. 69, 1999).
//!
//! The eight-node brick with trilinear displacements, the element of the published codes (Liu & Tovar, Struct. Multidisc.
//! Optim. 50, 2014). The operator is matrix-free; its preconditioner is multigrid with Galerkin's coarse operators in single
//! precision ([`Multigrid::galerkin`]), which follow the contrast between solid and void, and are filled anew in a fraction
//! of a solve when densities change.

mod energy;

use crate::linear::cg::{self, CgError, Convergence};
use crate::linear::dense;
use crate::linear::multigrid::Workspace;
use crate::linear::operator::{Fixed, Foundation};
use crate::linear::{Block, Multigrid, Operator};
use crate::mesh::{Grid, Lattice};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Components of a node, by its place in the grid, that do not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Support {
    pub at: [usize; 3],
    pub components: [bool; 3],
}

/// A force on a node, N.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    pub at: [usize; 3],
    pub force: [f64; 3],
}

/// A design space: what could be filled, with what, and how it is held.
#[derive(Clone, Debug)]
pub struct Space {
    pub grid: Grid,
    /// Linear indices of the cells that belong to it, ascending.
    pub cells: Vec<u32>,
    /// Young's modulus of relative stiffness 1, Pa.
    pub young: f64,
    pub poisson: f64,
    pub supports: Vec<Support>,
    /// Cells of a lower relative stiffness are left out, with what hangs on them alone.
    pub skip_below: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ElasticError {
    #[error("the design space has no cells")]
    Empty,
    #[error("cells of the design space must ascend and lie in the grid; {0} does not")]
    Cells(u32),
    #[error("there are {cells} cells and {given} stiffnesses")]
    Count { cells: usize, given: usize },
    #[error("the relative stiffness of cell {cell} is {value}: it must be positive and finite")]
    Stiffness { cell: u32, value: f64 },
    #[error(
        "Young's modulus {young} Pa with Poisson's ratio {poisson}: the one must be positive, the other in (-1, 0.5)"
    )]
    Material { young: f64, poisson: f64 },
    #[error("the supports do not hold the design space: it can move as a rigid body; fix more directions")]
    Loose,
    #[error("the load at node {at:?} acts on no cell: keep the cells beside loads in the design")]
    Load { at: [usize; 3] },
    #[error(transparent)]
    Solve(#[from] CgError),
}

/// How well, how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// Relative residual that every case reaches.
    pub tolerance: f64,
    pub iterations_max: u32,
}

/// Displacements of all cases, m.
#[derive(Clone, Debug)]
pub struct Displacement {
    lattice: Arc<Lattice>,
    values: Block<f64>,
}

impl Displacement {
    /// At the node of case `case` that stands at `at` in the grid; none where no cell is.
    pub fn at(&self, case: usize, [x, y, z]: [usize; 3]) -> Option<[f64; 3]> {
        self.lattice.node(x, y, z).map(|n| self.values.at(case, n))
    }

    pub fn n_cases(&self) -> usize {
        self.values.n_cases
    }

    /// Case by case, component by component, in the order of nodes, m: what [`Elastic::restored`] takes.
    pub fn values(&self) -> Vec<f64> {
        (0..self.n_cases()).flat_map(|k| (0..3).flat_map(move |c| self.values.part(k, c))).copied().collect()
    }

    /// The same on another lattice of the grid, zero where there was none.
    fn onto(self, lattice: &Arc<Lattice>) -> Self {
        if Arc::ptr_eq(&self.lattice, lattice) {
            return self;
        }
        let mut values = Block::zero(lattice.n_nodes, self.values.n_cases);
        let [_, ny, nz] = lattice.grid.counts;
        for z in 0..=nz {
            for y in 0..=ny {
                for to in lattice.node_row(y, z) {
                    for from in self.lattice.node_row(y, z) {
                        let (low, high) = (to.x0.max(from.x0), (to.x0 + to.len).min(from.x0 + from.len));
                        if low >= high {
                            continue;
                        }
                        let [a, b, n] = [to.start + low - to.x0, from.start + low - from.x0, high - low];
                        for k in 0..self.values.n_cases {
                            for c in 0..3 {
                                let source = &self.values.part(k, c)[b as usize..][..n as usize];
                                values.part_mut(k, c)[a as usize..][..n as usize].copy_from_slice(source);
                            }
                        }
                    }
                }
            }
        }
        Self { lattice: lattice.clone(), values }
    }
}

/// The solver of one design space; its stiffness changes from design to design.
#[derive(Clone, Debug)]
pub struct Elastic {
    space: Space,
    /// Which cells of the space are not left out, ascending.
    kept: Vec<u32>,
    multigrid: Multigrid,
    work: Option<Workspace>,
}

impl Elastic {
    /// `relative`: stiffness of each cell of the space over that of the material.
    ///
    /// # Errors
    /// [`ElasticError`], but for loads and solving.
    pub fn new(space: Space, relative: &[f64]) -> Result<Self, ElasticError> {
        let Space { young, poisson, .. } = space;
        if !(young > 0.0 && young.is_finite() && poisson > -1.0 && poisson < 0.5) {
            return Err(ElasticError::Material { young, poisson });
        }
        let n_cells = space.grid.n_cells();
        let mut next = 0;
        for cell in &space.cells {
            if (*cell as usize) < next || *cell as usize >= n_cells {
                return Err(ElasticError::Cells(*cell));
            }
            next = *cell as usize + 1;
        }
        let kept = kept(&space, relative)?;
        let multigrid = build(&space, &kept, relative)?;
        Ok(Self { space, kept, multigrid, work: None })
    }

    /// New stiffnesses.
    ///
    /// # Errors
    /// As [`Self::new`]; the old ones then stay.
    pub fn update(&mut self, relative: &[f64]) -> Result<(), ElasticError> {
        let kept = kept(&self.space, relative)?;
        if kept == self.kept {
            self.multigrid.regrade(&of(&kept, relative));
        } else {
            self.multigrid = build(&self.space, &kept, relative)?;
            self.kept = kept;
            self.work = None;
        }
        Ok(())
    }

    /// Nodes of cells that are not left out.
    pub fn n_nodes(&self) -> usize {
        self.lattice().n_nodes
    }

    fn lattice(&self) -> &Arc<Lattice> {
        &self.multigrid.levels[0].operator.lattice
    }

    /// N/m that the operator's numbers are multiples of.
    fn unit(&self) -> f64 {
        0.5 * self.space.young * self.space.grid.cell
    }

    /// Displacements from the values of some that were of a space like this one; `None` where their number does not fit.
    pub fn restored(&self, values: &[f64]) -> Option<Displacement> {
        let lattice = self.lattice().clone();
        let n_cases = values.len() / (3 * lattice.n_nodes);
        if values.is_empty() || values.len() != 3 * n_cases * lattice.n_nodes {
            return None;
        }
        let mut block = Block::zero(lattice.n_nodes, n_cases);
        for (part, from) in block.parts_mut().into_iter().zip(values.chunks(lattice.n_nodes)) {
            part.copy_from_slice(from);
        }
        Some(Displacement { lattice, values: block })
    }

    /// Displacements under each case of loads, from those of a design before if there are.
    ///
    /// `monitor(iteration, relative residual)` is called once per iteration and stops the solve by returning `false`.
    ///
    /// # Errors
    /// [`ElasticError::Load`], [`ElasticError::Solve`].
    pub fn solve(
        &mut self,
        cases: &[Vec<Load>],
        start: Option<Displacement>,
        accuracy: Accuracy,
        cancel: &AtomicBool,
        monitor: impl FnMut(u32, f64) -> bool,
    ) -> Result<(Displacement, Convergence), ElasticError> {
        let b = self.forces(cases)?;
        let lattice = self.lattice().clone();
        let mut x = match start.filter(|s| s.n_cases() == cases.len() && s.lattice.grid == lattice.grid) {
            Some(start) => start.onto(&lattice),
            None => Displacement { values: Block::zero(lattice.n_nodes, cases.len()), lattice },
        };
        self.multigrid.levels[0].operator.hold(&mut x.values);
        let work = self.work.take().filter(|w| w.solution(0).n_cases == cases.len());
        let mut work = work.unwrap_or_else(|| self.multigrid.workspace(0, cases.len()));
        let Accuracy { tolerance, iterations_max } = accuracy;
        let done =
            cg::solve(&self.multigrid, 0, &mut work, &b, &mut x.values, tolerance, iterations_max, cancel, monitor);
        self.work = Some(work);
        Ok((x, done?))
    }

    /// Forces over [`Self::unit`], without those on fixed components.
    fn forces(&self, cases: &[Vec<Load>]) -> Result<Block<f64>, ElasticError> {
        let lattice = self.lattice();
        let mut b = Block::zero(lattice.n_nodes, cases.len());
        for (k, loads) in cases.iter().enumerate() {
            for Load { at, force } in loads {
                let inside = at.iter().zip(lattice.grid.counts).all(|(a, n)| *a <= n);
                let node = if inside { lattice.node(at[0], at[1], at[2]) } else { None };
                let node = node.ok_or(ElasticError::Load { at: *at })?;
                b.add(k, node, force.map(|f| f / self.unit()));
            }
        }
        self.multigrid.levels[0].operator.hold(&mut b);
        Ok(b)
    }

    /// Work of the loads of each case, `fᵀ u`, J.
    ///
    /// # Errors
    /// [`ElasticError::Load`].
    pub fn compliances(&self, cases: &[Vec<Load>], displacement: &Displacement) -> Result<Vec<f64>, ElasticError> {
        let work = self.forces(cases)?.dot(&displacement.values);
        Ok(work.into_iter().map(|w| w * self.unit()).collect())
    }

    /// `uᵀ K₁ u` of every cell of the space in each case, J, with `K₁` the stiffness of a full cell; zero in cells left out.
    ///
    /// Compliance is their sum weighted by relative stiffness, and falls by each for a rise of its cell's.
    pub fn energies(&self, displacement: &Displacement) -> Vec<Vec<f64>> {
        let one = |case: usize| self.energy(&displacement.lattice, &displacement.values, case);
        (0..displacement.n_cases()).map(one).collect()
    }

    fn energy(&self, lattice: &Lattice, values: &Block<f64>, case: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.space.cells.len()];
        let found = energy::by_cell(lattice, values, case);
        for (n, e) in self.kept.iter().zip(found) {
            out[*n as usize] = e * self.unit();
        }
        out
    }

    /// `aᵀ K₁ b` of every cell of the space in each case, J: what [`Self::energies`] is of one field.
    pub fn mutual(&self, a: &Displacement, b: &Displacement) -> Vec<Vec<f64>> {
        let n_cases = a.n_cases().min(b.n_cases());
        // Brought to one size, so that sum and difference lose no digits of the smaller.
        let size =
            |d: &Displacement, k: usize| (0..3).flat_map(|c| d.values.part(k, c)).fold(0.0f64, |m, v| m.max(v.abs()));
        let one = |k: usize| -> Vec<f64> {
            let (of_a, of_b) = (size(a, k), size(b, k));
            let scale = if of_a > 0.0 && of_b > 0.0 { of_a / of_b } else { 1.0 };
            let energy = |sign: f64| {
                let mut both = Block::zero(a.values.n_nodes, 1);
                for c in 0..3 {
                    let parts = a.values.part(k, c).iter().zip(b.values.part(k, c));
                    both.part_mut(0, c).iter_mut().zip(parts).for_each(|(o, (a, b))| *o = a + sign * (scale * b));
                }
                self.energy(&a.lattice, &both, 0)
            };
            let (mut sum, less) = (energy(1.0), energy(-1.0));
            sum.iter_mut().zip(&less).for_each(|(s, l)| *s = 0.25 * (*s - l) / scale);
            sum
        };
        (0..n_cases).map(one).collect()
    }

    /// Bytes held now, without displacements.
    pub fn bytes(&self) -> usize {
        self.multigrid.bytes() + self.work.as_ref().map_or(0, Workspace::bytes)
    }

    /// Most bytes that a solve of `n_cases` cases on `n_cells` cells will take, where those are a tenth fewer than nodes at
    /// most, and a face of their cube is held.
    pub fn bytes_expected(n_cells: usize, n_cases: usize) -> usize {
        // Each node has a smoother and, by case, five vectors of the iteration and three of the cycle; each cell has its
        // stiffness in both precisions, and an eighth of a coarse one's. Below, everything is an eighth again. Runs and
        // strips of the lattice take little.
        let fine = 24 + n_cases * (5 * 24 + 3 * 12) + 12 + size_of::<u32>();
        let coarse = (size_of::<crate::linear::full::FullBlock>() / 16 + 24 + n_cases * 3 * 12) / 7;
        // Coarse cells with held nodes, a quarter of the fine ones on a face and a quarter of that on every level below, have
        // a matrix in both precisions.
        let held = (n_cells as f64).powf(2.0 / 3.0) / 3.0 * (size_of::<Foundation>() + 576 * 12) as f64;
        (n_cells as f64 * (fine + coarse) as f64 * 1.1 + held + DIRECT_BYTES) as usize
    }
}

/// Of the coarsest level, which is solved directly.
const DIRECT_BYTES: f64 = 2e6;

/// Which cells are not left out.
fn kept(space: &Space, relative: &[f64]) -> Result<Vec<u32>, ElasticError> {
    if relative.len() != space.cells.len() {
        return Err(ElasticError::Count { cells: space.cells.len(), given: relative.len() });
    }
    let mut out = Vec::with_capacity(relative.len());
    for (n, (cell, value)) in space.cells.iter().zip(relative).enumerate() {
        if !(*value > 0.0 && *value <= f64::from(f32::MAX)) {
            return Err(ElasticError::Stiffness { cell: *cell, value: *value });
        }
        if space.skip_below.is_none_or(|least| *value >= least) {
            out.push(n as u32);
        }
    }
    if out.is_empty() { Err(ElasticError::Empty) } else { Ok(out) }
}

/// Entries of `values` at `places`.
fn of(places: &[u32], values: &[f64]) -> Vec<f64> {
    places.iter().map(|n| values[*n as usize]).collect()
}

fn build(space: &Space, kept: &[u32], relative: &[f64]) -> Result<Multigrid, ElasticError> {
    let cells: Vec<u32> = kept.iter().map(|n| space.cells[*n as usize]).collect();
    let lattice = Arc::new(Lattice::graded(space.grid, &cells, space.poisson));
    let mut fixed: Vec<Fixed> = Vec::new();
    let mut places = Vec::new();
    for Support { at, components } in &space.supports {
        let inside = at.iter().zip(space.grid.counts).all(|(a, n)| *a <= n);
        // Nothing is there to be held where no cell is.
        let Some(node) = (if inside { lattice.node(at[0], at[1], at[2]) } else { None }) else { continue };
        fixed.push(Fixed { node, components: *components });
        places.push((at.map(|a| a as f64), *components));
    }
    if !holds(&places) {
        return Err(ElasticError::Loose);
    }
    Ok(Multigrid::galerkin(Operator::graded(lattice, &of(kept, relative), fixed)))
}

/// Whether the fixed components stop every rigid motion.
fn holds(fixed: &[([f64; 3], [bool; 3])]) -> bool {
    let n = fixed.len().max(1) as f64;
    let centre: [f64; 3] = std::array::from_fn(|a| fixed.iter().map(|f| f.0[a]).sum::<f64>() / n);
    let away = |p: &[f64; 3]| -> [f64; 3] { std::array::from_fn(|a| p[a] - centre[a]) };
    let size = fixed.iter().flat_map(|f| away(&f.0)).fold(1.0, |s: f64, x| s.max(x.abs()));
    let mut gram = vec![0.0; 36];
    for (p, components) in fixed {
        let [x, y, z] = away(p).map(|x| x / size);
        let motions = [[1.0, 0.0, 0.0, 0.0, z, -y], [0.0, 1.0, 0.0, -z, 0.0, x], [0.0, 0.0, 1.0, y, -x, 0.0]];
        for (motion, _) in motions.iter().zip(components).filter(|(_, c)| **c) {
            for i in 0..6 {
                for j in 0..6 {
                    gram[6 * i + j] += motion[i] * motion[j];
                }
            }
        }
    }
    let (values, _) = dense::eigen(6, &gram);
    values[0] > 1e-12 * values[5]
}
