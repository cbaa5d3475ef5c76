//! `server remote …`: a server from the command line, for scripts and build pipelines. It goes through the API with a token,
//! as any other program would, and knows nothing that the API does not say.

mod door;

use anyhow::{Context as _, Result, bail};
use app::api::Page;
use app::api::design::{CreateDesign, DesignCard, Document, StoredFile};
use app::api::organisation::Project;
use app::api::requirement::Judged;
use app::api::run::{Run, RunState, StartRun};
use app::sync::Submission;
use door::Door;
use serde::Serialize;
use serde::de::DeserializeOwned;
use solver::design::schema::Section;
use solver::design::{Command, Design, Id, Object, Value, display_units};
use solver::quantity::{Quantity, format, format_difference};
use solver::requirement::Verdict;
use solver::study::outcome::{Grade, Outcome};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Digits of values and of bands.
const DIGITS: usize = 5;
const BAND_DIGITS: usize = 2;
/// Pause between two looks at a run.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(clap::Args)]
pub struct Args {
    /// Address of the server.
    #[arg(long, env = "BRUNEL_URL", default_value = "http://localhost:8080")]
    url: String,
    /// A token from your account page.
    #[arg(long, env = "BRUNEL_TOKEN", hide_env_values = true)]
    token: String,
    /// Certificate (PEM) of a server that made its own.
    #[arg(long, env = "BRUNEL_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// Answer as JSON instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// List the projects you are in.
    Projects,
    /// List designs, the newest first.
    Designs {
        /// Only those with this in their name.
        search: Option<String>,
    },
    /// Make a design.
    Create {
        name: String,
        /// Name or id of its project.
        #[arg(long)]
        project: String,
        /// empty, bracket, flange, heat_sink, lug or engine_bracket.
        #[arg(long, default_value = "empty")]
        template: String,
    },
    /// Bring an STL, OBJ, 3MF or faceted STEP file into a design as a body.
    Upload {
        /// Name or id.
        design: String,
        file: PathBuf,
        /// Unit of length in the file: mm, cm, m or in.
        #[arg(long, default_value = "mm")]
        unit: String,
    },
    /// Set a parameter of a design: `set bracket width "42 mm"`.
    Set { design: String, parameter: String, value: String },
    /// List the studies of a design.
    Studies { design: String },
    /// Start a study.
    Run {
        design: String,
        /// Name or id of the study.
        study: String,
        /// Wait for the answer and print it; fails when the run does.
        #[arg(long)]
        wait: bool,
    },
    /// Wait for a run and print its answer; fails when the run does.
    Wait { run: String },
    /// Print the numbers of a finished run.
    Result { run: String },
    /// Save a run's answer: vtu, glb, values, points, report, or deck (for CalculiX and Abaqus).
    Export {
        run: String,
        form: String,
        /// The file to make.
        #[arg(long, short)]
        output: PathBuf,
    },
    /// Save bodies of a design: stl, obj, 3mf or step.
    Download {
        design: String,
        form: String,
        /// Names of bodies, with commas between them; all where none is given.
        #[arg(long, default_value = "")]
        bodies: String,
        /// The file to make.
        #[arg(long, short)]
        output: PathBuf,
    },
    /// Print the verdict on every requirement; fails unless all mandatory ones are met or waived.
    Check { design: String },
}

/// Carries the order out; what it fails at is said on the standard error.
///
/// # Errors
/// What the server refused, in its words; that it cannot be reached.
#[expect(clippy::print_stdout, reason = "the answer on the terminal")]
pub async fn run(args: Args) -> Result<ExitCode> {
    let authority = match &args.ca_file {
        Some(file) => Some(std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?),
        None => None,
    };
    let remote = Remote { door: Door::new(&args.url, &args.token, authority.as_deref())?, json: args.json };
    let (text, code) = remote.carry_out(args.what).await?;
    print!("{text}");
    Ok(code)
}

struct Remote {
    door: Door,
    json: bool,
}

/// `name` among `all` by its id or its name; a name that several have is refused.
fn pick<'a, T>(what: &str, name: &str, all: &'a [T], of: impl Fn(&T) -> (&str, &str)) -> Result<&'a T> {
    if let Some(found) = all.iter().find(|t| of(t).0 == name) {
        return Ok(found);
    }
    let mut found = all.iter().filter(|t| of(t).1.eq_ignore_ascii_case(name));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => bail!("several {what}s are called '{name}'; give the id"),
        _ => {
            let known: Vec<String> = all.iter().take(20).map(|t| format!("'{}'", of(t).1)).collect();
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            bail!("there is no {what} '{name}'; known: {known}")
        }
    }
}

impl Remote {
    fn answer<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) -> Result<String> {
        Ok(if self.json { format!("{}\n", serde_json::to_string_pretty(value)?) } else { text(value) })
    }

    async fn carry_out(&self, what: What) -> Result<(String, ExitCode)> {
        let text = match what {
            What::Projects => {
                let all: Vec<Project> = self.get("/api/projects").await?;
                self.answer(&all, |all| all.iter().map(|p| format!("{}  {}\n", p.id, p.name)).collect())?
            }
            What::Designs { search } => {
                let all = self.designs(search.as_deref()).await?;
                self.answer(&all, |all| {
                    all.iter().map(|d| format!("{}  {} / {}\n", d.id, d.project_name, d.name)).collect()
                })?
            }
            What::Create { name, project, template } => {
                let projects: Vec<Project> = self.get("/api/projects").await?;
                let project = pick("project", &project, &projects, |p| (&p.id, &p.name))?.id.clone();
                let made: DesignCard =
                    self.post("/api/designs", &CreateDesign { project, name, template, compartment: None }).await?;
                self.answer(&made, |d| format!("{}\n", d.id))?
            }
            What::Upload { design, file, unit } => self.upload(&design, &file, &unit).await?,
            What::Set { design, parameter, value } => {
                let id = self.design(&design).await?;
                let document = self.document(&id).await?;
                let all: Vec<_> = document.design.section(Section::Parameter).collect();
                let of = pick("parameter", &parameter, &all, |o| (&o.id.0, &o.name))?;
                let command = Command::Set { id: of.id.clone(), key: "value".into(), value: Some(Value::Expr(value)) };
                let sequence = self.edit(&id, &document, command).await?;
                self.answer(&sequence, |n| format!("v{n}\n"))?
            }
            What::Studies { design } => {
                let document = self.document(&self.design(&design).await?).await?;
                let all: Vec<[String; 3]> =
                    studies(&document.design).map(|o| [o.id.0.clone(), o.kind.clone(), o.name.clone()]).collect();
                self.answer(&all, |all| all.iter().map(|s| format!("{}  {}  {}\n", s[0], s[1], s[2])).collect())?
            }
            What::Run { design, study, wait } => {
                let id = self.design(&design).await?;
                let document = self.document(&id).await?;
                let all: Vec<_> = studies(&document.design).collect();
                let study = pick("study", &study, &all, |o| (&o.id.0, &o.name))?.id.0.clone();
                let run: Run = self.post(&format!("/api/designs/{id}/runs"), &StartRun { study, from: None }).await?;
                if wait {
                    return self.wait(run).await;
                }
                self.answer(&run, |run| format!("{}\n", run.id))?
            }
            What::Wait { run } => {
                let run: Run = self.get(&format!("/api/runs/{run}")).await?;
                return self.wait(run).await;
            }
            What::Result { run } => self.numbers(&self.get(&format!("/api/runs/{run}")).await?).await?,
            What::Export { run, form, output } => {
                let kind = if form == "deck" { "artefacts" } else { "export" };
                let bytes = self.door.get(&format!("/api/runs/{run}/{kind}/{form}")).await?;
                std::fs::write(&output, &bytes).with_context(|| format!("cannot write {}", output.display()))?;
                self.answer(&bytes.len(), |n| format!("{}: {n} bytes\n", output.display()))?
            }
            What::Download { design, form, bodies, output } => {
                let id = self.design(&design).await?;
                let bodies = app::api::client::encode(&bodies);
                let bytes = self.door.get(&format!("/api/designs/{id}/export/{form}?bodies={bodies}")).await?;
                std::fs::write(&output, &bytes).with_context(|| format!("cannot write {}", output.display()))?;
                self.answer(&bytes.len(), |n| format!("{}: {n} bytes\n", output.display()))?
            }
            What::Check { design } => return self.check(&design).await,
        };
        Ok((text, ExitCode::SUCCESS))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        Ok(serde_json::from_slice(&self.door.get(path).await?)?)
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        let answer = self.door.post(path, "application/json", serde_json::to_vec(body)?).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    async fn designs(&self, search: Option<&str>) -> Result<Vec<DesignCard>> {
        let encode = app::api::client::encode;
        let search = search.map(|s| format!("&search={}", encode(s))).unwrap_or_default();
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let page: Page<DesignCard> = self.get(&format!("/api/designs?state=active{search}{after}")).await?;
            all.extend(page.items);
            match page.next {
                Some(next) => after = format!("&after={}", encode(&next)),
                None => return Ok(all),
            }
        }
    }

    /// Id of a design given by id or name.
    async fn design(&self, name: &str) -> Result<String> {
        Ok(pick("design", name, &self.designs(None).await?, |d| (&d.id, &d.name))?.id.clone())
    }

    async fn document(&self, design: &str) -> Result<Document> {
        self.get(&format!("/api/designs/{design}/document")).await
    }

    /// Makes an edit; the position in the log it got.
    async fn edit(&self, design: &str, document: &Document, command: Command) -> Result<u64> {
        // As a tab of its own, whose first edit this is.
        let client = format!("remote-{}", crate::id::id());
        let base = document.sequence;
        let submission = Submission { client, number: 1, base, offline: false, command, undo_of: None };
        let entry: app::sync::Entry = self.post(&format!("/api/designs/{design}/commands"), &submission).await?;
        Ok(entry.sequence)
    }

    async fn upload(&self, design: &str, file: &std::path::Path, unit: &str) -> Result<String> {
        let name = file.file_name().and_then(|n| n.to_str()).context("the file needs a name")?.to_owned();
        let form = file.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
        if !["stl", "obj", "3mf", "step", "stp"].contains(&form.as_str()) {
            bail!("'{name}' is neither STL, OBJ, 3MF nor STEP; other files are brought in on the page");
        }
        if !["mm", "cm", "m", "in"].contains(&unit) {
            bail!("'{unit}' is not a unit of a file; give mm, cm, m or in");
        }
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let id = self.design(design).await?;
        let path = format!("/api/designs/{id}/files?name={}", app::api::client::encode(&name));
        let stored: StoredFile =
            serde_json::from_slice(&self.door.post(&path, "application/octet-stream", bytes).await?)?;
        let document = self.document(&id).await?;
        let stem = file.file_stem().and_then(|s| s.to_str()).unwrap_or("Import");
        let object = Object::new(Id::fresh("import", rand::random()), "import", stem)
            .with("file", Value::Blob { hash: stored.hash, name })
            .with("unit", Value::Choice(unit.to_owned()));
        let part = object.id.0.clone();
        self.edit(&id, &document, Command::Add { object, before: None }).await?;
        self.answer(&part, |part| format!("{part}\n"))
    }

    /// Waits for the end of a run. Its progress goes to the standard error.
    #[expect(clippy::print_stderr, reason = "progress on the terminal, beside the answer")]
    async fn wait(&self, mut run: Run) -> Result<(String, ExitCode)> {
        let mut said = String::new();
        while !run.state.ended() {
            let now = match (run.state, run.queue_position) {
                (RunState::Queued, Some(n)) => format!("queued, {n} before it"),
                (RunState::Paused, _) => bail!("run {} is paused; resume it on the page", run.id),
                _ => format!("{:.0} % {}", 100.0 * run.fraction, run.phase.as_deref().unwrap_or("running")),
            };
            if now != said {
                eprintln!("{now}");
                said = now;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            run = self.get(&format!("/api/runs/{}", run.id)).await?;
        }
        if run.state == RunState::Done {
            return Ok((self.numbers(&run).await?, ExitCode::SUCCESS));
        }
        let why = run.message.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        Ok((self.answer(&run, |r| format!("run {} {}{why}\n", r.id, stands(r.state)))?, ExitCode::FAILURE))
    }

    /// The numbers of a finished run.
    async fn numbers(&self, run: &Run) -> Result<String> {
        if run.state != RunState::Done {
            bail!("run {} has no answer: it {}", run.id, stands(run.state));
        }
        let bytes = self.door.get(&format!("/api/runs/{}/artefacts/surface", run.id)).await?;
        let outcome = Outcome::from_bytes(&bytes).context("the answer cannot be read by this version")?;
        let design: Document =
            self.get(&format!("/api/designs/{}/document?sequence={}", run.design, run.sequence)).await?;
        self.answer(&outcome.scalars, |_| {
            let stale = if run.stale { ", stale: the design asks something else now" } else { "" };
            table(&format!("{} v{} run {}{stale}", run.study_name, run.sequence, run.id), &design.design, &outcome)
        })
    }

    async fn check(&self, design: &str) -> Result<(String, ExitCode)> {
        let id = self.design(design).await?;
        let document = self.document(&id).await?;
        let judged: Judged = self.get(&format!("/api/designs/{id}/requirements")).await?;
        let open = |j: &&solver::requirement::Judgement| j.mandatory && j.verdict != Verdict::Met && j.waiver.is_none();
        let n_open = judged.judgements.iter().filter(open).count();
        let text = self.answer(&judged, |judged| {
            let mut s = String::new();
            for j in &judged.judgements {
                let name = document.design.get(&j.requirement).map_or("?", |o| o.name.as_str());
                let waived = if j.waiver.is_some() { " (waived)" } else { "" };
                let _ = writeln!(s, "{}{waived}: {name}: {}", word(j.verdict), j.reason);
            }
            let _ = writeln!(s, "{} of {} met", judged.count(Verdict::Met), judged.judgements.len());
            s
        })?;
        Ok((text, if n_open == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
    }
}

/// How it is with a run, after its name.
fn stands(state: RunState) -> &'static str {
    match state {
        RunState::Queued => "waits for a worker",
        RunState::Running => "is under way",
        RunState::Paused => "is paused",
        RunState::Done => "is done",
        RunState::Failed => "failed",
        RunState::Cancelled => "was cancelled",
        RunState::Dead => "was given up after three attempts",
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "met",
        Verdict::Indicated => "indicated",
        Verdict::NotMet => "NOT MET",
        Verdict::NoFiniteValue => "no finite value",
        Verdict::Stale => "stale",
        Verdict::NoEvidence => "no evidence",
    }
}

fn studies(design: &Design) -> impl Iterator<Item = &Object> {
    design.section(Section::Study)
}

/// Every number of an answer with its band, in the units of the design.
fn table(title: &str, design: &Design, outcome: &Outcome) -> String {
    let units = display_units(design);
    let mut s = format!("{title}\n");
    for scalar in &outcome.scalars {
        let state = scalar.case.as_ref().map(|case| {
            let label = outcome.states.iter().find(|s| s.id == *case).map(|s| s.label.clone());
            label.or_else(|| design.get(&Id(case.clone())).map(|o| o.name.clone())).unwrap_or_else(|| case.clone())
        });
        let state = state.map_or_else(String::new, |s| format!(" ({s})"));
        if scalar.exponent.is_some() {
            let _ = writeln!(s, "{}{state}: no finite value", scalar.label);
            continue;
        }
        let value = format(Quantity::new(scalar.value, scalar.dimension), units, DIGITS);
        let band = scalar.error.map_or_else(String::new, |e| {
            format!(" ± {}", format_difference(Quantity::new(e, scalar.dimension), units, BAND_DIGITS))
        });
        let grade = if scalar.grade == Grade::Verified { "verified" } else { "indicative" };
        let _ = writeln!(s, "{}{state}: {value}{band}, {grade}", scalar.label);
    }
    s
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_found_by_id_or_name_and_never_guessed() {
        let all = [("a1", "Bracket"), ("b2", "Flange"), ("c3", "flange")];
        let find =
            |name: &str| pick("design", name, &all, |(id, name)| (id, name)).map(|d| d.0).map_err(|e| e.to_string());
        assert_eq!((find("b2"), find("bracket")), (Ok("b2"), Ok("a1")));
        assert_eq!(find("Flange"), Err("several designs are called 'Flange'; give the id".into()));
        assert_eq!(find("x"), Err("there is no design 'x'; known: 'Bracket', 'Flange', 'flange'".into()));
    }
}
