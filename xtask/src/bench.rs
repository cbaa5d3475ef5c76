//! `cargo xtask bench`: runs the benchmark programs, each of which prints one JSON line a figure, and judges them.
//!
//! A line is `{"name", "value", "unit", "target", "better": "higher"|"lower"}`; `target` may be missing for a figure that
//! only gives context (STREAM triad).

use crate::process::{self, cargo, run};
use crate::test;
use crate::web::{self, Profile};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::process::Command;

/// Programs to run: name, and cargo's arguments.
const PROGRAMS: &[(&str, &[&str])] = &[
    (
        "static",
        &["run", "--locked", "--release", "--package", "solver", "--features", "solve", "--example", "bench_static"],
    ),
    ("tet", &["run", "--locked", "--release", "--package", "solver", "--features", "solve", "--example", "bench_tet"]),
    (
        "heat",
        &["run", "--locked", "--release", "--package", "solver", "--features", "solve", "--example", "bench_heat"],
    ),
    (
        "generate",
        &["run", "--locked", "--release", "--package", "solver", "--features", "solve", "--example", "bench_generate"],
    ),
    (
        "mesh",
        &["run", "--locked", "--release", "--package", "solver", "--features", "solve", "--example", "bench_mesh"],
    ),
    (
        "geometry",
        &["run", "--locked", "--release", "--package", "solver", "--features", "kernel", "--example", "bench_geometry"],
    ),
    ("board", &["run", "--locked", "--release", "--package", "server", "--example", "bench_board"]),
    ("edit", &["run", "--locked", "--release", "--package", "server", "--example", "bench_edit"]),
];

/// What people wait for in the browser: built and run apart, as it needs the page in release.
const BROWSER: &str = "browser";

/// # Errors
/// When a program cannot be built or fails; a missed target is a verdict, not an error.
pub fn bench(names: &[String]) -> Result<()> {
    let known: Vec<&str> = PROGRAMS.iter().map(|(name, _)| *name).chain([BROWSER]).collect();
    if let Some(unknown) = names.iter().find(|n| !known.contains(&n.as_str())) {
        bail!("there is no benchmark called '{unknown}'; there are {}", known.join(", "));
    }
    let mut figures = Vec::new();
    for name in known {
        if !names.is_empty() && !names.iter().any(|n| n == name) {
            continue;
        }
        println!("── {name}");
        let program = match PROGRAMS.iter().find(|(n, _)| *n == name) {
            Some((_, arguments)) => cargo(arguments),
            None => browser()?,
        };
        let text = process::output(&format!("benchmark {name}"), program)?;
        for line in text.lines() {
            match serde_json::from_str::<Value>(line) {
                Ok(figure) if figure["name"].is_string() => figures.push(judge(figure)),
                _ => println!("   {line}"),
            }
        }
    }
    println!("\n{:<58} {:>12} {:<10} {:>10}  verdict", "figure", "value", "unit", "target");
    for f in &figures {
        let number = |key: &str| f[key].as_f64().map_or_else(|| "–".into(), |x| format!("{x:.4}"));
        println!(
            "{:<58} {:>12} {:<10} {:>10}  {}",
            f["name"].as_str().unwrap_or_default(),
            number("value"),
            f["unit"].as_str().unwrap_or_default(),
            number("target"),
            f["verdict"].as_str().unwrap_or_default()
        );
    }
    let path = process::target().join("bench.json");
    std::fs::write(&path, serde_json::to_string_pretty(&json!({ "figures": figures }))?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("\nwritten to {}", path.display());
    Ok(())
}

fn browser() -> Result<Command> {
    run("server (release)", cargo(&["build", "--locked", "--release", "--package", "server"]))?;
    let mut node = test::node(Profile::Release, &web::build(Profile::Release)?)?;
    node.arg("bench.mjs");
    Ok(node)
}

fn judge(mut figure: Value) -> Value {
    let verdict = match (figure["value"].as_f64(), figure["target"].as_f64()) {
        (None, _) => "skipped",
        (_, None) => "context",
        (Some(value), Some(target)) => {
            let met = if figure["better"] == "higher" { value >= target } else { value <= target };
            if met { "met" } else { "MISSED" }
        }
    };
    figure["verdict"] = verdict.into();
    figure
}
