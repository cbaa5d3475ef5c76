//! Couplings: faces that follow a reference node, at which they are loaded or held.
//!
//! Sources: CalculiX 2.20, *CrunchiX User's Manual*, `*COUPLING`, `*RIGID BODY` and § 6.7; Abaqus Keywords Guide,
//! `*COUPLING`, `*KINEMATIC COUPLING`, `*RIGID BODY`.

use super::assembly::Scope;
use super::card::{Card, fault};
use super::{Note, Target};
use crate::format::FormatError;

/// How faces follow the reference node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// In the mean: what loads the node is spread over them, and they stay as soft as they are.
    Distributing,
    /// As one solid piece.
    Kinematic,
}

/// What a coupling takes hold of.
#[derive(Clone, Debug, PartialEq)]
pub enum Region {
    Surface(Target),
    Nodes(Vec<Target>),
    Elements(Target),
}

/// A coupling or a rigid body.
#[derive(Clone, Debug, PartialEq)]
pub struct Coupling {
    pub line: usize,
    /// With its star.
    pub keyword: String,
    /// Its own, or that of what it takes hold of.
    pub name: String,
    pub link: Link,
    /// Which components follow: three of displacement, three of rotation.
    pub follows: [bool; 6],
    pub reference: Target,
    /// A node whose displacements are the rotations of the reference node.
    pub rotation: Option<Target>,
    pub region: Region,
    /// Axes that its components are along.
    pub orientation: Option<String>,
}

/// Reads a keyword that couples; `None` where it is none, or lacks what it takes to be read.
pub fn read(card: &Card, scope: &Scope, notes: &mut Vec<Note>) -> Result<Option<Coupling>, FormatError> {
    let keyword = format!("*{}", card.name);
    let of = |key: &str| card.text(key).map(str::trim).filter(|t| !t.is_empty());
    let needed = |key: &str, says: &str| of(key).ok_or_else(|| fault(card.line, format!("{keyword} needs {says}=")));
    let mut note = |text: &str| notes.push(Note { line: card.line, text: format!("{keyword}: {text}") });
    let (link, region, named) = match card.name.as_str() {
        "COUPLING" => {
            let surface = needed("SURFACE", "SURFACE")?;
            if card.has("INFLUENCERADIUS") {
                note("INFLUENCE RADIUS is not read; all of the surface is coupled");
            }
            // Which kind it is stands in the next keyword.
            (Link::Distributing, Region::Surface(scope.target(surface)), surface)
        }
        "KINEMATIC COUPLING" => {
            let nodes = card.rows.iter().map(|r| scope.target(r.field(0))).collect();
            (Link::Kinematic, Region::Nodes(nodes), card.first()?.field(0))
        }
        "RIGID BODY" => {
            let nodes = ["NSET", "PINNSET", "TIENSET"].into_iter().filter_map(of).collect::<Vec<_>>();
            if card.word("POSITION").is_some_and(|p| p != "INPUT") {
                note("the reference node is taken where it stands, not moved to the centre of mass");
            }
            match (nodes.first(), of("ELSET")) {
                (Some(first), None) => {
                    let region = nodes.iter().map(|n| scope.target(n)).collect();
                    (Link::Kinematic, Region::Nodes(region), *first)
                }
                (None, Some(elements)) => (Link::Kinematic, Region::Elements(scope.target(elements)), elements),
                (None, None) => {
                    return Err(fault(
                        card.line,
                        "*RIGID BODY needs NSET= or ELSET=: the nodes or elements that are rigid",
                    ));
                }
                _ => {
                    note("elements and nodes together are not read; write the nodes of both as one NSET=");
                    return Ok(None);
                }
            }
        }
        _ => return Ok(None),
    };
    let mut follows = [true; 6];
    if card.name == "KINEMATIC COUPLING" {
        let first = components(card, 1)?;
        if card.rows.iter().any(|r| r.field(1) != card.rows[0].field(1) || r.field(2) != card.rows[0].field(2)) {
            note("its lines couple different components, which is left out: write one coupling for each");
            return Ok(None);
        }
        follows = first;
    }
    let coupling = Coupling {
        line: card.line,
        name: super::card::name(of("CONSTRAINTNAME").unwrap_or(named)),
        link,
        follows,
        reference: scope.target(needed("REFNODE", "REF NODE")?),
        rotation: of("ROTNODE").map(|n| scope.target(n)),
        region,
        orientation: card.word("ORIENTATION").map(|n| scope.name(n)),
        keyword,
    };
    Ok(Some(coupling))
}

/// Completes a `*COUPLING` by the keyword below it; `false` where that is none of its two.
pub fn complete(card: &Card, coupling: &mut Coupling, notes: &mut Vec<Note>) -> Result<bool, FormatError> {
    coupling.link = match card.name.as_str() {
        "KINEMATIC" => Link::Kinematic,
        "DISTRIBUTING" => Link::Distributing,
        _ => return Ok(false),
    };
    if !card.rows.is_empty() {
        coupling.follows = components(card, 0)?;
    }
    if card.word("WEIGHTINGMETHOD").is_some_and(|m| m != "UNIFORM") {
        let text = "*DISTRIBUTING: shares that fall with the distance are not read; every area takes its share";
        notes.push(Note { line: card.line, text: text.into() });
    }
    Ok(true)
}

/// The components that lines name by the first and the last, in fields `k` and `k + 1`; all where they name none.
fn components(card: &Card, k: usize) -> Result<[bool; 6], FormatError> {
    let mut follows = [false; 6];
    for row in &card.rows {
        let (first, last) = match (row.field(k), row.field(k + 1)) {
            ("", _) => (1, 6),
            (_, "") => (row.id(k)?, row.id(k)?),
            _ => (row.id(k)?, row.id(k + 1)?),
        };
        if first > last || last > 6 {
            let text = format!(
                "*{}: components {first} to {last} are none; they are 1 to 3 and, of rotation, 4 to 6",
                card.name
            );
            return Err(fault(row.line, text));
        }
        (first..=last).for_each(|c| follows[c as usize - 1] = true);
    }
    Ok(follows)
}
