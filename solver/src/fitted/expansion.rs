//! Thermal expansion as an initial strain: the forces it asks for, and the stress it spares.
//!
//! `σ = C (ε − ε₀)` with the strain ε₀ of free expansion: bodies are loaded by `∫ Bᵀ C ε₀`, and what the displacements give
//! is less by the same stress.

use super::material::Materials;
use super::recover::Raw;
use super::{Mesh, push};
use crate::element::tet::matrix::{self, Strain, Stress};
use crate::element::tet::{Elasticity, FOUR_POINTS, Inverted, shape};
use rayon::prelude::*;

/// Strain of free expansion at the four integration points of every element.
pub type Free = Vec<[Strain; 4]>;

/// A value given at all nodes, at the four integration points of every element.
pub fn at_points(mesh: &Mesh, nodal: &[f64]) -> Vec<[f64; 4]> {
    let at = |tet: &[u32; 10], l: &[f64; 4]| {
        shape::<10>(l).iter().zip(tet).map(|(n, i)| n * nodal[*i as usize]).sum::<f64>()
    };
    mesh.tets.iter().map(|tet| std::array::from_fn(|p| at(tet, &FOUR_POINTS[p].at))).collect()
}

/// The strain of free expansion at temperatures at the integration points, K; `strain(part, temperature)`.
pub fn free(mesh: &Mesh, temperature: &[[f64; 4]], strain: impl Fn(usize, f64) -> Strain) -> Free {
    let of = |(t, points): (usize, &[f64; 4])| {
        let part = mesh.part_of(t);
        points.map(|temperature| strain(part, temperature))
    };
    temperature.iter().enumerate().map(of).collect()
}

/// A strain alike in all directions.
pub fn even(strain: f64) -> Strain {
    [strain, strain, strain, 0.0, 0.0, 0.0]
}

/// C ε₀ at the integration points of an element, Pa.
fn hindered(c: &[Elasticity], free: &[Strain; 4]) -> [Stress; 4] {
    std::array::from_fn(|p| matrix::at(c, p).stress(&free[p]))
}

/// Adds the loads that stand for the expansion, N, three per node.
///
/// # Errors
/// [`Inverted`].
pub fn load<'a>(mesh: &Mesh, materials: impl Into<Materials<'a>>, free: &Free, f: &mut [f64]) -> Result<(), Inverted> {
    let materials = materials.into();
    let each = (0..mesh.tets.len())
        .into_par_iter()
        .map(|t| {
            let c = materials.of(mesh, t);
            matrix::internal_force(&mesh.nodes(t), c, &hindered(c, &free[t]))
        })
        .collect::<Result<Vec<_>, _>>()?;
    for (tet, forces) in mesh.tets.iter().zip(each) {
        for (n, force) in tet.iter().zip(forces) {
            push(f, *n, force);
        }
    }
    Ok(())
}

/// Takes out of the stresses that displacements give, Pa, what free expansion does without.
pub fn relieve<'a>(mesh: &Mesh, materials: impl Into<Materials<'a>>, free: &Free, raw: &mut Raw) {
    let materials = materials.into();
    raw.par_iter_mut().enumerate().for_each(|(t, raw)| {
        for (s, free) in raw.iter_mut().zip(hindered(materials.of(mesh, t), &free[t])) {
            for c in 0..6 {
                s[c] -= free[c];
            }
        }
    });
}
