//! What the steps of a deck hold, load and heat, as conditions on whole facets of elements.
//!
//! A deck holds and loads nodes; a design holds and loads faces. A facet is held where all its nodes are. What no facet
//! takes up is said with its line.

use super::coupling::Coupled;
use super::force;
use super::posed::{Item, Posed, Problem, What};
use super::skin::Skin;
use super::spring::Foundations;
use crate::format::inp::{Act, Action, Deck, Family, Note, Procedure, Target};
use glam::DVec3;
use std::collections::{BTreeMap, BTreeSet};

/// Cosine between a facet's normal and what its nodes are held along, above which it slides.
const SLIDES: f64 = 0.94;
/// The same for a facet square to an axis of the deck.
const SQUARE: f64 = 0.999_999;

/// Different values of one load on faces: more are a field, which a design has no object for.
const VALUES_MAX: usize = 60;

/// A value held at a node, with the line that says so.
#[derive(Clone)]
pub(super) struct Held {
    pub value: f64,
    pub line: usize,
    pub amplitude: Option<String>,
}

/// What stands after the lines so far: later steps add, replace or begin anew.
#[derive(Clone, Default)]
pub(super) struct Standing {
    pub held: BTreeMap<(u32, u8), Held>,
    /// By what the line names (nothing for single nodes), node and component.
    pub forces: BTreeMap<(String, u32, u8), (f64, usize, u64)>,
    /// Everything else, by family, target and what a line is about.
    rest: BTreeMap<Family, BTreeMap<(Target, u64), Row>>,
}

/// A line in force: where, on what, what, and the amplitude it follows.
pub(super) type Row = (usize, Target, Act, Option<String>);

pub struct Reader<'a> {
    pub deck: &'a Deck,
    pub skin: &'a Skin,
    pub notes: &'a mut Vec<Note>,
    /// Facets by element and face.
    index: BTreeMap<(u32, u8), u32>,
    /// Whether a node belongs to an element.
    is_solid: Vec<bool>,
    /// Directions along which equations at one node hold it.
    slides: BTreeMap<u32, Vec<DVec3>>,
    pub(super) coupled: Vec<Coupled>,
    foundations: Foundations,
    pub(super) problem: Problem,
}

impl Problem {
    /// Reads the steps of a deck.
    pub fn of(deck: &Deck, skin: &Skin, notes: &mut Vec<Note>) -> Self {
        let mut is_solid = vec![false; deck.points.len()];
        for e in 0..deck.elements.len() {
            deck.nodes(e).iter().for_each(|n| is_solid[*n as usize] = true);
        }
        let index = skin.facets.iter().enumerate().map(|(k, f)| ((f.element, f.face), k as u32)).collect();
        let (slides, coupled, problem) = (BTreeMap::new(), Vec::new(), Self::default());
        let foundations = Foundations::default();
        let mut reader = Reader { deck, skin, notes, index, is_solid, slides, coupled, foundations, problem };
        reader.coupled = reader.couplings();
        reader.foundations = reader.foundations();
        reader.problem.ties = reader.ties();
        reader.equations();
        let mut standing = Standing::default();
        let mut stamp = 0;
        for action in &deck.model {
            reader.take(action, &mut standing, stamp);
        }
        for step in &deck.steps {
            stamp += 1;
            for action in &step.actions {
                reader.take(action, &mut standing, stamp);
            }
            let procedure = match &step.procedure {
                Some((_, Procedure::Other(_))) => continue,
                Some((_, procedure)) => procedure.clone(),
                None => {
                    reader
                        .note(step.line, format!("{} asks for nothing that is read, so it makes no study", step.name));
                    continue;
                }
            };
            reader.pose(step.line, &step.name, procedure, &standing);
        }
        if deck.steps.is_empty() {
            // A model without a question keeps its supports all the same.
            reader.pose(1, "Model", Procedure::Static, &standing);
            reader.problem.steps.clear();
        } else {
            reader.unused();
        }
        reader.notes.sort();
        reader.notes.dedup();
        reader.problem
    }
}

impl Reader<'_> {
    pub fn note(&mut self, line: usize, text: impl Into<String>) {
        self.notes.push(Note { line, text: text.into() });
    }

    /// Equations at one node hold it along a direction; those between nodes are not carried.
    fn equations(&mut self) {
        let (mut n, mut first) = (0, 0);
        let (bonds, ties) = self.followed_faces();
        self.problem.ties.extend(ties);
        self.note_widest();
        for (k, equation) in self.deck.equations.iter().enumerate() {
            if self.foundations.equations.contains(&k) || bonds.contains(&k) {
                continue;
            }
            let node = equation.terms.first().map_or(0, |t| t.0);
            let mut d = DVec3::ZERO;
            let single = equation.terms.iter().all(|(k, c, w)| {
                if let Some(to) = d.as_mut().get_mut(usize::from(*c).wrapping_sub(1)) {
                    *to += w;
                }
                *k == node && (1..=3).contains(c)
            });
            match d.try_normalize().filter(|_| single) {
                Some(d) => self.slides.entry(node).or_default().push(d),
                None => {
                    n += 1;
                    if n == 1 {
                        first = equation.line;
                    }
                }
            }
        }
        if n > 0 {
            let text = format!("{n} equations between nodes are left out; bodies that touch are taken as bonded");
            self.note(first, text);
        }
    }

    fn take(&mut self, action: &Action, standing: &mut Standing, stamp: u64) {
        let Action { family, fresh, amplitude, rows, .. } = action;
        let mut lost: Option<(usize, usize)> = None;
        match family {
            Family::Boundary => {
                if *fresh {
                    standing.held.clear();
                }
                for (line, target, act) in rows {
                    let (Act::Hold { first, last, value }, Some(nodes)) = (*act, self.deck.nodes_of(target)) else {
                        lost = Some(lost.map_or((*line, 1), |(l, n)| (l, n + 1)));
                        continue;
                    };
                    for node in nodes {
                        for c in first..=last {
                            let held = Held { value, line: *line, amplitude: amplitude.clone() };
                            standing.held.insert((*node, c), held);
                        }
                    }
                }
            }
            Family::NodeForce => {
                if *fresh {
                    standing.forces.clear();
                }
                for (line, target, act) in rows {
                    let (Act::Force { component, value }, Some(nodes)) = (*act, self.deck.nodes_of(target)) else {
                        lost = Some(lost.map_or((*line, 1), |(l, n)| (l, n + 1)));
                        continue;
                    };
                    let value = value * self.at_end(amplitude.as_deref(), *line);
                    let name = match target {
                        Target::Name(name) => name.clone(),
                        Target::Id(_) => String::new(),
                    };
                    for node in nodes {
                        // Lines of one step add up; those of a later step replace what was there.
                        let entry =
                            standing.forces.entry((name.clone(), *node, component)).or_insert((0.0, *line, stamp));
                        *entry =
                            if entry.2 == stamp { (entry.0 + value, entry.1, stamp) } else { (value, *line, stamp) };
                    }
                }
            }
            family => {
                let list = standing.rest.entry(*family).or_default();
                if *fresh {
                    list.clear();
                }
                for (line, target, act) in rows {
                    // The same label on the same target replaces what was said before.
                    list.insert((target.clone(), label(act)), (*line, target.clone(), *act, amplitude.clone()));
                }
            }
        }
        if let Some((line, n)) = lost {
            let word = match family {
                Family::Boundary => "*BOUNDARY",
                _ => "*CLOAD",
            };
            self.note(line, format!("{word} names nodes the deck does not define ({n} lines)"));
        }
    }

    /// The value of an amplitude at its end; 1 without one.
    pub(super) fn at_end(&mut self, amplitude: Option<&str>, line: usize) -> f64 {
        let Some(name) = amplitude else { return 1.0 };
        match self.deck.amplitudes.get(name).and_then(|t| t.last()) {
            Some([_, value]) => *value,
            None => {
                self.note(line, format!("the amplitude {name} is not there; the value is taken as constant"));
                1.0
            }
        }
    }

    /// Makes the items of a step, or finds those of steps before.
    fn pose(&mut self, line: usize, name: &str, procedure: Procedure, standing: &Standing) {
        let first = self.problem.items.len();
        let is_heat = matches!(procedure, Procedure::Heat { .. });
        if is_heat {
            self.kept_temperatures(standing);
        } else {
            self.supports(standing);
            for (line, what, facets) in self.foundations.beds.clone() {
                self.push(line, "", what, facets);
            }
            self.unstiffened(name, &procedure, standing);
        }
        if matches!(procedure, Procedure::Static) {
            self.bolts(standing);
        }
        if !is_heat && !matches!(procedure, Procedure::Frequency { .. }) {
            self.nodal_forces(standing);
        }
        for (family, rows) in &standing.rest {
            let rows = &in_order(rows);
            match (family, is_heat) {
                (Family::Distributed, false) if !matches!(procedure, Procedure::Frequency { .. }) => {
                    self.distributed(rows)
                }
                (Family::Flux | Family::Film | Family::Radiation, true) => self.heat(rows),
                (Family::NodeHeat, true) => self.node_heat(rows),
                _ => {}
            }
        }
        let warmth = standing.rest.get(&Family::Temperature).filter(|_| !is_heat);
        let warmth = warmth.and_then(|rows| self.one_temperature(&in_order(rows)));
        if let Some(rows) = standing.rest.get(&Family::Initial) {
            self.problem.initial = self.one_temperature(&in_order(rows));
        }
        // Equal conditions of several steps are one.
        let mut items = Vec::new();
        for item in self.problem.items.split_off(first) {
            let same = |o: &Item| o.what == item.what && o.facets == item.facets;
            let at = self.problem.items.iter().position(same).unwrap_or_else(|| {
                self.problem.items.push(item);
                self.problem.items.len() - 1
            });
            if !items.contains(&at) {
                items.push(at);
            }
        }
        self.problem.steps.push(Posed { line, name: name.into(), procedure, items, warmth });
    }

    pub fn push(&mut self, line: usize, name: &str, what: What, mut facets: Vec<u32>) {
        facets.sort_unstable();
        facets.dedup();
        self.problem.items.push(Item { line, name: name.into(), what, facets });
    }

    /// Names of the sets that lines of `held` name, with their nodes as flags.
    pub(super) fn targets(&self, family: Family) -> Vec<(String, Vec<bool>)> {
        let steps = self.deck.steps.iter().flat_map(|s| &s.actions);
        let actions = self.deck.model.iter().chain(steps).filter(|a| a.family == family);
        let mut names = BTreeSet::new();
        for (_, target, _) in actions.flat_map(|a| &a.rows) {
            if let Target::Name(name) = target {
                names.insert(name.clone());
            }
        }
        let flags = |name: String| {
            let mut flags = vec![false; self.deck.points.len()];
            let nodes = self.deck.nodes_of(&Target::Name(name.clone())).unwrap_or_default();
            nodes.iter().for_each(|n| flags[*n as usize] = true);
            (name, flags)
        };
        // Flags for every set of a deck with thousands of them would be too many.
        names.into_iter().take(64).map(flags).collect()
    }

    fn supports(&mut self, standing: &Standing) {
        let targets = self.targets(Family::Boundary);
        let mut groups: BTreeMap<(u8, [Option<u64>; 3], String), (usize, What, Vec<u32>)> = BTreeMap::new();
        let mut covered: BTreeSet<(u32, u8)> = BTreeSet::new();
        let mut covered_slides: BTreeSet<u32> = BTreeSet::new();
        for (k, facet) in self.skin.facets.iter().enumerate().filter(|(_, f)| !f.is_inner) {
            let nodes = facet.nodes();
            let common = |c: u8| {
                let first = standing.held.get(&(nodes[0], c))?.value;
                nodes.iter().all(|n| standing.held.get(&(*n, c)).is_some_and(|h| h.value == first)).then_some(first)
            };
            let pattern = [common(1), common(2), common(3)];
            let Some(normal) = facet.cross(self.deck).try_normalize() else { continue };
            let square = (0..3).find(|c| normal[*c].abs() > SQUARE);
            let only = |c: usize| (0..3).all(|d| pattern[d].is_some() == (c == d)) && pattern[c] == Some(0.0);
            let slides = pattern.iter().all(Option::is_none)
                && nodes.iter().any(|n| self.slides.contains_key(n))
                && nodes.iter().all(|n| self.held_along(standing, *n, normal));
            let (rank, what) = if pattern == [Some(0.0); 3] {
                (0, What::Fixed)
            } else if slides || square.is_some_and(only) {
                (1, What::Sliding)
            } else if pattern.iter().any(Option::is_some) {
                (2, What::Displacement(pattern))
            } else {
                continue;
            };
            for n in nodes {
                covered.extend((1..=3).filter(|c| pattern[usize::from(*c) - 1].is_some()).map(|c| (*n, c)));
                if slides {
                    covered_slides.insert(*n);
                    covered.extend((1..=3).map(|c| (*n, c)));
                }
            }
            let inside = |(_, flags): &&(String, Vec<bool>)| nodes.iter().all(|n| flags[*n as usize]);
            let name = targets.iter().find(inside).map(|t| t.0.clone()).unwrap_or_default();
            let line = (1..=3).find_map(|c| standing.held.get(&(nodes[0], c))).map_or(1, |h| h.line);
            let bits = if rank == 2 { pattern.map(|v| v.map(f64::to_bits)) } else { [None; 3] };
            groups.entry((rank, bits, name)).or_insert((line, what, Vec::new())).2.push(k as u32);
        }
        for ((_, _, name), (line, what, facets)) in groups {
            self.push(line, &name, what, facets);
        }
        self.coupled_supports(standing, &mut covered);
        self.uncovered(standing, &covered, 1..=3);
        let loose = self.slides.keys().filter(|n| !covered_slides.contains(n)).count();
        // A node where a sliding face meets one that is held belongs to the latter.
        let first = self.deck.equations.first().map_or(1, |e| e.line);
        if loose > 0 && covered_slides.is_empty() {
            self.note(
                first,
                format!("equations at {loose} nodes hold no whole face along its normal and are left out"),
            );
        }
    }

    /// Whether a node cannot move along `normal`.
    fn held_along(&self, standing: &Standing, node: u32, normal: DVec3) -> bool {
        let mut basis: Vec<DVec3> = Vec::new();
        let axes = (1..=3u8).filter(|c| standing.held.get(&(node, *c)).is_some_and(|h| h.value == 0.0));
        let axes = axes.map(|c| DVec3::AXES[usize::from(c) - 1]);
        for d in axes.chain(self.slides.get(&node).into_iter().flatten().copied()) {
            let rest = basis.iter().fold(d, |d, b| d - *b * d.dot(*b));
            if rest.length() > 1e-6 {
                basis.push(rest.normalize());
            }
        }
        basis.iter().map(|b| b.dot(normal).powi(2)).sum::<f64>().sqrt() > SLIDES
    }

    /// Says which held nodes no facet took up.
    pub(super) fn uncovered(
        &mut self,
        standing: &Standing,
        covered: &BTreeSet<(u32, u8)>,
        components: std::ops::RangeInclusive<u8>,
    ) {
        let mut by_line: BTreeMap<usize, (BTreeSet<u32>, bool)> = BTreeMap::new();
        for ((node, c), held) in &standing.held {
            let helps = self.foundations.helpers.contains(node) || self.pulls(*node);
            if components.contains(c) && !helps && !covered.contains(&(*node, *c)) {
                let entry = by_line.entry(held.line).or_default();
                entry.0.insert(*node);
                entry.1 |= self.is_solid[*node as usize];
            }
        }
        // Single nodes have a line each: one note for many.
        let n_lines = by_line.len();
        for (k, (line, (nodes, solid))) in by_line.into_iter().enumerate() {
            if k == 20 {
                self.note(line, format!("and {} more lines that hold no whole face", n_lines - k));
                break;
            }
            let n = nodes.len();
            self.note(line, if solid {
                format!(
                    "what is held at {n} node{} lies on no whole face of an element (a point, an edge or the inside) and is \
                     left out",
                    if n == 1 { "" } else { "s" }
                )
            } else {
                format!("what is held at {n} nodes that belong to no solid is left out")
            });
        }
    }

    fn nodal_forces(&mut self, standing: &Standing) {
        let mut sets: BTreeMap<&str, (usize, BTreeMap<u32, DVec3>)> = BTreeMap::new();
        let mut turned = None;
        let taken = self.coupled_forces(standing);
        for ((name, node, c), (value, line, _)) in &standing.forces {
            if *value == 0.0 || taken.contains(&(*node, *c)) || self.pulls(*node) {
                continue;
            }
            if !(1..=3).contains(c) {
                turned.get_or_insert(*line);
                continue;
            }
            let set = sets.entry(name).or_insert((*line, BTreeMap::new()));
            set.0 = set.0.min(*line);
            set.1.entry(*node).or_default()[usize::from(*c) - 1] += value;
        }
        if let Some(line) = turned {
            self.note(line, "moments at nodes are left out: solids have no rotations there");
        }
        for (name, (line, forces)) in sets {
            force::carry(self, line, name, &forces);
        }
    }

    /// The facets that a line on element faces or a surface means; the line's faces inside bodies are said.
    fn facets(&mut self, line: usize, target: &Target, face: Option<u8>) -> Vec<u32> {
        let faces: Vec<(u32, u8)> = match face {
            Some(face) => match self.deck.elements_of(target) {
                Some(elements) => elements.iter().map(|e| (*e, face)).collect(),
                None => Vec::new(),
            },
            None => self.deck.surface_of(target).map(|s| s.faces.clone()).unwrap_or_default(),
        };
        let found: Vec<u32> = faces.iter().filter_map(|f| self.index.get(f).copied()).collect();
        if faces.is_empty() {
            self.note(line, "the line names elements or a surface that the deck does not define; it is left out");
        } else if found.is_empty() {
            self.note(line, "the faces lie inside the bodies; what acts there is left out");
        } else if found.len() < faces.len() && face.is_some() {
            self.note(line, format!("{} of {} faces lie inside the bodies", faces.len() - found.len(), faces.len()));
        }
        found
    }

    /// Facets of lines that say the same, together.
    pub(super) fn gather<T: PartialEq + Clone>(
        &mut self,
        rows: &[Row],
        value: impl Fn(&Act) -> Option<(Option<u8>, T)>,
    ) -> Vec<(usize, String, Option<String>, T, Vec<u32>)> {
        let mut out: Vec<(usize, String, Option<String>, T, Vec<u32>)> = Vec::new();
        for (line, target, act, amplitude) in rows {
            let Some((face, value)) = value(act) else { continue };
            let facets = self.facets(*line, target, face);
            let name = match target {
                Target::Name(name) if face.is_none() => name.clone(),
                _ => String::new(),
            };
            let same =
                |o: &(usize, String, Option<String>, T, Vec<u32>)| o.1 == name && o.2 == *amplitude && o.3 == value;
            match out.iter().position(same) {
                Some(k) => out[k].4.extend(facets),
                None if out.len() == VALUES_MAX => {
                    self.note(
                        *line,
                        format!("more than {VALUES_MAX} different values on faces; from here on they are left out"),
                    );
                    break;
                }
                None => out.push((*line, name, amplitude.clone(), value, facets)),
            }
        }
        out.retain(|o| !o.4.is_empty());
        out
    }

    fn distributed(&mut self, rows: &[Row]) {
        let pressure = |act: &Act| match act {
            Act::Pressure { face, value } => Some((*face, *value)),
            _ => None,
        };
        for (line, name, amplitude, value, facets) in self.gather(rows, pressure) {
            let value = value * self.at_end(amplitude.as_deref(), line);
            self.push(line, &name, What::Pressure(value), facets);
        }
        let traction = |act: &Act| match act {
            Act::Traction(vector) => Some((None, *vector)),
            _ => None,
        };
        for (line, name, amplitude, vector, facets) in self.gather(rows, traction) {
            let area: f64 = facets.iter().map(|k| super::shape::area(self.deck, &self.skin.facets[*k as usize])).sum();
            let force = DVec3::from(vector) * area * self.at_end(amplitude.as_deref(), line);
            self.push(line, &name, What::Force(force), facets);
        }
        // What acts on mass acts on all of it in a design.
        let mut heavy: Vec<(usize, What, BTreeSet<u32>)> = Vec::new();
        for (line, target, act, amplitude) in rows {
            let what = match act {
                Act::Gravity(g) => What::Gravity(DVec3::from(*g) * self.at_end(amplitude.as_deref(), *line)),
                Act::Spin { squared, point, axis } => {
                    let squared = squared * self.at_end(amplitude.as_deref(), *line);
                    What::Spin { squared, point: *point, axis: *axis }
                }
                _ => continue,
            };
            let elements = self.deck.elements_of(target).unwrap_or_default();
            match heavy.iter_mut().find(|h| h.1 == what) {
                Some(h) => h.2.extend(elements),
                None => heavy.push((*line, what, elements.iter().copied().collect())),
            }
        }
        for (line, what, elements) in heavy {
            if elements.len() == self.deck.elements.len() {
                self.push(line, "", what, Vec::new());
            } else {
                let n = elements.len();
                let text = format!(
                    "gravity or turning of {n} of {} elements is left out: in a design it acts on all bodies",
                    self.deck.elements.len()
                );
                self.note(line, text);
            }
        }
    }

    /// The facet that is a face of an element.
    pub(super) fn facet(&self, face: (u32, u8)) -> Option<u32> {
        self.index.get(&face).copied()
    }

    /// How many of `nodes` lie on the outside.
    pub(super) fn n_on_skin(&self, nodes: &BTreeSet<u32>) -> usize {
        let outer = self.skin.facets.iter().filter(|f| !f.is_inner).flat_map(|f| f.nodes());
        outer.filter(|n| nodes.contains(n)).collect::<BTreeSet<_>>().len()
    }

    /// Outer facets all of whose nodes pass.
    pub fn on(&self, test: &dyn Fn(u32) -> bool) -> Vec<u32> {
        let facets = self.skin.facets.iter().enumerate().filter(|(_, f)| !f.is_inner);
        facets.filter(|(_, f)| f.nodes().iter().all(|n| test(*n))).map(|(k, _)| k as u32).collect()
    }

    /// Whether a node belongs to an element.
    pub fn is_solid(&self, node: u32) -> bool {
        self.is_solid[node as usize]
    }
}

/// What a line is about, so that lines on one target that say the same thing can replace each other.
fn label(act: &Act) -> u64 {
    let face = |face: &Option<u8>| face.map_or(100, u64::from);
    match act {
        Act::Pressure { face: f, .. }
        | Act::Flux { face: f, .. }
        | Act::Film { face: f, .. }
        | Act::Radiation { face: f, .. } => face(f),
        Act::Traction(_) => 101,
        Act::Source(_) => 102,
        Act::Spin { .. } => 103,
        // Gravity along several directions adds up.
        Act::Gravity(g) => {
            let direction = DVec3::from(*g).normalize_or_zero();
            direction.to_array().iter().fold(104, |h, c| h.wrapping_mul(31).wrapping_add((c + 0.0).to_bits()))
        }
        _ => 105,
    }
}

/// Rows in the order of their lines.
fn in_order(rows: &BTreeMap<(Target, u64), Row>) -> Vec<Row> {
    let mut rows: Vec<Row> = rows.values().cloned().collect();
    rows.sort_by_key(|r| r.0);
    rows
}
