//! Sparse matrices of small dense blocks: 3×3 for mechanics, 1×1 for heat, 3×6 and 6×6 on the way to coarse levels.
//!
//! Vectors are flat: entry `c` of node `n` at `R n + c`. Rows are handled in tasks of fixed size, and every sum within a
//! row in the order of its columns, so that no result depends on the number of threads.

use crate::element::lane::Real;
use rayon::prelude::*;
use std::ops::Range;

/// Rows per task.
pub(crate) const ROWS: usize = 256;
/// Elements whose matrices are held at once during assembly: some ten megabytes for ten-node tetrahedra.
const BATCH: usize = 1024;
/// Rows per task of the scatter; larger, since each task passes over its share of a batch.
const SCATTER_ROWS: usize = 1024;

/// Compressed rows of `R × C` blocks, columns rising within each row.
#[derive(Clone, Debug, PartialEq)]
pub struct Sparse<T, const R: usize, const C: usize> {
    pub n_columns: usize,
    /// `[rows + 1]`
    pub start: Vec<usize>,
    pub column: Vec<u32>,
    pub value: Vec<[[T; C]; R]>,
}

/// The nodes of each element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connectivity {
    start: Vec<usize>,
    node: Vec<u32>,
}

impl Connectivity {
    pub fn new<'a>(elements: impl Iterator<Item = &'a [u32]>) -> Self {
        let mut this = Self { start: vec![0], node: Vec::new() };
        for nodes in elements {
            this.push(nodes);
        }
        this
    }

    pub fn push(&mut self, nodes: &[u32]) {
        if self.start.is_empty() {
            self.start.push(0);
        }
        self.node.extend_from_slice(nodes);
        self.start.push(self.node.len());
    }

    pub fn len(&self) -> usize {
        self.start.len().saturating_sub(1)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn nodes(&self, element: usize) -> &[u32] {
        &self.node[self.start[element]..self.start[element + 1]]
    }

    /// Elements at each node, rising.
    fn transposed(&self, n_nodes: usize) -> Self {
        let mut start = vec![0; n_nodes + 1];
        for n in &self.node {
            start[*n as usize + 1] += 1;
        }
        for n in 0..n_nodes {
            start[n + 1] += start[n];
        }
        let mut next = start.clone();
        let mut node = vec![0; self.node.len()];
        for e in 0..self.len() {
            for n in self.nodes(e) {
                node[next[*n as usize]] = e as u32;
                next[*n as usize] += 1;
            }
        }
        Self { start, node }
    }
}

/// Rows made by one task.
struct Piece<T, const R: usize, const C: usize> {
    lengths: Vec<usize>,
    column: Vec<u32>,
    value: Vec<[[T; C]; R]>,
}

impl<T: Real, const R: usize, const C: usize> Sparse<T, R, C> {
    pub fn n_rows(&self) -> usize {
        self.start.len() - 1
    }

    pub fn row(&self, i: usize) -> Range<usize> {
        self.start[i]..self.start[i + 1]
    }

    pub fn bytes(&self) -> usize {
        self.start.len() * size_of::<usize>() + self.column.len() * 4 + self.value.len() * size_of::<[[T; C]; R]>()
    }

    /// Builds a matrix row by row in parallel; `row` appends columns and values, in any order of columns.
    pub fn by_rows<S>(
        n_rows: usize,
        n_columns: usize,
        state: impl Fn() -> S + Sync + Send,
        row: impl Fn(&mut S, usize, &mut Vec<(u32, [[T; C]; R])>) + Sync + Send,
    ) -> Self {
        let pieces: Vec<Piece<T, R, C>> = (0..n_rows.div_ceil(ROWS))
            .into_par_iter()
            .map_init(
                || (state(), Vec::new()),
                |(state, entries), task| {
                    let mut piece = Piece { lengths: Vec::new(), column: Vec::new(), value: Vec::new() };
                    for i in task * ROWS..((task + 1) * ROWS).min(n_rows) {
                        entries.clear();
                        row(state, i, entries);
                        entries.sort_unstable_by_key(|e: &(u32, _)| e.0);
                        piece.lengths.push(entries.len());
                        piece.column.extend(entries.iter().map(|e| e.0));
                        piece.value.extend(entries.iter().map(|e| e.1));
                    }
                    piece
                },
            )
            .collect();
        let n: usize = pieces.iter().map(|p| p.column.len()).sum();
        let mut this = Self {
            n_columns,
            start: Vec::with_capacity(n_rows + 1),
            column: Vec::with_capacity(n),
            value: Vec::with_capacity(n),
        };
        this.start.push(0);
        for piece in pieces {
            for length in piece.lengths {
                this.start.push(this.start[this.start.len() - 1] + length);
            }
            this.column.extend(piece.column);
            this.value.extend(piece.value);
        }
        this
    }

    /// `y = a A x + b y`.
    pub fn apply(&self, a: T, x: &[T], b: T, y: &mut [T]) {
        self.apply_many(a, &[x], b, &mut [y]);
    }

    /// The same for several vectors, for each of which the matrix is read from the cache after the first.
    pub fn apply_many(&self, a: T, x: &[&[T]], b: T, y: &mut [&mut [T]]) {
        debug_assert_eq!(x.len(), y.len());
        let mut tasks: Vec<Vec<&mut [T]>> =
            (0..self.n_rows().div_ceil(ROWS)).map(|_| Vec::with_capacity(y.len())).collect();
        for y in y.iter_mut() {
            debug_assert_eq!(y.len(), R * self.n_rows());
            for (task, part) in tasks.iter_mut().zip(y.chunks_mut(R * ROWS)) {
                task.push(part);
            }
        }
        tasks.into_par_iter().enumerate().for_each(|(task, parts)| {
            pulp::Arch::new().dispatch(
                #[inline(always)]
                || {
                    for (x, part) in x.iter().zip(parts) {
                        self.sweep(task * ROWS, a, x, b, part);
                    }
                },
            );
        });
    }

    #[inline(always)]
    fn sweep(&self, first: usize, a: T, x: &[T], b: T, y: &mut [T]) {
        let (x, _) = x.as_chunks::<C>();
        let (y, _) = y.as_chunks_mut::<R>();
        for (i, y) in y.iter_mut().enumerate() {
            let range = self.row(first + i);
            let mut sum = [T::default(); R];
            for (j, block) in self.column[range.clone()].iter().zip(&self.value[range]) {
                let x = &x[*j as usize];
                for r in 0..R {
                    let mut s = block[r][0] * x[0];
                    for c in 1..C {
                        s += block[r][c] * x[c];
                    }
                    sum[r] += s;
                }
            }
            for r in 0..R {
                let keep = if b == T::default() { T::default() } else { b * y[r] };
                y[r] = keep + a * sum[r];
            }
        }
    }

    /// Block of row `i` and column `j`, if there.
    pub fn get(&self, i: usize, j: u32) -> Option<&[[T; C]; R]> {
        let range = self.row(i);
        self.column[range.clone()].binary_search(&j).ok().map(|k| &self.value[range.start + k])
    }

    pub fn get_mut(&mut self, i: usize, j: u32) -> Option<&mut [[T; C]; R]> {
        let range = self.row(i);
        let at = self.column[range.clone()].binary_search(&j).ok()? + range.start;
        Some(&mut self.value[at])
    }

    pub fn transposed(&self) -> Sparse<T, C, R> {
        let mut start = vec![0usize; self.n_columns + 1];
        for j in &self.column {
            start[*j as usize + 1] += 1;
        }
        for j in 0..self.n_columns {
            start[j + 1] += start[j];
        }
        let mut next = start.clone();
        let mut column = vec![0u32; self.column.len()];
        let mut value = vec![[[T::default(); R]; C]; self.column.len()];
        for i in 0..self.n_rows() {
            for k in self.row(i) {
                let at = &mut next[self.column[k] as usize];
                column[*at] = i as u32;
                value[*at] = std::array::from_fn(|c| std::array::from_fn(|r| self.value[k][r][c]));
                *at += 1;
            }
        }
        Sparse { n_columns: self.n_rows(), start, column, value }
    }

    /// The same in another precision.
    pub fn cast<S: Real>(&self) -> Sparse<S, R, C> {
        Sparse {
            n_columns: self.n_columns,
            start: self.start.clone(),
            column: self.column.clone(),
            value: self.value.par_iter().map(|b| b.map(|r| r.map(|v| S::of(v.double())))).collect(),
        }
    }

    /// `self · other`.
    pub fn product<const D: usize>(&self, other: &Sparse<T, C, D>) -> Sparse<T, R, D> {
        debug_assert_eq!(self.n_columns, other.n_rows());
        Sparse::by_rows(
            self.n_rows(),
            other.n_columns,
            || vec![u32::MAX; other.n_columns],
            |place, i, entries: &mut Vec<(u32, [[T; D]; R])>| {
                pulp::Arch::new().dispatch(
                    #[inline(always)]
                    || {
                        for k in self.row(i) {
                            let a = &self.value[k];
                            for l in other.row(self.column[k] as usize) {
                                let (j, b) = (other.column[l], &other.value[l]);
                                let at = &mut place[j as usize];
                                if *at == u32::MAX {
                                    *at = entries.len() as u32;
                                    entries.push((j, [[T::default(); D]; R]));
                                }
                                let out = &mut entries[*at as usize].1;
                                for r in 0..R {
                                    for c in 0..C {
                                        for d in 0..D {
                                            out[r][d] += a[r][c] * b[c][d];
                                        }
                                    }
                                }
                            }
                        }
                        for (j, _) in entries.iter() {
                            place[*j as usize] = u32::MAX;
                        }
                    },
                );
            },
        )
    }
}

impl<T: Real, const N: usize> Sparse<T, N, N> {
    /// Zero blocks wherever two nodes share an element, and on the whole diagonal.
    pub fn pattern(n_nodes: usize, elements: &Connectivity) -> Self {
        let at_node = elements.transposed(n_nodes);
        Self::by_rows(
            n_nodes,
            n_nodes,
            || vec![u32::MAX; n_nodes],
            |seen, i, entries| {
                seen[i] = i as u32;
                entries.push((i as u32, [[T::default(); N]; N]));
                for e in at_node.nodes(i) {
                    for j in elements.nodes(*e as usize) {
                        if seen[*j as usize] != i as u32 {
                            seen[*j as usize] = i as u32;
                            entries.push((*j, [[T::default(); N]; N]));
                        }
                    }
                }
            },
        )
    }

    /// Adds the dense matrix of every element; `matrix(e, out)` fills the first `(N k)²` numbers of `out` for an element
    /// with `k` nodes, row by row. Matrices are made in parallel and added in the order of the elements.
    ///
    /// # Errors
    /// The first error of `matrix`, by element.
    pub fn assemble<E: Send>(
        &mut self,
        elements: &Connectivity,
        matrix: impl Fn(usize, &mut [f64]) -> Result<(), E> + Sync,
    ) -> Result<(), E> {
        let n_rows = self.n_rows();
        let n_tasks = n_rows.div_ceil(SCATTER_ROWS);
        let mut shares: Vec<Vec<(u32, u16)>> = vec![Vec::new(); n_tasks];
        let mut buffer: Vec<f64> = Vec::new();
        for first in (0..elements.len()).step_by(BATCH) {
            let batch = first..(first + BATCH).min(elements.len());
            let mut offset = vec![0usize];
            for e in batch.clone() {
                let n = N * elements.nodes(e).len();
                offset.push(offset[offset.len() - 1] + n * n);
            }
            buffer.resize(offset[batch.len()], 0.0);
            let mut parts = Vec::with_capacity(batch.len());
            let mut rest = &mut buffer[..];
            for k in 0..batch.len() {
                let (part, tail) = rest.split_at_mut(offset[k + 1] - offset[k]);
                parts.push(part);
                rest = tail;
            }
            let results: Vec<Result<(), E>> =
                parts.into_par_iter().enumerate().with_min_len(16).map(|(k, out)| matrix(first + k, out)).collect();
            results.into_iter().collect::<Result<(), E>>()?;
            for share in &mut shares {
                share.clear();
            }
            for e in batch {
                for (a, n) in elements.nodes(e).iter().enumerate() {
                    shares[*n as usize / SCATTER_ROWS].push((e as u32, a as u16));
                }
            }
            // Each task owns the values of its rows.
            let (start, column) = (&self.start, &self.column);
            let mut owned = Vec::new();
            let mut rest = &mut self.value[..];
            let mut from = 0;
            for (task, share) in shares.iter().enumerate() {
                let to = start[((task + 1) * SCATTER_ROWS).min(n_rows)];
                let (part, tail) = rest.split_at_mut(to - from);
                if !share.is_empty() {
                    owned.push((from, part, share));
                }
                (rest, from) = (tail, to);
            }
            owned.into_par_iter().for_each(|(from, values, share)| {
                for (e, a) in share {
                    let (e, a) = (*e as usize, *a as usize);
                    let nodes = elements.nodes(e);
                    let k = &buffer[offset[e - first]..offset[e - first + 1]];
                    let i = nodes[a] as usize;
                    let columns = &column[start[i]..start[i + 1]];
                    let row = &mut values[start[i] - from..start[i + 1] - from];
                    for (b, j) in nodes.iter().enumerate() {
                        let Ok(at) = columns.binary_search(j) else {
                            unreachable!("the pattern is that of the elements")
                        };
                        for r in 0..N {
                            let line = &k[(N * a + r) * N * nodes.len() + N * b..][..N];
                            for c in 0..N {
                                row[at][r][c] += T::of(line[c]);
                            }
                        }
                    }
                }
            });
        }
        Ok(())
    }

    /// Diagonal blocks; zero where a row has none.
    pub fn diagonal(&self) -> Vec<[[T; N]; N]> {
        (0..self.n_rows()).map(|i| self.get(i, i as u32).copied().unwrap_or([[T::default(); N]; N])).collect()
    }
}

impl Sparse<f64, 1, 1> {
    /// `y = A x`, the scalar matrix acting alike on each of the `N` components of a node.
    pub fn apply_each<const N: usize>(&self, x: &[f64], y: &mut [f64]) {
        let (x, _) = x.as_chunks::<N>();
        y.par_chunks_mut(N * ROWS).enumerate().for_each(|(task, y)| {
            pulp::Arch::new().dispatch(
                #[inline(always)]
                || {
                    for (i, y) in y.as_chunks_mut::<N>().0.iter_mut().enumerate() {
                        let range = self.row(task * ROWS + i);
                        *y = [0.0; N];
                        for (j, [[v]]) in self.column[range.clone()].iter().zip(&self.value[range]) {
                            for (y, x) in y.iter_mut().zip(&x[*j as usize]) {
                                *y += v * x;
                            }
                        }
                    }
                },
            );
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random<const R: usize, const C: usize>(n: usize, m: usize, seed: u64) -> Sparse<f64, R, C> {
        Sparse::by_rows(
            n,
            m,
            || (),
            |(), i, entries| {
                let mut x = vec![0.0f64; 8 * (1 + R * C)];
                crate::linear::vector::random(seed + i as u64, &mut x);
                for k in 0..8 {
                    let j = ((x[k] + 1.0) * 0.5 * m as f64) as u32;
                    if entries.iter().all(|e| e.0 != j) {
                        entries
                            .push((j, std::array::from_fn(|r| std::array::from_fn(|c| x[8 + k * R * C + r * C + c]))));
                    }
                }
            },
        )
    }

    fn dense<const R: usize, const C: usize>(a: &Sparse<f64, R, C>) -> Vec<Vec<f64>> {
        let mut d = vec![vec![0.0; C * a.n_columns]; R * a.n_rows()];
        for i in 0..a.n_rows() {
            for k in a.row(i) {
                for r in 0..R {
                    for c in 0..C {
                        d[R * i + r][C * a.column[k] as usize + c] = a.value[k][r][c];
                    }
                }
            }
        }
        d
    }

    #[test]
    fn products_and_transposes_are_those_of_dense_matrices() {
        let (a, b) = (random::<3, 3>(600, 500, 1), random::<3, 6>(500, 40, 2));
        let (c, d, e) = (dense(&a.product(&b)), dense(&a), dense(&b));
        for i in (0..1800).step_by(37) {
            for j in 0..240 {
                let exact: f64 = (0..1500).map(|k| d[i][k] * e[k][j]).sum();
                assert!((c[i][j] - exact).abs() < 1e-12);
            }
        }
        let t = dense(&b.transposed());
        assert!((0..1500).all(|i| (0..240).all(|j| t[j][i] == e[i][j])));
        let mut x = vec![0.0; 1500];
        crate::linear::vector::random(3, &mut x);
        let (mut y, mut z) = (vec![1.0; 1800], vec![f64::NAN; 1800]);
        a.apply_many(2.0, &[&x], -1.0, &mut [&mut y]);
        // A weight of zero forgets even what is not a number.
        a.apply(1.0, &x, 0.0, &mut z);
        for i in 0..1800 {
            let exact: f64 = (0..1500).map(|k| d[i][k] * x[k]).sum();
            assert!((y[i] - 2.0 * exact + 1.0).abs() < 1e-12 && (z[i] - exact).abs() < 1e-12);
        }
    }

    #[test]
    fn assembly_sums_the_elements() {
        let elements: Vec<Vec<u32>> = (0..3000u32)
            .map(|e| vec![e, e + 1, (e * 7) % 3001])
            .map(|mut v| {
                v.sort_unstable();
                v.dedup();
                v
            })
            .collect();
        let c = Connectivity::new(elements.iter().map(Vec::as_slice));
        let mut a = Sparse::<f64, 1, 1>::pattern(3001, &c);
        a.assemble(&c, |e, out| {
            let n = c.nodes(e).len();
            for i in 0..n {
                for j in 0..n {
                    out[i * n + j] = (e + 1) as f64 * if i == j { n as f64 - 1.0 } else { -1.0 };
                }
            }
            Ok::<(), ()>(())
        })
        .unwrap();
        let ones = vec![1.0; 3 * 3001];
        let mut y = vec![1.0; 3 * 3001];
        a.apply_each::<3>(&ones, &mut y);
        assert!(y.iter().all(|y| y.abs() < 1e-9));
        let trace: f64 = a.diagonal().iter().map(|d| d[0][0]).sum();
        let exact: f64 = elements.iter().enumerate().map(|(e, v)| ((e + 1) * v.len() * (v.len() - 1)) as f64).sum();
        assert!((trace - exact).abs() < 1e-6);
        assert_eq!(a.assemble(&c, |e, _| if e % 1000 == 999 { Err(e) } else { Ok(()) }), Err(999));
    }
}
