//! The feature that makes a body of what a generative study found, within the design space as it is now.

use super::exact::Refusal;
use super::field::Sampled;
use super::finish;
use super::generated::{Bounds, Layer, Mould, patch};
use super::plan::{Action, Around};
use super::solid::Solid;
use super::state::{Part, State, Step, part_key};
use crate::design::describe_face;
use crate::growth::Growth;
use crate::surface::SurfaceMesh;
use glam::DMat3;
use std::sync::Arc;

/// Difference from the volume that the study found which is said, as a share.
const OTHER: f64 = 5e-3;

type Failure = (&'static str, Refusal);

impl State {
    /// Adds the body of [`Action::Grow`]; the design space stays as it is.
    pub(super) fn grow(&mut self, step: &Step) -> Result<(), Failure> {
        let Action::Grow { hash, file, space, keep, avoid, material } = &step.plan.action else { return Ok(()) };
        let wrong = |text: String| ("file", Refusal::wrong(text));
        let bytes = step.files.get(hash).ok_or_else(|| wrong(format!("the file {file} has not arrived yet")))?;
        let growth = Growth::from_bytes(bytes)
            .ok_or_else(|| wrong(format!("{file} is no outcome of a generative study, or is damaged")))?;
        let head = &growth.head;
        let densities = growth.samples.iter().map(|s| Growth::density(*s)).collect();
        let samples = Sampled::new(head.origin, head.spacing, head.counts, densities)
            .ok_or_else(|| wrong(format!("{file} has too few samples for a body")))?;

        let grounds = self.find(step, space).map_err(|e| ("bodies", e))?;
        let [ground] = grounds[..] else {
            let text = "copies made the design space several bodies; choose a feature that made one";
            return Err(("bodies", Refusal::wrong(text)));
        };
        let surface = self.surface(ground).map_err(|e| ("bodies", e))?;
        let kept = self.around(step, keep, ["keep_bodies", "keep_faces"], ground, &surface)?;
        let avoided = self.around(step, avoid, ["avoid_bodies", "avoid_faces"], ground, &surface)?;
        let bounds =
            Bounds { space: surface, kept: kept.0, kept_layer: kept.1, avoided: avoided.0, avoided_layer: avoided.1 };
        let mould = Mould::new(&step.object.id.0, bounds);
        let grown = mould
            .grow(&Arc::new(samples), head.level, head.n_cells)
            .ok_or_else(|| ("bodies", Refusal::wrong("nothing of it lies in the design space as that is now")))?;
        let off = grown.volume / head.volume - 1.0;
        if off.abs() > OTHER {
            let message = format!(
                "{}: its volume is {:+.1} % off what the study found, because the design space or what is kept or avoided \
                 is another now; run the study again for what carries best",
                step.object.name,
                100.0 * off
            );
            self.warn(step, "bodies", message);
        }
        self.parts.push(Part {
            name: step.object.id.0.clone(),
            material: material.clone(),
            turn: DMat3::IDENTITY,
            solid: Solid::Imported(grown.body),
            key: part_key(step, &step.object.id.0),
        });
        Ok(())
    }

    fn surface(&self, part: usize) -> Result<Arc<SurfaceMesh>, Refusal> {
        Ok(finish(self, &self.parts[part].solid).map_err(Refusal::wrong)?.surface().clone())
    }

    /// Surfaces of the bodies, and the layer at the faces. A face that the design space has is meant there; copies of it on
    /// other bodies, those grown before too, are not.
    fn around(
        &self,
        step: &Step,
        around: &Around,
        [bodies, faces]: [&'static str; 2],
        ground: usize,
        space: &Arc<SurfaceMesh>,
    ) -> Result<(Vec<Arc<SurfaceMesh>>, Option<Layer>), Failure> {
        // As in the study, a feature means every body that it started, copies included.
        let mut found = Vec::new();
        for id in &around.bodies {
            let started = |p: &usize| self.parts[*p].name.split('#').next() == Some(id.0.as_str());
            let before = found.len();
            found.extend((0..self.parts.len()).filter(started));
            if found.len() == before {
                found.extend(self.find(step, std::slice::from_ref(id)).map_err(|e| (bodies, e))?);
            }
        }
        if found.contains(&ground) {
            return Err((bodies, Refusal::wrong("the design space itself is among these bodies: take it off")));
        }
        let found = found.into_iter().map(|part| self.surface(part).map_err(|e| (bodies, e)));
        let found = found.collect::<Result<_, _>>()?;
        if around.distance <= 0.0 {
            return Ok((found, None));
        }
        let mut all: Vec<(Arc<SurfaceMesh>, usize)> = Vec::new();
        let mut others: Option<Vec<Arc<SurfaceMesh>>> = None;
        for name in &around.faces {
            let of = |surface: &Arc<SurfaceMesh>| -> Vec<(Arc<SurfaceMesh>, usize)> {
                let named = surface.faces.iter().enumerate().filter(|(_, f)| f.name == *name);
                named.map(|(face, _)| (surface.clone(), face)).collect()
            };
            let mut pieces = of(space);
            if pieces.is_empty() {
                // Other bodies are tessellated only where one of them is asked for.
                let rest = match &others {
                    Some(rest) => rest,
                    None => {
                        let rest = (0..self.parts.len()).filter(|p| *p != ground).map(|p| self.surface(p));
                        others.insert(rest.collect::<Result<_, _>>().map_err(|e| (faces, e))?)
                    }
                };
                pieces = rest.iter().flat_map(of).collect();
            }
            if pieces.is_empty() {
                let face = describe_face(step.design, name);
                let text = format!("no body has the face {face} here; pick another, or take it out");
                return Err((faces, Refusal::wrong(text)));
            }
            all.extend(pieces);
        }
        let layer = |all: Vec<(Arc<SurfaceMesh>, usize)>| Layer {
            faces: patch(all.iter().map(|(surface, face)| (&**surface, *face))),
            thickness: around.distance,
        };
        Ok((found, (!all.is_empty()).then(|| layer(all))))
    }
}
