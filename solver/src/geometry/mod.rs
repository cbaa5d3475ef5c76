//! Design to bodies: two kernels behind one [`Body`].

use crate::design::{Design, Id, Issue};
use crate::surface::{MassProperties, Representation, SurfaceMesh};
use std::sync::Arc;

/// A solid, whatever made it. World space, m.
pub trait Body: Send + Sync {
    fn representation(&self) -> Representation;
    /// Closed surface within the chord tolerance the model was evaluated at.
    fn surface(&self) -> &SurfaceMesh;
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

/// Bytes of an imported file, by content hash; the caller fetches them beforehand.
pub trait Files {
    fn get(&self, hash: &str) -> Option<&[u8]>;
}

/// Evaluates every feature of `design` in order. Never fails: what cannot be built is an issue at its feature.
pub fn evaluate(_design: &Design, _files: &dyn Files) -> Model {
    Model::default()
}
