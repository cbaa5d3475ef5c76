//! The one table of object kinds: what each is called, where it stands, which properties it has.
//!
//! Adding a feature, load or study costs a row here and its evaluation elsewhere; panel, checks, undo, comparison and
//! merge follow from the row.

mod generative;
mod kinds;

pub use kinds::KINDS;

use super::object::Value;
use super::profile::{Outline, Profile};
use crate::quantity::Dimension;
use serde::Serialize;

/// Part of the tree an object stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    Group,
    Parameter,
    Feature,
    Selection,
    Material,
    Support,
    Load,
    LoadCase,
    /// Boundaries and sources of heat.
    Thermal,
    Study,
    /// Places where answers are read.
    Probe,
    /// What the design must do.
    Requirement,
    Setting,
}

/// What a property holds, with its default.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FieldType {
    /// A quantity of this dimension, and the range of sane values in SI.
    Expr {
        dimension: Dimension,
        default: &'static str,
        min: Option<f64>,
        max: Option<f64>,
    },
    /// A quantity of any dimension (parameters).
    AnyExpr {
        default: &'static str,
    },
    /// A whole number, may be an expression.
    Count {
        default: &'static str,
        min: u32,
        max: u32,
    },
    Vector {
        dimension: Dimension,
        default: [&'static str; 3],
    },
    Text,
    Flag {
        default: bool,
    },
    /// Keys and labels; the first is the default unless said.
    Choice {
        options: &'static [(&'static str, &'static str)],
        default: &'static str,
    },
    /// A material of [`super::MATERIALS`], by key.
    Material,
    /// Objects of a section.
    Refs {
        section: Section,
        max: u32,
    },
    Faces,
    Edges,
    Profile,
    Blob,
}

/// One property of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Field {
    pub key: &'static str,
    pub label: &'static str,
    pub help: &'static str,
    #[serde(flatten)]
    pub kind: FieldType,
    /// Shown only while the choice property `.0` has one of the values `.1`.
    pub when: Option<(&'static str, &'static [&'static str])>,
    /// Its expression may use `time`, the seconds since the start of a run.
    pub over_time: bool,
    /// Its expression may use `temperature`, of the place in the body.
    pub over_temperature: bool,
    /// Must be given before the object means anything.
    pub required: bool,
    /// The one study kind that reads it; others ask the same whatever it says.
    pub read_by: Option<&'static str>,
    /// A study kind that does not read it, and asks the same whatever it says.
    pub unread_by: Option<&'static str>,
}

/// One kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Kind {
    pub id: &'static str,
    pub label: &'static str,
    pub section: Section,
    pub help: &'static str,
    pub fields: &'static [Field],
}

impl Kind {
    /// Whether it is made of a file, and not by choosing its kind.
    pub fn needs_file(&self) -> bool {
        self.fields.iter().any(|f| f.kind == FieldType::Blob)
    }
}

impl Field {
    pub fn default_value(&self) -> Value {
        match self.kind {
            FieldType::Expr { default, .. } | FieldType::AnyExpr { default } | FieldType::Count { default, .. } => {
                Value::Expr(default.into())
            }
            FieldType::Vector { default, .. } => Value::Vector(default.map(String::from)),
            FieldType::Text => Value::Text(String::new()),
            FieldType::Flag { default } => Value::Flag(default),
            FieldType::Choice { default, .. } => Value::Choice(default.into()),
            FieldType::Material => Value::Choice("en_aw_6061_t6".into()),
            FieldType::Refs { .. } => Value::Refs(Vec::new()),
            FieldType::Faces => Value::Faces(Vec::new()),
            FieldType::Edges => Value::Edges(Vec::new()),
            FieldType::Profile => Value::Profile(Profile {
                outer: Outline::Circle { centre: ["0 mm".into(), "0 mm".into()], radius: "10 mm".into() },
                holes: Vec::new(),
            }),
            FieldType::Blob => Value::Blob { hash: String::new(), name: String::new() },
        }
    }

    /// Whether `value` is of this field's type. Expressions may be wrong inside: that is an issue, not a refusal.
    pub fn accepts(&self, value: &Value) -> bool {
        match (&self.kind, value) {
            (FieldType::Expr { .. } | FieldType::AnyExpr { .. } | FieldType::Count { .. }, Value::Expr(_))
            | (FieldType::Vector { .. }, Value::Vector(_))
            | (FieldType::Text, Value::Text(_))
            | (FieldType::Flag { .. }, Value::Flag(_))
            | (FieldType::Faces, Value::Faces(_))
            | (FieldType::Edges, Value::Edges(_))
            | (FieldType::Profile, Value::Profile(_))
            | (FieldType::Blob, Value::Blob { .. }) => true,
            (FieldType::Choice { options, .. }, Value::Choice(c)) => options.iter().any(|(key, _)| key == c),
            (FieldType::Material, Value::Choice(c)) => super::material(c).is_some(),
            (FieldType::Refs { max, .. }, Value::Refs(refs)) => refs.len() <= *max as usize,
            _ => false,
        }
    }

    /// Whether it is shown while the choice property `key` is `value`, and not whatever that says.
    pub fn hangs_on(&self, key: &str, value: &str) -> bool {
        self.when.is_some_and(|(on, values)| on == key && values.contains(&value))
    }

    /// What the field expects, for messages: "a length", "one of New, Join".
    pub fn expects(&self) -> String {
        match self.kind {
            FieldType::Expr { dimension, .. } => dimension.describe(),
            FieldType::AnyExpr { .. } => "a value".into(),
            FieldType::Count { min, max, .. } => format!("a whole number from {min} to {max}"),
            FieldType::Vector { dimension, .. } => format!("three values, each {}", dimension.describe()),
            FieldType::Text => "text".into(),
            FieldType::Flag { .. } => "yes or no".into(),
            FieldType::Choice { options, .. } => {
                format!("one of {}", options.iter().map(|(_, l)| *l).collect::<Vec<_>>().join(", "))
            }
            FieldType::Material => "a material of the library".into(),
            FieldType::Refs { max, .. } => format!("at most {max} objects"),
            FieldType::Faces => "faces".into(),
            FieldType::Edges => "edges".into(),
            FieldType::Profile => "a closed outline".into(),
            FieldType::Blob => "a file".into(),
        }
    }
}

const fn prop(key: &'static str, label: &'static str, kind: FieldType) -> Field {
    Field {
        key,
        label,
        help: "",
        kind,
        when: None,
        over_time: false,
        over_temperature: false,
        required: false,
        read_by: None,
        unread_by: None,
    }
}

impl Field {
    const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }
    const fn when(mut self, key: &'static str, values: &'static [&'static str]) -> Self {
        self.when = Some((key, values));
        self
    }
    const fn over_time(mut self) -> Self {
        self.over_time = true;
        self
    }
    const fn over_temperature(mut self) -> Self {
        self.over_temperature = true;
        self
    }
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }
    const fn unread_by(mut self, study: &'static str) -> Self {
        self.unread_by = Some(study);
        self
    }
    const fn read_by(mut self, study: &'static str) -> Self {
        self.read_by = Some(study);
        self
    }
}

/// The kind called `id`.
pub fn kind(id: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|k| k.id == id)
}

/// Property `key` of kind `id`.
pub fn field_of(kind: &'static Kind, key: &str) -> Option<&'static Field> {
    kind.fields.iter().find(|f| f.key == key)
}

/// Property `key` of the kind called `kind_id`.
pub fn field(kind_id: &str, key: &str) -> Option<&'static Field> {
    field_of(kind(kind_id)?, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_fit_their_fields_and_keys_are_unique() {
        for (i, kind) in KINDS.iter().enumerate() {
            assert!(!KINDS[..i].iter().any(|k| k.id == kind.id), "{} twice", kind.id);
            for (j, f) in kind.fields.iter().enumerate() {
                assert!(f.accepts(&f.default_value()), "{}.{}", kind.id, f.key);
                assert!(!kind.fields[..j].iter().any(|g| g.key == f.key), "{}.{} twice", kind.id, f.key);
                if let Some((on, values)) = f.when {
                    let choice = kind.fields.iter().find(|g| g.key == on).map(|g| g.kind);
                    let Some(FieldType::Choice { options, .. }) = choice else {
                        panic!("{}.{} depends on no choice", kind.id, f.key)
                    };
                    let is_option = |v: &&str| options.iter().any(|(key, _)| key == v);
                    assert!(!values.is_empty() && values.iter().all(is_option), "{}.{}: {values:?}", kind.id, f.key);
                }
            }
        }
    }
}
