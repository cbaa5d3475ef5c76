//! The child that computes: one process, one job, then it is gone.
//!
//! It reads a task on its standard input and writes frames on its standard output. Whatever the solver does to itself
//! (panic, stack overflow, an allocation past the limit, a loop without end) happens here and nowhere else; the worker
//! that started it sees the pipe close and tells the story.

use super::artefact;
use super::frame::{self, DeckTask, Drawing, Frame, NoAnswer, Spent, Task, View};
use super::host;
use crate::picture;
use app::api::run::Preflight;
use solver::deck::Reading;
use solver::geometry::Files;
use solver::geometry::deck::{self, Source};
use solver::geometry::export::export;
use solver::run::{Ctx, Report, Steer};
use solver::scene::Scene;
use solver::study::{Case, Study, StudyError};
use std::collections::HashMap;
use std::io::{BufReader, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

/// Finds the runner of a study kind. The real one is [`solver::study::study`]; tests bring their own in their own binary.
pub type Registry = fn(&str) -> Option<&'static dyn Study>;

/// Exit code of a child whose worker is gone.
const ORPHANED: i32 = 3;
/// Solvers recurse little; geometry kernels more.
const STACK_BYTES: usize = 16 * 1024 * 1024;

static CANCEL: AtomicBool = AtomicBool::new(false);
static STEER: Steer = Steer::new();

/// Imported files by hash, as they came over the pipe.
pub struct Imported(pub HashMap<String, Vec<u8>>);

enum Order {
    Run(Task, Option<Vec<u8>>),
    Check(Task),
    Draw(Drawing),
    ReadDeck(DeckTask),
}

impl Files for Imported {
    fn get(&self, hash: &str) -> Option<&[u8]> {
        self.0.get(hash).map(Vec::as_slice)
    }
}

/// Runs the child to its end and returns its exit code. `threads`: size of the rayon pool; `memory_bytes`: address space it may take.
pub fn main(registry: Registry, threads: usize, memory_bytes: Option<u64>) -> i32 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK_BYTES).build_global();
    if let Err(e) = pool {
        return stop(&format!("no threads for the solver: {e}"));
    }
    if let Some(Err(e)) = memory_bytes.map(host::limit_address_space) {
        return stop(&format!("the memory limit could not be set: {e}"));
    }
    let mut out = std::io::stdout();
    if frame::write(&mut out, Frame::Ready).is_err() {
        return ORPHANED;
    }
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || listen(&sender));
    let Ok((order, files)) = receiver.recv() else {
        return ORPHANED;
    };
    // A thread of known stack: a main thread's depends on the shell that started us.
    let work = std::thread::Builder::new().name("solver".into()).stack_size(STACK_BYTES).spawn(move || {
        let last = match order {
            Order::Run(task, checkpoint) => answer(registry, &task, checkpoint, &Imported(files), &mut out),
            Order::Draw(drawing) => draw(&drawing, &Imported(files)),
            Order::ReadDeck(task) => Frame::DeckRead(Box::new(read_deck(&task, &Imported(files)))),
            Order::Check(task) => Frame::Checked(Box::new(preflight(registry, &task, &Imported(files)))),
        };
        frame::write(&mut out, last)
    });
    match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => 0,
        Ok(Ok(Err(e))) | Err(e) => stop(&e.to_string()),
        // The panic has spoken for itself on the standard error; 101 is what a panic's exit code always was.
        Ok(Err(_)) => 101,
    }
}

/// The reason goes to the standard error, whose end the worker keeps as last words.
fn stop(why: &str) -> i32 {
    let _ = writeln!(std::io::stderr(), "{why}");
    1
}

/// Reads the pipe for as long as the process lives: files, the task, a cancel. Its end means that the worker is gone,
/// and then nobody wants the answer.
fn listen(sender: &mpsc::Sender<(Order, HashMap<String, Vec<u8>>)>) {
    let mut input = BufReader::new(std::io::stdin());
    let mut files = HashMap::new();
    let mut checkpoint = None;
    loop {
        match frame::read(&mut input) {
            Ok(Some(Frame::File { hash, bytes })) => {
                files.insert(hash, bytes);
            }
            Ok(Some(Frame::Task(task))) => {
                let _ = sender.send((Order::Run(*task, checkpoint.take()), std::mem::take(&mut files)));
            }
            Ok(Some(Frame::Check(task))) => {
                let _ = sender.send((Order::Check(*task), std::mem::take(&mut files)));
            }
            Ok(Some(Frame::Draw(drawing))) => {
                let _ = sender.send((Order::Draw(*drawing), std::mem::take(&mut files)));
            }
            Ok(Some(Frame::ReadDeck(task))) => {
                let _ = sender.send((Order::ReadDeck(task), std::mem::take(&mut files)));
            }
            Ok(Some(Frame::Resume(bytes))) => checkpoint = Some(bytes),
            Ok(Some(Frame::Ask(what))) => STEER.ask(what),
            Ok(Some(Frame::Cancel)) => CANCEL.store(true, Ordering::Relaxed),
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => std::process::exit(ORPHANED),
        }
    }
}

/// Everything up to the last frame, which it returns. A pipe that breaks under a report ends the process through
/// [`listen`]; errors of writing are therefore not looked at here.
fn answer(
    registry: Registry,
    task: &Task,
    checkpoint: Option<Vec<u8>>,
    files: &dyn Files,
    out: &mut impl Write,
) -> Frame {
    let failed = |message: String| Frame::NoAnswer(NoAnswer::Failed { message });
    let Some(object) = task.design.get(&task.study.as_str().into()) else {
        return failed("the study is not in the design".into());
    };
    let Some(study) = registry(&object.kind) else {
        return failed(format!("this worker cannot solve a study of kind '{}'; update it", object.kind));
    };
    // The first picture of a run is the body itself: say that it is being made.
    let first =
        Report::Progress { phase: solver::run::Phase::Geometry, fraction: 0.0, note: "building the bodies".into() };
    let _ = frame::write(out, Frame::Report(first));
    let model = solver::geometry::evaluate(&task.design, files);
    if CANCEL.load(Ordering::Relaxed) {
        return Frame::NoAnswer(NoAnswer::Cancelled);
    }
    let case = Case { design: &task.design, study: object, model: &model, upstream: &[] };
    let mut sink = |report: Report| {
        let _ = match report {
            Report::Partial(partial) => {
                let bytes = artefact::surface(&partial.outcome);
                frame::write(out, Frame::Partial { level: partial.level, bytes })
            }
            Report::Checkpoint(bytes) => checkpoint_out(bytes, out),
            other => frame::write(out, Frame::Report(other)),
        };
    };
    let mut ctx = Ctx::new(&mut sink, &CANCEL);
    ctx.seed = task.seed;
    ctx.memory_bytes_max = task.memory_bytes_max;
    ctx.steer = Some(&STEER);
    ctx.checkpoint = checkpoint;
    let outcome = match study.run(&case, &mut ctx) {
        Ok(outcome) => outcome,
        Err(StudyError::Cancelled) => return Frame::NoAnswer(NoAnswer::Cancelled),
        Err(StudyError::Paused) => return Frame::NoAnswer(NoAnswer::Paused),
        Err(StudyError::Setup(issues)) => {
            let mut lines: Vec<String> = issues.into_iter().map(|i| i.message).collect();
            lines.dedup();
            return failed(if lines.is_empty() { "the set-up cannot be solved".into() } else { lines.join("\n") });
        }
        Err(StudyError::Solver(message)) => return failed(message),
    };
    let _ = frame::write(out, Frame::Surface(artefact::surface(&outcome)));
    if let Some(tensor) = artefact::tensor(&outcome)
        && let Err(e) = frame::write(out, Frame::Tensor(tensor))
    {
        let line = format!("the stress tensors on the surface were not kept: {e}");
        let _ = frame::write(out, Frame::Report(Report::Log { line }));
    }
    if let Some(volume) = artefact::volume(&outcome)
        && let Err(e) = frame::write(out, Frame::Volume(volume))
    {
        // Too large to hand over: the answer stands without its inside.
        let line = format!("the fields inside the bodies were not kept: {e}");
        let _ = frame::write(out, Frame::Report(Report::Log { line }));
    }
    if let Some(growth) = &outcome.growth
        && let Err(e) = frame::write(out, Frame::Growth(growth.to_bytes()))
    {
        let line = format!("the body for the design was not kept: {e}");
        let _ = frame::write(out, Frame::Report(Report::Log { line }));
    }
    if !outcome.deck.is_empty()
        && let Err(e) = frame::write(out, Frame::Deck(outcome.deck.into_bytes()))
    {
        let line = format!("the input deck for other programs was not kept: {e}");
        let _ = frame::write(out, Frame::Report(Report::Log { line }));
    }
    Frame::Done(Spent { core_seconds: host::core_seconds(), memory_bytes: host::memory_peak_bytes() })
}

/// Hands a checkpoint over; of one that is too large the run's log says so: it is not silently without one.
fn checkpoint_out(bytes: Vec<u8>, out: &mut impl Write) -> std::io::Result<()> {
    let mib = bytes.len().div_ceil(1 << 20);
    if bytes.len() <= frame::PAYLOAD_BYTES_MAX as usize {
        return frame::write(out, Frame::Checkpoint(bytes));
    }
    let line = format!(
        "the checkpoint of {mib} MiB was not kept, for it is larger than {} MiB: after a pause or a breakdown this run goes on \
         from an earlier one, or begins anew. Fewer cells or load cases make it smaller",
        frame::PAYLOAD_BYTES_MAX >> 20
    );
    frame::write(out, Frame::Report(Report::Log { line }))
}

/// The bytes of a drawing: a scene's own form, a PNG, or a file for other programs, which may be refused.
pub fn draw(drawing: &Drawing, files: &dyn Files) -> Frame {
    let scene = || {
        let mut scene = solver::geometry::evaluate(&drawing.design, files).scene();
        scene.bodies.retain(|b| drawing.bodies.is_empty() || drawing.bodies.contains(&b.name));
        scene
    };
    Frame::Drawn(match drawing.view {
        View::Whole => scene().to_bytes(),
        View::Shared => shareable(scene()).to_bytes(),
        View::Picture => picture::png(&scene()),
        View::File(form) => match export(&drawing.design, files, form, &drawing.bodies) {
            Ok(bytes) => bytes,
            Err(why) => return Frame::NoAnswer(NoAnswer::Failed { message: why.to_string() }),
        },
    })
}

/// What an input deck comes to in a design.
pub fn read_deck(task: &DeckTask, files: &dyn Files) -> Result<Reading, String> {
    let bytes = files.get(&task.hash).ok_or("the file is not in the store any more; import it again")?;
    let DeckTask { hash, file, units, seed } = task;
    let source = Source { hash, file, units: *units, seed: *seed };
    deck::read(bytes, &source).map_err(|e| e.to_string())
}

/// Issues quote expressions and names of features, and materials and refusals tell how it is made: none of that was shared.
fn shareable(mut scene: Scene) -> Scene {
    scene.issues.clear();
    scene.refused.clear();
    for body in &mut scene.bodies {
        body.material.clear();
    }
    scene
}

/// The checklist and the cost of a task, with geometry.
pub fn preflight(registry: Registry, task: &Task, files: &dyn Files) -> Preflight {
    let Some(object) = task.design.get(&task.study.as_str().into()) else { return Preflight::default() };
    let Some(study) = registry(&object.kind) else { return Preflight::default() };
    let model = solver::geometry::evaluate(&task.design, files);
    let case = Case { design: &task.design, study: object, model: &model, upstream: &[] };
    let mut issues = model.issues.clone();
    issues.extend(study.check(&case));
    let cost = study.cost(&case);
    Preflight { issues, memory_bytes: cost.memory_bytes, core_seconds: cost.core_seconds, dofs: cost.dofs }
}
