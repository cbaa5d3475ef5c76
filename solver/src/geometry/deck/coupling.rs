//! Couplings: what loads or holds a reference node, on the faces that follow it.

use super::posed::What;
use super::problem::{Reader, Standing};
use crate::format::inp::{Coupling, Link, Procedure, Region};
use glam::DVec3;
use std::collections::{BTreeMap, BTreeSet};

/// A moment below this share of the forces times their distances is rounding.
const NOTHING: f64 = 1e-9;
/// Cosine within which an axis is one of the model's.
const ALONG: f64 = 1.0 - 1e-9;

/// A coupling with the facets it takes hold of.
#[derive(Clone)]
pub(super) struct Coupled {
    pub line: usize,
    pub keyword: String,
    pub name: String,
    pub link: Link,
    pub follows: [bool; 6],
    pub reference: u32,
    pub rotation: Option<u32>,
    /// Ascending.
    pub facets: Vec<u32>,
    /// Of what is coupled, facets or not.
    pub nodes: BTreeSet<u32>,
    /// Something was carried by it.
    pub is_used: bool,
}

impl Coupled {
    fn is_rigid(&self) -> bool {
        self.link == Link::Kinematic && self.follows[..3] == [true; 3]
    }

    /// Where it is loaded and held.
    fn at(&self, reader: &Reader) -> DVec3 {
        reader.deck.points[self.reference as usize].into()
    }

    /// The component, 0 to 5, that `component` of `node` from 1 is.
    fn component(&self, node: u32, component: u8) -> Option<usize> {
        match component {
            1..=6 if node == self.reference => Some(usize::from(component) - 1),
            1..=3 if Some(node) == self.rotation => Some(usize::from(component) + 2),
            _ => None,
        }
    }
}

impl Reader<'_> {
    /// The couplings of the deck, those that share a reference node as one.
    pub(super) fn couplings(&mut self) -> Vec<Coupled> {
        let mut out: Vec<Coupled> = Vec::new();
        for coupling in &self.deck.couplings {
            let Some(read) = self.take_hold(coupling) else { continue };
            match out.iter_mut().find(|o| o.reference == read.reference) {
                // Solid pieces that follow one node are one solid piece.
                Some(other) if other.is_rigid() && read.is_rigid() => {
                    other.facets.extend(&read.facets);
                    other.facets.sort_unstable();
                    other.facets.dedup();
                    other.nodes.extend(&read.nodes);
                    other.rotation = other.rotation.or(read.rotation);
                }
                Some(other) => {
                    let text = format!(
                        "{} shares its reference node with that of line {}: how they share a load is not known, so this one is \
                         left out; couple both regions as one surface",
                        read.keyword, other.line
                    );
                    self.note(read.line, text);
                }
                None => out.push(read),
            }
        }
        out
    }

    /// The facets and nodes that a coupling takes hold of.
    fn take_hold(&mut self, coupling: &Coupling) -> Option<Coupled> {
        let Coupling { line, keyword, .. } = coupling;
        let one = |this: &mut Self, target, what: &str| match this.deck.nodes_of(target) {
            Some([node]) => Some(*node),
            other => {
                let n = other.map_or(0, <[u32]>::len);
                let text = format!(
                    "{keyword} is left out: its {what} must name one node, and it names {}; define that under *NODE",
                    if n == 0 { "none that the deck defines".into() } else { format!("{n}") }
                );
                this.note(*line, text);
                None
            }
        };
        let reference = one(self, &coupling.reference, "REF NODE")?;
        let rotation = match &coupling.rotation {
            Some(target) => Some(one(self, target, "ROT NODE")?),
            None => None,
        };
        if let Some(name) = &coupling.orientation
            && !(coupling.follows == [true; 6] && coupling.link == Link::Kinematic)
            && !self.deck.orientations.get(name).is_some_and(|[x, y]| {
                DVec3::from(*x).normalize_or_zero().x > ALONG && DVec3::from(*y).normalize_or_zero().y > ALONG
            })
        {
            let text = format!(
                "{keyword} is left out: its components are along the axes of {name}, which are others than the model's; write \
                 it along x, y and z"
            );
            self.note(*line, text);
            return None;
        }
        let (mut nodes, mut facets, mut lost) = (BTreeSet::new(), Vec::new(), false);
        match &coupling.region {
            Region::Surface(target) => match self.deck.surface_of(target) {
                Some(surface) => {
                    facets = surface.faces.iter().filter_map(|f| self.facet(*f)).collect();
                    nodes.extend(&surface.nodes);
                }
                None => lost = true,
            },
            Region::Nodes(targets) => {
                for target in targets {
                    match self.deck.nodes_of(target) {
                        Some(of) => nodes.extend(of),
                        None => lost = true,
                    }
                }
            }
            Region::Elements(target) => match self.deck.elements_of(target) {
                Some(elements) => nodes.extend(elements.iter().flat_map(|e| self.deck.nodes(*e as usize))),
                None => lost = true,
            },
        }
        if lost {
            let text = format!("{keyword} names a surface, nodes or elements that the deck does not define");
            self.note(*line, text);
        }
        nodes.remove(&reference);
        if !nodes.is_empty() {
            facets.extend(self.on(&|n| nodes.contains(&n)));
        }
        facets.sort_unstable();
        facets.dedup();
        let covered: BTreeSet<u32> =
            facets.iter().flat_map(|k| self.skin.facets[*k as usize].nodes().iter().copied()).collect();
        // What lies inside a body that is rigid as a whole follows its skin.
        let off: BTreeSet<u32> = nodes.difference(&covered).copied().collect();
        let n_off = if off.is_empty() { 0 } else { self.n_on_skin(&off) };
        if facets.is_empty() {
            let text = format!(
                "{keyword} is left out: what it couples is no whole face of an element; load or hold the faces beside it by hand"
            );
            self.note(*line, text);
            return None;
        }
        if n_off > 0 {
            let text = format!("{keyword}: {n_off} of its nodes lie on no whole face of an element and are left out");
            self.note(*line, text);
        }
        nodes.extend(covered);
        Some(Coupled {
            line: *line,
            keyword: keyword.clone(),
            name: coupling.name.clone(),
            link: coupling.link,
            follows: coupling.follows,
            reference,
            rotation,
            facets,
            nodes,
            is_used: false,
        })
    }

    /// Loads of reference nodes, and of the nodes of solid pieces; returns the nodes and components that they account for.
    pub(super) fn coupled_forces(&mut self, standing: &Standing) -> BTreeSet<(u32, u8)> {
        let mut taken = BTreeSet::new();
        let mut couplings = std::mem::take(&mut self.coupled);
        for coupled in &mut couplings {
            let at = coupled.at(self);
            // By component; and what single nodes of a solid piece add to it.
            let (mut sum, mut arms, mut line) = ([0.0; 6], 0.0f64, usize::MAX);
            for ((_, node, c), (value, from, _)) in &standing.forces {
                let own = coupled.component(*node, *c);
                let moved = own.is_none() && coupled.is_rigid() && coupled.nodes.contains(node) && (1..=3).contains(c);
                if own.is_none() && !moved {
                    continue;
                }
                taken.insert((*node, *c));
                if *value == 0.0 {
                    continue;
                }
                line = line.min(*from);
                if let Some(k) = own {
                    sum[k] += value;
                } else {
                    let force = DVec3::AXES[usize::from(*c) - 1] * *value;
                    let arm = DVec3::from(self.deck.points[*node as usize]) - at;
                    let moment = arm.cross(force);
                    arms += moment.length();
                    for k in 0..3 {
                        sum[k] += force[k];
                        sum[k + 3] += moment[k];
                    }
                }
            }
            if line == usize::MAX {
                continue;
            }
            coupled.is_used = true;
            if coupled.link == Link::Kinematic && !coupled.is_rigid() {
                let text = format!(
                    "what loads the reference node of {} at line {} is left out: its faces follow along some axes only, and a \
                     design's faces follow as a solid piece or not at all",
                    coupled.keyword, coupled.line
                );
                self.note(line, text);
                continue;
            }
            if coupled.link == Link::Distributing {
                let lost: Vec<&str> = (0..6)
                    .filter(|k| sum[*k] != 0.0 && !coupled.follows[*k])
                    .map(|k| {
                        [
                            "force along x",
                            "force along y",
                            "force along z",
                            "moment about x",
                            "moment about y",
                            "moment about z",
                        ][k]
                    })
                    .collect();
                if !lost.is_empty() {
                    let text = format!(
                        "{} is left out: {} at line {} does not carry it; name its component there",
                        lost.join(", "),
                        coupled.keyword,
                        coupled.line
                    );
                    self.note(line, text);
                }
                (0..6).filter(|k| !coupled.follows[*k]).for_each(|k| sum[k] = 0.0);
            }
            let force = DVec3::new(sum[0], sum[1], sum[2]);
            let mut moment = DVec3::new(sum[3], sum[4], sum[5]);
            if moment.length() <= NOTHING * arms {
                moment = DVec3::ZERO;
            }
            let (rigid, facets) = (coupled.link == Link::Kinematic, &coupled.facets);
            if force != DVec3::ZERO {
                self.push(line, &coupled.name, What::RemoteForce { force, at, rigid }, facets.clone());
            }
            if moment != DVec3::ZERO {
                self.push(line, &coupled.name, What::RemoteMoment { moment, rigid }, facets.clone());
            }
        }
        self.coupled = couplings;
        taken
    }

    /// Supports of reference nodes; adds to `covered` the nodes and components that they or a note account for.
    pub(super) fn coupled_supports(&mut self, standing: &Standing, covered: &mut BTreeSet<(u32, u8)>) {
        let mut couplings = std::mem::take(&mut self.coupled);
        for coupled in &mut couplings {
            let (mut ways, mut line) = ([None; 6], usize::MAX);
            let nodes = [Some(coupled.reference), coupled.rotation];
            for node in nodes.into_iter().flatten() {
                for c in 1..=6 {
                    if let (Some(held), Some(k)) = (standing.held.get(&(node, c)), coupled.component(node, c)) {
                        ways[k] = Some(held.value);
                        line = line.min(held.line);
                    }
                    covered.insert((node, c));
                }
            }
            if line == usize::MAX {
                continue;
            }
            coupled.is_used = true;
            let is_fast = ways == [Some(0.0); 6];
            let (keyword, name, at) = (&coupled.keyword, &coupled.name, coupled.line);
            let what = match coupled.link {
                Link::Kinematic if is_fast && coupled.is_rigid() => What::Fixed,
                Link::Kinematic if is_fast => {
                    What::Displacement(std::array::from_fn(|k| coupled.follows[k].then_some(0.0)))
                }
                Link::Kinematic if coupled.is_rigid() => What::Remote { at: coupled.at(self), ways },
                Link::Distributing if is_fast => {
                    let text = format!(
                        "the reference node of {keyword} at line {at} is held: its faces are fixed, which is stiffer than holding \
                         them in the mean"
                    );
                    self.note(line, text);
                    What::Fixed
                }
                _ => {
                    let why = match coupled.link {
                        Link::Distributing => "holding some motions of faces in the mean",
                        Link::Kinematic => "holding some motions of faces that follow along some axes only",
                    };
                    let text = format!(
                        "what holds the reference node of {keyword} at line {at} is left out: a design has no support for {why}; \
                         add a remote displacement on {name} if it may be stiffer"
                    );
                    self.note(line, text);
                    continue;
                }
            };
            self.push(line, name, what, coupled.facets.clone());
        }
        self.coupled = couplings;
    }

    /// Says which solid pieces a study of modes does not have, as nothing holds them there.
    pub(super) fn unstiffened(&mut self, name: &str, procedure: &Procedure, standing: &Standing) {
        if !matches!(procedure, Procedure::Frequency { .. }) {
            return;
        }
        let held = |n: Option<u32>| n.is_some_and(|n| (1..=6).any(|c| standing.held.contains_key(&(n, c))));
        let mut notes: BTreeMap<usize, String> = BTreeMap::new();
        for c in self.coupled.iter_mut().filter(|c| c.link == Link::Kinematic) {
            c.is_used = true;
            if !held(Some(c.reference)) && !held(c.rotation) {
                let text = format!(
                    "{} makes its faces one solid piece, which {name} does not: its frequencies may be lower; hold the faces, \
                     or give the body a stiffer material",
                    c.keyword
                );
                notes.insert(c.line, text);
            }
        }
        notes.into_iter().for_each(|(line, text)| self.note(line, text));
    }

    /// Says which couplings do nothing in a design though they stiffen their faces.
    pub(super) fn unused(&mut self) {
        let idle: Vec<(usize, String)> = self
            .coupled
            .iter()
            .filter(|c| c.link == Link::Kinematic && !c.is_used)
            .map(|c| {
                let text = format!(
                    "{} makes its faces one solid piece, though nothing loads or holds its reference node; the faces come as \
                     soft as they are",
                    c.keyword
                );
                (c.line, text)
            })
            .collect();
        idle.into_iter().for_each(|(line, text)| self.note(line, text));
    }
}
