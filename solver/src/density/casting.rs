//! Parts that leave their mould: no void behind material, as seen along the draw direction.
//!
//! Along every line against the draw, a cell becomes the smooth maximum of itself and all cells further along: densities
//! then never grow along the draw, at any threshold, and a projection afterwards keeps that.

use super::{Direction, Domain, Invalid, Lines, Map, Role};
use serde::{Deserialize, Serialize};

/// How the halves of a mould leave the part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Draw {
    /// Where the mould goes.
    pub direction: Direction,
    /// The plane between two halves, in cells from the box's lower side: the cells above it are drawn along the direction,
    /// those below against it, whichever of both points up. `None`: one half, drawn along the direction.
    pub parting: Option<usize>,
}

/// Square of the width over which the maximum of two densities is rounded.
const ROUNDING: f64 = 1e-6;

/// The map from densities to densities that can be cast.
#[derive(Clone, Debug)]
pub struct Casting {
    lines: Lines,
    /// Positions of a line, each run from where the mould leaves first to the parting or the far end.
    runs: Vec<Vec<usize>>,
    /// Largest image of ones: densities are divided by it.
    largest: f64,
}

fn larger(a: f64, b: f64) -> f64 {
    0.5 * (a + b + ((a - b).powi(2) + ROUNDING).sqrt())
}

impl Casting {
    /// # Errors
    /// [`Invalid::Range`] for a direction or a parting plane outside the box.
    pub fn new(domain: &Domain, draw: Draw) -> Result<Self, Invalid> {
        let runs = runs(domain, draw)?;
        let longest = runs.iter().map(Vec::len).max().unwrap_or(0);
        let largest = (1..longest).fold(1.0, |y, _| larger(1.0, y));
        let lines = Lines::new(domain.counts(), Direction { forward: true, ..draw.direction });
        Ok(Self { lines, runs, largest })
    }
}

/// Positions along the axis, in the order in which maxima are taken.
fn runs(domain: &Domain, draw: Draw) -> Result<Vec<Vec<usize>>, Invalid> {
    super::pattern::check_axis("the draw direction", draw.direction.axis)?;
    let n = domain.counts()[draw.direction.axis];
    Ok(match draw.parting {
        None if draw.direction.forward => vec![(0..n).rev().collect()],
        None => vec![(0..n).collect()],
        Some(plane) if plane <= n => vec![(plane..n).rev().collect(), (0..plane).collect()],
        Some(plane) => {
            return Err(Invalid::Range {
                name: "the place of the parting plane",
                value: plane as f64,
                wanted: "inside the box, in cells",
            });
        }
    })
}

/// The domain whose free cells can be cast: those that lie ahead of a cell without material become void, where that cell has
/// cells of the design space behind it too. What is outside and below everything belongs to the other half of the mould.
///
/// # Errors
/// [`Invalid::Undercut`] where material is to be kept ahead of such a cell; as [`Casting::new`].
pub fn castable(domain: &Domain, draw: Draw) -> Result<Domain, Invalid> {
    let runs = runs(domain, draw)?;
    let lines = Lines::new(domain.counts(), Direction { forward: true, ..draw.direction });
    let material = |role: Role| matches!(role, Role::Free | Role::Solid);
    let mut roles = domain.roles().to_vec();
    let mut kept = 0;
    for line in 0..lines.count() {
        for run in &runs {
            // From behind to ahead.
            let (mut behind, mut blocked) = (false, false);
            for k in run.iter().rev() {
                let role = &mut roles[lines.cell(line, *k)];
                if !material(*role) {
                    blocked |= behind;
                } else if blocked {
                    kept += usize::from(*role == Role::Solid);
                    *role = Role::Void;
                } else {
                    behind = true;
                }
            }
        }
    }
    if kept > 0 {
        return Err(Invalid::Undercut { n: kept });
    }
    Domain::new(domain.counts(), roles)
}

impl Map for Casting {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; x.len()];
        for line in 0..self.lines.count() {
            for run in &self.runs {
                let mut most: Option<f64> = None;
                for k in run {
                    let cell = self.lines.cell(line, *k);
                    let y = most.map_or(x[cell], |m| larger(x[cell], m));
                    out[cell] = y / self.largest;
                    most = Some(y);
                }
            }
        }
        out
    }

    fn pull_back(&self, x: &[f64], y: &[f64], dy: Vec<f64>) -> Vec<f64> {
        let mut dx = vec![0.0; x.len()];
        for line in 0..self.lines.count() {
            for run in &self.runs {
                // What later cells of the run, those deeper in the mould, want of this one.
                let mut carried = 0.0;
                for at in (0..run.len()).rev() {
                    let cell = self.lines.cell(line, run[at]);
                    let d = dy[cell] / self.largest + carried;
                    if at == 0 {
                        dx[cell] = d;
                    } else {
                        let before = y[self.lines.cell(line, run[at - 1])] * self.largest;
                        let difference = x[cell] - before;
                        let share = 0.5 * (1.0 + difference / (difference * difference + ROUNDING).sqrt());
                        dx[cell] = share * d;
                        carried = (1.0 - share) * d;
                    }
                }
            }
        }
        dx
    }
}

#[cfg(test)]
mod tests {
    use super::super::map::tests::{agrees_with_differences, scattered};
    use super::*;

    fn draws(counts: [usize; 3]) -> Vec<Draw> {
        let all = Direction::ALL.into_iter().filter(|d| counts[d.axis] > 2);
        all.flat_map(|direction| [None, Some(2)].map(|parting| Draw { direction, parting })).collect()
    }

    #[test]
    fn densities_never_grow_along_the_draw_and_stay_near() {
        let domain = Domain::full([7, 6, 5]).unwrap();
        let x = scattered(210, 6);
        for draw in draws(domain.counts()) {
            let casting = Casting::new(&domain, draw).unwrap();
            let y = casting.apply(&x);
            for line in 0..casting.lines.count() {
                for run in &casting.runs {
                    let mut exact = 0.0f64;
                    let mut before = 0.0;
                    for k in run {
                        let cell = casting.lines.cell(line, *k);
                        exact = exact.max(x[cell]);
                        assert!(y[cell] >= before && (y[cell] - exact).abs() < 5e-3);
                        before = y[cell];
                    }
                }
            }
            assert!(casting.apply(&[1.0; 210]).iter().all(|y| (0.99..=1.0).contains(y)));
            agrees_with_differences(&casting, &x, 1e-5);
        }
    }

    #[test]
    fn nothing_is_cast_ahead_of_an_obstacle() {
        let forward = Draw { direction: Direction { axis: 0, forward: true }, parting: None };
        use Role::{Free as F, Outside as O, Solid as S, Void as V};
        let roles = |roles: Vec<Role>, draw| castable(&Domain::new([roles.len(), 1, 1], roles).unwrap(), draw);
        assert_eq!(roles(vec![O, F, F, V, F, F], forward).unwrap().roles(), [O, F, F, V, V, V]);
        assert_eq!(roles(vec![O, V, F, F, O], forward).unwrap().roles(), [O, V, F, F, O]);
        assert_eq!(roles(vec![F, V, S, S, F], forward), Err(Invalid::Undercut { n: 2 }));
        let parted = Draw { parting: Some(3), ..forward };
        assert_eq!(roles(vec![F, V, F, F, V, F], parted).unwrap().roles(), [V, V, F, F, V, V]);
        assert!(Casting::new(&Domain::full([3, 3, 3]).unwrap(), Draw { parting: Some(4), ..forward }).is_err());
    }
}
