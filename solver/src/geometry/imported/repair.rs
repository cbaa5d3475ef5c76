//! Surfaces from files that do not close, cut themselves or turn the wrong way: what is wrong, and a closed surface all the
//! same.
//!
//! Triangles that turn against their neighbours are turned. What is still not closed becomes a field: the distance to the
//! triangles, inside where the soup winds about a point more than half a time (Jacobson et al. 2013), contoured anew.

use super::closed_sides;
use super::winding::Winding;
use crate::geometry::distance::Distance;
use crate::geometry::exact::Refusal;
use crate::geometry::field;
use crate::surface::SurfaceMesh;
use glam::DVec3;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Triangles above which a surface is not searched for places where it cuts itself: seconds in a browser.
const SEARCH_MAX: usize = 400_000;
/// Cells along the diagonal of a rebuilt body.
const CELLS: f64 = 160.0;
/// Pairs that cut each other are counted up to here.
const PAIRS_MAX: usize = 10_000;

/// What was wrong with a surface, and what was done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Repair {
    /// Sides of triangles without a neighbour, and the rings they form.
    pub n_open: usize,
    pub n_holes: usize,
    /// Sides that more than two triangles share.
    pub n_crowded: usize,
    /// Triangles turned.
    pub n_turned: usize,
    /// Pairs of triangles that cut each other.
    pub n_cutting: usize,
    /// Of a surface that was made anew: edge of its cells, m, and how far it lies from the file's triangles, m.
    pub rebuilt: Option<(f64, f64)>,
}

impl Repair {
    /// For the person who chose the file; lengths in mm.
    pub fn describe(&self) -> String {
        let some = |n: usize, one: &str, many: &str| match n {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{n} {many}")),
        };
        let found: Vec<String> = [
            some(self.n_holes, "hole", "holes"),
            some(self.n_crowded, "side shared by more than two triangles", "sides shared by more than two triangles"),
            some(self.n_cutting, "pair of triangles that cut each other", "pairs of triangles that cut each other"),
            some(self.n_turned, "triangle turned inside out", "triangles turned inside out"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let done = match self.rebuilt {
            Some((cell, off)) => format!(
                "Its surface was rebuilt in cells of {:.3} mm by winding number; it lies within {:.3} mm of the file's \
                 triangles, and closes holes by guess. Repair the file where it was made for an exact one",
                cell * 1e3,
                off * 1e3
            ),
            None => "They were turned; nothing else was changed".into(),
        };
        format!("the surface in the file has {}. {done}", found.join(", "))
    }
}

/// Whether a closed, oriented surface can be taken as it is: no shell cuts another. A shell that touches itself somewhere is
/// taken: real parts do, by the rounding of their file, and the mesher bears it.
pub fn is_clean(surface: &SurfaceMesh) -> bool {
    if surface.triangles.len() > SEARCH_MAX {
        return true;
    }
    let shells = shells(surface);
    shells.iter().all(|s| *s == 0) || cutting(surface, 1, Some(&shells)) == 0
}

/// Which piece that hangs together each triangle belongs to, from 0.
fn shells(surface: &SurfaceMesh) -> Vec<u32> {
    let mut at: Vec<Vec<u32>> = vec![Vec::new(); surface.points.len()];
    for (t, corners) in surface.triangles.iter().enumerate() {
        corners.iter().for_each(|p| at[*p as usize].push(t as u32));
    }
    let mut shell = vec![u32::MAX; surface.triangles.len()];
    let mut n = 0;
    for seed in 0..shell.len() {
        if shell[seed] != u32::MAX {
            continue;
        }
        shell[seed] = n;
        let mut waiting = vec![seed];
        while let Some(t) = waiting.pop() {
            for p in surface.triangles[t] {
                for other in std::mem::take(&mut at[p as usize]) {
                    if shell[other as usize] == u32::MAX {
                        shell[other as usize] = n;
                        waiting.push(other as usize);
                    }
                }
            }
        }
        n += 1;
    }
    shell
}

/// A closed surface in place of one that is not, or cuts itself. Points stay where triangles are kept.
///
/// # Errors
/// [`Refusal`] when nothing is inside.
pub fn repair(surface: &mut SurfaceMesh) -> Result<Repair, Refusal> {
    let mut repair = Repair { n_turned: turn(surface), ..Repair::default() };
    let (n_open, n_holes, n_crowded, boxes) = defects(surface);
    (repair.n_open, repair.n_holes, repair.n_crowded) = (n_open, n_holes, n_crowded);
    repair.n_cutting = if surface.triangles.len() > SEARCH_MAX { 0 } else { cutting(surface, PAIRS_MAX, None) };
    if repair.n_cutting == 0 && closed_sides(surface).is_ok() {
        return Ok(repair);
    }
    let volume: f64 = crate::geometry::measure::mass_properties(surface).volume;
    if volume < 0.0 {
        surface.triangles.iter_mut().for_each(|t| t.swap(1, 2));
    }
    let size = surface.bounds().map_or(0.0, |(lo, hi)| DVec3::from(hi).distance(lo.into()));
    let soup = Arc::new(Soup {
        step: 1e-3 * size,
        winding: Winding::new(&surface.points, &surface.triangles),
        distance: Distance::new(Arc::new(surface.clone())),
        surface: surface.clone(),
        boxes,
    });
    let nothing = || {
        Refusal::wrong(
            "the surface in the file encloses nothing: too much of it is missing. Repair it where it was made and import it \
             again",
        )
    };
    let (made, cell) = field::rebuilt(soup.clone(), CELLS).ok_or_else(nothing)?;
    closed_sides(&made)?;
    let off = made
        .points
        .iter()
        .filter(|p| soup.hole_distance(DVec3::from(**p)) > cell)
        .filter_map(|p| soup.distance.nearest(*p, None))
        .fold(0.0f64, |m, n| m.max(n.distance.abs()));
    repair.rebuilt = Some((cell, off));
    *surface = SurfaceMesh { points: made.points, triangles: made.triangles, ..SurfaceMesh::default() };
    Ok(repair)
}

/// Triangles that do not close, as a field.
pub struct Soup {
    winding: Winding,
    distance: Distance,
    surface: SurfaceMesh,
    /// Around each hole, with room: the surface may run there without a triangle near.
    boxes: Vec<(DVec3, DVec3)>,
    /// For slopes of the winding number, m: a thousandth of the part.
    step: f64,
}

impl Soup {
    pub fn bounds(&self) -> Option<([f64; 3], [f64; 3])> {
        self.surface.bounds()
    }

    /// Signed distance to the triangles, and the way outwards. Jumps where a hole is closed.
    pub fn sample(&self, p: [f64; 3]) -> (f64, DVec3) {
        let at = DVec3::from(p);
        let number = self.winding.number(at);
        let inside = number > 0.5;
        let Some(near) = self.distance.nearest(p, None) else { return (f64::INFINITY, DVec3::Z) };
        let size = near.distance.abs().max(f64::MIN_POSITIVE);
        let mut normal = DVec3::from(self.surface.triangle_cross(near.triangle as usize)).normalize_or(DVec3::Z);
        // Over a hole no triangle tells the way: that of the falling winding number does.
        let step = self.step;
        if size > step && (number - 0.5).abs() < 0.2 && self.hole_distance(at) == 0.0 {
            let number = |d: DVec3| self.winding.number(at + d * step);
            let slope = DVec3::AXES.map(|d| number(-d) - number(d));
            normal = DVec3::from(slope).normalize_or(normal);
        }
        (if inside { -size } else { size }, normal)
    }

    /// No surface is nearer to `p` than this, m.
    pub fn clearance(&self, p: [f64; 3]) -> f64 {
        let near = self.distance.nearest(p, None).map_or(f64::INFINITY, |n| n.distance.abs());
        near.min(self.hole_distance(p.into()))
    }

    fn hole_distance(&self, p: DVec3) -> f64 {
        let outside = |(lo, hi): &(DVec3, DVec3)| (*lo - p).max(p - *hi).max(DVec3::ZERO).length();
        self.boxes.iter().map(outside).fold(f64::INFINITY, f64::min)
    }
}

/// Triangles at each side, lower point first, with whether they run along it.
fn at_sides(surface: &SurfaceMesh) -> HashMap<(u32, u32), Vec<(u32, bool)>> {
    let mut out: HashMap<(u32, u32), Vec<(u32, bool)>> = HashMap::with_capacity(2 * surface.triangles.len());
    for (i, t) in surface.triangles.iter().enumerate() {
        for k in 0..3 {
            let (a, b) = (t[k], t[(k + 1) % 3]);
            out.entry((a.min(b), a.max(b))).or_default().push((i as u32, a < b));
        }
    }
    out
}

/// Turns triangles that run against most of those they hang together with; returns how many.
fn turn(surface: &mut SurfaceMesh) -> usize {
    let sides = at_sides(surface);
    let n = surface.triangles.len();
    let mut beside: Vec<[Option<(u32, bool)>; 3]> = vec![[None; 3]; n];
    for (i, t) in surface.triangles.iter().enumerate() {
        for k in 0..3 {
            let (a, b) = (t[k], t[(k + 1) % 3]);
            if let Some([one, two]) =
                sides.get(&(a.min(b), a.max(b))).and_then(|v| <&[_; 2]>::try_from(v.as_slice()).ok())
            {
                let other = if one.0 == i as u32 { two } else { one };
                beside[i][k] = Some((other.0, one.1 == two.1));
            }
        }
    }
    let area = |t: u32| DVec3::from(surface.triangle_cross(t as usize)).length();
    let mut turned: Vec<Option<bool>> = vec![None; n];
    for seed in 0..n {
        if turned[seed].is_some() {
            continue;
        }
        turned[seed] = Some(false);
        let mut members = vec![seed as u32];
        let mut next = 0;
        let mut sum = [0.0; 2];
        while next < members.len() {
            let t = members[next];
            next += 1;
            let own = turned[t as usize] == Some(true);
            sum[usize::from(own)] += area(t);
            for (other, against) in beside[t as usize].into_iter().flatten() {
                if turned[other as usize].is_none() {
                    turned[other as usize] = Some(own != against);
                    members.push(other);
                }
            }
        }
        // The larger part of the area was right.
        if sum[1] > sum[0] {
            members.iter().for_each(|t| turned[*t as usize] = turned[*t as usize].map(|t| !t));
        }
    }
    let mut count = 0;
    for (t, turned) in surface.triangles.iter_mut().zip(turned) {
        if turned == Some(true) {
            t.swap(1, 2);
            count += 1;
        }
    }
    count
}

/// Open sides, the rings they form, sides with more than two triangles, and a box with room around each ring.
fn defects(surface: &SurfaceMesh) -> (usize, usize, usize, Vec<(DVec3, DVec3)>) {
    let sides = at_sides(surface);
    let crowded = sides.values().filter(|v| v.len() > 2).count();
    // What does not balance at a side is open there, however many triangles meet.
    let open: BTreeMap<(u32, u32), ()> = sides
        .iter()
        .filter(|(_, v)| v.iter().map(|(_, along)| if *along { 1 } else { -1 }).sum::<i32>() != 0)
        .map(|(s, _)| (*s, ()))
        .collect();
    let mut ring: HashMap<u32, u32> = HashMap::new();
    fn root(ring: &mut HashMap<u32, u32>, mut i: u32) -> u32 {
        loop {
            let up = *ring.entry(i).or_insert(i);
            if up == i {
                return i;
            }
            i = up;
        }
    }
    for (a, b) in open.keys() {
        let (a, b) = (root(&mut ring, *a), root(&mut ring, *b));
        ring.insert(a.max(b), a.min(b));
    }
    let mut boxes: BTreeMap<u32, (DVec3, DVec3)> = BTreeMap::new();
    for p in open.keys().flat_map(|(a, b)| [*a, *b]) {
        let at = DVec3::from(surface.points[p as usize]);
        let r = root(&mut ring, p);
        let (lo, hi) = boxes.entry(r).or_insert((at, at));
        (*lo, *hi) = (lo.min(at), hi.max(at));
    }
    let boxes: Vec<(DVec3, DVec3)> = boxes
        .into_values()
        .map(|(lo, hi)| {
            let room = DVec3::splat(0.5 * lo.distance(hi));
            (lo - room, hi + room)
        })
        .collect();
    (open.len(), boxes.len(), crowded, boxes)
}

/// Pairs of triangles without a common point that cut each other, counted up to `max`; of different `shells` only where those
/// are given.
fn cutting(surface: &SurfaceMesh, max: usize, shells: Option<&[u32]>) -> usize {
    let corners = |t: u32| surface.triangles[t as usize].map(|i| DVec3::from(surface.points[i as usize]));
    // Sweep along x over the boxes; what overlaps there is compared.
    let boxes: Vec<(DVec3, DVec3)> = (0..surface.triangles.len() as u32)
        .map(|t| {
            let [a, b, c] = corners(t);
            (a.min(b).min(c), a.max(b).max(c))
        })
        .collect();
    let mut order: Vec<u32> = (0..boxes.len() as u32).collect();
    order.sort_unstable_by(|a, b| boxes[*a as usize].0.x.total_cmp(&boxes[*b as usize].0.x).then(a.cmp(b)));
    // Buckets of a lattice in y and z keep the sweep short: each holds the triangles that are open there.
    let (lo, hi) = boxes.iter().fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(l, h), (a, b)| (l.min(*a), h.max(*b)));
    let n = ((boxes.len() as f64).sqrt() as usize / 4).clamp(1, 256);
    let cell = |v: f64, k: usize| {
        let share = (v - lo[k]) / (hi[k] - lo[k]).max(f64::MIN_POSITIVE);
        ((share * n as f64) as usize).min(n - 1)
    };
    let mut active: Vec<Vec<u32>> = vec![Vec::new(); n * n];
    let mut count = 0;
    for t in order {
        let (a, b) = boxes[t as usize];
        let (ys, zs) = (cell(a.y, 1)..=cell(b.y, 1), cell(a.z, 2)..=cell(b.z, 2));
        for y in ys {
            for z in zs.clone() {
                let list = &mut active[y * n + z];
                list.retain(|o| boxes[*o as usize].1.x >= a.x);
                for o in list.iter() {
                    let (c, d) = boxes[*o as usize];
                    // Counted in the first cell that both reach.
                    let first = cell(a.y.max(c.y), 1) == y && cell(a.z.max(c.z), 2) == z;
                    let apart = (1..3).any(|k| a[k] > d[k] || c[k] > b[k]);
                    let (own, other) = (surface.triangles[t as usize], surface.triangles[*o as usize]);
                    let touch = own.iter().any(|p| other.contains(p));
                    let counts = shells.is_none_or(|s| s[t as usize] != s[*o as usize]);
                    if first && counts && !apart && !touch && cut(&corners(t), &corners(*o)) {
                        count += 1;
                        if count >= max {
                            return count;
                        }
                    }
                }
                list.push(t);
            }
        }
    }
    count
}

/// Whether a side of one triangle passes through the inside of the other. Source: Möller & Trumbore, J. Graphics Tools
/// 2(1), 1997. Triangles that only touch, or lie in one plane, do not cut each other.
fn cut(a: &[DVec3; 3], b: &[DVec3; 3]) -> bool {
    const INSIDE: f64 = 1e-9;
    let passes = |from: DVec3, to: DVec3, t: &[DVec3; 3]| {
        let (u, v, d) = (t[1] - t[0], t[2] - t[0], to - from);
        let p = d.cross(v);
        let det = u.dot(p);
        if det.abs() <= INSIDE * u.length() * v.length() * d.length() {
            return false;
        }
        let s = from - t[0];
        let x = s.dot(p) / det;
        let q = s.cross(u);
        let y = d.dot(q) / det;
        let along = v.dot(q) / det;
        x > INSIDE && y > INSIDE && x + y < 1.0 - INSIDE && along > INSIDE && along < 1.0 - INSIDE
    };
    (0..3).any(|k| passes(a[k], a[(k + 1) % 3], b) || passes(b[k], b[(k + 1) % 3], a))
}
