//! How designs stand by their requirements, kept beside the log and the runs that it follows from, so that the board answers
//! at once. Nothing here is typed in by anyone.

use crate::api::requirement::evidence;
use crate::{Error, State, rooms};
use app::api::board::{Blocked, Counts, Line, Moment};
use app::api::run::{RunEvent, RunState};
use solver::design::schema::Section;
use solver::design::{Design, Id};
use solver::requirement::{Evidence, Judgement, judge};
use sqlx::Row as _;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// How often designs that were edited are looked at anew.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Edited designs looked at in one go.
const AT_ONCE: i64 = 50;
/// Moments of a design that are kept, and that the figure of the board is about.
pub const COURSE_MAX: i64 = 500;

/// How a design stands.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Standing {
    pub lines: Vec<Line>,
    pub moment: Moment,
}

impl Standing {
    /// What stands in the way longest.
    pub fn blocked(&self) -> Option<Blocked> {
        let blocking = self.lines.iter().filter(|l| l.is_blocking());
        let (since, first) = blocking.map(|l| (open_since(l), l)).min_by_key(|(since, _)| *since)?;
        Some(Blocked {
            requirement: first.requirement.clone(),
            name: first.name.clone(),
            verdict: first.verdict,
            since,
        })
    }
}

/// Since when a line that stands in the way does; one that was kept before this was told apart says when its verdict began.
fn open_since(line: &Line) -> i64 {
    line.open_since.unwrap_or(line.since)
}

/// Follows edits and answers for as long as the runtime lives.
pub fn start(state: &State) {
    let following = state.clone();
    tokio::spawn(async move {
        let mut events = following.jobs.events();
        // Answers given while nobody listened, before this start too, are found by counting.
        let mut missed = true;
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let answered = tokio::select! {
                _ = ticks.tick() => None,
                event = events.recv() => match event {
                    Ok((design, RunEvent::State { run })) if run.state == RunState::Done => Some(design),
                    Ok(_) => continue,
                    Err(RecvError::Lagged(_)) => {
                        missed = true;
                        None
                    }
                    Err(RecvError::Closed) => return,
                },
            };
            let done = match answered {
                Some(design) => refresh(&following, &design).await.map(|_| ()),
                None => catch_up(&following, std::mem::take(&mut missed)).await,
            };
            if let Err(error) = done {
                tracing::warn!(%error, "cannot keep the board up to date");
            }
        }
    });
}

/// Looks at the designs that were edited since they were looked at last, and with `answers` at all that have other answers than
/// then. Of edits only some at a time: the next call goes on.
///
/// # Errors
/// When the database cannot be read.
pub async fn catch_up(state: &State, answers: bool) -> Result<(), Error> {
    let rows = sqlx::query(
        "SELECT design.id FROM design LEFT JOIN standing ON standing.design = design.id \
         WHERE design.state = 'active' AND (standing.design IS NULL OR standing.sequence <> design.sequence \
         OR ($2 = 1 AND standing.n_answers <> (SELECT COUNT(*) FROM run WHERE run.design = design.id AND run.state = 'done'))) \
         ORDER BY design.changed DESC LIMIT $1",
    )
    .bind(if answers { i64::MAX } else { AT_ONCE })
    .bind(i64::from(answers))
    .fetch_all(state.db.reader())
    .await?;
    for row in rows {
        let design: String = row.get(0);
        // One that cannot be read must not keep the others waiting.
        if let Err(error) = refresh(state, &design).await {
            tracing::warn!(design, %error, "cannot tell how a design stands");
        }
    }
    Ok(())
}

async fn n_answers(state: &State, design: &str) -> Result<i64, Error> {
    let row = sqlx::query("SELECT COUNT(*) FROM run WHERE design = $1 AND state = 'done'")
        .bind(design)
        .fetch_one(state.db.reader())
        .await?;
    Ok(row.get(0))
}

/// What is kept of a design, and the position in the log it was computed at.
async fn kept(state: &State, design: &str) -> Result<Option<(Standing, u64)>, Error> {
    let row = sqlx::query("SELECT content, sequence FROM standing WHERE design = $1")
        .bind(design)
        .fetch_optional(state.db.reader())
        .await?;
    Ok(row.and_then(|row| {
        // What an older version wrote and this one cannot read is computed anew.
        let standing = serde_json::from_str(&row.get::<String, _>(0)).ok()?;
        Some((standing, row.get::<i64, _>(1) as u64))
    }))
}

/// Computes how a design stands now, and keeps it.
///
/// # Errors
/// The database's and the disk's; [`Error::NotFound`] for a design that is gone.
pub async fn refresh(state: &State, design: &str) -> Result<Standing, Error> {
    // Counted before: an answer that comes meanwhile makes it look again.
    let n_answers = n_answers(state, design).await?;
    let document = rooms::document(state, design, None).await?;
    let before = kept(state, design).await?.map(|(standing, _)| standing);
    let now = state.now();
    let studies: BTreeSet<Id> =
        document.design.section(Section::Study).filter(|o| !o.suppressed).map(|o| o.id.clone()).collect();
    let evidence = evidence(state, design, &document.design, studies).await?;
    let mut standing = compute(&document.design, &evidence, before.as_ref(), now);
    standing.moment.sequence = document.sequence;
    let content = serde_json::to_string(&standing).map_err(Error::internal)?;
    let moment = serde_json::to_string(&standing.moment).map_err(Error::internal)?;
    let is_new = before.is_none_or(|b| !same(&b.moment, &standing.moment));
    let mut write = state.db.write().await?;
    sqlx::query(
        "INSERT INTO standing (design, sequence, n_answers, time, content) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (design) DO UPDATE SET sequence = $2, n_answers = $3, time = $4, content = $5",
    )
    .bind(design)
    .bind(document.sequence as i64)
    .bind(n_answers)
    .bind(now)
    .bind(content)
    .execute(&mut *write)
    .await?;
    if is_new {
        sqlx::query(
            "INSERT INTO standing_course (design, time, content) VALUES ($1, $2, $3) \
             ON CONFLICT (design, time) DO UPDATE SET content = $3",
        )
        .bind(design)
        .bind(now)
        .bind(moment)
        .execute(&mut *write)
        .await?;
        sqlx::query(
            "DELETE FROM standing_course WHERE design = $1 AND time < (SELECT time FROM standing_course WHERE design = $1 \
             ORDER BY time DESC LIMIT 1 OFFSET $2)",
        )
        .bind(design)
        .bind(COURSE_MAX - 1)
        .execute(&mut *write)
        .await?;
    }
    write.commit().await?;
    Ok(standing)
}

/// Whether two moments say the same of a design.
fn same(a: &Moment, b: &Moment) -> bool {
    (a.counts, a.reserve, a.mass, &a.reserves) == (b.counts, b.reserve, b.mass, &b.reserves)
}

/// How `design` stands by `evidence`. A verdict that was the same `before` keeps its time, and so does a requirement that stood
/// in the way before and still does, by whatever verdict: not met, edited and not met again is open since the first time.
fn compute(design: &Design, evidence: &[Evidence], before: Option<&Standing>, now: i64) -> Standing {
    let asked = design.section(Section::Requirement).filter(|r| !r.suppressed);
    let lines: Vec<Line> = asked
        .map(|requirement| {
            let found = judge(design, requirement, evidence);
            let known = before.and_then(|b| b.lines.iter().find(|l| l.requirement == requirement.id.0));
            let since = known.filter(|l| l.verdict == found.verdict).map_or(now, |l| l.since);
            let mut line = line(&requirement.name, &requirement.text("owner"), found, since);
            if line.is_blocking() {
                line.open_since = Some(known.filter(|l| l.is_blocking()).map_or(now, open_since));
            }
            line
        })
        .collect();
    let reserve = lines.iter().filter_map(|l| l.reserve).min_by(f64::total_cmp);
    let reserves = lines.iter().filter_map(|l| Some((l.requirement.clone(), l.reserve?))).collect();
    let fresh = evidence.iter().filter(|e| e.is_fresh(design));
    let mass = fresh.max_by_key(|e| e.record.created).and_then(|e| e.number("mass"));
    let moment = Moment { time: now, sequence: 0, counts: Counts::of(&lines), reserve, reserves, mass };
    Standing { lines, moment }
}

fn line(name: &str, owner: &str, found: Judgement, since: i64) -> Line {
    let reserve = found.margin.zip(found.limit).and_then(|(margin, limit)| {
        let share = (margin - found.error.unwrap_or(0.0)) / limit.abs();
        share.is_finite().then_some(share)
    });
    Line {
        requirement: found.requirement.0,
        name: name.to_owned(),
        verdict: found.verdict,
        since,
        open_since: None,
        reason: found.reason,
        dimension: found.dimension,
        value: found.value,
        error: found.error,
        limit: found.limit,
        // What it was once says nothing of the design as it is.
        reserve: reserve.filter(|_| found.verdict != solver::requirement::Verdict::Stale),
        mandatory: found.mandatory,
        waived: found.waiver.is_some(),
        waiver: found.waiver,
        waived_by: None,
        owner: owner.to_owned(),
        run: found.run,
    }
}
