//! Third-party notices: every crate that ends up in the product, with its licence and its licence text.

use crate::process::{self, cargo};
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

/// One third-party package.
pub struct Package {
    pub name: String,
    pub version: String,
    /// SPDX expression, empty when the package states none.
    pub licence: String,
    folder: String,
}

/// Every package of the product (not of the chores), from the lock file's resolution.
///
/// # Errors
/// When cargo's metadata cannot be had.
pub fn packages() -> Result<Vec<Package>> {
    let text = process::output("cargo metadata", cargo(&["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let nodes = metadata["resolve"]["nodes"].as_array().context("metadata has a resolution")?;
    let edges: BTreeMap<&str, Vec<&str>> = nodes
        .iter()
        .filter_map(|n| {
            let normal = n["deps"]
                .as_array()?
                .iter()
                .filter(|d| d["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(|k| k["kind"].is_null())));
            Some((n["id"].as_str()?, normal.filter_map(|d| d["pkg"].as_str()).collect()))
        })
        .collect();
    let all = metadata["packages"].as_array().context("metadata has packages")?;
    let ours: BTreeSet<&str> =
        metadata["workspace_members"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut waiting: Vec<&str> = all
        .iter()
        .filter(|p| p["name"] != "xtask" && p["id"].as_str().is_some_and(|id| ours.contains(id)))
        .filter_map(|p| p["id"].as_str())
        .collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if reached.insert(id) {
            waiting.extend(edges.get(id).into_iter().flatten());
        }
    }
    let mut out: Vec<Package> = all
        .iter()
        .filter(|p| p["id"].as_str().is_some_and(|id| reached.contains(id) && !ours.contains(id)))
        .map(|p| {
            let text = |key: &str| p[key].as_str().unwrap_or_default().to_string();
            let manifest = text("manifest_path");
            let folder = Path::new(&manifest).parent().map(|f| f.display().to_string()).unwrap_or_default();
            Package { name: text("name"), version: text("version"), licence: text("license"), folder }
        })
        .collect();
    out.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(out)
}

/// The notices page as plain text.
///
/// # Errors
/// When cargo's metadata cannot be had.
pub fn text() -> Result<String> {
    let packages = packages()?;
    let mut out = format!(
        "Brunel is licensed under MIT OR Apache-2.0. It is built with these {} packages, whose authors we thank.\n\n",
        packages.len()
    );
    // Many packages carry the same text: print each once, with everyone who uses it.
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in &packages {
        writeln!(out, "{} {} — {}", package.name, package.version, package.licence)?;
        for entry in std::fs::read_dir(&package.folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().to_uppercase();
            if (name.starts_with("LICEN") || name.starts_with("COPYING") || name.starts_with("NOTICE"))
                && let Ok(text) = std::fs::read_to_string(entry.path())
            {
                let users = texts.entry(text.trim().replace("\r\n", "\n")).or_default();
                users.push(format!("{} {}", package.name, package.version));
            }
        }
    }
    for (text, users) in texts {
        writeln!(out, "\n{}\n{}\n\n{text}", "─".repeat(80), users.join(", "))?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Licences that may be linked into the product.
    const ALLOWED: &[&str] = &[
        "MIT",
        "MIT-0",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "MPL-2.0",
        "Zlib",
        "ISC",
        "0BSD",
        "Unicode-3.0",
        "CC0-1.0",
        "BSL-1.0",
        "Unlicense",
        "CDLA-Permissive-2.0",
    ];

    fn allowed(expression: &str) -> bool {
        spdx::Expression::parse_mode(expression, spdx::ParseMode::LAX).is_ok_and(|e| {
            e.evaluate(|req| match &req.license {
                spdx::LicenseItem::Spdx { id, .. } => ALLOWED.contains(&id.name),
                _ => false,
            })
        })
    }

    #[test]
    fn every_licence_may_be_linked() {
        // Canary: the check must be able to fail.
        assert!(!allowed("GPL-3.0-only") && !allowed("AGPL-3.0-or-later") && !allowed(""));
        let bad: Vec<String> = packages()
            .expect("cargo metadata answers inside the workspace")
            .iter()
            .filter(|p| !allowed(&p.licence))
            .map(|p| format!("{} {}: '{}'", p.name, p.version, p.licence))
            .collect();
        assert!(bad.is_empty(), "licences that may not be linked:\n{}", bad.join("\n"));
    }
}
