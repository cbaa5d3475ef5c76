//! A set-up on tetrahedra: its materials, and its supports and loads on the nodes.

use super::Hold;
use super::load::{self, Applied};
use super::patch::Patch;
use super::setup::{Part, Setup};
use crate::design::Issue;
use crate::element::tet::{Elasticity, matrix};
use crate::fitted::facet::FacetPatch;
use crate::fitted::{Facet, FittedError, Mesh, hold, push};
use crate::geometry::Model;
use crate::linear::constraint::Constraints;
use crate::study::StudyError;
use crate::study::part::facets_of;
use glam::DVec3;
use std::collections::BTreeSet;

impl Setup<'_> {
    /// By part.
    pub fn elasticities(&self) -> Vec<Elasticity> {
        let of = |p: &Part| Elasticity::isotropic(p.material.youngs_modulus, p.material.poisson_ratio);
        self.parts.iter().map(of).collect()
    }

    /// By part, kg/m³.
    pub fn densities(&self) -> Vec<f64> {
        self.parts.iter().map(|p| p.material.density).collect()
    }

    /// Names of the parts and of their materials with their sources.
    pub fn names(&self) -> Vec<(String, String)> {
        let of = |p: &Part| (p.label.clone(), format!("{}: {}", p.material.name, p.material.source));
        self.parts.iter().map(of).collect()
    }
}

/// The facets of `faces`, `(body, face)`, among the parts.
fn facets<'m>(mesh: &'m Mesh, parts: &[Part], faces: &[(usize, usize)]) -> Vec<&'m Facet> {
    facets_of(mesh, parts, faces).into_iter().map(|i| &mesh.facets[i]).collect()
}

/// Supports, rigid couplings and bonds as constraints, and how many nodes are bonded.
///
/// # Errors
/// [`StudyError::Setup`] naming a coupling that cannot be.
pub fn hold(setup: &Setup, mesh: &Mesh) -> Result<(Constraints<3>, usize), StudyError> {
    let mut held = Constraints::<3>::new(mesh.points.len());
    let mut taken: BTreeSet<u32> = BTreeSet::new();
    for support in &setup.supports {
        let on = facets(mesh, &setup.parts, &support.faces);
        taken.extend(on.iter().flat_map(|f| f.nodes));
        match support.hold {
            Hold::Fixed => hold::fix(&mut held, on.into_iter()),
            Hold::Sliding => hold::slide(mesh, &mut held, on.into_iter()),
        }
    }
    for one in setup.loads.iter().filter(|l| l.rigid) {
        let on = FacetPatch::new(mesh, facets(mesh, &setup.parts, &one.faces).into_iter());
        let nodes = on.nodes();
        taken.extend(&nodes);
        held.couple(on.patch.centroid, &nodes, &mesh.points).map_err(|e| {
            let message = format!("{}: {e}", one.object.name);
            StudyError::Setup(vec![Issue::error(&one.object, "coupling", message)])
        })?;
    }
    let n_bonded = if mesh.parts.len() > 1 { hold::bond(mesh, &mut held, &taken) } else { 0 };
    Ok((held, n_bonded))
}

/// Nodal forces of every case, N, and their resultants; `n_nodes` counts the couplings' too.
///
/// # Errors
/// [`StudyError::Setup`] naming a load that its faces cannot take.
pub fn forces(
    model: &Model,
    setup: &Setup,
    mesh: &Mesh,
    n_nodes: usize,
) -> Result<(Vec<Vec<f64>>, Vec<Applied>), StudyError> {
    let mut forces: Vec<Vec<f64>> = setup.cases.iter().map(|_| vec![0.0; 3 * n_nodes]).collect();
    let mut applied = vec![Applied::default(); setup.cases.len()];
    for (at, one) in setup.loads.iter().enumerate() {
        let on = facets(mesh, &setup.parts, &one.faces);
        let patch = if one.by_points {
            // Shares go by the points of the body's own surface, which no refinement changes.
            FacetPatch::at(mesh, &on, &Patch::vertices(model, &one.faces).points)
        } else {
            FacetPatch::new(mesh, on.into_iter())
        };
        let spread = load::forces(&patch.patch, one.traction).map_err(|e| {
            StudyError::Setup(vec![Issue::error(&one.object, "faces", format!("{}: {e}", one.object.name))])
        })?;
        let (mut force, mut moment) = (DVec3::ZERO, DVec3::ZERO);
        for (p, f) in patch.patch.points.iter().zip(&spread) {
            force += *f;
            moment += p.at.cross(*f);
        }
        for (k, case) in setup.cases.iter().enumerate() {
            for (_, factor) in case.loads.iter().filter(|l| l.0 == at) {
                patch.carry(&spread, *factor, &mut forces[k]);
                applied[k].force += force * *factor;
                applied[k].moment += moment * *factor;
            }
        }
    }
    for (k, case) in setup.cases.iter().enumerate().filter(|c| c.1.gravity != DVec3::ZERO) {
        for (part, span) in setup.parts.iter().zip(&mesh.parts) {
            let weight = case.gravity * part.material.density;
            for t in span.tets.clone() {
                let f =
                    matrix::body_force(&mesh.nodes(t), |_| weight).map_err(|e| StudyError::Solver(e.to_string()))?;
                for (n, f) in mesh.tets[t].iter().zip(f) {
                    push(&mut forces[k], *n, f);
                    applied[k].force += f;
                    applied[k].moment += mesh.points[*n as usize].cross(f);
                }
            }
        }
    }
    Ok((forces, applied))
}

/// What a person reads where a problem has no solution.
pub fn failed(mesh: &Mesh, error: FittedError) -> StudyError {
    match error {
        FittedError::Cancelled => StudyError::Cancelled,
        FittedError::Loose if mesh.parts.len() > 1 => StudyError::Solver(
            "the supports leave a motion free, or a body touches no other; hold more faces, or move the bodies together"
                .into(),
        ),
        other => StudyError::Solver(other.to_string()),
    }
}
