//! What a study asks, as a fingerprint: equal fingerprints, same answer.
//!
//! Narrower than [`Design::fingerprint`]: it holds the *values* of only those objects the study can see. Renaming a
//! parameter, writing `20 mm` as `2*width`, adding a second study or changing the display units asks nothing new, so a
//! stored answer still stands and is not marked stale.

use super::form;
use crate::design::schema::{self, FieldType, Section};
use crate::design::{Design, Id, Object, Resolved, Value, material, resolve};
use crate::quantity::{Quantity, names};
use std::collections::{BTreeMap, BTreeSet};

/// Fingerprint of what study object `study` asks of `design`, 64 hexadecimal digits.
///
/// Covers the study's kind, version and set-up, every unsuppressed feature in order (bodies come from them), and the
/// materials, supports, load cases, loads and selections that the study reaches. `None` if the design has no such study, or it
/// is suppressed, or this build does not know its kind.
pub fn question(design: &Design, study: &Id) -> Option<String> {
    let object = design.get(study).filter(|o| !o.suppressed)?;
    let form = form(&object.kind)?;
    let (resolved, _) = resolve(design);
    let mut hasher = blake3::Hasher::new();
    let mut put = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    put(form.id.as_bytes());
    put(&form.version.to_le_bytes());
    // The study's own id and name are how it is called, not what it asks.
    put(values(&resolved, object, &object.kind).as_bytes());
    let seen = reach(design, object);
    for o in design.objects.iter().filter(|o| !o.suppressed && seen.contains(&o.id)) {
        put(o.id.0.as_bytes());
        put(o.kind.as_bytes());
        // A study that this one reads: another version of it may answer otherwise.
        if let Some(read) = super::form(&o.kind) {
            put(&read.version.to_le_bytes());
        }
        put(values(&resolved, o, &object.kind).as_bytes());
    }
    Some(hasher.finalize().to_hex().to_string())
}

/// What the study asks of each object that it reads, itself among them, but of the features that make its bodies: equal
/// texts, the same asked.
pub fn conditions(design: &Design, study: &Object) -> BTreeMap<Id, String> {
    let (resolved, _) = resolve(design);
    let seen = reach(design, study);
    let read = |o: &&Object| !o.suppressed && (o.id == study.id || seen.contains(&o.id));
    let asked = |o: &Object| (o.id.clone(), format!("{}\n{}", o.kind, values(&resolved, o, &study.kind)));
    let objects = design.objects.iter().map(|o| &**o).filter(read);
    objects.filter(|o| o.section() != Some(Section::Feature)).map(asked).collect()
}

/// Ids of everything the study can see: all features but grown bodies that it leaves out, the materials of its bodies, and what its references lead to. An empty
/// reference list means every object of that section, as the panels say.
pub fn reach(design: &Design, study: &Object) -> BTreeSet<Id> {
    let features = design.section(Section::Feature).filter(|o| !is_aside(design, study, o));
    let mut seen: BTreeSet<Id> = features.chain(materials(design, study)).map(|o| o.id.clone()).collect();
    let mut waiting = studied(design, study);
    while let Some(id) = waiting.pop() {
        let Some(object) = design.get(&id) else { continue };
        if !seen.insert(id) {
            continue;
        }
        if object.section() == Some(Section::Study) {
            waiting.extend(studied(design, object));
            continue;
        }
        let fields = schema::kind(&object.kind).map_or(&[][..], |k| k.fields);
        waiting.extend(
            fields.iter().filter(|f| matches!(f.kind, FieldType::Refs { .. })).flat_map(|f| object.refs(f.key)),
        );
    }
    seen
}

/// Whether a feature starts a body that the study leaves out and nothing it sees has to do with: a grown body must not make
/// the answer that it was grown from an old one.
fn is_aside(design: &Design, study: &Object, feature: &Object) -> bool {
    if feature.kind != "generated" || study.refs("bodies").is_empty() {
        return false;
    }
    let mut later = false;
    design.objects.iter().filter(|o| !o.suppressed).all(|o| {
        if o.id == feature.id {
            later = true;
            return true;
        }
        match o.section() {
            Some(Section::Study) if o.id != study.id => true,
            Some(Section::Requirement | Section::Probe) => true,
            Some(Section::Feature) if later && acts_on_all(o) => false,
            _ => !o.mentions(&feature.id),
        }
    })
}

/// Whether a feature joins, cuts or shares space with every body before it.
fn acts_on_all(feature: &Object) -> bool {
    let acts = feature.kind == "hole" || feature.get("operation").is_some() && feature.choice("operation") != "new";
    acts && feature.refs("targets").is_empty()
}

/// Material objects of the bodies that the study is about.
pub fn materials<'a>(design: &'a Design, study: &'a Object) -> impl Iterator<Item = &'a Object> {
    let bodies = study.refs("bodies");
    let of = move |o: &&Object| bodies.is_empty() || o.refs("bodies").iter().any(|b| bodies.contains(b));
    design.section(Section::Material).filter(of)
}

/// What heat studies find in a material object of its own: a conductivity, and a specific heat. What it lacks they take of
/// the body's other material.
pub fn warms(material: &Object, resolved: &Resolved) -> [bool; 2] {
    let conductivity = if material.kind == "orthotropic" { "k1" } else { "conductivity" };
    [conductivity, "specific_heat"].map(|key| resolved.number(material, key).is_ok_and(|v| v > 0.0))
}

/// Whether a heat study, a `steady` one or not, takes something of the body's other material beside this one, which replaces
/// that in mechanics.
pub fn lacks(material: &Object, resolved: &Resolved, steady: bool) -> bool {
    let [conducts, stores] = warms(material, resolved);
    material.kind == "orthotropic" && !(conducts && (stores || steady))
}

/// The heat study behind a study's temperatures: itself, or the one that its bodies expand by.
pub fn heat_study<'d>(design: &'d Design, study: &'d Object) -> Option<&'d Object> {
    match study.kind.as_str() {
        "heat" => Some(study),
        _ if study.choice("warmth") == "heat" => study.refs("heat").first().and_then(|id| design.get(id)),
        _ => None,
    }
}

/// What a study refers to; a study that it builds on is never meant by saying nothing.
fn studied(design: &Design, study: &Object) -> Vec<Id> {
    let mut out: Vec<Id> = Vec::new();
    let (mut takes_cases, mut any_case) = (false, false);
    for field in schema::kind(&study.kind).map_or(&[][..], |k| k.fields) {
        let FieldType::Refs { section, .. } = field.kind else { continue };
        if !study.shows(field) {
            continue;
        }
        let chosen = study.refs(field.key);
        let before = out.len();
        // Features are seen without being named.
        if chosen.is_empty() && !matches!(section, Section::Study | Section::Feature) {
            out.extend(design.section(section).filter(|o| !o.suppressed).map(|o| o.id.clone()));
        } else {
            out.extend(chosen);
        }
        takes_cases |= section == Section::LoadCase;
        any_case |= section == Section::LoadCase && out.len() > before;
    }
    if takes_cases {
        // Without load cases, all loads act together; bolts are tight in every one.
        let acts = |o: &&Object| !any_case || o.kind == "bolt_preload";
        out.extend(design.section(Section::Load).filter(acts).map(|o| o.id.clone()));
    }
    out
}

/// The object's properties as values: expressions by what they evaluate to, hidden fields left out, and those that studies
/// of the kind `by` do not read.
fn values(resolved: &Resolved, object: &Object, by: &str) -> String {
    let Some(kind) = schema::kind(&object.kind) else {
        // From another build: what it means is unknown, so every byte counts. Maps of strings always serialise.
        return serde_json::to_string(&object.properties).unwrap_or_default();
    };
    let mut out = String::new();
    for field in kind.fields {
        let unread = field.read_by.is_some_and(|kind| kind != by) || field.unread_by == Some(by);
        if !object.shows(field) || unread {
            continue;
        }
        let Some(value) = object.get(field.key) else { continue };
        out.push_str(field.key);
        out.push('=');
        out.push_str(&encode(resolved, value));
        out.push('\n');
    }
    out
}

fn encode(resolved: &Resolved, value: Value) -> String {
    match value {
        Value::Expr(text) => number(resolved, &text),
        Value::Vector(texts) => texts.iter().map(|t| number(resolved, t)).collect::<Vec<_>>().join(" "),
        Value::Profile(mut profile) => {
            for (_, text) in profile.expressions_mut() {
                *text = number(resolved, text);
            }
            serde_json::to_string(&profile).unwrap_or_default()
        }
        // The name of the file it came from changes nothing.
        Value::Blob { hash, .. } => hash,
        // A material counts by its data, so that a corrected table asks anew.
        Value::Choice(key) => match material(&key) {
            Some(m) => format!("{key} {m:?}"),
            None => key,
        },
        other => serde_json::to_string(&other).unwrap_or_default(),
    }
}

/// Bits and dimension of an expression's value; while it has none, or none before the run's time is known, the text
/// itself and the values of the parameters in it.
fn number(resolved: &Resolved, text: &str) -> String {
    // Adding 0.0 turns -0.0 into 0.0: they are one value.
    let bits = |q: Quantity| format!("{:016x}{:?}", (q.value + 0.0).to_bits(), q.dimension.0);
    resolved.evaluate(text).map(bits).unwrap_or_else(|_| {
        let mut out = format!("?{text}");
        for q in names(text).iter().filter_map(|n| resolved.parameter(n)) {
            out.push(' ');
            out.push_str(&bits(q));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn part() -> Design {
        let mut d = Design::new();
        d.objects = [
            Object::new("p", "parameter", "width").expr("value", "40 mm"),
            Object::new("b", "box", "Block").expr("dx", "2*width"),
            Object::new("s1", "fixed", "Wall"),
            Object::new("s2", "fixed", "Other wall"),
            Object::new("l1", "force", "Push"),
            Object::new("l2", "force", "Pull"),
            Object::new("c1", "load_case", "Case").with("loads", Value::Refs(vec!["l1".into()])),
            Object::new("c2", "load_case", "Other case").with("loads", Value::Refs(vec!["l2".into()])),
            Object::new("st", "static", "Static")
                .with("supports", Value::Refs(vec!["s1".into()]))
                .with("cases", Value::Refs(vec!["c1".into()])),
            Object::new("other", "static", "Another"),
        ]
        .map(Arc::new)
        .to_vec();
        d
    }

    fn change(d: &mut Design, id: &str, f: impl FnOnce(&mut Object)) {
        let at = d.position(&id.into()).unwrap();
        f(Arc::make_mut(&mut d.objects[at]));
    }

    #[test]
    fn only_what_the_study_sees_counts() {
        let ask = |d: &Design| question(d, &"st".into()).unwrap();
        let base = part();
        type Edit = fn(&mut Object);
        let cases: &[(&str, &str, Edit, bool)] = &[
            ("a feature's value", "b", |o| *o = o.clone().expr("dy", "61 mm"), true),
            ("a parameter in use", "p", |o| *o = o.clone().expr("value", "41 mm"), true),
            (
                "its support's faces",
                "s1",
                |o| *o = o.clone().with("faces", Value::Faces(vec![crate::surface::FaceName("b.top".into())])),
                true,
            ),
            (
                "its load",
                "l1",
                |o| *o = o.clone().with("force", Value::Vector(["1 N".into(), "0 N".into(), "0 N".into()])),
                true,
            ),
            ("its set-up", "st", |o| *o = o.clone().with("resolution", Value::Choice("fine".into())), true),
            ("a feature suppressed", "b", |o| o.suppressed = true, true),
            ("the same value otherwise written", "b", |o| *o = o.clone().expr("dx", "8 cm"), false),
            ("a default written out", "b", |o| *o = o.clone().expr("dy", "60 mm"), false),
            ("a hidden field", "st", |o| *o = o.clone().expr("cell", "3 mm"), false),
            (
                "another support",
                "s2",
                |o| *o = o.clone().with("faces", Value::Faces(vec![crate::surface::FaceName("b.top".into())])),
                false,
            ),
            (
                "a load of another case",
                "l2",
                |o| *o = o.clone().with("force", Value::Vector(["1 N".into(), "0 N".into(), "0 N".into()])),
                false,
            ),
            ("a name", "b", |o| o.name = "Renamed".into(), false),
            ("a weight that only generative design reads", "c1", |o| *o = o.clone().expr("weight", "3"), false),
            ("another study", "other", |o| *o = o.clone().with("resolution", Value::Choice("fine".into())), false),
        ];
        for (what, id, edit, changes) in cases {
            let mut d = base.clone();
            change(&mut d, id, edit);
            assert_ne!(d, base, "{what}: the edit edits");
            assert_eq!(ask(&d) != ask(&base), *changes, "{what}");
        }
    }

    #[test]
    fn an_empty_list_means_all() {
        let base = part();
        let ask = |d: &Design| question(d, &"other".into()).unwrap();
        let mut d = base.clone();
        change(&mut d, "s2", |o| o.kind = "sliding".into());
        assert_ne!(ask(&d), ask(&base));
        let mut d = base.clone();
        d.objects.retain(|o| o.kind != "load_case");
        let without = ask(&d);
        change(&mut d, "l2", |o| o.suppressed = true);
        assert_ne!(ask(&d), without, "without load cases every load acts");
    }

    #[test]
    fn heat_asks_about_heat_alone_and_of_what_changes_in_time() {
        let mut d = part();
        d.objects.push(Arc::new(Object::new("h", "heat", "Heat")));
        d.objects.push(Arc::new(Object::new("q", "parameter", "rise").expr("value", "5 K")));
        d.objects
            .push(Arc::new(Object::new("t", "temperature", "Warm").expr("temperature", "20 °C + rise * time / (1 s)")));
        let ask = |d: &Design| question(d, &"h".into()).unwrap();
        let base = ask(&d);
        let of_static = question(&d, &"other".into());
        let mut e = d.clone();
        change(&mut e, "l1", |o| o.suppressed = true);
        change(&mut e, "s1", |o| o.kind = "sliding".into());
        assert_eq!(ask(&e), base, "forces and supports are not its business");
        change(&mut e, "q", |o| *o = o.clone().expr("value", "6 K"));
        assert_ne!(ask(&e), base, "a parameter in what depends on time");
        change(&mut d, "t", |o| o.suppressed = true);
        assert_ne!(ask(&d), base);
        assert_eq!(question(&d, &"other".into()), of_static, "a temperature is not the static study's business");
    }

    #[test]
    fn a_static_study_that_expands_asks_what_its_heat_study_asks() {
        let mut d = part();
        d.objects.push(Arc::new(Object::new("h", "heat", "Heat")));
        d.objects.push(Arc::new(Object::new("t", "temperature", "Warm")));
        change(&mut d, "other", |o| {
            *o = o
                .clone()
                .with("method", Value::Choice("verified".into()))
                .with("warmth", Value::Choice("heat".into()))
                .with("heat", Value::Refs(vec!["h".into()]));
        });
        let ask = |d: &Design| question(d, &"other".into()).unwrap();
        let base = ask(&d);
        let mut e = d.clone();
        change(&mut e, "t", |o| *o = o.clone().expr("temperature", "90 °C"));
        assert_ne!(ask(&e), base, "a boundary of the heat study");
        change(&mut d, "other", |o| *o = o.clone().with("warmth", Value::Choice("none".into())));
        let cold = ask(&d);
        change(&mut d, "t", |o| *o = o.clone().expr("temperature", "90 °C"));
        assert_eq!(ask(&d), cold, "a heat study that it does not use");
    }

    #[test]
    fn modes_ask_about_supports_alone_and_buckling_about_its_load_case_too() {
        let mut d = part();
        d.objects.push(Arc::new(Object::new("m", "modal", "Modal")));
        let cases = Value::Refs(vec!["c1".into()]);
        d.objects.push(Arc::new(Object::new("k", "buckling", "Buckling").with("cases", cases)));
        let ask = |d: &Design| [question(d, &"m".into()).unwrap(), question(d, &"k".into()).unwrap()];
        let [modal, buckling] = ask(&d);
        let changed = |id: &str, f: fn(&mut Object)| {
            let mut e = d.clone();
            change(&mut e, id, f);
            let [m, k] = ask(&e);
            [m != modal, k != buckling]
        };
        assert_eq!(changed("s1", |o| o.kind = "sliding".into()), [true, true]);
        assert_eq!(changed("l1", |o| o.suppressed = true), [false, true]);
        assert_eq!(changed("l2", |o| o.suppressed = true), [false, false]);
        assert_eq!(changed("m", |o| *o = o.clone().expr("modes", "7")), [true, false]);
    }

    #[test]
    fn only_materials_of_its_bodies_count() {
        let mut d = part();
        let of = |body: &str| Value::Refs(vec![body.into()]);
        d.objects.push(Arc::new(Object::new("b2", "box", "Other block")));
        d.objects.push(Arc::new(Object::new("m1", "orthotropic", "Ply").with("bodies", of("b"))));
        d.objects.push(Arc::new(Object::new("m2", "orthotropic", "Wood").with("bodies", of("b2"))));
        d.objects.push(Arc::new(Object::new("h", "heat", "Heat")));
        change(&mut d, "st", |o| *o = o.clone().with("bodies", of("b")));
        let ask = |d: &Design| ["st", "other", "h"].map(|id| question(d, &id.into()).unwrap());
        let before = ask(&d);
        for (id, changes) in [("m1", [true, true, false]), ("m2", [false, true, false])] {
            let mut e = d.clone();
            change(&mut e, id, |o| *o = o.clone().expr("e1", "130 GPa"));
            let after = ask(&e);
            assert_eq!([0, 1, 2].map(|i| before[i] != after[i]), changes, "{id}");
            for (key, value) in [("k2", "0.3 W/(m*K)"), ("density", "900 kg/m^3"), ("direction_1", "")] {
                let mut f = e.clone();
                change(&mut f, id, |o| {
                    *o = if value.is_empty() {
                        o.clone().with(key, Value::Vector(["1", "1", "0"].map(String::from)))
                    } else {
                        o.clone().expr(key, value)
                    };
                });
                assert_ne!(ask(&f)[2], after[2], "{id}: heat reads {key}");
            }
        }
    }

    #[test]
    fn bolts_are_tight_in_every_load_case() {
        let mut d = part();
        let before = question(&d, &"st".into()).unwrap();
        d.objects.push(Arc::new(Object::new("bolts", "bolt_preload", "Bolts")));
        let base = question(&d, &"st".into()).unwrap();
        assert_ne!(base, before, "no load case names them");
        change(&mut d, "bolts", |o| *o = o.clone().expr("force", "12 kN"));
        assert_ne!(question(&d, &"st".into()).unwrap(), base);
    }

    #[test]
    fn a_study_that_is_not_there_asks_nothing() {
        let mut d = part();
        assert_eq!(question(&d, &"b".into()), None);
        assert_eq!(question(&d, &"gone".into()), None);
        change(&mut d, "st", |o| o.suppressed = true);
        assert_eq!(question(&d, &"st".into()), None);
    }

    #[test]
    fn two_studies_of_one_set_up_ask_the_same() {
        let mut d = part();
        d.objects.push(Arc::new(Object::new("twin", "static", "Twin")));
        assert_eq!(question(&d, &"twin".into()), question(&d, &"other".into()));
    }

    #[test]
    fn a_grown_body_that_the_study_leaves_out_asks_nothing_new() {
        let ids = |ids: &[&str]| Value::Refs(ids.iter().map(|i| (*i).into()).collect());
        let mut base = part();
        change(&mut base, "st", |o| *o = o.clone().with("bodies", ids(&["b"])));
        let ask = |d: &Design| question(d, &"st".into()).unwrap();
        let with = |more: &[Object]| {
            let mut d = base.clone();
            d.objects.extend(more.iter().cloned().map(Arc::new));
            d
        };
        let grown = || Object::new("g", "generated", "Grown").with("bodies", ids(&["b"]));
        let check = Object::new("check", "static", "Check").with("bodies", ids(&["g"]));
        assert_eq!(ask(&with(&[grown(), check])), ask(&base));
        // Nor is it, where a study names no bodies to keep or to avoid.
        let wish = Object::new("wish", "generative", "Wish").with("bodies", ids(&["b"]));
        let wished = |d: &Design| question(d, &"wish".into()).unwrap();
        assert_eq!(wished(&with(&[wish.clone(), grown()])), wished(&with(std::slice::from_ref(&wish))));
        let avoiding = wish.with("avoid_bodies", ids(&["g"]));
        assert_ne!(wished(&with(&[avoiding.clone(), grown()])), wished(&with(&[avoiding])));
        let mut own = with(&[grown()]);
        let before = question(&own, &"other".into());
        assert_ne!(before, question(&base, &"other".into()), "it takes every body");
        change(&mut own, "g", |o| *o = o.clone().expr("layer", "4 mm"));
        assert_ne!(question(&own, &"other".into()), before);
        // What has to do with it brings it back.
        let hole = |targets: &[&str]| Object::new("h", "hole", "Hole").with("targets", ids(targets));
        assert_eq!(ask(&with(&[grown(), hole(&["b"])])), ask(&with(&[hole(&["b"])])), "a hole in another body");
        assert_ne!(ask(&with(&[grown(), hole(&[])])), ask(&with(&[hole(&[])])), "cut as well, and after it");
        assert_eq!(ask(&with(&[hole(&[]), grown()])), ask(&with(&[hole(&[])])), "before it was there");
        let mut both = with(&[grown()]);
        change(&mut both, "st", |o| *o = o.clone().with("bodies", ids(&["b", "g"])));
        let mut alone = base.clone();
        change(&mut alone, "st", |o| *o = o.clone().with("bodies", ids(&["b", "g"])));
        assert_ne!(ask(&both), ask(&alone));
    }
}
