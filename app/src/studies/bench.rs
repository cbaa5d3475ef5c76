//! The state of a design's runs: which there are, which is under way, which answer is shown.

use super::aim::Aim;
use super::announce::announce;
use super::axes::Typed;
use super::compare::{Beside, candidates};
use super::inner::Seen;
use super::pins::Text;
use super::wish::{described, fitting};
use crate::api::run::{Run, RunEvent, RunState};
use crate::panels::Desk;
use crate::ui::Tone;
use crate::viewport::Flag;
use leptos::prelude::*;
use solver::quantity::Dimension;
use solver::result::path::Path;
use solver::result::{Inside, Quantity, Reading};
use solver::run::Report;
use solver::study::outcome::{Outcome, StateKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a run that is under way has said so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    pub run: String,
    pub phase: String,
    pub fraction: f64,
    pub note: String,
    pub residuals: Vec<(f64, f64)>,
    pub log: Vec<String>,
    /// Refinement of the intermediate answer on the screen.
    pub level: Option<u32>,
}

/// How the loaded answer is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Rises with every loaded answer, so that the view takes the new bytes.
    pub serial: u64,
    pub run: String,
    pub partial: bool,
    pub reading: Reading,
    /// What the reading's quantity is called.
    pub label: String,
    pub dimension: Dimension,
    /// The face that gave the reading's frame, in words.
    pub frame_face: String,
    /// Lines along the principal stresses.
    pub directions: bool,
    pub scale: Option<f64>,
    pub ghost: bool,
    pub banded: bool,
    pub range: Option<(f64, f64)>,
    pub flags: bool,
    /// What tells the answer's states apart.
    pub kind: Option<StateKind>,
    /// A mode swings; times pass by.
    pub playing: bool,
}

/// Largest safety factor told apart by colour: what lies above is safe by any rule, and unloaded corners would
/// otherwise take the whole scale.
const SAFETY_SHOWN_MAX: f64 = 10.0;

impl Shown {
    /// Whether low values are the alarming ones, so that they take the bright end of the colours.
    pub fn is_inverted(&self) -> bool {
        self.reading.quantity.field() == "safety_factor"
    }

    /// Whether the stress tensors are needed to show it.
    pub fn needs_tensor(&self) -> bool {
        matches!(self.reading.quantity, Quantity::Stress(_)) || self.directions
    }

    /// The state that is shown, where it is one.
    pub fn case(&self) -> Option<&str> {
        self.reading.case.as_deref()
    }

    /// Where the colours of this field end at the latest, SI.
    pub fn ceiling(&self) -> Option<f64> {
        self.is_inverted().then_some(SAFETY_SHOWN_MAX)
    }
}

/// Lines of a log that are kept on the page.
const LOG_LINES_MAX: usize = 400;

#[derive(Clone, Copy)]
pub struct Bench {
    /// Newest first.
    pub runs: RwSignal<Vec<Run>>,
    pub live: RwSignal<Option<Live>>,
    /// The answer that [`Bench::shown`] describes; set before it.
    pub outcome: RwSignal<Option<Arc<Outcome>>>,
    pub shown: RwSignal<Option<Shown>>,
    /// Under the pointer: the value, and where that rests.
    pub probe: RwSignal<Option<(f64, [f64; 3])>>,
    /// Smallest and largest value of the shown field, and the deformation's scale in use.
    pub range: RwSignal<Option<(f64, f64, f64)>>,
    /// Draw calls, triangles, milliseconds of the last frames.
    pub stats: RwSignal<Option<(u32, u32, f64)>>,
    /// Where the extremes of the shown field are.
    pub flags: RwSignal<Vec<Flag>>,
    /// Another answer of the same study, whose numbers stand beside those of the shown one.
    pub beside: RwSignal<Option<Beside>>,
    /// The person wants no other answer beside the shown one.
    alone: StoredValue<bool>,
    /// The run whose answer was asked for last.
    asked: StoredValue<Option<String>>,
    /// The run asked for last to stand beside.
    wanted_beside: StoredValue<Option<String>>,
    /// The inside of an answer, by its run.
    pub inside: RwSignal<Option<(String, Arc<Inside>)>>,
    /// Stress tensors on skins, by run: of the shown answer and of the one beside it.
    pub tensors: RwSignal<BTreeMap<String, Arc<Outcome>>>,
    /// The runs whose tensors were asked for.
    asked_tensors: StoredValue<Vec<String>>,
    /// What the person chose to read last; an answer that cannot give it leaves it for the next that can.
    wish: StoredValue<Option<Reading>>,
    /// Axes that the person types.
    pub typed: RwSignal<Typed>,
    /// What clicks in the view are for, while a line or a probe is being placed.
    pub aim: RwSignal<Option<Aim>>,
    /// The line that is read along.
    pub line: RwSignal<Option<Path>>,
    /// Where on it, m from its start.
    pub line_at: RwSignal<Option<f64>>,
    /// What is shown inside the bodies.
    pub seen: RwSignal<Option<Seen>>,
    /// Two answers side by side in the view.
    pub twin: RwSignal<bool>,
    /// The dialog that compares bodies is open.
    pub comparing: RwSignal<bool>,
    /// Lines and labels over the picture, from the panels of results.
    pub lines: RwSignal<Vec<[[f64; 3]; 2]>>,
    pub anchors: RwSignal<Vec<(String, [f64; 3])>>,
    /// What is said of each probe of the design.
    pub pinned: RwSignal<Vec<Text>>,
    /// The run whose inside was asked for last.
    asked_inside: StoredValue<Option<String>>,
    /// The picture that the view was asked for last.
    pub captured: StoredValue<Option<Vec<u8>>>,
    serial: StoredValue<u64>,
    /// The run whose answers the person closed: later ones of it stay away.
    closed: StoredValue<Option<String>>,
    /// The run whose answer the person chose to look at: no other takes its place by itself.
    chosen: StoredValue<Option<String>>,
}

impl Bench {
    pub fn new() -> Self {
        Self {
            runs: RwSignal::new(Vec::new()),
            live: RwSignal::new(None),
            outcome: RwSignal::new(None),
            shown: RwSignal::new(None),
            probe: RwSignal::new(None),
            range: RwSignal::new(None),
            stats: RwSignal::new(None),
            flags: RwSignal::new(Vec::new()),
            beside: RwSignal::new(None),
            alone: StoredValue::new(false),
            asked: StoredValue::new(None),
            wanted_beside: StoredValue::new(None),
            inside: RwSignal::new(None),
            tensors: RwSignal::new(BTreeMap::new()),
            asked_tensors: StoredValue::new(Vec::new()),
            wish: StoredValue::new(None),
            typed: RwSignal::new(Typed::default()),
            aim: RwSignal::new(None),
            line: RwSignal::new(None),
            line_at: RwSignal::new(None),
            seen: RwSignal::new(None),
            twin: RwSignal::new(false),
            comparing: RwSignal::new(false),
            lines: RwSignal::new(Vec::new()),
            anchors: RwSignal::new(Vec::new()),
            pinned: RwSignal::new(Vec::new()),
            asked_inside: StoredValue::new(None),
            captured: StoredValue::new(None),
            serial: StoredValue::new(0),
            closed: StoredValue::new(None),
            chosen: StoredValue::new(None),
        }
    }

    pub fn run(&self, id: &str) -> Option<Run> {
        self.runs.with(|r| r.iter().find(|r| r.id == id).cloned())
    }

    /// Loads the list of runs; a run named in the address is shown.
    pub fn load(&self, desk: Desk, wanted: Option<String>) {
        let bench = *self;
        let (client, design) = (desk.client.get_value(), desk.id.get_value());
        leptos::task::spawn_local(async move {
            if let Ok(page) = client.runs(Some(&design), None, None).await
                && !desk.is_over()
            {
                bench.runs.set(page.items);
                if let Some(id) = wanted {
                    bench.choose(desk, id);
                }
            }
        });
    }

    pub fn take(&self, run: Run) {
        self.runs.update(|runs| match runs.iter_mut().find(|r| r.id == run.id) {
            Some(known) => *known = run,
            None => runs.insert(0, run),
        });
    }

    /// Takes what the room says about a run.
    pub fn told(&self, desk: &Desk, event: RunEvent) {
        match event {
            RunEvent::State { run } => self.changed(desk, *run),
            RunEvent::Report { run, report } => {
                let mut live = self
                    .live
                    .get_untracked()
                    .filter(|l| l.run == run)
                    .unwrap_or_else(|| Live { run: run.clone(), ..Live::default() });
                match report {
                    Report::Progress { phase, fraction, note } => {
                        live.phase = format!("{phase:?}");
                        live.fraction = fraction;
                        live.note = note;
                    }
                    Report::Residual { iteration, value } => {
                        let x = f64::from(iteration);
                        // A new refinement counts from the start again.
                        if live.residuals.last().is_some_and(|(last, _)| x <= *last) {
                            live.residuals.clear();
                        }
                        live.residuals.push((x, value));
                    }
                    Report::Log { line } => {
                        live.log.push(line);
                        if live.log.len() > LOG_LINES_MAX {
                            live.log.remove(0);
                        }
                    }
                    Report::Partial(_) | Report::Checkpoint(_) => {}
                }
                self.live.set(Some(live));
            }
            RunEvent::Partial { run, level } => {
                self.live.update(|l| l.iter_mut().filter(|l| l.run == run).for_each(|l| l.level = Some(level)));
                if self.follows(&run) {
                    self.fetch(*desk, run, true);
                }
            }
        }
    }

    fn changed(&self, desk: &Desk, run: Run) {
        let before = self.runs.with_untracked(|r| r.iter().find(|r| r.id == run.id).map(|r| r.state));
        let newly_ended = run.state.ended() && before.is_none_or(|b| !b.ended());
        self.take(run.clone());
        if !run.state.ended() {
            return;
        }
        self.live.update(|l| {
            if l.as_ref().is_some_and(|l| l.run == run.id) {
                *l = None;
            }
        });
        if !newly_ended {
            return;
        }
        let words = match run.state {
            RunState::Done => format!("{}: done", run.study_name),
            RunState::Cancelled => format!("{}: cancelled", run.study_name),
            _ => format!("{}: {}", run.study_name, run.message.clone().unwrap_or_else(|| "failed".into())),
        };
        announce(&run.design_name, &words);
        match run.state {
            RunState::Done if self.follows(&run.id) => self.fetch(*desk, run.id, false),
            RunState::Done => desk.notices.good(format!("{words}. Its answer is among the study's earlier runs.")),
            RunState::Cancelled => desk.notices.say(Tone::Info, words),
            _ => desk.notices.bad(words),
        }
    }

    /// Shows the answer that the person asks for; it stays until they ask for another, close it or start a run.
    pub fn choose(&self, desk: Desk, run: String) {
        self.closed.set_value(None);
        self.chosen.set_value(Some(run.clone()));
        self.fetch(desk, run, false);
    }

    /// The person started a run: what it finds is shown as it comes.
    pub fn follow(&self) {
        self.chosen.set_value(None);
    }

    /// Whether what `run` finds is shown by itself.
    fn follows(&self, run: &str) -> bool {
        let is_it = |of: StoredValue<Option<String>>| of.with_value(|of| of.as_ref().map(|of| of == run));
        !is_it(self.closed).unwrap_or(false) && is_it(self.chosen).unwrap_or(true)
    }

    /// Fetches and shows an answer: the final one, or the latest of a run under way.
    fn fetch(&self, desk: Desk, run: String, partial: bool) {
        let bench = *self;
        let client = desk.client.get_value();
        self.asked.set_value(Some(run.clone()));
        leptos::task::spawn_local(async move {
            let kind = if partial { "partial" } else { "surface" };
            let path = format!("/api/runs/{}/artefacts/{kind}", crate::api::client::encode(&run));
            match client.bytes(&path).await {
                // A partial may have been overtaken by the final answer while it was asked for.
                Ok(bytes) if partial && bytes.is_empty() => {}
                // The design was closed meanwhile.
                _ if desk.is_over() => {}
                // Another answer was asked for since.
                _ if bench.asked.get_value().is_some_and(|asked| asked != run) => {}
                Ok(bytes) => bench.show(desk, run, partial, bytes),
                Err(_) if partial => {}
                Err(problem) => desk.notices.bad(problem.message),
            }
        });
    }

    fn show(&self, desk: Desk, run: String, partial: bool, bytes: Vec<u8>) {
        let outcome = match Outcome::from_bytes(&bytes) {
            Ok(outcome) => outcome,
            Err(why) => return desk.notices.bad(super::super::panels::desk::capital(&why.to_string())),
        };
        let serial = self.serial.get_value() + 1;
        self.serial.set_value(serial);
        let before = self.shown.get_untracked();
        // A partial that arrives after its final answer is old news.
        if partial && before.as_ref().is_some_and(|b| b.run == run && !b.partial) {
            return;
        }
        let study = |run: &str| self.runs.with_untracked(|all| Some(all.iter().find(|r| r.id == run)?.study.clone()));
        let stays = before.as_ref().is_some_and(|b| b.run == run || study(&b.run) == study(&run));
        // What nobody chose of another study says nothing of this one.
        let wish = self.wish.get_value().or_else(|| before.as_ref().filter(|_| stays).map(|b| b.reading.clone()));
        let Some((reading, label, dimension)) = fitting(&outcome, !partial, wish.as_ref(), stays) else {
            return desk.notices.bad("This result has nothing to show on the surface.");
        };
        let style = before.as_ref();
        let kind = outcome.states.first().map(|s| s.kind);
        let is_mode = kind == Some(StateKind::Mode);
        let same = style.is_some_and(|s| s.reading == reading);
        let shown = Shown {
            serial,
            run,
            partial,
            reading,
            label,
            dimension,
            frame_face: style.map(|s| s.frame_face.clone()).unwrap_or_default(),
            directions: style.is_some_and(|s| s.directions) && outcome.tensors && !partial,
            // A mode's shape has no true size.
            scale: style.and_then(|s| s.scale).filter(|s| !is_mode || *s != 1.0),
            ghost: style.is_some_and(|s| s.ghost),
            banded: style.is_some_and(|s| s.banded),
            range: style.and_then(|s| s.range).filter(|_| same),
            flags: style.is_none_or(|s| s.flags),
            kind,
            playing: style.is_some_and(|s| s.playing),
        };
        if self.shown.with_untracked(|s| s.as_ref().is_none_or(|s| s.run != shown.run)) {
            // Of another mesh.
            self.seen.update(|s| *s = s.take().filter(|s| matches!(s, Seen::Level(_))));
        }
        self.outcome.set(Some(Arc::new(outcome)));
        let run = shown.run.clone();
        self.shown.set(Some(shown));
        self.put_beside(desk, &run);
    }

    /// Reads something else, or otherwise; what the shown answer has not, it does not read.
    pub fn read(&self, change: impl FnOnce(&mut Reading)) {
        let Some(outcome) = self.outcome.get_untracked() else { return };
        self.shown.update(|shown| {
            let Some(s) = shown else { return };
            let before = s.reading.clone();
            change(&mut s.reading);
            match described(&outcome, &s.reading) {
                Some((label, dimension)) => (s.label, s.dimension) = (label, dimension),
                None => s.reading = before.clone(),
            }
            // Limits that were held belong to a quantity, and to one state or to all.
            if s.reading.quantity != before.quantity || s.reading.over.counts() != before.over.counts() {
                s.range = None;
            }
            self.wish.set_value(Some(s.reading.clone()));
        });
    }

    /// The stress tensors of a run, once they are here.
    pub fn tensor(&self, run: &str) -> Option<Arc<Outcome>> {
        self.tensors.with(|t| t.get(run).cloned())
    }

    /// Puts the newest other answer beside that of `run`, unless one of this study stands there or none is wanted.
    fn put_beside(&self, desk: Desk, run: &str) {
        let others = self.runs.with_untracked(|runs| candidates(runs, run));
        let stands = self.beside.with_untracked(|b| b.as_ref().is_some_and(|b| others.iter().any(|r| r.id == b.run)));
        if stands || self.alone.get_value() {
            return;
        }
        self.beside.set(None);
        if let Some(other) = others.first() {
            self.compare(desk, Some(other.id.clone()));
        }
    }

    /// Puts the answer of `run` beside the shown one, or none.
    pub fn compare(&self, desk: Desk, run: Option<String>) {
        self.alone.set_value(run.is_none());
        self.wanted_beside.set_value(run.clone());
        let Some(run) = run else { return self.beside.set(None) };
        let bench = *self;
        let client = desk.client.get_value();
        leptos::task::spawn_local(async move {
            let path = format!("/api/runs/{}/artefacts/surface", crate::api::client::encode(&run));
            match client.bytes(&path).await.map(|bytes| Outcome::from_bytes(&bytes)) {
                Ok(Ok(outcome)) => {
                    // By now another answer may be shown, or another one wanted beside it.
                    let shown = bench.shown.with_untracked(|s| s.as_ref().map(|s| s.run.clone())).unwrap_or_default();
                    let fits = bench.runs.with_untracked(|runs| candidates(runs, &shown).iter().any(|r| r.id == run));
                    if fits && bench.wanted_beside.get_value().as_ref() == Some(&run) {
                        bench.beside.set(Some(Beside { run, outcome: Arc::new(outcome) }));
                    }
                }
                Ok(Err(why)) => desk.notices.bad(crate::panels::desk::capital(&why.to_string())),
                Err(problem) => desk.notices.bad(problem.message),
            }
        });
    }

    /// Fetches the inside of the shown answer, once per run: only sections and probes look there.
    pub fn want_inside(&self, desk: Desk) {
        let Some(run) = self.shown.with_untracked(|s| s.as_ref().filter(|s| !s.partial).map(|s| s.run.clone())) else {
            return;
        };
        if self.asked_inside.get_value().as_ref() == Some(&run) {
            return;
        }
        self.asked_inside.set_value(Some(run.clone()));
        let bench = *self;
        let client = desk.client.get_value();
        leptos::task::spawn_local(async move {
            let path = format!("/api/runs/{}/artefacts/volume", crate::api::client::encode(&run));
            match part(client.bytes(&path).await) {
                Ok(outcome) => drop(bench.inside.try_set(Some((run, Arc::new(Inside::new(outcome)))))),
                Err(why) => {
                    // Asked again by the next section.
                    drop(bench.asked_inside.try_set_value(None));
                    desk.notices.bad(why);
                }
            }
        });
    }

    /// Fetches the stress tensors on the skins of a run, once: only components and directions need them.
    pub fn want_tensor(&self, desk: Desk, run: &str) {
        if self.asked_tensors.with_value(|a| a.iter().any(|r| r == run)) {
            return;
        }
        let run = run.to_string();
        self.asked_tensors.update_value(|a| a.push(run.clone()));
        let bench = *self;
        let client = desk.client.get_value();
        leptos::task::spawn_local(async move {
            let path = format!("/api/runs/{}/artefacts/tensor", crate::api::client::encode(&run));
            match part(client.bytes(&path).await) {
                Ok(outcome) => {
                    let _ = bench.tensors.try_update(|t| t.insert(run, Arc::new(outcome)));
                }
                Err(why) => {
                    let _ = bench.asked_tensors.try_update_value(|a| a.retain(|r| *r != run));
                    desk.notices.bad(why);
                }
            }
        });
    }

    /// The inside of the shown answer, once it is here.
    pub fn inside_now(&self) -> Option<Arc<Inside>> {
        let run = self.shown.with(|s| s.as_ref().map(|s| s.run.clone()))?;
        self.inside.with(|i| i.as_ref().filter(|(of, _)| *of == run).map(|(_, inside)| inside.clone()))
    }

    /// Shows the model again.
    pub fn close(&self) {
        self.inside.set(None);
        self.tensors.update(BTreeMap::clear);
        self.asked_tensors.update_value(Vec::clear);
        self.aim.set(None);
        self.line.set(None);
        self.seen.set(None);
        self.twin.set(false);
        self.beside.set(None);
        self.asked_inside.set_value(None);
        self.closed.set_value(self.shown.with_untracked(|s| s.as_ref().map(|s| s.run.clone())));
        self.chosen.set_value(None);
        self.shown.set(None);
        self.outcome.set(None);
        self.range.set(None);
        self.probe.set(None);
    }
}

impl Default for Bench {
    fn default() -> Self {
        Self::new()
    }
}

/// A part of an answer, or a sentence why it is not to be had.
fn part(answer: Result<Vec<u8>, crate::api::Problem>) -> Result<Outcome, String> {
    let bytes = answer.map_err(|p| p.message)?;
    Outcome::from_bytes(&bytes).map_err(|why| crate::panels::desk::capital(&why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_run_takes_the_place_of_a_chosen_answer_by_itself() {
        let owner = Owner::new();
        let bench = owner.with(Bench::new);
        let follows = |run: &str| bench.follows(run);
        assert!(follows("a") && follows("b"), "nothing was chosen");
        bench.chosen.set_value(Some("a".into()));
        assert!(follows("a") && !follows("b"), "the chosen one goes on, others stay away");
        bench.follow();
        assert!(follows("a") && follows("b"), "a run was started");
        bench.closed.set_value(Some("a".into()));
        assert!(!follows("a") && follows("b"), "closed is closed");
    }
}
