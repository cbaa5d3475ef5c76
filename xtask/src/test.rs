//! `cargo xtask test`: everything CI runs, in the order that fails soonest.

use crate::check;
use crate::process::{self, available, cargo, command, run};
use crate::web::{self, Profile};
use anyhow::{Context, Result, bail};
use std::time::Instant;

type Step = (&'static str, &'static str, fn(bool) -> Result<()>);

const STEPS: &[Step] = &[
    ("fmt", "formatting", fmt),
    ("clippy", "lints, warnings denied, each crate with the features it ships with", clippy),
    ("deny", "licences and advisories, where cargo-deny is installed", deny),
    ("house", "dependency rules, licences, conventions", house),
    ("solver", "unit, property and validation tests of the core", solver),
    ("app", "the page's logic", app),
    ("frontend", "the viewport's mathematics", frontend),
    ("server", "API, rooms, jobs and the promises", server),
    ("browser", "walks in headless Chromium", browser),
];

/// # Errors
/// Every step that fails, by name. The others run all the same: CI tells all that is wrong at once.
pub fn test(arguments: &[String]) -> Result<()> {
    if arguments.iter().any(|a| a == "--list") {
        for (name, what, _) in STEPS {
            println!("{name:<10} {what}");
        }
        return Ok(());
    }
    let long = arguments.iter().any(|a| a == "--long");
    let wanted: Vec<&String> = arguments.iter().filter(|a| !a.starts_with("--")).collect();
    if let Some(unknown) = wanted.iter().find(|w| !STEPS.iter().any(|(name, ..)| name == *w)) {
        bail!("there is no test step called '{unknown}'; see cargo xtask test --list");
    }
    let start = Instant::now();
    let mut failed = Vec::new();
    for (name, what, step) in STEPS {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            let begun = Instant::now();
            let outcome = step(long);
            let seconds = begun.elapsed().as_secs_f64();
            match outcome {
                Ok(()) => println!("══ {name} passed in {seconds:.0} s\n"),
                Err(why) => {
                    println!("══ {name} ({what}) FAILED in {seconds:.0} s: {why:#}\n");
                    failed.push(*name);
                }
            }
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    println!("all steps passed in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn fmt(_long: bool) -> Result<()> {
    run("cargo fmt", cargo(&["fmt", "--all", "--", "--check"]))
}

/// Never `--workspace --all-features`: `ssr` and `hydrate` must not be unified.
fn clippy(_long: bool) -> Result<()> {
    let deny = ["--", "--deny", "warnings"];
    let native: &[&[&str]] = &[
        &["clippy", "--locked", "--package", "solver"],
        &["clippy", "--locked", "--package", "server", "--package", "app", "--package", "solver", "--all-targets"],
        &["clippy", "--locked", "--package", "xtask", "--all-targets"],
    ];
    for arguments in native {
        run(&arguments.join(" "), cargo(&[*arguments, &deny].concat()))?;
    }
    for (package, features) in [("frontend", &[][..]), ("frontend", web::VIEWER), ("kernel", &[])] {
        let of = ["clippy", "--locked", "--target", "wasm32-unknown-unknown", "--package", package];
        let arguments = [&of, features].concat();
        run(&arguments.join(" "), cargo(&[&arguments[..], &deny].concat()))?;
    }
    Ok(())
}

fn deny(_long: bool) -> Result<()> {
    if !available("cargo-deny", "--version") {
        println!("skipped: cargo-deny is not installed (the house step checks licences too)");
        return Ok(());
    }
    let licences = cargo(&["deny", "--offline", "check", "licenses", "bans", "sources"]);
    run("cargo deny", licences)?;
    // The advisory database may be out of reach: that is said, and fails nothing. A finding in it does.
    if run("cargo deny fetch", cargo(&["deny", "fetch", "db"])).is_err() {
        println!("skipped: the advisory database could not be read");
        return Ok(());
    }
    run("cargo deny advisories", cargo(&["deny", "--offline", "check", "advisories"]))
}

fn cargo_test(arguments: &[&str], long: bool) -> Result<()> {
    // One run tells of every failing test: on a clean machine the next one is an hour away.
    let mut all = vec!["test", "--locked", "--no-fail-fast"];
    all.extend(arguments);
    if long {
        all.extend(["--", "--include-ignored"]);
    }
    let mut command = cargo(&all);
    if long {
        // Without the program to compare with, the long tests fail instead of skipping.
        command.env("BRUNEL_PEERS", "1");
    }
    run(&format!("cargo {}", all.join(" ")), command)
}

fn house(long: bool) -> Result<()> {
    cargo_test(&["--package", "xtask"], long)
}

fn solver(long: bool) -> Result<()> {
    cargo_test(&["--package", "solver", "--features", "solve"], long)
}

fn app(long: bool) -> Result<()> {
    cargo_test(&["--package", "app"], long)
}

fn frontend(long: bool) -> Result<()> {
    cargo_test(&["--package", "frontend", "--package", "kernel"], long)
}

fn server(long: bool) -> Result<()> {
    cargo_test(&["--package", "server"], long)
}

fn browser(_long: bool) -> Result<()> {
    run("server (dev)", cargo(&["build", "--locked", "--package", "server"]))?;
    let assets = web::build(Profile::Dev)?;
    // Named one by one: given a folder, some versions of node find nothing and call that a pass.
    let mut walks: Vec<String> = std::fs::read_dir(process::root().join("e2e/walks"))?
        .map(|entry| entry.map(|e| format!("walks/{}", e.file_name().to_string_lossy())))
        .collect::<Result<_, _>>()?;
    walks.sort();
    if walks.is_empty() {
        bail!("there are no walks in e2e/walks");
    }
    let mut walk = node(Profile::Dev, &assets)?;
    walk.args(["--test", "--test-concurrency=1", "--test-reporter=spec"]).args(&walks);
    run("browser walks", walk)
}

/// Node.js in `e2e`, with what a script there needs: its packages, a browser, the server of `profile` and its assets.
///
/// # Errors
/// When something is missing that cannot be installed, with the command that would.
pub fn node(profile: Profile, assets: &std::path::Path) -> Result<std::process::Command> {
    let chromium = chromium()?;
    if !available("npm", "--version") {
        bail!("the browser walks need Node.js and npm: apt-get install nodejs npm");
    }
    let folder = process::root().join("e2e");
    let mut install = command("npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    install.current_dir(&folder);
    run("npm ci", install)?;
    let mut node = command("node", &[]);
    node.current_dir(folder)
        .env("BRUNEL_SERVER", process::target().join(profile.folder()).join("server"))
        .env("BRUNEL_ASSETS", assets)
        .env("BRUNEL_CHROMIUM", chromium);
    Ok(node)
}

/// Installs Chromium from the system's packages when we may; otherwise says how.
fn chromium() -> Result<&'static str> {
    if let Some(path) = check::chromium() {
        return Ok(path);
    }
    let root = process::output("id", command("id", &["-u"])).is_ok_and(|id| id.trim() == "0");
    if root && available("apt-get", "--version") {
        run("apt-get update", command("apt-get", &["update", "-qq"]))?;
        let mut install = command("apt-get", &["install", "-y", "-qq", "--no-install-recommends", "chromium"]);
        install.env("DEBIAN_FRONTEND", "noninteractive");
        run("install chromium", install)?;
    }
    check::chromium().context("the browser walks need Chromium: sudo apt-get install chromium")
}
