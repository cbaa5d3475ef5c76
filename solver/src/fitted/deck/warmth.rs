//! Expansion with temperature in a deck.
//!
//! The strain from free of stress, at T₀, to T is `α(T) (T − Tᵣ) − α(T₀) (T₀ − Tᵣ)` with the reference temperature Tᵣ of a
//! secant coefficient α: what the language calls ZERO. Its ten-node elements read temperatures linearly between corners.

use crate::quantity::Curve;
use std::fmt::Write as _;

/// How a part expands.
#[derive(Clone, Debug, PartialEq)]
pub enum Expands {
    /// Alike in all directions: secant coefficient by temperature, 1/K over K, from a reference temperature, K.
    Even(Curve, f64),
    /// Along its own three directions, 1/K.
    Along([f64; 3]),
}

/// Temperatures of a mesh, K.
pub struct Warmth<'a> {
    /// At all nodes.
    pub temperature: &'a [f64],
    /// Free of stress.
    pub rest: f64,
    /// By part.
    pub expands: &'a [Expands],
}

impl Warmth<'_> {
    /// Of part `k`.
    pub(super) fn material(&self, s: &mut String, k: usize) {
        match &self.expands[k] {
            Expands::Even(curve, reference) => {
                let _ = writeln!(s, "*EXPANSION,ZERO={reference:.12e}");
                super::by_temperature(s, curve);
            }
            Expands::Along([a, b, c]) => {
                let _ = writeln!(s, "*EXPANSION,TYPE=ORTHO,ZERO={:.12e}\n{a:.12e},{b:.12e},{c:.12e}", self.rest);
            }
        }
    }

    pub(super) fn start(&self, s: &mut String) {
        // Without it, readers take the temperatures for degrees Celsius.
        s.push_str("*PHYSICAL CONSTANTS,ABSOLUTE ZERO=0.\n");
        let _ = writeln!(s, "*INITIAL CONDITIONS,TYPE=TEMPERATURE\nNALL,{:.12e}", self.rest);
    }

    /// For a step; `copies` are further nodes and those of the mesh they stand at, numbers and indices.
    pub(super) fn step(&self, s: &mut String, copies: impl Iterator<Item = (usize, u32)>) {
        s.push_str("*TEMPERATURE\n");
        let own = self.temperature.iter().enumerate().map(|(n, t)| (n + 1, *t));
        for (n, t) in own.chain(copies.map(|(number, n)| (number, self.temperature[n as usize]))) {
            let _ = writeln!(s, "{n},{t:.12e}");
        }
    }
}
