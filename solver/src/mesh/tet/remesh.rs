//! The body's surface in triangles of the wished size and of good shape, features kept.
//!
//! Source: Botsch & Kobbelt, "A remeshing approach to multiresolution modeling", SGP 2004: split long sides, collapse
//! short ones, turn sides, move vertices within the surface; here with a size field and feature curves.

use super::delaunay::NONE;
use super::domain::Domain;
use super::octree::Octree;
use super::surf::{Place, Surf, shape};
use glam::DVec3;
use rayon::prelude::*;

/// A side this much longer or shorter than wished is split or collapsed.
const LONG: f64 = 1.35;
const SHORT: f64 = 0.7;
const ROUNDS: usize = 5;
/// Passes of one kind within a round; each pass halves what is too long.
const PASSES: usize = 24;
/// Cosine between a triangle's normal before and after a change.
const TURN: f64 = 0.7;
/// A triangle of at least this shape has a normal worth trusting.
const SHAPE_TRUSTED: f64 = 0.02;

/// The surface of `domain`, remeshed to `size`.
pub(super) fn remesh(domain: &Domain, size: &Octree) -> Surf {
    let mut surf = domain.start.clone();
    for round in 0..ROUNDS {
        // The first round does the work, the others correct it.
        let passes = if round == 0 { PASSES } else { 3 };
        // Sides are turned by another measure than before.
        if round == 1 {
            surf.stale.fill(true);
        }
        for _ in 0..passes {
            let n = split(&mut surf, domain, size);
            flip(&mut surf, round);
            if n == 0 {
                break;
            }
        }
        for _ in 0..passes {
            if collapse(&mut surf, size) == 0 {
                break;
            }
            flip(&mut surf, round);
        }
        relax(&mut surf, domain, size);
        relax(&mut surf, domain, size);
        flip(&mut surf, round);
        surf.compact();
    }
    // Nothing too long may be left behind.
    split(&mut surf, domain, size);
    flip(&mut surf, ROUNDS);
    relax(&mut surf, domain, size);
    flip(&mut surf, ROUNDS);
    surf.compact();
    surf
}

/// Splits sides that are too long, the longest first; returns how many. The longest by length, not by what is wished
/// there: beside a fine place a shorter side can be the one most too long, and cutting that one again and again would
/// draw the triangle out along its longest side without ever cutting it.
fn split(surf: &mut Surf, domain: &Domain, size: &Octree) -> usize {
    let mut long: Vec<(f64, u32, usize)> = sides(surf, |t, k, [a, b]| {
        let (p, q) = (surf.points[a as usize], surf.points[b as usize]);
        let length = (q - p).length();
        (length > LONG * size.size(0.5 * (p + q))).then_some((length, t, k))
    });
    long.par_sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    // A triangle is cut once per pass, at the longest side.
    let mut cut = vec![false; surf.triangles.len()];
    long.retain(|(_, t, k)| {
        let u = surf.across[*t as usize][*k] as usize;
        let free = !cut[*t as usize] && !cut[u];
        if free {
            cut[*t as usize] = true;
            cut[u] = true;
        }
        free
    });
    let middles: Vec<(Place, DVec3)> = long.par_iter().map(|(_, t, k)| middle(surf, domain, *t, *k)).collect();
    for ((_, t, k), (place, point)) in long.iter().zip(middles) {
        surf.split(*t, *k, point, place);
    }
    long.len()
}

/// What `wanted` makes of the sides, each seen once, from the smaller of its ends.
fn sides<T: Send>(surf: &Surf, wanted: impl Fn(u32, usize, [u32; 2]) -> Option<T> + Sync) -> Vec<T> {
    (0..surf.triangles.len() as u32)
        .into_par_iter()
        .with_min_len(1024)
        .filter(|t| surf.alive(*t))
        .flat_map_iter(|t| {
            let wanted = &wanted;
            (0..3).filter_map(move |k| {
                let [a, b] = surf.ends(t, k);
                if a < b { wanted(t, k, [a, b]) } else { None }
            })
        })
        .collect()
}

/// Cuts side `k` of `t` in the middle, as the surface goes; returns the new vertex.
pub(super) fn split_side(surf: &mut Surf, domain: &Domain, t: u32, k: usize) -> u32 {
    let (place, point) = middle(surf, domain, t, k);
    surf.split(t, k, point, place)
}

/// The middle of side `k` of `t`, as the surface goes.
fn middle(surf: &Surf, domain: &Domain, t: u32, k: usize) -> (Place, DVec3) {
    let ends = surf.ends(t, k).map(|v| (v, surf.place[v as usize], surf.points[v as usize]));
    let (place, point) = domain.middle(ends, surf.chain[t as usize][k], surf.patch[t as usize]);
    // Far from the surface's own middle, where the projection jumped, the chord's middle does better.
    let middle = 0.5 * (ends[0].2 + ends[1].2);
    let reach = 0.5 * (ends[1].2 - ends[0].2).length();
    (place, if point.is_finite() && (point - middle).length() < reach { point } else { middle })
}

/// Whether the triangle `c` may stand where one with normal `old` (of any length) stood.
fn agrees(old: DVec3, c: [DVec3; 3]) -> bool {
    let new = (c[1] - c[0]).cross(c[2] - c[0]);
    new.dot(old) > TURN * new.length() * old.length()
}

/// Collapses sides that are too short; returns how many.
fn collapse(surf: &mut Surf, size: &Octree) -> usize {
    let mut short: Vec<(f64, u32, u32)> = sides(surf, |_, _, [a, b]| {
        let (p, q) = (surf.points[a as usize], surf.points[b as usize]);
        let ratio = (q - p).length() / size.size(0.5 * (p + q));
        (ratio < SHORT).then_some((ratio, a, b))
    });
    short.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut n = 0;
    for (_, a, b) in short {
        if surf.of[a as usize] == NONE || surf.of[b as usize] == NONE {
            continue;
        }
        if try_collapse(surf, size, a, b) || try_collapse(surf, size, b, a) {
            n += 1;
        }
    }
    n
}

/// Draws `a` into `b` if the surface stays what it is.
fn try_collapse(surf: &mut Surf, size: &Octree, a: u32, b: u32) -> bool {
    let mut star = Vec::new();
    surf.star(a, &mut star);
    let Some((t, k)) = star.iter().map(|t| (*t, surf.position(*t, a))).find(|(t, k)| surf.ends(*t, *k)[1] == b) else {
        return false;
    };
    let chain = surf.chain[t as usize][k];
    let allowed = match surf.place[a as usize] {
        Place::Patch(_) => true,
        Place::Curve { chain: own, .. } => own == chain,
        Place::Inside | Place::Corner => false,
    };
    if !allowed || !surf.can_collapse(t, k, &star) {
        return false;
    }
    let u = surf.across[t as usize][k];
    let to = surf.points[b as usize];
    let (mut before, mut after) = (1_f64, 1_f64);
    let mut sums: Vec<(u32, DVec3)> = Vec::new();
    for s in &star {
        before = before.min({
            let [p, q, r] = surf.corners(*s);
            shape(p, q, r)
        });
        let patch = surf.patch[*s as usize];
        match sums.iter_mut().find(|x| x.0 == patch) {
            Some(x) => x.1 += surf.cross(*s),
            None => sums.push((patch, surf.cross(*s))),
        }
    }
    for s in star.iter().filter(|s| **s != t && **s != u) {
        let old = surf.corners(*s);
        let v = surf.triangles[*s as usize];
        let mut new = old;
        for (c, v) in new.iter_mut().zip(v) {
            if v == a {
                *c = to;
            } else if (surf.points[v as usize] - to).length() > LONG * size.size(0.5 * (surf.points[v as usize] + to)) {
                return false;
            }
        }
        let q = shape(new[0], new[1], new[2]);
        after = after.min(q);
        let reference = if shape(old[0], old[1], old[2]) > SHAPE_TRUSTED {
            surf.cross(*s)
        } else {
            sums.iter().find(|x| x.0 == surf.patch[*s as usize]).map_or(DVec3::ZERO, |x| x.1)
        };
        if q < 1e-6 || !agrees(reference, new) {
            return false;
        }
    }
    if after < before.min(0.3) {
        return false;
    }
    surf.collapse(t, k, &star);
    true
}

/// Turns sides until each is the shorter choice in the sense of Delaunay, as far as the surface stays what it is.
fn flip(surf: &mut Surf, round: usize) {
    let wants = |surf: &Surf, t: u32| (0..3).find(|k| wants_flip(surf, t, *k, round));
    // A look at all at once tells most of them off; turning one side marks what it may matter to.
    let now: &Surf = surf;
    surf.stale = (0..now.triangles.len() as u32)
        .into_par_iter()
        .with_min_len(1024)
        .map(|t| now.stale[t as usize] && now.alive(t) && wants(now, t).is_some())
        .collect();
    let mut next = Vec::new();
    let turn = |surf: &mut Surf, t: u32, next: &mut Vec<u32>| {
        surf.stale[t as usize] = false;
        if let Some(k) = wants(surf, t) {
            let u = surf.across[t as usize][k];
            surf.flip(t, k);
            next.extend([t, u]);
            next.extend(surf.across[t as usize]);
            next.extend(surf.across[u as usize]);
        }
    };
    for t in 0..surf.triangles.len() as u32 {
        if surf.stale[t as usize] && surf.alive(t) {
            turn(surf, t, &mut next);
        }
    }
    for _ in 1..PASSES {
        if next.is_empty() {
            return;
        }
        next.sort_unstable();
        next.dedup();
        for t in std::mem::take(&mut next) {
            turn(surf, t, &mut next);
        }
    }
}

fn wants_flip(surf: &Surf, t: u32, k: usize, round: usize) -> bool {
    if surf.chain[t as usize][k] != NONE {
        return false;
    }
    let [a, b] = surf.ends(t, k).map(|v| surf.points[v as usize]);
    let c = surf.points[surf.triangles[t as usize][(k + 2) % 3] as usize];
    let d = surf.points[surf.apex(t, k) as usize];
    let cotangent = |p: DVec3| {
        let (u, v) = (a - p, b - p);
        let area = u.cross(v).length();
        if area > 0.0 { u.dot(v) / area } else { u.dot(v).signum() * 1e12 }
    };
    // Opposite angles beyond a half turn.
    if cotangent(c) + cotangent(d) > -1e-6 {
        return false;
    }
    let u = surf.across[t as usize][k];
    let (n, m) = (surf.cross(t), surf.cross(u));
    let sum = n + m;
    // In the first rounds long slivers bridge curved faces, and turning their sides would cut across.
    let tolerance = if round == 0 { 0.85 } else { TURN };
    let fits = |c: [DVec3; 3]| {
        let new = (c[1] - c[0]).cross(c[2] - c[0]);
        new.dot(sum) > tolerance * new.length() * sum.length() && new.length() > 0.0
    };
    fits([a, d, c]) && fits([d, b, c]) && surf.can_flip(t, k)
}

/// Moves vertices towards the middle of their triangles, within their patch or along their curve: one after the other
/// by number, so that each finds those before it moved and those after it not yet; those that do not see each other, at
/// the same time.
fn relax(surf: &mut Surf, domain: &Domain, size: &Octree) {
    for level in levels(surf) {
        let to = |star: &mut Vec<u32>, v: &u32| target(surf, domain, size, *v, star);
        let found: Vec<Option<Move>> = level.par_iter().with_min_len(64).map_init(Vec::new, to).collect();
        for (v, found) in level.iter().zip(found) {
            let Some(found) = found else { continue };
            surf.near[*v as usize] = found.near;
            if let Some((place, point)) = found.to {
                surf.points[*v as usize] = point;
                surf.place[*v as usize] = place;
            }
        }
    }
    surf.stale.fill(true);
}

/// Vertices that may move, in sets that hold no two neighbours: of two neighbours the one of the smaller number is in an
/// earlier set.
fn levels(surf: &Surf) -> Vec<Vec<u32>> {
    // One more than the number of the set; 0 for what stays.
    let mut of = vec![0_u32; surf.points.len()];
    let mut out: Vec<Vec<u32>> = Vec::new();
    let mut star = Vec::new();
    for v in 0..surf.points.len() as u32 {
        if surf.of[v as usize] == NONE || matches!(surf.place[v as usize], Place::Inside | Place::Corner) {
            continue;
        }
        surf.star(v, &mut star);
        let before = star.iter().flat_map(|t| surf.triangles[*t as usize]).filter(|w| *w < v);
        let level = before.map(|w| of[w as usize]).max().unwrap_or(0);
        of[v as usize] = level + 1;
        if out.len() == level as usize {
            out.push(Vec::new());
        }
        out[level as usize].push(v);
    }
    out
}

/// Where a vertex goes, if anywhere, and the triangle of its patch that it was found to be near.
struct Move {
    to: Option<(Place, DVec3)>,
    near: u32,
}

/// Where vertex `v` goes. `star` is work space.
fn target(surf: &Surf, domain: &Domain, size: &Octree, v: u32, star: &mut Vec<u32>) -> Option<Move> {
    surf.star(v, star);
    let mut near = surf.near[v as usize];
    let (place, point) = match surf.place[v as usize] {
        Place::Patch(patch) => {
            let (mut sum, mut weights) = (DVec3::ZERO, 0.0);
            for t in star.iter() {
                let [a, b, c] = surf.corners(*t);
                let centre = (a + b + c) / 3.0;
                let wished = size.size(centre);
                let w = surf.cross(*t).length() / (wished * wished);
                sum += w * centre;
                weights += w;
            }
            if weights <= 0.0 {
                return None;
            }
            (Place::Patch(patch), domain.project(patch, sum / weights, &mut near))
        }
        Place::Curve { chain, .. } => {
            let curve = &domain.chains[chain as usize];
            let mut at = 0.0;
            let mut n = 0;
            for t in star.iter() {
                // Both curve neighbours show up as the far end of a side that starts here, once each.
                let k = surf.position(*t, v);
                if surf.chain[*t as usize][k] == chain {
                    let w = surf.ends(*t, k)[1];
                    at += curve.at(w, surf.place[w as usize]);
                    n += 1;
                }
            }
            if n != 2 {
                return None;
            }
            let at = 0.5 * at;
            (Place::Curve { chain, at }, curve.point(at))
        }
        Place::Inside | Place::Corner => return None,
    };
    let (mut before, mut after) = (1_f64, 1_f64);
    let fits = star.iter().all(|t| {
        let c = surf.corners(*t);
        let mut moved = c;
        moved[surf.position(*t, v)] = point;
        let old = shape(c[0], c[1], c[2]);
        before = before.min(old);
        after = after.min(shape(moved[0], moved[1], moved[2]));
        old < SHAPE_TRUSTED || agrees(surf.cross(*t), moved)
    });
    let good = fits && point.is_finite() && after > before.min(0.5) * 0.9;
    Some(Move { to: good.then_some((place, point)), near })
}
