//! Topology optimisation by densities: which cells of a box of cubes hold material.
//!
//! A design is one number per cell, x in 0..=1, in an order where x runs fastest; a box one cell thick is a plane problem.
//! A [`pipeline`] of differentiable maps makes physical densities of it (filter, symmetry, casting, projection, overhang),
//! a [`Physics`](optimization::Physics) answers with compliances and energies, and [`oc`] or [`mma`] steps to a better design;
//! [`optimization`] drives this as a state that is stepped, stored and resumed. [`measure`] says what a threshold of the
//! answer can be made of.
//!
//! Everything is in cells: lengths are multiples of a cell's edge.

pub mod casting;
pub mod elastic;
pub mod filter;
pub mod footprint;
pub mod helmholtz;
pub mod map;
pub mod measure;
pub mod mma;
pub mod oc;
pub mod optimization;
pub mod overhang;
pub mod pattern;
pub mod physics;
pub mod pipeline;
pub mod project;
pub mod setup;
pub mod snapshot;
pub mod stress;
pub mod thermal;
pub mod thick;

pub use map::{Chain, Map};

use serde::{Deserialize, Serialize};

/// What the optimiser may do with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May hold material or not.
    Free,
    /// Always holds material: bolt bosses, interfaces.
    Solid,
    /// Never holds material, though it lies in the design space: room for tools and neighbours.
    Void,
    /// Not part of the design space: takes no part in filters.
    Outside,
}

/// A direction along an axis of the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Direction {
    /// 0, 1, 2 for x, y, z.
    pub axis: usize,
    /// Towards larger coordinates.
    pub forward: bool,
}

impl Direction {
    pub const ALL: [Self; 6] = [
        Self { axis: 0, forward: true },
        Self { axis: 0, forward: false },
        Self { axis: 1, forward: true },
        Self { axis: 1, forward: false },
        Self { axis: 2, forward: true },
        Self { axis: 2, forward: false },
    ];

    pub fn reversed(self) -> Self {
        Self { forward: !self.forward, ..self }
    }
}

/// A set-up that cannot be optimised, and what to do about it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Invalid {
    #[error("the box has {counts:?} cells; every side needs at least one")]
    Empty { counts: [usize; 3] },
    #[error("{found} roles were given for {wanted} cells")]
    Length { found: usize, wanted: usize },
    #[error(
        "no cell is free: the regions to keep and to avoid leave nothing to optimise; make the design space larger"
    )]
    NothingFree,
    #[error("{name} is {value}; it must be {wanted}")]
    Range { name: &'static str, value: f64, wanted: &'static str },
    #[error("{name} needs an axis of the box with more than one cell")]
    Axis { name: &'static str },
    #[error(
        "the volume limit of {limit:.4} of the design space is below {least:.4}, which the regions to keep take alone; \
         raise the limit or keep less"
    )]
    Volume { limit: f64, least: f64 },
    #[error(
        "{n} cells to keep lie behind a region to avoid, as seen along the draw direction: the mould cannot leave; turn the \
         draw direction or move the region"
    )]
    Undercut { n: usize },
    #[error("choose one process: a part is not cast and printed at once")]
    Process,
    #[error("the sensitivity filter works on the design itself: choose the density filter for {with}")]
    Sensitivity { with: &'static str },
    #[error("optimality criteria know one volume limit only: choose the method of moving asymptotes for {with}")]
    Criteria { with: &'static str },
    #[error("{found} weights of load cases were given; the physics has {wanted} load cases")]
    Weights { found: usize, wanted: usize },
}

/// The box of cells and the role of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    counts: [usize; 3],
    roles: Vec<Role>,
}

impl Domain {
    /// A box of `counts` cells; `roles` with x fastest.
    ///
    /// # Errors
    /// [`Invalid::Empty`], [`Invalid::Length`], [`Invalid::NothingFree`].
    pub fn new(counts: [usize; 3], roles: Vec<Role>) -> Result<Self, Invalid> {
        let n = counts.iter().try_fold(1usize, |n, c| n.checked_mul(*c)).unwrap_or(0);
        if n == 0 {
            return Err(Invalid::Empty { counts });
        }
        if roles.len() != n {
            return Err(Invalid::Length { found: roles.len(), wanted: n });
        }
        if !roles.contains(&Role::Free) {
            return Err(Invalid::NothingFree);
        }
        Ok(Self { counts, roles })
    }

    /// A box of free cells.
    ///
    /// # Errors
    /// [`Invalid::Empty`].
    pub fn full(counts: [usize; 3]) -> Result<Self, Invalid> {
        Self::new(counts, vec![Role::Free; counts.iter().product()])
    }

    pub fn counts(&self) -> [usize; 3] {
        self.counts
    }

    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    pub fn n_cells(&self) -> usize {
        self.roles.len()
    }

    /// Cells of the design space: all but [`Role::Outside`].
    pub fn n_inside(&self) -> usize {
        self.roles.iter().filter(|r| **r != Role::Outside).count()
    }

    pub fn is_free(&self, cell: usize) -> bool {
        self.roles[cell] == Role::Free
    }

    /// Sets the cells that are not free to what their role says: 1 where material is kept, 0 elsewhere.
    pub fn impose(&self, x: &mut [f64]) {
        for (x, role) in x.iter_mut().zip(&self.roles) {
            match role {
                Role::Free => {}
                Role::Solid => *x = 1.0,
                Role::Void | Role::Outside => *x = 0.0,
            }
        }
    }
}

/// The cells that share a face with cell `i`, two along each axis at most.
#[inline]
pub(crate) fn beside([nx, ny, nz]: [usize; 3], i: usize) -> impl Iterator<Item = usize> {
    let (x, y, z) = (i % nx, i / nx % ny, i / (nx * ny));
    let sides = [
        (x > 0, i.wrapping_sub(1)),
        (x + 1 < nx, i + 1),
        (y > 0, i.wrapping_sub(nx)),
        (y + 1 < ny, i + nx),
        (z > 0, i.wrapping_sub(nx * ny)),
        (z + 1 < nz, i + nx * ny),
    ];
    sides.into_iter().filter_map(|(is_there, j)| is_there.then_some(j))
}

/// The lines of cells along a direction: each has its first cell, and the step in memory from cell to cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines {
    counts: [usize; 3],
    direction: Direction,
}

impl Lines {
    pub fn new(counts: [usize; 3], direction: Direction) -> Self {
        Self { counts, direction }
    }

    /// Cells in a line.
    pub fn len(&self) -> usize {
        self.counts[self.direction.axis]
    }

    /// The two axes across, lower first.
    pub fn across(&self) -> [usize; 2] {
        [[1, 2], [0, 2], [0, 1]][self.direction.axis]
    }

    /// Lines along the two axes across.
    pub fn sides(&self) -> [usize; 2] {
        self.across().map(|a| self.counts[a])
    }

    pub fn count(&self) -> usize {
        self.sides().iter().product()
    }

    /// The `k`-th cell of line `line = u + sides[0] v`.
    #[inline]
    pub fn cell(&self, line: usize, k: usize) -> usize {
        let strides = [1, self.counts[0], self.counts[0] * self.counts[1]];
        let ([a, b], [n, _]) = (self.across(), self.sides());
        let k = if self.direction.forward { k } else { self.len() - 1 - k };
        (line % n) * strides[a] + (line / n) * strides[b] + k * strides[self.direction.axis]
    }
}
