//! Tetrahedra between the triangles of the surface: Delaunay of its vertices and of a lattice inside, the surface
//! refined until it is part of them.
//!
//! A facet of a solid's surface has open space on one side or the other, so a ball through it is empty once the surface
//! is as fine as the body is thin, and Delaunay tetrahedra contain it; what is still missing is turned or split. Source
//! of the idea: Shewchuk & Si, "Higher-quality tetrahedral mesh generation for domains with small angles by constrained
//! Delaunay refinement", SoCG 2014; the lattice as in Labelle & Shewchuk, "Isosurface stuffing", SIGGRAPH 2007.

use super::delaunay::{Delaunay, FACETS, N_FAR, NONE};
use super::domain::Domain;
use super::octree::Octree;
use super::remesh::split_side;
use super::surf::{Place, Surf};
use super::volume::{OUTSIDE, Volume};
use crate::geometry::distance::{Distance, Nearest};
use glam::DVec3;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashSet};

/// Least distance of a lattice point from the surface, over the size there: three quarters of a regular height.
const CLEARANCE: f64 = 0.6;
/// Share of a measured distance within which there is certainly no surface, for all rounding.
const BALL: f64 = 1.0 - 1e-9;
/// Rounds of refining the surface towards its tetrahedra.
const ROUNDS: usize = 16;
/// From this round on sides are split only, because two turns can undo each other.
const ROUND_FLIP: usize = 3;
/// From this round on it stops where more and more is missing.
const ROUND_STOP: usize = 4;
/// Sides below this share of their size are split no further.
const SHORTEST: f64 = 0.05;
/// A facet farther from the body's surface than this share of its longest side leaves it: twice and more what one keeps
/// of an arc that turns by 30°.
const ASTRAY: f64 = 0.2;

/// Tetrahedra between the triangles of a surface.
pub(super) struct Filled {
    pub volume: Volume,
    /// Triangles of the surface that are no facets of them: where it cuts itself, or meets itself at a sharp angle.
    pub n_lost: usize,
    /// Where those lay when they were fewest.
    pub lost: Vec<DVec3>,
    /// Centres of facets that took their place and are not on the body's surface.
    pub astray: Vec<DVec3>,
}

impl Filled {
    /// How far it is from the surface it should keep: what left the body first.
    pub fn fault(&self) -> (usize, usize) {
        (self.astray.len(), self.n_lost)
    }
}

fn sorted(mut v: [u32; 3]) -> [u32; 3] {
    v.sort_unstable();
    v
}

/// Fills `surf`, which may be refined on the way. `distance` is that of the body's own triangles.
pub(super) fn fill(surf: &mut Surf, domain: &Domain, size: &Octree, distance: &Distance) -> Filled {
    // What is behind the body's triangles may be farther from them than small elements are large, and points of the lattice
    // would come to lie outside: there, `surf` itself is the measure.
    let own = domain.is_formed().then(|| (Distance::new(surf.mesh()), surf.patch.clone()));
    let (distance, patches) = own.as_ref().map_or((distance, &domain.start.patch), |(own, patches)| (own, patches));
    // Cells that lie outside have nothing to give. Neighbours in memory are neighbours in space and share their first bound.
    let outside = |centre: DVec3, reach: f64, hint: &mut Option<u32>| {
        let nearest = distance.nearest(centre.into(), *hint);
        *hint = nearest.map(|n| n.triangle);
        nearest.is_none_or(|n| n.distance > reach)
    };
    let lattice = size.lattice(outside);
    let inside: Vec<DVec3> = lattice
        .par_chunks(512)
        .flat_map_iter(|points| {
            let mut kept = Vec::new();
            // What was last measured: nothing of the surface is nearer to that point.
            let mut ball: Option<(DVec3, Nearest)> = None;
            for p in points.iter().filter(|p| p.cmpgt(domain.lo).all() && p.cmplt(domain.hi).all()) {
                let least = CLEARANCE * size.size(*p);
                if let Some((centre, nearest)) = &ball {
                    let left = BALL * nearest.distance.abs() - (*p - *centre).length();
                    if left > 0.0 && nearest.distance > 0.0 {
                        continue;
                    }
                    if left > least {
                        kept.push(*p);
                        continue;
                    }
                }
                let Some(nearest) = distance.nearest((*p).into(), ball.map(|b| b.1.triangle)) else { continue };
                if nearest.distance < -least {
                    kept.push(*p);
                }
                ball = Some((*p, nearest));
            }
            kept
        })
        .collect();

    let used: Vec<u32> = (0..surf.points.len() as u32).filter(|v| surf.of[*v as usize] != NONE).collect();
    let mut all: Vec<DVec3> = used.iter().map(|v| surf.points[*v as usize]).collect();
    all.extend(&inside);
    let mut delaunay = Delaunay::new(domain.lo, domain.hi);
    let vertices = delaunay.insert_all(&all);
    // Vertex of the tetrahedra for each of the surface.
    let mut of = vec![NONE; surf.points.len()];
    for (v, w) in used.iter().zip(&vertices) {
        of[*v as usize] = *w;
    }

    let mut found = Vec::new();
    let mut missing = find(surf, &delaunay, &of, &mut found);
    let mut fewest = missing.len();
    let centres = |surf: &Surf, missing: &[u32]| missing.iter().map(|t| surf.centre(*t)).collect::<Vec<_>>();
    let mut lost = centres(surf, &missing);
    for round in 0..ROUNDS {
        // Where the surface cuts itself, refining only makes more of what cannot be.
        if missing.is_empty()
            || round > ROUND_STOP && missing.len() > 2 * fewest
            || !refine(surf, domain, size, &mut delaunay, &mut of, &missing, round)
        {
            break;
        }
        missing = find(surf, &delaunay, &of, &mut found);
        if missing.len() < fewest {
            fewest = missing.len();
            lost = centres(surf, &missing);
        }
    }
    let (volume, astray) = extract(surf, patches, distance, &delaunay, &of, &found);
    Filled { volume, n_lost: missing.len(), lost, astray }
}

/// A facet of the tetrahedra: one of them, and its corner opposite.
type Facet = (u32, u8);
const NOWHERE: Facet = (NONE, 0);

/// Brings `found` `[triangles]` up to date: for each triangle of the surface the facet that it is, of the tetrahedron on
/// its inner side; returns those that are none.
fn find(surf: &Surf, delaunay: &Delaunay, of: &[u32], found: &mut Vec<Facet>) -> Vec<u32> {
    let corners = |t: u32| surf.triangles[t as usize].map(|v| of[v as usize]);
    // Whether triangle `t` is facet `k` of `tet`, of the same turn: then this tetrahedron is the inner one.
    let is = |t: u32, tet: u32, k: usize| {
        let v = FACETS[k].map(|j| delaunay.tets[tet as usize][j]);
        let w = corners(t);
        (0..3).any(|i| w == [v[i], v[(i + 1) % 3], v[(i + 2) % 3]])
    };
    found.resize(surf.triangles.len(), NOWHERE);
    let mut missing: Vec<u32> = Vec::new();
    for t in surf.each() {
        let (tet, k) = found[t as usize];
        if tet == NONE || !is(t, tet, usize::from(k)) {
            found[t as usize] = NOWHERE;
            missing.push(t);
        }
    }
    // The missing ones in lists by their smallest vertex.
    let mut first = vec![NONE; delaunay.points.len()];
    let mut next = vec![NONE; missing.len()];
    let mut wanted = vec![false; delaunay.points.len()];
    for (i, t) in missing.iter().enumerate() {
        let v = corners(*t);
        v.iter().for_each(|v| wanted[*v as usize] = true);
        let least = v[0].min(v[1]).min(v[2]) as usize;
        next[i] = first[least];
        first[least] = i as u32;
    }
    let facets: Vec<(u32, Facet)> = delaunay
        .tets
        .par_iter()
        .enumerate()
        .with_min_len(4096)
        .flat_map_iter(|(i, tet)| {
            let on = tet.map(|v| v != NONE && wanted[v as usize]);
            let whole = (0..4).filter(|k| FACETS[*k].iter().all(|j| on[*j]));
            let lookup = |k: usize| {
                let key = sorted(FACETS[k].map(|j| tet[j]));
                let mut at = first[key[0] as usize];
                while at != NONE && sorted(corners(missing[at as usize])) != key {
                    at = next[at as usize];
                }
                missing.get(at as usize).map(|t| (*t, (i as u32, k as u8)))
            };
            whole.filter_map(lookup).collect::<Vec<_>>()
        })
        .collect();
    for (t, facet) in facets {
        if is(t, facet.0, usize::from(facet.1)) {
            found[t as usize] = facet;
        }
    }
    missing.retain(|t| found[*t as usize] == NOWHERE);
    missing
}

/// Turns or splits a side of every missing triangle; returns whether anything changed.
fn refine(
    surf: &mut Surf,
    domain: &Domain,
    size: &Octree,
    delaunay: &mut Delaunay,
    of: &mut Vec<u32>,
    missing: &[u32],
    round: usize,
) -> bool {
    let mut near = vec![false; delaunay.points.len()];
    for t in missing {
        for k in 0..3 {
            near[of[surf.triangles[*t as usize][k] as usize] as usize] = true;
            near[of[surf.apex(*t, k) as usize] as usize] = true;
        }
    }
    let mut sides: HashSet<(u32, u32)> = HashSet::new();
    for tet in delaunay.tets.iter().filter(|t| t[0] != NONE) {
        for i in 0..4 {
            for j in i + 1..4 {
                if near[tet[i] as usize] && near[tet[j] as usize] {
                    sides.insert((tet[i].min(tet[j]), tet[i].max(tet[j])));
                }
            }
        }
    }
    let present = |a: u32, b: u32, of: &[u32]| {
        let (a, b) = (of[a as usize], of[b as usize]);
        sides.contains(&(a.min(b), a.max(b)))
    };
    let mut touched = vec![false; surf.triangles.len()];
    let mut changed = false;
    for &t in missing {
        if touched[t as usize] {
            continue;
        }
        let length = |k: usize, surf: &Surf| {
            let [a, b] = surf.ends(t, k).map(|v| surf.points[v as usize]);
            (b - a).length()
        };
        let gone = (0..3).find(|k| {
            let [a, b] = surf.ends(t, *k);
            !present(a, b, of)
        });
        let longest = (0..3).max_by(|a, b| length(*a, surf).total_cmp(&length(*b, surf))).unwrap_or(0);
        let k = gone.unwrap_or(longest);
        let u = surf.across[t as usize][k];
        if touched[u as usize] {
            continue;
        }
        touched[t as usize] = true;
        touched[u as usize] = true;
        let apexes = [surf.triangles[t as usize][(k + 2) % 3], surf.apex(t, k)];
        if gone.is_some()
            && round < ROUND_FLIP
            && present(apexes[0], apexes[1], of)
            && surf.can_flip(t, k)
            && flat(surf, t, k, apexes)
        {
            surf.flip(t, k);
            changed = true;
            continue;
        }
        let [a, b] = surf.ends(t, k).map(|v| surf.points[v as usize]);
        if (b - a).length() < SHORTEST * size.size(0.5 * (a + b)) {
            continue;
        }
        let v = split_side(surf, domain, t, k);
        of.push(delaunay.insert(surf.points[v as usize]));
        touched.resize(surf.triangles.len(), true);
        changed = true;
    }
    changed
}

/// Whether turning side `k` of `t` leaves the surface where it is, nearly.
fn flat(surf: &Surf, t: u32, k: usize, [c, d]: [u32; 2]) -> bool {
    let [a, b] = surf.ends(t, k).map(|v| surf.points[v as usize]);
    let (c, d) = (surf.points[c as usize], surf.points[d as usize]);
    let sum = surf.cross(t) + surf.cross(surf.across[t as usize][k]);
    let fits = |p: DVec3, q: DVec3, r: DVec3| {
        let n = (q - p).cross(r - p);
        n.dot(sum) > 0.8 * n.length() * sum.length() && n.length() > 0.0
    };
    fits(a, d, c) && fits(d, b, c)
}

/// The tetrahedra inside the surface, and the centres of their facets that left it. `patches`: of the triangles that
/// `distance` is of.
fn extract(
    surf: &Surf,
    patches: &[u32],
    distance: &Distance,
    delaunay: &Delaunay,
    of: &[u32],
    found: &[Facet],
) -> (Volume, Vec<DVec3>) {
    // Facets of the surface are walls; 1 on their inner side, 2 on the outer.
    let mut wall = vec![[0_u8; 4]; delaunay.tets.len()];
    let mut patch = vec![[NONE; 4]; delaunay.tets.len()];
    for t in surf.each() {
        let (tet, k) = found[t as usize];
        if tet == NONE {
            continue;
        }
        wall[tet as usize][usize::from(k)] = 1;
        patch[tet as usize][usize::from(k)] = surf.patch[t as usize];
        let n = delaunay.neighbours[tet as usize][usize::from(k)];
        if let Some(j) = (0..4).find(|j| n != NONE && delaunay.neighbours[n as usize][*j] == tet) {
            wall[n as usize][j] = 2;
        }
    }
    let mut inside = vec![false; delaunay.tets.len()];
    let mut seen = vec![false; delaunay.tets.len()];
    for seed in 0..delaunay.tets.len() {
        if seen[seed] || delaunay.tets[seed][0] == NONE {
            continue;
        }
        seen[seed] = true;
        let mut region = vec![seed as u32];
        let (mut next, mut inner, mut outer) = (0, 0, 0);
        while next < region.len() {
            let t = region[next] as usize;
            next += 1;
            outer += usize::from(delaunay.tets[t].iter().any(|v| *v < N_FAR));
            for k in 0..4 {
                match wall[t][k] {
                    1 => inner += 1,
                    2 => outer += 1,
                    _ => {
                        let n = delaunay.neighbours[t][k];
                        if n != NONE && !seen[n as usize] {
                            seen[n as usize] = true;
                            region.push(n);
                        }
                    }
                }
            }
        }
        if inner == 0 || outer == 0 {
            region.iter().for_each(|t| inside[*t as usize] = inner > 0);
        } else {
            part(&region, &wall, distance, delaunay, &mut inside);
        }
    }

    let mut volume = Volume::default();
    let mut vertex = vec![NONE; delaunay.points.len()];
    let mut index = vec![NONE; delaunay.tets.len()];
    for (t, tet) in delaunay.tets.iter().enumerate().filter(|(t, _)| inside[*t]) {
        index[t] = volume.tets.len() as u32;
        volume.tets.push(tet.map(|v| {
            let w = &mut vertex[v as usize];
            if *w == NONE {
                *w = volume.points.len() as u32;
                volume.points.push(delaunay.points[v as usize]);
                volume.of.push(index[t]);
                volume.valence.push(0);
            }
            volume.valence[*w as usize] += 1;
            *w
        }));
    }
    volume.place = vec![Place::Inside; volume.points.len()];
    for (v, w) in of.iter().enumerate().filter(|(_, w)| **w != NONE) {
        let w = vertex[*w as usize];
        if w == NONE || surf.of[v] == NONE {
            continue;
        }
        // Where the surface touches itself, the point belongs to both sheets and stays.
        let place = &mut volume.place[w as usize];
        *place = if *place == Place::Inside { surf.place[v] } else { Place::Corner };
    }
    let mut astray = Vec::new();
    for (t, tet) in delaunay.tets.iter().enumerate().filter(|(t, _)| inside[*t]) {
        volume.neighbours.push(std::array::from_fn(|k| {
            let n = delaunay.neighbours[t][k];
            if n != NONE && inside[n as usize] {
                return index[n as usize];
            }
            let known = patch[t][k];
            let known = (known != NONE).then_some(known);
            OUTSIDE
                | known.unwrap_or_else(|| {
                    let p = FACETS[k].map(|j| delaunay.points[tet[j] as usize]);
                    let centre = (p[0] + p[1] + p[2]) / 3.0;
                    let longest = (0..3).map(|k| (p[(k + 1) % 3] - p[k]).length()).fold(0.0, f64::max);
                    let Some(nearest) = distance.nearest(centre.into(), None) else { return 0 };
                    if nearest.distance.abs() > ASTRAY * longest {
                        astray.push(centre);
                    }
                    patches[nearest.triangle as usize]
                })
        }));
    }
    let mut curves = BTreeMap::new();
    for t in surf.each() {
        for k in 0..3 {
            let chain = surf.chain[t as usize][k];
            let [a, b] = surf.ends(t, k).map(|v| vertex[of[v as usize] as usize]);
            // A triangle that was lost may have corners that no tetrahedron kept.
            if chain != NONE && a < b && b != NONE {
                curves.insert((a, b), chain);
            }
        }
    }
    volume.curves = curves;
    lock(&mut volume);
    (volume, astray)
}

/// Parts a region whose walls leak: every tetrahedron goes with the nearest wall, counted in facets.
fn part(region: &[u32], wall: &[[u8; 4]], distance: &Distance, delaunay: &Delaunay, inside: &mut [bool]) {
    let mut known = vec![false; wall.len()];
    let mut queue = Vec::new();
    for &t in region {
        let [inner, outer] = [1, 2].map(|side| wall[t as usize].contains(&side));
        let far = delaunay.tets[t as usize].iter().any(|v| *v < N_FAR);
        if far {
            known[t as usize] = true;
            queue.push(t);
        } else if inner || outer {
            let p = delaunay.tets[t as usize].map(|v| delaunay.points[v as usize]);
            let centre = 0.25 * (p[0] + p[1] + p[2] + p[3]);
            // Between two sheets that cross, the place itself tells.
            inside[t as usize] = if inner && outer {
                distance.nearest(centre.into(), None).is_some_and(|n| n.distance < 0.0)
            } else {
                inner
            };
            known[t as usize] = true;
            queue.push(t);
        }
    }
    let mut next = 0;
    while next < queue.len() {
        let t = queue[next] as usize;
        next += 1;
        for (k, n) in delaunay.neighbours[t].iter().enumerate() {
            if wall[t][k] == 0 && *n != NONE && !known[*n as usize] {
                known[*n as usize] = true;
                inside[*n as usize] = inside[t];
                queue.push(*n);
            }
        }
    }
}

/// Fixes vertices that the steps to come must not move or merge: those of more than one fan of tetrahedra, where the
/// body touches itself, and points of the lattice that a leak left at the surface.
fn lock(volume: &mut Volume) {
    let mut at_surface = vec![false; volume.points.len()];
    for (tet, neighbours) in volume.tets.iter().zip(&volume.neighbours) {
        for k in (0..4).filter(|k| neighbours[*k] >= OUTSIDE) {
            FACETS[k].iter().for_each(|j| at_surface[tet[*j] as usize] = true);
        }
    }
    let mut star = Vec::new();
    for v in (0..at_surface.len()).filter(|v| at_surface[*v]) {
        volume.star(v as u32, &mut star);
        if star.len() != volume.valence[v] as usize || volume.place[v] == Place::Inside {
            volume.place[v] = Place::Corner;
            volume.locked.push(v as u32);
        }
    }
}
