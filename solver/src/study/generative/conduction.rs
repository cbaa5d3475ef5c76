//! Where heat enters and leaves, as the design has it, for the study that seeks the best conductor.

use crate::design::{Issue, Object, Resolved};
use crate::fitted::heat::Conductivity;
use crate::study::form::thermal::boundaries;
use crate::study::part::{Part, faces_of};
use crate::study::{Case, isotropic};

/// Temperatures that differ by less are one, K.
const SAME: f64 = 1e-6;

/// Faces kept at the one temperature.
pub struct Sink {
    pub object: Object,
    pub faces: Vec<(usize, usize)>,
}

/// Where heat is put in.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// `(body, face)` of the model.
    Faces(Vec<(usize, usize)>),
    /// All of the design space if `space`, and the given bodies to keep: indices into the model's.
    Bodies { space: bool, kept: Vec<usize> },
}

/// Heat put in.
pub struct Heat {
    pub object: Object,
    pub place: Place,
    /// W if `total`, else W/m² or W/m³.
    pub value: f64,
    pub total: bool,
}

/// Everything about heat that a run needs.
pub struct Conduction {
    pub sinks: Vec<Sink>,
    pub heats: Vec<Heat>,
    /// Of the sinks, K.
    pub temperature: f64,
    /// Of the material there, W/(m K).
    pub conductivity: f64,
}

impl Conduction {
    /// Reads the boundaries that the study sees; `kept` are the model's bodies to keep.
    pub fn read(case: &Case, resolved: &Resolved, parts: &[Part], kept: &[usize], issues: &mut Vec<Issue>) -> Self {
        issues.extend(super::check_heat(case.design, case.study));
        let (mut sinks, mut heats) = (Vec::new(), Vec::new());
        let mut first: Option<(String, f64)> = None;
        for object in boundaries(case.design, case.study) {
            let mut number = |key: &str| match resolved.number(object, key) {
                Ok(value) => Some(value),
                Err(issue) => {
                    issues.push(issue);
                    None
                }
            };
            let total = object.choice("by") == "total";
            match object.kind.as_str() {
                "temperature" => {
                    let value = number("temperature");
                    let faces = faces_of(case, parts, object, issues);
                    sinks.push(Sink { object: object.clone(), faces });
                    match (value, &first) {
                        (Some(value), None) => first = Some((object.name.clone(), value)),
                        (Some(value), Some((other, known))) if (value - known).abs() > SAME => {
                            let message = format!(
                                "{} has another temperature than {other}: heat would flow from one to the other whatever the \
                                 loads; give both the same",
                                object.name
                            );
                            issues.push(Issue::error(object, "temperature", message));
                        }
                        _ => {}
                    }
                }
                "heat_flux" => {
                    let value = number(if total { "power" } else { "flux" });
                    let place = Place::Faces(faces_of(case, parts, object, issues));
                    heats.extend(value.map(|value| Heat { object: object.clone(), place, value, total }));
                }
                "heat_source" => {
                    let value = number(if total { "power" } else { "density" });
                    let place = bodies(case, parts, kept, object, issues);
                    heats.extend(value.map(|value| Heat { object: object.clone(), place, value, total }));
                }
                _ => {}
            }
        }
        let temperature = first.map_or(crate::design::ROOM, |(_, t)| t);
        let conductivity = parts.first().map_or(1.0, |p| p.material.conductivity.at(temperature));
        let this = Self { sinks, heats, temperature, conductivity };
        this.check_matter(case, parts, issues);
        this.check_faces(issues);
        this
    }

    /// Faces that stay: those kept at a temperature and those that heat enters by.
    pub fn faces(&self) -> impl Iterator<Item = (usize, usize)> {
        let entered = self.heats.iter().filter_map(|h| if let Place::Faces(f) = &h.place { Some(f) } else { None });
        self.sinks.iter().map(|s| &s.faces).chain(entered).flatten().copied()
    }

    /// Whether heat is made in all of the design space, filled or not.
    pub fn is_everywhere(&self) -> bool {
        self.heats.iter().any(|h| matches!(h.place, Place::Bodies { space: true, .. }))
    }

    fn check_matter(&self, case: &Case, parts: &[Part], issues: &mut Vec<Issue>) {
        for part in parts {
            let m = &part.material;
            if m.conductivity.range()[0] <= 0.0 {
                let message = format!("{}: its material {} has no conductivity; type one there", part.label, m.name);
                issues.push(Issue::error(case.study, "bodies", message));
            } else if !m.conductivity.is_constant() {
                let message = format!(
                    "{}: the conductivity of {} depends on temperature; it is taken at that of the cooled faces",
                    part.label, m.name
                );
                issues.push(Issue::warning(case.study, "bodies", message));
            }
            issues.extend(
                isotropic::beyond(&part.label, &m.thermal, self.temperature, self.temperature)
                    .map(|message| Issue::warning(case.study, "bodies", message)),
            );
            if let Conductivity::Along { .. } = part.thermal.conductivity {
                let message = format!(
                    "{}: {} conducts by its directions, and generative design for conduction knows one conductivity only; \
                     take the body off it, or set its conductivities to zero to design with that of {}",
                    part.label, part.thermal.conducts[0], m.name
                );
                issues.push(Issue::error(case.study, "bodies", message));
            } else if part.orthotropic.is_some() {
                let message = format!(
                    "{}: orthotropic in mechanics; heat takes the conductivity of {}, alike in all directions",
                    part.label, m.name
                );
                issues.push(Issue::warning(case.study, "bodies", message));
            }
        }
    }

    fn check_faces(&self, issues: &mut Vec<Issue>) {
        for heat in &self.heats {
            let Place::Faces(faces) = &heat.place else { continue };
            let both = |s: &&Sink| s.faces.iter().any(|f| faces.contains(f));
            if let Some(sink) = self.sinks.iter().find(both) {
                let message =
                    format!("{} keeps one of its faces at a temperature, where this changes nothing", sink.object.name);
                issues.push(Issue::warning(&heat.object, "faces", message));
            }
        }
    }
}

/// The bodies that a heat source is in; naming none, it is in the design space.
fn bodies(case: &Case, parts: &[Part], kept: &[usize], object: &Object, issues: &mut Vec<Issue>) -> Place {
    let chosen = object.refs("bodies");
    let made_by = |body: usize, id: &str| case.model.bodies[body].name.split('#').next() == Some(id);
    let mut place = (chosen.is_empty(), Vec::new());
    for id in &chosen {
        let own: Vec<usize> = kept.iter().copied().filter(|b| made_by(*b, &id.0)).collect();
        let is_space = parts.iter().any(|p| made_by(p.index, &id.0));
        if !is_space && own.is_empty() {
            let name = case.design.get(id).map_or_else(|| id.to_string(), |o| o.name.clone());
            let message = format!(
                "{name} is neither the design space nor a body to keep: put it on the study's list of bodies to keep, or take it \
                 off this source"
            );
            issues.push(Issue::error(object, "bodies", message));
        }
        place.0 |= is_space;
        place.1.extend(own);
    }
    Place::Bodies { space: place.0, kept: place.1 }
}
