//! Limits on what is sought: whether the whole of the space could keep them, and how far a design is over them.

use super::brief::Goal;
use super::solve::Plan;
use super::solver::{Solver, SolverError};
use crate::density::optimization::Optimization;
use crate::density::physics::Physics;
use crate::density::setup;
use crate::density::stress;
use crate::design::Issue;
use crate::quantity::{Dimension, Quantity, UnitSystem, format};

/// How far over its limit a design may end without a word, as a share of it.
pub const OVER_MAX: f64 = 0.01;
/// Share of the free cells of the whole space whose stress a better shape may take away: notches and edges. What more of them
/// feel is what the section has to carry, which less material only raises.
const NOTCHED: f64 = 0.01;
/// Of a first solve, whose displacements are not the last digits'.
const SLACK: f64 = 1e-3;

/// Stiffness of all that may be filled: no design of the set-up has more.
pub fn whole(run: &Optimization) -> Vec<f64> {
    let mut x = vec![1.0; run.domain().n_cells()];
    run.domain().impose(&mut x);
    run.stiffness(&x)
}

impl Plan<'_> {
    /// How far a design of these compliances, J, or largest stresses, Pa, is over its limit, by load case and as a share of the
    /// limit: above 0 it is over. Empty where none but the volume is limited.
    pub fn over(&self, compliance: &[f64], stress: &[f64]) -> Vec<f64> {
        match &self.wishes.goal {
            setup::Goal::Stiffness { .. } => Vec::new(),
            setup::Goal::Volume { compliance_max } => {
                compliance.iter().zip(compliance_max).map(|(c, limit)| c / limit - 1.0).collect()
            }
            setup::Goal::Strength { stress_max } => stress.iter().map(|s| s / stress_max - 1.0).collect(),
        }
    }

    /// How far a design is over the volume that it may have, as a share of that; of a smallest member the limit holds for the
    /// dilated design, which the middle one follows from afar.
    fn over_volume(&self, density: &[f64]) -> f64 {
        match &self.wishes.goal {
            setup::Goal::Stiffness { volume_max } => {
                density.iter().sum::<f64>() / (self.region.cells.len() as f64 * volume_max) - 1.0
            }
            setup::Goal::Volume { .. } | setup::Goal::Strength { .. } => f64::NEG_INFINITY,
        }
    }

    /// How far the present design is over its limit, solved for it; the largest of the load cases. A volume needs no solve.
    ///
    /// # Errors
    /// [`SolverError`].
    pub fn over_now(&self, run: &Optimization, solver: &mut Solver) -> Result<f64, SolverError> {
        let density = run.density();
        if matches!(self.wishes.goal, setup::Goal::Stiffness { .. }) {
            return Ok(self.over_volume(&density));
        }
        let response = solver.solve(&run.stiffness(&density))?;
        let stress = solver.largest_stress(&density);
        Ok(self.over(&response.compliance, &stress).into_iter().fold(f64::NEG_INFINITY, f64::max))
    }

    /// What is wrong with a limit that not even the whole space keeps; where the next solve starts stays as it is.
    ///
    /// No design is stiffer than the space filled with all that may be. Stress at its notches a shape may take away, but not
    /// that of more than [`NOTCHED`] of its cells.
    ///
    /// # Errors
    /// [`SolverError`].
    pub fn unreachable(&self, run: &Optimization, solver: &mut Solver) -> Result<Option<Issue>, SolverError> {
        if matches!(self.wishes.goal, setup::Goal::Stiffness { .. }) {
            return Ok(None);
        }
        let before = solver.values();
        let response = solver.solve(&whole(run))?;
        let best: Vec<f64> = match self.brief.goal {
            Goal::Stress(_) => solver.stresses().iter().map(|s| self.borne(run, s)).collect(),
            _ => response.compliance,
        };
        solver.restore(&before);
        let over = match self.brief.goal {
            Goal::Stress(_) => self.over(&[], &best),
            _ => self.over(&best, &[]),
        };
        let worst = over.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        Ok(worst.filter(|(_, over)| **over > SLACK).and_then(|(case, _)| self.refused(case, best[case])))
    }

    /// Stress that all but [`NOTCHED`] of the free cells stay below, Pa.
    fn borne(&self, run: &Optimization, stress: &[f64]) -> f64 {
        let free = stress.iter().enumerate().filter(|(c, _)| run.domain().is_free(*c));
        let mut free: Vec<f64> = free.map(|(_, s)| stress::relaxed(1.0, *s)).collect();
        free.sort_by(f64::total_cmp);
        let at = ((1.0 - NOTCHED) * free.len() as f64) as usize;
        free.get(at.min(free.len().saturating_sub(1))).copied().unwrap_or(0.0)
    }

    /// The limit of load case `case`, of which the whole space reaches `best`, J or Pa.
    fn refused(&self, case: usize, best: f64) -> Option<Issue> {
        let words = |value, dimension| format(Quantity::new(value, dimension), UnitSystem::Millimetre, 4);
        let size = self.nodes.sizes.get(case).copied().unwrap_or(0.0).max(f64::MIN_POSITIVE);
        let (key, label, limit, best, does) = match self.brief.goal {
            Goal::Displacement(d) => {
                let of = |d| words(d, Dimension::LENGTH);
                ("displacement", "Displacement at most", of(d), of(best / size), "moves by")
            }
            Goal::Compliance(c) => {
                let of = |c| words(c, Dimension::MOMENT);
                ("compliance", "Compliance at most", of(c), of(best), "has a compliance of")
            }
            Goal::Stress(s) => {
                let of = |s| words(s, Dimension::PRESSURE);
                ("stress", "Stress at most", of(s), of(best), "away from its notches bears")
            }
            Goal::Share(_) | Goal::Conduction(_) => return None,
        };
        let cases = self.brief.cases();
        let under =
            cases.get(case).filter(|_| cases.len() > 1).map_or(String::new(), |c| format!(" under {}", c.label));
        let message = format!(
            "{label}: no body in the design space keeps {limit}, for all of it filled {does} {best}{under}; allow more than that, \
             or give more space, a stiffer material or smaller loads"
        );
        Some(Issue::error(self.case.study, key, message))
    }

    /// A design that ended over its limit, in words; `None` where it is over by no more than [`OVER_MAX`].
    pub fn missed(&self, density: &[f64], over: &[f64]) -> Option<String> {
        let worst = over.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let (case, most) = worst.unwrap_or((0, self.over_volume(density)));
        if most <= OVER_MAX {
            return None;
        }
        let label = match self.brief.goal {
            Goal::Displacement(_) => "Displacement at most",
            Goal::Compliance(_) => "Compliance at most",
            Goal::Stress(_) => "Stress at most",
            Goal::Share(_) | Goal::Conduction(_) => "Share of the space, or mass, at most",
        };
        let cases = self.brief.cases();
        let is_one_of = cases.len() > 1 && !over.is_empty();
        let under = cases.get(case).filter(|_| is_one_of).map_or(String::new(), |c| format!(" under {}", c.label));
        Some(format!(
            "{label}: the design ends {:.1} % above its limit{under}; allow more iterations, more cells or more than that limit",
            100.0 * most
        ))
    }
}
