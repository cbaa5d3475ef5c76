//! What every study on a design's bodies reads first: the bodies that take part, with their materials, and faces of them.

use super::Case;
use super::bond::Bonded;
use super::isotropic::{self, Isotropic};
use super::matter::Thermal;
use super::orthotropic;
use super::question::materials;
use super::resolution::Refined;
use crate::design::{Issue, Object, ROOM, Severity, describe_face, material, resolve};
use crate::element::tet::{Elasticity, Orthotropic, Strain};
use crate::fitted::deck::warmth::Expands;
use crate::fitted::ladder::Blank;
use crate::fitted::{Mesh, expansion};
use crate::geometry::{Model, select};
use crate::quantity::Curve;
use crate::surface::SurfaceMesh;
use glam::{DMat3, DVec3};
use std::collections::BTreeSet;

/// The material objects of one `kind` that a study's bodies have, each as `one` reads it. One with an issue is left out.
pub fn own_materials<M>(
    case: &Case,
    kind: &str,
    issues: &mut Vec<Issue>,
    one: impl Fn(&Object) -> Result<M, Issue>,
) -> Vec<(Object, M)> {
    let mut out: Vec<(Object, M)> = Vec::new();
    for object in materials(case.design, case.study).filter(|o| !o.suppressed && o.kind == kind) {
        let material = match one(object) {
            Ok(material) => material,
            Err(issue) => {
                issues.push(issue);
                continue;
            }
        };
        for id in object.refs("bodies") {
            if let Some((other, _)) = out.iter().find(|(o, _)| o.refs("bodies").contains(&id)) {
                let body = case.design.get(&id).map_or_else(|| id.to_string(), |o| o.name.clone());
                let message = format!("{body} is of {} already: take it off one of the two", other.name);
                issues.push(Issue::error(object, "bodies", message));
            }
        }
        out.push((object.clone(), material));
    }
    out
}

/// A body that takes part.
pub struct Part<'a> {
    /// Index into the model's bodies.
    pub index: usize,
    pub name: String,
    pub label: String,
    pub surface: &'a SurfaceMesh,
    /// Mechanics reads it where the body has no orthotropic one, and heat what that does not give.
    pub material: Isotropic,
    pub orthotropic: Option<Orthotropic>,
    /// Heat reads it.
    pub thermal: Thermal,
    /// kg/m³
    pub density: f64,
    pub volume: f64,
    pub area: f64,
}

impl Part<'_> {
    /// Stress from strain at a temperature, K.
    pub fn elasticity(&self, temperature: f64) -> Elasticity {
        self.orthotropic.as_ref().map_or_else(|| self.material.elasticity(temperature), Orthotropic::elasticity)
    }

    /// Whether its stiffness depends on temperature.
    pub fn softens(&self) -> bool {
        self.orthotropic.is_none() && !self.material.is_steady()
    }

    /// Young's modulus, Pa, and Poisson's ratio at room temperature, for what knows one of each.
    pub fn at_room(&self) -> [f64; 2] {
        [self.material.young.at(ROOM), self.material.poisson.at(ROOM)]
    }

    /// Yield strength over temperature, Pa; an orthotropic body has none, because one number knows no directions.
    pub fn strength(&self) -> Option<&Curve> {
        self.material.yield_strength.as_ref().filter(|_| self.orthotropic.is_none())
    }

    /// Smallest and largest Young's modulus over the directions at room temperature, Pa.
    pub fn young(&self) -> [f64; 2] {
        let all = self.orthotropic.as_ref().map_or([self.at_room()[0]; 3], |o| o.young);
        [all.into_iter().fold(f64::INFINITY, f64::min), all.into_iter().fold(0.0, f64::max)]
    }

    /// Strain of free expansion from `rest` to `temperature`, K.
    pub fn growth(&self, rest: f64, temperature: f64) -> Strain {
        match &self.orthotropic {
            Some(o) => o.expansion().map(|a| a * (temperature - rest)),
            None => expansion::even(self.material.growth(rest, temperature)),
        }
    }

    /// The same for a deck.
    pub fn expands(&self) -> Expands {
        let even = || Expands::Even(self.material.expansion.clone(), self.material.reference);
        self.orthotropic.as_ref().map_or_else(even, |o| Expands::Along(o.expansion))
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
    let resolved = resolve(case.design).0;
    let orthotropic = orthotropic::read(case, &resolved, issues);
    let isotropic = isotropic::read(case, &resolved, issues);
    for (index, body) in model.bodies.iter().enumerate() {
        let feature = body.name.split('#').next().unwrap_or(&body.name);
        if !chosen.is_empty() && !chosen.iter().any(|id| id.0 == feature) {
            continue;
        }
        let surface: &'a SurfaceMesh = body.body.surface();
        let typed = isotropic.iter().find(|(o, _)| o.refs("bodies").iter().any(|id| id.0 == feature));
        let found = typed.map(|(_, m)| m.clone()).or_else(|| material(&body.material).map(Isotropic::from));
        let Some(material) = found else {
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
        let own = own.map(|(_, ply)| (ply, body.turn * original.transpose() * ply.elastic.frame));
        let thermal = Thermal::of(&material, own);
        let own = own.map(|(ply, frame)| Orthotropic { frame, ..ply.elastic.clone() });
        parts.push(Part {
            index,
            name: body.name.clone(),
            label: body.label.clone(),
            surface,
            density: own.as_ref().map_or(material.density, |o| o.density),
            material,
            orthotropic: own,
            thermal,
            volume,
            area,
        });
    }
    let typed = orthotropic.iter().map(|(o, _)| o).chain(isotropic.iter().map(|(o, _)| o));
    for (object, id) in typed.flat_map(|o| o.refs("bodies").into_iter().map(move |id| (o, id))) {
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

/// The faces that property `key` names, each of which some body must have.
pub fn named(case: &Case, key: &str, label: &str, issues: &mut Vec<Issue>) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    for name in case.study.faces(key) {
        let pieces = select::named(case.model, &name);
        if pieces.is_empty() {
            let face = describe_face(case.design, &name);
            let message = format!("{label}: no body has the face {face} now; pick another, or take it out");
            issues.push(Issue::error(case.study, key, message));
        }
        out.extend(pieces);
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// The bodies, to be meshed.
pub fn blanks<'m>(parts: &'m [Part], model: &'m Model, refined: &Refined) -> Vec<Blank<'m>> {
    let blank = |p: &'m Part| {
        let own = refined.faces.iter().filter(|(body, _)| *body == p.index);
        let named = own.map(|(_, face)| (p.surface.faces[*face].name.clone(), refined.size));
        Blank {
            label: &p.label,
            volume: p.volume,
            area: p.area,
            body: &*model.bodies[p.index].body,
            face_sizes: named.collect(),
        }
    };
    parts.iter().map(blank).collect()
}

/// Facets of `faces`, `(body, face)` of the model, among the parts' meshes: indices into [`Mesh::facets`].
pub fn facets_of(mesh: &Mesh, parts: &[Part], faces: &[(usize, usize)]) -> Vec<usize> {
    let wanted: BTreeSet<(u32, u32)> = faces
        .iter()
        .filter_map(|(body, face)| Some((parts.iter().position(|p| p.index == *body)? as u32, *face as u32)))
        .collect();
    (0..mesh.facets.len()).filter(|i| wanted.contains(&(mesh.facets[*i].part, mesh.facets[*i].face))).collect()
}

/// Bodies whose bounds come within `near`, m, of each other, as groups of [`Part::index`]: those are taken as bonded where
/// they touch. Bodies that are bonded across gaps may be as far apart as these are wide.
pub fn touching(parts: &[Part], near: f64, bonded: &Bonded) -> Vec<Vec<usize>> {
    let bounds: Vec<_> = parts.iter().map(|p| p.surface.bounds()).collect();
    let mut group: Vec<usize> = (0..parts.len()).collect();
    for i in 0..bounds.len() {
        for j in 0..i {
            let (Some((l, u)), Some((m, v))) = (bounds[i], bounds[j]) else { continue };
            let gap = if bonded.joins(parts[i].index, parts[j].index) { bonded.width } else { 0.0 };
            let reach = near.max(gap);
            if (0..3).all(|a| l[a] <= v[a] + reach && m[a] <= u[a] + reach) {
                let (from, to) = (group[i], group[j]);
                group.iter_mut().filter(|g| **g == from).for_each(|g| *g = to);
            }
        }
    }
    let members = |root: usize| (0..parts.len()).filter(|i| group[*i] == root).map(|i| parts[i].index).collect();
    (0..parts.len()).map(members).filter(|m: &Vec<usize>| !m.is_empty()).collect()
}
