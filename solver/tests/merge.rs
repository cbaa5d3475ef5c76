//! Laws of comparison and merge, on random edits of two branches.

#[path = "support/edit.rs"]
mod edit;

use edit::{command, edited};
use proptest::prelude::*;
use solver::design::merge::{Choices, Conflict, GROUP, KIND, Merged, NAME, PLACE, REMOVED};
use solver::design::{Command, Design, Id, Object, Side, Value, apply, compare, difference, merge, schema};
use std::collections::BTreeSet;

/// A design that random commands find something in.
fn founded() -> Design {
    let objects = [
        Object::new("o0", "parameter", "a").expr("value", "1 mm"),
        Object::new("o1", "parameter", "b").expr("value", "2*a"),
        Object::new("o2", "group", "Bracket"),
        Object::new("o3", "box", "Bracket").expr("dx", "a + b"),
        Object::new("o4", "box", "c").expr("dy", "2*a"),
        Object::new("o5", "extrude", "Mikado").expr("depth", "width/c"),
    ];
    let add = |object| Command::Add { object, before: None };
    edited(&Design::new(), &objects.map(add))
}

fn edits() -> impl Strategy<Value = Vec<Command>> {
    prop::collection::vec(command(), 0..14)
}

fn swapped(conflict: &Conflict) -> Conflict {
    let Conflict { ours, theirs, .. } = conflict.clone();
    Conflict { ours: theirs, theirs: ours, choice: conflict.choice.map(Side::other), ..conflict.clone() }
}

fn all(merged: &Merged, side: Side) -> Choices {
    merged.conflicts.iter().map(|c| ((c.object.clone(), c.key.clone()), side)).collect()
}

fn after(design: &Design, commands: &[Command]) -> Design {
    commands.iter().fold(design.clone(), |d, c| apply(&d, c).unwrap_or_else(|e| panic!("{c:?}: {e}")).0)
}

fn plain(base: &Design, ours: &Design, theirs: &Design) -> Merged {
    merge(base, ours, theirs, &Choices::new()).unwrap()
}

/// A property with what it is when it is not set.
fn value(object: &Object, key: &str) -> Option<Value> {
    object.get(key)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// The commands between any two designs lead from one to the other, and nowhere where they are equal.
    #[test]
    fn the_difference_leads_there(x in edits(), y in edits()) {
        let (a, b) = (edited(&founded(), &x), edited(&founded(), &y));
        for (from, to) in [(&a, &b), (&a, &Design::new()), (&Design::new(), &b)] {
            let commands = difference(from, to);
            prop_assert!(commands.is_ok(), "{:?}", commands);
            prop_assert_eq!(&after(from, &commands.unwrap()), to);
        }
        prop_assert_eq!(difference(&a, &a).unwrap(), vec![]);
        prop_assert!(compare(&a, &a).is_empty());
        // What is told is all there is: without a line, nothing that a person can see is other.
        if compare(&a, &b).is_empty() {
            prop_assert_eq!(a.objects.len(), b.objects.len());
            for (x, y) in a.objects.iter().zip(&b.objects) {
                prop_assert_eq!((&x.id, &x.kind, &x.name, &x.parent, x.suppressed), (&y.id, &y.kind, &y.name, &y.parent, y.suppressed));
                prop_assert!(x.properties.keys().chain(y.properties.keys()).all(|k| value(x, k) == value(y, k)));
            }
        }
    }

    /// In both orders the same design, or the same named conflicts; every choice gives what the mirrored choice gives the
    /// other way round; the commands give the design.
    #[test]
    fn a_merge_does_not_depend_on_who_is_ours(root in edits(), x in edits(), y in edits(), picks in any::<u64>()) {
        let base = edited(&founded(), &root);
        let (ours, theirs) = (edited(&base, &x), edited(&base, &y));
        let (m, n) = (plain(&base, &ours, &theirs), plain(&base, &theirs, &ours));
        prop_assert_eq!(&m.conflicts, &n.conflicts.iter().map(swapped).collect::<Vec<_>>());
        if m.conflicts.is_empty() {
            prop_assert_eq!(&m.design, &n.design);
            prop_assert_eq!(&m.notes, &n.notes);
            prop_assert_eq!(&m.issues, &n.issues);
        }
        prop_assert_eq!(&after(&ours, &m.commands), &m.design);
        let some = |i: usize| if picks >> (i % 64) & 1 == 0 { Side::Ours } else { Side::Theirs };
        let chosen = all(&m, Side::Ours).into_keys().enumerate().map(|(i, k)| (k, some(i))).collect::<Choices>();
        let mirrored = chosen.iter().map(|(k, s)| (k.clone(), s.other())).collect::<Choices>();
        let (m, n) = (merge(&base, &ours, &theirs, &chosen).unwrap(), merge(&base, &theirs, &ours, &mirrored).unwrap());
        prop_assert_eq!(m.open().count(), 0);
        prop_assert_eq!(&m.design, &n.design);
        prop_assert_eq!(&m.conflicts, &n.conflicts.iter().map(swapped).collect::<Vec<_>>());
        prop_assert_eq!(&after(&ours, &m.commands), &m.design);
    }

    /// A branch that did nothing changes nothing, and two that did the same agree.
    #[test]
    fn what_one_side_did_stands(root in edits(), x in edits()) {
        let base = edited(&founded(), &root);
        let ours = edited(&base, &x);
        for (a, b) in [(&base, &ours), (&ours, &base), (&ours, &ours)] {
            let m = plain(&base, a, b);
            prop_assert_eq!(&m.conflicts, &vec![]);
            prop_assert_eq!(&m.notes, &vec![]);
            prop_assert_eq!(&m.design, &ours);
        }
    }

    /// Rule: edits of one property conflict exactly where both changed it, and to different values.
    #[test]
    fn edits_of_one_property_conflict_and_no_others(root in edits(), x in edits(), y in edits()) {
        let base = edited(&founded(), &root);
        // New names of parameters change many expressions and edit none: they have their own test.
        let still = |commands: Vec<Command>| -> Vec<Command> {
            let rename = |c: &Command| c.touches().iter().any(|(_, key)| key == "name");
            commands.into_iter().filter(|c| !rename(c)).collect()
        };
        let (ours, theirs) = (edited(&base, &still(x)), edited(&base, &still(y)));
        let renamed = |d: &Design| base.objects.iter().any(|p| d.get(&p.id).is_some_and(|o| o.name != p.name));
        prop_assume!(!renamed(&ours) && !renamed(&theirs));
        let m = plain(&base, &ours, &theirs);
        // Two new parameters of one name, or one of two names: expressions follow, which is told apart below.
        prop_assume!(m.notes.is_empty() && m.conflicts.iter().all(|c| c.key != NAME));
        let said: BTreeSet<(Id, String)> = m.conflicts.iter().map(|c| (c.object.clone(), c.key.clone())).collect();
        for o in &ours.objects {
            let (Some(b), Some(t)) = (base.get(&o.id), theirs.get(&o.id)) else { continue };
            if b.kind != o.kind || b.kind != t.kind {
                continue;
            }
            for field in schema::kind(&o.kind).unwrap().fields {
                let [was, mine, other] = [b, o.as_ref(), t].map(|x| value(x, field.key));
                let both = mine != was && other != was && mine != other;
                prop_assert_eq!(said.contains(&(o.id.clone(), field.key.into())), both, "{} {}", o.id, field.key);
                let merged = m.design.get(&o.id).and_then(|x| value(x, field.key));
                prop_assert_eq!(&merged, if mine == was { &other } else { &mine }, "{} {}", o.id, field.key);
            }
        }
    }

    /// Rule: edits that do not overlap never conflict, and all of them stand. Each side has properties of its own.
    #[test]
    fn edits_apart_never_conflict(
        mine in prop::collection::vec((0..30u32, 0..4usize, 1..99u32), 0..25),
        other in prop::collection::vec((0..30u32, 0..4usize, 1..99u32), 0..25),
    ) {
        const KEYS: [&str; 4] = ["dx", "dy", "dz", "smooth"];
        let id = |i: u32| Id(format!("b{i}"));
        let add = |i| Command::Add { object: Object::new(id(i), "box", &format!("Box {i}")), before: None };
        let base = after(&Design::new(), &(0..30).map(add).collect::<Vec<_>>());
        // A cell of this board belongs to one side.
        let is_mine = |i: u32, k: usize| (i as usize + k).is_multiple_of(2);
        let sets = |edits: &[(u32, usize, u32)], side: bool| -> Vec<Command> {
            let own = edits.iter().filter(|(i, k, _)| is_mine(*i, *k) == side);
            let set = |(i, k, v): &(u32, usize, u32)| Command::Set {
                id: id(*i), key: KEYS[*k].into(), value: Some(Value::Expr(format!("{v} mm"))),
            };
            own.map(set).collect()
        };
        let extra = |side: &str| Command::Add { object: Object::new(Id(format!("x_{side}")), "cone", side), before: Some(id(7)) };
        let (mut x, mut y) = (sets(&mine, true), sets(&other, false));
        x.push(extra("mine"));
        x.push(Command::Rename { id: id(0), name: "Renamed".into() });
        y.push(extra("other"));
        y.push(Command::Move { id: id(20), before: Some(id(3)), parent: None });
        let (ours, theirs) = (after(&base, &x), after(&base, &y));
        let m = plain(&base, &ours, &theirs);
        prop_assert_eq!(&m.conflicts, &vec![]);
        // All edits, one branch after the other, but for the order of what both put before one object.
        let mut both = after(&ours, &y);
        let mut merged = m.design;
        let names = |d: &mut Design| d.objects.sort_by(|a, b| a.id.cmp(&b.id));
        names(&mut both);
        names(&mut merged);
        prop_assert_eq!(merged, both);
    }
}

fn add(object: Object) -> Command {
    Command::Add { object, before: None }
}

fn set(id: &str, key: &str, text: &str) -> Command {
    Command::Set { id: id.into(), key: key.into(), value: Some(Value::Expr(text.into())) }
}

fn rename(id: &str, name: &str) -> Command {
    Command::Rename { id: id.into(), name: name.into() }
}

fn remove(id: &str) -> Command {
    Command::Remove { id: id.into() }
}

fn place(id: &str, before: Option<&str>, parent: Option<&str>) -> Command {
    Command::Move { id: id.into(), before: before.map(Id::from), parent: parent.map(Id::from) }
}

/// A plate with a hole, a load on it and a parameter.
fn plate() -> Design {
    let objects = [
        Object::new("w", "parameter", "width").expr("value", "40 mm"),
        Object::new("g", "group", "Holes"),
        Object::new("h", "group", "Ribs"),
        Object::new("box", "box", "Plate").expr("dx", "2*width").expr("dy", "60 mm"),
        Object::new("hole", "hole", "Bolt hole").expr("diameter", "8 mm"),
        Object::new("push", "pressure", "Push"),
    ];
    after(&Design::new(), &objects.map(add))
}

/// Conflicts as `object key: base | ours | theirs`.
fn told(merged: &Merged) -> Vec<String> {
    let line = |c: &Conflict| format!("{} {}: {} | {} | {}", c.object, c.key, c.base, c.ours, c.theirs);
    merged.conflicts.iter().map(line).collect()
}

#[test]
fn conflicts_are_named_with_their_values() {
    let base = plate();
    type Case<'a> = (&'a [Command], &'a [Command], &'a [&'a str]);
    let cases: &[Case] = &[
        (
            &[set("box", "dx", "90 mm")],
            &[set("box", "dx", "3*width")],
            &["box dx: 2*width = 80 mm | 90 mm | 3*width = 120 mm"],
        ),
        (&[set("box", "dx", "90 mm")], &[set("box", "dx", "90 mm")], &[]),
        (&[set("box", "dx", "90 mm")], &[set("box", "dy", "90 mm")], &[]),
        (
            &[remove("hole")],
            &[set("hole", "diameter", "1 in")],
            &["hole #removed: there | removed | changed: Diameter: 8 mm → 1 in = 25.4 mm"],
        ),
        (&[remove("hole")], &[remove("hole")], &[]),
        (&[remove("hole")], &[place("hole", Some("box"), None)], &[]),
        (&[rename("box", "Base")], &[rename("box", "Foot")], &["box #name: Plate | Base | Foot"]),
        (&[rename("box", "Base")], &[set("box", "dx", "3*width")], &[]),
        // What follows from the parameter's new name is no edit of the plate.
        (&[rename("w", "breadth")], &[set("box", "dx", "3*width")], &[]),
        (
            &[place("push", Some("w"), None)],
            &[place("push", Some("hole"), None)],
            &["push #place: after Bolt hole | first | after Plate"],
        ),
        (&[place("push", Some("w"), None)], &[place("hole", Some("w"), None)], &[]),
        (
            &[place("hole", Some("push"), Some("g"))],
            &[place("hole", Some("push"), Some("h"))],
            &["hole #group: in no group | in Holes | in Ribs"],
        ),
        (
            &[remove("push"), add(Object::new("push", "force", "Pull"))],
            &[set("push", "pressure", "2 MPa")],
            &["push #kind: Pressure | Force | Pressure"],
        ),
        (&[add(Object::new("units", "units", "Units"))], &[add(Object::new("units", "units", "Units"))], &[]),
        (
            &[add(Object::new("x", "box", "X").expr("dx", "1 mm"))],
            &[add(Object::new("x", "box", "X"))],
            &["x dx: not there | 1 mm | 100 mm"],
        ),
    ];
    for (mine, other, expected) in cases {
        let (ours, theirs) = (after(&base, mine), after(&base, other));
        assert_eq!(told(&plain(&base, &ours, &theirs)), *expected, "{mine:?} {other:?}");
    }
    let keys = [GROUP, KIND, NAME, PLACE, REMOVED];
    let properties = schema::KINDS.iter().flat_map(|k| k.fields);
    assert!(properties.clone().all(|f| !keys.contains(&f.key)), "a property is called as a conflict of another sort");
}

#[test]
fn expressions_follow_the_names_of_both_sides() {
    let base = plate();
    let ours = after(
        &base,
        &[
            rename("w", "breadth"),
            add(Object::new("p1", "parameter", "wall").expr("value", "1 mm")),
            set("box", "dz", "wall"),
        ],
    );
    let theirs = after(
        &base,
        &[
            set("box", "dx", "3*width"),
            add(Object::new("p2", "parameter", "wall").expr("value", "2 mm")),
            set("hole", "depth", "4*wall"),
        ],
    );
    let m = plain(&base, &ours, &theirs);
    assert_eq!(m.conflicts, []);
    let text = |id: &str, key: &str| m.design.get(&id.into()).unwrap().text(key);
    assert_eq!(text("box", "dx"), "3*breadth");
    assert_eq!((text("box", "dz").as_str(), text("hole", "depth").as_str()), ("wall", "4*wall_2"));
    assert_eq!(m.design.get(&"p2".into()).unwrap().name, "wall_2");
    assert_eq!(m.notes.len(), 1);
    assert_eq!(m.issues, []);
    // Two parameters that change names, against a new use of one.
    let base = after(&base, &[add(Object::new("d", "parameter", "depth").expr("value", "5 mm"))]);
    let ours = after(&base, &[rename("w", "tmp"), rename("d", "width"), rename("w", "depth")]);
    let theirs = after(&base, &[set("box", "dx", "width + depth")]);
    let m = plain(&base, &ours, &theirs);
    assert_eq!(m.conflicts, []);
    assert_eq!(m.design.get(&"box".into()).unwrap().text("dx"), "depth + width");
    // A parameter of one branch whose id is that of a box in the other names nothing but itself.
    let base = after(&base, &[set("box", "dz", "gap/2")]);
    let ours = after(&base, &[add(Object::new("n", "box", "block"))]);
    let theirs = after(&base, &[add(Object::new("n", "parameter", "gap").expr("value", "5 mm"))]);
    for (a, b) in [(&ours, &theirs), (&theirs, &ours)] {
        let m = plain(&base, a, b);
        assert_eq!(m.conflicts.iter().map(|c| c.key.as_str()).collect::<Vec<_>>(), [KIND]);
        assert_eq!(m.design.get(&"box".into()).unwrap().text("dz"), "gap/2");
    }
}

#[test]
fn new_things_of_one_name_are_told_apart() {
    let base = plate();
    let ours = after(&base, &[add(Object::new("b1", "box", "Box 1")), add(Object::new("c1", "cone", "Box 1"))]);
    let theirs = after(&base, &[add(Object::new("b2", "box", "Box 1"))]);
    let m = plain(&base, &ours, &theirs);
    let name = |id: &str| m.design.get(&id.into()).unwrap().name.clone();
    // What one branch itself calls alike is its own affair.
    assert_eq!([name("b1"), name("c1"), name("b2")], ["Box 1", "Box 1", "Box 2"]);
}

#[test]
fn what_only_the_merge_breaks_is_said() {
    let base = after(&plate(), &[Command::Set { id: "hole".into(), key: "targets".into(), value: None }]);
    let ours = after(&base, &[remove("box")]);
    let targets = Some(Value::Refs(vec!["box".into()]));
    let theirs = after(&base, &[Command::Set { id: "hole".into(), key: "targets".into(), value: targets }]);
    let m = plain(&base, &ours, &theirs);
    assert_eq!(m.conflicts, []);
    assert_eq!(m.issues.len(), 1);
    assert!(m.issues[0].message.contains("not in the design any more"), "{:?}", m.issues);
}

#[test]
fn groups_put_into_one_another_come_apart() {
    let base = plate();
    let ours = after(&base, &[place("g", Some("h"), Some("h"))]);
    let theirs = after(&base, &[place("h", Some("box"), Some("g"))]);
    let m = plain(&base, &ours, &theirs);
    assert_eq!(m.conflicts, []);
    assert_eq!(m.design.get(&"g".into()).unwrap().parent, None);
    assert_eq!(m.design.get(&"h".into()).unwrap().parent, Some("g".into()));
    assert_eq!(m.notes.len(), 1);
    assert_eq!(after(&ours, &m.commands), m.design);
}

/// The lines of a comparison, with the heads of its parts.
fn lines(before: &Design, after: &Design) -> Vec<String> {
    let line = |l: &solver::design::compare::Line| format!("  {}: {}", l.name, l.text);
    compare(before, after)
        .iter()
        .flat_map(|p| std::iter::once(p.label.clone()).chain(p.lines.iter().map(line)))
        .collect()
}

#[test]
fn a_comparison_tells_what_changed_in_words() {
    let base = plate();
    let edits = [
        set("w", "value", "0.05 m"),
        rename("w", "breadth"),
        set("box", "dy", "2.5 in"),
        Command::Set { id: "box".into(), key: "material".into(), value: Some(Value::Choice("ti_6al_4v".into())) },
        Command::Set { id: "box".into(), key: "centred".into(), value: Some(Value::Flag(true)) },
        set("box", "dx", "100 mm"),
        set("box", "dx", "2 * breadth"),
        rename("hole", "Dowel hole"),
        place("hole", Some("push"), Some("g")),
        Command::Suppress { id: "hole".into(), suppressed: true },
        remove("push"),
        add(Object::new("f", "force", "Pull")
            .with("force", Value::Vector(["0 N".into(), "1 kN".into(), "breadth*20 N/mm".into()]))),
        add(Object::new("p", "parameter", "n").expr("value", "3")),
    ];
    let next = edited(&base, &edits);
    assert_eq!(
        lines(&base, &next),
        [
            "Parameters",
            "  breadth: renamed from width to breadth",
            "  breadth: Value: 40 mm → 0.05 m = 50 mm",
            "  n: added: 3",
            "Features",
            "  Plate: Centred on the origin in x and y: no → yes",
            "  Plate: Length x: 2*width = 80 mm → 2 * breadth = 100 mm",
            "  Plate: Width y: 60 mm → 2.5 in = 63.5 mm",
            "  Plate: Material: EN AW-6061-T6 → Ti-6Al-4V",
            "  Dowel hole: renamed from Bolt hole to Dowel hole",
            "  Dowel hole: put into Holes",
            "  Dowel hole: suppressed",
            "Loads",
            "  Push: removed",
            "  Pull: added",
        ]
    );
    // What follows a parameter's new name is no change; as few objects as possible have moved.
    let renamed = after(&base, &[rename("w", "breadth"), place("push", Some("g"), None)]);
    assert_eq!(
        lines(&base, &renamed),
        [
            "Parameters",
            "  breadth: renamed from width to breadth",
            "Loads",
            "  Push: moved: it stands after breadth now, and stood after Bolt hole",
        ]
    );
}
