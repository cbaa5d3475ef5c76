//! What a run takes of memory, but for its physics: so that who plans it need not try.
//!
//! Counted from the arrays that [`super::optimization`] and the maps have at once, in numbers per cell of the box: where a
//! step solves, and where it improves the design, for which the vectors of the solve have been given back.

use super::pipeline::{Filter, Process};
use super::setup::{Goal, Optimiser, Setup};

/// Bytes per cell of the box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Footprint {
    /// Between two steps.
    pub held: f64,
    /// On top of that while the physics solves, and its answer.
    pub solving: f64,
    /// On top of what is held while the design is improved.
    pub improving: f64,
}

/// Bytes of a number, and what a flag or a role is of it.
const NUMBER: f64 = 8.0;
const FLAG: f64 = 1.0 / NUMBER;
/// Derivatives on their way back through a filter: what comes, without what lies outside, and what goes.
const PULLED: f64 = 3.0;

impl Footprint {
    /// Most that a run of `setup` takes in whose physics `n_cases` load cases act.
    pub fn new(setup: &Setup, n_cases: usize) -> Self {
        let n = n_cases as f64;
        // Casting keeps the cells of every line; printing what its layers carry while it is pulled back.
        let (process_held, process_maps, process_pulled) = match setup.process {
            Process::Any => (0.0, 0.0, 0.0),
            Process::Extruded { .. } => (FLAG, 1.0, 0.0),
            Process::Cast { .. } => (3.0, 1.0, 0.0),
            Process::Printed { .. } => (FLAG, 2.0, 3.0),
        };
        let n_mirrors = setup.symmetry.len() as f64;
        let has_projection = f64::from(u8::from(setup.sharpening.is_some()));
        // The design, its filter, and what is imposed at the end.
        let stages = 3.0 + n_mirrors + process_maps + has_projection;
        // The equation's conjugate gradients: solution, residual, direction, its image, and the residual divided.
        let equation = if matches!(setup.filter, Filter::Helmholtz { .. }) { 5.0 } else { 0.0 };
        // Of a robust run two chains, and the design between them.
        let all_stages = if setup.sharpening.is_some_and(|s| s.robust.is_some()) { 2.0 * stages + 1.0 } else { stages };
        let asymptotes = matches!(setup.optimiser, Optimiser::Asymptotes(_));
        let memory = if asymptotes { 4.0 } else { 0.0 };
        // Design, weights of the filter; roles, and two flags of the filter and the widest member.
        let held = 2.0 + 3.0 * FLAG + 0.5 * n_mirrors + process_held + memory;
        // The widest member has stages of its own, and sums over balls and rows.
        let bulk = if setup.size_max.is_some() { stages + PULLED + 4.0 } else { 0.0 };
        let limits = match setup.goal {
            Goal::Stiffness { .. } => 1.0,
            Goal::Volume { .. } | Goal::Strength { .. } => n,
        };
        // Ratios, the design tried and its volume, or what is approximated: six numbers per variable, its bounds, the next design.
        let update = if asymptotes { 1.0 + limits + 9.0 } else { 5.0 };
        // A limit on stress solves again within a step: what pulls at each cell and node, with sums, and forces as a list.
        let pulled =
            if matches!(setup.goal, Goal::Strength { .. }) { 3.0 + n * (1.0 + 2.0 + 4.0 + 7.0 + 3.0) } else { 0.0 };
        let solving = all_stages + 1.0 + n + pulled + equation;
        // Derivatives of stiffness and of volume, and of the goal.
        let improving = all_stages + n + 3.0 + PULLED + process_pulled + update + bulk + equation;
        Self { held: NUMBER * held, solving: NUMBER * solving, improving: NUMBER * improving }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::density::oc::Criteria;
    use crate::density::pipeline::Sharpening;

    #[test]
    fn what_is_asked_for_more_takes_more() {
        let plain = Setup {
            optimiser: Optimiser::Criteria(Criteria::default()),
            ..Setup::new(Goal::Stiffness { volume_max: 0.3 }, 1, 2.0)
        };
        let of = |setup: &Setup, n| Footprint::new(setup, n);
        let least = of(&plain, 1);
        // The design, the filter's weights and a few flags; three stages, stiffness and energies.
        assert_eq!((least.held, least.solving), (19.0, 40.0));
        let sharp = Sharpening { beta_start: 1.0, beta_end: 64.0, robust: Some(0.25) };
        let robust = of(&Setup { sharpening: Some(sharp), ..plain.clone() }, 1);
        assert_eq!(robust.solving - least.solving, 8.0 * 6.0, "two chains of four stages, and the design between");
        let wide = of(&Setup { size_max: Some(6.0), ..plain.clone() }, 1);
        assert!(wide.improving > least.improving && wide.solving == least.solving);
        let moving = of(&Setup::new(Goal::Stiffness { volume_max: 0.3 }, 1, 2.0), 1);
        assert_eq!(moving.held - least.held, 8.0 * 4.0, "two designs and their asymptotes");
        let strong = of(&Setup::new(Goal::Strength { stress_max: 1e6 }, 2, 2.0), 2);
        assert!(strong.solving > of(&Setup::new(Goal::Volume { compliance_max: vec![1.0; 2] }, 2, 2.0), 2).solving);
        assert!(of(&plain, 4).solving > least.solving);
        assert_eq!(
            of(&Setup { filter: Filter::Helmholtz { radius: 2.0 }, ..plain.clone() }, 1).solving - least.solving,
            8.0 * 5.0,
            "vectors of its solve"
        );
    }
}
