//! Input decks in the language that Abaqus and CalculiX share, the common subset: solid elements, materials, sets, linear
//! steps. A deck knows no units.
//!
//! What is not read is kept as a note with its line, so that nothing is left out in silence. Source: CalculiX 2.20,
//! *CrunchiX User's Manual*, § 7.

mod assembly;
mod card;
mod coupling;
mod cut;
mod property;
mod read;
mod set;
mod spring;
mod step;
mod tie;
pub mod topology;

pub use crate::deck::Note;
pub use assembly::{Instance, Number};
pub use coupling::{Coupling, Link, Region};
pub use read::read;
use std::collections::BTreeMap;
pub use tie::Tie;
use topology::{FaceNodes, Form};

/// A solid element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    pub line: usize,
    pub form: Form,
    /// From 1, of [`Deck::instances`]; 0 where it belongs to none.
    pub instance: u32,
    /// Its first node in [`Deck::connectivity`].
    first: usize,
}

/// Indices of nodes or elements under a name, ascending, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    pub line: usize,
    pub members: Vec<u32>,
}

/// Faces of elements under a name: element, and face from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surface {
    pub line: usize,
    pub faces: Vec<(u32, u8)>,
    /// Of a surface that is given by nodes: their indices.
    pub nodes: Vec<u32>,
}

/// Stress from strain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Elastic {
    Isotropic {
        young: f64,
        poisson: f64,
    },
    /// E₁ E₂ E₃ ν₁₂ ν₁₃ ν₂₃ G₁₂ G₁₃ G₂₃.
    Engineering([f64; 9]),
}

/// A material, in the deck's units. Of values that depend on temperature, the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Material {
    pub line: usize,
    pub name: String,
    pub elastic: Option<Elastic>,
    pub density: Option<f64>,
    /// Along three directions.
    pub expansion: Option<[f64; 3]>,
    /// Along three directions.
    pub conductivity: Option<[f64; 3]>,
    pub specific_heat: Option<f64>,
    /// The stress of the first point of a curve of plastic flow.
    pub yield_strength: Option<f64>,
    /// Temperature and value, temperatures rising, of what is given at several; the fields above hold the first.
    pub tables: BTreeMap<Property, Vec<[f64; 2]>>,
    /// Temperature that coefficients of expansion count from.
    pub zero: f64,
}

/// What may be given over temperature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    Young,
    Poisson,
    Yield,
    Expansion,
    Conductivity,
    /// Along one of three directions, from 0.
    ConductivityAlong(u8),
    SpecificHeat,
}

/// Which elements are of which material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub line: usize,
    pub elements: String,
    pub material: String,
    pub orientation: Option<String>,
}

/// `Σ weight u = 0` over nodes (indices) and components from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Equation {
    pub line: usize,
    pub terms: Vec<(u32, u8, f64)>,
}

/// A cut across a bolt.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    pub line: usize,
    /// The node whose first component is how far the sides are moved over each other, and whose force is the pull.
    pub reference: u32,
    /// Of length one.
    pub axis: [f64; 3],
    /// In the cut.
    pub nodes: Vec<u32>,
}

/// A spring between a component of a node (its index) and the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spring {
    pub line: usize,
    pub node: u32,
    /// From 1.
    pub component: u8,
    /// Force per way.
    pub stiffness: f64,
}

/// What a line acts on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A node or an element by its number.
    Id(Number),
    /// A set or a surface.
    Name(String),
}

/// What a line does. `face` from 0; without one the target is a surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    /// Components `first` to `last` of a node: 1 to 3 displacement, 4 to 6 rotation, 11 temperature.
    Hold {
        first: u8,
        last: u8,
        value: f64,
    },
    Force {
        component: u8,
        value: f64,
    },
    Pressure {
        face: Option<u8>,
        value: f64,
    },
    /// Force per area, on a surface.
    Traction([f64; 3]),
    Gravity([f64; 3]),
    /// Turning about an axis: the square of the angular speed.
    Spin {
        squared: f64,
        point: [f64; 3],
        axis: [f64; 3],
    },
    /// Heat into a node.
    NodeHeat(f64),
    /// Heat per area.
    Flux {
        face: Option<u8>,
        value: f64,
    },
    /// Heat per volume.
    Source(f64),
    Film {
        face: Option<u8>,
        ambient: f64,
        film: f64,
    },
    Radiation {
        face: Option<u8>,
        ambient: f64,
        emissivity: f64,
    },
    Temperature(f64),
}

/// Keywords whose lines replace one another from step to step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    Boundary,
    NodeForce,
    Distributed,
    NodeHeat,
    Flux,
    Film,
    Radiation,
    Temperature,
    /// Temperatures at the start.
    Initial,
}

/// One keyword of a step, or of the model, with its lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    pub line: usize,
    pub family: Family,
    /// What the family did before is gone.
    pub fresh: bool,
    pub amplitude: Option<String>,
    pub rows: Vec<(usize, Target, Act)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Procedure {
    Static,
    Frequency {
        n: u32,
    },
    Buckle {
        n: u32,
    },
    /// `duration`: `None` for the steady state.
    Heat {
        duration: Option<f64>,
    },
    /// One that is not read, by its keyword.
    Other(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub line: usize,
    /// As the deck calls it, or its number.
    pub name: String,
    /// Line and kind; a step may have none.
    pub procedure: Option<(usize, Procedure)>,
    pub actions: Vec<Action>,
}

/// Everything that is read of a deck, in its own units; nodes and elements by index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deck {
    pub heading: String,
    pub points: Vec<[f64; 3]>,
    pub elements: Vec<Element>,
    connectivity: Vec<u32>,
    /// Names of what an instance holds begin with the instance's and a dot.
    pub instances: Vec<Instance>,
    pub node_sets: BTreeMap<String, Set>,
    pub element_sets: BTreeMap<String, Set>,
    pub surfaces: BTreeMap<String, Surface>,
    pub materials: Vec<Material>,
    pub sections: Vec<Section>,
    /// Two directions each.
    pub orientations: BTreeMap<String, [[f64; 3]; 2]>,
    /// Time and value.
    pub amplitudes: BTreeMap<String, Vec<[f64; 2]>>,
    pub equations: Vec<Equation>,
    pub couplings: Vec<Coupling>,
    pub springs: Vec<Spring>,
    pub ties: Vec<Tie>,
    pub cuts: Vec<Cut>,
    pub absolute_zero: Option<f64>,
    /// What is said before the first step.
    pub model: Vec<Action>,
    pub steps: Vec<Step>,
    /// In the order of lines.
    pub notes: Vec<Note>,
    nodes_by_id: BTreeMap<Number, u32>,
    elements_by_id: BTreeMap<Number, u32>,
}

impl Deck {
    fn is_flat(&self) -> bool {
        self.instances.is_empty()
    }

    /// Nodes of element `e`, by index.
    pub fn nodes(&self, e: usize) -> &[u32] {
        let Element { form, first, .. } = self.elements[e];
        &self.connectivity[first..first + form.n_nodes()]
    }

    /// Nodes of a face of element `e`: corners, then the middle after each corner where there are any.
    pub fn face(&self, e: u32, face: u8) -> Option<(Vec<u32>, Vec<u32>)> {
        let nodes = self.nodes(e as usize);
        let FaceNodes { corners, middles } = self.elements[e as usize].form.faces().get(face as usize)?;
        let of = |list: &[usize]| list.iter().map(|k| nodes[*k]).collect();
        Some((of(corners), of(middles)))
    }

    /// The nodes that a target means; `None` for a name or number the deck does not have.
    pub fn nodes_of(&self, target: &Target) -> Option<&[u32]> {
        match target {
            Target::Id(id) => self.nodes_by_id.get(id).map(std::slice::from_ref),
            Target::Name(name) => found(&self.node_sets, name, self.is_flat()).map(|s| s.members.as_slice()),
        }
    }

    /// The elements that a target means.
    pub fn elements_of(&self, target: &Target) -> Option<&[u32]> {
        match target {
            Target::Id(id) => self.elements_by_id.get(id).map(std::slice::from_ref),
            Target::Name(name) => found(&self.element_sets, name, self.is_flat()).map(|s| s.members.as_slice()),
        }
    }

    /// The surface that a target means.
    pub fn surface_of(&self, target: &Target) -> Option<&Surface> {
        match target {
            Target::Id(_) => None,
            Target::Name(name) => found(&self.surfaces, name, self.is_flat()),
        }
    }
}

/// By name. A deck without instances may still put the name of a part and a dot before it.
fn found<'a, T>(map: &'a BTreeMap<String, T>, name: &str, flat: bool) -> Option<&'a T> {
    map.get(name).or_else(|| map.get(name.rsplit_once('.').filter(|_| flat)?.1))
}
