//! The body as the mesher sees it: smooth patches, the curves where they meet, the corners where curves end, and the
//! way back onto each of them.

mod behind;

use super::MeshError;
use super::delaunay::NONE;
use super::surf::{Place, Surf};
use crate::geometry::Body;
use crate::geometry::distance::Distance;
use crate::surface::{Shape, SurfaceMesh};
use behind::meeting;
use glam::DVec3;
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// Neighbours that meet at more than this are parted by a feature curve, rad: 30°, above the steps of any tessellation.
const CREASE: f64 = 0.524;
/// A feature curve that turns by more than this has a corner there, rad: 40°.
const TURN: f64 = 0.698;
/// A triangle of a file whose height is below this share of the body's diagonal is a needle.
pub(super) const NEEDLE: f64 = 5e-5;
/// Fixed points along a curve that has no corner of its own.
const ANCHORS: usize = 3;

/// A curve between two corners.
#[derive(Clone)]
pub(super) struct Chain {
    pub points: Vec<DVec3>,
    /// Length up to each point.
    pub at: Vec<f64>,
    /// Direction at each point; empty where the polyline itself is the curve.
    tangents: Vec<DVec3>,
    /// The patches beside it.
    pub patches: [u32; 2],
    /// Vertices of the two ends in the first surface.
    pub ends: [u32; 2],
}

/// A smooth piece of the surface.
struct Patch {
    /// The analytic surface it lies on, if it is one face that lies on one.
    shape: Option<Shape>,
    /// Its triangles alone.
    triangles: Distance,
    surface: Arc<SurfaceMesh>,
    /// Triangle of the body's surface for each of them.
    origin: Vec<u32>,
    /// The face that all of them are of, if it is one.
    face: Option<u32>,
    /// The faces that meet at points of `surface`, where those are several.
    meeting: HashMap<u32, Vec<u32>>,
}

/// The body.
#[derive(Clone)]
pub(super) struct Domain<'a> {
    /// Faces lie on their analytic shapes.
    pub exact: bool,
    /// Knows what is behind the triangles of faces that have no shape here.
    body: &'a dyn Body,
    pub surface: &'a SurfaceMesh,
    /// How much of what is behind the triangles counts at each point of the surface, 0 to 1; empty where nothing is known to
    /// be behind any of them.
    behind: Vec<f32>,
    /// Mean side of the body's triangles, m.
    side: f64,
    patches: Arc<[Patch]>,
    pub chains: Vec<Chain>,
    /// The body's own triangles, with their features.
    pub start: Surf,
    /// Box, m.
    pub lo: DVec3,
    pub hi: DVec3,
}

impl Chain {
    pub fn length(&self) -> f64 {
        self.at[self.at.len() - 1]
    }

    /// Number of the piece that holds length `at`, and the fraction along it.
    fn find(&self, at: f64) -> (usize, f64) {
        let i = self.at.partition_point(|a| *a <= at).clamp(1, self.at.len() - 1) - 1;
        let step = self.at[i + 1] - self.at[i];
        (i, if step > 0.0 { ((at - self.at[i]) / step).clamp(0.0, 1.0) } else { 0.0 })
    }

    /// The point at length `at`: cubic where the curve behind the polyline is smooth, else on the polyline.
    pub fn point(&self, at: f64) -> DVec3 {
        let (i, u) = self.find(at);
        let (p, q) = (self.points[i], self.points[i + 1]);
        if self.tangents.is_empty() {
            return p.lerp(q, u);
        }
        // Hermite (de Boor, A Practical Guide to Splines); the parameter is stretched to the arc by the chord's sine.
        let length = (q - p).length();
        let cosine = (0.5 * (self.tangents[i] + self.tangents[i + 1])).dot(q - p) / length.max(f64::MIN_POSITIVE);
        let stretch = length / cosine.clamp(0.5, 1.0);
        let (m, n) = (self.tangents[i] * stretch, self.tangents[i + 1] * stretch);
        let (u2, u3) = (u * u, u * u * u);
        p * (2.0 * u3 - 3.0 * u2 + 1.0) + m * (u3 - 2.0 * u2 + u) + q * (3.0 * u2 - 2.0 * u3) + n * (u3 - u2)
    }

    /// Length along the chain at a vertex that lies on it.
    pub fn at(&self, vertex: u32, place: Place) -> f64 {
        match place {
            Place::Curve { at, .. } => at,
            _ if vertex == self.ends[0] => 0.0,
            _ => self.length(),
        }
    }

    pub fn tangent(&self, at: f64) -> DVec3 {
        let (i, _) = self.find(at);
        (self.points[i + 1] - self.points[i]).normalize_or_zero()
    }

    fn new(points: Vec<DVec3>, patches: [u32; 2], ends: [u32; 2], smooth: bool) -> Self {
        let mut at = vec![0.0];
        for w in points.windows(2) {
            at.push(at[at.len() - 1] + (w[1] - w[0]).length());
        }
        let n = points.len();
        let mut tangents = Vec::new();
        if smooth && n > 2 {
            // The circle through three points gives the direction at the middle one; at the ends that of the last three.
            let middle = |a: DVec3, b: DVec3, c: DVec3| {
                let (u, v) = (b - a, c - b);
                (u / u.length_squared() + v / v.length_squared()).normalize_or_zero()
            };
            tangents = (1..n - 1).map(|i| middle(points[i - 1], points[i], points[i + 1])).collect();
            let end = |t: DVec3, chord: DVec3| {
                let chord = chord.normalize_or_zero();
                (2.0 * chord * chord.dot(t) - t).normalize_or_zero()
            };
            tangents.insert(0, end(tangents[0], points[1] - points[0]));
            tangents.push(end(tangents[n - 2], points[n - 1] - points[n - 2]));
        }
        Self { points, at, tangents, patches, ends }
    }
}

impl<'a> Domain<'a> {
    /// Reads features off the body's surface. `exact`: faces lie on their analytic shapes and every border between them is meant.
    /// Of a file, triangles lower than `needle` times the body's diagonal part no faces.
    ///
    /// # Errors
    /// [`MeshError`] for a surface that is empty, not finite or not closed.
    pub fn new(body: &'a dyn Body, exact: bool, needle: f64) -> Result<Self, MeshError> {
        let surface: &SurfaceMesh = body.surface();
        let mut start = connect(surface)?;
        let normals = directions(&start, surface, if exact { 0.0 } else { needle });
        let cosine = CREASE.cos();
        // Mark the sides that part two patches; `link` numbers the chains they make.
        for t in 0..start.triangles.len() {
            for k in 0..3 {
                let u = start.across[t][k] as usize;
                let bent =
                    normals[t].dot(normals[u]) < cosine && (normals[t] != DVec3::ZERO && normals[u] != DVec3::ZERO);
                let border = surface.face_of[t] != surface.face_of[u];
                if bent || exact && border {
                    start.chain[t][k] = 0;
                }
            }
        }
        patch_up(&mut start);
        let n_patches = start.patch.iter().max().map_or(0, |m| *m as usize + 1);
        let chains = link(&mut start, exact)?;

        let mut members: Vec<Vec<u32>> = vec![Vec::new(); n_patches];
        for (t, p) in start.patch.iter().enumerate() {
            members[*p as usize].push(t as u32);
        }
        let patches = members
            .into_par_iter()
            .map_init(Vec::new, |index, origin| {
                let face = surface.face_of[origin[0] as usize];
                let single = origin.iter().all(|t| surface.face_of[*t as usize] == face);
                let shape = surface.faces.get(face as usize).map(|f| f.shape);
                let shape = shape.filter(|s| exact && single && !matches!(s, Shape::Freeform));
                let part = part(surface, &origin, exact, index);
                let triangles = Distance::new(part.clone());
                let meeting = if single { HashMap::new() } else { meeting(&part, &origin, surface) };
                Patch { shape, triangles, surface: part, origin, face: single.then_some(face), meeting }
            })
            .collect();
        let (lo, hi) = surface.bounds().unwrap_or_default();
        let is_formed = |t: usize| body.onto(surface.face_of[t], start.centre(t as u32).into()).is_some();
        // Feature curves run along the triangles, up to a sagitta beside where what is behind their faces meets. A step there is
        // one that no element is fine enough for, so that what is behind fades in over the triangles beside the curve.
        let mut behind = Vec::new();
        if (0..start.triangles.len()).any(is_formed) {
            behind.resize(surface.points.len(), 1.0);
            for (t, chain) in start.chain.iter().enumerate() {
                for k in (0..3).filter(|k| chain[*k] != NONE) {
                    behind[surface.triangles[t][k] as usize] = 0.0;
                    behind[surface.triangles[t][(k + 1) % 3] as usize] = 0.0;
                }
            }
        }
        let area: f64 = start.each().map(|t| 0.5 * start.cross(t).length()).sum();
        let side = (2.0 * area / start.triangles.len() as f64).sqrt();
        Ok(Self { exact, body, surface, behind, side, patches, chains, start, lo: lo.into(), hi: hi.into() })
    }

    /// The point of `patch` nearest to `p`. `near`: a triangle of the patch that may be near, or [`NONE`]; afterwards the
    /// nearest. It saves time and changes nothing.
    pub fn project(&self, patch: u32, p: DVec3, near: &mut u32) -> DVec3 {
        let patch = &self.patches[patch as usize];
        if let Some(q) = patch.shape.and_then(|s| s.nearest(p)) {
            return q;
        }
        match patch.triangles.nearest(p.into(), (*near != NONE).then_some(*near)) {
            Some(nearest) => {
                *near = nearest.triangle;
                match self.beyond(patch, nearest.triangle as usize, nearest.point.into(), p) {
                    Some(q) => q,
                    None => smooth(&patch.surface, nearest.triangle as usize, nearest.point.into()),
                }
            }
            None => p,
        }
    }

    /// Whether something is known to be behind the triangles of some face.
    pub fn is_formed(&self) -> bool {
        !self.behind.is_empty()
    }

    /// Number of the face at `p`, a point of `patch`.
    pub fn face(&self, patch: u32, p: DVec3) -> u32 {
        let patch = &self.patches[patch as usize];
        if let Some(face) = patch.face {
            return face;
        }
        let t = patch.triangles.nearest(p.into(), None).map_or(0, |n| n.triangle);
        self.surface.face_of[patch.origin[t as usize] as usize]
    }

    /// Place and position of the middle of a side between two vertices; `chain` as of the side, `patch` beside it.
    pub fn middle(&self, [a, b]: [(u32, Place, DVec3); 2], chain: u32, patch: u32) -> (Place, DVec3) {
        if chain == NONE {
            let place = Place::Patch(patch);
            return (place, self.project(patch, 0.5 * (a.2 + b.2), &mut { NONE }));
        }
        let curve = &self.chains[chain as usize];
        let at = 0.5 * (curve.at(a.0, a.1) + curve.at(b.0, b.1));
        let place = Place::Curve { chain, at };
        (place, curve.point(at))
    }
}

/// Triangles and their neighbours. A point where the surface touches itself becomes one vertex for each sheet.
fn connect(surface: &SurfaceMesh) -> Result<Surf, MeshError> {
    let n = surface.triangles.len();
    if n == 0 {
        return Err(MeshError::Empty);
    }
    if let Some(p) = surface.points.iter().find(|p| p.iter().any(|c| !c.is_finite())) {
        return Err(MeshError::NotFinite { point: *p });
    }
    // Sides by the vertex they start at: their other end, their triangle and the next of the list.
    let mut first = vec![NONE; surface.points.len()];
    let mut sides: Vec<(u32, u32, u32)> = Vec::with_capacity(3 * n);
    let find = |first: &[u32], sides: &[(u32, u32, u32)], a: u32, b: u32| {
        let mut at = first[a as usize];
        while at != NONE && sides[at as usize].0 != b {
            at = sides[at as usize].2;
        }
        at
    };
    for (t, v) in surface.triangles.iter().enumerate() {
        for k in 0..3 {
            let (a, b) = (v[k], v[(k + 1) % 3]);
            if find(&first, &sides, a, b) != NONE {
                return Err(MeshError::Open { point: surface.points[a as usize] });
            }
            sides.push((b, t as u32, first[a as usize]));
            first[a as usize] = sides.len() as u32 - 1;
        }
    }
    let mut across = Vec::with_capacity(n);
    for v in &surface.triangles {
        let mut over = [NONE; 3];
        for k in 0..3 {
            let (a, b) = (v[k], v[(k + 1) % 3]);
            let at = find(&first, &sides, b, a);
            over[k] = sides.get(at as usize).ok_or_else(|| MeshError::Open { point: surface.points[a as usize] })?.1;
        }
        across.push(over);
    }
    let mut surf = Surf {
        points: surface.points.iter().map(|p| DVec3::from(*p)).collect(),
        triangles: surface.triangles.clone(),
        patch: surface.face_of.clone(),
        across,
        chain: vec![[NONE; 3]; n],
        ..Surf::default()
    };
    // One fan per vertex.
    surf.of = vec![NONE; surf.points.len()];
    let mut seen = vec![[false; 3]; n];
    for t in 0..n {
        for k in 0..3 {
            if seen[t][k] {
                continue;
            }
            let v = surface.triangles[t][k];
            let vertex = if surf.of[v as usize] == NONE {
                v
            } else {
                surf.points.push(surf.points[v as usize]);
                surf.of.push(NONE);
                surf.points.len() as u32 - 1
            };
            surf.of[vertex as usize] = t as u32;
            let (mut u, mut j) = (t, k);
            while !seen[u][j] {
                seen[u][j] = true;
                surf.triangles[u][j] = vertex;
                u = surf.across[u][j] as usize;
                // The side just crossed ends at the vertex as seen from beyond; the next side starts there.
                j = surface.triangles[u].iter().position(|w| *w == v).unwrap_or(0);
            }
        }
    }
    surf.place = vec![Place::Corner; surf.points.len()];
    surf.stale = vec![true; n];
    surf.near = vec![NONE; surf.points.len()];
    Ok(surf)
}

/// Normals of the triangles. Needles in a file have none to speak of, and would part the surface along both their long
/// sides: each takes after its neighbour over the longest one, or keeps none.
fn directions(start: &Surf, surface: &SurfaceMesh, needle: f64) -> Vec<DVec3> {
    let (lo, hi) = surface.bounds().unwrap_or_default();
    let height_min = needle * (DVec3::from(hi) - DVec3::from(lo)).length();
    let longest = |t: u32| {
        let c = start.corners(t);
        let side = |k: usize| (c[(k + 1) % 3] - c[k]).length();
        let k = (0..3).max_by(|a, b| side(*a).total_cmp(&side(*b))).unwrap_or(0);
        (k, side(k))
    };
    let mut normals: Vec<DVec3> = start
        .each()
        .map(|t| {
            let n = start.cross(t);
            if n.length() > height_min * longest(t).1 { n.normalize_or_zero() } else { DVec3::ZERO }
        })
        .collect();
    for _ in 0..4 {
        let before = normals.clone();
        for t in start.each().filter(|t| before[*t as usize] == DVec3::ZERO) {
            normals[t as usize] = before[start.across[t as usize][longest(t).0] as usize];
        }
    }
    normals
}

/// Numbers the pieces between feature sides.
fn patch_up(surf: &mut Surf) {
    let n = surf.triangles.len();
    let mut patch = vec![NONE; n];
    let mut count = 0;
    for seed in 0..n {
        if patch[seed] != NONE {
            continue;
        }
        patch[seed] = count;
        let mut stack = vec![seed];
        while let Some(t) = stack.pop() {
            for k in 0..3 {
                let u = surf.across[t][k] as usize;
                if surf.chain[t][k] == NONE && patch[u] == NONE {
                    patch[u] = count;
                    stack.push(u);
                }
            }
        }
        count += 1;
    }
    surf.patch = patch;
}

/// Strings feature sides into chains between corners, and says of every vertex where it lies.
fn link(surf: &mut Surf, smooth: bool) -> Result<Vec<Chain>, MeshError> {
    // Feature sides at each vertex, each once per direction: (vertex, far end, triangle, side).
    let mut at: Vec<Vec<(u32, u32, usize)>> = vec![Vec::new(); surf.points.len()];
    for t in 0..surf.triangles.len() as u32 {
        for k in 0..3 {
            let [a, b] = surf.ends(t, k);
            if surf.chain[t as usize][k] != NONE && (a < b || surf.across[t as usize][k] == t) {
                at[a as usize].push((b, t, k));
                at[b as usize].push((a, t, k));
            }
        }
    }
    let pair = |t: u32, k: usize, surf: &Surf| {
        let (p, q) = (surf.patch[t as usize], surf.patch[surf.across[t as usize][k] as usize]);
        [p.min(q), p.max(q)]
    };
    let cosine = TURN.cos();
    let is_corner = |v: usize, surf: &Surf| match at[v][..] {
        [] => false,
        [(p, t, k), (q, u, j)] => {
            let (a, b) = (surf.points[v] - surf.points[p as usize], surf.points[q as usize] - surf.points[v]);
            a.normalize_or_zero().dot(b.normalize_or_zero()) < cosine || pair(t, k, surf) != pair(u, j, surf)
        }
        _ => true,
    };
    let mut corner: Vec<bool> = (0..surf.points.len()).map(|v| is_corner(v, surf)).collect();
    for (v, sides) in at.iter().enumerate() {
        surf.place[v] = if sides.is_empty() { Place::Patch(surf.patch[surf.of[v] as usize]) } else { Place::Corner };
    }

    let mut used = vec![[false; 3]; surf.triangles.len()];
    let mut chains = Vec::new();
    // Chains from corners first; what is left are loops, which get corners of their own.
    for loops in [false, true] {
        for start in 0..at.len() {
            if !loops && !corner[start] {
                continue;
            }
            for &(first, t, k) in &at[start] {
                if used[t as usize][k] {
                    continue;
                }
                let patches = pair(t, k, surf);
                let mut path = vec![start as u32, first];
                let mut sides = vec![(t, k)];
                used[t as usize][k] = true;
                loop {
                    let v = path[path.len() - 1] as usize;
                    if corner[v] || v == start {
                        break;
                    }
                    let Some(&(next, t, k)) = at[v].iter().find(|(_, t, k)| !used[*t as usize][*k]) else { break };
                    used[t as usize][k] = true;
                    path.push(next);
                    sides.push((t, k));
                }
                let last = path[path.len() - 1] as usize;
                // A loop is cut so that the two ends of a chain always differ.
                let pieces = if last == start { ANCHORS } else { 1 };
                add(surf, &mut chains, &path, &sides, patches, pieces, smooth);
                if last == start {
                    corner[start] = true;
                }
            }
        }
    }
    Ok(chains)
}

/// Cuts `path` into `pieces` of about equal length and adds each as a chain.
fn add(
    surf: &mut Surf,
    chains: &mut Vec<Chain>,
    path: &[u32],
    sides: &[(u32, usize)],
    patches: [u32; 2],
    pieces: usize,
    smooth: bool,
) {
    let points: Vec<DVec3> = path.iter().map(|v| surf.points[*v as usize]).collect();
    // The whole path first, so that cuts do not lose the direction.
    let whole = Chain::new(points, patches, [0, 0], smooth);
    let mut cuts = vec![0];
    for i in 1..pieces {
        let goal = whole.length() * i as f64 / pieces as f64;
        let best = (cuts[i - 1] + 1..path.len() - (pieces - i))
            .min_by(|a, b| (whole.at[*a] - goal).abs().total_cmp(&(whole.at[*b] - goal).abs()));
        cuts.push(best.unwrap_or(cuts[i - 1] + 1));
    }
    cuts.push(path.len() - 1);
    for w in cuts.windows(2) {
        let (i, j) = (w[0], w[1]);
        let id = chains.len() as u32;
        let mut chain = Chain::new(whole.points[i..=j].to_vec(), patches, [path[i], path[j]], false);
        if !whole.tangents.is_empty() {
            chain.tangents = whole.tangents[i..=j].to_vec();
        }
        for v in [path[i], path[j]] {
            surf.place[v as usize] = Place::Corner;
        }
        for (n, v) in path[i + 1..j].iter().enumerate() {
            surf.place[*v as usize] = Place::Curve { chain: id, at: chain.at[n + 1] };
        }
        for &(t, k) in &sides[i..j] {
            let u = surf.across[t as usize][k];
            let b = surf.ends(t, k)[1];
            let l = surf.position(u, b);
            surf.chain[t as usize][k] = id;
            surf.chain[u as usize][l] = id;
        }
        chains.push(chain);
    }
}

/// Some triangles of a surface as one of their own; with their normals where a curved surface stands behind them. `index`
/// is work space, of [`NONE`] before and after.
fn part(surface: &SurfaceMesh, triangles: &[u32], curved: bool, index: &mut Vec<u32>) -> Arc<SurfaceMesh> {
    index.resize(surface.points.len(), NONE);
    let mut out = SurfaceMesh::default();
    let with_normals = curved && surface.normals.len() == surface.triangles.len();
    for t in triangles {
        let corners = surface.triangles[*t as usize].map(|v| {
            let new = &mut index[v as usize];
            if *new == NONE {
                *new = out.points.len() as u32;
                out.points.push(surface.points[v as usize]);
            }
            *new
        });
        out.triangles.push(corners);
        if with_normals {
            out.normals.push(surface.normals[*t as usize]);
        }
    }
    for t in triangles {
        surface.triangles[*t as usize].iter().for_each(|v| index[*v as usize] = NONE);
    }
    Arc::new(out)
}

/// Weights of a triangle's corners at its point `p`; `None` without area.
fn weights([a, b, c]: [DVec3; 3], p: DVec3) -> Option<[f64; 3]> {
    let n = (b - a).cross(c - a);
    let area = n.length_squared();
    let (u, v) = ((b - p).cross(c - p).dot(n) / area, (c - p).cross(a - p).dot(n) / area);
    (area > 0.0).then_some([u, v, 1.0 - u - v])
}

/// Lifts a point of a triangle onto the curved surface that its corner normals tell of.
///
/// Source: Boubekeur & Alexa, "Phong tessellation", SIGGRAPH Asia 2008; the factor one half makes an arc exact to third
/// order.
fn smooth(surface: &SurfaceMesh, t: usize, p: DVec3) -> DVec3 {
    let Some(normals) = surface.normals.get(t) else { return p };
    let [a, b, c] = surface.triangles[t].map(|v| DVec3::from(surface.points[v as usize]));
    let Some(weights) = weights([a, b, c], p) else { return p };
    let mut lift = DVec3::ZERO;
    for ((corner, normal), w) in [a, b, c].into_iter().zip(normals).zip(weights) {
        let normal = DVec3::new(normal[0].into(), normal[1].into(), normal[2].into());
        lift -= w * (p - corner).dot(normal) * normal;
    }
    p + 0.5 * lift
}
