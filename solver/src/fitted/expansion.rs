//! Thermal expansion as an initial strain: the forces it asks for, and the stress it spares.
//!
//! `σ = C (ε − α ΔT 1)`: bodies are loaded by `∫ Bᵀ C α ΔT 1`, and what the displacements give is less by the same stress.

use super::recover::Raw;
use super::{Mesh, push};
use crate::element::tet::matrix::{self, Strain, Stress};
use crate::element::tet::{Elasticity, FOUR_POINTS, Inverted, shape};
use rayon::prelude::*;

/// How much warmer than free of stress every element is at its four integration points, K.
pub type Rise = Vec<[f64; 4]>;

/// The rise from temperatures at all nodes, K, over the temperature that is free of stress.
pub fn rise(mesh: &Mesh, temperature: &[f64], free: f64) -> Rise {
    let at = |tet: &[u32; 10], l: &[f64; 4]| {
        shape::<10>(l).iter().zip(tet).map(|(n, i)| n * temperature[*i as usize]).sum::<f64>() - free
    };
    mesh.tets.iter().map(|tet| std::array::from_fn(|p| at(tet, &FOUR_POINTS[p].at))).collect()
}

/// Strain per kelvin of a body that expands alike in all directions, 1/K.
pub fn even(expansion: f64) -> Strain {
    [expansion, expansion, expansion, 0.0, 0.0, 0.0]
}

/// C α ΔT at the integration points of an element, Pa.
fn hindered(material: &Elasticity, expansion: &Strain, rise: &[f64; 4]) -> [Stress; 4] {
    rise.map(|t| material.stress(&expansion.map(|a| a * t)))
}

/// Adds the loads that stand for the expansion, N, three per node; materials and strains per kelvin, 1/K, by part.
///
/// # Errors
/// [`Inverted`].
pub fn load(
    mesh: &Mesh,
    materials: &[Elasticity],
    expansions: &[Strain],
    rise: &Rise,
    f: &mut [f64],
) -> Result<(), Inverted> {
    let each = (0..mesh.tets.len())
        .into_par_iter()
        .map(|t| {
            let part = mesh.part_of(t);
            let material = &materials[part];
            let stress = hindered(material, &expansions[part], &rise[t]);
            matrix::internal_force(&mesh.nodes(t), std::slice::from_ref(material), &stress)
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
pub fn relieve(mesh: &Mesh, materials: &[Elasticity], expansions: &[Strain], rise: &Rise, raw: &mut Raw) {
    raw.par_iter_mut().enumerate().for_each(|(t, raw)| {
        let part = mesh.part_of(t);
        for (s, free) in raw.iter_mut().zip(hindered(&materials[part], &expansions[part], &rise[t])) {
            for c in 0..6 {
                s[c] -= free[c];
            }
        }
    });
}
