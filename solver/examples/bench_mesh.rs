//! Speed and quality of body-fitted meshing, as JSON lines.
//!
//! `cargo run --release -p solver --features solve --example bench_mesh [-- <template or bracket id> [size and least size in mm]]`

#![allow(clippy::print_stdout)]

#[path = "../benches/figure.rs"]
mod figure;
#[path = "../tests/support/part.rs"]
#[allow(dead_code)] // Tests use the rest of it.
mod part;
#[path = "../tests/support/simjeb.rs"]
#[allow(dead_code)]
mod simjeb;

use figure::{Target, line};
use solver::design::template;
use solver::geometry::{Body, Files, evaluate};
use solver::mesh::tet::{Options, mesh};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

struct NoFiles;

impl Files for NoFiles {
    fn get(&self, _: &str) -> Option<&[u8]> {
        None
    }
}

fn body(id: &str) -> Option<Arc<dyn Body>> {
    if let Some(template) = template(id) {
        return evaluate(&(template.build)(), &NoFiles).bodies.first().map(|b| b.body.clone());
    }
    let bracket = simjeb::bracket(id, |study| study)?;
    bracket.model.bodies.first().map(|b| b.body.clone())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let least = arguments.get(2).map(|s| s.parse::<f64>()).transpose()?;
    let chosen: Vec<(&str, f64)> = match arguments.first() {
        Some(id) => vec![(id, arguments.get(1).map_or(Ok(3.0), |s| s.parse())?)],
        None => vec![("bracket", 1.6), ("flange", 2.2), ("heat_sink", 1.5), ("311", 1.8), ("141", 1.8)],
    };
    for (id, mm) in chosen {
        let Some(body) = body(id) else {
            println!("skipped {id}: the reference brackets are not beside this checkout");
            continue;
        };
        let start = Instant::now();
        let made = mesh(
            &*body,
            &Options { size_min: least.map_or(1e-3 * mm / 30.0, |m| 1e-3 * m), ..Options::new(1e-3 * mm) },
            &AtomicBool::new(false),
        )?;
        let seconds = start.elapsed().as_secs_f64();
        let q = &made.quality;
        let truth = body.mass_properties().volume;
        let name = |what: &str| format!("{id} at {mm} mm: {what}");
        line(&name("tetrahedra"), made.tets.len() as f64, "", None);
        line(&name("seconds"), seconds, "s", None);
        line(&name("speed"), made.tets.len() as f64 / seconds / 1e6, "M/s", Target::AtLeast(0.15));
        line(&name("smallest dihedral angle"), q.dihedral_min.to_degrees(), "°", Target::AtLeast(8.0));
        line(&name("largest dihedral angle"), q.dihedral_max.to_degrees(), "°", None);
        line(&name("least scaled Jacobian"), q.jacobian_min, "", None);
        line(&name("bad tetrahedra"), q.bad.len() as f64, "", Target::AtMost(0.0));
        line(&name("volume off by"), 100.0 * (made.volume() / truth - 1.0).abs(), "%", Target::AtMost(0.1));
        line(&name("surface triangles lost"), made.n_lost as f64, "", Target::AtMost(0.0));
    }
    Ok(())
}
