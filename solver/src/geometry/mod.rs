//! Design to bodies: two kernels behind one [`Body`].

pub mod select;

use crate::design::{Design, Id, Issue};
use crate::scene::{Scene, SceneBody};
use crate::surface::{MassProperties, Representation, SurfaceMesh};
use std::sync::Arc;

/// A solid, whatever made it. World space, m.
pub trait Body: Send + Sync {
    fn representation(&self) -> Representation;
    /// Closed surface within the chord tolerance the model was evaluated at.
    fn surface(&self) -> &Arc<SurfaceMesh>;
    fn mass_properties(&self) -> MassProperties;
    /// Signed distance, negative inside, for each of `points` (`[n]`), into `out` (`[n]`), m.
    fn signed_distance(&self, points: &[[f64; 3]], out: &mut [f64]);
}

/// One body of a model.
#[derive(Clone)]
pub struct ModelBody {
    /// The feature that started it; with an instance suffix (`feature#2`) where a pattern or mirror copied it.
    pub name: String,
    pub label: String,
    /// Key of its material.
    pub material: String,
    pub body: Arc<dyn Body>,
}

/// What a design evaluates to.
#[derive(Clone, Default)]
pub struct Model {
    pub bodies: Vec<ModelBody>,
    pub issues: Vec<Issue>,
    /// Features the exact kernel refused and that can be solved as fields.
    pub refused: Vec<Id>,
}

impl Model {
    /// The model as the page sees it. Surfaces are shared, not copied.
    pub fn scene(&self) -> Scene {
        let bodies = self.bodies.iter().map(|b| SceneBody {
            name: b.name.clone(),
            label: b.label.clone(),
            material: b.material.clone(),
            representation: b.body.representation(),
            mass: b.body.mass_properties(),
            surface: b.body.surface().clone(),
        });
        Scene { bodies: bodies.collect(), issues: self.issues.clone(), refused: self.refused.clone() }
    }
}

/// Bytes of an imported file, by content hash; the caller fetches them beforehand.
pub trait Files {
    fn get(&self, hash: &str) -> Option<&[u8]>;
}

/// Evaluates every feature of `design` in order. Never fails: what cannot be built is an issue at its feature.
pub fn evaluate(_design: &Design, _files: &dyn Files) -> Model {
    Model::default()
}
