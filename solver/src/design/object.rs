//! Objects, their property values, and the design that holds them.

use super::Profile;
use super::schema::{self, Field, Section};
use crate::quantity;
use crate::surface::{EdgeName, FaceName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Identity of an object, chosen by whoever adds it and never reused: `box_k3f9`. Lower-case letters, digits and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub String);

impl Id {
    /// Longest id accepted.
    pub const CHARS_MAX: usize = 40;

    pub fn is_valid(&self) -> bool {
        (1..=Self::CHARS_MAX).contains(&self.0.len())
            && self.0.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    }

    /// An id for a new object of `kind` from 64 random bits, which the caller supplies.
    pub fn fresh(kind: &str, random: u64) -> Self {
        const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let tail: String = (0..10).map(|i| DIGITS[(random >> (5 * i)) as usize & 31] as char).collect();
        Self(format!("{kind}_{tail}"))
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Id {
    fn from(s: &str) -> Self {
        Self(s.into())
    }
}

/// A property's value. Which variant a property takes is said by its kind's schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum Value {
    /// A quantity as typed: `12 mm`, `2*width`.
    Expr(String),
    /// Three quantities of one dimension: x, y, z in world axes.
    Vector([String; 3]),
    Text(String),
    Flag(bool),
    /// One of the schema's choices, by key.
    Choice(String),
    /// Other objects, by id.
    Refs(Vec<Id>),
    Faces(Vec<FaceName>),
    Edges(Vec<EdgeName>),
    /// A closed planar outline with holes.
    Profile(Profile),
    /// Bytes in the blob store: content hash and the name of the file they came from.
    Blob {
        hash: String,
        name: String,
    },
}

impl Value {
    /// The value with the parameters in its expressions renamed; `to` gives the new name of one, or `None` to leave it.
    #[must_use]
    pub fn rename_with(&self, to: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut value = self.clone();
        match &mut value {
            Self::Expr(e) => *e = quantity::rename_with(e, to),
            Self::Vector(v) => v.iter_mut().for_each(|e| *e = quantity::rename_with(e, to)),
            Self::Profile(p) => p.expressions_mut().into_iter().for_each(|(_, e)| *e = quantity::rename_with(e, to)),
            _ => {}
        }
        value
    }
}

/// One thing in a design.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    pub id: Id,
    /// A key of [`schema::KINDS`].
    pub kind: String,
    /// What the person calls it. A parameter's name is what expressions use.
    pub name: String,
    /// The group it stands in, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Id>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suppressed: bool,
    /// Only properties that differ from the schema's default.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Value>,
}

impl Object {
    pub fn new(id: impl Into<Id>, kind: &str, name: &str) -> Self {
        Self {
            id: id.into(),
            kind: kind.into(),
            name: name.into(),
            parent: None,
            suppressed: false,
            properties: BTreeMap::new(),
        }
    }

    /// Builder: the object with property `key` set.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.properties.insert(key.into(), value);
        self
    }

    /// Builder for the commonest property.
    #[must_use]
    pub fn expr(self, key: &str, text: &str) -> Self {
        self.with(key, Value::Expr(text.into()))
    }

    /// Whether one of its properties refers to `id`, or to a face that it made.
    pub fn mentions(&self, id: &Id) -> bool {
        let made = |face: &FaceName| face.feature() == id.0 || face.instances().any(|(by, _)| by == id.0);
        self.properties.values().any(|value| match value {
            Value::Refs(ids) => ids.contains(id),
            Value::Faces(faces) => faces.iter().any(made),
            Value::Edges(edges) => edges.iter().any(|e| e.faces.iter().any(made)),
            _ => false,
        })
    }

    /// The property's value, or the schema's default; `None` for a key the kind does not have.
    pub fn get(&self, key: &str) -> Option<Value> {
        self.properties.get(key).cloned().or_else(|| schema::field(&self.kind, key).map(|f| f.default_value()))
    }

    pub fn section(&self) -> Option<Section> {
        schema::kind(&self.kind).map(|k| k.section)
    }

    /// The faces in property `key`, empty when unset.
    pub fn faces(&self, key: &str) -> Vec<FaceName> {
        match self.get(key) {
            Some(Value::Faces(faces)) => faces,
            _ => Vec::new(),
        }
    }

    pub fn edges(&self, key: &str) -> Vec<EdgeName> {
        match self.get(key) {
            Some(Value::Edges(edges)) => edges,
            _ => Vec::new(),
        }
    }

    pub fn refs(&self, key: &str) -> Vec<Id> {
        match self.get(key) {
            Some(Value::Refs(refs)) => refs,
            _ => Vec::new(),
        }
    }

    pub fn choice(&self, key: &str) -> String {
        match self.get(key) {
            Some(Value::Choice(choice)) => choice,
            _ => String::new(),
        }
    }

    pub fn text(&self, key: &str) -> String {
        match self.get(key) {
            Some(Value::Text(text) | Value::Expr(text)) => text,
            _ => String::new(),
        }
    }

    pub fn flag(&self, key: &str) -> bool {
        matches!(self.get(key), Some(Value::Flag(true)))
    }

    /// Whether a property counts: the choice it depends on is made so, and counts itself.
    pub fn shows(&self, field: &Field) -> bool {
        field.when.is_none_or(|(on, values)| {
            values.contains(&self.choice(on).as_str()) && schema::field(&self.kind, on).is_none_or(|f| self.shows(f))
        })
    }
}

/// The whole design at one moment.
///
/// Order is the order of the tree; features are built in it. Cloning shares the objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// Schema version of the document itself; see `golden` tests for the ones that load.
    #[serde(default)]
    pub schema: u32,
    pub objects: Vec<Arc<Object>>,
}

impl Design {
    /// Version written by this build.
    pub const SCHEMA: u32 = 2;

    pub fn new() -> Self {
        Self { schema: Self::SCHEMA, objects: Vec::new() }
    }

    pub fn get(&self, id: &Id) -> Option<&Object> {
        self.objects.iter().find(|o| o.id == *id).map(Arc::as_ref)
    }

    pub fn position(&self, id: &Id) -> Option<usize> {
        self.objects.iter().position(|o| o.id == *id)
    }

    /// Objects of a section in tree order.
    pub fn section(&self, section: Section) -> impl Iterator<Item = &Object> {
        self.objects.iter().map(Arc::as_ref).filter(move |o| o.section() == Some(section))
    }

    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        self.objects.iter().map(Arc::as_ref).filter(move |o| o.kind == kind)
    }

    /// Content hash of everything that can change a result: names, comments and groups do not.
    ///
    /// Parameters count by value through the expressions that use them, so their names do count.
    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for object in self.objects.iter().filter(|o| !o.suppressed) {
            let name = if object.section() == Some(Section::Parameter) { object.name.as_str() } else { "" };
            // Serialising plain maps and strings cannot fail.
            let bytes = serde_json::to_vec(&(&object.id, &object.kind, name, &object.properties)).unwrap_or_default();
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(&bytes);
        }
        hasher.finalize().to_hex().to_string()
    }
}
