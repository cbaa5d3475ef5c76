//! Rebuild times of the templates, for `cargo xtask bench` (one JSON line a figure) and for the eye (a table).
//!
//! Full: everything from an empty cache to the bytes that are handed to the page. Last: a change of the last feature
//! only. The browser runs the same code 2 to 3 times slower at `opt-level = 3`; the targets here are the browser's
//! divided by 3.

use solver::design::schema::Section;
use solver::design::{Design, TEMPLATES, Value};
use solver::geometry::{Cache, Files, evaluate_cached};
use std::sync::Arc;
use std::time::Instant;

struct NoFiles;

impl Files for NoFiles {
    fn get(&self, _: &str) -> Option<&[u8]> {
        None
    }
}

const REPEATS: usize = 11;

fn median(mut ms: Vec<f64>) -> f64 {
    ms.sort_by(f64::total_cmp);
    ms[ms.len() / 2]
}

/// The design with the first numeric property of its last feature nudged, so that only that feature is built anew.
fn nudged(design: &Design, n: usize) -> Design {
    let mut next = design.clone();
    if let Some(last) = next.objects.iter_mut().rev().find(|o| o.section() == Some(Section::Feature)) {
        let last = Arc::make_mut(last);
        let key = ["spacing", "diameter", "radius"].into_iter().find(|k| last.properties.contains_key(*k));
        if let Some(Value::Expr(text)) = key.and_then(|k| last.properties.get_mut(k)) {
            *text = format!("{text} - {n} * 0.001 mm");
        }
    }
    next
}

#[allow(clippy::print_stdout)]
fn main() {
    println!(
        "{:10} {:>8} {:>8} {:>10} {:>8} {:>6}  issues",
        "template", "full ms", "last ms", "triangles", "bytes", "faces"
    );
    let mut figures = Vec::new();
    for template in TEMPLATES {
        let design = (template.build)();
        let (mut full, mut last) = (Vec::new(), Vec::new());
        let mut scene = solver::scene::Scene::default();
        for n in 1..=REPEATS {
            let mut cache = Cache::default();
            let start = Instant::now();
            scene = evaluate_cached(&design, &NoFiles, &mut cache).scene();
            drop(scene.to_bytes());
            full.push(start.elapsed().as_secs_f64() * 1e3);
            let edited = nudged(&design, n);
            let start = Instant::now();
            drop(evaluate_cached(&edited, &NoFiles, &mut cache).scene().to_bytes());
            last.push(start.elapsed().as_secs_f64() * 1e3);
        }
        let n_faces: usize = scene.bodies.iter().map(|b| b.surface.faces.len()).sum();
        let (full, last) = (median(full), median(last));
        println!(
            "{:10} {full:8.2} {last:8.2} {:10} {:8} {n_faces:6}  {:?}",
            template.id,
            scene.n_triangles(),
            scene.to_bytes().len(),
            scene.issues.iter().map(|i| &i.message).collect::<Vec<_>>()
        );
        if template.id == "bracket" {
            figures.push(("demo bracket, full rebuild, native", full, 250.0 / 3.0));
            figures.push(("demo bracket, last feature only, native", last, 80.0 / 3.0));
        }
    }
    for (name, value, target) in figures {
        println!(r#"{{"name":"{name}","value":{value:.3},"unit":"ms","target":{target:.1},"better":"lower"}}"#);
    }
}
