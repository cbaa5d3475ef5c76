//! The largest stresses over a sequence of meshes: their bands, and which of them have no finite value.
//!
//! Near a re-entrant corner, a point load or the rim of a held face the stress of the model grows like `r^−β` towards
//! the place, so what a mesh shows grows like `h^−β` and means nothing. Where a peak has settled, successive meshes
//! agree.

use super::recover::Patches;
use super::{Facet, Mesh, bounds};
use crate::element::tet::{EDGES, face};
use crate::linear::constraint::Constraints;
use glam::DVec3;
use std::collections::{BTreeSet, HashMap};

/// Growth exponents above this have no finite value.
const EXPONENT_MIN: f64 = 0.1;
/// A peak that is settling grows less with every mesh; one whose exponent keeps this share of the last one is not. Where
/// theory expects no finite value, growth alone tells.
const SETTLING: f64 = 0.6;
/// Facets that turn inwards by more than this make a sharp inner corner, rad: 20°.
const SHARP: f64 = 0.35;
/// Sizes must differ by this factor for growth to be told.
const RATIO_MIN: f64 = 1.15;
/// Places of at least this share of the highest may turn out to be higher on the next mesh, up to so many of them.
const RIVAL_MIN: f64 = 0.8;
const RIVALS_MAX: usize = 36;
/// A place is known well enough where computed and recovered stresses differ by less than this share.
const KNOWN: f64 = 0.01;
/// Singular places to step over before giving up on a finite peak.
const SPOTS_MAX: usize = 400;
/// Safety on extrapolated errors (Roache, J. Fluids Eng. 116, 1994) and what recovery itself may be off by.
const SAFETY: f64 = 1.25;
const FLOOR: f64 = 0.005;

/// The nodes of a part in one mesh, with a positive quantity on them.
pub struct Level {
    points: Vec<DVec3>,
    /// Mean size of the elements about each node, m.
    sizes: Vec<f64>,
    /// `[case][node]`
    values: Vec<Vec<f64>>,
    /// `[node]`: where theory expects no finite value, [`suspects`].
    suspect: Vec<bool>,
    bin: f64,
    bins: HashMap<[i64; 3], Vec<u32>>,
}

/// A peak as the finest mesh has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    pub value: f64,
    /// Half width of the band; `None` on a single mesh.
    pub error: Option<f64>,
    pub at: [f64; 3],
    /// Size of the elements there, m.
    pub size: f64,
    /// Growth with the inverse of the size, where the quantity has no finite value.
    pub exponent: Option<f64>,
}

/// The peaks of one case.
#[derive(Clone, Debug, PartialEq)]
pub struct Peaks {
    /// The largest value there is, finite or not.
    pub largest: Peak,
    /// The largest one outside singular places; the same as `largest` where that is finite, `None` where there are too many
    /// such places.
    pub finite: Option<Peak>,
    /// Centres and radii of the places left out, m.
    pub singular: Vec<([f64; 3], f64)>,
}

impl Level {
    /// Nodes of `part`; `values`: `[case]` over all nodes of the mesh, not negative; `sizes` of the elements; `suspect` of
    /// [`suspects`].
    pub fn new(
        mesh: &Mesh,
        part: usize,
        patches: &Patches,
        sizes: &[f64],
        values: &[Vec<f64>],
        suspect: &[bool],
    ) -> Self {
        let nodes = mesh.parts[part].nodes.clone();
        let mut about = vec![0.0; nodes.len()];
        for n in nodes.clone() {
            let tets = patches.about(n);
            about[n - nodes.start] = tets.iter().map(|t| sizes[*t as usize]).sum::<f64>() / tets.len().max(1) as f64;
        }
        let local = |n: u32| n as usize - nodes.start;
        for tet in &mesh.tets[mesh.parts[part].tets.clone()] {
            for (m, [i, j]) in EDGES.iter().enumerate() {
                about[local(tet[4 + m])] = 0.5 * (about[local(tet[*i])] + about[local(tet[*j])]);
            }
        }
        let points = mesh.points[nodes.clone()].to_vec();
        let (lo, hi) = bounds(&points);
        let bin = (hi - lo).max_element().max(f64::MIN_POSITIVE) / 48.0;
        let mut bins: HashMap<[i64; 3], Vec<u32>> = HashMap::new();
        for (n, p) in points.iter().enumerate() {
            bins.entry(key(*p, bin)).or_default().push(n as u32);
        }
        let values = values.iter().map(|v| v[nodes.clone()].to_vec()).collect();
        Self { points, sizes: about, values, suspect: suspect[nodes].to_vec(), bin, bins }
    }

    /// Nodes in the bins that a box of half width `radius` about `at` touches.
    fn near(&self, at: DVec3, radius: f64) -> impl Iterator<Item = usize> + '_ {
        let (lo, hi) = (key(at - DVec3::splat(radius), self.bin), key(at + DVec3::splat(radius), self.bin));
        (lo[2]..=hi[2])
            .flat_map(move |z| (lo[1]..=hi[1]).flat_map(move |y| (lo[0]..=hi[0]).map(move |x| [x, y, z])))
            .flat_map(|bin| self.bins.get(&bin).into_iter().flatten().map(|n| *n as usize))
    }

    /// Largest value of case `k` within `radius` of `at`, and the size of the elements where it is.
    fn around(&self, k: usize, at: DVec3, radius: f64) -> Option<(f64, f64)> {
        self.near(at, radius)
            .filter(|n| self.points[*n].distance_squared(at) <= radius * radius)
            .max_by(|a, b| self.values[k][*a].total_cmp(&self.values[k][*b]).then(b.cmp(a)))
            .map(|n| (self.values[k][n], self.sizes[n]))
    }

    /// Size of the elements about the node nearest to `at`, which lies on the body, m.
    fn size_at(&self, at: DVec3) -> f64 {
        let away = |n: usize| self.points[n].distance_squared(at);
        let mut radius = self.bin;
        loop {
            let nearest = self.near(at, radius).min_by(|a, b| away(*a).total_cmp(&away(*b)).then(a.cmp(b)));
            match nearest {
                Some(n) => return self.sizes[n],
                None if radius > 96.0 * self.bin => return self.bin,
                None => radius *= 2.0,
            }
        }
    }
}

fn key(p: DVec3, bin: f64) -> [i64; 3] {
    (p / bin).floor().as_i64vec3().to_array()
}

/// Nodes of elements that touch a sharp inner corner, the rim of the facets that `held` (by index) holds, or the rim of
/// where bodies are bonded: there the stress of linear elasticity may have no finite value.
pub fn suspects<const N: usize>(mesh: &Mesh, held: &BTreeSet<usize>, constraints: &Constraints<N>) -> Vec<bool> {
    let mut on = vec![false; mesh.points.len()];
    let mut bonded = vec![false; mesh.points.len()];
    constraints.bonds().for_each(|(n, _)| bonded[*n as usize] = true);
    let bonds = |i: usize| mesh.facets[i].nodes.iter().all(|n| bonded[*n as usize]);
    let mut rim = BTreeSet::new();
    let mut sides: HashMap<(u32, u32), usize> = HashMap::new();
    for (i, facet) in mesh.facets.iter().enumerate() {
        for k in 0..3 {
            let (a, b) = (facet.nodes[k], facet.nodes[(k + 1) % 3]);
            let Some(j) = sides.remove(&(a.min(b), a.max(b))) else {
                sides.insert((a.min(b), a.max(b)), i);
                continue;
            };
            let other = &mesh.facets[j];
            // Where the facets meet, as curved as they are: along a fillet middles differ by what the fillet turns.
            let normal = |f: &Facet| {
                let at = std::array::from_fn(|c| if [a, b].contains(&f.nodes[c]) { 0.5 } else { 0.0 });
                face::area(&mesh.facet(f), &at).normalize_or_zero()
            };
            let [n, m] = [normal(facet), normal(other)];
            // The far corner of the other facet rises above this one where the body's angle is more than straight.
            let apex = other.nodes[..3].iter().find(|c| **c != a && **c != b);
            let concave = apex.is_some_and(|c| n.dot(mesh.points[*c as usize] - mesh.points[a as usize]) > 0.0);
            let parted = bonds(i) != bonds(j);
            if parted {
                rim.extend([a, b]);
            }
            if parted || (concave && n.angle_between(m) > SHARP) || held.contains(&i) != held.contains(&j) {
                on[a as usize] = true;
                on[b as usize] = true;
            }
        }
    }
    // The rim on the other body: the nodes that those of the rim follow.
    for (_, masters) in constraints.bonds().filter(|(n, _)| rim.contains(n)) {
        masters.iter().for_each(|(m, _)| on[*m as usize] = true);
    }
    let mut out = on.clone();
    for tet in mesh.tets.iter().filter(|t| t.iter().any(|n| on[*n as usize])) {
        tet.iter().for_each(|n| out[*n as usize] = true);
    }
    out
}

/// Peaks of case `k` on `levels`, coarsest first. `disagreement`: of the finest level, `[node]`.
pub fn peaks(levels: &[Level], k: usize, disagreement: &[f64]) -> Option<Peaks> {
    let last = levels.last()?;
    let mut order: Vec<u32> = (0..last.points.len() as u32).collect();
    order.sort_unstable_by(|a, b| last.values[k][*b as usize].total_cmp(&last.values[k][*a as usize]).then(a.cmp(b)));
    let mut largest: Option<Peak> = None;
    let mut singular: Vec<([f64; 3], f64)> = Vec::new();
    for n in order {
        let n = n as usize;
        let at = last.points[n];
        if singular.iter().any(|(c, r)| at.distance_squared(DVec3::from(*c)) < r * r) {
            continue;
        }
        let radius = levels[0].size_at(at).max(last.sizes[n]);
        let (exponent, error) = history(levels, k, at, radius, last.suspect[n]);
        let value = last.values[k][n];
        let error = error.map(|e| e.max(0.5 * disagreement[n]) + FLOOR * value);
        let peak = Peak { value, error, at: at.to_array(), size: last.sizes[n], exponent };
        let first = *largest.get_or_insert(peak);
        if exponent.is_none() {
            return Some(Peaks { largest: first, finite: Some(peak), singular });
        }
        if singular.len() >= SPOTS_MAX {
            break;
        }
        singular.push((at.to_array(), radius));
    }
    Some(Peaks { largest: largest?, finite: None, singular })
}

/// Places outside the singular ones where case `k` may have its largest value once they are known as well as the peak
/// found, `reach` sizes of their elements apart from it and from one another, highest first. Where theory expects no finite
/// value none is taken: what a finer mesh shows there is no better, and the highest that counts elsewhere goes without.
pub fn rivals(levels: &[Level], k: usize, found: &Peaks, disagreement: &[f64], reach: f64) -> Vec<Peak> {
    let (Some(last), Some(peak)) = (levels.last(), found.finite) else { return Vec::new() };
    let values = &last.values[k];
    let mut taken: Vec<(DVec3, f64)> = found.singular.iter().map(|(at, r)| (DVec3::from(*at), *r)).collect();
    let is_apart = |n: &usize| taken.iter().all(|(c, r)| last.points[*n].distance_squared(*c) >= r * r);
    let mut order: Vec<usize> = (0..values.len()).filter(|n| !last.suspect[*n]).filter(is_apart).collect();
    let most = order.iter().fold(0.0f64, |m, n| m.max(values[*n]));
    order.retain(|n| values[*n] >= RIVAL_MIN * most && disagreement[*n] > KNOWN * values[*n]);
    order.sort_unstable_by(|a, b| values[*b].total_cmp(&values[*a]).then(a.cmp(b)));
    taken.push((peak.at.into(), reach * peak.size));
    let mut out = Vec::new();
    for n in order {
        let (at, size) = (last.points[n], last.sizes[n]);
        if taken.iter().any(|(c, r)| at.distance_squared(*c) < r * r) {
            continue;
        }
        taken.push((at, reach * size));
        let radius = levels[0].size_at(at).max(size);
        let (exponent, error) = history(levels, k, at, radius, last.suspect[n]);
        if exponent.is_none() {
            out.push(Peak { value: values[n], error, at: at.to_array(), size, exponent });
        }
        if out.len() >= RIVALS_MAX {
            break;
        }
    }
    out
}

impl Peaks {
    /// Those of all parts together; `None` for none.
    pub fn of(parts: &[Self]) -> Option<Self> {
        let by_value = |a: &Peak, b: &Peak| a.value.total_cmp(&b.value);
        Some(Self {
            largest: parts.iter().map(|p| p.largest).max_by(by_value)?,
            finite: parts.iter().filter_map(|p| p.finite).max_by(by_value),
            singular: parts.iter().flat_map(|p| p.singular.clone()).collect(),
        })
    }
}

/// Growth exponent at a place if it has no finite value, and what is left to the limit otherwise.
fn history(levels: &[Level], k: usize, at: DVec3, radius: f64, suspect: bool) -> (Option<f64>, Option<f64>) {
    let seen: Vec<(f64, f64)> = levels.iter().filter_map(|l| l.around(k, at, radius)).collect();
    let n = seen.len();
    if n < 2 {
        return (None, None);
    }
    let step = |i: usize| {
        let ((a, h), (b, g)) = (seen[i - 1], seen[i]);
        let ratio = h / g;
        (ratio > RATIO_MIN && a > 0.0 && b > 0.0).then(|| ((b / a).ln() / ratio.ln(), ratio))
    };
    let change = (seen[n - 1].0 - seen[n - 2].0).abs();
    let last = step(n - 1);
    let before = (1..n - 1).rev().find_map(step);
    if let (Some((now, _)), Some((then, _))) = (last, before)
        && now > EXPONENT_MIN
        && (suspect || now > SETTLING * then)
    {
        // Least squares through the meshes that were refined there.
        let (mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0);
        for (value, size) in &seen {
            let (a, b) = (-size.ln(), value.max(f64::MIN_POSITIVE).ln());
            x += a;
            y += b;
            xx += a * a;
            xy += a * b;
        }
        let count = n as f64;
        let slope = (count * xy - x * y) / (count * xx - x * x);
        return (Some(if slope.is_finite() { slope.max(EXPONENT_MIN) } else { now }), None);
    }
    // Second order in the size is what quadratic elements give at least where the solution is smooth.
    let left = match last {
        Some((_, ratio)) => change / (ratio * ratio - 1.0).max(0.5),
        None => change,
    };
    (None, Some(SAFETY * left))
}
