//! The rules of a release, without database or clock: who may take it from which stage to which.

use app::api::release::{Decision, Happened, Stage};

/// Letters of revisions: without those that read as digits or as other letters (ASME Y14.35).
const LETTERS: &[u8] = b"ABCDEFGHJKLMNPRTUVWY";

/// The letters of the `n`-th revision, from 1: A … Y, AA, AB …
pub fn letters(n: u64) -> String {
    let base = LETTERS.len() as u64;
    let (mut rest, mut out) = (n, Vec::new());
    // Numbers without a zero: what stands before is counted from A again.
    while rest > 0 {
        rest -= 1;
        out.push(LETTERS[(rest % base) as usize]);
        rest /= base;
    }
    out.reverse();
    String::from_utf8_lossy(&out).into_owned()
}

/// Someone whose approval it takes, and what they decided in the review under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    pub person: String,
    pub decision: Option<Decision>,
}

/// What the rules look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    pub revision: String,
    pub sequence: u64,
    pub stage: Stage,
    pub author: String,
    pub submitter: Option<String>,
    pub approvers: Vec<Approver>,
}

/// What someone wants to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    Change,
    /// `evidence`: nothing mandatory is open, or what is, in words.
    Submit {
        evidence: Result<(), &'a str>,
    },
    Decide {
        decision: Decision,
        evidence: Result<(), &'a str>,
    },
    Return,
    Withdraw,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This person may not.
    Person(String),
    /// It does not stand where that can be done, or its evidence does not reach.
    State(String),
}

/// Carries out `step` by `by`. `alone`: the organisation has nobody else who could approve. Returns what happened, in order.
///
/// # Errors
/// [`Refusal`], and nothing is changed.
pub fn take(paper: &mut Paper, by: &str, alone: bool, step: &Step<'_>) -> Result<Vec<Happened>, Refusal> {
    let name = format!("Revision {}", paper.revision);
    let stands = format!("{name} is {}", paper.stage.label());
    let wrong = |wanted: &str| Refusal::State(format!("{stands}; {wanted}"));
    match step {
        Step::Change if paper.stage == Stage::Draft => Ok(vec![Happened::Changed]),
        Step::Change => Err(wrong("only a draft can be changed. Take it back to the draft first.")),
        Step::Submit { evidence } => {
            if paper.stage != Stage::Draft {
                return Err(wrong("only a draft can be submitted."));
            }
            if paper.approvers.is_empty() {
                return Err(Refusal::State(format!("{name} names no approver; choose at least one.")));
            }
            if !alone && paper.approvers.iter().any(|a| a.person == by || a.person == paper.author) {
                let why = "Nobody approves what they drafted or submit themselves. Choose other approvers.";
                return Err(Refusal::Person(why.into()));
            }
            evidence.map_err(|open| {
                Refusal::State(format!("{name} cannot go into review as version {}: {open}", paper.sequence))
            })?;
            paper.stage = Stage::Review;
            paper.submitter = Some(by.to_owned());
            paper.approvers.iter_mut().for_each(|a| a.decision = None);
            Ok(vec![Happened::Submitted])
        }
        Step::Decide { decision, evidence } => {
            if paper.stage != Stage::Review {
                return Err(wrong("decisions are taken in review only."));
            }
            let Some(own) = paper.approvers.iter().position(|a| a.person == by) else {
                return Err(Refusal::Person(format!(
                    "Only its approvers decide about {name}; you are not one of them."
                )));
            };
            if !alone && (paper.submitter.as_deref() == Some(by) || paper.author == by) {
                return Err(Refusal::Person("Nobody approves what they drafted or submitted themselves.".into()));
            }
            if paper.approvers[own].decision.is_some() {
                return Err(Refusal::State(format!("You have decided about {name} already.")));
            }
            if *decision == Decision::Reject {
                paper.stage = Stage::Draft;
                paper.approvers.iter_mut().for_each(|a| a.decision = None);
                return Ok(vec![Happened::Rejected, Happened::Returned]);
            }
            let is_last = paper.approvers.iter().enumerate().all(|(i, a)| i == own || a.decision.is_some());
            if is_last {
                evidence.map_err(|open| {
                    Refusal::State(format!("{name} cannot be released as version {}: {open}", paper.sequence))
                })?;
            }
            paper.approvers[own].decision = Some(Decision::Approve);
            if !is_last {
                return Ok(vec![Happened::Approved]);
            }
            paper.stage = Stage::Released;
            Ok(vec![Happened::Approved, Happened::Released])
        }
        Step::Return => {
            if paper.stage != Stage::Review {
                return Err(wrong("only a review can be taken back."));
            }
            paper.stage = Stage::Draft;
            paper.approvers.iter_mut().for_each(|a| a.decision = None);
            Ok(vec![Happened::Returned])
        }
        Step::Withdraw => {
            if !matches!(paper.stage, Stage::Draft | Stage::Review) {
                return Err(wrong("it stands for good. Release a later revision in its place."));
            }
            paper.stage = Stage::Withdrawn;
            Ok(vec![Happened::Withdrawn])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paper(stage: Stage) -> Paper {
        let approver = |person: &str| Approver { person: person.into(), decision: None };
        Paper {
            revision: "A".into(),
            sequence: 4,
            stage,
            author: "ada".into(),
            submitter: (stage != Stage::Draft).then(|| "ada".into()),
            approvers: vec![approver("bo"), approver("cy")],
        }
    }

    fn approve() -> Step<'static> {
        Step::Decide { decision: Decision::Approve, evidence: Ok(()) }
    }

    fn reject() -> Step<'static> {
        Step::Decide { decision: Decision::Reject, evidence: Ok(()) }
    }

    #[test]
    fn letters_leave_out_what_reads_as_something_else() {
        let all: Vec<String> = (1..=42).map(letters).collect();
        assert_eq!(all[..9].join(""), "ABCDEFGHJ");
        assert_eq!([&all[19], &all[20], &all[39], &all[40]], ["Y", "AA", "AY", "BA"]);
        assert!(!all.concat().contains(['I', 'O', 'Q', 'S', 'X', 'Z']));
        assert_eq!(letters(20 + 20 * 20), "YY");
        assert_eq!(letters(20 + 20 * 20 + 1), "AAA");
    }

    #[test]
    fn it_is_released_when_the_last_has_approved_and_not_before() {
        let mut paper = paper(Stage::Draft);
        let submit = Step::Submit { evidence: Ok(()) };
        assert_eq!(take(&mut paper, "ada", false, &submit), Ok(vec![Happened::Submitted]));
        assert_eq!(take(&mut paper, "cy", false, &approve()), Ok(vec![Happened::Approved]));
        assert_eq!(paper.stage, Stage::Review);
        assert!(take(&mut paper, "cy", false, &approve()).is_err(), "once");
        assert_eq!(take(&mut paper, "bo", false, &approve()), Ok(vec![Happened::Approved, Happened::Released]));
        assert_eq!(paper.stage, Stage::Released);
        for step in [Step::Change, Step::Return, Step::Withdraw, submit, reject()] {
            let before = paper.clone();
            assert!(matches!(take(&mut paper, "bo", false, &step), Err(Refusal::State(_))), "{step:?}");
            assert_eq!(paper, before, "a refusal changes nothing");
        }
    }

    #[test]
    fn nobody_approves_what_they_submitted_unless_there_is_nobody_else() {
        let mut own = paper(Stage::Draft);
        own.approvers[0].person = "ada".into();
        let submit = Step::Submit { evidence: Ok(()) };
        assert!(matches!(take(&mut own, "ada", false, &submit), Err(Refusal::Person(_))));
        // Nor through someone who lends a hand.
        assert!(matches!(take(&mut own, "eve", false, &submit), Err(Refusal::Person(_))));
        assert_eq!(take(&mut own, "ada", true, &submit), Ok(vec![Happened::Submitted]));
        // Someone has joined since: whoever is alone no more does not approve their own.
        assert!(matches!(take(&mut own, "ada", false, &approve()), Err(Refusal::Person(_))));
        assert_eq!(take(&mut own, "ada", true, &approve()), Ok(vec![Happened::Approved]));
        assert!(matches!(take(&mut own, "eve", true, &approve()), Err(Refusal::Person(_))), "not named");
    }

    #[test]
    fn evidence_is_asked_for_at_both_doors() {
        let open = Err("Light enough is stale");
        let mut draft = paper(Stage::Draft);
        let refused = take(&mut draft, "ada", false, &Step::Submit { evidence: open });
        assert!(matches!(refused, Err(Refusal::State(why)) if why.contains("Light enough is stale")));
        assert_eq!(draft, paper(Stage::Draft));
        let mut review = paper(Stage::Review);
        review.approvers[0].decision = Some(Decision::Approve);
        let before = review.clone();
        let last = Step::Decide { decision: Decision::Approve, evidence: open };
        assert!(matches!(take(&mut review, "cy", false, &last), Err(Refusal::State(_))));
        assert_eq!(review, before);
        // To reject needs no evidence, and undoes what was decided.
        let no = Step::Decide { decision: Decision::Reject, evidence: open };
        assert_eq!(take(&mut review, "cy", false, &no), Ok(vec![Happened::Rejected, Happened::Returned]));
        assert_eq!((review.stage, review.approvers[0].decision), (Stage::Draft, None));
    }

    #[test]
    fn a_draft_without_approvers_goes_nowhere() {
        let mut draft = Paper { approvers: Vec::new(), ..paper(Stage::Draft) };
        assert!(take(&mut draft, "ada", true, &Step::Submit { evidence: Ok(()) }).is_err());
        assert_eq!(take(&mut draft, "ada", false, &Step::Withdraw), Ok(vec![Happened::Withdrawn]));
        assert!(take(&mut draft, "ada", false, &Step::Withdraw).is_err());
    }
}
