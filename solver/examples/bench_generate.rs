//! Speed, memory and robustness of generative design's linear algebra, as JSON lines `{name, value, unit, target, better}`.
//!
//! `cargo run --release -p solver --features solve --example bench_generate`; with names of parts (`contrast`, `million`,
//! `ten_million`, `peers`) only those run. The scripts of `benches/peers` are run by the `python3` that is found first.
//!
//! `million` and `ten_million` are steps of the generative study itself: filter, projection, solve, sensitivities and design
//! update as a run takes them, on a design with faces, supports and loads. `contrast` and `peers` are about the solver alone
//! and take the plain loop of `tests/support/simp.rs`, which does what the script of the peers does, step by step.

#![allow(clippy::print_stdout)]

#[path = "../benches/figure.rs"]
mod figure;
#[path = "../tests/support/simp.rs"]
mod simp;

use figure::{Target, line, skipped};
use simp::{cantilever, edge, iterate, random_densities, stiffness};
use solver::density::elastic::{Accuracy, Elastic};
use solver::design::{Design, Object, Value};
use solver::geometry::{Files, evaluate};
use solver::run::{Ctx, Report};
use solver::study::suite::Sample;
use solver::study::{StudyError, study};
use solver::surface::FaceName;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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

/// A design of no files.
struct Nothing;

impl Files for Nothing {
    fn get(&self, _: &str) -> Option<&[u8]> {
        None
    }
}

/// The stiffest cantilever with 30 % of a box of `counts` cells of 1 mm, under the first `n_cases` of four loads on its free
/// end: down, sideways, along, and a twist.
fn generative(counts: [usize; 3], n_cases: usize) -> Sample {
    let face = |name: &str| Value::Faces(vec![FaceName(name.into())]);
    let refs = |id: &str| Value::Refs(vec![id.into()]);
    let vector = |v: [f64; 3], unit: &str| Value::Vector(v.map(|c| format!("{c} {unit}")));
    let on_end = |id: &str, kind: &str| Object::new(id, kind, id).with("faces", face("space.right"));
    let loads = [
        on_end("down", "force").with("force", vector([0.0, 0.0, -100.0], "N")),
        on_end("sideways", "force").with("force", vector([0.0, 100.0, 0.0], "N")),
        on_end("along", "force").with("force", vector([100.0, 0.0, 0.0], "N")),
        on_end("twist", "moment").with("moment", vector([5.0, 0.0, 0.0], "N*m")),
    ];
    let [dx, dy, dz] = counts.map(|n| format!("{n} mm"));
    let cells = counts.iter().max().map_or(String::new(), usize::to_string);
    let mut objects = vec![
        Object::new("space", "box", "Space").expr("dx", &dx).expr("dy", &dy).expr("dz", &dz),
        Object::new("wall", "fixed", "Wall").with("faces", face("space.left")),
    ];
    for load in loads.into_iter().take(n_cases) {
        let id = load.id.0.clone();
        objects.push(load);
        objects.push(Object::new(format!("case_{id}").as_str(), "load_case", &id).with("loads", refs(&id)));
    }
    let wish = Object::new("study", "generative", "Study").with("bodies", refs("space")).expr("share", "30 %");
    objects.push(wish.expr("layer", "2 mm").expr("cells", &cells));
    let mut design = Design::new();
    design.objects = objects.into_iter().map(Arc::new).collect();
    let model = evaluate(&design, &Nothing);
    Sample { design, model, study: "study" }
}

/// Memory that the study may plan for in a run of ten million elements, bytes.
const TEN_MILLION_BYTES: u64 = 6 << 30;

/// Seconds of the first `n` steps of the study's run, which then is stopped. A step is what lies between the last word before
/// it and its residual, so that pictures and checkpoints between steps are not in it; the first makes the operators too.
fn study_steps(sample: &Sample, n: usize, memory_bytes_max: u64) -> Result<Vec<f64>, StudyError> {
    let cancel = AtomicBool::new(false);
    let (mut out, mut last) = (Vec::new(), Instant::now());
    let mut sink = |report| {
        if let Report::Residual { .. } = report {
            out.push(last.elapsed().as_secs_f64());
            cancel.store(out.len() == n, Ordering::Relaxed);
        }
        last = Instant::now();
    };
    let mut ctx = Ctx::new(&mut sink, &cancel);
    ctx.memory_bytes_max = memory_bytes_max;
    let Some(generative) = study("generative") else { return Ok(out) };
    match sample.with(|case| generative.run(case, &mut ctx)) {
        Ok(_) | Err(StudyError::Cancelled) => Ok(out),
        Err(e) => Err(e),
    }
}

/// The median of the steps from the fifth on.
fn median(seconds: &[f64]) -> f64 {
    let mut warm = seconds[4..].to_vec();
    warm.sort_by(f64::total_cmp);
    warm[warm.len() / 2]
}

fn million() -> Result<(), StudyError> {
    let counts = [160, 80, 80];
    line("SIMP, elements", counts.iter().product::<usize>() as f64 / 1e6, "M", None);
    let one = median(&study_steps(&generative(counts, 1), 10, u64::MAX)?);
    line("SIMP, one step, one load case, warm", one, "s", Target::AtMost(3.0));
    let four = median(&study_steps(&generative(counts, 4), 10, u64::MAX)?);
    line("SIMP, four load cases, times one", four / one, "×", Target::AtMost(2.2));
    Ok(())
}

/// One step of ten million elements, in a process of its own, whose largest size is read at its end.
fn ten_million(alone: bool) -> Result<(), Box<dyn std::error::Error>> {
    if !alone {
        let own = Command::new(std::env::current_exe()?).args(["ten_million", "alone"]).output()?;
        print!("{}", String::from_utf8_lossy(&own.stdout));
        return Ok(());
    }
    const GIB: f64 = 1073741824.0;
    let peak = "SIMP, ten million elements, peak memory";
    let sample = generative([272, 192, 192], 1);
    let said = sample.with(|case| study("generative").map(|s| s.cost(case).memory_bytes)).unwrap_or_default();
    let limit = Target::AtMost(TEN_MILLION_BYTES as f64 / GIB);
    line("SIMP, ten million elements, memory that the study says it takes to its end", said as f64 / GIB, "GiB", limit);
    let took = match study_steps(&sample, 1, TEN_MILLION_BYTES) {
        Ok(took) => took,
        Err(e) => {
            skipped(peak, &e.to_string());
            return Ok(());
        }
    };
    line("SIMP, ten million elements, first step", took[0], "s", None);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let most = status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<f64>().ok());
    match most {
        Some(kib) => line(peak, kib * 1024.0 / GIB, "GiB", limit),
        None => skipped(peak, "this system does not say"),
    }
    Ok(())
}

/// Seconds of each step of the plain loop: new stiffness, solve, energies, filter and update.
fn plain_steps(counts: [usize; 3], n: usize) -> Vec<f64> {
    let (space, loads) = (cantilever(counts), vec![edge(counts)]);
    let mut out = Vec::new();
    let mut last = Instant::now();
    iterate(&space, &loads, 0.3, n, LOOSE, |_, _, _| {
        out.push(last.elapsed().as_secs_f64());
        last = Instant::now();
    });
    out
}

/// The published cantilever of 60×20×20 in scripts of `benches/peers`, per iteration, where Python has what they need: ours is
/// the plain loop, with the filter, the update and the loads of the script.
fn peers() {
    let counts = [60, 20, 20];
    let ours = median(&plain_steps(counts, 12));
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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let parts: Vec<String> = std::env::args().skip(1).collect();
    let chosen = |part: &str| parts.is_empty() || parts.iter().any(|p| p == part);
    if chosen("contrast") {
        contrast();
    }
    if chosen("million") {
        million()?;
    }
    if chosen("ten_million") {
        ten_million(parts.iter().any(|p| p == "alone"))?;
    }
    if chosen("peers") {
        peers();
    }
    Ok(())
}
