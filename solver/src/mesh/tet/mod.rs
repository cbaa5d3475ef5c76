//! Body-fitted tetrahedra: ten-node elements whose surface is the body's, face by face and edge by edge.
//!
//! 1. [`domain`] reads smooth patches, feature curves and corners off the body's surface;
//! 2. [`size`] says how fine the mesh must be where, graded in an [`octree`];
//! 3. [`remesh`] makes triangles of that size out of the surface;
//! 4. [`conform`] fills them: Delaunay tetrahedra of the surface's vertices and of a body-centred lattice inside;
//! 5. [`improve`] exchanges, moves and merges until the worst tetrahedra are good;
//! 6. [`quadratic`] adds middle nodes on the true surface.
//!
//! Why not the stencils of isosurface stuffing: they know nothing of edges, and snapping their vertices to features
//! afterwards flattens tetrahedra against planes and edges. Here the features are in the surface before there are
//! tetrahedra, and the lattice keeps the inside as regular as stuffing does.

mod conform;
mod delaunay;
mod domain;
mod improve;
mod octree;
mod quadratic;
pub mod quality;
mod remesh;
mod size;
mod surf;
mod volume;

use crate::element::tet::face;
use crate::geometry::Body;
use crate::geometry::distance::Distance;
use crate::run::Cancelled;
use crate::surface::{FaceName, Representation};
use conform::Filled;
use domain::{Domain, NEEDLE};
use glam::DVec3;
pub use quality::Quality;
use std::borrow::Cow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// The two corners of each middle node, in the order of Abaqus' C3D10.
pub const MIDDLES: [[usize; 2]; 6] = [[0, 1], [1, 2], [2, 0], [0, 3], [1, 3], [2, 3]];

/// What a mesh shall be like; lengths in m, angles in rad.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Edge length where nothing asks for less.
    pub size: f64,
    /// Edge length that curvature, thin walls and near features do not go below; only bores and pins thinner than it do.
    pub size_min: f64,
    /// Edge length on named faces.
    pub face_sizes: Vec<(FaceName, f64)>,
    /// Edge lengths about places, where those ask for less.
    pub wishes: Vec<Wish>,
    /// Turn of a curved surface over one element.
    pub turn: f64,
    /// Elements wished across a wall; one gives elements up to twice as long as the wall is thick.
    pub across: f64,
}

impl Options {
    /// Elements of `size`, down to a thirtieth of it: 30° of an arc each, one across a wall.
    pub fn new(size: f64) -> Self {
        Self {
            size,
            size_min: size / 30.0,
            face_sizes: Vec::new(),
            wishes: Vec::new(),
            turn: std::f64::consts::FRAC_PI_6,
            across: 1.0,
        }
    }
}

/// Edge length wished for at a place, m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wish {
    pub at: [f64; 3],
    pub size: f64,
}

/// Why there is no mesh.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MeshError {
    #[error("the body has no surface")]
    Empty,
    #[error("a point of the surface is not a number: {point:?}")]
    NotFinite { point: [f64; 3] },
    #[error("the surface is not closed near {point:?} m; repair the body")]
    Open { point: [f64; 3] },
    #[error("the element size must be positive; it is {size} m")]
    Size { size: f64 },
    #[error(
        "the mesh cannot follow the surface near ({:.2}, {:.2}, {:.2}) mm, where it cuts itself or folds back on itself; \
         repair the body there, or choose smaller elements",
        1e3 * point[0], 1e3 * point[1], 1e3 * point[2]
    )]
    Folded { point: [f64; 3] },
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// A facet of a tetrahedron on the surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundaryFace {
    /// Corners turning outwards, then the middles of 12, 23 and 31.
    pub nodes: [u32; 6],
    /// Its face, into [`TetMesh::faces`].
    pub face: u32,
    /// The element behind it.
    pub tet: u32,
}

/// Ten-node tetrahedra in world space, m.
///
/// Shapes: `points` `[n]`, corners first, then the middle nodes; `tets` `[m]` in the order of Abaqus' C3D10 (corners of
/// positive volume, then the middles of [`MIDDLES`]); `boundary` every facet on the surface, once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TetMesh {
    pub points: Vec<[f64; 3]>,
    /// Number of corner nodes.
    pub n_corners: usize,
    pub tets: Vec<[u32; 10]>,
    pub boundary: Vec<BoundaryFace>,
    /// Element edges along the body's feature edges: two ends and the middle.
    pub edges: Vec<[u32; 3]>,
    /// Names of the body's faces; a name appears once for each piece of a split face.
    pub faces: Vec<FaceName>,
    /// Surface triangles that could not be kept as they were: 0 unless the surface cuts itself. What took their place
    /// follows the body's surface.
    pub n_lost: usize,
    pub quality: Quality,
}

/// Meshes tried until the triangles of the surface no longer cut one another, with each reading of its features.
const TRIES_MAX: usize = 4;
/// How far about such a triangle what is behind the body's own is left out, over the size there.
const REACH: f64 = 2.0;
/// Sizes where they do, over those of the last try.
const FINER: f64 = 0.5;
/// A mesh that lost triangles of its surface and has an angle below this there is no use, rad: 1°.
const ANGLE_MIN: f64 = 0.0175;

/// Where no mesh keeps a file's surface, steps up to this share of the body's diagonal, 30 µm in 200 mm, no longer part
/// its faces. Not from the first: where a step thins out, that puts corners close together.
const STEP: f64 = 1.5e-4;

/// A body made ready for meshing, as often as it takes.
pub struct Ready<'a> {
    body: &'a dyn Body,
    domain: Domain<'a>,
    /// Without steps finer than [`STEP`].
    smoothed: OnceLock<Domain<'a>>,
    distance: Distance,
}

impl<'a> Ready<'a> {
    /// Reads the features of `body`.
    ///
    /// # Errors
    /// [`MeshError`] for a surface that is empty, open or not finite.
    pub fn new(body: &'a dyn Body) -> Result<Self, MeshError> {
        let surface = body.surface();
        let exact = body.representation() == Representation::Exact;
        let (domain, distance) = rayon::join(|| Domain::new(body, exact, NEEDLE), || Distance::new(surface.clone()));
        Ok(Self { body, domain: domain?, smoothed: OnceLock::new(), distance })
    }

    /// Tetrahedra in the surface of `domain`, finer where its triangles cut one another: folds finer than the elements
    /// make them do so, and only smaller elements tell such folds apart. Where those make it worse, it is what is behind the
    /// body's triangles that folds, and the triangles themselves are the surface there. Returns the domain that was followed,
    /// too.
    fn fill<'d>(
        &self,
        domain: &'d Domain<'a>,
        options: &Options,
        check: &dyn Fn() -> Result<(), Cancelled>,
    ) -> Result<(Filled, Cow<'d, Domain<'a>>), Cancelled> {
        let mut options = options.clone();
        let mut domain = Cow::Borrowed(domain);
        let mut best: Option<(Filled, Cow<Domain>)> = None;
        // Of the best try: how many wishes it had, and where its triangles cut one another, with the size there.
        let (mut n_wishes, mut places) = (options.wishes.len(), Vec::new());
        let mut reach = REACH;
        let mut n_tries = 0;
        loop {
            n_tries += 1;
            let size = size::field(&domain, &options, &self.distance);
            check()?;
            let mut surf = remesh::remesh(&domain, &size);
            check()?;
            let filled = conform::fill(&mut surf, &domain, &size, &self.distance);
            check()?;
            let lost: Vec<(DVec3, f64)> = filled.lost.iter().map(|p| (*p, size.size(*p))).collect();
            let kept = best.take().filter(|(b, _)| b.fault() <= filled.fault());
            let is_better = kept.is_none();
            let this = kept.unwrap_or_else(|| (filled, domain.clone()));
            if this.0.n_lost == 0 || n_tries == TRIES_MAX {
                return Ok(this);
            }
            best = Some(this);
            if is_better {
                (n_wishes, places) = (options.wishes.len(), lost.clone());
            }
            if is_better || !domain.is_formed() {
                let finer = |(p, size): &(DVec3, f64)| Wish { at: p.to_array(), size: FINER * size };
                options.wishes.extend(lost.iter().map(finer));
            } else {
                options.wishes.truncate(n_wishes);
                let bare: Vec<(DVec3, f64)> = places.iter().map(|(p, size)| (*p, reach * size)).collect();
                domain = Cow::Owned(domain.bare(&bare, &self.distance));
                reach *= 2.0;
            }
        }
    }

    /// Meshes the body. The same bytes for any number of threads. Stops between stages when `cancel` is set.
    ///
    /// # Errors
    /// [`MeshError::Size`] for a size that is not positive, [`MeshError::Folded`] for a surface that no mesh keeps, and
    /// cancellation.
    pub fn mesh(&self, options: &Options, cancel: &AtomicBool) -> Result<TetMesh, MeshError> {
        let check = || if cancel.load(Ordering::Relaxed) { Err(Cancelled) } else { Ok(()) };
        if !(options.size > 0.0 && options.size.is_finite() && options.size_min > 0.0) {
            return Err(MeshError::Size { size: options.size });
        }
        let (mut best, mut domain) = self.fill(&self.domain, options, &check)?;
        if best.n_lost > 0 && !domain.exact {
            let smoothed = match self.smoothed.get() {
                Some(known) => known,
                None => {
                    let read = Domain::new(self.body, false, STEP)?;
                    self.smoothed.get_or_init(|| read)
                }
            };
            let (other, followed) = self.fill(smoothed, options, &check)?;
            if other.fault() < best.fault() {
                (best, domain) = (other, followed);
            }
        }
        let Filled { mut volume, n_lost, lost, astray } = best;
        if let Some(p) = astray.first() {
            return Err(MeshError::Folded { point: p.to_array() });
        }
        improve::improve(&mut volume, &domain);
        check()?;
        let mut mesh = quadratic::finish(&volume, &domain);
        mesh.n_lost = n_lost;
        if mesh.quality.dihedral_min < ANGLE_MIN
            && let Some(p) = lost.first()
        {
            return Err(MeshError::Folded { point: p.to_array() });
        }
        Ok(mesh)
    }
}

/// Meshes `body` once.
///
/// # Errors
/// [`MeshError`].
pub fn mesh(body: &dyn Body, options: &Options, cancel: &AtomicBool) -> Result<TetMesh, MeshError> {
    Ready::new(body)?.mesh(options, cancel)
}

impl TetMesh {
    /// Positions of an element's nodes.
    pub fn nodes(&self, t: usize) -> [DVec3; 10] {
        self.tets[t].map(|i| DVec3::from(self.points[i as usize]))
    }

    /// Volume of the curved elements, m³. Exact: the determinant is cubic, the rule of degree three.
    pub fn volume(&self) -> f64 {
        // Source: Zienkiewicz & Taylor, vol. 1, table 5.4.
        let sixth = 1.0 / 6.0;
        let rule = [
            ([0.25; 3], -0.8),
            ([0.5, sixth, sixth], 0.45),
            ([sixth, 0.5, sixth], 0.45),
            ([sixth, sixth, 0.5], 0.45),
            ([sixth; 3], 0.45),
        ]
        .map(|(at, w)| (quadratic::gradients_at(at), w / 6.0));
        (0..self.tets.len())
            .map(|t| {
                let x = self.nodes(t);
                rule.iter().map(|(g, w)| w * quadratic::determinant(&x, g)).sum::<f64>()
            })
            .sum()
    }

    /// Area of the curved facets of each face, m², `[faces]`.
    pub fn face_areas(&self) -> Vec<f64> {
        let mut out = vec![0.0; self.faces.len()];
        for f in &self.boundary {
            let x = f.nodes.map(|i| DVec3::from(self.points[i as usize]));
            face::integrate(&x, |_, _, area| out[f.face as usize] += area.length());
        }
        out
    }
}
