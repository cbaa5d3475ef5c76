//! Cells with a stiffness of their own each: the coarse operators of Galerkin multigrid.
//!
//! A trilinear cell moves in 24 ways, six of them rigid, and rigid motion costs nothing however stiffness is spread inside.
//! So its stiffness is kept between the other eighteen, in the basis `1, ξ, η, ξη, ζ, ξζ, ηζ, ξηζ` of [`brick`]: six
//! constant strains and the four higher terms of each component. That is 171 numbers a cell in place of 300, and rigid
//! motions stay exactly free of force in single precision. The form is closed under doubling of cells: what is a rigid
//! motion of the parent is one of each child, so the parent's stiffness is `Σ Qᵀ K Q` with one 18×18 matrix for each of the
//! eight places of a child.

use super::sweep::Gathered;
use crate::element::brick::{Corners, Whole, hadamard, hadamard_transposed};
use crate::element::lane::{Lane, Real};
use crate::mesh::Lattice;
use crate::mesh::lattice::W;
use pulp::{Scalar, Simd};

/// Deformations of a cell: strains xx, yy, zz, xy, yz, zx, then of each component the terms ξη, ξζ, ηζ, ξηζ.
pub const N_MODES: usize = 18;
/// Entries of the lower triangle between them, row by row.
pub const N_ENTRIES: usize = N_MODES * (N_MODES + 1) / 2;

/// Component and basis function of each deformation; a shear strain has two that count alike.
const MODES: [&[(usize, usize)]; N_MODES] = [
    &[(0, 1)],
    &[(1, 2)],
    &[(2, 4)],
    &[(0, 2), (1, 1)],
    &[(1, 4), (2, 2)],
    &[(2, 1), (0, 4)],
    &[(0, 3)],
    &[(0, 5)],
    &[(0, 6)],
    &[(0, 7)],
    &[(1, 3)],
    &[(1, 5)],
    &[(1, 6)],
    &[(1, 7)],
    &[(2, 3)],
    &[(2, 5)],
    &[(2, 6)],
    &[(2, 7)],
];

/// A symmetric matrix between deformations, lower triangle row by row.
pub type Packed = [f64; N_ENTRIES];

/// Place of entry (i, j) in the lower triangle.
#[inline(always)]
const fn place(i: usize, j: usize) -> usize {
    if i >= j { i * (i + 1) / 2 + j } else { j * (j + 1) / 2 + i }
}

/// Up to [`W`] cells of one layer.
#[repr(align(64))]
#[derive(Clone, Debug)]
pub struct FullBlock {
    /// Stiffness over the reference of the level, `[entry][lane]`; unused lanes have none.
    pub entries: [[f32; W]; N_ENTRIES],
    /// First node in the rows (y, z), (y+1, z), (y, z+1), (y+1, z+1), `[row][lane]`.
    pub nodes: [[u32; W]; 4],
    /// Linear index of each cell in the grid.
    pub at: [u32; W],
    pub len: usize,
}

/// All such cells of a lattice, in its order.
#[derive(Clone, Debug, Default)]
pub struct Full {
    pub blocks: Vec<FullBlock>,
    /// First block of layer z, `[nz + 1]`, and the number of its first cell.
    ptr: Vec<u32>,
    first: Vec<u32>,
}

impl Full {
    /// Every cell of the lattice, without stiffness yet.
    pub fn new(lattice: &Lattice) -> Self {
        let mut out = Self { blocks: Vec::new(), ptr: vec![0], first: Vec::new() };
        let [_, ny, nz] = lattice.grid.counts;
        // Blocks are the most that is held: as many as there will be, not up to twice that.
        let cells_of =
            |z: usize| (0..ny).flat_map(move |y| lattice.cell_row(y, z)).map(|r| r.len as usize).sum::<usize>();
        out.blocks.reserve_exact((0..nz).map(|z| cells_of(z).div_ceil(W)).sum());
        for z in 0..nz {
            let runs = lattice.cell_row_ptr[ny * z] as usize;
            out.first.push(lattice.cell_runs.get(runs).map_or(0, |r| r.start));
            for y in 0..ny {
                for run in lattice.cell_row(y, z) {
                    // Cells have nodes.
                    let node = |row: usize| lattice.node(run.x0 as usize, y + (row & 1), z + (row >> 1)).unwrap_or(0);
                    let rows: [u32; 4] = std::array::from_fn(node);
                    for n in 0..run.len {
                        let open = out.blocks.len() > out.ptr[z] as usize;
                        if !open || out.blocks.last().is_some_and(|b| b.len == W) {
                            out.blocks.push(FullBlock {
                                entries: [[0.0; W]; N_ENTRIES],
                                nodes: [[0; W]; 4],
                                at: [0; W],
                                len: 0,
                            });
                        }
                        let Some(block) = out.blocks.last_mut() else { unreachable!("there is one now") };
                        for (nodes, first) in block.nodes.iter_mut().zip(rows) {
                            nodes[block.len] = first + n;
                        }
                        block.at[block.len] = lattice.grid.index([(run.x0 + n) as usize, y, z]) as u32;
                        block.len += 1;
                    }
                }
            }
            out.ptr.push(out.blocks.len() as u32);
        }
        out
    }

    /// Blocks of layer `z`.
    pub fn of(&self, z: usize) -> &[FullBlock] {
        if self.ptr.is_empty() { &[] } else { &self.blocks[self.ptr[z] as usize..self.ptr[z + 1] as usize] }
    }

    /// Block and lane of cell number `cell` in layer `z`.
    pub fn find(&self, cell: u32, z: usize) -> (usize, usize) {
        let n = (cell - self.first[z]) as usize;
        (self.ptr[z] as usize + n / W, n % W)
    }

    pub fn bytes(&self) -> usize {
        self.blocks.len() * size_of::<FullBlock>()
    }
}

impl Gathered for FullBlock {
    fn nodes(&self) -> &[[u32; W]; 4] {
        &self.nodes
    }

    fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    fn forces<S: Simd, T: Real>(&self, simd: S, u: &[Corners<S, T>; 3], from: usize) -> [Corners<S, T>; 3] {
        let zero = Lane::zero(simd);
        let mut u = *u;
        for u in &mut u {
            hadamard(u);
        }
        let mut strain = [zero; N_MODES];
        for (strain, terms) in strain.iter_mut().zip(MODES) {
            *strain = u[terms[0].0][terms[0].1];
            if let [_, (c, m)] = *terms {
                *strain = *strain + u[c][m];
            }
        }
        let mut force = [zero; N_MODES];
        let mut n = 0;
        for i in 0..N_MODES {
            let mut sum = zero;
            for j in 0..i {
                let k = Lane::widen(simd, &self.entries[n][from..]);
                sum = k.mul_add(strain[j], sum);
                force[j] = k.mul_add(strain[i], force[j]);
                n += 1;
            }
            force[i] = Lane::widen(simd, &self.entries[n][from..]).mul_add(strain[i], sum);
            n += 1;
        }
        let mut t = [[zero; 8]; 3];
        for (force, terms) in force.iter().zip(MODES) {
            for (c, m) in terms {
                t[*c][*m] = *force;
            }
        }
        for t in &mut t {
            hadamard_transposed(t);
        }
        t
    }
}

/// Deformations, with their signs, that a displacement of `corner` along `c` has.
fn touched(corner: usize, c: usize) -> Vec<(usize, f64)> {
    let mut out = Vec::new();
    for (mode, terms) in MODES.iter().enumerate() {
        for (_, m) in terms.iter().filter(|(component, _)| *component == c) {
            out.push((mode, if (m & !corner).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 }));
        }
    }
    out
}

/// Deformations and signs, `[corner][component]`.
pub struct Touch([[Vec<(usize, f64)>; 3]; 8]);

impl Default for Touch {
    fn default() -> Self {
        Self(std::array::from_fn(|corner| std::array::from_fn(|c| touched(corner, c))))
    }
}

impl Touch {
    /// The entry between component `a` at `corner` and `b` at `other` of every cell of a block.
    #[inline(always)]
    pub fn entry(&self, block: &FullBlock, [corner, a]: [usize; 2], [other, b]: [usize; 2]) -> [f64; W] {
        let mut out = [0.0; W];
        for (i, p) in &self.0[corner][a] {
            for (j, q) in &self.0[other][b] {
                let sign = p * q;
                for (out, k) in out.iter_mut().zip(&block.entries[place(*i, *j)]) {
                    *out += sign * f64::from(*k);
                }
            }
        }
        out
    }
}

/// The stiffness of a whole cell of Lamé constants `lame`, without relaxed terms, between deformations.
pub fn whole(lame: [f64; 2]) -> Packed {
    let simd = Scalar::new();
    let whole = Whole::<Scalar, f64>::new(simd, lame, 1.0);
    let mut out = [0.0; N_ENTRIES];
    for (j, mode) in MODES.iter().enumerate() {
        let mut u = [[Lane::zero(simd); 8]; 3];
        u[mode[0].0][mode[0].1] = Lane::splat(simd, 1.0);
        let t = whole.forces(&u);
        for i in j..N_MODES {
            let (c, m) = MODES[i][0];
            out[place(i, j)] = t[c][m].first();
        }
    }
    out
}

/// Deformations of a child from those of its parent, by column: `[parent's]` of (child's, factor).
pub struct Refinement([Vec<(usize, f64)>; N_MODES]);

impl Refinement {
    /// `child`: bits x, y, z of its place.
    pub fn new(child: usize) -> Self {
        let side = |axis: usize| if child >> axis & 1 == 1 { 1.0 } else { -1.0 };
        let column = |mode: &[(usize, usize)]| {
            let (c, m) = mode[0];
            // The parent's coordinate is half of the sum of the child's and the side it is on.
            let factor = |k: usize| {
                let beside: f64 = (0..3).filter(|a| (m & !k) >> a & 1 == 1).map(side).product();
                beside / f64::from(1u32 << m.count_ones())
            };
            let mut out = Vec::new();
            for (n, terms) in MODES.iter().enumerate() {
                for (_, k) in terms.iter().filter(|(component, k)| *component == c && k & m == *k) {
                    out.push((n, factor(*k)));
                }
            }
            out
        };
        Self(MODES.map(column))
    }

    /// Adds `scale Qᵀ K Q` for the cells in all lanes.
    #[inline(always)]
    pub fn add(&self, scale: f64, k: &[[f64; W]; N_ENTRIES], to: &mut [[f64; W]; N_ENTRIES]) {
        let mut half = [[0.0; W]; N_MODES];
        for (j, column) in self.0.iter().enumerate() {
            // One column of K Q.
            for (i, half) in half.iter_mut().enumerate() {
                *half = [0.0; W];
                for (n, q) in column {
                    let q = q * scale;
                    for (half, k) in half.iter_mut().zip(&k[place(i, *n)]) {
                        *half += q * k;
                    }
                }
            }
            for (i, row) in self.0.iter().enumerate().skip(j) {
                let to = &mut to[place(i, j)];
                for (n, q) in row {
                    for (to, half) in to.iter_mut().zip(&half[*n]) {
                        *to += q * half;
                    }
                }
            }
        }
    }
}
