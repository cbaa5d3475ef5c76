//! Preloaded bolts: the shanks that a deck cuts across.

use super::posed::{Preload, What};
use super::problem::{Reader, Standing};
use std::collections::BTreeSet;

impl Reader<'_> {
    /// Nodes by which the sides of a cut are moved.
    pub(super) fn pulls(&self, node: u32) -> bool {
        self.deck.cuts.iter().any(|c| c.reference == node)
    }

    /// The bolts of a static step: each with what its own node is given.
    pub(super) fn bolts(&mut self, standing: &Standing) {
        let deck = self.deck;
        for cut in &deck.cuts {
            let given = standing.held.get(&(cut.reference, 1)).map(|h| (h.value, h.amplitude.clone()));
            let force = standing.forces.iter().filter(|((_, node, c), _)| *node == cut.reference && *c == 1);
            let force: f64 = force.map(|(_, f)| f.0).sum();
            let preload = match given {
                Some((way, amplitude)) => Preload::Shortening(way * self.at_end(amplitude.as_deref(), cut.line)),
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
}
