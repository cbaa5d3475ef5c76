//! Boxes of whole cells of one material, where operators share work in all three directions.

use super::lattice::{Strip, W};
use std::collections::BTreeMap;
use std::ops::Range;

/// Nodes along x that a box has at most.
pub const ROW_MAX: usize = 1 << 10;

/// A box of whole cells of one material: equal strips of neighbouring layers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bulk {
    /// Its first node along x, and how many, more than [`W`].
    pub x0: u32,
    pub len: u32,
    /// Its first plane of nodes, and how many.
    pub plane: u32,
    pub n_planes: u32,
    /// Its first row of nodes in each, and how many.
    pub row: u32,
    pub n_rows: u32,
    /// λ and μ over the reference modulus.
    pub lame: [f64; 2],
    /// Whether an earlier box has some of the nodes of its first and last face along each axis.
    pub shared: [[bool; 2]; 3],
    /// Its part of the first nodes of rows.
    first_row: u32,
}

/// All boxes of a lattice.
#[derive(Clone, Debug, Default)]
pub struct Bulks {
    boxes: Vec<Bulk>,
    /// First node of a box's rows, plane by plane.
    rows: Vec<u32>,
    /// First and end of the runs of nodes that no box sets, which is all but those that it shares.
    outer: Vec<[u32; 2]>,
    /// First of those of plane z, `[nz + 2]`.
    outer_ptr: Vec<u32>,
}

impl Bulks {
    /// Makes boxes of equal strips one above the other and marks these, or none if they would hold less than half of the
    /// whole cells: a pass of their own would cost more than they spare. `strip_ptr` and `strip_rows`: those of the lattice;
    /// `plane_ptr`: first node of each plane.
    pub fn stack(strips: &mut [Strip], strip_ptr: &[u32], strip_rows: &[[u32; 2]], plane_ptr: &[u32]) -> Self {
        let mut bulks = Self { outer_ptr: vec![0], ..Self::default() };
        let nz = strip_ptr.len() - 1;
        // Strips that the last layer ended with, by place and material.
        let mut open: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        let mut stacks = Vec::new();
        for z in 0..=nz {
            let mut next = BTreeMap::new();
            if z < nz {
                for n in strip_ptr[z] as usize..strip_ptr[z + 1] as usize {
                    let s = &strips[n];
                    let key = (s.row, s.n_rows, s.x0, s.len, s.lame.map(f64::to_bits));
                    let mut stack = open.remove(&key).unwrap_or_default();
                    stack.push(n);
                    next.insert(key, stack);
                }
            }
            for stack in std::mem::replace(&mut open, next).into_values() {
                if worth_a_box(&strips[stack[0]], stack.len()) {
                    stacks.push((z - stack.len(), stack));
                }
            }
        }
        let cells = |s: &Strip| s.len as usize * (s.n_rows as usize - 1);
        let stacked: usize = stacks.iter().flat_map(|(_, stack)| stack).map(|n| cells(&strips[*n])).sum();
        if 2 * stacked >= strips.iter().map(cells).sum() {
            for (z, stack) in stacks {
                bulks.push(z, &stack, strips, strip_rows);
            }
        }
        bulks.find_shared();
        bulks.find_outer(plane_ptr);
        bulks
    }

    /// Makes a box of strips from layer `z` on.
    fn push(&mut self, z: usize, stack: &[usize], strips: &mut [Strip], strip_rows: &[[u32; 2]]) {
        let Strip { x0, len, row, n_rows, lame, .. } = strips[stack[0]];
        let first_row = self.rows.len() as u32;
        for (at, n) in stack.iter().enumerate() {
            strips[*n].bulk = true;
            let rows = &strip_rows[strips[*n].first_row as usize..][..n_rows as usize];
            self.rows.extend(rows.iter().map(|r| r[0]));
            if at + 1 == stack.len() {
                self.rows.extend(rows.iter().map(|r| r[1]));
            }
        }
        let n_planes = stack.len() as u32 + 1;
        let shared = [[false; 2]; 3];
        self.boxes.push(Bulk { x0, len: len + 1, plane: z as u32, n_planes, row, n_rows, lame, shared, first_row });
    }

    /// A box that has nodes with an earlier one has all of these in one of its faces: cells are in one box only.
    fn find_shared(&mut self) {
        let ends = |b: &Bulk| {
            [(b.x0, b.len), (b.row, b.n_rows), (b.plane, b.n_planes)].map(|(first, n)| [first, first + n - 1])
        };
        for n in 1..self.boxes.len() {
            let (earlier, later) = self.boxes.split_at_mut(n);
            let own = ends(&later[0]);
            for other in earlier.iter().map(ends) {
                let common: [_; 3] = std::array::from_fn(|a| [own[a][0].max(other[a][0]), own[a][1].min(other[a][1])]);
                if common.iter().any(|[first, last]| first > last) {
                    continue;
                }
                let face = (0..6).find(|f| common[f / 2] == [own[f / 2][f % 2]; 2]);
                if let Some(face) = face {
                    later[0].shared[face / 2][face % 2] = true;
                }
            }
        }
    }

    fn find_outer(&mut self, plane_ptr: &[u32]) {
        for z in 0..plane_ptr.len() - 1 {
            let mut set: Vec<[u32; 2]> = Vec::new();
            for bulk in &self.boxes {
                let own = |n: u32, axis: usize| {
                    let [first, last] = bulk.shared[axis].map(u32::from);
                    first..n - last
                };
                let plane = (z as u32).wrapping_sub(bulk.plane);
                if own(bulk.n_planes, 2).contains(&plane) {
                    let (nodes, rows) = (own(bulk.len, 0), own(bulk.n_rows, 1));
                    let rows = &self.rows_of(bulk, plane as usize)[rows.start as usize..rows.end as usize];
                    set.extend(rows.iter().map(|r| [r + nodes.start, r + nodes.end]));
                }
            }
            set.sort_unstable();
            let mut from = plane_ptr[z];
            for [start, end] in set.into_iter().chain([[plane_ptr[z + 1]; 2]]) {
                if from < start {
                    self.outer.push([from, start]);
                }
                from = end;
            }
            self.outer_ptr.push(self.outer.len() as u32);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.boxes.is_empty()
    }

    pub fn boxes(&self) -> &[Bulk] {
        &self.boxes
    }

    /// First nodes of the rows of a box in its plane `plane`.
    #[inline(always)]
    pub fn rows_of(&self, bulk: &Bulk, plane: usize) -> &[u32] {
        &self.rows[bulk.first_row as usize + plane * bulk.n_rows as usize..][..bulk.n_rows as usize]
    }

    /// Runs of those of the nodes of `range`, in plane `z`, that no box sets: first and end.
    #[inline(always)]
    pub fn outer_of(&self, z: usize, range: Range<usize>) -> impl Iterator<Item = [usize; 2]> {
        let runs = &self.outer[self.outer_ptr[z] as usize..self.outer_ptr[z + 1] as usize];
        let first = runs.partition_point(|run| run[1] as usize <= range.start);
        let runs = runs[first..].iter().map(|run| run.map(|n| n as usize));
        runs.take_while(move |run| run[0] < range.end).map(move |[from, to]| [from.max(range.start), to.min(range.end)])
    }

    pub fn bytes(&self) -> usize {
        self.boxes.len() * size_of::<Bulk>() + self.rows.len() * 4 + (self.outer.len() * 2 + self.outer_ptr.len()) * 4
    }
}

/// Whether `n` such strips are swept faster as a box: it has a row, a plane and a node more, and its ends are dearer.
fn worth_a_box(strip: &Strip, n: usize) -> bool {
    if !(W..ROW_MAX).contains(&(strip.len as usize)) {
        return false;
    }
    let (rows, vectors) = (strip.n_rows as usize, (strip.len as usize + 1).div_ceil(W));
    let sides = vectors.min(2);
    let inside = (rows - 2) * (n - 1);
    let outside = rows * (n + 1) - inside;
    // Per vector, measured: of a strip, far from all ends, at one along x, at one along y or z.
    let (strip_cost, inner_cost, side_cost, end_cost) = (20, 9, 12, 22);
    let inside_row = inner_cost * (vectors - sides) + side_cost * sides;
    inside * inside_row + outside * vectors * end_cost < n * rows * (strip.len as usize).div_ceil(W) * strip_cost
}
