//! Number of negative eigenvalues of a symmetric matrix, by Sylvester's law from an envelope LDLᵀ factorisation: how many
//! eigenvalues of K x = λ M x lie below a shift s is the number of negative pivots of K − s M.

use super::sparse::Sparse;
use super::vector::dot_serial;
use std::sync::atomic::{AtomicBool, Ordering};

/// Multiplications that a count may cost: some ten seconds on one core.
const COST_MAX: f64 = 2e10;
/// Numbers that the factor may hold: 256 MiB.
const ENTRIES_MAX: usize = 1 << 25;

/// Where the rows of a factor begin, in an order that keeps it narrow.
pub struct Envelope {
    /// Place of each node.
    place: Vec<usize>,
    order: Vec<u32>,
    /// First column of each row, and where the row lies.
    first: Vec<usize>,
    start: Vec<usize>,
}

impl Envelope {
    /// For matrices of the pattern of `a`; `None` where their factorisation would cost too much.
    pub fn new<const N: usize>(a: &Sparse<f64, N, N>) -> Option<Self> {
        let order = cuthill_mckee(a);
        let mut place = vec![0usize; order.len()];
        for (p, i) in order.iter().enumerate() {
            place[*i as usize] = p;
        }
        let n = N * a.n_rows();
        let mut first: Vec<usize> = Vec::with_capacity(n);
        for i in &order {
            let own = place[*i as usize];
            let low = a.row(*i as usize).map(|k| place[a.column[k] as usize]).min().unwrap_or(own).min(own);
            first.extend([N * low; N]);
        }
        let mut start = vec![0usize];
        for i in 0..n {
            start.push(start[i] + i - first[i] + 1);
        }
        let cost: f64 = (0..n).map(|i| 0.5 * ((i - first[i]) as f64).powi(2)).sum();
        (cost <= COST_MAX && start[n] <= ENTRIES_MAX).then_some(Self { place, order, first, start })
    }

    /// Negative eigenvalues of `a`; `None` where a pivot is nothing, or `cancel` was set.
    pub fn negative<const N: usize>(&self, a: &Sparse<f64, N, N>, cancel: &AtomicBool) -> Option<usize> {
        let Self { place, order, first, start } = self;
        let n = N * a.n_rows();
        let mut values = vec![0.0; start[n]];
        for (p, i) in order.iter().enumerate() {
            for k in a.row(*i as usize) {
                let q = place[a.column[k] as usize];
                for r in 0..N {
                    for c in 0..N {
                        let (row, column) = (N * p + r, N * q + c);
                        if column <= row {
                            values[start[row] + column - first[row]] = a.value[k][r][c];
                        }
                    }
                }
            }
        }
        // Rows hold L D until they are done, then L: (LD)ᵢⱼ = aᵢⱼ − Σ (LD)ᵢₖ Lⱼₖ.
        let mut pivots = vec![0.0; n];
        for i in 0..n {
            if cancel.load(Ordering::Relaxed) {
                return None;
            }
            let (done, rest) = values.split_at_mut(start[i]);
            let row = &mut rest[..=i - first[i]];
            let diagonal = row[i - first[i]];
            for j in first[i]..i {
                let low = first[i].max(first[j]);
                let other = &done[start[j]..start[j + 1]];
                row[j - first[i]] -=
                    dot_serial(&row[low - first[i]..j - first[i]], &other[low - first[j]..j - first[j]]);
            }
            let mut pivot = diagonal;
            for j in first[i]..i {
                let v = row[j - first[i]];
                let l = v / pivots[j];
                pivot -= v * l;
                row[j - first[i]] = l;
            }
            if !(pivot.abs() > 1e-13 * diagonal.abs()) {
                return None;
            }
            pivots[i] = pivot;
        }
        Some(pivots.iter().filter(|p| **p < 0.0).count())
    }
}

/// Negative eigenvalues of `a`; `None` when the factorisation would cost too much, or meets a pivot that is nothing.
pub fn negative<const N: usize>(a: &Sparse<f64, N, N>) -> Option<usize> {
    Envelope::new(a)?.negative(a, &AtomicBool::new(false))
}

/// Nodes in the reverse order of Cuthill & McKee (1969), which keeps the envelope narrow.
fn cuthill_mckee<const N: usize>(a: &Sparse<f64, N, N>) -> Vec<u32> {
    let n = a.n_rows();
    let sweep = |seed: usize, seen: &mut [bool], out: &mut Vec<u32>| {
        let from = out.len();
        seen[seed] = true;
        out.push(seed as u32);
        let mut at = from;
        while at < out.len() {
            let mut next: Vec<u32> =
                a.row(out[at] as usize).map(|k| a.column[k]).filter(|j| !seen[*j as usize]).collect();
            next.sort_by_key(|j| (a.row(*j as usize).len(), *j));
            for j in next {
                seen[j as usize] = true;
                out.push(j);
            }
            at += 1;
        }
    };
    let mut seen = vec![false; n];
    let mut order = Vec::with_capacity(n);
    for i in 0..n {
        if !seen[i] {
            // The far end of a first sweep starts the second.
            let mut part = Vec::new();
            sweep(i, &mut seen, &mut part);
            for j in &part {
                seen[*j as usize] = false;
            }
            let end = part.last().copied().unwrap_or(i as u32);
            sweep(end as usize, &mut seen, &mut order);
        }
    }
    order.reverse();
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_eigenvalues_below_a_shift() {
        // Second difference on a 9 × 7 × 5 grid: eigenvalues are sums of 2 − 2 cos.
        let [nx, ny, nz] = [9usize, 7, 5];
        let at = |x: usize, y: usize, z: usize| x + nx * (y + ny * z);
        let matrix = |shift: f64| {
            Sparse::<f64, 1, 1>::by_rows(
                nx * ny * nz,
                nx * ny * nz,
                || (),
                |(), i, e| {
                    let (x, y, z) = (i % nx, i / nx % ny, i / nx / ny);
                    e.push((i as u32, [[6.0 - shift]]));
                    let mut side = |there: bool, j: usize| {
                        if there {
                            e.push((j as u32, [[-1.0]]));
                        }
                    };
                    side(x > 0, i.wrapping_sub(1));
                    side(x + 1 < nx, i + 1);
                    side(y > 0, i.wrapping_sub(nx));
                    side(y + 1 < ny, i + nx);
                    side(z > 0, i.wrapping_sub(nx * ny));
                    side(z + 1 < nz, i + nx * ny);
                },
            )
        };
        let line = |n: usize| -> Vec<f64> {
            (1..=n).map(|k| 2.0 - 2.0 * (std::f64::consts::PI * k as f64 / (n + 1) as f64).cos()).collect()
        };
        for shift in [0.0, 0.9, 2.345, 7.1, 20.0] {
            let mut exact = 0;
            for x in line(nx) {
                for y in line(ny) {
                    exact += line(nz).iter().filter(|z| x + y + **z < shift).count();
                }
            }
            assert_eq!(negative(&matrix(shift)), Some(exact), "{shift} {}", at(0, 0, 0));
        }
    }
}
