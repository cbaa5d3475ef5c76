//! Laws of the commands, under random and hostile ones: the inverse restores, the log replays, nothing panics.

use proptest::prelude::*;
use solver::design::profile::{Outline, Segment};
use solver::design::{Command, Design, Id, Object, Profile, Value, apply, check, replay};
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

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        5 => simple(),
        1 => prop::collection::vec(simple(), 0..5).prop_map(|commands| Command::Batch { commands }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Applying, then the inverse, is the identity; a refusal changes nothing; `check` never panics on what results.
    #[test]
    fn the_inverse_restores(commands in prop::collection::vec(command(), 0..40)) {
        let mut design = Design::new();
        for command in &commands {
            let before = design.clone();
            match apply(&design, command) {
                Ok((next, inverse)) => {
                    let back = apply(&next, &inverse);
                    prop_assert!(back.is_ok(), "{command:?}\ninverse {inverse:?}\n{:?}", back.err());
                    prop_assert_eq!(&back.unwrap().0, &before, "{:?}\ninverse {:?}", command, inverse);
                    design = next;
                }
                Err(_) => prop_assert_eq!(&design, &before),
            }
        }
        check(&design);
    }

    /// Taking back a whole session, newest first, gives the empty design; the replayed log gives the live one, in
    /// memory and through JSON.
    #[test]
    fn a_session_unwinds_and_replays(commands in prop::collection::vec(command(), 0..60)) {
        let mut live = Design::new();
        let (mut log, mut inverses) = (Vec::new(), Vec::new());
        for command in commands {
            if let Ok((next, inverse)) = apply(&live, &command) {
                live = next;
                log.push(command);
                inverses.push(inverse);
            }
        }
        let text = serde_json::to_string(&log).unwrap();
        let mut replayed = Design::new();
        for command in serde_json::from_str::<Vec<Command>>(&text).unwrap() {
            prop_assert!(replay(&mut replayed, &command).is_ok(), "{command:?}");
        }
        prop_assert_eq!(&replayed, &live);
        prop_assert_eq!(&serde_json::from_str::<Design>(&serde_json::to_string(&live).unwrap()).unwrap(), &live);
        while let Some(inverse) = inverses.pop() {
            live = apply(&live, &inverse).unwrap().0;
        }
        prop_assert_eq!(live, Design::new());
    }

    /// Replay does not check, and does not panic either, whatever it is given; a refused command changes nothing.
    #[test]
    fn replay_bears_anything(commands in prop::collection::vec(command(), 0..60)) {
        let mut design = Design::new();
        for command in &commands {
            let before = design.clone();
            match replay(&mut design, command) {
                Ok(inverse) => {
                    let mut back = design.clone();
                    prop_assert!(replay(&mut back, &inverse).is_ok());
                    prop_assert_eq!(&back, &before, "{:?}", command);
                }
                Err(_) => prop_assert_eq!(&design, &before),
            }
        }
        check(&design);
    }
}

fn parameter(id: &str, name: &str, value: &str) -> Command {
    Command::Add { object: Object::new(id, "parameter", name).expr("value", value), before: None }
}

fn all(commands: &[Command]) -> Design {
    commands.iter().fold(Design::new(), |design, c| apply(&design, c).unwrap().0)
}

#[test]
fn a_rename_onto_a_name_already_used_is_taken_back_exactly() {
    let design = all(&[parameter("p", "a", "1 mm"), parameter("q", "c", "a + b")]);
    let (renamed, inverse) = apply(&design, &Command::Rename { id: "p".into(), name: "b".into() }).unwrap();
    assert_eq!(renamed.get(&"q".into()).unwrap().text("value"), "b + b");
    assert_eq!(apply(&renamed, &inverse).unwrap().0, design);
    // In a batch too, whose inverse must not hold a batch.
    let batch = Command::Batch { commands: vec![Command::Rename { id: "p".into(), name: "b".into() }] };
    let (renamed, inverse) = apply(&design, &batch).unwrap();
    assert_eq!(apply(&renamed, &inverse).unwrap().0, design);
}

#[test]
fn a_batch_applies_whole_or_not_at_all() {
    let design = all(&[parameter("p", "a", "1 mm")]);
    let set = Command::Set { id: "p".into(), key: "value".into(), value: Some(Value::Expr("2 mm".into())) };
    let batch = Command::Batch { commands: vec![set, Command::Remove { id: "gone".into() }] };
    assert!(apply(&design, &batch).is_err());
    let mut logged = design.clone();
    assert!(replay(&mut logged, &batch).is_err());
    assert_eq!(logged, design);
}

#[test]
fn a_log_of_a_laxer_build_still_loads() {
    // Suppose an old build knew no unit `mm`, no limit on names, and a kind that is gone.
    let commands = [
        parameter("p", "mm", "1"),
        Command::Add { object: Object::new("x", "gone", "X").expr("y", "2*mm"), before: None },
        Command::Set { id: "x".into(), key: "z".into(), value: Some(Value::Flag(true)) },
        Command::Rename { id: "p".into(), name: "n".repeat(500) },
    ];
    let mut design = Design::new();
    for command in &commands {
        assert!(apply(&design, command).is_err());
        replay(&mut design, command).unwrap();
    }
    assert_eq!(design.objects.len(), 2);
}

#[test]
fn oversized_values_are_refused_by_name() {
    let design = all(&[Command::Add { object: Object::new("e", "extrude", "Rib"), before: None }]);
    let long = "1".repeat(5_000);
    let vector = Value::Vector([long.clone(), "0".into(), "0".into()]);
    let add = Command::Add { object: Object::new("b", "box", "B").with("origin", vector), before: None };
    assert!(apply(&design, &add).unwrap_err().to_string().contains("Corner"));
    let points: Vec<[&str; 2]> = vec![["0 mm", "0 mm"]; 3_000];
    let value = Some(Value::Profile(Profile::polygon(&points)));
    let set = Command::Set { id: "e".into(), key: "profile".into(), value };
    assert!(apply(&design, &set).unwrap_err().to_string().contains("Profile"));
}
