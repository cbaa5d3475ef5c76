//! Smoothed aggregation: groups of strongly coupled nodes, and the interpolation that keeps given motions.
//!
//! Vaněk, Mandel & Brezina, Computing 56, 1996. Groups grow in the order of the nodes, so they are the same in every run.

use crate::linear::constraint::identity;
use crate::linear::sparse::Sparse;

/// Blocks below this share of the geometric mean of the two diagonal blocks do not join nodes into groups.
const STRENGTH: f64 = 0.05;
/// A row this many times longer than the mean belongs to a rigid coupling: it must not draw a whole face into one group.
const HUB: usize = 8;
/// What remains of a column, relative to its length, when it depends on the columns before it.
const DEPENDENT: f64 = 1e-8;

const NONE: u32 = u32::MAX;

/// Group of each node, and the number of groups.
pub(super) fn aggregate<const N: usize>(a: &Sparse<f64, N, N>) -> (Vec<u32>, usize) {
    let n = a.n_rows();
    let size: Vec<f64> = a.diagonal().iter().map(|d| frobenius(d).sqrt()).collect();
    let hub_length = HUB * a.column.len() / n.max(1);
    let hub: Vec<bool> = (0..n).map(|i| a.row(i).len() > hub_length).collect();
    let strong = |i: usize| {
        let (size, hub) = (&size, &hub);
        a.row(i).filter_map(move |k| {
            let j = a.column[k] as usize;
            let s = frobenius(&a.value[k]);
            (j != i && hub[i] == hub[j] && s > STRENGTH * size[i] * size[j]).then_some((j, s / size[j]))
        })
    };
    let mut group = vec![NONE; n];
    let mut n_groups = 0u32;
    // Whole free neighbourhoods.
    for i in 0..n {
        let mut any = false;
        if group[i] == NONE
            && strong(i).all(|(j, _)| {
                any = true;
                group[j] == NONE
            })
            && any
        {
            group[i] = n_groups;
            for (j, _) in strong(i) {
                group[j] = n_groups;
            }
            n_groups += 1;
        }
    }
    // The rest joins the neighbour it holds on to most.
    let grown = group.clone();
    for i in 0..n {
        if grown[i] == NONE {
            let best = strong(i)
                .filter(|(j, _)| grown[*j] != NONE)
                .fold((NONE, 0.0), |best, (j, s)| if s > best.1 { (grown[j], s) } else { best });
            group[i] = best.0;
        }
    }
    // What has no grown neighbour groups among itself.
    for i in 0..n {
        if group[i] == NONE {
            group[i] = n_groups;
            for (j, _) in strong(i) {
                if group[j] == NONE {
                    group[j] = n_groups;
                }
            }
            n_groups += 1;
        }
    }
    (group, n_groups as usize)
}

fn frobenius<const N: usize>(b: &[[f64; N]; N]) -> f64 {
    b.iter().flatten().map(|x| x * x).sum::<f64>().sqrt()
}

/// Tentative interpolation: on each group the motions `near`, made orthonormal; and the motions on the groups.
///
/// Columns that depend on others (a group of one or two nodes, nodes in line) are zero: see [`super::revive`].
pub(super) fn tentative<const N: usize, const M: usize>(
    group: &[u32],
    n_groups: usize,
    near: &[[[f64; M]; N]],
) -> (Sparse<f64, N, M>, Vec<[[f64; M]; M]>) {
    let mut start = vec![0usize; n_groups + 1];
    for g in group {
        start[*g as usize + 1] += 1;
    }
    for g in 0..n_groups {
        start[g + 1] += start[g];
    }
    let mut member = vec![0u32; group.len()];
    let mut next = start.clone();
    for (i, g) in group.iter().enumerate() {
        member[next[*g as usize]] = i as u32;
        next[*g as usize] += 1;
    }
    let mut value = vec![[[0.0; M]; N]; group.len()];
    let mut coarse = vec![[[0.0; M]; M]; n_groups];
    let mut columns: [Vec<f64>; M] = std::array::from_fn(|_| Vec::new());
    for g in 0..n_groups {
        let members = &member[start[g]..start[g + 1]];
        for (m, column) in columns.iter_mut().enumerate() {
            column.clear();
            column.extend(members.iter().flat_map(|i| near[*i as usize].iter().map(move |row| row[m])));
        }
        for m in 0..M {
            let (before, rest) = columns.split_at_mut(m);
            let column = &mut rest[0];
            let length = column.iter().map(|x| x * x).sum::<f64>().sqrt();
            // Twice is enough (Kahan; Parlett 1980).
            for _ in 0..2 {
                for (k, q) in before.iter().enumerate() {
                    let along: f64 = q.iter().zip(column.iter()).map(|(a, b)| a * b).sum();
                    coarse[g][k][m] += along;
                    for (x, q) in column.iter_mut().zip(q) {
                        *x -= along * q;
                    }
                }
            }
            let left = column.iter().map(|x| x * x).sum::<f64>().sqrt();
            if left > DEPENDENT * length {
                coarse[g][m][m] = left;
                column.iter_mut().for_each(|x| *x /= left);
            } else {
                column.fill(0.0);
            }
        }
        for (k, i) in members.iter().enumerate() {
            for r in 0..N {
                for m in 0..M {
                    value[*i as usize][r][m] = columns[m][N * k + r];
                }
            }
        }
    }
    let n = group.len();
    (Sparse { n_columns: n_groups, start: (0..=n).collect(), column: group.to_vec(), value }, coarse)
}

/// `P = (1 − ω D⁻¹ A) P̂`.
pub(super) fn smoothed<const N: usize, const M: usize>(
    a: &Sparse<f64, N, N>,
    inverse: &[[[f64; N]; N]],
    omega: f64,
    tentative: &Sparse<f64, N, M>,
) -> Sparse<f64, N, M> {
    let step = Sparse {
        n_columns: a.n_columns,
        start: a.start.clone(),
        column: a.column.clone(),
        value: (0..a.n_rows())
            .flat_map(|i| a.row(i).map(move |k| (i, k)))
            .map(|(i, k)| {
                let unit = if a.column[k] as usize == i { identity::<N>() } else { [[0.0; N]; N] };
                std::array::from_fn(|r| {
                    std::array::from_fn(|c| {
                        unit[r][c] - omega * (0..N).map(|l| inverse[i][r][l] * a.value[k][l][c]).sum::<f64>()
                    })
                })
            })
            .collect(),
    };
    step.product(tentative)
}
