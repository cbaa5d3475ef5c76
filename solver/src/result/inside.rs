//! What an answer says inside the bodies, at any point.

use super::STRESS;
use super::reading::{Reading, fields};
use super::tensor::Tensor;
use crate::study::outcome::{Field, Outcome};
use crate::volume::{Stencil, Volume};

/// The volume part of an answer, ready to be read.
#[derive(Clone, Debug)]
pub struct Inside {
    outcome: Outcome,
    /// By the design's body.
    bodies: Vec<(String, Volume)>,
}

impl Inside {
    pub fn new(outcome: Outcome) -> Self {
        let bodies = outcome.meshes.iter().filter_map(|m| Some((m.body().to_string(), Volume::new(m)?))).collect();
        Self { outcome, bodies }
    }

    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Bodies by name, with what stands in them.
    pub fn bodies(&self) -> &[(String, Volume)] {
        &self.bodies
    }

    pub fn volume(&self, body: &str) -> Option<&Volume> {
        self.bodies.iter().find(|(name, _)| name == body).map(|(_, v)| v)
    }

    /// The stored field of a body for a state.
    pub fn field(&self, volume: &Volume, id: &str, case: Option<&str>) -> Option<&Field> {
        let all = fields(&[&self.outcome], volume.name(), id);
        all.into_iter().find(|f| case.is_none_or(|case| f.case.as_deref().is_none_or(|c| c == case)))
    }

    /// Values at `points` (world, m) of a body, SI; NaN outside of it. `None` where nothing of the kind is known inside.
    pub fn read(&self, body: &str, reading: &Reading, points: &[[f64; 3]]) -> Option<Vec<f32>> {
        let volume = self.volume(body)?;
        let sources = reading.sources(&[&self.outcome], volume.name())?;
        if !sources.fields.iter().all(|f| volume.holds(f)) {
            return None;
        }
        let value = |point: &[f64; 3]| {
            let Some(stencil) = volume.locate(*point) else { return f32::NAN };
            sources.read(*point, |f, out| interpolate(&stencil, f, out)) as f32
        };
        Some(points.iter().map(value).collect())
    }

    /// Values at all nodes of a body, SI.
    pub fn nodal(&self, body: &str, reading: &Reading) -> Option<Vec<f32>> {
        let volume = self.volume(body)?;
        let points: Vec<[f64; 3]> = volume.points().collect();
        reading.on(&[&self.outcome], volume.name(), &points)
    }

    /// The body that holds `point` (world, m), and the value there.
    pub fn at(&self, reading: &Reading, point: [f64; 3]) -> Option<(&str, f64)> {
        self.bodies.iter().find_map(|(name, _)| {
            let value = f64::from(*self.read(name, reading, &[point])?.first()?);
            value.is_finite().then_some((name.as_str(), value))
        })
    }

    /// The stress tensor of a state at `point` (world, m), Pa; `None` outside of every body, and where none is known.
    pub fn stress(&self, case: Option<&str>, point: [f64; 3]) -> Option<Tensor> {
        self.bodies.iter().find_map(|(_, volume)| {
            let field = self.field(volume, STRESS, case).filter(|f| f.components == 6 && volume.holds(f))?;
            let mut out = [0.0; 6];
            interpolate(&volume.locate(point)?, field, &mut out);
            Some(out)
        })
    }

    /// Whether it has the tensor of stress.
    pub fn has_stress(&self) -> bool {
        self.outcome.fields.iter().any(|f| f.id == STRESS)
    }
}

/// The components of a field between the nodes of `stencil`.
fn interpolate(stencil: &Stencil, field: &Field, out: &mut [f64]) {
    let n = usize::from(field.components).max(1);
    out.iter_mut().enumerate().for_each(|(c, out)| *out = stencil.value(&field.values, n, c));
}
