//! Places where the model's stress has no finite value, as an answer lists them.

use crate::quantity::Dimension;
use crate::study::outcome::{Cell, Outcome, Table};

/// Id of the table of such places: state, x, y, z, radius.
const TABLE: &str = "singular_places";

/// A place where every finer mesh shows more, and how far around it stresses say nothing, m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flaw {
    pub at: [f64; 3],
    pub radius: f64,
}

/// Lists `flaws`, each with the label of its state; `None` where there are none.
pub fn table(flaws: &[(String, Flaw)]) -> Option<Table> {
    let number = |label: &str| (label.to_string(), Dimension::LENGTH);
    let row = |(label, flaw): &(String, Flaw)| {
        let mut row = vec![Cell::Text(label.clone())];
        row.extend(flaw.at.into_iter().chain([flaw.radius]).map(Cell::Number));
        row
    };
    (!flaws.is_empty()).then(|| Table {
        id: TABLE.into(),
        label: "Places where stress has no finite value".into(),
        columns: vec![
            ("Load case".into(), Dimension::NONE),
            number("x"),
            number("y"),
            number("z"),
            number("Left out within"),
        ],
        rows: flaws.iter().map(row).collect(),
    })
}

/// The places that `outcome` lists for a state, by its id; `None` takes those of all states.
pub fn flaws(outcome: &Outcome, case: Option<&str>) -> Vec<Flaw> {
    let label = outcome.label(case);
    let rows = outcome.tables.iter().filter(|t| t.id == TABLE).flat_map(|t| &t.rows);
    let read = |row: &Vec<Cell>| {
        let [Cell::Text(of), Cell::Number(x), Cell::Number(y), Cell::Number(z), Cell::Number(radius)] = &row[..] else {
            return None;
        };
        label.is_none_or(|l| l == of).then_some(Flaw { at: [*x, *y, *z], radius: *radius })
    };
    rows.filter_map(read).collect()
}

/// Whether `at` lies where stresses say nothing.
pub fn is_near(flaws: &[Flaw], at: [f64; 3]) -> bool {
    flaws.iter().any(|f| (0..3).map(|k| (f.at[k] - at[k]).powi(2)).sum::<f64>() <= f.radius * f.radius)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::outcome::{State, StateKind};

    #[test]
    fn places_are_read_back_by_their_state() {
        let flaw = |x: f64| Flaw { at: [x, 0.0, 0.0], radius: 0.01 };
        let state = |id: &str, label: &str| State {
            id: id.into(),
            label: label.into(),
            kind: StateKind::LoadCase,
            value: None,
            dimension: Dimension::NONE,
        };
        let mut out = Outcome { states: vec![state("a", "Pull"), state("b", "Push")], ..Outcome::default() };
        assert!(table(&[]).is_none() && flaws(&out, None).is_empty());
        out.tables.extend(table(&[("Pull".into(), flaw(0.0)), ("Push".into(), flaw(1.0))]));
        assert_eq!(flaws(&out, Some("b")), [flaw(1.0)]);
        assert_eq!(flaws(&out, None).len(), 2);
        assert!(is_near(&flaws(&out, Some("a")), [0.0, 0.009, 0.0]));
        assert!(!is_near(&flaws(&out, Some("b")), [0.0, 0.009, 0.0]));
    }
}
