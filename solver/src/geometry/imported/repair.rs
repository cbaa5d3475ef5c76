//! Surfaces from files that do not close, cut themselves or turn the wrong way: what is wrong, and a closed surface all the
//! same.
//!
//! In this order, as far as needed: triangles given twice are left out once, those that turn against their neighbours are
//! turned, holes are filled. What is still not closed, or cuts itself, becomes a field: the distance to the triangles, inside
//! where the soup winds about a point more than half a time (Jacobson et al. 2013), contoured anew.

use super::fill::{Filled, fill};
use super::rim::Rim;
use super::winding::{self, Winding};
use super::{closed_sides, encloses};
use crate::geometry::distance::Distance;
use crate::geometry::exact::Refusal;
use crate::geometry::{field, measure};
use crate::surface::SurfaceMesh;
use glam::DVec3;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Triangles above which a surface is not searched for places where it cuts itself: seconds in a browser.
const SEARCH_MAX: usize = 400_000;
/// Cells along the diagonal of a rebuilt body: some per triangle along it, and no more than other fields have.
const CELLS: std::ops::RangeInclusive<f64> = 40.0..=120.0;
const CELLS_PER_TRIANGLE: f64 = 4.0;
/// Mean thickness of a rebuilt body, in cells, below which it is a sheet that encloses nothing.
const THICKNESS_MIN: f64 = 1.5;
/// Share of a rebuilt surface that may lie where the file has no triangle: beyond, it says more of us than of the file.
const GUESS_MAX: f64 = 0.3;
/// Triangles of the file that are compared with a rebuilt surface.
const COMPARED_MAX: usize = 2_000;
/// Pairs that cut each other are counted up to here.
const PAIRS_MAX: usize = 10_000;

/// What was wrong with a surface, and what was done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Repair {
    /// Triangles given more than once, left out.
    pub n_doubled: usize,
    /// Triangles turned.
    pub n_turned: usize,
    /// Rings of sides without a neighbour.
    pub n_holes: usize,
    /// Sides that more than two triangles share.
    pub n_crowded: usize,
    /// Pairs of triangles that cut each other.
    pub n_cutting: usize,
    /// Of a surface whose holes were filled.
    pub filled: Option<Filled>,
    /// Of a surface that was made anew.
    pub rebuilt: Option<Rebuilt>,
}

/// How a surface was made anew.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rebuilt {
    /// Edge of a cell, m.
    pub cell: f64,
    /// How far the triangles of the file that part inside from outside lie from it at most, m.
    pub off: f64,
    /// Of its area lies where the file has no triangle.
    pub share: f64,
}

impl Repair {
    /// For the person who chose the file; lengths in mm.
    pub fn describe(&self) -> String {
        let some = |n: usize, one: &str, many: &str| match n {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{n} {many}")),
        };
        let list = |of: Vec<Option<String>>| of.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let found = list(vec![
            some(self.n_holes, "hole", "holes"),
            some(self.n_crowded, "side shared by more than two triangles", "sides shared by more than two triangles"),
            some(self.n_cutting, "pair of triangles that cut each other", "pairs of triangles that cut each other"),
            some(self.n_turned, "triangle turned inside out", "triangles turned inside out"),
            some(self.n_doubled, "triangle given twice", "triangles given twice"),
        ]);
        if let Some(Rebuilt { cell, off, share }) = self.rebuilt {
            return format!(
                "the surface in the file has {found}. It was rebuilt in cells of {:.3} mm by winding number: the file's outer \
                 triangles lie within {:.3} mm of it, and {:.1} % of it closes holes by guess. Repair the file where it was \
                 made for an exact one",
                cell * 1e3,
                off * 1e3,
                share * 100.0
            );
        }
        let filling = self.filled.map(|f| {
            let [x, y, z] = f.at.map(|c| c * 1e3);
            let holes = if self.n_holes == 1 { "The hole was closed" } else { "The holes were closed" };
            let largest = if self.n_holes == 1 { "" } else { "the largest " };
            let loose = match some(f.n_loose, "triangle was left out that encloses", "triangles were left out that enclose") {
                Some(text) => format!("; {text} nothing"),
                None => String::new(),
            };
            format!(
                "{holes} with {} ({:.3} mm², {:.1} % of the surface), {largest}near {x:.3}, {y:.3}, {z:.3} mm{loose}. Look \
                 whether that is what was meant",
                some(f.n_triangles, "triangle", "triangles").unwrap_or_default(),
                f.area * 1e6,
                f.share * 100.0
            )
        });
        let done = filling.unwrap_or_else(|| match (self.n_turned, self.n_doubled) {
            (_, 0) => "They were turned; nothing else was changed".into(),
            (0, _) => "They are kept once; nothing else was changed".into(),
            _ => "They were turned, or kept once; nothing else was changed".into(),
        });
        format!("the surface in the file has {found}. {done}")
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
pub(super) fn shells(surface: &SurfaceMesh) -> Vec<u32> {
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
    let mut repair = Repair { n_doubled: leave_doubled(surface), n_turned: turn(surface), ..Repair::default() };
    (repair.n_holes, repair.n_crowded) = defects(surface);
    repair.n_cutting = if surface.triangles.len() > SEARCH_MAX { 0 } else { cutting(surface, PAIRS_MAX, None) };
    if repair.n_cutting == 0 {
        if closed_sides(surface).is_ok() {
            return Ok(repair);
        }
        if let Some((closed, filled)) = fill(surface)
            && closed_sides(&closed).is_ok()
            && encloses(&closed)
            && cutting(&closed, 1, None) == 0
        {
            repair.filled = Some(filled);
            *surface = closed;
            return Ok(repair);
        }
    }
    if measure::mass_properties(surface).volume < 0.0 {
        surface.triangles.iter_mut().for_each(|t| t.swap(1, 2));
    }
    let size = surface.bounds().map_or(0.0, |(lo, hi)| DVec3::from(hi).distance(lo.into()));
    let soup = Arc::new(Soup {
        step: 1e-3 * size,
        winding: Winding::new(&surface.points, &surface.triangles),
        distance: Distance::new(Arc::new(surface.clone())),
        rim: Rim::new(&surface.points, &open_sides(surface)),
        surface: surface.clone(),
    });
    let n_cells = (CELLS_PER_TRIANGLE * (surface.triangles.len() as f64).sqrt()).clamp(*CELLS.start(), *CELLS.end());
    let made = field::rebuilt(soup.clone(), n_cells).filter(|(made, cell)| {
        2.0 * measure::mass_properties(made).volume > THICKNESS_MIN * cell * area_where(made, |_| true)
    });
    let Some((made, cell)) = made else {
        return Err(Refusal::wrong(
            "the surface in the file encloses nothing: it is a sheet, or too much of it is missing. Export the part as a solid, \
             or repair it where it was made, and import it again",
        ));
    };
    let far = |p: [f64; 3]| soup.distance.nearest(p, None).is_none_or(|n| n.distance.abs() > cell);
    let share = area_where(&made, far) / area_where(&made, |_| true);
    if share > GUESS_MAX {
        return Err(Refusal::wrong(format!(
            "too much of the surface in the file is missing: {:.0} % of a closed one would be a guess. Export the part as a solid, \
             or repair it where it was made, and import it again",
            100.0 * share
        )));
    }
    closed_sides(&made)?;
    repair.rebuilt = Some(Rebuilt { cell, off: soup.off(&made), share });
    *surface = SurfaceMesh { points: made.points, triangles: made.triangles, ..SurfaceMesh::default() };
    Ok(repair)
}

/// Area of the triangles whose middle is in question, m².
fn area_where(surface: &SurfaceMesh, counts: impl Fn([f64; 3]) -> bool) -> f64 {
    let middle = |t: &[u32; 3]| t.iter().map(|p| DVec3::from(surface.points[*p as usize])).sum::<DVec3>() / 3.0;
    let area = |t: usize| DVec3::from(surface.triangle_cross(t)).length() / 2.0;
    (0..surface.triangles.len()).filter(|t| counts(middle(&surface.triangles[*t]).to_array())).map(area).sum()
}

/// Triangles that do not close, as a field.
pub struct Soup {
    winding: Winding,
    distance: Distance,
    surface: SurfaceMesh,
    rim: Rim,
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
        if size > step && (number - 0.5).abs() < 0.2 {
            let number = |d: DVec3| self.winding.number(at + d * step);
            let slope = DVec3::AXES.map(|d| number(-d) - number(d));
            normal = DVec3::from(slope).normalize_or(normal);
        }
        (if inside { -size } else { size }, normal)
    }

    /// Whether no surface is as near to `p` as `radius`, m: no triangle, and no place over a hole where the winding number
    /// passes a half, since it cannot change that much on the way there.
    pub fn is_clear(&self, p: [f64; 3], radius: f64) -> bool {
        if self.distance.nearest(p, None).is_some_and(|n| n.distance.abs() <= radius) {
            return false;
        }
        let at = DVec3::from(p);
        self.rim.is_empty()
            || (self.winding.number(at) - 0.5).abs() > winding::ERROR + radius * self.rim.slope_max(at, radius)
    }

    /// How far the triangles that part inside from outside lie from the surface made of them, m.
    fn off(&self, made: &SurfaceMesh) -> f64 {
        let to_made = Distance::new(Arc::new(made.clone()));
        let n = self.surface.triangles.len();
        let mut off = 0.0f64;
        for t in (0..n).step_by(n.div_ceil(COMPARED_MAX)) {
            let corners = self.surface.triangles[t].map(|p| DVec3::from(self.surface.points[p as usize]));
            let middle = corners.iter().sum::<DVec3>() / 3.0;
            let out = DVec3::from(self.surface.triangle_cross(t)).normalize_or_zero() * self.step;
            if (self.winding.number(middle + out) > 0.5) != (self.winding.number(middle - out) > 0.5) {
                off = off.max(to_made.nearest(middle.to_array(), None).map_or(0.0, |n| n.distance.abs()));
            }
        }
        off
    }
}

/// Leaves triangles out that were there already, turning the same way; returns how many.
fn leave_doubled(surface: &mut SurfaceMesh) -> usize {
    let before = surface.triangles.len();
    let mut seen = HashSet::with_capacity(before);
    surface.triangles.retain(|[a, b, c]| {
        let least = *a.min(b).min(c);
        seen.insert(if least == *a {
            [*a, *b, *c]
        } else if least == *b {
            [*b, *c, *a]
        } else {
            [*c, *a, *b]
        })
    });
    before - surface.triangles.len()
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

/// Sides at which the triangles do not balance, however many meet there, and by how many.
fn open_sides(surface: &SurfaceMesh) -> Vec<((u32, u32), u32)> {
    let net = |v: &[(u32, bool)]| v.iter().map(|(_, along)| if *along { 1 } else { -1 }).sum::<i32>().unsigned_abs();
    let mut out: Vec<_> = at_sides(surface).iter().map(|(s, v)| (*s, net(v))).filter(|(_, n)| *n > 0).collect();
    out.sort_unstable();
    out
}

/// How many rings of open sides there are, and sides with more than two triangles.
fn defects(surface: &SurfaceMesh) -> (usize, usize) {
    let crowded = at_sides(surface).values().filter(|v| v.len() > 2).count();
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
    for ((a, b), _) in open_sides(surface) {
        let (a, b) = (root(&mut ring, a), root(&mut ring, b));
        ring.insert(a.max(b), a.min(b));
    }
    (ring.iter().filter(|(p, up)| p == up).count(), crowded)
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
