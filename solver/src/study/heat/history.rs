//! What every mesh said, and the bands that follow.

use super::solve::Stage;
use crate::fitted::heat::Law;
use crate::fitted::peak::{self, Level, Peaks};
use crate::fitted::recover::{self, Estimate};
use crate::study::part::facets_of;
use crate::study::thermal::Setup;
use std::collections::BTreeSet;

/// Safety on Richardson's extrapolation.
const SAFETY: f64 = 1.25;
/// What remains however fine the mesh: the solver's tolerance, as a share of the range of temperatures or of the heat.
const FLOOR: f64 = 1e-4;
/// What bonds between meshes that do not match leave, as a share of the relative error in energy: 0.1 was measured on bars.
const BONDED: f64 = 0.2;

/// An extreme temperature, K, and where.
pub type Extreme = (f64, [f64; 3]);

/// What one mesh says of one state.
pub struct Said {
    pub lowest: Extreme,
    pub highest: Extreme,
    /// Heat into the bodies, W: kept boundaries, the others, parts.
    pub flows: Vec<f64>,
    /// Estimated relative error in the norm of energy.
    pub error: f64,
    /// Largest heat fluxes, by part.
    pub peaks: Vec<Peaks>,
}

/// What all meshes so far say.
#[derive(Default)]
pub struct History {
    /// `[part][level]`
    levels: Vec<Vec<Level>>,
    pub unknowns: Vec<usize>,
    pub n_tets: Vec<usize>,
    pub iterations: u32,
    /// Whether bodies are bonded.
    bonded: bool,
    /// `[level][state]`
    pub said: Vec<Vec<Said>>,
    /// How far recovered and computed fluxes lie apart on the last mesh, `[state][node]`, W/m².
    pub disagreement: Vec<Vec<f64>>,
}

impl History {
    /// Adds a stage.
    pub fn note(&mut self, setup: &Setup, stage: &Stage) {
        let mesh = &stage.mesh;
        let size = |q: &[f64; 3]| q.iter().map(|c| c * c).sum::<f64>().sqrt();
        let values: Vec<Vec<f64>> = stage.states.iter().map(|s| s.flux.iter().map(size).collect()).collect();
        let kept: Vec<(usize, usize)> = setup.kept().flat_map(|b| b.faces.clone()).collect();
        let kept: BTreeSet<usize> = facets_of(mesh, &setup.parts, &kept).into_iter().collect();
        let suspect = peak::suspects(mesh, &kept, &stage.bonds);
        self.levels.resize_with(setup.parts.len(), Vec::new);
        for (part, levels) in self.levels.iter_mut().enumerate() {
            levels.push(Level::new(mesh, part, &stage.patches, &stage.sizes, &values, &suspect));
        }
        self.unknowns.push(stage.unknowns);
        self.n_tets.push(mesh.tets.len());
        self.iterations += stage.iterations;
        self.bonded = stage.n_bonded > 0;
        self.disagreement =
            stage.states.iter().map(|s| recover::apart(mesh, &s.raw, &s.flux, |q: &[f64; 3]| size(q))).collect();
        let said = (0..stage.states.len()).map(|k| {
            let state = &stage.states[k];
            let at = |n: usize| (state.temperature[n], mesh.points[n].to_array());
            let by_value = |a: &usize, b: &usize| state.temperature[*a].total_cmp(&state.temperature[*b]);
            let nodes = || 0..mesh.points.len();
            let of_part = |part: usize| {
                let nodes = mesh.parts[part].nodes.clone();
                peak::peaks(&self.levels[part], k, &self.disagreement[k][nodes])
            };
            Said {
                lowest: nodes().min_by(by_value).map_or((0.0, [0.0; 3]), at),
                highest: nodes().max_by(by_value).map_or((0.0, [0.0; 3]), at),
                flows: state.flows.all().collect(),
                error: Estimate::relative(&state.estimate),
                peaks: (0..mesh.parts.len()).filter_map(of_part).collect(),
            }
        });
        let said = said.collect();
        self.said.push(said);
    }

    /// What is left of a change between the two last meshes.
    fn left(&self, of: impl Fn(&[Said]) -> f64) -> Option<f64> {
        let [.., before, last] = &self.said[..] else { return None };
        let n = self.n_tets.len();
        let ratio = (self.n_tets[n - 1] as f64 / self.n_tets[n - 2] as f64).cbrt();
        // Temperatures converge at one order more than the norm of energy where the mesh follows the error.
        Some(SAFETY * (of(last) - of(before)).abs() / (ratio.powi(2) - 1.0).max(0.3))
    }

    /// What the estimated error in energy and the solver's tolerance leave of a state, as a share of the whole.
    fn share(&self, said: &Said) -> f64 {
        let bonds = if self.bonded { BONDED * said.error } else { 0.0 };
        said.error.powi(2) + bonds + FLOOR
    }

    /// Range of temperatures over all states on the last mesh, K.
    pub fn range(&self) -> f64 {
        let last = self.said.last().map_or(&[][..], Vec::as_slice);
        let low = last.iter().map(|s| s.lowest.0).fold(f64::INFINITY, f64::min);
        let high = last.iter().map(|s| s.highest.0).fold(f64::NEG_INFINITY, f64::max);
        (high - low).max(0.0)
    }

    /// The last mesh's value of an extreme of state `k` with its band, K; `steps` is the error of the steps in time, K.
    pub fn extreme(&self, k: usize, of: impl Fn(&Said) -> Extreme, steps: f64) -> (Extreme, Option<f64>) {
        let Some(last) = self.said.last() else { return ((0.0, [0.0; 3]), None) };
        let (value, at) = of(&last[k]);
        let more = self.share(&last[k]) * self.range() + steps + 1e-9 * value;
        ((value, at), self.left(|s| of(&s[k]).0).map(|left| left + more))
    }

    /// Heat through the boundary `i` of state `k`, W, with its band; what is given is known.
    pub fn flow(&self, setup: &Setup, k: usize, i: usize, steps: f64) -> (f64, Option<f64>) {
        let Some(last) = self.said.last() else { return (0.0, None) };
        let value = last[k].flows[i];
        let n_kept = setup.kept().count();
        let given = match i.checked_sub(n_kept) {
            None => false,
            Some(j) => setup.passing().nth(j).is_none_or(|(_, law, _)| law == Law::Flux),
        };
        if given {
            return (value, Some(1e-9 * value.abs()));
        }
        let passed = 0.5 * last[k].flows.iter().map(|q| q.abs()).sum::<f64>();
        // Steps in time that leave a share of the range of temperatures leave about that of the heat.
        let steps = if self.range() > 0.0 { steps / self.range() } else { 0.0 };
        let more = (self.share(&last[k]) + steps) * passed;
        (value, self.left(|s| s[k].flows[i]).map(|left| left + more))
    }

    /// Whether the extremes of every state are known to within `accuracy` of the range of temperatures.
    pub fn within(&self, accuracy: f64, steps: f64) -> bool {
        let allowed = accuracy * self.range();
        let n = self.said.last().map_or(0, Vec::len);
        (0..n).all(|k| {
            let ((low, _), below) = self.extreme(k, |s| s.lowest, steps);
            let ((high, _), above) = self.extreme(k, |s| s.highest, steps);
            // Where all is of one temperature, nothing is left to refine.
            let floor = 1e-6 * high.abs().max(low.abs());
            [below, above].iter().all(|b| b.is_some_and(|b| b <= allowed.max(floor)))
        })
    }
}
