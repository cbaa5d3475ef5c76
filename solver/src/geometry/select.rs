//! From picks and named selections to faces of the model: by name and by rule, never by guess.

use super::{Model, ModelBody};
use crate::design::{Design, Id, Issue, Object, Resolved, describe_face, resolve};
use crate::surface::{Face, FaceName, Representation, Shape};
use std::collections::BTreeSet;

/// Relative difference of radius within which a cylinder is "of this radius": rounding for analytic faces, the fit's
/// own error for imported and sampled ones.
const RADIUS_TOLERANCE_EXACT: f64 = 1e-6;
const RADIUS_TOLERANCE_FITTED: f64 = 1e-2;
/// Cosine of the angle within which a plane faces a direction: 0.5°, as tight as a fit to imported triangles allows.
const FACING_COSINE: f64 = 0.999_96;

/// The faces that `object` means: its picked `faces` and its named `selections` together, or, for a selection itself,
/// what its rule finds.
///
/// Returns `(body, face)` indices into [`Model::bodies`] and [`crate::surface::SurfaceMesh::faces`], ascending, each
/// once. A name that no body carries and a rule that finds nothing are issues at `object`; nothing is put in their
/// place.
pub fn faces(design: &Design, model: &Model, object: &Object) -> (Vec<(usize, usize)>, Vec<Issue>) {
    let (resolved, _) = resolve(design);
    let mut found = BTreeSet::new();
    let mut issues = Vec::new();
    if object.kind == "selection" {
        by_rule(design, &resolved, model, object, object, &mut found, &mut issues);
    } else {
        picked(design, model, object, object, &mut found, &mut issues);
        for id in object.refs("selections") {
            match design.get(&id) {
                Some(s) if s.suppressed => {}
                Some(s) => by_rule(design, &resolved, model, object, s, &mut found, &mut issues),
                None => issues.push(Issue::error(
                    object,
                    "selections",
                    format!("Named selections: {id} is not in the design any more; remove it or choose another"),
                )),
            }
        }
    }
    (found.into_iter().collect(), issues)
}

/// Every `(body, face)` that carries `name`: a split face has several.
pub fn named(model: &Model, name: &FaceName) -> Vec<(usize, usize)> {
    all(model).filter(|(_, _, _, f)| f.name == *name).map(|(b, i, ..)| (b, i)).collect()
}

fn all(model: &Model) -> impl Iterator<Item = (usize, usize, &ModelBody, &Face)> {
    model
        .bodies
        .iter()
        .enumerate()
        .flat_map(|(b, body)| body.body.surface().faces.iter().enumerate().map(move |(i, face)| (b, i, body, face)))
}

/// Expands the property `faces` of `from`; issues go to `at`.
fn picked(
    design: &Design,
    model: &Model,
    at: &Object,
    from: &Object,
    found: &mut BTreeSet<(usize, usize)>,
    issues: &mut Vec<Issue>,
) {
    for name in from.faces("faces") {
        let pieces = named(model, &name);
        if pieces.is_empty() {
            issues.push(lost(design, at, from, &name));
        }
        found.extend(pieces);
    }
}

fn lost(design: &Design, at: &Object, from: &Object, name: &FaceName) -> Issue {
    let why = match design.get(&Id(name.feature().into())) {
        None => "its feature was removed",
        Some(f) if f.suppressed => "its feature is suppressed",
        Some(_) => "no body has it now",
    };
    let key = if at.id == from.id { "faces" } else { "selections" };
    let through = if at.id == from.id { String::new() } else { format!(" (in {})", from.name) };
    let face = describe_face(design, name);
    Issue::error(at, key, format!("the face {face}{through} is lost: {why}. Pick another, or take it out"))
}

fn by_rule(
    design: &Design,
    resolved: &Resolved,
    model: &Model,
    at: &Object,
    selection: &Object,
    found: &mut BTreeSet<(usize, usize)>,
    issues: &mut Vec<Issue>,
) {
    let key = if at.id == selection.id { "rule" } else { "selections" };
    let before = found.len();
    let mut matched = 0;
    let mut take = |test: &dyn Fn(&ModelBody, &Face) -> bool| {
        for (b, i, body, face) in all(model) {
            if test(body, face) {
                matched += 1;
                found.insert((b, i));
            }
        }
    };
    match selection.choice("rule").as_str() {
        "feature" => {
            let ids = selection.refs("features");
            take(&|_, face| {
                let made_by = |id: &Id| face.name.feature() == id.0 || face.name.instances().any(|(by, _)| by == id.0);
                ids.iter().any(made_by)
            });
        }
        "cylinders" => match resolved.number(selection, "radius") {
            Ok(radius) => take(&|body, face| match face.shape {
                Shape::Cylinder { radius: r, .. } => {
                    let exact = body.body.representation() == Representation::Exact;
                    let tolerance = if exact { RADIUS_TOLERANCE_EXACT } else { RADIUS_TOLERANCE_FITTED };
                    (r - radius).abs() <= tolerance * radius
                }
                _ => false,
            }),
            Err(issue) => return issues.push(at_user(at, selection, issue)),
        },
        "normal" => match resolved.vector(selection, "normal") {
            Ok(d) => {
                let length = dot(d, d).sqrt();
                if length <= 0.0 {
                    let message = format!("{}: the direction has no length; give one such as 0, 0, 1", selection.name);
                    return issues.push(Issue::error(at, key, message));
                }
                take(&|_, face| match face.shape {
                    Shape::Plane { normal, .. } => dot(normal, d) >= FACING_COSINE * length,
                    _ => false,
                });
            }
            Err(issue) => return issues.push(at_user(at, selection, issue)),
        },
        _ => {
            let names = selection.faces("faces");
            let n_issues = issues.len();
            picked(design, model, at, selection, found, issues);
            if names.is_empty() {
                issues.push(Issue::error(at, key, format!("{} holds no faces yet: pick some", selection.name)));
            }
            // Lost faces are reported one by one; no second message for the whole.
            matched = usize::from(found.len() > before || issues.len() > n_issues || !names.is_empty());
        }
    }
    if matched == 0 && issues.iter().all(|i| !i.message.starts_with(&selection.name)) {
        issues.push(Issue::error(
            at,
            key,
            format!("{} finds no face on the model as it is now: change its rule", selection.name),
        ));
    }
}

/// An issue found in a selection, shown where it is used.
fn at_user(at: &Object, selection: &Object, issue: Issue) -> Issue {
    if at.id == selection.id {
        return issue;
    }
    Issue::error(at, "selections", format!("{}: {}", selection.name, issue.message))
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
