//! The bodies of a deck: elements of one section that hang together, and the faces they show outside.

use crate::format::Triangles;
use crate::format::inp::{Deck, Note};
use glam::DVec3;
use std::collections::{BTreeMap, HashMap};

/// Pieces of one section above which they stay one body: a cloud of crumbs is no assembly.
const PIECES_MAX: usize = 50;
/// Way of a middle node from the middle of its side, as a share of the side, below which the side is straight.
const STRAIGHT: f64 = 1e-4;

/// A body of the deck.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The element set of its section, or the instance, with the set where it has several; further pieces are numbered.
    pub name: String,
    /// Index into [`Deck::sections`]; `None` for elements that no section names.
    pub section: Option<usize>,
    pub n_elements: usize,
}

/// A face of an element on the surface of its part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facet {
    pub part: u32,
    pub element: u32,
    /// From 0.
    pub face: u8,
    /// Corners turning outwards, then the middle after each where `has_middles`. Indices of the deck.
    nodes: [u32; 8],
    n_corners: u8,
    has_middles: bool,
    /// Another part lies on the other side.
    pub is_inner: bool,
}

impl Facet {
    pub fn corners(&self) -> &[u32] {
        &self.nodes[..usize::from(self.n_corners)]
    }

    /// The middle of each side, from corner k to the next.
    pub fn middles(&self) -> &[u32] {
        let n = usize::from(self.n_corners);
        if self.has_middles { &self.nodes[n..2 * n] } else { &[] }
    }

    /// All nodes: corners, then middles.
    pub fn nodes(&self) -> &[u32] {
        &self.nodes[..self.corners().len() + self.middles().len()]
    }

    /// Twice the area times the outward normal of the flat corners.
    pub fn cross(&self, deck: &Deck) -> DVec3 {
        let at = |k: usize| DVec3::from(deck.points[self.corners()[k] as usize]);
        match self.n_corners {
            3 => (at(1) - at(0)).cross(at(2) - at(0)),
            _ => (at(2) - at(0)).cross(at(3) - at(1)),
        }
    }
}

/// What a deck shows outside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Skin {
    pub parts: Vec<Part>,
    /// Part of each element.
    pub part_of: Vec<u32>,
    /// By part, element and face.
    pub facets: Vec<Facet>,
}

struct Groups(Vec<u32>);

impl Groups {
    fn root(&mut self, mut i: u32) -> u32 {
        while self.0[i as usize] != i {
            let up = self.0[self.0[i as usize] as usize];
            self.0[i as usize] = up;
            i = up;
        }
        i
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        self.0[high as usize] = low;
    }
}

/// Which part each element belongs to.
fn parts(deck: &Deck, notes: &mut Vec<Note>) -> (Vec<Part>, Vec<u32>) {
    const NONE: u32 = u32::MAX;
    let n = deck.elements.len();
    let mut section_of = vec![NONE; n];
    for (k, section) in deck.sections.iter().enumerate() {
        let target = crate::format::inp::Target::Name(section.elements.clone());
        match deck.elements_of(&target) {
            Some(elements) => elements.iter().for_each(|e| section_of[*e as usize] = k as u32),
            None => notes.push(Note {
                line: section.line,
                text: format!("*SOLID SECTION names the element set {}, which is not there", section.elements),
            }),
        }
    }
    let mut groups = Groups((0..n as u32).collect());
    // The first element of each section at a node; the others there hang together with it.
    let mut first: HashMap<(u32, u32), u32> = HashMap::new();
    for e in 0..n {
        for node in deck.nodes(e) {
            match first.get(&(*node, section_of[e])) {
                Some(other) => groups.join(*other, e as u32),
                None => drop(first.insert((*node, section_of[e]), e as u32)),
            }
        }
    }
    // By instance and section, then by first element.
    let mut pieces: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
    for e in 0..n as u32 {
        if groups.root(e) == e {
            pieces.entry((deck.elements[e as usize].instance, section_of[e as usize])).or_default().push(e);
        }
    }
    let mut n_sections: BTreeMap<u32, usize> = BTreeMap::new();
    pieces.keys().for_each(|(instance, _)| *n_sections.entry(*instance).or_default() += 1);
    let (mut out, mut part_of_root) = (Vec::new(), HashMap::new());
    for ((instance, section), roots) in &pieces {
        let index = (*section != NONE).then_some(*section as usize);
        let set = index.map_or("NO SECTION", |k| deck.sections[k].elements.as_str());
        let name = match instance.checked_sub(1).map(|k| deck.instances[k as usize].name.as_str()) {
            Some(own) if n_sections[instance] == 1 => own.to_string(),
            Some(own) => {
                let own_set = set.strip_prefix(&own.to_ascii_uppercase()).and_then(|s| s.strip_prefix('.'));
                format!("{own} {}", own_set.unwrap_or(set))
            }
            None => set.to_string(),
        };
        let name = name.as_str();
        // Two sections may name sets of one name.
        let n_before = out.iter().filter(|p: &&Part| p.name.split(" ~").next() == Some(name)).count();
        for (k, root) in roots.iter().enumerate() {
            let together = roots.len() > PIECES_MAX;
            if k == 0 || !together {
                let number = n_before + k + 1;
                let name = if number == 1 { name.to_string() } else { format!("{name} ~{number}") };
                out.push(Part { name, section: index, n_elements: 0 });
            }
            part_of_root.insert(*root, out.len() as u32 - 1);
        }
        if index.is_none() {
            let e = roots[0] as usize;
            let text = "elements without a *SOLID SECTION: they come as a body of the default material".into();
            notes.push(Note { line: deck.elements[e].line, text });
        }
    }
    let part_of: Vec<u32> = (0..n as u32).map(|e| part_of_root[&groups.root(e)]).collect();
    part_of.iter().for_each(|p| out[*p as usize].n_elements += 1);
    (out, part_of)
}

impl Skin {
    /// Finds parts and their outer faces.
    pub fn of(deck: &Deck, notes: &mut Vec<Note>) -> Self {
        let (parts, part_of) = parts(deck, notes);
        let mut all: Vec<([u32; 4], u32, u8)> = Vec::new();
        for (e, element) in deck.elements.iter().enumerate() {
            let nodes = deck.nodes(e);
            for (k, face) in element.form.faces().iter().enumerate() {
                let mut corners: Vec<u32> = face.corners.iter().map(|k| nodes[*k]).collect();
                corners.sort_unstable();
                // Of a collapsed element, whose corners fall together, some faces are triangles and some are none.
                corners.dedup();
                if corners.len() < 3 {
                    continue;
                }
                let mut key = [u32::MAX; 4];
                key[..corners.len()].copy_from_slice(&corners);
                all.push((key, e as u32, k as u8));
            }
        }
        all.sort_unstable();
        let mut facets = Vec::new();
        let mut crowded = None;
        for same in all.chunk_by(|a, b| a.0 == b.0) {
            let part = |f: &([u32; 4], u32, u8)| part_of[f.1 as usize];
            if same.len() > 2 {
                crowded.get_or_insert(same[0].1);
            }
            if same.len() >= 2 && part(&same[0]) == part(&same[1]) {
                continue;
            }
            for f in same {
                let Some((corners, middles)) = deck.face(f.1, f.2) else { continue };
                let (corners, middles) = uncollapsed(&corners, &middles);
                let n = corners.len();
                let mut nodes = [0; 8];
                // From inside they turn left; the other way round they turn outwards.
                for k in 0..n {
                    nodes[k] = corners[(n - k) % n];
                    if !middles.is_empty() {
                        nodes[n + k] = middles[n - 1 - k];
                    }
                }
                let (n_corners, has_middles) = (n as u8, !middles.is_empty());
                let is_inner = same.len() > 1;
                facets.push(Facet { part: part(f), element: f.1, face: f.2, nodes, n_corners, has_middles, is_inner });
            }
        }
        if let Some(e) = crowded {
            let text = "more than two elements share a face here; the mesh overlaps itself".into();
            notes.push(Note { line: deck.elements[e as usize].line, text });
        }
        facets.sort_unstable_by_key(|f| (f.part, f.element, f.face));
        Self { parts, part_of, facets }
    }

    /// The part called `name`; the first where it is empty.
    pub fn part(&self, name: &str) -> Option<u32> {
        let wanted = name.trim();
        let at = self.parts.iter().position(|p| wanted.is_empty() || p.name.eq_ignore_ascii_case(wanted));
        at.map(|k| k as u32)
    }

    /// Triangles of a part in the deck's units, with the marks of their facets, and the facet of each.
    pub fn triangles(&self, deck: &Deck, part: u32, marks: &[u32]) -> (Triangles, Vec<u32>) {
        let mut out = Triangles::default();
        let mut facet_of = Vec::new();
        let mut index: HashMap<u32, u32> = HashMap::new();
        for (k, facet) in self.facets.iter().enumerate().filter(|(_, f)| f.part == part) {
            for triangle in split(deck, facet).into_iter().filter(|t| t[0] != t[1] && t[1] != t[2] && t[2] != t[0]) {
                let corners = triangle.map(|node| {
                    *index.entry(node).or_insert_with(|| {
                        out.points.push(deck.points[node as usize]);
                        out.points.len() as u32 - 1
                    })
                });
                out.triangles.push(corners);
                out.marks.push(marks[k]);
                facet_of.push(k as u32);
            }
        }
        (out, facet_of)
    }
}

/// Corners without those that fall onto the next, and the middles of the sides that are left.
fn uncollapsed(corners: &[u32], middles: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let n = corners.len();
    let kept: Vec<usize> = (0..n).filter(|k| corners[*k] != corners[(k + 1) % n]).collect();
    let of = |list: &[u32]| if list.is_empty() { Vec::new() } else { kept.iter().map(|k| list[*k]).collect() };
    (of(corners), of(middles))
}

/// Triangles of a facet through its corners and the middles of its curved sides: the same on both sides of a facet that two
/// parts share, so what decides is the numbers of the nodes.
pub(super) fn split(deck: &Deck, facet: &Facet) -> Vec<[u32; 3]> {
    let at = |n: u32| DVec3::from(deck.points[n as usize]);
    let (c, m) = (facet.corners(), facet.middles());
    let n = c.len();
    let is_bent = |k: usize| {
        let (a, b) = (at(c[k]), at(c[(k + 1) % n]));
        m.get(k).is_some_and(|m| at(*m).distance(0.5 * (a + b)) > STRAIGHT * a.distance(b))
    };
    let bent: Vec<bool> = (0..n).map(is_bent).collect();
    let quad = |q: [u32; 4]| {
        let least = (0..4).min_by_key(|k| q[*k]).unwrap_or(0);
        if least % 2 == 0 { [[q[0], q[1], q[2]], [q[0], q[2], q[3]]] } else { [[q[1], q[2], q[3]], [q[1], q[3], q[0]]] }
    };
    if bent.iter().all(|b| !b) {
        return if n == 3 { vec![[c[0], c[1], c[2]]] } else { quad([c[0], c[1], c[2], c[3]]).to_vec() };
    }
    if bent.iter().all(|b| *b) {
        let mut out: Vec<[u32; 3]> = (0..n).map(|k| [c[k], m[k], m[(k + n - 1) % n]]).collect();
        if n == 3 {
            out.push([m[0], m[1], m[2]]);
        } else {
            out.extend(quad([m[0], m[1], m[2], m[3]]));
        }
        return out;
    }
    // A fan from a bent side's middle, which lies on no straight line with two neighbours.
    let ring: Vec<(u32, bool)> =
        (0..n).flat_map(|k| [Some((c[k], false)), bent[k].then(|| (m[k], true))]).flatten().collect();
    let start = (0..ring.len()).filter(|k| ring[*k].1).min_by_key(|k| ring[*k].0).unwrap_or(0);
    let node = |k: usize| ring[(start + k) % ring.len()].0;
    (1..ring.len() - 1).map(|k| [node(0), node(k), node(k + 1)]).collect()
}
