//! Active cells and nodes of a grid, laid out for operators that sweep rows of cells along x.
//!
//! Void is skipped: only nodes of solid cells are numbered, in the order z, y, x, so that the nodes of a run of
//! neighbouring cells along x are contiguous in each of the run's four node rows. Runs are cut into chunks of [`W`]
//! cells; a chunk of whole cells of one material needs no geometry, any other carries a [`CutBlock`].

use super::grid::Grid;
use super::moment::{self, Moments};

/// Cells per chunk: lanes of one vector operation.
pub const W: usize = 8;

/// Solid contents of one cell: stiffness-weighted moments and Lamé constants.
#[derive(Clone, Debug, PartialEq)]
pub struct Solid {
    /// Linear cell index in the grid.
    pub cell: u32,
    /// Weighted by Young's modulus relative to the reference; [`moment::FULL`] for a whole cell of it.
    pub moments: Option<Box<Moments>>,
    /// Poisson's ratio.
    pub poisson: f64,
}

/// Nodes `start..start + len` at `x0..x0 + len` of one node row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeRun {
    pub x0: u32,
    pub len: u32,
    pub start: u32,
}

/// Cells at `x0..x0 + len` of one cell row; `chunk` is the first of its chunks, `start` its first cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellRun {
    pub x0: u32,
    pub len: u32,
    pub start: u32,
    pub chunk: u32,
}

/// Up to [`W`] neighbouring cells along x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chunk {
    /// First node in the rows (y, z), (y+1, z), (y, z+1), (y+1, z+1).
    pub nodes: [u32; 4],
    pub len: u8,
    /// Index into the blocks, or `u32::MAX` for whole cells.
    pub block: u32,
    /// λ and μ over the reference modulus, for whole cells.
    pub lame: [f64; 2],
}

/// Number of coefficients of a cut cell.
pub const N_COEF: usize = 26;

/// Coefficients of the cut cells of a chunk, `[coefficient][lane]`: see [`crate::element::brick`].
#[derive(Clone, Debug, PartialEq)]
pub struct CutBlock(pub [[f32; W]; N_COEF]);

/// Cells, nodes and their layout.
#[derive(Clone, Debug)]
pub struct Lattice {
    pub grid: Grid,
    pub n_nodes: usize,
    pub node_runs: Vec<NodeRun>,
    /// Runs of node row (y, z): `row_ptr[y + (ny + 1) z]..`.
    pub node_row_ptr: Vec<u32>,
    /// First node of plane z, `[nz + 2]`.
    pub plane_ptr: Vec<u32>,
    pub cell_runs: Vec<CellRun>,
    pub cell_row_ptr: Vec<u32>,
    pub chunks: Vec<Chunk>,
    /// First chunk of layer z, `[nz + 1]`.
    pub layer_ptr: Vec<u32>,
    pub blocks: Vec<CutBlock>,
    pub n_cells: usize,
    /// Solid fraction of each cell by stiffness.
    pub fraction: Vec<f32>,
    /// Share of the locking terms kept, see [`crate::element::brick`]; 0 but for coarse corrections.
    pub keep: f64,
}

impl Lattice {
    /// `solids` ascending by cell, each cell once. `ersatz` is the fraction of a whole cell's stiffness added to every
    /// cut cell for conditioning.
    pub fn new(grid: Grid, solids: &[Solid], ersatz: f64, keep: f64) -> Self {
        let [nx, ny, nz] = grid.counts;
        let mut cell_runs: Vec<CellRun> = Vec::new();
        let mut cell_row_ptr = vec![0u32; ny * nz + 1];
        let mut previous = usize::MAX - 1;
        for (n, solid) in solids.iter().enumerate() {
            let cell = solid.cell as usize;
            let (x, row) = (cell % nx, cell / nx);
            match cell_runs.last_mut() {
                Some(run) if cell == previous + 1 && x != 0 => run.len += 1,
                _ => {
                    cell_runs.push(CellRun { x0: x as u32, len: 1, start: n as u32, chunk: 0 });
                    cell_row_ptr[row + 1] += 1;
                }
            }
            previous = cell;
        }
        for row in 0..ny * nz {
            cell_row_ptr[row + 1] += cell_row_ptr[row];
        }

        let cells_of = |y: usize, z: usize| -> &[CellRun] {
            let row = y + ny * z;
            &cell_runs[cell_row_ptr[row] as usize..cell_row_ptr[row + 1] as usize]
        };
        let mut node_runs: Vec<NodeRun> = Vec::new();
        let mut node_row_ptr = vec![0u32];
        let mut plane_ptr = Vec::with_capacity(nz + 2);
        let mut n_nodes = 0u32;
        let mut spans: Vec<(u32, u32)> = Vec::new();
        for z in 0..=nz {
            plane_ptr.push(n_nodes);
            for y in 0..=ny {
                spans.clear();
                for zz in z.saturating_sub(1)..=z.min(nz - 1) {
                    for yy in y.saturating_sub(1)..=y.min(ny - 1) {
                        spans.extend(cells_of(yy, zz).iter().map(|r| (r.x0, r.x0 + r.len)));
                    }
                }
                spans.sort_unstable();
                let first = node_runs.len();
                for &(from, to) in &spans {
                    match node_runs[first..].last_mut() {
                        Some(run) if from <= run.x0 + run.len => run.len = run.len.max(to + 1 - run.x0),
                        _ => node_runs.push(NodeRun { x0: from, len: to + 1 - from, start: 0 }),
                    }
                }
                for run in &mut node_runs[first..] {
                    run.start = n_nodes;
                    n_nodes += run.len;
                }
                node_row_ptr.push(node_runs.len() as u32);
            }
        }
        plane_ptr.push(n_nodes);

        let mut lattice = Self {
            grid,
            n_nodes: n_nodes as usize,
            node_runs,
            node_row_ptr,
            plane_ptr,
            cell_runs,
            cell_row_ptr,
            chunks: Vec::new(),
            layer_ptr: vec![0],
            blocks: Vec::new(),
            n_cells: solids.len(),
            fraction: solids
                .iter()
                .map(|s| s.moments.as_ref().map_or(1.0, |m| (m[0] / moment::VOLUME) as f32))
                .collect(),
            keep,
        };
        lattice.cut_into_chunks(solids, ersatz);
        lattice
    }

    fn cut_into_chunks(&mut self, solids: &[Solid], ersatz: f64) {
        let [_, ny, nz] = self.grid.counts;
        for z in 0..nz {
            for y in 0..ny {
                let row = y + ny * z;
                for r in self.cell_row_ptr[row] as usize..self.cell_row_ptr[row + 1] as usize {
                    let run = self.cell_runs[r];
                    self.cell_runs[r].chunk = self.chunks.len() as u32;
                    let starts = [(y, z), (y + 1, z), (y, z + 1), (y + 1, z + 1)]
                        .map(|(y, z)| self.node(run.x0 as usize, y, z).unwrap_or_default());
                    for first in (0..run.len as usize).step_by(W) {
                        let len = (run.len as usize - first).min(W);
                        let part = &solids[run.start as usize + first..][..len];
                        let nu = part[0].poisson;
                        let whole = part.iter().all(|s| s.moments.is_none() && s.poisson == nu);
                        let block = if whole {
                            u32::MAX
                        } else {
                            self.blocks.push(crate::element::brick::pack(part, ersatz, self.keep));
                            (self.blocks.len() - 1) as u32
                        };
                        self.chunks.push(Chunk {
                            nodes: starts.map(|s| s + first as u32),
                            len: len as u8,
                            block,
                            lame: crate::element::brick::lame(nu),
                        });
                    }
                }
            }
            self.layer_ptr.push(self.chunks.len() as u32);
        }
    }

    /// Runs of nodes in row (y, z).
    pub fn node_row(&self, y: usize, z: usize) -> &[NodeRun] {
        let row = y + (self.grid.counts[1] + 1) * z;
        &self.node_runs[self.node_row_ptr[row] as usize..self.node_row_ptr[row + 1] as usize]
    }

    /// Runs of cells in row (y, z).
    pub fn cell_row(&self, y: usize, z: usize) -> &[CellRun] {
        let row = y + self.grid.counts[1] * z;
        &self.cell_runs[self.cell_row_ptr[row] as usize..self.cell_row_ptr[row + 1] as usize]
    }

    /// Number of the node at (x, y, z), if it is one of a solid cell.
    pub fn node(&self, x: usize, y: usize, z: usize) -> Option<u32> {
        let row = self.node_row(y, z);
        let at = row.partition_point(|r| r.x0 as usize <= x).checked_sub(1)?;
        let run = row[at];
        (x < (run.x0 + run.len) as usize).then(|| run.start + (x as u32 - run.x0))
    }

    /// Number of the cell at (x, y, z), if it is solid.
    pub fn cell(&self, [x, y, z]: [usize; 3]) -> Option<u32> {
        let row = self.cell_row(y, z);
        let at = row.partition_point(|r| r.x0 as usize <= x).checked_sub(1)?;
        let run = row[at];
        (x < (run.x0 + run.len) as usize).then(|| run.start + (x as u32 - run.x0))
    }

    /// The eight nodes of the solid cell at (x, y, z), corner bits x, y, z.
    pub fn cell_nodes(&self, [x, y, z]: [usize; 3]) -> Option<[u32; 8]> {
        let mut nodes = [0; 8];
        for (row, pair) in nodes.chunks_exact_mut(2).enumerate() {
            let first = self.node(x, y + (row & 1), z + (row >> 1))?;
            pair.copy_from_slice(&[first, first + 1]);
        }
        Some(nodes)
    }

    /// Calls `f(cell number, position)` for every solid cell in order.
    pub fn for_each_cell(&self, mut f: impl FnMut(u32, [usize; 3])) {
        let [_, ny, nz] = self.grid.counts;
        for z in 0..nz {
            for y in 0..ny {
                for run in self.cell_row(y, z) {
                    for i in 0..run.len {
                        f(run.start + i, [(run.x0 + i) as usize, y, z]);
                    }
                }
            }
        }
    }

    /// The solid cell nearest to `p` by centre within two cells, and `p` in its local coordinates.
    pub fn nearest_cell(&self, p: [f64; 3]) -> Option<([usize; 3], [f64; 3])> {
        let at = self.grid.locate(p);
        if self.cell(at).is_some() {
            return Some((at, self.grid.local(at, p)));
        }
        let mut best: Option<(f64, [usize; 3])> = None;
        for reach in 1..=2usize {
            let range = |a: usize| at[a].saturating_sub(reach)..=(at[a] + reach).min(self.grid.counts[a] - 1);
            for z in range(2) {
                for y in range(1) {
                    for x in range(0) {
                        if self.cell([x, y, z]).is_none() {
                            continue;
                        }
                        let c = self.grid.centre([x, y, z]);
                        let d = (0..3).map(|a| (c[a] - p[a]).powi(2)).sum::<f64>();
                        if best.is_none_or(|b| d < b.0) {
                            best = Some((d, [x, y, z]));
                        }
                    }
                }
            }
            if let Some((_, at)) = best {
                return Some((at, self.grid.local(at, p)));
            }
        }
        None
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.node_runs.len() * size_of::<NodeRun>()
            + self.cell_runs.len() * size_of::<CellRun>()
            + (self.node_row_ptr.len() + self.cell_row_ptr.len()) * 4
            + self.chunks.len() * size_of::<Chunk>()
            + self.blocks.len() * size_of::<CutBlock>()
            + self.fraction.len() * 4
    }
}

/// Solid cells of the grid of doubled cells, exactly: children's moments seen from the parent, summed.
pub fn coarsen(grid: &Grid, solids: &[Solid]) -> (Grid, Vec<Solid>) {
    let coarse = grid.coarser();
    let mut children: Vec<(u32, u8, u32)> = solids
        .iter()
        .enumerate()
        .map(|(n, s)| {
            let at = grid.position(s.cell as usize);
            let child = (at[0] & 1) | (at[1] & 1) << 1 | (at[2] & 1) << 2;
            (coarse.index(at.map(|c| c / 2)) as u32, child as u8, n as u32)
        })
        .collect();
    children.sort_unstable();
    let out = children
        .chunk_by(|a, b| a.0 == b.0)
        .map(|family| {
            let first = &solids[family[0].2 as usize];
            let uniform = family.iter().all(|c| solids[c.2 as usize].poisson == first.poisson);
            let whole = family.len() == 8 && uniform && family.iter().all(|c| solids[c.2 as usize].moments.is_none());
            if whole {
                return Solid { cell: family[0].0, moments: None, poisson: first.poisson };
            }
            let mut sum = [0.0; 27];
            let mut poisson = 0.0;
            for (_, child, n) in family {
                let s = &solids[*n as usize];
                let m = moment::to_parent(s.moments.as_deref().unwrap_or(&moment::FULL), usize::from(*child));
                poisson += s.poisson * m[0];
                for (a, b) in sum.iter_mut().zip(m) {
                    *a += b;
                }
            }
            let poisson = if uniform { first.poisson } else { poisson / sum[0] };
            Solid { cell: family[0].0, moments: Some(Box::new(sum)), poisson }
        })
        .collect();
    (coarse, out)
}
