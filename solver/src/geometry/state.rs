//! The bodies as they stand after each feature, and how a feature changes them.

use super::Files;
use super::exact::{self, Refusal};
use super::plan::{Action, Blend, Form, Operation, Placement, Plan};
use super::solid::{How, Solid};
use super::{deck, field, frame, imported};
use crate::design::{Design, Id, Issue, Object, Severity, describe_edge, describe_face};
use crate::surface::{EdgeName, FaceName, Representation};
use arris::math::{Aabb, Frame};
use arris::topo;
use glam::DMat3;
use std::collections::BTreeMap;

/// One body while the design is being built.
#[derive(Clone)]
pub(super) struct Part {
    /// The feature that started it, with an instance suffix for a copy.
    pub name: String,
    pub material: String,
    /// How it is turned from where it was started: a rotation or reflection.
    pub turn: DMat3,
    pub solid: Solid,
    /// Digest of everything that shaped it: the key of its tessellation.
    pub key: blake3::Hash,
}

/// What a feature adds or takes away, kept for the patterns that repeat it.
#[derive(Clone)]
pub(super) struct Tool {
    pub suffix: String,
    pub solid: Solid,
    pub operation: Operation,
    pub targets: Vec<Id>,
    pub material: String,
    pub turn: DMat3,
}

/// The model after some features. Cloning shares the kernel's storage.
#[derive(Clone)]
pub(super) struct State {
    pub kernel: topo::Model,
    pub parts: Vec<Part>,
    pub tools: BTreeMap<Id, Vec<Tool>>,
    pub issues: Vec<Issue>,
    pub refused: Vec<Id>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            kernel: exact::kernel(),
            parts: Vec::new(),
            tools: BTreeMap::new(),
            issues: Vec::new(),
            refused: Vec::new(),
        }
    }
}

/// Whether a body's name means `id`: itself, or a copy made by it.
fn means(name: &str, id: &Id) -> bool {
    let name = FaceName(name.into());
    let mut instances = name.instances();
    if name.instances().next().is_none() { name.feature() == id.0 } else { instances.any(|(by, _)| by == id.0) }
}

/// One feature being applied.
pub(super) struct Step<'a> {
    pub design: &'a Design,
    pub object: &'a Object,
    pub plan: &'a Plan,
    pub files: &'a dyn Files,
    /// Digest of all inputs up to and including this feature.
    pub key: blake3::Hash,
}

impl State {
    /// Applies a feature. On failure the bodies stay as they were, with an issue.
    pub fn apply(&mut self, step: &Step) {
        let n_issues = self.issues.len();
        let before = (self.kernel.clone(), self.parts.clone());
        let result = match &step.plan.action {
            Action::Solid { form, operation, targets, material } => {
                self.solid(step, form, *operation, targets, material)
            }
            Action::Boolean { operation, targets, tools, keep } => {
                self.boolean(step, *operation, targets, tools, *keep)
            }
            Action::Blend { blend, edges, size } => self.blend(step, *blend, edges, *size),
            Action::Repeat { features, placements } => self.repeat(step, features, placements),
            Action::Move { bodies, placement } => self.relocate(step, bodies, placement),
            Action::Import { .. } => self.import(step),
            Action::Grow { .. } => self.grow(step),
        };
        if let Err((key, refusal)) = result {
            (self.kernel, self.parts) = before;
            self.issues.truncate(n_issues);
            self.refuse(step, key, &refusal);
        }
    }

    fn refuse(&mut self, step: &Step, key: &str, refusal: &Refusal) {
        let edges = refusal.edges.iter().map(|e| format!("edge {}", describe_edge(step.design, e)));
        let faces = refusal.faces.iter().map(|f| format!("face {}", describe_face(step.design, f)));
        let mut places: Vec<String> = edges.chain(faces).collect();
        places.dedup();
        // Three places tell where to look; a list of forty does not.
        if places.len() > 3 {
            let more = places.len() - 3;
            places.truncate(3);
            places.push(format!("{more} more"));
        }
        let at = if places.is_empty() { String::new() } else { format!(" (at {})", places.join(", ")) };
        let offer = if refusal.offer_field { ". Or choose Solve as: field" } else { "" };
        self.issues.push(Issue::error(
            step.object,
            key,
            format!("{}: {}{at}{offer}", step.object.name, refusal.reason),
        ));
        if refusal.offer_field {
            self.refused.push(step.object.id.clone());
        }
    }

    pub(super) fn warn(&mut self, step: &Step, key: &str, message: String) {
        self.issues.push(Issue { severity: Severity::Warning, ..Issue::error(step.object, key, message) });
    }

    /// Parts that `ids` mean, in model order; every id must mean one.
    pub(super) fn find(&self, step: &Step, ids: &[Id]) -> Result<Vec<usize>, Refusal> {
        for id in ids {
            if !self.parts.iter().any(|p| means(&p.name, id)) {
                let label = step.design.get(id).map_or_else(|| id.to_string(), |o| o.name.clone());
                let why = match (step.design.get(id), step.design.position(id) > step.design.position(&step.object.id))
                {
                    (None, _) => "it was removed",
                    (Some(o), _) if o.suppressed => "it is suppressed",
                    (Some(_), true) => "it stands further down the tree; move it up",
                    (Some(_), false) => "it starts no body, or its body was used up",
                };
                return Err(Refusal::wrong(format!("there is no body {label} here: {why}")));
            }
        }
        Ok((0..self.parts.len()).filter(|i| ids.iter().any(|id| means(&self.parts[*i].name, id))).collect())
    }

    fn bounds(&self, parts: impl Iterator<Item = usize>) -> Option<Aabb> {
        parts.filter_map(|i| self.parts[i].solid.bounds(&self.kernel)).reduce(Aabb::union)
    }

    fn solid(
        &mut self,
        step: &Step,
        form: &Form,
        operation: Operation,
        targets: &[Id],
        material: &str,
    ) -> Result<(), (&'static str, Refusal)> {
        let chosen = self.find(step, targets).map_err(|e| ("targets", e))?;
        let frame = match form {
            Form::Extrude { sketch, .. } | Form::Revolve { sketch, .. } | Form::Hole { sketch, .. } => {
                Some(frame::of(self, step.design, sketch).map_err(|e| ("face", e))?)
            }
            _ => None,
        };
        let reach = if targets.is_empty() { self.bounds(0..self.parts.len()) } else { self.bounds(chosen.into_iter()) };
        // What a form can be refused for lies in its profile or its sizes; the sizes are checked already.
        let key = match form {
            Form::Extrude { .. } | Form::Revolve { .. } => "profile",
            Form::Hole { .. } => "direction",
            _ => "kind",
        };
        let frame: Option<&Frame> = frame.as_ref();
        let solid =
            Solid::Exact(exact::build(&mut self.kernel, &step.object.id.0, form, frame, reach).map_err(|e| (key, e))?);
        // A body that starts as a field is one from the start.
        let solid = if step.plan.as_field && operation == Operation::New {
            Solid::Field(solid.to_field(&self.kernel).map_err(|e| (key, e))?)
        } else {
            solid
        };
        let tool = Tool {
            suffix: String::new(),
            solid,
            operation,
            targets: targets.to_vec(),
            material: material.into(),
            turn: DMat3::IDENTITY,
        };
        self.use_tools(step, std::slice::from_ref(&tool))?;
        self.tools.insert(step.object.id.clone(), vec![tool]);
        Ok(())
    }

    /// Lets tools of one operation and one set of targets meet the bodies, all at once.
    fn use_tools(&mut self, step: &Step, tools: &[Tool]) -> Result<(), (&'static str, Refusal)> {
        let Some(first) = tools.first() else { return Ok(()) };
        if first.operation == Operation::New {
            for tool in tools {
                let name = tool_name(tool, step);
                let key = part_key(step, &name);
                self.parts.push(Part {
                    name,
                    material: tool.material.clone(),
                    turn: tool.turn,
                    solid: tool.solid.clone(),
                    key,
                });
            }
            return Ok(());
        }
        let all = first.targets.is_empty();
        let chosen = if all {
            (0..self.parts.len()).collect()
        } else {
            self.find(step, &first.targets).map_err(|e| ("targets", e))?
        };
        if chosen.is_empty() {
            let what = match first.operation {
                Operation::Cut => "there is no body to cut yet; move it down the tree",
                Operation::Common => "there is no body to share space with yet",
                _ => "there is no body to join yet; choose New body",
            };
            return Err(("operation", Refusal::wrong(what)));
        }
        let boxes: Vec<Option<Aabb>> = tools.iter().map(|t| t.solid.bounds(&self.kernel)).collect();
        let touching = |state: &Self, part: usize| -> Vec<usize> {
            let Some(b) = state.parts[part].solid.bounds(&state.kernel) else { return Vec::new() };
            let b = b.inflated(1e-6);
            (0..tools.len()).filter(|t| boxes[*t].is_none_or(|tb| tb.intersects(&b))).collect()
        };
        match first.operation {
            Operation::Join => {
                let joined: Vec<usize> =
                    if all { chosen.into_iter().filter(|p| !touching(self, *p).is_empty()).collect() } else { chosen };
                let Some((&keep, rest)) = joined.split_first() else {
                    return Err(("operation", Refusal::wrong("it touches no body; choose New body, or move it")));
                };
                let mut others: Vec<Solid> = rest.iter().map(|p| self.parts[*p].solid.clone()).collect();
                others.extend(tools.iter().map(|t| t.solid.clone()));
                self.merge(step, keep, Operation::Join, &others)?;
                for &gone in rest.iter().rev() {
                    self.parts.remove(gone);
                }
            }
            operation => {
                let mut emptied = Vec::new();
                let mut hit = false;
                for part in chosen {
                    let near =
                        if operation == Operation::Cut { touching(self, part) } else { (0..tools.len()).collect() };
                    if near.is_empty() {
                        continue;
                    }
                    hit = true;
                    let solids: Vec<Solid> = near.iter().map(|t| tools[*t].solid.clone()).collect();
                    match self.merge(step, part, operation, &solids) {
                        Ok(()) => {}
                        Err((_, refusal)) if refusal.empty => emptied.push(part),
                        Err(e) => return Err(e),
                    }
                }
                if !hit {
                    self.warn(
                        step,
                        "operation",
                        format!("{}: it meets no body, so it changes nothing", step.object.name),
                    );
                }
                for part in emptied.into_iter().rev() {
                    let name = self.parts.remove(part).name;
                    let label =
                        step.design.get(&Id(FaceName(name.clone()).feature().into())).map_or(name, |o| o.name.clone());
                    self.warn(step, "operation", format!("{}: nothing is left of body {label}", step.object.name));
                }
            }
        }
        Ok(())
    }

    /// Replaces a part by itself combined with `others`.
    fn merge(
        &mut self,
        step: &Step,
        part: usize,
        operation: Operation,
        others: &[Solid],
    ) -> Result<(), (&'static str, Refusal)> {
        let target = self.parts[part].solid.clone();
        let how = How {
            as_field: step.plan.as_field,
            smooth: step.plan.smooth,
            blend: FaceName(format!("{}.blend", step.object.id)),
        };
        let solid = target.combine(&mut self.kernel, operation, others, &how).map_err(|e| ("operation", e))?;
        self.parts[part].solid = solid;
        self.parts[part].key = part_key(step, &self.parts[part].name);
        Ok(())
    }

    fn boolean(
        &mut self,
        step: &Step,
        operation: Operation,
        targets: &[Id],
        tools: &[Id],
        keep: bool,
    ) -> Result<(), (&'static str, Refusal)> {
        let targets = self.find(step, targets).map_err(|e| ("targets", e))?;
        let tools = self.find(step, tools).map_err(|e| ("tools", e))?;
        if let Some(both) = targets.iter().find(|t| tools.contains(t)) {
            let name = self.parts[*both].name.clone();
            return Err(("tools", Refusal::wrong(format!("body {name} is both a target and a tool"))));
        }
        let solids: Vec<Solid> = tools.iter().map(|t| self.parts[*t].solid.clone()).collect();
        let mut gone = if keep { Vec::new() } else { tools };
        if operation == Operation::Join {
            let Some((&first, rest)) = targets.split_first() else { return Ok(()) };
            let mut all: Vec<Solid> = rest.iter().map(|t| self.parts[*t].solid.clone()).collect();
            all.extend(solids);
            self.merge(step, first, operation, &all)?;
            gone.extend(rest);
        } else {
            for target in targets {
                match self.merge(step, target, operation, &solids) {
                    Ok(()) => {}
                    Err((_, refusal)) if refusal.empty => gone.push(target),
                    Err(e) => return Err(e),
                }
            }
        }
        gone.sort_unstable();
        for part in gone.into_iter().rev() {
            self.parts.remove(part);
        }
        Ok(())
    }

    fn blend(
        &mut self,
        step: &Step,
        blend: Blend,
        edges: &[EdgeName],
        size: f64,
    ) -> Result<(), (&'static str, Refusal)> {
        let mut left: Vec<EdgeName> = edges.to_vec();
        left.sort();
        left.dedup();
        let key = if blend == Blend::Fillet { "radius" } else { "distance" };
        let mut smooth: Vec<EdgeName> = Vec::new();
        for part in 0..self.parts.len() {
            if left.is_empty() {
                break;
            }
            let solid = self.parts[part].solid.clone();
            let solid = match &solid {
                Solid::Exact(solid) if !step.plan.as_field => {
                    let named = exact::edges(&self.kernel, solid);
                    let (own, rest): (Vec<_>, Vec<_>) =
                        left.into_iter().partition(|e| named.iter().any(|(_, n)| n == e));
                    left = rest;
                    if own.is_empty() {
                        continue;
                    }
                    let id = &step.object.id.0;
                    let made = exact::blend(&mut self.kernel, id, solid, blend, &own, size).map_err(|e| (key, e))?;
                    Solid::Exact(made)
                }
                solid if !step.plan.as_field && !solid.is_field() => continue,
                solid => {
                    let node = solid.to_field(&self.kernel).map_err(|e| (key, e))?;
                    let rounded = field::round(&step.object.id.0, &node, &left, size).ok_or_else(|| {
                        (key, Refusal::wrong("nothing of the body would be left: it is thinner than twice the radius"))
                    })?;
                    if rounded.lost.len() == left.len() {
                        continue;
                    }
                    left = rounded.lost;
                    smooth.extend(rounded.smooth);
                    Solid::Field(rounded.node)
                }
            };
            self.parts[part].solid = solid;
            self.parts[part].key = part_key(step, &self.parts[part].name);
        }
        let n_blended = edges.len() - left.len() - smooth.len();
        let whys = left.iter().map(|e| (e, "is not on any body here".to_string()));
        let degrees = field::TURN_MIN.to_degrees();
        let whys =
            whys.chain(smooth.iter().map(|e| (e, format!("is smooth: its faces turn by less than {degrees:.0}°"))));
        for (edge, why) in whys {
            let edge = describe_edge(step.design, edge);
            let message = format!("{}: the edge {edge} {why}. Pick another, or take it out", step.object.name);
            // What is left of the selection is blended; the lost edge is said, not replaced.
            let issue = Issue::error(step.object, "edges", message);
            self.issues.push(if n_blended > 0 { Issue { severity: Severity::Warning, ..issue } } else { issue });
        }
        Ok(())
    }

    fn repeat(
        &mut self,
        step: &Step,
        features: &[Id],
        placements: &[Placement],
    ) -> Result<(), (&'static str, Refusal)> {
        let mut made: Vec<Tool> = Vec::new();
        for id in features {
            let sources = self.sources(step, id)?;
            for source in &sources {
                let mut copies = Vec::with_capacity(placements.len());
                for (k, placement) in placements.iter().enumerate() {
                    let suffix = format!("#{}.{}", step.object.id, k + 2);
                    let solid =
                        source.solid.placed(&mut self.kernel, placement, &suffix).map_err(|e| ("features", e))?;
                    let suffix = format!("{}{suffix}", source.suffix);
                    copies.push(Tool { suffix, solid, turn: placement.turn() * source.turn, ..source.clone() });
                }
                self.use_tools(step, &copies)?;
                made.extend(copies);
            }
        }
        self.tools.insert(step.object.id.clone(), made);
        Ok(())
    }

    /// What there is to copy of a feature: the bodies it started as they are now, else the tools it used.
    fn sources(&self, step: &Step, id: &Id) -> Result<Vec<Tool>, (&'static str, Refusal)> {
        let bodies = self.parts.iter().filter(|p| means(&p.name, id)).map(|p| Tool {
            suffix: p.name.clone(),
            solid: p.solid.clone(),
            operation: Operation::New,
            targets: Vec::new(),
            material: p.material.clone(),
            turn: p.turn,
        });
        let bodies: Vec<Tool> = bodies.collect();
        if !bodies.is_empty() {
            return Ok(bodies);
        }
        if let Some(tools) = self.tools.get(id) {
            return Ok(tools.clone());
        }
        let label = step.design.get(id).map_or_else(|| id.to_string(), |o| o.name.clone());
        let why = match (step.design.get(id), step.design.position(id) > step.design.position(&step.object.id)) {
            (None, _) => "it was removed",
            (Some(o), _) if o.suppressed => "it is suppressed",
            (Some(_), true) => "it stands further down the tree; move it up",
            (Some(o), false) if matches!(o.kind.as_str(), "fillet" | "chamfer" | "boolean" | "move") => {
                "it changes bodies and makes none; repeat the feature it works on"
            }
            (Some(_), false) => "it could not be built",
        };
        Err(("features", Refusal::wrong(format!("{label} cannot be repeated: {why}"))))
    }

    fn import(&mut self, step: &Step) -> Result<(), (&'static str, Refusal)> {
        let Action::Import { hash, file, scale, crease, material, part } = &step.plan.action else { return Ok(()) };
        let wrong = |text: String| ("file", Refusal::wrong(text));
        let bytes = step.files.get(hash).ok_or_else(|| wrong(format!("the file {file} has not arrived yet")))?;
        let read = if deck::is_deck(file) { deck::triangles(bytes, part) } else { crate::format::read(file, bytes) };
        let triangles = read.map_err(|e| wrong(e.to_string()))?;
        let id = &step.object.id.0;
        let scale = if crate::format::states_unit(file) { 1e-3 } else { *scale };
        let (surface, repair) = imported::body(id, &triangles, scale, *crease).map_err(|e| ("file", e))?;
        let representation = match repair {
            Some(imported::Repair { rebuilt: Some(_), .. }) => Representation::Field,
            _ => Representation::Imported,
        };
        if let Some(repair) = repair {
            self.warn(step, "file", format!("{}: {}", step.object.name, repair.describe()));
        }
        let body = imported::MeshBody::new(surface.into(), representation);
        self.parts.push(Part {
            name: id.clone(),
            material: material.clone(),
            turn: DMat3::IDENTITY,
            solid: Solid::Imported(body.into()),
            key: part_key(step, id),
        });
        Ok(())
    }

    fn relocate(&mut self, step: &Step, bodies: &[Id], placement: &Placement) -> Result<(), (&'static str, Refusal)> {
        for part in self.find(step, bodies).map_err(|e| ("bodies", e))? {
            let solid = self.parts[part].solid.clone();
            self.parts[part].solid = solid.placed(&mut self.kernel, placement, "").map_err(|e| ("bodies", e))?;
            self.parts[part].turn = placement.turn() * self.parts[part].turn;
            self.parts[part].key = part_key(step, &self.parts[part].name);
        }
        Ok(())
    }
}

/// A body started by a tool: its feature, or the body it copies, with the copy's number.
fn tool_name(tool: &Tool, step: &Step) -> String {
    if tool.suffix.is_empty() { step.object.id.0.clone() } else { tool.suffix.clone() }
}

pub(super) fn part_key(step: &Step, name: &str) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(step.key.as_bytes());
    hasher.update(name.as_bytes());
    hasher.finalize()
}
