//! What a deck asks, on facets instead of nodes: conditions, and the steps that put them together.

use super::tie::Tied;
use crate::format::inp::Procedure;
use glam::DVec3;

/// A value with the amplitude it follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    pub value: f64,
    pub amplitude: Option<String>,
}

/// How tight a bolt is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Preload {
    Force(f64),
    Shortening(f64),
}

/// A condition, in the deck's units.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Fixed,
    Sliding,
    Displacement([Option<f64>; 3]),
    /// Springs, stiffness per area.
    Elastic {
        normal: f64,
        tangential: f64,
    },
    /// One solid piece with three ways and three turns about a point.
    Remote {
        at: DVec3,
        ways: [Option<f64>; 6],
    },
    /// At a point; `rigid` makes the facets one solid piece.
    RemoteForce {
        force: DVec3,
        at: DVec3,
        rigid: bool,
    },
    RemoteMoment {
        moment: DVec3,
        rigid: bool,
    },
    /// Total force.
    Force(DVec3),
    /// Total moment about the facets' centroid.
    Moment(DVec3),
    /// Positive presses.
    Pressure(f64),
    Gravity(DVec3),
    /// On the wall of its shank.
    Bolt(Preload),
    Spin {
        squared: f64,
        point: [f64; 3],
        axis: [f64; 3],
    },
    Temperature(Course),
    /// Per area.
    Flux(Course),
    /// In total.
    Heat(Course),
    Film {
        ambient: Course,
        film: f64,
    },
    Radiation {
        ambient: Course,
        emissivity: f64,
    },
    /// Per volume, in whole parts.
    Source {
        density: Course,
        parts: Vec<u32>,
    },
}

impl What {
    pub fn is_support(&self) -> bool {
        matches!(self, Self::Fixed | Self::Sliding | Self::Displacement(_) | Self::Elastic { .. } | Self::Remote { .. })
    }

    /// Whether it is a support that moves.
    pub fn moves(&self) -> bool {
        let any = |of: &[Option<f64>]| of.iter().flatten().any(|v| *v != 0.0);
        match self {
            Self::Displacement(ways) => any(ways),
            Self::Remote { ways, .. } => any(ways),
            _ => false,
        }
    }

    pub fn is_load(&self) -> bool {
        let on_mass = matches!(self, Self::Gravity(_) | Self::Spin { .. });
        let remote = matches!(self, Self::RemoteForce { .. } | Self::RemoteMoment { .. });
        on_mass || remote || matches!(self, Self::Force(_) | Self::Moment(_) | Self::Pressure(_) | Self::Bolt(_))
    }
}

/// A condition with where it acts.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub line: usize,
    /// As the deck calls the set, or empty.
    pub name: String,
    pub what: What,
    /// Indices into [`super::skin::Skin::facets`], ascending.
    pub facets: Vec<u32>,
}

/// A step that makes a study or a load case.
#[derive(Clone, Debug, PartialEq)]
pub struct Posed {
    pub line: usize,
    pub name: String,
    pub procedure: Procedure,
    /// Indices into [`Problem::items`].
    pub items: Vec<usize>,
    /// One temperature everywhere.
    pub warmth: Option<f64>,
}

/// Everything the steps say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Problem {
    pub items: Vec<Item>,
    pub steps: Vec<Posed>,
    /// Bodies that are bonded across gaps.
    pub ties: Vec<Tied>,
    /// One temperature everywhere at the start.
    pub initial: Option<f64>,
}
