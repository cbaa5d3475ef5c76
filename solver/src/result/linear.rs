//! Linearisation of stress along a line through a wall: membrane, bending and peak, as pressure-vessel codes judge them.
//!
//! Sources: ASME BPVC VIII-2, Annex 5-A (stress integration method); EN 13445-3, Annex C.

use super::path::Path;
use super::tensor::{Tensor, principal, tresca, turned, von_mises};
use crate::quantity::Dimension;
use crate::study::outcome::{Cell, Table};
use glam::DVec3;
use serde::{Deserialize, Serialize};

/// Pieces that the line is integrated in, with three Gauss points each: exact for polynomials of degree five on each piece,
/// so for the first moment of a cubic and of what quadratic elements hold.
const PIECES: usize = 64;
const GAUSS: [(f64, f64); 3] =
    [(0.112_701_665_379_258_31, 5.0 / 18.0), (0.5, 8.0 / 18.0), (0.887_298_334_620_741_7, 5.0 / 18.0)];

/// Numbers below this share of the largest are rounding.
const NOISE: f64 = 1e-9;

/// Which components bend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// ASME VIII-2, 5-A.4.1.2: only those across the line; the stress along it and the shear on its plane bend nothing.
    #[default]
    Asme,
    /// EN 13445-3, Annex C: every component.
    All,
}

/// Stress along a line, taken apart. Tensors stand in `axes`: along the line, then two directions across.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linearised {
    /// Length of the line, m.
    pub thickness: f64,
    pub axes: [DVec3; 3],
    pub membrane: Tensor,
    /// At the start; at the end it is the opposite.
    pub bending: Tensor,
    /// The stress itself at the start and at the end.
    pub total: [Tensor; 2],
}

impl Linearised {
    /// Takes apart `stress`, in the axes of the model, at shares 0 to 1 of `path`; `None` where it is unknown somewhere, or
    /// the line has no length.
    pub fn new(path: &Path, rule: Rule, stress: impl Fn(f64) -> Option<Tensor>) -> Option<Self> {
        let along = (DVec3::from(path.to) - DVec3::from(path.from)).try_normalize()?;
        let across = along.any_orthonormal_vector();
        let axes = [along, across, along.cross(across)];
        let (mut membrane, mut moment) = ([0.0; 6], [0.0; 6]);
        for piece in 0..PIECES {
            for (at, weight) in GAUSS {
                let x = (piece as f64 + at) / PIECES as f64;
                let s = turned(stress(x)?, axes);
                for c in 0..6 {
                    membrane[c] += s[c] * weight / PIECES as f64;
                    // 6/t² ∫ σ (t/2 − x) dx over the thickness.
                    moment[c] += 6.0 * s[c] * (0.5 - x) * weight / PIECES as f64;
                }
            }
        }
        if rule == Rule::Asme {
            // Normal along the line, and the two shears that lie in planes with it.
            [0, 3, 5].into_iter().for_each(|c| moment[c] = 0.0);
        }
        let total = [turned(stress(0.0)?, axes), turned(stress(1.0)?, axes)];
        let out = Self { thickness: path.length(), axes, membrane, bending: moment, total };
        out.is_finite().then_some(out)
    }

    fn is_finite(&self) -> bool {
        [self.membrane, self.bending, self.total[0], self.total[1]].iter().flatten().all(|x| x.is_finite())
    }

    /// Membrane and bending together at the share `x` of the line.
    pub fn linear(&self, x: f64) -> Tensor {
        std::array::from_fn(|c| self.membrane[c] + (1.0 - 2.0 * x) * self.bending[c])
    }

    /// A part in the axes of the model.
    pub fn in_model(&self, part: Tensor) -> Tensor {
        turned(part, [0, 1, 2].map(|k| DVec3::new(self.axes[0][k], self.axes[1][k], self.axes[2][k])))
    }

    /// What the linear part leaves at the start (0) and at the end (1).
    pub fn peak(&self, end: usize) -> Tensor {
        let linear = self.linear(end as f64);
        std::array::from_fn(|c| self.total[end][c] - linear[c])
    }

    /// The parts by name, in the order of the codes.
    pub fn parts(&self) -> Vec<(&'static str, Tensor)> {
        let end = |t: Tensor| t.map(|x| -x);
        vec![
            ("Membrane", self.membrane),
            ("Bending, start", self.bending),
            ("Bending, end", end(self.bending)),
            ("Membrane + bending, start", self.linear(0.0)),
            ("Membrane + bending, end", self.linear(1.0)),
            ("Peak, start", self.peak(0)),
            ("Peak, end", self.peak(1)),
            ("Total, start", self.total[0]),
            ("Total, end", self.total[1]),
        ]
    }

    /// The parts as a table: components, principal stresses, von Mises, Tresca, Pa.
    pub fn table(&self) -> Table {
        let names = ["σn", "σt", "σb", "τnt", "τtb", "τbn", "σ₁", "σ₂", "σ₃", "Von Mises", "Tresca"];
        let mut columns = vec![("Part".to_string(), Dimension::NONE)];
        columns.extend(names.map(|n| (n.to_string(), Dimension::PRESSURE)));
        let largest =
            self.total.iter().chain([&self.membrane, &self.bending]).map(|s| von_mises(*s)).fold(0.0, f64::max);
        // What rounding leaves of a zero is not worth reading.
        let clean = move |x: f64| if x.abs() < NOISE * largest { 0.0 } else { x };
        let row = |(name, s): (&str, Tensor)| {
            let all = s.into_iter().chain(principal(s)).chain([von_mises(s), tresca(s)]).map(clean);
            std::iter::once(Cell::Text(name.into())).chain(all.map(Cell::Number)).collect()
        };
        Table {
            id: "linearised".into(),
            label: "Stress along the line, linearised".into(),
            columns,
            rows: self.parts().into_iter().map(row).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONG_X: Path = Path { from: [0.2, 0.0, 0.0], to: [0.7, 0.0, 0.0] };

    #[test]
    fn a_line_and_a_cubic_are_taken_apart_exactly() {
        // σyy = 3 + 8 (1 − 2x) + 5 (2x − 1)³: the cubic's own membrane is 0, its bending −3/5 of 5 at the start.
        let stress = |x: f64| {
            let z = 1.0 - 2.0 * x;
            Some([2.0 * z, 3.0 + 8.0 * z - 5.0 * z.powi(3), 1.0, 4.0 * z, 6.0 * z, 0.0])
        };
        let all = Linearised::new(&ALONG_X, Rule::All, stress).unwrap();
        // In the axes of the model again.
        let back = |t: Tensor| all.in_model(t);
        let near = |found: Tensor, truth: Tensor| {
            assert!(found.iter().zip(truth).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} {truth:?}");
        };
        near(back(all.membrane), [0.0, 3.0, 1.0, 0.0, 0.0, 0.0]);
        near(back(all.bending), [2.0, 5.0, 0.0, 4.0, 6.0, 0.0]);
        near(back(all.peak(0)), [0.0, -2.0, 0.0, 0.0, 0.0, 0.0]);
        near(back(all.peak(1)), [0.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
        near(back(all.linear(0.5)), back(all.membrane));
        // By ASME neither the stress along the line nor the shear on its plane bends.
        let asme = Linearised::new(&ALONG_X, Rule::Asme, stress).unwrap();
        near(back(asme.bending), [0.0, 5.0, 0.0, 0.0, 6.0, 0.0]);
        near(back(asme.peak(0)), [2.0, -2.0, 0.0, 4.0, 0.0, 0.0]);
    }

    #[test]
    fn a_tube_under_pressure_gives_the_closed_form() {
        // Lamé, r from a to b under inner pressure p: σr, σθ = A ∓ B/r², A = p a²/(b² − a²), B = A b².
        let (a, b, p) = (0.05, 0.09, 20e6);
        let big_a = p * a * a / (b * b - a * a);
        let big_b = big_a * b * b;
        let path = Path { from: [a, 0.0, 0.0], to: [b, 0.0, 0.0] };
        let stress = |x: f64| {
            let r = a + (b - a) * x;
            Some([big_a - big_b / (r * r), big_a + big_b / (r * r), 0.3, 0.0, 0.0, 0.0])
        };
        let found = Linearised::new(&path, Rule::Asme, stress).unwrap();
        // The hoop membrane balances the pressure: p a / t. Its bending: 6/t² ∫ σθ (t/2 − x) dx.
        let t = b - a;
        let hoop = |s: Tensor| found.in_model(s)[1];
        assert!((hoop(found.membrane) / (p * a / t) - 1.0).abs() < 1e-9);
        let integral = big_b * ((a + t / 2.0) * (1.0 / a - 1.0 / b) - (b / a).ln());
        let bending = 6.0 / (t * t) * integral;
        assert!((hoop(found.bending) / bending - 1.0).abs() < 1e-7, "{} {bending}", hoop(found.bending));
        assert!((hoop(found.total[0]) - (big_a + big_b / (a * a))).abs() < 1e-3);
    }

    #[test]
    fn a_gap_or_a_point_is_no_wall() {
        let gap = |x: f64| (x < 0.4).then_some([1.0; 6]);
        assert!(Linearised::new(&ALONG_X, Rule::All, gap).is_none());
        let point = Path { from: [1.0; 3], to: [1.0; 3] };
        assert!(Linearised::new(&point, Rule::All, |_| Some([1.0; 6])).is_none());
        assert!(Linearised::new(&ALONG_X, Rule::All, |_| Some([f64::NAN; 6])).is_none());
    }
}
