//! Bringing together what two branches made of one design.
//!
//! Three-way, object by object and property by property, on the designs and not on their logs: however an edit came
//! about, what it left behind counts.
//!
//! - Edits that do not overlap never conflict. A property that one side changed is as that side has it; objects that
//!   either added are there; what one removed, and the other left alone, is gone.
//! - Edits of one property to different values always conflict, and so do the removal of an object against an edit of
//!   it, and moves of one object to different places. Equal edits do not.
//! - A new name of a parameter is an edit of the parameter alone: the expressions that follow it do not overlap with
//!   edits of them on the other side. To move an object among the others is no edit of it, for which only a removal would
//!   matter.
//!
//! A conflict that nobody has chosen on stands as it does in `ours`. Until every one is chosen, `ours` and `theirs` are
//! alike but for that: called the other way round, a merge gives the same design and the same conflicts.

use super::check::{Issue, check};
use super::command::{Command, Refusal};
use super::compare::{Renamed, Words, compare, display_units, keys, parameters};
use super::difference::difference;
use super::object::{Design, Id, Object, Value};
pub use super::order::Side;
use super::order::merge_order;
use super::schema::{self, Field, Section};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// Key of a conflict between the removal of an object and edits of it. No property is called so, nor as those below.
pub const REMOVED: &str = "#removed";
/// Of one between places in the order.
pub const PLACE: &str = "#place";
/// Of one between names.
pub const NAME: &str = "#name";
/// Of one between groups that it was put into.
pub const GROUP: &str = "#group";
/// Of one between suppressed and not: only where both sides added the object.
pub const SUPPRESSED: &str = "#suppressed";
/// Of one between objects of one id that are of different kinds.
pub const KIND: &str = "#kind";

/// Which side counts, by the object and the key of a conflict.
pub type Choices = BTreeMap<(Id, String), Side>;

/// Two edits that cannot both stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    pub object: Id,
    /// A property, or one of this module's keys.
    pub key: String,
    /// What the object is called, in the base where it is there.
    pub name: String,
    /// What the property is called.
    pub label: String,
    /// What stands there, in words; display units of the base.
    pub base: String,
    pub ours: String,
    pub theirs: String,
    /// Whose edit was chosen.
    pub choice: Option<Side>,
}

/// Something that the merge did of itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    pub object: Id,
    pub text: String,
}

/// Two branches brought together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Merged {
    pub design: Design,
    /// What makes `design` of ours, to be logged as edits of whoever merges.
    pub commands: Vec<Command>,
    /// By object and key; chosen ones too.
    pub conflicts: Vec<Conflict>,
    pub notes: Vec<Note>,
    /// What is wrong with `design`, and with neither branch by itself: a load on a feature that the other side removed.
    pub issues: Vec<Issue>,
}

impl Merged {
    /// Conflicts that wait for a choice.
    pub fn open(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts.iter().filter(|c| c.choice.is_none())
    }
}

/// Brings `ours` and `theirs` together, which both came of `base`.
///
/// `choices` settles conflicts; one that names no conflict is ignored.
///
/// # Errors
/// [`Refusal`] where no command may make the result: too many objects, or something from before it was checked.
pub fn merge(base: &Design, ours: &Design, theirs: &Design, choices: &Choices) -> Result<Merged, Refusal> {
    let mut merge = Merge::new([base, ours, theirs], choices);
    let mut drafts = merge.drafts();
    merge.name(&mut drafts);
    merge.ungroup(&mut drafts);
    let order = merge.order(&drafts);
    let design = merge.build(&drafts, &order);
    let old: HashSet<Issue> = check(ours).into_iter().chain(check(theirs)).collect();
    let issues = check(&design).into_iter().filter(|i| !old.contains(i)).collect();
    let conflicts = merge.conflicts.into_values().collect();
    merge.notes.sort();
    Ok(Merged { commands: difference(ours, &design)?, design, conflicts, notes: merge.notes, issues })
}

/// Index of each of the three designs.
const BASE: usize = 0;
const OURS: usize = 1;
const THEIRS: usize = 2;

/// Where a part of the result comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    One(Side),
    /// Both sides have it alike.
    Both,
}

/// An object of the result before parameters have their last names.
struct Draft<'a> {
    /// Whose kind and properties count where they are not told apart.
    whole: &'a Object,
    name: String,
    parent: Option<Id>,
    suppressed: bool,
    /// Whose value each property has; empty for an object that comes from one side as a whole.
    properties: Vec<(&'a str, From)>,
    /// That side.
    only: Option<Side>,
}

struct Merge<'a> {
    designs: [&'a Design; 3],
    objects: [BTreeMap<&'a Id, &'a Object>; 3],
    parameters: [BTreeMap<&'a str, &'a Id>; 3],
    renamed: Renamed<'a>,
    words: [Words<'a>; 3],
    choices: &'a Choices,
    conflicts: BTreeMap<(Id, String), Conflict>,
    notes: Vec<Note>,
}

impl<'a> Merge<'a> {
    fn new(designs: [&'a Design; 3], choices: &'a Choices) -> Self {
        let [base, ours, theirs] = designs;
        let system = display_units(base);
        Self {
            designs,
            objects: designs.map(|d| d.objects.iter().map(|o| (&o.id, o.as_ref())).collect()),
            parameters: designs.map(parameters),
            renamed: Renamed::new(base, &[ours, theirs]),
            words: designs.map(|d| Words::new(d, system)),
            choices,
            conflicts: BTreeMap::new(),
            notes: Vec::new(),
        }
    }

    fn get(&self, design: usize, id: &Id) -> Option<&'a Object> {
        self.objects[design].get(id).copied()
    }

    /// Notes a conflict, and says who wins.
    fn conflict(&mut self, id: &Id, key: &str, label: &str, [base, ours, theirs]: [String; 3]) -> Side {
        let at = (id.clone(), key.to_owned());
        let choice = self.choices.get(&at).copied();
        let called = |d: usize| self.get(d, id).map(|o| o.name.clone());
        let name = called(BASE).or_else(|| [OURS, THEIRS].into_iter().filter_map(called).min()).unwrap_or_default();
        let (object, key, label) = (id.clone(), key.to_owned(), label.to_owned());
        self.conflicts.insert(at, Conflict { object, key, name, label, base, ours, theirs, choice });
        choice.unwrap_or(Side::Ours)
    }

    /// Who is to be followed where the three hold these; `base` is `None` where it has no such object.
    fn pick<T: PartialEq>(
        &mut self,
        id: &Id,
        (key, label): (&str, &str),
        [base, ours, theirs]: [Option<T>; 3],
        words: impl Fn(&Self, usize) -> String,
    ) -> From {
        if ours == theirs {
            From::Both
        } else if base.is_some() && base == ours {
            From::One(Side::Theirs)
        } else if base.is_some() && base == theirs {
            From::One(Side::Ours)
        } else {
            let words = [BASE, OURS, THEIRS].map(|d| words(self, d));
            From::One(self.conflict(id, key, label, words))
        }
    }

    /// What a property means in one of the designs; the schema's default where it is not set.
    fn meaning(&self, design: usize, object: &Object, key: &str) -> Option<Value> {
        let value = object.properties.get(key).cloned();
        let value = value.or_else(|| schema::field(&object.kind, key).map(Field::default_value))?;
        Some(self.renamed.meaning(&self.parameters[design], &value))
    }

    /// Whether the object of a side is other than in the base, its place aside.
    fn edited(&self, design: usize, old: &Object, new: &Object) -> bool {
        (&old.kind, &old.name, &old.parent, old.suppressed) != (&new.kind, &new.name, &new.parent, new.suppressed)
            || keys(old, new).into_iter().any(|key| self.meaning(BASE, old, key) != self.meaning(design, new, key))
    }

    fn drafts(&mut self) -> BTreeMap<&'a Id, Draft<'a>> {
        let ids: BTreeSet<&Id> = self.objects[OURS].keys().chain(self.objects[THEIRS].keys()).copied().collect();
        ids.into_iter().filter_map(|id| Some((id, self.draft(id)?))).collect()
    }

    fn draft(&mut self, id: &'a Id) -> Option<Draft<'a>> {
        let base = self.get(BASE, id);
        let (ours, theirs) = match (self.get(OURS, id), self.get(THEIRS, id)) {
            (Some(ours), Some(theirs)) => (ours, theirs),
            (Some(ours), None) => return self.kept(id, base, ours, Side::Ours),
            (None, Some(theirs)) => return self.kept(id, base, theirs, Side::Theirs),
            (None, None) => return None,
        };
        if ours.kind != theirs.kind {
            let same = |design: usize, o: &Object| base.is_some_and(|b| !self.edited(design, b, o));
            let side = if same(OURS, ours) {
                Side::Theirs
            } else if same(THEIRS, theirs) {
                Side::Ours
            } else {
                let kind = |o: Option<&Object>| o.map_or("not there".into(), |o| label_of_kind(&o.kind));
                self.conflict(id, KIND, "Kind", [kind(base), kind(Some(ours)), kind(Some(theirs))])
            };
            return Some(whole(if side == Side::Ours { ours } else { theirs }, side));
        }
        let all = [base, Some(ours), Some(theirs)];
        let side = |from: From| if from == From::One(Side::Theirs) { theirs } else { ours };
        let held = |d: usize| all[d];
        let text = |d: usize, f: &dyn Fn(&Object) -> String| held(d).map_or_else(|| "not there".into(), f);
        let name = self.pick(id, (NAME, "Name"), all.map(|o| o.map(|o| &o.name)), |_, d| text(d, &|o| o.name.clone()));
        let group = |m: &Self, d: usize| {
            text(d, &|o| {
                o.parent.as_ref().map_or_else(|| "in no group".into(), |g| format!("in {}", m.words[d].name(g)))
            })
        };
        let parent = self.pick(id, (GROUP, "Group"), all.map(|o| o.map(|o| &o.parent)), group);
        let is = |o: &Object| if o.suppressed { "suppressed" } else { "not suppressed" }.to_owned();
        let suppressed =
            self.pick(id, (SUPPRESSED, "Suppressed"), all.map(|o| o.map(|o| o.suppressed)), |_, d| text(d, &is));
        let mut properties = Vec::new();
        for key in keys(ours, theirs) {
            let label = schema::field(&ours.kind, key).map_or(key, |f| f.label);
            // Of another kind, it has no such property.
            let old = base.filter(|b| b.kind == ours.kind);
            let meant = |m: &Self| {
                let of = |d: usize, o: Option<&Object>| o.map(|o| m.meaning(d, o, key));
                [of(BASE, old), of(OURS, Some(ours)), of(THEIRS, Some(theirs))]
            };
            let meant = meant(self);
            let from = self
                .pick(id, (key, label), meant, |m, d| text(d, &|o| m.words[d].value(o, key, o.properties.get(key))));
            properties.push((key, from));
        }
        Some(Draft {
            whole: ours,
            name: side(name).name.clone(),
            parent: side(parent).parent.clone(),
            suppressed: side(suppressed).suppressed,
            properties,
            only: None,
        })
    }

    /// An object that one side alone has: added there, or removed by the other.
    fn kept(&mut self, id: &'a Id, base: Option<&'a Object>, own: &'a Object, side: Side) -> Option<Draft<'a>> {
        let Some(base) = base else { return Some(whole(own, side)) };
        let design = if side == Side::Ours { OURS } else { THEIRS };
        if !self.edited(design, base, own) {
            return None;
        }
        let lines = compare(self.designs[BASE], self.designs[design]).into_iter().flat_map(|p| p.lines);
        let changes: Vec<String> = lines.filter(|l| l.object == *id).map(|l| l.text).collect();
        let (edits, gone) = (format!("changed: {}", changes.join("; ")), "removed".to_owned());
        let words = match side {
            Side::Ours => ["there".into(), edits, gone],
            Side::Theirs => ["there".into(), gone, edits],
        };
        (self.conflict(id, REMOVED, "Removal", words) == side).then(|| whole(own, side))
    }

    /// Gives objects that the two sides called alike names of their own: parameters always, others where both are new.
    fn name(&mut self, drafts: &mut BTreeMap<&'a Id, Draft<'a>>) {
        let mut alike: BTreeMap<(Option<Section>, String), Vec<&'a Id>> = BTreeMap::new();
        for (id, draft) in drafts.iter() {
            alike.entry((draft.whole.section(), draft.name.clone())).or_default().push(id);
        }
        let mut taken: BTreeSet<String> = drafts.values().map(|d| d.name.clone()).collect();
        let mut notes = Vec::new();
        for ((section, name), mut ids) in alike {
            let parameter = section == Some(Section::Parameter);
            // Who had the name before keeps it.
            ids.sort_by_key(|id| self.get(BASE, id).is_none_or(|o| o.name != name));
            let together = |d: usize, a: &Id, b: &Id| {
                let named = |id| self.get(d, id).is_some_and(|o| o.name == name);
                named(a) && named(b)
            };
            let new = |id: &Id| self.get(BASE, id).is_none();
            let clash =
                |a: &Id, b: &Id| !together(OURS, a, b) && !together(THEIRS, a, b) && (parameter || new(a) && new(b));
            let mut stay: Vec<&Id> = Vec::new();
            for id in ids {
                if !stay.iter().any(|other| clash(other, id)) {
                    stay.push(id);
                    continue;
                }
                let free = free_name(&name, parameter, &taken);
                taken.insert(free.clone());
                let text = format!("both branches have something called {name}: this one is {free} now");
                notes.push(Note { object: id.clone(), text });
                if let Some(draft) = drafts.get_mut(id) {
                    draft.name = free;
                }
            }
        }
        self.notes.extend(notes);
    }

    /// Takes groups out that the two sides put into one another.
    fn ungroup(&mut self, drafts: &mut BTreeMap<&'a Id, Draft<'a>>) {
        let ids: Vec<&Id> = drafts.keys().copied().collect();
        for id in ids {
            let mut seen = BTreeSet::new();
            let mut next = drafts[id].parent.clone();
            while let Some(parent) = next.filter(|parent| seen.insert(parent.clone())) {
                next = drafts.get(&parent).and_then(|d| d.parent.clone());
            }
            // In the order of ids: the smallest of a ring is the first to find itself.
            if seen.contains(id)
                && let Some(draft) = drafts.get_mut(id)
            {
                draft.parent = None;
                let text = "the branches put groups into one another: this one stands in none now".into();
                self.notes.push(Note { object: id.clone(), text });
            }
        }
    }

    fn order(&mut self, drafts: &BTreeMap<&'a Id, Draft<'a>>) -> Vec<&'a Id> {
        let of = |d: &'a Design| -> Vec<&'a Id> { d.objects.iter().map(|o| &o.id).collect() };
        let orders = self.designs.map(of);
        let kept =
            |d: usize| -> Vec<&'a Id> { orders[d].iter().copied().filter(|id| drafts.contains_key(id)).collect() };
        let places: BTreeMap<Id, Side> = (self.choices.iter())
            .filter(|((_, key), _)| key == PLACE)
            .map(|((id, _), side)| (id.clone(), *side))
            .collect();
        let merged = merge_order(&orders[BASE], &kept(OURS), &kept(THEIRS), &places);
        for id in merged.conflicts {
            let place = |d: usize| match orders[d].iter().position(|o| *o == id) {
                Some(at) => self.words[d].after(at.checked_sub(1).map(|at| orders[d][at])),
                None => "not there".into(),
            };
            let words = [BASE, OURS, THEIRS].map(place);
            self.conflict(id, PLACE, "Place", words);
        }
        merged.order
    }

    fn build(&self, drafts: &BTreeMap<&'a Id, Draft<'a>>, order: &[&'a Id]) -> Design {
        let object = |id: &&&'a Id| {
            let draft = &drafts[**id];
            let mut object = Object {
                name: draft.name.clone(),
                parent: draft.parent.clone(),
                suppressed: draft.suppressed,
                properties: BTreeMap::new(),
                ..draft.whole.clone()
            };
            if let Some(side) = draft.only {
                object.properties = (draft.whole.properties.iter())
                    .map(|(key, value)| (key.clone(), self.last_names(drafts, side, value)))
                    .collect();
            }
            for (key, from) in &draft.properties {
                if let Some(value) = self.property(drafts, id, key, *from) {
                    object.properties.insert((*key).into(), value);
                }
            }
            Arc::new(object)
        };
        let schema = self.designs.iter().map(|d| d.schema).max().unwrap_or(Design::SCHEMA);
        Design { schema, objects: order.iter().filter(|id| drafts.contains_key(**id)).map(|id| object(&id)).collect() }
    }

    /// A property of the result; `None`: not set.
    fn property(&self, drafts: &BTreeMap<&'a Id, Draft<'a>>, id: &Id, key: &str, from: From) -> Option<Value> {
        let set = |d: usize| self.get(d, id).and_then(|o| o.properties.get(key));
        let last = |side: Side| {
            let value = set(if side == Side::Ours { OURS } else { THEIRS })?;
            Some(self.last_names(drafts, side, value))
        };
        match from {
            From::One(side) => last(side),
            From::Both => match (set(BASE).is_some(), last(Side::Ours), last(Side::Theirs)) {
                // One of them writes the default out, or does not any more.
                (base, None, other) | (base, other, None) => other.filter(|_| !base),
                // Of one meaning; should the words still differ, it must not matter who is called ours.
                (_, Some(ours), Some(theirs)) => Some(if text(&ours) <= text(&theirs) { ours } else { theirs }),
            },
        }
    }

    /// A side's value with the names that parameters have in the result.
    fn last_names(&self, drafts: &BTreeMap<&'a Id, Draft<'a>>, side: Side, value: &Value) -> Value {
        let parameters = &self.parameters[if side == Side::Ours { OURS } else { THEIRS }];
        value.rename_with(&|name| {
            let draft = drafts.get(parameters.get(name)?)?;
            // Where both sides gave one id to objects of different kinds, it may be no parameter any more.
            let parameter = draft.whole.section() == Some(Section::Parameter);
            (parameter && draft.name != name).then(|| draft.name.clone())
        })
    }
}

fn text(value: &Value) -> String {
    // Plain data: cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

fn whole(object: &Object, side: Side) -> Draft<'_> {
    Draft {
        whole: object,
        name: object.name.clone(),
        parent: object.parent.clone(),
        suppressed: object.suppressed,
        properties: Vec::new(),
        only: Some(side),
    }
}

fn label_of_kind(kind: &str) -> String {
    schema::kind(kind).map_or(kind, |k| k.label).to_owned()
}

/// The next name in the row of `name` that is not taken: `Hole 3` after `Hole 2`, `width_2` after `width`.
fn free_name(name: &str, parameter: bool, taken: &BTreeSet<String>) -> String {
    /// Characters of a name that are kept before its number: a parameter's may have 60 in all.
    const STEM_MAX: usize = 48;
    let digits = name.chars().rev().take_while(char::is_ascii_digit).count();
    let (stem, number) = name.split_at(name.len() - digits);
    let stem: String = match stem.strip_suffix(['_', ' ']).filter(|_| digits > 0) {
        Some(stem) => stem.chars().take(STEM_MAX).collect(),
        None => name.chars().take(STEM_MAX).collect(),
    };
    let first = number.parse::<u64>().unwrap_or(1).saturating_add(1);
    let gap = if parameter { '_' } else { ' ' };
    (first..).map(|n| format!("{stem}{gap}{n}")).find(|name| !taken.contains(name)).unwrap_or_default()
}
