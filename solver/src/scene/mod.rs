//! What a design looks like: plain bodies to draw, measure and pick, without a kernel behind them.
//!
//! The geometry worker makes a [`Scene`] from a `geometry::Model`; the page, the viewport, the artefact store and the
//! share view read it. Its bytes are the same on all of them.

mod bytes;
mod difference;

pub use bytes::DecodeError;
pub use difference::{Patch, SceneDifference};

use crate::design::{Id, Issue};
use crate::surface::{MassProperties, Representation, SurfaceMesh};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One body of a scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SceneBody {
    /// The feature that started it, with an instance suffix where a pattern or mirror copied it.
    pub name: String,
    /// What the person calls it.
    pub label: String,
    /// Key of its material.
    pub material: String,
    pub representation: Representation,
    /// Per unit density, SI; multiply by the material's density.
    pub mass: MassProperties,
    /// Carried as binary beside the header, never as JSON.
    #[serde(skip)]
    pub surface: Arc<SurfaceMesh>,
}

/// Everything a design evaluates to that a person can see.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    pub bodies: Vec<SceneBody>,
    /// What could not be built, and why; the rest stands.
    pub issues: Vec<Issue>,
    /// Features that the exact kernel refused and that can be solved as fields.
    pub refused: Vec<Id>,
}

impl Scene {
    /// Bounds over all bodies `(min, max)`, m; `None` when there is nothing to see.
    pub fn bounds(&self) -> Option<([f64; 3], [f64; 3])> {
        self.bodies.iter().filter_map(|b| b.surface.bounds()).reduce(|(mut lo, mut hi), (l, h)| {
            for axis in 0..3 {
                lo[axis] = lo[axis].min(l[axis]);
                hi[axis] = hi[axis].max(h[axis]);
            }
            (lo, hi)
        })
    }

    pub fn n_triangles(&self) -> usize {
        self.bodies.iter().map(|b| b.surface.triangles.len()).sum()
    }
}
