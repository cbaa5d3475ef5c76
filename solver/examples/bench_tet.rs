//! Speed and memory of the verified method's linear algebra on ten-node tetrahedra, as JSON lines
//! `{name, value, unit, target, better}`.
//!
//! `cargo run --release -p solver --features solve --example bench_tet`. Where CalculiX (`ccx`) is installed, it solves the
//! same mesh from an `.inp` written here, unless `quick` is given; `only 140` runs one size. Where
//! Python has numpy, scipy and pyamg, `benches/peers/pyamg_static.py` solves the block of 350 thousand unknowns.

#![allow(clippy::print_stdout)]

#[path = "../benches/figure.rs"]
mod figure;
#[path = "../tests/support/tet_box.rs"]
#[allow(dead_code)] // Tests use the rest of it.
mod tet_box;

use figure::{Target, line};
use glam::DVec3;
use solver::element::tet::{Elasticity, Inverted, face, matrix};
use solver::linear::constraint::Constraints;
use solver::linear::eigen::{self, Wanted};
use solver::linear::{Amg, Connectivity, Sparse, System, pcg};
use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use tet_box::Mesh;

const YOUNG: f64 = 210e9;
const POISSON: f64 = 0.3;
const DENSITY: f64 = 7850.0;

/// Largest resident memory of this process so far, bytes.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib: f64 =
        status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib * 1024.0)
}

/// A cantilever block with cubic cells.
fn block(counts: [usize; 3]) -> Mesh {
    tet_box::quadratic(DVec3::from_array(counts.map(|c| 0.01 * c as f64)), counts, |p| p)
}

struct Solved {
    /// Seconds: pattern and assembly, hierarchy, iterations.
    seconds: [f64; 3],
    iterations: u32,
    tip: f64,
}

fn root(mesh: &Mesh) -> Constraints<3> {
    let mut c = Constraints::new(mesh.points.len());
    for n in mesh.select(|p| p.x == 0.0) {
        c.fix(n, [0.0; 3]);
    }
    c
}

fn end_load(mesh: &Mesh) -> Vec<f64> {
    let length = mesh.points.iter().fold(0.0f64, |m, p| m.max(p.x));
    let mut f = vec![0.0; 3 * mesh.points.len()];
    for nodes in mesh.faces(|p| p.x == length) {
        let x = nodes.map(|n| mesh.points[n as usize]);
        for (n, load) in nodes.iter().zip(face::load(&x, |_, _| DVec3::Z * -1e6)) {
            f[3 * *n as usize + 2] += load.z;
        }
    }
    f
}

fn assemble(mesh: &Mesh) -> System<3> {
    let material = [Elasticity::isotropic(YOUNG, POISSON)];
    let transform = root(mesh).build(&mesh.points).expect("the supports agree");
    let elements = Connectivity::new(mesh.cells.iter().map(|c| &c[..]));
    System::new(transform, elements, |e, out| matrix::stiffness(&mesh.nodes(e), &material, out))
        .expect("the block is sound")
}

fn statics(mesh: &Mesh, f: &[f64]) -> Solved {
    let start = Instant::now();
    let system = assemble(mesh);
    let assembled = start.elapsed().as_secs_f64();
    let amg =
        Amg::mechanics(&system.matrix, &system.transform, &mesh.points, &mesh.middles()).expect("the root is held");
    let built = start.elapsed().as_secs_f64();
    let b = vec![system.load(f, |_, _| Ok::<(), Inverted>(())).expect("nothing is prescribed but rest")];
    let mut x = vec![vec![0.0; b[0].len()]];
    let done = pcg::solve(&system.matrix, &amg, &b, &mut x, 1e-8, 500, &AtomicBool::new(false), |_, _| true)
        .expect("the block converges");
    let solved = start.elapsed().as_secs_f64();
    println!(
        "levels {:?}, complexity {:.2}, AMG {:.0} MB, matrix {:.0} MB",
        amg.sizes(),
        amg.complexity,
        amg.bytes() as f64 / 1e6,
        system.matrix.bytes() as f64 / 1e6
    );
    let u = system.transform.expand(&x[0]);
    let tip = u.iter().skip(2).step_by(3).fold(0.0f64, |m, v| m.min(*v));
    Solved { seconds: [assembled, built - assembled, solved - built], iterations: done.iterations, tip }
}

/// Best of `n` runs.
fn best(mesh: &Mesh, n: usize) -> Solved {
    let f = end_load(mesh);
    (0..n)
        .map(|_| statics(mesh, &f))
        .min_by(|a, b| a.seconds.iter().sum::<f64>().total_cmp(&b.seconds.iter().sum()))
        .expect("at least one run")
}

fn report(name: &str, s: &Solved, target: Option<Target>) {
    let [a, b, c] = s.seconds;
    println!(
        "{name}: assembly {a:.2} s, hierarchy {b:.2} s, {} iterations {c:.2} s, tip {:.6e} m",
        s.iterations, s.tip
    );
    line(&format!("{name}, total"), a + b + c, "s", target);
}

fn modes(mesh: &Mesh, n: usize) -> f64 {
    let start = Instant::now();
    let system = assemble(mesh);
    let t = &system.transform;
    let amg = Amg::mechanics(&system.matrix, t, &mesh.points, &mesh.middles()).expect("the root is held");
    let mut m = Sparse::<f64, 1, 1>::pattern(mesh.points.len(), &system.elements);
    m.assemble(&system.elements, |e, out| matrix::mass(&mesh.nodes(e), DENSITY, out)).expect("the block is sound");
    let apply = |x: &[f64], y: &mut [f64]| {
        let (mut u, mut v) = (vec![0.0; 3 * t.n_nodes()], vec![0.0; 3 * t.n_nodes()]);
        t.expand_linear(x, &mut u);
        m.apply_each::<3>(&u, &mut v);
        t.reduce(&v, y);
    };
    let wanted = Wanted { n, tolerance: 1e-5, steps_max: 200, seed: 1 };
    let pairs = eigen::solve(&system.matrix, &amg, &apply, &|_| None, wanted, &AtomicBool::new(false), |_, _| true)
        .expect("the block rings");
    let seconds = start.elapsed().as_secs_f64();
    let hertz: Vec<f64> = pairs.values.iter().map(|l| l.sqrt() / (2.0 * std::f64::consts::PI)).collect();
    println!("{n} modes: {} steps, {} missed at first, {hertz:.2?} Hz", pairs.steps, pairs.missed_at_first);
    seconds
}

/// The same block for CalculiX, whose fields end after twenty characters: `step` is the step's own lines.
fn inp(mesh: &Mesh, step: &str) -> String {
    let mut s = String::from("*NODE,NSET=ALL\n");
    for (n, p) in mesh.points.iter().enumerate() {
        let _ = writeln!(s, "{},{:.12e},{:.12e},{:.12e}", n + 1, p.x, p.y, p.z);
    }
    s.push_str("*ELEMENT,TYPE=C3D10,ELSET=BODY\n");
    for (e, c) in mesh.cells.iter().enumerate() {
        let _ = write!(s, "{}", e + 1);
        for n in c {
            let _ = write!(s, ",{}", n + 1);
        }
        s.push('\n');
    }
    s.push_str("*NSET,NSET=ROOT\n");
    for n in mesh.select(|p| p.x == 0.0) {
        let _ = writeln!(s, "{},", n + 1);
    }
    let _ = write!(
        s,
        "*MATERIAL,NAME=M\n*ELASTIC\n{YOUNG:e},{POISSON}\n*DENSITY\n{DENSITY}\n*SOLID SECTION,ELSET=BODY,MATERIAL=M\n\
         *BOUNDARY\nROOT,1,3\n*STEP\n{step}"
    );
    s
}

/// Seconds that CalculiX takes on two threads, and its smallest z displacement if it printed any.
fn calculix(name: &str, text: &str) -> Option<(f64, Option<f64>)> {
    let folder = std::env::temp_dir().join(format!("bench_tet_{}", std::process::id()));
    std::fs::create_dir_all(&folder).ok()?;
    std::fs::write(folder.join(format!("{name}.inp")), text).ok()?;
    let start = Instant::now();
    let status = Command::new("ccx")
        .args(["-i", name])
        .current_dir(&folder)
        .env("OMP_NUM_THREADS", "2")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .ok()?;
    let seconds = start.elapsed().as_secs_f64();
    let tip = std::fs::read_to_string(folder.join(format!("{name}.dat"))).ok().and_then(|t| {
        t.lines()
            .filter_map(|l| l.split_whitespace().nth(3)?.parse::<f64>().ok())
            .fold(None, |m: Option<f64>, v| Some(m.map_or(v, |m| m.min(v))))
    });
    let _ = std::fs::remove_dir_all(&folder);
    status.success().then_some((seconds, tip))
}

fn compare(mesh: &Mesh, own: &Solved) {
    let mut load = String::new();
    for (k, v) in end_load(mesh).iter().enumerate().filter(|(_, v)| v.abs() > 1e-9) {
        let _ = writeln!(load, "{},{},{v:.12e}", k / 3 + 1, k % 3 + 1);
    }
    let total: f64 = own.seconds.iter().sum();
    let step = |solver: &str| format!("*STATIC{solver}\n*CLOAD\n{load}*NODE PRINT,NSET=ALL\nU\n*END STEP\n");
    let mut best = f64::INFINITY;
    for (name, option) in [
        ("default", ""),
        ("iterative scaling", ",SOLVER=ITERATIVE SCALING"),
        ("iterative Cholesky", ",SOLVER=ITERATIVE CHOLESKY"),
    ] {
        let Some((seconds, tip)) = calculix("statics", &inp(mesh, &step(option))) else {
            println!("CalculiX {name}: did not run");
            continue;
        };
        line(&format!("CalculiX {name}, same mesh"), seconds, "s", None);
        if let Some(tip) = tip {
            line(&format!("tip against CalculiX {name}"), (own.tip / tip - 1.0).abs(), "", Target::AtMost(1e-4));
        }
        best = best.min(seconds);
        if option.is_empty() {
            line("Tet10 static 140 k: times faster than CalculiX default", seconds / total, "×", Target::AtLeast(15.0));
        }
    }
    if best.is_finite() {
        line("Tet10 static 140 k: times faster than CalculiX's best", best / total, "×", Target::AtLeast(8.0));
    }
}

/// The same block by `benches/peers/pyamg_static.py`, where Python has what that needs; else a line without a value.
fn pyamg(name: &str, mesh: &Mesh, own: &Solved) {
    let name = format!("{name}: times faster than assembly and pyamg");
    match peer(mesh) {
        Ok((seconds, tip)) => {
            line(&format!("{name}, tip"), (own.tip / tip - 1.0).abs(), "", Target::AtMost(1e-4));
            line(&name, seconds / own.seconds.iter().sum::<f64>(), "×", Target::AtLeast(4.0));
        }
        Err(why) => {
            println!("pyamg did not run: {why}");
            line(&name, f64::NAN, "×", Target::AtLeast(4.0));
        }
    }
}

/// Seconds and smallest z displacement of the script.
fn peer(mesh: &Mesh) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("bench_pyamg_{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let put = |name: &str, bytes: Vec<u8>| std::fs::write(folder.join(name), bytes);
    put("points.bin", mesh.points.iter().flat_map(|p| p.to_array()).flat_map(f64::to_le_bytes).collect())?;
    put("cells.bin", mesh.cells.iter().flatten().flat_map(|n| n.to_le_bytes()).collect())?;
    put("held.bin", mesh.select(|p| p.x == 0.0).into_iter().flat_map(u32::to_le_bytes).collect())?;
    put("load.bin", end_load(mesh).into_iter().flat_map(f64::to_le_bytes).collect())?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/pyamg_static.py");
    let output = Command::new("python3").arg(script).arg(&folder).env("OMP_NUM_THREADS", "2").output();
    std::fs::remove_dir_all(&folder)?;
    let output = output?;
    let said: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("no answer").to_string())?;
    if let Some(missing) = said["missing"].as_str() {
        return Err(format!("Python has no module {missing}").into());
    }
    let parts: Vec<f64> =
        said["seconds"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_f64).collect();
    println!("pyamg: assembly, set-up, solve {parts:.2?} s, {} iterations", said["iterations"]);
    Ok((parts.iter().sum(), said["tip"].as_f64().ok_or("no displacement")?))
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|a| a == "quick");
    let only = arguments.iter().position(|a| a == "only").and_then(|i| arguments.get(i + 1)).map(String::as_str);
    let wanted = |name: &str| only.is_none_or(|o| o == name);
    let has_calculix =
        !quick && Command::new("ccx").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if wanted("140") {
        let mesh = block([37, 12, 12]);
        let own = best(&mesh, 3);
        report("Tet10 static 140 k dof", &own, None);
        if has_calculix {
            compare(&mesh, &own);
        }
    }
    if wanted("350") {
        let mesh = block([53, 16, 16]);
        let own = best(&mesh, 2);
        report("Tet10 static 350 k dof", &own, None);
        if !quick {
            pyamg("Tet10 static 350 k", &mesh, &own);
        }
    }
    // Only to see that the comparison works: its figure means nothing.
    if only == Some("pyamg") {
        let mesh = block([8, 3, 3]);
        pyamg("small block", &mesh, &best(&mesh, 1));
    }
    if wanted("modes") {
        let mesh = block([40, 12, 12]);
        let seconds = modes(&mesh, 10);
        line("10 modes at 150 k dof", seconds, "s", None);
        if has_calculix
            && let Some((peer, _)) = calculix("modes", &inp(&mesh, "*FREQUENCY\n10\n*NODE FILE\nU\n*END STEP\n"))
        {
            line("10 modes, CalculiX, same mesh", peer, "s", None);
            line("10 modes: times faster than CalculiX", peer / seconds, "×", Target::AtLeast(5.0));
        }
    }
    if wanted("1500") && !quick {
        let mesh = block([89, 26, 26]);
        let dof = 3.0 * mesh.points.len() as f64;
        report("Tet10 static 1.5 M dof", &best(&mesh, 1), None);
        if let Some(peak) = peak() {
            line("Tet10 static 1.5 M dof, peak memory", peak / 1_073_741_824.0, "GiB", Target::AtMost(8.0));
            line("Tet10 static 1.5 M dof, memory per dof", peak / dof, "B", None);
        }
    }
}
