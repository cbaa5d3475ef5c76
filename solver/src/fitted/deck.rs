//! A problem as an input deck in the language that Abaqus and CalculiX share, so that anyone can check an answer.
//!
//! The very mesh, materials, constraints and nodal forces of the run: what differs in the other program's answer is the
//! other program. Source: CalculiX 2.20, *CrunchiX User's Manual*.

pub mod bolt;
pub mod heat;
pub mod warmth;

use self::bolt::{Bolt, Cut};
use self::warmth::Warmth;
use super::{Mesh, Spring};
use crate::element::tet::{Elasticity, Orthotropic, face};
use crate::linear::constraint::{Constraints, Hold};
use crate::quantity::Curve;
use glam::{DMat3, DVec3};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Numbers on a line of a node or element set.
const PER_LINE: usize = 10;
/// Components of a combination below this share of the largest are left out.
const NOTHING: f64 = 1e-12;
/// Forces below this share of the largest are rounding.
const FORCE_NOTHING: f64 = 1e-13;
/// Relative accuracy asked of buckling factors: the other program's own wish is one per cent.
const BUCKLE_ACCURACY: f64 = 1e-5;

/// What a deck says.
pub struct Deck<'a> {
    pub title: &'a str,
    pub mesh: &'a Mesh,
    /// Names of the parts and of their materials.
    pub parts: &'a [(String, String)],
    pub materials: &'a [Elasticity],
    /// By part, Young's modulus, Pa, and Poisson's ratio over temperature, K, where they depend on it; empty where none does.
    pub curves: &'a [Option<[Curve; 2]>],
    /// By part, empty where all are isotropic: written by their constants instead of [`Deck::materials`].
    pub orthotropic: &'a [Option<Orthotropic>],
    /// By part, kg/m³.
    pub densities: &'a [f64],
    pub held: &'a Constraints<3>,
    pub springs: &'a [Spring],
    pub bolts: &'a [Bolt<'a>],
    pub warmth: Option<Warmth<'a>>,
    pub steps: Steps<'a>,
}

/// What is asked of the problem. Forces are three per node of the mesh and of the couplings, N.
#[derive(Clone, Copy)]
pub enum Steps<'a> {
    /// A static step for each load case: names, and `[case]` forces.
    Static { cases: &'a [String], forces: &'a [Vec<f64>] },
    /// The lowest `n` natural frequencies.
    Frequency { n: usize },
    /// The smallest `n` factors at which the forces buckle the bodies.
    Buckle { n: usize, forces: &'a [f64] },
}

impl Deck<'_> {
    /// The deck, SI units.
    pub fn write(&self) -> String {
        let mut s = String::with_capacity(90 * self.mesh.points.len() + 110 * self.mesh.tets.len());
        let _ = writeln!(s, "*HEADING\n{}; units m, N, kg, s, Pa", one_line(self.title));
        nodes(&mut s, self.mesh);
        let references = self.held.references();
        for (k, point) in references.iter().enumerate() {
            for n in [self.mesh.points.len() + 2 * k + 1, self.mesh.points.len() + 2 * k + 2] {
                let _ = writeln!(s, "{n},{:.12e},{:.12e},{:.12e}", point.x, point.y, point.z);
            }
        }
        let mut next = self.mesh.points.len() + 2 * references.len() + 1;
        let cuts: Vec<Cut> = self.bolts.iter().map(|b| Cut::new(self.mesh, b, &mut next)).collect();
        cuts.iter().for_each(|c| c.nodes(&mut s, self.mesh));
        bolt::set(&mut s, &cuts);
        let own = |t: usize, n: u32| cuts.iter().find_map(|c| c.number(t, n));
        for k in 0..self.mesh.parts.len() {
            part(&mut s, self.mesh, k, "C3D10", &self.parts[k], &own);
            let _ = writeln!(s, "*MATERIAL,NAME=MATERIAL{}", k + 1);
            let orthotropic = self.orthotropic.get(k).and_then(Option::as_ref);
            match &self.materials[k] {
                _ if orthotropic.is_some() => orthotropic.into_iter().for_each(|o| constants(&mut s, o)),
                Elasticity::Isotropic { .. }
                    if let Some([young, poisson]) = self.curves.get(k).and_then(Option::as_ref) =>
                {
                    softening(&mut s, young, poisson);
                }
                Elasticity::Isotropic { lambda, mu } => {
                    let (young, poisson) =
                        (mu * (3.0 * lambda + 2.0 * mu) / (lambda + mu), lambda / (2.0 * (lambda + mu)));
                    let _ = writeln!(s, "*ELASTIC\n{young:.12e},{poisson:.12e}");
                }
                Elasticity::General(c) => {
                    // The language's order of shears is xy, xz, yz; ours is xy, yz, zx. By columns of the upper triangle.
                    let to = [0, 1, 2, 3, 5, 4];
                    let upper: Vec<String> = (0..6)
                        .flat_map(|j| (0..=j).map(move |i| (i, j)))
                        .map(|(i, j)| format!("{:.12e}", c[to[i]][to[j]]))
                        .collect();
                    s.push_str("*ELASTIC,TYPE=ANISO\n");
                    for line in upper.chunks(8) {
                        let _ = writeln!(s, "{}", line.join(","));
                    }
                }
            }
            let _ = writeln!(s, "*DENSITY\n{:.12e}", self.densities[k]);
            if let Some(warmth) = &self.warmth {
                warmth.material(&mut s, k);
            }
            let _ = write!(s, "*SOLID SECTION,ELSET=PART{0},MATERIAL=MATERIAL{0}", k + 1);
            match orthotropic {
                Some(o) => orientation(&mut s, k, &o.frame),
                None => s.push('\n'),
            }
        }
        self.foundation(&mut s, &mut next);
        let mut given = self.constraints(&mut s, references.len(), &mut next);
        cuts.iter().zip(self.bolts).for_each(|(c, b)| c.equations(&mut s, b));
        bolt::shortenings(&mut given, &cuts, self.bolts);
        if let Some(warmth) = &self.warmth {
            warmth.start(&mut s);
            warmth.step(&mut given, cuts.iter().flat_map(Cut::copies));
        }
        match self.steps {
            Steps::Static { cases, forces } => {
                for (name, f) in cases.iter().zip(forces) {
                    let _ = writeln!(s, "** {}", one_line(name));
                    s.push_str("*STEP\n*STATIC\n");
                    s.push_str(&given);
                    loads(&mut s, f);
                    s.push_str("*NODE FILE\nU,RF\n*EL FILE\nS\n*END STEP\n");
                }
            }
            Steps::Frequency { n } => {
                let _ = writeln!(s, "*STEP\n*FREQUENCY\n{n}\n*NODE FILE\nU\n*END STEP");
            }
            Steps::Buckle { n, forces } => {
                let _ = writeln!(s, "*STEP\n*BUCKLE\n{n},{BUCKLE_ACCURACY:e}");
                s.push_str(&given);
                loads(&mut s, forces);
                s.push_str("*NODE FILE\nU\n*END STEP\n");
            }
        }
        s
    }

    /// Springs over facets, without an element for it in the language: at every quadrature point an extra node follows the
    /// facet, scaled by the root of the point's area, so that one stiffness serves all.
    fn foundation(&self, s: &mut String, next: &mut usize) {
        let mut kinds: Vec<(f64, f64)> = Vec::new();
        for spring in self.springs {
            if !kinds.contains(&(spring.normal, spring.tangential)) {
                kinds.push((spring.normal, spring.tangential));
            }
        }
        for (k, kind) in kinds.iter().enumerate() {
            let first = *next;
            let mut rows: Vec<Vec<(usize, usize, f64)>> = Vec::new();
            for spring in self.springs.iter().filter(|s| (s.normal, s.tangential) == *kind) {
                face::integrate(&spring.points(self.mesh), |shape, _, area| {
                    let size = area.length();
                    let normal = area / size;
                    let (u, v) = normal.any_orthonormal_pair();
                    for (c, (d, stiffness)) in [(normal, kind.0), (u, kind.1), (v, kind.1)].into_iter().enumerate() {
                        if stiffness == 0.0 {
                            continue;
                        }
                        let mut terms = vec![(*next, c + 1, -1.0)];
                        for (n, w) in spring.nodes.iter().zip(shape) {
                            for axis in 0..3 {
                                terms.push((*n as usize + 1, axis + 1, size.sqrt() * w * d[axis]));
                            }
                        }
                        terms.retain(|t| t.2.abs() > NOTHING * size.sqrt());
                        rows.push(terms);
                    }
                    *next += 1;
                });
            }
            s.push_str("*NODE\n");
            // Where they stand means nothing.
            let at = self.mesh.points.first().copied().unwrap_or_default();
            for n in first..*next {
                let _ = writeln!(s, "{n},{:.12e},{:.12e},{:.12e}", at.x, at.y, at.z);
            }
            rows.iter().for_each(|terms| numbered(s, terms));
            // An extra node's components without a spring would be free.
            let loose: Vec<usize> = (0..3).filter(|c| [kind.0, kind.1, kind.1][*c] == 0.0).collect();
            if !loose.is_empty() {
                s.push_str("*BOUNDARY\n");
                for (n, c) in (first..*next).flat_map(|n| loose.iter().map(move |c| (n, c + 1))) {
                    let _ = writeln!(s, "{n},{c},{c},0.0");
                }
            }
            for (c, stiffness) in [kind.0, kind.1, kind.1].into_iter().enumerate().filter(|c| c.1 != 0.0) {
                let set = format!("BED{}{}", k + 1, ["N", "U", "V"][c]);
                let _ = writeln!(s, "*ELEMENT,TYPE=SPRING1,ELSET={set}");
                // Numbers of elements beyond those of the bodies, each kind and component on its own.
                let offset = self.mesh.tets.len() + (3 * k + c) * (*next);
                for n in first..*next {
                    let _ = writeln!(s, "{},{n}", offset + n);
                }
                let _ = writeln!(s, "*SPRING,ELSET={set}\n{}\n{stiffness:.12e}", c + 1);
            }
        }
    }

    /// Writes what holds at rest, and returns the lines that give displacements: those belong into the steps.
    fn constraints(&self, s: &mut String, n_references: usize, next: &mut usize) -> String {
        for k in 0..n_references {
            let first = self.mesh.points.len() + 2 * k + 1;
            let _ = writeln!(s, "*NSET,NSET=RIGID{}", k + 1);
            // A support wins over a coupling.
            let nodes: Vec<u32> = self.held.coupled(k as u32).filter(|n| self.held.directions(*n).is_empty()).collect();
            for line in nodes.chunks(PER_LINE) {
                let line: Vec<String> = line.iter().map(|n| (n + 1).to_string()).collect();
                let _ = writeln!(s, "{},", line.join(","));
            }
            let _ = writeln!(s, "*RIGID BODY,NSET=RIGID{},REF NODE={first},ROT NODE={}", k + 1, first + 1);
        }
        for (node, masters) in self.held.bonds() {
            if !self.held.directions(*node).is_empty() {
                continue;
            }
            for c in 1..=3 {
                let mut terms = vec![(*node, c, -1.0)];
                terms.extend(masters.iter().map(|(m, w)| (*m, c, *w)));
                equation(s, &terms);
            }
        }
        let (mut fixed, mut given) = (BTreeMap::<(usize, usize), f64>::new(), BTreeMap::<(usize, usize), f64>::new());
        for (node, directions) in self.held.all_held() {
            for (d, value) in independent(directions) {
                let axis = (0..3).find(|c| (d[*c].abs() - 1.0).abs() < NOTHING);
                if let Some(c) = axis {
                    let value = value / self.turned(*node).unwrap_or(1.0);
                    let to = if value == 0.0 { &mut fixed } else { &mut given };
                    to.insert((*node as usize + 1, c + 1), value * d[c]);
                } else {
                    // The largest component follows the others, and the way of an extra node where it is not at rest.
                    let mut order = [0, 1, 2];
                    order.sort_by(|a, b| d[*b].abs().total_cmp(&d[*a].abs()));
                    let mut terms: Vec<(usize, usize, f64)> = order
                        .iter()
                        .filter(|c| d[**c].abs() > NOTHING)
                        .map(|c| (*node as usize + 1, c + 1, d[*c]))
                        .collect();
                    if value != 0.0 {
                        let p = self.mesh.points[*node as usize];
                        let _ = writeln!(s, "*NODE\n{next},{:.12e},{:.12e},{:.12e}", p.x, p.y, p.z);
                        terms.push((*next, 1, -1.0));
                        given.insert((*next, 1), value);
                        *next += 1;
                    }
                    numbered(s, &terms);
                }
            }
        }
        let boundary = |s: &mut String, of: BTreeMap<(usize, usize), f64>| {
            if !of.is_empty() {
                s.push_str("*BOUNDARY\n");
                for ((node, c), value) in of {
                    let _ = writeln!(s, "{node},{c},{c},{value:.12e}");
                }
            }
        };
        boundary(s, fixed);
        let mut steps = String::new();
        match self.steps {
            // Shapes are held where displacements are given.
            Steps::Frequency { .. } => boundary(s, given.into_keys().map(|at| (at, 0.0)).collect()),
            _ => boundary(&mut steps, given),
        }
        steps
    }
}

impl Deck<'_> {
    /// By what the displacement of a coupling's second node is divided to be its rotation, m; `None` for other nodes.
    fn turned(&self, node: u32) -> Option<f64> {
        let k = (node as usize).checked_sub(self.mesh.points.len()).filter(|k| k % 2 == 1)? / 2;
        let lengths = self.held.lengths();
        lengths.get(k).copied()
    }
}

/// Values with their temperatures.
fn by_temperature(s: &mut String, curve: &Curve) {
    let constant = curve.is_constant();
    for [t, value] in curve.points() {
        if constant {
            let _ = writeln!(s, "{value:.12e}");
            return;
        }
        let _ = writeln!(s, "{value:.12e},{t:.12e}");
    }
}

/// Where any of the curves has a point, rising.
fn places<'c>(curves: impl IntoIterator<Item = &'c Curve>) -> Vec<f64> {
    let mut out: Vec<f64> = curves.into_iter().flat_map(Curve::points).map(|p| p[0]).collect();
    out.sort_by(f64::total_cmp);
    out.dedup();
    out
}

/// Stiffness over temperature, at the places of both curves.
fn softening(s: &mut String, young: &Curve, poisson: &Curve) {
    s.push_str("*ELASTIC\n");
    for t in places([young, poisson]) {
        let _ = writeln!(s, "{:.12e},{:.12e},{t:.12e}", young.at(t), poisson.at(t));
    }
}

/// The nine constants, in the language's order.
fn constants(s: &mut String, o: &Orthotropic) {
    let [a, b, c] = o.young;
    let [d, e, f] = o.poisson;
    let [g, h, i] = o.shear;
    let _ = writeln!(s, "*ELASTIC,TYPE=ENGINEERING CONSTANTS");
    let _ = writeln!(s, "{a:.12e},{b:.12e},{c:.12e},{d:.12e},{e:.12e},{f:.12e},{g:.12e},{h:.12e}\n{i:.12e}");
}

/// The directions of part `k`: the rest of its section's line, and what it names.
fn orientation(s: &mut String, k: usize, frame: &DMat3) {
    let [x, y] = [frame.x_axis, frame.y_axis];
    let _ = writeln!(s, ",ORIENTATION=AXES{}", k + 1);
    let _ = writeln!(s, "*ORIENTATION,NAME=AXES{},SYSTEM=RECTANGULAR", k + 1);
    let _ = writeln!(s, "{:.12e},{:.12e},{:.12e},{:.12e},{:.12e},{:.12e}", x.x, x.y, x.z, y.x, y.y, y.z);
}

/// Nodal forces; those of the step before do not stay.
fn loads(s: &mut String, f: &[f64]) {
    s.push_str("*CLOAD,OP=NEW\n");
    let largest = f.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    for (i, v) in f.iter().enumerate().filter(|(_, v)| v.abs() > FORCE_NOTHING * largest) {
        let _ = writeln!(s, "{},{},{v:.12e}", i / 3 + 1, i % 3 + 1);
    }
}

/// All nodes of a mesh as the set NALL.
fn nodes(s: &mut String, mesh: &Mesh) {
    s.push_str("*NODE,NSET=NALL\n");
    for (n, p) in mesh.points.iter().enumerate() {
        let _ = writeln!(s, "{},{:.12e},{:.12e},{:.12e}", n + 1, p.x, p.y, p.z);
    }
}

/// The elements of part `k`, of the type `kind`, with the names of it and of its material; `own` gives a node's number in an element where it
/// is another than the mesh's.
fn part(
    s: &mut String,
    mesh: &Mesh,
    k: usize,
    kind: &str,
    (name, material): &(String, String),
    own: &dyn Fn(usize, u32) -> Option<usize>,
) {
    let _ = writeln!(s, "** {}", one_line(name));
    let _ = writeln!(s, "*ELEMENT,TYPE={kind},ELSET=PART{}", k + 1);
    for t in mesh.parts[k].tets.clone() {
        let _ = write!(s, "{}", t + 1);
        for n in mesh.tets[t] {
            let _ = write!(s, ",{}", own(t, n).unwrap_or(n as usize + 1));
        }
        s.push('\n');
    }
    let _ = writeln!(s, "** {}", one_line(material));
}

/// `Σ weight u = 0`; the first term depends on the others. Nodes from zero.
fn equation(s: &mut String, terms: &[(u32, usize, f64)]) {
    let terms: Vec<(usize, usize, f64)> = terms.iter().map(|(n, c, w)| (*n as usize + 1, *c, *w)).collect();
    numbered(s, &terms);
}

/// The same with nodes by the deck's numbers.
fn numbered(s: &mut String, terms: &[(usize, usize, f64)]) {
    let _ = writeln!(s, "*EQUATION\n{}", terms.len());
    for line in terms.chunks(4) {
        let line: Vec<String> = line.iter().map(|(n, c, w)| format!("{n},{c},{w:.12e}")).collect();
        let _ = writeln!(s, "{}", line.join(","));
    }
}

/// Held directions of a node so reduced that each has a component the others lack: unit axes where three, rows of an
/// echelon form where two.
fn independent(held: &[Hold<3>]) -> Vec<(DVec3, f64)> {
    let mut rows: Vec<(DVec3, f64)> = Vec::new();
    for (d, v) in held {
        let (mut d, mut v) = (DVec3::from(*d), *v);
        for (row, value) in &rows {
            let pivot = pivot(*row);
            let by = d[pivot] / row[pivot];
            d -= *row * by;
            v -= value * by;
        }
        let size = d.length();
        if size > 1e-6 {
            let (d, v) = (d / size, v / size);
            // Clear the new pivot out of the rows before.
            let p = pivot(d);
            for (row, value) in &mut rows {
                let by = row[p] / d[p];
                *row -= d * by;
                *value -= v * by;
                let size = row.length();
                *row /= size;
                *value /= size;
            }
            rows.push((d, v));
        }
    }
    rows
}

fn pivot(d: DVec3) -> usize {
    (0..3).max_by(|a, b| d[*a].abs().total_cmp(&d[*b].abs())).unwrap_or(0)
}

/// Comments and headings end with their line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(70).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_directions_come_out_with_a_pivot_each() {
        let a = DVec3::new(1.0, 1.0, 0.0).normalize();
        let b = DVec3::new(0.0, 1.0, 1.0).normalize();
        let rows = independent(&[(a.to_array(), 0.0), (b.to_array(), 0.0), (a.to_array(), 0.0)]);
        assert_eq!(rows.len(), 2);
        let (p, q) = (pivot(rows[0].0), pivot(rows[1].0));
        assert!(p != q && rows[0].0[q].abs() < 1e-12 && rows[1].0[p].abs() < 1e-12, "{rows:?}");
        // What both leave free is square to both.
        let free = a.cross(b);
        assert!(rows.iter().all(|r| r.0.dot(free).abs() < 1e-12));
        let all = independent(&[(a.to_array(), 0.0), (b.to_array(), 0.0), ([0.0, 0.0, 1.0], 2.0)]);
        assert!(all.iter().all(|(d, _)| d.abs().max_element() > 1.0 - 1e-12), "{all:?}");
    }
}
