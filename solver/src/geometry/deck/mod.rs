//! From an input deck to a design: bodies, materials, supports, loads, load cases and studies, and a list of what a design
//! has no object for.
//!
//! A body is the outer surface of the elements of one section. Faces are parted along the borders of what the deck holds
//! and loads, so that every set that covers whole facets of elements is whole faces of the design.

mod bolt;
mod coupling;
mod force;
mod heat;
mod object;
mod posed;
mod problem;
mod shape;
mod skin;
mod spring;
mod tie;
mod unit;

use super::exact::Refusal;
use super::imported;
use crate::deck::{BodyRead, Note, Reading, Units};
use crate::format::inp::{self, Deck};
use crate::format::{FormatError, Triangles};
use crate::surface::{FaceName, MassProperties, SurfaceMesh};
use posed::{Problem, What};
use skin::Skin;
use std::collections::{BTreeMap, BTreeSet};

/// Notes that a person is shown; more say the same again.
const NOTES_MAX: usize = 200;
/// Crease angle of the import feature's default, rad.
const CREASE: f64 = 30.0 * std::f64::consts::PI / 180.0;

/// Where a deck lies, and how it is to be understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Source<'a> {
    /// Of the file's content, as the import features will name it.
    pub hash: &'a str,
    pub file: &'a str,
    pub units: Units,
    /// For the ids of new objects.
    pub seed: u64,
}

/// Whether a file of this name is an input deck.
pub fn is_deck(file: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, e)| e.eq_ignore_ascii_case("inp"))
}

/// A deck with everything that follows from it but units.
struct Opened {
    deck: Deck,
    skin: Skin,
    problem: Problem,
    marks: Vec<u32>,
    notes: Vec<Note>,
}

fn open(bytes: &[u8]) -> Result<Opened, FormatError> {
    let deck = inp::read(bytes)?;
    let mut notes = deck.notes.clone();
    let skin = Skin::of(&deck, &mut notes);
    let problem = Problem::of(&deck, &skin, &mut notes);
    let marks = marks(&deck, &skin, &problem);
    Ok(Opened { deck, skin, problem, marks, notes })
}

/// A number for each facet: equal for facets that the same conditions and surfaces name.
fn marks(deck: &Deck, skin: &Skin, problem: &Problem) -> Vec<u32> {
    let index: BTreeMap<(u32, u8), u32> =
        skin.facets.iter().enumerate().map(|(k, f)| ((f.element, f.face), k as u32)).collect();
    let mut regions: BTreeSet<Vec<u32>> = problem
        .items
        .iter()
        // A bolt's shank stays one face.
        .filter(|i| !matches!(i.what, What::Bolt(_)))
        .map(|i| i.facets.clone())
        .chain(problem.ties.iter().map(|t| t.facets.clone()))
        .collect();
    for surface in deck.surfaces.values() {
        let mut facets: Vec<u32> = surface.faces.iter().filter_map(|f| index.get(f).copied()).collect();
        facets.sort_unstable();
        regions.insert(facets);
    }
    let mut of: Vec<Vec<u32>> = vec![Vec::new(); skin.facets.len()];
    for (r, facets) in regions.iter().enumerate() {
        facets.iter().for_each(|k| of[*k as usize].push(r as u32));
    }
    let mut number: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
    of.into_iter()
        .map(|regions| {
            let next = number.len() as u32;
            *number.entry(regions).or_insert(next)
        })
        .collect()
}

/// The surface of one body of a deck: triangles in the deck's unit of length. `part` as [`BodyRead::name`]; empty is the
/// first.
///
/// # Errors
/// [`FormatError`] for a deck that cannot be read or has no such part.
pub(super) fn triangles(bytes: &[u8], part: &str) -> Result<Triangles, FormatError> {
    let opened = open(bytes)?;
    let Some(k) = opened.skin.part(part) else {
        let names: Vec<&str> = opened.skin.parts.iter().take(8).map(|p| p.name.as_str()).collect();
        let reason = format!("it has no part called '{part}'; there are {}", names.join(", "));
        return Err(FormatError::Malformed { format: "input deck", reason });
    };
    Ok(opened.skin.triangles(&opened.deck, k, &opened.marks).0)
}

/// A part with its surface and the face of each of its facets.
struct Built {
    surface: SurfaceMesh,
    mass: MassProperties,
    face_of: BTreeMap<u32, FaceName>,
}

/// Reads a deck as objects of a design.
///
/// # Errors
/// [`FormatError`] with the line that cannot be understood, or the body whose surface is not closed.
pub fn read(bytes: &[u8], source: &Source) -> Result<Reading, FormatError> {
    let opened = open(bytes)?;
    let (scale, _) = source.units.length();
    let mut writer = object::Writer::new(&opened, source);
    let mut built = Vec::with_capacity(opened.skin.parts.len());
    for (k, part) in opened.skin.parts.iter().enumerate() {
        let (triangles, facet_of) = opened.skin.triangles(&opened.deck, k as u32, &opened.marks);
        let feature = writer.feature(k);
        let refused = |r: Refusal| FormatError::Malformed {
            format: "input deck",
            reason: format!("{}: {}", part.name, r.reason),
        };
        let (surface, _) = imported::body(&feature.0, &triangles, scale, CREASE).map_err(refused)?;
        let faces = facet_of.iter().zip(&surface.face_of);
        let face_of = faces.map(|(facet, face)| (*facet, surface.faces[*face as usize].name.clone())).collect();
        let mass = super::measure::mass_properties(&surface);
        built.push(Built { surface, mass, face_of });
    }
    writer.write(&built);
    let (objects, mut notes) = writer.finish();
    notes.sort();
    notes.dedup();
    if notes.len() > NOTES_MAX {
        let n = notes.len() - NOTES_MAX;
        notes.truncate(NOTES_MAX);
        notes.push(Note { line: notes[NOTES_MAX - 1].line, text: format!("and {n} more notes of this kind below") });
    }
    let bounds = built.iter().filter_map(|b| b.surface.bounds()).reduce(|(mut lo, mut hi), (l, h)| {
        for k in 0..3 {
            lo[k] = lo[k].min(l[k]);
            hi[k] = hi[k].max(h[k]);
        }
        (lo, hi)
    });
    let material = |k: usize| {
        let section = &opened.deck.sections[opened.skin.parts[k].section?];
        opened.deck.materials.iter().rfind(|m| m.name == section.material)
    };
    let bodies = built.iter().enumerate().map(|(k, b)| BodyRead {
        name: opened.skin.parts[k].name.clone(),
        material: material(k).map(|m| m.name.clone()).unwrap_or_default(),
        n_elements: opened.skin.parts[k].n_elements,
        n_faces: b.surface.faces.len(),
        volume: b.mass.volume,
        density: material(k).and_then(|m| m.density).map(|d| source.units.si(d, [-3, 1, 0, 0])),
    });
    Ok(Reading {
        heading: opened.deck.heading.clone(),
        n_nodes: opened.deck.points.len(),
        n_elements: opened.deck.elements.len(),
        size: bounds.map_or([0.0; 3], |(lo, hi)| std::array::from_fn(|k| hi[k] - lo[k])),
        bodies: bodies.collect(),
        objects,
        notes,
    })
}
