//! The geometry worker: a thin wasm door to `solver::geometry`, loaded by a Web Worker so that a rebuild never blocks
//! the page.
//!
//! # Messages
//! The module serves a dedicated worker by itself: its start function listens as soon as it is loaded, and posts
//! `{ kind: "ready" }`. Then
//!
//! | to the worker | back |
//! |---|---|
//! | `{ kind: "evaluate", id, design }`, `design` the JSON of `solver::design::Design` | `{ kind: "scene", id, scene, missing }`: `scene` an `ArrayBuffer` (transferred) for `solver::scene::Scene::from_bytes`; `missing` the hashes of imported files to send |
//! | `{ kind: "file", hash, bytes }`, `bytes` an `ArrayBuffer` or `Uint8Array` | nothing; evaluate again |
//! | `{ kind: "forget" }` | nothing; files and cache are dropped |
//!
//! Whatever goes wrong comes back as `{ kind: "error", id, message }`. Of several `evaluate` messages that wait, all are
//! answered in order; the page drops answers older than its last question.

use solver::design::schema::Section;
use solver::design::{Design, Value};
use solver::geometry::{Cache, Files, evaluate_cached};
use std::collections::HashMap;

/// Bytes of imported files, by content hash.
#[derive(Default)]
pub struct Store(HashMap<String, Vec<u8>>);

impl Files for Store {
    fn get(&self, hash: &str) -> Option<&[u8]> {
        self.0.get(hash).map(Vec::as_slice)
    }
}

/// A kernel with its memory: files, and every prefix of the design that was built before.
#[derive(Default)]
pub struct Kernel {
    store: Store,
    cache: Cache,
}

/// What an evaluation gives.
pub struct Answer {
    /// `Scene::to_bytes`.
    pub scene: Vec<u8>,
    /// Hashes of imported files that the kernel does not have yet.
    pub missing: Vec<String>,
}

impl Kernel {
    pub fn put_file(&mut self, hash: String, bytes: Vec<u8>) {
        self.store.0.insert(hash, bytes);
    }

    /// Evaluates the design written in `json`.
    ///
    /// # Errors
    /// Only when `json` is not a design; what cannot be built is an issue in the scene.
    pub fn evaluate(&mut self, json: &str) -> Result<Answer, String> {
        let design: Design =
            serde_json::from_str(json).map_err(|e| format!("the design could not be read: {e}; reload the page"))?;
        let mut missing: Vec<String> = design
            .section(Section::Feature)
            .filter(|o| !o.suppressed)
            .filter_map(|o| match o.get("file") {
                Some(Value::Blob { hash, .. }) if !hash.is_empty() && !self.store.0.contains_key(&hash) => Some(hash),
                _ => None,
            })
            .collect();
        missing.sort();
        missing.dedup();
        let scene = evaluate_cached(&design, &self.store, &mut self.cache).scene().to_bytes();
        Ok(Answer { scene, missing })
    }
}

#[cfg(target_arch = "wasm32")]
mod worker;

#[cfg(test)]
mod tests {
    use super::*;
    use solver::design::{Object, template};
    use solver::scene::Scene;
    use std::sync::Arc;

    #[test]
    fn a_design_goes_in_as_json_and_comes_out_as_a_scene() {
        let design = (template("bracket").expect("the bracket").build)();
        let json = serde_json::to_string(&design).expect("a design serialises");
        let mut kernel = Kernel::default();
        let first = kernel.evaluate(&json).expect("a design");
        assert!(first.missing.is_empty());
        let scene = Scene::from_bytes(&first.scene).expect("own bytes");
        assert_eq!(scene.bodies.len(), 1, "{:?}", scene.issues);
        // With everything cached the bytes are the same.
        assert!(kernel.evaluate(&json).expect("a design").scene == first.scene);
        assert!(kernel.evaluate("{").is_err());
    }

    #[test]
    fn a_file_that_arrives_later_becomes_a_body() {
        let mut design = Design::new();
        let file = Value::Blob { hash: "a1".into(), name: "cube.obj".into() };
        design.objects.push(Arc::new(Object::new("import_a", "import", "Cube").with("file", file)));
        let json = serde_json::to_string(&design).expect("a design serialises");
        let mut kernel = Kernel::default();
        let ask = |kernel: &mut Kernel| {
            let answer = kernel.evaluate(&json).expect("a design");
            let scene = Scene::from_bytes(&answer.scene).expect("own bytes");
            (answer.missing, scene.bodies.len(), scene.issues.len())
        };
        assert_eq!(ask(&mut kernel), (vec!["a1".to_string()], 0, 1));
        let points = "v 0 0 0\nv 9 0 0\nv 9 9 0\nv 0 9 0\nv 0 0 9\nv 9 0 9\nv 9 9 9\nv 0 9 9\n";
        let faces = "f 1 4 3 2\nf 5 6 7 8\nf 1 2 6 5\nf 2 3 7 6\nf 3 4 8 7\nf 4 1 5 8\n";
        kernel.put_file("a1".into(), format!("{points}{faces}").into_bytes());
        assert_eq!(ask(&mut kernel), (Vec::new(), 1, 0));
    }
}
