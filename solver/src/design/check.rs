//! What is wrong with a design, without geometry: every issue names the object and the property.

use super::object::{Design, Id, Object, Value};
use super::resolve::resolve;
use super::schema::{self, FieldType};
use crate::requirement;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The object has no effect until it is mended.
    Error,
    /// It works, but probably not as meant.
    Warning,
}

/// One thing wrong, at one place. Text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Issue {
    pub object: Id,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    pub severity: Severity,
    pub message: String,
}

impl Issue {
    pub fn error(object: &Object, key: &str, message: impl Into<String>) -> Self {
        Self { object: object.id.clone(), key: Some(key.into()), severity: Severity::Error, message: message.into() }
    }

    pub fn warning(object: &Object, key: &str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(object, key, message) }
    }
}

/// All issues that need no geometry: expressions, ranges, cycles, missing references and required properties.
pub fn check(design: &Design) -> Vec<Issue> {
    let (resolved, mut issues) = resolve(design);
    for object in design.objects.iter().filter(|o| !o.suppressed) {
        let Some(kind) = schema::kind(&object.kind) else {
            // From a newer build, or a kind that was taken away: keep it, say so.
            issues.push(Issue::error(object, "kind", format!("this build does not know '{}'", object.kind)));
            continue;
        };
        for field in kind.fields {
            if !object.shows(field) {
                continue;
            }
            let key = field.key;
            match field.kind {
                // Parameters report through `resolve`, cycles included.
                FieldType::AnyExpr { .. } => {}
                FieldType::Expr { .. } | FieldType::Count { .. } => issues.extend(resolved.number(object, key).err()),
                FieldType::Vector { .. } => issues.extend(resolved.vector(object, key).err()),
                FieldType::Profile => {
                    if let Some(Value::Profile(profile)) = object.get(key) {
                        for (label, text) in profile.expressions() {
                            if let Err(e) = resolved.evaluate_as(&text, crate::quantity::Dimension::LENGTH) {
                                issues.push(Issue::error(object, key, format!("{}, {label}: {e}", field.label)));
                            }
                        }
                    }
                }
                FieldType::Refs { section, .. } => {
                    let refs = object.refs(key);
                    if field.required && refs.is_empty() {
                        issues.push(Issue::error(object, key, format!("{}: choose at least one", field.label)));
                    }
                    for id in refs {
                        match design.get(&id) {
                            None => issues.push(Issue::error(
                                object,
                                key,
                                format!("{}: it refers to {id}, which is not in the design any more", field.label),
                            )),
                            Some(other) if other.section() != Some(section) => issues.push(Issue::error(
                                object,
                                key,
                                format!("{}: {} does not belong here", field.label, other.name),
                            )),
                            Some(other) if other.suppressed => issues.push(Issue::warning(
                                object,
                                key,
                                format!("{}: {} is suppressed", field.label, other.name),
                            )),
                            Some(_) => {}
                        }
                    }
                }
                FieldType::Faces
                    if field.required
                    // Named selections may stand in for picked faces.
                    && object.faces(key).is_empty() && object.refs("selections").is_empty() =>
                {
                    issues.push(Issue::error(object, key, format!("{}: pick at least one", field.label)));
                }
                FieldType::Edges if field.required && object.edges(key).is_empty() => {
                    issues.push(Issue::error(object, key, format!("{}: pick at least one", field.label)));
                }
                FieldType::Blob
                    if field.required
                        && !matches!(object.get(key), Some(Value::Blob { hash, .. }) if !hash.is_empty()) =>
                {
                    issues.push(Issue::error(object, key, format!("{}: choose a file", field.label)));
                }
                _ => {}
            }
        }
        if object.kind == requirement::KIND {
            issues.extend(requirement::check(design, object));
        }
        if let Some(form) = crate::study::form(&object.kind) {
            issues.extend((form.check)(design, object));
        }
    }
    issues
}
