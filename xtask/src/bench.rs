//! `cargo xtask bench`: runs the benchmark programs, each of which prints one JSON line a figure, and judges them.
//!
//! A line is `{"name", "value", "unit", "target", "better": "higher"|"lower"}`; `target` may be missing for a figure that
//! only gives context (STREAM triad). With `--record` what was measured goes into `docs/figures.md`, each program's figures in
//! a section of their own, with the machine and the commit they were measured on.

use crate::process::{self, cargo, root, run};
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

const PAGE: &str = "docs/figures.md";
const RECORD: &str = "--record";

/// # Errors
/// When a program cannot be built or fails; a missed target is a verdict, not an error.
pub fn bench(arguments: &[String]) -> Result<()> {
    let record = arguments.iter().any(|a| a == RECORD);
    let names: Vec<&String> = arguments.iter().filter(|a| *a != RECORD).collect();
    let known: Vec<&str> = PROGRAMS.iter().map(|(name, _)| *name).chain([BROWSER]).collect();
    if let Some(unknown) = names.iter().find(|n| !known.contains(&n.as_str())) {
        bail!("there is no benchmark called '{unknown}'; there are {}", known.join(", "));
    }
    let mut figures = Vec::new();
    for name in known {
        if !names.is_empty() && !names.iter().any(|n| *n == name) {
            continue;
        }
        println!("── {name}");
        let program = match PROGRAMS.iter().find(|(n, _)| *n == name) {
            Some((_, arguments)) => cargo(arguments),
            None => browser()?,
        };
        let text = process::output(&format!("benchmark {name}"), program)?;
        let first = figures.len();
        for line in text.lines() {
            match serde_json::from_str::<Value>(line) {
                Ok(figure) if figure["name"].is_string() => figures.push(judge(figure)),
                _ => println!("   {line}"),
            }
        }
        // As soon as it is measured: what comes after may fail.
        if record {
            let page = std::fs::read_to_string(root().join(PAGE)).unwrap_or_default();
            let section = section(&machine()?, &figures[first..]);
            std::fs::write(root().join(PAGE), with_section(&page, name, &section))
                .with_context(|| format!("cannot write {PAGE}"))?;
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

const HEAD: &str = "# Figures

Written by `cargo xtask bench --record`; do not edit. Each section was measured by `cargo xtask bench NAME`, on the machine \
and at the commit it names. Comparisons with other programs are ratios within one run, on the same mesh and the same threads. \
Machines that are shared vary by some tens of per cent from run to run.
";

/// `page` with the section called `name` in place of the one it has, or in its place by order of the alphabet.
fn with_section(page: &str, name: &str, section: &str) -> String {
    let mut sections: std::collections::BTreeMap<&str, &str> = page
        .split("\n## ")
        .skip(1)
        .filter_map(|s| s.split_once("\n\n"))
        .map(|(title, text)| (title, text.trim_end()))
        .collect();
    sections.insert(name, section);
    sections.iter().fold(HEAD.to_owned(), |page, (title, text)| format!("{page}\n## {title}\n\n{text}\n"))
}

fn section(machine: &str, figures: &[Value]) -> String {
    let mut text = format!("{machine}\n\n| figure | value | unit | target | |\n|---|---|---|---|---|");
    for f in figures {
        let value = f["value"].as_f64().map_or_else(|| "–".into(), significant);
        let target = f["target"].as_f64().map_or_else(String::new, |t| {
            format!("{} {}", if f["better"] == "higher" { "≥" } else { "≤" }, significant(t))
        });
        let verdict = match f["verdict"].as_str() {
            Some("MISSED") => "**missed**",
            Some("context") | None => "",
            Some(verdict) => verdict,
        };
        let word = |key: &str| f[key].as_str().unwrap_or_default();
        text += &format!("\n| {} | {value} | {} | {target} | {verdict} |", word("name"), word("unit"));
    }
    text
}

/// Three significant digits, and all of those before the point.
fn significant(x: f64) -> String {
    let before = if x == 0.0 { 1 } else { x.abs().log10().floor() as i32 + 1 };
    let text = format!("{x:.*}", usize::try_from(3 - before).unwrap_or(0));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Commit, threads, processor and its clock, as far as the system says.
fn machine() -> Result<String> {
    let git = |arguments: &[&str]| process::output("git", process::command("git", arguments));
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    // The page itself is written on the way.
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?.lines().any(|line| !line.ends_with(PAGE));
    let threads = std::thread::available_parallelism()?;
    let cores = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let of = |key: &'static str| {
        cores
            .lines()
            .filter_map(move |l| l.split_once(':'))
            .filter(move |(k, _)| k.trim() == key)
            .map(|(_, v)| v.trim())
    };
    let clocks: Vec<f64> = of("cpu MHz").filter_map(|m| m.parse().ok()).collect();
    let clock = clocks.iter().copied().reduce(f64::max).map_or_else(String::new, |m| format!(" at {:.1} GHz", m / 1e3));
    let with = if changed { " with changes" } else { "" };
    let processor = of("model name").next().map_or_else(String::new, |name| format!(", {name}{clock}"));
    Ok(format!("Commit {}{with}; {threads} threads{processor}.", commit.trim()))
}

#[cfg(test)]
mod tests {
    use super::{section, significant, with_section};
    use serde_json::json;

    #[test]
    fn numbers_have_three_digits_and_no_noughts_at_their_end() {
        let numbers = [0.0, 0.012346, 1.5, 12.0, 903.4, 1234.6, -0.5];
        assert_eq!(numbers.map(significant), ["0", "0.0123", "1.5", "12", "903", "1235", "-0.5"]);
    }

    #[test]
    fn a_section_replaces_the_one_of_its_name_alone() {
        let figure = |value: f64| json!({"name": "speed", "value": value, "unit": "m/s", "target": 2.0, "better": "higher", "verdict": "met"});
        let one = with_section("", "tet", &section("Commit a.", &[figure(3.0)]));
        let two = with_section(&one, "mesh", &section("Commit b.", &[figure(4.0)]));
        let three = with_section(&two, "tet", &section("Commit c.", &[figure(5.0)]));
        assert!(two.find("## mesh") < two.find("## tet"), "{two}");
        assert!(two.contains("| speed | 3 | m/s | ≥ 2 | met |") && two.contains("| speed | 4 |"), "{two}");
        assert!(three.contains("Commit b.") && three.contains("Commit c.") && !three.contains("Commit a."), "{three}");
        assert_eq!(with_section(&three, "tet", &section("Commit c.", &[figure(5.0)])), three);
    }
}
