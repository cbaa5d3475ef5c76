//! What answers for the structure: elasticity on the cells of the space, and the stress in them.

use super::region::Region;
use crate::density::elastic::{Accuracy, Displacement, Elastic, ElasticError, Load};
use crate::density::physics::{Physics, Pulled, Response};
use crate::density::stress::{self, Brick, Corners};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// Stiffness of the space's cells from that of all: cells at its border have as much as lies in it.
pub fn relative(region: &Region, stiffness: &[f64]) -> Vec<f64> {
    region.cells.iter().zip(&region.fill).map(|(c, fill)| stiffness[*c as usize] * fill).collect()
}

/// Values of the space's cells on all cells, each by the share of it that lies in the space.
pub fn whole(region: &Region, values: Vec<f64>) -> Vec<f64> {
    let mut out = vec![0.0; region.grid.n_cells()];
    let shares = region.cells.iter().zip(&region.fill);
    shares.zip(values).for_each(|((c, fill), e)| out[*c as usize] = e * fill);
    out
}

/// Elasticity on the cells of the space.
pub struct Structure<'a> {
    pub elastic: Elastic,
    pub loads: &'a [Vec<Load>],
    pub region: &'a Region,
    /// Full material.
    pub brick: Brick,
    /// Of the last solve: where the next begins.
    pub last: Option<Displacement>,
    pub accuracy: Accuracy,
    pub cancel: &'a AtomicBool,
}

impl Structure<'_> {
    /// Displacements of a cell's corners under a load case.
    fn corners(&self, u: &Displacement, case: usize, cell: usize) -> Corners {
        let at = self.region.grid.position(cell);
        std::array::from_fn(|n| {
            let place = std::array::from_fn(|a| at[a] + (n >> a & 1));
            u.at(case, place).unwrap_or_default()
        })
    }

    /// Largest relaxed stress of the free cells by load case, Pa.
    pub fn largest(&self, density: &[f64]) -> Vec<f64> {
        let most = |stress: Vec<f64>| {
            let judged = stress.iter().zip(density).enumerate().filter(|(c, _)| self.region.domain.is_free(*c));
            judged.map(|(_, (s, d))| stress::relaxed(*d, *s)).fold(0.0, f64::max)
        };
        self.stresses().into_iter().map(most).collect()
    }
}

impl Physics for Structure<'_> {
    type Error = ElasticError;

    fn n_cases(&self) -> usize {
        self.loads.len()
    }

    fn solve(&mut self, stiffness: &[f64]) -> Result<Response, ElasticError> {
        self.elastic.update(&relative(self.region, stiffness))?;
        let cancel = self.cancel;
        let go_on = |_, _| !cancel.load(Ordering::Relaxed);
        let (u, _) = self.elastic.solve(self.loads, self.last.take(), self.accuracy, cancel, go_on)?;
        let compliance = self.elastic.compliances(self.loads, &u)?;
        let energies = self.elastic.energies(&u).into_iter().map(|e| whole(self.region, e)).collect();
        self.last = Some(u);
        Ok(Response { compliance, energies })
    }

    fn stresses(&self) -> Vec<Vec<f64>> {
        let Some(u) = &self.last else { return Vec::new() };
        let one = |case: usize| {
            let mut out = vec![0.0; self.region.grid.n_cells()];
            let of = |c: &u32| self.brick.von_mises(&self.corners(u, case, *c as usize));
            let found: Vec<f64> = self.region.cells.par_iter().map(of).collect();
            self.region.cells.iter().zip(found).for_each(|(c, s)| out[*c as usize] = s);
            out
        };
        (0..self.n_cases()).map(one).collect()
    }

    fn pulls(&mut self, density: &[f64], slopes: &[Vec<f64>]) -> Result<Vec<Pulled>, ElasticError> {
        let Some(u) = self.last.take() else { return Ok(Vec::new()) };
        let pulls: Vec<stress::Pull> = slopes
            .iter()
            .enumerate()
            .map(|(case, slope)| {
                let corners = |cell: usize| self.corners(&u, case, cell);
                stress::pull(&self.region.domain, &self.brick, density, corners, slope)
            })
            .collect();
        let [nx, ny, _] = self.region.grid.counts.map(|n| n + 1);
        let forces = |pull: &stress::Pull| -> Vec<Load> {
            let pulled = pull.nodes.iter().enumerate().filter(|(_, f)| **f != [0.0; 3]);
            pulled.map(|(n, force)| Load { at: [n % nx, n / nx % ny, n / (nx * ny)], force: *force }).collect()
        };
        let loads: Vec<Vec<Load>> = pulls.iter().map(forces).collect();
        let cancel = self.cancel;
        let go_on = |_, _| !cancel.load(Ordering::Relaxed);
        // From nothing, so that a run that was resumed takes the same way.
        let solved = self.elastic.solve(&loads, None, self.accuracy, cancel, go_on);
        let mutual = solved.map(|(adjoint, _)| self.elastic.mutual(&adjoint, &u));
        self.last = Some(u);
        let all = pulls.into_iter().zip(mutual?);
        Ok(all.map(|(pull, mutual)| Pulled { explicit: pull.density, mutual: whole(self.region, mutual) }).collect())
    }
}
