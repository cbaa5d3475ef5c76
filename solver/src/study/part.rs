//! What every study on a design's bodies reads first: the bodies that take part, with their materials, and faces of them.

use super::Case;
use super::isotropic::{self, Isotropic};
use super::orthotropic;
use crate::design::{Issue, Object, Severity, material, resolve};
use crate::element::tet::{Elasticity, Orthotropic, Strain};
use crate::fitted::ladder::Blank;
use crate::fitted::{Mesh, expansion};
use crate::geometry::{Model, select};
use crate::surface::SurfaceMesh;
use glam::{DMat3, DVec3};
use std::collections::BTreeSet;

/// A body that takes part.
pub struct Part<'a> {
    /// Index into the model's bodies.
    pub index: usize,
    pub name: String,
    pub label: String,
    pub surface: &'a SurfaceMesh,
    /// The design's own or of the library: mechanics reads it where the body has no orthotropic one.
    pub material: Isotropic,
    pub orthotropic: Option<Orthotropic>,
    /// kg/m³
    pub density: f64,
    /// Pa; an orthotropic body has none, because one number knows no directions.
    pub yield_strength: Option<f64>,
    pub volume: f64,
    pub area: f64,
}

impl Part<'_> {
    /// Stress from strain.
    pub fn elasticity(&self) -> Elasticity {
        let isotropic = || Elasticity::isotropic(self.material.youngs_modulus, self.material.poisson_ratio);
        self.orthotropic.as_ref().map_or_else(isotropic, Orthotropic::elasticity)
    }

    /// Smallest and largest Young's modulus over the directions, Pa.
    pub fn young(&self) -> [f64; 2] {
        let all = self.orthotropic.as_ref().map_or([self.material.youngs_modulus; 3], |o| o.young);
        [all.into_iter().fold(f64::INFINITY, f64::min), all.into_iter().fold(0.0, f64::max)]
    }

    /// Strain per kelvin, 1/K.
    pub fn expansion(&self) -> Strain {
        self.orthotropic.as_ref().map_or_else(|| expansion::even(self.material.expansion), Orthotropic::expansion)
    }

    /// Name and source of what mechanics takes for its material.
    pub fn matter(&self) -> (&str, &str) {
        match &self.orthotropic {
            Some(o) if o.source.is_empty() => (&o.name, "as typed in the design"),
            Some(o) => (&o.name, &o.source),
            None => (&self.material.name, &self.material.source),
        }
    }
}

/// The bodies that the study's property `bodies` names, all where it names none.
pub fn parts<'a>(case: &Case<'a>, issues: &mut Vec<Issue>) -> Vec<Part<'a>> {
    let chosen = case.study.refs("bodies");
    let model: &'a Model = case.model;
    let mut parts = Vec::new();
    let (resolved, _) = resolve(case.design);
    let orthotropic = orthotropic::read(case, &resolved, issues);
    let isotropic = isotropic::read(case, &resolved, issues);
    for (index, body) in model.bodies.iter().enumerate() {
        let feature = body.name.split('#').next().unwrap_or(&body.name);
        if !chosen.is_empty() && !chosen.iter().any(|id| id.0 == feature) {
            continue;
        }
        let surface: &'a SurfaceMesh = body.body.surface();
        let typed = isotropic.iter().find(|(o, _)| o.refs("bodies").iter().any(|id| id.0 == feature));
        let typed = typed.map(|(_, material)| material.clone());
        let Some(material) = typed.or_else(|| material(&body.material).map(Isotropic::from)) else {
            issues.push(Issue::error(
                case.study,
                "bodies",
                format!("{}: its material '{}' is not in the library; choose another", body.label, body.material),
            ));
            continue;
        };
        let (mut volume, mut area) = (0.0, 0.0);
        for (t, corners) in surface.triangles.iter().enumerate() {
            let cross = DVec3::from(surface.triangle_cross(t));
            volume += DVec3::from(surface.points[corners[0] as usize]).dot(cross) / 6.0;
            area += 0.5 * cross.length();
        }
        if !(volume > 0.0 && area.is_finite()) {
            issues.push(Issue::error(
                case.study,
                "bodies",
                format!("{}: it has no volume; its surface may be inside out or open", body.label),
            ));
            continue;
        }
        let own = orthotropic.iter().find(|(o, _)| o.refs("bodies").iter().any(|id| id.0 == feature));
        // Copies take their directions along; those typed are of the body that the feature itself made.
        let original = model.bodies.iter().find(|b| b.name == feature).map_or(DMat3::IDENTITY, |b| b.turn);
        let own = own.map(|(_, m)| Orthotropic { frame: body.turn * original.transpose() * m.frame, ..m.clone() });
        parts.push(Part {
            index,
            name: body.name.clone(),
            label: body.label.clone(),
            surface,
            density: own.as_ref().map_or(material.density, |o| o.density),
            yield_strength: if own.is_some() { None } else { material.yield_strength },
            material,
            orthotropic: own,
            volume,
            area,
        });
    }
    let own = orthotropic.iter().map(|(o, _)| o).chain(isotropic.iter().map(|(o, _)| o));
    for (object, id) in own.flat_map(|o| o.refs("bodies").into_iter().map(move |id| (o, id))) {
        if !model.bodies.iter().any(|b| b.name.split('#').next() == Some(id.0.as_str())) {
            let name = case.design.get(&id).map_or_else(|| id.to_string(), |o| o.name.clone());
            let message = format!("{name} has no body of its own: pick the feature that started the body");
            issues.push(Issue::error(object, "bodies", message));
        }
    }
    for id in &chosen {
        if !model.bodies.iter().any(|b| b.name.split('#').next() == Some(id.0.as_str())) {
            let name = case.design.get(id).map_or_else(|| id.to_string(), |o| o.name.clone());
            issues.push(Issue::error(
                case.study,
                "bodies",
                format!("{name} made no body; mend it or take it off the list"),
            ));
        }
    }
    if parts.is_empty() && !issues.iter().any(|i| i.severity == Severity::Error) {
        issues.push(Issue::error(case.study, "bodies", "There is no body to solve: add a feature first"));
    }
    parts
}

/// Faces that `object` means among `parts`, as `(body, face)` of the model; none left is an issue at it.
pub fn faces_of(case: &Case, parts: &[Part], object: &Object, issues: &mut Vec<Issue>) -> Vec<(usize, usize)> {
    let (mut faces, found) = select::faces(case.design, case.model, object);
    issues.extend(found);
    let all = faces.len();
    faces.retain(|(b, _)| parts.iter().any(|p| p.index == *b));
    if faces.is_empty() && all > 0 {
        issues.push(Issue::error(object, "faces", "Its faces belong to bodies that this study leaves out"));
    } else if faces.is_empty() {
        issues.push(Issue::error(object, "faces", "It has no face left to act on: pick one or more"));
    }
    faces
}

/// The bodies, to be meshed.
pub fn blanks<'m>(parts: &'m [Part], model: &'m Model) -> Vec<Blank<'m>> {
    parts
        .iter()
        .map(|p| Blank { label: &p.label, volume: p.volume, area: p.area, body: &*model.bodies[p.index].body })
        .collect()
}

/// Facets of `faces`, `(body, face)` of the model, among the parts' meshes: indices into [`Mesh::facets`].
pub fn facets_of(mesh: &Mesh, parts: &[Part], faces: &[(usize, usize)]) -> Vec<usize> {
    let wanted: BTreeSet<(u32, u32)> = faces
        .iter()
        .filter_map(|(body, face)| Some((parts.iter().position(|p| p.index == *body)? as u32, *face as u32)))
        .collect();
    (0..mesh.facets.len()).filter(|i| wanted.contains(&(mesh.facets[*i].part, mesh.facets[*i].face))).collect()
}

/// Bodies whose bounds come within `reach`, m, of each other, as groups of [`Part::index`]: those are taken as bonded where
/// they touch.
pub fn touching(parts: &[Part], reach: f64) -> Vec<Vec<usize>> {
    let bounds: Vec<_> = parts.iter().map(|p| p.surface.bounds()).collect();
    let mut group: Vec<usize> = (0..parts.len()).collect();
    for i in 0..bounds.len() {
        for j in 0..i {
            let (Some((l, u)), Some((m, v))) = (bounds[i], bounds[j]) else { continue };
            if (0..3).all(|a| l[a] <= v[a] + reach && m[a] <= u[a] + reach) {
                let (from, to) = (group[i], group[j]);
                group.iter_mut().filter(|g| **g == from).for_each(|g| *g = to);
            }
        }
    }
    let members = |root: usize| (0..parts.len()).filter(|i| group[*i] == root).map(|i| parts[i].index).collect();
    (0..parts.len()).map(members).filter(|m: &Vec<usize>| !m.is_empty()).collect()
}
