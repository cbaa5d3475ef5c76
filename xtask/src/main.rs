//! Chores of the house. `cargo xtask` alone lists them.

mod bench;
mod bracket;
mod check;
mod dist;
#[cfg(test)]
mod house;
mod notices;
mod pictures;
mod process;
mod serve;
mod test;
mod web;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask serve [server options]   build the page and the server in release, then start it on ./data
cargo xtask test [--long] [STEP …]   everything CI runs; with STEPs only those (see `cargo xtask test --list`)
cargo xtask web [--release]          build the page's assets only
cargo xtask dist                     one self-contained binary in ./dist
cargo xtask seed [--large]           designs with half a year of edits and runs into ./data; large: 200 designs, 20,000 runs
cargo xtask bench [NAME …]           figures with target and verdict into target/bench.json; --record: docs/figures.md too
cargo xtask bracket                  finds the engine bracket anew, checks it, writes docs/engine-bracket.md (half an hour)
cargo xtask pictures                 the pictures of docs/, made small from what the browser walks saw
cargo xtask doctor                   is everything here that building and running needs?";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    std::env::set_current_dir(process::root())?;
    match command.as_str() {
        "serve" => serve::serve(&rest),
        "test" => test::test(&rest),
        "web" => {
            web::build(if rest.iter().any(|a| a == "--release") { web::Profile::Release } else { web::Profile::Dev })
                .map(|dir| println!("assets in {}", dir.display()))
        }
        "seed" => serve::seed(&rest),
        "dist" => dist::dist(),
        "bench" => bench::bench(&rest),
        "bracket" => bracket::bracket(),
        "pictures" => pictures::pictures(),
        "doctor" => check::doctor(),
        "" | "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        other => bail!("there is no chore called '{other}'\n\n{HELP}"),
    }
}
