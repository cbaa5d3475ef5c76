//! Prefixes of a design that were built before, by the hash of their inputs.

use super::Body;
use super::state::State;
use std::collections::HashMap;
use std::sync::Arc;

/// Evaluations a state or a surface survives without being used.
const GENERATIONS_MAX: u64 = 8;
/// States kept beyond those of the current design.
const STATES_MAX: usize = 256;

/// What earlier evaluations left behind.
///
/// A plain value: one per worker, or none. Keys are hashes of inputs, never of output, so an evaluation with a cache
/// equals one without, byte for byte.
#[derive(Default)]
pub struct Cache {
    generation: u64,
    states: HashMap<blake3::Hash, (u64, Arc<State>)>,
    bodies: HashMap<blake3::Hash, (u64, Arc<dyn Body>)>,
    /// Features built and features taken over in the last evaluation.
    pub n_built: usize,
    pub n_reused: usize,
}

impl Cache {
    pub(super) fn begin(&mut self) {
        self.generation += 1;
        (self.n_built, self.n_reused) = (0, 0);
    }

    pub(super) fn end(&mut self) {
        let now = self.generation;
        let keep = |used: u64| now - used < GENERATIONS_MAX;
        self.states.retain(|_, (used, _)| keep(*used));
        self.bodies.retain(|_, (used, _)| keep(*used));
        if self.states.len() > STATES_MAX {
            self.states.retain(|_, (used, _)| *used == now);
        }
    }

    pub(super) fn state(&mut self, key: &blake3::Hash) -> Option<Arc<State>> {
        let (used, state) = self.states.get_mut(key)?;
        *used = self.generation;
        self.n_reused += 1;
        Some(state.clone())
    }

    pub(super) fn keep_state(&mut self, key: blake3::Hash, state: Arc<State>) {
        self.n_built += 1;
        self.states.insert(key, (self.generation, state));
    }

    pub(super) fn body(&mut self, key: &blake3::Hash) -> Option<Arc<dyn Body>> {
        let (used, body) = self.bodies.get_mut(key)?;
        *used = self.generation;
        Some(body.clone())
    }

    pub(super) fn keep_body(&mut self, key: blake3::Hash, body: Arc<dyn Body>) {
        self.bodies.insert(key, (self.generation, body));
    }
}
