//! Speed, memory and robustness of generative design's linear algebra, as JSON lines `{name, value, unit, target, better}`.
//!
//! `cargo run --release -p solver --features solve --example bench_generate`; with names of parts (`contrast`, `million`,
//! `ten_million`, `peers`) only those run. The scripts of `benches/peers` are run by the `python3` that is found first.

#![allow(clippy::print_stdout)]

#[path = "../benches/figure.rs"]
mod figure;
#[path = "../tests/support/simp.rs"]
mod simp;

use figure::{Target, line, skipped};
use simp::{cantilever, edge, iterate, random_densities, stiffness};
use solver::density::elastic::{Accuracy, Elastic, Load};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// What a step of a design run asks of its solver: sensitivities are settled long before.
const LOOSE: Accuracy = Accuracy { tolerance: 1e-3, iterations_max: 200 };

/// {densities at random, iterate 20, iterate 100} × {1e-3, 1e-6, 1e-9}: how many reach 1e-6 in a hundred iterations.
fn contrast() {
    let counts = [80, 80, 80];
    let space = cantilever(counts);
    let loads = vec![edge(counts)];
    let start = Instant::now();
    let at = |n: usize| iterate(&space, &loads, 0.3, n, LOOSE, |_, _, _| {});
    let designs =
        [("random", random_densities(7, space.cells.len())), ("iterate 20", at(20)), ("iterate 100", at(100))];
    line("contrast, 120 steps to the designs", start.elapsed().as_secs_f64(), "s", None);
    let mut reached = 0;
    for (name, density) in &designs {
        for least in [1e-3, 1e-6, 1e-9] {
            let name = format!("contrast, {name}, {least:e}");
            let start = Instant::now();
            let accuracy = Accuracy { tolerance: 1e-6, iterations_max: 400 };
            let solved = Elastic::new(space.clone(), &stiffness(density, least))
                .and_then(|mut e| e.solve(&loads, None, accuracy, &AtomicBool::new(false), |_, _| true));
            match solved {
                Ok((_, done)) => {
                    reached += usize::from(done.iterations <= 100);
                    line(&format!("{name}, iterations"), f64::from(done.iterations), "", Target::AtMost(100.0));
                    line(&format!("{name}, built and solved"), start.elapsed().as_secs_f64(), "s", None);
                }
                Err(e) => skipped(&name, &e.to_string()),
            }
        }
    }
    line("contrast, reached 1e-6 in 100 iterations, of 9", reached as f64, "", Target::AtLeast(9.0));
}

/// Four loads on the free end: down, sideways, along, and a twist.
fn four(counts: [usize; 3]) -> Vec<Vec<Load>> {
    let [nx, ny, nz] = counts;
    let along = |force: [f64; 3]| edge(counts).into_iter().map(|l| Load { force, ..l }).collect::<Vec<_>>();
    let twist = vec![
        Load { at: [nx, 0, 0], force: [0.0, 0.0, 1.0] },
        Load { at: [nx, ny, nz], force: [0.0, 0.0, -1.0] },
        Load { at: [nx, ny, 0], force: [0.0, -1.0, 0.0] },
        Load { at: [nx, 0, nz], force: [0.0, 1.0, 0.0] },
    ];
    vec![edge(counts), along([0.0, 0.0, 1.0]), along([1.0, 0.0, 0.0]), twist]
}

/// Seconds of each step of a design run: new stiffness, solve, energies and the rest.
fn steps(counts: [usize; 3], loads: &[Vec<Load>], n: usize) -> Vec<(f64, u32)> {
    let space = cantilever(counts);
    let mut out = Vec::new();
    let mut last = Instant::now();
    iterate(&space, loads, 0.3, n, LOOSE, |_, iterations, _| {
        out.push((last.elapsed().as_secs_f64(), iterations));
        last = Instant::now();
    });
    out
}

/// The median of the steps from the fifth on, and the most iterations any of them took.
fn warm(steps: &[(f64, u32)]) -> (f64, u32) {
    let mut seconds: Vec<f64> = steps[4..].iter().map(|s| s.0).collect();
    seconds.sort_by(f64::total_cmp);
    (seconds[seconds.len() / 2], steps[4..].iter().map(|s| s.1).max().unwrap_or(0))
}

fn million() {
    let counts = [160, 80, 80];
    line("SIMP, elements", counts.iter().product::<usize>() as f64 / 1e6, "M", None);
    let all = four(counts);
    let (one, iterations) = warm(&steps(counts, &all[..1], 10));
    line("SIMP, one step, one load case, warm", one, "s", Target::AtMost(3.0));
    line("SIMP, one load case, iterations of a step", f64::from(iterations), "", None);
    let (several, iterations) = warm(&steps(counts, &all, 10));
    line("SIMP, four load cases, times one", several / one, "×", Target::AtMost(2.2));
    line("SIMP, four load cases, iterations of a step", f64::from(iterations), "", None);
}

/// One step of ten million elements, in a process of its own, whose largest size is read at its end.
fn ten_million(alone: bool) -> std::io::Result<()> {
    if !alone {
        let own = Command::new(std::env::current_exe()?).args(["ten_million", "alone"]).output()?;
        print!("{}", String::from_utf8_lossy(&own.stdout));
        return Ok(());
    }
    let counts = [272, 192, 192];
    let took = steps(counts, &[edge(counts)], 1);
    line("SIMP, ten million elements, first step", took[0].0, "s", None);
    line("SIMP, ten million elements, iterations", f64::from(took[0].1), "", None);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<f64>().ok());
    match peak {
        Some(kib) => line("SIMP, ten million elements, peak memory", kib / 1048576.0, "GiB", Target::AtMost(6.0)),
        None => skipped("SIMP, ten million elements, peak memory", "this system does not say"),
    }
    Ok(())
}

/// The published cantilever of 60×20×20 in scripts of `benches/peers`, per iteration, where Python has what they need.
fn peers() {
    let counts = [60, 20, 20];
    let (ours, _) = warm(&steps(counts, &[edge(counts)], 12));
    line("SIMP 60×20×20, one step", ours, "s", None);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/scipy_simp.py");
    for (method, steps, name, target) in
        [("amg", "6", "SciPy and pyamg, times ours", 20.0), ("direct", "1", "SciPy spsolve, times ours", 200.0)]
    {
        let name = format!("SIMP 60×20×20, {name}");
        let sizes = counts.map(|n| n.to_string());
        let ran = Command::new("python3")
            .arg(script)
            .args(sizes)
            .args([method, steps, &LOOSE.tolerance.to_string()])
            .env("OMP_NUM_THREADS", "2")
            .output();
        let said: serde_json::Value =
            ran.ok().and_then(|o| serde_json::from_slice(&o.stdout).ok()).unwrap_or(serde_json::Value::Null);
        let seconds: Vec<f64> =
            said["seconds"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_f64).collect();
        match (seconds.last(), said["missing"].as_str()) {
            // The last step starts from the displacements of the one before, as ours.
            (Some(last), _) => line(&name, last / ours, "×", Target::AtLeast(target)),
            (None, missing) => skipped(&name, &format!("python3 lacks {}", missing.unwrap_or("what it needs"))),
        }
    }
}

fn main() -> std::io::Result<()> {
    let parts: Vec<String> = std::env::args().skip(1).collect();
    let chosen = |part: &str| parts.is_empty() || parts.iter().any(|p| p == part);
    if chosen("contrast") {
        contrast();
    }
    if chosen("million") {
        million();
    }
    if chosen("ten_million") {
        ten_million(parts.iter().any(|p| p == "alone"))?;
    }
    if chosen("peers") {
        peers();
    }
    Ok(())
}
