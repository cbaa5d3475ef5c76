//! Random edits, hostile ones among them.
#![allow(dead_code)]

use proptest::prelude::*;
use solver::design::profile::{Outline, Segment};
use solver::design::{Command, Design, Id, Object, Profile, Value, apply};
use solver::surface::{EdgeName, FaceName};

/// Few ids and names, so that commands meet each other.
fn id() -> impl Strategy<Value = Id> {
    prop_oneof![9 => (0..9u8).prop_map(|i| Id(format!("o{i}"))), 1 => Just(Id("Not an id".into()))]
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "width", "mm", "sin", "", "3d", "Bracket", "w idth", "ß"])
        .prop_map(String::from)
}

fn expression() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec![
        "12 mm", "2*a", "a + b", "width/c", "=a", "a*(", "c", "ab + a", "sin(b)", "", "b^2 mm", "ß*2",
    ]);
    prop_oneof![20 => text.prop_map(String::from), 1 => Just(format!("a{}", " + 1".repeat(249))), 1 => "\\PC{0,12}"]
}

fn point() -> impl Strategy<Value = [String; 2]> {
    [expression(), expression()]
}

fn profile() -> impl Strategy<Value = Profile> {
    let segment = prop_oneof![
        point().prop_map(|to| Segment::Line { to }),
        (point(), point()).prop_map(|(via, to)| Segment::Arc { via, to })
    ];
    let outline = prop_oneof![
        (point(), prop::collection::vec(segment, 0..4)).prop_map(|(start, segments)| Outline::Path { start, segments }),
        (point(), expression()).prop_map(|(centre, radius)| Outline::Circle { centre, radius })
    ];
    (outline.clone(), prop::collection::vec(outline, 0..2)).prop_map(|(outer, holes)| Profile { outer, holes })
}

fn value() -> impl Strategy<Value = Value> {
    let face = || name().prop_map(FaceName);
    prop_oneof![
        6 => expression().prop_map(Value::Expr),
        3 => [expression(), expression(), expression()].prop_map(Value::Vector),
        1 => name().prop_map(Value::Text),
        1 => any::<bool>().prop_map(Value::Flag),
        1 => prop::sample::select(vec!["new", "cut", "nonsense"]).prop_map(|c| Value::Choice(c.into())),
        1 => prop::collection::vec(id(), 0..3).prop_map(Value::Refs),
        1 => prop::collection::vec(face(), 0..3).prop_map(Value::Faces),
        1 => (face(), face()).prop_map(|(a, b)| Value::Edges(vec![EdgeName::between(a, b, 0)])),
        1 => profile().prop_map(Value::Profile),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["value", "dx", "dy", "origin", "operation", "targets", "profile", "depth", "nothing"])
        .prop_map(String::from)
}

fn object() -> impl Strategy<Value = Object> {
    let kind =
        prop::sample::select(vec!["group", "parameter", "parameter", "parameter", "box", "extrude", "unheard_of"]);
    (id(), kind, name(), prop::option::of(id()), any::<bool>(), prop::collection::btree_map(key(), value(), 0..2))
        .prop_map(|(id, kind, name, parent, suppressed, properties)| Object {
            id,
            kind: kind.into(),
            name,
            parent,
            suppressed,
            properties,
        })
}

fn simple() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => (object(), prop::option::of(id())).prop_map(|(object, before)| Command::Add { object, before }),
        2 => id().prop_map(|id| Command::Remove { id }),
        2 => (id(), prop::option::of(id()), prop::option::of(id()))
            .prop_map(|(id, before, parent)| Command::Move { id, before, parent }),
        6 => (id(), key(), prop::option::of(value())).prop_map(|(id, key, value)| Command::Set { id, key, value }),
        3 => (id(), name()).prop_map(|(id, name)| Command::Rename { id, name }),
        1 => (id(), any::<bool>()).prop_map(|(id, suppressed)| Command::Suppress { id, suppressed }),
    ]
}

pub fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        5 => simple(),
        1 => prop::collection::vec(simple(), 0..5).prop_map(|commands| Command::Batch { commands }),
    ]
}

/// What is left of `design` after as many of the commands as apply.
pub fn edited(design: &Design, commands: &[Command]) -> Design {
    commands.iter().fold(design.clone(), |d, c| apply(&d, c).map_or(d, |(next, _)| next))
}
