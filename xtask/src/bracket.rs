//! `cargo xtask bracket`: finds and checks the brackets of `docs/engine-bracket.md` and draws them. What was found is kept in
//! the build folder, so that a second call only checks.

use crate::pictures;
use crate::process::{self, cargo, root, run};
use anyhow::{Context, Result};

/// The load case whose stress is shown, and the largest one that has a colour of its own, Pa.
const CASE: &str = "case_ver";
const TOP: &str = "600e6";

/// # Errors
/// When a program fails or an answer is missing.
pub fn bracket() -> Result<()> {
    let folder = process::target().join("engine-bracket");
    std::fs::create_dir_all(&folder)?;
    let find =
        ["run", "--locked", "--release", "--package", "solver", "--features", "solve", "--example", "engine_bracket"];
    run("engine_bracket", with(&find, &[&folder.to_string_lossy()]))?;
    let page = std::fs::read_to_string(root().join("docs/engine-bracket.md"))?;
    for picture in pictures::named(&page) {
        let kept = picture.strip_prefix("engine-bracket-").and_then(|p| p.strip_suffix(".png"));
        let answer = folder.join(format!("{}.checked", kept.with_context(|| format!("{picture} is no bracket"))?));
        let to = root().join("docs").join(picture);
        let draw = ["run", "--locked", "--package", "server", "--example", "picture"];
        run(picture, with(&draw, &[&answer.to_string_lossy(), &to.to_string_lossy(), "von_mises", CASE, TOP]))?;
    }
    Ok(())
}

fn with(program: &[&str], arguments: &[&str]) -> std::process::Command {
    let mut all = program.to_vec();
    all.push("--");
    all.extend(arguments);
    cargo(&all)
}
