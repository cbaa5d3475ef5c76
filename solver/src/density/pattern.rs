//! Designs that repeat: mirrored about planes, constant along an axis.
//!
//! Both replace the free cells of a group by their mean, which is a projection and its own transpose. Cells that are kept,
//! avoided or outside stay what they are: a hole across an extrusion is drilled afterwards.

use super::{Direction, Domain, Invalid, Lines, Map, Role};
use serde::{Deserialize, Serialize};

/// A plane of symmetry across an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Plane {
    pub axis: usize,
    /// Where it lies, in half cells from the box's lower side: the middle of the box is at its count of cells.
    pub half_cells: usize,
}

/// Means over each cell and its mirror.
#[derive(Clone, Debug)]
pub struct Mirror {
    /// The mirror of each free cell that has a free one; itself elsewhere.
    partner: Vec<u32>,
}

impl Mirror {
    /// # Errors
    /// [`Invalid::Range`] for an axis that is none, or a plane beyond the box.
    pub fn new(domain: &Domain, plane: Plane) -> Result<Self, Invalid> {
        let counts = domain.counts();
        check_axis("the axis of a plane of symmetry", plane.axis)?;
        let n = counts[plane.axis];
        if plane.half_cells == 0 || plane.half_cells >= 2 * n {
            return Err(Invalid::Range {
                name: "the place of a plane of symmetry",
                value: plane.half_cells as f64,
                wanted: "inside the box, in half cells",
            });
        }
        let lines = Lines::new(counts, Direction { axis: plane.axis, forward: true });
        let mut partner: Vec<u32> = (0..domain.n_cells() as u32).collect();
        for line in 0..lines.count() {
            for k in 0..n {
                let Some(m) = (plane.half_cells - 1).checked_sub(k).filter(|m| *m < n) else { continue };
                let (cell, mirror) = (lines.cell(line, k), lines.cell(line, m));
                if domain.is_free(cell) && domain.is_free(mirror) {
                    partner[cell] = mirror as u32;
                }
            }
        }
        Ok(Self { partner })
    }
}

impl Map for Mirror {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.partner).map(|(x0, p)| 0.5 * (x0 + x[*p as usize])).collect()
    }

    fn pull_back(&self, _: &[f64], _: &[f64], dy: Vec<f64>) -> Vec<f64> {
        self.apply(&dy)
    }

    fn is_linear(&self) -> bool {
        true
    }
}

/// Means over the free cells of every line along an axis.
#[derive(Clone, Debug)]
pub struct Extrusion {
    lines: Lines,
    free: Vec<bool>,
}

impl Extrusion {
    /// # Errors
    /// [`Invalid::Range`] for an axis that is none.
    pub fn new(domain: &Domain, axis: usize) -> Result<Self, Invalid> {
        check_axis("the axis of an extrusion", axis)?;
        Ok(Self {
            lines: Lines::new(domain.counts(), Direction { axis, forward: true }),
            free: domain.roles().iter().map(|r| *r == Role::Free).collect(),
        })
    }
}

impl Map for Extrusion {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let mut out = x.to_vec();
        for line in 0..self.lines.count() {
            let cells = || (0..self.lines.len()).map(|k| self.lines.cell(line, k)).filter(|c| self.free[*c]);
            let (sum, n) = cells().fold((0.0, 0.0), |(s, n), c| (s + x[c], n + 1.0));
            cells().for_each(|c| out[c] = sum / n);
        }
        out
    }

    fn pull_back(&self, _: &[f64], _: &[f64], dy: Vec<f64>) -> Vec<f64> {
        self.apply(&dy)
    }

    fn is_linear(&self) -> bool {
        true
    }
}

pub(crate) fn check_axis(name: &'static str, axis: usize) -> Result<(), Invalid> {
    if axis < 3 { Ok(()) } else { Err(Invalid::Range { name, value: axis as f64, wanted: "0, 1 or 2" }) }
}

#[cfg(test)]
mod tests {
    use super::super::map::tests::{agrees_with_differences, scattered};
    use super::*;

    fn domain() -> Domain {
        let mut roles = vec![Role::Free; 6 * 5 * 4];
        roles[17] = Role::Solid;
        roles[44] = Role::Outside;
        Domain::new([6, 5, 4], roles).unwrap()
    }

    #[test]
    fn mirrored_designs_are_symmetric() {
        let domain = domain();
        let x = scattered(120, 4);
        for axis in 0..3 {
            let n = domain.counts()[axis];
            for half_cells in [n, n - 1, n + 2] {
                let mirror = Mirror::new(&domain, Plane { axis, half_cells }).unwrap();
                let y = mirror.apply(&x);
                assert_eq!(mirror.apply(&y), y, "a projection");
                let moved = mirror.partner.iter().enumerate().filter(|(i, p)| *i != **p as usize).count();
                assert!(moved > 40 && (0..120).all(|i| y[i] == y[mirror.partner[i] as usize]));
                agrees_with_differences(&mirror, &x, 1e-6);
            }
        }
        assert!(Mirror::new(&domain, Plane { axis: 0, half_cells: 12 }).is_err());
    }

    #[test]
    fn extruded_designs_are_constant() {
        let domain = domain();
        let x = scattered(120, 8);
        for axis in 0..3 {
            let extrusion = Extrusion::new(&domain, axis).unwrap();
            let y = extrusion.apply(&x);
            for line in 0..extrusion.lines.count() {
                let mut values = (0..extrusion.lines.len())
                    .map(|k| extrusion.lines.cell(line, k))
                    .filter(|c| domain.is_free(*c))
                    .map(|c| y[c]);
                let first = values.next().unwrap();
                assert!(values.all(|v| v == first));
            }
            assert_eq!(y[17], x[17]);
            agrees_with_differences(&extrusion, &x, 1e-6);
        }
        assert!(Extrusion::new(&domain, 3).is_err());
    }
}
