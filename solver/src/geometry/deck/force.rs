//! Forces at nodes as loads on faces: the even traction or the pressure that they come from, or else their resultant.

use super::posed::What;
use super::problem::Reader;
use super::shape;
use glam::{DMat3, DVec3};
use std::collections::{BTreeMap, BTreeSet};

/// Forces below this share of the largest are rounding.
const NOTHING: f64 = 1e-9;
/// Largest misfit of forces, root of the sum of squares over that of the forces, that still is the load a fit found: what
/// printed numbers of four digits leave.
const FITS: f64 = 2e-3;
/// Cosine of the crease between two facets that may be loaded as one.
const CREASE: f64 = 0.9;
/// Patches that are fitted together.
const PATCHES_MAX: usize = 24;
/// Cosine within which the facets of a patch lie in one plane.
const PLANE: f64 = 0.999_99;

/// A patch of facets without a crease inside.
struct Patch {
    facets: Vec<u32>,
    area: f64,
    is_plane: bool,
    /// Share of an even traction at each node, and of an even pressure outwards.
    shares: BTreeMap<u32, (f64, DVec3)>,
}

/// Carries the forces of one set, or of all single nodes (`name` empty), to items of the reader.
pub fn carry(reader: &mut Reader, line: usize, name: &str, forces: &BTreeMap<u32, DVec3>) {
    let mut forces = forces.clone();
    let outside: Vec<u32> = forces.keys().copied().filter(|n| !reader.is_solid(*n)).collect();
    if !outside.is_empty() {
        let sum: DVec3 = outside.iter().map(|n| forces[n]).sum();
        forces.retain(|n, _| !outside.contains(n));
        let text = format!(
            "a force of {} at {} that belong{} to no solid is left out: set a remote force on the faces it is coupled to",
            shown(sum),
            nodes(outside.len()),
            if outside.len() == 1 { "s" } else { "" }
        );
        reader.note(line, text);
    }
    weight(reader, line, &mut forces);
    let largest = forces.values().fold(0.0f64, |m, f| m.max(f.length()));
    forces.retain(|_, f| f.length() > NOTHING * largest);
    if forces.is_empty() {
        return;
    }
    // An even load of quadratic triangles leaves corners free: the middles tell.
    let loaded = |n: u32| forces.contains_key(&n);
    let facets: Vec<u32> = (0..reader.skin.facets.len() as u32)
        .filter(|k| {
            let facet = &reader.skin.facets[*k as usize];
            let tell = if facet.middles().is_empty() { facet.corners() } else { facet.middles() };
            !facet.is_inner && tell.iter().all(|n| loaded(*n))
        })
        .collect();
    let taken: BTreeSet<u32> =
        facets.iter().flat_map(|k| reader.skin.facets[*k as usize].nodes().iter().copied()).collect();
    let left: Vec<u32> = forces.keys().copied().filter(|n| !taken.contains(n)).collect();
    if !left.is_empty() {
        let sum: DVec3 = left.iter().map(|n| forces[n]).sum();
        let text = format!(
            "{} of force at {} on no whole face of an element (points, edges or the inside) is left out: set a remote force \
             there",
            shown(sum),
            nodes(left.len())
        );
        reader.note(line, text);
        forces.retain(|n, _| taken.contains(n));
    }
    if facets.is_empty() {
        return;
    }
    let patches = patches(reader, &facets);
    if patches.len() <= PATCHES_MAX
        && let Some(found) = fit(&patches, &forces)
    {
        for (patch, (traction, pressure)) in patches.iter().zip(found) {
            // What a fit leaves on patches that carry nothing.
            let least = FITS * largest;
            if (traction * patch.area).length() > least {
                reader.push(line, name, What::Force(traction * patch.area), patch.facets.clone());
            }
            if (pressure * patch.area).abs() > least {
                reader.push(line, name, What::Pressure(-pressure), patch.facets.clone());
            }
        }
        return;
    }
    resultants(reader, line, name, &forces, &facets);
}

fn nodes(n: usize) -> String {
    if n == 1 { "a node".into() } else { format!("{n} nodes") }
}

fn shown(f: DVec3) -> String {
    format!("({:.4}, {:.4}, {:.4})", f.x, f.y, f.z)
}

/// Takes out of `forces` what gravity makes, when nodes inside the bodies are loaded as gravity loads them.
fn weight(reader: &mut Reader, line: usize, forces: &mut BTreeMap<u32, DVec3>) {
    let surface: BTreeSet<u32> =
        reader.skin.facets.iter().filter(|f| !f.is_inner).flat_map(|f| f.nodes().iter().copied()).collect();
    let inside: Vec<u32> = forces.keys().copied().filter(|n| !surface.contains(n)).collect();
    if inside.is_empty() {
        return;
    }
    let mut masses = vec![0.0; reader.deck.points.len()];
    if !super::shape::masses(reader.deck, reader.skin, &mut masses) {
        return;
    }
    // Least squares over the nodes inside: f = m a.
    let (mut above, mut below, mut size) = (DVec3::ZERO, 0.0, 0.0);
    for n in 0..masses.len() as u32 {
        if masses[n as usize] != 0.0 && !surface.contains(&n) {
            let f = forces.get(&n).copied().unwrap_or(DVec3::ZERO);
            above += f * masses[n as usize];
            below += masses[n as usize].powi(2);
            size += f.length_squared();
        }
    }
    let a = above / below;
    let off = size - a.length_squared() * below;
    if !(below > 0.0 && off <= (FITS * FITS) * size) {
        return;
    }
    for (n, m) in masses.iter().enumerate().filter(|(_, m)| **m != 0.0) {
        *forces.entry(n as u32).or_default() -= a * *m;
    }
    // What subtraction leaves where only gravity was.
    let least = 1e-3 * a.length() * masses.iter().fold(0.0f64, |x, m| x.max(m.abs()));
    forces.retain(|n, f| surface.contains(n) && f.length() > least);
    reader.push(line, "", What::Gravity(a), Vec::new());
}

/// Patches of facets that share a side without a crease.
fn patches(reader: &Reader, facets: &[u32]) -> Vec<Patch> {
    let normal = |k: u32| reader.skin.facets[k as usize].cross(reader.deck).normalize_or_zero();
    let mut by_side: BTreeMap<[u32; 2], Vec<usize>> = BTreeMap::new();
    for (i, k) in facets.iter().enumerate() {
        let corners = reader.skin.facets[*k as usize].corners();
        for c in 0..corners.len() {
            let (a, b) = (corners[c], corners[(c + 1) % corners.len()]);
            by_side.entry([a.min(b), a.max(b)]).or_default().push(i);
        }
    }
    let mut beside: Vec<Vec<usize>> = vec![Vec::new(); facets.len()];
    for pair in by_side.values() {
        if let [a, b] = pair[..]
            && normal(facets[a]).dot(normal(facets[b])) > CREASE
        {
            beside[a].push(b);
            beside[b].push(a);
        }
    }
    let mut seen = vec![false; facets.len()];
    let mut out = Vec::new();
    for seed in 0..facets.len() {
        if std::mem::replace(&mut seen[seed], true) {
            continue;
        }
        let mut members = vec![seed];
        let mut next = 0;
        while next < members.len() {
            let i = members[next];
            next += 1;
            for &j in &beside[i] {
                if !std::mem::replace(&mut seen[j], true) {
                    members.push(j);
                }
            }
        }
        let first = normal(facets[seed]);
        let is_plane = members.iter().all(|i| normal(facets[*i]).dot(first) > PLANE);
        let mut patch = Patch {
            facets: members.iter().map(|i| facets[*i]).collect(),
            area: 0.0,
            is_plane,
            shares: BTreeMap::new(),
        };
        for k in &patch.facets {
            let facet = &reader.skin.facets[*k as usize];
            shape::integrate(reader.deck, facet, |shape, area| {
                let size = area.length();
                patch.area += size;
                for (n, w) in facet.nodes().iter().zip(shape) {
                    let share = patch.shares.entry(*n).or_default();
                    share.0 += w * size;
                    share.1 += area * *w;
                }
            });
        }
        out.push(patch);
    }
    out
}

/// Traction and outward pressure of each patch that together make the forces; `None` when nothing of the kind does.
fn fit(patches: &[Patch], forces: &BTreeMap<u32, DVec3>) -> Option<Vec<(DVec3, f64)>> {
    // Unknowns: three of traction each, and the pressure of patches that are not plane.
    let mut first = Vec::with_capacity(patches.len());
    let mut n = 0;
    for p in patches {
        first.push(n);
        n += if p.is_plane { 3 } else { 4 };
    }
    let mut rows: BTreeMap<u32, Vec<(usize, DVec3)>> = BTreeMap::new();
    for (p, first) in patches.iter().zip(&first) {
        for (node, (w, g)) in &p.shares {
            let row = rows.entry(*node).or_default();
            (0..3).for_each(|c| row.push((first + c, DVec3::AXES[c] * *w)));
            if !p.is_plane {
                row.push((first + 3, *g));
            }
        }
    }
    let (mut a, mut b) = (vec![vec![0.0; n]; n], vec![0.0; n]);
    for (node, row) in &rows {
        let f = forces.get(node).copied().unwrap_or(DVec3::ZERO);
        for (i, u) in row {
            b[*i] += u.dot(f);
            for (j, v) in row {
                a[*i][*j] += u.dot(*v);
            }
        }
    }
    let x = solve(a, b)?;
    let size: f64 = forces.values().map(|f| f.length_squared()).sum();
    let off: f64 = rows
        .iter()
        .map(|(node, row)| {
            let made: DVec3 = row.iter().map(|(i, u)| *u * x[*i]).sum();
            (forces.get(node).copied().unwrap_or(DVec3::ZERO) - made).length_squared()
        })
        .sum();
    if !(off <= FITS * FITS * size) {
        return None;
    }
    let of =
        |(p, i): (&Patch, &usize)| (DVec3::new(x[*i], x[i + 1], x[i + 2]), if p.is_plane { 0.0 } else { x[i + 3] });
    Some(patches.iter().zip(&first).map(of).collect())
}

/// Gaussian elimination with pivots; `None` for a singular system.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    let scale = a.iter().flatten().fold(0.0f64, |m, v| m.max(v.abs()));
    for k in 0..n {
        let pivot = (k..n).max_by(|i, j| a[*i][k].abs().total_cmp(&a[*j][k].abs()))?;
        if !(a[pivot][k].abs() > 1e-12 * scale) {
            return None;
        }
        a.swap(k, pivot);
        b.swap(k, pivot);
        let top = a[k].clone();
        for i in k + 1..n {
            let by = a[i][k] / top[k];
            for j in k..n {
                a[i][j] -= by * top[j];
            }
            b[i] -= by * b[k];
        }
    }
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|j| a[k][j] * b[j]).sum();
        b[k] = (b[k] - known) / a[k][k];
    }
    Some(b)
}

/// Sum and moment of the forces on facets that hang together, each as a load of its own.
fn resultants(reader: &mut Reader, line: usize, name: &str, forces: &BTreeMap<u32, DVec3>, facets: &[u32]) {
    let mut node_of: BTreeMap<u32, usize> = BTreeMap::new();
    let mut group: Vec<usize> = (0..facets.len()).collect();
    for (i, k) in facets.iter().enumerate() {
        for n in reader.skin.facets[*k as usize].nodes() {
            let other = group[*node_of.entry(*n).or_insert(i)];
            let own = group[i];
            if other != own {
                let (low, high) = (other.min(own), other.max(own));
                // Groups are few and small beside the mesh.
                group.iter_mut().filter(|g| **g == high).for_each(|g| *g = low);
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for (i, g) in group.iter().enumerate() {
        groups.entry(*g).or_default().push(facets[i]);
    }
    for members in groups.into_values() {
        let (mut area, mut centre, mut size) = (0.0, DVec3::ZERO, DMat3::ZERO);
        let mut nodes = BTreeSet::new();
        for k in &members {
            let facet = &reader.skin.facets[*k as usize];
            nodes.extend(facet.nodes().iter().copied());
            shape::integrate(reader.deck, facet, |shape, normal| {
                let at: DVec3 = facet
                    .nodes()
                    .iter()
                    .zip(shape)
                    .map(|(n, w)| DVec3::from(reader.deck.points[*n as usize]) * *w)
                    .sum();
                area += normal.length();
                centre += at * normal.length();
                size += DMat3::from_cols(at * at.x, at * at.y, at * at.z) * normal.length();
            });
        }
        if !(area > 0.0) {
            continue;
        }
        centre /= area;
        let reach = ((size.x_axis.x + size.y_axis.y + size.z_axis.z) / area - centre.length_squared()).max(0.0).sqrt();
        let (mut force, mut moment) = (DVec3::ZERO, DVec3::ZERO);
        for n in &nodes {
            let f = forces.get(n).copied().unwrap_or(DVec3::ZERO);
            force += f;
            moment += (DVec3::from(reader.deck.points[*n as usize]) - centre).cross(f);
        }
        let whole: f64 = nodes.iter().filter_map(|n| forces.get(n)).map(|f| f.length()).sum();
        let text = "the forces at nodes are no even load of their faces: what is carried is their sum and moment, spread over \
                    the faces";
        reader.note(line, text);
        if force.length() > FITS * whole {
            reader.push(line, name, What::Force(force), members.clone());
        }
        if moment.length() > FITS * whole * reach {
            reader.push(line, name, What::Moment(moment), members);
        }
    }
}
