//! What of an answer is shown first: what comes nearest to what was read before.

use solver::quantity::Dimension;
use solver::result::{Frame, Over, Quantity, Reading};
use solver::study::outcome::{Location, Outcome, StateKind};

/// What a reading is called, and its dimension; `None` where `outcome` does not have it.
pub fn described(outcome: &Outcome, reading: &Reading) -> Option<(String, Dimension)> {
    let choice = Quantity::offered(outcome, outcome.tensors).into_iter().find(|c| c.quantity == reading.quantity)?;
    Some((reading.quantity.label(&reading.frame, &choice.stored), choice.dimension))
}

/// The reading that comes nearest to `wish` in `outcome`, with its name and dimension; `whole`: with its tensors; `stays`: the
/// wish is about the same study, whose modes and moments are the same ones.
pub fn fitting(
    outcome: &Outcome,
    whole: bool,
    wish: Option<&Reading>,
    stays: bool,
) -> Option<(Reading, String, Dimension)> {
    let choices = Quantity::offered(outcome, outcome.tensors && whole);
    let has = |q: &Quantity| choices.iter().find(|c| c.quantity == *q);
    let wished = wish.and_then(|w| has(&w.quantity).or_else(|| has(&w.quantity.by_tensor()?)));
    let choice = wished.or_else(|| has(&Quantity::stored("von_mises"))).or(choices.first())?;
    let cases = || outcome.fields.iter().filter(|f| f.location == Location::Point).map(|f| &f.case);
    // Load cases are the design's: every study means the same by them.
    let shared = outcome.states.iter().all(|s| s.kind == StateKind::LoadCase);
    let known = wish.map(|w| &w.case).filter(|case| (stays || shared) && cases().any(|c| c == *case));
    let case = known.or_else(|| cases().next());
    let several = outcome.states.len() > 1 && shared;
    let reading = Reading {
        quantity: choice.quantity.clone(),
        frame: wish.map_or(Frame::Model, |w| w.frame),
        case: case.cloned().flatten(),
        over: wish.map(|w| w.over).filter(|_| several).unwrap_or(Over::State),
    };
    let label = reading.quantity.label(&reading.frame, &choice.stored);
    Some((reading, label, choice.dimension))
}

#[cfg(test)]
mod tests {
    use super::*;
    use solver::study::outcome::{Field, Grade, State};

    #[test]
    fn another_study_begins_with_its_own_first_mode() {
        let states = |kind| {
            let field = |case: &str| Field {
                id: "displacement".into(),
                label: "Shape".into(),
                mesh: "skin".into(),
                location: Location::Point,
                components: 3,
                dimension: Dimension::NONE,
                case: Some(case.into()),
                grade: Grade::Verified,
                values: vec![0.0; 9],
            };
            let state =
                |id: &str| State { id: id.into(), label: id.into(), kind, value: None, dimension: Dimension::NONE };
            let ids = ["one", "two"];
            Outcome { fields: ids.map(field).to_vec(), states: ids.map(state).to_vec(), ..Outcome::default() }
        };
        let read = |kind, wish: Option<&Reading>, stays| {
            fitting(&states(kind), true, wish, stays).and_then(|(reading, ..)| reading.case)
        };
        let (first, ..) = fitting(&states(StateKind::Mode), true, None, false).expect("a field is shown");
        let second = Reading { case: Some("two".into()), ..first };
        assert_eq!(read(StateKind::Mode, Some(&second), true).as_deref(), Some("two"), "run again");
        assert_eq!(read(StateKind::Mode, Some(&second), false).as_deref(), Some("one"), "another study");
        assert_eq!(read(StateKind::LoadCase, Some(&second), false).as_deref(), Some("two"), "the design's load case");
    }
}
