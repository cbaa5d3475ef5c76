//! Topology optimisation: published runs of the scripts of the field to the iteration, and what the constraints promise.

use crate::row::{Basis, Row};
use crate::structure::Structure;
use solver::density::casting::Draw;
use solver::density::elastic::{Accuracy, Displacement, Elastic, ElasticError, Load, Space, Support};
use solver::density::measure::{self, Beyond};
use solver::density::mma;
use solver::density::oc::Criteria;
use solver::density::optimization::{Optimization, Stop};
use solver::density::overhang::Slope;
use solver::density::physics::{Physics, Response};
use solver::density::pipeline::{Filter, Process, Sharpening};
use solver::density::setup::{Goal, Optimiser, Setup};
use solver::density::{Direction, Domain};
use solver::mesh::Grid;
use std::sync::atomic::AtomicBool;

/// The definitions of top88 (Andreassen et al. 2011): optimality criteria with a bisection to 1e-3 of the multiplier.
fn script(volume: f64, filter: Filter, iterations_max: u32) -> Setup {
    Setup {
        filter,
        optimiser: Optimiser::Criteria(Criteria { move_limit: 0.2, tolerance: 1e-3, multiplier_max: Some(1e9) }),
        iterations_max,
        stage_iterations: u32::MAX,
        ..Setup::new(Goal::Stiffness { volume_max: volume }, 1, 1.0)
    }
}

fn run<P: Physics>(counts: [usize; 3], setup: Setup, physics: &mut P) -> Optimization
where
    P::Error: std::fmt::Debug,
{
    let mut run = Optimization::new(&Domain::full(counts).expect("cells"), setup).expect("a set-up in range");
    while run.stopped().is_none() {
        run.step(physics).expect("the structure is held");
    }
    run
}

fn objective(run: &Optimization) -> f64 {
    run.state().history.last().map_or(f64::NAN, |e| e.objective)
}

/// Compliance of the even design.
pub fn case_53() -> Vec<Row> {
    [(60, 20, 1007.0221), (150, 50, 1033.0446), (300, 100, 1052.1190)]
        .map(|(nx, ny, reference)| {
            let setup = script(0.5, Filter::Sensitivity { radius: 1.5 }, 1);
            let run = run([nx, ny, 1], setup, &mut Structure::half_beam(nx, ny));
            Row {
                case: 53,
                name: "Half beam of top88, even design",
                mesh: format!("{nx} × {ny} squares"),
                quantity: "compliance",
                unit: "J",
                reference,
                basis: Basis::Computed,
                found: objective(&run),
                tolerance: 1e-6,
            }
        })
        .to_vec()
}

/// A published run: its compliance and the iterations it took.
fn published(
    case: u32,
    [nx, ny]: [usize; 2],
    filter: Filter,
    compliance: f64,
    iterations: u32,
    tolerance: f64,
) -> Vec<Row> {
    let run = run([nx, ny, 1], script(0.5, filter, 1000), &mut Structure::half_beam(nx, ny));
    assert_eq!(run.stopped(), Some(Stop::Settled));
    let (name, radius) = match filter {
        Filter::Sensitivity { radius } => ("Half beam of top88, filter of sensitivities", radius),
        Filter::Density { radius } | Filter::Framed { radius, .. } => {
            ("Half beam of top88, filter of densities", radius)
        }
        Filter::Helmholtz { radius } => ("Half beam of top88, filter by an equation", radius),
    };
    let row = |quantity, unit, reference, found, tolerance| Row {
        case,
        name,
        mesh: format!("{nx} × {ny} squares, radius {radius}"),
        quantity,
        unit,
        reference,
        basis: Basis::Computed,
        found,
        tolerance,
    };
    vec![
        row("compliance", "J", compliance, objective(&run), tolerance),
        row("iterations", "", f64::from(iterations), f64::from(run.state().iteration), 0.02),
    ]
}

pub fn case_54() -> Vec<Row> {
    let mut rows = published(54, [60, 20], Filter::Sensitivity { radius: 2.4 }, 216.8137, 106, 2e-3);
    rows.extend(published(54, [60, 20], Filter::Density { radius: 2.4 }, 233.7146, 144, 2e-3));
    rows
}

pub fn case_55() -> Vec<Row> {
    let mut rows = published(55, [150, 50], Filter::Sensitivity { radius: 6.0 }, 219.5199, 95, 3e-3);
    rows.extend(published(55, [150, 50], Filter::Density { radius: 6.0 }, 235.7337, 362, 3e-3));
    rows
}

pub fn case_57() -> Vec<Row> {
    published(57, [60, 20], Filter::Sensitivity { radius: 1.5 }, 203.1925, 94, 2e-3)
}

/// Cubes that the product's own solver answers for.
struct Cubes {
    elastic: Elastic,
    loads: Vec<Vec<Load>>,
    last: Option<Displacement>,
}

impl Physics for Cubes {
    type Error = ElasticError;

    fn n_cases(&self) -> usize {
        self.loads.len()
    }

    fn solve(&mut self, stiffness: &[f64]) -> Result<Response, ElasticError> {
        self.elastic.update(stiffness)?;
        let accuracy = Accuracy { tolerance: 1e-8, iterations_max: 500 };
        let go_on = |_, _| true;
        let (u, _) = self.elastic.solve(&self.loads, self.last.take(), accuracy, &AtomicBool::new(false), go_on)?;
        let compliance = self.elastic.compliances(&self.loads, &u)?;
        let energies = self.elastic.energies(&u);
        self.last = Some(u);
        Ok(Response { compliance, energies })
    }
}

/// Liu & Tovar's cantilever in space as their script top3d runs it: clamped at x = 0, unit forces along the lower right edge,
/// filter of densities, 200 iterations whatever the change.
pub fn case_58() -> Vec<Row> {
    let counts = [60, 20, 4];
    let [nx, ny, nz] = counts;
    let grid = Grid { origin: [0.0; 3], cell: 1.0, counts };
    let held = (0..=nz).flat_map(|z| (0..=ny).map(move |y| Support { at: [0, y, z], components: [true; 3] }));
    let cells: Vec<u32> = (0..grid.n_cells() as u32).collect();
    let space = Space { grid, cells, young: 1.0, poisson: 0.3, supports: held.collect(), skip_below: None };
    let start = vec![1.0; grid.n_cells()];
    let edge = (0..=nz).map(|z| Load { at: [nx, 0, z], force: [0.0, -1.0, 0.0] }).collect();
    let elastic = Elastic::new(space, &start).expect("a cantilever is held");
    let mut physics = Cubes { elastic, loads: vec![edge], last: None };
    let setup = Setup { change_min: 0.0, ..script(0.3, Filter::Density { radius: 1.5 }, 200) };
    let run = run(counts, setup, &mut physics);
    let row = |iteration: usize, reference, tolerance| Row {
        case: 58,
        name: "Cantilever of top3d, filter of densities",
        mesh: format!("60 × 20 × 4 cubes, radius 1.5, iteration {iteration}"),
        quantity: "compliance",
        unit: "J",
        reference,
        basis: Basis::Computed,
        found: run.state().history[iteration - 1].objective,
        tolerance,
    };
    vec![row(1, 28354.780, 1e-6), row(200, 2416.66, 5e-3)]
}

/// A count that must be nothing.
fn none(case: u32, name: &'static str, quantity: &'static str, found: usize, mesh: String) -> Row {
    let (unit, reference, basis, tolerance) = ("", 0.0, Basis::Form, 0.0);
    Row { case, name, mesh, quantity, unit, reference, basis, found: found as f64, tolerance }
}

/// Svanberg's (1987) cantilever of five hollow segments, whose least weight he gives.
pub fn asymptotes() -> Vec<Row> {
    let a = [61.0, 37.0, 19.0, 7.0, 1.0];
    let (mut x, mut memory) = (vec![5.0f64; 5], mma::Memory::default());
    let settings = mma::Settings { move_limit: 1.0, ..mma::Settings::default() };
    for _ in 0..20 {
        let value = a.iter().zip(&x).map(|(a, x)| a / x.powi(3)).sum::<f64>() - 1.0;
        let gradient = vec![a.iter().zip(&x).map(|(a, x)| -3.0 * a / x.powi(4)).collect()];
        let functions = mma::Functions { objective: &[0.0624; 5], constraints: &[value], gradients: &gradient };
        x = mma::update(&settings, &mut memory, &x, &[1.0; 5], &[10.0; 5], functions);
    }
    vec![Row {
        case: 0,
        name: "Svanberg's cantilever of five segments",
        mesh: "20 steps of moving asymptotes".into(),
        quantity: "weight",
        unit: "",
        reference: 1.340,
        basis: Basis::Published,
        found: 0.0624 * x.iter().sum::<f64>(),
        tolerance: 5e-4,
    }]
}

/// The robust formulation keeps members and gaps as wide as asked.
pub fn case_60() -> Vec<Row> {
    let (counts, size) = ([90, 30, 1], 5);
    // It is the half of a beam that is mirrored about x = 0; beyond its other sides there is nothing.
    let open = [[true, false], [false; 2], [false; 2]];
    let setup = Setup {
        stage_iterations: 40,
        ..Setup::new(Goal::Stiffness { volume_max: 0.5 }, 1, 1.0).with_size_min(size as f64, open)
    };
    let run = run(counts, setup, &mut Structure::half_beam(counts[0], counts[1]));
    let beyond = Beyond::Mirrored(open);
    let thin = measure::thin(run.domain(), &run.solid(), size, beyond);
    let last = run.state().history.last().expect("it ran");
    let mesh = format!(
        "90 × 30 squares, mirrored about x = 0, {size} wide, {} iterations, compliance {:.1}, grey {:.2} %",
        last.iteration,
        last.objective,
        100.0 * last.discreteness
    );
    let name = "Half beam with least widths, robust formulation";
    vec![
        none(60, name, "pixels of members that are too thin", thin.members.len(), mesh.clone()),
        none(60, name, "pixels of gaps that are too thin", thin.gaps.len(), mesh),
    ]
}

/// Compliance of what is built: whole cells.
fn built(run: &Optimization, physics: &mut Structure) -> f64 {
    let solid: Vec<f64> = run.solid().iter().map(|s| f64::from(u8::from(*s))).collect();
    physics.solve(&run.stiffness(&solid)).map_or(f64::NAN, |r| r.compliance[0])
}

/// A cantilever in space under a process.
fn made(process: Process) -> (Optimization, f64) {
    let counts = [16, 8, 6];
    let setup = Setup {
        process,
        sharpening: Some(Sharpening { beta_start: 1.0, beta_end: 16.0, robust: None }),
        stage_iterations: 15,
        iterations_max: 120,
        ..Setup::new(Goal::Stiffness { volume_max: 0.3 }, 1, 1.5)
    };
    let mut physics = Structure::cantilever(counts);
    let run = run(counts, setup, &mut physics);
    let compliance = built(&run, &mut physics);
    (run, compliance)
}

/// Langelaar's filter, printed from three sides.
pub fn case_61() -> Vec<Row> {
    let free = made(Process::Any);
    let sides = [("upwards", 1, true), ("downwards", 1, false), ("from the clamped side", 0, true)];
    let mut rows = Vec::new();
    for (side, axis, forward) in sides {
        let build = Direction { axis, forward };
        let hanging = measure::unsupported(free.0.domain(), &free.0.solid(), build, Slope::DIAGONAL).len();
        let (run, compliance) = made(Process::Printed { build, slope: Slope::DIAGONAL });
        let found = measure::unsupported(run.domain(), &run.solid(), build, Slope::DIAGONAL).len();
        let mesh = format!(
            "16 × 8 × 6 cubes, built {side}; compliance {:+.1} % against the free design's, which has {hanging}",
            100.0 * (compliance / free.1 - 1.0)
        );
        rows.push(none(61, "Cantilever printed without supports", "unsupported voxels at 45°", found, mesh.clone()));
        let pieces = measure::pieces(run.domain().counts(), &run.solid()).sizes.len();
        rows.push(none(61, "Cantilever printed without supports", "pieces beside the part", pieces - 1, mesh));
    }
    rows
}

/// Parts that leave their mould.
pub fn casting() -> Vec<Row> {
    let free = made(Process::Any);
    let draws = [
        ("one half, drawn up", Draw { direction: Direction { axis: 1, forward: true }, parting: None }),
        (
            "two halves, parted in the middle",
            Draw { direction: Direction { axis: 2, forward: true }, parting: Some(3) },
        ),
    ];
    draws
        .into_iter()
        .map(|(how, draw)| {
            let trapped = measure::undercuts(free.0.domain(), &free.0.solid(), draw).len();
            let (run, compliance) = made(Process::Cast { draw });
            let found = measure::undercuts(run.domain(), &run.solid(), draw).len();
            let mesh = format!(
                "16 × 8 × 6 cubes, {how}; compliance {:+.1} % against the free design's, which has {trapped}",
                100.0 * (compliance / free.1 - 1.0)
            );
            none(0, "Cantilever cast", "undercuts along the draw", found, mesh)
        })
        .collect()
}
