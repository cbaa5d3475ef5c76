//! `cargo xtask bracket`: finds and checks the brackets of `docs/engine-bracket.md` and draws them. What was found is kept in
//! the build folder, so that a second call only checks.

use crate::pictures;
use crate::process::{self, cargo, root, run};
use anyhow::{Context, Result};

/// The load case whose stress is shown.
const CASE: &str = "case_ver";

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
        let mass = picture.strip_prefix("engine-bracket-").and_then(|p| p.strip_suffix(".png"));
        let start = format!("{}-", mass.with_context(|| format!("{picture} is no bracket"))?);
        let answer = std::fs::read_dir(&folder)?
            .flatten()
            .map(|e| e.path())
            .filter(|p| p.extension().is_some_and(|e| e == "checked"))
            .find(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&start)))
            .with_context(|| format!("no answer for {picture}"))?;
        let to = root().join("docs").join(picture);
        let draw = ["run", "--locked", "--package", "server", "--example", "picture"];
        run(picture, with(&draw, &[&answer.to_string_lossy(), &to.to_string_lossy(), "von_mises", CASE]))?;
    }
    Ok(())
}

fn with(program: &[&str], arguments: &[&str]) -> std::process::Command {
    let mut all = program.to_vec();
    all.push("--");
    all.extend(arguments);
    cargo(&all)
}
