//! Active cells and nodes of a grid, laid out for operators that sweep rows of cells along x.
//!
//! Void is skipped: only nodes of solid cells are numbered, in the order z, y, x, so that the nodes of a run of
//! neighbouring cells along x are contiguous in each of the run's four node rows.
//!
//! In every layer, the whole cells are covered with rectangles of one material, [`Strip`]s, in which neighbours share most
//! of their work and no cell needs geometry. All others are cut cells, gathered in [`CutBlock`]s of [`W`]. Equal strips of
//! many layers make a box, [`super::bulk::Bulk`], where work is shared in all three directions.

use super::bulk::Bulks;
use super::grid::Grid;
use super::moment::{self, Moments};
use rayon::prelude::*;

/// Cells per block: lanes of the widest vector operation, and a multiple of those of any other.
pub const W: usize = 16;
/// From this many cells on, what a row has between multiples of [`W`] begins strips of its own, which rows of other ends
/// can share.
const ALIGNED_MIN: u32 = 3 * W as u32;

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
    /// Its first cell along x, and how many.
    pub x0: u32,
    pub len: u32,
    /// Its first row of cells.
    pub row: u32,
    /// Rows of nodes along y, one more than of cells: its part of [`Lattice::strip_rows`].
    pub first_row: u32,
    pub n_rows: u32,
    /// λ and μ over the reference modulus.
    pub lame: [f64; 2],
    /// Whether it is part of a box of [`Bulks`].
    pub bulk: bool,
}

/// Number of coefficients of a cut cell.
pub const N_COEF: usize = 26;

/// Coefficients of up to [`W`] cut cells, `[coefficient][lane]`: see [`crate::element::brick`].
pub type Coefficients = [[f32; W]; N_COEF];

/// Up to [`W`] cut cells of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct CutBlock {
    pub coefficients: Coefficients,
    /// First node in the rows (y, z), (y+1, z), (y, z+1), (y+1, z+1), `[row][lane]`.
    pub nodes: [[u32; W]; 4],
    /// Numbers of the cells.
    pub cells: [u32; W],
    pub len: usize,
}

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
    pub strips: Vec<Strip>,
    /// First strip of layer z, `[nz + 1]`.
    pub strip_ptr: Vec<u32>,
    /// First node of a strip's rows, at z and at z + 1.
    pub strip_rows: Vec<[u32; 2]>,
    pub bulks: Bulks,
    pub blocks: Vec<CutBlock>,
    /// First block of layer z, `[nz + 1]`.
    pub block_ptr: Vec<u32>,
    pub n_cells: usize,
    /// Solid fraction of each cell by stiffness; empty where cells are graded, or bare.
    pub fraction: Vec<f32>,
    /// Share of the locking terms kept, see [`crate::element::brick`]; 0 but for coarse corrections.
    pub keep: f64,
}

impl Lattice {
    /// `solids` ascending by cell, each cell once. `ersatz` is the fraction of a whole cell's stiffness added to every
    /// cut cell for conditioning.
    pub fn new(grid: Grid, solids: &[Solid], ersatz: f64, keep: f64) -> Self {
        let mut lattice = Self::bare(grid, solids.iter().map(|s| s.cell));
        lattice.keep = keep;
        lattice.fraction =
            solids.iter().map(|s| s.moments.as_ref().map_or(1.0, |m| (m[0] / moment::VOLUME) as f32)).collect();
        lattice.cover(solids);
        lattice.bulks = Bulks::stack(&mut lattice.strips, &lattice.strip_ptr, &lattice.strip_rows, &lattice.plane_ptr);
        lattice.gather(solids, ersatz);
        lattice
    }

    /// Whole cells that will each have a stiffness of their own: strips and no boxes, the plain trilinear element, whose
    /// locking terms are all kept. `cells` ascending, each once.
    pub fn graded(grid: Grid, cells: &[u32], poisson: f64) -> Self {
        let solids: Vec<Solid> = cells.iter().map(|cell| Solid { cell: *cell, moments: None, poisson }).collect();
        let mut lattice = Self::bare(grid, cells.iter().copied());
        lattice.keep = 1.0;
        lattice.cover(&solids);
        lattice
    }

    /// Cells and nodes alone, without what an operator sweeps. `cells` ascending, each once.
    pub fn bare(grid: Grid, cells: impl Iterator<Item = u32>) -> Self {
        let [nx, ny, nz] = grid.counts;
        let mut cell_runs: Vec<CellRun> = Vec::new();
        let mut cell_row_ptr = vec![0u32; ny * nz + 1];
        let mut previous = usize::MAX - 1;
        let mut n_cells = 0;
        for (n, cell) in cells.enumerate() {
            let cell = cell as usize;
            n_cells += 1;
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

        Self {
            grid,
            n_nodes: n_nodes as usize,
            node_runs,
            node_row_ptr,
            plane_ptr,
            cell_runs,
            cell_row_ptr,
            strips: Vec::new(),
            strip_ptr: vec![0; nz + 1],
            strip_rows: Vec::new(),
            bulks: Bulks::default(),
            blocks: Vec::new(),
            block_ptr: vec![0; nz + 1],
            n_cells,
            fraction: Vec::new(),
            keep: 0.0,
        }
    }

    /// Covers the whole cells with strips.
    fn cover(&mut self, solids: &[Solid]) {
        let [_, ny, nz] = self.grid.counts;
        self.strip_ptr.truncate(1);
        for z in 0..nz {
            // Strips that the last row ended with.
            let mut open: Vec<Growing> = Vec::new();
            let mut done: Vec<(Growing, usize)> = Vec::new();
            for y in 0..ny {
                let row = y + ny * z;
                let mut segments = Vec::new();
                for run in &self.cell_runs[self.cell_row_ptr[row] as usize..self.cell_row_ptr[row + 1] as usize] {
                    whole_segments(run, solids, &mut segments);
                }
                // A strip goes on where the row has all of its cells whole, and what it leaves begins others, unless it
                // takes fewer vectors to begin anew with the whole segment.
                let mut next: Vec<Growing> = Vec::new();
                for segment in &segments {
                    let mut parts = Vec::new();
                    let mut from = segment.from;
                    for strip in open.iter().filter(|s| segment.holds(s)) {
                        begin(&Segment { from, to: strip.from, ..*segment }, y, &mut parts);
                        parts.push(*strip);
                        from = strip.to;
                    }
                    begin(&Segment { from, ..*segment }, y, &mut parts);
                    let mut anew = Vec::new();
                    begin(segment, y, &mut anew);
                    let vectors = |s: &[Growing]| s.iter().map(|s| (s.to - s.from).div_ceil(W as u32)).sum::<u32>();
                    next.extend(if vectors(&parts) > vectors(&anew) { anew } else { parts });
                }
                done.extend(open.iter().filter(|s| !next.contains(s)).map(|s| (*s, y)));
                open = next;
            }
            done.extend(open.iter().map(|s| (*s, ny)));
            // Neighbours along y one after the other would read what was just written.
            done.sort_by_key(|(s, end)| (s.row % 2, s.row, *end, s.from));
            // Those of the same rows, side by side, are one.
            done.dedup_by(|(b, b_end), (a, a_end)| {
                let one = (a.row, *a_end, a.to) == (b.row, *b_end, b.from) && a.poisson == b.poisson;
                if one {
                    a.to = b.to;
                }
                one
            });
            for (strip, end) in &done {
                self.close(strip, *end, z);
            }
            self.strip_ptr.push(self.strips.len() as u32);
        }
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
        let (x0, len, row) = (strip.from, strip.to - strip.from, strip.row as u32);
        self.strips.push(Strip { x0, len, row, first_row, n_rows, lame, bulk: false });
    }

    /// Gathers the cut cells of each layer in blocks.
    fn gather(&mut self, solids: &[Solid], ersatz: f64) {
        let [_, ny, nz] = self.grid.counts;
        let layer = |z: usize| {
            let runs = self.cell_row_ptr[ny * z] as usize..self.cell_row_ptr[ny * (z + 1)] as usize;
            let first = self.cell_runs.get(runs.start).map_or(0, |r| r.start);
            let n: u32 = self.cell_runs[runs].iter().map(|r| r.len).sum();
            let cut: Vec<u32> = (first..first + n).filter(|n| solids[*n as usize].moments.is_some()).collect();
            let block = |cells: &[u32]| {
                let part: Vec<&Solid> = cells.iter().map(|n| &solids[*n as usize]).collect();
                let mut out = CutBlock {
                    coefficients: crate::element::brick::pack(&part, ersatz, self.keep),
                    nodes: [[0; W]; 4],
                    cells: [0; W],
                    len: cells.len(),
                };
                out.cells[..cells.len()].copy_from_slice(cells);
                for (lane, solid) in part.iter().enumerate() {
                    let nodes = self.cell_nodes(self.grid.position(solid.cell as usize)).unwrap_or_default();
                    for row in 0..4 {
                        out.nodes[row][lane] = nodes[2 * row];
                    }
                }
                out
            };
            cut.chunks(W).map(block).collect::<Vec<_>>()
        };
        let layers: Vec<Vec<CutBlock>> = (0..nz).into_par_iter().map(layer).collect();
        self.block_ptr.truncate(1);
        for blocks in layers {
            self.blocks.extend(blocks);
            self.block_ptr.push(self.blocks.len() as u32);
        }
    }

    /// Strips of layer `z`, and the first nodes of their rows.
    pub fn strips_of(&self, z: usize) -> impl Iterator<Item = (&Strip, &[[u32; 2]])> {
        let strips = &self.strips[self.strip_ptr[z] as usize..self.strip_ptr[z + 1] as usize];
        strips.iter().map(|s| (s, &self.strip_rows[s.first_row as usize..][..s.n_rows as usize]))
    }

    /// Blocks of cut cells of layer `z`.
    pub fn blocks_of(&self, z: usize) -> &[CutBlock] {
        &self.blocks[self.block_ptr[z] as usize..self.block_ptr[z + 1] as usize]
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

    /// First node of row (y, z) or, where it has none, of the next that has.
    pub fn first_node(&self, y: usize, z: usize) -> usize {
        let run = self.node_row_ptr[y + (self.grid.counts[1] + 1) * z] as usize;
        self.node_runs.get(run).map_or(self.n_nodes, |r| r.start as usize)
    }

    /// Number of the node at (x, y, z), if it is one of a solid cell.
    pub fn node(&self, x: usize, y: usize, z: usize) -> Option<u32> {
        let row = self.node_row(y, z);
        let at = row.partition_point(|r| r.x0 as usize <= x).checked_sub(1)?;
        let run = row[at];
        (x < (run.x0 + run.len) as usize).then(|| run.start + (x as u32 - run.x0))
    }

    /// Where node `n`, one of [`Lattice::n_nodes`], is, m.
    pub fn place(&self, n: u32) -> [f64; 3] {
        let run = self.node_runs.partition_point(|r| r.start <= n).saturating_sub(1);
        let row = self.node_row_ptr.partition_point(|first| *first as usize <= run).saturating_sub(1);
        let x = self.node_runs.get(run).map_or(0, |r| r.x0 + (n - r.start)) as usize;
        let rows = self.grid.counts[1] + 1;
        let at = [x, row % rows, row / rows];
        std::array::from_fn(|a| self.grid.origin[a] + at[a] as f64 * self.grid.cell)
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
            + self.strips.len() * size_of::<Strip>()
            + self.strip_rows.len() * 8
            + self.bulks.bytes()
            + self.blocks.len() * size_of::<CutBlock>()
            + self.fraction.len() * 4
    }
}

/// Neighbouring whole cells of one material in one row.
#[derive(Clone, Copy)]
struct Segment {
    from: u32,
    to: u32,
    poisson: f64,
}

/// A strip that may go on in the next row; `row`: its first.
#[derive(Clone, Copy, PartialEq)]
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
}

/// Begins strips with a part of row `row`.
fn begin(part: &Segment, row: usize, open: &mut Vec<Growing>) {
    let (mut ends, w) = (vec![part.from, part.to], W as u32);
    let (low, high) = (part.from.next_multiple_of(w), part.to - part.to % w);
    if part.to - part.from >= ALIGNED_MIN {
        ends.extend([low, high]);
        ends.sort_unstable();
    }
    let some = ends.windows(2).filter(|e| e[0] < e[1]);
    open.extend(some.map(|e| Growing { from: e[0], to: e[1], row, poisson: part.poisson }));
}

/// Appends the maximal segments of whole cells of a run.
fn whole_segments(run: &CellRun, solids: &[Solid], out: &mut Vec<Segment>) {
    let cells = &solids[run.start as usize..][..run.len as usize];
    let mut from = run.x0;
    for same in cells.chunk_by(|a, b| a.moments.is_none() && b.moments.is_none() && a.poisson == b.poisson) {
        let to = from + same.len() as u32;
        if same[0].moments.is_none() {
            out.push(Segment { from, to, poisson: same[0].poisson });
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

    /// Every whole cell is in one strip and every cut one in one block, at its own nodes.
    #[test]
    fn strips_and_blocks_hold_every_cell_once() {
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
        let mut put = |nodes: [u32; 4], material: Option<u64>| *found.entry((nodes, material)).or_insert(0) += 1;
        for z in 0..3 {
            for (strip, rows) in lattice.strips_of(z) {
                for pair in rows.windows(2) {
                    let first = [pair[0][0], pair[1][0], pair[0][1], pair[1][1]];
                    (0..strip.len).for_each(|lane| put(first.map(|n| n + lane), Some(strip.lame[1].to_bits())));
                }
            }
            for block in lattice.blocks_of(z) {
                (0..block.len).for_each(|lane| put(block.nodes.map(|row| row[lane]), None));
            }
        }
        assert!(lattice.strips.iter().any(|s| s.n_rows > 3) && lattice.strips.len() > 3);
        assert_eq!(found.len(), solids.len());
        assert!(found.values().all(|n| *n == 1));
        for solid in &solids {
            let nodes = lattice.cell_nodes(grid.position(solid.cell as usize)).unwrap();
            let mu = crate::element::brick::lame(solid.poisson)[1].to_bits();
            let material = solid.moments.is_none().then_some(mu);
            assert!(found.contains_key(&([nodes[0], nodes[2], nodes[4], nodes[6]], material)));
        }
        // Every node is found where it is.
        let mut n_found = 0;
        for (z, y, x) in (0..4).flat_map(|z| (0..13).flat_map(move |y| (0..71).map(move |x| (z, y, x)))) {
            if let Some(n) = lattice.node(x, y, z) {
                assert_eq!(lattice.place(n), [x as f64, y as f64, z as f64]);
                n_found += 1;
            }
        }
        assert_eq!(n_found, lattice.n_nodes);
    }
}
