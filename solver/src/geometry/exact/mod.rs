//! The exact kernel: B-rep solids by `arris`, faces named from its provenance.
//!
//! Inside this folder lengths are millimetres, because arris' tolerances are made for features of 1 to 1000 units;
//! everything that leaves it is SI. All transcendental functions are arris' own, so that native and wasm agree to the
//! last bit.

mod blend;
mod form;
mod name;
mod refuse;
mod surface;

pub(super) use blend::blend;
pub(super) use form::{build, place};
pub(super) use name::edges;
pub(super) use refuse::Refusal;
pub(super) use surface::tessellate;

use super::plan::Operation;
use crate::surface::FaceName;
use arris::math::{Aabb, Control, Precision};
use arris::topo::{self, FaceId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Metres to the kernel's millimetres.
pub(super) const MM: f64 = 1e3;

/// Steps one kernel operation may take before it counts as refused. A cut of forty holes takes a few hundred thousand;
/// counting steps instead of time stops at the same place on every machine.
const STEPS_MAX: u64 = 20_000_000;

/// Two points closer than this are the same point: 10 nm, mm. That is the linear precision of the kernels that engineers
/// exchange models with (Parasolid's session precision of 1e-8 m), and far below any machine's. The kernel draws a face's
/// boundary for its own questions to within this, so a needlessly small value costs time with its inverse square root.
const PRECISION: f64 = 1e-5;

/// An empty kernel model.
pub(super) fn kernel() -> topo::Model {
    let precision = Precision { default_tolerance: PRECISION, parametric_tolerance: PRECISION, ..Precision::DEFAULT };
    topo::Model::new(precision).expect("the default's bounds hold 10 nm")
}

fn control() -> Control<'static> {
    Control::budget(STEPS_MAX)
}

/// A B-rep solid in the kernel model that the state owns, and what its faces are called.
#[derive(Clone, Debug)]
pub(super) struct Solid {
    pub body: topo::Body,
    pub names: Arc<BTreeMap<FaceId, FaceName>>,
}

/// The text of a STEP AP214 file in mm, each solid a product under its name.
///
/// # Errors
/// What the kernel cannot write, in words.
#[cfg(feature = "solve")]
pub(super) fn step(kernel: &topo::Model, solids: &[(&str, &Solid)]) -> Result<String, String> {
    use arris::io::step::{Occurrence, ProductTree, write_products};
    let product = |(k, (name, _)): (usize, &(&str, &Solid))| Occurrence {
        product: None,
        name: (*name).into(),
        placement: Ok(arris::math::Isometry::identity()),
        colour: None,
        solids: vec![k],
        children: Vec::new(),
    };
    let tree = ProductTree { roots: solids.iter().enumerate().map(product).collect(), faces: Vec::new() };
    let bodies: Vec<topo::Body> = solids.iter().map(|(_, solid)| solid.body).collect();
    write_products(kernel, &bodies, &tree, &control()).map_err(|e| e.to_string())
}

/// `target` joined with, cut by, or reduced to what it shares with `tools`.
///
/// # Errors
/// [`Refusal`], with the kernel model unchanged.
pub(super) fn combine(
    kernel: &mut topo::Model,
    operation: Operation,
    target: &Solid,
    tools: &[&Solid],
) -> Result<Solid, Refusal> {
    let bodies: Vec<topo::Body> = tools.iter().map(|t| t.body).collect();
    let mut operands = vec![target];
    operands.extend(tools);
    let refused = |kernel: &topo::Model, e| Refusal::of(kernel, &operands, e);
    let (body, record) = match operation {
        Operation::Cut => arris::ops::cut_many(kernel, target.body, &bodies, &control()),
        Operation::Common => {
            // `common` takes two operands: what all share is found one by one.
            let mut result = target.clone();
            for tool in tools {
                let pair = [&result, *tool];
                let (body, record) = arris::ops::common(kernel, result.body, tool.body, &control())
                    .map_err(|e| Refusal::of(kernel, &pair, e))?;
                let names = name::carried(kernel, body, &record, &pair)?;
                result = Solid { body, names: Arc::new(names) };
            }
            return Ok(result);
        }
        Operation::Join | Operation::New => {
            let mut all = vec![target.body];
            all.extend(&bodies);
            arris::ops::fuse_many(kernel, &all, &control())
        }
    }
    .map_err(|e| refused(kernel, e))?;
    let names = name::carried(kernel, body, &record, &operands)?;
    Ok(Solid { body, names: Arc::new(names) })
}

/// Box around a solid, mm; an outer bound where a face bulges past its edges.
pub(super) fn bounds(kernel: &topo::Model, solid: &Solid) -> Option<Aabb> {
    let mut out: Option<Aabb> = None;
    let mut grow = |b: Option<Aabb>| {
        out = match (out, b) {
            (Some(a), Some(b)) => Some(a.union(b)),
            (a, b) => a.or(b),
        }
    };
    for edge in kernel.edges(solid.body).ok()? {
        if let Some((curve, range)) = kernel.edge(edge.id).ok()?.curve() {
            grow(kernel.curve(curve).ok()?.bounds(range));
        }
    }
    for face in kernel.faces(solid.body).ok()? {
        let surface = kernel.surface(kernel.face(face.id).ok()?.surface()).ok()?;
        use arris::geom::Surface;
        if matches!(surface, Surface::Sphere { .. } | Surface::Torus { .. } | Surface::Nurbs(_)) {
            grow(surface.bounds(surface.domain()));
        }
    }
    out
}
