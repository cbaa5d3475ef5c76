//! What two branches have in common when they share more than one newest version.

use super::command::Refusal;
use super::merge::{Choices, Conflict, GROUP, KIND, NAME, PLACE, REMOVED, SUPPRESSED, merge};
use super::object::{Design, Object};
use std::sync::Arc;

/// The design that `a` and `b`, which both came of `base`, are to be taken for where a merge needs one common version and
/// each of the two is one: as after two branches took over from one another at once.
///
/// What one of the two changed is as it has it there. Where they contradict one another it is as in `base`: whatever the
/// branches chose there then is an edit of theirs, so that different choices meet as a conflict, and no choice is lost.
///
/// # Errors
/// [`Refusal`] of [`merge`].
///
/// Source: the recursive strategy of git's merge (Baudiš, "Current Concepts in Version Control Systems", 2008), with the
/// old value where that has marks of conflict.
pub fn common(base: &Design, a: &Design, b: &Design) -> Result<Design, Refusal> {
    let merged = merge(base, a, b, &Choices::new())?;
    let mut design = merged.design;
    for conflict in &merged.conflicts {
        settle(&mut design, base, conflict);
    }
    Ok(design)
}

/// Puts what a conflict is about back to what it was.
fn settle(design: &mut Design, base: &Design, conflict: &Conflict) {
    let id = &conflict.object;
    let (at, old) = (design.position(id), base.get(id));
    match (conflict.key.as_str(), old) {
        (PLACE, _) => {}
        (REMOVED | KIND, Some(old)) => match at {
            Some(at) => design.objects[at] = Arc::new(old.clone()),
            None => design.objects.push(Arc::new(old.clone())),
        },
        (REMOVED | KIND, None) => {}
        (key, old) => {
            let Some(at) = at else { return };
            let is_group = |o: &&Object| o.parent.as_ref().is_none_or(|g| design.get(g).is_some());
            let group = old.filter(is_group).map(|o| o.parent.clone());
            let object = Arc::make_mut(&mut design.objects[at]);
            match (key, old) {
                (NAME, Some(old)) => object.name.clone_from(&old.name),
                (GROUP, Some(_)) => object.parent = group.unwrap_or_default(),
                (SUPPRESSED, Some(old)) => object.suppressed = old.suppressed,
                (NAME | GROUP | SUPPRESSED, None) => {}
                // Of another kind it had no such property.
                (key, old) => match old.filter(|o| o.kind == object.kind).and_then(|o| o.properties.get(key)) {
                    Some(value) => drop(object.properties.insert(key.to_owned(), value.clone())),
                    None => drop(object.properties.remove(key)),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::{Command, Id, Side, Value, apply};

    fn set(design: &Design, key: &str, value: &str) -> Design {
        let command = Command::Set { id: "b".into(), key: key.into(), value: Some(Value::Expr(value.into())) };
        apply(design, &command).expect("it applies").0
    }

    fn plate() -> Design {
        let add = Command::Add { object: Object::new("b", "box", "Plate").expr("dx", "1 mm"), before: None };
        apply(&Design::new(), &add).expect("a box").0
    }

    /// Two branches that each took over the other's first edits at once, and chose otherwise where those met.
    #[test]
    fn choices_of_a_crossed_merge_meet_again() {
        let base = plate();
        let (a, b) = (set(&base, "dx", "2 mm"), set(&set(&base, "dx", "3 mm"), "dy", "7 mm"));
        let side = |side| Choices::from([((Id::from("b"), "dx".to_owned()), side)]);
        let ours = merge(&base, &a, &b, &side(Side::Ours)).expect("merged").design;
        let theirs = merge(&base, &b, &a, &side(Side::Ours)).expect("merged").design;
        let common = common(&base, &a, &b).expect("a common design");
        let met = merge(&common, &ours, &theirs, &Choices::new()).expect("merged");
        assert_eq!(met.conflicts.iter().map(|c| c.key.as_str()).collect::<Vec<_>>(), ["dx"]);
        assert_eq!((met.conflicts[0].ours.as_str(), met.conflicts[0].theirs.as_str()), ("2 mm", "3 mm"));
        // Either of the two alone would have taken one choice for no edit, and lost it.
        assert!(merge(&a, &ours, &theirs, &Choices::new()).expect("merged").conflicts.is_empty());
        // What came over without contradiction is common: edited on one side since, it is that side's.
        let later = merge(&common, &set(&ours, "dy", "9 mm"), &theirs, &side(Side::Ours)).expect("merged");
        assert_eq!(later.conflicts.len(), 1);
        assert_eq!(later.design.get(&"b".into()).and_then(|o| o.get("dy")), Some(Value::Expr("9 mm".into())));
    }

    #[test]
    fn what_one_removed_and_the_other_edited_is_there_as_it_was() {
        let base = plate();
        let gone = apply(&base, &Command::Remove { id: "b".into() }).expect("removed").0;
        for (x, y) in [(set(&base, "dx", "5 mm"), gone.clone()), (gone, set(&base, "dx", "5 mm"))] {
            assert_eq!(common(&base, &x, &y).expect("a common design"), base);
        }
    }
}
