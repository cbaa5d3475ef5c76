//! Tightening the bolts of a set-up on one mesh: how much shorter each shank gets, and what it then pulls with.
//!
//! Every bolt's unit of shortening is solved for beside the load cases. What shanks pull with is linear in all
//! shortenings, so those that give the preloads follow from a small symmetric system: all bolts at once, nothing else
//! loading the design. They stay locked there while each load case acts.

use crate::design::Issue;
use crate::element::tet::Inverted;
use crate::fitted::bolt::{Pull, Shank};
use crate::fitted::material::Materials;
use crate::fitted::recover::Raw;
use crate::fitted::{Mesh, Solution};
use crate::linear::dense::Cholesky;
use crate::linear::vector::axpy;
use crate::mechanics::bolt::{Bolt, Preload};
use crate::mechanics::fit::Held;
use crate::mechanics::setup::Setup;
use crate::study::StudyError;

/// What resists a bolt, as a share of its own shank's stiffness, below which nothing does.
const RESISTED_MIN: f64 = 1e-6;

/// Bolts on a mesh.
pub struct Bolts {
    pub shanks: Vec<Shank>,
    pulls: Vec<Pull>,
}

/// Bolts once tightened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tight {
    pub shanks: Vec<Shank>,
    /// How much shorter each shank got, m.
    pub shortening: Vec<f64>,
    /// What it pulls with when all are tightened and nothing else acts, N.
    pub preload: Vec<f64>,
    /// `[case][bolt]`: what it pulls with under the loads of the case, N.
    pub force: Vec<Vec<f64>>,
}

fn inverted(e: Inverted) -> StudyError {
    StudyError::Solver(e.to_string())
}

impl Bolts {
    /// Finds the free shanks; `n_nodes` counts the couplings' too.
    ///
    /// # Errors
    /// [`StudyError::Setup`] naming a bolt whose shank is attached all along.
    pub fn new(
        setup: &Setup,
        mesh: &Mesh,
        held: &Held,
        materials: Materials,
        n_nodes: usize,
    ) -> Result<Self, StudyError> {
        let mut out = Self { shanks: Vec::new(), pulls: Vec::new() };
        for bolt in &setup.bolts {
            let attached = held.attached(bolt.cylinder.axis);
            let shank = Shank::new(mesh, bolt.part, &bolt.cylinder, &attached).map_err(|[free, size]| {
                refuse(
                    bolt,
                    format!(
                        "no stretch of its shank is free: at most {:.3} mm between places that are bonded or held, where \
                         elements are {:.3} mm; leave a clearance about the shank, or choose a finer resolution",
                        free * 1e3,
                        size * 1e3
                    ),
                )
            })?;
            out.pulls.push(shank.pull(mesh, materials, n_nodes).map_err(inverted)?);
            out.shanks.push(shank);
        }
        Ok(out)
    }

    /// Nodal forces of a metre of shortening of each, N/m.
    pub fn units(&self) -> Vec<Vec<f64>> {
        self.pulls.iter().map(|p| p.forces.clone()).collect()
    }

    /// Adds the tightened bolts to the load cases: `solution` and `raw` have those first, then the units, which are taken
    /// off; `forces` are the cases' nodal forces, N.
    ///
    /// # Errors
    /// [`StudyError::Setup`] naming a bolt that nothing resists.
    pub fn tighten(
        self,
        setup: &Setup,
        mesh: &Mesh,
        materials: Materials,
        solution: &mut Solution,
        raw: &mut Vec<Raw>,
        forces: &mut [Vec<f64>],
    ) -> Result<Tight, StudyError> {
        let n_cases = setup.cases.len();
        let mut units = raw.split_off(n_cases);
        let moved = solution.u.split_off(n_cases);
        for ((shank, pull), raw) in self.shanks.iter().zip(&self.pulls).zip(&mut units) {
            shank.relieve(pull, raw);
        }
        let pulls = |raw: &Raw| -> Result<Vec<f64>, StudyError> {
            self.shanks.iter().map(|s| s.force(mesh, materials, raw).map_err(inverted)).collect()
        };
        // By bolt that is shortened, what each pulls with, N/m.
        let by_unit = units.iter().map(pulls).collect::<Result<Vec<_>, _>>()?;
        for (k, (bolt, pull)) in setup.bolts.iter().zip(&self.pulls).enumerate() {
            if !(by_unit[k][k] > RESISTED_MIN * pull.stiffness) {
                let message = "nothing resists it: what its two ends clamp must touch them and hold together";
                return Err(refuse(bolt, message.into()));
            }
        }
        let shortening = shortenings(&setup.bolts, &by_unit)?;
        let preload =
            (0..shortening.len()).map(|i| shortening.iter().zip(&by_unit).map(|(d, unit)| d * unit[i]).sum()).collect();
        for k in 0..n_cases {
            for (j, d) in shortening.iter().enumerate() {
                axpy(*d, &moved[j], &mut solution.u[k]);
                axpy(*d, &self.pulls[j].forces, &mut forces[k]);
                let to = raw[k].as_flattened_mut().as_flattened_mut();
                axpy(*d, units[j].as_flattened().as_flattened(), to);
            }
        }
        let force = raw.iter().map(pulls).collect::<Result<Vec<_>, _>>()?;
        Ok(Tight { shanks: self.shanks, shortening, preload, force })
    }
}

fn refuse(bolt: &Bolt, message: String) -> StudyError {
    StudyError::Setup(vec![Issue::error(&bolt.object, "faces", format!("{}: {message}", bolt.label))])
}

/// The shortenings, m, that give each bolt its preload, from what a metre of each makes all pull with, N/m.
fn shortenings(bolts: &[Bolt], by_unit: &[Vec<f64>]) -> Result<Vec<f64>, StudyError> {
    let mut out: Vec<f64> =
        bolts.iter().map(|b| if let Preload::Shortening(way) = b.preload { way } else { 0.0 }).collect();
    let wanted: Vec<(usize, f64)> = bolts
        .iter()
        .enumerate()
        .filter_map(|(i, b)| if let Preload::Force(f) = b.preload { Some((i, f)) } else { None })
        .collect();
    let n = wanted.len();
    let matrix = wanted.iter().flat_map(|(i, _)| wanted.iter().map(move |(j, _)| by_unit[*j][*i])).collect();
    let factor = Cholesky::new(n, matrix).map_err(|_| {
        StudyError::Solver("the bolts' preloads cannot be set one by one: two of them tighten the same place".into())
    })?;
    // The second round takes off what the solves left unsymmetric.
    for _ in 0..2 {
        let pull = |i: usize| out.iter().zip(by_unit).map(|(d, unit)| d * unit[i]).sum::<f64>();
        let mut off: Vec<f64> = wanted.iter().map(|(i, f)| f - pull(*i)).collect();
        factor.solve(&mut off);
        for ((i, _), d) in wanted.iter().zip(off) {
            out[*i] += d;
        }
    }
    Ok(out)
}
