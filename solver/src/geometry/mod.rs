//! Design to bodies: two kernels behind one [`Body`].

mod cache;
pub mod deck;
pub(crate) mod distance;
mod exact;
#[cfg(feature = "solve")]
pub mod export;
mod field;
mod frame;
pub(crate) mod generated;
mod grow;
mod imported;
mod measure;
mod plan;
pub mod select;
mod solid;
mod state;

pub use cache::Cache;

use crate::design::schema::Section;
use crate::design::{Design, Id, Issue, resolve};
use crate::scene::{Scene, SceneBody};
use crate::surface::{FaceName, MassProperties, Representation, SurfaceMesh};
use glam::DMat3;
use plan::Plan;
use solid::Solid;
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
    /// How finely a sampled body is known; `None` for one that is exact or triangles from the start.
    fn resolution(&self) -> Option<Resolution> {
        None
    }
    /// The point of a face beside `p`, a point of its triangles in [`Self::surface`], where those are samples of a smooth
    /// surface that is known; world space, m. `None`: the triangles are the face, or all that is known of it.
    fn onto(&self, _face: u32, _p: [f64; 3]) -> Option<[f64; 3]> {
        None
    }
}

/// How finely a field body is sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resolution {
    /// Edge length of its cells, m.
    pub cell: f64,
    /// Share of its surface whose wall is thinner than two cells.
    pub thin: f64,
}

/// One body of a model.
#[derive(Clone)]
pub struct ModelBody {
    /// The feature that started it; with an instance suffix (`feature#2`) where a pattern or mirror copied it.
    pub name: String,
    pub label: String,
    /// Key of its material.
    pub material: String,
    /// How moves and copying turned or reflected it from where its feature started it.
    pub turn: DMat3,
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
const VERSION: u32 = 2;

/// Share of thin walls that is worth a warning; less is the rounding of sharp wedges.
const THIN_SHARE: f64 = 0.02;

/// Evaluates every feature of `design` in order. Never fails: what cannot be built is an issue at its feature.
pub fn evaluate(design: &Design, files: &dyn Files) -> Model {
    evaluate_cached(design, files, &mut Cache::default())
}

/// [`evaluate`], taking over from `cache` every prefix of the features whose inputs have not changed.
pub fn evaluate_cached(design: &Design, files: &dyn Files, cache: &mut Cache) -> Model {
    cache.begin();
    let (state, mut issues) = build(design, files, cache);
    issues.extend(state.issues.iter().cloned());

    let mut bodies = Vec::with_capacity(state.parts.len());
    for part in &state.parts {
        let body = match cache.body(&part.key) {
            Some(body) => body,
            None => match finish(&state, &part.solid) {
                Ok(body) => {
                    cache.keep_body(part.key, body.clone());
                    body
                }
                Err(reason) => {
                    let feature = Id(FaceName(part.name.clone()).feature().into());
                    if let Some(object) = design.get(&feature) {
                        issues.push(Issue::error(object, "kind", format!("{}: {reason}", object.name)));
                    }
                    continue;
                }
            },
        };
        if let Some(Resolution { cell, thin }) = body.resolution().filter(|r| r.thin > THIN_SHARE) {
            let feature = Id(FaceName(part.name.clone()).feature().into());
            issues.extend(design.get(&feature).map(|object| {
                let message = format!(
                    "{}: {:.0} % of its surface belongs to walls under two cells of {:.3} mm, which the field kernel \
                     does not follow well; make them thicker or build it exactly",
                    object.name,
                    100.0 * thin,
                    1e3 * cell
                );
                Issue::warning(object, "solve_as", message)
            }));
        }
        bodies.push(ModelBody {
            name: part.name.clone(),
            label: body_label(design, &part.name),
            material: part.material.clone(),
            turn: part.turn,
            body,
        });
    }
    cache.end();
    // Tree order, whichever stage found them.
    issues.sort_by_key(|i| design.position(&i.object));
    Model { bodies, issues, refused: state.refused.clone() }
}

/// The bodies as they stand after the last feature, and what is wrong with features that were not tried.
fn build(design: &Design, files: &dyn Files, cache: &mut Cache) -> (Arc<State>, Vec<Issue>) {
    let (resolved, _) = resolve(design);
    let mut issues = Vec::new();
    let mut state = Arc::new(State::default());
    let mut key = blake3::hash(&VERSION.to_le_bytes());
    let labels = label_digest(design);
    for object in design.section(Section::Feature).filter(|o| !o.suppressed) {
        let plan = match plan::read(object, &resolved) {
            Ok(plan) => plan,
            Err(mut found) => {
                issues.append(&mut found);
                continue;
            }
        };
        // A step that succeeds depends on nothing but the plans so far. One with something to say quotes labels and
        // places of other features, so its key holds those as well.
        let clean = step_key(&key, &plan, files);
        let quoting = quoting_key(&clean, &labels);
        if let Some((found, cached)) = [clean, quoting].into_iter().find_map(|k| Some((k, cache.state(&k)?))) {
            (key, state) = (found, cached);
            continue;
        }
        let mut next = State::clone(&state);
        let n_issues = next.issues.len();
        next.apply(&Step { design, object, plan: &plan, files, key: clean });
        key = if next.issues.len() > n_issues { quoting } else { clean };
        state = Arc::new(next);
        cache.keep_state(key, state.clone());
    }
    (state, issues)
}

/// The solid as everyone downstream sees it.
fn finish(state: &State, solid: &Solid) -> Result<Arc<dyn Body>, String> {
    Ok(match solid {
        Solid::Exact(solid) => Arc::new(exact::tessellate(&state.kernel, solid).map_err(|r| r.reason)?),
        Solid::Field(node) => Arc::new(field::FieldBody::new(node.clone()).ok_or("nothing is left of its body")?),
        Solid::Imported(body) => body.clone(),
    })
}

/// Digest of what a feature's message may quote: labels, order and suppression of all features.
fn label_digest(design: &Design) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for object in design.section(Section::Feature) {
        for text in [&object.id.0, &object.name, &object.kind] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.update(&[u8::from(object.suppressed)]);
    }
    hasher.finalize()
}

fn quoting_key(key: &blake3::Hash, labels: &blake3::Hash) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(key.as_bytes());
    hasher.update(labels.as_bytes());
    hasher.finalize()
}

fn step_key(before: &blake3::Hash, plan: &Plan, files: &dyn Files) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before.as_bytes());
    // Plans are plain numbers and strings, which always serialise; f64 prints exactly.
    hasher.update(&serde_json::to_vec(plan).unwrap_or_default());
    // A file may arrive later: what was built without it must not be found then.
    if plan.file().is_some_and(|hash| files.get(hash).is_none()) {
        hasher.update(b"absent");
    }
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
