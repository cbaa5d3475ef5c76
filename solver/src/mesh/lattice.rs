//! Active cells and nodes of a grid, laid out for operators that sweep rows of cells along x.
//!
//! Void is skipped: only nodes of solid cells are numbered, in the order z, y, x, so that the nodes of a run of
//! neighbouring cells along x are contiguous in each of the run's four node rows.
//!
//! In every layer, rectangles of whole cells of one material are set apart as [`Strip`]s, in which neighbours share most
//! of their work. The rest of each run is cut into [`Chunk`]s of up to [`W`] cells; a chunk of whole cells of one material
//! needs no geometry, any other carries a [`CutBlock`].

use super::grid::Grid;
use super::moment::{self, Moments};
use rayon::prelude::*;

/// Cells per chunk: lanes of the widest vector operation, and a multiple of those of any other.
pub const W: usize = 16;
/// A strip shorter than this is not worth its own sweep.
const STRIP_MIN: usize = W / 2;

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

/// Cells at `x0..x0 + len` of one cell row; `start` is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellRun {
    pub x0: u32,
    pub len: u32,
    pub start: u32,
}

impl CellRun {
    fn end(&self) -> u32 {
        self.x0 + self.len
    }
}

/// A rectangle of whole cells of one material in one layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strip {
    /// Cells along x.
    pub len: u32,
    /// Rows of nodes along y, one more than of cells: its part of [`Lattice::strip_rows`].
    pub first_row: u32,
    pub n_rows: u32,
    /// λ and μ over the reference modulus.
    pub lame: [f64; 2],
}

/// Up to [`W`] neighbouring cells along x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chunk {
    /// First node in the rows (y, z), (y+1, z), (y, z+1), (y+1, z+1).
    pub nodes: [u32; 4],
    /// Number of the first cell.
    pub cell: u32,
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
    pub strips: Vec<Strip>,
    /// First strip of layer z, `[nz + 1]`.
    pub strip_ptr: Vec<u32>,
    /// First node of a strip's rows, at z and at z + 1.
    pub strip_rows: Vec<[u32; 2]>,
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
                    cell_runs.push(CellRun { x0: x as u32, len: 1, start: n as u32 });
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
                        spans.extend(cells_of(yy, zz).iter().map(|r| (r.x0, r.end())));
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
            strips: Vec::new(),
            strip_ptr: vec![0],
            strip_rows: Vec::new(),
            blocks: Vec::new(),
            n_cells: solids.len(),
            fraction: solids
                .iter()
                .map(|s| s.moments.as_ref().map_or(1.0, |m| (m[0] / moment::VOLUME) as f32))
                .collect(),
            keep,
        };
        lattice.cut_into_chunks(solids);
        lattice.pack(solids, ersatz);
        lattice
    }

    fn cut_into_chunks(&mut self, solids: &[Solid]) {
        let [_, ny, nz] = self.grid.counts;
        let mut n_blocks = 0;
        for z in 0..nz {
            // Strips that the last row ended with.
            let mut open: Vec<Growing> = Vec::new();
            for y in 0..ny {
                let row = y + ny * z;
                let runs = self.cell_row_ptr[row] as usize..self.cell_row_ptr[row + 1] as usize;
                let mut segments = Vec::new();
                for run in &self.cell_runs[runs.clone()] {
                    whole_segments(run, solids, &mut segments);
                }
                // A strip goes on where the row has all of its cells whole; what it leaves may begin others.
                let (on, ended): (Vec<_>, Vec<_>) =
                    open.into_iter().partition(|strip| segments.iter().any(|s| s.holds(strip)));
                open = on;
                for strip in &ended {
                    self.close(strip, y, z);
                }
                let n_on = open.len();
                for segment in &segments {
                    let mut from = segment.from;
                    for n in 0..=n_on {
                        let next = open[..n_on].get(n).filter(|s| segment.holds(s)).map(|s| (s.from, s.to));
                        let (end, after) = match next {
                            Some(taken) => taken,
                            None if n == n_on => (segment.to, segment.to),
                            None => continue,
                        };
                        let piece = Segment {
                            from,
                            to: end,
                            cut_left: segment.cut_left && from == segment.from,
                            cut_right: segment.cut_right && end == segment.to,
                            ..*segment
                        };
                        open.extend(piece.strip(y));
                        from = after;
                    }
                }
                open.sort_unstable_by_key(|s| s.from);
                for r in runs {
                    let run = self.cell_runs[r];
                    let mut from = run.x0;
                    for strip in open.iter().filter(|s| run.x0 <= s.from && s.to <= run.end()) {
                        self.chunk(solids, run, from, strip.from, y, z, &mut n_blocks);
                        from = strip.to;
                    }
                    self.chunk(solids, run, from, run.end(), y, z, &mut n_blocks);
                }
            }
            for strip in &open {
                self.close(strip, ny, z);
            }
            self.layer_ptr.push(self.chunks.len() as u32);
            self.strip_ptr.push(self.strips.len() as u32);
        }
    }

    /// Coefficients of the chunks with cut cells.
    fn pack(&mut self, solids: &[Solid], ersatz: f64) {
        let cut = self.chunks.par_iter().filter(|c| c.block != u32::MAX);
        self.blocks = cut
            .map(|c| crate::element::brick::pack(&solids[c.cell as usize..][..c.len as usize], ersatz, self.keep))
            .collect();
    }

    /// Ends a strip before row `y` of cells.
    fn close(&mut self, strip: &Growing, y: usize, z: usize) {
        let first_row = self.strip_rows.len() as u32;
        for y in strip.row..=y {
            // Cells have nodes.
            let row = [z, z + 1].map(|z| self.node(strip.from as usize, y, z).unwrap_or_default());
            self.strip_rows.push(row);
        }
        let n_rows = self.strip_rows.len() as u32 - first_row;
        let lame = crate::element::brick::lame(strip.poisson);
        self.strips.push(Strip { len: strip.to - strip.from, first_row, n_rows, lame });
    }

    /// Cuts the cells `from..to` of a run into chunks.
    fn chunk(&mut self, solids: &[Solid], run: CellRun, from: u32, to: u32, y: usize, z: usize, n_blocks: &mut u32) {
        let starts = [(y, z), (y + 1, z), (y, z + 1), (y + 1, z + 1)]
            .map(|(y, z)| self.node(run.x0 as usize, y, z).unwrap_or_default());
        for first in (from..to).step_by(W) {
            let len = (to - first).min(W as u32);
            let (at, cell) = (first - run.x0, run.start + first - run.x0);
            let part = &solids[cell as usize..][..len as usize];
            let nu = part[0].poisson;
            let whole = part.iter().all(|s| s.moments.is_none() && s.poisson == nu);
            let block = if whole { u32::MAX } else { *n_blocks };
            *n_blocks += u32::from(!whole);
            self.chunks.push(Chunk {
                nodes: starts.map(|s| s + at),
                cell,
                len: len as u8,
                block,
                lame: crate::element::brick::lame(nu),
            });
        }
    }

    /// Calls `f(first nodes of the four rows, cells, block of cut cells, λ and μ of whole ones)` for every chunk and every
    /// row of a strip in layer `z`, in order.
    #[inline(always)]
    pub fn for_each_row(&self, z: usize, mut f: impl FnMut([u32; 4], usize, Option<&CutBlock>, [f64; 2])) {
        for strip in &self.strips[self.strip_ptr[z] as usize..self.strip_ptr[z + 1] as usize] {
            for rows in self.strip_rows[strip.first_row as usize..][..strip.n_rows as usize].windows(2) {
                let nodes = [rows[0][0], rows[1][0], rows[0][1], rows[1][1]];
                f(nodes, strip.len as usize, None, strip.lame);
            }
        }
        for chunk in &self.chunks[self.layer_ptr[z] as usize..self.layer_ptr[z + 1] as usize] {
            f(chunk.nodes, chunk.len as usize, self.blocks.get(chunk.block as usize), chunk.lame);
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
            + self.strips.len() * size_of::<Strip>()
            + self.strip_rows.len() * 8
            + self.blocks.len() * size_of::<CutBlock>()
            + self.fraction.len() * 4
    }
}

/// Neighbouring whole cells of one material in one row, and whether other cells stand beside them.
#[derive(Clone, Copy)]
struct Segment {
    from: u32,
    to: u32,
    cut_left: bool,
    cut_right: bool,
    poisson: f64,
}

/// A strip that may go on in the next row; `row`: its first.
#[derive(Clone, Copy)]
struct Growing {
    from: u32,
    to: u32,
    row: usize,
    poisson: f64,
}

impl Segment {
    fn holds(&self, strip: &Growing) -> bool {
        self.from <= strip.from && strip.to <= self.to && self.poisson == strip.poisson
    }

    /// The strip that begins with this piece of row `row`, if one is worth it.
    ///
    /// Beside other cells only whole vectors are taken, and only where that spares chunks: those cells need a chunk
    /// anyway, which has room for the rest.
    fn strip(&self, row: usize) -> Option<Growing> {
        let len = (self.to - self.from) as usize;
        let beside = usize::from(self.cut_left) + usize::from(self.cut_right);
        if len < [STRIP_MIN, W, 2 * W][beside] {
            return None;
        }
        let rest = if beside == 0 { 0 } else { (len % W) as u32 };
        let left = match (self.cut_left, self.cut_right) {
            (true, true) => rest / 2,
            (true, false) => rest,
            _ => 0,
        };
        let (from, to) = (self.from + left, self.to - (rest - left));
        Some(Growing { from, to, row, poisson: self.poisson })
    }
}

/// Appends the maximal segments of whole cells of a run.
fn whole_segments(run: &CellRun, solids: &[Solid], out: &mut Vec<Segment>) {
    let cells = &solids[run.start as usize..][..run.len as usize];
    let mut from = run.x0;
    for same in cells.chunk_by(|a, b| a.moments.is_none() && b.moments.is_none() && a.poisson == b.poisson) {
        let to = from + same.len() as u32;
        if same[0].moments.is_none() {
            let (cut_left, cut_right) = (from > run.x0, to < run.end());
            out.push(Segment { from, to, cut_left, cut_right, poisson: same[0].poisson });
        }
        from = to;
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
    let families: Vec<_> = children.chunk_by(|a, b| a.0 == b.0).collect();
    let out = families
        .into_par_iter()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every cell is in one strip or one chunk, at its own nodes.
    #[test]
    fn strips_and_chunks_hold_every_cell_once() {
        let grid = Grid { origin: [0.0; 3], cell: 1.0, counts: [70, 12, 3] };
        // A disc of whole cells in each layer with a cut rim, and an odd material.
        let solids: Vec<Solid> = (0..grid.n_cells())
            .filter_map(|c| {
                let [x, y, z] = grid.position(c);
                let r = (x as f64 - 35.0).hypot(5.0 * (y as f64 - 6.0)) + z as f64;
                let moments = (r > 30.0).then(|| Box::new(moment::to_parent(&moment::FULL, 0)));
                let poisson = if z == 2 && y > 6 { 0.2 } else { 0.3 };
                (r < 33.0).then_some(Solid { cell: c as u32, moments, poisson })
            })
            .collect();
        let lattice = Lattice::new(grid, &solids, 0.0, 0.0);
        let mut found = std::collections::BTreeMap::new();
        for z in 0..3 {
            lattice.for_each_row(z, |nodes, len, block, lame| {
                for lane in 0..len as u32 {
                    *found.entry((nodes.map(|n| n + lane), block.is_some(), lame[1].to_bits())).or_insert(0) += 1;
                }
            });
        }
        assert!(lattice.strips.iter().any(|s| s.n_rows > 3) && lattice.strips.len() > 3);
        assert_eq!(found.len(), solids.len());
        assert!(found.values().all(|n| *n == 1));
        for solid in &solids {
            let nodes = lattice.cell_nodes(grid.position(solid.cell as usize)).unwrap();
            let rows = [nodes[0], nodes[2], nodes[4], nodes[6]];
            let mu = crate::element::brick::lame(solid.poisson)[1].to_bits();
            let at = |cut: bool| found.keys().any(|k| k.0 == rows && k.1 == cut && (cut || k.2 == mu));
            // A whole cell may lie in a chunk with cut ones.
            assert!(at(true) || (solid.moments.is_none() && at(false)));
        }
    }
}
