//! Speed and memory of the static study, as JSON lines `{name, value, unit, target, better}`.
//!
//! `cargo run --release -p solver --features solve --example bench_static`. The memory bandwidth that everything is
//! judged against is measured in the same run. With `quick` the operator runs on a smaller block; with names of parts
//! (`operator`, `block`, `bracket`, `calculix`) only those run.

#![allow(clippy::print_stdout)]

#[path = "../benches/figure.rs"]
mod figure;
#[path = "../tests/support/part.rs"]
#[allow(dead_code)] // Tests use the rest of it.
mod part;
#[path = "../tests/support/simjeb.rs"]
#[allow(dead_code)]
mod simjeb;

use figure::{Target, line, skipped};
use rayon::prelude::*;
use solver::design::{Object, Value};
use solver::linear::operator::Foundation;
use solver::linear::{Block, Multigrid, Operator, cg};
use solver::mesh::{Grid, Lattice, Solid};
use solver::run::Ctx;
use solver::study::{Case, study};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// STREAM triad `a = b + s c`, bytes per second: best of twenty (McCalpin 1995).
fn triad() -> f64 {
    let n = 20_000_000;
    let (b, c) = (vec![1.0f64; n], vec![2.0f64; n]);
    let mut a = vec![0.0f64; n];
    let mut best = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        a.par_chunks_mut(1 << 16).zip(b.par_chunks(1 << 16).zip(c.par_chunks(1 << 16))).for_each(|(a, (b, c))| {
            for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
                *a = b + 3.0 * c;
            }
        });
        best = best.min(start.elapsed().as_secs_f64());
    }
    assert!(a[n / 2] == 7.0);
    24.0 * n as f64 / best
}

fn block(counts: [usize; 3]) -> (Arc<Lattice>, Vec<Solid>) {
    let grid = Grid { origin: [0.0; 3], cell: 1e-3, counts };
    let solids: Vec<Solid> =
        (0..grid.n_cells()).map(|c| Solid { cell: c as u32, moments: None, poisson: 0.3 }).collect();
    (Arc::new(Lattice::new(grid, &solids, 0.0, 0.0)), solids)
}

/// Springs on the face x = 0: a block held there.
fn held(lattice: &Lattice) -> Vec<Foundation> {
    let [_, ny, nz] = lattice.grid.counts;
    let mut out = Vec::new();
    for z in 0..nz {
        for y in 0..ny {
            let Some(nodes) = lattice.cell_nodes([0, y, z]) else { continue };
            let mut matrix = vec![0.0; 576];
            for corner in [0, 2, 4, 6] {
                for c in 0..3 {
                    matrix[25 * (3 * corner + c)] = 15.0;
                }
            }
            out.push(Foundation { at: [0, y as u32, z as u32], nodes, matrix });
        }
    }
    out
}

fn operator(quick: bool, triad: f64) {
    let n = if quick { 96 } else { 216 };
    let (lattice, _) = block([n, n, n]);
    let op = Operator::new(lattice.clone(), Vec::new(), Vec::new());
    let mut x = Block::<f32>::zero(lattice.n_nodes, 1);
    for c in 0..3 {
        for (i, v) in x.part_mut(0, c).iter_mut().enumerate() {
            *v = (i % 101) as f32 * 0.01;
        }
    }
    let mut y = Block::zero(lattice.n_nodes, 1);
    op.apply(&x, &mut y);
    let mut best = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        op.apply(&x, &mut y);
        best = best.min(start.elapsed().as_secs_f64());
    }
    let rate = lattice.n_nodes as f64 / best;
    line("operator fp32, size", 3.0 * lattice.n_nodes as f64 / 1e6, "Mdof", (!quick).then_some(Target::AtLeast(30.0)));
    line("operator fp32, rate", 3.0 * rate / 1e6, "Mdof/s", None);
    line("operator fp32, share of triad ÷ 28 B per node", 100.0 * rate * 28.0 / triad, "%", Target::AtLeast(60.0));
}

fn uniform_block() {
    let (lattice, solids) = block([96, 64, 48]);
    let dof = 3.0 * lattice.n_nodes as f64;
    let start = Instant::now();
    let Ok(mg) = Multigrid::new(lattice.clone(), solids, held(&lattice), Vec::new()) else { return };
    line("uniform block, size", dof / 1e6, "Mdof", None);
    line("uniform block, hierarchy", start.elapsed().as_secs_f64(), "s", None);
    let mut b = Block::<f64>::zero(lattice.n_nodes, 1);
    for y in 0..=64 {
        for z in 0..=48 {
            if let Some(node) = lattice.node(96, y, z) {
                b.add(0, node, [0.0, 0.0, -1e-6]);
            }
        }
    }
    let mut x = Block::zero(lattice.n_nodes, 1);
    let mut work = mg.workspace(0, 1);
    let cancel = AtomicBool::new(false);
    let start = Instant::now();
    match cg::solve(&mg, 0, &mut work, &b, &mut x, 1e-8, 200, &cancel, |_, _| true) {
        Ok(done) => {
            line("uniform block to 1e-8, solve only", start.elapsed().as_secs_f64(), "s", Target::AtMost(1.0));
            line("uniform block, iterations", f64::from(done.iterations), "", None);
        }
        Err(e) => skipped("uniform block to 1e-8, solve only", &e.to_string()),
    }
    // Matrix, cycle vectors, and the outer x, b, r, p, q.
    let bytes = (mg.bytes() + work.bytes() + 5 * x.bytes()) as f64;
    line("memory, uniform block", bytes / dof, "B/dof", Target::AtMost(150.0));
}

fn bracket() {
    let set_up = |s: Object| {
        s.with("resolution", Value::Choice("cell".into()))
            .expr("cell", "0.93 mm")
            .with("cases", Value::Refs(vec!["case_ver".into()]))
    };
    let Some(bracket) = simjeb::bracket("311", set_up) else {
        return skipped("bracket 311, body to result", "the reference brackets are not beside this checkout");
    };
    let (Some(object), Some(runner)) = (bracket.design.get(&"study".into()), study("static")) else { return };
    let case = Case { design: &bracket.design, study: object, model: &bracket.model, upstream: &[] };
    let cancel = AtomicBool::new(false);
    let mut sink = |_| {};
    let start = Instant::now();
    match runner.run(&case, &mut Ctx::new(&mut sink, &cancel)) {
        Ok(out) => {
            let seconds = start.elapsed().as_secs_f64();
            let fact =
                |k: &str| out.facts.iter().find(|f| f.0 == k).and_then(|f| f.1.parse::<f64>().ok()).unwrap_or(0.0);
            line("bracket 311, size", fact("unknowns") / 1e6, "Mdof", None);
            line("bracket 311, one case, body to result", seconds, "s", Target::AtMost(4.0));
            line("bracket 311, iterations", fact("iterations"), "", None);
            let moved = out.scalars.iter().find(|s| s.id == "displacement_max").map_or(0.0, |s| s.value);
            line("bracket 311, error to converged", 100.0 * (moved / bracket.converged[0] - 1.0), "%", None);
            line(
                "bracket 311, largest stress over published",
                moved.signum() * out.scalars.iter().find(|s| s.id == "von_mises_max").map_or(0.0, |s| s.value)
                    / bracket.published_stress[0],
                "",
                None,
            );
            line("bracket 311, displacement over published", moved / bracket.published[0], "", None);
        }
        Err(e) => skipped("bracket 311, body to result", &e.to_string()),
    }
}

/// The same block in CalculiX, when it is installed: 36³ cells, about 152 000 equations.
fn calculix() -> std::io::Result<()> {
    let n = 36;
    let (lattice, solids) = block([n, n, n]);
    let start = Instant::now();
    let Ok(mg) = Multigrid::new(lattice.clone(), solids, held(&lattice), Vec::new()) else { return Ok(()) };
    let mut b = Block::<f64>::zero(lattice.n_nodes, 1);
    for y in 0..=n {
        for z in 0..=n {
            if let Some(node) = lattice.node(n, y, z) {
                b.add(0, node, [0.0, 0.0, -1e-6]);
            }
        }
    }
    let mut x = Block::zero(lattice.n_nodes, 1);
    let mut work = mg.workspace(0, 1);
    let done = cg::solve(&mg, 0, &mut work, &b, &mut x, 1e-8, 200, &AtomicBool::new(false), |_, _| true);
    let ours = start.elapsed().as_secs_f64();
    if done.is_err() {
        return Ok(());
    }
    line("block of 36³ bricks, hierarchy and solve", ours, "s", None);
    if std::process::Command::new("ccx").arg("-v").output().is_err() {
        skipped("CalculiX on the same mesh, times ours", "ccx is not installed (Debian: calculix-ccx)");
        return Ok(());
    }
    let folder = std::env::temp_dir().join(format!("bench_static_{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    for (solver, target) in [("", 100.0), (", SOLVER=ITERATIVE SCALING", 20.0)] {
        let mut text = String::from("*NODE, NSET=ALL\n");
        let id = |x: usize, y: usize, z: usize| 1 + x + (n + 1) * (y + (n + 1) * z);
        let h = 1e-3;
        let each = |f: &mut dyn FnMut(usize, usize, usize)| {
            for z in 0..=n {
                for y in 0..=n {
                    for x in 0..=n {
                        f(x, y, z);
                    }
                }
            }
        };
        each(&mut |x, y, z| {
            // CalculiX reads twenty characters of a field and no more.
            let _ = writeln!(text, "{},{:.9e},{:.9e},{:.9e}", id(x, y, z), x as f64 * h, y as f64 * h, z as f64 * h);
        });
        text.push_str("*ELEMENT, TYPE=C3D8I, ELSET=ALL\n");
        let mut e = 0;
        each(&mut |x, y, z| {
            if x < n && y < n && z < n {
                e += 1;
                let c = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]
                    .map(|(i, j, k)| id(x + i, y + j, z + k).to_string());
                let _ = writeln!(text, "{e},{}", c.join(","));
            }
        });
        text.push_str("*MATERIAL, NAME=M\n*ELASTIC\n210e9,0.3\n*SOLID SECTION, ELSET=ALL, MATERIAL=M\n*BOUNDARY\n");
        each(&mut |x, y, z| {
            if x == 0 {
                let _ = writeln!(text, "{},1,3", id(x, y, z));
            }
        });
        let _ = write!(text, "*STEP\n*STATIC{solver}\n*CLOAD\n");
        each(&mut |x, y, z| {
            if x == n {
                let _ = writeln!(text, "{},3,-1.", id(x, y, z));
            }
        });
        text.push_str("*END STEP\n");
        std::fs::write(folder.join("block.inp"), text)?;
        let start = Instant::now();
        let ran = std::process::Command::new("ccx").arg("block").current_dir(&folder).output()?;
        let name = format!("CalculiX{solver} on the same mesh, times ours");
        if ran.status.success() {
            line(&name, start.elapsed().as_secs_f64() / ours, "×", Target::AtLeast(target));
        } else {
            let said = String::from_utf8_lossy(&ran.stdout);
            skipped(&name, said.lines().find(|l| l.contains("ERROR")).unwrap_or("ccx failed").trim());
        }
    }
    std::fs::remove_dir_all(&folder)
}

fn main() -> std::io::Result<()> {
    let (quick, parts): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a == "quick");
    let chosen = |part: &str| parts.is_empty() || parts.iter().any(|p| p == part);
    let triad = triad();
    line("STREAM triad", triad / 1e9, "GB/s", None);
    line("threads", rayon::current_num_threads() as f64, "", None);
    if chosen("operator") {
        operator(!quick.is_empty(), triad);
    }
    if chosen("block") {
        uniform_block();
    }
    if chosen("bracket") {
        bracket();
    }
    if chosen("calculix") {
        calculix()?;
    }
    Ok(())
}
