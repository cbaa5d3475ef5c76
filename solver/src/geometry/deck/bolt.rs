//! Preloaded bolts: the shanks that a deck cuts across.

use super::posed::{Preload, What};
use super::problem::{Reader, Standing};
use crate::format::inp::{Act, Family, Target};
use std::collections::{BTreeMap, BTreeSet};

impl Reader<'_> {
    /// Nodes by which the sides of a cut are moved.
    pub(super) fn pulls(&self, node: u32) -> bool {
        self.deck.cuts.iter().any(|c| c.reference == node)
    }

    /// The bolts of a static step: each with what its own node is given.
    pub(super) fn bolts(&mut self, standing: &Standing) {
        let deck = self.deck;
        for cut in &deck.cuts {
            let held = standing.held.get(&(cut.reference, 1)).cloned();
            let force = standing.forces.iter().filter(|((_, node, c), _)| *node == cut.reference && *c == 1);
            let force: f64 = force.map(|(_, f)| f.0).sum();
            let preload = match held {
                Some(held) => match held.value * self.at_end(held.amplitude.as_deref(), cut.line) {
                    0.0 => self.locked(cut.reference, held.line, force),
                    way => Preload::Shortening(way),
                },
                None => Preload::Force(force),
            };
            let (Preload::Shortening(size) | Preload::Force(size)) = preload;
            if size == 0.0 {
                continue;
            }
            if size < 0.0 {
                self.note(cut.line, "a bolt that is pressed apart instead of tightened is left out");
                continue;
            }
            let nodes: BTreeSet<u32> = cut.nodes.iter().copied().collect();
            // The wall of the shank: outer faces of elements that have an edge in the cut.
            let facets = self.skin.facets.iter().enumerate().filter(|(_, f)| !f.is_inner);
            let edged = facets.filter(|(_, f)| f.corners().iter().filter(|n| nodes.contains(n)).count() > 1);
            let facets: Vec<u32> = edged.map(|(k, _)| k as u32).collect();
            if facets.is_empty() {
                self.note(cut.line, "a bolt's cut reaches no outer face: its shank is not found, and it is left out");
                continue;
            }
            self.push(cut.line, "", What::Bolt(preload), facets);
        }
    }

    /// The preload of a bolt whose node `line` holds at 0, as FIXED reads too; `force` stands at it all the same.
    fn locked(&mut self, node: u32, line: usize, force: f64) -> Preload {
        let before = self.before(node, line);
        match before {
            Preload::Force(f) if f != 0.0 => {
                self.note(line, "the bolt is held as the step before left it, and keeps the preload of that step");
                return before;
            }
            // FIXED and a way back to 0 read alike.
            Preload::Shortening(_) => self.note(
                line,
                "the bolt that a step before shortened is held at 0: its preload is left out from here on; where it was to \
                 stay, repeat the length that the step before gives",
            ),
            Preload::Force(_) if force != 0.0 => self.note(
                line,
                "the force on the bolt is left out: its node is held at 0, and no step before has tightened it",
            ),
            Preload::Force(_) => {}
        }
        Preload::Force(0.0)
    }

    /// How tight a bolt is before the step that has line `until`.
    fn before(&mut self, node: u32, until: usize) -> Preload {
        let deck = self.deck;
        let mut held: Option<f64> = None;
        let mut forces: BTreeMap<&Target, (f64, usize)> = BTreeMap::new();
        let mut preload = Preload::Force(0.0);
        let steps = deck.steps.iter().map(|s| &s.actions);
        for (step, actions) in std::iter::once(&deck.model).chain(steps).enumerate() {
            if actions.iter().flat_map(|a| &a.rows).any(|(line, ..)| *line == until) {
                break;
            }
            for action in actions {
                match action.family {
                    Family::Boundary if action.fresh => held = None,
                    Family::NodeForce if action.fresh => forces.clear(),
                    _ => {}
                }
                for (line, target, act) in &action.rows {
                    if !matches!(act, Act::Hold { first: 1, .. } | Act::Force { component: 1, .. })
                        || deck.nodes_of(target).is_none_or(|nodes| !nodes.contains(&node))
                    {
                        continue;
                    }
                    let by = self.at_end(action.amplitude.as_deref(), *line);
                    match act {
                        Act::Hold { value, .. } => held = Some(value * by),
                        Act::Force { value, .. } => {
                            // Lines of one step add up; those of a later step replace what was there.
                            let entry = forces.entry(target).or_insert((0.0, step));
                            let so_far = if entry.1 == step { entry.0 } else { 0.0 };
                            *entry = (so_far + value * by, step);
                        }
                        _ => {}
                    }
                }
            }
            match held {
                None => preload = Preload::Force(forces.values().map(|f| f.0).sum()),
                Some(way) if way != 0.0 => preload = Preload::Shortening(way),
                // Locked: what was, stays.
                Some(_) => {}
            }
        }
        preload
    }
}
