//! Fillets and chamfers, and, where one does not fit, what would.

use super::refuse::Refusal;
use super::{MM, Solid, control, name};
use crate::geometry::plan::Blend;
use crate::surface::EdgeName;
use arris::ops::OpError;
use arris::topo::{Body, Edge, Model, Provenance};
use std::sync::Arc;

/// Halvings when looking for a size that fits: within 2 % of the largest.
const TRIALS: usize = 6;

fn make(
    kernel: &mut Model,
    solid: &Solid,
    blend: Blend,
    edges: &[Edge],
    size: f64,
) -> Result<(Body, Provenance), OpError> {
    match blend {
        Blend::Fillet => arris::ops::fillet(kernel, solid.body, edges, size * MM, &control()),
        Blend::Chamfer => arris::ops::chamfer(kernel, solid.body, edges, size * MM, &control()),
    }
}

/// Blends the named edges of `solid`; all of them must be its own. `size`: radius or distance, m.
///
/// # Errors
/// [`Refusal`] with the edge, and the largest size that fits where one does.
pub(in crate::geometry) fn blend(
    kernel: &mut Model,
    feature: &str,
    solid: &Solid,
    blend: Blend,
    wanted: &[EdgeName],
    size: f64,
) -> Result<Solid, Refusal> {
    let named = name::edges(kernel, solid);
    let edges: Vec<Edge> = wanted
        .iter()
        .filter_map(|w| named.iter().find(|(_, name)| name == w))
        .map(|(id, _)| Edge::forward(*id))
        .collect();
    match make(kernel, solid, blend, &edges, size) {
        Ok((body, record)) => {
            let part = if blend == Blend::Fillet { "round" } else { "bevel" };
            let names = name::blended(kernel, body, &record, solid, feature, part, &named)?;
            Ok(Solid { body, names: Arc::new(names) })
        }
        Err(e) => {
            let mut refusal = Refusal::of(kernel, &[solid], e);
            if refusal.edges.is_empty() {
                refusal.edges = wanted.to_vec();
            }
            if refusal.too_large {
                // On a copy: a trial that succeeds must not use up the model's ids.
                let mut scratch = kernel.clone();
                let (mut fits, mut fails) = (0.0, size);
                for _ in 0..TRIALS {
                    let middle = 0.5 * (fits + fails);
                    if make(&mut scratch, solid, blend, &edges, middle).is_ok() {
                        fits = middle;
                    } else {
                        fails = middle;
                    }
                }
                if fits > 0.0 {
                    let word = if blend == Blend::Fillet { "a radius" } else { "a distance" };
                    refusal.reason.push_str(&format!("; {word} up to about {} fits", millimetres(fits)));
                }
            }
            Err(refusal)
        }
    }
}

/// A length rounded down to two digits, for advice.
fn millimetres(x: f64) -> String {
    let mm = x * MM;
    let digits = 10f64.powi(1 - mm.log10().floor() as i32);
    format!("{} mm", (mm * digits).floor() / digits)
}
