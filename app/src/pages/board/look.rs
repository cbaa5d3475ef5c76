//! Which designs the board shows, in which order and grouping.

use crate::api::board::{Contributor, Counts, Row, Runs};
use crate::api::view::{Column, Look, Which};

impl Which {
    pub const ALL: [(Self, &str, &str); 7] = [
        (Self::All, "all", "All designs"),
        (Self::Blocked, "blocked", "Something open"),
        (Self::Stale, "stale", "Stale evidence"),
        (Self::Met, "met", "All met"),
        (Self::Review, "review", "In review"),
        (Self::Released, "released", "Released"),
        (Self::Unasked, "unasked", "No requirements"),
    ];

    pub fn takes(self, row: &Row) -> bool {
        let counts = counts(row);
        match self {
            Self::All => true,
            Self::Met => counts.is_all_met(),
            Self::Blocked => row.blocked.is_some(),
            Self::Stale => counts.stale > 0,
            Self::Review => row.release.in_review,
            Self::Released => row.release.current.is_some(),
            Self::Unasked => counts.total() == 0,
        }
    }
}

impl Column {
    /// A word for what is made of it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Stage => "stage",
            Self::Evidence => "evidence",
            Self::Reserve => "reserve",
            Self::Mass => "mass",
            Self::Runs => "runs",
            Self::Cost => "cost",
            Self::Blocked => "blocked",
            Self::Changed => "changed",
        }
    }
}

pub fn counts(row: &Row) -> Counts {
    row.now.as_ref().map(|m| m.counts).unwrap_or_default()
}

/// The order of a design's stage, furthest from release first, and its words: what is in the making, else what counts.
pub fn stage(row: &Row) -> (f64, String) {
    let of = &row.release;
    match (&of.open, &of.current) {
        (Some(open), _) if of.in_review => (1.0, format!("{} in review", open.letters)),
        (Some(open), _) => (0.0, format!("{} in draft", open.letters)),
        (None, Some(current)) if current.sequence < row.sequence => {
            (2.0, format!("{} released (edited since)", current.letters))
        }
        (None, Some(current)) => (3.0, format!("{} released", current.letters)),
        (None, None) => (-1.0, "in work".into()),
    }
}

/// The rows that `look` shows, in its order.
pub fn arranged(rows: &[Row], look: &Look) -> Vec<Row> {
    let search = look.search.trim().to_lowercase();
    let fits = |row: &&Row| {
        look.which.takes(row)
            && (look.project.is_empty() || row.project == look.project)
            && (look.person.is_empty() || row.people.iter().any(|p| p.person == look.person))
            && (search.is_empty()
                || row.name.to_lowercase().contains(&search)
                || row.project_name.to_lowercase().contains(&search))
    };
    let mut out: Vec<Row> = rows.iter().filter(fits).cloned().collect();
    // What there is no number for stands last, whichever way.
    let number = |row: &Row| -> Option<f64> {
        match look.column {
            Column::Name => None,
            Column::Stage => Some(stage(row).0),
            Column::Evidence => {
                let c = counts(row);
                (c.total() > 0).then(|| f64::from(c.met) / f64::from(c.total()))
            }
            Column::Reserve => row.now.as_ref()?.reserve,
            Column::Mass => row.now.as_ref()?.mass,
            Column::Runs => Some(-f64::from(row.runs.n)),
            Column::Cost => Some(-row.runs.core_seconds),
            Column::Blocked => row.blocked.as_ref().map(|b| b.since as f64),
            Column::Changed => Some(-(row.changed as f64)),
        }
    };
    out.sort_by(|a, b| {
        let by_name = || a.name.to_lowercase().cmp(&b.name.to_lowercase()).then(a.design.cmp(&b.design));
        let order = match (number(a), number(b)) {
            (Some(x), Some(y)) if look.reversed => y.total_cmp(&x),
            (Some(x), Some(y)) => x.total_cmp(&y),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) if look.column == Column::Name && look.reversed => return by_name().reverse(),
            (None, None) => std::cmp::Ordering::Equal,
        };
        order.then_with(by_name)
    });
    if look.grouped {
        // Stable: within a project they stay in the order chosen.
        out.sort_by(|a, b| by_project(a).cmp(&by_project(b)));
    }
    out
}

fn by_project(row: &Row) -> (String, &str) {
    (row.project_name.to_lowercase(), &row.project)
}

/// The designs of a project in sum.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    pub n: usize,
    pub counts: Counts,
    /// Designs in which something stands in the way.
    pub blocked: usize,
    pub runs: Runs,
}

impl Sum {
    pub fn of(rows: &[Row]) -> Self {
        let mut sum = Self { n: rows.len(), ..Self::default() };
        for row in rows {
            sum.counts += counts(row);
            sum.blocked += usize::from(row.blocked.is_some());
            sum.runs.n += row.runs.n;
            sum.runs.active += row.runs.active;
            sum.runs.failed += row.runs.failed;
            sum.runs.core_seconds += row.runs.core_seconds;
            sum.runs.last = sum.runs.last.max(row.runs.last);
        }
        sum
    }
}

/// Rows that stand together: those of one project under their sum, or all without one.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Id, name and sum.
    pub project: Option<(String, String, Sum)>,
    pub rows: Vec<Row>,
}

/// `rows`, which are [`arranged`], as `look` groups them.
pub fn groups(rows: Vec<Row>, look: &Look) -> Vec<Group> {
    if !look.grouped {
        return vec![Group { project: None, rows }];
    }
    let together = rows.chunk_by(|a, b| a.project == b.project);
    let group = |rows: &[Row]| Group {
        project: rows.first().map(|r| (r.project.clone(), r.project_name.clone(), Sum::of(rows))),
        rows: rows.to_vec(),
    };
    together.map(group).collect()
}

/// Everyone who worked on one of the designs lately: id and name, by name.
pub fn workers(rows: &[Row]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> =
        rows.iter().flat_map(|r| &r.people).map(|p| (p.person.clone(), p.name.clone())).collect();
    all.sort_by_key(|(id, name)| (name.to_lowercase(), id.clone()));
    all.dedup();
    all
}

/// What someone did on a design lately: `5 edits, 2 runs`.
pub fn work(of: &Contributor) -> String {
    let part = |n: u32, word: &str| match n {
        0 => None,
        1 => Some(format!("1 {word}")),
        n => Some(format!("{n} {word}s")),
    };
    [part(of.n_edits, "edit"), part(of.n_runs, "run")].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::api::board::{Blocked, Moment};
    use solver::requirement::Verdict;

    pub fn row(name: &str, met: u32, stale: u32, reserve: Option<f64>) -> Row {
        let counts = Counts { met, stale, ..Counts::default() };
        let blocked = (stale > 0).then(|| Blocked {
            requirement: "r".into(),
            name: "=1+1".into(),
            verdict: Verdict::Stale,
            since: 0,
        });
        Row {
            design: name.into(),
            name: name.into(),
            project: "p".into(),
            project_name: "Frame \"A\"".into(),
            sequence: 1,
            changed: 0,
            changed_by: "Ada".into(),
            here: Vec::new(),
            people: Vec::new(),
            now: Some(Moment { counts, reserve, ..Moment::default() }),
            behind: false,
            blocked,
            runs: Runs::default(),
            course: Vec::new(),
            release: Default::default(),
        }
    }

    #[test]
    fn filters_take_what_they_say_and_unknown_numbers_stand_last() {
        let rows = [row("b", 1, 0, Some(0.2)), row("a", 0, 1, None), row("c", 0, 0, None), row("d", 2, 0, Some(-0.1))];
        let names = |look: Look| arranged(&rows, &look).iter().map(|r| r.name.clone()).collect::<String>();
        let by = |column, reversed| Look { column, reversed, ..Look::default() };
        assert_eq!((names(by(Column::Name, false)), names(by(Column::Name, true))), ("abcd".into(), "dcba".into()));
        assert_eq!(
            (names(by(Column::Reserve, false)), names(by(Column::Reserve, true))),
            ("dbac".into(), "bdac".into())
        );
        let which = |which| names(Look { which, column: Column::Name, ..Look::default() });
        assert_eq!(which(Which::Met), "bd");
        assert_eq!((which(Which::Review), which(Which::Released)), (String::new(), String::new()));
        assert_eq!(
            (which(Which::Blocked), which(Which::Stale), which(Which::Unasked)),
            ("a".into(), "a".into(), "c".into())
        );
        assert_eq!(names(Look { search: "frame".into(), column: Column::Name, ..Look::default() }), "abcd");
        assert_eq!(names(Look { project: "q".into(), ..Look::default() }), "");
    }

    #[test]
    fn the_stage_is_what_is_in_the_making_else_what_counts() {
        use crate::api::release::{Revision, Standing};
        let revision = |letters: &str, sequence| Some(Revision { letters: letters.into(), sequence });
        let staged =
            |current, open, in_review| Row { release: Standing { current, open, in_review }, ..row("a", 1, 0, None) };
        let rows = [
            (row("a", 1, 0, None), "in work", false, false),
            (staged(revision("A", 1), None, false), "A released", false, true),
            (staged(revision("A", 0), None, false), "A released (edited since)", false, true),
            (staged(revision("A", 0), revision("B", 1), false), "B in draft", false, true),
            (staged(None, revision("A", 1), true), "A in review", true, false),
        ];
        for (row, words, in_review, released) in rows {
            assert_eq!(stage(&row).1, words);
            assert_eq!((Which::Review.takes(&row), Which::Released.takes(&row)), (in_review, released), "{words}");
        }
    }

    #[test]
    fn groups_are_projects_with_their_sums_in_the_order_within() {
        let of = |name: &str, project: &str, met, stale| Row {
            project: project.into(),
            project_name: format!("Project {project}"),
            runs: Runs { n: 3, failed: 1, core_seconds: 60.0, last: Some(i64::from(met)), ..Runs::default() },
            ..row(name, met, stale, None)
        };
        let rows = [of("b", "q", 2, 0), of("a", "p", 1, 1), of("d", "p", 0, 2), of("c", "q", 1, 0)];
        let look = Look { grouped: true, column: Column::Name, reversed: true, ..Look::default() };
        let found = groups(arranged(&rows, &look), &look);
        let names = |g: &Group| g.rows.iter().map(|r| r.name.clone()).collect::<String>();
        assert_eq!(found.iter().map(names).collect::<Vec<_>>(), ["da", "cb"]);
        let (id, name, sum) = found[0].project.clone().expect("a project");
        assert_eq!((id.as_str(), name.as_str()), ("p", "Project p"));
        assert_eq!((sum.n, sum.blocked, sum.counts), (2, 2, Counts { met: 1, stale: 3, ..Counts::default() }));
        assert_eq!(sum.runs, Runs { n: 6, failed: 2, core_seconds: 120.0, last: Some(1), ..Runs::default() });
        let plain = Look { grouped: false, ..look };
        let all = groups(arranged(&rows, &plain), &plain);
        assert_eq!((all.len(), names(&all[0]), all[0].project.is_none()), (1, "dcba".into(), true));
        assert_eq!(groups(Vec::new(), &Look { grouped: true, ..Look::default() }), []);
    }

    #[test]
    fn people_are_listed_once_and_filter() {
        let person = |id: &str, name: &str, n_edits, n_runs| Contributor {
            person: id.into(),
            name: name.into(),
            hue: 0,
            n_edits,
            n_runs,
            last: 0,
        };
        let with = |name: &str, people: Vec<Contributor>| Row { people, ..row(name, 1, 0, None) };
        let rows = [
            with("a", vec![person("1", "mary", 2, 0), person("2", "Ada", 1, 1)]),
            with("b", vec![person("2", "Ada", 0, 4)]),
            with("c", Vec::new()),
        ];
        assert_eq!(workers(&rows), [("2".into(), "Ada".into()), ("1".into(), "mary".into())]);
        let by = |person: &str| {
            let look = Look { person: person.into(), column: Column::Name, ..Look::default() };
            arranged(&rows, &look).iter().map(|r| r.name.clone()).collect::<String>()
        };
        assert_eq!((by("2"), by("1"), by("3"), by("")), ("ab".into(), "a".into(), String::new(), "abc".into()));
        let words: Vec<String> = rows[0].people.iter().chain(&rows[1].people).map(work).collect();
        assert_eq!(words, ["2 edits", "1 edit, 1 run", "4 runs"]);
    }

    #[test]
    fn all_met_is_said_of_all() {
        let optional = Counts { met: 2, stale: 1, ..Counts::default() };
        let open =
            Row { now: Some(Moment { counts: optional, ..Moment::default() }), blocked: None, ..row("a", 2, 0, None) };
        assert!(!Which::Met.takes(&open), "an optional one is open");
        let waived = Counts { met: 2, waived: 1, ..Counts::default() };
        let open = Row { now: Some(Moment { counts: waived, ..Moment::default() }), ..open };
        assert!(Which::Met.takes(&open));
    }
}
