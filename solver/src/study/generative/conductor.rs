//! What answers for a conductor: heat on the cells of the space.

use super::region::Region;
use super::structure::{relative, whole};
use crate::density::elastic::Accuracy;
use crate::density::physics::{Physics, Response};
use crate::density::thermal::{Conduction, Load, Rise, ThermalError};
use std::sync::atomic::{AtomicBool, Ordering};

/// Conduction on the cells of the space.
pub struct Conductor<'a> {
    pub conduction: Conduction,
    pub loads: &'a [Vec<Load>],
    pub region: &'a Region,
    /// Of the last solve: where the next begins.
    pub last: Option<Rise>,
    pub accuracy: Accuracy,
    pub cancel: &'a AtomicBool,
}

impl Physics for Conductor<'_> {
    type Error = ThermalError;

    fn n_cases(&self) -> usize {
        self.loads.len()
    }

    fn solve(&mut self, stiffness: &[f64]) -> Result<Response, ThermalError> {
        self.conduction.update(&relative(self.region, stiffness))?;
        let cancel = self.cancel;
        let go_on = |_, _| !cancel.load(Ordering::Relaxed);
        let (rise, _) = self.conduction.solve(self.loads, self.last.take(), self.accuracy, cancel, go_on)?;
        let compliance = self.conduction.compliances(self.loads, &rise)?;
        let energies = self.conduction.energies(&rise).into_iter().map(|e| whole(self.region, e)).collect();
        self.last = Some(rise);
        Ok(Response { compliance, energies })
    }
}
