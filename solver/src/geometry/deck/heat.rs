//! What the steps of a deck say about heat.

use super::posed::{Course, What};
use super::problem::{Held, Reader, Row, Standing};
use crate::format::inp::{Act, Family, Target};
use std::collections::{BTreeMap, BTreeSet};

impl Reader<'_> {
    pub(super) fn kept_temperatures(&mut self, standing: &Standing) {
        let targets = self.targets(Family::Boundary);
        let mut groups: BTreeMap<(u64, Option<String>, String), (usize, Vec<u32>)> = BTreeMap::new();
        let mut covered = BTreeSet::new();
        for (k, facet) in self.skin.facets.iter().enumerate().filter(|(_, f)| !f.is_inner) {
            let nodes = facet.nodes();
            let Some(first) = standing.held.get(&(nodes[0], 11)) else { continue };
            let same = |h: &Held| h.value == first.value && h.amplitude == first.amplitude;
            if !nodes.iter().all(|n| standing.held.get(&(*n, 11)).is_some_and(same)) {
                continue;
            }
            covered.extend(nodes.iter().map(|n| (*n, 11)));
            let inside = |(_, flags): &&(String, Vec<bool>)| nodes.iter().all(|n| flags[*n as usize]);
            let name = targets.iter().find(inside).map(|t| t.0.clone()).unwrap_or_default();
            let key = (first.value.to_bits(), first.amplitude.clone(), name);
            groups.entry(key).or_insert((first.line, Vec::new())).1.push(k as u32);
        }
        for ((bits, amplitude, name), (line, facets)) in groups {
            let course = Course { value: f64::from_bits(bits), amplitude };
            self.push(line, &name, What::Temperature(course), facets);
        }
        self.uncovered(standing, &covered, 11..=11);
    }

    pub(super) fn heat(&mut self, rows: &[Row]) {
        let course = |value: f64, amplitude: Option<String>| Course { value, amplitude };
        let flux = |act: &Act| match act {
            Act::Flux { face, value } => Some((*face, *value)),
            _ => None,
        };
        for (line, name, amplitude, value, facets) in self.gather(rows, flux) {
            self.push(line, &name, What::Flux(course(value, amplitude)), facets);
        }
        let film = |act: &Act| match act {
            Act::Film { face, ambient, film } => Some((*face, (*ambient, *film))),
            _ => None,
        };
        for (line, name, amplitude, (ambient, film), facets) in self.gather(rows, film) {
            self.push(line, &name, What::Film { ambient: course(ambient, amplitude), film }, facets);
        }
        let radiation = |act: &Act| match act {
            Act::Radiation { face, ambient, emissivity } => Some((*face, (*ambient, *emissivity))),
            _ => None,
        };
        for (line, name, amplitude, (ambient, emissivity), facets) in self.gather(rows, radiation) {
            self.push(line, &name, What::Radiation { ambient: course(ambient, amplitude), emissivity }, facets);
        }
        for (line, target, act, amplitude) in rows {
            let Act::Source(value) = act else { continue };
            let elements = self.deck.elements_of(target).unwrap_or_default();
            let mut count = vec![0; self.skin.parts.len()];
            elements.iter().for_each(|e| count[self.skin.part_of[*e as usize] as usize] += 1);
            let parts: Vec<u32> = (0..count.len() as u32).filter(|p| count[*p as usize] > 0).collect();
            let whole = parts.iter().all(|p| count[*p as usize] == self.skin.parts[*p as usize].n_elements);
            if whole && !parts.is_empty() {
                let density = course(*value, amplitude.clone());
                self.push(*line, "", What::Source { density, parts }, Vec::new());
            } else {
                self.note(*line, "heat in a part of a body is left out: in a design it is made in whole bodies");
            }
        }
    }

    pub(super) fn node_heat(&mut self, rows: &[Row]) {
        for (line, target, act, amplitude) in rows {
            let (Act::NodeHeat(value), Some(nodes)) = (act, self.deck.nodes_of(target)) else { continue };
            let all: BTreeSet<u32> = nodes.iter().copied().collect();
            let facets: Vec<u32> = self.on(&|n| all.contains(&n));
            let total = value * nodes.len() as f64;
            if facets.is_empty() {
                self.note(*line, "heat into nodes that make no whole face is left out");
                continue;
            }
            self.note(*line, "heat into nodes is spread evenly over their faces");
            let name = if let Target::Name(name) = target { name.as_str() } else { "" };
            self.push(*line, name, What::Heat(Course { value: total, amplitude: amplitude.clone() }), facets);
        }
    }

    /// The one temperature that all nodes have.
    pub(super) fn one_temperature(&mut self, rows: &[Row]) -> Option<f64> {
        let (line, ..) = rows.first()?;
        let mut at: BTreeMap<u32, f64> = BTreeMap::new();
        for (line, target, act, amplitude) in rows {
            let (Act::Temperature(value), Some(nodes)) = (act, self.deck.nodes_of(target)) else { continue };
            let value = value * self.at_end(amplitude.as_deref(), *line);
            at.extend(nodes.iter().map(|n| (*n, value)));
        }
        let solid = (0..self.deck.points.len() as u32).filter(|n| self.is_solid(*n));
        let mut values = solid.map(|n| at.get(&n).copied());
        let first = values.next()??;
        if values.all(|v| v == Some(first)) {
            return Some(first);
        }
        self.note(*line, "temperatures that differ from node to node are left out: set up a heat study instead");
        None
    }
}
