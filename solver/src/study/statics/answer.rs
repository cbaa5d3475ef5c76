//! From solutions on nested grids to the outcome: fields on the skin, extremes with error bands, balance, facts.

use super::recover::{self, PointFields, Strains};
use super::voxel::Meshed;
use crate::design::ROOM;
use crate::linear::Block;
use crate::mechanics::load::{Applied, Reaction};
use crate::mechanics::setup::{LoadCase, Part, Setup};
use crate::mesh::Lattice;
use crate::mesh::cast::Voxels;
use crate::quantity::Dimension;
use crate::result::STRESS;
use crate::result::tensor::principal;
use crate::study::outcome::{
    Balance, Cell, Curve, Field, Grade, Location, Outcome, OutcomeMesh, Scalar, State, StateKind, Table,
};
use crate::surface::SurfaceMesh;
use crate::volume::Volume;
use glam::DVec3;

/// Safety factors are shown up to this.
const SAFETY_MAX: f32 = 100.0;

/// The solution on one grid, read on the skin.
pub struct Stage {
    pub cell: f64,
    pub n_cells: usize,
    /// `[part][case]`; empty when only displacements were read.
    pub fields: Vec<Vec<PointFields>>,
    /// Largest displacement per case, m, and where.
    pub displacement: Vec<(f64, [f64; 3])>,
    /// Strains per cell, for the volume fields of the finest grid.
    pub strains: Option<Strains>,
}

impl Stage {
    /// Reads `u` on `skins`; strains only where `with_stress`.
    pub fn new(setup: &Setup, lattice: &Lattice, u: &Block<f64>, skins: &[SurfaceMesh], with_stress: bool) -> Self {
        let mut displacement = vec![(0.0f64, [0.0; 3]); u.n_cases];
        let mut fields = Vec::new();
        let strains = with_stress.then(|| Strains::new(lattice, u));
        for (part, skin) in setup.parts.iter().zip(skins) {
            if let Some(strains) = &strains {
                let found = recover::skin(lattice, u, strains, part, &skin.points);
                for (most, fields) in displacement.iter_mut().zip(&found) {
                    for (d, p) in fields.displacement.iter().zip(&skin.points) {
                        let size = d.iter().map(|c| f64::from(*c).powi(2)).sum::<f64>().sqrt();
                        if size > most.0 {
                            *most = (size, *p);
                        }
                    }
                }
                fields.push(found);
            } else {
                for p in &part.surface.points {
                    for (most, d) in displacement.iter_mut().zip(recover::displacement(lattice, u, *p)) {
                        let size = DVec3::from(d).length();
                        if size > most.0 {
                            *most = (size, *p);
                        }
                    }
                }
            }
        }
        Self { cell: lattice.grid.cell, n_cells: lattice.n_cells, fields, displacement, strains }
    }

    /// Largest von Mises stress of case `k`, Pa, and where.
    fn von_mises(&self, skins: &[SurfaceMesh], k: usize) -> (f64, [f64; 3]) {
        let mut most = (0.0, [0.0; 3]);
        for (part, skin) in self.fields.iter().zip(skins) {
            for (s, p) in part[k].von_mises.iter().zip(&skin.points) {
                if f64::from(*s) > most.0 {
                    most = (f64::from(*s), *p);
                }
            }
        }
        most
    }

    /// Smallest safety factor of case `k` over the parts that have a yield strength.
    fn safety(&self, setup: &Setup, skins: &[SurfaceMesh], k: usize) -> Option<(f64, [f64; 3])> {
        let mut least: Option<(f64, [f64; 3])> = None;
        for ((fields, skin), part) in self.fields.iter().zip(skins).zip(&setup.parts) {
            let Some(strength) = part.strength().map(|s| s.at(ROOM)) else { continue };
            for (s, p) in fields[k].von_mises.iter().zip(&skin.points) {
                let factor = strength / f64::from(*s).max(f64::MIN_POSITIVE);
                if least.is_none_or(|l| factor < l.0) {
                    least = Some((factor, *p));
                }
            }
        }
        least
    }
}

/// What only the finished run knows.
pub struct Record<'a> {
    pub meshed: &'a Meshed,
    pub applied: &'a [Applied],
    pub reactions: &'a [(Reaction, Vec<Reaction>)],
    pub iterations: u32,
    pub curve: Vec<f64>,
    pub bytes: usize,
    pub n_levels: usize,
    pub u: &'a Block<f64>,
}

/// Value and half width of the band for a quantity on nested grids, coarsest first, cells halving.
///
/// The finest value is reported. What is left to the limit is `Δ / (2^p − 1)` with the last change `Δ` and the order
/// `p` (Richardson); `p` is taken from three grids where they tell, within 0.7 and 2, and 1 otherwise. Roache's
/// safety factor for observed orders and a floor for what the grids share (supports, tessellation) widen it.
pub fn band(values: &[f64]) -> (f64, Option<f64>) {
    let Some(&finest) = values.last() else { return (0.0, None) };
    let n = values.len();
    if n < 2 {
        return (finest, None);
    }
    let change = values[n - 1] - values[n - 2];
    let mut order = 1.0;
    if n > 2 {
        let before = values[n - 2] - values[n - 3];
        if change != 0.0 && before / change > 0.0 {
            order = (before / change).log2().clamp(0.7, 2.0);
        }
    }
    let left = change.abs() / (2f64.powf(order) - 1.0);
    (finest, Some(BAND_SAFETY * left + BAND_FLOOR * finest.abs()))
}

/// Roache (1994): 1.25 with observed order.
const BAND_SAFETY: f64 = 1.25;
const BAND_FLOOR: f64 = 0.025;

/// The outcome of the stages so far, coarsest first; the last one is shown.
pub fn outcome(setup: &Setup, stages: &[Stage], skins: &[SurfaceMesh], record: Option<&Record>) -> Outcome {
    let mut out = Outcome { states: states(setup), ..Outcome::default() };
    let Some(shown) = stages.last() else { return out };
    for (part, skin) in setup.parts.iter().zip(skins) {
        out.meshes.push(OutcomeMesh::Surface {
            name: skin_name(&part.name),
            body: part.name.clone(),
            surface: skin.clone(),
        });
    }
    for (k, case) in setup.cases.iter().enumerate() {
        for (part, fields) in setup.parts.iter().zip(&shown.fields) {
            push_fields(&mut out, &skin_name(&part.name), part, &case.id, Grade::Instant, fields[k].clone(), |_| ROOM);
        }
        scalars(setup, stages, skins, k, &mut out);
    }
    let mass: f64 = setup.parts.iter().map(|p| p.volume * p.density).sum();
    out.scalars.push(Scalar {
        id: "mass".into(),
        label: "Mass".into(),
        value: mass,
        // Of the true surface; the cells' own sum is in the facts.
        error: Some(1e-9 * mass),
        dimension: Dimension::MASS,
        grade: Grade::Instant,
        case: None,
        at: None,
        exponent: None,
    });
    out.facts = facts(shown);
    out.facts.extend(setup.facts());
    if let Some(record) = record {
        finish(setup, shown, record, &mut out);
    }
    out
}

/// The load cases, as what fields and scalars belong to.
pub fn states(setup: &Setup) -> Vec<State> {
    let state = |case: &LoadCase| State {
        id: case.id.clone(),
        label: case.label.clone(),
        kind: StateKind::LoadCase,
        value: None,
        dimension: Dimension::NONE,
    };
    setup.cases.iter().map(state).collect()
}

/// Components below this share of the case's load are shown as zero: the solve stops at a residual of 1e-8 of the load,
/// so what it leaves there is the solver's noise, and a reader would take −1.5e-5 N for an answer.
const NOISE: f64 = 1e-9;

/// What rounding is measured by where a given displacement strains nothing, as a share of modulus × size × displacement.
const RIGID: f64 = 1e-6;
/// The share up to which supports that push one another do so by rounding alone.
const NOTHING: f64 = 1e-12;

fn settled(v: DVec3, scale: f64) -> DVec3 {
    let quiet = |x: f64| if x.abs() < NOISE * scale { 0.0 } else { x };
    DVec3::new(quiet(v.x), quiet(v.y), quiet(v.z))
}

pub fn skin_name(part: &str) -> String {
    format!("skin:{part}")
}

fn scalars(setup: &Setup, stages: &[Stage], skins: &[SurfaceMesh], k: usize, out: &mut Outcome) {
    let case = &setup.cases[k];
    let Some(shown) = stages.last() else { return };
    let scalar = |id: &str, label: &str, (value, error): (f64, Option<f64>), dimension, at| Scalar {
        id: id.into(),
        label: label.into(),
        value,
        error,
        dimension,
        grade: Grade::Instant,
        case: Some(case.id.clone()),
        at: Some(at),
        exponent: None,
    };
    let moved: Vec<f64> = stages.iter().map(|s| s.displacement[k].0).collect();
    out.scalars.push(scalar(
        "displacement_max",
        "Largest displacement",
        band(&moved),
        Dimension::LENGTH,
        shown.displacement[k].1,
    ));
    let stressed: Vec<&Stage> = stages.iter().filter(|s| !s.fields.is_empty()).collect();
    let peaks: Vec<f64> = stressed.iter().map(|s| s.von_mises(skins, k).0).collect();
    let (peak, at) = shown.von_mises(skins, k);
    let (_, error) = band(&peaks);
    out.scalars.push(scalar("von_mises_max", "Largest von Mises stress", (peak, error), Dimension::PRESSURE, at));
    if let Some((safety, at)) = shown.safety(setup, skins, k) {
        let error = error.filter(|_| peak > 0.0).map(|e| safety * e / peak);
        let label = "Smallest safety factor (indicative)";
        out.scalars.push(scalar("safety_factor_min", label, (safety, error), Dimension::NONE, at));
    }
    if let [.., coarse, fine] = peaks[..]
        && fine > 1.15 * coarse
    {
        out.warnings.push(format!(
            "{}: the largest stress rose by {:.0} % on the last refinement; at a sharp inner corner or a held edge it has \
             no finite value: judge the stress beside it, or round the corner",
            case.label,
            100.0 * (fine / coarse - 1.0)
        ));
    }
}

fn facts(shown: &Stage) -> Vec<(String, String)> {
    vec![
        ("cell size".into(), format!("{:.4} mm", shown.cell * 1e3)),
        ("cells".into(), shown.n_cells.to_string()),
        ("method".into(), "cut-cell bricks with incompatible modes, multigrid conjugate gradients".into()),
    ]
}

/// Applied load against reaction, `[case]`: of all supports together, and of each.
pub fn balances(setup: &Setup, applied: &[Applied], reactions: &[(Reaction, Vec<Reaction>)], out: &mut Outcome) {
    let mut rows = Vec::new();
    let mut supports = Vec::new();
    // A given displacement alone is balanced by its supports among themselves; one that moves all as a rigid body, by
    // nothing but rounding.
    let stiffest = setup.parts.iter().map(|p| p.young()[1]).fold(0.0, f64::max);
    let stiff = stiffest * setup.size() * setup.way();
    for (k, case) in setup.cases.iter().enumerate() {
        let (load, (all, each)) = (applied[k], &reactions[k]);
        let Reaction { force, moment } = *all;
        let between = 0.5 * each.iter().map(|r| r.force.length()).sum::<f64>();
        let given = match stiff {
            0.0 => 0.0,
            stiff if between > NOTHING * stiff => between,
            stiff => RIGID * stiff,
        };
        let size = load.force.length();
        let (lo, hi) = setup.bounds().unwrap_or_default();
        // A pure moment is balanced by moments: compare those over the body's size.
        let arm = DVec3::from(hi).distance(lo.into()).max(f64::MIN_POSITIVE);
        let scale = size.max(load.moment.length() / arm).max(load.inner).max(given).max(f64::MIN_POSITIVE);
        let off = (load.force + force).length().max((load.moment + moment).length() / arm);
        let (force, moment) = (settled(force, scale), settled(moment, scale * arm));
        out.balances.push(Balance {
            case: case.id.clone(),
            applied_force: settled(load.force, scale).into(),
            reaction_force: force.into(),
            applied_moment: settled(load.moment, scale * arm).into(),
            reaction_moment: moment.into(),
            imbalance: off / scale,
        });
        rows.push(vec![
            Cell::Text(case.label.clone()),
            Cell::Number(size),
            Cell::Number(force.length()),
            Cell::Number(load.moment.length()),
            Cell::Number(moment.length()),
        ]);
        for (support, r) in setup.supports.iter().zip(each) {
            let (force, moment) = (settled(r.force, scale), settled(r.moment, scale * arm));
            let mut row = vec![Cell::Text(case.label.clone()), Cell::Text(support.object.name.clone())];
            row.extend(force.to_array().into_iter().chain(moment.to_array()).map(Cell::Number));
            supports.push(row);
        }
    }
    out.tables.push(Table {
        id: "balance".into(),
        label: "Applied load and reaction".into(),
        columns: vec![
            ("Load case".into(), Dimension::NONE),
            ("Applied force".into(), Dimension::FORCE),
            ("Reaction force".into(), Dimension::FORCE),
            ("Applied moment".into(), Dimension::MOMENT),
            ("Reaction moment".into(), Dimension::MOMENT),
        ],
        rows,
    });
    let (f, m) = (Dimension::FORCE, Dimension::MOMENT);
    let text = |name: &str| (name.to_string(), Dimension::NONE);
    let number = |name: &str, dimension| (name.to_string(), dimension);
    out.tables.push(Table {
        id: "reactions".into(),
        label: "Reaction of each support, moments about the origin".into(),
        columns: vec![
            text("Load case"),
            text("Support"),
            number("Force x", f),
            number("Force y", f),
            number("Force z", f),
            number("Moment x", m),
            number("Moment y", m),
            number("Moment z", m),
        ],
        rows: supports,
    });
}

fn finish(setup: &Setup, shown: &Stage, record: &Record, out: &mut Outcome) {
    let lattice = &*record.meshed.lattice;
    balances(setup, record.applied, record.reactions, out);
    out.curves.push(Curve {
        id: "residual".into(),
        label: "Convergence".into(),
        x_label: "Iteration".into(),
        x_dimension: Dimension::NONE,
        y_label: "Relative residual".into(),
        y_dimension: Dimension::NONE,
        log_y: true,
        x: (0..record.curve.len()).map(|i| i as f64).collect(),
        y: record.curve.clone(),
    });
    let cells_mass: f64 = record.meshed.volumes.iter().zip(&setup.parts).map(|(v, p)| v * p.density).sum();
    for (key, value) in [
        ("unknowns", (3 * lattice.n_nodes).to_string()),
        ("iterations", record.iterations.to_string()),
        ("grids", record.n_levels.to_string()),
        ("bytes per unknown, matrix", format!("{:.1}", record.bytes as f64 / (3 * lattice.n_nodes) as f64)),
        ("mass of the cells", format!("{cells_mass:.6} kg")),
        ("instruction set", crate::linear::operator::instruction_set().into()),
    ] {
        out.facts.push((key.into(), value));
    }
    if record.meshed.n_crumbs > 0 {
        out.warnings.push(format!(
            "{} cells that hang on nothing were left out; the body may have loose splinters",
            record.meshed.n_crumbs
        ));
    }
    volume(setup, shown, record, out);
}

/// The cells of each part and the fields at their nodes, for sections and probes.
fn volume(setup: &Setup, shown: &Stage, record: &Record, out: &mut Outcome) {
    let lattice = &*record.meshed.lattice;
    let Some(strains) = &shown.strains else { return };
    let grid = &lattice.grid;
    for (part, voxels) in setup.parts.iter().zip(&record.meshed.voxels) {
        let mesh = OutcomeMesh::Grid {
            name: format!("volume:{}", part.name),
            body: part.name.clone(),
            origin: grid.origin,
            cell: grid.cell,
            counts: grid.counts.map(|n| n as u32),
            runs: runs(lattice, voxels),
        };
        let Some(nodes) = Volume::new(&mesh) else { continue };
        let positions: Vec<[usize; 3]> = nodes.positions().collect();
        for (case, fields) in setup.cases.iter().zip(recover::nodes(lattice, record.u, strains, part, &positions)) {
            push_fields(out, mesh.name(), part, &case.id, Grade::Instant, fields, |_| ROOM);
        }
        out.meshes.push(mesh);
    }
}

/// Cells of one part that the mesh kept, as runs along x.
fn runs(lattice: &Lattice, voxels: &Voxels) -> Vec<[u32; 2]> {
    let mut cells: Vec<u32> = voxels.full.iter().chain(&voxels.cut).copied().collect();
    cells.sort_unstable();
    let row = lattice.grid.counts[0] as u32;
    let mut out: Vec<[u32; 2]> = Vec::new();
    for cell in cells {
        if lattice.cell(lattice.grid.position(cell as usize)).is_none() {
            continue;
        }
        match out.last_mut() {
            Some(run) if run[0] + run[1] == cell && cell % row != 0 => run[1] += 1,
            _ => out.push([cell, 1]),
        }
    }
    out
}

/// What a person may look at, on the points of `mesh`: on the skin and, without what follows from the stress, inside.
/// `temperature(point)`: what the material's strength there is taken at, K.
pub fn push_fields(
    out: &mut Outcome,
    mesh: &str,
    part: &Part,
    case: &str,
    grade: Grade,
    values: PointFields,
    temperature: impl Fn(usize) -> f64,
) {
    let mut push = |id: &str, label: &str, components, dimension, values| {
        out.fields.push(Field {
            id: id.into(),
            label: label.into(),
            mesh: mesh.into(),
            location: Location::Point,
            components,
            dimension,
            case: Some(case.into()),
            grade,
            values,
        });
    };
    let safety = part.strength().map(|strength| {
        let of = |(n, s): (usize, &f32)| (strength.at(temperature(n)) as f32 / s.max(1e-30)).min(SAFETY_MAX);
        values.von_mises.iter().enumerate().map(of).collect()
    });
    push("displacement", "Displacement", 3, Dimension::LENGTH, values.displacement.into_flattened());
    if mesh == skin_name(&part.name) {
        let largest = values.stress.iter().map(|s| principal(s.map(f64::from))[0] as f32).collect();
        push("von_mises", "Von Mises stress", 1, Dimension::PRESSURE, values.von_mises);
        push("principal_max", "Largest principal stress", 1, Dimension::PRESSURE, largest);
    }
    push(STRESS, "Stress", 6, Dimension::PRESSURE, values.stress.into_flattened());
    if let Some(safety) = safety {
        let label = match grade {
            Grade::Instant => "Safety factor (indicative)",
            Grade::Verified => "Safety factor",
        };
        push("safety_factor", label, 1, Dimension::NONE, safety);
    }
}

#[cfg(test)]
mod tests {
    use super::{band, settled};
    use glam::DVec3;

    #[test]
    fn noise_beside_a_load_is_zero_and_a_small_load_is_not() {
        let found = settled(DVec3::new(-1.45e-5, 2.0e-5, -35585.8), 35585.8);
        assert_eq!(found, DVec3::new(0.0, 0.0, -35585.8));
        assert_eq!(settled(DVec3::splat(1e-5), 1e-5), DVec3::splat(1e-5));
        assert_eq!(settled(DVec3::splat(1e-4), 35585.8), DVec3::splat(1e-4));
    }

    #[test]
    fn the_band_covers_the_limit_of_a_sequence_of_first_and_second_order() {
        for p in [1, 2] {
            let value = |h: f64| 3.0 - 0.4 * h.powi(p);
            let (v, e) = band(&[value(1.0), value(0.5), value(0.25)]);
            assert!((v - 3.0).abs() < e.unwrap() && e.unwrap() < 0.2, "{v} {e:?}");
        }
        assert_eq!(band(&[1.0]), (1.0, None));
    }
}
