//! A sequence of meshes of the same bodies, each next one finer where the error of the last asks for it.

use super::Mesh;
use super::adapt::{self, Spot};
use crate::geometry::Body;
use crate::mesh::tet::{MeshError, Options, Ready, Wish};
use crate::surface::FaceName;
use std::sync::atomic::AtomicBool;

/// The first mesh has this share of the elements allowed, or this many.
const FIRST_SHARE: f64 = 0.12;
const FIRST_MIN: f64 = 12_000.0;
/// Each next mesh has about this many times the elements of the last, so that the last one has what is allowed, and never
/// fewer than so many times.
const GROWTH: f64 = 2.9;
const GROWTH_MIN: f64 = 1.5;
/// The geometry's features alone ask for elements down to this share of the largest ones, less on every next mesh.
const FEATURE_SHARE: f64 = 0.3;
const FEATURE_SHRINK: f64 = 0.6;
/// Elements that come of sizes wished for, over what those say: sizes hold at places and grow slowly between them.
const OVERSHOOT: f64 = 1.6;
/// Elements that a spot takes, about, and the share that spots leave at least to where the error is.
pub const SPOT_TETS: f64 = 500.0;
const SPOTS_LEAVE: f64 = 0.4;
/// A first mesh that folds is tried again with sizes of this share, so often: five times the elements then.
const UNFOLD: f64 = 0.76;
const UNFOLDS: usize = 2;
/// A mesh with this many times the elements wanted is made again, coarser, up to so many tries.
const EXCESS: f64 = 1.4;
const TRIES_MAX: usize = 4;
/// Sizes that are the last mesh's, nearly or more, grow by this from try to try.
const LESS_FINE: f64 = 1.1;
/// A coarser try that still has this share of the elements is none: faces with sizes of their own take them, and larger
/// elements elsewhere would only be worse.
const NO_GAIN: f64 = 0.85;
/// Meshes before an accuracy counts as reached (three tell what has settled from what grows), and at most.
const LEVELS_MIN: usize = 3;
const LEVELS_MAX: usize = 6;
/// Elements, as a share of those allowed, after which no further mesh is worth its time.
const ENOUGH: f64 = 0.7;

/// A mesh with more than this many times the elements allowed, for all coarsening, is refused: what a run is said to take
/// counts on it.
pub const EXCESS_MAX: f64 = 2.0;

/// How fine the last mesh may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fineness {
    /// About this many elements, placed by the error.
    Elements(f64),
    /// Edges of this length everywhere, m; the meshes before it are coarser by a factor of four in elements each.
    Edge(f64),
}

/// A body to be meshed.
#[derive(Clone)]
pub struct Blank<'a> {
    /// As people call it, for errors.
    pub label: &'a str,
    /// m³
    pub volume: f64,
    /// m²
    pub area: f64,
    pub body: &'a dyn Body,
    /// Edge lengths on faces by name, m, where those are less than elsewhere.
    pub face_sizes: Vec<(FaceName, f64)>,
}

#[derive(Debug, thiserror::Error)]
pub enum LadderError {
    #[error("cancelled")]
    Cancelled,
    #[error("{label}: {error}")]
    Mesh { label: String, error: MeshError },
    #[error("the bodies' small features need {:.0} thousand elements, and {:.0} thousand are allowed", needed / 1e3, allowed / 1e3)]
    TooMany { needed: f64, allowed: f64 },
}

/// Nodes per element of ten-node meshes.
const NODES_PER_TET: f64 = 1.45;

/// Nodes that the last mesh has where it has the elements that `fineness` allows.
pub fn n_nodes(fineness: Fineness, bodies: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    NODES_PER_TET * n_tets_max(fineness, bodies)
}

/// Elements that `fineness` allows for bodies of `(volume m³, area m²)`.
fn n_tets_max(fineness: Fineness, bodies: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    match fineness {
        Fineness::Elements(n) => n,
        Fineness::Edge(h) => n_tets(bodies, h),
    }
}

/// About how many elements edges of `h` give: measured on blocks and brackets.
fn n_tets(bodies: impl Iterator<Item = (f64, f64)>, h: f64) -> f64 {
    bodies.map(|(volume, area)| 12.0 * volume / h.powi(3) + 4.0 * area / (h * h)).sum()
}

/// The edge that gives about `n` elements, m.
fn size_for(bodies: impl Iterator<Item = (f64, f64)> + Clone, n: f64) -> f64 {
    let (mut low, mut high) = (1e-9, 1e6);
    for _ in 0..120 {
        let middle = f64::sqrt(low * high);
        if n_tets(bodies.clone(), middle) > n { low = middle } else { high = middle }
    }
    high
}

/// What a mesh was asked for.
#[derive(Clone)]
struct Sizes {
    size: f64,
    feature: f64,
    wishes: Vec<Vec<Wish>>,
}

/// Meshes of `blanks`, one after the other.
pub struct Ladder<'a> {
    labels: Vec<&'a str>,
    ready: Vec<Ready<'a>>,
    face_sizes: Vec<Vec<(FaceName, f64)>>,
    uniform: bool,
    allowed: f64,
    /// Elements wanted of the next mesh.
    wanted: f64,
    /// Largest size of the next mesh, and the size down to which features are resolved, m.
    size: f64,
    feature: f64,
    wishes: Vec<Vec<Wish>>,
    /// Of the last mesh.
    accepted: Option<Sizes>,
    n_meshes: usize,
    /// Elements of the last mesh.
    n_tets: f64,
}

impl<'a> Ladder<'a> {
    /// Reads the features of the bodies.
    ///
    /// # Errors
    /// [`LadderError`].
    pub fn new(blanks: &[Blank<'a>], fineness: Fineness, cancel: &AtomicBool) -> Result<Self, LadderError> {
        let bodies = blanks.iter().map(|b| (b.volume, b.area));
        let allowed = n_tets_max(fineness, bodies.clone());
        let wanted = (FIRST_SHARE * allowed).max(FIRST_MIN);
        let size = match fineness {
            Fineness::Edge(h) => h * 4f64.powf((LEVELS_MIN - 1) as f64 / 3.0),
            Fineness::Elements(_) => size_for(bodies, wanted),
        };
        let mut ready = Vec::new();
        for blank in blanks {
            check(cancel)?;
            ready.push(Ready::new(blank.body).map_err(|e| failed(blank.label, e))?);
        }
        Ok(Self {
            labels: blanks.iter().map(|b| b.label).collect(),
            ready,
            face_sizes: blanks.iter().map(|b| b.face_sizes.clone()).collect(),
            uniform: matches!(fineness, Fineness::Edge(_)),
            allowed,
            wanted,
            size,
            feature: FEATURE_SHARE * size,
            wishes: vec![Vec::new(); blanks.len()],
            accepted: None,
            n_meshes: 0,
            n_tets: 0.0,
        })
    }

    /// The next mesh. `log` takes sentences for the record.
    ///
    /// # Errors
    /// [`LadderError`].
    pub fn mesh(&mut self, cancel: &AtomicBool, log: &mut dyn FnMut(String)) -> Result<Mesh, LadderError> {
        let most = EXCESS_MAX * self.allowed;
        let mut made = self.as_wanted(cancel, log);
        // Where the surface comes near to itself, smaller elements keep it apart.
        for _ in 0..UNFOLDS {
            let Err(LadderError::Mesh { error: error @ MeshError::Folded { .. }, .. }) = &made else { break };
            if self.n_meshes > 0 {
                break;
            }
            log(format!("{error}; finer"));
            (self.size, self.feature) = (UNFOLD * self.size, UNFOLD * self.feature);
            made = self.build(cancel, log);
        }
        let why = match &made {
            // Small features leave no room for what the error asks for.
            Ok(mesh) if mesh.tets.len() as f64 > most => {
                Some(format!("{} elements are more than allowed", mesh.tets.len()))
            }
            Err(error @ LadderError::Mesh { error: MeshError::Folded { .. }, .. }) => Some(error.to_string()),
            _ => None,
        };
        let mesh = match (why, self.accepted.clone()) {
            (Some(why), Some(sizes)) => {
                log(format!("{why}; as the last mesh, a little finer"));
                // Of the last mesh's sizes; above one where that had nearly all that is allowed.
                let mut share = 0.5f64.cbrt().max((self.n_tets / (0.9 * most)).cbrt());
                let mut tries = 1;
                loop {
                    (self.size, self.feature) = (share * sizes.size, share * sizes.feature);
                    self.wishes.clone_from(&sizes.wishes);
                    self.wishes.iter_mut().flatten().for_each(|w| w.size *= share);
                    let mesh = self.build(cancel, log)?;
                    if mesh.tets.len() as f64 <= most || tries == TRIES_MAX {
                        break mesh;
                    }
                    log(format!("{} elements are more than allowed; less fine", mesh.tets.len()));
                    tries += 1;
                    share = if share < LESS_FINE { 0.5 * (1.0 + share) } else { LESS_FINE * share };
                }
            }
            _ => made?,
        };
        self.n_tets = mesh.tets.len() as f64;
        if self.n_tets > most {
            return Err(LadderError::TooMany { needed: self.n_tets, allowed: self.allowed });
        }
        self.accepted = Some(Sizes { size: self.size, feature: self.feature, wishes: self.wishes.clone() });
        self.n_meshes += 1;
        Ok(mesh)
    }

    /// A mesh of about as many elements as wanted.
    fn as_wanted(&mut self, cancel: &AtomicBool, log: &mut dyn FnMut(String)) -> Result<Mesh, LadderError> {
        let mut mesh = self.build(cancel, log)?;
        for _ in 1..TRIES_MAX {
            let excess = mesh.tets.len() as f64 / self.wanted;
            if self.uniform || excess < EXCESS {
                break;
            }
            log(format!("{} elements are more than wanted; coarser", mesh.tets.len()));
            let before = (self.size, self.feature, self.wishes.clone());
            if self.n_meshes == 0 {
                // What small features ask for goes with the square of their size, or less.
                let coarser = excess.sqrt().min(2.0);
                self.size *= coarser;
                self.feature *= coarser;
            } else {
                let coarser = excess.cbrt();
                self.feature *= coarser;
                self.wishes.iter_mut().flatten().for_each(|w| w.size *= coarser);
            }
            let next = self.build(cancel, log)?;
            if next.tets.len() as f64 > NO_GAIN * mesh.tets.len() as f64 {
                log(format!("{} elements all the same; as it was", next.tets.len()));
                (self.size, self.feature, self.wishes) = before;
                break;
            }
            mesh = next;
        }
        Ok(mesh)
    }

    fn build(&self, cancel: &AtomicBool, log: &mut dyn FnMut(String)) -> Result<Mesh, LadderError> {
        let mut meshes = Vec::new();
        let bodies = self.labels.iter().zip(&self.ready).zip(&self.face_sizes);
        for (((label, ready), face_sizes), wishes) in bodies.zip(&self.wishes) {
            let (face_sizes, wishes) = (face_sizes.clone(), wishes.clone());
            let options = Options { face_sizes, wishes, size_min: self.feature, ..Options::new(self.size) };
            let mesh = ready.mesh(&options, cancel).map_err(|e| failed(label, e))?;
            if mesh.n_lost > 0 {
                log(format!("{label}: {} triangles of its surface cut one another and were laid anew", mesh.n_lost));
            }
            meshes.push(mesh);
            check(cancel)?;
        }
        Ok(Mesh::join(meshes))
    }

    /// Elements that the last mesh may have, about.
    pub fn allowed(&self) -> f64 {
        self.allowed
    }

    /// Meshes made so far.
    pub fn n_meshes(&self) -> usize {
        self.n_meshes
    }

    /// Size of the last mesh as a share of the largest one, for progress.
    pub fn share(&self) -> f64 {
        (self.n_tets / self.allowed).clamp(0.02, 1.0)
    }

    /// Whether there are meshes enough to say that something has settled.
    pub fn may_settle(&self) -> bool {
        self.n_meshes >= LEVELS_MIN
    }

    /// Whether the last mesh is the last one, given whether the values on it are known as well as wished for.
    pub fn ends(&self, reached: bool) -> bool {
        self.may_settle()
            && (self.uniform || reached || self.n_meshes >= LEVELS_MAX || self.n_tets >= ENOUGH * self.allowed)
    }

    /// Plans the next mesh after `mesh`, the last one, with its elements' `sizes`, m, and squared errors (any unit);
    /// `spots` are to be finer whatever their error.
    pub fn refine(&mut self, mesh: &Mesh, sizes: &[f64], errors: &[f64], spots: &[Spot]) {
        if self.uniform {
            self.size /= 4f64.powf(1.0 / 3.0);
            self.feature = FEATURE_SHARE * self.size;
        } else {
            self.feature *= FEATURE_SHRINK;
            let left = self.allowed / self.n_tets;
            let steps = (left.ln() / GROWTH.ln()).round().max(1.0);
            self.wanted = left.powf(1.0 / steps).max(GROWTH_MIN) * self.n_tets;
            let by_error = self.wanted / OVERSHOOT;
            let rest = (by_error - SPOT_TETS * spots.len() as f64).max(SPOTS_LEAVE * by_error);
            self.wishes = adapt::wishes(mesh, sizes, errors, rest, spots);
        }
    }
}

fn check(cancel: &AtomicBool) -> Result<(), LadderError> {
    if cancel.load(std::sync::atomic::Ordering::Relaxed) { Err(LadderError::Cancelled) } else { Ok(()) }
}

fn failed(label: &str, error: MeshError) -> LadderError {
    match error {
        MeshError::Cancelled(_) => LadderError::Cancelled,
        error => LadderError::Mesh { label: label.into(), error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::{Design, Object};
    use crate::geometry::{Files, evaluate};
    use std::sync::Arc;

    struct NoFiles;

    impl Files for NoFiles {
        fn get(&self, _: &str) -> Option<&[u8]> {
            None
        }
    }

    /// What `test` says of a ladder for a block of 60 × 40 × 20 mm that has its first mesh, with `allowed` elements.
    fn after_the_first(allowed: f64, test: impl FnOnce(&mut Ladder<'_>)) {
        let mut design = Design::new();
        let block = Object::new("b", "box", "Block").expr("dx", "60 mm").expr("dy", "40 mm").expr("dz", "20 mm");
        design.objects.push(Arc::new(block));
        let model = evaluate(&design, &NoFiles);
        let body = &*model.bodies[0].body;
        let mass = body.mass_properties();
        let blank = Blank { label: "Block", volume: mass.volume, area: mass.area, body, face_sizes: Vec::new() };
        let mut ladder = Ladder::new(&[blank], Fineness::Elements(allowed), &AtomicBool::new(false)).unwrap();
        ladder.mesh(&AtomicBool::new(false), &mut |line| println!("{line}")).unwrap();
        test(&mut ladder);
    }

    fn next(ladder: &mut Ladder<'_>) -> (Result<usize, LadderError>, Vec<String>) {
        let mut said = Vec::new();
        let made = ladder.mesh(&AtomicBool::new(false), &mut |line| said.push(line));
        said.iter().for_each(|line| println!("{line}"));
        (made.map(|mesh| mesh.tets.len()), said)
    }

    #[test]
    fn a_mesh_with_more_elements_than_allowed_is_made_again_between_it_and_the_last() {
        after_the_first(20_000.0, |ladder| {
            let first = ladder.n_tets;
            // Sizes that give twelve times the elements; nothing is wanted less fine, as if small features took them.
            (ladder.size, ladder.feature, ladder.wanted) = (0.4 * ladder.size, 0.4 * ladder.feature, 1e9);
            let (made, said) = next(ladder);
            let n = made.unwrap() as f64;
            assert!(n > first && n <= EXCESS_MAX * ladder.allowed, "{n} after {first}");
            assert!(said[0].contains("more than allowed; as the last mesh, a little finer"), "{said:?}");
            assert_eq!((ladder.n_meshes, ladder.n_tets), (2, n));
        });
    }

    #[test]
    fn a_mesh_a_little_finer_is_made_less_fine_while_it_has_too_many_elements() {
        after_the_first(20_000.0, |ladder| {
            // As if the last mesh had come near to what is allowed: half as many again are too many.
            let sizes = ladder.accepted.as_mut().unwrap();
            (sizes.size, sizes.feature) = (0.7 * sizes.size, 0.7 * sizes.feature);
            (ladder.size, ladder.feature, ladder.wanted) = (0.4 * ladder.size, 0.4 * ladder.feature, 1e9);
            let (made, said) = next(ladder);
            assert!(made.unwrap() as f64 <= EXCESS_MAX * ladder.allowed);
            assert!(said.iter().any(|line| line.ends_with("more than allowed; less fine")), "{said:?}");
        });
    }

    #[test]
    fn a_body_that_has_too_many_elements_however_often_it_is_tried_is_refused_with_their_number() {
        after_the_first(20_000.0, |ladder| {
            let sizes = ladder.accepted.as_mut().unwrap();
            (sizes.size, sizes.feature) = (0.5 * sizes.size, 0.5 * sizes.feature);
            (ladder.size, ladder.feature, ladder.wanted) = (0.4 * ladder.size, 0.4 * ladder.feature, 1e9);
            let (made, said) = next(ladder);
            let Err(LadderError::TooMany { needed, allowed }) = made else { panic!("{made:?}") };
            assert!(needed > EXCESS_MAX * allowed, "{needed}");
            assert_eq!(said.iter().filter(|line| line.ends_with("less fine")).count(), TRIES_MAX - 1);
        });
    }
}
