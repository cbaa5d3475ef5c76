//! A portfolio of many designs and their past, to see the board with: edits, runs and how the designs stood by them, as people
//! and workers would have left them over half a year.
//!
//! Every answer in it was computed. Designs of one kind go through the same few sizes, so some dozens of answers serve all of
//! their runs.

use crate::blob::blocking;
use crate::clock::{Clock as _, DAY, HOUR, MINUTE, Shifted};
use crate::jobs::lease::{Job, State as LeaseState};
use crate::jobs::{Kind, Stored, artefacts, store};
use crate::{Error, State, api, id, rooms, standing};
use app::api::board::Moment;
use app::sync::Entry;
use bytes::Bytes;
use solver::design::{Command, Design, Object, Value, replay, template};
use solver::geometry::{Files, evaluate};
use solver::run::Ctx;
use solver::study::outcome::Outcome;
use solver::study::question::question;
use solver::study::{Case, study};
use sqlx::Row as _;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    pub designs: usize,
    pub runs: usize,
    /// Moments of each design's course, at least; 0 for those only that its edits and runs make.
    pub moments: usize,
}

/// What was made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Made {
    pub projects: usize,
    pub designs: usize,
    pub runs: usize,
    /// Different questions that were answered.
    pub answers: usize,
}

/// Designs of a project.
const DESIGNS: usize = 20;
/// Sizes that a design goes through.
const STEPS: usize = 5;
/// How far back the first design begins, and how long a size lasts.
const PAST: i64 = 180 * DAY;
const STEP: i64 = 30 * DAY;
/// What every design is asked for with.
const STUDY: &str = "study_static";
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// A kind of design: the template, the parameter that people change, its values, and limits of mass, displacement and safety
/// factor that some values keep and others do not.
struct Family {
    template: &'static str,
    name: &'static str,
    parameter: &'static str,
    values: [&'static str; STEPS],
    limits: [&'static str; 3],
}

const FAMILIES: [Family; 3] = [
    Family {
        template: "bracket",
        name: "Wall bracket",
        parameter: "parameter_thickness",
        values: ["14 mm", "8 mm", "12 mm", "9 mm", "10 mm"],
        limits: ["0.5 kg", "0.1 mm", "2"],
    },
    Family {
        template: "flange",
        name: "Pipe flange",
        parameter: "parameter_thickness",
        values: ["24 mm", "14 mm", "20 mm", "16 mm", "18 mm"],
        limits: ["3.2 kg", "0.02 mm", "2"],
    },
    Family {
        template: "heat_sink",
        name: "Heat sink",
        parameter: "parameter_base",
        values: ["9 mm", "4 mm", "8 mm", "5 mm", "6 mm"],
        limits: ["0.2 kg", "0.05 mm", "2"],
    },
];

struct Nothing;

impl Files for Nothing {
    fn get(&self, _: &str) -> Option<&[u8]> {
        None
    }
}

/// What an answer left in the store, and what it took.
struct Answer {
    artefacts: Vec<(Kind, String, u64)>,
    core_seconds: f64,
}

/// Writes a portfolio into the organisation of the first account, by its members.
///
/// # Errors
/// As [`fill`]; in words where nobody has an account yet.
pub async fn add(state: &State, clock: &Shifted, extent: Extent, tell: &dyn Fn(&str)) -> Result<Made, Error> {
    let rows = sqlx::query(
        "SELECT person, organisation FROM member WHERE role <> 'viewer' AND organisation = \
         (SELECT organisation FROM member ORDER BY joined, person LIMIT 1) ORDER BY joined, person",
    )
    .fetch_all(state.db.reader())
    .await?;
    let people: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let Some(first) = rows.first() else {
        return Err(Error::Conflict(
            "Nobody has an account here yet: start the server, sign up, and come back.".into(),
        ));
    };
    fill(state, clock, &first.get::<String, _>(1), &people, extent, tell).await
}

/// Writes a portfolio into `organisation`, by `people`, who take turns. `clock` is that of `state`; it comes back to where it
/// was. `tell` hears of each project.
///
/// # Errors
/// The database's and the disk's, and a study that a template cannot be asked.
pub async fn fill(
    state: &State,
    clock: &Shifted,
    organisation: &str,
    people: &[String],
    extent: Extent,
    tell: &dyn Fn(&str),
) -> Result<Made, Error> {
    let now = state.now();
    let mut book = Book { state, answers: HashMap::new() };
    let mut made = Made::default();
    let mut project = String::new();
    for n in 0..extent.designs {
        if n.is_multiple_of(DESIGNS) {
            made.projects += 1;
            let name = format!("Programme {}", made.projects);
            let mut write = state.db.write().await?;
            project = api::project::insert(&mut write, organisation, &name, true, now - PAST).await?;
            write.commit().await?;
            tell(&name);
        }
        let runs = extent.runs * (n + 1) / extent.designs - extent.runs * n / extent.designs;
        let begun = now - PAST + (n % 29) as i64 * DAY;
        let moments = extent.moments;
        let life = Life { n, begun, runs, moments, author: &people[n % people.len()], people };
        let done = book.design(clock, &project, &life).await;
        clock.advance(now - clock.now());
        done?;
        made.designs += 1;
        made.runs += runs;
    }
    Ok(Made { answers: book.answers.len(), ..made })
}

/// One design's past to be.
struct Life<'a> {
    n: usize,
    begun: i64,
    runs: usize,
    moments: usize,
    author: &'a str,
    people: &'a [String],
}

/// Answers by the question.
struct Book<'a> {
    state: &'a State,
    answers: HashMap<String, Answer>,
}

impl Book<'_> {
    async fn design(&mut self, clock: &Shifted, project: &str, life: &Life<'_>) -> Result<(), Error> {
        let state = self.state;
        let family = &FAMILIES[life.n % FAMILIES.len()];
        let mut content = begin(family, life.n)?;
        let name = format!("{} {}", family.name, life.n + 1);
        let mut write = state.db.write().await?;
        let design = api::design::insert(&mut write, project, &name, &content, life.author, life.begun).await?;
        write.commit().await?;
        let mut sequence = 0;
        // Work on every eighth goes on after the last run: how it stands is stale. On every eleventh it has just begun.
        let n_steps = if life.n % 11 == 10 { 1 } else { STEPS };
        let mut edit = |content: &mut Design, value: &str, time: i64| {
            let value = Some(Value::Expr(value.into()));
            let command = Command::Set { id: family.parameter.into(), key: "value".into(), value };
            replay(content, &command).map_err(|e| Error::internal(anyhow::anyhow!("{e}")))?;
            sequence += 1;
            let author = life.people[(life.n + sequence as usize) % life.people.len()].clone();
            Ok::<_, Error>(Entry { sequence, author, client: "portfolio".into(), number: sequence, time, command })
        };
        for (step, value) in family.values.iter().enumerate().take(n_steps) {
            let time = life.begun + step as i64 * STEP;
            if step > 0 {
                let entry = edit(&mut content, value, time)?;
                rooms::log::append(&state.db, &design, std::slice::from_ref(&entry)).await?;
            }
            clock.advance(time + MINUTE - clock.now());
            let open = if life.moments > 0 { Some(standing::refresh(state, &design).await?.moment) } else { None };
            clock.advance(time + HOUR - clock.now());
            let runs = life.runs * (step + 1) / n_steps - life.runs * step / n_steps;
            self.runs(&design, &content, step as u64, runs, life).await?;
            let answered = standing::refresh(state, &design).await?.moment;
            if let Some(open) = open {
                let moments = life.moments * (step + 1) / n_steps - life.moments * step / n_steps;
                attempts(state, &design, [&open, &answered], moments.saturating_sub(2)).await?;
            }
        }
        if life.n % 8 == 7 {
            let entry = edit(&mut content, "7 mm", life.begun + n_steps as i64 * STEP)?;
            clock.advance(entry.time - clock.now());
            rooms::log::append(&state.db, &design, &[entry]).await?;
            standing::refresh(state, &design).await?;
        }
        Ok(())
    }

    /// Asks `content` so often: computed at first and now and then again, else answered from the store; some were cancelled.
    async fn runs(
        &mut self,
        design: &str,
        content: &Design,
        sequence: u64,
        n_runs: usize,
        life: &Life<'_>,
    ) -> Result<(), Error> {
        let state = self.state;
        let (asked, kind) = question(content, &STUDY.into())
            .zip(content.get(&STUDY.into()).map(|o| o.kind.clone()))
            .ok_or_else(|| Error::internal(anyhow::anyhow!("a template without the study {STUDY}")))?;
        if !self.answers.contains_key(&asked) {
            let answer = answer(state, content.clone()).await?;
            self.answers.insert(asked.clone(), answer);
        }
        let Some(answer) = self.answers.get(&asked) else { return Ok(()) };
        let json = serde_json::to_vec(content).map_err(Error::internal)?;
        let document = state.blobs.put(Bytes::from(json)).await?;
        let mut write = state.db.write().await?;
        let mut computed = None;
        for k in 0..n_runs {
            let created = state.now() + k as i64 * HOUR;
            let cancelled = k % 9 == 4;
            let again = k % 5 == 0;
            let ended = created + if again { (1e3 * answer.core_seconds) as i64 } else { 0 };
            let source = computed.clone().filter(|_| !again && !cancelled);
            let run = Stored {
                id: id::id(),
                design: design.into(),
                design_name: String::new(),
                sequence,
                question: asked.clone(),
                study: STUDY.into(),
                study_name: "Strength".into(),
                study_kind: kind.clone(),
                study_version: solver::study::form(&kind).map_or(0, |form| form.version),
                document: document.clone(),
                person: life.people[(life.n + k) % life.people.len()].clone(),
                person_name: String::new(),
                seed: 0,
                created,
                job: Job { state: if cancelled { LeaseState::Cancelled } else { LeaseState::Done }, ..Job::queued() },
                worker_host: None,
                started: Some(created),
                ended: Some(if cancelled { created + MINUTE } else { ended }),
                core_seconds: (!cancelled).then_some(answer.core_seconds),
                memory_bytes: None,
                instruction_set: None,
                source,
                surface: None,
                checkpoint: None,
                queue_position: None,
            };
            store::insert(&mut write, &run).await?;
            if cancelled {
                continue;
            }
            for (kind, hash, bytes) in &answer.artefacts {
                store::keep(&mut write, &run.id, *kind, hash, *bytes).await?;
            }
            computed.get_or_insert(run.id);
        }
        write.commit().await?;
        Ok(())
    }
}

/// Between two sizes people try and take back: each time the design stands as it stood before its runs, and then as by them. So
/// the two moments, which were computed, come again `n` times in the days that follow.
async fn attempts(state: &State, design: &str, moments: [&Moment; 2], n: usize) -> Result<(), Error> {
    let [_, answered] = moments;
    let every = (STEP - DAY) / (n as i64 + 1);
    let mut write = state.db.write().await?;
    // In pairs: at the end it stands as it is.
    for k in 0..n - n % 2 {
        let moment = Moment { time: answered.time + (k as i64 + 1) * every, ..moments[k % 2].clone() };
        sqlx::query("INSERT INTO standing_course (design, time, content) VALUES ($1, $2, $3)")
            .bind(design)
            .bind(moment.time)
            .bind(serde_json::to_string(&moment).map_err(Error::internal)?)
            .execute(&mut *write)
            .await?;
    }
    write.commit().await?;
    Ok(())
}

/// The first version of design `n`: its template with requirements; verified studies and instant ones by turns.
fn begin(family: &Family, n: usize) -> Result<Design, Error> {
    let missing = || Error::internal(anyhow::anyhow!("no template {} with {STUDY}", family.template));
    let mut content = (template(family.template).ok_or_else(missing)?.build)();
    let at = content.position(&STUDY.into()).ok_or_else(missing)?;
    let method = if n.is_multiple_of(2) { "verified" } else { "instant" };
    content.objects[at] = Arc::new(
        Object::clone(&content.objects[at])
            .with("method", Value::Choice(method.into()))
            .with("resolution", Value::Choice("coarse".into())),
    );
    let at = content.position(&family.parameter.into()).ok_or_else(missing)?;
    content.objects[at] = Arc::new(Object::clone(&content.objects[at]).expr("value", family.values[0]));
    let asked = [
        ("mass", "Mass", "at_most"),
        ("displacement_max", "Stiffness", "at_most"),
        ("safety_factor_away", "Safety on yield", "at_least"),
    ];
    for ((quantity, name, comparison), limit) in asked.into_iter().zip(family.limits) {
        let requirement = Object::new(format!("requirement_{quantity}").as_str(), "requirement", name)
            .with("quantity", Value::Choice(quantity.into()))
            .with("comparison", Value::Choice(comparison.into()))
            .with("study", Value::Refs(vec![STUDY.into()]))
            .expr("limit", limit);
        content.objects.push(Arc::new(requirement));
    }
    Ok(content)
}

/// Solves the study of `content` and keeps what comes out.
async fn answer(state: &State, content: Design) -> Result<Answer, Error> {
    let begun = Instant::now();
    let outcome = blocking(move || {
        let solver = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || solve(&content))?;
        solver.join().map_err(|_| std::io::Error::other("the solver panicked"))?.map_err(std::io::Error::other)
    })
    .await?;
    let core_seconds = begun.elapsed().as_secs_f64();
    let mut kept = Vec::new();
    for (kind, bytes) in artefacts(&outcome) {
        let size = bytes.len() as u64;
        kept.push((kind, state.blobs.put(Bytes::from(bytes)).await?, size));
    }
    Ok(Answer { artefacts: kept, core_seconds })
}

fn solve(content: &Design) -> Result<Outcome, String> {
    let model = evaluate(content, &Nothing);
    let object = content.get(&STUDY.into()).ok_or("the study is gone")?;
    let runner = study(&object.kind).ok_or("no such study")?;
    let case = Case { design: content, study: object, model: &model, upstream: &[] };
    runner.run(&case, &mut Ctx::new(&mut |_| {}, &AtomicBool::new(false))).map_err(|e| format!("{e:?}"))
}
