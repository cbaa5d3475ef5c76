//! From the text of a deck to a [`Deck`].

use super::assembly::{Outline, Scope, numbered};
use super::card::{Card, cards, fault, shown};
use super::set::{self, Written, WrittenSurface};
use super::spring::{self, Springs};
use super::topology::Form;
use super::{Deck, Element, Equation, Material, Note, Number, Procedure, Section, Step, Target};
use super::{coupling, cut, property, step, tie};
use crate::format::{BYTES_MAX, FormatError};
use std::collections::{BTreeMap, BTreeSet};

/// Keywords that ask for output or steer another program: nothing is lost without them.
const NOT_NEEDED: &[&str] = &[
    "PREPRINT",
    "RESTART",
    "MONITOR",
    "PHYSICAL CONSTANTS",
    "CONTROLS",
    "TIME POINTS",
    "SECTION PRINT",
    "NO ANALYSIS",
    "END PART",
    "END ASSEMBLY",
    "END INSTANCE",
    "PART",
    "SOLUTION TECHNIQUE",
    "DIAGNOSTICS",
];

/// What it means that a keyword is not read.
fn meaning(name: &str) -> &'static str {
    match name {
        "CONTACT PAIR" | "CONTACT" | "SURFACE INTERACTION" | "SURFACE BEHAVIOR" | "FRICTION" | "CLEARANCE" => {
            "contact: bodies that touch are taken as bonded"
        }
        "MPC" => "a constraint between nodes",
        "COUPLING" => "it needs *KINEMATIC or *DISTRIBUTING right below it",
        "DISTRIBUTING COUPLING" => "write it as *COUPLING with *DISTRIBUTING, or set a remote force on the faces",
        "KINEMATIC" | "DISTRIBUTING" => "it belongs right below a *COUPLING",
        "SHELL SECTION" | "BEAM SECTION" | "MEMBRANE SECTION" => "only solids are read",
        "SPRING" | "DASHPOT" | "GAP" => "springs: set an elastic foundation on the faces instead",
        "MASS" => "point masses",
        "CLOAD" | "DLOAD" => "a load outside a step",
        "TRANSFORM" => "turned axes at nodes: what holds or loads these nodes may be turned",
        "CYCLIC SYMMETRY MODEL" => "cyclic symmetry",
        "NODAL THICKNESS" | "OFFSET" => "only solids are read",
        "PRE-TENSION SECTION" => "one across a beam: only solids are read",
        "HYPERELASTIC" | "HYPERFOAM" | "CREEP" | "CYCLIC HARDENING" | "DEFORMATION PLASTICITY" | "USER MATERIAL" => {
            "only linear elastic materials are read"
        }
        "ADD" | "REMOVE" | "MODEL CHANGE" => "bodies that come and go",
        _ => "",
    }
}

#[derive(Default)]
struct Reader {
    deck: Deck,
    node_sets: BTreeMap<String, Written>,
    element_sets: BTreeMap<String, Written>,
    surfaces: BTreeMap<String, WrittenSurface>,
    /// Numbers of elements that are no solids.
    unread: BTreeSet<Number>,
    equations: Vec<(usize, Vec<(Number, u8, f64)>)>,
    springs: Springs,
    cuts: Vec<cut::Written>,
    /// Keywords that are not read, and their lines.
    unknown: BTreeMap<String, BTreeSet<usize>>,
    scope: Scope,
    in_step: bool,
    /// Properties belong to the material before them.
    in_material: bool,
    /// The card before is a `*COUPLING`.
    in_coupling: bool,
}

/// Reads a deck.
///
/// # Errors
/// [`FormatError::Deck`] with the line of whatever cannot be understood, [`FormatError::TooLarge`].
pub fn read(bytes: &[u8]) -> Result<Deck, FormatError> {
    if bytes.len() > BYTES_MAX {
        return Err(FormatError::TooLarge);
    }
    // Headings may be in any alphabet; everything that counts is ASCII.
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::default();
    let cards = cards(&text)?;
    let outline = Outline::of(&cards)?;
    let mut k = 0;
    while let Some(card) = cards.get(k) {
        let Some((own, next)) = outline.placed(&cards, k)? else {
            reader.card(card)?;
            k += 1;
            continue;
        };
        if let Some(own) = own {
            let of = || own.iter().flat_map(|r| &cards[r.clone()]);
            reader.scope.enter(card, of().map(|c| 1 + c.rows.len()).sum(), &mut reader.deck)?;
            for card in of() {
                reader.card(card)?;
            }
            reader.scope.leave();
        }
        k = next;
    }
    reader.finish()
}

impl Reader {
    fn note(&mut self, line: usize, text: impl Into<String>) {
        self.deck.notes.push(Note { line, text: text.into() });
    }

    fn card(&mut self, card: &Card) -> Result<(), FormatError> {
        let was_material = std::mem::replace(&mut self.in_material, false);
        if self.in_coupling {
            if let Some(coupling) = self.deck.couplings.last_mut()
                && coupling::complete(card, coupling, &mut self.deck.notes)?
            {
                self.in_coupling = false;
                return Ok(());
            }
            self.forget_coupling();
        }
        match card.name.as_str() {
            "HEADING" => {
                let first = card.rows.first().map(|r| r.fields().collect::<Vec<_>>().join(", "));
                self.deck.heading = first.map(|t| t.chars().take(200).collect()).unwrap_or_default();
            }
            "INCLUDE" => {
                let file = shown(card.text("INPUT").unwrap_or_default());
                let text = format!("*INCLUDE names another file, {file}: put its lines here and import the whole");
                return Err(fault(card.line, text));
            }
            "ASSEMBLY" => self.scope.assembly(card),
            "SYSTEM" if !card.rows.is_empty() => {
                let text = "*SYSTEM: nodes in axes of their own are not read; write them in those of the model";
                return Err(fault(card.line, text));
            }
            "SYSTEM" => {}
            "COUPLING" | "KINEMATIC COUPLING" | "RIGID BODY" => {
                let read = coupling::read(card, &self.scope, &mut self.deck.notes)?;
                self.in_coupling = card.name == "COUPLING" && read.is_some();
                self.deck.couplings.extend(read);
            }
            "TIE" => self.deck.ties.extend(tie::read(card, &self.scope, &mut self.deck.notes)?),
            "NODE" => self.nodes(card)?,
            "ELEMENT" => self.elements(card)?,
            "NSET" | "ELSET" => {
                let (key, sets) = match card.name.as_str() {
                    "NSET" => ("NSET", &mut self.node_sets),
                    _ => ("ELSET", &mut self.element_sets),
                };
                set::entries(card, &self.scope, sets.entry(self.scope.name(card.required(key)?)).or_default())?;
            }
            "SURFACE" => {
                let name = self.scope.name(card.required("NAME")?);
                set::surface(card, &self.scope, self.surfaces.entry(name).or_default(), &mut self.deck.notes)?;
            }
            "MATERIAL" => {
                let (line, name) = (card.line, card.required("NAME")?);
                self.deck.materials.push(Material { line, name, ..Material::default() });
                self.in_material = true;
            }
            "SOLID SECTION" => {
                let section = Section {
                    line: card.line,
                    elements: self.named(card.required("ELSET")?),
                    material: card.required("MATERIAL")?,
                    orientation: card.word("ORIENTATION").map(|n| self.scope.name(n)),
                };
                self.deck.sections.push(section);
            }
            "ORIENTATION" => {
                if card.word("SYSTEM").is_some_and(|s| s != "RECTANGULAR") {
                    self.note(card.line, "*ORIENTATION: only rectangular ones are read");
                } else {
                    let row = card.first()?;
                    let mut axes = [row.vector(0)?, row.vector(3)?];
                    if let Some(instance) = self.deck.instances.last().filter(|_| self.scope.now() > 0) {
                        axes = axes.map(|a| instance.direct(a));
                    }
                    self.deck.orientations.insert(self.scope.name(card.required("NAME")?), axes);
                }
            }
            "AMPLITUDE" => self.amplitude(card)?,
            "EQUATION" => self.equation(card)?,
            "SPRING" => {
                let set = self.named(card.required("ELSET")?);
                self.springs.law(card, set, &mut self.deck.notes)?;
            }
            "PRE-TENSION SECTION" => match cut::read(card, &self.scope)? {
                Some(cut) => self.cuts.push(cut),
                None => drop(self.unknown.entry(card.name.clone()).or_default().insert(card.line)),
            },
            "STEP" => self.step(card)?,
            "END STEP" => self.in_step = false,
            // These two carry something that counts.
            "PHYSICAL CONSTANTS" if card.has("ABSOLUTEZERO") => {
                let zero = card.text("ABSOLUTEZERO").and_then(|t| t.trim().parse().ok());
                self.deck.absolute_zero = Some(zero.ok_or_else(|| fault(card.line, "ABSOLUTE ZERO must be a number"))?);
            }
            _ if was_material && self.property(card)? => self.in_material = true,
            _ => self.rest(card, was_material)?,
        }
        Ok(())
    }

    /// A `*COUPLING` whose kind is said nowhere.
    fn forget_coupling(&mut self) {
        if std::mem::replace(&mut self.in_coupling, false)
            && let Some(coupling) = self.deck.couplings.pop()
        {
            self.unknown.entry("COUPLING".into()).or_default().insert(coupling.line);
        }
    }

    /// A name that a line refers to, as the whole deck knows it.
    fn named(&self, name: String) -> String {
        match self.scope.target(&name) {
            Target::Name(name) => name,
            Target::Id(_) => self.scope.name(name),
        }
    }

    fn property(&mut self, card: &Card) -> Result<bool, FormatError> {
        match self.deck.materials.last_mut() {
            Some(material) => property::read(card, material, &mut self.deck.notes),
            None => Ok(false),
        }
    }

    /// Actions and procedures, and what is not read.
    fn rest(&mut self, card: &Card, was_material: bool) -> Result<(), FormatError> {
        if let Some(mut action) = step::action(card, &mut self.deck.notes)? {
            for row in &mut action.rows {
                row.1 = self.scope.placed(std::mem::replace(&mut row.1, Target::Id(0)));
            }
            match self.deck.steps.last_mut() {
                Some(step) if self.in_step => step.actions.push(action),
                Some(_) => self.note(card.line, format!("*{} between steps is not read", card.name)),
                None => self.deck.model.push(action),
            }
            return Ok(());
        }
        if let Some(found) = step::procedure(card)? {
            match self.deck.steps.last_mut().filter(|_| self.in_step) {
                Some(step) => step.procedure = Some((card.line, found)),
                None => self.note(card.line, format!("*{} stands outside a step", card.name)),
            }
            return Ok(());
        }
        let is_output = card.name.contains("PRINT") || card.name.contains("OUTPUT") || card.name.ends_with(" FILE");
        if !is_output && !NOT_NEEDED.contains(&card.name.as_str()) {
            self.unknown.entry(card.name.clone()).or_default().insert(card.line);
        }
        // A property that is not read does not end its material.
        self.in_material = was_material;
        Ok(())
    }

    fn nodes(&mut self, card: &Card) -> Result<(), FormatError> {
        if let Some(set) = card.word("NSET") {
            let written = self.node_sets.entry(self.scope.name(set)).or_default();
            written.line = card.line;
            for row in &card.rows {
                written.entries.push(set::Entry::Id(self.scope.number(row.id(0)?)));
            }
        }
        if card.word("SYSTEM").is_some_and(|s| s != "R") {
            return Err(fault(card.line, "only rectangular coordinates are read"));
        }
        for row in &card.rows {
            let (id, mut point) = (self.scope.number(row.id(0)?), row.vector(1)?);
            let deck = &mut self.deck;
            if let Some(instance) = deck.instances.last().filter(|_| self.scope.now() > 0) {
                point = instance.place(point);
            }
            let index = *deck.nodes_by_id.entry(id).or_insert(deck.points.len() as u32) as usize;
            if index == deck.points.len() {
                deck.points.push(point);
            } else {
                deck.points[index] = point;
            }
        }
        Ok(())
    }

    fn elements(&mut self, card: &Card) -> Result<(), FormatError> {
        let kind = card.required("TYPE")?;
        if kind == spring::TYPE && card.has("ELSET") {
            let set = self.scope.name(card.required("ELSET")?);
            return self.springs.elements(card, set, |n| self.scope.number(n));
        }
        let form = Form::of(&kind);
        let mut ids = Vec::new();
        let (mut rows, mut n_unread) = (card.rows.iter().peekable(), 0);
        while let Some(row) = rows.next() {
            let id = row.id(0)?;
            ids.push(self.scope.number(id));
            let Some(form) = form else {
                self.unread.insert(self.scope.number(id));
                n_unread += 1;
                let mut last = row;
                while last.ends_open()
                    && let Some(next) = rows.next()
                {
                    last = next;
                }
                continue;
            };
            let wanted = form.n_nodes();
            let mut nodes: Vec<(usize, u32)> = Vec::with_capacity(wanted);
            let mut skip = 1;
            let mut row = *row;
            loop {
                for (k, field) in row.fields().enumerate().skip(skip) {
                    if !field.is_empty() {
                        nodes.push((row.line, row.id(k)?));
                    }
                }
                if nodes.len() >= wanted {
                    break;
                }
                skip = 0;
                row = *rows.next().ok_or_else(|| {
                    fault(row.line, format!("element {id} of type {kind} needs {wanted} nodes, not {}", nodes.len()))
                })?;
            }
            if nodes.len() > wanted {
                return Err(fault(
                    row.line,
                    format!("element {id} of type {kind} has {} nodes, not {wanted}", nodes.len()),
                ));
            }
            self.element(row.line, id, form, &nodes)?;
        }
        if n_unread > 0 {
            self.note(card.line, format!("{n_unread} elements of type {kind} are left out: only solids are read"));
        }
        if let Some(set) = card.word("ELSET") {
            let written = self.element_sets.entry(self.scope.name(set)).or_default();
            written.line = card.line;
            written.entries.extend(ids.into_iter().map(set::Entry::Id));
        }
        Ok(())
    }

    fn element(&mut self, line: usize, id: u32, form: Form, nodes: &[(usize, u32)]) -> Result<(), FormatError> {
        let deck = &mut self.deck;
        let first = deck.connectivity.len();
        for (line, node) in nodes {
            // Elements may stand before their nodes; the numbers become indices at the end.
            if *node == 0 {
                return Err(fault(*line, format!("element {id} names node 0")));
            }
            deck.connectivity.push(*node);
        }
        if deck.elements_by_id.insert(self.scope.number(id), deck.elements.len() as u32).is_some() {
            return Err(fault(line, format!("there is an element {id} already")));
        }
        deck.elements.push(Element { line, form, instance: self.scope.now(), first });
        Ok(())
    }

    fn amplitude(&mut self, card: &Card) -> Result<(), FormatError> {
        let mut values = Vec::new();
        for row in &card.rows {
            let n = row.fields().filter(|f| !f.is_empty()).count();
            for k in 0..n {
                values.push(row.number(k)?);
            }
        }
        let (pairs, rest) = values.as_chunks::<2>();
        if !rest.is_empty() || pairs.windows(2).any(|w| !(w[1][0] > w[0][0])) {
            return Err(fault(card.line, "an amplitude is pairs of a rising time and a value"));
        }
        if card.word("DEFINITION").is_some_and(|d| d != "TABULAR") {
            self.note(card.line, "*AMPLITUDE: only tables are read; what follows it is taken as constant");
            return Ok(());
        }
        self.deck.amplitudes.insert(card.required("NAME")?, pairs.to_vec());
        Ok(())
    }

    fn equation(&mut self, card: &Card) -> Result<(), FormatError> {
        let mut rows = card.rows.iter();
        while let Some(head) = rows.next() {
            let n = head.id(0)? as usize;
            let mut terms = Vec::new();
            while terms.len() < n {
                let row =
                    rows.next().ok_or_else(|| fault(head.line, format!("an equation of {n} terms ends early")))?;
                let fields = row.fields().count();
                for k in (0..fields.saturating_sub(2)).step_by(3) {
                    let Target::Id(node) = self.scope.target(row.field(k)) else {
                        let text = format!("equations between sets ('{}') are not read", shown(row.field(k)));
                        self.note(row.line, text);
                        terms.push((0, 0, 0.0));
                        continue;
                    };
                    let component = row.id(k + 1)?.min(255) as u8;
                    terms.push((node, component, row.number(k + 2)?));
                }
                if fields < 3 {
                    return Err(fault(row.line, "a term of an equation is node, component, weight"));
                }
            }
            if terms.iter().all(|t| t.0 > 0) {
                self.equations.push((head.line, terms));
            }
        }
        Ok(())
    }

    fn step(&mut self, card: &Card) -> Result<(), FormatError> {
        if self.in_step {
            return Err(fault(card.line, "a step begins before the one above has its *END STEP"));
        }
        self.in_step = true;
        if card.word("NLGEOM").is_some_and(|w| w != "NO") || (card.has("NLGEOM") && card.word("NLGEOM").is_none()) {
            self.note(card.line, "NLGEOM: large displacements are not computed; the step is solved as linear");
        }
        let name = card
            .text("NAME")
            .map_or_else(|| format!("Step {}", self.deck.steps.len() + 1), |n| shown(n.trim_matches('"')));
        self.deck.steps.push(Step { line: card.line, name, procedure: None, actions: Vec::new() });
        Ok(())
    }

    fn finish(mut self) -> Result<Deck, FormatError> {
        self.forget_coupling();
        let mut deck = std::mem::take(&mut self.deck);
        for (id, e) in &deck.elements_by_id {
            let element = deck.elements[*e as usize];
            for n in &mut deck.connectivity[element.first..element.first + element.form.n_nodes()] {
                *n = *deck.nodes_by_id.get(&numbered(element.instance, *n)).ok_or_else(|| {
                    fault(element.line, format!("element {} names node {n}, which is not there", *id as u32))
                })?;
            }
        }
        if deck.elements.is_empty() {
            return Err(fault(1, "the deck holds no solid elements (C3D4, C3D8, C3D10, C3D20 and their like)"));
        }
        let mut notes = std::mem::take(&mut deck.notes);
        let flat = deck.is_flat();
        deck.element_sets =
            set::resolve(&self.element_sets, &deck.elements_by_id, &self.unread, |_| None, flat, &mut notes);
        let nodes_of = |name: &str| {
            let set = super::found(&deck.element_sets, name, flat)?;
            let mut nodes: Vec<u32> = set.members.iter().flat_map(|e| deck.nodes(*e as usize).to_vec()).collect();
            nodes.sort_unstable();
            nodes.dedup();
            Some(nodes)
        };
        deck.node_sets = set::resolve(&self.node_sets, &deck.nodes_by_id, &BTreeSet::new(), nodes_of, flat, &mut notes);
        deck.notes = notes;
        set::surfaces(&self.surfaces, &mut deck);
        let (springs, unread) = self.springs.finish(&deck.nodes_by_id, &mut deck.notes);
        deck.springs = springs;
        if !unread.is_empty() {
            self.unknown.entry("SPRING".into()).or_default().extend(unread);
        }
        for (line, terms) in self.equations {
            let terms = terms.into_iter().map(|(n, c, w)| Some((*deck.nodes_by_id.get(&n)?, c, w))).collect();
            match terms {
                Some(terms) => deck.equations.push(Equation { line, terms }),
                None => {
                    deck.notes.push(Note { line, text: "the equation names a node the deck does not define".into() })
                }
            }
        }
        cut::resolve(self.cuts, &mut deck);
        cut::heal(&mut deck);
        for (name, lines) in self.unknown {
            let (line, n) = (lines.first().copied().unwrap_or(1), lines.len());
            let times = if n > 1 { format!(" ({n} times)") } else { String::new() };
            let why = match meaning(&name) {
                "" => String::new(),
                why => format!(": {why}"),
            };
            deck.notes.push(Note { line, text: format!("*{} is not read{times}{why}", shown(&name)) });
        }
        for step in &deck.steps {
            if let Some((line, Procedure::Other(name))) = &step.procedure {
                let text = format!("{}: *{name} is not read, so the step makes no study", step.name);
                deck.notes.push(Note { line: *line, text });
            }
        }
        deck.notes.sort();
        deck.notes.dedup();
        Ok(deck)
    }
}
