//! Whether a value is as a schema of the API's description says, for tests. Of JSON Schema it knows what the description uses,
//! and is stricter in one thing: a key that no schema names is a fault, for whoever reads the description knows nothing of it.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Keys that say nothing about which values fit.
const WORDS: [&str; 6] = ["description", "example", "examples", "format", "default", "title"];
/// Keys that do, and that are understood here.
const KNOWN: [&str; 16] = [
    "type",
    "enum",
    "$ref",
    "oneOf",
    "anyOf",
    "allOf",
    "properties",
    "required",
    "additionalProperties",
    "propertyNames",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "minimum",
    "deprecated",
];

pub struct Fit<'a> {
    description: &'a Value,
    /// What examples have touched: pointers to properties and variants, and words of enumerations.
    pub seen: BTreeSet<String>,
}

type Keys = BTreeSet<String>;

impl<'a> Fit<'a> {
    pub fn new(description: &'a Value) -> Self {
        Self { description, seen: BTreeSet::new() }
    }

    /// Whether `value` is a `name` of the description.
    pub fn is(&mut self, name: &str, value: &Value) -> Result<(), String> {
        self.whole(&component(name), value).map_err(|why| format!("{name}: {why}"))
    }

    /// Every key of `value` is spoken of.
    fn whole(&mut self, at: &str, value: &Value) -> Result<(), String> {
        let keys = self.keys(at, value)?;
        match value.as_object().and_then(|map| map.keys().find(|key| !keys.contains(*key))) {
            Some(key) => Err(format!("{at} does not know '{key}'")),
            None => Ok(()),
        }
    }

    /// The keys of `value` that the schema at `at` speaks of.
    fn keys(&mut self, at: &str, value: &Value) -> Result<Keys, String> {
        let description = self.description;
        let schema = description.pointer(at).ok_or_else(|| format!("there is no {at}"))?;
        let schema = schema.as_object().filter(|s| s.keys().any(|k| !WORDS.contains(&k.as_str())));
        let schema = schema.ok_or_else(|| format!("{at} says nothing"))?;
        if let Some(unknown) = schema.keys().find(|k| !WORDS.contains(&k.as_str()) && !KNOWN.contains(&k.as_str())) {
            return Err(format!("{at}: '{unknown}' is not understood by this test"));
        }
        let mut keys = Keys::new();
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            keys.extend(self.keys(target.trim_start_matches('#'), value)?);
        }
        for (i, _) in list(schema, "allOf") {
            keys.extend(self.keys(&format!("{at}/allOf/{i}"), value)?);
        }
        for one in ["oneOf", "anyOf"] {
            if schema.contains_key(one) {
                keys.extend(self.option(at, one, value)?);
            }
        }
        self.word(at, schema, value)?;
        kind(at, schema, value)?;
        self.items(at, schema, value)?;
        self.properties(at, schema, value, &mut keys)?;
        Ok(keys)
    }

    /// The one variant that `value` is of.
    fn option(&mut self, at: &str, one: &str, value: &Value) -> Result<Keys, String> {
        let n = self.description.pointer(at).map_or(0, |schema| schema[one].as_array().map_or(0, Vec::len));
        let (mut found, mut faults) = (Vec::new(), Vec::new());
        for i in 0..n {
            let before = self.seen.clone();
            let place = format!("{at}/{one}/{i}");
            match self.keys(&place, value) {
                Ok(keys) => {
                    self.seen.insert(place);
                    found.push(keys);
                }
                Err(why) => {
                    self.seen = before;
                    faults.push(why);
                }
            }
        }
        match (found.len(), one) {
            (1, _) => Ok(found.remove(0)),
            (0, _) => Err(format!("{at}: {value} is none of: {}", faults.join("; "))),
            (_, "anyOf") => Ok(found.into_iter().flatten().collect()),
            _ => Err(format!("{at}: {value} is several of them")),
        }
    }

    fn word(&mut self, at: &str, schema: &Map<String, Value>, value: &Value) -> Result<(), String> {
        let Some(words) = schema.get("enum").and_then(Value::as_array) else { return Ok(()) };
        if !words.contains(value) {
            return Err(format!("{at}: {value} is none of {words:?}"));
        }
        self.seen.insert(format!("{at}/enum/{value}"));
        Ok(())
    }

    fn items(&mut self, at: &str, schema: &Map<String, Value>, value: &Value) -> Result<(), String> {
        let Some(items) = value.as_array() else { return Ok(()) };
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let n = items.len() as u64;
        if bound("minItems").is_some_and(|least| n < least) || bound("maxItems").is_some_and(|most| n > most) {
            return Err(format!("{at}: {n} items"));
        }
        let first = list(schema, "prefixItems").count();
        for (i, item) in items.iter().enumerate() {
            if i < first {
                self.whole(&format!("{at}/prefixItems/{i}"), item)?;
            } else if schema.contains_key("items") {
                self.whole(&format!("{at}/items"), item)?;
            }
        }
        Ok(())
    }

    fn properties(
        &mut self,
        at: &str,
        schema: &Map<String, Value>,
        value: &Value,
        keys: &mut Keys,
    ) -> Result<(), String> {
        let Some(map) = value.as_object() else { return Ok(()) };
        for (_, key) in list(schema, "required") {
            if !key.as_str().is_some_and(|key| map.contains_key(key)) {
                return Err(format!("{at}: {key} is missing"));
            }
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (key, inner) in map {
            if properties.is_some_and(|p| p.contains_key(key)) {
                let place = format!("{at}/properties/{key}");
                self.whole(&place, inner)?;
                self.seen.insert(place);
                keys.insert(key.clone());
            } else if schema.contains_key("additionalProperties") {
                self.whole(&format!("{at}/additionalProperties"), inner)?;
                keys.insert(key.clone());
            }
        }
        Ok(())
    }

    /// Properties, variants and words of the schema `name` that no example has touched.
    pub fn unseen(&self, name: &str) -> Vec<String> {
        let mut all = Vec::new();
        if let Some(schema) = self.description.pointer(&component(name)) {
            parts(&component(name), schema, &mut all);
        }
        all.retain(|place| !self.seen.contains(place));
        all
    }
}

pub fn component(name: &str) -> String {
    format!("/components/schemas/{name}")
}

fn list<'v>(schema: &'v Map<String, Value>, key: &str) -> impl Iterator<Item = (usize, &'v Value)> {
    schema.get(key).and_then(Value::as_array).into_iter().flatten().enumerate()
}

fn kind(at: &str, schema: &Map<String, Value>, value: &Value) -> Result<(), String> {
    let is = |word: &str| match word {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => false,
    };
    let fits = match schema.get("type") {
        None => true,
        Some(Value::String(word)) => is(word),
        Some(words) => words.as_array().into_iter().flatten().filter_map(Value::as_str).any(is),
    };
    let least = schema.get("minimum").and_then(Value::as_f64);
    match (fits, least, value.as_f64()) {
        (false, ..) => Err(format!("{at}: {value} is no {}", schema["type"])),
        (_, Some(least), Some(n)) if n < least => Err(format!("{at}: {n} is below {least}")),
        _ => Ok(()),
    }
}

/// Pointers to what a schema itself consists of, without what it refers to.
fn parts(at: &str, schema: &Value, all: &mut Vec<String>) {
    for word in schema["enum"].as_array().into_iter().flatten() {
        all.push(format!("{at}/enum/{word}"));
    }
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let place = format!("{at}/properties/{key}");
        parts(&place, inner, all);
        all.push(place);
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        for (i, inner) in schema[key].as_array().into_iter().flatten().enumerate() {
            let place = format!("{at}/{key}/{i}");
            parts(&place, inner, all);
            // That a value may be left out is no part of it.
            if key != "allOf" && inner["type"] != "null" {
                all.push(place);
            }
        }
    }
    for key in ["items", "additionalProperties"] {
        if schema[key].is_object() {
            parts(&format!("{at}/{key}"), &schema[key], all);
        }
    }
}
