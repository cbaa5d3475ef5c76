//! What a design can be made of: the width of its members, what hangs over, what a mould cannot leave, its pieces.
//!
//! All but [`discreteness`] look at a design of whole cells: `solid[cell]` says whether a cell holds material.

use super::casting::Draw;
use super::overhang::{Slope, uncarried};
use super::{Direction, Domain, Lines, Role, beside};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How far densities are from 0 and 1: 4 Σ ρ (1 − ρ) / n over the design space; 0 for a design of whole cells, 1 at ½ (Sigmund 2007).
pub fn discreteness(domain: &Domain, density: &[f64]) -> f64 {
    let inside = || density.iter().zip(domain.roles()).filter(|(_, r)| **r != Role::Outside);
    let sum: f64 = inside().map(|(x, _)| 4.0 * x * (1.0 - x)).sum();
    sum / inside().count() as f64
}

/// What lies beyond the box and outside the design space, for the width of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// Nothing: a member along the border must be as wide as any other.
    Void,
    /// The mirror image beyond the box, where it is half of a symmetric part; nothing outside the design space.
    Mirror,
    /// The mirror image beyond the lower and the upper side along each axis where it says so, nothing beyond the others.
    Mirrored([[bool; 2]; 3]),
}

/// Free cells of members and of gaps that a ball does not fit into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thin {
    pub members: Vec<usize>,
    pub gaps: Vec<usize>,
}

/// Free cells that the morphological opening by a ball of `size` cells across takes away from the material, and from the void.
///
/// A ball fits where all cells whose centres it holds are of the phase, and covers those; its own centre may lie at any
/// quarter of a cell.
pub fn thin(domain: &Domain, solid: &[bool], size: usize, beyond: Beyond) -> Thin {
    let taken = |phase: bool| {
        let kept = opening(domain.counts(), |c| solid[c] == phase, size, beyond, !phase);
        (0..solid.len()).filter(|c| domain.is_free(*c) && solid[*c] == phase && !kept[*c]).collect()
    };
    Thin { members: taken(true), gaps: taken(false) }
}

/// Free cells of members that a ball of `size` cells across fits into, what is kept taken away: as wide as that, or wider.
pub fn thick(domain: &Domain, solid: &[bool], size: usize) -> Vec<usize> {
    let is_free = |c: usize| solid[c] && domain.is_free(c);
    let wide = opening(domain.counts(), is_free, size, Beyond::Void, false);
    (0..solid.len()).filter(|c| is_free(*c) && wide[*c]).collect()
}

/// The cells that balls within the phase cover; `outer` says whether what is beyond belongs to the phase.
fn opening(counts: [usize; 3], phase: impl Fn(usize) -> bool, size: usize, beyond: Beyond, outer: bool) -> Vec<bool> {
    let n: usize = counts.iter().product();
    if size <= 1 {
        return (0..n).map(phase).collect();
    }
    // The box with a margin that balls may reach into; none along an axis of a single cell.
    let margin = counts.map(|n| if n > 1 { size } else { 0 });
    let padded: [usize; 3] = std::array::from_fn(|a| counts[a] + 2 * margin[a]);
    let coordinates = |i: usize| [i % padded[0], i / padded[0] % padded[1], i / (padded[0] * padded[1])];
    let source = |p: [usize; 3]| -> Option<usize> {
        let mut q = [0; 3];
        for a in 0..3 {
            let (at, n) = (p[a] as isize - margin[a] as isize, counts[a] as isize);
            q[a] = match beyond {
                _ if (0..n).contains(&at) => at,
                Beyond::Void => return None,
                Beyond::Mirror => {
                    let m = at.rem_euclid(2 * n);
                    if m < n { m } else { 2 * n - 1 - m }
                }
                Beyond::Mirrored(sides) => {
                    let [low, high] = sides[a];
                    let image = match at < 0 {
                        true if low => -1 - at,
                        false if high => 2 * n - 1 - at,
                        _ => return None,
                    };
                    // Beyond the other side of a box of few cells: there is nothing to be mirrored from.
                    (0..n).contains(&image).then_some(image)?
                }
            } as usize;
        }
        Some(q[0] + counts[0] * (q[1] + counts[1] * q[2]))
    };
    let n_padded: usize = padded.iter().product();
    let here: Vec<bool> = (0..n_padded).map(|i| source(coordinates(i)).map_or(outer, &phase)).collect();
    let cell = |p: [usize; 3], o: [isize; 3]| -> Option<usize> {
        let q: [isize; 3] = std::array::from_fn(|a| p[a] as isize + o[a]);
        let inside = (0..3).all(|a| (0..padded[a] as isize).contains(&q[a]));
        inside.then(|| q[0] as usize + padded[0] * (q[1] as usize + padded[1] * q[2] as usize))
    };
    let fits = |p: [usize; 3], ball: &[[isize; 3]]| ball.iter().all(|o| cell(p, *o).map_or(outer, |c| here[c]));
    let mut covered = vec![false; n_padded];
    let balls = balls(counts, size);
    // One ball, slid through everything, covers most; what it leaves is tried with every ball that could hold it.
    let centres: Vec<usize> =
        (0..n_padded).into_par_iter().filter(|i| here[*i] && fits(coordinates(*i), &balls[0])).collect();
    for i in centres {
        balls[0].iter().filter_map(|o| cell(coordinates(i), *o)).for_each(|c| covered[c] = true);
    }
    let held = |p: [usize; 3]| {
        balls.iter().any(|ball| {
            let mut centres = ball.iter().filter_map(|o| cell(p, o.map(|v| -v)));
            centres.any(|c| fits(coordinates(c), ball))
        })
    };
    // Every cell is asked for itself, so the order of the threads does not matter.
    (0..n)
        .into_par_iter()
        .map(|i| {
            let p = [i % counts[0], i / counts[0] % counts[1], i / (counts[0] * counts[1])];
            let q: [usize; 3] = std::array::from_fn(|a| p[a] + margin[a]);
            let at = q[0] + padded[0] * (q[1] + padded[1] * q[2]);
            covered[at] || here[at] && held(q)
        })
        .collect()
}

/// Cells whose centres lie in balls of `size` across, as offsets from the cell that holds the ball's centre, for centres at
/// every quarter of a cell. Balls that hold the same cells come once. A ball whose centre lies between cells is larger where
/// it would else hold fewer than `size` cells across.
fn balls(counts: [usize; 3], size: usize) -> Vec<Vec<[isize; 3]>> {
    // First the centre for which a ball holds just `size` cells across.
    let natural = if size.is_multiple_of(2) { [-0.5, -0.25, 0.0, 0.25] } else { [0.0, -0.25, 0.25, -0.5] };
    let shifts = |a: usize| if counts[a] > 1 { &natural[..] } else { &[0.0][..] };
    let reach = |a: usize| if counts[a] > 1 { size as isize / 2 + 1 } else { 0 };
    let mut out: Vec<Vec<[isize; 3]>> = Vec::new();
    for sz in shifts(2) {
        for sy in shifts(1) {
            for sx in shifts(0) {
                let centre = [*sx, *sy, *sz];
                let off: f64 = centre.iter().map(|s| s * s).sum();
                let across = |a: usize| -> f64 {
                    let mut line: Vec<f64> = (-reach(a)..=reach(a))
                        .map(|v| (v as f64 - centre[a]).powi(2) - centre[a] * centre[a])
                        .collect();
                    line.sort_by(f64::total_cmp);
                    off + line[(size - 1).min(line.len() - 1)]
                };
                let square =
                    (0..3).filter(|a| counts[*a] > 1).fold(0.25 * (size * size) as f64, |r, a| r.max(across(a)));
                let mut ball = Vec::new();
                for z in -reach(2)..=reach(2) {
                    for y in -reach(1)..=reach(1) {
                        for x in -reach(0)..=reach(0) {
                            let o = [x, y, z];
                            let distance: f64 = (0..3).map(|a| (o[a] as f64 - centre[a]).powi(2)).sum();
                            if distance <= square {
                                ball.push(o);
                            }
                        }
                    }
                }
                if !out.contains(&ball) {
                    out.push(ball);
                }
            }
        }
    }
    out
}

/// Solid cells above the base plate that nothing carries, for overhangs of `slope`; cells to keep among them.
pub fn unsupported(domain: &Domain, solid: &[bool], build: Direction, slope: Slope) -> Vec<usize> {
    uncarried(domain, solid, build, slope)
}

/// Cells without material that the mould cannot leave: material lies ahead of them. Cells outside the design space and void
/// cells count only where material lies behind them too: else the other half of the mould fills them.
pub fn undercuts(domain: &Domain, solid: &[bool], draw: Draw) -> Vec<usize> {
    let n = domain.counts()[draw.direction.axis];
    let lines = Lines::new(domain.counts(), Direction { forward: true, ..draw.direction });
    let ahead: Vec<usize> = (0..n).rev().collect();
    let runs: Vec<Vec<usize>> = match draw.parting {
        None if draw.direction.forward => vec![ahead],
        None => vec![(0..n).collect()],
        Some(plane) => vec![(plane.min(n)..n).rev().collect(), (0..plane.min(n)).collect()],
    };
    let mut out = Vec::new();
    for line in 0..lines.count() {
        for run in &runs {
            let cells: Vec<usize> = run.iter().map(|k| lines.cell(line, *k)).collect();
            let Some(first) = cells.iter().position(|c| solid[*c]) else { continue };
            let last = cells.iter().rposition(|c| solid[*c]).unwrap_or(first);
            let trapped = |(at, cell): &(usize, usize)| !solid[*cell] && (domain.is_free(*cell) || *at < last);
            out.extend(cells.into_iter().enumerate().skip(first).filter(trapped).map(|(_, c)| c));
        }
    }
    out.sort_unstable();
    out
}

/// Solid cells in pieces that share faces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// Piece of every cell; `None` where there is no material.
    pub of: Vec<Option<u32>>,
    /// Cells of every piece, in the order of their first cell.
    pub sizes: Vec<usize>,
}

pub fn pieces(counts: [usize; 3], solid: &[bool]) -> Pieces {
    let mut of: Vec<Option<u32>> = vec![None; solid.len()];
    let mut sizes = Vec::new();
    let mut waiting = Vec::new();
    for seed in 0..solid.len() {
        if !solid[seed] || of[seed].is_some() {
            continue;
        }
        let piece = sizes.len() as u32;
        let mut size = 0;
        of[seed] = Some(piece);
        waiting.push(seed);
        while let Some(i) = waiting.pop() {
            size += 1;
            for j in beside(counts, i) {
                if solid[j] && of[j].is_none() {
                    of[j] = Some(piece);
                    waiting.push(j);
                }
            }
        }
        sizes.push(size);
    }
    Pieces { of, sizes }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture, first row at y = 0.
    fn drawn(rows: &[&str]) -> (Domain, Vec<bool>) {
        let solid: Vec<bool> = rows.iter().flat_map(|r| r.chars().map(|c| c == '#')).collect();
        (Domain::full([rows[0].len(), rows.len(), 1]).unwrap(), solid)
    }

    #[test]
    fn a_ball_finds_thin_members_and_gaps() {
        let (domain, solid) =
            drawn(&["............", ".####.......", ".####....##.", ".####....##.", ".####.......", "............"]);
        assert_eq!(thin(&domain, &solid, 2, Beyond::Void), Thin { members: vec![], gaps: vec![] });
        let three = thin(&domain, &solid, 3, Beyond::Void);
        assert_eq!(three.members, [33, 34, 45, 46]);
        assert!(three.gaps.is_empty(), "the margin is void");
        // Beyond a plane of symmetry the member of one cell is two wide.
        let (domain, solid) = drawn(&["####", "....", "....", "...."]);
        assert_eq!(thin(&domain, &solid, 2, Beyond::Void).members.len(), 4);
        assert_eq!(thin(&domain, &solid, 2, Beyond::Mirror).members.len(), 0);
        let sides = |low, high| Beyond::Mirrored([[false; 2], [low, high], [false; 2]]);
        assert_eq!(thin(&domain, &solid, 2, sides(true, false)).members.len(), 0);
        assert_eq!(thin(&domain, &solid, 2, sides(false, true)).members.len(), 4);
    }

    #[test]
    fn bars_and_slots_are_as_wide_as_they_are() {
        for counts in [[24, 9, 1], [9, 24, 1], [9, 14, 9]] {
            let domain = Domain::full(counts).unwrap();
            let along = if counts[1] > counts[0] { 1 } else { 0 };
            for width in 1..=5 {
                let in_bar = |i: usize| -> bool {
                    let at = [i % counts[0], i / counts[0] % counts[1], i / (counts[0] * counts[1])];
                    (0..3).all(|a| a == along || counts[a] == 1 || (2..2 + width).contains(&at[a]))
                };
                let bar: Vec<bool> = (0..domain.n_cells()).map(in_bar).collect();
                let slot: Vec<bool> = bar.iter().map(|b| !b).collect();
                for size in 2..=6 {
                    let all = if size > width { bar.iter().filter(|b| **b).count() } else { 0 };
                    assert_eq!(
                        thin(&domain, &bar, size, Beyond::Mirror).members.len(),
                        all,
                        "{counts:?} {width} {size}"
                    );
                    assert_eq!(thin(&domain, &slot, size, Beyond::Mirror).gaps.len(), all, "{counts:?} {width} {size}");
                }
            }
        }
    }

    #[test]
    fn what_hangs_over_is_found() {
        let (domain, solid) = drawn(&["#.......", ".#......", "..###...", "........", "#......."]);
        let up = Direction { axis: 1, forward: true };
        assert_eq!(unsupported(&domain, &solid, up, Slope::DIAGONAL), [19, 20, 32]);
        assert_eq!(
            unsupported(&domain, &solid, up.reversed(), Slope::DIAGONAL),
            [16 + 2, 16 + 3, 16 + 4].into_iter().collect::<Vec<_>>()
        );
    }

    #[test]
    fn trapped_mould_is_found() {
        let (domain, solid) = drawn(&["..##..#."]);
        let draw = |forward, parting| Draw { direction: Direction { axis: 0, forward }, parting };
        assert_eq!(undercuts(&domain, &solid, draw(true, None)), [0, 1, 4, 5]);
        assert_eq!(undercuts(&domain, &solid, draw(false, None)), [4, 5, 7]);
        assert_eq!(undercuts(&domain, &solid, draw(true, Some(3))), [4, 5]);
        let mut roles = vec![Role::Free; 8];
        roles[0] = Role::Outside;
        roles[1] = Role::Void;
        roles[4] = Role::Outside;
        let domain = Domain::new([8, 1, 1], roles).unwrap();
        assert_eq!(undercuts(&domain, &solid, draw(true, None)), [4, 5]);
    }

    #[test]
    fn pieces_share_faces() {
        let (domain, solid) = drawn(&["##..", "..#.", ".##."]);
        let found = pieces(domain.counts(), &solid);
        assert_eq!(found.sizes, [2, 3]);
        assert_eq!((found.of[0], found.of[2], found.of[9]), (Some(0), None, Some(1)));
    }

    #[test]
    fn grey_is_measured() {
        let domain = Domain::new([2, 2, 1], vec![Role::Free, Role::Free, Role::Outside, Role::Void]).unwrap();
        assert!((discreteness(&domain, &[0.5, 1.0, 0.5, 0.0]) - 1.0 / 3.0).abs() < 1e-15);
    }
}
