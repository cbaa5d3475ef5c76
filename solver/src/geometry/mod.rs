//! Design to bodies: two kernels behind one [`Body`].

mod cache;
mod distance;
mod exact;
mod frame;
mod plan;
pub mod select;
mod state;

pub use cache::Cache;

use crate::design::schema::Section;
use crate::design::{Design, Id, Issue, resolve};
use crate::scene::{Scene, SceneBody};
use crate::surface::{FaceName, MassProperties, Representation, SurfaceMesh};
use plan::Plan;
use state::{State, Step};
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

/// Raised when the same design may evaluate to something else: it enters every cache key.
const VERSION: u32 = 1;

/// Evaluates every feature of `design` in order. Never fails: what cannot be built is an issue at its feature.
pub fn evaluate(design: &Design, files: &dyn Files) -> Model {
    evaluate_cached(design, files, &mut Cache::default())
}

/// [`evaluate`], taking over from `cache` every prefix of the features whose inputs have not changed.
pub fn evaluate_cached(design: &Design, _files: &dyn Files, cache: &mut Cache) -> Model {
    cache.begin();
    let (resolved, _) = resolve(design);
    let mut issues = Vec::new();
    let mut state = Arc::new(State::default());
    let mut key = base_key(design);
    for object in design.section(Section::Feature).filter(|o| !o.suppressed) {
        let plan = match plan::read(object, &resolved) {
            Ok(plan) => plan,
            Err(mut found) => {
                issues.append(&mut found);
                continue;
            }
        };
        key = step_key(&key, &plan);
        state = match cache.state(&key) {
            Some(state) => state,
            None => {
                let mut next = State::clone(&state);
                next.apply(&Step { design, object, plan: &plan, key });
                let next = Arc::new(next);
                cache.keep_state(key, next.clone());
                next
            }
        };
    }
    issues.extend(state.issues.iter().cloned());

    let mut bodies = Vec::with_capacity(state.parts.len());
    for part in &state.parts {
        let body = match cache.body(&part.key) {
            Some(body) => body,
            None => match exact::tessellate(&state.kernel, &part.solid) {
                Ok(body) => {
                    let body: Arc<dyn Body> = Arc::new(body);
                    cache.keep_body(part.key, body.clone());
                    body
                }
                Err(refusal) => {
                    let feature = Id(FaceName(part.name.clone()).feature().into());
                    if let Some(object) = design.get(&feature) {
                        issues.push(Issue::error(object, "kind", format!("{}: {}", object.name, refusal.reason)));
                    }
                    continue;
                }
            },
        };
        bodies.push(ModelBody {
            name: part.name.clone(),
            label: body_label(design, &part.name),
            material: part.material.clone(),
            body,
        });
    }
    cache.end();
    // Tree order, whichever stage found them.
    issues.sort_by_key(|i| design.position(&i.object));
    Model { bodies, issues, refused: state.refused.clone() }
}

/// Digest of what every feature's messages may quote: the labels of all features.
fn base_key(design: &Design) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&VERSION.to_le_bytes());
    for object in design.section(Section::Feature) {
        for text in [&object.id.0, &object.name] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.update(&[u8::from(object.suppressed)]);
    }
    hasher.finalize()
}

fn step_key(before: &blake3::Hash, plan: &Plan) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before.as_bytes());
    // Plans are plain numbers and strings, which always serialise; f64 prints exactly.
    hasher.update(&serde_json::to_vec(plan).unwrap_or_default());
    hasher.finalize()
}

/// `Bracket`, or `Bracket 3` for the third copy.
fn body_label(design: &Design, name: &str) -> String {
    let name = FaceName(name.into());
    let id = Id(name.feature().into());
    let mut label = design.get(&id).map_or_else(|| id.to_string(), |o| o.name.clone());
    for (_, n) in name.instances() {
        label.push_str(&format!(" {n}"));
    }
    label
}
