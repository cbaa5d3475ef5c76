//! What is other in one design than in another, object by object, in values and in words.

use super::naming::{describe_edge, describe_face};
use super::object::{Design, Id, Object, Value};
use super::order::still;
use super::resolve::{Resolved, resolve};
use super::schema::{self, Field, FieldType, Section};
use super::{Profile, material};
use crate::quantity::{self, Dimension, UnitSystem};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Significant digits of values beside their expressions.
const DIGITS: usize = 6;
/// Names and coordinates told in full; the rest is counted.
const LISTED_MAX: usize = 6;
/// Characters of a text that are told.
const TEXT_SHOWN_MAX: usize = 80;

/// Sections in the order in which they are told, with the heads of their lists.
const SECTIONS: &[(Section, &str)] = &[
    (Section::Parameter, "Parameters"),
    (Section::Feature, "Features"),
    (Section::Selection, "Selections"),
    (Section::Material, "Materials"),
    (Section::Support, "Supports"),
    (Section::Load, "Loads"),
    (Section::LoadCase, "Load cases"),
    (Section::Thermal, "Heat boundaries"),
    (Section::Study, "Studies"),
    (Section::Probe, "Probes"),
    (Section::Requirement, "Requirements"),
    (Section::Setting, "Settings"),
    (Section::Group, "Groups"),
];

/// One thing that is other at one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    Added,
    Removed,
    Renamed {
        before: String,
        after: String,
    },
    /// It stands elsewhere among the others: after which object, `None` for the beginning.
    Moved {
        before: Option<Id>,
        after: Option<Id>,
    },
    /// It stands in another group.
    Grouped {
        before: Option<Id>,
        after: Option<Id>,
    },
    Suppressed {
        after: bool,
    },
    /// `None`: the schema's default.
    Property {
        key: String,
        before: Option<Value>,
        after: Option<Value>,
    },
}

/// A change with its place and its words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub object: Id,
    pub kind: String,
    /// What the object is called now, or was called before it was removed.
    pub name: String,
    #[serde(flatten)]
    pub change: Change,
    /// `Length x: 100 mm → 2*width = 80 mm`.
    pub text: String,
}

/// The changes of one section of the tree, in the order of its objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    pub label: String,
    pub lines: Vec<Line>,
}

/// What is other in `after` than in `before`: parameters first, then features, loads, studies and the rest.
///
/// An expression that only follows the new name of a parameter is no change. Objects are in the order of `after`, and
/// those that were removed stand where they stood; of one object, its name comes first, then group, place, suppression and
/// properties in the order of its form. Of objects that changed places, as few as possible are told as moved. Values are
/// worded in the display units of `after`.
pub fn compare(before: &Design, after: &Design) -> Vec<Part> {
    let comparison = Comparison::new(before, after);
    let lines = comparison.lines();
    let mut parts: Vec<Part> = Vec::new();
    let labels = SECTIONS.iter().map(|(section, label)| (Some(*section), *label));
    for (section, label) in labels.chain([(None, "Of another build")]) {
        let own = |l: &&Line| schema::kind(&l.kind).map(|k| k.section) == section;
        let lines: Vec<Line> = lines.iter().filter(own).cloned().collect();
        if !lines.is_empty() {
            parts.push(Part { label: label.into(), lines });
        }
    }
    parts
}

/// The units that everyone sees in this design.
pub fn display_units(design: &Design) -> UnitSystem {
    match design.of_kind("units").next().map(|o| o.choice("system")).as_deref() {
        Some("metre") => UnitSystem::Metre,
        Some("inch") => UnitSystem::Inch,
        _ => UnitSystem::Millimetre,
    }
}

/// Parameters that one of several designs calls otherwise than the first, so that expressions are compared by what they
/// refer to.
pub(super) struct Renamed<'a> {
    base: BTreeMap<&'a str, &'a Id>,
    ids: BTreeSet<&'a Id>,
}

impl<'a> Renamed<'a> {
    pub fn new(base: &'a Design, others: &[&'a Design]) -> Self {
        let other = |p: &&Object| others.iter().any(|d| d.get(&p.id).is_some_and(|o| o.name != p.name));
        let ids = base.section(Section::Parameter).filter(other).map(|p| &p.id).collect();
        Self { base: parameters(base), ids }
    }

    /// `value` of a design with these `parameters`, with ids in the place of the names that are not alike everywhere.
    pub fn meaning(&self, parameters: &BTreeMap<&str, &Id>, value: &Value) -> Value {
        if self.ids.is_empty() {
            return value.clone();
        }
        value.rename_with(&|name| {
            let id = parameters
                .get(name)
                .or_else(|| self.base.get(name).filter(|id| !parameters.values().any(|p| p == *id)))?;
            self.ids.contains(*id).then(|| format!("#{id}"))
        })
    }
}

/// Ids of the parameters by their names.
pub(super) fn parameters(design: &Design) -> BTreeMap<&str, &Id> {
    // The first of a name counts, as where it is looked up; reversed, so that it is the last that is put in.
    let all: Vec<&Object> = design.section(Section::Parameter).collect();
    all.into_iter().rev().map(|p| (p.name.as_str(), &p.id)).collect()
}

struct Comparison<'a> {
    before: &'a Design,
    after: &'a Design,
    renamed: Renamed<'a>,
    names: [BTreeMap<&'a str, &'a Id>; 2],
    words: [Words<'a>; 2],
}

impl<'a> Comparison<'a> {
    fn new(before: &'a Design, after: &'a Design) -> Self {
        let system = display_units(after);
        Self {
            before,
            after,
            renamed: Renamed::new(before, &[after]),
            names: [parameters(before), parameters(after)],
            words: [Words::new(before, system), Words::new(after, system)],
        }
    }

    fn lines(&self) -> Vec<Line> {
        let old: BTreeMap<&Id, &Object> = self.before.objects.iter().map(|o| (&o.id, o.as_ref())).collect();
        let new: BTreeMap<&Id, &Object> = self.after.objects.iter().map(|o| (&o.id, o.as_ref())).collect();
        let was: Vec<&Id> = self.before.objects.iter().map(|o| &o.id).collect();
        let is: Vec<&Id> = self.after.objects.iter().map(|o| &o.id).collect();
        let of_one_kind = |id: &&&Id| old.get(**id).map(|o| &o.kind) == new.get(**id).map(|o| &o.kind);
        let still: BTreeSet<&Id> = still(&was, &is).iter().filter(of_one_kind).copied().collect();
        let (was_after, is_after) = (standing_after(&was), standing_after(&is));
        let gone = |o: &Object| new.get(&o.id).is_none_or(|n| n.kind != o.kind);
        let mut left = self.before.objects.iter().peekable();
        let mut out = Vec::new();
        // What is gone from here up to the next object that stood still.
        let mut tell_removed = |out: &mut Vec<Line>| {
            while let Some(o) = left.next_if(|o| !still.contains(&o.id)) {
                if gone(o) {
                    out.push(self.line(o, Change::Removed));
                }
            }
            left.next();
        };
        tell_removed(&mut out);
        for o in &self.after.objects {
            let Some(old) = old.get(&o.id).filter(|old| old.kind == o.kind) else {
                out.push(self.line(o, Change::Added));
                continue;
            };
            self.object(old, o, &mut out);
            if still.contains(&o.id) {
                tell_removed(&mut out);
            } else {
                let of = |after: &BTreeMap<&Id, Option<&Id>>| after.get(&o.id).copied().flatten().cloned();
                out.push(self.line(o, Change::Moved { before: of(&was_after), after: of(&is_after) }));
            }
        }
        out
    }

    fn object(&self, old: &Object, new: &Object, out: &mut Vec<Line>) {
        if old.name != new.name {
            out.push(self.line(new, Change::Renamed { before: old.name.clone(), after: new.name.clone() }));
        }
        if old.parent != new.parent {
            out.push(self.line(new, Change::Grouped { before: old.parent.clone(), after: new.parent.clone() }));
        }
        if old.suppressed != new.suppressed {
            out.push(self.line(new, Change::Suppressed { after: new.suppressed }));
        }
        for key in keys(old, new) {
            let (before, after) = (old.properties.get(key), new.properties.get(key));
            let meant = |value: Option<&Value>, side: usize| value.map(|v| self.renamed.meaning(&self.names[side], v));
            let default = schema::field(&new.kind, key).map(Field::default_value);
            if meant(before.or(default.as_ref()), 0) != meant(after.or(default.as_ref()), 1) {
                let (before, after) = (before.cloned(), after.cloned());
                out.push(self.line(new, Change::Property { key: key.into(), before, after }));
            }
        }
    }

    fn line(&self, object: &Object, change: Change) -> Line {
        let text = self.text(object, &change);
        Line { object: object.id.clone(), kind: object.kind.clone(), name: object.name.clone(), change, text }
    }

    fn text(&self, object: &Object, change: &Change) -> String {
        let [old, new] = &self.words;
        match change {
            Change::Added => {
                match schema::field(&object.kind, "value").filter(|_| object.section() == Some(Section::Parameter)) {
                    Some(field) => format!("added: {}", new.value(object, field.key, object.get("value").as_ref())),
                    None => "added".into(),
                }
            }
            Change::Removed => "removed".into(),
            Change::Renamed { before, after } => format!("renamed from {before} to {after}"),
            Change::Moved { before, after } => {
                format!("moved: it stands {} now, and stood {}", new.after(after.as_ref()), old.after(before.as_ref()))
            }
            Change::Grouped { after: Some(group), .. } => format!("put into {}", new.name(group)),
            Change::Grouped { before, after: None } => {
                format!("taken out of {}", before.as_ref().map_or_else(|| "its group".into(), |g| old.name(g)))
            }
            Change::Suppressed { after } => if *after { "suppressed" } else { "no longer suppressed" }.into(),
            Change::Property { key, before, after } => {
                let label = schema::field(&object.kind, key).map_or(key.as_str(), |f| f.label);
                let (was, is) = (old.value(object, key, before.as_ref()), new.value(object, key, after.as_ref()));
                if let (Some(Value::Profile(before)), Some(Value::Profile(after))) = (before, after)
                    && let Some(text) = coordinates(before, after)
                {
                    return format!("{label}: {text}");
                }
                if was == is { format!("{label} changed") } else { format!("{label}: {was} → {is}") }
            }
        }
    }
}

/// What each stands after.
fn standing_after<'a>(order: &[&'a Id]) -> BTreeMap<&'a Id, Option<&'a Id>> {
    order.iter().enumerate().map(|(i, id)| (*id, i.checked_sub(1).map(|i| order[i]))).collect()
}

/// Keys of properties that one of the two has: in the order of the form, then those that it does not know.
pub(super) fn keys<'a>(old: &'a Object, new: &'a Object) -> Vec<&'a str> {
    let fields = schema::kind(&new.kind).map_or(&[][..], |k| k.fields);
    let mut rest: BTreeSet<&str> = old.properties.keys().chain(new.properties.keys()).map(String::as_str).collect();
    let mut out: Vec<&str> = fields.iter().map(|f| f.key).filter(|key| rest.remove(key)).collect();
    out.extend(rest);
    out
}

/// The coordinates that are other in two profiles of one build; `None` where they are built otherwise.
fn coordinates(before: &Profile, after: &Profile) -> Option<String> {
    let (before, after) = (before.expressions(), after.expressions());
    if before.len() != after.len() || before.iter().zip(&after).any(|(b, a)| b.0 != a.0) {
        return None;
    }
    let other = before.iter().zip(&after).filter(|(b, a)| b.1 != a.1);
    let all: Vec<String> = other.map(|((label, b), (_, a))| format!("{label} {b} → {a}")).collect();
    (!all.is_empty()).then(|| listed(all, "; "))
}

/// The first few, and how many more there are.
fn listed(mut all: Vec<String>, separator: &str) -> String {
    let more = all.len().saturating_sub(LISTED_MAX);
    all.truncate(LISTED_MAX);
    let text = all.join(separator);
    if more == 0 { text } else { format!("{text}{separator}and {more} more") }
}

/// Values of one design in words.
pub(super) struct Words<'a> {
    design: &'a Design,
    resolved: Resolved,
    system: UnitSystem,
}

impl<'a> Words<'a> {
    pub fn new(design: &'a Design, system: UnitSystem) -> Self {
        Self { design, resolved: resolve(design).0, system }
    }

    /// What an object is called; its id where the design does not have it.
    pub fn name(&self, id: &Id) -> String {
        self.design.get(id).map_or_else(|| id.to_string(), |o| o.name.clone())
    }

    /// A place in the tree.
    pub fn after(&self, id: Option<&Id>) -> String {
        id.map_or_else(|| "first".into(), |id| format!("after {}", self.name(id)))
    }

    /// A property's value; `None` is the default of its kind.
    pub fn value(&self, object: &Object, key: &str, value: Option<&Value>) -> String {
        let field = schema::field(&object.kind, key);
        let default = field.map(Field::default_value);
        let Some(value) = value.or(default.as_ref()) else { return "nothing".into() };
        match value {
            Value::Expr(text) => self.expression(text),
            Value::Vector(texts) => {
                format!("({})", texts.iter().map(|t| self.expression(t)).collect::<Vec<_>>().join(", "))
            }
            Value::Text(text) if text.is_empty() => "nothing".into(),
            Value::Text(text) => {
                let short: String = text.chars().take(TEXT_SHOWN_MAX).collect();
                let dots = if short.len() < text.len() { "…" } else { "" };
                format!("“{short}{dots}”")
            }
            Value::Flag(flag) => if *flag { "yes" } else { "no" }.into(),
            Value::Choice(choice) => self.choice(field, choice),
            Value::Refs(refs) => self.list(refs.iter().map(|id| self.name(id)).collect()),
            Value::Faces(faces) => self.list(faces.iter().map(|f| describe_face(self.design, f)).collect()),
            Value::Edges(edges) => self.list(edges.iter().map(|e| describe_edge(self.design, e)).collect()),
            Value::Profile(profile) => {
                let n = profile.expressions().len();
                let holes = match profile.holes.len() {
                    0 => String::new(),
                    1 => " with a hole".into(),
                    n => format!(" with {n} holes"),
                };
                format!("an outline of {n} coordinates{holes}")
            }
            Value::Blob { hash, .. } if hash.is_empty() => "nothing".into(),
            // Two files of one name are told apart by the start of their hashes.
            Value::Blob { hash, name } => format!("{name} ({})", hash.chars().take(8).collect::<String>()),
        }
    }

    fn choice(&self, field: Option<&Field>, choice: &str) -> String {
        match field.map(|f| f.kind) {
            Some(FieldType::Material) => material(choice).map_or_else(|| choice.into(), |m| m.name.into()),
            Some(FieldType::Choice { options, .. }) => {
                options.iter().find(|(key, _)| *key == choice).map_or(choice, |(_, label)| label).into()
            }
            _ => choice.into(),
        }
    }

    fn list(&self, all: Vec<String>) -> String {
        if all.is_empty() { "none".into() } else { listed(all, ", ") }
    }

    /// As typed, with what it comes to in the display unit where that says more.
    fn expression(&self, text: &str) -> String {
        let text = text.trim();
        let Ok(value) = self.resolved.evaluate(text) else { return text.into() };
        let computed = !quantity::names(text).is_empty();
        // Angles and shares, and turning speeds, which are typed in rpm and shown in Hz, are clearer as they were typed.
        if !computed && [Dimension::NONE, Dimension::FREQUENCY].contains(&value.dimension) {
            return text.into();
        }
        let shown = quantity::format(value, self.system, DIGITS);
        let bare = |text: &str| text.replace([' ', '='], "");
        if bare(text) == bare(&shown) { shown } else { format!("{text} = {shown}") }
    }
}
