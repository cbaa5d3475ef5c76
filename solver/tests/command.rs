//! Laws of the commands, under random and hostile ones: the inverse restores, the log replays, nothing panics.

#[path = "support/edit.rs"]
mod edit;

use edit::command;
use proptest::prelude::*;
use solver::design::{Command, Design, Object, Profile, Value, apply, check, replay};

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
